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

/* Collections around others. Not executors and timers: their threads hold the queues as well. */
static const char *const wraps[] = { "HashSet",    "LinkedHashSet",
                                     "TreeSet",    "Properties",
                                     "concurrent.ConcurrentSkipListSet",
                                     "concurrent.CopyOnWriteArraySet",
                                     "concurrent.DelayQueue" };

/* `name` is without `java.util.`. */
static bool is_wrap(const char *name)
{
    static const char views[] = "Collections$"; /* synchronizedMap(), unmodifiableList() */
    if (strncmp(name, views, sizeof views - 1) == 0) return true;
    for (size_t i = 0; i < sizeof wraps / sizeof wraps[0]; i++)
        if (strcmp(wraps[i], name) == 0) return true;
    return false;
}

/* Of a class of java.util or below, `name` without that. */
static uint8_t java_part(const char *name)
{
    if (is_inner_part(name)) return HEAP_PART;
    if (strchr(name, '[')) return HEAP_PART_INSIDE; /* the table of a queue */
    return is_wrap(name) ? HEAP_WHOLE | HEAP_WRAP : HEAP_WHOLE;
}

/* What V8 keeps the contents of an array, object, Map or Set in. */
static bool is_store(const char *name)
{
    return strcmp(name, "(array)") == 0 || strcmp(name, "(object elements)") == 0 ||
           strcmp(name, "(object properties)") == 0;
}

bool collection_is_code(const char *name)
{
    static const char system[] = "system / ";
    /* Names of V8's classes end so; not variables of closures, promises, weak references. */
    static const char *const ends[] = { "Map",       "Site",     "Vector",   "Cell", "Array",
                                        "ArrayList", "Info",     "Infos",    "Code", "Container",
                                        "Metadata",  "Template", "ParseData" };
    if (strcmp(name, "(compiled code)") == 0 || strcmp(name, "(object shape)") == 0) return true;
    if (strncmp(name, system, sizeof system - 1) != 0) return false;
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t m = strlen(ends[i]);
        if (n > m && strcmp(name + n - m, ends[i]) == 0) return true;
    }
    return false;
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

static const char java_util[] = "java.util.", thread_local[] = "java.lang.ThreadLocal$";

/* Of Java's classes, whose names are whole; 0 of anything else. */
static uint8_t library_part(const char *name)
{
    static const char concurrent[] = "concurrent.", map[] = "ThreadLocalMap";
    if (strncmp(name, thread_local, sizeof thread_local - 1) == 0) {
        name += sizeof thread_local - 1;
        if (strncmp(name, map, sizeof map - 1) != 0) return 0;
        return name[sizeof map - 1] ? HEAP_PART : HEAP_WHOLE;
    }
    if (strcmp(name, "java.lang.Object[]") == 0) return HEAP_PART_INSIDE;
    if (strncmp(name, java_util, sizeof java_util - 1) != 0) return 0;
    name += sizeof java_util - 1;
    const char *own = strncmp(name, concurrent, sizeof concurrent - 1) == 0
                          ? name + sizeof concurrent - 1
                          : name;
    if (strchr(own, '.')) return 0; /* java.util.zip and others */
    return java_part(name);
}

uint8_t collection_library_part(const char *name)
{
    return strncmp(name, "java.", 5) == 0 ? library_part(name) : 0;
}

uint8_t collection_part(const char *module, const char *name)
{
    if (!name) return 0;
    if (!module && is_store(name)) return HEAP_PART;
    if (!module) return is_own_class(name) ? HEAP_NODE : 0;
    if (!is_library(module)) return strchr(name, '[') ? 0 : HEAP_NODE;
    return collection_library_part(name);
}
