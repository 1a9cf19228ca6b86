/* SPDX-License-Identifier: MIT */
/*
 * Arrays under a budget. See memory.h.
 */
#include "db/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* What the loader leaves to the rest of the machine. */
#define BUDGET_RESERVE (UINT64_C(64) << 20)

/* The number after `key` in a file of "key number unit" lines, or the whole file where key is NULL;
 * UINT64_MAX where there is none. */
static uint64_t file_number(const char *path, const char *key, uint64_t unit)
{
    char line[256];
    uint64_t value = UINT64_MAX;
    FILE *f = fopen(path, "re");
    if (!f) return value;
    while (value == UINT64_MAX && fgets(line, sizeof line, f)) {
        const char *at = line;
        if (key) {
            if (strncmp(line, key, strlen(key)) != 0) continue;
            at += strlen(key);
        }
        char *end;
        unsigned long long n = strtoull(at, &end, 10);
        if (end != at && n <= UINT64_MAX / unit) value = n * unit;
        if (!key) break;
    }
    fclose(f);
    return value;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void budget_init(struct budget *b, uint64_t limit)
{
    b->used = 0;
    b->limit = limit;
    if (limit) return;
    uint64_t available = file_number("/proc/meminfo", "MemAvailable:", 1024);
    uint64_t group = file_number("/sys/fs/cgroup/memory.max", NULL, 1);
    uint64_t used = file_number("/sys/fs/cgroup/memory.current", NULL, 1);
    if (group != UINT64_MAX && used != UINT64_MAX)
        available = smaller(available, group > used ? group - used : 0);
    struct rlimit as;
    if (getrlimit(RLIMIT_AS, &as) == 0 && as.rlim_cur != RLIM_INFINITY)
        available = smaller(available, as.rlim_cur);
    b->limit = available == UINT64_MAX        ? UINT64_MAX
               : available > 8 * BUDGET_RESERVE ? available - available / 16
                                                : available - available / 4;
}

/* Never below zero: arrays of a snapshot outlive the count that was set back after it. */
static void budget_give(struct budget *b, uint64_t bytes)
{
    uint64_t used = atomic_load(&b->used), less;
    do less = used > bytes ? used - bytes : 0;
    while (!atomic_compare_exchange_weak(&b->used, &used, less));
}

static bool budget_take(struct budget *b, uint64_t bytes)
{
    uint64_t used = atomic_load(&b->used);
    if (bytes > b->limit) return false;
    do {
        if (used > b->limit - bytes) return false;
    } while (!atomic_compare_exchange_weak(&b->used, &used, used + bytes));
    return true;
}

bool memory_grow(struct budget *b, void **array, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) return true;
    size_t more = *cap ? *cap : 64;
    while (more < need) {
        if (more > SIZE_MAX / 2) return false;
        more *= 2;
    }
    if (more > SIZE_MAX / size) return false;
    /* Half of a freshly doubled array is not memory yet: the budget counts what is needed now, and
     * the rest when the next growth asks for it. */
    uint64_t before = *cap / 2 * size, after = (uint64_t)more / 2 * size;
    if (!budget_take(b, after - before)) return false;
    void *p = heap_resize(*array, *cap, more, size);
    if (!p) {
        budget_give(b, after - before);
        return false;
    }
    *array = p;
    *cap = more;
    return true;
}

void memory_give(struct budget *b, void **array, size_t *cap, size_t size)
{
    uint64_t bytes = (uint64_t)*cap / 2 * size; /* as memory_grow counts */
    if (!*array) return;
    heap_free(*array);
    budget_give(b, bytes);
    *array = NULL;
    *cap = 0;
}

static void *memory_take(struct budget *b, uint64_t n, size_t size, bool zeroed)
{
    if (n > SIZE_MAX / size || !budget_take(b, n * size)) return NULL;
    void *p = zeroed ? heap_new_zeroed(n, size) : heap_new(n, size);
    if (!p) budget_give(b, n * size);
    return p;
}

void *memory_zeroed(struct budget *b, uint64_t n, size_t size)
{
    return memory_take(b, n, size, true);
}

void *memory_new(struct budget *b, uint64_t n, size_t size)
{
    return memory_take(b, n, size, false);
}

void memory_free(struct budget *b, void *array, uint64_t n, size_t size)
{
    if (!array) return;
    heap_free(array);
    budget_give(b, n * size);
}
