/* SPDX-License-Identifier: MIT */
/*
 * Globals: variables of modules, classes and scripts, which live as long as the process, each with
 * the object that it holds. They are found before the analysis, since names of references need much
 * memory and a summary has no other use for them. O(references of what global roots name) and, of
 * V8's heaps, of all; 12 bytes a global and one an object.
 */
#include <snap/format.h>
#include <string.h>

#include "db/loader.h"

struct search {
    struct loader *l;
    struct snapshot *s;
    bool properties; /* of the objects that are global roots: JavaScript's global object */
};

int globals_add(struct loader *l, uint32_t module, uint32_t name, uint32_t node)
{
    struct snapshot *s = &l->now;
    if (!memory_grow(&l->budget, (void **)&s->global, &s->global_cap, s->n_globals + 1,
                     sizeof *s->global))
        return loader_no_memory(l);
    s->global[s->n_globals++] = (struct global){ module, name, node };
    return 0;
}

/* All references of `node` of one kind that have a name, as globals of `module`. Returns how many
 * in *n. */
static int add_named(struct search *w, uint32_t module, uint32_t node, unsigned kind,
                        uint64_t *n)
{
    const struct capture *c = &w->s->capture;
    const uint64_t *off = w->s->resolved.off;
    int status = 0;
    for (uint64_t e = off[node]; e < off[node + 1] && !status; e++) {
        uint32_t name = capture_name(c, e);
        if ((c->kind[e] & ~CAPTURE_OWNS) != kind || !name) continue;
        status = globals_add(w->l, module, name, c->target[e]);
        ++*n;
    }
    return status;
}

/*
 * A root of kind global is a variable, or a module that holds variables: by name in a dictionary of
 * its own (which the reference `__dict__` leads to, and which is no variable where it is a root as
 * well: noted in `seen`), as its static fields, or as the properties of JavaScript's global object.
 */
static int add_root(struct search *w, uint32_t node, uint32_t name, uint8_t *seen)
{
    const struct capture *c = &w->s->capture;
    const uint64_t *off = w->s->resolved.off;
    uint64_t found = 0;
    int status = 0;
    for (uint64_t e = off[node]; e < off[node + 1] && !status; e++) {
        const char *edge = strings_text(&w->l->strings, capture_name(c, e));
        if (!edge || strcmp(edge, "__dict__") != 0) continue;
        status = add_named(w, name, c->target[e], SNAP_EDGE_VALUE, &found);
        seen[c->target[e]] = 1;
        break;
    }
    if (!status && !found) status = add_named(w, name, node, SNAP_EDGE_STATIC, &found);
    if (!status && !found && w->properties)
        status = add_named(w, name, node, SNAP_EDGE_ATTRIBUTE, &found);
    if (!status && !found) status = globals_add(w->l, 0, name, node);
    return status;
}

/* Static fields of the classes, for runtimes that have them. */
static int add_static_fields(struct search *w)
{
    int status = 0;
    for (uint32_t k = CAPTURE_TYPES; k < w->s->n_types && !status; k++) {
        const struct type_record *t = &w->l->file.type[k - CAPTURE_TYPES];
        uint64_t found = 0;
        uint32_t node = t->type.object ? loader_node_of_id(w->s, t->type.object) : HEAP_NONE;
        if (node == HEAP_NONE) continue;
        status = add_named(w, t->name, node, SNAP_EDGE_STATIC, &found);
    }
    return status;
}

int globals_find(struct loader *l, struct snapshot *s)
{
    struct search w = { .l = l, .s = s };
    int status = script_globals_find(l, s);
    uint8_t *seen = status ? NULL : memory_zeroed(&l->budget, s->resolved.n, sizeof *seen);
    if (status) return status;
    if (!seen) return loader_no_memory(l);
    w.properties = facts_metadata_is(l, s, "runtime.name", "v8");
    for (size_t i = 0; i < s->resolved.n_roots && !status; i++) {
        const struct resolved_root *r = &s->resolved.root[i];
        if (r->kind != SNAP_ROOT_GLOBAL || r->capture == CAPTURE_NONE || seen[r->node]) continue;
        seen[r->node] = 1;
        status = add_root(&w, r->node, s->capture.root[r->capture].name, seen);
    }
    if (!status) status = add_static_fields(&w);
    memory_free(&l->budget, seen, s->resolved.n, sizeof *seen);
    return status;
}

int globals_write(struct loader *l, struct snapshot *s)
{
    sqlite3_stmt *q = NULL;
    int status = loader_prepare(l, &q, "INSERT INTO global (id, snapshot_id, module, name,"
                                       " object_id) VALUES (?, ?, ?, ?, ?)");
    for (size_t i = 0; i < s->n_globals && !status; i++) {
        const struct global *x = &s->global[i];
        sqlite3_bind_int64(q, 1, l->next_global++);
        sqlite3_bind_int64(q, 2, s->id);
        loader_bind_text(l, q, 3, x->module);
        loader_bind_text(l, q, 4, x->name);
        sqlite3_bind_int64(q, 5, loader_object_id(s, s->analysis.row_of[x->node]));
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}
