/* SPDX-License-Identifier: MIT */
/*
 * The listener's thread: waits for those who ask, answers one request at a time, and takes the GIL
 * only for as long as an answer needs it. listener.c starts and stops it.
 *
 * Whoever connects and may not ask is dropped before a byte is read. A connection has
 * LISTENER_PATIENCE_MS to send its one request; of more than LISTENER_WAITING silent ones the
 * oldest goes. So no number of connections, and nothing that they send, keeps another user of the
 * same process from being answered. While a forked child walks, status requests are still answered
 * and a second capture is refused.
 */
#ifndef HEAPSNAP_LISTENER_LOOP_H
#define HEAPSNAP_LISTENER_LOOP_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include "ask_socket.h"

#define LISTENER_WAITING     16
#define LISTENER_PATIENCE_MS 2000
#define LISTENER_ROLE_MAX    128

typedef struct listener_client {
    owned_fd fd;
    int64_t deadline_ms; /**< by the monotonic clock */
} listener_client;

/** All that the thread and its masters share. Fields without a remark are set before the thread
 *  starts and never change while it runs. */
typedef struct listener {
    /** Guards every descriptor below, `pause` and `ended`. fork() happens with it held
     *  (pthread_atfork), so that the child knows exactly what to close; it is held for single
     *  system calls only. */
    pthread_mutex_t lock;
    pthread_cond_t end; /**< signalled when `ended` is set; uses the monotonic clock */
    int pause;          /**< under the lock: the thread is to end and leave everything open */
    int ended;          /**< under the lock: the thread touches nothing any more */

    owned_fd sock;
    owned_fd wake_reader;
    owned_fd wake_writer; /**< read by the signal handler, which checks what it finds */
    owned_fd asking;      /**< the connection whose request is being answered */
    owned_fd output;      /**< the file that is being written */
    owned_fd asking_meanwhile; /**< the same two for what is heard during a capture */
    owned_fd output_meanwhile;
    listener_client waiting[LISTENER_WAITING];
    char name[ASK_NAME_MAX];

    atomic_int stop;               /**< end as soon as nobody is being answered */
    atomic_int give_up;            /**< end also a capture that is under way */
    atomic_int signals;            /**< set by the signal handler: a capture is wanted */

    char role[LISTENER_ROLE_MAX];
    char argv0[LISTENER_ROLE_MAX];
    char directory[PATH_MAX]; /**< where captures by signal go */
    uint64_t resident_at_start;
    int64_t listening_since;  /**< seconds since 1970 */
    long forked_from;         /**< pid of the parent that listened too, or 0 */
    unsigned n_by_signal;     /**< the thread's own */
} listener;

/** Put every descriptor to "none". */
void listener_init_fds(listener *l);
/** Make the socket and the wake pair; 0 or an errno value. */
int listener_open(listener *l);
/** Close all descriptors that are still ours. Async-signal-safe; for the forked child, too. */
void listener_close(listener *l);
/** Wake the thread. The caller holds the lock; the signal handler cannot, and at worst sends one
 *  byte to a socket that took the number in the instant between the check and the sending. */
void listener_wake(listener *l);
/** The thread: until `stop`. Signals must be blocked. The caller does not hold the GIL. */
void *listener_run(void *listener_pointer);

#endif
