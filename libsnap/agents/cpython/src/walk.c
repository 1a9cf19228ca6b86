/* SPDX-License-Identifier: MIT */
/*
 * The walk itself: seeding, the queue, batches. The contract is in walk.h.
 */
#include "walk.h"

#include <string.h>
#include <time.h>

#define KNOWN_START 512u
/* Objects between two questions whether to give up. */
#define ASK_EVERY (1u << 16)
/* References looked ahead when they are looked up. */
#define LOOK_AHEAD 12u

uint64_t walk_ordinal(struct walk *walk, PyObject *op)
{
    uint64_t ordinal = objset_add(&walk->set, (uintptr_t)op);

    if (ordinal == OBJSET_NONE) walk->failure = WALK_NO_MEMORY;
    return ordinal;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void look_up(struct walk *walk)
{
    uint32_t n = walk->n_edges;

    for (uint32_t i = 0; i < n && i < LOOK_AHEAD; i++)
        objset_prefetch_entry(&walk->set, (uintptr_t)walk->edges[i].target);
    for (uint32_t i = 0; i < n; i++) {
        snap_edge *edge = &walk->edges[i];
        if (i + LOOK_AHEAD < n)
            objset_prefetch_entry(&walk->set, (uintptr_t)edge[LOOK_AHEAD].target);
        edge->target = walk_ordinal(walk, (PyObject *)(uintptr_t)edge->target);
        edge->flags = (uint16_t)(edge->flags | SNAP_EDGE_TO_ORDINAL);
    }
}

static void write_preview(struct walk *walk, const struct walk_row *row)
{
    char text[DESCRIBE_TEXT];
    const struct type_info *info = types_get(&walk->types, Py_TYPE(row->op));
    uint64_t ordinal = objset_find(&walk->set, (uintptr_t)row->op);
    size_t size = info != NULL ? describe_text(row->op, info, text) : 0;

    if (size > 0 && ordinal != OBJSET_NONE)
        (void)snap_writer_value(walk->writer, ordinal, text, size);
}

static void write_edges(struct walk *walk, uint32_t from, uint32_t to)
{
    if (to > from) (void)snap_writer_edges(walk->writer, walk->edges + from, to - from);
}

void walk_flush(struct walk *walk)
{
    uint32_t at = 0;

    look_up(walk);
    if (walk->failure == NULL) {
        for (uint32_t i = 0; i < walk->n_rows; i++) {
            const struct walk_row *row = &walk->rows[i];
            write_edges(walk, at, row->first_edge);
            at = row->first_edge;
            (void)snap_writer_object(walk->writer, &row->object, NULL);
            if (walk->values) write_preview(walk, row);
        }
        write_edges(walk, at, walk->n_edges);
    }
    walk->n_rows = 0;
    walk->n_edges = 0;
}

/* ---- one object ------------------------------------------------------------------------------ */

static void describe_collector(struct walk *walk, uint64_t ordinal, PyObject *op, snap_object *row)
{
    unsigned list = 0;

    if (ordinal >= walk->generation_end[LAYOUT_FROZEN]) return;
    while (ordinal >= walk->generation_end[list]) list++;
    row->flags |= SNAP_OBJECT_TRACKED;
    if (list == LAYOUT_FROZEN) {
        row->flags |= SNAP_OBJECT_FROZEN;
    } else {
        row->generation = (uint8_t)list;
        row->have |= SNAP_HAS_GENERATION;
    }
    if (layout_gc_head(op)->prev & 1) row->flags |= SNAP_OBJECT_FINALIZED;
    if (walk->garbage.count > 0 && objset_find(&walk->garbage, (uintptr_t)op) != OBJSET_NONE)
        row->flags |= SNAP_OBJECT_UNCOLLECTABLE;
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

/* The cost of allocation stacks is told apart from that of the walk. */
static uint64_t timed_stack(struct walk *walk, PyObject *op, const struct type_info *info)
{
    uint64_t started = now();
    uint64_t stack = sites_stack(walk, op, info);

    *walk->sites_ns += now() - started;
    return stack;
}

static void walk_object(struct walk *walk, uint64_t ordinal)
{
    PyObject *op = (PyObject *)walk->set.queue[ordinal];
    struct type_info *info = types_get(&walk->types, Py_TYPE(op));

    if (info == NULL) {
        walk->failure = WALK_NO_MEMORY;
        return;
    }
    if (!info->queued) {
        info->queued = true;
        (void)walk_ordinal(walk, (PyObject *)info->type);
    }
    struct walk_row *row = &walk->rows[walk->n_rows++];
    row->op = op;
    row->first_edge = walk->n_edges;
    describe_object(&walk->describe, &walk->names, op, info, &row->object);
    describe_collector(walk, ordinal, op, &row->object);
    if (walk->sites && !(row->object.flags & SNAP_OBJECT_STATIC))
        row->object.stack = timed_stack(walk, op, info);
    visit_object(walk, op, info);
}

/* ---- batches --------------------------------------------------------------------------------- */

static void prefetch_headers(const struct walk *walk, uint64_t from, uint64_t n)
{
    uint64_t end = from + n < walk->set.count ? from + n : walk->set.count;

    for (uint64_t i = from; i < end; i++) {
        const char *op = (const char *)walk->set.queue[i];
        __builtin_prefetch(op);
        __builtin_prefetch(op + 48);
    }
}

/* Once the headers are there: the blocks that they point to. */
static void prefetch_blocks(const struct walk *walk, uint64_t from, uint64_t n)
{
    uint64_t end = from + n < walk->set.count ? from + n : walk->set.count;

    for (uint64_t i = from; i < end; i++) {
        PyObject *op = (PyObject *)walk->set.queue[i];
        unsigned long flags = Py_TYPE(op)->tp_flags;
        if (flags & Py_TPFLAGS_DICT_SUBCLASS) {
            const char *keys = layout_dict_keys_address(op);
            __builtin_prefetch(keys);
            __builtin_prefetch(keys + 64);
            __builtin_prefetch(keys + 128);
        } else if (flags & Py_TPFLAGS_LIST_SUBCLASS) {
            __builtin_prefetch(((PyListObject *)op)->ob_item);
        }
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
        else if (flags & Py_TPFLAGS_MANAGED_DICT) {
            __builtin_prefetch(((void **)op)[-4]);
        }
#endif
    }
}

static void walk_queue(struct walk *walk)
{
    uint64_t ask_at = ASK_EVERY;

    prefetch_headers(walk, 0, WALK_BATCH);
    while (walk->next < walk->set.count && walk->failure == NULL) {
        uint64_t left = walk->set.count - walk->next;
        uint64_t n = left < WALK_BATCH ? left : WALK_BATCH;

        prefetch_headers(walk, walk->next + n, WALK_BATCH);
        for (uint64_t i = 0; i < n && walk->failure == NULL; i++) walk_object(walk, walk->next + i);
        walk->next += n;
        prefetch_blocks(walk, walk->next, WALK_BATCH);
        walk_flush(walk);
        if (walk->next < ask_at) continue;
        ask_at = walk->next + ASK_EVERY;
        if (snap_writer_status(walk->writer, NULL) != SNAP_OK)
            walk->failure = "the file cannot be written";
        else if (walk->give_up != NULL)
            walk->failure = walk->give_up(walk->give_up_ctx);
    }
}

/* ---- seeding --------------------------------------------------------------------------------- */

/* A class statement begins its namespace with `__module__`; a call of type() or a factory begins
 * with what it was given. The keys of a namespace that was made of data may be data. */
static bool is_made_by_statement(PyTypeObject *type)
{
    PyObject *dict = layout_type_dict(type);
    struct dict_view view;
    struct str_view first = { 0 };

    if (!types_is_python_class(type)) return true;
    if (dict == NULL || !PyDict_Check(dict)) return false;
    layout_dict(dict, &view);
    for (Py_ssize_t i = 0; i < view.keys.n && first.data == NULL; i++) {
        PyObject *key = layout_entry_key(&view.keys, i);
        if (key == NULL || !PyUnicode_Check(key)) continue;
        layout_str(key, &first);
    }
    return first.ascii && first.length == 10 && memcmp(first.data, "__module__", 10) == 0;
}

/* Names of modules that were found on the import path are names of files. */
static void learn_module(struct walk *walk, PyObject *namespace)
{
    PyObject *spec = types_lookup(namespace, "__spec__");
    PyObject *name = types_lookup(namespace, "__name__");

    names_learn_namespace(&walk->names, namespace);
    if (spec != NULL && spec != Py_None) names_learn_dotted(&walk->names, name);
}

/* Before 3.9 the interpreter made the classes of syntax trees, by calls, for a module that may not
 * be imported. */
static void learn_syntax_class(struct walk *walk, PyTypeObject *type)
{
#if PY_VERSION_HEX < 0x03090000
    PyObject *module = types_lookup(layout_type_dict(type), "__module__");
    struct str_view text;

    if (!types_is_python_class(type) || module == NULL || !PyUnicode_Check(module)) return;
    layout_str(module, &text);
    if (!text.ascii || text.length != 4 || memcmp(text.data, "_ast", 4) != 0) return;
    names_learn_dotted(&walk->names, module);
    names_learn_dotted(&walk->names, ((PyHeapTypeObject *)type)->ht_qualname);
#else
    (void)walk;
    (void)type;
#endif
}

/* Names that stand in the program: in code, in namespaces of modules and classes. */
static void learn_names(struct walk *walk, PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);

    if (type == &PyFunction_Type) {
        names_learn_code(&walk->names, ((PyFunctionObject *)op)->func_code);
    } else if (type->tp_flags & Py_TPFLAGS_TYPE_SUBCLASS) {
        learn_syntax_class(walk, (PyTypeObject *)op);
        if (is_made_by_statement((PyTypeObject *)op))
            names_learn_namespace(&walk->names, layout_type_dict((PyTypeObject *)op));
    } else if (type == &PyModule_Type || type->tp_base == &PyModule_Type) {
        struct attr_view view;
        layout_attrs(op, type, &view);
        learn_module(walk, view.dict);
    } else if (type == &PyCoro_Type || type == &PyGen_Type) {
        struct gen_view gen;
        layout_gen(op, &gen);
        if (gen.code != NULL) names_learn_code(&walk->names, (PyObject *)gen.code);
    }
}

static void seed_lists(struct walk *walk)
{
    struct gc_head *heads[LAYOUT_GC_LISTS];

    layout_gc_lists(heads);
    for (unsigned list = 0; list < LAYOUT_GC_LISTS; list++) {
        struct gc_head *head = heads[list];
        for (struct gc_head *at = (struct gc_head *)head->next; at != head;
             at = (struct gc_head *)at->next) {
            PyObject *op = layout_gc_object(at);
            if (!objset_append(&walk->set, (uintptr_t)op)) {
                walk->failure = WALK_NO_MEMORY;
                return;
            }
            learn_names(walk, op);
        }
        walk->generation_end[list] = walk->set.count;
    }
}

/* Code of the running calls: a script's module body belongs to no function. */
static void learn_running(struct walk *walk)
{
    struct frame_view frame;

    for (PyThreadState *ts = layout_threads(); ts != NULL; ts = PyThreadState_Next(ts)) {
        bool more = layout_frame_top(ts, &frame);
        for (; more; more = layout_frame_back(&frame))
            names_learn_code(&walk->names, (PyObject *)frame.code);
    }
}

static void seed_garbage(struct walk *walk)
{
    PyObject *list = layout_gc_garbage();

    for (Py_ssize_t i = 0; list != NULL && PyList_Check(list) && i < Py_SIZE(list); i++) {
        if (objset_add(&walk->garbage, (uintptr_t)PyList_GET_ITEM(list, i)) == OBJSET_NONE)
            walk->failure = WALK_NO_MEMORY;
    }
}

static void seed(struct walk *walk)
{
    seed_lists(walk);
    if (walk->failure != NULL) return;
    /* Most heaps have two to three objects for each that the collector knows. */
    if (!objset_index(&walk->set, walk->set.count * 2)) {
        walk->failure = WALK_NO_MEMORY;
        return;
    }
    learn_running(walk);
    names_learn_queued(&walk->names);
    if (walk->sites) sites_prepare(walk);
    seed_garbage(walk);
    roots_write(walk);
}

/* ---- all together ---------------------------------------------------------------------------- */

static bool begin(struct walk *walk, struct mem *mem, const struct walk_options *options)
{
    arena_init(&walk->arena, mem);
    walk->known.room = KNOWN_START;
    walk->known.refs = mem_map(mem, KNOWN_START * sizeof(*walk->known.refs));
    walk->rows = mem_map(mem, WALK_BATCH * sizeof(*walk->rows));
    walk->edges = mem_map(mem, WALK_EDGES * sizeof(*walk->edges));
    if (walk->known.refs == NULL || walk->rows == NULL || walk->edges == NULL) return false;
    if (!objset_init(&walk->set, mem) || !objset_init(&walk->garbage, mem) ||
        !objset_index(&walk->garbage, 0))
        return false;
    if (!pairmap_init(&walk->frames, mem) || !pairmap_init(&walk->stacks, mem)) return false;
    if (!names_init(&walk->names, mem, walk->writer, &options->key, options->names)) return false;
    types_init(&walk->types, &walk->arena, &walk->names, &walk->describe.images, walk->writer);
    return true;
}

static void end(struct walk *walk)
{
    struct mem *mem = walk->mem;

    names_free(&walk->names);
    pairmap_free(&walk->frames);
    pairmap_free(&walk->stacks);
    mem_unmap(mem, walk->site_codes, walk->site_codes_size);
    objset_free(&walk->garbage);
    objset_free(&walk->set);
    mem_unmap(mem, walk->edges, WALK_EDGES * sizeof(*walk->edges));
    mem_unmap(mem, walk->rows, WALK_BATCH * sizeof(*walk->rows));
    mem_unmap(mem, walk->known.refs, walk->known.room * sizeof(*walk->known.refs));
    arena_free(&walk->arena);
    mem_unmap(mem, walk, sizeof(*walk));
}

const char *walk_run(struct mem *mem, snap_writer *writer, const struct walk_options *options)
{
    struct walk *walk = mem_map(mem, sizeof(*walk));

    if (walk == NULL) return WALK_NO_MEMORY;
    walk->mem = mem;
    walk->writer = writer;
    walk->describe = *options->describe;
    walk->values = options->values;
    walk->sites = options->stacks;
    walk->sites_ns = options->stacks_ns;
    walk->give_up = options->give_up;
    walk->give_up_ctx = options->give_up_ctx;
    if (!begin(walk, mem, options)) walk->failure = WALK_NO_MEMORY;
    if (walk->failure == NULL) seed(walk);
    if (walk->failure == NULL) walk_queue(walk);
    if (walk->failure == NULL) roots_write_classes(walk);
    if (walk->failure == NULL && walk->names.no_memory) walk->failure = WALK_NO_MEMORY;
    const char *failure = walk->failure;
    end(walk);
    return failure;
}
