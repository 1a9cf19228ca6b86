/* SPDX-License-Identifier: MIT */
/*
 * Version of the library, and how its symbols are declared.
 *
 * This header is the only place where versions stand; the build reads them from here.
 * Do not include it alone: include <snap/snap.h>, <snap/writer.h> or <snap/reader.h>.
 */
#ifndef SNAP_VERSION_H
#define SNAP_VERSION_H

#define SNAP_VERSION_MAJOR 0
#define SNAP_VERSION_MINOR 1
#define SNAP_VERSION_PATCH 0
#define SNAP_VERSION_STRING "0.1.0"

/** Version of the file format that this library writes. Major 0 may still change. */
#define SNAP_FORMAT_MAJOR 0
#define SNAP_FORMAT_MINOR 1

#if defined(__GNUC__)
#define SNAP_API __attribute__((visibility("default")))
#define SNAP_MUST_USE __attribute__((warn_unused_result))
#else
#define SNAP_API
#define SNAP_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The library's version, for example "0.1.0". Static storage, never NULL. Any thread, O(1). */
SNAP_API const char *snap_version(void);

#ifdef __cplusplus
}
#endif

#endif
