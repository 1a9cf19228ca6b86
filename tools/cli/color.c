/* SPDX-License-Identifier: MIT */
/* Colours by meaning; the contract is in color.h. Only the eight basic colours are used: they
 * follow the terminal's own theme. */
#include "color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which streams are coloured; the process's own, set once before any thread starts. */
static struct {
    bool out;
    bool err;
} color_state;

static bool color_decide(enum color_when when, int fd)
{
    if (when != COLOR_AUTO) return when == COLOR_ALWAYS;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no_color && *no_color) return false;
    return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

void color_setup(enum color_when when)
{
    color_state.out = color_decide(when, STDOUT_FILENO);
    color_state.err = color_decide(when, STDERR_FILENO);
}

bool color_enabled(FILE *stream)
{
    return stream == stdout ? color_state.out : stream == stderr ? color_state.err : false;
}

const char *color_on(FILE *stream, enum color color)
{
    static const char *const sequences[] = {
        [COLOR_PLAIN] = "",         [COLOR_BAD] = "\033[31m",  [COLOR_GOOD] = "\033[32m",
        [COLOR_WARN] = "\033[33m",  [COLOR_HEAD] = "\033[1m",  [COLOR_NAME] = "\033[36m",
        [COLOR_FAINT] = "\033[2m",
    };
    return color_enabled(stream) ? sequences[color] : "";
}

const char *color_off(FILE *stream)
{
    return color_enabled(stream) ? "\033[0m" : "";
}
