/* SPDX-License-Identifier: MIT */
/*
 * When memory is short, and where it must not be asked for: every allocation of libsnap failing in
 * turn; the writer allocating once and never again, in a process that may do nothing but write.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__ /* others come without the kernel's headers */
#include <linux/seccomp.h>
#else
#define SECCOMP_MODE_STRICT 1
#endif

#include "cu.h"
#include "random_rows.h"
#include "snap_memory.h"

/* ---- an allocator that fails at a chosen call and counts what is out ---- */

struct meter {
    long calls, fail_at, bytes;
    int forever;
};

static void *meter_alloc(void *opaque, size_t size)
{
    struct meter *m = opaque;
    m->calls++;
    int past = m->forever && m->calls > m->fail_at;
    if (m->fail_at && (m->calls == m->fail_at || past)) return NULL;
    m->bytes += (long)size;
    return malloc(size);
}

static void meter_free(void *opaque, void *ptr, size_t size)
{
    struct meter *m = opaque;
    m->bytes -= (long)size;
    free(ptr);
}

static int read_at(void *opaque, uint64_t offset, void *data, size_t size, size_t *got)
{
    const struct memory_file *f = opaque;
    size_t left = offset < f->size ? f->size - (size_t)offset : 0;
    *got = size < left ? size : left;
    if (*got) memcpy(data, f->bytes + offset, *got);
    return 0;
}

static int each_string(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    (void)id;
    (void)bytes;
    *(size_t *)opaque += size;
    return 0;
}

static struct memory_file file;

static void make_file(void)
{
    snap_writer *w = memory_writer(&file, NULL);
    CHECK_I64(gen_random(w, 16, 3000, GEN_LONG, NULL), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
}

/* Opens, reads everything, joins the strings, loads the index, seeks. SNAP_E_MEMORY or SNAP_OK. */
static snap_status use_reader(const snap_allocator *a)
{
    snap_reader *r;
    const snap_batch *b;
    snap_string_joiner *j = NULL;
    size_t bytes = 0, chunks;
    snap_source source = { read_at, &file, file.size };
    snap_reader_options o = { .size = sizeof o, .allocator = a };
    snap_status s = snap_reader_open_source(&r, &source, &o, NULL);
    if (s != SNAP_OK) return s;
    s = snap_string_joiner_new(&j, a, each_string, &bytes);
    while (s == SNAP_OK && (s = snap_reader_next(r, &b, NULL)) == SNAP_OK) {
        if (snap_batch_kind(b) == SNAP_KIND_STRING) s = snap_string_joiner_feed(j, b);
    }
    snap_string_joiner_free(j);
    if (s == SNAP_END) s = snap_reader_load_index(r, &chunks, NULL);
    if (s == SNAP_OK) s = snap_reader_seek(r, chunks / 2, NULL);
    if (s == SNAP_OK) s = snap_reader_next(r, &b, NULL);
    snap_reader_close(r);
    return s;
}

static void test_reader(void)
{
    make_file();
    for (int forever = 0; forever < 2; forever++) {
        snap_status s = SNAP_E_MEMORY;
        long n = 0;
        while (s != SNAP_OK && n < 1000) {
            struct meter m = { .fail_at = ++n, .forever = forever };
            snap_allocator a = { meter_alloc, meter_free, &m };
            s = use_reader(&a);
            CHECK_I64(m.bytes, 0);
            if (s != SNAP_OK) CHECK_I64(s, SNAP_E_MEMORY);
        }
        CHECK_I64(s, SNAP_OK);
        CHECK(n > 8); /* the loop has met them all */
    }
    memory_free(&file);
}

static void test_writer(void)
{
    snap_writer *w = NULL;
    snap_error err;
    struct memory_file f;
    struct meter m = { .fail_at = 1 };
    snap_allocator a = { meter_alloc, meter_free, &m };
    snap_writer_options o = memory_options();
    snap_sink sink = { memory_write, &f };
    o.allocator = &a;
    memset(&f, 0, sizeof f);
    CHECK_I64(snap_writer_open_sink(&w, &sink, &o, &err), SNAP_E_MEMORY);
    CHECK(w == NULL && f.size == 0);
    CHECK_I64(err.code, SNAP_E_MEMORY);
    m = (struct meter){ .fail_at = 2, .forever = 1 };
    CHECK_I64(snap_writer_open_sink(&w, &sink, &o, &err), SNAP_OK);
    CHECK_I64(m.bytes, snap_writer_memory(&o));
    CHECK_I64(gen_random(w, 16, 3000, GEN_LONG, NULL), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK_I64(m.calls, 1);
    CHECK_I64(m.bytes, 0);
    memory_free(&f);
}

static void test_writer_sizes(void)
{
    snap_writer_options o = memory_options();
    CHECK_U64(snap_writer_memory(NULL), snap_writer_memory(&o));
    CHECK(snap_writer_memory(NULL) < (size_t)16 << 20);
    o.level = 19;
    size_t large = snap_writer_memory(&o);
    CHECK(large > snap_writer_memory(NULL));
    o.level = 20;
    CHECK_U64(snap_writer_memory(&o), 0);
    o.level = 1;
    o.chunk_rows = SNAP_MAX_CHUNK_ROWS + 1;
    CHECK_U64(snap_writer_memory(&o), 0);
    o.chunk_rows = 0;
    o.size = 1;
    CHECK_U64(snap_writer_memory(&o), 0);
    /* Every level works in the memory that was planned for it. */
    for (int level = 1; level <= 19; level++) {
        struct memory_file f;
        o = memory_options();
        o.level = level;
        for (uint32_t rows = 1; rows <= SNAP_MAX_CHUNK_ROWS; rows *= 256) {
            o.chunk_rows = rows;
            snap_writer *w = memory_writer(&f, &o);
            CHECK(w != NULL);
            CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
            memory_free(&f);
        }
    }
}

/* ---- no allocation, no system call but write ---- */

#if defined(WITH_ASAN) || defined(WITH_TSAN) || defined(WITH_MSAN)
#define WATCHED 0
#elif !defined(__GLIBC__)
#define WATCHED 0 /* its own allocator has no other name */
#else
#define WATCHED 1
/* Takes the place of the C library's for the whole process, zstd included. */
static volatile long mallocs;
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
void *malloc(size_t n)
{
    mallocs++;
    return __libc_malloc(n);
}
void *calloc(size_t n, size_t m)
{
    mallocs++;
    return __libc_calloc(n, m);
}
void *realloc(void *p, size_t n)
{
    mallocs++;
    return __libc_realloc(p, n);
}
#endif

static uint64_t no_clock(void *opaque, int which)
{
    (void)opaque;
    return 1000u + (uint64_t)which;
}

static void write_much(snap_writer *w)
{
    static char text[3 << 20];
    snap_edge e[3] = { { .kind = 1, .flags = SNAP_EDGE_TO_ORDINAL },
                       { .kind = 2, .flags = SNAP_EDGE_TO_ORDINAL, .target = 7 } };
    uint64_t name, type, id;
    memset(text, 'x', sizeof text);
    if (snap_writer_string(w, "t", 1, &name) != SNAP_OK) return;
    if (snap_writer_string(w, text, sizeof text, &id) != SNAP_OK) return;
    if (snap_writer_type(w, &(snap_type){ .name = name }, &type) != SNAP_OK) return;
    if (snap_writer_begin(w, &(snap_begin){ .reason = "x" }) != SNAP_OK) return;
    for (uint64_t i = 0; i < 200000; i++) {
        snap_object o = { .id = 16 * i, .type = type, .shallow_size = i % 100 };
        e[2].target = i;
        if (snap_writer_object(w, &o, NULL) != SNAP_OK) return;
        if (snap_writer_edges(w, e, 3) != SNAP_OK) return;
    }
    if (snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE }) != SNAP_OK) return;
}

/* In the child: everything but read, write and _exit is forbidden once the writer is open. */
static void child(int fd)
{
    snap_writer *w;
    snap_writer_options o = { .size = sizeof o, .clock = no_clock };
    int code = 9;
    if (snap_writer_open_fd(&w, fd, &o, NULL) != SNAP_OK) _exit(8);
#if WATCHED
    long before = mallocs;
    /* An emulator has no such mode (EINVAL); there the allocations alone are watched. */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0 && errno != EINVAL) syscall(SYS_exit, 7);
    write_much(w);
    if (mallocs != before) code = 6;
#else
    write_much(w);
#endif
    if (code == 9) code = snap_writer_flush(w) == SNAP_OK ? 0 : 5;
    syscall(SYS_exit, code);
}

static void test_nothing_but_write(void)
{
    int fd[2], status = -1;
    uint8_t buf[65536];
    struct memory_file f = { NULL, 0, 0 };
    CHECK_I64(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[0]);
        child(fd[1]);
    }
    close(fd[1]);
    ssize_t n;
    while ((n = read(fd[0], buf, sizeof buf)) > 0) memory_write(&f, buf, (size_t)n);
    close(fd[0]);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_I64(status, 0);
    snap_reader *r;
    const snap_batch *b;
    uint64_t edges = 0;
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, NULL, NULL), SNAP_OK);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) {
        if (snap_batch_kind(b) == SNAP_KIND_EDGE) edges += snap_batch_rows(b);
    }
    CHECK_U64(edges, 600000);
    snap_reader_close(r);
    memory_free(&f);
}

CU_MAIN("fault_snap_memory", { "reader without memory", test_reader },
        { "writer without memory", test_writer }, { "the writer's memory", test_writer_sizes },
        { "nothing but write", test_nothing_but_write })
