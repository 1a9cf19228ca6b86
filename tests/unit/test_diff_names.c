/* SPDX-License-Identifier: MIT */
/* Texts as numbers, rows as keys, signatures as a tree. */
#include <stdbool.h>
#include <stdlib.h>
#include "cu.h"
#include <snap/format.h>
#include "db/diff_rowmap.h"
#include "db/diff_sign.h"

static void test_texts(void)
{
    struct texts t = { 0 };
    char name[32];
    CHECK_U64(texts_find(&t, "x", 1), TEXTS_NONE);
    CHECK_U64(texts_adds(&t, ""), 0);
    CHECK_U64(texts_add(&t, "a\0b", 3), 1);
    CHECK_U64(texts_add(&t, "a\0c", 3), 2);
    CHECK_U64(texts_add(&t, "a\0b", 3), 1);
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "name %d", i);
        texts_adds(&t, name);
    }
    size_t n;
    CHECK_U64(t.n, 10003);
    CHECK_STR(texts_get(&t, 3 + 4711, &n), "name 4711");
    CHECK_U64(n, 9);
    CHECK_U64(texts_find(&t, "name 4711", 9), 3 + 4711);
    CHECK_U64(texts_find(&t, "name 4711", 8), 3 + 471);
    CHECK_STR(texts_get(&t, TEXTS_NONE, &n), "");
    CHECK_U64(n, 0);
    CHECK_U64(texts_hash(&t, TEXTS_NONE), 0);
    CHECK_U64(texts_hash(&t, 3), texts_hash_bytes("name 0", 6));
    char *large = malloc(300000);
    if (CHECK(large != NULL)) {
        memset(large, 'x', 300000);
        uint32_t at = texts_add(&t, large, 300000);
        texts_get(&t, at, &n);
        CHECK_U64(n, 300000);
    }
    free(large);
    CHECK(!t.failed);
    texts_free(&t);
    CHECK_U64(t.n, 0);
}

static void test_rowmap(void)
{
    struct rowmap m = { 0 };
    CHECK_U64(rowmap_get(&m, 7), ROWMAP_NONE);
    bool ok = true;
    for (uint32_t i = 0; i < 50000; i++) ok = ok && rowmap_set(&m, i * 64, i);
    for (uint32_t i = 0; i < 50000; i++) ok = ok && rowmap_set(&m, i * 64, i + 1);
    CHECK(ok);
    CHECK_U64(m.n, 50000);
    for (uint32_t i = 0; i < 50000; i++) ok = ok && rowmap_get(&m, i * 64) == i + 1;
    CHECK(ok);
    CHECK_U64(rowmap_get(&m, 63), ROWMAP_NONE);
    CHECK(rowmap_set(&m, UINT32_MAX - 1, 5));
    CHECK_U64(rowmap_get(&m, UINT32_MAX - 1), 5);
    rowmap_free(&m);
}

/* The label of an edge. */
static void check_label(int kind, const char *name, bool data_keys, const char *want)
{
    struct text t = { 0 };
    sign_label(&t, kind, name, name ? strlen(name) : 0, data_keys);
    CHECK_STR(text_str(&t), want);
    text_free(&t);
}

static void test_labels(void)
{
    check_label(SNAP_EDGE_ATTRIBUTE, "x", false, ".x");
    check_label(SNAP_EDGE_STATIC, "COUNT_1", true, ".COUNT_1");
    check_label(SNAP_EDGE_ATTRIBUTE, NULL, false, ".?");
    check_label(SNAP_EDGE_ATTRIBUTE, "a b", false, ".'a b'");
    check_label(SNAP_EDGE_ATTRIBUTE, "1a", false, ".'1a'");
    check_label(SNAP_EDGE_ATTRIBUTE, "", false, ".''");
    check_label(SNAP_EDGE_ATTRIBUTE, "h\xc3\xb6he", false, ".h\xc3\xb6he");
    check_label(SNAP_EDGE_ELEMENT, NULL, false, "[*]");
    check_label(SNAP_EDGE_VALUE, "key", false, "['key']");
    check_label(SNAP_EDGE_VALUE, "it's", false, "['it''s']");
    check_label(SNAP_EDGE_VALUE, "key", true, "[*]");
    check_label(SNAP_EDGE_VALUE, NULL, false, "[*]");
    check_label(SNAP_EDGE_KEY, "key", false, "<key>");
    check_label(SNAP_EDGE_VARIABLE, "x", false, "<variable x>");
    check_label(SNAP_EDGE_INTERNAL, NULL, false, "<internal>");
    check_label(SNAP_EDGE_INTERNAL, "__dict__", false, ".__dict__");
    check_label(4711, NULL, false, "<unknown>");
}

static uint32_t type(struct sign *s, const char *name)
{
    return texts_adds(&s->texts, name);
}

static uint32_t step(struct sign *s, uint32_t parent, int kind, const char *name, const char *of)
{
    return sign_step(s, parent, kind, name, name ? strlen(name) : 0, type(s, of));
}

static void check_sign(const struct sign *s, uint32_t node, const char *signature, const char *path)
{
    struct text t = { 0 };
    sign_text(s, node, &t);
    CHECK_STR(text_str(&t), signature);
    text_clear(&t);
    sign_path(s, node, &t);
    CHECK_STR(text_str(&t), path);
    text_free(&t);
}

static void test_signatures(void)
{
    struct sign s = { 0 };
    uint32_t app = sign_root(&s, "app", 3, type(&s, "module"));
    uint32_t dict = step(&s, app, SNAP_EDGE_INTERNAL, "__dict__", "dict");
    uint32_t tenants = step(&s, dict, SNAP_EDGE_VALUE, "TENANTS", "dict");
    uint32_t tenant = step(&s, tenants, SNAP_EDGE_VALUE, NULL, "app.Tenant");
    uint32_t queue = step(&s, tenant, SNAP_EDGE_ATTRIBUTE, "queue", "list");
    check_sign(&s, queue, "app<module>.TENANTS<dict>[*]<app.Tenant>.queue<list>",
               "app.TENANTS[*].queue");
    check_sign(&s, dict, "app<module>.__dict__<dict>", "app.__dict__");
    /* The same way again is the same number; another type is another one. */
    CHECK_U64(step(&s, dict, SNAP_EDGE_VALUE, "TENANTS", "dict"), tenants);
    CHECK(step(&s, dict, SNAP_EDGE_VALUE, "TENANTS", "list") != tenants);
    /* An attribute kept in the object and one kept in its dictionary are the same step. */
    uint32_t inner = step(&s, tenant, SNAP_EDGE_ATTRIBUTE, "__dict__", "dict");
    CHECK_U64(step(&s, inner, SNAP_EDGE_VALUE, "queue", "list"), queue);
    /* A key that is no name stays below the dictionary. */
    check_sign(&s, step(&s, inner, SNAP_EDGE_VALUE, NULL, "list"),
               "app<module>.TENANTS<dict>[*]<app.Tenant>.__dict__<dict>[*]<list>",
               "app.TENANTS[*].__dict__[*]");
    uint32_t steps[3];
    CHECK_U64(sign_steps(&s, queue, steps, 3), 3);
    CHECK_U64(steps[0], tenants);
    CHECK_U64(steps[2], queue);
    CHECK(!s.failed);
    sign_free(&s);
}

static void test_runs(void)
{
    struct sign s = { 0 };
    uint32_t head = sign_root(&s, "<external>", 10, type(&s, "Node"));
    uint32_t a = step(&s, head, SNAP_EDGE_ATTRIBUTE, "next", "Node"), b = a;
    for (int i = 0; i < 1000; i++) b = step(&s, b, SNAP_EDGE_ATTRIBUTE, "next", "Node");
    CHECK_U64(a, b);
    CHECK(s.nodes[a].repeats);
    check_sign(&s, b, "<external><Node>.next<Node>", "<external>.next");
    uint32_t other = step(&s, b, SNAP_EDGE_ATTRIBUTE, "prev", "Node");
    CHECK(other != b);
    CHECK(!s.nodes[other].repeats);
    CHECK(step(&s, other, SNAP_EDGE_ATTRIBUTE, "next", "Node") != b);
    sign_free(&s);
}

static void test_long_names(void)
{
    struct sign s = { 0 };
    char name[1001], other[1001];
    memset(name, 'n', 1000);
    name[1000] = '\0';
    memcpy(other, name, sizeof other);
    other[999] = 'm';
    uint32_t root = sign_root(&s, "app", 3, TEXTS_NONE);
    uint32_t a = step(&s, root, SNAP_EDGE_ATTRIBUTE, name, "T");
    CHECK(a != step(&s, root, SNAP_EDGE_ATTRIBUTE, other, "T"));
    CHECK_U64(a, step(&s, root, SNAP_EDGE_ATTRIBUTE, name, "T"));
    struct text t = { 0 };
    sign_path(&s, a, &t);
    CHECK_U64(t.n, 3 + 1 + SIGN_NAME_MAX + strlen("...#0123456789abcdef"));
    text_free(&t);
    sign_free(&s);
}

static void test_data_keys(void)
{
    struct sign s = { .data_keys = true };
    uint32_t app = sign_root(&s, "app", 3, type(&s, "module"));
    uint32_t dict = step(&s, app, SNAP_EDGE_INTERNAL, "__dict__", "dict");
    uint32_t users = step(&s, dict, SNAP_EDGE_VALUE, "USERS", "dict");
    check_sign(&s, step(&s, users, SNAP_EDGE_VALUE, "alice", "User"),
               "app<module>.USERS<dict>[*]<User>", "app.USERS[*]");
    sign_free(&s);
}

/* Which paths lead to one object at a time, by names that a program gives. */
static void test_single(void)
{
    static const char *const single[] = { "app", ".x", "['key']", "<local main.x>", "<variable n>",
                                          ".__dict__", "<internal table>" };
    static const char *const many[] = { "[*]",   "<key>",  ".?",     "<external>", "<internal code>",
                                        "(...)", "(live)", "<root>", "" };
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        CHECK(sign_label_is_single(single[i]));
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) CHECK(!sign_label_is_single(many[i]));
    struct sign s = { 0 };
    uint32_t type = texts_adds(&s.texts, "app.Node");
    uint32_t root = sign_root(&s, "app", 3, texts_adds(&s.texts, "module"));
    uint32_t head = sign_step(&s, root, SNAP_EDGE_ATTRIBUTE, "head", 4, type);
    uint32_t next = sign_step(&s, head, SNAP_EDGE_ATTRIBUTE, "next", 4, type);
    CHECK(sign_is_single(&s, head) && sign_is_single(&s, next));
    sign_step(&s, next, SNAP_EDGE_ATTRIBUTE, "next", 4, type);
    CHECK(sign_is_single(&s, head) && !sign_is_single(&s, next));
    CHECK(!sign_is_single(&s, sign_step(&s, root, SNAP_EDGE_ELEMENT, NULL, 0, type)));
    sign_free(&s);
}

/* Whatever hangs in the nodes of a collection hangs in the collection. */
static void test_collections(void)
{
    static const char tree[] = "java.util.TreeMap", link[] = "java.util.TreeMap$Entry";
    struct sign s = { 0 };
    uint32_t map = step(&s, sign_root(&s, "App", 3, type(&s, "java.lang.Class")), SNAP_EDGE_STATIC,
                        "byTime", tree);
    uint32_t root = step(&s, map, SNAP_EDGE_ATTRIBUTE, "root", link);
    uint32_t left = step(&s, root, SNAP_EDGE_ATTRIBUTE, "left", link);
    CHECK_U64(left, root);
    CHECK(root != map && !sign_is_single(&s, left) && sign_is_single(&s, map));
    check_sign(&s, left, "App<java.lang.Class>.byTime<java.util.TreeMap>", "App.byTime");
    uint32_t value = step(&s, left, SNAP_EDGE_ATTRIBUTE, "value", "App$Item");
    uint32_t other = step(&s, root, SNAP_EDGE_ATTRIBUTE, "value", "App$Item");
    CHECK_U64(value, other);
    check_sign(&s, value, "App<java.lang.Class>.byTime<java.util.TreeMap>[*]<App$Item>",
               "App.byTime[*]");
    check_sign(&s, step(&s, left, SNAP_EDGE_ATTRIBUTE, "key", "App$Key"),
               "App<java.lang.Class>.byTime<java.util.TreeMap><key><App$Key>", "App.byTime<key>");
    uint32_t steps[4];
    CHECK_U64(sign_steps(&s, value, steps, 4), 3);
    /* A map in a set is a part, what the map has as its keys are elements. */
    uint32_t set = step(&s, map, SNAP_EDGE_ATTRIBUTE, "set", "java.util.TreeSet");
    uint32_t inner = step(&s, set, SNAP_EDGE_ATTRIBUTE, "m", tree);
    root = step(&s, inner, SNAP_EDGE_ATTRIBUTE, "root", link);
    uint32_t element = step(&s, root, SNAP_EDGE_ATTRIBUTE, "key", "App$Key");
    struct text t = { 0 };
    sign_path(&s, element, &t);
    CHECK_STR(text_str(&t), "App.byTime.set[*]");
    text_free(&t);
    /* Fields of other kinds keep their names; an array of the program's is none of a map's. */
    uint32_t own = step(&s, left, SNAP_EDGE_ATTRIBUTE, "value", "java.lang.Object[]");
    CHECK(own != value && !s.nodes[own].folded);
    check_sign(&s, step(&s, map, SNAP_EDGE_INTERNAL, "class", "App$Item"),
               "App<java.lang.Class>.byTime<java.util.TreeMap><internal class><App$Item>",
               "App.byTime<internal class>");
    sign_free(&s);
}

/* The stores of V8's objects, by their edges. */
static void test_stores(void)
{
    struct sign s = { 0 };
    uint32_t map = sign_root(&s, "app.js:map", 10, type(&s, "Map"));
    uint32_t table = step(&s, map, SNAP_EDGE_INTERNAL, "table", "(array)");
    CHECK(sign_is_single(&s, table));
    check_sign(&s, table, "app.js:map<Map>", "app.js:map");
    check_sign(&s, step(&s, table, SNAP_EDGE_ELEMENT, NULL, "Session"),
               "app.js:map<Map>[*]<Session>", "app.js:map[*]");
    check_sign(&s, step(&s, map, SNAP_EDGE_INTERNAL, "code", "(array)"),
               "app.js:map<Map><internal code><(array)>", "app.js:map<internal code>");
    sign_free(&s);
}

CU_MAIN("diff names", { "texts", test_texts }, { "row map", test_rowmap },
        { "labels", test_labels }, { "signatures", test_signatures },
        { "runs of equal steps", test_runs }, { "long names", test_long_names },
        { "keys that are data", test_data_keys }, { "single places", test_single },
        { "collections are closed", test_collections }, { "stores of V8", test_stores })
