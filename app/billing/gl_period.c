/*
 * Accounting months and the trial balance (BX05US01). open -> closing (the checklist is worked off, postings go on) ->
 * closed -> open again by the utility's administrator. What is dated into a closed month is posted on the first open
 * day (ledger.c).
 *
 * Balances: months that are closed have their sums in gl_period_balance, those of the others are added up from the
 * entries.
 */
#include <string.h>

#include "app/billing/ledger_sum.h"
#include "app/billing/gl.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define PERIOD(F, T) F(T, Id, id) F(T, const char *, label) F(T, Date, from_date) F(T, Date, to_date) \
    F(T, const char *, state) F(T, Time, closed_at) F(T, Id, closed_by) F(T, Time, reopened_at) \
    F(T, const char *, reopen_reason)
ROW(Period, PERIOD)
#define PERIOD_COLUMNS "select id, label, from_date, to_date, state, closed_at, closed_by, reopened_at, " \
                       "reopen_reason from gl_period "

static const Period *period_by_id(Ctx *c, Id id) {
    return db_one(c, Period, PERIOD_COLUMNS "where id=? and utility_id=?", id, c->utility);
}

Id gl_period_find(Ctx *c, const char *label) {
    return db_id(c, "select id from gl_period where utility_id=? and label=?", c->utility, label);
}

static const Period *period_of(Req *r) {
    const Period *p = db_find(r, Period, PERIOD_COLUMNS "where utility_id=? and label=?", r->c.utility,
                              path_text(r, "label"));
    if (!p) fail(r, NOT_FOUND, "There is no period %s.", path_text(r, "label"));
    return p;
}

#define LABEL(F, T) F(T, const char *, label)
ROW(Label, LABEL)

static Labels labels(Ctx *c) {
    return db_all(c, Label, "select label from gl_period where utility_id=? and from_date<=? "
                            "order by from_date desc limit 120", c->utility, date_month_end(utility_today(c)));
}

void gl_period_options(Req *r, FormView *v, const char *field) {
    Labels all = labels(&r->c);
    for (size_t i = 0; i < all.n; i++) form_option(v, field, all.v[i].label, all.v[i].label);
}

/* --- the trial balance -------------------------------------------------------------------------------------------- */

#define TRIAL(F, T) F(T, const char *, code) F(T, const char *, name) F(T, Money, opening) F(T, Money, debit) \
    F(T, Money, credit)
ROW(Trial, TRIAL)

/* One row a code that was ever posted to; opening and closing are debit minus credit. */
static Trials trial_of(Ctx *c, const Period *p) {
    return db_all(c, Trial,
        "select g.code, g.name, cast(sum(m.opening) as signed) as opening, cast(sum(m.debit) as signed) as debit, "
        "cast(sum(m.credit) as signed) as credit from (select b.gl_code_id, if(q.id=?, 0, "
        "b.debit_minor - b.credit_minor) as opening, if(q.id=?, b.debit_minor, 0) as debit, if(q.id=?, "
        "b.credit_minor, 0) as credit from gl_period q join gl_period_balance b on b.gl_period_id=q.id "
        "where q.utility_id=? and q.from_date<=? and q.state='closed' union all "
        "select e.gl_code_id, if(q.id=?, 0, e.debit_minor - e.credit_minor), if(q.id=?, e.debit_minor, 0), "
        "if(q.id=?, e.credit_minor, 0) from (select gl_code_id, gl_period_id, debit_minor, credit_minor "
        "from ledger_sum union all select gl_code_id, gl_period_id, debit_minor, credit_minor from ledger_entry "
        "where id > " LEDGER_SUMMED ") e join gl_period q on q.id=e.gl_period_id where q.utility_id=? "
        "and q.from_date<=? and q.state<>'closed') m join gl_code g on g.id=m.gl_code_id group by g.id order by g.code",
        p->id, p->id, p->id, c->utility, p->from_date, p->id, p->id, p->id, c->utility, p->from_date);
}

static Money trial_difference(Ctx *c, const Period *p) {
    Trials all = trial_of(c, p);
    Money rest = { 0 };
    for (size_t i = 0; i < all.n; i++)
        rest = money_add(rest, money_add(all.v[i].opening, money_sub(all.v[i].debit, all.v[i].credit)));
    return rest;
}

/* The month asked for, else the present one. */
static const Period *show_choice(Req *r) {
    const char *asked = query_text(r, "period"), *present = month_text(&r->c.mem, month_of(utility_today(&r->c)));
    Labels all = labels(&r->c);
    const char *field = "show.sections.0.form.fields.period";
    show_text(r, "show.sections.0.form.action", link_path(r, "/bx/gl-codes/trial-balance"));
    show_text(r, "show.sections.0.form.get", "1");
    show_text(r, "show.sections.0.form.submit", msg(r->c.language, "billing.gl.show"));
    show_text(r, text(r, "%s.name", field), "period");
    show_text(r, text(r, "%s.kind", field), "select");
    show_text(r, text(r, "%s.label", field), word(r, "billing.overview.period"));
    show_text(r, text(r, "%s.value", field), asked ? asked : present);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, text(r, "%s.options.%zu.value", field, i), all.v[i].label);
        show_text(r, text(r, "%s.options.%zu.text", field, i), all.v[i].label);
    }
    const Period *p = db_find(r, Period, PERIOD_COLUMNS "where utility_id=? and label=?", r->c.utility,
                              asked ? asked : present);
    if (!p && asked) fail(r, NOT_FOUND, "There is no period %s.", asked);
    return p;
}

void gl_trial_balance(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "page.title", msg(c->language, "billing.gl.trial_balance"));
    page_tabs(r, "gl", "/bx/gl-codes/trial-balance");
    const Period *p = show_choice(r);
    Trials all = p ? trial_of(c, p) : (Trials){ 0 };
    Money opening = { 0 }, debit = { 0 }, credit = { 0 };
    show_text(r, "show.sections.1.title", p ? p->label : "");
    TableView *t = table_start(r, "show.sections.1.table", msg(c->language, "billing.gl.trial_balance"));
    table_column(t, word(r, "billing.run.code"), "code", "id");
    table_column(t, word(r, "billing.bill.name"), "text", "name");
    table_column(t, word(r, "billing.gl.opening"), "money", NULL);
    table_column(t, word(r, "billing.bill.debit"), "money", NULL);
    table_column(t, word(r, "billing.bill.credit"), "money", NULL);
    table_column(t, word(r, "billing.gl.closing"), "money", "amount");
    for (size_t i = 0; i < all.n; i++) {
        const Trial *row = &all.v[i];
        table_row(t, link_path(r, "/bx/gl-codes/journal?code=%s&period=%s", row->code, p->label));
        table_cell(t, row->code);
        table_cell(t, row->name);
        table_money(t, row->opening);
        table_money(t, row->debit);
        table_money(t, row->credit);
        table_money(t, money_add(row->opening, money_sub(row->debit, row->credit)));
        opening = money_add(opening, row->opening), debit = money_add(debit, row->debit),
            credit = money_add(credit, row->credit);
    }
    const Money sums[] = { opening, debit, credit, money_add(opening, money_sub(debit, credit)) };
    table_foot(t, msg(c->language, "ui.total"));
    table_foot(t, "");
    for (size_t i = 0; i < 4; i++) table_foot(t, locale_money(&c->mem, c->locale, sums[i]));
    table_empty(t, msg(c->language, "billing.gl.no_entries"), NULL);
    show_fact(r, "show.facts", word(r, "billing.overview.period"), p ? p->label : "", NULL);
    if (p) show_text(r, "show.status.text", state_label(r, p->state)),
        show_text(r, "show.status.tone", state_tone(r, p->state));
    show_fact(r, "show.facts", word(r, "billing.bill.debit"), locale_money(&c->mem, c->locale, debit), NULL);
    show_fact(r, "show.facts", word(r, "billing.bill.credit"), locale_money(&c->mem, c->locale, credit), NULL);
    show_fact(r, "show.facts", word(r, "billing.run.difference"),
              locale_money(&c->mem, c->locale, money_sub(debit, credit)), NULL);
    page(r, "layout/show");
}

/* --- the checklist of closing ------------------------------------------------------------------------------------- */

#define LEFT_OVER(F, T) F(T, int64_t, entries) F(T, Money, amount)
ROW(LeftOver, LEFT_OVER)

static const char *money(Ctx *c, Money m) { return locale_money_plain(&c->mem, c->locale, m); }

static const char *open_runs(Ctx *c, const Period *p) {
    const char *no = db_text(c, "select group_concat(run_no order by run_no separator ', ') from bill_run "
                                "where utility_id=? and run_flag=1 and bill_date between ? and ?", c->utility,
                             p->from_date, p->to_date);
    return no ? text(c, "Bill runs are still open: %s.", no) : NULL;
}

/* What came from one source and has not left again; journals clear
 * sums of several sources, so that a total of zero is clear. */
static const char *suspense(Ctx *c, const Period *p) {
    Id code = gl_by_key(c, "SUSPENSE");
    int64_t net = -ledger_rest(c, code).minor;
    if (!net) return NULL;
    const LeftOver *l = db_one(c, LeftOver, "select count(*) as entries, cast(coalesce(sum(s.credit_minor - "
                                            "s.debit_minor), 0) as signed) as amount from ("
        "select source_type, source_id, sum(credit_minor - debit_minor) as rest from ledger_entry where gl_code_id=? "
        "group by source_type, source_id having sign(rest)=sign(?)) o "
        "join ledger_entry s on s.gl_code_id=? and s.source_type=o.source_type and s.source_id=o.source_id "
        "join gl_period q on q.id=s.gl_period_id where q.from_date<=?", code, net, code, p->from_date);
    if (!l->entries) return NULL;
    return text(c, "%lld %s (%s) %s in suspense %s.", (long long)l->entries, l->entries == 1 ? "entry" : "entries",
                money(c, money_abs(l->amount)), l->entries == 1 ? "is" : "are",
                db_text(c, "select code from gl_code where id=?", code));
}

static const char *unbalanced(Ctx *c, const Period *p) {
    Money rest = trial_difference(c, p);
    return rest.minor ? text(c, "The trial balance differs by %s.", money(c, rest)) : NULL;
}

/* Balances are those of now, so both sides are compared over all months. */
static const char *receivables(Ctx *c, const Period *p) {
    (void)p;
    Money accounts = db_money(c, "select cast(coalesce(sum(balance_minor), 0) as signed) "
                                 "from account where utility_id=?", c->utility);
    Money control = money_add(ledger_rest(c, gl_by_key(c, "AR")), ledger_rest(c, gl_by_key(c, "AR_AGREEMENT")));
    return accounts.minor == control.minor ? NULL : text(c, "Account balances are %s, receivables %s.",
        money(c, accounts), money(c, control));
}

static const char *deposits(Ctx *c, const Period *p) {
    (void)p;
    Money accounts = db_money(c, "select cast(coalesce(sum(deposit_balance_minor), 0) as signed) "
                                 "from account where utility_id=?", c->utility),
        control = money_neg(ledger_rest(c, gl_by_key(c, "DEPOSIT_LIABILITY")));
    return accounts.minor == control.minor ? NULL : text(c, "Deposits of accounts are %s, the control account has %s.",
        money(c, accounts), money(c, control));
}

static const char *unexported(Ctx *c, const Period *p) {
    int64_t n = db_int(c, "select count(*) from gl_code g straight_join ledger_entry e on e.gl_code_id=g.id "
                          "and e.gl_period_id=? left join gl_export_entry x on x.entry_id=e.id "
                          "where g.utility_id=? and x.entry_id is null", p->id, c->utility);
    return n ? text(c, "%lld %s not exported.", (long long)n, n == 1 ? "entry is" : "entries are") : NULL;
}

/* To add one: a row. In order; the first that is open is the refusal. */
static const struct { const char *label, *link; const char *(*open)(Ctx *c, const Period *p); } checklist[] = {
    { "billing.gl.check_runs", "/bx/generate",              open_runs   },
    { "billing.gl.check_suspense", "/bx/gl-codes/journal",       suspense    },
    { "billing.gl.check_balance", "/bx/gl-codes/trial-balance", unbalanced  },
    { "billing.gl.check_receivables", "/bx/gl-codes",               receivables },
    { "billing.gl.check_deposits", "/bx/gl-codes",               deposits    },
    { "billing.gl.check_exports", "/bx/gl-codes/exports",       unexported  },
};
enum { CHECKS = sizeof checklist / sizeof *checklist };

static Refusal close_refusal(Ctx *c, Id id) {
    const Period *p = period_by_id(c, id);
    for (int i = 0; i < CHECKS; i++) {
        const char *open = checklist[i].open(c, p);
        if (open) return REFUSE(c, CONFLICT, "%s", open);
    }
    return NO_REFUSAL;
}

/* --- closing and reopening ---------------------------------------------------------------------------------------- */

static const char *checklist_json(Ctx *c) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (int i = 0; i < CHECKS; i++) json_add_text(&o, NULL, msg("en", checklist[i].label));
    json_close(&o);
    return t.s;
}

static void close_period(Ctx *c, Id id, void *arg) {
    (void)arg;
    const Period *p = period_by_id(c, id);
    db_run(c,
        "insert into gl_period_balance (gl_period_id, gl_code_id, opening_minor, debit_minor, credit_minor) "
        "select ?, m.gl_code_id, sum(m.opening), sum(m.debit), sum(m.credit) from "
        "(select b.gl_code_id, b.debit_minor - b.credit_minor as opening, 0 as debit, 0 as credit "
        "from gl_period q join gl_period_balance b on b.gl_period_id=q.id where q.utility_id=? "
        "and q.from_date<? union all select e.gl_code_id, e.debit_minor - e.credit_minor, 0, 0 "
        "from gl_code k straight_join ledger_entry e on e.gl_code_id=k.id join gl_period q "
        "on q.id=e.gl_period_id where k.utility_id=? and q.from_date<? and q.state<>'closed' union all "
        "select e.gl_code_id, 0, e.debit_minor, e.credit_minor from gl_code k straight_join ledger_entry e "
        "on e.gl_code_id=k.id and e.gl_period_id=? where k.utility_id=?) m group by m.gl_code_id",
        id, c->utility, p->from_date, c->utility, p->from_date, id, c->utility);
    db_run(c, "update gl_period set closed_at=?, closed_by=?, checklist=? where id=?", c->now, c->user,
           checklist_json(c), id);
}

static void reopen_period(Ctx *c, Id id, void *reason) {
    db_run(c, "delete from gl_period_balance where gl_period_id=?", id);
    db_run(c, "update gl_period set closed_at=null, closed_by=null, checklist=null, reopened_at=?, reopen_reason=? "
              "where id=?", c->now, (const char *)reason, id);
}

static const Move period_moves[] = {
    { "open",    "check",  "closing", APPROVE, NULL,          NULL,          .text = "billing.gl.start_closing" },
    { "closing", "close",  "closed",  APPROVE, close_refusal, close_period,  .text = "billing.gl.close" },
    { "closing", "cancel", "open",    APPROVE, NULL,          NULL,          .text = "billing.gl.back_to_open" },
    /* by the form of the page */
    { "closed",  "reopen", "open",    DELETE,  NULL,          reopen_period, .asks_reason = true },
    { 0 } };

const Machine gl_period = { .name = "gl_period", .table = "gl_period", .number = "label", .feature = "bx.gl",
                            .moves = period_moves };

static const Form reopen_form = { .name = "gl_reopen",
                                  .fields = FIELDS { { "reason", LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

void gl_period_move(Req *r) {
    Ctx *c = &r->c;
    const char *event = path_text(r, "event"), *reason = NULL;
    /* Locked before anything is read: postings under way are waited for, and the checklist sees them. */
    Id id = db_id(c, "select id from gl_period where utility_id=? and label=? for update", c->utility,
                  path_text(r, "label"));
    if (!id.id) fail(r, NOT_FOUND, "There is no period %s.", path_text(r, "label"));
    if (!strcmp(event, "reopen")) {
        Input *in = form_read(r, &reopen_form);
        problems_end(r);
        reason = in_text(in, "reason");
    }
    const char *state = machine_move(c, &gl_period, id, event, reason, (void *)(uintptr_t)reason);
    note(r, "%s", msg_format(r, c->language, text(r, "billing.gl.period_%s", state),
                             { "period", path_text(r, "label") }));
    go(r, "/bx/gl-codes/periods/%s", path_text(r, "label"));
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static const Choice period_states[] = { { "open", NULL }, { "closing", NULL }, { "closed", NULL }, { 0 } };

static const ListSpec periods = {
    .name = "gl_period", .path = "/bx/gl-codes/periods",
    .from = "gl_period p left join user u on u.id = p.closed_by", .where = "p.utility_id = ? and p.from_date <= ?",
    .id = "p.id",
    .columns = COLUMNS {
        { "label",     NULL, "p.label",     LIST, .link = "/bx/gl-codes/periods/{label}", .kind = "code" },
        { "from_on",   NULL, "p.from_date", LIST | SORT },
        { "to_on",     NULL, "p.to_date",   LIST },
        { "state",     NULL, "p.state",     LIST | FILTER, .choices = period_states },
        { "closed_at", NULL, "p.closed_at", LIST },
        { "closed",    NULL, "u.full_name", LIST },
        { 0 } },
    .order = "-from_on", .feature = "bx.gl",
};

void gl_periods_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "billing.gl.periods"));
    page_tabs(r, "gl", "/bx/gl-codes/periods");
    list_show(r, &periods, r->c.utility, date_month_end(utility_today(&r->c)));
    if (!r->status) page(r, "layout/list");
}

/* Where it is put right: a run in stages has its own list. */
static const char *link_of(Ctx *c, const Period *p, int i) {
    bool staged = checklist[i].open == open_runs
        && db_int(c, "select count(*) from bill_run where utility_id=? and run_flag=1 and mode='v2' "
                     "and bill_date between ? and ?", c->utility, p->from_date, p->to_date);
    return staged ? "/bx/runs" : checklist[i].link;
}

static void show_checklist(Req *r, const Period *p) {
    show_text(r, "show.sections.0.title", msg(r->c.language, "billing.gl.checklist"));
    TableView *t = table_start(r, "show.sections.0.table", msg(r->c.language, "billing.gl.checklist"));
    table_column(t, word(r, "billing.run.check"), "text", "id");
    table_column(t, word(r, "billing.bill.status"), "status", "status");
    table_column(t, word(r, "billing.gl.what_is_open"), "text", NULL);
    for (int i = 0; i < CHECKS; i++) {
        const char *open = checklist[i].open(&r->c, p);
        table_row(t, link_path(r, "%s", link_of(&r->c, p, i)));
        table_cell(t, word(r, checklist[i].label));
        table_state(t, open ? "open" : "passed");
        table_cell(t, open);
    }
}

void gl_period_show(Req *r) {
    Ctx *c = &r->c;
    const Period *p = period_of(r);
    const char *path = text(r, "/bx/gl-codes/periods/%s", p->label);
    bool closed = !strcmp(p->state, "closed");
    show_text(r, "page.title", msg_format(r, c->language, "billing.gl.period", { "period", p->label }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "billing.gl.periods"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/gl-codes/periods"));
    show_text(r, "page.crumbs.1.text", p->label);
    show_text(r, "show.status.text", state_label(r, p->state));
    show_text(r, "show.status.tone", state_tone(r, p->state));
    show_moves(r, "show.moves", &gl_period, p->id, path);
    show_fact(r, "show.facts", word(r, "billing.gl.days"), locale_period(&c->mem, c->locale, p->from_date, p->to_date),
              NULL);
    if (closed) show_fact(r, "show.facts", word(r, "billing.gl.closed"), locale_time(&c->mem, c->locale, p->closed_at),
                          db_text(c, "select full_name from user where id=?", p->closed_by));
    if (time_is_set(p->reopened_at))
        show_fact(r, "show.facts", word(r, "billing.gl.reopened"), locale_time(&c->mem, c->locale, p->reopened_at),
                  p->reopen_reason);
    if (!closed) show_checklist(r, p);
    else if (lib_app.may(c, "bx.gl", DELETE)) {
        show_text(r, "show.sections.0.title", reopen_form.title);
        form_show(r, "show.sections.0.form", &reopen_form, text(r, "%s/reopen", path));
        show_text(r, "show.sections.0.form.intro", msg(c->language, "billing.gl.reopen_how"));
        show_text(r, "show.sections.0.form.tone", "danger");
    }
    history_aside(r, "gl_period", p->id, NULL);
    page(r, "layout/show");
}
