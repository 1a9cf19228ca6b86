/* SPDX-License-Identifier: MIT */
/*
 * Anonymous mappings under a ceiling, and a bump arena. The contract is in mem.h.
 */
#define _GNU_SOURCE
#include "mem.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE_SIZE_ASSUMED 4096u
#define ARENA_BLOCK       (64u << 10)
#define HUGE_FROM         (4u << 20)

struct arena_block {
    struct arena_block *next;
    size_t size;
};

static size_t page_round(size_t size)
{
    return (size + PAGE_SIZE_ASSUMED - 1) & ~(size_t)(PAGE_SIZE_ASSUMED - 1);
}

static bool over_limit(const struct mem *mem, size_t more)
{
    return mem->limit != 0 && (more > mem->limit || mem->used > mem->limit - more);
}

static void account(struct mem *mem, size_t plus, size_t minus)
{
    mem->used += plus;
    mem->used -= minus;
    if (mem->used > mem->peak) mem->peak = mem->used;
}

void *mem_map(struct mem *mem, size_t size)
{
    size_t bytes = page_round(size);

    if (size == 0 || bytes < size || over_limit(mem, bytes)) return NULL;
    void *ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ptr == MAP_FAILED) return NULL;
    account(mem, bytes, 0);
    return ptr;
}

void *mem_remap(struct mem *mem, void *ptr, size_t old_size, size_t new_size)
{
    size_t before = page_round(old_size);
    size_t after = page_round(new_size);

    if (after < new_size || (after > before && over_limit(mem, after - before))) return NULL;
    void *moved = mremap(ptr, before, after, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return NULL;
    account(mem, after, before);
    return moved;
}

void mem_unmap(struct mem *mem, void *ptr, size_t size)
{
    if (ptr == NULL) return;
    munmap(ptr, page_round(size));
    account(mem, 0, page_round(size));
}

void mem_advise_huge(void *ptr, size_t size)
{
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_FROM) (void)madvise(ptr, page_round(size), MADV_HUGEPAGE);
#else
    (void)ptr;
    (void)size;
#endif
}

void arena_init(struct arena *arena, struct mem *mem)
{
    arena->mem = mem;
    arena->blocks = NULL;
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t bytes = (size + 15) & ~(size_t)15;
    size_t header = (sizeof(struct arena_block) + 15) & ~(size_t)15;

    if (bytes < size) return NULL;
    if (arena->blocks == NULL || bytes > arena->blocks->size - arena->used) {
        size_t want = bytes + header > ARENA_BLOCK ? bytes + header : ARENA_BLOCK;
        struct arena_block *block = mem_map(arena->mem, want);
        if (block == NULL) return NULL;
        block->next = arena->blocks;
        block->size = want;
        arena->blocks = block;
        arena->used = header;
    }
    void *ptr = (char *)arena->blocks + arena->used;
    arena->used += bytes;
    return ptr;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        mem_unmap(arena->mem, block, block->size);
    }
}
