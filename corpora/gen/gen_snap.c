/* SPDX-License-Identifier: MIT */
/*
 * Makes snapshot files from a seed; the same arguments give the same bytes.
 *
 *     gen_snap [--dangling] [--duplicates] [--long] [--chunk-rows N] SEED ROWS OUT
 *     gen_snap --shape real [--objects N] [--edges-per N] SEED OUT
 *
 * Exit status: 0 done, 2 wrong usage or failure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_rows.h"

struct arguments {
    unsigned flags;
    int real;
    uint64_t objects;
    unsigned edges_per;
    uint32_t chunk_rows;
    int level;
    const char *rest[3];
    int n_rest;
};

static int usage(void)
{
    fputs("usage: gen_snap [--dangling] [--duplicates] [--long] [--chunk-rows N] [--level N] "
          "SEED ROWS OUT\n"
          "       gen_snap --shape real [--objects N] [--edges-per N] [--level N] SEED OUT\n",
          stderr);
    return 2;
}

/* Reads one option; returns how many arguments it took, 0 for a wrong one. */
static int read_option(struct arguments *a, const char *name, const char *value)
{
    if (strcmp(name, "--dangling") == 0) return a->flags |= GEN_DANGLING, 1;
    if (strcmp(name, "--duplicates") == 0) return a->flags |= GEN_DUPLICATES, 1;
    if (strcmp(name, "--long") == 0) return a->flags |= GEN_LONG, 1;
    if (!value) return 0;
    if (strcmp(name, "--shape") == 0) return a->real = strcmp(value, "real") == 0, a->real ? 2 : 0;
    if (strcmp(name, "--objects") == 0) return a->objects = strtoull(value, NULL, 10), 2;
    if (strcmp(name, "--edges-per") == 0) return a->edges_per = (unsigned)atoi(value), 2;
    if (strcmp(name, "--chunk-rows") == 0) return a->chunk_rows = (uint32_t)atoi(value), 2;
    if (strcmp(name, "--level") == 0) return a->level = atoi(value), 2;
    return 0;
}

static int read_arguments(struct arguments *a, int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        if (strncmp(argv[i], "--", 2) == 0) {
            int took = read_option(a, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
            if (took == 0) return -1;
            i += took;
        } else {
            if (a->n_rest == 3) return -1;
            a->rest[a->n_rest++] = argv[i++];
        }
    }
    return a->n_rest == (a->real ? 2 : 3) ? 0 : -1;
}

static uint64_t still_clock(void *opaque, int which)
{
    (void)opaque;
    return which ? 1000000000u : 1700000000000000000u;
}

int main(int argc, char **argv)
{
    struct arguments a = { .objects = 1000000, .edges_per = 3 };
    if (read_arguments(&a, argc, argv)) return usage();
    uint64_t seed = strtoull(a.rest[0], NULL, 10);
    const char *out = a.rest[a.n_rest - 1];
    snap_writer_options o = { .size = sizeof o, .replace = 1, .no_sync = 1, .level = a.level,
                              .chunk_rows = a.chunk_rows, .clock = still_clock };
    memcpy(o.uuid, "generated", 9);
    for (int i = 0; i < 6; i++) o.uuid[10 + i] = (uint8_t)(seed >> (8 * i));

    snap_writer *w;
    snap_error err;
    snap_status s = snap_writer_open_path(&w, out, &o, &err);
    if (s == SNAP_OK) {
        snap_status made = SNAP_OK;
        if (a.real) made = gen_real(w, seed, a.objects, a.edges_per);
        else gen_random(w, seed, strtoul(a.rest[1], NULL, 10), a.flags, NULL);
        s = snap_writer_close(w, &err);
        if (s == SNAP_OK && made == SNAP_E_MEMORY) {
            fputs("gen_snap: out of memory\n", stderr);
            return 2;
        }
    }
    if (s == SNAP_OK) return 0;
    fprintf(stderr, "gen_snap: %s: %s\n", out, err.text);
    return 2;
}
