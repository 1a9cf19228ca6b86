/* SPDX-License-Identifier: MIT */
/*
 * The tree of allocations in a V8 heap snapshot that is written, and where functions stand;
 * heapsnapshot.h. Node 1 is the root, which is no call; the stack with index i has the number i + 2.
 * Scripts are numbered in the order of their names.
 */
#include <stdlib.h>
#include <string.h>

#include "export/heapsnapshot.h"

/* The number of a text of the stacks: texts stand behind the contents, two a frame. */
static uint64_t frame_string(const struct v8_out *x, uint32_t frame, bool file)
{
    return x->first_value + x->n_values + 2 * (uint64_t)frame + file;
}

static void number_after(struct emit *e, char before, uint64_t n)
{
    emit_char(e, before);
    emit_number(e, n);
}

static void functions(struct v8_out *x)
{
    struct emit *e = &x->e;
    emit_text(e, "\"trace_function_infos\":[");
    for (uint32_t i = 0; x->stacks.n && i <= x->stacks.n_frames; i++) { /* 0 is the root's */
        const struct export_frame *f = i ? &x->stacks.frames[i - 1] : NULL;
        uint64_t line = f && f->line <= OUT_MAX ? f->line : 0;
        if (i) emit_char(e, ',');
        emit_number(e, i);
        number_after(e, ',', f ? frame_string(x, i - 1, false) : OUT_S_NO_FUNCTION);
        number_after(e, ',', f && f->file ? frame_string(x, i - 1, true) : OUT_S_EMPTY);
        number_after(e, ',', f ? x->script[i - 1] : 0);
        number_after(e, ',', line);
        emit_text(e, ",0\n");
    }
    emit_text(e, "],\n");
}

/* Children of each stack as lists: the first of each, and the next of the same caller; by index
 * + 1, 0 is the root and the end. */
struct lists {
    uint32_t *first, *next;
};

static void put_node(struct v8_out *x, uint32_t number, uint32_t function, uint64_t n,
                     uint64_t bytes)
{
    emit_number(&x->e, number);
    number_after(&x->e, ',', function);
    number_after(&x->e, ',', n);
    number_after(&x->e, ',', bytes);
    emit_text(&x->e, ",[");
}

/* Goes through the tree without recursion; deeper levels than STACKS_DEPTH_MAX are left out. */
static void tree(struct v8_out *x, const struct lists *l)
{
    const struct export_stacks *t = &x->stacks;
    uint32_t at = 0; /* index + 1 of the node that is open; 0: the root */
    uint32_t child = l->first[0];
    put_node(x, 1, 0, 0, 0);
    for (;;) {
        if (child) {
            const struct export_stack *s = &t->at[child - 1];
            put_node(x, child + 1, s->frame + 1, s->n, s->bytes);
            at = child;
            child = s->depth < STACKS_DEPTH_MAX ? l->first[at] : 0;
            continue;
        }
        emit_char(&x->e, ']');
        if (!at) break;
        child = l->next[at];
        if (child) emit_text(&x->e, ",\n");
        at = t->at[at - 1].parent == STACKS_NONE ? 0 : t->at[at - 1].parent + 1;
    }
}

static bool trace_tree(struct v8_out *x)
{
    size_t n = x->stacks.n + 1;
    struct lists l = { calloc(n, sizeof *l.first), calloc(n, sizeof *l.next) };
    emit_text(&x->e, "\"trace_tree\":[");
    if (l.first && l.next) {
        for (size_t i = x->stacks.n; i > 0; i--) {
            if (!x->stacks.at[i - 1].id) continue; /* no stack is no node */
            uint32_t parent = x->stacks.at[i - 1].parent;
            uint32_t above = parent == STACKS_NONE ? 0 : parent + 1;
            l.next[i] = l.first[above];
            l.first[above] = (uint32_t)i;
        }
        if (x->stacks.n && !x->sites_are_places) tree(x, &l);
    }
    emit_text(&x->e, "],\n");
    bool ok = l.first && l.next;
    free(l.first);
    free(l.next);
    return ok;
}

bool out_trace(struct v8_out *x)
{
    functions(x);
    return trace_tree(x);
}

/* ---- scripts, places ----------------------------------------------------------------------- */

struct file_of {
    const char *file;
    uint32_t frame;
};

static int compare_file(const void *a, const void *b)
{
    return strcmp(((const struct file_of *)a)->file, ((const struct file_of *)b)->file);
}

bool out_scripts(struct v8_out *x)
{
    const struct export_stacks *t = &x->stacks;
    size_t n = 0;
    uint32_t number = 0;
    struct file_of *files = malloc((t->n_frames + 1) * sizeof *files);
    x->script = calloc(t->n_frames + 1, sizeof *x->script);
    if (!files || !x->script) {
        free(files);
        return false;
    }
    for (uint32_t i = 0; i < t->n_frames; i++)
        if (t->frames[i].file)
            files[n++] = (struct file_of){ export_stacks_text(t, t->frames[i].file), i };
    qsort(files, n, sizeof *files, compare_file);
    for (size_t i = 0; i < n; i++) {
        if (!i || strcmp(files[i].file, files[i - 1].file) != 0) number++;
        x->script[files[i].frame] = number;
    }
    free(files);
    return true;
}

/* The index of a stack; STACKS_NONE: none. */
static uint32_t stack_index(const struct v8_out *x, int64_t stack_id)
{
    const uint64_t *index = stack_id ? u64map_get(&x->stacks.index, (uint64_t)stack_id) : NULL;
    return index ? (uint32_t)*index - 1 : STACKS_NONE;
}

bool out_add_place(struct v8_out *x, uint32_t node, int64_t stack_id)
{
    uint32_t at = stack_index(x, stack_id);
    if (at == STACKS_NONE || !x->script[x->stacks.at[at].frame] ||
        !x->stacks.frames[x->stacks.at[at].frame].line)
        return true;
    if (x->n_places == x->place_capacity) {
        size_t more = x->place_capacity ? 2 * x->place_capacity : 1024;
        struct out_place *places = realloc(x->places, more * sizeof *places);
        if (!places) return false;
        x->places = places;
        x->place_capacity = more;
    }
    x->places[x->n_places++] = (struct out_place){ node, x->stacks.at[at].frame };
    return true;
}

/* The column of a function that is told by it ("run@5000"), from 0. */
static uint64_t column_of(const struct v8_out *x, const struct export_frame *f)
{
    const char *name = export_stacks_text(&x->stacks, f->function), *at = strrchr(name, '@');
    uint64_t column = 0;
    if (!x->is_v8 || !at || !at[1] || strlen(at + 1) > 9) return 0;
    while (*++at >= '0' && *at <= '9') column = 10 * column + (uint64_t)(*at - '0');
    return *at || !column ? 0 : column - 1;
}

void out_locations(struct v8_out *x)
{
    emit_text(&x->e, "\"locations\":[");
    for (size_t i = 0; i < x->n_places; i++) {
        const struct out_place *p = &x->places[i];
        const struct export_frame *f = &x->stacks.frames[p->frame];
        if (i) emit_char(&x->e, ',');
        emit_number(&x->e, (uint64_t)p->node * OUT_FIELDS);
        number_after(&x->e, ',', x->script[p->frame]);
        number_after(&x->e, ',', f->line <= OUT_MAX ? f->line - 1 : OUT_MAX);
        number_after(&x->e, ',', column_of(x, f));
        emit_char(&x->e, '\n');
    }
    emit_text(&x->e, "],\n");
}

void out_trace_strings(struct v8_out *x)
{
    for (uint32_t i = 0; i < x->stacks.n_frames; i++) {
        const struct export_frame *f = &x->stacks.frames[i];
        out_string(x, export_stacks_text(&x->stacks, f->function));
        out_string(x, f->file ? export_stacks_text(&x->stacks, f->file) : "");
    }
}

uint32_t out_trace_node(const struct v8_out *x, int64_t stack_id)
{
    uint32_t at = stack_index(x, stack_id);
    if (at == STACKS_NONE) return 0;
    while (x->stacks.at[at].depth > STACKS_DEPTH_MAX) at = x->stacks.at[at].parent;
    return at + 2;
}
