/* SPDX-License-Identifier: MIT */
/*
 * Memory of the agent: anonymous mappings with a ceiling, and a bump arena over them.
 *
 * The walk may run inside a forked child, where another thread may have held malloc's lock at the
 * moment of the fork, and it must not disturb the heap that it looks at. So nothing here calls
 * malloc: every byte comes from mmap, is counted, and goes back with munmap.
 *
 * Threads: one user at a time. Sizes in bytes.
 */
#ifndef HEAPSNAP_MEM_H
#define HEAPSNAP_MEM_H

#include <stdbool.h>
#include <stddef.h>

/** What is mapped now, the most that ever was, and the ceiling (0: none). */
struct mem {
    size_t used;
    size_t peak;
    size_t limit;
};

/** Map `size` bytes (rounded up to pages), zeroed; NULL when the system or the ceiling refuses. */
void *mem_map(struct mem *mem, size_t size);

/** Grow or shrink a mapping, which may move; NULL leaves the old one as it was. New bytes are zero.
 */
void *mem_remap(struct mem *mem, void *ptr, size_t old_size, size_t new_size);

/** Give a mapping back; `size` as it was asked for. NULL is allowed. */
void mem_unmap(struct mem *mem, void *ptr, size_t size);

/** Ask for huge pages where the system has them: fewer TLB misses on randomly read tables. */
void mem_advise_huge(void *ptr, size_t size);

/** Many small pieces that live as long as the arena. */
struct arena {
    struct mem *mem;
    struct arena_block *blocks;
    size_t used; /* bytes used of the newest block */
};

void arena_init(struct arena *arena, struct mem *mem);

/** `size` zeroed bytes aligned to 16, or NULL. O(1). */
void *arena_alloc(struct arena *arena, size_t size);

/** Give everything back. */
void arena_free(struct arena *arena);

#endif
