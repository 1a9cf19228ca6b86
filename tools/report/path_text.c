/* SPDX-License-Identifier: MIT */
/* A path as people read code; the contract is in path_text.h. */
#include "report/path_text.h"

#include <string.h>

#include "cli/message.h"
#include "snap/format.h"

static bool path_is_dict(const struct graph_step *s)
{
    return (s->edge_kind == SNAP_EDGE_ATTRIBUTE || s->edge_kind == SNAP_EDGE_INTERNAL) &&
           s->edge_name && strcmp(s->edge_name, "__dict__") == 0;
}

/* A name that can stand behind a point; letters of other alphabets are letters. */
static bool path_is_identifier(const char *s)
{
    if (!*s || (*s >= '0' && *s <= '9')) return false;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        if (!letter && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

static void path_label(struct text *t, const struct graph_step *s)
{
    if (s->edge_kind == 0) {
        /* A beginning that is no root, or a reference that is not in the database. */
        text_adds(t, s->position < 0 ? "" : "<?>");
        return;
    }
    heapdb_label(t, s->edge_kind, s->edge_name, s->has_key, s->key, (uint64_t)s->position);
}

static void path_root(struct text *t, const struct graph_step *s)
{
    bool variable = s->root_kind == SNAP_ROOT_GLOBAL || s->root_kind == SNAP_ROOT_LOCAL;
    if (variable && s->root_name)
        text_adds(t, s->root_name);
    else if (s->root_name || s->thread)
        text_addf(t, "<%s %s>", heapdb_root_kind(s->root_kind),
                  s->root_name ? s->root_name : s->thread);
    else
        text_addf(t, "<%s>", heapdb_root_kind(s->root_kind));
}

void path_text_step(struct path_text *p, struct text *t, const struct graph_step *step)
{
    bool in_global = p->global;
    p->global = false;
    if (step->variable) {
        p->dict = false;
        text_adds(t, step->variable);
        return;
    }
    if (step->position < 0) {
        if (step->root_kind)
            path_root(t, step);
        else
            text_addf(t, "#%lld", (long long)step->id);
        p->global = step->root_kind == SNAP_ROOT_GLOBAL;
        return;
    }
    if ((p->dict || in_global) && step->edge_kind == SNAP_EDGE_VALUE && step->edge_name &&
        path_is_identifier(step->edge_name)) {
        text_addf(t, ".%s", step->edge_name);
        p->dict = false;
        return;
    }
    path_text_end(p, t);
    if (path_is_dict(step))
        p->dict = true;
    else
        path_label(t, step);
}

void path_text_end(struct path_text *p, struct text *t)
{
    if (p->dict) text_adds(t, ".__dict__");
    p->dict = false;
}

void path_text_edge(struct text *t, const struct graph_step *step)
{
    if (step->variable) {
        text_adds(t, step->variable);
        return;
    }
    if (!step->root_kind) {
        path_label(t, step);
        return;
    }
    text_adds(t, heapdb_root_kind(step->root_kind));
    if (step->root_name)
        text_addf(t, " %s", step->root_name);
    else if (step->thread && step->root_kind != SNAP_ROOT_LOCAL)
        text_addf(t, " %s", step->thread);
}

void path_text_alike(struct text *t, const struct graph_step *step)
{
    bool key = step->edge_kind == SNAP_EDGE_KEY || step->edge_kind == SNAP_EDGE_VALUE ||
               step->edge_kind == SNAP_EDGE_EPHEMERON;
    if (step->root_kind || !(step->edge_kind == SNAP_EDGE_ELEMENT || (key && !step->edge_name)))
        path_text_edge(t, step);
    else if (step->edge_kind == SNAP_EDGE_KEY)
        text_adds(t, "<key *>");
    else
        text_adds(t, "[*]");
}

void path_text_where(struct text *t, const struct graph_step *step)
{
    if (step->root_kind != SNAP_ROOT_LOCAL) return;
    if (step->function) text_addf(t, " of %s", step->function);
    if (step->file) {
        const char *slash = strrchr(step->file, '/');
        text_addf(t, " (%s", slash ? slash + 1 : step->file);
        if (step->line > 0) text_addf(t, ":%lld", (long long)step->line);
        text_adds(t, ")");
    }
    if (step->thread) text_addf(t, " in %s", step->thread);
}

/* Steps that look alike, one after the other: written once from this number on. */
enum { PATH_RUN_MIN = 4 };

/* The last step's text, held back until another one follows. */
struct path_run {
    struct text last;
    size_t n;
};

static void path_run_flush(struct path_run *run, struct text *t)
{
    size_t times = run->n >= PATH_RUN_MIN ? 1 : run->n;
    for (size_t i = 0; i < times; i++) text_add(t, text_str(&run->last), run->last.n);
    if (run->n >= PATH_RUN_MIN) text_addf(t, "(x%zu)", run->n);
    if (run->last.failed) t->failed = true;
    text_clear(&run->last);
    run->n = 0;
}

static void path_run_step(struct path_run *run, struct path_text *p, struct text *t,
                          const struct graph_step *step)
{
    struct text one = { 0 };
    path_text_step(p, &one, step);
    if (one.failed) t->failed = true;
    if (run->n && one.n == run->last.n && one.n &&
        memcmp(one.s, text_str(&run->last), one.n) == 0) {
        run->n++;
    } else if (one.n) {
        path_run_flush(run, t);
        text_add(&run->last, one.s, one.n);
        run->n = 1;
    }
    text_free(&one);
}

int path_text_chain(struct text *t, struct graph_steps *r, const struct graph_chain *chain)
{
    struct path_text p = { 0 };
    struct path_run run = { 0 };
    struct graph_step step = { 0 };
    struct text where = { 0 };
    size_t start = t->n;
    int status = STATUS_DONE;
    for (size_t i = 0; i < chain->n; i++) {
        status = graph_step_read(r, chain, i, &step);
        if (status) break;
        if (chain->n_cut && i == chain->cut_at) {
            path_run_flush(&run, t);
            path_text_end(&p, t);
            text_adds(t, i ? " ... " : "... ");
        }
        if (i == 0) path_text_where(&where, &step);
        if (step.variable) { /* its name says all that was before */
            text_truncate(t, start);
            text_clear(&run.last);
            text_clear(&where);
            run.n = 0;
        }
        path_run_step(&run, &p, t, &step);
    }
    path_run_flush(&run, t);
    path_text_end(&p, t);
    if (where.n) text_addf(t, " (local%s)", text_str(&where));
    if (!status && (t->failed || where.failed)) status = message_no_memory("a path");
    text_free(&run.last);
    text_free(&where);
    graph_step_free(&step);
    return status;
}
