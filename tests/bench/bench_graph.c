/* SPDX-License-Identifier: MIT */
/*
 * Time, memory and operation counts of the graph core.
 *
 *   bench_graph [-n OBJECTS] [-w tree|paths|components|all|lists|match] [-l] [-r REPEATS] SHAPE...
 *   bench_graph -f FILE ...      a graph written by tests/bench/python_heap.py
 *
 * Prints one line a run: objects, references, CPU seconds of the analysis, ns per object and
 * reference, the growth of the resident set at its peak (bytes a node, with the input's offsets and
 * targets and without its sizes), back edges per edge, steps. -l: Lengauer and Tarjan's algorithm.
 * -w lists: the order by retained size, lists by dominator and by a type, type sums, histogram,
 * referrers. -w match: matching with itself, by address, where 1 object in 50 has another address.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap/match.h"
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
    size_t n = (size_t)head[0], m = (size_t)head[1], roots = (size_t)head[2];
    s->off = malloc((n + 1) * 8);
    s->target = malloc(m * 4 + 1);
    s->root = malloc(roots * 4 + 1);
    s->shallow = malloc(n * 8 + 1);
    ok = ok && s->off && s->target && s->root && s->shallow &&
         fread(s->off, 8, n + 1, f) == n + 1 && fread(s->target, 4, m, f) == m &&
         fread(s->root, 4, roots, f) == roots && fread(s->shallow, 8, n, f) == n;
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
    if (n) memcpy(p, from, (size_t)n * size);
    return p;
}

/* The graph in arrays of its own; the shape is freed. */
static struct heap_graph adopt(struct shape *s)
{
    struct heap_graph g = { .n = s->n,
                            .n_roots = s->n_roots,
                            .off = copy(s->off, (uint64_t)s->n + 1, sizeof *s->off),
                            .target = copy(s->target, s->off[s->n], sizeof *s->target),
                            .root = copy(s->root, s->n_roots, sizeof *s->root),
                            .shallow = copy(s->shallow, s->n, sizeof *s->shallow) };
    shape_free(s);
    return g;
}

typedef void (*next_step)(const struct heap_graph *, const struct heap_analysis *);

static void run(const char *name, const struct heap_graph *g, unsigned want, next_step then)
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
           (double)a.steps.nca / all, (double)a.steps.compress / all, (int)a.steps.lengauer_tarjan,
           (double)a.n_live / n);
    if (then) then(g, &a);
    fflush(stdout);
    heap_analysis_free(&a);
}

static void lap(const char *what, double *since, uint64_t n)
{
    double now = cpu_seconds();
    double spent = now - *since;
    printf("    %-28s %7.3f s  %6.1f ns each\n", what, spent, spent * 1e9 / (double)n);
    *since = cpu_seconds();
}

/* A type by row, power-law distributed as types are. */
static uint32_t *make_types(const struct heap_analysis *a, uint32_t n_types)
{
    uint32_t *type = heap_new_none(a->n_rows);
    for (uint32_t row = 0; type && row < a->n_rows; row++) {
        uint64_t hash = heap_mix(7, a->node[row]);
        if (a->node[row] != HEAP_NONE) type[row] = (uint32_t)(hash % (1 + hash / 7919 % n_types));
    }
    return type;
}

static void run_lists(const struct heap_graph *g, const struct heap_analysis *a)
{
    enum { N_TYPES = 2000 };
    static struct heap_sum sum[N_TYPES];
    uint32_t *type = make_types(a, N_TYPES), *order = NULL;
    struct heap_lists lists;
    struct heap_referrers r;
    struct heap_prefix *prefix;
    uint64_t n = g->n, n_prefix;
    uint64_t *shallow = heap_new(a->n_rows, sizeof *shallow);
    const struct heap_sizes size = { shallow, NULL };
    if (!type || !shallow) exit(2);
    heap_permute(a, g->shallow, 0, shallow);
    double t = cpu_seconds();
    if (heap_order(a, &order) != HEAP_OK) exit(2);
    lap("order by retained size", &t, n);
    if (heap_group(a, order, n, type, N_TYPES, 0, &lists) != HEAP_OK) exit(2);
    heap_lists_free(&lists);
    lap("list by type", &t, n);
    if (heap_group(a, order, n, a->dominator, a->n_rows, 0, &lists) != HEAP_OK) exit(2);
    heap_lists_free(&lists);
    lap("list by dominator", &t, n);
    if (heap_sums(&size, a, 1, a->n_live, type, N_TYPES, sum) != HEAP_OK) exit(2);
    lap("sums by type", &t, n);
    if (heap_prefixes(&size, a, type, N_TYPES, &prefix, &n_prefix) != HEAP_OK) exit(2);
    free(prefix);
    lap("cumulative histogram", &t, n);
    if (heap_referrers(g, a, &r) != HEAP_OK) exit(2);
    heap_referrers_free(&r);
    lap("referrers (per reference)", &t, g->off[g->n]);
    heap_free(order);
    heap_free(shallow);
    heap_free(type);
}

static void run_match(const struct heap_graph *g, const struct heap_analysis *a)
{
    uint32_t *type = make_types(a, 2000);
    uint64_t *size = heap_new(a->n_rows, sizeof *size);
    uint64_t *old = heap_new(a->n_rows, sizeof *old), *new = heap_new(a->n_rows, sizeof *new);
    if (!type || !size || !old || !new) exit(2);
    heap_permute(a, g->shallow, 0, size);
    for (uint32_t row = 0; row < a->n_rows; row++) {
        old[row] = 0x7f0000000000 + 64 * (uint64_t)a->node[row];
        new[row] = old[row] + (heap_mix(3, a->node[row]) % 50 == 0);
    }
    struct heap_side sa = { .n_rows = a->n_rows,
                            .garbage_root = a->garbage_root,
                            .last = a->last,
                            .dominator = a->dominator,
                            .parent = a->parent,
                            .type = type,
                            .shallow_size = size,
                            .retained_size = a->retained_size,
                            .identity = old,
                            .step = old };
    struct heap_side sb = sa;
    sb.identity = new;
    const struct heap_match_options o = { .mode = HEAP_MATCH_ADDRESS, .n_types = 2000 };
    struct heap_match m;
    double t = cpu_seconds();
    if (heap_match_compute(&sa, &sb, &o, &m) != HEAP_OK) exit(2);
    lap("match", &t, a->n_rows);
    printf("    %u lines, %u clusters\n", m.n_owners, m.n_clusters);
    heap_match_free(&m);
    heap_free(type);
    heap_free(size);
    heap_free(old);
    heap_free(new);
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
    next_step then = NULL;
    for (int i = 1; i < argc; i++) {
        struct shape s;
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
            n = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "-w") == 0 && i + 1 < argc) {
            want = parse_want(argv[++i]);
            then = strcmp(argv[i], "lists") == 0   ? run_lists
                   : strcmp(argv[i], "match") == 0 ? run_match
                                                   : NULL;
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
            for (int r = 0; r < repeats; r++) run(argv[i], &g, want | lt, then);
            heap_free((void *)g.off);
            heap_free((void *)g.target);
            heap_free((void *)g.root);
            heap_free((void *)g.shallow);
        }
    }
    return 0;
}
