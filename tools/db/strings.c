/* SPDX-License-Identifier: MIT */
/*
 * Interned texts in blocks; an open hash table of their numbers. See strings.h.
 */
#include "db/strings.h"

#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/text.h"

#define BLOCK_SIZE ((size_t)1 << 20)
#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"

/* A block starts with the pointer to the block before. */
struct block {
    struct block *next;
};

void strings_init(struct strings *s, struct budget *budget)
{
    *s = (struct strings){ .budget = budget };
    if (getrandom(&s->seed, sizeof s->seed, 0) != (ssize_t)sizeof s->seed)
        s->seed = (uint64_t)(uintptr_t)s;
}

void strings_free(struct strings *s)
{
    struct block *b = s->blocks;
    while (b) {
        struct block *next = b->next;
        heap_free(b);
        b = next;
    }
    heap_free(s->at);
    heap_free(s->slot);
    heap_free(s->used);
    *s = (struct strings){ 0 };
}

/* Whether all n bytes are UTF-8 without a 0. */
static bool is_clean(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if ((unsigned char)p[i] < 0x80) {
            if (p[i] == 0) return false;
            i++;
            continue;
        }
        uint32_t c;
        size_t used = text_decode(p + i, n - i, &c);
        if (c == TEXT_INVALID) return false;
        i += used;
    }
    return true;
}

/* Makes `out` the clean form of p: replacement characters for what is none, cut at the limit. */
static void clean(struct text *out, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && out->n < STRINGS_MAX_TEXT - 8) {
        uint32_t c;
        size_t used = text_decode(p + i, n - i, &c);
        if (c == TEXT_INVALID || c == 0)
            text_adds(out, REPLACEMENT);
        else
            text_add(out, p + i, used);
        i += used;
    }
    if (i < n) text_adds(out, ELLIPSIS);
}

/* A copy of the text in the blocks; NULL without memory. */
static char *keep(struct strings *s, const char *p, size_t n)
{
    if (n + 1 > s->block_left) {
        size_t size = n + 1 > BLOCK_SIZE / 4 ? n + 1 : BLOCK_SIZE - sizeof(struct block);
        struct block *b = memory_new(s->budget, 1, sizeof *b + size);
        if (!b) return NULL;
        b->next = s->blocks;
        s->blocks = b;
        char *at = (char *)(b + 1);
        if (size == n + 1) { /* a block of its own; the open one stays open */
            memcpy(at, p, n);
            at[n] = 0;
            return at;
        }
        s->block = at;
        s->block_left = size;
    }
    char *at = s->block;
    memcpy(at, p, n);
    at[n] = 0;
    s->block += n + 1;
    s->block_left -= n + 1;
    return at;
}

static size_t slot_of(const struct strings *s, const char *p, size_t n)
{
    size_t mask = s->slots - 1;
    size_t i = (size_t)XXH3_64bits_withSeed(p, n, s->seed) & mask;
    for (;; i = (i + 1) & mask) {
        uint32_t number = s->slot[i];
        if (!number) return i;
        const struct strings_entry *e = &s->at[number - 1];
        if (e->size == n && memcmp(e->text, p, n) == 0) return i;
    }
}

/* Keeps the table at most half full. */
static bool rehash(struct strings *s)
{
    if (s->slots / 2 > s->n) return true;
    size_t slots = s->slots ? s->slots * 2 : 1024;
    uint32_t *slot = memory_zeroed(s->budget, slots, sizeof *slot);
    if (!slot) return false;
    memory_free(s->budget, s->slot, s->slots, sizeof *s->slot);
    s->slot = slot;
    s->slots = slots;
    for (size_t k = 0; k < s->n; k++)
        s->slot[slot_of(s, s->at[k].text, s->at[k].size)] = (uint32_t)(k + 1);
    return true;
}

static uint32_t add_clean(struct strings *s, const char *p, size_t n)
{
    if (!rehash(s)) return 0;
    size_t i = slot_of(s, p, n);
    if (s->slot[i]) return s->slot[i];
    if (s->n >= UINT32_MAX - 1) return 0;
    if (!memory_grow(s->budget, (void **)&s->at, &s->cap, s->n + 1, sizeof *s->at)) return 0;
    char *copy = keep(s, p, n);
    if (!copy) return 0;
    s->at[s->n] = (struct strings_entry){ copy, (uint32_t)n, 0 };
    s->slot[i] = (uint32_t)++s->n;
    return s->slot[i];
}

uint32_t strings_add(struct strings *s, const char *bytes, size_t size)
{
    if (size <= STRINGS_MAX_TEXT && is_clean(bytes, size)) return add_clean(s, bytes, size);
    struct text t = { 0 };
    clean(&t, bytes, size);
    uint32_t number = t.failed ? 0 : add_clean(s, text_str(&t), t.n);
    text_free(&t);
    return number;
}

const char *strings_text(const struct strings *s, uint32_t number)
{
    return number && number <= s->n ? s->at[number - 1].text : NULL;
}

uint32_t strings_size(const struct strings *s, uint32_t number)
{
    return number && number <= s->n ? s->at[number - 1].size : 0;
}

uint32_t strings_row(struct strings *s, uint32_t number)
{
    if (!number || number > s->n) return 0;
    struct strings_entry *e = &s->at[number - 1];
    if (e->row) return e->row;
    if (!memory_grow(s->budget, (void **)&s->used, &s->used_cap, s->n_used + 1, sizeof *s->used))
        return 0;
    s->used[s->n_used++] = number;
    e->row = (uint32_t)s->n_used;
    return e->row;
}
