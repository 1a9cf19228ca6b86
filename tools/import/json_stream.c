/* SPDX-License-Identifier: MIT */
/*
 * A pull parser over a window of 256 KiB. See json_stream.h.
 */
#include "import/json_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

enum { WINDOW = 1 << 18 };

static const char ends_early[] = "the file ends early";

bool jstream_start(struct jstream *j, jstream_read_fn read, void *opaque)
{
    *j = (struct jstream){ .read = read, .opaque = opaque };
    j->window = malloc(WINDOW);
    j->at = j->end = j->window;
    return j->window != NULL;
}

void jstream_stop(struct jstream *j)
{
    free(j->window);
    free(j->text);
    *j = (struct jstream){ 0 };
}

bool jstream_fail(struct jstream *j, const char *error)
{
    if (j->error) return false;
    j->error = error;
    j->error_offset = jstream_offset(j);
    return false;
}

/* Replaces a window that is used up. */
bool jstream_fill(struct jstream *j)
{
    if (j->error) return false;
    if (j->at < j->end) return true;
    j->window_offset += (uint64_t)(j->end - j->window);
    j->at = j->end = j->window;
    ptrdiff_t got = j->read(j->opaque, j->window, WINDOW);
    if (got < 0) {
        j->error_errno = errno;
        return jstream_fail(j, "cannot read");
    }
    j->end += got;
    return got > 0;
}

static bool fail_end(struct jstream *j)
{
    if (!j->error) j->ended = true;
    return jstream_fail(j, ends_early);
}

/* The next byte, not taken; 0 after an error, which the end and a zero byte are. */
static int next(struct jstream *j)
{
    if (j->error) return 0;
    if (j->at < j->end || jstream_fill(j)) {
        if (!*j->at) jstream_fail(j, "a zero byte");
        return *j->at;
    }
    fail_end(j);
    return 0;
}

/* As next, but the end is none's fault: a number may end there. */
static int next_or_end(struct jstream *j)
{
    return j->at < j->end || jstream_fill(j) ? next(j) : 0;
}

int jstream_peek(struct jstream *j)
{
    for (;;) {
        int c = next(j);
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c;
        j->at++;
    }
}

/* ---- objects and arrays -------------------------------------------------------------------- */

static bool go_down(struct jstream *j)
{
    if (j->depth >= JSTREAM_MAX_DEPTH) return jstream_fail(j, "nested too deeply");
    j->depth++;
    j->at++;
    return true;
}

struct jstream_place jstream_enter(struct jstream *j, char open)
{
    struct jstream_place place = { 0, true };
    if (jstream_peek(j) != open) {
        jstream_fail(j, open == '{' ? "an object was expected" : "an array was expected");
        return place;
    }
    if (go_down(j)) place.close = open == '{' ? '}' : ']';
    return place;
}

/* To the next member or element: false at the end, which is taken. */
static bool advance(struct jstream *j, struct jstream_place *place)
{
    int c = jstream_peek(j);
    if (!c || !place->close) return false;
    if (c == place->close) {
        place->close = 0;
        j->at++;
        j->depth--;
        return false;
    }
    if (place->first) {
        place->first = false;
        return true;
    }
    if (c != ',') return jstream_fail(j, "a comma was expected");
    j->at++;
    return true;
}

bool jstream_element(struct jstream *j, struct jstream_place *place)
{
    return advance(j, place);
}

bool jstream_member(struct jstream *j, struct jstream_place *place)
{
    if (!advance(j, place) || !jstream_string(j)) return false;
    if (jstream_peek(j) != ':') return jstream_fail(j, "a colon was expected");
    j->at++;
    return true;
}

bool jstream_key_is(const struct jstream *j, const char *key)
{
    return j->text && strlen(key) == j->text_size && memcmp(j->text, key, j->text_size) == 0;
}

/* ---- numbers ------------------------------------------------------------------------------- */

bool jstream_number(struct jstream *j, uint64_t *value)
{
    int c = jstream_peek(j);
    *value = 0;
    if (c < '0' || c > '9') return jstream_fail(j, "a whole number was expected");
    bool zero = c == '0';
    for (unsigned digits = 0;; digits++) {
        unsigned digit = (unsigned)c - '0';
        if (digits && zero) return jstream_fail(j, "a number begins with 0");
        if (*value > (UINT64_MAX - digit) / 10) return jstream_fail(j, "a number beyond 64 bits");
        *value = *value * 10 + digit;
        j->at++;
        c = next_or_end(j);
        if (c < '0' || c > '9') break;
    }
    /* What is cut within a number reads as another number. */
    if (!c && j->depth) fail_end(j);
    if (c == '.' || c == 'e' || c == 'E') return jstream_fail(j, "a whole number was expected");
    return !j->error;
}

/* Digits, at least one. */
static bool skip_digits(struct jstream *j)
{
    int c = next(j);
    if (c < '0' || c > '9') return jstream_fail(j, "a digit was expected");
    for (; c >= '0' && c <= '9'; c = next_or_end(j)) j->at++;
    return !j->error;
}

static bool skip_number(struct jstream *j)
{
    if (next(j) == '-') j->at++;
    if (next(j) == '0') j->at++;
    else if (!skip_digits(j)) return false;
    int c = next_or_end(j);
    if (c >= '0' && c <= '9') return jstream_fail(j, "a number begins with 0");
    if (c == '.') {
        j->at++;
        if (!skip_digits(j)) return false;
        c = next_or_end(j);
    }
    if (c != 'e' && c != 'E') return !j->error;
    j->at++;
    c = next(j);
    if (c == '+' || c == '-') j->at++;
    return skip_digits(j);
}

/* ---- strings ------------------------------------------------------------------------------- */

static bool append(struct jstream *j, const void *bytes, size_t n)
{
    if (n > JSTREAM_MAX_STRING - j->text_size) return jstream_fail(j, "a string is too long");
    size_t need = j->text_size + n + 1;
    if (need > j->text_cap) {
        size_t cap = need < 256 ? 256 : need + need / 2;
        char *text = realloc(j->text, cap);
        if (!text) {
            j->no_memory = true;
            return jstream_fail(j, "no memory");
        }
        j->text = text;
        j->text_cap = cap;
    }
    if (n) memcpy(j->text + j->text_size, bytes, n);
    j->text_size += n;
    j->text[j->text_size] = 0;
    return true;
}

static bool append_character(struct jstream *j, uint32_t c)
{
    char b[4];
    return append(j, b, text_encode(b, c));
}

/* The four digits after \u. */
static bool hex4(struct jstream *j, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        int c = next(j);
        int letter = c | 0x20;
        uint32_t digit;
        if (c >= '0' && c <= '9') digit = (uint32_t)(c - '0');
        else if (letter >= 'a' && letter <= 'f') digit = (uint32_t)(letter - 'a' + 10);
        else return jstream_fail(j, "four hexadecimal digits were expected");
        *value = *value << 4 | digit;
        j->at++;
    }
    return true;
}

/* A character of \u escapes; `first` is the half that may still wait for the other one. */
static bool unicode_escape(struct jstream *j, uint32_t *high)
{
    uint32_t c;
    if (!hex4(j, &c)) return false;
    bool low = c >= 0xdc00 && c < 0xe000;
    if (*high && low) {
        c = 0x10000 + ((*high - 0xd800) << 10) + (c - 0xdc00);
        *high = 0;
        return append_character(j, c);
    }
    if (*high && !append_character(j, 0xfffd)) return false;
    *high = 0;
    if (low) return append_character(j, 0xfffd);
    if (c >= 0xd800 && c < 0xdc00) {
        *high = c;
        return true;
    }
    return append_character(j, c);
}

/* What may stand after a backslash. */
static const char escapes[] = "\"\\/bfnrtu";

static bool escape(struct jstream *j, uint32_t *high)
{
    static const char to[] = "\"\\/\b\f\n\r\t";
    int c = next(j);
    if (!c) return false;
    if (c == 'u') {
        j->at++;
        return unicode_escape(j, high);
    }
    const char *found = strchr(escapes, c);
    if (!found) return jstream_fail(j, "an unknown escape in a string");
    j->at++;
    if (*high && !append_character(j, 0xfffd)) return false;
    *high = 0;
    return append(j, &to[found - escapes], 1);
}

/* The same words wherever the window ends. */
static bool fail_control(struct jstream *j)
{
    return next(j) && jstream_fail(j, "a control character in a string");
}

/* The bytes up to the next quote, backslash or control character. */
static const unsigned char *plain_end(const unsigned char *p, const unsigned char *end)
{
    while (p < end && *p != '"' && *p != '\\' && *p >= 0x20) p++;
    return p;
}

bool jstream_string(struct jstream *j)
{
    uint32_t high = 0;
    if (jstream_peek(j) != '"') return jstream_fail(j, "a string was expected");
    j->at++;
    j->text_size = 0;
    if (!append(j, "", 0)) return false;
    for (;;) {
        if (!next(j)) return false;
        const unsigned char *stop = plain_end(j->at, j->end);
        if (stop > j->at) {
            if (high && !append_character(j, 0xfffd)) return false;
            high = 0;
            if (!append(j, j->at, (size_t)(stop - j->at))) return false;
            j->at = stop;
            continue;
        }
        int c = *j->at;
        if (c < 0x20) return fail_control(j);
        j->at++;
        if (c == '"') return !high || append_character(j, 0xfffd);
        if (!escape(j, &high)) return false;
    }
}

/* ---- values that nobody wants -------------------------------------------------------------- */

static bool skip_escape(struct jstream *j)
{
    uint32_t c;
    int letter = next(j);
    if (!letter) return false;
    if (!strchr(escapes, letter)) return jstream_fail(j, "an unknown escape in a string");
    j->at++;
    return letter != 'u' || hex4(j, &c);
}

static bool skip_string(struct jstream *j)
{
    j->at++;
    for (;;) {
        if (!next(j)) return false;
        j->at = plain_end(j->at, j->end);
        if (j->at == j->end) continue;
        int c = *j->at;
        if (c < 0x20) return fail_control(j);
        j->at++;
        if (c == '"') return true;
        if (!skip_escape(j)) return false;
    }
}

static bool skip_word(struct jstream *j, const char *word)
{
    for (; *word; word++, j->at++)
        if (next(j) != *word) return jstream_fail(j, "a value was expected");
    return true;
}

/* One value that is no object and no array. */
static bool skip_plain(struct jstream *j, int c)
{
    switch (c) {
    case '"': return skip_string(j);
    case 't': return skip_word(j, "true");
    case 'f': return skip_word(j, "false");
    case 'n': return skip_word(j, "null");
    default:
        return c == '-' || (c >= '0' && c <= '9') ? skip_number(j)
                                                  : jstream_fail(j, "a value was expected");
    }
}

/* Further numbers of an array, as far as whole ones of the plainest shape stand in the window: a fast
 * way through, which stops before anything else. */
static void skip_numbers(struct jstream *j)
{
    const unsigned char *p = j->at, *end = j->end;
    for (;;) {
        if (p < end && *p == '\n') p++;
        if (p == end || *p++ != ',') return;
        if (p < end && *p == '\n') p++;
        const unsigned char *start = p;
        while (p < end && (unsigned)(*p - '0') <= 9) p++;
        if (p == end || p == start || (*start == '0' && p - start > 1)) return;
        if (*p == '.' || *p == 'e' || *p == 'E') return;
        j->at = p;
    }
}

bool jstream_skip(struct jstream *j)
{
    char closes[JSTREAM_MAX_DEPTH];
    unsigned depth = 0;
    struct jstream_place place = { 0, true };
    for (;;) {
        int c = jstream_peek(j);
        if (!c) return false;
        bool opens = c == '{' || c == '[';
        if (opens) {
            if (!go_down(j)) return false;
            if (place.close) closes[depth++] = place.close;
            place = (struct jstream_place){ c == '{' ? '}' : ']', true };
        } else if (!skip_plain(j, c)) {
            return false;
        } else if (place.close == ']') {
            skip_numbers(j);
        }
        /* To the next value: up through everything that ends here. */
        while (place.close && !(place.close == '}' ? jstream_member(j, &place)
                                                   : jstream_element(j, &place))) {
            if (j->error) return false;
            place = (struct jstream_place){ depth ? closes[--depth] : 0, false };
        }
        if (!place.close) return true;
    }
}

static bool is_space(int c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool jstream_more(struct jstream *j)
{
    for (;;) {
        if (j->error || (j->at == j->end && !jstream_fill(j))) return false;
        if (!is_space(*j->at)) return true;
        j->at++;
    }
}

bool jstream_finish(struct jstream *j)
{
    if (jstream_more(j)) return jstream_fail(j, "more follows after the end");
    return !j->error;
}

bool jstream_begins(const unsigned char *head, size_t n, const char *const *tokens)
{
    size_t at = 0;
    for (; *tokens; tokens++) {
        size_t size = strlen(*tokens);
        while (at < n && is_space(head[at])) at++;
        if (n - at < size || memcmp(head + at, *tokens, size) != 0) return false;
        at += size;
    }
    return true;
}
