/* SPDX-License-Identifier: MIT */
/*
 * What snapdiff answers, as plain data: made by diff_build, read by the printers (text, JSON), the
 * limits of --fail-if and the writer of `-o`. Numbers are exact; nothing in it is cut for display
 * except the lists, which hold what was asked for and say what is left over.
 *
 * How the lines add up. Every object of B that is not in A, and every one of A that is not in B,
 * belongs to exactly one owner line; what owners that are in both grew by themselves stands in
 * their own line. So over all lines (the rest lines included) the sum of count_delta is the
 * difference in objects, the sum of shallow_delta is the difference in live and garbage bytes, and
 * the lines under `(garbage)` alone add up to the difference in garbage. What came below an owner
 * are whole subtrees of the dominator tree, so the shallow sizes of the objects in it are also
 * exactly what their topmost objects retain: retained_delta is that, and no byte stands in two
 * lines. owner_retained_a and _b are the whole retained size of the owner itself, with whatever
 * other lines below it add; those are not to be summed.
 *
 * Texts live as long as the report (in its `texts`, or the databases'); hostile, escape them.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_REPORT_H
#define SNAP_TOOLS_REPORT_DIFF_REPORT_H

#include "cli/number.h"
#include "db/diff_about.h"
#include "db/diff_facts.h"
#include "db/diff_rows.h"
#include "db/diff_sign.h"
#include "report/slope.h"

enum diff_matching { DIFF_AUTO, DIFF_ADDRESS, DIFF_ID, DIFF_SIGNATURE };

/** "auto", "address", "id", "signature". */
const char *diff_matching_name(enum diff_matching matching);

/** Seconds between A and B from which on a rate an hour is told: of what happened in less, such as
 *  a burst of requests, nothing follows for an hour. */
enum { DIFF_RATE_SECONDS = 60 };

/** Of more databases than this only those that are at work are open (heapdb_park). */
enum { DIFF_OPEN_MAX = 16 };

/** Snapshots that are compared at once: each interval takes half a millisecond if nothing is in it. */
enum { DIFF_SNAPSHOTS_MAX = 100000 };

/** Intervals whose steps are kept, of more only what they add up to. */
enum { DIFF_STEPS_MAX = 64 };

/** What happened to a line between two snapshots that follow each other. */
struct diff_step {
    int64_t growth;      /* bytes, native memory included */
    uint64_t came, went; /* objects */
    bool turns;          /* as many went as came, of the same size: a cache that is full */
    bool grew;           /* growth that is more than a new table for elements that took turns */
};

enum diff_line_kind {
    DIFF_LINE_OWNER,   /* one owner, or all owners of one signature */
    DIFF_LINE_LIVE,    /* objects that no object of A holds: new roots and what they hold; those of
                          one place of the runtime are a line of its name */
    DIFF_LINE_GARBAGE, /* unreachable, not yet collected */
    DIFF_LINE_REST     /* owners beyond those that were given a name */
};

/** Lines beside the first that the verdict looks at. */
enum { DIFF_BESIDE = 7 };

/** What hangs in a line: objects of one type directly below the owners. */
struct diff_held {
    const char *type;
    const char *edge;   /* how the owner refers to the largest of them: `[*]`; "" not known */
    int64_t tops_delta; /* of these objects: came minus went */
    int64_t tops_added, tops_removed;
    int64_t type_delta; /* all of this type that came minus went, those below others of them too */
    int64_t told_delta; /* the one of both that a line of text says */
    int64_t count_delta;    /* with all that they alone hold */
    int64_t retained_delta; /* bytes of the same */
    int64_t native_delta;
    int64_t example_b, example_a; /* ids; 0: none */
    const char *holder; /* path of the object that holds the largest of them, where that is not
                           the owner itself; else NULL */
    const char *about;  /* the function behind the largest of them (db/diff_about.h); NULL: none */
};

/** Where the new objects of a line or of the heap were allocated. */
struct diff_site {
    uint64_t place; /* hash of the whole stack */
    const char *function, *file;
    int64_t line;      /* 0: not known */
    const char *stack; /* "function (file:line)", innermost first, joined by " < " */
    const char *brief; /* the same for a line of text: fewer frames, files by their last names */
    bool capture;      /* the capture allocated it for itself */
    int64_t n_a, n_b, shallow_a, shallow_b;
    int64_t n_new, shallow_new; /* objects of B that A has not */
};

/** The places whose sizes or counts changed, by growth in bytes descending, ties by stack. */
struct diff_site_list {
    uint32_t n_all, n;
    struct diff_site *at;
};

/** When a limit of memory is reached, if it goes on so. Seconds from B on; INFINITY: never. */
struct diff_left {
    double seconds, earliest, latest;
};

struct diff_line {
    enum diff_line_kind kind;
    bool placed;           /* a live line with a name of its own: `<callback atexit>` */
    uint32_t node;         /* signature, a node of report->sign */
    const char *signature; /* its text; "" in the rest line */
    const char *path;      /* as people read code */
    const char *type;      /* of the owner; NULL for virtual roots and the rest line */
    uint64_t n_owners;     /* objects of this signature that changed */
    uint64_t n_replaced;   /* of them other objects than in A, in the same places */
    int64_t a_id, b_id;    /* the one that changed most */
    bool has_address;
    int64_t address;       /* its address in B, a pattern of 64 bits; with has_address */
    int64_t count_delta, shallow_delta, native_delta, retained_delta;
    struct heap_amount added, removed;
    struct heap_amount moved;  /* of what was added: was there before, held by something else */
    struct heap_amount shared; /* of what was added: held here, but not only here */
    const char *also;          /* path of another holder of the largest of it; NULL: none found */
    const char *about;         /* what the owner is, beside its path (db/diff_about.h); or NULL */
    struct diff_bound bound;   /* what it declares about its size */
    bool follows;              /* weak references to what another line has: it goes with that */
    int64_t brings;            /* growth of lines that follow this one, not part of its own */
    const char *follower;      /* path of the largest of them; NULL: there is none */
    bool accepted;             /* by the baseline */
    int64_t resized, resized_native;
    int64_t owner_retained_a, owner_retained_b;
    bool has_rate;
    double rate;        /* bytes an hour */
    struct slope slope; /* bytes a second; n 0: not known, or not looked at */
    struct diff_left left; /* valid with report->reach.told and slope.n >= 2: when the limit is
                              reached if this line alone grows on */
    uint32_t intervals; /* in how many of report->n_intervals it grew */
    struct diff_step last;   /* the last interval */
    uint32_t n_steps;        /* report->n_intervals where there are 2 to DIFF_STEPS_MAX, else 0 */
    struct diff_step *steps; /* one an interval */
    uint32_t n_held, n_held_all;
    struct diff_held *held; /* by retained growth descending */
    uint32_t n_sites;
    struct diff_site *sites; /* of the objects that came, the largest first */
};

struct diff_type {
    const char *name;
    uint32_t number;
    int64_t n_a, n_b, shallow_a, shallow_b, native_a, native_b;
    int64_t retained_a, retained_b; /* of topmost objects: nothing is counted twice */
    int64_t n_new, shallow_new;     /* objects of B that A has not */
    int64_t n_gone, shallow_gone;   /* the other way round */
    /* What came of this type with all that it holds, minus what went, plus what the rest grew by
     * itself; native memory included. Unlike the difference of the retained sizes it does not
     * change when old objects only change hands. */
    int64_t growth;
    uint32_t intervals;
};

struct diff_part_change {
    const char *name;
    bool has_a, has_b;
    int64_t a, b; /* bytes */
    bool exact;
};

enum diff_verdict_kind {
    DIFF_UNDECIDED,
    DIFF_NO_GROWTH,
    DIFF_MANAGED_GROWTH,
    DIFF_MANAGED_LEAK,
    DIFF_CACHE_FILLING,
    DIFF_COLLECTOR_OFF,
    DIFF_NATIVE_LEAK,
    DIFF_FRAGMENTATION
};

struct diff_verdict {
    enum diff_verdict_kind kind;
    const char *sentence;  /* for people: one line */
    const char *advice;    /* what it cannot tell, and how to find out; NULL: nothing */
    const char *rule;      /* why it was chosen */
    const char *owner;     /* signature of the owner that it names, or NULL */
    int64_t share_percent; /* of the growth that this owner holds; 0 without owner */
};

/** Has it a name: is it an owner, or a place of the runtime? */
bool diff_line_is_named(const struct diff_line *line);

/** What a line grew by, native memory included. */
int64_t diff_line_growth(const struct diff_line *line);

/** Do others hold more than a tenth of what came below the line, so that emptying its owner alone
 *  would free visibly less? Not asked where much came and went again: what others hold of the one
 *  says nothing about the growth. */
bool diff_line_shares(const struct diff_line *line);

/** "managed-growth" and so on. */
const char *diff_verdict_name(enum diff_verdict_kind kind);

/** When the limit of memory is reached, if all goes on so. */
struct diff_reach {
    int64_t limit; /* bytes; 0: nobody asked */
    bool known;
    bool resident; /* of the resident memory; else of the managed heap: no more is known */
    bool reached;  /* already */
    bool told;     /* known and not reached: `left` is valid */
    int64_t room;  /* bytes up to the limit; with `told` */
    struct diff_left left;
};

struct diff_limit {
    const char *text; /* as given */
    int64_t value, limit;
    bool is_count, passed;
    bool known; /* something has the name that it gives */
};

struct diff_report {
    bool fold; /* as asked for: text leaves out what is small beside the largest change */
    uint64_t lines_asked; /* lines a list */
    struct texts texts; /* owns the texts */
    struct sign sign;
    struct diff_types types_known;

    uint32_t n_snapshots; /* at least two; the first is A, the last B */
    struct diff_facts *snapshots;
    enum diff_matching matching; /* what was done: never DIFF_AUTO */
    const char *matching_reason;
    bool has_interval;
    double interval; /* seconds from A to B */
    uint32_t n_intervals;
    uint32_t n_warnings;
    const char **warnings; /* what cannot be concluded, one sentence each */

    int64_t live_a, live_b, garbage_a, garbage_b; /* bytes */
    int64_t native_a, native_b;                   /* of live objects; -1: not known */
    int64_t n_live_a, n_live_b;
    const char *unknown; /* types that grew in number and may own memory that no size counts, the
                            most first: "_ssl._SSLSocket +40"; NULL: none */
    uint64_t n_replaced; /* live objects that hang where others of their type hung in A */

    uint32_t n_parts;
    struct diff_part_change *parts;

    struct slope resident, managed; /* bytes a second over all snapshots; n 0: not known */
    struct diff_reach reach;

    uint32_t n_lines_all; /* lines with a change; the rest line counts as one */
    uint32_t n_lines;
    struct diff_line *lines; /* by retained_delta descending, ties by signature */
    struct diff_line top; /* the line that grew most, shown or not; valid with n_lines_all */
    uint32_t n_beside;
    struct diff_line beside[DIFF_BESIDE]; /* those that grew most after it, shown or not */
    uint32_t n_types_all, n_types;
    struct diff_type *types; /* by growth descending, ties by name */
    bool has_sites;          /* B has allocation stacks */
    uint32_t n_sites_all, n_sites;
    struct diff_site *sites; /* by growth in bytes descending, ties by stack */
    bool has_native;         /* both have native blocks */
    int64_t blocks_a, blocks_b; /* bytes of them */
    struct diff_site_list native; /* their sizes are `shallow`; what is new of them is not known */

    struct diff_verdict verdict;
    int64_t accepted, n_accepted; /* live bytes and objects in lines that the baseline accepts */
    uint32_t n_limits;
    struct diff_limit *limits;
};

/** What is to be compared, and how much of it is to be told. */
struct diff_options {
    enum diff_matching matching;
    uint64_t top;      /* lines of each list; UINT64_MAX: all */
    uint64_t min_size; /* lines that changed by less bytes are left out */
    bool fold;         /* people are not shown what is small beside the largest change */
    const struct baseline *baseline; /* accepted growth (diff_baseline.h); NULL: none */
    int64_t memory_limit; /* bytes whose reaching is to be foretold; 0: none */
    uint32_t n_limits;
    const char *const *limits; /* texts of --fail-if */
};

/** One snapshot to compare, in the order of time as the user sees it. */
struct diff_input {
    struct heapdb *db;
    const struct heapdb_snapshot *snapshot;
};

/** Compares; the first input with the last, and for the intervals each with the next. The
 *  limits were checked (diff_limits_check). Prints errors; 0 or STATUS_UNUSABLE, and then *out owns
 *  nothing. Time and memory: two snapshots at once, of several
 *  four, see db/diff_rows.h and heap/match.h. */
int diff_build(const struct diff_input *inputs, uint32_t n, const struct diff_options *options,
               struct diff_report *out);
void diff_report_free(struct diff_report *report);

/** Are these texts limits? 0, or STATUS_UNUSABLE after a message about the first that is none. */
int diff_limits_check(const char *const *texts, uint32_t n);

/** What a limit was held against, as people read it: "+205.2 KiB", or objects. */
char *diff_limit_value(char out[NUMBER_MAX], const struct diff_limit *limit);

/** Says on stderr which limits were passed: STATUS_LIMIT if any was; else, where `strict`, which are
 *  of an owner or a type that is not there: STATUS_UNUSABLE if any is; else 0. */
int diff_limits_status(const struct diff_report *report, bool strict);

/** For people, on `out`. 0, or STATUS_UNUSABLE after a message; so all printers. */
int diff_print_text(const struct diff_report *report, FILE *out);

/** The document "snap.diff/1". */
int diff_print_json(const struct diff_report *report, FILE *out);

/** The short of it for a comment on a change: verdict, limits, owners, types. CommonMark with
 *  GitHub's tables. */
int diff_print_markdown(const struct diff_report *report, FILE *out);

/** Each limit as a test case, for what shows test results: JUnit's XML as Apache Ant writes it. */
int diff_print_junit(const struct diff_report *report, FILE *out);

/** Each owner that grew as a result, with its signature as a fingerprint: SARIF 2.1.0 (OASIS). An
 *  error where a limit was passed and the baseline does not accept the owner, else a warning; those
 *  accepted are suppressed. */
int diff_print_sarif(const struct diff_report *report, FILE *out);

/** Writes the database of `-o`: growth, owner, and what they refer to. Publishes or discards `out`,
 *  which was opened with OUTPUT_REGULAR. */
struct output;
int diff_store(const struct diff_report *report, struct output *out);

#endif
