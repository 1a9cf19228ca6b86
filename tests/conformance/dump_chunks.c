/* SPDX-License-Identifier: MIT */
/*
 * Prints every row of every chunk of a snapshot, by column, in a plain form that an independent reader
 * can print as well (read_snap.py does). Numbers as stored, bytes in hexadecimal, "-" for no value;
 * for edges column 8 is the position.
 *
 *     dump_chunks FILE
 *
 * Exit status: 0 the file is whole, 1 it is damaged or incomplete (what is whole is printed), 2 it
 * cannot be read at all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <snap/reader.h>

static void print_value(const snap_batch *b, unsigned id, uint32_t row)
{
    size_t size;
    const uint64_t *v = snap_batch_u64(b, id);
    const char *bytes = snap_batch_bytes(b, id, row, &size);
    printf(" %u=", id);
    if (!snap_batch_has(b, id, row)) {
        putchar('-');
    } else if (v) {
        printf("%" PRIu64, v[row]);
    } else {
        putchar('x');
        for (size_t i = 0; i < size; i++) printf("%02x", (unsigned char)bytes[i]);
    }
}

static void print_batch(const snap_batch *b)
{
    unsigned ids[SNAP_MAX_COLUMNS];
    size_t n = snap_batch_columns(b, ids, SNAP_MAX_COLUMNS);
    int edges = snap_batch_kind(b) == SNAP_KIND_EDGE;
    printf("chunk %" PRIu64 " kind %u snapshot %u first %" PRIu64 " rows %u\n",
           snap_batch_offset(b), snap_batch_kind(b), snap_batch_snapshot(b), snap_batch_first(b),
           snap_batch_rows(b));
    for (uint32_t row = 0; row < snap_batch_rows(b); row++) {
        int due = edges; /* the position is printed whether it is stored or not */
        for (size_t i = 0; i < n; i++) {
            if (due && ids[i] >= SNAP_COL_EDGE_INDEX) {
                print_value(b, SNAP_COL_EDGE_INDEX, row);
                due = 0;
            }
            if (!edges || ids[i] != SNAP_COL_EDGE_INDEX) print_value(b, ids[i], row);
        }
        if (due) print_value(b, SNAP_COL_EDGE_INDEX, row);
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    snap_reader *r;
    const snap_batch *b;
    snap_error err;
    snap_status s;
    snap_reader_summary sum;
    snap_reader_options o = { .size = sizeof o, .kinds = UINT64_MAX };
    if (argc != 2) {
        fprintf(stderr, "usage: dump_chunks FILE\n");
        return 2;
    }
    if (snap_reader_open_path(&r, argv[1], &o, &err) != SNAP_OK) {
        fprintf(stderr, "dump_chunks: %s: %s\n", argv[1], err.text);
        return 2;
    }
    while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK) print_batch(b);
    snap_reader_get_summary(r, &sum);
    snap_reader_close(r);
    if (s != SNAP_END) {
        fprintf(stderr, "dump_chunks: %s: %s\n", argv[1], err.text);
        return 2;
    }
    return sum.complete && fflush(stdout) == 0 ? 0 : 1;
}
