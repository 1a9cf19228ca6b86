/* SPDX-License-Identifier: MIT */
/*
 * Contents of a Java heap: hashes of the arrays that texts and bytes are in, and, where they are
 * asked for, the values themselves as previews. See hprof_private.h.
 *
 * The key of the hashes is made of the contents of all arrays: who has the dump needs no hash, and
 * who has only what is made of it does not know the key. So the same dump gives the same file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/text.h"
#include "import/hprof_private.h"
#include "keyhash.h"

enum {
    PIECE = 1 << 16,     /* bytes looked at together; of an array for the key, at most */
    PREVIEW_MAX = 1024,  /* bytes, and then "..." */
    TYPE_BOOLEAN = 4, TYPE_CHAR = 5, TYPE_FLOAT = 6, TYPE_DOUBLE = 7, TYPE_BYTE = 8,
};

struct hprof_contents {
    XXH3_state_t *hash;
    struct hash_key key;
    struct u64map wide;  /* arrays of bytes that hold UTF-16; only where values are asked for */
    uint64_t string;     /* the id of java.lang.String, once found */
    uint32_t value, coder; /* offsets of its fields; HPROF_NONE: it has none */
    struct text text;
};

bool hprof_contents_new(struct hprof *h)
{
    h->contents = calloc(1, sizeof *h->contents);
    if (h->contents) h->contents->hash = XXH3_createState();
    if (!h->contents || !h->contents->hash) return hprof_no_memory(h);
    XXH3_128bits_reset(h->contents->hash);
    return true;
}

void hprof_contents_free(struct hprof *h)
{
    if (!h->contents) return;
    XXH3_freeState(h->contents->hash);
    u64map_free(&h->contents->wide);
    text_free(&h->contents->text);
    free(h->contents);
}

void hprof_contents_key(struct hprof *h)
{
    struct hprof_contents *c = h->contents;
    XXH128_hash_t all = XXH3_128bits_digest(c->hash);
    c->key = (struct hash_key){ XXH3_64bits_withSeed(&all, sizeof all, 1),
                                XXH3_64bits_withSeed(&all, sizeof all, 2),
                                XXH3_64bits_withSeed(&all, sizeof all, 3) };
}

static bool wants_values(const struct hprof *h)
{
    return h->options && h->options->values && h->sink->value;
}

/* ---- strings ------------------------------------------------------------------------------- */

/* Where java.lang.String has its fields; it has no superclass with any. */
static void find_string(struct hprof *h, const struct hprof_class *class)
{
    struct hprof_contents *c = h->contents;
    const struct hprof_field *f = h->fields + class->field + class->n_statics;
    uint32_t at = 0;
    c->string = class->id;
    c->value = c->coder = HPROF_NONE;
    for (size_t i = 0; i < class->n_fields; i++) {
        struct record_text name = hprof_text_of(h, f[i].name);
        if (name.size == 5 && memcmp(name.at, "value", 5) == 0) c->value = at;
        if (name.size == 5 && memcmp(name.at, "coder", 5) == 0) c->coder = at;
        at += hprof_type_size(h, f[i].type);
    }
}

bool hprof_contents_wants(struct hprof *h, uint64_t class_id)
{
    struct hprof_contents *c = h->contents;
    if (!wants_values(h)) return false;
    if (!c->string) {
        const struct hprof_class *class = hprof_class_find(h, class_id);
        if (!class || !class->defined || !hprof_class_is(h, class, "java/lang/String"))
            return false;
        find_string(h, class);
    }
    return c->string == class_id && c->value != HPROF_NONE && c->coder != HPROF_NONE;
}

bool hprof_contents_note_string(struct hprof *h, const struct hprof_object *o)
{
    struct hprof_contents *c = h->contents;
    if (c->value + (uint64_t)h->id_size > o->bytes || c->coder >= o->bytes) return true;
    if (o->body[c->coder] != 1) return true;
    uint64_t *at = u64map_put(&c->wide, hprof_number(o->body + c->value, h->id_size), NULL);
    if (!at) return hprof_no_memory(h);
    *at = 1;
    return true;
}

/* ---- previews ------------------------------------------------------------------------------ */

static void add_character(struct text *t, uint32_t c)
{
    char utf8[4];
    text_add(t, utf8, text_encode(utf8, c));
}

/* Texts of 16 bits a character; a byte of a pair that is not there ends it. Returns the bytes that
 * are shown. */
static size_t add_utf16(struct text *t, const unsigned char *p, size_t n, bool little)
{
    size_t i = 0;
    while (i + 2 <= n && t->n < PREVIEW_MAX) {
        uint32_t c = (uint32_t)(little ? p[i] | p[i + 1] << 8 : p[i] << 8 | p[i + 1]), low = 0;
        i += 2;
        if (c >= 0xd800 && c < 0xdc00 && i + 2 <= n)
            low = (uint32_t)(little ? p[i] | p[i + 1] << 8 : p[i] << 8 | p[i + 1]);
        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        add_character(t, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }
    return i;
}

/* Latin-1 where that makes a text, else the bytes as numbers. */
static size_t add_bytes(struct text *t, const unsigned char *p, size_t n)
{
    size_t i = 0;
    bool printable = true;
    for (; i < n && i < PREVIEW_MAX; i++) {
        bool space = p[i] == '\t' || p[i] == '\n' || p[i] == '\r';
        printable &= space || (p[i] >= 0x20 && p[i] < 0x7f) || p[i] >= 0xa0;
    }
    if (!printable) text_adds(t, "0x");
    for (i = 0; i < n && t->n < PREVIEW_MAX; i++) {
        if (printable) add_character(t, p[i]);
        else text_addf(t, "%02x", p[i]);
    }
    return i;
}

static void add_number(struct text *t, unsigned type, const unsigned char *p, unsigned size)
{
    uint64_t bits = hprof_number(p, size);
    uint32_t half = (uint32_t)bits;
    float f;
    double d;
    switch (type) {
    case TYPE_BOOLEAN: text_adds(t, bits ? "true" : "false"); break;
    case TYPE_CHAR: text_addf(t, "%u", half); break;
    case TYPE_FLOAT:
        memcpy(&f, &half, sizeof f);
        text_addf(t, "%.9g", (double)f);
        break;
    case TYPE_DOUBLE:
        memcpy(&d, &bits, sizeof d);
        text_addf(t, "%.17g", d);
        break;
    default: {
        uint64_t sign = UINT64_C(1) << (8 * size - 1);
        text_addf(t, "%lld", (long long)((bits ^ sign) - sign));
    }
    }
}

/* Sends the text for the object that was put last. */
static bool send_text(struct hprof *h)
{
    struct text *t = &h->contents->text;
    if (t->failed) return hprof_no_memory(h);
    return hprof_put_value(h, (struct record_text){ text_str(t), t->n });
}

/* The text of an array that begins with these n bytes of `all`. */
static void array_text(struct hprof *h, const struct hprof_object *o, const unsigned char *p,
                       size_t n, uint64_t all)
{
    struct text *t = &h->contents->text;
    unsigned size = hprof_type_size(h, o->type);
    size_t shown = 0;
    text_clear(t);
    if (o->type == TYPE_CHAR) {
        shown = add_utf16(t, p, n, false);
    } else if (o->type == TYPE_BYTE) {
        bool wide = u64map_get(&h->contents->wide, o->id) != NULL;
        shown = wide ? add_utf16(t, p, n, true) : add_bytes(t, p, n);
    } else {
        for (; shown + size <= n && t->n < PREVIEW_MAX; shown += size) {
            if (shown) text_adds(t, ", ");
            add_number(t, o->type, p + shown, size);
        }
    }
    if (shown < all) text_adds(t, "...");
}

bool hprof_put_fields(struct hprof *h, const struct hprof_class *c, const struct hprof_object *o)
{
    struct text *t = &h->contents->text;
    size_t i = 0;
    if (!wants_values(h) || !o->body || !c->n_values) return true;
    text_clear(t);
    for (; i < c->n_values && t->n < PREVIEW_MAX; i++) {
        const struct hprof_value *v = &h->values[c->value + i];
        struct record_text name = hprof_text_of(h, v->name);
        unsigned size = hprof_type_size(h, v->type);
        if ((uint64_t)v->offset + size > o->bytes) break;
        if (i) text_adds(t, ", ");
        text_add(t, name.at, name.size < PREVIEW_MAX ? name.size : PREVIEW_MAX);
        text_adds(t, "=");
        add_number(t, v->type, o->body + v->offset, size);
    }
    if (i < c->n_values) text_adds(t, "...");
    return send_text(h);
}

/* ---- arrays -------------------------------------------------------------------------------- */

static bool is_hashed(const struct hprof_object *o)
{
    return o->type == TYPE_CHAR || o->type == TYPE_BYTE;
}

/* First pass: what the key is made of. */
static bool note_array(struct hprof *h, const struct hprof_object *o, uint64_t size)
{
    size_t n = size < PIECE ? (size_t)size : PIECE;
    const unsigned char *p;
    if (h->counting || !is_hashed(o)) return hprof_pass_over(h, size);
    if (!(p = hprof_take(h, n))) return false;
    XXH3_128bits_update(h->contents->hash, p, n);
    return hprof_pass_over(h, size - n);
}

bool hprof_read_contents(struct hprof *h, const struct hprof_object *o, uint64_t size)
{
    struct hprof_contents *c = h->contents;
    bool hashed = is_hashed(o), shown = wants_values(h);
    if (!size) return true;
    if (!h->second) return note_array(h, o, size);
    if (!hashed && !shown) return hprof_pass_over(h, size);
    XXH3_64bits_reset_withSeed(c->hash, c->key.seed);
    for (uint64_t left = size; left > 0;) {
        size_t n = left < PIECE ? (size_t)left : PIECE;
        const unsigned char *p = hprof_take(h, n);
        if (!p) return false;
        if (shown && left == size) array_text(h, o, p, n, size);
        left -= n;
        if (!hashed) {
            if (!hprof_pass_over(h, left)) return false;
            break;
        }
        XXH3_64bits_update(c->hash, p, n);
    }
    if (hashed)
        hprof_put_hash(h, keyhash_outer(&c->key, XXH3_64bits_digest(c->hash), size));
    return !shown || send_text(h);
}
