/* SPDX-License-Identifier: MIT */
/*
 * Ruby heap dumps (ObjectSpace.dump_all: one JSON object a line) as a source of records. What maps
 * to what is told in format/ruby.md.
 *
 * Two passes: classes first, since an object may stand before the class that it names by address.
 * Memory: 32 bytes a class, and what one line needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "import/file_source.h"
#include "import/name_table.h"
#include "import/ruby_private.h"

enum { ROWS = 4096, WORDS = ROWS / 8 };

struct object_batch {
    uint64_t id[ROWS], type[ROWS], size[ROWS], flags[ROWS], name[ROWS], stack[ROWS], length[ROWS],
        capacity[ROWS], resource[ROWS], state[ROWS];
    uint8_t has_length[WORDS], has_capacity[WORDS], has_resource[WORDS];
    uint32_t rows;
};

struct edge_batch {
    uint64_t source[ROWS], target[ROWS], kind[ROWS], index[ROWS];
    uint32_t rows;
};

struct root_batch {
    uint64_t object[ROWS], kind[ROWS], name[ROWS];
    uint32_t rows;
};

struct reading {
    const char *path;
    const struct record_sink *sink;
    const struct import_options *options;
    struct import_result *result;
    const struct file_source *source;
    struct jstream json;
    struct ruby_line line;
    struct name_table names;
    struct u64map class_name; /* address of a class -> id of its name */
    struct u64map class_super; /* of a class without a name of its own -> its superclass */
    struct u64set singletons;  /* addresses of singleton classes */
    struct u64map types;
    uint64_t next_type;
    struct object_batch objects;
    struct edge_batch edges;
    struct root_batch roots;
    uint64_t n_objects, n_edges, n_roots, no_address;
    struct u64set there;  /* addresses of objects, all or those of a sample */
    uint64_t sample;      /* bits that are 0 in what is hashed of a sampled one */
    bool dangling;        /* a reference leads to none of them */
    bool unfinished;      /* the last line has no end */
    const char *damage;   /* of the file's end or its wrapper */
    uint64_t damage_offset;
    bool stopped, no_memory;
};

/* Addresses that are remembered, at most. */
enum { MAX_THERE = 1 << 20 };

static bool no_memory(struct reading *r)
{
    r->no_memory = true;
    return jstream_fail(&r->json, "no memory");
}

/* An answer of the sink, or of the table of names. */
static bool sent(struct reading *r, int status)
{
    if (status == RECORD_OK) return true;
    if (status == NAME_NO_MEMORY) return no_memory(r);
    r->stopped = true;
    return jstream_fail(&r->json, "stopped");
}

static struct record_text text_of(const char *s)
{
    return (struct record_text){ s, strlen(s) };
}

static void damage(struct reading *r, uint64_t offset, const char *text)
{
    r->result->complete = false;
    if (r->sink->damage) r->sink->damage(r->sink->opaque, offset, text);
}

/* ---- classes ------------------------------------------------------------------------------- */

/* A singleton class is called by the class of the object that it belongs to. */
static bool note_class(struct reading *r)
{
    const struct ruby_line *l = &r->line;
    if (!l->has_address ||
        (l->type != RUBY_CLASS && l->type != RUBY_MODULE && l->type != RUBY_ICLASS))
        return true;
    struct record_text name = ruby_text(&l->name);
    if (!name.size && l->singleton) name = ruby_text(&l->real_class);
    uint64_t id = l->superclass;
    if (!name.size && !(l->has_superclass && (l->singleton || l->type == RUBY_ICLASS)))
        name = text_of(l->type == RUBY_MODULE ? "(anonymous module)" : "(anonymous class)");
    if (name.size && !sent(r, name_string(&r->names, name, &id))) return false;
    uint64_t *slot = u64map_put(name.size ? &r->class_name : &r->class_super, l->address, NULL);
    if (!slot) return no_memory(r);
    *slot = id;
    return !l->singleton || u64set_add(&r->singletons, l->address) != U64SET_NO_MEMORY ||
           no_memory(r);
}

/* The id of the name of a class; 0 when it is not known. */
static uint64_t class_name(const struct reading *r, uint64_t address)
{
    for (int steps = 0; steps < 64; steps++) {
        const uint64_t *name = u64map_get(&r->class_name, address);
        if (name) return *name;
        const uint64_t *super = u64map_get(&r->class_super, address);
        if (!super) return 0;
        address = *super;
    }
    return 0;
}

/* ---- what is there -------------------------------------------------------------------------- */

/* A dump has no end mark, so one that is cut between two lines shows by references to what is not
 * there: Ruby's own lead to lines of the dump. All addresses are remembered, or, of a large heap, every
 * second, fourth, eighth by a hash. */
static bool sampled(const struct reading *r, uint64_t address)
{
    return ((address * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & r->sample) == 0;
}

/* Half as many. */
static bool thin_out(struct reading *r)
{
    struct u64set old = r->there;
    bool ok = true;
    r->there = (struct u64set){ 0 };
    r->sample = r->sample << 1 | 1;
    for (size_t i = 0; ok && old.slots && i <= old.mask; i++)
        if (old.slots[i] && sampled(r, old.slots[i]))
            ok = u64set_add(&r->there, old.slots[i]) != U64SET_NO_MEMORY;
    u64set_free(&old);
    return ok || no_memory(r);
}

static bool note_address(struct reading *r)
{
    const struct ruby_line *l = &r->line;
    if (!l->has_address || l->type == RUBY_ROOT || !sampled(r, l->address)) return true;
    if (u64set_add(&r->there, l->address) == U64SET_NO_MEMORY) return no_memory(r);
    return r->there.n < MAX_THERE || thin_out(r);
}

static void check_references(struct reading *r)
{
    const struct ruby_line *l = &r->line;
    for (size_t i = 0; i < l->n_references && !r->dangling; i++)
        r->dangling = l->reference[i] && sampled(r, l->reference[i]) &&
                      !u64set_has(&r->there, l->reference[i]);
}

/* ---- types --------------------------------------------------------------------------------- */

static const uint8_t type_kinds[RUBY_TYPES] = {
    [RUBY_OTHER] = SNAP_TYPE_OTHER,     [RUBY_OBJECT] = SNAP_TYPE_CLASS,
    [RUBY_CLASS] = SNAP_TYPE_META,      [RUBY_MODULE] = SNAP_TYPE_META,
    [RUBY_ICLASS] = SNAP_TYPE_META,     [RUBY_STRING] = SNAP_TYPE_STRING,
    [RUBY_SYMBOL] = SNAP_TYPE_STRING,   [RUBY_ARRAY] = SNAP_TYPE_ARRAY,
    [RUBY_HASH] = SNAP_TYPE_BUILTIN,    [RUBY_STRUCT] = SNAP_TYPE_CLASS,
    [RUBY_DATA] = SNAP_TYPE_BUILTIN,    [RUBY_FILE] = SNAP_TYPE_BUILTIN,
    [RUBY_IMEMO] = SNAP_TYPE_INTERNAL,  [RUBY_NUMBER] = SNAP_TYPE_BUILTIN,
    [RUBY_REGEXP] = SNAP_TYPE_BUILTIN,  [RUBY_MATCH] = SNAP_TYPE_BUILTIN,
    [RUBY_ROOT] = SNAP_TYPE_OTHER,
};

/* What the runtime keeps for itself has no class: "(imemo iseq)", "(STRING)", "(DATA thread)". */
static bool internal_name(struct reading *r, uint64_t *id)
{
    char text[160];
    const struct ruby_line *l = &r->line;
    struct record_text detail = ruby_text(l->type == RUBY_IMEMO ? &l->imemo : &l->structure);
    struct record_text type = ruby_text(&l->type_name);
    int n = snprintf(text, sizeof text, "(%.*s%s%.*s)", (int)(type.size < 60 ? type.size : 60),
                     type.at, detail.size ? " " : "", (int)(detail.size < 60 ? detail.size : 60),
                     detail.at);
    return sent(r, name_string(&r->names, (struct record_text){ text, (size_t)n }, id));
}

static bool type_of(struct reading *r, uint64_t *id)
{
    const struct ruby_line *l = &r->line;
    snap_type type = { .kind = type_kinds[l->type] };
    bool fresh;
    /* The class of an imemo is no class. */
    if (l->has_class && l->type != RUBY_IMEMO) type.name = class_name(r, l->class);
    /* A singleton class, which every class has, is not what the type is called by. */
    if (type.name && !u64set_has(&r->singletons, l->class)) type.object = l->class;
    else if (type.name) type.object = 0;
    else if (!internal_name(r, &type.name)) return false;
    uint64_t key = (type.object ? type.object : type.name << 56 | type.name) * RUBY_TYPES +
                   (uint64_t)l->type;
    uint64_t *slot = u64map_put(&r->types, key, &fresh);
    if (!slot) return no_memory(r);
    if (fresh) *slot = ++r->next_type;
    *id = *slot;
    return !fresh || !r->sink->type || sent(r, r->sink->type(r->sink->opaque, *id, &type));
}

/* Where the object was made, when the program traced allocations. */
static bool stack_of(struct reading *r, uint64_t *id)
{
    const struct ruby_line *l = &r->line;
    snap_frame frame = { .language = SNAP_LANGUAGE_RUBY,
                         .line = l->line <= INT32_MAX ? (uint32_t)l->line : 0 };
    uint64_t of;
    struct record_text method = ruby_text(&l->method);
    *id = 0;
    if (!l->file.size) return true;
    if (!method.size) method = text_of("(top)");
    return sent(r, name_string(&r->names, method, &frame.function)) &&
           sent(r, name_string(&r->names, ruby_text(&l->file), &frame.file)) &&
           sent(r, name_frame(&r->names, &frame, &of)) &&
           sent(r, name_stack(&r->names, 0, of, id));
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool send_objects(struct reading *r)
{
    struct object_batch *b = &r->objects;
    const struct record_sink *k = r->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->rows, .first = r->n_objects,
                                  .offset = jstream_offset(&r->json) };
    struct record_column *c = batch.column;
    if (!b->rows) return true;
    c[SNAP_COL_OBJECT_ID].value = b->id;
    c[SNAP_COL_OBJECT_TYPE].value = b->type;
    c[SNAP_COL_OBJECT_SHALLOW].value = b->size;
    c[SNAP_COL_OBJECT_FLAGS].value = b->flags;
    c[SNAP_COL_OBJECT_NAME].value = b->name;
    c[SNAP_COL_OBJECT_STACK].value = b->stack;
    c[SNAP_COL_OBJECT_LENGTH] = (struct record_column){ b->length, b->has_length };
    c[SNAP_COL_OBJECT_CAPACITY] = (struct record_column){ b->capacity, b->has_capacity };
    c[SNAP_COL_OBJECT_RESOURCE] = (struct record_column){ b->resource, b->has_resource };
    c[SNAP_COL_OBJECT_STATE] = (struct record_column){ b->state, b->has_resource };
    if (k->objects && !sent(r, k->objects(k->opaque, &batch))) return false;
    r->n_objects += b->rows;
    b->rows = 0;
    memset(b->has_length, 0, sizeof b->has_length);
    memset(b->has_capacity, 0, sizeof b->has_capacity);
    memset(b->has_resource, 0, sizeof b->has_resource);
    return true;
}

/* Objects go before their edges. */
static bool send_edges(struct reading *r)
{
    struct edge_batch *b = &r->edges;
    const struct record_sink *k = r->sink;
    if (!send_objects(r)) return false;
    struct record_batch batch = { .snapshot = 1, .rows = b->rows, .edge_index = b->index,
                                  .offset = jstream_offset(&r->json) };
    if (!b->rows) return true;
    batch.column[SNAP_COL_EDGE_SOURCE].value = b->source;
    batch.column[SNAP_COL_EDGE_TARGET].value = b->target;
    batch.column[SNAP_COL_EDGE_KIND].value = b->kind;
    batch.column[SNAP_COL_EDGE_INDEX].value = b->index;
    r->n_edges += b->rows;
    b->rows = 0;
    return !k->edges || sent(r, k->edges(k->opaque, &batch));
}

static bool send_roots(struct reading *r)
{
    struct root_batch *b = &r->roots;
    const struct record_sink *k = r->sink;
    struct record_batch batch = { .snapshot = 1, .rows = b->rows,
                                  .offset = jstream_offset(&r->json) };
    if (!b->rows) return true;
    batch.column[SNAP_COL_ROOT_OBJECT].value = b->object;
    batch.column[SNAP_COL_ROOT_KIND].value = b->kind;
    batch.column[SNAP_COL_ROOT_NAME].value = b->name;
    r->n_roots += b->rows;
    b->rows = 0;
    return !k->roots || sent(r, k->roots(k->opaque, &batch));
}

static void set(uint8_t *bits, uint32_t i, bool value)
{
    if (value) bits[i / 8] |= (uint8_t)(1u << (i % 8));
}

static bool put_edge(struct reading *r, uint64_t source, uint64_t target, uint8_t kind,
                     uint64_t index)
{
    struct edge_batch *b = &r->edges;
    uint32_t i = b->rows;
    b->source[i] = source;
    b->target[i] = target;
    b->kind[i] = kind;
    b->index[i] = index;
    return ++b->rows < ROWS || send_edges(r);
}

static bool put_object(struct reading *r)
{
    struct object_batch *b = &r->objects;
    const struct ruby_line *l = &r->line;
    uint32_t i = b->rows;
    uint64_t ordinal = r->n_objects + i;
    bool is_class = l->type == RUBY_CLASS || l->type == RUBY_MODULE;
    if (!type_of(r, &b->type[i]) || !stack_of(r, &b->stack[i])) return false;
    b->id[i] = l->address;
    b->size[i] = l->memsize;
    b->flags[i] = (is_class ? SNAP_OBJECT_CLASS : 0u) | (l->fstring ? SNAP_OBJECT_INTERNED : 0u);
    b->name[i] = 0;
    if (is_class && !sent(r, name_string(&r->names, ruby_text(&l->name), &b->name[i])))
        return false;
    b->length[i] = l->has_length ? l->length : 0;
    b->capacity[i] = l->has_capacity ? l->capacity : 0;
    set(b->has_length, i, l->has_length);
    set(b->has_capacity, i, l->has_capacity);
    b->resource[i] = l->type == RUBY_FILE ? SNAP_RESOURCE_FILE : 0;
    b->state[i] = b->resource[i] ? (l->is_open ? SNAP_STATE_OPEN : SNAP_STATE_CLOSED) : 0;
    set(b->has_resource, i, b->resource[i]);
    if (++b->rows == ROWS && !send_objects(r)) return false;

    uint8_t kind = l->type == RUBY_ARRAY || l->type == RUBY_HASH ? SNAP_EDGE_ELEMENT
                   : l->type == RUBY_OBJECT || l->type == RUBY_STRUCT ? SNAP_EDGE_ATTRIBUTE
                                                                      : SNAP_EDGE_INTERNAL;
    for (size_t e = 0; e < l->n_references; e++)
        if (!put_edge(r, ordinal, l->reference[e], kind, e)) return false;
    if (l->has_class && l->type != RUBY_IMEMO &&
        !put_edge(r, ordinal, l->class, SNAP_EDGE_TYPE, l->n_references))
        return false;
    if (!l->has_value || !r->options || !r->options->values || !r->sink->value) return true;
    return send_objects(r) &&
           sent(r, r->sink->value(r->sink->opaque, 1, ordinal, ruby_text(&l->value)));
}

static bool put_roots(struct reading *r)
{
    static const struct {
        const char *name;
        uint8_t kind;
    } kinds[] = {
        { "machine_context", SNAP_ROOT_NATIVE_STACK }, { "global_tbl", SNAP_ROOT_GLOBAL },
        { "global_list", SNAP_ROOT_NATIVE_GLOBAL },    { "end_proc", SNAP_ROOT_CALLBACK },
        { "finalizers", SNAP_ROOT_CALLBACK },          { "global_symbols", SNAP_ROOT_INTERNED },
        { "symbols", SNAP_ROOT_INTERNED },
    };
    const struct ruby_line *l = &r->line;
    struct root_batch *b = &r->roots;
    uint8_t kind = SNAP_ROOT_RUNTIME;
    uint64_t name;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (l->root.at && l->root.size && strcmp(l->root.at, kinds[i].name) == 0)
            kind = kinds[i].kind;
    if (!sent(r, name_string(&r->names, ruby_text(&l->root), &name))) return false;
    for (size_t e = 0; e < l->n_references; e++) {
        b->object[b->rows] = l->reference[e];
        b->kind[b->rows] = kind;
        b->name[b->rows] = name;
        if (++b->rows == ROWS && !send_roots(r)) return false;
    }
    return true;
}

static bool put_line(struct reading *r)
{
    const struct ruby_line *l = &r->line;
    check_references(r);
    if (l->type == RUBY_ROOT) return put_roots(r);
    /* A slot of the heap that holds nothing. */
    if (l->type == RUBY_OTHER && l->type_name.size == 4 && !memcmp(l->type_name.at, "NONE", 4))
        return true;
    if (l->has_address) return put_object(r);
    r->no_address++;
    return true;
}

/* ---- passes -------------------------------------------------------------------------------- */

static bool send_facts(struct reading *r)
{
    static const char *const facts[][2] = {
        { "runtime.name", "ruby" }, { "id.kind", "address" }, { "id.stable", "yes" },
        { "size.model", "reported" }, { "names", "none" },
    };
    return sent(r, import_begin(r->sink, r->options, facts, sizeof facts / sizeof *facts));
}

static bool pass(struct reading *r, bool names)
{
    uint64_t end = 0;
    while (jstream_more(&r->json)) {
        if (!ruby_line_read(&r->json, &r->line, names)) return false;
        if (!(names ? note_address(r) && note_class(r) : put_line(r))) return false;
        end = jstream_offset(&r->json);
    }
    r->unfinished = end == jstream_offset(&r->json);
    return !r->json.error;
}

/* After a pass: goes on after a cut, says what was wrong otherwise. */
static bool pass_usable(struct reading *r, bool last)
{
    const struct jstream *j = &r->json;
    if (!j->error) return true;
    if (r->stopped) return false;
    if (r->no_memory || j->no_memory) {
        message_no_memory("reading a dump");
    } else if (j->error_errno) {
        message_errno(r->path, j->error_errno, "cannot read");
    } else if (j->ended) {
        if (!last) return true;
        r->damage_offset = j->error_offset;
        r->damage = file_source_damage(r->source, &r->damage_offset);
        if (!r->damage) r->damage = "the file ends early";
        return true;
    } else {
        message_error(r->path, j->error_offset, NULL, "not a whole Ruby heap dump: %s", j->error);
    }
    return false;
}

static bool send_finish(struct reading *r)
{
    const struct record_sink *k = r->sink;
    char text[96];
    if (r->damage) damage(r, r->damage_offset, r->damage);
    else if (r->unfinished) damage(r, jstream_offset(&r->json), "the file ends within a line");
    else if (r->dangling)
        damage(r, jstream_offset(&r->json), "references lead to objects that are not there: the "
               "file ends early, or is of a part of the heap");
    if (r->no_address) {
        snprintf(text, sizeof text, "lines dropped that have no address: %llu",
                 (unsigned long long)r->no_address);
        damage(r, UINT64_MAX, text);
    }
    snap_finish finish = {
        .objects = r->n_objects, .edges = r->n_edges, .roots = r->n_roots,
        .flags = r->result->complete ? SNAP_FINISH_COMPLETE : 0,
    };
    return !k->finish || sent(r, k->finish(k->opaque, 1, &finish));
}

static bool read_file(struct reading *r, struct file_source *s)
{
    pass(r, true);
    if (!pass_usable(r, false)) return false;
    r->damage = file_source_rest(s, &r->damage_offset);
    file_source_identity(s, r->result);
    if (!file_source_again(s, r->options)) return false;
    jstream_stop(&r->json);
    if (!jstream_start(&r->json, file_source_read, s)) {
        message_no_memory("reading a dump");
        return false;
    }
    if (send_facts(r)) pass(r, false);
    if (!pass_usable(r, true)) return false;
    r->json.error = NULL; /* of a cut: what was read goes out */
    return send_edges(r) && send_roots(r) && send_finish(r);
}

static int ruby_read(const char *path, const struct record_sink *sink,
                     const struct import_options *options, struct import_result *result)
{
    struct file_source s;
    struct unwrap_problem problem;
    int status = RECORD_STOP;
    *result = (struct import_result){ .complete = true };
    if (!file_source_open(&s, path, true, &problem)) {
        unwrap_report(path, &problem);
        return RECORD_STOP;
    }
    struct reading *r = calloc(1, sizeof *r);
    if (r) {
        r->path = path;
        r->sink = r->names.sink = sink;
        r->options = options;
        r->result = result;
        r->source = &s;
    }
    if (!r || !jstream_start(&r->json, file_source_read, &s))
        message_no_memory("reading a dump");
    else if (read_file(r, &s))
        status = RECORD_OK;
    if (r) {
        jstream_stop(&r->json);
        ruby_line_free(&r->line);
        name_table_free(&r->names);
        u64map_free(&r->class_name);
        u64map_free(&r->class_super);
        u64set_free(&r->singletons);
        u64map_free(&r->types);
        u64set_free(&r->there);
    }
    free(r);
    file_source_close(&s);
    return status;
}

static int ruby_bid(const unsigned char *head, size_t n)
{
    static const char *const object[] = { "{", "\"address\"", ":", "\"0x", NULL };
    static const char *const root[] = { "{", "\"type\"", ":", "\"ROOT\"", NULL };
    return jstream_begins(head, n, object) || jstream_begins(head, n, root) ? 80 : 0;
}

const struct import_format import_ruby = {
    .name = "ruby", .what = "a Ruby heap dump", .bid = ruby_bid, .read = ruby_read,
};
