/*
 * Bill runs, stage 5 (BX01US03): the spot sample, whose bills are opened and ticked off, and the checklist; a change
 * of revenue
 * above the limit needs a note. Recalculation of what is stale or wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "app/billing/run_rules.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/json.h"

enum { EXCEPTIONS_SHOWN = 50, NOTE_LEAST = 5 };

static Json checklist_of(Req *r, const RunRow *run) {
    return run->checklist ? json_read(&r->c.mem, run->checklist, strlen(run->checklist), 1 << 20, NULL) : (Json){ 0 };
}

/* --- checklist ---------------------------------------------------------------------------------------------------- */

/* What the person who ticks should know, from the figures of this moment. */
static const char *hint_of(Req *r, const RunRow *run, const CheckItem *k) {
    int64_t percent;
    if (!strcmp(k->key, "revenue"))
        return run_revenue_change(&r->c, run, &percent) ? msg_format(
                   r, r->c.language, "billing.run.revenue_change", { "percent", text(r, "%+lld", (long long)percent) })
                                                        : word(r, "billing.run.revenue_first");
    if (!strcmp(k->key, "estimates")) {
        RunSums *now = run_sums(&r->c, run->id, (Id){ 0 });
        return msg_format(r, r->c.language, "billing.run.estimated_of", { "n", run_count(r, now->estimated) },
                          { "of", run_count(r, now->bills) });
    }
    const char *how = text(r, "billing.check.%s_how", k->key);
    return msg_exists(how) ? word(r, how) : NULL;
}

static bool needs_note(Ctx *c, const RunRow *run, const char *key) {
    int64_t percent;
    return !strcmp(key, "revenue") && run_revenue_change(c, run, &percent)
        && run_revenue_needs_note(percent, setting_int(c, "bx.revenue_note_pct", RUN_REVENUE_NOTE_PCT));
}

static const char *ticked_by(Req *r, Json tick) {
    const char *who = json_text(tick, "by"), *words = json_text(tick, "note");
    return words ? text(r, "%s: %s", who, words) : text_copy(r, who);
}

void run_checklist_show(Req *r, const RunRow *run, const char *section, bool may) {
    Json list = checklist_of(r, run);
    const char *table = text(r, "%s.table", section);
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.checklist"));
    TableView *t = table_start(r, table, word(r, "billing.run.checklist"));
    table_column(t, word(r, "billing.run.check"), "text", "id");
    table_column(t, word(r, "billing.run.done"), "text", "status");
    table_column(t, word(r, "billing.run.action"), "act", NULL);
    for (size_t i = 0; run_checks[i].key; i++) {
        const CheckItem *k = &run_checks[i];
        Json tick = json_member(list, text(r, "tick:%s", k->key));
        bool done = run_check_done(&r->c, run, k->key);
        table_row(t, NULL);
        table_cell(t, word(r, text(r, "billing.check.%s", k->key)));
        table_sub(t, hint_of(r, run, k));
        table_cell(t, json_text(tick, "by") ? ticked_by(r, tick)
                                            : word(r, k->is_automatic && done ? "billing.run.by_system"
                                                   : "billing.run.is_open"));
        table_cell(t, NULL);
        if (k->is_automatic || done || !may) continue;
        if (needs_note(&r->c, run, k->key))
            run_row_act(r, table, i, 2, &(RunAct){ word(r, "billing.run.explain"),
                        link_path(r, "/bx/runs/%s/checklist/%s", run->run_no, k->key), NULL, NULL });
        else
            run_row_act(r, table, i, 2, &(RunAct){ word(r, "billing.run.tick"),
                        link_path(r, "/bx/runs/%s/checklist", run->run_no), "key", k->key });
    }
}

/* --- spot sample -------------------------------------------------------------------------------------------------- */

#define SAMPLED_ROW(F, T) F(T, const char *, account_no) F(T, const char *, name) F(T, Money, total) \
    F(T, bool, is_opened)
ROW(Sampled, SAMPLED_ROW)

/* Opened: somebody has looked at this draft as the bill it becomes (every look is audited). */
static Sampled *sampled(Ctx *c, Id bill) {
    Sampled *s = db_find(c, Sampled, "select a.account_no, " DRAFT_NAME " as name, b.total_minor as total, "
                               "exists (select 1 from audit_entry e "
                               "where e.entity = 'bill' and e.entity_id = b.id and e.action = 'view') as is_opened "
                               "from bill b join account a on a.id = b.account_id where b.id = ?", bill);
    if (s && !s->is_opened) s->is_opened = audit_view_waits(c, "bill", bill);
    return s;
}

static Id id_of(const char *digits) { return (Id){ strtoll(digits, NULL, 10) }; }

static void sample_show(Req *r, const RunRow *run, const char *section, bool may) {
    Json list = checklist_of(r, run);
    JsonMember *m = json_members(&r->c.mem, list);
    const char *table = text(r, "%s.table", section);
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.sample"));
    show_text(r, text(r, "%s.sub", section), word(r, "billing.run.sample_how"));
    TableView *t = table_start(r, table, word(r, "billing.run.sample"));
    table_column(t, word(r, "billing.run.bill"), "code", "id");
    table_column(t, word(r, "billing.run.why"), "text", "name");
    table_column(t, word(r, "billing.run.amount"), "money", "amount");
    table_column(t, word(r, "billing.run.seen"), "text", "status");
    table_column(t, word(r, "billing.run.action"), "act", NULL);
    size_t row = 0;
    for (size_t i = 0; i < json_size(list); i++) {
        if (strncmp(m[i].name, "sample:", 7)) continue;
        const char *id = m[i].name + 7, *seen = json_text(json_member(list, text(r, "seen:%s", id)), "by");
        Sampled *b = sampled(&r->c, id_of(id));
        if (!b) continue;
        table_row(t, link_path(r, "/bx/bills/%s", url_part(r, b->name)));
        table_cell(t, b->account_no);
        table_cell(t, word(r, text(r, "billing.run.sample_%s", json_text(m[i].value, ""))));
        table_money(t, b->total);
        table_cell(t, seen ? seen : word(r, b->is_opened ? "billing.run.opened" : "billing.run.not_opened"));
        table_cell(t, NULL);
        if (may && !seen && b->is_opened)
            run_row_act(r, table, row, 4, &(RunAct){ word(r, "billing.run.tick_off"),
                        link_path(r, "/bx/runs/%s/checklist", run->run_no), "bill", text_copy(r, id) });
        row++;
    }
    table_empty(t, word(r, "billing.run.sample_none"), word(r, "billing.run.sample_when"));
    if (!may || !row) return;
    show_text(r, text(r, "%s.actions.0.text", section), word(r, "billing.run.tick_all"));
    show_text(r, text(r, "%s.actions.0.post", section), "1");
    show_text(r, text(r, "%s.actions.0.name", section), "bill");
    show_text(r, text(r, "%s.actions.0.value", section), "all");
    show_text(r, text(r, "%s.actions.0.url", section), link_path(r, "/bx/runs/%s/checklist", run->run_no));
}

/* --- ticking ------------------------------------------------------------------------------------------------------ */

typedef struct { const char *key, *bill, *words; int64_t seen, unopened; } Ticks;

/* Writes the list again with the new ticks; bills that nobody has opened stay without. */
static void tick(Req *r, const RunRow *run, Ticks *x) {
    Json list = checklist_of(r, run);
    JsonMember *m = json_members(&r->c.mem, list);
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    const char *mark = json_pairs(&r->c, "by", r->c.user_name ? r->c.user_name : "-", "at",
                                  time_iso(&r->c.mem, r->c.now), "note", x->words, NULL);
    const char *name = x->key ? text(r, "tick:%s", x->key) : NULL;
    json_open_object(&o, NULL);
    for (size_t i = 0; i < json_size(list); i++) {
        bool is_sample = !strncmp(m[i].name, "sample:", 7);
        if (name && !strcmp(m[i].name, name)) continue;
        if (!is_sample) {
            json_add_json(&o, m[i].name,
                json_pairs(&r->c, "by", json_text(m[i].value, "by"), "at", json_text(m[i].value, "at"), "note",
                    json_text(m[i].value, "note"), NULL));
            continue;
        }
        const char *id = m[i].name + 7, *seen = text(r, "seen:%s", id);
        json_add_text(&o, m[i].name, json_text(m[i].value, ""));
        if (!x->bill || (strcmp(x->bill, "all") && strcmp(x->bill, id))) continue;
        if (json_kind(json_member(list, seen)) != JSON_KIND_NONE) continue;
        Sampled *b = sampled(&r->c, id_of(id));
        if (!b || !b->is_opened) { x->unopened++; continue; }
        json_add_json(&o, seen, mark);
        x->seen++;
    }
    if (name) json_add_json(&o, name, mark);
    json_close(&o);
    db_run(r, "update bill_run set checklist=? where id=?", t.s, run->id);
    audit_write(&r->c, &(Audit){ .action = "tick", .entity = "bill_run", .id = run->id, .number = run->run_no,
                                 .reason = x->words,
                                 .after = json_pairs(&r->c, "check", x->key ? x->key : text(r, "sample %s", x->bill),
                                                     NULL) });
}

static bool is_check(const char *key) {
    for (const CheckItem *k = run_checks; k->key; k++)
        if (!strcmp(k->key, key)) return !k->is_automatic;
    return false;
}

static void tick_check(Req *r, const RunRow *run, const char *key, const char *words) {
    run_must_be(r, run, "review");
    int64_t percent = 0;
    if (needs_note(&r->c, run, key) && (!words || strlen(words) < NOTE_LEAST)) {
        run_revenue_change(&r->c, run, &percent);
        fail_field(r, INVALID, "note", "Revenue is %+lld %% against the period before. Explain it in a note.",
                   (long long)percent);
    }
    tick(r, run, &(Ticks){ .key = key, .words = words });
}

/* Ticks: `key` of the checklist, or `bill` of the sample; bill=all: all that have been opened. */
void run_checklist_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    run_must_be(r, run, "review");
    const char *key = field_text(r, "key"), *bill = field_text(r, "bill");
    if (key && !is_check(key)) fail(r, INVALID, "There is no such check.");
    if (!key && !bill) fail(r, INVALID, "Choose what is to be ticked.");
    Ticks x = { .bill = bill };
    if (key) tick_check(r, run, key, field_text(r, "note"));
    else tick(r, run, &x);
    if (!key && !x.seen && x.unopened) fail(r, CONFLICT, "Open the bill first, then tick it off.");
    if (x.unopened) note(r, "%s", msg_plural(r, r->c.language, "billing.run.not_opened_yet", x.unopened, NULL));
    else note(r, "%s", word(r, "billing.run.ticked"));
    go(r, "/bx/runs/%s", run->run_no);
}

static const Form check_form = { .name = "run_check", .fields = FIELDS {
    { "note", LONG_TEXT(NOTE_LEAST, 500), .flags = REQUIRED }, { 0 } } };

/* A check that wants words. */
void run_check_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *key = path_text(r, "key");
    if (!is_check(key)) fail(r, NOT_FOUND, "There is no such check.");
    const CheckItem *k = run_checks;
    while (strcmp(k->key, key)) k++;
    show_text(r, "page.title", word(r, text(r, "billing.check.%s", k->key)));
    show_text(r, "page.crumbs.0.text", word(r, "billing.run.runs"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs"));
    show_text(r, "page.crumbs.1.text", run->run_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/bx/runs/%s?stage=5", run->run_no));
    form_show(r, "form", &check_form, text(r, "/bx/runs/%s/checklist/%s", run->run_no, key));
    show_text(r, "form.intro", hint_of(r, run, k));
    show_text(r, "form.cancel_url", link_path(r, "/bx/runs/%s", run->run_no));
    page(r, "layout/form");
}

void run_check_post(Req *r) {
    Input *in = form_read(r, &check_form);
    problems_end(r);
    RunRow *run = run_of_path(r, "v2");
    if (!is_check(path_text(r, "key"))) fail(r, NOT_FOUND, "There is no such check.");
    tick_check(r, run, path_text(r, "key"), in_text(in, "note"));
    note(r, "%s", word(r, "billing.run.ticked"));
    go(r, "/bx/runs/%s", run->run_no);
}

/* --- the stage ---------------------------------------------------------------------------------------------------- */

static void open_exceptions(Req *r, const RunRow *run) {
    show_text(r, "show.sections.0.title", word(r, "billing.run.exceptions"));
    show_text(r, "show.sections.0.link.text", word(r, "billing.run.exceptions_work"));
    show_text(r, "show.sections.0.link.url", link_path(r, "/bx/runs/%s/exceptions", run->run_no));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "billing.run.exceptions"));
    table_column(t, word(r, "billing.run.code"), "code", "id");
    table_column(t, word(r, "billing.run.account"), "code", NULL);
    table_column(t, word(r, "billing.run.message"), "text", "name");
    table_column(t, word(r, "billing.run.amount"), "money", "amount");
    table_column(t, word(r, "list.run_exceptions.age"), "num", NULL);
    table_column(t, word(r, "billing.run.assignee"), "text", NULL);
    table_column(t, word(r, "billing.run.kind"), "status", NULL);
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_rows_of(t, NULL,
        "select e.code, concat('/u/', y.code, '/bx/runs/', r.run_no, '/exceptions/', e.public_id) as url, "
        "a.account_no, e.message, e.amount_minor, timestampdiff(day, e.opened_at, utc_timestamp(6)) as age, "
        "u.full_name, e.severity as state, e.state "
        "from bill_exception e join bill_run r on r.id = e.run_id join utility y on y.id = e.utility_id "
        "join account a on a.id=e.account_id left join user u on u.id = e.assignee_id where e.run_id=? "
        "and e.state in ('open', 'assigned') order by e.severity = 'warning', e.code, a.account_no limit ?",
        run->id, EXCEPTIONS_SHOWN);
    table_empty(t, word(r, "billing.run.exceptions_none"), NULL);
}

void run_stage_verify(Req *r, const RunRow *run, const RunCounts *k) {
    bool may = perm_may(&r->c, "bx.run", EDIT) && !strcmp(run->state, "review");
    const char *base = link_path(r, "/bx/runs/%s", run->run_no);
    run_kpi(r, word(r, "billing.run.errors"), run_count(r, k->error), text(r, "%s/errors", base), NULL);
    run_kpi(r, word(r, "billing.run.held"), run_count(r, k->held), text(r, "%s/held", base), NULL);
    run_kpi(r, word(r, "billing.run.stale"), run_count(r, k->stale), text(r, "%s/bills?stale=1", base),
            word(r, "billing.run.stale_how"));
    open_exceptions(r, run);
    if (may && k->stale) {
        show_text(r, "show.sections.0.actions.0.text",
                  msg_plural(r, r->c.language, "billing.run.recalculate_stale", k->stale, run_count(r, k->stale)));
        show_text(r, "show.sections.0.actions.0.post", "1");
        show_text(r, "show.sections.0.actions.0.url", text(r, "%s/recalculation", base));
    }
    run_checklist_show(r, run, "show.sections.1", may);
    sample_show(r, run, "show.sections.2", may);
}

/* --- recalculation ------------------------------------------------------------------------------------------------ */

#define STALE_ROW(F, T) F(T, Id, account_id)
ROW(StaleRow, STALE_ROW)

/* what=stale (default), all, or one account. */
void run_recalculate_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *what = field_text(r, "what");
    if (!what) what = "stale";
    run_must_be(r, run, "review");
    int64_t few = setting_int(&r->c, "bx.run_piece_rows", BILL_CHUNK_MAX);
    bool is_all = !strcmp(what, "all"), is_stale = !strcmp(what, "stale");
    StaleRows rows = { 0 };
    if (is_stale)
        rows = db_all(r, StaleRow, "select account_id from bill where bill_run_id=? and stale=1 "
                                   "and status in ('draft', 'held', 'approved') limit ?", run->id, few + 1);
    else if (!is_all)
        rows = db_all(r, StaleRow, "select id as account_id from account where utility_id=? and account_no=?",
                      r->c.utility, what);
    if (!is_all && !rows.n) fail(r, INVALID, "Nothing is to be recalculated.");
    bool is_many = is_all || (int64_t)rows.n > few;
    Id *ids = take_n(r, Id, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) ids[i] = rows.v[i].account_id;
    if (!is_many) run_again(&r->c, run, "error,held,calculated", ids, rows.n);
    machine_move(&r->c, &run_v2, run->id, "recalculate", NULL,
                 is_many ? (void *)text(r, "%s", what) : NULL);
    go(r, "/bx/runs/%s", run->run_no);
}
