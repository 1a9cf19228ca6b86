/* SPDX-License-Identifier: MIT */
/* Names of types; the rule stands in the header. */
#include "cli/type_name.h"

#include <string.h>

static bool is_plain(const char *module, size_t n)
{
    static const char *const plain[] = { "", "builtins", "__builtin__" };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (n == strlen(plain[i]) && (n == 0 || memcmp(module, plain[i], n) == 0)) return true;
    return false;
}

void type_name(struct text *t, const char *module, size_t module_size, const char *name,
               size_t name_size)
{
    size_t n = module ? module_size : 0;
    bool there = name && n && name_size > n && memcmp(name, module, n) == 0 && name[n] == '.';
    if (!there && !is_plain(module, n)) {
        text_add(t, module, n);
        text_add(t, ".", 1);
    }
    if (name) text_add(t, name, name_size);
}
