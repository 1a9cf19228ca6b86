/* SPDX-License-Identifier: MIT */
/*
 * The cycles that a program can break: objects that refer to each other, without the references
 * that make a cycle of nearly everything.
 *
 * An instance refers to its class, a class to its functions, a function to the variables of its
 * module, and these to everything: taken as it is, the largest cycle of a Python heap (table
 * component) holds most of it, and says nothing. So references to types, classes, global roots,
 * modules and the dictionaries of their variables are left out here: these live as long as the
 * process, and nobody would make a reference to them weak. What is left are parents and children,
 * callbacks and what they captured, exceptions and their frames.
 *
 * Every such cycle lies within a component of the database, so only objects that are in one are
 * read.
 *
 * Threads: one. Memory: 80 bytes an object that is in a component, 4 bytes a reference between
 * them. Time: a scan of `object`, the references of those objects, and O(objects + references).
 */
#ifndef SNAP_TOOLS_LEAK_CYCLES_H
#define SNAP_TOOLS_LEAK_CYCLES_H

#include "report/subject.h"

struct cycle {
    size_t first;           /* its members are cycles.members[first .. first + n - 1] */
    uint32_t n;
    uint32_t n_finalizers;  /* members whose type has a finalizer */
    int64_t object_id;      /* the member with the smallest id */
    int64_t type_id;        /* of that member */
    int64_t generation;     /* the highest; -1: not known */
    uint64_t retained_size; /* of the members that lie below no other one */
    bool exact;             /* that is one member, which retains all of them; otherwise they hold
                               more together than retained_size */
    bool outermost;         /* no cycle with this type_id retains it: the sum of the retained sizes
                               of these counts nothing twice */
};

struct cycles {
    int64_t *members; /* ids, of each cycle ascending */
    struct cycle *at; /* by object_id ascending */
    size_t n;
};

/** Finds the cycles of the subject's snapshot, live and garbage. Needs its references. 0, or
 *  STATUS_UNUSABLE after a message; then *out owns nothing. */
int cycles_find(struct subject *subject, struct cycles *out);
void cycles_free(struct cycles *cycles);

#endif
