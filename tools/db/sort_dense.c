/* SPDX-License-Identifier: MIT */
/*
 * Order from places. See sort_dense.h.
 *
 * The smallest key is place 0, the next place is one unit on, the unit being the largest power of
 * two that divides all distances (the alignment of addresses). Places are kept for areas that have
 * any key, side by side in their order, so that keys may lie in a few parts far from each other, as
 * addresses do: a process has a heap, and memory that is mapped. One area suffices where all places
 * from the smallest to the largest key are few enough.
 */
#include "db/sort_dense.h"

#include <string.h>

#include "db/packed.h"

#define SIGN_BIT (UINT64_C(1) << 63)
/* Places for each key, at most; a place takes two bits. */
#define PLACES 32u
/* An area has about this part of as many places as there are keys. */
#define AREA_SHARE_BITS 5u
#define AREA_BITS_MIN 6u
#define AREAS_MAX 512u
#define SLOTS 1024u /* a power of two, not to be filled beyond one half */

/* The keys at 64 places in a row. */
struct row {
    uint64_t taken;  /* bit i: there is a key at place i */
    uint64_t before; /* keys in the rows before */
};

struct area {
    uint64_t number; /* of the area, plus 1; 0: a free slot */
    uint64_t first;  /* its first place */
};

struct dense {
    const uint64_t *key;
    uint32_t n;
    uint64_t least, most; /* keys, with the sign turned round */
    unsigned unit_bits, area_bits;
    struct area slot[SLOTS]; /* hash table of areas */
    uint32_t n_areas;
    uint32_t last; /* slot that was asked for last */
    struct row *row;
};

/* A key's place, were there one area. */
static uint64_t plain_place(const struct dense *d, uint32_t i)
{
    return ((d->key[i] ^ SIGN_BIT) - d->least) >> d->unit_bits;
}

/* The slot of an area, or the free one where it belongs. */
static uint32_t find_area(const struct dense *d, uint64_t number)
{
    uint32_t at = (uint32_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 54) & (SLOTS - 1);
    while (d->slot[at].number && d->slot[at].number != number) at = (at + 1) & (SLOTS - 1);
    return at;
}

static uint64_t place_of(struct dense *d, uint32_t i)
{
    uint64_t place = plain_place(d, i), number = (place >> d->area_bits) + 1;
    if (d->slot[d->last].number != number) d->last = find_area(d, number);
    return d->slot[d->last].first + (place & ((UINT64_C(1) << d->area_bits) - 1));
}

/* Extent and unit of the keys; false where there are not two different ones. */
static bool measure(struct dense *d)
{
    uint64_t differ = 0;
    d->least = UINT64_MAX;
    for (uint32_t i = 0; i < d->n; i++) {
        uint64_t key = d->key[i] ^ SIGN_BIT;
        if (key > d->most) d->most = key;
        if (key < d->least) d->least = key;
        differ |= d->key[i] ^ d->key[0];
    }
    while (differ && !(differ >> d->unit_bits & 1)) d->unit_bits++;
    return differ != 0;
}

/* Notes the areas that have a key; false: too many. */
static bool find_areas(struct dense *d)
{
    for (uint32_t i = 0; i < d->n; i++) {
        uint64_t number = (plain_place(d, i) >> d->area_bits) + 1;
        if (d->slot[d->last].number == number) continue;
        d->last = find_area(d, number);
        if (d->slot[d->last].number) continue;
        if (d->n_areas == AREAS_MAX) return false;
        d->slot[d->last].number = number;
        d->n_areas++;
    }
    return true;
}

/* Gives areas their places: an area stands behind those with smaller numbers. */
static void place_areas(struct dense *d)
{
    for (uint32_t a = 0; a < SLOTS; a++) {
        if (!d->slot[a].number) continue;
        uint64_t before = 0;
        for (uint32_t b = 0; b < SLOTS; b++)
            before += d->slot[b].number && d->slot[b].number < d->slot[a].number;
        d->slot[a].first = before << d->area_bits;
    }
}

/* Chooses areas; how many places they have, 0: too many for so few keys. */
static uint64_t lay_out(struct dense *d)
{
    uint64_t room = (uint64_t)d->n * PLACES, span = (d->most - d->least) >> d->unit_bits;
    if (span < room) {
        d->area_bits = 63;
        d->slot[find_area(d, 1)].number = 1;
        d->n_areas = 1;
        return span + 1;
    }
    d->area_bits = AREA_BITS_MIN;
    while (d->n >> d->area_bits >> AREA_SHARE_BITS) d->area_bits++;
    if (!find_areas(d)) return 0;
    place_areas(d);
    uint64_t places = (uint64_t)d->n_areas << d->area_bits;
    return places <= room ? places : 0;
}

/* Puts all keys at their places; false: two are at one. Neighbours in memory often come one after
 * the other: their bits are gathered before they are stored. */
static bool take_places(struct dense *d, uint64_t rows)
{
    uint64_t before = 0, now = 0, bits = 0;
    for (uint32_t i = 0; i < d->n; i++) {
        uint64_t place = place_of(d, i);
        if (place / 64 != now) {
            d->row[now].taken |= bits;
            now = place / 64;
            bits = 0;
        }
        bits |= UINT64_C(1) << place % 64;
    }
    d->row[now].taken |= bits;
    for (uint64_t r = 0; r < rows; r++) {
        d->row[r].before = before;
        before += packed_count(d->row[r].taken);
    }
    return before == d->n;
}

static void read_order(struct dense *d, uint32_t *order)
{
    for (uint32_t i = 0; i < d->n; i++) {
        uint64_t place = place_of(d, i);
        const struct row *r = &d->row[place / 64];
        order[r->before + packed_count(r->taken & ((UINT64_C(1) << place % 64) - 1))] = i;
    }
}

bool sort_dense(struct budget *b, const uint64_t *key, uint32_t n, uint32_t *order)
{
    struct dense d = { .key = key, .n = n };
    if (!measure(&d)) return false;
    uint64_t places = lay_out(&d), rows = (places + 63) / 64;
    if (!places) return false;
    d.row = memory_zeroed(b, rows, sizeof *d.row);
    bool done = d.row && take_places(&d, rows);
    if (done) read_order(&d, order);
    memory_free(b, d.row, rows, sizeof *d.row);
    return done;
}
