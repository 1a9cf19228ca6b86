/* SPDX-License-Identifier: MIT */
/*
 * A command's options as data: one table, one parser, and `--help` printed from the table.
 *
 * A tool is a table, a function and a main of three lines:
 *
 *     struct options {
 *         struct common_options common;
 *         uint64_t top;
 *         const char *output;
 *         bool verify;
 *     };
 *
 *     static const struct option_spec specs[] = {
 *         OPT_U64(struct options, top, "top", 'n', "N", "show at most N rows (default 20)"),
 *         OPT_STRING(struct options, output, "output", 'o', "FILE", "write to FILE"),
 *         OPT_FLAG(struct options, verify, "verify", 0, "check every checksum"),
 *         OPT_COMMON(struct options, common),
 *         OPT_END
 *     };
 *
 *     static const struct command command = {
 *         .name = "snapthing", .summary = "Does the thing to snapshots.", .operands = "FILE...",
 *         .min_operands = 1, .max_operands = COMMAND_ANY, .specs = specs,
 *         .common = offsetof(struct options, common), .run = run,
 *     };
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct options o = { .top = 20 };
 *         return command_main(&command, argc, argv, &o);
 *     }
 *
 * where `static int run(void *options, int n, char **operands)` returns an exit status of
 * message.h. Defaults are what the structure holds before the call.
 *
 * Grammar: `--name`, `--name=value`, `--name value`, `-x`, `-xvalue`, `-x value`, `-xy` for flags.
 * Options and operands may be mixed; after `--` all are operands; `-` is an operand. Names are
 * never abbreviated (an abbreviation breaks when an option is added). The last value wins, except
 * for OPT_LIST. An option that is unknown, or a value that does not fit, is one line on stderr with
 * the nearest name, and exit status 2. The letters h V q v are taken by the common options.
 *
 * Threads: main thread only. Cost: O(argc * options).
 */
#ifndef SNAP_TOOLS_CLI_OPTIONS_H
#define SNAP_TOOLS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
    OPTION_END,      /* ends a table */
    OPTION_HEADING,  /* a line of its own in `--help`; `help` is the text */
    OPTION_FLAG,     /* bool, set to true */
    OPTION_CLEAR,    /* bool, set to false: for `--no-x` */
    OPTION_COUNT,    /* unsigned, one more each time */
    OPTION_STRING,   /* const char *, points into argv */
    OPTION_U64,      /* uint64_t, decimal, or hexadecimal after 0x */
    OPTION_SIZE,     /* uint64_t bytes: number_parse_size of number.h, `64K`, `1.5G` */
    OPTION_DURATION, /* uint64_t nanoseconds: number_parse_duration of number.h, `250ms`, `10s` */
    OPTION_ENUM,     /* int, the index of the word in `choices` */
    OPTION_LIST,     /* struct option_list, each use appends */
    OPTION_COMPLETION, /* prints the script of complete.h for a shell and ends with 0 */
    OPTION_HELP,     /* prints the help and ends with 0 */
    OPTION_VERSION,  /* prints name and version and ends with 0 */
};

/** All values given to a repeatable option, in order. `at` is owned by command_main, which frees it
 *  after the run; the strings point into argv. */
struct option_list {
    size_t n;
    const char **at;
};

/** One row of an option table. Use the OPT_ macros: they check the member's type. */
struct option_spec {
    enum option_type type;
    const char *name;           /* long name without the dashes; never NULL but in headings */
    char letter;                /* short name, 0 for none */
    const char *arg;            /* name of the value in the help, NULL for flags */
    const char *const *choices; /* where the value is one of a few words: these, ended by NULL */
    size_t at;                  /* offset of the member in the command's structure */
    const char *help;           /* one or more sentences, wrapped when printed */
};

/* The offset of member `m` of `T`, refused by the compiler when its type is not `M`. */
#define OPT_AT(T, m, M) (offsetof(T, m) + _Generic(((T *)0)->m, M : (size_t)0))

#define OPT_HEADING(text) { .type = OPTION_HEADING, .help = (text) }
#define OPT_END           { .type = OPTION_END }

#define OPT_FLAG(T, m, n, l, h)                                                                    \
    { .type = OPTION_FLAG, .name = (n), .letter = (l), .at = OPT_AT(T, m, bool), .help = (h) }
#define OPT_CLEAR(T, m, n, l, h)                                                                   \
    { .type = OPTION_CLEAR, .name = (n), .letter = (l), .at = OPT_AT(T, m, bool), .help = (h) }
#define OPT_COUNT(T, m, n, l, h)                                                                   \
    { .type = OPTION_COUNT, .name = (n), .letter = (l), .at = OPT_AT(T, m, unsigned), .help = (h) }
#define OPT_STRING(T, m, n, l, a, h)                                                               \
    { .type = OPTION_STRING, .name = (n), .letter = (l), .arg = (a),                               \
      .at = OPT_AT(T, m, const char *), .help = (h) }
#define OPT_U64(T, m, n, l, a, h)                                                                  \
    { .type = OPTION_U64, .name = (n), .letter = (l), .arg = (a), .at = OPT_AT(T, m, uint64_t),    \
      .help = (h) }
#define OPT_SIZE(T, m, n, l, a, h)                                                                 \
    { .type = OPTION_SIZE, .name = (n), .letter = (l), .arg = (a), .at = OPT_AT(T, m, uint64_t),   \
      .help = (h) }
#define OPT_DURATION(T, m, n, l, a, h)                                                             \
    { .type = OPTION_DURATION, .name = (n), .letter = (l), .arg = (a),                             \
      .at = OPT_AT(T, m, uint64_t), .help = (h) }
#define OPT_ENUM(T, m, n, l, a, words, h)                                                          \
    { .type = OPTION_ENUM, .name = (n), .letter = (l), .arg = (a), .choices = (words),             \
      .at = OPT_AT(T, m, int), .help = (h) }
#define OPT_LIST(T, m, n, l, a, h)                                                                 \
    { .type = OPTION_LIST, .name = (n), .letter = (l), .arg = (a),                                 \
      .at = OPT_AT(T, m, struct option_list), .help = (h) }

/** Values of the options that every command has. */
struct common_options {
    bool json;        /* --json: one JSON document on stdout instead of text */
    bool bytes;       /* --bytes: exact sizes; table.h and number.h are set up accordingly */
    bool quiet;       /* --quiet: no progress, no notes, no warnings; errors stay */
    unsigned verbose; /* --verbose: what is done and how long it took; may be repeated */
    int color;        /* --color: index in option_color_words */
};

/** { "auto", "always", "never", NULL }. */
extern const char *const option_color_words[];

/** { "bash", "zsh", "fish", NULL }. */
extern const char *const complete_shell_words[];

/** The rows of the common options, for the end of each table. `m` is the structure's
 *  `struct common_options` member. */
#define OPT_COMMON(T, m)                                                                           \
    OPT_HEADING("Common options:"),                                                                \
    OPT_FLAG(T, m.json, "json", 0, "print one JSON document (described in feed.schema.json)"),     \
    OPT_FLAG(T, m.bytes, "bytes", 0, "print exact sizes in bytes, not KiB, MiB, GiB"),             \
    OPT_FLAG(T, m.quiet, "quiet", 'q', "print no warnings, notes or progress"),                    \
    OPT_COUNT(T, m.verbose, "verbose", 'v', "say what is done and how long it took"),              \
    OPT_ENUM(T, m.color, "color", 0, "WHEN", option_color_words,                                   \
             "colour the text: auto, always or never; auto is a terminal without NO_COLOR"),       \
    { .type = OPTION_COMPLETION, .name = "completion", .arg = "SHELL",                             \
      .choices = complete_shell_words,                                                             \
      .help = "print a script that completes the options in bash, zsh or fish, and exit" },        \
    { .type = OPTION_HELP, .name = "help", .letter = 'h', .help = "print this help and exit" },    \
    { .type = OPTION_VERSION, .name = "version", .letter = 'V',                                    \
      .help = "print the version and exit" }

enum { COMMAND_ANY = -1 };

/** A command: all that the parser and the help need. */
struct command {
    const char *name;                /* the executable's name; messages start with it */
    const char *summary;             /* one sentence under the usage line */
    const char *operands;            /* "FILE...", "A B [C ...]"; NULL when there are none */
    int min_operands;                /* fewer: exit status 2 */
    int max_operands;                /* more: exit status 2; COMMAND_ANY for no limit */
    const struct option_spec *specs; /* ended by OPT_END */
    size_t common;                   /* offset of the struct common_options */
    const char *notes;               /* after the options: rules, examples; long lines are wrapped,
                                        those that begin with a blank are not; may be NULL */
    const char *limit;               /* what exit status 1 means: "a limit of --fail-if was passed";
                                        NULL: it never ends so */
    int (*run)(void *options, int n, char **operands);
};

/**
 * The whole life of a tool: makes file descriptors 0 to 2 valid, parses into *options, sets up
 * messages, colours and sizes, runs the command, flushes and closes stdout.
 * Returns the exit status for main: run's own, raised to STATUS_UNUSABLE with a message when stdout
 * could not be written (full disk). A reader of stdout that has gone away ends the tool quietly.
 */
int command_main(const struct command *command, int argc, char **argv, void *options);

/**
 * Parses argv (argv[0] is skipped) into *options; used by command_main and by tests.
 * The operands are moved to the front: argv[1..1 + *n_operands). Returns OPTIONS_RUN to go on,
 * otherwise the exit status with which to end (after `--help`, `--version` or a message).
 */
enum { OPTIONS_RUN = -1 };
int options_parse(const struct command *command, int argc, char **argv, void *options,
                  int *n_operands);

/** Frees what OPT_LIST members hold. */
void options_free(const struct command *command, void *options);

/** Prints the help. The layout is stable: the test of the manual pages reads it. */
void options_help(const struct command *command, FILE *out);

/** The entry of `words` (ended by NULL) nearest to `word` within a third of its length by edit
 *  distance (transpositions count one), or NULL. For "did you mean". O(words * length^2). */
const char *options_nearest(const char *word, const char *const *words);

#endif
