/* SPDX-License-Identifier: MIT */
/*
 * XXH3: 64 bits with seed 0 as the checksum of headers and payloads, 128 bits under a seed as the
 * identity of strings in the writer's cache.
 */
#ifndef SNAP_SRC_CHECKSUM_H
#define SNAP_SRC_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t checksum64(const void *data, size_t size);

struct checksum128 {
    uint64_t low, high;
};

struct checksum128 checksum128(const void *data, size_t size, uint64_t seed);

#endif
