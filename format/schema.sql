-- SPDX-License-Identifier: MIT
--
-- The heap database: tables, views, documentation and saved queries. This file is their single
-- source: it is compiled into the tools, run when a database is made, and checked by the tests.
--
-- How it is laid out
--   * The order is the index. Every big table is clustered by the key that people ask by and filled
--     in that order, so plain SQL with an equality finds its rows: refs of an object by source_id,
--     its referrers by target_id, its children in the dominator tree by dominator_id, the largest
--     objects of a type by type_id, all without an index and without hints.
--   * object.id is the preorder number in the dominator tree, siblings by retained size descending:
--     what object X keeps alive is `id BETWEEN X.id AND X.last_dominated`, and children come out
--     largest first.
--   * Several snapshots share one database: their objects lie in disjoint ranges of ids that begin at
--     1 modulo 32768; strings, frames, stacks and modules are shared.
--   * Each snapshot has two rows in `object` that are no objects: the virtual roots `(live)` and
--     `(garbage)`, with size 0, no address, and no dominator. The views for people leave them out.
--   * A value that is not known is null; there are no sentinels. Sizes are bytes. Times are seconds
--     since 1970 in tables and RFC 3339 in views. Addresses are stored as their 64-bit pattern,
--     which SQLite shows as a signed number; `address_hex` in views shows them as people write them.
--
-- Ask the views (plural names); `SELECT * FROM doc` explains every column, `saved_query` holds
-- questions that are often asked. ORDER BY retained_size on `objects` sorts the whole heap: ask
-- top_objects, type_objects, site_objects or children instead, ordered by their rank or id.

PRAGMA application_id = 0x736e6170; -- "snap"
PRAGMA user_version = 1;

-- ---- what was captured ---------------------------------------------------------------------------

CREATE TABLE snapshot (
    id              INTEGER PRIMARY KEY,
    path            TEXT,    -- file it was loaded from, as it was named
    file_number     INTEGER, -- number of the snapshot in that file, from 1
    runtime         TEXT,
    captured_at     REAL,
    host            TEXT,
    pid             INTEGER,
    service         TEXT,
    version         TEXT,    -- of the service
    complete        INTEGER NOT NULL, -- 1: every object and reference of the process is here
    live_root_id    INTEGER NOT NULL REFERENCES object (id),
    garbage_root_id INTEGER NOT NULL REFERENCES object (id),
    n_objects       INTEGER NOT NULL, -- live and garbage, without the two virtual roots
    n_refs          INTEGER NOT NULL,
    shallow_size    INTEGER NOT NULL,
    live_size       INTEGER NOT NULL,
    garbage_size    INTEGER NOT NULL,
    n_live          INTEGER NOT NULL,
    n_garbage       INTEGER NOT NULL,
    n_roots         INTEGER NOT NULL,
    native_size     INTEGER, -- null: not known to the capture
    live_native     INTEGER,
    garbage_native  INTEGER,
    has_refs        INTEGER NOT NULL, -- 0: ref and referrer were left out (snapload --summary)
    stable_ids      INTEGER, -- 1: an object keeps its id between snapshots of one process
    runtime_version TEXT,
    size_model      TEXT,
    reason          TEXT,    -- who or what asked for the capture
    monotonic_ns    INTEGER,
    process_start   TEXT,    -- with pid and boot_id: the identity of the process
    boot_id         TEXT,
    file_uuid       TEXT,
    parent_uuid     TEXT
) STRICT;

CREATE TABLE label (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (snapshot_id, key)
) WITHOUT ROWID, STRICT;

CREATE TABLE metadata (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (snapshot_id, key)
) WITHOUT ROWID, STRICT;

CREATE TABLE counter (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    name        TEXT NOT NULL,
    value       INTEGER NOT NULL,
    PRIMARY KEY (snapshot_id, name)
) WITHOUT ROWID, STRICT;

CREATE TABLE sample (
    id           INTEGER PRIMARY KEY,
    snapshot_id  INTEGER REFERENCES snapshot (id),
    name         TEXT NOT NULL,
    monotonic_ns INTEGER NOT NULL,
    value        INTEGER NOT NULL
) STRICT;

CREATE TABLE warning (
    id          INTEGER PRIMARY KEY,
    snapshot_id INTEGER REFERENCES snapshot (id), -- null: about the file
    offset      INTEGER, -- in the file; null: no place in particular
    message     TEXT NOT NULL
) STRICT;

CREATE TABLE memory_map (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    part        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    exact       INTEGER NOT NULL, -- 0: a difference of counters taken at slightly different times
    position    INTEGER NOT NULL, -- order in which the parts are shown
    PRIMARY KEY (snapshot_id, part)
) WITHOUT ROWID, STRICT;

-- ---- definitions ---------------------------------------------------------------------------------

CREATE TABLE string (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE module (
    id            INTEGER PRIMARY KEY,
    path          TEXT,
    build_id      TEXT,
    start_address INTEGER,
    end_address   INTEGER
) STRICT;

CREATE TABLE frame (
    id        INTEGER PRIMARY KEY,
    function  TEXT,
    file      TEXT,
    line      INTEGER,
    module_id INTEGER REFERENCES module (id),
    language  INTEGER NOT NULL REFERENCES language (id),
    address   INTEGER
) STRICT;

CREATE TABLE stack (
    id        INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES stack (id), -- the caller; null: outermost
    frame_id  INTEGER REFERENCES frame (id),
    depth     INTEGER NOT NULL               -- 1: outermost
) STRICT;

CREATE TABLE type (
    id              INTEGER PRIMARY KEY,
    snapshot_id     INTEGER NOT NULL REFERENCES snapshot (id),
    name            TEXT NOT NULL,
    module          TEXT,
    kind            INTEGER NOT NULL REFERENCES type_kind (id),
    n               INTEGER NOT NULL, -- live objects
    shallow_size    INTEGER NOT NULL, -- of the live objects
    retained_size   INTEGER NOT NULL, -- of the topmost live objects: nothing is counted twice
    native_size     INTEGER,
    retained_native INTEGER,
    n_garbage       INTEGER NOT NULL,
    garbage_size    INTEGER NOT NULL,
    flags           INTEGER NOT NULL,
    instance_size   INTEGER,
    base_id         INTEGER REFERENCES type (id),
    object_id       INTEGER REFERENCES object (id), -- the class object
    loader_id       INTEGER REFERENCES object (id)  -- its class loader
) STRICT;

CREATE TABLE thread (
    id          INTEGER PRIMARY KEY,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    runtime_id  INTEGER NOT NULL,
    os_id       INTEGER,
    name        TEXT,
    stack_id    INTEGER REFERENCES stack (id),
    object_id   INTEGER REFERENCES object (id)
) STRICT;

-- ---- the heap ------------------------------------------------------------------------------------

CREATE TABLE object (
    id              INTEGER PRIMARY KEY,
    snapshot_id     INTEGER NOT NULL REFERENCES snapshot (id),
    address         INTEGER,
    type_id         INTEGER NOT NULL REFERENCES type (id),
    shallow_size    INTEGER NOT NULL,
    native_size     INTEGER,
    retained_size   INTEGER NOT NULL,
    retained_native INTEGER,
    last_dominated  INTEGER NOT NULL,
    dominator_id    INTEGER REFERENCES object (id),
    distance        INTEGER,
    parent_id       INTEGER REFERENCES object (id),
    parent_position INTEGER,
    component_id    INTEGER REFERENCES component (id),
    stack_id        INTEGER REFERENCES stack (id),
    external_refs   INTEGER,
    flags           INTEGER NOT NULL,
    refcount        INTEGER,
    generation      INTEGER
) STRICT;

CREATE TABLE detail ( -- what only some objects have
    object_id    INTEGER PRIMARY KEY REFERENCES object (id),
    name_id      INTEGER REFERENCES string (id),
    length       INTEGER,
    capacity     INTEGER,
    bound        INTEGER,
    content_hash INTEGER,
    resource     INTEGER REFERENCES resource_kind (id),
    state        INTEGER REFERENCES resource_state (id),
    buffer       INTEGER,
    value        TEXT
) STRICT;

CREATE TABLE ref (
    source_id INTEGER NOT NULL REFERENCES object (id),
    position  INTEGER NOT NULL,
    target_id INTEGER NOT NULL REFERENCES object (id),
    kind      INTEGER NOT NULL REFERENCES edge_kind (id),
    name_id   INTEGER REFERENCES string (id),
    key       INTEGER,
    PRIMARY KEY (source_id, position)
) WITHOUT ROWID, STRICT;

CREATE TABLE referrer (
    target_id INTEGER NOT NULL REFERENCES object (id),
    source_id INTEGER NOT NULL REFERENCES object (id),
    position  INTEGER NOT NULL,
    PRIMARY KEY (target_id, source_id, position)
) WITHOUT ROWID, STRICT;

CREATE TABLE root (
    id        INTEGER PRIMARY KEY,
    object_id INTEGER NOT NULL REFERENCES object (id),
    kind      INTEGER NOT NULL REFERENCES root_kind (id),
    name_id   INTEGER REFERENCES string (id),
    thread_id INTEGER REFERENCES thread (id),
    frame_id  INTEGER REFERENCES frame (id),
    depth     INTEGER
) STRICT;
-- Rows are inserted by object_id ascending, so this index is as cheap as a table in order.
CREATE INDEX root_by_object ON root (object_id);

CREATE TABLE component (
    id              INTEGER PRIMARY KEY,
    snapshot_id     INTEGER NOT NULL REFERENCES snapshot (id),
    n               INTEGER NOT NULL,
    shallow_size    INTEGER NOT NULL,
    retained_size   INTEGER NOT NULL, -- what goes when every reference into the cycle goes
    native_size     INTEGER,
    retained_native INTEGER,
    object_id       INTEGER NOT NULL REFERENCES object (id) -- the member with the smallest id
) STRICT;

-- ---- orders --------------------------------------------------------------------------------------

CREATE TABLE child (
    dominator_id INTEGER NOT NULL REFERENCES object (id),
    object_id    INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (dominator_id, object_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE top_object ( -- the largest 10,000 by retained size
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rank        INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE type_object ( -- the largest 10,000 of each type
    type_id   INTEGER NOT NULL REFERENCES type (id),
    rank      INTEGER NOT NULL,
    object_id INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (type_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE site_object ( -- the largest 10,000 of each allocation site and snapshot
    stack_id    INTEGER NOT NULL REFERENCES stack (id),
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rank        INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (stack_id, snapshot_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE component_object ( -- the largest 10,000 of each cycle
    component_id INTEGER NOT NULL REFERENCES component (id),
    rank         INTEGER NOT NULL,
    object_id    INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (component_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE address (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    address     INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, address)
) WITHOUT ROWID, STRICT;

-- Cumulative histogram: of the objects of the snapshot with id <= block * 32768, n have this type.
-- The histogram of any range of ids is one block minus another plus two partial scans.
CREATE TABLE type_prefix (
    block        INTEGER NOT NULL,
    type_id      INTEGER NOT NULL REFERENCES type (id),
    n            INTEGER NOT NULL,
    shallow_size INTEGER NOT NULL,
    PRIMARY KEY (block, type_id)
) WITHOUT ROWID, STRICT;

-- ---- summaries (live objects; retained sizes of topmost objects only) ------------------------------

CREATE TABLE site (
    snapshot_id   INTEGER NOT NULL REFERENCES snapshot (id),
    stack_id      INTEGER NOT NULL REFERENCES stack (id),
    n             INTEGER NOT NULL,
    shallow_size  INTEGER NOT NULL,
    retained_size INTEGER NOT NULL,
    native_size   INTEGER,
    n_garbage     INTEGER NOT NULL,
    garbage_size  INTEGER NOT NULL,
    PRIMARY KEY (snapshot_id, stack_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE package (
    id            INTEGER PRIMARY KEY,
    snapshot_id   INTEGER NOT NULL REFERENCES snapshot (id),
    depth         INTEGER NOT NULL, -- 1: `django`, 2: `django.db`, 3: `django.db.models`
    name          TEXT,             -- null: types without a module
    n             INTEGER NOT NULL,
    shallow_size  INTEGER NOT NULL,
    retained_size INTEGER NOT NULL,
    native_size   INTEGER
) STRICT;

-- The dominator tree folded by type: a path of types from a virtual root; neighbours of equal type
-- are one step, so that a linked list is one row. Only paths that retain at least 1/10,000 of the
-- heap, the largest 20,000 of them; the rest stays counted in its parent's retained size.
CREATE TABLE class_path (
    id            INTEGER PRIMARY KEY,
    snapshot_id   INTEGER NOT NULL REFERENCES snapshot (id),
    parent_id     INTEGER REFERENCES class_path (id), -- smaller than id; null: a virtual root
    type_id       INTEGER NOT NULL REFERENCES type (id),
    depth         INTEGER NOT NULL,
    n             INTEGER NOT NULL, -- objects on exactly this path
    shallow_size  INTEGER NOT NULL,
    retained_n    INTEGER NOT NULL, -- on this path and below it
    retained_size INTEGER NOT NULL,
    object_id     INTEGER NOT NULL REFERENCES object (id) -- the largest object of the path
) STRICT;

CREATE TABLE root_summary (
    snapshot_id   INTEGER NOT NULL REFERENCES snapshot (id),
    kind          INTEGER NOT NULL REFERENCES root_kind (id),
    n             INTEGER NOT NULL, -- roots
    n_objects     INTEGER NOT NULL, -- different objects that they hold
    shallow_size  INTEGER NOT NULL,
    retained_size INTEGER NOT NULL,
    PRIMARY KEY (snapshot_id, kind)
) WITHOUT ROWID, STRICT;

CREATE TABLE global (
    id          INTEGER PRIMARY KEY,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    module      TEXT,                       -- null: the root itself is the global
    name        TEXT,
    object_id   INTEGER NOT NULL REFERENCES object (id)
) STRICT;

CREATE TABLE hub (
    object_id INTEGER PRIMARY KEY REFERENCES object (id),
    n         INTEGER NOT NULL -- references to it
) STRICT;

CREATE TABLE hub_type ( -- who refers to the largest hubs, by type
    object_id INTEGER NOT NULL REFERENCES hub (object_id),
    rank      INTEGER NOT NULL,
    type_id   INTEGER NOT NULL REFERENCES type (id),
    n         INTEGER NOT NULL, -- references from objects of this type
    PRIMARY KEY (object_id, rank)
) WITHOUT ROWID, STRICT;

-- ---- what comparisons and checks add ---------------------------------------------------------------

CREATE TABLE growth (
    id          INTEGER PRIMARY KEY,
    a_id        INTEGER NOT NULL REFERENCES snapshot (id),
    b_id        INTEGER NOT NULL REFERENCES snapshot (id),
    dimension   TEXT NOT NULL, -- 'type', 'site', 'package', 'root', 'memory'
    name        TEXT NOT NULL,
    n_a         INTEGER,
    n_b         INTEGER,
    shallow_a   INTEGER,
    shallow_b   INTEGER,
    retained_a  INTEGER,
    retained_b  INTEGER,
    n_new       INTEGER, -- objects of b that were matched to none of a
    shallow_new INTEGER
) STRICT;

CREATE TABLE owner (
    id             INTEGER PRIMARY KEY,
    a_id           INTEGER NOT NULL REFERENCES snapshot (id),
    b_id           INTEGER NOT NULL REFERENCES snapshot (id),
    rank           INTEGER NOT NULL,
    signature      TEXT NOT NULL,
    type           TEXT,
    object_a_id    INTEGER REFERENCES object (id),
    object_b_id    INTEGER REFERENCES object (id),
    count_delta    INTEGER NOT NULL,
    shallow_delta  INTEGER NOT NULL,
    native_delta   INTEGER,
    retained_delta INTEGER NOT NULL,
    n_new          INTEGER NOT NULL,
    n_gone         INTEGER NOT NULL,
    new_type       TEXT -- what most of the new bytes are
) STRICT;

CREATE TABLE finding (
    id          INTEGER PRIMARY KEY,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rule        TEXT NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('note', 'warning', 'error')),
    title       TEXT NOT NULL,
    cause       TEXT,
    advice      TEXT,
    evidence    TEXT, -- a query that shows it
    object_id   INTEGER REFERENCES object (id),
    bytes       INTEGER
) STRICT;

-- ---- registered numbers and their names (format/registry.md) ---------------------------------------

CREATE TABLE edge_kind (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    holds INTEGER NOT NULL -- 0: keeps nothing alive; applied before any tree was built
) STRICT;
INSERT INTO edge_kind (id, name, holds) VALUES
    (0, 'other', 1), (1, 'attribute', 1), (2, 'element', 1), (3, 'key', 1), (4, 'value', 1), (5, 'variable', 1),
    (6, 'local', 1), (7, 'internal', 1), (8, 'type', 1), (9, 'static', 1), (10, 'weak', 0),
    (11, 'soft', 1), (12, 'phantom', 0), (13, 'finalizer', 1), (14, 'ephemeron', 1),
    (15, 'shortcut', 0), (16, 'hidden', 1);

CREATE TABLE root_kind (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO root_kind (id, name) VALUES
    (1, 'unknown'), (2, 'global'), (3, 'local'), (4, 'thread'), (5, 'type'), (6, 'interned'),
    (7, 'immortal'), (8, 'external'), (9, 'runtime'), (10, 'callback'), (11, 'task'),
    (12, 'native_local'), (13, 'native_global'), (14, 'native_stack'), (15, 'monitor'),
    (16, 'thread_block'), (17, 'finalizing'), (18, 'debugger'), (19, 'unreachable');

CREATE TABLE type_kind (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO type_kind (id, name) VALUES
    (0, 'other'), (1, 'class'), (2, 'builtin'), (3, 'meta'), (4, 'array'), (5, 'string'),
    (6, 'code'), (7, 'native'), (8, 'internal');

CREATE TABLE language (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO language (id, name) VALUES
    (0, 'unknown'), (1, 'c'), (2, 'python'), (3, 'java'), (4, 'javascript'), (5, 'ruby');

CREATE TABLE resource_kind (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO resource_kind (id, name) VALUES
    (1, 'file'), (2, 'socket'), (3, 'pipe'), (4, 'database'), (5, 'cursor'), (6, 'executor'),
    (7, 'mapping'), (8, 'process'), (9, 'selector');

CREATE TABLE resource_state (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO resource_state (id, name) VALUES (1, 'open'), (2, 'closed');

CREATE TABLE object_flag (
    bit  INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO object_flag (bit, name) VALUES
    (1, 'tracked'), (2, 'frozen'), (4, 'finalized'), (8, 'immortal'), (16, 'interned'),
    (32, 'static'), (64, 'class'), (128, 'suspended'), (256, 'running'), (512, 'weakrefed'),
    (1024, 'uncollectable'), (2048, 'detached');

-- ---- views for people ----------------------------------------------------------------------------
-- Names come by scalar subquery wherever a view may be joined: a view over one table can stand on
-- the right side of a LEFT JOIN without being materialised, and a column that is not asked for costs
-- nothing. No view sorts: order by the key of the list (rank, id).

CREATE VIEW refs AS
SELECT r.source_id, r.position, r.target_id,
       (SELECT name FROM edge_kind WHERE id = r.kind) AS kind,
       (SELECT text FROM string WHERE id = r.name_id) AS name,
       CASE r.kind
       WHEN 2 THEN '[' || coalesce(r.key, r.position) || ']'
       WHEN 1 THEN '.' || coalesce((SELECT text FROM string WHERE id = r.name_id), '?')
       WHEN 4 THEN CASE
            WHEN r.name_id IS NOT NULL
            THEN '[''' || (SELECT text FROM string WHERE id = r.name_id) || ''']'
            WHEN r.key IS NOT NULL THEN printf('[#%06x]', r.key)
            ELSE '[?]' END
       ELSE '<' || (SELECT name FROM edge_kind WHERE id = r.kind)
            || coalesce(' ' || (SELECT text FROM string WHERE id = r.name_id),
                        printf(' #%06x', r.key + 0), '') || '>'
       END AS label,
       (SELECT t.name FROM object x JOIN type t ON t.id = x.type_id WHERE x.id = r.source_id)
            AS source_type,
       (SELECT t.name FROM object x JOIN type t ON t.id = x.type_id WHERE x.id = r.target_id)
            AS target_type,
       (SELECT shallow_size FROM object WHERE id = r.target_id) AS target_shallow,
       (SELECT retained_size FROM object WHERE id = r.target_id) AS target_retained,
       r.kind AS kind_id, r.name_id, r.key
FROM ref r;

CREATE VIEW objects AS
SELECT o.id, o.snapshot_id, printf('0x%llx', o.address) AS address_hex,
       (SELECT name FROM type WHERE id = o.type_id) AS type,
       (SELECT name FROM type WHERE id = o.type_id) || coalesce(
            ' ' || (SELECT s.text FROM detail d JOIN string s ON s.id = d.name_id
                    WHERE d.object_id = o.id),
            ' ' || (SELECT label FROM refs
                    WHERE source_id = o.parent_id AND position = o.parent_position),
            '') AS label,
       o.shallow_size, o.native_size, o.retained_size, o.retained_native,
       o.last_dominated - o.id + 1 AS retained_count,
       o.id > (SELECT garbage_root_id FROM snapshot WHERE id = o.snapshot_id) AS is_garbage,
       (SELECT length FROM detail WHERE object_id = o.id) AS length,
       (SELECT capacity FROM detail WHERE object_id = o.id) AS capacity,
       o.dominator_id, o.last_dominated, o.distance, o.parent_id, o.parent_position,
       o.component_id, o.stack_id, o.refcount, o.external_refs, o.generation, o.flags, o.type_id,
       o.address
FROM object o
WHERE o.dominator_id IS NOT NULL;

CREATE VIEW referrers AS
SELECT b.target_id, b.source_id, b.position,
       (SELECT name FROM edge_kind WHERE id = r.kind) AS kind,
       (SELECT text FROM string WHERE id = r.name_id) AS name,
       (SELECT label FROM refs WHERE source_id = b.source_id AND position = b.position) AS label,
       (SELECT t.name FROM object x JOIN type t ON t.id = x.type_id WHERE x.id = b.source_id)
            AS source_type,
       (SELECT shallow_size FROM object WHERE id = b.source_id) AS source_shallow,
       (SELECT retained_size FROM object WHERE id = b.source_id) AS source_retained,
       r.kind AS kind_id, r.name_id, r.key
FROM referrer b
JOIN ref r ON r.source_id = b.source_id AND r.position = b.position
          AND r.target_id = b.target_id;

CREATE VIEW children AS
SELECT o.*
FROM child c JOIN objects o ON o.id = c.object_id AND o.dominator_id = c.dominator_id;

CREATE VIEW top_objects AS
SELECT x.rank, o.*
FROM top_object x JOIN objects o ON o.id = x.object_id AND o.snapshot_id = x.snapshot_id;

CREATE VIEW type_objects AS
SELECT x.rank, o.*
FROM type_object x JOIN objects o ON o.id = x.object_id AND o.type_id = x.type_id;

CREATE VIEW site_objects AS
SELECT x.rank, o.*
FROM site_object x
JOIN objects o ON o.id = x.object_id AND o.stack_id = x.stack_id AND o.snapshot_id = x.snapshot_id;

CREATE VIEW cycle_objects AS
SELECT x.rank, o.*
FROM component_object x
JOIN objects o ON o.id = x.object_id AND o.component_id = x.component_id;

CREATE VIEW roots AS
SELECT r.id, (SELECT snapshot_id FROM object WHERE id = r.object_id) AS snapshot_id, r.object_id,
       (SELECT name FROM root_kind WHERE id = r.kind) AS kind,
       (SELECT text FROM string WHERE id = r.name_id) AS name,
       (SELECT t.name FROM object x JOIN type t ON t.id = x.type_id WHERE x.id = r.object_id)
            AS type,
       (SELECT retained_size FROM object WHERE id = r.object_id) AS retained_size,
       (SELECT coalesce(name, 'thread ' || runtime_id) FROM thread WHERE id = r.thread_id) AS thread,
       (SELECT function FROM frame WHERE id = r.frame_id) AS function,
       (SELECT file FROM frame WHERE id = r.frame_id) AS file,
       (SELECT line FROM frame WHERE id = r.frame_id) AS line,
       r.depth, r.thread_id, r.frame_id, r.kind AS kind_id, r.name_id
FROM root r;

CREATE VIEW types AS
SELECT t.id, t.snapshot_id, t.name, t.module,
       (SELECT name FROM type_kind WHERE id = t.kind) AS kind,
       t.n, t.shallow_size, t.retained_size, t.native_size, t.retained_native, t.n_garbage,
       t.garbage_size, t.instance_size,
       (SELECT name FROM type WHERE id = t.base_id) AS base, t.object_id, t.loader_id, t.flags
FROM type t
WHERE t.n + t.n_garbage > 0;

CREATE VIEW sites AS
SELECT s.snapshot_id, s.stack_id,
       (SELECT f.function FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = s.stack_id)
            AS function,
       (SELECT f.file FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = s.stack_id)
            AS file,
       (SELECT f.line FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = s.stack_id)
            AS line,
       s.n, s.shallow_size, s.retained_size, s.native_size, s.n_garbage, s.garbage_size
FROM site s;

-- The frames of a stack, innermost first. Ask by stack_id.
CREATE VIEW stack_frames AS
SELECT k.id AS stack_id, j.key AS level, f.id AS frame_id, f.function, f.file, f.line,
       (SELECT name FROM language WHERE id = f.language) AS language,
       (SELECT path FROM module WHERE id = f.module_id) AS module, f.address
FROM stack k
JOIN json_each((
    WITH RECURSIVE up (level, id) AS (
        SELECT 0, k.id
        UNION ALL
        SELECT up.level + 1, s.parent_id FROM up JOIN stack s ON s.id = up.id
        WHERE s.parent_id IS NOT NULL AND up.level < 1000)
    SELECT json_group_array((SELECT frame_id FROM stack WHERE id = up.id)) FROM up)) j
JOIN frame f ON f.id = j.value;

CREATE VIEW packages AS
SELECT p.snapshot_id, p.depth, coalesce(p.name, '(none)') AS name, p.n, p.shallow_size,
       p.retained_size, p.native_size
FROM package p;

CREATE VIEW globals AS
SELECT g.id, g.snapshot_id, g.module, g.name, g.object_id,
       (SELECT t.name FROM object o JOIN type t ON t.id = o.type_id WHERE o.id = g.object_id)
            AS type,
       (SELECT length FROM detail WHERE object_id = g.object_id) AS length,
       (SELECT shallow_size FROM object WHERE id = g.object_id) AS shallow_size,
       (SELECT retained_size FROM object WHERE id = g.object_id) AS retained_size
FROM global g;

CREATE VIEW cycles AS
SELECT c.id, c.snapshot_id, c.n, c.shallow_size, c.retained_size, c.native_size,
       c.object_id > (SELECT garbage_root_id FROM snapshot WHERE id = c.snapshot_id) AS is_garbage,
       (SELECT t.name FROM object o JOIN type t ON t.id = o.type_id WHERE o.id = c.object_id)
            AS type,
       c.object_id
FROM component c;

CREATE VIEW class_paths AS
SELECT p.id, p.snapshot_id, p.parent_id, (SELECT name FROM type WHERE id = p.type_id) AS type,
       p.depth, p.n, p.shallow_size, p.retained_n, p.retained_size, p.object_id
FROM class_path p;

CREATE VIEW root_summaries AS
SELECT s.snapshot_id, (SELECT name FROM root_kind WHERE id = s.kind) AS kind, s.n, s.n_objects,
       s.shallow_size, s.retained_size
FROM root_summary s;

CREATE VIEW hubs AS
SELECT h.object_id, (SELECT snapshot_id FROM object WHERE id = h.object_id) AS snapshot_id,
       (SELECT t.name FROM object o JOIN type t ON t.id = o.type_id WHERE o.id = h.object_id)
            AS type,
       h.n,
       (SELECT t.name FROM hub_type x JOIN type t ON t.id = x.type_id
        WHERE x.object_id = h.object_id AND x.rank = 1) AS most_from,
       (SELECT x.n FROM hub_type x WHERE x.object_id = h.object_id AND x.rank = 1) AS n_most
FROM hub h;

CREATE VIEW threads AS
SELECT t.id, t.snapshot_id, t.name, t.runtime_id, t.os_id, t.object_id, t.stack_id,
       (SELECT f.function FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = t.stack_id)
            AS function,
       (SELECT f.file FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = t.stack_id)
            AS file,
       (SELECT f.line FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = t.stack_id)
            AS line
FROM thread t;

CREATE VIEW snapshots AS
SELECT s.id, s.path, s.runtime, s.runtime_version,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.captured_at, 'unixepoch') AS captured_at,
       s.host, s.pid, s.service, s.version, s.complete, s.n_objects, s.n_refs, s.n_roots,
       s.shallow_size, s.live_size, s.garbage_size, s.native_size, s.n_live, s.n_garbage,
       (SELECT value FROM counter WHERE snapshot_id = s.id AND name = 'rss') AS rss, s.reason
FROM snapshot s;

CREATE VIEW owners AS
SELECT w.id, w.a_id, w.b_id, w.rank, w.signature, w.type, w.count_delta, w.shallow_delta,
       w.native_delta, w.retained_delta, w.n_new, w.n_gone, w.new_type, w.object_a_id,
       w.object_b_id
FROM owner w;

-- A shortest path from the roots to an object, by object_id: step 1 is the root object, the last
-- step the object itself; `label` names the edge into the step. At most 1000 steps, counted from
-- the object upwards. No row for garbage. Order by step.
CREATE VIEW path AS
SELECT o.id AS object_id, x.distance AS step, x.id,
       CASE x.distance
       WHEN 1 THEN (SELECT (SELECT name FROM root_kind WHERE id = r.kind)
                           || coalesce(' ' || (SELECT text FROM string WHERE id = r.name_id), '')
                    FROM root r WHERE r.object_id = x.id LIMIT 1)
       ELSE (SELECT label FROM refs
             WHERE source_id = x.parent_id AND position = x.parent_position)
       END AS label,
       (SELECT name FROM type WHERE id = x.type_id) AS type,
       x.shallow_size, x.retained_size
FROM object o
JOIN json_each((
    WITH RECURSIVE up (level, id) AS (
        SELECT 0, o.id
        UNION ALL
        SELECT up.level + 1, p.parent_id FROM up JOIN object p ON p.id = up.id
        WHERE p.distance > 1 AND up.level < 999)
    SELECT json_group_array(up.id) FROM up)) j
JOIN object x ON x.id = j.value
WHERE o.distance >= 1;

-- Who dominates an object, by object_id: level 0 is the object, then outwards. At most 1000 levels.
CREATE VIEW dominators AS
SELECT o.id AS object_id, j.key AS level, x.id,
       (SELECT name FROM type WHERE id = x.type_id) AS type,
       x.shallow_size, x.retained_size, x.last_dominated - x.id + 1 AS retained_count
FROM object o
JOIN json_each((
    WITH RECURSIVE up (level, id) AS (
        SELECT 0, o.id
        UNION ALL
        SELECT up.level + 1, p.dominator_id FROM up JOIN object p ON p.id = up.id
        WHERE p.dominator_id IS NOT NULL AND up.level < 999)
    SELECT json_group_array(up.id) FROM up)) j
JOIN object x ON x.id = j.value AND x.dominator_id IS NOT NULL;

-- ---- documentation and saved queries ---------------------------------------------------------------

CREATE TABLE doc (
    name    TEXT NOT NULL, -- table or view
    column  TEXT,          -- null: the table or view itself
    unit    TEXT,
    meaning TEXT NOT NULL,
    UNIQUE (name, column)
) STRICT;

CREATE TABLE saved_query (
    name        TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    sql         TEXT NOT NULL
) WITHOUT ROWID, STRICT;
