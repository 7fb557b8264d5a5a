/*
 * Open complaints and requests of other systems as rows of ours (ONB04US01). Nobody is told of them and nothing begins
 * to run: they stand here as they stood there, under a number of ours with the old one beside it. They stay when a
 * utility goes live (purge.c).
 */
#include <string.h>

#include "app/cis/pages.h"
#include "app/core/core.h"
#include "app/core/import.h"
#include "lib/card.h"
#include "lib/date.h"
#include "lib/db.h"

enum { WORDS_MIN = 10 };        /* of a complaint, as at a desk */

#define PRIORITIES "normal low high critical emergency"
#define CHANNELS   "counter call portal email social field letter"

static const ImportColumn complaint_columns[] = {
    { "legacy_id",         IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, .example = "CP-311",
      .also = "complaint_id complaint_no case_id id" },
    { "account_legacy_id", IMPORT_TEXT, 0, 80, .refers = "account", .refers_words = "accounts", .example = "A-1001",
      .also = "account_id", .guide = "Empty for people without an account: then with a phone" },
    { "contact_name",      IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 120, .example = "" },
    { "contact_phone",     IMPORT_PHONE, .flags = IMPORT_CHANGES, .example = "", .also = "phone telephone" },
    { "complaint_type",    IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 20, .example = "LEAK", .also = "type category",
      .guide = "Code of a type of complaint" },
    { "status",            IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_LIVES,
      .values = "pending in_progress on_hold resolved closed rejected cancelled", .example = "pending",
      .also = "state", .guide = "Who works on it is assigned here" },
    { "priority",          IMPORT_TEXT, .flags = IMPORT_CHANGES, .values = PRIORITIES, .example = "high",
      .guide = "Empty: that of the type" },
    { "channel",           IMPORT_TEXT, .values = CHANNELS, .example = "call", .also = "source" },
    { "subject",           IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 120, .example = "Water at the meter",
      .also = "title" },
    { "description",       IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 4000,
      .example = "Water comes out beside the meter box.",
      .also = "details text" },
    { "opened_at",         IMPORT_TIME, IMPORT_REQUIRED, .example = "2026-03-28 09:15",
      .also = "created_at received_at opened_on" },
    { "resolved_at",       IMPORT_TIME, .flags = IMPORT_LIVES, .example = "", .guide = "Of resolved and closed ones" },
    { "closed_at",         IMPORT_TIME, .flags = IMPORT_LIVES, .example = "" },
    { "resolution",        IMPORT_TEXT, .flags = IMPORT_LIVES, .max = 2000, .example = "",
      .also = "resolution_text outcome" },
    { 0 } };

static const ImportColumn request_columns[] = {
    { "legacy_id",         IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, .example = "SR-87",
      .also = "request_id request_no case_id id" },
    { "account_legacy_id", IMPORT_TEXT, 0, 80, .refers = "account", .refers_words = "accounts", .example = "A-1001",
      .also = "account_id", .guide = "Empty for people without an account: then with a phone" },
    { "contact_name",      IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 120, .example = "" },
    { "contact_phone",     IMPORT_PHONE, .flags = IMPORT_CHANGES, .example = "", .also = "phone telephone" },
    { "service_type",      IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 20, .example = "BL-COPY-001", .also = "type",
      .guide = "Code of a type of service" },
    { "status",            IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_LIVES,
      .values = "pending_approval awaiting_payment in_progress on_hold completed rejected cancelled",
      .example = "in_progress", .also = "state" },
    { "priority",          IMPORT_TEXT, .flags = IMPORT_CHANGES, .values = PRIORITIES, .example = "",
      .guide = "Empty: that of the type" },
    { "channel",           IMPORT_TEXT, .values = CHANNELS, .example = "counter", .also = "source" },
    { "preferred_date",    IMPORT_DATE, .flags = IMPORT_CHANGES, .example = "" },
    { "instructions",      IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 1000, .example = "",
      .also = "description details text" },
    { "opened_at",         IMPORT_TIME, IMPORT_REQUIRED, .example = "2026-03-28 09:15",
      .also = "created_at received_at opened_on" },
    { "completed_at",      IMPORT_TIME, .flags = IMPORT_LIVES, .example = "", .also = "closed_at",
      .guide = "Of completed ones" },
    { 0 } };

static Id complaint_type_find(Ctx *c, const char *code) {
    return db_id(c, "select id from complaint_type where utility_id = ? and code = ?", c->utility, code);
}

static Id service_type_find(Ctx *c, const char *code) {
    return db_id(c, "select id from service_type where utility_id = ? and code = ?", c->utility, code);
}

static bool is_one_of(const char *v, const char *a, const char *b) {
    return v && (!strcmp(v, a) || (b && !strcmp(v, b)));
}

/* Begun in the past, ended after that and not in the future; whose it is; no card's number in words. */
static void case_rules(Ctx *c, Faults *to, const ImportSet *s, size_t i, const char *end, const char *words) {
    Time opened = import_time(c, s, i, "opened_at"), ended = import_time(c, s, i, end);
    if (!import_has(s, i, "account_legacy_id") && !import_has(s, i, "contact_phone"))
        fault_add(to, i, FAULT_REQUIRED, "account_legacy_id", "import.case_whose");
    if (time_is_set(opened) && opened.us > c->now.us) fault_add(to, i, FAULT_RULE, "opened_at", "import.future");
    if (time_is_set(ended) && ended.us > c->now.us) fault_add(to, i, FAULT_RULE, end, "import.future");
    if (time_is_set(opened) && time_is_set(ended) && ended.us < opened.us)
        fault_add(to, i, FAULT_RULE, end, "import.case_order");
    size_t start, length;
    const char *said = import_text(s, i, words);
    if (said && card_number_find(said, &start, &length)) fault_add(to, i, FAULT_RULE, words, "import.case_card");
}

typedef struct Cases { Id *account, *type; } Cases;

static Cases cases_of(Ctx *c, const ImportSet *s, const char *column, Id (*find)(Ctx *, const char *), Faults *to) {
    Cases k = { import_refs(c, s, "account_legacy_id"), import_codes(c, s, column, find) };
    import_unknown(to, s, "account_legacy_id", k.account);
    import_unknown(to, s, column, k.type);
    return k;
}

/* --- complaints --------------------------------------------------------------------------------------------------- */

static Cases complaints_of(Ctx *c, const ImportSet *s, Faults *to) {
    Cases k = cases_of(c, s, "complaint_type", complaint_type_find, to);
    for (size_t i = 0; i < s->n; i++) {
        case_rules(c, to, s, i, "resolved_at", "description");
        const char *words = import_text(s, i, "description");
        Time resolved = import_time(c, s, i, "resolved_at"), closed = import_time(c, s, i, "closed_at");
        if (words && strlen(words) < WORDS_MIN) fault_add(to, i, FAULT_RULE, "description", "import.case_short");
        if (is_one_of(import_text(s, i, "status"), "resolved", "closed") && !time_is_set(resolved))
            fault_add(to, i, FAULT_REQUIRED, "resolved_at", "import.case_ended");
        if (time_is_set(closed) && time_is_set(resolved) && closed.us < resolved.us)
            fault_add(to, i, FAULT_RULE, "closed_at", "import.case_order");
    }
    return k;
}

static Faults complaint_check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    complaints_of(c, s, &to);
    return to;
}

static Faults complaint_bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    Cases k = complaints_of(c, s, &to);
    const char *const *no = import_numbers(c, "complaint", &to, s->n);
    Audit *audits = take_n(c, Audit, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        const char *status = import_text(s, i, "status");
        Time resolved = import_time(c, s, i, "resolved_at"), closed = import_time(c, s, i, "closed_at");
        if (!strcmp(status, "closed") && !time_is_set(closed)) closed = resolved;
        ids[i] = db_insert(
            c,
            "insert into complaint (utility_id, complaint_no, legacy_no, import_batch_id, consumer_id, account_id, "
            "premise_id, contact_name, contact_phone, complaint_type_id, priority, channel, subject, description, "
            "status, team_id, resolution_text, resolved_at, closed_at, created_at, created_by) "
            "select ?,?,?,?, a.consumer_id, a.id, a.premise_id, ?,?, t.id, coalesce(?, t.default_priority), "
            "coalesce(?, 'counter'), ?,?,?, t.team_id, ?,?,?,?,? from complaint_type t left join account a on a.id = ? "
            "where t.id = ?",
            c->utility, no[n], import_text(s, i, "legacy_id"), s->batch, import_text(s, i, "contact_name"),
            import_text(s, i, "contact_phone"), import_text(s, i, "priority"), import_text(s, i, "channel"),
            import_text(s, i, "subject"), import_text(s, i, "description"), status, import_text(s, i, "resolution"),
            resolved, closed, import_time(c, s, i, "opened_at"), c->user, k.account[i], k.type[i]);
        audits[n] = import_made(c, s, i, "complaint", ids[i], no[n]);
        n++;
    }
    audits_write(c, audits, n);
    return to;
}

static ImportTheres complaint_there(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, p.row_version as version, p.complaint_no as number, if(p.status in "
        "('resolved', 'closed', 'rejected', 'merged', 'cancelled'), 'import.case_over', null) as refusal, "
        "json_object('account_legacy_id', a.legacy_no, 'contact_name', p.contact_name, 'contact_phone', "
        "p.contact_phone, 'complaint_type', t.code, 'status', p.status, 'priority', p.priority, 'channel', p.channel, "
        "'subject', p.subject, 'description', p.description, 'opened_at', timestampdiff(microsecond, '1970-01-01', "
        "p.created_at), 'resolved_at', timestampdiff(microsecond, '1970-01-01', p.resolved_at), 'closed_at', "
        "timestampdiff(microsecond, '1970-01-01', p.closed_at), 'resolution', p.resolution_text) as cells from "
        IMPORT_IDS "complaint p on p.id = j.id join complaint_type t on t.id = p.complaint_type_id left join account a "
        "on a.id = p.account_id", json_ids(c, ids, n));
}

static Faults complaint_judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    (void)r;
    return complaint_check(c, s);
}

static int64_t complaint_change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    DbBulk *b = db_bulk(c, "update complaint set contact_name = ?, contact_phone = ?, priority = ?, subject = ?, "
                           "description = ?, updated_at = ?, updated_by = ?, row_version = row_version + 1 "
                           "where id = ? and row_version = ?");
    for (size_t i = 0; i < s->n; i++)
        db_bulk_add(b, import_text(s, i, "contact_name"), import_text(s, i, "contact_phone"),
                    import_text(s, i, "priority"), import_text(s, i, "subject"), import_text(s, i, "description"),
                    c->now, c->user, r->id[i], r->version[i]);
    return db_bulk_end(b);
}

static void complaint_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, 'Was worked on since.' as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j where exists (select 1 from case_message m where m.entity = 'complaint' "
        "and m.entity_id = j.id)", all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, p.row_version as version from " IMPORT_IDS "complaint p on p.id = j.id "
        "where p.row_version > 1", all);
    import_keep_edited(c, "complaint", &edited, "Was worked on since.", why);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join complaint x on "
              "x.id=j.id", import_to_go(c, ids, n, why));
    import_note_gone(c, "complaint", ids, n, why);
}

/* --- service requests --------------------------------------------------------------------------------------------- */

static Cases requests_of(Ctx *c, const ImportSet *s, Faults *to) {
    Cases k = cases_of(c, s, "service_type", service_type_find, to);
    for (size_t i = 0; i < s->n; i++) {
        case_rules(c, to, s, i, "completed_at", "instructions");
        if (is_one_of(import_text(s, i, "status"), "completed", NULL) && !import_has(s, i, "completed_at"))
            fault_add(to, i, FAULT_REQUIRED, "completed_at", "import.case_ended");
    }
    return k;
}

static Faults request_check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    requests_of(c, s, &to);
    return to;
}

static Faults request_bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    Cases k = requests_of(c, s, &to);
    const char *const *no = import_numbers(c, "service_request", &to, s->n);
    Audit *audits = take_n(c, Audit, s->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        ids[i] = db_insert(
            c,
            "insert into service_request (utility_id, request_no, legacy_no, import_batch_id, consumer_id, account_id, "
            "contact_name, contact_phone, service_type_id, status, priority, channel, preferred_date, instructions, "
            "completed_at, created_at, created_by) "
            "select ?,?,?,?, a.consumer_id, a.id, ?,?, t.id, ?, coalesce(?, t.priority), coalesce(?, 'counter'), "
            "?,?,?,?,? from service_type t left join account a on a.id = ? where t.id = ?",
            c->utility, no[n], import_text(s, i, "legacy_id"), s->batch, import_text(s, i, "contact_name"),
            import_text(s, i, "contact_phone"), import_text(s, i, "status"), import_text(s, i, "priority"),
            import_text(s, i, "channel"), import_date(s, i, "preferred_date"), import_text(s, i, "instructions"),
            import_time(c, s, i, "completed_at"), import_time(c, s, i, "opened_at"), c->user, k.account[i], k.type[i]);
        audits[n] = import_made(c, s, i, "service_request", ids[i], no[n]);
        n++;
    }
    audits_write(c, audits, n);
    return to;
}

static ImportTheres request_there(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, q.row_version as version, q.request_no as number, if(q.status in "
        "('completed', 'rejected', 'cancelled'), 'import.case_over', null) as refusal, json_object("
        "'account_legacy_id', a.legacy_no, 'contact_name', q.contact_name, 'contact_phone', q.contact_phone, "
        "'service_type', t.code, 'status', q.status, 'priority', q.priority, 'channel', q.channel, 'preferred_date', "
        "q.preferred_date, 'instructions', q.instructions, 'opened_at', timestampdiff(microsecond, '1970-01-01', "
        "q.created_at), 'completed_at', timestampdiff(microsecond, '1970-01-01', q.completed_at)) as cells from "
        IMPORT_IDS "service_request q on q.id = j.id join service_type t on t.id = q.service_type_id left join "
        "account a on a.id = q.account_id", json_ids(c, ids, n));
}

static Faults request_judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    (void)r;
    return request_check(c, s);
}

static int64_t request_change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    DbBulk *b = db_bulk(c, "update service_request set contact_name = ?, contact_phone = ?, priority = ?, "
                           "preferred_date = ?, instructions = ?, updated_at = ?, updated_by = ?, row_version = "
                           "row_version + 1 where id = ? and row_version = ?");
    for (size_t i = 0; i < s->n; i++)
        db_bulk_add(b, import_text(s, i, "contact_name"), import_text(s, i, "contact_phone"),
                    import_text(s, i, "priority"), import_date(s, i, "preferred_date"),
                    import_text(s, i, "instructions"), c->now, c->user, r->id[i], r->version[i]);
    return db_bulk_end(b);
}

static void request_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, 'Was worked on since.' as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j where exists (select 1 from case_message m where m.entity = 'service_request' "
        "and m.entity_id = j.id)", all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, q.row_version as version from " IMPORT_IDS "service_request q on q.id = j.id "
        "where q.row_version > 1", all);
    import_keep_edited(c, "service_request", &edited, "Was worked on since.", why);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_request x "
              "on x.id=j.id", import_to_go(c, ids, n, why));
    import_note_gone(c, "service_request", ids, n, why);
}

const ImportEntity complaint_import = { .name = "complaint", .order = 11, .key = "cis.complaints",
    .columns = complaint_columns, .check = complaint_check, .create = complaint_bring, .there = complaint_there,
    .judge = complaint_judge, .change = complaint_change, .revert = complaint_revert };
const ImportEntity request_import = { .name = "service_request", .order = 11, .key = "cis.service_requests",
    .columns = request_columns, .check = request_check, .create = request_bring, .there = request_there,
    .judge = request_judge, .change = request_change, .revert = request_revert };
