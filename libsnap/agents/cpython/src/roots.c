/* SPDX-License-Identifier: MIT */
/*
 * Root rows: what the interpreter, its modules and its threads hold.
 *
 * Rows of the kinds `local`, `runtime` and `callback` stand for one counted reference each, so that
 * what remains of an object's count is held by C code alone; the other kinds repeat, for people,
 * what the heap's own edges count (a module in sys.modules, a thread object, a class).
 */
#include "walk.h"

#include <signal.h>
#include <string.h>

static void write_root(struct walk *walk, PyObject *op, snap_root root)
{
    if (op == NULL) return;
    root.object = walk_ordinal(walk, op);
    root.by_ordinal = 1;
    if (root.object != OBJSET_NONE) (void)snap_writer_root(walk->writer, &root);
}

uint64_t roots_frame(struct walk *walk, PyCodeObject *code, int line)
{
    uint64_t *id = pairmap_at(&walk->frames, (uint64_t)(uintptr_t)code, (uint64_t)line);

    if (id == NULL) {
        walk->failure = WALK_NO_MEMORY;
        return 0;
    }
    if (*id == 0) {
        snap_frame frame = {
            .function = names_program(&walk->names, layout_code_qualname(code)),
            .file = names_program(&walk->names, code->co_filename),
            .line = (uint32_t)line,
            .language = SNAP_LANGUAGE_PYTHON,
        };
        (void)snap_writer_frame(walk->writer, &frame, id);
    }
    return *id;
}

uint64_t roots_stack(struct walk *walk, uint64_t parent, uint64_t frame)
{
    uint64_t *id = pairmap_at(&walk->stacks, parent, frame);

    if (id == NULL) {
        walk->failure = WALK_NO_MEMORY;
        return 0;
    }
    if (*id == 0) (void)snap_writer_stack(walk->writer, parent, frame, id);
    return *id;
}

/* ---- interpreter and modules ----------------------------------------------------------------- */

struct context {
    struct walk *walk;
    uint64_t thread;
};

static void held(void *ctx, enum layout_root kind, const char *name, PyObject *op)
{
    const struct context *context = ctx;
    struct walk *walk = context->walk;
    static const uint16_t kinds[] = {
        [LAYOUT_ROOT_RUNTIME] = SNAP_ROOT_RUNTIME,
        [LAYOUT_ROOT_CALLBACK] = SNAP_ROOT_CALLBACK,
        [LAYOUT_ROOT_INTERNED] = SNAP_ROOT_INTERNED,
    };

    if (op == NULL) return;
    snap_root root = { .name = names_literal(&walk->names, name),
                       .thread = context->thread,
                       .kind = kinds[kind] };
    write_root(walk, op, root);
    if (kind != LAYOUT_ROOT_INTERNED) return;
    /* That row says what the table is; the interpreter holds it as it holds others. */
    walk->interned = op;
    root.kind = SNAP_ROOT_RUNTIME;
    write_root(walk, op, root);
}

/* What signal.signal() was given. */
static void write_signal_handlers(struct walk *walk)
{
    PyObject *module = types_lookup(layout_modules(), "_signal"), *getsignal = NULL;
    struct context context = { walk, 0 };
    struct attr_view attrs;

    if (module == NULL) return; /* nothing has put a handler in place */
    if (PyModule_Check(module)) {
        layout_attrs(module, Py_TYPE(module), &attrs);
        getsignal = types_lookup(attrs.dict, "getsignal");
    }
    for (int number = 1; number < NSIG; number++)
        held(&context, LAYOUT_ROOT_CALLBACK, "signal handlers",
             layout_signal_handler(getsignal, number));
}

static void write_modules(struct walk *walk)
{
    PyObject *modules = layout_modules();
    struct dict_view view;

    if (modules == NULL || !PyDict_Check(modules)) return;
    layout_dict(modules, &view);
    for (Py_ssize_t i = 0; i < view.keys.n; i++) {
        PyObject *module = layout_entry_value(&view.keys, i);
        if (module != NULL && module != Py_None)
            write_root(
                walk, module,
                (snap_root){ .name = names_words(&walk->names, layout_entry_key(&view.keys, i)),
                             .kind = SNAP_ROOT_GLOBAL });
    }
}

/* ---- threads --------------------------------------------------------------------------------- */

struct call {
    PyCodeObject *code;
    int line;
    uint64_t frame;
};

/* Code at the level of a module runs in the module's namespace. That is a global with a name, which
 * says more to people than the frame that counts the reference. */
static void write_namespace(struct walk *walk, PyObject *namespace)
{
    uint64_t name = names_words(&walk->names, types_lookup(namespace, "__name__"));

    if (name != 0)
        write_root(walk, namespace, (snap_root){ .name = name, .kind = SNAP_ROOT_GLOBAL });
}

static void write_variables(struct walk *walk, const struct frame_view *view,
                            const snap_root *where)
{
    snap_root root = *where;

    root.kind = SNAP_ROOT_LOCAL;
    for (int i = 0; i < view->n_fast; i++) {
        if (view->fast[i] == NULL) continue;
        root.name = names_program(&walk->names, layout_local_name(view->code, i));
        write_root(walk, view->fast[i], root);
    }
    write_namespace(walk, view->namespace);
    if (!view->owns) return;
    root.name = names_literal(&walk->names, "(stack)");
    for (int i = 0; i < view->n_stack; i++) write_root(walk, view->stack[i], root);
    root.kind = SNAP_ROOT_RUNTIME;
    root.name = names_literal(&walk->names, "(function)");
    write_root(walk, view->function, root);
    root.name = names_literal(&walk->names, "(code)");
    write_root(walk, (PyObject *)view->code, root);
    root.name = names_literal(&walk->names, "(namespace)");
    write_root(walk, view->namespace, root);
    root.name = names_literal(&walk->names, "(frame)");
    write_root(walk, view->object, root);
}

/* The thread's calls, the innermost first; the mapping is the caller's to give back. */
static struct call *collect_calls(struct walk *walk, PyThreadState *tstate, uint32_t *n)
{
    struct frame_view view;
    uint32_t room = 0;

    *n = 0;
    for (bool more = layout_frame_top(tstate, &view); more; more = layout_frame_back(&view)) room++;
    struct call *calls = mem_map(walk->mem, (room + 1) * sizeof(*calls));
    if (calls == NULL) {
        walk->failure = WALK_NO_MEMORY;
        return NULL;
    }
    for (bool more = layout_frame_top(tstate, &view); more; more = layout_frame_back(&view)) {
        struct call *call = &calls[(*n)++];
        call->code = view.code;
        call->line = layout_frame_line(&view);
        call->frame = roots_frame(walk, call->code, call->line);
    }
    return calls;
}

static void write_frames(struct walk *walk, PyThreadState *tstate, uint64_t thread,
                         const struct call *calls)
{
    struct frame_view view;
    uint32_t depth = 0;

    for (bool more = layout_frame_top(tstate, &view); more; more = layout_frame_back(&view)) {
        snap_root where = { .thread = thread, .frame = calls[depth].frame, .depth = depth };
        write_variables(walk, &view, &where);
#if PY_VERSION_HEX < 0x030B0000
        /* The evaluation loop's caller holds a frame until it returns; a generator's is its own. */
        if (!view.of_generator) {
            where.kind = SNAP_ROOT_RUNTIME;
            where.name = names_literal(&walk->names, "(frame)");
            write_root(walk, view.object, where);
        }
#endif
        depth++;
    }
}

/* An attribute of an instance of a Python class, by name, wherever it is kept. */
static PyObject *attribute(PyObject *op, const char *name)
{
    struct attr_view view;
    size_t size = strlen(name);

    layout_attrs(op, Py_TYPE(op), &view);
    for (Py_ssize_t i = 0; i < view.n_values; i++) {
        PyObject *key = layout_entry_key(&view.keys, i);
        struct str_view text;
        if (key == NULL || view.values[i] == NULL) continue;
        layout_str(key, &text);
        if (text.ascii && text.length == size && memcmp(text.data, name, size) == 0)
            return view.values[i];
    }
    return types_lookup(view.dict, name);
}

/* The Thread object that the threading module keeps for an identifier, or NULL. */
static PyObject *thread_object(uint64_t ident)
{
    PyObject *module = types_lookup(layout_modules(), "threading");
    struct attr_view attrs;
    struct dict_view view;
    int64_t number;

    if (module == NULL) return NULL;
    layout_attrs(module, Py_TYPE(module), &attrs);
    PyObject *active = types_lookup(attrs.dict, "_active");
    if (active == NULL || !PyDict_CheckExact(active)) return NULL;
    layout_dict(active, &view);
    for (Py_ssize_t i = 0; i < view.keys.n; i++) {
        PyObject *key = layout_entry_key(&view.keys, i);
        if (key != NULL && PyLong_Check(key) && layout_int(key, &number) &&
            (uint64_t)number == ident)
            return layout_entry_value(&view.keys, i);
    }
    return NULL;
}

static void write_thread(struct walk *walk, PyThreadState *tstate)
{
    PyObject *object = thread_object(tstate->thread_id);
    snap_thread row = { .id = tstate->thread_id, .os_id = layout_native_id(tstate) };
    uint64_t id = 0;
    uint32_t n;
    int64_t number;

    struct call *calls = collect_calls(walk, tstate, &n);
    if (calls == NULL) return;
    for (uint32_t i = n; i-- > 0;) row.stack = roots_stack(walk, row.stack, calls[i].frame);
    if (object != NULL) {
        PyObject *native = attribute(object, "_native_id");
        row.object = (uint64_t)(uintptr_t)object;
        row.name = names_label(&walk->names, attribute(object, "_name"));
        if (row.os_id == 0 && native != NULL && PyLong_Check(native) && layout_int(native, &number))
            row.os_id = (uint64_t)number;
    }
    (void)snap_writer_thread(walk->writer, &row, &id);
    write_root(walk, object,
               (snap_root){ .name = row.name, .thread = id, .kind = SNAP_ROOT_THREAD });
    layout_thread_roots(tstate, held, &(struct context){ walk, id });
    write_frames(walk, tstate, id, calls);
    mem_unmap(walk->mem, calls, (n + 1) * sizeof(*calls));
}

/* Modules come first: of shortest paths alike, readers take the one from the root that stands first,
 * and `logging._handlers` says more than a path through a callback's namespace. */
void roots_write(struct walk *walk)
{
    write_modules(walk);
    layout_interp_roots(held, &(struct context){ walk, 0 });
    write_signal_handlers(walk);
    for (PyThreadState *ts = layout_threads(); ts != NULL; ts = PyThreadState_Next(ts))
        write_thread(walk, ts);
}

void roots_write_classes(struct walk *walk)
{
    for (uint32_t i = 0; i < TYPES_BUCKETS; i++) {
        const struct type_info *info = walk->types.buckets[i];
        for (; info != NULL; info = info->next) {
            if (!info->heap && info->queued)
                write_root(walk, (PyObject *)info->type, (snap_root){ .kind = SNAP_ROOT_TYPE });
        }
    }
}
