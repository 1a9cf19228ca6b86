-- SPDX-License-Identifier: MIT
-- rule: java-finalizers
-- title: objects that wait for their finalizer
-- cause: one thread runs all finalizers, one after the other; one that waits or is slow holds up all
--     others, and what they hold is not freed
-- remedy: look at what the thread "Finalizer" is doing (jstack); close resources by
--     try-with-resources, or java.lang.ref.Cleaner, in place of finalize()
-- limits: the queue is as long as it was at this moment; a collection may just have filled it
-- runtime: jvm
-- needs: refs
WITH queue AS (
    SELECT g.object_id AS id, d.length
    FROM global g JOIN detail d ON d.object_id = g.object_id
    WHERE g.snapshot_id = :snapshot AND g.module = 'java.lang.ref.Finalizer' AND g.name = 'queue'
), queued AS (
    SELECT o.id, o.type_id, o.last_dominated, o.retained_size
    FROM type t JOIN type_object l ON l.type_id = t.id JOIN ref r ON r.source_id = l.object_id
    JOIN object o ON o.id = r.target_id
    WHERE t.snapshot_id = :snapshot AND t.name = 'java.lang.ref.Finalizer' AND r.kind = 13
), waiting AS (
    SELECT type_id, count(*) AS n, sum(retained_size) AS bytes FROM queued
    GROUP BY type_id ORDER BY n DESC, bytes DESC
)
SELECT iif(length >= 1000, 'warning', 'note'),
       plural(length, 'object') || ' wait for the finalizer, most of them '
           || coalesce((SELECT type_name(type_id) FROM waiting LIMIT 1), 'of unknown types')
           || iif((SELECT count(*) FROM waiting) > 1,
                  ' (' || (SELECT count(*) FROM waiting) || ' types)', ''),
       (SELECT together(id, last_dominated, retained_size) FROM queued), length, id,
       'SELECT o.type, count(*) AS objects, sum(o.retained_size) AS bytes FROM types t'
           || ' JOIN type_object l ON l.type_id = t.id JOIN ref r ON r.source_id = l.object_id'
           || ' JOIN objects o ON o.id = r.target_id WHERE t.name = ''java.lang.ref.Finalizer'''
           || ' AND r.kind = 13 GROUP BY 1 ORDER BY 2 DESC LIMIT 20'
FROM queue WHERE length >= 100
