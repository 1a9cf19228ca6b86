/* SPDX-License-Identifier: MIT */
/*
 * Input and output below the public interface, with system calls that a test commands: short reads
 * and writes, interruptions, descriptors that would block, every errno at every place, file systems
 * without links, kernels without getentropy. The linker puts the functions here in place of the
 * system's (--wrap); what has no orders goes through.
 */
#define _POSIX_C_SOURCE 200809L /* mkdtemp, symlink */
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "cu.h"
#include "os.h"
#include "sink.h"
#include "snap_memory.h"
#include "source.h"

/* ---- orders ---- */

enum call { READ, PREAD, WRITE, POLL, FSYNC, CLOSE, LINK, UNLINK, RENAME, ENTROPY, OPEN, CALLS };

/* What the next calls of each sort answer: > 0 at most so many bytes, 0 none, < 0 this errno; PASS
 * as the system does. After the last order everything passes. */
#define PASS 1000000
#define MOST 64

static struct {
    int order[CALLS][MOST];
    unsigned n[CALLS], made[CALLS];
} script;

static void forget(void)
{
    memset(&script, 0, sizeof script);
}

static void order(enum call call, int what)
{
    script.order[call][script.n[call]++] = what;
}

static int next_order(enum call call)
{
    unsigned i = script.made[call]++;
    return i < script.n[call] ? script.order[call][i] : PASS;
}

static int fails(int what)
{
    if (what >= 0) return 0;
    errno = -what;
    return 1;
}

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __real_pread(int fd, void *to, size_t size, off_t offset);
ssize_t __real_pread64(int fd, void *to, size_t size, off_t offset);
ssize_t __real_write(int fd, const void *from, size_t size);
int __real_poll(struct pollfd *p, nfds_t n, int timeout);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_linkat(int from, const char *old, int to, const char *name, int flags);
int __real_unlinkat(int folder, const char *name, int flags);
int __real_renameat(int from, const char *old, int to, const char *name);
int __real_getentropy(void *to, size_t size);
int __real_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);

ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *to, size_t size, off_t offset);
ssize_t __wrap_write(int fd, const void *from, size_t size);
int __wrap_poll(struct pollfd *p, nfds_t n, int timeout);
int __wrap_fsync(int fd);
int __wrap_close(int fd);
int __wrap_linkat(int from, const char *old, int to, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __wrap_getentropy(void *to, size_t size);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

static size_t cut(size_t size, int what)
{
    return (size_t)what < size ? (size_t)what : size;
}

ssize_t __wrap_read(int fd, void *to, size_t size)
{
    int what = next_order(READ);
    return fails(what) ? -1 : __real_read(fd, to, cut(size, what));
}

/* Under both names: with 64-bit offsets glibc calls it by the second, others by the first. */
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t offset)
{
    int what = next_order(PREAD);
    return fails(what) ? -1 : __real_pread(fd, to, cut(size, what), offset);
}

ssize_t __wrap_pread64(int fd, void *to, size_t size, off_t offset)
{
    int what = next_order(PREAD);
    return fails(what) ? -1 : __real_pread64(fd, to, cut(size, what), offset);
}

ssize_t __wrap_write(int fd, const void *from, size_t size)
{
    int what = next_order(WRITE);
    if (fails(what)) return -1;
    return what == 0 ? 0 : __real_write(fd, from, cut(size, what));
}

int __wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
    int what = next_order(POLL);
    if (fails(what)) return -1;
    return what == PASS ? __real_poll(p, n, timeout) : what;
}

int __wrap_fsync(int fd)
{
    return fails(next_order(FSYNC)) ? -1 : __real_fsync(fd);
}

/* A close that fails has closed all the same, as on Linux. */
int __wrap_close(int fd)
{
    int what = next_order(CLOSE), status = __real_close(fd);
    return fails(what) ? -1 : status;
}

int __wrap_linkat(int from, const char *old, int to, const char *name, int flags)
{
    return fails(next_order(LINK)) ? -1 : __real_linkat(from, old, to, name, flags);
}

int __wrap_unlinkat(int folder, const char *name, int flags)
{
    return fails(next_order(UNLINK)) ? -1 : __real_unlinkat(folder, name, flags);
}

int __wrap_renameat(int from, const char *old, int to, const char *name)
{
    return fails(next_order(RENAME)) ? -1 : __real_renameat(from, old, to, name);
}

int __wrap_getentropy(void *to, size_t size)
{
    return fails(next_order(ENTROPY)) ? -1 : __real_getentropy(to, size);
}

/* Descriptors that a program which is started meanwhile would get. */
static unsigned inherited;

/* Only the mode of a file that is made follows the flags. */
#define OPEN_AS(real)                                                                              \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                                      \
    va_end(rest);                                                                                  \
    inherited += !(flags & O_CLOEXEC);                                                             \
    return fails(next_order(OPEN)) ? -1 : real(path, flags, mode)

int __wrap_open(const char *path, int flags, ...)
{
    OPEN_AS(__real_open);
}

int __wrap_open64(const char *path, int flags, ...)
{
    OPEN_AS(__real_open64);
}

/* ---- a folder of its own ---- */

static char folder[64], path[96], part[104];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_snap_io.XXXXXX");
    if (!mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/a.snap", folder);
    snprintf(part, sizeof part, "%s.part", path);
}

static void drop_folder(void)
{
    unlink(path);
    unlink(part);
    rmdir(folder);
}

static int exists(const char *name)
{
    struct stat st;
    return lstat(name, &st) == 0;
}

/* ---- reading: any source, any windows ---- */

#define BYTES 300000u

static uint8_t contents[BYTES];

static void fill_contents(void)
{
    uint64_t x = 7;
    for (size_t i = 0; i < BYTES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        contents[i] = (uint8_t)(x >> 56);
    }
}

static int temporary_file(void)
{
    make_folder();
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, contents, BYTES) != (ssize_t)BYTES) abort();
    drop_folder();
    return fd;
}

/* As a callback: in pieces of what is asked for, never more than is there. */
static int read_at(void *opaque, uint64_t offset, void *data, size_t size, size_t *got)
{
    (void)opaque;
    *got = offset < BYTES ? BYTES - (size_t)offset : 0;
    if (*got > size) *got = size;
    if (*got) memcpy(data, contents + offset, *got);
    return 0;
}

/* A window shows what stands there, all of it, and less only at the end. */
static int shows(struct source *s, uint64_t offset, size_t size)
{
    const uint8_t *data;
    size_t got, want = offset < BYTES ? BYTES - (size_t)offset : 0;
    int os_errno;
    if (want > size) want = size;
    if (source_window(s, offset, size, &data, &got, &os_errno) != SNAP_OK) return 0;
    return got == want && os_errno == 0 && (got == 0 || memcmp(data, contents + offset, got) == 0);
}

static void windows(struct source *s)
{
    static const size_t sizes[] = { 0, 1, 64, 4095, 4096, 4097, 65535, 65536, 65537, 200000 };
    uint64_t x = 3, wrong = 0, at = 0;
    for (unsigned i = 0; i < 300; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        size_t size = sizes[(x >> 40) % (sizeof sizes / sizeof *sizes)];
        uint64_t next = source_is_random(s) ? (x >> 20) % (BYTES + 5000) : at + (x >> 20) % 4000;
        wrong += !shows(s, next, size);
        at = next;
    }
    CHECK_U64(wrong, 0);
}

static void test_windows(void)
{
    struct source s;
    snap_allocator a = alloc_choose(NULL);
    fill_contents();
    forget();
    source_from_memory(&s, contents, BYTES);
    CHECK(source_is_random(&s) && s.size == BYTES);
    windows(&s);
    source_close(&s);
    snap_source callback = { read_at, NULL, BYTES };
    source_from_callback(&s, &callback, &a);
    windows(&s);
    source_close(&s);
    int fd = temporary_file();
    CHECK_I64(source_from_fd(&s, fd, &a), 0);
    CHECK(source_is_random(&s) && s.size == BYTES);
    windows(&s);
    source_close(&s);
    CHECK(fcntl(fd, F_GETFD) >= 0); /* it stays the caller's */
    close(fd);
    source_from_memory(&s, NULL, 0);
    const uint8_t *data = NULL;
    size_t got = 1;
    int os_errno;
    CHECK_I64(source_window(&s, 5, 10, &data, &got, &os_errno), SNAP_OK);
    CHECK(data != NULL && got == 0);
}

/* Reads that come in pieces, with signals and would-blocks between them, show the same. */
static void test_short_reads(void)
{
    struct source s;
    snap_allocator a = alloc_choose(NULL);
    int fd = temporary_file();
    forget();
    CHECK_I64(source_from_fd(&s, fd, &a), 0);
    for (int i = 0; i < MOST - 1; i++) {
        static const int orders[] = { 1, 7, -EINTR, 1000, -EAGAIN, 3, 4096 };
        order(PREAD, orders[i % 7]);
    }
    script.made[PREAD] = 0;
    CHECK(shows(&s, 0, 9000));
    CHECK(shows(&s, 100, 20000));
    CHECK(shows(&s, BYTES - 10, 64));
    CHECK(script.made[POLL] > 0); /* what would block is waited for */
    source_close(&s);
    close(fd);
}

static void test_read_errors(void)
{
    static const int errors[] = { EIO, EISDIR, EBADF, ENXIO };
    snap_allocator a = alloc_choose(NULL);
    const uint8_t *data;
    size_t got;
    int os_errno, fd = temporary_file();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct source s;
        forget();
        order(PREAD, -errors[i]); /* the trial that tells a file from a pipe */
        CHECK_I64(source_from_fd(&s, fd, &a), errors[i]);
        forget();
        CHECK_I64(source_from_fd(&s, fd, &a), 0);
        order(PREAD, PASS), order(PREAD, 5), order(PREAD, -errors[i]);
        CHECK_I64(source_window(&s, 0, 100, &data, &got, &os_errno), SNAP_E_IO);
        CHECK_I64(os_errno, errors[i]);
        forget();
        order(PREAD, -EAGAIN), order(POLL, -errors[i]);
        CHECK_I64(source_window(&s, 70000, 100, &data, &got, &os_errno), SNAP_E_IO);
        CHECK_I64(os_errno, errors[i]);
        forget();
        order(PREAD, -EAGAIN), order(POLL, -EINTR); /* a signal while waiting */
        CHECK(shows(&s, 140000, 100));
        source_close(&s);
    }
    close(fd);
}

/* A pipe is read in order, only as far as is asked for; what was passed is gone. */
static void test_pipe(void)
{
    struct source s;
    snap_allocator a = alloc_choose(NULL);
    const uint8_t *data;
    size_t got;
    int os_errno, fd[2];
    forget();
    if (pipe(fd)) abort();
    CHECK_I64(source_from_fd(&s, fd[0], &a), 0);
    CHECK(!source_is_random(&s) && s.size == UINT64_MAX);
    if (write(fd[1], contents, 500) != 500) abort();
    CHECK(shows(&s, 0, 48)); /* 500 bytes are there; waiting for more would be for ever */
    CHECK(shows(&s, 48, 452));
    if (write(fd[1], contents + 500, 1500) != 1500) abort();
    CHECK(shows(&s, 700, 300)); /* 200 are passed unseen */
    CHECK_I64(source_window(&s, 100, 10, &data, &got, &os_errno), SNAP_E_IO);
    CHECK_I64(os_errno, ESPIPE);
    close(fd[1]);
    CHECK_I64(source_window(&s, 1990, 64, &data, &got, &os_errno), SNAP_OK);
    CHECK_U64(got, 10);
    CHECK_I64(source_window(&s, 2500, 64, &data, &got, &os_errno), SNAP_OK);
    CHECK_U64(got, 0);
    source_close(&s);
    close(fd[0]);
}

static int read_too_much(void *opaque, uint64_t offset, void *data, size_t size, size_t *got)
{
    (void)opaque, (void)offset, (void)data;
    *got = size + 1;
    return 0;
}

static int read_fails(void *opaque, uint64_t offset, void *data, size_t size, size_t *got)
{
    (void)opaque, (void)offset, (void)data, (void)size;
    *got = 0;
    return EIO;
}

/* A callback that lies, one that fails, and an offset that no file has. */
static void test_callbacks(void)
{
    struct source s;
    snap_allocator a = alloc_choose(NULL);
    const uint8_t *data;
    size_t got;
    int os_errno;
    const snap_source lying = { read_too_much, NULL, 1000 }, failing = { read_fails, NULL, 1000 };
    source_from_callback(&s, &lying, &a);
    CHECK_I64(source_window(&s, 0, 10, &data, &got, &os_errno), SNAP_E_IO);
    CHECK_I64(os_errno, EINVAL);
    CHECK_I64(source_window(&s, (uint64_t)INT64_MAX - 10, 100, &data, &got, &os_errno), SNAP_OK);
    CHECK_U64(got, 0); /* it was not even asked */
    source_close(&s);
    source_from_callback(&s, &failing, &a);
    CHECK_I64(source_window(&s, 0, 10, &data, &got, &os_errno), SNAP_E_IO);
    CHECK_I64(os_errno, EIO);
    source_close(&s);
}

/* ---- writing ---- */

/* Writes `contents` to a file while orders last; the answer, and whether the bytes are right. */
static int write_all_to(int fd, size_t size)
{
    struct sink k;
    sink_from_fd(&k, fd);
    return sink_write(&k, contents, size);
}

static void test_short_writes(void)
{
    static uint8_t back[BYTES];
    int fd = temporary_file();
    if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET)) abort();
    forget();
    for (int i = 0; i < MOST; i++) {
        static const int orders[] = { 1, -EINTR, 100, -EAGAIN, 3, 5000, -EINTR };
        order(WRITE, orders[i % 7]);
    }
    order(POLL, -EINTR), order(POLL, -EAGAIN), order(POLL, 1);
    CHECK_I64(write_all_to(fd, BYTES), 0);
    CHECK(script.made[POLL] >= 3);
    CHECK_I64(pread(fd, back, BYTES, 0), BYTES);
    CHECK(memcmp(back, contents, BYTES) == 0);
    close(fd);
}

static void test_write_errors(void)
{
    static const int errors[] = { ENOSPC, EIO, EPIPE, EFBIG, EBADF };
    int fd = temporary_file();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        forget();
        order(WRITE, 10), order(WRITE, -errors[i]);
        CHECK_I64(write_all_to(fd, 100), errors[i]);
        CHECK_U64(script.made[WRITE], 2); /* and no further attempt */
        forget();
        order(WRITE, -EAGAIN), order(POLL, -errors[i]);
        CHECK_I64(write_all_to(fd, 100), errors[i]);
    }
    forget();
    order(WRITE, 0); /* nothing taken and no reason given */
    CHECK_I64(write_all_to(fd, 100), ENOSPC);
    CHECK_I64(write_all_to(fd, 0), 0);
    close(fd);
}

/* ---- publishing ---- */

/* A file under `path` with the orders that are given; the status, and errno of the failure. */
static snap_status publish(int replace, int sync, int *os_errno)
{
    struct sink k;
    snap_error err = { .code = SNAP_OK };
    snap_status s = sink_from_path(&k, path, replace, sync, &err);
    if (s == SNAP_OK) {
        CHECK(exists(part));
        if (sink_write(&k, contents, 1000) != 0) abort();
        s = sink_publish(&k, &err);
        sink_close(&k, 0);
    }
    *os_errno = err.os_errno;
    CHECK(s == SNAP_OK || (err.code == s && err.text[0]));
    return s;
}

static void test_publish(void)
{
    struct stat st;
    int e;
    make_folder();
    forget();
    CHECK_I64(publish(0, 1, &e), SNAP_OK);
    CHECK_U64(script.made[FSYNC], 2); /* the file, then its folder */
    CHECK(stat(path, &st) == 0 && st.st_size == 1000 && (st.st_mode & 0777) == 0600);
    CHECK(!exists(part));
    CHECK_I64(publish(0, 1, &e), SNAP_E_IO); /* the name is taken */
    CHECK_I64(e, EEXIST);
    forget();
    CHECK_I64(publish(1, 0, &e), SNAP_OK);
    CHECK_U64(script.made[FSYNC], 0);
    CHECK_U64(script.made[RENAME], 1);
    CHECK_U64(script.made[LINK], 0);
    drop_folder();
}

/* A writer brings its file to the disk unless it is told not to. */
static void test_writer_syncs(void)
{
    make_folder();
    for (int no_sync = 0; no_sync <= 1; no_sync++) {
        snap_writer *w = NULL;
        const snap_writer_options o = { .size = sizeof o, .replace = 1, .no_sync = no_sync };
        forget();
        CHECK_I64(snap_writer_open_path(&w, path, &o, NULL), SNAP_OK);
        CHECK_I64(snap_writer_begin(w, &(snap_begin){ .reason = "io" }), SNAP_OK);
        CHECK_I64(snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE }), SNAP_OK);
        CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
        CHECK_U64(script.made[FSYNC], no_sync ? 0 : 2);
    }
    drop_folder();
}

/* Each step on the way fails in turn: told, and nothing is under the name that was not there. */
static void test_publish_errors(void)
{
    static const struct {
        enum call call;
        int nth, error, published;
    } steps[] = { { FSYNC, 0, EIO, 0 },      { FSYNC, 0, ENOSPC, 0 }, { CLOSE, 0, EIO, 0 },
                  { LINK, 0, EEXIST, 0 },    { UNLINK, 0, EACCES, 1 }, { FSYNC, 1, EIO, 1 } };
    int e;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        make_folder();
        forget();
        for (int k = 0; k < steps[i].nth; k++) order(steps[i].call, PASS);
        order(steps[i].call, -steps[i].error);
        CHECK_I64(publish(0, 1, &e), SNAP_E_IO);
        if (!CHECK_I64(e, steps[i].error)) printf("  step %zu\n", i);
        CHECK_I64(exists(path), steps[i].published);
        CHECK(steps[i].published || exists(part)); /* what was written is there to recover */
        drop_folder();
    }
    /* Where it is no error: a close that a signal met, folders that cannot be synced. */
    static const struct {
        enum call call;
        int nth, error;
    } harmless[] = { { CLOSE, 0, EINTR }, { FSYNC, 1, EINVAL }, { FSYNC, 1, EROFS } };
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        make_folder();
        forget();
        for (int k = 0; k < harmless[i].nth; k++) order(harmless[i].call, PASS);
        order(harmless[i].call, -harmless[i].error);
        CHECK_I64(publish(0, 1, &e), SNAP_OK);
        CHECK(exists(path) && !exists(part));
        drop_folder();
    }
}

/* File systems without hard links get a rename; where that fails, too, it is told. */
static void test_no_links(void)
{
    static const int without[] = { EPERM, ENOTSUP, EMLINK, ENOSYS };
    int e;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        make_folder();
        forget();
        order(LINK, -without[i]);
        CHECK_I64(publish(0, 0, &e), SNAP_OK);
        CHECK(exists(path) && !exists(part));
        CHECK_U64(script.made[RENAME], 1);
        unlink(path);
        forget();
        order(LINK, -without[i]), order(RENAME, -EXDEV);
        CHECK_I64(publish(0, 0, &e), SNAP_E_IO);
        CHECK_I64(e, EXDEV);
        drop_folder();
    }
}

static void test_names(void)
{
    static char longest[SINK_PATH_MAX + 1];
    struct sink k;
    snap_error err;
    make_folder();
    forget();
    memset(longest, 'a', sizeof longest - 1);
    const char *const bad[] = { "", "/", "folder/", longest };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_I64(sink_from_path(&k, bad[i], 0, 0, &err), SNAP_E_IO);
        CHECK_I64(err.os_errno, EINVAL);
    }
    CHECK_I64(sink_from_path(&k, "/nonexistent/x", 0, 0, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, ENOENT);
    CHECK_I64(sink_from_path(&k, folder, 1, 0, &err), SNAP_E_IO); /* a folder stands there */
    CHECK_I64(err.os_errno, EISDIR);
    if (symlink("elsewhere", path)) abort();
    CHECK_I64(sink_from_path(&k, path, 1, 0, &err), SNAP_E_IO); /* never through a link */
    CHECK_I64(err.os_errno, EEXIST);
    unlink(path);
    if (symlink("elsewhere", part)) abort();
    CHECK_I64(sink_from_path(&k, path, 1, 0, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EEXIST);
    unlink(part);
    /* Given up: the file that was begun goes, or stays. */
    for (int remove = 0; remove <= 1; remove++) {
        CHECK_I64(sink_from_path(&k, path, 0, 0, &err), SNAP_OK);
        sink_close(&k, remove);
        sink_close(&k, remove); /* twice does no harm */
        CHECK_I64(exists(part), !remove);
        unlink(part);
    }
    drop_folder();
}

static void test_not_inherited(void)
{
    struct source s;
    struct sink k;
    uint8_t bytes[8];
    snap_allocator a = alloc_choose(NULL);
    make_folder();
    forget();
    inherited = 0;
    CHECK_I64(sink_from_path(&k, path, 0, 0, NULL), SNAP_OK);
    CHECK(fcntl(k.fd, F_GETFD) & FD_CLOEXEC);
    CHECK_I64(source_from_path(&s, part, &a), 0);
    source_close(&s);
    CHECK_I64(source_from_path(&s, "/nonexistent/x", &a), ENOENT);
    sink_close(&k, 1);
    order(ENTROPY, -ENOSYS);
    CHECK_I64(os_random(bytes, sizeof bytes), 0);
    CHECK_U64(script.made[OPEN], 4);
    CHECK_U64(inherited, 0);
    drop_folder();
}

/* ---- random bytes and clocks ---- */

static void test_random(void)
{
    uint8_t a[24] = { 0 }, b[24] = { 0 };
    forget();
    CHECK_I64(os_random(a, sizeof a), 0);
    CHECK_U64(script.made[OPEN], 0);
    order(ENTROPY, PASS), order(ENTROPY, -ENOSYS); /* the second: an old kernel */
    script.made[ENTROPY] = 1;
    order(READ, -EINTR);
    CHECK_I64(os_random(b, sizeof b), 0);
    CHECK_U64(script.made[OPEN], 1);
    CHECK_U64(script.made[READ], 2);
    CHECK(memcmp(a, b, sizeof a) != 0);
    forget();
    order(ENTROPY, -ENOSYS), order(OPEN, -ENOENT);
    CHECK_I64(os_random(b, sizeof b), ENOENT);
    forget();
    order(ENTROPY, -ENOSYS), order(READ, -EIO);
    CHECK_I64(os_random(b, sizeof b), EIO);
    forget();
    order(ENTROPY, -ENOSYS), order(READ, 10); /* fewer bytes than were asked for */
    CHECK_I64(os_random(b, sizeof b), EIO);
    forget();
    order(ENTROPY, -ENOSYS), order(OPEN, -EMFILE);
    snap_writer *w;
    snap_error err;
    struct memory_file f = { 0 };
    snap_sink sink = { memory_write, &f };
    CHECK_I64(snap_writer_open_sink(&w, &sink, NULL, &err), SNAP_E_IO);
    CHECK(w == NULL && err.os_errno == EMFILE && f.size == 0);
}

static void test_clock(void)
{
    uint64_t wall = os_clock(NULL, 0), mono = os_clock(NULL, 1), after = os_clock(NULL, 1);
    CHECK(wall > UINT64_C(1600000000) * 1000000000 && wall < UINT64_C(1) << 62);
    CHECK(after >= mono && after - mono < UINT64_C(60) * 1000000000);
    CHECK(mono != wall);
}

CU_MAIN("snap input and output", { "windows over every source", test_windows },
        { "short reads", test_short_reads }, { "reads that fail", test_read_errors },
        { "a pipe", test_pipe }, { "callbacks", test_callbacks },
        { "short writes", test_short_writes }, { "writes that fail", test_write_errors },
        { "publishing", test_publish }, { "a writer's file", test_writer_syncs }, { "publishing that fails", test_publish_errors },
        { "no hard links", test_no_links }, { "names", test_names },
        { "descriptors stay here", test_not_inherited }, { "random bytes", test_random },
        { "clocks", test_clock })
