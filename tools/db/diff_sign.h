/* SPDX-License-Identifier: MIT */
/*
 * Signatures of owners, as format/owner-signature.md specifies them: the path of edge names and
 * types from a root to an object, with list positions and data keys as `*`. The same program gives
 * the same signatures in every run, so a known leak can be recognised.
 *
 * Signatures are kept as a tree of steps that share their beginnings: one number stands for a whole
 * path, and two objects of one signature have the same number. The rules that make paths of
 * different layouts alike (attribute dictionaries folded into their owner, runs of equal steps
 * drawn together, the library's collections closed) are applied when a step is added.
 *
 * Texts are hostile and kept as they are; escape them on the way out. A failed allocation is
 * remembered in `failed`; every later call answers SIGN_NONE. Threads: one at a time. Cost of a
 * step: O(length of the name) expected.
 */
#ifndef SNAP_TOOLS_DB_DIFF_SIGN_H
#define SNAP_TOOLS_DB_DIFF_SIGN_H

#include "cli/text.h"
#include "db/diff_texts.h"

#define SIGN_NONE UINT32_MAX

/** Bytes of a name that go into a signature; of a longer one the first bytes and a hash. */
enum { SIGN_NAME_MAX = 200 };

struct sign_node {
    uint32_t parent; /* SIGN_NONE at a root */
    uint32_t label;  /* in `texts` */
    uint32_t type;   /* in `texts`; TEXTS_NONE: no type (virtual roots, cut paths) */
    uint32_t depth;  /* 1 at a root */
    bool repeats;    /* stands for a run of equal steps */
    bool folded;     /* a part of the collection above it, of which it has the texts */
    uint64_t hash;
};

/** `{0}` is empty, with data keys as they stand. */
struct sign {
    struct texts texts;
    struct sign_node *nodes;
    uint32_t n, cap;
    uint32_t *slots;
    uint32_t n_slots;
    bool failed;
    bool data_keys; /* recorded key names are data (captures with names=keys): written as `*` */
};

/** The node of a path that begins with `label` at an object of `type` (a number of s->texts, or
 *  TEXTS_NONE). */
uint32_t sign_root(struct sign *s, const char *label, size_t n, uint32_t type);

/** One step: from the object that `parent` stands for, over an edge of `kind` (snap_edge_kind) with
 *  `name` (NULL: none), to an object of `type`. */
uint32_t sign_step(struct sign *s, uint32_t parent, int kind, const char *name, size_t n,
                   uint32_t type);

/** Appends how an edge is written: `.attribute`, `[*]`, `['key']`, `<local x>`. */
void sign_label(struct text *out, int kind, const char *name, size_t n, bool data_keys);

/** Does a path lead to one object at a time, by names alone? Not where a step of it is one of many
 *  (`[*]`, a key, a run of steps drawn together), tells a kind only (`.?`, `<external>`) or is the
 *  runtime's own (`<internal table>`): no program names it. */
bool sign_is_single(const struct sign *s, uint32_t node);

/** The same of one label. */
bool sign_label_is_single(const char *label);

/** Appends the signature, "app<module>.REGISTRY<list>[*]<app.Session>". */
void sign_text(const struct sign *s, uint32_t node, struct text *out);

/** Appends the path as people read code, without types: "app.REGISTRY[*]". */
void sign_path(const struct sign *s, uint32_t node, struct text *out);

/** The steps from the root down, without parts of collections: at most `max` of them into out[], the ones nearest to the node;
 *  returns how many. */
size_t sign_steps(const struct sign *s, uint32_t node, uint32_t *out, size_t max);

void sign_free(struct sign *s);

#endif
