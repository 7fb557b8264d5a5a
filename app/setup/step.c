/*
 * How far the configuration is: see step.h.
 */
#include "app/setup/step.h"

#include <string.h>

#include "app/core/registry.h"
#include "app/core/rights.h"
#include "app/setup/guide_rules.h"
#include "lib/db.h"

/* Whoever signs for a module that is not the step's own needs an approval in theirs. */
const StepDef step_defs[] = {
    { "subscription", "/org/subscription", "", PHASE_ORGANIZATION, "core.subscription",
      { { "platform_admin", "core.subscription" } }, .whole_tenant = true, .is_gate = true },
    { "organization", "/org/setup", "subscription", PHASE_ORGANIZATION, "core.organization",
      { { "tenant_admin", "core.organization" } }, .weight = 100, .whole_tenant = true },
    { "admins", "/org/setup", "organization", PHASE_ORGANIZATION, "core.organization",
      { { "tenant_admin", "core.organization" } }, .whole_tenant = true, .is_gate = true },
    { "utility", "/utilities", "organization", PHASE_UTILITY, "core.utilities",
      { { "tenant_admin", "core.utilities" } }, .is_gate = true },
    { "core_settings", "/settings", "utility", PHASE_UTILITY, "core.settings",
      { { "utility_admin", "core.settings" } }, .weight = 25 },
    { "staff_access", "/users", "core_settings", PHASE_UTILITY, "core.users",
      { { "utility_admin", "core.users" } }, .weight = 15 },
    { "calendar", "/calendar", "utility", PHASE_UTILITY, "core.calendar",
      { { "utility_admin", "core.calendar" } }, .weight = 10 },
    { "service_areas", "/areas", "core_settings", PHASE_UTILITY, "core.areas",
      { { "utility_admin", "core.areas" } }, .weight = 20 },
    { "pricing_billing", "/plans", "core_settings service_areas", PHASE_UTILITY, "core.tariffs",
      { { "billing_manager", "core.tariffs" }, { "utility_admin", "core.tariffs" } }, .weight = 20 },
    { "id_formats", "/id-formats", "core_settings", PHASE_UTILITY, "core.id_formats",
      { { "utility_admin", "core.id_formats" } }, .weight = 10 },
    { "integrations", "/integrations", "utility", PHASE_OPERATIONS, "hub.gateways",
      { { "utility_admin", "hub.gateways" } }, .is_optional = true },
    { "customer_settings", "/cis/payment-config", "staff_access calendar pricing_billing integrations",
      PHASE_OPERATIONS, "cis.settings", { { "cso_supervisor", "cis.sla" }, { "comms_manager", "comm.template" } } },
    { "meter_settings", "/mx/settings", "calendar service_areas", PHASE_OPERATIONS, "mx.config",
      { { "meter_manager", "mx.config" }, { "dispatcher", "wx.dispatch" } } },
    { "billing_settings", "/bx/gl-codes", "pricing_billing meter_settings", PHASE_OPERATIONS, "bx.gl",
      { { "billing_manager", "bx.gl" } } },
    { "data_migration", "/migration", "service_areas pricing_billing id_formats meter_settings billing_settings",
      PHASE_GO_LIVE, "core.migration", { { "utility_admin", "core.migration" }, { "billing_manager", "bx.gl" } },
      .is_optional = true },
    { "go_live", "/setup/go_live", "admins customer_settings data_migration", PHASE_GO_LIVE, "core.utilities",
      { { "tenant_admin", "core.utilities" }, { "utility_admin", "core.utilities" },
        { "billing_manager", "bx.run" } } },
    { 0 }
};

const StepDef *step_def(const char *key) {
    for (const StepDef *d = step_defs; d->key; d++)
        if (!strcmp(d->key, key)) return d;
    return NULL;
}

static bool needs_are_done(const StepNows *all, const StepDef *d) {
    for (size_t i = 0; i < all->n; i++)
        if (step_needs(d, all->v[i].def->key) && !step_is_done(&all->v[i])) return false;
    return true;
}

StepNows steps_now(Ctx *c) {
    StepRows rows = db_all(c, StepRow, "select s.id, s.step_key, s.state, s.percent, s.saved_at, s.skipped_reason, "
                           "s.signed_off_at, coalesce((select group_concat(distinct p.full_name order by g.id "
                           "separator ', ') from setup_signature g join user p on p.id = g.signed_by "
                           "where g.utility_key = s.utility_key and g.step_key = s.step_key and g.ended_at is null), "
                           "u.full_name) as signed_by, s.signoff_comment, "
                           "json_query(s.snapshot, '$.confirmed') as confirmed, s.updated_at, "
                           "w.full_name as updated_by from setup_step s left join user u on u.id = s.signed_off_by "
                           "left join user w on w.id = s.updated_by where s.utility_key in (0, ?)", c->utility);
    StepNows all = { take_n(c, StepNow, sizeof step_defs / sizeof *step_defs), 0 };
    for (const StepDef *d = step_defs; d->key; d++) {
        StepNow *s = &all.v[all.n++];
        *s = (StepNow){ d, NULL, "locked", 0 };
        for (size_t i = 0; i < rows.n; i++) {
            if (strcmp(rows.v[i].step_key, d->key)) continue;
            s->row = &rows.v[i];
            s->state = rows.v[i].state, s->percent = rows.v[i].percent;
        }
        /* the first utility has no row before it is made */
        if (!c->utility.id && !s->row && !strcmp(d->key, "utility") && needs_are_done(&all, d)) s->state = "open";
    }
    return all;
}

const StepNow *step_now(const StepNows *all, const char *key) {
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].def->key, key)) return &all->v[i];
    return NULL;
}

bool state_is_done(const char *state) {
    return !strcmp(state, "complete") || !strcmp(state, "signed_off") || !strcmp(state, "skipped")
        || !strcmp(state, "changed_after_signoff");
}

bool step_is_done(const StepNow *s) { return s && state_is_done(s->state); }

bool step_needs(const StepDef *d, const char *key) {
    size_t size = strlen(key);
    for (const char *at = strstr(d->needs, key); at; at = strstr(at + 1, key))
        if ((at == d->needs || at[-1] == ' ') && (!at[size] || at[size] == ' ')) return true;
    return false;
}

int steps_percent(const StepNows *all) {
    int sum = 0;
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].def->phase == PHASE_UTILITY) sum += all->v[i].def->weight * all->v[i].percent;
    return sum / 100;
}

bool step_is_off(Ctx *c, const StepDef *d) { return !rights_key_on(c, d->right); }

void step_checks(Ctx *c, const char *key, void (*each)(void *arg, const SetupCheckRow *row, const SetupCheck *k),
                 void *arg) {
    const SetupCheckRow *table;
    const StepDef *d = step_def(key);
    if (d && step_is_off(c, d)) return;
    for (int i = 0; (table = registered_checks(i)); i++)
        for (const SetupCheckRow *k = table; k->step_key; k++) {
            if (strcmp(k->step_key, key)) continue;
            SetupCheck found = k->check(c);
            each(arg, k, &found);
        }
}

typedef struct Count { void (*each)(void *, const SetupCheckRow *, const SetupCheck *); void *arg; int all, passed;
                       } Count;

static void count(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Count *n = arg;
    int weight = row->optional ? 0 : row->weight ? row->weight : 1;
    n->all += weight, n->passed += k->passed ? weight : 0;
    if (!k->passed && n->each) n->each(n->arg, row, k);
}

int step_missing(Ctx *c, const char *key, void (*each)(void *arg, const SetupCheckRow *row, const SetupCheck *k),
                 void *arg) {
    Count n = { each, arg, 0, 0 };
    step_checks(c, key, count, &n);
    return n.all ? n.passed * 100 / n.all : 100;
}

/* --- after a change ----------------------------------------------------------------------------------------------- */

/* A step's turn has come: open, or what it comes to when something of it was saved before (by a template). Whether it
   is complete, so that others may follow. */
static bool step_opens(Ctx *c, const StepNow *s) {
    bool saved = s->row && time_is_set(s->row->saved_at);
    int percent = saved ? step_missing(c, s->def->key, NULL, NULL) : 0;
    const char *state = state_now("locked", saved, true, percent);
    db_run(c, "insert into setup_step (utility_id, step_key, state, percent, created_at, created_by, updated_at, "
              "updated_by) values (?,?,?,?,?,?,?,?) on duplicate key update state=values(state), "
              "percent=values(percent), updated_at=values(updated_at)", s->def->whole_tenant ? (Id){ 0 } : c->utility,
           s->def->key, state, percent, c->now, c->user, c->now, c->user);
    return !strcmp(state, "complete");
}

static void open_next(Ctx *c) {
    for (bool more = true; more;) {
        more = false;
        StepNows all = steps_now(c);
        for (size_t i = 0; i < all.n; i++) {
            const StepNow *s = &all.v[i];
            bool is_of_here = s->def->whole_tenant || c->utility.id;
            if (is_of_here && !strcmp(s->state, "locked") && needs_are_done(&all, s->def)) more |= step_opens(c, s);
        }
    }
}

static const char *state_after(const char *state, int percent) {
    bool was_signed = !strcmp(state, "signed_off") || !strcmp(state, "changed_after_signoff");
    if (percent < 100) return "in_progress";
    return was_signed ? "changed_after_signoff" : "complete";
}

void step_signatures_end(Ctx *c, const StepDef *d) {
    Id of = d->whole_tenant ? (Id){ 0 } : c->utility;
    if (strcmp(d->key, "go_live"))
        db_run(c, "update setup_signature set ended_at = ? where utility_key = ? and step_key = ? "
                  "and ended_at is null", c->now, of.id, d->key);
    db_run(c, "update setup_signature set ended_at = ? where step_key = 'go_live' and live_flag = 1 "
              "and (? = 0 or utility_key = ?) and not exists (select 1 from go_live l "
              "where l.utility_id = utility_key)", c->now, of.id, of.id);
}

/* What was bought is saved by nobody here: it counts from the first time that anything of the set-up is touched. */
static StepNows begun(Ctx *c, const char *key) {
    StepNows all = steps_now(c);
    if (!strcmp(key, "subscription") || step_is_done(step_now(&all, "subscription"))) return all;
    setup_step_touch(c, "subscription");
    return steps_now(c);
}

/* A utility is ready when each of its required parts is complete, and is being set up again when one lacks something
   (ONB02US06 States). */
static void status_follow(Ctx *c) {
    StepNows all = steps_now(c);
    bool is_ready = true;
    for (size_t i = 0; i < all.n; i++) {
        const StepDef *d = all.v[i].def;
        if (d->phase == PHASE_UTILITY && d->weight && !d->is_optional) is_ready &= step_is_done(&all.v[i]);
    }
    const char *from = is_ready ? "configuring" : "ready", *to = is_ready ? "ready" : "configuring";
    if (!db_run(c, "update utility set status=?, updated_at=?, updated_by=? where id=? and status=?", to, c->now,
                c->user, c->utility, from)) return;
    audit_note(c, to, "utility", c->utility, c->utility_code, NULL);
}

/* Counted from what is stored, not edited: its version stays, and the change that caused it has the audit. */
void setup_step_touch(Ctx *c, const char *key) {
    const StepDef *d = step_def(key);
    if (!d) fail(c, BROKEN, "there is no step %s", key);
    StepNows all = begun(c, key);
    const StepNow *was = step_now(&all, key);
    Id of = d->whole_tenant ? (Id){ 0 } : c->utility;
    if (!strcmp(was->state, "locked") && !needs_are_done(&all, d)) {            /* its turn has not come */
        db_run(c, "insert into setup_step (utility_id, step_key, state, saved_at, created_by, updated_by) "
                  "values (?,?,'locked',?,?,?) on duplicate key update saved_at=values(saved_at)", of, key, c->now,
               c->user, c->user);
        return;
    }
    int percent = step_missing(c, key, NULL, NULL);
    const char *state = state_after(was->state, percent);
    step_signatures_end(c, d);
    db_run(c, "insert into setup_step (utility_id, step_key, state, percent, saved_at, created_at, created_by, "
              "updated_at, updated_by) values (?,?,?,?,?,?,?,?,?) on duplicate key update state=values(state), "
              "percent=values(percent), saved_at=values(saved_at), updated_at=values(updated_at), "
              "updated_by=values(updated_by)",
           of, key, state, percent, c->now, c->now, c->user, c->now, c->user);
    if (!strcmp(state, "complete") && !step_is_done(was))
        event_emit(c, &(Event){ .name = "setup.step_completed", .entity = "setup_step", .id = db_id(c,
            "select id from setup_step where utility_key = ? and step_key = ?", of.id, key), .number = key,
            .payload = json_pairs(c, "step_key", key, NULL) });
    open_next(c);
    if (c->utility.id) status_follow(c);
}
