/* SPDX-License-Identifier: MIT */
/*
 * Numbers for people and from people; the contract is in number.h. No floating point where a digit
 * could come out differently on another machine: sizes and durations are rounded in integers.
 */
#include "number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --bytes; the process's own, set once before any thread starts. */
static bool number_is_exact;

void number_setup(bool exact)
{
    number_is_exact = exact;
}

bool number_exact(void)
{
    return number_is_exact;
}

/* "1.5 KiB" after `sign`. Rounds half up to a tenth; 1023.95 KiB and more is the next unit. */
static char *number_scaled(char out[NUMBER_MAX], const char *sign, uint64_t bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    if (bytes < 1024) {
        snprintf(out, NUMBER_MAX, "%s%llu B", sign, (unsigned long long)bytes);
        return out;
    }
    unsigned unit = 0;
    /* tenths of a unit: the shift by 10 * (unit + 1) leaves at most 1024 * 10 */
    for (;;) {
        unsigned shift = 10 * (unit + 1);
        uint64_t whole = bytes >> shift;
        uint64_t rest = bytes & ((UINT64_C(1) << shift) - 1);
        /* rest < 2^60, so rest * 10 fits 64 bits; adding half a tenth rounds. */
        uint64_t tenths = whole * 10 + ((rest * 10 + (UINT64_C(1) << (shift - 1))) >> shift);
        if (tenths < 10240 || unit == 5) {
            snprintf(out, NUMBER_MAX, "%s%llu.%llu %s", sign, (unsigned long long)(tenths / 10),
                     (unsigned long long)(tenths % 10), units[unit]);
            return out;
        }
        unit++;
    }
}

char *number_size(char out[NUMBER_MAX], uint64_t bytes)
{
    if (!number_is_exact) return number_scaled(out, "", bytes);
    snprintf(out, NUMBER_MAX, "%llu", (unsigned long long)bytes);
    return out;
}

/* |n|, right for INT64_MIN too. */
static uint64_t number_magnitude(int64_t n)
{
    return n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
}

static const char *number_sign(int64_t n)
{
    return n < 0 ? "-" : n > 0 ? "+" : "";
}

char *number_delta(char out[NUMBER_MAX], int64_t bytes)
{
    if (!number_is_exact) return number_scaled(out, number_sign(bytes), number_magnitude(bytes));
    snprintf(out, NUMBER_MAX, "%s%llu", number_sign(bytes),
             (unsigned long long)number_magnitude(bytes));
    return out;
}

static char *number_grouped(char out[NUMBER_MAX], const char *sign, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = strlen(sign);
    memcpy(out, sign, at);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
    return out;
}

char *number_count(char out[NUMBER_MAX], uint64_t n)
{
    return number_grouped(out, "", n);
}

char *number_count_delta(char out[NUMBER_MAX], int64_t n)
{
    return number_grouped(out, number_sign(n), number_magnitude(n));
}

char *number_duration(char out[NUMBER_MAX], uint64_t ns)
{
    uint64_t s = ns / 1000000000;
    unsigned long long u = ns;
    if (ns < 1000) {
        snprintf(out, NUMBER_MAX, "%llu ns", u);
    } else if (ns < 1000000) {
        snprintf(out, NUMBER_MAX, "%llu.%llu us", u / 1000, u / 100 % 10);
    } else if (ns < 1000000000) {
        snprintf(out, NUMBER_MAX, "%llu.%llu ms", u / 1000000, u / 100000 % 10);
    } else if (s < 60) {
        snprintf(out, NUMBER_MAX, "%llu.%llu s", u / 1000000000, u / 100000000 % 10);
    } else if (s < 3600) {
        snprintf(out, NUMBER_MAX, "%u min %02u s", (unsigned)(s / 60), (unsigned)(s % 60));
    } else if (s < 86400) {
        snprintf(out, NUMBER_MAX, "%u h %02u min", (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
    } else {
        snprintf(out, NUMBER_MAX, "%llu d %02u h", (unsigned long long)(s / 86400),
                 (unsigned)(s / 3600 % 24));
    }
    return out;
}

char *number_percent(char out[NUMBER_MAX], uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        snprintf(out, NUMBER_MAX, "-");
        return out;
    }
    while (part > UINT64_MAX / 2048 || whole > UINT64_MAX / 2048) {
        part >>= 1;
        whole >>= 1;
    }
    if (whole == 0) whole = 1; /* a part beyond every whole: numbers that lie */
    uint64_t tenths = (part * 1000 + whole / 2) / whole;
    snprintf(out, NUMBER_MAX, "%llu.%llu%%", (unsigned long long)(tenths / 10),
             (unsigned long long)(tenths % 10));
    return out;
}

char *number_address(char out[NUMBER_MAX], uint64_t address)
{
    snprintf(out, NUMBER_MAX, "0x%llx", (unsigned long long)address);
    return out;
}

/* The civil date of a day number since 1970-01-01: years start in March, so that the leap day is
 * the last of a year, and 400 years are 146097 days (H. Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", civil_from_days). */
static void number_civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468; /* since 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * y + y / 4 - y / 100);
    unsigned m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int64_t)y + era * 400 + (*month <= 2);
}

char *number_time(char out[NUMBER_MAX], int64_t epoch_ns)
{
    int64_t ms = epoch_ns / 1000000 - (epoch_ns % 1000000 < 0);
    int64_t s = ms / 1000 - (ms % 1000 < 0);
    int64_t days = s / 86400 - (s % 86400 < 0);
    unsigned of_day = (unsigned)(s - days * 86400), of_second = (unsigned)(ms - s * 1000);
    int64_t year;
    unsigned month, day;
    number_civil(days, &year, &month, &day);
    /* 64 bits of nanoseconds reach from 1677 to 2262, so the year has four digits. */
    snprintf(out, NUMBER_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000, month,
             day, of_day / 3600, of_day / 60 % 60, of_day % 60, of_second);
    return out;
}

static int number_digit(char c, unsigned base)
{
    int d = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : 99;
    return d < (int)base ? d : -1;
}

bool number_parse_u64(const char *s, uint64_t *out)
{
    unsigned base = 10;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    }
    uint64_t n = 0;
    if (!*s) return false;
    for (; *s; s++) {
        int d = number_digit(*s, base);
        if (d < 0 || n > (UINT64_MAX - (unsigned)d) / base) return false;
        n = n * base + (unsigned)d;
    }
    *out = n;
    return true;
}

/* A decimal number split at its point: whole + fraction / scale, scale a power of ten up to 10^9
 * (digits behind the ninth are dropped). Returns where it ends, NULL when it is none or too big. */
static const char *number_scan(const char *s, uint64_t *whole, uint64_t *fraction, uint64_t *scale)
{
    unsigned digits = 0;
    *whole = *fraction = 0;
    *scale = 1;
    for (; *s >= '0' && *s <= '9'; s++, digits++) {
        unsigned d = (unsigned)(*s - '0');
        if (*whole > (UINT64_MAX - d) / 10) return NULL;
        *whole = *whole * 10 + d;
    }
    if (*s == '.') {
        for (s++; *s >= '0' && *s <= '9'; s++, digits++) {
            if (*scale == 1000000000) continue;
            *fraction = *fraction * 10 + (unsigned)(*s - '0');
            *scale *= 10;
        }
    }
    return digits ? s : NULL;
}

/* whole * unit + fraction * unit / scale, rounded down; false when it does not fit. */
static bool number_combine(uint64_t whole, uint64_t fraction, uint64_t scale, uint64_t unit,
                           uint64_t *out)
{
    if (whole > UINT64_MAX / unit) return false;
    /* fraction < scale <= 10^9: split unit so that no product exceeds 64 bits. */
    uint64_t part = unit / scale * fraction + unit % scale * fraction / scale;
    if (whole * unit > UINT64_MAX - part) return false;
    *out = whole * unit + part;
    return true;
}

bool number_parse_size(const char *s, uint64_t *bytes)
{
    static const char letters[] = "kmgtp";
    uint64_t whole, fraction, scale, unit = 1;
    s = number_scan(s, &whole, &fraction, &scale);
    if (!s) return false;
    char lower = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;
    const char *found = lower ? strchr(letters, lower) : NULL;
    if (found) {
        unit = UINT64_C(1) << (10 * (found - letters + 1));
        s++;
        if (strcmp(s, "iB") == 0 || strcmp(s, "B") == 0) s += strlen(s);
    } else if (strcmp(s, "B") == 0) {
        s++;
    }
    return *s == 0 && number_combine(whole, fraction, scale, unit, bytes);
}

bool number_parse_duration(const char *s, uint64_t *ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
        { "", 1000000000 },    { "ns", 1 },           { "us", 1000 },
        { "ms", 1000000 },     { "s", 1000000000 },   { "min", 60000000000 },
        { "m", 60000000000 },  { "h", 3600000000000 }, { "d", 86400000000000 },
    };
    uint64_t whole, fraction, scale;
    s = number_scan(s, &whole, &fraction, &scale);
    for (size_t i = 0; s && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(s, units[i].name) == 0)
            return number_combine(whole, fraction, scale, units[i].ns, ns);
    return false;
}
