/* SPDX-License-Identifier: MIT */
/*
 * The limits of --fail-if:
 *
 *     growth>5M                       live bytes (retained by the roots) grew by more than 5 MiB,
 *                                     beside what the baseline accepts (diff_baseline.h)
 *     growth.count>10000              live objects, the same
 *     growth(owner:app.REGISTRY)>1M   the line of this owner: its path or its whole signature
 *     growth(type:app.Session).count>=100
 *
 * `>` and `>=`; sizes in bytes or with K, M, G, T (powers of 1024), counts plain. Blanks are
 * allowed around every part. A name may hold anything but is ended by the last `)` before the
 * comparison. Growth that is no growth is 0 or negative and passes no limit above it.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_LIMIT_H
#define SNAP_TOOLS_REPORT_DIFF_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum limit_of { LIMIT_ALL, LIMIT_OWNER, LIMIT_TYPE };

struct limit {
    enum limit_of of;
    const char *name; /* into the text; not ended by 0 */
    size_t name_size;
    bool count;   /* objects, not bytes */
    bool reached; /* >=: the limit itself counts as passed */
    int64_t value;
};

/** Parses all of `text`, which must outlive *out. False: not a limit; *wrong says what, in a
 * phrase. */
bool limit_parse(const char *text, struct limit *out, const char **wrong);

/** Does `growth` pass it? */
bool limit_passed(const struct limit *limit, int64_t growth);

#endif
