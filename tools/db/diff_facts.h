/* SPDX-License-Identifier: MIT */
/*
 * What a comparison says about a snapshot beside its objects: which process it is of and when, its
 * counters, where the resident memory was. Small reads by key.
 *
 * Texts are kept in the caller's `struct texts` and live as long as it; NULL is null. Functions
 * print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_DB_DIFF_FACTS_H
#define SNAP_TOOLS_DB_DIFF_FACTS_H

#include "db/diff_texts.h"
#include "db/heapdb.h"

/** One part of the resident memory. */
struct diff_part {
    const char *name;
    int64_t bytes;
    bool exact; /* false: a difference of counters read at slightly different times */
};

struct diff_facts {
    const struct heapdb_snapshot *snapshot;
    const char *path;  /* the operand as the user named it */
    const char *taken; /* what it was taken for */
    const char *service, *version, *host, *runtime, *runtime_version, *instance, *reason;
    const char *boot_id, *process_start, *file_uuid;
    int64_t file_number;  /* of the snapshot in its file; 0: not known */
    int64_t monotonic_ns; /* -1: not known */
    int64_t native_size;  /* of the live objects; -1: not known to the capture */
    int64_t rss;          /* -1: not known */
    int64_t arenas;       /* taken by the allocator of small objects; -1: not known */
    int64_t gc_enabled;   /* 1, 0; -1: not known */
    bool serial_ids;      /* ids are never used again (metadata id.kind: serial) */
    bool data_keys;       /* names=keys: recorded key names may be data */
    bool has_refs;
    int64_t n_warnings;  /* rows of `warning` that concern it */
    const char *warning; /* the first of them */
    size_t n_parts;
    struct diff_part *parts; /* in the order in which they are shown */
};

/** Reads one snapshot's facts. */
int diff_facts_read(struct heapdb *db, const struct heapdb_snapshot *snapshot, struct texts *texts,
                    struct diff_facts *out);
void diff_facts_free(struct diff_facts *facts);

/** Are both of one process? By boot id, process id and start time, all of them known and equal; and
 *  of one runtime. A process that was forked has its own start time. */
bool diff_facts_same_process(const struct diff_facts *a, const struct diff_facts *b);

/** Both are one capture (the same snapshot of the same file). */
bool diff_facts_same_capture(const struct diff_facts *a, const struct diff_facts *b);

/** Is garbage a part of what the heap grows by? Where objects are freed by counting references, it
 *  is what the cycle collector does not come to. A runtime whose collector finds everything lets
 *  garbage stand until it needs the room, and fills gaps with it (the JVM's serial and parallel
 *  collectors): how much there is says nothing. */
bool diff_facts_garbage_counts(const struct diff_facts *facts);

/** Bytes of the managed heap: live objects, their native memory, and garbage where it counts. */
int64_t diff_facts_managed(const struct diff_facts *facts);

/** Seconds from a to b: by the monotonic clock where both are of one boot, else by the wall clock.
 *  False: not known. Negative when b is the older one. */
bool diff_facts_interval(const struct diff_facts *a, const struct diff_facts *b, double *seconds);

#endif
