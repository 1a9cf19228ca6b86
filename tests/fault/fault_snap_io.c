/* SPDX-License-Identifier: MIT */
/*
 * When input and output fail: every write and read failing in turn, full devices, limits, short
 * writes, names that are taken, killed and forked writers.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cu.h"
#include "random_rows.h"
#include "snap_memory.h"

/* ---- a sink and a source that fail ---- */

struct failing {
    struct memory_file file;
    long calls, fail_at;
    int forever, error;
};

static int failing_write(void *opaque, const void *data, size_t size)
{
    struct failing *x = opaque;
    x->calls++;
    if (x->calls == x->fail_at || (x->forever && x->calls > x->fail_at)) return x->error;
    return memory_write(&x->file, data, size);
}

static int failing_read(void *opaque, uint64_t offset, void *data, size_t size, size_t *got)
{
    struct failing *x = opaque;
    x->calls++;
    if (x->calls == x->fail_at || (x->forever && x->calls > x->fail_at)) return x->error;
    size_t left = offset < x->file.size ? x->file.size - (size_t)offset : 0;
    *got = size < left ? size : left;
    if (*got) memcpy(data, x->file.bytes + offset, *got);
    return 0;
}

/* Reads what is there; returns the number of rows; *clean tells that nothing but the end lacks. */
static uint64_t read_what_is_there(const void *bytes, size_t size, int *clean)
{
    snap_reader *r;
    const snap_batch *b;
    uint64_t rows = 0;
    snap_reader_summary sum;
    snap_status s = snap_reader_open_memory(&r, bytes, size, NULL, NULL);
    *clean = s == SNAP_E_TRUNCATED;
    if (s != SNAP_OK) return 0;
    while ((s = snap_reader_next(r, &b, NULL)) == SNAP_OK) rows += snap_batch_rows(b);
    snap_reader_get_summary(r, &sum);
    *clean = s == SNAP_END && (sum.complete || sum.damaged == 1) && sum.lost_chunks == 0;
    snap_reader_close(r);
    return rows;
}

static void test_failing_writes(void)
{
    static const int errors[] = { ENOSPC, EIO, EDQUOT };
    for (unsigned k = 0; k < 6; k++) {
        snap_status s = SNAP_E_IO;
        long n = 0;
        while (s != SNAP_OK && n < 3000) {
            struct failing x = { .fail_at = ++n, .forever = k < 3, .error = errors[k % 3] };
            snap_sink sink = { failing_write, &x };
            snap_writer *w;
            snap_error err = { .code = SNAP_OK };
            snap_writer_options o = memory_options();
            o.chunk_rows = 64;
            s = snap_writer_open_sink(&w, &sink, &o, &err);
            if (s == SNAP_OK) {
                gen_random(w, 3, 300, 0, NULL);
                if (x.calls >= n) {
                    /* Sticky: the same answer to everything, and nothing is written any more. */
                    CHECK_I64(snap_writer_flush(w), SNAP_E_IO);
                    CHECK_I64(snap_writer_metadata(w, "k", "v"), SNAP_E_IO);
                    CHECK_I64(x.calls, n);
                }
                s = snap_writer_close(w, &err);
            }
            if (s != SNAP_OK) {
                int clean;
                CHECK_I64(err.os_errno, x.error);
                CHECK_I64(x.calls, n);
                read_what_is_there(x.file.bytes, x.file.size, &clean);
                CHECK(clean);
            }
            memory_free(&x.file);
        }
        CHECK_I64(s, SNAP_OK);
        CHECK(n > 30);
    }
}

static void test_failing_reads(void)
{
    struct failing x = { .error = EIO };
    snap_writer *w = memory_writer(&x.file, NULL);
    snap_status s = SNAP_E_IO;
    gen_random(w, 3, 300, 0, NULL);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    for (long n = 1; s != SNAP_OK && n < 1000; n++) {
        snap_reader *r;
        const snap_batch *b;
        snap_error err;
        size_t chunks;
        snap_source source = { failing_read, &x, x.file.size };
        x.calls = 0;
        x.fail_at = n;
        s = snap_reader_open_source(&r, &source, NULL, &err);
        if (s == SNAP_OK) {
            while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK) continue;
            if (s == SNAP_END) s = snap_reader_load_index(r, &chunks, &err);
            if (s != SNAP_OK) CHECK_I64(snap_reader_next(r, &b, NULL), SNAP_E_IO); /* sticky */
            snap_reader_close(r);
        }
        if (s != SNAP_OK) {
            CHECK_I64(s, SNAP_E_IO);
            CHECK_I64(err.os_errno, EIO);
        }
    }
    CHECK_I64(s, SNAP_OK);
    memory_free(&x.file);
}

/* ---- descriptors ---- */

static void test_full_device(void)
{
    snap_writer *w;
    snap_error err;
    int fd = open("/dev/full", O_WRONLY);
    CHECK(fd >= 0);
    CHECK_I64(snap_writer_open_fd(&w, fd, NULL, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, ENOSPC);
    close(fd);
    CHECK_I64(snap_writer_open_path(&w, "/dev/full", NULL, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EEXIST);
    struct stat st;
    CHECK(stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode));
}

static void test_size_limit(void)
{
    char path[] = "/tmp/snap-fault-XXXXXX";
    int fd = mkstemp(path);
    struct rlimit old, small;
    snap_writer *w;
    snap_error err;
    int clean;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 30000;
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK_I64(snap_writer_open_fd(&w, fd, NULL, &err), SNAP_OK);
    CHECK_I64(gen_random(w, 4, 20000, 0, NULL), SNAP_E_IO);
    CHECK_I64(snap_writer_close(w, &err), SNAP_E_IO);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_I64(err.os_errno, EFBIG);
    static uint8_t bytes[40000];
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    CHECK_I64(n, 30000);
    read_what_is_there(bytes, (size_t)n, &clean);
    CHECK(clean);
    close(fd);
    unlink(path);
}

/* A pipe that blocks neither side's calls: the writer waits until there is room. */
static void test_slow_pipe(void)
{
    int fd[2], status;
    CHECK_I64(pipe2(fd, O_NONBLOCK), 0);
    pid_t pid = fork();
    if (pid == 0) {
        snap_writer *w;
        close(fd[0]);
        if (snap_writer_open_fd(&w, fd[1], NULL, NULL) != SNAP_OK) _exit(1);
        gen_random(w, 8, 20000, 0, NULL);
        _exit(snap_writer_close(w, NULL) == SNAP_OK ? 0 : 2);
    }
    close(fd[1]);
    snap_reader *r;
    const snap_batch *b;
    snap_error err;
    snap_status s = snap_reader_open_fd(&r, fd[0], NULL, &err);
    uint64_t objects = 0;
    size_t chunks;
    if (CHECK_I64(s, SNAP_OK)) {
        while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
            if (snap_batch_kind(b) == SNAP_KIND_OBJECT) objects += snap_batch_rows(b);
        }
        CHECK_I64(s, SNAP_END);
        snap_reader_summary sum;
        snap_reader_get_summary(r, &sum);
        CHECK(sum.complete);
        CHECK(objects >= 20000);
        CHECK_I64(snap_reader_load_index(r, &chunks, &err), SNAP_E_UNSUPPORTED);
        snap_reader_close(r);
    }
    close(fd[0]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* ---- names ---- */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static snap_status write_path(const char *path, int replace, snap_error *err)
{
    snap_writer *w;
    snap_writer_options o = memory_options();
    o.replace = replace;
    snap_status s = snap_writer_open_path(&w, path, &o, err);
    return s == SNAP_OK ? snap_writer_close(w, err) : s;
}

static void test_names(void)
{
    struct stat st;
    snap_error err;
    strcpy(folder, "/tmp/snap-fault-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    mode_t mask = umask(0);
    CHECK_I64(write_path(in_folder("a.snap"), 0, &err), SNAP_OK);
    umask(mask);
    CHECK(stat(in_folder("a.snap"), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(stat(in_folder("a.snap.part"), &st) != 0);
    CHECK_I64(write_path(in_folder("a.snap"), 0, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EEXIST);
    CHECK_I64(write_path(in_folder("a.snap"), 1, &err), SNAP_OK);
    /* What is no regular file is never replaced. */
    CHECK(mkfifo(in_folder("fifo"), 0600) == 0 && mkdir(in_folder("dir"), 0700) == 0);
    CHECK(symlink("a.snap", in_folder("link")) == 0);
    CHECK_I64(write_path(in_folder("fifo"), 1, &err), SNAP_E_IO);
    CHECK_I64(write_path(in_folder("link"), 1, &err), SNAP_E_IO);
    CHECK_I64(write_path(in_folder("dir"), 1, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EISDIR);
    CHECK_I64(write_path(in_folder("dir/"), 1, &err), SNAP_E_IO);
    CHECK_I64(write_path("", 1, &err), SNAP_E_IO);
    CHECK_I64(write_path(in_folder("missing/a.snap"), 1, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, ENOENT);
    /* A .part that is there belongs to somebody, be it by a link that leads elsewhere. */
    CHECK(symlink("elsewhere", in_folder("b.snap.part")) == 0);
    CHECK_I64(write_path(in_folder("b.snap"), 1, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EEXIST);
    CHECK(lstat(in_folder("elsewhere"), &st) != 0);
}

static void test_moving_ground(void)
{
    snap_writer *w;
    snap_error err;
    snap_writer_options o = memory_options();
    struct stat st;
    char here[256];
    CHECK(getcwd(here, sizeof here) != NULL);
    /* A relative name means what it meant when the file was opened. */
    CHECK_I64(chdir(folder), 0);
    CHECK_I64(snap_writer_open_path(&w, "c.snap", &o, &err), SNAP_OK);
    CHECK_I64(chdir(here), 0);
    CHECK_I64(snap_writer_close(w, &err), SNAP_OK);
    CHECK(stat(in_folder("c.snap"), &st) == 0);
    /* A name that somebody takes meanwhile stays theirs, and the .part stays. */
    CHECK_I64(snap_writer_open_path(&w, in_folder("d.snap"), &o, &err), SNAP_OK);
    int fd = open(in_folder("d.snap"), O_CREAT | O_WRONLY, 0600);
    CHECK_I64(snap_writer_close(w, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EEXIST);
    CHECK(fstat(fd, &st) == 0 && st.st_size == 0);
    close(fd);
    CHECK(stat(in_folder("d.snap.part"), &st) == 0 && st.st_size > 100);
    /* Given up: nothing is left, or what was written, as asked. */
    CHECK_I64(snap_writer_open_path(&w, in_folder("e.snap"), &o, &err), SNAP_OK);
    snap_writer_abort(w, 0);
    CHECK(stat(in_folder("e.snap.part"), &st) != 0);
    CHECK_I64(snap_writer_open_path(&w, in_folder("e.snap"), &o, &err), SNAP_OK);
    snap_writer_abort(w, 1);
    CHECK(stat(in_folder("e.snap.part"), &st) == 0);
    snap_writer_abort(NULL, 0);
    CHECK_I64(snap_writer_close(NULL, NULL), SNAP_OK);
}

/* ---- processes that end or part ---- */

static void *load(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY);
    struct stat st;
    *size = 0;
    if (fd < 0 || fstat(fd, &st) != 0) return NULL;
    uint8_t *bytes = malloc((size_t)st.st_size + 1);
    ssize_t n = bytes ? read(fd, bytes, (size_t)st.st_size) : -1;
    *size = n > 0 ? (size_t)n : 0;
    close(fd);
    return bytes;
}

static void test_killed(void)
{
    /* Rows that a finished flush covered, told by the child as it goes. */
    volatile uint64_t *flushed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t seen = 0;
    for (unsigned round = 0; round < 25; round++) {
        const char *path = in_folder("k.snap");
        *flushed = 0;
        pid_t pid = fork();
        if (pid == 0) {
            snap_writer *w;
            uint64_t name, type;
            alarm(60); /* who outlives the test ends all the same */
            if (snap_writer_open_path(&w, path, NULL, NULL) != SNAP_OK) _exit(1);
            if (snap_writer_string(w, "t", 1, &name) || snap_writer_begin(w, &(snap_begin){ 0 }) ||
                snap_writer_type(w, &(snap_type){ .name = name }, &type)) _exit(1);
            for (uint64_t i = 1;; i++) {
                if (snap_writer_object(w, &(snap_object){ .id = i, .type = type }, NULL)) _exit(1);
                if (i % 997 == 0) {
                    if (snap_writer_flush(w)) _exit(1);
                    *flushed = i;
                }
            }
        }
        struct timespec t = { 0, (long)(1 + round) * 1500000 };
        nanosleep(&t, NULL);
        /* Half of them once something is there, on however slow a machine. */
        for (int i = 0; round % 2 && *flushed == 0 && i < 20000; i++) {
            nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        size_t size;
        int clean;
        void *bytes = load(in_folder("k.snap.part"), &size);
        if (bytes) {
            uint64_t rows = read_what_is_there(bytes, size, &clean);
            CHECK(clean);
            CHECK(rows >= *flushed);
            seen += *flushed;
        }
        free(bytes);
        struct stat st;
        CHECK(stat(in_folder("k.snap"), &st) != 0);
        unlink(in_folder("k.snap.part"));
    }
    CHECK(seen > 0);
    munmap((void *)flushed, 4096);
}

static void test_forked(void)
{
    snap_writer *w;
    snap_error err;
    uint64_t name;
    size_t size;
    int status, clean;
    CHECK_I64(snap_writer_open_path(&w, in_folder("f.snap"), NULL, &err), SNAP_OK);
    CHECK_I64(snap_writer_string(w, "mine", 4, &name), SNAP_OK);
    pid_t pid = fork();
    if (pid == 0) {
        snap_writer_abort(w, 1); /* the open string must not reach the parent's file from here */
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK_I64(snap_writer_close(w, &err), SNAP_OK);
    void *bytes = load(in_folder("f.snap"), &size);
    CHECK_U64(read_what_is_there(bytes, size, &clean), 2);
    CHECK(clean);
    free(bytes);
}

static uint64_t ticking(void *opaque, int which)
{
    (void)which;
    return *(uint64_t *)opaque += 1000;
}

static void test_age(void)
{
    struct memory_file f;
    uint64_t now = 0, name, type;
    snap_writer_options o = memory_options();
    o.clock = ticking;
    o.clock_opaque = &now;
    o.max_chunk_age_ns = 1; /* every look at the clock finds the chunks too old */
    snap_writer *w = memory_writer(&f, &o);
    CHECK_I64(snap_writer_string(w, "t", 1, &name), SNAP_OK);
    CHECK_I64(snap_writer_type(w, &(snap_type){ .name = name }, &type), SNAP_OK);
    CHECK_I64(snap_writer_begin(w, &(snap_begin){ 0 }), SNAP_OK);
    for (uint64_t i = 0; i < 2000; i++) {
        CHECK_I64(snap_writer_object(w, &(snap_object){ .id = i, .type = type }, NULL), SNAP_OK);
    }
    int clean;
    CHECK(read_what_is_there(f.bytes, f.size, &clean) + 256 >= 2000);
    CHECK(clean);
    snap_writer_abort(w, 0);
    memory_free(&f);
}

static void test_clean_up(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK_I64(system(command), 0);
}

CU_MAIN("fault_snap_io", { "failing writes", test_failing_writes },
        { "failing reads", test_failing_reads }, { "full device", test_full_device },
        { "size limit", test_size_limit }, { "slow pipe", test_slow_pipe },
        { "names", test_names }, { "moving ground", test_moving_ground },
        { "killed writer", test_killed }, { "forked writer", test_forked },
        { "age of chunks", test_age }, { "clean up", test_clean_up })
