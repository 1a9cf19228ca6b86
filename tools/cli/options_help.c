/* SPDX-License-Identifier: MIT */
/* `--help` from the option table, and the nearest known word to a mistyped one. */
#include "options.h"

#include <string.h>

#include "text.h"

enum {
    HELP_WIDTH = 80,  /* columns of a help text, whatever the terminal: the layout is stable */
    HELP_COLUMN = 26, /* where the explanations start */
    NEAR_MAX = 48     /* longest word that suggestions are made for */
};

/* Prints lines as they are where they are indented, else wrapped. */
static void help_notes(FILE *out, const char *notes)
{
    while (*notes) {
        size_t n = strcspn(notes, "\n");
        if (*notes == ' ') {
            fwrite(notes, 1, n, out);
            fputc('\n', out);
        } else {
            text_wrap(out, notes, n, 0, 0, HELP_WIDTH);
        }
        notes += n + (notes[n] == '\n');
    }
}

static void help_option(FILE *out, const struct option_spec *o)
{
    struct text left = { 0 };
    if (o->letter) {
        text_addf(&left, "  -%c, --%s", o->letter, o->name);
    } else {
        text_addf(&left, "      --%s", o->name);
    }
    if (o->arg) text_addf(&left, "=%s", o->arg);
    fputs(text_str(&left), out);
    size_t at = left.n;
    if (at + 2 > HELP_COLUMN) {
        fputc('\n', out);
        at = 0;
    }
    text_wrap(out, o->help, strlen(o->help), at, HELP_COLUMN, HELP_WIDTH);
    text_free(&left);
}

static bool has_option(const struct command *c, const char *name)
{
    for (const struct option_spec *o = c->specs; o->type != OPTION_END; o++)
        if (o->name && strcmp(o->name, name) == 0) return true;
    return false;
}

void options_help(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: %s [OPTION]...%s%s\n%s\n\n", command->name, command->operands ? " " : "",
            command->operands ? command->operands : "", command->summary);
    const struct option_spec *o = command->specs;
    if (o->type != OPTION_HEADING) fputs("Options:\n", out);
    for (; o->type != OPTION_END; o++) {
        if (o->type == OPTION_HEADING) {
            fprintf(out, "%s%s\n", o == command->specs ? "" : "\n", o->help);
        } else {
            help_option(out, o);
        }
    }
    fputs("\nExit status: 0 done;", out);
    if (command->limit) fprintf(out, " 1 %s;", command->limit);
    fputs(" 2 wrong usage or unusable input.\n", out);
    if (has_option(command, "bytes"))
        fputs("Sizes are printed in B, KiB, MiB, GiB of 1024, exactly with --bytes.\n", out);
    if (command->notes) {
        fputc('\n', out);
        help_notes(out, command->notes);
    }
}

static size_t near_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with transpositions of neighbours (optimal string alignment), three rows. */
static size_t near_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][NEAR_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++) above[j] = j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t d = above[j - 1] + (a[i - 1] != b[j - 1]);
            d = near_min(d, near_min(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = near_min(d, before[j - 2] + 1);
            row[j] = d;
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[nb];
}

const char *options_nearest(const char *word, const char *const *words)
{
    size_t n = strlen(word);
    const char *best = NULL;
    size_t best_distance = n / 3 + 1;
    if (n > NEAR_MAX) return NULL;
    for (; *words; words++) {
        size_t len = strlen(*words);
        if (len > NEAR_MAX) continue;
        /* A word of which the given one is a proper beginning is near, however long it is. */
        bool begins = n >= 3 && len > n && memcmp(word, *words, n) == 0;
        size_t d = begins ? 0 : near_distance(word, n, *words, len);
        if (d < best_distance || (d == best_distance && !best)) {
            best = *words;
            best_distance = d;
        }
    }
    return best;
}
