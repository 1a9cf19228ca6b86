/* SPDX-License-Identifier: MIT */
/*
 * Variables as names of objects, in runtimes where a variable is neither a root nor an attribute of
 * a module:
 *
 *   a static field of Java is called by its class and its own name: `com.example.Cache.entries`;
 *   a variable of JavaScript, which V8 keeps in a context where closures use it (`const sessions =
 *   new Map()` at the top of a script), by the last part of its script's name and its own:
 *   `server.js:sessions`; where the script is not known, `<variable sessions>`;
 *   a class or module of Ruby, a constant whose own name is all that a dump tells of constants, by
 *   that: `Gem::Specification`. What it holds, be it in a constant or a variable, has no name.
 *
 * Functions print their error and return STATUS_UNUSABLE, or 0. One thread a database.
 */
#ifndef SNAP_TOOLS_DB_VARIABLE_H
#define SNAP_TOOLS_DB_VARIABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/text.h"
#include "db/heapdb.h"

/** The type whose references of kind variable are variables of JavaScript. */
#define VARIABLE_CONTEXT "system / Context"

/** The classes and modules of Ruby in the snapshot ?1, those without an instance too: object, name,
 *  null. They have few types, of which the first 10,000 objects are those that retain most. */
#define VARIABLES_CLASSES                                                                        \
    "SELECT x.object_id, (SELECT text FROM string WHERE id = d.name_id), NULL FROM snapshot s "   \
    "CROSS JOIN type t ON t.snapshot_id = s.id CROSS JOIN type_object x ON x.type_id = t.id "     \
    "CROSS JOIN detail d ON d.object_id = x.object_id WHERE s.id = ?1 AND s.runtime = 'ruby' "    \
    "AND t.name IN ('Class', 'Module') AND d.name_id IS NOT NULL"

struct variables;

/** *out is NULL after an error. */
int variables_new(struct variables **out, struct heapdb *db);
void variables_free(struct variables *v);

/** The end of a script's path or address that names it: its last part; of those that every package
 *  has, the last two; the whole of the runtime's own scripts. Within `script`. */
const char *variables_script(const char *script);

/** Appends what the variable `name` of a context is called. Some microseconds; the script is looked
 *  up once for the contexts of one function that come one after the other. */
int variables_label(struct variables *v, int64_t context, const char *name, size_t n,
                    struct text *out);

/** Appends what the reference of this kind and name from `source` is called; nothing where it is no
 *  variable, or the static field of a class whose name is not known. */
int variables_name(struct variables *v, int64_t source, int kind, const char *name,
                   struct text *out);

/** The object that the variable of JavaScript with this whole name (`server.js:sessions`, `n` bytes)
 *  has, in the context that retains most; 0: there is none among the 10,000 largest contexts. */
int variables_find(struct variables *v, int64_t snapshot, const char *name, size_t n, int64_t *id);

#endif
