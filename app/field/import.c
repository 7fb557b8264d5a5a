/*
 * Service orders of other systems as rows of ours (ONB04US01), open ones and ended ones. Nobody is told of them; the
 * dispatcher finds the open ones in the queue. They stay when a utility goes live (purge.c).
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/import.h"
#include "app/field/pages.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"

static const ImportColumn columns[] = {
    { "legacy_id",         IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, .example = "WO-5512",
      .also = "order_id order_no work_order id" },
    { "order_type",        IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 30, .example = "LEAK_REPAIR", .also = "type" },
    { "premise_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, .refers = "premise", .refers_words = "premises",
      .example = "P-1001", .also = "premise_id" },
    { "account_legacy_id", IMPORT_TEXT, 0, 80, .refers = "account", .refers_words = "accounts", .example = "A-1001",
      .also = "account_id" },
    { "meter_serial",      IMPORT_TEXT, 0, 40, .refers = "meter", .refers_words = "meters", .example = "",
      .also = "serial_no meter" },
    { "title",             IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 120, .example = "Leak at the meter",
      .also = "subject work" },
    { "description",       IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 500, .example = "", .also = "details text" },
    { "priority",          IMPORT_TEXT, .flags = IMPORT_CHANGES, .values = "low medium high critical",
      .example = "high" },
    { "status",            IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_LIVES,
      .values = "created completed approved incomplete cancelled",
      .example = "created", .also = "state", .guide = "Who does the open ones is assigned here" },
    { "opened_at",         IMPORT_TIME, IMPORT_REQUIRED, .example = "2026-03-28 09:15",
      .also = "created_at opened_on" },
    { "due_at",            IMPORT_TIME, IMPORT_REQUIRED | IMPORT_CHANGES, .example = "2026-04-20 17:00",
      .also = "due_on due_date" },
    { "done_at",           IMPORT_TIME, .flags = IMPORT_LIVES, .example = "", .also = "completed_at done_on",
      .guide = "Of ended ones" },
    { 0 } };

typedef struct Orders { Id *premise, *account, *meter; } Orders;

static bool is_open(const char *status) {
    return status && (!strcmp(status, "created") || !strcmp(status, "completed"));
}

static void time_rules(Ctx *c, Faults *to, const ImportSet *s, size_t i) {
    Time opened = import_time(c, s, i, "opened_at"), done = import_time(c, s, i, "done_at");
    const char *status = import_text(s, i, "status");
    if (time_is_set(opened) && opened.us > c->now.us) fault_add(to, i, FAULT_RULE, "opened_at", "import.future");
    if (time_is_set(done) && done.us > c->now.us) fault_add(to, i, FAULT_RULE, "done_at", "import.future");
    if (time_is_set(opened) && time_is_set(done) && done.us < opened.us)
        fault_add(to, i, FAULT_RULE, "done_at", "import.case_order");
    if (status && strcmp(status, "created") && !time_is_set(done))
        fault_add(to, i, FAULT_REQUIRED, "done_at", "import.case_ended");
}

#define OPEN_AT(F, T) F(T, int, row_no)
ROW(OpenAt, OPEN_AT)

/* One order of a type is open for the same premises: neither a stored one nor an earlier row. One statement. */
static void open_rules(Ctx *c, Faults *to, const ImportSet *s, const Orders *o) {
    const char **keys = take_n(c, const char *, s->n + 1);
    Text asked = text_start(c);
    JsonOut j = json_out(&asked);
    json_open_list(&j, NULL);
    for (size_t i = 0; i < s->n; i++) {
        const char *type = import_text(s, i, "order_type");
        if (!type || !o->premise[i].id || !is_open(import_text(s, i, "status"))) continue;
        keys[i] = text(c, "%s %lld", type, (long long)o->premise[i].id);
        json_open_list(&j, NULL);
        json_add_int(&j, NULL, (int64_t)i);
        json_add_int(&j, NULL, o->premise[i].id);
        json_add_text(&j, NULL, type);
        json_close(&j);
    }
    json_close(&j);
    bool *said = take_n(c, bool, s->n + 1);
    OpenAts l = db_all(c, OpenAt, "select j.row_no from json_table(?, '$[*]' columns (row_no int path '$[0]', premise "
                                  "bigint path '$[1]', type varchar(30) path '$[2]')) j where exists (select 1 from "
                                  "service_order w where w.source_type = 'manual' and w.source_id = j.premise and "
                                  "w.order_type = j.type collate utf8mb4_bin and w.open_flag = 1)", asked.s);
    for (size_t i = 0; i < l.n; i++) {
        said[l.v[i].row_no] = true;
        fault_add(to, (size_t)l.v[i].row_no, FAULT_RULE, "order_type", "import.order_open");
    }
    size_t *first = first_with_key(&c->mem, keys, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (keys[i] && first[i] != i && !said[i]) fault_add(to, i, FAULT_RULE, "order_type", "import.order_open");
}

static Orders orders_of(Ctx *c, const ImportSet *s, Faults *to) {
    Orders o = { import_refs(c, s, "premise_legacy_id"), import_refs(c, s, "account_legacy_id"),
                 import_refs(c, s, "meter_serial") };
    import_unknown(to, s, "premise_legacy_id", o.premise);
    import_unknown(to, s, "account_legacy_id", o.account);
    import_unknown(to, s, "meter_serial", o.meter);
    for (size_t i = 0; i < s->n; i++) time_rules(c, to, s, i);
    open_rules(c, to, s, &o);
    return o;
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    orders_of(c, s, &to);
    return to;
}

static Id store(Ctx *c, const ImportSet *s, size_t i, const Orders *o, const char *no) {
    const char *status = import_text(s, i, "status"), *priority = import_text(s, i, "priority");
    Time opened = import_time(c, s, i, "opened_at"), done = import_time(c, s, i, "done_at");
    return db_insert(c, "insert into service_order (utility_id, order_no, legacy_no, import_batch_id, order_type, "
                        "source_type, source_id, premise_id, account_id, meter_id, title, description, priority, "
                        "status, due_at, done_at, created_at, created_by, updated_by) "
                        "values (?,?,?,?,?,'manual',?,?,?,?,?,?,?,?,?,?,?,?,?)",
                     c->utility, no, import_text(s, i, "legacy_id"), s->batch, import_text(s, i, "order_type"),
                     o->premise[i], o->premise[i], o->account[i], o->meter[i], import_text(s, i, "title"),
                     import_text(s, i, "description"), priority ? priority : "medium", status,
                     import_time(c, s, i, "due_at"), done, opened, c->user, c->user);
}

static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    Orders o = orders_of(c, s, &to);
    const char *const *no = import_numbers(c, "service_order", &to, s->n);
    Audit *audits = take_n(c, Audit, s->n + 1);
    size_t n = 0;
    DbBulk *events = db_bulk(c, "insert into service_order_event (service_order_id, at, by_user_id, to_status, reason) "
                                "values (?,?,?,?,'Import')");
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        ids[i] = store(c, s, i, &o, no[n]);
        Time done = import_time(c, s, i, "done_at");
        db_bulk_add(events, ids[i], time_is_set(done) ? done : import_time(c, s, i, "opened_at"), c->user,
                    import_text(s, i, "status"));
        audits[n] = import_made(c, s, i, "service_order", ids[i], no[n]);
        n++;
    }
    db_bulk_end(events);
    audits_write(c, audits, n);
    return to;
}

/* --- orders that are there ---------------------------------------------------------------------------------------- */

static ImportTheres stand(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, o.row_version as version, o.order_no as number, if(o.status in "
        "('completed', 'approved', 'incomplete', 'cancelled'), 'import.order_over', null) as refusal, json_object("
        "'order_type', o.order_type, 'premise_legacy_id', p.legacy_no, 'account_legacy_id', a.legacy_no, "
        "'meter_serial', m.serial_no, 'title', o.title, 'description', o.description, 'priority', o.priority, "
        "'status', o.status, 'opened_at', timestampdiff(microsecond, '1970-01-01', o.created_at), 'due_at', "
        "timestampdiff(microsecond, '1970-01-01', o.due_at), 'done_at', timestampdiff(microsecond, '1970-01-01', "
        "o.done_at)) as cells from " IMPORT_IDS "service_order o on o.id = j.id left join premise p on p.id = "
        "o.premise_id left join account a on a.id = o.account_id left join meter m on m.id = o.meter_id",
                  json_ids(c, ids, n));
}

static int64_t change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    DbBulk *b = db_bulk(c, "update service_order set title = ?, description = ?, priority = ?, due_at = ?, updated_at "
                           "= ?, updated_by = ?, row_version = row_version + 1 where id = ? and row_version = ?");
    for (size_t i = 0; i < s->n; i++)
        db_bulk_add(b, import_text(s, i, "title"), import_text(s, i, "description"), import_text(s, i, "priority"),
                    import_time(c, s, i, "due_at"), c->now, c->user, r->id[i], r->version[i]);
    return db_bulk_end(b);
}

static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, 'Was worked on since.' as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j where (select count(*) from service_order_event e where e.service_order_id = j.id) > 1",
        all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, o.row_version as version from " IMPORT_IDS "service_order o on o.id = j.id "
        "where o.row_version > 1", all);
    import_keep_edited(c, "service_order", &edited, "Was worked on since.", why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_order_event "
              "x on x.service_order_id=j.id", gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_order x on "
              "x.id=j.id", gone);
    import_note_gone(c, "service_order", ids, n, why);
}

static const ImportEntity order_import = { .name = "service_order", .order = 11, .key = "wx.order", .columns = columns,
                                           .check = check, .create = bring, .there = stand, .change = change,
                                           .revert = revert };

void field_imports(void) { import_register(&order_import); }
