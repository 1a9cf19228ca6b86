/* SPDX-License-Identifier: MIT */
/*
 * A reader of Python pickles that can build nothing but data: None, booleans, whole numbers, texts,
 * tuples, lists, dictionaries, and records of classes that the caller names. It runs nothing: a
 * class is a number here, making an instance of it is a record with a state, and any opcode that
 * would call, import or look up something else is refused by its name and offset. Protocols 2 to 5.
 *
 * Memory: at most 50 bytes for each byte of the pickle, and 192 KiB. O(bytes). Nothing recurses.
 */
#ifndef SNAP_TOOLS_IMPORT_UNPICKLE_H
#define SNAP_TOOLS_IMPORT_UNPICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pickle_kind {
    PICKLE_NONE, PICKLE_BOOL, PICKLE_INT, PICKLE_TEXT, PICKLE_TUPLE, PICKLE_LIST, PICKLE_DICT,
    PICKLE_CLASS, PICKLE_RECORD
};

/** A value: its kind, and a number, or an index into what the reader keeps. */
typedef uint64_t pickle_value;

/** A class whose instances may be in the pickle. */
struct pickle_class {
    const char *module, *name;
};

typedef ptrdiff_t (*pickle_read_fn)(void *opaque, void *to, size_t n);

struct pickle_items {
    pickle_value *at; /* keys and values in turn in a dictionary */
    size_t n, cap;
};

struct pickle_record {
    uint32_t class;     /* index into the caller's classes */
    pickle_value state; /* PICKLE_NONE: none */
};

struct pickle_text {
    uint64_t at;
    uint32_t size;
};

struct pickle_tuple {
    uint64_t at;
    uint32_t n;
};

struct unpickler {
    pickle_read_fn read;
    void *opaque;
    const struct pickle_class *classes;
    size_t n_classes;

    unsigned char *window;
    size_t window_at, window_end;
    uint64_t offset; /* of the next byte */

    struct pickle_items stack, memo, items; /* items: of all tuples */
    size_t *mark;
    size_t n_marks, mark_cap;
    char *bytes;
    size_t n_bytes, bytes_cap;
    struct pickle_text *text;
    size_t n_texts, text_cap;
    struct pickle_tuple *tuple;
    size_t n_tuples, tuple_cap;
    struct pickle_items *list; /* and dictionaries */
    size_t n_lists, list_cap;
    struct pickle_record *record;
    size_t n_records, record_cap;

    const char *error; /* NULL: none */
    uint64_t error_offset;
    int error_errno;   /* of a failed read */
    bool ended, no_memory;
};

/** Reads one pickle; true with its value. On failure `error` says what was wrong at which offset.
 *  `u` is all zero but for read, opaque, classes and n_classes; unpickle_free is due either way. */
bool unpickle(struct unpickler *u, pickle_value *value);
void unpickle_free(struct unpickler *u);

static inline enum pickle_kind pickle_kind(pickle_value v)
{
    return (enum pickle_kind)(v >> 60);
}

/** The number of a PICKLE_INT or PICKLE_BOOL, or an index. */
static inline uint64_t pickle_number(pickle_value v)
{
    return v & ((UINT64_C(1) << 60) - 1);
}

/** Is it this text? */
bool pickle_is(const struct unpickler *u, pickle_value v, const char *text);

/** The bytes of a text; 0 bytes for anything else. */
const char *pickle_text(const struct unpickler *u, pickle_value v, size_t *size);

/** The elements of a tuple or list; NULL with 0 for anything else. */
const pickle_value *pickle_elements(const struct unpickler *u, pickle_value v, size_t *n);

/** The attribute `name` in the state of a record of this class; false where there is none. */
bool pickle_attribute(const struct unpickler *u, pickle_value record, uint32_t class,
                      const char *name, pickle_value *value);

#endif
