/* SPDX-License-Identifier: MIT */
/*
 * Rows whose texts stand inside the row: metadata, labels, counters, samples, previews; and the
 * rows that begin and end a snapshot. O(size of the texts).
 */
#include "writer_impl.h"

#include <string.h>

#include "status.h"
#include "utf8.h"
#include "varint.h"


/* Columns by position in the schema. */
enum { KEY = 0, VALUE = 1 };

static snap_status too_long(snap_writer *w)
{
    return writer_fail(w, SNAP_E_LIMIT, 0, "a key, value, reason or preview is longer than 64 KiB");
}

static snap_status check_key(snap_writer *w, const char *key, size_t *size)
{
    *size = 0;
    if (w->status != SNAP_OK) return w->status;
    if (!key) return writer_fail(w, SNAP_E_MISUSE, 0, "a key is missing");
    *size = strlen(key);
    if (*size > SNAP_MAX_TEXT) return too_long(w);
    if (*size == 0 || !utf8_is_name((const uint8_t *)key, *size)) {
        return writer_fail(w, SNAP_E_MISUSE, 0,
                           "a key is empty, not UTF-8, or holds control characters");
    }
    return SNAP_OK;
}

static snap_status put_pair(snap_writer *w, unsigned kind, const char *key, const char *value)
{
    struct rows *rows = &w->rows[kind];
    size_t key_size;
    STATUS_RETURN_IF_ERROR(check_key(w, key, &key_size));
    if (!value) return writer_fail(w, SNAP_E_MISUSE, 0, "a value is missing");
    size_t value_size = strlen(value);
    if (value_size > SNAP_MAX_TEXT) return too_long(w);
    STATUS_RETURN_IF_ERROR(
        writer_open_row(w, kind, key_size > value_size ? key_size : value_size));
    memcpy(rows_put_bytes(rows, KEY, key_size), key, key_size);
    utf8_copy_repaired(rows_put_bytes(rows, VALUE, value_size), (const uint8_t *)value, value_size);
    writer_end_row(w, kind);
    return SNAP_OK;
}

snap_status snap_writer_metadata(snap_writer *w, const char *key, const char *value)
{
    return put_pair(w, SNAP_KIND_METADATA, key, value);
}

snap_status snap_writer_label(snap_writer *w, const char *key, const char *value)
{
    return put_pair(w, SNAP_KIND_LABEL, key, value);
}

static snap_status put_number(snap_writer *w, unsigned kind, const char *name, int64_t value)
{
    struct rows *rows = &w->rows[kind];
    size_t size;
    STATUS_RETURN_IF_ERROR(check_key(w, name, &size));
    STATUS_RETURN_IF_ERROR(writer_open_row(w, kind, size));
    memcpy(rows_put_bytes(rows, KEY, size), name, size);
    rows_put(rows, VALUE, varint_zigzag((uint64_t)value));
    return SNAP_OK;
}

snap_status snap_writer_counter(snap_writer *w, const char *name, int64_t value)
{
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot) return writer_fail(w, SNAP_E_MISUSE, 0, "a counter outside a snapshot");
    STATUS_RETURN_IF_ERROR(put_number(w, SNAP_KIND_COUNTER, name, value));
    writer_end_row(w, SNAP_KIND_COUNTER);
    return SNAP_OK;
}

snap_status snap_writer_sample(snap_writer *w, const char *name, uint64_t mono_ns, int64_t value)
{
    STATUS_RETURN_IF_ERROR(put_number(w, SNAP_KIND_SAMPLE, name, value));
    rows_put(&w->rows[SNAP_KIND_SAMPLE], 2, mono_ns);
    writer_end_row(w, SNAP_KIND_SAMPLE);
    return SNAP_OK;
}

snap_status snap_writer_value(snap_writer *w, uint64_t ordinal, const void *text, size_t size)
{
    struct rows *rows = &w->rows[SNAP_KIND_VALUE];
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot || ordinal >= w->snapshot_rows[SNAP_KIND_OBJECT]) {
        return writer_fail(w, SNAP_E_MISUSE, 0, "a value of an object that was not written");
    }
    if (size > SNAP_MAX_TEXT) return too_long(w);
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_VALUE, size));
    uint8_t *to = rows_put_bytes(rows, 0, size);
    if (size) memcpy(to, text, size);
    rows_put(rows, 1, ordinal);
    writer_end_row(w, SNAP_KIND_VALUE);
    return SNAP_OK;
}

snap_status snap_writer_begin(snap_writer *w, const snap_begin *begin)
{
    struct rows *rows = &w->rows[SNAP_KIND_BEGIN];
    if (w->status != SNAP_OK) return w->status;
    if (w->snapshot) return writer_fail(w, SNAP_E_MISUSE, 0, "a snapshot inside a snapshot");
    if (w->snapshots == UINT32_MAX) return writer_fail(w, SNAP_E_LIMIT, 0, "too many snapshots");
    size_t size = begin->reason_size;
    if (begin->reason && size == 0) size = strlen(begin->reason);
    if (size > SNAP_MAX_TEXT) return too_long(w);
    STATUS_RETURN_IF_ERROR(writer_close_all(w));

    w->snapshot = ++w->snapshots;
    memset(w->snapshot_rows, 0, sizeof w->snapshot_rows);
    w->object_next = 0;
    w->from_source = UINT64_MAX;
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_BEGIN, size));
    if (begin->reason) {
        utf8_copy_repaired(rows_put_bytes(rows, 0, size), (const uint8_t *)begin->reason, size);
    }
    rows_put(rows, 1, begin->wall_ns ? begin->wall_ns : w->clock(w->clock_opaque, 0));
    rows_put(rows, 2, begin->mono_ns ? begin->mono_ns : w->clock(w->clock_opaque, 1));
    writer_end_row(w, SNAP_KIND_BEGIN);
    return writer_close_chunk(w, SNAP_KIND_BEGIN);
}

snap_status snap_writer_finish(snap_writer *w, const snap_finish *finish)
{
    struct rows *rows = &w->rows[SNAP_KIND_FINISH];
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot) return writer_fail(w, SNAP_E_MISUSE, 0, "the end of no snapshot");
    STATUS_RETURN_IF_ERROR(writer_close_all(w));
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_FINISH, 0));
    rows_put(rows, 0, w->snapshot_rows[SNAP_KIND_OBJECT]);
    rows_put(rows, 1, w->snapshot_rows[SNAP_KIND_EDGE]);
    rows_put(rows, 2, w->snapshot_rows[SNAP_KIND_ROOT]);
    rows_put(rows, 3, finish->flags);
    rows_put(rows, 4, finish->mono_ns ? finish->mono_ns : w->clock(w->clock_opaque, 1));
    writer_end_row(w, SNAP_KIND_FINISH);
    STATUS_RETURN_IF_ERROR(writer_close_chunk(w, SNAP_KIND_FINISH));
    w->snapshot = 0;
    return SNAP_OK;
}
