/* SPDX-License-Identifier: MIT */
/*
 * Whole chunks and the frame of a file as bytes, for --recover: it copies chunks as they are and
 * needs only few and small ones of its own, which are stored without compression. Section numbers
 * are those of format/snap-format.md.
 */
#ifndef SNAP_TOOLS_INFO_ENCODE_H
#define SNAP_TOOLS_INFO_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"

/** A chunk header as numbers (3.1). */
struct encode_header {
    uint16_t kind;
    uint8_t codec, flags;
    uint32_t stored, raw, rows, snapshot;
    uint64_t first, sequence;
    uint64_t checksum; /* of the stored payload */
};

enum { CHUNK_REQUIRED = 1 };

/** Reads a header; false where magic or checksum are wrong, or a length is beyond the limits. */
bool encode_header_get(const uint8_t bytes[64], struct encode_header *h);
void encode_header_put(uint8_t bytes[64], const struct encode_header *h);

/** XXH3 of n bytes. */
uint64_t encode_checksum(const void *bytes, size_t n);

/** One column of a chunk being made: v numbers, or, where `texts` is set, v strings. */
struct encode_column {
    unsigned id;
    const uint64_t *numbers;
    const char *const *texts;
};

/** Appends a payload (section 4) of `rows` rows, columns by rising id. Every row has a value. */
void encode_payload(struct text *out, uint32_t rows, const struct encode_column *columns, size_t n);

/** File header (2.1) and trailer (2.2). */
void encode_file_header(uint8_t bytes[48], uint8_t major, uint8_t minor, const uint8_t uuid[16]);
void encode_trailer(uint8_t bytes[32], uint64_t index_offset, uint64_t total_offset);

#endif
