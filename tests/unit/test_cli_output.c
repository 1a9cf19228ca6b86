/* SPDX-License-Identifier: MIT */
/* Output files: whole or not there, devices never replaced, nothing left by a signal. */
#include "cu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/output.h"

/* In place of the C library's: names of temporary files are made of it, and can so be foreseen. */
static long nanoseconds = 1000;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){ 1700000000, nanoseconds };
    return 0;
}

static char dir[] = "/tmp/test_cli_output.XXXXXX";
static int saved_stderr;

/* Messages are expected here: they go to /dev/null. */
static void enter(void)
{
    if (strchr(dir, 'X') == NULL) return;
    int null = open("/dev/null", O_WRONLY);
    if (!mkdtemp(dir) || chdir(dir)) abort();
    saved_stderr = dup(2);
    dup2(null, 2);
    close(null);
}

static unsigned count_files(void)
{
    unsigned n = 0;
    DIR *d = opendir(".");
    for (struct dirent *e; d && (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static void put(const char *path, const char *s)
{
    FILE *f = fopen(path, "w");
    fputs(s, f);
    fclose(f);
}

static const char *get(const char *path)
{
    static char buffer[256];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(buffer, 1, sizeof buffer - 1, f) : 0;
    buffer[n] = 0;
    if (f) fclose(f);
    return buffer;
}

static void test_publish(void)
{
    struct output *o;
    struct stat st;
    enter();
    umask(0);
    if (!CHECK_I64(output_open(&o, "a.txt", 0), 0)) return;
    CHECK(access("a.txt", F_OK) != 0);
    CHECK(strncmp(output_temporary(o), ".a.txt.", 7) == 0);
    CHECK_STR(output_path(o), "a.txt");
    fputs("hello", output_stream(o));
    CHECK_I64(output_publish(o), 0);
    CHECK_STR(get("a.txt"), "hello");
    CHECK(stat("a.txt", &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_nlink == 1);
    CHECK_U64(count_files(), 1);
    unlink("a.txt");
}

/* Somebody foresaw the name of the temporary file, and put a link there, or a file. */
static void test_foreseen(void)
{
    struct output *o;
    char foreseen[256];
    put("victim", "mine");
    for (int as_link = 0; as_link < 2; as_link++) {
        nanoseconds += 1000;
        CHECK_I64(output_open(&o, "a.txt", 0), 0);
        snprintf(foreseen, sizeof foreseen, "%s", output_temporary(o));
        output_discard(o);
        CHECK(access(foreseen, F_OK) != 0);
        CHECK_I64((as_link ? symlink : link)("victim", foreseen), 0);
        CHECK_I64(output_open(&o, "a.txt", 0), 0);
        CHECK(strcmp(output_temporary(o), foreseen) != 0);
        fputs("secret", output_stream(o));
        CHECK_I64(output_publish(o), 0);
        CHECK_STR(get("victim"), "mine");
        CHECK_STR(get("a.txt"), "secret");
        unlink("a.txt");
        unlink(foreseen);
    }
    unlink("victim");
    CHECK_U64(count_files(), 0);
}

static void test_existing(void)
{
    struct output *o;
    put("b.txt", "old");
    CHECK_I64(output_open(&o, "b.txt", 0), STATUS_UNUSABLE);
    CHECK(o == NULL);
    CHECK_I64(output_open(&o, "b.txt", OUTPUT_FORCE), 0);
    CHECK_I64(write(output_fd(o), "new", 3), 3);
    CHECK_STR(get("b.txt"), "old");
    CHECK_I64(output_publish(o), 0);
    CHECK_STR(get("b.txt"), "new");
    CHECK_I64(output_open(&o, "b.txt", OUTPUT_FORCE), 0);
    output_discard(o);
    CHECK_STR(get("b.txt"), "new");
    CHECK_U64(count_files(), 1);
    unlink("b.txt");
    output_discard(NULL);
}

/* The name comes into being while the output is written. */
static void test_race(void)
{
    struct output *o;
    CHECK_I64(output_open(&o, "c.txt", 0), 0);
    put("c.txt", "somebody else's");
    CHECK_I64(output_publish(o), STATUS_UNUSABLE);
    CHECK_STR(get("c.txt"), "somebody else's");
    unlink("c.txt");
    CHECK_I64(output_open(&o, "c.txt", OUTPUT_FORCE), 0);
    CHECK_I64(mkfifo("c.txt", 0600), 0);
    CHECK_I64(output_publish(o), STATUS_UNUSABLE);
    struct stat st;
    CHECK(stat("c.txt", &st) == 0 && S_ISFIFO(st.st_mode));
    unlink("c.txt");
    CHECK_U64(count_files(), 0);
}

static void test_devices(void)
{
    struct output *o;
    struct stat before, after;
    CHECK_I64(stat("/dev/full", &before), 0);
    CHECK_I64(output_open(&o, "/dev/full", OUTPUT_FORCE), 0);
    CHECK(output_temporary(o) == NULL);
    fputs("x", output_stream(o));
    CHECK_I64(output_publish(o), STATUS_UNUSABLE);
    CHECK_I64(stat("/dev/full", &after), 0);
    CHECK(S_ISCHR(after.st_mode) && before.st_ino == after.st_ino);
    CHECK_I64(output_open(&o, "/dev/null", 0), 0);
    fputs("x", output_stream(o));
    CHECK_I64(output_publish(o), 0);
    CHECK_I64(output_open(&o, "/dev/null", OUTPUT_REGULAR | OUTPUT_FORCE), STATUS_UNUSABLE);
    CHECK_I64(output_open(&o, "-", OUTPUT_REGULAR), STATUS_UNUSABLE);
    CHECK_I64(output_open(&o, ".", OUTPUT_FORCE), STATUS_UNUSABLE);
    CHECK_I64(output_open(&o, "", 0), STATUS_UNUSABLE);
    CHECK_I64(output_open(&o, "no/such/dir", 0), STATUS_UNUSABLE);
}

static void test_stdout(void)
{
    struct output *o;
    CHECK_I64(output_open(&o, "-", 0), 0);
    CHECK(output_stream(o) == stdout);
    CHECK_I64(output_fd(o), 1);
    CHECK_I64(output_publish(o), 0);
    CHECK(fcntl(1, F_GETFD) != -1);
}

static void test_links(void)
{
    struct output *o;
    put("real", "old");
    CHECK_I64(symlink("real", "link"), 0);
    CHECK_I64(symlink("nowhere", "dangling"), 0);
    CHECK_I64(output_open(&o, "link", 0), STATUS_UNUSABLE);
    CHECK_I64(output_open(&o, "link", OUTPUT_FORCE), 0);
    fputs("new", output_stream(o));
    CHECK_I64(output_publish(o), 0);
    struct stat st;
    CHECK(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
    CHECK_STR(get("real"), "new");
    CHECK_I64(output_open(&o, "dangling", OUTPUT_FORCE), STATUS_UNUSABLE);
    unlink("real");
    unlink("link");
    unlink("dangling");
    CHECK_U64(count_files(), 0);
}

static void test_fifo(void)
{
    struct output *o;
    CHECK_I64(mkfifo("fifo", 0600), 0);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    CHECK_I64(output_open(&o, "fifo", 0), 0);
    fputs("through", output_stream(o));
    CHECK_I64(output_publish(o), 0);
    char got[16] = "";
    CHECK_I64(read(reader, got, sizeof got - 1), 7);
    CHECK_STR(got, "through");
    close(reader);
    unlink("fifo");
}

/* A killed program leaves nothing, and dies of the signal it got. */
static void test_signal(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            struct output *o;
            if (output_open(&o, "d.txt", 0)) _exit(9);
            fputs("half", output_stream(o));
            fflush(output_stream(o));
            raise(signals[i]);
            _exit(8);
        }
        int status = 0;
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
        CHECK_U64(count_files(), 0);
    }
}

/* A child that has begun to write `name`, with a journal beside; its end of the pipe keeps it waiting. */
static pid_t start_writer(const char *name, int *hold)
{
    int ends[2], ready[2];
    char byte;
    if (pipe(ends) || pipe(ready)) abort();
    pid_t child = fork();
    if (child == 0) {
        struct output *o;
        char journal[300];
        close(ends[1]);
        nanoseconds += 1000000 + getpid();
        if (output_open(&o, name, OUTPUT_FORCE)) _exit(9);
        snprintf(journal, sizeof journal, "%s-journal", output_temporary(o));
        put(journal, "");
        fputs("whole", output_stream(o));
        if (write(ready[1], "x", 1) != 1 || read(ends[0], &byte, 1) < 0) _exit(9);
        unlink(journal);
        _exit(output_publish(o) ? 7 : 0);
    }
    close(ends[0]);
    close(ready[1]);
    CHECK_I64(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *hold = ends[1];
    return child;
}

/* What a process left that was killed goes with the next writer of the same output, and nothing else
 * does: no living writer's file, none of another output, and none that only has such a name. */
static void test_killed(void)
{
    struct output *o;
    int hold_dead, hold_other, hold_alive, status;
    pid_t dead = start_writer("k.txt", &hold_dead), other = start_writer("k.txt2", &hold_other);
    kill(dead, SIGKILL);
    kill(other, SIGKILL);
    waitpid(dead, &status, 0);
    waitpid(other, &status, 0);
    CHECK_U64(count_files(), 4);
    pid_t alive = start_writer("k.txt", &hold_alive);
    CHECK_U64(count_files(), 4); /* the dead one's two are gone, two of a living one came */
    put(".k.txt.12345678.tmp", "a file with the rights of any other");
    mkfifo(".k.txt.12345679.tmp", 0600);
    CHECK_I64(symlink("k.txt", ".k.txt.1234567a.tmp"), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_I64(output_open(&o, "k.txt", OUTPUT_FORCE), 0);
        CHECK_U64(count_files(), 8);
        output_discard(o);
    }
    CHECK_U64(count_files(), 7);
    close(hold_alive);
    waitpid(alive, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_STR(get("k.txt"), "whole");
    CHECK_I64(output_open(&o, "k.txt2", 0), 0);
    CHECK_I64(output_publish(o), 0);
    CHECK_U64(count_files(), 5);
    static const char *const made[] = { "k.txt", "k.txt2", ".k.txt.12345678.tmp",
                                        ".k.txt.12345679.tmp", ".k.txt.1234567a.tmp" };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) unlink(made[i]);
    close(hold_dead);
    close(hold_other);
    CHECK_U64(count_files(), 0);
}

static void test_long_name(void)
{
    char name[251];
    struct output *o;
    memset(name, 'n', 250);
    name[250] = 0;
    CHECK_I64(output_open(&o, name, 0), 0);
    CHECK_I64(output_publish(o), 0);
    CHECK_I64(unlink(name), 0);
    CHECK_U64(count_files(), 0);
    CHECK_I64(rmdir(dir), 0);
    dup2(saved_stderr, 2);
}

CU_MAIN("cli output", { "publish", test_publish }, { "foreseen", test_foreseen },
        { "existing", test_existing },
        { "race", test_race }, { "devices", test_devices }, { "stdout", test_stdout },
        { "links", test_links }, { "fifo", test_fifo }, { "signals", test_signal },
        { "killed", test_killed }, { "long name", test_long_name })
