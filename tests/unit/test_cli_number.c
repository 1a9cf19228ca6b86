/* SPDX-License-Identifier: MIT */
/* Numbers for people and back. */
#include "cu.h"

#include "cli/number.h"

static char out[NUMBER_MAX];

static void test_size(void)
{
    number_setup(false);
    CHECK_STR(number_size(out, 0), "0 B");
    CHECK_STR(number_size(out, 1), "1 B");
    CHECK_STR(number_size(out, 1023), "1023 B");
    CHECK_STR(number_size(out, 1024), "1.0 KiB");
    CHECK_STR(number_size(out, 1536), "1.5 KiB");
    CHECK_STR(number_size(out, 1024 * 1024 - 1), "1.0 MiB"); /* never "1024.0 KiB" */
    CHECK_STR(number_size(out, 1047552), "1023.0 KiB");
    CHECK_STR(number_size(out, UINT64_C(3) << 30), "3.0 GiB");
    CHECK_STR(number_size(out, UINT64_MAX), "16.0 EiB");
    number_setup(true);
    CHECK(number_exact());
    CHECK_STR(number_size(out, 1536), "1536");
    CHECK_STR(number_size(out, UINT64_MAX), "18446744073709551615");
    number_setup(false);
}

static void test_delta(void)
{
    CHECK_STR(number_delta(out, 0), "0 B");
    CHECK_STR(number_delta(out, 1258291), "+1.2 MiB");
    CHECK_STR(number_delta(out, -3072), "-3.0 KiB");
    CHECK_STR(number_delta(out, INT64_MIN), "-8.0 EiB");
    number_setup(true);
    CHECK_STR(number_delta(out, 1258291), "+1258291");
    CHECK_STR(number_delta(out, INT64_MIN), "-9223372036854775808");
    number_setup(false);
}

static void test_count(void)
{
    CHECK_STR(number_count(out, 0), "0");
    CHECK_STR(number_count(out, 999), "999");
    CHECK_STR(number_count(out, 1000), "1,000");
    CHECK_STR(number_count(out, UINT64_MAX), "18,446,744,073,709,551,615");
    CHECK_STR(number_count_delta(out, 0), "0");
    CHECK_STR(number_count_delta(out, 1234), "+1,234");
    CHECK_STR(number_count_delta(out, INT64_MIN), "-9,223,372,036,854,775,808");
}

static void test_duration(void)
{
    CHECK_STR(number_duration(out, 0), "0 ns");
    CHECK_STR(number_duration(out, 812), "812 ns");
    CHECK_STR(number_duration(out, 1250), "1.2 us");
    CHECK_STR(number_duration(out, 1200000), "1.2 ms");
    CHECK_STR(number_duration(out, UINT64_C(3400000000)), "3.4 s");
    CHECK_STR(number_duration(out, UINT64_C(125000000000)), "2 min 05 s");
    CHECK_STR(number_duration(out, UINT64_C(11220000000000)), "3 h 07 min");
    CHECK_STR(number_duration(out, UINT64_C(183600000000000)), "2 d 03 h");
    CHECK_STR(number_duration(out, UINT64_MAX), "213503 d 23 h");
}

static void test_percent(void)
{
    CHECK_STR(number_percent(out, 1, 0), "-");
    CHECK_STR(number_percent(out, 0, 7), "0.0%");
    CHECK_STR(number_percent(out, 3, 8), "37.5%");
    CHECK_STR(number_percent(out, UINT64_MAX, UINT64_MAX), "100.0%");
    CHECK_STR(number_percent(out, UINT64_MAX / 2, UINT64_MAX), "50.0%");
}

static void test_time(void)
{
    CHECK_STR(number_time(out, 0), "1970-01-01T00:00:00.000Z");
    CHECK_STR(number_time(out, INT64_C(951782399999000000)), "2000-02-28T23:59:59.999Z");
    CHECK_STR(number_time(out, INT64_C(951782400000000000)), "2000-02-29T00:00:00.000Z");
    CHECK_STR(number_time(out, INT64_C(1798761599250000000)), "2026-12-31T23:59:59.250Z");
    CHECK_STR(number_time(out, -1), "1969-12-31T23:59:59.999Z");
    CHECK_STR(number_time(out, INT64_MIN), "1677-09-21T00:12:43.145Z");
    CHECK_STR(number_time(out, INT64_MAX), "2262-04-11T23:47:16.854Z");
    CHECK_STR(number_address(out, 0), "0x0");
    CHECK_STR(number_address(out, UINT64_MAX), "0xffffffffffffffff");
}

static void test_parse_u64(void)
{
    uint64_t n = 7;
    CHECK(number_parse_u64("0", &n) && n == 0);
    CHECK(number_parse_u64("18446744073709551615", &n) && n == UINT64_MAX);
    CHECK(number_parse_u64("0xffffFFFFffffffff", &n) && n == UINT64_MAX);
    const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1.0", "0x", "x", "1e3", "0xg",
                                "18446744073709551616", "0x10000000000000000" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK(!number_parse_u64(bad[i], &n))) printf("    taken: '%s'\n", bad[i]);
}

static void test_parse_size(void)
{
    uint64_t n = 7;
    CHECK(number_parse_size("0", &n) && n == 0);
    CHECK(number_parse_size("812", &n) && n == 812);
    CHECK(number_parse_size("812B", &n) && n == 812);
    CHECK(number_parse_size("64K", &n) && n == 65536);
    CHECK(number_parse_size("64k", &n) && n == 65536);
    CHECK(number_parse_size("1.5G", &n) && n == UINT64_C(1610612736));
    CHECK(number_parse_size("1.5GiB", &n) && n == UINT64_C(1610612736));
    CHECK(number_parse_size("2MB", &n) && n == 2097152);
    CHECK(number_parse_size(".5K", &n) && n == 512);
    CHECK(number_parse_size("0.3333333333333333K", &n) && n == 341);
    CHECK(number_parse_size("18446744073709551615", &n) && n == UINT64_MAX);
    CHECK(number_parse_size("16383P", &n) && n == UINT64_C(16383) << 50);
    const char *const bad[] = { "", ".", "K", "-1K", "1X", "1KK", "1 K", "1.2.3", "1Ki", "16384P",
                                "18446744073709551616", "1e3" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK(!number_parse_size(bad[i], &n))) printf("    taken: '%s'\n", bad[i]);
}

static void test_parse_duration(void)
{
    uint64_t n = 7;
    CHECK(number_parse_duration("10", &n) && n == UINT64_C(10000000000));
    CHECK(number_parse_duration("10s", &n) && n == UINT64_C(10000000000));
    CHECK(number_parse_duration("250ms", &n) && n == 250000000);
    CHECK(number_parse_duration("1.5us", &n) && n == 1500);
    CHECK(number_parse_duration("2m", &n) && n == UINT64_C(120000000000));
    CHECK(number_parse_duration("2min", &n) && n == UINT64_C(120000000000));
    CHECK(number_parse_duration("1h", &n) && n == UINT64_C(3600000000000));
    CHECK(number_parse_duration("213503d", &n) && n == UINT64_C(213503) * 86400 * 1000000000);
    CHECK(!number_parse_duration("", &n));
    CHECK(!number_parse_duration("s", &n));
    CHECK(!number_parse_duration("1 s", &n));
    CHECK(!number_parse_duration("1w", &n));
    CHECK(!number_parse_duration("213504d", &n));
}

/* Whatever size is printed exactly reads back as itself. */
static void test_round_trip(void)
{
    number_setup(true);
    unsigned wrong = 0;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 100000; i++) {
        uint64_t back = 0;
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        uint64_t n = x >> (x & 63);
        if (!number_parse_size(number_size(out, n), &back) || back != n) wrong++;
    }
    CHECK_U64(wrong, 0);
    number_setup(false);
}

CU_MAIN("cli number", { "size", test_size }, { "delta", test_delta }, { "count", test_count },
        { "duration", test_duration }, { "percent", test_percent }, { "time", test_time },
        { "parse u64", test_parse_u64 }, { "parse size", test_parse_size },
        { "parse duration", test_parse_duration }, { "round trip", test_round_trip })
