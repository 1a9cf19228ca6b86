/* SPDX-License-Identifier: MIT */
/*
 * Weighted stacks: where objects were allocated, where native code allocated, or the types on the
 * way down the dominator tree. What folded, speedscope and pprof write, and the tree of allocations
 * in a V8 snapshot.
 *
 * A stack is a caller and a frame; each weighs what was allocated exactly there, so that the
 * weights of all stacks add up to the whole: what has no stack, or was too small to be listed by
 * the database, stands in stacks of its own, whose frame is in parentheses.
 *
 * Memory: 48 B a stack that is used or calls one, and the texts of their frames. Cost: O(stacks),
 * with one look-up by key for each. Errors are printed; functions return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_EXPORT_STACKS_H
#define SNAP_TOOLS_EXPORT_STACKS_H

#include "export/export.h"
#include "info/u64map.h"

/** No caller. */
#define STACKS_NONE UINT32_MAX

/** Deeper stacks are cut: their innermost frames stay. Bounds what one stack can cost. */
enum { STACKS_DEPTH_MAX = 1000 };

/** Texts are offsets + 1 into stacks.texts; 0: not known. */
struct export_frame {
    uint64_t function; /* never 0: "?" where nothing is known */
    uint64_t file;
    uint64_t line;     /* 0: not known */
    uint64_t address;
    uint32_t module;   /* index + 1 into stacks.modules; 0: none */
};

struct export_module {
    uint64_t path, build_id; /* texts */
    uint64_t start, end;
};

struct export_stack {
    int64_t id;      /* of the database; 0: one that this file made */
    uint64_t n, bytes;
    uint32_t parent; /* smaller than its own index; STACKS_NONE: outermost */
    uint32_t frame;
    uint32_t depth;  /* 1: outermost */
};

struct export_stacks {
    enum stacks_kind of; /* never EXPORT_STACKS_AUTO */
    struct export_stack *at;
    struct export_frame *frames;
    struct export_module *modules;
    size_t n, n_frames, n_modules;
    size_t capacity, frame_capacity, module_capacity;
    struct text texts;
    struct u64map frame_of, module_of; /* database's id -> index + 1 */
    struct u64map index;               /* stack id -> index + 1 */
};

/** Loads them. A snapshot without any of the kind that was asked for is an error; `or_none`: then
 *  there are none. On failure *out owns nothing. */
int export_stacks_load(struct subject *s, enum stacks_kind of, bool or_none,
                       struct export_stacks *out);
void export_stacks_free(struct export_stacks *stacks);

/** A text, NULL for 0. */
const char *export_stacks_text(const struct export_stacks *stacks, uint64_t text);

/** The frames of a stack, innermost first, at most STACKS_DEPTH_MAX of them; returns how many. */
size_t export_stacks_path(const struct export_stacks *stacks, uint32_t at,
                          uint32_t frame[STACKS_DEPTH_MAX]);

/** "function (file:line)" of a frame, as it is. */
void export_stacks_frame(const struct export_stacks *stacks, uint32_t frame, struct text *out);

/** What stacks[].bytes are: "objects allocated", and so on. */
const char *export_stacks_title(const struct export_stacks *stacks);

/** Loads the stacks that the job asks for, has them written, and notes how many there are and how
 *  many are cut. */
int export_stacks_with(struct export_job *job,
                       int (*write)(struct export_job *job, const struct export_stacks *stacks));

#endif
