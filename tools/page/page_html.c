/* SPDX-License-Identifier: MIT */
/* The marks that the page is made of; page_private.h. */
#include <inttypes.h>

#include "page/page_private.h"

void page_section(FILE *out, const char *id, const char *title)
{
    fprintf(out, "<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 id=\"h-%s\">%s</h2>\n", id, id,
            id, title);
}

void page_section_end(FILE *out)
{
    fputs("</section>\n", out);
}

void page_table(FILE *out, const char *id, const char *caption, const struct page_column *columns,
                size_t n)
{
    fprintf(out, "<div class=\"wide\"><table id=\"%s\"><caption>%s</caption>\n<thead><tr>", id,
            caption);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "<th scope=\"col\"%s>%s</th>", columns[i].number ? " class=\"n\"" : "",
                columns[i].title);
    fputs("</tr></thead>\n<tbody>\n", out);
}

void page_table_end(FILE *out)
{
    fputs("</tbody></table></div>\n", out);
}

static void cell(FILE *out, const char *shown, int64_t exact)
{
    const char *change = *shown == '+' ? " up" : *shown == '-' ? " down" : "";
    fprintf(out, "<td class=\"n%s\" data-v=\"%" PRId64 "\">%s</td>", change, exact, shown);
}

void page_cell_size(FILE *out, uint64_t bytes)
{
    char text[NUMBER_MAX];
    cell(out, number_size(text, bytes), (int64_t)bytes);
}

void page_cell_count(FILE *out, uint64_t n)
{
    char text[NUMBER_MAX];
    cell(out, number_count(text, n), (int64_t)n);
}

void page_cell_delta(FILE *out, int64_t bytes)
{
    char text[NUMBER_MAX];
    cell(out, number_delta(text, bytes), bytes);
}

void page_cell_count_delta(FILE *out, int64_t n)
{
    char text[NUMBER_MAX];
    cell(out, number_count_delta(text, n), n);
}

void page_cell_name(FILE *out, const char *name)
{
    fputs("<td class=\"name\">", out);
    page_put(out, name);
    fputs("</td>", out);
}

void page_bar(FILE *out, uint64_t part, uint64_t whole)
{
    double width = whole ? 100.0 * (double)part / (double)whole : 0;
    fprintf(out,
            "<svg class=\"bar\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" "
            "aria-hidden=\"true\"><rect width=\"%.2f\" height=\"1\"/></svg>",
            width > 100 ? 100 : width);
}

void page_object(FILE *out, int64_t id)
{
    fprintf(out, "<span class=\"object\" data-object=\"%" PRId64 "\">#%" PRId64 "</span>", id, id);
}
