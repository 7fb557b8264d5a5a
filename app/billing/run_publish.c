/*
 * Bill runs, stage 6 (BX01US03): what differs from the first drafts, approval with a note, publication now or later,
 * what was
 * delivered.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/money.h"

static const Form approve_form = { .name = "run_approve", .fields = FIELDS {
    { "reason",     LONG_TEXT(0, 500) }, { 0 } } };

static const Form publish_form = { .name = "run_publish", .fields = FIELDS {
    { "publish_at", TEXT(1, 30), .flags = REQUIRED }, { 0 } } };

static const Form back_form = { .name = "run_back", .fields = FIELDS {
    { "reason",     LONG_TEXT(5, 500), .flags = REQUIRED }, { 0 } } };

/* The first draft of each account against what stands now: what changed since the simulation of stage 4. */
static void differences(Req *r, const RunRow *run, const char *section) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.differences"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.run.differences"));
    table_column(t, word(r, "billing.run.account"), "code", "id");
    table_column(t, word(r, "billing.run.first_draft"), "money", NULL);
    table_column(t, word(r, "billing.run.now"), "money", "amount");
    table_column(t, word(r, "billing.run.difference"), "money", NULL);
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_rows_of(t, NULL,
        "select a.account_no, f.total_minor as first_minor, coalesce(b.total_minor, 0) as now_minor, "
        "coalesce(b.total_minor, 0) - f.total_minor as difference_minor, i.state "
        "from (select account_id, min(id) as id from bill where bill_run_id = ? group by account_id) m "
        "join bill f on f.id = m.id join bill_run_item i on i.run_id = ? and i.account_id = m.account_id "
        "left join bill b on b.id = i.bill_id join account a on a.id = m.account_id "
        "where coalesce(b.total_minor, 0) <> f.total_minor "
        "order by abs(cast(coalesce(b.total_minor, 0) as signed) - f.total_minor) desc limit 100", run->id, run->id);
    table_empty(t, word(r, "billing.run.differences_none"), NULL);
}

static void deliveries(Req *r, const RunRow *run, const char *section) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.deliveries"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.run.deliveries"));
    table_column(t, word(r, "billing.run.channel"), "text", "id");
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_column(t, word(r, "billing.run.bills"), "num", "amount");
    table_rows_of(t, NULL,
        "select case d.channel when 'email' then 'E-mail' when 'sms' then 'SMS' "
        "when 'portal' then 'Portal only' else concat(upper(left(d.channel, 1)), substr(d.channel, "
        "2)) end as channel, d.state, count(*) as n from bill_delivery d join bill b on b.id=d.bill_id "
        "where b.bill_run_id=? group by 1, d.state order by 1, 2",
        run->id);
    table_empty(t, word(r, "billing.run.deliveries_none"), word(r, "billing.run.deliveries_when"));
}

static void decisions(Req *r, const RunRow *run) {
    bool awaiting = !strcmp(run->state, "awaiting_approval"), approved = !strcmp(run->state, "approved");
    if (!perm_may(&r->c, "bx.run", APPROVE) || (!awaiting && !approved)) return;
    const char *base = text(r, "/bx/runs/%s", run->run_no);
    if (awaiting) {
        show_text(r, "show.sections.3.title", word(r, "billing.run.approve"));
        show_text(r, "show.sections.3.span", "half");
        form_show(r, "show.sections.3.form", &approve_form, text(r, "%s/approve", base));
    } else {
        show_text(r, "show.sections.3.title", word(r, "billing.run.publish_later"));
        show_text(r, "show.sections.3.span", "half");
        FormView *v = form_show(r, "show.sections.3.form", &publish_form, text(r, "%s/publication", base));
        if (time_is_set(run->publish_at))
            form_set(v, "publish_at", "hint", msg_format(r, r->c.language, "billing.run.planned",
                     { "at", locale_time_words(&r->c.mem, r->c.locale, run->publish_at) }));
    }
    show_text(r, "show.sections.4.title", word(r, "billing.run.send_back"));
    show_text(r, "show.sections.4.span", "half");
    form_show(r, "show.sections.4.form", &back_form, text(r, "%s/send_back", base));
}

void run_stage_publish(Req *r, const RunRow *run, const RunCounts *k) {
    if (!strcmp(run->state, "publishing") || !strcmp(run->state, "published") || !strcmp(run->state, "closed")
        || k->published) run_progress(r, run, k);
    const char *base = link_path(r, "/bx/runs/%s", run->run_no);
    run_kpi(r, word(r, "billing.run.bills"), run_count(r, k->published + k->calculated), text(r, "%s/bills", base),
            NULL);
    run_kpi(r, word(r, "billing.run.total"), run_money(r, k->amount), NULL, NULL);
    run_kpi(r, word(r, "billing.run.tax"), run_money(r, k->tax), NULL, NULL);
    run_kpi(r, word(r, "billing.run.undecided"), run_count(r, k->error + k->held), text(r, "%s/held", base), NULL);
    run_kpi(r, word(r, "billing.run.stale"), run_count(r, k->stale), text(r, "%s/bills?stale=1", base), NULL);
    if (run->approval_note) {
        show_text(r, "show.notices.0.tone", "info");
        show_text(r, "show.notices.0.strong", word(r, "billing.run.approval_note"));
        show_text(r, "show.notices.0.text", run->approval_note);
    }
    differences(r, run, "show.sections.0");
    run_checklist_show(r, run, "show.sections.1", false);
    deliveries(r, run, "show.sections.2");
    decisions(r, run);
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
    run_must_be(r, run, "approved");
    db_run(r, "update bill_run set publish_at=? where id=?", at_, run->id);
    job_enqueue(&r->c,
                &(NewJob){ .kind = "bill_run.publish", .payload = text(r, "{\"run\":%lld}", (long long)run->id.id),
                           .run_at = at_, .unique_key = text(r, "publish:%lld:%lld", (long long)run->id.id,
        (long long)at_.us) });
    audit_note(&r->c, "publish_at", "bill_run", run->id, run->run_no, typed);
    note(r, "%s", msg_format(r, r->c.language, "billing.run.published_at", { "run", run->run_no },
                             { "at", locale_time_words(&r->c.mem, r->c.locale, at_) }));
    go(r, "/bx/runs/%s", run->run_no);
}
