-- SPDX-License-Identifier: MIT
-- rule: callback-registries
-- title: long lists of callbacks
-- cause: whoever registers a callback is kept alive by it: a bound method keeps its object, a
--     closure what it captured; without a call that unregisters, each stays
-- remedy: unregister where the listener ends, or keep weak references (weakref.WeakMethod,
--     WeakSet)
-- limits: callbacks are told by type (functions, methods, partials) in the first 200 entries:
--     objects that are called by another method are not seen, and a long list may be a fixed
--     table
-- runtime: cpython
-- needs: refs
WITH container AS MATERIALIZED (
    SELECT o.id, o.type_id, o.retained_size, d.length,
           (SELECT count(*) FROM (
               SELECT e.type_id FROM ref r JOIN object e ON e.id = r.target_id
               WHERE r.source_id = o.id AND (r.kind IN (2, 4) OR r.kind = 3 AND t.name = 'set')
               LIMIT 200) x
            JOIN type y ON y.id = x.type_id
            WHERE y.name IN ('method', 'function', 'partial', 'builtin_function_or_method'))
               AS callables,
           (SELECT p.flags & 64 OR y.name = 'module' FROM object p JOIN type y ON y.id = p.type_id
            WHERE p.id = o.parent_id) AS is_namespace
    FROM type t JOIN type_object x ON x.type_id = t.id JOIN object o ON o.id = x.object_id
    JOIN detail d ON d.object_id = o.id
    WHERE t.snapshot_id = :snapshot AND t.module IN ('builtins', 'collections')
    AND t.name IN ('list', 'set', 'deque', 'dict', 'OrderedDict')
    AND d.length >= 100 AND o.id < :garbage_root
    AND NOT EXISTS (SELECT 1 FROM root r WHERE r.object_id = o.id AND r.kind IN (2, 9)
                    AND r.name_id IN (SELECT id FROM string
                        WHERE text LIKE '%.\_\_dict\_\_' ESCAPE '\'))
), registry AS (
    SELECT c.*, before_id(c.id) AS old FROM container c
    WHERE c.callables >= 0.9 * min(c.length, 200) AND NOT coalesce(c.is_namespace, 0)
), compared AS (
    SELECT r.*, base('SELECT length FROM detail WHERE object_id = ?2', r.old) AS before
    FROM registry r
)
SELECT iif(before IS NOT NULL AND length >= before + 100, 'warning', 'note'),
       type_name(type_id) || ' of ' || plural(length, 'callback') || ' retains '
           || size(retained_size)
           || since(length, before),
       retained_size, length, id,
       'SELECT position, label, target_type, target_retained FROM refs WHERE source_id = ' || id
           || ' ORDER BY position LIMIT 20'
FROM compared
WHERE retained_size >= :floor / 4 OR length >= 1000 OR length >= before + 100
ORDER BY 1 DESC, retained_size DESC
