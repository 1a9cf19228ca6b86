/* SPDX-License-Identifier: MIT */
/*
 * See cache.h. A database that another process has open can be removed: it stays readable there.
 */
#include "db/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/text.h"
#include "db/schema.h"

#define CACHE_SIZE_DEFAULT (UINT64_C(4) << 30)
#define READ_SIZE ((size_t)1 << 20)
/* 32 digits of the content's hash, 16 of the size, 16 of the schema's hash, two hyphens, ".db". */
#define NAME_SIZE (32 + 1 + 16 + 1 + 16 + 3)
/* The name of one that is being made has a dot before that and this behind it: cli/output.h. */
#define UNFINISHED_END 13 /* ".XXXXXXXX.tmp" */
/* A load writes all the time; who has not for so long was killed. */
#define UNFINISHED_SECONDS (6 * 3600)

/* Is this a directory of the user's own that nobody else writes to? Made where it is missing. */
static bool usable(const char *path, bool make)
{
    struct stat st;
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST) return false;
    if (lstat(path, &st) != 0) return false;
    if (S_ISLNK(st.st_mode) && stat(path, &st) != 0) return false;
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}

char *cache_directory(void)
{
    struct text t = { 0 };
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg && xdg[0] == '/') {
        text_adds(&t, xdg);
    } else if (home && home[0] == '/') {
        text_addf(&t, "%s/.cache", home);
    } else {
        return NULL;
    }
    mkdir(text_str(&t), 0700);
    text_adds(&t, "/snap");
    if (t.failed || !usable(text_str(&t), true)) {
        text_free(&t);
        return NULL;
    }
    return t.s;
}

/* Hash of all bytes of a file, and their number; false with errno. */
static bool hash_file(const char *path, XXH128_hash_t *hash, uint64_t *size)
{
    bool ok = false;
    int saved;
    void *buffer = malloc(READ_SIZE);
    XXH3_state_t *state = XXH3_createState();
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    *size = 0;
    if (!buffer || !state || fd < 0) goto err0;
    XXH3_128bits_reset(state);
    for (;;) {
        ssize_t n = read(fd, buffer, READ_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) goto err0;
        if (n == 0) break;
        XXH3_128bits_update(state, buffer, (size_t)n);
        *size += (uint64_t)n;
    }
    *hash = XXH3_128bits_digest(state);
    ok = true;

err0:
    saved = errno;
    if (fd >= 0) close(fd);
    XXH3_freeState(state);
    free(buffer);
    errno = saved;
    return ok;
}

char *cache_name(const char *directory, const char *path)
{
    XXH128_hash_t hash;
    uint64_t size;
    struct text t = { 0 };
    if (!hash_file(path, &hash, &size)) return NULL;
    text_addf(&t, "%s/%016llx%016llx-%016llx-%016llx.db", directory,
              (unsigned long long)hash.high64, (unsigned long long)hash.low64,
              (unsigned long long)size,
              (unsigned long long)XXH3_64bits(db_schema, strlen(db_schema)));
    if (!t.failed) return t.s;
    text_free(&t);
    errno = ENOMEM;
    return NULL;
}

void cache_touch(const char *name)
{
    utimensat(AT_FDCWD, name, NULL, 0);
}

/* One database in the cache. */
struct entry {
    char name[NAME_SIZE + 1];
    uint64_t size;
    struct timespec used;
};

static bool is_ours(const char *name)
{
    if (strlen(name) != NAME_SIZE || strcmp(name + NAME_SIZE - 3, ".db") != 0) return false;
    for (size_t i = 0; i < NAME_SIZE - 3; i++) {
        if (i == 32 || i == 49) {
            if (name[i] != '-') return false;
        } else if (!strchr("0123456789abcdef", name[i])) {
            return false;
        }
    }
    return true;
}

/* Is this what a killed load has left? Its journal, if it has one, goes with it. */
static bool is_left_over(const char *name, const struct stat *st)
{
    char made[NAME_SIZE + 1];
    if (name[0] != '.' || strlen(name) < 1 + NAME_SIZE + UNFINISHED_END) return false;
    memcpy(made, name + 1, NAME_SIZE);
    made[NAME_SIZE] = 0;
    const char *end = name + 1 + NAME_SIZE + UNFINISHED_END;
    return is_ours(made) && memcmp(end - 4, ".tmp", 4) == 0 &&
           (*end == 0 || strcmp(end, "-journal") == 0) && S_ISREG(st->st_mode) &&
           st->st_mtime < time(NULL) - UNFINISHED_SECONDS;
}

static int compare_used(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    if (a->used.tv_sec != b->used.tv_sec) return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    if (a->used.tv_nsec != b->used.tv_nsec) return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* All databases in the directory, the longest unused first; returns how many. Removes what killed
 * loads have left. */
static size_t list_entries(int dir, struct entry **out)
{
    size_t n = 0, cap = 0;
    *out = NULL;
    int fd = dup(dir);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        if (fd >= 0) close(fd);
        return 0;
    }
    rewinddir(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (is_left_over(e->d_name, &st)) unlinkat(dir, e->d_name, 0);
        if (!is_ours(e->d_name) || !S_ISREG(st.st_mode)) continue;
        if (n == cap) {
            size_t more = cap ? cap * 2 : 64;
            struct entry *p = realloc(*out, more * sizeof *p);
            if (!p) break;
            *out = p;
            cap = more;
        }
        struct entry *x = &(*out)[n++];
        memcpy(x->name, e->d_name, NAME_SIZE + 1);
        x->size = (uint64_t)st.st_size;
        x->used = st.st_mtim;
    }
    closedir(d);
    if (n) qsort(*out, n, sizeof **out, compare_used);
    return n;
}

static uint64_t size_limit(const char *directory, uint64_t total)
{
    uint64_t limit = CACHE_SIZE_DEFAULT, wanted;
    static bool warned; /* once a process */
    const char *text = getenv("SNAP_CACHE_SIZE");
    struct statvfs v;
    if (text && number_parse_size(text, &wanted))
        limit = wanted;
    else if (text && !warned)
        message_warning("SNAP_CACHE_SIZE", MESSAGE_NO_OFFSET, "\"%s\" is no size; try 10G", text);
    warned = true;
    if (statvfs(directory, &v) == 0) {
        uint64_t room = ((uint64_t)v.f_bavail * v.f_frsize + total) / 4;
        if (room < limit) limit = room;
    }
    return limit;
}

/* What the cache held when it was listed, with what this process expected to add since: who loads
 * thousands of files need not list thousands of databases for each. Others may add to it meanwhile,
 * so it is listed again now and then. */
struct tally {
    uint64_t total;
    unsigned left; /* loads until it is listed again */
};

static bool has_room(struct tally *t, const char *directory, uint64_t incoming)
{
    if (!t->left) return false;
    uint64_t limit = size_limit(directory, t->total);
    if (t->total > limit || incoming > limit - t->total) return false;
    t->total += incoming;
    t->left--;
    return true;
}

void cache_trim(const char *directory, uint64_t incoming, const char *keep)
{
    enum { LISTED_EVERY = 64 };
    static struct tally known;
    struct entry *entries;
    uint64_t total = 0;
    if (has_room(&known, directory, incoming)) return;
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return;
    const char *slash = keep ? strrchr(keep, '/') : NULL;
    const char *keep_name = slash ? slash + 1 : keep;
    size_t n = list_entries(dir, &entries);
    for (size_t i = 0; i < n; i++) total += entries[i].size;
    uint64_t limit = size_limit(directory, total);
    for (size_t i = 0; i < n && (total > limit || incoming > limit - total); i++) {
        if (keep_name && strcmp(entries[i].name, keep_name) == 0) continue;
        if (unlinkat(dir, entries[i].name, 0) == 0) total -= entries[i].size;
    }
    known = (struct tally){ total + incoming, LISTED_EVERY };
    free(entries);
    close(dir);
}
