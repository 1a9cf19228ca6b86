/* SPDX-License-Identifier: MIT */
/*
 * Types of a snapshot by number: what a type_id is called, equal names having one number. Texts are
 * as they stand in the database.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_TYPES_H
#define SNAP_TOOLS_PAGE_PAGE_TYPES_H

#include "db/diff_texts.h"
#include "report/subject.h"

struct page_types {
    struct texts texts;
    struct page_type { int64_t id; uint32_t name; } *at; /* by id ascending */
    size_t n, capacity;
};

/** Reads the names. 0, or STATUS_UNUSABLE after a message; page_types_free in any case. */
int page_types_load(struct subject *s, struct page_types *out);
void page_types_free(struct page_types *t);

/** The number of its name; that of "(unknown)" for an id that is not there. O(log types). */
uint32_t page_types_name(const struct page_types *t, int64_t type_id);

#endif
