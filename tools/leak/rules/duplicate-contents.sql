-- SPDX-License-Identifier: MIT
-- rule: duplicate-contents
-- title: equal strings and bytes held several times
-- cause: parsers and drivers make a new string for every value that they read, equal or not
-- remedy: sys.intern() for names and keys, a dict of values seen (pool.setdefault(s, s)), an
--     enum, or a category type where columns repeat
-- limits: equal is what has one 64-bit hash; whether the program may share the objects is not
--     known
-- runtime: cpython
-- yields: growing-owners callback-registries unbounded-caches exceptions suspended-tasks
--     unclosed-resources
WITH copies AS (
    SELECT type_id, n, wasted AS spare, length, object_id AS id
    FROM duplicate WHERE snapshot_id = :snapshot
), whole AS (
    SELECT type_id, n_contents AS contents, n, wasted AS spare
    FROM duplicate_type WHERE snapshot_id = :snapshot
)
SELECT 'note' AS severity, sentence, bytes, n, id, evidence FROM (
    SELECT 0 AS place,
           plural(n, type_name(type_id) || ' object') || ' hold ' || plural(contents, 'content')
               || ' only: ' || size(spare) || ' could be saved, ' || percent(spare, :live_size)
               || ' of the live heap' AS sentence,
           spare AS bytes, n, NULL AS id,
           'SELECT sql FROM saved_query WHERE name = ''duplicates''' AS evidence
    FROM whole WHERE spare >= :floor
    UNION ALL
    SELECT 1,
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
