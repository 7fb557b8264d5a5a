/*
 * A plan is retired (ONB02US05 "Retire"): at once, or on a later day by the job tariff.activate. From that day on no
 * connection is put on it; those that are on it are moved first (plan_move.c). What waits is shown and can be taken
 * back, and is judged again on its day: with connections still on it the plan waits on, and billing is told each day.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/history.h"

static const Form retire_form = { .name = "plan_retire", .fields = FIELDS {
    { "on",     "From",   DATE_FIELD,        .flags = REQUIRED },
    { "reason", "Reason", LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

static const Form back_form = { .name = "plan_retire_back", .fields = FIELDS { { 0 } } };

/* Who is still on the plan; NULL: nobody. */
static const char *connections_text(Ctx *c, const Plan *p) {
    int64_t n = plan_subscribers(c, p->id);
    const char *language = c->language ? c->language : "en";            /* of a job: none */
    return n ? msg_plural(c, language, "plan.retire_connections", n, locale_count(&c->mem, c->locale, n)) : NULL;
}

Refusal plan_retire_refusal(Ctx *c, Id id) {
    const char *on_it = connections_text(c, plan_by_id(c, id));
    return on_it ? REFUSE(c, CONFLICT, "%s", on_it) : NO_REFUSAL;
}

void plan_retired(Ctx *c, Id id, void *arg) {
    (void)arg;
    db_run(c, "update tariff_plan set retired_on=?, retire_on=null, retire_told_on=null where id=?", utility_today(c),
           id);
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static bool may_be_retired(const Plan *p) { return !strcmp(p->status, "active") || !strcmp(p->status, "inactive"); }

static void show_waiting(Req *r, const Plan *p) {
    const char *section = "show.sections.0", *facts = text(r, "%s.facts", section);
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "retire_waits"));
    show_fact(r, facts, PLAN_SAY(r, "from"), locale_date_words(&r->c.mem, r->c.locale, p->retire_on), NULL);
    show_fact(r, facts, PLAN_SAY(r, "reason"), p->retire_reason, NULL);
    show_fact(r, facts, PLAN_SAY(r, "subscribers"), locale_count(&r->c.mem, r->c.locale,
                                                                 plan_subscribers(&r->c, p->id)), NULL);
    form_show(r, text(r, "%s.form", section), &back_form, text(r, "/plans/%s/retirement/withdrawal", p->code));
    show_text(r, text(r, "%s.form.submit", section), PLAN_SAY(r, "retire_back"));
}

void plan_retire_page(Req *r) {
    Plan *p = plan_of_path(r);
    plan_head(r, p, NULL, PLAN_SAY(r, "retire"));
    const char *on_it = connections_text(&r->c, p);
    if (date_is_set(p->retire_on)) show_waiting(r, p);
    if (may_be_retired(p)) {
        FormView *v = form_show(r, "show.sections.1.form", &retire_form, text(r, "/plans/%s/retirement", p->code));
        form_date(v, "on", date_is_set(p->retire_on) ? p->retire_on : utility_today(&r->c));
        form_text(v, "reason", p->retire_reason);
        form_version(v, p->row_version);
        show_text(r, "show.sections.1.title", date_is_set(p->retire_on) ? PLAN_SAY(r, "retire_other")
                  : PLAN_SAY(r, "retire"));
        show_text(r, "show.sections.1.form.intro", PLAN_SAY(r, "retire_how"));
        show_text(r, "show.sections.1.form.tone", "danger");
        show_text(r, "show.sections.1.form.submit", text(r, "%s %s", PLAN_SAY(r, "retire"), p->code));
    } else show_text(r, "show.sections.1.text", PLAN_SAY(r, "retire_not"));
    if (on_it) {
        show_text(r, "show.notices.0.tone", "warn");
        show_text(r, "show.notices.0.strong", on_it);
        show_text(r, "show.notices.0.url", link_path(r, "/plans/%s/move", p->code));
    }
    page(r, "layout/show");
}

static void audit(Ctx *c, const Plan *p, Date on, const char *reason) {
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan", .id = p->id, .number = p->code,
                             .version = p->row_version + 1, .reason = reason,
                             .before = json_pairs(c, "retire_on", date_is_set(p->retire_on)
                                                  ? date_iso(&c->mem, p->retire_on) : NULL, NULL),
                             .after = json_pairs(c, "retire_on", date_is_set(on) ? date_iso(&c->mem, on) : NULL,
                                                 NULL) });
}

void plan_retire_post(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    Input *in = form_read(r, &retire_form);
    Date today = utility_today(c), on = in_date(in, "on");
    if (in_given(in, "on") && on.day < today.day) problem(r, "on", "%s", PLAN_SAY(r, "retire_past"));
    if (!may_be_retired(p)) fail(r, CONFLICT, "%s", PLAN_SAY(r, "retire_not"));
    const char *on_it = in_given(in, "on") && on.day == today.day ? connections_text(c, p) : NULL;
    if (on_it) problem(r, "on", "%s", on_it);
    problems_end(r);
    if (on.day == today.day) {
        machine_press(r, &tariff_plan, p->id, "retire", in_text(in, "reason"), NULL);
        note(r, "%s", text(r, "%s: %s.", p->code, state_label(r, "retired")));
    } else {
        db_must(c, 1, CONFLICT, "update tariff_plan set retire_on=?, retire_reason=?, retire_by=?, "
                                "retire_told_on=null, updated_at=?, updated_by=?, row_version=row_version+1 "
                                "where id=? and row_version=?",
                on, in_text(in, "reason"), c->user, c->now, c->user, p->id, in->row_version);
        audit(c, p, on, in_text(in, "reason"));
        note(r, "%s", msg_format(r, c->language, "plan.retire_planned", { "code", p->code },
                                 { "date", locale_date_words(&c->mem, c->locale, on) }));
    }
    go(r, "/plans/%s", p->code);
}

void plan_retire_withdraw(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    if (!date_is_set(p->retire_on)) fail(r, CONFLICT, "%s", PLAN_SAY(r, "retire_none"));
    db_must(c, 1, CONFLICT, "update tariff_plan set retire_on=null, retire_reason=null, retire_by=null, "
                            "retire_told_on=null, updated_at=?, updated_by=?, row_version=row_version+1 where id=? "
                            "and row_version=?", c->now, c->user, p->id, p->row_version);
    audit(c, p, DATE_NONE, NULL);
    note(r, "%s", msg_format(r, c->language, "plan.retire_taken_back", { "code", p->code }));
    go(r, "/plans/%s", p->code);
}

void plan_show_retirement(Req *r, const Plan *p) {
    if (!date_is_set(p->retire_on) || !may_be_retired(p)) return;
    const char *on_it = connections_text(&r->c, p);
    show_text(r, "show.notices.0.tone", on_it ? "warn" : "info");
    show_text(r, "show.notices.0.strong", msg_format(r, r->c.language, "plan.retire_on",
        { "date", locale_date_words(&r->c.mem, r->c.locale, p->retire_on) }));
    if (perm_may(&r->c, "core.tariffs", APPROVE))
        show_text(r, "show.notices.0.url", link_path(r, "/plans/%s/retirement", p->code));
    show_text(r, "show.notices.0.text", on_it);
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

static void tell(Ctx *c, const Plan *p, const char *title, const char *on_it) {
    Id role = db_id(c, "select id from role where code='billing_manager' and utility_id=?", c->utility);
    if (!role.id) return;
    inapp_post(c, &(InApp){ .recipient_kind = "role", .recipient = role, .topic = "billing",
                            .severity = on_it ? "warning" : "info",
                            .title = msg_format(c, c->language, title, { "code", p->code }),
                            .body = on_it ? on_it : p->retire_reason ? p->retire_reason : "",
                            .link = text(c, "/u/%s/plans/%s", c->utility_code, p->code),
                            .dedup_key = text(c, "tariff:retire:%lld:%s", (long long)p->id.id,
                                              date_iso(&c->mem, utility_today(c))) });
}

#define DUE_PLAN(F, T) F(T, Id, id)
ROW(DuePlan, DUE_PLAN)

void plan_retire_due(Ctx *c) {
    Date today = utility_today(c);
    DuePlans due = db_all(c, DuePlan, "select id from tariff_plan where utility_id=? and retire_on<=? "
                                      "and status in ('active', 'inactive') order by id for update", c->utility, today);
    for (size_t i = 0; i < due.n; i++) {
        const Plan *p = plan_by_id(c, due.v[i].id);
        const char *on_it = connections_text(c, p);
        if (!on_it) {
            machine_move_system(c, &tariff_plan, p->id, "retire", p->retire_reason, NULL);
            tell(c, p, "plan.told.retired", NULL);
        } else if (db_run(c, "update tariff_plan set retire_told_on=? where id=? and not retire_told_on<=>?", today,
                          p->id, today))
            tell(c, p, "plan.told.not_retired", on_it);
    }
}
