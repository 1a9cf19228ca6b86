-- SPDX-License-Identifier: MIT
-- rule: number-lists
-- title: lists of numbers
-- cause: a list holds references: each int or float is an object of its own of 32 or 24 bytes,
--     beside the 8 bytes that refer to it
-- remedy: array.array('q') or array.array('d'), 8 bytes a number; numpy where it is calculated
--     with
-- limits: numbers must fit into eight bytes, and the list into one type of array
-- runtime: cpython
WITH list AS MATERIALIZED (
    SELECT o.id, o.last_dominated, o.retained_size, o.shallow_size, d.length
    FROM type t JOIN type_object x ON x.type_id = t.id JOIN object o ON o.id = x.object_id
    JOIN detail d ON d.object_id = o.id
    WHERE t.snapshot_id = :snapshot AND t.name = 'list' AND t.module = 'builtins'
    AND o.id < :garbage_root AND d.length >= 1000
    -- numbers keep nothing alive, so that a list of them dominates at most so many objects
    AND 2 * (o.last_dominated - o.id) BETWEEN d.length AND 2 * d.length
), number AS MATERIALIZED (
    SELECT l.id, l.length, l.shallow_size, l.retained_size, l.last_dominated - l.id AS n,
           (SELECT min(t.name IN ('int', 'float') AND m.shallow_size <= 32)
            FROM object m JOIN type t ON t.id = m.type_id
            WHERE m.id BETWEEN l.id + 1 AND l.last_dominated) AS all_numbers
    FROM list l
), spare AS (
    SELECT *, retained_size - 80 - 8 * length AS spare FROM number WHERE all_numbers
)
SELECT 'note',
       'list of ' || plural(length, 'number') || ' takes ' || size(retained_size)
           || '; as an array ' || size(80 + 8 * length) || ': ' || size(spare)
               || ' could be saved',
       spare, n, id,
       'SELECT position, target_type, target_shallow FROM refs WHERE source_id = ' || id
           || ' LIMIT 20'
FROM spare
WHERE spare >= :floor
ORDER BY 1 DESC, spare DESC
