/* SPDX-License-Identifier: MIT */
/*
 * Graphviz: the top of the dominator tree, the objects that retain most first, with what is left
 * out below each; or, with --object, the shortest path that keeps an object alive. Labels are
 * escaped for a terminal (cli/text.h), cut, and then as Graphviz has it, for which `&` begins an
 * entity.
 *
 * An object's first child has the next id, and its next sibling the id after all that it dominates,
 * so the largest N are found with N look-ups by key and a queue. Memory: 64 B an object drawn.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "export/export.h"

enum { NODES = 50, STEPS = 200, LABEL_COLUMNS = 60 };

struct node {
    int64_t id, dominator, last, shallow, retained;
    uint64_t shown_retained, shown_count; /* of its children that are drawn */
};

struct drawing {
    struct export_job *job;
    struct subject *s;
    FILE *out;
    sqlite3_stmt *object;
    int64_t whole;       /* what shares are of */
    struct node *queue;  /* a heap: the largest first */
    size_t n_queue, queue_capacity;
    struct node *drawn;  /* by id in the end */
    size_t n_drawn, drawn_capacity;
};

/* ---- labels -------------------------------------------------------------------------------- */

static void put_escaped(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '&') {
            fputs("&amp;", out);
            continue;
        }
        if (*s == '"' || *s == '\\') putc('\\', out);
        putc(*s, out);
    }
}

/* Part of a label out of the heap. */
static int put_label(FILE *out, const char *s)
{
    struct text shown = { 0 }, cut = { 0 };
    text_escape(&shown, s, strlen(s));
    text_shorten(&cut, text_str(&shown), shown.n, LABEL_COLUMNS, TEXT_CUT_MIDDLE);
    put_escaped(out, text_str(&cut));
    bool failed = shown.failed || cut.failed;
    text_free(&shown);
    text_free(&cut);
    return failed ? message_no_memory("a label") : STATUS_DONE;
}

static bool is_root(const struct drawing *d, int64_t id)
{
    return id == d->s->snapshot->live_root_id || id == d->s->snapshot->garbage_root_id;
}

/* Sizes under a label, and the end of the node's line. */
static void put_sizes(struct drawing *d, const struct node *x, const char *style)
{
    char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX];
    int64_t n = x->last - x->id + !is_root(d, x->id);
    fprintf(d->out, "\\nretains %s (%s)\\nin %s object%s",
            number_size(a, subject_size(x->retained)),
            number_percent(b, subject_size(x->retained), subject_size(d->whole)),
            number_count(c, subject_size(n)), n == 1 ? "" : "s");
    if (!is_root(d, x->id))
        fprintf(d->out, ", itself %s", number_size(a, subject_size(x->shallow)));
    fprintf(d->out, "\"%s];\n", style);
}

static void begin(struct drawing *d, const char *direction)
{
    fprintf(d->out, "digraph heap {\n  rankdir=%s;\n"
                    "  node [shape=box, style=filled, fillcolor=\"#f4f4f4\", "
                    "fontname=\"sans-serif\", fontsize=10];\n"
                    "  edge [fontname=\"sans-serif\", fontsize=9];\n", direction);
}

/* ---- the tree ------------------------------------------------------------------------------ */

/* The row of an object; 0 found, 1 there is none, -1 after a message. The label stays in
 * d->object. */
static int read_node(struct drawing *d, int64_t id, struct node *x)
{
    sqlite3_reset(d->object);
    sqlite3_bind_int64(d->object, 1, id);
    int got = heapdb_step(d->s->db, d->object);
    if (got <= 0) return got < 0 ? -1 : 1;
    *x = (struct node){
        .id = id,
        .dominator = sqlite3_column_int64(d->object, 1),
        .last = sqlite3_column_int64(d->object, 2),
        .shallow = sqlite3_column_int64(d->object, 3),
        .retained = sqlite3_column_int64(d->object, 4),
    };
    if (id < 1 || x->last < id || x->last == INT64_MAX)
        return heapdb_damaged(d->s->db, "what #%lld dominates ends before it", (long long)id), -1;
    return 0;
}

static bool before(const struct node *a, const struct node *b)
{
    return a->retained != b->retained ? a->retained > b->retained : a->id < b->id;
}

static int grow(struct node **at, size_t *capacity, size_t n)
{
    if (n < *capacity) return STATUS_DONE;
    size_t more = *capacity ? *capacity * 2 : 128;
    struct node *p = realloc(*at, more * sizeof *p);
    if (!p) return message_no_memory("the drawing");
    *at = p;
    *capacity = more;
    return STATUS_DONE;
}

/* Object `id` into the queue, if it hangs at `dominator`. */
static int push(struct drawing *d, int64_t id, int64_t dominator)
{
    struct node x;
    int got = read_node(d, id, &x);
    if (got < 0) return STATUS_UNUSABLE;
    if (got || x.dominator != dominator) return STATUS_DONE;
    if (grow(&d->queue, &d->queue_capacity, d->n_queue)) return STATUS_UNUSABLE;
    size_t i = d->n_queue++;
    for (; i && before(&x, &d->queue[(i - 1) / 2]); i = (i - 1) / 2)
        d->queue[i] = d->queue[(i - 1) / 2];
    d->queue[i] = x;
    return STATUS_DONE;
}

static struct node pop(struct drawing *d)
{
    struct node top = d->queue[0], x = d->queue[--d->n_queue];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= d->n_queue) break;
        if (child + 1 < d->n_queue && before(&d->queue[child + 1], &d->queue[child])) child++;
        if (!before(&d->queue[child], &x)) break;
        d->queue[i] = d->queue[child];
        i = child;
    }
    d->queue[i] = x;
    return top;
}

static int by_id(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* The virtual roots, then the N largest. */
static int choose(struct drawing *d, uint64_t n)
{
    const int64_t roots[] = { d->s->snapshot->live_root_id, d->s->snapshot->garbage_root_id };
    int status = STATUS_DONE;
    for (int i = 0; i < 2 && !status; i++) {
        struct node x;
        int got = read_node(d, roots[i], &x);
        if (got < 0) return STATUS_UNUSABLE;
        if (got) return heapdb_damaged(d->s->db, "a virtual root is missing");
        if (x.last == x.id) continue;
        status = grow(&d->drawn, &d->drawn_capacity, d->n_drawn);
        if (status) break;
        d->drawn[d->n_drawn++] = x;
        status = push(d, x.id + 1, x.id);
    }
    for (uint64_t i = 0; i < n && d->n_queue && !status; i++) {
        struct node x = pop(d);
        status = grow(&d->drawn, &d->drawn_capacity, d->n_drawn);
        if (!status) d->drawn[d->n_drawn++] = x;
        if (!status && x.last > x.id) status = push(d, x.id + 1, x.id);
        if (!status) status = push(d, x.last + 1, x.dominator);
    }
    if (d->n_drawn) qsort(d->drawn, d->n_drawn, sizeof *d->drawn, by_id);
    for (size_t i = 0; i < d->n_drawn; i++) {
        const struct node key = { .id = d->drawn[i].dominator };
        struct node *above = bsearch(&key, d->drawn, d->n_drawn, sizeof key, by_id);
        if (!above) continue;
        above->shown_retained += subject_size(d->drawn[i].retained);
        above->shown_count += (uint64_t)(d->drawn[i].last - d->drawn[i].id) + 1;
    }
    return status;
}

/* What hangs below an object and is not drawn. */
static void put_rest(struct drawing *d, const struct node *x)
{
    char a[NUMBER_MAX], b[NUMBER_MAX];
    uint64_t n = (uint64_t)(x->last - x->id), bytes = subject_size(x->retained);
    uint64_t shown = x->shown_retained + subject_size(x->shallow);
    if (n <= x->shown_count) return;
    n -= x->shown_count;
    bytes -= shown < bytes ? shown : bytes;
    fprintf(d->out, "  r%lld [label=\"%s more object%s\\n%s\", style=dashed];\n"
                    "  n%lld -> r%lld [style=dashed];\n", (long long)x->id,
            number_count(a, n), n == 1 ? "" : "s", number_size(b, bytes), (long long)x->id,
            (long long)x->id);
}

static int put_tree(struct drawing *d)
{
    int status = choose(d, d->job->options->top ? d->job->options->top : NODES);
    begin(d, "LR");
    for (size_t i = 0; i < d->n_drawn && !status; i++) {
        struct node x = d->drawn[i], again;
        bool root = is_root(d, x.id);
        if (read_node(d, x.id, &again)) return STATUS_UNUSABLE;
        const char *label = (const char *)sqlite3_column_text(d->object, 0);
        fprintf(d->out, "  n%lld [label=\"", (long long)x.id);
        status = put_label(d->out, label ? label : "?");
        put_sizes(d, &x, root ? ", shape=ellipse" : "");
        if (!root) fprintf(d->out, "  n%lld -> n%lld;\n", (long long)x.dominator, (long long)x.id);
        put_rest(d, &x);
    }
    fputs("}\n", d->out);
    export_made(d->job, "objects", d->n_drawn);
    return status;
}

/* ---- a path -------------------------------------------------------------------------------- */

static int put_steps(struct drawing *d, const struct heapdb_path *p, int64_t id)
{
    int status = STATUS_DONE;
    fprintf(d->out, "  root [label=\"%s\", shape=ellipse];\n",
            p->length > (int64_t)p->n ? "... left out" : "roots");
    for (size_t i = 0; i < p->n && !status; i++) {
        const struct heapdb_step *step = &p->steps[i];
        struct node x;
        int got = read_node(d, step->id, &x);
        if (got) return got < 0 ? STATUS_UNUSABLE : heapdb_damaged(d->s->db, "a step is no object");
        fprintf(d->out, "  n%lld [label=\"", (long long)step->id);
        const char *name = (const char *)sqlite3_column_text(d->object, 0);
        status = put_label(d->out, name ? name : "?");
        put_sizes(d, &x, step->id == id                            ? ", fillcolor=\"#ffd9b3\""
                         : step->id <= id && id <= x.last ? ", penwidth=2" : "");
        if (i)
            fprintf(d->out, "  n%lld -> n%lld [label=\"", (long long)p->steps[i - 1].id,
                    (long long)step->id);
        else
            fprintf(d->out, "  root -> n%lld [label=\"", (long long)step->id);
        if (!status) status = put_label(d->out, step->label ? step->label : "");
        fputs("\"];\n", d->out);
    }
    return status;
}

static int put_path(struct drawing *d)
{
    struct heapdb_path p = { 0 };
    uint64_t limit = d->job->options->top ? d->job->options->top : STEPS;
    int64_t id;
    int status = subject_object(d->s, d->job->options->object, &id);
    if (!status) status = heapdb_shortest_path(d->s->db, id, (size_t)limit, &p);
    if (status) return status;
    if (!p.n) {
        heapdb_path_free(&p);
        return message_error(d->s->db->path, MESSAGE_NO_OFFSET, NULL,
                             "#%lld is garbage: no path leads to it", (long long)id);
    }
    d->whole = d->s->snapshot->live_size;
    begin(d, "TB");
    status = put_steps(d, &p, id);
    fputs("}\n", d->out);
    export_made(d->job, "objects", p.n);
    heapdb_path_free(&p);
    return status;
}

int export_dot(struct export_job *job)
{
    struct drawing d = { .job = job, .s = job->subject, .out = job->out };
    d.whole = d.s->snapshot->shallow_size;
    /* The view leaves out the virtual roots, whose type is their name. On a path the edges say what
     * else an object may be called by. */
    static const char tree[] = "SELECT coalesce((SELECT label FROM objects v WHERE v.id = o.id),"
                               " (SELECT name FROM type WHERE id = o.type_id)), o.dominator_id,"
                               " o.last_dominated, o.shallow_size, o.retained_size FROM object o"
                               " WHERE o.id = ?1";
    static const char path[] = "SELECT (SELECT name FROM type WHERE id = o.type_id) || coalesce("
                               "' ' || (SELECT s.text FROM detail x JOIN string s ON s.id ="
                               " x.name_id WHERE x.object_id = o.id), ''), o.dominator_id,"
                               " o.last_dominated, o.shallow_size, o.retained_size FROM object o"
                               " WHERE o.id = ?1";
    int status = heapdb_prepare(d.s->db, &d.object, job->options->object ? path : tree);
    if (!status) status = job->options->object ? put_path(&d) : put_tree(&d);
    sqlite3_finalize(d.object);
    free(d.queue);
    free(d.drawn);
    return status;
}
