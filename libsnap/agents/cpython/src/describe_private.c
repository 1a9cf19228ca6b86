/* SPDX-License-Identifier: MIT */
/*
 * Containers, resources and buffers of the standard library whose structures are declared in no
 * header: the beginnings that are relied on here are checked against real objects before they are
 * used (probe.c), and left alone where they differ.
 */
#include "describe_impl.h"

#include <string.h>

#define WORD sizeof(void *)

/* deque and array of the standard library: beginnings of private structures, checked at import. */
struct deque_head {
    PyVarObject base;
    void *left, *right;
    Py_ssize_t left_index, right_index;
    size_t state;
    Py_ssize_t maxlen;
    Py_ssize_t n_free; /* from 3.11 on: blocks kept for use later */
};
#define DEQUE_BLOCK_ITEMS 64
#define DEQUE_BLOCK_BYTES ((DEQUE_BLOCK_ITEMS + 2) * WORD)

struct array_head {
    PyVarObject base;
    char *items;
    Py_ssize_t allocated;
    const struct {
        char typecode;
        int itemsize;
    } * descr;
};

static void describe_deque(struct sum *sum, PyObject *op)
{
    const struct deque_head *deque = (const struct deque_head *)(void *)op;
    size_t n = (size_t)Py_SIZE(op);
    size_t blocks =
        n == 0 ? 1 : ((size_t)deque->left_index + n + DEQUE_BLOCK_ITEMS - 1) / DEQUE_BLOCK_ITEMS;

    set_length(sum->row, n);
    set_capacity(sum->row, blocks * DEQUE_BLOCK_ITEMS);
#if PY_VERSION_HEX >= 0x030B0000
    blocks += (size_t)deque->n_free;
#endif
    sum->row->shallow_size += blocks * describe_block(sum->describe, DEQUE_BLOCK_BYTES);
    if (deque->maxlen >= 0) {
        sum->row->bound = (uint64_t)deque->maxlen;
        sum->row->have |= SNAP_HAS_BOUND;
    }
}

static void describe_array(struct sum *sum, PyObject *op)
{
    const struct array_head *array = (const struct array_head *)(void *)op;
    size_t width =
        array->descr != NULL && array->descr->itemsize > 0 ? (size_t)array->descr->itemsize : 1;

    set_length(sum->row, (size_t)Py_SIZE(op));
    set_capacity(sum->row, (size_t)array->allocated);
    if (array->items != NULL) describe_add_block(sum, (size_t)array->allocated * width);
}

static void set_resource(snap_object *row, unsigned resource, bool open)
{
    row->resource = (uint8_t)resource;
    row->state = open ? SNAP_STATE_OPEN : SNAP_STATE_CLOSED;
    row->have |= SNAP_HAS_RESOURCE | SNAP_HAS_STATE;
}

/* ---- resources: beginnings of private structures, checked at import (probe.c) ---------------- */

static int int_at(PyObject *op, size_t offset)
{
    int value;
    memcpy(&value, (char *)op + offset, sizeof(value));
    return value;
}

static size_t word_at(PyObject *op, size_t offset)
{
    size_t value;
    memcpy(&value, (char *)op + offset, sizeof(value));
    return value;
}

#define LRU_MAXSIZE 96 /* struct lru_cache_object: Py_ssize_t maxsize */
#define LRU_CACHE   72 /* struct lru_cache_object: PyObject *cache */

static void describe_lru_cache(snap_object *row, PyObject *op)
{
    PyObject *cache = (PyObject *)word_at(op, LRU_CACHE);
    Py_ssize_t maxsize = (Py_ssize_t)word_at(op, LRU_MAXSIZE);

    if (cache != NULL && PyDict_Check(cache))
        set_length(row, (size_t)((PyDictObject *)cache)->ma_used);
    if (maxsize >= 0) {
        row->bound = (uint64_t)maxsize;
        row->have |= SNAP_HAS_BOUND;
    }
}

static void set_native(snap_object *row, size_t size, uintptr_t address)
{
    row->native_size = size;
    row->have |= SNAP_HAS_NATIVE;
    if (address != 0) {
        row->buffer = address;
        row->have |= SNAP_HAS_BUFFER;
    }
}

#define DATETIME_HAS_ZONE 24 /* PyDateTime_DateTime, _Time: char hastzinfo */

/* Beginning of PyArrayObject, part of numpy's binary interface since 1.7. */
struct ndarray_head {
    PyObject head;
    char *data;
    int nd;
    Py_ssize_t *dimensions;
    Py_ssize_t *strides;
    PyObject *base;
    PyObject *descr;
    int flags;
};
#define NDARRAY_OWNDATA 0x0004

/* The bytes that the array spans; they are its own only where it owns its data. */
static void describe_ndarray(snap_object *row, PyObject *op)
{
    const struct ndarray_head *array = (const struct ndarray_head *)(void *)op;
    size_t items = 1;
    Py_ssize_t span = 0;

    if (!(array->flags & NDARRAY_OWNDATA) || array->nd < 0 || array->nd > 64) return;
    for (int i = 0; i < array->nd; i++) {
        items *= (size_t)array->dimensions[i];
        Py_ssize_t stride = array->strides[i] < 0 ? -array->strides[i] : array->strides[i];
        if (array->dimensions[i] > 0 && array->dimensions[i] * stride > span)
            span = array->dimensions[i] * stride;
    }
    if (items > 0 && span > 0) set_native(row, (size_t)span, (uintptr_t)array->data);
    set_length(row, items);
}

/* Beginning of CDataObject (ctypes.h of _ctypes): data beyond a few words has a block of its own.
 */
struct cdata_head {
    PyObject head;
    char *data;
    int needs_free;
    void *base;
    Py_ssize_t size;
};

static void describe_ctypes(struct sum *sum, PyObject *op)
{
    const struct cdata_head *cdata = (const struct cdata_head *)(const void *)op;
    const char *start = (const char *)op;
    bool inside = cdata->data >= start && cdata->data < start + Py_TYPE(op)->tp_basicsize;

    if (cdata->needs_free && !inside && cdata->size > 0)
        describe_add_block(sum, (size_t)cdata->size);
}

/* Dates and times without a zone lack the last field. */
static void describe_datetime(struct sum *sum, PyObject *op, const struct type_info *info)
{
    bool has_zone = ((const char *)op)[DATETIME_HAS_ZONE] != 0;

    if (has_zone || (info->type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0) return;
    sum->row->shallow_size =
        describe_block(sum->describe, (size_t)info->type->tp_basicsize - sizeof(PyObject *));
}

static void describe_items(struct sum *sum, PyObject *op, const struct type_info *info)
{
    size_t items = ((size_t)Py_SIZE(op) + info->more_items) * (size_t)info->type->tp_itemsize;

    sum->row->shallow_size =
        describe_block(sum->describe, info->presize + (size_t)info->type->tp_basicsize + items);
}

static void add_hidden(void *ctx, size_t size, bool raw)
{
    struct sum *sum = ctx;

    if (size == 0) return;
    sum->row->shallow_size +=
        raw ? describe_malloc_block(sum->describe, size) : describe_block(sum->describe, size);
}

void describe_private(struct sum *sum, PyObject *op, const struct type_info *info)
{
    const size_t first = sizeof(PyObject);
    snap_object *row = sum->row;

    switch (info->describe) {
    case DESCRIBE_DEQUE:
        describe_deque(sum, op);
        break;
    case DESCRIBE_ARRAY:
        describe_array(sum, op);
        break;
    case DESCRIBE_FILEIO:
        set_resource(row, SNAP_RESOURCE_FILE, int_at(op, first) >= 0);
        break;
    case DESCRIBE_SOCKET:
        set_resource(row, SNAP_RESOURCE_SOCKET, int_at(op, first) >= 0);
        break;
    case DESCRIBE_EPOLL:
        set_resource(row, SNAP_RESOURCE_SELECTOR, int_at(op, first) >= 0);
        break;
    case DESCRIBE_MMAP: {
        uintptr_t data = word_at(op, first);
        set_resource(row, SNAP_RESOURCE_MAPPING, data != 0);
        if (data != 0) set_native(row, word_at(op, first + WORD), data);
        break;
    }
    case DESCRIBE_CTYPES:
        describe_ctypes(sum, op);
        break;
    case DESCRIBE_LRU_CACHE:
        describe_lru_cache(row, op);
        break;
    case DESCRIBE_NDARRAY:
        describe_ndarray(row, op);
        break;
    case DESCRIBE_DATETIME:
        describe_datetime(sum, op, info);
        break;
    case DESCRIBE_STRUCT_SEQUENCE:
        set_length(row, (size_t)Py_SIZE(op));
        describe_items(sum, op, info);
        break;
    case DESCRIBE_ITEMS:
        describe_items(sum, op, info);
        break;
    case DESCRIBE_HIDDEN: {
        size_t native = hidden_blocks(info->hidden, op, add_hidden, sum);
        if (native > 0) set_native(row, native, 0);
        break;
    }
    default:
        break;
    }
}
