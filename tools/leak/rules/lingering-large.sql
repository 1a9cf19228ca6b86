-- SPDX-License-Identifier: MIT
-- rule: lingering-large
-- title: large objects that stay
-- cause: one object keeps much alive through many parts, none of which keeps most of it: here
--     memory gathers; whatever refers to this object keeps all of it
-- remedy: look at the path: drop the last reference when the work is done, or keep only what is
--     needed of it
-- remedy(cpython): look at the path: drop the last reference when the work is done (del, a
--     narrower scope, None), or keep only what is needed of it
-- remedy(jvm): look at the path: drop the last reference when the work is done (remove() from the
--     collection, null in the field, a narrower scope), or keep only what is needed of it
-- remedy(v8): look at the path: drop the last reference when the work is done (delete() from the
--     Map or Set, a shorter array, null in the variable, a narrower scope), or keep only what is
--     needed of it
-- remedy(ruby): look at the path: drop the last reference when the work is done (delete from the
--     Hash or Array, nil in the variable, a narrower scope), or keep only what is needed of it
-- limits: size is no leak: only an earlier snapshot tells whether it grows
-- yields: globals class-attributes growing-owners threads number-lists callback-registries
--     unbounded-caches exceptions suspended-tasks unclosed-resources
WITH candidate AS MATERIALIZED ( -- native memory counts, where the capture knows of any
    SELECT o.id, o.dominator_id, o.flags, o.retained_size + coalesce(o.retained_native, 0) AS bytes
    FROM (SELECT object_id FROM top_object WHERE snapshot_id = :snapshot AND rank <= 5000
          UNION SELECT object_id FROM heavy_object WHERE snapshot_id = :snapshot) x
    CROSS JOIN object o ON o.id = x.object_id
    WHERE o.id < :garbage_root
    AND o.retained_size + coalesce(o.retained_native, 0)
        >= max(:floor, (:live_size + :live_native) / 50) / 2
), part AS MATERIALIZED (
    SELECT DISTINCT whole_of(o.id) AS id
    FROM candidate o
    WHERE NOT o.flags & 64 AND o.bytes >= max(:floor, (:live_size + :live_native) / 50)
    -- the object with the next id is the largest in the heap of what it dominates
    AND 2 * coalesce((SELECT c.retained_size + coalesce(c.retained_native, 0) FROM object c
                      WHERE c.id = o.id + 1 AND c.dominator_id = o.id), 0) < o.bytes
    -- but may be none of the largest outside of it
    AND o.id NOT IN (SELECT c.dominator_id FROM candidate c
                     CROSS JOIN object d ON d.id = c.dominator_id
                     WHERE 2 * c.bytes >= d.retained_size + coalesce(d.retained_native, 0))
), large AS (
    SELECT o.id, o.type_id, o.retained_size, coalesce(o.retained_native, 0) AS native,
           o.retained_size + coalesce(o.retained_native, 0) AS bytes, o.last_dominated,
           o.last_dominated - o.id AS n,
           (SELECT length FROM detail WHERE object_id = o.id) AS length, before_id(o.id) AS old,
           path_of(o.id) AS path
    FROM part p CROSS JOIN object o ON o.id = p.id
), compared AS (
    SELECT l.*, base('SELECT retained_size + coalesce(retained_native, 0)
                      FROM object WHERE id = ?2', l.old) AS before,
           (SELECT captured_at FROM snapshot WHERE id = :snapshot)
               - base('SELECT captured_at FROM snapshot WHERE id = ?1') AS since,
           age_of(l.id) AS age
    FROM large l
)
SELECT 'note',
       type_name(l.type_id)
           || CASE WHEN l.length IS NULL THEN ''
                   WHEN l.n = 0 THEN ' of length ' || printf('%,d', l.length)
                   ELSE ' of ' || plural(l.length, 'element') END
           || ' retains ' || size(l.retained_size)
           || iif(l.native > 0, ' and ' || size(l.native) || ' outside the heap', '') || ', '
           || percent(l.bytes, :live_size + :live_native) || ' of the live heap'
           || iif(:live_native > 0, ' and the memory outside it', '')
           || iif(l.n = 0, '', ', in ' || plural(l.n, 'object'))
           || coalesce('; ' || size(l.before) || iif(l.native > 0, ' in all', '')
                       || ' in the earlier snapshot'
                       || iif(l.since >= 1, ', ' || duration(l.since) || ' ago', ''), '')
           || iif(l.age >= 1 AND (l.before IS NULL OR l.age > l.since),
                  '; at least ' || duration(l.age) || ' old', ''),
       l.bytes, l.n, l.id,
       iif(l.native > 0,
           'SELECT id, label, retained_size, retained_native, retained_count FROM heavy_objects'
           || ' WHERE id BETWEEN ' || l.id || ' AND ' || l.last_dominated
           || ' AND snapshot_id = ' || :snapshot || ' ORDER BY rank LIMIT 20',
           'SELECT id, label, shallow_size, retained_size, retained_count FROM children'
           || ' WHERE dominator_id = ' || l.id || ' ORDER BY id LIMIT 20')
FROM compared l JOIN type t ON t.id = l.type_id
WHERE t.name NOT IN ('module', 'function', 'frame', 'code', '(compiled code)')
-- what the interpreter keeps for itself
AND l.path NOT LIKE '<runtime interned strings>%'
AND l.path NOT LIKE '<runtime attribute cache>%'
AND l.path NOT LIKE '<runtime sys>[''path_importer_cache'']%'
AND l.path NOT LIKE '<runtime sys>[''modules'']%'
-- what other runtimes keep for themselves, and their own scripts, unless that is much
AND NOT (10 * l.bytes < :live_size + :live_native AND (l.path LIKE 'node:%' OR (
         l.path LIKE '<runtime %'
         AND (SELECT runtime FROM snapshot WHERE id = :snapshot) <> 'cpython')))
-- the variables of a module and the attributes of a class are looked at by other rules
AND NOT EXISTS (SELECT 1 FROM root r JOIN snapshot s ON s.id = :snapshot
                WHERE r.object_id = l.id AND r.kind = 2 AND s.runtime IN ('cpython', 'v8'))
AND NOT EXISTS (SELECT 1 FROM object o JOIN object p ON p.id = o.parent_id
                JOIN type y ON y.id = p.type_id
                WHERE o.id = l.id AND t.name = 'dict' AND (y.name = 'module' OR p.flags & 64))
ORDER BY l.bytes DESC
