/* SPDX-License-Identifier: MIT */
/* Checks of many random cases, in a suite of cu.h: they count silently while all is well (millions of
 * CUnit assertions would take minutes), and name the case that fails. */
#ifndef SNAP_TESTS_CU_SEED_H
#define SNAP_TESTS_CU_SEED_H

#include <inttypes.h>
#include <stdio.h>

#include "cu.h"

/* Of the case that is being tried; the suite sets it. */
static uint64_t failing_seed;

#define WANT(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("  graph with seed %" PRIu64 ": ", failing_seed);                               \
            CHECK(cond);                                                                           \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#endif
