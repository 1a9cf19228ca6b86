-- SPDX-License-Identifier: MIT
-- rule: garbage-pending
-- title: garbage that still takes memory
-- cause: objects that nothing reaches, but that refer to each other in cycles, are freed by the
--     cyclic collector only; it did not run, may not touch them, or has not come to them yet
-- remedy: leave the collector on (gc.enable()), or break the cycles where the objects are given
--     up: weakref for the reference back, an explicit close(); what gc.freeze() or gc.garbage
--     holds is never freed
-- limits: how long it has been garbage is not recorded; young garbage is as it should be
-- runtime: cpython
-- needs: complete
WITH fact AS (
    SELECT coalesce((SELECT value FROM counter WHERE snapshot_id = :snapshot
        AND name = 'gc.enabled'), 1)
               AS enabled,
           coalesce((SELECT value FROM counter WHERE snapshot_id = :snapshot
                     AND name = 'gc.threshold.0'), 1) AS threshold,
           (SELECT n_garbage FROM snapshot WHERE id = :snapshot) AS n
)
SELECT CASE WHEN NOT enabled OR threshold = 0
            THEN CASE WHEN :garbage_size >= :floor THEN 'error' ELSE 'warning' END
            WHEN :garbage_size >= 0.2 * :live_size AND :garbage_size >= :floor THEN 'warning'
            ELSE 'note' END,
       size(:garbage_size) || ' in ' || plural(n, 'object') || ' that nothing reaches'
           || CASE WHEN NOT enabled THEN ': the collector is off (gc.disable)'
                   WHEN threshold = 0 THEN ': the collector never starts (gc.set_threshold(0))'
                   ELSE ' wait for the next full collection' END,
       :garbage_size, n,
       (SELECT object_id FROM component WHERE snapshot_id = :snapshot AND object_id > :garbage_root
        ORDER BY retained_size DESC LIMIT 1),
       'SELECT name, module, n_garbage, garbage_size FROM types WHERE snapshot_id = ' || :snapshot
           || ' AND n_garbage > 0 ORDER BY garbage_size DESC LIMIT 20'
FROM fact
WHERE n > 0 AND (:garbage_size >= :floor OR NOT enabled OR threshold = 0)
