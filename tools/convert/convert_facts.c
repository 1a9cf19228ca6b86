/* SPDX-License-Identifier: MIT */
/* Definitions, facts, and the begin and end of snapshots. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "convert/convert_private.h"

enum { DAMAGES_SHOWN = 5 };

void convert_damage(void *opaque, uint64_t offset, const char *text)
{
    struct converter *c = opaque;
    if (c->result->damages++ < DAMAGES_SHOWN) message_warning(c->path, offset, "%s", text);
}

void convert_caution(void *opaque, const char *text)
{
    const struct converter *c = opaque;
    message_warning(c->path, MESSAGE_NO_OFFSET, "%s", text);
}

/* ---- definitions --------------------------------------------------------------------------- */

int convert_type(void *opaque, uint64_t id, const snap_type *type)
{
    struct converter *c = opaque;
    snap_type t = *type;
    uint64_t made;
    if (convert_needed_name(c, type->name, &t.name) ||
        convert_name(c, type->module, NAME_PROGRAM, &t.module))
        return RECORD_STOP;
    t.base = ids_get(&c->types, type->base);
    if (snap_writer_type(c->writer, &t, &made) != SNAP_OK) return RECORD_STOP;
    return ids_put(&c->types, id, made);
}

int convert_known_type(struct converter *c, uint64_t id, uint64_t *out)
{
    *out = ids_get(&c->types, id);
    if (*out) return RECORD_OK;
    if (!c->lost_type) {
        snap_type lost = { .kind = SNAP_TYPE_OTHER };
        if (convert_needed_name(c, 0, &lost.name) ||
            snap_writer_type(c->writer, &lost, &c->lost_type) != SNAP_OK)
            return RECORD_STOP;
    }
    *out = c->lost_type;
    return RECORD_OK;
}

int convert_module(void *opaque, uint64_t id, const snap_module *module)
{
    struct converter *c = opaque;
    snap_module m = *module;
    uint64_t made;
    if (convert_needed_name(c, module->path, &m.path)) return RECORD_STOP;
    if (snap_writer_module(c->writer, &m, &made) != SNAP_OK) return RECORD_STOP;
    return ids_put(&c->modules, id, made);
}

int convert_frame(void *opaque, uint64_t id, const snap_frame *frame)
{
    struct converter *c = opaque;
    snap_frame f = *frame;
    uint64_t made;
    if (convert_needed_name(c, frame->function, &f.function) ||
        convert_name(c, frame->file, NAME_PROGRAM, &f.file))
        return RECORD_STOP;
    f.module = ids_get(&c->modules, frame->module);
    if (snap_writer_frame(c->writer, &f, &made) != SNAP_OK) return RECORD_STOP;
    return ids_put(&c->frames, id, made);
}

int convert_known_frame(struct converter *c, uint64_t id, uint64_t *out)
{
    *out = ids_get(&c->frames, id);
    if (*out) return RECORD_OK;
    if (!c->lost_frame) {
        snap_frame lost = { .language = SNAP_LANGUAGE_UNKNOWN };
        if (convert_needed_name(c, 0, &lost.function) ||
            snap_writer_frame(c->writer, &lost, &c->lost_frame) != SNAP_OK)
            return RECORD_STOP;
    }
    *out = c->lost_frame;
    return RECORD_OK;
}

int convert_stack(void *opaque, uint64_t id, uint64_t parent, uint64_t frame)
{
    struct converter *c = opaque;
    uint64_t made, known;
    if (convert_known_frame(c, frame, &known)) return RECORD_STOP;
    if (snap_writer_stack(c->writer, ids_get(&c->stacks, parent), known, &made) != SNAP_OK)
        return RECORD_STOP;
    return ids_put(&c->stacks, id, made);
}

int convert_thread(void *opaque, uint32_t snapshot, uint64_t id, const snap_thread *thread)
{
    struct converter *c = opaque;
    snap_thread t = *thread;
    uint64_t made;
    bool usable;
    if (convert_select(c, snapshot, &usable)) return RECORD_STOP;
    if (!usable) return RECORD_OK;
    if (convert_name(c, thread->name, NAME_OTHER, &t.name)) return RECORD_STOP;
    t.stack = ids_get(&c->stacks, thread->stack);
    if (snap_writer_thread(c->writer, &t, &made) != SNAP_OK) return RECORD_STOP;
    return ids_put(&c->threads, id, made);
}

/* ---- facts --------------------------------------------------------------------------------- */

/* A text with a 0 at its end, in c->text; what the format has no room for is cut. */
static const char *text_of(struct converter *c, struct record_text text)
{
    text_clear(&c->text);
    text_add(&c->text, text.at, text.size < SNAP_MAX_TEXT ? text.size : SNAP_MAX_TEXT);
    if (c->text.failed) message_no_memory("a text of the snapshot");
    return c->text.failed ? NULL : text_str(&c->text);
}

static bool is(struct record_text t, const char *s)
{
    return t.size == strlen(s) && memcmp(t.at, s, t.size) == 0;
}

/* What names host and process, beyond what tells captures apart. */
static bool is_personal(struct record_text key)
{
    return is(key, "host.name") || is(key, "process.argv0") || is(key, "process.command");
}

typedef snap_status put_pair(snap_writer *writer, const char *key, const char *value);

static int pair(struct converter *c, uint32_t snapshot, struct record_text key,
                struct record_text value, put_pair *put)
{
    char kind = put == snap_writer_label ? CONVERT_LABEL : CONVERT_METADATA;
    bool usable = true, write = true;
    if (snapshot && convert_select(c, snapshot, &usable)) return RECORD_STOP;
    if (!usable) return RECORD_OK;
    char *name = strndup(key.at, key.size);
    const char *text = name ? text_of(c, value) : NULL;
    if (!name) message_no_memory("a text of the snapshot");
    int status = text ? RECORD_OK : RECORD_STOP;
    if (!status && !snapshot) status = convert_merge_pair(c, kind, name, text, &write);
    if (!status && write) status = convert_wrote(put(c->writer, name, text));
    free(name);
    return status;
}

int convert_metadata(void *opaque, uint32_t snapshot, struct record_text key,
                     struct record_text value)
{
    static const struct record_text none = { "none", 4 }, no = { "no", 2 };
    struct converter *c = opaque;
    enum convert_redact redact = c->options->redact;
    if (is(key, "library")) return RECORD_OK; /* the writer tells its own */
    if (is(key, "names") && is(value, "keys")) c->all_keys = true;
    if (redact == CONVERT_NAMES && is_personal(key)) return RECORD_OK;
    if (redact != CONVERT_KEEP && is(key, "names")) value = none;
    if (redact != CONVERT_KEEP && is(key, "values")) value = no;
    return pair(c, snapshot, key, value, snap_writer_metadata);
}

int convert_label(void *opaque, uint32_t snapshot, struct record_text key,
                  struct record_text value)
{
    struct converter *c = opaque;
    if (c->options->redact == CONVERT_NAMES) return RECORD_OK;
    return pair(c, snapshot, key, value, snap_writer_label);
}

int convert_counter(void *opaque, uint32_t snapshot, struct record_text name, int64_t value)
{
    struct converter *c = opaque;
    bool usable;
    if (convert_select(c, snapshot, &usable)) return RECORD_STOP;
    const char *text = usable ? text_of(c, name) : NULL;
    if (!text) return usable ? RECORD_STOP : RECORD_OK;
    return convert_wrote(snap_writer_counter(c->writer, text, value));
}

int convert_sample(void *opaque, uint32_t snapshot, struct record_text name, uint64_t mono_ns,
                   int64_t value)
{
    struct converter *c = opaque;
    bool usable = true;
    if (snapshot && convert_select(c, snapshot, &usable)) return RECORD_STOP;
    const char *text = usable ? text_of(c, name) : NULL;
    if (!text) return usable ? RECORD_STOP : RECORD_OK;
    return convert_wrote(snap_writer_sample(c->writer, text, mono_ns, value));
}

int convert_value(void *opaque, uint32_t snapshot, uint64_t ordinal, struct record_text text)
{
    struct converter *c = opaque;
    if (c->options->redact != CONVERT_KEEP) {
        c->result->values_left_out++;
        return RECORD_OK;
    }
    ordinal = c->open == snapshot ? convert_ordinal(c, ordinal) : UINT64_MAX;
    if (ordinal >= c->n_objects) return RECORD_OK;
    size_t size = text.size < SNAP_MAX_TEXT ? text.size : SNAP_MAX_TEXT;
    return convert_wrote(snap_writer_value(c->writer, ordinal, text.at, size));
}

/* ---- snapshots ----------------------------------------------------------------------------- */

/* What is known of the ordinals of a snapshot; NULL: nothing. */
static struct ordinals *ordinals_of(struct converter *c, uint32_t snapshot)
{
    size_t low = 0, high = c->n_ordinals;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c->ordinals[mid].snapshot < snapshot)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->n_ordinals && c->ordinals[low].snapshot == snapshot ? &c->ordinals[low] : NULL;
}

static int begin(struct converter *c, uint32_t snapshot, const snap_begin *row)
{
    c->open = c->last = snapshot;
    c->n_objects = 0;
    c->damages_then = c->result->damages;
    c->now = ordinals_of(c, snapshot);
    c->result->snapshots++;
    int status = convert_wrote(snap_writer_begin(c->writer, row));
    return status ? status : convert_merge_begin(c);
}

int convert_end(struct converter *c)
{
    const snap_finish row = { 0 };
    if (!c->open) return RECORD_OK;
    c->open = 0;
    c->result->complete = false;
    return convert_wrote(snap_writer_finish(c->writer, &row));
}

int convert_select(struct converter *c, uint32_t snapshot, bool *usable)
{
    const snap_begin lost = { 0 };
    *usable = true;
    if (c->open == snapshot && snapshot) return RECORD_OK;
    if (snapshot <= c->last) {
        *usable = false;
        c->over++;
        return RECORD_OK;
    }
    if (convert_end(c)) return RECORD_STOP;
    convert_damage(c, UINT64_MAX, "the beginning of a snapshot is lost");
    return begin(c, snapshot, &lost);
}

int convert_begin(void *opaque, uint32_t snapshot, const snap_begin *row)
{
    struct converter *c = opaque;
    if (snapshot <= c->last) return RECORD_OK;
    if (convert_end(c)) return RECORD_STOP;
    return begin(c, snapshot, row);
}

int convert_finish(void *opaque, uint32_t snapshot, const snap_finish *row)
{
    struct converter *c = opaque;
    bool usable;
    snap_finish f = *row;
    if (convert_select(c, snapshot, &usable)) return RECORD_STOP;
    if (!usable) return RECORD_OK;
    if (c->result->damages != c->damages_then || c->no_source || c->over)
        f.flags &= ~(unsigned)SNAP_FINISH_COMPLETE;
    if (!(f.flags & SNAP_FINISH_COMPLETE)) c->result->complete = false;
    c->open = 0;
    return convert_wrote(snap_writer_finish(c->writer, &f));
}
