/* SPDX-License-Identifier: MIT */
/*
 * One snapshot once its rows are in: resolved, analysed, brought into the order of the database,
 * written; and when which of its arrays go, so that little stands in memory twice. See loader.h.
 */
#include "cli/message.h"
#include "cli/progress.h"
#include "db/loader.h"
#include "heap/beside.h"
#include "heap/memory.h"

void snapshot_free(struct snapshot *s)
{
    capture_free(&s->capture);
    resolved_free(&s->resolved);
    shared_free(&s->shared);
    native_free(&s->native);
    heap_analysis_free(&s->analysis);
    heap_free(s->global);
    heap_free(s->counter);
    heap_free(s->thread);
    heap_free(s->type);
    heap_free(s->stack);
    heap_free(s->order);
    heap_free(s->own);
    heap_free(s->own_native);
    *s = (struct snapshot){ 0 };
}

int snapshot_begin(struct loader *l, uint32_t number)
{
    struct snapshot *s = &l->now;
    *s = (struct snapshot){ .open = true, .number = number, .id = l->next_snapshot++ };
    capture_init(&s->capture, &l->budget, &l->file.definitions);
    l->file.n_snapshots++;
    return 0;
}

/* The analysis. Where missing references could fake garbage, or the runtime dumps none, everything
 * that nothing reaches is kept as a root of its own kind and analysed again, so that nothing is
 * called garbage. */
static int snapshot_analyse(struct loader *l, struct snapshot *s)
{
    struct capture *c = &s->capture;
    uint32_t *roots = NULL;
    int status = 0;
    uint32_t unreached = 0;
    unsigned want = HEAP_WANT_ALL | (l->two ? HEAP_TWO_THREADS : 0);
    bool garbage = s->complete && c->n_roots && !facts_metadata_is(l, s, "unreached", "live");
    for (int round = 0; round < 2 && !status; round++) {
        struct resolved *r = &s->resolved;
        heap_free(roots);
        roots = memory_new(&l->budget, r->n_roots, sizeof *roots);
        if (!roots) return loader_no_memory(l);
        for (size_t i = 0; i < r->n_roots; i++) roots[i] = r->root[i].node;
        s->graph = (struct heap_graph){
            .n = r->n, .off = r->off, .target = c->target, .holds = r->holds,
            .root = roots, .n_roots = r->n_roots, .shallow = c->shallow, .native = c->native,
            .blocks = s->shared.blocks.n ? &s->shared.blocks : NULL,
        };
        heap_analysis_free(&s->analysis);
        status = loader_heap(l, heap_analyse(&s->graph, want, (uint64_t)s->first_id,
                                             &s->analysis));
        if (status || garbage || !s->analysis.n_garbage_entry) break;
        if (!round) unreached = s->analysis.n_nodes - s->analysis.n_live;
        for (uint32_t i = 0; i < s->analysis.n_garbage_entry && !status; i++) {
            uint32_t node = s->analysis.node[s->analysis.garbage_entry[i]];
            if (!resolved_add_root(r, node, SNAP_ROOT_UNREACHABLE, CAPTURE_NONE))
                status = loader_no_memory(l);
        }
    }
    s->graph.root = NULL;
    s->graph.blocks = NULL; /* from here on whoever adds native sizes up wants them counted once */
    heap_free(roots);
    /* A few are usual; many mean that paths and retained sizes say less than they seem to. */
    if (status || !s->complete || unreached <= s->analysis.n_nodes / 100) return status;
    return loader_warn(l, s->id, MESSAGE_NO_OFFSET,
                       "snapshot %u: objects that no root reaches, kept as roots of their own: %u",
                       s->number, unreached);
}

/* A column of sizes by row. */
static int size_by_row(struct loader *l, const struct snapshot *s, const uint64_t *by_node,
                       uint64_t **out)
{
    *out = memory_new(&l->budget, s->analysis.n_rows, sizeof **out);
    if (!*out) return loader_no_memory(l);
    heap_permute(&s->analysis, by_node, 0, *out);
    return 0;
}

static void type_by_row(struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    const struct packed *type = &s->capture.type;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        loader_prefetch(a, row, &type, 1);
        s->type[row] = CAPTURE_TYPE_LIVE;
        if (a->node[row] != HEAP_NONE) s->type[row] = (uint32_t)packed_get(type, a->node[row]);
    }
    s->type[a->garbage_root] = CAPTURE_TYPE_GARBAGE;
}

static void stack_by_row(struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    const struct packed *stack = &s->capture.stack;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        loader_prefetch(a, row, &stack, 1);
        uint64_t of = a->node[row] == HEAP_NONE ? 0 : packed_get(stack, a->node[row]);
        s->stack[row] = of ? (uint32_t)of : HEAP_NONE;
    }
}

/* Types, sites and own sizes in the order of rows, since every summary asks for them. */
static int snapshot_order(struct loader *l, struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    int status = size_by_row(l, s, s->capture.shallow, &s->own);
    if (status) return status;
    capture_release_shallow(&s->capture);
    s->graph.shallow = NULL;
    s->type = memory_new(&l->budget, a->n_rows, sizeof *s->type);
    if (!s->type) return loader_no_memory(l);
    type_by_row(s);
    if (s->capture.stack.block) {
        s->stack = memory_new(&l->budget, a->n_rows, sizeof *s->stack);
        if (!s->stack) return loader_no_memory(l);
        stack_by_row(s);
    }
    return 0;
}

/* One warning for each kind of loss. */
static int snapshot_warn(struct loader *l, struct snapshot *s)
{
    const struct capture *c = &s->capture;
    const struct {
        uint64_t n;
        const char *what;
    } lost[] = {
        { s->resolved.duplicates, "objects dropped that have the id of an earlier one" },
        { s->resolved.dangling, "references dropped that lead to no object" },
        { c->no_source, "references dropped whose source object is lost" },
        { s->resolved.lost_roots, "roots dropped that name no object" },
        { c->unknown_types, "objects whose type is lost" },
        { c->bad_sizes, "impossible sizes, taken as 0" },
        { s->resolved.over_owned, "objects with fewer counted references than were found (what"
                                  " holds them from outside is not known)" },
    };
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        if (!lost[i].n) continue;
        int status = loader_warn(l, s->id, MESSAGE_NO_OFFSET, "snapshot %u: %s: %llu", s->number,
                                 lost[i].what, (unsigned long long)lost[i].n);
        if (status) return status;
    }
    if (s->complete) return 0;
    return loader_warn(l, s->id, MESSAGE_NO_OFFSET,
                       "snapshot %u is incomplete: nothing is called garbage or held from outside",
                       s->number);
}

static bool snapshot_is_complete(const struct snapshot *s)
{
    return s->has_begin && s->has_finish && s->finish.flags & SNAP_FINISH_COMPLETE &&
           s->finish.objects == s->capture.objects_read &&
           s->finish.edges == s->capture.edges_read && s->finish.roots == s->capture.n_roots;
}

/* Rows that the big tables will get, about; the lists are counted as two rows an object. */
static uint64_t rows_expected(const struct snapshot *s)
{
    uint64_t n = s->analysis.n_rows, rows = 5 * n;
    if (s->capture.hash.block || s->capture.length.block) rows += n / 2;
    return s->has_refs ? rows + 2 * s->resolved.m : rows;
}

static void on_rows_written(void *opaque, sqlite3_int64 rows)
{
    progress_set(opaque, (uint64_t)rows);
}

#define RELEASE(array) (heap_free(array), (array) = NULL)

/* What only the rows of `object` need: gone before the lists that come with details are sorted. */
static void release_columns(struct snapshot *s)
{
    capture_release_columns(&s->capture);
    RELEASE(s->analysis.distance);
    RELEASE(s->analysis.parent);
    RELEASE(s->analysis.parent_position);
    resolved_release_external(&s->resolved);
}

/* References need no more than where each object is, and are half of the database: everything
 * else goes before referrers take as much memory again. */
static void release_objects(struct snapshot *s)
{
    struct heap_analysis *a = &s->analysis;
    capture_release_objects(&s->capture);
    s->graph.native = NULL;
    RELEASE(a->last);
    RELEASE(a->dominator);
    RELEASE(a->retained_size);
    RELEASE(a->retained_native);
    RELEASE(a->component);
    RELEASE(a->components);
    heap_free(s->stack);
    heap_free(s->own);
    heap_free(s->own_native);
    s->stack = NULL;
    s->own = s->own_native = NULL;
    resolved_release(&s->resolved);
}

/* Nothing that a summary has needs references any more. */
static void release_references(struct snapshot *s)
{
    capture_release_references(&s->capture);
    heap_free(s->resolved.off);
    heap_free(s->resolved.holds);
    s->resolved.off = s->resolved.holds = NULL;
    s->graph.off = NULL;
    s->graph.target = NULL;
    s->graph.holds = NULL;
}

/* What is found from arrays alone, and written when what is written meanwhile is. */
struct finding {
    struct beside beside;
    struct loader *l;
    struct snapshot *s;
    struct hubs *hubs;
    struct folding *folding;
    bool found;
};

static void find(void *opaque)
{
    struct finding *f = opaque;
    f->found = hubs_find(f->l, f->s, &f->hubs);
    if (!f->s->has_refs) release_references(f->s);
    f->found = f->found && class_path_find(f->l, f->s, &f->folding);
}

static int write_found(struct finding *f)
{
    int status = f->found ? class_path_write(f->folding) : loader_no_memory(f->l);
    return status ? status : hubs_write(f->hubs);
}

/* Details, sums and lists: what needs the rows of objects, and neither references nor the tree of
 * types, which are looked through meanwhile. */
static int write_of_objects(struct loader *l, struct snapshot *s)
{
    int status = details_write(l, s);
    if (!status) status = roots_write(l, s);
    if (!status) shared_sizes(s, SHARED_ONCE);
    capture_release_details(&s->capture);
    if (!status && s->capture.native) status = size_by_row(l, s, s->capture.native, &s->own_native);
    if (!status) status = summary_write(l, s);
    return status ? status : lists_write(l, s);
}

static int write_beside_finding(struct loader *l, struct snapshot *s)
{
    struct finding f = { .l = l, .s = s };
    bool two = l->two && beside_begin(&f.beside, find, &f);
    if (!two) find(&f);
    int status = write_of_objects(l, s);
    if (two) beside_end(&f.beside);
    if (!status) status = write_found(&f);
    class_path_free(f.folding);
    hubs_free(f.hubs);
    return status ? status : prefixes_write(l, s);
}

static int write_everything(struct loader *l, struct snapshot *s)
{
    int status = facts_write(l, s);
    if (!status) status = shared_write(l, s);
    if (!status) status = native_write(l, s);
    if (!status) status = objects_write(l, s);
    release_columns(s);
    if (!status) status = write_beside_finding(l, s);
    release_objects(s);
    if (!status && s->has_refs) status = references_write(l, s);
    return status;
}

static int snapshot_write(struct loader *l, struct snapshot *s)
{
    struct progress progress;
    progress_begin(&progress, "writing", rows_expected(s), PROGRESS_ITEMS);
    rows_watch(l->rows, 8192, on_rows_written, &progress);
    int status = write_everything(l, s);
    rows_watch(l->rows, 0, NULL, NULL);
    progress_end(&progress);
    return status;
}

/* Facts about snapshots that are over are looked at no more. */
static void forget_pairs(struct source_file *f, uint32_t number)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n_pairs; i++)
        if (!f->pair[i].snapshot || f->pair[i].snapshot > number) f->pair[kept++] = f->pair[i];
    f->n_pairs = kept;
}

/* Ends the snapshot that is open: resolves, analyses, writes, frees. */
int snapshot_end(struct loader *l)
{
    struct snapshot *s = &l->now;
    if (!s->open) return 0;
    double *cpu = l->result->cpu_seconds, start = loader_cpu_now();
    if (l->options->complete_path) {
        int completed = complete_snapshot(l, s);
        forget_pairs(&l->file, s->number);
        snapshot_free(s);
        l->budget.used = 0;
        return completed;
    }
    s->complete = snapshot_is_complete(s);
    s->has_refs = !l->options->summary;
    s->first_id = l->next_id;
    s->type_base = l->next_type;
    s->n_types = (uint32_t)l->file.n_types + CAPTURE_TYPES;
    s->component_base = l->next_component;
    s->thread_base = l->next_thread;

    struct resolve_how how = facts_resolve_how(l, s);
    int status = resolve(&s->capture, s->complete, &how, &s->resolved)
                     ? 0
                     : loader_no_memory(l);
    if (!status) status = globals_find(l, s);
    if (!s->has_refs) { /* what only rows of references have */
        capture_release_keys(&s->capture);
        capture_release_names(&s->capture);
        capture_release_kinds(&s->capture);
    }
    double resolved = loader_cpu_now();
    if (!status) status = shared_find(l, s);
    shared_sizes(s, SHARED_APART);
    if (!status) status = snapshot_analyse(l, s);
    shared_sizes(s, SHARED_STORED);
    if (!status) status = snapshot_order(l, s);
    double analysed = loader_cpu_now();
    if (!status) status = snapshot_warn(l, s);
    if (!status) status = snapshot_write(l, s);
    double written = loader_cpu_now();
    cpu[LOAD_RESOLVE] += resolved - start;
    cpu[LOAD_ANALYSE] += analysed - resolved;
    cpu[LOAD_WRITE] += written - analysed;
    cpu[LOAD_READ] -= written - start; /* the reading around it is timed as a whole */

    if (!status) {
        l->next_id += ((int64_t)s->analysis.n_rows / HEAP_PREFIX_ROWS + 1) * HEAP_PREFIX_ROWS;
        l->next_type += s->n_types;
        l->next_component += s->analysis.n_components;
        l->next_thread += (int64_t)s->n_threads;
        l->result->n_snapshots++;
        l->result->n_objects += s->resolved.n;
        l->result->n_refs += s->resolved.m;
        l->result->complete &= s->complete;
    }
    forget_pairs(&l->file, s->number);
    snapshot_free(s);
    l->budget.used = 0; /* all of the snapshot's arrays are gone */
    return status;
}
