-- SPDX-License-Identifier: MIT
-- rule: exceptions
-- title: exceptions that keep the frames they passed through
-- cause: an exception has a traceback, the traceback has every frame between raise and except,
--     and a frame has all its local variables: keeping the exception keeps all of them
-- remedy: keep what is to be said of it (str(e), traceback.format_exception(e)), not the object;
--     or e.with_traceback(None), traceback.clear_frames(e.__traceback__); `del e` where it is in
--     a cycle
-- limits: an exception that is being handled at this moment is counted, too
-- about: type
-- runtime: cpython
-- needs: refs
WITH RECURSIVE exception (id) AS (
    SELECT id FROM type WHERE snapshot_id = :snapshot AND name = 'BaseException'
        AND module = 'builtins'
    UNION
    SELECT t.id FROM exception e JOIN type t ON t.base_id = e.id AND t.snapshot_id = :snapshot
), instance (id) AS ( -- in the list of its type, or, where that is cut, found among all objects
    SELECT x.object_id FROM exception e JOIN type t ON t.id = e.id
    JOIN type_object x ON x.type_id = e.id WHERE t.n + t.n_garbage <= 10000
    UNION ALL
    SELECT o.id FROM (SELECT 1 FROM exception e JOIN type t ON t.id = e.id
                      WHERE t.n + t.n_garbage > 10000 LIMIT 1) CROSS JOIN object o
    WHERE o.id BETWEEN :live_root AND :garbage_root
    AND o.type_id IN (SELECT e.id FROM exception e JOIN type t ON t.id = e.id
                      WHERE t.n + t.n_garbage > 10000)
), holder AS ( -- live exceptions that hold a traceback
    SELECT o.type_id, o.id, o.last_dominated, o.retained_size
    FROM instance i CROSS JOIN object o ON o.id = i.id
    WHERE o.id < :garbage_root
    AND EXISTS (SELECT 1 FROM ref r JOIN string s ON s.id = r.name_id
                WHERE r.source_id = o.id AND s.text = '__traceback__')
    -- what a larger exception holds (its cause, its context) is counted there
    AND NOT EXISTS (SELECT 1 FROM object d WHERE d.id = o.dominator_id
                    AND d.type_id IN (SELECT id FROM exception))
), grouped AS (
    SELECT type_id, count(*) AS n, together(id, last_dominated, retained_size) AS retained,
        max(retained_size) AS largest, id
    FROM holder GROUP BY type_id
), compared AS ( -- what grew is counted with and without a traceback, on both sides
    SELECT g.*, (SELECT sum(y.n) FROM type y WHERE y.snapshot_id = :snapshot AND y.name = t.name
                 AND y.module IS t.module) AS now,
           base('SELECT coalesce(sum(n), 0) FROM type WHERE snapshot_id = ?1 AND name = ?2'
                    || ' AND module IS ?3',
                t.name, t.module) AS before
    FROM grouped g JOIN type t ON t.id = g.type_id
)
SELECT iif(now >= before + 10 AND (retained >= :floor OR n >= 100), 'warning', 'note'),
       plural(n, type_name(type_id)) || iif(n = 1, ' keeps ', ' keep ') || size(retained)
           || ' by ' || iif(n = 1, 'its traceback', 'their tracebacks')
           || since(now, before),
       retained, n, id,
       'SELECT id, label, shallow_size, retained_size FROM type_objects WHERE type_id = '
           || type_id
           || ' ORDER BY rank LIMIT 20'
FROM compared
WHERE retained >= :floor OR n >= 100
ORDER BY 1 DESC, retained DESC
