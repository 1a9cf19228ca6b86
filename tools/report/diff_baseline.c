/* SPDX-License-Identifier: MIT */
/* Reading and writing of accepted growth; the document is described in the header. */
#include "report/diff_baseline.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/message.h"
#include "cli/output.h"
#include "report/diff_report.h"

static const char schema[] = "snap.baseline/1";

/* -1: no limit. Texts are the document's, or the report's. */
struct accepted {
    const char *signature, *why;
    int64_t limit;
};

struct baseline {
    cJSON *document;
    size_t n;
    struct accepted *at; /* by signature ascending; of equal ones each holds */
};

/* ---- reading ------------------------------------------------------------------------- */

/* The whole file, ended by 0; malloc'd, NULL after a message. */
static char *contents(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *text = f ? malloc((size_t)BASELINE_SIZE_MAX + 1) : NULL;
    if (!f) {
        message_errno(path, errno, "cannot open the baseline");
        return NULL;
    }
    bool ok = text != NULL;
    if (!ok) message_no_memory("the baseline");
    *size = ok ? fread(text, 1, (size_t)BASELINE_SIZE_MAX + 1, f) : 0;
    if (ok && ferror(f)) {
        ok = false;
        message_errno(path, errno, "cannot read the baseline");
    } else if (ok && *size > BASELINE_SIZE_MAX) {
        ok = false;
        message_error(path, BASELINE_SIZE_MAX, NULL, "the baseline is longer than 16 MiB");
    }
    fclose(f);
    if (ok) {
        text[*size] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static int wrong(const char *path, const char *what)
{
    return message_error(path, MESSAGE_NO_OFFSET, "snapdiff --write-baseline", "%s", what);
}

static int by_signature(const void *a, const void *b)
{
    return strcmp(((const struct accepted *)a)->signature, ((const struct accepted *)b)->signature);
}

static int read_entry(const char *path, const cJSON *entry, struct accepted *to)
{
    const cJSON *signature = cJSON_GetObjectItemCaseSensitive(entry, "signature");
    const cJSON *limit = cJSON_GetObjectItemCaseSensitive(entry, "growth_limit");
    const cJSON *why = cJSON_GetObjectItemCaseSensitive(entry, "why");
    if (!cJSON_IsString(signature)) return wrong(path, "an accepted owner has no signature");
    to->signature = signature->valuestring;
    to->why = cJSON_IsString(why) ? why->valuestring : NULL;
    to->limit = -1;
    if (!limit || cJSON_IsNull(limit)) return 0;
    if (!cJSON_IsNumber(limit) || !(limit->valuedouble >= 0 && limit->valuedouble < 9e15))
        return wrong(path, "a growth_limit is no number of bytes");
    to->limit = (int64_t)limit->valuedouble;
    return 0;
}

static int read_document(const char *path, struct baseline *b)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(b->document, "schema");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(b->document, "accepted"), *entry;
    if (!cJSON_IsString(name) || strcmp(name->valuestring, schema) != 0)
        return wrong(path, "this is no baseline: its schema is not snap.baseline/1");
    if (!cJSON_IsArray(list)) return wrong(path, "the baseline has no list \"accepted\"");
    b->at = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *b->at);
    if (!b->at) return message_no_memory("the baseline");
    cJSON_ArrayForEach(entry, list)
    {
        int status = read_entry(path, entry, &b->at[b->n++]);
        if (status) return status;
    }
    qsort(b->at, b->n, sizeof *b->at, by_signature);
    return 0;
}

int baseline_read(const char *path, struct baseline **out)
{
    size_t size;
    char *text = contents(path, &size);
    *out = NULL;
    if (!text) return STATUS_UNUSABLE;
    struct baseline *b = calloc(1, sizeof *b);
    const char *end = text;
    int status = b ? 0 : message_no_memory("the baseline");
    if (b) b->document = cJSON_ParseWithLengthOpts(text, size + 1, &end, 1);
    if (b && !b->document)
        status = message_error(path, (uint64_t)(end - text), NULL, "the baseline is no JSON");
    if (!status) status = read_document(path, b);
    free(text);
    if (status)
        baseline_free(b);
    else
        *out = b;
    return status;
}

void baseline_free(struct baseline *b)
{
    if (!b) return;
    cJSON_Delete(b->document);
    free(b->at);
    free(b);
}

bool baseline_accepts(const struct baseline *b, const char *signature, int64_t growth)
{
    struct accepted key = { .signature = signature };
    if (!b || !b->n) return false;
    const struct accepted *hit = bsearch(&key, b->at, b->n, sizeof *b->at, by_signature);
    if (!hit) return false;
    while (hit > b->at && by_signature(hit - 1, &key) == 0) hit--;
    for (; hit < b->at + b->n && by_signature(hit, &key) == 0; hit++)
        if (hit->limit < 0 || growth <= hit->limit) return true;
    return false;
}

/* ---- writing ------------------------------------------------------------------------- */

static void entry(struct json *j, const struct accepted *a)
{
    json_object(j, NULL);
    json_string(j, "signature", a->signature);
    if (a->limit < 0)
        json_null(j, "growth_limit");
    else
        json_i64(j, "growth_limit", a->limit);
    json_string(j, "why", a->why);
    json_end_object(j);
}

/* Has the old baseline an entry for it, of whatever limit? */
static bool has(const struct baseline *b, const char *signature)
{
    struct accepted key = { .signature = signature };
    return b && b->n && bsearch(&key, b->at, b->n, sizeof *b->at, by_signature) != NULL;
}

/* All entries of the new document, sorted: *n, malloc'd. */
static struct accepted *merged(const struct baseline *old, const struct diff_report *r, size_t *n)
{
    size_t before = old ? old->n : 0;
    struct accepted *all = malloc((before + r->n_lines + 1) * sizeof *all);
    if (!all) return NULL;
    if (before) memcpy(all, old->at, before * sizeof *all);
    *n = before;
    for (uint32_t i = 0; i < r->n_lines; i++) {
        const struct diff_line *l = &r->lines[i];
        if (diff_line_is_named(l) && diff_line_growth(l) > 0 && !has(old, l->signature))
            all[(*n)++] = (struct accepted){ .signature = l->signature, .limit = -1 };
    }
    qsort(all, *n, sizeof *all, by_signature);
    return all;
}

int baseline_write(const struct baseline *old, const struct diff_report *r, struct output *out)
{
    size_t n;
    struct json j;
    FILE *stream = output_stream(out);
    struct accepted *all = stream ? merged(old, r, &n) : NULL;
    if (!all) {
        output_discard(out);
        return message_no_memory("the baseline");
    }
    json_begin(&j, stream);
    json_object(&j, NULL);
    json_string(&j, "schema", schema);
    json_array(&j, "accepted");
    for (size_t i = 0; i < n; i++) entry(&j, &all[i]);
    json_end_array(&j);
    json_end_object(&j);
    free(all);
    int status = json_finish(&j), why = errno;
    if (status == JSON_OK) return output_publish(out);
    status = status == JSON_IO ? message_errno(output_path(out), why, "cannot write")
                               : message_error(NULL, MESSAGE_NO_OFFSET, NULL,
                                               "the JSON document came out wrong");
    output_discard(out);
    return status;
}
