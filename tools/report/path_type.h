/* SPDX-License-Identifier: MIT */
/*
 * Why all objects of a type are alive: their shortest paths merged into one tree with counts and
 * bytes, as text and as JSON. Functions print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_REPORT_PATH_TYPE_H
#define SNAP_TOOLS_REPORT_PATH_TYPE_H

#include "report/subject.h"

/** Prints at most `limit` lines of the tree for the types that match `pattern`; with `j` the member
 *  "type_paths" of the open JSON object instead. */
int path_type(struct subject *s, const char *pattern, uint32_t limit, struct json *j);

#endif
