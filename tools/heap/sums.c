/* SPDX-License-Identifier: MIT */
/* Sums by key and the cumulative histogram: passes over rows in preorder. Contract in order.h. */
#include "heap/internal.h"
#include "heap/order.h"

enum heap_status heap_sums(const struct heap_sizes *size, const struct heap_analysis *a,
                           uint32_t first, uint32_t last, const uint32_t *key, uint32_t n_keys,
                           struct heap_sum *sum)
{
    if (n_keys) memset(sum, 0, (size_t)n_keys * sizeof *sum);
    if (first > last) return HEAP_OK;
    if (last >= a->n_rows) return HEAP_BAD_GRAPH;
    /* covered[k]: one past the last row that the topmost object of key k so far retains. */
    uint32_t *covered = heap_new_zeroed(n_keys, sizeof *covered);
    if (!covered) return HEAP_NO_MEMORY;
    enum heap_status status = HEAP_OK;
    for (uint32_t row = first; row <= last; row++) {
        uint32_t k = key[row];
        if (k == HEAP_NONE) continue;
        if (k >= n_keys) {
            status = HEAP_BAD_GRAPH;
            break;
        }
        sum[k].n++;
        sum[k].shallow_size += size->shallow[row];
        if (size->native) sum[k].native_size += size->native[row];
        if (row < covered[k]) continue;
        covered[k] = a->last[row] + 1;
        sum[k].retained_size += a->retained_size[row];
        if (a->retained_native) sum[k].retained_native += a->retained_native[row];
    }
    heap_free(covered);
    return status;
}

struct prefixes {
    struct heap_prefix *rows;
    uint64_t n, capacity;
};

static bool append(struct prefixes *p, struct heap_prefix row)
{
    if (p->n == p->capacity) {
        uint64_t wanted = p->capacity * 2 + 256;
        if (wanted > PTRDIFF_MAX / sizeof *p->rows) return false;
        struct heap_prefix *larger = realloc(p->rows, (size_t)wanted * sizeof *larger);
        if (!larger) return false;
        p->rows = larger;
        p->capacity = wanted;
    }
    p->rows[p->n++] = row;
    return true;
}

static bool append_block(struct prefixes *p, uint64_t block, const struct heap_sum *sum,
                         uint32_t n_keys)
{
    for (uint32_t k = 0; k < n_keys; k++)
        if (sum[k].n && !append(p, (struct heap_prefix){ block, k, sum[k].n, sum[k].shallow_size }))
            return false;
    return true;
}

enum heap_status heap_prefixes(const struct heap_sizes *size, const struct heap_analysis *a,
                               const uint32_t *key, uint32_t n_keys, struct heap_prefix **rows,
                               uint64_t *n)
{
    *rows = NULL;
    *n = 0;
    struct prefixes p = { 0 };
    struct heap_sum *sum = heap_new_zeroed(n_keys, sizeof *sum);
    enum heap_status status = sum ? HEAP_OK : HEAP_NO_MEMORY;
    for (uint32_t row = 0; status == HEAP_OK && row < a->n_rows; row++) {
        uint32_t k = key[row];
        if (k != HEAP_NONE && k >= n_keys) {
            status = HEAP_BAD_GRAPH;
        } else if (k != HEAP_NONE) {
            sum[k].n++;
            sum[k].shallow_size += size->shallow[row];
        }
        uint64_t id = heap_id(a, row);
        if (status == HEAP_OK && id % HEAP_PREFIX_ROWS == 0 &&
            !append_block(&p, id / HEAP_PREFIX_ROWS, sum, n_keys))
            status = HEAP_NO_MEMORY;
    }
    heap_free(sum);
    if (status == HEAP_OK) {
        *rows = p.rows;
        *n = p.n;
    } else {
        free(p.rows);
    }
    return status;
}
