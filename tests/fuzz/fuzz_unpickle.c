/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the reader of pickles: any bytes as a pickle, in pieces of any size; every value
 * that can be reached from the result is looked at, and memory stays within what the header
 * promises.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_target.h"
#include "import/unpickle.h"

static const struct pickle_class classes[] = { { "tracemalloc", "Snapshot" },
                                               { "tracemalloc", "_Traces" } };

/* Values may share others, and hold themselves: each is looked at, a few thousand at most. */
static void use(const struct unpickler *u, pickle_value root)
{
    enum { MOST = 4096 };
    static pickle_value todo[MOST];
    size_t n = 0, all = 0, size = 0;
    volatile uint64_t sum = 0;
    todo[n++] = root;
    while (n && all++ < MOST) {
        pickle_value v = todo[--n], state;
        size_t count = 0;
        expect(pickle_kind(v) <= PICKLE_RECORD);
        const char *text = pickle_text(u, v, &size);
        for (size_t i = 0; i < size; i++) sum = sum + (unsigned char)text[i];
        sum = sum + pickle_is(u, v, "_traces");
        const pickle_value *e = pickle_elements(u, v, &count);
        for (size_t i = 0; i < count && n < MOST; i++) todo[n++] = e[i];
        for (uint32_t c = 0; c < 2; c++) {
            if (pickle_attribute(u, v, c, "_traces", &state) && n < MOST) todo[n++] = state;
            if (pickle_attribute(u, v, c, "traces", &state) && n < MOST) todo[n++] = state;
        }
    }
}

/* All but the bytes of texts, for which a piece is taken in advance. */
static size_t memory_of(const struct unpickler *u)
{
    size_t n = (u->stack.cap + u->memo.cap + u->items.cap) * sizeof(pickle_value);
    n += u->mark_cap * sizeof *u->mark + u->text_cap * sizeof *u->text;
    n += u->tuple_cap * sizeof *u->tuple + u->list_cap * sizeof *u->list;
    n += u->record_cap * sizeof *u->record;
    for (size_t i = 0; i < u->n_lists; i++) n += u->list[i].cap * sizeof(pickle_value);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *error = NULL;
    uint64_t offset = 0;
    if (size < 1) return 0;
    for (int round = 0; round < 2; round++) {
        struct input f = { data + 1, size - 1, 0, round ? 1 + data[0] % 61u : SIZE_MAX };
        struct unpickler u = { .read = input_read, .opaque = &f, .classes = classes,
                               .n_classes = 2 };
        pickle_value v = 0;
        bool good = unpickle(&u, &v);
        expect(good == !u.error && !u.no_memory && !u.error_errno);
        expect(!good || u.offset <= size - 1);
        expect(memory_of(&u) <= 50 * size + 64 && u.bytes_cap <= 2 * size + (96 << 10));
        if (good) use(&u, v);
        if (round) expect(!u.error == !error && u.error_offset == offset);
        if (round && error) expect(strcmp(u.error, error) == 0);
        error = u.error;
        offset = u.error_offset;
        unpickle_free(&u);
    }
    return 0;
}

#define SEED(text) { text, sizeof text - 1 }

/* What tracemalloc writes (with the memo of Python 3.8 and of 3.4), and every opcode there is. */
uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    static const struct {
        const char *at;
        size_t size;
    } seeds[] = {
        SEED("\7\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x0btracemalloc\x94\x8c\x08"
             "Snapshot\x94\x93\x94)\x81\x94}\x94(\x8c\x06traces\x94h\x00\x8c\x07_Traces\x94"
             "\x93\x94)\x81\x94}\x94\x8c\x07_traces\x94]\x94((K\x00K@\x8c\x04" "a.py\x94K\x07\x86\x94"
             "\x8c\x04" "b.py\x94M\x00\x01\x86\x94\x86\x94K\x02t\x94(K\x01J\x00\x01\x00\x00h\x11K\x02t"
             "\x94" "esb\x8c\x0ftraceback_limit\x94K\x19ub."),
        SEED("\1\x80\x02" "ctracemalloc\nSnapshot\nq\x00)\x81q\x01}q\x02(X\x06\x00\x00\x00traces"
             "q\x03]q\x04(K\x01X\x01\x00\x00\x00xq\x05\x86q\x06h\x06K\x02h\x05N\x87" "eX\x01\x00"
             "\x00\x00k\x88ub."),
        SEED("\2\x80\x05(N\x88\x89K\xff" "M\x01\x02J\x01\x02\x03\x04\x8a\x05\xff\xff\xff\xff\x00"
             "\x85\x86\x87tr\x00\x00\x00\x00" "0j\x00\x00\x00\x00\x8d\x01\x00\x00\x00\x00\x00\x00"
             "\x00x]a}(K\x01K\x02us."),
    };
    if (i >= sizeof seeds / sizeof *seeds) return NULL;
    *size = seeds[i].size;
    return fuzz_copy(seeds[i].at, seeds[i].size);
}
