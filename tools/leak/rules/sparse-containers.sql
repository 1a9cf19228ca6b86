-- SPDX-License-Identifier: MIT
-- rule: sparse-containers
-- title: containers with room for much more than they hold
-- cause: a dict, set or list keeps the room of its fullest time: taking entries out does not make
--     it smaller
-- remedy: replace it by a copy when it has been emptied (d = dict(d), s = set(s), l = l[:]);
--     tuple() or frozenset() for what does not change
-- limits: whether the room is filled again is not known
-- runtime: cpython
WITH sparse AS (
    SELECT o.id, o.type_id, o.shallow_size, d.length, d.capacity,
           spare(t.name, o.shallow_size, d.length, d.capacity) AS spare
    FROM detail d CROSS JOIN object o ON o.id = d.object_id JOIN type t ON t.id = o.type_id
    WHERE d.capacity > 2 * d.length + 8 AND d.object_id BETWEEN :live_root AND :garbage_root
), grouped AS (
    SELECT type_id, count(*) AS n, sum(spare) AS spare, max(spare) AS most, length, capacity, id
    FROM sparse WHERE spare > 0 GROUP BY type_id
)
SELECT 'note',
       plural(n, type_name(type_id) || ' object') || iif(n = 1, ' has ', ' have ') || size(spare)
           || ' more room than a copy would need; the emptiest holds ' || plural(length, 'element')
           || ' in room for ' || printf('%,d', capacity),
       spare, n, id,
       'SELECT o.id, o.label, d.length, d.capacity, o.shallow_size FROM detail d CROSS JOIN'
           || ' objects o'
           || ' ON o.id = d.object_id WHERE d.capacity > 2 * d.length + 8 AND o.type_id = '
               || type_id
           || ' ORDER BY o.shallow_size DESC LIMIT 20'
FROM grouped
WHERE spare >= :floor
ORDER BY 1 DESC, spare DESC
