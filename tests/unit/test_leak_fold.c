/* SPDX-License-Identifier: MIT */
/* What is folded into what, what is left, and that the rules yield in no circle. */
#include <stdlib.h>
#include <string.h>
#include "cu.h"
#include "leak/fold.h"

static const enum severity NOTE = SEVERITY_NOTE, WARNING = SEVERITY_WARNING;

/* A finding about the object `id` that dominates up to `last`. */
static struct finding about(enum severity severity, int64_t id, int64_t last, uint64_t bytes)
{
    return (struct finding){ .severity = severity, .object_id = id, .last_dominated = last,
                             .type_id = id, .bytes = bytes, .has_bytes = true };
}

static void add(struct rule_findings *r, struct finding f)
{
    r->at = realloc(r->at, (r->n + 1) * sizeof *r->at);
    r->at[r->n++] = f;
}

static struct rule_findings rule_named(const char *name, const char *yields)
{
    struct rule_findings r = { .rule = { .name = name } };
    if (yields) r.rule.yields = strcpy(malloc(strlen(yields) + 1), yields);
    return r;
}

/* Rules: why; where yields to why; least yields to where and why. */
static struct findings three(void)
{
    struct findings f = { .n = 3, .rules = calloc(3, sizeof *f.rules) };
    f.rules[0] = rule_named("least", "where why");
    f.rules[1] = rule_named("where", "why");
    f.rules[2] = rule_named("why", NULL);
    return f;
}

static const struct rule_findings *named(const struct findings *f, const char *name)
{
    size_t i = 0;
    while (i < f->n && strcmp(f->rules[i].rule.name, name) != 0) i++;
    return &f->rules[i];
}

static void test_chain(void)
{
    struct findings f = three();
    add(&f.rules[0], about(NOTE, 10, 90, 1000));    /* the same object as where's */
    add(&f.rules[0], about(NOTE, 200, 300, 500));   /* nobody else's */
    add(&f.rules[1], about(WARNING, 10, 90, 800));  /* holds why's */
    add(&f.rules[2], about(WARNING, 20, 25, 700));
    fold_findings(&f);
    CHECK(fold_cut(&f, 5));
    CHECK_STR(f.rules[0].rule.name, "why");
    CHECK_U64(f.rules[0].at[0].number, 1);
    CHECK_U64(f.rules[0].at[0].explained_by, 0);
    CHECK_U64(named(&f, "where")->at[0].explained_by, 1);
    CHECK_U64(named(&f, "where")->n_own, 0);
    CHECK_U64(named(&f, "least")->at[0].explained_by, 1); /* by way of where */
    CHECK_U64(named(&f, "least")->at[1].explained_by, 0);
    CHECK_U64(f.count[WARNING], 1);
    CHECK_U64(f.count[NOTE], 1);
    findings_free(&f);
}

static void test_not_folded(void)
{
    struct findings f = three();
    add(&f.rules[2], about(NOTE, 20, 25, 700));
    add(&f.rules[2], about(WARNING, 100, 120, 40));
    add(&f.rules[1], about(WARNING, 20, 25, 700)); /* more severe than why's */
    add(&f.rules[1], about(NOTE, 90, 130, 81));    /* why's is less than half of it */
    add(&f.rules[1], about(NOTE, 0, 0, 10));       /* no object */
    add(&f.rules[1], about(NOTE, 500, 510, 10));   /* elsewhere */
    fold_findings(&f);
    CHECK(fold_cut(&f, 5));
    CHECK_U64(named(&f, "where")->n_own, 4);
    CHECK_U64(f.count[WARNING], 2);
    CHECK_U64(f.count[NOTE], 4);
    findings_free(&f);
}

static void test_types_and_garbage(void)
{
    struct findings f = three();
    struct finding type = about(NOTE, 20, 25, 700), same = about(NOTE, 220, 225, 900);
    struct finding garbage = about(NOTE, 900, 910, 50), more = about(NOTE, 950, 950, 60);
    same.type_id = 20;
    garbage.is_garbage = more.is_garbage = true;
    add(&f.rules[2], type);
    add(&f.rules[2], garbage);
    add(&f.rules[1], same);
    add(&f.rules[1], more);
    fold_findings(&f);
    CHECK_U64(f.rules[1].at[0].explained_by, 0);
    CHECK(f.rules[1].at[1].explained_by == f.rules[2].at[1].number);
    f.rules[2].rule.about_type = true;
    fold_findings(&f);
    CHECK(f.rules[1].at[0].explained_by == f.rules[2].at[0].number);
    findings_free(&f);
}

static void test_cut(void)
{
    struct findings f = three();
    for (int i = 0; i < 4; i++) {
        add(&f.rules[2], about(WARNING, 100 * i + 1, 100 * i + 9, 1000));
        add(&f.rules[1], about(NOTE, 100 * i + 1, 100 * i + 9, 1000));
    }
    f.rules[2].more = 3;
    fold_findings(&f);
    CHECK(fold_cut(&f, 2));
    CHECK_U64(named(&f, "why")->n, 2);
    CHECK_U64(named(&f, "why")->more, 5);
    CHECK_U64(f.count[WARNING], 7);
    CHECK_U64(f.count[NOTE], 0);
    const struct rule_findings *where = named(&f, "where");
    CHECK_U64(where->n, 2);
    CHECK_U64(where->more_folded, 2);
    for (size_t i = 0; i < where->n; i++) CHECK_U64(where->at[i].explained_by, i + 1);
    CHECK_U64(where->at[1].number, 4);
    findings_free(&f);
}

/* Rules that nothing yields to any more are taken away until none is left. */
static void test_no_circle(void)
{
    struct rule rules[256];
    bool gone[256] = { false };
    size_t n = 0, left, before;
    for (; n < 256 && rule_files[n].name; n++) CHECK(rule_read(&rule_files[n], &rules[n]));
    for (left = n, before = n + 1; left < before;) {
        before = left;
        for (size_t i = 0; i < n; i++) {
            size_t k = 0;
            while (k < n && (gone[k] || !rule_yields(&rules[i], rules[k].name))) k++;
            if (gone[i] || k < n) continue;
            gone[i] = true;
            left--;
        }
    }
    CHECK_U64(left, 0);
    for (size_t i = 0; i < n; i++) {
        size_t words = 0, known = 0;
        for (const char *s = rules[i].yields; s && *s; s++)
            words += *s != ' ' && (s[1] == ' ' || !s[1]);
        for (size_t k = 0; k < n; k++) known += rule_yields(&rules[i], rules[k].name);
        if (!CHECK_U64(known, words)) printf("  %s\n", rules[i].name);
    }
    for (size_t i = 0; i < n; i++) rule_free(&rules[i]);
}

CU_MAIN("leak fold", { "chain", test_chain }, { "not folded", test_not_folded },
        { "types and garbage", test_types_and_garbage }, { "cut", test_cut },
        { "no circle", test_no_circle })
