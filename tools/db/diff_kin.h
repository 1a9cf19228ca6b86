/* SPDX-License-Identifier: MIT */
/*
 * Whether two snapshots are of one process, told from the objects themselves, where the captures do
 * not say it and the runtime never uses an id again (V8).
 *
 * In one process an id stays with its object, so what has one id has one type and, but for a few,
 * one size. Two processes give the same small numbers to other objects, but not to all: what starts
 * alike is numbered alike, and where one type makes up the heap, chance agrees as well. So the
 * measure is agreement beyond chance (Cohen's kappa): (agreed - expected) / (1 - expected), where
 * `expected` is the share of pairs that would have one type if ids meant nothing. Snapshots of one
 * process have 1, or next to it; two runs of the smallest program, which share the objects that
 * the runtime starts with, 0.95 and less. Runs in which nothing was left to differ (fixed seeds
 * of hashes) cannot be told apart, nor need they be: what has one id is the same there.
 *
 * Only odd ids are looked at: V8 counts its objects with these, and makes even ones for objects of
 * the embedder from addresses, which are used again.
 */
#ifndef SNAP_TOOLS_DB_DIFF_KIN_H
#define SNAP_TOOLS_DB_DIFF_KIN_H

#include "db/diff_rows.h"

/** From this agreement beyond chance on, of this many objects with an id in both at least, two
 *  snapshots are taken for one process's. */
#define DIFF_KIN_SHARE 0.98
enum { DIFF_KIN_MIN = 1000, DIFF_KIN_SAMPLE = 1 << 16 };

struct diff_kin {
    uint64_t common; /* objects looked at that have an id in both */
    uint64_t agreed; /* of them, those of one type and size */
    double kappa;    /* agreement beyond chance; 0 where nothing is common */
};

/** Compares objects of one id. At most about DIFF_KIN_SAMPLE of A are looked at, chosen by a hash
 *  of the id; of two with one id the last counts. `n_types` bounds the rows' types. O(rows), 4 MiB
 *  at most. Prints its error: 0 or STATUS_UNUSABLE. */
int diff_kin_measure(const struct diff_rows *a, const struct diff_rows *b, uint32_t n_types,
                     struct diff_kin *out);

bool diff_kin_is_one(const struct diff_kin *kin);

#endif
