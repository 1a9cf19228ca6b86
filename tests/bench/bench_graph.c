/* SPDX-License-Identifier: MIT */
/*
 * Time, memory and operation counts of the graph core.
 *
 *   bench_graph [-n OBJECTS] [-w tree|paths|components|all] [-l] [-r REPEATS] SHAPE...
 *   bench_graph -f FILE ...      a graph written by tests/bench/python_heap.py
 *
 * Prints one line a run: objects, references, CPU seconds of the analysis, ns per object and
 * reference, the growth of the resident set at its peak (bytes a node, with the input's offsets and
 * targets and without its sizes), back edges per edge, steps. -l: Lengauer and Tarjan's algorithm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap/memory.h"
#include "heap/order.h"
#include "shapes.h"

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A line of /proc/self/status in bytes: VmRSS now, VmHWM the peak since reset_peak. */
static uint64_t status_bytes(const char *key)
{
    char line[256];
    uint64_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0) kib = strtoull(line + strlen(key) + 1, NULL, 10);
    if (f) fclose(f);
    return kib * 1024;
}

static void reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f) return;
    fputs("5", f);
    fclose(f);
}

/* File: the numbers n, m, n_roots, then off, target, root, shallow as in struct shape. */
static int read_graph(const char *path, struct shape *s)
{
    uint64_t head[3];
    FILE *f = fopen(path, "rb");
    if (!f) return -1;
    int ok = fread(head, sizeof head, 1, f) == 1;
    *s = (struct shape){ .n = (uint32_t)head[0], .n_roots = head[2] };
    s->off = malloc((head[0] + 1) * 8);
    s->target = malloc(head[1] * 4 + 1);
    s->root = malloc(head[2] * 4 + 1);
    s->shallow = malloc(head[0] * 8 + 1);
    ok = ok && s->off && s->target && s->root && s->shallow &&
         fread(s->off, 8, head[0] + 1, f) == head[0] + 1 &&
         fread(s->target, 4, head[1], f) == head[1] &&
         fread(s->root, 4, head[2], f) == head[2] && fread(s->shallow, 8, head[0], f) == head[0];
    fclose(f);
    return ok ? 0 : -1;
}

/* A copy in an array as the loader allocates it. */
static void *copy(const void *from, uint64_t n, size_t size)
{
    void *p = heap_new(n, size);
    if (!p) {
        fputs("bench_graph: out of memory\n", stderr);
        exit(2);
    }
    if (n) memcpy(p, from, n * size);
    return p;
}

/* The graph in arrays of its own; the shape is freed. */
static struct heap_graph adopt(struct shape *s)
{
    struct heap_graph g = { .n = s->n, .n_roots = s->n_roots,
                            .off = copy(s->off, (uint64_t)s->n + 1, sizeof *s->off),
                            .target = copy(s->target, s->off[s->n], sizeof *s->target),
                            .root = copy(s->root, s->n_roots, sizeof *s->root),
                            .shallow = copy(s->shallow, s->n, sizeof *s->shallow) };
    shape_free(s);
    return g;
}

static void run(const char *name, const struct heap_graph *g, unsigned want)
{
    struct heap_analysis a;
    reset_peak();
    uint64_t before = status_bytes("VmRSS"), m = g->off[g->n];
    double start = cpu_seconds();
    enum heap_status status = heap_analyse(g, want, 1, &a);
    double spent = cpu_seconds() - start;
    if (status != HEAP_OK) {
        printf("%-12s %s\n", name, heap_status_text(status));
        return;
    }
    double n = (double)g->n, all = n + (double)m;
    double own = (double)(status_bytes("VmHWM") - before) / n, input = 8 + 4 * (double)m / n;
    printf("%-12s n %8.3fM m %8.3fM  %7.3f s  %6.1f ns/(n+m)  %5.1f B/n own %5.1f with input "
           "(budget %5.1f)  back %.2f nca %.2f compress %.2f lt %d  live %.3f\n",
           name, n / 1e6, (double)m / 1e6, spent, spent * 1e9 / all, own, own + input,
           32 + 9 * (double)m / n, (double)a.steps.edges_reduced / ((double)m + 1),
           (double)a.steps.nca / all, (double)a.steps.compress / all,
           (int)a.steps.lengauer_tarjan, (double)a.n_live / n);
    fflush(stdout);
    heap_analysis_free(&a);
}

static unsigned parse_want(const char *word)
{
    if (strcmp(word, "tree") == 0) return 0;
    if (strcmp(word, "paths") == 0) return HEAP_WANT_PATHS;
    if (strcmp(word, "components") == 0) return HEAP_WANT_COMPONENTS;
    return HEAP_WANT_ALL;
}

int main(int argc, char **argv)
{
    uint32_t n = 1000000;
    unsigned want = HEAP_WANT_ALL, lt = 0;
    int repeats = 1, is_file = 0;
    for (int i = 1; i < argc; i++) {
        struct shape s;
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
            n = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "-w") == 0 && i + 1 < argc) {
            want = parse_want(argv[++i]);
        } else if (strcmp(argv[i], "-r") == 0 && i + 1 < argc) {
            repeats = atoi(argv[++i]);
        } else if (strcmp(argv[i], "-l") == 0) {
            lt = HEAP_USE_LENGAUER_TARJAN;
        } else if (strcmp(argv[i], "-f") == 0) {
            is_file = 1;
        } else if (is_file ? read_graph(argv[i], &s) : shape_make(argv[i], n, 1, &s)) {
            fprintf(stderr, "bench_graph: no such shape or file: %s\n", argv[i]);
            return 2;
        } else {
            struct heap_graph g = adopt(&s);
            for (int r = 0; r < repeats; r++) run(argv[i], &g, want | lt);
            heap_free((void *)g.off);
            heap_free((void *)g.target);
            heap_free((void *)g.root);
            heap_free((void *)g.shallow);
        }
    }
    return 0;
}
