-- SPDX-License-Identifier: MIT
-- rule: reference-cycles
-- title: objects that refer to each other in cycles
-- cause: counting references never frees a cycle: when the program lets go of it, its memory
--     stays until the cyclic collector comes round, which the more objects there are it does the
--     more seldom
-- remedy: make the reference that closes the cycle weak (weakref.ref, weakref.proxy,
--     WeakKeyDictionary), or cut it where the object is given up
-- limits: cycles of objects that stay in use are no mistake; the reference that closes one is of
--     one kind, and where several are needed none is named
-- yields: garbage-pending growing-owners callback-registries unbounded-caches exceptions
--     suspended-tasks unclosed-resources
-- runtime: cpython
-- needs: refs
WITH grouped AS ( -- cycles of the same kind are one finding
    SELECT type_id, object_id > :garbage_root AS garbage, count(*) AS n, sum(n) AS members,
           sum(retained_size) FILTER (WHERE outermost) AS retained, min(exact) AS exact,
           sum(n_finalizers) AS finalizers, max(generation) AS generation, max(retained_size) AS largest, id, object_id
    FROM cycle GROUP BY type_id, garbage
), named AS MATERIALIZED (
    SELECT *, closes(id) AS closed_by FROM grouped
    WHERE (retained >= :floor OR n >= 1000)
    -- what is defined refers to its module and back: that is no mistake while it is in use
    AND (garbage OR before_id(object_id) IS NULL AND :has_base OR type_id NOT IN (
         SELECT id FROM type WHERE snapshot_id = :snapshot AND module = 'builtins'
         AND name IN ('function', 'type', 'module')))
    ORDER BY retained DESC LIMIT 50
)
SELECT 'note',
       plural(n, 'cycle') || ' of ' || plural(members, 'object') || ' with ' || type_name(type_id)
           || iif(n = 1, ' retains ', ' retain ') || iif(exact, '', 'at least ') || size(retained)
           || iif(garbage, ', already garbage', '')
           || iif(generation < 2, ', all young', '')
           || iif(finalizers, ', ' || plural(finalizers, 'finalizer') || ' to run', '')
           || coalesce('; closed by ' || closed_by, ''),
       retained, members, object_id,
       'SELECT position, label, target_id, target_type FROM refs WHERE source_id = ' || object_id
           || ' ORDER BY position LIMIT 20'
FROM named ORDER BY retained DESC
