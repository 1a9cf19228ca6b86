/* SPDX-License-Identifier: MIT */
/* The first pass over an HPROF file: what rows of the second refer to. See hprof_private.h. */
#include <stdlib.h>
#include <string.h>

#include "import/hprof_private.h"

/* Index + 1 of `key`, entered as `next` + 1 where it is new. */
static uint64_t *entry(struct hprof *h, struct u64map *map, uint64_t key, bool *fresh)
{
    uint64_t *at = u64map_put(map, key, fresh);
    if (!at) hprof_no_memory(h);
    return at;
}

static bool add_string(struct hprof *h)
{
    const unsigned char *p = hprof_take(h, h->id_size);
    bool fresh;
    if (!p) return false;
    uint64_t id = hprof_number(p, h->id_size), size = h->left;
    /* Names are short; what does not fit is no name of anything. */
    if (size > HPROF_BUFFER || h->text_size + size > HPROF_MAX_NAMES) return true;
    if (!(p = hprof_take(h, (size_t)size))) return false;
    uint64_t *at = entry(h, &h->name_of, id, &fresh);
    if (!at) return false;
    if (!fresh) return true;
    if (!hprof_grow(h, &h->names, &h->names_cap, h->n_names + 1, sizeof *h->names) ||
        /* One more, so that an empty name stands somewhere. */
        !hprof_grow(h, &h->text, &h->text_cap, h->text_size + (size_t)size + 1, 1))
        return false;
    memcpy(h->text + h->text_size, p, (size_t)size);
    h->names[h->n_names] = (struct hprof_text){ h->text_size, (uint32_t)size, 0 };
    h->text_size += (size_t)size;
    *at = ++h->n_names;
    return true;
}

struct record_text hprof_text_of(const struct hprof *h, uint64_t name)
{
    const uint64_t *at = u64map_get(&h->name_of, name);
    if (!at) return (struct record_text){ "", 0 };
    const struct hprof_text *t = &h->names[*at - 1];
    return (struct record_text){ h->text + t->at, t->size };
}

struct hprof_class *hprof_class_find(const struct hprof *h, uint64_t id)
{
    const uint64_t *at = id ? u64map_get(&h->class_of, id) : NULL;
    return at ? &h->classes[*at - 1] : NULL;
}

struct hprof_class *hprof_class_get(struct hprof *h, uint64_t id)
{
    bool fresh;
    uint64_t *at = entry(h, &h->class_of, id, &fresh);
    if (!at) return NULL;
    if (fresh) {
        if (!hprof_grow(h, &h->classes, &h->classes_cap, h->n_classes + 1, sizeof *h->classes))
            return NULL;
        h->classes[h->n_classes] = (struct hprof_class){ .id = id, .state_offset = HPROF_NONE,
                                                          .length_offset = HPROF_NONE };
        *at = ++h->n_classes;
    }
    return &h->classes[*at - 1];
}

struct hprof_class *hprof_class_near(struct hprof *h, uint64_t id, bool make)
{
    size_t at = (size_t)((id >> 3 ^ id >> 11) % HPROF_CACHED);
    if (id && h->cached[at].id == id) return &h->classes[h->cached[at].index];
    struct hprof_class *c = make ? hprof_class_get(h, id) : hprof_class_find(h, id);
    if (!c) return NULL;
    h->cached[at].id = id;
    h->cached[at].index = (size_t)(c - h->classes);
    return c;
}

bool hprof_class_is(const struct hprof *h, const struct hprof_class *c, const char *name)
{
    struct record_text t = hprof_text_of(h, c->name);
    return t.size == strlen(name) && memcmp(t.at, name, t.size) == 0;
}

static bool add_loaded(struct hprof *h)
{
    unsigned id = h->id_size;
    const unsigned char *p = hprof_take(h, 8 + 2 * id);
    if (!p) return false;
    uint64_t serial = hprof_number(p, 4), name = hprof_number(p + 8 + id, id);
    struct hprof_class *c = hprof_class_get(h, hprof_number(p + 4, id));
    if (!c) return false;
    if (!c->name) c->name = name;
    uint64_t *at = entry(h, &h->class_serial, serial, NULL);
    if (at && !*at) *at = (uint64_t)(c - h->classes) + 1;
    return at != NULL;
}

static bool add_frame(struct hprof *h)
{
    unsigned id = h->id_size;
    bool fresh;
    const unsigned char *p = hprof_take(h, 4 * id + 8);
    if (!p) return false;
    struct hprof_frame f = { .id = hprof_number(p, id), .method = hprof_number(p + id, id),
                             .source = hprof_number(p + 3 * id, id),
                             .class_serial = (uint32_t)hprof_number(p + 4 * id, 4),
                             .line = (int32_t)(uint32_t)hprof_number(p + 4 * id + 4, 4) };
    uint64_t *at = entry(h, &h->frame_of, f.id, &fresh);
    if (!at) return false;
    if (!fresh) return true;
    if (!hprof_grow(h, &h->frames, &h->frames_cap, h->n_frames + 1, sizeof f)) return false;
    h->frames[h->n_frames] = f;
    *at = ++h->n_frames;
    return true;
}

static bool add_trace(struct hprof *h)
{
    const unsigned char *p = hprof_take(h, 12);
    bool fresh;
    if (!p) return false;
    uint64_t serial = hprof_number(p, 4);
    struct hprof_trace t = { .frame = h->n_trace_frames, .n = (uint32_t)hprof_number(p + 8, 4),
                             .thread = (uint32_t)hprof_number(p + 4, 4) };
    if ((uint64_t)t.n * h->id_size > h->left) {
        h->bad = true;
        return false;
    }
    uint64_t *at = entry(h, &h->trace_of, serial, &fresh);
    if (!at) return false;
    if (!fresh) return true;
    if (!hprof_grow(h, &h->traces, &h->traces_cap, h->n_traces + 1, sizeof t)) return false;
    h->traces[h->n_traces] = t;
    *at = ++h->n_traces;
    for (uint32_t i = 0; i < t.n; i++) {
        if (!(p = hprof_take(h, h->id_size))) {
            h->traces[h->n_traces - 1].n = i;
            return false;
        }
        if (!hprof_grow(h, &h->trace_frames, &h->trace_frames_cap, h->n_trace_frames + 1,
                        sizeof *h->trace_frames))
            return false;
        h->trace_frames[h->n_trace_frames++] = hprof_number(p, h->id_size);
    }
    return true;
}

static struct hprof_thread *thread_get(struct hprof *h, uint32_t serial)
{
    bool fresh;
    uint64_t *at = entry(h, &h->thread_of, serial, &fresh);
    if (!at) return NULL;
    if (fresh) {
        if (!hprof_grow(h, &h->threads, &h->threads_cap, h->n_threads + 1, sizeof *h->threads))
            return NULL;
        h->threads[h->n_threads] = (struct hprof_thread){ .serial = serial };
        *at = ++h->n_threads;
    }
    return &h->threads[*at - 1];
}

static bool add_thread(struct hprof *h)
{
    unsigned id = h->id_size;
    const unsigned char *p = hprof_take(h, 8 + 2 * id);
    if (!p) return false;
    struct hprof_thread *t = thread_get(h, (uint32_t)hprof_number(p, 4));
    if (!t) return false;
    t->object = hprof_number(p + 4, id);
    t->trace = (uint32_t)hprof_number(p + 4 + id, 4);
    t->name = hprof_number(p + 8 + id, id);
    return true;
}

bool hprof_add_record(struct hprof *h, unsigned tag)
{
    switch (tag) {
    case 0x01: return add_string(h);
    case 0x02: return add_loaded(h);
    case 0x04: return add_frame(h);
    case 0x05: return add_trace(h);
    case 0x0a: return add_thread(h);
    default: return true;
    }
}

/* ---- classes ------------------------------------------------------------------------------- */

static bool add_field(struct hprof *h, const struct hprof_field *f, bool keep)
{
    if (!keep) return true;
    if (!hprof_grow(h, &h->fields, &h->fields_cap, h->n_fields + 1, sizeof *f)) return false;
    h->fields[h->n_fields++] = *f;
    return true;
}

/* A type and a value of it; `f` gets both. */
static bool take_value(struct hprof *h, struct hprof_field *f)
{
    const unsigned char *p = hprof_take(h, 1);
    if (!p) return false;
    f->type = *p;
    unsigned size = hprof_type_size(h, f->type);
    if (!size) {
        h->bad = true;
        return false;
    }
    if (!(p = hprof_take(h, size))) return false;
    f->value = f->type == HPROF_OBJECT ? hprof_number(p, size) : 0;
    return true;
}

/* Entries of the constant pool (names 0), then static fields: those that refer to something are
 * references, all of them take room. */
static bool take_statics(struct hprof *h, bool keep, size_t *count)
{
    for (unsigned list = 0; list < 2; list++) {
        const unsigned char *p = hprof_take(h, 2);
        if (!p) return false;
        for (uint64_t n = hprof_number(p, 2); n > 0; n--) {
            unsigned size = list ? h->id_size : 2;
            struct hprof_field f = { 0 };
            if (!(p = hprof_take(h, size))) return false;
            if (list) f.name = hprof_number(p, size);
            if (!take_value(h, &f)) return false;
            if (!list && !f.value) continue;
            if (!add_field(h, &f, keep)) return false;
            ++*count;
        }
    }
    return true;
}

static bool take_fields(struct hprof *h, bool keep, size_t *count)
{
    const unsigned char *p = hprof_take(h, 2);
    if (!p) return false;
    for (uint64_t n = hprof_number(p, 2); n > 0; n--) {
        if (!(p = hprof_take(h, h->id_size + 1))) return false;
        struct hprof_field f = { .name = hprof_number(p, h->id_size), .type = p[h->id_size] };
        if (!hprof_type_size(h, f.type)) {
            h->bad = true;
            return false;
        }
        if (!add_field(h, &f, keep)) return false;
        ++*count;
    }
    return true;
}

bool hprof_add_class(struct hprof *h)
{
    unsigned id = h->id_size;
    size_t n_statics = 0, n_fields = 0, first = h->n_fields;
    const unsigned char *p = hprof_take(h, 7 * id + 8);
    if (!p) return false;
    struct hprof_class in = { .id = hprof_number(p, id) };
    in.super = hprof_number(p + id + 4, id);
    in.loader = hprof_number(p + 2 * id + 4, id);
    in.signers = hprof_number(p + 3 * id + 4, id);
    in.domain = hprof_number(p + 4 * id + 4, id);
    in.instance_size = (uint32_t)hprof_number(p + 7 * id + 4, 4);
    const struct hprof_class *known = hprof_class_find(h, in.id);
    bool keep = !h->second && !h->search && !(known && known->defined);
    if (!take_statics(h, keep, &n_statics) || !take_fields(h, keep, &n_fields)) return false;
    if (!keep) return true;
    /* Who has no field stands in the array, too. */
    if (!hprof_grow(h, &h->fields, &h->fields_cap, h->n_fields + 1, sizeof *h->fields))
        return false;
    struct hprof_class *c = hprof_class_get(h, in.id);
    if (!c) return false;
    in.name = c->name;
    in.sticky = c->sticky;
    in.tally = c->tally;
    in.min_gap = c->min_gap;
    in.defined = true;
    in.field = first;
    in.n_statics = n_statics;
    in.n_fields = n_fields;
    in.state_offset = in.length_offset = HPROF_NONE;
    *c = in;
    struct hprof_object o = { .tag = 0x20, .id = in.id };
    return hprof_note_object(h, &o);
}

/* ---- objects and roots --------------------------------------------------------------------- */

bool hprof_note_object(struct hprof *h, const struct hprof_object *o)
{
    const struct hprof_object *last = &h->last;
    if (!h->n_objects++) h->first_address = o->id;
    h->differing |= o->id ^ h->first_address;
    if (last->tag && o->id > last->id) {
        uint64_t gap = o->id - last->id;
        struct hprof_class *c = last->tag == 0x21 ? &h->classes[h->last_class] : NULL;
        if (c && (!c->min_gap || gap < c->min_gap)) c->min_gap = gap;
        if (last->tag == 0x22 || last->tag == 0x23) hprof_vote_array(h, last, gap);
    }
    h->last = *o;
    if (o->tag == 0x20 || o->tag == 0x23)
        return o->tag == 0x20 || !h->counting || hprof_tally_object(h, o, NULL);
    if (o->tag == 0x22 && !h->counting) return true;
    struct hprof_class *c = hprof_class_near(h, o->class_id, true);
    if (!c) return false;
    h->last_class = (size_t)(c - h->classes);
    return !h->counting || hprof_tally_object(h, o, c);
}

bool hprof_note_root(struct hprof *h, const struct hprof_root *r)
{
    if (r->tag == 0x05) {
        struct hprof_class *c = hprof_class_get(h, r->object);
        if (!c) return false;
        c->sticky = true;
    }
    if (r->tag == 0x08) {
        struct hprof_thread *t = thread_get(h, r->thread);
        if (!t) return false;
        t->object = r->object;
        t->trace = r->frame;
    }
    return true;
}

void hprof_tables_free(struct hprof *h)
{
    struct u64map *maps[] = { &h->name_of, &h->class_of, &h->class_serial, &h->frame_of,
                              &h->trace_of, &h->thread_of, &h->stack_of };
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) u64map_free(maps[i]);
    free(h->text);
    free(h->names);
    free(h->classes);
    free(h->fields);
    free(h->slots);
    free(h->values);
    free(h->frames);
    free(h->traces);
    free(h->trace_frames);
    for (size_t i = 0; i < h->n_threads; i++) free(h->threads[i].label);
    free(h->threads);
}
