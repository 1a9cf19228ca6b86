/* SPDX-License-Identifier: MIT */
/*
 * The table of formats. See import.h.
 */
#include "import/import.h"

#include <string.h>

#include "cli/message.h"
#include "cli/sniff.h"
#include "import/unwrap.h"

static const struct import_format *const formats[] = { &import_snap, &import_hprof, &import_v8,
                                               &import_ruby, &import_tracemalloc };

const struct import_format *import_choose(const unsigned char *head, size_t n)
{
    const struct import_format *best = NULL;
    int high = 0;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        int bid = formats[i]->bid(head, n);
        if (bid > high) {
            high = bid;
            best = formats[i];
        }
    }
    return best;
}

const struct import_format *import_open(const char *path)
{
    unsigned char head[IMPORT_HEAD];
    struct unwrap_problem problem;
    ptrdiff_t n = unwrap_head(path, head, sizeof head, &problem);
    if (n < 0) {
        unwrap_report(path, &problem);
        return NULL;
    }
    const struct import_format *format = import_choose(head, (size_t)n);
    if (!format) {
        struct sniff s = sniff_bytes(head, (size_t)n);
        message_error(path, MESSAGE_NO_OFFSET, s.hint, "not a heap snapshot: this is %s", s.name);
    }
    return format;
}

const struct import_format *import_known(const char *path)
{
    unsigned char head[IMPORT_HEAD];
    ptrdiff_t n = unwrap_head(path, head, sizeof head, NULL);
    return n < 0 ? NULL : import_choose(head, (size_t)n);
}

bool import_totals(const char *path, struct import_totals *totals)
{
    const struct import_format *format = import_known(path);
    return format && format->totals && format->totals(path, totals);
}

static int send_fact(const struct record_sink *sink, const char *key, const char *value)
{
    if (!sink->metadata) return RECORD_OK;
    return sink->metadata(sink->opaque, 0, (struct record_text){ key, strlen(key) },
                          (struct record_text){ value, strlen(value) });
}

int import_begin(const struct record_sink *sink, const struct import_options *options,
                 const char *const (*facts)[2], size_t n)
{
    const snap_begin begin = { 0 };
    int status = send_fact(sink, "values", options && options->values ? "yes" : "no");
    for (size_t i = 0; i < n && !status; i++) status = send_fact(sink, facts[i][0], facts[i][1]);
    if (status || !sink->begin) return status;
    return sink->begin(sink->opaque, 1, &begin);
}
