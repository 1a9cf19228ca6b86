/* SPDX-License-Identifier: MIT */
/*
 * The last source line of a code object, out of its line table, whose format is another from 3.10
 * on (PEP 626) and again from 3.11 on (locations, Objects/locations.md of CPython).
 */
#define Py_BUILD_CORE 1
#include "layout.h"

#if PY_VERSION_HEX < 0x030B0000

int layout_code_last_line(PyCodeObject *code)
{
#if PY_VERSION_HEX < 0x030A0000
    PyObject *table = code->co_lnotab;
#else
    PyObject *table = code->co_linetable;
#endif
    int line = code->co_firstlineno;
    int last = line;

    if (table == NULL || !PyBytes_Check(table)) return last;
    const signed char *deltas = (const signed char *)PyBytes_AS_STRING(table);
    /* Pairs of a step in the code and a step in the source; -128: no line (3.10). */
    for (Py_ssize_t i = 1; i < PyBytes_GET_SIZE(table); i += 2) {
        if (PY_VERSION_HEX >= 0x030A0000 && deltas[i] == -128) continue;
        line += deltas[i];
        if (line > last) last = line;
    }
    return last;
}

#else

/* A number of groups of six bits, the lowest first, with bit 6 saying that another follows. */
static unsigned read_varint(const uint8_t **at, const uint8_t *end)
{
    unsigned value = 0;

    for (unsigned shift = 0; *at < end && shift < 30; shift += 6) {
        unsigned byte = *(*at)++;
        value |= (byte & 63) << shift;
        if (!(byte & 64)) break;
    }
    return value;
}

static int read_signed_varint(const uint8_t **at, const uint8_t *end)
{
    unsigned value = read_varint(at, end);
    return value & 1 ? -(int)(value >> 1) : (int)(value >> 1);
}

int layout_code_last_line(PyCodeObject *code)
{
    PyObject *table = code->co_linetable;
    int line = code->co_firstlineno;
    int last = line;

    if (table == NULL || !PyBytes_Check(table)) return last;
    const uint8_t *at = (const uint8_t *)PyBytes_AS_STRING(table);
    const uint8_t *end = at + PyBytes_GET_SIZE(table);
    while (at < end) {
        unsigned form = *at++ >> 3 & 15;
        if (form >= 10 && form <= 12)
            line += (int)form - 10;
        else if (form == 13 || form == 14)
            line += read_signed_varint(&at, end);
        if (form != 15 && line > last) last = line;
        /* The first byte of an entry, and no other, has bit 7. */
        while (at < end && !(*at & 0x80)) at++;
    }
    return last;
}

#endif
