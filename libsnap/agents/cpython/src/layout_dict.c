/* SPDX-License-Identifier: MIT */
/*
 * Dictionaries and instance attributes, version by version.
 *
 * A dictionary is a keys table and, when the table is shared between instances of a class
 * ("split"), an array of values of its own. Attributes of an instance live
 *   3.8 to 3.10  in a dictionary at tp_dictoffset;
 *   3.11         in a block of values at word -4, or a dictionary at word -3;
 *   3.12         at word -3: a block of values (tagged with 1) or a dictionary;
 *   3.13         in values behind the object's header while these are valid, and a dictionary at
 *                word -3 that may share them.
 */
#define Py_BUILD_CORE 1
#include "layout.h"

#if PY_VERSION_HEX >= 0x030B0000
#include "internal/pycore_dict.h"
#include "internal/pycore_object.h"
#endif

#define WORD sizeof(PyObject *)

#if PY_VERSION_HEX < 0x030B0000

/* The keys table as dictobject.c of 3.8 to 3.10 declares it; no installed header does. */
struct keys_table {
    Py_ssize_t refcnt;
    Py_ssize_t size; /* slots of the index, a power of two */
    void *lookup;
    Py_ssize_t usable;
    Py_ssize_t nentries;
    char indices[];
};

static size_t index_bytes(Py_ssize_t size)
{
    size_t width = size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0x7fffffff ? 4 : 8;
    return width * (size_t)size;
}

static void view_keys(const void *table, struct keys_view *view)
{
    const struct keys_table *keys = table;
    size_t index = index_bytes(keys->size);

    view->entries = (PyObject *const *)(const void *)(keys->indices + index);
    view->n = keys->nentries;
    view->stride = 3;
    view->capacity = (keys->size << 1) / 3;
    view->bytes = sizeof(*keys) + index + (size_t)view->capacity * 3 * WORD;
    view->unicode = false;
}

#else

static void view_keys(const void *table, struct keys_view *view)
{
    const struct _dictkeysobject *keys = table;
    size_t index = (size_t)1 << keys->dk_log2_index_bytes;
    bool general = keys->dk_kind == DICT_KEYS_GENERAL;

    view->entries = (PyObject *const *)(const void *)(keys->dk_indices + index);
    view->n = keys->dk_nentries;
    view->stride = general ? 3 : 2;
    view->unicode = !general;
    Py_ssize_t allotted = (Py_ssize_t)(((int64_t)1 << keys->dk_log2_size) * 2 / 3);
    /* A class's shared table promises fewer keys than it has room for. */
    view->capacity =
        keys->dk_kind == DICT_KEYS_SPLIT ? keys->dk_usable + keys->dk_nentries : allotted;
    /* The table of the empty dictionary is part of the runtime: nobody allocated it. */
    view->bytes = keys->dk_log2_size == 0
                      ? 0
                      : sizeof(*keys) + index + (size_t)allotted * view->stride * WORD;
}

#endif

const void *layout_dict_keys_address(PyObject *dict)
{
    return ((PyDictObject *)dict)->ma_keys;
}

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030D0000

/* A block of values is preceded by a prefix of bytes, the last of which tells its own length; the
 * number of values is what the class's table allowed for at that moment. Later it only shrinks, so
 * the prefix (room for size + 2 bytes, rounded up to words) bounds it from both sides. */
static size_t values_block(const PyDictValues *values, Py_ssize_t now)
{
    Py_ssize_t prefix = ((const uint8_t *)values)[-1];
    Py_ssize_t most = prefix - 2;
    Py_ssize_t least = prefix - 9;

    if (now < least) now = least;
    if (now > most) now = most;
    return (size_t)prefix + (size_t)now * WORD;
}

#endif

void layout_dict(PyObject *op, struct dict_view *view)
{
    PyDictObject *dict = (PyDictObject *)op;

    view_keys(dict->ma_keys, &view->keys);
    view->values = NULL;
    view->n_values = 0;
    view->values_bytes = 0;
    view->shared = dict->ma_values != NULL;
    view->borrowed_values = false;
    if (!view->shared) return;
    view->n_values = view->keys.n;
#if PY_VERSION_HEX < 0x030B0000
    view->values = dict->ma_values;
    view->values_bytes = (size_t)view->keys.capacity * WORD;
#elif PY_VERSION_HEX < 0x030D0000
    view->values = dict->ma_values->values;
    view->values_bytes = values_block(dict->ma_values, view->keys.capacity);
#else
    PyDictValues *values = dict->ma_values;
    view->values = values->values;
    view->borrowed_values = values->embedded != 0;
    if (view->n_values > values->capacity) view->n_values = values->capacity;
    if (!view->borrowed_values)
        view->values_bytes = offsetof(PyDictValues, values) + values->capacity * WORD +
                             ((values->capacity + WORD - 1) & ~(WORD - 1));
#endif
}

bool layout_cached_keys(PyTypeObject *type, struct keys_view *keys)
{
    if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) return false;
    const void *table = ((PyHeapTypeObject *)type)->ht_cached_keys;
    if (table == NULL) return false;
    view_keys(table, keys);
    return true;
}

/* The dictionary at tp_dictoffset; a negative offset counts from the end of a variable-sized
 * instance, as _PyObject_GetDictPtr does. */
static PyObject *dict_at_offset(PyObject *op, PyTypeObject *type)
{
    Py_ssize_t offset = type->tp_dictoffset;

    if (offset == 0) return NULL;
    if (offset < 0) {
        Py_ssize_t n = Py_SIZE(op);
        size_t size =
            (size_t)type->tp_basicsize + (size_t)(n < 0 ? -n : n) * (size_t)type->tp_itemsize;
        offset += (Py_ssize_t)((size + WORD - 1) & ~(WORD - 1));
    }
    return *(PyObject **)((char *)op + offset);
}

#if PY_VERSION_HEX < 0x030B0000

void layout_attrs(PyObject *op, PyTypeObject *type, struct attr_view *view)
{
    *view = (struct attr_view){ .dict = dict_at_offset(op, type) };
}

#else

static void view_values(PyTypeObject *type, PyDictValues *values, struct attr_view *view)
{
    if (!layout_cached_keys(type, &view->keys)) return;
    view->values = values->values;
    view->n_values = view->keys.n;
#if PY_VERSION_HEX >= 0x030D0000
    if (view->n_values > values->capacity) view->n_values = values->capacity;
#else
    view->values_bytes = values_block(values, view->keys.capacity);
#endif
}

void layout_attrs(PyObject *op, PyTypeObject *type, struct attr_view *view)
{
    memset(view, 0, sizeof(*view));
    if (!(type->tp_flags & Py_TPFLAGS_MANAGED_DICT)) {
        view->dict = dict_at_offset(op, type);
        return;
    }
#if PY_VERSION_HEX < 0x030C0000
    PyDictValues *values = ((PyDictValues **)op)[-4];
    view->dict = ((PyObject **)op)[-3];
    if (values != NULL) view_values(type, values, view);
#elif PY_VERSION_HEX < 0x030D0000
    uintptr_t either = ((uintptr_t *)op)[-3];
    if (either & 1)
        view_values(type, (PyDictValues *)(either + 1), view);
    else
        view->dict = (PyObject *)either;
#else
    view->dict = ((PyObject **)op)[-3];
    if (type->tp_flags & Py_TPFLAGS_INLINE_VALUES) {
        PyDictValues *values = (PyDictValues *)(void *)(op + 1);
        if (values->valid) view_values(type, values, view);
    }
#endif
}

#endif
