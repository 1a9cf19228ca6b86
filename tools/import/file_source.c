/* SPDX-License-Identifier: MIT */
/* Bytes of a dump; see file_source.h. */
#include "import/file_source.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cli/message.h"

bool file_source_open(struct file_source *s, const char *path, bool hashed,
                      struct unwrap_problem *problem)
{
    *s = (struct file_source){ .path = path, .stream = unwrap_open(path, problem) };
    if (!s->stream || !hashed) return s->stream != NULL;
    s->hash = XXH3_createState();
    if (s->hash) {
        XXH3_128bits_reset(s->hash);
        return true;
    }
    file_source_close(s);
    if (problem) *problem = (struct unwrap_problem){ .offset = MESSAGE_NO_OFFSET,
                                                     .os_errno = ENOMEM, .text = "cannot read" };
    return false;
}

ptrdiff_t file_source_read(void *opaque, void *to, size_t n)
{
    struct file_source *s = opaque;
    size_t got = unwrap_read(s->stream, to, n);
    const struct unwrap_problem *problem = got ? NULL : unwrap_problem(s->stream);
    if (problem && problem->os_errno) {
        errno = problem->os_errno;
        return -1;
    }
    if (s->hash) XXH3_128bits_update(s->hash, to, got);
    if (s->options && s->options->progress)
        s->options->progress(s->options->opaque, unwrap_taken(s->stream));
    return (ptrdiff_t)got;
}

void file_source_identity(struct file_source *s, struct import_result *result)
{
    result->bytes = unwrap_taken(s->stream);
    if (!s->hash) return;
    XXH128_hash_t hash = XXH3_128bits_digest(s->hash);
    result->has_uuid = true;
    memcpy(result->uuid, &hash, sizeof result->uuid);
    XXH3_freeState(s->hash);
    s->hash = NULL;
}

bool file_source_again(struct file_source *s, const struct import_options *options)
{
    struct unwrap_problem problem;
    unwrap_close(s->stream);
    s->options = options;
    s->stream = unwrap_open(s->path, &problem);
    if (!s->stream) unwrap_report(s->path, &problem);
    return s->stream != NULL;
}

const char *file_source_damage(const struct file_source *s, uint64_t *offset)
{
    const struct unwrap_problem *problem = unwrap_problem(s->stream);
    if (problem) *offset = problem->offset;
    return problem ? problem->text : NULL;
}

const char *file_source_rest(struct file_source *s, uint64_t *offset)
{
    while (unwrap_skip(s->stream, 1u << 20) > 0) {}
    return file_source_damage(s, offset);
}

void file_source_close(struct file_source *s)
{
    if (s->hash) XXH3_freeState(s->hash);
    if (s->stream) unwrap_close(s->stream);
    *s = (struct file_source){ 0 };
}
