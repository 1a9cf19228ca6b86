/* SPDX-License-Identifier: MIT */
/*
 * Columns, orders, lists, sums and histograms at sizes where small random graphs do not come: rows
 * around the ends of blocks and buckets, ids that begin anywhere, keys that nobody has, ranges of
 * one row, nothing at all; and each refusal.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "cu.h"
#include "heap/memory.h"
#include "heap/order.h"
#include "heap/path.h"
#include "heap_random.h"

/* An analysis made by hand: `n` objects in a chain of dominators or flat, half of them garbage. */
struct world {
    struct heap_analysis a;
    uint64_t *shallow, *native;
    uint32_t *key;
};

static void *exactly(uint64_t n, size_t size)
{
    void *p = calloc(n ? (size_t)n : 1, size);
    if (!p) abort();
    return p;
}

static void make_world(struct world *w, uint32_t n, uint64_t first_id, uint32_t n_keys)
{
    uint32_t rows = n + 2, live = n - n / 4;
    memset(w, 0, sizeof *w);
    w->a = (struct heap_analysis){ .first_id = first_id, .n_nodes = n, .n_rows = rows,
                                   .n_live = live, .garbage_root = live + 1 };
    w->a.node = exactly(rows, sizeof *w->a.node);
    w->a.dominator = exactly(rows, sizeof *w->a.dominator);
    w->a.last = exactly(rows, sizeof *w->a.last);
    w->a.retained_size = exactly(rows, sizeof *w->a.retained_size);
    w->shallow = exactly(rows, sizeof *w->shallow);
    w->native = exactly(rows, sizeof *w->native);
    w->key = exactly(rows, sizeof *w->key);
    for (uint32_t row = 0, node = 0; row < rows; row++) {
        uint32_t root = row < w->a.garbage_root ? 0 : w->a.garbage_root;
        bool is_root = row == root;
        w->a.node[row] = is_root ? HEAP_NONE : n - 1 - node++;
        w->a.dominator[row] = is_root ? HEAP_NONE : row % 3 ? row - 1 : root;
        w->a.last[row] = row;
        w->shallow[row] = is_root ? 0 : 8 + row % 5 * 8;
        w->native[row] = is_root ? 0 : row % 7 * 100;
        w->key[row] = row % 11 == 0 || is_root ? HEAP_NONE : row * 7 % n_keys;
    }
    for (uint32_t row = rows; row-- > 0;) {
        uint32_t d = w->a.dominator[row];
        w->a.retained_size[row] += w->shallow[row];
        if (d == HEAP_NONE) continue;
        w->a.retained_size[d] += w->a.retained_size[row];
        if (w->a.last[row] > w->a.last[d]) w->a.last[d] = w->a.last[row];
    }
}

static void free_world(struct world *w)
{
    free(w->a.node);
    free(w->a.dominator);
    free(w->a.last);
    free(w->a.retained_size);
    free(w->shallow);
    free(w->native);
    free(w->key);
}

/* ---- columns ---- */

static void test_permute(void)
{
    static const uint32_t sizes[] = { 0, 1, 2, 15, 16, 17, 18, 1000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct world w;
        uint32_t n = sizes[i], rows = n + 2;
        uint64_t wrong = 0;
        make_world(&w, n, 1, 3);
        uint64_t *by_node = exactly(n, 8), *out = exactly(rows, 8);
        for (uint32_t v = 0; v < n; v++) by_node[v] = (uint64_t)v << 40 | v;
        heap_permute(&w.a, by_node, UINT64_MAX, out);
        for (uint32_t row = 0; row < rows; row++) {
            uint32_t v = w.a.node[row];
            wrong += out[row] != (v == HEAP_NONE ? UINT64_MAX : by_node[v]);
        }
        CHECK_U64(wrong, 0);
        free(by_node), free(out);
        free_world(&w);
    }
}

/* ---- lists ---- */

static void test_group(void)
{
    struct world w;
    struct heap_lists l;
    uint32_t *order = NULL;
    make_world(&w, 300, 1, 10);
    CHECK(heap_order(&w.a, &order) == HEAP_OK);
    for (uint64_t cap = 0; cap < 40; cap++) {
        uint64_t wrong = 0;
        if (!CHECK(heap_group(&w.a, order, 300, w.key, 10, cap, &l) == HEAP_OK)) break;
        for (uint32_t k = 0; k < 10; k++) {
            uint64_t at = l.start[k];
            for (uint32_t i = 0; i < 300; i++)
                if (w.key[order[i]] == k && (cap == 0 || at - l.start[k] < cap))
                    wrong += l.row[at++] != order[i];
            wrong += at != l.start[k + 1];
        }
        CHECK_U64(wrong, 0);
        heap_lists_free(&l);
    }
    /* Part of the rows, the same row twice, none; keys that nobody has. */
    const uint32_t twice[] = { 5, 5, 6 };
    CHECK(heap_group(&w.a, twice, 3, w.key, 1000, 0, &l) == HEAP_OK);
    CHECK_U64(l.start[1000], 3);
    CHECK(l.row[l.start[w.key[5]]] == 5 && l.row[l.start[w.key[5]] + 1] == 5);
    heap_lists_free(&l);
    CHECK(heap_group(&w.a, NULL, 0, w.key, 4, 0, &l) == HEAP_OK);
    CHECK(l.start[0] == 0 && l.start[4] == 0);
    heap_lists_free(&l);
    CHECK(heap_group(&w.a, NULL, 0, w.key, 0, 0, &l) == HEAP_OK);
    heap_lists_free(&l);
    heap_lists_free(NULL);
    const uint32_t beyond[] = { 5, 302 }, last[] = { 301 };
    CHECK(heap_group(&w.a, beyond, 2, w.key, 10, 0, &l) == HEAP_BAD_GRAPH);
    CHECK(l.start == NULL && l.row == NULL);
    CHECK(heap_group(&w.a, last, 1, w.key, 10, 0, &l) == HEAP_OK);
    heap_lists_free(&l);
    w.key[7] = 10;
    CHECK(heap_group(&w.a, order, 300, w.key, 10, 0, &l) == HEAP_BAD_GRAPH);
    CHECK(l.start == NULL && l.row == NULL);
    heap_free(order);
    free_world(&w);
}

/* ---- sums ---- */

static void test_sums(void)
{
    struct world w;
    struct heap_sum got[6], want[6];
    make_world(&w, 120, 1, 6);
    const struct heap_sizes size = { w.shallow, w.native };
    uint64_t wrong = 0;
    w.a.retained_native = exactly(122, sizeof *w.a.retained_native);
    for (uint32_t row = 0; row < 122; row++) w.a.retained_native[row] = row + 1;
    for (uint32_t first = 0; first < 122; first += 7)
        for (uint32_t last = first; last < 122; last += 5) {
            memset(want, 0, sizeof want);
            if (!CHECK(heap_sums(&size, &w.a, first, last, w.key, 6, got) == HEAP_OK)) return;
            for (uint32_t row = first; row <= last; row++) {
                uint32_t k = w.key[row], d = row;
                if (k == HEAP_NONE) continue;
                want[k].n++;
                want[k].shallow_size += w.shallow[row];
                want[k].native_size += w.native[row];
                do d = w.a.dominator[d];
                while (d != HEAP_NONE && !(d >= first && w.key[d] == k));
                if (d != HEAP_NONE) continue; /* inside another of its key */
                want[k].retained_size += w.a.retained_size[row];
                want[k].retained_native += w.a.retained_native[row];
            }
            wrong += memcmp(got, want, sizeof want) != 0;
        }
    CHECK_U64(wrong, 0);
    CHECK(heap_sums(&size, &w.a, 0, 122, w.key, 6, got) == HEAP_BAD_GRAPH);
    CHECK(heap_sums(&size, &w.a, 0, 121, w.key, 6, got) == HEAP_OK);
    w.key[121] = 6;
    CHECK(heap_sums(&size, &w.a, 0, 121, w.key, 6, got) == HEAP_BAD_GRAPH);
    CHECK(heap_sums(&size, &w.a, 0, 120, w.key, 6, got) == HEAP_OK); /* it is not looked at */
    free(w.a.retained_native);
    w.a.retained_native = NULL;
    free_world(&w);
}

/* ---- histograms ---- */

/* The definition, one block after the other. */
static uint64_t wrong_prefixes(const struct world *w, uint32_t n_keys,
                               const struct heap_prefix *rows, uint64_t n)
{
    uint64_t at = 0, wrong = 0, first = w->a.first_id, last = first + w->a.n_rows - 1;
    for (uint64_t block = 1; block * HEAP_PREFIX_ROWS <= last; block++) {
        uint64_t end = block * HEAP_PREFIX_ROWS;
        if (end < first) continue;
        for (uint32_t k = 0; k < n_keys; k++) {
            uint64_t count = 0, size = 0;
            for (uint32_t row = 0; row < w->a.n_rows && first + row <= end; row++) {
                if (w->key[row] != k) continue;
                count++;
                size += w->shallow[row];
            }
            if (count == 0) continue;
            wrong += at >= n || rows[at].block != block || rows[at].key != k ||
                     rows[at].n != count || rows[at].shallow_size != size;
            at++;
        }
    }
    return wrong + (at != n);
}

static void test_prefixes(void)
{
    static const uint64_t firsts[] = { 1, 2, HEAP_PREFIX_ROWS - 1, HEAP_PREFIX_ROWS,
                                       HEAP_PREFIX_ROWS + 1, 5 * HEAP_PREFIX_ROWS - 2 };
    static const uint32_t sizes[] = { 0, 1, 5, HEAP_PREFIX_ROWS - 3, HEAP_PREFIX_ROWS - 2,
                                      HEAP_PREFIX_ROWS, 2 * HEAP_PREFIX_ROWS + 10 };
    for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            struct world w;
            struct heap_prefix *rows = NULL;
            uint64_t n = 99;
            make_world(&w, sizes[s], firsts[f], 4);
            const struct heap_sizes size = { w.shallow, NULL };
            CHECK(heap_prefixes(&size, &w.a, w.key, 4, &rows, &n) == HEAP_OK);
            CHECK((n == 0) == (rows == NULL));
            CHECK_U64(wrong_prefixes(&w, 4, rows, n), 0);
            free(rows);
            free_world(&w);
        }
}

/* Many keys, so that the list has to grow, and a key beyond the last. */
static void test_many_keys(void)
{
    struct world w;
    struct heap_prefix *rows = NULL;
    uint64_t n;
    make_world(&w, 3 * HEAP_PREFIX_ROWS, 1, 3000);
    const struct heap_sizes size = { w.shallow, NULL };
    CHECK(heap_prefixes(&size, &w.a, w.key, 3000, &rows, &n) == HEAP_OK);
    CHECK_U64(n, 3 * 3000);
    uint64_t wrong = 0;
    for (uint64_t i = 1; i < n; i++)
        wrong += rows[i - 1].block > rows[i].block ||
                 (rows[i - 1].block == rows[i].block && rows[i - 1].key >= rows[i].key);
    CHECK_U64(wrong, 0);
    free(rows);
    w.key[w.a.n_rows - 1] = 3000;
    CHECK(heap_prefixes(&size, &w.a, w.key, 3000, &rows, &n) == HEAP_BAD_GRAPH);
    CHECK(rows == NULL && n == 0);
    free_world(&w);
}

/* ---- references by target, in buckets ---- */

/* Every reference of `edges`, ten to a source, comes back in order, and each half of the buckets has
 * about half of them. */
static void check_buckets(const struct heap_backward_edges *edges, struct heap_backward *b)
{
    uint64_t m = edges->off[edges->n_nodes], at = 0, wrong = 0, before = 0, first = 0;
    struct heap_backward_sorted in;
    for (uint64_t e = 0; e < m; e++)
        heap_backward_add(b, e / 10 >= edges->middle, edges->target[e], (uint32_t)(e / 10),
                          (uint32_t)(e % 10));
    for (uint32_t k = 0; k < b->n_buckets; k++) {
        CHECK(heap_backward_sort(b, k, &in) == HEAP_OK);
        if (k < b->middle) first += in.n;
        for (uint32_t r = 0; r < in.n; r++, at++) {
            const struct heap_backward_ref *ref = &in.ref[in.order[r]];
            uint64_t e = (uint64_t)ref->source * 10 + ref->position;
            uint64_t here = (uint64_t)ref->target << 32 | e;
            wrong += e >= m || edges->target[e] != ref->target || ref->target / 8192 != k;
            wrong += at > 0 && before >= here; /* targets, sources, positions rise */
            before = here;
        }
    }
    CHECK_U64(wrong, 0);
    CHECK_U64(at, m);
    CHECK(first >= m / 2);
}

static void test_buckets(void)
{
    static const uint32_t rows[] = { 1, 2, 8191, 8192, 8193, 16384, 20000 };
    enum { SOURCES = 300 };
    uint64_t off[SOURCES + 1];
    uint32_t row_of[SOURCES];
    for (uint32_t v = 0; v <= SOURCES; v++) off[v] = 10 * (uint64_t)v;
    for (uint32_t v = 0; v < SOURCES; v++) row_of[v] = v;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heap_backward b;
        struct heap_backward_sorted in;
        uint64_t m = 10 * SOURCES, seed = i;
        uint32_t *target = exactly(m, sizeof *target);
        for (uint64_t e = 0; e < m; e++) {
            uint32_t edge = 8192 * random_below(&seed, 3) + random_below(&seed, 3);
            target[e] = (random_below(&seed, 2) ? edge : random_below(&seed, rows[i])) % rows[i];
        }
        struct heap_backward_edges edges = { off, target, row_of, SOURCES, rows[i], (uint32_t)(100 * (i % 4)) };
        CHECK(heap_backward_begin(&edges, &b) == HEAP_OK);
        CHECK_U64(b.n_buckets, (rows[i] + 8191) / 8192);
        check_buckets(&edges, &b);
        heap_backward_free(&b);
        target[7] = rows[i];
        CHECK(heap_backward_begin(&edges, &b) == HEAP_BAD_GRAPH);
        heap_backward_free(&b);
        edges.n_nodes = 0;
        CHECK(heap_backward_begin(&edges, &b) == HEAP_OK);
        CHECK(heap_backward_sort(&b, b.n_buckets - 1, &in) == HEAP_OK);
        CHECK_U64(in.n, 0);
        heap_backward_free(&b);
        free(target);
    }
}

/* ---- paths ---- */

/* A ladder: two ways to every rung, doubled at the bottom; the target is no root, then it is. */
static void test_paths(void)
{
    const uint64_t off[] = { 0, 2, 4, 6, 9, 9 }, shallow[] = { 1, 1, 1, 1, 1 };
    const uint32_t target[] = { 1, 2, 3, 3, 3, 0, 4, 4, 3 }, root[] = { 0, 0, 2 };
    struct heap_graph g = { .n = 5, .off = off, .target = target, .root = root, .n_roots = 3,
                            .shallow = shallow };
    struct heap_analysis a;
    struct heap_referrers r;
    struct heap_paths p;
    if (!CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_OK)) return;
    CHECK(heap_referrers(&g, &a, &r) == HEAP_OK);
    uint32_t leaf = a.row_of[4];
    CHECK(heap_disjoint_paths(&g, &a, &r, leaf, 9, HEAP_EDGE_DISJOINT, &p) == HEAP_OK);
    CHECK_U64(p.n, 2); /* two references lead to it; the roots are 0 and 2 */
    CHECK_U64(p.start[1], 3); /* 2 -> 3 -> 4 is the shortest */
    CHECK_U64(a.node[p.step[0]], 2);
    CHECK_U64(p.start[2] - p.start[1], 4); /* 0 -> 1 -> 3 -> 4 */
    CHECK(p.position[1] != p.position[5]); /* not by the same of the two references */
    heap_paths_free(&p);
    CHECK(heap_disjoint_paths(&g, &a, &r, leaf, 9, HEAP_NODE_DISJOINT, &p) == HEAP_OK);
    CHECK_U64(p.n, 1); /* all ways lead through 3 */
    heap_paths_free(&p);
    CHECK(heap_disjoint_paths(&g, &a, &r, a.row_of[0], 9, HEAP_EDGE_DISJOINT, &p) == HEAP_OK);
    CHECK_U64(p.n, 2); /* itself, though it is a root twice; and from 2 */
    CHECK_U64(p.start[1], 1);
    CHECK_U64(p.position[0], HEAP_NONE);
    heap_paths_free(&p);
    CHECK(heap_disjoint_paths(&g, &a, &r, leaf, 0, HEAP_EDGE_DISJOINT, &p) == HEAP_OK);
    CHECK_U64(p.n, 0);
    heap_paths_free(&p);
    CHECK(heap_disjoint_paths(&g, &a, &r, 0, 3, HEAP_EDGE_DISJOINT, &p) == HEAP_OK);
    CHECK_U64(p.n, 0); /* a virtual root */
    heap_paths_free(&p);
    CHECK(heap_disjoint_paths(&g, &a, &r, a.n_rows, 3, HEAP_EDGE_DISJOINT, &p) == HEAP_BAD_GRAPH);
    CHECK(p.start == NULL && p.step == NULL);
    heap_paths_free(NULL);
    heap_referrers_free(&r);
    heap_referrers_free(NULL);
    heap_analysis_free(&a);
}

static void test_status(void)
{
    CHECK_STR(heap_status_text(HEAP_NO_MEMORY), "out of memory");
    const char *seen[4];
    for (int s = HEAP_OK; s <= HEAP_BAD_GRAPH; s++) {
        seen[s] = heap_status_text((enum heap_status)s);
        CHECK(seen[s] && strlen(seen[s]) > 1 && seen[s][strlen(seen[s]) - 1] != '.');
        for (int k = 0; k < s; k++) CHECK(strcmp(seen[k], seen[s]) != 0);
    }
}

CU_MAIN("heap orders", { "columns", test_permute }, { "lists", test_group }, { "sums", test_sums },
        { "histograms", test_prefixes }, { "many keys", test_many_keys },
        { "references in buckets", test_buckets }, { "paths", test_paths },
        { "statuses", test_status })
