/* SPDX-License-Identifier: MIT */
/* Two threads for one piece of work each; beside.h. */
#include "heap/beside.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static void *run(void *opaque)
{
    struct beside *b = opaque;
    b->work(b->opaque);
    return NULL;
}

bool beside_worth(void)
{
    return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

/* The signals' handlers remove files and end the process: they are the first thread's. */
bool beside_begin(struct beside *b, void (*work)(void *opaque), void *opaque)
{
    sigset_t all, before;
    *b = (struct beside){ .work = work, .opaque = opaque };
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
    b->started = pthread_create(&b->thread, NULL, run, b) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return b->started;
}

void beside_end(struct beside *b)
{
    if (b->started) pthread_join(b->thread, NULL);
    b->started = false;
}

void beside_run(bool two, void (*work)(void *opaque), void *first, void *second)
{
    struct beside other;
    bool started = two && beside_begin(&other, work, second);
    work(first);
    if (started)
        beside_end(&other);
    else
        work(second);
}
