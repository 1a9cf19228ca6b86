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
), loaders AS (
    -- Its classes beside it in the tree share nothing with it.
    SELECT o.id, o.type_id, count(*) AS classes, min(a.name) AS name,
           o.retained_size + (
               SELECT coalesce(sum(c.retained_size), 0) FROM type t JOIN object c
               ON c.id = t.object_id WHERE t.snapshot_id = :snapshot AND t.loader_id = o.id
               AND c.dominator_id = o.dominator_id) AS retained_size
    FROM again a JOIN loaded l ON l.name = a.name JOIN object o ON o.id = l.loader_id
    GROUP BY o.id
)
SELECT iif(count(*) >= 10 OR sum(retained_size) >= :floor, 'warning', 'note'),
       plural(count(*), type_name(type_id)) || ' have loaded the same classes (' || min(name)
           || iif(max(classes) > 1, ' and ' || plural(max(classes) - 1, 'other'), '')
           || ') each for itself and retain at least ' || size(sum(retained_size)),
       sum(retained_size), count(*), id,
       'SELECT name, count(DISTINCT loader_id) AS loaders FROM type WHERE loader_id IS NOT NULL'
           || ' AND snapshot_id = ' || :snapshot || ' GROUP BY name HAVING loaders > 2'
           || ' ORDER BY 2 DESC LIMIT 20'
FROM (SELECT * FROM loaders ORDER BY retained_size DESC)
GROUP BY type_id
ORDER BY 3 DESC
