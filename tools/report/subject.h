/* SPDX-License-Identifier: MIT */
/*
 * What a query command is asked about: one snapshot of one file. Opening, choosing the snapshot and
 * the object, the heading above every answer, and how types and objects are called in it.
 * Errors are printed; functions return 0 or STATUS_UNUSABLE. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_REPORT_SUBJECT_H
#define SNAP_TOOLS_REPORT_SUBJECT_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/number.h"
#include "cli/options.h"
#include "cli/text.h"
#include "db/heapdb.h"

struct subject {
    struct heapdb *db;
    const struct heapdb_snapshot *snapshot; /* points into db */
    bool chosen; /* the user said which snapshot; otherwise an id of another one switches to it */
};

/** Options that choose the subject; part of a command's structure. */
struct subject_options {
    const char *snapshot; /* --snapshot */
    bool no_cache;        /* --no-cache */
};

#define OPT_SUBJECT(T, m)                                                                          \
    OPT_STRING(T, m.snapshot, "snapshot", 's', "N",                                                \
               "the snapshot to look at where the file holds several: its number, first or last "  \
               "(default last)"),                                                                  \
    OPT_FLAG(T, m.no_cache, "no-cache", 0,                                                         \
             "load a snapshot file into a temporary database instead of the cache")

/* What an answer needs of a file's references. */
enum subject_refs {
    SUBJECT_NO_REFS,
    SUBJECT_LIKES_REFS, /* to name things by their paths: a database without them will do as it is,
                           but a file that has to be loaded is loaded with them */
    SUBJECT_NEEDS_REFS
};

/** Opens `path` and chooses the snapshot. On failure nothing needs closing. */
int subject_open(struct subject *s, const char *path, const struct subject_options *options,
                 enum subject_refs refs);
void subject_close(struct subject *s);

/** The object that `argument` means: an id (`#12`, `12`), an address (`0x7f..`), the live object
 *  of a type (`Session`, `app.*`) that retains most, native memory included, or a global variable with its module and attributes after it
 *  (`app.CACHE.entries`). An id in another snapshot switches to that snapshot
 *  unless one was chosen, which is an error then. */
int subject_object(struct subject *s, const char *argument, int64_t *id);

/** The ids of the snapshot's live objects or of its garbage: *first to *last; none when *last is
 *  smaller. Checked against each other, so that both can be counted with. */
int subject_range(const struct subject *s, bool garbage, int64_t *first, int64_t *last);

/** One or two lines: the file and the process, then live heap and garbage. */
void subject_heading(const struct subject *s, FILE *out);

/** The members that describe a snapshot, into the open JSON object. */
void subject_snapshot_json(const struct heapdb_snapshot *snapshot, struct json *j);

/** Members "file", "taken_as", "snapshot" of the open JSON object. */
void subject_json(const struct subject *s, struct json *j);

/** Type name as people write it: `app.models.Session`, `dict` for a builtin. Appended as it is;
 *  either may be NULL. */
void subject_type(struct text *t, const char *module, const char *name);

/** A whole answer about an open subject: as text, the heading and what `show` prints; as JSON, a
 *  document `schema` with the members of subject_json and those that `show` writes (j is NULL for
 *  text), ended by "error" where it failed. Returns what `show` returned, or STATUS_UNUSABLE. Closes the subject. */
int subject_answer(struct subject *s, const char *schema, bool as_json,
                   int (*show)(void *opaque, struct subject *s, struct json *j), void *opaque);

/** A size in a sentence: as number_size, and with --bytes "1536 bytes". */
char *subject_amount(char out[NUMBER_MAX], uint64_t bytes);

/** Exact integers of a database that should not be negative; negative ones are 0. */
static inline uint64_t subject_size(int64_t bytes)
{
    return bytes > 0 ? (uint64_t)bytes : 0;
}

#endif
