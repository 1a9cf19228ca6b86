-- SPDX-License-Identifier: MIT
-- rule: native-growth
-- title: memory that the heap does not explain
-- cause: resident memory beyond the objects: allocated by libraries in C and never given back, or
--     free but held by the allocators, which return to the system only what is free in large
--     pieces
-- remedy: of allocated memory, look for the library: heaptrack, memray --native, or LD_PRELOAD of
--     a checking malloc; of memory free but held, allocate large short-lived things in a process
--     of their own, or try MALLOC_ARENA_MAX=2, malloc_trim(0), jemalloc
-- limits: sums of the allocators of CPython and glibc only, and not who asked for the memory:
--     that takes a trace; of what programs map by themselves (mmap, other allocators) the growth only
WITH part AS (
    SELECT m.part, m.bytes,
           base('SELECT bytes FROM memory_map WHERE snapshot_id = ?1 AND part = ?2 AND bytes >= 0',
                m.part) AS before,
           (SELECT sum(bytes) FROM memory_map WHERE snapshot_id = :snapshot) AS whole,
           m.part LIKE '%free but held' AS free
    FROM memory_map m
    WHERE m.snapshot_id = :snapshot
    AND m.part IN ('allocated, not in the heap', 'pymalloc, free but held',
        'malloc, free but held', 'shared memory', 'rest')
)
SELECT CASE WHEN before IS NOT NULL AND NOT free AND bytes - before >= max(:floor, 1048576,
    whole / 20)
            THEN 'warning' ELSE 'note' END,
       size(bytes) || ' ' || iif(part = 'rest', 'mapped, and known to no allocator', part)
           || ' (' || percent(bytes, whole) || ' of the resident memory)'
           || CASE WHEN before IS NULL THEN ''
                   WHEN bytes >= before THEN ', +' || size(bytes - before)
                   ELSE ', -' || size(before - bytes) END
           || iif(free, ': fragmentation, not a leak', ''),
       iif(before IS NULL, bytes, max(bytes - before, 0)), NULL, NULL,
       'SELECT part, bytes FROM memory_map WHERE snapshot_id = ' || :snapshot
           || ' ORDER BY position'
FROM part
WHERE iif(before IS NULL, bytes >= whole / 4 AND bytes >= 33554432 AND part <> 'rest',
          bytes - before >= max(:floor, 1048576, whole / iif(part = 'rest', 10, 20)))
ORDER BY 1 DESC, 3 DESC
