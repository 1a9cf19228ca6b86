/* SPDX-License-Identifier: MIT */
/* The progress line: on a terminal only, late, wiped before messages and at the end. stderr is a
 * pseudo-terminal here. */
#include "cu.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/progress.h"

static int saved_stderr, master;
static char seen[65536];

static void begin(void)
{
    struct winsize size = { .ws_row = 24, .ws_col = 100 };
    struct termios raw;
    fflush(stderr);
    saved_stderr = dup(2);
    master = posix_openpt(O_RDWR | O_NOCTTY);
    int slave = -1;
    if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
        slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0) {
        printf("skipped: there are no pseudo-terminals here\n");
        exit(77); /* CTest: skipped */
    }
    ioctl(slave, TIOCSWINSZ, &size);
    tcgetattr(slave, &raw);
    raw.c_oflag &= (tcflag_t)~OPOST;
    tcsetattr(slave, TCSANOW, &raw);
    dup2(slave, 2);
    close(slave);
    unsetenv("COLUMNS");
}

/* Everything that reached the terminal. */
static void end(void)
{
    size_t n = 0;
    struct pollfd p = { .fd = master, .events = POLLIN };
    fflush(stderr);
    while (n < sizeof seen - 1 && poll(&p, 1, 100) > 0 && (p.revents & POLLIN)) {
        ssize_t more = read(master, seen + n, sizeof seen - 1 - n);
        if (more <= 0) break;
        n += (size_t)more;
    }
    seen[n] = 0;
    dup2(saved_stderr, 2);
    close(saved_stderr);
    close(master);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Works for so many milliseconds, 1000 units in all, and counts in the loop. Returns the seconds that
 * it took, more on a busy machine. */
static double work(struct progress *p, long ms)
{
    struct timespec step = { 0, ms * 1000 };
    double start = seconds(CLOCK_MONOTONIC);
    for (uint64_t i = 1; i <= 1000; i++) {
        nanosleep(&step, NULL);
        progress_set(p, i << 20);
    }
    return seconds(CLOCK_MONOTONIC) - start;
}

static unsigned count(const char *what)
{
    unsigned n = 0;
    for (const char *s = seen; (s = strstr(s, what)); s++) n++;
    return n;
}

static void test_line(void)
{
    struct progress p;
    message_setup("snapx", MESSAGE_NORMAL);
    begin();
    progress_begin(&p, "reading \033[31m", UINT64_C(1000) << 20, PROGRESS_BYTES);
    double took = work(&p, 900);
    progress_end(&p);
    end();
    CHECK(strstr(seen, "reading \\x1b[31m  ") != NULL);
    CHECK(strstr(seen, " of 1000.0 MiB  ") != NULL);
    CHECK(strstr(seen, " MiB/s  ") != NULL);
    CHECK(strstr(seen, " left") != NULL);
    CHECK(count("\r") >= 3 && count("\r") < 20 * took + 20); /* half a second late, ten a second */
    CHECK(strlen(seen) > 4 && strcmp(seen + strlen(seen) - 4, "\r\033[K") == 0);
}

static void test_message(void)
{
    struct progress p, inner;
    begin();
    progress_begin(&p, "outer", 0, PROGRESS_ITEMS);
    progress_begin(&inner, "inner", 0, PROGRESS_ITEMS);
    work(&inner, 800);
    message_note("a message");
    progress_end(&inner);
    progress_end(&p);
    end();
    CHECK(strstr(seen, "inner  ") != NULL);
    CHECK(strstr(seen, "\r\033[Ksnapx: a message\n") != NULL);
}

static void test_quiet(void)
{
    struct progress p;
    begin();
    message_setup("snapx", MESSAGE_QUIET);
    progress_begin(&p, "quiet", 0, PROGRESS_ITEMS);
    work(&p, 700);
    progress_end(&p);
    message_setup("snapx", MESSAGE_NORMAL);
    progress_begin(&p, "short work", 10, PROGRESS_ITEMS);
    progress_set(&p, 10);
    progress_end(&p);
    end();
    CHECK_STR(seen, "");
}

/* In an inner loop a call must cost next to nothing. */
static void test_cost(void)
{
    struct progress p;
    begin();
    progress_begin(&p, "fast", 100000000, PROGRESS_ITEMS);
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t i = 0; i < 100000000; i++) progress_set(&p, i);
    double ns = (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) * 10; /* 1e9 / 1e8 */
    progress_end(&p);
    end();
    printf("    %.2f ns a call\n", ns);
    CHECK(ns < 50);
}

CU_MAIN("cli progress", { "line", test_line }, { "message", test_message }, { "quiet", test_quiet },
        { "cost", test_cost })
