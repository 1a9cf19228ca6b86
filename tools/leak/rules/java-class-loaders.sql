-- SPDX-License-Identifier: MIT
-- rule: java-class-loaders
-- title: classes loaded again and again
-- cause: one object of a class keeps the class, its loader and all classes of that loader alive: a
--     listener, a thread, a thread-local value or a static list of the server that holds one of a
--     program that was unloaded
-- remedy: follow the path of the loader to what holds it, and take that back when the program is
--     unloaded (deregister drivers and listeners, stop threads, clear thread-local values)
-- limits: application servers have several loaders of one class on purpose; how many are too many is
--     not known
-- runtime: jvm
WITH loaded AS (
    SELECT name, loader_id FROM type
    WHERE snapshot_id = :snapshot AND loader_id < :garbage_root AND name NOT LIKE '%/0x%'
    AND name NOT LIKE '%[]'
), again AS (
    SELECT name, count(DISTINCT loader_id) AS n FROM loaded GROUP BY name HAVING n >= 3
), loaders AS MATERIALIZED (
    SELECT o.id, o.type_id, count(*) AS classes, min(a.name) AS name
    FROM again a JOIN loaded l ON l.name = a.name JOIN object o ON o.id = l.loader_id
    GROUP BY o.id
), kinds AS MATERIALIZED (
    SELECT l.id AS loader, l.type_id, t.id, t.object_id, t.n > 1000 AS cut
    FROM loaders l JOIN type t ON t.snapshot_id = :snapshot AND t.loader_id = l.id
), kept (loader, type_id, id) AS ( -- the loader, its classes, and their instances, as of snaptop
    SELECT id, type_id, id FROM loaders
    UNION ALL SELECT loader, type_id, object_id FROM kinds WHERE object_id < :garbage_root
    UNION ALL SELECT k.loader, k.type_id, x.object_id FROM kinds k CROSS JOIN type_object x
              ON x.type_id = k.id AND x.rank <= 1000 WHERE x.object_id < :garbage_root
), sums AS (
    SELECT k.type_id, together(o.id, o.last_dominated, o.retained_size) AS bytes
    FROM kept k JOIN object o ON o.id = k.id GROUP BY k.type_id
), largest AS (
    SELECT type_id, id, max(bytes) FROM (
        SELECT k.type_id, k.loader AS id,
               together(o.id, o.last_dominated, o.retained_size) AS bytes
        FROM kept k JOIN object o ON o.id = k.id GROUP BY k.loader)
    GROUP BY type_id
)
SELECT iif(count(*) >= 10 OR s.bytes >= :floor, 'warning', 'note'),
       plural(count(*), type_name(l.type_id)) || ' have loaded the same classes (' || min(l.name)
           || iif(max(l.classes) > 1, ' and ' || plural(max(l.classes) - 1, 'other'), '')
           || ') each for itself and retain '
           || iif((SELECT max(cut) FROM kinds k WHERE k.type_id = l.type_id), 'at least ', '')
           || size(s.bytes) || ' with their classes and objects',
       s.bytes, count(*), m.id,
       'SELECT name, count(DISTINCT loader_id) AS loaders FROM type WHERE loader_id IS NOT NULL'
           || ' AND snapshot_id = ' || :snapshot || ' GROUP BY name HAVING loaders > 2'
           || ' ORDER BY 2 DESC LIMIT 20'
FROM loaders l JOIN sums s ON s.type_id = l.type_id JOIN largest m ON m.type_id = l.type_id
GROUP BY l.type_id
ORDER BY 3 DESC
