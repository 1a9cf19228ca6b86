-- SPDX-License-Identifier: MIT
-- rule: growing-owners
-- title: owners that grew since the earlier snapshot
-- cause: what came below these objects was not let go again: entries are added, and nothing takes
--     them out
-- remedy: find where entries are added, and take each out where its work ends, or bound the
--     container; two snapshots under the same load tell a leak from warming up best
-- remedy(cpython): find where entries are added, and take each out where its work ends (finally,
--     a context manager), or bound the container; two snapshots under the same load tell a leak
--     from warming up best
-- remedy(jvm): find where entries are added, and take each out where its work ends (finally,
--     try-with-resources), or bound the collection; two snapshots under the same load tell a
--     leak from warming up best
-- remedy(v8): find where entries are added, and take each out where its work ends (finally, off()
--     or removeEventListener() of listeners, clearTimeout() of timers), or bound the collection;
--     two snapshots under the same load tell a leak from warming up best
-- remedy(ruby): find where entries are added, and take each out where its work ends (ensure), or
--     bound the collection; two snapshots under the same load tell a leak from warming up best
-- limits: two snapshots cannot tell a leak from a cache that fills: ask snapdiff with three
-- yields: callback-registries unbounded-caches exceptions suspended-tasks unclosed-resources
-- needs: refs base
WITH whole AS (
    SELECT sum(growth) AS growth FROM grown
)
SELECT CASE WHEN g.verdict IN ('managed-leak', 'managed-growth', 'cache-filling', 'collector-off')
            AND g.growth + g.brings >= :floor AND 10 * (g.growth + g.brings) >= w.growth
            AND NOT g.follows
            -- what V8 makes of functions while they run comes until all of them are warm
            AND g.name <> '<compiled code of V8>'
            -- weak references come with what they refer to, and go with it
            AND NOT (g.held_type = 'weakref.ReferenceType' AND EXISTS (
                SELECT 1 FROM grown h
                WHERE h.growth > g.growth AND h.held_count >= g.held_count)) THEN 'warning' ELSE 'note' END,
       g.name || coalesce(' (' || g.type || ')', '') || ' grew by ' || size(g.growth)
           || coalesce(': ' || printf('%+,d ', g.held_count) || g.held_type
                       || coalesce(' (' || g.about || ')', ''), '')
           || iif(g.brings > 0, ', with ' || size(g.brings) || ' of weak references to these', '')
           || iif(g.follows, ', weak references that go with what they refer to', '')
           || coalesce(', ' || size(g.rate) || ' an hour', ''),
       g.growth, max(g.objects, 0), g.object_id,
       iif(g.object_id IS NULL, NULL,
           'SELECT id, label, shallow_size, retained_size FROM children WHERE dominator_id = '
           || g.object_id || ' ORDER BY id LIMIT 20')
FROM grown g, whole w
WHERE g.growth + g.brings >= min(:floor, 65536) AND 50 * (g.growth + g.brings) >= w.growth
ORDER BY 1 DESC, g.growth + g.brings DESC
