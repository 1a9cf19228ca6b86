/* SPDX-License-Identifier: MIT */
/*
 * From the rows of a snapshot as they came (capture.h) to the graph that is analysed: ids become
 * nodes, duplicate objects go (the first of an id holds, with its references), references to
 * nowhere go and are counted, and what is held from outside the heap becomes known.
 *
 * The capture is changed in place: afterwards its columns are by node without duplicates; target,
 * kind, name and key are in the order of the graph (references of node v at off[v] .. off[v+1]-1);
 * and what waits for the tables, ids and perhaps names, is packed.
 */
#ifndef SNAP_TOOLS_DB_RESOLVE_H
#define SNAP_TOOLS_DB_RESOLVE_H

#include "db/capture.h"

struct resolved_root {
    uint32_t node;
    uint32_t capture; /* index of the row it came from; CAPTURE_NONE where the loader made it */
    uint8_t kind;     /* snap_root_kind */
};

struct resolved {
    struct budget *budget;
    uint32_t n;
    uint64_t m;
    uint64_t *off;         /* [n+1] */
    struct packed by_address; /* nodes by id ascending as a signed number */
    uint64_t *holds;       /* bits by edge; NULL: all hold */
    struct packed external;   /* by node: references held from outside, where that is known */
    struct resolved_root *root;
    size_t n_roots, root_cap;
    uint64_t duplicates;   /* objects dropped */
    uint64_t dangling;     /* references dropped: to nowhere, or of a duplicate */
    uint64_t lost_roots;   /* roots of objects that are not there */
    uint64_t over_owned;   /* objects with fewer references than the heap explains */
};

/** Which references hold, beyond their kinds: the metadata `edges.rule` (format/registry.md). */
enum resolve_rule { RESOLVE_BY_KIND, RESOLVE_V8_PAGE };

struct resolve_how {
    enum resolve_rule rule;
    uint32_t dict_name; /* number of the text `__dict__`, 0: none */
    bool keep_names;    /* names of references wait for the tables, too; else they stay an array */
};

/**
 * Resolves `c`; references that the rule rules out become SNAP_EDGE_RULED_OUT. Where `complete`,
 * external references are computed and objects held from outside, and immortal ones, become roots,
 * and a dictionary of a module (its attribute `dict_name`) that is held from outside is a global by
 * the module's name as well; otherwise missing references could fake all of these.
 * False without memory; resolved_free is due either way.
 * O(n + m) but for the sort of the ids. Memory beyond the results: what that takes (sort.h); 8 B
 * an object for the hash table where references name ids.
 */
bool resolve(struct capture *c, bool complete, const struct resolve_how *how, struct resolved *out);
void resolved_free(struct resolved *r);
/** Frees what only the rows of objects need. */
void resolved_release_external(struct resolved *r);
/** Frees all but `off` and `holds`. */
void resolved_release(struct resolved *r);

/** Appends a root. */
bool resolved_add_root(struct resolved *r, uint32_t node, uint8_t kind, uint32_t capture);

#endif
