/* SPDX-License-Identifier: MIT */
/*
 * Two pieces of work side by side, on two cores. Neither writes what the other one reads.
 */
#ifndef HEAP_BESIDE_H
#define HEAP_BESIDE_H

#include <pthread.h>
#include <stdbool.h>

/** Before the first member of a structure of which each thread has one and writes it often: no cache
 *  line, nor a pair of them that is fetched together, has two of them, which would go to and fro. For
 *  structures that stand on the stack. */
#define BESIDE_APART _Alignas(BESIDE_LINES)
enum { BESIDE_LINES = 128 }; /* bytes */

/** Whether two threads are worth it on this machine. */
bool beside_worth(void);

/** Calls work(first) and work(second): at once in two threads where `two`, and where the system gives
 *  a second one; else one after the other. The first runs in the caller's thread, where signals go,
 *  too. */
void beside_run(bool two, void (*work)(void *opaque), void *first, void *second);

/** Work that another thread does from beside_begin to beside_end. */
struct beside {
    void (*work)(void *opaque);
    void *opaque;
    pthread_t thread;
    bool started;
};

/** Begins work(opaque) in a second thread, which takes no signals; false, and nothing is begun,
 *  where the system gives none. *b stays where it is until beside_end. */
bool beside_begin(struct beside *b, void (*work)(void *opaque), void *opaque);

/** Waits for what was begun; nothing where nothing was. */
void beside_end(struct beside *b);

#endif
