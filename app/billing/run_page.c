/*
 * Pages of bill runs, what both kinds share: see run_page.h. All figures come from the database at this moment.
 */
#include "app/billing/bill.h"
#include "app/billing/run_page.h"

#include <stdio.h>
#include <string.h>

#include "app/billing/run_rules.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/money.h"
#include "lib/resource.h"
#include "lib/table.h"

RunRow *run_of_path(Req *r, const char *mode) {
    RunRow *run = run_find(&r->c, path_text(r, "no"));
    if (mode && strcmp(run->mode, mode)) fail(r, NOT_FOUND, "There is no run %s.", run->run_no);
    return run;
}

const char *run_path(Ctx *c, const RunRow *run) {
    return text(c, "/bx/%s/%s", !strcmp(run->mode, "v1") ? "generate" : "runs", run->run_no);
}

static bool is_active(const RunRow *run) {
    return !strcmp(run->state, "queued") || !strcmp(run->state, "running") || !strcmp(run->state, "calculating")
        || !strcmp(run->state, "publishing") || !strcmp(run->state, "rolling_back");
}

void run_kpi(Req *r, const char *label, const char *value, const char *url, const char *sub) {
    size_t *count = fact_get(&r->c, "run_kpis", 0);
    if (!count) count = fact_keep(&r->c, "run_kpis", 0, take(r, sizeof *count));
    size_t n = (*count)++;
    show_text(r, at(r, "show.kpis", n, "label"), label);
    show_text(r, at(r, "show.kpis", n, "value"), value);
    show_text(r, at(r, "show.kpis", n, "url"), url);
    show_text(r, at(r, "show.kpis", n, "sub"), sub);
}

const char *run_count(Req *r, int64_t n) { return locale_count(&r->c.mem, r->c.locale, n); }

const char *run_money(Req *r, Money m) { return locale_money(&r->c.mem, r->c.locale, m); }

void run_must_be(Req *r, const RunRow *run, const char *states) {
    for (const char *at_ = states; at_; at_ = strchr(at_, ',') ? strchr(at_, ',') + 1 : NULL)
        if (!strncmp(at_, run->state, strlen(run->state)) && strchr(",", at_[strlen(run->state)])) return;
    fail(r, CONFLICT, "This bill run is %s.", state_label(r, run->state));
}

void run_dates_check(Req *r, Input *in) {
    static const char *const dates[] = { "bill_date", "due_date" };
    for (size_t i = 0; i < 2; i++)
        if (date_is_set(in_date(in, dates[i])) && !bill_date_is_near(&r->c, in_date(in, dates[i])))
            problem(r, dates[i], DATE_TOO_FAR);
}

void run_key_add(void *arg, const char *key) {
    RunKeys *x = arg;
    x->v = take_room(x->c, const char *, x->v, x->n, &x->room);
    x->v[x->n++] = text_copy(x->c, key);
}

void run_row_act(Req *r, const char *table, size_t row, int cell, const RunAct *act) {
    const char *to = text(r, "%s.rows.%zu.cells.%d.act", table, row, cell);
    show_text(r, text(r, "%s.text", to), act->text);
    show_text(r, text(r, "%s.url", to), act->url);
    if (!act->name) return;
    show_text(r, text(r, "%s.post", to), "1");
    show_text(r, text(r, "%s.name", to), act->name);
    show_text(r, text(r, "%s.value", to), act->value);
}

/* --- sums --------------------------------------------------------------------------------------------------------- */

/* Held bills are counted when they are released; a simulation's drafts are discarded from the beginning. */
RunSums *run_sums(Ctx *c, Id run, Id period) {
    RunSums *known = fact_get(c, run.id ? "run_sums" : "period_sums", run.id ? run.id : period.id);
    if (known) return known;
    RunSums *sums = run.id
        ? db_one(c, RunSums, "select count(*) as bills, coalesce(sum(b.current_charges_minor), 0) as current, "
                             "coalesce(sum(b.tax_minor), 0) as tax, coalesce(sum(b.is_estimated), 0) as estimated, "
                             "coalesce(sum(b.usage_qty_micro), 0) as used from bill b force index (bill_run_sums) "
                             "where b.bill_run_id = ? and " RUN_BILLS, run)
        : db_one(c, RunSums, "select count(*) as bills, coalesce(sum(current_charges_minor), 0) as current, "
                             "coalesce(sum(tax_minor), 0) as tax, coalesce(sum(is_estimated), 0) as estimated, "
                             "coalesce(sum(usage_qty_micro), 0) as used from bill force index (bill_period_sums) "
                             "where bill_cycle_period_id = ? and status = 'published'", period);
    return fact_keep(c, run.id ? "run_sums" : "period_sums", run.id ? run.id : period.id, sums);
}

Id run_period_before(Ctx *c, const RunRow *run) {
    return db_id(c, "select id from bill_cycle_period where cycle_id=? and to_date<? order by to_date desc limit 1",
                 run->cycle, run->from_date);
}

Id run_period_last_year(Ctx *c, const RunRow *run) {
    Date then = date_add_months(run->from_date, -12);
    return db_id(c, "select id from bill_cycle_period where cycle_id=? and from_date between ? and ? limit 1",
                 run->cycle, date_add_days(then, -10), date_add_days(then, 10));
}

bool run_revenue_change(Ctx *c, const RunRow *run, int64_t *percent) {
    Id before = run_period_before(c, run);
    RunSums *then = before.id ? run_sums(c, (Id){ 0 }, before) : NULL;
    *percent = 0;
    if (!then || !then->current.minor) return false;
    *percent = percent_change(run_sums(c, run->id, (Id){ 0 })->current.minor, then->current.minor);
    return true;
}

const char *run_span(Req *r, int64_t seconds) {
    if (seconds < 60) return text(r, "%lld s", (long long)seconds);
    if (seconds < 3600) return text(r, "%lld min %lld s", (long long)(seconds / 60), (long long)(seconds % 60));
    return text(r, "%lld h %lld min", (long long)(seconds / 3600), (long long)(seconds / 60 % 60));
}

static void tab_show(Req *r, size_t i, const RunRow *run, const char *key, const char *label, const char *current,
                     int64_t n) {
    show_text(r, at(r, "show.tabs", i, "text"), label);
    show_text(r, at(r, "show.tabs", i, "url"), link_path(r, *key ? "%s/%s" : "%s%s", run_path(&r->c, run), key));
    if (!strcmp(key, current)) show_text(r, at(r, "show.tabs", i, "current"), "1");
    if (n > 0) {
        show_text(r, at(r, "show.tabs", i, "count"), run_count(r, n));
        show_text(r, at(r, "show.tabs", i, "count_text"), run_count(r, n));
    }
}

/* As show_moves, but what throws work away has a page of its own before it (run_danger): its button leads there. */
static void show_run_moves(Req *r, const Machine *m, const RunRow *run) {
    if (!strcmp(run->state, "rolling_back") && run_is_taken_back(&r->c, run->id)) return;    /* nothing to press */
    show_moves(r, "show.moves", m, run->id, run_path(&r->c, run));
    size_t n = 0;
    for (const Move *v = m->moves; v->from; v++) {
        if (!v->text || strcmp(v->from, run->state) || !perm_may(&r->c, "bx.run", v->action)) continue;
        if (v->danger) show_text(r, at(r, "show.moves", n, "post"), "");
        n++;
    }
}

void run_head(Req *r, const RunRow *run, const RunCounts *k, const char *tab) {
    bool v1 = !strcmp(run->mode, "v1");
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.run.title", { "run", run->run_no },
                                          { "period", run->label }, { "cycle", run->cycle_name }));
    show_text(r, "page.crumbs.0.text", word(r, v1 ? "billing.generate.title" : "billing.run.runs"));
    show_text(r, "page.crumbs.0.url", link_path(r, v1 ? "/bx/generate" : "/bx/runs"));
    show_text(r, "page.crumbs.1.text", run->run_no);
    show_text(r, "show.status.text", state_label(r, run->state));
    show_text(r, "show.status.tone", state_tone(r, run->state));
    if (run->sample_of) {
        show_text(r, "show.badges.0.text", word(r, "billing.run.is_sample"));
        show_text(r, "show.badges.0.tone", "info");
    }
    if (run->simulate_only) {
        show_text(r, "show.badges.1.text", word(r, "billing.run.is_simulation"));
        show_text(r, "show.badges.1.tone", "info");
    }
    show_fact(r, "show.facts", word(r, "billing.run.accounts"), run_count(r, k->total), NULL);
    show_fact(r, "show.facts", word(r, "billing.run.billed"), run_count(r, k->published ? k->published : k->calculated),
        NULL);
    show_fact(r, "show.facts", word(r, "billing.run.amount"), run_money(r, k->amount), NULL);
    show_fact(r, "show.facts", word(r, "billing.run.bill_date"), locale_date(&r->c.mem, r->c.locale, run->bill_date),
              NULL);
    show_fact(r, "show.facts", word(r, "billing.run.due_date"), locale_date(&r->c.mem, r->c.locale, run->due_date),
              NULL);
    fact_keep(&r->c, "run_shown", run->id.id, (void *)run);
    show_run_moves(r, v1 ? &run_v1 : &run_v2, run);
    size_t n = 0;
    tab_show(r, n++, run, "", word(r, v1 ? "billing.run.progress" : "billing.run.stages"), tab, 0);
    tab_show(r, n++, run, "bills", word(r, "billing.run.bills"), tab, k->published + k->calculated);
    tab_show(r, n++, run, "errors", word(r, "billing.run.errors"), tab, k->error);
    tab_show(r, n++, run, "held", word(r, "billing.run.held"), tab, k->held);
    tab_show(r, n++, run, "skipped", word(r, "billing.run.left_out"), tab, k->skipped);
    tab_show(r, n++, run, "log", word(r, "billing.run.log"), tab, 0);
}

/* --- progress ----------------------------------------------------------------------------------------------------- */

static void step_show(Req *r, size_t i, const char *label, int64_t n, const char *state) {
    show_text(r, at(r, "job.steps", i, "text"), label);
    show_text(r, at(r, "job.steps", i, "count"), run_count(r, n));
    show_text(r, at(r, "job.steps", i, "state"), state);
}

#define CODE_COUNT(F, T) F(T, const char *, code) F(T, int64_t, n)
ROW(CodeCount, CODE_COUNT)

void run_progress(Req *r, const RunRow *run, const RunCounts *k) {
    bool active = is_active(run), publishing = !strcmp(run->state, "publishing"),
        undoing = !strcmp(run->state, "rolling_back");
    int64_t open = undoing ? k->total - k->published - k->rolled_back
        : publishing ? k->calculated + k->claimed : k->pending + k->claimed, done = k->total - open;
    show_text(r, "job.state", run->state);
    show_text(r, "job.state_text", state_label(r, run->state));
    show_text(r, "job.tone", state_tone(r, run->state));
    show_int(r, "job.max", k->total);
    show_int(r, "job.value", done);
    show_text(r, "job.percent_text", text(r, "%s of %s, %lld %%", run_count(r, done), run_count(r, k->total),
                                          (long long)(k->total ? done * 100 / k->total : 100)));
    size_t n = 0;
    step_show(r, n++, word(r, "billing.run.pending"), k->pending, k->pending ? "todo" : "done");
    step_show(r, n++, word(r, "billing.run.in_work"), k->claimed, k->claimed ? "now" : "done");
    step_show(r, n++, word(r, "billing.run.calculated"), k->calculated, "done");
    step_show(r, n++, word(r, "billing.run.published"), k->published, "done");
    step_show(r, n++, word(r, "billing.run.held"), k->held, k->held ? "failed" : "done");
    step_show(r, n++, word(r, "billing.run.errors"), k->error, k->error ? "failed" : "done");
    step_show(r, n++, word(r, "billing.run.left_out"), k->skipped, "done");
    if (k->rolled_back) step_show(r, n++, word(r, "billing.run.rolled_back_n"), k->rolled_back, "done");
    CodeCounts codes = db_all(r, CodeCount, "select error_code as code, count(*) as n from bill_run_item "
                                            "where run_id=? and error_code is not null and state in ('held', 'error') "
                                            "group by error_code order by error_code", run->id);
    for (size_t i = 0; i < codes.n; i++) step_show(r, n++, codes.v[i].code, codes.v[i].n, "failed");
    Time end = active || !time_is_set(run->finished_at) ? r->c.now : run->finished_at;
    int64_t elapsed = time_is_set(run->started_at) ? (end.us - run->started_at.us) / SECOND_US : 0;
    int64_t rate = elapsed > 0 ? done * 60 / elapsed : done * 60;
    show_text(r, "job.started", msg_format(r, r->c.language, "billing.run.working", { "elapsed", run_span(r, elapsed) },
              { "rate", run_count(r, rate) },
              { "last", run_count(r, active && !undoing ? run_done_lately(&r->c, run->id) : 0) },
              { "amount", run_money(r, k->amount) }, { "tax", run_money(r, k->tax) },
              { "workers", run_count(r, k->workers) }));
    const char *language = r->c.language, *left = run_span(r, rate > 0 ? open * 60 / rate : 0);
    if (active && rate > 0 && open)
        show_text(r, "job.left", msg_format(r, language, "billing.run.time_left", { "span", left }));
    if (run->last_error)
        show_text(r, "job.note", msg_format(r, language, "billing.run.last_error", { "text", run->last_error }));
    if (active) show_text(r, "job.poll_url", link_path(r, "%s", run_path(&r->c, run)));
}

/* --- accounts of the run ------------------------------------------------------------------------------------------ */

static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };
static const ListBulk item_bulk[] = { { "recalculate", NULL, "bx.run", EDIT },
                                      { "roll_back", NULL, "bx.run", EDIT }, { 0 } };
enum { ITEMS_MOST = 5000 };
static const Choice draft_word[] = { { "draft", NULL }, { 0 } };

static const ListSpec items = {
    .name = "run_items", .path = "/bx/generate", .feature = "bx.run", .id = "i.id",
    .from = "bill_run_item i", .index = "bill_run_item_order",
    .joins = FRAGMENTS { "join account a on a.id = i.account_id", "join consumer n on n.id = a.consumer_id",
                         "left join bill b on b.id = i.bill_id", NULL },
    .where = "i.run_id = ? and find_in_set(i.state, ?)",
    .columns = COLUMNS {
        { "account_no",    NULL, "a.account_no",   LIST | SORT | SEARCH_START, .sub = "consumer_name",
          .place = "id" },
        { "consumer_name", NULL, "n.display_name", SEARCH_START },
        { "bill_no",       NULL, "coalesce(b.bill_no, if(b.id is null, null, 'draft'))", LIST,
          .link = "/bx/bills/{address}", .choices = draft_word, .kind = "code" },
        { "address",       NULL, "coalesce(b.bill_no, " DRAFT_NAME ")" },
        { "error_code",    NULL, "i.error_code",   LIST | FILTER, .kind = "code" },
        { "message",       NULL, "coalesce(i.error_text, i.skip_reason, i.release_reason)", LIST,
          .place = "name" },
        { "amount_minor",  NULL, "i.amount_minor", LIST | SORT, .place = "amount" },
        { "stale",         NULL, "coalesce(b.stale, 0)", FILTER, .choices = yes_no },
        { "state",         NULL, "i.state",        LIST, .place = "status" },
        { "seq",           NULL, "i.seq",          SORT },
        { 0 } },
    .order = "seq" };

/* What waits for a decision: held bills, accounts without one. Their links end each row for whoever may decide. */
static const Choice release_act[] = { { "release", "billing.run.release" }, { 0 } };
static const Choice leave_act[] = { { "leave", "billing.run.leave_out" }, { 0 } };
static const Choice mend_act[] = { { "mend", "billing.run.mend_account" }, { 0 } };
enum { DECISION_COLUMNS = 7 };

static const ListColumn decision_columns[DECISION_COLUMNS] = {
    { "account_no",    NULL, "a.account_no",   LIST | SORT | SEARCH_START, .sub = "consumer_name", .place = "id" },
    { "consumer_name", NULL, "n.display_name", SEARCH_START },
    { "error_code",    NULL, "i.error_code",   LIST | FILTER, .kind = "code" },
    { "message",       NULL, "i.error_text",   LIST, .place = "name" },
    { "bill_no",       NULL, "if(b.id is null, null, 'draft')", LIST, .link = "/bx/bills/{address}",
      .choices = draft_word, .kind = "code" },
    { "address",       NULL, DRAFT_NAME },
    { "amount_minor",  NULL, "i.amount_minor", LIST | SORT, .place = "amount" },
};

static void decisions_list(Req *r, const RunRow *run, bool held, const char *path) {
    ListColumn *columns = take_n(r, ListColumn, DECISION_COLUMNS + 4), *next = columns + DECISION_COLUMNS;
    memcpy(columns, decision_columns, sizeof decision_columns);
    const char *account = text(r, "%s/accounts/{account_no}", run_path(&r->c, run));
    bool is_file = r->exporting || query_text(r, "export");
    if (!held && !is_file)
        *next++ = (ListColumn){ "mend", NULL, "'mend'", LIST, .link = "/cis/accounts/{account_no}",
                                .choices = mend_act };
    if (held && !is_file && perm_may(&r->c, "bx.run", APPROVE))
        *next++ = (ListColumn){ "release", NULL, "'release'", LIST, .link = text(r, "%s/release", account),
                                .choices = release_act };
    if (!is_file && perm_may(&r->c, "bx.run", EDIT))
        *next++ = (ListColumn){ "leave", NULL, "'leave'", LIST, .link = text(r, "%s/leave-out", account),
                                .choices = leave_act };
    ListSpec spec = items;
    spec.name = held ? "run_held" : "run_errors";
    spec.path = path;
    spec.columns = columns;
    spec.index = NULL;
    spec.order = "account_no";
    spec.title = word(r, held ? "billing.run.held_bills" : "billing.run.without_bill");
    spec.empty_title = word(r, held ? "billing.run.held_none" : "billing.run.errors_none");
    list_show(r, &spec, run->id, held ? "held" : "error");
}

static bool may_change_items(const RunRow *run) {
    return !strcmp(run->mode, "v2") && (!strcmp(run->state, "review") || !strcmp(run->state, "awaiting_approval")
        || !strcmp(run->state, "approved") || !strcmp(run->state, "paused"));
}

static const Form danger_form = { .name = "run_danger", .fields = FIELDS { { "reason", LONG_TEXT(0, 500) }, { 0 } } };

/* The dangerous move of this name that the machine has; NULL: none. `now`: from the run's present state only. */
static const Move *danger_of(const RunRow *run, const char *event, bool now) {
    for (const Move *m = (!strcmp(run->mode, "v1") ? &run_v1 : &run_v2)->moves; m->from; m++)
        if (m->danger && !strcmp(m->event, event) && (!now || !strcmp(m->from, run->state))) return m;
    return NULL;
}

/* Before a run is cancelled or rolled back: what goes, what stays, how much it is. */
static void run_danger(Req *r, const RunRow *run, const RunCounts *k, const char *event) {
    const Move *m = danger_of(run, event, true);
    if (!m) fail(r, CONFLICT, "This bill run is %s.", state_label(r, run->state));
    perm_check(&r->c, "bx.run", m->action);
    Refusal no = m->refusal ? m->refusal(&r->c, run->id) : NO_REFUSAL;
    if (no.text) fail(r, CONFLICT, "%s", no.text);
    int64_t drafts = k->calculated + k->held;
    const char *key = text(r, "billing.run.danger_%s", event);
    show_text(r, "page.title", msg_format(r, r->c.language, key, { "run", run->run_no }));
    show_text(r, "page.crumbs.0.text", run->run_no);
    show_text(r, "page.crumbs.0.url", link_path(r, "%s", run_path(&r->c, run)));
    FormView *v = form_show(r, "confirm", &danger_form, text(r, "%s/%s", run_path(&r->c, run), event));
    form_version(v, run->row_version);
    show_text(r, "confirm.text.0", word(r, text(r, "%s_what", key)));
    show_fact(r, "confirm.facts", word(r, "billing.run.accounts"), run_count(r, k->total), NULL);
    show_fact(r, "confirm.facts", word(r, "billing.run.danger_drafts"), run_count(r, drafts), NULL);
    show_fact(r, "confirm.facts", word(r, "billing.run.published"), run_count(r, k->published), NULL);
    show_fact(r, "confirm.facts", word(r, "billing.run.amount"), run_money(r, k->amount), NULL);
    show_text(r, "confirm.undo", word(r, "billing.run.danger_undo"));
    show_text(r, "confirm.submit", word(r, m->text));
    show_text(r, "confirm.tone", "danger");
    show_text(r, "confirm.back_url", link_path(r, "%s", run_path(&r->c, run)));
    page(r, "layout/confirm");
}

void run_tab(Req *r, const char *mode, const char *tab) {
    RunRow *run = run_of_path(r, mode);
    RunCounts k = run_counts(&r->c, run->id);
    if (danger_of(run, tab, false)) {
        run_danger(r, run, &k, tab);
        return;
    }
    bool bills = !strcmp(tab, "bills"), errors = !strcmp(tab, "errors"), held = !strcmp(tab, "held"),
        skipped = !strcmp(tab, "skipped"), log = !strcmp(tab, "log");
    if (!bills && !errors && !held && !skipped && !log) fail(r, NOT_FOUND, "There is no such page.");
    ListSpec spec = items;
    spec.path = text(r, "%s/%s", run_path(&r->c, run), tab);
    if (bills && may_change_items(run)) spec.bulk = item_bulk, spec.bulk_path = spec.path, spec.key = "account_no";
    if (bills || skipped) list_show(r, &spec, run->id, skipped ? "skipped" : "calculated,published");
    else if (!log) decisions_list(r, run, held, spec.path);
    if (r->status) return;                          /* answered with a file */
    run_head(r, run, &k, tab);
    page(r, "billing/run");
    if (log) history_show(r, "show.sections.0", "bill_run", run->id, NULL);
}

/* --- moves and single decisions ----------------------------------------------------------------------------------- */

void run_move(Req *r, const char *mode, const Machine *m) {
    RunRow *run = run_of_path(r, mode);
    const char *event = path_text(r, "event");
    static const char *const by_system[] = { "start", "finish", "finish_with_errors", "settle", "calculated",
                                             "undecided", "simulated", "end_rolled_back", "end_cancelled",
                                             "end_published", NULL };
    for (const char *const *s = by_system; *s; s++)
        if (!strcmp(event, *s)) fail(r, NOT_FOUND, "There is no such move.");
    const char *words = field_text(r, "reason");
    if (words && strlen(words) > 500) fail_field(r, INVALID, "reason", "Use at most 500 characters.");
    /* buttons and confirmations say which version was seen; without one nothing was shown: the state decides */
    if (field_text(r, "row_version")) machine_press(r, m, run->id, event, words, (void *)words);
    else machine_move(&r->c, m, run->id, event, words, (void *)words);
    note(r, "%s: %s.", run->run_no, state_label(r, run_get(&r->c, run->id)->state));
    go(r, "%s", run_path(&r->c, run));
}

#define ACCOUNT_KEY(F, T) F(T, Id, id) F(T, const char *, state)
ROW(AccountKey, ACCOUNT_KEY)

/* Ticked bills of a run that is not published: made again, or their drafts given back so that another run bills
   them. */
void run_bills_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *bulk = field_text(r, "bulk");
    bool again = bulk && !strcmp(bulk, "recalculate");
    if (!again && (!bulk || strcmp(bulk, "roll_back"))) fail(r, INVALID, "Choose what is to be done.");
    if (!may_change_items(run) || (again && strcmp(run->state, "review")))
        fail(r, CONFLICT, "This bill run is %s.", state_label(r, run->state));
    if (!strcmp(run->state, "approved") || !strcmp(run->state, "paused")) perm_check(&r->c, "bx.run", APPROVE);
    RunKeys keys = { .c = &r->c };
    ListSpec spec = items;
    spec.path = spec.bulk_path = text(r, "%s/bills", run_path(&r->c, run));
    spec.key = "account_no";
    list_chosen(r, &spec, run_key_add, &keys, ITEMS_MOST, run->id, "calculated,published");
    Id *accounts = take_n(r, Id, keys.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < keys.n; i++) {
        AccountKey *a = db_find(r, AccountKey, "select a.id, i.state from bill_run_item i join account a on "
                                               "a.id=i.account_id "
                                               "where i.run_id=? and a.account_no=?", run->id, keys.v[i]);
        if (a && !strcmp(a->state, "published"))
            fail(r, CONFLICT, "%s is published. Cancel its bill with a reason.", keys.v[i]);
        if (a) accounts[n++] = a->id;
    }
    if (!n) fail(r, INVALID, "Choose at least one bill.");
    int64_t done = again ? run_again(&r->c, run, "error,held,calculated", accounts, n)
                         : run_roll_back(&r->c, run, accounts, n);
    audit_write(&r->c, &(Audit){ .action = bulk, .entity = "bill_run", .id = run->id, .number = run->run_no,
                                 .after = json_pairs(&r->c, "accounts", run_count(r, done), NULL) });
    run_totals(&r->c, run->id);
    if (again) machine_move(&r->c, &run_v2, run->id, "recalculate", NULL, NULL);
    note(r, "%s", msg_plural(r, r->c.language, again ? "billing.run.recalculating" : "billing.run.rolled_back", done,
                             run_count(r, done)));
    go(r, "%s", run_path(&r->c, run));
}

static const Form release_form = { .name = "bill_release",
                                   .fields = FIELDS { { "reason", LONG_TEXT(5, 500),
    .flags = REQUIRED }, { 0 } } };
static const Form leave_form   = { .name = "bill_leave_out",
                                   .fields = FIELDS { { "reason", LONG_TEXT(5, 300),
    .flags = REQUIRED }, { 0 } } };

#define TARGET_ROW(F, T) F(T, Id, account) F(T, const char *, account_no) F(T, const char *, name) \
    F(T, const char *, message) F(T, const char *, code) F(T, Money, amount)
ROW(Target, TARGET_ROW)

static Target *target_of(Req *r, const RunRow *run) {
    Target *t = db_find(r, Target, "select a.id as account, a.account_no, n.display_name as name, i.error_text "
                                   "as message, i.error_code as code, coalesce(i.amount_minor, 0) as amount "
                                   "from bill_run_item i join account a on a.id=i.account_id "
                                   "join consumer n on n.id=a.consumer_id where i.run_id=? and a.account_no=?", run->id,
                        path_text(r, "account"));
    if (!t) fail(r, NOT_FOUND, "This account is not in the run.");
    return t;
}

static void ask(Req *r, const Form *form, const char *what, const char *undo) {
    RunRow *run = run_of_path(r, NULL);
    Target *t = target_of(r, run);
    show_text(r, "page.title", msg_format(r, r->c.language, !strcmp(what, "release")
              ? "billing.run.release_of" : "billing.run.leave_out_of", { "account", t->account_no }));
    show_text(r, "page.crumbs.0.text", run->run_no);
    show_text(r, "page.crumbs.0.url", link_path(r, "%s", run_path(&r->c, run)));
    FormView *v = form_show(r, "confirm", form, text(r, "%s/accounts/%s/%s", run_path(&r->c, run),
                                                     url_part(r, t->account_no), what));
    form_version(v, run->row_version);
    /* told that it has changed, the person looks at what stands here now */
    if (r->again && r->refused == CONFLICT) show_int(r, "confirm.row_version", run->row_version);
    show_fact(r, "confirm.facts", word(r, "billing.run.account"), t->account_no, t->name);
    if (t->code) show_fact(r, "confirm.facts", t->code, t->message, NULL);
    if (t->amount.minor) show_fact(r, "confirm.facts", word(r, "billing.run.amount"), run_money(r, t->amount), NULL);
    show_text(r, "confirm.undo", word(r, undo));
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.back_url", link_path(r, "%s", run_path(&r->c, run)));
    page(r, "layout/confirm");
}

#define SEEN_ROW(F, T) F(T, int64_t, row_version) F(T, Time, updated_at)
ROW(Seen, SEEN_ROW)

/* The amount that was shown may be another by now: each calculation is a move of the run. */
static void check_seen(Req *r, const RunRow *run) {
    if (!field_text(r, "row_version")) return;          /* nothing was shown */
    Seen *now = db_one(r, Seen, "select row_version, updated_at from bill_run where id=? for update", run->id);
    press_check(r, now->row_version, now->updated_at);
}

void run_release_page(Req *r) {
    RunRow *run = run_of_path(r, NULL);
    if (!r->again) run_release_check(&r->c, run->id, target_of(r, run)->account);
    ask(r, &release_form, "release", !strcmp(run_of_path(r, NULL)->mode, "v1") ? "billing.run.release_now"
        : "billing.run.release_later");
}
/* What is approved or published is changed by approvers only; of what is over, accounts that failed. */
static void check_leaving_out(Req *r, const RunRow *run) {
    if (!strcmp(run->mode, "v1")) {
        run_must_be(r, run, "queued,running,paused,completed_with_errors,completed");
        return;
    }
    bool failed = !strcmp(run->state, "published")
        && db_int(r, "select exists (select 1 from bill_run_item i join account a on a.id=i.account_id "
                     "where i.run_id=? and a.account_no=? and i.state in ('error', 'held'))", run->id,
                  path_text(r, "account"));
    if (!failed) run_must_be(r, run, "setup,checking,ready,calculating,review,awaiting_approval,approved,paused");
    if (failed || !strcmp(run->state, "approved") || !strcmp(run->state, "paused"))
        perm_check(&r->c, "bx.run", APPROVE);
}

void run_leave_page(Req *r) {
    check_leaving_out(r, run_of_path(r, NULL));
    ask(r, &leave_form, "leave-out", "billing.run.leave_out_later");
}

void run_release_post(Req *r) {
    Input *in = form_read(r, &release_form);
    problems_end(r);
    RunRow *run = run_of_path(r, NULL);
    check_seen(r, run);
    Target *t = target_of(r, run);
    run_release_item(&r->c, run, t->account, in_text(in, "reason"));
    if (!strcmp(run->mode, "v1")) {
        Id bill = db_id(r, "select bill_id from bill_run_item where run_id=? and account_id=?", run->id, t->account);
        bill_publish(&r->c, &bill, 1, &(Publishing){ .by = r->c.user });
        run_settle(&r->c, run->id);
    } else {
        run_totals(&r->c, run->id);
    }
    note(r, "%s", msg_format(r, r->c.language, "billing.run.is_released", { "account", t->account_no }));
    go(r, "%s", run_path(&r->c, run));
}

void run_leave_post(Req *r) {
    Input *in = form_read(r, &leave_form);
    problems_end(r);
    RunRow *run = run_of_path(r, NULL);
    check_leaving_out(r, run);
    check_seen(r, run);
    Target *t = target_of(r, run);
    run_leave_out(&r->c, run, t->account, in_text(in, "reason"));
    if (!strcmp(run->mode, "v1")) run_settle(&r->c, run->id);
    else run_totals(&r->c, run->id);
    if (!strcmp(run->state, "ready")) run_readings_count(&r->c, run->id);
    note(r, "%s is left out.", t->account_no);
    go(r, "%s", run_path(&r->c, run));
}
