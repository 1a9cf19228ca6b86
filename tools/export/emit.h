/* SPDX-License-Identifier: MIT */
/*
 * Numbers and texts on their way into a large file: a buffer over a stream, since a heap of ten
 * million objects is some 10^8 numbers. Members are private. Errors stay in the stream; `failed`
 * tells a loop that it can end. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_EXPORT_EMIT_H
#define SNAP_TOOLS_EXPORT_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { EMIT_SIZE = 1 << 16, EMIT_MOST = 32 };

struct emit {
    FILE *out;
    size_t n;
    bool failed;
    char buffer[EMIT_SIZE];
};

void emit_begin(struct emit *e, FILE *out);

/** Hands the buffer on. To be called at the end. */
void emit_flush(struct emit *e);

void emit_bytes(struct emit *e, const char *s, size_t n);

static inline void emit_text(struct emit *e, const char *s)
{
    emit_bytes(e, s, strlen(s));
}

static inline void emit_char(struct emit *e, char c)
{
    if (e->n == EMIT_SIZE) emit_flush(e);
    e->buffer[e->n++] = c;
}

/** A decimal number. */
static inline void emit_number(struct emit *e, uint64_t value)
{
    char digits[EMIT_MOST];
    size_t at = EMIT_MOST;
    do digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    if (e->n + EMIT_MOST > EMIT_SIZE) emit_flush(e);
    memcpy(e->buffer + e->n, digits + at, EMIT_MOST - at);
    e->n += EMIT_MOST - at;
}

/** A JSON string in ASCII: other characters as \uXXXX, bytes that are no UTF-8 as U+FFFD. Of a text
 *  longer than `most` bytes the first ones, ending with a whole character. Returns whether it was
 *  cut. */
bool emit_json(struct emit *e, const char *s, size_t n, size_t most);

#endif
