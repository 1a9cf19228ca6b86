/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the streaming JSON parser: a document walked with every value taken, and skipped,
 * in pieces of several sizes. What one way through it says, every other must say, too; what it
 * takes, another parser takes.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_target.h"
#include "import/json_stream.h"

/* What a pass over the input came to. */
struct outcome {
    bool good, ended;
    const char *error;
    uint64_t offset, sum;
};

static uint64_t use_text(const struct jstream *j)
{
    uint64_t sum = j->text_size;
    for (size_t i = 0; i < j->text_size; i++) sum = sum * 31 + (unsigned char)j->text[i];
    expect(j->text && !j->text[j->text_size] && j->text_size <= JSTREAM_MAX_STRING);
    return sum;
}

/* Takes or enters the value that stands next; the place of what was entered. */
static struct jstream_place value(struct jstream *j, uint64_t *sum)
{
    uint64_t number = 0;
    switch (jstream_peek(j)) {
    case '{': return jstream_enter(j, '{');
    case '[': return jstream_enter(j, '[');
    case '"':
        if (jstream_string(j)) *sum = *sum * 31 + use_text(j);
        break;
    case '-': case 't': case 'f': case 'n': jstream_skip(j); break;
    default:
        if (jstream_number(j, &number)) *sum = *sum * 31 + number;
    }
    return (struct jstream_place){ 0 };
}

/* Every value of one document. */
static void walk(struct jstream *j, uint64_t *sum)
{
    static struct jstream_place open[JSTREAM_MAX_DEPTH + 1];
    unsigned depth = 0;
    struct jstream_place p = value(j, sum);
    if (p.close) open[depth++] = p;
    while (depth) {
        struct jstream_place *top = &open[depth - 1];
        bool more = top->close == '}' ? jstream_member(j, top) : jstream_element(j, top);
        if (!more) {
            depth--;
            continue;
        }
        if (top->close == '}') *sum = *sum * 31 + use_text(j);
        p = value(j, sum);
        expect(!p.close || depth < JSTREAM_MAX_DEPTH);
        if (p.close) open[depth++] = p;
    }
}

/* Numbers of an array by the fast way, as the lists of a heap snapshot are read. */
static void numbers(struct jstream *j, uint64_t *sum)
{
    uint64_t number;
    struct jstream_place p = jstream_enter(j, '[');
    while (jstream_array_number(j, &p, &number)) *sum = *sum * 31 + number;
}

enum way { WALK, SKIP, NUMBERS };

static struct outcome pass(const uint8_t *data, size_t size, size_t piece, enum way way)
{
    struct input f = { data, size, 0, piece };
    struct outcome o = { 0 };
    struct jstream j;
    if (!jstream_start(&j, input_read, &f)) abort();
    if (way == SKIP) jstream_skip(&j);
    else if (way == WALK) walk(&j, &o.sum);
    else numbers(&j, &o.sum);
    o.good = !j.error && jstream_finish(&j);
    expect(o.good == !j.error && !j.no_memory && !j.error_errno && j.error_offset <= size);
    o.error = j.error;
    o.ended = j.ended;
    o.offset = j.error ? j.error_offset : jstream_offset(&j);
    jstream_stop(&j);
    return o;
}

static void expect_same(struct outcome a, struct outcome b)
{
    expect(a.good == b.good && a.ended == b.ended && a.offset == b.offset && a.sum == b.sum);
    expect(!a.error == !b.error && (!a.error || strcmp(a.error, b.error) == 0));
}

/* cJSON takes less than the standard: no unpaired surrogates, no 0 in a text, 1000 levels, 63
 * characters a number. */
static bool comparable(const uint8_t *data, size_t size)
{
    size_t depth = 0, digits = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\\' || data[i] == 0) return false;
        if ((data[i] == '[' || data[i] == '{') && ++depth >= 1000) return false;
        digits = data[i] >= '-' && data[i] <= 'e' ? digits + 1 : 0;
        if (digits >= 60) return false;
    }
    return true;
}

/* Documents one after another, as lines of a dump. */
static uint64_t lines(const uint8_t *data, size_t size, size_t piece, uint64_t *sum)
{
    struct input f = { data, size, 0, piece };
    struct jstream j;
    uint64_t n = 0;
    if (!jstream_start(&j, input_read, &f)) abort();
    for (; jstream_more(&j); n++) walk(&j, sum);
    jstream_stop(&j);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    size_t piece = 1 + data[0] % 61;
    data++;
    size--;
    struct outcome whole = pass(data, size, SIZE_MAX, SKIP);
    expect_same(whole, pass(data, size, piece, SKIP));
    struct outcome walked = pass(data, size, SIZE_MAX, WALK);
    expect_same(walked, pass(data, size, piece, WALK));
    expect(!walked.good || whole.good);
    struct outcome fast = pass(data, size, SIZE_MAX, NUMBERS);
    expect_same(fast, pass(data, size, piece, NUMBERS));
    expect(!fast.good || (walked.good && fast.sum == walked.sum));
    uint64_t a = 0, b = 0;
    expect(lines(data, size, SIZE_MAX, &a) == lines(data, size, piece, &b) && a == b);
    if (whole.good && comparable(data, size)) {
        cJSON *tree = cJSON_ParseWithLength((const char *)data, size);
        expect(tree != NULL);
        cJSON_Delete(tree);
    }
    return 0;
}

uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    static const char *const seeds[] = {
        "\1{\"a\":[0,1,18446744073709551615,{\"b\":null}],\"c\":\"\\u00e9\\ud83d\\ude00\\n\"}",
        "\7[1,22,333,\n4444,55555,666666,7777777,88888888,999999999,0,18446744073709551616]",
        "\3[[[[[]],{}],-1.5e+10,true,false,\"\\ud800x\\\\\\/\\b\\f\\t\\\"\"]]",
        "\20{\"a\":1}\n{\"b\":2,\"c\":[\"\xc3\xa9\",\"\xff\"]}\n[]\n",
        "\2 {\n\t\"long\" : \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" }\r\n ",
    };
    if (i >= sizeof seeds / sizeof *seeds) return NULL;
    *size = strlen(seeds[i]);
    return fuzz_copy(seeds[i], *size);
}
