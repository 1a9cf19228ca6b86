// SPDX-License-Identifier: MIT
// The public headers in C++: a writer that is given up, names of statuses.
#include <cstring>
#include <snap/snap.h>

static int take(void *, const void *, size_t)
{
    return 0;
}

int main()
{
    snap_writer *w = nullptr;
    snap_sink sink = { take, nullptr };
    snap_writer_options options = {};
    options.size = sizeof options;
    if (snap_writer_open_sink(&w, &sink, &options, nullptr) != SNAP_OK) return 1;
    snap_writer_abort(w, 0);
    return std::strcmp(snap_status_name(SNAP_E_CORRUPT), "corrupt");
}
