-- SPDX-License-Identifier: MIT
-- rule: instance-dicts
-- title: many instances that could have __slots__
-- cause: an instance without __slots__ has room for attributes of any name: a dict, or since
--     Python 3.11 a block of values, with places that stay free
-- remedy: __slots__ = ('a', 'b'), or @dataclass(slots=True), for classes of which there are many;
--     base classes need __slots__, too
-- limits: whether attributes are added later, or the class is weakly referenced, is not known; of
--     each class the 10,000 largest instances are looked at
-- runtime: cpython
-- needs: refs
WITH class AS (
    SELECT t.* FROM type t
    WHERE t.snapshot_id = :snapshot AND t.kind = 1 AND t.flags & 4 AND t.n >= 1000
    AND t.base_id IN (SELECT b.id FROM type b WHERE b.snapshot_id = :snapshot
        AND b.name = 'object')
    -- one written in C has methods and slots of its own in its dictionary, and takes no __slots__
    AND NOT EXISTS (SELECT 1 FROM ref d JOIN ref m ON m.source_id = d.target_id AND m.kind = 4
        JOIN object o ON o.id = m.target_id JOIN type y ON y.id = o.type_id
        JOIN ref own ON own.source_id = o.id AND own.target_id = t.object_id
        WHERE d.source_id = t.object_id AND d.kind = 1
        AND d.name_id = (SELECT id FROM string WHERE text = '__dict__')
        AND y.name IN ('wrapper_descriptor', 'method_descriptor'))
    ORDER BY t.shallow_size DESC LIMIT 50
), instance AS ( -- up to 10,000 a class
    SELECT c.id AS type_id, x.object_id,
           (SELECT count(*) FROM ref r WHERE r.source_id = x.object_id
               AND r.kind = 1) AS attributes,
           (SELECT r.target_id FROM ref r WHERE r.source_id = x.object_id AND r.kind = 1
            AND r.name_id = (SELECT id FROM string WHERE text = '__dict__')) AS dict_id
    FROM class c JOIN type_object x ON x.type_id = c.id
), sums AS (
    SELECT i.type_id, min(i.object_id) AS object_id,
           max(coalesce(d.length, i.attributes)) AS attributes, count(o.id) AS n_dicts,
           coalesce(sum(o.shallow_size), 0) AS dicts
    FROM instance i LEFT JOIN detail d ON d.object_id = i.dict_id
    LEFT JOIN object o ON o.id = i.dict_id AND o.dominator_id = i.object_id
    GROUP BY i.type_id
), spare AS (
    -- header of collected objects, header, a word an attribute, rounded as the allocator does
    SELECT s.*, c.n, c.shallow_size + s.dicts AS now,
           c.n * ((16 + 16 + 8 * s.attributes + 15) / 16 * 16) AS slotted
    FROM sums s JOIN class c ON c.id = s.type_id
)
SELECT 'note',
       plural(n, type_name(type_id) || ' object') || ' of ' || plural(attributes, 'attribute')
           || iif(attributes = 1, '', ' at most') || ' take ' || iif(n_dicts BETWEEN 1
               AND n - 1, 'at least ', '')
           || size(now) || iif(n_dicts, ' with their dicts', '')
           || '; with __slots__ ' || size(slotted) || ': '
           || iif(n_dicts BETWEEN 1 AND n - 1, 'at least ', '') || size(now - slotted)
               || ' could be saved',
       now - slotted, n, object_id,
       'SELECT position, label, target_type, target_shallow FROM refs WHERE source_id = '
           || object_id
           || ' ORDER BY position'
FROM spare
WHERE now - slotted >= :floor
ORDER BY 1 DESC, now - slotted DESC
