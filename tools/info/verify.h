/* SPDX-License-Identifier: MIT */
/* The parts of --verify among themselves; the contract for others is in info.h. */
#ifndef SNAP_TOOLS_INFO_VERIFY_H
#define SNAP_TOOLS_INFO_VERIFY_H

#include "info.h"

/** Numbers that are defined, as disjoint ascending ranges. Definitions come in rising order, so
 *  that an undamaged file has one range a kind. Look-up: O(log ranges). */
struct ranges {
    struct range {
        uint64_t first, end;
    } *at;
    size_t n, cap;
};

/** Adds [first, first + n); false without memory, or where it does not lie above all others. */
bool ranges_add(struct ranges *r, uint64_t first, uint64_t n, bool *rises);
bool ranges_has(const struct ranges *r, uint64_t x);
void ranges_clear(struct ranges *r);

/** What INDEX chunks must say of a chunk. */
struct verify_chunk {
    uint64_t offset, first;
    uint32_t rows, snapshot, stored;
    unsigned kind;
};

struct verify {
    struct info_verdict *out;
    const struct info_input *in;
    struct ranges defined[INFO_KINDS]; /* ids, of the kinds that are definitions */
    struct info_total totals[INFO_KINDS];
    struct verify_chunk *pending;      /* chunks since the last INDEX chunk */
    size_t n_pending, cap_pending;
    bool recovered;                    /* the file says that it lacks chunks: see info_recover */
    bool values;                       /* metadata says values=yes */
    uint64_t index_offset;             /* of the last INDEX chunk; 0: none yet */
    uint64_t total_offset;             /* of the TOTAL chunk; 0: not seen */
    uint64_t rows_of_file[INFO_KINDS]; /* outside snapshots */
    bool failed;                       /* no memory */
    struct {                           /* the long string that is being read in parts */
        uint64_t id, next, bytes, total, offset;
        bool open;                     /* parts are to come */
    } text;

    /* the snapshot that is open */
    uint32_t snapshot;                 /* 0: none */
    uint32_t last_snapshot;
    snap_reader *again;  /* for the second reading of snapshots; NULL until one needs it */
    size_t again_chunks; /* in its index */
    size_t again_at;     /* the chunk where the last of them began */
    uint64_t begin_offset;
    struct ranges objects;             /* ordinals read */
    struct u64set ids;                 /* object ids */
    uint64_t rows[INFO_KINDS];         /* of this snapshot */
    bool ids_needed;                   /* edges or roots name objects by id */
    bool recheck;                      /* an ordinal was named before its object */
};

/** What may be broken; findings are told apart by rule and kind of row. */
enum verify_rule {
    RULE_DAMAGE, RULE_INCOMPLETE, RULE_ORDER, RULE_SCOPE, RULE_UNDEFINED_STRING,
    RULE_UNDEFINED_TYPE, RULE_UNDEFINED_FRAME, RULE_UNDEFINED_STACK, RULE_UNDEFINED_THREAD,
    RULE_UNDEFINED_MODULE, RULE_OWN_ID, RULE_DUPLICATE_ID, RULE_SOURCE, RULE_TARGET, RULE_POSITION,
    RULE_ONE_ROW, RULE_COUNTS, RULE_FLAGS, RULE_TEXT, RULE_VALUES, RULE_INDEX, RULE_TOTAL,
    RULE_UNFINISHED, RULE_FIRST, RULE_PARTS
};

/** Notes one breach at a chunk. The text is that of the first of its rule and kind; later ones are
 *  counted. */
void verify_finding(struct verify *v, enum info_severity severity, enum verify_rule rule,
                    unsigned kind, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/** Rules of the rows of a chunk of definitions, of objects, of the others (verify_rows.c). */
void verify_rows(struct verify *v, const snap_batch *b);

/** Where the long string that was being read does not go on: tells that parts are missing. */
void verify_no_part(struct verify *v);

/** Targets of edges and roots of the open snapshot that could not be judged while reading
 *  (verify_target.c). Returns 0 or STATUS_UNUSABLE. */
int verify_targets(struct verify *v);

/** INDEX and TOTAL chunks, and the chunks that they list (verify_index.c). */
void verify_note_chunk(struct verify *v, const snap_batch *b);
void verify_index(struct verify *v, const snap_batch *b);
void verify_total(struct verify *v, const snap_batch *b);

#endif
