/* SPDX-License-Identifier: MIT */
/* The directory of a zip archive. See unwrap_zip.h; field offsets are those of PKWARE's APPNOTE. */
#include "import/unwrap_zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"

enum {
    END_SIZE = 22,      /* end of central directory, without its comment */
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    ENTRY_SIZE = 46,
    LOCAL_SIZE = 30,
    COMMENT_MAX = 65535,
};

#define END_MAGIC     0x06054b50u
#define END64_MAGIC   0x06064b50u
#define LOCATOR_MAGIC 0x07064b50u
#define ENTRY_MAGIC   0x02014b50u
#define LOCAL_MAGIC   0x04034b50u
#define FLAG_ENCRYPTED 1u

static uint64_t little(const unsigned char *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = n; i-- > 0;) v = v << 8 | p[i];
    return v;
}

/* All `n` bytes at `offset`; false at the end of the file or on an error. */
static bool read_at(int fd, uint64_t offset, void *to, size_t n)
{
    size_t got = 0;
    if (offset > (uint64_t)INT64_MAX - n) return false;
    while (got < n) {
        ssize_t one = pread(fd, (char *)to + got, n - got, (off_t)(offset + got));
        if (one < 0 && errno == EINTR) continue;
        if (one <= 0) return false;
        got += (size_t)one;
    }
    return true;
}

static bool fail(struct unwrap_problem *p, uint64_t offset, const char *text, const char *hint)
{
    *p = (struct unwrap_problem){ .offset = offset, .text = text, .hint = hint };
    return false;
}

struct directory {
    uint64_t start, size, entries;
};

/* Replaces what does not fit 32 bits by what the zip64 record says. */
static bool read_end64(int fd, uint64_t end, struct directory *d)
{
    unsigned char b[END64_SIZE];
    if (end < LOCATOR_SIZE || !read_at(fd, end - LOCATOR_SIZE, b, LOCATOR_SIZE) ||
        little(b, 4) != LOCATOR_MAGIC)
        return false;
    if (!read_at(fd, little(b + 8, 8), b, END64_SIZE) || little(b, 4) != END64_MAGIC) return false;
    d->entries = little(b + 32, 8);
    d->size = little(b + 40, 8);
    d->start = little(b + 48, 8);
    return true;
}

/* The last end record of the file; a comment of up to 64 KiB may follow it. */
static bool find_directory(int fd, uint64_t size, struct directory *d)
{
    size_t room = END_SIZE + COMMENT_MAX;
    if (size < END_SIZE) return false;
    if (room > size) room = (size_t)size;
    unsigned char *tail = malloc(room);
    bool found = false;
    if (tail && read_at(fd, size - room, tail, room)) {
        for (size_t at = room - END_SIZE + 1; at-- > 0 && !found;) {
            const unsigned char *e = tail + at;
            if (little(e, 4) != END_MAGIC || at + END_SIZE + little(e + 20, 2) > room) continue;
            *d = (struct directory){ little(e + 16, 4), little(e + 12, 4), little(e + 10, 2) };
            found = true;
            if (d->start == UINT32_MAX || d->size == UINT32_MAX || d->entries == UINT16_MAX)
                found = read_end64(fd, size - room + at, d) || d->entries == UINT16_MAX;
        }
    }
    free(tail);
    return found && d->start <= size && d->size <= size - d->start;
}

/* Sizes and place of an entry that do not fit 32 bits stand in its zip64 extra field, in order. */
static void read_extra(const unsigned char *e, const unsigned char *extra, size_t n,
                       struct zip_member *m)
{
    for (size_t at = 0; at + 4 <= n;) {
        size_t size = (size_t)little(extra + at + 2, 2), from = at + 4;
        if (size > n - from) return;
        if (little(extra + at, 2) == 1) {
            uint64_t *const field[] = { &m->size, &m->stored, &m->start };
            const uint64_t narrow[] = { little(e + 24, 4), little(e + 20, 4), little(e + 42, 4) };
            for (unsigned i = 0; i < 3; i++) {
                if (narrow[i] != UINT32_MAX || size < 8) continue;
                *field[i] = little(extra + from, 8);
                from += 8;
                size -= 8;
            }
            return;
        }
        at = from + size;
    }
}

/* The largest member of the directory; its `start` is still that of its local header. */
static bool find_largest(int fd, const struct directory *d, struct zip_member *best,
                         unsigned *flags)
{
    unsigned char e[ENTRY_SIZE], extra[65535];
    uint64_t at = d->start, end = d->start + d->size;
    bool found = false;
    for (uint64_t i = 0; i < d->entries && end - at >= ENTRY_SIZE; i++) {
        if (!read_at(fd, at, e, sizeof e) || little(e, 4) != ENTRY_MAGIC) break;
        uint64_t name = little(e + 28, 2), n_extra = little(e + 30, 2);
        struct zip_member m = {
            .method = (unsigned)little(e + 10, 2), .crc = (uint32_t)little(e + 16, 4),
            .stored = little(e + 20, 4), .size = little(e + 24, 4), .start = little(e + 42, 4),
        };
        if (n_extra && read_at(fd, at + ENTRY_SIZE + name, extra, (size_t)n_extra))
            read_extra(e, extra, (size_t)n_extra, &m);
        if (!found || m.size > best->size) {
            *best = m;
            *flags = (unsigned)little(e + 8, 2);
        }
        found = true;
        at += ENTRY_SIZE + name + n_extra + little(e + 32, 2);
        if (at > end) break;
    }
    return found;
}

bool zip_find(int fd, uint64_t size, struct zip_member *member, struct unwrap_problem *problem)
{
    struct directory d;
    unsigned char local[LOCAL_SIZE];
    unsigned flags = 0;
    if (!find_directory(fd, size, &d))
        return fail(problem, MESSAGE_NO_OFFSET, "the zip archive has no directory at its end: it "
                    "is cut off or damaged", "unzip");
    if (!find_largest(fd, &d, member, &flags))
        return fail(problem, d.start, "the zip archive is empty", NULL);
    if (flags & FLAG_ENCRYPTED)
        return fail(problem, member->start, "the zip archive is encrypted", "unzip");
    if (member->method != ZIP_STORED && member->method != ZIP_DEFLATE &&
        member->method != ZIP_ZSTD)
        return fail(problem, member->start, "the zip archive is compressed by a method that is "
                    "not known here", "unzip");
    if (!read_at(fd, member->start, local, sizeof local) || little(local, 4) != LOCAL_MAGIC)
        return fail(problem, member->start, "the zip archive's directory points to no member",
                    "unzip");
    member->start += LOCAL_SIZE + little(local + 26, 2) + little(local + 28, 2);
    if (member->start > size) member->start = size;
    return true;
}
