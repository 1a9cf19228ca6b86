/* SPDX-License-Identifier: MIT */
/*
 * The self-checks at import: whether objects made for the purpose lie in memory as the binary
 * expects. They turn an interpreter that was built or patched differently into a clear refusal.
 */
#ifndef HEAPSNAP_PROBE_H
#define HEAPSNAP_PROBE_H

#include "layout.h"

/** Check everything that a walk relies on. NULL: all well; else a sentence for the user, in static
 *  storage. Makes Python objects and runs Python code of its own; no exception is left set. */
const char *probe_layouts(void);

/** Find out which private structures of the standard library are as expected (types.h,
 *  private_layouts), for the modules that have been imported by now and were not looked at before;
 *  those that are not as expected are left out of descriptions. With the GIL, not in a forked
 * child; the error indicator stays as it is. */
void probe_private(void);

#endif
