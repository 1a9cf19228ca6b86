/* SPDX-License-Identifier: MIT */
/* Variables of JavaScript by row; see the header. */
#include "db/diff_variable.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/variable.h"

struct diff_variables {
    const struct diff_rows *rows;
    uint32_t context; /* the type's number, HEAP_NONE: none */
    struct variables *variables;
};

int diff_variables_new(struct diff_variables **out, const struct diff_name_source *source)
{
    struct diff_variables *v = calloc(1, sizeof *v);
    *out = NULL;
    if (!v) return message_no_memory("names of variables");
    *v = (struct diff_variables){ .rows = source->rows, .context = HEAP_NONE };
    for (uint32_t i = 0; i < source->type_names->n; i++)
        if (strcmp(texts_get(source->type_names, i, NULL), VARIABLE_CONTEXT) == 0)
            v->context = i;
    if (variables_new(&v->variables, source->db)) {
        free(v);
        return STATUS_UNUSABLE;
    }
    *out = v;
    return 0;
}

void diff_variables_free(struct diff_variables *v)
{
    if (!v) return;
    variables_free(v->variables);
    free(v);
}

bool diff_variables_in(const struct diff_variables *v, uint32_t row)
{
    return v->context != HEAP_NONE && row != HEAP_NONE && v->rows->type[row] == v->context;
}

int diff_variables_label(struct diff_variables *v, uint32_t context, const char *name, size_t n,
                         struct text *out)
{
    return variables_label(v->variables, v->rows->first_id + (int64_t)context, name, n, out);
}
