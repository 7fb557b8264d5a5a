/*
 * Documents of other systems (ONB04US01): a ZIP of a list and the files it names, each put with the consumer, account,
 * complaint or request it belongs to. A file is judged by its content as an upload is (S19), and by the rules of its
 * type; it is unpacked when it is judged and again when it is stored, one at a time.
 */
#include <stdio.h>
#include <string.h>

#include "app/core/import.h"
#include "app/core/pages.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"

enum { BYTES_MAX = 10 * 1024 * 1024, ROWS_OF_STEP = 50, WHY_MAX = 300 };

static const ImportColumn columns[] = {
    { "legacy_id",        IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, .example = "D-1001", .also = "document_id id",
      .guide = "The old system's number of the document" },
    { "record",           IMPORT_TEXT, IMPORT_REQUIRED, .values = "consumer account complaint service_request",
      .example = "consumer", .also = "entity belongs_to" },
    { "record_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, .example = "C-1001", .also = "record_id owner_id",
      .guide = "The old system's number of whom or what it belongs to" },
    { "file_name",        IMPORT_TEXT, IMPORT_REQUIRED, 200, .example = "scans/passport-1001.pdf",
      .also = "file path filename", .guide = "Its place in the ZIP: PDF, JPEG, PNG, HEIC or WebP of at most 10 MB" },
    { "document_type",    IMPORT_TEXT, IMPORT_UPPER, 20, .example = "", .also = "type",
      .guide = "Code of a type of document; its formats and size hold" },
    { "valid_to",         IMPORT_DATE, .example = "", .also = "expires_on expiry" },
    { "dated_at",         IMPORT_TIME, .example = "2025-11-03", .also = "created_at uploaded_on document_date",
      .guide = "When the old system got it; empty: now" },
    { 0 } };

static Id type_find(Ctx *c, const char *code) {
    return db_id(c, "select id from document_type where utility_id = ? and code = ? and active = 1", c->utility, code);
}

typedef struct Places { Id *record, *type; } Places;

/* The records of the rows: one statement for each kind. */
static Id *records_of(Ctx *c, const ImportSet *s) {
    static const char *const kinds[] = { "consumer", "account", "complaint", "service_request" };
    Id *to = take_n(c, Id, s->n + 1);
    const char **keys = take_n(c, const char *, s->n + 1);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t asked = 0;
        for (size_t i = 0; i < s->n; i++) {
            const char *kind = import_text(s, i, "record");
            keys[i] = kind && !strcmp(kind, kinds[k]) ? import_text(s, i, "record_legacy_id") : NULL;
            asked += keys[i] != NULL;
        }
        Id *of = asked ? import_links(c, kinds[k], keys, s->n) : NULL;
        for (size_t i = 0; of && i < s->n; i++)
            if (keys[i]) to[i] = of[i];
    }
    return to;
}

static NewDocument document_of(Ctx *c, const ImportSet *s, size_t i, const Places *p, const char **problem) {
    const char *path = import_text(s, i, "file_name"), *slash = strrchr(path, '/');
    return (NewDocument){ .file_name = slash ? slash + 1 : path, .type = p->type[i],
                          .fd = import_file_open(c, s, path, BYTES_MAX, problem), .uploaded_by_kind = "system",
                          .entity = import_text(s, i, "record"), .entity_id = p->record[i] };
}

/* What a file has wrong; what was unpacked for it is gone afterwards. */
static void file_check(Ctx *c, Faults *to, const ImportSet *s, size_t i, const Places *p) {
    char why[WHY_MAX] = "";
    const char *key = NULL;
    ArenaMark m = mark(c);
    NewDocument d = document_of(c, s, i, p, &key);
    const char *refused = key ? NULL : document_refused(c, &d);
    if (refused) snprintf(why, sizeof why, "%s", refused);
    rewind_to(c, m);
    if (key)
        fault_with(fault_add(to, i, strcmp(key, "import.no_file") ? FAULT_RULE : FAULT_UNKNOWN, "file_name", key),
                   "name", import_text(s, i, "file_name"));
    else if (*why)
        fault_with(fault_add(to, i, FAULT_RULE, "file_name", "import.row_wrong"), "problem", text_copy(c, why));
}

static Places places_of(Ctx *c, const ImportSet *s, Faults *to) {
    Places p = { records_of(c, s), import_codes(c, s, "document_type", type_find) };
    import_unknown(to, s, "record_legacy_id", p.record);
    import_unknown(to, s, "document_type", p.type);
    for (size_t i = 0; i < s->n; i++) {
        Time dated = import_time(c, s, i, "dated_at");
        if (time_is_set(dated) && dated.us > c->now.us) fault_add(to, i, FAULT_RULE, "dated_at", "import.future");
    }
    return p;
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    Places p = places_of(c, s, &to);
    for (size_t i = 0; i < s->n; i++)
        if (import_has(s, i, "file_name")) file_check(c, &to, s, i, &p);
    return to;
}

static Id store(Ctx *c, Faults *to, const ImportSet *s, size_t i, const Places *p) {
    const char *key = NULL;
    NewDocument d = document_of(c, s, i, p, &key);
    if (key) {
        fault_with(fault_add(to, i, FAULT_RULE, "file_name", key), "name", import_text(s, i, "file_name"));
        return (Id){ 0 };
    }
    Id id = document_store(c, &d);
    Time dated = import_time(c, s, i, "dated_at");
    db_run(c, "update document set valid_to = ?, created_at = ? where id = ?", import_date(s, i, "valid_to"),
           time_is_set(dated) ? dated : c->now, id);
    return id;
}

static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    Places p = places_of(c, s, &to);
    Audit *audits = take_n(c, Audit, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = fault_of_row(&to, i) ? (Id){ 0 } : store(c, &to, s, i, &p);
        if (ids[i].id)
            audits[n++] = (Audit){ .action = "create", .entity = "document", .id = ids[i],
                                   .number = import_text(s, i, "legacy_id"), .version = 1,
                                   .after = json_pairs(c, "record", import_text(s, i, "record"), "file_name",
                                                       import_text(s, i, "file_name"), NULL) };
    }
    audits_write(c, audits, n);
    return to;
}

/* The files are removed by core.documents, a day later. */
static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, 'Was checked or changed since.' as why from json_table(?, '$[*]' columns (row_no for "
        "ordinality, id bigint path '$')) j straight_join document d on d.id = j.id where d.row_version > 1 "
        "or d.checked_at is not null", json_ids(c, ids, n));
    import_keep_why(&l, why);
    db_run(c, "delete d " OF_CHUNK "document d on d.id = j.id", import_to_go(c, ids, n, why));
    import_note_gone(c, "document", ids, n, why);
}

/* Who keeps the people keeps their papers: rights of the CIS. */
const ImportEntity document_import = { .name = "document", .order = 11, .key = "cis.consumers", .columns = columns,
    .has_files = true, .chunk = ROWS_OF_STEP, .check = check, .create = bring, .insert_only = "import.only.document",
    .revert = revert };
