/* SPDX-License-Identifier: MIT */
/*
 * What an object is, in words that its programmer finds in the source: which function a callback, a
 * coroutine or a task runs, which function's cache a dictionary is, whose captured variable a list.
 * The path of a signature stays as it is; this stands beside it.
 *
 * What is told:
 *   classes and modules by their name;
 *   functions, bound methods, partial objects, generators, coroutines, tasks, futures that a task
 *       waits for and handles of an event loop by the function behind them, with module and
 *       qualified name;
 *   links of Java's collections by the types of key and value, or of the element;
 *   owners by what they belong to: the cache of a function, with its bound where it has one, data
 *       of a thread, variables that a function has captured, local variables of what is suspended.
 *
 * References are followed for a few steps, each looked up in the database; of one object at most
 * 2^20 references are looked at. For lines that are shown, some tens of microseconds each.
 *
 * Functions print their error and return STATUS_UNUSABLE, or 0. One thread a database.
 */
#ifndef SNAP_TOOLS_DB_DIFF_ABOUT_H
#define SNAP_TOOLS_DB_DIFF_ABOUT_H

#include "db/diff_name.h"

struct diff_about;

/** What an owner declares about its size. */
struct diff_bound {
    int64_t bound;  /* elements that it will hold at most; -1: none known */
    int64_t length; /* elements that it holds now; -1: not known */
};

/** Starts, with the source and the names of one snapshot and the signatures that the names write
 *  to, which must outlive it. *out is NULL after an error. O(types). */
int diff_about_new(struct diff_about **out, const struct diff_name_source *source,
                   struct diff_names *names, const struct sign *sign);

/** Appends the name of a class or module, or the function behind a row: "app.poll", "one of
 *  app.poll" where the row is not itself a function or a method but runs one; "one with key
 *  java.lang.Integer and value app.Session" of the node of a map. Nothing where there is none. */
int diff_about_function(struct diff_about *about, uint32_t row, struct text *out);

/** Appends what an owner is: "the cache of app.f (functools.lru_cache without a bound)". Nothing
 *  where its path says it all. *bound is filled in any case. */
int diff_about_owner(struct diff_about *about, uint32_t row, struct text *out,
                     struct diff_bound *bound);

void diff_about_free(struct diff_about *about);

#endif
