/* SPDX-License-Identifier: MIT */
/*
 * Allocation stacks as places: stack ids differ between databases, so a place is a hash over the
 * functions, files and lines of the whole stack. Texts are read for places that are shown only.
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_DB_DIFF_PLACE_H
#define SNAP_TOOLS_DB_DIFF_PLACE_H

#include "db/diff_texts.h"
#include "db/heapdb.h"

/** Frames of a stack that are told, innermost first. */
enum { PLACE_FRAMES = 8, PLACE_BRIEF_FRAMES = 3 };

struct diff_places {
    uint32_t n;     /* largest stack id + 1; 0: there are no stacks */
    uint64_t *hash; /* [n] by stack id; 0: no such stack */
};

/** Reads the tables `stack` and `frame`. O(stacks + frames). */
int diff_places_load(struct heapdb *db, struct diff_places *out);
void diff_places_free(struct diff_places *places);

/** Appends "function (file:line)" of a frame, or what of it is known; the file by its last names.
 *  Function, file and line are three columns of `q` from `column` on. */
void diff_place_frame(struct text *t, sqlite3_stmt *q, int column);

/** One place in words. */
struct diff_place {
    const char *function, *file; /* of the innermost frame; NULL: not known */
    int64_t line;                /* 0: not known */
    const char *stack;           /* "function (file:line) < caller (file:line) < ..." */
    /* The first frames of the same, each file by its last two names where no other file of the
     * database ends in them: "handle (shop/views.py:12) < ... 4 more". */
    const char *brief;
    bool capture; /* heapsnap allocated it for itself, while it captured */
};

int diff_place_read(struct heapdb *db, uint32_t stack, struct texts *texts, struct diff_place *out);

#endif
