/* SPDX-License-Identifier: MIT */
/*
 * Filling in a snap_error without the standard library's formatted output, so that it also works
 * where neither malloc nor locale may be touched.
 */
#ifndef SNAP_SRC_STATUS_H
#define SNAP_SRC_STATUS_H

#include <snap/error.h>

#define STATUS_NOWHERE UINT64_MAX

/* Fills *err (may be NULL) and returns `code`, so that callers can `return status_set(...)`. `text`
 * is a sentence in printable ASCII without a full stop. */
snap_status status_set(snap_error *err, snap_status code, int os_errno, uint64_t offset,
                       const char *text);

/* The same with a number between two halves of the sentence. */
snap_status status_set_number(snap_error *err, snap_status code, uint64_t offset,
                              const char *before, uint64_t number, const char *after);

/* Leaves early with the status of `call` unless it is SNAP_OK; for functions that own nothing. */
#define STATUS_RETURN_IF_ERROR(call)                                                               \
    do {                                                                                           \
        snap_status status_of_call = (call);                                                       \
        if (status_of_call != SNAP_OK) return status_of_call;                                      \
    } while (0)

#endif
