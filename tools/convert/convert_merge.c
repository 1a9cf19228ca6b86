/* SPDX-License-Identifier: MIT */
/*
 * Several files into one: what their processes say of themselves must agree, what all of them say
 * is written once, and what a later file alone says goes to its first snapshot. See
 * convert_private.h.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/message.h"
#include "convert/convert_private.h"
#include "heap/memory.h"

/* Facts by which one process is told from another. */
static bool tells_process(const char *key)
{
    static const char *const keys[] = { "runtime.name", "id.kind", "process.pid",
                                        "process.start", "host.boot_id" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return false;
}

/* Pairs stand one after the other: a letter for the kind, key, 0, value, 0. */
static void add(struct text *t, char kind, const char *key, const char *value)
{
    text_add(t, &kind, 1);
    text_add(t, key, strlen(key) + 1);
    text_add(t, value, strlen(value) + 1);
}

static const char *find(const struct text *t, char kind, const char *key)
{
    for (size_t i = 0; i < t->n;) {
        const char *at = t->s + i + 1, *value = at + strlen(at) + 1;
        if (t->s[i] == kind && strcmp(at, key) == 0) return value;
        i = (size_t)(value - t->s) + strlen(value) + 1;
    }
    return NULL;
}

int convert_merge_pair(struct converter *c, char kind, const char *key, const char *value,
                       bool *write)
{
    *write = !c->later;
    if (!c->merging) return RECORD_OK;
    bool process = kind == CONVERT_METADATA && tells_process(key);
    c->has_process |= process && strcmp(key, "process.pid") == 0;
    const char *first = find(&c->facts, kind, key);
    if (!c->later) {
        if (!first) add(&c->facts, kind, key, value);
    } else if (process && (!first || strcmp(first, value) != 0)) {
        message_error(c->path, MESSAGE_NO_OFFSET, "a file for each process",
                      "is of another process than the first file: %s is %s, not %s", key, value,
                      first ? first : "missing");
        return RECORD_STOP;
    } else if (!first || strcmp(first, value) != 0) {
        *write = c->open != 0;
        if (!*write) add(&c->pending, kind, key, value);
    }
    if (!c->facts.failed && !c->pending.failed) return RECORD_OK;
    message_no_memory("the facts of a snapshot");
    return RECORD_STOP;
}

int convert_merge_string(struct converter *c, const char *text, size_t size, uint64_t *id)
{
    if (!c->merging) return convert_wrote(snap_writer_string(c->writer, text, size, id));
    XXH128_hash_t hash = XXH3_128bits(size ? text : "", size);
    uint64_t *at = u64map_put(&c->texts, hash.low64, NULL);
    if (at && *at && c->text_at[*at - 1].check == hash.high64) {
        *id = c->text_at[*at - 1].id;
        return RECORD_OK;
    }
    if (!at || !memory_grow(&c->budget, (void **)&c->text_at, &c->texts_cap, c->n_texts + 1,
                            sizeof *c->text_at)) {
        message_no_memory("the names in the snapshots");
        return RECORD_STOP;
    }
    if (snap_writer_string(c->writer, text, size, id) != SNAP_OK) return RECORD_STOP;
    c->text_at[c->n_texts++] = (struct merged_text){ hash.high64, *id };
    *at = c->n_texts;
    return RECORD_OK;
}

int convert_merge_begin(struct converter *c)
{
    snap_status s = SNAP_OK;
    if (!c->merging) return RECORD_OK;
    if (!c->has_process) {
        message_error(c->path, MESSAGE_NO_OFFSET, "snapload or snapdiff, which take several files",
                      "does not say which process it is of, so it cannot be put together with "
                      "others");
        return RECORD_STOP;
    }
    for (size_t i = 0; i < c->pending.n && s == SNAP_OK;) {
        const char *key = c->pending.s + i + 1, *value = key + strlen(key) + 1;
        s = c->pending.s[i] == CONVERT_METADATA ? snap_writer_metadata(c->writer, key, value)
                                                : snap_writer_label(c->writer, key, value);
        i = (size_t)(value - c->pending.s) + strlen(value) + 1;
    }
    text_clear(&c->pending);
    return convert_wrote(s);
}

void convert_merge_next(struct converter *c)
{
    struct ids *all[] = { &c->types, &c->frames, &c->stacks, &c->modules, &c->threads,
                          &c->strings };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        u64map_free(&all[i]->map);
        all[i]->same = 0;
    }
    for (size_t i = 0; i < c->n_ordinals; i++) idmap_free(&c->ordinals[i].map);
    c->n_ordinals = 0;
    c->now = NULL;
    u64map_free(&c->names.number);
    c->names.n = c->names.size = 0;
    c->last = 0;
    c->no_source = c->over = 0;
    c->has_process = c->all_keys = false;
    c->later = true;
    text_clear(&c->pending);
}

void convert_merge_free(struct converter *c)
{
    u64map_free(&c->texts);
    heap_free(c->text_at);
    text_free(&c->facts);
    text_free(&c->pending);
}
