/*
 * Versions of a plan (ONB02US05): a draft copied from the latest, submitted by its maker, approved by another, in force
 * from its first day on, without gap or overlap. What was submitted never changes again; a change is a new version.
 *
 * draft -> pending_approval -> approved -> active -> superseded; pending_approval -> rejected -> draft; approved ->
 * withdrawn before its first day. The job tariff.activate runs at midnight; what is approved for today or earlier is in
 * force at once.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "app/setup/plan_rules.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/resource.h"

enum { SAMPLE_MOST = 1000, BILLED_SHOWN = 50, RATES_MOST = 200, TIERS_MOST = 60, NAMES_MOST = 40 };

/* --- what is missing ---------------------------------------------------------------------------------------------- */

static const char *rate_tiers_problem(Ctx *c, const PlanRate *x) {
    PlanTiers all = db_all(c, PlanTier, PLAN_TIER_SELECT, x->id);
    TierEnds v[TIERS_MOST];
    int n = 0;
    for (size_t i = 0; i < all.n && n < TIERS_MOST; i++) {
        const PlanTier *t = &all.v[i];
        v[n++] = (TierEnds){ .upto = t->upto_qty_micro, .unlimited = t->unlimited, .by_attribute = t->upto_attribute };
        bool season_ends =
            i + 1 == all.n || (t->season && strcmp(t->season, all.v[i + 1].season ? all.v[i + 1].season : ""));
        if (!season_ends) continue;
        const char *wrong = tiers_problem(&c->mem, v, n);
        if (wrong) return wrong;
        n = 0;
    }
    return all.n ? NULL : "Enter at least one tier.";
}

static const char *rate_tou_problem(Ctx *c, const PlanRate *x) {
    static const char *const words[] = { "weekday", "weekend", "holiday", "any" };
    PlanTous all = db_all(c, PlanTou, PLAN_TOU_SELECT, x->id);
    TouHours *v = take_n(c, TouHours, all.n + 1);
    for (size_t first = 0; first < all.n;) {
        size_t i = first;
        int n = 0;
        for (; i < all.n; i++) {
            const char *a = all.v[first].season_code, *b = all.v[i].season_code;
            if (!(a && b ? !strcmp(a, b) : a == b)) break;
            v[n] = (TouHours){ all.v[i].code, DAYS_ANY, all.v[i].from_minute, all.v[i].to_minute };
            for (int k = 0; k < 4; k++)
                if (!strcmp(words[k], all.v[i].day_type)) v[n].days = (DayType)k;
            n++;
        }
        const char *wrong = tou_problem(&c->mem, v, n);
        if (wrong) return wrong;
        first = i;
    }
    return all.n ? NULL : "Enter at least one period.";
}

static const char *rate_problem(Ctx *c, const Plan *p, const PlanRate *x) {
    if (!*x->gl_code) return text(c, "Choose a GL code for %s.", x->label);
    const char *wrong = NULL;
    if (!strcmp(x->calc, "tiered") || !strcmp(x->calc, "flat_by_tier")) wrong = rate_tiers_problem(c, x);
    if (!strcmp(x->calc, "tou")) wrong = rate_tou_problem(c, x);
    if (!strcmp(x->type, "meter_size")
        && !db_int(c, "select count(*) from tariff_meter_size_price where rate_id=?", x->id))
        wrong = "Enter at least one meter size.";
    if (!strcmp(x->type, "seasonal") && !wrong) {
        const char *season = db_text(c, "select s.code from tariff_season s where s.plan_id=? and not exists (select 1 "
            "from tariff_tier t where t.rate_id=? and t.season_id=s.id) limit 1", p->id, x->id);
        if (season) wrong = text(c, "There is no price for the season %s.", season);
        if (!db_int(c, "select count(*) from tariff_season where plan_id=?", p->id)) wrong = "The plan has no seasons.";
    }
    if (!wrong && !strcmp(x->type, "tax") && !x->tax_code) wrong = "Choose a tax.";
    return wrong ? text(c, "%s: %s", x->label, wrong) : NULL;
}

const char *plan_version_problem(Ctx *c, const PlanVersion *v) {
    const Plan *p = plan_by_id(c, v->plan_id);
    PlanRates all = plan_rates(c, v->id);
    if (!all.n) return "The version has no components.";
    PercentOf *of = take_n(c, PercentOf, all.n + 1);
    for (size_t i = 0; i < all.n; i++) {
        const char *wrong = rate_problem(c, p, &all.v[i]);
        if (wrong) return wrong;
        const char **names = take_n(c, const char *, NAMES_MOST);
        int n = (int)plan_texts(c, all.v[i].refs, names, NAMES_MOST);
        of[i] = (PercentOf){ all.v[i].code, all.v[i].charge_type, !strcmp(all.v[i].calc, "percent"), names, n };
    }
    return percent_loop(&c->mem, of, (int)all.n);
}

/* --- the machine -------------------------------------------------------------------------------------------------- */

/* A note to one person, or with `user` 0 to the billing managers; it leads to the version. */
static void tell(Ctx *c, const PlanVersion *v, Id user, const char *key) {
    Id to = user.id ? user : db_id(c, "select id from role where code='billing_manager' and utility_id=?", c->utility);
    if (!to.id) return;
    const char *code = plan_by_id(c, v->plan_id)->code;
    inapp_post(c, &(InApp){ .recipient_kind = user.id ? "user" : "role", .recipient = to, .topic = "billing",
        .severity = "info", .title = msg_format(c, c->language, key, { "plan", code },
                                                { "n", text(c, "%d", v->version_no) }),
        .body = msg_format(c, c->language, "plan.told.from", { "date", locale_date_words(&c->mem, c->locale,
                                                                                         v->effective_from) }),
        .link = text(c, "/u/%s/plans/%s/versions/%d", c->utility_code, code, v->version_no),
        .dedup_key = text(c, "tariff:%lld:%s", (long long)v->id.id, key) });
}

static Refusal submit_refusal(Ctx *c, Id id) {
    const PlanVersion *v = plan_version_by_id(c, id);
    const char *wrong = plan_version_problem(c, v);
    if (wrong) return REFUSE(c, CONFLICT, "%s", wrong);
    Date billed = plan_billed_until(c, v->plan_id);
    if (date_is_set(billed) && v->effective_from.day <= billed.day && !perm_may(c, "core.tariffs", APPROVE))
        return REFUSE(c, CONFLICT, "Bills up to %s are published. Who may approve can set an earlier day.",
                      locale_date(&c->mem, c->locale, billed));
    return NO_REFUSAL;
}

static void submit(Ctx *c, Id id, void *arg) {
    (void)arg;
    const PlanVersion *v = plan_version_by_id(c, id);
    PlanImpact i = plan_impact_sample(c, v, SAMPLE_MOST);
    db_run(c, "update tariff_plan_version set submitted_by=?, submitted_at=?, approved_by=null, approved_at=null, "
              "decision_note=null, impact=? where id=?", c->user, c->now, plan_impact_json(c, &i), id);
    tell(c, v, (Id){ 0 }, "plan.told.submitted");
}

/* Who created, changed or submitted a version made it. */
static bool has_made(Ctx *c, const PlanVersion *v) {
    return v->submitted_by.id == c->user.id || v->created_by.id == c->user.id
        || db_int(c, "select count(*) from audit_entry where entity='tariff_plan_version' and entity_id=? "
                     "and action='edit' and actor_kind='user' and actor_id=?", v->id, c->user);
}

static Refusal second_person(Ctx *c, Id id) {
    const PlanVersion *v = plan_version_by_id(c, id);
    if (has_made(c, v))
        return REFUSE(c, CONFLICT, "A second person must approve.");
    const char *wrong = plan_version_problem(c, v);
    return wrong ? REFUSE(c, CONFLICT, "%s", wrong) : NO_REFUSAL;
}

static void event(Ctx *c, const char *name, const PlanVersion *v) {
    event_emit(c, &(Event){ .name = name, .entity = "tariff_plan_version", .id = v->id,
                            .payload = text(c, "{\"version_id\": %lld, \"effective_from\": \"%s\"}",
                                            (long long)v->id.id, date_iso(&c->mem, v->effective_from)) });
}

#define STANDING(F, T) F(T, Id, id) F(T, Date, effective_from) F(T, const char *, state)
ROW(Standing, STANDING)

/* One version for each day: all that have begun end where the next one begins; the last of them is in force. */
static void settle(Ctx *c, Id plan) {
    Date today = utility_today(c);
    Standings all = db_all(c, Standing, "select id, effective_from, state from tariff_plan_version where plan_id=? "
        "and (state in ('active', 'superseded') or (state='approved' and effective_from<=?)) "
        "order by effective_from, version_no for update", plan, today);
    for (size_t i = 0; i < all.n; i++) {
        const Standing *v = &all.v[i];
        if (!strcmp(v->state, "approved")) {
            machine_move_system(c, &tariff_plan_version, v->id, "activate", NULL, NULL);
            db_run(c, "update tariff_plan_version set activated_at=? where id=?", c->now, v->id);
            const PlanVersion *begun = plan_version_by_id(c, v->id);
            event(c, "tariff_plan_version.activated", begun);
            tell(c, begun, (Id){ 0 }, "plan.told.activated");
        }
        bool is_last = i + 1 == all.n;
        Date to = is_last ? DATE_NONE : date_add_days(all.v[i + 1].effective_from, -1);
        db_run(c, "update tariff_plan_version set effective_to=? where id=? and not effective_to<=>?", to, v->id, to);
        if (!is_last && strcmp(v->state, "superseded"))
            machine_move_system(c, &tariff_plan_version, v->id, "supersede", NULL, NULL);
    }
    if (all.n && !strcmp(plan_by_id(c, plan)->status, "draft"))
        machine_move_system(c, &tariff_plan, plan, "start", NULL, NULL);
}

static void approve(Ctx *c, Id id, void *note_) {
    db_run(c, "update tariff_plan_version set approved_by=?, approved_at=?, decision_note=? where id=?", c->user,
           c->now,
           (const char *)note_, id);
    const PlanVersion *v = plan_version_by_id(c, id);
    event(c, "tariff_plan_version.approved", v);
    if (v->submitted_by.id) tell(c, v, v->submitted_by, "plan.told.approved");
    if (v->effective_from.day <= utility_today(c).day) settle(c, v->plan_id);
}

static void reject(Ctx *c, Id id, void *note_) {
    db_run(c, "update tariff_plan_version set approved_by=?, approved_at=?, decision_note=? where id=?", c->user,
           c->now,
           (const char *)note_, id);
    const PlanVersion *v = plan_version_by_id(c, id);
    if (v->submitted_by.id) tell(c, v, v->submitted_by, "plan.told.rejected");
}

static Refusal withdraw_refusal(Ctx *c, Id id) {
    const PlanVersion *v = plan_version_by_id(c, id);
    if (v->effective_from.day <= utility_today(c).day)
        return REFUSE(c, CONFLICT, "The version has begun on %s.", locale_date(&c->mem, c->locale, v->effective_from));
    return NO_REFUSAL;
}

static void no_event(Ctx *c, Id id, const char *from, const char *to, const char *event_) {
    (void)c, (void)id, (void)from, (void)to, (void)event_;      /* approve() and settle() tell what others listen to */
}

static const Move version_moves[] = {
    { "draft",            "submit",    "pending_approval", EDIT,    submit_refusal, submit,   .text = "Submit" },
    { "pending_approval", "approve",   "approved",         APPROVE, second_person,  approve,  .text = "Approve" },
    { "pending_approval", "reject",    "rejected",         APPROVE, second_person,  reject,   .asks_reason = true },
    { "rejected",         "reopen",    "draft",            EDIT,    NULL,           NULL,     .text = "Change again" },
    { "approved",         "withdraw",  "withdrawn",        APPROVE, withdraw_refusal, NULL,   .text = "Withdraw",
      .danger = true },
    { "approved",         "activate",  "active",           APPROVE, NULL,           NULL },
    { "active",           "supersede", "superseded",       APPROVE, NULL,           NULL },
    { 0 } };

const Machine tariff_plan_version = { .name = "tariff_plan_version", .table = "tariff_plan_version",
                                      .feature = "core.tariffs", .moves = version_moves, .moved = no_event };

#define DUE_ROW(F, T) F(T, Id, plan_id)
ROW(DueRow, DUE_ROW)

JobStep plan_activate_job(Ctx *c, const JobRow *job) {
    (void)job;
    DueRows due = db_all(c, DueRow, "select distinct plan_id from tariff_plan_version where utility_id=? "
                                    "and state='approved' and effective_from<=?", c->utility, utility_today(c));
    for (size_t i = 0; i < due.n; i++) settle(c, due.v[i].plan_id);
    plan_retire_due(c);
    return STEP_DONE;
}

/* --- drafts ------------------------------------------------------------------------------------------------------- */

int plan_version_add(Ctx *c, Id plan, Date from, const char *reason, Id *id) {
    db_int(c, "select id from tariff_plan where id=? for update", plan);        /* numbers follow each other */
    int no = (int)db_int(c, "select coalesce(max(version_no), 0) + 1 from tariff_plan_version where plan_id=?", plan);
    *id = db_insert(c, "insert into tariff_plan_version (utility_id, plan_id, version_no, effective_from, state, "
                       "change_reason, created_at, created_by, updated_at, updated_by) "
                       "values (?,?,?,?,'draft',?,?,?,?,?)",
                    c->utility, plan, no, from, reason, c->now, c->user, c->now, c->user);
    return no;
}

/* `only`: one component by its code, at a sequence of its own; NULL: all. */
static void rates_copy(Ctx *c, const PlanVersion *from, Id to, Id plan, const char *only, int sequence) {
    db_run(c,
        "insert into tariff_rate (utility_id, version_id, sequence, code, label, labels, type, charge_type, calc, "
        "basis, prorate, service_code, unit, rate_micro, amount_minor, rate_ppm, quantity, qty_percent_ppm, "
        "tier_mode, tier_period, included_qty_micro, above_qty_micro, upto_qty_micro, cap_micro, minimum_minor, "
        "round_qty, tax_codes, refs, tax_code, rebate_group, "
        "count_source, tiers_per, season_code, valid_from, valid_to, gl_code, taxable, show_zero, enabled, params, "
        "created_at, created_by) select utility_id, ?, if(?, ?, sequence), code, label, labels, type, charge_type, "
        "calc, basis, prorate, service_code, unit, rate_micro, amount_minor, rate_ppm, quantity, qty_percent_ppm, "
        "tier_mode, tier_period, included_qty_micro, above_qty_micro, upto_qty_micro, cap_micro, minimum_minor, "
        "round_qty, tax_codes, refs, tax_code, rebate_group, "
        "count_source, tiers_per, season_code, valid_from, valid_to, gl_code, taxable, show_zero, enabled, params, "
        "?, ? from tariff_rate where version_id=? and (? is null or code=?)",
        to, only != NULL, sequence, c->now, c->user, from->id, only, only);
    db_run(c,
        "insert into tariff_tier (rate_id, season_id, seq, upto_qty_micro, upto_attribute, rate_micro, amount_minor) "
        "select n.id, z.id, t.seq, t.upto_qty_micro, t.upto_attribute, t.rate_micro, t.amount_minor "
        "from tariff_rate o join tariff_tier t on t.rate_id=o.id join tariff_rate n on n.version_id=? "
        "and n.code=o.code left join tariff_season s on s.id=t.season_id left join tariff_season z "
        "on z.plan_id=? and z.code=s.code where o.version_id=? and (? is null or o.code=?)",
        to, plan, from->id, only, only);
    db_run(c, "insert into tariff_tou_period (rate_id, code, day_type, from_time, to_time, rate_micro, season_code) "
        "select n.id, t.code, t.day_type, t.from_time, t.to_time, t.rate_micro, t.season_code from tariff_rate o "
        "join tariff_tou_period t on t.rate_id=o.id join tariff_rate n on n.version_id=? and n.code=o.code "
        "where o.version_id=? and (? is null or o.code=?) order by t.id", to, from->id, only, only);
    db_run(c, "insert into tariff_meter_size_price (rate_id, size, amount_minor) select n.id, t.size, t.amount_minor "
        "from tariff_rate o join tariff_meter_size_price t on t.rate_id=o.id join tariff_rate n on n.version_id=? "
        "and n.code=o.code where o.version_id=? and (? is null or o.code=?) order by t.id", to, from->id, only, only);
}

void plan_rates_copy(Ctx *c, const PlanVersion *from, Id to, Id plan) { rates_copy(c, from, to, plan, NULL, 0); }

void plan_rate_copy_one(Ctx *c, const PlanVersion *from, const char *code, const PlanVersion *to) {
    int next = (int)db_int(c, "select coalesce(max(sequence), 0) + 10 from tariff_rate where version_id=?", to->id);
    rates_copy(c, from, to->id, to->plan_id, code, next > 999 ? 999 : next);
}

void plan_draft_lock(Ctx *c, const PlanVersion *v) {
    db_must(c, 1, CONFLICT, "update tariff_plan_version set updated_at=?, updated_by=?, row_version=row_version+1 "
                            "where id=? and state='draft'", c->now, c->user, v->id);
}

static const Form version_form = { .name = "plan_version", .fields = FIELDS {
    { "effective_from", "Effective from", DATE_FIELD, .flags = REQUIRED,
      .hint = "The version before ends the day before." },
    { "change_reason",  "What changes and why", LONG_TEXT(3, 500), .flags = REQUIRED },
    { 0 } } };

/* The day is free of another version that waits or will come. */
static void day_check(Req *r, const Plan *p, Input *in, Id but) {
    if (!in_given(in, "effective_from")) return;
    Date from = in_date(in, "effective_from");
    int64_t no = db_int(r, "select version_no from tariff_plan_version where plan_id=? and effective_from=? "
                           "and state in ('pending_approval', 'approved') and id<>coalesce(?,0) limit 1", p->id, from,
                        but);
    if (no) problem(r, "effective_from", "Version %lld begins on that day already.", (long long)no);
    Date billed = plan_billed_until(&r->c, p->id);
    if (date_is_set(billed) && from.day <= billed.day && !perm_may(&r->c, "core.tariffs", APPROVE))
        problem(r, "effective_from", "Bills up to %s are published. Who may approve can set an earlier day.",
                locale_date(&r->c.mem, r->c.locale, billed));
}

void plan_version_new(Req *r) {
    Plan *p = plan_of_path(r);
    FormView *v = form_show(r, "form", &version_form, text(r, "/plans/%s/versions", p->code));
    form_date(v, "effective_from", month_first(month_add(month_of(utility_today(&r->c)), 1)));
    plan_head(r, p, NULL, PLAN_SAY(r, "new_version"));
    const PlanVersion *now = plan_version_now(&r->c, p->id, utility_today(&r->c));
    if (now) show_text(r, "form.intro", msg_format(r, r->c.language, "plan.copied_from",
                                                   { "n", text(r, "%d", now->version_no) }));
    show_text(r, "form.cancel_url", link_path(r, "/plans/%s", p->code));
    page(r, "layout/form");
}

void plan_version_create(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    if (!strcmp(p->status, "retired")) fail(r, CONFLICT, "%s is retired.", p->code);
    Input *in = form_read(r, &version_form);
    day_check(r, p, in, (Id){ 0 });
    problems_end(r);
    Id last = db_id(c, "select id from tariff_plan_version where plan_id=? and state in ('approved', 'active', "
                       "'superseded') order by effective_from desc, version_no desc limit 1", p->id);
    if (!last.id) last = db_id(c, "select id from tariff_plan_version where plan_id=? order by version_no desc limit 1",
                               p->id);
    Id id;
    int no = plan_version_add(c, p->id, in_date(in, "effective_from"), in_text(in, "change_reason"), &id);
    if (last.id) plan_rates_copy(c, plan_version_by_id(c, last), id, p->id);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "create", .entity = "tariff_plan_version", .id = id,
                             .number = text(c, "%s/%d", p->code, no), .version = 1,
                             .after = json_pairs(c, "effective_from", date_iso(&c->mem, in_date(in, "effective_from")),
                                                 "reason", in_text(in, "change_reason"), NULL) });
    note(r, "%s", msg_format(r, c->language, "plan.version_made", { "n", text(r, "%d", no) }));
    go(r, "/plans/%s/versions/%d", p->code, no);
}

void plan_version_edit(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *x = plan_version_of_path(r, p);
    FormView *v = form_show(r, "form", &version_form, text(r, "/plans/%s/versions/%d/edit", p->code, x->version_no));
    form_date(v, "effective_from", x->effective_from);
    form_text(v, "change_reason", x->change_reason);
    form_version(v, x->row_version);
    plan_head(r, p, x, PLAN_SAY(r, "edit"));
    show_text(r, "form.cancel_url", link_path(r, "/plans/%s/versions/%d", p->code, x->version_no));
    page(r, "layout/form");
}

void plan_version_update(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    Input *in = form_read(r, &version_form);
    day_check(r, p, in, v->id);
    problems_end(r);
    db_must(c, 1, CONFLICT, "update tariff_plan_version set effective_from=?, change_reason=?, updated_at=?, "
                            "updated_by=?, row_version=row_version+1 where id=? and row_version=? and state='draft'",
            in_date(in, "effective_from"), in_text(in, "change_reason"), c->now, c->user, v->id, in->row_version);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan_version", .id = v->id,
                             .number = text(c, "%s/%d", p->code, v->version_no), .version = in->row_version + 1,
                             .before = json_pairs(c, "effective_from", date_iso(&c->mem, v->effective_from), "reason",
                                                  v->change_reason, NULL),
                             .after = json_pairs(c, "effective_from", date_iso(&c->mem, in_date(in, "effective_from")),
                                                 "reason", in_text(in, "change_reason"), NULL) });
    note(r, "%s", PLAN_SAY(r, "saved"));
    go(r, "/plans/%s/versions/%d", p->code, v->version_no);
}

/* --- its page ----------------------------------------------------------------------------------------------------- */

static void fact_person(Req *r, const char *key, const char *who, Time at_) {
    if (who) show_fact(r, "show.facts", msg(r->c.language, key), who, locale_time(&r->c.mem, r->c.locale, at_));
}

static void show_sample(Req *r, const char *section, const PlanVersion *v) {
    Json j = json_read(&r->c.mem, v->impact, strlen(v->impact), 65536, NULL);
    PlanImpact i = { 0 };
    json_int(j, "accounts", &i.accounts), json_int(j, "winners", &i.winners), json_int(j, "losers", &i.losers);
    json_int(j, "before_minor", &i.before.minor), json_int(j, "after_minor", &i.after.minor);
    json_int(j, "worst_minor", &i.worst.minor), json_int(j, "best_minor", &i.best.minor);
    Arena *a = &r->c.mem;
    const Locale *l = r->c.locale;
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "sample"));
    show_text(r, text(r, "%s.sub", section),
              msg_plural(r, r->c.language, "plan.sample_of", i.accounts, locale_count(a, l, i.accounts)));
    if (!i.accounts) {
        show_text(r, text(r, "%s.text", section), PLAN_SAY(r, "sample_none"));
        return;
    }
    const char *facts = text(r, "%s.facts", section);
    show_fact(r, facts, PLAN_SAY(r, "before"), locale_money(a, l, i.before), NULL);
    show_fact(r, facts, PLAN_SAY(r, "after"), locale_money(a, l, i.after), NULL);
    show_fact(r, facts, PLAN_SAY(r, "winners"), locale_count(a, l, i.winners), NULL);
    show_fact(r, facts, PLAN_SAY(r, "losers"), locale_count(a, l, i.losers), NULL);
    show_fact(r, facts, PLAN_SAY(r, "worst"), locale_money(a, l, i.worst), NULL);
    show_fact(r, facts, PLAN_SAY(r, "best"), locale_money(a, l, i.best), NULL);
}

/* Accounts that were billed for days the version now prices anew: re-billing is the correction run's. */
static bool show_billed(Req *r, const char *section, const PlanVersion *v) {
    if (!strcmp(v->state, "superseded")) return false;
    if (time_is_set(v->approved_at) && time_date(r->c.locale->zone, v->approved_at).day <= v->effective_from.day)
        return false;                                       /* in force before the first bill of its days */
    if (!db_int(r, "select exists (select 1 from tariff_plan_version where plan_id=? and effective_from<? "
                   "and approved_at is not null)", v->plan_id, v->effective_from))
        return false;                                       /* nothing had another price */
    int64_t n = db_int(r, "select count(distinct account_id) from service_connection where tariff_plan_id=? "
                          "and last_billed_on>=?", v->plan_id, v->effective_from);
    if (!n) return false;
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "billed"));
    show_text(r, text(r, "%s.sub", section), msg_plural(r, r->c.language, "plan.billed_n", n, NULL));
    TableView *t = table_start(r, text(r, "%s.table", section), PLAN_SAY(r, "billed"));
    table_column(t, PLAN_SAY(r, "account"), "code", "id");
    table_column(t, PLAN_SAY(r, "billed_until"), "date", NULL);
    table_rows_of(t, NULL, "select a.account_no, max(s.last_billed_on) as billed_on from service_connection s "
        "join account a on a.id=s.account_id where s.tariff_plan_id=? and s.last_billed_on>=? group by a.account_no "
        "order by a.account_no limit ?", v->plan_id, v->effective_from, BILLED_SHOWN);
    return true;
}

static void action(Req *r, size_t *n, const char *key, const char *url) {
    show_text(r, at(r, "page.actions", *n, "text"), msg(r->c.language, text(r, "plan.%s", key)));
    show_text(r, at(r, "page.actions", *n, "url"), url);
    ++*n;
}

static void show_actions(Req *r, const Plan *p, const PlanVersion *v, bool editable) {
    size_t n = 0;
    const char *here = text(r, "/plans/%s/versions/%d", p->code, v->version_no);
    if (editable) {
        action(r, &n, "add_component", link_path(r, "%s/components/new", here));
        show_text(r, "page.actions.0.kind", "primary");
        action(r, &n, "edit", link_path(r, "%s/edit", here));
        action(r, &n, "seasons", link_path(r, "/plans/%s/seasons", p->code));
    }
    action(r, &n, "designer", link_path(r, "%s/designer", here));
    action(r, &n, "impact", link_path(r, "%s/impact", here));
    action(r, &n, "calculator", link_path(r, "/plans/calculator?plan=%s/%d", p->code, v->version_no));
    action(r, &n, "compare", link_path(r, "/plans/comparison?a=%s&b=%s/%d", p->code, p->code, v->version_no));
    if (!strcmp(v->state, "pending_approval") && perm_may(&r->c, "core.tariffs", APPROVE))
        action(r, &n, "reject", link_path(r, "%s/rejection", here));
}

void plan_version_page(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    Arena *a = &r->c.mem;
    bool editable = !strcmp(v->state, "draft") && perm_may(&r->c, "core.tariffs", EDIT);
    plan_head(r, p, v, NULL);
    show_text(r, "page.sub", p->name);
    show_text(r, "show.status.text", state_label(r, v->state));
    show_text(r, "show.status.tone", state_tone(r, v->state));
    const char *here = text(r, "/plans/%s/versions/%d", p->code, v->version_no);
    show_moves(r, "show.moves", &tariff_plan_version, v->id, here);
    show_fact(r, "show.facts", PLAN_SAY(r, "from"), locale_date_words(a, r->c.locale, v->effective_from), NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "to"), date_is_set(v->effective_to)
              ? locale_date_words(a, r->c.locale, v->effective_to) : "–", NULL);
    show_fact(r, "show.facts", PLAN_SAY(r, "reason"), v->change_reason ? v->change_reason : "–", v->decision_note);
    fact_person(r, "plan.submitted_by", v->submitter, v->submitted_at);
    fact_person(r, "plan.approved_by", v->approver, v->approved_at);
    show_actions(r, p, v, editable);
    const char *wrong = !strcmp(v->state, "draft") ? plan_version_problem(&r->c, v) : NULL;
    if (wrong) {
        show_text(r, "show.notices.0.tone", "warn");
        show_text(r, "show.notices.0.strong", PLAN_SAY(r, "not_ready"));
        show_text(r, "show.notices.0.text", wrong);
    }
    int n = 0;
    plan_components(r, text(r, "show.sections.%d", n++), v, editable ? link_path(r, "%s/components", here) : NULL);
    if (v->impact) show_sample(r, text(r, "show.sections.%d", n++), v);
    show_billed(r, text(r, "show.sections.%d", n), v);
    history_aside(r, "tariff_plan_version", v->id, NULL);
    for (int i = 0; i < r->problems && r->again; i++)
        show_text(r, at(r, "page.errors", (size_t)i, "text"), r->problem[i].text);
    page(r, "layout/show");
}

void plan_reject_page(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    plan_head(r, p, v, PLAN_SAY(r, "reject"));
    show_text(r, "confirm.text.0", PLAN_SAY(r, "reject_how"));
    show_text(r, "confirm.fields.reason.name", "reason");
    show_text(r, "confirm.fields.reason.kind", "textarea");
    show_text(r, "confirm.fields.reason.label", PLAN_SAY(r, "reason"));
    for (int i = 0; i < r->problems && r->again; i++) {
        show_text(r, "confirm.fields.reason.error", r->problem[i].text);
        show_text(r, at(r, "page.errors", (size_t)i, "field"), "reason");
        show_text(r, at(r, "page.errors", (size_t)i, "text"), r->problem[i].text);
    }
    show_text(r, "confirm.action", link_path(r, "/plans/%s/versions/%d/reject", p->code, v->version_no));
    show_int(r, "confirm.row_version", v->row_version);
    show_text(r, "confirm.submit", PLAN_SAY(r, "reject"));
    show_text(r, "confirm.back_url", link_path(r, "/plans/%s/versions/%d", p->code, v->version_no));
    page(r, "layout/confirm");
}

static void move_version(Req *r, const char *event_) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    const char *reason = field_text(r, "reason");
    if (!strcmp(event_, "activate") || !strcmp(event_, "supersede")) fail(r, NOT_FOUND, "There is no such move.");
    machine_press(r, &tariff_plan_version, v->id, event_, reason, (void *)(uintptr_t)reason);
    note(r, "%s", msg_format(r, c->language, "plan.version_is", { "n", text(r, "%d", v->version_no) },
                             { "state", state_label(r, plan_version_by_id(c, v->id)->state) }));
    go(r, "/plans/%s/versions/%d", p->code, v->version_no);
}

void plan_version_event (Req *r) { move_version(r, path_text(r, "event")); }
void plan_version_reject(Req *r) { move_version(r, "reject"); }
