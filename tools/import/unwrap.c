/* SPDX-License-Identifier: MIT */
/*
 * A chain of layers: the file, then a decompressor for each wrapper, each with a buffer of what the
 * layer below gave. See unwrap.h.
 */
#include "import/unwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "cli/message.h"
#include "import/unwrap_zip.h"

enum { LAYER_BUFFER = 1 << 18, LAYER_PEEK = 64, WINDOW_LOG_MAX = 27 };

enum wrapper { WRAP_NONE, WRAP_GZIP, WRAP_ZSTD, WRAP_ZIP };

struct layer {
    struct unwrap *owner;
    struct layer *below; /* NULL: the file */
    /* Reads up to n bytes; 0 at the end, after a problem as well. */
    size_t (*read)(struct layer *l, void *to, size_t n);

    unsigned char *in; /* [LAYER_BUFFER] bytes of the layer below */
    size_t at, end;

    int fd;
    uint64_t left;     /* of the file: until its end or the member's */
    bool raw;          /* deflate without gzip's header */
    bool open;         /* inside a gzip member or a zstd frame */
    bool ended;        /* nothing more follows */
    z_stream z;
    ZSTD_DStream *zstd;
    bool checked;      /* what is given out is held against `crc` */
    uint32_t crc, crc_want;
};

struct unwrap {
    int fd;
    uint64_t taken, size; /* of the file */
    uint64_t offset;      /* of the contents */
    struct layer *layer[UNWRAP_LAYERS + 2];
    unsigned n_layers;
    enum wrapper outermost;
    struct unwrap_problem problem;
    /* Bytes read ahead to recognise what they are. */
    unsigned char peek[LAYER_PEEK];
    size_t peek_at, peek_end;
};

static size_t stop(struct layer *l, const char *text, const char *hint)
{
    struct unwrap *u = l->owner;
    l->ended = true;
    if (!u->problem.text)
        u->problem = (struct unwrap_problem){ .offset = u->taken, .text = text, .hint = hint };
    return 0;
}

/* ---- the file ------------------------------------------------------------------------------ */

static size_t file_read(struct layer *l, void *to, size_t n)
{
    struct unwrap *u = l->owner;
    ssize_t got;
    if (n > l->left) n = (size_t)l->left;
    if (n == 0) return 0;
    do got = read(l->fd, to, n);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        int saved = errno;
        stop(l, "cannot read", NULL);
        if (!u->problem.os_errno) u->problem.os_errno = saved;
        return 0;
    }
    u->taken += (uint64_t)got;
    l->left -= (uint64_t)got;
    return (size_t)got;
}

/* ---- decompressors ------------------------------------------------------------------------- */

/* Makes sure that the buffer holds something; false at the end of the layer below. */
static bool fill(struct layer *l)
{
    if (l->at < l->end) return true;
    l->at = 0;
    l->end = l->below->read(l->below, l->in, LAYER_BUFFER);
    return l->end > 0;
}

/* Between two members: does another one begin? Anything else (zeros of a tape, say) is no part
 * of the contents, as gzip itself has it. */
static bool gzip_follows(struct layer *l)
{
    if (!fill(l)) return false;
    if (l->end - l->at < 2) {
        l->in[0] = l->in[l->at];
        l->at = 0;
        l->end = 1 + l->below->read(l->below, l->in + 1, LAYER_BUFFER - 1);
    }
    return l->end >= 2 && l->in[l->at] == 0x1f && l->in[l->at + 1] == 0x8b;
}

static size_t inflate_read(struct layer *l, void *to, size_t n)
{
    z_stream *z = &l->z;
    z->next_out = to;
    z->avail_out = (uInt)(n < LAYER_BUFFER ? n : LAYER_BUFFER);
    uInt room = z->avail_out;
    while (z->avail_out == room && !l->ended) {
        if (!l->open) {
            if (l->raw || !gzip_follows(l)) {
                l->ended = true;
                break;
            }
            inflateReset(z);
            l->open = true;
        }
        if (!fill(l)) {
            stop(l, "the compressed file ends early", NULL);
            break;
        }
        z->next_in = l->in + l->at;
        z->avail_in = (uInt)(l->end - l->at);
        int got = inflate(z, Z_NO_FLUSH);
        l->at = l->end - z->avail_in;
        if (got == Z_STREAM_END) {
            l->open = false;
        } else if (got != Z_OK && got != Z_BUF_ERROR) {
            stop(l, got == Z_MEM_ERROR ? "no memory to decompress" : "the compressed data is "
                 "damaged", NULL);
        }
    }
    return room - z->avail_out;
}

static size_t zstd_read(struct layer *l, void *to, size_t n)
{
    ZSTD_outBuffer out = { to, n, 0 };
    while (out.pos == 0 && !l->ended) {
        if (!fill(l)) {
            if (l->open)
                stop(l, "the compressed file ends early", NULL);
            l->ended = true;
            break;
        }
        ZSTD_inBuffer in = { l->in, l->end, l->at };
        size_t got = ZSTD_decompressStream(l->zstd, &out, &in);
        l->at = in.pos;
        if (ZSTD_isError(got)) {
            bool window = ZSTD_getErrorCode(got) == ZSTD_error_frameParameter_windowTooLarge;
            stop(l, window ? "the compressed file needs a window beyond 128 MiB"
                           : "the compressed data is damaged", window ? "unzstd --long=31" : NULL);
        } else {
            l->open = got != 0;
        }
    }
    return out.pos;
}

/* What leaves a zip member is counted and held against its checksum. */
static size_t checked_read(struct layer *l, void *to, size_t n)
{
    size_t got = l->below->read(l->below, to, n);
    l->crc = (uint32_t)crc32(l->crc, to, (uInt)got);
    if (got == 0 && !l->ended && !l->owner->problem.text && l->crc != l->crc_want)
        stop(l, "the zip archive's checksum does not match", NULL);
    if (got == 0) l->ended = true;
    return got;
}

/* ---- the chain ----------------------------------------------------------------------------- */

static struct layer *push(struct unwrap *u, size_t (*read_from)(struct layer *, void *, size_t),
                          bool buffered)
{
    if (u->n_layers == sizeof u->layer / sizeof u->layer[0]) return NULL;
    struct layer *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    if (buffered && !(l->in = malloc(LAYER_BUFFER))) {
        free(l);
        return NULL;
    }
    l->owner = u;
    l->below = u->n_layers ? u->layer[u->n_layers - 1] : NULL;
    l->read = read_from;
    u->layer[u->n_layers++] = l;
    return l;
}

/* zlib's window bits: 15, and gzip's header where there is one. */
static bool push_inflate(struct unwrap *u, bool raw)
{
    struct layer *l = push(u, inflate_read, true);
    if (!l || inflateInit2(&l->z, raw ? -15 : 15 + 16) != Z_OK) return false;
    l->raw = raw;
    l->open = raw;
    return true;
}

static bool push_zstd(struct unwrap *u)
{
    struct layer *l = push(u, zstd_read, true);
    if (!l || !(l->zstd = ZSTD_createDStream())) return false;
    return !ZSTD_isError(ZSTD_DCtx_setParameter(l->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
}

static bool push_zip(struct unwrap *u, const struct zip_member *m)
{
    struct layer *file = u->layer[0];
    if (lseek(u->fd, (off_t)m->start, SEEK_SET) < 0) return false;
    u->taken = m->start;
    file->left = m->stored < u->size - m->start ? m->stored : u->size - m->start;
    if (m->method == ZIP_DEFLATE && !push_inflate(u, true)) return false;
    if (m->method == ZIP_ZSTD && !push_zstd(u)) return false;
    struct layer *l = push(u, checked_read, false);
    if (!l) return false;
    l->crc = (uint32_t)crc32(0, NULL, 0);
    l->crc_want = m->crc;
    return true;
}

static enum wrapper sniff(const unsigned char *b, size_t n)
{
    if (n >= 3 && memcmp(b, "\x1f\x8b\x08", 3) == 0) return WRAP_GZIP;
    if (n >= 4 && memcmp(b, "\x28\xb5\x2f\xfd", 4) == 0) return WRAP_ZSTD;
    /* Skippable frames before the first one of data: pzstd, zstd's seekable format. */
    if (n >= 4 && (b[0] & 0xf0) == 0x50 && memcmp(b + 1, "\x2a\x4d\x18", 3) == 0) return WRAP_ZSTD;
    if (n >= 4 && memcmp(b, "PK\x03\x04", 4) == 0) return WRAP_ZIP;
    return WRAP_NONE;
}

static size_t read_top(struct unwrap *u, void *to, size_t n)
{
    struct layer *top = u->layer[u->n_layers - 1];
    size_t got = 0;
    while (got < n) {
        size_t one = top->read(top, (char *)to + got, n - got);
        if (one == 0) break;
        got += one;
    }
    return got;
}

/* One layer for what the top of the chain begins with; *again: there was one. */
static bool add_layer(struct unwrap *u, struct unwrap_problem *p, bool *again)
{
    u->peek_at = 0;
    u->peek_end = read_top(u, u->peek, sizeof u->peek);
    enum wrapper w = sniff(u->peek, u->peek_end);
    *again = w != WRAP_NONE && !(w == WRAP_ZIP && u->n_layers > 1);
    if (!*again) return true;
    if (u->n_layers == 1) u->outermost = w;
    if (w == WRAP_ZIP) {
        struct zip_member m;
        if (!zip_find(u->fd, u->size, &m, p)) return false;
        u->peek_end = 0;
        return push_zip(u, &m);
    }
    if (!(w == WRAP_GZIP ? push_inflate(u, false) : push_zstd(u))) return false;
    struct layer *l = u->layer[u->n_layers - 1];
    memcpy(l->in, u->peek, u->peek_end);
    l->end = u->peek_end;
    u->peek_end = 0;
    return true;
}

static int open_file(struct unwrap *u, const char *path)
{
    struct stat st;
    u->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (u->fd < 0 || fstat(u->fd, &st) != 0) return errno;
    if (!S_ISREG(st.st_mode)) return S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
    u->size = (uint64_t)st.st_size;
    struct layer *l = push(u, file_read, false);
    if (!l) return ENOMEM;
    l->fd = u->fd;
    l->left = UINT64_MAX; /* as far as it goes: it may still grow */
    return 0;
}

struct unwrap *unwrap_open(const char *path, struct unwrap_problem *problem)
{
    struct unwrap_problem none;
    if (!problem) problem = &none;
    *problem = (struct unwrap_problem){ .offset = MESSAGE_NO_OFFSET };
    struct unwrap *u = calloc(1, sizeof *u);
    bool ok = u != NULL, again = true;
    if (u) {
        u->fd = -1;
        problem->os_errno = open_file(u, path);
        ok = problem->os_errno == 0;
    }
    for (unsigned i = 0; ok && again; i++) {
        ok = add_layer(u, problem, &again);
        if (i == UNWRAP_LAYERS - 1) break;
    }
    if (ok && u->peek_end == 0 && u->problem.text) {
        *problem = u->problem;
        ok = false;
    }
    if (ok) return u;
    if (!problem->text) problem->text = problem->os_errno ? "cannot read" : "no memory";
    unwrap_close(u);
    return NULL;
}

void unwrap_close(struct unwrap *u)
{
    if (!u) return;
    for (unsigned i = 0; i < u->n_layers; i++) {
        struct layer *l = u->layer[i];
        if (l->read == inflate_read) inflateEnd(&l->z);
        ZSTD_freeDStream(l->zstd);
        free(l->in);
        free(l);
    }
    if (u->fd >= 0) close(u->fd);
    free(u);
}

/* ---- reading ------------------------------------------------------------------------------- */

size_t unwrap_read(struct unwrap *u, void *to, size_t n)
{
    size_t had = u->peek_end - u->peek_at;
    if (had > n) had = n;
    memcpy(to, u->peek + u->peek_at, had);
    u->peek_at += had;
    size_t got = had;
    if (got < n) got += read_top(u, (char *)to + got, n - got);
    u->offset += got;
    return got;
}

uint64_t unwrap_skip(struct unwrap *u, uint64_t n)
{
    unsigned char waste[8192];
    uint64_t done = 0;
    while (done < n) {
        uint64_t left = n - done;
        if (u->n_layers == 1 && u->peek_at == u->peek_end) {
            /* A file that shrinks meanwhile ends where it says. */
            uint64_t there = u->size > u->taken ? u->size - u->taken : 0;
            uint64_t step = left < there ? left : there;
            if (step > sizeof waste && lseek(u->fd, (off_t)step, SEEK_CUR) >= 0) {
                u->taken += step;
                u->offset += step;
                done += step;
                continue;
            }
        }
        size_t got = unwrap_read(u, waste, left < sizeof waste ? (size_t)left : sizeof waste);
        if (got == 0) break;
        done += got;
    }
    return done;
}

const struct unwrap_problem *unwrap_problem(const struct unwrap *u)
{
    return u->problem.text ? &u->problem : NULL;
}

uint64_t unwrap_offset(const struct unwrap *u)
{
    return u->offset;
}

uint64_t unwrap_taken(const struct unwrap *u)
{
    return u->taken;
}

uint64_t unwrap_size(const struct unwrap *u)
{
    return u->outermost == WRAP_NONE ? u->size : UNWRAP_UNKNOWN;
}

const char *unwrap_wrapper(const struct unwrap *u)
{
    static const char *const names[] = { NULL, "gzip", "zstd", "zip" };
    return names[u->outermost];
}

ptrdiff_t unwrap_head(const char *path, void *to, size_t n, struct unwrap_problem *problem)
{
    struct unwrap *u = unwrap_open(path, problem);
    if (!u) return -1;
    size_t got = unwrap_read(u, to, n);
    bool failed = got == 0 && u->problem.text;
    if (failed && problem) *problem = u->problem;
    unwrap_close(u);
    return failed ? -1 : (ptrdiff_t)got;
}

int unwrap_report(const char *path, const struct unwrap_problem *p)
{
    if (p->os_errno == ESPIPE)
        return message_error(path, MESSAGE_NO_OFFSET, "a copy in a file", "not a regular file");
    if (p->os_errno) return message_errno(path, p->os_errno, "%s", p->text);
    if (strcmp(p->text, "no memory") == 0) return message_no_memory("reading a file");
    return message_error(path, p->offset, p->hint, "%s", p->text);
}
