/* SPDX-License-Identifier: MIT */
/*
 * The life of the listener: start, stop, fork, exit, and what Python sees of it; see listener.h.
 *
 * States, changed with the GIL held only (but for LOST):
 *   OFF -> ON -> STOPPING -> OFF, or -> STUCK, for good, if the thread does not end in time;
 *   ON -> PAUSED -> ON around a fork by Python: the sockets stay, the thread ends, so that the
 *     process forks with no thread more than it would have without us (from 3.12 on Python warns of
 *     a fork with several threads, and it is right);
 *   in the child ON or PAUSED -> LOST (by pthread_atfork: no thread, nothing open) -> ON (by the
 *     after-fork hook); STOPPING and STUCK -> OFF.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "listener.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "listener_loop.h"

/* How long a stop waits for a capture under way, and then for the capture to be given up. */
#define STOP_PATIENCE_MS    10000
#define GIVE_UP_PATIENCE_MS 5000

/* How long a fork waits for the thread; it goes ahead beside the thread if need be. */
#define PAUSE_PATIENCE_MS 20

enum { STATE_OFF, STATE_ON, STATE_PAUSED, STATE_STOPPING, STATE_LOST, STATE_STUCK };

static listener the_listener;
static volatile sig_atomic_t the_state = STATE_OFF;
static int the_signal;        /* 0: none */
static pthread_t the_thread;  /* valid while ON or STUCK; joined or detached when it ends */
static int hooks_are_in_place; /* survives fork, as the hooks do */

/* ---- fork -------------------------------------------------------------------------------- */

/* Whether this thread, which forks, holds the lock: another may change the state meanwhile. */
static _Thread_local int locked_for_fork;

static void before_fork(void)
{
    locked_for_fork = the_state != STATE_OFF && the_state != STATE_LOST;
    if (locked_for_fork) pthread_mutex_lock(&the_listener.lock);
}

static void after_fork_in_parent(void)
{
    if (locked_for_fork) pthread_mutex_unlock(&the_listener.lock);
}

/* Only what is async-signal-safe: exec may follow, and other threads' locks are lost. */
static void after_fork_in_child(void)
{
    if (!locked_for_fork) return;
    listener_close(&the_listener);
    pthread_mutex_unlock(&the_listener.lock);
    the_state = the_state == STATE_ON || the_state == STATE_PAUSED ? STATE_LOST : STATE_OFF;
}

/* ---- the thread -------------------------------------------------------------------------- */

static void on_signal(int number)
{
    (void)number;
    int saved = errno;
    if (the_state == STATE_ON) {
        atomic_store(&the_listener.signals, 1);
        listener_wake(&the_listener);
    }
    errno = saved;
}

/* The thread must never run the program's signal handlers, so it starts with all signals blocked
 * but those that a fault of its own would raise. */
static int start_thread(listener *l)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
    sigset_t all, before;
    l->ended = 0;
    atomic_store(&l->stop, 0);
    l->pause = 0;
    atomic_store(&l->give_up, 0);
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&the_thread, NULL, listener_run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    the_state = error ? STATE_OFF : STATE_ON;
    if (error) listener_close(l);
    return error;
}

/* Open and start; the configuration fields are set. 0 or an errno value. */
static int start(listener *l)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->end, &monotonic);
    pthread_condattr_destroy(&monotonic);
    listener_init_fds(l);
    atomic_store(&l->signals, 0);
    l->n_by_signal = 0;
    l->resident_at_start = ask_resident_bytes();
    l->listening_since = (int64_t)time(NULL);
    int error = listener_open(l);
    return error ? error : start_thread(l);
}

/* Wait for the thread's end, at most that long, and join it; whether it ended. */
static int wait_for_end(listener *l, int milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&l->lock);
    int error = 0;
    while (!l->ended && error == 0) error = pthread_cond_timedwait(&l->end, &l->lock, &until);
    int ended = l->ended;
    pthread_mutex_unlock(&l->lock);
    if (ended) pthread_join(the_thread, NULL);
    return ended;
}

/* The thread ends by itself where it cannot open its socket again (see listener_loop.c). */
static int is_alive(listener *l)
{
    if (the_state != STATE_ON) return 0;
    pthread_mutex_lock(&l->lock);
    int alive = !l->ended;
    pthread_mutex_unlock(&l->lock);
    return alive;
}

static void forget_signal(void)
{
    struct sigaction now;
    if (the_signal && sigaction(the_signal, NULL, &now) == 0 && now.sa_handler == on_signal) {
        now.sa_handler = SIG_DFL;
        sigaction(the_signal, &now, NULL);
    }
    the_signal = 0;
}

static void stop(listener *l)
{
    int ended;
    forget_signal();
    if (the_state == STATE_PAUSED) listener_close(l);
    if (the_state == STATE_PAUSED || the_state == STATE_LOST) the_state = STATE_OFF;
    if (the_state != STATE_ON) return;
    the_state = STATE_STOPPING;
    pthread_mutex_lock(&l->lock);
    atomic_store(&l->stop, 1);
    listener_wake(l);
    pthread_mutex_unlock(&l->lock);
    Py_BEGIN_ALLOW_THREADS
    ended = wait_for_end(l, STOP_PATIENCE_MS);
    if (!ended) {
        atomic_store(&l->give_up, 1);
        ended = wait_for_end(l, GIVE_UP_PATIENCE_MS);
    }
    Py_END_ALLOW_THREADS
    if (!ended) pthread_detach(the_thread);
    the_state = ended ? STATE_OFF : STATE_STUCK;
}

/* The thread may want the GIL just now, which is not given up here: hence the short patience. */
static void pause_for_fork(listener *l)
{
    if (the_state != STATE_ON) return;
    pthread_mutex_lock(&l->lock);
    l->pause = 1;
    listener_wake(l);
    pthread_mutex_unlock(&l->lock);
    if (wait_for_end(l, PAUSE_PATIENCE_MS)) {
        the_state = STATE_PAUSED;
        return;
    }
    pthread_mutex_lock(&l->lock);
    int ended = l->ended;
    if (!ended) l->pause = 0;
    pthread_mutex_unlock(&l->lock);
    if (ended) {
        pthread_join(the_thread, NULL);
        the_state = STATE_PAUSED;
    }
}

/* ---- Python ------------------------------------------------------------------------------ */

PyDoc_STRVAR(before_fork_doc, "Hook for os.register_at_fork(before=...).");

static PyObject *py_before_fork(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    pause_for_fork(&the_listener);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(after_fork_in_parent_doc, "Hook for os.register_at_fork(after_in_parent=...).");

static PyObject *py_after_fork_in_parent(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    if (the_state == STATE_PAUSED) {
        errno = start_thread(&the_listener);
        if (errno) return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(after_fork_doc, "Hook for os.register_at_fork(after_in_child=...).");

static PyObject *py_after_fork_in_child(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    if (the_state == STATE_LOST) {
        the_listener.forked_from = (long)getppid();
        errno = start(&the_listener);
        if (errno) return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(at_exit_doc, "Hook for atexit.register().");

static PyObject *py_at_exit(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    stop(&the_listener);
    Py_RETURN_NONE;
}

/* atexit.register(module._at_exit) */
static int hook_exit(PyObject *module)
{
    PyObject *at_exit = PyObject_GetAttrString(module, "_at_exit");
    PyObject *library = at_exit ? PyImport_ImportModule("atexit") : NULL;
    PyObject *result = library ? PyObject_CallMethod(library, "register", "O", at_exit) : NULL;
    int status = result ? 0 : -1;
    Py_XDECREF(result);
    Py_XDECREF(library);
    Py_XDECREF(at_exit);
    return status;
}

/* os.register_at_fork(before=..., after_in_parent=..., after_in_child=...) */
static int hook_fork(PyObject *module)
{
    static const char *const names[][2] = { { "before", "_before_fork" },
                                            { "after_in_parent", "_after_fork_in_parent" },
                                            { "after_in_child", "_after_fork_in_child" } };
    PyObject *keywords = PyDict_New(), *nothing = PyTuple_New(0);
    PyObject *library = PyImport_ImportModule("os"), *function = NULL, *result = NULL;
    int status = keywords && nothing && library ? 0 : -1;
    for (size_t i = 0; status == 0 && i < sizeof names / sizeof names[0]; i++) {
        PyObject *hook = PyObject_GetAttrString(module, names[i][1]);
        status = hook ? PyDict_SetItemString(keywords, names[i][0], hook) : -1;
        Py_XDECREF(hook);
    }
    if (status == 0) function = PyObject_GetAttrString(library, "register_at_fork");
    if (function) result = PyObject_Call(function, nothing, keywords);
    status = result ? 0 : -1;
    Py_XDECREF(result);
    Py_XDECREF(function);
    Py_XDECREF(library);
    Py_XDECREF(nothing);
    Py_XDECREF(keywords);
    return status;
}

/* None of them can be taken back, so they go in once and look at the state. */
static int put_hooks_in_place(PyObject *module)
{
    if (hooks_are_in_place) return 0;
    if (hook_exit(module) < 0 || hook_fork(module) < 0) return -1;
    errno = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    if (errno) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    hooks_are_in_place = 1;
    return 0;
}

/* Copy the end of a text that is too long: of a path the end says more. Never cuts a character. */
static void copy_end(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);
    if (n >= size) {
        from += n - (size - 1);
        while (((unsigned char)*from & 0xC0) == 0x80) from++;
    }
    memcpy(to, from, strlen(from) + 1);
}

static void read_argv0(char *to, size_t size)
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    char text[4096];
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[n] = '\0';
    copy_end(to, size, text);
}

static int take_signal(int number)
{
    struct sigaction now, ours;
    if (number == 0) return 0;
    if (number != SIGUSR1 && number != SIGUSR2 && !(number >= SIGRTMIN && number <= SIGRTMAX)) {
        PyErr_SetString(PyExc_ValueError, "signal must be SIGUSR1, SIGUSR2 or a real-time signal");
        return -1;
    }
    if (sigaction(number, NULL, &now) < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    if ((now.sa_flags & SA_SIGINFO) || now.sa_handler != SIG_DFL) {
        PyErr_Format(PyExc_ValueError, "signal %d is handled already", number);
        return -1;
    }
    memset(&ours, 0, sizeof ours);
    ours.sa_handler = on_signal;
    ours.sa_flags = SA_RESTART;
    sigemptyset(&ours.sa_mask);
    if (sigaction(number, &ours, NULL) < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    the_signal = number;
    return 0;
}

/* The thread may take another name at any time (see listener_loop.c). */
static PyObject *name_of(listener *l)
{
    char name[ASK_NAME_MAX];
    pthread_mutex_lock(&l->lock);
    memcpy(name, l->name, sizeof name);
    pthread_mutex_unlock(&l->lock);
    return PyUnicode_FromString(name);
}

PyDoc_STRVAR(listen_doc,
             "listen(role, signal, directory) -> str\n\n"
             "Wait for requests on an abstract Unix socket, whose name is returned.\n"
             "heapsnap.listen() is the function to call.");

static PyObject *py_listen(PyObject *module, PyObject *args)
{
    const char *role, *directory;
    int number;
    if (!PyArg_ParseTuple(args, "sis:listen", &role, &number, &directory)) return NULL;
    if (is_alive(&the_listener)) return name_of(&the_listener);
    if (the_state == STATE_ON) stop(&the_listener);
    if (the_state == STATE_STOPPING || the_state == STATE_STUCK) {
        PyErr_SetString(PyExc_RuntimeError, "the previous listener has not ended");
        return NULL;
    }
    if (strlen(directory) >= sizeof the_listener.directory) {
        PyErr_SetString(PyExc_ValueError, "directory is too long");
        return NULL;
    }
    if (put_hooks_in_place(module) < 0 || take_signal(number) < 0) return NULL;

    copy_end(the_listener.role, sizeof the_listener.role, role);
    memcpy(the_listener.directory, directory, strlen(directory) + 1);
    read_argv0(the_listener.argv0, sizeof the_listener.argv0);
    the_listener.forked_from = 0;
    errno = start(&the_listener);
    if (errno) {
        PyErr_SetFromErrno(PyExc_OSError);
        forget_signal();
        return NULL;
    }
    return name_of(&the_listener);
}

PyDoc_STRVAR(stop_doc,
             "stop_listening()\n\n"
             "Stop waiting for requests. A capture that is under way is waited for, up to ten\n"
             "seconds, then given up. Does nothing when the process does not listen.");

static PyObject *py_stop_listening(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    stop(&the_listener);
    if (the_state == STATE_STUCK) {
        PyErr_SetString(PyExc_RuntimeError, "the capture under way does not end");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(listening_doc,
             "listening() -> str | None\n\n"
             "The name of the socket on which this process waits for requests, or None.");

static PyObject *py_listening(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    if (!is_alive(&the_listener)) Py_RETURN_NONE;
    return name_of(&the_listener);
}

static PyMethodDef methods[] = {
    { "listen", py_listen, METH_VARARGS, listen_doc },
    { "stop_listening", py_stop_listening, METH_NOARGS, stop_doc },
    { "listening", py_listening, METH_NOARGS, listening_doc },
    { "_before_fork", py_before_fork, METH_NOARGS, before_fork_doc },
    { "_after_fork_in_parent", py_after_fork_in_parent, METH_NOARGS, after_fork_in_parent_doc },
    { "_after_fork_in_child", py_after_fork_in_child, METH_NOARGS, after_fork_doc },
    { "_at_exit", py_at_exit, METH_NOARGS, at_exit_doc },
    { NULL, NULL, 0, NULL }
};

int listener_add_methods(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
