/* SPDX-License-Identifier: MIT */
/*
 * Allocation stacks: tracemalloc's traceback of an object's block as a path in the file's tree of
 * stacks.
 *
 * tracemalloc knows files and lines, not functions. The function is found among the code objects of
 * the program (names.h has collected them): of those that are in the file and whose lines include
 * the one looked for, the one that begins last is the innermost.
 */
#include "walk.h"

struct site_code {
    uint64_t file; /* inner hash of the file name */
    int32_t first, last;
    PyCodeObject *code;
};

static bool before(const struct site_code *a, const struct site_code *b)
{
    return a->file != b->file ? a->file < b->file : a->first < b->first;
}

/* Heapsort: in place, without recursion, and without the memory that qsort may ask malloc for. */
static void sift_down(struct site_code *codes, uint64_t at, uint64_t n)
{
    struct site_code moved = codes[at];

    for (uint64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && before(&codes[child], &codes[child + 1])) child++;
        if (!before(&moved, &codes[child])) break;
        codes[at] = codes[child];
    }
    codes[at] = moved;
}

static void sort(struct site_code *codes, uint64_t n)
{
    for (uint64_t i = n / 2; i-- > 0;) sift_down(codes, i, n);
    for (uint64_t i = n; i-- > 1;) {
        struct site_code largest = codes[0];
        codes[0] = codes[i];
        codes[i] = largest;
        sift_down(codes, 0, i);
    }
}

void sites_prepare(struct walk *walk)
{
    const struct objset *learned = &walk->names.learned;

    if (learned->count == 0) return;
    walk->site_codes_size = learned->count * sizeof(*walk->site_codes);
    walk->site_codes = mem_map(walk->mem, walk->site_codes_size);
    if (walk->site_codes == NULL) {
        walk->failure = WALK_NO_MEMORY;
        return;
    }
    for (uint64_t i = 0; i < learned->count; i++) {
        PyCodeObject *code = (PyCodeObject *)learned->queue[i];
        if (Py_TYPE(code) != &PyCode_Type || code->co_filename == NULL) continue;
        walk->site_codes[walk->n_site_codes++] = (struct site_code){
            .file = names_inner_hash(&walk->names, code->co_filename),
            .first = code->co_firstlineno,
            .last = layout_code_last_line(code),
            .code = code,
        };
    }
    sort(walk->site_codes, walk->n_site_codes);
}

static PyCodeObject *find_code(const struct walk *walk, PyObject *file, int line)
{
    struct site_code wanted = { .file = names_inner_hash(&walk->names, file), .first = line + 1 };
    uint64_t low = 0, high = walk->n_site_codes;

    while (low < high) { /* the first that begins after the line */
        uint64_t middle = (low + high) / 2;
        if (before(&walk->site_codes[middle], &wanted))
            low = middle + 1;
        else
            high = middle;
    }
    while (low-- > 0 && walk->site_codes[low].file == wanted.file) {
        if (walk->site_codes[low].last >= line) return walk->site_codes[low].code;
    }
    return NULL;
}

static uint64_t site_frame(struct walk *walk, PyObject *file, unsigned line)
{
    uint64_t *known = pairmap_at(&walk->frames, (uint64_t)(uintptr_t)file, line);
    uint64_t id = 0;

    if (known == NULL) {
        walk->failure = WALK_NO_MEMORY;
        return 0;
    }
    if (*known != 0) return *known;
    PyCodeObject *code = find_code(walk, file, (int)line);
    snap_frame frame = {
        .function = code != NULL ? names_program(&walk->names, layout_code_qualname(code))
                                 : names_literal(&walk->names, "?"),
        .file = names_program(&walk->names, file),
        .line = line,
        .language = SNAP_LANGUAGE_PYTHON,
    };
    (void)snap_writer_frame(walk->writer, &frame, &id);
    *known = id;
    return id;
}

uint64_t sites_stack(struct walk *walk, PyObject *op, const struct type_info *info)
{
    struct trace_view trace;
    uint64_t *known = NULL;
    uint64_t stack = 0;

    if (!layout_trace((uintptr_t)op - info->presize, &trace)) return 0;
    if (trace.identity != NULL) {
        known = pairmap_at(&walk->stacks, (uint64_t)(uintptr_t)trace.identity, UINT64_MAX);
        if (known != NULL && *known != 0) return *known;
    }
    for (unsigned i = trace.n; i-- > 0 && walk->failure == NULL;)
        stack =
            roots_stack(walk, stack, site_frame(walk, trace.frames[i].file, trace.frames[i].line));
    if (trace.identity != NULL) {
        /* The table may have grown meanwhile: look again. */
        known = pairmap_at(&walk->stacks, (uint64_t)(uintptr_t)trace.identity, UINT64_MAX);
        if (known != NULL) *known = stack;
    }
    return stack;
}
