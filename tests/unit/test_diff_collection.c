/* SPDX-License-Identifier: MIT */
/* Types that are parts of collections, by their names. */
#include "cu.h"

#include "db/collection.h"
#include "heap/match.h"

static void java(void)
{
    static const char util[] = "java.util", concurrent[] = "java.util.concurrent";
    CHECK_U64(collection_part(util, "java.util.HashMap"), HEAP_WHOLE);
    CHECK_U64(collection_part(concurrent, "java.util.concurrent.ConcurrentHashMap"), HEAP_WHOLE);
    CHECK_U64(collection_part(util, "java.util.HashMap$Node"), HEAP_PART);
    CHECK_U64(collection_part(util, "java.util.HashMap$Node[]"), HEAP_PART);
    CHECK_U64(collection_part(util, "java.util.HashMap$TreeNode"), HEAP_PART);
    CHECK_U64(collection_part(util, "java.util.TreeMap$Entry"), HEAP_PART);
    CHECK_U64(collection_part(util, "java.util.LinkedList$Node"), HEAP_PART);
    CHECK_U64(collection_part(concurrent, "java.util.concurrent.ConcurrentHashMap$Node[]"),
              HEAP_PART);
    CHECK_U64(collection_part("java.lang", "java.lang.Object[]"), HEAP_PART_INSIDE);
    /* Arrays of java.util's own classes may be somebody's variables. */
    CHECK_U64(collection_part(util, "java.util.HashMap[]"), HEAP_PART_INSIDE);
    CHECK_U64(collection_part(util, "java.util.HashSet"), HEAP_WHOLE | HEAP_WRAP);
    CHECK_U64(collection_part(util, "java.util.Collections$SynchronizedMap"),
              HEAP_WHOLE | HEAP_WRAP);
    CHECK_U64(collection_part(concurrent, "java.util.concurrent.ConcurrentSkipListSet"),
              HEAP_WHOLE | HEAP_WRAP);
    CHECK_U64(collection_part(concurrent, "java.util.concurrent.ThreadPoolExecutor"), HEAP_WHOLE);
    CHECK_U64(collection_part("java.lang", "java.lang.ThreadLocal$ThreadLocalMap"), HEAP_WHOLE);
    CHECK_U64(collection_part("java.lang", "java.lang.ThreadLocal$ThreadLocalMap$Entry[]"),
              HEAP_PART);
    CHECK_U64(collection_part("java.lang", "java.lang.ThreadLocal$SuppliedThreadLocal"), 0);
    CHECK_U64(collection_library_part("java.util.HashMap"), HEAP_WHOLE);
    CHECK_U64(collection_library_part("app.Node"), 0);
    CHECK_U64(collection_library_part(""), 0);
    CHECK_U64(collection_part("java.lang", "java.lang.Object"), 0);
    CHECK_U64(collection_part("app", "app.Tree$Node"), HEAP_NODE);
    CHECK_U64(collection_part("app", "app.Tree$Node[]"), 0);
    CHECK_U64(collection_part("javafx.scene", "javafx.scene.Node"), HEAP_NODE);
    CHECK_U64(collection_part("java.util.zip", "java.util.zip.Inflater"), 0);
}

static void parts(void)
{
    CHECK(heap_is_part(HEAP_PART, 0));
    CHECK(heap_is_part(HEAP_PART_INSIDE, HEAP_WHOLE) && !heap_is_part(HEAP_PART_INSIDE, HEAP_PART));
    CHECK(heap_is_part(HEAP_WHOLE, HEAP_WHOLE | HEAP_WRAP));
    CHECK(!heap_is_part(HEAP_WHOLE, HEAP_WHOLE) && !heap_is_part(HEAP_NODE, HEAP_WHOLE));
}

static void others(void)
{
    CHECK_U64(collection_part(NULL, "(array)"), HEAP_PART);
    CHECK_U64(collection_part(NULL, "(object elements)"), HEAP_PART);
    CHECK_U64(collection_part(NULL, "Array"), 0);
    CHECK_U64(collection_part(NULL, NULL), 0);
    CHECK_U64(collection_part("java.util", NULL), 0);
    CHECK_U64(collection_part("builtins", "dict"), 0);
    CHECK_U64(collection_part("collections.abc", "Mapping"), 0);
    CHECK_U64(collection_part("_thread", "lock"), 0);
    CHECK_U64(collection_part("__main__", "Node"), HEAP_NODE);
    CHECK_U64(collection_part("app", "Node"), HEAP_NODE);
    /* JavaScript, Ruby */
    CHECK_U64(collection_part(NULL, "Node"), HEAP_NODE);
    CHECK_U64(collection_part(NULL, "App::Node"), HEAP_NODE);
    CHECK_U64(collection_part(NULL, "{left, right}"), HEAP_NODE);
    CHECK_U64(collection_part(NULL, "Object"), 0);
    CHECK_U64(collection_part(NULL, "Hash"), 0);
    CHECK_U64(collection_part(NULL, "string"), 0);
    CHECK_U64(collection_part(NULL, "(closure)"), 0);
    CHECK_U64(collection_part(NULL, "system / Context"), 0);
}

static void code(void)
{
    CHECK(collection_is_code("(compiled code)") && collection_is_code("(object shape)"));
    CHECK(collection_is_code("system / Map") && collection_is_code("system / BytecodeArray"));
    CHECK(collection_is_code("system / WeakArrayList"));
    CHECK(collection_is_code("system / UncompiledDataWithoutPreparseData") == false);
    CHECK(!collection_is_code("system / Context") && !collection_is_code("Map"));
    CHECK(!collection_is_code("system / PromiseReaction") && !collection_is_code("(array)"));
    CHECK(!collection_is_code("system / ") && !collection_is_code(""));
}

CU_MAIN("diff collection", { "Java", java }, { "parts", parts }, { "others", others },
        { "code of V8", code })
