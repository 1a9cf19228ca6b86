/* SPDX-License-Identifier: MIT */
/*
 * Waiting for requests; see listener_loop.h. What is answered stands in listener_answer.c.
 *
 * Invariant: every descriptor that the thread holds is in the listener structure from the system
 * call that made it on (both under the lock), so that a child made at any time closes them all.
 */
#define _GNU_SOURCE
#include "listener_loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "listener_answer.h"

/* How often an idle listener looks whether its descriptors are still its own: poll() does not tell
 * when a number has become another file. */
#define LOOK_AFTER_MS 5000

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- descriptors ------------------------------------------------------------------------- */

void listener_init_fds(listener *l)
{
    l->sock.fd = l->wake_reader.fd = l->wake_writer.fd = -1;
    l->asking.fd = l->output.fd = l->asking_meanwhile.fd = l->output_meanwhile.fd = -1;
    for (int i = 0; i < LISTENER_WAITING; i++) l->waiting[i].fd.fd = -1;
}

int listener_open(listener *l)
{
    int error = ask_socket_listen(&l->sock, l->name);
    if (error) return error;
    error = ask_socket_pair(&l->wake_reader, &l->wake_writer);
    if (error) owned_fd_close(&l->sock);
    return error;
}

void listener_close(listener *l)
{
    owned_fd_close(&l->sock);
    owned_fd_close(&l->wake_reader);
    owned_fd_close(&l->wake_writer);
    owned_fd_close(&l->asking);
    owned_fd_close(&l->output);
    owned_fd_close(&l->asking_meanwhile);
    owned_fd_close(&l->output_meanwhile);
    for (int i = 0; i < LISTENER_WAITING; i++) owned_fd_close(&l->waiting[i].fd);
}

void listener_wake(listener *l)
{
    owned_fd writer = l->wake_writer;
    if (owned_fd_is_ours(&writer)) send(writer.fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* A program may close every descriptor that it does not know. Then the numbers may stand for other
 * files by now, which are left alone, and the listener starts again under a new name. */
static int still_open_or_opened_again(listener *l)
{
    if (owned_fd_is_ours(&l->sock) && owned_fd_is_ours(&l->wake_reader)) return 1;
    pthread_mutex_lock(&l->lock);
    listener_close(l);
    int error = listener_open(l);
    pthread_mutex_unlock(&l->lock);
    return error == 0;
}

/* ---- who waits --------------------------------------------------------------------------- */

static void drop_waiting(listener *l, int i)
{
    pthread_mutex_lock(&l->lock);
    owned_fd_close(&l->waiting[i].fd);
    pthread_mutex_unlock(&l->lock);
}

/* A free place, at the price of the one who has waited longest if need be. Under the lock. */
static int place_for_one_more(listener *l)
{
    int oldest = 0;
    for (int i = 0; i < LISTENER_WAITING; i++) {
        if (l->waiting[i].fd.fd < 0) return i;
        if (l->waiting[i].deadline_ms < l->waiting[oldest].deadline_ms) oldest = i;
    }
    owned_fd_close(&l->waiting[oldest].fd);
    return oldest;
}

/* Accept one connection if there is any; whether there may be more. */
static int accept_one(listener *l)
{
    pthread_mutex_lock(&l->lock);
    int fd = accept4(l->sock.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && ask_peer_allowed(fd)) {
        int i = place_for_one_more(l);
        l->waiting[i].fd = owned_fd_make(fd);
        l->waiting[i].deadline_ms = now_ms() + LISTENER_PATIENCE_MS;
    } else if (fd >= 0) {
        close(fd);
    }
    pthread_mutex_unlock(&l->lock);
    return fd >= 0;
}

/* Take the packet of waiting client `i`, who becomes the one asking, and answer. */
static void hear(listener *l, int i, int busy)
{
    char packet[ASK_MAX_REQUEST + 1]; /* the parser needs one byte more */
    owned_fd *asking = busy ? &l->asking_meanwhile : &l->asking;
    owned_fd *output = busy ? &l->output_meanwhile : &l->output;
    size_t n = 0;
    int passed = -1;

    pthread_mutex_lock(&l->lock);
    int error = owned_fd_is_ours(&l->waiting[i].fd)
                    ? ask_receive(l->waiting[i].fd.fd, packet, ASK_MAX_REQUEST, &n, &passed)
                    : EBADF;
    if (error != EAGAIN) {
        *asking = l->waiting[i].fd;
        *output = owned_fd_make(passed);
        l->waiting[i].fd.fd = -1;
    }
    pthread_mutex_unlock(&l->lock);
    if (error == EAGAIN) return;

    if (error == EMSGSIZE)
        listener_answer_error(asking->fd, "request too long, or more than one descriptor");
    else if (error == 0 && n > 0)
        listener_answer(l, asking->fd, output->fd, packet, n, busy);

    pthread_mutex_lock(&l->lock);
    owned_fd_close(asking);
    owned_fd_close(output);
    pthread_mutex_unlock(&l->lock);
}

/* ---- one round --------------------------------------------------------------------------- */

/* Wait for at most `timeout_ms`, then hear all who have something to say. */
static void attend(listener *l, int timeout_ms, int busy)
{
    struct pollfd p[2 + LISTENER_WAITING];
    int who[LISTENER_WAITING], n = 0;
    int64_t now = now_ms();

    p[0] = (struct pollfd){ .fd = l->wake_reader.fd, .events = POLLIN };
    p[1] = (struct pollfd){ .fd = l->sock.fd, .events = POLLIN };
    for (int i = 0; i < LISTENER_WAITING; i++) {
        if (l->waiting[i].fd.fd < 0) continue;
        int64_t left = l->waiting[i].deadline_ms - now;
        if (left <= 0) {
            drop_waiting(l, i);
            continue;
        }
        if (left < timeout_ms) timeout_ms = (int)left;
        who[n] = i;
        p[2 + n++] = (struct pollfd){ .fd = l->waiting[i].fd.fd, .events = POLLIN };
    }
    if (poll(p, (nfds_t)(2 + n), timeout_ms) <= 0) return;
    if (!owned_fd_is_ours(&l->sock) || !owned_fd_is_ours(&l->wake_reader)) return;
    if (p[0].revents && !busy) {
        char drained[64];
        while (recv(l->wake_reader.fd, drained, sizeof drained, MSG_DONTWAIT) > 0) {}
    }
    for (int k = 0; k < n; k++)
        if (p[2 + k].revents && l->waiting[who[k]].fd.fd == p[2 + k].fd) hear(l, who[k], busy);
    if (p[1].revents & POLLIN)
        for (int k = 0; k < LISTENER_WAITING && accept_one(l); k++) {}
}

int listener_attend_while_busy(listener *l)
{
    attend(l, 0, 1);
    return atomic_load(&l->give_up) || (l->asking.fd >= 0 && ask_peer_gone(l->asking.fd));
}

/* The last thing that the thread does, unless it ended by a pause. */
static void run_ended(void *listener_pointer)
{
    listener *l = listener_pointer;
    pthread_mutex_lock(&l->lock);
    if (!l->ended) {
        listener_close(l);
        l->ended = 1;
        pthread_cond_broadcast(&l->end);
    }
    pthread_mutex_unlock(&l->lock);
}

/* Whether a pause is still wanted; then the thread has ended, with everything left open. */
static int paused(listener *l)
{
    pthread_mutex_lock(&l->lock);
    if (l->pause) {
        l->ended = 1;
        pthread_cond_broadcast(&l->end);
    }
    pthread_mutex_unlock(&l->lock);
    return l->ended;
}

void *listener_run(void *listener_pointer)
{
    listener *l = listener_pointer;
    /* The interpreter ends foreign threads that want the GIL while it shuts down. */
    pthread_cleanup_push(run_ended, l);
    while (!atomic_load(&l->stop) && !paused(l)) {
        if (atomic_exchange(&l->signals, 0)) {
            listener_capture_by_signal(l);
        } else if (still_open_or_opened_again(l)) {
            attend(l, LOOK_AFTER_MS, 0);
        } else {
            break;
        }
    }
    pthread_cleanup_pop(1);
    return NULL;
}
