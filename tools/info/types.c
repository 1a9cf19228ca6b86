/* SPDX-License-Identifier: MIT */
/*
 * Objects counted by type. Definitions stand before their use, but a string's use is known only
 * from the type rows after it: so the type rows are read first (the rest is skipped over), then the
 * names that they need, together with the objects.
 */
#include "types_private.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "cli/type_name.h"

void types_add_row(struct types_job *t, uint64_t id, const snap_type *type)
{
    if (t->n_rows == t->cap_rows) {
        size_t cap = t->cap_rows ? t->cap_rows * 2 : 1024;
        struct type_row *rows = realloc(t->rows, cap * sizeof *rows);
        if (!rows) {
            t->failed = true;
            return;
        }
        t->rows = rows;
        t->cap_rows = cap;
    }
    uint64_t *index = u64map_put(&t->by_id, id, NULL);
    if (!index || !u64map_put(&t->strings, type->name, NULL) ||
        !u64map_put(&t->strings, type->module, NULL)) {
        t->failed = true;
        return;
    }
    if (*index) return; /* of two rows of one id the first holds */
    t->rows[t->n_rows++] = (struct type_row){ .name = type->name, .module = type->module };
    *index = t->n_rows;
}

static void types_definitions(struct types_job *t, const snap_batch *b)
{
    snap_type type;
    for (uint32_t i = 0; i < snap_batch_rows(b) && !t->failed; i++) {
        snap_batch_type(b, i, &type);
        types_add_row(t, snap_batch_first(b) + i, &type);
    }
}

int types_string(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    struct types_job *t = opaque;
    const uint64_t *wanted = u64map_get(&t->strings, id);
    if (!wanted || *wanted) return 0;
    uint64_t *at = u64map_put(&t->strings, id, NULL);
    uint32_t n = size > 4096 ? 4096 : (uint32_t)size; /* no name of a type is longer by nature */
    *at = t->names.n + 1;
    text_add(&t->names, (const char *)&n, sizeof n);
    text_add(&t->names, bytes, n);
    t->failed = t->failed || t->names.failed;
    return t->failed;
}

void types_count(struct types_job *t, uint64_t type, uint64_t n, uint64_t shallow,
                 uint64_t native)
{
    if (type != t->last || !t->last_row) { /* objects of one type come in runs */
        const uint64_t *index = u64map_get(&t->by_id, type);
        t->last_row = index ? (size_t)*index : 0;
        t->last = type;
    }
    struct info_type *all = &t->out->all;
    all->n += n;
    all->shallow += shallow;
    all->native += native;
    if (!t->last_row) {
        t->out->unknown += n;
        return;
    }
    struct type_row *row = &t->rows[t->last_row - 1];
    row->n += n;
    row->shallow += shallow;
    row->native += native;
}

static void types_objects(struct types_job *t, const snap_batch *b)
{
    const uint64_t *type = snap_batch_u64(b, SNAP_COL_OBJECT_TYPE);
    const uint64_t *shallow = snap_batch_u64(b, SNAP_COL_OBJECT_SHALLOW);
    const uint64_t *native = snap_batch_u64(b, SNAP_COL_OBJECT_NATIVE);
    if (!type || !shallow) return;
    for (uint32_t i = 0; i < snap_batch_rows(b); i++)
        types_count(t, type[i], 1, shallow[i], native ? native[i] : 0);
}

/* One reading of the kinds of the mask. */
static int types_read(struct types_job *t, const struct info_input *in, uint64_t kinds)
{
    snap_reader *r;
    snap_error err;
    const snap_batch *b;
    snap_string_joiner *joiner = NULL;
    snap_status s = SNAP_OK;
    struct progress progress;
    if (info_reader(&r, in, kinds, NULL, &err)) return STATUS_UNUSABLE;
    if (snap_string_joiner_new(&joiner, NULL, types_string, t) != SNAP_OK) t->failed = true;
    progress_begin(&progress, in->path, in->size, PROGRESS_BYTES);
    while (!t->failed && (s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
        unsigned kind = snap_batch_kind(b);
        if (kind == SNAP_KIND_TYPE) types_definitions(t, b);
        if (kind == SNAP_KIND_OBJECT) types_objects(t, b);
        if (kind == SNAP_KIND_STRING && snap_string_joiner_feed(joiner, b) == SNAP_E_MEMORY)
            t->failed = true;
        progress_set(&progress, snap_batch_offset(b));
    }
    progress_end(&progress);
    snap_string_joiner_free(joiner);
    snap_reader_close(r);
    if (t->failed) return message_no_memory("the types of a file");
    return s == SNAP_END ? 0 : info_failed(in, &err);
}

/* The text of a string id; NULL: lost, or none. */
static const char *types_name(const struct types_job *t, uint64_t id, size_t *n)
{
    const uint64_t *at = id ? u64map_get(&t->strings, id) : NULL;
    uint32_t size = 0;
    *n = 0;
    if (!at || *at == 0) return NULL;
    memcpy(&size, t->names.s + *at - 1, sizeof size);
    *n = size;
    return t->names.s + *at - 1 + sizeof size;
}

/* Makes the row of a type's output: its name as all commands print it. */
static void types_qualify(struct types_job *t, const struct type_row *row, struct info_type *out)
{
    size_t module_n, name_n;
    const char *module = types_name(t, row->module, &module_n);
    const char *name = types_name(t, row->name, &name_n);
    *out = (struct info_type){ .name = t->out->text.n, .classes = 1, .n = row->n,
                               .shallow = row->shallow, .native = row->native };
    type_name(&t->out->text, module, module_n, name, name_n);
    if (!name) text_adds(&t->out->text, "(name lost)");
    out->name_n = t->out->text.n - out->name;
}

static int types_compare_text(const char *text, const struct info_type *a,
                              const struct info_type *b)
{
    size_t n = a->name_n < b->name_n ? a->name_n : b->name_n;
    int order = memcmp(text + a->name, text + b->name, n);
    return order ? order : (a->name_n > b->name_n) - (a->name_n < b->name_n);
}

/* Heap sort: no recursion, no library state, and the order needs the text. `by_name` first; after
 * the merge by size. */
static bool types_before(const struct info_types *t, const struct info_type *a,
                         const struct info_type *b, bool by_name)
{
    if (!by_name && a->shallow != b->shallow) return a->shallow > b->shallow;
    return types_compare_text(text_str(&t->text), a, b) < 0;
}

static void types_sift(struct info_types *t, size_t at, size_t n, bool by_name)
{
    for (;;) {
        size_t last = at, left = 2 * at + 1;
        for (size_t child = left; child < n && child < left + 2; child++)
            if (types_before(t, &t->types[last], &t->types[child], by_name)) last = child;
        if (last == at) return;
        struct info_type swap = t->types[at];
        t->types[at] = t->types[last];
        t->types[last] = swap;
        at = last;
    }
}

static void types_sort(struct info_types *t, bool by_name)
{
    for (size_t i = t->n / 2; i-- > 0;) types_sift(t, i, t->n, by_name);
    for (size_t n = t->n; n > 1; n--) {
        struct info_type swap = t->types[0];
        t->types[0] = t->types[n - 1];
        t->types[n - 1] = swap;
        types_sift(t, 0, n - 1, by_name);
    }
}

/* Names the rows, merges those of one name, sorts by size. Types without objects are left out. */
static int types_merge(struct types_job *t)
{
    struct info_types *out = t->out;
    size_t n = 0;
    out->types = malloc((t->n_rows ? t->n_rows : 1) * sizeof *out->types);
    if (!out->types) return message_no_memory("the types of a file");
    for (size_t i = 0; i < t->n_rows; i++)
        if (t->rows[i].n) types_qualify(t, &t->rows[i], &out->types[out->n++]);
    if (out->text.failed) return message_no_memory("the types of a file");
    types_sort(out, true);
    for (size_t i = 0; i < out->n; i++) {
        struct info_type *type = &out->types[i], *last = n ? &out->types[n - 1] : NULL;
        if (last && types_compare_text(text_str(&out->text), last, type) == 0) {
            last->classes++;
            last->n += type->n;
            last->shallow += type->shallow;
            last->native += type->native;
        } else {
            out->types[n++] = *type;
        }
    }
    out->n = n;
    out->all.classes = t->n_rows;
    types_sort(out, false);
    return 0;
}

int info_types(struct info_types *types, const struct info_input *in)
{
    struct types_job t = { .out = types };
    *types = (struct info_types){ 0 };
    int status = types_read(&t, in, INFO_BIT(SNAP_KIND_TYPE));
    if (!status)
        status = types_read(&t, in, INFO_BIT(SNAP_KIND_STRING) | INFO_BIT(SNAP_KIND_OBJECT));
    return types_end(&t, status);
}

int types_end(struct types_job *t, int status)
{
    if (!status) status = types_merge(t);
    free(t->rows);
    u64map_free(&t->by_id);
    u64map_free(&t->strings);
    text_free(&t->names);
    if (status) info_types_free(t->out);
    return status;
}

void info_types_free(struct info_types *types)
{
    free(types->types);
    text_free(&types->text);
    *types = (struct info_types){ 0 };
}
