/* SPDX-License-Identifier: MIT */
/*
 * The extension module heapsnap._heapsnap: the bare functions under the package's Python face
 * (heapsnap/__init__.py), which documents them for users.
 */
#include "dump.h"
#include "layout.h"
#include "listener.h"
#include "probe.h"

#include <string.h>

#include <snap/format.h>
#include <snap/version.h>

#define LABELS_MAX 256

/* The text of a label or reason as a C string that lives as long as `str`; NULL with an exception.
 */
static const char *read_text(PyObject *str, const char *what)
{
    Py_ssize_t size = 0;
    const char *text = PyUnicode_AsUTF8AndSize(str, &size);

    if (text == NULL) { /* lone surrogates */
        if (!PyErr_ExceptionMatches(PyExc_UnicodeError)) return NULL;
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s holds characters that UTF-8 has no form for", what);
    } else if (size > (Py_ssize_t)SNAP_MAX_TEXT) {
        PyErr_Format(PyExc_ValueError, "%s is longer than %d bytes", what, (int)SNAP_MAX_TEXT);
    } else if (strlen(text) != (size_t)size) {
        PyErr_Format(PyExc_ValueError, "%s holds a null character", what);
    } else {
        return text;
    }
    return NULL;
}

/* Keys stand in tables of the tools: text without control characters (C0, DEL, C1). */
static int key_is_printable(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    for (; *s != 0; s++) {
        if (*s < 0x20 || *s == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0)) return 0;
    }
    return s != (const unsigned char *)text;
}

/* The labels of a dict as C strings that live as long as the dict. The number, or -1 with an
 * exception. */
static Py_ssize_t read_labels(PyObject *dict, dump_label *labels)
{
    Py_ssize_t at = 0, n = 0;
    PyObject *key, *value;

    if (dict == Py_None) return 0;
    if (!PyDict_Check(dict)) {
        PyErr_SetString(PyExc_TypeError, "labels must be a dict of str to str");
        return -1;
    }
    while (PyDict_Next(dict, &at, &key, &value)) {
        if (!PyUnicode_Check(key) || !PyUnicode_Check(value)) {
            PyErr_SetString(PyExc_TypeError, "labels must be a dict of str to str");
            return -1;
        }
        if (n == LABELS_MAX) {
            PyErr_Format(PyExc_ValueError, "more than %d labels", LABELS_MAX);
            return -1;
        }
        labels[n].key = read_text(key, "the key of a label");
        if (labels[n].key == NULL) return -1;
        if (!key_is_printable(labels[n].key)) {
            PyErr_SetString(PyExc_ValueError,
                            "the key of a label is empty or holds control characters");
            return -1;
        }
        labels[n].value = read_text(value, "the value of a label");
        if (labels[n].value == NULL) return -1;
        n++;
    }
    return n;
}

/* The number of a word among `n` words, or -1 with an exception that lists them. */
static int choose(const char *option, const char *word, const char *const *words, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(word, words[i]) == 0) return i;
    }
    PyErr_Format(PyExc_ValueError, "%s must be '%s', '%s' or '%s', not '%s'", option, words[0],
                 words[1], words[2], word);
    return -1;
}

static const char *const mode_words[] = { "auto", "fork", "inline" };
static const char *const names_words[] = { "code", "keys", "none" };

/* While the child works: let the program's signal handlers run. One that raises (Ctrl-C) gives the
 * capture up; the exception stays set. */
static int interrupted(void *opaque)
{
    (void)opaque;
    PyGILState_STATE state = PyGILState_Ensure();
    int raised = PyErr_Occurred() != NULL || PyErr_CheckSignals() != 0;
    PyGILState_Release(state);
    return raised;
}

/* The same in the middle of an inline walk, where no handler may run: whether SIGINT has come for
 * Python, which is told again of it. */
static int interrupted_inline(void)
{
    if (!PyOS_InterruptOccurred()) return 0;
    PyErr_SetInterrupt();
    return 1;
}

/* Arguments of dump and of its check: `options` points into them and to `labels`. 0, or -1 with an
 * exception. */
static int read_options(PyObject *args, int *fd, dump_options *options, dump_label *labels)
{
    const char *mode, *names;
    PyObject *label_dict, *reason;

    if (!PyArg_ParseTuple(args, "issppOO:dump", fd, &mode, &names, &options->values,
                          &options->gc_collect, &label_dict, &reason))
        return -1;
    int chosen_mode = choose("mode", mode, mode_words, 3);
    int chosen_names = chosen_mode < 0 ? -1 : choose("names", names, names_words, 3);
    Py_ssize_t n = chosen_names < 0 ? -1 : read_labels(label_dict, labels);
    if (n < 0) return -1;
    if (reason != Py_None) {
        if (!PyUnicode_Check(reason)) {
            PyErr_SetString(PyExc_TypeError, "reason must be a str");
            return -1;
        }
        options->reason = read_text(reason, "the reason");
        if (options->reason == NULL) return -1;
    }
    options->mode = (dump_mode)chosen_mode;
    options->names = (dump_names)chosen_names;
    options->labels = labels;
    options->n_labels = (size_t)n;
    return 0;
}

static PyObject *py_check(PyObject *self, PyObject *args)
{
    dump_label labels[LABELS_MAX];
    dump_options options = { 0 };
    int fd;

    (void)self;
    if (read_options(args, &fd, &options, labels) != 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *py_dump(PyObject *self, PyObject *args)
{
    dump_label labels[LABELS_MAX];
    dump_options options = { .cancelled = interrupted, .interrupted = interrupted_inline };
    dump_result result;
    int fd;

    (void)self;
    if (read_options(args, &fd, &options, labels) != 0) return NULL;
    int failed = dump_to_fd(fd, &options, &result);
    if (PyErr_Occurred()) return NULL;
    if (failed) {
        /* A handler of the signal that ended the capture says more than that it was ended. */
        if (PyErr_CheckSignals() != 0) return NULL;
        return Py_BuildValue("si", result.error, result.kept);
    }
    return Py_BuildValue("KKKKKssi", (unsigned long long)result.objects,
                         (unsigned long long)result.edges, (unsigned long long)result.bytes,
                         (unsigned long long)result.pause_ns, (unsigned long long)result.total_ns,
                         dump_mode_name(result.mode), result.why, (int)result.sites);
}

static PyObject *py_plan(PyObject *self, PyObject *args)
{
    const char *mode;
    dump_options options = { 0 };
    dump_plan plan;

    (void)self;
    if (!PyArg_ParseTuple(args, "s:plan", &mode)) return NULL;
    int chosen = choose("mode", mode, mode_words, 3);
    if (chosen < 0) return NULL;
    options.mode = (dump_mode)chosen;
    dump_plan_make(&options, 1, &plan);
    return Py_BuildValue("ssKKKKK", dump_mode_name(plan.mode), plan.why,
                         (unsigned long long)plan.rss, (unsigned long long)plan.objects,
                         (unsigned long long)plan.pause_ns, (unsigned long long)plan.total_ns,
                         (unsigned long long)plan.extra_bytes);
}

static PyObject *py_tracked(PyObject *self, PyObject *args)
{
    struct gc_head *heads[LAYOUT_GC_LISTS];
    Py_ssize_t counts[LAYOUT_GC_LISTS] = { 0 };

    (void)self;
    (void)args;
    layout_gc_lists(heads);
    for (unsigned i = 0; i < LAYOUT_GC_LISTS; i++) {
        struct gc_head *at = (struct gc_head *)heads[i]->next;
        for (; at != heads[i]; at = (struct gc_head *)at->next) counts[i]++;
    }
    return Py_BuildValue("nnnn", counts[0], counts[1], counts[2], counts[3]);
}

PyDoc_STRVAR(dump_doc,
             "dump(fd, mode, names, values, gc_collect, labels, reason) -> (objects, edges, "
             "bytes, pause_ns, total_ns, mode, why, sites)\n\n"
             "sites: 0 tracemalloc is off, 1 stacks of allocations are in the file, 2 left out.\n"
             "Or (error, worth_keeping) where the capture failed.\n"
             "Write a snapshot to an open descriptor; see heapsnap.dump.");
PyDoc_STRVAR(check_doc,
             "_check(...)\n\n"
             "Raise what dump() would raise because of its arguments, and do nothing else.");
PyDoc_STRVAR(plan_doc,
             "plan(mode) -> (mode, why, rss, objects, pause_ns, total_ns, extra_bytes)\n\n"
             "What a capture would cost now.");
PyDoc_STRVAR(tracked_doc, "_tracked() -> (young, middle, old, frozen)\n\n"
                          "Lengths of the collector's lists, as the walk sees them.");

static PyMethodDef methods[] = { { "dump", py_dump, METH_VARARGS, dump_doc },
                                 { "_check", py_check, METH_VARARGS, check_doc },
                                 { "plan", py_plan, METH_VARARGS, plan_doc },
                                 { "_tracked", py_tracked, METH_NOARGS, tracked_doc },
                                 { NULL, NULL, 0, NULL } };

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "heapsnap._heapsnap",
    .m_doc = "Captures of this process's Python heap; see heapsnap.",
    .m_size = -1,
    .m_methods = methods,
};

/* A binary for another minor version, or for a build with other rules, would misread everything. */
static const char *wrong_interpreter(void)
{
    const char *version = Py_GetVersion();
    size_t size = strlen(PY_VERSION) < 3 ? 0 : strcspn(&PY_VERSION[2], ".") + 2;

    if (strncmp(version, PY_VERSION, size) != 0 || version[size] != '.')
        return "heapsnap was built for CPython " PY_VERSION ", not for this interpreter";
#ifdef Py_GIL_DISABLED
    return "heapsnap cannot capture free-threaded builds of CPython: their heap is laid out "
           "differently and never stands still";
#else
    return NULL;
#endif
}

/* The macro says so by itself from 3.9 on only. */
__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__heapsnap(void)
{
    const char *refusal = wrong_interpreter();

    if (refusal == NULL) refusal = probe_layouts();
    if (refusal != NULL) {
        if (PyErr_Occurred() == NULL) PyErr_SetString(PyExc_ImportError, refusal);
        return NULL;
    }
    if (!probe_private()) return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    if (PyModule_AddStringConstant(module, "__version__", SNAP_VERSION_STRING) != 0 ||
        listener_add_methods(module) != 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
