/* SPDX-License-Identifier: MIT */
/*
 * Objects counted by type, whatever they come from: types.c counts those of .snap files,
 * types_foreign.c those of other dumps. Not for others; they see info.h.
 */
#ifndef SNAP_TOOLS_INFO_TYPES_PRIVATE_H
#define SNAP_TOOLS_INFO_TYPES_PRIVATE_H

#include "info.h"

/* One type as it was defined. */
struct type_row {
    uint64_t name, module; /* string ids */
    uint64_t n, shallow, native;
};

struct types_job {
    struct info_types *out;
    struct type_row *rows;
    size_t n_rows, cap_rows;
    struct u64map by_id;   /* type id -> index in rows + 1 */
    struct u64map strings; /* string id -> offset of its copy in names + 1, 0: not seen yet */
    struct text names;     /* copies, each ended by 0 after its length in 4 bytes */
    uint64_t last;         /* the type counted last, and its index + 1 */
    size_t last_row;
    bool failed;           /* no memory */
};

/* Enters a type and the ids of its names; of two of one id the first holds. */
void types_add_row(struct types_job *t, uint64_t id, const snap_type *type);

/* Keeps a text whose id was entered; not 0: no memory. `opaque` is the job. */
int types_string(void *opaque, uint64_t id, const char *bytes, size_t size);

/* So many more objects of a type. */
void types_count(struct types_job *t, uint64_t type, uint64_t n, uint64_t shallow,
                 uint64_t native);

/* Merges types of one name and sorts them, unless `status` is an error; frees the job. Returns the
 * status of all. */
int types_end(struct types_job *t, int status);

#endif
