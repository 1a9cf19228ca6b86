/* SPDX-License-Identifier: MIT */
/*
 * Self-checks at import. The contract is in probe.h.
 */
#include "probe.h"

#include "types.h"

#include <string.h>
#include <structmember.h>

/* Objects whose contents are known, made by Python itself. */
static const char script[] = "class Plain:\n"
                             "    def __init__(self):\n"
                             "        self.alpha = 1001\n"
                             "        self.beta = 'two'\n"
                             "class Slotted:\n"
                             "    __slots__ = ('left', 'right')\n"
                             "def steps():\n"
                             "    local_name = ['kept']\n"
                             "    yield local_name\n"
                             "plain = Plain()\n"
                             "slotted = Slotted()\n"
                             "slotted.left = [plain]\n"
                             "waiting = steps()\n"
                             "kept = next(waiting)\n"
                             "mapping = {'one': kept, 2: plain}\n"
                             "numbers = [0, 7, -7, 0x10000000003, -0x800000000000000,\n"
                             "           0x100000000000000000000]\n"
                             "texts = ['abc', 'caf\\xe9', '\\u20ac5', '\\U0001f40d']\n"
                             "some = {1, 2, 3}\n";

static PyObject *item(PyObject *space, const char *name)
{
    return PyDict_GetItemString(space, name);
}

/* ---- checks: each returns whether what it looked at is as expected -------------------------- */

static bool check_collector(PyObject *space)
{
    struct gc_head *heads[LAYOUT_GC_LISTS];
    PyObject *fresh = PyList_New(0);

    (void)space;
    if (fresh == NULL) return false;
    layout_gc_lists(heads);
    /* A new object is appended to the youngest generation. */
    bool found = (heads[0]->prev & ~(uintptr_t)3) == (uintptr_t)layout_gc_head(fresh);
    for (unsigned i = 0; i < LAYOUT_GC_LISTS; i++) {
        struct gc_head *next = (struct gc_head *)heads[i]->next;
        found = found && next != NULL && (next->prev & ~(uintptr_t)3) == (uintptr_t)heads[i];
    }
    Py_DECREF(fresh);
    return found;
}

static bool check_dict(PyObject *space)
{
    PyObject *dict = item(space, "mapping");
    PyObject *one = item(space, "kept");
    struct dict_view view;

    layout_dict(dict, &view);
    if (view.shared || view.keys.n != 2 || layout_entry_value(&view.keys, 0) != one ||
        layout_entry_value(&view.keys, 1) != item(space, "plain"))
        return false;
    PyObject *size = PyObject_CallMethod(dict, "__sizeof__", NULL);
    bool same =
        size != NULL && PyLong_AsSize_t(size) == (size_t)PyDict_Type.tp_basicsize + view.keys.bytes;
    Py_XDECREF(size);
    return same && types_lookup(dict, "one") == one && types_lookup(space, "mapping") == dict;
}

static bool check_attrs(PyObject *space)
{
    PyObject *plain = item(space, "plain");
    struct attr_view view;

    layout_attrs(plain, Py_TYPE(plain), &view);
#if PY_VERSION_HEX >= 0x030B0000
    if (view.dict != NULL || view.values == NULL || view.n_values < 2) return false;
    int64_t alpha = 0;
    return layout_int(view.values[0], &alpha) && alpha == 1001 &&
           PyUnicode_CompareWithASCIIString(layout_entry_key(&view.keys, 0), "alpha") == 0 &&
           PyUnicode_CompareWithASCIIString(view.values[1], "two") == 0;
#else
    int64_t alpha = 0;
    PyObject *value = types_lookup(view.dict, "alpha");
    return value != NULL && layout_int(value, &alpha) && alpha == 1001;
#endif
}

static bool check_type(PyObject *space)
{
    PyTypeObject *slotted = Py_TYPE(item(space, "slotted"));
    const PyMemberDef *member = slotted->tp_members;

    if (types_lookup(layout_type_dict(&PyLong_Type), "bit_length") == NULL ||
        types_lookup(layout_type_dict(slotted), "left") == NULL)
        return false;
    PyObject *left = *(PyObject **)((char *)item(space, "slotted") + member->offset);
    return strcmp(member->name, "left") == 0 && PyList_Check(left) &&
           PyList_GET_ITEM(left, 0) == item(space, "plain");
}

static bool check_generator(PyObject *space)
{
    PyObject *gen = item(space, "waiting");
    struct gen_view facts;
    struct frame_view frame;

    layout_gen(gen, &facts);
    if (!facts.suspended || facts.running || facts.code == NULL ||
        PyUnicode_CompareWithASCIIString(facts.qualname, "steps") != 0)
        return false;
#if PY_VERSION_HEX >= 0x030B0000
    if (!layout_gen_frame(gen, &frame)) return false;
#else
    PyObject *object = PyObject_GetAttrString(gen, "gi_frame");
    Py_XDECREF(object); /* the generator keeps it */
    if (object == NULL || !layout_frame_object(object, &frame)) return false;
#endif
    return frame.code == facts.code && frame.n_fast == 1 && frame.fast[0] == item(space, "kept") &&
           PyUnicode_CompareWithASCIIString(layout_local_name(frame.code, 0), "local_name") == 0 &&
           layout_frame_line(&frame) == 9;
}

static bool check_frame(PyObject *space)
{
    struct frame_view frame;

    (void)space;
    /* Importing runs in some Python frame, unless C code imports us directly. */
    if (!layout_frame_top(PyThreadState_Get(), &frame)) return true;
    return Py_TYPE(frame.code) == &PyCode_Type && layout_frame_line(&frame) > 0;
}

static bool check_int(PyObject *space)
{
    static const int64_t expected[] = { 0, 7, -7, (INT64_C(1) << 40) + 3, -(INT64_C(1) << 59) };
    PyObject *numbers = item(space, "numbers");
    int64_t value;

    for (Py_ssize_t i = 0; i < 5; i++) {
        if (!layout_int(PyList_GET_ITEM(numbers, i), &value) || value != expected[i]) return false;
    }
    return !layout_int(PyList_GET_ITEM(numbers, 5), &value);
}

static bool check_str(PyObject *space)
{
    static const struct {
        unsigned length, kind;
        bool ascii;
    } expected[] = { { 3, 1, true }, { 4, 1, false }, { 2, 2, false }, { 1, 4, false } };
    PyObject *texts = item(space, "texts");

    for (Py_ssize_t i = 0; i < 4; i++) {
        struct str_view view;
        layout_str(PyList_GET_ITEM(texts, i), &view);
        if (view.data == NULL || view.length != expected[i].length ||
            view.kind != expected[i].kind || view.ascii != expected[i].ascii)
            return false;
    }
    return true;
}

static bool check_set(PyObject *space)
{
    const PySetObject *set = (PySetObject *)item(space, "some");

    return set->used == 3 && set->mask == 7 && set->table == set->smalltable;
}

static bool check_sizes(PyObject *space)
{
    static const char *const names[] = { "kept", "numbers", "texts" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        PyObject *list = item(space, names[i]);
        PyObject *size = PyObject_CallMethod(list, "__sizeof__", NULL);
        size_t items = (size_t)((PyListObject *)list)->allocated * sizeof(PyObject *);
        bool same = size != NULL && PyLong_AsSize_t(size) == layout_basic_size(list) + items;
        Py_XDECREF(size);
        if (!same) return false;
    }
    return true;
}

static const struct {
    const char *refusal;
    bool (*check)(PyObject *space);
} checks[] = {
#define REFUSAL(what)                                                                              \
    "this interpreter lays out " what " differently from the CPython that "                        \
    "heapsnap was built for; rebuild heapsnap with it"
    { REFUSAL("the collector's lists"), check_collector },
    { REFUSAL("dictionaries"), check_dict },
    { REFUSAL("instance attributes"), check_attrs },
    { REFUSAL("classes"), check_type },
    { REFUSAL("generators"), check_generator },
    { REFUSAL("frames"), check_frame },
    { REFUSAL("integers"), check_int },
    { REFUSAL("strings"), check_str },
    { REFUSAL("sets"), check_set },
    { REFUSAL("lists"), check_sizes },
#undef REFUSAL
};

static const char *run_checks(PyObject *space)
{
    PyObject *done = PyRun_String(script, Py_file_input, space, space);

    if (done == NULL) return "the self-check could not run";
    Py_DECREF(done);
    types_learn_subtype_traverse(Py_TYPE(item(space, "plain")));
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (!checks[i].check(space)) return checks[i].refusal;
    }
    return NULL;
}

bool probe_interrupted(void)
{
    if (PyErr_Occurred() == NULL) return false;
    if (!PyErr_ExceptionMatches(PyExc_Exception)) return true;
    PyErr_Clear();
    return false;
}

const char *probe_layouts(void)
{
    const char *refusal = "no memory for the self-check";
    PyObject *space = PyDict_New();

    if (space != NULL && PyDict_SetItemString(space, "__builtins__", PyEval_GetBuiltins()) == 0)
        refusal = run_checks(space);
    if (probe_interrupted()) refusal = "the self-check was interrupted";
    Py_XDECREF(space);
    return refusal;
}
