/* SPDX-License-Identifier: MIT */
/*
 * Answers of the listener; see listener_answer.h and, for their form, ask_wire.h.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "listener_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <snap/version.h>

/* How long a client may leave a reply unread. */
#define REPLY_PATIENCE_MS 2000

static void reply_send(int client, ask_reply *reply)
{
    ask_reply_end(reply);
    /* Who does not read the answer does not get it: nothing else follows from a failure. */
    (void)ask_send(client, reply->text, reply->size, REPLY_PATIENCE_MS);
}

void listener_answer_error(int client, const char *error)
{
    ask_reply reply;
    ask_reply_begin(&reply, "error");
    ask_reply_text(&reply, "error", error);
    reply_send(client, &reply);
}

/* Take the GIL, unless the process is ending; whether it was taken. The second look is under the
 * GIL: listener_stop() sets the flag with the GIL held and then waits for this thread without it,
 * so that the interpreter is alive whenever 1 is returned. */
static int take_gil(listener *l, PyGILState_STATE *state)
{
    if (atomic_load(&l->stop)) return 0;
    *state = PyGILState_Ensure();
    if (!atomic_load(&l->stop)) return 1;
    PyGILState_Release(*state);
    return 0;
}

/* ---- status ------------------------------------------------------------------------------ */

static void answer_plan(listener *l, int client)
{
    dump_options options = { .mode = DUMP_AUTO };
    dump_plan plan;
    ask_reply reply;
    PyGILState_STATE state;

    if (!take_gil(l, &state)) return;
    dump_plan_make(&options, 1, &plan);
    PyGILState_Release(state);

    ask_reply_begin(&reply, "plan");
    ask_reply_text(&reply, "mode", dump_mode_name(plan.mode));
    ask_reply_text(&reply, "why", plan.why);
    ask_reply_number(&reply, "objects", (int64_t)plan.objects);
    ask_reply_number(&reply, "pause_ns", (int64_t)plan.pause_ns);
    ask_reply_number(&reply, "total_ns", (int64_t)plan.total_ns);
    ask_reply_number(&reply, "extra_bytes", (int64_t)plan.extra_bytes);
    reply_send(client, &reply);
}

static void answer_status(listener *l, int client, int busy)
{
    ask_reply reply;
    uint64_t resident = ask_resident_bytes();
    /* "3.11.2 (main, ...": of the interpreter that runs, not of the headers we were built with. */
    const char *version = Py_GetVersion();
    char python[32];

    snprintf(python, sizeof python, "%.*s", (int)strcspn(version, " "), version);
    ask_reply_begin(&reply, "status");
    ask_reply_number(&reply, "pid", getpid());
    ask_reply_number(&reply, "parent", getppid());
    ask_reply_number(&reply, "forked_from", l->forked_from);
    ask_reply_number(&reply, "uid", (int64_t)geteuid());
    ask_reply_number(&reply, "start_time", (int64_t)ask_start_time());
    ask_reply_text(&reply, "role", l->role);
    ask_reply_text(&reply, "argv0", l->argv0);
    ask_reply_text(&reply, "python", python);
    ask_reply_text(&reply, "version", SNAP_VERSION_STRING);
    ask_reply_number(&reply, "listening_since", l->listening_since);
    ask_reply_number(&reply, "rss", (int64_t)resident);
    ask_reply_number(&reply, "rss_growth", (int64_t)(resident - l->resident_at_start));
    ask_reply_flag(&reply, "busy", busy);
    reply_send(client, &reply);
    if (!busy) answer_plan(l, client);
}

/* ---- capture ----------------------------------------------------------------------------- */

typedef struct capture {
    listener *l;
    int client; /* -1: nobody to tell */
} capture;

static void announce(void *opaque, dump_mode mode, const char *why)
{
    capture *c = opaque;
    ask_reply reply;
    if (c->client < 0) return;
    ask_reply_begin(&reply, "started");
    ask_reply_text(&reply, "mode", dump_mode_name(mode));
    ask_reply_text(&reply, "why", why);
    ask_reply_end(&reply);
    /* The GIL is held: whoever does not read at once goes without. */
    (void)ask_send(c->client, reply.text, reply.size, 0);
}

static int cancelled(void *opaque)
{
    return listener_attend_while_busy(((capture *)opaque)->l);
}

/* Capture into `fd`; 0, or -1 with result->error filled. */
static int run_capture(listener *l, int client, int fd, dump_options *options, dump_result *result)
{
    capture c = { l, client };
    PyGILState_STATE state;
    int status = -1;

    memset(result, 0, sizeof *result);
    options->announce = announce;
    options->cancelled = cancelled;
    options->opaque = &c;
    if (!take_gil(l, &state)) {
        snprintf(result->error, sizeof result->error, "the process is ending");
        return -1;
    }
    /* Waiting for the GIL may have taken long; who gave up meanwhile wants no pause. */
    if (client >= 0 && ask_peer_gone(client))
        snprintf(result->error, sizeof result->error, "nobody waits for the answer");
    else
        status = dump_to_fd(fd, options, result);
    PyGILState_Release(state);
    return status;
}

static void answer_dump(listener *l, int client, int output, ask_request *request)
{
    ask_reply reply;
    dump_result result;
    if (!request->options.reason) request->options.reason = "asked";
    if (run_capture(l, client, output, &request->options, &result) < 0) {
        listener_answer_error(client, result.error);
        return;
    }
    ask_reply_begin(&reply, "done");
    ask_reply_text(&reply, "mode", dump_mode_name(result.mode));
    ask_reply_text(&reply, "why", result.why);
    ask_reply_number(&reply, "objects", (int64_t)result.objects);
    ask_reply_number(&reply, "edges", (int64_t)result.edges);
    ask_reply_number(&reply, "bytes", (int64_t)result.bytes);
    ask_reply_number(&reply, "pause_ns", (int64_t)result.pause_ns);
    ask_reply_number(&reply, "total_ns", (int64_t)result.total_ns);
    if (result.sites != DUMP_SITES_OFF)
        ask_reply_flag(&reply, "sites", result.sites == DUMP_SITES_WRITTEN);
    reply_send(client, &reply);
}

void listener_answer(listener *l, int client, int output, char *packet, size_t n, int busy)
{
    ask_request request;
    const char *error = NULL;
    if (ask_request_parse(packet, n, &request, &error) < 0)
        listener_answer_error(client, error);
    else if (request.verb == ASK_STATUS)
        answer_status(l, client, busy);
    else if (busy)
        listener_answer_error(client, "a capture is under way");
    else if (output < 0)
        listener_answer_error(client, "no descriptor came with the request");
    else if (!ask_output_acceptable(output, &error))
        listener_answer_error(client, error);
    else
        answer_dump(l, client, output, &request);
}

/* ---- by signal --------------------------------------------------------------------------- */

/* Tell whoever reads the program's messages. One write, so that lines stay whole. */
static void tell(const char *format, ...)
{
    char line[PATH_MAX + 400];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (n < 0) return;
    size_t size = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    ssize_t ignored = write(STDERR_FILENO, line, size);
    (void)ignored;
}

/* The next DIRECTORY/heapsnap-PID-N.snap. */
static int next_name(listener *l, char *path, size_t size)
{
    int n = snprintf(path, size, "%s/heapsnap-%ld-%u.snap", l->directory, (long)getpid(),
                     ++l->n_by_signal);
    return n < 0 || (size_t)n >= size ? ENAMETOOLONG : 0;
}

/* Create the next free DIRECTORY/heapsnap-PID-N.snap.part; the descriptor goes to l->output. */
static int create_numbered(listener *l, char *part, char *path, size_t size)
{
    int fd = -1;
    do {
        int status = next_name(l, path, size);
        if (status) return status;
        if (access(path, F_OK) == 0) continue;
        snprintf(part, size + sizeof ".part", "%s.part", path);
        pthread_mutex_lock(&l->lock);
        fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        int error = errno;
        l->output = owned_fd_make(fd);
        pthread_mutex_unlock(&l->lock);
        if (fd < 0 && error != EEXIST) return error;
    } while (fd < 0);
    return 0;
}

/* Give the finished file its name, or the next one that nobody took meanwhile: a link never
 * replaces. File systems without links get the check that is left. */
static int publish_numbered(listener *l, const char *part, char *path, size_t size)
{
    for (;;) {
        if (link(part, path) == 0) return unlink(part) == 0 ? 0 : errno;
        if (errno != EEXIST && access(path, F_OK) != 0) return rename(part, path) == 0 ? 0 : errno;
        int status = next_name(l, path, size);
        if (status) return status;
    }
}

void listener_capture_by_signal(listener *l)
{
    char path[PATH_MAX], part[PATH_MAX + sizeof ".part"];
    dump_options options = { .mode = DUMP_AUTO, .reason = "signal" };
    dump_result result;
    int error = create_numbered(l, part, path, sizeof path);
    if (error) {
        tell("heapsnap: %s: %s\n", l->directory, strerror(error));
        return;
    }
    int fd = l->output.fd;
    int status = run_capture(l, -1, fd, &options, &result);
    if (status == 0) {
        error = fsync(fd) < 0 ? errno : publish_numbered(l, part, path, sizeof path);
        if (error) {
            snprintf(result.error, sizeof result.error, "%s", strerror(error));
            status = -1;
        }
    }
    if (status == 0)
        tell("heapsnap: %s: %llu objects, %llu bytes, %s\n", path,
             (unsigned long long)result.objects, (unsigned long long)result.bytes,
             dump_mode_name(result.mode));
    else
        tell("heapsnap: %s: %s\n", part, result.error);
    pthread_mutex_lock(&l->lock);
    owned_fd_close(&l->output);
    pthread_mutex_unlock(&l->lock);
}
