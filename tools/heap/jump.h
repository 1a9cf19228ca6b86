/* SPDX-License-Identifier: MIT */
/*
 * Nearest common ancestors in a tree that grows leaf by leaf. Each vertex has its parent and one
 * ancestor further up; the way up from any vertex takes a number of steps logarithmic in its length
 * (Myers, "An applicative random-access stack", 1983). 12 B a vertex.
 */
#ifndef HEAP_JUMP_H
#define HEAP_JUMP_H

#include <stdbool.h>
#include <stdint.h>

struct heap_jump {
    uint32_t up, jump, depth;
};

static inline void heap_jump_root(struct heap_jump *tree, uint32_t root)
{
    tree[root] = (struct heap_jump){ root, root, 0 };
}

/* Hangs a new vertex below one that is there. Its jump is as long as that of its parent and the one
 * after it together, plus one, where these are equally long; else it leads to the parent. O(1). */
static inline void heap_jump_add(struct heap_jump *tree, uint32_t vertex, uint32_t up)
{
    const struct heap_jump *parent = &tree[up], *near = &tree[parent->jump];
    bool equal = parent->depth - near->depth == near->depth - tree[near->jump].depth;
    tree[vertex] = (struct heap_jump){ up, equal ? near->jump : up, parent->depth + 1 };
}

/* O(log depth). *steps counts links followed. */
static inline uint32_t heap_jump_common(const struct heap_jump *tree, uint32_t a, uint32_t b,
                                        uint64_t *steps)
{
    if (tree[a].depth < tree[b].depth) {
        uint32_t shallow = a;
        a = b;
        b = shallow;
    }
    for (; tree[a].depth > tree[b].depth; ++*steps)
        a = tree[tree[a].jump].depth >= tree[b].depth ? tree[a].jump : tree[a].up;
    for (; a != b; ++*steps) { /* equally deep: so are their jumps */
        bool far = tree[a].jump != tree[b].jump;
        a = far ? tree[a].jump : tree[a].up;
        b = far ? tree[b].jump : tree[b].up;
    }
    return a;
}

#endif
