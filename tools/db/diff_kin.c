/* SPDX-License-Identifier: MIT */
/* One process or two; see the header. */
#include "db/diff_kin.h"

#include <stdlib.h>

#include "cli/message.h"
#include "info/u64map.h"

/* How often a type has an object that is in both, in A and in B. */
struct kin_type {
    uint64_t a, b;
};

/* How many of the lowest bits of a hash must be 0 for about DIFF_KIN_SAMPLE of n to be chosen. */
static uint64_t sample_mask(uint32_t n)
{
    uint64_t mask = 0;
    while (n / (mask + 1) > DIFF_KIN_SAMPLE) mask = mask * 2 + 1;
    return mask;
}

static bool chosen(const struct diff_rows *rows, uint32_t row, uint64_t mask)
{
    uint64_t id = rows->identity[row];
    return rows->type[row] != HEAP_NONE && (id & 1) && !(heap_mix(0, id) & mask);
}

static bool fill(struct u64map *known, const struct diff_rows *a, uint64_t mask)
{
    for (uint32_t row = 0; row < a->n_rows; row++) {
        if (!chosen(a, row, mask)) continue;
        uint64_t *slot = u64map_put(known, a->identity[row], NULL);
        if (!slot) return false;
        *slot = row;
    }
    return true;
}

static double beyond_chance(const struct diff_kin *kin, const struct kin_type *of, uint32_t n_types)
{
    double n = (double)kin->common, expected = 0;
    if (!kin->common) return 0;
    for (uint32_t i = 0; i < n_types; i++)
        expected += (double)of[i].a / n * ((double)of[i].b / n);
    return expected < 1 ? ((double)kin->agreed / n - expected) / (1 - expected) : 0;
}

int diff_kin_measure(const struct diff_rows *a, const struct diff_rows *b, uint32_t n_types,
                     struct diff_kin *out)
{
    struct u64map known = { 0 };
    uint64_t mask = sample_mask(a->n_rows);
    struct kin_type *of = calloc((size_t)n_types + 1, sizeof *of);
    bool ok = of && fill(&known, a, mask);
    *out = (struct diff_kin){ 0 };
    for (uint32_t row = 0; ok && row < b->n_rows; row++) {
        const uint64_t *before =
            chosen(b, row, mask) ? u64map_get(&known, b->identity[row]) : NULL;
        if (!before) continue;
        out->common++;
        out->agreed += a->type[*before] == b->type[row] && a->shallow[*before] == b->shallow[row];
        of[a->type[*before]].a++;
        of[b->type[row]].b++;
    }
    if (ok) out->kappa = beyond_chance(out, of, n_types);
    u64map_free(&known);
    free(of);
    return ok ? 0 : message_no_memory("the ids of the snapshots");
}

bool diff_kin_is_one(const struct diff_kin *kin)
{
    return kin->common >= DIFF_KIN_MIN && kin->kappa >= DIFF_KIN_SHARE;
}
