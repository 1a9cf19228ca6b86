/* SPDX-License-Identifier: MIT */
/*
 * A streaming JSON writer: nothing is kept, so a document can be of any length.
 *
 *     struct json j;
 *     json_begin(&j, stdout);
 *     json_object(&j, NULL);
 *     json_string(&j, "schema", "snap.info/1");
 *     json_array(&j, "files");
 *     ...
 *     json_end_array(&j);
 *     json_end_object(&j);
 *     if (json_finish(&j)) ...
 *
 * Every function takes the member's key first: a C string inside an object, NULL inside an array or
 * at the top. Keys and values keep the order of the calls. Invalid UTF-8 becomes U+FFFD, control
 * characters are escaped, and so is all that text.h calls hostile, so that a document may be
 * shown on a terminal as it is. Ids and addresses are strings (JSON numbers lose 64-bit values),
 * sizes and counts numbers. Indented by two blanks; json_line makes one line a document (NDJSON).
 *
 * A call out of place (a key in an array, a missing key, an end too many, depth beyond
 * JSON_DEPTH_MAX) is a programming error: it writes nothing and json_finish returns JSON_MISUSE.
 * Errors of the stream are reported by json_finish too. Threads: one at a time. No allocation.
 */
#ifndef SNAP_TOOLS_CLI_JSON_H
#define SNAP_TOOLS_CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH_MAX = 60 };
enum { JSON_OK = 0, JSON_MISUSE = -1, JSON_IO = -2 };

/** The writer's state; visible so that it can live on the stack, its members are private. */
struct json {
    FILE *out;
    uint64_t is_object; /* bit d: level d is an object */
    uint64_t has_items; /* bit d: level d already holds a member */
    unsigned depth;
    size_t key_n;       /* bytes of the next key where json_key_size told them, else 0 */
    bool compact;
    bool misused;
};

/** Starts a document on `out`; indented. */
void json_begin(struct json *j, FILE *out);

/** Starts a document that is one line. */
void json_line(struct json *j, FILE *out);

/** Ends the document with a line end and flushes. Returns JSON_OK, JSON_MISUSE (also when
 *  something is still open) or JSON_IO. */
int json_finish(struct json *j);

/** Ends a document with a line end and begins the next of the same shape: JSON lines, flushed by
 *  json_finish only, which then ends the last one. */
void json_next(struct json *j);

/** Ends a document that is an object and cannot be completed: closes what is open within it, adds
 *  the member "error", and finishes. What json_finish returns. */
int json_give_up(struct json *j, const char *error);

/** The next key has n bytes, of which some may be zero: for keys that come from a file. */
void json_key_size(struct json *j, size_t n);

void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);

/** Text; NULL is null. */
void json_string(struct json *j, const char *key, const char *value);
void json_stringn(struct json *j, const char *key, const char *value, size_t n);

/** Sizes, counts, deltas. */
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);

/** A shortest decimal that reads back as the same double; not finite is null. */
void json_double(struct json *j, const char *key, double value);

void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/** An id as a decimal string, an address as "0x..." in lower case. */
void json_id(struct json *j, const char *key, uint64_t value);
void json_address(struct json *j, const char *key, uint64_t value);

/** RFC 3339 in UTC from nanoseconds since 1970, as number_time. */
void json_time(struct json *j, const char *key, int64_t epoch_nanoseconds);

#endif
