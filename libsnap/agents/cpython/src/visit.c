/* SPDX-License-Identifier: MIT */
/*
 * The references of one object, with their names.
 *
 * Two sources are put together. Layouts tell references by name: attributes, slots, fields, entries
 * of containers, variables of frames. tp_traverse tells what the collector counts, without names.
 * What the first told is remembered (walk_known) and taken out of what the second shows; the rest
 * is written without a name. Both leave out what they do not own, so that the sum is the number of
 * counted references, except where a layout says `not_owned`.
 */
#include "walk.h"

#include <frameobject.h>

#define OWNS ((uint16_t)SNAP_EDGE_OWNS)

static inline uint16_t owns_if(bool condition)
{
    return condition ? OWNS : (uint16_t)0;
}

/* ---- what was told by name ------------------------------------------------------------------- */

static void known_add(struct walk *walk, struct known_ref ref)
{
    struct walk_known *known = &walk->known;

    if (known->n == known->room) {
        uint32_t room = known->room * 2;
        void *refs = mem_remap(walk->mem, known->refs, known->room * sizeof(*known->refs),
                               room * sizeof(*known->refs));
        if (refs == NULL) {
            walk->failure = WALK_NO_MEMORY;
            return;
        }
        known->refs = refs;
        known->room = room;
    }
    known->refs[known->n++] = ref;
    known->left++;
    known->pending += ref.pending;
}

/* Whether the reference is known; if it has been waiting for this, it is written as owned. */
static bool known_take(struct walk *walk, const PyObject *target)
{
    struct walk_known *known = &walk->known;

    if (known->left == 0) return false;
    for (uint32_t i = 0, at = known->next; i < known->n; i++, at++) {
        if (at >= known->n) at = 0;
        struct known_ref *ref = &known->refs[at];
        if (ref->target != target) continue;
        if (ref->pending) {
            walk_edge(walk, target, ref->kind, OWNS, ref->name);
            known->pending--;
        }
        ref->target = NULL;
        known->next = at + 1;
        known->left--;
        return true;
    }
    return false;
}

/* What is still waiting was not shown: the field borrows its reference. */
static void known_end(struct walk *walk)
{
    const struct walk_known *known = &walk->known;

    for (uint32_t i = 0; i < known->n && known->pending > 0; i++) {
        const struct known_ref *ref = &known->refs[i];
        if (ref->target != NULL && ref->pending)
            walk_edge(walk, ref->target, ref->kind, 0, ref->name);
    }
}

/* A link of an lru_cache (lru_list_elem in _functoolsmodule.c; probe.c checks the layout). */
struct lru_link {
    PyObject base;
    struct lru_link *previous, *next;
    Py_hash_t hash;
    PyObject *key, *result;
};

/* Whether `target` is what the link in hand, or the next one, owns: shown in the ring's order, per
 * link the key, the result and, since the link's class is a heap type, the class. */
static bool of_lru_link(struct walk *walk, const PyObject *target)
{
    if (walk->lru_head == NULL) return false;
    for (int i = 0; i < 2 && walk->lru_at != walk->lru_head; i++) {
        const struct lru_link *at = walk->lru_at;
        const PyObject *owned[3] = { at->key, at->result, (PyObject *)Py_TYPE(at) };
        for (unsigned k = 0; k < 3; k++) {
            if (owned[k] == target && !(walk->lru_told & 1u << k)) {
                walk->lru_told |= 1u << k;
                return true;
            }
        }
        walk->lru_at = at->next;
        walk->lru_told = 0;
    }
    return false;
}

static int visit_other(PyObject *target, void *arg)
{
    struct walk *walk = arg;

    /* 3.12's asyncio shows the list of objects that it keeps for reuse, which nobody holds. */
    if (target == NULL || Py_REFCNT(target) <= 0) return 0;
    if (!known_take(walk, target) && !of_lru_link(walk, target))
        walk_edge(walk, target, walk->other_kind, OWNS, 0);
    return 0;
}

/* What the collector would follow of `op`, less what is known. */
static void visit_rest(struct walk *walk, PyObject *op, const struct type_info *info, uint16_t kind)
{
    if (info->traverse != NULL) {
        walk->other_kind = kind;
        (void)info->traverse(op, visit_other, walk);
    }
    known_end(walk);
}

/* A reference told by name that tp_traverse will show again. */
static void named(struct walk *walk, PyObject *target, uint16_t kind, uint16_t flags, uint64_t name)
{
    if (target == NULL) return;
    walk_edge(walk, target, kind, flags, name);
    known_add(walk, (struct known_ref){ .target = target });
}

/* A key that is not written as it is: the edge written last is told by its hash. */
static void tell_hash(struct walk *walk, bool hashed, uint32_t hash)
{
    if (!hashed) return;
    snap_edge *edge = &walk->edges[walk->n_edges - 1];
    edge->flags = (uint16_t)(edge->flags | SNAP_EDGE_HAS_KEY_HASH);
    edge->key_hash = hash;
}

static uint64_t literal(struct walk *walk, const char *text)
{
    return names_literal(&walk->names, text);
}

/* ---- class, attributes, fields --------------------------------------------------------------- */

static void visit_attrs(struct walk *walk, PyObject *op, const struct type_info *info)
{
    struct attr_view view;

    layout_attrs(op, info->type, &view);
    for (Py_ssize_t i = 0; i < view.n_values; i++) {
        struct key_name name;
        if (view.values[i] == NULL) continue;
        names_dict_key(&walk->names, layout_entry_key(&view.keys, i), &name);
        named(walk, view.values[i], SNAP_EDGE_ATTRIBUTE, OWNS, name.id);
        tell_hash(walk, name.has_hash, name.hash);
    }
    if (view.dict != NULL) named(walk, view.dict, SNAP_EDGE_ATTRIBUTE, OWNS, walk->types.dict_name);
}

static void visit_common(struct walk *walk, PyObject *op, const struct type_info *info)
{
    walk->known.n = walk->known.left = walk->known.next = walk->known.pending = 0;
    if (info->heap) named(walk, (PyObject *)info->type, SNAP_EDGE_TYPE, OWNS, 0);
    if (info->has_attrs) visit_attrs(walk, op, info);
    for (uint32_t i = 0; i < info->n_fields; i++) {
        const struct type_field *field = &info->fields[i];
        PyObject *target = *(PyObject **)((char *)op + field->offset);
        if (field->doubtful && target != NULL && Py_TYPE(target)->tp_flags & Py_TPFLAGS_HAVE_GC)
            known_add(walk, (struct known_ref){ target, field->name, SNAP_EDGE_ATTRIBUTE, true });
        else
            named(walk, target, SNAP_EDGE_ATTRIBUTE, owns_if(!field->not_owned), field->name);
        if (target != NULL) tell_hash(walk, field->hashed, field->hash);
    }
}

/* ---- containers ------------------------------------------------------------------------------ */

static void visit_items(struct walk *walk, PyObject *const *items, Py_ssize_t n)
{
    bool hole = false;

    for (Py_ssize_t i = 0; i < n; i++) walk_element(walk, items[i], (uint64_t)i, &hole);
}

static void visit_entry(struct walk *walk, PyObject *key, PyObject *value,
                        const struct dict_view *view, bool twice)
{
    struct key_name name;
    uint16_t flags = owns_if(!view->borrowed_values);

    names_dict_key(&walk->names, key, &name);
    if (!view->shared) walk_edge(walk, key, SNAP_EDGE_KEY, OWNS, 0);
    if (twice) walk_edge(walk, key, SNAP_EDGE_INTERNAL, OWNS, 0);
    walk_edge(walk, value, SNAP_EDGE_VALUE, flags, name.id);
    tell_hash(walk, name.has_hash, name.hash);
}

/* Entries looked ahead so that the contents of keys are in the cache when they are hashed. */
#define KEYS_AHEAD 8

static void visit_dict(struct walk *walk, PyObject *op, bool ordered)
{
    struct dict_view view;

    layout_dict(op, &view);
    Py_ssize_t n = view.values != NULL ? view.n_values : view.keys.n;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i + KEYS_AHEAD < n) __builtin_prefetch(layout_entry_key(&view.keys, i + KEYS_AHEAD));
        PyObject *key = layout_entry_key(&view.keys, i);
        PyObject *value = view.values != NULL ? view.values[i] : layout_entry_value(&view.keys, i);
        if (key != NULL && value != NULL) visit_entry(walk, key, value, &view, ordered);
    }
}

/* The table of interned strings does not count its references to strings that may die. */
static void visit_interned(struct walk *walk, PyObject *op)
{
    struct dict_view view;

    layout_dict(op, &view);
    for (Py_ssize_t i = 0; i < view.keys.n; i++) {
        PyObject *key = layout_entry_key(&view.keys, i);
        if (key != NULL && layout_entry_value(&view.keys, i) != NULL)
            walk_edge(walk, key, SNAP_EDGE_WEAK, 0, 0);
    }
}

/* ---- classes --------------------------------------------------------------------------------- */

/* Names of the attributes that instances share: the class owns the table. */
static void visit_shared_keys(struct walk *walk, PyTypeObject *type)
{
    struct keys_view keys;

    if (!layout_cached_keys(type, &keys)) return;
    for (Py_ssize_t i = 0; i < keys.n; i++) {
        PyObject *key = layout_entry_key(&keys, i);
        if (key != NULL) walk_edge(walk, key, SNAP_EDGE_KEY, OWNS, 0);
    }
}

static void visit_type(struct walk *walk, PyObject *op, const struct type_info *info)
{
    PyTypeObject *type = (PyTypeObject *)op;
    bool heap = (type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;

    visit_common(walk, op, info);
    named(walk, layout_type_dict(type), SNAP_EDGE_ATTRIBUTE, OWNS, walk->types.dict_name);
    named(walk, type->tp_bases, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "__bases__"));
    named(walk, type->tp_mro, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "__mro__"));
    /* A static class names its base in its initialiser, without counting. */
    named(walk, (PyObject *)type->tp_base, SNAP_EDGE_ATTRIBUTE, owns_if(heap),
          literal(walk, "__base__"));
    named(walk, type->tp_cache, SNAP_EDGE_INTERNAL, OWNS, 0);
    named(walk, layout_type_subclasses(type), SNAP_EDGE_INTERNAL, OWNS,
          literal(walk, "__subclasses__"));
    if (!heap) return;
    PyHeapTypeObject *ht = (PyHeapTypeObject *)type;
    named(walk, ht->ht_name, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "__name__"));
    named(walk, ht->ht_qualname, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "__qualname__"));
    named(walk, ht->ht_slots, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "__slots__"));
    named(walk, layout_type_module(type), SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "(module)"));
    visit_shared_keys(walk, type);
    visit_rest(walk, op, info, SNAP_EDGE_INTERNAL);
}

/* ---- code and frames ------------------------------------------------------------------------- */

static void visit_code(struct walk *walk, PyObject *op, const struct type_info *info)
{
    PyObject *cached[4];

    visit_common(walk, op, info);
    unsigned n = layout_code_cached((PyCodeObject *)op, cached);
    for (unsigned i = 0; i < n; i++) {
        if (cached[i] != NULL) walk_edge(walk, cached[i], SNAP_EDGE_INTERNAL, OWNS, 0);
    }
}

/* The variables of a frame. Those of a frame in execution are counted by the thread's root rows
 * (roots.c), which name them as well, so that the object does not own them here. */
static void visit_variables(struct walk *walk, const struct frame_view *view, bool running)
{
    for (int i = 0; i < view->n_fast; i++) {
        if (view->fast[i] != NULL)
            named(walk, view->fast[i], SNAP_EDGE_LOCAL, owns_if(!running),
                  names_program(&walk->names, layout_local_name(view->code, i)));
    }
}

static void visit_gen(struct walk *walk, PyObject *op, const struct type_info *info)
{
    struct gen_view gen;
    struct frame_view frame;

    visit_common(walk, op, info);
    layout_gen(op, &gen);
#if PY_VERSION_HEX >= 0x030C0000
    named(walk, (PyObject *)gen.code, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "gi_code"));
#endif
    if (layout_gen_frame(op, &frame)) {
        visit_variables(walk, &frame, gen.running);
        named(walk, frame.function, SNAP_EDGE_INTERNAL, OWNS, literal(walk, "(function)"));
        named(walk, frame.object, SNAP_EDGE_INTERNAL, OWNS, literal(walk, "gi_frame"));
        named(walk, frame.namespace, SNAP_EDGE_INTERNAL, OWNS, literal(walk, "(namespace)"));
#if PY_VERSION_HEX < 0x030C0000
        named(walk, (PyObject *)frame.code, SNAP_EDGE_INTERNAL, OWNS, literal(walk, "f_code"));
#endif
    }
    visit_rest(walk, op, info, SNAP_EDGE_LOCAL);
}

static void visit_frame(struct walk *walk, PyObject *op, const struct type_info *info)
{
    struct frame_view frame;

    visit_common(walk, op, info);
    if (layout_frame_object(op, &frame)) {
        visit_variables(walk, &frame, layout_frame_running(op));
#if PY_VERSION_HEX >= 0x030B0000
        named(walk, frame.function, SNAP_EDGE_INTERNAL, OWNS, literal(walk, "(function)"));
        named(walk, frame.namespace, SNAP_EDGE_INTERNAL, OWNS, literal(walk, "f_locals"));
        named(walk, (PyObject *)frame.code, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "f_code"));
#endif
    }
    visit_rest(walk, op, info, SNAP_EDGE_LOCAL);
}

static void visit_weakref(struct walk *walk, PyObject *op, const struct type_info *info)
{
    PyWeakReference *ref = (PyWeakReference *)op;

    visit_common(walk, op, info);
    /* Some versions have a member descriptor for the callback: then it has been told. */
    if (ref->wr_callback != NULL && !known_take(walk, ref->wr_callback))
        walk_edge(walk, ref->wr_callback, SNAP_EDGE_ATTRIBUTE, OWNS, literal(walk, "__callback__"));
    if (ref->wr_callback != NULL) known_add(walk, (struct known_ref){ .target = ref->wr_callback });
    if (ref->wr_object != Py_None) walk_edge(walk, ref->wr_object, SNAP_EDGE_WEAK, 0, 0);
    visit_rest(walk, op, info, SNAP_EDGE_INTERNAL);
}

/* The wrapper of an lru_cache is itself the head of the ring of links and owns each of them; its
 * tp_traverse shows, on their behalf, what they own, which is told where they are visited. */
static void visit_lru_cache(struct walk *walk, PyObject *op, const struct type_info *info)
{
    const struct lru_link *head = (const struct lru_link *)(const void *)op;

    if (head->next != NULL) {
        for (const struct lru_link *at = head->next; at != head; at = at->next)
            walk_edge(walk, (const PyObject *)at, SNAP_EDGE_INTERNAL, OWNS, 0);
        walk->lru_head = head;
        walk->lru_at = head->next;
        walk->lru_told = 0;
    }
    visit_rest(walk, op, info, SNAP_EDGE_INTERNAL);
    walk->lru_head = NULL;
}

/* The cells of the variables that a function has captured, by the variables' names. The tuple
 * `__closure__` owns them; this says what they are. */
static void visit_captured(struct walk *walk, PyObject *op)
{
    PyFunctionObject *function = (PyFunctionObject *)op;
    PyObject *closure = function->func_closure;

    if (closure == NULL || !PyTuple_CheckExact(closure) || !PyCode_Check(function->func_code))
        return;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(closure); i++) {
        PyObject *cell = PyTuple_GET_ITEM(closure, i);
        PyObject *name = layout_captured_name((PyCodeObject *)function->func_code, i);
        if (cell != NULL && name != NULL)
            walk_edge(walk, cell, SNAP_EDGE_VARIABLE, 0, names_program(&walk->names, name));
    }
}

void visit_object(struct walk *walk, PyObject *op, const struct type_info *info)
{
    bool subclass = info->heap;

    switch (info->visit) {
    case VISIT_LEAF:
        break;
    case VISIT_FIELDS:
        visit_common(walk, op, info);
        break;
    case VISIT_GENERIC:
        visit_common(walk, op, info);
        if (info->describe == DESCRIBE_FUNCTION) visit_captured(walk, op);
        if (info->describe == DESCRIBE_LRU_CACHE)
            visit_lru_cache(walk, op, info);
        else
            visit_rest(walk, op, info, SNAP_EDGE_INTERNAL);
        break;
    case VISIT_SEQUENCE:
        visit_common(walk, op, info);
        /* A set has no order: its members are keys, without a place. */
        visit_rest(walk, op, info,
                   info->traverse == PySet_Type.tp_traverse || PyAnySet_Check(op)
                       ? SNAP_EDGE_KEY
                       : SNAP_EDGE_ELEMENT);
        break;
    case VISIT_DICT:
    case VISIT_ODICT:
        if (op == walk->interned) {
            visit_interned(walk, op);
            break;
        }
        /* C classes may hold more as well (defaultdict's factory). */
        if (subclass || info->n_fields > 0 || info->visit == VISIT_ODICT)
            visit_common(walk, op, info);
        visit_dict(walk, op, info->visit == VISIT_ODICT);
        break;
    case VISIT_LIST:
        visit_items(walk, ((PyListObject *)op)->ob_item, Py_SIZE(op));
        if (subclass) visit_common(walk, op, info);
        break;
    case VISIT_TUPLE:
        visit_items(walk, ((PyTupleObject *)op)->ob_item, Py_SIZE(op));
        if (subclass) visit_common(walk, op, info);
        break;
    case VISIT_NDARRAY:
        visit_ndarray_items(walk, op);
        visit_common(walk, op, info);
        visit_ndarray_fields(walk, op);
        break;
    case VISIT_TYPE:
        visit_type(walk, op, info);
        break;
    case VISIT_CODE:
        visit_code(walk, op, info);
        break;
    case VISIT_GEN:
        visit_gen(walk, op, info);
        break;
    case VISIT_FRAME:
        visit_frame(walk, op, info);
        break;
    case VISIT_WEAKREF:
        visit_weakref(walk, op, info);
        break;
    }
}
