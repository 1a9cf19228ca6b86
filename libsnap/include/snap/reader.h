/* SPDX-License-Identifier: MIT */
/*
 * Reading a .snap file: chunk by chunk as a stream, or by index, with bounded memory.
 *
 * Contract
 *  - Order of arguments: the reader, then what goes in, then what comes out, then the error.
 *  - Threads: a `const snap_reader *` or `const snap_batch *` may be shared; a non-const one is
 *    exclusive to the call. To decode in parallel, open one reader a thread on the same path,
 *    memory or pread-able descriptor and give each its share of the chunks (snap_reader_seek).
 *  - Trust: nothing in the file is believed before it is checked. Counts, sizes and offsets are
 *    held against the limits of the specification before memory is taken; memory stays below
 *    64 MiB whatever the file says (strings in parts excepted: at most SNAP_MAX_STRING more).
 *  - Damage: by default the reader goes on after damage: it tells each piece by `on_damage`,
 *    skips to the next whole chunk and continues; rows that need a lost definition keep their
 *    numbers, and looking these up is the caller's job. With `strict` the first damage is
 *    returned as an error instead. A newer or unsupported chunk that is marked required is an
 *    error in either mode. Errors are sticky.
 *  - What is checked: every checksum; column structure; ranges of numbers; that ids of definitions
 *    and sequence numbers rise; the file's totals and trailer. What is not: that ids are defined,
 *    that edges have targets, that counts at a snapshot's end are right. snapinfo --verify and
 *    the loader check these.
 *
 *     snap_reader *r;
 *     const snap_batch *b;
 *     snap_status s;
 *     if (snap_reader_open_path(&r, "a.snap", NULL, &err) != SNAP_OK) ...
 *     while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK)
 *         if (snap_batch_kind(b) == SNAP_KIND_OBJECT)
 *             for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
 *                 snap_object o;
 *                 snap_batch_object(b, i, &o);
 *             }
 *     if (s != SNAP_END) ...
 *     snap_reader_close(r);
 */
#ifndef SNAP_READER_H
#define SNAP_READER_H

#include <snap/error.h>
#include <snap/format.h>
#include <snap/writer.h> /* snap_allocator */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct snap_reader snap_reader;
typedef struct snap_batch snap_batch;

/** Where bytes come from. read_at fills as much of `data` as it can from `offset` and stores the
 *  count in *got (less than `size` only at the end of the source); returns 0 or an errno value. */
typedef struct snap_source {
    int (*read_at)(void *opaque, uint64_t offset, void *data, size_t size, size_t *got);
    void *opaque;
    /** Bytes in the source, or UINT64_MAX where unknown (then there is no index). */
    uint64_t size;
} snap_source;

typedef struct snap_reader_options {
    /** sizeof(snap_reader_options); fields beyond it take their defaults. */
    size_t size;
    /** NULL: malloc and free. Copied. */
    const snap_allocator *allocator;
    /** Return the first damage as an error instead of skipping it. */
    int strict;
    /** Kinds that are wanted, bit k for snap_kind k (k <= 63); 0 means all. Others are skipped
     *  without decompression, with their header checked. */
    uint64_t kinds;
    /** Called for each piece of damage that is skipped: where, what; and once at the end where the
     *  file is incomplete. May be NULL. */
    void (*on_damage)(void *opaque, const snap_error *what);
    void *opaque;
} snap_reader_options;

/** Open a file, descriptor (pread from offset 0 where it can, else read in order from where it
 *  stands; stays the caller's), block of
 *  memory (must outlive the reader) or callback (copied). The file header is read and checked:
 *  SNAP_E_NOT_SNAP, SNAP_E_NEWER, SNAP_E_CORRUPT, SNAP_E_TRUNCATED (shorter than a header),
 *  SNAP_E_IO (a directory is EISDIR). On failure *reader is NULL. */
SNAP_API SNAP_MUST_USE snap_status snap_reader_open_path(snap_reader **reader, const char *path,
                                                         const snap_reader_options *options,
                                                         snap_error *err);
SNAP_API SNAP_MUST_USE snap_status snap_reader_open_fd(snap_reader **reader, int fd,
                                                       const snap_reader_options *options,
                                                       snap_error *err);
SNAP_API SNAP_MUST_USE snap_status snap_reader_open_memory(snap_reader **reader, const void *data,
                                                           size_t size,
                                                           const snap_reader_options *options,
                                                           snap_error *err);
SNAP_API SNAP_MUST_USE snap_status snap_reader_open_source(snap_reader **reader,
                                                           const snap_source *source,
                                                           const snap_reader_options *options,
                                                           snap_error *err);

/** Free. NULL is allowed. */
SNAP_API void snap_reader_close(snap_reader *reader);

/** The next chunk of a wanted kind, decoded; valid until the next call on this reader. SNAP_END
 *  after the last. INDEX and TOTAL chunks are delivered too where wanted explicitly by `kinds`.
 *  O(bytes of the chunk). */
SNAP_API SNAP_MUST_USE snap_status snap_reader_next(snap_reader *reader, const snap_batch **batch,
                                                    snap_error *err);

/** What the file header says. */
typedef struct snap_file_info {
    uint8_t major, minor;
    uint8_t uuid[16];
} snap_file_info;
SNAP_API void snap_reader_info(const snap_reader *reader, snap_file_info *info);

/** What has been seen so far; final after SNAP_END. */
typedef struct snap_reader_summary {
    /** The end of the file was seen, whole: totals chunk and trailer, and no damage before. 0 after
     *  snap_reader_seek: then the file was not seen as a whole. */
    int complete;
    uint64_t chunks;        /**< whole chunks passed, skipped kinds included */
    uint64_t damaged;       /**< pieces of damage skipped */
    uint64_t first_damage;  /**< offset of the first; UINT64_MAX when there is none */
    uint64_t lost_chunks;   /**< chunks missing by sequence number */
    uint64_t bytes;         /**< bytes of the file passed */
} snap_reader_summary;
SNAP_API void snap_reader_get_summary(const snap_reader *reader, snap_reader_summary *summary);

/* ---- random access ---- */

typedef struct snap_chunk_info {
    uint64_t offset;   /**< of the chunk header in the file */
    uint64_t first;    /**< id or ordinal of the first row */
    uint32_t snapshot; /**< number of the snapshot it belongs to, 0: the file */
    uint32_t rows;
    uint32_t stored_size; /**< payload bytes in the file */
    uint16_t kind;
} snap_chunk_info;

/** Read the index by the trailer; where it is missing or damaged, rebuild it by walking the chunk
 *  headers. INDEX and TOTAL chunks are not in it. SNAP_E_UNSUPPORTED on a source without random
 *  access or known size. The walk goes on where it was; its last batch is no longer valid.
 *  O(chunks); 32 bytes each. */
SNAP_API SNAP_MUST_USE snap_status snap_reader_load_index(snap_reader *reader, size_t *chunks,
                                                          snap_error *err);

/** Chunk `i` of the loaded index, in file order; NULL beyond the last. Valid until close. */
SNAP_API const snap_chunk_info *snap_reader_chunk(const snap_reader *reader, size_t i);

/** The next snap_reader_next() starts at chunk `i` of the loaded index (i == count: the end). */
SNAP_API SNAP_MUST_USE snap_status snap_reader_seek(snap_reader *reader, size_t i, snap_error *err);

/* ---- one decoded chunk ---- */

SNAP_API unsigned snap_batch_kind(const snap_batch *batch);
SNAP_API uint32_t snap_batch_rows(const snap_batch *batch);
/** Number of the snapshot, 0: the whole file. */
SNAP_API uint32_t snap_batch_snapshot(const snap_batch *batch);
/** Id of the first row (definitions) or ordinal of the first row (objects); others count rows. */
SNAP_API uint64_t snap_batch_first(const snap_batch *batch);
/** Offset of the chunk header; for messages. */
SNAP_API uint64_t snap_batch_offset(const snap_batch *batch);
/** Payload bytes, decompressed and as stored. */
SNAP_API uint64_t snap_batch_raw_size(const snap_batch *batch);
SNAP_API uint64_t snap_batch_stored_size(const snap_batch *batch);

/** The column ids of the chunk in stored order; returns how many there are. Writes at most `n`. */
SNAP_API size_t snap_batch_columns(const snap_batch *batch, unsigned *ids, size_t n);

/** A number column as an array of one value a row (0 where a row has none); NULL where the chunk
 *  lacks the column or it holds bytes. O(1): this is the fast way through a big chunk. For
 *  SNAP_COL_EDGE_INDEX it is the position of every edge, never NULL. */
SNAP_API const uint64_t *snap_batch_u64(const snap_batch *batch, unsigned column);

/** A signed number (the value of COUNTER and SAMPLE rows, which snap_batch_u64 gives as stored, in
 *  zigzag); 0 where the row has none. */
SNAP_API int64_t snap_batch_i64(const snap_batch *batch, unsigned column, uint32_t row);

/** Which rows have a value: bit i%8 of byte i/8; NULL where all rows have one (or, the column being
 *  absent, none: ask snap_batch_u64). */
SNAP_API const uint8_t *snap_batch_present(const snap_batch *batch, unsigned column);

/** Whether row `row` has a value in the column. */
SNAP_API int snap_batch_has(const snap_batch *batch, unsigned column, uint32_t row);

/** The bytes of a row in a bytes column; NULL where it has none. Not NUL-terminated. */
SNAP_API const char *snap_batch_bytes(const snap_batch *batch, unsigned column, uint32_t row,
                                      size_t *size);

/* Rows as structures. The batch must be of the kind and `row` below its rows. */
SNAP_API void snap_batch_type(const snap_batch *batch, uint32_t row, snap_type *type);
SNAP_API void snap_batch_frame(const snap_batch *batch, uint32_t row, snap_frame *frame);
SNAP_API void snap_batch_stack(const snap_batch *batch, uint32_t row, uint64_t *parent,
                               uint64_t *frame);
SNAP_API void snap_batch_thread(const snap_batch *batch, uint32_t row, snap_thread *thread);
/** build_id points into the batch. */
SNAP_API void snap_batch_module(const snap_batch *batch, uint32_t row, snap_module *module);
/** reason points into the batch and is not NUL-terminated: see reason_size. */
SNAP_API void snap_batch_begin(const snap_batch *batch, uint32_t row, snap_begin *begin);
SNAP_API void snap_batch_finish(const snap_batch *batch, uint32_t row, snap_finish *finish);
SNAP_API void snap_batch_object(const snap_batch *batch, uint32_t row, snap_object *object);
/** `source` gets the ordinal of the source object. index is filled in for every edge. */
SNAP_API void snap_batch_edge(const snap_batch *batch, uint32_t row, uint64_t *source,
                              snap_edge *edge);
SNAP_API void snap_batch_root(const snap_batch *batch, uint32_t row, snap_root *root);
SNAP_API void snap_batch_block(const snap_batch *batch, uint32_t row, snap_block *block);
SNAP_API void snap_batch_event(const snap_batch *batch, uint32_t row, snap_event *event);

/* ---- whole strings ---- */

/** Joins the parts of long strings. Feed it STRING batches in order; it calls back for each whole
 *  string, once; parts that do not fit together are dropped and counted. */
typedef struct snap_string_joiner snap_string_joiner;
typedef int (*snap_string_fn)(void *opaque, uint64_t id, const char *bytes, size_t size);

SNAP_API SNAP_MUST_USE snap_status snap_string_joiner_new(snap_string_joiner **joiner,
                                                          const snap_allocator *allocator,
                                                          snap_string_fn each, void *opaque);
/** Returns SNAP_E_MEMORY, SNAP_E_MISUSE (not a STRING batch), or SNAP_E_IO where `each` returned
 *  non-zero. */
SNAP_API SNAP_MUST_USE snap_status snap_string_joiner_feed(snap_string_joiner *joiner,
                                                           const snap_batch *batch);
/** Frees; returns how many incomplete strings were dropped. NULL is allowed. */
SNAP_API uint64_t snap_string_joiner_free(snap_string_joiner *joiner);

#ifdef __cplusplus
}
#endif

#endif
