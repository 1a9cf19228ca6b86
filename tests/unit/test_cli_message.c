/* SPDX-License-Identifier: MIT */
/* Messages: one line each, escaped, with the right status. stderr is redirected into a file. */
#include "cu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <snap/error.h>

#include "cli/message.h"

static int saved_stderr;
static FILE *capture;

static void begin(void)
{
    fflush(stderr);
    saved_stderr = dup(2);
    capture = tmpfile();
    dup2(fileno(capture), 2);
}

static void end(const char *want)
{
    char got[2048];
    dup2(saved_stderr, 2);
    close(saved_stderr);
    rewind(capture);
    size_t n = fread(got, 1, sizeof got - 1, capture);
    got[n] = 0;
    fclose(capture);
    CHECK_STR(got, want);
}

static void test_error(void)
{
    message_setup("snapdiff", MESSAGE_NORMAL);
    begin();
    int status = message_error("a.snap", 4711, "snapinfo --recover OUT a.snap",
                               "checksum of chunk %d does not match", 3);
    end("snapdiff: a.snap: offset 4711: checksum of chunk 3 does not match; "
        "try snapinfo --recover OUT a.snap\n");
    CHECK_I64(status, STATUS_UNUSABLE);
    begin();
    message_error(NULL, MESSAGE_NO_OFFSET, NULL, "plain");
    end("snapdiff: plain\n");
}

static void test_hostile(void)
{
    begin();
    message_error("evil\033]0;x\007\n.snap", 0, "this\nthat", "%s", "two\nlines \xff");
    end("snapdiff: evil\\x1b]0;x\\x07\\n.snap: offset 0: two\\nlines \\xff; try this\\nthat\n");
}

static void test_errno(void)
{
    begin();
    CHECK_I64(message_errno("b.db", ENOSPC, "cannot write"), STATUS_UNUSABLE);
    end("snapdiff: b.db: cannot write: No space left on device\n");
}

static void test_snap(void)
{
    snap_error e = { .code = SNAP_E_CORRUPT, .offset = 17, .text = "a bad thing" };
    begin();
    CHECK_I64(message_snap("c.snap", &e, NULL), STATUS_UNUSABLE);
    end("snapdiff: c.snap: offset 17: a bad thing\n");
    e = (snap_error){ .code = SNAP_E_IO, .os_errno = EISDIR, .offset = UINT64_MAX,
                      .text = "cannot read" };
    begin();
    message_snap("d", &e, NULL);
    end("snapdiff: d: cannot read: Is a directory\n");
    snprintf(e.text, sizeof e.text, "cannot read: Is a directory");
    begin();
    message_snap("d", &e, NULL);
    end("snapdiff: d: cannot read: Is a directory\n");
}

static void test_levels(void)
{
    uint64_t before = message_warnings();
    message_setup("snapx", MESSAGE_NORMAL);
    begin();
    message_warning("f", 5, "odd");
    message_note("noted");
    message_verbose("hidden");
    end("snapx: warning: f: offset 5: odd\nsnapx: noted\n");
    message_setup("snapx", MESSAGE_QUIET);
    begin();
    message_warning("f", 5, "odd");
    message_note("noted");
    message_error(NULL, MESSAGE_NO_OFFSET, NULL, "errors stay");
    end("snapx: errors stay\n");
    message_setup("snapx", MESSAGE_VERBOSE);
    begin();
    message_verbose("shown");
    end("snapx: shown\n");
    CHECK_U64(message_warnings() - before, 2);
    CHECK_STR(message_program(), "snapx");
}

static void test_usage(void)
{
    begin();
    CHECK_I64(message_usage("unknown option --%s", "x"), STATUS_UNUSABLE);
    end("snapx: unknown option --x; try snapx --help\n");
    begin();
    CHECK_I64(message_no_memory("the graph"), STATUS_UNUSABLE);
    end("snapx: not enough memory for the graph\n");
}

CU_MAIN("cli message", { "error", test_error }, { "hostile names", test_hostile },
        { "errno", test_errno }, { "snap_error", test_snap }, { "levels", test_levels },
        { "usage", test_usage })
