/* SPDX-License-Identifier: MIT */
/*
 * HPROF heap dumps (HotSpot, OpenJ9, Android) as a source of records. What maps to what is told in
 * format/hprof.md; the parts are listed in hprof_private.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/message.h"
#include "import/hprof_private.h"

static const char magic[] = "JAVA PROFILE 1.0.";

/* ---- helpers ------------------------------------------------------------------------------- */

bool hprof_sent(struct hprof *h, int status)
{
    if (status == RECORD_OK) return true;
    h->stopped = true;
    return false;
}

bool hprof_no_memory(struct hprof *h)
{
    h->no_memory = true;
    return false;
}

bool hprof_grow(struct hprof *h, void *array, size_t *cap, size_t need, size_t size)
{
    void **a = array;
    if (need <= *cap) return true;
    size_t more = need + need / 2 + 64;
    if (more < need || more > SIZE_MAX / size) return hprof_no_memory(h);
    void *p = realloc(*a, more * size);
    if (!p) return hprof_no_memory(h);
    *a = p;
    *cap = more;
    return true;
}

void hprof_damage(struct hprof *h, uint64_t offset, const char *text)
{
    h->result->complete = false;
    if (h->sink->damage) h->sink->damage(h->sink->opaque, offset, text);
}

uint64_t hprof_number(const unsigned char *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

unsigned hprof_type_size(const struct hprof *h, unsigned type)
{
    static const unsigned char sizes[] = { 0, 0, 0, 0, 1, 2, 4, 8, 1, 2, 4, 8 };
    if (type == HPROF_OBJECT) return h->id_size;
    return type < sizeof sizes ? sizes[type] : 0;
}

/* ---- passes -------------------------------------------------------------------------------- */

static bool read_header(struct hprof *h)
{
    unsigned char b[32];
    size_t got = unwrap_read(h->in, b, sizeof magic - 1 + 2 + 12);
    if (got != sizeof magic + 13 || memcmp(b, magic, sizeof magic - 1) != 0) return false;
    h->version = b[sizeof magic - 1] - '0';
    h->id_size = (unsigned)hprof_number(b + sizeof magic + 1, 4);
    h->time_ms = hprof_number(b + sizeof magic + 5, 8);
    h->base = got;
    return (h->id_size == 4 || h->id_size == 8) && h->version >= 1 && h->version <= 3 &&
           b[sizeof magic] == 0;
}

bool hprof_rewind(struct hprof *h)
{
    struct unwrap_problem problem;
    unwrap_close(h->in);
    h->in = unwrap_open(h->path, &problem);
    h->at = h->end = 0;
    h->cut = h->bad = false;
    h->lost = 0;
    if (!h->in) {
        unwrap_report(h->path, &problem);
        h->stopped = true;
        return false;
    }
    if (read_header(h)) return true;
    message_error(h->path, 0, NULL, "the Java heap dump's header is damaged or cut off");
    h->stopped = true;
    return false;
}

static bool send_fact(struct hprof *h, const char *key, const char *value)
{
    const struct record_sink *k = h->sink;
    struct record_text a = { key, strlen(key) }, b = { value, strlen(value) };
    return !k->metadata || hprof_sent(h, k->metadata(k->opaque, 0, a, b));
}

static bool send_facts(struct hprof *h)
{
    static const char *const facts[][2] = {
        { "runtime.name", "jvm" }, { "id.kind", "address" }, { "id.stable", "no" },
        { "names", "code" },
    };
    char text[16];
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (!send_fact(h, facts[i][0], facts[i][1])) return false;
    if (!send_fact(h, "values", h->options && h->options->values ? "yes" : "no") ||
        !send_fact(h, "size.model", h->model.android ? "reported" : "jvm-layout") ||
        !send_fact(h, "size.inferred", h->inferred))
        return false;
    snprintf(text, sizeof text, "%u", h->model.ref);
    if (!send_fact(h, "size.reference", text)) return false;
    snprintf(text, sizeof text, "%u", h->model.header);
    if (!send_fact(h, "size.header", text)) return false;
    snprintf(text, sizeof text, "%u", h->alignment);
    return send_fact(h, "size.alignment", text);
}

/* The identity of the dump: its header and what the first pass found. */
static void identify(struct hprof *h, struct import_result *result)
{
    const uint64_t of[] = { h->time_ms, h->base + h->at, h->n_objects, h->first_address,
                            h->differing, h->n_classes, h->text_size };
    XXH128_hash_t x = XXH3_128bits(of, sizeof of);
    memcpy(result->uuid, &x.low64, 8);
    memcpy(result->uuid + 8, &x.high64, 8);
    result->has_uuid = true;
}

static bool read_all(struct hprof *h)
{
    if (!hprof_rewind(h) || !hprof_walk(h)) return false;
    h->result->bytes = unwrap_taken(h->in);
    identify(h, h->result);
    hprof_infer(h);
    if (h->counting)
        return (h->alignment == 8 || (hprof_rewind(h) && hprof_tally_again(h))) &&
               hprof_tally_send(h);
    hprof_contents_key(h);
    if (h->sink->thread && !hprof_search_threads(h)) return false;
    h->second = true;
    return hprof_rewind(h) && send_facts(h) && hprof_rows_begin(h) && hprof_walk(h) &&
           hprof_rows_end(h);
}

static void hprof_free(struct hprof *h)
{
    unwrap_close(h->in);
    hprof_tables_free(h);
    hprof_contents_free(h);
    free(h->batches);
    free(h->buffer);
}

static int hprof_read(const char *path, const struct record_sink *sink,
                      const struct import_options *options, struct import_result *result)
{
    struct hprof h = { .path = path, .sink = sink, .options = options, .result = result,
                       .counting = sink->tally && !sink->objects, .stop_at = UINT64_MAX,
                       .alignment = 8 };
    *result = (struct import_result){ .complete = true };
    h.buffer = malloc(HPROF_BUFFER);
    bool ok = h.buffer && hprof_contents_new(&h) ? read_all(&h) : hprof_no_memory(&h);
    if (h.no_memory) message_no_memory("the names and classes of a Java heap dump");
    hprof_free(&h);
    return ok ? RECORD_OK : RECORD_STOP;
}

static bool hprof_totals(const char *path, struct import_totals *totals)
{
    static const struct record_sink nobody;
    struct import_result result;
    struct unwrap_problem problem;
    struct hprof h = { .path = path, .sink = &nobody, .result = &result, .counting = true,
                       .alignment = 8 };
    *totals = (struct import_totals){ 0 };
    h.buffer = malloc(HPROF_BUFFER);
    h.in = h.buffer ? unwrap_open(path, &problem) : NULL;
    bool known = h.in && hprof_contents_new(&h) && read_header(&h) &&
                 hprof_tally_estimate(&h, path, totals);
    hprof_free(&h);
    return known;
}

static int hprof_bid(const unsigned char *head, size_t n)
{
    return n >= sizeof magic - 1 && memcmp(head, magic, sizeof magic - 1) == 0 ? 100 : 0;
}

const struct import_format import_hprof = {
    .name = "hprof", .what = "a Java heap dump (HPROF)", .bid = hprof_bid, .read = hprof_read,
    .totals = hprof_totals, .tallies = true,
};
