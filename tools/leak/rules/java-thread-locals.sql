-- SPDX-License-Identifier: MIT
-- rule: java-thread-locals
-- title: values of thread-local variables
-- cause: a thread keeps its value of each ThreadLocal until it ends; threads of a pool never do
-- remedy: call remove() in a finally block when the work is done; keep no more in it than a thread
--     needs all the time
-- limits: a value may be meant to stay as long as its thread
-- runtime: jvm
-- needs: refs
WITH entry AS (
    -- Of the map of a thread: its table, the entries there, and what they refer to.
    SELECT e.target_id AS id
    FROM type t JOIN type_object l ON l.type_id = t.id
    JOIN ref m ON m.source_id = l.object_id JOIN string s ON s.id = m.name_id AND s.text = 'table'
    JOIN ref e ON e.source_id = m.target_id AND e.kind = 2
    WHERE t.snapshot_id = :snapshot AND t.name = 'java.lang.ThreadLocal$ThreadLocalMap'
    AND l.object_id < :garbage_root
), held AS (
    SELECT (SELECT r.target_id FROM ref r JOIN string s ON s.id = r.name_id
            WHERE r.source_id = e.id AND s.text = 'referent') AS local,
           o.id, o.last_dominated, o.retained_size, o.type_id
    FROM entry e JOIN ref v ON v.source_id = e.id JOIN string n ON n.id = v.name_id
    JOIN object o ON o.id = v.target_id
    WHERE n.text = 'value'
), grouped AS (
    SELECT iif(h.local < :garbage_root, h.local, NULL) AS local, count(*) AS threads,
           together(h.id, h.last_dominated, h.retained_size) AS bytes, h.type_id, h.id
    FROM (SELECT * FROM held ORDER BY retained_size DESC) h GROUP BY 1
)
SELECT iif(bytes >= :floor, 'warning', 'note'),
       plural(threads, 'value') || iif(threads = 1, ' of ', ', each of a thread, of ')
           || CASE WHEN local IS NULL THEN 'thread-local variables that are gone'
                   ELSE 'the thread-local variable ' || coalesce(
                       (SELECT module || '.' || name FROM global g
                        WHERE g.snapshot_id = :snapshot AND g.object_id = local LIMIT 1),
                       nullif(path_of(local), ''), type_name((SELECT type_id FROM object
                                                             WHERE id = local))) END
           || iif(threads = 1, ' retains ', ' retain ') || size(bytes) || ' (' || type_name(type_id)
           || ')',
       bytes, threads, id,
       'SELECT label, retained_size FROM objects WHERE id = ' || id
FROM grouped
WHERE bytes >= :floor / 4
ORDER BY bytes DESC
