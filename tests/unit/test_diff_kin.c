/* SPDX-License-Identifier: MIT */
/* One process or two, told from what has which id. */
#include "cu.h"

#include <stdlib.h>

#include "db/diff_kin.h"

/* Rows with the ids 1, 3, 5 .. (and the virtual roots); the caller fills in types and sizes. */
static void make(struct diff_rows *r, uint32_t n)
{
    *r = (struct diff_rows){ .n_rows = n + 2, .garbage_root = n + 1 };
    r->identity = calloc(n + 2, sizeof *r->identity);
    r->shallow = calloc(n + 2, sizeof *r->shallow);
    r->type = calloc(n + 2, sizeof *r->type);
    for (uint32_t i = 1; i <= n; i++) r->identity[i] = 2 * i - 1;
    r->type[0] = r->type[n + 1] = HEAP_NONE;
}

static struct diff_kin measure(struct diff_rows *a, struct diff_rows *b)
{
    struct diff_kin kin;
    CHECK_I64(diff_kin_measure(a, b, 100, &kin), 0);
    diff_rows_free(a);
    diff_rows_free(b);
    return kin;
}

static void one_process(void)
{
    struct diff_rows a, b;
    make(&a, 200000);
    make(&b, 300000);
    for (uint32_t i = 1; i <= 200000; i++) a.type[i] = i % 7;
    for (uint32_t i = 1; i <= 300000; i++) b.type[i] = i % 7;
    b.type[5]++; /* one has become something else */
    struct diff_kin kin = measure(&a, &b);
    CHECK(kin.common > DIFF_KIN_SAMPLE / 2 && kin.common < DIFF_KIN_SAMPLE * 2);
    CHECK(diff_kin_is_one(&kin));
}

static void two_processes(void)
{
    struct diff_rows a, b;
    make(&a, 20000);
    make(&b, 20000);
    for (uint32_t i = 1; i <= 20000; i++) {
        a.type[i] = i % 7;
        b.type[i] = i % 16 ? i % 7 : (i + 1) % 7; /* 15 of 16 are what they are in A */
    }
    struct diff_kin kin = measure(&a, &b);
    CHECK_I64(kin.common, 20000);
    CHECK_I64(kin.agreed, 18750);
    CHECK(!diff_kin_is_one(&kin));
}

/* Where nearly all is of one type, chance agrees; and of one type all, it proves nothing. */
static void one_type(void)
{
    for (uint32_t other = 0; other <= 100; other += 100) {
        struct diff_rows a, b;
        make(&a, 20000);
        make(&b, 20000);
        for (uint32_t i = 1; i <= other; i++) a.type[i] = b.type[20000 - i] = 1;
        struct diff_kin kin = measure(&a, &b);
        CHECK(kin.agreed >= 19800);
        CHECK(!diff_kin_is_one(&kin));
    }
}

/* Sizes count as well. */
static void sizes(void)
{
    struct diff_rows a, b;
    make(&a, 20000);
    make(&b, 20000);
    for (uint32_t i = 1; i <= 20000; i++) {
        a.type[i] = b.type[i] = i % 7;
        b.shallow[i] = i % 10 == 0;
    }
    struct diff_kin kin = measure(&a, &b);
    CHECK_I64(kin.agreed, 18000);
    CHECK(!diff_kin_is_one(&kin));
}

/* Few objects prove nothing, and even ids are no ids. */
static void few(void)
{
    struct diff_rows a, b;
    make(&a, 20000);
    make(&b, 20000);
    for (uint32_t i = 1; i <= 20000; i++) {
        a.type[i] = b.type[i] = i % 7;
        if (i >= DIFF_KIN_MIN) a.identity[i]--;
    }
    struct diff_kin kin = measure(&a, &b);
    CHECK_I64(kin.common, DIFF_KIN_MIN - 1);
    CHECK(!diff_kin_is_one(&kin));
    make(&a, 0);
    make(&b, 10);
    kin = measure(&a, &b);
    CHECK_I64(kin.common, 0);
    CHECK(!diff_kin_is_one(&kin));
}

CU_MAIN("one process or two", { "objects of one process", one_process },
        { "of two processes", two_processes }, { "heaps of one type", one_type },
        { "other sizes", sizes }, { "few objects", few })
