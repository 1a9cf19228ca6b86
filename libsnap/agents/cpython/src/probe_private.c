/* SPDX-License-Identifier: MIT */
/*
 * Checks of private structures of the standard library. The contract is in probe.h.
 */
#define _GNU_SOURCE
#include "probe.h"

#include "hidden.h"
#include "types.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

static struct probe_structure structures[] = {
    { "_io", "op = m.FileIO('/dev/null')\nwords = [(op.fileno(), 4, 16)]\n", &private_layouts.fileio,
      false },
    { "_io", "kept = b'x' * 50\nop = m.BytesIO(kept)\nwords = [(id(kept), 8, 16)]\n",
      &private_layouts.bytesio, false },
    { "functools", "op = m.lru_cache(maxsize=4711)(len)\nwords = [(4711, 8, 96)]\n",
      &private_layouts.lru_cache, false },
    { "_collections",
#if PY_VERSION_HEX >= 0x030B0000
      "op = m.deque(range(1280), 4712)\nfor i in range(1200): op.popleft()\n"
      "words = [(4712, 8, 64), (16, 8, 72)]\n",
#else
      "op = m.deque([1], 4712)\nwords = [(4712, 8, 64)]\n",
#endif
      &private_layouts.deque, false },
    { "_collections", "op = m.OrderedDict(a=1)\nop['b'] = 2\nwords = [(8, 8, 72)]\n",
      &private_layouts.ordered, false },
    { "array", "op = m.array('d', [1.0] * 5)\nwords = [(5, 8, 32)]\n", &private_layouts.array,
      false },
    { "_socket", "op = m.socket()\nwords = [(op.fileno(), 4, 16)]\n", &private_layouts.socket,
      false },
    { "select", "op = m.epoll()\nwords = [(op.fileno(), 4, 16)]\n", &private_layouts.epoll, false },
    { "mmap", "op = m.mmap(-1, 12288)\nwords = [(12288, 8, 24)]\n", &private_layouts.mmap, false },
    { "datetime",
      "op = m.datetime(2000, 1, 1)\nkept = m.datetime(2000, 1, 1, tzinfo=m.timezone.utc)\n"
      "words = [(0, 1, 24), (1, 1, 'kept', 24), (id(m.timezone.utc), 8, 'kept', 40)]\n",
      &private_layouts.datetime, false },
    { "_asyncio",
      "loop = type(__import__('sys').implementation)(get_debug=bool)\n"
      "kept = object()\nop = m.Future(loop=loop)\nop.set_result(kept)\n"
      "words = [(id(kept), 8, " TEXT(FUTURE_RESULT) ")]\n",
      &private_layouts.future, false },
    { "_ctypes",
      "op = type('C', (m.Array,), {'_type_': type('c', (m._SimpleCData,), {'_type_': 'c'}),\n"
      "                           '_length_': 4713})()\nwords = [(4713, 8, 40)]\n",
      &private_layouts.ctypes, false },
};

/* ---- reading without trust ------------------------------------------------------------------- */

/* The kernel copies from an address or says that it cannot. */
static bool read_memory(const int pipe_ends[2], uintptr_t address, void *out, size_t size)
{
    if (write(pipe_ends[1], (const void *)address, size) != (ssize_t)size) return false; // NOLINT
    return read(pipe_ends[0], out, size) == (ssize_t)size;
}

/* The header of a block of the C library's malloc: its size and three flags before it. A mapped
 * block has two words of header, any other one. */
static bool is_block(const int pipe_ends[2], uintptr_t block, size_t least)
{
    size_t header;

    if (block % 16 != 0 || block < 4096) return false;
    if (!read_memory(pipe_ends, block - sizeof(header), &header, sizeof(header))) return false;
    size_t room = (header & ~(size_t)7) - ((header & 2) ? 2 : 1) * sizeof(header);
    return room >= least && room <= least + least / 4 + 4096;
}

static PyObject *item(PyObject *space, const char *name)
{
    return PyDict_GetItemString(space, name);
}

static bool to_offset(PyObject *number, uintptr_t *offset)
{
    *offset = PyLong_Check(number) ? PyLong_AsSize_t(number) : SIZE_MAX;
    return *offset < 1 << 16;
}

static bool check_word(const int pipe_ends[2], PyObject *space, PyObject *op, PyObject *word)
{
    Py_ssize_t n = PyTuple_GET_SIZE(word), at = 2;
    size_t expected = PyLong_AsSize_t(PyTuple_GET_ITEM(word, 0)), found = 0;
    size_t width = PyLong_AsSize_t(PyTuple_GET_ITEM(word, 1));
    uintptr_t offset;

    if (at < n && PyUnicode_Check(PyTuple_GET_ITEM(word, at)))
        op = PyDict_GetItem(space, PyTuple_GET_ITEM(word, at++));
    if (op == NULL || at >= n || width > sizeof(found)) return false;
    if (!to_offset(PyTuple_GET_ITEM(word, at), &offset) ||
        (size_t)Py_TYPE(op)->tp_basicsize < offset + (width == 0 || at + 1 < n ? 8 : width))
        return false;
    uintptr_t place = (uintptr_t)op + offset;
    for (at++; at < n; at++) {
        if (!to_offset(PyTuple_GET_ITEM(word, at), &offset) ||
            !read_memory(pipe_ends, place, &place, sizeof(place)))
            return false;
        place += offset;
    }
    if (width == 0)
        return read_memory(pipe_ends, place, &found, 8) && is_block(pipe_ends, found, expected);
    return read_memory(pipe_ends, place, &found, width) && found == expected;
}

static bool check_words(PyObject *space, PyObject *op, PyObject *words)
{
    int pipe_ends[2];
    bool same = true;

    if (words == NULL || !PyList_Check(words) || PyList_GET_SIZE(words) == 0) return false;
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(words); i++) {
        PyObject *word = PyList_GET_ITEM(words, i);
        same = same && PyTuple_Check(word) && PyTuple_GET_SIZE(word) >= 3 &&
               check_word(pipe_ends, space, op, word);
    }
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return same && !PyErr_Occurred();
}

static bool check_structure(PyObject *space, const char *code)
{
    PyObject *done = PyRun_String(code, Py_file_input, space, space);

    if (done == NULL) return false;
    Py_DECREF(done);
    PyObject *op = item(space, "op");
    if (op == NULL) return false;
    bool same = check_words(space, op, item(space, "words"));
    PyErr_Clear();
    PyObject *closed =
        PyObject_HasAttrString(op, "close") ? PyObject_CallMethod(op, "close", NULL) : NULL;
    Py_XDECREF(closed);
    return same;
}

void probe_structure(PyObject *modules, struct probe_structure *structure)
{
    if (structure->checked || PyErr_Occurred() != NULL) return;
    PyObject *module = types_lookup(modules, structure->module);
    if (module == NULL) return;
    structure->checked = true;
    PyObject *space = PyDict_New();
    if (space != NULL && PyDict_SetItemString(space, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        PyDict_SetItemString(space, "m", module) == 0)
        *structure->holds = check_structure(space, structure->code);
    if (probe_interrupted()) structure->checked = *structure->holds = false;
    Py_XDECREF(space);
}

bool probe_private(void)
{
    PyObject *type, *value, *traceback;
    PyObject *modules = layout_modules();

    if (modules == NULL) return true;
    /* No collection, and so no finalizer, may begin because of the objects made here. */
    PyErr_Fetch(&type, &value, &traceback);
    bool was_on = layout_gc_enable(false);
    for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++)
        probe_structure(modules, &structures[i]);
    hidden_probe(modules);
    layout_gc_enable(was_on);
    if (PyErr_Occurred() == NULL) {
        PyErr_Restore(type, value, traceback);
        return true;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return false;
}
