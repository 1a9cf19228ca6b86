/* SPDX-License-Identifier: MIT */
/*
 * Hostile text inside other people's markup: first escaped as text.h does (control characters,
 * changes of direction, what is no UTF-8), then so that it cannot be markup.
 *
 * Threads: pure but for the stream. Cost: linear.
 */
#ifndef SNAP_TOOLS_CLI_MARKUP_H
#define SNAP_TOOLS_CLI_MARKUP_H

#include <stddef.h>
#include <stdio.h>

/** As character data or as the value of an attribute in XML. NULL writes nothing. */
void markup_xml(FILE *out, const char *s);

/** As words of a paragraph or of a table's cell in Markdown (CommonMark, where every ASCII
 *  punctuation character may be escaped); `@` and `#` name nobody and nothing. NULL writes nothing.
 */
void markup_markdown(FILE *out, const char *s);

#endif
