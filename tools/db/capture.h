/* SPDX-License-Identifier: MIT */
/*
 * The rows of one snapshot as they come from a source, in arrays: objects by node (their order of
 * arrival), references in their order of arrival with runs that name the source. Nothing is
 * resolved here but what costs nothing now: the names and types that were defined before.
 *
 * Per object 16 B for id and shallow size, 8 B for the native size and 4 B for the allocation site
 * where the capture has them; all else is packed (packed.h), usually in 4 to 6 B. Per reference 9 B,
 * and 4 B more where keys are hashed, 8 B more while its target is still an id. Once references are
 * resolved, ids are packed, too, and names where references are written.
 */
#ifndef SNAP_TOOLS_DB_CAPTURE_H
#define SNAP_TOOLS_DB_CAPTURE_H

#include "db/idmap.h"
#include "db/packed.h"
#include "import/record.h"

/** "No value" in 32-bit columns. */
#define CAPTURE_NONE UINT32_MAX
/** Generations are small; this one means none. */
#define CAPTURE_NO_GENERATION 255u

/** Types by index: two virtual ones, one for objects whose type is not known, then those of the
 *  file. */
enum {
    CAPTURE_TYPE_LIVE = 0,
    CAPTURE_TYPE_GARBAGE = 1,
    CAPTURE_TYPE_UNKNOWN = 2,
    CAPTURE_TYPES = 3 /* the first of the file */
};

/** Edge kinds fit 7 bits here (an unknown one is 0); the eighth says that the source owns a counted
 *  reference. */
#define CAPTURE_OWNS 0x80u

/** What few objects have. */
struct capture_extra {
    uint32_t node;
    uint32_t name; /* number of a text, 0: none */
    uint64_t bound, buffer;
    bool has_bound, has_buffer;
    uint8_t resource, state; /* 0: none */
};

/** Flags and generation, which are asked for together, in the column `state`. */
static inline uint64_t capture_state(uint16_t flags, uint8_t generation)
{
    return (uint64_t)(uint8_t)~generation << 16 | flags;
}

static inline uint16_t capture_flags(uint64_t state)
{
    return (uint16_t)state;
}

static inline uint8_t capture_generation(uint64_t state)
{
    return (uint8_t)~(state >> 16);
}

struct capture_preview {
    uint32_t node;
    uint32_t text;
};

/** `n` references of one source in a row. */
struct capture_run {
    uint32_t source; /* node */
    uint32_t n;
};

/** References first .. first+n-1 name their targets by id, id[at] and on. */
struct capture_by_id {
    uint64_t first, n, at;
};

struct capture_root {
    uint64_t object; /* id, or ordinal */
    bool by_ordinal;
    uint8_t kind;
    uint32_t name;   /* number of a text, 0: none */
    uint64_t thread; /* row id in the file, 0: none */
    uint64_t frame;  /* id in the file, 0: none */
    uint32_t depth;  /* CAPTURE_NONE: none */
};

/** What the file defined so far, as far as rows refer to it. */
struct capture_definitions {
    struct idmap string; /* index + 1 into string_number */
    uint32_t *string_number;
    size_t string_cap;
    struct idmap type; /* index + CAPTURE_TYPES is the type's index */
    struct idmap stack;
    uint32_t *stack_row;
    size_t stack_cap;
};

struct capture {
    struct budget *budget;
    struct capture_definitions *definitions;

    uint32_t n;
    size_t cap; /* of id and shallow */
    uint64_t *id, *shallow;
    struct packed ids;      /* in place of id, once resolved */
    struct packed type;     /* index */
    struct packed state;    /* capture_state(); none: no flags, no generation */
    struct packed refcount; /* below CAPTURE_NONE */
    struct packed hash, length, capacity;
    struct packed stack; /* its row */
    uint64_t *native; /* NULL: no object has one; 0 for none */
    size_t native_cap;
    struct capture_extra *extra; /* by node ascending */
    size_t n_extra, extra_cap;
    struct capture_preview *preview;
    size_t n_preview, preview_cap;
    struct idmap ordinal; /* ordinal to node */

    uint64_t m;
    size_t target_cap, kind_cap, name_cap, key_cap;
    uint32_t *target; /* ordinal; CAPTURE_NONE: beyond 32 bits */
    uint8_t *kind;
    uint32_t *name; /* number of a text, 0: none */
    struct packed names; /* in place of name, once resolved, where references are written */
    uint32_t *key;  /* element index or key hash plus 1, 0: none; NULL: no edge has one */
    struct capture_run *run;
    size_t n_runs, run_cap;
    struct capture_by_id *by_id;
    size_t n_by_id, by_id_cap;
    uint64_t *target_id;
    size_t n_target_id, target_id_cap;

    struct capture_root *root;
    size_t n_roots, root_cap;

    uint64_t objects_read, edges_read; /* rows that came, dropped ones included */
    uint64_t no_source;                /* edges whose source object was lost */
    uint64_t unknown_types;            /* objects whose type was lost */
    uint64_t bad_sizes;                /* sizes that cannot be: taken as 0 */
    uint64_t size_sum;
};

void capture_init(struct capture *c, struct budget *budget,
                  struct capture_definitions *definitions);
void capture_free(struct capture *c);
/** Frees flags, generations and reference counts; these and all else that only details of objects
 *  need; all that is known of objects; or of references. The rest stays, but nothing can be added any
 *  more. */
void capture_release_columns(struct capture *c);
void capture_release_details(struct capture *c);
/** Frees the shallow sizes alone. */
void capture_release_shallow(struct capture *c);
void capture_release_objects(struct capture *c);
void capture_release_references(struct capture *c);
/** Frees the names of references alone. */
void capture_release_names(struct capture *c);
/** Frees the indexes and hashes of keys alone. */
void capture_release_keys(struct capture *c);
/** Frees the kinds of references alone. */
void capture_release_kinds(struct capture *c);

enum { CAPTURE_OK = 0, CAPTURE_NO_MEMORY, CAPTURE_TOO_MANY, CAPTURE_TAKEN };

/** Adds the rows of a batch. CAPTURE_TAKEN: ordinals that exist already, the batch is dropped;
 *  CAPTURE_TOO_MANY: more objects than a database snapshot holds. */
int capture_objects(struct capture *c, const struct record_batch *batch);
int capture_edges(struct capture *c, const struct record_batch *batch);
int capture_roots(struct capture *c, const struct record_batch *batch);
/** All objects are in: from here on packed columns can be read. */
int capture_end(struct capture *c);

/** A preview (the number of its text) of the object with this ordinal; unknown ordinals are
 *  ignored. */
int capture_preview(struct capture *c, uint64_t ordinal, uint32_t text);

/** The name of a reference as the number of a text, 0: none; packed or not. */
static inline uint32_t capture_name(const struct capture *c, uint64_t edge)
{
    return c->name ? c->name[edge] : (uint32_t)packed_get(&c->names, edge);
}

/** The number of a text that the file defined under `id`; 0 for 0 and for lost definitions. */
uint32_t capture_text(struct capture_definitions *d, uint64_t id);

#endif
