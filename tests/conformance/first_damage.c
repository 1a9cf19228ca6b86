/* SPDX-License-Identifier: MIT */
/*
 * Reads a whole snapshot file with every kind wanted, and prints what is wrong with it: by the
 * strict reader first, then each piece of damage that the lenient one steps over. One line each:
 * reader, cause, offset ("-" where there is none), sentence, with
 * tabs between. O(file) time, O(chunk) memory.
 *
 *     first_damage FILE
 *
 * Exit status: 0 it was read to its end, 1 the lenient reader gave up, 2 wrong usage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <snap/reader.h>

static void print_error(void *label, const snap_error *e)
{
    printf("%s\t%s\t", (const char *)label, snap_status_name(e->code));
    if (e->offset == UINT64_MAX) putchar('-');
    else printf("%" PRIu64, e->offset);
    printf("\t%s\n", e->text);
}

static int read_all(const char *path, int strict)
{
    char name[8] = "lenient";
    snap_reader *r;
    const snap_batch *b;
    snap_error err;
    snap_reader_options o = { .size = sizeof o, .kinds = UINT64_MAX, .strict = strict };
    if (strict) snprintf(name, sizeof name, "strict");
    else o.on_damage = print_error;
    o.opaque = name;
    snap_status s = snap_reader_open_path(&r, path, &o, &err);
    while (s == SNAP_OK) s = snap_reader_next(r, &b, &err);
    if (s != SNAP_END) print_error(name, &err);
    snap_reader_close(r);
    return s == SNAP_END ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: first_damage FILE\n");
        return 2;
    }
    read_all(argv[1], 1);
    return read_all(argv[1], 0);
}
