-- SPDX-License-Identifier: MIT
-- rule: unclosed-resources
-- title: files, sockets and the like that were not closed
-- cause: a resource is closed when its last reference goes; held by a cycle, a list or an
--     exception it stays open, and the process runs out of descriptors or connections before it
--     runs out of memory
-- remedy: use the context manager (with open(...) as f), close() in finally, or
--     contextlib.ExitStack
-- needs: refs
WITH resource AS (
    SELECT d.object_id, d.resource, o.type_id, o.dominator_id, o.retained_size,
           d.object_id > :garbage_root AS garbage
    FROM detail d CROSS JOIN object o ON o.id = d.object_id
    WHERE d.resource IS NOT NULL AND d.state = 1 AND o.snapshot_id = :snapshot
), grouped AS (
    SELECT r.type_id, r.resource, garbage, count(*) AS n, sum(retained_size) AS retained,
           min(object_id) AS object_id
    FROM resource r GROUP BY r.type_id, r.resource, garbage
), compared AS (
    SELECT g.*, (SELECT name FROM resource_kind WHERE id = g.resource) AS kind,
           base('SELECT count(*) FROM detail d CROSS JOIN object o ON o.id = d.object_id
                 JOIN type t ON t.id = o.type_id WHERE o.snapshot_id = ?1 AND d.state = 1
                 AND d.resource = ?2 AND t.name = ?3 AND t.module IS ?4
                 AND (d.object_id > (SELECT garbage_root_id FROM snapshot WHERE id = ?1)) = ?5',
                g.resource, t.name, t.module, g.garbage) AS before
    FROM grouped g JOIN type t ON t.id = g.type_id
)
SELECT CASE WHEN garbage OR n >= 100 OR n >= coalesce(before, n) + 10
    THEN 'warning' ELSE 'note' END,
       plural(n, 'open ' || kind, 'open ' || kind || iif(kind = 'process', 'es', 's'))
           || ' (' || type_name(type_id) || ')'
           || iif(garbage, ' that nothing reaches: not closed before the last reference went', '')
           || since(n, before),
       retained, n, object_id,
       'SELECT o.id, o.label, o.retained_size FROM detail d JOIN objects o ON o.id = d.object_id'
           || ' WHERE d.state = 1 AND d.resource = ' || resource || ' AND o.type_id = ' || type_id
           || ' AND o.id ' || iif(garbage, '>', '<') || ' ' || :garbage_root || ' LIMIT 50'
FROM compared
WHERE garbage OR n >= 20 OR n >= before + 10
ORDER BY 1 DESC, n DESC
