/* SPDX-License-Identifier: MIT */
/*
 * --verify: do the targets of a snapshot's references and roots exist? A target may stand anywhere
 * in the snapshot, so this is a second reading, of its EDGE, ROOT and VALUE chunks only, and only
 * where the first could not tell: where objects are named by id, or by an ordinal yet to come.
 */
#include "verify.h"

#include "cli/message.h"

static void verify_target_ids(struct verify *v, const snap_batch *b, unsigned column)
{
    const uint64_t *ids = snap_batch_u64(b, column);
    uint64_t last = 0;
    for (uint32_t i = 0; ids && i < snap_batch_rows(b); i++) {
        if (ids[i] == last) continue;
        if (u64set_has(&v->ids, ids[i])) {
            last = ids[i];
            continue;
        }
        verify_finding(v, FINDING_WARNING, RULE_TARGET, snap_batch_kind(b), snap_batch_offset(b),
                       "%s rows lead to object 0x%llx, which is not in snapshot %u",
                       info_kind_name(snap_batch_kind(b)), (unsigned long long)ids[i],
                       (unsigned)v->snapshot);
    }
}

static void verify_target_ordinals(struct verify *v, const snap_batch *b, unsigned column)
{
    const uint64_t *ordinals = snap_batch_u64(b, column);
    for (uint32_t i = 0; ordinals && i < snap_batch_rows(b); i++) {
        if (ranges_has(&v->objects, ordinals[i])) continue;
        verify_finding(v, FINDING_WARNING, RULE_TARGET, snap_batch_kind(b), snap_batch_offset(b),
                       "%s rows lead to object ordinal %llu, which is not in snapshot %u",
                       info_kind_name(snap_batch_kind(b)), (unsigned long long)ordinals[i],
                       (unsigned)v->snapshot);
    }
}

static void verify_target_batch(struct verify *v, const snap_batch *b)
{
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_EDGE:
        verify_target_ids(v, b, SNAP_COL_EDGE_TARGET);
        verify_target_ordinals(v, b, SNAP_COL_EDGE_TARGET_ORDINAL);
        break;
    case SNAP_KIND_ROOT:
        verify_target_ids(v, b, SNAP_COL_ROOT_OBJECT);
        verify_target_ordinals(v, b, SNAP_COL_ROOT_OBJECT_ORDINAL);
        break;
    case SNAP_KIND_VALUE: verify_target_ordinals(v, b, SNAP_COL_VALUE_OBJECT); break;
    default: break;
    }
}

/* Opens the second reader, once a file: its index is as long as the file, snapshots may be many. */
static int verify_open_again(struct verify *v)
{
    const uint64_t kinds =
        INFO_BIT(SNAP_KIND_EDGE) | INFO_BIT(SNAP_KIND_ROOT) | INFO_BIT(SNAP_KIND_VALUE);
    snap_error err;
    if (v->again) return 0;
    if (info_reader(&v->again, v->in, kinds, NULL, &err)) return STATUS_UNUSABLE;
    if (snap_reader_load_index(v->again, &v->again_chunks, &err) == SNAP_OK) return 0;
    return info_failed(v->in, &err);
}

int verify_targets(struct verify *v)
{
    snap_error err;
    const snap_batch *b;
    if (!v->ids_needed && !v->recheck) return 0;
    int status = verify_open_again(v);
    if (status) return status;
    /* Start at the snapshot's first chunk, which stands behind that of the one before; end where
     * its chunks end. */
    snap_reader *r = v->again;
    size_t *i = &v->again_at;
    while (*i < v->again_chunks && snap_reader_chunk(r, *i)->offset < v->begin_offset) ++*i;
    snap_status s = snap_reader_seek(r, *i, &err);
    while (s == SNAP_OK && (s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
        if (snap_batch_snapshot(b) > v->snapshot) break;
        if (snap_batch_snapshot(b) == v->snapshot) verify_target_batch(v, b);
    }
    return s == SNAP_OK || s == SNAP_END ? 0 : info_failed(v->in, &err);
}
