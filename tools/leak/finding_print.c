/* SPDX-License-Identifier: MIT */
/* Findings as text and JSON; finding.h. */
#include <string.h>

#include "cli/color.h"
#include "cli/message.h"
#include "cli/text.h"
#include "leak/fold.h"

/* Columns of the text. */
enum { WIDTH = 100, LABEL = 8 };

static const enum color severity_colors[] = { COLOR_PLAIN, COLOR_WARN, COLOR_BAD };

static void put(const char *s)
{
    text_put(stdout, s, strlen(s));
}

/* A text of our own after a label. */
static void put_wrapped(const char *label, const char *s)
{
    printf("  %-*s", LABEL, label);
    text_wrap(stdout, s, strlen(s), LABEL + 2, LABEL + 2, WIDTH);
}

/* A command for a shell; line ends are blanks. */
static void put_query(const char *file, const char *sql)
{
    fputs("            snapsql ", stdout);
    put(file);
    fputs(" \"", stdout);
    while (*sql) {
        size_t n = strcspn(sql, "\"$`\\\n");
        text_put(stdout, sql, n);
        sql += n;
        if (!*sql) break;
        if (*sql != '\n') putchar('\\');
        putchar(*sql == '\n' ? ' ' : *sql);
        sql++;
    }
    fputs("\"\n", stdout);
}

/* What other rules say of the same, a line each. */
static void put_folded(const struct findings *all, const struct finding *f)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct rule_findings *r = &all->rules[i];
        uint64_t more;
        const struct finding *first = fold_first(r, f->number, &more);
        if (!first) continue;
        printf("            also %s: ", r->rule.name);
        put(first->sentence ? first->sentence : "");
        if (more) printf(", and %llu more", (unsigned long long)more);
        putchar('\n');
    }
}

static void put_finding(const struct findings *all, const struct finding *f, const char *file,
                        bool queries)
{
    printf("  %s%-*s%s", color_on(stdout, severity_colors[f->severity]), LABEL,
           severity_words[f->severity], color_off(stdout));
    put(f->sentence ? f->sentence : "");
    putchar('\n');
    if (f->object_id) {
        printf("            %s", color_on(stdout, COLOR_NAME));
        put(f->path ? f->path : f->type ? f->type : "");
        printf("%s  #%lld\n", color_off(stdout), (long long)f->object_id);
    }
    put_folded(all, f);
    if (queries && f->evidence) put_query(file, f->evidence);
}

static void put_rule(const struct findings *all, const struct rule_findings *r, const char *file,
                     bool queries)
{
    printf("\n%s", color_on(stdout, COLOR_HEAD));
    put(r->rule.title);
    printf("%s (%s)\n", color_off(stdout), r->rule.name);
    for (size_t i = 0; i < r->n; i++)
        if (!r->at[i].explained_by) put_finding(all, &r->at[i], file, queries);
    if (r->more) printf("  and %llu more (--all)\n", (unsigned long long)r->more);
    put_wrapped("why", r->rule.cause);
    put_wrapped("remedy", r->rule.remedy);
    if (r->rule.limits) put_wrapped("limits", r->rule.limits);
}

static void put_count(const char *before, uint64_t n, const char *word)
{
    char out[NUMBER_MAX];
    printf("%s%s %s%s", before, number_count(out, n), word, n == 1 ? "" : "s");
}

/* Rules that found nothing in one line, those that did not look with what they lack. */
static void put_rest(const struct findings *f)
{
    bool any = false;
    for (size_t i = 0; i < f->n; i++) {
        const struct rule_findings *r = &f->rules[i];
        if (r->skipped || r->n + r->more + r->more_folded) continue;
        printf("%s %s", any ? "," : "\nNothing found by:", r->rule.name);
        any = true;
    }
    if (any) putchar('\n');
    for (size_t i = 0; i < f->n; i++)
        if (f->rules[i].skipped && strncmp(f->rules[i].skipped, "is for", 6) != 0)
            printf("Not looked for: %s: it %s\n", f->rules[i].rule.name, f->rules[i].skipped);
}

int findings_print(const struct findings *f, const char *file, bool queries)
{
    put_count("", f->count[SEVERITY_ERROR], "error");
    put_count(", ", f->count[SEVERITY_WARNING], "warning");
    put_count(", ", f->count[SEVERITY_NOTE], "note");
    putchar('\n');
    for (size_t i = 0; i < f->n; i++)
        if (!f->rules[i].skipped && f->rules[i].n_own + f->rules[i].more)
            put_rule(f, &f->rules[i], file, queries);
    put_rest(f);
    return STATUS_DONE;
}

static void json_number_or_null(struct json *j, const char *key, bool has, uint64_t value)
{
    if (has)
        json_u64(j, key, value);
    else
        json_null(j, key);
}

static void json_finding(const struct rule *rule, const struct finding *f, struct json *j)
{
    json_object(j, NULL);
    json_u64(j, "number", f->number);
    json_number_or_null(j, "explained_by", f->explained_by != 0, f->explained_by);
    json_string(j, "rule", rule->name);
    json_string(j, "severity", severity_words[f->severity]);
    json_string(j, "title", rule->title);
    json_string(j, "sentence", f->sentence);
    json_number_or_null(j, "bytes", f->has_bytes, f->bytes);
    json_number_or_null(j, "objects", f->has_objects, f->objects);
    if (f->object_id) {
        json_object(j, "object");
        json_id(j, "id", (uint64_t)f->object_id);
        json_string(j, "type", f->type);
        json_string(j, "path", f->path && *f->path ? f->path : NULL);
        json_end_object(j);
    } else {
        json_null(j, "object");
    }
    json_string(j, "cause", rule->cause);
    json_string(j, "remedy", rule->remedy);
    json_string(j, "evidence", f->evidence);
    json_end_object(j);
}

void findings_json(const struct findings *f, struct json *j)
{
    json_object(j, "count");
    for (int i = SEVERITY_ERROR; i >= SEVERITY_NOTE; i--)
        json_u64(j, severity_words[i], f->count[i]);
    json_end_object(j);
    json_array(j, "findings");
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->rules[i].n; k++)
            json_finding(&f->rules[i].rule, &f->rules[i].at[k], j);
    json_end_array(j);
    json_array(j, "rules");
    for (size_t i = 0; i < f->n; i++) {
        const struct rule_findings *r = &f->rules[i];
        json_object(j, NULL);
        json_string(j, "name", r->rule.name);
        json_string(j, "title", r->rule.title);
        json_u64(j, "findings", r->n + r->more + r->more_folded);
        json_string(j, "not_looked", r->skipped);
        json_string(j, "limits", r->rule.limits);
        json_end_object(j);
    }
    json_end_array(j);
}
