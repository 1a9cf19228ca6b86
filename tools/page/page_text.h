/* SPDX-License-Identifier: MIT */
/*
 * Texts on their way into the page, where every name is hostile.
 *
 * A name is first made showable (cli/text.h: invalid UTF-8, control characters, what changes
 * direction) and, where it is long, cut in the middle, the number of bytes said; so no name is
 * longer than PAGE_NAME_BYTES, however it is escaped. Then it is escaped for the place where it
 * stands: as HTML text or attribute, or as a JSON string within a <script> element, where no `<`,
 * `>` or `&` may stand.
 *
 * Threads: any. Cost: linear.
 */
#ifndef SNAP_TOOLS_PAGE_PAGE_TEXT_H
#define SNAP_TOOLS_PAGE_PAGE_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "cli/text.h"

/** Bytes of a text that are kept where it is cut: its beginning and its end. */
enum { PAGE_HEAD = 200, PAGE_TAIL = 80 };
/** The longest that a showable name can be. */
enum { PAGE_NAME_BYTES = (PAGE_HEAD + PAGE_TAIL) * 4 + 64 };

/** Appends n bytes of a name, showable and cut. */
void page_name(struct text *out, const char *s, size_t n);

/** The same for a sentence or a path, of which `most` bytes are kept (and those of PAGE_TAIL). */
void page_words(struct text *out, const char *s, size_t n, size_t most);

/** Writes n bytes of a showable text as HTML. */
void page_html(FILE *out, const char *s, size_t n);

/** Writes a name, or a text of which `most` bytes are kept, as HTML; NULL writes nothing. */
void page_put(FILE *out, const char *s);
void page_put_words(FILE *out, const char *s, size_t most);

/** Writes a JSON document so that it can stand in a <script> element. */
void page_json(FILE *out, const char *s, size_t n);

/** Writes the Base64 form of a hexadecimal text, for hashes in a Content-Security-Policy. */
void page_base64(FILE *out, const char *hex);

#endif
