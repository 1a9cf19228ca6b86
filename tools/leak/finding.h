/* SPDX-License-Identifier: MIT */
/*
 * What the rules found in one snapshot: finding by finding, and which rules had nothing to look
 * at.
 *
 * Rules run one after the other on the subject's database (rule.h says what they give). What
 * several rules say of one leak is folded into the finding that says most of it (fold.h). Of each
 * rule the most important findings are kept, the others counted. Findings are in the order of their
 * rules' worst finding, errors first, then by bytes.
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE. Texts are hostile and not yet
 * escaped. One thread a database. Cost: that of the rules; tests/bench/README.md has figures.
 */
#ifndef SNAP_TOOLS_LEAK_FINDING_H
#define SNAP_TOOLS_LEAK_FINDING_H

#include "leak/rule.h"
#include "report/subject.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
extern const char *const severity_words[];

struct finding {
    enum severity severity;
    char *sentence;
    char *path;        /* of the object; NULL: none */
    char *type;        /* of the object; NULL: none */
    char *evidence;    /* a query; NULL: none */
    int64_t object_id; /* 0: none */
    int64_t last_dominated, type_id; /* of the object */
    uint64_t bytes, objects;
    bool has_bytes, has_objects;
    bool is_garbage;       /* the object */
    uint64_t number;       /* in the order of `rules`, from 1 */
    uint64_t explained_by; /* number of the finding that says more of the same; 0: none does */
};

/* What one rule found. */
struct rule_findings {
    struct rule rule;
    enum severity severity; /* the worst of its own: those that no other explains */
    uint64_t bytes;         /* the most of one with that severity */
    struct finding *at;     /* the most important first */
    size_t n, n_own, room;
    uint64_t more;          /* findings of its own that are not kept */
    uint64_t more_folded;   /* of others */
    const char *skipped;    /* why the rule did not look; NULL: it did */
};

struct findings {
    struct rule_findings *rules; /* with findings of their own first, in order; then without; then
                                    skipped */
    size_t n;
    uint64_t count[3];           /* by severity, those not kept included, those explained by
                                    others not */
};

struct findings_options {
    const char *const *only; /* names of rules, n_only of them; 0: all */
    size_t n_only;
    size_t keep;             /* findings of its own kept of each rule */
    uint64_t floor;          /* bytes; 0: 1 % of the live heap, at least 64 KiB */
    const struct diff_report *made; /* the comparison with `base`, all lines of it, if it was made
                                       already; NULL: it is made when a rule asks */
};

/** Runs the rules. `base` is the earlier snapshot or NULL, and is not looked at where one of the two
 *  is incomplete. On failure *out owns nothing. */
int findings_run(struct subject *subject, struct subject *base,
                 const struct findings_options *options, struct findings *out);
void findings_free(struct findings *f);
void finding_free(struct finding *f);

/** Prints for people. `file` is what the queries are to be asked of. 0, or STATUS_UNUSABLE. */
int findings_print(const struct findings *f, const char *file, bool queries);

/** Adds members to the open JSON object. */
void findings_json(const struct findings *f, struct json *j);

/** Writes the database of `-o`: what findings_json says, as tables. Publishes or discards `out`,
 *  which was opened with OUTPUT_REGULAR. */
struct output;
int findings_store(const struct findings *f, const struct subject *subject,
                   const struct subject *base, struct output *out);

#endif
