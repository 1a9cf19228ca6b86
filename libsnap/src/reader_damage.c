/* SPDX-License-Identifier: MIT */
/*
 * Damage, and the ways past it: telling it, finding the next whole chunk, judging the end of the
 * file. O(bytes passed).
 */
#include "reader_impl.h"

#include <string.h>

#include "status.h"

/* Bytes looked at in one go when searching for a chunk. */
#define SCAN 65536u

snap_status reader_damage(snap_reader *r, snap_status code, uint64_t offset, const char *text)
{
    snap_error what;
    status_set(&what, code, 0, offset, text);
    if (r->summary.damaged++ == 0) r->summary.first_damage = offset;
    r->in_gap = 1;
    if (code == SNAP_E_TRUNCATED) r->told_end = 1;
    if (r->strict) {
        r->error = what;
        r->status = code;
        return code;
    }
    if (r->on_damage) r->on_damage(r->opaque, &what);
    return SNAP_OK;
}

static int is_header(const uint8_t *data, size_t size)
{
    struct chunk_header h;
    const char *text;
    return size >= SNAP_CHUNK_HEADER_SIZE && chunk_header_get(data, &h, &text) != CHUNK_NOT;
}

static int is_trailer(const uint8_t *data, size_t size)
{
    uint64_t index, total;
    return size >= SNAP_TRAILER_SIZE && chunk_trailer_get(data, &index, &total) == 0;
}

static int ends_with_trailer(const uint8_t *data, size_t size)
{
    return size >= SNAP_TRAILER_SIZE &&
           is_trailer(data + size - SNAP_TRAILER_SIZE, SNAP_TRAILER_SIZE);
}

snap_status reader_is_boundary(snap_reader *r, uint64_t offset, int *yes)
{
    const uint8_t *data;
    size_t got;
    STATUS_RETURN_IF_ERROR(reader_window(r, offset, SNAP_CHUNK_HEADER_SIZE, &data, &got));
    *yes = got == 0 || is_header(data, got) || is_trailer(data, got);
    return SNAP_OK;
}

snap_status reader_resync(snap_reader *r, uint64_t from)
{
    const uint8_t *data;
    size_t got;
    for (uint64_t at = from;;) {
        STATUS_RETURN_IF_ERROR(reader_window(r, at, SCAN, &data, &got));
        for (size_t i = 0; i < got; i++) {
            if (data[i] == CHUNK_MAGIC_0 && is_header(data + i, got - i)) {
                r->offset = at + i;
                return SNAP_OK;
            }
        }
        if (got < SCAN) {
            /* The end: a trailer may stand right before it. */
            r->offset = at + got;
            if (ends_with_trailer(data, got)) r->offset -= SNAP_TRAILER_SIZE;
            return SNAP_OK;
        }
        /* A header or trailer may begin in the last bytes of what was seen. */
        at += got - (SNAP_CHUNK_HEADER_SIZE - 1);
    }
}

snap_status reader_check_total(snap_reader *r)
{
    const struct batch_column *c = r->batch.column;
    uint32_t rows = r->batch.header.rows;
    uint64_t kinds = 0;
    int agree = 1;
    if (r->sought) return SNAP_OK;
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t kind = c[0].values[i];
        if (kind > SNAP_KIND_LAST) continue; /* a newer kind, skipped */
        agree &= c[1].values[i] == r->seen_chunks[kind] && c[2].values[i] == r->seen_rows[kind] &&
                 c[3].values[i] == r->seen_raw[kind] && c[4].values[i] == r->seen_stored[kind];
        kinds |= (uint64_t)1 << kind;
    }
    for (unsigned kind = 1; kind < SNAP_KIND_INDEX; kind++) {
        agree &= r->seen_chunks[kind] == 0 || (kinds >> kind & 1);
    }
    /* Damage that was told already explains a difference. */
    if (agree || r->summary.damaged) return SNAP_OK;
    return reader_damage(r, SNAP_E_CORRUPT, r->batch.offset,
                         "the file's totals differ from what it holds");
}

/* The trailer is at r->offset: nothing may follow, and its offsets must be what was seen. */
static snap_status check_trailer(snap_reader *r, const uint8_t *data)
{
    uint64_t index = 0, total = 0, at = r->offset;
    size_t got;
    int sound = chunk_trailer_get(data, &index, &total) == 0;
    r->offset += SNAP_TRAILER_SIZE;
    int agree = index == r->index_offset && total == r->total_offset && total != 0;
    if (!sound) {
        STATUS_RETURN_IF_ERROR(
            reader_damage(r, SNAP_E_CORRUPT, at, "the trailer's checksum does not match"));
    } else if (!agree && !r->sought && r->summary.damaged == 0) {
        STATUS_RETURN_IF_ERROR(reader_damage(r, SNAP_E_CORRUPT, at,
                                             "the trailer points to other places than the index "
                                             "and the totals"));
    }
    STATUS_RETURN_IF_ERROR(reader_window(r, r->offset, 1, &data, &got));
    r->closed_well = 1;
    if (got) {
        STATUS_RETURN_IF_ERROR(
            reader_damage(r, SNAP_E_CORRUPT, r->offset, "bytes follow the end of the file"));
    }
    r->status = SNAP_END;
    return SNAP_END;
}

snap_status reader_end(snap_reader *r)
{
    const uint8_t *data;
    size_t got;
    uint64_t at = r->offset;
    STATUS_RETURN_IF_ERROR(reader_window(r, at, SNAP_CHUNK_HEADER_SIZE, &data, &got));
    uint64_t index, total;
    if (got >= SNAP_TRAILER_SIZE && chunk_trailer_get(data, &index, &total) >= 0)
        return check_trailer(r, data);
    if (got < SNAP_CHUNK_HEADER_SIZE && !ends_with_trailer(data, got)) {
        /* Fewer bytes than a header has: the end is missing, here or a few bytes on. */
        if (!r->told_end) {
            STATUS_RETURN_IF_ERROR(reader_damage(r, SNAP_E_TRUNCATED, at,
                                                 "the file is incomplete: its end is missing"));
        }
        r->offset = at + got;
        r->status = SNAP_END;
        return SNAP_END;
    }
    STATUS_RETURN_IF_ERROR(
        reader_damage(r, SNAP_E_CORRUPT, at, "a chunk header was expected here"));
    return reader_resync(r, at + 1);
}
