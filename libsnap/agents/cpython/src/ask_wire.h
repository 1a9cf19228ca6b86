/* SPDX-License-Identifier: MIT */
/*
 * The conversation between a process that listens and one that asks: its text, nothing else.
 *
 * It runs over an abstract AF_UNIX socket of type SOCK_SEQPACKET, so a packet is a message and
 * there are no half messages. The name of the socket (listener.h) carries the protocol's version.
 *
 *   request   one packet of at most ASK_MAX_REQUEST bytes, printable UTF-8 in lines:
 *
 *                 heapsnap/1 dump
 *                 mode auto
 *                 label service=checkout
 *
 *             The first line names the protocol and the verb, each further line an option and its
 *             value, in any order, each option once (label: up to ASK_MAX_LABELS times). Verbs:
 *             `status` (no options) and `dump` (mode auto|fork|inline, names code|keys|none,
 *             values 0|1, gc 0|1, label KEY=VALUE, reason TEXT), which must carry exactly one
 *             descriptor of a regular file that is open for writing (SCM_RIGHTS).
 *   replies   packets of one JSON object each, at most ASK_MAX_REPLY bytes, that names itself by
 *             "event". `status` is answered by "status" (at once, without the GIL) and "plan" (as
 *             soon as the GIL is had); `dump` by "started" (the mode, and why, before the pause)
 *             and "done"; either may end in "error" instead. Then the connection is closed. Who
 *             asks must pass over fields and events that it does not know.
 *
 * Everything here is pure: bytes in, structures out, no allocation, no system call, any thread.
 */
#ifndef HEAPSNAP_ASK_WIRE_H
#define HEAPSNAP_ASK_WIRE_H

#include "dump.h"

#define ASK_PROTOCOL    1
#define ASK_MAX_REQUEST 16384
#define ASK_MAX_REPLY   8192
#define ASK_MAX_LABELS  32

typedef enum ask_verb {
    ASK_STATUS = 1, /**< who are you, and what would a capture cost */
    ASK_DUMP = 2    /**< capture into the descriptor that comes with the request */
} ask_verb;

typedef struct ask_request {
    ask_verb verb;
    dump_options options; /**< `labels` points to the array below, its texts into the packet */
    dump_label labels[ASK_MAX_LABELS];
} ask_request;

/** Decode a packet in place: `text` has room for size + 1 bytes and is cut into strings, which
 *  `request` points to. 0, or -1 with one sentence in *error (static storage). O(size). */
int ask_request_parse(char *text, size_t size, ask_request *request, const char **error);

/** A reply under construction. What does not fit is left out and the document is still closed:
 *  a text is shortened, a field that has no room for its name is dropped. */
typedef struct ask_reply {
    size_t size;
    char text[ASK_MAX_REPLY];
} ask_reply;

/** Start a reply: {"protocol":1,"event":EVENT. */
void ask_reply_begin(ask_reply *reply, const char *event);
/** Add "KEY":"TEXT"; NULL is null. Bytes that are not UTF-8 become U+FFFD. */
void ask_reply_text(ask_reply *reply, const char *key, const char *text);
/** Add "KEY":NUMBER. */
void ask_reply_number(ask_reply *reply, const char *key, int64_t number);
/** Add "KEY":true or false. */
void ask_reply_flag(ask_reply *reply, const char *key, int flag);
/** Close the document; reply->text then holds reply->size bytes and a NUL. */
void ask_reply_end(ask_reply *reply);

#endif
