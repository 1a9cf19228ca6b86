-- SPDX-License-Identifier: MIT
-- rule: js-closures
-- title: variables that closures keep
-- cause: a function keeps every variable of the functions around it that any closure made there uses,
--     as long as one of these closures is referred to: by a listener, a timer, a promise, a cache
-- remedy: remove the listener or timer that holds the closure; pass in what is needed rather than
--     closing over it; set large variables to null when they are no longer needed
-- limits: whether the closures are still of use is not known
-- yields: growing-owners
-- runtime: v8
-- needs: refs
WITH kind AS (
    SELECT id, n + n_garbage > 10000 AS is_cut FROM type
    WHERE snapshot_id = :snapshot AND name = 'system / Context'
), instance (id) AS ( -- in the list of its type, or, where that is cut, found among all objects
    SELECT x.object_id FROM kind k JOIN type_object x ON x.type_id = k.id WHERE NOT k.is_cut
    UNION ALL
    SELECT o.id FROM (SELECT 1 FROM kind WHERE is_cut LIMIT 1) CROSS JOIN object o
    WHERE o.id BETWEEN :live_root AND :garbage_root
    AND o.type_id IN (SELECT id FROM kind WHERE is_cut)
), kept AS (
    -- Contexts that only they hold what is in their variables, by function and variable.
    SELECT r.name_id, o.id, o.last_dominated, o.retained_size, c.id AS context,
           (SELECT s.target_id FROM ref s JOIN string n ON n.id = s.name_id
            WHERE s.source_id = c.id AND n.text = 'scope_info') AS scope
    FROM instance i CROSS JOIN object c ON c.id = i.id
    JOIN ref r ON r.source_id = c.id AND r.kind = 5 JOIN object o ON o.id = r.target_id
    WHERE c.id < :garbage_root
    AND o.dominator_id = c.id AND c.retained_size >= :floor / 1000
), grouped AS (
    SELECT scope, name_id, count(*) AS n,
           together(id, last_dominated, retained_size) AS bytes, id, context
    FROM (SELECT * FROM kept ORDER BY retained_size DESC) GROUP BY scope, name_id
)
SELECT iif(n >= 10 AND bytes >= 0.1 * :live_size, 'warning', 'note'),
       coalesce(nullif(path_of(id), ''), (SELECT text FROM string WHERE id = name_id))
           || iif(n = 1, ' is kept by closures: ', ' is kept by closures, ' || printf('%,d', n)
                  || ' times: ') || size(bytes) || ', ' || percent(bytes, :live_size)
           || ' of the live heap',
       bytes, n, id,
       'SELECT r.source_id, o.id, o.label, o.retained_size FROM referrer x JOIN ref r ON'
           || ' r.source_id = x.source_id AND r.position = x.position JOIN objects o ON o.id ='
           || ' r.target_id WHERE x.target_id = ' || id || ' LIMIT 20'
FROM grouped
WHERE bytes >= :floor
-- a variable of a script, not of a closure, has the runtime's own context before its own
AND (n > 1 OR EXISTS (SELECT 1 FROM ref s JOIN string n ON n.id = s.name_id
                      JOIN object p ON p.id = s.target_id JOIN type y ON y.id = p.type_id
                      WHERE s.source_id = context AND n.text = 'previous'
                      AND y.name = 'system / Context'))
ORDER BY 1 DESC, bytes DESC
