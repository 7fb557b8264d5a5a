/*
 * What other modules' news does to billing's own rows: an account joins its cycle, a delivery by message ends
 * (BX03US02, BX06US01).
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/messages.h"

/* The active cycle whose service, categories and areas fit; areas count with all below them. */
Id account_cycle_join(Ctx *c, Id account, Date from) {
    Id there = db_id(c, "select cycle_id from account_cycle where account_id=? and to_period is null", account);
    if (there.id) return there;
    Id cycle = db_id(c, "select y.id from bill_cycle y join account a on a.id=? join premise p on p.id=a.premise_id "
                        "join service_area sa on sa.id=p.sub_area_id "
                        "where y.utility_id=? and y.state='active' and exists (select 1 from service_connection s "
                        "where s.account_id=a.id and s.service_code=y.service_code and s.status<>'closed') "
                        "and (y.category_ids is null or json_length(y.category_ids)=0 "
                        "or json_contains(y.category_ids, cast(a.category_id as char))) "
                        "and (y.sub_category_ids is null or json_length(y.sub_category_ids)=0 "
                        "or json_contains(y.sub_category_ids, cast(a.sub_category_id as char))) "
                        "and (y.area_ids is null or json_length(y.area_ids)=0 or exists (select 1 from service_area up "
                        "where json_contains(y.area_ids, cast(up.id as char)) and sa.path like concat(up.path, '%'))) "
        "and (y.premise_ids is null or json_length(y.premise_ids)=0 or json_contains(y.premise_ids, cast(a.premise_id "
        "as char))) order by y.id limit 1", account, c->utility);
    if (!cycle.id) return cycle;
    Date first = { (int32_t)db_int(c, "select coalesce(to_days(min(from_date)) - to_days('1970-01-01'), ?) "
                                      "from bill_cycle_period where cycle_id=? and to_date>=? and state<>'closed'",
                                   from.day, cycle, from) };
    db_add(c, "insert into account_cycle (utility_id, account_id, cycle_id, from_period, created_by) "
              "values (?,?,?,?,?)", c->utility, account, cycle, first, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    return cycle;
}

/* A connection was activated: its account joins. */
void cycle_join_by_event(Ctx *c, const EventRow *e) {
    Json p = e->payload ? json_read(&c->mem, e->payload, strlen(e->payload), 65536, NULL) : (Json){ 0 };
    Date from = DATE_NONE;
    if (!json_text(p, "at") || !date_parse_iso(json_text(p, "at"), &from)) from = utility_today(c);
    if (e->account.id) account_cycle_join(c, e->account, from);
}

/* --- a new cycle -------------------------------------------------------------------------------------------------- */

enum { PERIODS_MAX = 36, PERIODS = 12, BILL_AFTER = 2, DUE_DAYS = 21, GRACE_DAYS = 10 };

typedef struct { const char *word; int months, days; } Frequency;
static const Frequency frequencies[] = {
    { "monthly", 1, 30 }, { "bi_monthly", 2, 60 }, { "quarterly", 3, 90 }, { "weekly", 0, 7 }, { "fortnightly", 0, 14 },
    { 0 } };

static const Frequency *frequency_find(const char *word) {
    for (const Frequency *f = frequencies; f->word; f++)
        if (!strcmp(f->word, word ? word : "monthly")) return f;
    return NULL;
}

static void cycle_must_be_good(Ctx *c, const NewCycle *n, const Frequency *f) {
    if (!n->code || !*n->code || strspn(n->code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(n->code))
        fail_field(c, INVALID, "code", "%s", msg(c->language, "billing.cycle.code"));
    if (!n->name || strlen(n->name) < 3) fail_field(c, INVALID, "name", "%s", msg(c->language, "billing.cycle.name"));
    if (db_int(c, "select count(*) from bill_cycle where utility_id=? and (name=trim(?) or code=?)", c->utility,
               n->name, n->code))
        fail_field(c, INVALID, "name", "%s", msg_format(c, c->language, "billing.cycle.there", { "name", n->name }));
    if (!n->service_code || !service_find(c, n->service_code))
        fail_field(c, INVALID, "service", "%s", msg(c->language, "billing.cycle.service"));
    if (!f) fail_field(c, INVALID, "frequency", "%s", msg(c->language, "billing.cycle.frequency"));
    if (!date_is_set(n->anchor) || !n->anchor.day)
        fail_field(c, INVALID, "anchor", "%s", msg(c->language, "billing.cycle.anchor"));
    if (n->periods < 0 || n->periods > PERIODS_MAX)
        fail_field(c, INVALID, "periods", "%s", msg(c->language, "billing.cycle.periods"));
}

static Date period_start(const NewCycle *n, const Frequency *f, int i) {
    return f->months ? date_add_months(n->anchor, f->months * i) : date_add_days(n->anchor, f->days * i);
}

/* Months are called by their year and month, shorter periods by their first day. */
static void make_calendar(Ctx *c, Id cycle, const NewCycle *n, const Frequency *f) {
    int count = n->periods ? n->periods : PERIODS, after = n->bill_after_days ? n->bill_after_days : BILL_AFTER;
    Date today = utility_today(c);
    for (int i = 0; i < count; i++) {
        Date from = period_start(n, f, i), to = date_add_days(period_start(n, f, i + 1), -1);
        Date bill = cal_adjust_date(c, (Id){ 0 }, date_add_days(to, after), DATE_NEXT_WORKING);
        Date due = cal_adjust_date(c, (Id){ 0 }, date_add_days(bill, n->due_days ? n->due_days : DUE_DAYS),
                                   DATE_NEXT_WORKING);
        const char *label = f->months ? month_text(&c->mem, month_of(from)) : date_iso(&c->mem, from);
        bool begun = date_compare(from, today) <= 0;
        db_run(c,
            "insert into bill_cycle_period (utility_id, cycle_id, period_no, label, from_date, to_date, "
            "window_start, window_end, estimate_after, bill_date, due_date, accounting_date, state) "
            "values (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            c->utility, cycle, i + 1, label, from, to, date_add_days(to, -5), date_add_days(to, 5),
            date_add_days(to, 1), bill, due, bill, begun ? "open" : "planned");
    }
}

/* Those of the service in these categories and areas that no cycle bills. */
static int64_t join_all(Ctx *c, Id cycle, Date from) {
    return db_run(c, "insert into account_cycle (utility_id, account_id, cycle_id, from_period, created_by) "
        "select a.utility_id, a.id, y.id, ?, ? from bill_cycle y join account a on a.utility_id=y.utility_id "
        "and a.status in ('active', 'temporarily_disconnected', 'disconnected') join premise p on p.id=a.premise_id "
        "join service_area sa on sa.id=p.sub_area_id where y.id=? and exists (select 1 from service_connection s "
        "where s.account_id=a.id and s.service_code=y.service_code and s.status not in ('pending', 'closed')) "
        "and (json_length(y.category_ids)=0 or json_contains(y.category_ids, cast(a.category_id as char))) "
        "and (json_length(y.area_ids)=0 or exists (select 1 from service_area up "
        "where json_contains(y.area_ids, cast(up.id as char)) "
        "and (sa.path=up.path or sa.path like concat(up.path, '/%')))) "
        "and not exists (select 1 from account_cycle x where x.account_id=a.id "
        "and x.to_period is null) order by a.account_no",
                  from, c->realm == REALM_STAFF ? c->user : (Id){ 0 }, cycle);
}

Id bill_cycle_create(Ctx *c, const NewCycle *n) {
    const Frequency *f = frequency_find(n->frequency);
    cycle_must_be_good(c, n, f);
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    Id cycle = db_insert(c,
        "insert into bill_cycle (utility_id, code, name, service_code, category_ids, area_ids, frequency, "
        "period_days, anchor_date, bill_after_days, due_days, grace_days, template_id, state, created_by, "
        "updated_by) select ?,?,trim(?),?,?,?,?,?,?,?,?,?,(select t.id from bill_template t "
        "where t.utility_id=u.id and t.is_default=1 order by t.utility_type=(select v.kind "
        "from utility_service v where v.utility_id=u.id and v.code=?) desc limit 1),'active',?,? "
        "from utility u where u.id=?",
        c->utility, n->code, n->name, n->service_code, json_ids(c, n->categories, (size_t)n->category_n),
        json_ids(c, n->areas, (size_t)n->area_n), f->word, f->days, n->anchor,
        n->bill_after_days ? n->bill_after_days : BILL_AFTER, n->due_days ? n->due_days : DUE_DAYS,
        n->grace_days ? n->grace_days : GRACE_DAYS, n->service_code, by, by, c->utility);
    make_calendar(c, cycle, n, f);
    int64_t joined = join_all(c, cycle, n->anchor);
    audit_write(c, &(Audit){ .action = "create", .entity = "bill_cycle", .id = cycle, .number = n->code, .version = 1,
                             .after = json_pairs(c, "name", n->name, "accounts", text(c, "%lld", (long long)joined),
                                                 NULL) });
    return cycle;
}

/* --- a calendar that changes (ONB02US04) -------------------------------------------------------------------------- */

#define PLANNED(F, T) F(T, Id, id) F(T, Date, to_date) F(T, int, bill_after_days) F(T, int, due_days) \
    F(T, Date, bill_date) F(T, Date, due_date) F(T, int64_t, row_version)
ROW(Planned, PLANNED)

/* Dates of periods that nothing was made of yet are reckoned anew; bills, posted or not, keep theirs. */
void cycle_calendar_changed(Ctx *c, const EventRow *e) {
    (void)e;
    Planneds l = db_all(c, Planned, "select p.id, p.to_date, y.bill_after_days, y.due_days, p.bill_date, p.due_date, "
        "p.row_version from bill_cycle_period p join bill_cycle y on y.id=p.cycle_id and y.state='active' "
        "where p.utility_id=? and p.state in ('planned', 'open') and p.bill_date>=? "
        "and not exists (select 1 from bill_run r where r.bill_cycle_period_id=p.id) order by p.id",
                        c->utility, utility_today(c));
    for (size_t i = 0; i < l.n; i++) {
        const Planned *p = &l.v[i];
        Date bill = cal_adjust_date(c, (Id){ 0 }, date_add_days(p->to_date, p->bill_after_days), DATE_NEXT_WORKING);
        Date due = cal_adjust_date(c, (Id){ 0 }, date_add_days(bill, p->due_days), DATE_NEXT_WORKING);
        if (!date_compare(bill, p->bill_date) && !date_compare(due, p->due_date)) continue;
        db_run(c, "update bill_cycle_period set bill_date=?, due_date=?, accounting_date=?, updated_at=?, "
                  "row_version=row_version+1 where id=?", bill, due, bill, c->now, p->id);
        audit_write(c, &(Audit){ .action = "edit", .entity = "bill_cycle_period", .id = p->id,
            .version = p->row_version + 1, .reason = "calendar.changed",
            .before = json_pairs(c, "bill_date", date_iso(&c->mem, p->bill_date), "due_date",
                                 date_iso(&c->mem, p->due_date), NULL),
            .after = json_pairs(c, "bill_date", date_iso(&c->mem, bill), "due_date", date_iso(&c->mem, due), NULL) });
    }
}

void account_cycle_forget(Ctx *c, const char *accounts) {
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join account_cycle x on "
              "x.account_id=j.id", accounts);
}

void bill_delivery_result(Ctx *c, Id message, const char *state, const char *reason) {
    db_run(c, "update bill_delivery set state=?, reason=left(?, 300), sent_at=coalesce(sent_at, ?), ended_at=if(? in "
              "('delivered', 'opened', 'hard_bounced', 'failed'), ?, ended_at) where message_id=? and utility_id=?",
           state, reason, c->now, state, c->now, message, c->utility);
}

/* Lists that name an area which was merged into another name that one from now on. */
void cycle_area_merged(Ctx *c, const EventRow *e) {
    Json payload = json_read(&c->mem, e->payload, strlen(e->payload), 4096, NULL);
    int64_t into = 0;
    if (!json_int(payload, "into", &into)) return;
    db_run(c, "update bill_cycle set area_ids=regexp_replace(area_ids, concat('(?<![0-9])', ?, '(?![0-9])'), ?) "
              "where utility_id=? and json_contains(area_ids, cast(? as char))", e->id, into, e->utility, e->id);
}
