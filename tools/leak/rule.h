/* SPDX-License-Identifier: MIT */
/*
 * The rules of snapleak. A rule is one file, rules/NAME.sql, compiled in:
 *
 *     -- rule: unbounded-caches
 *     -- title: caches without a bound
 *     -- cause: what is wrong, in a sentence; a long text goes on in the next line,
 *     --     which begins with blanks
 *     -- remedy: what to do
 *     -- limits: what the evidence does not tell; absent: nothing that matters
 *     -- yields: globals threads     rules that say more of the same (fold.h); absent: none
 *     -- about: type                 a finding is about all objects of a type, that of the one it
 *                                    shows; absent: about that one and what it retains
 *     -- runtime: cpython            only these (names separated by blanks); absent: all
 *     -- needs: refs base            only where there is: refs, base, complete; absent: nothing
 *     SELECT severity, sentence, bytes, objects, object_id, evidence ...
 *
 * Title, cause, remedy and limits may be said in the words of one runtime beside those for all:
 *
 *     -- remedy(jvm): what to do in Java
 *
 * The query gives a row a finding, the most important first:
 *
 *     severity   'note', 'warning' or 'error'
 *     sentence   what was found, without a full stop; sizes by size(), counts by plural()
 *     bytes      how much it is about, or null
 *     objects    how many it is about, or null
 *     object_id  the object to look at, whose path is shown; or null
 *     evidence   a query for snapsql that shows it; or null
 *
 * Parameters: :snapshot, :live_root, :garbage_root, :live_size, :live_native (outside
 * the heap; 0 also where it is not known), :garbage_size, :n_live, :floor (bytes below which a
 * finding is not worth a line), :has_base (1 or 0). Tables and functions of
 * rules' own: functions.h.
 * Rules must be quick on ten million objects: they start from summaries and the lists of the
 * largest, or read `detail` once, and never read `object` or `ref` as a whole.
 *
 * Threads: any; all of it is constant.
 */
#ifndef SNAP_TOOLS_LEAK_RULE_H
#define SNAP_TOOLS_LEAK_RULE_H

#include <stdbool.h>
#include <stddef.h>

/** A text within a rule's file. */
struct rule_text {
    const char *s;
    size_t n;
};

enum rule_needs { RULE_NEEDS_REFS = 1, RULE_NEEDS_BASE = 2, RULE_NEEDS_COMPLETE = 4 };

struct rule {
    const char *name; /* of the file: "unbounded-caches" */
    const char *sql;  /* the whole file: the head is comments to SQLite */
    char *title, *cause, *remedy;
    char *limits, *yields, *runtime; /* each may be NULL */
    bool about_type;
    unsigned needs;                         /* RULE_NEEDS_* */
};

/** A compiled-in file; made at build time, by name, ended by a NULL name. */
struct rule_file {
    const char *name;
    const char *text;
};
extern const struct rule_file rule_files[];

/** Reads the head of a file. False: no memory, or the head is wrong (a fault of the build; the
 *  tests read all). rule_free in any case. O(bytes of the head). */
bool rule_read(const struct rule_file *file, struct rule *out);
void rule_free(struct rule *rule);

/** Puts the words for a runtime, where the head has them, in place of those for all. NULL: as it is.
 *  False: no memory; the rule is whole in any case. O(bytes of the head). */
bool rule_speak(struct rule *rule, const char *runtime);

/** Whether findings of the rule may be folded into those of another, by name. */
bool rule_yields(const struct rule *rule, const char *other);

/** Whether the rule is for this runtime (NULL: unknown, which only rules for all are for). */
bool rule_is_for(const struct rule *rule, const char *runtime);

#endif
