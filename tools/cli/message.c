/* SPDX-License-Identifier: MIT */
/*
 * Messages on stderr; the contract is in message.h. A line is built whole, escaped, and written by
 * one write(2), so that lines of several processes or threads do not mix.
 */
#include "message.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snap/error.h>

#include "color.h"
#include "progress.h"
#include "text.h"

enum { MESSAGE_NAMES = 8 };

/* The process's own: set once by message_setup, but for the counter, the flag and the names. */
static struct {
    const char *program;
    enum message_level level;
    atomic_uint_least64_t warnings;
    struct {
        const char *file, *name; /* NULL: free */
    } names[MESSAGE_NAMES];
    atomic_bool no_memory; /* said already: threads that work side by side run out together */
} message_state = { .program = "snap", .level = MESSAGE_NORMAL };

/* What message_last tells. */
static _Thread_local struct {
    char text[400];
    uint64_t offset;
} message_kept = { .offset = MESSAGE_NO_OFFSET };

/* A line that waits, and what message_last is to tell of it. */
struct message_line {
    struct message_line *next;
    bool is_error;
    uint64_t offset;
    char kept[sizeof message_kept.text];
    size_t n;
    char line[];
};

/* Where lines of this thread wait. */
static _Thread_local struct message_held *message_holder;

void message_setup(const char *program, enum message_level level)
{
    message_state.program = program;
    message_state.level = level;
}

const char *message_program(void)
{
    return message_state.program;
}

enum message_level message_level(void)
{
    return message_state.level;
}

void message_call(const char *file, const char *name)
{
    for (size_t i = 0; i < MESSAGE_NAMES; i++) {
        const char *known = message_state.names[i].file;
        if (name ? known != NULL : !known || strcmp(known, file) != 0) continue;
        message_state.names[i].file = name ? file : NULL;
        message_state.names[i].name = name;
        return;
    }
}

const char *message_name(const char *file)
{
    for (size_t i = 0; i < MESSAGE_NAMES; i++) {
        const char *known = message_state.names[i].file;
        if (known && strcmp(known, file) == 0) return message_state.names[i].name;
    }
    return file;
}

uint64_t message_warnings(void)
{
    return atomic_load(&message_state.warnings);
}

/* What a line is made of. */
struct message {
    const char *severity; /* "warning", or NULL */
    enum color color;     /* of the severity */
    const char *file;
    uint64_t offset;
    const char *what;     /* already formatted, not yet escaped */
    const char *system;   /* the system's words, or NULL */
    const char *hint;
    bool is_error;
};

/* Adds "name: ". */
static void message_part(struct text *line, const char *s)
{
    text_escape(line, s, strlen(s));
    text_adds(line, ": ");
}

static void message_write(const char *s, size_t n)
{
    while (n) {
        ssize_t done = write(STDERR_FILENO, s, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return; /* stderr is gone: there is nowhere to say so */
        s += done;
        n -= (size_t)done;
    }
}

static void message_line(struct text *line, const struct message *m)
{
    message_part(line, message_state.program);
    if (m->severity) {
        text_adds(line, color_on(stderr, m->color));
        text_adds(line, m->severity);
        text_adds(line, color_off(stderr));
        text_adds(line, ": ");
    }
    if (m->file) message_part(line, message_name(m->file));
    if (m->offset != MESSAGE_NO_OFFSET)
        text_addf(line, "offset %llu: ", (unsigned long long)m->offset);
    text_escape(line, m->what, strlen(m->what));
    if (m->system) {
        text_adds(line, ": ");
        text_escape(line, m->system, strlen(m->system));
    }
    if (m->hint) {
        text_adds(line, "; try ");
        text_escape(line, m->hint, strlen(m->hint));
    }
}

/* Keeps an error for message_last. */
static void message_keep(const struct message *m)
{
    struct text kept = text_fixed(message_kept.text, sizeof message_kept.text);
    text_adds(&kept, m->what);
    if (m->system) text_addf(&kept, ": %s", m->system);
    text_str(&kept);
    message_kept.offset = m->offset;
}

const char *message_last(uint64_t *offset)
{
    *offset = message_kept.offset;
    return message_kept.text;
}

/* Puts a line behind those that wait; false where it is to be printed. */
static bool message_wait(const struct message *m, const struct text *line)
{
    struct message_held *held = message_holder;
    struct message_line *l = held ? malloc(sizeof *l + line->n) : NULL;
    if (!l) return false;
    *l = (struct message_line){ .is_error = m->is_error, .offset = m->offset, .n = line->n };
    if (m->is_error) memcpy(l->kept, message_kept.text, sizeof l->kept);
    memcpy(l->line, line->s, line->n);
    if (held->last)
        held->last->next = l;
    else
        held->first = l;
    held->last = l;
    return true;
}

void message_hold(struct message_held *held)
{
    message_holder = held;
}

void message_tell(struct message_held *held, bool say)
{
    for (struct message_line *l = held->first, *next; l; l = next) {
        next = l->next;
        if (say && l->is_error) {
            memcpy(message_kept.text, l->kept, sizeof l->kept);
            message_kept.offset = l->offset;
        }
        if (say) {
            progress_wipe();
            message_write(l->line, l->n);
        }
        free(l);
    }
    *held = (struct message_held){ 0 };
}

/* Without memory the line is made on the stack, and cut where it does not fit. */
static void message_print(const struct message *m)
{
    char buffer[1024];
    struct text line = { 0 };
    message_line(&line, m);
    text_add(&line, "\n", 1);
    if (line.failed) {
        text_free(&line);
        line = text_fixed(buffer, sizeof buffer - 1);
        message_line(&line, m);
        line.s[line.n++] = '\n'; /* text_fixed was given one byte less */
    }
    if (!message_wait(m, &line)) {
        progress_wipe();
        message_write(line.s, line.n);
    }
    text_free(&line);
}

/* Formats into m->what and prints. */
static void message_format(struct message *m, const char *format, va_list args)
{
    char buffer[512];
    struct text what = { 0 };
    va_list again;
    va_copy(again, args);
    text_addv(&what, format, args);
    if (what.failed) vsnprintf(buffer, sizeof buffer, format, again);
    va_end(again);
    m->what = what.failed ? buffer : text_str(&what);
    if (m->is_error) message_keep(m);
    message_print(m);
    m->what = NULL; /* its text ends here */
    text_free(&what);
}

int message_error(const char *file, uint64_t offset, const char *hint, const char *format, ...)
{
    struct message m = { .file = file, .offset = offset, .hint = hint, .is_error = true };
    va_list args;
    va_start(args, format);
    message_format(&m, format, args);
    va_end(args);
    return STATUS_UNUSABLE;
}

int message_errno(const char *file, int os_errno, const char *format, ...)
{
    struct message m = { .file = file, .offset = MESSAGE_NO_OFFSET,
                         .system = strerror(os_errno), .is_error = true };
    va_list args;
    va_start(args, format);
    message_format(&m, format, args);
    va_end(args);
    return STATUS_UNUSABLE;
}

/* The system's words, unless the library's text ends in them already. */
static const char *message_system(const snap_error *e)
{
    if (!e->os_errno) return NULL;
    const char *words = strerror(e->os_errno);
    return strstr(e->text, words) ? NULL : words;
}

int message_snap(const char *file, const struct snap_error *error, const char *hint)
{
    struct message m = { .file = file, .offset = error->offset, .what = error->text,
                         .system = message_system(error), .hint = hint, .is_error = true };
    message_keep(&m);
    message_print(&m);
    return STATUS_UNUSABLE;
}

int message_usage(const char *format, ...)
{
    struct text hint = { 0 };
    text_addf(&hint, "%s --help", message_state.program);
    struct message m = { .offset = MESSAGE_NO_OFFSET, .hint = text_str(&hint) };
    va_list args;
    va_start(args, format);
    message_format(&m, format, args);
    va_end(args);
    text_free(&hint);
    return STATUS_UNUSABLE;
}

int message_no_memory(const char *what)
{
    if (atomic_exchange(&message_state.no_memory, true)) return STATUS_UNUSABLE;
    return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "not enough memory for %s", what);
}

void message_warning(const char *file, uint64_t offset, const char *format, ...)
{
    struct message m = { .severity = "warning", .color = COLOR_WARN, .file = file,
                         .offset = offset };
    atomic_fetch_add(&message_state.warnings, 1);
    if (message_state.level == MESSAGE_QUIET) return;
    va_list args;
    va_start(args, format);
    message_format(&m, format, args);
    va_end(args);
}

void message_snap_warning(const char *file, const struct snap_error *error)
{
    struct message m = { .severity = "warning", .color = COLOR_WARN, .file = file,
                         .offset = error->offset, .what = error->text,
                         .system = message_system(error) };
    atomic_fetch_add(&message_state.warnings, 1);
    if (message_state.level != MESSAGE_QUIET) message_print(&m);
}

void message_note(const char *format, ...)
{
    struct message m = { .offset = MESSAGE_NO_OFFSET };
    if (message_state.level == MESSAGE_QUIET) return;
    va_list args;
    va_start(args, format);
    message_format(&m, format, args);
    va_end(args);
}

void message_verbose(const char *format, ...)
{
    struct message m = { .offset = MESSAGE_NO_OFFSET };
    if (message_state.level < MESSAGE_VERBOSE) return;
    va_list args;
    va_start(args, format);
    message_format(&m, format, args);
    va_end(args);
}
