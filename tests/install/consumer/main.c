/* SPDX-License-Identifier: MIT */
/*
 * Writes an empty snapshot to memory and reads it back, with nothing but the installed headers.
 */
#include <stdio.h>
#include <string.h>
#include <snap/snap.h>

static unsigned char bytes[4096];
static size_t filled;

static int take(void *opaque, const void *data, size_t size)
{
    (void)opaque;
    if (size > sizeof bytes - filled) return 1;
    memcpy(bytes + filled, data, size);
    filled += size;
    return 0;
}

int main(void)
{
    snap_writer *w;
    snap_reader *r;
    const snap_batch *b;
    snap_sink sink = { take, NULL };
    snap_reader_summary summary;
    if (snap_writer_open_sink(&w, &sink, NULL, NULL) != SNAP_OK) return 1;
    if (snap_writer_close(w, NULL) != SNAP_OK) return 2;
    if (snap_reader_open_memory(&r, bytes, filled, NULL, NULL) != SNAP_OK) return 3;
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) continue;
    snap_reader_get_summary(r, &summary);
    snap_reader_close(r);
    puts(snap_version());
    return summary.complete ? 0 : 4;
}
