/* SPDX-License-Identifier: MIT */
/* Ranges of code points by the columns they take; for text.c alone. Ascending, disjoint. */
#ifndef SNAP_TOOLS_CLI_TEXT_WIDTH_H
#define SNAP_TOOLS_CLI_TEXT_WIDTH_H

#include <stddef.h>
#include <stdint.h>

struct text_range {
    uint32_t first;
    uint32_t last;
};

/** Characters of no width; all others outside text_wide_ranges take one column. */
extern const struct text_range text_zero_ranges[];
extern const size_t text_zero_ranges_n;

/** Characters of two columns. */
extern const struct text_range text_wide_ranges[];
extern const size_t text_wide_ranges_n;

#endif
