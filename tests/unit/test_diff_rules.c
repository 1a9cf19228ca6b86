/* SPDX-License-Identifier: MIT */
/* Limits, what is shown of a list, sums by type, verdicts: on hand-made data. */
#include <stdlib.h>
#include "cu.h"
#include "report/diff_fill.h"
#include "report/diff_limit.h"
#include "report/diff_verdict.h"

static void check_limit(const char *text, enum limit_of of, const char *name, bool count,
                        bool reached, int64_t value)
{
    struct limit l;
    const char *wrong = "nothing";
    if (!CHECK(limit_parse(text, &l, &wrong))) {
        printf("  '%s': %s\n", text, wrong);
        return;
    }
    CHECK_U64(l.of, of);
    CHECK_U64(l.count, count);
    CHECK_U64(l.reached, reached);
    CHECK_I64(l.value, value);
    CHECK_U64(l.name_size, strlen(name));
    CHECK(strncmp(l.name ? l.name : "", name, strlen(name)) == 0);
}

static void test_limits(void)
{
    check_limit("growth>5M", LIMIT_ALL, "", false, false, 5 << 20);
    check_limit("growth >= 1.5K", LIMIT_ALL, "", false, true, 1536);
    check_limit("growth.count>0", LIMIT_ALL, "", true, false, 0);
    check_limit("growth(owner:app.X)>1", LIMIT_OWNER, "app.X", false, false, 1);
    check_limit("growth(owner:f<a>['(x)>1']<list>).count>=7", LIMIT_OWNER, "f<a>['(x)>1']<list>",
                true, true, 7);
    check_limit("growth(type: app.f.<locals>.C )>2 ", LIMIT_TYPE, "app.f.<locals>.C", false, false,
                2);
    const char *const wrong[] = {
        "",
        "grow>1",
        "growth",
        "growth>",
        "growth=1",
        "growth(type:)>1",
        "growth(type:x",
        "growth(x)>1",
        "growth.count>1K",
        "growth>1 2",
        "growth>9223372036854775808",
        "growth>0000000000000000000000000000000000000000000000000000000000000000000000001"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct limit l;
        const char *why = NULL;
        CHECK(!limit_parse(wrong[i], &l, &why));
        CHECK(why != NULL);
    }
    struct limit above = { .value = 5 }, from = { .value = 5, .reached = true };
    CHECK(!limit_passed(&above, 5) && limit_passed(&above, 6) && limit_passed(&from, 5));
    CHECK(!limit_passed(&from, 4) && !limit_passed(&above, INT64_MIN));
}

static void test_choose(void)
{
    const int64_t change[] = { 900, 500, 20, 1, 0, -3, -700, INT64_MIN };
    uint32_t *chosen, n;
    if (!CHECK(fill_choose(change, 8, UINT64_MAX, 0, &chosen, &n))) return;
    CHECK_U64(n, 8);
    free(chosen);
    if (!CHECK(fill_choose(change, 8, 3, 1, &chosen, &n))) return;
    CHECK_U64(n, 3);
    CHECK(chosen[0] == 0 && chosen[1] == 6 && chosen[2] == 7);
    free(chosen);
    if (!CHECK(fill_choose(change, 8, 100, 4, &chosen, &n))) return;
    CHECK_U64(n, 5);
    free(chosen);
    if (!CHECK(fill_choose(change, 0, 100, 4, &chosen, &n))) return;
    CHECK_U64(n, 0);
    free(chosen);
}

/*   row 0 live root
 *   1 list(0) 100: 2 dict(1) 10, 3 list(0) 20, 4 dict(1) 5 below 3
 *   5 garbage root, 6 dict(1) 7                                        */
static void test_types(void)
{
    uint32_t last[] = { 4, 4, 2, 4, 4, 6, 6 }, type[] = { HEAP_NONE, 0, 1, 0, 1, HEAP_NONE, 1 };
    uint32_t dominator[] = { HEAP_NONE, 0, 1, 1, 3, HEAP_NONE, 5 };
    uint32_t parent[] = { HEAP_NONE, 0, 1, 2, 3, HEAP_NONE, HEAP_NONE };
    uint64_t shallow[] = { 0, 100, 10, 20, 5, 0, 7 }, retained[] = { 135, 135, 10, 25, 5, 7, 7 };
    struct diff_rows rows = { .n_rows = 7,
                              .garbage_root = 5,
                              .last = last,
                              .type = type,
                              .dominator = dominator,
                              .parent = parent,
                              .shallow = shallow,
                              .retained = retained };
    uint32_t matched[] = { 0, 1, 2, HEAP_NONE, HEAP_NONE, 5, HEAP_NONE }, owner[7];
    struct diff_sum sums[2];
    if (!CHECK(diff_tally_types(&rows, matched, NULL, 2, sums))) return;
    CHECK_I64(sums[0].n, 2);
    CHECK_I64(sums[0].retained, 135);
    CHECK_I64(sums[0].retained_new, 25);
    CHECK_I64(sums[0].shallow_new, 20);
    CHECK_I64(sums[1].n, 2);
    CHECK_I64(sums[1].shallow, 15);
    CHECK_I64(sums[1].retained, 15);
    CHECK_I64(sums[1].retained_new, 5);
    /* Row 3 hangs below 1 and is held by 2; the garbage has no holder. */
    if (!CHECK(diff_tally_owners(&rows, matched, owner))) return;
    CHECK_U64(owner[2], HEAP_NONE);
    CHECK_U64(owner[3], 2);
    CHECK_U64(owner[4], 2);
    CHECK_U64(owner[6], 5);
}

/* A report with the totals that a verdict looks at. */
struct world {
    struct heapdb_snapshot snapshot[2];
    struct diff_facts facts[2];
    struct diff_part_change parts[2];
    struct diff_report report;
};

static void world(struct world *w, int64_t growth, int64_t rss, int64_t native, int64_t held_free)
{
    int64_t mib = 1 << 20;
    *w = (struct world){ .report = { .n_snapshots = 2,
                                     .n_intervals = 1,
                                     .native_a = -1,
                                     .native_b = -1,
                                     .live_a = 10 * mib,
                                     .live_b = 10 * mib + growth,
                                     .n_parts = 2 } };
    for (int i = 0; i < 2; i++) {
        w->snapshot[i].complete = true;
        w->facts[i] = (struct diff_facts){
            .snapshot = &w->snapshot[i], .rss = 50 * mib + i * rss, .arenas = -1, .gc_enabled = 1
        };
    }
    w->parts[0] =
        (struct diff_part_change){ "allocated, not in the heap", true, true, 0, native, false };
    w->parts[1] =
        (struct diff_part_change){ "malloc, free but held", true, true, 0, held_free, true };
    w->report.snapshots = w->facts;
    w->report.parts = w->parts;
}

static void check_verdict(struct world *w, const char *want)
{
    CHECK(diff_verdict_set(&w->report));
    CHECK_STR(diff_verdict_name(w->report.verdict.kind), want);
    CHECK(w->report.verdict.sentence && w->report.verdict.rule);
    texts_free(&w->report.texts);
}

static void test_verdicts(void)
{
    struct world w;
    int64_t mib = 1 << 20;
    world(&w, 0, 0, 0, 0);
    check_verdict(&w, "no-growth");
    world(&w, 60 * 1024, 0, 0, 0);
    check_verdict(&w, "no-growth");
    world(&w, -mib, 0, 0, 0);
    check_verdict(&w, "no-growth");
    world(&w, mib, 0, 0, 0);
    check_verdict(&w, "managed-growth");
    world(&w, mib, 0, 0, 0);
    w.snapshot[0].complete = false;
    check_verdict(&w, "undecided");
    world(&w, 0, 9 * mib, 8 * mib, 0);
    check_verdict(&w, "native-leak");
    world(&w, 0, 2 * mib, 2 * mib, 0); /* pages of a capture, an arena: an idle process */
    check_verdict(&w, "no-growth");
    world(&w, 0, 9 * mib, 0, 8 * mib);
    check_verdict(&w, "fragmentation");
    world(&w, 0, 9 * mib, 0, 0);
    check_verdict(&w, "undecided");
    world(&w, 0, 9 * mib, 8 * mib, 0);
    w.parts[0].has_a = false; /* a part that one side lacks says nothing */
    check_verdict(&w, "undecided");
    world(&w, 2 * mib, 9 * mib, 8 * mib, 0); /* the heap is the smaller part of it */
    check_verdict(&w, "native-leak");
    world(&w, 4 * mib, 9 * mib, 5 * mib, 0);
    check_verdict(&w, "managed-growth");
    world(&w, 2 * mib, 9 * mib, 8 * mib, 0); /* most of it in arenas for small objects */
    w.facts[0].arenas = 10 * mib;
    w.facts[1].arenas = 18 * mib;
    check_verdict(&w, "fragmentation");
    world(&w, 0, 0, 0, 0);
    w.report.garbage_b = mib;
    check_verdict(&w, "managed-growth");
    world(&w, 0, 0, 0, 0);
    w.report.garbage_b = mib;
    w.facts[1].gc_enabled = 0;
    check_verdict(&w, "collector-off");
    world(&w, mib, 0, 0, 0);
    w.report.n_lines_all = 1;
    w.report.top = (struct diff_line){ .kind = DIFF_LINE_OWNER,
                                       .retained_delta = mib,
                                       .signature = "x",
                                       .path = "x",
                                       .intervals = 2,
                                       .bound = { -1, -1 } };
    w.report.n_intervals = 2;
    check_verdict(&w, "managed-leak");
    w.report.top.bound.bound = 5000; /* a cache that fills: not called a leak */
    check_verdict(&w, "cache-filling");
    w.report.top.bound.bound = -1;
    w.report.top.intervals = 1;
    check_verdict(&w, "managed-growth");
    w.report.top.last = (struct diff_step){ .growth = 1000, .came = 900, .went = 900, .turns = true };
    check_verdict(&w, "cache-filling");
    w.report.top.last.grew = true;
    check_verdict(&w, "managed-growth");
}

/* When a line grew: not where a full cache's table was made anew. */
static void test_steps(void)
{
    static const struct {
        struct heap_amount added, removed;
        int64_t resized;
        bool no_longer, turns, grew;
    } cases[] = {
        { { .count = 1000, .shallow_size = 90000 }, { 0 }, 0, false, false, true },
        { { .count = 900, .shallow_size = 90000 },
          { .count = 900, .shallow_size = 90000 }, 110000, false, true, false },
        { { .count = 957, .shallow_size = 95000 }, /* keys that nobody else holds */
          { .count = 900, .shallow_size = 90000 }, 0, false, false, true },
        { { .count = 957, .shallow_size = 95000 },
          { .count = 900, .shallow_size = 90000 }, 0, true, true, false },
        { { .count = 900, .shallow_size = 105000 }, /* as many, but larger */
          { .count = 900, .shallow_size = 90000 }, 0, true, false, true },
        { { .count = 1, .shallow_size = 91000 }, /* s += "..." */
          { .count = 1, .shallow_size = 90000 }, 0, false, false, true },
        { { 0 }, { 0 }, 5000, false, false, true },
        { { 0 }, { .count = 20, .shallow_size = 2000 }, 0, false, true, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line l = { .added = cases[i].added, .removed = cases[i].removed,
                          .resized = cases[i].resized, .no_longer = cases[i].no_longer };
        struct diff_step s = diff_trend_step(&l);
        CHECK_U64(s.turns * 10u + s.grew, cases[i].turns * 10u + cases[i].grew);
    }
}

/* What is said of the owner that grew most, with an amount of it that others hold, too. */
static void check_words(int64_t shared, const char *also, const char *about, int64_t bound,
                        const char *sentence, const char *advice)
{
    struct world w;
    int64_t mib = 1 << 20;
    world(&w, mib, 0, 0, 0);
    w.report.n_lines_all = 1;
    w.report.top = (struct diff_line){ .kind = DIFF_LINE_OWNER,
                                       .retained_delta = mib,
                                       .added.shallow_size = (uint64_t)mib,
                                       .shared.shallow_size = (uint64_t)shared,
                                       .also = also,
                                       .about = about,
                                       .signature = "app<module>.ROWS<list>",
                                       .path = "app.ROWS",
                                       .bound = { bound, -1 } };
    CHECK(diff_verdict_set(&w.report));
    CHECK_STR(w.report.verdict.sentence, sentence);
    CHECK_STR(w.report.verdict.advice, advice);
    texts_free(&w.report.texts);
}

static void test_words(void)
{
    static const char third[] = "Two snapshots cannot tell a leak from a cache that fills: take a "
                                "third after as much work again, and compare all three.";
    int64_t mib = 1 << 20;
    check_words(0, NULL, NULL, -1,
                "The managed heap grew by 1.0 MiB, of which app.ROWS holds 100%.", third);
    check_words(mib, "app.INDEX", NULL, -1,
                "The managed heap grew by 1.0 MiB, of which app.ROWS holds 100%, together with "
                "app.INDEX (freed only when all of them let go).",
                third);
    check_words(mib * 6 / 10, "app.INDEX", NULL, -1,
                "The managed heap grew by 1.0 MiB, of which app.ROWS holds 100%, most of it "
                "together with app.INDEX (freed only when all of them let go).",
                third);
    check_words(mib / 5, NULL, NULL, -1,
                "The managed heap grew by 1.0 MiB, of which app.ROWS holds 100%, some of it "
                "together with others (freed only when all of them let go).",
                third);
    check_words(mib / 10, "app.INDEX", NULL, -1,
                "The managed heap grew by 1.0 MiB, of which app.ROWS holds 100%.", third);
    check_words(0, NULL, "the cache of app.f", 100,
                "The managed heap grew by 1.0 MiB, of which app.ROWS holds 100%. That is the cache "
                "of app.f.",
                "It is bounded: once full it grows only if its elements do.");
}

static void test_noise(void)
{
    CHECK(!diff_grew(0, 64 * 1024) && diff_grew(0, 64 * 1024 + 1));
    CHECK(!diff_grew(2000000000, 2010000000) && diff_grew(2000000000, 2010000001));
    CHECK(!diff_grew(1000000, 0));
    CHECK(!diff_grew_resident(0, 2 << 20) && diff_grew_resident(0, (2 << 20) + 1));
    CHECK(!diff_grew_resident(2000000000, 2020000000) &&
          diff_grew_resident(2000000000, 2020000001));
}

CU_MAIN("diff rules", { "limits", test_limits }, { "what is shown", test_choose },
        { "sums by type", test_types }, { "verdicts", test_verdicts }, { "steps", test_steps }, { "words", test_words },
        { "noise", test_noise })
