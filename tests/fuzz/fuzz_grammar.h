/* SPDX-License-Identifier: MIT */
/*
 * From any bytes to a snapshot file whose frame, checksums, directories and encodings are right,
 * and whose rows say what the bytes say: so that damage gets past the reader and to whoever
 * believes the rows. The same bytes make the same file.
 *
 * The bytes are a program, one item a chunk: a byte for the kind, one for the number of rows, one
 * of flags, then the columns of that kind, in the order of the specification's table. A column is a
 * byte that says how its values come, and those: small numbers are one byte each, so that ids that
 * hit something are likely; others are one of a few telling ones, or 2 or 8 bytes.
 */
#ifndef SNAP_TESTS_FUZZ_GRAMMAR_H
#define SNAP_TESTS_FUZZ_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

/* What the first byte of a program asks for; the target may use the other bits. */
#define GRAMMAR_CUT 1u      /* no index, totals and trailer */
#define GRAMMAR_LEFT_OPEN 2u /* no end of a snapshot that is not in the program */

enum { GRAMMAR_PROGRAM_MOST = 1 << 16 };

/* The file of `size` >= 1 bytes of program, at *file in static memory; returns its size. */
size_t grammar_file(const uint8_t *program, size_t size, const uint8_t **file);

/* The program that makes a file like this one, as far as programs can say it, in memory of
 * malloc's. */
uint8_t *grammar_program(const uint8_t *file, size_t size, unsigned first, size_t *program_size);

#endif
