/* SPDX-License-Identifier: MIT */
/*
 * The loader's state, shared by its files; not for others (they include load.h).
 *
 *   load.c      the flow: files, the sink of records, strings at the end
 *   ahead.c     records from a second thread, which reads and decodes
 *   snapshot.c  a snapshot from its rows to its tables
 *   statement.c errors, warnings, statements
 *   define.c    definitions: names, types, frames, stacks, modules, threads
 *   facts.c     snapshot, label, metadata, counter, sample, warning, memory_map
 *   tables.c    object, detail
 *   references.c ref, referrer
 *   direct.c    the big tables' way into the file, past SQLite, by btree.c; rows.c the way through it
 *   shared.c    native memory that several objects share
 *   native.c    native blocks, allocation events, their sums by site
 *   lists.c     the ordered lists, addresses, the cumulative histogram
 *   summary.c   types, sites, packages, roots, cycles
 *   globals.c   variables that live as long as the process
 *   script_globals.c variables of scripts of JavaScript
 *   hubs.c      the objects that most references lead to
 *   class_path.c the dominator tree folded by type
 *   complete.c  references added later
 *
 * Functions return 0, or LOADER_STOP after they have said why.
 */
#ifndef SNAP_TOOLS_DB_LOADER_H
#define SNAP_TOOLS_DB_LOADER_H

#include <sqlite3.h>

#include "db/capture.h"
#include "db/direct.h"
#include "db/intern.h"
#include "db/load.h"
#include "db/resolve.h"
#include "db/rows.h"
#include "db/strings.h"
#include "heap/order.h"
#include "import/import.h"
#include "info/u64map.h"

enum { LOADER_STOP = RECORD_STOP };

/* A key with a value, as labels and metadata come. */
struct pair {
    uint32_t snapshot; /* 0: the file */
    bool is_label;
    uint32_t key, value; /* numbers of texts */
};

struct counter {
    uint32_t name;
    int64_t value;
};

/* Records kept once for all snapshots; see intern.h. All fields are numbers of texts or rows, 0 for
 * none, and there is no padding. */
struct module_record {
    uint64_t start, end;
    uint32_t path, build_id; /* build id: text in hexadecimal */
};

struct frame_record {
    uint64_t address;
    uint32_t function, file, line, module, language, padding;
};

struct stack_record {
    uint32_t parent, frame;
};

struct type_record {
    snap_type type;
    uint32_t name, module; /* numbers of texts */
};

struct thread_record {
    snap_thread thread;
    uint64_t id; /* of the row in the file */
    uint32_t name, stack;
};

/* What one allocation site did; see native.c. */
struct native_sum {
    uint64_t n_blocks, block_size, n_allocated, allocated_size, n_live, live_size;
};

/* The last event of an address. */
struct native_live {
    uint64_t size;
    uint32_t stack;
    bool is_live;
};

struct native {
    struct native_sum *sum; /* by row of the stack, 0 for none */
    uint32_t n_sums;
    size_t sum_cap;
    struct u64map live_index; /* address to index in live[] */
    struct native_live *live;
    size_t n_live, live_cap;
    uint64_t n_blocks, block_size;
};

/* The file that is being read. */
struct source_file {
    const char *path;
    const struct import_format *format;
    struct import_result result;
    struct capture_definitions definitions;
    struct type_record *type;
    size_t n_types, type_cap;
    struct idmap module, frame;
    uint32_t *module_row, *frame_row;
    size_t module_cap, frame_cap;
    struct pair *pair;
    size_t n_pairs, pair_cap;
    uint32_t n_snapshots; /* begun so far */
    struct native native; /* events that belong to no snapshot */
};

/* Native memory that several objects share; see shared.c. */
struct shared {
    struct heap_blocks blocks; /* over the arrays below; n is 0 where there is none */
    uint64_t *address, *size;  /* by block */
    uint32_t *off, *node;
    uint64_t *stored; /* by place in node[]: the object's native size as the source has it */
};

/* What capture.native has at objects that share: what the source says; nothing, for the graph core;
 * the block once, at the object that it counts to (known after the analysis). */
enum shared_sizes { SHARED_STORED, SHARED_APART, SHARED_ONCE };

/* The snapshot that is being read, or written. */
struct snapshot {
    bool open;
    uint32_t number; /* in the file */
    int64_t id;
    bool has_begin, has_finish, damaged;
    uint64_t wall_ns, mono_ns;
    uint32_t reason; /* number of a text */
    snap_finish finish;
    struct capture capture;
    struct counter *counter;
    size_t n_counters, counter_cap;
    struct thread_record *thread;
    size_t n_threads, thread_cap;
    struct native native;

    bool complete;
    struct resolved resolved;
    struct global {
        uint32_t module, name; /* numbers of texts, 0: none */
        uint32_t node;
    } *global;
    size_t n_globals, global_cap;
    struct shared shared;
    struct heap_graph graph;
    struct heap_analysis analysis;
    uint32_t *type;  /* by row: index of the type */
    uint32_t *stack; /* by row: row of the stack, HEAP_NONE; NULL without sites */
    uint32_t *order; /* rows by retained size descending, while lists are written */
    uint64_t *own, *own_native; /* sizes by row; native ones counted once, NULL without */
    uint32_t n_types;
    int64_t type_base;      /* id of the type with index 0 */
    int64_t component_base; /* id of component 0 */
    int64_t thread_base;    /* id of thread 0 */
    int64_t first_id;
    bool has_refs;
};

struct loader {
    const struct load_options *options;
    struct load_result *result;
    sqlite3 *db;
    struct rows *rows;
    bool two; /* threads where they pay */
    struct direct *direct; /* NULL: all tables through SQLite */
    const char *output; /* for messages */
    struct budget budget;  /* arrays of one snapshot: all free again when it is written */
    struct budget lasting; /* definitions and texts, for as long as the load lasts */
    struct strings strings;
    struct intern modules, frames, stacks;
    uint32_t *stack_depth; /* by number of the stack - 1 */
    size_t stack_depth_cap;
    struct source_file file;
    struct snapshot now;
    int64_t next_snapshot, next_id, next_type, next_component, next_root, next_thread, next_global;
    uint64_t warnings;
    size_t strings_there; /* names that the database had before */
};

/* ---- errors ---- */

int loader_no_memory(struct loader *l);
/* SQLite's last error, with what was being done. */
int loader_sqlite(struct loader *l, const char *doing);
/* A result of the graph core. */
int loader_heap(struct loader *l, enum heap_status status);
/* A warning about the current file: to stderr and into the table. `snapshot` may be 0. */
int loader_warn(struct loader *l, int64_t snapshot, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* At the end: how many there were, where not all were shown. */
void loader_warned(const struct loader *l);

/* ---- statements ---- */

int loader_exec(struct loader *l, const char *sql);
int loader_prepare(struct loader *l, sqlite3_stmt **out, const char *sql);
/* Steps an INSERT and makes it ready for the next row. */
int loader_insert(struct loader *l, sqlite3_stmt *q);
int loader_direct(struct loader *l);
int loader_rows(struct loader *l, const char *table, const struct rows_source *source);
/* The same for rows in two halves, which are made and written at once in two threads (direct.h):
 * `next` of either changes nothing but what is its own. The first is not empty. */
int loader_halves(struct loader *l, const char *table, const struct rows_source half[2]);
/* Where rows 0 .. n_rows-1 are few, they are all in the first half. */
enum { LOADER_HALVES_FROM = 512 };
static inline uint32_t loader_middle(uint32_t n_rows)
{
    return n_rows < LOADER_HALVES_FROM ? n_rows : n_rows / 2;
}
/* Binds the text with this number; null for 0. */
void loader_bind_text(struct loader *l, sqlite3_stmt *q, int at, uint32_t number);
/* Binds a number; null where it is 0. */
void loader_bind_id(sqlite3_stmt *q, int at, int64_t value);

/* ---- parts ---- */

/* The snapshot that is read: begins one with this number in the file; ends it, where one is open
 * (resolves, analyses, writes, frees); gives up what there is of it. */
int snapshot_begin(struct loader *l, uint32_t number);
int snapshot_end(struct loader *l);
void snapshot_free(struct snapshot *s);
double loader_cpu_now(void);

/* The definitions' half of the sink; `opaque` is the loader. */
int define_string(void *opaque, uint64_t id, struct record_text text);
int define_type(void *opaque, uint64_t id, const snap_type *type);
int define_frame(void *opaque, uint64_t id, const snap_frame *frame);
int define_stack(void *opaque, uint64_t id, uint64_t parent, uint64_t frame);
int define_module(void *opaque, uint64_t id, const snap_module *module);
void define_forget_file(struct source_file *f);
/* Rows of `module`, `frame`, `stack` and `string`, once all snapshots are in. */
int define_write(struct loader *l);
/* The row of a thread of the current snapshot by its id in the file; 0 for none. */
int64_t define_thread_row(const struct snapshot *s, uint64_t id);

/* The uuid of a file as text; "" where it has none. */
void facts_uuid(const struct import_result *r, char out[37]);
int facts_write(struct loader *l, struct snapshot *s);
/* `object`; `detail`, and what is found on the way. */
int objects_write(struct loader *l, struct snapshot *s);
int details_write(struct loader *l, struct snapshot *s);
int roots_write(struct loader *l, struct snapshot *s);
/* Finds what is shared among the objects that stay, once references are resolved. */
int shared_find(struct loader *l, struct snapshot *s);
void shared_sizes(struct snapshot *s, enum shared_sizes which);
int shared_write(struct loader *l, struct snapshot *s);
void shared_free(struct shared *h);
/* Rows as they come; without a snapshot, events of the file. Then the sums by site. */
int native_blocks(struct loader *l, struct snapshot *s, const struct record_batch *b);
int native_events(struct loader *l, struct snapshot *s, const struct record_batch *b);
int native_write(struct loader *l, struct snapshot *s);
void native_free(struct native *n);
int lists_write(struct loader *l, struct snapshot *s);
/* Changes s->type while it works. */
int prefixes_write(struct loader *l, struct snapshot *s);
/* `ref` and `referrer`. Of the analysis only node and row_of are read, of the capture only the
 * references, of which nothing stays. */
int references_write(struct loader *l, struct snapshot *s);
/* In place of all of them, when a database is completed: see complete.c. */
int complete_snapshot(struct loader *l, struct snapshot *s);
int summary_write(struct loader *l, struct snapshot *s);
/* Globals: found in what was resolved, with the names of references and the details of objects;
 * written when objects have their rows. */
int globals_find(struct loader *l, struct snapshot *s);
int globals_write(struct loader *l, struct snapshot *s);
/* Those that are variables of scripts. */
int script_globals_find(struct loader *l, struct snapshot *s);
/* One more of them. */
int globals_add(struct loader *l, uint32_t module, uint32_t name, uint32_t node);
/* Who refers to the largest hubs: found from types and references of the capture, then written.
 * False without memory; *out is to be freed in any case. */
struct hubs;
bool hubs_find(struct loader *l, const struct snapshot *s, struct hubs **out);
int hubs_write(const struct hubs *h);
void hubs_free(struct hubs *h);
/* The same for the tree of types. Neither asks the database, so that another thread can look for
 * them; of a snapshot that is written they read types, own sizes, references and the analysis. */
struct folding;
bool class_path_find(struct loader *l, const struct snapshot *s, struct folding **out);
int class_path_write(struct folding *f);
void class_path_free(struct folding *f);

/* The node, and the row, of the object with this id in the source; HEAP_NONE if there is none.
 * O(log objects). */
uint32_t loader_node_of_id(const struct snapshot *s, uint64_t id);
uint32_t loader_row_of_id(const struct snapshot *s, uint64_t id);

static inline int64_t loader_object_id(const struct snapshot *s, uint32_t row)
{
    return s->first_id + row;
}

/* For whoever goes through the rows: asks for what the rows ahead have in packed columns by node, in
 * two steps: where the values are, then the values. */
#define LOADER_AHEAD 32u
static inline void loader_prefetch(const struct heap_analysis *a, uint32_t row,
                                   const struct packed *const *column, size_t n)
{
    uint32_t far = row + LOADER_AHEAD, near = row + LOADER_AHEAD / 2;
    uint32_t far_node = far < a->n_rows ? a->node[far] : HEAP_NONE;
    uint32_t near_node = near < a->n_rows ? a->node[near] : HEAP_NONE;
    for (size_t i = 0; i < n; i++) {
        if (far_node != HEAP_NONE) packed_prefetch_block(column[i], far_node);
        if (near_node != HEAP_NONE) packed_prefetch(column[i], near_node);
    }
}

/* The text of a file's metadata key, that of the snapshot before that of the file; 0 if none. */
uint32_t facts_metadata(const struct loader *l, const struct snapshot *s, const char *key);
uint32_t facts_label(const struct loader *l, const struct snapshot *s, const char *key);
bool facts_metadata_is(const struct loader *l, const struct snapshot *s, const char *key,
                       const char *value);
/* Which references hold, by the metadata `edges.rule`. */
struct resolve_how facts_resolve_how(struct loader *l, const struct snapshot *s);

#endif
