/* SPDX-License-Identifier: MIT */
/* A buffer over a stream; emit.h. */
#include "export/emit.h"

#include "cli/text.h"

void emit_begin(struct emit *e, FILE *out)
{
    e->out = out;
    e->n = 0;
    e->failed = false;
}

void emit_flush(struct emit *e)
{
    if (e->n && fwrite(e->buffer, 1, e->n, e->out) < e->n) e->failed = true;
    e->n = 0;
}

void emit_bytes(struct emit *e, const char *s, size_t n)
{
    while (n) {
        size_t part = EMIT_SIZE - e->n;
        if (part > n) part = n;
        memcpy(e->buffer + e->n, s, part);
        e->n += part;
        s += part;
        n -= part;
        if (e->n == EMIT_SIZE) emit_flush(e);
    }
}

/* \uXXXX, two of them beyond U+FFFF. */
static void put_unit(struct emit *e, uint32_t unit)
{
    char text[8];
    emit_bytes(e, text, (size_t)snprintf(text, sizeof text, "\\u%04x", unit & 0xffff));
}

bool emit_json(struct emit *e, const char *s, size_t n, size_t most)
{
    size_t i = 0;
    emit_char(e, '"');
    while (i < n) {
        uint32_t c;
        size_t size = text_decode(s + i, n - i, &c);
        if (i + size > most) break;
        i += size;
        if (c == TEXT_INVALID) c = 0xfffd;
        if (c > 0xffff) {
            put_unit(e, 0xd7c0 + (c >> 10));
            put_unit(e, 0xdc00 + (c & 0x3ff));
        } else if (c < ' ' || c > '~') {
            put_unit(e, c);
        } else {
            if (c == '"' || c == '\\') emit_char(e, '\\');
            emit_char(e, (char)c);
        }
    }
    emit_char(e, '"');
    return i < n;
}
