/* SPDX-License-Identifier: MIT */
/*
 * Writing a snapshot: a small heap by hand.
 *
 *     01_write OUT.snap
 *
 * A registry (dict) holds two requests; the second one holds a buffer of 1 MiB.
 */
#include <stdio.h>
#include <snap/writer.h>

/* Defines a string and a type of that name; 0 when it fails: the writer remembers why. */
static uint64_t define_type(snap_writer *w, const char *name, size_t size)
{
    uint64_t string, type;
    if (snap_writer_string(w, name, size, &string) != SNAP_OK) return 0;
    snap_type definition = { .name = string, .kind = SNAP_TYPE_CLASS };
    if (snap_writer_type(w, &definition, &type) != SNAP_OK) return 0;
    return type;
}

static void write_object(snap_writer *w, uint64_t id, uint64_t type, uint64_t size)
{
    snap_object object = { .id = id, .type = type, .shallow_size = size };
    snap_writer_object(w, &object, NULL);
}

/* Every call returns a status; since the first failure is sticky, it suffices to look at the one
 * that snap_writer_close returns. */
static void write_heap(snap_writer *w)
{
    uint64_t dict = define_type(w, "dict", 4);
    uint64_t request = define_type(w, "Request", 7);
    uint64_t bytes = define_type(w, "bytes", 5);
    uint64_t registry, body;
    snap_writer_string(w, "REGISTRY", 8, &registry);
    snap_writer_string(w, "body", 4, &body);

    snap_writer_label(w, "service", "example");
    snap_writer_begin(w, &(snap_begin){ .reason = "example" });
    snap_writer_counter(w, "rss", 4 << 20);

    /* Each object, then the references that it holds. */
    write_object(w, 0x1000, dict, 232);
    snap_edge entries[] = {
        { .target = 0x2000, .kind = SNAP_EDGE_VALUE, .flags = SNAP_EDGE_OWNS },
        { .target = 0x2040, .kind = SNAP_EDGE_VALUE, .flags = SNAP_EDGE_OWNS },
    };
    snap_writer_edges(w, entries, 2);
    write_object(w, 0x2000, request, 48);
    write_object(w, 0x2040, request, 48);
    snap_edge attribute = { .target = 0x3000, .name = body, .kind = SNAP_EDGE_ATTRIBUTE,
                            .flags = SNAP_EDGE_OWNS };
    snap_writer_edges(w, &attribute, 1);
    snap_object buffer = { .id = 0x3000, .type = bytes, .shallow_size = (1 << 20) + 33,
                           .have = SNAP_HAS_LENGTH, .length = 1 << 20 };
    snap_writer_object(w, &buffer, NULL);

    /* What keeps it alive: a global variable. */
    snap_root root = { .object = 0x1000, .kind = SNAP_ROOT_GLOBAL, .name = registry };
    snap_writer_root(w, &root);
    snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE });
}

int main(int argc, char **argv)
{
    snap_writer *w;
    snap_error err;
    snap_writer_options options = { .size = sizeof options, .replace = 1 };
    if (argc != 2) {
        fprintf(stderr, "usage: 01_write OUT.snap\n");
        return 2;
    }
    if (snap_writer_open_path(&w, argv[1], &options, &err) != SNAP_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], err.text);
        return 2;
    }
    write_heap(w);
    snap_writer_totals totals;
    snap_writer_get_totals(w, &totals);
    if (snap_writer_close(w, &err) != SNAP_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], err.text);
        return 2;
    }
    printf("%llu objects, %llu edges\n", (unsigned long long)totals.rows[SNAP_KIND_OBJECT],
           (unsigned long long)totals.rows[SNAP_KIND_EDGE]);
    return 0;
}
