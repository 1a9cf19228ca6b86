/* SPDX-License-Identifier: MIT */
/* One HTML page about a snapshot; page.h. */
#include "page/page.h"

#include <stdlib.h>

#include "cli/message.h"
#include "page/assets.h"
#include "page/page_private.h"

/* ---- what is read ---- */

static int load_list(struct page *p, enum top_by by, size_t n, struct top_list *out)
{
    struct top_request request = { .by = by, .n = n, .depth = 1 };
    return top_list_load(p->s, &request, out);
}

static int add_path(struct page *p, int64_t id)
{
    uint32_t step;
    return id > 0 ? page_paths_add(&p->paths, id, &step) : STATUS_DONE;
}

/* Paths of all objects that the tables name. */
static int add_paths(struct page *p)
{
    const struct findings *f = p->request->findings;
    const struct diff_report *d = p->request->diff;
    int status = STATUS_DONE;
    for (size_t i = 0; !status && i < f->n; i++)
        for (size_t k = 0; !status && k < f->rules[i].n; k++)
            status = add_path(p, f->rules[i].at[k].object_id);
    for (uint32_t i = 0; d && !status && i < d->n_lines && i < PAGE_ROWS; i++) {
        if (d->lines[i].kind == DIFF_LINE_OWNER) status = add_path(p, d->lines[i].b_id);
        for (uint32_t k = 0; !status && k < d->lines[i].n_held && k < 5; k++)
            status = add_path(p, d->lines[i].held[k].example_b);
    }
    for (size_t i = 0; !status && i < p->objects.n; i++) status = add_path(p, p->objects.rows[i].id);
    for (size_t i = 0; !status && i < p->globals.n; i++) status = add_path(p, p->globals.rows[i].id);
    return status;
}

static int load(struct page *p)
{
    struct subject *s = p->s;
    int status = diff_facts_read(s->db, s->snapshot, &p->texts, &p->facts);
    if (!status) status = page_types_load(s, &p->type_names);
    if (!status) status = load_list(p, TOP_TYPE, SIZE_MAX, &p->types);
    if (!status) status = load_list(p, TOP_OBJECT, PAGE_OBJECTS, &p->objects);
    if (!status) status = load_list(p, TOP_GLOBAL, PAGE_OBJECTS, &p->globals);
    if (!status)
        status = page_heap_load(s, &p->type_names, &p->names, PAGE_TREE_BYTES, &p->tree);
    if (!status) status = page_paths_begin(&p->paths, s, &p->names, PAGE_PATH_BYTES);
    if (!status) status = add_paths(p);
    if (!status) status = page_paths_label(&p->paths, &p->tree);
    if (!status) status = page_sites_load(s, false, &p->names, PAGE_SITE_BYTES, &p->sites);
    if (!status) status = page_sites_load(s, true, &p->names, PAGE_SITE_BYTES, &p->native);
    if (!status && (p->texts.failed || p->names.failed)) status = message_no_memory("the page");
    return status;
}

static void unload(struct page *p)
{
    page_paths_free(&p->paths);
    page_tree_free(&p->tree);
    page_tree_free(&p->sites);
    page_tree_free(&p->native);
    page_names_free(&p->names);
    page_types_free(&p->type_names);
    top_list_free(&p->types);
    top_list_free(&p->objects);
    top_list_free(&p->globals);
    diff_facts_free(&p->facts);
    texts_free(&p->texts);
}

/* ---- what is written ---- */

static void policy(FILE *out)
{
    fputs("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "script-src 'sha256-",
          out);
    page_base64(out, page_js_sha256);
    fputs("'; style-src 'sha256-", out);
    page_base64(out, page_css_sha256);
    fputs("'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
          "trusted-types 'none'\">\n",
          out);
}

static void contents(const struct page *p)
{
    static const struct {
        const char *id, *title;
    } parts[] = { { "verdict", "Verdict" },   { "findings", "Findings" },  { "growth", "Growth" },
                  { "memory", "Memory" },     { "tree", "Tree" },          { "objects", "Objects" },
                  { "globals", "Globals" },   { "types", "Types" },        { "sites", "Sites" },
                  { "path", "Path" } };
    bool memory = p->request->diff ? p->request->diff->n_parts != 0 : p->facts.n_parts != 0;
    fputs("<nav aria-label=\"Contents\"><ul>", p->out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if ((i == 2 && !p->request->diff) || (i == 3 && !memory) || (i == 6 && !p->globals.n))
            continue;
        fprintf(p->out, "<li><a href=\"#%s\">%s</a></li>", parts[i].id, parts[i].title);
    }
    fputs("</ul><div id=\"search\" hidden></div></nav>\n", p->out);
}

static int put_page(struct page *p, struct page_result *result)
{
    FILE *out = p->out;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
    policy(out);
    fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n<title>",
          out);
    page_put(out, p->facts.service ? p->facts.service : p->s->db->path);
    fputs(": heap report</title>\n<style>", out);
    fputs(page_css, out);
    fputs("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#verdict\">Skip to the verdict</a>\n",
          out);
    page_head(p);
    contents(p);
    fputs("<main>\n", out);
    page_verdict(p);
    page_findings(p);
    page_growth(p);
    page_memory(p);
    page_tree_section(p);
    page_path_section(p);
    page_objects(p);
    page_globals(p);
    page_type_table(p);
    page_sites_section(p);
    fputs("</main>\n", out);
    page_foot(p);
    int status = page_data(p, result);
    fputs("<script>", out);
    fputs(page_js, out);
    fputs("</script>\n</body>\n</html>\n", out);
    return status;
}

int page_write(const struct page_request *request, FILE *out, struct page_result *result)
{
    struct page p = { .request = request, .s = request->subject };
    char *text = NULL;
    size_t n = 0;
    *result = (struct page_result){ 0 };
    int status = load(&p);
    if (!status) p.out = open_memstream(&text, &n);
    if (!status && !p.out) status = message_no_memory("the page");
    if (!status) status = put_page(&p, result);
    if (p.out) {
        bool failed = ferror(p.out) != 0;
        if ((fclose(p.out) != 0 || failed) && !status) status = message_no_memory("the page");
    }
    if (!status && n > PAGE_BYTES_MOST)
        status = message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the page became %zu bytes large", n);
    if (!status) {
        fwrite(text, 1, n, out); /* errors are found when the output is published */
        result->bytes = n;
    }
    free(text);
    unload(&p);
    return status;
}
