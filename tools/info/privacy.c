/* SPDX-License-Identifier: MIT */
/*
 * Which strings a file holds, by what they name. A string is only known by the rows that use it,
 * and these stand after it: one reading marks the ids used, by category, a second sorts the
 * strings.
 */
#include "info.h"

#include <string.h>

#include "cli/message.h"
#include "cli/progress.h"

enum { PRIVACY_EXAMPLE_BYTES = 200 };

struct privacy_job {
    struct info_privacy *out;
    struct u64map used; /* string id -> bits of the categories */
    bool failed;
};

const char *info_category_name(enum info_category category)
{
    static const char *const names[PRIVACY_CATEGORIES] = {
        "type names", "code locations", "attribute names", "variable names", "dict keys",
        "object names", "thread names", "unused strings", "values", "metadata", "labels", "reasons",
    };
    return names[category];
}

const char *info_category_help(enum info_category category)
{
    static const char *const help[PRIVACY_CATEGORIES] = {
        "classes and their modules",
        "functions, source files, loaded libraries",
        "attributes and fields of objects",
        "globals, locals, captured variables",
        "keys of dictionaries, written out",
        "functions, modules, tasks by their own names",
        "names that the program gave its threads",
        "strings that no row of this file refers to",
        "previews of the contents of objects",
        "facts about process, host and runtime",
        "what the user attached to the capture",
        "who asked for a snapshot",
    };
    return help[category];
}

static void privacy_mark(struct privacy_job *p, uint64_t string, enum info_category category)
{
    if (!string) return;
    uint64_t *bits = u64map_put(&p->used, string, NULL);
    if (bits) {
        *bits |= UINT64_C(1) << category;
    } else {
        p->failed = true;
    }
}

/* Marks every value of a column of string ids. */
static void privacy_column(struct privacy_job *p, const snap_batch *b, unsigned column,
                           enum info_category category)
{
    const uint64_t *ids = snap_batch_u64(b, column);
    uint64_t last = 0;
    for (uint32_t i = 0; ids && i < snap_batch_rows(b); i++) {
        if (ids[i] != last) privacy_mark(p, ids[i], category);
        last = ids[i];
    }
}

/* What the name of an edge names. */
static enum info_category privacy_edge_category(uint64_t kind)
{
    switch (kind) {
    case SNAP_EDGE_KEY:
    case SNAP_EDGE_VALUE:
    case SNAP_EDGE_EPHEMERON: return PRIVACY_KEY;
    case SNAP_EDGE_VARIABLE:
    case SNAP_EDGE_LOCAL: return PRIVACY_VARIABLE;
    default: return PRIVACY_ATTRIBUTE;
    }
}

static void privacy_edges(struct privacy_job *p, const snap_batch *b)
{
    const uint64_t *names = snap_batch_u64(b, SNAP_COL_EDGE_NAME);
    const uint64_t *kinds = snap_batch_u64(b, SNAP_COL_EDGE_KIND);
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        if (names && names[i])
            privacy_mark(p, names[i], privacy_edge_category(kinds ? kinds[i] : 0));
        p->out->hashed_keys += snap_batch_has(b, SNAP_COL_EDGE_KEY_HASH, i) != 0;
    }
}

static void privacy_objects(struct privacy_job *p, const snap_batch *b)
{
    privacy_column(p, b, SNAP_COL_OBJECT_NAME, PRIVACY_OBJECT);
    if (!snap_batch_u64(b, SNAP_COL_OBJECT_HASH)) return;
    for (uint32_t i = 0; i < snap_batch_rows(b); i++)
        p->out->hashed_contents += snap_batch_has(b, SNAP_COL_OBJECT_HASH, i) != 0;
}

/* Counts a text, and keeps it as an example where it is one of the first different ones. */
static void privacy_count(struct privacy_job *p, enum info_category category, const char *s,
                          size_t n)
{
    struct info_privacy_row *row = &p->out->rows[category];
    struct text *text = &p->out->text;
    size_t keep = n > PRIVACY_EXAMPLE_BYTES ? PRIVACY_EXAMPLE_BYTES : n;
    row->n++;
    row->bytes += n;
    if (p->failed) return;
    if (row->n_examples == PRIVACY_EXAMPLES || n == 0) return;
    for (size_t i = 0; i < row->n_examples; i++)
        if (row->examples[i].n == keep && memcmp(text->s + row->examples[i].at, s, keep) == 0)
            return;
    row->examples[row->n_examples].at = text->n;
    row->examples[row->n_examples].n = keep;
    text_add(text, s, keep);
    p->failed = text->failed;
    row->n_examples += !p->failed;
}

/* A bytes column of texts inside the rows; `key` stands before each where there is one. */
static void privacy_texts(struct privacy_job *p, const snap_batch *b, unsigned key, unsigned column,
                          enum info_category category)
{
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        size_t n = 0, key_n = 0;
        const char *s = snap_batch_bytes(b, column, i, &n);
        const char *k = key ? snap_batch_bytes(b, key, i, &key_n) : NULL;
        struct text pair = { 0 };
        if (!s) continue;
        if (k) {
            text_add(&pair, k, key_n);
            text_add(&pair, "=", 1);
            text_add(&pair, s, n);
            privacy_count(p, category, text_str(&pair), pair.n);
            p->failed = p->failed || pair.failed;
        } else {
            privacy_count(p, category, s, n);
        }
        text_free(&pair);
    }
}

static void privacy_uses(struct privacy_job *p, const snap_batch *b)
{
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_TYPE:
        privacy_column(p, b, SNAP_COL_TYPE_NAME, PRIVACY_TYPE);
        privacy_column(p, b, SNAP_COL_TYPE_MODULE, PRIVACY_TYPE);
        break;
    case SNAP_KIND_FRAME:
        privacy_column(p, b, SNAP_COL_FRAME_FUNCTION, PRIVACY_CODE);
        privacy_column(p, b, SNAP_COL_FRAME_FILE, PRIVACY_CODE);
        break;
    case SNAP_KIND_MODULE: privacy_column(p, b, SNAP_COL_MODULE_PATH, PRIVACY_CODE); break;
    case SNAP_KIND_THREAD: privacy_column(p, b, SNAP_COL_THREAD_NAME, PRIVACY_THREAD); break;
    case SNAP_KIND_ROOT: privacy_column(p, b, SNAP_COL_ROOT_NAME, PRIVACY_VARIABLE); break;
    case SNAP_KIND_OBJECT: privacy_objects(p, b); break;
    case SNAP_KIND_EDGE: privacy_edges(p, b); break;
    case SNAP_KIND_METADATA:
        privacy_texts(p, b, SNAP_COL_PAIR_KEY, SNAP_COL_PAIR_VALUE, PRIVACY_METADATA);
        break;
    case SNAP_KIND_LABEL:
        privacy_texts(p, b, SNAP_COL_PAIR_KEY, SNAP_COL_PAIR_VALUE, PRIVACY_LABEL);
        break;
    case SNAP_KIND_VALUE: privacy_texts(p, b, 0, SNAP_COL_PAIR_VALUE, PRIVACY_VALUE); break;
    case SNAP_KIND_BEGIN: privacy_texts(p, b, 0, SNAP_COL_BEGIN_REASON, PRIVACY_REASON); break;
    default: break;
    }
}

static int privacy_string(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    struct privacy_job *p = opaque;
    const uint64_t *bits = u64map_get(&p->used, id);
    uint64_t categories = bits ? *bits : UINT64_C(1) << PRIVACY_OTHER;
    for (unsigned c = 0; c < PRIVACY_CATEGORIES; c++)
        if (categories >> c & 1) privacy_count(p, (enum info_category)c, bytes, size);
    return p->failed;
}

/* One reading: of everything but strings, or of the strings. */
static int privacy_read(struct privacy_job *p, const struct info_input *in, bool strings)
{
    uint64_t kinds = INFO_BIT(SNAP_KIND_STRING);
    snap_reader *r;
    snap_error err;
    const snap_batch *b;
    snap_string_joiner *joiner = NULL;
    snap_status s = SNAP_OK;
    struct progress progress;
    if (!strings)
        kinds = INFO_ALL_KINDS & ~(kinds | INFO_BIT(SNAP_KIND_INDEX) | INFO_BIT(SNAP_KIND_TOTAL) |
                                   INFO_BIT(SNAP_KIND_EVENT) | INFO_BIT(SNAP_KIND_BLOCK));
    if (info_reader(&r, in, kinds, NULL, &err)) return STATUS_UNUSABLE;
    if (strings && snap_string_joiner_new(&joiner, NULL, privacy_string, p) != SNAP_OK)
        p->failed = true;
    progress_begin(&progress, in->path, in->size, PROGRESS_BYTES);
    while (!p->failed && (s = snap_reader_next(r, &b, &err)) == SNAP_OK) {
        if (!strings) {
            privacy_uses(p, b);
        } else if (snap_string_joiner_feed(joiner, b) == SNAP_E_MEMORY) {
            p->failed = true;
        }
        progress_set(&progress, snap_batch_offset(b));
    }
    progress_end(&progress);
    p->out->lost_strings += snap_string_joiner_free(joiner);
    snap_reader_close(r);
    if (p->failed) return message_no_memory("the strings of a file");
    return s == SNAP_END ? 0 : info_failed(in, &err);
}

int info_privacy(struct info_privacy *privacy, const struct info_input *in)
{
    struct privacy_job p = { .out = privacy };
    *privacy = (struct info_privacy){ 0 };
    int status = privacy_read(&p, in, false);
    if (!status) status = privacy_read(&p, in, true);
    u64map_free(&p.used);
    if (status) info_privacy_free(privacy);
    return status;
}

void info_privacy_free(struct info_privacy *privacy)
{
    text_free(&privacy->text);
    *privacy = (struct info_privacy){ 0 };
}
