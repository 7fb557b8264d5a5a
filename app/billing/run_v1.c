/*
 * Bill Generation (BX01US01): a cycle period billed from one screen in one go.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "lib/date.h"
#include "lib/kept.h"
#include "lib/list.h"
#include "lib/money.h"
#include "lib/table.h"

static const Form generate_form = {
    .name = "generate",
    .fields = FIELDS {
        { "cycle",        TEXT(1, 20), .flags = REQUIRED },
        { "period",       TEXT(1, 20), .flags = REQUIRED },
        { "bill_date",    DATE_FIELD },
        { "due_date",     DATE_FIELD },
        { "estimate",     BOOL, .initial = "1" },
        { "release_held", BOOL },
        { "message",      LONG_TEXT(0, 300) },
        { 0 } } };

static const Form confirm_form = {
    .name = "generate_confirm",
    .fields = FIELDS {
        { "cycle",        HIDDEN(20), .flags = REQUIRED },
        { "period",       HIDDEN(20), .flags = REQUIRED },
        { "bill_date",    DATE_FIELD, .flags = REQUIRED },
        { "due_date",     DATE_FIELD, .flags = REQUIRED },
        { "estimate",     BOOL },
        { "release_held", BOOL },
        { "message",      LONG_TEXT(0, 300) },
        { "confirm",      TEXT(0, 12) },
        { 0 } } };

#define CHOICE_ROW(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(ChoiceRow, CHOICE_ROW)
#define PICK_ROW(F, T) F(T, Id, id) F(T, Id, cycle) F(T, const char *, cycle_code) F(T, const char *, cycle_name) \
    F(T, const char *, label) F(T, const char *, state) F(T, Date, from_date) F(T, Date, to_date) F(T, int, due_days)
ROW(Pick, PICK_ROW)
#define PICK_SELECT "select p.id, y.id as cycle, y.code as cycle_code, y.name as cycle_name, p.label, p.state, " \
                    "p.from_date, p.to_date, y.due_days from bill_cycle_period p " \
                    "join bill_cycle y on y.id = p.cycle_id "

/* The chosen period, else the next unbilled one of the chosen
 * (or first) active cycle; NULL: there is no active cycle. */
static Pick *pick(Req *r, const char *cycle, const char *period) {
    if (!cycle)
        cycle = db_text(r, "select code from bill_cycle where utility_id=? and state='active' order by name limit 1",
                        r->c.utility);
    if (!cycle) return NULL;
    Pick *p = period ? db_find(r, Pick, PICK_SELECT "where y.utility_id=? and y.code=? "
        "and y.state='active' and p.label=?", r->c.utility, cycle, period) : NULL;
    if (p) return p;
    return db_find(r, Pick, PICK_SELECT "where y.utility_id=? and y.code=? and y.state='active' "
                                        "order by p.state in ('billed', 'closed'), p.from_date limit 1", r->c.utility,
                   cycle);
}

#define EXPECT_ROW(F, T) F(T, int64_t, accounts) F(T, int64_t, billed) F(T, int64_t, missing) F(T, int64_t, waiting) \
    F(T, int64_t, held_before) F(T, Money, expected)
ROW(Expect, EXPECT_ROW)

/* Billed: by a run of the period, or by a single bill that reaches to its end. Without a reading and waiting count only
   what is not billed yet: accounts that have metered supplies without use, and of those alone it is asked whether a
   reading waits. Held last time: in the runs of the period before, whatever became of it. */
static Expect *expect_read(Req *r, const Pick *p) {
    int window = (int)setting_int(&r->c, "bx.reading_window_days", 5);
    Date early = date_add_days(p->to_date, -window), late = date_add_days(p->to_date, window);
    return db_one(r, Expect,
        "select (select count(*) from account_cycle x where x.cycle_id = ? and x.from_period <= ? "
        "and (x.to_period is null or x.to_period >= ?)) as accounts, "
        "(select count(*) from account_cycle x where x.cycle_id = ? and x.from_period <= ? "
        "and (x.to_period is null or x.to_period >= ?) and exists (select 1 from bill b "
        "where b.account_id = x.account_id and b.status = 'published' and " BILLED_HERE ")) as billed, "
        "coalesce(sum(not m.waits), 0) as missing, coalesce(sum(m.waits), 0) as waiting, "
        "(select count(distinct i.account_id) from bill_cycle_period q join bill_run r on r.bill_cycle_period_id = "
        "q.id and r.simulate_only = 0 join bill_run_item i on i.run_id = r.id and (i.state = 'held' or "
        "i.release_reason is not null or exists (select 1 from bill_exception e where e.run_id = i.run_id and "
        "e.account_id = i.account_id and e.severity = 'hold')) where q.cycle_id = ? and q.to_date = "
        "date_sub(?, interval 1 day)) as held_before, "
        "coalesce((select sum(b.current_charges_minor) from bill b "
        "join bill_cycle_period q on q.id = b.bill_cycle_period_id where q.cycle_id = ? and b.status = 'published' "
        "and q.to_date = date_sub(?, interval 1 day)), 0) as expected "
        "from (select x.account_id, exists (select 1 from service_connection_holder y join meter_reading g "
        "on g.service_connection_id = y.service_connection_id and g.read_on between ? and ? "
        "and g.status in ('captured', 'pending', 'exempted') where y.account_id = x.account_id) as waits "
        "from account_cycle x straight_join service_connection_holder h on h.account_id = x.account_id "
        "and h.from_on <= ? and (h.to_on is null or h.to_on >= ?) "
        "straight_join service_connection s on s.id = h.service_connection_id and s.metered = 1 "
        "and s.status in ('active', 'disconnected') "
        "where x.cycle_id = ? and x.from_period <= ? and (x.to_period is null or x.to_period >= ?) "
        "and not exists (select 1 from usage_segment u where u.service_connection_id = s.id and u.status = 'active' "
        "and u.to_on between ? and ?) and not exists (select 1 from bill b where b.account_id = x.account_id "
        "and b.status = 'published' and " BILLED_HERE ") group by x.account_id) m",
        p->cycle, p->to_date, p->from_date, p->cycle, p->to_date, p->from_date, p->id, p->to_date, p->to_date,
        p->cycle, p->from_date, p->cycle, p->from_date, early, late, p->to_date, p->from_date, p->cycle, p->to_date,
        p->from_date, early, late, p->id, p->to_date, p->to_date);
}

/* Of so many accounts once a minute in a worker. */
enum { MANY_ACCOUNTS = 5000 };

static const Expect *expect_of(Req *r, const Pick *p) {
    const char *key = text(r, "%s %lld expected of period %lld", r->c.schema, (long long)r->c.utility.id,
                           (long long)p->id.id);
    Expect *kept = take(r, sizeof(Expect));
    if (kept_find(key, kept, sizeof *kept)) return kept;
    const Expect *e = expect_read(r, p);
    if (e->accounts >= MANY_ACCOUNTS) kept_put(key, e, sizeof *e);
    return e;
}

static void cards(Req *r, const Pick *p) {
    const Expect *e = expect_of(r, p);
    int64_t ready = e->accounts - e->billed - e->missing - e->waiting;
    run_kpi(r, word(r, "billing.generate.accounts"), run_count(r, e->accounts), NULL, NULL);
    run_kpi(r, word(r, "billing.generate.ready"), run_count(r, ready > 0 ? ready : 0), NULL, NULL);
    run_kpi(r, word(r, "billing.generate.missing"), run_count(r, e->missing), NULL, NULL);
    run_kpi(r, word(r, "billing.generate.waiting"), run_count(r, e->waiting), NULL, NULL);
    run_kpi(r, word(r, "billing.generate.held_before"), run_count(r, e->held_before), NULL, NULL);
    run_kpi(r, word(r, "billing.generate.billed"), run_count(r, e->billed), NULL, NULL);
    const char *how = word(r, "billing.generate.expected_how");
    run_kpi(r, word(r, "billing.generate.expected"), run_money(r, e->expected), NULL, how);
}

#define BUSY_ROW(F, T) F(T, Id, id) F(T, const char *, run_no)
ROW(Busy, BUSY_ROW)

/* The run that stands in the way of another one, with a link to it. */
static void show_busy(Req *r, const Pick *p) {
    Busy *busy = db_find(r, Busy, "select id, run_no from bill_run where bill_cycle_period_id=? and (run_flag=1 "
                                  "or (state='completed_with_errors' and simulate_only=0)) order by id desc limit 1",
                         p->id);
    if (!busy) return;
    const RunRow *run = run_get(&r->c, busy->id);
    show_text(r, "page.notices.0.tone", "info");
    show_text(r, "page.notices.0.text", msg_format(r, r->c.language, "billing.generate.busy", { "run", run->run_no },
              { "state", state_label(r, run->state) }));
    show_text(
        r, "page.notices.0.action.text", msg_format(r, r->c.language, "billing.generate.open", { "run", run->run_no }));
    show_text(r, "page.notices.0.action.url", link_path(r, "%s", run_path(&r->c, run)));
}

static void choices(FormView *v, const char *field, ChoiceRows rows) {
    for (size_t i = 0; i < rows.n; i++) form_option(v, field, rows.v[i].value, rows.v[i].label);
}

static const Choice run_states[] = { { "queued", NULL }, { "running", NULL }, { "paused", NULL },
                                     { "completed", NULL }, { "completed_with_errors", NULL },
                                     { "rolling_back", NULL }, { "cancelled", NULL }, { 0 } };

static const ListSpec runs = {
    .name = "v1_runs", .path = "/bx/generate", .feature = "bx.run",
    .id = "r.id",
    .from = "bill_run r join bill_cycle_period p on p.id = r.bill_cycle_period_id "
            "join bill_cycle y on y.id = p.cycle_id left join user u on u.id = r.started_by",
    .where = "r.utility_id = ? and r.mode = 'v1'",
    .columns = COLUMNS {
        { "run_no",          NULL, "r.run_no",        LIST | SORT | SEARCH_START, .link = "/bx/generate/{run_no}",
          .place = "id" },
        { "cycle_name",      NULL, "y.name",          LIST | FILTER, .place = "name",
          .options = "select name as value, name as label from bill_cycle where utility_id = ? order by name" },
        { "label",           NULL, "p.label",         LIST },
        { "started_by_name", NULL, "u.full_name",   LIST },
        { "started_at",      NULL, "r.started_at",    LIST | SORT },
        { "account_count",   NULL, "r.account_count", LIST },
        { "billed_count",    NULL, "r.billed_count",  LIST },
        { "error_count",     NULL, "r.error_count",   LIST },
        { "amount_minor",    NULL, "r.amount_minor",  LIST, .place = "amount" },
        { "duration",        NULL, RUN_DURATION,      LIST, .kind = "num" },
        { "state",           NULL, "r.state",         LIST | FILTER, .choices = run_states, .place = "status" },
        { 0 } },
    .order = "-started_at" };

void generate_page(Req *r) {
    show_text(r, "page.title", word(r, "billing.generate.title"));
    Pick *p = pick(r, query_text(r, "cycle"), query_text(r, "period"));
    list_show(r, &runs, r->c.utility);
    if (r->status) return;                          /* answered with a file */
    page(r, "billing/generate");
    if (!p) {
        show_text(r, "page.notices.0.tone", "info");
        show_text(r, "page.notices.0.text", word(r, "billing.generate.no_cycle"));
        return;
    }
    cards(r, p);
    show_busy(r, p);
    FormView *v = form_show(r, "form", &generate_form, "/bx/generate");
    Date bill = utility_today(&r->c), due = date_add_days(bill, p->due_days), given;
    if (query_text(r, "bill_date") && date_parse_iso(query_text(r, "bill_date"), &given))
        bill = given, due = date_add_days(bill, p->due_days);
    if (query_text(r, "due_date") && date_parse_iso(query_text(r, "due_date"), &given)) due = given;
    form_set(v, "cycle", "kind", "select");
    choices(v, "cycle", db_all(r, ChoiceRow, "select code as value, name as label from bill_cycle where utility_id=? "
                                             "and state='active' order by name", r->c.utility));
    form_text(v, "cycle", p->cycle_code);
    form_set(v, "period", "kind", "select");
    choices(v, "period",
            db_all(r, ChoiceRow, "select label as value, concat(label, if(state in ('billed', 'closed'), concat(' (', "
                                 "state, ')'), '')) as label from bill_cycle_period where cycle_id=? "
                                 "order by from_date desc limit 60", p->cycle));
    form_text(v, "period", p->label);
    form_date(v, "bill_date", bill);
    form_date(v, "due_date", due);
    form_bool(v, "estimate", query_text(r, "cycle") ? query_text(r, "estimate") != NULL : true);
    form_bool(v, "release_held", query_text(r, "release_held") != NULL);
    form_text(v, "message", query_text(r, "message"));
    show_text(r, "form.get", "1");
    if (perm_may(&r->c, "bx.run", APPROVE)) {
        show_text(r, "generate_url", link_path(r, "/bx/generate/confirmation"));
        show_text(r, "generate_text", word(r, "billing.generate.do"));
    }
    if (strcmp(p->state, "closed") && perm_may(&r->c, "bx.run", APPROVE)) {
        show_text(
            r, "page.actions.0.text", msg_format(r, r->c.language, "billing.generate.close", { "period", p->label }));
        show_text(r, "page.actions.0.url", link_path(r, "/bx/generate/close?cycle=%s&period=%s",
                                                     url_part(r, p->cycle_code), url_part(r, p->label)));
    }
}

/* --- confirmation ------------------------------------------------------------------------------------------------- */

static const char *sent(Req *r, const char *name) {
    return r->again || !strcmp(r->method, "POST") ? field_text(r, name) : query_text(r, name);
}

static int64_t accounts_of(Req *r, const Pick *p) {
    return db_int(r, "select count(*) from account_cycle where cycle_id=? and from_period<=? "
                     "and (to_period is null or to_period>=?)", p->cycle, p->to_date, p->from_date);
}

/* The period that is named, not another one in its place. */
static Pick *pick_sent(Req *r) {
    const char *cycle = sent(r, "cycle"), *period = sent(r, "period");
    Pick *p = pick(r, cycle, period);
    if (p && period && strcmp(p->label, period)) return NULL;
    return p && cycle && strcmp(p->cycle_code, cycle) ? NULL : p;
}

void generate_confirm(Req *r) {
    Pick *p = pick_sent(r);
    if (!p) fail(r, NOT_FOUND, "There is no such period.");
    int64_t n = accounts_of(r, p);
    const char *ask = msg_plural(r, r->c.language, "billing.generate.ask", n, run_count(r, n), { "cycle",
                                                                                                 p->cycle_name },
                                 { "period", p->label });
    show_text(r, "page.title", ask);
    show_busy(r, p);
    show_text(r, "page.crumbs.0.text", word(r, "billing.generate.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/generate?cycle=%s&period=%s", url_part(r, p->cycle_code),
                                                url_part(r, p->label)));
    FormView *v = form_show(r, "confirm", &confirm_form, "/bx/generate");
    Date bill = utility_today(&r->c), due, given;
    if (query_text(r, "bill_date") && date_parse_iso(query_text(r, "bill_date"), &given)) bill = given;
    due = date_add_days(bill, p->due_days);
    if (query_text(r, "due_date") && date_parse_iso(query_text(r, "due_date"), &given)) due = given;
    form_text(v, "cycle", p->cycle_code);
    form_text(v, "period", p->label);
    form_date(v, "bill_date", bill);
    form_date(v, "due_date", due);
    form_bool(v, "estimate", query_text(r, "cycle") ? query_text(r, "estimate") != NULL : true);
    form_bool(v, "release_held", query_text(r, "release_held") != NULL);
    form_text(v, "message", query_text(r, "message"));
    form_set(v, "confirm", "label",
        msg_format(r, r->c.language, "billing.generate.type", { "n", text(r, "%lld", (long long)n) }));
    form_set(v, "confirm", "width", "5");
    show_text(r, "confirm.text.0", text(r, "%s %s", ask, word(r, "billing.generate.ask_how")));
    show_text(r, "confirm.back_url", link_path(r, "/bx/generate?cycle=%s&period=%s", url_part(r, p->cycle_code),
                                               url_part(r, p->label)));
    page(r, "layout/confirm");
}

void generate_post(Req *r) {
    Input *in = form_read(r, &confirm_form);
    Pick *p = in_text(in, "cycle") && in_text(in, "period")
        ? db_find(r, Pick, PICK_SELECT "where y.utility_id=? and y.code=? and y.state='active' and p.label=?",
                  r->c.utility, in_text(in, "cycle"), in_text(in, "period")) : NULL;
    if (!p) problem(r, "period", "There is no such period.");
    run_dates_check(r, in);
    problems_end(r);
    NewRun n = { .period = p->id, .mode = "v1", .bill_date = in_date(in, "bill_date"),
                 .due_date = in_date(in, "due_date"), .estimate = in_bool(in, "estimate"),
                 .release_held = in_bool(in, "release_held"), .message = in_text(in, "message") };
    int64_t accounts = accounts_of(r, p);
    const char *typed = in_text(in, "confirm");
    if (!typed || strcmp(typed, text(r, "%lld", (long long)accounts)))
        problem(r, "confirm", "Type %lld to confirm.", (long long)accounts);
    problems_end(r);
    Id run = run_create(&r->c, &n);
    run_work(&r->c, run);
    const RunRow *made = run_get(&r->c, run);
    note(r, "%s", msg_format(r, r->c.language, "billing.generate.begun", { "run", made->run_no }));
    go(r, "%s", run_path(&r->c, made));
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

void generate_run(Req *r) {
    RunRow *run = run_of_path(r, "v1");
    RunCounts k = run_counts(&r->c, run->id);
    run_head(r, run, &k, "");
    run_progress(r, run, &k);
    page(r, "billing/run");
}

void generate_tab(Req *r)  { run_tab(r, "v1", path_text(r, "tab")); }
void generate_move(Req *r) { run_move(r, "v1", &run_v1); }

/* --- close period ------------------------------------------------------------------------------------------------- */

enum { UNBILLED_SHOWN = 50 };

static const Form close_form = { .name = "period_close",
                                 .fields = FIELDS { { "cycle", HIDDEN(20), .flags = REQUIRED },
    { "period", HIDDEN(20), .flags = REQUIRED }, { 0 } } };

void period_close_page(Req *r) {
    Pick *p = pick_sent(r);
    if (!p) fail(r, NOT_FOUND, "There is no such period.");
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.generate.close_ask",
                                          { "period", p->label }, { "cycle", p->cycle_name }));
    FormView *v = form_show(r, "confirm", &close_form, "/bx/generate/close");
    form_text(v, "cycle", p->cycle_code);
    form_text(v, "period", p->label);
    ChoiceRows open = db_all(r, ChoiceRow, "select a.account_no as value, n.display_name as label from account_cycle x "
                                           "join account a on a.id=x.account_id join consumer n on n.id=a.consumer_id "
                                           "where x.cycle_id=? and x.from_period<=? "
        "and (x.to_period is null or x.to_period>=?) and not exists (select 1 from bill b "
        "where b.account_id=x.account_id and b.status='published' and " BILLED_HERE ") "
        "order by a.account_no limit ?", p->cycle, p->to_date, p->from_date, p->id, p->to_date, p->to_date,
                            UNBILLED_SHOWN + 1);
    show_text(r, "confirm.text.0", word(r, open.n ? "billing.generate.unbilled" : "billing.generate.all_billed"));
    if (open.n > UNBILLED_SHOWN)
        show_text(r, "confirm.text.1", msg_format(r, r->c.language, "billing.generate.unbilled_first",
                                                  { "n", text(r, "%d", UNBILLED_SHOWN) }));
    for (size_t i = 0; i < open.n && i < UNBILLED_SHOWN; i++)
        show_fact(r, "confirm.facts", open.v[i].value, open.v[i].label, NULL);
    show_text(r, "confirm.undo", word(r, "billing.generate.close_undo"));
    show_text(r, "confirm.back_url", link_path(r, "/bx/generate?cycle=%s&period=%s", url_part(r, p->cycle_code),
                                               url_part(r, p->label)));
    page(r, "layout/confirm");
}

void period_close_post(Req *r) {
    Input *in = form_read(r, &close_form);
    problems_end(r);
    Pick *p = db_find(r, Pick, PICK_SELECT "where y.utility_id=? and y.code=? and p.label=? for update", r->c.utility,
                      in_text(in, "cycle"), in_text(in, "period"));
    if (!p) fail(r, NOT_FOUND, "There is no such period.");
    if (!strcmp(p->state, "closed")) fail(r, CONFLICT, "Period %s of %s is closed.", p->label, p->cycle_name);
    if (p->from_date.day > utility_today(&r->c).day) fail(r, CONFLICT, "Period %s has not begun.", p->label);
    const char *busy = db_text(r, "select run_no from bill_run where bill_cycle_period_id=? and run_flag=1 limit 1",
                               p->id);
    if (busy) fail(r, CONFLICT, "Run %s is billing this period.", busy);
    int64_t open = db_int(r, "select count(*) from bill_run_item i join bill_run x on x.id=i.run_id "
                             "where x.bill_cycle_period_id=? and x.simulate_only=0 "
                             "and x.state not in ('cancelled', 'rolled_back') "
                             "and i.state in ('pending', 'claimed', 'calculated', 'held', 'error')", p->id);
    if (open) fail(r, CONFLICT, "%lld %s pending, held or in error. Mend, release or leave out first.",
                   (long long)open, open == 1 ? "account is" : "accounts are");
    db_must(r, 1, CONFLICT, "update bill_cycle_period set state='closed', updated_at=?, updated_by=?, "
                            "row_version=row_version+1 where id=? and state<>'closed'", r->c.now, r->c.user, p->id);
    audit_write(&r->c, &(Audit){ .action = "close", .entity = "bill_cycle_period", .id = p->id, .number = p->label,
                                 .version = db_int(r, "select row_version from bill_cycle_period where id=?", p->id),
                                 .before = json_pairs(&r->c, "state", p->state, NULL),
                                 .after = json_pairs(&r->c, "state", "closed", NULL) });
    note(r, "%s",
        msg_format(r, r->c.language, "billing.generate.closed", { "period", p->label }, { "cycle", p->cycle_name }));
    go(r, "/bx/generate?cycle=%s", url_part(r, p->cycle_code));
}
