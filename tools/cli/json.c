/* SPDX-License-Identifier: MIT */
/* The streaming JSON writer; the contract is in json.h. O(1) state, linear in what is written. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "text.h"

void json_begin(struct json *j, FILE *out)
{
    *j = (struct json){ .out = out };
}

void json_line(struct json *j, FILE *out)
{
    *j = (struct json){ .out = out, .compact = true };
}

int json_finish(struct json *j)
{
    if (!j->misused) fputc('\n', j->out);
    if (fflush(j->out) || ferror(j->out)) return JSON_IO;
    /* has_items of level 0: exactly one value was written */
    return j->misused || j->depth || !(j->has_items & 1) ? JSON_MISUSE : JSON_OK;
}

void json_next(struct json *j)
{
    if (j->misused || j->depth || !(j->has_items & 1)) {
        j->misused = true;
        return;
    }
    fputc('\n', j->out);
    j->has_items = 0;
}

static void json_indent(struct json *j)
{
    if (j->compact) return;
    fputc('\n', j->out);
    for (unsigned i = 0; i < j->depth; i++) fputs("  ", j->out);
}

/* How many bytes from s on stand in a string as they are. */
static size_t json_plain(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\') i++;
    return i;
}

static void json_quote(FILE *out, const char *s, size_t n)
{
    fputc('"', out);
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t plain = json_plain(s + i, n - i);
        if (plain) {
            fwrite(s + i, 1, plain, out);
            i += plain;
            continue;
        }
        size_t len = text_decode(s + i, n - i, &c);
        if (c == TEXT_INVALID) {
            fputs("\xef\xbf\xbd", out);
        } else if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (int)c);
        } else if (c == '\n') {
            fputs("\\n", out);
        } else if (c == '\t') {
            fputs("\\t", out);
        } else if (text_is_hostile(c) && c > 0xffff) {
            fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (unsigned)(c >> 10),
                    0xdc00 + (unsigned)(c & 0x3ff));
        } else if (text_is_hostile(c)) {
            fprintf(out, "\\u%04x", (unsigned)c);
        } else {
            fwrite(s + i, 1, len, out);
        }
        i += len;
    }
    fputc('"', out);
}

/* Everything that stands before a value: comma, line, key. False: the call is out of place. */
static bool json_lead(struct json *j, const char *key)
{
    uint64_t bit = UINT64_C(1) << j->depth;
    bool in_object = (j->is_object & bit) != 0;
    if (in_object != (key != NULL) || (j->depth == 0 && (j->has_items & 1))) j->misused = true;
    if (j->misused) return false;
    if (j->has_items & bit) fputs(j->compact ? ", " : ",", j->out);
    j->has_items |= bit;
    if (j->depth) json_indent(j);
    if (key) {
        json_quote(j->out, key, j->key_n ? j->key_n : strlen(key));
        j->key_n = 0;
        fputs(": ", j->out);
    }
    return true;
}

static void json_open(struct json *j, const char *key, bool is_object)
{
    if (j->depth == JSON_DEPTH_MAX) j->misused = true;
    if (!json_lead(j, key)) return;
    fputc(is_object ? '{' : '[', j->out);
    uint64_t bit = UINT64_C(1) << ++j->depth;
    j->has_items &= ~bit;
    j->is_object = is_object ? j->is_object | bit : j->is_object & ~bit;
}

static void json_close(struct json *j, bool is_object)
{
    uint64_t bit = UINT64_C(1) << j->depth;
    if (j->depth == 0 || ((j->is_object & bit) != 0) != is_object) j->misused = true;
    if (j->misused) return;
    bool had_items = (j->has_items & bit) != 0;
    j->depth--;
    if (had_items) json_indent(j);
    fputc(is_object ? '}' : ']', j->out);
}

int json_give_up(struct json *j, const char *error)
{
    while (j->depth > 1 && !j->misused) json_close(j, (j->is_object >> j->depth & 1) != 0);
    json_string(j, "error", error);
    json_end_object(j);
    return json_finish(j);
}

void json_key_size(struct json *j, size_t n)
{
    j->key_n = n;
}

void json_object(struct json *j, const char *key)
{
    json_open(j, key, true);
}

void json_end_object(struct json *j)
{
    json_close(j, true);
}

void json_array(struct json *j, const char *key)
{
    json_open(j, key, false);
}

void json_end_array(struct json *j)
{
    json_close(j, false);
}

void json_stringn(struct json *j, const char *key, const char *value, size_t n)
{
    if (json_lead(j, key)) json_quote(j->out, value, n);
}

void json_string(struct json *j, const char *key, const char *value)
{
    if (value) {
        json_stringn(j, key, value, strlen(value));
    } else {
        json_null(j, key);
    }
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
    if (json_lead(j, key)) fprintf(j->out, "%" PRIu64, value);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
    if (json_lead(j, key)) fprintf(j->out, "%" PRId64, value);
}

void json_double(struct json *j, const char *key, double value)
{
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    if (json_lead(j, key)) fputs(text, j->out);
}

void json_bool(struct json *j, const char *key, bool value)
{
    if (json_lead(j, key)) fputs(value ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *key)
{
    if (json_lead(j, key)) fputs("null", j->out);
}

void json_id(struct json *j, const char *key, uint64_t value)
{
    if (json_lead(j, key)) fprintf(j->out, "\"%" PRIu64 "\"", value);
}

void json_address(struct json *j, const char *key, uint64_t value)
{
    if (json_lead(j, key)) fprintf(j->out, "\"0x%" PRIx64 "\"", value);
}

void json_time(struct json *j, const char *key, int64_t epoch_nanoseconds)
{
    char text[NUMBER_MAX];
    json_string(j, key, number_time(text, epoch_nanoseconds));
}
