/* SPDX-License-Identifier: MIT */
/*
 * Sockets, credentials and descriptor passing for the listener; see ask_socket.h.
 *
 * Linux is assumed: abstract names, SO_PEERCRED, accept4 and /proc. That is why _GNU_SOURCE stands
 * here and nowhere else in the listener.
 */
#define _GNU_SOURCE
#include "ask_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that may wait to be accepted. */
#define LISTEN_BACKLOG 16
/* Descriptors below this number are left to the program. */
#define LOWEST_FD 500
/* Descriptors looked at in one packet; the kernel's own limit is 253. */
#define MAX_PASSED 16

/* ---- descriptors ------------------------------------------------------------------------- */

owned_fd owned_fd_make(int fd)
{
    owned_fd own = { .fd = fd };
    struct stat st;
    if (fd < 0) return own;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FD);
    if (moved >= 0) {
        close(fd);
        own.fd = moved;
    }
    if (fstat(own.fd, &st) == 0) {
        own.dev = st.st_dev;
        own.ino = st.st_ino;
    }
    return own;
}

int owned_fd_is_ours(const owned_fd *own)
{
    struct stat st;
    return own->fd >= 0 && fstat(own->fd, &st) == 0 && st.st_dev == own->dev &&
           st.st_ino == own->ino;
}

void owned_fd_close(owned_fd *own)
{
    if (owned_fd_is_ours(own)) close(own->fd);
    own->fd = -1;
}

/* ---- facts about this process --------------------------------------------------------------- */

/* Read a small file whole; its length, 0 on failure. `buffer` ends in a NUL. */
static size_t read_small_file(const char *path, char *buffer, size_t size)
{
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t got;
        while (n < size - 1 && (got = read(fd, buffer + n, size - 1 - n)) > 0) n += (size_t)got;
        close(fd);
    }
    buffer[n] = '\0';
    return n;
}

uint64_t ask_start_time(void)
{
    char text[1024];
    read_small_file("/proc/self/stat", text, sizeof text);
    /* The name in parentheses may hold anything, so count from the last one: field 3 follows. */
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at, ' ');
        if (at) at++;
    }
    return at ? strtoull(at, NULL, 10) : 0;
}

uint64_t ask_pid_namespace(void)
{
    struct stat st;
    return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

uint64_t ask_resident_bytes(void)
{
    char text[256];
    unsigned long long total = 0, resident = 0;
    read_small_file("/proc/self/statm", text, sizeof text);
    if (sscanf(text, "%llu %llu", &total, &resident) != 2) return 0;
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- making sockets ------------------------------------------------------------------------- */

static int make_name(char name[ASK_NAME_MAX])
{
    uint64_t salt;
    if (getrandom(&salt, sizeof salt, 0) != sizeof salt) return errno ? errno : EIO;
    /* At most 10 + 1 + 20 + 1 + 11 + 1 + 20 + 1 + 16 characters, below the 107 that fit. */
    snprintf(name, ASK_NAME_MAX, "heapsnap/1/%" PRIu64 "/%ld/%" PRIu64 "/%016" PRIx64,
             ask_pid_namespace(), (long)getpid(), ask_start_time(), salt);
    return 0;
}

int ask_socket_listen(owned_fd *out, char name[ASK_NAME_MAX])
{
    out->fd = -1;
    int error = make_name(name);
    if (error) return error;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return errno;

    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = strlen(name);
    memcpy(address.sun_path + 1, name, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    if (bind(fd, (const struct sockaddr *)&address, size) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
        error = errno;
        close(fd);
        return error;
    }
    *out = owned_fd_make(fd);
    return 0;
}

int ask_socket_pair(owned_fd *reader, owned_fd *writer)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        return errno;
    *reader = owned_fd_make(fds[0]);
    *writer = owned_fd_make(fds[1]);
    return 0;
}

/* ---- the other end -------------------------------------------------------------------------- */

int ask_peer_allowed(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return 0;
    return peer.uid == 0 || peer.uid == geteuid();
}

int ask_peer_gone(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}

/* Collect the descriptors of a message: the only one, or none with all closed. */
static int collect_passed(struct msghdr *message, int *passed)
{
    int fds[MAX_PASSED], n = 0;
    *passed = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t bytes = c->cmsg_len - CMSG_LEN(0);
        for (size_t at = 0; at + sizeof(int) <= bytes && n < MAX_PASSED; at += sizeof(int))
            memcpy(&fds[n++], CMSG_DATA(c) + at, sizeof(int));
    }
    if (n == 1 && !(message->msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
        *passed = fds[0];
        return 0;
    }
    for (int i = 0; i < n; i++) close(fds[i]);
    return n > 0 || (message->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) ? EMSGSIZE : 0;
}

int ask_receive(int fd, char *buffer, size_t size, size_t *n, int *passed)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * MAX_PASSED)];
    } control;
    struct iovec io = { .iov_base = buffer, .iov_len = size };
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    ssize_t got;
    *n = 0;
    *passed = -1;
    do got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0) return errno;
    *n = (size_t)got;
    return collect_passed(&message, passed);
}

int ask_send(int fd, const char *bytes, size_t n, int timeout_ms)
{
    for (int waited = 0;; waited = 1) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return 0; /* a packet goes whole or not at all */
        if (errno == EINTR) continue;
        if (errno != EAGAIN || waited) return errno;
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        if (poll(&p, 1, timeout_ms) <= 0) return ETIMEDOUT;
    }
}

int ask_output_acceptable(int fd, const char **why)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &st) < 0)
        *why = "the descriptor cannot be used";
    else if (!S_ISREG(st.st_mode))
        *why = "the descriptor is not a regular file";
    else if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH))
        *why = "the descriptor is not open for writing";
    else
        *why = NULL;
    return *why == NULL;
}
