/* SPDX-License-Identifier: MIT */
/*
 * Everything that a tool says on stderr, and its exit statuses. One message is one line:
 *
 *     snapdiff: a.snap: offset 4711: checksum of chunk 3 does not match; try snapinfo --recover
 *     snapdiff: warning: a.snap: offset 9000: the file ends inside chunk 7
 *
 * Names, file names and texts from files are hostile: whatever is passed is escaped on its way out
 * (text.h), line ends included, so a caller never needs to. A line is written by one write(2).
 *
 * Errors return the exit status, so that a caller can write `return message_error(...)`.
 *
 * State: the program's name, how much is said, and the number of warnings are the process's own
 * (set by command_main of options.h). Threads: any, each message whole.
 */
#ifndef SNAP_TOOLS_CLI_MESSAGE_H
#define SNAP_TOOLS_CLI_MESSAGE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct snap_error;

/** Exit statuses, the same for every command. */
enum status {
    STATUS_DONE = 0,     /* the answer was given, perhaps with warnings */
    STATUS_LIMIT = 1,    /* a limit of --fail-if was passed, or a finding is no mere note */
    STATUS_UNUSABLE = 2, /* wrong usage, unusable input, failed output */
};

/** For messages that are not about a place in a file. */
#define MESSAGE_NO_OFFSET UINT64_MAX

enum message_level { MESSAGE_QUIET, MESSAGE_NORMAL, MESSAGE_VERBOSE, MESSAGE_DEBUG };

/** Sets name and level; command_main does it. `program` is kept, not copied. */
void message_setup(const char *program, enum message_level level);

/** From now on messages about the file `file` say `name`; NULL ends that. For copies that the user
 *  does not know by name (spool.h). Both must stay as they are meanwhile; of more than eight at a
 *  time the rest are called what they are. */
void message_call(const char *file, const char *name);

/** What to call `file`: the name that it was given by message_call, or itself. */
const char *message_name(const char *file);

/** The name of the running program, never NULL. */
const char *message_program(void);

/** Whether notes are printed (--verbose). */
enum message_level message_level(void);

/**
 * Prints an error. `file` may be NULL; `offset` is in bytes or MESSAGE_NO_OFFSET; `hint` is what to
 * try, without the word "try" ("snapinfo --recover OUT a.snap"), or NULL; the text says what was
 * wrong, in lower case, without a full stop. Returns STATUS_UNUSABLE.
 */
int message_error(const char *file, uint64_t offset, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** As message_error, with `: ` and the system's text for `os_errno` after the text. */
int message_errno(const char *file, int os_errno, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Prints the error that a libsnap call filled in: its text, offset and system error.
 *  Returns STATUS_UNUSABLE. */
int message_snap(const char *file, const struct snap_error *error, const char *hint);

/** Wrong usage: the text, then "try PROGRAM --help". Returns STATUS_UNUSABLE. */
int message_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** No memory: one line that names what it was for; further calls print nothing, since threads that
 *  work side by side run out together. Returns STATUS_UNUSABLE. */
int message_no_memory(const char *what);

/** The calling thread's last error, for documents that tell it too: its text (with the system's
 *  words, without file and hint; cut where it is very long), "" before the first, and in *offset
 *  its place or MESSAGE_NO_OFFSET. Valid until the thread's next error. */
const char *message_last(uint64_t *offset);

/** What a thread said while it was held. */
struct message_held {
    struct message_line *first, *last;
};

/** From now on what the calling thread says is kept in *held, which was zeroed, and not printed; NULL
 *  ends that. For threads that work ahead of one which may end the work before it comes so far. */
void message_hold(struct message_held *held);

/** Says what was held, as if the calling thread did now, or drops it. */
void message_tell(struct message_held *held, bool say);

/** Prints a warning (not with --quiet) and counts it. The exit status does not change. */
void message_warning(const char *file, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As message_warning, from what libsnap filled in. */
void message_snap_warning(const char *file, const struct snap_error *error);

/** Number of warnings so far, those silenced by --quiet included. */
uint64_t message_warnings(void);

/** Prints a line of information; not with --quiet. For announcements: "loaded a.snap into ...". */
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Prints a line only with --verbose. */
void message_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
