/* SPDX-License-Identifier: MIT */
/*
 * The segments of loaded files: which addresses are not the heap's, and whose code stands where.
 */
#ifndef HEAPSNAP_IMAGES_H
#define HEAPSNAP_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGES_MAX 1024u

struct images {
    /* Sorted by address. */
    struct {
        uintptr_t start, end;
        bool foreign; /* part neither of the interpreter nor of its standard library */
    } segments[IMAGES_MAX];
    unsigned n;
};

/** Look at the loaded files. Takes the loader's lock: to be called before a fork, not in the
 *  child. */
void images_init(struct images *images);

/** The first segment that ends after the address, or `n`. O(log n). */
unsigned images_after(const struct images *images, uintptr_t address);

/** Whether the address lies in a file that is neither the interpreter's nor its library's. */
bool images_foreign(const struct images *images, uintptr_t address);

#endif
