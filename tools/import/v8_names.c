/* SPDX-License-Identifier: MIT */
/*
 * Strings of a V8 heap snapshot. One array holds the names of classes, functions and properties
 * as well as the contents of the program's strings; which is which shows by who refers to a string.
 * So a string is handed on when a name is made of it, and contents only when they are asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "import/v8_private.h"

/* What the nodes of a kind are called, and what their names are. */
static const struct {
    const char *generic;
    uint8_t kind; /* snap_type_kind */
    uint8_t is;   /* enum v8_name_is */
} rules[] = {
    [V8_HIDDEN] = { "(system)", SNAP_TYPE_INTERNAL, V8_NAME_IS_TYPE },
    [V8_ARRAY] = { "(array)", SNAP_TYPE_ARRAY, V8_NAME_IS_TYPE },
    [V8_STRING] = { "(string)", SNAP_TYPE_STRING, V8_NAME_IS_CONTENT },
    [V8_OBJECT] = { "(object)", SNAP_TYPE_CLASS, V8_NAME_IS_TYPE },
    [V8_CODE] = { "(compiled code)", SNAP_TYPE_CODE, V8_NAME_IS_OWN },
    [V8_CLOSURE] = { "Function", SNAP_TYPE_CODE, V8_NAME_IS_OWN },
    [V8_REGEXP] = { "RegExp", SNAP_TYPE_BUILTIN, V8_NAME_IS_CONTENT },
    [V8_NUMBER] = { "(number)", SNAP_TYPE_BUILTIN, V8_NAME_IS_CONTENT },
    [V8_NATIVE] = { "(native)", SNAP_TYPE_NATIVE, V8_NAME_IS_TYPE },
    [V8_SYNTHETIC] = { "(root)", SNAP_TYPE_INTERNAL, V8_NAME_IS_TYPE },
    [V8_CONCATENATED] = { "(concatenated string)", SNAP_TYPE_STRING, V8_NAME_IS_CONTENT },
    [V8_SLICED] = { "(sliced string)", SNAP_TYPE_STRING, V8_NAME_IS_CONTENT },
    [V8_SYMBOL] = { "(symbol)", SNAP_TYPE_BUILTIN, V8_NAME_IS_CONTENT },
    [V8_BIGINT] = { "(bigint)", SNAP_TYPE_BUILTIN, V8_NAME_IS_CONTENT },
    [V8_SHAPE] = { "(object shape)", SNAP_TYPE_INTERNAL, V8_NAME_IS_TYPE },
    [V8_WASM] = { "(wasm object)", SNAP_TYPE_BUILTIN, V8_NAME_IS_TYPE },
    [V8_UNKNOWN_NODE] = { "(unknown)", SNAP_TYPE_OTHER, V8_NAME_IS_CONTENT },
};

static uint32_t flags_of(enum v8_node kind)
{
    return kind == V8_SHAPE ? SNAP_TYPE_SHAPE : kind == V8_SYNTHETIC ? SNAP_TYPE_SYNTHETIC : 0;
}

/* ---- the array ----------------------------------------------------------------------------- */

static bool starts_with(struct record_text t, const char *s)
{
    size_t n = strlen(s);
    return t.size >= n && memcmp(t.at, s, n) == 0;
}

static bool ends_with(struct record_text t, const char *s)
{
    size_t n = strlen(s);
    return t.size >= n && memcmp(t.at + t.size - n, s, n) == 0;
}

/* A number at *at, then the text `s`; both taken. */
static bool take(struct record_text *t, const char *s)
{
    if (!starts_with(*t, s)) return false;
    t->at += strlen(s);
    t->size -= strlen(s);
    return true;
}

static bool take_number(struct record_text *t, uint64_t *value)
{
    size_t n = 0;
    *value = 0;
    for (; n < t->size && t->at[n] >= '0' && t->at[n] <= '9' && n < 19; n++)
        *value = *value * 10 + (uint64_t)(t->at[n] - '0');
    t->at += n;
    t->size -= n;
    return n > 0;
}

/* "7 / part of key (K @1) -> value (V @2) pair in WeakMap (table @3)": the number at the end. K and
 * V are any text. */
bool v8_table_id(struct record_text t, uint64_t *id)
{
    static const char middle[] = " pair in WeakMap (table @";
    uint64_t number;
    if (!t.size || t.at[t.size - 1] != ')' || !take_number(&t, &number) ||
        !take(&t, " / part of key ("))
        return false;
    /* The digits before the last parenthesis, then what stands before them. */
    size_t at = t.size - 1;
    while (at > 0 && t.at[at - 1] >= '0' && t.at[at - 1] <= '9') at--;
    if (at < sizeof middle - 1 || memcmp(t.at + at - (sizeof middle - 1), middle,
                                         sizeof middle - 1) != 0)
        return false;
    t = (struct record_text){ t.at + at, t.size - at };
    return take_number(&t, id) && t.size == 1;
}

bool v8_number(struct record_text t, uint64_t *value)
{
    return t.size <= 10 && take_number(&t, value) && !t.size;
}

/* The string that the parser has just taken. */
static bool keep_string(struct v8_reading *v)
{
    struct v8_strings *s = &v->strings;
    const struct jstream *j = &v->json;
    struct record_text text = { j->text, j->text_size };
    uint64_t table;
    if (s->n == UINT32_MAX - 1) return jstream_fail(&v->json, "too many strings");
    if (!v8_grow(v, &s->bytes, &s->cap, s->size + text.size + 1, 1) ||
        !v8_grow(v, &s->end, &s->end_cap, s->n + 1, sizeof *s->end))
        return false;
    memcpy(s->bytes + s->size, text.at, text.size);
    s->size += text.size;
    s->end[s->n++] = s->size;
    if (v8_table_id(text, &table)) {
        uint64_t *there = u64map_put(&v->table_ids, table, NULL);
        if (!there) return v8_no_memory(v);
        *there = 1;
    }
    return true;
}

bool v8_read_strings(struct v8_reading *v)
{
    struct jstream_place place = jstream_enter(&v->json, '[');
    v->strings.n = v->strings.size = 0;
    while (jstream_element(&v->json, &place))
        if (!jstream_string(&v->json) || !keep_string(v)) return false;
    return !v->json.error;
}

struct record_text v8_text(const struct v8_reading *v, uint64_t index)
{
    const struct v8_strings *s = &v->strings;
    if (index >= s->n) return (struct record_text){ "", 0 };
    uint64_t from = index ? s->end[index - 1] : 0;
    return (struct record_text){ s->bytes + from, (size_t)(s->end[index] - from) };
}

/* ---- names --------------------------------------------------------------------------------- */

bool v8_define(struct v8_reading *v, struct record_text text, uint64_t *id)
{
    if (v->next_string == V8_NUMBER_NAME - 1) return jstream_fail(&v->json, "too many names");
    *id = ++v->next_string;
    return !v->sink->string || v8_sent(v, v->sink->string(v->sink->opaque, *id, text));
}

bool v8_edge_name(struct v8_reading *v, uint64_t index, uint64_t *id)
{
    struct v8_strings *s = &v->strings;
    uint64_t table;
    *id = 0;
    if (index >= s->n) {
        v->bad_names += !v->cut;
        return true;
    }
    if (!s->id[index]) {
        struct record_text text = v8_text(v, index);
        if (!text.size) return true;
        if (v->table_ids.n && v8_table_id(text, &table)) {
            s->id[index] = V8_EPHEMERON;
        } else if (v8_number(text, &table)) {
            s->id[index] = V8_NUMBER_NAME;
        } else {
            if (!v8_define(v, text, id)) return false;
            s->id[index] = (uint32_t)*id;
        }
    }
    *id = s->id[index];
    return true;
}

bool v8_name(struct v8_reading *v, uint64_t index, uint64_t *id)
{
    static const char entry[] = "(weak map entry)";
    if (!v8_edge_name(v, index, id)) return false;
    if (*id < V8_NUMBER_NAME) return true;
    return v8_define(v, *id == V8_EPHEMERON ? (struct record_text){ entry, sizeof entry - 1 }
                                            : v8_text(v, index), id);
}

/* ---- types --------------------------------------------------------------------------------- */

/* The name of a document's element holds its attributes: "<div id=...>". The tag is the type. */
static bool send_tag(struct v8_reading *v, struct record_text text, uint64_t *id)
{
    char tag[66];
    size_t n = 0;
    while (n < text.size && n < sizeof tag - 2 && text.at[n] != ' ' && text.at[n] != '>') n++;
    memcpy(tag, text.at, n);
    tag[n++] = '>';
    return v8_define(v, (struct record_text){ tag, n }, id);
}

/* Newer versions of V8 tell what a part of theirs belongs to: "system / Code / Array.from". The
 * type is what stands before the second stroke; its size, 0: not such a name. */
static size_t first_part(struct record_text text)
{
    static const char system[] = "system / ", stroke[] = " / ";
    if (!starts_with(text, system)) return 0;
    for (size_t i = sizeof system - 1; i + sizeof stroke - 1 < text.size; i++)
        if (memcmp(text.at + i, stroke, sizeof stroke - 1) == 0) return i;
    return 0;
}

bool v8_part_name(struct v8_reading *v, uint32_t name, uint64_t *id)
{
    static const char scope[] = "scope @";
    struct record_text text = v8_text(v, name);
    size_t n = first_part(text) + 3;
    *id = 0;
    text.at += n;
    text.size -= n;
    if (starts_with(text, scope)) return true; /* an id that says nothing */
    bool is_new;
    uint64_t *known = u64map_put(&v->parts, name, &is_new);
    if (!known) return v8_no_memory(v);
    if (is_new) {
        uint64_t made = 0;
        if (!v8_define(v, text, &made)) return false;
        *known = made;
    }
    *id = *known;
    return true;
}

/* A type whose name is the first `size` bytes of a string. */
static bool send_parted(struct v8_reading *v, enum v8_node kind, uint32_t name, size_t size,
                        uint64_t *id)
{
    snap_type type = { .kind = rules[kind].kind, .flags = flags_of(kind) };
    struct record_text text = { v8_text(v, name).at, size };
    for (size_t i = 0; i < v->n_parted; i++)
        if (v->parted[i].kind == kind && v->parted[i].size == size &&
            memcmp(v8_text(v, v->parted[i].name).at, text.at, size) == 0) {
            *id = v->parted[i].type;
            return true;
        }
    if (!v8_define(v, text, &type.name)) return false;
    *id = ++v->next_type;
    if (v->n_parted < V8_MAX_PARTED) {
        v->parted[v->n_parted].kind = (uint8_t)kind;
        v->parted[v->n_parted].name = name;
        v->parted[v->n_parted].size = size;
        v->parted[v->n_parted++].type = *id;
    }
    return !v->sink->type || v8_sent(v, v->sink->type(v->sink->opaque, *id, &type));
}

static bool send_type(struct v8_reading *v, enum v8_node kind, uint32_t name, uint64_t *id)
{
    snap_type type = { .kind = rules[kind].kind, .flags = flags_of(kind) };
    struct record_text text = v8_text(v, name);
    size_t part = name == V8_NONE ? 0 : first_part(text);
    bool sent;
    if (part) return send_parted(v, kind, name, part, id);
    if (name == V8_NONE || !text.size)
        sent = v8_define(v, (struct record_text){ rules[kind].generic,
                                                  strlen(rules[kind].generic) }, &type.name);
    else if (kind == V8_NATIVE && text.at[0] == '<')
        sent = send_tag(v, text, &type.name);
    else
        sent = v8_name(v, name, &type.name);
    if (!sent) return false;
    *id = ++v->next_type;
    return !v->sink->type || v8_sent(v, v->sink->type(v->sink->opaque, *id, &type));
}

/* Code is named after its function, or says what part of it this is: "system / BytecodeArray",
 * "(constant pool)". Names of the second kind are few, but for some that name functions again. */
static bool is_internal_name(struct record_text name)
{
    static const char *const functions[] = { " builtin)", " builtin handle)", " builtin code)" };
    if (starts_with(name, "system / ")) return true;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (ends_with(name, functions[i])) return false;
    return starts_with(name, "(") && !starts_with(name, "(code for ");
}

bool v8_type(struct v8_reading *v, enum v8_node kind, uint32_t name, uint64_t *id,
             enum v8_name_is *is)
{
    *is = (enum v8_name_is)rules[kind].is;
    if (kind == V8_CODE) {
        struct record_text text = v8_text(v, name);
        if (is_internal_name(text)) *is = V8_NAME_IS_TYPE;
    }
    if (*is == V8_NAME_IS_TYPE && name < v->strings.n && first_part(v8_text(v, name)))
        *is = V8_NAME_IS_PARTED;
    bool named = *is == V8_NAME_IS_TYPE || *is == V8_NAME_IS_PARTED;
    if (!named || name >= v->strings.n) name = V8_NONE;
    bool is_new;
    uint64_t *type = u64map_put(&v->types, (uint64_t)kind << 32 | name, &is_new);
    if (!type) return v8_no_memory(v);
    if (is_new) {
        uint64_t made;
        if (!send_type(v, kind, name, &made)) return false;
        *type = made;
    }
    *id = *type;
    return true;
}
