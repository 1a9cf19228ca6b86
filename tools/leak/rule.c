/* SPDX-License-Identifier: MIT */
/* The heads of rules; rule.h. */
#include "leak/rule.h"

#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

/* The value of `-- key: value` in the head with its continuation lines; false: no memory. *out is
 * NULL where the key is missing. */
static bool read_value(const char *head, const char *key, char **out)
{
    struct text t = { 0 };
    size_t n = strlen(key);
    bool inside = false;

    *out = NULL;
    for (const char *line = head; strncmp(line, "--", 2) == 0; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        const char *at = line + 2 + (line[2] == ' ');
        if (!end) return false;
        if (strncmp(at, key, n) == 0 && at[n] == ':') {
            inside = true;
            at += n + 1;
        } else if (inside && strncmp(line, "--     ", 7) == 0) {
            text_adds(&t, " ");
        } else {
            inside = false;
        }
        while (*at == ' ') at++;
        if (inside) text_add(&t, at, (size_t)(end - at));
    }
    *out = t.s;
    return !t.failed;
}

/* Whether a list of words holds one. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; at && *at;) {
        size_t length = strcspn(at, " ");
        if (length == n && strncmp(at, word, n) == 0) return true;
        at += length;
        at += strspn(at, " ");
    }
    return false;
}

bool rule_read(const struct rule_file *file, struct rule *out)
{
    char *name = NULL, *needs = NULL, *about = NULL;
    *out = (struct rule){ .name = file->name, .sql = file->text };

    bool read = read_value(file->text, "rule", &name) &&
                read_value(file->text, "title", &out->title) &&
                read_value(file->text, "cause", &out->cause) &&
                read_value(file->text, "remedy", &out->remedy) &&
                read_value(file->text, "limits", &out->limits) &&
                read_value(file->text, "yields", &out->yields) &&
                read_value(file->text, "about", &about) &&
                read_value(file->text, "runtime", &out->runtime) &&
                read_value(file->text, "needs", &needs);
    bool whole = read && name && strcmp(name, file->name) == 0 && out->title && out->cause &&
                 out->remedy;
    if (has_word(needs, "refs")) out->needs |= RULE_NEEDS_REFS;
    if (has_word(needs, "base")) out->needs |= RULE_NEEDS_BASE;
    if (has_word(needs, "complete")) out->needs |= RULE_NEEDS_COMPLETE;
    out->about_type = has_word(about, "type");
    free(name);
    free(needs);
    free(about);
    return whole;
}

/* The words of one key for a runtime; *out stays where there are none. False: no memory. */
static bool speak_value(const char *head, const char *key, const char *runtime, char **out)
{
    struct text name = { 0 };
    char *words = NULL;

    text_addf(&name, "%s(%s)", key, runtime);
    bool done = !name.failed && read_value(head, name.s, &words);
    if (done && words) {
        free(*out);
        *out = words;
    } else {
        free(words);
    }
    free(name.s);
    return done;
}

bool rule_speak(struct rule *rule, const char *runtime)
{
    return !runtime || (speak_value(rule->sql, "title", runtime, &rule->title) &&
                        speak_value(rule->sql, "cause", runtime, &rule->cause) &&
                        speak_value(rule->sql, "remedy", runtime, &rule->remedy) &&
                        speak_value(rule->sql, "limits", runtime, &rule->limits));
}

void rule_free(struct rule *rule)
{
    free(rule->title);
    free(rule->cause);
    free(rule->remedy);
    free(rule->limits);
    free(rule->yields);
    free(rule->runtime);
    *rule = (struct rule){ 0 };
}

bool rule_yields(const struct rule *rule, const char *other)
{
    return has_word(rule->yields, other);
}

bool rule_is_for(const struct rule *rule, const char *runtime)
{
    return !rule->runtime || (runtime && has_word(rule->runtime, runtime));
}
