/* SPDX-License-Identifier: MIT */
/*
 * What grew between two snapshots, and who owns it.
 *
 * Existence is decided from the top of the dominator tree downwards. The virtual roots of A and B
 * match each other. An object y of B matches an object x of A when y's immediate dominator matches
 * x's, and the two are the same by the rule of the mode:
 *   HEAP_MATCH_ID         same identity (ids that the runtime never uses again).
 *   HEAP_MATCH_ADDRESS    same identity, same type, and for types whose instances cannot resize the
 *                         same shallow size: addresses are used again.
 *   HEAP_MATCH_SIGNATURE  same step (the caller's hash of type and edge name, with list positions
 *                         and data keys as `*`), for snapshots of different processes. Among
 *                         siblings with the same step those that retain the same match first, then
 *                         the rest in the order of rows (largest retained size first): where one
 *                         side has more, each of the other meets the nearest in size from there on
 *                         that leaves enough for those after it. What is in excess on either side
 *                         stays unmatched, so it is the counts that are compared, and what is new
 *                         and large does not pass for a small one that grew.
 * The demand for a matched dominator is what keeps a new object in a freed slot from being taken
 * for the old one: it would have to hang in the same place as well. Its price is that an old object
 * that changed hands counts as new in one place and as gone in the other. Such objects are counted
 * as `moved` too, so that a reader can tell them from new ones, and since what is gone is rolled up
 * in the same way, a list that was only prepended to shows the growth of what it gained, no more.
 *
 *   Dominators change for little: a thread that happens to use a table while the snapshot is taken
 * holds it too, so the table moves up to the virtual root, and all that it owns with it. A caller
 * that can look at references therefore gives `held`. Then an object that is the same by identity,
 * type and size, and whose dominators in A and B exist in the other snapshot, but are not each
 * other's, is the same one if something holds it as before: the objects before it on the two
 * shortest paths match, or `held` says so. And where the dominator is a virtual root, which proves
 * nothing about an object in a used slot, a match takes that evidence, too, unless both are root
 * objects or the objects before them on the shortest paths have one identity.
 *
 * Names that a program gives to one object at a time survive the object: `history = history + [x]`
 * makes a new list, but for its reader it is the history that grew. So with `name` an object that
 * hangs where another one of its type hung before is matched with it, as its successor; it is
 * marked as `replaced`, and counts as new and gone where objects are counted.
 *
 * Growth is rolled up. Below an unmatched object nothing is matched, so the additions are whole
 * subtrees of B's dominator tree, whose tops hang below matched objects. A top belongs to the
 * object it hangs below, its owner: the first one upwards that existed in A. What is gone from A is
 * rolled up likewise and stands in the same line as what came.
 *   One case needs more. Objects that two registries hold hang below neither; the tree puts them
 *   under something higher, often the virtual root itself, and "grew: (live)" helps nobody. So a
 *   top directly below a virtual root is given to the first matched object on its shortest path
 *   from the roots (its holder), and counted there as `shared` too: held there, but not only there.
 *   Breadth-first search prefers the same of several holders for all objects that hang alike, so
 *   one leak still makes one line. Without `parent`, and where no matched object is on the path (a
 *   new root object, all garbage), the owner is the virtual root.
 *   A top below a real object stays there (taking that object out would free it), and the cluster
 *   names the holder. With `to_holders` it goes to its holder as well, which is the dominator or
 *   something below it: the finest line that can be drawn, and one that does not depend on what
 *   else holds the holder at the moment.
 * Lines are kept per owner object, or per owner signature (HEAP_GROUP_SIGNATURE: the hash over the
 * steps of the dominator path), which makes one line of a thousand per-tenant lists that grew by
 * ten each. Inside a line, tops are clustered by type and step.
 *
 * Balance, exact and tested: summed over all lines, added - removed + resized is the difference of
 * the two snapshots' sizes, live and garbage together.
 */
#ifndef HEAP_MATCH_H
#define HEAP_MATCH_H

#include <stdbool.h>

#include "heap/status.h"

enum heap_match_mode {
    HEAP_MATCH_ID,
    HEAP_MATCH_ADDRESS,
    HEAP_MATCH_SIGNATURE
};

enum heap_group_mode {
    HEAP_GROUP_OBJECT,
    HEAP_GROUP_SIGNATURE /* needs `step` in both sides */
};

/*
 * One snapshot: arrays by row, in the order of heap_analysis (rows in preorder of the dominator
 * tree, row 0 the live root, garbage_root the other), owned by the caller and only read. They can
 * come from an analysis or from a database's object table.
 */
struct heap_side {
    uint32_t n_rows;       /* virtual roots included */
    uint32_t garbage_root; /* its row */
    const uint32_t *last;
    const uint32_t *dominator; /* row; HEAP_NONE at virtual roots */
    const uint32_t *parent;    /* row; HEAP_NONE where there is none; NULL: no holders are named */
    const uint32_t *type;      /* below n_types, in a numbering shared by both sides; HEAP_NONE at
                                  virtual roots */
    const uint64_t *shallow_size;
    const uint64_t *retained_size;
    const uint64_t *native_size;     /* both or neither NULL */
    const uint64_t *retained_native;
    const uint64_t *identity; /* stable id or address; unused when matching by signature; if an
                                 identity stands twice in a side, its first row counts */
    const uint64_t *step;     /* hash of type and edge name below the dominator; needed for matching
                                 and grouping by signature, else NULL or used to cluster only */
    const uint64_t *check;    /* NULL, or what must not differ (a content hash of immutable
                                 objects); 0 is unknown and agrees with everything */
};

/* What a type is to the collections of its runtime's library. */
enum heap_part {
    HEAP_PART = 1,        /* a link or a table: a part of what dominates it */
    HEAP_PART_INSIDE = 2, /* the same where a HEAP_WHOLE dominates it */
    HEAP_WHOLE = 4,       /* a collection */
    HEAP_NODE = 8,        /* of the program, not of a library: may be a node of its own structures */
    HEAP_WRAP = 16        /* a collection around another: a HEAP_WHOLE that it dominates is a part */
};

/** Is an object with the bits `mine` a part of one with the bits `above` that dominates it? */
static inline bool heap_is_part(uint8_t mine, uint8_t above)
{
    return (mine & HEAP_PART) || ((mine & HEAP_PART_INSIDE) && (above & HEAP_WHOLE)) ||
           ((mine & HEAP_WHOLE) && (above & HEAP_WRAP));
}

struct heap_match_options {
    enum heap_match_mode mode;
    enum heap_group_mode group;
    uint32_t n_types;
    const uint8_t *resizable; /* [n_types] not 0: instances can change their shallow size; NULL:
                                 none can */
    const uint8_t *part;         /* [n_types] bits of heap_part, or NULL: an owner that is a part
                                    stands for the whole, the nearest dominator that is none, as
                                    long as these have matches; and what comes to many nodes of a
                                    tree or deep inside a chain belongs to the structure */
    bool to_holders;          /* tops belong to their holder, whatever dominates them */
    /* NULL, or asked about row x of A and row y of B, which are the same but for their dominator:
     * does anything that existed before hold y as it held x? `b_to_a` and `a_to_b` are what is
     * matched so far. Not for matching by signature; needs `parent` in both sides. An object may be
     * asked about HEAP_AGAIN_PASSES times. */
    bool (*held)(void *opaque, uint32_t x, uint32_t y, const uint32_t *a_to_b,
                 const uint32_t *b_to_a);
    /* NULL, or a name for a row of A or of B, 0 for none; `matched` is the partner by row of that
     * side so far. Asked about topmost rows among those that have no match yet, the HEAP_NAMED_MAX
     * that retain most. What has one name and type in A and B is one object, under whatever
     * dominators, as long as these have matches.
     *   Matching by signature: the name of the path, the same for the same path in another process.
     * Where a name stands more than once, first meets first.
     *   Else the name of the place where it hangs, `app.history`, which holds one object at a time:
     * what is there now is the successor of what was there, though another object
     * (`history = history + [x]`), and what both hold is looked for below it. Only of what holds
     * something, then or now, or is of HEAP_PLACE_MIN bytes, shallow or native; not of what hangs,
     * at most HEAP_PLACE_CLIMB steps of the shortest path up, in a successor of its own type, such
     * as the next link of a list with a new head; a name that stands more than once in a side is
     * none. */
    uint64_t (*name)(void *opaque, bool in_b, uint32_t row, const uint32_t *matched);
    /* NULL, or asked about tops below the live root that nothing matched holds on the shortest
     * path: a matched row that holds it by another way, which then owns it (not as
     * `shared`: what a root holds beside an owner comes and goes); HEAP_NONE: there is none. */
    uint32_t (*beside)(void *opaque, bool in_b, uint32_t row, const uint32_t *matched);
    /* NULL, or asked about tops that the live root owns: tops of one number are a line of their
     * own, such as what one place of the runtime holds; 0: of the line of the live root. */
    uint64_t (*place)(void *opaque, bool in_b, uint32_t row);
    /* NULL, or bits by row of A (heap_holds_get): only these objects and the virtual roots can be
     * owners. What came below an object that A and B have, but that has no bit, belongs to the owner
     * of the topmost such object above it: so the growth of an interval is given to what existed
     * before the first of several. An object of both that changed its owner in that is gone
     * and come. A line may be without change then, and no clusters are made. */
    const uint64_t *lasting;
    void *opaque; /* for all of them */
};

#define HEAP_NAMED_MAX   20000u
#define HEAP_PLACE_MIN   4096u
#define HEAP_PLACE_CLIMB 4

/* Objects that changed hands are looked for so many times at most, each time below those found the
 * time before. */
#define HEAP_AGAIN_PASSES 16u

/* Objects and their bytes. */
struct heap_amount {
    uint64_t count;
    uint64_t shallow_size, native_size;
};

/* One line: an owner, or all owners of one signature. */
struct heap_owner {
    uint32_t a_row, b_row; /* the owner, in A and in B: a virtual root or a matched object. Of
                              several the one that changed most, up or down, ties by b_row */
    uint64_t place; /* of tops of the live root, as `place` told it; else 0 */
    uint32_t n_owners;     /* owner objects in this line that changed */
    bool deep; /* some of it stands below objects without a bit in `lasting` */
    struct heap_amount added;   /* in B below the owners, not in A */
    struct heap_amount removed; /* in A below the owners, not in B */
    struct heap_amount shared;  /* the part of `added` that the owners hold, but not alone: it is
                                   not in their retained size, since they do not dominate it */
    struct heap_amount moved;   /* the part of `added` whose identity, type and size stand in A
                                   under another dominator; 0 when matching by signature */
    int64_t resized_shallow, resized_native; /* what the owners themselves grew */
    int64_t retained_delta, retained_native_delta; /* B's retained size minus A's, exact, summed
                                   over the owners; it includes the growth of owners further down,
                                   which have lines of their own, so do not add these up */
    uint32_t first_cluster, n_clusters;
};

/* What a line grew by: added - removed + resized, shallow and native bytes. */
int64_t heap_owner_growth(const struct heap_owner *o);

/* Tops of one line that look alike. */
struct heap_cluster {
    uint32_t owner;        /* index of its line */
    uint32_t type;         /* of the tops */
    uint64_t step;         /* of the tops; 0 without steps */
    uint32_t example_b;    /* the largest top that came, ties by smallest row; HEAP_NONE if none */
    uint32_t example_a;    /* the largest top that went; HEAP_NONE if none */
    uint32_t holder;       /* row of B: the first matched object on the shortest path to example_b;
                              or what holds it beside that; HEAP_NONE if there is none */
    uint64_t tops_added, tops_removed;
    uint64_t type_added, type_removed; /* tops, and what hangs below them of the same type */
    struct heap_amount added, removed; /* whole subtrees */
};

/* The result, freed by heap_match_free. */
struct heap_match {
    uint32_t *b_to_a; /* [rows of B] the matching row of A, or HEAP_NONE */
    uint32_t *a_to_b; /* [rows of A] */
    /* Bits by row (heap_holds_get): its match is its successor or predecessor, not itself; NULL
     * where no names of places were given. */
    uint64_t *replaced_a, *replaced_b;
    uint32_t *whole_b; /* [rows of B] what an owner stands for, mostly itself; NULL without parts */
    uint64_t *beside_b; /* bits by row: tops of B that have their owner by `beside`; NULL without */
    struct heap_owner *owners; /* by heap_owner_growth descending, ties by b_row ascending; every
                                  line has a change, if only as much gone as come */
    uint32_t n_owners;
    struct heap_cluster *clusters; /* line by line; in a line by growth descending, ties by
                                      example_b, then example_a ascending */
    uint32_t n_clusters;
};

/*
 * Matches A and B. O(rows of A + rows of B + lines log lines) expected; memory beyond the result:
 * 6-12 B a row of A while matching by identity (a hash table), by signature 4 B a row of each side
 * and at most 80 B a step among the children of one dominator; then 4 B a row of each side that has
 * `parent`, 8 B a row of B when grouping by signature, and the lines.
 * HEAP_BAD_GRAPH when last, dominator, parent or type do not fit the rows, or a needed array is
 * NULL; HEAP_TOO_LARGE when the sizes of a side sum beyond 2^63-1.
 */
enum heap_status heap_match_compute(const struct heap_side *a, const struct heap_side *b,
                                    const struct heap_match_options *options,
                                    struct heap_match *out);
void heap_match_free(struct heap_match *m);

/* The signature of each row's dominator path: the hash over the steps from the virtual root
 * down, what HEAP_GROUP_SIGNATURE groups by. out[row] for all rows, the caller's array. Of the
 * side, n_rows, garbage_root, dominator and step are read; dominators must be smaller than
 * their rows. O(n). */
void heap_path_hashes(const struct heap_side *side, uint64_t *out);

/* Mixes a value into a hash (for steps and signatures): a bijection of `value` for a fixed `hash`,
 * the finaliser of splitmix64 (Steele, Lea, Flood 2014). Not keyed, not for security. */
static inline uint64_t heap_mix(uint64_t hash, uint64_t value)
{
    uint64_t z = hash * UINT64_C(0x9e3779b97f4a7c15) + value + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
