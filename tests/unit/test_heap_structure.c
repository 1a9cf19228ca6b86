/* SPDX-License-Identifier: MIT */
/*
 * Structures that a program makes of its own nodes, as owners of what came to them: a tree, a chain,
 * a list linked both ways, generic containers, and random forests beside a plain twin that climbs
 * from every owner.
 */
#include "cu.h"
#include "heap/match_internal.h"
#include "heap_random.h"

enum { ROWS = 400, ROOT = 0, NODE = 1, THING = 2, BOX = 3, TYPES = 4 };

/* A dominator tree in preorder, all matched unless said; owners of what came. */
static uint32_t dominator[ROWS], type[ROWS], b_to_a[ROWS], n_rows;
static struct heap_node_owner owners[ROWS];
static uint64_t n_owners;
static uint8_t part[TYPES] = { [NODE] = HEAP_NODE };

static void begin(void)
{
    dominator[0] = HEAP_NONE;
    type[0] = ROOT;
    b_to_a[0] = 0;
    n_rows = 1;
    n_owners = 0;
}

static uint32_t row(uint32_t below, uint32_t kind)
{
    dominator[n_rows] = below;
    type[n_rows] = kind;
    b_to_a[n_rows] = n_rows;
    return n_rows++;
}

static struct heap_side side;
static struct heap_match_options options;

static struct heap_matching matching(void)
{
    side = (struct heap_side){ .n_rows = n_rows, .garbage_root = HEAP_NONE,
                               .dominator = dominator, .type = type };
    options = (struct heap_match_options){ .n_types = TYPES, .part = part };
    return (struct heap_matching){ .a = &side, .b = &side, .options = &options, .b_to_a = b_to_a,
                                   .a_to_b = b_to_a };
}

/* `bytes` of nodes (or of something else) came to a row. */
static void came(uint32_t to, uint64_t bytes, bool nodes)
{
    struct heap_matching m = matching();
    uint32_t top = n_rows;
    type[top] = NODE; /* as if it were the next row */
    owners[n_owners++] = (struct heap_node_owner){
        to, nodes ? heap_node_above(&m, to, top) : HEAP_NONE, bytes, HEAP_NONE };
}

/* What stands for an owner in the end. */
static uint32_t stands(uint32_t to)
{
    for (uint64_t i = 0; i < n_owners; i++)
        if (owners[i].row == to) return owners[i].into == HEAP_NONE ? to : owners[i].into;
    return HEAP_NONE;
}

static void fold(void)
{
    struct heap_matching m = matching();
    CHECK(heap_fold_nodes(&m, owners, n_owners));
}

/* Four leaves of a tree, of which none holds half; with three of them each is named. */
static void test_tree(void)
{
    for (unsigned n = 3; n <= 4; n++) {
        begin();
        uint32_t tree = row(0, THING), head = row(tree, NODE), leaf[4];
        for (unsigned i = 0; i < 4; i++) leaf[i] = row(row(head, NODE), NODE);
        for (unsigned i = 0; i < n; i++) came(leaf[i], 100, true);
        fold();
        for (unsigned i = 0; i < n; i++) CHECK_U64(stands(leaf[i]), n == 4 ? head : leaf[i]);
    }
}

/* One widget among many that grows has its name. */
static void test_one_of_many(void)
{
    begin();
    uint32_t head = row(row(0, THING), NODE), leaf[5];
    for (unsigned i = 0; i < 5; i++) leaf[i] = row(head, NODE);
    for (unsigned i = 0; i < 5; i++) came(leaf[i], i ? 100 : 1000, true);
    fold();
    for (unsigned i = 0; i < 5; i++) CHECK_U64(stands(leaf[i]), leaf[i]);
}

/* Through a container in each node, as far as HEAP_NODE_STEPS, and not through what is new. */
static void test_steps(void)
{
    for (unsigned boxes = 0; boxes <= HEAP_NODE_STEPS + 1; boxes++) {
        begin();
        uint32_t head = row(row(0, THING), NODE), x = head, at[5];
        for (unsigned i = 0; i < 5; i++) {
            x = head;
            for (unsigned k = 0; k < boxes; k++) x = row(x, BOX);
            at[i] = row(x, NODE);
            came(at[i], 100, true);
        }
        fold();
        bool within = boxes <= HEAP_NODE_STEPS;
        for (unsigned i = 0; i < 5; i++) CHECK_U64(stands(at[i]), within ? head : at[i]);
        if (boxes == 1) {
            for (unsigned i = 0; i < 5; i++) b_to_a[dominator[at[i]]] = HEAP_NONE;
            fold();
            for (unsigned i = 0; i < 5; i++) CHECK_U64(stands(at[i]), at[i]);
        }
    }
}

/* The end of a chain, whatever its type, once it is too deep to be named. */
static void test_chain(void)
{
    static const uint32_t kinds[] = { NODE, BOX };
    for (unsigned k = 0; k < 2; k++) {
        for (uint32_t deep = HEAP_NODE_DEPTH - 1; deep <= HEAP_NODE_DEPTH; deep++) {
            begin();
            uint32_t head = row(row(0, THING), kinds[k]), end = head;
            for (uint32_t i = 0; i < deep; i++) end = row(end, kinds[k]);
            struct heap_matching m = matching();
            type[n_rows] = kinds[k];
            owners[n_owners++] = (struct heap_node_owner){
                end, heap_node_above(&m, end, n_rows), 100, HEAP_NONE };
            fold();
            CHECK_U64(stands(end), deep < HEAP_NODE_DEPTH ? end : head);
        }
    }
}

/* Linked both ways, the nodes hang side by side below the list; half of what came is reached from
 * its last node. Where more came there than to the list, that node is what grew. */
static void test_both_ways(void)
{
    for (unsigned more = 0; more <= 1; more++) {
        begin();
        uint32_t list = row(0, THING), last = 0;
        for (unsigned i = 0; i < 9; i++) last = row(list, NODE);
        came(list, 100, false);
        came(last, more ? 101 : 100, true);
        fold();
        CHECK_U64(stands(last), more ? last : list);
        CHECK_U64(stands(list), list);
    }
    begin(); /* below the virtual root there is no list */
    uint32_t last = row(0, NODE);
    came(last, 100, true);
    fold();
    CHECK_U64(stands(last), last);
}

/* Dicts in dicts are no structure, unless they are too deep to be named. */
static void test_generic(void)
{
    begin();
    uint32_t head = row(row(0, THING), BOX), at[6];
    struct heap_matching m = matching();
    for (unsigned i = 0; i < 6; i++) {
        at[i] = row(head, BOX);
        type[n_rows] = BOX;
        m = matching();
        owners[n_owners++] = (struct heap_node_owner){
            at[i], heap_node_above(&m, at[i], n_rows), 100, HEAP_NONE };
    }
    fold();
    for (unsigned i = 0; i < 6; i++) CHECK_U64(stands(at[i]), at[i]);
}

/* ---- the twin ---- */

static uint32_t climb(uint32_t from, uint32_t kind)
{
    for (unsigned i = 0; i <= HEAP_NODE_STEPS && from != 0; i++, from = dominator[from]) {
        if (b_to_a[from] == HEAP_NONE) return HEAP_NONE;
        if (type[from] == kind) return from;
    }
    return HEAP_NONE;
}

static uint32_t depth_of(uint32_t node, uint32_t *head)
{
    uint32_t n = 0;
    for (uint32_t up; (up = climb(dominator[node], type[node])) != HEAP_NONE; node = up) n++;
    *head = node;
    return n;
}

static const struct heap_node_owner *owner_at(const struct heap_node_owner *at, uint32_t to)
{
    for (uint64_t i = 0; i < n_owners; i++)
        if (at[i].row == to) return &at[i];
    return NULL;
}

static uint32_t goes_to(const struct heap_node_owner *at, const struct heap_node_owner *o)
{
    uint32_t head, d;
    if (o->node == HEAP_NONE) return HEAP_NONE;
    if (depth_of(o->node, &head) > 0) return head;
    d = dominator[o->node];
    const struct heap_node_owner *holder = d && d != o->row ? owner_at(at, d) : NULL;
    return holder && holder->added ? d : HEAP_NONE;
}

static uint32_t twin(const struct heap_node_owner *at, const struct heap_node_owner *o)
{
    uint32_t to = goes_to(at, o), head, first = HEAP_NONE;
    uint64_t sum = 0, most = 0, n = 0;
    if (to == HEAP_NONE) return HEAP_NONE;
    if (depth_of(o->node, &head) >= HEAP_NODE_DEPTH) return to;
    for (uint32_t r = 0; r < n_rows; r++) {
        const struct heap_node_owner *x = owner_at(at, r);
        if (!x || goes_to(at, x) != to) continue;
        if (first == HEAP_NONE) first = x->node;
        n++;
        sum += x->added;
        if (x->added > most) most = x->added;
    }
    if (!(part[type[first]] & HEAP_NODE)) return HEAP_NONE;
    const struct heap_node_owner *holder = depth_of(first, &head) ? NULL : owner_at(at, to);
    bool whole = holder ? sum <= holder->added : n >= HEAP_NODE_OWNERS && most < sum / 2;
    return whole ? to : HEAP_NONE;
}

static void test_random(void)
{
    uint64_t folded = 0;
    for (uint64_t round = 1; round <= 2000; round++) {
        uint64_t seed = round;
        uint32_t path = 0, size = 2 + random_below(&seed, ROWS - 4);
        uint32_t loose = 1 + random_below(&seed, 12); /* chains, or bushes */
        static struct heap_node_owner before[ROWS];
        begin();
        while (n_rows < size) {
            while (path && random_below(&seed, loose) == 0) path = dominator[path];
            path = row(path, 1 + random_below(&seed, TYPES - 1));
            if (random_below(&seed, 40) == 0) b_to_a[path] = HEAP_NONE;
        }
        for (uint32_t r = 1; r < n_rows; r++) {
            if (b_to_a[r] == HEAP_NONE || random_below(&seed, 3)) continue;
            uint32_t node = random_below(&seed, 5) ? climb(r, 1 + random_below(&seed, 3)) : HEAP_NONE;
            before[n_owners] = (struct heap_node_owner){ r, node, random_below(&seed, 100),
                                                         HEAP_NONE };
            owners[n_owners] = before[n_owners];
            n_owners++;
        }
        fold();
        for (uint64_t i = 0; i < n_owners; i++) {
            uint32_t want = twin(before, &before[i]);
            folded += want != HEAP_NONE;
            if (CHECK_U64(stands(before[i].row), want == HEAP_NONE ? before[i].row : want)) continue;
            printf("  round %llu\n", (unsigned long long)round);
            return;
        }
    }
    CHECK(folded > 1000);
}

CU_MAIN("heap structure", { "tree", test_tree }, { "one of many", test_one_of_many },
        { "steps", test_steps }, { "chain", test_chain }, { "both ways", test_both_ways },
        { "generic", test_generic }, { "random", test_random })
