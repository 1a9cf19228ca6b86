-- SPDX-License-Identifier: MIT
-- rule: java-duplicate-strings
-- title: equal texts held several times
-- cause: parsers and drivers make a new String for every value that they read, equal or not
-- remedy: keep one of each (intern(), or a map of values seen) for names and states; an enum;
--     -XX:+UseStringDeduplication shares the arrays behind equal Strings (G1, ZGC, Shenandoah)
-- limits: equal is what has one 64-bit hash; a text that several Strings share, or that one part of the dump alone shows, is not compared
-- runtime: jvm
WITH whole AS (
    SELECT d.type_id, d.n_contents, d.n, d.wasted
    FROM duplicate_type d JOIN type t ON t.id = d.type_id
    WHERE d.snapshot_id = :snapshot AND t.name IN ('byte[]', 'char[]')
)
SELECT 'note' AS severity, sentence, bytes, n, id, evidence FROM (
    SELECT 0 AS place,
           plural(n, type_name(type_id)) || ' of Strings hold ' || plural(n_contents, 'text')
               || ' only: ' || size(wasted) || ' could be saved, '
               || percent(wasted, :live_size) || ' of the live heap' AS sentence,
           wasted AS bytes, n, NULL AS id,
           'SELECT sql FROM saved_query WHERE name = ''duplicates''' AS evidence
    FROM whole WHERE wasted >= :floor
    UNION ALL
    SELECT 1,
           plural(d.n, 'copy', 'copies') || ' of one text of ' || plural(d.length, 'byte')
               || ': ' || size(d.wasted) || ' could be saved',
           d.wasted, d.n, d.object_id,
           'SELECT o.id, o.label, o.shallow_size, o.parent_id FROM detail d JOIN objects o'
               || ' ON o.id = d.object_id WHERE d.content_hash = (SELECT content_hash FROM detail'
               || ' WHERE object_id = ' || d.object_id || ') LIMIT 20'
    FROM duplicate d
    WHERE d.snapshot_id = :snapshot AND d.wasted >= :floor / 4
    AND d.type_id IN (SELECT type_id FROM whole WHERE wasted >= :floor)
)
ORDER BY place, bytes DESC
