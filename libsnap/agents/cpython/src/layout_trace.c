/* SPDX-License-Identifier: MIT */
/*
 * Allocation tracebacks of tracemalloc. From 3.12 on its tables are part of the runtime's state
 * and can be read in place, in a forked child too; before, the only way is a function that makes
 * a tuple for each answer.
 */
#define Py_BUILD_CORE 1
#include "layout.h"

#if PY_VERSION_HEX >= 0x030C0000

#include "internal/pycore_hashtable.h"
#include "internal/pycore_runtime.h"
#include "internal/pycore_tracemalloc.h"

/* The value that tracemalloc's table keeps for a block (declared in its source file only). */
struct trace {
    size_t size;
    struct tracemalloc_traceback *traceback;
};

bool layout_tracing(void)
{
    return _PyRuntime.tracemalloc.config.tracing != 0 && _PyRuntime.tracemalloc.traces != NULL;
}

unsigned layout_trace_limit(void)
{
    return layout_tracing() ? (unsigned)_PyRuntime.tracemalloc.config.max_nframe : 0;
}

bool layout_trace_is_silent(void)
{
    return true;
}

void layout_trace_lock(void)
{
    if (layout_tracing() && _PyRuntime.tracemalloc.tables_lock != NULL)
        PyThread_acquire_lock(_PyRuntime.tracemalloc.tables_lock, WAIT_LOCK);
}

void layout_trace_unlock(void)
{
    if (layout_tracing() && _PyRuntime.tracemalloc.tables_lock != NULL)
        PyThread_release_lock(_PyRuntime.tracemalloc.tables_lock);
}

/* The same as _Py_hashtable_get for a table keyed by pointers, without calling through it. */
static const struct trace *find_trace(uintptr_t ptr)
{
    _Py_hashtable_t *table = _PyRuntime.tracemalloc.traces;
    const void *key = (const void *)ptr;
    Py_uhash_t hash = table->hash_func(key);
    size_t bucket = hash & (table->nbuckets - 1);
    _Py_hashtable_entry_t *entry = (_Py_hashtable_entry_t *)(void *)table->buckets[bucket].head;

    for (; entry != NULL; entry = (_Py_hashtable_entry_t *)(void *)entry->_Py_slist_item.next) {
        if (entry->key == key) return entry->value;
    }
    return NULL;
}

bool layout_trace(uintptr_t ptr, struct trace_view *view)
{
    const struct trace *trace = find_trace(ptr);

    if (trace == NULL || trace->traceback == NULL) return false;
    const struct tracemalloc_traceback *tb = trace->traceback;
    view->identity = tb;
    view->n = tb->nframe < LAYOUT_TRACE_FRAMES ? tb->nframe : LAYOUT_TRACE_FRAMES;
    for (unsigned i = 0; i < view->n; i++) {
        view->frames[i].file = tb->frames[i].filename;
        view->frames[i].line = tb->frames[i].lineno;
    }
    return true;
}

#else

#if PY_VERSION_HEX >= 0x03090000
#include "internal/pycore_pymem.h"
#endif

/* Exported by all versions; declared in a public header by none. */
PyAPI_FUNC(PyObject *) _PyTraceMalloc_GetTraceback(unsigned int domain, uintptr_t ptr);

bool layout_tracing(void)
{
    return _Py_tracemalloc_config.initialized == TRACEMALLOC_INITIALIZED &&
           _Py_tracemalloc_config.tracing != 0;
}

unsigned layout_trace_limit(void)
{
    return layout_tracing() ? (unsigned)_Py_tracemalloc_config.max_nframe : 0;
}

bool layout_trace_is_silent(void)
{
    return false;
}

/* What it was before layout_trace_lock. */
static int limit_before;

/* The function that is asked takes the lock itself. The tuples that it makes are traced as all
 * objects are, with the calls that led here: one of them is enough. */
void layout_trace_lock(void)
{
    limit_before = _Py_tracemalloc_config.max_nframe;
    if (layout_tracing()) _Py_tracemalloc_config.max_nframe = 1;
}

void layout_trace_unlock(void)
{
    _Py_tracemalloc_config.max_nframe = limit_before;
}

bool layout_trace(uintptr_t ptr, struct trace_view *view)
{
    PyObject *tb = _PyTraceMalloc_GetTraceback(0, ptr);
    bool found = tb != NULL && PyTuple_Check(tb) && PyTuple_GET_SIZE(tb) > 0;

    if (tb == NULL) PyErr_Clear();
    view->identity = NULL;
    view->n = 0;
    if (found) {
        Py_ssize_t n = PyTuple_GET_SIZE(tb);
        for (Py_ssize_t i = 0; i < n && i < LAYOUT_TRACE_FRAMES; i++) {
            PyObject *pair = PyTuple_GET_ITEM(tb, i);
            int64_t line = 0;
            layout_int(PyTuple_GET_ITEM(pair, 1), &line);
            /* tracemalloc itself keeps the file name alive. */
            view->frames[i].file = PyTuple_GET_ITEM(pair, 0);
            view->frames[i].line = (unsigned)line;
            view->n++;
        }
    }
    Py_XDECREF(tb);
    return found;
}

#endif
