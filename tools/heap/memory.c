/* SPDX-License-Identifier: MIT */
/* Small arrays from malloc, large ones on huge pages, where the system offers them on request. Both
 * carry a header in front that says which and how much. Contract in memory.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "heap/memory.h"
#include "heap/pages.h"

/* Arrays on huge pages begin at the second cache line: blocks of a line do not straddle two. */
#define LINE ((size_t)64)

/* Directly in front of the array. */
union header {
    size_t length; /* bytes of huge pages, which begin LINE before the array; 0 from malloc */
    max_align_t align;
};

static void *behind(void *at, size_t length)
{
    union header *h = at;
    h->length = length;
    return h + 1;
}

/* Of the pages of an array of `bytes`. */
static size_t length_of(size_t bytes)
{
    return (LINE + bytes + PAGES_UNIT - 1) / PAGES_UNIT * PAGES_UNIT;
}

static void *on_pages(size_t bytes, bool zeroed)
{
    size_t length = length_of(bytes);
    bool zero;
    char *base = pages_take(length, &zero);
    if (!base) return NULL;
    if (zeroed && !zero) memset(base + LINE, 0, bytes);
    return behind(base + LINE - sizeof(union header), length);
}

static void *allocate(uint64_t n, size_t size, bool zeroed)
{
    if (n > (PTRDIFF_MAX - 2 * HUGE_PAGE) / size) return NULL;
    size_t bytes = (size_t)n * size;
    if (bytes >= PAGES_FROM) return on_pages(bytes, zeroed);
    bytes += sizeof(union header);
    void *base = zeroed ? calloc(1, bytes) : malloc(bytes);
    return base ? behind(base, 0) : NULL;
}

void *heap_new(uint64_t n, size_t size)
{
    return allocate(n, size, false);
}

void *heap_new_zeroed(uint64_t n, size_t size)
{
    return allocate(n, size, true);
}

uint32_t *heap_new_none(uint64_t n)
{
    uint32_t *p = heap_new(n, sizeof *p);
    if (p) memset(p, 0xff, (size_t)n * sizeof *p);
    return p;
}

void *heap_resize(void *p, uint64_t keep, uint64_t n, size_t size)
{
    if (!p) return heap_new(n, size);
    if (n > (PTRDIFF_MAX - 2 * HUGE_PAGE) / size) return NULL;
    union header *h = (union header *)p - 1;
    size_t bytes = (size_t)n * size, length = h->length;
    if (length) {
        size_t more = length_of(bytes);
        if (more <= length) return p;
        char *base = pages_grow((char *)p - LINE, length, more);
        return base ? behind(base + LINE - sizeof *h, more) : NULL;
    }
    if (bytes < PAGES_FROM) {
        h = realloc(h, sizeof *h + bytes);
        return h ? h + 1 : NULL;
    }
    void *larger = heap_new(n, size);
    if (larger) {
        memcpy(larger, p, (size_t)(keep < n ? keep : n) * size);
        heap_free(p);
    }
    return larger;
}

void heap_free(void *p)
{
    if (!p) return;
    union header *h = (union header *)p - 1;
    if (h->length)
        pages_give((char *)p - LINE, h->length);
    else
        free(h);
}
