/* SPDX-License-Identifier: MIT */
/*
 * The self-checks at import: whether objects made for the purpose lie in memory as the binary
 * expects. They turn an interpreter that was built or patched differently into a clear refusal.
 */
#ifndef HEAPSNAP_PROBE_H
#define HEAPSNAP_PROBE_H

#include "layout.h"

/* The code that checks run is Python's, and between two of its steps the program's handlers of
 * signals may run and raise: KeyboardInterrupt, or SystemExit at SIGTERM. Such an exception is the
 * program's: it is left set, and what was being checked will be checked again. */

/** Check everything that a walk relies on. NULL: all well; else a sentence for the user, in static
 *  storage. Makes Python objects and runs Python code of its own; the only exception that may be
 *  left set is a signal handler's, and then not NULL is returned. */
const char *probe_layouts(void);

/** Clear the exception of a check that failed. True: it is a signal handler's, and stays. */
bool probe_interrupted(void);

/** Find out which private structures of the standard library are as expected (types.h,
 *  private_layouts; hidden.h), for the modules that have been imported by now and were not looked
 *  at before; those that are not as expected are left out of descriptions. With the GIL, not in a
 *  forked child; the error indicator stays as it is. False: a signal's handler has raised, and that
 *  is set now. */
bool probe_private(void);

/** One private structure. The snippet runs once its module is there, as `m`, and imports nothing
 *  new. It leaves an object in `op` and in `words` a list of tuples (value, width, offset, ...):
 *  at the offset in the object stands the value, that many bytes wide; with further offsets, each
 *  step before the last goes through a pointer. Width 0: the word is a pointer to a block of
 *  malloc's with room for at least that many bytes, and not much more. */
struct probe_structure {
    const char *module;
    const char *code;
    bool *holds;
    bool checked;
};

/** Check a structure if its module is there and it was not checked before. Memory is read in a way
 *  that a wrong pointer cannot make crash. Does nothing while an exception is set; leaves only a
 *  signal handler's. */
void probe_structure(PyObject *modules, struct probe_structure *structure);

#endif
