/* SPDX-License-Identifier: MIT */
/* The limits as test cases; one whose name nothing has is skipped, so that a name that was changed
 * or mistyped is seen. Of the report a failure has the verdict and the owners that grew. */
#include <inttypes.h>

#include "cli/markup.h"
#include "cli/number.h"
#include "report/diff_report.h"

enum { OWNERS_TOLD = 10 };

static void owners(const struct diff_report *r, FILE *out)
{
    char size[NUMBER_MAX], count[NUMBER_MAX];
    for (uint32_t i = 0; i < r->n_lines && i < OWNERS_TOLD; i++) {
        const struct diff_line *l = &r->lines[i];
        if (diff_line_growth(l) <= 0) break;
        fprintf(out, "%12s %10s  ", number_delta(size, diff_line_growth(l)),
                number_count_delta(count, l->count_delta));
        markup_xml(out, l->kind == DIFF_LINE_REST ? "(other owners)" : l->path);
        if (l->type) fputs(" -&gt; ", out);
        markup_xml(out, l->type);
        fputs(l->accepted ? ", accepted\n" : "\n", out);
    }
}

static void failure(const struct diff_report *r, const struct diff_limit *l, FILE *out)
{
    char value[NUMBER_MAX];
    fprintf(out, ">\n      <failure type=\"limit\" message=\"it is %s\">",
            diff_limit_value(value, l));
    markup_xml(out, r->verdict.sentence);
    putc('\n', out);
    owners(r, out);
    fputs("</failure>\n    </testcase>\n", out);
}

int diff_print_junit(const struct diff_report *r, FILE *out)
{
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    uint32_t failures = 0, skipped = 0;
    for (uint32_t i = 0; i < r->n_limits; i++) {
        failures += r->limits[i].passed;
        skipped += !r->limits[i].passed && !r->limits[i].known;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
    fprintf(out, "<testsuites tests=\"%u\" failures=\"%u\">\n", r->n_limits, failures);
    fprintf(out, "  <testsuite name=\"snapdiff\" tests=\"%u\" failures=\"%u\" errors=\"0\""
                 " skipped=\"%u\">\n",
            r->n_limits, failures, skipped);
    fputs("    <properties>\n      <property name=\"a\" value=\"", out);
    markup_xml(out, a->path);
    fputs("\"/>\n      <property name=\"b\" value=\"", out);
    markup_xml(out, b->path);
    fprintf(out, "\"/>\n      <property name=\"verdict\" value=\"%s\"/>\n    </properties>\n",
            diff_verdict_name(r->verdict.kind));
    for (uint32_t i = 0; i < r->n_limits; i++) {
        fputs("    <testcase classname=\"snapdiff\" name=\"", out);
        markup_xml(out, r->limits[i].text);
        putc('"', out);
        if (r->limits[i].passed)
            failure(r, &r->limits[i], out);
        else if (!r->limits[i].known)
            fputs(">\n      <skipped message=\"nothing has this name: its growth counts as 0\"/>\n"
                  "    </testcase>\n",
                  out);
        else
            fputs("/>\n", out);
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
    return 0; /* errors of the stream are found when stdout is closed */
}
