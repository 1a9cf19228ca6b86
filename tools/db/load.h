/* SPDX-License-Identifier: MIT */
/*
 * From snapshot files to a heap database: decode, resolve references, analyse, write in key order.
 *
 * The database is written through the SQLite API without journal and synchronisation, in one
 * transaction, into a file that nobody else sees: the caller gives a name in the directory where
 * it is to stay and renames it when this returns 0 (cli/output.h). A failure leaves a file that
 * must be removed.
 *
 * Memory: everything of one snapshot at a time, 95 to 115 B an object at the peak. Bounded by a
 * budget, so that a file that claims too much ends in a sentence.
 */
#ifndef SNAP_TOOLS_DB_LOAD_H
#define SNAP_TOOLS_DB_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_options {
    bool summary;        /* leave out ref and referrer */
    bool values;         /* contents too, of dumps that hold them */
    uint64_t max_memory; /* bytes; 0: most of what the machine has left. A file whose announced rows
                            need more is refused before it is read */
    bool api;            /* all tables through SQLite: slower, for comparison (direct.h) */
    unsigned threads;    /* 1 or 2; 0: two where the machine has two cores. The database is the
                            same */
    bool quiet_warnings; /* warnings only into the table, not to stderr */
    /* Set by complete.c: the database exists and lacks the references of the snapshots whose
     * `path` is this; the file that is read must have this uuid. */
    const char *complete_path, *complete_uuid;
};

/** Phases of a load, in order. */
enum load_phase { LOAD_READ, LOAD_RESOLVE, LOAD_ANALYSE, LOAD_WRITE, LOAD_PHASES };

struct load_result {
    uint32_t n_snapshots;
    uint64_t n_objects, n_refs;
    uint64_t warnings;
    bool complete;                /* every snapshot is complete and every file whole */
    uint64_t bytes_read;
    double cpu_seconds[LOAD_PHASES];
    uint64_t database_size;
};

/** Names of the phases, for messages. */
extern const char *const load_phase_name[LOAD_PHASES];

/**
 * Loads `n` files into the new database `database` (an empty or absent file; `name` is what
 * messages call it). Prints its errors and warnings. Returns 0 or STATUS_UNUSABLE.
 */
int load_files(const char *const *paths, size_t n, const char *database, const char *name,
               const struct load_options *options, struct load_result *result);

/** What a load will take: bytes of database, and seconds; and bytes of memory that it cannot do
 *  without, 0 where the files do not announce what is in them. */
struct load_estimate {
    uint64_t database_size, memory;
    double seconds;
};

/** A guess, from what the files announce, or else from their sizes. Files that cannot be read count
 *  nothing: loading them will say why. */
struct load_estimate load_estimate(const char *const *paths, size_t n, bool summary);

/** Says what a long load will take (not with --quiet), and refuses one for which the disk of
 *  `database` has no room: STATUS_UNUSABLE after a message that names `name` and gives `hint`. */
int load_check_room(const char *database, const char *name, const char *hint,
                    const struct load_estimate *estimate);

#endif
