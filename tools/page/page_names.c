/* SPDX-License-Identifier: MIT */
/* The texts of the page's data; page_names.h. */
#include "page/page_names.h"

#include <string.h>

#include "page/page_text.h"

/* What a showable text takes as JSON within HTML, at most. */
static uint64_t json_bytes(const struct text *t)
{
    uint64_t n = 4; /* quotes, comma, blank */
    for (size_t i = 0; i < t->n; i++) {
        char c = t->s[i];
        n += c == '\\' || c == '"' ? 2 : c == '<' || c == '>' || c == '&' ? 6 : 1;
    }
    return n;
}

uint32_t page_names_add(struct page_names *names, const char *s)
{
    struct text t = { 0 };
    if (!s) return PAGE_NO_NAME;
    page_name(&t, s, strlen(s));
    uint32_t before = names->texts.n, number = PAGE_NO_NAME;
    if (!t.failed) number = texts_add(&names->texts, text_str(&t), t.n);
    if (t.failed || names->texts.failed) names->failed = true;
    if (names->texts.n > before) names->bytes += json_bytes(&t);
    text_free(&t);
    return number;
}

void page_names_free(struct page_names *names)
{
    texts_free(&names->texts);
    *names = (struct page_names){ 0 };
}

void page_names_json(const struct page_names *names, struct json *j, const char *key)
{
    json_array(j, key);
    for (uint32_t i = 0; i < names->texts.n; i++) {
        size_t n;
        const char *s = texts_get(&names->texts, i, &n);
        json_stringn(j, NULL, s, n);
    }
    json_end_array(j);
}
