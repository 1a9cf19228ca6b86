/* SPDX-License-Identifier: MIT */
/*
 * Folded stacks: a line a stack, frames from the outermost on with `;` between them, a blank and
 * the weight. Made for flamegraph.pl, and read by most that draw flame graphs. The format has no
 * escapes, so frames are escaped as for a terminal (cli/text.h) and a `;` in one becomes `\x3b`.
 */
#include <stdlib.h>

#include "cli/message.h"
#include "export/emit.h"
#include "export/stacks.h"

/* Each frame as it is written, once: one text, and where each ends. */
struct frames {
    struct text all;
    size_t *end;
};

static bool make_frames(const struct export_stacks *t, struct frames *f)
{
    struct text raw = { 0 }, shown = { 0 };
    f->end = calloc(t->n_frames + 1, sizeof *f->end);
    for (uint32_t i = 0; i < t->n_frames && f->end; i++) {
        text_clear(&raw);
        text_clear(&shown);
        export_stacks_frame(t, i, &raw);
        text_escape(&shown, text_str(&raw), raw.n);
        for (size_t k = 0; k < shown.n; k++) {
            if (shown.s[k] == ';')
                text_adds(&f->all, "\\x3b");
            else
                text_add(&f->all, &shown.s[k], 1);
        }
        f->end[i + 1] = f->all.n;
    }
    bool ok = f->end && !raw.failed && !shown.failed && !f->all.failed;
    text_free(&raw);
    text_free(&shown);
    return ok;
}

static void put_stack(struct emit *e, const struct export_stacks *t, const struct frames *f,
                      uint32_t at)
{
    uint32_t frame[STACKS_DEPTH_MAX];
    size_t n = export_stacks_path(t, at, frame);
    if (t->at[at].depth > STACKS_DEPTH_MAX) emit_text(e, "(cut);");
    for (size_t i = n; i > 0; i--) {
        size_t from = f->end[frame[i - 1]];
        emit_bytes(e, f->all.s + from, f->end[frame[i - 1] + 1] - from);
        emit_char(e, i > 1 ? ';' : ' ');
    }
}

static int write_stacks(struct export_job *job, const struct export_stacks *t)
{
    struct frames f = { 0 };
    struct emit *e = malloc(sizeof *e);
    int status = STATUS_DONE;
    if (!e || !make_frames(t, &f)) status = message_no_memory("the stacks");
    if (!status) emit_begin(e, job->out);
    for (uint32_t i = 0; i < t->n && !status && !e->failed; i++) {
        uint64_t weight = job->options->weight == EXPORT_COUNT ? t->at[i].n : t->at[i].bytes;
        if (!weight) continue;
        put_stack(e, t, &f, i);
        emit_number(e, weight);
        emit_char(e, '\n');
    }
    if (!status) emit_flush(e);
    text_free(&f.all);
    free(f.end);
    free(e);
    return status;
}

int export_folded(struct export_job *job)
{
    return export_stacks_with(job, write_stacks);
}
