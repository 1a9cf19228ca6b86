/* SPDX-License-Identifier: MIT */
/* The verdict, and the findings of the rules, as HTML. */
#include <string.h>

#include "cli/message.h"
#include "leak/fold.h"
#include "page/page_private.h"

/* Of a query that shows a finding; of words of the rules. */
enum { QUERY_BYTES = 1000, RULE_BYTES = 4000 };

static void put_number(FILE *out, uint64_t n, const char *word)
{
    char count[NUMBER_MAX];
    fprintf(out, "%s %s%s", number_count(count, n), word, n == 1 ? "" : "s");
}

static void counts(FILE *out, const struct findings *f)
{
    put_number(out, f->count[SEVERITY_ERROR], "error");
    fputs(", ", out);
    put_number(out, f->count[SEVERITY_WARNING], "warning");
    fputs(", ", out);
    put_number(out, f->count[SEVERITY_NOTE], "note");
}

static void paragraph(FILE *out, const char *class, const char *words)
{
    if (!words || !*words) return;
    fprintf(out, "<p class=\"%s\">", class);
    page_put_words(out, words, PAGE_WORDS);
    fputs("</p>\n", out);
}

static void one_snapshot(const struct page *p)
{
    FILE *out = p->out;
    char size[NUMBER_MAX], share[NUMBER_MAX];
    const bool native = p->objects.whole_native > 0;
    fputs("<p class=\"sentence\">", out);
    if (p->objects.n) {
        const struct top_row *x = &p->objects.rows[0];
        fputs("The largest object is ", out);
        page_put(out, x->detail ? x->detail : x->name);
        fputs(" (", out);
        page_put(out, x->name);
        fprintf(out, "): %s", number_size(size, x->retained_size));
        if (x->retained_native)
            fprintf(out, " and %s outside the heap", number_size(size, x->retained_native));
        fprintf(out, ", %s of the live heap%s.",
                number_percent(share, top_retained(x), top_whole(&p->objects)),
                native ? " and the memory outside it" : "");
    } else {
        fputs("There are no live objects.", out);
    }
    fputs("</p>\n<p>One snapshot shows what is large, not what grows: with an earlier one, "
          "<code>snapreport LATER EARLIER</code>, this page says what grew and who owns it.</p>\n",
          out);
}

void page_verdict(const struct page *p)
{
    const struct diff_report *d = p->request->diff;
    FILE *out = p->out;
    page_section(out, "verdict", "Verdict");
    if (d) {
        const struct diff_verdict *v = &d->verdict;
        fprintf(out, "<div class=\"verdict %s\" data-kind=\"%s\">\n",
                v->kind == DIFF_NO_GROWTH ? "good" : "bad", diff_verdict_name(v->kind));
        paragraph(out, "sentence", v->sentence);
        paragraph(out, "advice", v->advice);
        paragraph(out, "rule", v->rule);
    } else {
        fputs("<div class=\"verdict\" data-kind=\"one-snapshot\">\n", out);
        one_snapshot(p);
    }
    fputs("<p><a href=\"#findings\">", out);
    counts(out, p->request->findings);
    fputs("</a></p>\n</div>\n", out);
    for (uint32_t i = 0; d && i < d->n_warnings && i < PAGE_ROWS; i++)
        paragraph(out, "warn", d->warnings[i]);
    page_section_end(out);
}

/* What other rules say of the same, a line each. */
static void folded(const struct page *p, const struct finding *f)
{
    const struct findings *all = p->request->findings;
    for (size_t i = 0; i < all->n; i++) {
        const struct rule_findings *r = &all->rules[i];
        uint64_t more;
        const struct finding *first = fold_first(r, f->number, &more);
        if (!first) continue;
        fprintf(p->out, "<div class=\"also\">also %s: ", r->rule.title);
        page_put_words(p->out, first->sentence, PAGE_WORDS);
        if (more) fprintf(p->out, ", and %llu more", (unsigned long long)more);
        fputs("</div>", p->out);
    }
}

static void finding(const struct page *p, const struct finding *f)
{
    FILE *out = p->out;
    fprintf(out, "<li><span class=\"badge %s\">%s</span> <span class=\"found-what\">",
            severity_words[f->severity], severity_words[f->severity]);
    page_put_words(out, f->sentence, PAGE_WORDS);
    fputs("</span>", out);
    if (f->object_id) {
        fputs("<div class=\"where\"><code>", out);
        page_put_words(out, f->path && *f->path ? f->path : f->type, PAGE_WORDS);
        fputs("</code> ", out);
        page_object(out, f->object_id);
        fputs("</div>", out);
    }
    folded(p, f);
    if (f->evidence) {
        fputs("<details><summary>query that shows it</summary><pre>", out);
        page_put_words(out, f->evidence, QUERY_BYTES);
        fputs("</pre></details>", out);
    }
    fputs("</li>\n", out);
}

static void rule(const struct page *p, const struct rule_findings *r)
{
    FILE *out = p->out;
    char count[NUMBER_MAX];
    fprintf(out, "<article class=\"rule %s\" data-rule=\"%s\"><h3>%s <code>%s</code></h3>\n<ul>\n",
            severity_words[r->severity], r->rule.name, r->rule.title, r->rule.name);
    for (size_t i = 0; i < r->n; i++)
        if (!r->at[i].explained_by) finding(p, &r->at[i]);
    fputs("</ul>\n", out);
    if (r->more)
        fprintf(out, "<p class=\"more\">and %s more; <code>snapleak --all</code> shows all</p>\n",
                number_count(count, r->more));
    fputs("<p><b>Why.</b> ", out);
    page_put_words(out, r->rule.cause, RULE_BYTES);
    fputs(".</p>\n<p><b>What to do.</b> ", out);
    page_put_words(out, r->rule.remedy, RULE_BYTES);
    if (r->rule.limits) {
        fputs(".</p>\n<p><b>What it cannot tell.</b> ", out);
        page_put_words(out, r->rule.limits, RULE_BYTES);
    }
    fputs(".</p>\n</article>\n", out);
}

void page_findings(const struct page *p)
{
    const struct findings *f = p->request->findings;
    FILE *out = p->out;
    bool any = false;
    page_section(out, "findings", "Findings");
    fputs("<p>", out);
    counts(out, f);
    fputs(".</p>\n", out);
    for (size_t i = 0; i < f->n; i++)
        if (!f->rules[i].skipped && f->rules[i].n_own + f->rules[i].more) rule(p, &f->rules[i]);
    for (size_t i = 0; i < f->n; i++) {
        const struct rule_findings *r = &f->rules[i];
        if (r->skipped || r->n + r->more + r->more_folded) continue;
        fprintf(out, "%s%s", any ? ", " : "<p class=\"faint\">Nothing found by: ", r->rule.title);
        any = true;
    }
    if (any) fputs(".</p>\n", out);
    for (size_t i = 0; i < f->n; i++) {
        const struct rule_findings *r = &f->rules[i];
        if (r->skipped && !strstr(r->skipped, "other runtimes"))
            fprintf(out, "<p class=\"faint\">Not looked for: %s: it %s.</p>\n", r->rule.title,
                    r->skipped);
    }
    page_section_end(out);
}
