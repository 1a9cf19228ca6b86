/* SPDX-License-Identifier: MIT */
/* Columns in few bytes. See packed.h. */
#include "db/packed.h"

#include <stdlib.h>

static unsigned width_of(uint64_t largest)
{
    if (!largest) return 0;
    if (largest <= UINT8_MAX) return 1;
    if (largest <= UINT16_MAX) return 2;
    return largest <= UINT32_MAX ? 4 : 8;
}

/* The values of the open block as distances from `base`. */
static void put_values(const struct packed *p, uint8_t *out, uint64_t base, unsigned width)
{
    for (unsigned i = 0; i < p->n_open; i++, out += width) {
        uint64_t v = p->open[i] - base;
        uint16_t two = (uint16_t)v;
        uint32_t four = (uint32_t)v;
        if (width == 1)
            *out = (uint8_t)v;
        else if (width == 2)
            memcpy(out, &two, sizeof two);
        else if (width == 4)
            memcpy(out, &four, sizeof four);
        else
            memcpy(out, &v, sizeof v);
    }
}

/* Completes the open block. */
static bool close_block(struct packed *p, struct budget *b)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (unsigned i = 0; i < p->n_open; i++) {
        if (p->open[i] < least) least = p->open[i];
        if (p->open[i] > most) most = p->open[i];
    }
    if (!p->n_open) least = 0;
    unsigned width = width_of(most - least);
    if (!memory_grow(b, (void **)&p->block, &p->block_cap, p->n + 1, sizeof *p->block) ||
        !memory_grow(b, (void **)&p->byte, &p->byte_cap, p->used + (size_t)width * p->n_open,
                     sizeof *p->byte))
        return false;
    if (width) put_values(p, p->byte + p->used, least, width);
    p->block[p->n++] = (struct packed_block){ p->present, least, (uint64_t)p->used << 4 | width };
    p->used += (size_t)width * p->n_open;
    p->present = 0;
    p->n_open = 0;
    return true;
}

bool packed_turn(struct packed *p, struct budget *b, uint64_t block)
{
    while (p->n < block)
        if (!close_block(p, b)) return false;
    return true;
}

bool packed_end(struct packed *p, struct budget *b, uint64_t rows)
{
    if (!p->n && !p->n_open) return true;
    return packed_turn(p, b, rows / PACKED_ROWS + (rows % PACKED_ROWS != 0));
}

bool packed_drop(struct packed *p, struct budget *b, uint64_t rows, const uint64_t *drop)
{
    struct packed kept = { 0 };
    uint64_t to = 0;
    bool ok = true;
    for (uint64_t row = 0; ok && row < rows; row++) {
        if (drop[row / 64] >> (row % 64) & 1) continue;
        if (packed_has(p, row)) ok = packed_set(&kept, b, to, packed_get(p, row));
        to++;
    }
    ok = ok && packed_end(&kept, b, to);
    packed_free(ok ? p : &kept, b);
    if (ok) *p = kept;
    return ok;
}

void packed_free(struct packed *p, struct budget *b)
{
    memory_give(b, (void **)&p->block, &p->block_cap, sizeof *p->block);
    memory_give(b, (void **)&p->byte, &p->byte_cap, sizeof *p->byte);
    *p = (struct packed){ 0 };
}
