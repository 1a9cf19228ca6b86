/* SPDX-License-Identifier: MIT */
/*
 * Asking a running process: a thread of its own, without Python code, that waits on an abstract
 * AF_UNIX socket (ask_socket.h) for requests (ask_wire.h) and answers them (listener_answer.h).
 *
 * Off until `listen()` is called. It works while the process idles in C, since it takes the GIL
 * itself. It ends with `stop_listening()` and, through atexit, before the interpreter is torn down.
 *
 * fork(): the child closes every inherited descriptor at once, whoever forked (pthread_atfork);
 * when Python learns of the fork (os.fork, multiprocessing, gunicorn: after_in_child hooks) it
 * listens anew under its own name. A child that goes on to exec has nothing to close: all is
 * close-on-exec.
 *
 * The state is one per process, as the process is what listens; it is guarded by the GIL.
 */
#ifndef HEAPSNAP_LISTENER_H
#define HEAPSNAP_LISTENER_H

#include <Python.h>

/** Add `listen`, `stop_listening`, `listening` and the hooks for fork and exit to the extension
 *  module. 0, or -1 with an exception. Called once, at import, with the GIL. */
int listener_add_methods(PyObject *module);

#endif
