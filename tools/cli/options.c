/* SPDX-License-Identifier: MIT */
/* The option parser and a tool's life; the contract is in options.h. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snap/version.h>

#include "color.h"
#include "complete.h"
#include "message.h"
#include "number.h"

const char *const option_color_words[] = { "auto", "always", "never", NULL };

/* A parse under way. */
struct parse {
    const struct command *command;
    char *options; /* the caller's structure */
    int argc;
    char **argv;
    int next;      /* the first argument not yet looked at */
};

static bool option_takes_value(const struct option_spec *o)
{
    return o->type >= OPTION_STRING && o->type <= OPTION_COMPLETION;
}

static const struct option_spec *option_by_name(const struct command *c, const char *name, size_t n)
{
    for (const struct option_spec *o = c->specs; o->type != OPTION_END; o++)
        if (o->name && strlen(o->name) == n && memcmp(o->name, name, n) == 0) return o;
    return NULL;
}

static const struct option_spec *option_by_letter(const struct command *c, char letter)
{
    for (const struct option_spec *o = c->specs; o->type != OPTION_END; o++)
        if (o->name && o->letter == letter) return o;
    return NULL;
}

/* A value that does not fit: says which are allowed. */
static int option_bad_value(const struct option_spec *o, const char *value)
{
    const char *wanted = o->type == OPTION_U64    ? "a whole number, such as 20"
                         : o->type == OPTION_SIZE ? "a size, such as 64K or 1.5G"
                                                  : "a duration, such as 250ms or 10s";
    if (!o->choices) {
        return message_usage("--%s: '%s' is not %s", o->name, value, wanted);
    }
    char words[400] = "";
    size_t at = 0;
    for (const char *const *w = o->choices; *w && at < sizeof words; w++) {
        int n = snprintf(words + at, sizeof words - at, "%s%s", at ? ", " : "", *w);
        if (n > 0) at += (size_t)n;
    }
    const char *near = options_nearest(value, o->choices);
    if (near)
        return message_usage("--%s: '%s' is none of %s (did you mean '%s'?)", o->name, value, words,
                             near);
    return message_usage("--%s: '%s' is none of %s", o->name, value, words);
}

/* The index of the word among the choices, or -1. */
static int option_choice(const struct option_spec *o, const char *value)
{
    for (int i = 0; o->choices[i]; i++)
        if (strcmp(o->choices[i], value) == 0) return i;
    return -1;
}

static int option_append(struct option_list *list, const char *value)
{
    const char **at = realloc(list->at, (list->n + 1) * sizeof *at);
    if (!at) return message_no_memory("the options");
    at[list->n++] = value;
    list->at = at;
    return OPTIONS_RUN;
}

/* Stores a value (NULL for an option that takes none). Returns OPTIONS_RUN or an exit status. */
static int option_store(const struct parse *p, const struct option_spec *o, const char *value)
{
    void *member = p->options + o->at;
    bool fits = true;
    int word;
    switch (o->type) {
    case OPTION_FLAG: *(bool *)member = true; break;
    case OPTION_CLEAR: *(bool *)member = false; break;
    case OPTION_COUNT: ++*(unsigned *)member; break;
    case OPTION_STRING: *(const char **)member = value; break;
    case OPTION_U64: fits = number_parse_u64(value, member); break;
    case OPTION_SIZE: fits = number_parse_size(value, member); break;
    case OPTION_DURATION: fits = number_parse_duration(value, member); break;
    case OPTION_ENUM:
        word = option_choice(o, value);
        fits = word >= 0;
        if (fits) *(int *)member = word;
        break;
    case OPTION_LIST: return option_append(member, value);
    case OPTION_COMPLETION:
        word = option_choice(o, value);
        if (word < 0) return option_bad_value(o, value);
        complete_print(p->command, (enum complete_shell)word, stdout);
        return STATUS_DONE;
    case OPTION_HELP: options_help(p->command, stdout); return STATUS_DONE;
    case OPTION_VERSION:
        printf("%s %s\n", p->command->name, SNAP_VERSION_STRING);
        return STATUS_DONE;
    case OPTION_END:
    case OPTION_HEADING: break; /* never found by a name or letter */
    }
    return fits ? OPTIONS_RUN : option_bad_value(o, value);
}

/* Nearest long name for an unknown one. */
static int option_unknown(const struct command *c, const char *name, size_t n)
{
    char word[64];
    const char *names[128];
    size_t count = 0;
    for (const struct option_spec *o = c->specs; o->type != OPTION_END && count < 127; o++)
        if (o->name) names[count++] = o->name;
    names[count] = NULL;
    snprintf(word, sizeof word, "%.*s", n > 60 ? 60 : (int)n, name);
    const char *near = options_nearest(word, names);
    if (near) return message_usage("unknown option --%s (did you mean --%s?)", word, near);
    return message_usage("unknown option --%s", word);
}

/* One argument that starts with `--` and a name. */
static int parse_long(struct parse *p, char *argument)
{
    const char *name = argument + 2;
    char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_spec *o = option_by_name(p->command, name, n);
    if (!o) return option_unknown(p->command, name, n);
    if (!option_takes_value(o)) {
        if (equals) return message_usage("--%s takes no value", o->name);
        return option_store(p, o, NULL);
    }
    if (equals) return option_store(p, o, equals + 1);
    if (p->next == p->argc) return message_usage("--%s needs a value (%s)", o->name, o->arg);
    return option_store(p, o, p->argv[p->next++]);
}

/* One argument of short options: flags, and at most one with a value, which ends it. */
static int parse_short(struct parse *p, char *argument)
{
    for (char *at = argument + 1; *at; at++) {
        const struct option_spec *o = option_by_letter(p->command, *at);
        int status;
        if (!o) return message_usage("unknown option -%c in '%s'", *at, argument);
        if (!option_takes_value(o)) {
            status = option_store(p, o, NULL);
            if (status != OPTIONS_RUN) return status;
            continue;
        }
        if (at[1]) return option_store(p, o, at + 1);
        if (p->next == p->argc)
            return message_usage("-%c (--%s) needs a value (%s)", *at, o->name, o->arg);
        return option_store(p, o, p->argv[p->next++]);
    }
    return OPTIONS_RUN;
}

static int parse_count(const struct command *c, int n)
{
    if (n < c->min_operands) {
        if (n == 0) return message_usage("nothing to work on: expected %s", c->operands);
        return message_usage("expected %s, got %d", c->operands, n);
    }
    if (c->max_operands == COMMAND_ANY || n <= c->max_operands) return OPTIONS_RUN;
    if (!c->operands) return message_usage("%s takes options only", c->name);
    return message_usage("expected %s, got %d", c->operands, n);
}

int options_parse(const struct command *command, int argc, char **argv, void *options,
                  int *n_operands)
{
    struct parse p = { command, options, argc, argv, 1 };
    int n = 0, status = OPTIONS_RUN;
    bool ended = false;
    *n_operands = 0;
    while (status == OPTIONS_RUN && p.next < argc) {
        char *argument = argv[p.next++];
        if (ended || argument[0] != '-' || argument[1] == 0) {
            argv[1 + n++] = argument; /* 1 + n < p.next: an argument already looked at */
        } else if (strcmp(argument, "--") == 0) {
            ended = true;
        } else if (argument[1] == '-') {
            status = parse_long(&p, argument);
        } else {
            status = parse_short(&p, argument);
        }
    }
    if (status == OPTIONS_RUN) status = parse_count(command, n);
    *n_operands = n;
    return status;
}

void options_free(const struct command *command, void *options)
{
    for (const struct option_spec *o = command->specs; o->type != OPTION_END; o++) {
        if (o->type != OPTION_LIST) continue;
        struct option_list *list = (void *)((char *)options + o->at);
        free(list->at);
        *list = (struct option_list){ 0 };
    }
}

/* Descriptors 0 to 2 must be taken before any file is opened, or a file would become the tool's
 * stdout. They are opened the wrong way round, so that using them fails instead of going astray. */
static int command_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
        if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return STATUS_UNUSABLE;
    }
    return STATUS_DONE;
}

/* Flushes and closes stdout; raises the status where that fails. */
static int command_close_stdout(int status)
{
    bool failed = ferror(stdout) != 0;
    int cause = 0;
    if (fflush(stdout)) {
        failed = true;
        cause = errno;
    }
    /* The stream forgets why an earlier write failed. What it wrote is of no use any more, so one
     * byte more, to learn the cause, does no harm. */
    if (failed && !cause && write(STDOUT_FILENO, "\n", 1) < 0) cause = errno;
    if (close(STDOUT_FILENO) && !failed && errno != EBADF) { /* a network file system's last word */
        failed = true;
        cause = errno;
    }
    if (!failed) return status;
    if (cause == EPIPE) return STATUS_UNUSABLE; /* the reader has gone: it does not want to know */
    if (cause) return message_errno("standard output", cause, "cannot write");
    return message_error("standard output", MESSAGE_NO_OFFSET, NULL, "cannot write");
}

int command_main(const struct command *command, int argc, char **argv, void *options)
{
    struct common_options *common = (void *)((char *)options + command->common);
    int n, status;
    message_setup(command->name, MESSAGE_NORMAL);
    if (command_descriptors()) return STATUS_UNUSABLE;
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
    status = options_parse(command, argc, argv, options, &n);
    if (status == OPTIONS_RUN) {
        message_setup(command->name, common->quiet          ? MESSAGE_QUIET
                                     : common->verbose == 0 ? MESSAGE_NORMAL
                                     : common->verbose == 1 ? MESSAGE_VERBOSE
                                                            : MESSAGE_DEBUG);
        color_setup((enum color_when)common->color);
        number_setup(common->bytes);
        status = command->run(options, n, argv + 1);
    }
    options_free(command, options);
    return command_close_stdout(status);
}
