/* SPDX-License-Identifier: MIT */
/*
 * The name of a type as people read it: its module, a dot and its name; without a module that goes
 * without saying (`builtins`), and where the name begins with its module already, as Java's do.
 */
#ifndef SNAP_TOOLS_CLI_TYPE_NAME_H
#define SNAP_TOOLS_CLI_TYPE_NAME_H

#include "cli/text.h"

/** Appends it; NULL is no module, or no name. The texts may hold any byte. O(sizes). */
void type_name(struct text *t, const char *module, size_t module_size, const char *name,
               size_t name_size);

#endif
