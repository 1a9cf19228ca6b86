/* SPDX-License-Identifier: MIT */
/*
 * What an array of numpy refers to: its elements where these are objects, the owner of the data of
 * a view, the type of its elements.
 *
 * An array is not known to the collector and shows its elements to nobody, so that they are read
 * from its structure. The beginning of that structure is part of numpy's binary interface since
 * 1.7 and the same in 1.x and 2.x; numpy is neither called nor imported. A class is taken for an
 * array's only if its slot for weak references stands where that structure has it, and an array for
 * one of objects only if the type of its elements says so twice.
 *
 * The elements are told once, by the array that owns the data. Their numbers count in the order of
 * the language C, as those of `array.flat` do, however the array lies in memory.
 *
 * Not told: objects inside structured elements.
 */
#include "walk.h"

#include <string.h>

/* PyArrayObject_fields of numpy's ndarraytypes.h. */
struct ndarray {
    PyObject head;
    char *data;
    int nd;
    const Py_ssize_t *dimensions;
    const Py_ssize_t *strides; /* bytes */
    PyObject *base;
    PyObject *descr;
    int flags;
    PyObject *weak_references;
    void *buffer_info;   /* since 1.20 */
    PyObject *allocator; /* since 1.22: a capsule */
};
#define OWNS_DATA     0x0004
#define LEAST_SIZE    offsetof(struct ndarray, buffer_info)
#define MOST_AXES     64
#define WORD_BYTES    ((Py_ssize_t)sizeof(PyObject *))

/* Beginning of PyArray_Descr. */
struct dtype {
    PyObject head;
    PyObject *scalar_type;
    char kind, type, byte_order, flags;
    int number;
};
#define KIND_OBJECT   'O'
#define NUMBER_OBJECT 17

/* The axes of an array that have more than one place. */
struct axes {
    int n;
    Py_ssize_t length[MOST_AXES];
    Py_ssize_t stride[MOST_AXES];
};

/* The class of that name along the bases that C code made, or NULL. */
static const PyTypeObject *named_base(const PyTypeObject *type, const char *name)
{
    while (type != NULL && (types_is_python_class(type) || strcmp(type->tp_name, name) != 0))
        type = type->tp_base;
    return type;
}

bool visit_is_ndarray(const PyTypeObject *type)
{
    const PyTypeObject *ndarray = named_base(type, "numpy.ndarray");

    return ndarray != NULL && ndarray->tp_basicsize >= (Py_ssize_t)LEAST_SIZE &&
           ndarray->tp_weaklistoffset == (Py_ssize_t)offsetof(struct ndarray, weak_references) &&
           ndarray->tp_itemsize == 0 && ndarray->tp_dictoffset == 0 && ndarray->tp_traverse == NULL;
}

static bool holds_objects(const struct ndarray *array)
{
    const struct dtype *dtype = (const struct dtype *)(const void *)array->descr;

    return dtype != NULL && dtype->kind == KIND_OBJECT && dtype->type == KIND_OBJECT &&
           dtype->number == NUMBER_OBJECT && named_base(Py_TYPE(dtype), "numpy.dtype") != NULL;
}

/* Whether no two places of an array are the same: taking the axes by their stride, each steps over
 * all that the ones before it span. What numpy allocates is so, and what it lets a program make of
 * that in place lies within the allocation. O(axes squared), of which there are one to three. */
static bool is_distinct(const struct axes *axes)
{
    Py_ssize_t span = WORD_BYTES, last = 0;

    for (int done = 0; done < axes->n; done++) {
        int next = -1;
        for (int i = 0; i < axes->n; i++) {
            if (axes->stride[i] > last && (next < 0 || axes->stride[i] < axes->stride[next]))
                next = i;
        }
        if (next < 0 || axes->stride[next] < span) return false;
        last = axes->stride[next];
        if (__builtin_mul_overflow(last, axes->length[next], &span)) return false;
    }
    return true;
}

/* The axes of an array of objects that owns its data; false: there is nothing to read. */
static bool find_axes(const struct ndarray *array, struct axes *axes)
{
    axes->n = 0;
    if (!(array->flags & OWNS_DATA) || array->data == NULL || array->nd < 0 ||
        array->nd > MOST_AXES || (uintptr_t)array->data % sizeof(PyObject *) != 0)
        return false;
    if (array->nd > 0 && (array->dimensions == NULL || array->strides == NULL)) return false;
    for (int i = 0; i < array->nd; i++) {
        Py_ssize_t length = array->dimensions[i];
        if (length <= 0) return false;
        if (length == 1) continue; /* any stride will do */
        if (array->strides[i] % WORD_BYTES != 0) return false;
        axes->length[axes->n] = length;
        axes->stride[axes->n++] = array->strides[i];
    }
    return is_distinct(axes);
}

/* Step all axes but the last to the next row; NULL: that was the last one. */
static const char *next_row(const struct axes *axes, Py_ssize_t *at, const char *row)
{
    for (int i = axes->n - 2; i >= 0; i--) {
        row += axes->stride[i];
        if (++at[i] < axes->length[i]) return row;
        row -= axes->stride[i] * axes->length[i];
        at[i] = 0;
    }
    return NULL;
}

void visit_ndarray_items(struct walk *walk, PyObject *op)
{
    const struct ndarray *array = (const struct ndarray *)(const void *)op;
    Py_ssize_t at[MOST_AXES] = { 0 };
    struct axes axes;
    uint64_t index = 0;
    bool hole = false;

    if (!holds_objects(array) || !find_axes(array, &axes)) return;
    Py_ssize_t n = axes.n > 0 ? axes.length[axes.n - 1] : 1;
    Py_ssize_t stride = axes.n > 0 ? axes.stride[axes.n - 1] : 0;
    for (const char *row = array->data; row != NULL; row = next_row(&axes, at, row)) {
        for (Py_ssize_t i = 0; i < n; i++, index++)
            walk_element(walk, *(PyObject *const *)(const void *)(row + i * stride), index, &hole);
    }
}

static void tell(struct walk *walk, const PyObject *target, const char *name)
{
    if (target != NULL)
        walk_edge(walk, target, SNAP_EDGE_ATTRIBUTE, (uint16_t)SNAP_EDGE_OWNS,
                  names_literal(&walk->names, name));
}

void visit_ndarray_fields(struct walk *walk, PyObject *op)
{
    const struct ndarray *array = (const struct ndarray *)(const void *)op;

    tell(walk, array->base, "base");
    tell(walk, array->descr, "dtype");
    if (named_base(Py_TYPE(op), "numpy.ndarray")->tp_basicsize >= (Py_ssize_t)sizeof(*array) &&
        array->allocator != NULL && Py_TYPE(array->allocator) == &PyCapsule_Type)
        tell(walk, array->allocator, "(allocator)");
}
