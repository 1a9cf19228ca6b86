/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a dump, whatever it is wrapped in: gzip (also of many members, as `jmap -dump:gz`
 * writes), zstd (also of many frames) and zip archives are recognised by their first bytes, never
 * by a name, and opened layer by layer (a .hprof.gz inside a zip archive, say). One stream from the
 * first byte to the last; who needs several passes opens it again.
 *
 * Of a zip archive the largest member is taken; archives of one dump are the rule. Only an archive
 * that is not wrapped itself is opened, since its directory is at its end.
 *
 * Hostile input: layers are at most UNWRAP_LAYERS, a zstd window at most 128 MiB, and nothing is
 * allocated by what a file announces, so a bomb costs time and no memory. A damaged or cut-off
 * wrapper gives all bytes before the damage; then unwrap_problem tells.
 *
 * Complexity: O(bytes), 256 KiB a layer besides the decompressor's window. Threads: one a stream.
 *
 *     struct unwrap_problem p;
 *     struct unwrap *u = unwrap_open("a.hprof.gz", &p);
 *     if (!u) return unwrap_report("a.hprof.gz", &p);
 *     while ((got = unwrap_read(u, buffer, sizeof buffer)) > 0) ...
 *     if (unwrap_problem(u)) ...           the stream ended before its end
 *     unwrap_close(u);
 */
#ifndef SNAP_TOOLS_IMPORT_UNWRAP_H
#define SNAP_TOOLS_IMPORT_UNWRAP_H

#include <stddef.h>
#include <stdint.h>

/** Wrappers around wrappers, at most; the next one is taken for the contents. */
enum { UNWRAP_LAYERS = 4 };

/** Size of contents that is not known before their end. */
#define UNWRAP_UNKNOWN UINT64_MAX

struct unwrap;

/** What went wrong. */
struct unwrap_problem {
    uint64_t offset;  /* in the file (not in the contents), or MESSAGE_NO_OFFSET */
    int os_errno;     /* of the system call that failed, or 0 */
    const char *text; /* constant, one sentence without a full stop; NULL: nothing */
    const char *hint; /* what to try, or NULL */
};

/** Opens a regular file (others: ESPIPE, EISDIR). On failure fills in *problem (not printed) and
 *  returns NULL. */
struct unwrap *unwrap_open(const char *path, struct unwrap_problem *problem);
void unwrap_close(struct unwrap *u);

/** Reads `n` bytes of the contents; fewer only where they end. */
size_t unwrap_read(struct unwrap *u, void *to, size_t n);

/** Passes over `n` bytes; returns how many there were. O(1) in a file without a wrapper. */
uint64_t unwrap_skip(struct unwrap *u, uint64_t n);

/** Why the contents ended before their end, NULL if they did not. Valid until unwrap_close. */
const struct unwrap_problem *unwrap_problem(const struct unwrap *u);

/** Bytes of the contents given out or passed over so far. */
uint64_t unwrap_offset(const struct unwrap *u);

/** Bytes of the file taken so far: for progress. */
uint64_t unwrap_taken(const struct unwrap *u);

/** Bytes of the whole contents: UNWRAP_UNKNOWN inside a wrapper. */
uint64_t unwrap_size(const struct unwrap *u);

/** "gzip", "zstd" or "zip": the outermost wrapper; NULL: none. */
const char *unwrap_wrapper(const struct unwrap *u);

/** The first bytes of the contents: reads up to `n`, returns how many; -1 with *problem filled in
 *  where the file cannot be read. */
ptrdiff_t unwrap_head(const char *path, void *to, size_t n, struct unwrap_problem *problem);

/** Prints the problem as an error about `path`; returns STATUS_UNUSABLE. */
int unwrap_report(const char *path, const struct unwrap_problem *problem);

#endif
