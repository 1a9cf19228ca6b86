/* SPDX-License-Identifier: MIT */
/*
 * References that the interpreter and its threads hold themselves: the starting points of the
 * program that no heap object explains.
 */
#define Py_BUILD_CORE 1
#include "layout.h"

#include <string.h>

#include "internal/pycore_pystate.h"
#if PY_VERSION_HEX >= 0x03090000
#include "internal/pycore_interp.h"
#endif
#if PY_VERSION_HEX >= 0x03090000
#include "internal/pycore_runtime.h"
#endif

typedef void root_fn(void *ctx, enum layout_root kind, const char *name, PyObject *op);

PyThreadState *layout_threads(void)
{
    return PyInterpreterState_ThreadHead(PyInterpreterState_Main());
}

uint64_t layout_native_id(PyThreadState *tstate)
{
#if PY_VERSION_HEX >= 0x030B0000
    return tstate->native_thread_id;
#else
    (void)tstate;
    return 0;
#endif
}

PyObject *layout_modules(void)
{
    PyInterpreterState *interp = PyInterpreterState_Main();
#if PY_VERSION_HEX >= 0x030C0000
    return interp->imports.modules;
#else
    return interp->modules;
#endif
}

const char *layout_refusal(void)
{
    PyInterpreterState *interp = PyInterpreterState_Head();

    if (interp != PyInterpreterState_Main() || PyInterpreterState_Next(interp) != NULL)
        return "the process has sub-interpreters, whose heaps cannot be captured yet";
    return NULL;
}

int layout_allocator(bool *pooled)
{
    const char *name = _PyMem_GetCurrentAllocatorName();

    /* tracemalloc and other hooks hide the allocator below; it is the one configured at start. */
    if (name == NULL) {
        int configured = (int)_PyRuntime.preconfig.allocator;
        name = configured == PYMEM_ALLOCATOR_DEBUG || configured == PYMEM_ALLOCATOR_PYMALLOC_DEBUG
                   ? "pymalloc_debug"
               : configured == PYMEM_ALLOCATOR_MALLOC       ? "malloc"
               : configured == PYMEM_ALLOCATOR_MALLOC_DEBUG ? "malloc_debug"
                                                            : "pymalloc";
    }
    *pooled = strncmp(name, "pymalloc", 8) == 0;
    if (strcmp(name, "pymalloc") == 0 || strcmp(name, "malloc") == 0) return 0;
    /* The debug hooks put a length, an API letter and guard bytes around each block. */
    if (strcmp(name, "pymalloc_debug") == 0 || strcmp(name, "malloc_debug") == 0)
        return 3 * (int)sizeof(size_t);
    return -1;
}

/* Exported by all versions; declared by different headers. */
PyAPI_FUNC(int) _PyObject_DebugMallocStats(FILE *out);

void layout_allocator_stats(FILE *out)
{
    (void)_PyObject_DebugMallocStats(out);
}

#if PY_VERSION_HEX >= 0x030A0000

/* The cache of attribute look-ups holds references to the names. */
static void type_cache_roots(PyInterpreterState *interp, root_fn *root, void *ctx)
{
#if PY_VERSION_HEX >= 0x030C0000
    struct type_cache *cache = &interp->types.type_cache;
#else
    struct type_cache *cache = &interp->type_cache;
#endif
    for (size_t i = 0; i < sizeof(cache->hashtable) / sizeof(cache->hashtable[0]); i++) {
        PyObject *name = cache->hashtable[i].name;
        if (name != NULL && name != Py_None)
            root(ctx, LAYOUT_ROOT_RUNTIME, "attribute cache", name);
    }
}

static void atexit_roots(PyInterpreterState *interp, root_fn *root, void *ctx)
{
    struct atexit_state *state = &interp->atexit;

    for (int i = 0; i < state->ncallbacks; i++) {
        if (state->callbacks[i] == NULL) continue;
        root(ctx, LAYOUT_ROOT_CALLBACK, "atexit", state->callbacks[i]->func);
        root(ctx, LAYOUT_ROOT_CALLBACK, "atexit", state->callbacks[i]->args);
        root(ctx, LAYOUT_ROOT_CALLBACK, "atexit", state->callbacks[i]->kwargs);
    }
}

#endif

static void import_roots(PyInterpreterState *interp, root_fn *root, void *ctx)
{
#if PY_VERSION_HEX >= 0x030C0000
    root(ctx, LAYOUT_ROOT_RUNTIME, "sys.modules", interp->imports.modules);
    root(ctx, LAYOUT_ROOT_RUNTIME, "modules by index", interp->imports.modules_by_index);
    root(ctx, LAYOUT_ROOT_RUNTIME, "importlib", interp->imports.importlib);
    root(ctx, LAYOUT_ROOT_RUNTIME, "import function", interp->imports.import_func);
    root(ctx, LAYOUT_ROOT_RUNTIME, "copy of sys", interp->sysdict_copy);
    root(ctx, LAYOUT_ROOT_INTERNED, "interned strings", interp->cached_objects.interned_strings);
#else
    root(ctx, LAYOUT_ROOT_RUNTIME, "sys.modules", interp->modules);
    root(ctx, LAYOUT_ROOT_RUNTIME, "modules by index", interp->modules_by_index);
    root(ctx, LAYOUT_ROOT_RUNTIME, "importlib", interp->importlib);
    root(ctx, LAYOUT_ROOT_RUNTIME, "import function", interp->import_func);
#endif
}

static void codec_roots(PyInterpreterState *interp, root_fn *root, void *ctx)
{
#if PY_VERSION_HEX >= 0x030D0000
    root(ctx, LAYOUT_ROOT_CALLBACK, "codec search path", interp->codecs.search_path);
    root(ctx, LAYOUT_ROOT_RUNTIME, "codec cache", interp->codecs.search_cache);
    root(ctx, LAYOUT_ROOT_CALLBACK, "codec error handlers", interp->codecs.error_registry);
#else
    root(ctx, LAYOUT_ROOT_CALLBACK, "codec search path", interp->codec_search_path);
    root(ctx, LAYOUT_ROOT_RUNTIME, "codec cache", interp->codec_search_cache);
    root(ctx, LAYOUT_ROOT_CALLBACK, "codec error handlers", interp->codec_error_registry);
#endif
}

void layout_interp_roots(root_fn *root, void *ctx)
{
    PyInterpreterState *interp = PyInterpreterState_Main();

    import_roots(interp, root, ctx);
    codec_roots(interp, root, ctx);
    root(ctx, LAYOUT_ROOT_RUNTIME, "sys", interp->sysdict);
    root(ctx, LAYOUT_ROOT_RUNTIME, "builtins", interp->builtins);
    root(ctx, LAYOUT_ROOT_RUNTIME, "copy of builtins", interp->builtins_copy);
    root(ctx, LAYOUT_ROOT_RUNTIME, "interpreter dictionary", interp->dict);
    root(ctx, LAYOUT_ROOT_CALLBACK, "before fork", interp->before_forkers);
    root(ctx, LAYOUT_ROOT_CALLBACK, "after fork in parent", interp->after_forkers_parent);
    root(ctx, LAYOUT_ROOT_CALLBACK, "after fork in child", interp->after_forkers_child);
    root(ctx, LAYOUT_ROOT_CALLBACK, "audit hooks", interp->audit_hooks);
    root(ctx, LAYOUT_ROOT_RUNTIME, "warning filters", interp->warnings.filters);
    root(ctx, LAYOUT_ROOT_RUNTIME, "warnings shown", interp->warnings.once_registry);
    root(ctx, LAYOUT_ROOT_RUNTIME, "warning action", interp->warnings.default_action);
    root(ctx, LAYOUT_ROOT_RUNTIME, "gc.garbage", layout_gc_garbage());
#if PY_VERSION_HEX >= 0x030A0000
    type_cache_roots(interp, root, ctx);
    atexit_roots(interp, root, ctx);
#endif
#if PY_VERSION_HEX >= 0x03090000 && PY_VERSION_HEX < 0x030B0000
    for (size_t i = 0; i < sizeof(interp->small_ints) / sizeof(interp->small_ints[0]); i++)
        root(ctx, LAYOUT_ROOT_RUNTIME, "small int", (PyObject *)interp->small_ints[i]);
#endif
}

PyObject *layout_signal_handler(PyObject *getsignal, int number)
{
    PyObject *handler = NULL;
#if PY_VERSION_HEX >= 0x030D0000
    (void)getsignal;
    handler = _PyRuntime.signals.handlers[number].func;
#elif PY_VERSION_HEX >= 0x030C0000
    (void)getsignal;
    handler = (PyObject *)_PyRuntime.signals.handlers[number].func._value;
#else
    if (getsignal == NULL || !PyCFunction_Check(getsignal) ||
        PyCFunction_GET_FLAGS(getsignal) != METH_O)
        return NULL;
    PyObject *asked = PyLong_FromLong(number);
    handler = PyCFunction_GET_FUNCTION(getsignal)(PyCFunction_GET_SELF(getsignal), asked);
    Py_DECREF(asked);
    if (handler == NULL) PyErr_Clear();
    Py_XDECREF(handler); /* the table has one of its own */
#endif
    return handler == NULL || handler == Py_None || PyLong_Check(handler) ? NULL : handler;
}

void layout_thread_roots(PyThreadState *tstate, root_fn *root, void *ctx)
{
    root(ctx, LAYOUT_ROOT_RUNTIME, "thread dictionary", tstate->dict);
    root(ctx, LAYOUT_ROOT_RUNTIME, "context", tstate->context);
    root(ctx, LAYOUT_ROOT_RUNTIME, "exception being handled", tstate->exc_state.exc_value);
    root(ctx, LAYOUT_ROOT_RUNTIME, "asynchronous exception", tstate->async_exc);
    root(ctx, LAYOUT_ROOT_CALLBACK, "profile function", tstate->c_profileobj);
    root(ctx, LAYOUT_ROOT_CALLBACK, "trace function", tstate->c_traceobj);
    root(ctx, LAYOUT_ROOT_CALLBACK, "async generator hook", tstate->async_gen_firstiter);
    root(ctx, LAYOUT_ROOT_CALLBACK, "async generator hook", tstate->async_gen_finalizer);
#if PY_VERSION_HEX < 0x030B0000
    root(ctx, LAYOUT_ROOT_RUNTIME, "exception type", tstate->exc_state.exc_type);
    root(ctx, LAYOUT_ROOT_RUNTIME, "exception traceback", tstate->exc_state.exc_traceback);
#endif
#if PY_VERSION_HEX >= 0x030C0000
    root(ctx, LAYOUT_ROOT_RUNTIME, "exception being raised", tstate->current_exception);
#else
    root(ctx, LAYOUT_ROOT_RUNTIME, "exception being raised", tstate->curexc_value);
    root(ctx, LAYOUT_ROOT_RUNTIME, "exception type", tstate->curexc_type);
    root(ctx, LAYOUT_ROOT_RUNTIME, "exception traceback", tstate->curexc_traceback);
#endif
#if PY_VERSION_HEX >= 0x030D0000
    root(ctx, LAYOUT_ROOT_RUNTIME, "thread-local key", tstate->threading_local_key);
    root(ctx, LAYOUT_ROOT_RUNTIME, "thread-local sentinel", tstate->threading_local_sentinel);
#endif
}
