/* SPDX-License-Identifier: MIT */
/*
 * The formats that can be read, and the choice among them by the first bytes of a file.
 *
 * A format is one entry of a table: how sure it is that these bytes are its own (its bid), and
 * how to read a file of it into a record sink. A new importer is one source file and one line in
 * import.c; nothing downstream changes.
 */
#ifndef SNAP_TOOLS_IMPORT_IMPORT_H
#define SNAP_TOOLS_IMPORT_IMPORT_H

#include "import/record.h"

/** First bytes that bids are made on. */
enum { IMPORT_HEAD = 512 };

/** What was learnt about the file itself, beside its rows. */
struct import_result {
    bool complete;    /* the whole file is there and undamaged */
    bool has_uuid;
    uint8_t uuid[16];
    uint64_t bytes;   /* read */
};

struct import_options {
    /* Called now and then with the bytes read so far; may be NULL. */
    void (*progress)(void *opaque, uint64_t bytes);
    void *opaque;
    bool values; /* contents (of strings, of fields) too, as `value` records */
};

/** What a file announces: rows of all its snapshots. A lie costs nothing but a wrong estimate. */
struct import_totals {
    uint64_t objects, edges;
    uint64_t native;    /* blocks and events */
    uint64_t snapshots; /* 0: it does not say */
    bool guessed;       /* from a part of the file */
};

struct import_format {
    const char *name; /* "snap" */
    const char *what; /* "a heap snapshot" */
    /** How sure, 0 (not mine) to 100, from the first n bytes; n is less than IMPORT_HEAD only when
     *  the file is shorter. */
    int (*bid)(const unsigned char *head, size_t n);
    /** Reads `path` from start to end into the sink. Returns RECORD_OK also for damaged or cut-off
     *  files that gave something (sink->damage tells, result->complete is false); RECORD_STOP after
     *  the sink stopped it, or after a message about the file. */
    int (*read)(const char *path, const struct record_sink *sink,
                const struct import_options *options, struct import_result *result);
    /** What the file announces, without reading all of it; false where it does not say. Silent.
     *  NULL: the format never says. */
    bool (*totals)(const char *path, struct import_totals *totals);
    bool tallies; /* calls record_sink.tally */
};

/** The format that bids highest for these bytes; NULL when none bids at all. */
const struct import_format *import_choose(const unsigned char *head, size_t n);

/** Reads the head of `path` and chooses. On failure prints one line that says what the file is
 *  and is not, and returns NULL. */
const struct import_format *import_open(const char *path);

/** The format that `path` would be read as, wrappers opened; NULL when there is none, or it cannot be
 *  read. Prints nothing. */
const struct import_format *import_known(const char *path);

/** What the file announces; false where it or its format does not say. Prints nothing. */
bool import_totals(const char *path, struct import_totals *totals);

/** For formats without facts of their own: hands on these n keys and values as metadata of the file,
 *  whether contents are (`values`), and the begin of snapshot 1, of which no time is known. */
int import_begin(const struct record_sink *sink, const struct import_options *options,
                 const char *const (*facts)[2], size_t n);

/* The formats, each in its own file. */
extern const struct import_format import_snap;
extern const struct import_format import_hprof;
extern const struct import_format import_v8;
extern const struct import_format import_ruby;
extern const struct import_format import_tracemalloc;

#endif
