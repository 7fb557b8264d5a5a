/*
 * Single bills, the functions (BX01US02; billing.h "bills on demand"): one account computed, what a quantity would
 * cost, what
 * one more unit costs, and drafts that wait for a clerk. Nothing is posted here.
 */
#include "app/billing/single.h"

#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/comms/comms.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/money.h"

enum { DRAFT_DAYS = 30, DUE_DAYS = 21 };

/* --- one account -------------------------------------------------------------------------------------------------- */

#define CYCLE_ROW(F, T) F(T, int, max_estimates) F(T, const char *, true_up) F(T, const char *, normal_days) \
    F(T, int, factor_decimals) F(T, Id, template_version)
ROW(CycleRow, CYCLE_ROW)

/* Rates and estimates as in the account's cycle; without one, as a cycle begins. */
static BillScope scope_of(Ctx *c, const Single *s) {
    CycleRow *y = db_find(c, CycleRow,
        "select y.max_estimates, y.true_up, y.normal_days, coalesce(y.factor_decimals, -1) as factor_decimals, "
        "(select v.id from bill_template t join bill_template_version v on v.template_id = t.id "
        "and v.version_no = t.current_version and v.state = 'active' where t.utility_id = y.utility_id "
        "and t.state = 'active' and (t.id = y.template_id or t.is_default = 1) "
        "order by t.id = y.template_id desc limit 1) as template_version from account_cycle x join bill_cycle y "
        "on y.id = x.cycle_id where x.account_id = ? order by x.open_flag desc, x.id desc limit 1",
        s->account);
    BillScope scope = { .kind = s->kind, .from = s->from, .to = s->to, .period_is_asked = s->kind == BILL_SINGLE,
                        .months = 1,
                        .bill_date = s->bill_date, .due_date = s->due_date, .accounting_date = s->bill_date,
                        .estimate_after = DATE_NONE, .estimate_allowed = true, .max_estimates = 2,
                         .factor_decimals = -1,
                        .normal_days_micro = 30000000, .version_no = 1, .reason = s->reason };
    if (!y) return scope;
    scope.max_estimates = y->max_estimates;
    scope.true_up = !strcmp(y->true_up, "rerate") ? TRUE_UP_RERATE : TRUE_UP_INDEX;
    scope.normal_days_micro = !strcmp(y->normal_days, "30") ? 30000000 : 30416667;
    scope.factor_decimals = y->factor_decimals;
    scope.template_version = y->template_version;
    return scope;
}

BillCase *single_compute(Ctx *c, const Single *s, bool keeps, BillScope *scope) {
    size_t n;
    *scope = scope_of(c, s);
    scope->keeps = keeps;
    BillCase *one = bill_cases(c, scope, &s->account, 1, &n);
    return n ? one : NULL;
}

#define BEGIN_ROW(F, T) F(T, Date, billed) F(T, Date, opened)
ROW(BeginRow, BEGIN_ROW)

Date single_begin(Ctx *c, Id account) {
    BeginRow *b = db_find(c, BeginRow,
        "select max(if(s.last_billed_on >= h.from_on, s.last_billed_on, null)) as billed, min(greatest(h.from_on, "
        "coalesce(s.connected_on, h.from_on), coalesce((select min(y.from_period) from account_cycle y "
        "where y.account_id = h.account_id), h.from_on))) as opened from service_connection_holder h "
        "join service_connection s on s.id = h.service_connection_id where h.account_id = ?", account);
    if (b && date_is_set(b->billed)) return date_add_days(b->billed, 1);
    return b && date_is_set(b->opened) ? b->opened : utility_today(c);
}

bool bill_date_is_near(Ctx *c, Date d) {
    int days = date_days_between(utility_today(c), d);
    return days >= -366 && days <= 366;
}

/* --- what a quantity costs ---------------------------------------------------------------------------------------- */

#define SOURCE(F, T) F(T, Id, id) F(T, Id, source)
ROW(Source, SOURCE)

/* What was asked for a connection: its own, or that of the one it is derived from (wastewater by water). */
static const EstimateUse *use_of(const AccountEstimate *e, const Sources *l, Id connection) {
    Id source = { 0 };
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].id.id == connection.id) source = l->v[i].source;
    for (size_t i = 0; i < e->n; i++)
        if (e->uses[i].connection.id == connection.id || e->uses[i].connection.id == source.id) return &e->uses[i];
    return NULL;
}

/* On all days; the plan it began with counts from the first of them. */
static void be_whole(Ctx *c, BillConnection *k, Date from) {
    if (k->span_n && date_is_set(k->active_from) && k->spans[0].valid_from.day == k->active_from.day
        && date_compare(from, k->active_from) < 0) {
        BillPlanSpan *spans = take_n(c, BillPlanSpan, (size_t)k->span_n);
        memcpy(spans, k->spans, (size_t)k->span_n * sizeof *spans);
        spans[0].valid_from = from;
        k->spans = spans;
    }
    k->active_from = k->active_to = DATE_NONE;
}

static void put_use(Ctx *c, BillConnection *k, const AccountEstimate *e, Quantity quantity) {
    BillUse *use = take(c, sizeof *use);
    *use = BILL_USE_DEFAULT;
    use->from = date_add_days(e->from, -1), use->to = e->to, use->is_converted = true;
    use->billing_quantity = (Reading){ (quantity.micro + 500) / 1000 };
    k->billed_until = DATE_NONE, k->billed = NULL, k->billed_n = 0, k->estimated = NULL, k->estimated_n = 0;
    if (e->is_whole) be_whole(c, k, e->from);
    k->reading_waits = false, k->has_meter = true;
    k->uses = k->is_unmetered ? NULL : use, k->use_n = k->is_unmetered ? 0 : 1;
}

/* As if nothing else were to be billed. */
Money bill_estimate_all(Ctx *c, const AccountEstimate *e) {
    Single s = { .account = e->account, .kind = BILL_SINGLE, .from = e->from, .to = e->to, .bill_date = e->to,
                 .due_date = date_add_days(e->to, DUE_DAYS) };
    BillScope scope;
    BillCase *one = single_compute(c, &s, false, &scope);
    if (!one) return (Money){ 0 };
    BillFacts f = one->facts;
    BillConnection *v = take_n(c, BillConnection, (size_t)f.connection_n + 1);
    Id *ids = take_n(c, Id, (size_t)f.connection_n + 1);
    for (int i = 0; i < f.connection_n; i++) ids[i] = f.connections[i].id;
    Sources l = db_all(c, Source, "select s.id, s.derived_from_id as source from json_table(?, '$[*]' columns (id "
                                  "bigint path '$')) j straight_join service_connection s on s.id=j.id "
                                  "where s.derived_from_id is not null", json_ids(c, ids, (size_t)f.connection_n));
    int n = 0;
    for (int i = 0; i < f.connection_n; i++) {
        const EstimateUse *u = use_of(e, &l, ids[i]);
        if (!u) continue;
        v[n] = f.connections[i];
        put_use(c, &v[n++], e, u->quantity);
    }
    f.connections = v, f.connection_n = n;
    f.account_from = f.account_to = DATE_NONE;
    f.charge_n = f.adjustment_n = f.instalment_n = f.deposit_n = 0;
    f.trace = false;
    return bill_compute(&c->mem, &f).current;
}

static Money cost_of(Ctx *c, Id account, Id connection, Date from, Date to, Quantity quantity) {
    EstimateUse use = { connection, quantity };
    return bill_estimate_all(c, &(AccountEstimate){ .account = account, .from = from, .to = to, .uses = &use, .n = 1,
                                                    .is_whole = true });
}

Money bill_estimate(Ctx *c, const EstimateFacts *e) {
    Id account = db_id(c, "select account_id from service_connection where id=? and utility_id=?", e->connection,
                       c->utility);
    if (!account.id) fail(c, NOT_FOUND, "There is no such connection.");
    return cost_of(c, account, e->connection, e->from, e->to, e->quantity);
}

#define LAST_USE(F, T) F(T, Id, connection) F(T, Id, account) F(T, Date, from) F(T, Date, to) F(T, Quantity, quantity)
ROW(LastUse, LAST_USE)

/* The difference that one unit more would have made on the last bill. */
Price marginal_rate(Ctx *c, Id account) {
    LastUse *u = db_find(c, LastUse,
        "select g.service_connection_id as connection, b.account_id as account, "
        "g.segment_start as `from`, g.segment_end as `to`, g.usage_qty_micro as quantity from bill b "
        "join bill_segment g on g.bill_id = b.id join service_connection s on s.id = g.service_connection_id "
        "and s.metered = 1 where b.account_id = ? and b.utility_id = ? and b.status = 'published' "
        "order by b.period_end desc, g.seq limit 1",
        account, c->utility);
    if (!u) return (Price){ 0 };
    Money now = cost_of(c, u->account, u->connection, u->from, u->to, u->quantity);
    Money more = cost_of(c, u->account, u->connection, u->from, u->to,
                         quantity_add(u->quantity, (Quantity){ 1000000 }));
    return (Price){ money_sub(more, now).minor * power_of_ten(6 - utility_here(c)->exponent) };
}

/* --- drafts that wait for a clerk --------------------------------------------------------------------------------- */

typedef struct { const char *purpose, *source_type; Id source, account,
                 bill; Date through; const char *reason; Money old, now; } Wish;

static const char *inputs_json(Ctx *c, const Wish *w) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    int places = utility_here(c)->exponent;
    json_open_object(&o, NULL);
    if (date_is_set(w->through)) json_add_text(&o, "period_end", date_iso(&c->mem, w->through));
    if (w->reason) json_add_text(&o, "reason", w->reason);
    if (w->bill.id) {
        json_add_number(&o, "old", money_decimal(&c->mem, w->old, places));
        json_add_number(&o, "new", money_decimal(&c->mem, w->now, places));
    }
    json_close(&o);
    return t.s;
}

/* One open draft for a source and purpose: asked again it is the same. */
static Id draft_of(Ctx *c, const Wish *w) {
    Id there = db_id(c, "select id from single_bill_draft where source_type=? and source_id=? and purpose=? and "
                        "open_flag=1 "
                        "for update", w->source_type, w->source, w->purpose);
    if (there.id) return there;
    Id consumer = db_id(c, "select consumer_id from account where id=? and utility_id=?", w->account, c->utility);
    if (!consumer.id) fail(c, NOT_FOUND, "There is no such account.");
    Bind difference = w->bill.id ? bind_money(money_sub(w->now, w->old)) : (Bind){ 0 };
    Id draft = db_insert(c, "insert into single_bill_draft (utility_id, account_id, consumer_id, purpose, inputs, "
                            "owner_id, "
                            "source_bill_id, source_type, source_id, difference_minor, expires_at, created_by, "
                            "updated_by) "
                            "values (?,?,?,?,?,?,?,?,?,?,?,?,?)", c->utility, w->account, consumer, w->purpose,
                         inputs_json(c, w), c->realm == REALM_STAFF ? c->user : (Id){ 0 }, w->bill, w->source_type,
                          w->source,
                         difference, time_add_seconds(c->now, (int64_t)DRAFT_DAYS * 86400), c->user, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "single_bill_draft", .id = draft, .version = 1,
                             .reason = w->reason,
                             .after = json_pairs(c, "purpose", w->purpose, NULL) });
    return draft;
}

Id bill_request(Ctx *c, Id account, const char *kind, Date through, const char *reason) {
    if (strcmp(kind, "single") && strcmp(kind, "one_off")) fail(c, INVALID, "A bill on demand is single or one_off.");
    return draft_of(c, &(Wish){ .purpose = kind, .source_type = "account", .source = account, .account = account,
                                .through = through, .reason = reason });
}

#define END_ROW(F, T) F(T, Date, service) F(T, Date, reading)
ROW(EndRow, END_ROW)

Id bill_final_request(Ctx *c, Id account, Id reading, const char *reason) {
    EndRow *row = db_one(c, EndRow,
        "select max(coalesce(h.to_on, s.disconnected_on, s.closed_on, a.closed_on)) as service, "
        "(select g.read_on from meter_reading g where g.id = ? and g.utility_id = a.utility_id) as reading "
        "from account a left join service_connection_holder h on h.account_id = a.id "
        "left join service_connection s on s.id = h.service_connection_id where a.id = ?",
        reading, account);
    Date end = date_is_set(row->service) ? row->service : row->reading;
    if (!date_is_set(end)) fail(c, CONFLICT, "Set the service end first.");
    return draft_of(c, &(Wish){ .purpose = "final", .source_type = "account", .source = account, .account = account,
                                .through = end, .reason = reason });
}

typedef struct { Id bill; const char *reason; Money now; bool is_made; } Trial;

/* Cancels and bills again to see what comes out, then fails, so that the savepoint takes everything back. */
static void try_again(Ctx *c, void *arg) {
    Trial *x = arg;
    bill_cancel(c, x->bill, "other", x->reason);
    Id again = bill_again(c, x->bill);
    x->now = db_money(c, "select total_minor from bill where id=?", again);
    x->is_made = true;
    fail(c, CONFLICT, "tried");
}

#define OLD_ROW(F, T) F(T, Id, account) F(T, Money, total) F(T, const char *, bill_no)
ROW(OldRow, OLD_ROW)

Id rebill_propose(Ctx *c, Id bill, const char *reason) {
    OldRow *old = db_find(c, OldRow, "select account_id as account, total_minor as total, bill_no from bill where id=? "
                                     "and utility_id=? and status='published'", bill, c->utility);
    if (!old) return (Id){ 0 };
    Trial x = { .bill = bill, .reason = reason ? reason : msg(c->language, "billing.single.what_if") };
    db_savepoint(c, try_again, &x);
    if (!x.is_made || x.now.minor == old->total.minor) return (Id){ 0 };
    Id draft = draft_of(c, &(Wish){ .purpose = "rebill", .source_type = "bill", .source = bill, .account = old->account,
                                    .bill = bill, .through = DATE_NONE, .reason = reason, .old = old->total,
                                     .now = x.now });
    Id role = db_id(c, "select id from role where utility_id=? and code='billing_manager'", c->utility);
    if (role.id)
        inapp_post(c, &(InApp){ .recipient_kind = "role", .recipient = role, .topic = "billing", .severity = "info",
                                .title = msg_format(c, c->language, "billing.single.would_change",
                                                    { "no", old->bill_no }), .body = reason,
                                .link = text(c, "/u/%s/bx/bills/%s", c->utility_code, old->bill_no),
                                .dedup_key = text(c, "rebill:%lld", (long long)bill.id) });
    return draft;
}

#define HIT_ROW(F, T) F(T, Id, bill)
ROW(HitBill, HIT_ROW)

/* A reading that was billed is corrected: its segment is reversed, its bills would be others now. */
void rebill_by_reading(Ctx *c, const EventRow *e) {
    Json p = e->payload ? json_read(&c->mem, e->payload, strlen(e->payload), 65536, NULL) : (Json){ 0 };
    int64_t connection = 0;
    if (!json_int(p, "service_connection_id", &connection) || !connection) return;
    HitBills hit = db_all(c, HitBill, "select distinct u.bill_id as bill from usage_segment u join bill b on b.id = "
                                      "u.bill_id "
                                      "and b.status = 'published' where u.service_connection_id = ? and u.status = "
                                      "'reversed' "
                                      "order by u.bill_id desc limit 12", (Id){ connection });
    for (size_t i = 0; i < hit.n; i++) rebill_propose(c, hit.v[i].bill,
                                                      "A reading that was billed has been corrected.");
}
