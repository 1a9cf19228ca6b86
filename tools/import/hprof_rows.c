/* SPDX-License-Identifier: MIT */
/* The second pass over an HPROF file: definitions, then objects, edges and roots as batches. See
 * hprof_private.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/hprof_private.h"

struct hprof_batches {
    struct {
        uint64_t id[HPROF_BATCH], type[HPROF_BATCH], shallow[HPROF_BATCH], flags[HPROF_BATCH],
            length[HPROF_BATCH], stack[HPROF_BATCH], name[HPROF_BATCH], hash[HPROF_BATCH],
            native[HPROF_BATCH];
        uint8_t has_length[HPROF_BATCH / 8], has_hash[HPROF_BATCH / 8], has_native[HPROF_BATCH / 8];
        uint32_t rows;
        bool any_length, any_flags, any_stack, any_name, any_hash, any_native;
    } object;
    struct {
        uint64_t source[HPROF_BATCH], target[HPROF_BATCH], kind[HPROF_BATCH], name[HPROF_BATCH],
            index[HPROF_BATCH];
        uint32_t rows;
    } edge;
    struct {
        uint64_t object[HPROF_BATCH], kind[HPROF_BATCH], thread[HPROF_BATCH], frame[HPROF_BATCH],
            depth[HPROF_BATCH];
        uint8_t has_depth[HPROF_BATCH / 8];
        uint32_t rows;
    } root;
    uint64_t ordinal;       /* of the next object */
    uint64_t objects_sent, edges_sent, roots_sent;
    uint64_t source, index; /* of the edges that follow */
    uint64_t superclass, loader, signers, domain, pool;
    char text[SNAP_MAX_TEXT];
};

/* ---- batches ------------------------------------------------------------------------------- */

static bool send_objects(struct hprof *h)
{
    struct hprof_batches *b = h->batches;
    const struct record_sink *k = h->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->object.rows, .first = b->objects_sent,
                                  .offset = h->base + h->at };
    if (!batch.rows) return true;
    batch.column[SNAP_COL_OBJECT_ID].value = b->object.id;
    batch.column[SNAP_COL_OBJECT_TYPE].value = b->object.type;
    batch.column[SNAP_COL_OBJECT_SHALLOW].value = b->object.shallow;
    if (b->object.any_flags) batch.column[SNAP_COL_OBJECT_FLAGS].value = b->object.flags;
    if (b->object.any_stack) batch.column[SNAP_COL_OBJECT_STACK].value = b->object.stack;
    if (b->object.any_length) {
        batch.column[SNAP_COL_OBJECT_LENGTH].value = b->object.length;
        batch.column[SNAP_COL_OBJECT_LENGTH].present = b->object.has_length;
    }
    if (b->object.any_name) batch.column[SNAP_COL_OBJECT_NAME].value = b->object.name;
    if (b->object.any_hash) {
        batch.column[SNAP_COL_OBJECT_HASH].value = b->object.hash;
        batch.column[SNAP_COL_OBJECT_HASH].present = b->object.has_hash;
    }
    if (b->object.any_native) {
        batch.column[SNAP_COL_OBJECT_NATIVE].value = b->object.native;
        batch.column[SNAP_COL_OBJECT_NATIVE].present = b->object.has_native;
    }
    b->objects_sent += batch.rows;
    b->object.rows = 0;
    b->object.any_length = b->object.any_flags = b->object.any_stack = false;
    b->object.any_name = b->object.any_hash = b->object.any_native = false;
    bool ok = !k->objects || hprof_sent(h, k->objects(k->opaque, &batch));
    memset(b->object.has_length, 0, sizeof b->object.has_length);
    memset(b->object.has_hash, 0, sizeof b->object.has_hash);
    memset(b->object.has_native, 0, sizeof b->object.has_native);
    return ok;
}

/* Objects go before the edges that begin at them. */
static bool send_edges(struct hprof *h)
{
    struct hprof_batches *b = h->batches;
    const struct record_sink *k = h->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->edge.rows,
                                  .offset = h->base + h->at, .edge_index = b->edge.index };
    if (!send_objects(h)) return false;
    if (!batch.rows) return true;
    batch.column[SNAP_COL_EDGE_SOURCE].value = b->edge.source;
    batch.column[SNAP_COL_EDGE_TARGET].value = b->edge.target;
    batch.column[SNAP_COL_EDGE_KIND].value = b->edge.kind;
    batch.column[SNAP_COL_EDGE_NAME].value = b->edge.name;
    batch.column[SNAP_COL_EDGE_INDEX].value = b->edge.index;
    b->edges_sent += batch.rows;
    b->edge.rows = 0;
    return !k->edges || hprof_sent(h, k->edges(k->opaque, &batch));
}

static bool send_roots(struct hprof *h)
{
    struct hprof_batches *b = h->batches;
    const struct record_sink *k = h->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->root.rows, .offset = h->base + h->at };
    if (!batch.rows) return true;
    batch.column[SNAP_COL_ROOT_OBJECT].value = b->root.object;
    batch.column[SNAP_COL_ROOT_KIND].value = b->root.kind;
    batch.column[SNAP_COL_ROOT_THREAD].value = b->root.thread;
    batch.column[SNAP_COL_ROOT_FRAME].value = b->root.frame;
    batch.column[SNAP_COL_ROOT_DEPTH].value = b->root.depth;
    batch.column[SNAP_COL_ROOT_DEPTH].present = b->root.has_depth;
    b->roots_sent += batch.rows;
    b->root.rows = 0;
    bool ok = !k->roots || hprof_sent(h, k->roots(k->opaque, &batch));
    memset(b->root.has_depth, 0, sizeof b->root.has_depth);
    return ok;
}

static bool put_row(struct hprof *h, uint64_t id, uint64_t type, uint64_t shallow, uint64_t flags)
{
    struct hprof_batches *b = h->batches;
    if (b->object.rows == HPROF_BATCH && !send_edges(h)) return false;
    uint32_t i = b->object.rows++;
    b->object.id[i] = id;
    b->object.type[i] = type;
    b->object.shallow[i] = shallow;
    b->object.flags[i] = flags;
    b->object.stack[i] = b->object.length[i] = b->object.name[i] = b->object.hash[i] = 0;
    b->object.native[i] = 0;
    b->object.any_flags |= flags != 0;
    b->source = b->ordinal++;
    b->index = 0;
    return true;
}

/* Notes a value of the object that was put last, in a column that not all have. */
static void put_sparse(struct hprof *h, uint64_t *column, uint8_t *present, bool *any,
                       uint64_t value)
{
    uint32_t i = h->batches->object.rows - 1;
    column[i] = value;
    present[i / 8] = (uint8_t)(present[i / 8] | 1u << i % 8);
    *any = true;
}

static void put_length(struct hprof *h, uint64_t length)
{
    struct hprof_batches *b = h->batches;
    put_sparse(h, b->object.length, b->object.has_length, &b->object.any_length, length);
}

void hprof_put_hash(struct hprof *h, uint64_t hash)
{
    struct hprof_batches *b = h->batches;
    put_sparse(h, b->object.hash, b->object.has_hash, &b->object.any_hash, hash);
}

bool hprof_put_value(struct hprof *h, struct record_text text)
{
    const struct record_sink *k = h->sink;
    struct hprof_batches *b = h->batches;
    return send_objects(h) && hprof_sent(h, k->value(k->opaque, 1, b->ordinal - 1, text));
}

static bool put_edge(struct hprof *h, uint64_t target, unsigned kind, uint64_t name)
{
    struct hprof_batches *b = h->batches;
    uint64_t index = b->index++;
    if (target == 0) return true;
    if (b->edge.rows == HPROF_BATCH && !send_edges(h)) return false;
    uint32_t i = b->edge.rows++;
    b->edge.source[i] = b->source;
    b->edge.target[i] = target;
    b->edge.kind[i] = kind;
    b->edge.name[i] = name;
    b->edge.index[i] = index;
    return true;
}

/* ---- definitions --------------------------------------------------------------------------- */

static bool send_string(struct hprof *h, struct record_text text, uint64_t *id)
{
    const struct record_sink *k = h->sink;
    *id = ++h->next_string;
    return !k->string || hprof_sent(h, k->string(k->opaque, *id, text));
}

static bool send_constant(struct hprof *h, const char *text, uint64_t *id)
{
    return send_string(h, (struct record_text){ text, strlen(text) }, id);
}

bool hprof_send_name(struct hprof *h, uint64_t name, uint64_t *id)
{
    const uint64_t *at = name ? u64map_get(&h->name_of, name) : NULL;
    *id = 0;
    if (!at) return true;
    struct hprof_text *t = &h->names[*at - 1];
    struct record_text text = { h->text + t->at, t->size };
    if (!t->sent && !send_string(h, text, &t->sent)) return false;
    *id = t->sent;
    return true;
}

static const char *const primitives[16] = {
    [4] = "boolean", [5] = "char", [6] = "float", [7] = "double",
    [8] = "byte",    [9] = "short", [10] = "int", [11] = "long",
};

static const char *primitive_of(char c)
{
    static const char letters[] = "    ZCFDBSIJ";
    const char *at = c == ' ' || c == 0 ? NULL : strchr(letters, c);
    return at ? primitives[at - letters] : NULL;
}

/* "[[Ljava/lang/Object;" -> "java.lang.Object[][]"; returns the bytes of the package before the
 * last dot. */
static struct record_text readable(struct hprof *h, struct record_text in, size_t *package)
{
    char *out = h->batches->text;
    size_t room = sizeof h->batches->text, n = 0, depth = 0;
    while (in.size && *in.at == '[') {
        in.at++;
        in.size--;
        depth++;
    }
    const char *word = depth && in.size == 1 ? primitive_of(*in.at) : NULL;
    if (word) in = (struct record_text){ word, strlen(word) };
    else if (depth && in.size > 2 && *in.at == 'L' && in.at[in.size - 1] == ';')
        in = (struct record_text){ in.at + 1, in.size - 2 };
    *package = 0;
    for (size_t i = 0; i < in.size && n < room; i++) {
        out[n] = in.at[i] == '/' ? '.' : in.at[i];
        if (out[n] == '.') *package = n;
        n++;
    }
    for (; depth > 0 && n + 2 <= room; depth--) {
        out[n++] = '[';
        out[n++] = ']';
    }
    return (struct record_text){ out, n };
}

/* The type of instances of a class; its superclass's first, as far as that is not sent yet. */
static bool send_type(struct hprof *h, struct hprof_class *c)
{
    const struct record_sink *k = h->sink;
    struct record_text raw = hprof_text_of(h, c->name);
    char unnamed[40];
    size_t package;
    snap_type t = { .object = c->defined ? c->id : 0, .loader = c->loader,
                    .kind = SNAP_TYPE_CLASS };
    const struct hprof_class *super = hprof_class_find(h, c->super);
    if (!raw.size) {
        snprintf(unnamed, sizeof unnamed, "class 0x%llx", (unsigned long long)c->id);
        raw = (struct record_text){ unnamed, strlen(unnamed) };
    }
    bool array = raw.at[0] == '[';
    struct record_text name = readable(h, raw, &package);
    if (array) t.kind = SNAP_TYPE_ARRAY;
    else if (c->sticky || !c->loader) t.kind = SNAP_TYPE_BUILTIN;
    if (hprof_class_is(h, c, "java/lang/Class")) t.kind = SNAP_TYPE_META;
    if (hprof_class_is(h, c, "java/lang/String")) t.kind = SNAP_TYPE_STRING;
    if (!array) t.size = c->size;
    t.flags = SNAP_TYPE_FIXED_SIZE;
    if (super && super != c && super->type) t.base = super->type;
    if (!send_string(h, name, &t.name)) return false;
    c->type_name = t.name;
    if (package && !send_string(h, (struct record_text){ name.at, package }, &t.module))
        return false;
    c->type = ++h->next_type;
    return !k->type || hprof_sent(h, k->type(k->opaque, c->type, &t));
}

static bool type_of_class(struct hprof *h, struct hprof_class *c)
{
    struct hprof_class *chain[HPROF_DEPTH];
    unsigned n = 0;
    for (struct hprof_class *s = c; s && !s->type && n < h->depth;
         s = hprof_class_find(h, s->super))
        chain[n++] = s;
    while (n > 0) {
        struct hprof_class *s = chain[--n];
        if (!s->type && !send_type(h, s)) return false;
    }
    return true;
}

/* Arrays of primitives name no class: the class of that name, or a type of our own. */
static bool primitive_types(struct hprof *h)
{
    static const char letters[] = "    ZCFDBSIJ";
    const struct record_sink *k = h->sink;
    for (unsigned type = 4; type < 12; type++) {
        char name[] = { '[', letters[type], 0 };
        for (size_t i = 0; i < h->n_classes && !h->primitive_type[type]; i++)
            if (hprof_class_is(h, &h->classes[i], name))
                h->primitive_type[type] = h->classes[i].type;
        if (h->primitive_type[type]) continue;
        size_t package;
        snap_type t = { .kind = SNAP_TYPE_ARRAY, .flags = SNAP_TYPE_FIXED_SIZE };
        if (!send_string(h, readable(h, (struct record_text){ name, 2 }, &package), &t.name))
            return false;
        h->primitive_type[type] = ++h->next_type;
        if (k->type && !hprof_sent(h, k->type(k->opaque, h->next_type, &t))) return false;
    }
    return true;
}

static bool send_frame(struct hprof *h, struct hprof_frame *f)
{
    const struct record_sink *k = h->sink;
    size_t package;
    snap_frame out = { .language = SNAP_LANGUAGE_JAVA,
                       .line = f->line > 0 ? (uint32_t)f->line : 0 };
    const uint64_t *at = u64map_get(&h->class_serial, f->class_serial);
    struct record_text method = hprof_text_of(h, f->method), name = { "", 0 };
    if (at) name = readable(h, hprof_text_of(h, h->classes[*at - 1].name), &package);
    char *text = h->batches->text;
    size_t n = name.size;
    if (n && n < SNAP_MAX_TEXT) text[n++] = '.';
    if (method.size > SNAP_MAX_TEXT - n) method.size = SNAP_MAX_TEXT - n;
    memcpy(text + n, method.at, method.size);
    if (!send_string(h, (struct record_text){ text, n + method.size }, &out.function) ||
        !hprof_send_name(h, f->source, &out.file))
        return false;
    f->sent = ++h->next_frame;
    return !k->frame || hprof_sent(h, k->frame(k->opaque, f->sent, &out));
}

/* The stack of a trace, whose frames stand innermost first. */
static bool send_trace(struct hprof *h, struct hprof_trace *t)
{
    const struct record_sink *k = h->sink;
    uint64_t stack = 0;
    for (uint32_t i = t->n; i-- > 0;) {
        const uint64_t *at = u64map_get(&h->frame_of, h->trace_frames[t->frame + i]);
        if (!at) continue;
        struct hprof_frame *f = &h->frames[*at - 1];
        if (!f->sent && !send_frame(h, f)) return false;
        uint64_t *known = u64map_put(&h->stack_of, stack << 32 | f->sent, NULL);
        if (!known) return hprof_no_memory(h);
        if (!*known) {
            *known = ++h->next_stack;
            if (k->stack && !hprof_sent(h, k->stack(k->opaque, *known, stack, f->sent)))
                return false;
        }
        stack = *known;
    }
    t->stack = stack;
    return true;
}

static struct hprof_trace *trace_find(const struct hprof *h, uint32_t serial)
{
    const uint64_t *at = u64map_get(&h->trace_of, serial);
    return at ? &h->traces[*at - 1] : NULL;
}

static bool send_threads(struct hprof *h)
{
    const struct record_sink *k = h->sink;
    for (size_t i = 0; i < h->n_threads; i++) {
        const struct hprof_thread *in = &h->threads[i];
        const struct hprof_trace *trace = trace_find(h, in->trace);
        snap_thread t = { .id = in->serial, .object = in->object,
                          .stack = trace ? trace->stack : 0 };
        if (!hprof_send_name(h, in->name, &t.name)) return false;
        if (!t.name && in->label && in->label[0] && !send_constant(h, in->label, &t.name))
            return false;
        if (k->thread && !hprof_sent(h, k->thread(k->opaque, 1, i + 1, &t))) return false;
    }
    return true;
}

/* ---- classes ------------------------------------------------------------------------------- */

/* A field of the program's: not an entry of the constant pool (without a name), nor what the
 * runtime lists beside them ("<resolved_references>"). */
static bool is_static(const struct hprof *h, const struct hprof_field *f)
{
    struct record_text name = hprof_text_of(h, f->name);
    return f->name && !(name.size && name.at[0] == '<');
}

/* Its static fields take room, too. */
uint64_t hprof_class_bytes(const struct hprof *h, const struct hprof_class *c)
{
    const struct hprof_field *f = h->fields + c->field;
    uint64_t size = h->class_size;
    for (size_t i = 0; i < c->n_statics; i++)
        if (is_static(h, &f[i]))
            size += f[i].type == HPROF_OBJECT ? h->model.ref : hprof_type_size(h, f[i].type);
    return (size + h->alignment - 1) / h->alignment * h->alignment;
}

/* A class object and its references. */
static bool put_class(struct hprof *h, const struct hprof_class *c)
{
    struct hprof_batches *b = h->batches;
    const struct hprof_field *f = h->fields + c->field;
    if (!put_row(h, c->id, h->class_type, hprof_class_bytes(h, c), SNAP_OBJECT_CLASS)) return false;
    b->object.name[b->object.rows - 1] = c->type_name;
    b->object.any_name |= c->type_name != 0;
    if (!put_edge(h, c->super, SNAP_EDGE_INTERNAL, b->superclass) ||
        !put_edge(h, c->loader, SNAP_EDGE_INTERNAL, b->loader) ||
        !put_edge(h, c->signers, SNAP_EDGE_INTERNAL, b->signers) ||
        !put_edge(h, c->domain, SNAP_EDGE_INTERNAL, b->domain))
        return false;
    for (size_t i = 0; i < c->n_statics; i++) {
        uint64_t name = b->pool;
        if (f[i].type != HPROF_OBJECT || !f[i].value) continue;
        if (f[i].name && !hprof_send_name(h, f[i].name, &name)) return false;
        unsigned kind = is_static(h, &f[i]) ? SNAP_EDGE_STATIC : SNAP_EDGE_INTERNAL;
        if (!put_edge(h, f[i].value, kind, name)) return false;
    }
    return true;
}

/* The type of class objects: java.lang.Class, or one of our own. */
static bool class_type(struct hprof *h)
{
    const struct record_sink *k = h->sink;
    for (size_t i = 0; i < h->n_classes; i++)
        if (hprof_class_is(h, &h->classes[i], "java/lang/Class"))
            h->class_type = h->classes[i].type;
    if (h->class_type) return true;
    snap_type t = { .kind = SNAP_TYPE_META };
    if (!send_constant(h, "java.lang.Class", &t.name)) return false;
    h->class_type = ++h->next_type;
    return !k->type || hprof_sent(h, k->type(k->opaque, h->class_type, &t));
}

static bool put_classes(struct hprof *h)
{
    for (size_t i = 0; i < h->n_classes; i++)
        if (h->classes[i].defined && !put_class(h, &h->classes[i])) return false;
    return true;
}

/* ---- objects ------------------------------------------------------------------------------- */

static void set_stack(struct hprof *h, const struct hprof_object *o)
{
    struct hprof_batches *b = h->batches;
    const struct hprof_trace *t = o->trace && h->next_stack ? trace_find(h, o->trace) : NULL;
    if (!t || !t->stack) return;
    b->object.stack[b->object.rows - 1] = t->stack;
    b->object.any_stack = true;
}

/* A finalizer's record holds its object only once that is to be finalized; while it waits for the
 * object to die, it holds nothing. */
static unsigned slot_kind(const struct hprof *h, const struct hprof_class *c,
                          const struct hprof_slot *s, const struct hprof_object *o)
{
    if (s->kind != SNAP_EDGE_FINALIZER || c->state_offset == HPROF_NONE ||
        c->state_offset + h->id_size > o->bytes)
        return s->kind;
    return hprof_number(o->body + c->state_offset, h->id_size) ? SNAP_EDGE_FINALIZER
                                                               : SNAP_EDGE_WEAK;
}

/* Classes that are roots themselves need no reference from each instance to stay alive. */
static bool put_class_edge(struct hprof *h, const struct hprof_class *c)
{
    if (!c || c->sticky) return true;
    return put_edge(h, c->id, SNAP_EDGE_TYPE, 0);
}

/* How many elements a collection has, as it says itself. */
static void set_length(struct hprof *h, const struct hprof_class *c, const struct hprof_object *o)
{
    unsigned size = hprof_type_size(h, c->length_type);
    if (c->length_offset == HPROF_NONE || (uint64_t)c->length_offset + size > o->bytes) return;
    uint64_t n = hprof_number(o->body + c->length_offset, size);
    if (n <= INT32_MAX) put_length(h, n);
}

static void set_native(struct hprof *h, const struct hprof_object *o)
{
    struct hprof_batches *b = h->batches;
    uint64_t n = hprof_native_bytes(h, o);
    if (n) put_sparse(h, b->object.native, b->object.has_native, &b->object.any_native, n);
}

static bool put_instance(struct hprof *h, const struct hprof_object *o)
{
    struct hprof_class *c = hprof_class_near(h, o->class_id, false);
    uint64_t size = c && c->defined ? c->size : o->bytes + h->model.header;
    if (c && !c->planned && !hprof_plan(h, c)) return false;
    if (!put_row(h, o->id, c ? c->type : h->unknown_type, size, 0)) return false;
    set_stack(h, o);
    if (c && o->body) {
        set_length(h, c, o);
        set_native(h, o);
    }
    for (size_t i = 0; c && o->body && i < c->n_slots; i++) {
        const struct hprof_slot *s = &h->slots[c->slot + i];
        if (s->offset + h->id_size > o->bytes) break;
        if (!put_edge(h, hprof_number(o->body + s->offset, h->id_size), slot_kind(h, c, s, o),
                      s->name))
            return false;
    }
    return put_class_edge(h, c) && (!c || hprof_put_fields(h, c, o));
}

static bool put_array(struct hprof *h, const struct hprof_object *o)
{
    struct hprof_batches *b = h->batches;
    bool objects = o->tag == 0x22;
    const struct hprof_class *c = objects ? hprof_class_near(h, o->class_id, false) : NULL;
    uint64_t type = !objects ? h->primitive_type[o->type] : c ? c->type : h->unknown_type;
    unsigned element = objects ? h->model.ref : hprof_type_size(h, o->type);
    if (!put_row(h, o->id, type, hprof_array_size(&h->model, h->alignment, element, o->length), 0))
        return false;
    set_stack(h, o);
    put_length(h, o->length);
    if (!objects || !c || c->sticky) return true;
    /* Behind the elements, whose positions are their indexes. */
    b->index = o->length;
    bool ok = put_class_edge(h, c);
    b->index = 0;
    return ok;
}

bool hprof_put_object(struct hprof *h, const struct hprof_object *o)
{
    return o->tag == 0x21 ? put_instance(h, o) : put_array(h, o);
}

bool hprof_put_elements(struct hprof *h, uint64_t first, const unsigned char *at, size_t n)
{
    h->batches->index = first;
    for (size_t i = 0; i < n; i++)
        if (!put_edge(h, hprof_number(at + i * h->id_size, h->id_size), SNAP_EDGE_ELEMENT, 0))
            return false;
    return true;
}

/* ---- roots --------------------------------------------------------------------------------- */

static unsigned root_kind(uint8_t tag)
{
    switch (tag) {
    case 0x01: return SNAP_ROOT_NATIVE_GLOBAL;
    case 0x02: return SNAP_ROOT_NATIVE_LOCAL;
    case 0x03: return SNAP_ROOT_LOCAL;
    case 0x04: return SNAP_ROOT_NATIVE_STACK;
    case 0x05: return SNAP_ROOT_TYPE;
    case 0x06: return SNAP_ROOT_THREAD_BLOCK;
    case 0x07:
    case 0x8e: return SNAP_ROOT_MONITOR;
    case 0x08: return SNAP_ROOT_THREAD;
    case 0x89: return SNAP_ROOT_INTERNED;
    case 0x8a: return SNAP_ROOT_FINALIZING;
    case 0x8b: return SNAP_ROOT_DEBUGGER;
    case 0x8c:
    case 0x8d: return SNAP_ROOT_RUNTIME;
    case 0x90: return SNAP_ROOT_UNREACHABLE;
    default: return SNAP_ROOT_UNKNOWN;
    }
}

bool hprof_put_root(struct hprof *h, const struct hprof_root *r)
{
    struct hprof_batches *b = h->batches;
    if (b->root.rows == HPROF_BATCH && !send_roots(h)) return false;
    uint32_t i = b->root.rows++;
    const uint64_t *thread = r->thread ? u64map_get(&h->thread_of, r->thread) : NULL;
    const struct hprof_trace *t =
        thread ? trace_find(h, h->threads[*thread - 1].trace) : NULL;
    b->root.object[i] = r->object;
    b->root.kind[i] = root_kind(r->tag);
    b->root.thread[i] = thread ? *thread : 0;
    b->root.frame[i] = b->root.depth[i] = 0;
    bool in_frame = r->tag == 0x02 || r->tag == 0x03 || r->tag == 0x8e;
    if (!in_frame || !t || r->frame >= t->n) return true;
    const uint64_t *f = u64map_get(&h->frame_of, h->trace_frames[t->frame + r->frame]);
    if (!f) return true;
    b->root.frame[i] = h->frames[*f - 1].sent;
    b->root.depth[i] = r->frame;
    b->root.has_depth[i / 8] = (uint8_t)(b->root.has_depth[i / 8] | 1u << i % 8);
    return true;
}

/* ---- the pass ------------------------------------------------------------------------------ */

/* Classes of the boot loader are never unloaded, except hidden ones (of lambda forms), which live
 * as long as something refers to them. HotSpot lists all of the former as roots but those of
 * arrays; other runtimes list none at all. */
static bool boot_classes(struct hprof *h)
{
    bool listed = false;
    for (size_t i = 0; i < h->n_classes; i++) listed |= h->classes[i].sticky;
    for (size_t i = 0; i < h->n_classes; i++) {
        struct hprof_class *c = &h->classes[i];
        struct record_text name = hprof_text_of(h, c->name);
        if (!c->defined || c->loader || c->sticky) continue;
        if (listed && !(name.size && name.at[0] == '[')) continue;
        c->sticky = true;
        if (!hprof_put_root(h, &(struct hprof_root){ .object = c->id, .tag = 0x05 })) return false;
    }
    return true;
}

bool hprof_send_types(struct hprof *h)
{
    const struct record_sink *k = h->sink;
    snap_type unknown = { .kind = SNAP_TYPE_OTHER };
    if (!(h->batches = calloc(1, sizeof *h->batches))) return hprof_no_memory(h);
    for (size_t i = 0; i < h->n_classes; i++)
        if (!type_of_class(h, &h->classes[i])) return false;
    if (!primitive_types(h) || !class_type(h) ||
        !send_constant(h, "unknown class", &unknown.name))
        return false;
    h->unknown_type = ++h->next_type;
    return !k->type || hprof_sent(h, k->type(k->opaque, h->unknown_type, &unknown));
}

bool hprof_rows_begin(struct hprof *h)
{
    const struct record_sink *k = h->sink;
    snap_begin begin = { .wall_ns = h->time_ms < UINT64_MAX / 1000000 ? h->time_ms * 1000000 : 0 };
    if (!hprof_send_types(h)) return false;
    struct hprof_batches *b = h->batches;
    if (!send_constant(h, "superclass", &b->superclass) ||
        !send_constant(h, "classloader", &b->loader) ||
        !send_constant(h, "signers", &b->signers) ||
        !send_constant(h, "protection domain", &b->domain) ||
        !send_constant(h, "constant pool", &b->pool))
        return false;
    for (size_t i = 0; i < h->n_traces; i++)
        if (!send_trace(h, &h->traces[i])) return false;
    if (k->begin && !hprof_sent(h, k->begin(k->opaque, 1, &begin))) return false;
    return send_threads(h) && boot_classes(h) && put_classes(h);
}

bool hprof_rows_end(struct hprof *h)
{
    const struct record_sink *k = h->sink;
    if (!send_edges(h) || !send_roots(h)) return false;
    snap_finish f = { .objects = h->batches->objects_sent, .edges = h->batches->edges_sent,
                      .roots = h->batches->roots_sent };
    if (h->result->complete) f.flags = SNAP_FINISH_COMPLETE;
    return !k->finish || hprof_sent(h, k->finish(k->opaque, 1, &f));
}
