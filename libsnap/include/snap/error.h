/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong, by cause, and how it is told.
 *
 * Every fallible function returns a snap_status. Where a function takes a `snap_error *`, it may be
 * NULL; otherwise it is filled in when, and only when, the status is an error. The library keeps no
 * error state of its own, prints nothing, and leaves errno undefined.
 */
#ifndef SNAP_ERROR_H
#define SNAP_ERROR_H

#include <stdint.h>
#include <snap/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The outcome of a call. Numbers never change their meaning; new ones are only added. */
typedef enum snap_status {
    /** Done. */
    SNAP_OK = 0,
    /** Reader: no more chunks. Not an error. */
    SNAP_END = 1,
    /** The file does not begin with the magic bytes: it is something else. Nothing was read. */
    SNAP_E_NOT_SNAP = -1,
    /** The file's major version, or a chunk that its writer marked required, is newer than this
     *  library. A newer library can read it; what was read before the chunk is valid. */
    SNAP_E_NEWER = -2,
    /** Valid, but it uses what this build cannot do (a reserved bit, an unknown codec, a
     *  dictionary), or the source cannot do what was asked (an index on a pipe). */
    SNAP_E_UNSUPPORTED = -3,
    /** A checksum does not match, or a value contradicts another. Later chunks may be whole. */
    SNAP_E_CORRUPT = -4,
    /** The file ends before its end record. What was read before is valid and incomplete. */
    SNAP_E_TRUNCATED = -5,
    /** A length, count or size beyond the limits of the specification, or beyond what the caller
     *  allowed. */
    SNAP_E_LIMIT = -6,
    /** The allocator returned NULL. The object stays valid and can be closed. */
    SNAP_E_MEMORY = -7,
    /** The operating system, or the caller's callback, refused; snap_error.os_errno says why. */
    SNAP_E_IO = -8,
    /** The caller broke the contract (an unknown id, a row outside a snapshot, a closed writer). */
    SNAP_E_MISUSE = -9
} snap_status;

/** Where and why. Filled by the library; owned by the caller; never holds pointers. */
typedef struct snap_error {
    snap_status code;
    /** errno of the failed system call, or 0. */
    int os_errno;
    /** Byte offset in the file at which the trouble was met: the start of the bad field where it
     *  is known, else of its chunk. UINT64_MAX when there is no file position. */
    uint64_t offset;
    /** One sentence without a full stop, in English, NUL-terminated, printable ASCII. */
    char text[232];
} snap_error;

/** A short constant name of the cause, for example "corrupt". Never NULL. Any thread, O(1). */
SNAP_API const char *snap_status_name(snap_status status);

#ifdef __cplusplus
}
#endif

#endif
