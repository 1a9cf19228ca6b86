/* SPDX-License-Identifier: MIT */
/*
 * The HPROF importer's state, shared by its files; not for others (they see import_hprof only).
 *
 *   hprof.c         the flow: two passes over the file, facts
 *   hprof_walk.c    records and sub-records, damage, both passes
 *   hprof_tables.c  first pass: names, classes, frames, threads, what sizes are inferred from
 *   hprof_layout.c  sizes of objects
 *   hprof_rows.c    second pass: objects, edges and roots as batches
 *   hprof_threads.c between the passes: names of threads
 *   hprof_plan.c    where the fields of a class's instances stand
 *   hprof_contents.c  hashes and previews of contents
 *   hprof_tally.c   objects by class in one pass, in place of rows
 *
 * Memory: the tables of names, classes, frames and threads (all small beside the objects), one
 * batch of each kind, 1 MiB of the file. Nothing is kept for an object.
 */
#ifndef SNAP_TOOLS_IMPORT_HPROF_PRIVATE_H
#define SNAP_TOOLS_IMPORT_HPROF_PRIVATE_H

#include "import/import.h"
#include "import/unwrap.h"
#include "info/u64map.h"

enum {
    HPROF_BUFFER = 1 << 20, /* the longest piece of a record that is looked at as a whole */
    HPROF_BATCH = 4096,
    HPROF_DEPTH = 1024,     /* superclasses of a class */
    HPROF_DEPTH_MANY = 16,  /* the same where so many classes are so deep that it would take long */
    HPROF_GAPS = 8,
    HPROF_MODELS = 16,
    HPROF_LAYOUTS = HPROF_MODELS / 2, /* of arrays, which have no superclass to fill up */
    HPROF_ALIGNMENTS = 6,   /* 8 to 256 */
    HPROF_CACHED = 256,
    HPROF_NONE = UINT32_MAX,
};
#define HPROF_MAX_NAMES (UINT64_C(1) << 30)
#define HPROF_MAX_STEPS (UINT64_C(1) << 24) /* of all classes to their superclasses */

enum hprof_field_type { HPROF_OBJECT = 2 };

struct hprof_field {
    uint64_t name;  /* string id in the file */
    uint64_t value; /* of a static field that refers to an object; 0: none */
    uint8_t type;
};

/** A reference among an instance's bytes. */
struct hprof_slot {
    uint64_t name; /* string id in the sink */
    uint32_t offset;
    uint8_t kind;  /* snap_edge_kind */
};

/** A primitive field among an instance's bytes, where values are asked for. */
struct hprof_value {
    uint64_t name; /* string id in the file */
    uint32_t offset;
    uint8_t type;
};

/** The class of buffers outside the heap, java.nio.DirectByteBuffer, and where its fields stand;
 *  HPROF_NONE: it has none such. */
struct hprof_buffers {
    uint64_t class_id; /* 0: not met yet */
    uint32_t capacity, attachment, cleaner, file;
};

/** Objects of one class. */
struct hprof_tally {
    uint64_t n;
    uint64_t instances, bodies; /* of them; bytes of their bodies */
    uint64_t elements;          /* of arrays */
    uint64_t bytes[HPROF_LAYOUTS]; /* of arrays */
};

struct hprof_class {
    uint64_t id, name, super, loader, signers, domain; /* name: string id in the file */
    uint32_t instance_size;
    bool defined;  /* a CLASS_DUMP was there */
    bool sticky;   /* the runtime never unloads it */
    size_t field, n_fields, n_statics; /* instance fields, then static ones, in hprof.fields */
    uint64_t min_gap; /* to the next object's address; 0: not known */
    uint64_t type; /* type id in the sink, 0: not sent yet */
    uint64_t type_name; /* string id in the sink */
    uint64_t size; /* of an instance, once the model is known */
    uint64_t ordinal;
    bool planned;
    size_t slot, n_slots;
    size_t value, n_values;
    uint32_t state_offset; /* of Reference.next, which is null while a finalizer waits; or NONE */
    uint32_t length_offset; /* of the field that counts a collection's elements; or NONE */
    uint8_t length_type;
    struct hprof_tally tally;
};

/** How a runtime lays objects out. */
struct hprof_model {
    unsigned ref, header, array; /* bytes: a reference, the header, that of an array */
    bool android;                /* sizes as the dump states them */
    bool fill_super;             /* gaps of the superclass are used (JDK 15 and later) */
};

struct hprof_vote {
    uint64_t matches, violations;
};

/** How arrays agree with a layout before the alignment is known: of those that end before the next
 *  object begins, how many end fewer than 8, else 16, ... else 256 bytes before it. */
struct hprof_array_vote {
    uint64_t within[HPROF_ALIGNMENTS], violations;
};

struct hprof_thread {
    uint64_t object, name; /* name: string id in the file */
    uint32_t serial, trace;
    char *label; /* its name as the thread's object has it; NULL: not found */
};

struct hprof_trace {
    size_t frame;
    uint32_t n, thread;
    uint64_t stack; /* in the sink */
};

struct hprof_frame {
    uint64_t id, method, source, sent; /* sent: frame id in the sink */
    uint32_t class_serial;
    int32_t line;
};

struct hprof_text {
    size_t at;
    uint32_t size;
    uint64_t sent;
};

/** One object or root as a pass meets it. */
struct hprof_object {
    uint64_t id, class_id, bytes; /* bytes: of an instance's body */
    uint64_t length;
    uint32_t trace;
    uint8_t tag, type;
    const unsigned char *body; /* of an instance */
};

struct hprof_root {
    uint64_t object;
    uint32_t thread, frame;
    uint8_t tag;
};

struct hprof_batches;  /* hprof_rows.c */
struct hprof_contents; /* hprof_contents.c */
struct hprof_search;   /* hprof_threads.c */

struct hprof {
    const char *path;
    const struct record_sink *sink;
    const struct import_options *options;
    struct import_result *result;
    bool second, stopped, no_memory;
    bool counting;     /* objects are only counted */
    bool again;        /* a first pass for the second time */
    uint64_t stop_at;  /* offset where a pass ends; UINT64_MAX: the file's end */

    /* The file. */
    struct unwrap *in;
    unsigned char *buffer;
    size_t at, end;
    uint64_t base;      /* offset of buffer[0] */
    uint64_t left;      /* of the record that is being read */
    unsigned id_size;
    uint64_t time_ms;
    unsigned version;   /* 1, 2 or 3: of 1.0.x */
    bool cut, bad;      /* the file ended; a sub-record makes no sense */
    uint64_t lost;      /* bytes passed over as damaged */
    uint64_t heap_bytes;

    /* Tables. */
    char *text;
    size_t text_size, text_cap;
    struct hprof_text *names;
    size_t n_names, names_cap;
    struct u64map name_of;   /* string id to index + 1 */
    struct hprof_class *classes;
    size_t n_classes, classes_cap;
    struct u64map class_of;  /* class id to index + 1 */
    struct { uint64_t id; size_t index; } cached[HPROF_CACHED]; /* of it; id 0: free */
    struct u64map class_serial;
    struct hprof_field *fields;
    size_t n_fields, fields_cap;
    struct hprof_slot *slots;
    size_t n_slots, slots_cap;
    struct hprof_value *values;
    size_t n_values, values_cap;
    struct hprof_buffers buffers;
    struct hprof_frame *frames;
    size_t n_frames, frames_cap;
    struct u64map frame_of;
    struct hprof_trace *traces;
    size_t n_traces, traces_cap;
    struct u64map trace_of;
    uint64_t *trace_frames;
    size_t n_trace_frames, trace_frames_cap;
    struct hprof_thread *threads;
    size_t n_threads, threads_cap;
    struct u64map thread_of; /* serial to index + 1 */
    struct u64map stack_of;  /* parent << 32 | frame to stack */
    struct u64map array_type[16];
    uint64_t next_string, next_type, next_frame, next_stack;
    uint64_t primitive_type[16], unknown_type;

    /* Inference. */
    struct hprof_vote vote[HPROF_MODELS];
    struct hprof_array_vote array_vote[HPROF_LAYOUTS];
    struct hprof_object last; /* the object before */
    size_t last_class;        /* its class's index, of an instance */
    uint64_t first_address, differing; /* bits in which addresses differ */
    uint64_t n_objects;
    struct hprof_model model;
    unsigned layout;          /* of arrays: index among HPROF_LAYOUTS */
    unsigned alignment;
    unsigned depth;       /* superclasses that are looked at */
    const char *inferred;
    uint64_t class_size;  /* of a class object without its static fields */

    struct hprof_tally primitive[16];
    uint64_t class_type;  /* of class objects */

    struct hprof_batches *batches;
    struct hprof_contents *contents;
    struct hprof_search *search; /* while names of threads are looked for */
};

/* Helpers; false after a failure that is noted. */
bool hprof_sent(struct hprof *h, int status);
bool hprof_grow(struct hprof *h, void *array, size_t *cap, size_t need, size_t size);
bool hprof_no_memory(struct hprof *h);
void hprof_damage(struct hprof *h, uint64_t offset, const char *text);
uint64_t hprof_number(const unsigned char *p, unsigned n);
unsigned hprof_type_size(const struct hprof *h, unsigned type); /* 0: no such type */

/* hprof_walk.c: one pass; false when stopped or without memory. */
bool hprof_walk(struct hprof *h);
/* `n` bytes of the sub-record, valid until the next call; NULL where it has fewer. */
const unsigned char *hprof_take(struct hprof *h, size_t n);
bool hprof_pass_over(struct hprof *h, uint64_t n);

/* hprof.c: opens the file at its first record. False after a message. */
bool hprof_rewind(struct hprof *h);

/* hprof_threads.c: finds the names of threads that the dump does not tell; while it walks, instances
 * whose body is wanted and arrays (`size` bytes follow) go to the others. */
bool hprof_search_threads(struct hprof *h);
bool hprof_search_wants(const struct hprof *h, uint64_t id);
bool hprof_search_instance(struct hprof *h, const struct hprof_object *o);
bool hprof_search_array(struct hprof *h, const struct hprof_object *o, uint64_t size);

/* hprof_tables.c. */
bool hprof_add_record(struct hprof *h, unsigned tag);
bool hprof_add_class(struct hprof *h);
struct hprof_class *hprof_class_get(struct hprof *h, uint64_t id); /* NULL: no memory */
struct hprof_class *hprof_class_find(const struct hprof *h, uint64_t id);
/* The same as hprof_class_get and hprof_class_find, quick for the classes of most objects. */
struct hprof_class *hprof_class_near(struct hprof *h, uint64_t id, bool make);
bool hprof_note_object(struct hprof *h, const struct hprof_object *o);
bool hprof_note_root(struct hprof *h, const struct hprof_root *r);
struct record_text hprof_text_of(const struct hprof *h, uint64_t name);
bool hprof_class_is(const struct hprof *h, const struct hprof_class *c, const char *name);
void hprof_tables_free(struct hprof *h);

/* hprof_layout.c. */
void hprof_infer(struct hprof *h);
uint64_t hprof_array_size(const struct hprof_model *m, unsigned alignment, unsigned element,
                          uint64_t n);
/* The sizes of an array under each layout. */
void hprof_array_sizes(const struct hprof *h, const struct hprof_object *o,
                       uint64_t sizes[HPROF_LAYOUTS]);
void hprof_vote_array(struct hprof *h, const struct hprof_object *o, uint64_t gap);

/* hprof_rows.c. */
bool hprof_send_types(struct hprof *h);
bool hprof_rows_begin(struct hprof *h);
/* The size of a class object. */
uint64_t hprof_class_bytes(const struct hprof *h, const struct hprof_class *c);
bool hprof_put_object(struct hprof *h, const struct hprof_object *o);
bool hprof_put_elements(struct hprof *h, uint64_t first, const unsigned char *at, size_t n);
bool hprof_put_root(struct hprof *h, const struct hprof_root *r);
bool hprof_rows_end(struct hprof *h);
/* A name of the file as a string of the sink; 0 where there is none. */
bool hprof_send_name(struct hprof *h, uint64_t name, uint64_t *id);
/* Of the object that was put last. */
void hprof_put_hash(struct hprof *h, uint64_t hash);
bool hprof_put_value(struct hprof *h, struct record_text text);

/* hprof_tally.c: counts; sends them in place of rows; guesses how many the whole file has. */
bool hprof_tally_object(struct hprof *h, const struct hprof_object *o, struct hprof_class *c);
bool hprof_tally_again(struct hprof *h);
bool hprof_tally_send(struct hprof *h);
bool hprof_tally_estimate(struct hprof *h, const char *path, struct import_totals *totals);

/* hprof_plan.c: where the references and, if asked for, the values of an instance stand. */
bool hprof_plan(struct hprof *h, struct hprof_class *c);
/* The bytes outside the heap that an instance of a planned class alone owns; 0: none. */
uint64_t hprof_native_bytes(const struct hprof *h, const struct hprof_object *o);

/* hprof_contents.c. */
bool hprof_contents_new(struct hprof *h);
void hprof_contents_free(struct hprof *h);
/* After the first pass: the key of the hashes. */
void hprof_contents_key(struct hprof *h);
/* First pass: is the body of such an instance wanted? Then it is to be noted. */
bool hprof_contents_wants(struct hprof *h, uint64_t class_id);
bool hprof_contents_note_string(struct hprof *h, const struct hprof_object *o);
/* The `size` bytes of an array of primitives, which was noted or put just now. */
bool hprof_read_contents(struct hprof *h, const struct hprof_object *o, uint64_t size);
/* The primitive fields of the instance that was put last. */
bool hprof_put_fields(struct hprof *h, const struct hprof_class *c, const struct hprof_object *o);

#endif
