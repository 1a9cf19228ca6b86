-- SPDX-License-Identifier: MIT
-- rule: held-from-c
-- title: objects that C code holds
-- cause: more references are counted than the heap explains: an extension, or the interpreter,
--     holds the objects from outside; where they become more, it forgets to let go
-- remedy: look which library makes objects of this type, close what it hands out, try its newest
--     version; a reference too many in an extension of your own is a missing Py_DECREF
-- limits: a type in C that does not tell the collector what it refers to looks the same as one
--     that leaks; only growth is more than a hint
-- runtime: cpython
-- needs: complete
WITH held AS (
    SELECT o.type_id, count(DISTINCT o.id) AS n,
           together(o.id, o.last_dominated, o.retained_size) AS retained,
           max(o.retained_size) AS largest, o.id AS object_id
    FROM root r JOIN object o ON o.id = r.object_id
    WHERE r.kind = 8 AND o.id BETWEEN :live_root AND :garbage_root
    GROUP BY o.type_id
), compared AS (
    SELECT h.*, coalesce(base('
        SELECT count(DISTINCT r.object_id) FROM root r JOIN object o ON o.id = r.object_id
        JOIN type t ON t.id = o.type_id
        WHERE r.kind = 8 AND o.snapshot_id = ?1 AND t.name = ?2 AND t.module IS ?3',
        t.name, t.module), 0) AS before
    FROM held h JOIN type t ON t.id = h.type_id
    WHERE h.retained >= :floor OR h.n >= 1000 OR (:has_base AND h.n >= 100)
)
SELECT CASE WHEN :has_base AND n >= before + 100 AND n >= 1.2 * before
    THEN 'warning' ELSE 'note' END,
       plural(n, type_name(type_id) || ' object') || iif(n = 1, ' is', ' are')
           || ' held from outside of the heap'
           || since(n, iif(:has_base, before, NULL)),
       retained, n, object_id,
       'SELECT o.id, o.label, o.external_refs, o.refcount, o.retained_size FROM root r JOIN'
           || ' objects o'
           || ' ON o.id = r.object_id WHERE r.kind = 8 AND o.type_id = ' || type_id || ' LIMIT 20'
FROM compared
WHERE NOT :has_base OR n > before
ORDER BY 1 DESC, retained DESC
