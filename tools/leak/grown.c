/* SPDX-License-Identifier: MIT */
/* What grew, as a table; grown.h. */
#include "leak/grown.h"

#include <stdlib.h>

#include "cli/message.h"
#include "leak/made_table.h"
#include "report/diff_report.h"

struct grown {
    struct subject *subject, *base;
    struct made_table table;
    struct diff_report own;
    bool compared;                    /* own is to be freed */
    const struct diff_report *report; /* own, or one that was made already */
    uint32_t n; /* lines of the report that are owners; they come in their order */
    const struct diff_line **lines;
};

/* In the order of the declaration. */
enum column {
    COLUMN_NAME, COLUMN_TYPE, COLUMN_SIGNATURE, COLUMN_GROWTH, COLUMN_OBJECTS, COLUMN_RATE,
    COLUMN_HELD_TYPE, COLUMN_HELD_COUNT, COLUMN_ABOUT, COLUMN_OBJECT_ID, COLUMN_VERDICT,
    COLUMN_BRINGS, COLUMN_FOLLOWS
};
static const char declaration[] =
    "CREATE TABLE grown (name TEXT, type TEXT, signature TEXT, growth INTEGER, objects INTEGER,"
    " rate INTEGER, held_type TEXT, held_count INTEGER, about TEXT, object_id INTEGER,"
    " verdict TEXT, brings INTEGER, follows INTEGER)";

static int compare(void *opaque)
{
    struct grown *g = opaque;
    if (!g->base) return STATUS_DONE;
    const struct diff_options options = { .top = UINT64_MAX, .min_size = 1 };
    const struct diff_input inputs[2] = { { g->base->db, g->base->snapshot },
                                          { g->subject->db, g->subject->snapshot } };
    if (!g->report) {
        int status = diff_build(inputs, 2, &options, &g->own);
        if (status) return status;
        g->compared = true;
        g->report = &g->own;
    }
    g->lines = calloc((size_t)g->report->n_lines + 1, sizeof *g->lines);
    if (!g->lines) return message_no_memory("what grew");
    /* Rests and garbage are no owners. */
    for (uint32_t i = 0; i < g->report->n_lines; i++) {
        const struct diff_line *line = &g->report->lines[i];
        if (line->kind == DIFF_LINE_OWNER || line->kind == DIFF_LINE_LIVE) g->lines[g->n++] = line;
    }
    return STATUS_DONE;
}

static uint64_t rows(void *opaque)
{
    return ((const struct grown *)opaque)->n;
}

static void give_held(sqlite3_context *c, const struct diff_line *line, enum column column)
{
    if (!line->n_held) return;
    const struct diff_held *held = &line->held[0];
    if (column == COLUMN_HELD_TYPE) made_table_text(c, held->type);
    if (column == COLUMN_HELD_COUNT) sqlite3_result_int64(c, held->told_delta);
    if (column == COLUMN_ABOUT) made_table_text(c, held->about);
}

static void give(void *opaque, uint64_t row, int column, sqlite3_context *c)
{
    const struct grown *g = opaque;
    const struct diff_line *line = g->lines[row];
    bool owner = line->kind == DIFF_LINE_OWNER;
    switch (column) {
    case COLUMN_NAME: made_table_text(c, diff_line_is_named(line) ? line->path : "new roots"); break;
    case COLUMN_TYPE: made_table_text(c, owner ? line->type : NULL); break;
    case COLUMN_SIGNATURE: made_table_text(c, line->signature); break;
    case COLUMN_GROWTH: sqlite3_result_int64(c, diff_line_growth(line)); break;
    case COLUMN_OBJECTS: sqlite3_result_int64(c, line->count_delta); break;
    case COLUMN_RATE:
        if (line->has_rate) sqlite3_result_int64(c, (int64_t)line->rate);
        break;
    case COLUMN_OBJECT_ID:
        if (owner && line->b_id) sqlite3_result_int64(c, line->b_id);
        break;
    case COLUMN_VERDICT: made_table_text(c, diff_verdict_name(g->report->verdict.kind)); break;
    case COLUMN_BRINGS: sqlite3_result_int64(c, line->brings); break;
    case COLUMN_FOLLOWS: sqlite3_result_int64(c, line->follows); break;
    default: give_held(c, line, (enum column)column); break;
    }
}

int grown_new(struct grown **out, struct subject *subject, struct subject *base,
              const struct diff_report *made)
{
    struct grown *g = calloc(1, sizeof *g);
    *out = NULL;
    if (!g) return message_no_memory("what grew");
    g->subject = subject;
    g->base = base;
    g->report = made;
    g->table = (struct made_table){ .declaration = declaration, .make = compare, .rows = rows,
                                    .give = give, .opaque = g };
    *out = g;
    return made_table_add(subject->db, "grown", &g->table);
}

int grown_ready(struct grown *g)
{
    return made_table_ready(&g->table);
}

void grown_free(struct grown *g)
{
    if (!g) return;
    if (g->compared) diff_report_free(&g->own);
    free(g->lines);
    free(g);
}
