-- SPDX-License-Identifier: MIT
-- rule: class-attributes
-- title: attributes of classes that keep much alive
-- cause: an attribute written in the body of a class belongs to the class, not to its instances:
--     all share it, and it lives as long as the class; a list or dict there gathers what every
--     instance puts in
-- remedy: make it in __init__ where it is meant to be an instance's own; where it is meant to be
--     shared, bound it or take entries out
-- limits: size is no leak: only an earlier snapshot tells whether it grows
-- yields: growing-owners callback-registries unbounded-caches exceptions suspended-tasks
--     unclosed-resources
-- runtime: cpython
-- needs: refs
WITH attribute AS (
    SELECT t.id AS class_id, s.text AS name, r.target_id
    FROM type t
    JOIN ref d ON d.source_id = t.object_id AND d.kind = 1
         AND d.name_id = (SELECT id FROM string WHERE text = '__dict__')
    JOIN ref r ON r.source_id = d.target_id AND r.kind = 4
    LEFT JOIN string s ON s.id = r.name_id
    WHERE t.snapshot_id = :snapshot AND t.object_id < :garbage_root
), large AS (
    SELECT a.*, o.type_id, o.retained_size, coalesce(o.retained_native, 0) AS native,
           o.retained_size + coalesce(o.retained_native, 0) AS bytes, o.last_dominated - o.id AS n,
           (SELECT length FROM detail WHERE object_id = o.id) AS length
    FROM attribute a JOIN object o ON o.id = a.target_id
    WHERE o.retained_size + coalesce(o.retained_native, 0) >= :floor AND NOT o.flags & 64
)
SELECT 'note',
       type_name(l.class_id) || '.' || coalesce(l.name, '?') || ' (' || type_name(l.type_id)
           || coalesce(' of ' || plural(l.length, 'element'), '') || ') retains '
               || size(l.retained_size)
           || iif(l.native > 0, ' and ' || size(l.native) || ' outside the heap', '')
           || ', ' || percent(l.bytes, :live_size + :live_native) || ' of the live heap'
           || iif(:live_native > 0, ' and the memory outside it', ''),
       l.bytes, l.n, l.target_id,
       'SELECT id, label, shallow_size, retained_size FROM children WHERE dominator_id = '
           || l.target_id
           || ' ORDER BY id LIMIT 20'
FROM large l JOIN type t ON t.id = l.type_id
WHERE t.name NOT IN ('module', 'function', 'frame', 'code', 'getset_descriptor', 'property',
                     'staticmethod', 'classmethod', 'cached_property')
GROUP BY l.target_id
ORDER BY l.bytes DESC
