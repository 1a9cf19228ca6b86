/* SPDX-License-Identifier: MIT */
/* Definitions by hash; see name_table.h. */
#include "import/name_table.h"

#include <string.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t seed_of(struct name_table *t)
{
    struct timespec now;
    if (t->seed) return t->seed;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t noise[] = { (uint64_t)now.tv_sec, (uint64_t)now.tv_nsec, (uint64_t)(uintptr_t)t,
                         (uint64_t)(uintptr_t)&now };
    t->seed = XXH3_64bits(noise, sizeof noise) | 1;
    return t->seed;
}

/* The id under a hash; a new one from *next when there is none, *fresh then. */
static int find(struct u64map *map, uint64_t hash, uint64_t *next, uint64_t *id, bool *fresh)
{
    uint64_t *slot = u64map_put(map, hash, fresh);
    if (!slot) return NAME_NO_MEMORY;
    if (*fresh) *slot = ++*next;
    *id = *slot;
    return RECORD_OK;
}

int name_string(struct name_table *t, struct record_text text, uint64_t *id)
{
    bool fresh;
    *id = 0;
    if (!text.size) return RECORD_OK;
    int status = find(&t->strings, XXH3_64bits_withSeed(text.at, text.size, seed_of(t)),
                      &t->next_string, id, &fresh);
    if (status || !fresh || !t->sink->string) return status;
    return t->sink->string(t->sink->opaque, *id, text);
}

int name_frame(struct name_table *t, const snap_frame *frame, uint64_t *id)
{
    bool fresh;
    uint64_t key[] = { frame->function, frame->file, frame->line, frame->language };
    int status = find(&t->frames, XXH3_64bits_withSeed(key, sizeof key, seed_of(t)),
                      &t->next_frame, id, &fresh);
    if (status || !fresh || !t->sink->frame) return status;
    return t->sink->frame(t->sink->opaque, *id, frame);
}

int name_stack(struct name_table *t, uint64_t parent, uint64_t frame, uint64_t *id)
{
    bool fresh;
    uint64_t key[] = { parent, frame };
    int status = find(&t->stacks, XXH3_64bits_withSeed(key, sizeof key, seed_of(t)),
                      &t->next_stack, id, &fresh);
    if (status || !fresh || !t->sink->stack) return status;
    return t->sink->stack(t->sink->opaque, *id, parent, frame);
}

void name_table_free(struct name_table *t)
{
    u64map_free(&t->strings);
    u64map_free(&t->frames);
    u64map_free(&t->stacks);
}
