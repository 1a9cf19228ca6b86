/* SPDX-License-Identifier: MIT */
/*
 * The columns of one object. The contract and the rule of sizes are in describe.h.
 */
#include "describe.h"

#include "describe_impl.h"

#include <string.h>

#define POOLED_MOST   512u
#define MALLOC_ALIGN  16u
#define MALLOC_HEADER 8u
#define MALLOC_LEAST  24u
#define WORD          sizeof(void *)

/* ---- blocks ---------------------------------------------------------------------------------- */

size_t describe_malloc_block(const struct describe *describe, size_t size)
{
    if (describe->debug_bytes < 0) return size;
    size += (size_t)describe->debug_bytes;
    size_t chunk = (size + MALLOC_HEADER + MALLOC_ALIGN - 1) & ~(size_t)(MALLOC_ALIGN - 1);
    size_t given = chunk - MALLOC_HEADER;
    return given < MALLOC_LEAST ? MALLOC_LEAST : given;
}

size_t describe_block(const struct describe *describe, size_t size)
{
    if (describe->debug_bytes < 0) return size;
    size_t asked = size + (size_t)describe->debug_bytes;
    if (!describe->pooled || asked > POOLED_MOST) return describe_malloc_block(describe, size);
    return asked == 0 ? 16 : (asked + 15) & ~(size_t)15;
}

void describe_init(struct describe *describe)
{
    memset(describe, 0, sizeof(*describe));
    describe->debug_bytes = layout_allocator(&describe->pooled);
    images_init(&describe->images);
}

/* Segments lie far apart and heap objects together, so that the gap of the last address mostly
 * answers. */
static bool is_static(struct describe *describe, uintptr_t addr)
{
    const struct images *images = &describe->images;

    if (addr >= describe->gap_start && addr < describe->gap_end) return false;
    unsigned at = images_after(images, addr);
    if (at < images->n && addr >= images->segments[at].start) return true;
    describe->gap_start = at > 0 ? images->segments[at - 1].end : 0;
    describe->gap_end = at < images->n ? images->segments[at].start : UINTPTR_MAX;
    return false;
}

/* ---- by type --------------------------------------------------------------------------------- */

void describe_add_block(void *ctx, size_t size)
{
    struct sum *sum = ctx;
    if (size > 0) sum->row->shallow_size += describe_block(sum->describe, size);
}

static void describe_str(struct sum *sum, const struct names *names, PyObject *op)
{
    struct str_view view;
    size_t blocks[3];

    layout_str(op, &view);
    size_t n = layout_str_extra(op, blocks);
    for (size_t i = 0; i < n; i++) describe_add_block(sum, blocks[i]);
    if (view.data == NULL) return;
    set_length(sum->row, view.length);
    if (view.interned)
        sum->row->flags |= SNAP_OBJECT_INTERNED;
    else {
        sum->row->hash = names_content_hash(names, op);
        sum->row->have |= SNAP_HAS_HASH;
    }
}

static void describe_list(struct sum *sum, PyObject *op)
{
    PyListObject *list = (PyListObject *)op;

    set_length(sum->row, (size_t)Py_SIZE(op));
    set_capacity(sum->row, (size_t)list->allocated);
    if (list->ob_item != NULL) describe_add_block(sum, (size_t)list->allocated * WORD);
}

/* A node of an ordered dictionary's list: key, hash, two links (odictobject.c). After the head of
 * a plain dictionary come the ends of the list, a table of nodes and the table's length. */
#define ODICT_NODE   (4 * WORD)
#define ODICT_LENGTH (sizeof(PyDictObject) + 3 * WORD)

static void describe_dict(struct sum *sum, PyObject *op, const struct type_info *info)
{
    struct dict_view view;
    size_t used = (size_t)((PyDictObject *)op)->ma_used;

    layout_dict(op, &view);
    set_length(sum->row, used);
    set_capacity(sum->row, (size_t)view.keys.capacity);
    if (!view.shared) describe_add_block(sum, view.keys.bytes);
    describe_add_block(sum, view.values_bytes);
    if (info->visit == VISIT_ODICT && private_layouts.ordered) {
        size_t length;
        memcpy(&length, (const char *)op + ODICT_LENGTH, sizeof(length));
        sum->row->shallow_size += used * describe_block(sum->describe, ODICT_NODE);
        describe_add_block(sum, length * WORD);
    }
}

static void describe_set(struct sum *sum, PyObject *op)
{
    PySetObject *set = (PySetObject *)op;

    set_length(sum->row, (size_t)set->used);
    set_capacity(sum->row, (size_t)set->mask + 1);
    if (set->table != set->smalltable)
        describe_add_block(sum, ((size_t)set->mask + 1) * sizeof(setentry));
}

static void describe_bytearray(struct sum *sum, PyObject *op)
{
    PyByteArrayObject *array = (PyByteArrayObject *)op;

    set_length(sum->row, (size_t)Py_SIZE(op));
    set_capacity(sum->row, (size_t)array->ob_alloc);
    if (array->ob_bytes != NULL) describe_add_block(sum, (size_t)array->ob_alloc);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void describe_class(struct sum *sum, struct names *names, PyObject *op)
{
    PyTypeObject *type = (PyTypeObject *)op;
    struct keys_view keys;
    size_t blocks[2];

    sum->row->flags |= SNAP_OBJECT_CLASS;
    size_t n = layout_type_blocks(type, blocks);
    for (size_t i = 0; i < n; i++) describe_add_block(sum, blocks[i]);
    if (layout_cached_keys(type, &keys)) describe_add_block(sum, keys.bytes);
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE)
        sum->row->name = types_class_name(names, type);
    else
        sum->row->name = names_literal(names, type->tp_name);
}

static void describe_gen(snap_object *row, struct names *names, PyObject *op)
{
    struct gen_view view;

    layout_gen(op, &view);
    row->name = names_program(names, view.qualname);
    if (view.suspended) row->flags |= SNAP_OBJECT_SUSPENDED;
    if (view.running) row->flags |= SNAP_OBJECT_RUNNING;
}

static void describe_module(struct sum *sum, struct names *names, PyObject *op)
{
    struct attr_view view;
    const PyModuleDef *def = PyModule_GetDef(op);

    layout_attrs(op, Py_TYPE(op), &view);
    sum->row->name = names_words(names, types_lookup(view.dict, "__name__"));
    if (def != NULL && def->m_size > 0 && PyModule_GetState(op) != NULL)
        describe_add_block(sum, (size_t)def->m_size);
}

static int find_name(PyObject *op, void *arg)
{
    PyObject **found = arg;

    if (op != NULL && *found == NULL &&
        (Py_TYPE(op) == &PyUnicode_Type || Py_TYPE(op) == &PyLong_Type))
        *found = op;
    return 0;
}

/* The first str or int that a task's traverse function shows is its name, in all versions: it comes
 * before the result. From 3.12 on a name that nobody asked for yet is the number in "Task-7". */
static void describe_task(snap_object *row, struct names *names, PyObject *op,
                          const struct type_info *info)
{
    PyObject *name = NULL;
    int64_t number;

    if (info->traverse != NULL) (void)info->traverse(op, find_name, &name);
    if (name == NULL) return;
    if (PyUnicode_Check(name))
        row->name = names_label(names, name);
    else if (layout_int(name, &number) && number >= 0)
        row->name = names_numbered(names, "Task-", (uint64_t)number);
}

/* ---- the row --------------------------------------------------------------------------------- */

static void describe_by_type(struct sum *sum, struct names *names, PyObject *op,
                             const struct type_info *info)
{
    switch (info->describe) {
    case DESCRIBE_PLAIN:
        break;
    case DESCRIBE_STR:
        describe_str(sum, names, op);
        break;
    case DESCRIBE_BYTES:
        set_length(sum->row, (size_t)Py_SIZE(op));
        sum->row->hash = names_content_hash(names, op);
        sum->row->have |= SNAP_HAS_HASH;
        break;
    case DESCRIBE_LIST:
        describe_list(sum, op);
        break;
    case DESCRIBE_TUPLE:
        set_length(sum->row, (size_t)Py_SIZE(op));
        break;
    case DESCRIBE_DICT:
        describe_dict(sum, op, info);
        break;
    case DESCRIBE_SET:
        describe_set(sum, op);
        break;
    case DESCRIBE_BYTEARRAY:
        describe_bytearray(sum, op);
        break;
    case DESCRIBE_TYPE:
        describe_class(sum, names, op);
        break;
    case DESCRIBE_CODE:
        sum->row->name = names_program(names, layout_code_qualname((PyCodeObject *)op));
        layout_code_blocks((PyCodeObject *)op, describe_add_block, sum);
        break;
    case DESCRIBE_FUNCTION:
        sum->row->name = names_program(names, ((PyFunctionObject *)op)->func_qualname);
        break;
    case DESCRIBE_GEN:
        describe_gen(sum->row, names, op);
        break;
    case DESCRIBE_MODULE:
        describe_module(sum, names, op);
        break;
    case DESCRIBE_TASK:
        describe_task(sum->row, names, op, info);
        break;
    default:
        describe_private(sum, op, info);
    }
}

void describe_object(struct describe *describe, struct names *names, PyObject *op,
                     const struct type_info *info, snap_object *row)
{
    struct sum sum = { describe, row };

    *row = (snap_object){ .id = (uint64_t)(uintptr_t)op, .type = info->id };
    if (is_static(describe, (uintptr_t)op))
        row->flags |= SNAP_OBJECT_STATIC | SNAP_OBJECT_IMMORTAL;
    else
        row->shallow_size = describe_block(describe, info->presize + layout_basic_size(op));
    /* The count of an object that is never freed says nothing: it starts anywhere. */
    if (row->flags & SNAP_OBJECT_STATIC || layout_immortal(op)) {
        row->flags |= SNAP_OBJECT_IMMORTAL;
    } else {
        row->refcount = (uint64_t)Py_REFCNT(op);
        row->have |= SNAP_HAS_REFCOUNT;
    }
    if (info->weakrefs && *(PyObject **)((char *)op + info->type->tp_weaklistoffset) != NULL)
        row->flags |= SNAP_OBJECT_WEAKREFED;
    if (info->has_attrs && PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030D0000) {
        struct attr_view view;
        layout_attrs(op, info->type, &view);
        describe_add_block(&sum, view.values_bytes);
    }
    describe_by_type(&sum, names, op, info);
}

size_t describe_text(PyObject *op, const struct type_info *info, char *out)
{
    static const char digits[] = "0123456789abcdef";
    int64_t number;
    size_t n = 0;

    if (info->describe == DESCRIBE_STR) {
        struct str_view view;
        layout_str(op, &view);
        return view.data != NULL ? names_utf8(op, DESCRIBE_TEXT / 6, out) : 0;
    }
    if (info->describe == DESCRIBE_BYTES) {
        const unsigned char *bytes = (const unsigned char *)PyBytes_AS_STRING(op);
        for (Py_ssize_t i = 0; i < Py_SIZE(op) && n + 4 <= DESCRIBE_TEXT; i++) {
            if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\') {
                out[n++] = (char)bytes[i];
                continue;
            }
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = digits[bytes[i] >> 4];
            out[n++] = digits[bytes[i] & 15];
        }
        return n;
    }
    if (PyLong_Check(op) && layout_int(op, &number)) {
        char text[24];
        uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
        do text[n++] = (char)('0' + left % 10);
        while ((left /= 10) != 0);
        if (number < 0) text[n++] = '-';
        for (size_t i = 0; i < n; i++) out[i] = text[n - 1 - i];
    }
    return n;
}
