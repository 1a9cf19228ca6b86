/* SPDX-License-Identifier: MIT */
/*
 * A thin wrapper around CUnit: a failed check prints what was wanted and what was got, and the
 * process exits with the number of failed checks (0 when all passed), which CTest reads.
 *
 * Use:   static void test_x(void) { CHECK_U64(1 + 1, 2); CHECK_STR(name, "a"); CHECK(p != NULL); }
 *        CU_MAIN("varint", { "x", test_x }, { "y", test_y })
 */
#ifndef SNAP_TESTS_CU_H
#define SNAP_TESTS_CU_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <CUnit/Basic.h>

static inline int cu_report(int ok, unsigned line, const char *text, const char *file)
{
    CU_assertImplementation(ok ? CU_TRUE : CU_FALSE, line, text, file, "", CU_FALSE);
    return ok;
}

static inline int cu_u64(uint64_t got, uint64_t want, unsigned line, const char *expr, const char *file)
{
    char text[512];
    snprintf(text, sizeof text, "%s: want %" PRIu64 ", got %" PRIu64, expr, want, got);
    return cu_report(got == want, line, text, file);
}

static inline int cu_i64(int64_t got, int64_t want, unsigned line, const char *expr, const char *file)
{
    char text[512];
    snprintf(text, sizeof text, "%s: want %" PRId64 ", got %" PRId64, expr, want, got);
    return cu_report(got == want, line, text, file);
}

static inline int cu_str(const char *got, const char *want, unsigned line, const char *expr,
                         const char *file)
{
    char text[1024];
    int same = got == want || (got && want && strcmp(got, want) == 0);
    snprintf(text, sizeof text, "%s: want \"%.400s\", got \"%.400s\"", expr, want ? want : "(null)",
             got ? got : "(null)");
    return cu_report(same, line, text, file);
}

/* Each evaluates to non-zero when the check holds, so that a test can stop early. */
#define CHECK(cond) cu_report(!!(cond), __LINE__, #cond, __FILE__)
#define CHECK_U64(got, want) cu_u64((uint64_t)(got), (uint64_t)(want), __LINE__, #got, __FILE__)
#define CHECK_I64(got, want) cu_i64((int64_t)(got), (int64_t)(want), __LINE__, #got, __FILE__)
#define CHECK_STR(got, want) cu_str((got), (want), __LINE__, #got, __FILE__)

struct cu_case {
    const char *name;
    void (*run)(void);
};

static inline int cu_main(const char *suite_name, const struct cu_case *cases, size_t n)
{
    if (CU_initialize_registry() != CUE_SUCCESS) return 99;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (size_t i = 0; suite && i < n; i++) CU_add_test(suite, cases[i].name, cases[i].run);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    unsigned asserted = CU_get_number_of_asserts();
    CU_cleanup_registry();
    if (asserted == 0) return 98; /* a suite that checks nothing has not passed */
    return failed > 90 ? 90 : (int)failed;
}

#define CU_MAIN(suite, ...)                                                                        \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct cu_case cases[] = { __VA_ARGS__ };                                     \
        return cu_main(suite, cases, sizeof cases / sizeof cases[0]);                              \
    }

#endif
