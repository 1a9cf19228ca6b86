/* SPDX-License-Identifier: MIT */
/* Types by number; page_types.h. */
#include "page/page_types.h"

#include <stdlib.h>

#include "cli/message.h"

static int add(struct page_types *t, int64_t id, const char *module, const char *name)
{
    struct text full = { 0 };
    if (t->n == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 256;
        struct page_type *at = realloc(t->at, capacity * sizeof *at);
        if (!at) return message_no_memory("the types");
        t->at = at;
        t->capacity = capacity;
    }
    subject_type(&full, module, name);
    t->at[t->n++] = (struct page_type){ id, texts_add(&t->texts, text_str(&full), full.n) };
    bool failed = full.failed || t->texts.failed;
    text_free(&full);
    return failed ? message_no_memory("the types") : STATUS_DONE;
}

int page_types_load(struct subject *s, struct page_types *out)
{
    sqlite3_stmt *q = NULL;
    *out = (struct page_types){ 0 };
    texts_adds(&out->texts, "(unknown)");
    if (heapdb_prepare(s->db, &q, "SELECT id, module, name FROM type WHERE snapshot_id = ?"
                                  " ORDER BY id"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    int status = STATUS_DONE, more = 0;
    while (!status && (more = heapdb_step(s->db, q)) == 1)
        status = add(out, sqlite3_column_int64(q, 0), (const char *)sqlite3_column_text(q, 1),
                     (const char *)sqlite3_column_text(q, 2));
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : status;
}

void page_types_free(struct page_types *t)
{
    texts_free(&t->texts);
    free(t->at);
    *t = (struct page_types){ 0 };
}

uint32_t page_types_name(const struct page_types *t, int64_t type_id)
{
    size_t first = 0, end = t->n;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (t->at[middle].id < type_id)
            first = middle + 1;
        else
            end = middle;
    }
    return first < t->n && t->at[first].id == type_id ? t->at[first].name : 0;
}
