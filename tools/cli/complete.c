/* SPDX-License-Identifier: MIT */
/* Completion scripts for three shells; the contract is in complete.h. */
#include "complete.h"

#include <string.h>

const char *const complete_shell_words[] = { "bash", "zsh", "fish", NULL };

/* An option whose value is the name of a file. */
static bool takes_file(const struct option_spec *o)
{
    return o->arg && (strcmp(o->arg, "FILE") == 0 || strcmp(o->arg, "OUT") == 0);
}

/* The next option from `o` on, headings passed over; NULL at the end of the table. */
static const struct option_spec *option_from(const struct option_spec *o)
{
    while (o->type == OPTION_HEADING) o++;
    return o->type == OPTION_END ? NULL : o;
}

/* The options of a command, in the table's order. */
#define FOR_OPTIONS(o, c)                                                                          \
    for (const struct option_spec *o = option_from((c)->specs); o; o = option_from(o + 1))

static void put_words(FILE *out, const char *const *words)
{
    for (const char *const *w = words; *w; w++) fprintf(out, "%s%s", w == words ? "" : " ", *w);
}

/* How much of the help is its first clause: what fits beside a name in a menu. */
static size_t brief_length(const char *help)
{
    size_t n = 0;
    while (help[n] && help[n] != ';' && strncmp(help + n, ": ", 2) != 0 &&
           strncmp(help + n, " (", 2) != 0)
        n++;
    return n;
}

/* The first clause inside single quotes. A quote in it becomes `quote`; what stands in `special`
 * gets a backslash before it. */
static void put_brief(FILE *out, const char *help, const char *special, const char *quote)
{
    size_t n = brief_length(help);
    for (size_t i = 0; i < n; i++) {
        if (help[i] == '\'') {
            fputs(quote, out);
            continue;
        }
        if (strchr(special, help[i])) fputc('\\', out);
        fputc(help[i], out);
    }
}

/* ---- bash ---- */

/* `-x|--name` as a pattern of case. */
static void bash_pattern(FILE *out, const struct option_spec *o)
{
    if (o->letter) fprintf(out, "-%c | ", o->letter);
    fprintf(out, "--%s)", o->name);
}

static void bash_values(const struct command *c, FILE *out)
{
    FOR_OPTIONS(o, c)
    {
        if (!o->arg) continue;
        fputs("    ", out);
        bash_pattern(out, o);
        if (o->choices) {
            fputs(" COMPREPLY=($(compgen -W '", out);
            put_words(out, o->choices);
            fputs("' -- \"$cur\")); return ;;\n", out);
        } else {
            fputs(takes_file(o) ? " return ;;\n" : " compopt +o default 2> /dev/null; return ;;\n",
                  out);
        }
    }
}

/* An empty COMPREPLY lets readline complete file names, which it quotes as they need it. */
static void complete_bash(const struct command *c, FILE *out)
{
    const char *name = c->name;
    fprintf(out, "# bash completion for %s; made from its option table\n", name);
    fprintf(out,
            "_%s()\n{\n"
            "    local cur=${COMP_WORDS[COMP_CWORD]} prev= i\n"
            "    COMPREPLY=()\n"
            "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
            "        [ \"${COMP_WORDS[i]}\" = -- ] && return\n"
            "    done\n"
            "    [ \"$COMP_CWORD\" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD-1]}\n"
            "    # --name=value comes as three words.\n"
            "    if [ \"$cur\" = = ]; then\n"
            "        cur=\n"
            "    elif [ \"$prev\" = = ] && [ \"$COMP_CWORD\" -gt 1 ]; then\n"
            "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
            "    fi\n"
            "    case $prev in\n",
            name);
    bash_values(c, out);
    fputs("    esac\n"
          "    case $cur in\n"
          "    -*) COMPREPLY=($(compgen -W '",
          out);
    FOR_OPTIONS(o, c)
    {
        if (o->letter) fprintf(out, "-%c ", o->letter);
        fprintf(out, "--%s ", o->name);
    }
    fprintf(out,
            "' -- \"$cur\")) ;;\n"
            "    esac\n}\n"
            "complete -o default -F _%s %s\n",
            name, name);
}

/* ---- zsh ---- */

/* What follows the explanation: the value's name and how to complete it. */
static void zsh_value(FILE *out, const struct option_spec *o)
{
    if (!o->arg) return;
    fprintf(out, ":%s:", o->arg);
    if (o->choices) {
        fputs("(", out);
        put_words(out, o->choices);
        fputs(")", out);
    } else if (takes_file(o)) {
        fputs("_files", out);
    }
}

static void zsh_option(FILE *out, const struct option_spec *o)
{
    /* `*` says that an option may be repeated; else each of its two names rules out the other. */
    bool repeats = o->type == OPTION_LIST || o->type == OPTION_COUNT;
    const char *letter_end = o->arg ? "+" : "", *name_end = o->arg ? "=" : "";
    fputs("    ", out);
    if (repeats)
        fputs("'*'", out);
    else if (o->letter)
        fprintf(out, "'(-%c --%s)'", o->letter, o->name);
    if (o->letter)
        fprintf(out, "{-%c%s,--%s%s}", o->letter, letter_end, o->name, name_end);
    else
        fprintf(out, "--%s%s", o->name, name_end);
    fputs("'[", out);
    put_brief(out, o->help, "\\[]:", "'\\''");
    fputs("]", out);
    zsh_value(out, o);
    fputs("' \\\n", out);
}

static void complete_zsh(const struct command *c, FILE *out)
{
    fprintf(out, "#compdef %s\n# zsh completion for %s; made from its option table\n", c->name,
            c->name);
    fputs("_arguments -s -S \\\n", out);
    FOR_OPTIONS(o, c) zsh_option(out, o);
    fputs(c->operands ? "    '*:file:_files'\n" : "    && return\n", out);
}

/* ---- fish ---- */

static void complete_fish(const struct command *c, FILE *out)
{
    fprintf(out, "# fish completion for %s; made from its option table\n", c->name);
    FOR_OPTIONS(o, c)
    {
        fprintf(out, "complete -c %s", c->name);
        if (o->letter) fprintf(out, " -s %c", o->letter);
        fprintf(out, " -l %s", o->name);
        if (o->arg) fputs(takes_file(o) ? " -r -F" : " -x", out);
        if (o->choices) {
            fputs(" -a '", out);
            put_words(out, o->choices);
            fputs("'", out);
        }
        fputs(" -d '", out);
        put_brief(out, o->help, "\\", "\\'");
        fputs("'\n", out);
    }
}

void complete_print(const struct command *command, enum complete_shell shell, FILE *out)
{
    switch (shell) {
    case COMPLETE_BASH: complete_bash(command, out); break;
    case COMPLETE_ZSH: complete_zsh(command, out); break;
    case COMPLETE_FISH: complete_fish(command, out); break;
    }
}
