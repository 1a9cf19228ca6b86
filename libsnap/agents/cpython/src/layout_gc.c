/* SPDX-License-Identifier: MIT */
/*
 * The collector's lists, counters and switch. Its state is part of the runtime in 3.8 and of the
 * interpreter from 3.9 on; from 3.13 on the place is read from the runtime's table of offsets,
 * because the interpreter's structure has changed within a minor version.
 */
#define Py_BUILD_CORE 1
#include "layout.h"

#include "internal/pycore_pystate.h"
#if PY_VERSION_HEX >= 0x03090000
#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"
#endif
#if PY_VERSION_HEX >= 0x030D0000
#include "internal/pycore_runtime.h"
#endif

_Static_assert(sizeof(PyGC_Head) == sizeof(struct gc_head), "the collector's header changed");

static struct _gc_runtime_state *gc_state(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    char *interp = (char *)PyInterpreterState_Main();
    return (struct _gc_runtime_state *)(interp + _PyRuntime.debug_offsets.interpreter_state.gc);
#elif PY_VERSION_HEX >= 0x03090000
    return &PyInterpreterState_Main()->gc;
#else
    return &_PyRuntime.gc;
#endif
}

void layout_gc_lists(struct gc_head *heads[LAYOUT_GC_LISTS])
{
    struct _gc_runtime_state *gc = gc_state();

    for (int i = 0; i < 3; i++) heads[i] = (struct gc_head *)&gc->generations[i].head;
    heads[LAYOUT_FROZEN] = (struct gc_head *)&gc->permanent_generation.head;
}

void layout_gc_stats(struct gc_stats *stats)
{
    struct _gc_runtime_state *gc = gc_state();

    stats->enabled = gc->enabled != 0;
    for (int i = 0; i < 3; i++) {
        stats->collections[i] = gc->generation_stats[i].collections;
        stats->collected[i] = gc->generation_stats[i].collected;
        stats->uncollectable[i] = gc->generation_stats[i].uncollectable;
        stats->count[i] = gc->generations[i].count;
        stats->threshold[i] = gc->generations[i].threshold;
    }
}

PyObject *layout_gc_garbage(void)
{
    return gc_state()->garbage;
}

bool layout_gc_enable(bool on)
{
    struct _gc_runtime_state *gc = gc_state();
    bool was_on = gc->enabled != 0;

    gc->enabled = on;
    return was_on;
}

bool layout_gc_running(void)
{
    return gc_state()->collecting != 0;
}
