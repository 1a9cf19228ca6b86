/* SPDX-License-Identifier: MIT */
/*
 * The numbers of the file format: limits, kinds of chunks, columns, and the registered values of
 * kind, flag and state fields. The specification (format/snap-format.md) and the registry
 * (format/registry.md) are normative; a test holds this header against them.
 *
 * Writers and readers exchange rows as the structures below. Conventions for all of them:
 *  - Sizes are in bytes. Ids of strings, types, frames, stacks, threads and modules start at 1;
 *    0 means "none". Object ids are whatever the runtime has (an address, mostly).
 *  - `have` says by SNAP_HAS_* bits which optional fields hold a value; a field whose bit is clear
 *    is null and is not looked at. A structure grows only by fields with a new bit, so that a
 *    caller built against an older header stays valid.
 */
#ifndef SNAP_FORMAT_H
#define SNAP_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <snap/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- limits (specification, section "Limits") ------------------------------------------- */

#define SNAP_FILE_HEADER_SIZE  48u
#define SNAP_CHUNK_HEADER_SIZE 64u
#define SNAP_TRAILER_SIZE      32u
/** Rows in one chunk. */
#define SNAP_MAX_CHUNK_ROWS    65536u
/** Bytes of one chunk's payload, decompressed as well as stored. */
#define SNAP_MAX_CHUNK_BYTES   (16u << 20)
/** Columns in one chunk. */
#define SNAP_MAX_COLUMNS       64u
/** Bytes of one part of a string; a longer string is written as numbered parts. */
#define SNAP_MAX_STRING_PART   (1u << 20)
/** Bytes of a whole string. */
#define SNAP_MAX_STRING        (1u << 28)
/** Bytes of a key, a value, a counter's name, a reason, a preview. */
#define SNAP_MAX_TEXT          65536u
/** Bytes of a module's build id. */
#define SNAP_MAX_BUILD_ID      1024u
/** Any size or length field: at most 2^63-1. */
#define SNAP_MAX_SIZE          INT64_MAX

/* ---- kinds of chunks -------------------------------------------------------------------- */

typedef enum snap_kind {
    SNAP_KIND_METADATA = 1,   /**< key, value: facts about the file or one snapshot */
    SNAP_KIND_LABEL = 2,      /**< key, value: the user's own names for the service */
    SNAP_KIND_COUNTER = 3,    /**< name, value: process counters of one snapshot */
    SNAP_KIND_STRING = 4,     /**< definitions: bytes with an id */
    SNAP_KIND_TYPE = 5,       /**< definitions: a class, or what the runtime has for one */
    SNAP_KIND_FRAME = 6,      /**< definitions: a place in the program */
    SNAP_KIND_STACK = 7,      /**< definitions: prefix tree of frames */
    SNAP_KIND_THREAD = 8,     /**< threads of one snapshot */
    SNAP_KIND_MODULE = 9,     /**< definitions: loaded files */
    SNAP_KIND_BEGIN = 10,     /**< a snapshot begins */
    SNAP_KIND_FINISH = 11,    /**< a snapshot ends */
    SNAP_KIND_OBJECT = 12,    /**< objects of one snapshot */
    SNAP_KIND_EDGE = 13,      /**< references of one snapshot */
    SNAP_KIND_ROOT = 14,      /**< GC roots of one snapshot */
    SNAP_KIND_BLOCK = 15,     /**< native blocks alive in one snapshot */
    SNAP_KIND_EVENT = 16,     /**< allocation events in time order */
    SNAP_KIND_SAMPLE = 17,    /**< a counter's value at a time */
    SNAP_KIND_VALUE = 18,     /**< previews of object contents (only when asked for) */
    SNAP_KIND_INDEX = 19,     /**< where the chunks are */
    SNAP_KIND_TOTAL = 20,     /**< rows and bytes by kind; the last chunk of a whole file */
    SNAP_KIND_LAST = 20,      /**< the largest kind that this header knows */
    SNAP_KIND_PRIVATE = 32768 /**< from here on: private use, never registered */
} snap_kind;

/* ---- columns (numbers are per kind; "sparse" ones may lack a value in some rows) ----------- */

enum {
    /* METADATA, LABEL, COUNTER, SAMPLE, VALUE: texts stand inside the row */
    SNAP_COL_PAIR_KEY = 1,   /**< bytes, UTF-8: key or counter name */
    SNAP_COL_PAIR_VALUE = 2, /**< bytes (METADATA, LABEL) */
    SNAP_COL_PAIR_NUMBER = 3,/**< number, zigzag (COUNTER, SAMPLE) */
    SNAP_COL_PAIR_TIME = 4,  /**< SAMPLE: monotonic nanoseconds */

    SNAP_COL_STRING_BYTES = 1, /**< the part's bytes */
    SNAP_COL_STRING_PART = 2,  /**< number of the part, from 0; absent when all are whole strings */
    SNAP_COL_STRING_TOTAL = 3, /**< bytes of the whole string, where it has parts; sparse */

    SNAP_COL_TYPE_NAME = 1,    /**< string id */
    SNAP_COL_TYPE_MODULE = 2,  /**< string id of the package or module; sparse */
    SNAP_COL_TYPE_KIND = 3,    /**< snap_type_kind */
    SNAP_COL_TYPE_FLAGS = 4,   /**< SNAP_TYPE_* */
    SNAP_COL_TYPE_SIZE = 5,    /**< bytes of an instance without its variable part; sparse */
    SNAP_COL_TYPE_OBJECT = 6,  /**< id of the class object; sparse */
    SNAP_COL_TYPE_BASE = 7,    /**< type id of the base class, defined before; sparse */
    SNAP_COL_TYPE_LOADER = 8,  /**< object id of the class loader; sparse */

    SNAP_COL_FRAME_FUNCTION = 1, /**< string id */
    SNAP_COL_FRAME_FILE = 2,     /**< string id; sparse */
    SNAP_COL_FRAME_LINE = 3,     /**< from 1; sparse */
    SNAP_COL_FRAME_MODULE = 4,   /**< module id; sparse */
    SNAP_COL_FRAME_LANGUAGE = 5, /**< snap_language */
    SNAP_COL_FRAME_ADDRESS = 6,  /**< program counter, for native frames; sparse */

    SNAP_COL_STACK_PARENT = 1, /**< stack id of the caller, defined before; sparse (outermost) */
    SNAP_COL_STACK_FRAME = 2,  /**< frame id */

    SNAP_COL_THREAD_ID = 1,     /**< the runtime's identifier */
    SNAP_COL_THREAD_OS_ID = 2,  /**< the kernel's thread id; sparse */
    SNAP_COL_THREAD_NAME = 3,   /**< string id; sparse */
    SNAP_COL_THREAD_STACK = 4,  /**< stack id at the time of the snapshot; sparse */
    SNAP_COL_THREAD_OBJECT = 5, /**< object id of the thread object; sparse */

    SNAP_COL_MODULE_PATH = 1,     /**< string id */
    SNAP_COL_MODULE_BUILD_ID = 2, /**< bytes; sparse */
    SNAP_COL_MODULE_START = 3,    /**< first address; sparse */
    SNAP_COL_MODULE_END = 4,      /**< address after the last; sparse */

    SNAP_COL_BEGIN_REASON = 1, /**< bytes, UTF-8: who asked */
    SNAP_COL_BEGIN_WALL = 2,   /**< nanoseconds since 1970-01-01 UTC */
    SNAP_COL_BEGIN_MONO = 3,   /**< nanoseconds of the monotonic clock */

    SNAP_COL_FINISH_OBJECTS = 1, /**< rows of the snapshot, to be checked by the reader */
    SNAP_COL_FINISH_EDGES = 2,
    SNAP_COL_FINISH_ROOTS = 3,
    SNAP_COL_FINISH_FLAGS = 4, /**< SNAP_FINISH_* */
    SNAP_COL_FINISH_MONO = 5,  /**< nanoseconds of the monotonic clock */

    SNAP_COL_OBJECT_ID = 1,
    SNAP_COL_OBJECT_TYPE = 2,       /**< type id */
    SNAP_COL_OBJECT_SHALLOW = 3,    /**< bytes */
    SNAP_COL_OBJECT_NATIVE = 4,     /**< bytes; sparse */
    SNAP_COL_OBJECT_FLAGS = 5,      /**< SNAP_OBJECT_*; absent: 0 */
    SNAP_COL_OBJECT_REFCOUNT = 6,   /**< sparse */
    SNAP_COL_OBJECT_GENERATION = 7, /**< sparse */
    SNAP_COL_OBJECT_LENGTH = 8,     /**< elements in use; sparse */
    SNAP_COL_OBJECT_CAPACITY = 9,   /**< elements allocated; sparse */
    SNAP_COL_OBJECT_HASH = 10,      /**< keyed 64-bit hash of the contents; sparse */
    SNAP_COL_OBJECT_STACK = 11,     /**< stack id of the allocation; sparse */
    SNAP_COL_OBJECT_NAME = 12,      /**< string id: the object's own name (a task); sparse */
    SNAP_COL_OBJECT_RESOURCE = 13,  /**< snap_resource; sparse */
    SNAP_COL_OBJECT_STATE = 14,     /**< snap_state; sparse */
    SNAP_COL_OBJECT_BOUND = 15,     /**< declared maximum of elements, such as maxsize; sparse */
    SNAP_COL_OBJECT_BUFFER = 16,    /**< address of the native block, to count it once; sparse */

    SNAP_COL_EDGE_SOURCE = 1,         /**< ordinal of the source object in its snapshot */
    SNAP_COL_EDGE_TARGET = 2,         /**< object id; exactly one of this and the next is present */
    SNAP_COL_EDGE_TARGET_ORDINAL = 3, /**< ordinal of the target object */
    SNAP_COL_EDGE_KIND = 4,           /**< snap_edge_kind */
    SNAP_COL_EDGE_FLAGS = 5,          /**< SNAP_EDGE_*; absent: 0 */
    SNAP_COL_EDGE_NAME = 6,           /**< string id; sparse */
    SNAP_COL_EDGE_KEY_HASH = 7,       /**< keyed 24-bit hash of a key not written out; sparse */
    SNAP_COL_EDGE_INDEX = 8,          /**< position, where it is not the last one plus 1; sparse */

    SNAP_COL_ROOT_OBJECT = 1,         /**< object id; exactly one of this and the next is present */
    SNAP_COL_ROOT_OBJECT_ORDINAL = 2, /**< ordinal of the object */
    SNAP_COL_ROOT_KIND = 3,           /**< snap_root_kind */
    SNAP_COL_ROOT_NAME = 4,           /**< string id: global or local name; sparse */
    SNAP_COL_ROOT_THREAD = 5,         /**< thread row id; sparse */
    SNAP_COL_ROOT_FRAME = 6,          /**< frame id; sparse */
    SNAP_COL_ROOT_DEPTH = 7,          /**< frame's position in its thread, 0 = innermost; sparse */

    SNAP_COL_BLOCK_ADDRESS = 1,
    SNAP_COL_BLOCK_SIZE = 2,   /**< bytes */
    SNAP_COL_BLOCK_STACK = 3,  /**< stack id; sparse */
    SNAP_COL_BLOCK_DOMAIN = 4, /**< allocator domain; sparse */
    SNAP_COL_BLOCK_OWNER = 5,  /**< object id of the object that owns it; sparse */

    SNAP_COL_EVENT_TIME = 1,    /**< monotonic nanoseconds */
    SNAP_COL_EVENT_OP = 2,      /**< snap_event_op */
    SNAP_COL_EVENT_ADDRESS = 3,
    SNAP_COL_EVENT_SIZE = 4,    /**< bytes; sparse (a free has none) */
    SNAP_COL_EVENT_STACK = 5,   /**< stack id; sparse */
    SNAP_COL_EVENT_THREAD = 6,  /**< the kernel's thread id; sparse */

    SNAP_COL_VALUE_OBJECT = 5,  /**< ordinal of the object; text in SNAP_COL_PAIR_VALUE */

    SNAP_COL_INDEX_OFFSET = 1,   /**< byte offset of the chunk header */
    SNAP_COL_INDEX_KIND = 2,
    SNAP_COL_INDEX_ROWS = 3,
    SNAP_COL_INDEX_SNAPSHOT = 4,
    SNAP_COL_INDEX_FIRST = 5,
    SNAP_COL_INDEX_STORED = 6,   /**< payload bytes in the file */

    SNAP_COL_TOTAL_KIND = 1,
    SNAP_COL_TOTAL_CHUNKS = 2,
    SNAP_COL_TOTAL_ROWS = 3,
    SNAP_COL_TOTAL_RAW = 4,      /**< payload bytes, decompressed */
    SNAP_COL_TOTAL_STORED = 5    /**< payload bytes in the file */
};

/* ---- registered values ------------------------------------------------------------------- */

typedef enum snap_type_kind {
    SNAP_TYPE_OTHER = 0,    /**< nothing more is known */
    SNAP_TYPE_CLASS = 1,    /**< instances of a class of the program or its libraries */
    SNAP_TYPE_BUILTIN = 2,  /**< instances of a class of the runtime */
    SNAP_TYPE_META = 3,     /**< class objects */
    SNAP_TYPE_ARRAY = 4,
    SNAP_TYPE_STRING = 5,
    SNAP_TYPE_CODE = 6,     /**< compiled code, functions */
    SNAP_TYPE_NATIVE = 7,   /**< memory outside the managed heap */
    SNAP_TYPE_INTERNAL = 8  /**< the runtime's own bookkeeping */
} snap_type_kind;

/** Type flags. */
#define SNAP_TYPE_FIXED_SIZE 1u /**< an instance cannot change its shallow size */
#define SNAP_TYPE_HAS_FINALIZER 2u /**< instances run code when they die */
#define SNAP_TYPE_HAS_DICT 4u   /**< instances carry an attribute dictionary each */
#define SNAP_TYPE_TRACKED 8u    /**< instances take part in cycle collection */
#define SNAP_TYPE_NATIVE_UNKNOWN 16u /**< instances may own memory that no size counts */
#define SNAP_TYPE_SHAPE 32u     /**< instances tell how other objects are laid out (V8's hidden classes) */
#define SNAP_TYPE_SYNTHETIC 64u /**< instances are no objects: the source groups others by them */

typedef enum snap_language {
    SNAP_LANGUAGE_UNKNOWN = 0,
    SNAP_LANGUAGE_C = 1,
    SNAP_LANGUAGE_PYTHON = 2,
    SNAP_LANGUAGE_JAVA = 3,
    SNAP_LANGUAGE_JAVASCRIPT = 4,
    SNAP_LANGUAGE_RUBY = 5
} snap_language;

/** Object flags. */
#define SNAP_OBJECT_TRACKED   0x001u /**< known to the cycle collector */
#define SNAP_OBJECT_FROZEN    0x002u /**< moved out of the collector's sight (gc.freeze) */
#define SNAP_OBJECT_FINALIZED 0x004u /**< its finalizer has run */
#define SNAP_OBJECT_IMMORTAL  0x008u /**< the runtime never frees it */
#define SNAP_OBJECT_INTERNED  0x010u
#define SNAP_OBJECT_STATIC    0x020u /**< not allocated: part of a loaded file */
#define SNAP_OBJECT_CLASS     0x040u /**< a class object */
#define SNAP_OBJECT_SUSPENDED 0x080u /**< a coroutine or generator that waits */
#define SNAP_OBJECT_RUNNING   0x100u /**< a coroutine, generator or frame in execution */
#define SNAP_OBJECT_WEAKREFED 0x200u /**< weak references to it exist */
#define SNAP_OBJECT_UNCOLLECTABLE 0x400u /**< the collector found it in a cycle it cannot free */
#define SNAP_OBJECT_DETACHED  0x800u /**< detached from the document it belonged to */

/** Bits of snap_object.have. */
#define SNAP_HAS_NATIVE     0x001u
#define SNAP_HAS_REFCOUNT   0x002u
#define SNAP_HAS_GENERATION 0x004u
#define SNAP_HAS_LENGTH     0x008u
#define SNAP_HAS_CAPACITY   0x010u
#define SNAP_HAS_HASH       0x020u
#define SNAP_HAS_RESOURCE   0x040u
#define SNAP_HAS_STATE      0x080u
#define SNAP_HAS_BOUND      0x100u
#define SNAP_HAS_BUFFER     0x200u

typedef enum snap_resource {
    SNAP_RESOURCE_FILE = 1,
    SNAP_RESOURCE_SOCKET = 2,
    SNAP_RESOURCE_PIPE = 3,
    SNAP_RESOURCE_DATABASE = 4,
    SNAP_RESOURCE_CURSOR = 5,
    SNAP_RESOURCE_EXECUTOR = 6,
    SNAP_RESOURCE_MAPPING = 7,
    SNAP_RESOURCE_PROCESS = 8,
    SNAP_RESOURCE_SELECTOR = 9
} snap_resource;

typedef enum snap_state { SNAP_STATE_OPEN = 1, SNAP_STATE_CLOSED = 2 } snap_state;

typedef enum snap_edge_kind {
    SNAP_EDGE_ATTRIBUTE = 1,  /**< a named field or attribute */
    SNAP_EDGE_ELEMENT = 2,    /**< a position in a sequence */
    SNAP_EDGE_KEY = 3,        /**< a mapping's key, a set's member */
    SNAP_EDGE_VALUE = 4,      /**< a mapping's value; the name or key hash is the key's */
    SNAP_EDGE_VARIABLE = 5,   /**< a captured variable (closure cell, context) */
    SNAP_EDGE_LOCAL = 6,      /**< a local variable of a suspended or running frame */
    SNAP_EDGE_INTERNAL = 7,   /**< a reference that the runtime itself holds */
    SNAP_EDGE_TYPE = 8,       /**< from an instance to its class */
    SNAP_EDGE_STATIC = 9,     /**< a static field of a class */
    SNAP_EDGE_WEAK = 10,      /**< holds nothing */
    SNAP_EDGE_SOFT = 11,      /**< holds while memory suffices */
    SNAP_EDGE_PHANTOM = 12,   /**< holds nothing */
    SNAP_EDGE_FINALIZER = 13, /**< referent of a finalizer record */
    SNAP_EDGE_EPHEMERON = 14, /**< value of a weak map: held while its key is */
    SNAP_EDGE_SHORTCUT = 15,  /**< repeats a path for people; holds nothing */
    SNAP_EDGE_HIDDEN = 16,    /**< not shown to people, but holds */
    SNAP_EDGE_RULED_OUT = 17  /**< holds nothing by the runtime's own rule, whatever it is */
} snap_edge_kind;

/** Edge flags. */
#define SNAP_EDGE_OWNS           1u /**< the source holds one counted reference by this edge */
#define SNAP_EDGE_HAS_KEY_HASH   2u /**< snap_edge.key_hash holds a value (not stored as a flag) */
#define SNAP_EDGE_HAS_INDEX      4u /**< snap_edge.index holds a value (not stored as a flag) */
#define SNAP_EDGE_TO_ORDINAL     8u /**< snap_edge.target is an ordinal (not stored as a flag) */

typedef enum snap_root_kind {
    SNAP_ROOT_UNKNOWN = 1,
    SNAP_ROOT_GLOBAL = 2,    /**< a global variable or a loaded module, by name */
    SNAP_ROOT_LOCAL = 3,     /**< a local variable of a thread's frame */
    SNAP_ROOT_THREAD = 4,    /**< a thread object or a thread's own data */
    SNAP_ROOT_TYPE = 5,      /**< the runtime's registry of types; system classes */
    SNAP_ROOT_INTERNED = 6,  /**< the table of interned strings */
    SNAP_ROOT_IMMORTAL = 7,  /**< never freed */
    SNAP_ROOT_EXTERNAL = 8,  /**< referenced more often than the heap explains: held from C */
    SNAP_ROOT_RUNTIME = 9,   /**< the runtime's own state */
    SNAP_ROOT_CALLBACK = 10, /**< exit handlers, signal handlers, hooks */
    SNAP_ROOT_TASK = 11,     /**< a suspended task that its scheduler holds */
    SNAP_ROOT_NATIVE_LOCAL = 12,
    SNAP_ROOT_NATIVE_GLOBAL = 13,
    SNAP_ROOT_NATIVE_STACK = 14,
    SNAP_ROOT_MONITOR = 15,
    SNAP_ROOT_THREAD_BLOCK = 16,
    SNAP_ROOT_FINALIZING = 17,
    SNAP_ROOT_DEBUGGER = 18,
    SNAP_ROOT_UNREACHABLE = 19 /**< kept by the dump although nothing reaches it */
} snap_root_kind;

typedef enum snap_event_op {
    SNAP_EVENT_ALLOC = 1,
    SNAP_EVENT_FREE = 2
} snap_event_op;

/** Flags of a snapshot's end. */
#define SNAP_FINISH_COMPLETE 1u /**< every object and edge that exists was written */

/* ---- rows ---------------------------------------------------------------------------------- */

typedef struct snap_type {
    uint64_t name;   /**< string id, required */
    uint64_t module; /**< string id or 0 */
    uint64_t object; /**< object id of the class object or 0 */
    uint64_t base;   /**< type id or 0 */
    uint64_t loader; /**< object id or 0 */
    uint64_t size;   /**< bytes of an instance without its variable part, or 0: unknown */
    uint32_t kind;   /**< snap_type_kind */
    uint32_t flags;  /**< SNAP_TYPE_* flags */
} snap_type;

typedef struct snap_frame {
    uint64_t function; /**< string id, required */
    uint64_t file;     /**< string id or 0 */
    uint64_t module;   /**< module id or 0 */
    uint64_t address;  /**< program counter or 0 */
    uint32_t line;     /**< from 1, or 0: unknown */
    uint32_t language; /**< snap_language */
} snap_frame;

typedef struct snap_thread {
    uint64_t id;     /**< the runtime's identifier */
    uint64_t os_id;  /**< the kernel's thread id or 0 */
    uint64_t name;   /**< string id or 0 */
    uint64_t stack;  /**< stack id or 0 */
    uint64_t object; /**< object id or 0 */
} snap_thread;

typedef struct snap_module {
    uint64_t path;            /**< string id, required */
    const uint8_t *build_id;  /**< bytes or NULL; not kept by the writer */
    size_t build_id_size;
    uint64_t start, end;      /**< addresses, both 0: unknown */
} snap_module;

typedef struct snap_begin {
    const char *reason;  /**< UTF-8, NUL-terminated, or NULL; not kept by the writer */
    size_t reason_size;  /**< bytes; filled by the reader; the writer uses strlen when 0 */
    uint64_t wall_ns;    /**< since 1970-01-01 UTC; 0: the writer asks the clock */
    uint64_t mono_ns;    /**< monotonic; 0: the writer asks the clock */
} snap_begin;

typedef struct snap_finish {
    uint64_t objects, edges, roots; /**< filled by the reader; the writer counts by itself */
    uint64_t mono_ns;               /**< 0: the writer asks the clock */
    uint32_t flags;                 /**< SNAP_FINISH_* */
} snap_finish;

typedef struct snap_object {
    uint64_t id;
    uint64_t type;         /**< type id, required when writing; 0 when its definition was lost */
    uint64_t shallow_size; /**< bytes that this object alone owns */
    uint32_t have;         /**< SNAP_HAS_* bits of the optional fields below */
    uint32_t flags;        /**< SNAP_OBJECT_* */
    uint64_t stack;        /**< stack id or 0 */
    uint64_t name;         /**< string id or 0 */
    uint64_t native_size;  /**< SNAP_HAS_NATIVE: bytes outside the managed heap */
    uint64_t refcount;     /**< SNAP_HAS_REFCOUNT */
    uint64_t length;       /**< SNAP_HAS_LENGTH */
    uint64_t capacity;     /**< SNAP_HAS_CAPACITY */
    uint64_t hash;         /**< SNAP_HAS_HASH */
    uint64_t bound;        /**< SNAP_HAS_BOUND */
    uint64_t buffer;       /**< SNAP_HAS_BUFFER: address of the native block */
    uint8_t generation;    /**< SNAP_HAS_GENERATION */
    uint8_t resource;      /**< SNAP_HAS_RESOURCE: snap_resource */
    uint8_t state;         /**< SNAP_HAS_STATE: snap_state */
} snap_object;

typedef struct snap_edge {
    uint64_t target;   /**< object id, or with SNAP_EDGE_TO_ORDINAL the target's ordinal */
    uint64_t name;     /**< string id or 0 */
    uint64_t index;    /**< SNAP_EDGE_HAS_INDEX: position; else the previous edge's plus 1 */
    uint32_t key_hash; /**< SNAP_EDGE_HAS_KEY_HASH: 24 bits */
    uint16_t kind;     /**< snap_edge_kind */
    uint16_t flags;    /**< SNAP_EDGE_* flags */
} snap_edge;

typedef struct snap_root {
    uint64_t object;     /**< object id, or its ordinal where `by_ordinal` */
    uint64_t name;       /**< string id or 0 */
    uint64_t thread;     /**< thread row id or 0 */
    uint64_t frame;      /**< frame id or 0 */
    uint32_t depth;      /**< position of the frame, 0 = innermost; looked at where frame is set */
    uint16_t kind;       /**< snap_root_kind */
    uint16_t by_ordinal; /**< 0 or 1; the same for every root of a snapshot */
} snap_root;

typedef struct snap_block {
    uint64_t address;
    uint64_t size;   /**< bytes */
    uint64_t stack;  /**< stack id or 0 */
    uint64_t domain; /**< allocator domain or 0 */
    uint64_t owner;  /**< object id or 0 */
} snap_block;

typedef struct snap_event {
    uint64_t mono_ns;
    uint64_t address;
    uint64_t size;   /**< bytes; 0 for a free */
    uint64_t stack;  /**< stack id or 0 */
    uint64_t thread; /**< the kernel's thread id or 0 */
    uint32_t op;     /**< snap_event_op */
} snap_event;

#ifdef __cplusplus
}
#endif

#endif
