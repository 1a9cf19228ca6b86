/* SPDX-License-Identifier: MIT */
/*
 * Everything about one object: its own facts, what it refers to, who refers to it, what dominates
 * it, what it retains, where it was allocated. Loaded once, then printed or written as JSON
 * (snap.show/1 in format/feed.schema.json).
 *
 * Every list has a limit, so hubs with millions of referrers, lists of millions of elements and
 * dominator trees millions deep are answered at once; what is left out is counted or said.
 * Functions print their error and return 0 or STATUS_UNUSABLE. Texts are hostile and not escaped.
 */
#ifndef SNAP_TOOLS_REPORT_SHOW_H
#define SNAP_TOOLS_REPORT_SHOW_H

#include "db/graph_chain.h"
#include "report/subject.h"

struct show_request {
    size_t n;          /* rows of a list */
    int64_t offset;    /* fields to pass over */
    bool duplicates;   /* count objects with the same contents however many there are */
};

/* A reference, seen from either end. */
struct show_ref {
    struct graph_step step; /* the reference, and the object at its other end */
    int64_t source_id, source_position;
    bool only_here;         /* a field: nothing else keeps the target alive */
};

/* A type and how many objects or references of it. */
struct show_type {
    char *name;
    uint64_t n;
    uint64_t bytes; /* shallow size where objects are counted, else 0 */
};

struct show_frame {
    char *function, *file;
    int64_t line;
};

struct show_dominator {
    int64_t id;
    char *type;
    uint64_t retained_size, retained_count;
    bool gap; /* dominators between the one before and this one are left out */
};

struct show {
    struct heapdb_object object;
    char *value;               /* preview of the contents, where recorded; or NULL */
    bool has_hash;
    bool has_buffer;
    uint64_t hash, buffer;
    int64_t duplicates;        /* other objects with the same type, hash and length; -1: not
                                  counted */
    uint64_t cycle_n, cycle_size, cycle_retained; /* of its component; 0: in none */

    struct graph_chain path;   /* n 0 for garbage */
    char *path_text;

    struct show_dominator *dominators; /* nearest first */
    size_t n_dominators;

    struct show_ref *fields;
    size_t n_fields;
    int64_t total_fields;      /* at most `more` of them were counted */
    bool more_fields;          /* there are more than total_fields */

    struct show_ref *referrers;
    size_t n_referrers;
    int64_t total_referrers;
    bool more_referrers;       /* there are more than total_referrers */
    struct show_type *referrer_types; /* most first; only where not all referrers are listed */
    size_t n_referrer_types;
    bool some_referrer_types;  /* counted over the first total_referrers only */

    struct show_type *retained_types; /* largest first, when it retains more than itself */
    size_t n_retained_types, total_retained_types;

    struct show_frame *frames; /* where it was allocated, innermost first */
    size_t n_frames;
};

int show_load(struct subject *s, int64_t id, const struct show_request *request, struct show *out);
void show_free(struct show *x);

/* The parts of show_load that fill lists; for show_load alone. */
int show_load_fields(struct subject *s, const struct show_request *request, struct show *out);
int show_load_referrers(struct subject *s, const struct show_request *request, struct show *out);
int show_load_dominators(struct subject *s, struct show *out);

int show_print(struct subject *s, const struct show *x, const struct show_request *request);
void show_json(struct json *j, const struct show *x, const struct show_request *request);

#endif
