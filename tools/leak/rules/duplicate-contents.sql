-- SPDX-License-Identifier: MIT
-- rule: duplicate-contents
-- title: equal strings and bytes held several times
-- cause: parsers and drivers make a new string for every value that they read, equal or not
-- remedy: sys.intern() for names and keys, a dict of values seen (pool.setdefault(s, s)), an
--     enum, or a category type where columns repeat
-- yields: growing-owners callback-registries unbounded-caches exceptions suspended-tasks
--     unclosed-resources
WITH copies AS MATERIALIZED (
    SELECT o.type_id, count(*) AS n, sum(o.shallow_size) - max(o.shallow_size) AS spare,
           min(d.length) AS length, max(o.shallow_size) AS largest, o.id
    FROM detail d CROSS JOIN object o ON o.id = d.object_id
    WHERE d.content_hash IS NOT NULL AND d.object_id BETWEEN :live_root AND :garbage_root
    -- Tables of compiled code are nobody's to share.
    AND (o.type_id IS NOT (SELECT id FROM type WHERE snapshot_id = :snapshot AND name = 'bytes'
                           AND module = 'builtins')
         OR (SELECT type_id FROM object WHERE id = o.dominator_id)
            IS NOT (SELECT id FROM type WHERE snapshot_id = :snapshot AND name = 'code'
                    AND module = 'builtins'))
    GROUP BY d.content_hash, o.type_id HAVING count(*) > 1
), whole AS (
    SELECT type_id, count(*) AS contents, sum(n) AS n, sum(spare) AS spare
        FROM copies GROUP BY type_id
)
SELECT severity, sentence, bytes, n, id, evidence FROM (
    SELECT 0 AS place, iif(spare >= 0.1 * :live_size AND spare >= :floor, 'warning',
        'note') AS severity,
           plural(n, type_name(type_id) || ' object') || ' hold ' || plural(contents, 'content')
               || ' only: ' || size(spare) || ' could be saved, ' || percent(spare, :live_size)
               || ' of the live heap' AS sentence,
           spare AS bytes, n, NULL AS id,
           'SELECT sql FROM saved_query WHERE name = ''duplicates''' AS evidence
    FROM whole WHERE spare >= :floor
    UNION ALL
    SELECT 1, 'note',
           plural(n, 'copy', 'copies') || ' of one ' || type_name(type_id)
               || coalesce(' of length ' || length, '')
               || ': ' || size(spare) || ' could be saved',
           spare, n, id,
           'SELECT o.id, o.label, o.shallow_size, o.parent_id FROM detail d JOIN objects o'
               || ' ON o.id = d.object_id WHERE d.content_hash = (SELECT content_hash FROM detail'
               || ' WHERE object_id = ' || id || ') LIMIT 20'
    FROM copies
    WHERE spare >= :floor / 4 AND type_id IN (SELECT type_id FROM whole WHERE spare >= :floor)
)
ORDER BY place, bytes DESC
