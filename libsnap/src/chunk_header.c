/* SPDX-License-Identifier: MIT */
/*
 * Fixed-size parts of the file, byte by byte in the specification's order. O(1).
 */
#include "chunk.h"

#include "bytes.h"
#include "checksum.h"
#include "status.h"

static const uint8_t file_magic[8] = { 0x89, 'S', 'N', 'A', 'P', '\r', '\n', 0x1A };
static const uint8_t end_magic[8] = { 0x1A, '\n', '\r', 'P', 'A', 'N', 'S', 0x89 };
static const uint8_t chunk_magic[4] = { CHUNK_MAGIC_0, 'c', 'h', 'k' };

void chunk_header_put(uint8_t *to, const struct chunk_header *h)
{
    memcpy(to, chunk_magic, 4);
    bytes_put16(to + 4, h->kind);
    to[6] = h->codec;
    to[7] = h->flags;
    bytes_put32(to + 8, h->stored_size);
    bytes_put32(to + 12, h->raw_size);
    bytes_put32(to + 16, h->rows);
    bytes_put32(to + 20, h->snapshot);
    bytes_put64(to + 24, h->first);
    bytes_put64(to + 32, h->sequence);
    bytes_put64(to + 40, 0); /* dictionary, reserved */
    bytes_put64(to + 48, h->checksum);
    bytes_put64(to + 56, checksum64(to, 56));
}

enum chunk_look chunk_header_get(const uint8_t *from, struct chunk_header *h, const char **text)
{
    if (memcmp(from, chunk_magic, 4) != 0 || bytes_get64(from + 56) != checksum64(from, 56)) {
        return CHUNK_NOT;
    }
    h->kind = bytes_get16(from + 4);
    h->codec = from[6];
    h->flags = from[7];
    h->stored_size = bytes_get32(from + 8);
    h->raw_size = bytes_get32(from + 12);
    h->rows = bytes_get32(from + 16);
    h->snapshot = bytes_get32(from + 20);
    h->first = bytes_get64(from + 24);
    h->sequence = bytes_get64(from + 32);
    h->checksum = bytes_get64(from + 48);

    *text = "the chunk uses reserved flags";
    if (h->flags & ~CHUNK_REQUIRED) return CHUNK_UNSUPPORTED;
    *text = "the chunk is packed by an unknown codec";
    if (h->codec > CHUNK_ZSTD) return CHUNK_UNSUPPORTED;
    *text = "the chunk needs a dictionary or uses reserved fields";
    if (bytes_get64(from + 40) != 0) return CHUNK_UNSUPPORTED;
    *text = "the chunk is larger than the format allows";
    if (h->raw_size > SNAP_MAX_CHUNK_BYTES || h->stored_size > h->raw_size) return CHUNK_LIMIT;
    *text = "the chunk's number of rows is outside of what the format allows";
    if (h->rows < 1 || h->rows > SNAP_MAX_CHUNK_ROWS) return CHUNK_LIMIT;
    *text = "the chunk's sizes contradict its codec";
    if ((h->codec == CHUNK_STORED) != (h->stored_size == h->raw_size)) return CHUNK_LIMIT;
    *text = "";
    return CHUNK_GOOD;
}

void chunk_file_header_put(uint8_t *to, const uint8_t uuid[16])
{
    memcpy(to, file_magic, 8);
    to[8] = SNAP_FORMAT_MAJOR;
    to[9] = SNAP_FORMAT_MINOR;
    memset(to + 10, 0, 6); /* flags, reserved */
    memcpy(to + 16, uuid, 16);
    bytes_put64(to + 32, 0);
    bytes_put64(to + 40, checksum64(to, 40));
}

snap_status chunk_file_header_get(const uint8_t *from, size_t size, uint8_t *major, uint8_t *minor,
                                  uint8_t uuid[16], snap_error *err)
{
    size_t magic = size < 8 ? size : 8;
    if (memcmp(from, file_magic, magic) != 0) {
        return status_set(err, SNAP_E_NOT_SNAP, 0, 0, "not a .snap file: the magic bytes differ");
    }
    if (size < SNAP_FILE_HEADER_SIZE) {
        return status_set(err, SNAP_E_TRUNCATED, 0, size,
                          size ? "the file ends within its header" : "the file is empty");
    }
    if (bytes_get64(from + 40) != checksum64(from, 40)) {
        return status_set(err, SNAP_E_CORRUPT, 0, 0, "the checksum of the file header differs");
    }
    *major = from[8];
    *minor = from[9];
    memcpy(uuid, from + 16, 16);
    if (*major > SNAP_FORMAT_MAJOR) {
        return status_set_number(err, SNAP_E_NEWER, 8, "the file has major format version ",
                                 *major, ", which is newer than this library");
    }
    if (bytes_get16(from + 10) || bytes_get32(from + 12) || bytes_get64(from + 32)) {
        return status_set(err, SNAP_E_UNSUPPORTED, 0, 10, "the file header uses reserved fields");
    }
    return SNAP_OK;
}

void chunk_trailer_put(uint8_t *to, uint64_t index_offset, uint64_t total_offset)
{
    bytes_put64(to, index_offset);
    bytes_put64(to + 8, total_offset);
    bytes_put64(to + 16, checksum64(to, 16));
    memcpy(to + 24, end_magic, 8);
}

int chunk_trailer_get(const uint8_t *from, uint64_t *index_offset, uint64_t *total_offset)
{
    if (memcmp(from + 24, end_magic, 8) != 0) return -1;
    if (bytes_get64(from + 16) != checksum64(from, 16)) return 1;
    *index_offset = bytes_get64(from);
    *total_offset = bytes_get64(from + 8);
    return 0;
}
