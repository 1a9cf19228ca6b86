/* SPDX-License-Identifier: MIT */
/*
 * The reader of pickles: what it builds, what it refuses and where, and that lengths that lie and
 * stacks that run empty end in a sentence.
 */
#include "import/unpickle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cu.h"

struct bytes {
    const char *at;
    size_t size, done, piece;
    bool fails;
};

static ptrdiff_t bytes_read(void *opaque, void *to, size_t n)
{
    struct bytes *b = opaque;
    if (n > b->piece) n = b->piece;
    if (n > b->size - b->done) n = b->size - b->done;
    if (!n && b->fails) {
        errno = EIO;
        return -1;
    }
    memcpy(to, b->at + b->done, n);
    b->done += n;
    return (ptrdiff_t)n;
}

static const struct pickle_class classes[] = { { "m", "A" }, { "m", "B" } };

static bool start(struct unpickler *u, struct bytes *b, pickle_value *value)
{
    *u = (struct unpickler){ .read = bytes_read, .opaque = b, .classes = classes, .n_classes = 2 };
    return unpickle(u, value);
}

#define PICKLE(text) { text, sizeof text - 1, 0, 3, false }

static void check_error(const char *at, size_t size, const char *error, uint64_t offset)
{
    struct bytes b = { at, size, 0, 7, false };
    struct unpickler u;
    pickle_value v;
    CHECK(!start(&u, &b, &v));
    CHECK_STR(u.error, error);
    CHECK_U64(u.error_offset, offset);
    unpickle_free(&u);
}

#define CHECK_ERROR(text, error, offset) check_error(text, sizeof text - 1, error, offset)

static void test_numbers(void)
{
    static const struct {
        struct bytes b;
        uint64_t want;
    } good[] = {
        { PICKLE("\x80\x04K\xff."), 255 },
        { PICKLE("\x80\x04M\x01\x02."), 513 },
        { PICKLE("\x80\x04J\x01\x02\x03\x04."), 0x04030201 },
        { PICKLE("\x80\x04\x8a\x05\xff\xff\xff\xff\x00."), 0xffffffff },
        { PICKLE("\x80\x04\x8a\x00."), 0 },
        { PICKLE("\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x07."), 7 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct bytes b = good[i].b;
        struct unpickler u;
        pickle_value v;
        CHECK(start(&u, &b, &v));
        CHECK_U64(pickle_kind(v), PICKLE_INT);
        CHECK_U64(pickle_number(v), good[i].want);
        unpickle_free(&u);
    }
    CHECK_ERROR("\x80\x04J\xff\xff\xff\xff.", "a negative number", 7);
    CHECK_ERROR("\x80\x04\x8a\x01\x80.", "a negative number", 5);
    CHECK_ERROR("\x80\x04\x8a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09.", "a number out of range",
                4);
    CHECK_ERROR("\x80\x04\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", "a number out of range", 12);
}

/* A record with a dictionary that holds a list of tuples, texts shared through the memo. */
static void test_structure(void)
{
    struct bytes b = PICKLE("\x80\x02"
                            "cm\nB\nq\x00)\x81q\x01}q\x02(X\x05\x00\x00\x00itemsq\x03]q\x04("
                            "K\x01X\x01\x00\x00\x00xq\x05\x86q\x06h\x06K\x02h\x05N\x87" "e"
                            "X\x01\x00\x00\x00k\x88" "ub.");
    struct unpickler u;
    pickle_value v, items, flag;
    size_t n, m, size;
    if (!CHECK(start(&u, &b, &v))) return;
    CHECK_U64(pickle_kind(v), PICKLE_RECORD);
    CHECK(!pickle_attribute(&u, v, 0, "items", &items));
    CHECK(!pickle_attribute(&u, v, 1, "other", &items));
    if (!CHECK(pickle_attribute(&u, v, 1, "items", &items))) return;
    const pickle_value *element = pickle_elements(&u, items, &n);
    CHECK_U64(n, 3);
    CHECK_U64(element[0], element[1]);
    const pickle_value *pair = pickle_elements(&u, element[0], &m);
    CHECK_U64(m, 2);
    CHECK_U64(pickle_number(pair[0]), 1);
    CHECK_STR(pickle_is(&u, pair[1], "x") ? "x" : "", "x");
    const pickle_value *triple = pickle_elements(&u, element[2], &m);
    CHECK_U64(m, 3);
    CHECK_U64(triple[1], pair[1]);
    CHECK_U64(pickle_kind(triple[2]), PICKLE_NONE);
    CHECK(pickle_attribute(&u, v, 1, "k", &flag) && pickle_kind(flag) == PICKLE_BOOL);
    CHECK(pickle_text(&u, triple[1], &size) && size == 1);
    CHECK(pickle_elements(&u, flag, &n) == NULL && n == 0);
    unpickle_free(&u);
}

/* Nothing that acts. */
static void test_refused(void)
{
    static const char named[] = "a class or function that does not belong here is named";
    static const char op[] = "an instruction that does not belong here";
    CHECK_ERROR("\x80\x02" "cos\nsystem\n.", named, 13);
    CHECK_ERROR("\x80\x04\x8c\x02os\x8c\x06system\x93.", named, 15);
    CHECK_ERROR("\x80\x04\x8c\x01m\x8c\x01" "C\x93.", named, 9);
    CHECK_ERROR("\x80\x02" "cm\nA\n)R.", op, 8);                /* REDUCE */
    CHECK_ERROR("\x80\x02(im\nA\n.", op, 3);                    /* INST */
    CHECK_ERROR("\x80\x02(cm\nA\no.", op, 8);                   /* OBJ */
    CHECK_ERROR("\x80\x02K\x01Q.", op, 4);                      /* BINPERSID */
    CHECK_ERROR("\x80\x02\x82\x01.", op, 2);                    /* EXT1 */
    CHECK_ERROR("\x80\x04))}\x92.", op, 5);                     /* NEWOBJ_EX */
    CHECK_ERROR("\x80\x02" "cm\nA\n(K\x01t\x81.", "an object that does not belong here is made",
                12);
    CHECK_ERROR("\x80\x02K\x01)\x81.", "an object that does not belong here is made", 6);
    CHECK_ERROR("\x80\x02K\x01}b.", "a state belongs to no object", 6);
}

static void test_hostile(void)
{
    CHECK_ERROR("\x80\x02.", "nothing is on the stack", 3);
    CHECK_ERROR("\x80\x02t.", "no mark is on the stack", 3);
    CHECK_ERROR("\x80\x02K\x01\x86.", "nothing is on the stack", 5);
    CHECK_ERROR("\x80\x02K\x01(\x85.", "nothing is on the stack", 6);
    CHECK_ERROR("\x80\x02(K\x01(.", "nothing is on the stack", 7);
    CHECK_ERROR("\x80\x02K\x01K\x02" "a.", "what is to be extended is no list or dictionary", 7);
    CHECK_ERROR("\x80\x02}(K\x01u.", "a key without a value", 7);
    CHECK_ERROR("\x80\x02h\x00.", "something is recalled that was not remembered", 4);
    CHECK_ERROR("\x80\x02Nq\x05.", "a gap in what is remembered", 5);
    CHECK_ERROR("\x80\x02q\x00.", "nothing is on the stack", 4);
    CHECK_ERROR("\x80\x02X\xff\xff\xff\x0f" "abc", "the file ends early", 10);
    CHECK_ERROR("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f" "abc", "a text is too long", 11);
    CHECK_ERROR("\x80", "the file ends early", 1);
    CHECK_ERROR("", "the file ends early", 0);
    struct bytes b = { "\x80\x04K", 3, 0, 2, true };
    struct unpickler u;
    pickle_value v;
    CHECK(!start(&u, &b, &v));
    CHECK_I64(u.error_errno, EIO);
    CHECK(!u.ended);
    unpickle_free(&u);
}

CU_MAIN("unpickle", { "numbers", test_numbers }, { "structure", test_structure },
        { "refused", test_refused }, { "hostile", test_hostile })
