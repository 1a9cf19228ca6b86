/* SPDX-License-Identifier: MIT */
/*
 * Requests and replies of the CPython agent's listener (ask_wire.h), good and hostile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask_wire.h"
#include "cu.h"

static ask_request request;
static char packet[ASK_MAX_REQUEST + 2];

/* The parser's word on `text`: "" when it took it. The packet lies in memory of exactly the size
 * that the contract grants, so that a sanitizer sees a step beyond. */
static const char *parse_bytes(const void *bytes, size_t size)
{
    static char *copy;
    const char *error = NULL;
    free(copy);
    copy = malloc(size + 1);
    if (!copy) return "no memory";
    memcpy(copy, bytes, size);
    int status = ask_request_parse(copy, size, &request, &error);
    return (status == 0) == (error == NULL) ? (error ? error : "") : "status and error disagree";
}

static const char *parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static void test_good_requests(void)
{
    CHECK_STR(parse("heapsnap/1 status\n"), "");
    CHECK_U64(request.verb, ASK_STATUS);
    CHECK_STR(parse("heapsnap/1 status"), "");

    CHECK_STR(parse("heapsnap/1 dump"), "");
    CHECK_U64(request.verb, ASK_DUMP);
    CHECK_U64(request.options.mode, DUMP_AUTO);
    CHECK_U64(request.options.names, DUMP_NAMES_CODE);
    CHECK_U64(request.options.n_labels, 0);
    CHECK(request.options.reason == NULL);

    CHECK_STR(parse("heapsnap/1 dump\nmode inline\nnames none\nvalues 1\ngc 1\n"
                    "label service=check=out\nlabel k=\nreason after d\xC3\xA9ploy\n"), "");
    CHECK_U64(request.options.mode, DUMP_INLINE);
    CHECK_U64(request.options.names, DUMP_NAMES_NONE);
    CHECK_U64(request.options.values, 1);
    CHECK_U64(request.options.gc_collect, 1);
    CHECK_U64(request.options.n_labels, 2);
    CHECK_STR(request.options.labels[0].key, "service");
    CHECK_STR(request.options.labels[0].value, "check=out");
    CHECK_STR(request.options.labels[1].value, "");
    CHECK_STR(request.options.reason, "after d\xC3\xA9ploy");
}

static void test_bad_requests(void)
{
    static const char *const bad[][2] = {
        { "GET / HTTP/1.1\r\n", "request is not plain UTF-8 text" },
        { "GET / HTTP/1.1\n", "not a heapsnap request" },
        { "\n", "not a heapsnap request" },
        { "heapsnap/2 dump\n", "unknown version of the protocol" },
        { "heapsnap/10 dump\n", "unknown version of the protocol" },
        { "heapsnap/1", "unknown version of the protocol" },
        { "heapsnap/1 ", "unknown verb" },
        { "heapsnap/1 dump \n", "unknown verb" },
        { "heapsnap/1 exec\n", "unknown verb" },
        { "heapsnap/1 status\nmode auto\n", "this verb takes no options" },
        { "heapsnap/1 dump\nmode\n", "a line is not an option and its value" },
        { "heapsnap/1 dump\n\nmode fork\n", "a line is not an option and its value" },
        { "heapsnap/1 dump\nmode both\n", "unknown value of an option" },
        { "heapsnap/1 dump\nmode fork\nmode fork\n", "an option stands twice" },
        { "heapsnap/1 dump\nvalues yes\n", "unknown value of an option" },
        { "heapsnap/1 dump\npath /etc/passwd\n", "unknown option" },
        { "heapsnap/1 dump\nlabel novalue\n", "a label must be KEY=VALUE" },
        { "heapsnap/1 dump\nlabel =v\n", "a label must be KEY=VALUE" },
        { "heapsnap/1 dump\nreason \x1B[2J\n", "request is not plain UTF-8 text" },
        { "heapsnap/1 dump\nreason \xC0\xAF\n", "request is not plain UTF-8 text" },
        { "heapsnap/1 dump\nreason \xED\xA0\x80\n", "request is not plain UTF-8 text" },
        { "heapsnap/1 dump\nreason \xF4\x90\x80\x80\n", "request is not plain UTF-8 text" },
        { "heapsnap/1 dump\nreason \xE2\x82", "request is not plain UTF-8 text" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK_STR(parse(bad[i][0]), bad[i][1]);
    CHECK_STR(parse_bytes("heapsnap/1 dump\0", 16), "request is not plain UTF-8 text");
    CHECK_STR(parse_bytes("", 0), "empty request");
}

static void test_bounds(void)
{
    memset(packet, 'x', sizeof packet);
    memcpy(packet, "heapsnap/1 dump\nreason ", 23);
    CHECK_STR(parse_bytes(packet, ASK_MAX_REQUEST), "");
    CHECK_U64(strlen(request.options.reason), ASK_MAX_REQUEST - 23);
    CHECK_STR(parse_bytes(packet, ASK_MAX_REQUEST + 1), "request too long");

    char many[ASK_MAX_LABELS * 16 + 64] = "heapsnap/1 dump\n";
    for (int i = 0; i < ASK_MAX_LABELS; i++) strcat(many, "label a=b\n");
    CHECK_STR(parse(many), "");
    CHECK_U64(request.options.n_labels, ASK_MAX_LABELS);
    strcat(many, "label a=b\n");
    CHECK_STR(parse(many), "too many labels");
}

/* Whatever one byte of a request is changed to, the parser stays within the packet. */
static void test_every_byte_changed(void)
{
    static const char good[] = "heapsnap/1 dump\nmode fork\nlabel a=\xC3\xA9\ngc 0\n";
    char text[sizeof good];
    unsigned taken = 0;
    for (size_t at = 0; at + 1 < sizeof good; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy(text, good, sizeof good);
            text[at] = (char)byte;
            taken += *parse_bytes(text, sizeof good - 1) == '\0';
        }
        CHECK(strcmp(parse_bytes(good, at), "status and error disagree") != 0);
    }
    CHECK(taken > sizeof good); /* at least the unchanged ones */
}

static void test_reply(void)
{
    ask_reply reply;
    ask_reply_begin(&reply, "status");
    ask_reply_number(&reply, "pid", -7);
    ask_reply_text(&reply, "role", "a\"b\\c\n\x7F\xC3\xA9\xFF\xED\xA0\x80");
    ask_reply_text(&reply, "none", NULL);
    ask_reply_flag(&reply, "busy", 0);
    ask_reply_end(&reply);
    CHECK_STR(reply.text,
              "{\"protocol\":1,\"event\":\"status\",\"pid\":-7,\"role\":\"a\\\"b\\\\c\\u000a"
              "\\u007f\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",\"none\":null,"
              "\"busy\":false}");
    CHECK_U64(reply.size, strlen(reply.text));
}

/* A reply that is full stays a whole document. */
static void test_reply_full(void)
{
    static char text[ASK_MAX_REPLY + 64];
    for (size_t n = ASK_MAX_REPLY - 128; n < ASK_MAX_REPLY + 32; n++) {
        ask_reply reply;
        memset(text, n % 2 ? 'x' : '"', n);
        text[n] = '\0';
        ask_reply_begin(&reply, "error");
        ask_reply_text(&reply, "error", text);
        ask_reply_number(&reply, "number", INT64_MIN);
        ask_reply_flag(&reply, "flag", 1);
        ask_reply_text(&reply, "text", "y");
        ask_reply_end(&reply);
        if (!CHECK(reply.size < sizeof reply.text)) return;
        CHECK(reply.text[reply.size] == '\0' && reply.text[reply.size - 1] == '}');
        CHECK(strstr(reply.text, "\",}") == NULL && strstr(reply.text, ":}") == NULL);
    }
}

CU_MAIN("agent_wire", { "good requests", test_good_requests }, { "bad requests", test_bad_requests },
        { "bounds", test_bounds }, { "every byte changed", test_every_byte_changed },
        { "reply", test_reply }, { "full reply", test_reply_full })
