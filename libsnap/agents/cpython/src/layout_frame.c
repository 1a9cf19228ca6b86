/* SPDX-License-Identifier: MIT */
/*
 * Code objects and frames. Up to 3.10 every Python frame is a heap object in a chain from the
 * thread state; from 3.11 on frames lie on the thread's own stack, or inside generators and frame
 * objects, and a frame object exists only where somebody asked for one.
 */
#define Py_BUILD_CORE 1
#include "layout.h"

#include <frameobject.h>

#if PY_VERSION_HEX >= 0x030B0000
#include "internal/pycore_code.h"
#include "internal/pycore_frame.h"
#else
#include "internal/pycore_code.h"
#endif

PyObject *layout_code_qualname(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
    return code->co_qualname;
#else
    return code->co_name;
#endif
}

#if PY_VERSION_HEX < 0x030B0000

/* ---- 3.8 to 3.10 ----------------------------------------------------------------------------- */

static int fast_count(PyCodeObject *code)
{
    return code->co_nlocals + (int)PyTuple_GET_SIZE(code->co_cellvars) +
           (int)PyTuple_GET_SIZE(code->co_freevars);
}

static void view_frame(PyFrameObject *frame, struct frame_view *view)
{
    *view = (struct frame_view){
        .code = frame->f_code,
        .namespace = frame->f_locals,
        .object = (PyObject *)frame,
        .fast = frame->f_localsplus,
        .n_fast = fast_count(frame->f_code),
        .lasti = frame->f_lasti,
        .of_generator = frame->f_gen != NULL,
        .next = frame,
    };
#if PY_VERSION_HEX >= 0x030A0000
    if (frame->f_stackdepth > 0) {
        view->stack = frame->f_valuestack;
        view->n_stack = frame->f_stackdepth;
    }
#else
    if (frame->f_stacktop != NULL) {
        view->stack = frame->f_valuestack;
        view->n_stack = (int)(frame->f_stacktop - frame->f_valuestack);
    }
#endif
}

bool layout_frame_top(PyThreadState *tstate, struct frame_view *view)
{
    if (tstate->frame == NULL) return false;
    view_frame(tstate->frame, view);
    return true;
}

bool layout_frame_back(struct frame_view *view)
{
    PyFrameObject *back = ((const PyFrameObject *)view->next)->f_back;

    if (back == NULL) return false;
    view_frame(back, view);
    return true;
}

int layout_frame_line(const struct frame_view *view)
{
    int line = PyFrame_GetLineNumber((PyFrameObject *)view->object);
    return line > 0 ? line : 0;
}

/* The frame of a generator is a heap object that owns its variables. */
bool layout_gen_frame(PyObject *gen, struct frame_view *view)
{
    (void)gen;
    (void)view;
    return false;
}

void layout_gen(PyObject *op, struct gen_view *view)
{
    PyGenObject *gen = (PyGenObject *)op;

    view->qualname = gen->gi_qualname;
    view->code = (PyCodeObject *)gen->gi_code;
#if PY_VERSION_HEX >= 0x030A0000
    view->running = gen->gi_frame != NULL && gen->gi_frame->f_state == FRAME_EXECUTING;
#else
    view->running = gen->gi_running != 0;
#endif
    view->suspended = gen->gi_frame != NULL && !view->running;
}

bool layout_frame_object(PyObject *op, struct frame_view *view)
{
    view_frame((PyFrameObject *)op, view);
    return true;
}

bool layout_frame_running(PyObject *op)
{
#if PY_VERSION_HEX >= 0x030A0000
    return ((PyFrameObject *)op)->f_state == FRAME_EXECUTING;
#else
    return ((PyFrameObject *)op)->f_executing != 0;
#endif
}

size_t layout_frame_size(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    size_t size = (size_t)type->tp_basicsize;

    if (type == &PyFrame_Type) size += (size_t)Py_SIZE(op) * (size_t)type->tp_itemsize;
    return size;
}

PyObject *layout_local_name(PyCodeObject *code, int i)
{
    PyObject *tuples[3] = { code->co_varnames, code->co_cellvars, code->co_freevars };
    Py_ssize_t counts[3] = { code->co_nlocals, PyTuple_GET_SIZE(code->co_cellvars),
                             PyTuple_GET_SIZE(code->co_freevars) };

    for (int t = 0; t < 3; t++) {
        if (i < counts[t])
            return i < PyTuple_GET_SIZE(tuples[t]) ? PyTuple_GET_ITEM(tuples[t], i) : NULL;
        i -= (int)counts[t];
    }
    return NULL;
}

PyObject *layout_captured_name(PyCodeObject *code, Py_ssize_t i)
{
    PyObject *names = code->co_freevars;
    return i < PyTuple_GET_SIZE(names) ? PyTuple_GET_ITEM(names, i) : NULL;
}

unsigned layout_code_names(PyCodeObject *code, PyObject *tuples[4])
{
    tuples[0] = code->co_names;
    tuples[1] = code->co_varnames;
    tuples[2] = code->co_cellvars;
    tuples[3] = code->co_freevars;
    return 4;
}

void layout_code_blocks(PyCodeObject *code, void (*block)(void *ctx, size_t size), void *ctx)
{
    if (code->co_cell2arg != NULL)
        block(ctx, (size_t)PyTuple_GET_SIZE(code->co_cellvars) * sizeof(Py_ssize_t));
    if (code->co_opcache_map != NULL)
        block(ctx, (size_t)PyBytes_GET_SIZE(code->co_code) / sizeof(_Py_CODEUNIT));
    if (code->co_opcache != NULL) block(ctx, code->co_opcache_size * sizeof(_PyOpcache));
    /* The frame of the last call, kept for the next one. */
    if (code->co_zombieframe != NULL)
        block(ctx, sizeof(struct gc_head) + (size_t)PyFrame_Type.tp_basicsize +
                       (size_t)Py_SIZE(code->co_zombieframe) * (size_t)PyFrame_Type.tp_itemsize);
}

unsigned layout_code_cached(PyCodeObject *code, PyObject *objects[4])
{
    (void)code;
    (void)objects;
    return 0;
}

#else

/* ---- 3.11 to 3.13 ---------------------------------------------------------------------------- */

static PyCodeObject *frame_code(const _PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *code = frame->f_executable;
#else
    PyObject *code = (PyObject *)frame->f_code;
#endif
    return code != NULL && Py_TYPE(code) == &PyCode_Type ? (PyCodeObject *)code : NULL;
}

/* Frames that only mark where C code entered the interpreter have no variables. */
static bool is_python(const _PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030C0000
    if (frame->owner == FRAME_OWNED_BY_CSTACK) return false;
#endif
    return frame_code(frame) != NULL;
}

static void view_frame(const _PyInterpreterFrame *frame, struct frame_view *view)
{
    PyCodeObject *code = frame_code(frame);

    *view = (struct frame_view){
        .code = code,
        .namespace = frame->f_locals,
        .object = (PyObject *)frame->frame_obj,
        .fast = frame->localsplus,
        .n_fast = code->co_nlocalsplus,
        .owns = frame->owner == FRAME_OWNED_BY_THREAD,
        .of_generator = frame->owner == FRAME_OWNED_BY_GENERATOR,
        .next = frame,
    };
#if PY_VERSION_HEX >= 0x030C0000
    view->function = frame->f_funcobj;
#else
    view->function = (PyObject *)frame->f_func;
#endif
#if PY_VERSION_HEX >= 0x030D0000
    const _Py_CODEUNIT *at = frame->instr_ptr;
#else
    const _Py_CODEUNIT *at = frame->prev_instr;
#endif
    view->lasti = (int)((const char *)at - (const char *)_PyCode_CODE(code));
    if (frame->stacktop > code->co_nlocalsplus) {
        view->stack = frame->localsplus + code->co_nlocalsplus;
        view->n_stack = frame->stacktop - code->co_nlocalsplus;
    }
}

static bool first_python(const _PyInterpreterFrame *frame, struct frame_view *view)
{
    while (frame != NULL && !is_python(frame)) frame = frame->previous;
    if (frame == NULL) return false;
    view_frame(frame, view);
    return true;
}

bool layout_frame_top(PyThreadState *tstate, struct frame_view *view)
{
#if PY_VERSION_HEX >= 0x030D0000
    return first_python(tstate->current_frame, view);
#else
    return tstate->cframe != NULL && first_python(tstate->cframe->current_frame, view);
#endif
}

bool layout_frame_back(struct frame_view *view)
{
    return first_python(((const _PyInterpreterFrame *)view->next)->previous, view);
}

int layout_frame_line(const struct frame_view *view)
{
    int line =
        view->lasti < 0 ? view->code->co_firstlineno : PyCode_Addr2Line(view->code, view->lasti);
    return line > 0 ? line : 0;
}

bool layout_gen_frame(PyObject *op, struct frame_view *view)
{
    PyGenObject *gen = (PyGenObject *)op;
    const _PyInterpreterFrame *frame = (const _PyInterpreterFrame *)(void *)gen->gi_iframe;

    if (gen->gi_frame_state >= FRAME_CLEARED || frame_code(frame) == NULL) return false;
    view_frame(frame, view);
    return true;
}

void layout_gen(PyObject *op, struct gen_view *view)
{
    PyGenObject *gen = (PyGenObject *)op;

    view->qualname = gen->gi_qualname;
    view->code = frame_code((const _PyInterpreterFrame *)(void *)gen->gi_iframe);
    view->running = gen->gi_frame_state == FRAME_EXECUTING;
    view->suspended = gen->gi_frame_state < FRAME_EXECUTING;
#if PY_VERSION_HEX < 0x030C0000
    view->code = gen->gi_code;
#endif
}

bool layout_frame_object(PyObject *op, struct frame_view *view)
{
    const _PyInterpreterFrame *frame = ((PyFrameObject *)op)->f_frame;

    if (frame == NULL || frame->owner != FRAME_OWNED_BY_FRAME_OBJECT || frame_code(frame) == NULL)
        return false;
    view_frame(frame, view);
    view->object = NULL; /* the link from the frame to its object is not counted here */
    return true;
}

/* A frame object that owns its variables is one whose call has ended. */
bool layout_frame_running(PyObject *op)
{
    (void)op;
    return false;
}

static size_t code_slots(const PyCodeObject *code)
{
    return code == NULL ? 0 : (size_t)code->co_nlocalsplus + (size_t)code->co_stacksize;
}

size_t layout_frame_size(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    size_t size = (size_t)type->tp_basicsize;
    const PyCodeObject *code;

    if (type == &PyFrame_Type) {
        const _PyInterpreterFrame *frame = ((PyFrameObject *)op)->f_frame;
        code = frame != NULL ? frame_code(frame) : NULL;
    } else {
        struct gen_view view;
        layout_gen(op, &view);
        code = view.code;
    }
    return size + code_slots(code) * sizeof(PyObject *);
}

PyObject *layout_local_name(PyCodeObject *code, int i)
{
    PyObject *names = code->co_localsplusnames;
    return i < PyTuple_GET_SIZE(names) ? PyTuple_GET_ITEM(names, i) : NULL;
}

/* Captured variables are the last of a frame's. */
PyObject *layout_captured_name(PyCodeObject *code, Py_ssize_t i)
{
    if (i >= code->co_nfreevars) return NULL;
    return layout_local_name(code, code->co_nlocalsplus - code->co_nfreevars + (int)i);
}

unsigned layout_code_names(PyCodeObject *code, PyObject *tuples[4])
{
    tuples[0] = code->co_names;
    tuples[1] = code->co_localsplusnames;
    return 2;
}

void layout_code_blocks(PyCodeObject *code, void (*block)(void *ctx, size_t size), void *ctx)
{
#if PY_VERSION_HEX >= 0x030C0000
    if (code->_co_cached != NULL) block(ctx, sizeof(*code->_co_cached));
    if (code->_co_monitoring != NULL) block(ctx, sizeof(*code->_co_monitoring));
#else
    if (code->_co_linearray != NULL)
        block(ctx, (size_t)Py_SIZE(code) * (size_t)code->_co_linearray_entry_size);
#endif
}

unsigned layout_code_cached(PyCodeObject *code, PyObject *objects[4])
{
#if PY_VERSION_HEX >= 0x030C0000
    if (code->_co_cached == NULL) return 0;
    objects[0] = code->_co_cached->_co_code;
    objects[1] = code->_co_cached->_co_varnames;
    objects[2] = code->_co_cached->_co_cellvars;
    objects[3] = code->_co_cached->_co_freevars;
    return 4;
#else
    objects[0] = code->_co_code;
    return 1;
#endif
}

#endif
