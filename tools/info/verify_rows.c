/* SPDX-License-Identifier: MIT */
/*
 * --verify: the rules of rows. Columns are looked at as arrays (one value a row, 0: none), so that
 * tens of millions of rows a second can be checked.
 */
#include "verify.h"

/* How a reference to something undefined is called. */
static enum verify_rule verify_undefined(unsigned target)
{
    switch (target) {
    case SNAP_KIND_STRING: return RULE_UNDEFINED_STRING;
    case SNAP_KIND_TYPE: return RULE_UNDEFINED_TYPE;
    case SNAP_KIND_FRAME: return RULE_UNDEFINED_FRAME;
    case SNAP_KIND_STACK: return RULE_UNDEFINED_STACK;
    case SNAP_KIND_THREAD: return RULE_UNDEFINED_THREAD;
    default: return RULE_UNDEFINED_MODULE;
    }
}

/* What lacks its definition is null, with a warning, where chunks are known to be lost; elsewhere
 * the file is wrong. */
static enum info_severity verify_lost(const struct verify *v)
{
    return v->recovered ? FINDING_WARNING : FINDING_ERROR;
}

/* A column of ids: each must be defined in an earlier chunk. */
static void verify_ids(struct verify *v, const snap_batch *b, unsigned column, unsigned target)
{
    const uint64_t *ids = snap_batch_u64(b, column);
    const struct ranges *defined = &v->defined[target];
    uint32_t rows = snap_batch_rows(b);
    uint64_t last = 0;
    if (!ids) return;
    for (uint32_t i = 0; i < rows; i++) {
        if (ids[i] == last || ids[i] == 0) continue;
        last = ids[i];
        /* the usual case: one range from 1 on */
        if (defined->n == 1 && ids[i] - defined->at[0].first <
                                   defined->at[0].end - defined->at[0].first)
            continue;
        if (!ranges_has(defined, ids[i]))
            verify_finding(v, verify_lost(v), verify_undefined(target), snap_batch_kind(b),
                           snap_batch_offset(b),
                           "%s rows name %s %llu, which is not defined before",
                           info_kind_name(snap_batch_kind(b)), info_kind_name(target),
                           (unsigned long long)ids[i]);
    }
}

/* A column that names an earlier row of the same kind: smaller than the row's own id. */
static void verify_tree(struct verify *v, const snap_batch *b, unsigned column)
{
    const uint64_t *ids = snap_batch_u64(b, column);
    unsigned kind = snap_batch_kind(b);
    uint64_t first = snap_batch_first(b);
    for (uint32_t i = 0; ids && i < snap_batch_rows(b); i++) {
        if (ids[i] == 0) continue;
        if (ids[i] >= first + i) {
            verify_finding(v, FINDING_ERROR, RULE_OWN_ID, kind, snap_batch_offset(b),
                           "%s %llu names %llu, which is not smaller", info_kind_name(kind),
                           (unsigned long long)(first + i), (unsigned long long)ids[i]);
        } else if (ids[i] < first && !ranges_has(&v->defined[kind], ids[i])) {
            verify_finding(v, verify_lost(v), verify_undefined(kind), kind, snap_batch_offset(b),
                           "%s rows name %s %llu, which is not defined", info_kind_name(kind),
                           info_kind_name(kind), (unsigned long long)ids[i]);
        }
    }
}

void verify_no_part(struct verify *v)
{
    if (!v->text.open) return;
    v->text.open = false;
    verify_finding(v, verify_lost(v), RULE_PARTS, SNAP_KIND_STRING, v->text.offset,
                   "string %llu lacks parts: %llu of %llu bytes are there",
                   (unsigned long long)v->text.id, (unsigned long long)v->text.bytes,
                   (unsigned long long)v->text.total);
}

/* A chunk with a part of a long string: the first one, or that which follows the one before. */
static void verify_part(struct verify *v, const snap_batch *b, uint64_t part)
{
    uint64_t id = snap_batch_first(b), offset = snap_batch_offset(b);
    const uint64_t *total = snap_batch_u64(b, SNAP_COL_STRING_TOTAL);
    size_t size = 0;
    bool follows = v->text.open && id == v->text.id && part == v->text.next;
    snap_batch_bytes(b, SNAP_COL_STRING_BYTES, 0, &size);
    if (!follows && (v->text.open || part > 0)) {
        if (!v->text.open)
            verify_finding(v, verify_lost(v), RULE_PARTS, SNAP_KIND_STRING, offset,
                           "part %llu of string %llu does not follow the part before it",
                           (unsigned long long)part, (unsigned long long)id);
        verify_no_part(v);
    }
    if (part == 0) {
        v->text.id = id;
        v->text.next = v->text.bytes = 0;
        v->text.total = total ? total[0] : 0;
        v->text.offset = offset;
        follows = true;
    }
    if (!follows) return;
    v->text.next++;
    v->text.bytes += size;
    v->text.open = v->text.bytes < v->text.total;
    if (v->text.bytes > v->text.total || (v->text.open && size != SNAP_MAX_STRING_PART))
        verify_finding(v, FINDING_ERROR, RULE_PARTS, SNAP_KIND_STRING, offset,
                       "part %llu of string %llu has %llu bytes, the string %llu",
                       (unsigned long long)part, (unsigned long long)id, (unsigned long long)size,
                       (unsigned long long)v->text.total);
}

/* Enters the ids of a chunk of definitions. Parts of one long string share an id. */
static void verify_define(struct verify *v, const snap_batch *b)
{
    unsigned kind = snap_batch_kind(b);
    struct ranges *r = &v->defined[kind];
    uint64_t first = snap_batch_first(b);
    const uint64_t *part = NULL;
    bool rises;
    if (kind == SNAP_KIND_STRING) part = snap_batch_u64(b, SNAP_COL_STRING_PART);
    if (part)
        verify_part(v, b, part[0]);
    else if (kind == SNAP_KIND_STRING)
        verify_no_part(v);
    if (part && part[0] > 0 && r->n && first == r->at[r->n - 1].end - 1) return;
    if (!ranges_add(r, first, snap_batch_rows(b), &rises)) v->failed = true;
    if (!rises || first == 0)
        verify_finding(v, FINDING_ERROR, RULE_ORDER, kind, snap_batch_offset(b),
                       "%s ids do not rise: a chunk begins with %llu", info_kind_name(kind),
                       (unsigned long long)first);
}

static void verify_objects(struct verify *v, const snap_batch *b)
{
    const uint64_t *ids = snap_batch_u64(b, SNAP_COL_OBJECT_ID);
    uint64_t offset = snap_batch_offset(b);
    bool rises;
    verify_ids(v, b, SNAP_COL_OBJECT_TYPE, SNAP_KIND_TYPE);
    verify_ids(v, b, SNAP_COL_OBJECT_STACK, SNAP_KIND_STACK);
    verify_ids(v, b, SNAP_COL_OBJECT_NAME, SNAP_KIND_STRING);
    if (!ranges_add(&v->objects, snap_batch_first(b), snap_batch_rows(b), &rises)) v->failed = true;
    if (!rises)
        verify_finding(v, FINDING_ERROR, RULE_ORDER, SNAP_KIND_OBJECT, offset,
                       "ordinals of objects do not rise: a chunk begins with %llu",
                       (unsigned long long)snap_batch_first(b));
    for (uint32_t i = 0; ids && i < snap_batch_rows(b); i++) {
        enum u64set_result result = u64set_add(&v->ids, ids[i]);
        if (result == U64SET_NO_MEMORY) {
            v->failed = true;
            return;
        }
        if (result == U64SET_KNOWN)
            verify_finding(v, FINDING_ERROR, RULE_DUPLICATE_ID, SNAP_KIND_OBJECT, offset,
                           "object id 0x%llx occurs twice in snapshot %u",
                           (unsigned long long)ids[i], (unsigned)v->snapshot);
    }
}

/* Ordinals of objects: those of earlier chunks are fine; others are looked at again when all
 * objects of the snapshot are known, or, where they must stand before, are wrong. */
static void verify_ordinals(struct verify *v, const snap_batch *b, unsigned column, bool before)
{
    const uint64_t *ordinals = snap_batch_u64(b, column);
    const struct ranges *r = &v->objects;
    uint64_t end = r->n == 1 && r->at[0].first == 0 ? r->at[0].end : 0;
    for (uint32_t i = 0; ordinals && i < snap_batch_rows(b); i++) {
        if (ordinals[i] < end || ranges_has(r, ordinals[i])) continue;
        if (!before) {
            v->recheck = true;
            return;
        }
        verify_finding(v, verify_lost(v), RULE_SOURCE, snap_batch_kind(b), snap_batch_offset(b),
                       "%s rows name object ordinal %llu, which does not stand before",
                       info_kind_name(snap_batch_kind(b)), (unsigned long long)ordinals[i]);
    }
}

/* Positions of the references of one source should rise. */
static void verify_positions(struct verify *v, const snap_batch *b)
{
    const uint64_t *source = snap_batch_u64(b, SNAP_COL_EDGE_SOURCE);
    const uint64_t *position = snap_batch_u64(b, SNAP_COL_EDGE_INDEX);
    for (uint32_t i = 1; source && position && i < snap_batch_rows(b); i++)
        if (source[i] == source[i - 1] && position[i] <= position[i - 1])
            verify_finding(v, FINDING_NOTE, RULE_POSITION, SNAP_KIND_EDGE, snap_batch_offset(b),
                           "positions of references do not rise in object ordinal %llu",
                           (unsigned long long)source[i]);
}

static void verify_edges(struct verify *v, const snap_batch *b)
{
    const uint64_t *target = snap_batch_u64(b, SNAP_COL_EDGE_TARGET);
    const uint64_t *ordinal = snap_batch_u64(b, SNAP_COL_EDGE_TARGET_ORDINAL);
    verify_ordinals(v, b, SNAP_COL_EDGE_SOURCE, true);
    verify_ordinals(v, b, SNAP_COL_EDGE_TARGET_ORDINAL, false);
    verify_ids(v, b, SNAP_COL_EDGE_NAME, SNAP_KIND_STRING);
    verify_positions(v, b);
    if (target) v->ids_needed = true;
    if ((target != NULL) == (ordinal != NULL))
        verify_finding(v, FINDING_ERROR, RULE_TARGET, SNAP_KIND_EDGE, snap_batch_offset(b),
                       "an edge chunk has %s of the columns for targets", target ? "both" : "none");
}

static void verify_roots(struct verify *v, const snap_batch *b)
{
    const uint64_t *object = snap_batch_u64(b, SNAP_COL_ROOT_OBJECT);
    const uint64_t *ordinal = snap_batch_u64(b, SNAP_COL_ROOT_OBJECT_ORDINAL);
    verify_ordinals(v, b, SNAP_COL_ROOT_OBJECT_ORDINAL, false);
    verify_ids(v, b, SNAP_COL_ROOT_NAME, SNAP_KIND_STRING);
    verify_ids(v, b, SNAP_COL_ROOT_THREAD, SNAP_KIND_THREAD);
    verify_ids(v, b, SNAP_COL_ROOT_FRAME, SNAP_KIND_FRAME);
    if (object) v->ids_needed = true;
    if ((object != NULL) == (ordinal != NULL))
        verify_finding(v, FINDING_ERROR, RULE_TARGET, SNAP_KIND_ROOT, snap_batch_offset(b),
                       "a root chunk has %s of the columns for objects", object ? "both" : "none");
}

/* Texts inside rows must be UTF-8. */
static void verify_text(struct verify *v, const snap_batch *b, unsigned column)
{
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        size_t n = 0;
        const char *s = snap_batch_bytes(b, column, i, &n);
        for (size_t at = 0; s && at < n;) {
            uint32_t c;
            at += text_decode(s + at, n - at, &c);
            if (c != TEXT_INVALID) continue;
            verify_finding(v, FINDING_ERROR, RULE_TEXT, snap_batch_kind(b), snap_batch_offset(b),
                           "%s rows hold text that is not UTF-8",
                           info_kind_name(snap_batch_kind(b)));
            break;
        }
    }
}

static void verify_values(struct verify *v, const snap_batch *b)
{
    verify_text(v, b, SNAP_COL_PAIR_VALUE);
    verify_ordinals(v, b, SNAP_COL_VALUE_OBJECT, false);
    if (!v->values)
        verify_finding(v, FINDING_ERROR, RULE_VALUES, SNAP_KIND_VALUE, snap_batch_offset(b),
                       "contents are recorded, but the metadata does not say values=yes");
}

void verify_rows(struct verify *v, const snap_batch *b)
{
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_METADATA:
    case SNAP_KIND_LABEL:
        verify_text(v, b, SNAP_COL_PAIR_KEY);
        verify_text(v, b, SNAP_COL_PAIR_VALUE);
        break;
    case SNAP_KIND_COUNTER:
    case SNAP_KIND_SAMPLE: verify_text(v, b, SNAP_COL_PAIR_KEY); break;
    case SNAP_KIND_STRING: verify_define(v, b); break;
    case SNAP_KIND_TYPE:
        verify_ids(v, b, SNAP_COL_TYPE_NAME, SNAP_KIND_STRING);
        verify_ids(v, b, SNAP_COL_TYPE_MODULE, SNAP_KIND_STRING);
        verify_tree(v, b, SNAP_COL_TYPE_BASE);
        verify_define(v, b);
        break;
    case SNAP_KIND_FRAME:
        verify_ids(v, b, SNAP_COL_FRAME_FUNCTION, SNAP_KIND_STRING);
        verify_ids(v, b, SNAP_COL_FRAME_FILE, SNAP_KIND_STRING);
        verify_ids(v, b, SNAP_COL_FRAME_MODULE, SNAP_KIND_MODULE);
        verify_define(v, b);
        break;
    case SNAP_KIND_STACK:
        verify_ids(v, b, SNAP_COL_STACK_FRAME, SNAP_KIND_FRAME);
        verify_tree(v, b, SNAP_COL_STACK_PARENT);
        verify_define(v, b);
        break;
    case SNAP_KIND_THREAD:
        verify_ids(v, b, SNAP_COL_THREAD_NAME, SNAP_KIND_STRING);
        verify_ids(v, b, SNAP_COL_THREAD_STACK, SNAP_KIND_STACK);
        verify_define(v, b);
        break;
    case SNAP_KIND_MODULE:
        verify_ids(v, b, SNAP_COL_MODULE_PATH, SNAP_KIND_STRING);
        verify_define(v, b);
        break;
    case SNAP_KIND_BEGIN: verify_text(v, b, SNAP_COL_BEGIN_REASON); break;
    case SNAP_KIND_OBJECT: verify_objects(v, b); break;
    case SNAP_KIND_EDGE: verify_edges(v, b); break;
    case SNAP_KIND_ROOT: verify_roots(v, b); break;
    case SNAP_KIND_BLOCK: verify_ids(v, b, SNAP_COL_BLOCK_STACK, SNAP_KIND_STACK); break;
    case SNAP_KIND_EVENT: verify_ids(v, b, SNAP_COL_EVENT_STACK, SNAP_KIND_STACK); break;
    case SNAP_KIND_VALUE: verify_values(v, b); break;
    default: break;
    }
}
