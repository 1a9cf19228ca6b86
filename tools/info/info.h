/* SPDX-License-Identifier: MIT */
/*
 * What is in a .snap file, found with libsnap's public reader: the parts of snapinfo. Each part
 * collects into a structure here; show_text.c and show_json.c print them.
 *
 * Memory is bounded by what is asked: lists that a hostile file could make long have limits, and
 * what did not fit is counted. Functions that return int return 0, or STATUS_UNUSABLE (message.h)
 * after printing a message. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_INFO_INFO_H
#define SNAP_TOOLS_INFO_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <snap/reader.h>

#include "cli/json.h"
#include "cli/text.h"
#include "u64map.h"

enum {
    INFO_KINDS = SNAP_KIND_LAST + 1, /* arrays by kind; slot 0 stays empty */
    INFO_MAX_DAMAGE = 1000,
    INFO_MAX_PAIRS = 10000,
    INFO_MAX_SNAPSHOTS = 10000
};

/** "object", "edge", ...; "kind 77" is the caller's job where this returns NULL. Static. */
const char *info_kind_name(unsigned kind);

/* ---- the input ------------------------------------------------------------------------------ */

/** A file to look at, open: every part may read it as often as it likes. */
struct info_input {
    const char *path; /* as given, for messages */
    int fd;
    uint64_t size;    /* bytes */
};

/** Opens `path`, a regular file (cli/spool.h makes one of a pipe). */
int info_open(struct info_input *in, const char *path);
void info_close(struct info_input *in);

/** Pieces of damage, in file order; the first INFO_MAX_DAMAGE are kept. */
struct info_damage {
    snap_error *at;
    size_t n;
    uint64_t total;
};

/** Starts reading from the beginning, the kinds of the mask (0: all). Damage goes to `damage`,
 *  which must outlive the reader (NULL: it is skipped silently). On failure prints what the file is
 *  instead, *reader is NULL, and *err tells the cause. */
int info_reader(snap_reader **reader, const struct info_input *in, uint64_t kinds,
                struct info_damage *damage, snap_error *err);

/** Prints what a reader's call failed of. Returns STATUS_UNUSABLE. */
int info_failed(const struct info_input *in, const snap_error *err);

/** Bit of a kind in a mask of kinds. */
#define INFO_BIT(kind) (UINT64_C(1) << (kind))

/** All kinds that libsnap knows, index and totals included. */
#define INFO_ALL_KINDS (INFO_BIT(SNAP_KIND_LAST + 1) - 2)

/* ---- facts: what the file says of itself ----------------------------------------------------- */

struct info_total {
    uint64_t chunks, rows, raw, stored; /* raw and stored in bytes of payload */
};

/** A metadata row, label or counter. The texts lie in info_facts.text. */
struct info_pair {
    unsigned kind;         /* SNAP_KIND_METADATA, _LABEL or _COUNTER */
    uint32_t snapshot;     /* 0: of the file */
    size_t key, key_n;     /* offset and bytes */
    size_t value, value_n; /* the same, of metadata and labels */
    int64_t number;        /* of counters */
};

struct info_snapshot {
    uint32_t number;
    bool begun, finished;
    size_t reason, reason_n;         /* in info_facts.text */
    uint64_t wall_ns, mono_ns;       /* of the beginning */
    snap_finish finish;              /* what the end says */
    uint64_t objects, edges, roots;  /* what was read, where counted is set */
    bool counted;
};

struct info_facts {
    snap_file_info file;
    snap_reader_summary summary;
    uint64_t size;
    struct info_damage damage;
    bool by_reading;                 /* totals were counted, not taken from the file's own */
    bool has_totals;
    struct info_total totals[INFO_KINDS];
    struct info_pair *pairs;         /* by snapshot, those of one in the order of the file */
    size_t n_pairs;
    struct u64map pair_of;           /* hash of snapshot, kind and key -> index in pairs + 1 */
    uint64_t pair_rows;              /* looked at */
    uint64_t lost_pairs;             /* beyond the limits */
    struct info_snapshot *snapshots; /* by number, rising */
    size_t n_snapshots;
    uint64_t lost_snapshots;
    struct text text;
};

/** Collects the facts. A whole file is asked for its totals, and objects and edges are not even
 *  decompressed; where they are missing, everything is read and counted. Damage is a warning each
 *  for the first few. O(chunks), or O(bytes) for a damaged file. */
int info_facts(struct info_facts *facts, const struct info_input *in);
void info_facts_free(struct info_facts *facts);

/** Whether a snapshot may be concluded from (specification 5.9). */
bool info_snapshot_complete(const struct info_facts *facts, const struct info_snapshot *s);

/** The pairs of a snapshot (0: of the file) are those from pairs[*first] up to the index that is
 *  returned, which is not one of them. O(log pairs). */
size_t info_pairs_of(const struct info_facts *facts, uint32_t snapshot, size_t *first);

/* ---- types: instances counted in one pass ---------------------------------------------------- */

struct info_type {
    size_t name, name_n;   /* qualified, in info_types.text */
    uint64_t classes;      /* TYPE rows of that name */
    uint64_t n, shallow, native;
};

struct info_types {
    struct info_type *types; /* by shallow size descending, then name */
    size_t n;
    struct info_type all;    /* sums; the name is empty */
    uint64_t unknown;        /* objects whose type was lost */
    struct text text;
};

/** Counts objects by qualified type name over all snapshots of the file. Memory: by type rows, not
 *  by objects. O(bytes of TYPE, STRING and OBJECT chunks). */
int info_types(struct info_types *types, const struct info_input *in);
void info_types_free(struct info_types *types);

/** The same of a dump of another tool: *what it was taken for, and whether it is whole. Of a Java
 *  heap dump one pass and no memory for objects. Damage is a warning each for the first few. */
int info_types_foreign(struct info_types *types, const char *path, const char **what,
                       bool *complete);

/* ---- privacy: which strings the file holds --------------------------------------------------- */

enum info_category {
    PRIVACY_TYPE,      /* names of types and their modules */
    PRIVACY_CODE,      /* functions, files, loaded modules */
    PRIVACY_ATTRIBUTE, /* names of attributes and fields */
    PRIVACY_VARIABLE,  /* names of globals, locals and captured variables */
    PRIVACY_KEY,       /* dict keys written out */
    PRIVACY_OBJECT,    /* objects' own names: functions, tasks */
    PRIVACY_THREAD,    /* thread names */
    PRIVACY_OTHER,     /* strings that no row of this file uses */
    PRIVACY_VALUE,     /* previews of contents */
    PRIVACY_METADATA,  /* facts about process and host */
    PRIVACY_LABEL,     /* what the user gave */
    PRIVACY_REASON,    /* who asked for the snapshot */
    PRIVACY_CATEGORIES
};

enum { PRIVACY_EXAMPLES = 5 };

struct info_privacy_row {
    uint64_t n;     /* texts */
    uint64_t bytes;
    struct {
        size_t at, n; /* in info_privacy.text, cut to 200 bytes */
    } examples[PRIVACY_EXAMPLES];
    size_t n_examples;
};

struct info_privacy {
    struct info_privacy_row rows[PRIVACY_CATEGORIES];
    uint64_t hashed_keys;     /* edges with a keyed hash in place of the key */
    uint64_t hashed_contents; /* objects with a keyed hash of their contents */
    uint64_t lost_strings;    /* of which parts are missing */
    struct text text;
};

/** Name and explanation of a category; static. */
const char *info_category_name(enum info_category category);
const char *info_category_help(enum info_category category);

/** Sorts every string of the file into the categories of the rows that use it (a string used in
 *  two ways counts in both). Memory: 32 bytes a distinct string that is used. O(bytes), two
 *  passes. */
int info_privacy(struct info_privacy *privacy, const struct info_input *in);
void info_privacy_free(struct info_privacy *privacy);

/* ---- verify: every checksum, every row's rules ----------------------------------------------- */

enum info_severity { FINDING_NOTE, FINDING_WARNING, FINDING_ERROR };

/** What breaks one rule in one kind of row, the first place and how often. */
struct info_finding {
    enum info_severity severity;
    unsigned kind;    /* of the rows concerned; 0: the file as such */
    unsigned rule;    /* index for comparison, private */
    uint64_t offset;  /* of the chunk where it was first met */
    uint64_t count;
    char text[160];
};

struct info_verdict {
    struct info_finding *findings; /* by offset */
    size_t n;
    uint64_t chunks, rows;         /* what was checked */
    uint64_t snapshots, complete;  /* snapshots, and those of them that are complete */
    bool whole;                    /* no finding is an error */
    struct info_damage damage;
};

/** Checks everything that the specification demands of a file. Memory: 12 to 36 bytes an object of
 *  the largest snapshot, to find ids given twice and targets that do not exist. O(bytes). */
int info_verify(struct info_verdict *verdict, const struct info_input *in);
void info_verdict_free(struct info_verdict *verdict);

/* ---- recover: all whole chunks in a new file ------------------------------------------------- */

struct info_recovery {
    uint64_t chunks;      /* copied */
    uint64_t bytes;       /* of the new file */
    uint64_t lost_chunks; /* known to be missing by sequence numbers */
    uint64_t lost_bytes;  /* of the old file: what belongs to no whole chunk */
    uint64_t begun;       /* snapshots whose beginning had to be made up */
    uint64_t finished;    /* snapshots whose end had to be made up */
    struct info_total totals[INFO_KINDS];
    uint8_t uuid[16];     /* of the new file */
    struct info_damage damage;
};

/** Writes all whole chunks of `in` to a new file `out` with a new index, totals and trailer.
 *  `force` replaces an existing file. O(bytes). */
int info_recover(struct info_recovery *recovery, const struct info_input *in, const char *out,
                 bool force);
void info_recovery_free(struct info_recovery *recovery);

/* ---- showing --------------------------------------------------------------------------------- */

/** What of a file is to be shown; parts that were not asked for are NULL. */
struct info_report {
    const struct info_input *in;
    const struct info_facts *facts;
    const struct info_types *types;
    const struct info_privacy *privacy;
    const struct info_verdict *verdict;
    const struct info_recovery *recovery;
    const char *recovered_to; /* name of the recovered file */
    bool chunks;              /* list the chunks */
    uint64_t top;             /* rows of the type table; 0: all */
};

/** The damage met by the most thorough part of the report. */
const struct info_damage *info_report_damage(const struct info_report *report);

/** Whether the file is whole as far as the report has looked. */
bool info_report_complete(const struct info_report *report);

/** Shows the types of a dump of another tool, for people or as members of an entry of "files". */
int info_show_types(const char *path, const char *what, bool complete,
                    const struct info_types *types, uint64_t top, struct json *j);

/** Prints for people. */
int info_show_text(const struct info_report *report);

/** Writes the members of one entry of "files" in snap.info/1; the caller opens and closes the
 *  object. */
int info_show_json(const struct info_report *report, struct json *j);

/** Used by info_show_types. */
void info_json_types(const char *path, const char *what, bool complete,
                     const struct info_types *types, uint64_t top, struct json *j);

/** Calls back for each chunk in file order; used by both. Returns 0 or STATUS_UNUSABLE. */
int info_each_chunk(const struct info_input *in,
                    void (*each)(void *opaque, const snap_batch *batch), void *opaque);

#endif
