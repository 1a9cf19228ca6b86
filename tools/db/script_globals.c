/* SPDX-License-Identifier: MIT */
/*
 * Variables of JavaScript that live as long as their script, as rows of `global`: `const sessions =
 * new Map()` at the top of server.js is `server.js:sessions`, the name that paths give it
 * (variable.h). V8 keeps them in a context of the script's own function; the context before that
 * is the runtime's, and contexts of closures have one of the program's before them.
 *
 * The script is found as variable.c finds it, from arrays: scope -> function -> script, or context
 * -> closure -> function -> script. O(references), of V8's heaps only; four bytes an object.
 */
#include <snap/format.h>
#include <string.h>

#include "db/loader.h"
#include "db/variable.h"

/* Numbers of the names of references, and of the type of contexts. */
struct words {
    uint32_t scope_info, of_scope, script, old_script, shared, of_context, previous, context;
};

struct script_globals {
    struct loader *l;
    struct snapshot *s;
    struct words words;
    uint32_t *script_of; /* by node of a function, scope or context: node of its script + 1 */
};

static bool find_words(struct loader *l, struct words *w)
{
    const struct {
        uint32_t *number;
        const char *text;
    } names[] = { { &w->scope_info, "scope_info" },      { &w->of_scope, "name_or_scope_info" },
                  { &w->script, "script_or_debug_info" }, { &w->old_script, "script" },
                  { &w->shared, "shared" },              { &w->of_context, "context" },
                  { &w->previous, "previous" },          { &w->context, VARIABLE_CONTEXT } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *names[i].number = strings_add(&l->strings, names[i].text, strlen(names[i].text));
        if (*names[i].number == 0) return false;
    }
    return true;
}

static uint32_t edge_name(const struct script_globals *g, uint64_t e)
{
    return capture_name(&g->s->capture, e);
}

/* The target of a node's first reference of one of two names; HEAP_NONE: it has none. */
static uint32_t across(const struct script_globals *g, uint32_t node, uint32_t name,
                       uint32_t or_name)
{
    const uint64_t *off = g->s->resolved.off;
    for (uint64_t e = off[node]; e < off[node + 1]; e++) {
        uint32_t is = edge_name(g, e);
        if (is == name || is == or_name) return g->s->capture.target[e];
    }
    return HEAP_NONE;
}

static void find_script(struct script_globals *g, uint32_t node, uint32_t script)
{
    if (node != HEAP_NONE && !g->script_of[node]) g->script_of[node] = script;
}

/* Of functions, as closures share them, and of their scopes; then of contexts whose scope no
 * function has, by the closures that use them. */
static void find_scripts(struct script_globals *g)
{
    const struct words *w = &g->words;
    uint32_t n = g->s->resolved.n;
    for (uint32_t node = 0; node < n; node++) {
        uint32_t script = across(g, node, w->script, w->old_script);
        if (script == HEAP_NONE) continue;
        find_script(g, node, script + 1);
        find_script(g, across(g, node, w->of_scope, w->of_scope), script + 1);
    }
    for (uint32_t node = 0; node < n; node++) {
        uint32_t shared = across(g, node, w->shared, w->shared);
        if (shared != HEAP_NONE)
            find_script(g, across(g, node, w->of_context, w->of_context), g->script_of[shared]);
    }
}

static bool is_context(const struct script_globals *g, uint32_t node)
{
    uint64_t type = packed_get(&g->s->capture.type, node);
    return type >= CAPTURE_TYPES && type - CAPTURE_TYPES < g->l->file.n_types &&
           g->l->file.type[type - CAPTURE_TYPES].name == g->words.context;
}

/* The name that the source gives an object; NULL: none. */
static const char *name_of(const struct script_globals *g, uint32_t node)
{
    const struct capture *c = &g->s->capture;
    size_t first = 0, end = c->n_extra;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (c->extra[middle].node < node) first = middle + 1;
        else end = middle;
    }
    bool found = first < c->n_extra && c->extra[first].node == node;
    return found ? strings_text(&g->l->strings, c->extra[first].name) : NULL;
}

static int note(struct script_globals *g, const char *script, uint32_t variable, uint32_t node)
{
    struct text name = { 0 };
    text_addf(&name, "%s:", script);
    text_add(&name, strings_text(&g->l->strings, variable), strings_size(&g->l->strings, variable));
    uint32_t number = name.failed ? 0 : strings_add(&g->l->strings, name.s, name.n);
    text_free(&name);
    return number ? globals_add(g->l, 0, number, node) : loader_no_memory(g->l);
}

/* The variables of one context, if it is a script's own; of the runtime's scripts or of others. */
static int note_context(struct script_globals *g, uint32_t node, bool own)
{
    const struct capture *c = &g->s->capture;
    const uint64_t *off = g->s->resolved.off;
    const struct words *w = &g->words;
    uint32_t previous = across(g, node, w->previous, w->previous);
    if (previous == HEAP_NONE || is_context(g, previous)) return 0;
    uint32_t scope = across(g, node, w->scope_info, w->scope_info);
    uint32_t script = scope == HEAP_NONE ? 0 : g->script_of[scope];
    if (!script) script = g->script_of[node];
    const char *path = script ? name_of(g, script - 1) : NULL;
    if (!path || !*path || (strncmp(path, "node:", 5) == 0) != own) return 0;
    int status = 0;
    for (uint64_t e = off[node]; e < off[node + 1] && !status; e++) {
        uint32_t name = edge_name(g, e);
        if ((c->kind[e] & ~CAPTURE_OWNS) == SNAP_EDGE_VARIABLE && name)
            status = note(g, variables_script(path), name, c->target[e]);
    }
    return status;
}

int script_globals_find(struct loader *l, struct snapshot *s)
{
    struct script_globals g = { .l = l, .s = s };
    uint32_t n = s->resolved.n;
    if (!facts_metadata_is(l, s, "runtime.name", "v8") || n == 0) return 0;
    g.script_of = memory_zeroed(&l->budget, n, sizeof *g.script_of);
    if (!g.script_of || !find_words(l, &g.words)) {
        memory_free(&l->budget, g.script_of, n, sizeof *g.script_of);
        return loader_no_memory(l);
    }
    find_scripts(&g);
    int status = 0;
    /* The program's own first: what both have goes by the name that the program gives it. */
    for (uint64_t i = 0; i < 2 * (uint64_t)n && !status; i++)
        if (is_context(&g, (uint32_t)(i % n))) status = note_context(&g, (uint32_t)(i % n), i >= n);
    memory_free(&l->budget, g.script_of, n, sizeof *g.script_of);
    return status;
}
