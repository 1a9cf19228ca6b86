/* SPDX-License-Identifier: MIT */
/*
 * Objects by the names that the tools print: `app.REGISTRY`, a global variable of a module, and
 * from there along attributes: `app.REGISTRY.finished`, `app.Handler.cache`; a variable of
 * JavaScript: `server.js:sessions`.
 */
#ifndef SNAP_TOOLS_REPORT_SUBJECT_NAME_H
#define SNAP_TOOLS_REPORT_SUBJECT_NAME_H

#include "report/subject.h"

/** The object of this name: *id, 0 where none has it or a type is called so. Of names that begin
 *  alike the longest global variable is taken. Attributes need references. Prints its error; 0 or
 *  STATUS_UNUSABLE. O(globals for each dot, references of each object on the way). */
int subject_named(struct subject *s, const char *name, int64_t *id);

#endif
