/* SPDX-License-Identifier: MIT */
/* Text inside markup; the rules stand in the header. */
#include "cli/markup.h"

#include <string.h>

#include "cli/text.h"

static const char *xml_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* Entities where a backslash would leave a reference to a person or an issue, or a tag. */
static const char *markdown_entity(char c)
{
    switch (c) {
    case '@':
        return "&#64;";
    case '#':
        return "&#35;";
    default:
        return xml_entity(c);
    }
}

/* Character by character through a buffer of our own, so that nothing can fail. */
static void put(FILE *out, const char *s, const char *(*entity_of)(char), const char *slashed)
{
    char buffer[32];
    for (size_t n = s ? strlen(s) : 0, size; n > 0; s += size, n -= size) {
        uint32_t c;
        struct text t = text_fixed(buffer, sizeof buffer);
        size = text_decode(s, n, &c);
        if (c == 0xfffe || c == 0xffff) /* no characters of XML */
            text_addf(&t, "\\u%x", (unsigned)c);
        else
            text_escape(&t, s, size);
        for (const char *p = text_str(&t); *p; p++) {
            const char *entity = entity_of(*p);
            if (!entity && strchr(slashed, *p)) putc('\\', out);
            if (entity)
                fputs(entity, out);
            else
                putc(*p, out);
        }
    }
}

void markup_xml(FILE *out, const char *s)
{
    put(out, s, xml_entity, "");
}

void markup_markdown(FILE *out, const char *s)
{
    put(out, s, markdown_entity, "\\`*_[]|~$");
}
