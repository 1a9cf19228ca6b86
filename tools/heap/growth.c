/* SPDX-License-Identifier: MIT */
/*
 * Growth by owner: tops of what came and of what went are given to their owners, owners are
 * gathered into lines, tops of a line into clusters. Contract in match.h.
 *
 * Three passes over each side, all of them over tops only: tops are found by hopping from an
 * unmatched row to the row after its subtree. (1) every owner object that changed gets an
 * entry, again where structures stand for their nodes (structure.c); (2) entries become lines, one
 * to one or by signature; (3) tops go into the clusters of their line.
 */
#include "heap/match_internal.h"
#include "heap/pair_map.h"

/* One owner object with a change, before lines are made. */
struct change {
    struct heap_owner owner; /* of this object alone */
    uint32_t line;
    uint32_t node;       /* heap_node_above of the first of those: */
    uint64_t node_bytes; /* what came that is a node below a node */
};

struct growth {
    const struct heap_matching *m;
    struct pair_map changes;  /* owner's row of B, place -> index in change */
    struct pair_map clusters; /* (line, type), step -> index in cluster */
    struct change *change;
    uint64_t n_changes, change_capacity;
    struct heap_owner *line;
    uint64_t n_lines, line_capacity;
    struct heap_cluster *cluster;
    uint64_t n_clusters, cluster_capacity;
    uint32_t *holder[2]; /* by row of A, of B: the holder; 0: none, HEAP_NONE: not yet known */
    uint64_t *beside[2]; /* bits by row: tops that have their holder by options->beside */
    uint32_t *asked;     /* by row of the side that is asked about: that holder, HEAP_NONE: none */
    uint32_t *whole;     /* by row of B: what it stands for as an owner; NULL: itself */
    uint32_t *way[2];    /* the same of sides that all has been asked about; else NULL */
    const uint32_t *own[2]; /* by row: the partner of what can be an owner, HEAP_NONE elsewhere */
    uint32_t *lasting[2];   /* the same where not all that is matched can; else NULL */
    uint32_t *above[2];     /* then: the topmost row above each of those that cannot */
};

enum side { SIDE_A, SIDE_B };

/* Memory */

static bool reserve(void **array, uint64_t used, uint64_t *capacity, size_t size)
{
    if (used < *capacity) return true;
    uint64_t wanted = *capacity * 2 + 64;
    if (wanted > INT32_MAX || wanted > PTRDIFF_MAX / size) return false;
    void *larger = realloc(*array, (size_t)wanted * size);
    if (!larger) return false;
    *array = larger;
    *capacity = wanted;
    return true;
}

/* Sides */

static const struct heap_side *side_of(const struct growth *g, enum side side)
{
    return side == SIDE_A ? g->m->a : g->m->b;
}

static const uint32_t *match_of(const struct growth *g, enum side side)
{
    return side == SIDE_A ? g->m->a_to_b : g->m->b_to_a;
}

static struct heap_amount subtree(const struct heap_side *s, uint32_t row)
{
    return (struct heap_amount){ .count = s->last[row] - row + 1,
                                 .shallow_size = s->retained_size[row],
                                 .native_size = s->retained_native ? s->retained_native[row] : 0 };
}

static void add(struct heap_amount *to, struct heap_amount what)
{
    to->count += what.count;
    to->shallow_size += what.shallow_size;
    to->native_size += what.native_size;
}

static struct heap_amount moved_below(const struct growth *g, uint32_t top)
{
    const struct heap_side *b = g->m->b;
    struct heap_amount sum = { 0 };
    for (uint32_t row = top; row <= b->last[top]; row++) {
        if (!heap_holds_get(g->m->moved, row)) continue;
        sum.count++;
        sum.shallow_size += b->shallow_size[row];
        if (b->native_size) sum.native_size += b->native_size[row];
    }
    return sum;
}

/*
 * The first possible owner on the shortest path to `row`, itself not counted, or before it the
 * holder of a top that has it by another way; 0 if there is none. What a walk finds is noted for every row
 * on it, so that all walks together are linear. A path that runs into itself (a damaged database)
 * has no holder: its rows are noted as such when first met.
 */
static uint32_t holder_of(const struct growth *g, enum side side, uint32_t row)
{
    const struct heap_side *s = side_of(g, side);
    const uint32_t *match = g->own[side], *way = g->way[side];
    uint32_t *note = g->holder[side], found = 0, x = row;
    if (!s->parent) return 0;
    if (way && way[row] != HEAP_NONE) return way[row];
    while (note[x] == HEAP_NONE) {
        note[x] = 0;
        x = s->parent[x];
        if (x == HEAP_NONE || heap_is_virtual(s, x)) break;
        if (match[x] != HEAP_NONE || (way && way[x] != HEAP_NONE)) {
            found = match[x] != HEAP_NONE ? x : way[x];
            break;
        }
    }
    bool stopped = !found && x != HEAP_NONE && !heap_is_virtual(s, x) && match[x] == HEAP_NONE;
    if (stopped) found = note[x];
    for (x = row; found && note[x] == 0; x = s->parent[x]) note[x] = found;
    return found ? found : note[row];
}

/* The top that a row would have if only owners were matched. */
static uint32_t top_of(const struct growth *g, enum side side, uint32_t row)
{
    return g->above[side] ? g->above[side][row] : row;
}

/* The owner of a top, as a row of its side. */
static uint32_t owner_of(const struct growth *g, enum side side, uint32_t top)
{
    const struct heap_side *s = side_of(g, side);
    uint32_t dominator = s->dominator[top_of(g, side, top)];
    if (!heap_is_virtual(s, dominator) && !g->m->options->to_holders) return dominator;
    uint32_t holder = holder_of(g, side, top);
    return holder ? holder : dominator;
}

/* Is a row of B a part of its dominator? */
static bool is_part(const struct growth *g, uint32_t row)
{
    const struct heap_side *b = g->m->b;
    const uint8_t *part = g->m->options->part;
    uint32_t d = heap_is_virtual(b, row) ? 0 : b->dominator[row];
    if (g->own[SIDE_B][row] == HEAP_NONE || heap_is_virtual(b, d) ||
        g->own[SIDE_B][d] == HEAP_NONE)
        return false;
    return heap_is_part(part[b->type[row]], part[b->type[d]]);
}

/* Dominators come before what they dominate. */
static bool find_wholes(struct growth *g)
{
    uint32_t n = g->m->b->n_rows;
    if (!g->m->options->part) return true;
    g->whole = heap_new(n, sizeof *g->whole);
    if (!g->whole) return false;
    for (uint32_t row = 0; row < n; row++)
        g->whole[row] = is_part(g, row) ? g->whole[g->m->b->dominator[row]] : row;
    return true;
}

/* The row of B that stands in the line of an owner of that side. */
static uint32_t line_row(const struct growth *g, enum side side, uint32_t owner)
{
    uint32_t row = side == SIDE_A ? g->m->a_to_b[owner] : owner;
    return g->whole ? g->whole[row] : row;
}

typedef bool (*top_visitor)(struct growth *g, enum side side, uint32_t top);

static bool visit_tops(struct growth *g, enum side side, const uint32_t *match,
                       top_visitor visit)
{
    const struct heap_side *s = side_of(g, side);
    for (uint32_t row = 0; row < s->n_rows;) {
        if (match[row] != HEAP_NONE) {
            row++;
            continue;
        }
        if (!visit(g, side, row)) return false;
        row = s->last[row] + 1;
    }
    return true;
}

/* Asks for an owner of tops of the live root that holds them by another way than the shortest. */
static bool ask_beside(struct growth *g, enum side side, uint32_t top)
{
    const struct heap_match_options *o = g->m->options;
    const uint32_t *match = g->own[side];
    if (owner_of(g, side, top) != 0) return true;
    uint32_t found = o->beside(o->opaque, side == SIDE_B, top, match);
    if (found >= side_of(g, side)->n_rows || heap_is_virtual(side_of(g, side), found) ||
        match[found] == HEAP_NONE)
        return true;
    g->asked[top] = found;
    heap_holds_set(g->beside[side], top);
    return true;
}

/* Asks about all tops of a side. What is found counts for those on whose way a top lies only when
 * all have been asked: so it does not matter which came first. */
static bool find_beside(struct growth *g, enum side side)
{
    uint32_t n = side_of(g, side)->n_rows;
    g->asked = heap_new_none(n);
    g->beside[side] = heap_new_zeroed(heap_holds_words(n), sizeof *g->beside[side]);
    bool ok = g->asked && g->beside[side] && visit_tops(g, side, g->own[side], ask_beside);
    for (uint32_t row = 0; row < n; row++) g->holder[side][row] = HEAP_NONE;
    g->way[side] = g->asked;
    return ok;
}

/* Which of the live root's lines a top belongs to. */
static uint64_t place_of(const struct growth *g, enum side side, uint32_t owner, uint32_t top)
{
    const struct heap_match_options *o = g->m->options;
    if (owner != 0 || !o->place) return 0;
    return o->place(o->opaque, side == SIDE_B, top_of(g, side, top));
}

/* (1) Owner objects */

static struct change *change_of(struct growth *g, uint32_t b_row, uint64_t place)
{
    if (!reserve((void **)&g->change, g->n_changes, &g->change_capacity, sizeof *g->change))
        return NULL;
    struct pair_entry *e = pair_map_get(&g->changes, b_row, place);
    if (!e) return NULL;
    if (e->value == HEAP_NONE) {
        const struct heap_side *a = g->m->a, *b = g->m->b;
        uint32_t a_row = g->m->b_to_a[b_row];
        e->value = (uint32_t)g->n_changes;
        g->change[g->n_changes] = (struct change){ .node = HEAP_NONE };
        struct heap_owner *o = &g->change[g->n_changes++].owner;
        o->a_row = a_row;
        o->b_row = b_row;
        o->place = place;
        o->n_owners = 1;
        o->retained_delta = (int64_t)(b->retained_size[b_row] - a->retained_size[a_row]);
        if (a->retained_native && b->retained_native)
            o->retained_native_delta =
                (int64_t)(b->retained_native[b_row] - a->retained_native[a_row]);
    }
    return &g->change[e->value];
}

static bool dominates(const struct heap_side *s, uint32_t row, uint32_t below)
{
    return row <= below && below <= s->last[row];
}

static bool add_top(struct growth *g, enum side side, uint32_t top)
{
    const struct heap_side *s = side_of(g, side);
    uint32_t owner = owner_of(g, side, top);
    struct change *c = change_of(g, line_row(g, side, owner), place_of(g, side, owner, top));
    if (!c) return false;
    struct heap_amount amount = subtree(s, top);
    c->owner.deep |= top_of(g, side, top) != top;
    if (side == SIDE_A) {
        add(&c->owner.removed, amount);
        return true;
    }
    add(&c->owner.added, amount);
    add(&c->owner.moved, moved_below(g, top));
    bool beside = g->beside[side] && heap_holds_get(g->beside[side], top);
    if (!beside && !dominates(s, c->owner.b_row, top)) add(&c->owner.shared, amount);
    uint32_t node = g->whole ? heap_node_above(g->m, owner, top) : HEAP_NONE;
    if (node == HEAP_NONE) return true;
    if (c->node == HEAP_NONE) c->node = node;
    c->node_bytes += amount.shallow_size + amount.native_size;
    return true;
}

static bool add_resized(struct growth *g, uint32_t b_row)
{
    const struct heap_side *a = g->m->a, *b = g->m->b;
    uint32_t a_row = g->m->b_to_a[b_row];
    int64_t shallow = (int64_t)(b->shallow_size[b_row] - a->shallow_size[a_row]);
    int64_t native = (int64_t)((b->native_size ? b->native_size[b_row] : 0) -
                               (a->native_size ? a->native_size[a_row] : 0));
    if (shallow == 0 && native == 0) return true;
    struct change *c = change_of(g, line_row(g, SIDE_B, b_row), 0);
    if (!c) return false;
    c->owner.resized_shallow += shallow;
    c->owner.resized_native += native;
    return true;
}

/* The owner of a row that cannot be one, as the line's row of B, and its place. */
struct above {
    uint32_t b_row;
    uint64_t place;
};

static struct above above_of(struct growth *g, enum side side, uint32_t row)
{
    uint32_t owner = owner_of(g, side, row);
    return (struct above){ line_row(g, side, owner), place_of(g, side, owner, row) };
}

static struct change *change_above(struct growth *g, struct above at)
{
    struct change *c = change_of(g, at.b_row, at.place);
    if (c) c->owner.deep = true;
    return c;
}

/* What is in both and cannot be an owner: it may have grown, or have come to another owner. */
static bool add_kept(struct growth *g, uint32_t b_row)
{
    const struct heap_side *a = g->m->a, *b = g->m->b;
    uint32_t a_row = g->m->b_to_a[b_row];
    struct heap_amount was = { 1, a->shallow_size[a_row],
                               a->native_size ? a->native_size[a_row] : 0 };
    struct heap_amount is = { 1, b->shallow_size[b_row],
                              b->native_size ? b->native_size[b_row] : 0 };
    struct above before = above_of(g, SIDE_A, a_row), now = above_of(g, SIDE_B, b_row);
    bool same = before.b_row == now.b_row && before.place == now.place;
    if (same && was.shallow_size == is.shallow_size && was.native_size == is.native_size)
        return true;
    struct change *c = change_above(g, now);
    if (c && same) {
        c->owner.resized_shallow += (int64_t)(is.shallow_size - was.shallow_size);
        c->owner.resized_native += (int64_t)(is.native_size - was.native_size);
    } else if (c) {
        add(&c->owner.added, is);
        c = change_above(g, before);
        if (c) add(&c->owner.removed, was);
    }
    return c != NULL;
}

static bool add_matched(struct growth *g, uint32_t b_row)
{
    return g->own[SIDE_B][b_row] == HEAP_NONE ? add_kept(g, b_row) : add_resized(g, b_row);
}

static bool find_changes(struct growth *g)
{
    if (!visit_tops(g, SIDE_B, match_of(g, SIDE_B), add_top) ||
        !visit_tops(g, SIDE_A, match_of(g, SIDE_A), add_top))
        return false;
    for (uint32_t row = 0; row < g->m->b->n_rows; row++)
        if (g->m->b_to_a[row] != HEAP_NONE && !add_matched(g, row)) return false;
    return true;
}

static uint64_t bytes_added(const struct heap_owner *o)
{
    return o->added.shallow_size + o->added.native_size;
}

/* Lets structures stand for those of their nodes that something came to; *any: for some. */
static bool find_structures(struct growth *g, bool *any)
{
    uint64_t n = 0, nodes = 0;
    struct heap_node_owner *at = heap_new(g->n_changes, sizeof *at);
    uint32_t *into = heap_new_none(g->m->b->n_rows);
    bool ok = at && into;
    for (uint64_t i = 0; ok && i < g->n_changes; i++) {
        const struct change *c = &g->change[i];
        uint64_t added = bytes_added(&c->owner);
        if (!added || c->owner.place || heap_is_virtual(g->m->b, c->owner.b_row)) continue;
        uint32_t node = c->node_bytes > added / 2 ? c->node : HEAP_NONE;
        at[n++] = (struct heap_node_owner){ c->owner.b_row, node, added, HEAP_NONE };
        nodes += node != HEAP_NONE;
    }
    if (ok && nodes) ok = heap_fold_nodes(g->m, at, n);
    *any = false;
    for (uint64_t i = 0; ok && nodes && i < n; i++) {
        if (at[i].into == HEAP_NONE || at[i].into == at[i].row) continue;
        into[at[i].row] = g->whole[at[i].into];
        *any = true;
    }
    for (uint32_t row = 0; ok && *any && row < g->m->b->n_rows; row++)
        if (into[g->whole[row]] != HEAP_NONE) g->whole[row] = into[g->whole[row]];
    heap_free(at);
    heap_free(into);
    return ok;
}

static bool find_changes_again(struct growth *g)
{
    bool any = false;
    if (!g->whole) return true;
    if (!find_structures(g, &any)) return false;
    if (!any) return true;
    pair_map_clear(&g->changes);
    g->n_changes = 0;
    return find_changes(g);
}

/* (2) Lines */

int64_t heap_owner_growth(const struct heap_owner *o)
{
    return (int64_t)(o->added.shallow_size + o->added.native_size - o->removed.shallow_size -
                     o->removed.native_size + (uint64_t)o->resized_shallow +
                     (uint64_t)o->resized_native);
}

static uint64_t magnitude(int64_t x)
{
    return x < 0 ? -(uint64_t)x : (uint64_t)x;
}

/* Adds the change of one object to a line that other objects of its signature have made. */
static void merge(struct heap_owner *line, uint64_t *largest, const struct heap_owner *o)
{
    uint64_t size = magnitude(heap_owner_growth(o));
    if (size > *largest || (size == *largest && o->b_row < line->b_row)) {
        line->a_row = o->a_row;
        line->b_row = o->b_row;
        *largest = size;
    }
    line->n_owners++;
    line->deep |= o->deep;
    add(&line->added, o->added);
    add(&line->removed, o->removed);
    add(&line->shared, o->shared);
    add(&line->moved, o->moved);
    line->resized_shallow += o->resized_shallow;
    line->resized_native += o->resized_native;
    line->retained_delta = (int64_t)((uint64_t)line->retained_delta + (uint64_t)o->retained_delta);
    line->retained_native_delta =
        (int64_t)((uint64_t)line->retained_native_delta + (uint64_t)o->retained_native_delta);
}

static bool lines_by_object(struct growth *g)
{
    g->line = heap_new(g->n_changes, sizeof *g->line);
    if (!g->line) return false;
    for (uint64_t i = 0; i < g->n_changes; i++) {
        g->line[i] = g->change[i].owner;
        g->change[i].line = (uint32_t)i;
    }
    g->n_lines = g->n_changes;
    return true;
}

static bool lines_by_signature(struct growth *g)
{
    struct pair_map map = { 0 };
    uint64_t *hash = heap_new(g->m->b->n_rows, sizeof *hash);
    uint64_t *largest = heap_new(g->n_changes, sizeof *largest);
    g->line = heap_new(g->n_changes, sizeof *g->line);
    bool ok = hash && largest && g->line;
    if (ok) heap_path_hashes(g->m->b, hash);
    for (uint64_t i = 0; ok && i < g->n_changes; i++) {
        struct change *c = &g->change[i];
        struct pair_entry *e = pair_map_get(&map, hash[c->owner.b_row], c->owner.place);
        if (!e) {
            ok = false;
        } else if (e->value == HEAP_NONE) {
            e->value = c->line = (uint32_t)g->n_lines;
            largest[g->n_lines] = magnitude(heap_owner_growth(&c->owner));
            g->line[g->n_lines++] = c->owner;
        } else {
            c->line = e->value;
            merge(&g->line[c->line], &largest[c->line], &c->owner);
        }
    }
    pair_map_clear(&map);
    heap_free(hash);
    heap_free(largest);
    return ok;
}

/* (3) Clusters */

static struct heap_cluster *cluster_of(struct growth *g, uint32_t line, uint32_t type,
                                       uint64_t step)
{
    if (!reserve((void **)&g->cluster, g->n_clusters, &g->cluster_capacity, sizeof *g->cluster))
        return NULL;
    struct pair_entry *e = pair_map_get(&g->clusters, (uint64_t)line << 32 | type, step);
    if (!e) return NULL;
    if (e->value == HEAP_NONE) {
        e->value = (uint32_t)g->n_clusters;
        g->cluster[g->n_clusters++] = (struct heap_cluster){ .owner = line,
                                                             .type = type,
                                                             .step = step,
                                                             .holder = HEAP_NONE,
                                                             .example_a = HEAP_NONE,
                                                             .example_b = HEAP_NONE };
    }
    return &g->cluster[e->value];
}

static uint64_t weight(const struct heap_side *s, uint32_t row)
{
    return s->retained_size[row] + (s->retained_native ? s->retained_native[row] : 0);
}

/* Objects of the top's type that it dominates, with itself. */
static uint64_t of_type(const struct heap_side *s, uint32_t top)
{
    uint64_t n = 0;
    for (uint32_t row = top; row <= s->last[top]; row++) n += s->type[row] == s->type[top];
    return n;
}

static bool cluster_top(struct growth *g, enum side side, uint32_t top)
{
    const struct heap_side *s = side_of(g, side);
    uint32_t owner = owner_of(g, side, top);
    uint32_t b_row = line_row(g, side, owner);
    uint64_t place = place_of(g, side, owner, top);
    uint32_t line = g->change[pair_map_slot(&g->changes, b_row, place)->value].line;
    struct heap_cluster *c = cluster_of(g, line, s->type[top], s->step ? s->step[top] : 0);
    if (!c) return false;
    uint32_t *example = side == SIDE_A ? &c->example_a : &c->example_b;
    if (*example == HEAP_NONE || weight(s, top) > weight(s, *example)) *example = top;
    add(side == SIDE_A ? &c->removed : &c->added, subtree(s, top));
    ++*(side == SIDE_A ? &c->tops_removed : &c->tops_added);
    *(side == SIDE_A ? &c->type_removed : &c->type_added) += of_type(s, top);
    return true;
}

/* Orders */

static int by_growth(int64_t x, int64_t y)
{
    return x > y ? -1 : x < y;
}

static int by_number(uint32_t x, uint32_t y)
{
    return x < y ? -1 : x > y;
}

static int compare_owners(const void *x, const void *y)
{
    const struct heap_owner *p = x, *q = y;
    int order = by_growth(heap_owner_growth(p), heap_owner_growth(q));
    return order ? order : by_number(p->b_row, q->b_row);
}

static int64_t cluster_growth(const struct heap_cluster *c)
{
    return (int64_t)(c->added.shallow_size + c->added.native_size - c->removed.shallow_size -
                     c->removed.native_size);
}

static int compare_clusters(const void *x, const void *y)
{
    const struct heap_cluster *p = x, *q = y;
    if (p->owner != q->owner) return by_number(p->owner, q->owner);
    int order = by_growth(cluster_growth(p), cluster_growth(q));
    if (order == 0) order = by_number(p->example_b, q->example_b);
    return order ? order : by_number(p->example_a, q->example_a);
}

/* Puts lines and clusters in order; until then a line's place stands in its first_cluster. */
static bool sort_all(struct growth *g)
{
    uint32_t *place = heap_new(g->n_lines, sizeof *place);
    if (!place) return false;
    for (uint64_t i = 0; i < g->n_lines; i++) g->line[i].first_cluster = (uint32_t)i;
    if (g->n_lines) qsort(g->line, (size_t)g->n_lines, sizeof *g->line, compare_owners);
    for (uint64_t i = 0; i < g->n_lines; i++) {
        place[g->line[i].first_cluster] = (uint32_t)i;
        g->line[i].first_cluster = 0;
    }
    for (uint64_t i = 0; i < g->n_clusters; i++) {
        struct heap_cluster *c = &g->cluster[i];
        c->owner = place[c->owner];
        if (c->example_b != HEAP_NONE) {
            uint32_t holder = holder_of(g, SIDE_B, c->example_b);
            c->holder = holder ? holder : HEAP_NONE;
        }
    }
    if (g->n_clusters)
        qsort(g->cluster, (size_t)g->n_clusters, sizeof *g->cluster, compare_clusters);
    for (uint64_t i = g->n_clusters; i-- > 0;) {
        struct heap_owner *o = &g->line[g->cluster[i].owner];
        o->first_cluster = (uint32_t)i;
        o->n_clusters++;
    }
    heap_free(place);
    return true;
}

/* The rows above those that cannot be owners. Dominators come before what they dominate. */
static bool find_above(struct growth *g, enum side side)
{
    const struct heap_side *s = side_of(g, side);
    const uint32_t *own = g->own[side] = g->lasting[side];
    uint32_t *above = g->above[side] = heap_new(s->n_rows, sizeof *above);
    for (uint32_t row = 0; above && row < s->n_rows; row++) {
        uint32_t d = s->dominator[row];
        bool top = own[row] != HEAP_NONE || own[d] != HEAP_NONE;
        above[row] = top ? row : above[d];
    }
    return above != NULL;
}

static bool find_lasting(struct growth *g)
{
    const struct heap_matching *m = g->m;
    const uint64_t *bits = m->options->lasting;
    g->own[SIDE_A] = m->a_to_b;
    g->own[SIDE_B] = m->b_to_a;
    if (!bits) return true;
    uint32_t *a = g->lasting[SIDE_A] = heap_new_none(m->a->n_rows);
    uint32_t *b = g->lasting[SIDE_B] = heap_new_none(m->b->n_rows);
    for (uint32_t x = 0; a && b && x < m->a->n_rows; x++) {
        uint32_t y = m->a_to_b[x];
        if (y == HEAP_NONE || !(heap_is_virtual(m->a, x) || heap_holds_get(bits, x))) continue;
        a[x] = y;
        b[y] = x;
    }
    return a && b && find_above(g, SIDE_A) && find_above(g, SIDE_B);
}

static bool make_clusters(struct growth *g)
{
    return visit_tops(g, SIDE_B, match_of(g, SIDE_B), cluster_top) &&
           visit_tops(g, SIDE_A, match_of(g, SIDE_A), cluster_top);
}

static bool run(struct growth *g)
{
    const struct heap_matching *m = g->m;
    if (!find_lasting(g)) return false;
    for (int side = SIDE_A; side <= SIDE_B; side++) {
        const struct heap_side *s = side_of(g, (enum side)side);
        if (s->parent && !(g->holder[side] = heap_new_none(s->n_rows))) return false;
        if (!s->parent || !m->options->beside) continue;
        if (!find_beside(g, (enum side)side)) return false;
    }
    if (!find_wholes(g) || !find_changes(g) || !find_changes_again(g)) return false;
    if (!(m->options->group == HEAP_GROUP_SIGNATURE ? lines_by_signature(g) : lines_by_object(g)))
        return false;
    return (m->options->lasting || make_clusters(g)) && sort_all(g);
}

enum heap_status heap_growth(const struct heap_matching *m, struct heap_match *out)
{
    struct growth g = { .m = m };
    bool ok = run(&g);
    pair_map_clear(&g.changes);
    pair_map_clear(&g.clusters);
    free(g.change);
    heap_free(g.holder[SIDE_A]);
    heap_free(g.holder[SIDE_B]);
    heap_free(g.beside[SIDE_A]);
    for (int side = SIDE_A; side <= SIDE_B; side++) {
        heap_free(g.way[side]);
        heap_free(g.lasting[side]);
        heap_free(g.above[side]);
    }
    if (ok) {
        out->whole_b = g.whole;
        out->beside_b = g.beside[SIDE_B];
        out->owners = g.line;
        out->n_owners = (uint32_t)g.n_lines;
        out->clusters = g.cluster;
        out->n_clusters = (uint32_t)g.n_clusters;
    } else {
        heap_free(g.whole);
        heap_free(g.beside[SIDE_B]);
        heap_free(g.line);
        free(g.cluster);
    }
    return ok ? HEAP_OK : HEAP_NO_MEMORY;
}
