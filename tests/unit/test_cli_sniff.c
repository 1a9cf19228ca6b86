/* SPDX-License-Identifier: MIT */
/* Kinds of files by their first bytes. */
#include "cu.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/sniff.h"

static void expect(const void *bytes, size_t n, enum sniff_kind kind, const char *name)
{
    struct sniff s = sniff_bytes(bytes, n);
    CHECK_I64(s.kind, kind);
    CHECK_STR(s.name, name);
}

#define EXPECT(bytes, kind, name) expect(bytes, sizeof(bytes) - 1, kind, name)

static void test_bytes(void)
{
    EXPECT("", SNIFF_EMPTY, "an empty file");
    EXPECT("\x89SNAP\r\n\x1a\0\1", SNIFF_SNAP, "a heap snapshot");
    EXPECT("\x89SNAP\n\x1a\0\1", SNIFF_OTHER,
           "a heap snapshot that a text-mode transfer has damaged");
    EXPECT("JAVA PROFILE 1.0.2\0", SNIFF_FOREIGN, "a Java HPROF heap dump");
    EXPECT("{\"snapshot\":{\"meta\":{", SNIFF_FOREIGN, "a V8 heap snapshot");
    EXPECT("{\"x\": 1}", SNIFF_UNKNOWN, "JSON of an unknown kind");
    EXPECT("hello\n", SNIFF_OTHER, "a text file");
    EXPECT("\1\2\3", SNIFF_UNKNOWN, "of an unknown kind");
    EXPECT("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0", SNIFF_FOREIGN, "an ELF core dump");
    EXPECT("\x7f" "ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\4", SNIFF_FOREIGN, "an ELF core dump");
    EXPECT("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0", SNIFF_OTHER, "an ELF program or library");
    EXPECT("\x7f" "ELF", SNIFF_OTHER, "an ELF program or library");
    EXPECT("\x1f\x8b\x08", SNIFF_OTHER, "a gzip file");
}

static void test_sqlite(void)
{
    unsigned char head[100] = "SQLite format 3";
    expect(head, sizeof head, SNIFF_SQLITE, "an SQLite database");
    memcpy(head + 68, "snap", 4);
    expect(head, sizeof head, SNIFF_HEAPDB, "a heap database");
    expect(head, 60, SNIFF_SQLITE, "an SQLite database");
}

/* Every prefix of something known is answered without reading beyond it. */
static void test_prefixes(void)
{
    static const char whole[] = "JAVA PROFILE 1.0.2";
    for (size_t n = 0; n <= sizeof whole - 1; n++) {
        unsigned char *exact = malloc(n ? n : 1);
        memcpy(exact, whole, n);
        CHECK(sniff_bytes(exact, n).name != NULL);
        free(exact);
    }
}

static void test_path(void)
{
    struct sniff s;
    CHECK_I64(sniff_path("/", &s), EISDIR);
    CHECK_I64(sniff_path("/no/such/file", &s), ENOENT);
    CHECK_I64(sniff_path("/dev/null", &s), 0);
    CHECK_STR(s.name, "no regular file");
    char path[] = "/tmp/test_cli_sniff.XXXXXX";
    int fd = mkstemp(path);
    CHECK_I64(sniff_path(path, &s), 0);
    CHECK_I64(s.kind, SNIFF_EMPTY);
    CHECK_I64(write(fd, "text", 4), 4);
    CHECK_I64(sniff_path(path, &s), 0);
    CHECK_STR(s.name, "a text file");
    close(fd);
    unlink(path);
}

CU_MAIN("cli sniff", { "bytes", test_bytes }, { "sqlite", test_sqlite },
        { "prefixes", test_prefixes }, { "path", test_path })
