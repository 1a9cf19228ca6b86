/* SPDX-License-Identifier: MIT */
/*
 * The frame around rows: file header, chunk header, trailer, and compression of payloads.
 */
#ifndef SNAP_SRC_CHUNK_H
#define SNAP_SRC_CHUNK_H

#include <snap/error.h>
#include <snap/format.h>

#define CHUNK_MAGIC_0 0xC5u /* the chunk header begins C5 'c' 'h' 'k' */

enum chunk_codec { CHUNK_STORED = 0, CHUNK_ZSTD = 1 };

#define CHUNK_REQUIRED 1u /* flag: who does not know the kind must stop */

/* INDEX chunks are written after so many others. */
#define CHUNK_INDEX_EVERY 4096u

/* A chunk header without magic, checksum and reserved fields. */
struct chunk_header {
    uint16_t kind;
    uint8_t codec;
    uint8_t flags;
    uint32_t stored_size;
    uint32_t raw_size;
    uint32_t rows;
    uint32_t snapshot;
    uint64_t first;
    uint64_t sequence;
    uint64_t checksum; /* of the stored payload */
};

/* Writes the SNAP_CHUNK_HEADER_SIZE bytes of a header. */
void chunk_header_put(uint8_t *to, const struct chunk_header *header);

/* How the bytes of a would-be chunk header look. */
enum chunk_look {
    CHUNK_GOOD,        /* all well */
    CHUNK_NOT,         /* no chunk header: wrong magic or checksum */
    CHUNK_UNSUPPORTED, /* genuine, but with a reserved bit or field, or an unknown codec */
    CHUNK_LIMIT        /* genuine, but beyond the limits */
};

/* Reads SNAP_CHUNK_HEADER_SIZE bytes. *header is filled unless CHUNK_NOT is returned; *text then
 * says what is wrong with it. */
enum chunk_look chunk_header_get(const uint8_t *from, struct chunk_header *header,
                                 const char **text);

/* Writes the SNAP_FILE_HEADER_SIZE bytes of the file header. */
void chunk_file_header_put(uint8_t *to, const uint8_t uuid[16]);

/* Checks `size` bytes from the start of a file. */
snap_status chunk_file_header_get(const uint8_t *from, size_t size, uint8_t *major, uint8_t *minor,
                                  uint8_t uuid[16], snap_error *err);

/* Writes and reads SNAP_TRAILER_SIZE bytes; reading returns 0, -1 where it is no trailer, 1 where it
 * is one whose checksum does not match. */
void chunk_trailer_put(uint8_t *to, uint64_t index_offset, uint64_t total_offset);
int chunk_trailer_get(const uint8_t *from, uint64_t *index_offset, uint64_t *total_offset);

/* ---- compressing: a zstd context in memory of the caller's ---- */

struct chunk_packer {
    void *context;
    int level;
    size_t payload; /* the size that level's parameters were chosen for */
};

/* Bytes of memory that packing at `level` needs for payloads of up to `payload` bytes; 0 where the
 * level is out of range. */
size_t chunk_packer_memory(int level, size_t payload);

/* Sets up a context in `memory` (aligned to 8), and proves by a trial over `scratch` (`payload`
 * bytes, whatever they hold) that it suffices. Returns 0, or -1. Never allocates. */
int chunk_packer_init(struct chunk_packer *packer, int level, size_t payload, void *memory,
                      size_t memory_size, const void *scratch, uint8_t *out, size_t out_size);

/* Compresses to one frame; returns its size, or 0 where it would not be smaller than the input or
 * than `out_size` allows: then the payload is stored as it is. end[0..parts) are the ends of the
 * payload's parts, the last of them its size; large parts get blocks, so statistics, of their
 * own. */
size_t chunk_pack(struct chunk_packer *packer, const uint8_t *from, const size_t *end,
                  unsigned parts, uint8_t *out, size_t out_size);

/* ---- decompressing ---- */

struct chunk_unpacker {
    void *context;
};

size_t chunk_unpacker_memory(void);
int chunk_unpacker_init(struct chunk_unpacker *unpacker, void *memory, size_t memory_size);

/* Decompresses a payload of one frame to exactly `raw_size` bytes; 0, or -1. */
int chunk_unpack(struct chunk_unpacker *unpacker, const uint8_t *from, size_t size, uint8_t *raw,
                 size_t raw_size);

#endif
