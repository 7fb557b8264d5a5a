/*
 * Bill runs, stage 6 (BX01US03): what differs from the first drafts, approval with a note, publication now or later,
 * what was
 * delivered.
 */
#include <ctype.h>
#include <stdio.h>
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

/* The first draft of each account against what stands now: what changed since the simulation of stage 4. Only accounts
   of which a draft was discarded can differ. */
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
        "from (select account_id, min(id) as id from bill force index (bill_run_sums) where bill_run_id = ? "
        "and status = 'discarded' group by account_id) m "
        "join bill f on f.id = m.id join bill_run_item i on i.run_id = ? and i.account_id = m.account_id "
        "left join bill b on b.id = i.bill_id join account a on a.id = m.account_id "
        "where coalesce(b.total_minor, 0) <> f.total_minor "
        "order by abs(cast(coalesce(b.total_minor, 0) as signed) - f.total_minor) desc limit 100", run->id, run->id);
    table_empty(t, word(r, "billing.run.differences_none"), NULL);
}

/* Deliveries of so many bills are counted once in a while in a worker: what is shown is as old as that at most. */
enum { RUNS_KEPT = 4, RUN_LARGE = 5000, RUN_KEPT_S = 15, CHANNELS_MOST = 32, NAME_MAX_ = 31, SCHEMA_MAX = 64 };

#define CHANNEL_ROW(F, T) F(T, const char *, channel) F(T, const char *, state) F(T, int64_t, n)
ROW(ChannelRow, CHANNEL_ROW)
typedef struct { char channel[NAME_MAX_ + 1], state[NAME_MAX_ + 1]; int64_t n; } Channel;
static struct { char schema[SCHEMA_MAX + 1]; Id run; int64_t at_us; size_t n; Channel v[CHANNELS_MOST]; }
    kept[RUNS_KEPT];

static ChannelRows channels_read(Ctx *c, const RunRow *run, const RunCounts *k) {
    size_t at_ = (size_t)run->id.id % RUNS_KEPT;
    int64_t now_us = time_ticking_us();
    if (kept[at_].run.id == run->id.id && now_us - kept[at_].at_us < RUN_KEPT_S * SECOND_US
        && !strcmp(kept[at_].schema, c->schema)) {
        ChannelRows l = { .v = take_n(c, ChannelRow, kept[at_].n + 1), .n = kept[at_].n };
        for (size_t i = 0; i < l.n; i++)
            l.v[i] = (ChannelRow){ text_copy(c, kept[at_].v[i].channel), text_copy(c, kept[at_].v[i].state),
                                   kept[at_].v[i].n };
        return l;
    }
    ChannelRows l = db_all(c, ChannelRow, "select d.channel, d.state, count(*) as n from bill b force index "
                                          "(bill_run_sums) straight_join bill_delivery d on d.bill_id=b.id "
                                          "where b.bill_run_id=? and b.status in ('published', 'cancelled') "
                                          "group by d.channel, d.state order by d.channel, d.state", run->id);
    if (k->published < RUN_LARGE || l.n > CHANNELS_MOST || strlen(c->schema) > SCHEMA_MAX) return l;
    kept[at_].run = run->id, kept[at_].at_us = now_us, kept[at_].n = l.n;
    snprintf(kept[at_].schema, sizeof kept[at_].schema, "%s", c->schema);
    for (size_t i = 0; i < l.n; i++) {
        snprintf(kept[at_].v[i].channel, sizeof kept[at_].v[i].channel, "%s", l.v[i].channel);
        snprintf(kept[at_].v[i].state, sizeof kept[at_].v[i].state, "%s", l.v[i].state);
        kept[at_].v[i].n = l.v[i].n;
    }
    return l;
}

static const char *channel_name(Req *r, const char *channel) {
    if (!strcmp(channel, "email")) return "E-mail";
    if (!strcmp(channel, "sms")) return "SMS";
    if (!strcmp(channel, "portal")) return "Portal only";
    char *name = text_copy(r, channel);
    name[0] = (char)toupper((unsigned char)name[0]);
    return name;
}

static void deliveries(Req *r, const RunRow *run, const RunCounts *k, const char *section) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.run.deliveries"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.run.deliveries"));
    table_column(t, word(r, "billing.run.channel"), "text", "id");
    table_column(t, word(r, "billing.run.state"), "status", "status");
    table_column(t, word(r, "billing.run.bills"), "num", "amount");
    ChannelRows l = k->published ? channels_read(&r->c, run, k) : (ChannelRows){ 0 };
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, channel_name(r, l.v[i].channel));
        table_state(t, l.v[i].state);
        table_int(t, l.v[i].n);
    }
    table_empty(t, word(r, "billing.run.deliveries_none"), word(r, "billing.run.deliveries_when"));
}

static void decisions(Req *r, const RunRow *run) {
    bool awaiting = !strcmp(run->state, "awaiting_approval"), approved = !strcmp(run->state, "approved");
    if (!perm_may(&r->c, "bx.run", APPROVE) || (!awaiting && !approved)) return;
    const char *base = text(r, "/bx/runs/%s", run->run_no);
    if (awaiting) {
        show_text(r, "show.sections.3.title", word(r, "billing.run.approve"));
        show_text(r, "show.sections.3.span", "half");
        if (run->four_eyes && run->last_actor_id.id == r->c.user.id)
            show_text(r, "show.sections.3.text", word(r, "billing.run.second_person"));
        else form_show(r, "show.sections.3.form", &approve_form, text(r, "%s/approve", base));
    } else {
        show_text(r, "show.sections.3.title", word(r, "billing.run.publish_later"));
        show_text(r, "show.sections.3.span", "half");
        FormView *v = form_show(r, "show.sections.3.form", &publish_form, text(r, "%s/publication", base));
        form_set(v, "publish_at", "kind", "datetime");
        if (time_is_set(run->publish_at))
            form_set(v, "publish_at", "hint", msg_format(r, r->c.language, "billing.run.planned",
                     { "at", locale_time_words(&r->c.mem, r->c.locale, run->publish_at) }));
    }
    show_text(r, "show.sections.4.title", word(r, "billing.run.send_back"));
    show_text(r, "show.sections.4.span", "half");
    form_show(r, "show.sections.4.form", &back_form, text(r, "%s/send_back", base));
}

/* Bills of an approved run are marked in pieces. */
static void marks_show(Req *r, const RunRow *run, const RunCounts *k) {
    int64_t open = run_marks_open(&r->c, run), done = k->calculated > open ? k->calculated - open : 0;
    if (!open) return;
    show_text(r, "job.state", run->state);
    show_text(r, "job.state_text", word(r, "billing.run.marking"));
    show_text(r, "job.tone", "info");
    show_int(r, "job.max", k->calculated);
    show_int(r, "job.value", done);
    show_text(r, "job.percent_text", text(r, "%s of %s", run_count(r, done), run_count(r, k->calculated)));
    show_text(r, "job.started", word(r, "billing.run.marking_how"));
    show_text(r, "job.poll_url", link_path(r, "%s", run_path(&r->c, run)));
}

void run_stage_publish(Req *r, const RunRow *run, const RunCounts *k) {
    bool is_back = !strcmp(run->state, "rolling_back") || !strcmp(run->state, "rolled_back");
    if (!strcmp(run->state, "publishing") || !strcmp(run->state, "published") || !strcmp(run->state, "closed")
        || is_back || k->published) run_progress(r, run, k);
    else marks_show(r, run, k);
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
    if (!is_back) differences(r, run, "show.sections.0");
    run_checklist_show(r, run, "show.sections.1", false);
    deliveries(r, run, k, "show.sections.2");
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
