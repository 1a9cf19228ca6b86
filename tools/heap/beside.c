/* SPDX-License-Identifier: MIT */
/* Two threads for one piece of work each; beside.h. */
#include "heap/beside.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

struct piece {
    void (*work)(void *opaque);
    void *opaque;
};

static void *run_piece(void *opaque)
{
    struct piece *p = opaque;
    p->work(p->opaque);
    return NULL;
}

bool beside_worth(void)
{
    return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

/* A thread that takes no signals: their handlers remove files and end the process. */
static bool start(pthread_t *thread, struct piece *p)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
    bool started = pthread_create(thread, NULL, run_piece, p) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void beside_run(bool two, void (*work)(void *opaque), void *first, void *second)
{
    pthread_t thread;
    struct piece other = { work, second };
    bool started = two && start(&thread, &other);
    work(first);
    if (started)
        pthread_join(thread, NULL);
    else
        work(second);
}
