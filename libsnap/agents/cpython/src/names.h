/* SPDX-License-Identifier: MIT */
/*
 * Names in the file: which strings of the process may be written, and under which id.
 *
 * A name may be written when it stands in the program: names of functions, variables and files
 * always; keys of dictionaries and names of attributes when an equal string is a constant or a name
 * in a code object, a global of a module, an attribute of a class that a class statement or C code
 * made, or part of the name of a module that was found on the import path; names of classes,
 * modules and threads when all their words do. These are collected before the walk (names_learn_*) as a set
 * of 64-bit hashes, 8 to 16 bytes a distinct string. Any other is told by 24 bits of its keyed hash
 * (keyhash.h): enough to see that two are the same, not what they say.
 *
 * A chance equality of the 64-bit hashes (one in 2^44 for a program with a million names) would
 * show one key that stands in no code.
 */
#ifndef HEAPSNAP_NAMES_H
#define HEAPSNAP_NAMES_H

#include <snap/writer.h>

#include "dump.h"
#include "keyhash.h"
#include "layout.h"
#include "objset.h"

struct names {
    struct mem *mem;
    snap_writer *writer;
    struct hash_key key;
    dump_names policy;
    struct objset learned;   /* code objects and tuples of constants looked through */
    uint64_t looked_through; /* how many of them */
    uint64_t *set;           /* inner hashes of allowed keys; 0: free */
    uint64_t set_count;
    unsigned set_bits;
    struct name_slot *cache; /* address of a str -> what to write for it */
    char *text;              /* scratch for UTF-8 */
    bool no_memory;
};

/** What to write for a dictionary key: `id` when not 0; else `hash` where `has_hash`; else nothing.
 */
struct key_name {
    uint64_t id;
    uint32_t hash; /* 24 bits */
    bool has_hash;
};

bool names_init(struct names *names, struct mem *mem, snap_writer *writer,
                const struct hash_key *key, dump_names policy);
void names_free(struct names *names);

/** Learn the names in a code object and in the ones nested in it. Queued; see names_learn_queued.
 */
void names_learn_code(struct names *names, PyObject *code);

/** Learn the str keys of a namespace: the dictionary of a module or class. O(entries). */
void names_learn_namespace(struct names *names, PyObject *dict);

/** Learn the parts of a module's dotted name. */
void names_learn_dotted(struct names *names, PyObject *str);

/** Look through the queued code objects; nothing recurses. */
void names_learn_queued(struct names *names);

/** Id of a str that stands in the program; 0 when `str` is NULL or not a str. */
uint64_t names_program(struct names *names, PyObject *str);

/** Id of the name of a class or module: as it is when all its words stand in the program, else its
 *  hash, `[#5e1c90]`. 0 when `str` is NULL or not a str. */
uint64_t names_words(struct names *names, PyObject *str);

/** Id of a C string in UTF-8; 0 for NULL. */
uint64_t names_literal(struct names *names, const char *text);

/** What to write for the name of a slot, an ASCII C string, by policy. */
void names_slot(struct names *names, const char *text, struct key_name *name);

/** What to write for a dictionary key or the name of an attribute, by policy. */
void names_dict_key(struct names *names, PyObject *key, struct key_name *name);

/** Id of the name of a thread or task, or 0 where it says more than the program does: recorded when
 *  all its words, digits and punctuation taken away, stand in the program. */
uint64_t names_label(struct names *names, PyObject *str);

/** Id of a short C string with a number behind it. */
uint64_t names_numbered(struct names *names, const char *prefix, uint64_t number);

/** Hash of a str for tables in memory: equal contents, equal hashes. Never written. O(size). */
uint64_t names_inner_hash(const struct names *names, PyObject *str);

/** Keyed 64-bit hash of the contents of an exact str or bytes object. O(size). */
uint64_t names_content_hash(const struct names *names, PyObject *op);

/** UTF-8 of the first `max_chars` characters of a str, lone surrogates written as escapes; returns
 *  the bytes written to `out`, which must hold 6 times `max_chars`. */
size_t names_utf8(PyObject *str, size_t max_chars, char *out);

#endif
