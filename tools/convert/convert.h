/* SPDX-License-Identifier: MIT */
/*
 * From any source of records (import/record.h) to a .snap file: what a dump of another runtime
 * says, in our format; or a .snap file again, compressed better or with less in it.
 *
 * Rows leave in the order in which the source has them. Ids of strings, types and so on are
 * numbered anew; object ids stay. Where the source lost rows, ordinals close the gap, and what
 * referred to a lost definition refers to one called `(lost)`. The converted file of a damaged
 * source is whole, but its snapshots say that they are not complete.
 *
 * Memory: the importer's, the writer's, and 32 bytes for each definition that did not keep its
 * number; with redaction the names as well. One thread.
 */
#ifndef SNAP_TOOLS_CONVERT_CONVERT_H
#define SNAP_TOOLS_CONVERT_CONVERT_H

#include "import/import.h"

/** Which names are replaced by keyed hashes, `[#5e1c90]`. Both leave out contents (values). */
enum convert_redact {
    CONVERT_KEEP,
    CONVERT_KEYS, /* keys of mappings; of a file that records all keys, names of properties, too:
                     they may be keys */
    CONVERT_NAMES /* also variables, attributes, roots, threads, objects' own names, labels, and
                     what was recorded about host and process */
};

struct convert_options {
    int level;            /* of zstd, 1 to 19 */
    bool values;          /* contents, too, which dumps of other runtimes hold */
    enum convert_redact redact;
    const char *hash_key; /* for equal hashes in several files; NULL: a fresh one */
};

struct convert_result {
    uint64_t snapshots, objects, edges, roots;
    uint64_t bytes_read, bytes_written;
    uint64_t values_left_out, names_hashed; /* by the redaction; a name counts once */
    uint64_t damages;
    bool complete;
};

struct convert_input {
    const char *path;
    const struct import_format *format;
};

/** Reads `in`, of which there are n, and writes to the descriptor, which stays open. Several are
 *  .snap files of one process, which they must say (registry.md, process.pid); their snapshots
 *  follow each other as the files do. Prints damage as warnings, and its error: 0 or
 *  STATUS_UNUSABLE. `to` is for messages. O(bytes). */
int convert_files(const struct convert_input *in, size_t n, int fd, const char *to,
                  const struct convert_options *options, struct convert_result *result);

#endif
