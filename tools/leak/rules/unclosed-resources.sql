-- SPDX-License-Identifier: MIT
-- rule: unclosed-resources
-- title: files, sockets and the like that were not closed
-- cause: a resource is closed when its last reference goes; held by a cycle, a list or an
--     exception it stays open, and the process runs out of descriptors or connections before it
--     runs out of memory
-- remedy: use the context manager (with open(...) as f), close() in finally, or
--     contextlib.ExitStack
-- limits: of connections, cursors, sessions and pools of libraries it is not recorded whether
--     they are closed: many at once are taken for it, by the names of a list of types
-- about: type
-- runtime: cpython
-- needs: refs
WITH resource AS (
    SELECT d.object_id, d.resource, o.type_id, o.dominator_id, o.last_dominated, o.retained_size,
           d.object_id > :garbage_root AS garbage
    FROM resource_object x CROSS JOIN detail d ON d.object_id = x.object_id
    CROSS JOIN object o ON o.id = d.object_id
    WHERE x.snapshot_id = :snapshot AND d.state = 1
), grouped AS (
    SELECT r.type_id, r.resource, garbage, count(*) AS n,
           together(object_id, last_dominated, retained_size) AS retained,
           min(object_id) AS object_id
    FROM resource r GROUP BY r.type_id, r.resource, garbage
), compared AS (
    SELECT g.*, (SELECT name FROM resource_kind WHERE id = g.resource) AS kind,
           base('SELECT count(*) FROM resource_object x CROSS JOIN detail d ON d.object_id = x.object_id
                 CROSS JOIN object o ON o.id = d.object_id
                 JOIN type t ON t.id = o.type_id WHERE x.snapshot_id = ?1 AND d.state = 1
                 AND d.resource = ?2 AND t.name = ?3 AND t.module IS ?4
                 AND (d.object_id > (SELECT garbage_root_id FROM snapshot WHERE id = ?1)) = ?5',
                g.resource, t.name, t.module, g.garbage) AS before
    FROM grouped g JOIN type t ON t.id = g.type_id
), watched (module, name, kind) AS (
    -- Types of which many at once are a mistake, closed or not: a capture does not tell.
    VALUES ('sqlite3', 'Connection', 'connection'), ('sqlite3', 'Cursor', 'cursor'),
           ('psycopg2.extensions', 'connection', 'connection'),
           ('psycopg2.extensions', 'cursor', 'cursor'), ('psycopg', 'Connection', 'connection'),
           ('pymysql.connections', 'Connection', 'connection'),
           ('MySQLdb.connections', 'Connection', 'connection'),
           ('pymongo.mongo_client', 'MongoClient', 'client'),
           ('sqlalchemy.engine.base', 'Connection', 'connection'),
           ('sqlalchemy.engine.base', 'Engine', 'engine'),
           ('sqlalchemy.orm.session', 'Session', 'session'),
           ('aiohttp.client', 'ClientSession', 'session'),
           ('requests.sessions', 'Session', 'session'), ('httpx', 'Client', 'client'),
           ('httpx', 'AsyncClient', 'client'), ('urllib3.poolmanager', 'PoolManager', 'pool'),
           ('grpc._channel', 'Channel', 'channel'),
           ('concurrent.futures.thread', 'ThreadPoolExecutor', 'executor'),
           ('concurrent.futures.process', 'ProcessPoolExecutor', 'executor'),
           ('multiprocessing.pool', 'Pool', 'pool'), ('zipfile', 'ZipFile', 'archive'),
           ('tarfile', 'TarFile', 'archive')
), alive AS (
    SELECT t.id AS type_id, w.kind, t.n, t.retained_size AS retained,
           (SELECT object_id FROM type_object WHERE type_id = t.id AND rank = 1) AS object_id,
           base('SELECT coalesce(sum(n), 0) FROM type WHERE snapshot_id = ?1 AND name = ?2
                 AND module = ?3', t.name, t.module) AS before
    FROM watched w CROSS JOIN type t ON t.module = w.module AND t.name = w.name
    WHERE t.snapshot_id = :snapshot
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
UNION ALL
SELECT CASE WHEN n >= 100 OR n >= coalesce(before, n) + 10 THEN 'warning' ELSE 'note' END,
       plural(n, kind, kind || 's') || ' (' || type_name(type_id) || ')' || since(n, before)
           || '; whether they are closed is not recorded',
       retained, n, object_id,
       'SELECT id, label, retained_size FROM objects WHERE type_id = ' || type_id
           || ' ORDER BY id LIMIT 50'
FROM alive
WHERE n >= 20 OR n >= before + 10
ORDER BY 1 DESC, 4 DESC
