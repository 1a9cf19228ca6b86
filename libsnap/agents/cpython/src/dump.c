/* SPDX-License-Identifier: MIT */
/*
 * One capture: which mode, the forked child, the outcome. The contract is in dump.h.
 *
 * The child is made by clone(2) without an exit signal: a server that reaps with waitpid(-1) or
 * handles SIGCHLD never sees it, since such children are reported only to __WALL and __WCLONE. It
 * is a copy of one thread of a threaded process, so that it calls nothing that might wait for a
 * lock of another: memory by mmap, output by write, then _exit.
 */
#define _GNU_SOURCE
#include "dump.h"

#include "capture.h"
#include "layout.h"
#include "memroom.h"
#include "probe.h"
#include "types.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

/* Estimates, from measurements on heaps of 0.6 to 16 million objects (tests/bench/bench_agent.py).
 */
#define RSS_PER_OBJECT        75u /* resident bytes an object, the runtime itself included */
#define NS_PER_OBJECT         300u
#define NS_PER_SITE           350u /* more, to find an object's allocation stack */
#define NS_PER_SITE_FRAME     250u /* and for each of its calls, where tuples are made of them */
#define SITES_FIXED_NS        UINT64_C(40000000) /* to put the program's code in order */
#define FORK_PAUSE_NS         UINT64_C(2000000)
#define FORK_PAUSE_NS_PER_GIB UINT64_C(25000000)
#define TABLE_PER_OBJECT      24u
#define TABLE_FIXED           (16 * MIB)
#define WRITER_MEMORY         (16 * MIB)
/* Beyond this, objects are estimated and not counted for a plan. */
#define BLOCKS_MAX_RSS (UINT64_C(16) << 30)
/* Of each of the collector's lists, so many objects are gone through, and each n-th is looked at, to
 * learn how deep the stacks of allocations are. */
#define DEPTH_OBJECTS (1u << 18)
#define DEPTH_EVERY   256u
/* Part of the process that may be written to, and so copied, while the child works. */
#define COPIED_NUM 3u
#define COPIED_DEN 4u
/* The child gives up when less than this is left. */
#define LEAST_ROOM (64 * MIB)
#define POLL_MS    30

/* One capture at a time: the process that captures, so that a child that the program forks
 * meanwhile is not held up by it. Changed with the GIL held. */
static pid_t busy_pid;

/* The key of this process's hashes: made once, so that equal contents have equal hashes in all its
 * snapshots; a forked process makes its own. Guarded by `busy_pid`. */
static struct hash_key process_key;
static pid_t process_key_pid;

const char *dump_mode_name(dump_mode mode)
{
    return mode == DUMP_FORK ? "fork" : mode == DUMP_INLINE ? "inline" : "auto";
}

/* ---- planning -------------------------------------------------------------------------------- */

static void size_text(char *text, size_t size, uint64_t bytes)
{
    if (bytes >= 1024 * MIB)
        snprintf(text, size, "%.1f GiB", (double)bytes / (double)(1024 * MIB));
    else
        snprintf(text, size, "%llu MiB", (unsigned long long)(bytes / MIB));
}

/* What becomes of the tracebacks of allocations: before 3.12 a forked child cannot read them. */
static dump_sites sites_in(dump_mode mode, bool tracing)
{
    if (!tracing) return DUMP_SITES_OFF;
    return mode == DUMP_FORK && !layout_trace_is_silent() ? DUMP_SITES_LEFT_OUT
                                                          : DUMP_SITES_WRITTEN;
}

static void plan_fork(dump_plan *plan, const struct memroom *room)
{
    char have[32], need[32];

    plan->extra_bytes = plan->objects * TABLE_PER_OBJECT + TABLE_FIXED + WRITER_MEMORY +
                        plan->rss * COPIED_NUM / COPIED_DEN;
    size_text(have, sizeof(have), room->room);
    size_text(need, sizeof(need), plan->extra_bytes + LEAST_ROOM);
    if (room->room == UINT64_MAX || room->room >= plan->extra_bytes + LEAST_ROOM) {
        plan->mode = DUMP_FORK;
        snprintf(plan->why, sizeof(plan->why), "head-room %s, up to %s needed",
                 room->room == UINT64_MAX ? "unknown" : have, need);
    } else {
        plan->mode = DUMP_INLINE;
        snprintf(plan->why, sizeof(plan->why), "head-room %s, up to %s needed for a forked child",
                 have, need);
    }
}

/* Blocks that Python's allocator has given out: an object is one or two of them, so that this tells
 * the number of objects better than the resident size does. 0: not known, or it would take long (it
 * looks at every pool, about 2 ms a GiB). Only for estimates: it makes an int object. */
static uint64_t count_blocks(void)
{
    PyObject *type, *value, *traceback;
    long long blocks = 0;

    if (memroom_rss() > BLOCKS_MAX_RSS) return 0;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *function = PySys_GetObject("getallocatedblocks");
    PyObject *number = function != NULL ? PyObject_CallObject(function, NULL) : NULL;
    if (number != NULL) blocks = PyLong_AsLongLong(number);
    Py_XDECREF(number);
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
    return blocks > 0 ? (uint64_t)blocks : 0;
}

/* How many calls the traceback of an object of the collector holds, on average; 0 where they are
 * read in place, without a cost for each. Only for estimates: reading them makes tuples. */
static double trace_depth(void)
{
    struct gc_head *heads[LAYOUT_GC_LISTS];
    struct trace_view trace;
    uint64_t n = 0, calls = 0;

    if (layout_trace_is_silent()) return 0;
    /* A collection would change the lists. */
    bool gc_was_on = layout_gc_enable(false);
    layout_trace_lock();
    layout_gc_lists(heads);
    for (unsigned list = 0; list < LAYOUT_GC_LISTS; list++) {
        struct gc_head *at = (struct gc_head *)heads[list]->next;
        for (uint32_t i = 0; at != heads[list] && i < DEPTH_OBJECTS; i++) {
            PyObject *op = layout_gc_object(at);
            at = (struct gc_head *)at->next;
            if (i % DEPTH_EVERY != 0) continue;
            n++;
            if (layout_trace((uintptr_t)op - layout_presize(Py_TYPE(op)), &trace)) calls += trace.n;
        }
    }
    layout_trace_unlock();
    layout_gc_enable(gc_was_on);
    return n > 0 ? (double)calls / (double)n : 0;
}

static void plan_times(dump_plan *plan)
{
    plan->total_ns = plan->objects * NS_PER_OBJECT;
    if (plan->sites == DUMP_SITES_WRITTEN)
        plan->total_ns +=
            SITES_FIXED_NS + (uint64_t)((double)plan->objects *
                                        (NS_PER_SITE + NS_PER_SITE_FRAME * trace_depth()));
    plan->pause_ns = plan->mode == DUMP_FORK
                         ? FORK_PAUSE_NS + plan->rss * FORK_PAUSE_NS_PER_GIB / (1024 * MIB)
                         : plan->total_ns;
}

/* All but the times. `objects`: how many there are, about, or 0: to be estimated from the resident
 * size. */
static void make_plan(const dump_options *options, bool tracing, uint64_t objects, dump_plan *plan)
{
    struct memroom room;

    memset(plan, 0, sizeof(*plan));
    memroom_get(&room);
    plan->rss = memroom_rss();
    plan->objects = objects != 0 ? objects : plan->rss / RSS_PER_OBJECT;
    plan_fork(plan, &room);
    if (options->mode != DUMP_AUTO) {
        plan->mode = options->mode;
        snprintf(plan->why, sizeof(plan->why), "asked for%s",
                 sites_in(plan->mode, tracing) == DUMP_SITES_LEFT_OUT
                     ? "; allocation stacks are left out: tracemalloc of this Python tells them "
                       "to the process itself only, in mode inline"
                     : "");
    } else if (sites_in(plan->mode, tracing) == DUMP_SITES_LEFT_OUT) {
        plan->mode = DUMP_INLINE;
        snprintf(plan->why, sizeof(plan->why),
                 "tracemalloc is on, and this Python tells its stacks only to the process itself");
    }
    plan->sites = sites_in(plan->mode, tracing);
    if (plan->mode == DUMP_INLINE)
        plan->extra_bytes = plan->objects * TABLE_PER_OBJECT + TABLE_FIXED + WRITER_MEMORY;
}

void dump_plan_make(const dump_options *options, int have_gil, dump_plan *plan)
{
    make_plan(options, have_gil && layout_tracing(), have_gil ? count_blocks() : 0, plan);
    plan_times(plan);
}

/* ---- the forked child ------------------------------------------------------------------------ */

/* If memory runs out all the same, the kernel shall take the child and not the service. */
static void offer_to_be_killed_first(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        ssize_t n = write(fd, "1000", 4);
        (void)n;
        close(fd);
    }
}

/* A child that waits for its output (a pipe that nobody empties) must not outlive the service: it
 * would keep a copy of the heap. The signal is bound to the thread that made the child, and that
 * thread waits for it. */
static void end_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
}

/* A child without an exit signal. Only the calling thread exists in it. */
static pid_t clone_quietly(void)
{
    return (pid_t)syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
}

/* Wait for the child; asks `cancelled` meanwhile. The signal that ended it, or 0. */
static int wait_for(pid_t pid, const dump_options *options, bool *cancelled)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int status = 0;

    for (;;) {
        pid_t got = waitpid(pid, &status, __WALL | WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR)) break;
        if (!*cancelled && options->cancelled != NULL && options->cancelled(options->opaque)) {
            *cancelled = true;
            kill(pid, SIGKILL);
        }
        struct pollfd wait = { .fd = pidfd, .events = POLLIN };
        (void)poll(&wait, pidfd >= 0, POLL_MS);
    }
    if (pidfd >= 0) close(pidfd);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* -1: the child could not be made, `result->why` says why; else the outcome is in `shared`. */
static int run_forked(struct capture *capture, dump_result *result)
{
    struct capture_shared *shared = capture->shared;
    sigset_t all, before;

    /* No handler of the program may run in the child: it could write to its wake-up pipe. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    capture->started_ns = capture_now();
    layout_trace_lock();
    pid_t pid = clone_quietly();
    if (pid == 0) {
        end_with_parent(parent);
        offer_to_be_killed_first();
        capture_run(capture);
        _exit(0);
    }
    int clone_errno = errno;
    layout_trace_unlock();
    result->pause_ns = capture_now() - capture->started_ns;
    atomic_store(&shared->pause_ns, result->pause_ns);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        snprintf(result->why, sizeof(result->why), "no child could be made (errno %d)",
                 clone_errno);
        return -1;
    }
    bool cancelled = false;
    PyThreadState *saved = PyEval_SaveThread();
    int signal_number = wait_for(pid, capture->options, &cancelled);
    PyEval_RestoreThread(saved);
    if (shared->done || shared->error[0] != '\0') return 0;
    if (cancelled)
        snprintf(shared->error, sizeof(shared->error), "the capture was given up");
    else
        snprintf(shared->error, sizeof(shared->error), "the forked child was ended by signal %d",
                 signal_number);
    return 0;
}

static void run_inline(struct capture *capture, dump_result *result)
{
    capture->started_ns = capture_now();
    bool gc_was_on = layout_gc_enable(false);
    layout_trace_lock();
    capture_run(capture);
    layout_trace_unlock();
    layout_gc_enable(gc_was_on);
    result->pause_ns = capture_now() - capture->started_ns;
}

/* ---- the capture ----------------------------------------------------------------------------- */

static int fail(dump_result *result, const char *text)
{
    snprintf(result->error, sizeof(result->error), "%s", text);
    return -1;
}

static int prepare(struct capture *capture, const dump_options *options, dump_result *result)
{
    dump_plan plan;

    if (process_key_pid != getpid()) {
        if (keyhash_new_key(&process_key) != 0)
            return fail(result, "the kernel gave no random bytes for the key of hashes");
        process_key_pid = getpid();
    }
    capture->key = process_key;
    if (!probe_private()) return fail(result, "interrupted");
    capture->sites = layout_tracing();
    make_plan(options, capture->sites, 0, &plan);
    capture->mode = result->mode = plan.mode;
    memcpy(result->why, plan.why, sizeof(result->why));
    result->sites = plan.sites;
    capture->sites = plan.sites == DUMP_SITES_WRITTEN;
    facts_collect(&capture->facts);
    counters_runtime(&capture->counters);
    PyThreadState *saved = PyEval_SaveThread();
    counters_system(&capture->counters);
    describe_init(&capture->describe);
    PyEval_RestoreThread(saved);
    return 0;
}

/* What the capture may map for itself: what is there, less what the rest of the machine needs. */
static size_t memory_limit(void)
{
    struct memroom room;

    memroom_get(&room);
    if (room.room == UINT64_MAX) return 0;
    return (size_t)(room.room > 2 * LEAST_ROOM ? room.room - LEAST_ROOM : LEAST_ROOM);
}

static void run(struct capture *capture, dump_result *result)
{
    const dump_options *options = capture->options;

    if (options->announce != NULL) options->announce(options->opaque, result->mode, result->why);
    capture->why = result->why;
    capture->least_room = LEAST_ROOM;
    capture->memory_limit = memory_limit();
    if (capture->mode == DUMP_FORK && run_forked(capture, result) != 0) {
        if (options->mode == DUMP_FORK) {
            snprintf(capture->shared->error, sizeof(capture->shared->error), "%.150s", result->why);
            return;
        }
        capture->mode = result->mode = DUMP_INLINE;
        if (result->sites == DUMP_SITES_LEFT_OUT) {
            result->sites = DUMP_SITES_WRITTEN;
            capture->sites = true;
        }
        if (options->announce != NULL)
            options->announce(options->opaque, result->mode, result->why);
    }
    if (capture->mode == DUMP_INLINE) run_inline(capture, result);
}

/* A full collection, as gc.collect() does it; finalizers may run. */
static int collect(dump_result *result)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    /* It does nothing while automatic collection is off, unlike gc.collect(). */
    bool was_on = layout_gc_enable(true);
    PyGC_Collect();
    layout_gc_enable(was_on);
    PyErr_Restore(type, value, traceback);
    return layout_gc_running() ? fail(result, "a collection is in progress") : 0;
}

static int dump_shared(int fd, const dump_options *options, struct capture *capture,
                       dump_result *result)
{
    const char *refusal = layout_refusal();

    if (refusal != NULL) return fail(result, refusal);
    if (layout_gc_running())
        return fail(result, "a garbage collection is in progress, in which objects move between "
                            "the collector's lists");
    if (options->gc_collect && collect(result) != 0) return -1;
    capture->fd = fd;
    capture->options = options;
    if (prepare(capture, options, result) != 0) return -1;
    capture->stats = fmemopen(capture->stats_text, sizeof(capture->stats_text) - 1, "w");
    if (capture->stats != NULL) setvbuf(capture->stats, NULL, _IONBF, 0);
    result->kept = 1; /* a child that was killed cannot say what it wrote */
    run(capture, result);
    if (capture->shared->ended) result->kept = capture->shared->objects > 0;
    if (capture->stats != NULL) fclose(capture->stats);
    result->objects = capture->shared->objects;
    result->edges = capture->shared->edges;
    result->bytes = capture->shared->bytes;
    return capture->shared->done ? 0 : fail(result, capture->shared->error);
}

int dump_to_fd(int fd, const dump_options *options, dump_result *result)
{
    uint64_t started = capture_now();
    const size_t size = sizeof(struct capture) + sizeof(struct capture_shared);

    memset(result, 0, sizeof(*result));
    if (busy_pid == getpid()) return fail(result, "another capture of this process is under way");
    struct capture *capture =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (capture == MAP_FAILED) return fail(result, "no memory for the capture");
    busy_pid = getpid();
    capture->shared = (struct capture_shared *)(capture + 1);
    int status = dump_shared(fd, options, capture, result);
    busy_pid = 0;
    munmap(capture, size);
    result->total_ns = capture_now() - started;
    return status;
}
