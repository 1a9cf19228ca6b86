/* SPDX-License-Identifier: MIT */
/*
 * Writing a .snap file: a stream of rows in, a file out, with bounded memory.
 *
 * Contract
 *  - Order of arguments: the writer, then what goes in, then what comes out, then the error.
 *  - Threads: a `const snap_writer *` may be shared; a non-const one is exclusive to the call. The
 *    library has no global state, so different writers are independent.
 *  - Memory: everything is allocated in snap_writer_open_*, through the caller's allocator, in a
 *    one block (about 13 MiB with the defaults, of which 9 are touched when a heap is written;
 *    snap_writer_memory() tells exactly). No later call allocates, takes a lock, changes signal
 *    state or uses stdio, so that a writer can be used where malloc is forbidden: in a forked
 *    child, inside an allocator. A heap of any size costs the same memory. Stack use stays under
 *    16 KiB. System calls after opening: write (with poll where a descriptor would block), the
 *    clock at begin, finish and for max_chunk_age_ns; at close fsync, rename and the like.
 *  - Order of rows: definitions before their use (a string before the type that it names; the
 *    functions hand out the ids, so that this is natural), objects of a snapshot between begin and
 *    finish, edges after their source object. A target may come later.
 *  - Errors: the first failure is sticky. Every later call returns the same status and writes
 *    nothing; snap_writer_close then reports it. What reached the file before is readable.
 *  - Ownership: strings and structures passed in are copied before the call returns.
 *  - Text: keys and counter names are UTF-8 without control characters, 1 byte to 64 KiB
 *    (SNAP_E_MISUSE, SNAP_E_LIMIT); in values and reasons a byte that is not part of well-formed
 *    UTF-8 is stored as '?', so that an odd host name does not cost a capture. Strings defined by
 *    snap_writer_string are bytes and are stored as they are.
 *  - Signals: writing to a pipe or socket whose reader is gone raises SIGPIPE, and going beyond a
 *    file size limit SIGXFSZ, as for any write. Who ignores or blocks them gets SNAP_E_IO with
 *    EPIPE or EFBIG.
 *  - Fork: nothing is buffered but in the writer's own memory. A child that inherits a writer gives
 *    its copy up by snap_writer_abort(writer, 1), which leaves the parent's file as it is.
 *  - Complexity: every row O(1) amortised; a chunk is encoded and compressed when it has
 *    as many rows as the options say, about 1 MiB of strings, or the age limit, whichever comes
 *    first, and before a chunk that may refer to it.
 *
 *     snap_writer *w;
 *     snap_error err;
 *     if (snap_writer_open_path(&w, "a.snap", NULL, &err) != SNAP_OK) ...
 *     snap_writer_begin(w, &(snap_begin){ .reason = "example" });
 *     snap_writer_string(w, "list", 4, &name);
 *     snap_writer_type(w, &(snap_type){ .name = name }, &type);
 *     snap_object o = { .id = 0x1000, .type = type, .shallow_size = 56 };
 *     snap_writer_object(w, &o, NULL);
 *     snap_writer_edges(w, edges, n_edges);
 *     snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE });
 *     if (snap_writer_close(w, &err) != SNAP_OK) ...
 */
#ifndef SNAP_WRITER_H
#define SNAP_WRITER_H

#include <snap/error.h>
#include <snap/format.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct snap_writer snap_writer;

/** Where memory comes from. alloc returns NULL when there is none; free gets what alloc returned
 *  and the same size. NULL in the options means malloc and free. */
typedef struct snap_allocator {
    void *(*alloc)(void *opaque, size_t size);
    void (*free)(void *opaque, void *ptr, size_t size);
    void *opaque;
} snap_allocator;

/** Where bytes go: write must take all `size` bytes and return 0, or return an errno value. */
typedef struct snap_sink {
    int (*write)(void *opaque, const void *data, size_t size);
    void *opaque;
} snap_sink;

/** Choices of a writer. Set `size` and leave the rest zero for the defaults. */
typedef struct snap_writer_options {
    /** sizeof(snap_writer_options); fields beyond it take their defaults. */
    size_t size;
    /** zstd level 1..19; 0 means 1. A level the workspace cannot hold is SNAP_E_MISUSE. */
    int level;
    /** Rows at which a chunk is closed, 1..SNAP_MAX_CHUNK_ROWS; 0 means 32768. Memory grows with
     *  it; files get about 1 % smaller with 65536. Kinds with few rows have smaller chunks. */
    uint32_t chunk_rows;
    /** Nanoseconds after which an open chunk is written out at the next row, so that a kill loses
     *  at most that much; 0 means no limit. Looked at every 256 rows. */
    uint64_t max_chunk_age_ns;
    /** NULL: malloc and free. Copied. */
    const snap_allocator *allocator;
    /** The file's identity; all zero: 16 random bytes from the kernel. */
    uint8_t uuid[16];
    /** Clock in nanoseconds (0 = wall, 1 = monotonic), so that tests are repeatable; NULL: the
     *  system's. `clock_opaque` is handed through. */
    uint64_t (*clock)(void *clock_opaque, int which);
    void *clock_opaque;
    /** open_path: replace an existing regular file when the new one is whole; 0 refuses
     *  (SNAP_E_IO, EEXIST) before anything is written. */
    int replace;
    /** close: do not fsync the file and its directory. */
    int no_sync;
} snap_writer_options;

/** Start a file at `path`. It is written as `path`.part (mode 0600, exclusive, never through a
 *  symbolic link) in the same directory and takes its name when snap_writer_close succeeds. An
 *  existing `path` that is not a regular file is refused. On failure *writer is NULL. */
SNAP_API SNAP_MUST_USE snap_status snap_writer_open_path(snap_writer **writer, const char *path,
                                                         const snap_writer_options *options,
                                                         snap_error *err);

/** Start a file on an open descriptor, at its current position; the descriptor stays the caller's
 *  and open. Short writes and EINTR are handled; a non-blocking descriptor is waited for. */
SNAP_API SNAP_MUST_USE snap_status snap_writer_open_fd(snap_writer **writer, int fd,
                                                       const snap_writer_options *options,
                                                       snap_error *err);

/** Start a file that goes to a callback. `sink` is copied. */
SNAP_API SNAP_MUST_USE snap_status snap_writer_open_sink(snap_writer **writer,
                                                         const snap_sink *sink,
                                                         const snap_writer_options *options,
                                                         snap_error *err);

/** Write what is open, then totals, index and trailer; sync and rename (open_path). Always frees
 *  the writer. On failure a `.part` file is left, as far as it was written. NULL is allowed. */
SNAP_API SNAP_MUST_USE snap_status snap_writer_close(snap_writer *writer, snap_error *err);

/** Give up: free the writer; open chunks are lost, nothing is written. open_path: the `.part` file
 *  is removed unless `keep`. NULL is allowed. */
SNAP_API void snap_writer_abort(snap_writer *writer, int keep);

/** Write all open chunks to the sink now (no fsync). O(rows open). */
SNAP_API snap_status snap_writer_flush(snap_writer *writer);

/* ---- facts about the file; before, between or inside snapshots ---- */

/** A fact for programs, such as ("runtime.name", "cpython"); keys in format/registry.md. Inside a
 *  snapshot it belongs to that snapshot, else to the file. The library writes ("library", "libsnap
 *  VERSION") first. See "Text" above. */
SNAP_API snap_status snap_writer_metadata(snap_writer *writer, const char *key, const char *value);

/** A label of the user's, such as ("service", "checkout"). Scope and limits as for metadata. */
SNAP_API snap_status snap_writer_label(snap_writer *writer, const char *key, const char *value);

/** A number measured about the process in this snapshot, such as ("rss", 123456). */
SNAP_API snap_status snap_writer_counter(snap_writer *writer, const char *name, int64_t value);

/** A counter's value at a time, outside or inside snapshots. */
SNAP_API snap_status snap_writer_sample(snap_writer *writer, const char *name, uint64_t mono_ns,
                                        int64_t value);

/* ---- definitions: each hands out an id that later rows use ---- */

/** The id of a string of 0..SNAP_MAX_STRING bytes (any bytes; UTF-8 where it is text). Equal
 *  strings mostly get equal ids: the writer remembers a bounded number of recent ones by a 128-bit
 *  hash under a secret seed; a string longer than 64 KiB is never looked up. O(size). */
SNAP_API snap_status snap_writer_string(snap_writer *writer, const void *bytes, size_t size,
                                        uint64_t *id);

/** Define without comparing: each call makes a new id. Ids in the structure must have been handed
 *  out by this writer (SNAP_E_MISUSE). */
SNAP_API snap_status snap_writer_type(snap_writer *writer, const snap_type *type, uint64_t *id);
SNAP_API snap_status snap_writer_frame(snap_writer *writer, const snap_frame *frame, uint64_t *id);
/** A stack is a frame on top of a parent stack (0: outermost frame); share prefixes. */
SNAP_API snap_status snap_writer_stack(snap_writer *writer, uint64_t parent, uint64_t frame,
                                       uint64_t *id);
/** A build id has at most SNAP_MAX_BUILD_ID bytes (SNAP_E_LIMIT). */
SNAP_API snap_status snap_writer_module(snap_writer *writer, const snap_module *module,
                                        uint64_t *id);

/* ---- one snapshot ---- */

/** Begin a snapshot; snapshots do not nest. They are numbered from 1 in the file. */
SNAP_API snap_status snap_writer_begin(snap_writer *writer, const snap_begin *begin);

/** End it. The writer counts objects, edges and roots itself. */
SNAP_API snap_status snap_writer_finish(snap_writer *writer, const snap_finish *finish);

/** A thread of this snapshot; ids are file-wide. */
SNAP_API snap_status snap_writer_thread(snap_writer *writer, const snap_thread *thread,
                                        uint64_t *id);

/** One object. Its ordinal (0, 1, ... in the order of the calls, per snapshot) is handed out where
 *  `ordinal` is not NULL. The same id twice in a snapshot is the caller's mistake, which readers
 *  settle (the first holds). */
SNAP_API snap_status snap_writer_object(snap_writer *writer, const snap_object *object,
                                        uint64_t *ordinal);

/** References held by the object that was written last; may be called several times, positions go
 *  on. `n` may be 0. A target is named by its object id, which may come later or never, or by its
 *  ordinal, known or still to come: cheaper to store and to load, for those who number objects when
 *  they discover them. Edges by id and by ordinal may be mixed, at the price of a new chunk at each
 *  change. */
SNAP_API snap_status snap_writer_edges(snap_writer *writer, const snap_edge *edges, size_t n);

/** The same for an earlier object, by its ordinal. Positions go on from call to call while the
 *  ordinal stays the same, and begin at 0 again when it has changed in between. */
SNAP_API snap_status snap_writer_edges_from(snap_writer *writer, uint64_t ordinal,
                                            const snap_edge *edges, size_t n);

/** A GC root. */
SNAP_API snap_status snap_writer_root(snap_writer *writer, const snap_root *root);

/** A preview of an object's contents, at most 64 KiB; only where the user asked for values. */
SNAP_API snap_status snap_writer_value(snap_writer *writer, uint64_t ordinal, const void *text,
                                       size_t size);

/** A native block alive in this snapshot. */
SNAP_API snap_status snap_writer_block(snap_writer *writer, const snap_block *block);

/** An allocation event; outside or inside snapshots, in time order. */
SNAP_API snap_status snap_writer_event(snap_writer *writer, const snap_event *event);

/* ---- what was written ---- */

typedef struct snap_writer_totals {
    uint64_t rows[SNAP_KIND_LAST + 1]; /**< by snap_kind, rows accepted so far */
    uint64_t bytes;                    /**< bytes handed to the sink so far */
} snap_writer_totals;

/** Counts so far; O(1). */
SNAP_API void snap_writer_get_totals(const snap_writer *writer, snap_writer_totals *totals);

/** Bytes that a writer with these options (NULL: defaults) allocates; 0 for invalid options. */
SNAP_API size_t snap_writer_memory(const snap_writer_options *options);

/** The sticky status, SNAP_OK while all went well; `err` (may be NULL) gets its details. */
SNAP_API snap_status snap_writer_status(const snap_writer *writer, snap_error *err);

#ifdef __cplusplus
}
#endif

#endif
