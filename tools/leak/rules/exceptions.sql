-- SPDX-License-Identifier: MIT
-- rule: exceptions
-- title: exceptions that keep the frames they passed through
-- cause: an exception has a traceback, the traceback has every frame between raise and except,
--     and a frame has all its local variables: keeping the exception keeps all of them
-- remedy: keep what is to be said of it (str(e), traceback.format_exception(e)), not the object;
--     or e.with_traceback(None), traceback.clear_frames(e.__traceback__); `del e` where it is in
--     a cycle
-- runtime: cpython
-- needs: refs
WITH RECURSIVE exception (id) AS (
    SELECT id FROM type WHERE snapshot_id = :snapshot AND name = 'BaseException'
        AND module = 'builtins'
    UNION
    SELECT t.id FROM exception e JOIN type t ON t.base_id = e.id AND t.snapshot_id = :snapshot
), holder AS ( -- live exceptions that hold a traceback, of each type the largest 10,000
    SELECT o.type_id, o.id, o.retained_size
    FROM exception e JOIN type_object x ON x.type_id = e.id JOIN object o ON o.id = x.object_id
    WHERE o.id < :garbage_root
    AND EXISTS (SELECT 1 FROM ref r JOIN string s ON s.id = r.name_id
                WHERE r.source_id = o.id AND s.text = '__traceback__')
    -- what a larger exception holds (its cause, its context) is counted there
    AND o.dominator_id NOT IN (SELECT y.object_id FROM exception f
        JOIN type_object y ON y.type_id = f.id)
), grouped AS (
    SELECT type_id, count(*) AS n, sum(retained_size) AS retained,
        max(retained_size) AS largest, id
    FROM holder GROUP BY type_id
), compared AS (
    SELECT g.*, base('SELECT sum(n) FROM type WHERE snapshot_id = ?1 AND name = ?2 AND module'
        || ' IS ?3',
                     t.name, t.module) AS before
    FROM grouped g JOIN type t ON t.id = g.type_id
)
SELECT iif(n >= coalesce(before, n) + 10 AND (retained >= :floor OR n >= 100), 'warning', 'note'),
       plural(n, type_name(type_id)) || iif(n = 1, ' keeps ', ' keep ') || size(retained)
           || ' by ' || iif(n = 1, 'its traceback', 'their tracebacks')
           || since(n, before),
       retained, n, id,
       'SELECT id, label, shallow_size, retained_size FROM type_objects WHERE type_id = '
           || type_id
           || ' ORDER BY rank LIMIT 20'
FROM compared
WHERE retained >= :floor OR n >= 100
ORDER BY 1 DESC, retained DESC
