/* SPDX-License-Identifier: MIT */
/* Where the fields of an instance stand, class by class, and what some of them say. See hprof_private.h. */
#include <string.h>

#include "import/hprof_private.h"

/* Which kind of reference `referent` is, by the class that an instance is of; 0: none. */
static unsigned referent_kind(const struct hprof *h, const struct hprof_class *c)
{
    static const struct { const char *name; unsigned kind; } kinds[] = {
        { "java/lang/ref/SoftReference", SNAP_EDGE_SOFT },
        { "java/lang/ref/WeakReference", SNAP_EDGE_WEAK },
        { "java/lang/ref/PhantomReference", SNAP_EDGE_PHANTOM },
        { "java/lang/ref/FinalReference", SNAP_EDGE_FINALIZER },
        { "java/lang/ref/FinalizerReference", SNAP_EDGE_FINALIZER },
    };
    for (unsigned n = 0; c && n < h->depth; c = hprof_class_find(h, c->super), n++)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (hprof_class_is(h, c, kinds[i].name)) return kinds[i].kind;
    return 0;
}

static bool text_is(struct record_text t, const char *s)
{
    return t.size == strlen(s) && memcmp(t.at, s, t.size) == 0;
}

/* Fields in which collections of java.util, and queues of references, count what they hold: the
 * length is known although no other content is. */
static bool is_length(const struct hprof *h, const struct hprof_class *c,
                      const struct hprof_field *f)
{
    enum { TYPE_INT = 10, TYPE_LONG = 11 };
    static const char *const packages[] = { "java/util/", "java/util/concurrent/",
                                            "java/lang/ref/" };
    struct record_text class = hprof_text_of(h, c->name), name = hprof_text_of(h, f->name);
    bool here = false;
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++) {
        size_t n = strlen(packages[i]);
        here |= class.size > n && memcmp(class.at, packages[i], n) == 0 &&
                !memchr(class.at + n, '/', class.size - n);
    }
    if (!here) return false;
    if (f->type == TYPE_LONG) return text_is(name, "baseCount") || text_is(name, "queueLength");
    return f->type == TYPE_INT &&
           (text_is(name, "size") || text_is(name, "count") || text_is(name, "elementCount"));
}

/* A field of a class of buffers outside the heap, as the plan of the class meets it. */
static void plan_buffer(struct hprof *h, const struct hprof_field *f, uint64_t at)
{
    enum { TYPE_INT = 10 };
    struct hprof_buffers *b = &h->buffers;
    struct record_text name = hprof_text_of(h, f->name);
    bool reference = f->type == HPROF_OBJECT;
    if (f->type == TYPE_INT && text_is(name, "capacity")) b->capacity = (uint32_t)at;
    else if (reference && text_is(name, "att")) b->attachment = (uint32_t)at;
    else if (reference && text_is(name, "cleaner")) b->cleaner = (uint32_t)at;
    else if (reference && text_is(name, "fd")) b->file = (uint32_t)at;
}

/* Is there a reference at an offset, which may be HPROF_NONE? */
static bool refers(const struct hprof *h, const struct hprof_object *o, uint32_t offset)
{
    return (uint64_t)offset + h->id_size <= o->bytes &&
           hprof_number(o->body + offset, h->id_size) != 0;
}

/* A buffer owns its memory if a cleaner frees it with the buffer. One that shows a part of another's
 * keeps that one (`att`), one that native code made has neither, one of a file (`fd`) is a mapping. */
uint64_t hprof_native_bytes(const struct hprof *h, const struct hprof_object *o)
{
    const struct hprof_buffers *b = &h->buffers;
    if (o->class_id != b->class_id || !b->class_id || !o->body) return 0;
    if ((uint64_t)b->capacity + 4 > o->bytes || !refers(h, o, b->cleaner)) return 0;
    if (refers(h, o, b->attachment) || refers(h, o, b->file)) return 0;
    uint64_t n = hprof_number(o->body + b->capacity, 4);
    return n <= INT32_MAX ? n : 0;
}

/* A field that is no reference: a length, or a value that is shown. */
static bool plan_value(struct hprof *h, struct hprof_class *c, const struct hprof_class *owner,
                       const struct hprof_field *f, uint64_t at)
{
    struct hprof_value value = { f->name, (uint32_t)at, f->type };
    if (c->length_offset == HPROF_NONE && is_length(h, owner, f)) {
        c->length_offset = (uint32_t)at;
        c->length_type = f->type;
    }
    if (!h->options || !h->options->values) return true;
    if (!hprof_grow(h, &h->values, &h->values_cap, h->n_values + 1, sizeof value)) return false;
    h->values[h->n_values++] = value;
    return true;
}

/* A reference: what kind it is, and of Reference where its state stands. */
static bool plan_slot(struct hprof *h, struct hprof_class *c, const struct hprof_field *f,
                      uint64_t at, unsigned referent)
{
    struct hprof_slot slot = { .offset = (uint32_t)at, .kind = SNAP_EDGE_ATTRIBUTE };
    struct record_text name = hprof_text_of(h, f->name);
    if (referent && text_is(name, "referent")) slot.kind = (uint8_t)referent;
    if (referent && (text_is(name, "next") || text_is(name, "queueNext")))
        c->state_offset = (uint32_t)at;
    if (!hprof_send_name(h, f->name, &slot.name) ||
        !hprof_grow(h, &h->slots, &h->slots_cap, h->n_slots + 1, sizeof slot))
        return false;
    h->slots[h->n_slots++] = slot;
    return true;
}

/* An instance's own class's fields stand first, then the superclasses'. */
bool hprof_plan(struct hprof *h, struct hprof_class *c)
{
    uint64_t offset = 0;
    unsigned depth = 0, referent = referent_kind(h, c);
    bool buffers = hprof_class_is(h, c, "java/nio/DirectByteBuffer");
    if (buffers)
        h->buffers = (struct hprof_buffers){ c->id, HPROF_NONE, HPROF_NONE, HPROF_NONE, HPROF_NONE };
    c->planned = true;
    c->slot = h->n_slots;
    c->value = h->n_values;
    for (const struct hprof_class *s = c; s && s->defined && depth < h->depth;
         s = hprof_class_find(h, s->super), depth++) {
        const struct hprof_field *f = h->fields + s->field + s->n_statics;
        bool reference = referent && hprof_class_is(h, s, "java/lang/ref/Reference");
        for (size_t i = 0; i < s->n_fields && offset < HPROF_BUFFER; i++) {
            uint64_t at = offset;
            offset += hprof_type_size(h, f[i].type);
            if (buffers) plan_buffer(h, &f[i], at);
            bool ok = f[i].type == HPROF_OBJECT
                          ? plan_slot(h, c, &f[i], at, reference ? referent : 0)
                          : plan_value(h, c, s, &f[i], at);
            if (!ok) return false;
        }
    }
    c->n_slots = h->n_slots - c->slot;
    c->n_values = h->n_values - c->value;
    return true;
}
