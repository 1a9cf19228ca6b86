/* SPDX-License-Identifier: MIT */
/*
 * What the queries of rules may ask and call, beside the database and SQLite's own functions.
 * Tables:
 *
 *   grown                        owners that grew since the earlier snapshot (grown.h)
 *   cycle                        cycles that the program can break (cycles.h): id, object_id (the
 *                                first member), type_id (of that member), n, retained_size, exact
 *                                (1: that is all that they retain together; 0: at least that),
 *                                n_finalizers, generation, outermost (0: another cycle with this
 *                                type_id retains it, and what it retains)
 *
 * Functions:
 *
 *   size(bytes)                  "1.5 MiB"
 *   plural(n, word [, words])    "1 entry", "2,000 entries"; without words, word with an s
 *   percent(part, whole)         "37.5%"
 *   since(now, before)           ", +500 since the earlier snapshot"; '' where they are equal or
 *                                before is null
 *   together(id, last_dominated, retained_size)
 *                                an aggregate: what objects retain, each byte once where one of
 *                                them retains others; at least that, as what only several of them
 *                                hold is not in it (together.h); 0 for no objects
 *   duration(seconds)            "10 min 00 s"; null for null
 *   type_name(type_id)           "app.models.Session", "dict"
 *   path_of(object_id)           the shortest path as people read code: "app.CACHE['x']"; '' where
 *                                there is none
 *   whole_of(object_id)          the collection that a table or node of one belongs to (collection.h);
 *                                any other object is its own
 *   base(sql, ...)               the first value of a query asked of the earlier snapshot, whose
 *                                id is its parameter ?1, the other arguments ?2 and on; null where
 *                                there is no earlier snapshot. The text of the query must be a
 *                                literal.
 *   before_id(object_id)         the same object in the earlier snapshot: of one process, at one
 *                                address, of types of one name; null where there is none
 *   age_of(object_id)            seconds that it has been there at least, by the snapshots before
 *                                (ages.h); null where none has it
 *   spare(type, shallow_size, length, capacity)
 *                                bytes that a copy of a container would be smaller (spare.h)
 *   closes(cycle_id)             the references that close a cycle (table cycle):
 *                                "app.Node.parent", the kind of reference without which no cycle
 *                                is left of it; null where no one kind does, or the cycle is
 *                                larger than CLOSES_MAX
 *
 * path_of costs some microseconds a step, closes O(references of the cycle * kinds of them).
 * One thread a database.
 */
#ifndef SNAP_TOOLS_LEAK_FUNCTIONS_H
#define SNAP_TOOLS_LEAK_FUNCTIONS_H

#include "report/subject.h"

struct functions;
struct diff_report;

/** Makes the functions known to the subject's database. `base` is the earlier snapshot, NULL for
 *  none, `made` their comparison as for grown_new (grown.h); all must outlive *out, and the
 *  functions must not be called after functions_free. 0, or STATUS_UNUSABLE after a message. */
int functions_new(struct functions **out, struct subject *subject, struct subject *base,
                  const struct diff_report *made);
/** Makes the tables that a statement names, which was prepared and is to be stepped now. 0, or
 *  STATUS_UNUSABLE after a message. */
int functions_ready(struct functions *f);
void functions_free(struct functions *f);

/** Appends path_of; nothing for garbage. 0, or STATUS_UNUSABLE after a message. */
int functions_path(struct functions *f, int64_t object_id, struct text *out);

/** Whether one of the functions has printed an error. */
bool functions_failed(const struct functions *f);

#endif
