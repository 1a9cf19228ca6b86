/* SPDX-License-Identifier: MIT */
/*
 * The flow of a comparison: facts, the way of matching, the rows of two snapshots at a time (read
 * in two threads where they are in two databases), growth by owner, and from it the report. With
 * more than two snapshots the whole span is compared first, and then each interval, which is told by
 * the lines of the span; the rows of the first and the last snapshot are kept until then.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/message.h"
#include "cli/number.h"
#include "db/diff_kin.h"
#include "heap/analysis.h"
#include "heap/beside.h"
#include "report/diff_course.h"
#include "report/diff_fill.h"
#include "report/diff_follow.h"
#include "report/diff_interval.h"
#include "report/diff_verdict.h"

struct building {
    const struct diff_input *inputs;
    uint32_t n;
    const struct diff_options *options;
    struct diff_report *report;
    struct diff_rows *rows;          /* [n]; n_rows 0: not read at the moment */
    struct type_sums sums;
    struct trends trends; /* of several intervals */
    bool *held; /* [n] the caller's transaction is open on the database of the snapshot */
    uint32_t n_databases;
    bool same_process;
};

const char *diff_matching_name(enum diff_matching matching)
{
    static const char *const names[] = { "auto", "address", "id", "signature" };
    return names[matching];
}

int fill_warning(struct diff_report *r, const char *format, ...)
{
    struct text t = { 0 };
    va_list args;
    va_start(args, format);
    text_addv(&t, format, args);
    va_end(args);
    const char **grown = realloc(r->warnings, (r->n_warnings + 1) * sizeof *grown);
    if (grown) r->warnings = grown;
    if (!grown || t.failed) {
        text_free(&t);
        return message_no_memory("a warning");
    }
    grown[r->n_warnings++] = fill_text(r, &t);
    message_warning(NULL, MESSAGE_NO_OFFSET, "%s", text_str(&t));
    text_free(&t);
    return 0;
}

/* For --verbose: what has been done, and how long it took since *since. */
static void done(struct timespec *since, const char *what)
{
    char took[NUMBER_MAX];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double ns = (double)(now.tv_sec - since->tv_sec) * 1e9 + (double)(now.tv_nsec - since->tv_nsec);
    *since = now;
    message_verbose("%s in %s", what, number_duration(took, ns > 0 ? (uint64_t)ns : 0));
}

/* ---- how to match -------------------------------------------------------------------- */

/* What all snapshots agree on. */
struct agreement {
    bool one_process, one_runtime, known;
    bool stable; /* an object keeps its id while it lives */
    bool serial; /* and no other object ever gets it */
};

static bool differ(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

static struct agreement agree(const struct diff_report *r)
{
    struct agreement all = { true, true, true, true, true };
    for (uint32_t i = 0; i < r->n_snapshots; i++) {
        const struct diff_facts *f = &r->snapshots[i], *first = &r->snapshots[0];
        if (!f->snapshot->stable_ids) all.stable = false;
        if (!f->serial_ids) all.serial = false;
        if (differ(f->runtime, first->runtime)) all.one_runtime = false;
        if (!f->boot_id || !f->process_start || !f->snapshot->pid) all.known = false;
        bool same_file = f->file_uuid && first->file_uuid &&
                         strcmp(f->file_uuid, first->file_uuid) == 0; /* one process a file */
        if (i && !same_file && !diff_facts_same_process(f, first)) all.one_process = false;
    }
    return all;
}

static int refuse(const struct building *b, const char *why, const char *hint)
{
    const struct diff_report *r = b->report;
    return message_error(r->snapshots[r->n_snapshots - 1].path, MESSAGE_NO_OFFSET, hint, "%s", why);
}

/* What auto means here. A runtime that moves its objects has no address to go by. */
static enum diff_matching decide(const struct agreement *all, const char **reason)
{
    if (!all->one_process) {
        *reason = !all->one_runtime ? "different runtimes"
                  : all->known      ? "different processes"
                                    : "the captures do not say of which process they are";
        return DIFF_SIGNATURE;
    }
    *reason = all->stable ? "same process" : "same process, but the runtime moves its objects";
    if (!all->stable) return DIFF_SIGNATURE;
    return all->serial ? DIFF_ID : DIFF_ADDRESS;
}

/* ---- what can be told of two programs --------------------------------------------------- */

static int warn_of_programs(struct diff_report *r)
{
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    if (differ(a->service, b->service) &&
        fill_warning(r,
                     "the snapshots are of two services, %s and %s: what differs is not growth",
                     a->service, b->service))
        return STATUS_UNUSABLE;
    if (differ(a->runtime, b->runtime) || !differ(a->runtime_version, b->runtime_version)) return 0;
    return fill_warning(r,
                        "the snapshots are of two versions of %s, %s and %s: the same objects can "
                        "have other sizes",
                        a->runtime ? a->runtime : "the runtime", a->runtime_version,
                        b->runtime_version);
}

/* Objects below which shares say nothing: every Python has more before it runs a line. */
enum { STRANGERS_MIN = 1000 };

/* Two runs of one program have nearly all of the smaller heap in common: what they imported, the
 * names of their modules. Two programs share the runtime and some of its library only. */
static int warn_of_strangers(struct diff_report *r, const struct comparison *c)
{
    uint64_t common = 0;
    uint32_t n_a = c->a->garbage_root, n_b = c->b->garbage_root; /* live ones */
    uint32_t smaller = n_a < n_b ? n_a : n_b;
    if (r->matching != DIFF_SIGNATURE) return 0;
    for (uint32_t i = 0; i < n_a; i++) common += c->match.a_to_b[i] != HEAP_NONE;
    if (smaller < STRANGERS_MIN || common >= smaller - smaller / 10) return 0;
    return fill_warning(r,
                        "only %llu%% of the smaller heap has a partner in the other: are these two "
                        "runs of one program?",
                        (unsigned long long)(common * 100 / smaller));
}

/* ---- facts --------------------------------------------------------------------------- */

static int warn_about(struct diff_report *r)
{
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    int status = warn_of_programs(r);
    for (uint32_t i = 0; !status && i < r->n_snapshots; i++) {
        const struct diff_facts *f = &r->snapshots[i];
        if (!f->snapshot->complete)
            status = fill_warning(
                r,
                "%s is incomplete: what it lacks looks new or gone, and nothing is concluded about "
                "garbage",
                f->path);
        if (!status && !f->has_refs)
            status = fill_warning(r, "%s holds no references: owners have no names", f->path);
    }
    if (!status && r->has_interval && r->interval < 0)
        status = fill_warning(r, "the first snapshot is newer than the last: growth backwards in "
                                 "time is shown as shrinkage, and the other way round");
    if (!status && diff_facts_same_capture(a, b))
        status = fill_warning(r, "the first and the last snapshot are the same one");
    return status;
}

/* Opens a database that was parked; all of it is read in one transaction. */
static int wake(struct heapdb *db)
{
    return heapdb_wake(db) || heapdb_hold(db) ? STATUS_UNUSABLE : 0;
}

/* Of many databases only those are open that are at work: the first and the last, of the span, and
 * those of an interval. This gives back the one of snapshot k where it is none of them. */
static void rest(const struct building *b, uint32_t k)
{
    struct heapdb *db = b->inputs[k].db;
    bool next = k + 1 < b->n && b->inputs[k + 1].db == db;
    bool kept = db == b->inputs[0].db || db == b->inputs[b->n - 1].db;
    if (b->n_databases > DIFF_OPEN_MAX && !kept && !next) heapdb_park(db);
}

/* Facts about snapshot k, and the names of its types. */
static int read_one(struct building *b, uint32_t k)
{
    struct diff_report *r = b->report;
    const struct diff_input *in = &b->inputs[k];
    struct diff_type_map map = { 0 };
    if (wake(in->db) || diff_facts_read(in->db, in->snapshot, &r->texts, &r->snapshots[k]))
        return STATUS_UNUSABLE;
    r->n_snapshots++;
    if (r->snapshots[k].data_keys) r->sign.data_keys = true;
    int status = diff_types_add(&r->types_known, in->db, in->snapshot, &map);
    diff_type_map_free(&map);
    rest(b, k);
    return status;
}

static int read_facts(struct building *b)
{
    struct diff_report *r = b->report;
    r->snapshots = calloc(b->n, sizeof *r->snapshots);
    if (!r->snapshots) return message_no_memory("facts about the snapshots");
    for (uint32_t k = 0; k < b->n; k++)
        b->n_databases += k == 0 || b->inputs[k].db != b->inputs[k - 1].db;
    for (uint32_t k = 0; k < b->n; k++)
        if (read_one(b, k)) return STATUS_UNUSABLE;
    const struct diff_facts *first = &r->snapshots[0], *last = &r->snapshots[b->n - 1];
    const struct heapdb_snapshot *x = first->snapshot, *y = last->snapshot;
    r->n_intervals = b->n - 1;
    r->has_interval = diff_facts_interval(first, last, &r->interval);
    r->live_a = x->live_size;
    r->live_b = y->live_size;
    r->garbage_a = x->garbage_size;
    r->garbage_b = y->garbage_size;
    r->n_live_a = x->n_live;
    r->n_live_b = y->n_live;
    r->native_a = first->native_size;
    r->native_b = last->native_size;
    return warn_about(r);
}

/* ---- rows ---------------------------------------------------------------------------- */

struct loading {
    const struct building *b;
    uint32_t k;
    struct diff_type_map types;
    int status;
};

/* By signature it is asked how parents hold rows, by address or id who they are; where that is not
 * decided yet, both. */
static unsigned wanted(const struct building *b)
{
    switch (b->report->matching) {
    case DIFF_SIGNATURE:
        return DIFF_ROWS_POSITION;
    case DIFF_ADDRESS:
        return DIFF_ROWS_IDENTITY | (b->same_process ? DIFF_ROWS_HASHES : 0u);
    case DIFF_ID:
        return DIFF_ROWS_IDENTITY;
    default:
        return DIFF_ROWS_IDENTITY | DIFF_ROWS_POSITION;
    }
}

static void load_rows(void *opaque)
{
    struct loading *l = opaque;
    const struct building *b = l->b;
    /* Of the rows that are in memory together none are of the same side. */
    int side = l->k == 0 ? 0 : l->k == b->n - 1 ? 3 : 1 + (int)(l->k & 1);
    l->status = diff_rows_load(b->inputs[l->k].db, b->inputs[l->k].snapshot, &l->types, side,
                               wanted(b), &b->rows[l->k]);
}

/* The types of a snapshot whose rows are to be read; all names are known by now. */
static int load_types(struct building *b, struct loading *l)
{
    const struct diff_input *in = &b->inputs[l->k];
    return diff_types_add(&b->report->types_known, in->db, in->snapshot, &l->types);
}

/* Reads the rows of two snapshots where they are not there. */
static int rows_of(struct building *b, uint32_t i, uint32_t k)
{
    struct loading x = { .b = b, .k = i }, y = { .b = b, .k = k };
    bool need_x = !b->rows[i].n_rows, need_y = !b->rows[k].n_rows;
    struct beside thread;
    int status = need_x ? load_types(b, &x) : 0;
    if (!status && need_y) status = load_types(b, &y);
    bool beside = !status && need_x && need_y && b->inputs[i].db != b->inputs[k].db &&
                  beside_begin(&thread, load_rows, &x);
    if (!status && need_x && !beside) load_rows(&x);
    if (!status && need_y && (beside || !x.status)) load_rows(&y);
    if (beside) beside_end(&thread);
    diff_type_map_free(&x.types);
    diff_type_map_free(&y.types);
    return status || x.status || y.status ? STATUS_UNUSABLE : 0;
}

/* ---- one process? -------------------------------------------------------------------- */

/* How much two snapshots that follow each other agree about what has which id: the least of all
 * pairs. Rows are read for it, and kept of the first and the last snapshot. */
static int measure_kin(struct building *b, struct diff_kin *least)
{
    for (uint32_t k = 1; k < b->n; k++) {
        struct diff_kin kin;
        if (wake(b->inputs[k - 1].db) || wake(b->inputs[k].db) || rows_of(b, k - 1, k) ||
            diff_kin_measure(&b->rows[k - 1], &b->rows[k], b->report->types_known.names.n, &kin))
            return STATUS_UNUSABLE;
        if (k == 1 || kin.kappa < least->kappa) *least = kin;
        if (k > 1) diff_rows_free(&b->rows[k - 1]);
        rest(b, k - 1);
    }
    return 0;
}

/* "99.9% of 41,234 objects with one id have one type and size, as in one process" */
static const char *kin_text(struct diff_report *r, const struct diff_kin *kin, const char *before,
                            const char *after)
{
    struct text t = { 0 };
    char count[NUMBER_MAX];
    text_addf(&t, "%s%.1f%% of %s objects with one id have one type and size%s", before,
              floor((double)kin->agreed * 1000 / (double)(kin->common ? kin->common : 1)) / 10,
              number_count(count, kin->common), after);
    const char *kept = fill_text(r, &t);
    text_free(&t);
    return kept;
}

/* Where only the objects can tell whether the snapshots are of one process: they do. */
static int judge_kin(struct building *b, struct agreement *all)
{
    struct diff_report *r = b->report;
    struct diff_kin kin = { 0 };
    bool asked = r->matching == DIFF_AUTO || r->matching == DIFF_ID;
    if (!asked || !all->one_runtime || all->one_process || all->known || !all->stable ||
        !all->serial)
        return 0;
    if (measure_kin(b, &kin)) return STATUS_UNUSABLE;
    if (diff_kin_is_one(&kin)) {
        all->one_process = b->same_process = true;
        r->matching_reason = kin_text(r, &kin, "", ", as in one process");
    } else if (r->matching == DIFF_ID && kin.common >= DIFF_KIN_MIN) {
        return fill_warning(r, "%s",
                            kin_text(r, &kin, "the snapshots do not seem to be of one process: ",
                                     "; ids of one mean nothing in another"));
    } else if (kin.common >= DIFF_KIN_MIN) {
        r->matching_reason = kin_text(r, &kin, "not of one process, by their ids: ", "");
    }
    return 0;
}

static int choose_matching(struct building *b)
{
    struct diff_report *r = b->report;
    struct agreement all = agree(r);
    b->same_process = all.one_process;
    r->matching = b->options->matching;
    r->matching_reason = NULL;
    if (judge_kin(b, &all)) return STATUS_UNUSABLE;
    const char *reason = "asked for";
    if (r->matching == DIFF_AUTO) r->matching = decide(&all, &reason);
    if (!r->matching_reason || b->options->matching != DIFF_AUTO) r->matching_reason = reason;
    if (!all.one_runtime && r->matching != DIFF_SIGNATURE)
        return refuse(b,
                      "the snapshots are of different runtimes: objects cannot be matched by "
                      "address or id",
                      "--matching=signature");
    if (r->matching == DIFF_ID && !(all.stable && all.serial))
        return refuse(b,
                      "its object ids can change, or be used again: objects cannot be matched by "
                      "id",
                      "--matching=auto");
    if (!all.one_runtime &&
        fill_warning(r, "the snapshots are of different runtimes; only what has the same path and "
                        "type is matched"))
        return STATUS_UNUSABLE;
    if (r->matching == DIFF_ADDRESS && !all.one_process &&
        fill_warning(r, "the snapshots are not known to be of one process; addresses of one mean "
                        "nothing in another, unless it was forked"))
        return STATUS_UNUSABLE;
    return 0;
}

/* Which types are larger in snapshot k than in the one that was looked at before. */
static int note_grown(struct building *b, uint32_t k)
{
    struct type_sums *s = &b->sums;
    return diff_tally_grown(&b->rows[k], s->n_types, k == 0, s->size, s->grown)
               ? 0
               : message_no_memory("the types of the comparison");
}

/* ---- one comparison ------------------------------------------------------------------ */

static struct diff_name_source source_of(const struct building *b, uint32_t k)
{
    return (struct diff_name_source){ .db = b->inputs[k].db,
                                      .snapshot = b->inputs[k].snapshot,
                                      .rows = &b->rows[k],
                                      .type_names = &b->report->types_known.names };
}

static void comparison_free(struct comparison *c)
{
    lines_free(&c->lines);
    heap_match_free(&c->match);
    diff_about_free(c->about);
    diff_names_free(c->names);
}

/* Compares snapshot i with snapshot k: the whole span, or an interval that begins where `at` is. On
 * failure nothing is left in *c. */
static int compare(struct building *b, uint32_t i, uint32_t k, struct intervals *at,
                   struct comparison *c)
{
    *c = (struct comparison){ .db_a = b->inputs[i].db,
                              .db_b = b->inputs[k].db,
                              .snapshot_a = b->inputs[i].snapshot,
                              .snapshot_b = b->inputs[k].snapshot,
                              .a = &b->rows[i],
                              .b = &b->rows[k],
                              .lasting = at ? at->lasting : NULL };
    struct timespec since;
    clock_gettime(CLOCK_MONOTONIC, &since);
    int status = wake(c->db_a) || wake(c->db_b) ? STATUS_UNUSABLE : rows_of(b, i, k);
    struct diff_name_source source = source_of(b, k);
    done(&since, "read the objects");
    if (!status) status = diff_names_new(&c->names, &source, &b->report->sign);
    if (!status) status = comparison_match(c, b->report);
    done(&since, "matched them");
    bool garbage = diff_facts_garbage_counts(&b->report->snapshots[k]);
    if (!status && at) status = intervals_lines(at, c);
    if (!status && !at)
        status = lines_make(&c->match, c->b, c->names, garbage, &b->report->sign, &c->lines);
    if (!status && !at) status = diff_follow(c, &b->report->types_known);
    done(&since, "named the owners");
    if (status) comparison_free(c);
    return status;
}

/* Of lines that grew while much went: has the owner more elements than before? */
static int compare_lengths(struct comparison *c)
{
    static const char sql[] = "SELECT length FROM detail WHERE object_id = ?1";
    for (uint32_t i = 0; i < c->lines.n; i++) {
        struct line *l = &c->lines.at[i];
        int64_t a = -1, b = -1;
        if (l->kind != DIFF_LINE_OWNER || l->deep || l->n_owners != 1 ||
            l->removed.count < TREND_TURNS || line_growth(l) <= 0)
            continue;
        if (heapdb_number(c->db_a, sql, c->a->first_id + (int64_t)l->a_row, &a) < 0 ||
            heapdb_number(c->db_b, sql, c->b->first_id + (int64_t)l->b_row, &b) < 0)
            return STATUS_UNUSABLE;
        l->no_longer = a >= 0 && b >= 0 && b <= a;
    }
    return 0;
}

/* Compares snapshot k with the one before. */
static int compare_interval(struct building *b, uint32_t k, struct intervals *at)
{
    struct comparison c;
    if (compare(b, k - 1, k, at, &c)) return STATUS_UNUSABLE;
    int status = compare_lengths(&c);
    bool ok = status || (trends_add(&b->trends, k - 1, &c.lines) && intervals_next(at, &c));
    comparison_free(&c);
    if (!ok) status = message_no_memory("the intervals");
    if (!status) status = note_grown(b, k);
    if (k > 1) diff_rows_free(&b->rows[k - 1]);
    rest(b, k - 1);
    return status;
}

/* Compares each snapshot with the next and counts who grew. Of two, the span is the interval. */
static int compare_intervals(struct building *b, const struct comparison *span)
{
    struct intervals at;
    if (note_grown(b, 0)) return STATUS_UNUSABLE;
    if (b->n == 2) return note_grown(b, 1);
    if (!intervals_begin(&at, span)) return message_no_memory("the intervals");
    int status = 0;
    for (uint32_t k = 1; !status && k < b->n; k++) status = compare_interval(b, k, &at);
    intervals_free(&at);
    return status;
}

/* Names the types that grew in number and whose instances may own memory that no size counts. */
static int name_unknown(struct building *b)
{
    enum { NAMED = 3 };
    const struct diff_types *types = &b->report->types_known;
    const struct type_sums *s = &b->sums;
    uint32_t last = UINT32_MAX;
    struct text t = { 0 };
    for (int k = 0; k < NAMED; k++) { /* the largest after `last`, in the order of growth */
        int64_t most = 0, limit = INT64_MAX;
        if (last != UINT32_MAX) limit = s->last[last].n - s->first[last].n;
        uint32_t best = UINT32_MAX;
        for (uint32_t i = 0; i < s->n_types; i++) {
            int64_t grown = types->unknown[i] ? s->last[i].n - s->first[i].n : 0;
            bool after = last == UINT32_MAX || grown < limit || (grown == limit && i > last);
            if (after && grown > most) {
                most = grown;
                best = i;
            }
        }
        if (best == UINT32_MAX) break;
        char count[NUMBER_MAX];
        text_addf(&t, "%s%s %s", k ? ", " : "", texts_get(&types->names, best, NULL),
                  number_count_delta(count, most));
        last = best;
    }
    if (t.n) b->report->unknown = fill_text(b->report, &t);
    text_free(&t);
    return b->report->texts.failed ? message_no_memory("the types of the comparison") : 0;
}

/* Makes the report of the comparison of the whole span. */
static int tell(struct building *b, struct comparison *c)
{
    struct diff_report *r = b->report;
    struct timespec since;
    clock_gettime(CLOCK_MONOTONIC, &since);
    uint32_t n_types = b->sums.n_types;
    const struct heap_match *m = &c->match;
    bool ok = diff_tally_types(c->a, m->a_to_b, m->replaced_a, n_types, b->sums.first) &&
              diff_tally_types(c->b, m->b_to_a, m->replaced_b, n_types, b->sums.last);
    int status = ok ? 0 : message_no_memory("the types of the comparison");
    for (uint32_t i = 0; c->match.replaced_b && i < c->b->garbage_root; i++)
        r->n_replaced += (uint64_t)heap_holds_get(c->match.replaced_b, i);
    if (!status) status = name_unknown(b);
    struct diff_name_source source = source_of(b, b->n - 1);
    if (!status) status = diff_about_new(&c->about, &source, c->names, &r->sign);
    if (!status) diff_tally_resized(c->a, c->b, c->match.b_to_a, b->sums.resized);
    if (!status) status = fill_lines(r, b->options, c, &b->trends);
    if (!status) status = fill_types(r, b->options, &b->sums);
    if (!status) status = fill_sites(r, b->options, c);
    if (!status) status = fill_native(r, b->options, c);
    if (!status) status = fill_parts(r);
    if (!status && !diff_course_set(r)) status = message_no_memory("the course of the memory");
    if (!status) status = fill_limits(r, c, &b->sums);
    if (!status && !diff_verdict_set(r)) status = message_no_memory("the verdict");
    done(&since, "made the report");
    return status;
}

static int compare_all(struct building *b)
{
    struct comparison c;
    if (compare(b, 0, b->n - 1, NULL, &c)) return STATUS_UNUSABLE;
    int status = warn_of_strangers(b->report, &c);
    if (!status) status = compare_intervals(b, &c);
    if (!status) status = tell(b, &c);
    comparison_free(&c);
    return status;
}

/* ---- all of it ----------------------------------------------------------------------- */

static int keep_limits(struct diff_report *r, const struct diff_options *options)
{
    r->limits = calloc((size_t)options->n_limits + 1, sizeof *r->limits);
    if (!r->limits) return message_no_memory("the limits");
    for (uint32_t i = 0; i < options->n_limits; i++)
        r->limits[r->n_limits++].text = options->limits[i];
    return 0;
}

/* Room for a sum of each type. */
static int make_sums(struct building *b)
{
    const struct diff_types *types = &b->report->types_known;
    size_t n = (size_t)types->names.n + 1;
    b->sums = (struct type_sums){ .n_types = types->names.n };
    b->sums.first = calloc(n, sizeof *b->sums.first);
    b->sums.last = calloc(n, sizeof *b->sums.last);
    b->sums.resized = calloc(n, sizeof *b->sums.resized);
    b->sums.size = calloc(n, sizeof *b->sums.size);
    b->sums.grown = calloc(n, sizeof *b->sums.grown);
    return b->sums.first && b->sums.last && b->sums.resized && b->sums.size && b->sums.grown
               ? 0
               : message_no_memory("the types of the comparison");
}

static void building_free(struct building *b)
{
    for (uint32_t k = 0; b->rows && k < b->n; k++) diff_rows_free(&b->rows[k]);
    free(b->rows);
    free(b->held);
    free(b->sums.first);
    free(b->sums.last);
    free(b->sums.resized);
    free(b->sums.size);
    free(b->sums.grown);
    trends_free(&b->trends);
}

int diff_build(const struct diff_input *inputs, uint32_t n, const struct diff_options *options,
               struct diff_report *out)
{
    struct building b = { .inputs = inputs, .n = n, .options = options, .report = out };
    *out = (struct diff_report){ .fold = options->fold,
                                 .lines_asked = options->top,
                                 .reach.limit = options->memory_limit };
    b.rows = calloc(n, sizeof *b.rows);
    b.held = calloc(n, sizeof *b.held);
    int status = b.rows && b.held ? 0 : message_no_memory("the comparison");
    for (uint32_t k = 0; !status && k < n; k++) b.held[k] = heapdb_is_held(inputs[k].db);
    if (!status) status = keep_limits(out, options);
    if (!status) status = read_facts(&b);
    if (!status) status = choose_matching(&b);
    if (!status) status = make_sums(&b);
    if (!status) status = compare_all(&b);
    for (uint32_t k = 0; b.held && k < n; k++)
        if (!b.held[k]) heapdb_release(inputs[k].db);
    building_free(&b);
    if (status) diff_report_free(out);
    return status;
}

void diff_report_free(struct diff_report *r)
{
    for (uint32_t i = 0; i < r->n_snapshots; i++) diff_facts_free(&r->snapshots[i]);
    for (uint32_t i = 0; i < r->n_lines; i++) {
        free(r->lines[i].held);
        free(r->lines[i].steps);
        free(r->lines[i].sites);
    }
    for (uint32_t i = 0; i <= r->n_beside; i++) {
        free(i ? r->beside[i - 1].held : r->top.held);
        free(i ? r->beside[i - 1].steps : r->top.steps);
    }
    free(r->snapshots);
    free(r->warnings);
    free(r->parts);
    free(r->lines);
    free(r->types);
    free(r->sites);
    free(r->native.at);
    free(r->limits);
    sign_free(&r->sign);
    diff_types_free(&r->types_known);
    texts_free(&r->texts);
    *r = (struct diff_report){ 0 };
}
