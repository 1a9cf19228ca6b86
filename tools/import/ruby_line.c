/* SPDX-License-Identifier: MIT */
/*
 * One line of a Ruby dump: a JSON object whose members are looked up by name.
 */
#include "import/ruby_private.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t type;
} types[] = {
    { "OBJECT", RUBY_OBJECT },   { "CLASS", RUBY_CLASS },     { "MODULE", RUBY_MODULE },
    { "ICLASS", RUBY_ICLASS },   { "STRING", RUBY_STRING },   { "SYMBOL", RUBY_SYMBOL },
    { "ARRAY", RUBY_ARRAY },     { "HASH", RUBY_HASH },       { "STRUCT", RUBY_STRUCT },
    { "DATA", RUBY_DATA },       { "FILE", RUBY_FILE },       { "IMEMO", RUBY_IMEMO },
    { "BIGNUM", RUBY_NUMBER },   { "FLOAT", RUBY_NUMBER },    { "RATIONAL", RUBY_NUMBER },
    { "COMPLEX", RUBY_NUMBER },  { "REGEXP", RUBY_REGEXP },   { "MATCH", RUBY_MATCH },
    { "ROOT", RUBY_ROOT },
};

static bool no_memory(struct jstream *j)
{
    j->no_memory = true;
    return jstream_fail(j, "no memory");
}

/* A string that is kept; a value of another kind is empty. */
static bool take_text(struct jstream *j, struct ruby_text *to)
{
    to->size = 0;
    if (jstream_peek(j) != '"') return jstream_skip(j);
    if (!jstream_string(j)) return false;
    if (j->text_size >= to->cap) {
        size_t cap = j->text_size + j->text_size / 2 + 32;
        char *at = realloc(to->at, cap);
        if (!at) return no_memory(j);
        to->at = at;
        to->cap = cap;
    }
    memcpy(to->at, j->text, j->text_size);
    to->size = j->text_size;
    to->at[to->size] = 0;
    return true;
}

/* An address, "0x7f...". */
static bool take_address(struct jstream *j, uint64_t *value)
{
    *value = 0;
    if (!jstream_string(j)) return false;
    const char *p = j->text;
    if (p[0] != '0' || p[1] != 'x' || !p[2] || j->text_size > 18)
        return jstream_fail(j, "an address was expected");
    for (p += 2; *p; p++) {
        int c = (unsigned char)*p | 0x20;
        unsigned digit = (unsigned)(c >= 'a' && c <= 'f' ? c - 'a' + 10 : *p - '0');
        if (digit > 15 || (digit > 9 && c < 'a')) return jstream_fail(j, "an address was expected");
        *value = *value << 4 | digit;
    }
    return true;
}

/* A number that is there; null and what is no count are as if it were not. */
static bool take_count(struct jstream *j, uint64_t *value, bool *has)
{
    int c = jstream_peek(j);
    if (c < '0' || c > '9') return jstream_skip(j);
    bool got = jstream_number(j, value);
    if (has) *has = got;
    return got;
}

static bool take_true(struct jstream *j, bool *value)
{
    *value = jstream_peek(j) == 't';
    return jstream_skip(j);
}

static bool take_references(struct jstream *j, struct ruby_line *l)
{
    struct jstream_place place = jstream_enter(j, '[');
    while (jstream_element(j, &place)) {
        if (l->n_references == l->reference_cap) {
            size_t cap = l->reference_cap ? l->reference_cap * 2 : 64;
            uint64_t *more = realloc(l->reference, cap * sizeof *more);
            if (!more) return no_memory(j);
            l->reference = more;
            l->reference_cap = cap;
        }
        if (!take_address(j, &l->reference[l->n_references++])) return false;
    }
    return !j->error;
}

static bool take_type(struct jstream *j, struct ruby_line *l)
{
    if (!take_text(j, &l->type_name)) return false;
    l->type = RUBY_OTHER;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (l->type_name.at && strcmp(types[i].name, l->type_name.at) == 0)
            l->type = (enum ruby_type)types[i].type;
    return true;
}

/* Members that name classes. Returns false for any other key. */
static bool take_naming(struct jstream *j, struct ruby_line *l)
{
    if (jstream_key_is(j, "address")) l->has_address = take_address(j, &l->address);
    else if (jstream_key_is(j, "type")) take_type(j, l);
    else if (jstream_key_is(j, "name")) take_text(j, &l->name);
    else if (jstream_key_is(j, "real_class_name")) take_text(j, &l->real_class);
    else if (jstream_key_is(j, "superclass")) l->has_superclass = take_address(j, &l->superclass);
    else if (jstream_key_is(j, "singleton")) take_true(j, &l->singleton);
    else return false;
    return true;
}

static void take_member(struct jstream *j, struct ruby_line *l)
{
    uint64_t fd;
    if (take_naming(j, l)) return;
    if (jstream_key_is(j, "class")) l->has_class = take_address(j, &l->class);
    else if (jstream_key_is(j, "references")) take_references(j, l);
    else if (jstream_key_is(j, "memsize")) take_count(j, &l->memsize, NULL);
    else if (jstream_key_is(j, "length") || jstream_key_is(j, "size") ||
             jstream_key_is(j, "bytesize"))
        take_count(j, &l->length, &l->has_length);
    else if (jstream_key_is(j, "capacity")) take_count(j, &l->capacity, &l->has_capacity);
    else if (jstream_key_is(j, "fstring")) take_true(j, &l->fstring);
    else if (jstream_key_is(j, "imemo_type")) take_text(j, &l->imemo);
    else if (jstream_key_is(j, "struct")) take_text(j, &l->structure);
    else if (jstream_key_is(j, "file")) take_text(j, &l->file);
    else if (jstream_key_is(j, "line")) take_count(j, &l->line, NULL);
    else if (jstream_key_is(j, "method")) take_text(j, &l->method);
    else if (jstream_key_is(j, "root")) take_text(j, &l->root);
    else if (jstream_key_is(j, "fd")) take_count(j, &fd, &l->is_open);
    else if (jstream_key_is(j, "value")) l->has_value = take_text(j, &l->value);
    else jstream_skip(j);
}

bool ruby_line_read(struct jstream *j, struct ruby_line *l, bool names)
{
    struct ruby_text *const texts[] = { &l->type_name, &l->name, &l->real_class, &l->imemo,
                                        &l->structure, &l->file, &l->method, &l->value, &l->root };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) texts[i]->size = 0;
    l->type = RUBY_OTHER;
    l->n_references = 0;
    l->address = l->class = l->memsize = l->length = l->capacity = l->line = l->superclass = 0;
    l->has_address = l->has_class = l->has_length = l->has_capacity = l->has_value = false;
    l->has_superclass = l->singleton = l->fstring = l->is_open = false;
    struct jstream_place place = jstream_enter(j, '{');
    while (jstream_member(j, &place)) {
        if (!names) take_member(j, l);
        else if (!take_naming(j, l)) jstream_skip(j);
    }
    return !j->error;
}

void ruby_line_free(struct ruby_line *l)
{
    struct ruby_text *const texts[] = { &l->type_name, &l->name, &l->real_class, &l->imemo,
                                        &l->structure, &l->file, &l->method, &l->value, &l->root };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]->at);
    free(l->reference);
    *l = (struct ruby_line){ .type = RUBY_OTHER };
}
