/* SPDX-License-Identifier: MIT */
/*
 * Names of statuses, texts of errors, the library's version. O(length of the text).
 */
#include "status.h"

#include <snap/format.h>

static size_t append_text(char *to, size_t at, size_t size, const char *text)
{
    for (; *text && at + 1 < size; text++) to[at++] = *text;
    to[at] = 0;
    return at;
}

static size_t append_number(char *to, size_t at, size_t size, uint64_t number)
{
    char digits[21];
    size_t n = sizeof digits - 1;
    digits[n] = 0;
    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return append_text(to, at, size, digits + n);
}

snap_status status_set(snap_error *err, snap_status code, int os_errno, uint64_t offset,
                       const char *text)
{
    if (err) {
        err->code = code;
        err->os_errno = os_errno;
        err->offset = offset;
        append_text(err->text, 0, sizeof err->text, text);
    }
    return code;
}

snap_status status_set_number(snap_error *err, snap_status code, uint64_t offset,
                              const char *before, uint64_t number, const char *after)
{
    status_set(err, code, 0, offset, before);
    if (err) {
        size_t at = 0;
        while (err->text[at]) at++;
        at = append_number(err->text, at, sizeof err->text, number);
        append_text(err->text, at, sizeof err->text, after);
    }
    return code;
}

const char *snap_status_name(snap_status status)
{
    switch (status) {
    case SNAP_OK: return "ok";
    case SNAP_END: return "end";
    case SNAP_E_NOT_SNAP: return "not a snapshot";
    case SNAP_E_NEWER: return "newer format";
    case SNAP_E_UNSUPPORTED: return "unsupported";
    case SNAP_E_CORRUPT: return "corrupt";
    case SNAP_E_TRUNCATED: return "truncated";
    case SNAP_E_LIMIT: return "beyond a limit";
    case SNAP_E_MEMORY: return "out of memory";
    case SNAP_E_IO: return "input/output error";
    case SNAP_E_MISUSE: return "misuse of the library";
    }
    return "unknown status";
}

const char *snap_version(void)
{
    return SNAP_VERSION_STRING;
}
