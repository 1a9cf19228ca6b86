/* SPDX-License-Identifier: MIT */
/*
 * Requests and replies of the listener; see ask_wire.h. A request comes from another process and
 * is taken as hostile: every line is checked, nothing is guessed, the first mistake ends it.
 */
#include "ask_wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- UTF-8 ------------------------------------------------------------------------------- */

/* Bytes of the well-formed UTF-8 sequence at `s`, of which `n` >= 1 bytes are there; 0 if none.
 * Overlong forms, surrogates, values beyond U+10FFFF are not well-formed (Unicode, table 3-7). */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (len == 0 || len > n || s[0] > 0xF4) return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (s[0] == 0xE0 && s[1] < 0xA0) return 0;
    if (s[0] == 0xED && s[1] > 0x9F) return 0;
    if (s[0] == 0xF0 && s[1] < 0x90) return 0;
    if (s[0] == 0xF4 && s[1] > 0x8F) return 0;
    return len;
}

/* Whether all of it is UTF-8 without control bytes other than the line ends that part lines. */
static int is_plain_text(const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < size;) {
        size_t len = utf8_sequence(s + i, size - i);
        if (len == 0 || (s[i] < 0x20 && s[i] != '\n') || s[i] == 0x7F) return 0;
        i += len;
    }
    return 1;
}

/* ---- requests ---------------------------------------------------------------------------- */

/* One bit per option that may stand only once. */
enum { SEEN_MODE = 1, SEEN_NAMES = 2, SEEN_VALUES = 4, SEEN_GC = 8, SEEN_REASON = 16 };

/* The number of `word` in a list of words that ends in NULL, or -1. */
static int word_number(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0) return i;
    return -1;
}

static const char *take_word(const char *value, const char *const *words, int *out)
{
    *out = word_number(value, words);
    return *out < 0 ? "unknown value of an option" : NULL;
}

static const char *take_label(ask_request *request, char *value)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value) return "a label must be KEY=VALUE";
    if (request->options.n_labels == ASK_MAX_LABELS) return "too many labels";
    *equals = '\0';
    dump_label *label = &request->labels[request->options.n_labels++];
    label->key = value;
    label->value = equals + 1;
    return NULL;
}

/* Take one option of a dump; NULL, or what is wrong with it. */
static const char *take_option(ask_request *request, const char *key, char *value, unsigned *seen)
{
    static const char *const options[] = { "mode", "names", "values", "gc", "reason", NULL };
    static const char *const modes[] = { "auto", "fork", "inline", NULL };
    static const char *const names[] = { "code", "keys", "none", NULL };
    static const char *const flags[] = { "0", "1", NULL };
    dump_options *o = &request->options;
    const char *error = NULL;
    int number = 0;

    if (strcmp(key, "label") == 0) return take_label(request, value);
    int option = word_number(key, options);
    if (option < 0) return "unknown option";
    if (*seen & (1u << option)) return "an option stands twice";
    *seen |= 1u << option;
    switch (1u << option) {
    case SEEN_MODE:
        error = take_word(value, modes, &number);
        o->mode = (dump_mode)number;
        break;
    case SEEN_NAMES:
        error = take_word(value, names, &number);
        o->names = (dump_names)number;
        break;
    case SEEN_VALUES:
        error = take_word(value, flags, &o->values);
        break;
    case SEEN_GC:
        error = take_word(value, flags, &o->gc_collect);
        break;
    case SEEN_REASON:
        o->reason = value;
        break;
    }
    return error;
}

/* Cut the next line off *rest; NULL at the end. */
static char *next_line(char **rest)
{
    char *line = *rest;
    if (!line || !*line) return NULL;
    char *end = strchr(line, '\n');
    *rest = end ? end + 1 : NULL;
    if (end) *end = '\0';
    return line;
}

static const char *parse(char *text, size_t size, ask_request *request)
{
    memset(request, 0, sizeof *request);
    request->options.labels = request->labels;
    if (size == 0) return "empty request";
    if (size > ASK_MAX_REQUEST) return "request too long";
    if (!is_plain_text(text, size)) return "request is not plain UTF-8 text";
    text[size] = '\0';

    char *rest = text;
    const char *first = next_line(&rest);
    if (!first || strncmp(first, "heapsnap/", 9) != 0) return "not a heapsnap request";
    if (strncmp(first, "heapsnap/1 ", 11) != 0) return "unknown version of the protocol";
    static const char *const verbs[] = { "", "status", "dump", NULL };
    int verb = word_number(first + 11, verbs);
    if (verb < ASK_STATUS) return "unknown verb";
    request->verb = (ask_verb)verb;

    unsigned seen = 0;
    for (char *line; (line = next_line(&rest)) != NULL;) {
        char *space = strchr(line, ' ');
        if (!space) return "a line is not an option and its value";
        if (verb != ASK_DUMP) return "this verb takes no options";
        *space = '\0';
        const char *error = take_option(request, line, space + 1, &seen);
        if (error) return error;
    }
    return NULL;
}

int ask_request_parse(char *text, size_t size, ask_request *request, const char **error)
{
    *error = parse(text, size, request);
    return *error ? -1 : 0;
}

/* ---- replies ----------------------------------------------------------------------------- */

/* Kept free for the end of the document: a text's quote, the brace, the NUL. */
#define REPLY_RESERVE 8u

static int reply_has_room(const ask_reply *reply, size_t n)
{
    return reply->size + n + REPLY_RESERVE <= sizeof reply->text;
}

/* Append all of it or nothing; whether it fitted. */
static int reply_put(ask_reply *reply, const char *bytes, size_t n)
{
    if (!reply_has_room(reply, n)) return 0;
    memcpy(reply->text + reply->size, bytes, n);
    reply->size += n;
    return 1;
}

/* One character of a JSON string, from the sequence at `s` with `n` bytes left; bytes consumed, or
 * 0 when it did not fit. */
static size_t reply_put_character(ask_reply *reply, const unsigned char *s, size_t n)
{
    char escape[8];
    size_t len = utf8_sequence(s, n);
    if (len == 0) return reply_put(reply, "\xEF\xBF\xBD", 3) ? 1 : 0;
    if (s[0] == '"' || s[0] == '\\') {
        snprintf(escape, sizeof escape, "\\%c", s[0]);
        return reply_put(reply, escape, 2) ? 1 : 0;
    }
    if (s[0] < 0x20 || s[0] == 0x7F) {
        snprintf(escape, sizeof escape, "\\u%04x", s[0]);
        return reply_put(reply, escape, 6) ? 1 : 0;
    }
    return reply_put(reply, (const char *)s, len) ? len : 0;
}

static void reply_put_string(ask_reply *reply, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t left = strlen(text), used;
    reply->text[reply->size++] = '"';
    for (; left > 0 && (used = reply_put_character(reply, s, left)) > 0; left -= used) s += used;
    reply->text[reply->size++] = '"';
}

/* Append ,"KEY": when it fits together with `room` bytes of value. Keys are our own words. */
static int reply_put_key(ask_reply *reply, const char *key, size_t room)
{
    size_t n = strlen(key);
    if (!reply_has_room(reply, n + 4 + room)) return 0;
    reply_put(reply, ",\"", 2);
    reply_put(reply, key, n);
    reply_put(reply, "\":", 2);
    return 1;
}

void ask_reply_begin(ask_reply *reply, const char *event)
{
    reply->size = 0;
    reply_put(reply, "{\"protocol\":1", 13);
    ask_reply_text(reply, "event", event);
}

void ask_reply_text(ask_reply *reply, const char *key, const char *text)
{
    if (!reply_put_key(reply, key, 4)) return;
    if (text)
        reply_put_string(reply, text);
    else
        reply_put(reply, "null", 4);
}

void ask_reply_number(ask_reply *reply, const char *key, int64_t number)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, number);
    if (reply_put_key(reply, key, (size_t)n)) reply_put(reply, digits, (size_t)n);
}

void ask_reply_flag(ask_reply *reply, const char *key, int flag)
{
    if (reply_put_key(reply, key, 5)) reply_put(reply, flag ? "true" : "false", flag ? 4 : 5);
}

void ask_reply_end(ask_reply *reply)
{
    reply->text[reply->size++] = '}';
    reply->text[reply->size] = '\0';
}
