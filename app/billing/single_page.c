/*
 * Single Bill Generation (BX01US02): an account is looked for, its bill is previewed and published in one step. What
 * waits for
 * a clerk (bills asked for by other modules, corrections) stands on the first page.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "app/billing/single.h"
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"
#include "lib/utf8.h"

enum { HITS_MOST = 20, NEAR_DAYS = 10, NEAR_MOST = 4, CHARGES_MOST = 3, LIMIT_MINOR = 100000 };
/* Of one charge: a product of both fits. */
#define AMOUNT_MOST 10000000000LL       /* minor */
#define TIMES_MOST  1000000000000LL     /* millionths */

/* --- looking for an account --------------------------------------------------------------------------------------- */

static void show_hits(Req *r, const char *q) {
    const char *start = text(r, "%s%%", q), *digits = text(r, "%%%s%%", utf8_plain_signs(&r->c.mem, q));
    show_text(r, "show.sections.1.title", word(r, "billing.single.found"));
    TableView *t = table_start(r, "show.sections.1.table", word(r, "billing.single.found"));
    table_column(t, word(r, "billing.run.account"), "code", "id");
    table_column(t, word(r, "billing.single.consumer"), "text", "name");
    table_column(t, word(r, "billing.single.address"), "text", NULL);
    table_column(t, word(r, "billing.run.plan"), "code", NULL);
    table_column(t, word(r, "billing.single.balance"), "money", "amount");
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_rows_of(t, "/bx/generate-single/",
        "select a.account_no, n.display_name, concat_ws(', ', p.line1, p.unit, p.city) as address, "
        "(select group_concat(distinct l.code order by l.code separator ', ') from service_connection s "
        "join tariff_plan l on l.id = s.tariff_plan_id where s.account_id = a.id) as plans, a.balance_minor, "
        "a.status from (select x.id from account x where x.utility_id = ? and x.account_no like ? union "
        "select x.id from consumer y join account x on x.consumer_id = y.id where y.utility_id = ? "
        "and (y.display_name like ? or y.last_name like ? or y.primary_phone like ?) union select s.account_id "
        "from meter m join service_connection s on s.meter_id = m.id where m.utility_id = ? "
        "and m.meter_no like ? union select x.id from premise y join account x on x.premise_id = y.id "
        "where y.utility_id = ? and y.line1 like ?) f join account a on a.id = f.id join consumer n "
        "on n.id = a.consumer_id "
        "join premise p on p.id = a.premise_id order by a.account_no limit ?", r->c.utility, start, r->c.utility,
                  start, start,
        digits, r->c.utility, start, r->c.utility, start, HITS_MOST);
    table_empty(t, word(r, "billing.single.found_none"), word(r, "billing.single.found_none_how"));
}

static void show_waiting(Req *r) {
    show_text(r, "show.sections.2.title", word(r, "billing.single.waiting"));
    TableView *t = table_start(r, "show.sections.2.table", word(r, "billing.single.waiting"));
    table_column(t, word(r, "billing.run.account"), "code", "id");
    table_column(t, word(r, "billing.run.kind"), "status", "status");
    table_column(t, word(r, "billing.single.bill"), "code", NULL);
    table_column(t, word(r, "billing.run.difference"), "money", "amount");
    table_column(t, word(r, "billing.run.why"), "text", "name");
    table_column(t, word(r, "billing.run.since"), "date", NULL);
    table_rows_of(t, "/bx/generate-single/",
        "select a.account_no, d.purpose as state, b.bill_no, d.difference_minor, json_value(d.inputs, "
        "'$.reason') as reason, d.created_at from single_bill_draft d join account a "
        "on a.id = d.account_id left join bill b on b.id = d.source_bill_id where d.utility_id = ? "
        "and d.open_flag = 1 and d.expires_at > utc_timestamp(6) order by d.id desc limit 100",
        r->c.utility);
    table_empty(t, word(r, "billing.single.waiting_none"), NULL);
}

static const Form search_form = { .name = "single_search", .fields = FIELDS {
    { "q", TEXT(0, 100) }, { 0 } } };

void single_search_page(Req *r) {
    const char *q = query_text(r, "q");
    show_text(r, "page.title", word(r, "billing.single.title"));
    FormView *v = form_show(r, "show.sections.0.form", &search_form, "/bx/generate-single");
    form_text(v, "q", q);
    show_text(r, "show.sections.0.form.get", "1");
    show_text(r, "show.sections.0.title", word(r, "billing.single.choose"));
    page(r, "layout/show");
    if (q && utf8_length(q) >= 2) show_hits(r, q);
    else if (q) show_text(r, "show.sections.0.note.text", word(r, "billing.single.too_short"));
    show_waiting(r);
}

/* --- the account -------------------------------------------------------------------------------------------------- */

typedef struct { const Account *account; Connections connections; Date begin; } Head;

static Head head_of(Req *r) {
    Head h = { .account = account_find(&r->c, path_text(r, "account")) };
    if (!h.account) fail(r, NOT_FOUND, "There is no account %s.", path_text(r, "account"));
    h.connections = connections_of(&r->c, h.account->id);
    h.begin = single_begin(&r->c, h.account->id);
    return h;
}

static const char *day(Req *r, Date d) { return date_is_set(d) ? locale_date(&r->c.mem, r->c.locale, d) : "-"; }

static void show_head(Req *r, const Head *h) {
    const Account *a = h->account;
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.single.of", { "account", a->account_no }));
    show_text(r, "page.crumbs.0.text", word(r, "billing.single.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/generate-single"));
    show_text(r, "page.crumbs.1.text", a->account_no);
    show_text(r, "show.status.text", state_label(r, a->status));
    show_text(r, "show.status.tone", state_tone(r, a->status));
    show_fact(r, "show.facts", word(r, "billing.single.consumer"), a->consumer_name, a->consumer_no);
    show_fact(r, "show.facts", word(r, "billing.single.address"), a->address, NULL);
    show_fact(r, "show.facts", word(r, "billing.single.balance"), run_money(r, a->balance), NULL);
    show_fact(r, "show.facts", word(r, "billing.single.unbilled_from"), day(r, h->begin), NULL);
}

static void show_account(Req *r, const Head *h, const char *section) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.single.connections"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.single.connections"));
    table_column(t, word(r, "billing.single.connection"), "code", "id");
    table_column(t, word(r, "billing.run.plan"), "code", "name");
    table_column(t, word(r, "billing.single.last_billed"), "date", NULL);
    table_column(t, word(r, "billing.single.last_reading"), "num", "amount");
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_rows_of(t, NULL, "select s.connection_no, l.code, s.last_billed_on, (select concat(format(g.value_e3 / "
                           "1000, 0), ' ') "
                           "from meter_reading g where g.service_connection_id = s.id and g.status = 'passed' "
                           "order by g.read_on desc, g.id desc limit 1) as reading, s.status from service_connection s "
                           "left join tariff_plan l on l.id = s.tariff_plan_id where s.account_id = ? order by s.id",
                  h->account->id);
    table_empty(t, word(r, "billing.single.connections_none"), NULL);
}

static void show_last_bills(Req *r, const Head *h, const char *section) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.single.last_bills"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.single.last_bills"));
    table_column(t, word(r, "billing.single.bill"), "code", "id");
    table_column(t, word(r, "billing.run.to"), "date", NULL);
    table_column(t, word(r, "billing.run.amount"), "money", "amount");
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_rows_of(t, "/bx/bills/", "select bill_no, period_end, total_minor, payment_status from bill where "
                                   "account_id = ? "
                                   "and status = 'published' order by bill_date desc, id desc limit 3", h->account->id);
    table_empty(t, word(r, "billing.single.last_bills_none"), NULL);
}

/* --- the form: of the account's connections ----------------------------------------------------------------------- */

static const Choice kinds[] = { { "single", NULL }, { "final", NULL }, { "one_off", NULL }, { 0 } };
static const Choice readings[] = { { "there", "billing.readings.there" }, { "enter", "billing.readings.enter" },
                                   { "estimate", NULL }, { 0 } };

static bool is_read(const Connection *k) {
    return k->is_metered && k->meter.id && (!strcmp(k->status, "active") || !strcmp(k->status, "disconnected"));
}

/* Fields of the bill, three of each metered connection, and those of the charges. */
static const Form *form_of(Req *r, const Head *h) {
    Field *f = take_n(r, Field, h->connections.n * 3 + CHARGES_MOST * 4 + 8);
    size_t n = 0;
    f[n++] = (Field){ "kind", CHOICE(kinds), .flags = REQUIRED, .initial = "single" };
    f[n++] = (Field){ "period_end", DATE_FIELD, .flags = REQUIRED };
    f[n++] = (Field){ "bill_date", DATE_FIELD, .flags = REQUIRED };
    f[n++] = (Field){ "due_date", DATE_FIELD, .flags = REQUIRED };
    for (size_t i = 0; i < h->connections.n; i++) {
        const Connection *k = &h->connections.v[i];
        if (!is_read(k)) continue;
        f[n++] = (Field){ text(r, "mode_%zu", i), msg_format(r, r->c.language, "billing.single.mode",
            { "connection", k->connection_no }), CHOICE(readings),
                          .initial = "there" };
        f[n++] = (Field){ text(r, "value_%zu", i), word(r, "billing.single.value"), READING(0, 0) };
    }
    for (size_t i = 0; i < CHARGES_MOST; i++) {
        f[n++] = (Field){ text(r, "charge_%zu", i), msg_format(r, r->c.language, "billing.single.charge",
            { "n", text(r, "%zu", i + 1) }), TEXT(0, 30) };
        f[n++] = (Field){ text(r, "text_%zu", i), word(r, "billing.single.text"), TEXT(0, 200) };
        f[n++] = (Field){ text(r, "times_%zu", i), word(r, "billing.single.times"), QTY(1, TIMES_MOST),
                          .initial = "1" };
        f[n++] = (Field){ text(r, "amount_%zu", i), word(r, "billing.single.amount"), MONEY(1, AMOUNT_MOST) };
    }
    f[n++] = (Field){ "reason", LONG_TEXT(5, 300) };
    f[n] = (Field){ 0 };
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "single_bill", .fields = f };
    return form;
}

#define TYPE_ROW(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(ChargeTypeRow, TYPE_ROW)

/* What people may put on a bill: no types that the engine makes itself, no credits. */
static ChargeTypeRows charge_types(Ctx *c) {
    return db_all(c, ChargeTypeRow, "select code, name from charge_type where utility_id = ? "
                                    "and active = 1 and sign = 1 "
                                    "and kind = 'revenue' and code not in ('TAX', 'ROUNDING', 'TRUE_UP', 'MIN_BILL', "
                                    "'WRITE_OFF', 'LATE_FEE', 'ADJUSTMENT') order by name limit 200", c->utility);
}

static void form_fill(Req *r, FormView *v, const Head *h) {
    Date today = utility_today(&r->c), end = date_month_end(h->begin);
    int due_days = (int)db_int(r, "select coalesce(max(y.due_days), 21) from account_cycle x join bill_cycle y on "
                                  "y.id = x.cycle_id "
                                  "where x.account_id = ? and x.open_flag = 1", h->account->id);
    if (end.day > today.day) end = today;
    form_date(v, "period_end", end);
    form_date(v, "bill_date", today);
    form_date(v, "due_date", cal_adjust_date(&r->c, (Id){ 0 }, date_add_days(today, due_days), DATE_NEXT_WORKING));
    ChargeTypeRows types = charge_types(&r->c);
    for (size_t i = 0; i < CHARGES_MOST; i++) {
        const char *name = text(r, "charge_%zu", i);
        form_set(v, name, "kind", "select");
        form_option(v, name, "", word(r, "billing.single.no_charge"));
        for (size_t k = 0; k < types.n; k++) form_option(v, name, types.v[k].code, types.v[k].name);
    }
}

/* --- preview ------------------------------------------------------------------------------------------------------ */

static BillKind kind_of(const char *kind) {
    return !strcmp(kind, "final") ? BILL_FINAL : !strcmp(kind, "one_off") ? BILL_ONE_OFF : BILL_SINGLE;
}

static void show_preview(Req *r, const BillDraft *d, const char *section) {
    if (d->problem_n) {
        show_text(r, text(r, "%s.note.tone", section), "warn");
        show_text(r, text(r, "%s.note.strong", section), d->problems[0].code);
        show_text(r, text(r, "%s.note.text", section), d->problems[0].message);
    }
    for (int i = 0, n = 0; i < d->segment_n; i++)
        if (d->segments[i].explain)
            show_text(r, text(r, "%s.text.%d", section, n++),
                text(r, "%s: %s", d->segments[i].connection->connection_no, d->segments[i].explain));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.single.preview"));
    table_column(t, word(r, "billing.single.line"), "text", "id");
    table_column(t, word(r, "billing.run.amount"), "money", "amount");
    for (int i = 0; i < d->line_n; i++) {
        if (!d->lines[i].is_added) continue;
        table_row(t, NULL);
        table_cell(t, d->lines[i].description);
        table_sub(t, d->lines[i].explain);
        table_money(t, d->lines[i].amount);
    }
    table_empty(t, word(r, "billing.single.nothing"), NULL);
    if (!d->line_n) return;
    table_foot(t, word(r, "billing.run.total"));
    table_foot(t, run_money(r, d->total));
}

/* --- publishing --------------------------------------------------------------------------------------------------- */

static void refuse_when_busy(Req *r, Id account) {
    const char *run = db_text(r, "select x.run_no from bill_run_item i join bill_run x on x.id = i.run_id "
                                 "and x.simulate_only = 0 and (x.run_flag = 1 or x.state = 'completed_with_errors') "
                                 "where i.account_id = ? and i.state in ('pending', 'claimed', 'calculated', 'held') "
                                 "limit 1", account);
    if (run) fail(r, CONFLICT, "Account is being billed by %s.", run);
}

static Date service_end(const Head *h) {
    Date end = h->account->closed_on;
    for (size_t i = 0; i < h->connections.n; i++)
        if (date_is_set(h->connections.v[i].disconnected_on)) end = date_is_set(end)
            ? date_max(end, h->connections.v[i].disconnected_on) : h->connections.v[i].disconnected_on;
    return end;
}

static void check_days(Req *r, Single *s, const Head *h) {
    if (s->kind == BILL_FINAL) s->to = service_end(h);
    if (s->kind == BILL_FINAL && !date_is_set(s->to)) problem(r, "kind", "Set the service end first.");
    if (s->kind == BILL_ONE_OFF) s->from = s->to = s->bill_date;
    if (s->kind != BILL_SINGLE || !date_is_set(s->to) || s->to.day >= s->from.day) return;
    const char *no = db_text(r, "select bill_no from bill where account_id = ? and status = 'published' "
                                "and period_end >= ? order by period_end desc limit 1", s->account, s->to);
    const char *from = day(r, date_month_start(s->to)), *to = day(r, s->to);
    if (no) problem(r, "period_end", "%s to %s is already billed on %s.", from, to, no);
    else problem(r, "period_end", "The end is before the start (%s).", day(r, s->from));
}

static Single wished(Req *r, Input *in, const Head *h) {
    const char *kind = in_text(in, "kind"), *reason = in_text(in, "reason"), *status = h->account->status;
    Single s = { .account = h->account->id, .kind = kind ? kind_of(kind) : BILL_SINGLE, .from = h->begin,
                 .to = in_date(in, "period_end"), .bill_date = in_date(in, "bill_date"),
                 .due_date = in_date(in, "due_date"), .reason = reason };
    if (s.kind == BILL_SINGLE && !reason) problem(r, "reason", "Say why this bill is made.");
    if (s.kind == BILL_SINGLE && strcmp(status, "active") && strcmp(status, "temporarily_disconnected"))
        problem(r, "kind", "The account is %s. Only a final bill can be made.", state_label(r, status));
    if (date_is_set(s.bill_date) && !bill_date_is_near(&r->c, s.bill_date)) problem(r, "bill_date", DATE_TOO_FAR);
    if (date_is_set(s.due_date) && !bill_date_is_near(&r->c, s.due_date)) problem(r, "due_date", DATE_TOO_FAR);
    if (date_is_set(s.to) && !bill_date_is_near(&r->c, s.to)) problem(r, "period_end", DATE_TOO_FAR);
    if (date_is_set(s.due_date) && date_is_set(s.bill_date) && s.due_date.day < s.bill_date.day)
        problem(r, "due_date", "The due date is before the bill date.");
    check_days(r, &s, h);
    return s;
}

/* What the form says about readings. NULL, or why an entered one waits for validation, and nothing is billed. */
static const char *take_readings(Req *r, Input *in, const Head *h, const Single *s) {
    for (size_t i = 0; i < h->connections.n; i++) {
        const Connection *k = &h->connections.v[i];
        const char *field = text(r, "value_%zu", i), *mode = is_read(k) ? in_text(in, text(r, "mode_%zu", i)) : NULL;
        if (!mode || !strcmp(mode, "there")) continue;
        if (!strcmp(mode, "estimate")) {
            if (!mx_estimate(&r->c, k->id, (Id){ 0 }, s->to, true).is_known)
                fail_field(r, INVALID, text(r, "mode_%zu", i), "There is no basis for an estimate.");
            continue;
        }
        if (!in_given(in, field)) fail_field(r, INVALID, field, "Enter the index.");
        ReadingValue value = { NULL, true, in_reading(in, field), field };
        Submitted got = reading_submit(&r->c, &(NewReading){ .meter = k->meter,
                                                             .kind = s->kind == BILL_FINAL ? "final" : "regular",
                                                             .source = "manual", .values = &value, .n = 1,
                                                             .read_on = s->to, .at_field = "period_end",
                                                             .note = s->reason });
        if (got.status && !strcmp(got.status, "passed")) continue;
        return msg_format(r, r->c.language, "billing.single.reading_waits", { "connection", k->connection_no },
                          { "problems", got.problems ? got.problems : state_label(r, got.status) });
    }
    return NULL;
}

/* What was made, and from what: charges of the form hang on it. */
static Id record_make(Req *r, const Head *h, const char *kind, const char *reason) {
    return db_insert(r,
        "insert into single_bill_draft (utility_id, account_id, consumer_id, purpose, inputs, owner_id, expires_at, "
        "created_by, updated_by) values (?,?,?,?,?,?,?,?,?)",
        r->c.utility, h->account->id, h->account->consumer, kind ? kind : "single",
        json_pairs(&r->c, "reason", reason, NULL), r->c.user, r->c.now, r->c.user, r->c.user);
}

/* The charges of the form, unique by the record of this bill: no double fee. */
static void take_charges(Req *r, Input *in, const Single *s, Id record) {
    ChargeTypeRows types = charge_types(&r->c);
    for (size_t i = 0; i < CHARGES_MOST; i++) {
        const char *type = in_text(in, text(r, "charge_%zu", i)), *words = in_text(in, text(r, "text_%zu", i));
        Money amount = in_money(in, text(r, "amount_%zu", i));
        Quantity times = in_qty(in, text(r, "times_%zu", i));
        if (!type) continue;
        bool known = false;
        for (size_t k = 0; k < types.n; k++) known = known || !strcmp(types.v[k].code, type);
        if (!known) fail_field(r, INVALID, text(r, "charge_%zu", i), "Choose a charge of the list.");
        if (amount.minor <= 0) fail_field(r, INVALID, text(r, "amount_%zu", i), "Enter an amount.");
        if (times.micro > 0) amount = money_ratio(amount, times.micro, 1000000, ROUND_HALF_UP);
        charge_create(&r->c, &(NewCharge){ .account = s->account, .charge_type = type, .amount = amount,
                                           .description = words,
                                           .date = s->bill_date, .due_on = s->due_date, .post_mode = "on_bill",
                                           .source_type = "single_bill", .source = record, .source_no = (int)i });
    }
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

/* What is typed for a bill, by the address or by the form: dates may still be missing. */
static Single typed(Req *r, Input *in, const Head *h) {
    const char *kind = in_text(in, "kind");
    Single s = { .account = h->account->id, .kind = kind ? kind_of(kind) : BILL_SINGLE, .from = h->begin,
                 .to = in_date(in, "period_end"), .bill_date = in_date(in, "bill_date"),
                 .due_date = in_date(in, "due_date"), .reason = in_text(in, "reason") };
    if (s.kind == BILL_ONE_OFF) s.from = s.to = s.bill_date;
    if (s.kind == BILL_FINAL && date_is_set(service_end(h))) s.to = service_end(h);
    (void)r;
    return s;
}

typedef struct { Req *r; const Head *h; bool is_shown; } Tried;

/* The bill as it would be with what is typed: readings are submitted and charges made, then all of it is taken back. */
static void preview_work(Ctx *c, void *arg) {
    Tried *p = arg;
    Req *r = p->r;
    Input *in = form_read_kept(r, form_of(r, p->h), &r->query);
    Single s = typed(r, in, p->h);
    if (!date_is_set(s.to) || !date_is_set(s.bill_date) || !bill_date_is_near(c, s.to)
        || !bill_date_is_near(c, s.bill_date)) fail(c, INVALID, "%s", word(r, "billing.single.no_dates"));
    if (!date_is_set(s.due_date)) s.due_date = s.bill_date;
    const char *waits = take_readings(r, in, p->h, &s);
    if (waits) fail(c, INVALID, "%s", waits);
    take_charges(r, in, &s, record_make(r, p->h, in_text(in, "kind"), NULL));
    BillScope scope;
    BillCase *one = single_compute(c, &s, false, &scope);
    if (one) show_preview(r, &one->draft, "show.preview");
    p->is_shown = true;
    fail(c, CONFLICT, "only tried");
}

static void preview(Req *r, const Head *h) {
    Tried p = { r, h, false };
    int problems = r->problems;
    show_text(r, "show.preview.title", word(r, "billing.single.preview"));
    db_savepoint(&r->c, preview_work, &p);
    r->problems = problems;                 /* what is wrong is said when the bill is made */
    if (p.is_shown) return;
    if (r->c.failure.status < 400 || r->c.failure.status >= 500) fail_again(&r->c);
    show_text(r, "show.preview.note.tone", "warn");
    show_text(r, "show.preview.note.text", r->c.failure.text);
}

/* The address with all that is typed in it: for the preview without script. */
static const char *typed_url(Req *r, const char *base) {
    Text t = text_start(r);
    text_add(&t, base);
    for (size_t i = 0, n = 0; i < r->fields.n; i++) {
        const Param *p = &r->fields.v[i];
        if (!*p->value || !strcmp(p->name, "csrf") || !strcmp(p->name, "form_key") || !strcmp(p->name, "preview"))
            continue;
        text_addf(&t, "%s%s=%s", n++ ? "&" : "?", url_part(r, p->name), url_part(r, p->value));
    }
    return t.s;
}

static void show_near(Req *r, FormView *v, const Head *h) {
    Date end = date_min(date_month_end(h->begin), utility_today(&r->c));
    for (size_t i = 0; i < h->connections.n; i++) {
        if (!is_read(&h->connections.v[i])) continue;
        ReadingRows all = readings_near(&r->c, h->connections.v[i].id, end, NEAR_DAYS);
        Text t = text_start(r);
        for (size_t k = 0; k < all.n && k < NEAR_MOST; k++)
            text_addf(&t, "%s%s: %s", k ? "; " : "", day(r, all.v[k].read_on),
                      locale_reading(&r->c.mem, r->c.locale, all.v[k].value));
        form_set(v, text(r, "mode_%zu", i), "hint", t.n
                 ? msg_format(r, r->c.language, "billing.single.near", { "readings", t.s })
                 : word(r, "billing.single.near_none"));
    }
}

static void single_show(Req *r, const Head *h) {
    show_head(r, h);
    const char *base = text(r, "/bx/generate-single/%s", url_part(r, h->account->account_no));
    const Form *form = form_of(r, h);
    FormView *v = form_show(r, "form", form, base);
    form_fill(r, v, h);
    show_near(r, v, h);
    for (const Field *f = form->fields; f->name && !form_again(v); f++)
        if (query_text(r, f->name)) form_text(v, f->name, query_text(r, f->name));
    show_text(r, "form.title", word(r, "billing.single.new"));
    show_text(r, "form.intro", word(r, "billing.single.how"));
    show_text(r, "form.submits.0.text", word(r, "billing.single.preview_do"));
    show_text(r, "form.submits.0.name", "preview");
    show_text(r, "form.submits.0.value", "1");
    show_text(r, "preview_url", link_path(r, "%s", base));
    show_account(r, h, "show.sections.1");
    show_last_bills(r, h, "show.sections.2");
}

void single_page(Req *r) {
    Head h = head_of(r);
    single_show(r, &h);
    page(r, "billing/single");
    if (!r->again && query_text(r, "kind")) preview(r, &h);
}

/* --- making it ---------------------------------------------------------------------------------------------------- */

static void refuse(Req *r, const BillDraft *d) {
    if (d->outcome == BILL_SKIPPED || d->outcome == BILL_EMPTY || !d->problem_n)
        fail(r, INVALID, "There is nothing to bill.");
    fail(r, INVALID, "%s: %s", d->problems[0].code, d->problems[0].message);
}

void single_post(Req *r) {
    Head h = head_of(r);
    if (field_text(r, "preview")) {
        go(r, "%s", typed_url(r, text(r, "/bx/generate-single/%s", url_part(r, h.account->account_no))));
        return;
    }
    Input *in = form_read(r, form_of(r, &h));
    Single s = wished(r, in, &h);
    problems_end(r);
    account_lock(&r->c, s.account);
    refuse_when_busy(r, s.account);
    const char *waits = take_readings(r, in, &h, &s);
    if (waits) {
        note(r, "%s", waits);
        go(r, "/bx/generate-single/%s", url_part(r, h.account->account_no));
        return;
    }
    Id record = record_make(r, &h, in_text(in, "kind"), s.reason);
    take_charges(r, in, &s, record);
    BillScope scope;
    BillCase *one = single_compute(&r->c, &s, true, &scope);
    if (!one) fail(r, NOT_FOUND, "There is no such account.");
    bool held = one->draft.outcome == BILL_HELD, approver = perm_may(&r->c, "bx.single", APPROVE);
    if (one->draft.outcome != BILL_MADE && !held) refuse(r, &one->draft);
    if (held && !approver) fail(r, INVALID, "%s: %s An approver must make it.", one->draft.problems[0].code,
                                one->draft.problems[0].message);
    if (!approver && one->draft.total.minor > setting_int(&r->c, "bx.single_limit_minor", LIMIT_MINOR))
        fail(r, DENIED, "The bill is above your limit. An approver must make it.");
    bill_cases_store(&r->c, &scope, one, 1);
    if (!one->bill.id) refuse(r, &one->draft);
    if (held) {
        db_must(r, 1, CONFLICT, "update bill set status='draft', hold_code=null where id=? and status='held'",
                one->bill);
        audit_note(&r->c, "release", "bill", one->bill, h.account->account_no, s.reason);
    }
    bill_publish(&r->c, &one->bill, 1, &(Publishing){ .by = r->c.user });
    const char *no = db_text(r, "select bill_no from bill where id=?", one->bill);
    db_run(r, "update single_bill_draft set state='issued', bill_id=? where id=? or (account_id=? and purpose=? and "
              "open_flag=1)",
           one->bill, record, s.account, in_text(in, "kind"));
    audit_note(&r->c, "publish", "bill", one->bill, no, s.reason);
    note(r, "%s", msg_format(r, r->c.language, "billing.single.published", { "bill", no },
                             { "amount", run_money(r, one->draft.total) }));
    go(r, "/bx/bills/%s", url_part(r, no));
}
