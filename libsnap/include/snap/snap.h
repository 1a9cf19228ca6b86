/* SPDX-License-Identifier: MIT */
/*
 * libsnap: heap snapshots in a small, streamable, checked file format.
 *
 * This header includes everything. A capture agent needs only <snap/writer.h>, a tool that reads
 * only <snap/reader.h>. What holds for all of them:
 *
 *  - Functions whose name begins with snap_ and macros that begin with SNAP_ are the library's;
 *    nothing else is exported or defined.
 *  - Handles are opaque; `const` handles may be shared between threads, others are exclusive.
 *  - The library never prints, never exits, keeps no mutable global state, installs no handler.
 *  - Structures that the caller fills grow at the end; `size` or `have` tells what is there.
 *
 * The format is specified in format/snap-format.md; numbers are in <snap/format.h>.
 */
#ifndef SNAP_SNAP_H
#define SNAP_SNAP_H

#include <snap/version.h>
#include <snap/error.h>
#include <snap/format.h>
#include <snap/writer.h>
#include <snap/reader.h>

#endif
