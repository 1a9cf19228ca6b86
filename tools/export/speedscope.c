/* SPDX-License-Identifier: MIT */
/*
 * speedscope's own JSON (https://www.speedscope.app/file-format-schema.json): frames once, then two
 * profiles of the same stacks, one weighs bytes and one counts. Numbers stay below 2^53.
 */
#include <stdlib.h>

#include <snap/version.h>

#include "cli/message.h"
#include "export/emit.h"
#include "export/stacks.h"

/* Larger numbers lose their last digits in a reader's doubles. */
#define LARGEST (UINT64_C(1) << 53)

/* Bytes of a name that are written. */
enum { NAME_BYTES = 4096 };

static void put_string(struct emit *e, const char *s)
{
    emit_json(e, s, strlen(s), NAME_BYTES);
}

static void put_frames(struct emit *e, const struct export_stacks *t)
{
    emit_text(e, "\"shared\":{\"frames\":[");
    for (size_t i = 0; i < t->n_frames; i++) {
        const struct export_frame *f = &t->frames[i];
        emit_text(e, i ? ",\n{\"name\":" : "\n{\"name\":");
        put_string(e, export_stacks_text(t, f->function));
        if (f->file) {
            emit_text(e, ",\"file\":");
            put_string(e, export_stacks_text(t, f->file));
        }
        if (f->line && f->line < LARGEST) {
            emit_text(e, ",\"line\":");
            emit_number(e, f->line);
        }
        emit_char(e, '}');
    }
    emit_text(e, "]},\n");
}

static uint64_t weight_of(const struct export_stack *x, bool bytes)
{
    uint64_t weight = bytes ? x->bytes : x->n;
    return weight > LARGEST ? LARGEST : weight;
}

static void put_sample(struct emit *e, const struct export_stacks *t, uint32_t at)
{
    uint32_t frame[STACKS_DEPTH_MAX];
    size_t n = export_stacks_path(t, at, frame);
    emit_char(e, '[');
    for (size_t i = n; i > 0; i--) {
        emit_number(e, frame[i - 1]);
        if (i > 1) emit_char(e, ',');
    }
    emit_char(e, ']');
}

/* All stacks, weighed one way. Returns how many weights were too large. */
static uint64_t put_profile(struct emit *e, const struct export_stacks *t, bool bytes)
{
    uint64_t sum = 0, clamped = 0;
    bool first = true;
    emit_text(e, "{\"type\":\"sampled\",\"name\":");
    put_string(e, export_stacks_title(t));
    emit_text(e, bytes ? ",\"unit\":\"bytes\"" : ",\"unit\":\"none\"");
    for (size_t i = 0; i < t->n; i++) {
        uint64_t w = bytes ? t->at[i].bytes : t->at[i].n;
        clamped += w > LARGEST;
        sum += weight_of(&t->at[i], bytes);
        if (sum > LARGEST) sum = LARGEST;
    }
    emit_text(e, ",\"startValue\":0,\"endValue\":");
    emit_number(e, sum);
    emit_text(e, ",\"samples\":[");
    for (uint32_t i = 0; i < t->n && !e->failed; i++) {
        if (!weight_of(&t->at[i], bytes)) continue;
        emit_text(e, first ? "\n" : ",\n");
        put_sample(e, t, i);
        first = false;
    }
    emit_text(e, "],\"weights\":[");
    first = true;
    for (size_t i = 0; i < t->n && !e->failed; i++) {
        if (!weight_of(&t->at[i], bytes)) continue;
        if (!first) emit_char(e, ',');
        emit_number(e, weight_of(&t->at[i], bytes));
        first = false;
    }
    emit_text(e, "]}");
    return clamped;
}

static int write_stacks(struct export_job *job, const struct export_stacks *t)
{
    struct emit *e = malloc(sizeof *e);
    if (!e) return message_no_memory("the output");
    emit_begin(e, job->out);
    emit_text(e, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
                 "\"exporter\":\"snapexport " SNAP_VERSION_STRING "\",\n\"name\":");
    put_string(e, job->subject->db->path);
    emit_text(e, ",\n\"activeProfileIndex\":0,\n");
    put_frames(e, t);
    emit_text(e, "\"profiles\":[\n");
    uint64_t clamped = put_profile(e, t, true);
    emit_text(e, ",\n");
    clamped += put_profile(e, t, false);
    emit_text(e, "\n]}\n");
    emit_flush(e);
    free(e);
    export_changed(job, "weights are larger than 2^53, which readers of JSON lose, and written as "
                        "2^53", clamped);
    return STATUS_DONE;
}

int export_speedscope(struct export_job *job)
{
    return export_stacks_with(job, write_stacks);
}
