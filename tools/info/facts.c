/* SPDX-License-Identifier: MIT */
/*
 * What a file says of itself. A whole file has its totals in its last chunk, so two readings are
 * enough: one of the small kinds, and, where that shows damage or an early end, one of everything.
 */
#include "info.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "encode.h"

enum {
    FACTS_MAX_TEXT = 64 << 20, /* bytes of keys, values and reasons that are kept */
    FACTS_MAX_ROWS = 1000000   /* rows of keys and values that are looked at */
};

/* Kinds that hold facts; a few chunks a file. */
#define FACTS_KINDS                                                                                \
    (INFO_BIT(SNAP_KIND_METADATA) | INFO_BIT(SNAP_KIND_LABEL) | INFO_BIT(SNAP_KIND_COUNTER) |      \
     INFO_BIT(SNAP_KIND_BEGIN) | INFO_BIT(SNAP_KIND_FINISH) | INFO_BIT(SNAP_KIND_TOTAL))

void info_facts_free(struct info_facts *f)
{
    free(f->damage.at);
    free(f->pairs);
    u64map_free(&f->pair_of);
    free(f->snapshots);
    text_free(&f->text);
    *f = (struct info_facts){ 0 };
}

/* The snapshot of that number, made where it is new; NULL beyond the limit or without memory. They
 * come in rising order, so the last one is nearly always the one; else a search. */
static struct info_snapshot *facts_snapshot(struct info_facts *f, uint32_t number)
{
    for (size_t i = f->n_snapshots; i > 0 && f->snapshots[i - 1].number >= number; i--)
        if (f->snapshots[i - 1].number == number) return &f->snapshots[i - 1];
    if (number == 0 || f->n_snapshots == INFO_MAX_SNAPSHOTS) {
        f->lost_snapshots += number != 0;
        return NULL;
    }
    if ((f->n_snapshots & (f->n_snapshots - 1)) == 0) {
        size_t cap = f->n_snapshots ? f->n_snapshots * 2 : 1;
        struct info_snapshot *s = realloc(f->snapshots, cap * sizeof *s);
        if (!s) {
            f->text.failed = true;
            return NULL;
        }
        f->snapshots = s;
    }
    size_t at = f->n_snapshots++;
    for (; at > 0 && f->snapshots[at - 1].number > number; at--)
        f->snapshots[at] = f->snapshots[at - 1];
    f->snapshots[at] = (struct info_snapshot){ .number = number };
    return &f->snapshots[at];
}

/* Keeps *n bytes of text (none where there are too many already); returns where. */
static size_t facts_keep(struct info_facts *f, const char *s, size_t *n)
{
    size_t at = f->text.n;
    if (!s || *n > FACTS_MAX_TEXT - f->text.n) *n = 0;
    text_add(&f->text, s ? s : "", *n);
    return at;
}

/* The pair of that key, made where it is new; NULL beyond the limits or without memory. */
static struct info_pair *facts_pair(struct info_facts *f, unsigned kind, uint32_t snapshot,
                                    const char *key, size_t key_n)
{
    uint64_t hash = encode_checksum(key, key_n) ^ ((uint64_t)snapshot << 8 | kind);
    const uint64_t *known = u64map_get(&f->pair_of, hash);
    if (f->text.failed) return NULL;
    if (known) {
        struct info_pair *p = &f->pairs[*known - 1];
        if (p->kind == kind && p->snapshot == snapshot && p->key_n == key_n &&
            memcmp(f->text.s + p->key, key, key_n) == 0)
            return p;
        /* Two keys of one hash: both are listed, and of the second every row. */
    }
    if (f->n_pairs == INFO_MAX_PAIRS) {
        f->lost_pairs++;
        return NULL;
    }
    if (!f->pairs) f->pairs = malloc(INFO_MAX_PAIRS * sizeof *f->pairs);
    uint64_t *index = f->pairs ? u64map_put(&f->pair_of, hash, NULL) : NULL;
    if (!index) {
        f->text.failed = true;
        return NULL;
    }
    struct info_pair *p = &f->pairs[f->n_pairs++];
    *p = (struct info_pair){ .kind = kind, .snapshot = snapshot, .key_n = key_n };
    p->key = facts_keep(f, key, &p->key_n);
    *index = f->n_pairs;
    return f->text.failed ? NULL : p;
}

/* Rows of metadata, labels, counters. The last row of a key holds, in the place of the first. */
static void facts_pairs(struct info_facts *f, const snap_batch *b)
{
    unsigned kind = snap_batch_kind(b);
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        size_t key_n = 0, value_n = 0;
        const char *key = snap_batch_bytes(b, SNAP_COL_PAIR_KEY, i, &key_n), *value = NULL;
        if (!key || ++f->pair_rows > FACTS_MAX_ROWS) {
            f->lost_pairs++;
            continue;
        }
        struct info_pair *p = facts_pair(f, kind, snap_batch_snapshot(b), key, key_n);
        if (!p) continue;
        if (kind == SNAP_KIND_COUNTER) {
            p->number = snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, i);
        } else {
            value = snap_batch_bytes(b, SNAP_COL_PAIR_VALUE, i, &value_n);
            p->value_n = value_n;
            p->value = facts_keep(f, value, &p->value_n);
        }
    }
}

static void facts_begin(struct info_facts *f, const snap_batch *b)
{
    struct info_snapshot *s = facts_snapshot(f, snap_batch_snapshot(b));
    snap_begin begin;
    if (!s || s->begun) return;
    snap_batch_begin(b, 0, &begin);
    s->begun = true;
    s->wall_ns = begin.wall_ns;
    s->mono_ns = begin.mono_ns;
    s->reason_n = begin.reason_size;
    s->reason = facts_keep(f, begin.reason, &s->reason_n);
}

static void facts_finish(struct info_facts *f, const snap_batch *b)
{
    struct info_snapshot *s = facts_snapshot(f, snap_batch_snapshot(b));
    if (!s || s->finished) return;
    snap_batch_finish(b, 0, &s->finish);
    s->finished = true;
}

static void facts_totals(struct info_facts *f, const snap_batch *b)
{
    const uint64_t *kind = snap_batch_u64(b, SNAP_COL_TOTAL_KIND);
    const uint64_t *chunks = snap_batch_u64(b, SNAP_COL_TOTAL_CHUNKS);
    const uint64_t *rows = snap_batch_u64(b, SNAP_COL_TOTAL_ROWS);
    const uint64_t *raw = snap_batch_u64(b, SNAP_COL_TOTAL_RAW);
    const uint64_t *stored = snap_batch_u64(b, SNAP_COL_TOTAL_STORED);
    if (!kind || !chunks || !rows || !raw || !stored) return;
    for (uint32_t i = 0; i < snap_batch_rows(b); i++)
        if (kind[i] < INFO_KINDS)
            f->totals[kind[i]] = (struct info_total){ chunks[i], rows[i], raw[i], stored[i] };
    f->has_totals = true;
}

/* Counts a chunk, when everything is read. */
static void facts_count(struct info_facts *f, const snap_batch *b)
{
    unsigned kind = snap_batch_kind(b);
    uint64_t rows = snap_batch_rows(b);
    if (kind >= SNAP_KIND_INDEX) return;
    struct info_total *t = &f->totals[kind];
    t->chunks++;
    t->rows += rows;
    t->raw += snap_batch_raw_size(b);
    t->stored += snap_batch_stored_size(b);
    struct info_snapshot *s = facts_snapshot(f, snap_batch_snapshot(b));
    if (!s) return;
    s->counted = true;
    s->objects += kind == SNAP_KIND_OBJECT ? rows : 0;
    s->edges += kind == SNAP_KIND_EDGE ? rows : 0;
    s->roots += kind == SNAP_KIND_ROOT ? rows : 0;
}

static void facts_batch(struct info_facts *f, const snap_batch *b)
{
    if (f->by_reading) facts_count(f, b);
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_METADATA:
    case SNAP_KIND_LABEL:
    case SNAP_KIND_COUNTER: facts_pairs(f, b); break;
    case SNAP_KIND_BEGIN: facts_begin(f, b); break;
    case SNAP_KIND_FINISH: facts_finish(f, b); break;
    case SNAP_KIND_TOTAL:
        if (!f->by_reading) facts_totals(f, b);
        break;
    default: break;
    }
}

/* One reading; everything where f->by_reading. */
static int facts_read(struct info_facts *f, const struct info_input *in)
{
    snap_reader *r;
    snap_error err;
    const snap_batch *b;
    snap_reader_summary summary;
    struct progress progress;
    snap_status s = SNAP_OK;
    if (info_reader(&r, in, f->by_reading ? INFO_ALL_KINDS : FACTS_KINDS, &f->damage, &err))
        return STATUS_UNUSABLE;
    f->size = in->size;
    progress_begin(&progress, in->path, in->size, PROGRESS_BYTES);
    while (!f->text.failed && (s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
        facts_batch(f, b);
        snap_reader_get_summary(r, &summary);
        progress_set(&progress, summary.bytes);
    }
    progress_end(&progress);
    snap_reader_info(r, &f->file);
    snap_reader_get_summary(r, &f->summary);
    snap_reader_close(r);
    if (f->text.failed) return message_no_memory("the facts of a file");
    return s == SNAP_END ? 0 : info_failed(in, &err);
}

/* By snapshot, then by the first row of the key: keys are kept in the order in which they came. */
static int facts_compare(const void *a, const void *b)
{
    const struct info_pair *x = a, *y = b;
    if (x->snapshot != y->snapshot) return x->snapshot < y->snapshot ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

int info_facts(struct info_facts *f, const struct info_input *in)
{
    *f = (struct info_facts){ 0 };
    int status = facts_read(f, in);
    if (status == 0 && !(f->summary.complete && f->has_totals)) {
        info_facts_free(f);
        f->by_reading = true;
        status = facts_read(f, in);
    }
    if (status) {
        info_facts_free(f);
    } else {
        if (f->n_pairs > 1) qsort(f->pairs, f->n_pairs, sizeof *f->pairs, facts_compare);
        u64map_free(&f->pair_of); /* its indexes are no longer right */
    }
    return status;
}

bool info_snapshot_complete(const struct info_facts *f, const struct info_snapshot *s)
{
    if (!s->begun || !s->finished || !(s->finish.flags & SNAP_FINISH_COMPLETE)) return false;
    if (!f->by_reading) return true;
    return s->objects == s->finish.objects && s->edges == s->finish.edges &&
           s->roots == s->finish.roots;
}

size_t info_pairs_of(const struct info_facts *f, uint32_t snapshot, size_t *first)
{
    size_t low = 0, high = f->n_pairs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->pairs[middle].snapshot < snapshot) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *first = low;
    while (low < f->n_pairs && f->pairs[low].snapshot == snapshot) low++;
    return low;
}
