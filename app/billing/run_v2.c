/*
 * Bill Generation V2 (BX01US03): a cycle in six stages. A finished stage stays readable (?stage=2).
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "app/billing/run_rules.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"

enum { STAGES = 6 };
static const char *stage_name(Req *r, int stage) { return word(r, text(r, "billing.run.stage_%d", stage)); }

/* --- list and new ------------------------------------------------------------------------------------------------- */

static const ListAction run_actions[] = { { NULL, "/bx/runs/new", "plus", "bx.run", CREATE, true }, { 0 } };

static const Choice run_states[] = { { "setup", NULL }, { "checking", NULL }, { "ready", NULL },
                                     { "calculating", NULL }, { "review", NULL }, { "awaiting_approval", NULL },
                                     { "approved", NULL }, { "publishing", NULL }, { "paused", NULL },
                                     { "published", NULL }, { "closed", NULL }, { "rolling_back", NULL },
                                     { "rolled_back", NULL },
                                     { "cancelled", NULL }, { 0 } };

static const ListSpec runs = {
    .name = "v2_runs", .path = "/bx/runs", .feature = "bx.run", .id = "r.id",
    .from = "bill_run r join bill_cycle_period p on p.id = r.bill_cycle_period_id "
            "join bill_cycle y on y.id = p.cycle_id left join user u on u.id = r.owner_id "
            "left join user v on v.id = r.approver_id",
    .where = "r.utility_id = ? and r.mode = 'v2'",
    .columns = COLUMNS {
        { "run_no",        NULL, "r.run_no",        LIST | SORT | SEARCH_START, .link = "/bx/runs/{run_no}",
          .place = "id" },
        { "cycle_name",    NULL, "y.name",          LIST | FILTER, .place = "name",
          .options = "select name as value, name as label from bill_cycle where utility_id = ? order by name" },
        { "label",         NULL, "p.label",         LIST },
        { "stage",         NULL, "concat(r.stage, ' of ', if(r.simulate_only = 1, 4, 6))", LIST },
        { "owner",         NULL, "u.full_name",     LIST },
        { "approver",      NULL, "v.full_name",     LIST },
        { "started_at",    NULL, "r.started_at",    LIST | SORT },
        { "duration",      NULL, RUN_DURATION,      LIST, .kind = "num" },
        { "account_count", NULL, "r.account_count", LIST },
        { "billed_count",  NULL, "r.billed_count",  LIST },
        { "error_count",   NULL, "r.error_count",   LIST },
        { "amount_minor",  NULL, "r.amount_minor",  LIST, .place = "amount" },
        { "state",         NULL, "r.state",         LIST | FILTER, .choices = run_states, .place = "status" },
        { 0 } },
    .order = "-started_at", .actions = run_actions };

void run_list_page(Req *r) {
    show_text(r, "page.title", word(r, "billing.run.runs"));
    list_show(r, &runs, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static const Choice true_ups[] = { { "index", "billing.true_ups.index" }, { "rerate", "billing.true_ups.rerate" },
                                   { 0 } };
static const Form new_form = {
    .name = "bill_run",
    .fields = FIELDS {
        { "cycle",          TEXT(1, 20), .flags = REQUIRED },
        { "period",         TEXT(1, 20), .flags = REQUIRED },
        { "bill_date",      DATE_FIELD, .flags = REQUIRED },
        { "due_date",       DATE_FIELD, .flags = REQUIRED },
        { "template",       TEXT(0, 22) },
        { "estimate",       BOOL, .initial = "1" },
        { "true_up",        CHOICE(true_ups) },
        { "sample_of",      INT(1, 100000) },
        { "simulate_only",  BOOL },
        { "tariff_version", TEXT(0, 22) },
        { "message",        LONG_TEXT(0, 300) },
        { 0 } } };

#define TWO_ROW(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Two, TWO_ROW)
#define NEXT_ROW(F, T) F(T, const char *, code) F(T, const char *, label) F(T, int, due_days)
ROW(Next, NEXT_ROW)

static void options(FormView *v, const char *field, const char *none, Twos rows) {
    form_set(v, field, "kind", "select");
    if (none) form_option(v, field, "", none);
    for (size_t i = 0; i < rows.n; i++) form_option(v, field, rows.v[i].value, rows.v[i].label);
}

static void all_options(Req *r, FormView *v) {
    form_set(v, "true_up", "blank", word(r, "billing.run.true_up_of_cycle"));
    options(v, "cycle", NULL, db_all(r, Two, "select code as value, name as label from bill_cycle where utility_id=? "
                                             "and state='active' order by name", r->c.utility));
    options(v, "period", NULL, db_all(r, Two,
        "select p.label as value, p.label from bill_cycle_period p join bill_cycle y on y.id=p.cycle_id "
        "where y.utility_id=? and y.state='active' and p.state<>'closed' group by p.label order by min(p.from_date) "
        "desc "
        "limit 36", r->c.utility));
    options(v, "template", word(r, "billing.run.template_of_cycle"), db_all(r, Two,
        "select public_id as value, name as label from bill_template where utility_id=? and state='active' order by "
        "name",
        r->c.utility));
    options(v, "tariff_version", word(r, "billing.run.version_in_force"), db_all(r, Two,
        "select v.public_id as value, concat(p.code, ' ', v.version_no, ', ', v.state, ', ', v.effective_from) as "
        "label "
        "from tariff_plan_version v join tariff_plan p on p.id=v.plan_id where v.utility_id=? "
        "and v.state in ('draft', 'in_review', 'approved', 'active', 'superseded') order by p.code, v.version_no "
        "desc limit 500",
        r->c.utility));
}

void run_new_page(Req *r) {
    show_text(r, "page.title", word(r, "billing.run.new"));
    show_text(r, "page.crumbs.0.text", word(r, "billing.run.runs"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs"));
    FormView *v = form_show(r, "form", &new_form, "/bx/runs");
    all_options(r, v);
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

/* What the form asks for; what is wrong with it is collected. */
static NewRun run_asked(Req *r, Input *in) {
    const char *cycle = in_text(in, "cycle"), *period = in_text(in, "period");
    const char *template = in_text(in, "template"), *version = in_text(in, "tariff_version");
    NewRun n = {
        .mode = "v2", .bill_date = in_date(in, "bill_date"), .due_date = in_date(in, "due_date"),
        .estimate = in_bool(in, "estimate"), .true_up = in_text(in, "true_up"), .sample_of = (int)in_int(in,
                                                                                                         "sample_of"),
        .simulate_only = in_bool(in, "simulate_only"), .message = in_text(in, "message") };
    if (cycle && period)
        n.period = db_id(r, "select p.id from bill_cycle_period p join bill_cycle y on y.id=p.cycle_id where "
                            "y.utility_id=? "
                            "and y.code=? and y.state='active' and p.label=?", r->c.utility, cycle, period);
    run_dates_check(r, in);
    if (period && !n.period.id) problem(r, "period", "There is no such period.");
    if (template)
        n.template = db_id(r, "select id from bill_template where utility_id=? and public_id=? and state='active'",
                           r->c.utility, template);
    if (template && !n.template.id) problem(r, "template", "There is no such template.");
    if (version)
        n.tariff_version = db_id(r, "select id from tariff_plan_version where utility_id=? and public_id=?",
                                 r->c.utility, version);
    if (version && !n.tariff_version.id) problem(r, "tariff_version", "There is no such version.");
    else if (version && !n.simulate_only) problem(r, "tariff_version", "Only a simulation uses another version.");
    return n;
}

void run_create_post(Req *r) {
    NewRun n = run_asked(r, form_read(r, &new_form));
    problems_end(r);
    const RunRow *run = run_get(&r->c, run_create(&r->c, &n));
    note(r, "%s", msg_format(r, r->c.language, "billing.run.made", { "run", run->run_no }));
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- stage 1 once more -------------------------------------------------------------------------------------------- */

#define KEPT_ROW(F, T) F(T, const char *, template) F(T, const char *, version) F(T, const char *, true_up) \
    F(T, bool, estimate)
ROW(KeptOptions, KEPT_ROW)

void run_options_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    run_must_be(r, run, "setup");
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.run.change_of", { "run", run->run_no }));
    show_text(r, "page.crumbs.0.text", word(r, "billing.run.runs"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs"));
    show_text(r, "page.crumbs.1.text", run->run_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/bx/runs/%s", run->run_no));
    FormView *v = form_show(r, "form", &new_form, text(r, "/bx/runs/%s/options", run->run_no));
    all_options(r, v);
    KeptOptions *o = db_one(r, KeptOptions,
        "select (select t.public_id from bill_template_version x join bill_template t on t.id = x.template_id "
        "where x.id = r.template_version_id) as template, (select public_id from tariff_plan_version "
        "where id = json_value(r.options, '$.tariff_version')) as version, json_value(r.options, "
        "'$.true_up') as true_up, coalesce(json_value(r.options, '$.estimate'), '1') in ('1', 'true') "
        "as estimate from bill_run r where r.id = ?", run->id);
    form_text(v, "cycle", run->cycle_code);
    form_text(v, "period", run->label);
    form_date(v, "bill_date", run->bill_date);
    form_date(v, "due_date", run->due_date);
    form_text(v, "template", o->template);
    form_bool(v, "estimate", o->estimate);
    form_text(v, "true_up", o->true_up);
    if (run->sample_of) form_int(v, "sample_of", run->sample_of);
    form_bool(v, "simulate_only", run->simulate_only);
    form_text(v, "tariff_version", o->version);
    form_text(v, "message", run->message);
    form_version(v, run->row_version);
    show_text(r, "form.submit", word(r, "ui.save"));
    show_text(r, "form.cancel_url", link_path(r, "/bx/runs/%s", run->run_no));
    page(r, "layout/form");
}

void run_options_post(Req *r) {
    Input *in = form_read(r, &new_form);
    NewRun n = run_asked(r, in);
    problems_end(r);
    RunRow *run = run_of_path(r, "v2");
    if (in->row_version != run->row_version) fail(r, CONFLICT, "%s", word(r, "ui.conflict_short"));
    run_change(&r->c, run, &n);
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- stages ------------------------------------------------------------------------------------------------------- */

static void steps_show(Req *r, const RunRow *run, int shown) {
    for (int i = 1; i <= (run->simulate_only ? 4 : STAGES); i++) {
        size_t n = (size_t)i - 1;
        show_text(r, at(r, "steps", n, "text"), stage_name(r, i));
        if (i <= run->stage)
            show_text(r, at(r, "steps", n, "url"), link_path(r, "/bx/runs/%s?stage=%d", run->run_no, i));
        show_text(r, at(r, "steps", n, "state"), i == shown ? "now" : i < run->stage ? "done" : "todo");
    }
}

#define LAST_ROW(F, T) F(T, Id, id) F(T, const char *, run_no) F(T, Money, amount_minor) F(T, int64_t, error_count) \
    F(T, int64_t, seconds)
ROW(LastRun, LAST_ROW)
#define CHOSEN_ROW(F, T) F(T, const char *, template) F(T, const char *, version) F(T, const char *, true_up) \
    F(T, bool, estimate)
ROW(ChosenOptions, CHOSEN_ROW)

static void show_choices(Req *r, const RunRow *run, const RunCounts *k, const char *facts) {
    ChosenOptions *o = db_one(r, ChosenOptions,
        "select t.name as template, (select concat(p.code, ' ', v.version_no) from tariff_plan_version v join "
        "tariff_plan p "
        "on p.id = v.plan_id where v.id = json_value(r.options, '$.tariff_version')) as version, "
        "coalesce(json_value(r.options, '$.true_up'), y.true_up) as true_up, "
        "coalesce(json_value(r.options, '$.estimate'), '1') in ('1', 'true') as estimate from bill_run r "
        "join bill_cycle_period q on q.id = r.bill_cycle_period_id join bill_cycle y on y.id = q.cycle_id "
        "left join bill_template_version x on x.id = r.template_version_id left join bill_template t on t.id = "
        "x.template_id "
        "where r.id = ?", run->id);
    const char *from = locale_date(&r->c.mem, r->c.locale, run->from_date);
    const char *to = locale_date(&r->c.mem, r->c.locale, run->to_date);
    show_fact(r, facts, word(r, "billing.run.cycle"), run->cycle_name, run->cycle_code);
    show_fact(r, facts, word(r, "billing.run.period"), run->label,
              msg_format(r, r->c.language, "billing.run.from_to", { "from", from }, { "to", to }));
    show_fact(r, facts, word(r, "billing.run.bill_date"), locale_date(&r->c.mem, r->c.locale, run->bill_date),
        msg_format(r, r->c.language, "billing.run.due", { "on", locale_date(&r->c.mem, r->c.locale, run->due_date) }));
    show_fact(r, facts, word(r, "billing.run.covered"), run_count(r, k->total),
              word(r, run->sample_of ? "billing.run.sample_only" : "billing.run.whole_cycle"));
    show_fact(r, facts, word(r, "billing.run.template"), o->template, NULL);
    show_fact(r, facts, word(r, "billing.run.estimation"),
        word(r, o->estimate ? "billing.run.allowed" : "billing.run.not_allowed"),
        word(r, text(r, "billing.run.true_up_%s", o->true_up)));
    if (o->version) show_fact(r, facts, word(r, "billing.run.tariff_version"), o->version, NULL);
    if (run->message) show_fact(r, facts, word(r, "billing.run.message"), run->message, NULL);
}

static void stage_cycle(Req *r, const RunRow *run, const RunCounts *k) {
    const char *facts = "show.sections.1.facts";
    show_text(r, "show.sections.0.title", word(r, "billing.run.this"));
    show_text(r, "show.sections.0.span", "half");
    show_choices(r, run, k, "show.sections.0.facts");
    if (!strcmp(run->state, "setup") && perm_may(&r->c, "bx.run", EDIT)) {
        show_text(r, "show.sections.0.link.text", word(r, "billing.run.change"));
        show_text(r, "show.sections.0.link.url", link_path(r, "/bx/runs/%s/options", run->run_no));
    }
    show_text(r, "show.sections.1.title", word(r, "billing.run.last"));
    show_text(r, "show.sections.1.span", "half");
    LastRun *last = db_find(r, LastRun, "select x.id, x.run_no, x.amount_minor, x.error_count, "
                                        "coalesce(timestampdiff(second, x.started_at, x.finished_at), 0) as seconds "
                                        "from bill_run x join bill_cycle_period p on p.id=x.bill_cycle_period_id "
                                        "where p.cycle_id=? and x.id<>? and x.finished_at is not null and "
                                        "x.simulate_only=0 "
                                        "order by x.id desc limit 1", run->cycle, run->id);
    if (!last) { show_text(r, "show.sections.1.text", word(r, "billing.run.last_none")); return; }
    show_fact(r, facts, word(r, "billing.run.run"), last->run_no, NULL);
    show_fact(r, facts, word(r, "billing.run.amount"), run_money(r, last->amount_minor), NULL);
    show_fact(r, facts, word(r, "billing.run.use"),
              locale_quantity(&r->c.mem, r->c.locale, run_sums(&r->c, last->id, (Id){ 0 })->used, NULL), NULL);
    show_fact(r, facts, word(r, "billing.run.errors"), run_count(r, last->error_count), NULL);
    show_fact(r, facts, word(r, "billing.run.duration"), run_span(r, last->seconds), NULL);
}

/* --- consumers ---------------------------------------------------------------------------------------------------- */

#define BLOCKED_ROW(F, T) F(T, const char *, account_no) F(T, const char *, name) F(T, const char *, code) \
    F(T, const char *, message) F(T, const char *, severity) F(T, Time, since_at)
ROW(Blocked, BLOCKED_ROW)
enum { BLOCKED_SHOWN = 200 };

/* While a job is at it; when that has died, "Check all again" begins anew. */
static void show_checking(Req *r, const RunRow *run, const RunCounts *k) {
    int64_t done = run_checked(&r->c, run->id);
    if (done < 0) return;
    show_text(r, "job.state", "running");
    show_text(r, "job.state_text", word(r, "billing.run.checking"));
    show_text(r, "job.tone", "info");
    show_int(r, "job.max", k->total);
    show_int(r, "job.value", done);
    show_text(r, "job.percent_text", text(r, "%s of %s", run_count(r, done), run_count(r, k->total)));
    show_text(r, "job.poll_url", link_path(r, "/bx/runs/%s", run->run_no));
}

static void stage_consumers(Req *r, const RunRow *run, const RunCounts *k) {
    if (!strcmp(run->state, "checking")) show_checking(r, run, k);
    int64_t warnings = db_int(r, "select count(*) from bill_exception where run_id=? and severity='warning' "
                                 "and state in ('open', 'assigned')", run->id);
    run_kpi(r, word(r, "billing.run.eligible"), run_count(r, k->total - k->error - k->skipped), NULL, NULL);
    run_kpi(r, word(r, "billing.run.warnings"), run_count(r, warnings),
            link_path(r, "/bx/runs/%s/exceptions?severity=warning", run->run_no), NULL);
    run_kpi(r, word(r, "billing.run.blocked"), run_count(r, k->error), link_path(r, "/bx/runs/%s/errors", run->run_no),
        NULL);
    run_kpi(r, word(r, "billing.run.left_out"), run_count(r, k->skipped),
        link_path(r, "/bx/runs/%s/skipped", run->run_no), NULL);
    const char *table = "show.sections.0.table";
    show_text(r, "show.sections.0.title", word(r, "billing.run.blocked_accounts"));
    TableView *t = table_start(r, table, word(r, "billing.run.blocked_accounts"));
    table_column(t, word(r, "billing.run.account"), "code", "id");
    table_column(t, word(r, "billing.run.kind"), "status", "status");
    table_column(t, word(r, "billing.run.code"), "code", NULL);
    table_column(t, word(r, "billing.run.check"), "text", "name");
    table_column(t, word(r, "billing.run.since"), "date", NULL);
    table_column(t, word(r, "billing.run.mend"), "text", NULL);
    table_column(t, word(r, "billing.run.action"), "act", NULL);
    table_column(t, word(r, "billing.run.recheck"), "act", NULL);
    Blockeds all = db_all(r, Blocked,
        "select a.account_no, n.display_name as name, e.code, e.message, e.severity, e.opened_at as since_at "
        "from bill_exception e join account a on a.id=e.account_id join consumer n on n.id=a.consumer_id "
        "where e.run_id=? and e.severity in ('error', 'warning') and e.state in ('open', 'assigned') "
        "order by e.severity, a.account_no, e.code limit ?",
        run->id, BLOCKED_SHOWN);
    bool may = perm_may(&r->c, "bx.run", EDIT) && !strcmp(run->state, "checking");
    for (size_t i = 0; i < all.n; i++) {
        const Blocked *b = &all.v[i];
        table_row(t, NULL);
        table_cell(t, b->account_no);
        table_sub(t, b->name);
        table_state(t, !strcmp(b->severity, "error") ? "blocked" : "warning");
        table_cell(t, b->code);
        table_cell(t, b->message);
        table_cell(t, locale_time(&r->c.mem, r->c.locale, b->since_at));
        table_cell(t, word(r, "billing.run.mend_account"));
        table_link(t, link_path(r, "/cis/accounts/%s", url_part(r, b->account_no)));
        table_cell(t, NULL);
        table_cell(t, NULL);
        if (!may) continue;
        const char *leave = link_path(r, "/bx/runs/%s/accounts/%s/leave-out", run->run_no, url_part(r, b->account_no));
        const char *again = link_path(r, "/bx/runs/%s/checks", run->run_no);
        run_row_act(r, table, i, 6, &(RunAct){ word(r, "billing.run.leave_out"), leave, NULL, NULL });
        run_row_act(r, table, i, 7, &(RunAct){ word(r, "billing.run.recheck"), again, "account", b->account_no });
    }
    table_empty(t, word(r, "billing.run.blocked_none"), word(r, "billing.run.blocked_none_how"));
    if (!may) return;
    show_text(r, "show.sections.0.actions.0.text", word(r, "billing.run.recheck_all"));
    show_text(r, "show.sections.0.actions.0.post", "1");
    show_text(r, "show.sections.0.actions.0.url", link_path(r, "/bx/runs/%s/checks", run->run_no));
}

static void run_check_account(Ctx *c, const RunRow *run, Id account) {
    int64_t seq = db_int(c, "select seq from bill_run_item where run_id=? and account_id=?", run->id, account);
    run_check_places(c, run, seq - 1, seq);
}

/* All, or the one account named. */
void run_recheck_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    run_must_be(r, run, "checking,ready");
    const char *account_no = field_text(r, "account");
    Id account = account_no ? db_id(r, "select i.account_id from bill_run_item i join account a on a.id=i.account_id "
                                       "where i.run_id=? and a.account_no=?", run->id, account_no) : (Id){ 0 };
    if (account_no && !account.id) fail(r, INVALID, "%s is not in the run.", account_no);
    if (!account_no) run_check_all(&r->c, run->id);
    else run_check_account(&r->c, run, account);
    if (run_checked(&r->c, run->id) >= 0) {
        note(r, "%s", word(r, "billing.run.checking_on"));
        go(r, "/bx/runs/%s", run->run_no);
        return;
    }
    RunCounts k = run_counts(&r->c, run->id);
    note(r, "%s", msg_format(r, r->c.language, "billing.run.checked",
                             { "eligible", run_count(r, k.total - k.error - k.skipped) },
                             { "blocked", run_count(r, k.error) }));
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- drafts ------------------------------------------------------------------------------------------------------- */

static void compare(Req *r, TableView *t, const char *label, const RunSums *now, const RunSums *then) {
    int64_t away = percent_change(now->current.minor, then->current.minor);
    table_row(t, NULL);
    table_cell(t, label);
    table_int(t, then->bills);
    table_money(t, then->current);
    table_money(t, then->tax);
    table_cell(t, locale_quantity(&r->c.mem, r->c.locale, then->used, NULL));
    table_cell(t, then->current.minor ? text(r, "%+lld %%", (long long)away) : "-");
}

static void show_comparison(Req *r, const RunRow *run, const RunSums *now, const char *section) {
    Id before = run_period_before(&r->c, run), year = run_period_last_year(&r->c, run);
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.against"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.run.against"));
    table_column(t, word(r, "billing.run.period"), "text", "id");
    table_column(t, word(r, "billing.run.bills"), "num", NULL);
    table_column(t, word(r, "billing.run.current"), "money", "amount");
    table_column(t, word(r, "billing.run.tax"), "money", NULL);
    table_column(t, word(r, "billing.run.use"), "num", NULL);
    table_column(t, word(r, "billing.run.difference"), "num", "status");
    if (before.id) compare(r, t, word(r, "billing.run.period_before"), now, run_sums(&r->c, (Id){ 0 }, before));
    if (year.id) compare(r, t, word(r, "billing.run.period_last_year"), now, run_sums(&r->c, (Id){ 0 }, year));
    table_empty(t, word(r, "billing.run.against_none"), word(r, "billing.run.against_first"));
}

#define OF_RUN "b.bill_run_id=? and " RUN_BILLS

static void show_plans(Req *r, const RunRow *run, const char *section) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.by_plan"));
    show_text(r, text(r, "%s.span", section), "half");
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.run.by_plan"));
    table_column(t, word(r, "billing.run.plan"), "code", "id");
    table_column(t, word(r, "billing.run.category"), "text", "name");
    table_column(t, word(r, "billing.run.bills"), "num", NULL);
    table_column(t, word(r, "billing.run.amount"), "money", "amount");
    table_rows_of(t, NULL, "select t.code, k.name, count(*) as bills, sum(b.current_charges_minor) as sum_minor "
                           "from bill b "
                           "left join tariff_plan t on t.id=b.tariff_plan_id "
                           "left join consumer_category k on k.id=b.category_id where " OF_RUN
                           " group by t.code, k.name order by t.code, k.name", run->id);
    table_empty(t, word(r, "billing.run.no_draft"), NULL);
}

#define SIZE_ROW(F, T) F(T, const char *, label) F(T, int64_t, n)
ROW(BillSize, SIZE_ROW)

static void show_sizes(Req *r, const RunRow *run, const char *section) {
    int64_t unit = power_of_ten(utility_here(&r->c)->exponent);
    BillSizes sizes = db_all(r, BillSize,
        "select case when x.units < 50 then 'under 50' when x.units < 100 then '50 to 100' "
        "when x.units < 200 then '100 to 200' when x.units < 500 then '200 to 500' "
        "when x.units < 1000 then '500 to 1,000' else '1,000 and more' end as label, count(*) as n "
        "from (select b.total_minor div ? as units from bill b where " OF_RUN ") x group by label "
        "order by min(x.units)",
        unit, run->id);
    int64_t most = 1;
    for (size_t i = 0; i < sizes.n; i++) most = sizes.v[i].n > most ? sizes.v[i].n : most;
    const char *bars = text(r, "%s.bars", section);
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.sizes"));
    show_text(r, text(r, "%s.span", section), "half");
    for (size_t i = 0; i < sizes.n; i++) {
        show_text(r, at(r, bars, i, "label"), sizes.v[i].label);
        show_text(r, at(r, bars, i, "value"), run_count(r, sizes.v[i].n));
        show_int(r, at(r, bars, i, "pct"), sizes.v[i].n * 100 / most);
    }
}

static void stage_drafts(Req *r, const RunRow *run, const RunCounts *k) {
    run_progress(r, run, k);
    RunSums *now = run_sums(&r->c, run->id, (Id){ 0 });
    Money average = now->bills ? money_ratio(now->current, 1, now->bills, ROUND_HALF_UP) : (Money){ 0 };
    run_kpi(r, word(r, "billing.run.bills"), run_count(r, now->bills), link_path(r, "/bx/runs/%s/bills", run->run_no),
            NULL);
    run_kpi(r, word(r, "billing.run.current"), run_money(r, now->current), NULL, NULL);
    run_kpi(r, word(r, "billing.run.tax"), run_money(r, now->tax), NULL, NULL);
    run_kpi(r, word(r, "billing.run.use"), locale_quantity(&r->c.mem, r->c.locale, now->used, NULL), NULL,
            NULL);
    run_kpi(r, word(r, "billing.run.average"), now->bills ? run_money(r, average) : "-", NULL, NULL);
    run_kpi(r, word(r, "billing.run.estimated_share"),
            now->bills ? text(r, "%lld %%", (long long)(now->estimated * 100 / now->bills)) : "-", NULL, NULL);
    show_comparison(r, run, now, "show.sections.0");
    show_plans(r, run, "show.sections.1");
    show_sizes(r, run, "show.sections.2");
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

void run_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    RunCounts k = run_counts(&r->c, run->id);
    int64_t shown = query_int(r, "stage", run->stage);
    if (shown < 1 || shown > run->stage)
        fail(r, CONFLICT, "%s is in stage %d, %s.", run->run_no, run->stage, stage_name(r, run->stage));
    run_head(r, run, &k, "");
    steps_show(r, run, (int)shown);
    if (!strcmp(run->state, "rolling_back") && shown != 4 && shown != 6) run_progress(r, run, &k);
    switch (shown) {
    case 1: stage_cycle(r, run, &k); break;
    case 2: stage_consumers(r, run, &k); break;
    case 3: run_stage_readings(r, run); break;
    case 4: stage_drafts(r, run, &k); break;
    case 5: run_stage_verify(r, run, &k); break;
    case 6: run_stage_publish(r, run, &k); break;
    }
    page(r, "billing/run");
}

void run_tab_page(Req *r)  { run_tab(r, "v2", path_text(r, "tab")); }
void run_move_post(Req *r) { run_move(r, "v2", &run_v2); }

/* --- what makes drafts stale -------------------------------------------------------------------------------------- */

Id run_payload_id(Ctx *c, const EventRow *e, const char *name) {
    Json p = e->payload ? json_read(&c->mem, e->payload, strlen(e->payload), 65536, NULL) : (Json){ 0 };
    int64_t id = 0;
    if (!json_int(p, name, &id) && json_text(p, name)) id = strtoll(json_text(p, name), NULL, 10);
    return (Id){ id };
}

void stale_by_tariff(Ctx *c, const EventRow *e) {
    Id version = run_payload_id(c, e, "version_id");
    if (!version.id) version = e->id;
    db_run(c, "update bill b set b.stale=1 where b.utility_id=? and b.status in ('draft', 'held', 'approved') "
              "and b.kind='cycle' and exists (select 1 from bill_segment g join tariff_plan_version v on v.id=? "
              "where g.bill_id=b.id and g.tariff_plan_id=v.plan_id and g.segment_end>=v.effective_from)",
           c->utility, version);
}

void stale_by_connection(Ctx *c, const EventRow *e) {
    Id connection = run_payload_id(c, e, "service_connection_id");
    if (!connection.id && e->entity && !strcmp(e->entity, "service_connection")) connection = e->id;
    if (connection.id)
        db_run(c, "update bill_segment g straight_join bill b on b.id=g.bill_id set b.stale=1 where "
                  "g.service_connection_id=? and b.utility_id=? and b.status in ('draft', 'held', 'approved') "
                  "and b.kind='cycle'", connection, c->utility);
}

/* A reading passed after the draft: only when its use is not on the draft. */
void stale_by_reading(Ctx *c, const EventRow *e) {
    Id connection = run_payload_id(c, e, "service_connection_id");
    if (connection.id)
        db_run(c, "update bill_segment g straight_join bill b on b.id=g.bill_id join usage_segment u "
                  "on u.service_connection_id=g.service_connection_id and u.status='active' "
                  "and u.billing_status='unbilled' and u.from_on<g.segment_end and u.to_on>=g.segment_start "
                  "set b.stale=1 where g.service_connection_id=? and b.utility_id=? "
                  "and b.status in ('draft', 'held', 'approved') and b.kind='cycle'", connection, c->utility);
}
