/* SPDX-License-Identifier: MIT */
/*
 * Records on their way from one thread to another; ahead.h.
 *
 * The source's thread writes what it is given into a block, one item behind the other, and hands
 * the block on when it is full; the sink's thread goes through the items and gives the block back.
 * An item is a head, the call's structure, then texts or columns; pointers in structures are set
 * anew when the call is made.
 */
#include "db/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "heap/beside.h"

/* A block is handed on before it has more than this, unless one item alone has more. */
#define BLOCK_BYTES ((size_t)3 << 19)
/* A block that became larger than this is given back after use. */
#define BLOCK_KEPT ((size_t)16 << 20)

enum what {
    STRING, TYPE, FRAME, STACK, MODULE, METADATA, LABEL, COUNTER, SAMPLE, BEGIN, THREAD, OBJECTS,
    EDGES, ROOTS, BLOCKS, EVENTS, VALUE, FINISH, DAMAGE, CAUTION,
    PROGRESS
};

struct item {
    size_t size; /* with all that follows it */
    enum what what;
    uint32_t snapshot;
    uint64_t id, number;
    size_t text[2]; /* sizes of texts */
};

struct block {
    uint8_t *at;
    size_t used, room;
    struct import_result result; /* as it was when the block was handed on */
};

struct ahead {
    /* The source's. */
    const struct import_format *format;
    const char *path;
    struct import_options options;
    struct import_result result;
    struct message_held held;
    int status;
    /* Of both; the counts and flags under the lock, a block by turns. */
    struct record_sink sink, proxy;
    void (*progress)(void *opaque, uint64_t bytes);
    void *progress_opaque;
    struct block block[AHEAD_BLOCKS];
    pthread_mutex_t lock;
    pthread_cond_t turn;
    uint64_t given, taken; /* blocks */
    bool finished, stopped;
};

/* ---- the source's side ----------------------------------------------------------------------- */

static struct block *open_block(struct ahead *a)
{
    return &a->block[a->given % AHEAD_BLOCKS];
}

/* Hands the open block on, and waits for the next one. */
static int hand_on(struct ahead *a)
{
    open_block(a)->result = a->result;
    pthread_mutex_lock(&a->lock);
    a->given++;
    pthread_cond_signal(&a->turn);
    while (!a->stopped && a->given - a->taken == AHEAD_BLOCKS)
        pthread_cond_wait(&a->turn, &a->lock);
    bool stopped = a->stopped;
    pthread_mutex_unlock(&a->lock);
    if (stopped) return RECORD_STOP;
    open_block(a)->used = 0;
    return RECORD_OK;
}

static size_t aligned(size_t n)
{
    return (n + 7) / 8 * 8;
}

/* Room for an item of this size, which is a multiple of 8; NULL when to stop. */
static uint8_t *reserve(struct ahead *a, size_t size)
{
    struct block *b = open_block(a);
    if (b->used && (b->used > BLOCK_BYTES || size > BLOCK_BYTES - b->used)) {
        if (hand_on(a)) return NULL;
        b = open_block(a);
    }
    if (size > b->room) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        free(b->at);
        b->at = malloc(room);
        b->room = b->at ? room : 0;
        if (!b->at) {
            message_no_memory("reading ahead");
            return NULL;
        }
    }
    uint8_t *at = b->at + b->used;
    b->used += size;
    return at;
}

static const struct record_text no_texts[2];

/* Adds an item with a structure of n bytes and two texts. */
static int put(struct ahead *a, struct item item, const void *structure, size_t n,
               const struct record_text text[2])
{
    size_t head = aligned(sizeof item + n);
    for (int i = 0; i < 2; i++) item.text[i] = text[i].at ? text[i].size : 0;
    item.size = aligned(head + item.text[0] + item.text[1]);
    uint8_t *at = reserve(a, item.size);
    if (!at) return RECORD_STOP;
    memcpy(at, &item, sizeof item);
    if (n) memcpy(at + sizeof item, structure, n);
    at += head;
    for (int i = 0; i < 2; i++) {
        if (item.text[i]) memcpy(at, text[i].at, item.text[i]);
        at += item.text[i];
    }
    return RECORD_OK;
}

static int put_string(void *opaque, uint64_t id, struct record_text text)
{
    const struct record_text texts[2] = { text, { NULL, 0 } };
    return put(opaque, (struct item){ .what = STRING, .id = id }, NULL, 0, texts);
}

static int put_type(void *opaque, uint64_t id, const snap_type *type)
{
    return put(opaque, (struct item){ .what = TYPE, .id = id }, type, sizeof *type, no_texts);
}

static int put_frame(void *opaque, uint64_t id, const snap_frame *frame)
{
    return put(opaque, (struct item){ .what = FRAME, .id = id }, frame, sizeof *frame, no_texts);
}

static int put_stack(void *opaque, uint64_t id, uint64_t parent, uint64_t frame)
{
    return put(opaque, (struct item){ .what = STACK, .id = id, .number = parent }, &frame,
               sizeof frame, no_texts);
}

static int put_module(void *opaque, uint64_t id, const snap_module *module)
{
    const struct record_text texts[2] = {
        { (const char *)module->build_id, module->build_id_size }, { NULL, 0 }
    };
    return put(opaque, (struct item){ .what = MODULE, .id = id }, module, sizeof *module, texts);
}

static int put_pair(void *opaque, enum what what, uint32_t snapshot, struct record_text key,
                    struct record_text value)
{
    const struct record_text texts[2] = { key, value };
    return put(opaque, (struct item){ .what = what, .snapshot = snapshot }, NULL, 0, texts);
}

static int put_metadata(void *opaque, uint32_t snapshot, struct record_text key,
                        struct record_text value)
{
    return put_pair(opaque, METADATA, snapshot, key, value);
}

static int put_label(void *opaque, uint32_t snapshot, struct record_text key,
                     struct record_text value)
{
    return put_pair(opaque, LABEL, snapshot, key, value);
}

static int put_counter(void *opaque, uint32_t snapshot, struct record_text name, int64_t value)
{
    const struct record_text texts[2] = { name, { NULL, 0 } };
    struct item item = { .what = COUNTER, .snapshot = snapshot, .number = (uint64_t)value };
    return put(opaque, item, NULL, 0, texts);
}

static int put_sample(void *opaque, uint32_t snapshot, struct record_text name, uint64_t mono_ns,
                      int64_t value)
{
    const struct record_text texts[2] = { name, { NULL, 0 } };
    struct item item = { .what = SAMPLE, .snapshot = snapshot, .id = mono_ns,
                         .number = (uint64_t)value };
    return put(opaque, item, NULL, 0, texts);
}

static int put_begin(void *opaque, uint32_t snapshot, const snap_begin *begin)
{
    const struct record_text texts[2] = { { begin->reason, begin->reason_size }, { NULL, 0 } };
    return put(opaque, (struct item){ .what = BEGIN, .snapshot = snapshot }, begin, sizeof *begin,
               texts);
}

static int put_thread(void *opaque, uint32_t snapshot, uint64_t id, const snap_thread *thread)
{
    return put(opaque, (struct item){ .what = THREAD, .snapshot = snapshot, .id = id }, thread,
               sizeof *thread, no_texts);
}

static int put_value(void *opaque, uint32_t snapshot, uint64_t ordinal, struct record_text text)
{
    const struct record_text texts[2] = { text, { NULL, 0 } };
    return put(opaque, (struct item){ .what = VALUE, .snapshot = snapshot, .id = ordinal }, NULL, 0,
               texts);
}

static int put_finish(void *opaque, uint32_t snapshot, const snap_finish *finish)
{
    return put(opaque, (struct item){ .what = FINISH, .snapshot = snapshot }, finish,
               sizeof *finish, no_texts);
}

static void put_damage(void *opaque, uint64_t offset, const char *text)
{
    const struct record_text texts[2] = { { text, strlen(text) + 1 }, { NULL, 0 } };
    (void)put(opaque, (struct item){ .what = DAMAGE, .id = offset }, NULL, 0, texts);
}

static void put_caution(void *opaque, const char *text)
{
    const struct record_text texts[2] = { { text, strlen(text) + 1 }, { NULL, 0 } };
    (void)put(opaque, (struct item){ .what = CAUTION }, NULL, 0, texts);
}

static void put_progress(void *opaque, uint64_t bytes)
{
    (void)put(opaque, (struct item){ .what = PROGRESS, .id = bytes }, NULL, 0, no_texts);
}

static size_t present_size(const struct record_batch *b)
{
    return aligned(((size_t)b->rows + 7) / 8);
}

static uint8_t *put_bytes(uint8_t *to, const void *from, size_t n)
{
    memcpy(to, from, n);
    return to + aligned(n);
}

/* A batch and what of its columns there is, in order. */
static int put_batch(void *opaque, enum what what, const struct record_batch *b)
{
    size_t values = (size_t)b->rows * sizeof(uint64_t), present = ((size_t)b->rows + 7) / 8;
    struct item item = { .what = what };
    size_t head = aligned(sizeof item + sizeof *b);
    item.size = head + (b->edge_index ? values : 0);
    for (int c = 0; c < RECORD_COLUMNS; c++) {
        if (!b->column[c].value) continue;
        item.size += values + (b->column[c].present ? present_size(b) : 0);
    }
    uint8_t *at = reserve(opaque, item.size);
    if (!at) return RECORD_STOP;
    memcpy(at, &item, sizeof item);
    memcpy(at + sizeof item, b, sizeof *b);
    at += head;
    if (b->edge_index) at = put_bytes(at, b->edge_index, values);
    for (int c = 0; c < RECORD_COLUMNS; c++) {
        if (!b->column[c].value) continue;
        at = put_bytes(at, b->column[c].value, values);
        if (b->column[c].present) at = put_bytes(at, b->column[c].present, present);
    }
    return RECORD_OK;
}

static int put_objects(void *opaque, const struct record_batch *b)
{
    return put_batch(opaque, OBJECTS, b);
}

static int put_edges(void *opaque, const struct record_batch *b)
{
    return put_batch(opaque, EDGES, b);
}

static int put_roots(void *opaque, const struct record_batch *b)
{
    return put_batch(opaque, ROOTS, b);
}

static int put_blocks(void *opaque, const struct record_batch *b)
{
    return put_batch(opaque, BLOCKS, b);
}

static int put_events(void *opaque, const struct record_batch *b)
{
    return put_batch(opaque, EVENTS, b);
}

static void read_source(void *opaque)
{
    struct ahead *a = opaque;
    message_hold(&a->held);
    a->status = a->format->read(a->path, &a->proxy, &a->options, &a->result);
    message_hold(NULL);
    open_block(a)->result = a->result;
    pthread_mutex_lock(&a->lock);
    if (!a->stopped) a->given++;
    a->finished = true;
    pthread_cond_signal(&a->turn);
    pthread_mutex_unlock(&a->lock);
}

/* ---- the sink's side ------------------------------------------------------------------------- */

static int call_batch(const struct record_sink *k, const struct item *item, const uint8_t *at)
{
    struct record_batch b;
    memcpy(&b, at + sizeof *item, sizeof b);
    at += aligned(sizeof *item + sizeof b);
    size_t values = (size_t)b.rows * sizeof(uint64_t);
    if (b.edge_index) {
        b.edge_index = (const uint64_t *)(const void *)at;
        at += values;
    }
    for (int c = 0; c < RECORD_COLUMNS; c++) {
        if (!b.column[c].value) continue;
        b.column[c].value = (const uint64_t *)(const void *)at;
        at += values;
        if (!b.column[c].present) continue;
        b.column[c].present = at;
        at += present_size(&b);
    }
    switch (item->what) {
    case OBJECTS: return k->objects(k->opaque, &b);
    case EDGES: return k->edges(k->opaque, &b);
    case ROOTS: return k->roots(k->opaque, &b);
    case BLOCKS: return k->blocks(k->opaque, &b);
    default: return k->events(k->opaque, &b);
    }
}

/* Calls with a structure; what it points to stands behind it. */
static int call_structure(const struct record_sink *k, const struct item *item, const uint8_t *at)
{
    union {
        snap_type type;
        snap_frame frame;
        snap_module module;
        snap_begin begin;
        snap_thread thread;
        snap_finish finish;
        uint64_t number;
    } is;
    at += sizeof *item;
    switch (item->what) {
    case TYPE:
        memcpy(&is.type, at, sizeof is.type);
        return k->type(k->opaque, item->id, &is.type);
    case FRAME:
        memcpy(&is.frame, at, sizeof is.frame);
        return k->frame(k->opaque, item->id, &is.frame);
    case STACK:
        memcpy(&is.number, at, sizeof is.number);
        return k->stack(k->opaque, item->id, item->number, is.number);
    case MODULE:
        memcpy(&is.module, at, sizeof is.module);
        at += aligned(sizeof *item + sizeof is.module) - sizeof *item;
        if (is.module.build_id) is.module.build_id = at;
        return k->module(k->opaque, item->id, &is.module);
    case BEGIN:
        memcpy(&is.begin, at, sizeof is.begin);
        at += aligned(sizeof *item + sizeof is.begin) - sizeof *item;
        if (is.begin.reason) is.begin.reason = (const char *)at;
        return k->begin(k->opaque, item->snapshot, &is.begin);
    case THREAD:
        memcpy(&is.thread, at, sizeof is.thread);
        return k->thread(k->opaque, item->snapshot, item->id, &is.thread);
    default:
        memcpy(&is.finish, at, sizeof is.finish);
        return k->finish(k->opaque, item->snapshot, &is.finish);
    }
}

static int call_item(struct ahead *a, const struct item *item, const uint8_t *at)
{
    const struct record_sink *k = &a->sink;
    const char *text = (const char *)at + aligned(sizeof *item);
    struct record_text first = { text, item->text[0] };
    struct record_text second = { text + item->text[0], item->text[1] };
    switch (item->what) {
    case STRING: return k->string(k->opaque, item->id, first);
    case METADATA: return k->metadata(k->opaque, item->snapshot, first, second);
    case LABEL: return k->label(k->opaque, item->snapshot, first, second);
    case COUNTER: return k->counter(k->opaque, item->snapshot, first, (int64_t)item->number);
    case SAMPLE:
        return k->sample(k->opaque, item->snapshot, first, item->id, (int64_t)item->number);
    case VALUE: return k->value(k->opaque, item->snapshot, item->id, first);
    case DAMAGE: k->damage(k->opaque, item->id, text); return RECORD_OK;
    case CAUTION: k->caution(k->opaque, text); return RECORD_OK;
    case PROGRESS:
        a->progress(a->progress_opaque, item->id);
        return RECORD_OK;
    case OBJECTS:
    case EDGES:
    case ROOTS:
    case BLOCKS:
    case EVENTS: return call_batch(k, item, at);
    default: return call_structure(k, item, at);
    }
}

static int empty(struct ahead *a, struct block *b)
{
    struct item item;
    int status = RECORD_OK;
    for (size_t i = 0; i < b->used && !status; i += item.size) {
        memcpy(&item, b->at + i, sizeof item);
        status = call_item(a, &item, b->at + i);
    }
    if (b->room > BLOCK_KEPT) {
        free(b->at);
        b->at = NULL;
        b->room = 0;
    }
    return status;
}

/* The next block that was handed on; NULL after the last. */
static struct block *next_block(struct ahead *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->taken == a->given && !a->finished) pthread_cond_wait(&a->turn, &a->lock);
    struct block *b = a->taken == a->given ? NULL : &a->block[a->taken % AHEAD_BLOCKS];
    pthread_mutex_unlock(&a->lock);
    return b;
}

static int empty_all(struct ahead *a, struct import_result *result)
{
    int status = RECORD_OK;
    for (struct block *b; !status && (b = next_block(a));) {
        *result = b->result;
        status = empty(a, b);
        pthread_mutex_lock(&a->lock);
        a->taken++;
        a->stopped = status != RECORD_OK;
        pthread_cond_signal(&a->turn);
        pthread_mutex_unlock(&a->lock);
    }
    return status;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* What the source is given: the functions that the sink has. */
static void make_proxy(struct ahead *a)
{
    const struct record_sink *k = &a->sink;
    a->proxy = (struct record_sink){
        .opaque = a,
        .string = k->string ? put_string : NULL,
        .type = k->type ? put_type : NULL,
        .frame = k->frame ? put_frame : NULL,
        .stack = k->stack ? put_stack : NULL,
        .module = k->module ? put_module : NULL,
        .metadata = k->metadata ? put_metadata : NULL,
        .label = k->label ? put_label : NULL,
        .counter = k->counter ? put_counter : NULL,
        .sample = k->sample ? put_sample : NULL,
        .begin = k->begin ? put_begin : NULL,
        .thread = k->thread ? put_thread : NULL,
        .objects = k->objects ? put_objects : NULL,
        .edges = k->edges ? put_edges : NULL,
        .roots = k->roots ? put_roots : NULL,
        .blocks = k->blocks ? put_blocks : NULL,
        .events = k->events ? put_events : NULL,
        .value = k->value ? put_value : NULL,
        .finish = k->finish ? put_finish : NULL,
        .damage = k->damage ? put_damage : NULL,
        .caution = k->caution ? put_caution : NULL,
    };
}

static int read_beside(struct ahead *a, struct beside *source, struct import_result *result)
{
    int status = empty_all(a, result);
    beside_end(source);
    *result = a->result;
    message_tell(&a->held, status == RECORD_OK);
    for (int i = 0; i < AHEAD_BLOCKS; i++) free(a->block[i].at);
    return status ? status : a->status;
}

int ahead_read(bool two, const struct import_format *format, const char *path,
               const struct record_sink *sink, const struct import_options *options,
               struct import_result *result)
{
    struct ahead a = { .format = format, .path = path, .sink = *sink,
                       .progress = options->progress, .progress_opaque = options->opaque };
    struct beside source;
    if (!two || pthread_mutex_init(&a.lock, NULL) != 0)
        return format->read(path, sink, options, result);
    if (pthread_cond_init(&a.turn, NULL) != 0) {
        pthread_mutex_destroy(&a.lock);
        return format->read(path, sink, options, result);
    }
    make_proxy(&a);
    a.options = (struct import_options){ .progress = options->progress ? put_progress : NULL,
                                         .opaque = &a, .values = options->values };
    int status = beside_begin(&source, read_source, &a) ? read_beside(&a, &source, result)
                                                        : format->read(path, sink, options, result);
    pthread_cond_destroy(&a.turn);
    pthread_mutex_destroy(&a.lock);
    return status;
}
