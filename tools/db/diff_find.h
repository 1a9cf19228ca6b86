/* SPDX-License-Identifier: MIT */
/*
 * Is there an object of a given signature, whether it changed or not? For names that a user gave
 * and no line of a comparison has: a limit on an owner that does not exist is never passed, and
 * whoever set it should know.
 */
#ifndef SNAP_TOOLS_DB_DIFF_FIND_H
#define SNAP_TOOLS_DB_DIFF_FIND_H

#include "db/diff_name.h"

/** Looks for an object whose path or signature is the n bytes of `name`, along the references
 *  from modules, classes and roots whose own names it begins with. At most 2^18 objects are looked
 *  at: where that is not enough, *found is true, since nothing speaks against it. Prints its error;
 *  0 or STATUS_UNUSABLE. Some microseconds an object. */
int diff_find(const struct diff_name_source *source, struct diff_names *names,
              const struct sign *sign, const char *name, size_t n, bool *found);

#endif
