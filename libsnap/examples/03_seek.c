/* SPDX-License-Identifier: MIT */
/*
 * Random access: the chunks of a file by its index, and the last chunk of objects without reading
 * what stands before it.
 *
 *     03_seek IN.snap
 */
#include <stdio.h>
#include <snap/reader.h>

static void print_last_object(snap_reader *r, size_t chunks)
{
    const snap_batch *b;
    snap_object object;
    size_t i = chunks;
    while (i > 0 && snap_reader_chunk(r, i - 1)->kind != SNAP_KIND_OBJECT) i--;
    if (i == 0 || snap_reader_seek(r, i - 1, NULL) != SNAP_OK) return;
    if (snap_reader_next(r, &b, NULL) != SNAP_OK) return;
    snap_batch_object(b, snap_batch_rows(b) - 1, &object);
    printf("last object: 0x%llx, %llu bytes\n", (unsigned long long)object.id,
           (unsigned long long)object.shallow_size);
}

int main(int argc, char **argv)
{
    snap_reader *r;
    snap_error err;
    size_t chunks;
    if (argc != 2) {
        fprintf(stderr, "usage: 03_seek IN.snap\n");
        return 2;
    }
    if (snap_reader_open_path(&r, argv[1], NULL, &err) != SNAP_OK) goto err0;
    if (snap_reader_load_index(r, &chunks, &err) != SNAP_OK) goto err1;
    for (size_t i = 0; i < chunks; i++) {
        const snap_chunk_info *c = snap_reader_chunk(r, i);
        printf("offset %8llu  kind %2u  snapshot %u  rows %6u\n", (unsigned long long)c->offset,
               c->kind, c->snapshot, c->rows);
    }
    print_last_object(r, chunks);
    snap_reader_close(r);
    return 0;

err1:
    snap_reader_close(r);
err0:
    fprintf(stderr, "%s: %s\n", argv[1], err.text);
    return 2;
}
