/* SPDX-License-Identifier: MIT */
/*
 * Prints the rows of a .snap file as one JSON document a line, for tests that look at what an agent
 * wrote: {"k":"object","ordinal":0,"id":140...,"type":3,...}. Strings are printed where they are
 * defined and named by id afterwards; fields that a row does not have are left out. O(file) time,
 * O(chunk) memory. Status 0: the file is whole; 1: it is damaged or cut; 2: it cannot be read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snap/reader.h>

static void print_text(const char *text, size_t size)
{
    putchar('"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void number(const char *name, uint64_t value)
{
    printf(",\"%s\":%" PRIu64, name, value);
}

static void optional(const char *name, uint64_t value)
{
    if (value != 0) number(name, value);
}

static void begin_row(const char *kind)
{
    printf("{\"k\":\"%s\"", kind);
}

static void print_pair(const snap_batch *batch, uint32_t row, const char *kind)
{
    size_t size;
    const char *key = snap_batch_bytes(batch, SNAP_COL_PAIR_KEY, row, &size);
    begin_row(kind);
    printf(",\"key\":");
    print_text(key, size);
    if (snap_batch_kind(batch) == SNAP_KIND_COUNTER) {
        printf(",\"value\":%" PRId64, snap_batch_i64(batch, SNAP_COL_PAIR_NUMBER, row));
    } else {
        const char *value = snap_batch_bytes(batch, SNAP_COL_PAIR_VALUE, row, &size);
        printf(",\"value\":");
        print_text(value, size);
    }
}

static void print_string(const snap_batch *batch, uint32_t row)
{
    size_t size;
    const char *text = snap_batch_bytes(batch, SNAP_COL_STRING_BYTES, row, &size);
    begin_row("string");
    number("id", snap_batch_first(batch) + row);
    printf(",\"text\":");
    print_text(text, size);
}

static void print_definition(const snap_batch *batch, uint32_t row)
{
    uint64_t id = snap_batch_first(batch) + row;
    snap_type type;
    snap_frame frame;
    uint64_t parent, top;

    switch (snap_batch_kind(batch)) {
    case SNAP_KIND_TYPE:
        snap_batch_type(batch, row, &type);
        begin_row("type");
        number("id", id);
        number("name", type.name);
        optional("module", type.module);
        optional("object", type.object);
        optional("base", type.base);
        number("size", type.size);
        number("kind", type.kind);
        number("flags", type.flags);
        break;
    case SNAP_KIND_FRAME:
        snap_batch_frame(batch, row, &frame);
        begin_row("frame");
        number("id", id);
        number("function", frame.function);
        optional("file", frame.file);
        optional("line", frame.line);
        break;
    default:
        snap_batch_stack(batch, row, &parent, &top);
        begin_row("stack");
        number("id", id);
        optional("parent", parent);
        number("frame", top);
    }
}

static void print_thread(const snap_batch *batch, uint32_t row)
{
    snap_thread thread;
    snap_batch_thread(batch, row, &thread);
    begin_row("thread");
    number("row", snap_batch_first(batch) + row);
    number("id", thread.id);
    optional("os_id", thread.os_id);
    optional("name", thread.name);
    optional("stack", thread.stack);
    optional("object", thread.object);
}

static void print_object(const snap_batch *batch, uint32_t row)
{
    snap_object o;
    snap_batch_object(batch, row, &o);
    begin_row("object");
    number("ordinal", snap_batch_first(batch) + row);
    number("id", o.id);
    number("type", o.type);
    number("size", o.shallow_size);
    optional("flags", o.flags);
    optional("stack", o.stack);
    optional("name", o.name);
    if (o.have & SNAP_HAS_NATIVE) number("native", o.native_size);
    if (o.have & SNAP_HAS_REFCOUNT) number("refcount", o.refcount);
    if (o.have & SNAP_HAS_GENERATION) number("generation", o.generation);
    if (o.have & SNAP_HAS_LENGTH) number("length", o.length);
    if (o.have & SNAP_HAS_CAPACITY) number("capacity", o.capacity);
    if (o.have & SNAP_HAS_HASH) number("hash", o.hash);
    if (o.have & SNAP_HAS_BOUND) number("bound", o.bound);
    if (o.have & SNAP_HAS_BUFFER) number("buffer", o.buffer);
    if (o.have & SNAP_HAS_RESOURCE) number("resource", o.resource);
    if (o.have & SNAP_HAS_STATE) number("state", o.state);
}

static void print_edge(const snap_batch *batch, uint32_t row)
{
    uint64_t source;
    snap_edge edge;
    snap_batch_edge(batch, row, &source, &edge);
    begin_row("edge");
    number("source", source);
    number(edge.flags & SNAP_EDGE_TO_ORDINAL ? "ordinal" : "target", edge.target);
    number("kind", edge.kind);
    number("index", edge.index);
    optional("name", edge.name);
    if (edge.flags & SNAP_EDGE_HAS_KEY_HASH) number("key_hash", edge.key_hash);
    number("owns", (edge.flags & SNAP_EDGE_OWNS) != 0);
}

static void print_root(const snap_batch *batch, uint32_t row)
{
    snap_root root;
    snap_batch_root(batch, row, &root);
    begin_row("root");
    number(root.by_ordinal ? "ordinal" : "object", root.object);
    number("kind", root.kind);
    optional("name", root.name);
    optional("thread", root.thread);
    optional("frame", root.frame);
    if (root.frame != 0) number("depth", root.depth);
}

static void print_value(const snap_batch *batch, uint32_t row)
{
    size_t size;
    const char *text = snap_batch_bytes(batch, SNAP_COL_PAIR_VALUE, row, &size);
    begin_row("value");
    number("ordinal", snap_batch_u64(batch, SNAP_COL_VALUE_OBJECT)[row]);
    printf(",\"text\":");
    print_text(text, size);
}

static void print_finish(const snap_batch *batch, uint32_t row)
{
    snap_finish finish;
    snap_batch_finish(batch, row, &finish);
    begin_row("finish");
    number("objects", finish.objects);
    number("edges", finish.edges);
    number("roots", finish.roots);
    number("flags", finish.flags);
}

static void print_row(const snap_batch *batch, uint32_t row)
{
    switch (snap_batch_kind(batch)) {
    case SNAP_KIND_METADATA: print_pair(batch, row, "metadata"); break;
    case SNAP_KIND_LABEL: print_pair(batch, row, "label"); break;
    case SNAP_KIND_COUNTER: print_pair(batch, row, "counter"); break;
    case SNAP_KIND_STRING: print_string(batch, row); break;
    case SNAP_KIND_TYPE:
    case SNAP_KIND_FRAME:
    case SNAP_KIND_STACK: print_definition(batch, row); break;
    case SNAP_KIND_THREAD: print_thread(batch, row); break;
    case SNAP_KIND_OBJECT: print_object(batch, row); break;
    case SNAP_KIND_EDGE: print_edge(batch, row); break;
    case SNAP_KIND_ROOT: print_root(batch, row); break;
    case SNAP_KIND_VALUE: print_value(batch, row); break;
    case SNAP_KIND_FINISH: print_finish(batch, row); break;
    default: begin_row("other"); number("number", snap_batch_kind(batch));
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    snap_reader *reader;
    snap_reader_summary summary;
    const snap_batch *batch;
    snap_error err;
    snap_status status;

    if (argc != 2 || snap_reader_open_path(&reader, argv[1], NULL, &err) != SNAP_OK) {
        fprintf(stderr, "dump_rows: %s\n", argc == 2 ? err.text : "usage: dump_rows FILE");
        return 2;
    }
    while ((status = snap_reader_next(reader, &batch, &err)) == SNAP_OK) {
        for (uint32_t row = 0; row < snap_batch_rows(batch); row++) print_row(batch, row);
    }
    if (status != SNAP_END) fprintf(stderr, "dump_rows: %s\n", err.text);
    snap_reader_get_summary(reader, &summary);
    snap_reader_close(reader);
    return status == SNAP_END && summary.complete ? 0 : 1;
}
