/* SPDX-License-Identifier: MIT */
/*
 * Pieces of memory between two arrays, in the order of their addresses, no two of which touch.
 * Contract in pages.h.
 */
#if defined(__linux__)
#define _GNU_SOURCE /* MAP_ANONYMOUS, madvise, mincore, mremap */
#include <sys/mman.h>
#endif
#include "heap/pages.h"

#if defined(MAP_ANONYMOUS) && defined(MADV_HUGEPAGE)
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define PAGES_KEEP false
#endif
#endif
#if !defined(PAGES_KEEP) && defined(__SANITIZE_ADDRESS__)
#define PAGES_KEEP false
#elif !defined(PAGES_KEEP)
#define PAGES_KEEP true
#endif

struct piece {
    char *base;
    size_t length;
};

/* Under `lock`: pieces[0..n), by address; between any two is memory in use. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct piece pieces[PAGES_KEPT];
static size_t n;

static void remove_piece(size_t i)
{
    memmove(pieces + i, pieces + i + 1, (--n - i) * sizeof *pieces);
}

/* The smallest piece that is long enough; n where none is. */
static size_t fitting(size_t length)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].length < length) continue;
        if (best == n || pieces[i].length < pieces[best].length) best = i;
    }
    return best;
}

/* The first `length` bytes of a piece. */
static char *cut(size_t i, size_t length)
{
    char *base = pieces[i].base;
    pieces[i].base += length;
    pieces[i].length -= length;
    if (!pieces[i].length) remove_piece(i);
    return base;
}

/* Up to `length` bytes of what is kept go to the system. */
static void shrink(size_t length)
{
    while (n && length) {
        struct piece *last = &pieces[n - 1];
        size_t less = last->length < length ? last->length : length;
        (void)munmap(last->base + last->length - less, less);
        last->length -= less;
        length -= less;
        if (!last->length) n--;
    }
}

/* From the system, beginning at a huge page; what it gave beside goes back at once. */
static char *map(size_t length)
{
    if (length > SIZE_MAX - HUGE_PAGE) return NULL;
    char *all = mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)all % HUGE_PAGE) % HUGE_PAGE;
    size_t behind = HUGE_PAGE - before;
    if (before) (void)munmap(all, before);
    if (behind) (void)munmap(all + before + length, behind);
    /* Advice only: without it the array is on small pages. */
    (void)madvise(all + before, length, MADV_HUGEPAGE);
    return all + before;
}

void *pages_take(size_t length, bool *zero)
{
    pthread_mutex_lock(&lock);
    size_t i = fitting(length);
    char *base = NULL;
    *zero = i == n;
    if (i < n)
        base = cut(i, length);
    else
        shrink(length);
    pthread_mutex_unlock(&lock);
    return base ? base : map(length);
}

void *pages_grow(void *base, size_t length, size_t more)
{
    pthread_mutex_lock(&lock);
    shrink(more - length);
    pthread_mutex_unlock(&lock);
    char *larger = map(more);
    if (!larger) return NULL;
    /* What was kept may be of several mappings, which not every system moves at once. */
    if (mremap(base, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, larger) == MAP_FAILED) {
        memcpy(larger, base, length);
        pages_give(base, length);
    }
    return larger;
}

/* How much of it is in memory: up to the last huge page whose first page was touched. */
static size_t touched(char *base, size_t length)
{
    while (length) {
        unsigned char in;
        size_t last = ((uintptr_t)base + length - 1) % HUGE_PAGE + 1;
        if (last > length) last = length;
        if (mincore(base + length - last, 1, &in) != 0 || (in & 1)) break;
        length -= last;
    }
    return length;
}

/* Puts a piece among its neighbours, joined with those that it touches. False where there is no
 * room for one more. */
static bool keep(char *base, size_t length)
{
    size_t i = 0;
    while (i < n && pieces[i].base < base) i++;
    bool before = i > 0 && pieces[i - 1].base + pieces[i - 1].length == base;
    bool behind = i < n && base + length == pieces[i].base;
    if (before) {
        pieces[i - 1].length += length + (behind ? pieces[i].length : 0);
        if (behind) remove_piece(i);
    } else if (behind) {
        pieces[i].base = base;
        pieces[i].length += length;
    } else {
        if (n == PAGES_KEPT) return false;
        memmove(pieces + i + 1, pieces + i, (n++ - i) * sizeof *pieces);
        pieces[i] = (struct piece){ base, length };
    }
    return true;
}

void pages_give(void *base, size_t length)
{
    size_t in = PAGES_KEEP ? touched(base, length) : 0;
    if (in < length) (void)munmap((char *)base + in, length - in);
    if (!in) return;
    pthread_mutex_lock(&lock);
    bool kept = keep(base, in);
    pthread_mutex_unlock(&lock);
    if (!kept) (void)munmap(base, in);
}
#else
void *pages_take(size_t length, bool *zero)
{
    (void)length;
    *zero = false;
    return NULL;
}

void *pages_grow(void *base, size_t length, size_t more)
{
    (void)base;
    (void)length;
    (void)more;
    return NULL;
}

void pages_give(void *base, size_t length)
{
    (void)base;
    (void)length;
}
#endif
