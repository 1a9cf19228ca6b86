/* SPDX-License-Identifier: MIT */
/*
 * The function age_of(object_id) of rules: for how many seconds at least an object has been there,
 * by the snapshots before the subject's: those of its own file and those of the earlier one's, as
 * far as they are of the same process, whose objects keep their addresses.
 *
 * The snapshots are looked through backwards in time: the age is that of the last one in a row that
 * has an object of a type of this name at this address. A gap ends the row, since addresses are used
 * again; an object that took another's address and type is taken for it. Null where no snapshot
 * before has it, or times are not known.
 *
 * A call looks up one key a snapshot. One thread a database.
 */
#ifndef SNAP_TOOLS_LEAK_AGES_H
#define SNAP_TOOLS_LEAK_AGES_H

#include "report/subject.h"

struct ages;

/** Makes the function known to the subject's database; `base` may be NULL, and of the same database.
 *  Both must outlive *out, and the function must not be called after ages_free. 0, or
 *  STATUS_UNUSABLE after a message. */
int ages_new(struct ages **out, struct subject *subject, struct subject *base);
void ages_free(struct ages *ages);

/** Whether a call has printed an error. */
bool ages_failed(const struct ages *ages);

#endif
