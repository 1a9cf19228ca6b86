/* SPDX-License-Identifier: MIT */
/*
 * Variables of JavaScript as names of owners (variable.h), by the rows of a comparison.
 *
 * Functions print their error and return STATUS_UNUSABLE, or 0. One thread a database.
 */
#ifndef SNAP_TOOLS_DB_DIFF_VARIABLE_H
#define SNAP_TOOLS_DB_DIFF_VARIABLE_H

#include "db/diff_name.h"

struct diff_variables;

/** *out is NULL after an error. */
int diff_variables_new(struct diff_variables **out, const struct diff_name_source *source);

/** Is a row a context, so that what it refers to by a reference of kind variable is one of it?
 *  O(1). */
bool diff_variables_in(const struct diff_variables *v, uint32_t row);

/** Appends what the variable `name` of a context is called. */
int diff_variables_label(struct diff_variables *v, uint32_t context, const char *name, size_t n,
                         struct text *out);

void diff_variables_free(struct diff_variables *v);

#endif
