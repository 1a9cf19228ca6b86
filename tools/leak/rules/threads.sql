-- SPDX-License-Identifier: MIT
-- rule: threads
-- title: what the local variables of threads keep alive
-- cause: while a function runs, or waits, its local variables live: a loop that never ends keeps
--     what its last round left in them
-- remedy: let go of what is no longer needed before waiting, or do the work in a function that
--     returns
-- remedy(cpython): del what is no longer needed before waiting, or do the work in a function that
--     returns
-- remedy(jvm): set to null what is no longer needed before waiting, or do the work in a method that
--     returns
-- remedy(ruby): set to nil what is no longer needed before waiting, or do the work in a method that
--     returns
-- limits: local variables at the moment of the capture: they may be gone in the next
-- yields: growing-owners exceptions suspended-tasks
-- needs: refs
WITH own AS ( -- objects that the variables of one thread alone hold
    SELECT r.object_id, min(r.thread_id) AS thread_id, min(r.id) AS root_id
    FROM root r
    WHERE r.object_id BETWEEN :live_root AND :garbage_root
    GROUP BY r.object_id
    HAVING min(r.thread_id) = max(r.thread_id) AND count(r.thread_id) = count(*)
           AND min(r.kind IN (3, 12, 14, 15))
), held AS (
    SELECT w.*, o.retained_size, o.last_dominated - o.id + 1 AS n, max(o.retained_size) AS largest,
           together(o.id, o.last_dominated, o.retained_size) AS retained,
           together(o.id, o.last_dominated, o.last_dominated - o.id + 1) AS objects
    FROM own w JOIN object o ON o.id = w.object_id
    GROUP BY w.thread_id
)
SELECT 'note',
       'thread ' || coalesce(t.name, t.runtime_id) || ' keeps ' || size(h.retained)
           || ' by its local variables, ' || size(h.largest) || ' of it '
           || coalesce('by ' || (SELECT text FROM string WHERE id = r.name_id) || ' ', '')
           || coalesce('in ' || f.function || coalesce(' (' || f.file || ':' || f.line || ')',
               ''), ''),
       h.retained, h.objects, h.object_id,
       'SELECT function, file, line, name, type, retained_size, object_id FROM roots WHERE'
           || ' kind_id = 3'
           || ' AND thread_id = ' || h.thread_id || ' ORDER BY retained_size DESC LIMIT 20'
FROM held h JOIN thread t ON t.id = h.thread_id JOIN root r ON r.id = h.root_id
LEFT JOIN frame f ON f.id = r.frame_id
WHERE h.retained >= :floor
ORDER BY h.retained DESC
