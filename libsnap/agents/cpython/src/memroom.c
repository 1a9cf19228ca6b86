/* SPDX-License-Identifier: MIT */
/*
 * Head-room from MemAvailable and from control groups of version 1 and 2. The contract is in
 * memroom.h.
 */
#include "memroom.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define TEXT_SIZE 4096
#define PATH_SIZE 1024

size_t memroom_read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;

    buffer[0] = '\0';
    if (fd < 0) return 0;
    while (used < size - 1) {
        ssize_t n = read(fd, buffer + used, size - 1 - used);
        if (n <= 0) break;
        used += (size_t)n;
    }
    close(fd);
    buffer[used] = '\0';
    return used;
}

static uint64_t parse_number(const char *text)
{
    uint64_t value = 0;

    while (*text == ' ' || *text == '\t' || *text == ':') text++;
    if (*text < '0' || *text > '9') return UINT64_MAX;
    for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (uint64_t)(*text - '0');
    return value;
}

uint64_t memroom_field(const char *text, const char *key)
{
    size_t size = strlen(key);

    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, key, size) == 0 &&
            (line[size] == ' ' || line[size] == ':' || line[size] == '\t'))
            return parse_number(line + size);
    }
    return UINT64_MAX;
}

/* "directory" "group" "/" "file"; false: too long. */
static bool join(char *path, const char *directory, const char *group, const char *file)
{
    size_t a = strlen(directory), b = strlen(group), c = strlen(file);

    if (a + b + c + 2 > PATH_SIZE) return false;
    memcpy(path, directory, a);
    memcpy(path + a, group, b);
    path[a + b] = '/';
    memcpy(path + a + b + 1, file, c + 1);
    return true;
}

struct cgroup_files {
    const char *directory, *limit, *usage, *inactive;
};

static const struct cgroup_files version2 = { "/sys/fs/cgroup", "memory.max", "memory.current",
                                              "inactive_file" };
static const struct cgroup_files version1 = { "/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                              "memory.usage_in_bytes", "total_inactive_file" };

/* A limit of version 1 near the largest number means none. */
#define NO_LIMIT (UINT64_C(1) << 60)

static void look_at_group(const struct cgroup_files *files, const char *group, struct memroom *room)
{
    char path[PATH_SIZE], text[TEXT_SIZE];

    if (!join(path, files->directory, group, files->limit) ||
        memroom_read_file(path, text, sizeof(text)) == 0)
        return;
    uint64_t limit = parse_number(text);
    if (limit >= NO_LIMIT || !join(path, files->directory, group, files->usage) ||
        memroom_read_file(path, text, sizeof(text)) == 0)
        return;
    uint64_t usage = parse_number(text);
    if (usage == UINT64_MAX) return;
    if (join(path, files->directory, group, "memory.stat") &&
        memroom_read_file(path, text, sizeof(text)) > 0) {
        uint64_t inactive = memroom_field(text, files->inactive);
        usage -= inactive < usage ? inactive : 0;
    }
    uint64_t left = limit > usage ? limit - usage : 0;
    if (left < room->room) {
        room->room = left;
        room->cgroup_limit = limit;
        room->cgroup_usage = usage;
    }
}

/* A group and all above it: the least room counts. */
static void look_at_groups(const struct cgroup_files *files, const char *line, struct memroom *room)
{
    char group[PATH_SIZE];
    size_t size = strcspn(line, "\n");

    if (size >= sizeof(group)) return;
    memcpy(group, line, size);
    group[size] = '\0';
    if (strcmp(group, "/") == 0) group[0] = '\0';
    for (;;) {
        look_at_group(files, group, room);
        char *slash = strrchr(group, '/');
        if (slash == NULL) break;
        *slash = '\0';
    }
}

void memroom_get(struct memroom *room)
{
    char text[TEXT_SIZE];

    *room = (struct memroom){ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
    if (memroom_read_file("/proc/meminfo", text, sizeof(text)) > 0) {
        uint64_t kib = memroom_field(text, "MemAvailable");
        if (kib != UINT64_MAX) room->available = room->room = kib * 1024;
    }
    if (memroom_read_file("/proc/self/cgroup", text, sizeof(text)) == 0) return;
    const char *line = text;
    while (line != NULL && *line != '\0') {
        const char *colon = strchr(line, ':');
        const char *second = colon != NULL ? strchr(colon + 1, ':') : NULL;
        if (second == NULL) break;
        if (strncmp(line, "0::", 3) == 0)
            look_at_groups(&version2, second + 1, room);
        else if (memchr(colon, 'm', (size_t)(second - colon)) != NULL &&
                 strstr(colon, "memory") != NULL && strstr(colon, "memory") < second)
            look_at_groups(&version1, second + 1, room);
        line = strchr(line, '\n');
        line += line != NULL;
    }
}

uint64_t memroom_rss(void)
{
    char text[256];

    if (memroom_read_file("/proc/self/statm", text, sizeof(text)) == 0) return 0;
    const char *space = strchr(text, ' ');
    uint64_t pages = space != NULL ? parse_number(space) : UINT64_MAX;
    return pages == UINT64_MAX ? 0 : pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
