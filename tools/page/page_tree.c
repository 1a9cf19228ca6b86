/* SPDX-License-Identifier: MIT */
/* A tree of sizes with the rest folded; page_tree.h. */
#include "page/page_tree.h"

#include <stdlib.h>

uint32_t page_tree_add(struct page_tree *t, uint32_t parent)
{
    if (t->n == t->capacity) {
        uint32_t capacity = t->capacity ? t->capacity * 2 : 256;
        struct page_node *at = capacity > UINT32_MAX / 4 ? NULL
                                                         : realloc(t->at, capacity * sizeof *at);
        if (!at) return PAGE_NO_NODE;
        t->at = at;
        t->capacity = capacity;
    }
    uint32_t depth = parent == PAGE_NO_NODE ? 0 : t->at[parent].depth + 1;
    t->at[t->n] = (struct page_node){ .parent = parent, .depth = depth, .type = PAGE_NO_NAME,
                                      .label = PAGE_NO_NAME, .path = PAGE_NO_NODE };
    return t->n++;
}

void page_tree_free(struct page_tree *t)
{
    free(t->at);
    *t = (struct page_tree){ 0 };
}

bool page_tree_adds_up(const struct page_tree *t)
{
    uint64_t *sum = calloc((size_t)t->n * 2 + 1, sizeof *sum);
    bool good = sum != NULL;
    for (uint32_t i = t->n; good && i-- > 0;) {
        const struct page_node *x = &t->at[i];
        good = x->bytes == x->own + x->rest_bytes + sum[2 * i] &&
               x->count == x->n + x->rest_count + sum[2 * i + 1] &&
               (i == 0) == (x->parent == PAGE_NO_NODE) && (i == 0 || x->parent < i);
        if (!good || i == 0) continue;
        sum[2 * x->parent] += x->bytes;
        sum[2 * x->parent + 1] += x->count;
    }
    free(sum);
    return good;
}

uint64_t page_tree_folded(const struct page_tree *t)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < t->n; i++) bytes += t->at[i].rest_bytes;
    return bytes;
}

static void name(struct json *j, uint32_t number)
{
    if (number == PAGE_NO_NAME)
        json_i64(j, NULL, -1);
    else
        json_u64(j, NULL, number);
}

void page_tree_json(const struct page_tree *t, struct json *j, const char *key)
{
    json_object(j, key);
    json_array(j, "parent");
    for (uint32_t i = 0; i < t->n; i++) name(j, t->at[i].parent);
    json_end_array(j);
    json_array(j, "type");
    for (uint32_t i = 0; i < t->n; i++) name(j, t->at[i].type);
    json_end_array(j);
    json_array(j, "label");
    for (uint32_t i = 0; i < t->n; i++) name(j, t->at[i].label);
    json_end_array(j);
    json_array(j, "path");
    for (uint32_t i = 0; i < t->n; i++) name(j, t->at[i].path);
    json_end_array(j);
    json_array(j, "object");
    for (uint32_t i = 0; i < t->n; i++) json_id(j, NULL, (uint64_t)t->at[i].object);
    json_end_array(j);
#define COLUMN(member)                                                                             \
    json_array(j, #member);                                                                        \
    for (uint32_t i = 0; i < t->n; i++) json_u64(j, NULL, t->at[i].member);                        \
    json_end_array(j)
    COLUMN(n);
    COLUMN(own);
    COLUMN(count);
    COLUMN(bytes);
    COLUMN(rest_count);
    COLUMN(rest_bytes);
#undef COLUMN
    json_end_object(j);
}
