/* SPDX-License-Identifier: MIT */
/*
 * Facts about classes, cached by address. The contract is in types.h.
 *
 * Named fields come from two sources: member descriptors that describe an object pointer at a fixed
 * offset (`__slots__`, and what C types show of themselves), and a table of fields of the runtime's
 * own types (layout_fields). Both hold for subclasses, so all classes along tp_base are asked.
 */
#include "types.h"

#include <string.h>
#include <frameobject.h>
#include <structmember.h>

/* What all Python classes have in common; the same functions in the whole process, set once at
 * import. */
static traverseproc subtype_traverse;
static destructor subtype_dealloc;

struct private_layouts private_layouts;

/* By name, since these types are private to their modules. `layout` points to the flag that says
 * whether the structure was found to be as expected; NULL: nothing private is looked at. */
static const struct {
    const char *name; /* tp_name */
    enum describe_how describe;
    const bool *layout;
} by_name[] = {
    { "collections.deque", DESCRIBE_DEQUE, &private_layouts.deque },
    { "array.array", DESCRIBE_ARRAY, &private_layouts.array },
    { "_io.FileIO", DESCRIBE_FILEIO, &private_layouts.fileio },
    { "_socket.socket", DESCRIBE_SOCKET, &private_layouts.socket },
    { "mmap.mmap", DESCRIBE_MMAP, &private_layouts.mmap },
    { "functools._lru_cache_wrapper", DESCRIBE_LRU_CACHE, &private_layouts.lru_cache },
    { "select.epoll", DESCRIBE_EPOLL, &private_layouts.epoll },
    { "_ctypes._CData", DESCRIBE_CTYPES, &private_layouts.ctypes },
    { "_asyncio.Task", DESCRIBE_TASK, NULL },
    { "numpy.ndarray", DESCRIBE_NDARRAY, NULL },
    { "datetime.datetime", DESCRIBE_DATETIME, &private_layouts.datetime },
    { "datetime.time", DESCRIBE_DATETIME, &private_layouts.datetime },
    { "re.Pattern", DESCRIBE_ITEMS, NULL },
    { "re.Match", DESCRIBE_ITEMS, NULL },
    { "_sre.SRE_Template", DESCRIBE_ITEMS, NULL },
};

void types_init(struct types *types, struct arena *arena, struct names *names,
                const struct images *images, snap_writer *writer)
{
    memset(types, 0, sizeof(*types));
    types->images = images;
    types->arena = arena;
    types->names = names;
    types->writer = writer;
    types->dict_name = names_literal(names, "__dict__");
}

void types_learn_subtype_traverse(PyTypeObject *python_class)
{
    subtype_traverse = python_class->tp_traverse;
    subtype_dealloc = python_class->tp_dealloc;
}

bool types_is_python_class(const PyTypeObject *type)
{
    return type->tp_dealloc == subtype_dealloc;
}

/* Whether this is the C class of that full name. A Python class may call itself the same. */
static bool is_private(const PyTypeObject *type, const char *name)
{
    return !types_is_python_class(type) && strcmp(type->tp_name, name) == 0;
}

/* A foreign type may have any name. */
static const struct hidden *hidden_row(const struct types *types, const PyTypeObject *type)
{
    if (types_is_python_class(type) ||
        images_foreign(types->images, (uintptr_t)type->tp_dealloc))
        return NULL;
    return hidden_find(type->tp_name, (size_t)type->tp_basicsize);
}

PyObject *types_lookup(PyObject *dict, const char *key)
{
    size_t size = strlen(key);
    struct dict_view view;

    if (dict == NULL || !PyDict_Check(dict)) return NULL;
    layout_dict(dict, &view);
    Py_ssize_t n = view.values != NULL ? view.n_values : view.keys.n;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *name = layout_entry_key(&view.keys, i);
        struct str_view text;
        if (name == NULL || !PyUnicode_Check(name)) continue;
        layout_str(name, &text);
        if (text.ascii && text.length == size && memcmp(text.data, key, size) == 0)
            return view.values != NULL ? view.values[i] : layout_entry_value(&view.keys, i);
    }
    return NULL;
}

/* ---- the row --------------------------------------------------------------------------------- */

static const char *last_part(const char *dotted)
{
    const char *dot = strrchr(dotted, '.');
    return dot != NULL ? dot + 1 : dotted;
}

uint64_t types_class_name(struct names *names, PyTypeObject *type)
{
    PyObject *name = ((PyHeapTypeObject *)type)->ht_qualname;

    return types_is_python_class(type) ? names_words(names, name) : names_program(names, name);
}

static uint64_t type_name(struct types *types, PyTypeObject *type)
{
    uint64_t id = 0;

    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE)
        id = types_class_name(types->names, type);
    return id != 0 ? id : names_literal(types->names, last_part(type->tp_name));
}

static uint64_t type_module(struct types *types, PyTypeObject *type)
{
    PyObject *module = types_lookup(layout_type_dict(type), "__module__");
    uint64_t id = types_is_python_class(type) ? names_words(types->names, module)
                                              : names_program(types->names, module);
    const char *dot = strrchr(type->tp_name, '.');

    if (id != 0) return id;
    if (dot == NULL) return names_literal(types->names, "builtins");
    (void)snap_writer_string(types->writer, type->tp_name, (size_t)(dot - type->tp_name), &id);
    return id;
}

static uint32_t type_kind(PyTypeObject *type)
{
    if (type->tp_flags & Py_TPFLAGS_TYPE_SUBCLASS) return SNAP_TYPE_META;
    if (type == &PyUnicode_Type || type == &PyBytes_Type || type == &PyByteArray_Type)
        return SNAP_TYPE_STRING;
    if (type == &PyFunction_Type || type == &PyCode_Type) return SNAP_TYPE_CODE;
    return type->tp_flags & Py_TPFLAGS_HEAPTYPE ? SNAP_TYPE_CLASS : SNAP_TYPE_BUILTIN;
}

/* Whether an instance keeps its shallow size for life: an address with the same type and size in
 * two snapshots is then the same object more surely. */
static bool fixed_size(const struct type_info *info)
{
    PyTypeObject *type = info->type;

    if (info->has_attrs) return false;
    switch (info->visit) {
    case VISIT_LEAF:
    case VISIT_FIELDS:
    case VISIT_NDARRAY:
        return type != &PyByteArray_Type && info->describe != DESCRIBE_ARRAY &&
               info->describe != DESCRIBE_MMAP && info->describe != DESCRIBE_HIDDEN;
    case VISIT_TUPLE:
        return true;
    case VISIT_GENERIC:
        return type == &PyCell_Type || type == &PyMethod_Type || type == &PyFunction_Type ||
               type == &PyCFunction_Type || type == &PyProperty_Type;
    default:
        return type == &PyFrozenSet_Type;
    }
}

static void write_row(struct types *types, struct type_info *info, uint64_t base)
{
    PyTypeObject *type = info->type;
    snap_type row = {
        .name = type_name(types, type),
        .module = type_module(types, type),
        .object = (uint64_t)(uintptr_t)type,
        .base = base,
        .size = (uint64_t)type->tp_basicsize,
        .kind = type_kind(type),
    };

    if (fixed_size(info)) row.flags |= SNAP_TYPE_FIXED_SIZE;
    if (info->heap && type->tp_finalize != NULL) row.flags |= SNAP_TYPE_HAS_FINALIZER;
    if (info->has_attrs) row.flags |= SNAP_TYPE_HAS_DICT;
    if (info->unknown) row.flags |= SNAP_TYPE_NATIVE_UNKNOWN;
    if (type->tp_flags & Py_TPFLAGS_HAVE_GC) row.flags |= SNAP_TYPE_TRACKED;
    (void)snap_writer_type(types->writer, &row, &info->id);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static bool is_reference(const PyMemberDef *member)
{
    return (member->type == T_OBJECT || member->type == T_OBJECT_EX) && member->offset > 0;
}

/* Fields of private types, by name: what they own and nothing tells of. */
static const struct layout_field lru_link_fields[] = { { 40, 0, "key" },
                                                       { 48, 0, "result" },
                                                       { 0, 0, NULL } };
static const struct layout_field lru_cache_fields[] = { { 72, 0, "cache" },
                                                        { 88, 0, "func" },
                                                        { 0, 0, NULL } };
/* The head that futures and tasks share. 3.10 put the exception's traceback before the result. */
static const struct layout_field future_fields[] = { { 16, 0, "loop" },
                                                     { 24, 0, "callback" },
                                                     { 32, 0, "callback_context" },
                                                     { 40, 0, "callbacks" },
                                                     { 48, 0, "exception" },
                                                     { FUTURE_RESULT, 0, "result" },
                                                     { 0, 0, NULL } };
/* What a task has behind that head; the four stand in this order in every version. */
static const struct layout_field task_fields[] = { { TASK_CORO - 8, 0, "fut_waiter" },
                                                   { TASK_CORO, 0, "coro" },
                                                   { TASK_CORO + 8, 0, "name" },
                                                   { TASK_CORO + 16, 0, "context" },
                                                   { 0, 0, NULL } };
static const struct layout_field bytesio_fields[] = { { 16, 0, "buffer" }, { 0, 0, NULL } };
#if PY_VERSION_HEX < 0x03090000
static const struct layout_field abc_data_fields[] = { { 16, 0, "_abc_registry" },
                                                       { 24, 0, "_abc_cache" },
                                                       { 32, 0, "_abc_negative_cache" },
                                                       { 0, 0, NULL } };
#endif

static const struct {
    const char *name; /* tp_name */
    Py_ssize_t size;  /* the least tp_basicsize */
    const struct layout_field *fields;
    const bool *layout;
} private_fields[] = {
    { "functools._lru_list_elem", 56, lru_link_fields, &private_layouts.lru_cache },
    { "functools._lru_cache_wrapper", 104, lru_cache_fields, &private_layouts.lru_cache },
    { "_asyncio.Future", FUTURE_RESULT + 8, future_fields, &private_layouts.future },
    { "_asyncio.Task", TASK_SIZE, task_fields, &private_layouts.future },
    { "_io.BytesIO", 24, bytesio_fields, &private_layouts.bytesio },
#if PY_VERSION_HEX < 0x03090000
    { "_abc_data", 48, abc_data_fields, NULL },
#endif
};

static const struct layout_field *fields_of(const struct types *types, PyTypeObject *type)
{
    const struct layout_field *fields = layout_fields(type);

    for (size_t i = 0; fields == NULL && i < sizeof(private_fields) / sizeof(private_fields[0]);
         i++) {
        if (is_private(type, private_fields[i].name) &&
            type->tp_basicsize >= private_fields[i].size &&
            (private_fields[i].layout == NULL || *private_fields[i].layout))
            fields = private_fields[i].fields;
    }
    if (fields == NULL) {
        const struct hidden *hidden = hidden_row(types, type);
        if (hidden != NULL && hidden_holds(hidden)) fields = hidden->fields;
    }
    return fields;
}

/* The most fields that a class and its bases can have. */
static uint32_t count_fields(const struct types *types, PyTypeObject *type)
{
    uint32_t n = 0;

    for (; type != NULL; type = type->tp_base) {
        const struct layout_field *field = fields_of(types, type);
        for (; field != NULL && field->name != NULL; field++) n++;
        const PyMemberDef *member = type->tp_members;
        for (; member != NULL && member->name != NULL; member++) n += is_reference(member);
    }
    return n;
}

static void add_field(struct type_field *fields, uint32_t *n, PyTypeObject *type,
                      struct type_field field)
{
    /* The attribute dictionary is told by layout_attrs. */
    if (type->tp_dictoffset > 0 && field.offset == (uint32_t)type->tp_dictoffset) return;
    /* What every class has is told by name (visit.c). */
    if (type->tp_flags & Py_TPFLAGS_TYPE_SUBCLASS && field.offset < sizeof(PyHeapTypeObject))
        return;
    /* A subclass may show a base's field again. */
    for (uint32_t i = 0; i < *n; i++) {
        if (fields[i].offset == field.offset) return;
    }
    fields[(*n)++] = field;
}

/* A member descriptor of a C class may show a borrowed reference. If it were owned and could be
 * part of a cycle, the class's tp_traverse would have to show it. Slots of Python classes are
 * owned. */
static bool doubtful_members(const PyTypeObject *type)
{
    return type->tp_flags & Py_TPFLAGS_HAVE_GC && type->tp_traverse != subtype_traverse;
}

static struct type_field slot(struct types *types, const PyTypeObject *type,
                              const PyMemberDef *member)
{
    struct type_field field = { .offset = (uint32_t)member->offset,
                                .doubtful = doubtful_members(type) };
    struct key_name name = { 0 };

    if (types_is_python_class(type))
        names_slot(types->names, member->name, &name);
    else
        name.id = names_literal(types->names, member->name);
    field.name = name.id;
    field.hashed = name.has_hash;
    field.hash = name.hash;
    return field;
}

/* The fields of a class and its bases, put into `info` as well; NULL: none, or no memory. */
static struct type_field *find_fields(struct types *types, struct type_info *info)
{
    uint32_t most = count_fields(types, info->type);
    uint32_t n = 0;

    if (most == 0) return NULL;
    struct type_field *fields = arena_alloc(types->arena, most * sizeof(*fields));
    if (fields == NULL) {
        types->no_memory = true;
        return NULL;
    }
    for (PyTypeObject *type = info->type; type != NULL; type = type->tp_base) {
        const struct layout_field *field = fields_of(types, type);
        for (; field != NULL && field->name != NULL; field++)
            add_field(fields, &n, info->type,
                      (struct type_field){ .offset = field->offset,
                                           .not_owned = field->not_owned != 0,
                                           .name = names_literal(types->names, field->name) });
        const PyMemberDef *member = type->tp_members;
        for (; member != NULL && member->name != NULL; member++) {
            if (is_reference(member)) add_field(fields, &n, info->type, slot(types, type, member));
        }
    }
    info->fields = fields;
    info->n_fields = n;
    return fields;
}

/* ---- classification -------------------------------------------------------------------------- */

/* The traverse function of the nearest base that is not a Python class: slots and attributes of
 * the Python classes above it are known by name. */
static traverseproc base_traverse(PyTypeObject *type)
{
    while (type != NULL && type->tp_traverse == subtype_traverse) type = type->tp_base;
    return type != NULL ? type->tp_traverse : NULL;
}

static bool is_gen(PyTypeObject *type)
{
    return type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type;
}

static enum visit_how how_to_visit(struct type_info *info)
{
    PyTypeObject *type = info->type;

    if (type->tp_flags & Py_TPFLAGS_TYPE_SUBCLASS) return VISIT_TYPE;
    if (type->tp_flags & Py_TPFLAGS_DICT_SUBCLASS)
        return PyType_IsSubtype(type, &PyODict_Type) ? VISIT_ODICT : VISIT_DICT;
    if (type->tp_flags & Py_TPFLAGS_LIST_SUBCLASS) return VISIT_LIST;
    if (type->tp_flags & Py_TPFLAGS_TUPLE_SUBCLASS)
        return info->traverse == PyTuple_Type.tp_traverse ? VISIT_TUPLE : VISIT_SEQUENCE;
    if (type == &PyCode_Type) return VISIT_CODE;
    if (is_gen(type)) return VISIT_GEN;
    if (type == &PyFrame_Type) return VISIT_FRAME;
    if (PyType_IsSubtype(type, &_PyWeakref_RefType) || type == &_PyWeakref_ProxyType ||
        type == &_PyWeakref_CallableProxyType)
        return VISIT_WEAKREF;
    if (info->describe == DESCRIBE_NDARRAY && visit_is_ndarray(type)) return VISIT_NDARRAY;
    if (info->traverse == NULL)
        return info->n_fields > 0 || info->has_attrs || info->heap ? VISIT_FIELDS : VISIT_LEAF;
    if (info->traverse == PySet_Type.tp_traverse || info->describe == DESCRIBE_DEQUE)
        return VISIT_SEQUENCE;
    return VISIT_GENERIC;
}

static enum describe_how describe_by_flags(PyTypeObject *type)
{
    unsigned long flags = type->tp_flags;

    if (flags & Py_TPFLAGS_UNICODE_SUBCLASS) return DESCRIBE_STR;
    if (flags & Py_TPFLAGS_BYTES_SUBCLASS) return DESCRIBE_BYTES;
    if (flags & Py_TPFLAGS_DICT_SUBCLASS) return DESCRIBE_DICT;
    if (flags & Py_TPFLAGS_LIST_SUBCLASS) return DESCRIBE_LIST;
    if (flags & Py_TPFLAGS_TUPLE_SUBCLASS) return DESCRIBE_TUPLE;
    if (flags & Py_TPFLAGS_TYPE_SUBCLASS) return DESCRIBE_TYPE;
    return DESCRIBE_PLAIN;
}

static enum describe_how how_to_describe(PyTypeObject *type)
{
    enum describe_how how = describe_by_flags(type);

    if (how != DESCRIBE_PLAIN) return how;
    if (type == &PyCode_Type) return DESCRIBE_CODE;
    if (type == &PyFunction_Type) return DESCRIBE_FUNCTION;
    if (is_gen(type)) return DESCRIBE_GEN;
    if (PyType_IsSubtype(type, &PySet_Type) || PyType_IsSubtype(type, &PyFrozenSet_Type))
        return DESCRIBE_SET;
    if (PyType_IsSubtype(type, &PyByteArray_Type)) return DESCRIBE_BYTEARRAY;
    if (PyType_IsSubtype(type, &PyModule_Type)) return DESCRIBE_MODULE;
    for (PyTypeObject *base = type; base != NULL; base = base->tp_base) {
        for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++) {
            if (is_private(base, by_name[i].name) &&
                (by_name[i].layout == NULL || *by_name[i].layout))
                return by_name[i].describe;
        }
    }
    return DESCRIBE_PLAIN;
}

/* The nearest class written in C: its instances are what the structures are told for. */
static PyTypeObject *c_base(PyTypeObject *type)
{
    while (type->tp_base != NULL && types_is_python_class(type)) type = type->tp_base;
    return type;
}

/* Steps of the hidden blocks of a class's instances. Without a use for them, whether there may be
 * memory that nothing tells of: known by name, or because a foreign C type frees what it likes. */
static void find_hidden(const struct types *types, struct type_info *info)
{
    PyTypeObject *type = c_base(info->type);
    const struct hidden *hidden = NULL;

    for (PyTypeObject *base = type; base != NULL && hidden == NULL; base = base->tp_base)
        hidden = hidden_row(types, base);
    if (info->describe != DESCRIBE_PLAIN) return;
    if (hidden != NULL && hidden->n_steps > 0 && hidden_holds(hidden)) {
        info->describe = DESCRIBE_HIDDEN;
        info->hidden = hidden;
        return;
    }
    info->unknown = hidden != NULL && hidden->n_steps > 0;
    for (PyTypeObject *base = type; base != NULL && !info->unknown; base = base->tp_base)
        info->unknown = hidden_unknown(base->tp_name);
    info->unknown = info->unknown || images_foreign(types->images, (uintptr_t)type->tp_dealloc);
}

static size_t class_number(PyTypeObject *type, const char *name)
{
    PyObject *value = types_lookup(layout_type_dict(type), name);
    int64_t number;

    return value != NULL && PyLong_CheckExact(value) && layout_int(value, &number) && number > 0 &&
                   number < 1 << 16
               ? (size_t)number
               : 0;
}

/* time.struct_time and its like: tuples of which some items have names only. */
static void find_more_items(struct type_info *info)
{
    if (info->describe != DESCRIBE_TUPLE || types_is_python_class(info->type)) return;
    size_t all = class_number(info->type, "n_fields");
    size_t listed = class_number(info->type, "n_sequence_fields");
    if (info->type->tp_base != &PyTuple_Type || listed == 0 || all < listed) return;
    info->describe = DESCRIBE_STRUCT_SEQUENCE;
    info->more_items = (uint32_t)(all - listed);
}

static bool has_attrs(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030B0000
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) return true;
#endif
    /* The dictionary of a class is its namespace, not attributes that its metaclass gave it. */
    return type->tp_dictoffset != 0 && !(type->tp_flags & Py_TPFLAGS_TYPE_SUBCLASS);
}

/* Whether tp_traverse is asked: containers are read by their layout alone. */
static bool is_traversed(const struct type_info *info)
{
    switch (info->visit) {
    case VISIT_GENERIC:
    case VISIT_SEQUENCE:
    case VISIT_TYPE:
    case VISIT_GEN:
    case VISIT_FRAME:
    case VISIT_WEAKREF:
        return info->traverse != NULL;
    default:
        return false;
    }
}

static struct type_info *make(struct types *types, PyTypeObject *type)
{
    struct type_info *info = arena_alloc(types->arena, sizeof(*info));

    if (info == NULL) return NULL;
    info->type = type;
    info->heap = (type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;
    info->gc = (type->tp_flags & Py_TPFLAGS_HAVE_GC) != 0;
    info->presize = (uint32_t)layout_presize(type);
    info->has_attrs = has_attrs(type);
    info->weakrefs = type->tp_weaklistoffset != 0;
    info->traverse = info->gc ? base_traverse(type) : NULL;
    info->describe = how_to_describe(type);
    find_hidden(types, info);
    find_more_items(info);
    struct type_field *fields = find_fields(types, info);
    if (fields == NULL && types->no_memory) return NULL;
    info->visit = how_to_visit(info);
    if (!is_traversed(info)) {
        for (uint32_t i = 0; i < info->n_fields; i++) fields[i].doubtful = false;
    }
    return info;
}

static struct type_info *find(const struct types *types, PyTypeObject *type)
{
    struct type_info *info = types->buckets[((uintptr_t)type >> 4) % TYPES_BUCKETS];

    while (info != NULL && info->type != type) info = info->next;
    return info;
}

/* Write the rows of a class and of its bases that have none yet, the outermost base first: each
 * round finds the base nearest to the top that is still missing. */
struct type_info *types_slow(struct types *types, PyTypeObject *type)
{
    struct type_info *info = find(types, type);

    while (info == NULL) {
        PyTypeObject *missing = type;
        while (missing->tp_base != NULL && find(types, missing->tp_base) == NULL)
            missing = missing->tp_base;
        struct type_info *made = make(types, missing);
        if (made == NULL) {
            types->no_memory = true;
            return NULL;
        }
        struct type_info *base = missing->tp_base != NULL ? find(types, missing->tp_base) : NULL;
        write_row(types, made, base != NULL ? base->id : 0);
        struct type_info **bucket = &types->buckets[((uintptr_t)missing >> 4) % TYPES_BUCKETS];
        made->next = *bucket;
        *bucket = made;
        info = missing == type ? made : NULL;
    }
    types->recent[((uintptr_t)type >> 4) % TYPES_RECENT] = info;
    return info;
}
