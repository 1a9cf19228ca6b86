/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of an importer of other tools' dumps, FUZZ_FORMAT (hprof, v8, ruby or tracemalloc):
 * it reads the bytes, whether it would bid for them or not. What comes out must keep the contract
 * of import/record.h; what is refused must have been explained.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz_hush.h"
#include "fuzz_target.h"
#include "import/import.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

struct seen {
    uint64_t objects, edges, roots, strings, types, stacks, damages;
    uint64_t shallow; /* modulo 2^64 */
    bool begun, finished;
};

static int on_string(void *opaque, uint64_t id, struct record_text text)
{
    struct seen *s = opaque;
    expect(id == ++s->strings);
    volatile char sum = 0;
    for (size_t i = 0; i < text.size; i++) sum = (char)(sum ^ text.at[i]);
    return 0;
}

static int on_type(void *opaque, uint64_t id, const snap_type *type)
{
    struct seen *s = opaque;
    expect(id == ++s->types && type->name && type->name <= s->strings);
    return 0;
}

static int on_stack(void *opaque, uint64_t id, uint64_t parent, uint64_t frame)
{
    struct seen *s = opaque;
    expect(id == ++s->stacks && parent < id && frame);
    return 0;
}

static int on_begin(void *opaque, uint32_t snapshot, const snap_begin *begin)
{
    struct seen *s = opaque;
    expect(snapshot == 1 && begin && !s->begun);
    s->begun = true;
    return 0;
}

static int on_objects(void *opaque, const struct record_batch *b)
{
    struct seen *s = opaque;
    expect(s->begun && !s->finished && b->rows && b->rows <= SNAP_MAX_CHUNK_ROWS);
    expect(b->first == s->objects && b->column[SNAP_COL_OBJECT_ID].value);
    for (uint32_t i = 0; i < b->rows; i++) {
        uint64_t type = record_get(&b->column[SNAP_COL_OBJECT_TYPE], i);
        expect(type && type <= s->types);
        expect(record_get(&b->column[SNAP_COL_OBJECT_NAME], i) <= s->strings);
        s->shallow += record_get(&b->column[SNAP_COL_OBJECT_SHALLOW], i);
        expect(record_get(&b->column[SNAP_COL_OBJECT_STACK], i) <= s->stacks);
    }
    s->objects += b->rows;
    return 0;
}

static int on_tally(void *opaque, uint64_t type, uint64_t objects, uint64_t shallow)
{
    struct seen *s = opaque;
    expect(type && type <= s->types && objects);
    s->objects += objects;
    s->shallow += shallow;
    return 0;
}

static int on_edges(void *opaque, const struct record_batch *b)
{
    struct seen *s = opaque;
    expect(s->begun && !s->finished && b->rows && b->rows <= SNAP_MAX_CHUNK_ROWS);
    for (uint32_t i = 0; i < b->rows; i++) {
        uint64_t kind = record_get(&b->column[SNAP_COL_EDGE_KIND], i);
        expect(record_get(&b->column[SNAP_COL_EDGE_SOURCE], i) < s->objects);
        expect(kind && kind <= SNAP_EDGE_RULED_OUT);
        expect(record_get(&b->column[SNAP_COL_EDGE_NAME], i) <= s->strings);
    }
    s->edges += b->rows;
    return 0;
}

static int on_roots(void *opaque, const struct record_batch *b)
{
    struct seen *s = opaque;
    for (uint32_t i = 0; i < b->rows; i++) {
        uint64_t kind = record_get(&b->column[SNAP_COL_ROOT_KIND], i);
        expect(kind && kind <= SNAP_ROOT_UNREACHABLE);
    }
    s->roots += b->rows;
    return 0;
}

static int on_value(void *opaque, uint32_t snapshot, uint64_t ordinal, struct record_text text)
{
    struct seen *s = opaque;
    expect(snapshot == 1 && ordinal < s->objects && text.at);
    return 0;
}

static int on_finish(void *opaque, uint32_t snapshot, const snap_finish *finish)
{
    struct seen *s = opaque;
    expect(snapshot == 1 && !s->finished && finish->objects == s->objects &&
           finish->edges == s->edges && finish->roots == s->roots);
    expect(!(finish->flags & SNAP_FINISH_COMPLETE) || !s->damages);
    s->finished = true;
    return 0;
}

static void on_damage(void *opaque, uint64_t offset, const char *text)
{
    struct seen *s = opaque;
    (void)offset;
    expect(text && *text);
    s->damages++;
}

/* Counted without rows, it is as many; a guess is no crash. */
static void count(const struct import_format *format, const char *path, const struct seen *rows)
{
    struct seen s = { 0 };
    const struct record_sink sink = { .opaque = &s, .string = on_string, .type = on_type,
                                      .tally = on_tally, .damage = on_damage };
    struct import_result result;
    struct import_totals totals;
    if (format->totals) format->totals(path, &totals);
    if (!format->tallies) return;
    int status = format->read(path, &sink, NULL, &result);
    expect((status == RECORD_OK) == rows->finished);
    expect(status != RECORD_OK || (s.objects == rows->objects && s.shallow == rows->shallow));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    char path[64];
    if (file < 0) file = memfd_create("fuzz", 0);
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    struct seen s = { 0 };
    const struct record_sink sink = {
        .opaque = &s, .string = on_string, .type = on_type, .stack = on_stack, .begin = on_begin,
        .objects = on_objects, .edges = on_edges, .roots = on_roots, .value = on_value,
        .finish = on_finish, .damage = on_damage,
    };
    const struct import_options options = { .values = true };
    struct import_result result;
    int saved = fuzz_hush();
    int status = JOIN(import_, FUZZ_FORMAT).read(path, &sink, &options, &result);
    count(&JOIN(import_, FUZZ_FORMAT), path, &s);
    fuzz_unhush(saved);
    expect(status == RECORD_OK || status == RECORD_STOP);
    expect(status != RECORD_OK || s.finished);
    expect(status != RECORD_OK || result.complete == !s.damages);
    return 0;
}

#define FUZZ_UNUSED __attribute__((unused)) /* seeds of the other formats */

/* ---- seeds --------------------------------------------------------------------------------- */

static const char v8[] FUZZ_UNUSED =
    "{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\","
    "\"edge_count\",\"trace_node_id\",\"detachedness\"],\"node_types\":[[\"hidden\",\"array\","
    "\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\",\"native\",\"synthetic\"],"
    "\"string\",\"number\"],\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],"
    "\"edge_types\":[[\"context\",\"element\",\"property\",\"internal\",\"hidden\",\"shortcut\","
    "\"weak\"],\"string_or_number\",\"node\"],\"trace_function_info_fields\":[\"function_id\","
    "\"name\",\"script_name\",\"script_id\",\"line\",\"column\"],\"trace_node_fields\":[\"id\","
    "\"function_info_index\",\"count\",\"size\",\"children\"],\"sample_fields\":[\"timestamp_us\","
    "\"last_assigned_id\"],\"location_fields\":[\"object_index\",\"script_id\",\"line\","
    "\"column\"]},\"node_count\":9,\"edge_count\":10},\n\"nodes\":[9,0,1,0,2,0,0\n"
    ",9,1,3,0,1,0,0\n,3,2,5,24,2,2,0\n,2,3,7,32,0,0,0\n,3,5,9,16,2,3,0\n,8,6,10,8,1,0,2\n"
    ",5,4,12,64,1,0,0\n,4,9,14,8,1,0,0\n,4,10,16,8,0,0,0\n],\n"
    "\"edges\":[1,1,7\n,5,8,14\n,1,9,28\n,2,4,21\n,0,4,28\n,3,7,35\n,6,4,7\n,3,8,14\n"
    ",3,9,49\n,3,10,56\n],\n"
    "\"trace_function_infos\":[0,4,5,1,0,0,1,4,5,1,3,7],\n"
    "\"trace_tree\":[1,0,0,0,[2,1,1,8,[3,1,1,8,[]]]],\n\"samples\":[7,9,14,10],\n"
    "\"locations\":[42,7,6,300],\n\"strings\":[\"\",\"(GC roots)\",\"Window\",\"secret\",\"run\","
    "\"WeakMap\",\"<div id=\\u0041>\",\"1 / part of key (I @5) -> value (I @10) pair in WeakMap "
    "(table @9)\",\"12\",\"shared\",\"script\"]}";

static const char ruby[] FUZZ_UNUSED =
    "{\"type\":\"ROOT\", \"root\":\"vm\", \"references\":[\"0x7f01\", \"0x7f02\"]}\n"
    "{\"address\":\"0x7f01\", \"type\":\"CLASS\", \"class\":\"0x7f01\", \"superclass\":\"0x7f02\","
    " \"name\":\"Item\", \"references\":[\"0x7f02\"], \"memsize\":480, \"flags\":{\"old\":true}}\n"
    "{\"address\":\"0x7f02\", \"type\":\"CLASS\", \"real_class_name\":\"Item\", \"singleton\":"
    "true, \"memsize\":1}\n"
    "{\"address\":\"0x7f03\", \"type\":\"OBJECT\", \"class\":\"0x7f02\", \"ivars\":3,"
    " \"references\":[\"0x7f04\"], \"file\":\"a.rb\", \"line\":8, \"method\":\"new\","
    " \"generation\":11, \"memsize\":40}\n"
    "{\"address\":\"0x7f04\", \"type\":\"STRING\", \"class\":\"0x7f01\", \"bytesize\":4,"
    " \"value\":\"k\\u00e92\", \"capacity\":9, \"fstring\":true, \"memsize\":40}\n"
    "{\"address\":\"0x7f05\", \"type\":\"IMEMO\", \"class\":\"0x8\", \"imemo_type\":\"ment\"}\n"
    "{\"address\":\"0x7f06\", \"type\":\"FILE\", \"fd\":5, \"class\":\"0x7f01\"}\n";

/* A snapshot of two traces that share a stack of two frames. */
static const char tracemalloc[] FUZZ_UNUSED =
    "\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x0btracemalloc\x94\x8c\x08Snapshot\x94\x93"
    "\x94)\x81\x94}\x94(\x8c\x06traces\x94h\x00\x8c\x07_Traces\x94\x93\x94)\x81\x94}\x94\x8c\x07"
    "_traces\x94]\x94((K\x00K@\x8c\x04" "a.py\x94K\x07\x86\x94\x8c\x04" "b.py\x94M\x00\x01\x86\x94"
    "\x86\x94K\x02t\x94(K\x01J\x00\x01\x00\x00h\x11K\x02t\x94" "esb\x8c\x0ftraceback_limit\x94K"
    "\x19ub.";

/* Ids of 4 bytes: a class with a static field and two fields, an instance, both kinds of arrays, a
 * thread with a frame, roots. */
static const char hprof[] FUZZ_UNUSED =
    "JAVA PROFILE 1.0.2\0\0\0\0\4\0\0\1\0\0\0\0\0"
    "\1\0\0\0\0\0\0\0\10" "\0\0\0\1Item"
    "\1\0\0\0\0\0\0\0\10" "\0\0\0\2next"
    "\1\0\0\0\0\0\0\0\27" "\0\0\0\3[Ljava/lang/Object;"
    "\2\0\0\0\0\0\0\0\20" "\0\0\0\1\0\0\1\0\0\0\0\1\0\0\0\1"
    "\2\0\0\0\0\0\0\0\20" "\0\0\0\2\0\0\2\0\0\0\0\1\0\0\0\3"
    "\4\0\0\0\0\0\0\0\30" "\0\0\0\7\0\0\0\2\0\0\0\2\0\0\0\1\0\0\0\1\0\0\0\11"
    "\5\0\0\0\0\0\0\0\20" "\0\0\0\5\0\0\0\1\0\0\0\1\0\0\0\7"
    "\34\0\0\0\0\0\0\0\xa3"
    "\x20\0\0\1\0\0\0\0\5" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\0\0\0\x8" "\0\0" "\0\1" "\0\0\0\2\2\0\0\3\0" "\0\2" "\0\0\0\2\2" "\0\0\0\1\12"
    "\x21\0\0\3\0\0\0\0\5\0\0\1\0\0\0\0\10" "\0\0\3\x40\0\0\0\7"
    "\x22\0\0\3\x40\0\0\0\0\0\0\0\2\0\0\2\0" "\0\0\0\0\0\0\3\x60"
    "\x23\0\0\3\x60\0\0\0\0\0\0\0\3\5" "\0a\0b\0c"
    "\5\0\0\1\0" "\x8\0\0\3\0\0\0\0\1\0\0\0\5" "\3\0\0\3\x40\0\0\0\1\0\0\0\0"
    "\x2c\0\0\0\0\0\0\0\0";

uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    if (i) return NULL;
    *size = sizeof FUZZ_FORMAT - 1;
    return fuzz_copy(FUZZ_FORMAT, *size);
}
