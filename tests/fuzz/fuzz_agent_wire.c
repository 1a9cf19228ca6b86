/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the agent's conversation (ask_wire.h): bytes as a request, and the same bytes as
 * texts of a reply, which must be a JSON document however little of them fits.
 */
#include <stdlib.h>
#include <string.h>

#include "ask_wire.h"
#include "fuzz_target.h"
#include "import/json_stream.h"

/* A text of the packet: inside it, ended, printable. */
static void expect_inside(const char *text, const char *packet, size_t size)
{
    expect(text >= packet && text <= packet + size);
    for (; *text; text++) expect(text < packet + size && (unsigned char)*text >= ' ');
}

static void request(const uint8_t *data, size_t size)
{
    static ask_request r;
    const char *error = NULL;
    char *packet = malloc(size + 1);
    if (!packet) abort();
    if (size) memcpy(packet, data, size);
    memset(&r, 0xa5, sizeof r);
    int status = ask_request_parse(packet, size, &r, &error);
    expect(status == 0 ? !error : status == -1 && error && *error);
    if (status == 0) {
        const dump_options *o = &r.options;
        expect(size <= ASK_MAX_REQUEST && (r.verb == ASK_STATUS || r.verb == ASK_DUMP));
        expect(o->n_labels <= ASK_MAX_LABELS && o->labels == r.labels);
        expect(o->mode <= DUMP_INLINE && o->names <= DUMP_NAMES_NONE);
        expect(o->values == !!o->values && o->gc_collect == !!o->gc_collect);
        if (o->reason) expect_inside(o->reason, packet, size);
        for (size_t i = 0; i < o->n_labels; i++) {
            expect_inside(o->labels[i].key, packet, size);
            expect_inside(o->labels[i].value, packet, size);
            expect(*o->labels[i].key != 0);
        }
        expect(r.verb == ASK_DUMP || (!o->n_labels && !o->reason && !o->mode && !o->names));
    }
    free(packet);
}

static void reply(const uint8_t *data, size_t size)
{
    static const char *const keys[] = { "why", "argv0", "objects", "pause_ns", "busy", "error" };
    static ask_reply r;
    char text[600];
    struct jstream j;
    ask_reply_begin(&r, "status");
    for (size_t i = 0, k = 0; i < size; k++) {
        const char *key = keys[k % 6];
        size_t n = size - i < sizeof text - 1 ? size - i : sizeof text - 1;
        if (n > data[i] * 3u + 1) n = data[i] * 3u + 1;
        memcpy(text, data + i, n);
        text[n] = 0;
        if (k % 6 == 3) {
            int64_t number = 0;
            memcpy(&number, text, n < 8 ? n : 8);
            ask_reply_number(&r, key, number);
        } else if (k % 6 == 4) {
            ask_reply_flag(&r, key, text[0] & 1);
        } else {
            ask_reply_text(&r, key, text[0] == 'N' ? NULL : text);
        }
        i += n;
    }
    ask_reply_end(&r);
    expect(r.size < ASK_MAX_REPLY && r.text[r.size] == 0 && strlen(r.text) == r.size);
    struct input f = { (const uint8_t *)r.text, r.size, 0, SIZE_MAX };
    if (!jstream_start(&j, input_read, &f)) abort();
    expect(jstream_skip(&j) && jstream_finish(&j));
    jstream_stop(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    request(data, size);
    reply(data, size);
    return 0;
}

uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    static const char *const seeds[] = {
        "heapsnap/1 status\n",
        "heapsnap/1 dump",
        ("heapsnap/1 dump\nmode inline\nnames none\nvalues 1\ngc 1\nlabel service=check=out\n"
         "label k=\nreason after d\xC3\xA9ploy\n"),
        "heapsnap/1 dump\nmode fork\nnames keys\nvalues 0\ngc 0\nreason \xF0\x9F\x98\x80\n",
        "\x40quotes \" and \\ and \n and \xff and \xE2\x82\xAC\x7f",
    };
    if (i >= sizeof seeds / sizeof *seeds) return NULL;
    *size = strlen(seeds[i]);
    return fuzz_copy(seeds[i], *size);
}
