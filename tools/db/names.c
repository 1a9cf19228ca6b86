/* SPDX-License-Identifier: MIT */
/*
 * Registered numbers and their names, and the words for references; the same as in
 * format/schema.sql, which a test holds against these tables.
 */
#include "db/heapdb.h"

#include <snap/format.h>

/* By number; a NULL is not registered. */
static const char *const edge_names[] = {
    "other", "attribute", "element", "key", "value", "variable", "local", "internal", "type",
    "static", "weak", "soft", "phantom", "finalizer", "ephemeron", "shortcut", "hidden",
    "ruled out",
};

static const char *const root_names[] = {
    NULL, "unknown", "global", "local", "thread", "type", "interned", "immortal", "external",
    "runtime", "callback", "task", "native_local", "native_global", "native_stack", "monitor",
    "thread_block", "finalizing", "debugger", "unreachable",
};

static const char *const resource_names[] = {
    NULL, "file", "socket", "pipe", "database", "cursor", "executor", "mapping", "process",
    "selector",
};

static const char *const state_names[] = { NULL, "open", "closed" };

static const char *const flag_names[] = {
    "tracked", "frozen", "finalized", "immortal", "interned", "static", "class", "suspended",
    "running", "weakrefed", "uncollectable", "detached",
};

#define NAME_OF(names, number)                                                                     \
    ((number) >= 0 && (number) < (int64_t)(sizeof(names) / sizeof *(names)) && (names)[number]     \
         ? (names)[number]                                                                         \
         : "unknown")

const char *heapdb_edge_kind(int64_t kind)
{
    return NAME_OF(edge_names, kind);
}

const char *heapdb_root_kind(int64_t kind)
{
    return NAME_OF(root_names, kind);
}

const char *heapdb_resource_kind(int64_t kind)
{
    return NAME_OF(resource_names, kind);
}

const char *heapdb_resource_state(int64_t state)
{
    return NAME_OF(state_names, state);
}

bool heapdb_edge_holds(int64_t kind)
{
    return kind != SNAP_EDGE_WEAK && kind != SNAP_EDGE_PHANTOM && kind != SNAP_EDGE_SHORTCUT &&
           kind != SNAP_EDGE_RULED_OUT;
}

void heapdb_flags(struct text *t, int64_t flags)
{
    const char *between = "";
    for (unsigned bit = 0; bit < sizeof flag_names / sizeof *flag_names; bit++) {
        if (!(flags >> bit & 1)) continue;
        text_addf(t, "%s%s", between, flag_names[bit]);
        between = ", ";
    }
}

void heapdb_label(struct text *t, int kind, const char *name, bool has_key, uint64_t key,
                  uint64_t position)
{
    switch (kind) {
    case SNAP_EDGE_ELEMENT:
        text_addf(t, "[%llu]", (unsigned long long)(has_key ? key : position));
        return;
    case SNAP_EDGE_ATTRIBUTE:
        text_addf(t, ".%s", name ? name : "?");
        return;
    case SNAP_EDGE_VALUE:
        if (name)
            text_addf(t, "['%s']", name);
        else if (has_key)
            text_addf(t, "[#%06llx]", (unsigned long long)key);
        else
            text_adds(t, "[?]");
        return;
    default:
        text_addf(t, "<%s", heapdb_edge_kind(kind));
        if (name)
            text_addf(t, " %s", name);
        else if (has_key)
            text_addf(t, " #%06llx", (unsigned long long)key);
        text_adds(t, ">");
    }
}
