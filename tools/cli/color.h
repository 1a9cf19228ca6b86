/* SPDX-License-Identifier: MIT */
/*
 * Colours by meaning. With --color=auto (the default) a stream is coloured when it is a terminal,
 * NO_COLOR is unset or empty, and TERM is not "dumb". The state is the process's own, set once by
 * command_main. Threads: after the setup any.
 */
#ifndef SNAP_TOOLS_CLI_COLOR_H
#define SNAP_TOOLS_CLI_COLOR_H

#include <stdbool.h>
#include <stdio.h>

enum color {
    COLOR_PLAIN,
    COLOR_BAD,    /* growth, damage: red */
    COLOR_GOOD,   /* shrinkage, verified: green */
    COLOR_WARN,   /* yellow */
    COLOR_HEAD,   /* headings: bold */
    COLOR_NAME,   /* names of types and owners: cyan */
    COLOR_FAINT,  /* less important parts */
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER }; /* the order of option_color_words */

/** Decides for stdout and stderr; command_main does it. */
void color_setup(enum color_when when);

/** Whether `stream` (stdout or stderr; all others are plain) is coloured. */
bool color_enabled(FILE *stream);

/** The sequence that switches to `color` on `stream`, "" where it is not coloured. Static. */
const char *color_on(FILE *stream, enum color color);

/** The sequence that ends a colour, "" where the stream is not coloured. Static. */
const char *color_off(FILE *stream);

#endif
