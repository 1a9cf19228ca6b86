/* SPDX-License-Identifier: MIT */
/*
 * The table of hidden blocks, and the steps that follow it. The contract is in hidden.h.
 *
 * The offsets are those of 64-bit Linux, the same in CPython 3.8 to 3.13 where no macro stands.
 */
#define _GNU_SOURCE
#include "hidden.h"

#include <dlfcn.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#define SINCE(minor) (PY_VERSION_HEX >= 0x03000000 + ((minor) << 16))
#define TEXT_OF(x)   #x
#define TEXT(x)      TEXT_OF(x)
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))
#define LOCK_BYTES   (uint32_t)sizeof(sem_t)

/* clang-format off */
#define ITEMS(at, counted, wide)     { HIDDEN_ITEMS, 1, { at }, counted, wide, 0 }
#define RAW(at, bytes)               { HIDDEN_RAW, 1, { at }, 0, 0, bytes }
#define STRING(at)                   { HIDDEN_TEXT, 1, { at }, 0, 0, 0 }
#define NATIVE1(a)                   { HIDDEN_NATIVE, 1, { a }, 0, 0, 0 }
#define NATIVE2(a, b)                { HIDDEN_NATIVE, 2, { a, b }, 0, 0, 0 }
#define NATIVE3(a, b, c)             { HIDDEN_NATIVE, 3, { a, b, c }, 0, 0, 0 }
#define BACK(a, b, offset)           { HIDDEN_BACK, 2, { a, b }, 0, 0, offset }

/* ---- locks and queues ------------------------------------------------------------------------ */

static const struct hidden_step lock_steps[] = { RAW(16, LOCK_BYTES) };

#if SINCE(13)
static const struct hidden_step queue_steps[] = { ITEMS(40, 48, 8) };
#define QUEUE_SIZE 72
#define QUEUE_CODE "op = m.SimpleQueue()\nfor i in range(3): op.put(i)\n"                          \
                   "words = [(8, 8, 48), (3, 8, 56)]\n"
#else
static const struct hidden_step queue_steps[] = { RAW(16, LOCK_BYTES) };
#define QUEUE_SIZE 56
#define QUEUE_CODE "op = m.SimpleQueue()\nwords = [(id(list), 8, 32, 8)]\n"
#endif

/* ---- input and output ------------------------------------------------------------------------ */

/* While a StringIO is only appended to, the text is in pieces: two lists, later one string. */
#if SINCE(12)
#define STRINGIO_SIZE 168
#define STRINGIO_PIECES_TYPE "str"
#define STRINGIO_PIECES 56
static const struct layout_field stringio_fields[] = { { 56, 0, "(written)" }, { 0, 0, NULL } };
#else
#define STRINGIO_SIZE 120
#define STRINGIO_PIECES_TYPE "list"
#define STRINGIO_PIECES 64
static const struct layout_field stringio_fields[] = { { 56, 0, "(written before)" },
                                                       { 64, 0, "(written)" },
                                                       { 0, 0, NULL } };
#endif
static const struct hidden_step stringio_steps[] = { ITEMS(16, 40, 4) };

static const struct hidden_step buffered_steps[] = { ITEMS(56, 120, 1), RAW(104, LOCK_BYTES) };
#define BUFFERED_CODE(type)                                                                        \
    "op = m." type "(m.BytesIO(), 12345)\nwords = [(12345, 8, 120), (1, 4, 104, 0)]\n"

static const struct layout_field pair_fields[] = { { 16, 0, "reader" }, { 24, 0, "writer" },
                                                   { 0, 0, NULL } };
static const struct layout_field text_fields[] = { { 72, 0, "errors" }, { 64, 0, "(newline)" },
                                                   { 120, 0, "(decoded)" },
                                                   { 136, 0, "(pending)" },
                                                   { 152, 0, "(snapshot)" }, { 0, 0, NULL } };

#define SCANDIR_SIZE (SINCE(13) ? 120 : 104)
#if SINCE(13)
#define SCANDIR_DIR 104
#else
#define SCANDIR_DIR 88
#endif
static const struct hidden_step scandir_steps[] = { NATIVE1(SCANDIR_DIR) };

static const struct hidden_step poll_steps[] = { { HIDDEN_HALF, 1, { 32 }, 28, 8, 0 } };
static const struct layout_field poll_fields[] = { { 16, 0, "(descriptors)" }, { 0, 0, NULL } };

/* ---- text and data --------------------------------------------------------------------------- */

static const struct hidden_step reader_steps[] = { ITEMS(48, 56, 4) };
static const struct hidden_step writer_steps[] = { ITEMS(32, 40, 4) };
static const struct hidden_step struct_steps[] = { { HIDDEN_CODES, 1, { 32 }, 0, 32, 0 } };
static const struct hidden_step decimal_steps[] = { { HIDDEN_OUTSIDE, 1, { 64 }, 56, 8, 72 } };
static const struct layout_field context_fields[] = { { 64, 0, "traps" }, { 72, 0, "flags" },
                                                      { 0, 0, NULL } };
/* The children of an element stand in the block of its extras while they are few. */
static const struct hidden_step element_steps[] = {
    { HIDDEN_FIXED, 1, { 40 }, 0, 0, 64 },
    { HIDDEN_OUTSIDE, 2, { 40, 24 }, 16, 8, 32 },
};

static const struct hidden_step pickler_steps[] = {
    { HIDDEN_FIXED, 1, { 16 }, 0, 0, 32 },
    { HIDDEN_ITEMS, 2, { 16, 24 }, 16, 16, 0 },
};
#if SINCE(13)
#define PICKLER_SIZE   144
#define PICKLER_OUTPUT 56
#define UNPICKLER_SIZE 264
#define UNPICKLER_LINE 144
#define UNPICKLER_TEXT 216
#else
#define PICKLER_SIZE   152
#define PICKLER_OUTPUT 64
#define UNPICKLER_SIZE 272
#define UNPICKLER_LINE 152
#define UNPICKLER_TEXT 224
#endif
static const struct layout_field pickler_fields[] = { { PICKLER_OUTPUT, 0, "(output)" },
                                                      { 0, 0, NULL } };
static const struct hidden_step unpickler_steps[] = {
    ITEMS(24, 32, 8), STRING(UNPICKLER_LINE), STRING(UNPICKLER_TEXT), STRING(UNPICKLER_TEXT + 8),
    ITEMS(UNPICKLER_TEXT + 16, UNPICKLER_TEXT + 32, 8),
};
static const struct layout_field unpickler_fields[] = { { 16, 0, "(stack)" }, { 0, 0, NULL } };
static const struct hidden_step stack_steps[] = { ITEMS(24, 48, 8) };

#if SINCE(13)
#define SCANNER_MARK  192
#define SCANNER_STACK 200
#elif SINCE(11)
#define SCANNER_MARK  184
#define SCANNER_STACK 192
#else
#define SCANNER_MARK  184
#define SCANNER_STACK 200
#endif
static const struct hidden_step scanner_steps[] = {
    { HIDDEN_GROUPS, 1, { SCANNER_MARK }, 16, 8, 0 }, ITEMS(SCANNER_STACK, SCANNER_STACK + 8, 1),
};
static const struct layout_field scanner_fields[] = { { 56, 0, "string" }, { 0, 0, NULL } };
static const struct layout_field pattern_fields[] = { { 40, 0, "(names of groups)" },
                                                      { 0, 0, NULL } };

static const struct layout_field timezone_fields[] = { { 16, 0, "offset" }, { 24, 0, "name" },
                                                       { 0, 0, NULL } };

#if !SINCE(13)
static const struct layout_field local_fields[] = { { 16, 0, "(key)" }, { 56, 0, "(callback)" },
                                                    { 0, 0, NULL } };
#endif
static const struct layout_field newline_fields[] = { { 16, 0, "decoder" }, { 24, 0, "errors" },
                                                      { 0, 0, NULL } };
static const struct layout_field dialect_fields[] = { { 40, 0, "lineterminator" },
                                                      { 0, 0, NULL } };
static const struct layout_field struct_fields[] = { { 40, 0, "format" }, { 0, 0, NULL } };

/* ---- iterators ------------------------------------------------------------------------------- */

static const struct hidden_step product_steps[] = { { HIDDEN_SIZES, 1, { 24 }, 16, 8, 0 } };
static const struct hidden_step permutations_steps[] = { { HIDDEN_SIZES, 1, { 24 }, 16, 8, 0 },
                                                         ITEMS(32, 48, 8) };
static const struct hidden_step combinations_steps[] = { ITEMS(24, 40, 8) };

/* ---- compression ----------------------------------------------------------------------------- */

/* z_stream stands at 16, its state at 72. The state of deflate begins with the stream, status and
 * pending output; that of inflate with the stream, modes and the window's measures. */
static const struct hidden_step deflate_steps[] = {
    RAW(160, LOCK_BYTES), BACK(72, 0, 16),  NATIVE1(72),      NATIVE2(72, 16),
    NATIVE2(72, 96),      NATIVE2(72, 112), NATIVE2(72, 120),
};
static const struct hidden_step inflate_steps[] = {
    RAW(160, LOCK_BYTES), BACK(72, 0, 16), NATIVE1(72), NATIVE2(72, 72),
};
#if SINCE(12)
static const struct hidden_step inflater_steps[] = {
    RAW(136, LOCK_BYTES), ITEMS(152, 160, 1), BACK(72, 0, 16), NATIVE1(72), NATIVE2(72, 72),
};
#endif
#define INFLATE_CODE                                                                               \
    "op.decompress(m.compress(bytes(3000), 0)[:1000])\n"                                           \
    "words = [(id(op) + 16, 8, 72, 0), (15, 4, 72, 56), (32768, 4, 72, 60), (6000, 0, 72),\n"      \
    "         (32768, 0, 72, 72)]\n"

/* bz_stream stands at 16, its state at 64. */
static const struct hidden_step bunzip_steps[] = {
    RAW(144, LOCK_BYTES), ITEMS(120, 128, 1), BACK(64, 0, 16),    NATIVE1(64),
    NATIVE2(64, 3152),    NATIVE2(64, 3160),  NATIVE2(64, 3168),
};
static const struct hidden_step bzip_steps[] = {
    RAW(104, LOCK_BYTES), BACK(64, 0, 16), NATIVE1(64),
    NATIVE2(64, 24),      NATIVE2(64, 32), NATIVE2(64, 40),
};

/* ---- digests --------------------------------------------------------------------------------- */

/* A digest's context in OpenSSL 3: the provider's own context hangs from it. */
#define DIGEST_DATA     32
#define DIGEST_PROVIDER 56
#if SINCE(13)
#define HASH_LOCK
#define SHA2_STATE 24
#define SHA2_SIZE  32
#else
#define HASH_LOCK  RAW(24, LOCK_BYTES),
#define SHA2_STATE 32
#define SHA2_SIZE  40
#endif
static const struct hidden_step hash_steps[] = {
    HASH_LOCK NATIVE1(16), NATIVE2(16, DIGEST_DATA), NATIVE2(16, DIGEST_PROVIDER),
};
#if SINCE(9)
static const struct hidden_step hmac_steps[] = {
    HASH_LOCK NATIVE1(16), NATIVE2(16, 8), NATIVE3(16, 8, DIGEST_PROVIDER),
    NATIVE2(16, 16), NATIVE3(16, 16, DIGEST_PROVIDER),
    NATIVE2(16, 24), NATIVE3(16, 24, DIGEST_PROVIDER),
};
#endif

/* From 3.12 on the built-in digests keep a state of three blocks. */
#if SINCE(12)
#if SINCE(13)
#define SHA1_STATE 32
#define SHA1_SIZE  40
#define STATE_LOCK(at)
#else
#define SHA1_STATE 24
#define SHA1_SIZE  32
#define STATE_LOCK(at) RAW(at, LOCK_BYTES),
#endif
static const struct hidden_step md5_steps[] = { STATE_LOCK(16) NATIVE1(24), NATIVE2(24, 0),
                                                NATIVE2(24, 8) };
static const struct hidden_step sha1_steps[] = { STATE_LOCK(16) NATIVE1(SHA1_STATE),
                                                 NATIVE2(SHA1_STATE, 0), NATIVE2(SHA1_STATE, 8) };
static const struct hidden_step sha2_steps[] = { STATE_LOCK(24) NATIVE1(SHA2_STATE),
                                                 NATIVE2(SHA2_STATE, 0), NATIVE2(SHA2_STATE, 8) };
static const struct hidden_step sha3_steps[] = { STATE_LOCK(16) NATIVE1(24), NATIVE2(24, 8),
                                                 NATIVE2(24, 16) };
#define SHA2_CODE(type, block, state)                                                              \
    "op = m." type "()\nwords = [(24, 0, " TEXT(SHA2_STATE) "), (" state ", 0, " TEXT(SHA2_STATE)  \
    ", 0), (" block ", 0, " TEXT(SHA2_STATE) ", 8)]\n"
#else
/* Before, all is inside, but for a lock that long inputs ask for. */
#define SHA3_LOCK (SINCE(11) ? 232 : 240)
static const struct hidden_step sha3_steps[] = { RAW(SHA3_LOCK, LOCK_BYTES) };
#endif
#if !SINCE(13)
static const struct hidden_step blake2b_steps[] = { RAW(440, LOCK_BYTES) };
static const struct hidden_step blake2s_steps[] = { RAW(232, LOCK_BYTES) };
#endif
/* clang-format on */

/* ---- the table ------------------------------------------------------------------------------- */

#define ROW(text, bytes, steps, fields, native, module, code)                                      \
    {                                                                                              \
        text, bytes, COUNT(steps), steps, fields, native, { module, code, NULL, false }            \
    }
#define FIELDS(text, bytes, fields, module, code)                                                  \
    {                                                                                              \
        text, bytes, 0, NULL, fields, false, { module, code, NULL, false }                         \
    }

/* Probes make no classes: those would be garbage that waits for the collector. */
#define STREAM "__import__('_io').BytesIO"

static struct hidden rows[] = {
    ROW("_thread.lock", 40, lock_steps, NULL, false, "_thread",
        "op = m.allocate_lock()\nwords = [(1, 4, 16, 0)]\n"),
    ROW("_thread.RLock", 48, lock_steps, NULL, false, "_thread",
        "op = m.RLock()\nwords = [(1, 4, 16, 0)]\n"),
    ROW("_queue.SimpleQueue", QUEUE_SIZE, queue_steps, NULL, false, "_queue", QUEUE_CODE),
    ROW("_io.StringIO", STRINGIO_SIZE, stringio_steps, stringio_fields, false, "_io",
        "op = m.StringIO()\nop.write('x' * 1000)\nop.seek(0)\nop.read(1)\n"
        "words = [(1, 8, 24), (1000, 8, 32), (120, 4, 16, 0)]\n"
        "kept = m.StringIO()\nkept.write('x')\n"
        "words += [(id(" STRINGIO_PIECES_TYPE "), 8, 'kept', " TEXT(STRINGIO_PIECES) ", 8)]\n"),
    ROW("_io.BufferedReader", 152, buffered_steps, NULL, false, "_io",
        BUFFERED_CODE("BufferedReader")),
    ROW("_io.BufferedWriter", 152, buffered_steps, NULL, false, "_io",
        BUFFERED_CODE("BufferedWriter")),
    ROW("_io.BufferedRandom", 152, buffered_steps, NULL, false, "_io",
        BUFFERED_CODE("BufferedRandom")),
    FIELDS("_io.BufferedRWPair", 48, pair_fields, "_io",
           "op = m.BufferedRWPair(m.BytesIO(), m.BytesIO())\n"
           "words = [(id(m.BufferedReader), 8, 16, 8), (id(m.BufferedWriter), 8, 24, 8)]\n"),
    FIELDS("_io.TextIOWrapper", SINCE(12) ? 200 : 192, text_fields, "_io",
           "op = m.TextIOWrapper(m.BytesIO(), 'ascii', newline='\\r')\nop.write('x')\n"
           "words = [(id(str), 8, 72, 8), (id(str), 8, 64, 8), (id(op.buffer), 8, 32),\n"
           "         (1, 8, 144)]\n"),
    ROW("posix.ScandirIterator", SCANDIR_SIZE, scandir_steps, NULL, true, "posix",
        "op = m.scandir('/')\nwords = [(32768, 0, " TEXT(SCANDIR_DIR) ")]\n"),
    ROW("select.poll", 48, poll_steps, poll_fields, false, "select",
        "op = m.poll()\nfor i in range(3): op.register(i)\nop.poll(0)\n"
        "words = [(id(dict), 8, 16, 8), (3, 4, 28), (2, 4, 32, 16)]\n"),
    ROW("_csv.reader", 88, reader_steps, NULL, false, "_csv",
        "op = m.reader(['abc'])\nnext(op)\nwords = [(4096, 8, 56), (1, 8, 80), (97, 4, 48, 0)]\n"),
    ROW("_csv.writer", SINCE(10) ? 72 : 64, writer_steps, NULL, false, "_csv",
        "op = m.writer(__import__('_io').StringIO())\nop.writerow(['abc'])\n"
        "words = [(32768, 8, 40), (5, 8, 48), (97, 4, 32, 0)]\n"),
    ROW(SINCE(9) ? "_struct.Struct" : "Struct", 56, struct_steps, struct_fields, false, "_struct",
        "op = m.Struct('<ihq')\nwords = [(14, 8, 16), (3, 8, 24), (4, 8, 32, 16),\n"
        "                                (4, 8, 32, 40), (0, 8, 32, 96), (id(bytes), 8, 40, 8)]\n"),
    ROW("decimal.Decimal", 104, decimal_steps, NULL, false, "_decimal",
        "op = m.Decimal('1' * 200)\nwords = [(200, 8, 40), (11, 8, 48)]\n"
        "kept = m.Decimal(1)\nwords += [(id(kept) + 72, 8, 'kept', 64)]\n"),
    FIELDS("decimal.Context", 96, context_fields, "_decimal",
           "op = m.Context()\nwords = [(id(type(op.traps)), 8, 64, 8),\n"
           "                           (id(type(op.traps)), 8, 72, 8)]\n"),
    ROW("xml.etree.ElementTree.Element", 56, element_steps, NULL, false, "_elementtree",
        "op = m.Element('a', {'b': 'c'})\nfor i in range(5): m.SubElement(op, 'd')\n"
        "words = [(5, 8, 40, 8), (id(op[0]), 8, 40, 24, 0)]\n"
        "kept = m.Element('a')\nm.SubElement(kept, 'd')\n"
        "words += [(id(kept[0]), 8, 'kept', 40, 32)]\n"),
    ROW("_pickle.Pickler", PICKLER_SIZE, pickler_steps, pickler_fields, false, "_pickle",
        "op = m.Pickler(" STREAM "(), 4)\nop.dump([[], []])\n"
        "words = [(7, 8, 16, 0), (3, 8, 16, 8), (8, 8, 16, 16)]\nkept = m.Pickler(" STREAM "(), 4)\n"
        "words += [(id(bytes), 8, 'kept', " TEXT(PICKLER_OUTPUT) ", 8)]\n"),
    ROW("_pickle.Unpickler", UNPICKLER_SIZE, unpickler_steps, unpickler_fields, false, "_pickle",
        "op = m.Unpickler(" STREAM "(b'\\x80\\x04]\\x94.'))\nop.load()\n"
        "words = [(32, 8, 32), (1, 8, 40), (0x49435341, 4, " TEXT(
            UNPICKLER_TEXT) ", 0),\n"
                            "         (0x69727473, 4, " TEXT(
                                UNPICKLER_TEXT) " + 8, 0), (0, 8, 16, 16), (8, 8, 16, 48)]\n"),
    ROW("_pickle.Pdata", 56, stack_steps, NULL, false, "_pickle",
        "op = m.Unpickler(" STREAM "(b'.'))\ntry: op.load()\nexcept Exception: pass\n"
        "words = [(8, 8, 16, 48)]\n"),
#if !SINCE(13)
    FIELDS("_thread._local", 64, local_fields, "_thread",
           "op = m._local()\nop.a = 1\n"
           "words = [(id(str), 8, 16, 8), (id(dict), 8, 48, 8), (id(type(len)), 8, 56, 8)]\n"),
#endif
    FIELDS("_io.IncrementalNewlineDecoder", 40, newline_fields, "_io",
           "kept = [1]\nop = m.IncrementalNewlineDecoder(kept, False, 'strict')\n"
           "words = [(id(kept), 8, 16), (id(str), 8, 24, 8)]\n"),
    FIELDS("_csv.Dialect", 48, dialect_fields, "_csv",
           "op = m.reader([]).dialect\nwords = [(44, 4, 24), (34, 4, 28), (id(str), 8, 40, 8)]\n"),
    FIELDS("datetime.timezone", 32, timezone_fields, "datetime",
           "kept = m.timedelta(0, 5)\nop = m.timezone(kept, 'name')\n"
           "words = [(id(kept), 8, 16), (id(str), 8, 24, 8)]\n"),
    ROW("itertools.product", 48, product_steps, NULL, false, "itertools",
        "op = m.product((1, 2), (3, 4))\nnext(op)\nnext(op)\n"
        "words = [(2, 8, 16, 16), (0, 8, 24, 0), (1, 8, 24, 8)]\n"),
    ROW("itertools.permutations", 64, permutations_steps, NULL, false, "itertools",
        "op = m.permutations((1, 2, 3))\n"
        "words = [(3, 8, 16, 16), (2, 8, 24, 16), (3, 8, 32, 0), (3, 8, 48)]\n"),
    ROW("itertools.combinations", 56, combinations_steps, NULL, false, "itertools",
        "op = m.combinations((1, 2, 3), 2)\nwords = [(1, 8, 24, 8), (2, 8, 40)]\n"),
    ROW("itertools.combinations_with_replacement", 56, combinations_steps, NULL, false, "itertools",
        "op = m.combinations_with_replacement((1, 2, 3), 2)\n"
        "words = [(0, 8, 24, 8), (2, 8, 40)]\n"),
    ROW("zlib.Compress", 168, deflate_steps, NULL, true, "zlib",
        "op = m.compressobj()\n"
        "words = [(id(op) + 16, 8, 72, 0), (32768, 4, 72, 80), (15, 4, 72, 84),\n"
        "         (32767, 4, 72, 88), (5000, 0, 72), (65536, 0, 72, 16), (65536, 0, 72, 96),\n"
        "         (65536, 0, 72, 112), (65536, 0, 72, 120), (1, 4, 160, 0)]\n"),
    ROW("zlib.Decompress", 168, inflate_steps, NULL, true, "zlib",
        "op = m.decompressobj()\n" INFLATE_CODE),
#if SINCE(12)
    ROW("zlib._ZlibDecompressor", 184, inflater_steps, NULL, true, "zlib",
        "op = m._ZlibDecompressor()\n" INFLATE_CODE),
#endif
    ROW("_bz2.BZ2Compressor", 112, bzip_steps, NULL, true, "_bz2",
        "op = m.BZ2Compressor(1)\nwords = [(id(op) + 16, 8, 64, 0), (50000, 0, 64),\n"
        "    (400000, 0, 64, 24), (400136, 0, 64, 32), (262148, 0, 64, 40), (1, 4, 104, 0)]\n"),
    ROW("_bz2.BZ2Decompressor", 152, bunzip_steps, NULL, true, "_bz2",
        "op = m.BZ2Decompressor()\nop.decompress(b'BZh1')\n"
        "words = [(id(op) + 16, 8, 64, 0), (1, 4, 64, 40), (64000, 0, 64),\n"
        "         (400000, 0, 64, 3152), (1, 4, 144, 0)]\n"),
    ROW("_hashlib.HASH", 32, hash_steps, NULL, true, "_hashlib",
        "op = m.new('sha256')\nwords = [(72, 0, 16), (0, 8, 16, 32), (112, 0, 16, 56)]\n"),
#if SINCE(9)
    ROW("_hashlib.HMAC", 32, hmac_steps, NULL, true, "_hashlib",
        "op = m.hmac_new(b'k', digestmod='sha256')\n"
        "words = [(32, 0, 16)] + [(n, 0, 16, at) + more for at in (8, 16, 24)\n"
        "         for n, more in ((72, ()), (112, (56,)))]\n"),
#endif
#if SINCE(12)
    ROW("_md5.md5", 32, md5_steps, NULL, true, "_md5",
        "op = m.md5()\nwords = [(24, 0, 24), (16, 0, 24, 0), (64, 0, 24, 8)]\n"),
    ROW("_sha1.sha1", SHA1_SIZE, sha1_steps, NULL, true, "_sha1",
        "op = m.sha1()\nwords = [(24, 0, " TEXT(SHA1_STATE) "), (20, 0, " TEXT(
            SHA1_STATE) ", 0),\n         (64, 0, " TEXT(SHA1_STATE) ", 8)]\n"),
    ROW("_sha2.SHA224Type", SHA2_SIZE, sha2_steps, NULL, true, "_sha2",
        SHA2_CODE("sha224", "64", "32")),
    ROW("_sha2.SHA256Type", SHA2_SIZE, sha2_steps, NULL, true, "_sha2",
        SHA2_CODE("sha256", "64", "32")),
    ROW("_sha2.SHA384Type", SHA2_SIZE, sha2_steps, NULL, true, "_sha2",
        SHA2_CODE("sha384", "128", "64")),
    ROW("_sha2.SHA512Type", SHA2_SIZE, sha2_steps, NULL, true, "_sha2",
        SHA2_CODE("sha512", "128", "64")),
#define SHA3_ROW(type)                                                                             \
    ROW("_sha3." type, 32, sha3_steps, NULL, true, "_sha3",                                        \
        "op = m." type "()\nwords = [(32, 0, 24), (200, 0, 24, 8), (72, 0, 24, 16)]\n")
#else
#define SHA3_ROW(type)                                                                             \
    ROW("_sha3." type, SHA3_LOCK + 8, sha3_steps, NULL, false, "_sha3",                            \
        "op = m." type "()\nop.update(b'x' * 5000)\nwords = [(1, 4, type(op).__basicsize__ - 8, 0)]\n")
#endif
    SHA3_ROW("sha3_224"),
    SHA3_ROW("sha3_256"),
    SHA3_ROW("sha3_384"),
    SHA3_ROW("sha3_512"),
    SHA3_ROW("shake_128"),
    SHA3_ROW("shake_256"),
#if !SINCE(13)
    ROW("_blake2.blake2b", 448, blake2b_steps, NULL, false, "_blake2",
        "op = m.blake2b()\nop.update(b'x' * 5000)\nwords = [(1, 4, 440, 0)]\n"),
    ROW("_blake2.blake2s", 240, blake2s_steps, NULL, false, "_blake2",
        "op = m.blake2s()\nop.update(b'x' * 5000)\nwords = [(1, 4, 232, 0)]\n"),
#endif
    ROW("_sre.SRE_Scanner", 232, scanner_steps, scanner_fields, false, "_sre",
        "text = 'ab'\nkept = m.compile('(a)(b)', 32, [1], 2, {}, (None,) * 3)\n"
        "op = kept.scanner(text)\nwords = [(id(kept), 8, 16), (2, 8, 16, 24), (id(text), 8, 56)]\n"),
    FIELDS("re.Pattern", 96, pattern_fields, "_sre",
           "groups = (None, 'a', 'b')\n"
           "op = m.compile('(a)(b)', 32, [1], 2, {'a': 1, 'b': 2}, groups)\n"
           "words = [(id(groups), 8, 40), (2, 8, 24)]\n"),
};

/* C types with memory of their own behind pointers of libraries that nothing leads through. */
static const char *const unknown[] = {
    "_ssl._SSLContext",  "_ssl._SSLSocket",    "_ssl.MemoryBIO",       "_ssl.Session",
    "_ssl.SSLSession",   "_ssl.Certificate",   "sqlite3.Connection",   "sqlite3.Statement",
    "sqlite3.Cursor",
    "sqlite3.Blob",      "sqlite3.Backup",     "pyexpat.xmlparser",    "xml.etree.ElementTree.XMLParser",
    "_ctypes.PyCFuncPtr", "_ctypes.CFuncPtr",  "_ctypes.CThunkObject", "_lzma.LZMACompressor",
    "_lzma.LZMADecompressor", "_lsprof.Profiler", "_dbm.dbm",          "_gdbm.gdbm",
    "_curses.window",    "_curses_panel.panel", "_tkinter.tkapp",      "_tkinter.Tcl_Obj",
    "_crypt",            "zoneinfo.ZoneInfo",
};

const struct hidden *hidden_find(const char *name, size_t size)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(rows[i].name, name) == 0 && size >= rows[i].size) return &rows[i];
    }
    return NULL;
}

bool hidden_unknown(const char *name)
{
    for (size_t i = 0; i < COUNT(unknown); i++) {
        if (strcmp(unknown[i], name) == 0) return true;
    }
    return false;
}

/* ---- following the steps --------------------------------------------------------------------- */

static size_t (*usable_size)(void *block);

bool hidden_holds(const struct hidden *hidden)
{
    return *hidden->probe.holds && (!hidden->native || usable_size != NULL);
}

static uintptr_t word_at(uintptr_t address)
{
    uintptr_t value;
    memcpy(&value, (const void *)address, sizeof(value)); // NOLINT: proven by the probe
    return value;
}

static uint32_t half_at(uintptr_t address)
{
    uint32_t value;
    memcpy(&value, (const void *)address, sizeof(value)); // NOLINT: proven by the probe
    return value;
}

/* The word at the end of a step's path; *holder: the block that it stands in. 0: none. */
static uintptr_t follow(const struct hidden_step *step, uintptr_t object, uintptr_t *holder)
{
    *holder = object;
    for (unsigned i = 0; i + 1 < step->depth; i++) {
        *holder = word_at(*holder + step->path[i]);
        if (*holder == 0) return 0;
    }
    return word_at(*holder + step->path[step->depth - 1]);
}

static size_t codes_bytes(uintptr_t items, size_t width)
{
    size_t n = 0;
    while (word_at(items + n * width) != 0) n++;
    return (n + 1) * width;
}

/* The bytes that were asked for for the block at `found`. */
static size_t block_bytes(const struct hidden_step *step, uintptr_t holder, uintptr_t found)
{
    uintptr_t counted = holder + step->count;

    switch ((enum hidden_how)step->how) {
    case HIDDEN_ITEMS:
        return word_at(counted) * step->width;
    case HIDDEN_HALF:
        return (size_t)half_at(counted) * step->width;
    case HIDDEN_SIZES:
        return (size_t)Py_SIZE((PyObject *)word_at(counted)) * step->width; // NOLINT
    case HIDDEN_GROUPS: /* a pattern's groups stand behind its head */
        return 2 * word_at(word_at(counted) + sizeof(PyVarObject)) * step->width;
    case HIDDEN_OUTSIDE:
        return found == holder + step->add ? 0 : word_at(counted) * step->width;
    case HIDDEN_FIXED:
    case HIDDEN_RAW:
        return step->add;
    case HIDDEN_TEXT:
        return strlen((const char *)found) + 1; // NOLINT: proven by the probe
    case HIDDEN_CODES:
        return codes_bytes(found, step->width);
    case HIDDEN_BACK:
    case HIDDEN_NATIVE:
        break;
    }
    return 0;
}

size_t hidden_blocks(const struct hidden *hidden, const PyObject *op,
                     void (*block)(void *ctx, size_t size, bool raw), void *ctx)
{
    size_t native = 0;

    for (uint32_t i = 0; i < hidden->n_steps; i++) {
        const struct hidden_step *step = &hidden->steps[i];
        uintptr_t holder;
        uintptr_t found = follow(step, (uintptr_t)op, &holder);
        if (step->how == HIDDEN_BACK && found != (uintptr_t)op + step->add) break;
        if (found == 0 || step->how == HIDDEN_BACK) continue;
        if (step->how == HIDDEN_NATIVE)
            native += usable_size((void *)found); // NOLINT: proven by the probe
        else
            block(ctx, block_bytes(step, holder, found), step->how == HIDDEN_RAW);
    }
    return native;
}

/* ---- the probe ------------------------------------------------------------------------------- */

/* Whether malloc gives blocks with the C library's headers: each one's word in front is the size of
 * its chunk, with flags in the lowest bits. */
static bool is_plain_malloc(size_t (*usable)(void *block))
{
    static const size_t sizes[] = { 1, 24, 25, 100, 1000, 5000 };
    bool plain = true;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        void *block = malloc(sizes[i]);
        if (block == NULL) return false;
        size_t room = (word_at((uintptr_t)block - 8) & ~(size_t)7) - 8;
        plain = plain && room >= sizes[i] && room < sizes[i] + 64 && room == usable(block);
        free(block);
    }
    return plain;
}

/* malloc_usable_size, where blocks come straight from the C library's own malloc. */
static void look_at_malloc(void)
{
    Dl_info of_libc, of_usable;
    bool pooled;
    void *libc = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
    void *found = dlsym(RTLD_DEFAULT, "malloc_usable_size");
    size_t (*usable)(void *block);

    usable_size = NULL;
    if (layout_allocator(&pooled) != 0 || libc == NULL || found == NULL) return;
    /* Who replaces malloc replaces this, too. */
    if (dladdr(libc, &of_libc) == 0 || dladdr(found, &of_usable) == 0 ||
        of_libc.dli_fbase != of_usable.dli_fbase)
        return;
    *(void **)&usable = found;
    if (is_plain_malloc(usable)) usable_size = usable;
}

void hidden_probe(PyObject *modules)
{
    static bool holds[COUNT(rows)];

    look_at_malloc();
    for (size_t i = 0; i < COUNT(rows); i++) {
        rows[i].probe.holds = &holds[i];
        if (!rows[i].native || usable_size != NULL) probe_structure(modules, &rows[i].probe);
    }
}
