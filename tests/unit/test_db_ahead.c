/* SPDX-License-Identifier: MIT */
/* Reading ahead: the sink sees the same calls with one thread and with two, wherever either side
 * stops, and messages of the source come when their turn comes. */
#include "db/ahead.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cu.h"

enum { ROUNDS = 60, ROWS = 40001, LONG_TEXT = 3000000 };

/* What the sink has seen, as a sum over everything; and when it stops. */
struct seen {
    uint64_t hash, calls, stop_at;
    uint64_t progress;
    bool uuid_known;
    const struct import_result *result;
};

static bool source_fails; /* at its end, after a message */
static uint64_t columns[3][ROWS + 1];
static uint8_t present[ROWS / 8 + 1];

static void mix(struct seen *s, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++) s->hash = (s->hash ^ p[i]) * UINT64_C(0x100000001b3);
    s->hash += n;
}

static void mix_number(struct seen *s, uint64_t v)
{
    mix(s, &v, sizeof v);
}

static int called(struct seen *s, unsigned what, uint64_t a, uint64_t b)
{
    mix_number(s, what);
    mix_number(s, a);
    mix_number(s, b);
    s->uuid_known = s->result->has_uuid && s->result->uuid[3] == 7;
    return ++s->calls == s->stop_at ? RECORD_STOP : RECORD_OK;
}

static int on_string(void *o, uint64_t id, struct record_text t)
{
    mix(o, t.at, t.size);
    return called(o, 1, id, t.size);
}

static int on_type(void *o, uint64_t id, const snap_type *t)
{
    mix(o, t, sizeof *t);
    return called(o, 2, id, 0);
}

static int on_frame(void *o, uint64_t id, const snap_frame *f)
{
    mix(o, f, sizeof *f);
    return called(o, 3, id, 0);
}

static int on_stack(void *o, uint64_t id, uint64_t parent, uint64_t frame)
{
    mix_number(o, frame);
    return called(o, 4, id, parent);
}

static int on_module(void *o, uint64_t id, const snap_module *m)
{
    if (m->build_id) mix(o, m->build_id, m->build_id_size);
    return called(o, 5, id, m->start);
}

static int on_pair(void *o, uint32_t snapshot, struct record_text key, struct record_text value)
{
    mix(o, key.at, key.size);
    mix(o, value.at, value.size);
    return called(o, 6, snapshot, key.size);
}

static int on_counter(void *o, uint32_t snapshot, struct record_text name, int64_t value)
{
    mix(o, name.at, name.size);
    return called(o, 7, snapshot, (uint64_t)value);
}

static int on_sample(void *o, uint32_t snapshot, struct record_text name, uint64_t ns, int64_t value)
{
    mix(o, name.at, name.size);
    mix_number(o, ns);
    return called(o, 8, snapshot, (uint64_t)value);
}

static int on_begin(void *o, uint32_t snapshot, const snap_begin *b)
{
    if (b->reason) mix(o, b->reason, b->reason_size);
    return called(o, 9, snapshot, b->wall_ns);
}

static int on_thread(void *o, uint32_t snapshot, uint64_t id, const snap_thread *t)
{
    mix(o, t, sizeof *t);
    return called(o, 10, snapshot, id);
}

static int on_batch(void *o, const struct record_batch *b)
{
    for (int c = 0; c < RECORD_COLUMNS; c++) {
        mix_number(o, (b->column[c].value != NULL) + 2u * (b->column[c].present != NULL));
        if (b->column[c].value) mix(o, b->column[c].value, b->rows * sizeof(uint64_t));
        if (b->column[c].value && b->column[c].present)
            mix(o, b->column[c].present, (b->rows + 7) / 8);
    }
    if (b->edge_index) mix(o, b->edge_index, b->rows * sizeof(uint64_t));
    return called(o, 11, b->first, b->offset);
}

static int on_edges(void *o, const struct record_batch *b)
{
    mix_number(o, 12);
    return on_batch(o, b);
}

static int on_value(void *o, uint32_t snapshot, uint64_t ordinal, struct record_text t)
{
    mix(o, t.at, t.size);
    return called(o, 13, snapshot, ordinal);
}

static int on_finish(void *o, uint32_t snapshot, const snap_finish *f)
{
    mix(o, f, sizeof *f);
    return called(o, 14, snapshot, 0);
}

static void on_damage(void *o, uint64_t offset, const char *text)
{
    mix(o, text, strlen(text) + 1);
    (void)called(o, 15, offset, 0);
}

static void on_progress(void *o, uint64_t bytes)
{
    struct seen *s = o;
    s->progress += bytes;
}

static struct record_text text_of(const char *s)
{
    return (struct record_text){ s, strlen(s) };
}

static int say_definitions(const struct record_sink *k, unsigned i)
{
    snap_type type = { .kind = 1 };
    snap_frame frame = { .line = i };
    snap_module module = { .start = i, .build_id = present, .build_id_size = i % 20 };
    snap_begin begin = { .wall_ns = i, .reason = i % 2 ? "asked for" : NULL,
                         .reason_size = i % 2 ? 9 : 0 };
    snap_thread thread = { .id = i };
    type.size = i;
    int status = k->string(k->opaque, i, text_of(i % 3 ? "name" : ""));
    if (!status) status = k->type(k->opaque, i, &type);
    if (!status) status = k->frame(k->opaque, i, &frame);
    if (!status) status = k->stack(k->opaque, i, i / 2, i + 1);
    if (!status) status = k->module(k->opaque, i, &module);
    if (!status) status = k->label(k->opaque, i, text_of("service"), text_of("shop"));
    if (!status) status = k->counter(k->opaque, i, text_of("rss"), -(int64_t)i);
    if (!status) status = k->sample(k->opaque, i, text_of("rss"), i, INT64_MIN + (int64_t)i);
    if (!status) status = k->begin(k->opaque, i, &begin);
    return status ? status : k->thread(k->opaque, i, i + 3, &thread);
}

static int say_rows(const struct record_sink *k, unsigned i)
{
    snap_finish finish = { .objects = i };
    struct record_batch b = { .snapshot = i, .rows = 1 + i * 7919 % ROWS, .first = i, .offset = i };
    b.column[1].value = columns[i % 3];
    b.column[4] = (struct record_column){ columns[(i + 1) % 3], i % 2 ? present : NULL };
    b.column[RECORD_COLUMNS - 1].value = columns[(i + 2) % 3];
    int status = k->objects(k->opaque, &b);
    b.edge_index = i % 2 ? columns[0] : NULL;
    if (!status) status = k->edges(k->opaque, &b);
    if (!status) status = k->value(k->opaque, i, 5, text_of("text"));
    if (!status) k->damage(k->opaque, i, "a chunk is damaged");
    return status ? status : k->finish(k->opaque, i, &finish);
}

static int fake_read(const char *path, const struct record_sink *k,
                     const struct import_options *options, struct import_result *result)
{
    char *text = malloc(LONG_TEXT);
    int status = text ? RECORD_OK : RECORD_STOP;
    *result = (struct import_result){ .has_uuid = true, .uuid = { 0, 0, 0, 7 } };
    if (text) memset(text, 'x', LONG_TEXT);
    for (unsigned i = 0; i < ROUNDS && !status; i++) {
        status = say_definitions(k, i);
        if (!status) status = say_rows(k, i);
        if (!status && i == 10)
            status = k->string(k->opaque, i, (struct record_text){ text, LONG_TEXT });
        if (!status) options->progress(options->opaque, i);
    }
    free(text);
    result->complete = !status;
    if (status || !source_fails) return status;
    message_error(path, 4711, NULL, "the source fails");
    return RECORD_STOP;
}

static const struct import_format fake = { .name = "fake", .what = "a test", .read = fake_read };

static int run(bool two, uint64_t stop_at, struct seen *s, struct import_result *result)
{
    *s = (struct seen){ .stop_at = stop_at, .result = result };
    *result = (struct import_result){ 0 };
    const struct record_sink sink = {
        .opaque = s, .string = on_string, .type = on_type, .frame = on_frame, .stack = on_stack,
        .module = on_module, .label = on_pair, .counter = on_counter, .sample = on_sample,
        .begin = on_begin, .thread = on_thread, .objects = on_batch, .edges = on_edges,
        .value = on_value, .finish = on_finish, .damage = on_damage,
    };
    const struct import_options options = { .progress = on_progress, .opaque = s };
    return ahead_read(two, &fake, "file", &sink, &options, result);
}

static void compare(uint64_t stop_at)
{
    struct seen one, two;
    struct import_result result_one, result_two;
    int status = run(false, stop_at, &one, &result_one);
    CHECK_I64(run(true, stop_at, &two, &result_two), status);
    CHECK_U64(two.calls, one.calls);
    CHECK_U64(two.hash, one.hash);
    CHECK_U64(two.progress, one.progress);
    CHECK(two.uuid_known);
    if (!stop_at) CHECK_I64(result_two.complete, result_one.complete);
}

static void test_same(void)
{
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        for (size_t k = 0; k <= ROWS; k++) columns[i][k] = (k + 1) * (i + 3) * 2654435761u;
    for (size_t k = 0; k < sizeof present; k++) present[k] = (uint8_t)(k * 37);
    compare(0);
}

static void test_stops(void)
{
    for (uint64_t at = 1; at < 40; at += 3) compare(at);
    compare(ROUNDS * 8);
    compare(ROUNDS * 15);
}

/* A message of the source is not said where the sink has stopped before. */
static void test_messages(void)
{
    struct seen s;
    struct import_result result;
    uint64_t offset;
    source_fails = true;
    message_setup("test", MESSAGE_NORMAL);
    CHECK_I64(run(true, 5, &s, &result), RECORD_STOP);
    CHECK_STR(message_last(&offset), "");
    /* The last call of all: the source has said what it has to say by then, or will. */
    CHECK_I64(run(true, ROUNDS * 15 + 1, &s, &result), RECORD_STOP);
    CHECK_STR(message_last(&offset), "");
    CHECK_I64(run(true, 0, &s, &result), RECORD_STOP);
    CHECK_STR(message_last(&offset), "the source fails");
    CHECK_U64(offset, 4711);
    source_fails = false;
}

CU_MAIN("db_ahead", { "the same calls", test_same }, { "the sink stops", test_stops },
        { "messages", test_messages })
