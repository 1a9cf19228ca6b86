/* SPDX-License-Identifier: MIT */
/* The data of the page's script: one JSON document in an element that is not run. */
#include <stdlib.h>

#include "cli/message.h"
#include "page/page_private.h"

/* Types, as many as there is room for; of the others what they add up to. */
static void type_data(struct page *p, struct json *j, struct page_result *result)
{
    const struct top_list *list = &p->types;
    uint64_t end = p->names.bytes + PAGE_TYPE_BYTES, rest_n = 0, rest_bytes = 0;
    size_t n = 0;
    json_object(j, "types");
    json_array(j, "name");
    for (; n < list->n && n < PAGE_TYPE_ROWS && p->names.bytes < end; n++)
        json_u64(j, NULL, page_names_add(&p->names, list->rows[n].name));
    json_end_array(j);
#define COLUMN(key, member)                                                                        \
    json_array(j, key);                                                                            \
    for (size_t i = 0; i < n; i++) json_u64(j, NULL, list->rows[i].member);                        \
    json_end_array(j)
    COLUMN("n", n);
    COLUMN("shallow", shallow_size);
    COLUMN("retained", retained_size);
    if (list->whole_native) {
        COLUMN("native", retained_native);
    }
#undef COLUMN
    for (size_t i = n; i < list->n; i++) {
        rest_n += list->rows[i].n;
        rest_bytes += list->rows[i].shallow_size;
    }
    json_u64(j, "rest", list->n - n);
    json_u64(j, "rest_n", rest_n);
    json_u64(j, "rest_shallow", rest_bytes);
    json_end_object(j);
    result->types = n;
    result->types_folded = list->n - n;
}

static void document(struct page *p, struct json *j, struct page_result *result)
{
    json_object(j, NULL);
    json_bool(j, "exact", number_exact());
    json_string(j, "runtime", p->facts.runtime);
    json_u64(j, "live", p->types.whole);
    json_u64(j, "live_native", p->types.whole_native);
    page_tree_json(&p->tree, j, "tree");
    if (p->sites.n) page_tree_json(&p->sites, j, "sites");
    if (p->native.n) page_tree_json(&p->native, j, "native");
    page_paths_json(&p->paths, j, "paths");
    type_data(p, j, result);
    page_names_json(&p->names, j, "names");
    json_end_object(j);
}

int page_data(struct page *p, struct page_result *result)
{
    struct json j;
    char *text = NULL;
    size_t n = 0;
    FILE *stream = open_memstream(&text, &n);
    if (!stream) return message_no_memory("the page");
    json_line(&j, stream);
    document(p, &j, result);
    int wrong = json_finish(&j);
    bool failed = fclose(stream) != 0 || wrong == JSON_IO || p->names.failed;
    if (!failed) {
        fputs("<script type=\"application/json\" id=\"data\">", p->out);
        page_json(p->out, text, n);
        fputs("</script>\n", p->out);
    }
    free(text);
    if (failed) return message_no_memory("the page");
    if (wrong)
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the page's data came out wrong");
    result->tree_nodes = p->tree.n;
    result->tree_bytes = p->tree.n ? p->tree.at[0].bytes : 0;
    result->tree_folded = page_tree_folded(&p->tree);
    result->sites = p->sites.n + p->native.n;
    result->paths = p->paths.n;
    return STATUS_DONE;
}
