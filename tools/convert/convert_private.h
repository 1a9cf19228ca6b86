/* SPDX-License-Identifier: MIT */
/*
 * The converter's state, shared by its files; not for others.
 *
 *   convert.c        the flow: identity, passes, the end
 *   convert_facts.c  definitions, facts, begin and end of snapshots
 *   convert_rows.c   objects, edges, roots, blocks, events
 *   convert_names.c  strings, redacted or not
 *
 * Functions return 0 or RECORD_STOP; what went wrong has been printed, or stands in the writer.
 */
#ifndef SNAP_TOOLS_CONVERT_CONVERT_PRIVATE_H
#define SNAP_TOOLS_CONVERT_CONVERT_PRIVATE_H

#include <snap/writer.h>

#include "cli/progress.h"
#include "cli/text.h"
#include "convert/convert.h"
#include "db/idmap.h"
#include "info/u64map.h"
#include "keyhash.h"

enum { CONVERT_EDGES = 4096 };

/* Ids of the source -> ids of the writer. 1 .. same are equal on both sides. */
struct ids {
    uint64_t same;
    struct u64map map;
};

/* A string of the source that waits for its use (with redaction), or has been written. */
struct name {
    size_t at, size;       /* in names.bytes */
    uint64_t plain, hashed; /* ids of the writer, 0: not yet */
};

struct names {
    struct u64map number; /* source id -> index in `at` + 1 */
    struct name *at;
    size_t n, cap;
    char *bytes;
    size_t size, bytes_cap;
    struct hash_key key;
};

/* Ordinals of one snapshot of a .snap file, where chunks may be missing: those below `whole` as they
 * stand, or where that is 0, those of the map. */
struct ordinals {
    uint32_t snapshot;
    uint64_t whole;
    struct idmap map;
};

/* A string that was written, by its hash. */
struct merged_text {
    uint64_t check; /* the other half */
    uint64_t id;    /* in the writer */
};

struct converter {
    const char *path;
    const struct convert_options *options;
    struct convert_result *result;
    snap_writer *writer;
    struct budget budget;
    struct progress progress;
    bool from_snap, all_keys; /* metadata `names` is `keys` */

    struct ids types, frames, stacks, modules, threads, strings;
    struct names names;
    uint64_t lost_string, lost_type, lost_frame; /* stand for what the source lost; 0: not yet */

    struct ordinals *ordinals; /* ascending by snapshot */
    size_t n_ordinals, ordinals_cap;
    struct ordinals *now; /* of the open snapshot; NULL: ordinals are as they stand */

    uint32_t open;         /* the source's number of the open snapshot; 0: none */
    uint32_t last;         /* the last one that was begun */
    uint64_t n_objects;    /* of the open snapshot */
    uint64_t damages_then; /* when it began */
    uint64_t no_source, over; /* rows dropped */
    bool merging, later;   /* several files; this is not the first */
    bool has_process;      /* the file says which process it is of */
    struct text facts;     /* of the first file */
    struct text pending;   /* of a later one, until its first snapshot begins */
    struct u64map texts;   /* half of a text's hash -> index in `text_at` + 1 */
    struct merged_text *text_at;
    size_t n_texts, texts_cap;
    snap_edge edges[CONVERT_EDGES];
    struct text text;
};

/* ---- convert_names.c ---- */

/* How a name is used. */
enum name_use { NAME_PROGRAM, NAME_KEY, NAME_PROPERTY, NAME_OTHER };

int convert_string(void *opaque, uint64_t id, struct record_text text);

/* The writer's id of a string of the source as it is to stand there; 0 for 0 and for what is
 * lost. */
int convert_name(struct converter *c, uint64_t id, enum name_use use, uint64_t *out);

/* The same for what cannot be without a name: what is lost is called `(lost)`. */
int convert_needed_name(struct converter *c, uint64_t id, uint64_t *out);

/* Is a name of this use replaced? */
bool convert_hides(const struct converter *c, enum name_use use);

/* The 24-bit hash of a string of the source; false where it is lost. */
bool convert_key_hash(const struct converter *c, uint64_t id, uint32_t *hash);

/* Takes the key of the hashes, or makes one. */
int convert_names_begin(struct converter *c);
void convert_names_free(struct names *names);

/* ---- convert_facts.c ---- */

int convert_type(void *opaque, uint64_t id, const snap_type *type);
int convert_frame(void *opaque, uint64_t id, const snap_frame *frame);
int convert_stack(void *opaque, uint64_t id, uint64_t parent, uint64_t frame);
int convert_module(void *opaque, uint64_t id, const snap_module *module);
int convert_thread(void *opaque, uint32_t snapshot, uint64_t id, const snap_thread *thread);
int convert_metadata(void *opaque, uint32_t snapshot, struct record_text key,
                     struct record_text value);
int convert_label(void *opaque, uint32_t snapshot, struct record_text key,
                  struct record_text value);
int convert_counter(void *opaque, uint32_t snapshot, struct record_text name, int64_t value);
int convert_sample(void *opaque, uint32_t snapshot, struct record_text name, uint64_t mono_ns,
                   int64_t value);
int convert_begin(void *opaque, uint32_t snapshot, const snap_begin *begin);
int convert_value(void *opaque, uint32_t snapshot, uint64_t ordinal, struct record_text text);
int convert_finish(void *opaque, uint32_t snapshot, const snap_finish *finish);

/* Makes a snapshot the open one; *usable is false where it is over. */
int convert_select(struct converter *c, uint32_t snapshot, bool *usable);

/* Ends the open snapshot, if there is one: its end is lost. */
int convert_end(struct converter *c);

/* The writer's id of a type or frame of the source, or of what stands for a lost one. */
int convert_known_type(struct converter *c, uint64_t id, uint64_t *out);
int convert_known_frame(struct converter *c, uint64_t id, uint64_t *out);

void convert_damage(void *opaque, uint64_t offset, const char *text);
void convert_caution(void *opaque, const char *text);

/* ---- convert_rows.c ---- */

int convert_objects(void *opaque, const struct record_batch *b);
int convert_edges(void *opaque, const struct record_batch *b);
int convert_roots(void *opaque, const struct record_batch *b);
int convert_blocks(void *opaque, const struct record_batch *b);
int convert_events(void *opaque, const struct record_batch *b);

/* The ordinal that an object of the source has here; UINT64_MAX: it is lost. */
uint64_t convert_ordinal(struct converter *c, uint64_t ordinal);

/* ---- convert_merge.c ---- */

enum { CONVERT_METADATA = 'm', CONVERT_LABEL = 'l' };

/* A fact of the file; *write: it is to be written now. RECORD_STOP after a message where the file
 * is of another process than the first. */
int convert_merge_pair(struct converter *c, char kind, const char *key, const char *value,
                       bool *write);
/* Writes a string; of several files equal strings once, so that the same files give the same
 * file. */
int convert_merge_string(struct converter *c, const char *text, size_t size, uint64_t *id);
/* A snapshot has begun. */
int convert_merge_begin(struct converter *c);
/* Another file follows: ids, ordinals and snapshots begin anew. */
void convert_merge_next(struct converter *c);
void convert_merge_free(struct converter *c);

/* ---- convert.c ---- */

static inline uint64_t ids_get(const struct ids *ids, uint64_t id)
{
    if (id <= ids->same) return id;
    const uint64_t *made = u64map_get(&ids->map, id);
    return made ? *made : 0;
}

/* Of two definitions of one id the first holds. */
int ids_put(struct ids *ids, uint64_t id, uint64_t made);

/* The writer's answer: 0, or RECORD_STOP; the writer keeps what was wrong. */
static inline int convert_wrote(snap_status status)
{
    return status == SNAP_OK ? RECORD_OK : RECORD_STOP;
}

#endif
