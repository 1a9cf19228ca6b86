/* SPDX-License-Identifier: MIT */
/*
 * Numbers as people read them, and back. The decimal sign is always a point: no locale is used.
 *
 * Sizes: exact below 1 KiB ("812 B"), then one decimal ("1.5 KiB", "12.0 GiB"); with --bytes plain
 * bytes ("1536"). Each formatter writes at most NUMBER_MAX bytes, the final 0 included, into `out`
 * and returns it, so that it can stand in a printf. Threads: pure, but for number_setup.
 */
#ifndef SNAP_TOOLS_CLI_NUMBER_H
#define SNAP_TOOLS_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum { NUMBER_MAX = 40 };

/** Sets whether number_size and number_delta are exact (--bytes); command_main does it. */
void number_setup(bool exact);

/** Whether --bytes was given. */
bool number_exact(void);

/** "1.5 KiB", or "1536" with --bytes. */
char *number_size(char out[NUMBER_MAX], uint64_t bytes);

/** "+1.2 MiB", "-3.0 KiB", "0 B"; with --bytes "+1258291". The minus is ASCII. */
char *number_delta(char out[NUMBER_MAX], int64_t bytes);

/** "1,234,567". */
char *number_count(char out[NUMBER_MAX], uint64_t n);

/** "+1,234", "-7", "0". */
char *number_count_delta(char out[NUMBER_MAX], int64_t n);

/** "812 ns", "1.2 ms", "3.4 s", "2 min 05 s", "3 h 07 min", "2 d 03 h". */
char *number_duration(char out[NUMBER_MAX], uint64_t nanoseconds);

/** "37.5%", of a whole; "-" when whole is 0. */
char *number_percent(char out[NUMBER_MAX], uint64_t part, uint64_t whole);

/** Address as "0x7f00deadbeef", lower case, no leading zeros. */
char *number_address(char out[NUMBER_MAX], uint64_t address);

/** RFC 3339 in UTC with milliseconds, "2026-01-31T23:59:59.250Z", from nanoseconds since 1970
 *  (64 bits reach from 1677 to 2262). */
char *number_time(char out[NUMBER_MAX], int64_t epoch_nanoseconds);

/** Parses all of `s` as decimal digits, or hexadecimal after 0x. False: not a number that fits. */
bool number_parse_u64(const char *s, uint64_t *out);

/** Parses all of `s` as a size: a number, with at most one point, and optionally K, M, G, T, P
 *  (powers of 1024, either case, optionally followed by `iB` or `B`), or B. Rounds down to whole
 *  bytes. False: not a size that fits. */
bool number_parse_size(const char *s, uint64_t *bytes);

/** Parses all of `s` as a duration: a number with at most one point and one of ns, us, ms, s, min
 *  or m, h, d; a number alone is seconds. False: not a duration that fits. */
bool number_parse_duration(const char *s, uint64_t *nanoseconds);

#endif
