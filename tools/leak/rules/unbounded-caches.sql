-- SPDX-License-Identifier: MIT
-- rule: unbounded-caches
-- title: caches without a bound
-- cause: a cache that never drops an entry keeps every argument and every result for ever; on a
--     method it keeps every instance as well
-- remedy: give it a maxsize (functools.lru_cache(maxsize=1024)); for methods
--     functools.cached_property, or a cache on the instance
-- limits: functools.lru_cache only; a dict that serves as a cache is found by its growth
-- runtime: cpython
-- needs: refs
WITH cache AS (
    SELECT o.id, o.type_id, o.retained_size, d.length,
           (SELECT r.target_id FROM ref r JOIN string s ON s.id = r.name_id
            WHERE r.source_id = o.id AND s.text = 'func' LIMIT 1) AS func_id,
           base('SELECT length FROM detail WHERE object_id = ?2', before_id(o.id)) AS before
    FROM type t JOIN type_object l ON l.type_id = t.id JOIN object o ON o.id = l.object_id
    JOIN detail d ON d.object_id = o.id
    WHERE t.snapshot_id = :snapshot AND t.name = '_lru_cache_wrapper' AND d.bound IS NULL
    AND d.length >= 100 AND o.id < :garbage_root
)
SELECT iif(length >= 10000 OR retained_size >= :floor OR length >= before + 100, 'warning',
    'note'),
       'the cache of ' || coalesce((SELECT s.text FROM detail d JOIN string s ON s.id = d.name_id
                                    WHERE d.object_id = func_id), 'a function')
           || ' has no bound and holds ' || plural(length, 'entry', 'entries') || ', '
           || size(retained_size)
           || since(length, before),
       retained_size, length, id,
       'SELECT position, label, target_type, target_retained FROM refs WHERE source_id = ' || id
           || ' LIMIT 20'
FROM cache
WHERE retained_size >= :floor / 4 OR length >= 1000 OR length >= before + 100
ORDER BY 1 DESC, retained_size DESC
