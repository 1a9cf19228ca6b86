/* SPDX-License-Identifier: MIT */
/*
 * A stack machine without instructions that do anything. See unpickle.h; the opcodes are those of
 * Python's pickletools.
 */
#include "import/unpickle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 1 << 16 };

static bool fail(struct unpickler *u, const char *error)
{
    if (!u->error) {
        u->error = error;
        u->error_offset = u->offset;
    }
    return false;
}

static bool grow(struct unpickler *u, void *array, size_t *cap, size_t need, size_t size)
{
    void **a = array;
    if (need <= *cap) return true;
    size_t more = need + need / 2 + 1;
    void *p = more > SIZE_MAX / size ? NULL : realloc(*a, more * size);
    if (!p) {
        u->no_memory = true;
        return fail(u, "no memory");
    }
    *a = p;
    *cap = more;
    return true;
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* Takes n bytes. */
static bool take(struct unpickler *u, void *to, size_t n)
{
    unsigned char *out = to;
    while (n) {
        if (u->window_at == u->window_end) {
            ptrdiff_t got = u->read(u->opaque, u->window, WINDOW);
            if (got <= 0) {
                u->error_errno = got < 0 ? errno : 0;
                u->ended = got == 0;
                return fail(u, got < 0 ? "cannot read" : "the file ends early");
            }
            u->window_at = 0;
            u->window_end = (size_t)got;
        }
        size_t some = u->window_end - u->window_at;
        if (some > n) some = n;
        memcpy(out, u->window + u->window_at, some);
        u->window_at += some;
        u->offset += some;
        out += some;
        n -= some;
    }
    return true;
}

/* A little-endian number of n bytes. */
static bool take_number(struct unpickler *u, size_t n, uint64_t *value)
{
    unsigned char b[8];
    *value = 0;
    if (!take(u, b, n)) return false;
    for (size_t i = n; i-- > 0;) *value = *value << 8 | b[i];
    return true;
}

/* ---- the stack ----------------------------------------------------------------------------- */

static pickle_value make(enum pickle_kind kind, uint64_t number)
{
    return (uint64_t)kind << 60 | number;
}

static bool append(struct unpickler *u, struct pickle_items *items, pickle_value v)
{
    if (!grow(u, &items->at, &items->cap, items->n + 1, sizeof *items->at)) return false;
    items->at[items->n++] = v;
    return true;
}

static bool push(struct unpickler *u, enum pickle_kind kind, uint64_t number)
{
    return append(u, &u->stack, make(kind, number));
}

/* Values above the last mark. */
static size_t above(const struct unpickler *u)
{
    return u->stack.n - (u->n_marks ? u->mark[u->n_marks - 1] : 0);
}

static bool pop(struct unpickler *u, pickle_value *v)
{
    if (!above(u)) return fail(u, "nothing is on the stack");
    *v = u->stack.at[--u->stack.n];
    return true;
}

/* Takes the mark away; *n values stood above it. */
static bool pop_mark(struct unpickler *u, size_t *n)
{
    if (!u->n_marks) return fail(u, "no mark is on the stack");
    *n = above(u);
    u->n_marks--;
    return true;
}

static bool push_int(struct unpickler *u, uint64_t value)
{
    if (value >> 60) return fail(u, "a number out of range");
    return push(u, PICKLE_INT, value);
}

/* A signed number of n bytes, which must not be negative. */
static bool push_signed(struct unpickler *u, size_t n)
{
    uint64_t value;
    if (n > 8) return fail(u, "a number out of range");
    if (!take_number(u, n, &value)) return false;
    if (n && value >> (8 * n - 1)) return fail(u, "a negative number");
    return push_int(u, value);
}

static bool push_text(struct unpickler *u, size_t width)
{
    uint64_t n;
    if (!take_number(u, width, &n)) return false;
    if (n > 1 << 28) return fail(u, "a text is too long");
    /* In pieces, so that a length that lies costs no memory. */
    uint64_t at = u->n_bytes;
    for (uint64_t left = n; left;) {
        size_t some = left < WINDOW ? (size_t)left : WINDOW;
        if (!grow(u, &u->bytes, &u->bytes_cap, u->n_bytes + some, 1) ||
            !take(u, u->bytes + u->n_bytes, some))
            return false;
        u->n_bytes += some;
        left -= some;
    }
    if (!grow(u, &u->text, &u->text_cap, u->n_texts + 1, sizeof *u->text)) return false;
    u->text[u->n_texts] = (struct pickle_text){ at, (uint32_t)n };
    return push(u, PICKLE_TEXT, u->n_texts++);
}

/* The n topmost values become a tuple. */
static bool push_tuple(struct unpickler *u, size_t n)
{
    if (above(u) < n) return fail(u, "nothing is on the stack");
    if (n > UINT32_MAX) return fail(u, "a tuple is too long");
    if (!grow(u, &u->tuple, &u->tuple_cap, u->n_tuples + 1, sizeof *u->tuple) ||
        !grow(u, &u->items.at, &u->items.cap, u->items.n + n, sizeof *u->items.at))
        return false;
    u->tuple[u->n_tuples] = (struct pickle_tuple){ u->items.n, (uint32_t)n };
    u->stack.n -= n;
    if (n) memcpy(u->items.at + u->items.n, u->stack.at + u->stack.n, n * sizeof *u->items.at);
    u->items.n += n;
    return push(u, PICKLE_TUPLE, u->n_tuples++);
}

static bool push_list(struct unpickler *u, enum pickle_kind kind)
{
    if (!grow(u, &u->list, &u->list_cap, u->n_lists + 1, sizeof *u->list)) return false;
    u->list[u->n_lists] = (struct pickle_items){ 0 };
    return push(u, kind, u->n_lists++);
}

/* The n topmost values go into the list or dictionary below them. */
static bool extend(struct unpickler *u, enum pickle_kind kind, size_t n)
{
    if (above(u) < n + 1 || pickle_kind(u->stack.at[u->stack.n - n - 1]) != kind)
        return fail(u, "what is to be extended is no list or dictionary");
    if (kind == PICKLE_DICT && n % 2) return fail(u, "a key without a value");
    struct pickle_items *list = &u->list[pickle_number(u->stack.at[u->stack.n - n - 1])];
    const pickle_value *from = u->stack.at + u->stack.n - n;
    for (size_t i = 0; i < n; i++)
        if (!append(u, list, from[i])) return false;
    u->stack.n -= n;
    return true;
}

/* ---- classes and records ------------------------------------------------------------------- */

static bool push_class(struct unpickler *u, pickle_value module, pickle_value name)
{
    for (size_t i = 0; i < u->n_classes; i++)
        if (pickle_is(u, module, u->classes[i].module) && pickle_is(u, name, u->classes[i].name))
            return push(u, PICKLE_CLASS, i);
    return fail(u, "a class or function that does not belong here is named");
}

static bool stack_global(struct unpickler *u)
{
    pickle_value module, name;
    return pop(u, &name) && pop(u, &module) && push_class(u, module, name);
}

/* A line of text. */
static bool push_line(struct unpickler *u)
{
    uint64_t at = u->n_bytes;
    char c;
    for (;;) {
        if (!take(u, &c, 1)) return false;
        if (c == '\n') break;
        if (u->n_bytes - at > 256) return fail(u, "a name is too long");
        if (!grow(u, &u->bytes, &u->bytes_cap, u->n_bytes + 1, 1)) return false;
        u->bytes[u->n_bytes++] = c;
    }
    if (!grow(u, &u->text, &u->text_cap, u->n_texts + 1, sizeof *u->text)) return false;
    u->text[u->n_texts] = (struct pickle_text){ at, (uint32_t)(u->n_bytes - at) };
    return push(u, PICKLE_TEXT, u->n_texts++);
}

static bool global(struct unpickler *u)
{
    return push_line(u) && push_line(u) && stack_global(u); /* NOLINT(misc-redundant-expression) */
}

/* An instance: a class, and arguments, of which there must be none. */
static bool new_record(struct unpickler *u)
{
    pickle_value arguments, class;
    size_t n;
    if (!pop(u, &arguments) || !pop(u, &class)) return false;
    pickle_elements(u, arguments, &n);
    if (pickle_kind(class) != PICKLE_CLASS || pickle_kind(arguments) != PICKLE_TUPLE || n)
        return fail(u, "an object that does not belong here is made");
    if (!grow(u, &u->record, &u->record_cap, u->n_records + 1, sizeof *u->record)) return false;
    u->record[u->n_records] = (struct pickle_record){ (uint32_t)pickle_number(class), 0 };
    return push(u, PICKLE_RECORD, u->n_records++);
}

static bool build(struct unpickler *u)
{
    pickle_value state;
    if (!pop(u, &state)) return false;
    if (!above(u) || pickle_kind(u->stack.at[u->stack.n - 1]) != PICKLE_RECORD)
        return fail(u, "a state belongs to no object");
    u->record[pickle_number(u->stack.at[u->stack.n - 1])].state = state;
    return true;
}

/* ---- the memo ------------------------------------------------------------------------------ */

static bool memo_put(struct unpickler *u, uint64_t at)
{
    if (!above(u)) return fail(u, "nothing is on the stack");
    /* Python numbers what it remembers one after the other. */
    if (at > u->memo.n) return fail(u, "a gap in what is remembered");
    if (at == u->memo.n) return append(u, &u->memo, u->stack.at[u->stack.n - 1]);
    u->memo.at[at] = u->stack.at[u->stack.n - 1];
    return true;
}

static bool memo_get(struct unpickler *u, size_t width)
{
    uint64_t at;
    if (!take_number(u, width, &at)) return false;
    if (at >= u->memo.n) return fail(u, "something is recalled that was not remembered");
    return append(u, &u->stack, u->memo.at[at]);
}

/* ---- opcodes ------------------------------------------------------------------------------- */

static bool skip(struct unpickler *u, size_t n)
{
    unsigned char b[8];
    return take(u, b, n);
}

static bool step_marked(struct unpickler *u, int op)
{
    size_t n;
    if (!pop_mark(u, &n)) return false;
    switch (op) {
    case 't': return push_tuple(u, n);
    case 'e': return extend(u, PICKLE_LIST, n);
    case 'u': return extend(u, PICKLE_DICT, n);
    default: u->stack.n -= n; return true; /* POP_MARK */
    }
}

static bool push_mark(struct unpickler *u)
{
    if (!grow(u, &u->mark, &u->mark_cap, u->n_marks + 1, sizeof *u->mark)) return false;
    u->mark[u->n_marks++] = u->stack.n;
    return true;
}

static bool step_memo(struct unpickler *u, int op)
{
    uint64_t at = u->memo.n;
    switch (op) {
    case 'h': return memo_get(u, 1);
    case 'j': return memo_get(u, 4);
    case 'q': return take_number(u, 1, &at) && memo_put(u, at);
    case 'r': return take_number(u, 4, &at) && memo_put(u, at);
    default: return memo_put(u, at); /* MEMOIZE */
    }
}

static bool step_number(struct unpickler *u, int op)
{
    uint64_t n;
    switch (op) {
    case 'K': return take_number(u, 1, &n) && push_int(u, n);
    case 'M': return take_number(u, 2, &n) && push_int(u, n);
    case 'J': return push_signed(u, 4);
    default: return take_number(u, 1, &n) && push_signed(u, (size_t)n); /* LONG1 */
    }
}

static bool refuse(struct unpickler *u)
{
    u->offset--;
    return fail(u, "an instruction that does not belong here");
}

/* One opcode but STOP. */
static bool step(struct unpickler *u, int op)
{
    pickle_value v;
    switch (op) {
    case 0x80: return skip(u, 1);                   /* PROTO */
    case 0x95: return skip(u, 8);                   /* FRAME */
    case 'N': return push(u, PICKLE_NONE, 0);
    case 0x88: return push(u, PICKLE_BOOL, 1);
    case 0x89: return push(u, PICKLE_BOOL, 0);
    case 'K': case 'M': case 'J': case 0x8a: return step_number(u, op);
    case 0x8c: return push_text(u, 1);              /* SHORT_BINUNICODE */
    case 'X': return push_text(u, 4);
    case 0x8d: return push_text(u, 8);
    case ')': return push_tuple(u, 0);
    case 0x85: case 0x86: case 0x87: return push_tuple(u, (size_t)(op - 0x84));
    case ']': return push_list(u, PICKLE_LIST);
    case '}': return push_list(u, PICKLE_DICT);
    case '(': return push_mark(u);
    case 't': case 'e': case 'u': case '1': return step_marked(u, op);
    case 'a': return extend(u, PICKLE_LIST, 1);
    case 's': return extend(u, PICKLE_DICT, 2);
    case '0': return pop(u, &v);
    case 'h': case 'j': case 'q': case 'r': case 0x94: return step_memo(u, op);
    case 0x93: return stack_global(u);
    case 'c': return global(u);
    case 0x81: return new_record(u);
    case 'b': return build(u);
    default: return refuse(u);
    }
}

bool unpickle(struct unpickler *u, pickle_value *value)
{
    u->window = malloc(WINDOW);
    if (!u->window) {
        u->no_memory = true;
        return fail(u, "no memory");
    }
    for (;;) {
        unsigned char op;
        if (!take(u, &op, 1)) return false;
        if (op == '.') return pop(u, value);
        if (!step(u, op)) return false;
    }
}

void unpickle_free(struct unpickler *u)
{
    for (size_t i = 0; i < u->n_lists; i++) free(u->list[i].at);
    free(u->window);
    free(u->stack.at);
    free(u->memo.at);
    free(u->items.at);
    free(u->mark);
    free(u->bytes);
    free(u->text);
    free(u->tuple);
    free(u->list);
    free(u->record);
    *u = (struct unpickler){ 0 };
}

/* ---- reading what was built ---------------------------------------------------------------- */

const char *pickle_text(const struct unpickler *u, pickle_value v, size_t *size)
{
    *size = 0;
    if (pickle_kind(v) != PICKLE_TEXT) return "";
    const struct pickle_text *t = &u->text[pickle_number(v)];
    *size = t->size;
    return t->size ? u->bytes + t->at : "";
}

bool pickle_is(const struct unpickler *u, pickle_value v, const char *text)
{
    size_t n;
    const char *s = pickle_text(u, v, &n);
    return pickle_kind(v) == PICKLE_TEXT && strlen(text) == n && memcmp(s, text, n) == 0;
}

const pickle_value *pickle_elements(const struct unpickler *u, pickle_value v, size_t *n)
{
    *n = 0;
    if (pickle_kind(v) == PICKLE_TUPLE) {
        const struct pickle_tuple *t = &u->tuple[pickle_number(v)];
        *n = t->n;
        return t->n ? u->items.at + t->at : NULL;
    }
    if (pickle_kind(v) != PICKLE_LIST) return NULL;
    *n = u->list[pickle_number(v)].n;
    return u->list[pickle_number(v)].at;
}

bool pickle_attribute(const struct unpickler *u, pickle_value record, uint32_t class,
                      const char *name, pickle_value *value)
{
    if (pickle_kind(record) != PICKLE_RECORD) return false;
    const struct pickle_record *r = &u->record[pickle_number(record)];
    if (r->class != class || pickle_kind(r->state) != PICKLE_DICT) return false;
    const struct pickle_items *d = &u->list[pickle_number(r->state)];
    for (size_t i = d->n; i >= 2; i -= 2) { /* the last of a key holds */
        if (!pickle_is(u, d->at[i - 2], name)) continue;
        *value = d->at[i - 1];
        return true;
    }
    return false;
}
