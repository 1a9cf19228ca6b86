/* SPDX-License-Identifier: MIT */
/*
 * Numbers about the process that go with a snapshot, and facts about where it was taken. Names and
 * units are those of the registry of the format.
 */
#ifndef HEAPSNAP_COUNTERS_H
#define HEAPSNAP_COUNTERS_H

#include <stdint.h>

#define COUNTERS_MAX 64u
#define FACTS_MAX    24u
#define FACT_SIZE    160u

struct counters {
    unsigned n;
    struct {
        char name[40];
        int64_t value;
    } entries[COUNTERS_MAX];
};

struct facts {
    unsigned n;
    struct {
        const char *key; /* constant */
        char value[FACT_SIZE];
    } entries[FACTS_MAX];
};

/** Memory, threads, descriptors: from /proc and malloc. Without the GIL; not in a forked child. May
 *  take milliseconds for a large process. */
void counters_system(struct counters *counters);

/** The numbers of the small-object allocator, out of its printed statistics. Allocates nothing. */
void counters_pymalloc(const char *text, void (*add)(void *ctx, const char *name, int64_t value),
                       void *ctx);

/** The collector's numbers. With the GIL; O(1). */
void counters_runtime(struct counters *counters);

void counters_add(struct counters *counters, const char *name, int64_t value);

/** Runtime, process and host. With the GIL; not in a forked child. */
void facts_collect(struct facts *facts);

void facts_add(struct facts *facts, const char *key, const char *value);

#endif
