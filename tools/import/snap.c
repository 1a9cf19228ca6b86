/* SPDX-License-Identifier: MIT */
/*
 * The project's own format as a source of records: one pass over the file with the streaming
 * reader, columns handed on as they were decoded. Kinds that the sink does not want are not
 * decompressed. Memory: the reader's; 16 MiB more for a wrapped file.
 */
#include "import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <snap/reader.h>

#include "cli/message.h"
#include "import/unwrap.h"

static const unsigned char magic[8] = { 0x89, 'S', 'N', 'A', 'P', '\r', '\n', 0x1a };

static int snap_bid(const unsigned char *head, size_t n)
{
    if (n >= sizeof magic && memcmp(head, magic, sizeof magic) == 0) return 100;
    return 0;
}

/* One reading of one file. */
struct reading {
    const char *path;
    const struct record_sink *sink;
    const struct import_options *options;
    snap_reader *reader;
    snap_string_joiner *joiner;
    bool damaged;
};

static void on_damage(void *opaque, const snap_error *what)
{
    struct reading *r = opaque;
    r->damaged = true;
    if (r->sink->damage) r->sink->damage(r->sink->opaque, what->offset, what->text);
}

static int on_string(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    struct reading *r = opaque;
    return r->sink->string(r->sink->opaque, id, (struct record_text){ bytes, size });
}

static struct record_text text_of(const snap_batch *b, unsigned column, uint32_t row)
{
    struct record_text t = { NULL, 0 };
    t.at = snap_batch_bytes(b, column, row, &t.size);
    if (!t.at) t = (struct record_text){ "", 0 };
    return t;
}

/* Metadata, labels, counters, samples, values: texts stand in the row. */
static int pass_pairs(struct reading *r, const snap_batch *b)
{
    const struct record_sink *k = r->sink;
    uint32_t snapshot = snap_batch_snapshot(b);
    const uint64_t *time = snap_batch_u64(b, SNAP_COL_PAIR_TIME);
    const uint64_t *object = snap_batch_u64(b, SNAP_COL_VALUE_OBJECT);
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        struct record_text key = text_of(b, SNAP_COL_PAIR_KEY, i);
        struct record_text value = text_of(b, SNAP_COL_PAIR_VALUE, i);
        int64_t number = snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, i);
        int status = RECORD_OK;
        switch (snap_batch_kind(b)) {
        case SNAP_KIND_METADATA:
            if (k->metadata) status = k->metadata(k->opaque, snapshot, key, value);
            break;
        case SNAP_KIND_LABEL:
            if (k->label) status = k->label(k->opaque, snapshot, key, value);
            break;
        case SNAP_KIND_COUNTER:
            if (k->counter) status = k->counter(k->opaque, snapshot, key, number);
            break;
        case SNAP_KIND_SAMPLE:
            if (k->sample)
                status = k->sample(k->opaque, snapshot, key, time ? time[i] : 0, number);
            break;
        default:
            if (k->value && object) status = k->value(k->opaque, snapshot, object[i], value);
        }
        if (status) return status;
    }
    return RECORD_OK;
}

static int pass_definitions(struct reading *r, const snap_batch *b)
{
    const struct record_sink *k = r->sink;
    uint64_t first = snap_batch_first(b);
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        int status = RECORD_OK;
        switch (snap_batch_kind(b)) {
        case SNAP_KIND_TYPE: {
            snap_type type;
            snap_batch_type(b, i, &type);
            if (k->type) status = k->type(k->opaque, first + i, &type);
            break;
        }
        case SNAP_KIND_FRAME: {
            snap_frame frame;
            snap_batch_frame(b, i, &frame);
            if (k->frame) status = k->frame(k->opaque, first + i, &frame);
            break;
        }
        case SNAP_KIND_STACK: {
            uint64_t parent, frame;
            snap_batch_stack(b, i, &parent, &frame);
            if (k->stack) status = k->stack(k->opaque, first + i, parent, frame);
            break;
        }
        case SNAP_KIND_MODULE: {
            snap_module module;
            snap_batch_module(b, i, &module);
            if (k->module) status = k->module(k->opaque, first + i, &module);
            break;
        }
        default: {
            snap_thread thread;
            snap_batch_thread(b, i, &thread);
            if (k->thread)
                status = k->thread(k->opaque, snap_batch_snapshot(b), first + i, &thread);
        }
        }
        if (status) return status;
    }
    return RECORD_OK;
}

static int pass_frame_of_snapshot(struct reading *r, const snap_batch *b)
{
    const struct record_sink *k = r->sink;
    uint32_t snapshot = snap_batch_snapshot(b);
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        int status = RECORD_OK;
        if (snap_batch_kind(b) == SNAP_KIND_BEGIN) {
            snap_begin begin;
            snap_batch_begin(b, i, &begin);
            if (k->begin) status = k->begin(k->opaque, snapshot, &begin);
        } else {
            snap_finish finish;
            snap_batch_finish(b, i, &finish);
            if (k->finish) status = k->finish(k->opaque, snapshot, &finish);
        }
        if (status) return status;
    }
    return RECORD_OK;
}

/* Objects, edges, roots, blocks and events: columns as they are. */
static int pass_columns(struct reading *r, const snap_batch *b)
{
    const struct record_sink *k = r->sink;
    struct record_batch batch = {
        .snapshot = snap_batch_snapshot(b),
        .rows = snap_batch_rows(b),
        .first = snap_batch_first(b),
        .offset = snap_batch_offset(b),
    };
    for (unsigned c = 1; c < RECORD_COLUMNS; c++) {
        batch.column[c].value = snap_batch_u64(b, c);
        if (batch.column[c].value) batch.column[c].present = snap_batch_present(b, c);
    }
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_OBJECT:
        return k->objects ? k->objects(k->opaque, &batch) : RECORD_OK;
    case SNAP_KIND_EDGE:
        /* The reader has filled it: a value for every row. */
        batch.edge_index = batch.column[SNAP_COL_EDGE_INDEX].value;
        batch.column[SNAP_COL_EDGE_INDEX].value = NULL;
        return k->edges ? k->edges(k->opaque, &batch) : RECORD_OK;
    case SNAP_KIND_BLOCK:
        return k->blocks ? k->blocks(k->opaque, &batch) : RECORD_OK;
    case SNAP_KIND_EVENT:
        return k->events ? k->events(k->opaque, &batch) : RECORD_OK;
    default:
        return k->roots ? k->roots(k->opaque, &batch) : RECORD_OK;
    }
}

static int pass_strings(struct reading *r, const snap_batch *b)
{
    switch (snap_string_joiner_feed(r->joiner, b)) {
    case SNAP_OK:
        return RECORD_OK;
    case SNAP_E_MEMORY:
        message_no_memory("the names in the snapshot");
        return RECORD_STOP;
    default:
        return RECORD_STOP;
    }
}

static int pass(struct reading *r, const snap_batch *b)
{
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_STRING:
        return pass_strings(r, b);
    case SNAP_KIND_METADATA:
    case SNAP_KIND_LABEL:
    case SNAP_KIND_COUNTER:
    case SNAP_KIND_SAMPLE:
    case SNAP_KIND_VALUE:
        return pass_pairs(r, b);
    case SNAP_KIND_TYPE:
    case SNAP_KIND_FRAME:
    case SNAP_KIND_STACK:
    case SNAP_KIND_MODULE:
    case SNAP_KIND_THREAD:
        return pass_definitions(r, b);
    case SNAP_KIND_BEGIN:
    case SNAP_KIND_FINISH:
        return pass_frame_of_snapshot(r, b);
    case SNAP_KIND_OBJECT:
    case SNAP_KIND_EDGE:
    case SNAP_KIND_ROOT:
    case SNAP_KIND_BLOCK:
    case SNAP_KIND_EVENT:
        return pass_columns(r, b);
    default:
        return RECORD_OK;
    }
}

static uint64_t wanted_kinds(const struct record_sink *k)
{
    uint64_t kinds = 0;
    const struct {
        unsigned kind;
        bool wanted;
    } all[] = {
        { SNAP_KIND_METADATA, k->metadata }, { SNAP_KIND_LABEL, k->label },
        { SNAP_KIND_COUNTER, k->counter },   { SNAP_KIND_STRING, k->string },
        { SNAP_KIND_TYPE, k->type },         { SNAP_KIND_FRAME, k->frame },
        { SNAP_KIND_STACK, k->stack },       { SNAP_KIND_THREAD, k->thread },
        { SNAP_KIND_MODULE, k->module },     { SNAP_KIND_BEGIN, k->begin },
        { SNAP_KIND_FINISH, k->finish },     { SNAP_KIND_OBJECT, k->objects },
        { SNAP_KIND_EDGE, k->edges },        { SNAP_KIND_ROOT, k->roots },
        { SNAP_KIND_SAMPLE, k->sample },     { SNAP_KIND_VALUE, k->value },
        { SNAP_KIND_BLOCK, k->blocks },      { SNAP_KIND_EVENT, k->events },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].wanted) kinds |= UINT64_C(1) << all[i].kind;
    /* A mask of 0 would ask for everything. */
    return kinds ? kinds : UINT64_C(1) << SNAP_KIND_BEGIN;
}

/* All chunks of the opened reader. */
static int pass_all(struct reading *r)
{
    const snap_batch *b;
    snap_error err;
    for (;;) {
        snap_status s = snap_reader_next(r->reader, &b, &err);
        if (s == SNAP_END) return RECORD_OK;
        if (s != SNAP_OK) {
            message_snap(r->path, &err, NULL);
            return RECORD_STOP;
        }
        int status = pass(r, b);
        if (status) return status;
        if (r->options && r->options->progress)
            r->options->progress(r->options->opaque, snap_batch_offset(b));
    }
}

/* ---- wrapped files ------------------------------------------------------------------------- */

/* The reader goes forward through a source without an index; what it asks for again lies in the
 * last block. */
struct wrapped {
    struct unwrap *stream;
    unsigned char *block; /* [SNAP_MAX_CHUNK_BYTES] */
    uint64_t start;       /* of the block in the contents */
    size_t size;
};

static int wrapped_read_at(void *opaque, uint64_t offset, void *data, size_t size, size_t *got)
{
    struct wrapped *w = opaque;
    *got = 0;
    while (*got < size) {
        if (offset < w->start) return ESPIPE;
        if (offset - w->start < w->size) {
            size_t at = (size_t)(offset - w->start), n = w->size - at;
            if (n > size - *got) n = size - *got;
            memcpy((char *)data + *got, w->block + at, n);
            *got += n;
            offset += n;
            continue;
        }
        w->start += w->size;
        w->size = unwrap_read(w->stream, w->block, SNAP_MAX_CHUNK_BYTES);
        if (w->size == 0) return 0;
    }
    return 0;
}

/* Opens `path`, through `w` where it is wrapped. */
static snap_status open_any(struct reading *r, struct wrapped *w, const snap_reader_options *ro,
                            snap_error *err)
{
    w->stream = unwrap_open(r->path, NULL);
    if (!w->stream || !unwrap_wrapper(w->stream))
        return snap_reader_open_path(&r->reader, r->path, ro, err);
    snap_source source = { .read_at = wrapped_read_at, .opaque = w, .size = UINT64_MAX };
    w->block = malloc(SNAP_MAX_CHUNK_BYTES);
    if (!w->block) {
        *err = (snap_error){ .code = SNAP_E_MEMORY, .offset = UINT64_MAX, .text = "no memory" };
        return SNAP_E_MEMORY;
    }
    return snap_reader_open_source(&r->reader, &source, ro, err);
}

static void close_wrapped(struct reading *r, struct wrapped *w)
{
    const struct unwrap_problem *p = w->stream ? unwrap_problem(w->stream) : NULL;
    if (p && r->sink->damage) r->sink->damage(r->sink->opaque, p->offset, p->text);
    unwrap_close(w->stream);
    free(w->block);
}

static int snap_read(const char *path, const struct record_sink *sink,
                     const struct import_options *options, struct import_result *result)
{
    struct reading r = { .path = path, .sink = sink, .options = options };
    struct wrapped wrapped = { 0 };
    int status = RECORD_STOP;
    snap_error err;
    snap_reader_options ro = {
        .size = sizeof ro, .kinds = wanted_kinds(sink), .on_damage = on_damage, .opaque = &r,
    };
    *result = (struct import_result){ 0 };
    if (sink->string && snap_string_joiner_new(&r.joiner, NULL, on_string, &r) != SNAP_OK) {
        message_no_memory("reading a snapshot");
        goto err0;
    }
    if (open_any(&r, &wrapped, &ro, &err) != SNAP_OK) {
        message_snap(path, &err, NULL);
        goto err0;
    }
    snap_file_info info;
    snap_reader_info(r.reader, &info);
    memcpy(result->uuid, info.uuid, sizeof result->uuid);
    result->has_uuid = true;
    status = pass_all(&r);
    snap_reader_summary summary;
    snap_reader_get_summary(r.reader, &summary);
    result->complete = status == RECORD_OK && summary.complete && !r.damaged;
    result->bytes = summary.bytes;
    uint64_t lost = snap_string_joiner_free(r.joiner);
    r.joiner = NULL;
    if (lost && sink->damage)
        sink->damage(sink->opaque, UINT64_MAX, "parts of long strings are missing");

err0:
    snap_reader_close(r.reader);
    close_wrapped(&r, &wrapped);
    if (r.joiner) snap_string_joiner_free(r.joiner);
    return status;
}

/* Rows by kind stand in the last chunk; the others are passed over by their headers. */
static bool snap_totals(const char *path, struct import_totals *totals)
{
    snap_reader *reader;
    const snap_batch *b;
    bool found = false;
    snap_reader_options o = { .size = sizeof o, .kinds = UINT64_C(1) << SNAP_KIND_TOTAL };
    *totals = (struct import_totals){ 0 };
    if (snap_reader_open_path(&reader, path, &o, NULL) != SNAP_OK) return false;
    while (snap_reader_next(reader, &b, NULL) == SNAP_OK) {
        const uint64_t *kind = snap_batch_u64(b, SNAP_COL_TOTAL_KIND);
        const uint64_t *rows = snap_batch_u64(b, SNAP_COL_TOTAL_ROWS);
        for (uint32_t i = 0; kind && rows && i < snap_batch_rows(b); i++) {
            if (kind[i] == SNAP_KIND_OBJECT) totals->objects = rows[i];
            if (kind[i] == SNAP_KIND_EDGE) totals->edges = rows[i];
            if (kind[i] == SNAP_KIND_BEGIN) totals->snapshots = rows[i];
            if (kind[i] == SNAP_KIND_BLOCK || kind[i] == SNAP_KIND_EVENT) totals->native += rows[i];
            found = true;
        }
    }
    snap_reader_close(reader);
    return found;
}

const struct import_format import_snap = {
    .name = "snap", .what = "a heap snapshot", .bid = snap_bid, .read = snap_read,
    .totals = snap_totals,
};
