/*
 * Bill Generation V2 (BX01US03): a cycle in six stages. A finished stage stays readable (?stage=2).
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "app/billing/run_rules.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/money.h"
#include "lib/table.h"

static const char *const stage_names[] = { "", "Bill cycle", "Consumer data", "Meter readings", "Generate",
                                           "Verify and resolve", "Approve and publish" };

static const char *count_text(Req *r, int64_t n) {
    return number_text(&r->c.mem, n, (NumberFormat){ .decimal = '.', .group = ',' }, (NumberStyle){ 0 });
}

static const char *money_of(Req *r, Money m) {
    int places = utility_here(&r->c)->exponent;
    return number_text(&r->c.mem, m.minor, (NumberFormat){ .decimal = '.', .group = ',' },
                       (NumberStyle){ .places = places, .places_min = places });
}

/* --- list and new ------------------------------------------------------------------------------------------------- */

static const ListAction run_actions[] = { { "New run", "/bx/runs/new", "plus", "bx.run", CREATE, true }, { 0 } };

static const ListSpec runs = {
    .name = "v2_runs", .one = "run", .many = "runs", .path = "/bx/runs", .feature = "bx.run", .id = "r.id",
    .from = "bill_run r join bill_cycle_period p on p.id = r.bill_cycle_period_id "
            "join bill_cycle y on y.id = p.cycle_id left join user u on u.id = r.owner_id "
            "left join user v on v.id = r.approver_id",
    .where = "r.utility_id = ? and r.mode = 'v2'",
    .columns = COLUMNS {
        { "run_no",        "Run",      "r.run_no",        LIST | SORT | SEARCH_START, .link = "/bx/runs/{run_no}",
          .place = "id" },
        { "cycle_name",    "Cycle",    "y.name",          LIST, .place = "name" },
        { "label",         "Period",   "p.label",         LIST },
        { "stage",         "Stage",    "r.stage",         LIST },
        { "owner",         "Owner",    "u.full_name",     LIST },
        { "approver",      "Approver", "v.full_name",     LIST },
        { "started_at",    "Started",  "r.started_at",    LIST | SORT },
        { "account_count", "Accounts", "r.account_count", LIST },
        { "billed_count",  "Bills",    "r.billed_count",  LIST },
        { "error_count",   "Errors",   "r.error_count",   LIST },
        { "amount_minor",  "Amount",   "r.amount_minor",  LIST, .place = "amount" },
        { "state",         "State",    "r.state",         LIST, .place = "status" },
        { 0 } },
    .order = "-started_at", .actions = run_actions, .empty_title = "No run yet",
    .empty_text = "A run takes a cycle through six stages, from check to publication." };

void run_list_page(Req *r) {
    show_text(r, "page.title", "Bill runs");
    list_show(r, &runs, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static const Choice true_ups[] = { { "index", "By index" }, { "rerate", "Rate again" }, { 0 } };
static const Form new_form = {
    .name = "bill_run", .title = "New bill run", .submit = "Create",
    .fields = FIELDS {
        { "cycle",     "Bill cycle", TEXT(1, 20), .flags = REQUIRED },
        { "period",    "Period",     TEXT(1, 20), .flags = REQUIRED, .hint = "As 2026-04" },
        { "bill_date", "Bill date",  DATE_FIELD, .flags = REQUIRED },
        { "due_date",  "Due date",   DATE_FIELD, .flags = REQUIRED },
        { "estimate",  "Estimates are allowed", BOOL, .initial = "1" },
        { "true_up",   "After estimates", CHOICE(true_ups), .initial = "index" },
        { "sample_of", "Only a sample of so many accounts", INT(1, 100000), .hint = "Empty: the whole cycle" },
        { "simulate_only", "Simulate only", BOOL, .hint = "The run ends after its drafts" },
        { "message",   "Message printed on the bills", LONG_TEXT(0, 300) },
        { 0 } } };

#define TWO_ROW(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Two, TWO_ROW)
#define NEXT_ROW(F, T) F(T, const char *, code) F(T, const char *, label) F(T, int, due_days)
ROW(Next, NEXT_ROW)

void run_new_page(Req *r) {
    show_text(r, "page.title", "New bill run");
    show_text(r, "page.crumbs.0.text", "Bill runs");
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs"));
    FormView *v = form_show(r, "form", &new_form, "/bx/runs");
    form_set(v, "cycle", "kind", "select");
    Twos cycles = db_all(r, Two, "select code as value, name as label from bill_cycle where utility_id=? "
                                 "and state='active' order by name", r->c.utility);
    for (size_t i = 0; i < cycles.n; i++) form_option(v, "cycle", cycles.v[i].value, cycles.v[i].label);
    Next *next = db_find(r, Next, "select y.code, p.label, y.due_days from bill_cycle_period p "
                                  "join bill_cycle y on y.id=p.cycle_id where y.utility_id=? and y.state='active' "
                                  "and p.state in ('open', 'running', 'planned') order by p.from_date, y.name limit 1",
                         r->c.utility);
    Date today = utility_today(&r->c);
    if (next) form_text(v, "cycle", next->code), form_text(v, "period", next->label);
    form_date(v, "bill_date", today);
    form_date(v, "due_date", date_add_days(today, next ? next->due_days : 21));
    show_text(r, "form.cancel_url", link_path(r, "/bx/runs"));
    page(r, "layout/form");
}

void run_create_post(Req *r) {
    Input *in = form_read(r, &new_form);
    Id period = in_text(in, "cycle") && in_text(in, "period")
        ? db_id(r, "select p.id from bill_cycle_period p join bill_cycle y on y.id=p.cycle_id where y.utility_id=? "
                   "and y.code=? and y.state='active' and p.label=?", r->c.utility, in_text(in, "cycle"),
                in_text(in, "period")) : (Id){ 0 };
    if (in_text(in, "period") && !period.id) problem(r, "period", "There is no such period.");
    problems_end(r);
    NewRun n = { .period = period, .mode = "v2", .bill_date = in_date(in, "bill_date"),
                 .due_date = in_date(in, "due_date"), .estimate = in_bool(in, "estimate"),
                 .true_up = in_text(in, "true_up"),
                 .sample_of = (int)in_int(in, "sample_of"), .simulate_only = in_bool(in, "simulate_only"),
                 .message = in_text(in, "message") };
    const RunRow *run = run_get(&r->c, run_create(&r->c, &n));
    note(r, "%s is made.", run->run_no);
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- stages ------------------------------------------------------------------------------------------------------- */

static void steps_show(Req *r, const RunRow *run, int shown) {
    for (int i = 1; i <= 6; i++) {
        size_t n = (size_t)i - 1;
        show_text(r, at(r, "steps", n, "text"), stage_names[i]);
        if (i <= run->stage)
            show_text(r, at(r, "steps", n, "url"), link_path(r, "/bx/runs/%s?stage=%d", run->run_no, i));
        show_text(r, at(r, "steps", n, "state"), i == shown ? "now" : i < run->stage ? "done" : "todo");
    }
}

#define LAST_ROW(F, T) F(T, const char *, run_no) F(T, Money, amount_minor) F(T, int64_t, error_count) \
    F(T, int64_t, seconds)
ROW(LastRun, LAST_ROW)

static void stage_cycle(Req *r, const RunRow *run, const RunCounts *k) {
    show_text(r, "show.sections.0.title", "This run");
    show_text(r, "show.sections.0.span", "half");
    show_fact(r, "show.sections.0.facts", "Cycle", run->cycle_name, run->cycle_code);
    show_fact(r, "show.sections.0.facts", "Period", run->label,
              text(r, "%s to %s", locale_date(&r->c.mem, r->c.locale, run->from_date),
                   locale_date(&r->c.mem, r->c.locale, run->to_date)));
    show_fact(r, "show.sections.0.facts", "Consumers covered", count_text(r, k->total), run->sample_of
              ? "a sample" : "the whole cycle");
    if (run->message) show_fact(r, "show.sections.0.facts", "Message", run->message, NULL);
    show_text(r, "show.sections.1.title", "Last run of this cycle");
    show_text(r, "show.sections.1.span", "half");
    LastRun *last = db_find(r, LastRun,
                            "select x.run_no, x.amount_minor, x.error_count, coalesce(timestampdiff(second, "
                            "x.started_at, x.finished_at), 0) as seconds from bill_run x "
                            "join bill_cycle_period p on p.id=x.bill_cycle_period_id "
                                        "where p.cycle_id=? and x.id<>? and x.finished_at is not null "
                                        "order by x.id desc limit 1", run->cycle, run->id);
    if (!last) { show_text(r, "show.sections.1.text", "None yet."); return; }
    show_fact(r, "show.sections.1.facts", "Run", last->run_no, NULL);
    show_fact(r, "show.sections.1.facts", "Amount", money_of(r, last->amount_minor), NULL);
    show_fact(r, "show.sections.1.facts", "Errors", count_text(r, last->error_count), NULL);
    show_fact(r, "show.sections.1.facts", "Duration", text(r, "%lld s", (long long)last->seconds), NULL);
}

#define BLOCKED_ROW(F, T) F(T, const char *, account_no) F(T, const char *, name) F(T, const char *, code) \
    F(T, const char *, message) F(T, Time, since_at)
ROW(Blocked, BLOCKED_ROW)

static void stage_consumers(Req *r, const RunRow *run, const RunCounts *k) {
    run_kpi(r, "Eligible", count_text(r, k->total - k->error - k->skipped), NULL, NULL);
    run_kpi(r, "Warnings",
            count_text(r, db_int(r, "select count(*) from bill_exception where run_id=? and severity='warning' "
                                    "and state in ('open', 'assigned')", run->id)), NULL, NULL);
    run_kpi(r, "Blocked", count_text(r, k->error), NULL, NULL);
    run_kpi(r, "Left out", count_text(r, k->skipped), link_path(r, "/bx/runs/%s/skipped", run->run_no), NULL);
    show_text(r, "show.sections.0.title", "Blocked accounts");
    TableView *t = table_start(r, "show.sections.0.table", "Blocked accounts");
    table_column(t, "Account", "text", "id");
    table_column(t, "Code", "code", "status");
    table_column(t, "Check", "text", "name");
    table_column(t, "Action", "act", NULL);
    Blockeds all = db_all(r, Blocked, "select a.account_no, n.display_name as name, i.error_code as code, i.error_text "
                                      "as message, i.done_at as since_at from bill_run_item i "
                                      "join account a on a.id=i.account_id join consumer n on n.id=a.consumer_id "
                                      "where i.run_id=? and i.state='error' order by i.seq limit 200", run->id);
    bool may = perm_may(&r->c, "bx.run", EDIT);
    for (size_t i = 0; i < all.n; i++) {
        table_row(t, link_path(r, "/cis/accounts/%s", url_part(r, all.v[i].account_no)));
        table_cell(t, all.v[i].account_no);
        table_sub(t, all.v[i].name);
        table_cell(t, all.v[i].code);
        table_cell(t, all.v[i].message);
        table_cell(t, NULL);
        if (!may) continue;
        show_text(r, text(r, "show.sections.0.table.rows.%zu.cells.3.act.text", i), "Leave out");
        show_text(r, text(r, "show.sections.0.table.rows.%zu.cells.3.act.url", i),
                  link_path(r, "/bx/runs/%s/accounts/%s/leave-out", run->run_no, url_part(r, all.v[i].account_no)));
    }
    table_empty(t, "No account is blocked", "All can go on to their readings.");
    if (may && !strcmp(run->state, "checking")) {
        show_text(r, "show.sections.0.actions.0.text", "Re-check");
        show_text(r, "show.sections.0.actions.0.post", "1");
        show_text(r, "show.sections.0.actions.0.url", link_path(r, "/bx/runs/%s/checks", run->run_no));
    }
}

void run_recheck_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    if (strcmp(run->state, "checking") && strcmp(run->state, "ready"))
        fail(r, CONFLICT, "This bill run is %s.", run->state);
    run_check_accounts(&r->c, run, NULL, 0);
    RunCounts k = run_counts(&r->c, run->id);
    note(r, "Eligible %lld, blocked %lld.", (long long)(k.total - k.error - k.skipped), (long long)k.error);
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- readings ----------------------------------------------------------------------------------------------------- */

#define END_DAY "least(p.to_date, coalesce(h.to_on, s.disconnected_on, p.to_date))"
#define NEAR_USE "from usage_segment u where u.service_connection_id = s.id and u.status = 'active' " \
                 "and u.billing_status <> 'billed' and u.to_on between date_sub(" END_DAY \
    ", interval 5 day) and date_add(" END_DAY ", interval 5 day)"
#define READ_STATUS "case when exists (select 1 " NEAR_USE \
    " and u.is_estimated = 0) then 'actual' when exists (select 1 " NEAR_USE ") then 'estimated' " \
    "when exists (select 1 from meter_reading g where g.service_connection_id = s.id " \
    "and g.read_on between date_sub(" END_DAY ", interval 5 day) and date_add(" END_DAY ", interval 5 day) " \
    "and g.status in ('captured', 'pending', 'exempted')) then 'waiting' else 'missing' end"
#define ALL_USE "from usage_segment u where u.service_connection_id = s.id and u.status = 'active' " \
                "and u.billing_status <> 'billed' and u.to_on <= date_add(p.to_date, interval 5 day)"

static const Choice reading_states[] = { { "actual", NULL }, { "estimated", NULL }, { "missing", NULL },
                                         { "waiting", NULL }, { 0 } };
static const ListBulk reading_bulk[] = { { "estimate", "Estimate", "bx.run", EDIT },
                                         { "accept", "Accept", "bx.run", EDIT }, { 0 } };
#define READING_FROM "bill_run_item i join bill_run r on r.id = i.run_id " \
                     "join bill_cycle_period p on p.id = r.bill_cycle_period_id " \
                     "join account a on a.id = i.account_id " \
    "join service_connection_holder h on h.account_id = i.account_id and h.from_on <= p.to_date and (h.to_on is null " \
    "or h.to_on >= p.from_date) join service_connection s on s.id = h.service_connection_id and s.metered = 1 " \
    "and s.status in ('active', 'disconnected')"

static const ListSpec readings = {
    .name = "run_readings", .one = "connection", .many = "connections", .path = "/bx/runs", .feature = "bx.run",
    .id = "s.id", .search_label = "Account or connection",
    .from = READING_FROM, .where = "i.run_id = ? and i.state not in ('skipped', 'rolled_back')",
    .columns = COLUMNS {
        { "connection_no", "Connection", "s.connection_no", LIST | SORT | SEARCH_START, .place = "id" },
        { "account_no",    "Account",    "a.account_no",    LIST | SEARCH_START, .place = "name" },
        { "start_e3",      "Start",      "(select u.from_value_e3 " ALL_USE " order by u.from_on, u.id limit 1)",
          LIST },
        { "end_e3",        "End",        "(select u.to_value_e3 " ALL_USE " order by u.to_on desc, u.id desc limit 1)",
          LIST },
        { "use_e3",        "Use",        "(select sum(u.billing_quantity_e3) " ALL_USE ")", LIST, .place = "amount" },
        { "before_e3",     "Last period", "(select u.billing_quantity_e3 from usage_segment u "
                                          "where u.service_connection_id = s.id and u.status = 'active' "
                                          "and u.billing_status = 'billed' and u.to_on <= p.from_date "
                                          "order by u.to_on desc limit 1)", LIST },
        { "year_e3",       "Last year",  "(select u.billing_quantity_e3 from usage_segment u "
                                         "where u.service_connection_id = s.id and u.status = 'active' and u.to_on "
                                         "between date_sub(p.to_date, interval 385 day) "
                                         "and date_sub(p.to_date, interval 345 day) limit 1)", LIST },
        { "exchanged",     "Exchanged",  "if((select count(distinct u.meter_id) " ALL_USE ") > 1, 'exchanged', null)",
          LIST, .kind = "status" },
        { "status",        "Reading",    READ_STATUS,       LIST | FILTER, .choices = reading_states,
          .place = "status" },
        { 0 } },
    .order = "connection_no", .bulk = reading_bulk, .key = "connection_no" };

#define READ_COUNT(F, T) F(T, int64_t, actual) F(T, int64_t, estimated) F(T, int64_t, missing) F(T, int64_t, waiting) \
    F(T, int64_t, exchanged) F(T, int64_t, high) F(T, int64_t, low) F(T, int64_t, zero)
ROW(ReadCount, READ_COUNT)

static void stage_readings(Req *r, const RunRow *run) {
    ReadCount *n = db_one(r, ReadCount,
        "select coalesce(sum(x.status = 'actual'), 0) as actual, coalesce(sum(x.status = 'estimated'), 0) "
        "as estimated, coalesce(sum(x.status = 'missing'), 0) as missing, coalesce(sum(x.status = "
        "'waiting'), 0) as waiting, "
        "coalesce(sum(x.meters > 1), 0) as exchanged, coalesce(sum(x.use_e3 > 2 * x.before_e3), 0) as high, "
        "coalesce(sum(x.use_e3 * 2 < x.before_e3 and x.use_e3 > 0), 0) as low, coalesce(sum(x.use_e3 = 0), 0) as zero "
        "from (select " READ_STATUS " as status, (select count(distinct u.meter_id) " ALL_USE
            ") as meters, (select sum(u.billing_quantity_e3) " ALL_USE ") as use_e3, "
        "(select u.billing_quantity_e3 from usage_segment u where u.service_connection_id = s.id "
        "and u.status = 'active' and u.billing_status = 'billed' and u.to_on <= p.from_date "
        "order by u.to_on desc limit 1) as before_e3 "
        "from " READING_FROM " where i.run_id = ? and i.state not in ('skipped', 'rolled_back')) x", run->id);
    const char *path = link_path(r, "/bx/runs/%s/readings?status=", run->run_no);
    run_kpi(r, "Actual", count_text(r, n->actual), text(r, "%sactual", path), NULL);
    run_kpi(r, "Estimated", count_text(r, n->estimated), text(r, "%sestimated", path), NULL);
    run_kpi(r, "Missing", count_text(r, n->missing), text(r, "%smissing", path), NULL);
    run_kpi(r, "Waiting", count_text(r, n->waiting), text(r, "%swaiting", path), NULL);
    run_kpi(r, "Exchanged meters", count_text(r, n->exchanged), NULL, NULL);
    run_kpi(r, "High", count_text(r, n->high), NULL, NULL);
    run_kpi(r, "Low", count_text(r, n->low), NULL, NULL);
    run_kpi(r, "Zero", count_text(r, n->zero), NULL, NULL);
    show_text(r, "show.sections.0.title", "Readings");
    show_text(r, "show.sections.0.text", "Readings that are missing or wait are estimated, entered in metering, "
                                         "or their accounts are left out.");
    show_text(r, "show.sections.0.link.text", "All readings of this run");
    show_text(r, "show.sections.0.link.url", link_path(r, "/bx/runs/%s/readings", run->run_no));
}

void run_readings_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    ListSpec spec = readings;
    spec.path = text(r, "/bx/runs/%s/readings", run->run_no);
    spec.bulk_path = spec.path;
    list_show(r, &spec, run->id);
    if (r->status) return;
    show_text(r, "page.title", text(r, "Readings of %s", run->run_no));
    show_text(r, "page.crumbs.0.text", run->run_no);
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs/%s?stage=3", run->run_no));
    page(r, "layout/list");
}

typedef struct { Ctx *c; const RunRow *run; int64_t done, refused; const char **keys; size_t n, room; } Chosen;

static void collect(void *arg, const char *key) {
    Chosen *x = arg;
    if (x->n == x->room) {
        const char **more = take_n(x->c, const char *, x->room ? x->room * 2 : 64);
        if (x->n) memcpy(more, x->keys, x->n * sizeof *more);
        x->keys = more;
        x->room = x->room ? x->room * 2 : 64;
    }
    x->keys[x->n++] = text_copy(x->c, key);
}

void run_readings_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    if (strcmp(run->state, "ready")) fail(r, CONFLICT, "This bill run is %s.", run->state);
    const char *bulk = field_text(r, "bulk");
    Chosen x = { .c = &r->c, .run = run };
    ListSpec spec = readings;
    spec.path = spec.bulk_path = text(r, "/bx/runs/%s/readings", run->run_no);
    list_chosen(r, &spec, collect, &x, 5000, run->id);
    if (bulk && !strcmp(bulk, "accept")) {
        note(r, "%s accepted.", x.n == 1 ? "1 reading" : text(r, "%zu readings", x.n));
        go(r, "/bx/runs/%s?stage=3", run->run_no);
        return;
    }
    if (!bulk || strcmp(bulk, "estimate")) fail(r, INVALID, "Choose what is to be done.");
    for (size_t i = 0; i < x.n; i++) {
        Id connection = db_id(r, "select id from service_connection where utility_id=? and connection_no=?",
                              r->c.utility, x.keys[i]);
        if (connection.id && mx_estimate(&r->c, connection, (Id){ 0 }, run->to_date, true).is_known) x.done++;
        else x.refused++;
    }
    audit_write(&r->c, &(Audit){ .action = "estimate", .entity = "bill_run", .id = run->id, .number = run->run_no,
                                 .after = json_pairs(&r->c, "connections", text(r, "%lld", (long long)x.done), NULL) });
    note(r, "%lld estimated, %lld without any basis.", (long long)x.done, (long long)x.refused);
    go(r, "/bx/runs/%s?stage=3", run->run_no);
}

/* --- drafts ------------------------------------------------------------------------------------------------------- */

#define SUM_ROW(F, T) F(T, int64_t, bills) F(T, Money, current) F(T, Money, tax) F(T, int64_t, estimated) \
    F(T, int64_t, qty)
ROW(SumRow, SUM_ROW)

static SumRow *sums_of(Req *r, Id period, Id run) {
    return db_one(r, SumRow, "select count(*) as bills, coalesce(sum(current_charges_minor), 0) as current, "
                             "coalesce(sum(tax_minor), 0) as tax, coalesce(sum(is_estimated), 0) as estimated, "
                             "coalesce(sum(usage_qty_micro), 0) as qty from bill "
                             "where utility_id=? and ((? is not null and bill_run_id=? "
                             "and status in ('draft', 'held', 'approved', 'published')) or (? is not null "
                             "and bill_cycle_period_id=? and status='published'))", r->c.utility, run, run, period,
                                 period);
}

static void compare(Req *r, TableView *t, const char *label, const SumRow *now, const SumRow *then) {
    table_row(t, NULL);
    table_cell(t, label);
    table_int(t, then->bills);
    table_money(t, then->current);
    table_cell(t, quantity_decimal(&r->c.mem, (Quantity){ then->qty }));
    table_cell(t, then->current.minor
               ? text(r, "%+lld %%", (long long)percent_change(now->current.minor, then->current.minor)) : "-");
}

#define SIZE_ROW(F, T) F(T, const char *, label) F(T, int64_t, n)
ROW(BillSize, SIZE_ROW)

static void stage_drafts(Req *r, const RunRow *run, const RunCounts *k) {
    run_progress(r, run, k);
    SumRow *now = sums_of(r, (Id){ 0 }, run->id);
    run_kpi(r, "Bills", count_text(r, now->bills), link_path(r, "/bx/runs/%s/bills", run->run_no), NULL);
    run_kpi(r, "Current charges", money_of(r, now->current), NULL, NULL);
    run_kpi(r, "Tax", money_of(r, now->tax), NULL, NULL);
    run_kpi(r, "Use", quantity_decimal(&r->c.mem, (Quantity){ now->qty }), NULL, NULL);
    run_kpi(r, "Average bill", now->bills ? money_of(r, money_ratio(now->current, 1, now->bills, ROUND_HALF_UP)) : "-",
            NULL, NULL);
    run_kpi(r, "Estimated share", now->bills ? text(r, "%lld %%", (long long)(now->estimated * 100 / now->bills)) : "-",
            NULL, NULL);
    Id before = db_id(r, "select id from bill_cycle_period where cycle_id=? and to_date<? "
                         "order by to_date desc limit 1", run->cycle, run->from_date);
    Id year = db_id(r, "select id from bill_cycle_period where cycle_id=? and from_date between ? and ? limit 1",
                    run->cycle, date_add_days(date_add_months(run->from_date, -12), -10),
                    date_add_days(date_add_months(run->from_date, -12), 10));
    show_text(r, "show.sections.0.title", "Against earlier periods");
    TableView *t = table_start(r, "show.sections.0.table", "Against earlier periods");
    table_column(t, "Period", "text", "id");
    table_column(t, "Bills", "num", NULL);
    table_column(t, "Current charges", "money", "amount");
    table_column(t, "Use", "num", NULL);
    table_column(t, "Difference", "num", "status");
    if (before.id) compare(r, t, "Previous period", now, sums_of(r, before, (Id){ 0 }));
    if (year.id) compare(r, t, "Same period last year", now, sums_of(r, year, (Id){ 0 }));
    table_empty(t, "Nothing to compare with", "This is the first period of the cycle.");
    show_text(r, "show.sections.1.title", "By plan and category");
    TableView *p = table_start(r, "show.sections.1.table", "By plan and category");
    table_column(p, "Plan", "text", "id");
    table_column(p, "Category", "text", "name");
    table_column(p, "Bills", "num", NULL);
    table_column(p, "Amount", "money", "amount");
    table_rows_of(p, NULL, "select t.code, k.name, count(*) as bills, sum(b.current_charges_minor) as sum_minor "
                           "from bill b left join tariff_plan t on t.id=b.tariff_plan_id "
                           "left join consumer_category k on k.id=b.category_id "
                           "where b.bill_run_id=? and b.status in ('draft', 'held', 'approved', 'published') "
                           "group by t.code, k.name order by t.code", run->id);
    table_empty(p, "No draft yet", NULL);
    show_text(r, "show.sections.2.title", "Sizes of bills");
    BillSizes sizes = db_all(r, BillSize, "select case when total_minor < 5000 then 'under 50' "
                                          "when total_minor < 10000 then '50 to 100' "
                                          "when total_minor < 20000 then '100 to 200' "
                                          "when total_minor < 50000 then '200 to 500' "
                                          "when total_minor < 100000 then '500 to 1,000' "
                                          "else '1,000 and more' end as label, "
        "count(*) as n from bill where bill_run_id=? and status in ('draft', 'held', 'approved', 'published') "
        "group by label order by min(total_minor)", run->id);
    int64_t most = 1;
    for (size_t i = 0; i < sizes.n; i++) most = sizes.v[i].n > most ? sizes.v[i].n : most;
    for (size_t i = 0; i < sizes.n; i++) {
        show_text(r, at(r, "show.sections.2.bars", i, "label"), sizes.v[i].label);
        show_text(r, at(r, "show.sections.2.bars", i, "value"), count_text(r, sizes.v[i].n));
        show_int(r, at(r, "show.sections.2.bars", i, "pct"), sizes.v[i].n * 100 / most);
    }
}

/* --- exceptions --------------------------------------------------------------------------------------------------- */

static const Choice exception_states[] = { { "open", NULL }, { "assigned", NULL }, { "resolved", NULL },
                                           { "left_out", NULL }, { 0 } };
static const ListBulk exception_bulk[] = { { "release", "Release", "bx.run", APPROVE },
                                           { "recalculate", "Recalculate", "bx.run", EDIT },
                                           { "leave_out", "Leave out", "bx.run", EDIT },
                                           { "assign", "Assign to me", "bx.run", EDIT }, { 0 } };
static const ListSpec exceptions = {
    .name = "run_exceptions", .one = "exception", .many = "exceptions", .path = "/bx/runs", .feature = "bx.run",
    .id = "e.id", .search_label = "Account",
    .from = "bill_exception e join account a on a.id = e.account_id join consumer n on n.id = a.consumer_id "
            "left join user u on u.id = e.assignee_id", .where = "e.run_id = ?",
    .columns = COLUMNS {
        { "code",          "Code",     "e.code",         LIST | SORT | FILTER, .kind = "code", .place = "id" },
        { "account_no",    "Account",  "a.account_no",   LIST | SEARCH_START, .sub = "consumer_name" },
        { "consumer_name", "Consumer", "n.display_name", SEARCH_START },
        { "public_id",     "Key",      "e.public_id",    0 },
        { "message",       "Message",  "e.message",      LIST, .place = "name" },
        { "amount_minor",  "Amount",   "e.amount_minor", LIST | SORT, .place = "amount" },
        { "opened_at",     "Since",    "e.opened_at",    LIST | SORT },
        { "assignee",      "Assignee", "u.full_name",    LIST },
        { "note",          "Note",     "e.note",         LIST },
        { "severity",      "Kind",     "e.severity",     LIST, .kind = "status" },
        { "state",         "State",    "e.state",        LIST | FILTER, .choices = exception_states,
          .place = "status" },
        { 0 } },
    .order = "code", .bulk = exception_bulk, .key = "public_id", .empty_title = "No exception",
    .empty_text = "Every account has its draft." };

void run_exceptions_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    ListSpec spec = exceptions;
    spec.path = spec.bulk_path = text(r, "/bx/runs/%s/exceptions", run->run_no);
    list_show(r, &spec, run->id);
    if (r->status) return;
    show_text(r, "page.title", text(r, "Exceptions of %s", run->run_no));
    show_text(r, "page.crumbs.0.text", run->run_no);
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs/%s?stage=5", run->run_no));
    page(r, "layout/list");
}

#define EXCEPTION_ROW(F, T) F(T, Id, id) F(T, Id, account_id) F(T, const char *, account_no) F(T, const char *, state) \
    F(T, const char *, severity)
ROW(ExceptionRow, EXCEPTION_ROW)

typedef struct { const RunRow *run; const ExceptionRow *e; const char *bulk, *note; } Deed;

static void do_exception(Ctx *c, void *arg) {
    const Deed *d = arg;
    if (!strcmp(d->bulk, "release")) run_release_item(c, d->run, d->e->account_id, d->note);
    else if (!strcmp(d->bulk, "leave_out")) run_leave_out(c, d->run, d->e->account_id, d->note);
    else if (!strcmp(d->bulk, "assign"))
        db_run(c, "update bill_exception set state='assigned', assignee_id=? where id=? "
                  "and state in ('open', 'assigned')", c->user, d->e->id);
    else fail(c, INVALID, "Choose what is to be done.");
}

static const Form reason_form = { .name = "run_bulk", .submit = "Go on",
                                  .fields = FIELDS { { "keys", "Exceptions", HIDDEN(6000) },
    { "bulk", "Action", HIDDEN(20) }, { "note", "Why?", LONG_TEXT(5, 500), .flags = REQUIRED }, { 0 } } };

/* The reason for several at once. */
void run_reason_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *bulk = r->again ? field_text(r, "bulk") : query_text(r, "bulk"), *keys = r->again
        ? field_text(r, "keys") : query_text(r, "keys");
    if (!bulk || !keys) fail(r, NOT_FOUND, "Nothing was chosen.");
    size_t n = 1;
    for (const char *s = keys; *s; s++) n += *s == ',';
    show_text(r, "page.title", text(r, "%s %zu %s?", !strcmp(bulk, "release") ? "Release" : "Leave out", n,
                                    n == 1 ? "account" : "accounts"));
    show_text(r, "page.crumbs.0.text", run->run_no);
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs/%s?stage=5", run->run_no));
    FormView *v = form_show(r, "confirm", &reason_form, text(r, "/bx/runs/%s/exceptions", run->run_no));
    form_text(v, "keys", keys);
    form_text(v, "bulk", bulk);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.back_url", link_path(r, "/bx/runs/%s/exceptions", run->run_no));
    page(r, "layout/confirm");
}

static void split(Chosen *x, const char *keys) {
    for (const char *s = keys; *s && x->n < 200;) {
        size_t n = strcspn(s, ",");
        if (n) collect(x, text_copy_n(x->c, s, n));
        s += n + (s[n] == ',');
    }
}

/* Ticked exceptions; what needs a reason asks for it first. */
void run_exceptions_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *bulk = field_text(r, "bulk"), *given = field_text(r, "note");
    if (!bulk) fail(r, INVALID, "Choose what is to be done.");
    if (strcmp(run->state, "review") && strcmp(run->state, "awaiting_approval"))
        fail(r, CONFLICT, "This bill run is %s.", run->state);
    perm_check(&r->c, "bx.run", !strcmp(bulk, "release") ? APPROVE : EDIT);
    Chosen x = { .c = &r->c, .run = run };
    ListSpec spec = exceptions;
    spec.path = spec.bulk_path = text(r, "/bx/runs/%s/exceptions", run->run_no);
    if (field_text(r, "keys")) split(&x, field_text(r, "keys"));
    else list_chosen(r, &spec, collect, &x, 200, run->id);
    bool needs_reason = !strcmp(bulk, "release") || !strcmp(bulk, "leave_out");
    if (needs_reason && !given && !field_text(r, "keys")) {
        Text keys = text_start(r);
        for (size_t i = 0; i < x.n; i++) text_addf(&keys, "%s%s", i ? "," : "", x.keys[i]);
        go(r, "/bx/runs/%s/exceptions/reason?bulk=%s&keys=%s", run->run_no, bulk, keys.s ? keys.s : "");
        return;
    }
    if (needs_reason && (!given || strlen(given) < 5))
        fail_field(r, INVALID, "note", "Enter a reason of at least 5 characters.");
    Id *again = take_n(r, Id, x.n + 1);
    size_t again_n = 0;
    Text refused = text_start(r);
    for (size_t i = 0; i < x.n; i++) {
        ExceptionRow *e = db_find(r, ExceptionRow, "select e.id, e.account_id, a.account_no, e.state, e.severity "
                                                   "from bill_exception e join account a on a.id=e.account_id "
                                                   "where e.public_id=? and e.run_id=?", x.keys[i], run->id);
        if (!e) continue;
        if (!strcmp(bulk, "recalculate")) { again[again_n++] = e->account_id; x.done++; continue; }
        Deed d = { run, e, bulk, given };
        if (db_savepoint(&r->c, do_exception, &d)) x.done++;
        else x.refused++, text_addf(&refused, " %s", r->c.failure.text);
    }
    if (again_n) {
        run_again(&r->c, run, "error,held,calculated", again, again_n);
        machine_move(&r->c, &run_v2, run->id, "recalculate", NULL, NULL);
    }
    run_totals(&r->c, run->id);
    note(r, "%lld done, %lld refused.%s", (long long)x.done, (long long)x.refused, refused.s ? refused.s : "");
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- verify: sample and checklist --------------------------------------------------------------------------------- */

static Json checklist_of(Req *r, const RunRow *run) {
    return run->checklist ? json_read(&r->c.mem, run->checklist, strlen(run->checklist), 1 << 20, NULL) : (Json){ 0 };
}

static void checklist_show(Req *r, const RunRow *run, const char *section, bool may) {
    Json list = checklist_of(r, run);
    show_text(r, text(r, "%s.title", section), "Checklist");
    TableView *t = table_start(r, text(r, "%s.table", section), "Checklist");
    table_column(t, "Check", "text", "id");
    table_column(t, "Done", "text", "status");
    table_column(t, "Action", "act", NULL);
    for (int i = 0; run_checks[i].key; i++) {
        const CheckItem *k = &run_checks[i];
        Json tick = json_member(list, text(r, "tick:%s", k->key));
        const char *who = json_text(tick, "by");
        bool automatic = k->is_automatic, done = run_check_done(&r->c, run, k->key);
        table_row(t, NULL);
        table_cell(t, k->label);
        table_sub(t, k->hint);
        table_cell(t, who ? text(r, "%s%s%s", who, json_text(tick, "note") ? ": " : "", json_text(tick, "note")
                                 ? json_text(tick, "note") : "") : automatic ? (done ? "By the system" : "Open")
                   : "Open");
        table_cell(t, NULL);
        if (automatic || done || !may) continue;
        const char *cell = text(r, "%s.table.rows.%d.cells.2.act", section, i);
        show_text(r, text(r, "%s.text", cell), "Tick");
        show_text(r, text(r, "%s.post", cell), "1");
        show_text(r, text(r, "%s.name", cell), "key");
        show_text(r, text(r, "%s.value", cell), k->key);
        show_text(r, text(r, "%s.url", cell), link_path(r, "/bx/runs/%s/checklist", run->run_no));
    }
}

static void sample_show(Req *r, const RunRow *run, const char *section, bool may) {
    Json list = checklist_of(r, run);
    JsonMember *m = json_members(&r->c.mem, list);
    show_text(r, text(r, "%s.title", section), "Spot sample");
    TableView *t = table_start(r, text(r, "%s.table", section), "Spot sample");
    table_column(t, "Bill", "text", "id");
    table_column(t, "Why", "text", "name");
    table_column(t, "Amount", "money", "amount");
    table_column(t, "Seen", "text", "status");
    table_column(t, "Action", "act", NULL);
    size_t row = 0;
    for (size_t i = 0; i < json_size(list); i++) {
        if (strncmp(m[i].name, "sample:", 7)) continue;
        const char *id = m[i].name + 7, *seen = json_text(json_member(list, text(r, "seen:%s", id)), "by");
        Two *b = db_find(r, Two, "select a.account_no as value, cast(b.total_minor as char) as label from bill b "
                                 "join account a on a.id=b.account_id where b.id=?", (Id){ strtoll(id, NULL, 10) });
        if (!b) continue;
        table_row(t, link_path(r, "/bx/bills/draft-%s", id));
        table_cell(t, b->value);
        table_cell(t, json_text(m[i].value, ""));
        table_money(t, (Money){ strtoll(b->label, NULL, 10) });
        table_cell(t, seen ? seen : "Not yet");
        table_cell(t, NULL);
        if (may && !seen) {
            const char *cell = text(r, "%s.table.rows.%zu.cells.4.act", section, row);
            show_text(r, text(r, "%s.text", cell), "Tick off");
            show_text(r, text(r, "%s.post", cell), "1");
            show_text(r, text(r, "%s.name", cell), "bill");
            show_text(r, text(r, "%s.value", cell), id);
            show_text(r, text(r, "%s.url", cell), link_path(r, "/bx/runs/%s/checklist", run->run_no));
        }
        row++;
    }
    table_empty(t, "No sample", "It is drawn when the drafts are made.");
}

/* Ticks: `key` of the checklist (with a note), or `bill` of the
 * sample; `bill=all`: the whole sample has been looked at. */
void run_checklist_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    if (strcmp(run->state, "review")) fail(r, CONFLICT, "This bill run is %s.", run->state);
    const char *key = field_text(r, "key"), *bill = field_text(r, "bill"), *words = field_text(r, "note");
    bool known = false;
    for (const CheckItem *k = run_checks; k->key; k++)
        known = known || (key && !strcmp(k->key, key) && !k->is_automatic);
    if (key && !known) fail(r, INVALID, "There is no such check.");
    if (!key && !bill) fail(r, INVALID, "Choose what is to be ticked.");
    Json list = checklist_of(r, run);
    JsonMember *m = json_members(&r->c.mem, list);
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    const char *tick = json_pairs(&r->c, "by", r->c.user_name ? r->c.user_name : "-", "at",
                                  time_iso(&r->c.mem, r->c.now), "note", words, NULL);
    const char *name = key ? text(r, "tick:%s", key) : NULL;
    json_open_object(&o, NULL);
    for (size_t i = 0; i < json_size(list); i++) {
        bool is_sample = !strncmp(m[i].name, "sample:", 7);
        if (name && !strcmp(m[i].name, name)) continue;
        if (is_sample) json_add_text(&o, m[i].name, json_text(m[i].value, ""));
        else json_add_json(&o, m[i].name, json_pairs(&r->c, "by", json_text(m[i].value, "by"), "at",
                                                     json_text(m[i].value, "at"), "note", json_text(m[i].value, "note"),
                                                     NULL));
        const char *seen = text(r, "seen:%s", is_sample ? m[i].name + 7 : "");
        if (is_sample && bill && (!strcmp(bill, "all") || !strcmp(bill, m[i].name + 7))
            && json_kind(json_member(list, seen)) == JSON_KIND_NONE) json_add_json(&o, seen, tick);
    }
    if (name) json_add_json(&o, name, tick);
    json_close(&o);
    db_run(r, "update bill_run set checklist=? where id=?", t.s, run->id);
    audit_write(&r->c, &(Audit){ .action = "tick", .entity = "bill_run", .id = run->id, .number = run->run_no,
                                 .after = json_pairs(&r->c, "check", key ? key : text(r, "sample %s", bill), NULL),
                                 .reason = words });
    note(r, "Ticked.");
    go(r, "/bx/runs/%s", run->run_no);
}

static void stage_verify(Req *r, const RunRow *run, const RunCounts *k) {
    bool may = perm_may(&r->c, "bx.run", EDIT) && !strcmp(run->state, "review");
    run_kpi(r, "Errors", count_text(r, k->error), link_path(r, "/bx/runs/%s/exceptions?state=open", run->run_no), NULL);
    run_kpi(r, "Held", count_text(r, k->held), link_path(r, "/bx/runs/%s/held", run->run_no), NULL);
    run_kpi(r, "Stale", count_text(r, k->stale), NULL, "must be recalculated");
    show_text(r, "show.sections.0.title", "Exceptions");
    show_text(r, "show.sections.0.link.text", "Work on them");
    show_text(r, "show.sections.0.link.url", link_path(r, "/bx/runs/%s/exceptions", run->run_no));
    TableView *t = table_start(r, "show.sections.0.table", "Exceptions");
    table_column(t, "Code", "code", "id");
    table_column(t, "Account", "text", NULL);
    table_column(t, "Message", "text", "name");
    table_column(t, "Amount", "money", "amount");
    table_column(t, "State", "status", "status");
    table_rows_of(t, NULL, "select e.code, a.account_no, e.message, e.amount_minor, e.state from bill_exception e "
                           "join account a on a.id=e.account_id where e.run_id=? and e.state in ('open', 'assigned') "
                           "order by e.code, a.account_no limit 50", run->id);
    table_empty(t, "No open exception", NULL);
    if (may && k->stale) {
        show_text(r, "show.sections.0.actions.0.text", text(r, "Recalculate %lld stale", (long long)k->stale));
        show_text(r, "show.sections.0.actions.0.post", "1");
        show_text(r, "show.sections.0.actions.0.url", link_path(r, "/bx/runs/%s/recalculation", run->run_no));
    }
    sample_show(r, run, "show.sections.1", may);
    if (may) {
        show_text(r, "show.sections.1.actions.0.text", "All are looked at");
        show_text(r, "show.sections.1.actions.0.post", "1");
        show_text(r, "show.sections.1.actions.0.name", "bill");
        show_text(r, "show.sections.1.actions.0.value", "all");
        show_text(r, "show.sections.1.actions.0.url", link_path(r, "/bx/runs/%s/checklist", run->run_no));
    }
    checklist_show(r, run, "show.sections.2", may);
}

#define STALE_ROW(F, T) F(T, Id, account_id)
ROW(StaleRow, STALE_ROW)

/* what=stale (default), all, or one account. */
void run_recalculate_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *what = field_text(r, "what");
    if (strcmp(run->state, "review")) fail(r, CONFLICT, "This bill run is %s.", run->state);
    Id *ids = NULL;
    size_t n = 0;
    if (!what || strcmp(what, "all")) {
        StaleRows rows = what && strcmp(what, "stale") ? db_all(r, StaleRow, "select id as account_id from account "
            "where utility_id=? and account_no=?", r->c.utility, what)
                                                       : db_all(r, StaleRow, "select account_id from bill "
                                                                             "where bill_run_id=? and stale=1 "
                                                                             "and status in ('draft', 'held', "
                                                                             "'approved')", run->id);
        ids = take_n(r, Id, rows.n + 1);
        for (size_t i = 0; i < rows.n; i++) ids[n++] = rows.v[i].account_id;
        if (!n) fail(r, INVALID, "Nothing is to be recalculated.");
    }
    run_again(&r->c, run, "error,held,calculated", ids, n);
    machine_move(&r->c, &run_v2, run->id, "recalculate", NULL, NULL);
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- approve and publish ------------------------------------------------------------------------------------------ */

static const Form publish_form = { .name = "run_publish", .title = "Publish at", .submit = "Publish at this time",
                                   .fields = FIELDS {
    { "publish_at", "Date and time", TEXT(1, 30), .flags = REQUIRED,
      .hint = "As 2026-05-03T06:00, in the utility's time" }, { 0 } } };

static const Form back_form = { .name = "run_back", .title = "Send back", .submit = "Send back",
                                .fields = FIELDS { { "reason", "Why?", LONG_TEXT(5, 500), .flags = REQUIRED },
    { 0 } } };

static void stage_publish(Req *r, const RunRow *run, const RunCounts *k) {
    if (!strcmp(run->state, "publishing") || !strcmp(run->state, "published") || !strcmp(run->state, "closed")
        || k->published) run_progress(r, run, k);
    SumRow *now = sums_of(r, (Id){ 0 }, run->id);
    run_kpi(r, "Bills", count_text(r, now->bills), link_path(r, "/bx/runs/%s/bills", run->run_no), NULL);
    run_kpi(r, "Total", money_of(r, k->amount), NULL, NULL);
    run_kpi(r, "Tax", money_of(r, k->tax), NULL, NULL);
    run_kpi(r, "Undecided", count_text(r, k->error + k->held), link_path(r, "/bx/runs/%s/held", run->run_no), NULL);
    run_kpi(r, "Stale", count_text(r, k->stale), NULL, NULL);
    checklist_show(r, run, "show.sections.0", false);
    show_text(r, "show.sections.1.title", "Deliveries");
    TableView *t = table_start(r, "show.sections.1.table", "Deliveries");
    table_column(t, "Channel", "text", "id");
    table_column(t, "State", "status", "status");
    table_column(t, "Bills", "num", "amount");
    table_rows_of(t, NULL, "select d.channel, d.state, count(*) as n from bill_delivery d "
                           "join bill b on b.id=d.bill_id where b.bill_run_id=? "
                           "group by d.channel, d.state order by 1, 2", run->id);
    table_empty(t, "Nothing is delivered yet", "Deliveries begin with publication.");
    if (!strcmp(run->state, "approved") && perm_may(&r->c, "bx.run", APPROVE)) {
        show_text(r, "show.sections.2.title", "Publish later");
        FormView *v = form_show(r, "show.sections.2.form", &publish_form,
                                text(r, "/bx/runs/%s/publication", run->run_no));
        if (time_is_set(run->publish_at))
            form_set(v, "publish_at", "hint", text(r, "Planned for %s UTC", time_mysql(&r->c.mem, run->publish_at)));
    }
    if ((!strcmp(run->state, "awaiting_approval") || !strcmp(run->state, "approved"))
        && perm_may(&r->c, "bx.run", APPROVE)) {
        show_text(r, "show.sections.3.title", "Send back to stage 5");
        form_show(r, "show.sections.3.form", &back_form, text(r, "/bx/runs/%s/send_back", run->run_no));
    }
}

void run_publish_at_post(Req *r) {
    Input *in = form_read(r, &publish_form);
    Local local;
    const char *typed = in_text(in, "publish_at");
    const Zone *zone = zone_find(utility_here(&r->c)->time_zone);
    Time at_ = TIME_NONE;
    if (typed && !local_parse(typed, &local)) problem(r, "publish_at", "Enter a date and time as 2026-05-03T06:00.");
    else if (typed) at_ = time_of_local(zone ? zone : zone_utc(), local);
    if (time_is_set(at_) && time_compare(at_, r->c.now) <= 0) problem(r, "publish_at", "This time is in the past.");
    problems_end(r);
    RunRow *run = run_of_path(r, "v2");
    if (strcmp(run->state, "approved")) fail(r, CONFLICT, "This bill run is %s.", run->state);
    db_run(r, "update bill_run set publish_at=? where id=?", at_, run->id);
    job_enqueue(&r->c,
                &(NewJob){ .kind = "bill_run.publish", .payload = text(r, "{\"run\":%lld}", (long long)run->id.id),
                           .run_at = at_, .unique_key = text(r, "publish:%lld:%lld", (long long)run->id.id,
        (long long)at_.us) });
    audit_note(&r->c, "publish_at", "bill_run", run->id, run->run_no, typed);
    note(r, "%s is published at %s.", run->run_no, typed);
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

void run_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    RunCounts k = run_counts(&r->c, run->id);
    int64_t shown = query_int(r, "stage", run->stage);
    if (shown < 1 || shown > run->stage)
        fail(r, CONFLICT, "%s is in stage %d, %s.", run->run_no, run->stage, stage_names[run->stage]);
    run_head(r, run, &k, "");
    steps_show(r, run, (int)shown);
    switch (shown) {
    case 1: stage_cycle(r, run, &k); break;
    case 2: stage_consumers(r, run, &k); break;
    case 3: stage_readings(r, run); break;
    case 4: stage_drafts(r, run, &k); break;
    case 5: stage_verify(r, run, &k); break;
    case 6: stage_publish(r, run, &k); break;
    }
    page(r, "billing/run");
}

void run_tab_page(Req *r)  { run_tab(r, "v2", path_text(r, "tab")); }
void run_move_post(Req *r) { run_move(r, "v2", &run_v2); }

/* --- what makes drafts stale -------------------------------------------------------------------------------------- */

#define STALE "update bill b set b.stale=1 where b.utility_id=? " \
              "and b.status in ('draft', 'held', 'approved') and b.kind='cycle' "

static Id payload_id(Ctx *c, const EventRow *e, const char *name) {
    Json p = e->payload ? json_read(&c->mem, e->payload, strlen(e->payload), 65536, NULL) : (Json){ 0 };
    int64_t id = 0;
    if (!json_int(p, name, &id) && json_text(p, name)) id = strtoll(json_text(p, name), NULL, 10);
    return (Id){ id };
}

void stale_by_tariff(Ctx *c, const EventRow *e) {
    Id version = payload_id(c, e, "version_id");
    if (!version.id) version = e->id;
    db_run(c, STALE "and exists (select 1 from bill_segment g join tariff_plan_version v on v.id=? "
                    "where g.bill_id=b.id and g.tariff_plan_id=v.plan_id and g.segment_end>=v.effective_from)",
           c->utility, version);
}

void stale_by_connection(Ctx *c, const EventRow *e) {
    Id connection = payload_id(c, e, "service_connection_id");
    if (!connection.id && e->entity && !strcmp(e->entity, "service_connection")) connection = e->id;
    if (connection.id)
        db_run(c, STALE "and exists (select 1 from bill_segment g where g.bill_id=b.id and g.service_connection_id=?)",
               c->utility, connection);
}

/* A reading passed after the draft: only when its use is not on the draft. */
void stale_by_reading(Ctx *c, const EventRow *e) {
    Id connection = payload_id(c, e, "service_connection_id");
    if (connection.id)
        db_run(c, STALE "and exists (select 1 from bill_segment g "
                        "join usage_segment u on u.service_connection_id=g.service_connection_id and u.status='active' "
                        "and u.billing_status='unbilled' and u.from_on<g.segment_end and u.to_on>=g.segment_start "
                  "where g.bill_id=b.id and g.service_connection_id=?)", c->utility, connection);
}
