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
--   * Several snapshots share one database: their objects lie in disjoint ranges of ids that
-- begin at     1 modulo 32768; strings, frames, stacks and modules are shared.
--   * Each snapshot has two rows in `object` that are no objects: the virtual roots `(live)` and
--     `(garbage)`, with size 0, no address, and no dominator. The views for people leave them out.
--   * A value that is not known is null; there are no sentinels. Sizes are bytes. Times are seconds
--     since 1970 in tables and RFC 3339 in views. Addresses are stored as their 64-bit pattern,
--     which SQLite shows as a signed number; `address_hex` in views shows them as people write
-- them.
--
-- Ask the views (plural names); `SELECT * FROM doc` explains every column, `saved_query` holds
-- questions that are often asked. ORDER BY retained_size on `objects` sorts the whole heap: ask
-- top_objects, type_objects, site_objects or children instead, ordered by their rank or id.

PRAGMA application_id = 0x736e6170; -- "snap"
PRAGMA user_version = 1;

-- ---- what was captured
-- ---------------------------------------------------------------------------

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
    n_blocks        INTEGER, -- native blocks; null: the capture has none
    block_size      INTEGER,
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
CREATE INDEX warning_by_snapshot ON warning (snapshot_id);

CREATE TABLE memory_map (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    part        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    exact       INTEGER NOT NULL, -- 0: a difference of counters taken at slightly different times
    position    INTEGER NOT NULL, -- order in which the parts are shown
    PRIMARY KEY (snapshot_id, part)
) WITHOUT ROWID, STRICT;

-- ---- definitions
-- ---------------------------------------------------------------------------------

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
-- Rows come by snapshot, so this index is as cheap as a table in order.
CREATE INDEX type_by_snapshot ON type (snapshot_id);

CREATE TABLE thread (
    id          INTEGER PRIMARY KEY,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    runtime_id  INTEGER NOT NULL,
    os_id       INTEGER,
    name        TEXT,
    stack_id    INTEGER REFERENCES stack (id),
    object_id   INTEGER REFERENCES object (id)
) STRICT;

-- ---- the heap
-- ------------------------------------------------------------------------------------

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

-- Native memory that several objects share (equal detail.buffer): each of them has it in its own
-- native_size, but in every sum it counts once, as large as the largest of them says. It is freed
-- with the last of its live objects (with the last of all where none is live), so it is part of
-- retained_native of their nearest common dominator, `holder_id`, and of whoever dominates that. So
-- retained_native is the object's own native_size, if it shares nothing, plus its children's
-- retained_native, plus the buffers that it is the holder of. Sums by type, site, package and cycle
-- have it at the first of its live objects, `object_id`.
CREATE TABLE shared_buffer (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    address     INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    native_size INTEGER NOT NULL,
    holder_id   INTEGER NOT NULL REFERENCES object (id), -- may be a virtual root
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, address)
) WITHOUT ROWID, STRICT;

CREATE TABLE shared_buffer_object (
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    address     INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, address, object_id)
) WITHOUT ROWID, STRICT;

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

CREATE TABLE root_list ( -- the 10,000 of each kind whose objects retain most
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    kind        INTEGER NOT NULL REFERENCES root_kind (id),
    rank        INTEGER NOT NULL,
    root_id     INTEGER NOT NULL REFERENCES root (id),
    PRIMARY KEY (snapshot_id, kind, rank)
) WITHOUT ROWID, STRICT;

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

-- Memory that native code allocated and has not freed, as a tracer of allocations recorded it. `id`
-- is the order in the file.
CREATE TABLE block (
    id          INTEGER PRIMARY KEY,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    address     INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    stack_id    INTEGER REFERENCES stack (id),
    domain      INTEGER,
    owner       INTEGER -- object.address of the object that it belongs to
) STRICT;

CREATE TABLE event (
    id           INTEGER PRIMARY KEY,
    snapshot_id  INTEGER REFERENCES snapshot (id), -- null: recorded outside of any snapshot
    monotonic_ns INTEGER NOT NULL,
    op           INTEGER NOT NULL, -- see event_op
    address      INTEGER NOT NULL,
    size         INTEGER,
    stack_id     INTEGER REFERENCES stack (id),
    os_id        INTEGER -- the thread
) STRICT;

-- Both by allocation site. An allocation is live if no later event of the same snapshot (of the
-- same file, where it has none) frees or reuses its address.
CREATE TABLE native_site (
    id             INTEGER PRIMARY KEY,
    snapshot_id    INTEGER REFERENCES snapshot (id), -- null: events outside of any snapshot
    stack_id       INTEGER REFERENCES stack (id),    -- null: not recorded
    n_blocks       INTEGER NOT NULL,
    block_size     INTEGER NOT NULL,
    n_allocated    INTEGER NOT NULL,
    allocated_size INTEGER NOT NULL,
    n_live         INTEGER NOT NULL,
    live_size      INTEGER NOT NULL
) STRICT;

-- ---- orders
-- --------------------------------------------------------------------------------------

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

CREATE TABLE long_object ( -- the 1,000 of most elements, more than 1,000 each
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rank        INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE heavy_object ( -- the 10,000 live ones with the largest retained_size +
    -- retained_native; empty where the capture knows of no native memory: top_object says it then
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rank        INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE sparse_object ( -- the 1,000 of most unused room: capacity > 2 * length + 64
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rank        INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE resource_object ( -- all with detail.resource, the open ones first
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rank        INTEGER NOT NULL,
    object_id   INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (snapshot_id, rank)
) WITHOUT ROWID, STRICT;

-- Equal contents held several times: live objects of one type with equal detail.content_hash. Bytes
-- that a code object holds are left out, and Java's arrays but for those of a String: nobody can
-- share those. The 10,000 groups that waste most.
CREATE TABLE duplicate (
    snapshot_id  INTEGER NOT NULL REFERENCES snapshot (id),
    rank         INTEGER NOT NULL,
    type_id      INTEGER NOT NULL REFERENCES type (id),
    n            INTEGER NOT NULL,
    length       INTEGER,          -- of the shortest of them
    shallow_size INTEGER NOT NULL, -- of all of them
    wasted       INTEGER NOT NULL, -- of all but the largest
    object_id    INTEGER NOT NULL REFERENCES object (id), -- the first of them
    PRIMARY KEY (snapshot_id, rank)
) WITHOUT ROWID, STRICT;

CREATE TABLE duplicate_type ( -- all such groups, by type
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    type_id     INTEGER NOT NULL REFERENCES type (id),
    n_contents  INTEGER NOT NULL, -- different ones, each held at least twice
    n           INTEGER NOT NULL, -- objects
    wasted      INTEGER NOT NULL,
    PRIMARY KEY (snapshot_id, type_id)
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

-- ---- summaries (live objects; retained sizes of topmost objects only)
-- ------------------------------

CREATE TABLE site (
    snapshot_id   INTEGER NOT NULL REFERENCES snapshot (id),
    stack_id      INTEGER NOT NULL REFERENCES stack (id),
    n             INTEGER NOT NULL,
    shallow_size  INTEGER NOT NULL,
    retained_size INTEGER NOT NULL,
    native_size   INTEGER,
    n_garbage     INTEGER NOT NULL,
    garbage_size  INTEGER NOT NULL,
    retained_native INTEGER,
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
    native_size   INTEGER,
    retained_native INTEGER
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
    retained_native INTEGER,
    PRIMARY KEY (snapshot_id, kind)
) WITHOUT ROWID, STRICT;

CREATE TABLE global (
    id          INTEGER PRIMARY KEY,
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    module      TEXT,                       -- null: the name says all of it
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

-- ---- what comparisons and checks add
-- ---------------------------------------------------------------

CREATE TABLE growth (
    id          INTEGER PRIMARY KEY,
    a_id        INTEGER NOT NULL REFERENCES snapshot (id),
    b_id        INTEGER NOT NULL REFERENCES snapshot (id),
    dimension   TEXT NOT NULL, -- 'type', 'site', 'package', 'root', 'memory', 'native'
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
    id          INTEGER PRIMARY KEY, -- in the order of importance
    snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
    rule        TEXT NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('note', 'warning', 'error')),
    title       TEXT NOT NULL,
    sentence    TEXT,
    bytes       INTEGER,
    objects     INTEGER,
    object_id   INTEGER REFERENCES object (id),
    path        TEXT,
    type        TEXT,
    cause       TEXT,
    remedy      TEXT,
    evidence    TEXT, -- a query that shows it
    explained_by INTEGER REFERENCES finding (id) -- the one that says more of the same
) STRICT;

-- ---- registered numbers and their names (format/registry.md)
-- ---------------------------------------

CREATE TABLE edge_kind (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    holds INTEGER NOT NULL -- 0: keeps nothing alive; applied before any tree was built
) STRICT;
INSERT INTO edge_kind (id, name, holds) VALUES
    (0, 'other', 1), (1, 'attribute', 1), (2, 'element', 1), (3, 'key', 1), (4, 'value', 1), (5, 'variable', 1),
    (6, 'local', 1), (7, 'internal', 1), (8, 'type', 1), (9, 'static', 1), (10, 'weak', 0),
    (11, 'soft', 1), (12, 'phantom', 0), (13, 'finalizer', 1), (14, 'ephemeron', 1),
    (15, 'shortcut', 0), (16, 'hidden', 1), (17, 'ruled out', 0);

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

CREATE TABLE event_op (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO event_op (id, name) VALUES (1, 'alloc'), (2, 'free');

CREATE TABLE object_flag (
    bit  INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO object_flag (bit, name) VALUES
    (1, 'tracked'), (2, 'frozen'), (4, 'finalized'), (8, 'immortal'), (16, 'interned'),
    (32, 'static'), (64, 'class'), (128, 'suspended'), (256, 'running'), (512, 'weakrefed'),
    (1024, 'uncollectable'), (2048, 'detached');

-- ---- views for people
-- ---------------------------------------------------------------------------- Names come by
-- scalar subquery wherever a view may be joined: a view over one table can stand on the right
-- side of a LEFT JOIN without being materialised, and a column that is not asked for costs
-- nothing. No view sorts: order by the key of the list (rank, id). Only functions that SQLite
-- calls innocuous are used, so that the views work where the schema is not trusted.

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
                        iif(r.key IS NULL, '', printf(' #%06x', r.key))) || '>'
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
            ' ' || (SELECT s.text FROM root r JOIN string s ON s.id = r.name_id
                    WHERE r.object_id = o.id AND o.distance = 1 ORDER BY r.id LIMIT 1),
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

-- The id is that of `child`, so that an order by it is the order of that table.
CREATE VIEW children AS
SELECT c.object_id AS id, o.snapshot_id, o.address_hex, o.type, o.label, o.shallow_size,
       o.native_size, o.retained_size, o.retained_native, o.retained_count, o.is_garbage,
       o.length, o.capacity, o.dominator_id, o.last_dominated, o.distance, o.parent_id,
       o.parent_position, o.component_id, o.stack_id, o.refcount, o.external_refs,
       o.generation, o.flags, o.type_id, o.address
FROM child c JOIN objects o ON o.id = c.object_id AND o.dominator_id = c.dominator_id;

CREATE VIEW top_objects AS
SELECT x.rank, o.*
FROM top_object x JOIN objects o ON o.id = x.object_id AND o.snapshot_id = x.snapshot_id;

CREATE VIEW heavy_objects AS
SELECT x.rank, o.retained_size + o.retained_native AS retained_whole, o.*
FROM heavy_object x
JOIN objects o ON o.id = x.object_id AND o.snapshot_id = x.snapshot_id;

CREATE VIEW type_objects AS
SELECT x.rank, o.*
FROM type_object x JOIN objects o ON o.id = x.object_id AND o.type_id = x.type_id;

CREATE VIEW site_objects AS
SELECT x.rank, o.*
FROM site_object x
JOIN objects o ON o.id = x.object_id AND o.stack_id = x.stack_id AND o.snapshot_id = x.snapshot_id;

CREATE VIEW shared_buffers AS
SELECT b.snapshot_id, printf('0x%llx', b.address) AS address_hex, b.n, b.native_size,
       (SELECT t.name FROM object o JOIN type t ON t.id = o.type_id WHERE o.id = b.object_id)
            AS type,
       b.object_id, b.holder_id, b.address
FROM shared_buffer b;

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
       s.n, s.shallow_size, s.retained_size, s.native_size, s.n_garbage, s.garbage_size,
       s.retained_native
FROM site s;

CREATE VIEW native_sites AS
SELECT s.id, s.snapshot_id, s.stack_id,
       (SELECT f.function FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = s.stack_id)
            AS function,
       (SELECT f.file FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = s.stack_id)
            AS file,
       (SELECT f.line FROM stack k JOIN frame f ON f.id = k.frame_id WHERE k.id = s.stack_id)
            AS line,
       (SELECT m.path FROM stack k JOIN frame f ON f.id = k.frame_id
                      JOIN module m ON m.id = f.module_id WHERE k.id = s.stack_id) AS module,
       s.n_blocks, s.block_size, s.n_allocated, s.allocated_size, s.n_live, s.live_size
FROM native_site s;

CREATE VIEW blocks AS
SELECT b.id, b.snapshot_id, printf('0x%llx', b.address) AS address_hex, b.size, b.stack_id,
       b.domain,
       (SELECT object_id FROM address WHERE snapshot_id = b.snapshot_id AND address = b.owner)
            AS owner_id,
       b.address, b.owner
FROM block b;

CREATE VIEW events AS
SELECT e.id, e.snapshot_id, e.monotonic_ns,
       coalesce((SELECT name FROM event_op WHERE id = e.op), 'unknown') AS op,
       printf('0x%llx', e.address) AS address_hex, e.size, e.stack_id, e.os_id, e.address
FROM event e;

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
    SELECT '[' || group_concat(coalesce((SELECT frame_id FROM stack WHERE id = up.id), 'null')) || ']'
    FROM up)) j
JOIN frame f ON f.id = j.value;

CREATE VIEW packages AS
SELECT p.snapshot_id, p.depth, coalesce(p.name, '(none)') AS name, p.n, p.shallow_size,
       p.retained_size, p.native_size, p.retained_native
FROM package p;

CREATE VIEW globals AS
SELECT g.id, g.snapshot_id, g.module, g.name, g.object_id,
       (SELECT t.name FROM object o JOIN type t ON t.id = o.type_id WHERE o.id = g.object_id)
            AS type,
       (SELECT length FROM detail WHERE object_id = g.object_id) AS length,
       (SELECT shallow_size FROM object WHERE id = g.object_id) AS shallow_size,
       (SELECT retained_size FROM object WHERE id = g.object_id) AS retained_size,
       (SELECT retained_native FROM object WHERE id = g.object_id) AS retained_native
FROM global g;

CREATE VIEW cycles AS
SELECT c.id, c.snapshot_id, c.n, c.shallow_size, c.retained_size, c.native_size,
       c.object_id > (SELECT garbage_root_id FROM snapshot WHERE id = c.snapshot_id) AS is_garbage,
       (SELECT t.name FROM object o JOIN type t ON t.id = o.type_id WHERE o.id = c.object_id)
            AS type,
       c.object_id, c.retained_native
FROM component c;

CREATE VIEW class_paths AS
SELECT p.id, p.snapshot_id, p.parent_id, (SELECT name FROM type WHERE id = p.type_id) AS type,
       p.depth, p.n, p.shallow_size, p.retained_n, p.retained_size, p.object_id
FROM class_path p;

CREATE VIEW root_summaries AS
SELECT s.snapshot_id, (SELECT name FROM root_kind WHERE id = s.kind) AS kind, s.n, s.n_objects,
       s.shallow_size, s.retained_size, s.retained_native
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
    SELECT '[' || group_concat(up.id) || ']' FROM up)) j
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
    SELECT '[' || group_concat(up.id) || ']' FROM up)) j
JOIN object x ON x.id = j.value AND x.dominator_id IS NOT NULL;

-- ---- documentation and saved queries
-- ---------------------------------------------------------------

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

-- Columns that mean the same wherever they stand are explained once, under the name `*`, and
-- copied to every table and view that has them at the end of this file.
INSERT INTO doc (name, column, unit, meaning) VALUES
    ('*', 'id', NULL, 'number of the row'),
    ('*', 'snapshot_id', 'snapshot.id', 'the snapshot it belongs to'),
    ('*', 'object_id', 'object.id', 'the object'),
    ('*', 'type_id', 'type.id', 'its type'),
    ('*', 'stack_id', 'stack.id', 'the allocation site: the stack of calls at its allocation'),
    ('*', 'frame_id', 'frame.id', 'the frame'),
    ('*', 'thread_id', 'thread.id', 'the thread'),
    ('*', 'module_id', 'module.id', 'the loaded file that the code is in'),
    ('*', 'component_id', 'component.id', 'the cycle that the object is in; null: in none'),
    ('*', 'name_id', 'string.id', 'its name; null: none was recorded'),
    ('*', 'name', NULL, 'its name'),
    ('*', 'type', NULL, 'name of its type'),
    ('*', 'n', 'objects', 'how many live objects'),
    ('*', 'shallow_size', 'bytes', 'the object itself, with every block that it alone owns and the runtime''s allocator gave it; where several objects are meant, their sum'),
    ('*', 'retained_size', 'bytes', 'what would be freed with it, exactly: its own shallow size and that of everything that only it keeps alive; of several objects, the topmost in the dominator tree are counted, so nothing is counted twice'),
    ('*', 'native_size', 'bytes', 'memory outside the managed heap that belongs to it, such as the items of an array; not part of the shallow size; where several objects are meant, their sum, with memory that they share counted once'),
    ('*', 'retained_native', 'bytes', 'native memory of everything that it retains; memory that several objects share counts once, where all of them are retained (see shared_buffer)'),
    ('*', 'retained_count', 'objects', 'how many objects it retains, itself included'),
    ('*', 'n_garbage', 'objects', 'how many unreachable objects'),
    ('*', 'garbage_size', 'bytes', 'shallow size of the unreachable ones'),
    ('*', 'rank', NULL, 'place by retained size, 1 is the largest'),
    ('*', 'kind', NULL, 'registered number of the kind; in views its name'),
    ('*', 'kind_id', NULL, 'registered number of the kind'),
    ('*', 'position', NULL, 'place among the references of its source, from 0'),
    ('*', 'key', NULL, 'what stands for a name where there is none: the index of an element that is not at its position, or the keyed 24-bit hash of a key that was not recorded'),
    ('*', 'source_id', 'object.id', 'the object that holds the reference'),
    ('*', 'target_id', 'object.id', 'the object referred to'),
    ('*', 'source_type', NULL, 'type of the object that holds the reference'),
    ('*', 'source_shallow', 'bytes', 'shallow size of the object that holds the reference'),
    ('*', 'source_retained', 'bytes', 'retained size of the object that holds the reference'),
    ('*', 'target_type', NULL, 'type of the object referred to'),
    ('*', 'target_shallow', 'bytes', 'shallow size of the object referred to'),
    ('*', 'target_retained', 'bytes', 'retained size of the object referred to'),
    ('*', 'address', NULL, 'the runtime''s identity of the object as a 64-bit pattern (signed)'),
    ('*', 'address_hex', NULL, 'the address as people write it'),
    ('*', 'dominator_id', 'object.id', 'the immediate dominator: the nearest object that all paths from the roots pass'),
    ('*', 'last_dominated', 'object.id', 'what it retains is `id BETWEEN id AND last_dominated`; its own id if nothing else'),
    ('*', 'distance', 'references', 'length of a shortest path from the roots, 1 at a root object; null in garbage'),
    ('*', 'parent_id', 'object.id', 'the object before it on a shortest path; the live root at a root object; null in garbage'),
    ('*', 'parent_position', NULL, 'which reference of the parent leads to it (ref.position)'),
    ('*', 'external_refs', 'references', 'counted references that no object, frame or table of the heap explains: held from outside, for example by C code; null where that cannot be known'),
    ('*', 'refcount', 'references', 'the runtime''s reference count'),
    ('*', 'generation', NULL, 'generation of the garbage collector'),
    ('*', 'flags', 'bits', 'see object_flag; of a type: 1 fixed size, 2 has finalizer, 4 has dict, 8 tracked, 16 may own memory that no size counts'),
    ('*', 'is_garbage', NULL, '1: unreachable, waits for the collector'),
    ('*', 'length', 'elements', 'elements in use'),
    ('*', 'capacity', 'elements', 'elements that there is room for'),
    ('*', 'depth', NULL, 'levels from the outside, 1 is the outermost; of a root''s frame 0 is the innermost'),
    ('*', 'function', NULL, 'name of the function'),
    ('*', 'file', NULL, 'file of the source code'),
    ('*', 'line', NULL, 'line in it'),
    ('*', 'language', NULL, 'language of the code'),
    ('*', 'thread', NULL, 'name of the thread'),
    ('*', 'value', NULL, 'the value'),
    ('*', 'path', NULL, 'the file'),
    ('*', 'module', NULL, 'module or package that defines it'),
    ('*', 'a_id', 'snapshot.id', 'the earlier snapshot'),
    ('*', 'b_id', 'snapshot.id', 'the later snapshot'),
    ('*', 'signature', NULL, 'the path of types and reference names from the root, list positions and data keys as *'),
    ('*', 'object_a_id', 'object.id', 'the owner in the earlier snapshot'),
    ('*', 'object_b_id', 'object.id', 'the owner in the later snapshot'),
    ('*', 'count_delta', 'objects', 'growth'),
    ('*', 'shallow_delta', 'bytes', 'growth'),
    ('*', 'native_delta', 'bytes', 'growth'),
    ('*', 'retained_delta', 'bytes', 'growth'),
    ('*', 'n_new', 'objects', 'objects of the later snapshot that were not there before'),
    ('*', 'n_gone', 'objects', 'objects of the earlier snapshot that are there no more'),
    ('*', 'new_type', NULL, 'type that most of the new bytes have'),
    ('*', 'monotonic_ns', 'nanoseconds', 'time by the monotonic clock of the host'),
    ('*', 'object_type', NULL, 'type of the object'),
    ('*', 'loader_id', 'object.id', 'its class loader'),
    ('*', 'instance_size', 'bytes', 'an instance without its variable part'),
    ('*', 'runtime_id', NULL, 'the runtime''s own number of the thread'),
    ('*', 'os_id', NULL, 'the kernel''s number of the thread'),
    ('*', 'runtime', NULL, 'runtime that the heap belongs to'),
    ('*', 'runtime_version', NULL, 'its version'),
    ('*', 'host', NULL, 'host name'),
    ('*', 'pid', NULL, 'process id in its own pid namespace'),
    ('*', 'service', NULL, 'label `service`'),
    ('*', 'version', NULL, 'label `version`'),
    ('*', 'complete', NULL, '1: every object and reference of the process is here; else nothing is called garbage or external'),
    ('*', 'n_objects', 'objects', 'all objects, live and garbage'),
    ('*', 'n_refs', 'references', 'all references'),
    ('*', 'n_roots', NULL, 'all roots'),
    ('*', 'n_live', 'objects', 'objects that the roots reach'),
    ('*', 'live_size', 'bytes', 'shallow size of all live objects'),
    ('*', 'n_blocks', 'blocks', 'native blocks; null: the capture has none'),
    ('*', 'block_size', 'bytes', 'of the native blocks'),
    ('*', 'n_allocated', 'allocations', 'allocations among the events'),
    ('*', 'allocated_size', 'bytes', 'of these allocations'),
    ('*', 'size', 'bytes', 'of the block; null: not recorded, as of a free'),
    ('*', 'domain', NULL, 'the allocator''s own number of where the block comes from'),
    ('*', 'owner', NULL, 'the runtime''s identity of the object that it belongs to (object.address)'),
    ('*', 'reason', NULL, 'who or what asked for the capture');

INSERT INTO doc (name, column, unit, meaning) VALUES
    ('snapshots', NULL, NULL, 'the snapshots of this database'),
    ('snapshots', 'captured_at', 'RFC 3339', 'when it was taken'),
    ('snapshots', 'rss', 'bytes', 'resident memory of the process'),
    ('objects', NULL, NULL, 'every object with its names; ask by id, or join a list to it'),
    ('objects', 'label', NULL, 'type with the object''s own name, or how its parent refers to it, or the name of its root'),
    ('refs', NULL, NULL, 'references of an object; ask by source_id'),
    ('refs', 'label', NULL, 'the reference as a step: .attribute, [index], [''key''], [#hash] for a key not recorded, <kind name>'),
    ('referrers', NULL, NULL, 'references to an object; ask by target_id'),
    ('referrers', 'label', NULL, 'the reference as a step, as in refs'),
    ('children', NULL, NULL, 'objects that an object dominates immediately, by dominator_id; the largest has the smallest id'),
    ('children', 'label', NULL, 'type and name'),
    ('top_objects', NULL, NULL, 'the 10,000 objects with the largest retained size; order by rank'),
    ('top_objects', 'label', NULL, 'type and name'),
    ('heavy_objects', NULL, NULL, 'the 10,000 live objects that retain most, native memory included; order by rank; none where the capture knows of no native memory: ask top_objects'),
    ('heavy_objects', 'label', NULL, 'type and name'),
    ('heavy_objects', 'rank', NULL, 'place by retained_whole, 1 is the largest'),
    ('heavy_objects', 'retained_whole', 'bytes', 'retained_size and retained_native together'),
    ('type_objects', NULL, NULL, 'the 10,000 largest objects of each type, by type_id; order by rank'),
    ('type_objects', 'label', NULL, 'type and name'),
    ('site_objects', NULL, NULL, 'the 10,000 largest objects of each allocation site, by stack_id; order by rank'),
    ('site_objects', 'label', NULL, 'type and name'),
    ('cycle_objects', NULL, NULL, 'the 10,000 largest objects of each cycle, by component_id; order by rank'),
    ('cycle_objects', 'label', NULL, 'type and name'),
    ('roots', NULL, NULL, 'what keeps the live objects alive from outside the heap; by object_id, or by kind'),
    ('types', NULL, NULL, 'types that have objects'),
    ('types', 'base', NULL, 'name of the base class'),
    ('types', 'object_id', 'object.id', 'the class object'),
    ('sites', NULL, NULL, 'allocation sites with what they allocated; the frames are in stack_frames'),
    ('native_sites', NULL, NULL, 'allocation sites of native code with what they allocated; the frames are in stack_frames'),
    ('native_sites', 'n_live', 'allocations', 'by the events, those that nothing freed until the last of them'),
    ('native_sites', 'live_size', 'bytes', 'of these allocations'),
    ('native_sites', 'module', NULL, 'path of the loaded file that the code is in'),
    ('blocks', NULL, NULL, 'memory that native code allocated and has not freed'),
    ('blocks', 'address_hex', NULL, 'address of the block as people write it'),
    ('blocks', 'address', NULL, 'address of the block (signed)'),
    ('blocks', 'owner_id', 'object.id', 'the object that it belongs to, where that is known'),
    ('events', NULL, NULL, 'allocations and frees, in the order in which they were recorded'),
    ('events', 'op', NULL, 'alloc or free'),
    ('events', 'address_hex', NULL, 'address of the block as people write it'),
    ('events', 'address', NULL, 'address of the block (signed)'),
    ('stack_frames', NULL, NULL, 'the frames of a stack, by stack_id; order by level'),
    ('stack_frames', 'level', NULL, '0 is the innermost'),
    ('stack_frames', 'module', NULL, 'path of the loaded file that the code is in'),
    ('packages', NULL, NULL, 'live objects by the module of their type, cut to `depth` parts of its name'),
    ('packages', 'depth', NULL, 'parts of the name: 1 `django`, 2 `django.db`, 3 `django.db.models`'),
    ('globals', NULL, NULL, 'global variables: attributes of modules, static fields, properties of JavaScript''s global object and variables of its scripts (`server.js:sessions`)'),
    ('shared_buffers', NULL, NULL, 'native memory that several objects share; in every sum it counts once'),
    ('shared_buffers', 'address_hex', NULL, 'address of the memory as people write it'),
    ('shared_buffers', 'address', NULL, 'address of the memory (signed)'),
    ('shared_buffers', 'n', 'objects', 'how many share it; shared_buffer_object has which'),
    ('shared_buffers', 'native_size', 'bytes', 'as much as the largest of them says'),
    ('shared_buffers', 'type', NULL, 'type of the object that it counts to'),
    ('shared_buffers', 'object_id', 'object.id', 'the object that it counts to in sums by type, site, package, cycle: the first live one, else the first'),
    ('shared_buffers', 'holder_id', 'object.id', 'the object, or virtual root, that retains it: nearest common dominator of those that share it'),
    ('cycles', NULL, NULL, 'strongly connected components: groups of objects that refer to each other'),
    ('cycles', 'n', 'objects', 'members'),
    ('cycles', 'retained_size', 'bytes', 'what goes when every reference into the cycle goes'),
    ('cycles', 'type', NULL, 'type of the first member'),
    ('cycles', 'object_id', 'object.id', 'the member with the smallest id'),
    ('class_paths', NULL, NULL, 'the dominator tree folded by type: what retains what'),
    ('class_paths', 'parent_id', 'class_path.id', 'the path above'),
    ('class_paths', 'n', 'objects', 'objects on exactly this path'),
    ('class_paths', 'retained_n', 'objects', 'objects on this path and below it'),
    ('class_paths', 'object_id', 'object.id', 'the largest object of the path'),
    ('class_paths', 'depth', NULL, 'steps from the virtual root'),
    ('root_summaries', NULL, NULL, 'roots by kind with what they hold'),
    ('root_summaries', 'n', 'roots', 'roots of this kind'),
    ('root_summaries', 'n_objects', 'objects', 'different objects that they hold'),
    ('hubs', NULL, NULL, 'the 1,000 objects that most references lead to'),
    ('hubs', 'n', 'references', 'references to it'),
    ('hubs', 'most_from', NULL, 'type that most of them come from'),
    ('hubs', 'n_most', 'references', 'how many come from that type'),
    ('threads', NULL, NULL, 'threads with their innermost frame'),
    ('threads', 'stack_id', 'stack.id', 'where the thread was when the snapshot was taken'),
    ('threads', 'object_id', 'object.id', 'the thread object'),
    ('owners', NULL, NULL, 'who owns the growth between two snapshots, one leak a line (snapdiff -o)'),
    ('path', NULL, NULL, 'a shortest path from the roots to an object, by object_id; order by step; at most 1000 steps'),
    ('path', 'step', NULL, '1 is the root object'),
    ('path', 'id', 'object.id', 'the object reached'),
    ('path', 'label', NULL, 'the root, or the reference into this step'),
    ('dominators', NULL, NULL, 'the dominators of an object, by object_id; order by level; at most 1000 levels'),
    ('dominators', 'level', NULL, '0 is the object itself'),
    ('dominators', 'id', 'object.id', 'the dominator');

INSERT INTO doc (name, column, unit, meaning) VALUES
    ('snapshot', NULL, NULL, 'one capture of one process'),
    ('snapshot', 'file_number', NULL, 'number of the snapshot in its file, from 1'),
    ('snapshot', 'captured_at', 'seconds since 1970', 'when it was taken'),
    ('snapshot', 'live_root_id', 'object.id', 'the virtual root of the live objects, which follow it'),
    ('snapshot', 'garbage_root_id', 'object.id', 'the virtual root of the garbage, which follows it'),
    ('snapshot', 'live_native', 'bytes', 'native memory of live objects'),
    ('snapshot', 'garbage_native', 'bytes', 'native memory of garbage'),
    ('snapshot', 'has_refs', NULL, '0: ref and referrer were left out'),
    ('snapshot', 'stable_ids', NULL, '1: an object keeps its address while it lives'),
    ('snapshot', 'size_model', NULL, 'how shallow sizes were found'),
    ('snapshot', 'process_start', 'clock ticks since boot', 'start of the process; with pid and boot_id its identity'),
    ('snapshot', 'boot_id', NULL, 'identity of the host''s boot'),
    ('snapshot', 'file_uuid', NULL, 'identity of the snapshot file'),
    ('snapshot', 'parent_uuid', NULL, 'the file that it was made from'),
    ('label', NULL, NULL, 'the user''s own names for the service'),
    ('label', 'key', NULL, 'which name'),
    ('metadata', NULL, NULL, 'facts about the process and the capture'),
    ('metadata', 'key', NULL, 'which fact'),
    ('counter', NULL, NULL, 'numbers measured about the process, such as rss'),
    ('sample', NULL, NULL, 'values of counters over time'),
    ('warning', NULL, NULL, 'what was damaged, missing or dropped when the snapshot was loaded'),
    ('warning', 'offset', 'bytes', 'place in the file'),
    ('warning', 'message', NULL, 'what was wrong'),
    ('memory_map', NULL, NULL, 'where the resident memory of the process is; in dumps without the counter rss, the managed heap and what its objects own; order by position'),
    ('memory_map', 'part', NULL, 'which part'),
    ('memory_map', 'bytes', 'bytes', 'how much'),
    ('memory_map', 'exact', NULL, '0: an estimate: a difference of counters taken at slightly different times, or what can be resident of memory of which not all is'),
    ('memory_map', 'position', NULL, 'order of the parts'),
    ('memory_map', 'part: live heap', 'bytes', 'live objects, by their shallow sizes'),
    ('memory_map', 'part: garbage', 'bytes', 'objects that nothing reaches and that wait for the collector'),
    ('memory_map', 'part: native memory of objects', 'bytes', 'buffers and the like that objects own outside of the heap, as far as the capture knows them'),
    ('memory_map', 'part: allocated, not in the heap', 'bytes', 'handed out by the allocators and part of no object: libraries in C and what they leak, the runtime itself, overhead of blocks'),
    ('memory_map', 'part: pymalloc, free but held', 'bytes', 'arenas of CPython''s small-object allocator without the blocks in use, as far as it can be resident: fragmentation, kept for new objects'),
    ('memory_map', 'part: malloc, free but held', 'bytes', 'freed by the program and kept by malloc for reuse, as far as it can be resident'),
    ('memory_map', 'part: mapped files', 'bytes', 'resident pages of programs, libraries and other files'),
    ('memory_map', 'part: shared memory', 'bytes', 'resident pages shared with other processes'),
    ('memory_map', 'part: thread stacks', 'bytes', 'resident pages of the threads'' stacks'),
    ('memory_map', 'part: rest', 'bytes', 'resident memory that no other part explains'),
    ('string', NULL, NULL, 'names'),
    ('string', 'text', NULL, 'the name'),
    ('module', NULL, NULL, 'loaded files'),
    ('module', 'build_id', NULL, 'build id in hexadecimal'),
    ('module', 'start_address', NULL, 'where it is loaded'),
    ('module', 'end_address', NULL, 'the address after it'),
    ('frame', NULL, NULL, 'places in the program'),
    ('frame', 'address', NULL, 'program counter of native code'),
    ('stack', NULL, NULL, 'stacks of calls as a tree: a frame on top of the caller''s stack'),
    ('stack', 'parent_id', 'stack.id', 'the caller; null: outermost'),
    ('type', NULL, NULL, 'one class object, or what the runtime has for one; comparisons merge by name'),
    ('type', 'base_id', 'type.id', 'the base class'),
    ('type', 'object_id', 'object.id', 'the class object'),
    ('thread', NULL, NULL, 'threads of the process'),
    ('thread', 'stack_id', 'stack.id', 'where the thread was'),
    ('thread', 'object_id', 'object.id', 'the thread object'),
    ('object', NULL, NULL, 'every object; two virtual roots a snapshot stand for what holds the live objects and the garbage'),
    ('detail', NULL, NULL, 'what only some objects have'),
    ('detail', 'bound', 'elements', 'declared maximum of elements, such as the maxsize of a cache'),
    ('detail', 'content_hash', NULL, 'keyed hash of the contents: equal contents have equal hashes, in files of one process'),
    ('detail', 'resource', NULL, 'which kind of resource: see resource_kind'),
    ('detail', 'state', NULL, 'its state: see resource_state'),
    ('detail', 'buffer', NULL, 'address of its native memory, which several objects may share'),
    ('detail', 'value', NULL, 'preview of its contents, only where it was asked for at capture'),
    ('shared_buffer', NULL, NULL, 'native memory that several objects share; in every sum it counts once'),
    ('shared_buffer', 'address', NULL, 'address of the memory (signed), as in detail.buffer'),
    ('shared_buffer', 'n', 'objects', 'how many share it'),
    ('shared_buffer', 'native_size', 'bytes', 'as much as the largest of them says'),
    ('shared_buffer', 'holder_id', 'object.id', 'the object, or virtual root, that retains it: nearest common dominator of those that share it (of the live ones, if any is)'),
    ('shared_buffer', 'object_id', 'object.id', 'the object that it counts to in sums by type, site, package, cycle: the first live one, else the first'),
    ('shared_buffer_object', NULL, NULL, 'the objects that share native memory'),
    ('shared_buffer_object', 'address', NULL, 'address of the memory (signed), as in detail.buffer'),
    ('block', NULL, NULL, 'memory that native code allocated and has not freed'),
    ('block', 'address', NULL, 'address of the block (signed)'),
    ('event', NULL, NULL, 'allocations and frees, in the order in which they were recorded'),
    ('event', 'address', NULL, 'address of the block (signed)'),
    ('event', 'op', 'event_op.id', 'what happened'),
    ('event_op', NULL, NULL, 'what an event is'),
    ('native_site', NULL, NULL, 'allocation sites of native code with what they allocated'),
    ('native_site', 'n_live', 'allocations', 'by the events, those that nothing freed until the last of them'),
    ('native_site', 'live_size', 'bytes', 'of these allocations'),
    ('ref', NULL, NULL, 'references, by source_id and position'),
    ('referrer', NULL, NULL, 'references backwards, by target_id'),
    ('root', NULL, NULL, 'what keeps the live objects alive; several rows an object, the most telling first'),
    ('root_list', NULL, NULL, 'the 10,000 roots of each kind whose objects retain most'),
    ('root_list', 'root_id', 'root.id', 'the root'),
    ('component', NULL, NULL, 'cycles: two members or more, or an object that refers to itself'),
    ('component', 'n', 'objects', 'members'),
    ('component', 'retained_size', 'bytes', 'what goes when every reference into the cycle goes'),
    ('component', 'object_id', 'object.id', 'the member with the smallest id'),
    ('child', NULL, NULL, 'the dominator tree downwards'),
    ('long_object', NULL, NULL, 'the 1,000 containers of most elements, more than 1,000 each'),
    ('heavy_object', NULL, NULL, 'the 10,000 live objects with the largest retained_size + retained_native; empty where the capture knows of no native memory'),
    ('heavy_object', 'rank', NULL, '1 retains most, native memory included'),
    ('sparse_object', NULL, NULL, 'the 1,000 containers with most unused room: capacity > 2 * length + 64'),
    ('resource_object', NULL, NULL, 'files, sockets and the like, the open ones first'),
    ('duplicate', NULL, NULL, 'contents that several live objects of one type hold: the 10,000 that waste most'),
    ('duplicate', 'rank', NULL, '1 wastes most'),
    ('duplicate', 'n', 'objects', 'how many hold these contents'),
    ('duplicate', 'length', 'elements', 'of the shortest of them'),
    ('duplicate', 'shallow_size', 'bytes', 'of all of them'),
    ('duplicate', 'wasted', 'bytes', 'of all of them but the largest: what sharing one would save'),
    ('duplicate', 'object_id', 'object.id', 'the first of them'),
    ('duplicate_type', NULL, NULL, 'all contents that several live objects hold, by type'),
    ('duplicate_type', 'n_contents', 'contents', 'different contents, each held at least twice'),
    ('duplicate_type', 'n', 'objects', 'how many hold them'),
    ('duplicate_type', 'wasted', 'bytes', 'what sharing one of each would save'),
    ('top_object', NULL, NULL, 'the 10,000 objects with the largest retained size'),
    ('type_object', NULL, NULL, 'the 10,000 largest objects of each type'),
    ('site_object', NULL, NULL, 'the 10,000 largest objects of each allocation site'),
    ('component_object', NULL, NULL, 'the 10,000 largest objects of each cycle'),
    ('address', NULL, NULL, 'objects by address; the object that contains x: address <= x ORDER BY address DESC LIMIT 1'),
    ('type_prefix', NULL, NULL, 'cumulative histogram: of the objects of a snapshot with id <= block * 32768, n have this type'),
    ('type_prefix', 'block', '32,768 ids', 'which block'),
    ('type_prefix', 'n', 'objects', 'how many, live and garbage'),
    ('site', NULL, NULL, 'allocation sites with what they allocated'),
    ('package', NULL, NULL, 'live objects by module of their type'),
    ('package', 'depth', NULL, 'parts of the name'),
    ('class_path', NULL, NULL, 'the dominator tree folded by type, without paths that retain less than 1/10,000'),
    ('class_path', 'parent_id', 'class_path.id', 'the path above'),
    ('class_path', 'n', 'objects', 'objects on exactly this path'),
    ('class_path', 'retained_n', 'objects', 'objects on this path and below it'),
    ('class_path', 'object_id', 'object.id', 'the largest object of the path'),
    ('class_path', 'depth', NULL, 'steps from the virtual root'),
    ('root_summary', NULL, NULL, 'roots by kind with what they hold'),
    ('root_summary', 'n', 'roots', 'roots of this kind'),
    ('root_summary', 'n_objects', 'objects', 'different objects that they hold'),
    ('global', NULL, NULL, 'global variables'),
    ('hub', NULL, NULL, 'the 1,000 objects that most references lead to, from 1,000 references on'),
    ('hub', 'n', 'references', 'references to it'),
    ('hub_type', NULL, NULL, 'types of the objects that refer to a hub, the 50 most frequent'),
    ('hub_type', 'n', 'references', 'references from objects of this type'),
    ('hub_type', 'rank', NULL, '1 is the most frequent'),
    ('growth', NULL, NULL, 'what grew between two snapshots, by type, site, package (snapdiff -o)'),
    ('growth', 'dimension', NULL, 'what is compared: type, site, package, root, memory; native: blocks by allocation site, their sizes as shallow sizes'),
    ('growth', 'n_a', 'objects', 'in the earlier snapshot'),
    ('growth', 'n_b', 'objects', 'in the later snapshot'),
    ('growth', 'shallow_a', 'bytes', 'in the earlier snapshot'),
    ('growth', 'shallow_b', 'bytes', 'in the later snapshot'),
    ('growth', 'retained_a', 'bytes', 'in the earlier snapshot'),
    ('growth', 'retained_b', 'bytes', 'in the later snapshot'),
    ('growth', 'shallow_new', 'bytes', 'shallow size of the new objects'),
    ('owner', NULL, NULL, 'who owns the growth between two snapshots (snapdiff -o)'),
    ('owner', 'rank', NULL, 'place by growth'),
    ('owners', 'rank', NULL, 'place by growth'),
    ('finding', NULL, NULL, 'what was found wrong, the most important first, with its evidence (snapleak -o)'),
    ('finding', 'rule', NULL, 'which rule found it'),
    ('finding', 'severity', NULL, 'note, warning or error'),
    ('finding', 'title', NULL, 'what the rule looks for'),
    ('finding', 'sentence', NULL, 'what was found'),
    ('finding', 'bytes', 'bytes', 'how much it is about'),
    ('finding', 'objects', 'objects', 'how many it is about'),
    ('finding', 'object_id', 'object.id', 'the object to look at first'),
    ('finding', 'path', NULL, 'how that object is reached, as people write it'),
    ('finding', 'type', NULL, 'the type of that object'),
    ('finding', 'cause', NULL, 'why it happens'),
    ('finding', 'remedy', NULL, 'what to do'),
    ('finding', 'evidence', NULL, 'a query that shows it, to be asked of the snapshot''s heap database'),
    ('finding', 'explained_by', 'finding.id', 'the one that says more of the same'),
    ('edge_kind', NULL, NULL, 'kinds of references'),
    ('edge_kind', 'holds', NULL, '0: keeps nothing alive (weak references)'),
    ('root_kind', NULL, NULL, 'kinds of roots'),
    ('type_kind', NULL, NULL, 'kinds of types'),
    ('language', NULL, NULL, 'languages of frames'),
    ('resource_kind', NULL, NULL, 'kinds of resources'),
    ('resource_state', NULL, NULL, 'states of resources'),
    ('object_flag', NULL, NULL, 'bits of object.flags'),
    ('object_flag', 'bit', NULL, 'the bit''s value'),
    ('doc', NULL, NULL, 'this documentation'),
    ('doc', 'name', NULL, 'table or view'),
    ('doc', 'column', NULL, 'null: the table or view itself'),
    ('doc', 'unit', NULL, 'unit of the numbers, or the table and column that ids refer to'),
    ('doc', 'meaning', NULL, 'what it is'),
    ('saved_query', NULL, NULL, 'questions that are often asked: snapsql FILE --saved NAME'),
    ('saved_query', 'description', NULL, 'what it answers, and its parameters'),
    ('saved_query', 'sql', NULL, 'the query; :snapshot is the last one where it has no value');

-- `:snapshot` without a value (null) is the last snapshot.
INSERT INTO saved_query (name, description, sql) VALUES
('top_objects', 'the 30 objects that retain most', '
SELECT id, label, shallow_size, retained_size, retained_count, address_hex
FROM top_objects
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND rank <= 30
ORDER BY rank'),
('heavy_objects', 'the 30 objects that retain most, native memory included, where the capture knows of any', '
SELECT id, label, retained_size, retained_native, retained_whole, retained_count, address_hex
FROM heavy_objects
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND rank <= 30
ORDER BY rank'),
('types_by_retained', 'types by retained size', '
SELECT name, module, n, shallow_size, retained_size
FROM types
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND n > 0
ORDER BY retained_size DESC, name LIMIT 50'),
('native_sites_by_size', 'native code by what it allocated and did not free', '
SELECT stack_id, function, file, line, module, n_blocks, block_size, n_live, live_size
FROM native_sites
WHERE snapshot_id IS NULL
   OR snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot))
ORDER BY max(block_size, live_size) DESC, id LIMIT 50'),
('types_by_shallow', 'types by shallow size: what the heap consists of', '
SELECT name, module, n, shallow_size, round(100.0 * shallow_size / (SELECT live_size FROM snapshot
       WHERE id = t.snapshot_id), 1) AS percent
FROM types t
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND n > 0
ORDER BY shallow_size DESC, name LIMIT 50'),
('objects_of_type', 'the largest objects of the type :type', '
SELECT o.rank, o.id, o.label, o.length, o.shallow_size, o.retained_size, o.address_hex
FROM type_objects o
WHERE o.type_id IN (SELECT id FROM type WHERE name = :type
                    AND snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)))
  AND o.rank <= 50
ORDER BY o.rank LIMIT 50'),
('globals_by_retained', 'global variables by retained size', '
SELECT g.module, g.name, g.type, g.length, g.retained_size, g.object_id
FROM globals g
WHERE g.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot))
ORDER BY g.retained_size DESC, g.id LIMIT 50'),
('packages_by_shallow', 'live objects by the package that defines their type', '
SELECT name, n, shallow_size, retained_size
FROM packages
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND depth = 1
ORDER BY shallow_size DESC LIMIT 50'),
('sites_by_shallow', 'allocation sites by what they allocated and is still alive', '
SELECT stack_id, function, file, line, n, shallow_size, retained_size
FROM sites
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot))
ORDER BY shallow_size DESC LIMIT 50'),
('cycles_by_retained', 'groups of objects that refer to each other, by retained size', '
SELECT id, type, n, shallow_size, retained_size, is_garbage, object_id
FROM cycles
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot))
ORDER BY retained_size DESC, id LIMIT 50'),
('cycle_members', 'the largest members of the cycle :cycle', '
SELECT rank, id, label, shallow_size, retained_size
FROM cycle_objects WHERE component_id = :cycle ORDER BY rank LIMIT 50'),
('held_from_c', 'objects that C code holds: more references are counted than the heap explains', '
SELECT o.id, o.label, o.external_refs, o.refcount, o.retained_size
FROM root_list x CROSS JOIN root r ON r.id = x.root_id CROSS JOIN objects o ON o.id = r.object_id
WHERE x.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND x.kind = 8
ORDER BY x.rank LIMIT 50'),
('roots_by_kind', 'what holds the live objects', '
SELECT kind, n, n_objects, shallow_size, retained_size
FROM root_summaries
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot))
ORDER BY retained_size DESC'),
('thread_locals', 'local variables of the threads by retained size', '
SELECT r.thread, r.function, r.file, r.line, r.name, r.type, r.retained_size, r.object_id
FROM root_list x CROSS JOIN roots r ON r.id = x.root_id
WHERE x.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND x.kind = 3
ORDER BY x.rank LIMIT 50'),
('thread_stacks', 'where every thread is', '
SELECT t.id AS thread_id, t.name, f.level, f.function, f.file, f.line
FROM thread t JOIN stack_frames f ON f.stack_id = t.stack_id
WHERE t.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot))
ORDER BY t.id, f.level'),
('duplicates', 'equal contents (strings, bytes) held several times, by the bytes that could be saved', '
SELECT (SELECT name FROM type WHERE id = d.type_id) AS type, d.length, d.n AS copies, d.wasted,
       d.object_id AS example_id
FROM duplicate d
WHERE d.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND d.rank <= 50
ORDER BY d.rank'),
('sparse_containers', 'containers with much more room than elements, by the elements of room', '
SELECT o.id, o.label, d.length, d.capacity, o.shallow_size
FROM sparse_object x CROSS JOIN objects o ON o.id = x.object_id
     CROSS JOIN detail d ON d.object_id = x.object_id
WHERE x.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND x.rank <= 50
ORDER BY x.rank'),
('long_containers', 'containers with most elements', '
SELECT o.id, o.label, d.length, d.bound, o.shallow_size, o.retained_size
FROM long_object x CROSS JOIN objects o ON o.id = x.object_id
     CROSS JOIN detail d ON d.object_id = x.object_id
WHERE x.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND x.rank <= 50
ORDER BY x.rank'),
('resources', 'files, sockets and the like, the open ones first', '
SELECT o.id, o.label, (SELECT name FROM resource_kind WHERE id = d.resource) AS resource,
       (SELECT name FROM resource_state WHERE id = d.state) AS state, o.is_garbage
FROM resource_object x CROSS JOIN objects o ON o.id = x.object_id
     CROSS JOIN detail d ON d.object_id = x.object_id
WHERE x.snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND x.rank <= 200
ORDER BY x.rank'),
('garbage', 'unreachable objects that wait for the collector, by type', '
SELECT name, module, n_garbage, garbage_size
FROM types
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND n_garbage > 0
ORDER BY garbage_size DESC, name LIMIT 50'),
('hubs', 'objects that most references lead to, and where from', '
SELECT object_id, type, n, most_from, n_most
FROM hubs
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot))
ORDER BY n DESC LIMIT 50'),
('class_tree', 'what retains what, by type: the largest paths of the dominator tree', '
SELECT id, parent_id, depth, type, n, retained_n, retained_size
FROM class_paths
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) AND depth > 0
ORDER BY retained_size DESC, id LIMIT 50'),
('memory', 'where the resident memory of the process is', '
SELECT part, bytes, exact FROM memory_map
WHERE snapshot_id = coalesce(:snapshot, (SELECT max(id) FROM snapshot)) ORDER BY position'),
('path', 'why the object :object is alive', '
SELECT step, id, label, type, retained_size FROM path WHERE object_id = :object ORDER BY step'),
('fields', 'what the object :object refers to', '
SELECT position, kind, label, target_id, target_type, target_shallow, target_retained
FROM refs WHERE source_id = :object ORDER BY position LIMIT 1000'),
('referrers', 'what refers to the object :object', '
SELECT source_id, source_type, label, source_retained
FROM referrers WHERE target_id = :object ORDER BY source_id, position LIMIT 1000'),
('retained', 'what the object :object retains immediately, the largest first', '
SELECT id, label, shallow_size, retained_size, retained_count
FROM children WHERE dominator_id = :object ORDER BY id LIMIT 100'),
('type_growth', 'types that grew between the snapshots :a and :b of this database', '
SELECT name, module, sum(iif(snapshot_id = :b, n, -n)) AS count_delta,
       sum(iif(snapshot_id = :b, shallow_size, -shallow_size)) AS shallow_delta
FROM type WHERE snapshot_id IN (:a, :b)
GROUP BY name, module HAVING shallow_delta > 0
ORDER BY shallow_delta DESC LIMIT 50'),
('warnings', 'what was damaged, missing or dropped when the snapshots were loaded', '
SELECT w.snapshot_id, w.offset, w.message FROM warning w ORDER BY w.id LIMIT 1000');

-- The shared explanations, for every column of a table or view that has none of its own.
INSERT OR IGNORE INTO doc (name, column, unit, meaning)
SELECT m.name, p.name, d.unit, d.meaning
FROM sqlite_schema m JOIN pragma_table_info(m.name) p JOIN doc d ON d.name = '*' AND d.column = p.name
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%'
ORDER BY m.type DESC, m.rowid, p.cid;
DELETE FROM doc WHERE name = '*';
