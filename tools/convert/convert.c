/* SPDX-License-Identifier: MIT */
/* The flow of a conversion; see the header. */
#include "convert/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/message.h"
#include "convert/convert_private.h"
#include "heap/memory.h"

enum { HASH_BLOCK = 1 << 16 };

int ids_put(struct ids *ids, uint64_t id, uint64_t made)
{
    if (id <= ids->same) return RECORD_OK;
    if (id == made && id == ids->same + 1) {
        ids->same = id;
        return RECORD_OK;
    }
    bool is_new;
    uint64_t *slot = u64map_put(&ids->map, id, &is_new);
    if (!slot) {
        message_no_memory("the definitions in the snapshot");
        return RECORD_STOP;
    }
    if (is_new) *slot = made;
    return RECORD_OK;
}

/* ---- identity ------------------------------------------------------------------------------ */

static int hash_file(XXH3_state_t *hash, const char *path, uint64_t *size)
{
    unsigned char block[HASH_BLOCK];
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return message_errno(path, errno, "cannot be opened");
    while ((got = read(fd, block, sizeof block)) > 0 || (got < 0 && errno == EINTR)) {
        if (got < 0) continue;
        XXH3_128bits_update(hash, block, (size_t)got);
        *size += (uint64_t)got;
    }
    int status = got < 0 ? message_errno(path, errno, "cannot read") : 0;
    close(fd);
    return status;
}

/* The new file's identity: of the bytes that it is made from, and of what is done with them; so
 * the same conversion gives the same file. */
static int identity(const struct convert_input *in, size_t n, const struct convert_options *o,
                    uint8_t uuid[16], uint64_t *size)
{
    XXH3_state_t *hash = XXH3_createState();
    if (!hash) return message_no_memory("reading a snapshot");
    uint64_t how = (uint64_t)o->level | (uint64_t)o->values << 8 | (uint64_t)o->redact << 9;
    if (o->hash_key) how ^= XXH3_64bits(o->hash_key, strlen(o->hash_key));
    XXH3_128bits_reset_withSeed(hash, how);
    *size = 0;
    int status = 0;
    for (size_t i = 0; i < n && !status; i++) status = hash_file(hash, in[i].path, size);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
    memcpy(uuid, canonical.digest, 16);
    XXH3_freeState(hash);
    return status;
}

/* Times that the source does not have stay unknown. */
static uint64_t no_clock(void *opaque, int which)
{
    (void)opaque;
    (void)which;
    return 0;
}

static void uuid_text(const uint8_t u[16], char out[37])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = digits[u[i] >> 4];
        *out++ = digits[u[i] & 15];
    }
    *out = 0;
}

/* ---- the first pass over a .snap file ------------------------------------------------------ */

/* All that is known of a snapshot is known: where nothing is missing, no map is needed. There may be
 * millions of snapshots. */
static void settle(struct converter *c, struct ordinals *o)
{
    struct idmap *m = &o->map;
    if (m->n != 1 || m->at[0].first != 0 || m->at[0].index != 0) return;
    o->whole = m->at[0].n;
    memory_give(&c->budget, (void **)&m->at, &m->cap, sizeof *m->at);
    *m = (struct idmap){ 0 };
}

/* Which ordinals the objects of each snapshot have: rows may be missing, and references lead
 * forwards. */
static int note_objects(void *opaque, const struct record_batch *b)
{
    struct converter *c = opaque;
    struct ordinals *last = c->n_ordinals ? &c->ordinals[c->n_ordinals - 1] : NULL;
    if (last && b->snapshot < last->snapshot) return RECORD_OK;
    if (!last || b->snapshot > last->snapshot) {
        if (last) settle(c, last);
        if (!memory_grow(&c->budget, (void **)&c->ordinals, &c->ordinals_cap, c->n_ordinals + 1,
                         sizeof *c->ordinals))
            goto no_memory;
        last = &c->ordinals[c->n_ordinals++];
        *last = (struct ordinals){ .snapshot = b->snapshot };
    }
    if (idmap_add(&c->budget, &last->map, b->first, b->rows) != IDMAP_NO_MEMORY) return RECORD_OK;

no_memory:
    message_no_memory("the objects of a snapshot");
    return RECORD_STOP;
}

static int note_ordinals(struct converter *c, const struct import_format *format,
                         struct import_result *result)
{
    const struct record_sink sink = { .opaque = c, .objects = note_objects };
    return format->read(c->path, &sink, NULL, result) ? STATUS_UNUSABLE : 0;
}

/* ---- the conversion ------------------------------------------------------------------------ */

static void on_progress(void *opaque, uint64_t bytes)
{
    struct converter *c = opaque;
    progress_set(&c->progress, bytes);
}

static int read_all(struct converter *c, const struct import_format *format, uint64_t size,
                    struct import_result *result)
{
    const struct record_sink sink = {
        .opaque = c,
        .string = convert_string, .type = convert_type, .frame = convert_frame,
        .stack = convert_stack, .module = convert_module, .metadata = convert_metadata,
        .label = convert_label, .counter = convert_counter, .sample = convert_sample,
        .begin = convert_begin, .thread = convert_thread, .objects = convert_objects,
        .edges = convert_edges, .roots = convert_roots, .blocks = convert_blocks,
        .events = convert_events, .value = convert_value, .finish = convert_finish,
        .damage = convert_damage, .caution = convert_caution,
    };
    struct import_options options = {
        .progress = on_progress, .opaque = c,
        .values = c->options->values && c->options->redact == CONVERT_KEEP,
    };
    progress_begin(&c->progress, "converting", size, PROGRESS_BYTES);
    int status = format->read(c->path, &sink, &options, result);
    progress_end(&c->progress);
    return status;
}

/* What the file says of its making, before its first snapshot. */
static snap_status write_origin(struct converter *c, const struct import_format *format)
{
    static const char *const redacted[] = { NULL, "keys", "names" };
    snap_status s = SNAP_OK;
    if (format != &import_snap)
        s = snap_writer_metadata(c->writer, "convert.format", format->name);
    if (s == SNAP_OK && redacted[c->options->redact])
        s = snap_writer_metadata(c->writer, "convert.redacted", redacted[c->options->redact]);
    return s;
}

/* The identity of the source: of a .snap file known from the first pass, else when all was read. */
static snap_status write_parent(struct converter *c, const struct import_result *read)
{
    char text[40];
    if (!read->has_uuid) return SNAP_OK;
    uuid_text(read->uuid, text);
    return snap_writer_metadata(c->writer, "parent.uuid", text);
}

static void warn_of_drops(struct converter *c)
{
    if (c->no_source)
        message_warning(c->path, MESSAGE_NO_OFFSET,
                        "references dropped whose source object is lost: %llu",
                        (unsigned long long)c->no_source);
    if (c->over)
        message_warning(c->path, MESSAGE_NO_OFFSET, "rows of a snapshot that is over: %llu",
                        (unsigned long long)c->over);
}

/* Where the bytes go; counts them. */
struct counted {
    int fd;
    uint64_t bytes;
};

static int write_counted(void *opaque, const void *data, size_t size)
{
    struct counted *to = opaque;
    for (size_t done = 0; done < size;) {
        ssize_t n = write(to->fd, (const char *)data + done, size - done);
        if (n < 0 && errno != EINTR) return errno;
        if (n > 0) done += (size_t)n;
    }
    to->bytes += size;
    return 0;
}

/* Reads one file. What the sink did not say itself stands in the writer. */
static int convert_one(struct converter *c, const struct convert_input *in, uint64_t size)
{
    struct import_result known = { 0 }, read = { 0 };
    uint64_t before = c->result->snapshots;
    c->path = in->path;
    if (in->format == &import_snap && note_ordinals(c, in->format, &known)) return STATUS_UNUSABLE;
    int status = c->later || (write_origin(c, in->format) == SNAP_OK &&
                              write_parent(c, &known) == SNAP_OK)
                     ? read_all(c, in->format, size, &read) || convert_end(c)
                     : RECORD_STOP;
    if (!status && c->result->snapshots == before)
        status = message_error(c->path, MESSAGE_NO_OFFSET, "snapinfo",
                               "the file holds no snapshot");
    if (!status && !c->later && !known.has_uuid && write_parent(c, &read) != SNAP_OK)
        status = RECORD_STOP;
    if (status) return STATUS_UNUSABLE;
    if (!read.complete) c->result->complete = false;
    warn_of_drops(c);
    return 0;
}

/* Reads all, and ends the file. */
static int convert(struct converter *c, const struct convert_input *in, size_t n, uint64_t size,
                   const char *to)
{
    snap_error err = { 0 };
    int status = 0;
    for (size_t i = 0; i < n && !status; i++) {
        if (i) convert_merge_next(c);
        status = convert_one(c, &in[i], size);
    }
    bool failed = snap_writer_status(c->writer, &err) != SNAP_OK;
    if (!status && !failed) {
        failed = snap_writer_close(c->writer, &err) != SNAP_OK;
    } else {
        snap_writer_abort(c->writer, 0);
    }
    c->writer = NULL;
    if (failed) return message_snap(to, &err, NULL);
    c->result->bytes_read = size;
    return status;
}

static void converter_free(struct converter *c)
{
    struct ids *all[] = { &c->types, &c->frames, &c->stacks, &c->modules, &c->threads,
                          &c->strings };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) u64map_free(&all[i]->map);
    for (size_t i = 0; i < c->n_ordinals; i++) idmap_free(&c->ordinals[i].map);
    heap_free(c->ordinals);
    convert_names_free(&c->names);
    convert_merge_free(c);
    text_free(&c->text);
    free(c);
}

int convert_files(const struct convert_input *in, size_t n, int fd, const char *to,
                  const struct convert_options *options, struct convert_result *result)
{
    struct converter *c = calloc(1, sizeof *c);
    snap_writer_options wo = { .size = sizeof wo, .level = options->level, .clock = no_clock,
                               .chunk_rows = SNAP_MAX_CHUNK_ROWS };
    struct counted out = { .fd = fd };
    const snap_sink sink = { .write = write_counted, .opaque = &out };
    snap_error err = { 0 };
    uint64_t size;
    *result = (struct convert_result){ .complete = true };
    if (!c) return message_no_memory("a conversion");
    c->path = in->path;
    c->options = options;
    c->result = result;
    c->merging = n > 1;
    budget_init(&c->budget, 0);
    int status = identity(in, n, options, wo.uuid, &size);
    if (!status && convert_names_begin(c)) status = STATUS_UNUSABLE;
    if (!status && snap_writer_open_sink(&c->writer, &sink, &wo, &err) != SNAP_OK)
        status = message_snap(to, &err, NULL);
    if (!status) status = convert(c, in, n, size, to);
    result->bytes_written = out.bytes;
    converter_free(c);
    return status;
}
