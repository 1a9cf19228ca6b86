/* SPDX-License-Identifier: MIT */
/*
 * What the walk needs to know of a class, worked out once: how its instances are traversed, which
 * of their fields have names, how large they are, and the class's row in the file.
 */
#ifndef HEAPSNAP_TYPES_H
#define HEAPSNAP_TYPES_H

#include "hidden.h"
#include "images.h"
#include "layout.h"
#include "names.h"

/** How the references of an instance are found. */
enum visit_how {
    VISIT_LEAF,     /* it has none */
    VISIT_FIELDS,   /* attributes and named fields are all */
    VISIT_GENERIC,  /* the same, then what else tp_traverse visits */
    VISIT_SEQUENCE, /* the same, and what tp_traverse visits are elements, of sets keys */
    VISIT_DICT,     /* a dictionary, or a subclass that adds attributes and fields */
    VISIT_ODICT,    /* an ordered one: its list of keys counts references of its own */
    VISIT_LIST,
    VISIT_TUPLE,
    VISIT_NDARRAY, /* an array of numpy */
    VISIT_TYPE, /* class objects */
    VISIT_CODE,
    VISIT_GEN, /* generators, coroutines, asynchronous generators */
    VISIT_FRAME,
    VISIT_WEAKREF
};

/** What an instance has besides the common columns. */
enum describe_how {
    DESCRIBE_PLAIN,
    DESCRIBE_STR,
    DESCRIBE_BYTES,
    DESCRIBE_LIST,
    DESCRIBE_TUPLE,
    DESCRIBE_DICT,
    DESCRIBE_SET,
    DESCRIBE_BYTEARRAY,
    DESCRIBE_DEQUE,
    DESCRIBE_ARRAY,
    DESCRIBE_TYPE,
    DESCRIBE_CODE,
    DESCRIBE_FUNCTION,
    DESCRIBE_GEN,
    DESCRIBE_MODULE,
    DESCRIBE_TASK,
    DESCRIBE_FILEIO,
    DESCRIBE_SOCKET,
    DESCRIBE_MMAP,
    DESCRIBE_LRU_CACHE,
    DESCRIBE_NDARRAY,
    DESCRIBE_EPOLL,
    DESCRIBE_CTYPES,
    DESCRIBE_DATETIME,
    DESCRIBE_ITEMS, /* tp_itemsize without the sentinel that heap types have */
    DESCRIBE_STRUCT_SEQUENCE, /* the same, and items that the length does not tell of */
    DESCRIBE_HIDDEN
};

struct type_field {
    uint32_t offset;
    bool not_owned;
    bool doubtful; /* owned only if tp_traverse shows it, where the target can be shown */
    bool hashed;   /* the name stands not in the program: `hash` instead */
    uint32_t hash;
    uint64_t name; /* string id */
};

struct type_info {
    PyTypeObject *type;
    struct type_info *next; /* same hash */
    uint64_t id;            /* of the row */
    traverseproc traverse; /* for VISIT_GENERIC, SEQUENCE, TYPE, GEN, FRAME, WEAKREF; may be NULL */
    const struct type_field *fields;
    const struct hidden *hidden; /* for DESCRIBE_HIDDEN */
    uint32_t n_fields;
    uint32_t presize;
    uint32_t more_items; /* for DESCRIBE_STRUCT_SEQUENCE */
    enum visit_how visit;
    enum describe_how describe;
    bool heap;      /* instances hold a reference to the class */
    bool gc;        /* instances have a collector's header (static classes excepted) */
    bool has_attrs; /* layout_attrs has something to tell */
    bool weakrefs;  /* there is a slot for weak references */
    bool unknown;   /* instances may have memory that is not counted */
    bool queued;    /* the class object is in the walk's queue */
};

#define TYPES_BUCKETS 4096u
#define TYPES_RECENT  256u

struct types {
    struct arena *arena;
    struct names *names;
    snap_writer *writer;
    const struct images *images;
    struct type_info *buckets[TYPES_BUCKETS];
    struct type_info *recent[TYPES_RECENT];
    uint64_t dict_name; /* string id of "__dict__" */
    bool no_memory;
};

/** Empty. The structure is large: not for the stack. */
void types_init(struct types *types, struct arena *arena, struct names *names,
                const struct images *images, snap_writer *writer);

/** The facts about a class; its row and its bases' rows are written at the first call. NULL when
 *  there is no memory. O(1) afterwards. */
struct type_info *types_slow(struct types *types, PyTypeObject *type);

static inline struct type_info *types_get(struct types *types, PyTypeObject *type)
{
    struct type_info *info = types->recent[((uintptr_t)type >> 4) % TYPES_RECENT];
    return info != NULL && info->type == type ? info : types_slow(types, type);
}

/** Value under an ASCII key in a dictionary, or NULL. O(entries). */
PyObject *types_lookup(PyObject *dict, const char *key);

/** Whether Python code made the class, by a class statement or a call. */
bool types_is_python_class(const PyTypeObject *type);

/** Whether instances are arrays of numpy, laid out as expected (visit_numpy.c). */
bool visit_is_ndarray(const PyTypeObject *type);

/** Id of the name of a heap type, by the rule of names_words where Python code made it. */
uint64_t types_class_name(struct names *names, PyTypeObject *type);

/** Remember the traverse function of Python classes, which visits slots and attributes; called at
 *  import with a class made for the purpose. */
void types_learn_subtype_traverse(PyTypeObject *python_class);

/** Where _asyncio.Future keeps its result. */
#if PY_VERSION_HEX < 0x030A0000
#define FUTURE_RESULT 56
#else
#define FUTURE_RESULT 64
#endif
/** Where _asyncio.Task keeps its coroutine, and how long it is. */
#if PY_VERSION_HEX < 0x03090000
#define TASK_CORO 112
#define TASK_SIZE 144
#elif PY_VERSION_HEX < 0x030A0000
#define TASK_CORO 152
#define TASK_SIZE 184
#elif PY_VERSION_HEX < 0x030B0000
#define TASK_CORO 160
#define TASK_SIZE 192
#elif PY_VERSION_HEX < 0x030D0000
#define TASK_CORO 136
#define TASK_SIZE 176
#else
#define TASK_CORO 120
#define TASK_SIZE 144
#endif

/** Offsets of private structures that were found to hold at import (probe.c). */
struct private_layouts {
    bool fileio, socket, mmap, lru_cache, deque, array, epoll, bytesio, ctypes;
    bool future, ordered, datetime;
};
extern struct private_layouts private_layouts;

#endif
