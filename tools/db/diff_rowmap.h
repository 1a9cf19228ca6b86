/* SPDX-License-Identifier: MIT */
/*
 * A map from rows to 32-bit values: open addressing, at most half full. `{0}` is empty. Used where
 * few of a snapshot's rows have a value; O(1) expected.
 */
#ifndef SNAP_TOOLS_DB_DIFF_ROWMAP_H
#define SNAP_TOOLS_DB_DIFF_ROWMAP_H

#include <stdbool.h>
#include <stdint.h>

#define ROWMAP_NONE UINT32_MAX

struct rowmap {
    uint32_t *keys; /* row + 1, 0: free */
    uint32_t *values;
    uint32_t n, n_slots;
};

/** The value of a row, or ROWMAP_NONE. */
uint32_t rowmap_get(const struct rowmap *m, uint32_t row);

/** Sets it. False without memory (the map is as before). Rows are below UINT32_MAX. */
bool rowmap_set(struct rowmap *m, uint32_t row, uint32_t value);

void rowmap_free(struct rowmap *m);

#endif
