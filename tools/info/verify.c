/* SPDX-License-Identifier: MIT */
/*
 * --verify: the reader checks headers, checksums, encodings and the structure of columns, and tells
 * what is damaged; here are the rules between chunks: order, snapshots, definitions, counts, index.
 */
#include "verify.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/progress.h"

bool ranges_add(struct ranges *r, uint64_t first, uint64_t n, bool *rises)
{
    uint64_t end = n > UINT64_MAX - first ? UINT64_MAX : first + n;
    *rises = r->n == 0 || first >= r->at[r->n - 1].end;
    if (!*rises) return true;
    if (r->n && first == r->at[r->n - 1].end) {
        r->at[r->n - 1].end = end;
        return true;
    }
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 16;
        struct range *at = realloc(r->at, cap * sizeof *at);
        if (!at) return false;
        r->at = at;
        r->cap = cap;
    }
    r->at[r->n++] = (struct range){ first, end };
    return true;
}

bool ranges_has(const struct ranges *r, uint64_t x)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x >= r->at[middle].end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < r->n && x >= r->at[low].first;
}

void ranges_clear(struct ranges *r)
{
    r->n = 0;
}

void verify_finding(struct verify *v, enum info_severity severity, enum verify_rule rule,
                    unsigned kind, uint64_t offset, const char *format, ...)
{
    struct info_verdict *out = v->out;
    if (severity == FINDING_ERROR) out->whole = false;
    for (size_t i = 0; i < out->n; i++) {
        struct info_finding *f = &out->findings[i];
        if (f->rule != (unsigned)rule || f->kind != kind || f->severity != severity) continue;
        f->count++;
        return;
    }
    struct info_finding *findings = realloc(out->findings, (out->n + 1) * sizeof *findings);
    if (!findings) {
        v->failed = true;
        return;
    }
    out->findings = findings;
    struct info_finding *f = &findings[out->n++];
    *f = (struct info_finding){ .severity = severity, .kind = kind, .rule = rule,
                                .offset = offset, .count = 1 };
    va_list args;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
}

/* The end of the open snapshot: what must be known by now. */
static int verify_close_snapshot(struct verify *v)
{
    int status = verify_targets(v);
    v->out->snapshots++;
    ranges_clear(&v->objects);
    u64set_clear(&v->ids);
    memset(v->rows, 0, sizeof v->rows);
    v->ids_needed = v->recheck = false;
    v->snapshot = 0;
    return status;
}

static int verify_begin(struct verify *v, const snap_batch *b)
{
    uint64_t offset = snap_batch_offset(b);
    uint32_t number = snap_batch_snapshot(b);
    int status = 0;
    if (snap_batch_rows(b) != 1)
        verify_finding(v, FINDING_ERROR, RULE_ONE_ROW, SNAP_KIND_BEGIN, offset,
                       "a begin chunk has %u rows instead of one", (unsigned)snap_batch_rows(b));
    if (v->snapshot) {
        verify_finding(v, FINDING_ERROR, RULE_UNFINISHED, 0, offset,
                       "snapshot %u begins before snapshot %u ends", (unsigned)number,
                       (unsigned)v->snapshot);
        status = verify_close_snapshot(v);
    }
    if (number != v->last_snapshot + 1)
        verify_finding(v, FINDING_ERROR, RULE_ORDER, SNAP_KIND_BEGIN, offset,
                       "snapshot %u follows snapshot %u", (unsigned)number,
                       (unsigned)v->last_snapshot);
    v->snapshot = v->last_snapshot = number;
    v->begin_offset = offset;
    return status;
}

static bool verify_count(struct verify *v, const snap_batch *b, const char *what, uint64_t said,
                         uint64_t read)
{
    if (said == read) return true;
    /* A recovered file lacks rows and says so: its snapshot is not complete, that is all. */
    verify_finding(v, v->recovered ? FINDING_WARNING : FINDING_ERROR, RULE_COUNTS,
                   SNAP_KIND_FINISH, snap_batch_offset(b),
                   "the end of snapshot %u counts %llu %s, but %llu were read",
                   (unsigned)v->snapshot, (unsigned long long)said, what,
                   (unsigned long long)read);
    return false;
}

static int verify_finish(struct verify *v, const snap_batch *b)
{
    uint64_t offset = snap_batch_offset(b);
    snap_finish finish;
    if (snap_batch_rows(b) != 1)
        verify_finding(v, FINDING_ERROR, RULE_ONE_ROW, SNAP_KIND_FINISH, offset,
                       "a finish chunk has %u rows instead of one", (unsigned)snap_batch_rows(b));
    if (!v->snapshot) return 0; /* verify_scope has told */
    snap_batch_finish(b, 0, &finish);
    bool objects = verify_count(v, b, "objects", finish.objects, v->rows[SNAP_KIND_OBJECT]);
    bool edges = verify_count(v, b, "references", finish.edges, v->rows[SNAP_KIND_EDGE]);
    bool roots = verify_count(v, b, "roots", finish.roots, v->rows[SNAP_KIND_ROOT]);
    if (finish.flags & ~SNAP_FINISH_COMPLETE)
        verify_finding(v, FINDING_ERROR, RULE_FLAGS, SNAP_KIND_FINISH, offset,
                       "reserved flags are set: 0x%x", (unsigned)finish.flags);
    if (!(finish.flags & SNAP_FINISH_COMPLETE)) {
        verify_finding(v, FINDING_NOTE, RULE_INCOMPLETE, SNAP_KIND_FINISH, offset,
                       "snapshot %u says of itself that it is not complete",
                       (unsigned)v->snapshot);
    } else if (objects && edges && roots) {
        v->out->complete++;
    }
    return verify_close_snapshot(v);
}

/* Whether the chunk may stand here: kinds of a snapshot within it, definitions outside of all. */
static void verify_scope(struct verify *v, const snap_batch *b)
{
    static const uint64_t of_file = INFO_BIT(SNAP_KIND_STRING) | INFO_BIT(SNAP_KIND_TYPE) |
                                    INFO_BIT(SNAP_KIND_FRAME) | INFO_BIT(SNAP_KIND_STACK) |
                                    INFO_BIT(SNAP_KIND_MODULE) | INFO_BIT(SNAP_KIND_INDEX) |
                                    INFO_BIT(SNAP_KIND_TOTAL);
    static const uint64_t of_either = INFO_BIT(SNAP_KIND_METADATA) | INFO_BIT(SNAP_KIND_LABEL) |
                                      INFO_BIT(SNAP_KIND_EVENT) | INFO_BIT(SNAP_KIND_SAMPLE);
    unsigned kind = snap_batch_kind(b);
    uint32_t snapshot = snap_batch_snapshot(b);
    uint64_t offset = snap_batch_offset(b);
    if (INFO_BIT(kind) & of_file) {
        if (snapshot)
            verify_finding(v, FINDING_ERROR, RULE_SCOPE, kind, offset,
                           "%s rows belong to snapshot %u instead of the file",
                           info_kind_name(kind), (unsigned)snapshot);
    } else if (snapshot != v->snapshot && !(snapshot == 0 && (INFO_BIT(kind) & of_either))) {
        if (snapshot == 0) {
            verify_finding(v, FINDING_ERROR, RULE_SCOPE, kind, offset,
                           "%s rows belong to no snapshot", info_kind_name(kind));
        } else {
            verify_finding(v, FINDING_ERROR, RULE_SCOPE, kind, offset,
                           "%s rows of snapshot %u stand outside of its begin and finish",
                           info_kind_name(kind), (unsigned)snapshot);
        }
    }
    if (v->total_offset)
        verify_finding(v, FINDING_ERROR, RULE_ORDER, SNAP_KIND_TOTAL, offset,
                       "a chunk follows the totals");
}

/* What `first` must be, where it counts rows or names a place (3.2). Only while nothing is lost. */
static void verify_first(struct verify *v, const snap_batch *b)
{
    unsigned kind = snap_batch_kind(b);
    uint64_t want, got = snap_batch_first(b);
    if (v->out->damage.total || v->recovered) return;
    switch (kind) {
    case SNAP_KIND_STRING:
    case SNAP_KIND_TYPE:
    case SNAP_KIND_FRAME:
    case SNAP_KIND_STACK:
    case SNAP_KIND_THREAD:
    case SNAP_KIND_MODULE: return; /* ids: verify_define */
    case SNAP_KIND_INDEX: want = v->index_offset; break;
    case SNAP_KIND_TOTAL: want = 0; break;
    default: want = snap_batch_snapshot(b) ? v->rows[kind] : v->rows_of_file[kind]; break;
    }
    if (got != want)
        verify_finding(v, FINDING_ERROR, RULE_FIRST, kind, snap_batch_offset(b),
                       "`first` of a chunk of %s rows is %llu instead of %llu",
                       info_kind_name(kind), (unsigned long long)got, (unsigned long long)want);
}

static int verify_batch(struct verify *v, const snap_batch *b)
{
    unsigned kind = snap_batch_kind(b);
    int status = 0;
    if (kind == 0 || kind >= INFO_KINDS) return 0;
    v->out->chunks++;
    v->out->rows += snap_batch_rows(b);
    if (kind == SNAP_KIND_BEGIN) status = verify_begin(v, b);
    verify_scope(v, b);
    verify_first(v, b);
    if (kind == SNAP_KIND_INDEX) {
        verify_index(v, b);
        return status;
    }
    if (kind == SNAP_KIND_TOTAL) {
        verify_total(v, b);
        return status;
    }
    verify_note_chunk(v, b);
    (snap_batch_snapshot(b) ? v->rows : v->rows_of_file)[kind] += snap_batch_rows(b);
    verify_rows(v, b);
    if (kind == SNAP_KIND_FINISH && !status) status = verify_finish(v, b);
    return status;
}

/* After the last chunk: what the reader found, and what is missing. */
static int verify_end(struct verify *v, const snap_reader *r)
{
    snap_reader_summary summary;
    int status = 0;
    if (v->snapshot) {
        verify_finding(v, FINDING_ERROR, RULE_UNFINISHED, 0, v->begin_offset,
                       "snapshot %u does not end", (unsigned)v->snapshot);
        status = verify_close_snapshot(v);
    }
    verify_no_part(v);
    snap_reader_get_summary(r, &summary);
    for (size_t i = 0; i < v->out->damage.n; i++) {
        const snap_error *e = &v->out->damage.at[i];
        verify_finding(v, FINDING_ERROR, RULE_DAMAGE, (unsigned)-e->code, e->offset, "%.150s",
                       e->text);
    }
    if (!summary.complete && v->out->damage.n == 0)
        verify_finding(v, FINDING_ERROR, RULE_INCOMPLETE, 0, summary.bytes,
                       "the file is not complete");
    if (summary.lost_chunks)
        verify_finding(v, FINDING_ERROR, RULE_ORDER, 0, summary.first_damage,
                       "chunks missing by their sequence numbers: %llu",
                       (unsigned long long)summary.lost_chunks);
    return status;
}

static bool verify_says(const snap_batch *b, uint32_t row, unsigned column, const char *word)
{
    size_t n = 0;
    const char *s = snap_batch_bytes(b, column, row, &n);
    return s && n == strlen(word) && memcmp(s, word, n) == 0;
}

/* What metadata changes in the rules, wherever in the file it stands. */
static int verify_metadata_first(struct verify *v)
{
    snap_reader *r;
    snap_error err;
    const snap_batch *b;
    snap_status s;
    if (info_reader(&r, v->in, INFO_BIT(SNAP_KIND_METADATA), NULL, &err)) return STATUS_UNUSABLE;
    while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK)
        for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
            if (verify_says(b, i, SNAP_COL_PAIR_KEY, "recover.lost_chunks")) v->recovered = true;
            if (verify_says(b, i, SNAP_COL_PAIR_KEY, "values"))
                v->values = verify_says(b, i, SNAP_COL_PAIR_VALUE, "yes");
        }
    snap_reader_close(r);
    return s == SNAP_END ? 0 : info_failed(v->in, &err);
}

/* Findings by offset, those of one place in the order met: there are few. */
static void verify_sort(struct info_verdict *out)
{
    for (size_t i = 1; i < out->n; i++) {
        struct info_finding f = out->findings[i];
        size_t at = i;
        for (; at > 0 && out->findings[at - 1].offset > f.offset; at--)
            out->findings[at] = out->findings[at - 1];
        out->findings[at] = f;
    }
}

static int verify_read(struct verify *v)
{
    snap_reader *r;
    snap_error err;
    const snap_batch *b;
    snap_status s = SNAP_OK;
    struct progress progress;
    int status = 0;
    if (info_reader(&r, v->in, INFO_ALL_KINDS, &v->out->damage, &err)) return STATUS_UNUSABLE;
    progress_begin(&progress, v->in->path, v->in->size, PROGRESS_BYTES);
    while (!status && !v->failed && (s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
        status = verify_batch(v, b);
        progress_set(&progress, snap_batch_offset(b));
    }
    progress_end(&progress);
    if (!status && s == SNAP_END) status = verify_end(v, r);
    snap_reader_close(r);
    if (v->failed) return message_no_memory("the check of a file");
    if (!status && s != SNAP_END) status = info_failed(v->in, &err);
    return status;
}

int info_verify(struct info_verdict *verdict, const struct info_input *in)
{
    struct verify v = { .out = verdict, .in = in };
    *verdict = (struct info_verdict){ .whole = true };
    int status = verify_metadata_first(&v);
    if (!status) status = verify_read(&v);
    verify_sort(verdict);
    for (size_t i = 0; i < INFO_KINDS; i++) free(v.defined[i].at);
    free(v.objects.at);
    free(v.pending);
    u64set_free(&v.ids);
    snap_reader_close(v.again);
    if (status) info_verdict_free(verdict);
    return status;
}

void info_verdict_free(struct info_verdict *verdict)
{
    free(verdict->findings);
    free(verdict->damage.at);
    *verdict = (struct info_verdict){ 0 };
}
