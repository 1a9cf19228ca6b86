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

uint8_t collection_part(const char *module, const char *name)
{
    if (!name) return 0;
    if (!module) return is_store(name) ? HEAP_PART : 0;
    if (strcmp(module, "java.lang") == 0)
        return strcmp(name, "java.lang.Object[]") == 0 ? HEAP_PART_INSIDE : 0;
    if (strcmp(module, "java.util") != 0 && strcmp(module, "java.util.concurrent") != 0) return 0;
    if (is_inner_part(name)) return HEAP_PART;
    return strchr(name, '[') ? 0 : HEAP_WHOLE;
}
