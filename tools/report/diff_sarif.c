/* SPDX-License-Identifier: MIT */
/*
 * Owners that grew as results of a static analysis would be (SARIF 2.1.0, OASIS, 2020): what shows
 * and compares findings can show and compare leaks. `partialFingerprints` carries the signature,
 * which is what makes a result the same one in the next run.
 */
#include <string.h>

#include "cli/json.h"
#include "cli/message.h"
#include "cli/number.h"
#include "report/diff_report.h"
#include "snap/version.h"

static void text(struct json *j, const char *key, const char *words)
{
    json_object(j, key);
    json_string(j, "text", words);
    json_end_object(j);
}

static void driver(struct json *j)
{
    json_object(j, "tool");
    json_object(j, "driver");
    json_string(j, "name", "snapdiff");
    json_string(j, "semanticVersion", SNAP_VERSION_STRING);
    json_array(j, "rules");
    json_object(j, NULL);
    json_string(j, "id", "heap-growth");
    text(j, "shortDescription", "An owner holds more than it did before");
    text(j, "fullDescription",
         "Between two snapshots of a heap, objects came below an object that was there before and "
         "holds them, more than went.");
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
}

/* A path as a reference to a URI (RFC 3986). False without memory. */
static bool uri(struct json *j, const char *path)
{
    struct text t = { 0 };
    if (*path == '/') text_adds(&t, "file://");
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("-._~/", *p);
        if (plain)
            text_addf(&t, "%c", *p);
        else
            text_addf(&t, "%%%02X", *p);
    }
    json_string(j, "uri", text_str(&t));
    bool ok = !t.failed;
    text_free(&t);
    return ok;
}

static bool location(struct json *j, const struct diff_line *l)
{
    bool ok = true;
    json_array(j, "locations");
    json_object(j, NULL);
    if (l->n_sites && l->sites[0].file) {
        json_object(j, "physicalLocation");
        json_object(j, "artifactLocation");
        ok = uri(j, l->sites[0].file);
        json_end_object(j);
        if (l->sites[0].line > 0) {
            json_object(j, "region");
            json_i64(j, "startLine", l->sites[0].line);
            json_end_object(j);
        }
        json_end_object(j);
    }
    json_array(j, "logicalLocations");
    json_object(j, NULL);
    json_string(j, "fullyQualifiedName", l->path);
    json_string(j, "kind", "object");
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    json_end_array(j);
    return ok;
}

static bool sentence(struct json *j, const struct diff_line *l)
{
    struct text t = { 0 };
    char size[NUMBER_MAX], count[NUMBER_MAX];
    text_addf(&t, "%s (%s) grew by %s, %s objects", l->path, l->type ? l->type : "?",
              number_size(size, (uint64_t)diff_line_growth(l)),
              number_count_delta(count, l->count_delta));
    if (l->n_held && l->held[0].told_delta > 0)
        text_addf(&t, ": %s x %s", l->held[0].type,
                  number_count(count, (uint64_t)l->held[0].told_delta));
    text(j, "message", text_str(&t));
    bool ok = !t.failed;
    text_free(&t);
    return ok;
}

static bool result(struct json *j, const struct diff_line *l, bool passed)
{
    json_object(j, NULL);
    json_string(j, "ruleId", "heap-growth");
    json_i64(j, "ruleIndex", 0);
    json_string(j, "level", passed && !l->accepted ? "error" : "warning");
    bool ok = sentence(j, l);
    ok = location(j, l) && ok;
    json_object(j, "partialFingerprints");
    json_string(j, "snapSignature/v1", l->signature);
    json_end_object(j);
    if (l->accepted) {
        json_array(j, "suppressions");
        json_object(j, NULL);
        json_string(j, "kind", "external");
        json_end_object(j);
        json_end_array(j);
    }
    json_object(j, "properties");
    json_i64(j, "growth", diff_line_growth(l));
    json_i64(j, "objects", l->count_delta);
    json_end_object(j);
    json_end_object(j);
    return ok;
}

int diff_print_sarif(const struct diff_report *r, FILE *out)
{
    struct json j;
    bool passed = false, ok = true;
    for (uint32_t i = 0; i < r->n_limits; i++) passed = passed || r->limits[i].passed;
    json_begin(&j, out);
    json_object(&j, NULL);
    json_string(&j, "version", "2.1.0");
    json_array(&j, "runs");
    json_object(&j, NULL);
    driver(&j);
    json_object(&j, "properties");
    json_string(&j, "verdict", diff_verdict_name(r->verdict.kind));
    json_string(&j, "sentence", r->verdict.sentence);
    json_end_object(&j);
    json_array(&j, "results");
    for (uint32_t i = 0; i < r->n_lines; i++)
        if (r->lines[i].kind == DIFF_LINE_OWNER && diff_line_growth(&r->lines[i]) > 0)
            ok = result(&j, &r->lines[i], passed) && ok;
    json_end_array(&j);
    json_end_object(&j);
    json_end_array(&j);
    json_end_object(&j);
    int status = json_finish(&j);
    if (!ok) return message_no_memory("the results");
    if (status == JSON_MISUSE)
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the JSON document came out wrong");
    return 0; /* errors of the stream are found when stdout is closed */
}
