/* SPDX-License-Identifier: MIT */
/*
 * --recover: all whole chunks in a new file that is valid by itself.
 *
 * A chunk is whole when the reader decodes it, or, being of a kind not known here, when its
 * checksums match. It is copied byte by byte but for three fields of its header: the sequence
 * number (a gap would be damage), the snapshot's number (they rise by one), and the count of rows
 * before, where `first` is that. Ids and ordinals stay, so that what refers to a lost row finds
 * nothing. A snapshot whose beginning or end was lost gets one that says so and is not complete.
 * Metadata rows tell how much is missing, and of which file.
 */
#include "info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "encode.h"

enum { RECOVER_INDEX_EVERY = 4096, RECOVER_ALL_KINDS = 65536 };

/* A chunk of the new file, for its index. */
struct placed {
    uint64_t offset, kind, rows, snapshot, first, stored;
};

struct recover {
    struct info_recovery *out;
    const struct info_input *in;
    uint64_t *whole;            /* offsets of whole chunks in the old file, rising */
    size_t n_whole, cap_whole;
    FILE *file;
    uint64_t at;                /* bytes written */
    uint64_t sequence;
    struct placed placed[RECOVER_INDEX_EVERY];
    size_t n_placed;
    uint64_t index_offset;      /* of the last INDEX chunk, 0: none yet */
    struct info_total *totals;  /* by kind, all 65,536 */
    uint32_t old_snapshot;      /* the one that is open, by its old number; 0: none */
    uint32_t snapshot;          /* its new number, or that of the last one */
    uint64_t rows_of_file[INFO_KINDS];     /* outside snapshots */
    uint64_t rows_of_snapshot[INFO_KINDS]; /* in the open one */
    uint8_t *payload;           /* SNAP_MAX_CHUNK_BYTES */
    bool failed;                /* no memory */
};

static bool recover_note(struct recover *r, uint64_t offset)
{
    if (r->n_whole == r->cap_whole) {
        size_t cap = r->cap_whole ? r->cap_whole * 2 : 1024;
        uint64_t *whole = realloc(r->whole, cap * sizeof *whole);
        if (!whole) return false;
        r->whole = whole;
        r->cap_whole = cap;
    }
    r->whole[r->n_whole++] = offset;
    return true;
}

/* Reads `n` bytes of the old file; false where they are not there. */
static bool recover_read(const struct recover *r, uint64_t offset, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t more = pread(r->in->fd, (char *)to + got, n - got, (off_t)(offset + got));
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0) return false;
        got += (size_t)more;
    }
    return true;
}

/* Reads the chunk at `offset` into *h and r->payload; false unless its checksums match. */
static bool recover_chunk(const struct recover *r, uint64_t offset, struct encode_header *h)
{
    uint8_t bytes[SNAP_CHUNK_HEADER_SIZE];
    return recover_read(r, offset, bytes, sizeof bytes) && encode_header_get(bytes, h) &&
           recover_read(r, offset + sizeof bytes, r->payload, h->stored) &&
           encode_checksum(r->payload, h->stored) == h->checksum;
}

/* Finds the whole chunks of known kinds by reading everything. Index and totals are not among them;
 * their bytes are not lost either. */
static int recover_scan(struct recover *r)
{
    snap_reader *reader;
    snap_error err;
    const snap_batch *b;
    snap_status s;
    snap_reader_summary summary;
    struct progress progress;
    uint64_t used = SNAP_FILE_HEADER_SIZE;
    if (info_reader(&reader, r->in, INFO_ALL_KINDS, &r->out->damage, &err)) return STATUS_UNUSABLE;
    progress_begin(&progress, r->in->path, r->in->size, PROGRESS_BYTES);
    while ((s = snap_reader_next(reader, &b, &err)) == SNAP_OK) {
        unsigned kind = snap_batch_kind(b);
        used += SNAP_CHUNK_HEADER_SIZE + snap_batch_stored_size(b);
        if (kind != SNAP_KIND_INDEX && kind != SNAP_KIND_TOTAL &&
            !recover_note(r, snap_batch_offset(b))) {
            r->failed = true;
            break;
        }
        progress_set(&progress, snap_batch_offset(b));
    }
    progress_end(&progress);
    snap_reader_get_summary(reader, &summary);
    snap_reader_close(reader);
    if (r->failed) return message_no_memory("the chunks of a file");
    if (s != SNAP_END) return info_failed(r->in, &err);
    if (summary.complete) used += SNAP_TRAILER_SIZE;
    r->out->lost_chunks = summary.lost_chunks;
    r->out->lost_bytes = r->in->size > used ? r->in->size - used : 0;
    return 0;
}

static int recover_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Adds whole chunks of kinds that are not known here: the index tells where to look. What it says
 * of their kind is not believed. */
static int recover_unknown(struct recover *r)
{
    snap_reader *reader;
    snap_error err;
    size_t n = 0, known = r->n_whole;
    if (info_reader(&reader, r->in, 0, NULL, &err)) return STATUS_UNUSABLE;
    /* Without an index there is nothing to add: what is known has been found already. */
    if (snap_reader_load_index(reader, &n, &err) != SNAP_OK) n = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t offset = snap_reader_chunk(reader, i)->offset;
        struct encode_header h;
        if (known && bsearch(&offset, r->whole, known, sizeof offset, recover_compare)) continue;
        if (!recover_chunk(r, offset, &h) || h.kind < INFO_KINDS) continue;
        if (!recover_note(r, offset)) r->failed = true;
        uint64_t size = SNAP_CHUNK_HEADER_SIZE + h.stored;
        r->out->lost_bytes -= r->out->lost_bytes > size ? size : r->out->lost_bytes;
    }
    snap_reader_close(reader);
    if (r->n_whole > known) qsort(r->whole, r->n_whole, sizeof *r->whole, recover_compare);
    return r->failed ? message_no_memory("the chunks of a file") : 0;
}

static void recover_put(struct recover *r, const void *bytes, size_t n)
{
    fwrite(bytes, 1, n, r->file); /* an error stays in the stream until output_publish */
    r->at += n;
}

/* The three that follow call each other in a ring that ends where an INDEX chunk, which no index lists,
 * is written. NOLINTBEGIN(misc-no-recursion) */
static void recover_write_index(struct recover *r);

/* Writes a chunk, and notes it for index and totals. */
static void recover_write(struct recover *r, struct encode_header *h, const void *payload)
{
    uint8_t bytes[SNAP_CHUNK_HEADER_SIZE];
    bool listed = h->kind != SNAP_KIND_INDEX && h->kind != SNAP_KIND_TOTAL;
    h->sequence = r->sequence++;
    encode_header_put(bytes, h);
    if (listed) {
        struct info_total *t = &r->totals[h->kind];
        t->chunks++;
        t->rows += h->rows;
        t->raw += h->raw;
        t->stored += h->stored;
        r->placed[r->n_placed++] = (struct placed){ r->at, h->kind, h->rows, h->snapshot, h->first,
                                                    h->stored };
        r->out->chunks++;
    }
    recover_put(r, bytes, sizeof bytes);
    recover_put(r, payload, h->stored);
    if (listed && r->n_placed == RECOVER_INDEX_EVERY) recover_write_index(r);
}

/* Writes a chunk of our own, not compressed. */
static void recover_make(struct recover *r, unsigned kind, unsigned flags, uint32_t rows,
                         uint64_t first, const struct encode_column *columns, size_t n)
{
    struct text payload = { 0 };
    encode_payload(&payload, rows, columns, n);
    if (payload.failed) {
        r->failed = true;
    } else {
        struct encode_header h = {
            .kind = (uint16_t)kind, .flags = (uint8_t)flags, .stored = (uint32_t)payload.n,
            .raw = (uint32_t)payload.n, .rows = rows, .first = first,
            .snapshot = kind == SNAP_KIND_BEGIN || kind == SNAP_KIND_FINISH ? r->snapshot : 0,
            .checksum = encode_checksum(payload.s, payload.n),
        };
        recover_write(r, &h, payload.s);
    }
    text_free(&payload);
}

/* An INDEX chunk of the chunks since the last one. */
static void recover_write_index(struct recover *r)
{
    enum { COLUMNS = sizeof(struct placed) / sizeof(uint64_t) };
    size_t n = r->n_placed;
    uint64_t *numbers = malloc((n ? n : 1) * COLUMNS * sizeof *numbers);
    struct encode_column columns[COLUMNS];
    r->n_placed = 0; /* whatever comes: there is room for the next one */
    if (!numbers) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct placed *p = &r->placed[i];
        const uint64_t row[COLUMNS] = { p->offset, p->kind, p->rows, p->snapshot, p->first,
                                        p->stored };
        for (size_t c = 0; c < COLUMNS; c++) numbers[c * n + i] = row[c];
    }
    for (unsigned c = 0; c < COLUMNS; c++)
        columns[c] = (struct encode_column){ .id = SNAP_COL_INDEX_OFFSET + c,
                                             .numbers = numbers + c * n };
    uint64_t before = r->index_offset;
    r->index_offset = r->at;
    recover_make(r, SNAP_KIND_INDEX, 0, (uint32_t)n, before, columns, COLUMNS);
    free(numbers);
}
/* NOLINTEND(misc-no-recursion) */

static void recover_write_total(struct recover *r)
{
    enum { COLUMNS = 5 };
    uint32_t n = 0, i = 0;
    for (unsigned k = 0; k < RECOVER_ALL_KINDS; k++) n += r->totals[k].chunks != 0;
    uint64_t *numbers = malloc((n ? n : 1) * COLUMNS * sizeof *numbers);
    struct encode_column columns[COLUMNS];
    if (!numbers) {
        r->failed = true;
        return;
    }
    for (unsigned k = 0; k < RECOVER_ALL_KINDS; k++) {
        const struct info_total *t = &r->totals[k];
        if (!t->chunks) continue;
        const uint64_t row[COLUMNS] = { k, t->chunks, t->rows, t->raw, t->stored };
        for (size_t c = 0; c < COLUMNS; c++) numbers[c * n + i] = row[c];
        i++;
    }
    for (unsigned c = 0; c < COLUMNS; c++)
        columns[c] = (struct encode_column){ .id = SNAP_COL_TOTAL_KIND + c,
                                             .numbers = numbers + c * n };
    recover_make(r, SNAP_KIND_TOTAL, CHUNK_REQUIRED, n, 0, columns, COLUMNS);
    free(numbers);
}

/* Says what the new file is; at its end, since the last row of a key holds. */
static void recover_write_metadata(struct recover *r, const uint8_t old_uuid[16])
{
    char uuid[40], chunks[24], bytes[24];
    size_t at = 0;
    const char *const keys[] = { "parent.uuid", "recover.lost_chunks", "recover.lost_bytes" };
    const char *const values[] = { uuid, chunks, bytes };
    for (size_t i = 0; i < 16; i++)
        at += (size_t)snprintf(uuid + at, sizeof uuid - at, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", old_uuid[i]);
    snprintf(chunks, sizeof chunks, "%llu", (unsigned long long)r->out->lost_chunks);
    snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)r->out->lost_bytes);
    const struct encode_column columns[] = { { .id = SNAP_COL_PAIR_KEY, .texts = keys },
                                             { .id = SNAP_COL_PAIR_VALUE, .texts = values } };
    recover_make(r, SNAP_KIND_METADATA, 0, 3, r->rows_of_file[SNAP_KIND_METADATA], columns, 2);
}

/* Ends the open snapshot in place of its lost end: counts what is there, claims nothing. */
static void recover_write_finish(struct recover *r)
{
    const uint64_t objects = r->rows_of_snapshot[SNAP_KIND_OBJECT];
    const uint64_t edges = r->rows_of_snapshot[SNAP_KIND_EDGE];
    const uint64_t roots = r->rows_of_snapshot[SNAP_KIND_ROOT], zero = 0;
    const struct encode_column columns[] = {
        { .id = SNAP_COL_FINISH_OBJECTS, .numbers = &objects },
        { .id = SNAP_COL_FINISH_EDGES, .numbers = &edges },
        { .id = SNAP_COL_FINISH_ROOTS, .numbers = &roots },
        { .id = SNAP_COL_FINISH_FLAGS, .numbers = &zero },
        { .id = SNAP_COL_FINISH_MONO, .numbers = &zero },
    };
    recover_make(r, SNAP_KIND_FINISH, CHUNK_REQUIRED, 1, 0, columns, 5);
    r->out->finished++;
    r->old_snapshot = 0;
}

/* Begins the snapshot with that old number. */
static void recover_begin(struct recover *r, uint32_t old, bool make)
{
    static const char *const reason[] = { "recovered: the beginning was lost" };
    static const uint64_t zero = 0;
    if (r->old_snapshot) recover_write_finish(r);
    r->old_snapshot = old;
    r->snapshot++;
    memset(r->rows_of_snapshot, 0, sizeof r->rows_of_snapshot);
    if (!make) return;
    const struct encode_column columns[] = {
        { .id = SNAP_COL_BEGIN_REASON, .texts = reason },
        { .id = SNAP_COL_BEGIN_WALL, .numbers = &zero },
        { .id = SNAP_COL_BEGIN_MONO, .numbers = &zero },
    };
    recover_make(r, SNAP_KIND_BEGIN, CHUNK_REQUIRED, 1, 0, columns, 3);
    r->out->begun++;
}

/* Whether `first` counts the rows before (3.2), so that it changes when chunks are lost. */
static bool recover_first_counts(unsigned kind)
{
    switch (kind) {
    case SNAP_KIND_STRING:
    case SNAP_KIND_TYPE:
    case SNAP_KIND_FRAME:
    case SNAP_KIND_STACK:
    case SNAP_KIND_THREAD:
    case SNAP_KIND_MODULE:
    case SNAP_KIND_OBJECT: return false;
    default: return kind < INFO_KINDS;
    }
}

static void recover_copy(struct recover *r, uint64_t offset)
{
    struct encode_header h;
    if (!recover_chunk(r, offset, &h)) { /* the file has changed since the scan */
        r->out->lost_chunks++;
        return;
    }
    if (h.kind == SNAP_KIND_BEGIN) {
        recover_begin(r, h.snapshot, false);
    } else if (h.snapshot && h.snapshot != r->old_snapshot) {
        recover_begin(r, h.snapshot, true);
    }
    uint64_t *rows = h.snapshot ? r->rows_of_snapshot : r->rows_of_file;
    if (recover_first_counts(h.kind)) h.first = rows[h.kind];
    if (h.kind < INFO_KINDS) rows[h.kind] += h.rows;
    if (h.snapshot) h.snapshot = r->snapshot;
    recover_write(r, &h, r->payload);
    if (h.kind == SNAP_KIND_FINISH) r->old_snapshot = 0;
}

/* The whole new file. */
static int recover_file(struct recover *r)
{
    uint8_t old[SNAP_FILE_HEADER_SIZE], head[SNAP_FILE_HEADER_SIZE], tail[SNAP_TRAILER_SIZE];
    struct progress progress;
    if (!recover_read(r, 0, old, sizeof old) || getentropy(r->out->uuid, sizeof r->out->uuid))
        return message_errno(r->in->path, errno, "cannot read");
    encode_file_header(head, old[8], old[9], r->out->uuid);
    recover_put(r, head, sizeof head);
    progress_begin(&progress, "writing", r->n_whole, PROGRESS_ITEMS);
    for (size_t i = 0; i < r->n_whole && !r->failed && !ferror(r->file); i++) {
        recover_copy(r, r->whole[i]);
        progress_set(&progress, i);
    }
    progress_end(&progress);
    if (r->old_snapshot) recover_write_finish(r);
    recover_write_metadata(r, old + 16);
    if (r->n_placed || !r->index_offset) recover_write_index(r);
    uint64_t total_offset = r->at;
    recover_write_total(r);
    encode_trailer(tail, r->index_offset, total_offset);
    recover_put(r, tail, sizeof tail);
    r->out->bytes = r->at;
    memcpy(r->out->totals, r->totals, sizeof r->out->totals);
    return r->failed ? message_no_memory("the recovered file") : 0;
}

/* Writes it to `path`, which must not be the damaged file itself: it may be needed again. */
static int recover_output(struct recover *r, const char *path, bool force)
{
    struct output *o;
    struct stat a, b;
    if (strcmp(path, "-") != 0 && stat(path, &a) == 0 && fstat(r->in->fd, &b) == 0 &&
        a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return message_error(path, MESSAGE_NO_OFFSET, "another name",
                             "the recovered file cannot replace the one that it is made from");
    int status = output_open(&o, path, force ? OUTPUT_FORCE : 0);
    if (status) return status;
    r->file = output_stream(o);
    status = r->file ? recover_file(r) : message_no_memory("the recovered file");
    if (!status) return output_publish(o);
    output_discard(o);
    return status;
}

int info_recover(struct info_recovery *recovery, const struct info_input *in, const char *out,
                 bool force)
{
    struct recover *r = calloc(1, sizeof *r);
    *recovery = (struct info_recovery){ 0 };
    if (!r) return message_no_memory("the recovery");
    r->out = recovery;
    r->in = in;
    r->payload = malloc(SNAP_MAX_CHUNK_BYTES);
    r->totals = calloc(RECOVER_ALL_KINDS, sizeof *r->totals);
    int status = r->payload && r->totals ? 0 : message_no_memory("the recovery");
    if (!status) status = recover_scan(r);
    if (!status) status = recover_unknown(r);
    if (!status) status = recover_output(r, out, force);
    free(r->payload);
    free(r->totals);
    free(r->whole);
    free(r);
    if (status) info_recovery_free(recovery);
    return status;
}

void info_recovery_free(struct info_recovery *recovery)
{
    free(recovery->damage.at);
    *recovery = (struct info_recovery){ 0 };
}
