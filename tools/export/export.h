/* SPDX-License-Identifier: MIT */
/*
 * A snapshot in the formats of other tools: what snapexport writes. One file a format; this is what
 * they have in common, and the table of them.
 *
 *     const struct export_format *f = export_format_of("heap.pb.gz");
 *     struct export_job job = { .subject = &s, .options = &o, .out = stream, .path = path };
 *     int status = f->write(&job);
 *     export_warn(&job);
 *
 * Everything is streamed: a writer keeps at most some numbers for each object, or the stacks of the
 * allocation sites. The same snapshot gives the same bytes. Texts out of a heap are hostile, and
 * each writer escapes them by the rules of its format.
 *
 * Values that the target cannot hold are written as the nearest that it can, and counted: the
 * counts come out as warnings and in the JSON of --json. Functions print their error and return
 * 0 or STATUS_UNUSABLE; failed writes stay in the stream, for output_publish to tell. Threads:
 * one a job.
 */
#ifndef SNAP_TOOLS_EXPORT_EXPORT_H
#define SNAP_TOOLS_EXPORT_EXPORT_H

#include <stdint.h>
#include <stdio.h>

#include "report/subject.h"

/** What the stacks of folded, speedscope and pprof are. */
enum stacks_kind {
    EXPORT_STACKS_AUTO,   /* the first of the others that the snapshot has */
    EXPORT_STACKS_SITE,   /* where live objects were allocated */
    EXPORT_STACKS_NATIVE, /* where native code allocated what is not freed */
    EXPORT_STACKS_TYPE    /* the types on the way down the dominator tree: what retains what */
};
/** { "auto", "site", "native", "type", NULL }. */
extern const char *const export_stacks_words[];

enum export_weight { EXPORT_BYTES, EXPORT_COUNT };
/** { "bytes", "count", NULL }. */
extern const char *const export_weight_words[];

/** Options of the command that only some formats take; 0 or NULL: not given. */
struct export_options {
    const char *table; /* --table */
    const char *sql;   /* --sql */
    const char *object; /* --object */
    uint64_t top;      /* --top */
    int stacks;        /* --stacks, enum stacks_kind */
    int weight;        /* --weight, enum export_weight */
};

/** Bits of export_format.takes. */
enum { EXPORT_TAKES_ROWS = 1, EXPORT_TAKES_OBJECT = 2, EXPORT_TAKES_TOP = 4,
       EXPORT_TAKES_STACKS = 8, EXPORT_TAKES_WEIGHT = 16 };

/** A number about what was written; `what` is a constant text. */
struct export_count {
    const char *what;
    uint64_t n;
};

enum { EXPORT_COUNTS = 8 };

struct export_job {
    struct subject *subject;
    const struct export_options *options;
    FILE *out;
    const char *path; /* of the output, for messages */
    /* filled in by the writer: */
    struct export_count made[EXPORT_COUNTS];    /* "nodes", "samples" */
    struct export_count changed[EXPORT_COUNTS]; /* sentences: "3 " and `what` */
    unsigned n_made, n_changed;
};

/** One format. */
struct export_format {
    const char *name;           /* of --format */
    const char *const *endings; /* of file names that choose it, ended by NULL; the first one is
                                   given to outputs that nobody named */
    const char *holds;          /* one line */
    enum subject_refs refs;
    unsigned takes;
    int (*write)(struct export_job *job);
};

/** All formats, and their names for the table of options; both ended by NULL or its like. */
extern const struct export_format export_formats[];
extern const char *const export_format_words[];

/** The format of a file name: that with the longest ending that fits; NULL: none. */
const struct export_format *export_format_of(const char *path);

/** Refuses options that the format does not take. */
int export_check(const struct export_format *format, const struct export_options *options);

/** Notes a number for the result; a change of 0 is none. */
void export_made(struct export_job *job, const char *what, uint64_t n);
void export_changed(struct export_job *job, const char *what, uint64_t n);

/** Warns of all that was changed. */
void export_warn(const struct export_job *job);

/** Members "made" and "changed" of the open object. */
void export_json(const struct export_job *job, struct json *j);

/* ---- the writers ---- */

int export_csv(struct export_job *job);
int export_ndjson(struct export_job *job);
int export_document(struct export_job *job);
int export_heapsnapshot(struct export_job *job);
int export_pprof(struct export_job *job);
int export_speedscope(struct export_job *job);
int export_folded(struct export_job *job);
int export_dot(struct export_job *job);
int export_openmetrics(struct export_job *job);

#endif
