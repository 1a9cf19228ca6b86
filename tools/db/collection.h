/* SPDX-License-Identifier: MIT */
/*
 * Which types are parts of a collection: the tables and nodes that the runtime's library makes for
 * itself, and that nobody who writes a program has in mind. What hangs in a part belongs to the
 * collection: `Registry.SESSIONS grew`, not each of its nodes.
 */
#ifndef SNAP_TOOLS_DB_COLLECTION_H
#define SNAP_TOOLS_DB_COLLECTION_H

#include <stdbool.h>
#include <stdint.h>

/** Bits of heap_part (heap/match.h) for a type by its name and module (NULL: none): nodes, entries
 *  and tables of java.util and java.util.concurrent, arrays inside its collections, collections inside others
 *  that wrap them, tables of thread-locals, what V8 keeps the contents of objects, arrays, Maps
 *  and Sets in. HEAP_NODE: all of other modules and
 *  packages than the runtime's, and of JavaScript's and Ruby's classes those that are not built in.
 *  O(length). */
uint8_t collection_part(const char *module, const char *name);

/** Is a type of V8's own for code that it made, and what it learnt while that ran: bytecode, machine
 *  code, feedback, shapes? It grows as functions are used, and goes as they are not. O(length). */
bool collection_is_code(const char *name);

/** The same of a class of Java's library by its whole name alone; 0 of any other. O(length). */
uint8_t collection_library_part(const char *name);

#endif
