/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the loader: bytes become a snapshot file (fuzz_grammar.h), which is loaded into a
 * database in memory's file system. A database that is made must be one that the tools open, and
 * every invariant of tests/property/invariants.sql must hold in it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/message.h"
#include "db/heapdb.h"
#include "db/load.h"
#include "fuzz_grammar.h"
#include "fuzz_hush.h"
#include "fuzz_target.h"
#include "random_rows.h"
#include "snap_memory.h"

/* Bits of the first byte besides the grammar's. */
enum { API = 4, SUMMARY = 8, VALUES = 16 };

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    static char text[1 << 16];
    if (!f || fread(text, 1, sizeof text - 1, f) == 0) abort();
    fclose(f);
    return text;
}

static int broken(void *opaque, int columns, char **value, char **name)
{
    (void)opaque;
    (void)columns;
    (void)name;
    fprintf(stderr, "broken: %s\n", value[0] ? value[0] : "null");
    return 1;
}

static void check(const char *database)
{
    static const char *invariants;
    struct heapdb *db = NULL;
    struct heapdb_options options = { .no_cache = true };
    sqlite3 *plain = NULL;
    char *error = NULL;
    if (!invariants) invariants = read_text(INVARIANTS_SQL);
    int hushed = fuzz_hush();
    expect(heapdb_open(&db, database, &options) == 0 && db->taken == HEAPDB_TAKEN_DATABASE);
    fuzz_unhush(hushed);
    heapdb_close(db);
    expect(sqlite3_open_v2(database, &plain, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    if (sqlite3_exec(plain, invariants, broken, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "invariants: %s\n", error);
        abort();
    }
    sqlite3_close(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char source[64], database[64];
    static int file = -1;
    const uint8_t *bytes;
    if (size < 2 || size > GRAMMAR_PROGRAM_MOST) return 0;
    if (file < 0) {
        file = memfd_create("fuzz", 0);
        snprintf(source, sizeof source, "/proc/self/fd/%d", file);
        const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(database, sizeof database, "%s/fuzz_load.%ld.db", folder, (long)getpid());
    }
    size_t n = grammar_file(data, size, &bytes);
    if (file < 0 || ftruncate(file, 0) || pwrite(file, bytes, n, 0) != (ssize_t)n) abort();
    const struct load_options options = {
        .api = data[0] & API, .summary = data[0] & SUMMARY, .values = data[0] & VALUES,
        .max_memory = 256 << 20, .quiet_warnings = true,
    };
    struct load_result result;
    const char *path = source;
    unlink(database);
    int hushed = fuzz_hush();
    int status = load_files(&path, 1, database, database, &options, &result);
    expect(status == 0 || status == STATUS_UNUSABLE);
    fuzz_unhush(hushed);
    if (status == 0) check(database);
    unlink(database);
    return 0;
}

uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    static const unsigned how[] = { 0, API, SUMMARY, GRAMMAR_CUT, VALUES, GRAMMAR_LEFT_OPEN | API };
    struct memory_file f;
    snap_writer_options o = memory_options();
    if (i >= sizeof how / sizeof *how) return NULL;
    o.chunk_rows = 64;
    snap_writer *w = memory_writer(&f, &o);
    unsigned flags = i % 2 ? GEN_DANGLING | GEN_DUPLICATES : 0;
    if (!w || gen_random(w, 60 + i, 6 + 4 * i, flags, NULL) != SNAP_OK) abort();
    if (snap_writer_close(w, NULL) != SNAP_OK) abort();
    uint8_t *program = grammar_program(f.bytes, f.size, how[i], size);
    memory_free(&f);
    return program;
}
