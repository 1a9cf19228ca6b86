/* SPDX-License-Identifier: MIT */
/*
 * The texts of the page's data, each once: what refers to them holds a number. Names are made
 * showable and cut (page_text.h) before they get one. The bytes that they take in the page are
 * counted, so that whoever adds names can stop in time.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_NAMES_H
#define SNAP_TOOLS_PAGE_PAGE_NAMES_H

#include "cli/json.h"
#include "db/diff_texts.h"

/** No name. */
#define PAGE_NO_NAME TEXTS_NONE

/** `{0}` is empty. */
struct page_names {
    struct texts texts;
    uint64_t bytes; /* of JSON, at most, that the names take */
    bool failed;    /* no memory: check once at the end */
};

/** The number of a name, which may be NULL: PAGE_NO_NAME. */
uint32_t page_names_add(struct page_names *names, const char *s);
void page_names_free(struct page_names *names);

/** Writes all of them as an array. */
void page_names_json(const struct page_names *names, struct json *j, const char *key);

#endif
