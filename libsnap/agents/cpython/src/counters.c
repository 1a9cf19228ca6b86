/* SPDX-License-Identifier: MIT */
/*
 * Process counters and facts. The contract is in counters.h.
 */
#define _GNU_SOURCE
#include "counters.h"

#include "layout.h"
#include "memroom.h"

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <snap/version.h>

#define TEXT_SIZE 8192

void counters_add(struct counters *counters, const char *name, int64_t value)
{
    if (counters->n == COUNTERS_MAX) return;
    snprintf(counters->entries[counters->n].name, sizeof(counters->entries[0].name), "%s", name);
    counters->entries[counters->n++].value = value;
}

static void add_known(struct counters *counters, const char *name, uint64_t value, uint64_t unit)
{
    if (value != UINT64_MAX && value <= INT64_MAX / unit)
        counters_add(counters, name, (int64_t)(value * unit));
}

static void add_fields(struct counters *counters, const char *path, const char *const (*fields)[2],
                       size_t n)
{
    char text[TEXT_SIZE];

    if (memroom_read_file(path, text, sizeof(text)) == 0) return;
    for (size_t i = 0; i < n; i++)
        add_known(counters, fields[i][0], memroom_field(text, fields[i][1]), 1024);
}

static void add_memory(struct counters *counters)
{
    static const char *const status[][2] = {
        { "rss", "VmRSS" },          { "rss.anonymous", "RssAnon" }, { "rss.file", "RssFile" },
        { "rss.shmem", "RssShmem" }, { "vm.swap", "VmSwap" },
    };
    static const char *const rollup[][2] = { { "pss", "Pss" } };
    char text[TEXT_SIZE];

    add_fields(counters, "/proc/self/status", status, sizeof(status) / sizeof(status[0]));
    add_fields(counters, "/proc/self/smaps_rollup", rollup, 1);
    if (memroom_read_file("/proc/self/status", text, sizeof(text)) > 0)
        add_known(counters, "threads", memroom_field(text, "Threads"), 1);
}

/* mallinfo2 came with glibc 2.33; other allocators that are preloaded may have neither. */
static void add_malloc(struct counters *counters)
{
    struct sizes {
        size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks,
            keepcost;
    };
    struct sizes (*ask)(void);

    *(void **)&ask = dlsym(RTLD_DEFAULT, "mallinfo2");
    if (ask == NULL) return;
    struct sizes info = ask();
    counters_add(counters, "malloc.arena", (int64_t)info.arena);
    counters_add(counters, "malloc.mmap", (int64_t)info.hblkhd);
    counters_add(counters, "malloc.in_use", (int64_t)(info.uordblks + info.hblkhd));
    counters_add(counters, "malloc.free", (int64_t)info.fordblks);
    counters_add(counters, "malloc.releasable", (int64_t)info.keepcost);
}

static void add_descriptors(struct counters *counters)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t n = -3; /* ".", ".." and the directory itself */

    if (dir == NULL) return;
    while (readdir(dir) != NULL) n++;
    closedir(dir);
    counters_add(counters, "fds", n);
}

/* Field 22 of /proc/self/stat; the command before it may hold spaces and parentheses. */
static uint64_t start_ticks(void)
{
    char text[1024];

    if (memroom_read_file("/proc/self/stat", text, sizeof(text)) == 0) return 0;
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++) at = strchr(at + 1, ' ');
    unsigned long long ticks = 0;
    if (at != NULL) sscanf(at, "%llu", &ticks);
    return ticks;
}

static void add_uptime(struct counters *counters)
{
    struct timespec now;
    uint64_t ticks = start_ticks();
    long hz = sysconf(_SC_CLK_TCK);

    if (ticks == 0 || hz <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return;
    int64_t since_boot = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    counters_add(counters, "uptime_ns",
                 since_boot - (int64_t)(ticks * (1000000000 / (uint64_t)hz)));
}

void counters_system(struct counters *counters)
{
    struct memroom room;

    add_memory(counters);
    add_malloc(counters);
    add_descriptors(counters);
    add_uptime(counters);
    memroom_get(&room);
    add_known(counters, "memory.available", room.available, 1);
    add_known(counters, "cgroup.limit", room.cgroup_limit, 1);
    add_known(counters, "cgroup.usage", room.cgroup_usage, 1);
}

void counters_runtime(struct counters *counters)
{
    struct gc_stats stats;

    layout_gc_stats(&stats);
    for (int i = 0; i < 3; i++) {
        const struct {
            const char *name;
            int64_t value;
        } numbers[] = {
            { "gc.collections", stats.collections[i] },     { "gc.collected", stats.collected[i] },
            { "gc.uncollectable", stats.uncollectable[i] }, { "gc.count", stats.count[i] },
            { "gc.threshold", stats.threshold[i] },
        };
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            char name[40];
            snprintf(name, sizeof(name), "%s.%d", numbers[k].name, i);
            counters_add(counters, name, numbers[k].value);
        }
    }
    counters_add(counters, "gc.enabled", stats.enabled);
}

/* A number with commas between its digits; *end: after it. */
static uint64_t grouped_number(const char *text, const char **end)
{
    uint64_t value = 0;

    while (*text == ' ' || *text == '=') text++;
    for (; (*text >= '0' && *text <= '9') || *text == ','; text++) {
        if (*text != ',') value = value * 10 + (uint64_t)(*text - '0');
    }
    *end = text;
    return value;
}

/* A row of the table of size classes: class, size, pools, blocks in use, blocks free. */
static uint64_t blocks_in_row(const char *line)
{
    uint64_t numbers[5];

    for (int i = 0; i < 5; i++) {
        const char *end;
        numbers[i] = grouped_number(line, &end);
        if (end == line || strspn(line, " ") == (size_t)(end - line)) return 0;
        line = end;
    }
    return *line == '\n' ? numbers[3] : 0;
}

void counters_pymalloc(const char *text, void (*add)(void *ctx, const char *name, int64_t value),
                       void *ctx)
{
    static const char arenas[] = "# arenas allocated current";
    static const char bytes[] = " bytes/arena";
    static const char in_use[] = "# bytes in allocated blocks";
    uint64_t blocks = 0;
    const char *end;

    if (*text == '\0') return;
    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *per_arena = strstr(line, bytes);
        const char *next = strchr(line, '\n');
        if (strncmp(line, arenas, sizeof(arenas) - 1) == 0)
            add(ctx, "pymalloc.arenas", (int64_t)grouped_number(line + sizeof(arenas) - 1, &end));
        else if (strncmp(line, in_use, sizeof(in_use) - 1) == 0)
            add(ctx, "pymalloc.in_use", (int64_t)grouped_number(line + sizeof(in_use) - 1, &end));
        else if (per_arena != NULL && next != NULL && per_arena < next)
            add(ctx, "pymalloc.arena_bytes",
                (int64_t)grouped_number(per_arena + sizeof(bytes) - 1, &end));
        else
            blocks += blocks_in_row(line);
    }
    add(ctx, "pymalloc.blocks", (int64_t)blocks);
}

/* ---- facts ----------------------------------------------------------------------------------- */

void facts_add(struct facts *facts, const char *key, const char *value)
{
    if (facts->n == FACTS_MAX || value == NULL || *value == '\0') return;
    facts->entries[facts->n].key = key;
    size_t size = strnlen(value, FACT_SIZE - 1);
    memcpy(facts->entries[facts->n].value, value, size);
    facts->entries[facts->n++].value[size] = '\0';
}

static void add_process(struct facts *facts)
{
    char text[1024];

    snprintf(text, sizeof(text), "%ld", (long)getpid());
    facts_add(facts, "process.pid", text);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)start_ticks());
    facts_add(facts, "process.start", text);
    if (memroom_read_file("/proc/self/cmdline", text, sizeof(text)) > 0) {
        const char *slash = strrchr(text, '/');
        facts_add(facts, "process.argv0", slash != NULL ? slash + 1 : text);
    }
    if (gethostname(text, sizeof(text)) == 0) {
        text[sizeof(text) - 1] = '\0';
        facts_add(facts, "host.name", text);
    }
    if (memroom_read_file("/proc/sys/kernel/random/boot_id", text, sizeof(text)) > 0) {
        text[strcspn(text, "\n")] = '\0';
        facts_add(facts, "host.boot_id", text);
    }
}

void facts_collect(struct facts *facts)
{
    const char *version = Py_GetVersion();
    char text[FACT_SIZE];
    size_t size = strcspn(version, " ");
    char compiler[FACT_SIZE];

    /* The compiler stands in brackets, on a line of its own. */
    const char *bracket = strchr(Py_GetCompiler(), '[');
    snprintf(compiler, sizeof(compiler), "%.100s", bracket != NULL ? bracket + 1 : "");
    compiler[strcspn(compiler, "]")] = '\0';
    facts->n = 0;
    snprintf(text, sizeof(text), "%.*s", (int)size, version);
    facts_add(facts, "runtime.name", "cpython");
    facts_add(facts, "runtime.version", text);
    facts_add(facts, "runtime.implementation", compiler);
    facts_add(facts, "writer.name", "heapsnap");
    facts_add(facts, "writer.version", SNAP_VERSION_STRING);
    facts_add(facts, "id.kind", "address");
    facts_add(facts, "id.stable", "yes");
    facts_add(facts, "size.model", "cpython-allocator");
    add_process(facts);
}
