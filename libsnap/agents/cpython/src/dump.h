/* SPDX-License-Identifier: MIT */
/*
 * One capture of this process's Python heap into an open descriptor: what `heapsnap.dump()` and
 * the listener (listener.h) both call.
 *
 * The functions run no Python code (finalizers only with `gc_collect`), raise no Python exception
 * and leave the error indicator as they found it. Failures are told in dump_result.error.
 */
#ifndef HEAPSNAP_DUMP_H
#define HEAPSNAP_DUMP_H

#include <stddef.h>
#include <stdint.h>

typedef enum dump_mode {
    DUMP_AUTO = 0,   /**< fork where there is head-room for it, else inline */
    DUMP_FORK = 1,   /**< walk in a forked child: a short pause, more memory */
    DUMP_INLINE = 2  /**< walk here, with the GIL held all the while */
} dump_mode;

typedef enum dump_names {
    DUMP_NAMES_CODE = 0, /**< dict keys that stand in the program's code; others are hashed */
    DUMP_NAMES_KEYS = 1, /**< short string keys as they are */
    DUMP_NAMES_NONE = 2  /**< all keys hashed */
} dump_names;

/** Stacks of allocations. */
typedef enum dump_sites {
    DUMP_SITES_OFF = 0,     /**< tracemalloc does not trace */
    DUMP_SITES_WRITTEN = 1, /**< in the file */
    DUMP_SITES_LEFT_OUT = 2 /**< it traces, but tells a forked child nothing (before 3.12) */
} dump_sites;

typedef struct dump_label {
    const char *key;   /**< UTF-8, NUL-terminated */
    const char *value; /**< UTF-8, NUL-terminated */
} dump_label;

typedef struct dump_options {
    dump_mode mode;
    dump_names names;
    int values;     /**< also record previews of object contents */
    int gc_collect; /**< run a full collection first */
    const dump_label *labels;
    size_t n_labels;
    const char *reason; /**< who asked, for the snapshot's begin row; NULL: "dump" */
    /** NULL, or called once when the mode is settled and before the process pauses, with the GIL
     *  held; it must not touch Python. */
    void (*announce)(void *opaque, dump_mode mode, const char *why);
    /** NULL, or asked every few hundredths of a second, without the GIL, while a forked child
     *  works: non-zero gives the capture up (the child is killed; dump_to_fd fails). */
    int (*cancelled)(void *opaque);
    /** NULL, or asked while a capture that runs inline waits for its output: non-zero gives it up.
     *  Called in the middle of the walk: it must neither run Python code nor touch objects. */
    int (*interrupted)(void);
    void *opaque; /**< handed to the first two callbacks */
} dump_options;

typedef struct dump_result {
    uint64_t objects;
    uint64_t edges;
    uint64_t bytes;    /**< written to the descriptor */
    uint64_t pause_ns; /**< how long no Python code could run */
    uint64_t total_ns; /**< until the last byte was written */
    dump_mode mode;    /**< the mode used: fork or inline */
    dump_sites sites;  /**< whether stacks of allocations stand in the file */
    int kept;          /**< after a failure: something was written that is worth keeping */
    char why[160];     /**< why that mode, one clause: "asked for", "head-room 3.1 GiB", ... */
    char error[256];   /**< empty, or why it failed: one sentence without a full stop */
} dump_result;

/** What a capture would cost now. */
typedef struct dump_plan {
    dump_mode mode;      /**< what DUMP_AUTO would choose */
    char why[160];       /**< why */
    uint64_t rss;        /**< resident bytes */
    uint64_t objects;    /**< estimated number of objects */
    uint64_t pause_ns;   /**< estimated */
    uint64_t total_ns;   /**< estimated */
    uint64_t extra_bytes;/**< estimated memory needed while it lasts */
    dump_sites sites;    /**< what would become of the stacks of allocations */
} dump_plan;

/** Capture into `fd` from its current position. Called with the GIL held; returns with it held;
 *  gives it up while a forked child works. Writes the whole file (header to trailer); neither
 *  closes nor syncs `fd`. One capture at a time in a process: a second one fails. 0, or -1 with
 *  result->error filled. */
int dump_to_fd(int fd, const dump_options *options, dump_result *result);

/** Fill `plan` for `options`: reads a few files under /proc and, with `have_gil`, counts the
 *  allocator's blocks, about 2 ms a GiB; without, the number of objects is estimated from the
 *  resident size. */
void dump_plan_make(const dump_options *options, int have_gil, dump_plan *plan);

/** "auto", "fork", "inline"; static storage. */
const char *dump_mode_name(dump_mode mode);

#endif
