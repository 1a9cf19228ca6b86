/* SPDX-License-Identifier: MIT */
/*
 * Names of threads. HotSpot tells of a thread only which object it is; its name is the text of the
 * String that the object's field `name` refers to, or, in old runtimes, of an array of chars. The three
 * stand anywhere in the heap, so between the two passes the file is walked until all are found: a
 * walk takes every thread at least one step further, passes over all contents, and ends where the
 * last name is known. At most three walks. Memory: 1 KiB a thread.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "import/hprof_private.h"

enum { MAX_NAME = 256, TYPE_CHAR = 5, TYPE_BYTE = 8 }; /* characters; types of fields */
enum { FILTER = 1 << 14 };

/* One that is looked for: a thread, a String, an array. */
struct thing {
    uint64_t id;
    size_t next;     /* thread -> String, String -> array: index + 1; 0: not known yet */
    unsigned char *bytes; /* of an array, NULL: not found yet */
    uint32_t size;
    uint8_t type;    /* of an array's elements */
    bool wide;       /* of a String: two bytes a character */
};

struct things {
    struct thing *at;
    size_t n, cap;
    struct u64map of; /* id -> index + 1 */
};

struct hprof_search {
    struct things threads, strings, arrays;
    size_t left;      /* arrays and threads that are not known yet */
    uint64_t filter[FILTER / 64]; /* a bit for each id that is looked for, of few */
};

static unsigned filter_bit(uint64_t id)
{
    return (unsigned)(id >> 3) & (FILTER - 1);
}

static bool may_be_wanted(const struct hprof_search *s, uint64_t id)
{
    unsigned bit = filter_bit(id);
    return s->filter[bit / 64] >> bit % 64 & 1;
}

/* The index + 1 of the thing of this id, 0 without memory. */
static size_t thing_get(struct hprof *h, struct things *t, uint64_t id, bool *is_new)
{
    uint64_t *at = u64map_put(&t->of, id, is_new);
    if (!at || !hprof_grow(h, &t->at, &t->cap, t->n + 1, sizeof *t->at)) {
        hprof_no_memory(h);
        return 0;
    }
    if (*is_new) {
        unsigned bit = filter_bit(id);
        h->search->filter[bit / 64] |= UINT64_C(1) << bit % 64;
        t->at[t->n] = (struct thing){ .id = id };
        *at = ++t->n;
    }
    return (size_t)*at;
}

static struct thing *thing_find(const struct things *t, uint64_t id)
{
    const uint64_t *at = u64map_get(&t->of, id);
    return at ? &t->at[*at - 1] : NULL;
}

/* ---- fields -------------------------------------------------------------------------------- */

/* Where an instance of `c` has this field of class `owner`, which it is of or inherits from; its own
 * fields stand first. HPROF_NONE: nowhere. */
static uint32_t field_at(const struct hprof *h, const struct hprof_class *c, const char *owner,
                         const char *field, uint8_t type)
{
    uint64_t offset = 0;
    for (unsigned depth = 0; c && c->defined && depth < h->depth; depth++) {
        const struct hprof_field *f = h->fields + c->field + c->n_statics;
        bool here = hprof_class_is(h, c, owner);
        for (size_t i = 0; i < c->n_fields && offset < HPROF_BUFFER; i++) {
            struct record_text name = hprof_text_of(h, f[i].name);
            if (here && f[i].type == type && name.size == strlen(field) &&
                memcmp(name.at, field, name.size) == 0)
                return (uint32_t)offset;
            offset += hprof_type_size(h, f[i].type);
        }
        c = hprof_class_find(h, c->super);
    }
    return HPROF_NONE;
}

static uint64_t reference(const struct hprof *h, const struct hprof_object *o, uint32_t at)
{
    return at == HPROF_NONE || at + (uint64_t)h->id_size > o->bytes
               ? 0 : hprof_number(o->body + at, h->id_size);
}

/* ---- a walk -------------------------------------------------------------------------------- */

/* A name that a thread or String refers to; in old runtimes it may be the array itself. */
static size_t want_array(struct hprof *h, uint64_t id)
{
    bool is_new;
    size_t at = thing_get(h, &h->search->arrays, id, &is_new);
    h->search->left += at && is_new;
    return at;
}

static bool found_thread(struct hprof *h, struct thing *thread, const struct hprof_object *o,
                         const struct hprof_class *c)
{
    uint64_t name = reference(h, o, field_at(h, c, "java/lang/Thread", "name", HPROF_OBJECT));
    struct hprof_search *s = h->search;
    bool is_new;
    s->left--;
    thread->next = SIZE_MAX; /* it was there */
    if (!name) return true;
    size_t at = thing_get(h, &s->strings, name, &is_new);
    if (!at) return false;
    thread->next = at;
    if (is_new && !(s->strings.at[at - 1].next = want_array(h, name))) return false;
    return true;
}

static bool found_string(struct hprof *h, struct thing *string, const struct hprof_object *o,
                         const struct hprof_class *c)
{
    uint64_t value = reference(h, o, field_at(h, c, "java/lang/String", "value", HPROF_OBJECT));
    uint32_t coder = field_at(h, c, "java/lang/String", "coder", TYPE_BYTE);
    struct thing *itself = thing_find(&h->search->arrays, string->id);
    if (itself && !itself->bytes && itself->type != HPROF_OBJECT) {
        itself->type = HPROF_OBJECT; /* no array, after all */
        h->search->left--;
    }
    string->wide = coder < o->bytes && o->body[coder] == 1;
    string->next = value ? want_array(h, value) : 0;
    return !value || string->next;
}

bool hprof_search_wants(const struct hprof *h, uint64_t id)
{
    const struct hprof_search *s = h->search;
    return may_be_wanted(s, id) && (u64map_get(&s->threads.of, id) || u64map_get(&s->strings.of, id));
}

static void end_walk(struct hprof *h)
{
    if (!h->search->left) h->stop_at = h->base + h->at;
}

bool hprof_search_instance(struct hprof *h, const struct hprof_object *o)
{
    struct hprof_search *s = h->search;
    struct thing *thread = thing_find(&s->threads, o->id);
    struct thing *string = thing_find(&s->strings, o->id);
    const struct hprof_class *c = hprof_class_find(h, o->class_id);
    bool ok = true;
    if (!c) return true;
    if (thread && !thread->next) ok = found_thread(h, thread, o, c);
    else if (string && hprof_class_is(h, c, "java/lang/String") && string->next &&
             s->arrays.at[string->next - 1].id == string->id)
        ok = found_string(h, string, o, c);
    end_walk(h);
    return ok;
}

bool hprof_search_array(struct hprof *h, const struct hprof_object *o, uint64_t size)
{
    struct thing *a = may_be_wanted(h->search, o->id) ? thing_find(&h->search->arrays, o->id) : NULL;
    if (!a || a->bytes || (o->type != TYPE_CHAR && o->type != TYPE_BYTE))
        return hprof_pass_over(h, size);
    size_t n = size < 2 * MAX_NAME ? (size_t)size : 2 * MAX_NAME;
    const unsigned char *p = hprof_take(h, n);
    if (!p) return false;
    if (!(a->bytes = malloc(n + 1))) return hprof_no_memory(h);
    memcpy(a->bytes, p, n);
    a->size = (uint32_t)n;
    a->type = o->type;
    h->search->left--;
    if (!hprof_pass_over(h, size - n)) return false;
    end_walk(h);
    return true;
}

/* ---- names --------------------------------------------------------------------------------- */

/* Character i: of chars as the dump has them, of bytes as the runtime had them (little-endian). */
static uint32_t unit(const struct thing *a, bool wide, size_t i)
{
    if (a->type == TYPE_CHAR) return (uint32_t)(a->bytes[2 * i] << 8 | a->bytes[2 * i + 1]);
    return wide ? (uint32_t)(a->bytes[2 * i] | a->bytes[2 * i + 1] << 8) : a->bytes[i];
}

static char *decode(struct hprof *h, const struct thing *a, bool wide)
{
    wide |= a->type == TYPE_CHAR;
    size_t n = wide ? a->size / 2 : a->size, size = 0;
    if (n > MAX_NAME) n = MAX_NAME;
    char *text = malloc(3 * n + 1);
    if (!text) {
        hprof_no_memory(h);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t c = unit(a, wide, i);
        uint32_t low = wide && i + 1 < n ? unit(a, wide, i + 1) : 0;
        if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i++;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = 0xfffd;
        }
        if (c) size += text_encode(text + size, c);
    }
    text[size] = 0;
    return text;
}

static bool name_threads(struct hprof *h)
{
    struct hprof_search *s = h->search;
    for (size_t i = 0; i < h->n_threads; i++) {
        struct hprof_thread *t = &h->threads[i];
        const struct thing *thread = t->name ? NULL : thing_find(&s->threads, t->object);
        if (!thread || !thread->next || thread->next > s->strings.n) continue;
        const struct thing *string = &s->strings.at[thread->next - 1];
        const struct thing *array = string->next ? &s->arrays.at[string->next - 1] : NULL;
        if (!array || !array->bytes) continue;
        if (!(t->label = decode(h, array, string->wide))) return false;
    }
    return true;
}

static void search_free(struct hprof_search *s)
{
    for (size_t i = 0; i < s->arrays.n; i++) free(s->arrays.at[i].bytes);
    struct things *all[] = { &s->threads, &s->strings, &s->arrays };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]->at);
        u64map_free(&all[i]->of);
    }
}

bool hprof_search_threads(struct hprof *h)
{
    struct hprof_search s = { .left = 0 };
    bool ok = true;
    h->search = &s;
    for (size_t i = 0; ok && i < h->n_threads; i++) {
        bool is_new = false;
        if (h->threads[i].name || !h->threads[i].object) continue;
        ok = thing_get(h, &s.threads, h->threads[i].object, &is_new);
        s.left += is_new;
    }
    h->again = true;
    for (int walks = 0; ok && s.left && walks < 3; walks++) {
        h->stop_at = UINT64_MAX;
        ok = hprof_rewind(h) && hprof_walk(h);
    }
    h->stop_at = UINT64_MAX;
    h->again = false;
    ok = ok && name_threads(h);
    h->search = NULL;
    search_free(&s);
    return ok;
}
