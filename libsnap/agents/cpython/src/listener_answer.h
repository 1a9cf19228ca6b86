/* SPDX-License-Identifier: MIT */
/*
 * What the listener answers, and the only part of its thread that touches the interpreter.
 */
#ifndef HEAPSNAP_LISTENER_ANSWER_H
#define HEAPSNAP_LISTENER_ANSWER_H

#include "ask_wire.h"
#include "listener_loop.h"

/** Answer the request in `packet` (n bytes, room for one more) on `client`. `output` is the
 *  descriptor that came with it, or -1. With `busy` a capture is under way on this thread. */
void listener_answer(listener *l, int client, int output, char *packet, size_t n, int busy);

/** Send an "error" reply. */
void listener_answer_error(int client, const char *error);

/** Capture into a new file in l->directory and say so on standard error. */
void listener_capture_by_signal(listener *l);

/** Called every few hundredths of a second while a forked child walks: hear others. Whether to
 *  give the capture up: the one who asked is gone, or the process is ending. (listener_loop.c) */
int listener_attend_while_busy(listener *l);

#endif
