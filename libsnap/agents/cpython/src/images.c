/* SPDX-License-Identifier: MIT */
/*
 * Segments of loaded files. The contract is in images.h.
 */
#define _GNU_SOURCE
#include "images.h"

#include "layout.h"

#include <link.h>
#include <string.h>

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && address >= start &&
            address < start + info->dlpi_phdr[i].p_memsz)
            return true;
    }
    return false;
}

/* The interpreter is the file that holds its types; its library's extensions have a folder of
 * their own, which has had that name in every version and distribution. */
static bool is_foreign(const struct dl_phdr_info *info)
{
    if (holds(info, (uintptr_t)&PyType_Type)) return false;
    return info->dlpi_name == NULL || strstr(info->dlpi_name, "/lib-dynload/") == NULL;
}

static int add(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct images *images = ctx;
    bool foreign = is_foreign(info);

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD || images->n == IMAGES_MAX) continue;
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        unsigned at = images->n++;
        for (; at > 0 && images->segments[at - 1].start > start; at--)
            images->segments[at] = images->segments[at - 1];
        images->segments[at].start = start;
        images->segments[at].end = start + info->dlpi_phdr[i].p_memsz;
        images->segments[at].foreign = foreign;
    }
    return 0;
}

void images_init(struct images *images)
{
    memset(images, 0, sizeof(*images));
    dl_iterate_phdr(add, images);
}

unsigned images_after(const struct images *images, uintptr_t address)
{
    unsigned low = 0, high = images->n;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (images->segments[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool images_foreign(const struct images *images, uintptr_t address)
{
    unsigned at = images_after(images, address);

    return at < images->n && address >= images->segments[at].start && images->segments[at].foreign;
}
