/* SPDX-License-Identifier: MIT */
/*
 * From the owners that the graph core found (heap/match.h) to lines by signature: a thousand lists
 * of tenants that grew by ten each are one line.
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_LINES_H
#define SNAP_TOOLS_REPORT_DIFF_LINES_H

#include "db/diff_name.h"
#include "report/diff_report.h"

/** Owners that are given their own name: those that changed by most. The others, if there are so
 *  many, share the rest line. */
enum { LINES_NAMED_MAX = 20000 };

/** The path of the line of all that V8 made of the program's code. */
#define LINES_CODE "<compiled code of V8>"

/** One line, before it has texts. */
struct line {
    enum diff_line_kind kind;
    uint32_t node;
    uint64_t n_owners, n_replaced; /* of them another object than before in the same place */
    uint32_t a_row, b_row; /* the owner that changed most */
    uint64_t largest;      /* by how much */
    struct heap_amount added, removed, shared, moved;
    int64_t resized, resized_native;
    int64_t retained_delta; /* of the owners, with all below them */
    uint64_t place;         /* of heap_owner: tops that one place of the runtime holds; or 0 */
    bool deep;              /* some of it below what the first of several snapshots had not */
    bool no_longer;         /* it is known to have no more elements than before */
    bool follows;           /* another line, as weak references do (report/diff_follow.h) */
    int64_t brings;         /* growth of the lines that follow this one */
    uint32_t follower;      /* node of the largest of them, with brings */
    uint32_t first_owner;   /* list of its owners in match.owners, through next_owner */
};

struct lines {
    uint32_t n;
    struct line *at;      /* by growth descending, with what follows them; ties by signature;
                             garbage last if it does not count */
    uint32_t *next_owner; /* [match.n_owners]; HEAP_NONE ends */
};

/** Makes lines of the owners of `match`; `names` is of B. Does garbage count as growth? */
int lines_make(const struct heap_match *match, const struct diff_rows *b, struct diff_names *names,
               bool garbage_counts, struct sign *sign, struct lines *out);
void lines_free(struct lines *lines);

/** Adds owner i of `match` to a line of `lines`, whose next_owner has room for all of them. */
void lines_add_owner(struct lines *lines, struct line *line, const struct heap_match *match,
                     uint32_t i);

/** What a line grew by in bytes, without and with native memory. */
int64_t line_retained(const struct line *line);
int64_t line_native(const struct line *line);
int64_t line_growth(const struct line *line);

#endif
