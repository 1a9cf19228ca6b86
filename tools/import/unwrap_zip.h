/* SPDX-License-Identifier: MIT */
/*
 * Where the largest member of a zip archive lies in its file; zip64 too. For unwrap.c.
 */
#ifndef SNAP_TOOLS_IMPORT_UNWRAP_ZIP_H
#define SNAP_TOOLS_IMPORT_UNWRAP_ZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "import/unwrap.h"

enum { ZIP_STORED = 0, ZIP_DEFLATE = 8, ZIP_ZSTD = 93 };

struct zip_member {
    unsigned method;         /* ZIP_* */
    uint64_t start, stored;  /* its bytes in the file */
    uint64_t size;           /* of its contents, as the directory says */
    uint32_t crc;
};

/** Finds the largest member of the archive of `size` bytes by its central directory. False with
 *  *problem filled in: no directory (a cut-off archive), no member, or one that is encrypted or
 *  compressed by another method. O(members), 64 KiB. */
bool zip_find(int fd, uint64_t size, struct zip_member *member, struct unwrap_problem *problem);

#endif
