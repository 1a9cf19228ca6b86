/* SPDX-License-Identifier: MIT */
/* The option parser, its messages' statuses, the help layout and the suggestions. */
#include "cu.h"

#include <stdlib.h>

#include "cli/complete.h"
#include "cli/message.h"
#include "cli/options.h"

struct options {
    struct common_options common;
    bool verify, cut;
    unsigned loud;
    const char *output;
    uint64_t top, limit, every;
    int by;
    struct option_list label;
};

static const char *const by_words[] = { "type", "owner", "site", NULL };

static const struct option_spec specs[] = {
    OPT_FLAG(struct options, verify, "verify", 'c', "check every checksum"),
    OPT_CLEAR(struct options, cut, "no-cut", 0, "show whole names, however long they are, which "
                                                "may take several lines on a narrow terminal"),
    OPT_COUNT(struct options, loud, "loud", 'l', "be louder"),
    OPT_STRING(struct options, output, "output", 'o', "FILE", "write to FILE"),
    OPT_U64(struct options, top, "top", 'n', "N", "show at most N rows"),
    OPT_SIZE(struct options, limit, "limit", 0, "SIZE", "at most SIZE"),
    OPT_DURATION(struct options, every, "every", 0, "TIME", "each TIME"),
    OPT_ENUM(struct options, by, "by", 'b', "WHAT", by_words, "type, owner or site"),
    OPT_LIST(struct options, label, "label", 'L', "KEY=VALUE", "add a label; may be repeated"),
    OPT_COMMON(struct options, common),
    OPT_END
};

static const struct command command = {
    .name = "snapthing", .summary = "Does the thing.", .operands = "A B [C ...]",
    .min_operands = 0, .max_operands = 3, .specs = specs,
    .common = offsetof(struct options, common), .notes = "Example:\n  snapthing a.snap b.snap\n",
};

enum { ARGS_MAX = 16 };

/* Parses the words up to NULL; the operands end up in `operands`. */
static int parse(struct options *o, char *operands[ARGS_MAX], int *n, const char *const *words)
{
    static char copies[ARGS_MAX][64];
    char *argv[ARGS_MAX + 1] = { (char[]){ "snapthing" } };
    int argc = 1;
    for (; *words; words++, argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", *words);
        argv[argc] = copies[argc];
    }
    *o = (struct options){ .top = 20, .cut = true };
    int status = options_parse(&command, argc, argv, o, n);
    for (int i = 0; i < *n; i++) operands[i] = argv[1 + i];
    return status;
}

#define PARSE(...) parse(&o, operands, &n, (const char *const[]){ __VA_ARGS__, NULL })

static void test_values(void)
{
    struct options o;
    char *operands[ARGS_MAX];
    int n;
    CHECK_I64(PARSE("--verify", "--output=a b", "--top", "7", "--limit=1.5K", "--every", "2s",
                    "--by=site", "--no-cut", "--json", "-vv"), OPTIONS_RUN);
    CHECK(o.verify && !o.cut && o.common.json);
    CHECK_STR(o.output, "a b");
    CHECK_U64(o.top, 7);
    CHECK_U64(o.limit, 1536);
    CHECK_U64(o.every, UINT64_C(2000000000));
    CHECK_I64(o.by, 2);
    CHECK_U64(o.common.verbose, 2);
    CHECK_I64(PARSE("x"), OPTIONS_RUN); /* defaults stay */
    CHECK_U64(o.top, 20);
    CHECK(o.cut);
}

static void test_short(void)
{
    struct options o;
    char *operands[ARGS_MAX];
    int n;
    CHECK_I64(PARSE("-cln9", "-ofile", "-o", "last", "-b", "owner"), OPTIONS_RUN);
    CHECK(o.verify);
    CHECK_U64(o.loud, 1);
    CHECK_U64(o.top, 9);
    CHECK_STR(o.output, "last");
    CHECK_I64(o.by, 1);
    CHECK_I64(PARSE("-cx"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("-n"), STATUS_UNUSABLE);
}

static void test_operands(void)
{
    struct options o;
    char *operands[ARGS_MAX];
    int n;
    CHECK_I64(PARSE("a", "--verify", "-", "--", "--top"), OPTIONS_RUN);
    CHECK_I64(n, 3);
    CHECK_STR(operands[0], "a");
    CHECK_STR(operands[1], "-");
    CHECK_STR(operands[2], "--top");
    CHECK(o.verify);
    CHECK_I64(PARSE("a", "b", "c", "d"), STATUS_UNUSABLE);
}

static void test_list(void)
{
    struct options o;
    char *operands[ARGS_MAX];
    int n;
    CHECK_I64(PARSE("--label", "a=1", "-Lb=2", "--label=c=3"), OPTIONS_RUN);
    CHECK_U64(o.label.n, 3);
    CHECK_STR(o.label.at[0], "a=1");
    CHECK_STR(o.label.at[1], "b=2");
    CHECK_STR(o.label.at[2], "c=3");
    options_free(&command, &o);
    CHECK_U64(o.label.n, 0);
}

/* The script is what comes out, whatever else is asked for; quotes in a help are kept. */
static void test_completion(void)
{
    static const struct option_spec rows[] = {
        OPT_FLAG(struct options, verify, "verify", 'c', "what isn't [in] a:b order; ever"),
        OPT_ENUM(struct options, by, "by", 0, "WHAT", by_words, "group: by"),
        OPT_END
    };
    struct command c = { .name = "snapthing", .specs = rows };
    static const char *const want[] = {
        [COMPLETE_BASH] = "--by) COMPREPLY=($(compgen -W 'type owner site' -- \"$cur\"))",
        [COMPLETE_ZSH] = "'(-c --verify)'{-c,--verify}'[what isn'\\''t \\[in\\] a\\:b order]' \\\n"
                         "    --by='[group]:WHAT:(type owner site)' \\\n    && return\n",
        [COMPLETE_FISH] = "-s c -l verify -d 'what isn\\'t [in] a:b order'\n"
                          "complete -c snapthing -l by -x -a 'type owner site' -d 'group'\n",
    };
    for (int shell = COMPLETE_BASH; shell <= COMPLETE_FISH; shell++) {
        char *text = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);
        complete_print(&c, (enum complete_shell)shell, f);
        fclose(f);
        if (!strstr(text, want[shell])) CHECK_STR(text, want[shell]);
        free(text);
    }
}

static void test_refused(void)
{
    struct options o;
    char *operands[ARGS_MAX];
    int n;
    CHECK_I64(PARSE("--verif"), STATUS_UNUSABLE); /* no abbreviations */
    CHECK_I64(PARSE("--verify=yes"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--output"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--top=x"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--top="), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--limit=1X"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--every=soon"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--by=typ"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--=x"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("--color=red"), STATUS_UNUSABLE);
    CHECK_I64(PARSE("---"), STATUS_UNUSABLE);
}

static void test_nearest(void)
{
    static const char *const words[] = { "verify", "output", "top", "type", "recover", NULL };
    CHECK_STR(options_nearest("verfiy", words), "verify");
    CHECK_STR(options_nearest("outptu", words), "output");
    CHECK_STR(options_nearest("rec", words), "recover");
    CHECK_STR(options_nearest("typ", words), "type");
    CHECK_STR(options_nearest("tpo", words), "top");
    CHECK_STR(options_nearest("xyzzy", words), NULL);
    CHECK_STR(options_nearest("", words), NULL);
    CHECK_STR(options_nearest("a-word-far-too-long-for-anybody-to-have-meant-any-option-by-it",
                              words), NULL);
}

static void test_help(void)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    options_help(&command, f);
    fclose(f);
    const char *want =
        "Usage: snapthing [OPTION]... A B [C ...]\n"
        "Does the thing.\n"
        "\n"
        "Options:\n"
        "  -c, --verify            check every checksum\n"
        "      --no-cut            show whole names, however long they are, which may\n"
        "                          take several lines on a narrow terminal\n"
        "  -l, --loud              be louder\n"
        "  -o, --output=FILE       write to FILE\n";
    CHECK(strncmp(text, want, strlen(want)) == 0);
    CHECK(strstr(text, "\nCommon options:\n      --json  ") != NULL);
    CHECK(strstr(text, "\n\nExample:\n  snapthing a.snap b.snap\n") != NULL);
    CHECK_U64(n - (size_t)(strrchr(text, '\n') - text), 1);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        CHECK(strlen(line) <= 80);
    free(text);
}

CU_MAIN("cli options", { "values", test_values }, { "short", test_short },
        { "operands", test_operands }, { "list", test_list }, { "refused", test_refused },
        { "completion", test_completion }, { "nearest", test_nearest }, { "help", test_help })
