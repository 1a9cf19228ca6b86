/* SPDX-License-Identifier: MIT */
/*
 * Places where objects hang: names that hold one object at a time, what holds a root object beside
 * its root, and the places of the runtime. Look-ups are bounded as those of names are.
 */
#include "db/diff_name_private.h"

#include <string.h>

#include <snap/format.h>

#include "cli/message.h"
#include "heap/match.h"

/* By the reference from a parent that is in both snapshots; 0 where it is one of many. */
static uint64_t place_below(struct diff_names *n, uint32_t row, const uint32_t *matched, bool in_b)
{
    uint32_t parent = n->from.rows->parent[row];
    struct text edge = { 0 };
    uint64_t hash = 0;
    if (parent == 0 || parent == HEAP_NONE || matched[parent] == HEAP_NONE) return 0;
    if (diff_names_edge(n, row, &edge)) {
        n->failed = true;
    } else if (edge.failed) {
        message_no_memory("names of objects");
        n->failed = true;
    } else if (sign_label_is_single(text_str(&edge))) {
        hash = heap_mix(texts_hash_bytes(text_str(&edge), edge.n), in_b ? parent : matched[parent]);
    }
    text_free(&edge);
    return hash;
}

uint64_t diff_names_place(struct diff_names *n, uint32_t row, const uint32_t *matched, bool in_b)
{
    uint32_t node;
    if (n->failed || n->from.rows->parent[row] == HEAP_NONE) return 0;
    bool named;
    int status = diff_names_is_named(n, row, &named);
    bool searches = !status && !named && n->places_searched < PLACE_SEARCHES;
    n->places_searched += searches;
    if (!status)
        status = searches ? diff_names_row(n, row, &node) : diff_names_climb(n, row, &node);
    if (status) {
        n->failed = true;
        return 0;
    }
    if (sign_is_single(n->sign, node)) return n->sign->nodes[node].hash;
    return place_below(n, row, matched, in_b);
}

/* Is a row the table in which Python finds its modules? */
static bool is_module_table(struct diff_names *n, uint32_t row)
{
    struct text path = { 0 };
    uint32_t node;
    if (diff_names_row(n, row, &node)) {
        n->failed = true;
        return false;
    }
    sign_path(n->sign, node, &path);
    bool is = strcmp(text_str(&path), "sys.modules") == 0 ||
              strcmp(text_str(&path), "<runtime sys.modules>") == 0;
    if (path.failed) n->failed = true;
    text_free(&path);
    return is;
}

/* What is in both snapshots and refers to a row, into out[SEARCH_REFERRERS]; how many. */
static uint32_t partners_before(struct diff_names *n, uint32_t row, const uint32_t *matched,
                                uint32_t *out)
{
    uint32_t count = 0;
    int got;
    sqlite3_bind_int64(n->referrer, 1, n->from.rows->first_id + (int64_t)row);
    sqlite3_bind_int64(n->referrer, 2, SEARCH_REFERRERS);
    while ((got = heapdb_step(n->from.db, n->referrer)) == 1 && count < SEARCH_REFERRERS) {
        uint32_t source = diff_names_row_of(n, sqlite3_column_int64(n->referrer, 0));
        int64_t kind = sqlite3_column_int64(n->referrer, 1);
        n->looked_beside++;
        if (source != HEAP_NONE && heapdb_edge_holds(kind) && kind != SNAP_EDGE_TYPE &&
            matched[source] != HEAP_NONE)
            out[count++] = source;
    }
    sqlite3_reset(n->referrer);
    if (got < 0) n->failed = true;
    return count;
}

uint32_t diff_names_beside(struct diff_names *n, uint32_t row, const uint32_t *matched)
{
    uint32_t source[SEARCH_REFERRERS], found = HEAP_NONE;
    bool is_module = rowmap_get(&n->own, row) != ROWMAP_NONE, done = false;
    if (n->failed || n->looked_beside >= SEARCH_BUDGET) return HEAP_NONE;
    uint32_t count = partners_before(n, row, matched, source);
    for (uint32_t i = 0; i < count && !done && !n->failed; i++) {
        bool named = false;
        if (diff_names_is_named(n, source[i], &named)) n->failed = true;
        done = is_module ? is_module_table(n, source[i]) : named;
        if (done || (named && found == HEAP_NONE)) found = source[i];
    }
    return n->failed ? HEAP_NONE : found;
}

bool diff_names_is_traced(const struct diff_names *n)
{
    return n->site != NULL;
}

uint64_t diff_names_root_place(struct diff_names *n, uint32_t row)
{
    static const char runtime[] = "<runtime ", callback[] = "<callback ";
    uint32_t label = diff_names_root_label(n, row);
    size_t length;
    if (label == ROWMAP_NONE || rowmap_get(&n->own, row) != ROWMAP_NONE) return 0;
    const char *s = texts_get(&n->sign->texts, label, &length);
    if (!n->site && strncmp(s, runtime, sizeof runtime - 1) != 0 &&
        strncmp(s, callback, sizeof callback - 1) != 0)
        return 0;
    uint32_t node = sign_root(n->sign, s, length, TEXTS_NONE);
    return node == SIGN_NONE ? 0 : (uint64_t)node + 1;
}
