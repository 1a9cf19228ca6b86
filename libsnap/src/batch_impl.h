/* SPDX-License-Identifier: MIT */
/*
 * Inside of a decoded chunk: made by batch.c, looked at by batch_rows.c.
 */
#ifndef SNAP_SRC_BATCH_IMPL_H
#define SNAP_SRC_BATCH_IMPL_H

#include <snap/reader.h>

#include "chunk.h"
#include "schema.h"

struct batch_column {
    const uint64_t *values; /* one a row (0: no value); bytes: rows + 1 offsets. NULL: absent */
    const uint8_t *present; /* bitmap over the rows; NULL: every row has a value */
    const char *bytes;
};

struct snap_batch {
    struct chunk_header header;
    uint64_t offset; /* of the chunk header in the file */
    const struct schema_kind *schema;
    unsigned n_ids;
    uint16_t id[SNAP_MAX_COLUMNS]; /* as in the file, unknown ones included */
    struct batch_column column[SCHEMA_MAX_COLUMNS]; /* by position in the schema */

    snap_allocator allocator;
    uint64_t *memory; /* of the columns' values */
    size_t memory_size;
};

/* Decodes a payload of `header`'s kind, which the library knows. The batch refers to the payload.
 * Returns SNAP_OK, SNAP_E_CORRUPT, SNAP_E_LIMIT, SNAP_E_UNSUPPORTED or SNAP_E_MEMORY with *text;
 * *at is the place in the payload. */
snap_status batch_decode(struct snap_batch *batch, const struct chunk_header *header,
                         const uint8_t *payload, const char **text, size_t *at);

void batch_free(struct snap_batch *batch);

#endif
