/* SPDX-License-Identifier: MIT */
/*
 * Strings. Without redaction they are written as they come. With it a string may stand in the file
 * only if something that is kept uses it, so it waits for its first use: whole, hashed, or never.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/message.h"
#include "convert/convert_private.h"

static const char lost_name[] = "(lost)";

static int no_memory(void)
{
    message_no_memory("the names in the snapshot");
    return RECORD_STOP;
}

int convert_names_begin(struct converter *c)
{
    struct hash_key *key = &c->names.key;
    const char *given = c->options->hash_key;
    if (c->options->redact == CONVERT_KEEP) return RECORD_OK;
    if (given) {
        size_t n = strlen(given);
        *key = (struct hash_key){ XXH3_64bits_withSeed(given, n, 0),
                                  XXH3_64bits_withSeed(given, n, 1),
                                  XXH3_64bits_withSeed(given, n, 2) };
    } else if (keyhash_new_key(key)) {
        message_errno(NULL, errno, "no random bytes for the key of the hashes");
        return RECORD_STOP;
    }
    return RECORD_OK;
}

void convert_names_free(struct names *names)
{
    u64map_free(&names->number);
    free(names->at);
    free(names->bytes);
}

/* Room for one more name and its bytes. */
static bool grow(struct names *n, size_t size)
{
    if (n->n == n->cap) {
        size_t cap = n->cap ? n->cap + n->cap / 2 : 1024;
        struct name *at = realloc(n->at, cap * sizeof *at);
        if (!at) return false;
        n->at = at;
        n->cap = cap;
    }
    if (size <= n->bytes_cap - n->size) return true;
    size_t cap = n->bytes_cap + n->bytes_cap / 2 + size + 4096;
    char *bytes = realloc(n->bytes, cap);
    if (!bytes) return false;
    n->bytes = bytes;
    n->bytes_cap = cap;
    return true;
}

static int keep(struct names *n, uint64_t id, struct record_text text)
{
    bool is_new;
    uint64_t *number = u64map_put(&n->number, id, &is_new);
    if (!number) return no_memory();
    if (!is_new) return RECORD_OK;
    if (!grow(n, text.size)) return no_memory();
    if (text.size) memcpy(n->bytes + n->size, text.at, text.size);
    n->at[n->n] = (struct name){ .at = n->size, .size = text.size };
    n->size += text.size;
    *number = ++n->n;
    return RECORD_OK;
}

int convert_string(void *opaque, uint64_t id, struct record_text text)
{
    struct converter *c = opaque;
    uint64_t made;
    if (c->options->redact != CONVERT_KEEP) return keep(&c->names, id, text);
    if (convert_merge_string(c, text.at, text.size, &made)) return RECORD_STOP;
    return ids_put(&c->strings, id, made);
}

bool convert_hides(const struct converter *c, enum name_use use)
{
    switch (c->options->redact) {
    case CONVERT_KEEP:
        return false;
    case CONVERT_KEYS:
        return use == NAME_KEY || (use == NAME_PROPERTY && c->all_keys);
    default:
        return use != NAME_PROGRAM;
    }
}

static struct name *find(const struct names *n, uint64_t id)
{
    const uint64_t *number = u64map_get(&n->number, id);
    return number ? &n->at[*number - 1] : NULL;
}

static uint32_t hash_of(const struct names *n, const struct name *name)
{
    const char *bytes = name->size ? n->bytes + name->at : "";
    uint64_t inner = keyhash_inner(&n->key, 0, bytes, name->size);
    return (uint32_t)(keyhash_outer(&n->key, inner, name->size) & 0xffffff);
}

bool convert_key_hash(const struct converter *c, uint64_t id, uint32_t *hash)
{
    const struct name *name = find(&c->names, id);
    if (name) *hash = hash_of(&c->names, name);
    return name != NULL;
}

static int write_hashed(struct converter *c, struct name *name)
{
    char text[16];
    if (name->hashed) return RECORD_OK;
    int n = snprintf(text, sizeof text, "[#%06x]", hash_of(&c->names, name));
    c->result->names_hashed++;
    return convert_merge_string(c, text, (size_t)n, &name->hashed);
}

static int write_plain(struct converter *c, struct name *name)
{
    if (name->plain) return RECORD_OK;
    return convert_merge_string(c, name->size ? c->names.bytes + name->at : "", name->size,
                                &name->plain);
}

/* The one name that has a meaning to all tools: it tells a namespace. */
static bool is_word(const struct names *n, const struct name *name)
{
    static const char word[] = "__dict__";
    return name->size == sizeof word - 1 && memcmp(n->bytes + name->at, word, name->size) == 0;
}

int convert_name(struct converter *c, uint64_t id, enum name_use use, uint64_t *out)
{
    if (c->options->redact == CONVERT_KEEP) {
        *out = ids_get(&c->strings, id);
        return RECORD_OK;
    }
    struct name *name = id ? find(&c->names, id) : NULL;
    *out = 0;
    if (!name) return RECORD_OK;
    bool hidden = convert_hides(c, use) && !is_word(&c->names, name);
    int status = hidden ? write_hashed(c, name) : write_plain(c, name);
    *out = hidden ? name->hashed : name->plain;
    return status;
}

int convert_needed_name(struct converter *c, uint64_t id, uint64_t *out)
{
    if (convert_name(c, id, NAME_PROGRAM, out)) return RECORD_STOP;
    if (*out) return RECORD_OK;
    if (!c->lost_string &&
        snap_writer_string(c->writer, lost_name, sizeof lost_name - 1, &c->lost_string) != SNAP_OK)
        return RECORD_STOP;
    *out = c->lost_string;
    return RECORD_OK;
}
