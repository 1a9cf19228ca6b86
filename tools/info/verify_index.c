/* SPDX-License-Identifier: MIT */
/* --verify: do index and totals say what the file holds? */
#include "verify.h"

#include <stdlib.h>

/* An honest writer makes an index after every 4,096 chunks. Beyond this many, the file has none,
 * and the rest is not held against it. */
enum { VERIFY_MAX_PENDING = 1 << 20 };

void verify_note_chunk(struct verify *v, const snap_batch *b)
{
    struct info_total *t = &v->totals[snap_batch_kind(b)];
    t->chunks++;
    t->rows += snap_batch_rows(b);
    t->raw += snap_batch_raw_size(b);
    t->stored += snap_batch_stored_size(b);
    if (v->n_pending == VERIFY_MAX_PENDING) return;
    if (v->n_pending == v->cap_pending) {
        size_t cap = v->cap_pending ? v->cap_pending * 2 : 1024;
        struct verify_chunk *pending = realloc(v->pending, cap * sizeof *pending);
        if (!pending) {
            v->failed = true;
            return;
        }
        v->pending = pending;
        v->cap_pending = cap;
    }
    v->pending[v->n_pending++] = (struct verify_chunk){
        .offset = snap_batch_offset(b), .first = snap_batch_first(b), .rows = snap_batch_rows(b),
        .snapshot = snap_batch_snapshot(b), .stored = (uint32_t)snap_batch_stored_size(b),
        .kind = snap_batch_kind(b)
    };
}

void verify_index(struct verify *v, const snap_batch *b)
{
    const uint64_t *offset = snap_batch_u64(b, SNAP_COL_INDEX_OFFSET);
    const uint64_t *kind = snap_batch_u64(b, SNAP_COL_INDEX_KIND);
    const uint64_t *rows = snap_batch_u64(b, SNAP_COL_INDEX_ROWS);
    const uint64_t *snapshot = snap_batch_u64(b, SNAP_COL_INDEX_SNAPSHOT);
    const uint64_t *first = snap_batch_u64(b, SNAP_COL_INDEX_FIRST);
    const uint64_t *stored = snap_batch_u64(b, SNAP_COL_INDEX_STORED);
    size_t at = 0;
    v->index_offset = snap_batch_offset(b);
    if (!offset || !kind || !rows || !snapshot || !first || !stored) return; /* reader has told */
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        const struct verify_chunk *c = at < v->n_pending ? &v->pending[at] : NULL;
        if (kind[i] >= INFO_KINDS) continue; /* a kind that is not known here was skipped */
        if (c && c->offset == offset[i] && c->kind == kind[i] && c->rows == rows[i] &&
            c->snapshot == snapshot[i] && c->first == first[i] && c->stored == stored[i]) {
            at++;
            continue;
        }
        verify_finding(v, FINDING_ERROR, RULE_INDEX, SNAP_KIND_INDEX, snap_batch_offset(b),
                       "row %u of the index does not describe the chunk at offset %llu",
                       (unsigned)i, (unsigned long long)offset[i]);
        /* Go on with the chunk that it means, if there is one. */
        while (at < v->n_pending && v->pending[at].offset <= offset[i]) at++;
    }
    if (at < v->n_pending)
        verify_finding(v, FINDING_ERROR, RULE_INDEX, SNAP_KIND_TOTAL, snap_batch_offset(b),
                       "the index lacks the chunk at offset %llu",
                       (unsigned long long)v->pending[at].offset);
    v->n_pending = 0;
}

void verify_total(struct verify *v, const snap_batch *b)
{
    const uint64_t *kind = snap_batch_u64(b, SNAP_COL_TOTAL_KIND);
    const uint64_t *chunks = snap_batch_u64(b, SNAP_COL_TOTAL_CHUNKS);
    const uint64_t *rows = snap_batch_u64(b, SNAP_COL_TOTAL_ROWS);
    const uint64_t *raw = snap_batch_u64(b, SNAP_COL_TOTAL_RAW);
    const uint64_t *stored = snap_batch_u64(b, SNAP_COL_TOTAL_STORED);
    uint64_t offset = snap_batch_offset(b), seen = 0;
    v->total_offset = offset;
    if (!kind || !chunks || !rows || !raw || !stored) return; /* the reader has told */
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        if (kind[i] == 0 || kind[i] >= INFO_KINDS) continue;
        const struct info_total *t = &v->totals[kind[i]];
        seen |= INFO_BIT(kind[i]);
        if (t->chunks != chunks[i] || t->rows != rows[i] || t->raw != raw[i] ||
            t->stored != stored[i])
            verify_finding(v, FINDING_ERROR, RULE_TOTAL, (unsigned)kind[i], offset,
                           "the totals of %s rows are not what was read: %llu of %llu rows",
                           info_kind_name((unsigned)kind[i]), (unsigned long long)t->rows,
                           (unsigned long long)rows[i]);
    }
    for (unsigned k = 1; k < SNAP_KIND_INDEX; k++)
        if (v->totals[k].chunks && !(seen & INFO_BIT(k)))
            verify_finding(v, FINDING_ERROR, RULE_TOTAL, k, offset, "the totals leave out %s rows",
                           info_kind_name(k));
    if (v->n_pending)
        verify_finding(v, FINDING_ERROR, RULE_INDEX, SNAP_KIND_TOTAL, offset,
                       "the index lacks the chunk at offset %llu",
                       (unsigned long long)v->pending[0].offset);
}
