/* SPDX-License-Identifier: MIT */
/*
 * Looks at everything in a batch through the public interface, as the most curious caller would.
 */
#ifndef SNAP_TESTS_FUZZ_SNAP_USE_H
#define SNAP_TESTS_FUZZ_SNAP_USE_H

#include <snap/snap.h>

static inline uint64_t use_row(const snap_batch *b, uint32_t i)
{
    union {
        snap_type type;
        snap_frame frame;
        snap_thread thread;
        snap_module module;
        snap_begin begin;
        snap_finish finish;
        snap_object object;
        snap_edge edge;
        snap_root root;
        snap_block block;
        snap_event event;
    } u;
    uint64_t x, y;
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_TYPE: snap_batch_type(b, i, &u.type); return u.type.name;
    case SNAP_KIND_FRAME: snap_batch_frame(b, i, &u.frame); return u.frame.line;
    case SNAP_KIND_STACK: snap_batch_stack(b, i, &x, &y); return x + y;
    case SNAP_KIND_THREAD: snap_batch_thread(b, i, &u.thread); return u.thread.id;
    case SNAP_KIND_MODULE: snap_batch_module(b, i, &u.module); return u.module.build_id_size;
    case SNAP_KIND_BEGIN: snap_batch_begin(b, i, &u.begin); return u.begin.reason_size;
    case SNAP_KIND_FINISH: snap_batch_finish(b, i, &u.finish); return u.finish.edges;
    case SNAP_KIND_OBJECT: snap_batch_object(b, i, &u.object); return u.object.shallow_size;
    case SNAP_KIND_EDGE: snap_batch_edge(b, i, &x, &u.edge); return x + u.edge.target;
    case SNAP_KIND_ROOT: snap_batch_root(b, i, &u.root); return u.root.object;
    case SNAP_KIND_BLOCK: snap_batch_block(b, i, &u.block); return u.block.size;
    case SNAP_KIND_EVENT: snap_batch_event(b, i, &u.event); return u.event.size;
    }
    return 0;
}

/* Returns a sum, so that nothing is optimised away. */
static inline uint64_t use_batch(const snap_batch *b)
{
    unsigned ids[SNAP_MAX_COLUMNS];
    size_t n = snap_batch_columns(b, ids, SNAP_MAX_COLUMNS);
    uint32_t rows = snap_batch_rows(b);
    uint64_t sum = 0;
    for (size_t c = 0; c < n && c < SNAP_MAX_COLUMNS; c++) {
        const uint64_t *v = snap_batch_u64(b, ids[c]);
        for (uint32_t i = 0; i < rows; i++) {
            size_t size;
            const char *bytes = snap_batch_bytes(b, ids[c], i, &size);
            for (size_t k = 0; k < size; k++) sum += (unsigned char)bytes[k];
            sum += v ? v[i] : 0;
            sum += (uint64_t)snap_batch_has(b, ids[c], i);
        }
    }
    for (uint32_t i = 0; i < rows; i++) sum += use_row(b, i);
    return sum;
}

#endif
