/* SPDX-License-Identifier: MIT */
/* Limits; the grammar stands in the header. */
#include "report/diff_limit.h"

#include <string.h>

#include "cli/number.h"

static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t') s++;
    return s;
}

/* Steps over `word`; false where it does not stand. */
static bool take(const char **s, const char *word)
{
    size_t n = strlen(word);
    *s = skip_blanks(*s);
    if (strncmp(*s, word, n) != 0) return false;
    *s += n;
    return true;
}

/* The `)` that ends a name: the last one that the rest of the grammar can follow. Signatures may
 * hold brackets and comparison signs themselves, as in `app.f.<locals>.g`. */
static const char *end_of_name(const char *s)
{
    for (const char *p = s + strlen(s); p > s; p--) {
        if (p[-1] != ')') continue;
        const char *rest = p;
        take(&rest, ".count");
        if (take(&rest, ">")) return p - 1;
    }
    return NULL;
}

static bool parse_name(const char **s, struct limit *l, const char **wrong)
{
    if (take(s, "owner:")) {
        l->of = LIMIT_OWNER;
    } else if (take(s, "type:")) {
        l->of = LIMIT_TYPE;
    } else {
        *wrong = "growth(...) takes owner:SIGNATURE or type:NAME";
        return false;
    }
    l->name = skip_blanks(*s);
    const char *end = end_of_name(*s);
    if (!end) {
        *wrong = "the ) after the name is missing, or the > after it";
        return false;
    }
    *s = end + 1;
    while (end > l->name && (end[-1] == ' ' || end[-1] == '\t')) end--;
    l->name_size = end > l->name ? (size_t)(end - l->name) : 0;
    if (l->name_size == 0) *wrong = "the name is missing";
    return l->name_size != 0;
}

static bool parse_value(const char *s, struct limit *l, const char **wrong)
{
    char digits[64];
    uint64_t value;
    s = skip_blanks(s);
    size_t n = strlen(s);
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t')) n--;
    if (n >= sizeof digits) n = 0; /* no number is so long */
    memcpy(digits, s, n);
    digits[n] = '\0';
    if (!(l->count ? number_parse_u64(digits, &value) : number_parse_size(digits, &value))) {
        *wrong =
            l->count ? "a count is a whole number" : "a size is a number, with K, M, G or none";
        return false;
    }
    if (value > INT64_MAX) {
        *wrong = "the limit is too large";
        return false;
    }
    l->value = (int64_t)value;
    return true;
}

bool limit_parse(const char *text, struct limit *out, const char **wrong)
{
    const char *s = text;
    *out = (struct limit){ 0 };
    if (!take(&s, "growth")) {
        *wrong = "a limit begins with growth";
        return false;
    }
    if (take(&s, "(") && !parse_name(&s, out, wrong)) return false;
    out->count = take(&s, ".count");
    if (!take(&s, ">")) {
        *wrong = "the comparison > or >= is missing";
        return false;
    }
    if (*s == '=') {
        out->reached = true;
        s++;
    }
    return parse_value(s, out, wrong);
}

bool limit_passed(const struct limit *limit, int64_t growth)
{
    return limit->reached ? growth >= limit->value : growth > limit->value;
}
