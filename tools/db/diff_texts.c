/* SPDX-License-Identifier: MIT */
/*
 * Texts as numbers: open addressing with linear probing over the numbers, at most half full; the
 * bytes in blocks that never move, so that a text stays where it was given out.
 */
#include "db/diff_texts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct texts_entry {
    const char *s;
    size_t n;
    uint64_t hash;
};

struct texts_block {
    struct texts_block *next;
    size_t used, size;
    char bytes[];
};

enum { BLOCK_BYTES = 64 * 1024 };

uint64_t texts_hash_bytes(const char *s, size_t n)
{
    uint64_t h = XXH3_64bits(s, n);
    return h ? h : 1;
}

/* Where a text stands in the table depends on a random seed: names are hostile, and nobody outside
 * can make many that collide. */
static uint64_t seeded(const struct texts *t, const char *s, size_t n)
{
    return XXH3_64bits_withSeed(s, n, t->seed);
}

/* A copy that stays where it is. */
static char *keep(struct texts *t, const char *s, size_t n)
{
    struct texts_block *b = t->blocks;
    if (n >= SIZE_MAX - sizeof *b - BLOCK_BYTES) return NULL;
    if (!b || b->size - b->used < n + 1) {
        size_t size = n + 1 > BLOCK_BYTES ? n + 1 : BLOCK_BYTES;
        b = malloc(sizeof *b + size);
        if (!b) return NULL;
        b->next = t->blocks;
        b->used = 0;
        b->size = size;
        t->blocks = b;
    }
    char *at = b->bytes + b->used;
    if (n) memcpy(at, s, n);
    at[n] = '\0';
    b->used += n + 1;
    return at;
}

/* The slot that holds the text, or the free one where it would go. Never full: at most half used.
 */
static uint32_t slot_of(const struct texts *t, const char *s, size_t n, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & (t->n_slots - 1);
    for (; t->slots[i]; i = (i + 1) & (t->n_slots - 1)) {
        const struct texts_entry *x = &t->texts[t->slots[i] - 1];
        if (x->hash == hash && x->n == n && (n == 0 || memcmp(x->s, s, n) == 0)) break;
    }
    return i;
}

static bool grow(struct texts *t)
{
    if (!t->n_slots && getrandom(&t->seed, sizeof t->seed, GRND_NONBLOCK) < 0)
        t->seed = (uint64_t)time(NULL);
    uint32_t n_slots = t->n_slots ? t->n_slots * 2 : 64;
    if (n_slots == 0 || t->n_slots > UINT32_MAX / 2) return false;
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    struct texts_entry *texts = realloc(t->texts, (size_t)(n_slots / 2) * sizeof *texts);
    if (texts) t->texts = texts;
    if (!slots || !texts) {
        free(slots);
        return false;
    }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    t->cap = n_slots / 2;
    for (uint32_t k = 0; k < t->n; k++) {
        uint32_t i = (uint32_t)texts[k].hash & (n_slots - 1);
        while (slots[i]) i = (i + 1) & (n_slots - 1);
        slots[i] = k + 1;
    }
    return true;
}

uint32_t texts_add(struct texts *t, const char *s, size_t n)
{
    if (t->failed || (t->n == t->cap && !grow(t))) {
        t->failed = true;
        return TEXTS_NONE;
    }
    uint64_t hash = seeded(t, s, n);
    uint32_t i = slot_of(t, s, n, hash);
    if (t->slots[i]) return t->slots[i] - 1;
    char *copy = keep(t, s, n);
    if (!copy) {
        t->failed = true;
        return TEXTS_NONE;
    }
    t->texts[t->n] = (struct texts_entry){ .s = copy, .n = n, .hash = hash };
    t->slots[i] = t->n + 1;
    return t->n++;
}

uint32_t texts_adds(struct texts *t, const char *s)
{
    return texts_add(t, s, strlen(s));
}

uint32_t texts_find(const struct texts *t, const char *s, size_t n)
{
    if (!t->n_slots) return TEXTS_NONE;
    uint32_t i = slot_of(t, s, n, seeded(t, s, n));
    return t->slots[i] ? t->slots[i] - 1 : TEXTS_NONE;
}

const char *texts_get(const struct texts *t, uint32_t number, size_t *n)
{
    bool none = number == TEXTS_NONE;
    if (n) *n = none ? 0 : t->texts[number].n;
    return none ? "" : t->texts[number].s;
}

uint64_t texts_hash(const struct texts *t, uint32_t number)
{
    return number == TEXTS_NONE ? 0 : texts_hash_bytes(t->texts[number].s, t->texts[number].n);
}

void texts_free(struct texts *t)
{
    while (t->blocks) {
        struct texts_block *b = t->blocks;
        t->blocks = b->next;
        free(b);
    }
    free(t->slots);
    free(t->texts);
    *t = (struct texts){ 0 };
}
