/* SPDX-License-Identifier: MIT */
/*
 * What a load will take, before it begins. See load.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/text.h"
#include "db/load.h"
#include "import/import.h"

/* Measured on heaps of CPython and on generated ones of up to 50 million objects: tests/bench. */
#define DATABASE_BYTES      (UINT64_C(1) << 19)
#define BYTES_PER_OBJECT    96u
#define BYTES_PER_REF       34u
#define BYTES_PER_NATIVE    24u
#define SECONDS_PER_OBJECT  0.8e-6 /* elapsed, two threads */
#define SECONDS_PER_REF     0.25e-6
#define SECONDS_PER_NATIVE  0.5e-6
#define SECONDS_PER_REF_OUT 0.15e-6 /* read and analysed, but not written */
/* Of memory, at the peak. No load was seen that takes less: whoever is refused has no way. */
#define MEMORY_PER_OBJECT 80u
#define MEMORY_PER_REF    4u
/* For files that do not announce their rows. */
#define FILE_BYTES_PER_OBJECT 8u
#define REFS_PER_OBJECT       3u

/* A load that takes longer is announced. */
#define LONG_SECONDS 2.0

static uint64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

/* Snapshots are loaded one after the other; the largest has at least its share. */
static double memory_of(const struct import_totals *t)
{
    double snapshots = t->snapshots ? (double)t->snapshots : 1;
    return ((double)t->objects * MEMORY_PER_OBJECT + (double)t->edges * MEMORY_PER_REF) / snapshots;
}

static uint64_t clipped(double bytes)
{
    return bytes < 9e18 ? (uint64_t)bytes : UINT64_C(9000000000000000000);
}

struct load_estimate load_estimate(const char *const *paths, size_t n, bool summary)
{
    /* As floating point: announced numbers may be anything. */
    double objects = 0, refs = 0, native = 0, memory = 0;
    for (size_t i = 0; i < n; i++) {
        struct import_totals t;
        if (import_totals(paths[i], &t)) {
            objects += (double)t.objects;
            refs += (double)t.edges;
            native += (double)t.native;
            double peak = t.guessed ? 0 : memory_of(&t);
            if (peak > memory) memory = peak;
        } else {
            double guess = (double)file_size(paths[i]) / FILE_BYTES_PER_OBJECT;
            objects += guess;
            refs += guess * REFS_PER_OBJECT;
        }
    }
    double bytes = DATABASE_BYTES + objects * BYTES_PER_OBJECT +
                   (summary ? 0 : refs * BYTES_PER_REF) + native * BYTES_PER_NATIVE;
    return (struct load_estimate){
        .database_size = clipped(bytes),
        .memory = clipped(memory),
        .seconds = objects * SECONDS_PER_OBJECT + native * SECONDS_PER_NATIVE +
                   refs * (summary ? SECONDS_PER_REF_OUT : SECONDS_PER_REF),
    };
}

/* Bytes that can still be written where `database` is to be; false where nobody knows. */
static bool free_room(const char *database, uint64_t *bytes)
{
    struct statvfs v;
    struct text directory = { 0 };
    const char *slash = strrchr(database, '/');
    if (slash) text_add(&directory, database, (size_t)(slash - database) + 1);
    bool found = !directory.failed && statvfs(slash ? text_str(&directory) : ".", &v) == 0;
    if (found) *bytes = (uint64_t)v.f_bavail * v.f_frsize;
    text_free(&directory);
    return found;
}

int load_check_room(const char *database, const char *name, const char *hint,
                    const struct load_estimate *e)
{
    char need[NUMBER_MAX], room_text[NUMBER_MAX], time_text[NUMBER_MAX];
    uint64_t room;
    number_size(need, e->database_size);
    if (e->seconds >= LONG_SECONDS)
        message_note("%s: needs about %s of disk and %s", name, need,
                     number_duration(time_text, (uint64_t)(e->seconds < 1e9 ? e->seconds * 1e9
                                                                            : 1e18)));
    if (!free_room(database, &room) || e->database_size <= room) return 0;
    return message_error(name, MESSAGE_NO_OFFSET, hint,
                         "the database needs about %s, the disk has %s", need,
                         number_size(room_text, room));
}
