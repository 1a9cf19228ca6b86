-- SPDX-License-Identifier: MIT
-- rule: js-detached-nodes
-- title: nodes that are in no document any more
-- cause: an element that was removed from its document lives, with the whole tree around it, while one
--     variable, listener or closure refers to any node of that tree
-- remedy: follow the path to what holds it: set the variable to null, remove the listener (or give it
--     an AbortSignal), keep data by id rather than by element, or in a WeakMap
-- limits: elements that are kept to be put in again look the same
-- runtime: v8
WITH detached AS (
    SELECT o.id, o.type_id, o.last_dominated, o.retained_size
    FROM type t JOIN type_object l ON l.type_id = t.id JOIN object o ON o.id = l.object_id
    WHERE t.snapshot_id = :snapshot AND o.id < :garbage_root AND o.flags & 2048
    AND (t.name LIKE '<%' OR t.name LIKE 'Detached %' OR t.name LIKE 'HTML%' OR t.name LIKE 'SVG%'
         OR t.name IN ('Text', 'Comment', 'DocumentFragment', 'InternalNode'))
), topmost AS (
    SELECT d.* FROM detached d JOIN object o ON o.id = d.id
    WHERE NOT EXISTS (SELECT 1 FROM object x WHERE x.id = o.dominator_id AND x.flags & 2048)
), grouped AS (
    SELECT type_id, count(*) AS n, together(id, last_dominated, retained_size) AS bytes, id
    FROM (SELECT * FROM topmost ORDER BY retained_size DESC) GROUP BY type_id
)
SELECT iif(bytes >= :floor OR n >= 1000, 'warning', 'note'),
       plural(n, 'detached ' || type_name(type_id)) || iif(n = 1, ' retains ', ' retain ')
           || size(bytes),
       bytes, n, id,
       'SELECT o.id, o.label, o.retained_size FROM type_object l JOIN objects o ON o.id ='
           || ' l.object_id WHERE l.type_id = ' || type_id || ' AND o.flags & 2048'
           || ' ORDER BY l.rank LIMIT 20'
FROM grouped
ORDER BY 3 DESC
