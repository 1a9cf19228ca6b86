-- SPDX-License-Identifier: MIT
--
-- What must hold in every heap database. Each query gives the rows that break it, with its name: a
-- sound database prints nothing.
--
--     sqlite3 -readonly a.db < invariants.sql        (or check_db.sh a.db, which also fails)
--
-- The queries scan and join whole tables: for test databases up to some million objects.

PRAGMA cache_size = -262144;
PRAGMA temp_store = MEMORY;

-- ---- the file
-- ------------------------------------------------------------------------------------

SELECT 'integrity_check: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok';
SELECT 'foreign_key_check: ' || "table" || ' row ' || coalesce(rowid, '?') || ' -> ' || parent
FROM pragma_foreign_key_check LIMIT 5;
SELECT 'application_id' WHERE (SELECT application_id FROM pragma_application_id) <> 0x736e6170;
SELECT 'user_version' WHERE (SELECT user_version FROM pragma_user_version) <> 1;

-- ---- the two virtual roots
-- -------------------------------------------------------------------------

SELECT 'virtual root ' || s.id FROM snapshot s
LEFT JOIN object l ON l.id = s.live_root_id LEFT JOIN object g ON g.id = s.garbage_root_id
WHERE l.id IS NULL OR g.id IS NULL OR l.dominator_id IS NOT NULL OR g.dominator_id IS NOT NULL
   OR l.shallow_size <> 0 OR g.shallow_size <> 0 OR l.address IS NOT NULL OR g.address IS NOT NULL
   OR l.retained_size <> s.live_size OR g.retained_size <> s.garbage_size
   OR l.retained_native IS NOT s.live_native OR g.retained_native IS NOT s.garbage_native
   OR l.last_dominated <> g.id - 1 OR l.last_dominated - l.id <> s.n_live
   OR g.last_dominated - g.id <> s.n_garbage OR (l.id - 1) % 32768 <> 0
   OR (SELECT name FROM type WHERE id = l.type_id) <> '(live)'
   OR (SELECT name FROM type WHERE id = g.type_id) <> '(garbage)';
SELECT 'only virtual roots have no dominator ' || o.id FROM object o
WHERE (o.dominator_id IS NULL) <> (o.id IN (SELECT live_root_id FROM snapshot
                                            UNION ALL SELECT garbage_root_id FROM snapshot)) LIMIT 5;
SELECT 'an object without an address ' || id FROM object
WHERE address IS NULL AND dominator_id IS NOT NULL LIMIT 5;

-- ---- counts and sums
-- -------------------------------------------------------------------------------

SELECT 'counts of snapshot ' || s.id FROM snapshot s
WHERE s.n_objects <> s.n_live + s.n_garbage
   OR s.shallow_size <> s.live_size + s.garbage_size
   OR s.native_size IS NOT s.live_native + s.garbage_native
   OR s.n_objects <> (SELECT count(*) FROM object WHERE snapshot_id = s.id) - 2
   OR s.shallow_size <> (SELECT coalesce(sum(shallow_size), 0) FROM object WHERE snapshot_id = s.id)
   OR coalesce(s.native_size, 0) <> (SELECT coalesce(sum(native_size), 0) FROM object
                                     WHERE snapshot_id = s.id
                                     AND id NOT IN (SELECT object_id FROM shared_buffer_object))
                                  + (SELECT coalesce(sum(native_size), 0) FROM shared_buffer
                                     WHERE snapshot_id = s.id)
   OR s.n_roots <> (SELECT count(*) FROM root r JOIN object o ON o.id = r.object_id
                    WHERE o.snapshot_id = s.id)
   OR (s.has_refs AND s.n_refs <> (SELECT count(*) FROM ref r JOIN object o ON o.id = r.source_id
                                   WHERE o.snapshot_id = s.id))
   OR (NOT s.has_refs AND EXISTS (SELECT 1 FROM ref r
                                  WHERE r.source_id BETWEEN s.live_root_id
                                        AND s.garbage_root_id + s.n_garbage));
SELECT 'ids of object ' || o.id || ' are not those of its snapshot' FROM object o
JOIN snapshot s ON s.id = o.snapshot_id
WHERE o.id NOT BETWEEN s.live_root_id AND s.garbage_root_id + s.n_garbage LIMIT 5;

-- ---- the dominator tree
-- ----------------------------------------------------------------------------

SELECT 'retained size is not own plus children ' || o.id FROM object o
WHERE o.retained_size <> o.shallow_size + coalesce(
        (SELECT sum(c.retained_size) FROM child k JOIN object c ON c.id = k.object_id
         WHERE k.dominator_id = o.id), 0) LIMIT 5;
SELECT 'retained native is not own plus children ' || o.id FROM object o
WHERE o.retained_native <>
      iif(o.id IN (SELECT object_id FROM shared_buffer_object), 0, coalesce(o.native_size, 0))
    + coalesce((SELECT sum(c.retained_native) FROM child k JOIN object c ON c.id = k.object_id
                WHERE k.dominator_id = o.id), 0)
    + coalesce((SELECT sum(b.native_size) FROM shared_buffer b WHERE b.holder_id = o.id), 0) LIMIT 5;
SELECT 'shared memory ' || b.address FROM shared_buffer b JOIN snapshot s ON s.id = b.snapshot_id
JOIN object h ON h.id = b.holder_id
LEFT JOIN (SELECT m.snapshot_id, m.address, count(*) AS n, max(o.native_size) AS size,
                  sum(m.address IS NOT d.buffer OR o.snapshot_id <> m.snapshot_id) AS strange,
                  sum(o.id < s.garbage_root_id) AS live,
                  min(iif(o.id < s.garbage_root_id, o.id, NULL)) AS low,
                  max(iif(o.id < s.garbage_root_id, o.id, NULL)) AS high,
                  min(o.id) AS garbage_low, max(o.id) AS garbage_high
           FROM shared_buffer_object m JOIN object o ON o.id = m.object_id
           JOIN snapshot s ON s.id = m.snapshot_id LEFT JOIN detail d ON d.object_id = o.id
           GROUP BY m.snapshot_id, m.address) x
       ON x.snapshot_id = b.snapshot_id AND x.address = b.address
WHERE b.n IS NOT x.n OR b.n < 2 OR b.native_size IS NOT x.size OR x.strange
   OR (x.live > 0) <> (b.object_id < s.garbage_root_id)
   OR b.holder_id > coalesce(x.low, x.garbage_low)
   OR h.last_dominated < coalesce(x.high, x.garbage_high)
   OR NOT EXISTS (SELECT 1 FROM shared_buffer_object m WHERE m.snapshot_id = b.snapshot_id
                  AND m.address = b.address AND m.object_id = b.object_id) LIMIT 5;
SELECT 'memory that is shared and not in shared_buffer ' || min(o.id)
FROM detail d JOIN object o ON o.id = d.object_id
WHERE d.buffer <> 0 AND o.native_size > 0
GROUP BY o.snapshot_id, d.buffer
HAVING count(*) > 1 AND (o.snapshot_id, d.buffer) NOT IN
       (SELECT snapshot_id, address FROM shared_buffer) LIMIT 5;
SELECT 'native sizes of snapshot ' || s.id FROM snapshot s
WHERE (s.native_size IS NULL) <> EXISTS (SELECT 1 FROM object o WHERE o.id = s.live_root_id
                                         AND o.retained_native IS NULL);
SELECT 'ranges do not nest ' || o.id FROM object o
LEFT JOIN object d ON d.id = o.dominator_id
WHERE o.last_dominated < o.id
   OR (d.id IS NOT NULL AND (o.id <= d.id OR o.last_dominated > d.last_dominated)) LIMIT 5;
SELECT 'children do not fill the range ' || o.id FROM object o
WHERE o.last_dominated - o.id <> coalesce(
        (SELECT sum(c.last_dominated - c.id + 1) FROM child k JOIN object c ON c.id = k.object_id
         WHERE k.dominator_id = o.id), 0) LIMIT 5;
SELECT 'children are not in order ' || id FROM (
    SELECT k.object_id AS id, c.retained_size AS size,
           lag(c.retained_size) OVER (PARTITION BY k.dominator_id ORDER BY k.object_id) AS before
    FROM child k JOIN object c ON c.id = k.object_id)
WHERE size > before LIMIT 5;
SELECT 'child is not the dominator backwards' WHERE EXISTS (
    SELECT dominator_id, id FROM object WHERE dominator_id IS NOT NULL
    EXCEPT SELECT dominator_id, object_id FROM child)
  OR (SELECT count(*) FROM child) <> (SELECT count(*) FROM object WHERE dominator_id IS NOT NULL);
-- Whoever refers to an object from the same side lies under its dominator.
SELECT 'a reference bypasses the dominator: ' || r.source_id || ' -> ' || r.target_id
FROM ref r JOIN object t ON t.id = r.target_id JOIN object d ON d.id = t.dominator_id
JOIN snapshot s ON s.id = t.snapshot_id
WHERE (SELECT holds FROM edge_kind WHERE id = r.kind)
  AND (r.source_id > s.garbage_root_id) = (r.target_id > s.garbage_root_id)
  AND r.source_id NOT BETWEEN d.id AND d.last_dominated LIMIT 5;
SELECT 'a live object holds garbage: ' || r.source_id || ' -> ' || r.target_id
FROM ref r JOIN object t ON t.id = r.target_id JOIN snapshot s ON s.id = t.snapshot_id
WHERE (SELECT holds FROM edge_kind WHERE id = r.kind)
  AND r.source_id < s.garbage_root_id AND r.target_id > s.garbage_root_id LIMIT 5;

-- ---- references
-- ------------------------------------------------------------------------------------

SELECT 'a reference crosses snapshots: ' || r.source_id || ' -> ' || r.target_id
FROM ref r JOIN object a ON a.id = r.source_id JOIN object b ON b.id = r.target_id
WHERE a.snapshot_id <> b.snapshot_id OR a.dominator_id IS NULL OR b.dominator_id IS NULL LIMIT 5;
SELECT 'ref and referrer differ' WHERE (SELECT count(*) FROM ref) <> (SELECT count(*) FROM referrer)
   OR EXISTS (SELECT 1 FROM referrer b LEFT JOIN ref r ON r.source_id = b.source_id
              AND r.position = b.position WHERE r.target_id IS NOT b.target_id);
SELECT 'positions are not dense ' || source_id FROM ref
GROUP BY source_id HAVING min(position) <> 0 OR max(position) <> count(*) - 1 LIMIT 5;

-- ---- roots and shortest paths
-- ----------------------------------------------------------------------

SELECT 'a root object is not at distance 1 ' || o.id FROM object o
WHERE o.dominator_id IS NOT NULL
  AND (coalesce(o.distance, 0) = 1) <> EXISTS (SELECT 1 FROM root WHERE object_id = o.id) LIMIT 5;
SELECT 'distance and parent of ' || o.id FROM object o JOIN snapshot s ON s.id = o.snapshot_id
WHERE o.dominator_id IS NOT NULL
  AND CASE WHEN o.id > s.garbage_root_id THEN o.distance IS NOT NULL OR o.parent_id IS NOT NULL
           WHEN o.distance = 1 THEN o.parent_id IS NOT s.live_root_id
           ELSE o.distance IS NOT (SELECT distance + 1 FROM object WHERE id = o.parent_id)
      END LIMIT 5;
SELECT 'the parent does not refer to ' || o.id FROM object o JOIN snapshot s ON s.id = o.snapshot_id
WHERE s.has_refs AND o.distance > 1
  AND NOT EXISTS (SELECT 1 FROM ref r JOIN edge_kind k ON k.id = r.kind WHERE r.source_id = o.parent_id
                  AND r.position = o.parent_position AND r.target_id = o.id AND k.holds) LIMIT 5;
SELECT 'a shorter path exists: ' || r.source_id || ' -> ' || r.target_id
FROM ref r JOIN object a ON a.id = r.source_id JOIN object b ON b.id = r.target_id
JOIN edge_kind k ON k.id = r.kind
WHERE k.holds AND b.distance > a.distance + 1 LIMIT 5;
SELECT 'roots are not in the order of objects' WHERE EXISTS (
    SELECT 1 FROM (SELECT object_id, lag(object_id) OVER (ORDER BY id) AS before FROM root)
    WHERE object_id < before);
SELECT 'an incomplete capture draws conclusions, snapshot ' || s.id FROM snapshot s
WHERE NOT s.complete AND (s.n_garbage > 0 OR EXISTS (SELECT 1 FROM object o WHERE o.snapshot_id = s.id
      AND o.external_refs IS NOT NULL));
SELECT 'held from outside, but no root ' || o.id FROM object o JOIN snapshot s ON s.id = o.snapshot_id
WHERE s.complete AND o.external_refs > 0
  AND NOT EXISTS (SELECT 1 FROM root r WHERE r.object_id = o.id AND r.kind = 8) LIMIT 5;
SELECT 'external_refs below 0 ' || id FROM object WHERE external_refs < 0 LIMIT 5;
SELECT 'immortal, but no root, or with external_refs ' || o.id FROM object o
JOIN snapshot s ON s.id = o.snapshot_id
WHERE s.complete AND o.flags & 8 AND (o.external_refs IS NOT NULL OR NOT EXISTS (
      SELECT 1 FROM root r WHERE r.object_id = o.id AND r.kind = 7)) LIMIT 5;

-- ---- cycles
-- ----------------------------------------------------------------------------------------

SELECT 'component ' || c.id FROM component c
LEFT JOIN (SELECT component_id, snapshot_id, count(*) AS n, sum(shallow_size) AS size, min(id) AS first
           FROM object WHERE component_id IS NOT NULL GROUP BY component_id, snapshot_id) x
       ON x.component_id = c.id
WHERE c.n IS NOT x.n OR c.shallow_size IS NOT x.size OR c.object_id IS NOT x.first
   OR c.retained_size < c.shallow_size OR c.snapshot_id IS NOT x.snapshot_id LIMIT 5;
SELECT 'an object in no component ' || id FROM object
WHERE component_id IS NOT NULL AND component_id NOT IN (SELECT id FROM component) LIMIT 5;
SELECT 'a component of one without a self-reference ' || c.id FROM component c
JOIN snapshot s ON s.id = c.snapshot_id
WHERE s.has_refs AND c.n = 1
  AND NOT EXISTS (SELECT 1 FROM ref WHERE source_id = c.object_id AND target_id = c.object_id) LIMIT 5;
SELECT 'components are not in order ' || id FROM (
    SELECT id, snapshot_id, retained_size, lag(retained_size) OVER (PARTITION BY snapshot_id
           ORDER BY id) AS before FROM component) WHERE retained_size > before LIMIT 5;

-- ---- lists
-- -----------------------------------------------------------------------------------------

SELECT 'top_object ' || x.rank FROM (
    SELECT t.snapshot_id, t.rank, o.retained_size AS size, o.snapshot_id AS real,
           lag(o.retained_size) OVER w AS before, row_number() OVER w AS number
    FROM top_object t JOIN object o ON o.id = t.object_id
    WINDOW w AS (PARTITION BY t.snapshot_id ORDER BY t.rank)) x
WHERE x.size > x.before OR x.number <> x.rank OR x.real <> x.snapshot_id LIMIT 5;
SELECT 'type_object ' || x.type_id || ' ' || x.rank FROM (
    SELECT t.type_id, t.rank, o.retained_size AS size, o.type_id AS real,
           lag(o.retained_size) OVER w AS before, row_number() OVER w AS number
    FROM type_object t JOIN object o ON o.id = t.object_id
    WINDOW w AS (PARTITION BY t.type_id ORDER BY t.rank)) x
WHERE x.size > x.before OR x.number <> x.rank OR x.real <> x.type_id LIMIT 5;
SELECT 'site_object ' || x.stack_id || ' ' || x.rank FROM (
    SELECT t.stack_id, t.rank, o.retained_size AS size, o.stack_id AS real,
           lag(o.retained_size) OVER w AS before, row_number() OVER w AS number
    FROM site_object t JOIN object o ON o.id = t.object_id AND o.snapshot_id = t.snapshot_id
    WINDOW w AS (PARTITION BY t.stack_id, t.snapshot_id ORDER BY t.rank)) x
WHERE x.size > x.before OR x.number <> x.rank OR x.real <> x.stack_id LIMIT 5;
SELECT 'component_object ' || x.component_id || ' ' || x.rank FROM (
    SELECT t.component_id, t.rank, o.retained_size AS size, o.component_id AS real,
           lag(o.retained_size) OVER w AS before, row_number() OVER w AS number
    FROM component_object t JOIN object o ON o.id = t.object_id
    WINDOW w AS (PARTITION BY t.component_id ORDER BY t.rank)) x
WHERE x.size > x.before OR x.number <> x.rank OR x.real <> x.component_id LIMIT 5;
SELECT 'lists are not complete: ' || w FROM (
    SELECT 'type ' || t.id AS w FROM type t WHERE t.name NOT IN ('(live)', '(garbage)')
      AND min(10000, t.n + t.n_garbage) <> (SELECT count(*) FROM type_object WHERE type_id = t.id)
    UNION ALL SELECT 'cycle ' || c.id FROM component c
    WHERE min(10000, c.n) <> (SELECT count(*) FROM component_object WHERE component_id = c.id)
    UNION ALL SELECT 'site ' || s.stack_id FROM site s
    WHERE min(10000, s.n + s.n_garbage) <> (SELECT count(*) FROM site_object
          WHERE stack_id = s.stack_id AND snapshot_id = s.snapshot_id)
    UNION ALL SELECT 'top ' || s.id FROM snapshot s
    WHERE min(10000, s.n_objects) <> (SELECT count(*) FROM top_object WHERE snapshot_id = s.id))
LIMIT 5;
SELECT 'address' WHERE (SELECT count(*) FROM address) <> (SELECT sum(n_objects) FROM snapshot)
   OR EXISTS (SELECT 1 FROM address a JOIN object o ON o.id = a.object_id
              WHERE o.address <> a.address OR o.snapshot_id <> a.snapshot_id);
SELECT 'type_prefix ' || p.block || ' ' || p.type_id FROM type_prefix p
JOIN (SELECT k.block, x.type_id, sum(x.n) AS n, sum(x.size) AS size
      FROM (SELECT DISTINCT p.block, t.snapshot_id FROM type_prefix p JOIN type t ON t.id = p.type_id) k
      JOIN (SELECT snapshot_id, (id - 1) / 32768 + 1 AS block, type_id, count(*) AS n,
                   sum(shallow_size) AS size FROM object WHERE dominator_id IS NOT NULL
            GROUP BY 1, 2, 3) x ON x.snapshot_id = k.snapshot_id AND x.block <= k.block
      GROUP BY k.block, x.type_id) c ON c.block = p.block AND c.type_id = p.type_id
WHERE p.n <> c.n OR p.shallow_size <> c.size LIMIT 5;
SELECT 'type_prefix counts a virtual root ' || p.block FROM type_prefix p JOIN type t ON t.id = p.type_id
WHERE t.name IN ('(live)', '(garbage)') LIMIT 5;
SELECT 'type_prefix lacks a block of snapshot ' || s.id FROM snapshot s
WHERE (s.n_objects + 2) / 32768 <>
      (SELECT count(DISTINCT p.block) FROM type_prefix p JOIN type t ON t.id = p.type_id
       WHERE t.snapshot_id = s.id);

-- ---- summaries
-- -------------------------------------------------------------------------------------

SELECT 'type ' || t.id FROM type t JOIN snapshot s ON s.id = t.snapshot_id
LEFT JOIN (SELECT o.type_id, sum(o.id < s.garbage_root_id) AS n,
                  sum(iif(o.id < s.garbage_root_id, o.shallow_size, 0)) AS size,
                  sum(o.id > s.garbage_root_id) AS gn,
                  sum(iif(o.id > s.garbage_root_id, o.shallow_size, 0)) AS gsize
           FROM object o JOIN snapshot s ON s.id = o.snapshot_id WHERE o.dominator_id IS NOT NULL
           GROUP BY o.type_id) x ON x.type_id = t.id
WHERE t.n <> coalesce(x.n, 0) OR t.shallow_size <> coalesce(x.size, 0)
   OR t.n_garbage <> coalesce(x.gn, 0) OR t.garbage_size <> coalesce(x.gsize, 0)
   OR t.retained_size < t.shallow_size OR t.retained_size > s.live_size LIMIT 5;
SELECT 'native sizes by type, snapshot ' || s.id FROM snapshot s
WHERE s.live_native IS NOT (SELECT sum(native_size) FROM type WHERE snapshot_id = s.id)
   OR s.live_native IS NOT (SELECT sum(native_size) FROM package WHERE snapshot_id = s.id AND depth = 1)
   AND s.n_live > 0;
SELECT 'site ' || t.stack_id FROM site t JOIN snapshot s ON s.id = t.snapshot_id
LEFT JOIN (SELECT o.snapshot_id, o.stack_id, sum(o.id < s.garbage_root_id) AS n,
                  sum(iif(o.id < s.garbage_root_id, o.shallow_size, 0)) AS size,
                  sum(o.id > s.garbage_root_id) AS gn
           FROM object o JOIN snapshot s ON s.id = o.snapshot_id WHERE o.stack_id IS NOT NULL
           GROUP BY o.snapshot_id, o.stack_id) x
       ON x.stack_id = t.stack_id AND x.snapshot_id = t.snapshot_id
WHERE t.n IS NOT x.n OR t.shallow_size IS NOT x.size OR t.n_garbage IS NOT x.gn LIMIT 5;
SELECT 'native blocks of snapshot ' || s.id FROM snapshot s
LEFT JOIN (SELECT snapshot_id, count(*) AS n, sum(min(size, 9e15)) AS size FROM block GROUP BY 1) b
       ON b.snapshot_id = s.id
WHERE s.n_blocks IS NOT b.n OR (b.size < 9e15 AND s.block_size <> b.size);
SELECT 'native_site ' || coalesce(snapshot_id, 'of no snapshot') || ' ' || coalesce(stack_id, 0)
FROM (SELECT snapshot_id, stack_id, sum(n) AS n, sum(size) AS size, sum(a) AS a, sum(a_size) AS a_size,
             sum(l) AS l, sum(l_size) AS l_size
      FROM (SELECT snapshot_id, stack_id, n_blocks AS n, min(block_size, 9e15) AS size,
                   n_allocated AS a, min(allocated_size, 9e15) AS a_size, n_live AS l,
                   min(live_size, 9e15) AS l_size FROM native_site
            UNION ALL
            SELECT snapshot_id, stack_id, -count(*), -min(total(size), 9e15), 0, 0, 0, 0 FROM block
            GROUP BY 1, 2
            UNION ALL
            SELECT snapshot_id, stack_id, 0, 0, -count(*), -min(total(size), 9e15), -sum(live),
                   -min(total(iif(live, size, 0)), 9e15)
            FROM (SELECT snapshot_id, stack_id, op, size,
                         lead(id) OVER (PARTITION BY snapshot_id, address ORDER BY id) IS NULL AS live
                  FROM event WHERE op IN (1, 2))
            WHERE op = 1 GROUP BY 1, 2)
      GROUP BY 1, 2)
WHERE (SELECT count(DISTINCT path) FROM snapshot) = 1 -- else events of no snapshot are of several files
  AND (n <> 0 OR a <> 0 OR l <> 0 OR abs(size) > 1 OR abs(a_size) > 1 OR abs(l_size) > 1) LIMIT 5;
SELECT 'packages of depth ' || d.depth || ', snapshot ' || s.id
FROM snapshot s JOIN (SELECT 1 AS depth UNION ALL SELECT 2 UNION ALL SELECT 3) d
WHERE s.n_live <> (SELECT coalesce(sum(n), 0) FROM package WHERE snapshot_id = s.id
                   AND depth = d.depth)
   OR s.live_size <> (SELECT coalesce(sum(shallow_size), 0) FROM package WHERE snapshot_id = s.id
                      AND depth = d.depth);
SELECT 'list of ' || what || ' ' || snapshot_id FROM (
    WITH wanted (what, snapshot_id, rank, object_id) AS (
        SELECT 'heavy_object', o.snapshot_id, row_number() OVER (PARTITION BY o.snapshot_id
               ORDER BY o.retained_size + o.retained_native DESC, o.id), o.id
        FROM object o JOIN snapshot s ON s.id = o.snapshot_id
        WHERE s.live_native > 0 AND o.id > s.live_root_id AND o.id < s.garbage_root_id
        UNION ALL
        SELECT 'long_object', o.snapshot_id, row_number() OVER (PARTITION BY o.snapshot_id
               ORDER BY d.length DESC, o.id), o.id
        FROM detail d JOIN object o ON o.id = d.object_id WHERE d.length > 1000
        UNION ALL
        SELECT 'sparse_object', o.snapshot_id, row_number() OVER (PARTITION BY o.snapshot_id
               ORDER BY d.capacity - d.length DESC, o.id), o.id
        FROM detail d JOIN object o ON o.id = d.object_id WHERE d.capacity > 2 * d.length + 64
        UNION ALL
        SELECT 'resource_object', o.snapshot_id, row_number() OVER (PARTITION BY o.snapshot_id
               ORDER BY coalesce(d.state, 255), d.resource, o.id), o.id
        FROM detail d JOIN object o ON o.id = d.object_id WHERE d.resource IS NOT NULL
    ), there (what, snapshot_id, rank, object_id) AS (
        SELECT 'long_object', * FROM long_object UNION ALL SELECT 'sparse_object', * FROM sparse_object
        UNION ALL SELECT 'resource_object', * FROM resource_object
        UNION ALL SELECT 'heavy_object', * FROM heavy_object
    )
    SELECT * FROM (SELECT * FROM wanted WHERE rank <= 1000 OR what = 'resource_object'
                   OR (what = 'heavy_object' AND rank <= 10000)
                   EXCEPT SELECT * FROM there)
    UNION ALL SELECT * FROM (SELECT * FROM there EXCEPT SELECT * FROM wanted)) LIMIT 5;
SELECT 'root_list ' || snapshot_id || ' ' || kind || ' ' || rank FROM (
    WITH wanted AS (
        SELECT o.snapshot_id, r.kind, row_number() OVER (PARTITION BY o.snapshot_id, r.kind
               ORDER BY o.retained_size DESC, r.id) AS rank, r.id
        FROM root r JOIN object o ON o.id = r.object_id)
    SELECT * FROM (SELECT * FROM wanted WHERE rank <= 10000 EXCEPT SELECT * FROM root_list)
    UNION ALL SELECT * FROM (SELECT * FROM root_list EXCEPT SELECT * FROM wanted)) LIMIT 5;
SELECT what || ' ' || snapshot_id || ' ' || rank FROM (
    WITH wanted AS MATERIALIZED (
        SELECT o.snapshot_id, o.type_id, count(*) AS n, min(d.length) AS length,
               sum(o.shallow_size) AS size, sum(o.shallow_size) - max(o.shallow_size) AS wasted,
               min(o.id) AS object_id
        FROM detail d JOIN object o ON o.id = d.object_id JOIN snapshot s ON s.id = o.snapshot_id
        JOIN type t ON t.id = o.type_id
        LEFT JOIN object h ON h.id = o.dominator_id LEFT JOIN type k ON k.id = h.type_id
        WHERE d.content_hash IS NOT NULL AND o.id < s.garbage_root_id
          AND (t.name, t.module, k.name, k.module) IS NOT ('bytes', 'builtins', 'code', 'builtins')
          AND (t.module IS NOT NULL OR t.name NOT IN ('byte[]', 'char[]')
               OR (k.name, k.module) IS ('java.lang.String', 'java.lang'))
        GROUP BY o.snapshot_id, d.content_hash, o.type_id HAVING count(*) > 1
    ), ranked AS (
        SELECT snapshot_id, row_number() OVER (PARTITION BY snapshot_id
               ORDER BY wasted DESC, object_id) AS rank, type_id, n, length, size, wasted, object_id
        FROM wanted
    ), by_type AS (
        SELECT snapshot_id, type_id, count(*), sum(n), sum(wasted) FROM wanted GROUP BY 1, 2
    )
    SELECT 'duplicate' AS what, * FROM (SELECT * FROM ranked WHERE rank <= 10000
                                        EXCEPT SELECT * FROM duplicate)
    UNION ALL SELECT 'duplicate', * FROM (SELECT * FROM duplicate EXCEPT SELECT * FROM ranked)
    UNION ALL SELECT 'duplicate_type', *, 0, 0, 0
              FROM (SELECT * FROM by_type EXCEPT SELECT * FROM duplicate_type)
    UNION ALL SELECT 'duplicate_type', *, 0, 0, 0
              FROM (SELECT * FROM duplicate_type EXCEPT SELECT * FROM by_type)) LIMIT 5;
SELECT 'root_summary ' || s.id FROM snapshot s
WHERE s.n_roots <> (SELECT coalesce(sum(n), 0) FROM root_summary WHERE snapshot_id = s.id)
   OR EXISTS (SELECT 1 FROM root_summary r WHERE r.snapshot_id = s.id AND r.retained_size > s.live_size);
SELECT 'class_path ' || p.id FROM class_path p LEFT JOIN class_path u ON u.id = p.parent_id
WHERE (p.parent_id IS NOT NULL AND (u.id >= p.id OR p.depth <> u.depth + 1
       OR u.retained_size < p.retained_size OR u.snapshot_id <> p.snapshot_id))
   OR p.retained_size < p.shallow_size OR p.retained_n < p.n LIMIT 5;
SELECT 'class_path of the roots, snapshot ' || s.id FROM snapshot s
WHERE s.shallow_size <> (SELECT sum(retained_size) FROM class_path WHERE snapshot_id = s.id
                         AND parent_id IS NULL);
SELECT 'hub ' || h.object_id FROM hub h JOIN object o ON o.id = h.object_id
JOIN snapshot s ON s.id = o.snapshot_id
WHERE (s.has_refs AND h.n <> (SELECT count(*) FROM referrer WHERE target_id = h.object_id))
   OR h.n < (SELECT sum(n) FROM hub_type WHERE object_id = h.object_id) LIMIT 5;
SELECT 'stack ' || k.id FROM stack k LEFT JOIN stack p ON p.id = k.parent_id
WHERE (k.parent_id IS NOT NULL AND (p.id >= k.id OR k.depth <> p.depth + 1))
   OR (k.parent_id IS NULL AND k.depth <> 1) LIMIT 5;
SELECT 'string ' || id FROM string WHERE text IN (SELECT text FROM string GROUP BY text
                                                  HAVING count(*) > 1) LIMIT 5;

-- ---- documentation
-- ---------------------------------------------------------------------------------

SELECT 'not documented: ' || m.name || '.' || p.name
FROM sqlite_schema m JOIN pragma_table_info(m.name) p
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%'
  AND NOT EXISTS (SELECT 1 FROM doc d WHERE d.name = m.name AND d.column = p.name);
SELECT 'not documented: ' || m.name FROM sqlite_schema m
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%'
  AND NOT EXISTS (SELECT 1 FROM doc d WHERE d.name = m.name AND d.column IS NULL);
SELECT 'documented, but not there: ' || d.name || '.' || d.column FROM doc d
WHERE d.column IS NOT NULL AND NOT (d.name = 'memory_map' AND d.column LIKE 'part: %')
  AND NOT EXISTS (SELECT 1 FROM pragma_table_info(d.name) p WHERE p.name = d.column);
SELECT 'not documented: the part of memory_map ' || m.part FROM memory_map m
WHERE NOT EXISTS (SELECT 1 FROM doc d WHERE d.name = 'memory_map'
                  AND d.column = 'part: ' || m.part);
