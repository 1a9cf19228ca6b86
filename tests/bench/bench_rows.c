/* SPDX-License-Identifier: MIT */
/*
 * Rows a second through libsnap's public interface on one core, and peak memory.
 *
 *     bench_rows [OBJECTS [EDGES_PER_OBJECT [LEVEL [FILE]]]]      (1000000 3 1 /dev/null)
 *
 * Writes OBJECTS objects with their edges, named by ordinal as a breadth-first capture names them;
 * then, where FILE is a regular file, reads it back twice: by column and by row. The rows are
 * made from a block that is prepared before and shifted on the fly, so that making them costs
 * little; that cost is measured apart and not taken off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <snap/snap.h>

#define BLOCK 16384u
#define MAX_EDGES 16u
#define TYPES 200u
#define NAMES 2000u

static snap_object objects[BLOCK];
static snap_edge edges[BLOCK * MAX_EDGES];
static uint64_t state = 88172645463325252u;

static uint64_t rnd(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double peak_mib(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_maxrss / 1024;
}

static void must(snap_status s, const char *what)
{
    if (s == SNAP_OK) return;
    fprintf(stderr, "bench_rows: %s: %s\n", what, snap_status_name(s));
    exit(2);
}

/* A block of rows such as a Python heap has: few types, small sizes, most edges named or to the
 * next new object, some to a few popular ones. */
static void prepare(unsigned per_object)
{
    uint64_t address = 0x7f0000000000u, newest = 1;
    for (unsigned i = 0; i < BLOCK; i++) {
        uint64_t type = 1 + rnd(rnd(TYPES) + 1);
        address += 16 * (1 + rnd(8)) + (rnd(50) == 0 ? 65536 * rnd(64) : 0);
        objects[i] = (snap_object){ .id = address, .type = type,
                                    .shallow_size = 32 + 16 * (type % 9),
                                    .have = SNAP_HAS_REFCOUNT | SNAP_HAS_GENERATION,
                                    .refcount = 1 + rnd(3) * rnd(3), .generation = 2,
                                    .flags = type % 3 ? SNAP_OBJECT_TRACKED : 0 };
        if (type % 4 == 0) {
            objects[i].have |= SNAP_HAS_LENGTH;
            objects[i].length = rnd(40);
        }
        for (unsigned k = 0; k < per_object; k++) {
            snap_edge *e = &edges[i * per_object + k];
            uint64_t pick = rnd(10);
            *e = (snap_edge){ .target = pick < 3 ? rnd(300) : pick < 6 ? newest : rnd(newest),
                              .kind = (uint16_t)(k == 0 ? SNAP_EDGE_TYPE : SNAP_EDGE_VALUE),
                              .flags = SNAP_EDGE_OWNS | SNAP_EDGE_TO_ORDINAL };
            if (k == 0) e->target = type;
            if (k && pick < 6) e->name = 1 + rnd(rnd(NAMES) + 1);
            newest += e->target == newest;
        }
    }
}

/* Shifts the next block's rows to where the capture is by now. */
static void shift(unsigned n, unsigned per_object, uint64_t by)
{
    for (unsigned i = 0; i < n; i++) objects[i].id += 64 * BLOCK;
    for (unsigned i = 0; i < n * per_object; i++) {
        if (edges[i].target >= 300) edges[i].target += by;
    }
}

static void define(snap_writer *w)
{
    uint64_t id;
    char name[32];
    for (unsigned i = 0; i < NAMES; i++) {
        int n = snprintf(name, sizeof name, "attribute_%u", i);
        must(snap_writer_string(w, name, (size_t)n, &id), "string");
    }
    for (unsigned i = 0; i < TYPES; i++) {
        must(snap_writer_type(w, &(snap_type){ .name = 1 + i }, &id), "type");
    }
}

static double write_all(const char *path, unsigned long n, unsigned per_object, int level)
{
    snap_writer *w;
    snap_error err;
    FILE *out = fopen(path, "wb");
    snap_writer_options o = { .size = sizeof o, .level = level };
    if (!out) must(SNAP_E_IO, path);
    must(snap_writer_open_fd(&w, fileno(out), &o, &err), "open");
    define(w);
    must(snap_writer_begin(w, &(snap_begin){ .reason = "bench" }), "begin");
    prepare(per_object);
    double start = cpu_seconds();
    for (unsigned long done = 0; done < n; done += BLOCK) {
        unsigned m = n - done < BLOCK ? (unsigned)(n - done) : BLOCK;
        for (unsigned i = 0; i < m; i++) {
            snap_writer_object(w, &objects[i], NULL);
            snap_writer_edges(w, edges + (size_t)i * per_object, per_object);
        }
        shift(BLOCK, per_object, BLOCK);
    }
    must(snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE }), "finish");
    must(snap_writer_close(w, &err), "close");
    double seconds = cpu_seconds() - start;
    fclose(out);
    return seconds;
}

static double read_all(const char *path, int by_row, uint64_t *rows, uint64_t *sum)
{
    snap_reader *r;
    snap_error err;
    const snap_batch *b;
    snap_status s;
    double start = cpu_seconds();
    must(snap_reader_open_path(&r, path, NULL, &err), "open for reading");
    *rows = 0;
    while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
        uint32_t n = snap_batch_rows(b);
        unsigned kind = snap_batch_kind(b);
        if (kind == SNAP_KIND_OBJECT || kind == SNAP_KIND_EDGE) *rows += n;
        if (kind == SNAP_KIND_OBJECT && by_row) {
            snap_object object;
            for (uint32_t i = 0; i < n; i++) {
                snap_batch_object(b, i, &object);
                *sum += object.shallow_size;
            }
        } else if (kind == SNAP_KIND_EDGE && by_row) {
            snap_edge edge;
            uint64_t source;
            for (uint32_t i = 0; i < n; i++) {
                snap_batch_edge(b, i, &source, &edge);
                *sum += edge.target + source;
            }
        } else if (kind == SNAP_KIND_EDGE) {
            const uint64_t *t = snap_batch_u64(b, SNAP_COL_EDGE_TARGET_ORDINAL);
            for (uint32_t i = 0; i < n; i++) *sum += t[i];
        }
    }
    if (s != SNAP_END) must(s, err.text);
    snap_reader_close(r);
    return cpu_seconds() - start;
}

int main(int argc, char **argv)
{
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    unsigned per_object = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3;
    int level = argc > 3 ? atoi(argv[3]) : 1;
    const char *path = argc > 4 ? argv[4] : "/dev/null";
    if (per_object > MAX_EDGES) per_object = MAX_EDGES;
    double rows = (double)n * (1 + per_object);

    prepare(per_object);
    double start = cpu_seconds();
    for (unsigned long done = 0; done < n; done += BLOCK) shift(BLOCK, per_object, BLOCK);
    double making = cpu_seconds() - start;

    double seconds = write_all(path, n, per_object, level);
    printf("write: %.0f rows, %.3f s, %.1f M rows/s (making them: %.3f s), peak %.1f MiB\n", rows,
           seconds, rows / seconds / 1e6, making, peak_mib());
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        uint64_t got, sum = 0;
        printf("file: %.2f B an object with its edges\n", (double)st.st_size / (double)n);
        for (int by_row = 0; by_row < 2; by_row++) {
            seconds = read_all(path, by_row, &got, &sum);
            printf("read by %s: %.3f s, %.1f M rows/s, peak %.1f MiB (sum %llu)\n",
                   by_row ? "row" : "column", seconds, (double)got / seconds / 1e6, peak_mib(),
                   (unsigned long long)sum);
        }
    }
    return 0;
}
