-- SPDX-License-Identifier: MIT
-- rule: java-sparse-collections
-- title: collections with room for much more than they hold
-- cause: a collection that is made for many elements, or was full once, keeps its room; one for each
--     of many objects costs more than what is in it
-- remedy: make it when the first element comes, without a size or with the right one; trimToSize()
--     of lists that do not grow any more; List.of() and Map.of() for what does not change
-- limits: whether a collection is about to be filled is not known
-- runtime: jvm
-- needs: refs
WITH RECURSIVE kind (id, hashed) AS (
    SELECT id, name NOT IN ('java.util.ArrayList', 'java.util.Vector', 'java.util.PriorityQueue')
    FROM type WHERE snapshot_id = :snapshot AND name IN
        ('java.util.ArrayList', 'java.util.Vector', 'java.util.PriorityQueue', 'java.util.HashMap',
         'java.util.Hashtable', 'java.util.WeakHashMap', 'java.util.IdentityHashMap',
         'java.util.concurrent.ConcurrentHashMap')
    UNION SELECT t.id, k.hashed FROM type t JOIN kind k ON t.base_id = k.id
), sparse AS (
    SELECT o.id, o.type_id, d.length, a.length AS room,
           CAST(x.shallow_size * (1.0 - iif(k.hashed, 2.0, 1.0) * d.length / a.length) AS INTEGER)
               AS spare
    FROM detail d CROSS JOIN object o ON o.id = d.object_id JOIN kind k ON k.id = o.type_id
    JOIN ref r ON r.source_id = o.id JOIN object x ON x.id = r.target_id
    JOIN detail a ON a.object_id = x.id
    JOIN string s ON s.id = r.name_id AND s.text IN ('elementData', 'table', 'queue')
    WHERE d.object_id BETWEEN :live_root AND :garbage_root AND a.length > 4 * d.length + 16
), grouped AS (
    SELECT type_id, count(*) AS n, sum(spare) AS spare, max(spare) AS most, length, room, id
    FROM sparse GROUP BY type_id
)
SELECT 'note',
       plural(n, type_name(type_id)) || iif(n = 1, ' has ', ' have ') || size(spare)
           || ' more room than needed; the emptiest holds ' || plural(length, 'element')
           || ' in room for ' || printf('%,d', room),
       spare, n, id,
       'SELECT o.id, o.label, o.length, o.retained_size FROM objects o WHERE o.type_id = '
           || type_id || ' ORDER BY o.id LIMIT 20'
FROM grouped
WHERE spare >= :floor
ORDER BY 1 DESC, spare DESC
