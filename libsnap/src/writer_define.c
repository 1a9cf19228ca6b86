/* SPDX-License-Identifier: MIT */
/*
 * Definitions: strings (through the cache, long ones in parts), types, frames, stacks, modules,
 * threads. O(1) a row, O(size) a string.
 */
#include "writer_impl.h"

#include <string.h>

#include "status.h"

/* Strings beyond this are not looked up: hashing them would cost more than it saves. */
#define CACHED_MAX 65536u

static int defined(const snap_writer *w, unsigned kind, uint64_t id)
{
    return id != 0 && id < w->next_id[kind];
}

/* Whether an optional reference (0: none) names something that was defined. */
static int defined_or_0(const snap_writer *w, unsigned kind, uint64_t id)
{
    return id < w->next_id[kind];
}

static void put_if_set(struct rows *rows, unsigned column, uint64_t value)
{
    rows_put_if(rows, column, value, value != 0);
}

static snap_status unknown_id(snap_writer *w)
{
    return writer_fail(w, SNAP_E_MISUSE, 0, "a definition names an id that was not handed out");
}

/* One row of its own chunk for each part; the id is one for all. */
static snap_status put_string_parts(snap_writer *w, const uint8_t *bytes, size_t size)
{
    struct rows *rows = &w->rows[SNAP_KIND_STRING];
    size_t at = 0;
    for (uint64_t part = 0; at < size; part++) {
        size_t n = size - at < SNAP_MAX_STRING_PART ? size - at : SNAP_MAX_STRING_PART;
        STATUS_RETURN_IF_ERROR(writer_close_chunk(w, SNAP_KIND_STRING));
        STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_STRING, n));
        memcpy(rows_put_bytes(rows, 0, n), bytes + at, n);
        rows_put(rows, 1, part);
        rows_put_if(rows, 2, size, part == 0);
        writer_end_row(w, SNAP_KIND_STRING);
        at += n;
    }
    STATUS_RETURN_IF_ERROR(writer_close_chunk(w, SNAP_KIND_STRING));
    w->next_id[SNAP_KIND_STRING]++;
    return SNAP_OK;
}

static snap_status put_string(snap_writer *w, const uint8_t *bytes, size_t size)
{
    struct rows *rows = &w->rows[SNAP_KIND_STRING];
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_STRING, size));
    uint8_t *to = rows_put_bytes(rows, 0, size);
    if (size) memcpy(to, bytes, size);
    writer_end_row(w, SNAP_KIND_STRING);
    w->next_id[SNAP_KIND_STRING]++;
    return SNAP_OK;
}

snap_status snap_writer_string(snap_writer *w, const void *bytes, size_t size, uint64_t *id)
{
    if (w->status != SNAP_OK) return w->status;
    if (size > SNAP_MAX_STRING) {
        return writer_fail(w, SNAP_E_LIMIT, 0, "a string is longer than 256 MiB");
    }
    uint64_t fresh = w->next_id[SNAP_KIND_STRING];
    if (size <= CACHED_MAX) {
        struct checksum128 hash = checksum128(size ? bytes : "", size, w->cache.seed);
        uint64_t known = string_cache_meet(&w->cache, hash, fresh);
        if (known) {
            *id = known;
            return SNAP_OK;
        }
    }
    *id = fresh;
    if (size > SNAP_MAX_STRING_PART) return put_string_parts(w, bytes, size);
    return put_string(w, bytes, size);
}

/* Counts a definition and hands out its id. */
static snap_status end_definition(snap_writer *w, unsigned kind, uint64_t *id)
{
    writer_end_row(w, kind);
    uint64_t fresh = w->next_id[kind]++;
    if (id) *id = fresh;
    return SNAP_OK;
}

snap_status snap_writer_type(snap_writer *w, const snap_type *type, uint64_t *id)
{
    struct rows *rows = &w->rows[SNAP_KIND_TYPE];
    if (w->status != SNAP_OK) return w->status;
    if (!defined(w, SNAP_KIND_STRING, type->name) ||
        !defined_or_0(w, SNAP_KIND_STRING, type->module) ||
        !defined_or_0(w, SNAP_KIND_TYPE, type->base)) {
        return unknown_id(w);
    }
    if (type->size > SNAP_MAX_SIZE) {
        return writer_fail(w, SNAP_E_LIMIT, 0, "a size is beyond 2^63-1");
    }
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_TYPE, 0));
    rows_put(rows, 0, type->name);
    put_if_set(rows, 1, type->module);
    rows_put(rows, 2, type->kind);
    rows_put(rows, 3, type->flags);
    put_if_set(rows, 4, type->size);
    put_if_set(rows, 5, type->object);
    put_if_set(rows, 6, type->base);
    put_if_set(rows, 7, type->loader);
    return end_definition(w, SNAP_KIND_TYPE, id);
}

snap_status snap_writer_frame(snap_writer *w, const snap_frame *frame, uint64_t *id)
{
    struct rows *rows = &w->rows[SNAP_KIND_FRAME];
    if (w->status != SNAP_OK) return w->status;
    if (!defined(w, SNAP_KIND_STRING, frame->function) ||
        !defined_or_0(w, SNAP_KIND_STRING, frame->file) ||
        !defined_or_0(w, SNAP_KIND_MODULE, frame->module)) {
        return unknown_id(w);
    }
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_FRAME, 0));
    rows_put(rows, 0, frame->function);
    put_if_set(rows, 1, frame->file);
    put_if_set(rows, 2, frame->line);
    put_if_set(rows, 3, frame->module);
    rows_put(rows, 4, frame->language);
    put_if_set(rows, 5, frame->address);
    return end_definition(w, SNAP_KIND_FRAME, id);
}

snap_status snap_writer_stack(snap_writer *w, uint64_t parent, uint64_t frame, uint64_t *id)
{
    struct rows *rows = &w->rows[SNAP_KIND_STACK];
    if (w->status != SNAP_OK) return w->status;
    if (!defined_or_0(w, SNAP_KIND_STACK, parent) || !defined(w, SNAP_KIND_FRAME, frame)) {
        return unknown_id(w);
    }
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_STACK, 0));
    put_if_set(rows, 0, parent);
    rows_put(rows, 1, frame);
    return end_definition(w, SNAP_KIND_STACK, id);
}

snap_status snap_writer_module(snap_writer *w, const snap_module *module, uint64_t *id)
{
    struct rows *rows = &w->rows[SNAP_KIND_MODULE];
    if (w->status != SNAP_OK) return w->status;
    if (!defined(w, SNAP_KIND_STRING, module->path)) return unknown_id(w);
    size_t size = module->build_id ? module->build_id_size : 0;
    if (size > SNAP_MAX_BUILD_ID) {
        return writer_fail(w, SNAP_E_LIMIT, 0, "a build id is longer than 1 KiB");
    }
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_MODULE, size));
    rows_put(rows, 0, module->path);
    if (size) memcpy(rows_put_bytes(rows, 1, size), module->build_id, size);
    rows_put_if(rows, 2, module->start, module->start || module->end);
    rows_put_if(rows, 3, module->end, module->start || module->end);
    return end_definition(w, SNAP_KIND_MODULE, id);
}

snap_status snap_writer_thread(snap_writer *w, const snap_thread *thread, uint64_t *id)
{
    struct rows *rows = &w->rows[SNAP_KIND_THREAD];
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot) return writer_fail(w, SNAP_E_MISUSE, 0, "a thread outside a snapshot");
    if (!defined_or_0(w, SNAP_KIND_STRING, thread->name) ||
        !defined_or_0(w, SNAP_KIND_STACK, thread->stack)) {
        return unknown_id(w);
    }
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_THREAD, 0));
    rows_put(rows, 0, thread->id);
    put_if_set(rows, 1, thread->os_id);
    put_if_set(rows, 2, thread->name);
    put_if_set(rows, 3, thread->stack);
    put_if_set(rows, 4, thread->object);
    return end_definition(w, SNAP_KIND_THREAD, id);
}
