-- SPDX-License-Identifier: MIT
-- rule: empty-containers
-- title: containers that hold nothing
-- cause: every object makes its list or dict at once, and few ever put something in
-- remedy: make it when the first entry comes (None until then), or share one empty tuple or
--     types.MappingProxyType({})
-- limits: that they are empty now does not tell whether they will stay so
-- runtime: cpython
WITH empty AS (
    SELECT o.type_id, count(*) AS n, sum(o.shallow_size) AS bytes,
        max(o.shallow_size) AS largest, o.id
    FROM detail d CROSS JOIN object o ON o.id = d.object_id
    WHERE d.length = 0 AND d.object_id BETWEEN :live_root AND :garbage_root
    GROUP BY o.type_id
)
SELECT 'note',
       plural(e.n, 'empty ' || type_name(e.type_id)) || iif(e.n = 1, ' takes ', ' take ')
           || size(e.bytes),
       e.bytes, e.n, e.id,
       'SELECT o.id, o.label, o.shallow_size FROM detail d CROSS JOIN objects o ON o.id ='
           || ' d.object_id'
           || ' WHERE d.length = 0 AND o.type_id = ' || e.type_id || ' LIMIT 20'
FROM empty e JOIN type t ON t.id = e.type_id
WHERE e.bytes >= :floor AND e.n >= 100 AND t.name IN
      ('dict', 'list', 'set', 'deque', 'OrderedDict', 'defaultdict', 'bytearray', 'Counter',
          'array')
ORDER BY 1 DESC, e.bytes DESC
