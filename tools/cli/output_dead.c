/* SPDX-License-Identifier: MIT */
/* Temporary files without a writer; the contract is in output_dead.h. */
#include "output_dead.h"

#ifndef __linux__

int output_mark_alive(int fd)
{
    (void)fd;
    return 0;
}

void output_remove_dead(const char *target)
{
    (void)target;
}

#else

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "text.h"

/* File systems of one machine, where locks of flock(2) and those of fcntl(2), which SQLite takes, do
 * not meet. */
static bool dead_is_local(int fd)
{
    static const unsigned long local[] = {
        0xef53,     /* ext2, ext3, ext4 */
        0x58465342, /* XFS */
        0x9123683e, /* Btrfs */
        0xf2f52010, /* F2FS */
        0x2fc12fc1, /* ZFS */
        0x01021994, /* tmpfs */
        0x858458f6, /* ramfs */
        0x794c7630, /* overlayfs, of containers */
    };
    struct statfs fs;
    if (fstatfs(fd, &fs)) return false;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (((unsigned long)fs.f_type & 0xffffffff) == local[i]) return true;
    return false;
}

int output_mark_alive(int fd)
{
    struct stat st;
    if (!dead_is_local(fd)) return 0;
    if (flock(fd, LOCK_EX | LOCK_NB)) return errno == EWOULDBLOCK ? EEXIST : errno;
    if (fstat(fd, &st)) return errno;
    return st.st_nlink ? 0 : EEXIST;
}

/* Is this the name of a temporary file for `base`? As output.c makes it: of long ones the beginning
 * counts, which is no harm, since a living writer's is not removed. */
static bool dead_is_name(const char *name, const char *base)
{
    size_t n = strnlen(base, 200);
    if (name[0] != '.' || strncmp(name + 1, base, n) != 0) return false;
    const char *end = name + 1 + n;
    return strlen(end) == 13 && end[0] == '.' && strspn(end + 1, "0123456789abcdef") == 8 &&
           strcmp(end + 9, ".tmp") == 0;
}

/* Removes one if nobody writes it. While this process has the lock, nobody else begins to. */
static void dead_remove(int dir, const char *name)
{
    struct stat st, now;
    struct text journal = { 0 };
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return;
    bool ours = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
                (st.st_mode & 07777) == 0600;
    if (ours && dead_is_local(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == st.st_ino &&
        now.st_dev == st.st_dev && unlinkat(dir, name, 0) == 0) {
        text_addf(&journal, "%s-journal", name);
        if (!journal.failed) unlinkat(dir, text_str(&journal), 0);
    }
    text_free(&journal);
    close(fd);
}

void output_remove_dead(const char *target)
{
    const char *slash = strrchr(target, '/');
    struct text path = { 0 };
    if (!slash) text_adds(&path, ".");
    else text_add(&path, target, slash == target ? 1 : (size_t)(slash - target));
    DIR *d = path.failed ? NULL : opendir(text_str(&path));
    text_free(&path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (dead_is_name(e->d_name, slash ? slash + 1 : target)) dead_remove(dirfd(d), e->d_name);
    closedir(d);
}

#endif
