/* SPDX-License-Identifier: MIT */
/* Slopes against their definition, and how often the interval covers the truth. */
#include <math.h>
#include <stdlib.h>

#include "cu.h"
#include "report/slope.h"

static uint64_t state = 88172645463325252u;

/* Uniform in [0, 1): xorshift64 (Marsaglia 2003). */
static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* About normal: the sum of twelve. */
static double noise(void)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += uniform();
    return sum;
}

static void test_few(void)
{
    double x[] = { 0, 1, 2, 3 }, y[] = { 5, 7, 9, 11 }, same[] = { 1, 1, 1, 1 };
    struct slope s;
    CHECK(slope_find(x, y, 0, &s) && s.n == 0);
    CHECK(slope_find(x, y, 1, &s) && s.n == 0);
    CHECK(slope_find(x, y, 2, &s) && s.n == 2 && s.low == 2 && s.mid == 2 && s.high == 2);
    CHECK(slope_find(x, y, 4, &s) && s.n == 4 && s.low == 2 && s.mid == 2 && s.high == 2);
    CHECK(slope_find(same, y, 4, &s) && s.n == 0); /* no pair */
    y[3] = 1000; /* one that is off does not move the middle by much */
    CHECK(slope_find(x, y, 4, &s) && s.low == 2 && s.high == 991 && s.mid < 332);
}

/* Sen's own rule, written down once more: the interval by counting pairs below and above. */
static void test_definition(void)
{
    for (int round = 0; round < 300; round++) {
        double x[40], y[40];
        uint32_t n = 3 + (uint32_t)(uniform() * 37), pairs = 0, below = 0, above = 0, under = 0;
        for (uint32_t i = 0; i < n; i++) {
            x[i] = i * 10 + uniform();
            y[i] = 3 * x[i] + 20 * noise();
        }
        struct slope s;
        CHECK(slope_find(x, y, n, &s) && s.n == n);
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t k = i + 1; k < n; k++, pairs++) {
                double p = (y[k] - y[i]) / (x[k] - x[i]);
                below += p < s.low;
                above += p > s.high;
                under += p < s.mid;
            }
        CHECK_U64(below, above);
        CHECK_U64(under, pairs / 2);
        double c = 1.959964 * sqrt(n * (n - 1.0) * (2.0 * n + 5) / 18);
        /* Rank M1 = (N - C) / 2, from one on: M1 - 1 pairs lie below it. */
        double want = floor((pairs - c) / 2) - 1;
        CHECK_U64(below, want > 0 ? (uint64_t)want : 0);
    }
}

/* Over 2,000 series of 12 points the interval covers the true slope in about 95%. */
static void test_coverage(void)
{
    unsigned covered = 0, rounds = 2000;
    for (unsigned round = 0; round < rounds; round++) {
        double x[12], y[12];
        struct slope s;
        for (int i = 0; i < 12; i++) x[i] = i, y[i] = 5.0 * i + 8 * noise();
        CHECK(slope_find(x, y, 12, &s));
        covered += s.low <= 5 && 5 <= s.high;
    }
    CHECK(covered >= rounds * 93 / 100);
    CHECK(covered <= rounds * 985 / 1000);
}

static void test_many(void)
{
    enum { MANY = 100000 };
    double *x = malloc(MANY * sizeof *x), *y = malloc(MANY * sizeof *y);
    struct slope s;
    for (int i = 0; i < MANY; i++) x[i] = i, y[i] = 2.0 * i;
    CHECK(slope_find(x, y, MANY, &s));
    CHECK_U64(s.n, SLOPE_POINTS_MAX);
    CHECK(s.low == 2 && s.mid == 2 && s.high == 2);
    free(x);
    free(y);
}

CU_MAIN("slopes", { "few points", test_few }, { "against the definition", test_definition },
        { "coverage", test_coverage }, { "many points", test_many })
