/* SPDX-License-Identifier: MIT */
/* Merging paths into a tree, choosing its lines, what one group of roots holds, paths as text. */
#include <stdlib.h>

#include "cu.h"
#include "db/graph_hold.h"
#include "report/path_lines.h"
#include "report/path_text.h"
#include "snap/format.h"

enum { NONE = -1, MAX = 4096 };

/* Visits under construction; labels are (kind, name). */
static struct path_visit at[MAX];
static uint32_t instance[MAX];
static struct path_amount amount[MAX];
static struct path_visits visits;

static void begin(void)
{
    visits = (struct path_visits){ .at = at, .instance = instance };
}

static uint32_t visit(int parent, uint32_t type, int kind, int64_t name)
{
    at[visits.n] = (struct path_visit){ .object = visits.n + 1,
                                        .parent = parent < 0 ? UINT32_MAX : (uint32_t)parent,
                                        .type = type, .label = PATH_LABEL(kind, name) };
    return visits.n++;
}

static void asked(uint32_t visited, uint64_t bytes)
{
    instance[visits.n_instances] = visited;
    amount[visits.n_instances++] = (struct path_amount){ 1, bytes, bytes };
}

static int root(void)
{
    return (int)visit(NONE, 1, PATH_LABEL_ROOT + SNAP_ROOT_GLOBAL, 1);
}

static void test_alike(void)
{
    struct path_tree t;
    begin();
    int list = root();
    for (int i = 0; i < 100; i++) asked(visit(list, 2, SNAP_EDGE_ELEMENT, 0), 10);
    if (!CHECK(path_merge(&visits, amount, &t))) return;
    CHECK_U64(t.n, 3);
    CHECK_U64(t.at[2].parent, 1);
    CHECK_U64(t.at[2].objects, 100);
    CHECK_U64(t.at[2].own.n, 100);
    CHECK_U64(t.at[1].own.n, 0);
    CHECK_U64(t.at[1].all.n, 100);
    CHECK_U64(t.at[0].all.shallow_size, 1000);
    path_tree_free(&t);
}

/* A chain of `period` kinds of steps, `rounds` times over. */
static void chain(int period, int rounds, struct path_tree *t)
{
    begin();
    int last = root();
    for (int i = 0; i < period * rounds; i++) {
        last = (int)visit(last, 10 + (uint32_t)(i % period), SNAP_EDGE_ATTRIBUTE, 5 + i % period);
        asked((uint32_t)last, 1);
    }
    if (!CHECK(path_merge(&visits, amount, t))) *t = (struct path_tree){ 0 };
}

static void test_repeats(void)
{
    struct path_tree t;
    for (int period = 1; period <= PATH_PERIOD_MAX; period++) {
        chain(period, 2, &t);
        CHECK_U64(t.n, 2 + 2 * period); /* two rounds are two rounds */
        path_tree_free(&t);
        chain(period, 50, &t);
        CHECK_U64(t.n, 2 + 2 * period); /* and the rest is folded into the second */
        CHECK_U64(t.at[0].all.n, 50 * period);
        CHECK(t.at[2 + period].repeats);
        CHECK(!t.at[2].repeats);
        CHECK_U64(t.at[2 + period].own.n, 49);
        path_tree_free(&t);
    }
    chain(PATH_PERIOD_MAX + 1, 50, &t);
    CHECK_U64(t.n, 2 + 50 * (PATH_PERIOD_MAX + 1));
    path_tree_free(&t);
}

/* A module in a module: the same two steps follow each other, but not over and over. */
static void test_no_repeat(void)
{
    struct path_tree t;
    begin();
    int package = root();
    int dict = (int)visit(package, 2, SNAP_EDGE_ATTRIBUTE, 9);
    int module = (int)visit(dict, 1, SNAP_EDGE_VALUE, 7);
    int inner = (int)visit(module, 2, SNAP_EDGE_ATTRIBUTE, 9);
    asked(visit(inner, 3, SNAP_EDGE_VALUE, 8), 1);
    if (!CHECK(path_merge(&visits, amount, &t))) return;
    CHECK_U64(t.n, 6);
    path_tree_free(&t);
}

static void test_names(void)
{
    struct path_tree t;
    begin();
    int dict = root();
    for (int i = 0; i < 1000; i++) asked(visit(dict, 2, SNAP_EDGE_VALUE, 100 + i), 1);
    if (!CHECK(path_merge(&visits, amount, &t))) return;
    CHECK_U64(t.n, 2 + PATH_NAMES_MAX + 1);
    CHECK_U64(t.at[t.n - 1].own.n, 1000 - PATH_NAMES_MAX);
    CHECK_I64(PATH_LABEL_NAME(t.at[t.n - 1].label), 0);
    CHECK_U64(t.at[1].all.n, 1000);
    path_tree_free(&t);
}

static void test_lines(void)
{
    struct path_tree t;
    struct path_lines lines;
    begin();
    int dict = (int)visit(root(), 2, SNAP_EDGE_ATTRIBUTE, 9);
    int sizes[] = { 5, 1, 9, 2 };
    for (int k = 0; k < 4; k++) {
        int list = (int)visit(dict, 3, SNAP_EDGE_VALUE, 20 + k);
        for (int i = 0; i < sizes[k]; i++) asked(visit(list, 4, SNAP_EDGE_ELEMENT, 0), 1);
    }
    if (!CHECK(path_merge(&visits, amount, &t))) return;
    if (!CHECK(path_lines_choose(&t, 3, &lines))) return;
    CHECK_U64(lines.total, 5); /* root and dictionary are one line, each list and its items one */
    CHECK_U64(lines.n, 3);
    CHECK_U64(t.at[lines.at[0].node].all.n, 17);
    CHECK_U64(t.at[lines.at[1].node].all.n, 9);
    CHECK_U64(t.at[lines.at[2].node].all.n, 5);
    CHECK_U64(lines.at[1].depth, 1);
    CHECK_U64(lines.at[1].parent, 0);
    CHECK_U64(lines.at[1].above, lines.at[0].node);
    CHECK_U64(lines.at[0].n_hidden, 2);
    CHECK_U64(lines.at[0].n_hidden_objects, 3);
    CHECK_U64(lines.n_hidden, 0);
    path_lines_free(&lines);
    if (!CHECK(path_lines_choose(&t, 0, &lines))) return;
    CHECK_U64(lines.n, 0);
    CHECK_U64(lines.n_hidden, 1);
    CHECK_U64(lines.n_hidden_objects, 17);
    path_lines_free(&lines);
    path_tree_free(&t);
}

static void test_empty(void)
{
    struct path_tree t;
    struct path_lines lines;
    begin();
    if (!CHECK(path_merge(&visits, amount, &t))) return;
    CHECK_U64(t.n, 1);
    if (!CHECK(path_lines_choose(&t, 10, &lines))) return;
    CHECK_U64(lines.n, 0);
    path_lines_free(&lines);
    path_tree_free(&t);
}

/* 0 -> 1 -> 2, 3 -> 2, 4 -> 5 -> 4, 6 is garbage that refers to 0. */
static void test_hold(void)
{
    static const uint64_t off[] = { 0, 1, 2, 2, 3, 4, 5, 6 };
    static const uint64_t shallow[] = { 1, 2, 4, 8, 16, 32, 64 };
    static const uint32_t target[] = { 1, 2, 2, 5, 4, 0 };
    struct heap_graph g = { .n = 7, .off = off, .target = target, .shallow = shallow };
    struct graph_hold_sum sum[4];
    struct graph_hold_root roots[] = { { 0, 1 }, { 3, 2 }, { 5, 2 } };
    CHECK_U64(graph_hold(&g, roots, 3, 2, sum), HEAP_OK);
    CHECK_U64(sum[1].shallow_size, 1 + 2);
    CHECK_U64(sum[2].shallow_size, 8 + 16 + 32);
    CHECK_U64(sum[3].shallow_size, 4);
    CHECK_U64(sum[0].n, 0);
    /* A root of no group that reaches it takes it from all groups, whichever comes first. */
    struct graph_hold_root more[] = { { 0, 1 }, { 3, 2 }, { 2, 0 }, { 5, 2 }, { 4, 0 } };
    CHECK_U64(graph_hold(&g, more, 5, 2, sum), HEAP_OK);
    CHECK_U64(sum[1].shallow_size, 1 + 2);
    CHECK_U64(sum[2].shallow_size, 8);
    CHECK_U64(sum[3].n, 0);
    CHECK_U64(sum[0].shallow_size, 4 + 16 + 32);
    more[0].node = 7;
    CHECK_U64(graph_hold(&g, more, 5, 2, sum), HEAP_BAD_GRAPH);
}

static const char *text_of(const struct graph_step *steps, int n)
{
    static struct text t;
    struct path_text p = { 0 };
    text_clear(&t);
    for (int i = 0; i < n; i++) path_text_step(&p, &t, &steps[i]);
    path_text_end(&p, &t);
    return text_str(&t);
}

static void test_text(void)
{
    struct graph_step s[] = {
        { .position = -1, .root_kind = SNAP_ROOT_GLOBAL, .root_name = "app" },
        { .edge_kind = SNAP_EDGE_ATTRIBUTE, .edge_name = "__dict__" },
        { .edge_kind = SNAP_EDGE_VALUE, .edge_name = "REGISTRY" },
        { .edge_kind = SNAP_EDGE_ELEMENT, .position = 3 },
        { .edge_kind = SNAP_EDGE_ATTRIBUTE, .edge_name = "body" },
    };
    CHECK_STR(text_of(s, 5), "app.REGISTRY[3].body");
    CHECK_STR(text_of(s, 2), "app.__dict__");
    s[2].edge_name = "not a name";
    CHECK_STR(text_of(s, 3), "app.__dict__['not a name']");
    s[2].edge_name = NULL;
    s[2].has_key = true;
    s[2].key = 0x5e1c90;
    CHECK_STR(text_of(s, 4), "app.__dict__[#5e1c90][3]");
    s[0].root_kind = SNAP_ROOT_EXTERNAL;
    s[0].root_name = NULL;
    CHECK_STR(text_of(s, 1), "<external>");
    s[0].root_kind = 0;
    s[0].id = 12;
    CHECK_STR(text_of(s, 1), "#12");
}

CU_MAIN("ask_paths", { "alike", test_alike }, { "repeats", test_repeats },
        { "no repeat", test_no_repeat }, { "names", test_names }, { "lines", test_lines },
        { "empty", test_empty }, { "hold", test_hold }, { "text", test_text })
