/* SPDX-License-Identifier: MIT */
/* The streaming JSON writer. */
#include "cu.h"

#include <math.h>
#include <stdlib.h>

#include "cli/json.h"

static char *text;
static size_t text_size;
static FILE *file;
static struct json j;

static void start(bool line)
{
    file = open_memstream(&text, &text_size);
    if (line) {
        json_line(&j, file);
    } else {
        json_begin(&j, file);
    }
}

/* Ends the document and compares status and text. */
static void finish(int status, const char *want)
{
    CHECK_I64(json_finish(&j), status);
    fclose(file);
    if (want) CHECK_STR(text, want);
    free(text);
    text = NULL;
}

static void test_values(void)
{
    start(true);
    json_object(&j, NULL);
    json_string(&j, "s", "x");
    json_string(&j, "n", NULL);
    json_u64(&j, "u", UINT64_MAX);
    json_i64(&j, "i", INT64_MIN);
    json_bool(&j, "t", true);
    json_bool(&j, "f", false);
    json_id(&j, "id", UINT64_MAX);
    json_address(&j, "a", 0x7f00ab);
    json_time(&j, "at", 0);
    json_array(&j, "list");
    json_u64(&j, NULL, 1);
    json_u64(&j, NULL, 2);
    json_end_array(&j);
    json_object(&j, "empty");
    json_end_object(&j);
    json_end_object(&j);
    finish(JSON_OK, "{\"s\": \"x\", \"n\": null, \"u\": 18446744073709551615, "
                    "\"i\": -9223372036854775808, \"t\": true, \"f\": false, "
                    "\"id\": \"18446744073709551615\", \"a\": \"0x7f00ab\", "
                    "\"at\": \"1970-01-01T00:00:00.000Z\", \"list\": [1, 2], \"empty\": {}}\n");
}

static void test_indented(void)
{
    start(false);
    json_object(&j, NULL);
    json_array(&j, "a");
    json_u64(&j, NULL, 1);
    json_object(&j, NULL);
    json_end_object(&j);
    json_end_array(&j);
    json_array(&j, "b");
    json_end_array(&j);
    json_end_object(&j);
    finish(JSON_OK, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}\n");
}

static void test_strings(void)
{
    start(true);
    json_array(&j, NULL);
    json_string(&j, NULL, "quote\" back\\ nl\n tab\t esc\033 del\x7f");
    json_stringn(&j, NULL, "nul\0!", 5);
    json_string(&j, NULL, "bad\xff\xc3 good\xc3\xbc");
    json_string(&j, NULL, "c1\xc2\x9b ls\xe2\x80\xa8 rlo\xe2\x80\xae tag"
                          "\xf3\xa0\x81\x81");
    json_end_array(&j);
    finish(JSON_OK, "[\"quote\\\" back\\\\ nl\\n tab\\t esc\\u001b del\\u007f\", \"nul\\u0000!\", "
                    "\"bad\xef\xbf\xbd\xef\xbf\xbd good\xc3\xbc\", \"c1\\u009b ls\\u2028 rlo\\u202e "
                    "tag\\udb40\\udc41\"]\n");
}

static void test_doubles(void)
{
    start(true);
    json_array(&j, NULL);
    json_double(&j, NULL, 0.1);
    json_double(&j, NULL, 1.0 / 3);
    json_double(&j, NULL, 1e300);
    json_double(&j, NULL, NAN);
    json_double(&j, NULL, INFINITY);
    json_double(&j, NULL, 2);
    json_end_array(&j);
    finish(JSON_OK, "[0.1, 0.3333333333333333, 1e+300, null, null, 2]\n");
}

static void test_misuse(void)
{
    start(true);
    json_object(&j, NULL);
    json_u64(&j, NULL, 1); /* a member without key */
    json_end_object(&j);
    finish(JSON_MISUSE, NULL);
    start(true);
    json_array(&j, NULL);
    json_u64(&j, "key", 1); /* a key in an array */
    finish(JSON_MISUSE, NULL);
    start(true);
    json_array(&j, NULL);
    json_end_object(&j); /* the wrong end */
    finish(JSON_MISUSE, NULL);
    start(true);
    json_object(&j, NULL); /* left open */
    finish(JSON_MISUSE, NULL);
    start(true);
    json_null(&j, NULL);
    json_null(&j, NULL); /* two values */
    finish(JSON_MISUSE, NULL);
    start(true); /* none */
    finish(JSON_MISUSE, NULL);
    start(true);
    json_end_array(&j);
    finish(JSON_MISUSE, NULL);
}

static void test_depth(void)
{
    start(true);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) json_array(&j, NULL);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) json_end_array(&j);
    finish(JSON_OK, NULL);
    start(true);
    for (int i = 0; i <= JSON_DEPTH_MAX; i++) json_array(&j, NULL);
    finish(JSON_MISUSE, NULL);
}

static void test_key_size(void)
{
    start(true);
    json_object(&j, NULL);
    json_key_size(&j, 3);
    json_u64(&j, "a\0b", 1);
    json_u64(&j, "c", 2);
    json_end_object(&j);
    finish(JSON_OK, "{\"a\\u0000b\": 1, \"c\": 2}\n");
}

static void test_give_up(void)
{
    start(true);
    json_object(&j, NULL);
    json_array(&j, "rows");
    json_object(&j, NULL);
    json_u64(&j, "n", 1);
    CHECK_I64(json_give_up(&j, "no \"more\""), JSON_OK);
    fclose(file);
    CHECK_STR(text, "{\"rows\": [{\"n\": 1}], \"error\": \"no \\\"more\\\"\"}\n");
    free(text);
}

static void test_io(void)
{
    FILE *full = fopen("/dev/full", "w");
    if (!CHECK(full != NULL)) return;
    json_begin(&j, full);
    json_null(&j, NULL);
    CHECK_I64(json_finish(&j), JSON_IO);
    fclose(full);
}

CU_MAIN("cli json", { "values", test_values }, { "indented", test_indented },
        { "strings", test_strings }, { "doubles", test_doubles }, { "misuse", test_misuse },
        { "depth", test_depth }, { "give up", test_give_up }, { "key size", test_key_size },
        { "full disk", test_io })
