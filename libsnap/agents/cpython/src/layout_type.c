/* SPDX-License-Identifier: MIT */
/*
 * Types and instances: where a class keeps its dictionary, how many bytes an instance was given,
 * which fields of the runtime's own types hold references that neither the member descriptors nor
 * tp_traverse tell about.
 */
#define Py_BUILD_CORE 1
#include "layout.h"

#include <string.h>
#include <frameobject.h>
#include <structmember.h>

#if PY_VERSION_HEX >= 0x03090000
#include "internal/pycore_interp.h"
#endif
#if PY_VERSION_HEX >= 0x030B0000
#include "internal/pycore_frame.h"
#include "internal/pycore_object.h"
#include "internal/pycore_moduleobject.h"
#endif
#if PY_VERSION_HEX >= 0x030C0000
#include "internal/pycore_typeobject.h"
#endif

bool layout_immortal(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030C0000
    return _Py_IsImmortal(op);
#else
    (void)op;
    return false;
#endif
}

size_t layout_presize(PyTypeObject *type)
{
    size_t size = (type->tp_flags & Py_TPFLAGS_HAVE_GC) ? sizeof(struct gc_head) : 0;

#if PY_VERSION_HEX >= 0x030C0000
    if (type->tp_flags & Py_TPFLAGS_PREHEADER) size += 2 * sizeof(PyObject *);
#elif PY_VERSION_HEX >= 0x030B0000
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) size += 2 * sizeof(PyObject *);
#endif
    return size;
}

/* From 3.12 on the interpreter keeps what belongs to static classes of its own; the class's
 * tp_subclasses then holds a number, one more than the place in the interpreter's table. */
#if PY_VERSION_HEX >= 0x030C0000

#if PY_VERSION_HEX >= 0x030D0000
typedef managed_static_type_state static_state;
#else
typedef static_builtin_state static_state;
#endif

static static_state *state_of_static(PyTypeObject *type)
{
    if (!(type->tp_flags & _Py_TPFLAGS_STATIC_BUILTIN)) return NULL;
    size_t place = (size_t)type->tp_subclasses;
    struct types_state *types = &PyInterpreterState_Main()->types;
#if PY_VERSION_HEX >= 0x030D0000
    for (size_t i = 0; i < types->for_extensions.num_initialized; i++) {
        if (types->for_extensions.initialized[i].type == type)
            return &types->for_extensions.initialized[i];
    }
    static_state *states = types->builtins.initialized;
    size_t n = types->builtins.num_initialized;
#else
    static_state *states = types->builtins;
    size_t n = types->num_builtins_initialized;
#endif
    return place >= 1 && place <= n && states[place - 1].type == type ? &states[place - 1] : NULL;
}

PyObject *layout_type_dict(PyTypeObject *type)
{
    static_state *state = state_of_static(type);
    return state != NULL ? state->tp_dict : type->tp_dict;
}

PyObject *layout_type_subclasses(PyTypeObject *type)
{
    if (!(type->tp_flags & _Py_TPFLAGS_STATIC_BUILTIN)) return (PyObject *)type->tp_subclasses;
    static_state *state = state_of_static(type);
    return state != NULL ? state->tp_subclasses : NULL;
}

#else

PyObject *layout_type_dict(PyTypeObject *type)
{
    return type->tp_dict;
}

PyObject *layout_type_subclasses(PyTypeObject *type)
{
    return type->tp_subclasses;
}

#endif

PyObject *layout_type_module(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x03090000
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) return ((PyHeapTypeObject *)type)->ht_module;
#else
    (void)type;
#endif
    return NULL;
}

size_t layout_type_blocks(PyTypeObject *type, size_t *blocks)
{
    size_t n = 0;

    if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) return 0;
    if (type->tp_doc != NULL) blocks[n++] = strlen(type->tp_doc) + 1;
#if PY_VERSION_HEX >= 0x030B0000
    const char *own_name = ((PyHeapTypeObject *)type)->_ht_tpname;
    if (own_name != NULL) blocks[n++] = strlen(own_name) + 1;
#endif
    return n;
}

Py_ssize_t layout_items(PyObject *op, bool *extra_item)
{
    PyTypeObject *type = Py_TYPE(op);

    /* PyType_GenericAlloc asks for one item more, as a sentinel; classes and the instances of
     * heap types are made by it, instances of the runtime's own types mostly are not. */
    *extra_item = (type->tp_flags & (Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_TYPE_SUBCLASS)) != 0;
    if (type->tp_itemsize == 0) return 0;
#if PY_VERSION_HEX >= 0x030C0000
    if (PyLong_Check(op)) {
        Py_ssize_t digits = (Py_ssize_t)(((PyLongObject *)op)->long_value.lv_tag >> 3);
        return digits > 0 ? digits : 1;
    }
#endif
    Py_ssize_t n = Py_SIZE(op);
    return n < 0 ? -n : n;
}

/* Instances whose tp_itemsize means the room of a frame, not items counted by ob_size. */
static bool is_frame_like(PyTypeObject *type)
{
    return type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type ||
           type == &PyFrame_Type;
}

size_t layout_basic_size(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    bool extra;

    if (is_frame_like(type)) return layout_frame_size(op);
    size_t size = (size_t)type->tp_basicsize;
    if (type->tp_itemsize != 0) {
        size_t items = (size_t)layout_items(op, &extra) + (extra ? 1 : 0);
        size += items * (size_t)type->tp_itemsize;
        size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
    } else if (type->tp_flags & Py_TPFLAGS_UNICODE_SUBCLASS && type == &PyUnicode_Type) {
        struct str_view view;
        layout_str(op, &view);
        if (!PyUnicode_IS_COMPACT(op))
            size = sizeof(PyUnicodeObject);
        else if (view.ascii)
            size = sizeof(PyASCIIObject) + view.length + 1;
        else
            size = sizeof(PyCompactUnicodeObject) + (view.length + 1) * view.kind;
    }
#if PY_VERSION_HEX >= 0x030D0000
    if (type->tp_flags & Py_TPFLAGS_INLINE_VALUES) {
        struct keys_view keys;
        if (layout_cached_keys(type, &keys)) {
            size_t n = ((const uint8_t *)(op + 1))[0]; /* _dictvalues.capacity */
            size += sizeof(void *) + n * sizeof(void *) +
                    ((n + sizeof(void *) - 1) & ~(sizeof(void *) - 1));
        }
    }
#endif
    return size;
}

void layout_str(PyObject *str, struct str_view *view)
{
    view->kind = (unsigned)((PyASCIIObject *)str)->state.kind;
    view->ascii = ((PyASCIIObject *)str)->state.ascii != 0;
    view->interned = ((PyASCIIObject *)str)->state.interned != 0;
    view->length = (size_t)((PyASCIIObject *)str)->length;
    view->data = NULL;
    if (((PyASCIIObject *)str)->state.compact)
        view->data = view->ascii ? (const void *)((PyASCIIObject *)str + 1)
                                 : (const void *)((PyCompactUnicodeObject *)str + 1);
    else if (view->kind != 0)
        view->data = ((PyUnicodeObject *)str)->data.any;
    if (view->data == NULL) view->length = 0;
}

size_t layout_str_extra(PyObject *str, size_t *blocks)
{
    PyASCIIObject *ascii = (PyASCIIObject *)str;
    PyCompactUnicodeObject *compact = (PyCompactUnicodeObject *)str;
    bool has_compact_part = !(ascii->state.compact && ascii->state.ascii);
    struct str_view view;
    size_t n = 0;

    layout_str(str, &view);
    if (!ascii->state.compact && view.data != NULL) blocks[n++] = (view.length + 1) * view.kind;
    if (has_compact_part && compact->utf8 != NULL && (const void *)compact->utf8 != view.data)
        blocks[n++] = (size_t)compact->utf8_length + 1;
#if PY_VERSION_HEX < 0x030C0000
    if (ascii->wstr != NULL && (const void *)ascii->wstr != view.data) {
        size_t length = has_compact_part ? (size_t)compact->wstr_length : (size_t)ascii->length;
        blocks[n++] = (length + 1) * sizeof(wchar_t);
    }
#endif
    return n;
}

bool layout_int(PyObject *op, int64_t *value)
{
#if PY_VERSION_HEX >= 0x030C0000
    const _PyLongValue *v = &((PyLongObject *)op)->long_value;
    size_t n = v->lv_tag >> 3;
    bool negative = (v->lv_tag & 3) == 2;
    const digit *digits = v->ob_digit;
#else
    Py_ssize_t size = Py_SIZE(op);
    bool negative = size < 0;
    size_t n = (size_t)(negative ? -size : size);
    const digit *digits = ((PyLongObject *)op)->ob_digit;
#endif
    uint64_t sum = 0;

    if (n > 2) return false;
    for (size_t i = n; i-- > 0;) sum = (sum << PyLong_SHIFT) | digits[i];
    *value = negative ? -(int64_t)sum : (int64_t)sum;
    return true;
}

/* ---- fields ---------------------------------------------------------------------------------- */

#define FIELD(type, member, text)                                                                  \
    {                                                                                              \
        (uint32_t) offsetof(type, member), 0, text                                                 \
    }
#define FIELDS_END                                                                                 \
    {                                                                                              \
        0, 0, NULL                                                                                 \
    }

static const struct layout_field function_fields[] = {
    FIELD(PyFunctionObject, func_code, "__code__"),
    FIELD(PyFunctionObject, func_globals, "__globals__"),
#if PY_VERSION_HEX >= 0x030A0000
    FIELD(PyFunctionObject, func_builtins, "__builtins__"),
#endif
    FIELD(PyFunctionObject, func_defaults, "__defaults__"),
    FIELD(PyFunctionObject, func_kwdefaults, "__kwdefaults__"),
    FIELD(PyFunctionObject, func_closure, "__closure__"),
    FIELD(PyFunctionObject, func_doc, "__doc__"),
    FIELD(PyFunctionObject, func_name, "__name__"),
    FIELD(PyFunctionObject, func_module, "__module__"),
    FIELD(PyFunctionObject, func_annotations, "__annotations__"),
    FIELD(PyFunctionObject, func_qualname, "__qualname__"),
#if PY_VERSION_HEX >= 0x030C0000
    FIELD(PyFunctionObject, func_typeparams, "__type_params__"),
#endif
    FIELDS_END
};

static const struct layout_field cell_fields[] = { FIELD(PyCellObject, ob_ref, "cell_contents"),
                                                   FIELDS_END };

static const struct layout_field cfunction_fields[] = {
    FIELD(PyCFunctionObject, m_self, "__self__"), FIELDS_END
};

/* d_qualname is filled in at the first question; the others have member descriptors. */
static const struct layout_field descr_fields[] = {
    FIELD(PyDescrObject, d_qualname, "__qualname__"), FIELDS_END
};

static const struct layout_field exception_fields[] = {
    FIELD(PyBaseExceptionObject, args, "args"),
#if PY_VERSION_HEX >= 0x030B0000
    FIELD(PyBaseExceptionObject, notes, "__notes__"),
#endif
    FIELD(PyBaseExceptionObject, traceback, "__traceback__"),
    FIELD(PyBaseExceptionObject, context, "__context__"),
    FIELD(PyBaseExceptionObject, cause, "__cause__"),
    FIELDS_END
};

static const struct layout_field traceback_fields[] = {
    FIELD(PyTracebackObject, tb_next, "tb_next"), FIELDS_END
};

/* start, stop and step have member descriptors; length stands behind them. */
static const struct layout_field range_fields[] = {
    { (uint32_t)(sizeof(PyObject) + 3 * sizeof(PyObject *)), 0, "length" }, FIELDS_END
};

/* PyModuleObject is declared by an internal header only from 3.11 on; it has not changed since
 * 3.8: after the dictionary come the definition, the state, the weak references and the name. */
static const struct layout_field module_fields[] = {
    { (uint32_t)(sizeof(PyObject) + 4 * sizeof(PyObject *)), 0, "__name__" }, FIELDS_END
};

#if PY_VERSION_HEX < 0x030B0000
#define GENERATOR_FIELDS                                                                           \
    FIELD(PyGenObject, gi_frame, "gi_frame"), FIELD(PyGenObject, gi_code, "gi_code"),              \
        FIELD(PyGenObject, gi_name, "__name__"), FIELD(PyGenObject, gi_qualname, "__qualname__"),  \
        FIELD(PyGenObject, gi_exc_state.exc_value, "(exception being handled)"),                   \
        FIELD(PyGenObject, gi_exc_state.exc_type, "(exception type)"),                             \
        FIELD(PyGenObject, gi_exc_state.exc_traceback, "(exception traceback)")
#elif PY_VERSION_HEX < 0x030C0000
#define GENERATOR_FIELDS                                                                           \
    FIELD(PyGenObject, gi_code, "gi_code"), FIELD(PyGenObject, gi_name, "__name__"),               \
        FIELD(PyGenObject, gi_qualname, "__qualname__"),                                           \
        FIELD(PyGenObject, gi_exc_state.exc_value, "(exception being handled)")
#else
#define GENERATOR_FIELDS                                                                           \
    FIELD(PyGenObject, gi_name, "__name__"), FIELD(PyGenObject, gi_qualname, "__qualname__"),      \
        FIELD(PyGenObject, gi_exc_state.exc_value, "(exception being handled)")
#endif

static const struct layout_field generator_fields[] = { GENERATOR_FIELDS, FIELDS_END };

/* The field for the origin is left as it was in a plain generator: only these two fill it in. */
static const struct layout_field coroutine_fields[] = { GENERATOR_FIELDS,
#if PY_VERSION_HEX >= 0x030B0000
                                                        FIELD(PyCoroObject, cr_origin_or_finalizer,
                                                              "cr_origin"),
#else
                                                        FIELD(PyCoroObject, cr_origin, "cr_origin"),
#endif
                                                        FIELDS_END };

static const struct layout_field async_gen_fields[] = {
    GENERATOR_FIELDS,
#if PY_VERSION_HEX >= 0x030B0000
    FIELD(PyAsyncGenObject, ag_origin_or_finalizer, "(finalizer)"),
#else
    FIELD(PyAsyncGenObject, ag_finalizer, "(finalizer)"),
#endif
    FIELDS_END
};

static const struct layout_field frame_fields[] = { FIELD(PyFrameObject, f_back, "f_back"),
                                                    FIELD(PyFrameObject, f_trace, "f_trace"),
#if PY_VERSION_HEX < 0x030B0000
                                                    FIELD(PyFrameObject, f_code, "f_code"),
                                                    FIELD(PyFrameObject, f_builtins, "f_builtins"),
                                                    FIELD(PyFrameObject, f_globals, "f_globals"),
                                                    FIELD(PyFrameObject, f_locals, "f_locals"),
#elif PY_VERSION_HEX >= 0x030D0000
                                                    FIELD(PyFrameObject, f_extra_locals,
                                                          "(extra locals)"),
                                                    FIELD(PyFrameObject, f_locals_cache,
                                                          "(locals cache)"),
#endif
                                                    FIELDS_END };

static const struct layout_field code_fields[] = {
#if PY_VERSION_HEX < 0x030B0000
    FIELD(PyCodeObject, co_code, "co_code"),
    FIELD(PyCodeObject, co_varnames, "co_varnames"),
    FIELD(PyCodeObject, co_freevars, "co_freevars"),
    FIELD(PyCodeObject, co_cellvars, "co_cellvars"),
#else
    FIELD(PyCodeObject, co_exceptiontable, "co_exceptiontable"),
    FIELD(PyCodeObject, co_localsplusnames, "co_localsplusnames"),
    FIELD(PyCodeObject, co_localspluskinds, "co_localspluskinds"),
    FIELD(PyCodeObject, co_qualname, "co_qualname"),
#endif
    FIELD(PyCodeObject, co_consts, "co_consts"),
    FIELD(PyCodeObject, co_names, "co_names"),
    FIELD(PyCodeObject, co_filename, "co_filename"),
    FIELD(PyCodeObject, co_name, "co_name"),
#if PY_VERSION_HEX < 0x030A0000
    FIELD(PyCodeObject, co_lnotab, "co_lnotab"),
#else
    FIELD(PyCodeObject, co_linetable, "co_linetable"),
#endif
    FIELDS_END
};

const struct layout_field *layout_fields(PyTypeObject *type)
{
    static const struct {
        PyTypeObject *type;
        const struct layout_field *fields;
    } table[] = {
        { &PyFunction_Type, function_fields },   { &PyCell_Type, cell_fields },
        { &PyCFunction_Type, cfunction_fields }, { &PyMethodDescr_Type, descr_fields },
        { &PyMemberDescr_Type, descr_fields },   { &PyGetSetDescr_Type, descr_fields },
        { &PyWrapperDescr_Type, descr_fields },  { &PyClassMethodDescr_Type, descr_fields },
        { &PyTraceBack_Type, traceback_fields }, { &PyRange_Type, range_fields },
        { &PyModule_Type, module_fields },       { &PyGen_Type, generator_fields },
        { &PyCoro_Type, coroutine_fields },      { &PyAsyncGen_Type, async_gen_fields },
        { &PyFrame_Type, frame_fields },         { &PyCode_Type, code_fields },
    };

    if ((PyObject *)type == PyExc_BaseException) return exception_fields;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].type == type) return table[i].fields;
    }
    return NULL;
}
