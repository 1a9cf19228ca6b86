/* SPDX-License-Identifier: MIT */
/*
 * What the headers promise about threads, for a build with the thread sanitizer and for any other:
 * `const` handles are shared, different handles are independent, readers of one file take shares.
 *
 * The sanitizer tells a race; the checks tell a wrong result. Every test has several threads do the
 * same at once, from a barrier on, several times over.
 */
#define _POSIX_C_SOURCE 200809L /* pthread_barrier_t */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "cu.h"
#include "random_rows.h"
#include "snap_memory.h"

#define THREADS 4

static pthread_barrier_t start;
static struct memory_file file; /* what the reading tests read */

/* What a thread is given and what it brings back; checks are made by the main thread, since CUnit
 * knows one. */
struct job {
    unsigned number;
    const snap_reader *reader;
    const snap_batch *batch;
    const snap_writer *writer;
    const char *path;
    int fd;
    uint64_t result;
    int failed;
};

/* Runs `work` in all threads at once, on copies of `job`. */
static void run(void *(*work)(void *), const struct job *job, struct job out[THREADS])
{
    pthread_t thread[THREADS];
    CHECK_I64(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        out[i] = *job;
        out[i].number = i;
        if (pthread_create(&thread[i], NULL, work, &out[i])) abort();
    }
    for (unsigned i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&start);
}

static void make_file(void)
{
    snap_writer_options o = memory_options();
    o.chunk_rows = 500;
    snap_writer *w = memory_writer(&file, &o);
    CHECK_I64(gen_random(w, 21, 6000, 0, NULL), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
}

/* Order matters: what two threads computed over the same rows must be the same number. */
static void mix(uint64_t *sum, uint64_t value)
{
    *sum = (*sum ^ value) * 0x9E3779B97F4A7C15u;
}

/* ---- a shared batch ---- */

/* Everything that a batch of numbers and bytes answers, through every const function of columns. */
static uint64_t read_columns(const snap_batch *b)
{
    unsigned ids[32];
    uint64_t sum = snap_batch_kind(b) + snap_batch_snapshot(b) + snap_batch_first(b);
    mix(&sum, snap_batch_offset(b) + snap_batch_raw_size(b) + snap_batch_stored_size(b));
    size_t n = snap_batch_columns(b, ids, 32);
    for (size_t i = 0; i < n && i < 32; i++) {
        const uint64_t *values = snap_batch_u64(b, ids[i]);
        const uint8_t *present = snap_batch_present(b, ids[i]);
        for (uint32_t row = 0; row < snap_batch_rows(b); row++) {
            size_t size = 0;
            const char *bytes = snap_batch_bytes(b, ids[i], row, &size);
            mix(&sum, values ? values[row] : 0);
            mix(&sum, present ? present[row / 8] : 1u);
            mix(&sum, (uint64_t)snap_batch_has(b, ids[i], row) + (uint64_t)snap_batch_i64(b, ids[i], row));
            mix(&sum, bytes ? gen_hash(bytes, size) : 0);
        }
    }
    return sum;
}

/* Rows as structures, of the kinds that have them. */
static uint64_t read_rows(const snap_batch *b)
{
    uint64_t sum = 0;
    for (uint32_t row = 0; row < snap_batch_rows(b); row++) {
        snap_object o;
        snap_edge e;
        snap_root r;
        snap_type t;
        uint64_t source;
        switch (snap_batch_kind(b)) {
        case SNAP_KIND_OBJECT:
            snap_batch_object(b, row, &o);
            mix(&sum, o.id + o.shallow_size);
            break;
        case SNAP_KIND_EDGE:
            snap_batch_edge(b, row, &source, &e);
            mix(&sum, source + e.target + e.index);
            break;
        case SNAP_KIND_ROOT:
            snap_batch_root(b, row, &r);
            mix(&sum, r.object);
            break;
        case SNAP_KIND_TYPE:
            snap_batch_type(b, row, &t);
            mix(&sum, t.name);
            break;
        default:
            break;
        }
    }
    return sum;
}

static void *use_batch(void *opaque)
{
    struct job *job = opaque;
    pthread_barrier_wait(&start);
    mix(&job->result, read_columns(job->batch));
    mix(&job->result, read_rows(job->batch));
    return NULL;
}

static void test_batch(void)
{
    snap_reader *r;
    struct job job = { 0 }, out[THREADS];
    size_t batches = 0;
    make_file();
    CHECK_I64(snap_reader_open_memory(&r, file.bytes, file.size, NULL, NULL), SNAP_OK);
    while (snap_reader_next(r, &job.batch, NULL) == SNAP_OK) {
        uint64_t want = 0;
        mix(&want, read_columns(job.batch));
        mix(&want, read_rows(job.batch));
        run(use_batch, &job, out);
        for (unsigned i = 0; i < THREADS; i++) CHECK_U64(out[i].result, want);
        batches++;
    }
    CHECK(batches > 50);
    snap_reader_close(r);
    memory_free(&file);
}

/* ---- a shared reader, a shared writer ---- */

static void *use_reader(void *opaque)
{
    struct job *job = opaque;
    pthread_barrier_wait(&start);
    for (int i = 0; i < 100; i++) {
        const snap_chunk_info *c;
        snap_file_info info;
        snap_reader_summary sum;
        snap_reader_info(job->reader, &info);
        snap_reader_get_summary(job->reader, &sum);
        mix(&job->result, info.uuid[3] + sum.chunks + sum.bytes);
        for (size_t k = 0; (c = snap_reader_chunk(job->reader, k)); k++) {
            mix(&job->result, c->offset + c->first + c->rows);
        }
    }
    return NULL;
}

static void test_reader(void)
{
    snap_reader *r;
    size_t chunks;
    struct job job = { 0 }, out[THREADS];
    make_file();
    CHECK_I64(snap_reader_open_memory(&r, file.bytes, file.size, NULL, NULL), SNAP_OK);
    CHECK_I64(snap_reader_load_index(r, &chunks, NULL), SNAP_OK);
    job.reader = r;
    run(use_reader, &job, out);
    CHECK(out[0].result != 0);
    for (unsigned i = 1; i < THREADS; i++) CHECK_U64(out[i].result, out[0].result);
    snap_reader_close(r);
    memory_free(&file);
}

static void *use_writer(void *opaque)
{
    struct job *job = opaque;
    pthread_barrier_wait(&start);
    for (int i = 0; i < 1000; i++) {
        snap_writer_totals totals;
        snap_error err;
        snap_writer_get_totals(job->writer, &totals);
        job->failed |= snap_writer_status(job->writer, &err) != SNAP_OK;
        mix(&job->result, totals.bytes + totals.rows[SNAP_KIND_OBJECT]);
    }
    return NULL;
}

static void test_writer(void)
{
    struct job job = { 0 }, out[THREADS];
    snap_writer *w = memory_writer(&file, NULL);
    CHECK_I64(gen_random(w, 22, 2000, 0, NULL), SNAP_OK);
    job.writer = w;
    run(use_writer, &job, out);
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK_U64(out[i].result, out[0].result);
        CHECK_I64(out[i].failed, 0);
    }
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    memory_free(&file);
}

/* ---- independent writers ---- */

/* Writes the file of a seed by a writer of its own; hash of its bytes. */
static uint64_t write_file(uint64_t seed)
{
    struct memory_file own;
    snap_writer_options o = memory_options();
    o.chunk_rows = 300;
    snap_writer *w = memory_writer(&own, &o);
    if (!w) return 0;
    snap_status wrote = gen_random(w, seed, 3000, GEN_DANGLING | GEN_DUPLICATES, NULL);
    uint64_t hash = snap_writer_close(w, NULL) == SNAP_OK && wrote == SNAP_OK
                        ? gen_hash(own.bytes, own.size) + ((uint64_t)own.size << 32)
                        : 0;
    memory_free(&own);
    return hash;
}

static void *write_own(void *opaque)
{
    struct job *job = opaque;
    pthread_barrier_wait(&start);
    job->failed = snap_writer_memory(NULL) == 0 || !snap_version()[0] || !snap_status_name(SNAP_E_IO)[0];
    job->result = write_file(job->number + 1);
    return NULL;
}

static void test_writers(void)
{
    struct job job = { 0 }, out[THREADS];
    run(write_own, &job, out);
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK(out[i].result != 0);
        CHECK_U64(out[i].result, write_file(i + 1));
        CHECK_I64(out[i].failed, 0);
    }
}

/* ---- one reader a thread: the same memory, path and descriptor ---- */

static int count_bytes(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    mix(opaque, id + gen_hash(bytes, size));
    return 0;
}

static void read_whole(struct job *job, snap_reader *r)
{
    const snap_batch *b;
    snap_status s;
    uint64_t strings = 0;
    snap_string_joiner *j;
    if (snap_string_joiner_new(&j, NULL, count_bytes, &strings) != SNAP_OK) {
        job->failed = 1;
        return;
    }
    while ((s = snap_reader_next(r, &b, NULL)) == SNAP_OK) {
        mix(&job->result, read_columns(b));
        if (snap_batch_kind(b) == SNAP_KIND_STRING) {
            job->failed |= snap_string_joiner_feed(j, b) != SNAP_OK;
        }
    }
    job->failed |= s != SNAP_END || snap_string_joiner_free(j) != 0;
    mix(&job->result, strings);
}

static void *read_own(void *opaque)
{
    struct job *job = opaque;
    snap_reader *r;
    pthread_barrier_wait(&start);
    for (int way = 0; way < 3; way++) {
        snap_status s = way == 0   ? snap_reader_open_memory(&r, file.bytes, file.size, NULL, NULL)
                        : way == 1 ? snap_reader_open_path(&r, job->path, NULL, NULL)
                                   : snap_reader_open_fd(&r, job->fd, NULL, NULL);
        if (s != SNAP_OK) {
            job->failed = 1;
            continue;
        }
        read_whole(job, r);
        snap_reader_close(r);
    }
    return NULL;
}

static void test_readers(void)
{
    char path[] = "/tmp/test_snap_threads.XXXXXX";
    struct job job = { .path = path }, out[THREADS];
    make_file();
    job.fd = mkstemp(path);
    CHECK(job.fd >= 0);
    CHECK_I64(write(job.fd, file.bytes, file.size), (ssize_t)file.size);
    run(read_own, &job, out);
    CHECK(out[0].result != 0);
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK_U64(out[i].result, out[0].result);
        CHECK_I64(out[i].failed, 0);
    }
    close(job.fd);
    unlink(path);
    memory_free(&file);
}

CU_MAIN("threads", { "a batch is read by several", test_batch },
        { "a reader is asked by several", test_reader },
        { "a writer is asked by several", test_writer },
        { "writers are independent", test_writers },
        { "readers of one file are independent", test_readers })
