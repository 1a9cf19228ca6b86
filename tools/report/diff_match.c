/* SPDX-License-Identifier: MIT */
/* How two snapshots are matched: by address or id with evidence from references (db/diff_held.h),
 * or by signature with steps (db/diff_step.h) and names of paths (db/diff_name.h). */
#include <stdlib.h>

#include "cli/message.h"
#include "db/diff_held.h"
#include "db/diff_step.h"
#include "heap/beside.h"
#include "report/diff_fill.h"

/* What the graph core answered, as a message. */
static int match_status(const struct comparison *c, enum heap_status got)
{
    if (got == HEAP_OK) return 0;
    if (got == HEAP_NO_MEMORY) return message_no_memory("matching the snapshots");
    return message_error(c->db_b->path, MESSAGE_NO_OFFSET, NULL,
                         "cannot be compared with the snapshot before: %s", heap_status_text(got));
}

/* One side of matching by signature. */
struct stepped {
    struct diff_name_source source;
    struct diff_names *names;
    uint64_t *step;
    bool data_keys;
    int status;
};

static void read_steps(void *opaque)
{
    struct stepped *s = opaque;
    s->step = malloc((size_t)s->source.rows->n_rows * sizeof *s->step);
    s->status = s->step ? diff_steps_read(&s->source, s->names, s->data_keys, s->step)
                        : message_no_memory("the steps of a snapshot");
}

static int steps_of(struct stepped side[2])
{
    struct beside thread;
    bool beside = side[0].source.db != side[1].source.db &&
                  beside_begin(&thread, read_steps, &side[0]);
    if (!beside) read_steps(&side[0]);
    if (beside || !side[0].status) read_steps(&side[1]);
    if (beside) beside_end(&thread);
    int status = 0;
    for (int i = 0; i < 2; i++) {
        if (!status) status = side[i].status;
        if (!status) status = diff_steps_finish(&side[i].source, side[i].names, side[i].step);
    }
    return status;
}

static uint64_t name_of(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    struct stepped *side = opaque;
    (void)matched;
    return diff_names_hash(side[in_b].names, row);
}

static uint64_t place_of_root(void *opaque, bool in_b, uint32_t row)
{
    struct stepped *side = opaque;
    return diff_names_root_place(side[in_b].names, row);
}

static int match_by_signature(struct comparison *c, struct diff_report *r,
                              struct heap_match_options *options)
{
    const struct texts *types = &r->types_known.names;
    struct stepped side[2] = {
        { .source = { c->db_a, c->snapshot_a, c->a, types }, .data_keys = r->sign.data_keys },
        { .source = { c->db_b, c->snapshot_b, c->b, types }, .data_keys = r->sign.data_keys }
    };
    side[1].names = c->names;
    int status = diff_names_new(&side[0].names, &side[0].source, &r->sign);
    if (!status) status = steps_of(side);
    if (!status) {
        struct heap_side a = diff_rows_side(c->a, side[0].step);
        struct heap_side b = diff_rows_side(c->b, side[1].step);
        options->mode = HEAP_MATCH_SIGNATURE;
        /* A place of allocation is no name that holds one object at a time. */
        options->name = diff_names_is_traced(c->names) ? NULL : name_of;
        options->place = place_of_root;
        options->opaque = side;
        status = match_status(c, heap_match_compute(&a, &b, options, &c->match));
        if (diff_names_failed(side[0].names) || diff_names_failed(side[1].names))
            status = STATUS_UNUSABLE;
    }
    diff_names_free(side[0].names);
    free(side[0].step);
    free(side[1].step);
    return status;
}

/* Matching by address or id: evidence, and names of places. */
struct placed {
    struct diff_held_by *held;
    struct diff_names *names[2]; /* of A, of B */
};

static bool is_held(void *opaque, uint32_t x, uint32_t y, const uint32_t *a_to_b,
                    const uint32_t *b_to_a)
{
    const struct placed *p = opaque;
    return diff_held(p->held, x, y, a_to_b, b_to_a);
}

static uint64_t place_of(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    const struct placed *p = opaque;
    return diff_names_place(p->names[in_b], row, matched, in_b);
}

static uint32_t beside(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    const struct placed *p = opaque;
    return diff_names_beside(p->names[in_b], row, matched);
}

static uint64_t root_place(void *opaque, bool in_b, uint32_t row)
{
    const struct placed *p = opaque;
    return diff_names_root_place(p->names[in_b], row);
}

static int match_by_identity(struct comparison *c, struct diff_report *r,
                             const struct heap_match_options *common)
{
    struct heap_match_options options = *common;
    struct heap_side a = diff_rows_side(c->a, NULL), b = diff_rows_side(c->b, NULL);
    const struct diff_name_source source = { c->db_a, c->snapshot_a, c->a, &r->types_known.names };
    struct placed placed = { .names = { NULL, c->names } };
    int status = diff_held_new(&placed.held, c->db_a, c->a, c->db_b, c->b);
    if (!status) status = diff_names_new(&placed.names[0], &source, &r->sign);
    if (!status) {
        options.mode = r->matching == DIFF_ID ? HEAP_MATCH_ID : HEAP_MATCH_ADDRESS;
        options.held = is_held;
        options.name = place_of;
        options.beside = beside;
        options.place = root_place;
        options.opaque = &placed;
        status = match_status(c, heap_match_compute(&a, &b, &options, &c->match));
        if (diff_held_failed(placed.held) || diff_names_failed(placed.names[0]) ||
            diff_names_failed(c->names))
            status = STATUS_UNUSABLE;
    }
    diff_names_free(placed.names[0]);
    diff_held_free(placed.held);
    return status;
}

int comparison_match(struct comparison *c, struct diff_report *r)
{
    const struct diff_types *types = &r->types_known;
    struct heap_match_options options = { .group = HEAP_GROUP_OBJECT,
                                          .n_types = types->names.n,
                                          .resizable = types->resizable,
                                          .part = c->lasting ? NULL : types->part,
                                          .lasting = c->lasting,
                                          .to_holders = true };
    return r->matching == DIFF_SIGNATURE ? match_by_signature(c, r, &options)
                                         : match_by_identity(c, r, &options);
}
