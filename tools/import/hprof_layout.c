/* SPDX-License-Identifier: MIT */
/*
 * Sizes of Java objects. A dump states fields, not sizes; how long references and headers are is
 * inferred from addresses: an object is never longer than the distance to the next one, and in a
 * compacted heap mostly as long. Every layout known is held against these distances; the one
 * with the most agreement wins. See format/hprof.md.
 */
#include <string.h>

#include "import/hprof_private.h"

enum { FEW = 64 }; /* objects: fewer show no alignment and are worth no warning */

/* Compressed references (the usual one first), then plain ones, then references of 8 bytes with
 * compressed class pointers, then compact headers, then compressed references with plain class
 * pointers; of the latter and of plain ones, newer JVMs begin arrays of short elements directly
 * behind the length. Each twice: with and without the superclass's gaps filled. */
static const struct hprof_model models[HPROF_MODELS] = {
    { 4, 12, 16, false, true }, { 4, 12, 16, false, false },
    { 8, 16, 24, false, true }, { 8, 16, 24, false, false },
    { 8, 12, 16, false, true }, { 8, 12, 16, false, false },
    { 4, 8, 12, false, true },  { 4, 8, 12, false, false },
    { 8, 8, 12, false, true },  { 8, 8, 12, false, false },
    { 4, 16, 24, false, true }, { 4, 16, 24, false, false },
    { 4, 16, 20, false, true }, { 4, 16, 20, false, false },
    { 8, 16, 20, false, true }, { 8, 16, 20, false, false },
};

/* `to` is a power of two. */
static uint64_t align_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) & ~(to - 1);
}

uint64_t hprof_array_size(const struct hprof_model *m, unsigned alignment, unsigned element,
                          uint64_t n)
{
    uint64_t base = element == 8 ? align_up(m->array, 8) : m->array;
    return align_up(base + n * element, alignment);
}

static void array_sizes(const struct hprof *h, const struct hprof_object *o, unsigned alignment,
                        uint64_t sizes[HPROF_LAYOUTS])
{
    unsigned width = o->tag == 0x22 ? 0 : hprof_type_size(h, o->type);
    for (unsigned i = 0; i < HPROF_LAYOUTS; i++) {
        const struct hprof_model *m = &models[2 * i];
        sizes[i] = hprof_array_size(m, alignment, width ? width : m->ref, o->length);
    }
}

void hprof_array_sizes(const struct hprof *h, const struct hprof_object *o,
                       uint64_t sizes[HPROF_LAYOUTS])
{
    array_sizes(h, o, h->alignment, sizes);
}

/* What is between an array and the next object is less than the alignment, which shows only at the
 * end: rounding up before would let layouts win whose sizes happen to be multiples of it. */
void hprof_vote_array(struct hprof *h, const struct hprof_object *o, uint64_t gap)
{
    uint64_t sizes[HPROF_LAYOUTS];
    array_sizes(h, o, 1, sizes);
    for (unsigned i = 0; i < HPROF_LAYOUTS; i++) {
        struct hprof_array_vote *v = &h->array_vote[i];
        if (sizes[i] > gap) {
            v->violations++;
            continue;
        }
        uint64_t between = (gap - sizes[i]) / 8;
        unsigned k = 0;
        while (k < HPROF_ALIGNMENTS && between >> k) k++;
        if (k < HPROF_ALIGNMENTS) v->within[k]++;
    }
}

/* ---- instances ----------------------------------------------------------------------------- */

/* The fields of a class and its superclasses, as far as they are placed. */
struct layout {
    uint64_t end;
    struct { uint64_t at, size; } gap[HPROF_GAPS];
    unsigned n_gaps;
};

static void add_gap(struct layout *l, uint64_t at, uint64_t size)
{
    if (size == 0 || l->n_gaps == HPROF_GAPS) return;
    l->gap[l->n_gaps].at = at;
    l->gap[l->n_gaps++].size = size;
}

/* One field of `size` bytes: into the smallest gap where it fits, of several the last; else behind
 * the others. */
static void place(struct layout *l, unsigned size)
{
    unsigned best = HPROF_GAPS;
    for (unsigned i = 0; i < l->n_gaps; i++) {
        uint64_t at = align_up(l->gap[i].at, size);
        if (at + size > l->gap[i].at + l->gap[i].size) continue;
        if (best == HPROF_GAPS || l->gap[i].size < l->gap[best].size ||
            (l->gap[i].size == l->gap[best].size && l->gap[i].at > l->gap[best].at))
            best = i;
    }
    uint64_t from = l->end, at = align_up(from, size), end = at + size;
    if (best < HPROF_GAPS) {
        from = l->gap[best].at;
        end = from + l->gap[best].size;
        at = align_up(from, size);
        l->gap[best] = l->gap[--l->n_gaps];
    } else {
        l->end = end;
    }
    add_gap(l, from, at - from);
    add_gap(l, at + size, end - at - size);
}

/* Longest primitives first, then references: as the runtime does. */
static void place_level(const struct hprof *h, const struct hprof_model *m, struct layout *l,
                        const struct hprof_field *f, size_t n)
{
    if (n == 0) return;
    if (!m->fill_super) {
        l->n_gaps = 0;
        l->end = align_up(l->end, m->ref);
    }
    size_t count[9] = { 0 }, refs = 0;
    for (size_t i = 0; i < n; i++) {
        if (f[i].type == HPROF_OBJECT) refs++;
        else count[hprof_type_size(h, f[i].type)]++;
    }
    for (unsigned size = 8; size > 0; size /= 2)
        while (count[size]-- > 0) place(l, size);
    while (refs-- > 0) place(l, m->ref);
}

/* The superclasses of `c`, itself first; returns how many. */
static unsigned chain_of(const struct hprof *h, const struct hprof_class *c,
                         const struct hprof_class **chain)
{
    unsigned n = 0;
    for (; c && c->defined && n < h->depth; c = hprof_class_find(h, c->super)) chain[n++] = c;
    return n;
}

static uint64_t instance_size(const struct hprof *h, const struct hprof_model *m,
                              unsigned alignment, const struct hprof_class *c)
{
    const struct hprof_class *chain[HPROF_DEPTH];
    if (m->android) return align_up(c->instance_size, alignment);
    struct layout l = { .end = m->header };
    for (unsigned n = chain_of(h, c, chain); n-- > 0;)
        place_level(h, m, &l, h->fields + chain[n]->field + chain[n]->n_statics,
                    chain[n]->n_fields);
    return align_up(l.end, alignment);
}

/* ---- inference ----------------------------------------------------------------------------- */

static uint64_t array_matches(const struct hprof *h, unsigned model)
{
    uint64_t n = 0;
    for (unsigned k = 0; k < HPROF_ALIGNMENTS && 8u << k <= h->alignment; k++)
        n += h->array_vote[model / 2].within[k];
    return n;
}

static void count_arrays(struct hprof *h)
{
    for (unsigned i = 0; i < HPROF_MODELS; i++) {
        h->vote[i].matches = array_matches(h, i);
        h->vote[i].violations = h->array_vote[i / 2].violations;
    }
}

static void vote_classes(struct hprof *h)
{
    for (size_t k = 0; k < h->n_classes; k++) {
        const struct hprof_class *c = &h->classes[k];
        if (!c->min_gap || !c->defined) continue;
        for (unsigned i = 0; i < HPROF_MODELS; i++) {
            uint64_t size = instance_size(h, &models[i], h->alignment, c);
            h->vote[i].matches += size == c->min_gap;
            h->vote[i].violations += size > c->min_gap;
        }
    }
}

/* Two layouts that agree equally often: do they differ in what objects take? */
static bool differ(const struct hprof *h, unsigned a, unsigned b)
{
    for (size_t k = 0; k < h->n_classes; k++) {
        const struct hprof_class *c = &h->classes[k];
        if (c->min_gap && c->defined && instance_size(h, &models[a], h->alignment, c) !=
                                            instance_size(h, &models[b], h->alignment, c))
            return true;
    }
    return array_matches(h, a) != array_matches(h, b);
}

/* Says so where the choice of layout `best` is a guess. */
static void note_doubt(struct hprof *h, unsigned best)
{
    const struct hprof_vote *b = &h->vote[best];
    const char *doubt = NULL;
    if (!b->matches) {
        h->inferred = "nothing: the usual ones";
        doubt = "sizes of its objects are those of a usual JVM: its addresses tell no other";
    }
    for (unsigned i = 0; i < HPROF_MODELS && !doubt && h->id_size == 8; i++) {
        const struct hprof_vote *v = &h->vote[i];
        if (i == best || v->matches != b->matches || v->violations != b->violations ||
            !differ(h, best, i))
            continue;
        h->inferred = "distances of objects: several layouts fit";
        doubt = "sizes of its objects are uncertain: several layouts fit its addresses";
    }
    if (doubt && h->n_objects >= FEW && h->sink->caution) h->sink->caution(h->sink->opaque, doubt);
}

static void choose_model(struct hprof *h)
{
    unsigned best = h->id_size == 4 ? 6 : 0;
    if (h->version == 3) {
        h->model = (struct hprof_model){ 4, 8, 12, true, true };
        h->inferred = "stated by the dump";
        h->layout = 3; /* as `models` has them */
        return;
    }
    count_arrays(h);
    vote_classes(h);
    for (unsigned i = 0; i < HPROF_MODELS; i++) {
        const struct hprof_vote *v = &h->vote[i], *b = &h->vote[best];
        if (h->id_size == 4 && i / 2 != 3) continue;
        if ((double)v->matches - 10.0 * (double)v->violations >
            (double)b->matches - 10.0 * (double)b->violations)
            best = i;
    }
    h->model = models[best];
    h->layout = best / 2;
    h->inferred = "distances of objects";
    note_doubt(h, best);
}

/* ---- what no field shows ------------------------------------------------------------------- */

/* Classes to whose instances the runtime adds a pointer of its own or room around fields that
 * several processors write, neither of which a dump shows: only distances do. */
static const char *const families[] = {
    "java/lang/Class", "java/lang/Thread", "java/lang/ClassLoader", "java/lang/Module",
    "java/lang/invoke/MemberName", "java/lang/invoke/ResolvedMethodName",
    "java/lang/invoke/MethodHandleNatives$CallSiteContext", "java/lang/StackFrameInfo",
};
enum { FAMILIES = sizeof families / sizeof *families };

static unsigned family_of(const struct hprof *h, const struct hprof_class *c)
{
    for (unsigned depth = 0; c && depth < h->depth; depth++) {
        for (unsigned i = 0; i < FAMILIES; i++)
            if (hprof_class_is(h, c, families[i])) return i;
        c = hprof_class_find(h, c->super);
    }
    return FAMILIES;
}

/* Of classes themselves, only those of primitive types are dumped as instances. */
enum { FAMILY_CLASS = 0, CLASS_HIDDEN_MAX = 64 };

/* What may be added before rounding: a pointer, two cache lines on both sides, or all of it. */
static const uint64_t additions[] = { 8, 256, 264 };
enum { ADDITIONS = sizeof additions / sizeof *additions };

static uint64_t size_with(const struct hprof *h, const struct hprof_class *c, uint64_t more)
{
    return align_up(instance_size(h, &h->model, 8, c) + more, h->alignment);
}

/* What a family's distances beyond the fields tell: the smallest addition that is as long as one
 * distance and longer than none (of classes, any short one); anything else is chance. */
static void find_hidden(const struct hprof *h, uint64_t more[FAMILIES])
{
    bool fits[FAMILIES][ADDITIONS] = { 0 }, too_long[FAMILIES][ADDITIONS] = { 0 };
    for (size_t k = 0; k < h->n_classes; k++) {
        const struct hprof_class *c = &h->classes[k];
        unsigned f = c->min_gap > c->size ? family_of(h, c) : FAMILIES;
        uint64_t beyond = c->min_gap - c->size;
        if (f == FAMILY_CLASS && (!more[f] || beyond < more[f])) more[f] = beyond;
        for (unsigned i = 0; i < ADDITIONS && f < FAMILIES; i++) {
            uint64_t size = size_with(h, c, additions[i]);
            fits[f][i] |= size == c->min_gap;
            too_long[f][i] |= size > c->min_gap;
        }
    }
    if (more[FAMILY_CLASS] > CLASS_HIDDEN_MAX) more[FAMILY_CLASS] = 0;
    for (unsigned f = FAMILY_CLASS + 1; f < FAMILIES; f++)
        for (unsigned i = ADDITIONS; i-- > 0;)
            if (fits[f][i] && !too_long[f][i]) more[f] = additions[i];
}

static void add_hidden(struct hprof *h)
{
    uint64_t more[FAMILIES] = { 0 };
    find_hidden(h, more);
    for (size_t k = 0; k < h->n_classes; k++) {
        struct hprof_class *c = &h->classes[k];
        unsigned f = h->model.android || !c->defined ? FAMILIES : family_of(h, c);
        if (f == FAMILY_CLASS) c->size += more[f];
        else if (f < FAMILIES && more[f]) c->size = size_with(h, c, more[f]);
        if (hprof_class_is(h, c, families[FAMILY_CLASS])) h->class_size = c->size;
    }
}

/* Real programs are some ten classes deep; the work is the number of classes times their depth. */
static void limit_depth(struct hprof *h)
{
    uint64_t steps = 0;
    h->depth = HPROF_DEPTH;
    for (size_t k = 0; k < h->n_classes && steps <= HPROF_MAX_STEPS; k++) {
        const struct hprof_class *c = &h->classes[k];
        for (unsigned n = 0; c && n < HPROF_DEPTH; n++, steps++) c = hprof_class_find(h, c->super);
    }
    if (steps <= HPROF_MAX_STEPS) return;
    h->depth = HPROF_DEPTH_MANY;
    hprof_damage(h, UINT64_MAX, "too many classes with too many superclasses: fields of all but "
                                "the nearest are left out");
}

void hprof_infer(struct hprof *h)
{
    limit_depth(h);
    uint64_t bits = h->differing | 256;
    h->alignment = 8;
    while (h->alignment < 256 && !(bits & h->alignment)) h->alignment *= 2;
    if (h->n_objects < FEW) h->alignment = 8;
    choose_model(h);
    for (size_t k = 0; k < h->n_classes; k++) {
        struct hprof_class *c = &h->classes[k];
        c->size = instance_size(h, &h->model, h->alignment, c);
    }
    add_hidden(h);
}
