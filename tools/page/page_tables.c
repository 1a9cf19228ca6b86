/* SPDX-License-Identifier: MIT */
/* The tables of the page, and the places that its script fills, as HTML. */
#include <inttypes.h>
#include <string.h>

#include "page/page_private.h"
#include "report/diff_words.h"

/* ---- where the memory is ---- */

static void memory_cell(FILE *out, bool known, int64_t bytes)
{
    if (!known)
        fputs("<td class=\"n\"></td>", out);
    else if (bytes < 0)
        page_cell_delta(out, bytes);
    else
        page_cell_size(out, (uint64_t)bytes);
}

static void memory_row(FILE *out, const struct diff_part_change *x, bool two, uint64_t whole,
                       int number)
{
    fprintf(out, "<tr><td class=\"key part-%d\"></td><td>", number);
    page_put(out, x->name);
    fprintf(out, "%s</td>", x->exact ? "" : " ~");
    if (two) memory_cell(out, x->has_a, x->a);
    memory_cell(out, x->has_b, x->b);
    if (two && x->has_a && x->has_b)
        page_cell_delta(out, x->b - x->a);
    else if (two)
        fputs("<td class=\"n\"></td>", out);
    fputs("<td class=\"share\">", out);
    page_bar(out, x->has_b && x->b > 0 ? (uint64_t)x->b : 0, whole);
    fputs("</td></tr>\n", out);
}

/* The parts one beside the other, for the eye. */
static void memory_strip(FILE *out, const struct diff_part_change *parts, uint32_t n, bool earlier,
                         uint64_t whole)
{
    double at = 0;
    fputs("<svg class=\"strip\" viewBox=\"0 0 1000 1\" preserveAspectRatio=\"none\" "
          "aria-hidden=\"true\">",
          out);
    for (uint32_t i = 0; i < n; i++) {
        bool has = earlier ? parts[i].has_a : parts[i].has_b;
        int64_t bytes = earlier ? parts[i].a : parts[i].b;
        double width = has && bytes > 0 && whole ? 1000.0 * (double)bytes / (double)whole : 0;
        if (width > 0)
            fprintf(out, "<rect class=\"part-%u\" x=\"%.2f\" width=\"%.2f\" height=\"1\"/>", i % 10,
                    at, width);
        at += width;
    }
    fputs("</svg>\n", out);
}

static uint64_t memory_whole(const struct diff_part_change *parts, uint32_t n, bool earlier)
{
    uint64_t whole = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool has = earlier ? parts[i].has_a : parts[i].has_b;
        int64_t bytes = earlier ? parts[i].a : parts[i].b;
        if (has && bytes > 0) whole += (uint64_t)bytes;
    }
    return whole;
}

static void memory_table(const struct page *p, const struct diff_part_change *parts, uint32_t n,
                         bool two)
{
    FILE *out = p->out;
    struct page_column columns[6] = { { "", false }, { "part", false } };
    size_t k = 2;
    bool inexact = false;
    bool rss = p->facts.rss >= 0 && (!two || p->request->diff->snapshots[0].rss >= 0);
    uint64_t a = two ? memory_whole(parts, n, true) : 0, b = memory_whole(parts, n, false);
    if (two) columns[k++] = (struct page_column){ "then", true };
    columns[k++] = (struct page_column){ "now", true };
    if (two) columns[k++] = (struct page_column){ "change", true };
    columns[k++] = (struct page_column){ "share", false };
    if (two) memory_strip(out, parts, n, true, a > b ? a : b);
    memory_strip(out, parts, n, false, a > b ? a : b);
    page_table(out, "memory-map", diff_words_memory(rss), columns, k);
    for (uint32_t i = 0; i < n && i < PAGE_ROWS; i++) {
        memory_row(out, &parts[i], two, b, (int)(i % 10));
        inexact = inexact || !parts[i].exact;
    }
    page_table_end(out);
    if (inexact)
        fputs("<p class=\"faint\">~ a difference of counters that were read at slightly different "
              "times</p>\n",
              out);
}

void page_memory(const struct page *p)
{
    const struct diff_report *d = p->request->diff;
    const struct diff_facts *f = &p->facts;
    struct diff_part_change parts[32];
    uint32_t n = 0;
    if (d ? d->n_parts == 0 : f->n_parts == 0) return;
    page_section(p->out, "memory", "Where the memory is");
    if (d) {
        memory_table(p, d->parts, d->n_parts, true);
    } else {
        for (; n < f->n_parts && n < 32; n++)
            parts[n] = (struct diff_part_change){ .name = f->parts[n].name, .has_b = true,
                                                  .b = f->parts[n].bytes,
                                                  .exact = f->parts[n].exact };
        memory_table(p, parts, n, false);
    }
    if (f->rss >= 0) {
        char size[NUMBER_MAX];
        fprintf(p->out, "<p>Resident in all: %s.</p>\n",
                number_size(size, (uint64_t)f->rss));
    }
    page_section_end(p->out);
}

/* ---- largest objects, types, globals ---- */

enum { LIST_COLUMNS = 9 };

/* A table of a list: its columns, and where there is native memory one for it after what is
 * retained in the heap. */
static void list_table(FILE *out, const char *id, const char *caption,
                       const struct page_column *columns, size_t n, const struct top_list *list)
{
    struct page_column all[LIST_COLUMNS];
    size_t k = 0;
    for (size_t i = 0; i < n && k + 1 < LIST_COLUMNS; i++) {
        all[k++] = columns[i];
        if (list->whole_native && strcmp(columns[i].title, "retained") == 0)
            all[k++] = (struct page_column){ "outside heap", true };
    }
    page_table(out, id, caption, all, k);
}

/* The cells retained, share, shallow and objects of a row; with native memory, one for it and a
 * share of both. */
static void amounts(FILE *out, const struct top_row *x, const struct top_list *list)
{
    page_cell_size(out, x->retained_size);
    if (list->whole_native) page_cell_size(out, x->retained_native);
    fputs("<td class=\"share\">", out);
    page_bar(out, top_retained(x), top_whole(list));
    fputs("</td>", out);
    page_cell_size(out, x->shallow_size);
    page_cell_count(out, x->n);
}

void page_objects(const struct page *p)
{
    static const struct page_column columns[] = { { "object", false }, { "retained", true },
                                                  { "share", false },  { "shallow", true },
                                                  { "objects", true }, { "type", false },
                                                  { "path or name", false } };
    FILE *out = p->out;
    page_section(out, "objects", "Largest objects");
    list_table(out, "object-table", "The objects that keep most memory alive", columns,
               sizeof columns / sizeof *columns, &p->objects);
    for (size_t i = 0; i < p->objects.n; i++) {
        const struct top_row *x = &p->objects.rows[i];
        fputs("<tr><td>", out);
        page_object(out, x->id);
        fputs("</td>", out);
        amounts(out, x, &p->objects);
        page_cell_name(out, x->name);
        fputs("<td class=\"name\"><code>", out);
        page_put_words(out, x->detail, PAGE_WORDS);
        fputs("</code></td></tr>\n", out);
    }
    page_table_end(out);
    page_section_end(out);
}

/* The rows beyond those shown, as one. */
static void rest_row(FILE *out, const struct top_list *list, size_t shown, const char *what)
{
    struct top_row rest = { 0 };
    char count[NUMBER_MAX];
    if (shown >= list->n) return;
    for (size_t i = shown; i < list->n; i++) {
        rest.n += list->rows[i].n;
        rest.shallow_size += list->rows[i].shallow_size;
    }
    fputs("<tr class=\"rest\"><td class=\"n\"></td><td></td>", out);
    if (list->whole_native) fputs("<td></td>", out);
    page_cell_size(out, rest.shallow_size);
    page_cell_count(out, rest.n);
    fprintf(out, "<td class=\"name\">%s more %s%s</td></tr>\n", number_count(count, list->n - shown),
            what, list->n - shown == 1 ? "" : "s");
}

void page_type_table(const struct page *p)
{
    static const struct page_column columns[] = { { "retained", true },
                                                  { "share", false },
                                                  { "shallow", true },
                                                  { "objects", true },
                                                  { "type", false } };
    FILE *out = p->out;
    size_t n = p->types.n < PAGE_ROWS ? p->types.n : PAGE_ROWS;
    page_section(out, "types", "Types");
    fputs("<p>A type retains what its topmost objects do, so nothing counts twice within it; types "
          "may hold each other. The columns shallow and objects add up to the live heap.</p>\n",
          out);
    list_table(out, "type-table", "Types of the live objects", columns,
               sizeof columns / sizeof *columns, &p->types);
    for (size_t i = 0; i < n; i++) {
        const struct top_row *x = &p->types.rows[i];
        fputs("<tr>", out);
        amounts(out, x, &p->types);
        page_cell_name(out, x->name);
        fputs("</tr>\n", out);
    }
    rest_row(out, &p->types, n, "type");
    page_table_end(out);
    page_section_end(out);
}

void page_globals(const struct page *p)
{
    static const struct page_column columns[] = { { "retained", true }, { "share", false },
                                                  { "shallow", true },  { "objects", true },
                                                  { "variable", false } };
    FILE *out = p->out;
    if (p->globals.n == 0) return;
    page_section(out, "globals", "Global variables");
    list_table(out, "global-table", "Global variables by what they keep alive", columns,
               sizeof columns / sizeof *columns, &p->globals);
    for (size_t i = 0; i < p->globals.n && i < PAGE_OBJECTS; i++) {
        const struct top_row *x = &p->globals.rows[i];
        fputs("<tr>", out);
        amounts(out, x, &p->globals);
        fputs("<td class=\"name\"><code>", out);
        page_put(out, x->name);
        fputs("</code> ", out);
        page_put(out, x->detail);
        if (x->id) fputs(" ", out);
        if (x->id) page_object(out, x->id);
        fputs("</td></tr>\n", out);
    }
    page_table_end(out);
    page_section_end(out);
}

/* ---- what the script fills ---- */

static void needs_script(FILE *out, const char *instead)
{
    fprintf(out, "<noscript><p>This part needs JavaScript; %s.</p></noscript>\n", instead);
}

void page_tree_section(const struct page *p)
{
    FILE *out = p->out;
    page_section(out, "tree", "What keeps what alive");
    fputs("<p>The dominator tree: below each object what would be freed with it, as wide as it is "
          "large. Small objects of one type stand together; what is smaller still is hatched. "
          "<span class=\"keys\">Arrow keys walk, <kbd>Enter</kbd> goes in, <kbd>Esc</kbd> goes "
          "out.</span></p>\n",
          out);
    needs_script(out, "<code>snaptop</code> and <code>snapshow</code> show the same");
    fputs("<div id=\"tree-view\" hidden></div>\n", out);
    page_section_end(out);
}

void page_sites_section(const struct page *p)
{
    FILE *out = p->out;
    bool python = p->facts.runtime && strcmp(p->facts.runtime, "cpython") == 0;
    page_section(out, "sites", "Where it was allocated");
    if (p->sites.n + p->native.n == 0) {
        fprintf(out, "<p>Not recorded in this snapshot%s.</p>\n",
                python ? "; start the program with <code>PYTHONTRACEMALLOC=10</code> (slower, more "
                         "memory) to see the lines of code"
                       : "");
    } else {
        fputs("<p>Calls from the outermost down, as wide as what was allocated below them and is "
              "still there (shallow).</p>\n",
              out);
        needs_script(out, "<code>snaptop --by site</code> shows the same");
    }
    if (p->sites.n) fputs("<div id=\"sites-view\" hidden></div>\n", out);
    if (p->native.n)
        fputs("<h3>Native blocks</h3>\n<div id=\"native-view\" hidden></div>\n", out);
    page_section_end(out);
}

void page_path_section(const struct page *p)
{
    FILE *out = p->out;
    page_section(out, "path", "Why is it alive");
    needs_script(out, "<code>snappath FILE '#NUMBER'</code> shows the same");
    fputs("<div id=\"path-view\" hidden></div>\n", out);
    page_section_end(out);
}

/* ---- head and foot ---- */

static void fact(FILE *out, const char *name, const char *value)
{
    if (!value) return;
    fprintf(out, "<div><dt>%s</dt><dd>", name);
    page_put(out, value);
    fputs("</dd></div>\n", out);
}

static void fact_amount(FILE *out, const char *name, int64_t bytes, int64_t objects)
{
    char size[NUMBER_MAX], count[NUMBER_MAX];
    fprintf(out, "<div><dt>%s</dt><dd>%s", name, number_size(size, subject_size(bytes)));
    if (objects >= 0)
        fprintf(out, " in %s objects", number_count(count, subject_size(objects)));
    fputs("</dd></div>\n", out);
}

static void when(FILE *out, const char *name, const struct heapdb_snapshot *s)
{
    char time[NUMBER_MAX];
    if (s->has_time && s->captured_at > -9e9 && s->captured_at < 9e9)
        fact(out, name, number_time(time, (int64_t)(s->captured_at * 1e3 + 0.5) * 1000000));
}

/* "shop 1.2", or the runtime, or the file. */
static void title(const struct page *p)
{
    const struct diff_facts *f = &p->facts;
    page_put(p->out, f->service ? f->service : f->runtime ? f->runtime : "heap");
    if (f->service && f->version) fputs(" ", p->out);
    if (f->service) page_put(p->out, f->version);
}

void page_head(const struct page *p)
{
    const struct diff_facts *f = &p->facts;
    const struct heapdb_snapshot *s = p->s->snapshot;
    FILE *out = p->out;
    char pid[NUMBER_MAX], duration[NUMBER_MAX];
    fputs("<header>\n<h1>", out);
    title(p);
    fputs("<span class=\"sub\"> heap report</span></h1>\n<dl class=\"facts\">\n", out);
    fact_amount(out, "live", s->live_size, s->n_live);
    if (s->n_garbage > 0) fact_amount(out, "garbage", s->garbage_size, s->n_garbage);
    if (f->native_size >= 0) fact_amount(out, "native", f->native_size, -1);
    fact(out, "runtime", f->runtime);
    fact(out, "runtime version", f->runtime_version);
    if (s->pid) {
        snprintf(pid, sizeof pid, "%" PRId64, s->pid);
        fact(out, "process", pid);
    }
    fact(out, "host", f->host);
    when(out, "captured", s);
    if (p->request->diff && p->request->diff->has_interval && p->request->diff->interval > 0 &&
        p->request->diff->interval < 1e9)
        fact(out, "after the earlier one",
             number_duration(duration, (uint64_t)(p->request->diff->interval * 1e9)));
    fact(out, "file", p->s->db->path);
    if (p->request->base) fact(out, "compared with", p->request->base->db->path);
    fputs("</dl>\n", out);
    if (!s->complete)
        fputs("<p class=\"warn\">The capture is incomplete: what is missing may hold or be held by "
              "what is here.</p>\n",
              out);
    fputs("</header>\n", out);
}

void page_foot(const struct page *p)
{
    FILE *out = p->out;
    char folded[NUMBER_MAX], whole[NUMBER_MAX], share[NUMBER_MAX];
    uint64_t bytes = p->tree.n ? p->tree.at[0].bytes : 0, rest = page_tree_folded(&p->tree);
    fprintf(out,
            "<footer><p>What is small is folded, so that the page stays small: of the dominator "
            "tree %s of %s (%s). The tools show all of it: <code>snapsql</code>, "
            "<code>snaptop</code>, <code>snapshow</code>, <code>snappath</code>.</p></footer>\n",
            number_size(folded, rest), number_size(whole, bytes),
            number_percent(share, rest, bytes));
}
