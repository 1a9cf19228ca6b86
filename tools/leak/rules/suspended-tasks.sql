-- SPDX-License-Identifier: MIT
-- rule: suspended-tasks
-- title: tasks and generators that wait, and what they keep alive
-- cause: a coroutine or generator that was not finished keeps its local variables; a task that
--     waits for what never comes keeps them for ever
-- remedy: bound waiting (asyncio.timeout, wait_for), cancel tasks with the request that made them
--     (TaskGroup), close() generators that are given up
-- limits: waiting is what servers do: how many are too many is not known, 1,000 of one function
--     are taken for it
-- about: type
-- runtime: cpython
-- needs: refs
WITH kind AS (
    SELECT id, n + n_garbage > 10000 AS is_cut FROM type
    WHERE snapshot_id = :snapshot AND name IN ('coroutine', 'generator', 'async_generator')
), instance (id) AS ( -- in the list of its type, or, where that is cut, found among all objects
    SELECT x.object_id FROM kind k JOIN type_object x ON x.type_id = k.id WHERE NOT k.is_cut
    UNION ALL
    SELECT o.id FROM (SELECT 1 FROM kind WHERE is_cut LIMIT 1) CROSS JOIN object o
    WHERE o.id BETWEEN :live_root AND :garbage_root
    AND o.type_id IN (SELECT id FROM kind WHERE is_cut)
), waiting AS (
    SELECT o.id, o.type_id, o.last_dominated, o.retained_size,
           -- before Python 3.11 what a coroutine waits for is held by its frame
           iif(y.name = 'frame', d.dominator_id, o.dominator_id) AS holder_id
    FROM instance i CROSS JOIN object o ON o.id = i.id
    LEFT JOIN object d ON d.id = o.dominator_id LEFT JOIN type y ON y.id = d.type_id
    WHERE o.id < :garbage_root AND o.flags & 128
), code AS (
    SELECT w.*, r.target_id AS code_id
    FROM waiting w JOIN ref r ON r.source_id = w.id JOIN string s ON s.id = r.name_id
    WHERE s.text IN ('cr_code', 'gi_code', 'ag_code')
), grouped AS (
    SELECT c.code_id, c.type_id, count(*) AS n, max(c.retained_size) AS largest, c.id,
           together(k.id, k.last_dominated, k.retained_size) AS retained
    FROM code c LEFT JOIN object p ON p.id = c.holder_id LEFT JOIN type y ON y.id = p.type_id
    JOIN object k ON k.id = iif(y.name = 'Task', p.id, c.id) -- the task goes with its coroutine
    -- one that another one waits for is counted there
    WHERE y.name IS NULL OR y.name NOT IN ('coroutine', 'generator', 'async_generator')
    GROUP BY c.code_id, c.type_id
)
SELECT iif(n >= 1000, 'warning', 'note'),
       plural(n, 'suspended ' || type_name(type_id))
           || coalesce(' of ' || (SELECT s.text FROM detail d JOIN string s ON s.id = d.name_id
                                  WHERE d.object_id = code_id), '')
           || iif(n = 1, ' keeps ', ' keep ') || size(retained),
       retained, n, id,
       'SELECT position, label, target_type, target_retained FROM refs WHERE source_id = ' || id
           || ' ORDER BY position'
FROM grouped
WHERE retained >= :floor OR n >= 1000
ORDER BY 1 DESC, retained DESC
