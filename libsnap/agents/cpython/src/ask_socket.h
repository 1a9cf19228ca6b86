/* SPDX-License-Identifier: MIT */
/*
 * The sockets of the listener: an abstract AF_UNIX name that says whose it is, who is at the other
 * end, one packet with at most one descriptor in, one packet out. No Python here.
 *
 * The name, after the NUL that makes it abstract (so that no file is left behind or needed):
 *
 *     heapsnap/1/PIDNS/PID/START/RANDOM
 *
 * PIDNS is the inode of the pid namespace in which PID counts (decimal; containers of one pod share
 * abstract names, but not pids), START the process's start time in clock ticks since boot, RANDOM
 * 16 hexadecimal digits, so that a name can be neither guessed nor taken in advance. Names can be
 * found in /proc/net/unix; the right to ask comes from the kernel's word on who is asking.
 *
 * Errors are errno values, so that callers need not mind errno. Any thread; async-signal-safe only
 * where said.
 */
#ifndef HEAPSNAP_ASK_SOCKET_H
#define HEAPSNAP_ASK_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ASK_NAME_MAX 108

/** A descriptor together with the file that it stood for when it was made: a program may close
 *  descriptors that it does not know (daemons do), and its number may come back as another file. */
typedef struct owned_fd {
    int fd; /**< -1: none */
    dev_t dev;
    ino_t ino;
} owned_fd;

/** Take `fd` over, moved out of the low numbers that programs count on where that is possible.
 *  `fd` -1 gives none. */
owned_fd owned_fd_make(int fd);
/** Whether the number still stands for the same file. Async-signal-safe. */
int owned_fd_is_ours(const owned_fd *own);
/** Close it if it is still ours, and forget it. Async-signal-safe. */
void owned_fd_close(owned_fd *own);

/** Make a listening socket under a new name, which `name` gets without the leading NUL. 0 or an
 *  errno value. */
int ask_socket_listen(owned_fd *out, char name[ASK_NAME_MAX]);

/** A connected pair of close-on-exec, non-blocking sockets, to wake a thread by. */
int ask_socket_pair(owned_fd *reader, owned_fd *writer);

/** Whether the process at the other end may ask: the same effective user, or root. */
int ask_peer_allowed(int fd);

/** Receive one packet of at most `size` bytes, without waiting. *n gets its length (0: the other
 *  side closed), *passed the descriptor that came with it, or -1; it is then the caller's, close on
 *  exec. EAGAIN when there is none yet; EMSGSIZE for a longer packet or more than one descriptor
 *  (all of them are closed). */
int ask_receive(int fd, char *buffer, size_t size, size_t *n, int *passed);

/** Send one packet, waiting for at most `timeout_ms`. No SIGPIPE. 0 or an errno value. */
int ask_send(int fd, const char *bytes, size_t n, int timeout_ms);

/** Whether the other side is gone: it closed, or died. Does not wait. */
int ask_peer_gone(int fd);

/** Whether `fd` is a regular file open for writing; *why gets a sentence when not. */
int ask_output_acceptable(int fd, const char **why);

/** Start time of this process in clock ticks since boot; 0 where /proc does not tell. */
uint64_t ask_start_time(void);
/** Inode of this process's pid namespace; 0 where /proc does not tell. */
uint64_t ask_pid_namespace(void);
/** Resident bytes of this process; 0 where /proc does not tell. */
uint64_t ask_resident_bytes(void);

#endif
