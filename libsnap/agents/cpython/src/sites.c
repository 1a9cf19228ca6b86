/* SPDX-License-Identifier: MIT */
/*
 * Allocation stacks: tracemalloc's traceback of an object's block as a path in the file's tree of
 * stacks. tracemalloc knows files and lines, not functions.
 */
#include "walk.h"

static uint64_t site_frame(struct walk *walk, PyObject *file, unsigned line)
{
    uint64_t *id = pairmap_at(&walk->frames, (uint64_t)(uintptr_t)file, line);

    if (id == NULL) {
        walk->failure = WALK_NO_MEMORY;
        return 0;
    }
    if (*id == 0) {
        snap_frame frame = {
            .function = names_literal(&walk->names, "?"),
            .file = names_program(&walk->names, file),
            .line = line,
            .language = SNAP_LANGUAGE_PYTHON,
        };
        (void)snap_writer_frame(walk->writer, &frame, id);
    }
    return *id;
}

uint64_t sites_stack(struct walk *walk, PyObject *op, const struct type_info *info)
{
    struct trace_view trace;
    uint64_t *known = NULL;
    uint64_t stack = 0;

    if (!layout_trace((uintptr_t)op - info->presize, &trace)) return 0;
    if (trace.identity != NULL) {
        known = pairmap_at(&walk->stacks, (uint64_t)(uintptr_t)trace.identity, UINT64_MAX);
        if (known != NULL && *known != 0) return *known;
    }
    for (unsigned i = trace.n; i-- > 0 && walk->failure == NULL;)
        stack =
            roots_stack(walk, stack, site_frame(walk, trace.frames[i].file, trace.frames[i].line));
    if (trace.identity != NULL) {
        /* The table may have grown meanwhile: look again. */
        known = pairmap_at(&walk->stacks, (uint64_t)(uintptr_t)trace.identity, UINT64_MAX);
        if (known != NULL) *known = stack;
    }
    return stack;
}
