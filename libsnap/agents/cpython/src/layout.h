/* SPDX-License-Identifier: MIT */
/*
 * What the walker asks of the running interpreter: everything that differs between CPython's minor
 * versions, and everything that its public API would only tell by allocating, by taking references
 * or by running Python code.
 *
 * The implementation is one file per feature (layout_*.c), the only ones that see CPython's
 * internal headers; each holds the layouts of all supported versions side by side. A binary serves
 * exactly the minor version that it was compiled for.
 *
 * Contract of every function here, unless it says otherwise: the caller holds the GIL, or is the
 * only thread of a forked child; nothing is allocated, no reference is taken or given (all pointers
 * are borrowed and valid while the heap stands still), no exception is set or cleared. O(1).
 */
#ifndef HEAPSNAP_LAYOUT_H
#define HEAPSNAP_LAYOUT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if PY_VERSION_HEX < 0x03080000 || PY_VERSION_HEX >= 0x030E0000
#error "heapsnap supports CPython 3.8 to 3.13"
#endif
#if SIZEOF_VOID_P != 8
#error "heapsnap supports 64-bit platforms only"
#endif

/* ---- whether this interpreter is one we know (layout_probe.c) ------------------------------ */

/** Compare the layouts compiled in with objects made for the purpose. NULL: all agree; else a
 *  sentence for the user. Allocates Python objects: for import time only. On return no exception
 *  is set. */
const char *layout_probe(void);

/** NULL, or why the process cannot be captured just now (sub-interpreters). */
const char *layout_refusal(void);

/* ---- the collector (layout_gc.c) ------------------------------------------------------------ */

/** The header before every object of a type that the collector knows. */
struct gc_head {
    uintptr_t next;
    uintptr_t prev;
};

#define LAYOUT_GC_LISTS 4u
#define LAYOUT_FROZEN   3u /* the list of frozen objects; below it: the generation */

/** Heads of the collector's lists: generations 0 to 2, then the permanent one. */
void layout_gc_lists(struct gc_head *heads[LAYOUT_GC_LISTS]);

struct gc_stats {
    int64_t collections[3];
    int64_t collected[3];
    int64_t uncollectable[3];
    int64_t count[3];
    int64_t threshold[3];
    bool enabled;
};

void layout_gc_stats(struct gc_stats *stats);

/** gc.garbage, or NULL. */
PyObject *layout_gc_garbage(void);

/** Switch automatic collection; returns whether it was on. */
bool layout_gc_enable(bool on);

/** Whether a collection is in progress (a capture asked for from within a finalizer). */
bool layout_gc_running(void);

static inline struct gc_head *layout_gc_head(PyObject *op)
{
    return (struct gc_head *)op - 1;
}

static inline PyObject *layout_gc_object(struct gc_head *head)
{
    return (PyObject *)(head + 1);
}

/* ---- objects and types (layout_type.c) ------------------------------------------------------ */

/** Whether the reference count means nothing because the object is never freed. */
bool layout_immortal(PyObject *op);

/** Bytes in front of an instance: the collector's header and the slots of managed attributes. */
size_t layout_presize(PyTypeObject *type);

/** The class's own dictionary, or NULL; for static classes too, wherever the version keeps it. */
PyObject *layout_type_dict(PyTypeObject *type);

/** The dictionary of weak references to the direct subclasses, or NULL. */
PyObject *layout_type_subclasses(PyTypeObject *type);

/** `__module__` object of a heap type made from a module by C code, or NULL. */
PyObject *layout_type_module(PyTypeObject *type);

/** Sizes of the C strings that a heap type owns, as asked of the allocator; at most 2. Their
 * number. O(length of the strings). */
size_t layout_type_blocks(PyTypeObject *type, size_t *blocks);

/** The number of items of an instance whose type has tp_itemsize, or 0 where that field means
 *  something else. `extra_item` says that the allocator was asked for one item more. */
Py_ssize_t layout_items(PyObject *op, bool *extra_item);

/** Bytes of an instance without its preheader, as they were asked of the allocator. */
size_t layout_basic_size(PyObject *op);

/** Sizes of the separate blocks that a str owns (cached UTF-8, legacy forms, data of a subclass's
 *  instance), at most 3. Their number. */
size_t layout_str_extra(PyObject *str, size_t *blocks);

/** Characters and state of a str. `data` NULL: a legacy str without a canonical form yet. */
struct str_view {
    const void *data;
    size_t length; /* characters */
    unsigned kind; /* bytes a character: 1, 2, 4 */
    bool ascii;
    bool interned;
};
void layout_str(PyObject *str, struct str_view *view);

/** Digits of an int and its value where it fits; false: it needs more than 63 bits. */
bool layout_int(PyObject *op, int64_t *value);

/** A table of PyObject * fields at fixed offsets that an instance owns, by name. */
struct layout_field {
    uint32_t offset;
    uint32_t not_owned; /* the field holds no counted reference */
    const char *name;
};

/** Fields of the runtime's own types that no member descriptor tells; ends with a NULL name.
 *  NULL: no such table for this type. */
const struct layout_field *layout_fields(PyTypeObject *type);

/* ---- dictionaries and instance attributes (layout_dict.c) ----------------------------------- */

/** Entries of a dictionary's keys table; deleted ones have a NULL value, unused ones a NULL key. */
struct keys_view {
    PyObject *const *entries; /* `n` times `stride` words; the last two are key and value */
    Py_ssize_t n;
    unsigned stride;
    Py_ssize_t capacity; /* entries that fit before the table is resized */
    size_t bytes;        /* as asked of the allocator; 0: static */
    bool unicode;        /* all keys are exact str */
};

struct dict_view {
    struct keys_view keys;
    PyObject *const
        *values; /* split table: values by entry number; NULL: they are in the entries */
    Py_ssize_t n_values;
    size_t values_bytes;  /* block of the values where the dictionary owns it, else 0 */
    bool shared;          /* the keys table belongs to a class, not to the dictionary */
    bool borrowed_values; /* the values belong to an instance, which holds the references */
};

void layout_dict(PyObject *dict, struct dict_view *view);

static inline PyObject *layout_entry_key(const struct keys_view *keys, Py_ssize_t i)
{
    return keys->entries[(size_t)i * keys->stride + keys->stride - 2];
}

static inline PyObject *layout_entry_value(const struct keys_view *keys, Py_ssize_t i)
{
    return keys->entries[(size_t)i * keys->stride + keys->stride - 1];
}

/** Address of the keys table, to be prefetched. */
const void *layout_dict_keys_address(PyObject *dict);

/** The keys that the instances of a heap type share; false: none. */
bool layout_cached_keys(PyTypeObject *type, struct keys_view *keys);

struct attr_view {
    PyObject *dict;          /* the instance's dictionary where it exists, or NULL */
    PyObject *const *values; /* attribute values kept without a dictionary, or NULL */
    Py_ssize_t n_values;
    struct keys_view keys; /* their names, entry by entry */
    size_t values_bytes;   /* block of the values where it is separate from the object, else 0 */
};

/** Where an instance keeps its attributes. Never makes a dictionary. */
void layout_attrs(PyObject *op, PyTypeObject *type, struct attr_view *view);

/* ---- code and frames (layout_frame.c) ------------------------------------------------------- */

struct frame_view {
    PyCodeObject *code;
    PyObject *function;    /* owned by the frame, or NULL */
    PyObject *namespace;   /* f_locals where it is a mapping of its own, or NULL */
    PyObject *object;      /* the frame object where one exists, or NULL */
    PyObject *const *fast; /* locals, cells, free variables; entries may be NULL */
    int n_fast;
    PyObject *const *stack; /* evaluation stack where its top is known */
    int n_stack;
    int lasti;         /* byte offset of the instruction, -1: not started */
    bool owns;         /* the thread's stack holds the references, not a heap object */
    bool of_generator; /* the call is a step of a generator or coroutine */
    const void *next;  /* for layout_frame_back */
};

/** The innermost Python frame of a thread; false: it runs none. */
bool layout_frame_top(PyThreadState *tstate, struct frame_view *view);

/** Step to the caller; false: that was the outermost. */
bool layout_frame_back(struct frame_view *view);

/** The frame that a generator, coroutine or asynchronous generator keeps; false: it is finished. */
bool layout_gen_frame(PyObject *gen, struct frame_view *view);

/** Name and code of a generator-like object; whether it waits or runs. */
struct gen_view {
    PyObject *qualname;
    PyCodeObject *code;
    bool suspended, running;
};
void layout_gen(PyObject *gen, struct gen_view *view);

/** The frame whose variables a frame object owns by itself; false: they belong to a thread or a
 *  generator, or are cleared. */
bool layout_frame_object(PyObject *frame, struct frame_view *view);

/** Whether a frame object belongs to a call in progress, whose variables the thread's stack holds.
 */
bool layout_frame_running(PyObject *frame);

/** Bytes of a frame object or generator-like object without its preheader. */
size_t layout_frame_size(PyObject *op);

/** Name of the i-th fast local: an exact str. */
PyObject *layout_local_name(PyCodeObject *code, int i);

/** Name of the i-th captured variable, in the order of a function's closure; NULL: there is none. */
PyObject *layout_captured_name(PyCodeObject *code, Py_ssize_t i);

/** Line that a frame executes, 0: unknown. O(length of the code's line table). */
int layout_frame_line(const struct frame_view *view);

PyObject *layout_code_qualname(PyCodeObject *code);

/** The last line that a code object's line table names. O(length of the table). */
int layout_code_last_line(PyCodeObject *code);

/** Tuples of names of a code object, NULL at the end: co_names, variables and so on. */
unsigned layout_code_names(PyCodeObject *code, PyObject *tuples[4]);

/** Separate blocks that a code object owns; adds up their sizes through `block`. */
void layout_code_blocks(PyCodeObject *code, void (*block)(void *ctx, size_t size), void *ctx);

/** Python objects that a code object keeps in such a block. */
unsigned layout_code_cached(PyCodeObject *code, PyObject *objects[4]);

/* ---- the interpreter's own references (layout_interp.c) ------------------------------------- */

enum layout_root { LAYOUT_ROOT_RUNTIME, LAYOUT_ROOT_CALLBACK, LAYOUT_ROOT_INTERNED };

/** Call `root` for every reference that the interpreter itself holds, with a constant name. */
void layout_interp_roots(void (*root)(void *ctx, enum layout_root kind, const char *name,
                                      PyObject *op),
                         void *ctx);

/** The handler of a signal in the interpreter's table, NULL: none that is an object of the
 *  program's (the default, ignored). Before 3.12 nothing but the function `getsignal` of the module _signal
 *  can read the table: code in C, which is called with a number that exists already, and whose
 *  reference is given back. */
PyObject *layout_signal_handler(PyObject *getsignal, int number);

/** Like layout_interp_roots, for one thread's state, its frames excepted. */
void layout_thread_roots(PyThreadState *tstate,
                         void (*root)(void *ctx, enum layout_root kind, const char *name,
                                      PyObject *op),
                         void *ctx);

/** sys.modules, or NULL. */
PyObject *layout_modules(void);

/** The interpreter's first thread state; PyThreadState_Next goes on. */
PyThreadState *layout_threads(void);

/** Kernel's id of a thread, 0: unknown in this version. */
uint64_t layout_native_id(PyThreadState *tstate);

/** Bytes that the object allocator adds to a request for its own debugging; -1: an allocator with
 *  unknown habits is installed. `pooled` says whether small requests are rounded to classes of 16.
 */
int layout_allocator(bool *pooled);

/** Print the small-object allocator's own statistics, as sys._debugmallocstats() does; nothing when
 *  another allocator is in place. Neither allocates nor locks but for `out`. O(pools). */
void layout_allocator_stats(FILE *out);

/* ---- tracemalloc (layout_trace.c) ----------------------------------------------------------- */

#define LAYOUT_TRACE_FRAMES 128

struct trace_view {
    unsigned n;
    struct {
        PyObject *file; /* str */
        unsigned line;
    } frames[LAYOUT_TRACE_FRAMES]; /* innermost first */
    const void *identity;          /* equal tracebacks have equal identities; NULL: unknown */
};

bool layout_tracing(void);

/** The most calls that a traceback holds; 0: nothing is traced. */
unsigned layout_trace_limit(void);

/** Keep other threads, which may free memory without the GIL, from changing tracemalloc's tables
 *  until layout_trace_unlock; a child that is forked meanwhile finds them whole. Before 3.12:
 *  prepare for many calls of layout_trace. */
void layout_trace_lock(void);
void layout_trace_unlock(void);

/** Whether tracebacks can be read without creating objects (needed in a forked child). */
bool layout_trace_is_silent(void);

/** Traceback of the block at `ptr`; false: none. Before 3.12 it makes short-lived tuples. */
bool layout_trace(uintptr_t ptr, struct trace_view *view);

#endif
