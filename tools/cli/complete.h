/* SPDX-License-Identifier: MIT */
/*
 * Shell completion, made from a command's option table: nothing about an option is written twice.
 *
 * Each script completes the names of the options, the words of those that take one of a few, file
 * names where an option or an operand is a file, and nothing where a number or a name is wanted.
 *
 * Threads: any. Cost: O(options).
 */
#ifndef SNAP_TOOLS_CLI_COMPLETE_H
#define SNAP_TOOLS_CLI_COMPLETE_H

#include <stdio.h>

#include "options.h"

/** In the order of complete_shell_words of options.h. */
enum complete_shell { COMPLETE_BASH, COMPLETE_ZSH, COMPLETE_FISH };

/** Prints the script that teaches `shell` the options of `command`. */
void complete_print(const struct command *command, enum complete_shell shell, FILE *out);

#endif
