/* SPDX-License-Identifier: MIT */
/* Kinds of files by their first bytes; the contract is in sniff.h. One table, first match wins. */
#include "sniff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct magic {
    const char *bytes;
    unsigned short n;
    unsigned short offset;
    enum sniff_kind kind;
    const char *name;
    const char *hint;
};

#define MAGIC(offset, bytes, kind, name, hint)                                                     \
    { bytes, sizeof(bytes) - 1, offset, kind, name, hint }

static const struct magic magics[] = {
    MAGIC(0, "\x89SNAP\r\n\x1a", SNIFF_SNAP, "a heap snapshot", "snapinfo"),
    MAGIC(0, "\x89SNAP", SNIFF_OTHER, "a heap snapshot that a text-mode transfer has damaged",
          NULL),
    MAGIC(0, "SQLite format 3\0", SNIFF_SQLITE, "an SQLite database", "sqlite3"),
    MAGIC(0, "JAVA PROFILE 1.0.", SNIFF_FOREIGN, "a Java HPROF heap dump", NULL),
    MAGIC(0, "{\"snapshot\":{\"meta\":", SNIFF_FOREIGN, "a V8 heap snapshot", NULL),
    MAGIC(0, "{\"head\":{\"callFrame\":", SNIFF_FOREIGN, "a V8 heap profile", NULL),
    MAGIC(0, "{\"address\":\"0x", SNIFF_FOREIGN, "a Ruby heap dump", NULL),
    MAGIC(0, "{\"type\":\"ROOT\"", SNIFF_FOREIGN, "a Ruby heap dump", NULL),
    MAGIC(0, "{\"address\": ", SNIFF_FOREIGN, "a line-by-line JSON heap dump", NULL),
    MAGIC(0, "go1.7 heap dump\n", SNIFF_FOREIGN, "a Go heap dump", NULL),
    MAGIC(0, "=erl_crash_dump:", SNIFF_FOREIGN, "an Erlang crash dump", NULL),
    MAGIC(0, "desc: ", SNIFF_FOREIGN, "a massif profile", NULL),
    MAGIC(0, "\x1f\x8b", SNIFF_OTHER, "a gzip file", "gunzip"),
    MAGIC(0, "\x28\xb5\x2f\xfd", SNIFF_OTHER, "a zstd file", "unzstd"),
    MAGIC(0, "\xfd" "7zXZ\0", SNIFF_OTHER, "an xz file", "unxz"),
    MAGIC(0, "PK\x03\x04", SNIFF_OTHER, "a zip archive", "unzip"),
    MAGIC(257, "ustar", SNIFF_OTHER, "a tar archive", "tar -x"),
    MAGIC(0, "\x80\x03", SNIFF_FOREIGN, "a Python pickle, perhaps of tracemalloc", NULL),
    MAGIC(0, "\x80\x04\x95", SNIFF_FOREIGN, "a Python pickle, perhaps of tracemalloc", NULL),
    MAGIC(0, "%PDF-", SNIFF_OTHER, "a PDF document", NULL),
    MAGIC(0, "<?xml", SNIFF_OTHER, "an XML document", NULL),
    MAGIC(0, "<!DOCTYPE", SNIFF_OTHER, "an HTML page", NULL),
};

/* ELF: a core dump is a memory image, anything else a program. e_type is at offset 16. */
static struct sniff sniff_elf(const unsigned char *head, size_t n)
{
    bool big_endian = n > 5 && head[5] == 2;
    if (n >= 18 && head[big_endian ? 17 : 16] == 4)
        return (struct sniff){ SNIFF_FOREIGN, "an ELF core dump", NULL };
    return (struct sniff){ SNIFF_OTHER, "an ELF program or library", NULL };
}

/* An SQLite database is a heap database when its application id (big-endian, at 68) is ours. */
static struct sniff sniff_sqlite(const unsigned char *head, size_t n, const struct magic *m)
{
    if (n >= 72) {
        uint32_t id = (uint32_t)head[68] << 24 | (uint32_t)head[69] << 16 |
                      (uint32_t)head[70] << 8 | head[71];
        if (id == SNIFF_APPLICATION_ID)
            return (struct sniff){ SNIFF_HEAPDB, "a heap database", "snapsql" };
    }
    return (struct sniff){ m->kind, m->name, m->hint };
}

/* Whether all bytes are printable ASCII, white space, or parts of non-ASCII characters. */
static bool sniff_is_text(const unsigned char *head, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (head[i] < 0x20 && !(head[i] >= '\t' && head[i] <= '\r')) return false;
    return true;
}

struct sniff sniff_bytes(const unsigned char *head, size_t n)
{
    if (n == 0) return (struct sniff){ SNIFF_EMPTY, "an empty file", NULL };
    if (n >= 4 && memcmp(head, "\x7f" "ELF", 4) == 0) return sniff_elf(head, n);
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        const struct magic *m = &magics[i];
        if (n < (size_t)m->offset + m->n || memcmp(head + m->offset, m->bytes, m->n) != 0) continue;
        if (m->kind == SNIFF_SQLITE) return sniff_sqlite(head, n, m);
        return (struct sniff){ m->kind, m->name, m->hint };
    }
    if (sniff_is_text(head, n)) {
        bool json = head[0] == '{' || head[0] == '[';
        return (struct sniff){ json ? SNIFF_UNKNOWN : SNIFF_OTHER,
                               json ? "JSON of an unknown kind" : "a text file", NULL };
    }
    return (struct sniff){ SNIFF_UNKNOWN, "of an unknown kind", NULL };
}

int sniff_path(const char *path, struct sniff *out)
{
    unsigned char head[SNIFF_BYTES];
    struct stat st;
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), error = 0;
    if (fd < 0) return errno;
    if (fstat(fd, &st)) {
        error = errno;
    } else if (S_ISDIR(st.st_mode)) {
        error = EISDIR;
    } else if (!S_ISREG(st.st_mode)) {
        /* Reading a pipe or a terminal would take bytes away from whoever reads it next. */
        *out = (struct sniff){ SNIFF_UNKNOWN, "no regular file", NULL };
    } else {
        while (n < sizeof head && !error) {
            ssize_t got = pread(fd, head + n, sizeof head - n, (off_t)n);
            if (got == 0) break;
            if (got > 0) n += (size_t)got;
            else if (errno != EINTR) error = errno;
        }
        if (!error) *out = sniff_bytes(head, n);
    }
    close(fd);
    return error;
}
