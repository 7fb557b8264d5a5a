/*
 * What the pages of the guided set-up show, and the lock of steps that come too early: see guide.h (ONB-GUIDED).
 */
#include "app/setup/guide.h"

#include <ctype.h>
#include <string.h>

#include "app/core/front.h"
#include "app/setup/guide_rules.h"
#include "lib/db.h"
#include "lib/messages.h"

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void add_percentages(Guide *g) {
    for (int phase = 0; phase < PHASES; phase++) {
        StepShare share[PHASES * 10];
        size_t n = 0;
        for (size_t i = 0; i < g->n; i++) {
            const StepNow *s = &g->v[i];
            int percent = !strcmp(s->state, "skipped") ? 100 : s->percent;
            if (s->def->phase == phase) share[n++] = (StepShare){ s->def->weight, percent, s->def->is_gate };
        }
        g->phase[phase] = phase_percent(share, n);
    }
    g->overall = overall_percent(g->phase, PHASES);
}

Guide *guide_read(Ctx *c) {
    StepNows all = steps_now(c);
    Guide *g = take(c, sizeof *g);
    *g = (Guide){ .v = all.v, .n = all.n, .utility = c->utility.id ? utility_here(c) : NULL };
    add_percentages(g);
    return g;
}

StepNow *guide_step(const Guide *g, const char *key) {
    for (size_t i = 0; i < g->n; i++)
        if (!strcmp(g->v[i].def->key, key)) return &g->v[i];
    return NULL;
}

/* Calls each() for every needed step that is not done; how many. */
static int needs_open(const Guide *g, const StepDef *d, void (*each)(void *arg, const StepNow *s), void *arg) {
    int n = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (!step_needs(d, g->v[i].def->key) || state_is_done(g->v[i].state)) continue;
        n++;
        if (each) each(arg, &g->v[i]);
    }
    return n;
}

void guide_audit(Ctx *c, const char *action, const StepDef *d, const char *reason) {
    Id of = d->whole_tenant ? (Id){ 0 } : c->utility;
    Id id = db_id(c, "select id from setup_step where utility_key = ? and step_key = ?", of.id, d->key);
    audit_write(c, &(Audit){ .action = action, .entity = "setup_step", .id = id, .number = d->key, .reason = reason,
                             .version = db_int(c, "select row_version from setup_step where id = ?", id) });
}

/* Counted from what is stored, not edited: the version stays. */
void guide_recount(Ctx *c, Guide *g, StepNow *s) {
    bool saved = s->row && time_is_set(s->row->saved_at);
    int percent = saved ? step_missing(c, s->def->key, NULL, NULL) : 0;
    const char *state = state_now(s->state, saved, !needs_open(g, s->def, NULL, NULL), percent);
    if (!strcmp(state, s->state) && percent == s->percent) return;
    if (strcmp(state, s->state) && (s->def->whole_tenant || c->utility.id)) step_signatures_end(c, s->def);
    s->state = state, s->percent = percent;
    add_percentages(g);
    Id of = s->def->whole_tenant ? (Id){ 0 } : c->utility;
    if (!s->def->whole_tenant && !of.id) return;
    db_run(c, "insert into setup_step (utility_id, step_key, state, percent) values (?,?,?,?) on duplicate key update "
              "state=values(state), percent=values(percent)", of, s->def->key, state, percent);
}

/* --- words and addresses ------------------------------------------------------------------------------------------ */

const char *guide_title(Ctx *c, const StepDef *d) { return msg(c->language, text(c, "setup.step.%s", d->key)); }

const char *guide_path(Ctx *c, const StepDef *d) {
    bool of_tenant = d->whole_tenant || !strncmp(d->path, "/utilities", 10) || !strncmp(d->path, "/setup", 6);
    return of_tenant || !c->utility_code ? d->path : text(c, "/u/%s%s", c->utility_code, d->path);
}

const char *guide_url(Ctx *c, const char *what) {
    const char *path = *what ? text(c, "/setup/%s", what) : "/setup";
    return c->utility_code ? text(c, "%s?utility=%s", path, c->utility_code) : path;
}

typedef struct First { Ctx *c; const char *text; } First;

static void keep_first(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    First *f = arg;
    if (!f->text && !row->optional) f->text = k->text;
}

typedef struct Locked { Ctx *c; const char *text, *link; } Locked;

static void name_step(void *arg, const StepNow *s) {
    Locked *l = arg;
    if (l->text) return;
    First first = { l->c, NULL };
    step_missing(l->c, s->def->key, keep_first, &first);
    char *what = first.text ? text_copy(l->c, first.text) : NULL;
    if (what) *what = (char)tolower((unsigned char)*what);
    l->text = msg_format(l->c, l->c->language, what ? "setup.guide.first_what" : "setup.guide.first",
                         { "step", guide_title(l->c, s->def) }, { "what", what });
    l->link = guide_path(l->c, s->def);
}

const char *guide_locked(Ctx *c, const Guide *g, const StepDef *d, const char **link) {
    Locked l = { c, NULL, NULL };
    needs_open(g, d, name_step, &l);
    if (link) *link = l.link;
    return l.text;
}

/* --- the lock of a step on its own pages -------------------------------------------------------------------------- */

/* Pages of the utility that belong to a step and the step's own page does not begin. */
static const struct { const char *path, *step; } more_pages[] = {
    { "/roles", "staff_access" }, { "/fees", "pricing_billing" }, { "/taxes", "pricing_billing" },
    { "/late-fees", "pricing_billing" }, { "/bx/cycles", "billing_settings" },
    { "/bx/templates", "billing_settings" }, { "/cis/sla", "customer_settings" },
};

static bool is_below(const char *path, const char *top) {
    size_t n = strlen(top);
    return !strncmp(path, top, n) && (!path[n] || path[n] == '/');
}

static const StepDef *step_of_page(const char *path) {
    for (const StepDef *d = step_defs; d->key; d++)
        if (!d->whole_tenant && strncmp(d->path, "/utilities", 10) && is_below(path, d->path)) return d;
    for (size_t i = 0; i < sizeof more_pages / sizeof *more_pages; i++)
        if (is_below(path, more_pages[i].path)) return step_def(more_pages[i].step);
    return NULL;
}

void setup_gate(Req *r) {
    Ctx *c = &r->c;
    bool writes = (r->route->action & (CREATE | EDIT | DELETE)) != 0;
    if (r->scope != SCOPE_UTILITY || (!writes && !r->frame_parts)) return;
    const char *status = utility_here(c)->status;
    if (strcmp(status, "draft") && strcmp(status, "configuring") && strcmp(status, "ready")) return;
    /* within the set-up it is not read either, and nothing of a locked step's is done */
    const StepDef *of[] = { writes ? step_of_page(r->path.text + strlen(r->prefix)) : NULL,
                            r->frame_parts ? step_def(r->path.segment[1]) : NULL };
    Guide *g = of[0] || of[1] ? guide_read(c) : NULL;
    for (size_t i = 0; i < 2; i++) {
        const char *link, *why = !of[i] || strcmp(guide_step(g, of[i]->key)->state, "locked") ? NULL
            : guide_locked(c, g, of[i], &link);
        if (why) fail_field(c, CONFLICT, link, "%s", why);
    }
}

/* --- people and roles --------------------------------------------------------------------------------------------- */

#define WORKS_IN(F, T) F(T, Id, utility)
ROW(WorksIn, WORKS_IN)

/* Somebody came or went, or a role was changed: the steps that count on it are counted anew. */
void guide_people_changed(Ctx *c, const EventRow *e) {
    Id here = c->utility;
    WorksIns l = !strcmp(e->entity, "user")
        ? db_all(c, WorksIn, "select distinct utility_id as utility from user_role where user_id = ? "
                             "and utility_id is not null", e->id)
        : db_all(c, WorksIn, "select utility_id as utility from role where id = ? and utility_id is not null", e->id);
    bool is_admin = !strcmp(e->entity, "user") && db_int(c, "select count(*) from user_role ur join role r "
        "on r.id = ur.role_id and r.code in ('tenant_admin', 'utility_admin') where ur.user_id = ?", e->id) > 0;
    if (is_admin) setup_step_touch(c, "admins");
    for (size_t i = 0; i < l.n; i++) {
        utility_enter(c, l.v[i].utility);
        setup_step_touch(c, "staff_access");
        if (is_admin) setup_step_touch(c, "utility");
    }
    utility_enter(c, here);
}

const char *setup_home(Ctx *c) {
    const char *state = db_text(c, "select state from setup_step where utility_key = 0 and step_key = 'organization'");
    bool done = state && strcmp(state, "locked") && strcmp(state, "open") && strcmp(state, "in_progress");
    return done ? NULL : "/setup";
}
