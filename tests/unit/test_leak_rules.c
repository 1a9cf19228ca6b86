/* SPDX-License-Identifier: MIT */
/* Heads of rules, and what copies of containers would save. */
#include <stdlib.h>
#include <string.h>
#include "cu.h"
#include "leak/rule.h"
#include "leak/spare.h"

static void test_heads(void)
{
    size_t n = 0;
    for (; rule_files[n].name; n++) {
        struct rule rule;
        if (!CHECK(rule_read(&rule_files[n], &rule))) printf("  %s\n", rule_files[n].name);
        CHECK(rule.title && *rule.title && rule.title[strlen(rule.title) - 1] != '.');
        CHECK(rule.cause && *rule.cause && rule.remedy && *rule.remedy);
        CHECK(rule.limits && *rule.limits && rule.limits[strlen(rule.limits) - 1] != '.');
        CHECK(strstr(rule.sql, "SELECT") != NULL);
        rule_free(&rule);
    }
    CHECK(n >= 19);
}

static void test_values(void)
{
    const struct rule_file file = { "a-rule", "-- SPDX-License-Identifier: MIT\n"
                                              "-- rule: a-rule\n"
                                              "-- title: a title\n"
                                              "-- cause: one line,\n"
                                              "--     and another: with a colon\n"
                                              "-- remedy: none\n"
                                              "-- runtime: cpython  jvm\n"
                                              "-- needs: base refs\n"
                                              "SELECT 1 -- title: no head\n" };
    struct rule rule;
    CHECK(rule_read(&file, &rule));
    CHECK_STR(rule.title, "a title");
    CHECK_STR(rule.cause, "one line, and another: with a colon");
    CHECK_U64(rule.needs, RULE_NEEDS_BASE | RULE_NEEDS_REFS);
    CHECK(rule_is_for(&rule, "jvm") && rule_is_for(&rule, "cpython"));
    CHECK(!rule_is_for(&rule, "v8") && !rule_is_for(&rule, "cpy") && !rule_is_for(&rule, NULL));
    rule_free(&rule);
}

/* The words of a runtime stand in place of those for all, and only its own. */
static void test_words(void)
{
    const struct rule_file file = { "a-rule", "-- rule: a-rule\n"
                                              "-- title: a title\n"
                                              "-- title(jvm): of Java,\n"
                                              "--     in two lines\n"
                                              "-- cause: a cause\n"
                                              "-- remedy(v8): of V8\n"
                                              "-- remedy: for all\n"
                                              "-- limits(v8): its limits\n"
                                              "SELECT 1 -- cause(jvm): no head\n" };
    const struct {
        const char *runtime, *title, *remedy, *limits;
    } rows[] = { { NULL, "a title", "for all", NULL },
                 { "jvm", "of Java, in two lines", "for all", NULL },
                 { "v8", "a title", "of V8", "its limits" },
                 { "v", "a title", "for all", NULL },
                 { "", "a title", "for all", NULL } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule rule;
        CHECK(rule_read(&file, &rule) && rule_speak(&rule, rows[i].runtime));
        CHECK_STR(rule.title, rows[i].title);
        CHECK_STR(rule.cause, "a cause");
        CHECK_STR(rule.remedy, rows[i].remedy);
        CHECK(rows[i].limits ? rule.limits && strcmp(rule.limits, rows[i].limits) == 0 : !rule.limits);
        rule_free(&rule);
    }
}

/* Rules for every runtime do not speak of one: words of Python stand under its name. */
static void test_words_of_all(void)
{
    const char *const own[] = { "del ", "None", "__init__", "context manager", "functools",
                                "with open", "finally", "null", "a module" };
    for (size_t n = 0; rule_files[n].name; n++) {
        struct rule rule;
        CHECK(rule_read(&rule_files[n], &rule));
        for (size_t i = 0; !rule.runtime && i < sizeof own / sizeof *own; i++)
            if (!CHECK(!strstr(rule.remedy, own[i]) && !strstr(rule.cause, own[i])))
                printf("  %s: %s\n", rule.name, own[i]);
        rule_free(&rule);
    }
}

static void test_wrong_heads(void)
{
    const char *const wrong[] = { "", "SELECT 1", "-- rule: b\n", "-- rule: b",
                                  "-- rule: a\n-- title: t\n-- cause: c\n-- remedy: r\nSELECT 1" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rule rule;
        CHECK(!rule_read(&(struct rule_file){ "b", wrong[i] }, &rule));
        rule_free(&rule);
    }
}

/* Sizes as sys.getsizeof gave them in CPython 3.11, with what they lost by dict(d), set(s). */
static void test_spare(void)
{
    const struct {
        const char *type;
        uint64_t shallow, length, capacity, spare;
    } rows[] = {
        { "dict", 589912, 3, 21845, 589560 },   { "dict", 415152, 3, 21845, 414880 },
        { "dict", 4688, 20, 170, 4056 },        { "dict", 3328, 20, 170, 2864 },
        { "dict", 36952, 0, 1365, 36888 },      { "dict", 26032, 0, 1365, 25968 },
        { "dict", 9304, 100, 341, 4616 },       { "dict", 6576, 100, 341, 3248 },
        { "set", 2097368, 3, 131072, 2097152 }, { "set", 8408, 20, 512, 7168 },
        { "set", 32984, 0, 2048, 32768 },       { "set", 8408, 100, 512, 4096 },
        { "list", 856, 10, 100, 720 },          { "bytearray", 1057, 0, 1001, 1001 },
        { "dict", 232, 5, 5, 0 },               { "dict", 64, 0, 0, 0 },
        { "set", 216, 0, 8, 0 },                { "tuple", 856, 10, 100, 0 },
        { "dict", 64, 0, 30, 0 }, /* an instance's, which shares its table */
        { "list", 56, 0, UINT64_MAX, 0 },       { "list", 1000, 900, 100, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!CHECK_U64(spare_bytes(rows[i].type, rows[i].shallow, rows[i].length, rows[i].capacity),
                       rows[i].spare))
            printf("  row %zu\n", i);
    CHECK_U64(spare_bytes(NULL, 1, 0, 1), 0);
}

CU_MAIN("leak rules", { "heads", test_heads }, { "values", test_values },
        { "words", test_words }, { "words of all", test_words_of_all },
        { "wrong heads", test_wrong_heads }, { "spare", test_spare })
