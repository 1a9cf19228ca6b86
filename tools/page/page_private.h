/* SPDX-License-Identifier: MIT */
/* Shared by the files that write the page: what was read for it, and the marks that it is made of.
 * Functions that return an int print their error and return 0 or STATUS_UNUSABLE. */
#ifndef SNAP_TOOLS_PAGE_PAGE_PRIVATE_H
#define SNAP_TOOLS_PAGE_PAGE_PRIVATE_H

#include "page/page.h"
#include "page/page_heap.h"
#include "page/page_path.h"
#include "page/page_sites.h"
#include "page/page_text.h"
#include "report/top.h"

/* What each part of the data may take of the page. */
enum {
    PAGE_TREE_BYTES = 700000,
    PAGE_PATH_BYTES = 700000,
    PAGE_SITE_BYTES = 350000,
    PAGE_TYPE_BYTES = 350000,
    PAGE_TYPE_ROWS = 5000
};
/* Rows of the tables that are HTML. */
enum { PAGE_ROWS = 100, PAGE_OBJECTS = 50, PAGE_WORDS = 500 };

struct page {
    const struct page_request *request;
    struct subject *s;
    FILE *out;
    struct texts texts;      /* of facts */
    struct diff_facts facts;
    struct page_types type_names;
    struct page_names names; /* of the data */
    struct page_tree tree, sites, native;
    struct page_paths paths;
    struct top_list types, objects, globals;
};

/* ---- marks (page_html.c) ---- */

/** A heading and its place in the table of contents. */
void page_section(FILE *out, const char *id, const char *title);
void page_section_end(FILE *out);

struct page_column {
    const char *title;
    bool number;
};

/** A table with a caption that is read aloud, and its head. */
void page_table(FILE *out, const char *id, const char *caption, const struct page_column *columns,
                size_t n);
void page_table_end(FILE *out);

/** A cell with a size, a count, a change; `data-v` holds the exact number. */
void page_cell_size(FILE *out, uint64_t bytes);
void page_cell_count(FILE *out, uint64_t n);
void page_cell_delta(FILE *out, int64_t bytes);
void page_cell_count_delta(FILE *out, int64_t n);
/** A cell with a name. */
void page_cell_name(FILE *out, const char *name);

/** A bar of `part` of `whole`, for the eye alone. */
void page_bar(FILE *out, uint64_t part, uint64_t whole);

/** An object by its number, which the script makes a button that shows its path. */
void page_object(FILE *out, int64_t id);

/* ---- parts of the page ---- */

void page_head(const struct page *p);
void page_verdict(const struct page *p);
void page_findings(const struct page *p);
void page_growth(const struct page *p);
void page_memory(const struct page *p);
void page_tree_section(const struct page *p);
void page_objects(const struct page *p);
void page_type_table(const struct page *p);
void page_globals(const struct page *p);
void page_sites_section(const struct page *p);
void page_path_section(const struct page *p);
void page_foot(const struct page *p);

/** The data of the script. */
int page_data(struct page *p, struct page_result *result);

#endif
