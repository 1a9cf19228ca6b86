/* SPDX-License-Identifier: MIT */
/*
 * The database of `-o`: the findings as tables, with their documentation and a question to begin
 * with. Columns of `finding` are those of a heap database (format/schema.sql); ids of objects and
 * queries are for the database of the snapshot itself (snapload), which this one is not.
 */
#include "leak/finding.h"
#include "report/result.h"

static const char SCHEMA[] =
    "PRAGMA application_id = 0x736e6c6b;" /* "snlk" */
    "PRAGMA user_version = 1;"
    "CREATE TABLE snapshot ("
    " id INTEGER PRIMARY KEY, role TEXT NOT NULL, path TEXT, snapshot_id INTEGER NOT NULL,"
    " runtime TEXT, captured_at REAL, host TEXT, pid INTEGER, service TEXT, version TEXT,"
    " complete INTEGER NOT NULL, n_objects INTEGER NOT NULL, live_size INTEGER NOT NULL,"
    " garbage_size INTEGER NOT NULL) STRICT;"
    "CREATE TABLE finding ("
    " id INTEGER PRIMARY KEY, snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),"
    " rule TEXT NOT NULL REFERENCES rule (name),"
    " severity TEXT NOT NULL CHECK (severity IN ('note', 'warning', 'error')),"
    " title TEXT NOT NULL, sentence TEXT, bytes INTEGER, objects INTEGER, object_id INTEGER,"
    " path TEXT, type TEXT, cause TEXT, remedy TEXT, evidence TEXT,"
    " explained_by INTEGER REFERENCES finding (id)) STRICT;"
    "CREATE TABLE rule ("
    " name TEXT PRIMARY KEY, title TEXT NOT NULL, findings INTEGER NOT NULL,"
    " not_looked TEXT, limits TEXT) STRICT;"
    "CREATE VIEW findings AS SELECT severity, rule, sentence, path, bytes, remedy FROM finding"
    " WHERE explained_by IS NULL ORDER BY id;"
    "CREATE TABLE doc (name TEXT NOT NULL, column TEXT, unit TEXT, meaning TEXT NOT NULL) STRICT;"
    "INSERT INTO doc VALUES"
    " ('snapshot', NULL, NULL, 'what was looked at, and what it was compared with'),"
    " ('snapshot', 'role', NULL, 'file: findings are about it; base: the earlier one'),"
    " ('snapshot', 'path', NULL, 'as it was named'),"
    " ('snapshot', 'snapshot_id', 'snapshot.id', 'its number in the heap database'),"
    " ('snapshot', 'captured_at', 'seconds', 'since 1970'),"
    " ('snapshot', 'live_size', 'bytes', 'of all live objects'),"
    " ('snapshot', 'garbage_size', 'bytes', 'of all objects that nothing reaches'),"
    " ('finding', NULL, NULL, 'what was found, the most important first by id'),"
    " ('finding', 'title', NULL, 'what the rule looks for'),"
    " ('finding', 'sentence', NULL, 'what was found'),"
    " ('finding', 'bytes', 'bytes', 'how much it is about'),"
    " ('finding', 'objects', 'objects', 'how many it is about'),"
    " ('finding', 'object_id', 'object.id', 'the object to look at, in the heap database'),"
    " ('finding', 'path', NULL, 'how that object is reached'),"
    " ('finding', 'cause', NULL, 'why it happens'),"
    " ('finding', 'remedy', NULL, 'what to do'),"
    " ('finding', 'evidence', NULL, 'a query that shows it, for snapsql on the snapshot'),"
    " ('finding', 'explained_by', 'finding.id', 'the one that says more of the same'),"
    " ('rule', NULL, NULL, 'all rules that were asked for'),"
    " ('rule', 'findings', NULL, 'how many it has, those left out of finding included'),"
    " ('rule', 'not_looked', NULL, 'why it could not look; null: it did'),"
    " ('rule', 'limits', NULL, 'what its evidence does not tell'),"
    " ('findings', NULL, NULL, 'findings that no other explains'),"
    " ('saved_query', NULL, NULL, 'questions to begin with');"
    "CREATE TABLE saved_query (name TEXT PRIMARY KEY, description TEXT NOT NULL,"
    " sql TEXT NOT NULL) STRICT;"
    "INSERT INTO saved_query VALUES"
    " ('serious', 'what is more than a note', 'SELECT rule, sentence, path, remedy FROM findings"
    " WHERE severity <> ''note'''),"
    " ('by_rule', 'how much each rule found', 'SELECT r.name, r.findings, max(f.bytes) AS largest"
    " FROM rule r LEFT JOIN finding f ON f.rule = r.name GROUP BY r.name"
    " ORDER BY min(f.id) NULLS LAST, r.name'),"
    " ('not_looked', 'what was not looked for, and why', 'SELECT name, not_looked FROM rule"
    " WHERE not_looked IS NOT NULL ORDER BY name');";

static void write_snapshot(struct result *to, sqlite3_stmt *q, int64_t id, const char *role,
                           const struct subject *s)
{
    result_int(q, 1, true, id);
    result_text(q, 2, role);
    result_snapshot(q, 3, s->db->path, s->snapshot);
    result_insert(to, q);
}

/* A count of the engine as a column: SQLite's integers end at 2^63 - 1. */
static void put_count(sqlite3_stmt *q, int at, bool known, uint64_t n)
{
    result_int(q, at, known, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void write_finding(struct result *to, sqlite3_stmt *q, const struct rule *rule,
                          const struct finding *f)
{
    put_count(q, 1, true, f->number);
    result_text(q, 2, rule->name);
    result_text(q, 3, severity_words[f->severity]);
    result_text(q, 4, rule->title);
    result_text(q, 5, f->sentence);
    put_count(q, 6, f->has_bytes, f->bytes);
    put_count(q, 7, f->has_objects, f->objects);
    result_int(q, 8, f->object_id != 0, f->object_id);
    result_text(q, 9, f->path && *f->path ? f->path : NULL);
    result_text(q, 10, f->object_id ? f->type : NULL);
    result_text(q, 11, rule->cause);
    result_text(q, 12, rule->remedy);
    result_text(q, 13, f->evidence);
    put_count(q, 14, f->explained_by != 0, f->explained_by);
    result_insert(to, q);
}

static void write_rule(struct result *to, sqlite3_stmt *q, const struct rule_findings *r)
{
    result_text(q, 1, r->rule.name);
    result_text(q, 2, r->rule.title);
    put_count(q, 3, true, r->n + r->more + r->more_folded);
    result_text(q, 4, r->skipped);
    result_text(q, 5, r->rule.limits);
    result_insert(to, q);
}

int findings_store(const struct findings *f, const struct subject *subject,
                   const struct subject *base, struct output *out)
{
    struct result to;
    int status = result_begin(&to, out, SCHEMA);
    if (status) return status;
    sqlite3_stmt *snapshot =
        result_prepare(&to, "INSERT INTO snapshot VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    sqlite3_stmt *finding =
        result_prepare(&to, "INSERT INTO finding VALUES (?,1,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    sqlite3_stmt *rule = result_prepare(&to, "INSERT INTO rule VALUES (?,?,?,?,?)");
    write_snapshot(&to, snapshot, 1, "file", subject);
    if (base) write_snapshot(&to, snapshot, 2, "base", base);
    for (size_t i = 0; i < f->n; i++) {
        write_rule(&to, rule, &f->rules[i]);
        for (size_t k = 0; k < f->rules[i].n; k++)
            write_finding(&to, finding, &f->rules[i].rule, &f->rules[i].at[k]);
    }
    sqlite3_finalize(snapshot);
    sqlite3_finalize(finding);
    sqlite3_finalize(rule);
    return result_end(&to);
}
