/* SPDX-License-Identifier: MIT */
/*
 * Signatures as a tree of steps. Nodes are found again by (parent, label, type) in an
 * open-addressing table that is at most half full. Nothing recurses.
 */
#include "db/diff_sign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "db/collection.h"
#include "db/heapdb.h"
#include "heap/match.h"

static const char DICT_NAME[] = "__dict__";
static const char DICT_LABEL[] = ".__dict__";

/* A name, cut where it is too long to be read; the hash keeps different ones apart. */
static void add_name(struct text *out, const char *name, size_t n)
{
    size_t keep = n;
    if (n > SIGN_NAME_MAX) {
        keep = SIGN_NAME_MAX;
        while (keep > 0 && ((unsigned char)name[keep] & 0xc0) == 0x80) keep--;
    }
    text_add(out, name, keep);
    if (keep < n) text_addf(out, "...#%016" PRIx64, texts_hash_bytes(name, n));
}

static void add_quoted(struct text *out, const char *name, size_t n)
{
    struct text cut = { 0 };
    add_name(&cut, name, n);
    text_add(out, "'", 1);
    for (size_t i = 0; i < cut.n; i++) {
        if (cut.s[i] == '\'') text_add(out, "'", 1);
        text_add(out, cut.s + i, 1);
    }
    text_add(out, "'", 1);
    if (cut.failed) out->failed = true;
    text_free(&cut);
}

static bool is_identifier(const char *s, size_t n)
{
    if (n == 0 || (s[0] >= '0' && s[0] <= '9')) return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '$' && c < 0x80) return false;
    }
    return true;
}

static void add_attribute(struct text *out, const char *name, size_t n)
{
    text_add(out, ".", 1);
    if (is_identifier(name, n))
        add_name(out, name, n);
    else
        add_quoted(out, name, n);
}

void sign_label(struct text *out, int kind, const char *name, size_t n, bool data_keys)
{
    switch (kind) {
    case SNAP_EDGE_ATTRIBUTE:
    case SNAP_EDGE_STATIC:
        if (name)
            add_attribute(out, name, n);
        else
            text_adds(out, ".?");
        return;
    case SNAP_EDGE_ELEMENT:
    case SNAP_EDGE_EPHEMERON:
        text_adds(out, "[*]");
        return;
    case SNAP_EDGE_VALUE:
        if (name && !data_keys) {
            text_add(out, "[", 1);
            add_quoted(out, name, n);
            text_add(out, "]", 1);
        } else {
            text_adds(out, "[*]");
        }
        return;
    case SNAP_EDGE_KEY:
        text_adds(out, "<key>");
        return;
    default:
        if (name && n == sizeof DICT_NAME - 1 && memcmp(name, DICT_NAME, n) == 0) {
            text_adds(out, DICT_LABEL);
            return;
        }
        text_addf(out, "<%s", heapdb_edge_kind(kind));
        if (name) {
            text_add(out, " ", 1);
            add_name(out, name, n);
        }
        text_add(out, ">", 1);
    }
}

static uint64_t node_hash(const struct sign *s, uint32_t parent, uint32_t label, uint32_t type)
{
    uint64_t h = parent == SIGN_NONE ? 0 : s->nodes[parent].hash;
    return heap_mix(heap_mix(h, texts_hash(&s->texts, label)), texts_hash(&s->texts, type));
}

static bool grow(struct sign *s)
{
    uint32_t n_slots = s->n_slots ? s->n_slots * 2 : 64;
    if (s->n_slots > UINT32_MAX / 2) return false;
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    struct sign_node *nodes = realloc(s->nodes, (size_t)(n_slots / 2) * sizeof *nodes);
    if (nodes) s->nodes = nodes;
    if (!slots || !nodes) {
        free(slots);
        return false;
    }
    free(s->slots);
    s->slots = slots;
    s->n_slots = n_slots;
    s->cap = n_slots / 2;
    for (uint32_t k = 0; k < s->n; k++) {
        uint32_t i = (uint32_t)nodes[k].hash & (n_slots - 1);
        while (slots[i]) i = (i + 1) & (n_slots - 1);
        slots[i] = k + 1;
    }
    return true;
}

/* The node (parent, label, type), found or made. */
static uint32_t node(struct sign *s, uint32_t parent, uint32_t label, uint32_t type)
{
    if (s->failed || label == TEXTS_NONE || (s->n == s->cap && !grow(s))) {
        s->failed = true;
        return SIGN_NONE;
    }
    uint64_t hash = node_hash(s, parent, label, type);
    uint32_t i = (uint32_t)hash & (s->n_slots - 1);
    for (; s->slots[i]; i = (i + 1) & (s->n_slots - 1)) {
        const struct sign_node *x = &s->nodes[s->slots[i] - 1];
        if (x->hash == hash && x->parent == parent && x->label == label && x->type == type)
            return s->slots[i] - 1;
    }
    s->nodes[s->n] =
        (struct sign_node){ .parent = parent,
                            .label = label,
                            .type = type,
                            .depth = parent == SIGN_NONE ? 1 : s->nodes[parent].depth + 1,
                            .hash = hash };
    s->slots[i] = s->n + 1;
    return s->n++;
}

uint32_t sign_root(struct sign *s, const char *label, size_t n, uint32_t type)
{
    struct text cut = { 0 };
    add_name(&cut, label, n);
    if (cut.failed) s->failed = true;
    uint32_t made = node(s, SIGN_NONE, texts_add(&s->texts, text_str(&cut), cut.n), type);
    text_free(&cut);
    return made;
}

static const char *type_of(const struct sign *s, uint32_t type)
{
    return type == TEXTS_NONE ? "" : texts_get(&s->texts, type, NULL);
}

static bool is_text(const char *s, size_t n, const char *text)
{
    return s && n == strlen(text) && memcmp(s, text, n) == 0;
}

/* Does an edge to an object of `type` lead to a part of the collection that the parent is, or is a
 * part of? */
static bool leads_inside(const struct sign *s, uint32_t parent, int kind, const char *name,
                         size_t n, uint32_t type)
{
    if (kind == SNAP_EDGE_INTERNAL) /* V8's stores */
        return is_text(name, n, "table") || is_text(name, n, "elements") ||
               is_text(name, n, "properties");
    if (kind != SNAP_EDGE_ATTRIBUTE && kind != SNAP_EDGE_ELEMENT) return false;
    uint8_t mine = collection_library_part(type_of(s, type));
    return mine && heap_is_part(mine, collection_library_part(type_of(s, s->nodes[parent].type)));
}

/* The step to a part. Links of one type are one, however they hang together. */
static uint32_t step_inside(struct sign *s, uint32_t parent, int kind, const char *name, size_t n,
                            uint32_t type)
{
    if (s->nodes[parent].folded && s->nodes[parent].type == type) {
        s->nodes[parent].repeats = true;
        return parent;
    }
    struct text t = { 0 };
    sign_label(&t, kind, name, n, s->data_keys);
    if (t.failed) s->failed = true;
    uint32_t label = texts_add(&s->texts, text_str(&t), t.n);
    text_free(&t);
    uint32_t made = node(s, parent, label, type);
    if (made != SIGN_NONE) s->nodes[made].folded = true;
    return made;
}

/* How a collection refers to what a part of it has: an element, or a key of a map. */
static void label_content(struct text *out, const char *collection, const char *name, size_t n)
{
    size_t length = strlen(collection);
    bool is_set = length >= 3 && strcmp(collection + length - 3, "Set") == 0;
    text_adds(out, is_text(name, n, "key") && !is_set ? "<key>" : "[*]");
}

uint32_t sign_step(struct sign *s, uint32_t parent, int kind, const char *name, size_t n,
                   uint32_t type)
{
    if (s->failed || parent == SIGN_NONE) return SIGN_NONE;
    if (leads_inside(s, parent, kind, name, n, type))
        return step_inside(s, parent, kind, name, n, type);
    struct text t = { 0 };
    bool inside = s->nodes[parent].folded;
    while (s->nodes[parent].folded) parent = s->nodes[parent].parent;
    uint32_t up = s->nodes[parent].parent;
    bool folds = kind == SNAP_EDGE_VALUE && name && up != SIGN_NONE &&
                 strcmp(texts_get(&s->texts, s->nodes[parent].label, NULL), DICT_LABEL) == 0;
    if (folds) {
        parent = up; /* owner.__dict__['x'] is owner.x, however the runtime stores it */
        add_attribute(&t, name, n);
    } else if (inside && (kind == SNAP_EDGE_ATTRIBUTE || kind == SNAP_EDGE_ELEMENT)) {
        label_content(&t, type_of(s, s->nodes[parent].type), name, n);
    } else {
        sign_label(&t, kind, name, n, s->data_keys);
    }
    if (t.failed) s->failed = true;
    uint32_t label = texts_add(&s->texts, text_str(&t), t.n);
    text_free(&t);
    struct sign_node *p = &s->nodes[parent];
    if (p->label == label && p->type == type && p->parent != SIGN_NONE) {
        p->repeats = true; /* a chain of equal links is one step, whatever its length */
        return parent;
    }
    return node(s, parent, label, type);
}

bool sign_label_is_single(const char *label)
{
    static const char *const stores[] = { "<internal table>", "<internal elements>",
                                          "<internal properties>" };
    if (label[0] == '[') return label[1] != '*';
    /* The store of a V8 collection or object: it has one, which is made anew when it grows. */
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
        if (strcmp(label, stores[i]) == 0) return true;
    if (strncmp(label, "<internal", 9) == 0) return false; /* made anew as the runtime sees fit */
    if (label[0] == '<') return strchr(label, ' ') != NULL;
    return label[0] != '(' && strcmp(label, ".?") != 0 && label[0] != 0;
}

bool sign_is_single(const struct sign *s, uint32_t at)
{
    for (; at != SIGN_NONE; at = s->nodes[at].parent)
        if (s->nodes[at].repeats ||
            !sign_label_is_single(texts_get(&s->texts, s->nodes[at].label, NULL)))
            return false;
    return true;
}

size_t sign_steps(const struct sign *s, uint32_t at, uint32_t *out, size_t max)
{
    size_t n = 0;
    for (uint32_t x = at; x != SIGN_NONE && n < max; x = s->nodes[x].parent)
        if (!s->nodes[x].folded) out[n++] = x;
    for (size_t i = 0; i < n / 2; i++) {
        uint32_t swap = out[i];
        out[i] = out[n - 1 - i];
        out[n - 1 - i] = swap;
    }
    return n;
}

/* Both texts of a path; depth is bounded by what was added, so an array of steps is enough. */
static void write_path(const struct sign *s, uint32_t at, bool types, struct text *out)
{
    if (at == SIGN_NONE) return;
    uint32_t depth = s->nodes[at].depth;
    uint32_t *steps = malloc(depth * sizeof *steps);
    if (!steps) {
        out->failed = true;
        return;
    }
    size_t n = sign_steps(s, at, steps, depth);
    for (size_t i = 0; i < n; i++) {
        const struct sign_node *x = &s->nodes[steps[i]];
        size_t length;
        const char *label = texts_get(&s->texts, x->label, &length);
        text_add(out, label, length);
        if (!types || x->type == TEXTS_NONE) continue;
        const char *type = texts_get(&s->texts, x->type, &length);
        text_add(out, "<", 1);
        add_name(out, type, length);
        text_add(out, ">", 1);
    }
    free(steps);
}

void sign_text(const struct sign *s, uint32_t at, struct text *out)
{
    write_path(s, at, true, out);
}

void sign_path(const struct sign *s, uint32_t at, struct text *out)
{
    write_path(s, at, false, out);
}

void sign_free(struct sign *s)
{
    texts_free(&s->texts);
    free(s->nodes);
    free(s->slots);
    *s = (struct sign){ 0 };
}
