/* SPDX-License-Identifier: MIT */
/*
 * A whole file read by libsnap into the normal form of corpora/gen/random_rows.h, to be held
 * against what was written. A check that fails is reported (cu.h).
 */
#ifndef PROP_SNAP_READ_H
#define PROP_SNAP_READ_H

#include "random_rows.h"

/* Rows by kind, strings joined; BEGIN rows are left out. 0 where the file is not whole. Freed by
 * gen_log_free. */
int read_whole(const void *bytes, size_t size, struct gen_log *log);

/* The same rows in the same order; the library's own METADATA row comes on top in what was read. */
int logs_agree(const struct gen_log *got, const struct gen_log *want);

#endif
