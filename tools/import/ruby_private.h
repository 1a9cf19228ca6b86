/* SPDX-License-Identifier: MIT */
/*
 * The Ruby importer's state, shared by ruby.c (flow, rows) and ruby_line.c (one line of the dump).
 */
#ifndef SNAP_TOOLS_IMPORT_RUBY_PRIVATE_H
#define SNAP_TOOLS_IMPORT_RUBY_PRIVATE_H

#include "import/json_stream.h"
#include "import/record.h"

/* Kinds of lines, by "type". */
enum ruby_type {
    RUBY_OTHER, RUBY_OBJECT, RUBY_CLASS, RUBY_MODULE, RUBY_ICLASS, RUBY_STRING, RUBY_SYMBOL,
    RUBY_ARRAY, RUBY_HASH, RUBY_STRUCT, RUBY_DATA, RUBY_FILE, RUBY_IMEMO, RUBY_NUMBER, RUBY_REGEXP,
    RUBY_MATCH, RUBY_ROOT, RUBY_TYPES
};

/* A short text kept beyond the parser's own. */
struct ruby_text {
    char *at;
    size_t size, cap;
};

/* One line. Arrays and texts are used again for the next one. */
struct ruby_line {
    enum ruby_type type;
    struct ruby_text type_name, name, real_class, imemo, structure, file, method, value, root;
    uint64_t address, class, memsize, length, capacity, line, superclass;
    bool has_address, has_class, has_length, has_capacity, has_value, has_superclass;
    bool singleton, fstring, is_open;
    uint64_t *reference;
    size_t n_references, reference_cap;
};

/** Takes the next value of the stream as one line. False after an error of the stream. With
 *  `names`, what is not needed to name classes is skipped. */
bool ruby_line_read(struct jstream *j, struct ruby_line *line, bool names);

void ruby_line_free(struct ruby_line *line);

static inline struct record_text ruby_text(const struct ruby_text *t)
{
    return (struct record_text){ t->at ? t->at : "", t->size };
}

#endif
