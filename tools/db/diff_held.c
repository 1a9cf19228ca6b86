/* SPDX-License-Identifier: MIT */
/* Evidence from references; see the header. Questions are asked again pass after pass, so what was
 * looked up without success is kept: three bits a row of B, allocated at the first question. */
#include "db/diff_held.h"

#include <stdlib.h>

#include "cli/message.h"

enum asked { ASKED_PATH_A = 1, ASKED_PATH_B = 2, ASKED_DOMINATOR = 4 };

struct diff_held_by {
    struct heapdb *db_a, *db_b;
    const struct diff_rows *a, *b;
    sqlite3_stmt *in_a, *in_b;
    uint8_t *asked; /* [rows of B] */
    bool failed;
};

static const char SQL[] = "SELECT r.kind FROM referrer b JOIN ref r "
                          "ON r.source_id = b.source_id AND r.position = b.position "
                          "WHERE b.target_id = ?1 AND b.source_id = ?2";

int diff_held_new(struct diff_held_by **out, struct heapdb *db_a, const struct diff_rows *a,
                  struct heapdb *db_b, const struct diff_rows *b)
{
    struct diff_held_by *h = calloc(1, sizeof *h);
    *out = NULL;
    if (!h) return message_no_memory("matching the snapshots");
    *h = (struct diff_held_by){ .db_a = db_a, .db_b = db_b, .a = a, .b = b };
    if (heapdb_prepare(db_a, &h->in_a, SQL) || heapdb_prepare(db_b, &h->in_b, SQL)) {
        diff_held_free(h);
        return STATUS_UNUSABLE;
    }
    *out = h;
    return 0;
}

void diff_held_free(struct diff_held_by *h)
{
    if (!h) return;
    sqlite3_finalize(h->in_a);
    sqlite3_finalize(h->in_b);
    free(h->asked);
    free(h);
}

bool diff_held_failed(const struct diff_held_by *h)
{
    return h->failed;
}

/* Does `source` refer to `target`, by a reference that keeps it alive? */
static bool refers(struct diff_held_by *h, bool in_b, uint32_t source, uint32_t target)
{
    sqlite3_stmt *q = in_b ? h->in_b : h->in_a;
    int64_t first = in_b ? h->b->first_id : h->a->first_id;
    bool found = false;
    int got;
    sqlite3_bind_int64(q, 1, first + (int64_t)target);
    sqlite3_bind_int64(q, 2, first + (int64_t)source);
    while (!found && (got = heapdb_step(in_b ? h->db_b : h->db_a, q)) != 0) {
        if (got < 0) {
            h->failed = true;
            break;
        }
        found = heapdb_edge_holds(sqlite3_column_int64(q, 0));
    }
    sqlite3_reset(q);
    return found;
}

/* A row that holds something and has a partner. */
static bool has_partner(const struct diff_rows *rows, uint32_t row, const uint32_t *match)
{
    return row != HEAP_NONE && row != 0 && row != rows->garbage_root && match[row] != HEAP_NONE;
}

/* Asks once: the first time that `bit` of row y comes up. */
static bool first_time(struct diff_held_by *h, uint32_t y, enum asked bit)
{
    if (h->asked[y] & bit) return false;
    h->asked[y] |= (uint8_t)bit;
    return true;
}

bool diff_held(void *opaque, uint32_t x, uint32_t y, const uint32_t *a_to_b, const uint32_t *b_to_a)
{
    struct diff_held_by *h = opaque;
    if (h->failed) return false;
    if (!h->asked && !(h->asked = calloc(h->b->n_rows, 1))) {
        message_no_memory("matching the snapshots");
        h->failed = true;
        return false;
    }
    uint32_t p = h->a->parent[x], q = h->b->parent[y], d = h->a->dominator[x];
    if (has_partner(h->a, p, a_to_b) && first_time(h, y, ASKED_PATH_A) &&
        refers(h, true, a_to_b[p], y))
        return true;
    if (has_partner(h->b, q, b_to_a) && first_time(h, y, ASKED_PATH_B) &&
        refers(h, false, b_to_a[q], x))
        return true;
    return d != p && has_partner(h->a, d, a_to_b) && first_time(h, y, ASKED_DOMINATOR) &&
           refers(h, true, a_to_b[d], y);
}
