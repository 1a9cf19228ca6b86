/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a foreign dump, unwrapped: read once or twice from start to end, for parsers that
 * take them in pieces. The first reading hashes them, which gives a dump without an identity one:
 * the same bytes are the same file.
 */
#ifndef SNAP_TOOLS_IMPORT_FILE_SOURCE_H
#define SNAP_TOOLS_IMPORT_FILE_SOURCE_H

#include "import/import.h"
#include "import/unwrap.h"

struct file_source {
    const char *path;
    struct unwrap *stream;
    void *hash; /* of the first reading; NULL: not any more, or not wanted */
    const struct import_options *options; /* whom to tell the progress; NULL: nobody */
};

/** Opens `path`. On failure *problem (may be NULL) is filled in; see unwrap_report. `hashed`:
 *  file_source_identity will be asked. */
bool file_source_open(struct file_source *s, const char *path, bool hashed,
                      struct unwrap_problem *problem);

/** Reads up to n bytes; `opaque` is the source. The number read, 0 at the end, -1 with errno. */
ptrdiff_t file_source_read(void *opaque, void *to, size_t n);

/** After the first reading: bytes and identity of what was read. */
void file_source_identity(struct file_source *s, struct import_result *result);

/** Back to the start, for a reading whose progress `options` tells. False after a message. */
bool file_source_again(struct file_source *s, const struct import_options *options);

/** Why the bytes ended, in a damaged wrapper: text and offset; NULL where they did not. */
const char *file_source_damage(const struct file_source *s, uint64_t *offset);

/** After a document that has its end in itself: reads what is left; as file_source_damage. */
const char *file_source_rest(struct file_source *s, uint64_t *offset);

/** A source that was not opened is fine. */
void file_source_close(struct file_source *s);

#endif
