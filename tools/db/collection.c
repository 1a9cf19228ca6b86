/* SPDX-License-Identifier: MIT */
/* See collection.h. */
#include "db/collection.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "heap/match.h"

/* Inner classes of Java's collections that are links or slots of them. */
static const char *const parts[] = { "Node",     "TreeNode", "TreeBin",   "ForwardingNode",
                                     "Entry",    "Index",    "HeadIndex", "Segment",
                                     "HashEntry", "QNode" };

/* Is the name's innermost class, without the brackets of an array, one of these? */
static bool is_inner_part(const char *name)
{
    const char *dollar = strrchr(name, '$');
    if (!dollar) return false;
    size_t n = strcspn(dollar + 1, "[");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strlen(parts[i]) == n && memcmp(dollar + 1, parts[i], n) == 0) return true;
    return false;
}

/* What V8 keeps the contents of an array, object, Map or Set in. */
static bool is_store(const char *name)
{
    return strcmp(name, "(array)") == 0 || strcmp(name, "(object elements)") == 0 ||
           strcmp(name, "(object properties)") == 0;
}

/* Modules and packages, each with what lies below it, of the runtimes' own libraries. */
static const char *const libraries[] = { "builtins", "collections", "itertools", "functools",
                                         "types",    "weakref",     "typing",    "java",
                                         "javax",    "jdk",         "sun" };

static bool is_library(const char *module)
{
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        size_t n = strlen(libraries[i]);
        if (strncmp(module, libraries[i], n) == 0 && (module[n] == 0 || module[n] == '.'))
            return true;
    }
    return module[0] == '_' && module[1] != '_';
}

/* Without a module, of JavaScript and Ruby: classes that are there before a program begins. */
static const char *const classes[] = {
    "Array", "ArrayBuffer", "Boolean", "Class", "DataView", "Date", "Error", "Function", "Hash",
    "Map", "Module", "Number", "Object", "Promise", "Proc", "Proxy", "RegExp", "Set", "String",
    "Struct", "Symbol", "WeakMap", "WeakRef", "WeakSet",
};

/* A class of the program, or the shape of its object literals, `{left, right}`. */
static bool is_own_class(const char *name)
{
    if (name[0] == '{') return true;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(name, classes[i]) == 0) return false;
    return ((name[0] >= 'A' && name[0] <= 'Z') || name[0] == '_' || name[0] == '$') &&
           !strpbrk(name, " ([<");
}

uint8_t collection_part(const char *module, const char *name)
{
    if (!name) return 0;
    if (!module && is_store(name)) return HEAP_PART;
    if (!module) return is_own_class(name) ? HEAP_NODE : 0;
    if (!is_library(module)) return strchr(name, '[') ? 0 : HEAP_NODE;
    if (strcmp(module, "java.lang") == 0)
        return strcmp(name, "java.lang.Object[]") == 0 ? HEAP_PART_INSIDE : 0;
    if (strcmp(module, "java.util") != 0 && strcmp(module, "java.util.concurrent") != 0) return 0;
    if (is_inner_part(name)) return HEAP_PART;
    return strchr(name, '[') ? 0 : HEAP_WHOLE;
}
