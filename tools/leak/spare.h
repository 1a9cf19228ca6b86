/* SPDX-License-Identifier: MIT */
/*
 * How much smaller a copy of a container of CPython would be: dict(d), set(s), l[:], bytearray(b).
 *
 * What the containers' own code reserves for n entries (Objects/dictobject.c, setobject.c and
 * listobject.c of CPython 3.8 to 3.13): a list 8 bytes each; a set a table of 16-byte slots, the
 * smallest power of two above 2n, eight of them within the object; a dict a table of slots, a power
 * of two, of which 2/3 can be used, with 1, 2, 4 or 8 bytes a slot beside the entries. Up to 3.10 a
 * copy of a small dict takes less than is told here, an empty one 168 bytes more.
 */
#ifndef SNAP_TOOLS_LEAK_SPARE_H
#define SNAP_TOOLS_LEAK_SPARE_H

#include <stdint.h>

/** Bytes that a copy would be smaller; 0 for types that are not known, or where it would not be.
 *  The capacity is as agents write it: places of a list, entries of a dict, slots of a set. O(1).
 *  */
uint64_t spare_bytes(const char *type, uint64_t shallow, uint64_t length, uint64_t capacity);

#endif
