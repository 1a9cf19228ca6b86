/* SPDX-License-Identifier: MIT */
/*
 * A pull parser for JSON documents of any size, over bytes that come in pieces. The caller walks
 * the document with it: it asks for the next member or element, takes the value or skips it.
 * Nothing is kept but a window of the input and the text of the last string, so memory does not
 * depend on the document; arrays of numbers, of which heap snapshots consist, take a few
 * nanoseconds a number.
 *
 *     struct jstream_place object = jstream_enter(&j, '{');
 *     while (jstream_member(&j, &object))
 *         if (jstream_key_is(&j, "nodes")) ...take the value...
 *         else jstream_skip(&j);
 *
 * Errors stick: after the first one every function answers false or 0, and `error` and
 * `error_offset` say what and where. `ended` tells an input that stops early, which may be
 * salvaged, from one that is wrong. Strict JSON (RFC 8259), but numbers are taken as unsigned
 * 64-bit integers: a sign, a fraction or an exponent is an error where a number is taken, and fine
 * where a value is skipped. Strings come as UTF-8; half a surrogate pair becomes U+FFFD.
 *
 * Limits: JSTREAM_MAX_DEPTH levels, JSTREAM_MAX_STRING bytes a string. Nothing recurses.
 */
#ifndef SNAP_TOOLS_IMPORT_JSON_STREAM_H
#define SNAP_TOOLS_IMPORT_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSTREAM_MAX_DEPTH = 4096, JSTREAM_MAX_STRING = 1 << 28 };

/** Where bytes come from: returns how many were read, 0 at the end, -1 with errno. */
typedef ptrdiff_t (*jstream_read_fn)(void *opaque, void *to, size_t n);

struct jstream {
    const unsigned char *at, *end; /* the window's unread part */
    unsigned char *window;
    uint64_t window_offset;        /* of window[0] in the input */
    jstream_read_fn read;
    void *opaque;
    unsigned depth;
    char *text;                    /* the last string or key, ended by a 0 */
    size_t text_size, text_cap;
    const char *error;             /* NULL: none so far */
    uint64_t error_offset;
    int error_errno;               /* of a failed read; else 0 */
    bool ended;                    /* the error is that the input ends early */
    bool no_memory;
};

/** One object or array that is being walked. */
struct jstream_place {
    char close;     /* '}' or ']'; 0: nothing to walk */
    bool first;
};

/** False when there is no memory. The reader outlives the stream. */
bool jstream_start(struct jstream *j, jstream_read_fn read, void *opaque);
void jstream_stop(struct jstream *j);

/** The offset of the next byte. */
static inline uint64_t jstream_offset(const struct jstream *j)
{
    return j->window_offset + (uint64_t)(j->at - j->window);
}

/** Notes an error at the place where the stream stands, unless there is one; returns false. */
bool jstream_fail(struct jstream *j, const char *error);

/** The first byte of the next token, white space skipped; 0 at the end or after an error. */
int jstream_peek(struct jstream *j);

/** Goes into an object ('{') or array ('['), which must be the next value. */
struct jstream_place jstream_enter(struct jstream *j, char open);

/** Goes to the next member of an object; its key is in `text`. False at the object's end. */
bool jstream_member(struct jstream *j, struct jstream_place *place);

/** Goes to the next element of an array. False at its end. */
bool jstream_element(struct jstream *j, struct jstream_place *place);

bool jstream_key_is(const struct jstream *j, const char *key);

/** Takes a string into `text`. */
bool jstream_string(struct jstream *j);

/** Takes a number that fits 64 bits without a sign. */
bool jstream_number(struct jstream *j, uint64_t *value);

/** Skips a value of any kind. O(bytes). */
bool jstream_skip(struct jstream *j);

/** Is there another value after the outermost one (documents of one JSON text a line)? Skips white
 *  space; false at the end of the input, which is no error. */
bool jstream_more(struct jstream *j);

/** After the outermost value: nothing but white space may follow. */
bool jstream_finish(struct jstream *j);

/** Do these first n bytes of a file begin with the tokens (ended by NULL), white space between them
 *  or not? For bids. */
bool jstream_begins(const unsigned char *head, size_t n, const char *const *tokens);

/** Fills the window; false at the end of the input (no error). Inside: for the functions below. */
bool jstream_fill(struct jstream *j);

/** Takes the next number of an array of numbers: jstream_element and jstream_number in one. */
static inline bool jstream_array_number(struct jstream *j, struct jstream_place *place,
                                     uint64_t *value)
{
    /* The common shape, ",123" with the next token in the window; the rest goes the long way. */
    const unsigned char *p = j->at;
    if (!place->first && j->end - p > 40) {
        if (*p == '\n') p++;
        if (*p == ',') {
            p++;
            if (*p == '\n') p++;
            unsigned digit = *p - (unsigned)'0';
            uint64_t v = digit;
            if (digit <= 9) {
                const unsigned char *start = p++;
                while ((digit = *p - (unsigned)'0') <= 9 && p - start < 19) {
                    v = v * 10 + digit;
                    p++;
                }
                bool plain = digit > 9 && (*p == ',' || *p == '\n' || *p == ']') &&
                             (*start != '0' || p - start == 1);
                if (plain) {
                    j->at = p;
                    *value = v;
                    return true;
                }
            }
        }
    }
    return jstream_element(j, place) && jstream_number(j, value);
}

#endif
