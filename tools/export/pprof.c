/* SPDX-License-Identifier: MIT */
/*
 * pprof's profile.proto (https://github.com/google/pprof/blob/main/proto/profile.proto),
 * gzipped: what `go tool pprof` and most continuous profilers read. A frame is a function and a
 * location; each stack a sample with two values, objects and bytes. Fields are written as they
 * come, each string just before the message that names it, so nothing is kept but the stacks.
 *
 * Names are escaped as for a terminal (cli/text.h), since pprof prints them there.
 */
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST /* what is packed is only read */
#include <zlib.h>

#include "cli/message.h"
#include "export/stacks.h"

enum { BLOCK = 1 << 16, LEVEL = 6, GZIP = 16 };

/* Numbers of fields in profile.proto. */
enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION,
       PROFILE_FUNCTION, PROFILE_STRING, PROFILE_TIME = 9, PROFILE_COMMENT = 13,
       PROFILE_DEFAULT_TYPE = 14 };
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE };
enum { MAPPING_ID = 1, MAPPING_START, MAPPING_LIMIT, MAPPING_FILE = 5, MAPPING_BUILD_ID,
       MAPPING_HAS_FUNCTIONS, MAPPING_HAS_FILES, MAPPING_HAS_LINES };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1, LINE_LINE };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE };

struct profile {
    FILE *out;
    z_stream z;
    unsigned char *block;   /* what zlib gives */
    struct text message;    /* the message that is being written */
    struct text inner;      /* a packed list or a message in it */
    struct text shown;      /* a string, escaped */
    uint64_t n_strings;
    uint64_t clamped;
    bool failed;
};

/* ---- zlib ---------------------------------------------------------------------------------- */

static void compress_more(struct profile *p, const char *s, size_t n, int flush)
{
    p->z.next_in = (const Bytef *)s;
    p->z.avail_in = (uInt)n;
    do {
        p->z.next_out = p->block;
        p->z.avail_out = BLOCK;
        if (deflate(&p->z, flush) == Z_STREAM_ERROR) p->failed = true;
        fwrite(p->block, 1, BLOCK - p->z.avail_out, p->out);
    } while (!p->z.avail_out && !p->failed);
}

/* ---- protobuf ------------------------------------------------------------------------------ */

static void varint(struct text *t, uint64_t value)
{
    char bytes[10];
    size_t n = 0;
    for (; value > 127; value >>= 7) bytes[n++] = (char)(value | 0x80);
    bytes[n++] = (char)value;
    text_add(t, bytes, n);
}

/* A number; 0 is what a field that is not there means. */
static void number(struct text *t, unsigned field, uint64_t value)
{
    if (!value) return;
    varint(t, (uint64_t)field << 3);
    varint(t, value);
}

static void bytes(struct text *t, unsigned field, const char *s, size_t n)
{
    varint(t, (uint64_t)field << 3 | 2);
    varint(t, n);
    text_add(t, s, n);
}

/* Writes p->message as a field of the profile, and empties it. */
static void put_message(struct profile *p, unsigned field)
{
    struct text *t = &p->inner;
    text_clear(t);
    varint(t, (uint64_t)field << 3 | 2);
    varint(t, p->message.n);
    compress_more(p, text_str(t), t->n, Z_NO_FLUSH);
    compress_more(p, text_str(&p->message), p->message.n, Z_NO_FLUSH);
    p->failed |= p->message.failed || p->inner.failed;
    text_clear(&p->message);
}

static void put_number(struct profile *p, unsigned field, uint64_t value)
{
    text_clear(&p->inner);
    number(&p->inner, field, value);
    compress_more(p, text_str(&p->inner), p->inner.n, Z_NO_FLUSH);
}

/* The number of a string, which is written; 0, the empty one, for NULL. Not within a message. */
static uint64_t string(struct profile *p, const char *s)
{
    if (!s || !*s) return 0;
    text_clear(&p->shown);
    text_escape(&p->shown, s, strlen(s));
    text_clear(&p->inner);
    bytes(&p->inner, PROFILE_STRING, text_str(&p->shown), p->shown.n);
    compress_more(p, text_str(&p->inner), p->inner.n, Z_NO_FLUSH);
    p->failed |= p->shown.failed || p->inner.failed;
    return p->n_strings++;
}

/* ---- the profile --------------------------------------------------------------------------- */

static void put_type(struct profile *p, const char *type, const char *unit)
{
    uint64_t type_string = string(p, type), unit_string = string(p, unit);
    number(&p->message, TYPE_TYPE, type_string);
    number(&p->message, TYPE_UNIT, unit_string);
    put_message(p, PROFILE_SAMPLE_TYPE);
}

static void put_mappings(struct profile *p, const struct export_stacks *t)
{
    for (size_t i = 0; i < t->n_modules; i++) {
        const struct export_module *m = &t->modules[i];
        uint64_t path = string(p, export_stacks_text(t, m->path));
        uint64_t build_id = string(p, export_stacks_text(t, m->build_id));
        number(&p->message, MAPPING_ID, i + 1);
        number(&p->message, MAPPING_START, m->start);
        number(&p->message, MAPPING_LIMIT, m->end);
        number(&p->message, MAPPING_FILE, path);
        number(&p->message, MAPPING_BUILD_ID, build_id);
        for (unsigned has = MAPPING_HAS_FUNCTIONS; has <= MAPPING_HAS_LINES; has++)
            number(&p->message, has, 1);
        put_message(p, PROFILE_MAPPING);
    }
}

/* A function and a location for each frame. */
static void put_frame(struct profile *p, const struct export_stacks *t, uint32_t i)
{
    const struct export_frame *f = &t->frames[i];
    const struct export_module *m = f->module ? &t->modules[f->module - 1] : NULL;
    uint64_t name = string(p, export_stacks_text(t, f->function));
    uint64_t file = string(p, export_stacks_text(t, f->file));
    number(&p->message, FUNCTION_ID, (uint64_t)i + 1);
    number(&p->message, FUNCTION_NAME, name);
    number(&p->message, FUNCTION_SYSTEM_NAME, name);
    number(&p->message, FUNCTION_FILE, file);
    put_message(p, PROFILE_FUNCTION);
    number(&p->message, LOCATION_ID, (uint64_t)i + 1);
    number(&p->message, LOCATION_MAPPING, f->module);
    if (m && f->address >= m->start && f->address < m->end)
        number(&p->message, LOCATION_ADDRESS, f->address);
    text_clear(&p->inner);
    number(&p->inner, LINE_FUNCTION, (uint64_t)i + 1);
    number(&p->inner, LINE_LINE, f->line <= INT64_MAX ? f->line : 0);
    bytes(&p->message, LOCATION_LINE, text_str(&p->inner), p->inner.n);
    put_message(p, PROFILE_LOCATION);
}

static uint64_t signed_value(struct profile *p, uint64_t value)
{
    p->clamped += value > INT64_MAX;
    return value > INT64_MAX ? INT64_MAX : value;
}

static void put_sample(struct profile *p, const struct export_stacks *t, uint32_t at)
{
    uint32_t frame[STACKS_DEPTH_MAX];
    const struct export_stack *x = &t->at[at];
    size_t n = export_stacks_path(t, at, frame);
    if (!x->n && !x->bytes) return;
    text_clear(&p->inner);
    for (size_t i = 0; i < n; i++) varint(&p->inner, (uint64_t)frame[i] + 1);
    bytes(&p->message, SAMPLE_LOCATION, text_str(&p->inner), p->inner.n);
    text_clear(&p->inner);
    varint(&p->inner, signed_value(p, x->n));
    varint(&p->inner, signed_value(p, x->bytes));
    bytes(&p->message, SAMPLE_VALUE, text_str(&p->inner), p->inner.n);
    put_message(p, PROFILE_SAMPLE);
}

static void put_profile(struct profile *p, const struct export_job *job,
                        const struct export_stacks *t)
{
    const struct heapdb_snapshot *s = job->subject->snapshot;
    bytes(&p->message, PROFILE_STRING, "", 0); /* string 0 */
    compress_more(p, text_str(&p->message), p->message.n, Z_NO_FLUSH);
    text_clear(&p->message);
    p->n_strings = 1;
    put_type(p, "inuse_objects", "count");
    put_type(p, "inuse_space", "bytes");
    put_number(p, PROFILE_DEFAULT_TYPE, string(p, "inuse_space"));
    put_number(p, PROFILE_COMMENT, string(p, export_stacks_title(t)));
    if (s->has_time && s->captured_at > 0 && s->captured_at < 9e9)
        put_number(p, PROFILE_TIME, (uint64_t)(s->captured_at * 1e3 + 0.5) * 1000000);
    put_mappings(p, t);
    for (uint32_t i = 0; i < t->n_frames && !p->failed; i++) put_frame(p, t, i);
    for (uint32_t i = 0; i < t->n && !p->failed && !ferror(p->out); i++) put_sample(p, t, i);
    compress_more(p, NULL, 0, Z_FINISH);
}

static int write_stacks(struct export_job *job, const struct export_stacks *t)
{
    struct profile p = { .out = job->out, .block = malloc(BLOCK) };
    int status = STATUS_DONE;
    if (!p.block ||
        deflateInit2(&p.z, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(p.block);
        return message_no_memory("the profile");
    }
    put_profile(&p, job, t);
    if (p.failed) status = message_no_memory("the profile");
    deflateEnd(&p.z);
    free(p.block);
    text_free(&p.message);
    text_free(&p.inner);
    text_free(&p.shown);
    export_made(job, "frames", t->n_frames);
    export_changed(job, "values are larger than 2^63 - 1, the largest that the format holds, and "
                        "written as that", p.clamped);
    return status;
}

int export_pprof(struct export_job *job)
{
    return export_stacks_with(job, write_stacks);
}
