/* SPDX-License-Identifier: MIT */
/*
 * Records of an HPROF file and the sub-records of its heap, the same for both passes. See
 * hprof_private.h.
 *
 * A sub-record that makes no sense costs the rest of its segment, whose length is known; a file
 * that ends early gives all that stands before. Both are told once, by the first pass.
 */
#include <stdio.h>
#include <string.h>

#include "import/hprof_private.h"

enum { HEADER = 9, TAG_HEAP = 0x0c, TAG_SEGMENT = 0x1c, TAG_END = 0x2c };

/* ---- bytes --------------------------------------------------------------------------------- */

/* At least `n` (at most HPROF_BUFFER) bytes in the buffer; false where the file ends before. */
static bool fill(struct hprof *h, size_t n)
{
    if (h->end - h->at >= n) return true;
    memmove(h->buffer, h->buffer + h->at, h->end - h->at);
    h->base += h->at;
    h->end -= h->at;
    h->at = 0;
    h->end += unwrap_read(h->in, h->buffer + h->end, HPROF_BUFFER - h->end);
    if (h->options && h->options->progress) {
        /* Two passes over one file: each is half of the way. */
        uint64_t half = unwrap_taken(h->in) / 2, size = h->second ? h->result->bytes / 2 : 0;
        h->options->progress(h->options->opaque, size + half);
    }
    return h->end >= n;
}

static bool skip(struct hprof *h, uint64_t n)
{
    size_t here = h->end - h->at;
    if (n <= here) {
        h->at += (size_t)n;
        return true;
    }
    n -= here;
    uint64_t gone = unwrap_skip(h->in, n);
    h->base += h->end + gone;
    h->at = h->end = 0;
    return gone == n;
}

const unsigned char *hprof_take(struct hprof *h, size_t n)
{
    if (n > h->left || n > HPROF_BUFFER) {
        h->bad = true;
        return NULL;
    }
    if (!fill(h, n)) {
        h->cut = true;
        return NULL;
    }
    const unsigned char *p = h->buffer + h->at;
    h->at += n;
    if (h->left != UINT64_MAX) h->left -= n;
    return p;
}

bool hprof_pass_over(struct hprof *h, uint64_t n)
{
    if (n > h->left) {
        h->bad = true;
        return false;
    }
    if (h->left != UINT64_MAX) h->left -= n;
    if (skip(h, n)) return true;
    h->cut = true;
    return false;
}

/* ---- sub-records --------------------------------------------------------------------------- */

static bool read_instance(struct hprof *h)
{
    unsigned id = h->id_size;
    const unsigned char *p = hprof_take(h, 2 * id + 8);
    if (!p) return false;
    struct hprof_object o = { .tag = 0x21, .id = hprof_number(p, id),
                              .trace = (uint32_t)hprof_number(p + id, 4),
                              .class_id = hprof_number(p + id + 4, id),
                              .bytes = hprof_number(p + 2 * id + 4, 4) };
    bool wanted = h->second || (h->search ? hprof_search_wants(h, o.id)
                                          : hprof_contents_wants(h, o.class_id));
    if (o.bytes > HPROF_BUFFER || !wanted) {
        if (!hprof_pass_over(h, o.bytes)) return false;
    } else if (!(o.body = hprof_take(h, (size_t)o.bytes))) {
        return false;
    }
    if (h->second) return hprof_put_object(h, &o);
    if (h->search) return !o.body || hprof_search_instance(h, &o);
    if (o.body && !hprof_contents_note_string(h, &o)) return false;
    return hprof_note_object(h, &o);
}

static bool read_object_array(struct hprof *h)
{
    unsigned id = h->id_size;
    const unsigned char *p = hprof_take(h, 2 * id + 8);
    if (!p) return false;
    struct hprof_object o = { .tag = 0x22, .id = hprof_number(p, id), .type = HPROF_OBJECT,
                              .trace = (uint32_t)hprof_number(p + id, 4),
                              .length = hprof_number(p + id + 4, 4),
                              .class_id = hprof_number(p + id + 8, id) };
    if (o.length * id > h->left) {
        h->bad = true;
        return false;
    }
    if (h->search) return hprof_pass_over(h, o.length * id);
    if (!h->second) return hprof_note_object(h, &o) && hprof_pass_over(h, o.length * id);
    if (!hprof_put_object(h, &o)) return false;
    for (uint64_t i = 0; i < o.length;) {
        size_t n = o.length - i < 4096 ? (size_t)(o.length - i) : 4096;
        if (!(p = hprof_take(h, n * id)) || !hprof_put_elements(h, i, p, n)) return false;
        i += n;
    }
    return true;
}

static bool read_primitive_array(struct hprof *h, uint8_t tag)
{
    unsigned id = h->id_size;
    const unsigned char *p = hprof_take(h, id + 9);
    if (!p) return false;
    struct hprof_object o = { .tag = 0x23, .id = hprof_number(p, id), .type = p[id + 8],
                              .trace = (uint32_t)hprof_number(p + id, 4),
                              .length = hprof_number(p + id + 4, 4) };
    uint64_t size = hprof_type_size(h, o.type);
    if (o.type < 4 || !size || (tag == 0x23 && o.length * size > h->left)) {
        h->bad = true;
        return false;
    }
    if (h->search) return tag != 0x23 || hprof_search_array(h, &o, o.length * size);
    if (!(h->second ? hprof_put_object(h, &o) : hprof_note_object(h, &o))) return false;
    return tag != 0x23 || hprof_read_contents(h, &o, o.length * size);
}

static bool read_root(struct hprof *h, uint8_t tag, unsigned ids, unsigned numbers)
{
    unsigned id = h->id_size;
    const unsigned char *p = hprof_take(h, ids * id + 4 * numbers);
    if (!p) return false;
    struct hprof_root r = { .object = hprof_number(p, id), .tag = tag, .frame = UINT32_MAX };
    if (numbers > 0) r.thread = (uint32_t)hprof_number(p + ids * id, 4);
    if (numbers > 1) r.frame = (uint32_t)hprof_number(p + ids * id + 4, 4);
    if (h->search) return true;
    return h->second ? hprof_put_root(h, &r) : hprof_note_root(h, &r);
}

static bool read_sub(struct hprof *h)
{
    const unsigned char *p = hprof_take(h, 1);
    if (!p) return false;
    uint8_t tag = *p;
    switch (tag) {
    case 0x20: return hprof_add_class(h);
    case 0x21: return read_instance(h);
    case 0x22: return read_object_array(h);
    case 0x23:
    case 0xc3: return read_primitive_array(h, tag);
    case 0x01: return read_root(h, tag, 2, 0);
    case 0x02:
    case 0x03:
    case 0x08:
    case 0x8e: return read_root(h, tag, 1, 2);
    case 0x04:
    case 0x06: return read_root(h, tag, 1, 1);
    case 0x05:
    case 0x07:
    case 0x89:
    case 0x8a:
    case 0x8b:
    case 0x8c:
    case 0x8d:
    case 0x90:
    case 0xff: return read_root(h, tag, 1, 0);
    case 0xfe: return hprof_take(h, 4 + h->id_size) != NULL;
    default: h->bad = true; return false;
    }
}

/* ---- records ------------------------------------------------------------------------------- */

static void tell_lost(struct hprof *h, uint64_t offset, uint64_t lost, uint64_t length)
{
    char text[160];
    h->lost += lost;
    if (h->second || h->again) return;
    snprintf(text, sizeof text, "a record of the heap makes no sense: %llu of the segment's %llu "
             "bytes are passed over", (unsigned long long)lost, (unsigned long long)length);
    hprof_damage(h, offset, text);
}

static void tell_cut(struct hprof *h, uint64_t length)
{
    char text[160];
    uint64_t size = h->base + h->end;
    if (h->second || h->again) return;
    if (h->left == UINT64_MAX || length == UINT64_MAX)
        snprintf(text, sizeof text, "the file ends within the heap, whose length it does not say");
    else
        snprintf(text, sizeof text, "the file ends early: of its last record, %llu of %llu bytes "
                 "are there", (unsigned long long)(length - h->left), (unsigned long long)length);
    hprof_damage(h, size, text);
}

/* A heap beyond 4 GiB in one record has its length modulo 2^32; one that was never finished has
 * length 0. */
static uint64_t true_length(struct hprof *h, unsigned tag, uint64_t length)
{
    uint64_t size = unwrap_size(h->in), at = h->base + h->at;
    if (length == 0 && fill(h, 1)) {
        unsigned next = h->buffer[h->at];
        if (next != TAG_SEGMENT && next != TAG_END && next != TAG_HEAP) return UINT64_MAX;
    }
    if (tag == TAG_HEAP && size != UNWRAP_UNKNOWN && size > at && size - at >= UINT64_C(1) << 32 &&
        ((size - at - length) & UINT32_MAX) == 0)
        return size - at;
    return length;
}

static bool read_heap(struct hprof *h, unsigned tag, uint64_t length)
{
    length = true_length(h, tag, length);
    h->left = length;
    while (h->left > 0 && !(h->left == UINT64_MAX && !fill(h, 1))) {
        uint64_t at = h->base + h->at, before = h->left;
        if (at > h->stop_at) return true;
        if (read_sub(h)) continue;
        if (h->stopped || h->no_memory) return false;
        if (h->cut) break;
        if (length == UINT64_MAX) {
            tell_lost(h, at, 0, 0);
            h->cut = true;
            return true;
        }
        tell_lost(h, at, before, length);
        h->bad = false;
        if (!hprof_pass_over(h, h->left)) break;
    }
    if (length == UINT64_MAX) h->cut = true; /* its end is the file's */
    if (h->cut) tell_cut(h, length);
    return true;
}

static bool read_other(struct hprof *h, unsigned tag, uint64_t length)
{
    h->left = length;
    if (!h->second && !h->search && !hprof_add_record(h, tag)) {
        if (h->stopped || h->no_memory) return false;
        if (h->bad && !h->cut && !h->again)
            hprof_damage(h, h->base + h->at, "a record is shorter than what it should hold");
        h->bad = false;
    }
    if (!h->cut) hprof_pass_over(h, h->left);
    if (h->cut) tell_cut(h, length);
    return true;
}

/* A cut may fall between two records. Segments are closed by a record of their own; an older dump
 * has its heap in one record and nothing that closes it. */
static void tell_unfinished(struct hprof *h, bool heap, bool open)
{
    if (!heap)
        hprof_damage(h, h->base + h->at, "the file ends early: there is no heap in it");
    else if (open)
        hprof_damage(h, h->base + h->at, "the file ends early: the record that closes the heap is "
                     "not there");
}

bool hprof_walk(struct hprof *h)
{
    bool first = !h->second && !h->again, any = false, open = false;
    while (!h->cut && h->base + h->at <= h->stop_at && fill(h, 1)) {
        if (!fill(h, HEADER)) {
            if (first) hprof_damage(h, h->base + h->at, "the file ends early");
            first = false;
            break;
        }
        const unsigned char *p = h->buffer + h->at;
        unsigned tag = p[0];
        uint64_t length = hprof_number(p + 5, 4);
        h->at += HEADER;
        bool heap = tag == TAG_HEAP || tag == TAG_SEGMENT;
        any = any || heap;
        open = tag == TAG_SEGMENT || (open && tag != TAG_END);
        if (!(heap ? read_heap(h, tag, length) : read_other(h, tag, length))) return false;
    }
    const struct unwrap_problem *problem = unwrap_problem(h->in);
    if (problem && !h->second && !h->again) hprof_damage(h, problem->offset, problem->text);
    else if (first && !h->cut && h->stop_at == UINT64_MAX) tell_unfinished(h, any, open);
    return true;
}
