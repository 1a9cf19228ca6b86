/* SPDX-License-Identifier: MIT */
/* Everything about one object, as text for people; show.h. */
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"
#include "report/path_text.h"
#include "report/show.h"
#include "snap/format.h"

enum { LABEL = 12 }; /* columns of the facts' names */

/* "  name         text", the text escaped. */
static void fact(const char *name, const struct text *t)
{
    printf("  %-*s", LABEL, name);
    text_put(stdout, text_str(t), t->n);
    fputs("\n", stdout);
}

static void factf(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void factf(const char *name, const char *format, ...)
{
    struct text t = { 0 };
    va_list args;
    va_start(args, format);
    text_addv(&t, format, args);
    va_end(args);
    fact(name, &t);
    text_free(&t);
}

static void heading(const char *title)
{
    printf("\n%s%s%s", color_on(stdout, COLOR_HEAD), title, color_off(stdout));
}

static void print_title(const struct heapdb_object *o)
{
    struct text t = { 0 };
    char address[NUMBER_MAX];
    text_addf(&t, "#%lld ", (long long)o->id);
    subject_type(&t, o->module, o->type);
    if (o->name) text_addf(&t, " %s", o->name);
    if (o->has_address) text_addf(&t, " at %s", number_address(address, o->address));
    if (o->is_garbage) text_adds(&t, " (garbage: no root leads to it)");
    fputs(color_on(stdout, COLOR_HEAD), stdout);
    text_put(stdout, text_str(&t), t.n);
    printf("%s\n", color_off(stdout));
    text_free(&t);
}

static void print_sizes(const struct heapdb_object *o)
{
    struct text t = { 0 };
    char a[NUMBER_MAX], b[NUMBER_MAX];
    text_addf(&t, "%s itself", subject_amount(a, subject_size(o->shallow_size)));
    if (o->has_native)
        text_addf(&t, ", %s outside the heap", subject_amount(a, subject_size(o->native_size)));
    fact("size", &t);
    text_clear(&t);
    text_addf(&t, "%s in %s object%s", subject_amount(a, subject_size(o->retained_size)),
              number_count(b, subject_size(o->retained_count)), o->retained_count == 1 ? "" : "s");
    if (o->has_retained_native && o->retained_native > 0)
        text_addf(&t, ", %s outside the heap", subject_amount(a, subject_size(o->retained_native)));
    fact("retains", &t);
    text_free(&t);
}

/* What the reference count says beyond what the heap explains. */
static void print_count(const struct heapdb_object *o)
{
    char a[NUMBER_MAX], b[NUMBER_MAX];
    if (!o->has_refcount) return;
    number_count(a, subject_size(o->refcount));
    if (!o->has_external_refs)
        factf("refcount", "%s%s", a,
              o->flags & SNAP_OBJECT_IMMORTAL ? " (immortal: it is never counted down)" : "");
    else if (o->external_refs > 0)
        factf("refcount", "%s, of which %s held from outside the heap, by C code", a,
              number_count(b, (uint64_t)o->external_refs));
    else
        factf("refcount", "%s, all explained by the heap", a);
}

static void print_contents(const struct show *x)
{
    const struct heapdb_object *o = &x->object;
    struct text t = { 0 };
    char a[NUMBER_MAX], b[NUMBER_MAX];
    uint64_t alike = x->duplicates > 0 ? (uint64_t)x->duplicates : 0;
    if (o->has_length) {
        text_addf(&t, "%s", number_count(a, subject_size(o->length)));
        if (o->has_capacity)
            text_addf(&t, ", room for %s", number_count(a, subject_size(o->capacity)));
        if (o->has_bound)
            text_addf(&t, ", never more than %s", number_count(a, subject_size(o->bound)));
        fact("length", &t);
        text_clear(&t);
    } else if (o->has_bound) {
        factf("bound", "%s", number_count(a, subject_size(o->bound)));
    }
    if (o->has_resource) {
        text_adds(&t, heapdb_resource_kind(o->resource));
        if (o->has_state) text_addf(&t, ", %s", heapdb_resource_state(o->state));
        fact("resource", &t);
        text_clear(&t);
    }
    if (x->has_hash) {
        text_addf(&t, "%016llx", (unsigned long long)x->hash);
        if (alike)
            text_addf(&t, "; %s other object%s the same contents, %s in all",
                      number_count(a, alike), alike == 1 ? " has" : "s have",
                      subject_amount(b, subject_size(o->shallow_size) * (alike + 1)));
        else if (x->duplicates < 0)
            text_adds(&t, "; --duplicates counts objects with the same contents");
        fact("contents", &t);
        text_clear(&t);
    }
    if (x->has_buffer) factf("buffer", "%s", number_address(a, x->buffer));
    if (x->value) {
        text_adds(&t, x->value);
        fact("value", &t);
    }
    text_free(&t);
}

static void print_facts(const struct show *x)
{
    const struct heapdb_object *o = &x->object;
    struct text t = { 0 };
    char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX];
    print_sizes(o);
    print_count(o);
    heapdb_flags(&t, o->flags);
    if (o->has_generation)
        text_addf(&t, "%sgeneration %lld", t.n ? ", " : "", (long long)o->generation);
    if (t.n) fact("flags", &t);
    text_free(&t);
    print_contents(x);
    if (x->cycle_n)
        factf("cycle", "of %s objects, %s; it retains %s", number_count(a, x->cycle_n),
              subject_amount(b, x->cycle_size), subject_amount(c, x->cycle_retained));
    if (x->path_text) {
        struct text path = { 0 };
        text_adds(&path, x->path_text);
        fact("path", &path);
        text_free(&path);
    }
}

static int print_dominators(const struct show *x)
{
    static const struct table_column columns[] = {
        { .title = "  retained", .align = TABLE_RIGHT },
        { .title = "holds", .align = TABLE_RIGHT },
        { .title = "id", .align = TABLE_RIGHT },
        { .title = "object", .shrink = true, .cut = TEXT_CUT_MIDDLE },
    };
    if (x->n_dominators == 0) return STATUS_DONE;
    heading("Dominators");
    fputs(", nearest first: while one of them is alive, so is this object\n", stdout);
    struct table *t = table_new(columns, 4);
    for (size_t i = 0; i < x->n_dominators; i++) {
        const struct show_dominator *d = &x->dominators[i];
        if (d->gap) {
            for (int k = 0; k < 3; k++) table_cells(t, "");
            table_color(t, COLOR_FAINT);
            table_cells(t, "...");
        }
        table_size(t, d->retained_size);
        table_count(t, d->retained_count);
        table_cellf(t, "#%lld", (long long)d->id);
        table_color(t, COLOR_NAME);
        table_cells(t, d->type);
    }
    int failed = table_print(t, stdout);
    table_free(t);
    return failed ? message_no_memory("a table") : STATUS_DONE;
}

static void ref_cells(struct table *t, struct text *buffer, const struct show_ref *f)
{
    text_clear(buffer);
    path_text_edge(buffer, &f->step);
    table_cell(t, text_str(buffer), buffer->n);
    table_cellf(t, "#%lld", (long long)f->step.id);
    text_clear(buffer);
    subject_type(buffer, f->step.module, f->step.type);
    if (f->step.name) text_addf(buffer, " %s", f->step.name);
    table_color(t, COLOR_NAME);
    table_cell(t, text_str(buffer), buffer->n);
    table_size(t, subject_size(f->step.retained_size));
}

static int print_refs(const struct show_ref *refs, size_t n, bool fields)
{
    static const struct table_column columns[] = {
        { .title = "  reference", .shrink = true, .cut = TEXT_CUT_MIDDLE },
        { .title = "id", .align = TABLE_RIGHT },
        { .title = "object", .shrink = true, .cut = TEXT_CUT_MIDDLE },
        { .title = "retained", .align = TABLE_RIGHT },
        { .title = "" },
    };
    if (n == 0) return STATUS_DONE;
    struct table *t = table_new(columns, fields ? 5 : 4);
    struct text buffer = { 0 };
    for (size_t i = 0; i < n; i++) {
        ref_cells(t, &buffer, &refs[i]);
        if (fields) table_cells(t, refs[i].only_here ? "held only here" : "");
    }
    int failed = buffer.failed || table_print(t, stdout);
    text_free(&buffer);
    table_free(t);
    return failed ? message_no_memory("a table") : STATUS_DONE;
}

/* " (1 to 20 of 5,000)" where not all are shown. */
static void shown(size_t n, int64_t offset, int64_t total, bool more)
{
    char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX];
    if (offset == 0 && (int64_t)n >= total && !more) {
        printf(" (%s)\n", number_count(a, n));
        return;
    }
    if (n == 0)
        printf(" (none from %s on", number_count(a, (uint64_t)offset + 1));
    else
        printf(" (%s to %s", number_count(a, (uint64_t)offset + 1),
               number_count(b, (uint64_t)offset + n));
    printf(" of %s%s)\n", more ? "more than " : "", number_count(c, (uint64_t)total));
}

static int print_types(const struct show_type *types, size_t n, bool bytes)
{
    static const struct table_column sized[] = {
        { .title = "  shallow", .align = TABLE_RIGHT },
        { .title = "count", .align = TABLE_RIGHT },
        { .title = "type", .shrink = true, .cut = TEXT_CUT_MIDDLE },
    };
    static const struct table_column counted[] = {
        { .title = "  references", .align = TABLE_RIGHT },
        { .title = "from type", .shrink = true, .cut = TEXT_CUT_MIDDLE },
    };
    struct table *t = table_new(bytes ? sized : counted, bytes ? 3 : 2);
    for (size_t i = 0; i < n; i++) {
        if (bytes) table_size(t, types[i].bytes);
        table_count(t, types[i].n);
        table_color(t, COLOR_NAME);
        table_cells(t, types[i].name);
    }
    int failed = table_print(t, stdout);
    table_free(t);
    return failed ? message_no_memory("a table") : STATUS_DONE;
}

static int print_referrers(const struct show *x)
{
    heading("Referrers");
    shown(x->n_referrers, 0, x->total_referrers, x->more_referrers);
    int status = print_refs(x->referrers, x->n_referrers, false);
    if (status || x->n_referrer_types == 0) return status;
    fputs(x->some_referrer_types ? "  of the first ones, by type\n" : "  all of them, by type\n",
          stdout);
    return print_types(x->referrer_types, x->n_referrer_types, false);
}

static void print_frames(const struct show *x)
{
    heading("Allocated at");
    fputs("\n", stdout);
    for (size_t i = 0; i < x->n_frames; i++) {
        const struct show_frame *f = &x->frames[i];
        struct text t = { 0 };
        text_addf(&t, "  %s", f->function ? f->function : "?");
        if (f->file) text_addf(&t, " (%s", f->file);
        if (f->file && f->line > 0) text_addf(&t, ":%lld", (long long)f->line);
        if (f->file) text_adds(&t, ")");
        text_put(stdout, text_str(&t), t.n);
        fputs("\n", stdout);
        text_free(&t);
    }
}

int show_print(struct subject *s, const struct show *x, const struct show_request *request)
{
    char a[NUMBER_MAX], b[NUMBER_MAX];
    (void)s;
    print_title(&x->object);
    print_facts(x);
    int status = print_dominators(x);
    if (!status) {
        heading("References");
        shown(x->n_fields, request->offset, x->total_fields, x->more_fields);
        status = print_refs(x->fields, x->n_fields, true);
    }
    if (!status) status = print_referrers(x);
    if (!status && x->n_retained_types) {
        heading("Retained, by type");
        if (x->n_retained_types < x->total_retained_types)
            printf(" (%s of %s)", number_count(a, x->n_retained_types),
                   number_count(b, x->total_retained_types));
        fputs("\n", stdout);
        status = print_types(x->retained_types, x->n_retained_types, true);
    }
    if (!status && x->n_frames) print_frames(x);
    return status;
}
