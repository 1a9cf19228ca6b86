/* SPDX-License-Identifier: MIT */
/* The verdict; the rules stand in the header. */
#include "report/diff_trend.h"
#include "report/diff_verdict.h"

#include <stdlib.h>
#include <string.h>

#include "cli/number.h"

/* Of several owners so many are named. */
enum { SEVERAL_SHOWN = 3 };

static bool grew(int64_t before, int64_t after, int64_t least, int64_t part)
{
    int64_t noise = before / part > least ? before / part : least;
    return after - before > noise;
}

bool diff_grew(int64_t before, int64_t after)
{
    return grew(before, after, 64 * 1024, 200);
}

bool diff_grew_resident(int64_t before, int64_t after)
{
    return grew(before, after, 2 * 1024 * 1024, 100);
}

const char *diff_verdict_name(enum diff_verdict_kind kind)
{
    switch (kind) {
    case DIFF_UNDECIDED:
        return "undecided";
    case DIFF_NO_GROWTH:
        return "no-growth";
    case DIFF_MANAGED_GROWTH:
        return "managed-growth";
    case DIFF_MANAGED_LEAK:
        return "managed-leak";
    case DIFF_CACHE_FILLING:
        return "cache-filling";
    case DIFF_COLLECTOR_OFF:
        return "collector-off";
    case DIFF_NATIVE_LEAK:
        return "native-leak";
    case DIFF_FRAGMENTATION:
        return "fragmentation";
    }
    return "undecided";
}

/* What the rules look at. */
struct totals {
    int64_t live_a, live_b; /* with the objects' native memory */
    int64_t garbage_a, garbage_b; /* 0 where it does not count */
    int64_t managed_a, managed_b; /* both */
    bool has_rss;
    int64_t rss_a, rss_b;
    int64_t native_growth, free_growth; /* of the parts of the memory map, see part_growth */
};

/* Growth of the parts whose name holds one of two phrases; parts that one side lacks say nothing.
 */
static int64_t part_growth(const struct diff_report *r, const char *phrase, const char *other)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < r->n_parts; i++) {
        const struct diff_part_change *p = &r->parts[i];
        if (p->has_a && p->has_b && (strstr(p->name, phrase) || strstr(p->name, other)))
            sum += p->b - p->a;
    }
    return sum;
}

/* What the arenas of the small-object allocator grew by beyond the heap: nobody else uses them.
 * Nothing where the memory map tells it by itself. */
static int64_t arena_growth(const struct diff_report *r, int64_t managed)
{
    for (uint32_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].has_a && r->parts[i].has_b && strstr(r->parts[i].name, "pymalloc, free"))
            return 0;
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    if (a->arenas < 0 || b->arenas < 0) return 0;
    int64_t growth = b->arenas - a->arenas - (managed > 0 ? managed : 0);
    return growth > 0 ? growth : 0;
}

static struct totals totals_of(const struct diff_report *r)
{
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    bool native = r->native_a >= 0 && r->native_b >= 0;
    bool garbage = diff_facts_garbage_counts(b);
    struct totals t = {
        .live_a = r->live_a + (native ? r->native_a : 0),
        .live_b = r->live_b + (native ? r->native_b : 0),
        .garbage_a = garbage ? r->garbage_a : 0,
        .garbage_b = garbage ? r->garbage_b : 0,
        .has_rss = a->rss >= 0 && b->rss >= 0,
        .rss_a = a->rss,
        .rss_b = b->rss,
        .native_growth = part_growth(r, "not in the heap", "unexplained"),
        .free_growth = part_growth(r, "free", "free"),
    };
    t.managed_a = t.live_a + t.garbage_a;
    t.managed_b = t.live_b + t.garbage_b;
    int64_t slack = arena_growth(r, t.managed_b - t.managed_a);
    if (slack > t.native_growth) slack = t.native_growth > 0 ? t.native_growth : 0;
    t.native_growth -= slack;
    t.free_growth += slack;
    return t;
}

static const char *keep(struct diff_report *r, struct text *t)
{
    if (t->failed) r->texts.failed = true;
    const char *s = texts_get(&r->texts, texts_add(&r->texts, text_str(t), t->n), NULL);
    text_free(t);
    return s;
}

/* How much of what came below the line that grew most is held by others as well. */
static void say_shared(const struct diff_line *top, struct text *t)
{
    uint64_t all = top->added.shallow_size + top->added.native_size;
    uint64_t shared = top->shared.shallow_size + top->shared.native_size;
    if (!diff_line_shares(top)) return;
    const char *part = shared > all / 2 ? "most of it " : "some of it ";
    if (shared > all - all / 10) part = "";
    if (top->also)
        text_addf(t, ", %stogether with %s", part, top->also);
    else
        text_addf(t, ", %stogether with others", part);
    text_adds(t, " (freed only when all of them let go)");
}

/* The line of what is alive that grew most. */
static const struct diff_line *first(const struct diff_report *r)
{
    return r->top.kind == DIFF_LINE_GARBAGE && r->n_beside ? &r->beside[0] : &r->top;
}

/* The growth of a line with that of the weak references to what it has. */
static int64_t whole_growth(const struct diff_line *l)
{
    return diff_line_growth(l) + l->brings;
}

/* Does the line that grew most, an owner, hold at least half of the growth? */
static bool is_main(const struct diff_report *r, int64_t growth)
{
    return r->n_lines_all && diff_line_is_named(first(r)) &&
           whole_growth(first(r)) >= growth / 2;
}

/* Number i of the lines that grew most, shown or not. */
static const struct diff_line *leader(const struct diff_report *r, uint32_t i)
{
    return i ? &r->beside[i - 1] : &r->top;
}

static uint32_t n_leaders(const struct diff_report *r)
{
    return r->n_lines_all ? 1 + r->n_beside : 0;
}

static int64_t percent_of(const struct diff_line *l, int64_t growth)
{
    return (int64_t)((double)whole_growth(l) * 100.0 / (double)growth + 0.5);
}

/* Names the first of several owners, none of which holds most. */
static void say_several(struct diff_report *r, struct text *t, int64_t growth,
                        const struct diff_line *const *lines, uint32_t n)
{
    uint32_t shown = n < SEVERAL_SHOWN ? n : SEVERAL_SHOWN;
    r->verdict.owner = lines[0]->signature;
    r->verdict.share_percent = percent_of(lines[0], growth);
    for (uint32_t i = 0; i < shown; i++)
        text_addf(t, "%s%s %s%lld%%", i == 0 ? ", of which " : i + 1 < n ? ", " : " and ",
                  lines[i]->path, i ? "" : "holds ", (long long)percent_of(lines[i], growth));
    if (n > shown) text_addf(t, " and %u more", n - shown);
}

/* Owners with a tenth of the growth or more, where the first holds less than half. */
static uint32_t notable(const struct diff_report *r, int64_t growth,
                        const struct diff_line *lines[1 + DIFF_BESIDE])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_leaders(r); i++) {
        const struct diff_line *l = leader(r, i);
        if (diff_line_is_named(l) && diff_line_growth(l) >= growth / 10) lines[n++] = l;
    }
    return n;
}

/* Where no owner holds a fair share: what kind of thing most of it is. */
static void say_type(const struct diff_report *r, struct text *t, int64_t growth)
{
    const struct diff_type *type = r->n_types ? &r->types[0] : NULL;
    text_adds(t, "; no owner holds a tenth of it");
    if (!type || type->growth < growth / 2) return;
    bool code = strcmp(type->name, "(compiled code)") == 0;
    if (type->growth > growth + growth / 10) /* others shrank */
        text_addf(t, ", most came with %s", type->name);
    else
        text_addf(t, ", %lld%% came with %s",
                  (long long)((double)type->growth * 100.0 / (double)growth + 0.5), type->name);
    if (code) text_adds(t, ", which V8 makes of functions that run often: it ends when all are warm");
}

/* Names the line that grew most, where it is an owner, or the first ones. */
static void say_owner(struct diff_report *r, struct text *t, int64_t growth)
{
    const struct diff_line *top = first(r), *lines[1 + DIFF_BESIDE];
    int64_t own = whole_growth(top);
    char size[NUMBER_MAX];
    uint32_t n;
    if (!r->n_lines_all || own <= 0) return;
    if (!diff_line_is_named(top)) return;
    if (!is_main(r, growth) && (n = notable(r, growth, lines)) > 1) {
        say_several(r, t, growth, lines, n);
        return;
    }
    if (!is_main(r, growth) && own < growth / 10) {
        say_type(r, t, growth);
        return;
    }
    r->verdict.owner = top->signature;
    if (own > growth) r->verdict.share_percent = 100; /* others shrank */
    if (own > growth + growth / 10) {
        text_addf(t, "; %s grew by %s while others shrank", top->path,
                  number_size(size, (uint64_t)own));
    } else {
        if (own <= growth) r->verdict.share_percent = percent_of(top, growth);
        text_addf(t, ", of which %s holds %lld%%", top->path, (long long)r->verdict.share_percent);
    }
    if (top->follower)
        text_addf(t, " together with what refers weakly to that, and goes with it (%s)",
                  top->follower);
    say_shared(top, t);
}

/* In which intervals the owner grew that is named alone. */
static void say_intervals(const struct diff_report *r, int64_t growth, struct text *t)
{
    const struct diff_line *top = first(r), *lines[1 + DIFF_BESIDE];
    if (r->n_intervals < 2 || r->verdict.owner != top->signature || growth <= 0) return;
    if (!is_main(r, growth) && notable(r, growth, lines) > 1) return;
    if (top->intervals == r->n_intervals)
        text_addf(t, "; it grew in each of %u intervals", r->n_intervals);
    else
        text_addf(t, "; it grew in %u of %u intervals%s", top->intervals, r->n_intervals,
                  top->last.grew ? "" : ", not in the last");
}

/* Several owners that grew in every interval, and hold at least half of the growth together. */
struct leaks {
    uint32_t n;
    const struct diff_line *lines[1 + DIFF_BESIDE];
};

/* Garbage that changed by more than noise, apart from what is alive. */
static void say_garbage(const struct totals *t, struct text *out)
{
    char size[NUMBER_MAX];
    int64_t change = t->garbage_b - t->garbage_a;
    bool more = diff_grew(t->managed_a, t->managed_a + change);
    if (!more && !diff_grew(t->managed_b, t->managed_b - change)) return;
    text_addf(out, " Beside it, garbage that was not collected %s by %s.",
              more ? "grew" : "shrank", number_size(size, (uint64_t)(more ? change : -change)));
}

static void managed(struct diff_report *r, const struct totals *t, enum diff_verdict_kind kind,
                    const char *rule, const struct leaks *leaks)
{
    struct text s = { 0 };
    char size[NUMBER_MAX];
    bool off = kind == DIFF_COLLECTOR_OFF;
    int64_t growth = off ? t->managed_b - t->managed_a : t->live_b - t->live_a;
    text_addf(&s, "The managed heap grew by %s", number_size(size, (uint64_t)growth));
    if (off)
        text_adds(&s, "; most of it is garbage, and the cycle collector is switched off");
    else if (leaks)
        say_several(r, &s, growth, leaks->lines, leaks->n);
    else
        say_owner(r, &s, growth);
    if (leaks) text_addf(&s, "; they grew in each of %u intervals", r->n_intervals);
    if (!off) say_intervals(r, growth, &s);
    text_adds(&s, ".");
    if (!off && r->verdict.owner == first(r)->signature && first(r)->about)
        text_addf(&s, " That is %s.", first(r)->about);
    if (!off) say_garbage(t, &s);
    r->verdict.kind = kind;
    r->verdict.rule = rule;
    r->verdict.sentence = keep(r, &s);
}

/* The resident memory grew, and the managed heap does not explain it. */
static void unmanaged(struct diff_report *r, const struct totals *t)
{
    struct text s = { 0 };
    char size[NUMBER_MAX];
    int64_t growth = t->rss_b - t->rss_a;
    text_addf(&s, "The resident memory grew by %s, ", number_size(size, (uint64_t)growth));
    if (diff_grew(t->managed_a, t->managed_b))
        text_addf(&s, "the managed heap only by %s: ",
                  number_size(size, (uint64_t)(t->managed_b - t->managed_a)));
    else
        text_adds(&s, "the managed heap did not: ");
    if (t->native_growth > growth / 2 && t->native_growth >= t->free_growth) {
        r->verdict.kind = DIFF_NATIVE_LEAK;
        r->verdict.rule =
            "resident memory grew by more than three times the managed heap's growth, "
            "and most of it was handed out by allocators to what is no object";
        text_adds(&s, "native code holds it.");
        if (r->unknown)
            text_addf(&s, " Objects whose native memory is not known grew in number: %s.",
                      r->unknown);
    } else if (t->free_growth > growth / 2) {
        r->verdict.kind = DIFF_FRAGMENTATION;
        r->verdict.rule =
            "resident memory grew by more than three times the managed heap's growth, "
            "and most of it is memory that allocators hold free";
        text_adds(&s, "allocators hold it as free memory.");
    } else {
        r->verdict.kind = DIFF_UNDECIDED;
        r->verdict.rule =
            "resident memory grew by more than three times the managed heap's growth, "
            "and no part of the memory map explains most of it";
        text_adds(&s, "the memory map does not say why.");
    }
    r->verdict.sentence = keep(r, &s);
}

/* Native blocks grew, and nothing else that is known. */
static void native(struct diff_report *r)
{
    struct text s = { 0 };
    char size[NUMBER_MAX];
    text_addf(&s, "Native blocks grew by %s, the managed heap did not",
              number_size(size, (uint64_t)(r->blocks_b - r->blocks_a)));
    if (r->native.n && r->native.at[0].shallow_b > r->native.at[0].shallow_a)
        text_addf(&s, ": most, %s, at %s",
                  number_size(size, (uint64_t)(r->native.at[0].shallow_b -
                                               r->native.at[0].shallow_a)),
                  r->native.at[0].brief);
    text_adds(&s, ".");
    r->verdict.kind = DIFF_NATIVE_LEAK;
    r->verdict.rule =
        "native blocks grew by more than 64 KiB and 0.5%, and the managed heap did not";
    r->verdict.sentence = keep(r, &s);
}

static void no_growth(struct diff_report *r, const struct totals *t)
{
    struct text s = { 0 };
    char size[NUMBER_MAX];
    int64_t growth = t->live_b - t->live_a;
    if (diff_grew(t->live_b, t->live_a))
        text_addf(&s, "No growth: the managed heap shrank by %s.",
                  number_size(size, 0 - (uint64_t)growth));
    else if (growth == 0 && r->n_lines_all == 0)
        text_adds(&s, "No growth: nothing changed.");
    else
        text_addf(&s, "No growth: the managed heap changed by %s, within the noise.",
                  number_delta(size, growth));
    say_garbage(t, &s);
    r->verdict.kind = DIFF_NO_GROWTH;
    r->verdict.rule =
        "neither did what is alive in the managed heap grow by more than 64 KiB and 0.5%, nor the"
        " resident memory by more than 2 MiB and 1%";
    r->verdict.sentence = keep(r, &s);
}

/* Garbage alone grew. */
static void garbage_grew(struct diff_report *r, const struct totals *t)
{
    struct text s = { 0 };
    char size[NUMBER_MAX];
    text_addf(&s, "The managed heap grew by %s; ",
              number_size(size, (uint64_t)(t->managed_b - t->managed_a)));
    text_addf(&s, "most of it is garbage that was not collected: what is alive changed by %s.",
              number_delta(size, t->live_b - t->live_a));
    r->verdict.kind = DIFF_MANAGED_GROWTH;
    r->verdict.rule = "garbage that was not collected grew by more than 64 KiB and 0.5%, what is "
                      "alive did not";
    r->verdict.sentence = keep(r, &s);
}

static void incomplete(struct diff_report *r, const struct totals *t)
{
    struct text s = { 0 };
    char size[NUMBER_MAX];
    text_addf(&s, "Undecided: a capture is incomplete; what it holds differs by %s.",
              number_delta(size, t->managed_b - t->managed_a));
    r->verdict.kind = DIFF_UNDECIDED;
    r->verdict.rule =
        "a capture is incomplete: missing references can make objects look new, gone or "
        "unreachable";
    r->verdict.sentence = keep(r, &s);
}

/* What is to be said of an owner that is bounded, or whose elements took turns. */
static const char *cache_advice(struct diff_report *r)
{
    const struct diff_line *top = first(r);
    char came[NUMBER_MAX], went[NUMBER_MAX];
    struct text t = { 0 };
    if (top->bound.bound >= 0 && top->bound.length >= top->bound.bound)
        return "It is full: from here on it grows only if its elements do.";
    if (top->bound.bound >= 0)
        return "It is bounded: once full it grows only if its elements do.";
    text_addf(&t, "It is like a cache that is full: in the last interval %s objects came and %s "
                  "went.",
              number_count(came, top->last.came), number_count(went, top->last.went));
    return keep(r, &t);
}

/* Seconds of each interval, [n_intervals], malloc'd; NULL where they are not all known, or so few
 * that they say nothing about the work that was done in them. */
static double *interval_seconds(const struct diff_report *r)
{
    if (!r->has_interval || r->interval < DIFF_RATE_SECONDS) return NULL;
    double *seconds = malloc(r->n_intervals * sizeof *seconds);
    for (uint32_t i = 0; seconds && i < r->n_intervals; i++) {
        if (diff_facts_interval(&r->snapshots[i], &r->snapshots[i + 1], &seconds[i])) continue;
        free(seconds);
        seconds = NULL;
    }
    return seconds;
}

/* Does the owner exchange its elements, as a cache does that has become full? */
static bool exchanges(const struct diff_report *r, const struct diff_line *l)
{
    double *seconds = interval_seconds(r);
    bool so = diff_trend_exchanges(l, seconds);
    free(seconds);
    return so;
}

static const char *exchange_advice(struct diff_report *r)
{
    const struct diff_line *l = first(r);
    char grown[NUMBER_MAX], came[NUMBER_MAX], went[NUMBER_MAX];
    struct text t = { 0 };
    text_addf(&t, "It is like a cache that became full: in the last interval %s objects came and %s "
                  "went (%s). One more snapshot shows whether it stays so.",
              number_count(came, l->last.came), number_count(went, l->last.went),
              number_delta(grown, l->last.growth));
    return keep(r, &t);
}

/* Is it an owner without a bound that grew in every interval, without slowing down? */
static bool is_steady(const struct diff_report *r, const struct diff_line *l,
                      const double *seconds)
{
    int64_t left;
    return diff_line_is_named(l) && l->bound.bound < 0 && l->intervals == r->n_intervals &&
           diff_line_growth(l) > 0 && !diff_trend_slows(l, seconds, &left) &&
           !diff_trend_exchanges(l, seconds);
}

/* The owner beside the first that grew most steadily, by more than noise; NULL: none. */
static const struct diff_line *steady(const struct diff_report *r, const double *seconds)
{
    for (uint32_t i = 0; i < n_leaders(r); i++) {
        const struct diff_line *l = leader(r, i);
        if (l == first(r) || !is_steady(r, l, seconds)) continue;
        if (diff_grew(0, diff_line_growth(l))) return l;
    }
    return NULL;
}

/* Do steady owners, of which none does alone, hold at least half of the growth? */
static bool find_leaks(const struct diff_report *r, int64_t growth, struct leaks *out)
{
    double *seconds = interval_seconds(r);
    int64_t sum = 0;
    out->n = 0;
    for (uint32_t i = 0; i < n_leaders(r); i++) {
        const struct diff_line *l = leader(r, i);
        if (!is_steady(r, l, seconds)) continue;
        out->lines[out->n++] = l;
        sum += diff_line_growth(l);
    }
    free(seconds);
    return out->n > 0 && sum >= growth / 2;
}

/* The growth of the first owner dies away: what is to be said of it. *beside: another one's does
 * not. NULL: it does not die away. */
static const char *slows_advice(struct diff_report *r, bool *beside)
{
    char size[NUMBER_MAX];
    struct text t = { 0 };
    int64_t left;
    double *seconds = interval_seconds(r);
    bool slows = diff_trend_slows(first(r), seconds, &left);
    const struct diff_line *other = slows ? steady(r, seconds) : NULL;
    free(seconds);
    if (!slows) return NULL;
    *beside = other != NULL;
    text_adds(&t, "It slows down, as a cache does that fills:");
    for (uint32_t i = r->n_intervals > 4 ? r->n_intervals - 4 : 0; i < r->n_intervals; i++)
        text_addf(&t, " %s%s", number_delta(size, first(r)->steps[i].growth),
                  i + 1 < r->n_intervals ? "," : "");
    text_addf(&t, "; going on so, %s more would come.", number_size(size, (uint64_t)left));
    if (other)
        text_addf(&t, " %s does not: it grew in each interval, by %s in all.", other->path,
                  number_size(size, (uint64_t)diff_line_growth(other)));
    return keep(r, &t);
}

/* The managed heap grew: as a leak, as a cache, or as far as the snapshots can tell. */
static void grown(struct diff_report *r, const struct totals *t, int64_t growth)
{
    const struct diff_line *top = first(r);
    bool owner = is_main(r, growth), several = r->n_intervals >= 2;
    bool bounded = owner && top->bound.bound >= 0;
    bool turns = owner && several && !top->last.grew && top->last.turns;
    enum diff_verdict_kind kind = DIFF_MANAGED_GROWTH;
    const char *rule, *advice = NULL, *slows;
    bool beside = false;
    struct leaks leaks = { 0 };
    if (bounded || turns) {
        kind = DIFF_CACHE_FILLING;
        rule = bounded ? "the managed heap grew, and the owner that holds at least half of it is "
                         "bounded"
                       : "the managed heap grew, and the owner that holds at least half of it "
                         "stopped: in the last interval as many of its objects went as came";
        advice = cache_advice(r);
    } else if (!several) {
        rule = "the managed heap grew by more than 64 KiB and 0.5%; two snapshots alone cannot "
               "tell a leak from a cache that fills";
        advice = "Two snapshots cannot tell a leak from a cache that fills: take a third after as "
                 "much work again, and compare all three.";
    } else if (owner && (slows = slows_advice(r, &beside)) != NULL) {
        kind = beside ? DIFF_MANAGED_GROWTH : DIFF_CACHE_FILLING;
        rule = "the managed heap grew, and the owner that holds at least half of it slows down: "
               "each interval brought at most five eighths of the one before";
        advice = slows;
    } else if (owner && exchanges(r, top)) {
        kind = DIFF_CACHE_FILLING;
        rule = "the managed heap grew, and the owner that holds at least half of it comes to "
               "exchange its elements: in the last interval most of what came replaced what went, "
               "and it grew by a quarter of the first interval or less";
        advice = exchange_advice(r);
    } else if (owner && top->intervals == r->n_intervals) {
        kind = DIFF_MANAGED_LEAK;
        rule = "the managed heap grew, and the owner that grew most grew in every interval and "
               "holds at least half of it";
    } else if (!owner && find_leaks(r, growth, &leaks)) {
        kind = DIFF_MANAGED_LEAK;
        rule = "the managed heap grew, and owners that grew in every interval hold at least half "
               "of it together";
    } else {
        rule = "the managed heap grew, but no owners that hold at least half of that grew in every "
               "interval";
    }
    managed(r, t, kind, rule, kind == DIFF_MANAGED_LEAK && !owner ? &leaks : NULL);
    r->verdict.advice = advice;
}

bool diff_verdict_set(struct diff_report *r)
{
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    struct totals t = totals_of(r);
    int64_t growth = t.managed_b - t.managed_a;
    bool heap = diff_grew(t.managed_a, t.managed_b), alive = diff_grew(t.live_a, t.live_b);
    bool dead = heap && t.garbage_b - t.garbage_a > growth / 2;
    bool garbage = (r->garbage_b - r->garbage_a) > growth / 2 && b->gc_enabled == 0;
    bool beyond =
        t.has_rss && diff_grew_resident(t.rss_a, t.rss_b) && (t.rss_b - t.rss_a) / 3 > growth;
    if (!a->snapshot->complete || !b->snapshot->complete)
        incomplete(r, &t);
    else if (heap && garbage)
        managed(r, &t, DIFF_COLLECTOR_OFF,
                "more than half of the growth is garbage, and the cycle collector is switched off",
                NULL);
    else if (beyond)
        unmanaged(r, &t);
    else if (alive)
        grown(r, &t, t.live_b - t.live_a);
    else if (dead)
        garbage_grew(r, &t);
    else if (r->has_native && diff_grew(r->blocks_a, r->blocks_b))
        native(r);
    else
        no_growth(r, &t);
    if (r->has_interval && r->interval < 0)
        r->verdict.advice = "B is older than A: swap them to see what grew.";
    return !r->texts.failed;
}
