/* SPDX-License-Identifier: MIT */
/*
 * Lists and sets of snaptop as text and as JSON (snap.top/1 in format/feed.schema.json).
 * Returns 0, or STATUS_UNUSABLE after a message.
 */
#ifndef SNAP_TOOLS_REPORT_TOP_PRINT_H
#define SNAP_TOOLS_REPORT_TOP_PRINT_H

#include "report/top.h"

/** A title line and a table on stdout. */
int top_print_list(const struct top_list *list);

/** What a set holds: its sums, then what is held by type, `n` lines of it. `what` names the set. */
int top_print_set(struct subject *s, const char *what, const struct graph_set *set, size_t n);

/** An element of the array "lists". */
void top_json_list(struct json *j, const struct top_list *list);

/** The member "set". */
int top_json_set(struct subject *s, struct json *j, const struct graph_set *set, size_t n);

#endif
