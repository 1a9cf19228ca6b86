/* SPDX-License-Identifier: MIT */
/*
 * What kind of file is this, by its first bytes: for messages that say clearly what a file is not,
 * and for choosing between a snapshot and a heap database. Importers decide for themselves by bids.
 * Pure; O(n) in the bytes given.
 */
#ifndef SNAP_TOOLS_CLI_SNIFF_H
#define SNAP_TOOLS_CLI_SNIFF_H

#include <stddef.h>

enum sniff_kind {
    SNIFF_UNKNOWN,
    SNIFF_EMPTY,
    SNIFF_SNAP,       /* starts with the snapshot magic */
    SNIFF_HEAPDB,     /* an SQLite database whose application id is ours */
    SNIFF_SQLITE,     /* any other SQLite database */
    SNIFF_FOREIGN,    /* a heap dump or profile of another tool */
    SNIFF_OTHER,      /* something well known that is no dump at all: ELF program, archive, text */
};

struct sniff {
    enum sniff_kind kind;
    const char *name; /* "a Java HPROF heap dump", "an SQLite database"; static, never NULL */
    const char *hint; /* what to try, for message_error; static, or NULL */
};

/** PRAGMA application_id of a heap database: "snap" in ASCII. */
#define SNIFF_APPLICATION_ID 0x736e6170u

/** So many first bytes are enough for every decision. */
enum { SNIFF_BYTES = 512 };

/** Looks at the first n bytes of a file (all of them when it is shorter than SNIFF_BYTES). */
struct sniff sniff_bytes(const unsigned char *head, size_t n);

/** Reads the head of `path` (never blocks on a FIFO, follows links) and looks at it. Returns 0, or
 *  the errno of the failed call; EISDIR for a directory. */
int sniff_path(const char *path, struct sniff *out);

#endif
