/* SPDX-License-Identifier: MIT */
/*
 * Objects of a Java heap dump counted by class in one pass, without a row of any. What an instance
 * takes is known when all have been seen, so instances are counted; arrays are added up under each
 * layout that is still possible. See hprof_private.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "import/hprof_private.h"

/* How much of a file an estimate is made of. */
#define SAMPLE (UINT64_C(48) << 20)

static void add_array(struct hprof *h, struct hprof_tally *t, const struct hprof_object *o)
{
    uint64_t sizes[HPROF_LAYOUTS];
    hprof_array_sizes(h, o, sizes);
    t->n++;
    t->elements += o->length;
    for (unsigned i = 0; i < HPROF_LAYOUTS; i++) t->bytes[i] += sizes[i];
}

bool hprof_tally_object(struct hprof *h, const struct hprof_object *o, struct hprof_class *c)
{
    if (o->tag == 0x23) {
        add_array(h, &h->primitive[o->type & 15], o);
    } else if (o->tag == 0x22 && c) {
        add_array(h, &c->tally, o);
    } else if (c) {
        c->tally.n++;
        c->tally.instances++;
        c->tally.bodies += o->bytes;
    }
    return true;
}

/* ---- as the answer ------------------------------------------------------------------------- */

static bool send(struct hprof *h, uint64_t type, uint64_t n, uint64_t bytes)
{
    return !n || hprof_sent(h, h->sink->tally(h->sink->opaque, type, n, bytes));
}

bool hprof_tally_send(struct hprof *h)
{
    uint64_t classes = 0, class_bytes = 0;
    if (!hprof_send_types(h)) return false;
    for (size_t i = 0; i < h->n_classes; i++) {
        const struct hprof_class *c = &h->classes[i];
        const struct hprof_tally *t = &c->tally;
        if (c->defined) {
            classes++;
            class_bytes += hprof_class_bytes(h, c);
        }
        /* No class is 0: objects of it are of an unknown one, whatever a record says. */
        uint64_t bytes = c->defined && c->id ? t->instances * c->size
                                             : t->bodies + t->instances * h->model.header;
        if (!send(h, c->id ? c->type : h->unknown_type, t->n, bytes + t->bytes[h->layout]))
            return false;
    }
    for (unsigned type = 4; type < 12; type++)
        if (!send(h, h->primitive_type[type], h->primitive[type].n,
                  h->primitive[type].bytes[h->layout]))
            return false;
    return send(h, h->class_type, classes, class_bytes);
}

/* Addresses that all are multiples of more than 8 show only at the end: once more then. */
bool hprof_tally_again(struct hprof *h)
{
    for (size_t i = 0; i < h->n_classes; i++) h->classes[i].tally = (struct hprof_tally){ 0 };
    memset(h->primitive, 0, sizeof h->primitive);
    h->again = true;
    return hprof_walk(h);
}

/* ---- as an estimate ------------------------------------------------------------------------ */

static uint64_t references_of(const struct hprof *h, const struct hprof_class *c)
{
    uint64_t n = 0;
    unsigned depth = 0;
    for (const struct hprof_class *s = c; s && s->defined && depth < HPROF_DEPTH_MANY;
         s = hprof_class_find(h, s->super), depth++) {
        const struct hprof_field *f = h->fields + s->field + s->n_statics;
        for (size_t i = 0; i < s->n_fields; i++) n += f[i].type == HPROF_OBJECT;
    }
    return n;
}

bool hprof_tally_estimate(struct hprof *h, const char *path, struct import_totals *totals)
{
    struct stat st;
    double objects = 0, references = 0;
    h->stop_at = SAMPLE;
    if (stat(path, &st) || !hprof_walk(h)) return false;
    for (size_t i = 0; i < h->n_classes; i++) {
        const struct hprof_class *c = &h->classes[i];
        objects += (double)c->tally.n;
        references += (double)c->tally.elements;
        if (c->tally.instances)
            references += (double)c->tally.instances * (double)references_of(h, c);
    }
    for (unsigned type = 4; type < 12; type++) objects += (double)h->primitive[type].n;
    /* Bytes of the file itself, wrapped or not, that have been used up. */
    double taken = (double)unwrap_taken(h->in) - (unwrap_wrapper(h->in) ? 0 : (double)h->end) +
                   (unwrap_wrapper(h->in) ? 0 : (double)h->at);
    double share = taken > 0 && taken < (double)st.st_size ? taken / (double)st.st_size : 1;
    totals->objects = (uint64_t)((objects + (double)h->n_classes) / share);
    totals->edges = (uint64_t)(references / share);
    totals->snapshots = 1;
    totals->guessed = true;
    return true;
}
