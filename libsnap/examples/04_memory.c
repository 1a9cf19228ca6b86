/* SPDX-License-Identifier: MIT */
/*
 * A writer where malloc is forbidden: memory from mmap, bytes to a descriptor, in a forked child.
 * This is how a capture agent works.
 *
 *     04_memory OUT.snap
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <snap/writer.h>

static void *take(void *opaque, size_t size)
{
    (void)opaque;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void give(void *opaque, void *ptr, size_t size)
{
    (void)opaque;
    munmap(ptr, size);
}

/* In the child; returns the exit status. */
static int write_snapshot(int fd)
{
    snap_writer *w;
    uint64_t name, type;
    snap_allocator allocator = { .alloc = take, .free = give };
    snap_writer_options options = { .size = sizeof options, .allocator = &allocator };
    if (snap_writer_open_fd(&w, fd, &options, NULL) != SNAP_OK) return 1;
    snap_writer_string(w, "page", 4, &name);
    snap_writer_type(w, &(snap_type){ .name = name, .kind = SNAP_TYPE_NATIVE }, &type);
    snap_writer_begin(w, &(snap_begin){ .reason = "fork" });
    for (uint64_t i = 0; i < 100000; i++) {
        snap_object page = { .id = i << 12, .type = type, .shallow_size = 4096 };
        snap_writer_object(w, &page, NULL);
    }
    snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE });
    return snap_writer_close(w, NULL) == SNAP_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    int status = 1;
    if (argc != 2) {
        fprintf(stderr, "usage: 04_memory OUT.snap\n");
        return 2;
    }
    int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        perror(argv[1]);
        return 2;
    }
    pid_t pid = fork();
    if (pid == 0) _exit(write_snapshot(fd));
    if (pid > 0) waitpid(pid, &status, 0);
    close(fd);
    printf("a writer takes %zu bytes\n", snap_writer_memory(NULL));
    return status == 0 ? 0 : 2;
}
