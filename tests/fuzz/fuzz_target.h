/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target: libFuzzer's entry point, and seeds for engines that have no corpus. A target must
 * take any bytes without a crash, a leak or a hang; wrong conclusions end in abort().
 */
#ifndef SNAP_TESTS_FUZZ_TARGET_H
#define SNAP_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Seed number `i` in memory of malloc's; NULL when there are no more. */
uint8_t *fuzz_seed(unsigned i, size_t *size);

#endif
