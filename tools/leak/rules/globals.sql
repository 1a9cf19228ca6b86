-- SPDX-License-Identifier: MIT
-- rule: globals
-- title: global variables that keep much alive
-- title(jvm): static fields that keep much alive
-- cause: a global variable lives as long as the process, and so does all that it holds
-- cause(cpython): a module lives as long as the process, and so does all that its variables hold
-- cause(jvm): a static field lives as long as its class, a class as long as its loader, and that
--     of the program itself as long as the process
-- remedy: keep per-request and per-user state in objects that end with the request; bound what is
--     cached; take out what is no longer needed
-- remedy(cpython): keep per-request and per-user state in objects that end with the request;
--     bound what is cached; del or clear() what is no longer needed
-- remedy(jvm): keep per-request and per-user state in objects that end with the request; bound
--     what is cached (LinkedHashMap.removeEldestEntry, Caffeine, Guava's CacheBuilder); remove()
--     or clear() what is no longer needed
-- remedy(v8): keep per-request and per-user state in objects that end with the request; bound
--     what is cached; delete() or clear() what is no longer needed, or key a WeakMap by the
--     object that it belongs to
-- remedy(ruby): keep per-request and per-user state in objects that end with the request; bound
--     what is cached; delete or clear what is no longer needed, or use ObjectSpace::WeakMap
-- limits: size is no leak: only an earlier snapshot tells whether it grows
-- yields: growing-owners class-attributes callback-registries unbounded-caches exceptions
--     suspended-tasks unclosed-resources
-- needs: refs
WITH held AS (
    SELECT min(g.id), g.object_id, coalesce(g.module || '.', '') || coalesce(g.name, '?') AS name,
           o.retained_size, coalesce(o.retained_native, 0) AS native,
           o.retained_size + coalesce(o.retained_native, 0) AS bytes, o.last_dominated,
           o.last_dominated - o.id + 1 AS n, o.type_id,
           (SELECT length FROM detail WHERE object_id = o.id) AS length
    FROM global g JOIN object o ON o.id = g.object_id
    WHERE g.snapshot_id = :snapshot AND (g.module IS NOT NULL OR g.name LIKE '%:%')
    AND o.retained_size + coalesce(o.retained_native, 0) >= :floor
    AND NOT o.flags & 64
    AND NOT EXISTS (SELECT 1 FROM type t WHERE t.id = o.type_id
                    AND (t.name IN ('module', 'function', 'builtin_function_or_method')
                         OR (t.name = 'Function' AND t.module IS NULL)))
    AND NOT EXISTS (SELECT 1 FROM root r WHERE r.object_id = o.id AND r.kind IN (2, 5, 6, 9))
    AND coalesce(g.module, '') NOT IN ('sys', 'builtins')
    -- what scripts of the runtime's own keep, unless that is much
    AND NOT (g.module IS NULL
             AND 10 * (o.retained_size + coalesce(o.retained_native, 0)) < :live_size + :live_native
             AND g.name LIKE 'node:%')
    GROUP BY g.object_id
)
SELECT 'note',
       name || ' (' || type_name(type_id) || coalesce(' of ' || plural(length, 'element'), '')
           || ') retains ' || size(retained_size)
           || iif(native > 0, ' and ' || size(native) || ' outside the heap', '') || ', '
           || percent(bytes, :live_size + :live_native) || ' of the live heap'
           || iif(:live_native > 0, ' and the memory outside it', ''),
       bytes, n, object_id,
       iif(native > 0,
           'SELECT id, label, retained_size, retained_native FROM heavy_objects WHERE id BETWEEN '
           || object_id || ' AND ' || last_dominated || ' AND snapshot_id = ' || :snapshot
           || ' ORDER BY rank LIMIT 20',
           'SELECT id, label, shallow_size, retained_size FROM children WHERE dominator_id = '
           || object_id || ' ORDER BY id LIMIT 20')
FROM held ORDER BY bytes DESC
