/* SPDX-License-Identifier: MIT */
/*
 * V8 heap snapshots made by hand: what maps to what, other orders of fields, what is recorded only
 * on request, cut and contradictory files.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cu.h"
#include "import/import.h"

enum { MAX_ROWS = 64 };

/* What came, texts by id. */
struct seen {
    char text[256][128];
    uint64_t type_name[256];
    uint64_t parent[16], frame[16];
    snap_frame frames[16];
    struct {
        uint64_t id, type, size, flags, name, stack;
    } object[MAX_ROWS];
    struct {
        uint64_t source, target, kind, name, index;
    } edge[MAX_ROWS];
    struct {
        uint64_t object, kind;
    } root[MAX_ROWS];
    struct {
        uint64_t ordinal;
        char text[64];
    } value[MAX_ROWS];
    unsigned objects, edges, roots, values, stacks, samples, damages;
    char facts[1024];
    char damage[256];
    snap_finish finish;
    bool complete;
    int status;
};

static int on_string(void *opaque, uint64_t id, struct record_text t)
{
    struct seen *s = opaque;
    if (id < 256) snprintf(s->text[id], sizeof s->text[id], "%.*s", (int)t.size, t.at);
    return 0;
}

static int on_type(void *opaque, uint64_t id, const snap_type *type)
{
    struct seen *s = opaque;
    if (id < 256) s->type_name[id] = type->name;
    return 0;
}

static int on_frame(void *opaque, uint64_t id, const snap_frame *frame)
{
    struct seen *s = opaque;
    if (id < 16) s->frames[id] = *frame;
    return 0;
}

static int on_stack(void *opaque, uint64_t id, uint64_t parent, uint64_t frame)
{
    struct seen *s = opaque;
    if (id < 16) s->parent[id] = parent, s->frame[id] = frame;
    s->stacks++;
    return 0;
}

static int on_metadata(void *opaque, uint32_t snapshot, struct record_text key,
                       struct record_text value)
{
    struct seen *s = opaque;
    size_t n = strlen(s->facts);
    (void)snapshot;
    snprintf(s->facts + n, sizeof s->facts - n, "%.*s=%.*s ", (int)key.size, key.at,
             (int)value.size, value.at);
    return 0;
}

static int on_sample(void *opaque, uint32_t snapshot, struct record_text name, uint64_t ns,
                     int64_t value)
{
    struct seen *s = opaque;
    (void)snapshot, (void)name;
    CHECK_U64(ns, 7000 * (s->samples + 1));
    CHECK_I64(value, 9 + s->samples);
    s->samples++;
    return 0;
}

static int on_objects(void *opaque, const struct record_batch *b)
{
    struct seen *s = opaque;
    CHECK_U64(b->first, s->objects);
    for (uint32_t i = 0; i < b->rows && s->objects < MAX_ROWS; i++) {
        s->object[s->objects].id = record_get(&b->column[SNAP_COL_OBJECT_ID], i);
        s->object[s->objects].type = record_get(&b->column[SNAP_COL_OBJECT_TYPE], i);
        s->object[s->objects].size = record_get(&b->column[SNAP_COL_OBJECT_SHALLOW], i);
        s->object[s->objects].flags = record_get(&b->column[SNAP_COL_OBJECT_FLAGS], i);
        s->object[s->objects].name = record_get(&b->column[SNAP_COL_OBJECT_NAME], i);
        s->object[s->objects++].stack = record_get(&b->column[SNAP_COL_OBJECT_STACK], i);
    }
    return 0;
}

static int on_edges(void *opaque, const struct record_batch *b)
{
    struct seen *s = opaque;
    for (uint32_t i = 0; i < b->rows && s->edges < MAX_ROWS; i++) {
        s->edge[s->edges].source = record_get(&b->column[SNAP_COL_EDGE_SOURCE], i);
        s->edge[s->edges].target = record_get(&b->column[SNAP_COL_EDGE_TARGET_ORDINAL], i);
        s->edge[s->edges].kind = record_get(&b->column[SNAP_COL_EDGE_KIND], i);
        s->edge[s->edges].name = record_get(&b->column[SNAP_COL_EDGE_NAME], i);
        s->edge[s->edges++].index = b->edge_index[i];
    }
    return 0;
}

static int on_roots(void *opaque, const struct record_batch *b)
{
    struct seen *s = opaque;
    for (uint32_t i = 0; i < b->rows && s->roots < MAX_ROWS; i++) {
        s->root[s->roots].object = record_get(&b->column[SNAP_COL_ROOT_OBJECT_ORDINAL], i);
        s->root[s->roots++].kind = record_get(&b->column[SNAP_COL_ROOT_KIND], i);
    }
    return 0;
}

static int on_value(void *opaque, uint32_t snapshot, uint64_t ordinal, struct record_text t)
{
    struct seen *s = opaque;
    (void)snapshot;
    s->value[s->values].ordinal = ordinal;
    snprintf(s->value[s->values].text, 64, "%.*s", (int)t.size, t.at);
    s->values++;
    return 0;
}

static int on_finish(void *opaque, uint32_t snapshot, const snap_finish *finish)
{
    struct seen *s = opaque;
    (void)snapshot;
    s->finish = *finish;
    return 0;
}

static void on_damage(void *opaque, uint64_t offset, const char *text)
{
    struct seen *s = opaque;
    (void)offset;
    if (!s->damages++) snprintf(s->damage, sizeof s->damage, "%s", text);
}

/* Reads a document through the importer. The result is valid until the next call. */
static const struct seen *import_text(const char *text, size_t size, bool values)
{
    static struct seen s;
    char path[] = "/tmp/snap-v8-XXXXXX";
    const struct record_sink sink = {
        .opaque = &s, .string = on_string, .type = on_type, .frame = on_frame, .stack = on_stack,
        .metadata = on_metadata, .sample = on_sample, .objects = on_objects, .edges = on_edges,
        .roots = on_roots, .value = on_value, .finish = on_finish, .damage = on_damage,
    };
    const struct import_options options = { .values = values };
    struct import_result result;
    memset(&s, 0, sizeof s);
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    close(fd);
    const struct import_format *format = import_open(path);
    s.status = format ? format->read(path, &sink, &options, &result) : RECORD_STOP;
    if (format) CHECK_STR(format->name, "v8");
    s.complete = format && s.status == RECORD_OK && result.complete;
    unlink(path);
    return &s;
}

/* The header up to the end of "meta"; `before` stands for the kinds of fields before "type". */
#define META(node_fields, before, edge_fields, before_edge)                                        \
    "{\"snapshot\":{\"meta\":{\"node_fields\":[" node_fields "],\"node_types\":[" before           \
    "[\"hidden\",\"array\",\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\","      \
    "\"native\",\"synthetic\",\"new kind\"],\"string\",\"number\"],\"edge_fields\":[" edge_fields  \
    "],\"edge_types\":[" before_edge "[\"context\",\"element\",\"property\",\"internal\","         \
    "\"hidden\",\"shortcut\",\"weak\"],\"string_or_number\",\"node\"],"                            \
    "\"trace_function_info_fields\":[\"function_id\",\"name\",\"script_name\",\"script_id\","      \
    "\"line\",\"column\"],\"trace_node_fields\":[\"id\",\"function_info_index\",\"count\","        \
    "\"size\",\"children\"],\"sample_fields\":[\"timestamp_us\",\"last_assigned_id\"],"      \
    "\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"]}"
#define NODE_FIELDS "\"type\",\"name\",\"id\",\"self_size\",\"edge_count\",\"trace_node_id\","     \
                    "\"detachedness\""
#define EDGE_FIELDS "\"type\",\"name_or_index\",\"to_node\""

/* Node 0 the root, 1 (GC roots), 2 the global, 3 a string, 4 a function, 5 a weak map, 6 its key,
 * 7 its value, 8 an element of a document, detached. */
static const char page[] =
    META(NODE_FIELDS, "", EDGE_FIELDS, "") ",\"node_count\":9,\"edge_count\":10,"
    "\"trace_function_count\":2},\n\"nodes\":[9,0,1,0,2,0,0\n,9,1,3,0,1,0,0\n,3,2,5,24,4,0,0\n,"
    "2,3,7,32,0,0,0\n,5,4,9,64,0,0,0\n,3,5,11,16,1,0,0\n,3,6,13,8,1,3,0\n,3,6,15,8,1,2,0\n,"
    "8,7,16,40,0,0,2\n],\n\"edges\":[1,1,7\n,5,8,14\n,1,9,35\n,2,9,21\n,0,4,28\n,1,2,42\n,6,9,56\n"
    ",3,10,49\n,3,10,49\n,4,5,56\n],\n\"trace_function_infos\":[0,11,12,1,0,0,1,4,12,1,3,7],\n"
    "\"trace_tree\":[1,0,0,0,[2,1,1,8,[3,1,1,8,[]]]],\n\"samples\":[7,9,14,10],\n"
    "\"locations\":[],\n\"strings\":[\"\",\"(GC roots)\",\"Window\",\"secret\",\"run\","
    "\"WeakMap\",\"Item\",\"<div id=\\\"token\\\">\",\"window\",\"name\","
    "\"1 / part of key (Item @13) -> value (Item @15) pair in WeakMap (table @11)\",\"(root)\","
    "\"app.js\"]}";

static const char *type_of(const struct seen *s, unsigned object)
{
    return s->text[s->type_name[s->object[object].type]];
}

static void test_objects(void)
{
    const struct seen *s = import_text(page, sizeof page - 1, false);
    static const char *const types[] = { "(root)", "(GC roots)", "Window", "(string)", "Function",
                                         "WeakMap", "Item", "Item", "<div>" };
    CHECK_I64(s->status, RECORD_OK);
    CHECK(s->complete);
    CHECK_STR(s->damage, "");
    CHECK_U64(s->objects, 9);
    for (unsigned i = 0; i < 9; i++) CHECK_STR(type_of(s, i), types[i]);
    CHECK_U64(s->object[6].type, s->object[7].type);
    CHECK_U64(s->object[2].id, 5);
    CHECK_U64(s->object[2].size, 24);
    CHECK_STR(s->text[s->object[4].name], "run");
    CHECK_U64(s->object[8].flags, SNAP_OBJECT_DETACHED);
    CHECK_U64(s->object[7].flags, 0);
    CHECK_U64(s->finish.objects, 9);
    CHECK_U64(s->finish.edges, 10);
    CHECK_U64(s->finish.roots, s->roots);
    CHECK_U64(s->finish.flags, SNAP_FINISH_COMPLETE);
    CHECK(strstr(s->facts, "runtime.name=v8 ") && strstr(s->facts, "id.kind=serial ") &&
          strstr(s->facts, "edges.rule=v8-page ") && strstr(s->facts, "values=no "));
}

static void test_edges(void)
{
    const struct seen *s = import_text(page, sizeof page - 1, false);
    static const unsigned char want[][3] = {
        { 0, 1, SNAP_EDGE_ELEMENT },   { 0, 2, SNAP_EDGE_SHORTCUT }, { 1, 5, SNAP_EDGE_ELEMENT },
        { 2, 3, SNAP_EDGE_ATTRIBUTE }, { 2, 4, SNAP_EDGE_VARIABLE }, { 2, 6, SNAP_EDGE_ELEMENT },
        { 2, 8, SNAP_EDGE_WEAK },      { 5, 7, SNAP_EDGE_RULED_OUT },
        { 6, 7, SNAP_EDGE_EPHEMERON }, { 7, 8, SNAP_EDGE_HIDDEN },
    };
    CHECK_U64(s->edges, 10);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_U64(s->edge[i].source, want[i][0]);
        CHECK_U64(s->edge[i].target, want[i][1]);
        CHECK_U64(s->edge[i].kind, want[i][2]);
    }
    CHECK_STR(s->text[s->edge[3].name], "name");
    CHECK_STR(s->text[s->edge[4].name], "run");
    CHECK_U64(s->edge[5].index, 2);
    CHECK_U64(s->edge[5].name, 0);
    CHECK_U64(s->edge[7].name, 0); /* it quotes contents */
    CHECK_U64(s->roots, 3);
    CHECK_U64(s->root[0].object, 0);
    CHECK_U64(s->root[1].object, 1);
    CHECK_U64(s->root[1].kind, SNAP_ROOT_RUNTIME);
    CHECK_U64(s->root[2].object, 2);
    CHECK_U64(s->root[2].kind, SNAP_ROOT_GLOBAL);
}

static void test_stacks(void)
{
    const struct seen *s = import_text(page, sizeof page - 1, false);
    CHECK_U64(s->stacks, 2);
    CHECK_U64(s->object[7].stack, 1);
    CHECK_U64(s->object[6].stack, 2);
    CHECK_U64(s->parent[2], 1);
    CHECK_U64(s->parent[1], 0);
    CHECK_STR(s->text[s->frames[s->frame[1]].function], "run");
    CHECK_STR(s->text[s->frames[s->frame[1]].file], "app.js");
    CHECK_U64(s->frames[s->frame[1]].line, 3);
    CHECK_U64(s->samples, 2);
}

/* Where functions stand: three closures of two scripts, the second without a name; what is no
 * closure (here an object) has no place of its own. Places come in any order. */
static const char places[] =
    META(NODE_FIELDS, "", EDGE_FIELDS, "") ",\"node_count\":8,\"edge_count\":10},\"nodes\":["
    "9,0,1,0,5,0,0,5,1,3,64,1,0,0,5,0,5,64,1,0,0,5,2,7,64,0,0,0,4,1,9,8,1,0,0,4,3,11,8,0,0,0,"
    "3,4,13,8,0,0,0,5,1,15,64,2,0,0],\"edges\":[1,1,7,1,2,14,1,3,21,1,4,42,1,5,49,3,5,28,3,5,28,"
    "3,6,35,3,7,28,3,5,28],\"locations\":[49,77,6,8,7,77,6,8,21,88,0,4999,14,77,6,20,42,77,9,9],"
    "\"strings\":[\"\",\"run\",\"far\",\"/srv/app.js\",\"Item\",\"shared\",\"script\","
    "\"code\"]}";

static void check_place(const struct seen *s, unsigned object, const char *function,
                        const char *file, uint32_t line)
{
    const snap_frame *f = &s->frames[s->frame[s->object[object].stack]];
    CHECK(s->object[object].stack > 0);
    CHECK_U64(s->parent[s->object[object].stack], 0);
    CHECK_STR(s->text[f->function], function);
    CHECK_STR(s->text[f->file], file);
    CHECK_U64(f->line, line);
}

static void test_places(void)
{
    const struct seen *s = import_text(places, sizeof places - 1, false);
    CHECK_STR(s->damage, "");
    CHECK(s->complete);
    CHECK_U64(s->stacks, 3);
    check_place(s, 1, "run", "/srv/app.js", 7);
    check_place(s, 2, "(anonymous)", "/srv/app.js", 7);
    check_place(s, 3, "far@5000", "(script 88)", 1);
    CHECK_U64(s->object[7].stack, s->object[1].stack);
    CHECK(s->object[1].stack != s->object[2].stack);
    CHECK_U64(s->object[6].stack, 0);
    /* Newer files name the script's node, and the script after what it is. */
    char named[sizeof places + 64];
    const char *at = strstr(places, "\"line\",\"column\"]}"), *rows = strstr(places, "[49,77");
    snprintf(named, sizeof named, "%.*s\"script_object_index\",%.*s[21,88,35,0,4999],"
             "\"strings\":[\"\",\"run\",\"far\",\"system / Script / b.js\",\"\",\"\",\"\","
             "\"\"]}",
             (int)(at - places), places, (int)(rows - at), at);
    s = import_text(named, strlen(named), false);
    CHECK_STR(s->damage, "");
    check_place(s, 3, "far@5000", "b.js", 1);
    /* No place of a node that is not there, and none in the middle of one. */
    static const char *const wrong[] = { "56", "48" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[sizeof places];
        memcpy(text, places, sizeof places);
        memcpy(strstr(text, "[49,77") + 1, wrong[i], 2);
        s = import_text(text, sizeof places - 1, false);
        CHECK_STR(s->damage, "places of functions that are no nodes: 1");
        CHECK_U64(s->object[7].stack, 0);
        check_place(s, 1, "run", "/srv/app.js", 7);
    }
}

/* Contents come only when they are asked for. */
static void test_contents(void)
{
    const struct seen *s = import_text(page, sizeof page - 1, false);
    CHECK_U64(s->values, 0);
    for (unsigned i = 0; i < 256; i++)
        CHECK(!strstr(s->text[i], "secret") && !strstr(s->text[i], "token"));
    s = import_text(page, sizeof page - 1, true);
    CHECK_U64(s->values, 1);
    CHECK_U64(s->value[0].ordinal, 3);
    CHECK_STR(s->value[0].text, "secret");
}

/* Fields in another order, fewer of them, strings first, a root elsewhere. */
static void test_other_shape(void)
{
    static const char text[] =
        META("\"id\",\"edge_count\",\"name\",\"new\",\"type\",\"self_size\"",
             "\"number\",\"number\",\"string\",\"number\",",
             "\"to_node\",\"type\",\"name_or_index\"", "\"node\",") ",\"root_index\":6},"
        "\"strings\":[\"root\",\"A\"],\"nodes\":[7,1,1,99,10,12,1,1,0,0,9,0],"
        "\"edges\":[6,2,1,0,5,1]}";
    const struct seen *s = import_text(text, sizeof text - 1, false);
    CHECK(s->complete);
    CHECK_STR(s->damage, "");
    CHECK_U64(s->objects, 2);
    CHECK_U64(s->object[0].id, 7);
    CHECK_U64(s->object[0].size, 12);
    CHECK_STR(type_of(s, 0), "(unknown)");
    CHECK_STR(type_of(s, 1), "root");
    CHECK_U64(s->edge[0].target, 1);
    CHECK_STR(s->text[s->edge[0].name], "A");
    CHECK_U64(s->roots, 2);
    CHECK_U64(s->root[0].object, 1);
    CHECK_U64(s->root[1].object, 0);
}

/* Newer versions of V8 name parts of theirs after what they belong to: one type for all of a kind. */
static void test_parts(void)
{
    static const char text[] =
        META(NODE_FIELDS, "", EDGE_FIELDS, "") "},\"nodes\":[9,0,1,0,6,0,0,4,1,3,8,0,0,0,"
        "4,2,5,8,0,0,0,3,3,7,8,0,0,0,3,4,9,8,0,0,0,4,5,11,8,0,0,0,4,1,13,8,0,0,0],\"edges\":["
        "1,1,7,1,2,14,1,3,21,1,4,28,1,5,35,1,6,42],\"strings\":[\"\",\"system / Code / a.b\","
        "\"system / Code / c / d\",\"system / Context / scope @7\",\"system / Context\","
        "\"(ArrayPush builtin code)\"]}";
    const struct seen *s = import_text(text, sizeof text - 1, false);
    static const char *const types[] = { "(root)", "system / Code", "system / Code",
                                         "system / Context", "system / Context",
                                         "(compiled code)", "system / Code" };
    static const char *const names[] = { "", "a.b", "c / d", "", "",
                                         "(ArrayPush builtin code)", "a.b" };
    CHECK(s->complete);
    CHECK_U64(s->objects, 7);
    for (unsigned i = 0; i < 7; i++) {
        CHECK_STR(type_of(s, i), types[i]);
        CHECK_STR(s->text[s->object[i].name], names[i]);
    }
    CHECK_U64(s->object[1].type, s->object[2].type);
    CHECK_U64(s->object[1].name, s->object[6].name);
}

/* Every cut of the file is either refused or salvaged with a warning, never called whole. */
static void test_cut(void)
{
    unsigned salvaged = 0;
    for (size_t n = 120; n < sizeof page - 2; n += 7) {
        const struct seen *s = import_text(page, n, false);
        CHECK(!s->complete);
        if (s->status != RECORD_OK) continue;
        salvaged++;
        CHECK_STR(s->damage, "the file ends early");
        CHECK(s->objects > 0);
        CHECK(!(s->finish.flags & SNAP_FINISH_COMPLETE));
    }
    CHECK(salvaged > 30);
    /* Within the last number of a row: 14 is not 1. */
    size_t number = (size_t)(strstr(page, ",5,8,14") - page) + 6;
    const struct seen *s = import_text(page, number, false);
    CHECK_U64(s->edges, 1);
    size_t strings = (size_t)(strstr(page, "\"strings\"") - page);
    s = import_text(page, strings, false);
    CHECK_U64(s->objects, 9);
    CHECK_U64(s->edges, 10);
    CHECK_STR(type_of(s, 2), "(object)");
}

/* A change to the text, and the warning that it gives; NULL: refused. */
static void check_changed(const char *from, const char *to, const char *warning)
{
    char text[sizeof page + 64];
    const char *at = strstr(page, from);
    if (!CHECK(at != NULL)) return;
    size_t n = (size_t)(at - page);
    int size = snprintf(text, sizeof text, "%.*s%s%s", (int)n, page, to, at + strlen(from));
    const struct seen *s = import_text(text, (size_t)size, false);
    CHECK_I64(s->status, warning ? RECORD_OK : RECORD_STOP);
    CHECK(!s->complete);
    if (warning) CHECK_STR(s->damage, warning);
}

static void test_contradictions(void)
{
    check_changed("[1,1,7\n", "[1,1,8\n", "references that lead to no node: 1");
    check_changed("[1,1,7\n", "[1,1,700\n", "references that lead to no node: 1");
    check_changed("2,3,7,32", "2,300,7,32", "names that are not among the strings: 1");
    check_changed("9,1,3,0,1", "9,1,3,0,0",
                  "references dropped that belong to no node: 1");
    check_changed("\"node_count\":9", "\"node_count\":8",
                  "the numbers of nodes and edges contradict the header or each other");
    check_changed("[9,0,1,0,2", "[77,0,1,0,2", "kinds that the header does not list: 1");
    check_changed("[9,0,1,0,2", "[9,0,1,0,99999999999", NULL);
    check_changed("[9,0,1,0,2", "[9,0,1,-5,2", NULL);
    check_changed(",6,9,56\n", ",6,9\n", NULL);
    check_changed("\"self_size\",", "", NULL);
    check_changed("\"edges\":", "\"nodes\":[],\"edges\":", NULL);
    check_changed("\"to_node\"", "\"to\"", NULL);
    check_changed("\"detachedness\"", "\"id\"", NULL);
    check_changed("\"node_count\":9", "\"root_index\":63,\"node_count\":9",
                  "the root is not among the nodes");
    check_changed("\"node_count\":9", "\"root_index\":3,\"node_count\":9", NULL);
    check_changed("\"strings\":", "\"stringz\":", NULL);
    check_changed("\"locations\":[]", "\"locations\":[7,1]", NULL);
    check_changed("\"locations\":[]", "\"locations\":[],\"locations\":[]", NULL);
    check_changed("\"samples\":", "\"edges\":[],\"samples\":", NULL);
    check_changed("\"samples\":", "\"strings\":[],\"samples\":", NULL);
    check_changed("\"nodes\":", "\"knots\":", NULL);
}

static void test_totals(void)
{
    struct import_totals totals;
    char path[] = "/tmp/snap-v8-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, page, sizeof page - 1) == (ssize_t)sizeof page - 1);
    close(fd);
    CHECK(import_totals(path, &totals));
    CHECK_U64(totals.objects, 9);
    CHECK_U64(totals.edges, 10);
    /* A lie does not go beyond what the file has room for. */
    fd = open(path, O_WRONLY | O_TRUNC);
    static const char lie[] = META(NODE_FIELDS, "", EDGE_FIELDS, "")
        ",\"node_count\":18446744073709551615,\"edge_count\":9223372036854775808},\"nodes\":[]}";
    CHECK(fd >= 0 && write(fd, lie, sizeof lie - 1) == (ssize_t)sizeof lie - 1);
    close(fd);
    CHECK(import_totals(path, &totals));
    CHECK(totals.objects < sizeof lie / 14 + 1);
    CHECK(totals.edges < sizeof lie / 6 + 1);
    fd = open(path, O_WRONLY | O_TRUNC);
    static const char bare[] = "{\"snapshot\":{\"node_count\":7,\"edge_count\":7}}";
    CHECK(fd >= 0 && write(fd, bare, sizeof bare - 1) == (ssize_t)sizeof bare - 1);
    close(fd);
    CHECK(!import_totals(path, &totals));
    unlink(path);
}

CU_MAIN("v8", { "objects", test_objects }, { "edges", test_edges }, { "stacks", test_stacks },
        { "places", test_places },
        { "contents", test_contents }, { "other_shape", test_other_shape },
        { "names of parts", test_parts }, { "cut", test_cut },
        { "contradictions", test_contradictions }, { "totals", test_totals })
