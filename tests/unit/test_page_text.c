/* SPDX-License-Identifier: MIT */
/* Texts on their way into the page, its hashes, and trees that add up. */
#include <stdlib.h>
#include <string.h>

#include "cu.h"
#include "page/assets.h"
#include "page/page_text.h"
#include "page/page_tree.h"

/* What a function writes. */
static char *written(void (*put)(FILE *out, const char *s, size_t n), const char *s, size_t n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) abort();
    put(out, s, n);
    fclose(out);
    return text;
}

static void base64(FILE *out, const char *s, size_t n)
{
    (void)n;
    page_base64(out, s);
}

static void name(FILE *out, const char *s, size_t n)
{
    (void)n;
    page_put(out, s);
}

#define CHECK_WRITTEN(put, given, wanted)                                                          \
    do {                                                                                           \
        char *got_ = written(put, given, sizeof given - 1);                                        \
        CHECK_STR(got_, wanted);                                                                   \
        free(got_);                                                                                \
    } while (0)

static void test_escaping(void)
{
    CHECK_WRITTEN(page_html, "<b a=\"x\">'&amp;'</b>",
                  "&lt;b a=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/b&gt;");
    CHECK_WRITTEN(page_json, "{\"a\": \"</script><!--&\"}",
                  "{\"a\": \"\\u003c/script\\u003e\\u003c!--\\u0026\"}");
    CHECK_WRITTEN(name, "a\xff\x1b[31m\xe2\x80\xae<i>\\", "a\\xff\\x1b[31m\\u202e&lt;i&gt;\\\\");
    CHECK_WRITTEN(name, "", "");
    CHECK_WRITTEN(base64, "", "");
    CHECK_WRITTEN(base64, "4d", "TQ==");
    CHECK_WRITTEN(base64, "4d61", "TWE=");
    CHECK_WRITTEN(base64, "4d616e", "TWFu");
    CHECK_WRITTEN(base64, "fbff00", "+/8A");
}

/* Names of any length and any bytes stay below the bound, and are cut between characters. */
static void test_cutting(void)
{
    static const char *const units[] = { "T", "\xff", "\xe2\x80\xae", "\xcc\x81", "\"", "\xf3\xa0\x81\x81",
                                         "\xe4\xb8\xad", "\n", "\\", "\xe4\xb8" };
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        struct text given = { 0 }, shown = { 0 };
        for (int i = 0; i < 100000; i++) text_adds(&given, units[u]);
        page_name(&shown, text_str(&given), given.n);
        CHECK(!given.failed && !shown.failed);
        if (!CHECK(shown.n <= PAGE_NAME_BYTES)) printf("  unit %zu: %zu bytes\n", u, shown.n);
        CHECK(strstr(text_str(&shown), " bytes)") != NULL);
        for (size_t i = 0; i < shown.n;) {
            uint32_t c;
            i += text_decode(shown.s + i, shown.n - i, &c);
            if (!CHECK(c != TEXT_INVALID && !text_is_hostile(c))) break;
        }
        text_free(&given);
        text_free(&shown);
    }
    struct text t = { 0 };
    char exact[PAGE_HEAD + PAGE_TAIL + 1];
    memset(exact, 'x', sizeof exact);
    page_name(&t, exact, PAGE_HEAD + PAGE_TAIL);
    CHECK_U64(t.n, PAGE_HEAD + PAGE_TAIL);
    text_clear(&t);
    page_name(&t, exact, PAGE_HEAD + PAGE_TAIL + 1);
    CHECK(strstr(text_str(&t), "(281 bytes)") != NULL);
    text_free(&t);
}

static void test_names(void)
{
    struct page_names names = { 0 };
    CHECK_U64(page_names_add(&names, "a"), 0);
    CHECK_U64(page_names_add(&names, "b<"), 1);
    CHECK_U64(page_names_add(&names, "a"), 0);
    CHECK_U64(page_names_add(&names, NULL), PAGE_NO_NAME);
    CHECK_U64(names.bytes, 5 + 11); /* quotes, comma, blank; `<` in six */
    page_names_free(&names);
}

/* Bytes of a node: in all, its own, folded; and likewise objects. */
static void set_node(struct page_node *x, const uint64_t bytes[3], const uint64_t objects[3])
{
    x->bytes = bytes[0];
    x->own = bytes[1];
    x->rest_bytes = bytes[2];
    x->count = objects[0];
    x->n = objects[1];
    x->rest_count = objects[2];
}

static void test_adds_up(void)
{
    struct page_tree t = { 0 };
    CHECK_U64(page_tree_add(&t, PAGE_NO_NODE), 0);
    CHECK_U64(page_tree_add(&t, 0), 1);
    CHECK_U64(page_tree_add(&t, 1), 2);
    set_node(&t.at[0], (uint64_t[]){ 100, 0, 40 }, (uint64_t[]){ 7, 0, 3 });
    set_node(&t.at[1], (uint64_t[]){ 60, 10, 20 }, (uint64_t[]){ 4, 1, 2 });
    set_node(&t.at[2], (uint64_t[]){ 30, 30, 0 }, (uint64_t[]){ 1, 1, 0 });
    CHECK(page_tree_adds_up(&t));
    CHECK_U64(page_tree_folded(&t), 60);
    t.at[1].rest_bytes++;
    CHECK(!page_tree_adds_up(&t));
    t.at[1].rest_bytes--;
    t.at[2].count++;
    CHECK(!page_tree_adds_up(&t));
    page_tree_free(&t);
}

static void test_assets(void)
{
    CHECK_U64(strlen(page_css_sha256), 64);
    CHECK_U64(strlen(page_js_sha256), 64);
    CHECK(strstr(page_css, "prefers-color-scheme: dark") && strstr(page_css, "@media print"));
    CHECK(strstr(page_js, "\"use strict\"") && !strstr(page_js, "innerHTML"));
}

CU_MAIN("page", { "escaping", test_escaping }, { "cutting", test_cutting }, { "names", test_names },
        { "adds up", test_adds_up }, { "assets", test_assets })
