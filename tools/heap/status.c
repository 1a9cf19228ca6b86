/* SPDX-License-Identifier: MIT */
/* The words for the graph core's status codes. O(1). */
#include "heap/status.h"

const char *heap_status_text(enum heap_status status)
{
    switch (status) {
    case HEAP_OK: return "no error";
    case HEAP_NO_MEMORY: return "out of memory";
    case HEAP_TOO_LARGE: return "more objects or bytes than 32-bit rows and 63-bit sizes can count";
    case HEAP_BAD_GRAPH: return "a reference or root beyond the last object";
    }
    return "unknown error";
}
