/* SPDX-License-Identifier: MIT */
/*
 * The set of names that stand in the program, and what is written for a name or key. The contract
 * is in names.h.
 */
#include "names.h"

#include <string.h>

#define CACHE_BITS     14u
#define SET_BITS_MIN   12u
#define NAME_CHARS     1024u /* a longer name is cut */
#define KEY_CHARS      256u  /* a longer constant is data, not a name */
#define OPEN_KEY_CHARS 64u   /* policy "keys": the longest key that is written as it is */

enum { TAG_STR = 's', TAG_BYTES = 'b', TAG_INT = 'i', TAG_FLOAT = 'f', TAG_TUPLE = 't' };

struct name_slot {
    PyObject *str;
    uint64_t id;                                     /* string id, 0: not written */
    uint32_t hash;                                   /* 24 bits, where the id is 0 */
    enum { SLOT_LEARNED, SLOT_NAME, SLOT_KEY } kind; /* what it was looked up as */
};

/* ---- the set --------------------------------------------------------------------------------- */

static bool set_has(const struct names *names, uint64_t hash)
{
    uint64_t mask = (UINT64_C(1) << names->set_bits) - 1;

    for (uint64_t at = hash & mask; names->set[at] != 0; at = (at + 1) & mask) {
        if (names->set[at] == hash) return true;
    }
    return false;
}

static void set_put(uint64_t *set, unsigned bits, uint64_t hash)
{
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint64_t at = hash & mask;

    while (set[at] != 0) at = (at + 1) & mask;
    set[at] = hash;
}

static void set_add(struct names *names, uint64_t hash)
{
    if (set_has(names, hash)) return;
    if (names->set_count * 4 >= (UINT64_C(1) << names->set_bits) * 3) {
        unsigned bits = names->set_bits + 1;
        uint64_t *set = mem_map(names->mem, sizeof(*set) << bits);
        if (set == NULL) {
            names->no_memory = true;
            return;
        }
        for (uint64_t i = 0; i < UINT64_C(1) << names->set_bits; i++) {
            if (names->set[i] != 0) set_put(set, bits, names->set[i]);
        }
        mem_unmap(names->mem, names->set, sizeof(*set) << names->set_bits);
        names->set = set;
        names->set_bits = bits;
    }
    set_put(names->set, names->set_bits, hash);
    names->set_count++;
}

/* Inner hash of a str, never 0. Equal strings have the same kind of characters in CPython. */
static uint64_t str_inner(const struct names *names, const struct str_view *view)
{
    uint64_t tag = TAG_STR | (uint64_t)view->kind << 8;
    uint64_t hash = keyhash_inner(&names->key, tag, view->data, view->length * view->kind);
    return hash != 0 ? hash : 1;
}

bool names_init(struct names *names, struct mem *mem, snap_writer *writer,
                const struct hash_key *key, dump_names policy)
{
    *names = (struct names){
        .mem = mem, .writer = writer, .key = *key, .policy = policy, .set_bits = SET_BITS_MIN
    };
    names->set = mem_map(mem, sizeof(*names->set) << SET_BITS_MIN);
    names->cache = mem_map(mem, sizeof(*names->cache) << CACHE_BITS);
    names->text = mem_map(mem, NAME_CHARS * 6);
    bool learned = objset_init(&names->learned, mem) && objset_index(&names->learned, 0);
    if (names->set != NULL) {
        /* The script's module has no file's name. */
        struct str_view view = { .data = "__main__", .length = 8, .kind = 1, .ascii = true };
        set_add(names, str_inner(names, &view));
    }
    return learned && names->set != NULL && names->cache != NULL && names->text != NULL;
}

void names_free(struct names *names)
{
    mem_unmap(names->mem, names->set, sizeof(*names->set) << names->set_bits);
    mem_unmap(names->mem, names->cache, sizeof(*names->cache) << CACHE_BITS);
    mem_unmap(names->mem, names->text, NAME_CHARS * 6);
    objset_free(&names->learned);
}

static struct name_slot *cache_slot(const struct names *names, PyObject *str)
{
    uint64_t h = (uint64_t)(uintptr_t)str * UINT64_C(0x9E3779B97F4A7C15);
    return &names->cache[h >> (64 - CACHE_BITS)];
}

static void learn_str(struct names *names, PyObject *str)
{
    struct str_view view;

    if (str == NULL || !PyUnicode_Check(str)) return;
    /* Names are interned: the same object stands in many code objects. */
    struct name_slot *slot = cache_slot(names, str);
    if (slot->str == str) return;
    *slot = (struct name_slot){ .str = str, .kind = SLOT_LEARNED };
    layout_str(str, &view);
    if (view.data != NULL && view.length <= KEY_CHARS) set_add(names, str_inner(names, &view));
}

/* ---- learning -------------------------------------------------------------------------------- */

void names_learn_code(struct names *names, PyObject *code)
{
    if (objset_add(&names->learned, (uintptr_t)code) == OBJSET_NONE) names->no_memory = true;
}

void names_learn_namespace(struct names *names, PyObject *dict)
{
    struct dict_view view;

    if (dict == NULL || !PyDict_Check(dict)) return;
    layout_dict(dict, &view);
    for (Py_ssize_t i = 0; i < view.keys.n; i++) learn_str(names, layout_entry_key(&view.keys, i));
}

void names_learn_dotted(struct names *names, PyObject *str)
{
    struct str_view view;

    if (str == NULL || !PyUnicode_Check(str)) return;
    layout_str(str, &view);
    const char *text = view.data;
    size_t length = view.length;
    if (!view.ascii || length > KEY_CHARS) return;
    for (size_t i = 0, start = 0; i <= length; i++) {
        if (i < length && text[i] != '.') continue;
        view.data = text + start;
        view.length = i - start;
        if (view.length > 0) set_add(names, str_inner(names, &view));
        start = i + 1;
    }
}

/* The text before the first placeholder of a format string: names of threads and tasks are often
 * made of such a text and a number. */
static void learn_format(struct names *names, PyObject *str)
{
    struct str_view view;

    layout_str(str, &view);
    if (!view.ascii || view.length > KEY_CHARS) return;
    const char *text = view.data;
    for (size_t i = 1; i < view.length; i++) {
        if (text[i] != '%' && text[i] != '{') continue;
        view.length = i;
        set_add(names, str_inner(names, &view));
    }
}

static void learn_constant(struct names *names, PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);

    if (type == &PyUnicode_Type) {
        learn_str(names, op);
        learn_format(names, op);
    }
    if (type == &PyCode_Type || type == &PyTuple_Type || type == &PyFrozenSet_Type)
        names_learn_code(names, op);
}

static void learn_tuple(struct names *names, PyObject *tuple)
{
    if (tuple == NULL || !PyTuple_Check(tuple)) return;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        if (PyTuple_GET_ITEM(tuple, i) != NULL) learn_constant(names, PyTuple_GET_ITEM(tuple, i));
    }
}

static void learn_frozenset(struct names *names, PyObject *op)
{
    const PySetObject *set = (PySetObject *)op;

    for (Py_ssize_t i = 0; i <= set->mask; i++) {
        /* Removed entries hold a mark that is not a str: harmless. */
        if (set->table[i].key != NULL) learn_constant(names, set->table[i].key);
    }
}

void names_learn_queued(struct names *names)
{
    while (names->looked_through < names->learned.count && !names->no_memory) {
        PyObject *op = (PyObject *)names->learned.queue[names->looked_through++];
        PyObject *tuples[4];

        if (Py_TYPE(op) == &PyTuple_Type) {
            learn_tuple(names, op);
        } else if (Py_TYPE(op) == &PyFrozenSet_Type) {
            learn_frozenset(names, op);
        } else {
            PyCodeObject *code = (PyCodeObject *)op;
            unsigned n = layout_code_names(code, tuples);
            for (unsigned i = 0; i < n; i++) learn_tuple(names, tuples[i]);
            learn_tuple(names, code->co_consts);
            learn_str(names, code->co_name);
        }
    }
}

/* ---- text ------------------------------------------------------------------------------------ */

static char *put_escape(char *out, uint32_t c)
{
    static const char digits[] = "0123456789abcdef";

    *out++ = '\\';
    *out++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) *out++ = digits[c >> shift & 15];
    return out;
}

static char *put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c >= 0xd800 && c < 0xe000) {
        out = put_escape(out, c);
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

size_t names_utf8(PyObject *str, size_t max_chars, char *out)
{
    struct str_view view;
    char *start = out;

    layout_str(str, &view);
    size_t n = view.length < max_chars ? view.length : max_chars;
    if (view.ascii) {
        memcpy(out, view.data, n);
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t c = view.kind == 1   ? ((const uint8_t *)view.data)[i]
                     : view.kind == 2 ? ((const uint16_t *)view.data)[i]
                                      : ((const uint32_t *)view.data)[i];
        out = put_utf8(out, c);
    }
    return (size_t)(out - start);
}

static uint64_t write_str(struct names *names, PyObject *str)
{
    uint64_t id = 0;
    struct str_view view;

    layout_str(str, &view);
    if (view.data == NULL) return 0;
    if (view.ascii && view.length <= NAME_CHARS) {
        (void)snap_writer_string(names->writer, view.data, view.length, &id);
    } else {
        size_t size = names_utf8(str, NAME_CHARS, names->text);
        (void)snap_writer_string(names->writer, names->text, size, &id);
    }
    return id;
}

uint64_t names_program(struct names *names, PyObject *str)
{
    if (str == NULL || !PyUnicode_Check(str)) return 0;
    struct name_slot *slot = cache_slot(names, str);
    if (slot->str == str && slot->id != 0) return slot->id;
    uint64_t id = write_str(names, str);
    *slot = (struct name_slot){ .str = str, .id = id, .kind = SLOT_NAME };
    return id;
}

uint64_t names_literal(struct names *names, const char *text)
{
    uint64_t id = 0;

    if (text != NULL) (void)snap_writer_string(names->writer, text, strlen(text), &id);
    return id;
}

uint64_t names_numbered(struct names *names, const char *prefix, uint64_t number)
{
    char text[64];
    char *at = text + sizeof(text);
    size_t size = strlen(prefix);
    uint64_t id = 0;

    do *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    if (size > (size_t)(at - text)) return 0;
    at -= size;
    memcpy(at, prefix, size);
    (void)snap_writer_string(names->writer, at, (size_t)(text + sizeof(text) - at), &id);
    return id;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Inner hash of a key that is not a str; false: contents of such a key have no hash. */
static bool other_inner(const struct names *names, PyObject *key, bool nested, uint64_t *inner)
{
    PyTypeObject *type = Py_TYPE(key);
    int64_t number;

    if (type == &PyUnicode_Type && nested) {
        struct str_view view;
        layout_str(key, &view);
        *inner = view.data != NULL ? str_inner(names, &view) : 0;
    } else if (type == &PyBytes_Type) {
        *inner = keyhash_inner(&names->key, TAG_BYTES, PyBytes_AS_STRING(key),
                               (size_t)PyBytes_GET_SIZE(key));
    } else if ((type == &PyLong_Type || type == &PyBool_Type) && layout_int(key, &number)) {
        *inner = keyhash_inner(&names->key, TAG_INT, &number, sizeof(number));
    } else if (type == &PyFloat_Type) {
        *inner =
            keyhash_inner(&names->key, TAG_FLOAT, &((PyFloatObject *)key)->ob_fval, sizeof(double));
    } else if (key == Py_None) {
        *inner = keyhash_inner(&names->key, TAG_TUPLE, "", 0);
    } else {
        return false;
    }
    return true;
}

#define TUPLE_ITEMS 8

static bool key_inner(const struct names *names, PyObject *key, uint64_t *inner)
{
    uint64_t items[TUPLE_ITEMS];

    if (Py_TYPE(key) != &PyTuple_Type) return other_inner(names, key, false, inner);
    Py_ssize_t n = PyTuple_GET_SIZE(key);
    if (n > TUPLE_ITEMS) return false;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!other_inner(names, PyTuple_GET_ITEM(key, i), true, &items[i])) return false;
    }
    *inner = keyhash_inner(&names->key, TAG_TUPLE, items, (size_t)n * sizeof(items[0]));
    return true;
}

static uint32_t short_hash(const struct names *names, uint64_t inner)
{
    return (uint32_t)(keyhash_outer(&names->key, inner, 0) >> 40);
}

static void str_key(struct names *names, PyObject *key, struct key_name *name)
{
    struct name_slot *slot = cache_slot(names, key);

    if (slot->str != key || slot->kind != SLOT_KEY) {
        struct str_view view;
        layout_str(key, &view);
        if (view.data == NULL) return;
        uint64_t inner = str_inner(names, &view);
        bool open = names->policy == DUMP_NAMES_KEYS && view.length <= OPEN_KEY_CHARS;
        bool allowed = open || (names->policy != DUMP_NAMES_NONE && set_has(names, inner));
        *slot = (struct name_slot){ .str = key, .kind = SLOT_KEY };
        if (allowed)
            slot->id = write_str(names, key);
        else
            slot->hash = short_hash(names, inner);
    }
    name->id = slot->id;
    name->hash = slot->hash;
    name->has_hash = slot->id == 0;
}

void names_dict_key(struct names *names, PyObject *key, struct key_name *name)
{
    uint64_t inner;

    *name = (struct key_name){ 0 };
    if (PyUnicode_Check(key)) {
        str_key(names, key, name);
    } else if (key_inner(names, key, &inner)) {
        name->hash = short_hash(names, inner);
        name->has_hash = true;
    }
}

static bool is_word_char(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* Whether the ASCII text stands in the program as it is. */
static bool ascii_known(const struct names *names, const char *text, size_t size)
{
    struct str_view view = { .data = text, .length = size, .kind = 1, .ascii = true };
    return set_has(names, str_inner(names, &view));
}

/* Whether a run of characters between digits stands in the program, with or without the
 * punctuation around it. */
static bool run_known(const struct names *names, const char *run, size_t size)
{
    if (ascii_known(names, run, size)) return true;
    while (size > 0 && (!is_word_char((uint8_t)run[0]) || run[0] == '_')) run++, size--;
    while (size > 0 && (!is_word_char((uint8_t)run[size - 1]) || run[size - 1] == '_')) size--;
    return size == 0 || ascii_known(names, run, size);
}

uint64_t names_label(struct names *names, PyObject *str)
{
    struct str_view view;

    if (str == NULL || !PyUnicode_Check(str) || names->policy == DUMP_NAMES_NONE) return 0;
    layout_str(str, &view);
    if (view.data == NULL || view.length > KEY_CHARS) return 0;
    if (names->policy == DUMP_NAMES_KEYS || set_has(names, str_inner(names, &view)))
        return write_str(names, str);
    if (!view.ascii) return 0;
    const char *text = view.data;
    for (size_t i = 0; i < view.length;) {
        size_t start = i;
        while (i < view.length && !(text[i] >= '0' && text[i] <= '9')) i++;
        if (i > start && !run_known(names, text + start, i - start)) return 0;
        while (i < view.length && text[i] >= '0' && text[i] <= '9') i++;
    }
    return write_str(names, str);
}

/* ASCII characters of identifiers; a name in other letters is one word. */
static bool is_name_char(char c)
{
    return is_word_char((uint8_t)c) || (c >= '0' && c <= '9');
}

static bool words_known(const struct names *names, const struct str_view *view)
{
    const char *text = view->data;

    if (set_has(names, str_inner(names, view))) return true;
    if (!view->ascii) return false;
    for (size_t i = 0; i < view->length;) {
        size_t start = i;
        while (i < view->length && is_name_char(text[i])) i++;
        if (i > start && !ascii_known(names, text + start, i - start)) return false;
        while (i < view->length && !is_name_char(text[i])) i++;
    }
    return true;
}

uint64_t names_words(struct names *names, PyObject *str)
{
    static const char digits[] = "0123456789abcdef";
    char hidden[] = "[#000000]";
    struct str_view view;
    uint64_t id = 0;

    if (str == NULL || !PyUnicode_Check(str)) return 0;
    layout_str(str, &view);
    if (view.data == NULL) return 0;
    bool open = names->policy == DUMP_NAMES_KEYS && view.length <= OPEN_KEY_CHARS;
    if (open || words_known(names, &view)) return write_str(names, str);
    uint32_t hash = short_hash(names, str_inner(names, &view));
    for (unsigned i = 0; i < 6; i++) hidden[7 - i] = digits[hash >> 4 * i & 15];
    (void)snap_writer_string(names->writer, hidden, sizeof(hidden) - 1, &id);
    return id;
}

void names_slot(struct names *names, const char *text, struct key_name *name)
{
    struct str_view view = { .data = text, .length = strlen(text), .kind = 1, .ascii = true };
    uint64_t inner = str_inner(names, &view);
    bool open = names->policy == DUMP_NAMES_KEYS && view.length <= OPEN_KEY_CHARS;

    *name = (struct key_name){ 0 };
    if (open || (names->policy != DUMP_NAMES_NONE && set_has(names, inner)))
        name->id = names_literal(names, text);
    name->hash = short_hash(names, inner);
    name->has_hash = name->id == 0;
}

uint64_t names_inner_hash(const struct names *names, PyObject *str)
{
    struct str_view view;

    layout_str(str, &view);
    return view.data != NULL ? str_inner(names, &view) : 0;
}

uint64_t names_content_hash(const struct names *names, PyObject *op)
{
    struct str_view view;

    if (PyBytes_Check(op)) {
        size_t size = (size_t)PyBytes_GET_SIZE(op);
        return keyhash_outer(
            &names->key, keyhash_inner(&names->key, TAG_BYTES, PyBytes_AS_STRING(op), size), size);
    }
    layout_str(op, &view);
    return keyhash_outer(&names->key, str_inner(names, &view), view.length);
}
