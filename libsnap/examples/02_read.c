/* SPDX-License-Identifier: MIT */
/*
 * Reading a snapshot as a stream: objects and bytes by type, largest first.
 *
 *     02_read IN.snap
 *
 * Damage is told and skipped; what is whole is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <snap/reader.h>

#define MAX_IDS 4096

static char *string_of[MAX_IDS];
static struct total {
    uint64_t name, count, bytes;
} total_of[MAX_IDS];

static int keep_string(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    (void)opaque;
    if (id < MAX_IDS && !string_of[id]) {
        string_of[id] = calloc(size + 1, 1);
        if (!string_of[id]) return 1;
        memcpy(string_of[id], bytes, size);
    }
    return 0;
}

static void keep_types(const snap_batch *b)
{
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        snap_type type;
        uint64_t id = snap_batch_first(b) + i;
        snap_batch_type(b, i, &type);
        if (id < MAX_IDS) total_of[id].name = type.name;
    }
}

/* By column: two arrays instead of a structure a row. */
static void count_objects(const snap_batch *b)
{
    const uint64_t *type = snap_batch_u64(b, SNAP_COL_OBJECT_TYPE);
    const uint64_t *shallow = snap_batch_u64(b, SNAP_COL_OBJECT_SHALLOW);
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        uint64_t id = type[i] < MAX_IDS ? type[i] : 0;
        total_of[id].count++;
        total_of[id].bytes += shallow[i];
    }
}

static void on_damage(void *opaque, const snap_error *what)
{
    fprintf(stderr, "%s: offset %llu: %s\n", (const char *)opaque,
            (unsigned long long)what->offset, what->text);
}

static int by_bytes(const void *a, const void *b)
{
    uint64_t x = ((const struct total *)a)->bytes, y = ((const struct total *)b)->bytes;
    return (x < y) - (x > y);
}

static void print_totals(void)
{
    qsort(total_of, MAX_IDS, sizeof total_of[0], by_bytes);
    for (int i = 0; i < MAX_IDS && total_of[i].count; i++) {
        const char *name = total_of[i].name < MAX_IDS ? string_of[total_of[i].name] : NULL;
        printf("%12llu bytes %8llu  %s\n", (unsigned long long)total_of[i].bytes,
               (unsigned long long)total_of[i].count, name ? name : "(lost)");
    }
}

int main(int argc, char **argv)
{
    snap_reader *r;
    const snap_batch *b;
    snap_string_joiner *strings;
    snap_error err;
    snap_status s;
    if (argc != 2) {
        fprintf(stderr, "usage: 02_read IN.snap\n");
        return 2;
    }
    snap_reader_options options = { .size = sizeof options, .on_damage = on_damage,
                                    .opaque = argv[1] };
    if (snap_reader_open_path(&r, argv[1], &options, &err) != SNAP_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], err.text);
        return 2;
    }
    if (snap_string_joiner_new(&strings, NULL, keep_string, NULL) != SNAP_OK) return 2;
    while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
        switch (snap_batch_kind(b)) {
        case SNAP_KIND_STRING:
            if (snap_string_joiner_feed(strings, b) != SNAP_OK) return 2;
            break;
        case SNAP_KIND_TYPE: keep_types(b); break;
        case SNAP_KIND_OBJECT: count_objects(b); break;
        }
    }
    if (s != SNAP_END) fprintf(stderr, "%s: %s\n", argv[1], err.text);
    print_totals();
    snap_string_joiner_free(strings);
    snap_reader_close(r);
    for (int i = 0; i < MAX_IDS; i++) free(string_of[i]);
    return s == SNAP_END ? 0 : 2;
}
