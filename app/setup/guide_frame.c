/*
 * What surrounds a page of the guided set-up (ONB-GUIDED): the whole set-up's progress, the steps with the parts of the
 * present one, what is missing, leaving out and signing off, back and next. The page itself is the one the step has
 * anyway, at its own address behind /setup/<step>: its links and forms stay there (Req.frame), so that nothing of it is
 * written twice. Shown by front.c for such pages, and by guide_page.c for what has no page of its own.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/setup/guide.h"
#include "app/setup/guide_sign.h"
#include "app/setup/live.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/web.h"

static const char *when(Ctx *c, Time t) {
    return time_is_set(t) ? locale_time_words(&c->mem, c->locale, t) : NULL;
}

/* --- the parts of a step ------------------------------------------------------------------------------------------ */

/* To add one: its row, in the order in which they are gone through, and its word setup.part.<name>. A path that no
   module has (yet) is no part; {code} stands for the utility's; `first`: only while there is no utility. */
static const struct Part { const char *step, *name, *path; bool first; } parts[] = {
    { "subscription",      "subscription",  "/org/subscription", false },
    { "organization",      "details",       "/org/setup/details", false },
    { "organization",      "regional",      "/org/setup/regional", false },
    { "organization",      "mailbox",       "/org/setup/mailbox", false },
    { "organization",      "look",          "/org/setup/branding", false },
    { "admins",            "admins",        "/org/setup", false },
    { "admins",            "invite",        "/org/admins/invite", false },
    { "utility",           "utility_new",   "/utilities/new", true },
    { "utility",           "utility",       "/utilities/{code}/edit", false },
    { "utility",           "utility_admin", "/utilities/{code}/progress", false },
    { "core_settings",     "services",      "/settings/services", false },
    { "core_settings",     "access",        "/settings/access", false },
    { "core_settings",     "departments",   "/settings/roles", false },
    { "core_settings",     "categories",    "/settings/categories", false },
    { "core_settings",     "documents",     "/settings/documents", false },
    { "core_settings",     "contracts",     "/settings/contracts", false },
    { "staff_access",      "users",         "/users", false },
    { "staff_access",      "invitations",   "/invitations/new", false },
    { "staff_access",      "roles",         "/roles", false },
    { "calendar",          "holidays",      "/calendar", false },
    { "calendar",          "hours",         "/calendar/hours", false },
    { "calendar",          "calendars",     "/calendar/calendars", false },
    { "calendar",          "jobs",          "/calendar/jobs", false },
    { "calendar",          "calendar_test", "/calendar/test", false },
    { "service_areas",     "levels",        "/areas/levels", false },
    { "service_areas",     "areas",         "/areas", false },
    { "pricing_billing",   "plans",         "/plans", false },
    { "pricing_billing",   "fees",          "/plans/fees", false },
    { "pricing_billing",   "taxes",         "/plans/taxes", false },
    { "pricing_billing",   "rebates",       "/plans/rebates", false },
    { "pricing_billing",   "late_fees",     "/plans/late-fees", false },
    { "pricing_billing",   "calculator",    "/plans/calculator", false },
    { "id_formats",        "id_formats",    "/id-formats", false },
    { "integrations",      "gateways",      "/integrations", false },
    { "integrations",      "messaging",     "/integrations/messaging", false },
    { "customer_settings", "payments",      "/cis/payment-config", false },
    { "customer_settings", "payments",      "/cis/settings/payments", false },
    { "customer_settings", "types",         "/cis/settings", false },
    { "customer_settings", "sla",           "/cis/sla", false },
    { "customer_settings", "portal",        "/cis/portal", false },
    { "customer_settings", "messages",      "/comm/templates", false },
    { "meter_settings",    "formats",       "/mx/settings/formats", false },
    { "meter_settings",    "manufacturers", "/mx/settings/manufacturers", false },
    { "meter_settings",    "models",        "/mx/settings/models", false },
    { "meter_settings",    "codes",         "/mx/config/reasons", false },
    { "meter_settings",    "routes",        "/mx/settings/routes", false },
    { "meter_settings",    "read_routes",   "/mx/routes", false },
    { "meter_settings",    "read_cycles",   "/mx/cycles", false },
    { "billing_settings",  "gl_codes",      "/bx/gl-codes", false },
    { "billing_settings",  "gl_mapping",    "/bx/gl-codes/mapping", false },
    { "billing_settings",  "bill_template", "/bx/templates", false },
    { "billing_settings",  "bill_cycles",   "/bx/cycles", false },
    { "billing_settings",  "late_fees",     "/plans/late-fees", false },
    { "data_migration",    "batches",       "/migration", false },
    { "data_migration",    "new_batch",     "/migration/new", false },
    { "data_migration",    "reconcile",     "/migration/reconcile", false },
};
enum { PARTS = sizeof parts / sizeof *parts };

static bool is_of_tenant(const char *path) { return !strncmp(path, "/org", 4) || !strncmp(path, "/utilities", 10); }

static bool may_open(Ctx *c, const struct Part *p) {
    bool of_tenant = is_of_tenant(p->path);
    const Route *route = web_page(of_tenant ? SCOPE_TENANT : SCOPE_UTILITY, p->path);
    if (!route || (p->first ? c->utility.id != 0 : (!of_tenant || strstr(p->path, "{code}")) && !c->utility.id))
        return false;
    return !route->key || perm_may(c, route->key, route->action);
}

/* Where the program has it, a whole address without the frame. */
static const char *whole_path(Ctx *c, const char *path) {
    const char *code = strstr(path, "{code}");
    if (code) return text(c, "%.*s%s%s", (int)(code - path), path, c->utility_code, code + 6);
    return is_of_tenant(path) ? path : text(c, "/u/%s%s", c->utility_code, path);
}

static const char *part_url(Ctx *c, const struct Part *p) {
    return text(c, "/setup/%s%s", p->step, whole_path(c, p->path));
}

typedef struct Opened { const struct Part *part[PARTS]; size_t n; } Opened;

static Opened parts_of(Ctx *c, const StepDef *d) {
    Opened o = { .n = 0 };
    for (size_t i = 0; i < PARTS; i++)
        if (!strcmp(parts[i].step, d->key) && may_open(c, &parts[i])) o.part[o.n++] = &parts[i];
    return o;
}

/* How much of the path lies on the way to the page; 0: it does not belong to it. */
static size_t fit(const char *page, const char *path) {
    size_t n = strlen(page);
    return !strncmp(path, page, n) && (!path[n] || path[n] == '/' || path[n] == '?' || path[n] == '#') ? n : 0;
}

/* The part an address without the frame belongs to; NULL: to none. */
static const struct Part *part_at(Ctx *c, const Opened *o, const char *path) {
    const struct Part *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < o->n; i++) {
        size_t n = fit(whole_path(c, o->part[i]->path), path);
        if (n > most) best = o->part[i], most = n;
    }
    return best;
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

/* Links of checks are paths of the utility, or whole ones; those of the step's own pages stay within it. */
static const char *link_of(Ctx *c, const StepDef *d, const char *link) {
    if (!link || !strncmp(link, "/setup", 6)) return link;
    if (!is_of_tenant(link) && !c->utility_code) return NULL;
    const char *whole = whole_path(c, link);
    Opened o = parts_of(c, d);
    return part_at(c, &o, whole) ? text(c, "/setup/%s%s", d->key, whole) : whole;
}

typedef struct First { Ctx *c; const Opened *o; const struct Part *part; } First;

static void find_first(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    First *f = arg;
    if (f->part || row->optional || !k->link || (!is_of_tenant(k->link) && !f->c->utility_code)) return;
    f->part = part_at(f->c, f->o, whole_path(f->c, k->link));
}

const char *guide_entry(Ctx *c, const StepNow *s) {
    Opened o = parts_of(c, s->def);
    First first = { c, &o, NULL };
    bool begun = s->row && time_is_set(s->row->saved_at);
    if (begun) step_missing(c, s->def->key, find_first, &first);
    if (!first.part && o.n) first.part = o.part[0];
    return first.part ? part_url(c, first.part) : NULL;
}

static size_t place_of(const Opened *o, const struct Part *p) {
    size_t i = 0;
    while (i < o->n && o->part[i] != p) i++;
    return i;
}

static const char *next_url(Ctx *c, const Guide *g, const StepNow *s, const Opened *o, const struct Part *here) {
    size_t i = place_of(o, here), step = (size_t)(s - g->v);
    if (here && i + 1 < o->n) return part_url(c, o->part[i + 1]);
    bool open = step + 1 < g->n && !guide_locked(c, g, g->v[step + 1].def, NULL);
    return open ? guide_url(c, g->v[step + 1].def->key) : NULL;
}

static const char *back_url(Ctx *c, const Guide *g, const StepNow *s, const Opened *o, const struct Part *here) {
    size_t i = place_of(o, here), step = (size_t)(s - g->v);
    if (here && i) return part_url(c, o->part[i - 1]);
    return step ? guide_url(c, g->v[step - 1].def->key) : NULL;
}

/* --- the steps ---------------------------------------------------------------------------------------------------- */

static const char *const phase_keys[] = { "organization", "utility", "operations", "go_live" };

static const char *changed(Req *r, const StepNow *s) {
    Ctx *c = &r->c;
    if (!s->row) return NULL;
    if (time_is_set(s->row->signed_off_at) && !strcmp(s->state, "signed_off"))
        return msg_format(r, c->language, "setup.guide.signed", { "who", s->row->signed_by },
                          { "when", when(c, s->row->signed_off_at) });
    if (!s->row->updated_by) return NULL;
    return msg_format(r, c->language, "setup.guide.changed", { "who", s->row->updated_by },
                      { "when", when(c, s->row->updated_at) });
}

static void show_parts(Req *r, const char *to, const Opened *o, const struct Part *here) {
    for (size_t i = 0; o->n > 1 && i < o->n; i++) {
        const char *at_ = at(r, to, i, NULL);
        show_text(r, text(r, "%s.text", at_), word(r, text(r, "setup.part.%s", o->part[i]->name)));
        show_text(r, text(r, "%s.url", at_), part_url(&r->c, o->part[i]));
        show_flag(r, text(r, "%s.current", at_), o->part[i] == here);
    }
}

static void show_step(Req *r, const char *at_, size_t no, const StepNow *s) {
    Ctx *c = &r->c;
    show_text(r, text(r, "%s.text", at_), text(r, "%zu. %s", no, guide_title(c, s->def)));
    show_text(r, text(r, "%s.url", at_), guide_url(c, s->def->key));
    show_text(r, text(r, "%s.key", at_), s->state);
    show_text(r, text(r, "%s.state", at_), state_label(r, s->state));
    /* its turn has not come: nothing is wrong */
    show_text(r, text(r, "%s.tone", at_), !strcmp(s->state, "locked") ? "off" : state_tone(r, s->state));
    show_textf(r, text(r, "%s.percent", at_), "%d %%", s->percent);
    show_text(r, text(r, "%s.owner", at_), word(r, text(r, "setup.guide.owner.%s", s->def->signers[0].role)));
    show_text(r, text(r, "%s.must", at_), word(r, s->def->is_optional ? "ui.optional" : "setup.guide.required"));
    show_text(r, text(r, "%s.changed", at_), changed(r, s));
}

void guide_steps_show(Req *r, const Guide *g, const StepNow *now) {
    for (size_t phase = 0, no = 1; phase < PHASES; phase++) {
        const char *at_ = at(r, "guide.phases", phase, NULL);
        show_text(r, text(r, "%s.title", at_), word(r, text(r, "setup.guide.phase.%s", phase_keys[phase])));
        show_textf(r, text(r, "%s.percent", at_), "%d %%", g->phase[phase]);
        size_t k = 0;
        for (size_t i = 0; i < g->n; i++) {
            if (g->v[i].def->phase != (int)phase) continue;
            const char *step = text(r, "%s.steps.%zu", at_, k++);
            show_step(r, step, no++, &g->v[i]);
            show_flag(r, text(r, "%s.current", step), &g->v[i] == now);
        }
    }
    show_int(r, "guide.overall", g->overall);
    show_text(r, "guide.overall_text", msg_format(r, r->c.language, "setup.guide.overall",
                                                  { "percent", text(r, "%d", g->overall) }));
}

/* The parts of the present step, below it in the list. */
static void show_present(Req *r, const Guide *g, const StepNow *s, const Opened *o, const struct Part *here) {
    size_t before = 0;
    for (size_t i = 0; i < (size_t)(s - g->v); i++) before += g->v[i].def->phase == s->def->phase;
    show_parts(r, text(r, "guide.phases.%d.steps.%zu.parts", s->def->phase, before), o, here);
}

/* --- one step ----------------------------------------------------------------------------------------------------- */

typedef struct Missing { Req *r; const StepDef *def; const char *at; size_t n, red; } Missing;

static void show_missing(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Missing *m = arg;
    Req *r = m->r;
    const char *at_ = at(r, m->at, m->n++, NULL);
    show_text(r, text(r, "%s.text", at_), k->text);
    if (row->optional) show_text(r, text(r, "%s.sub", at_), word(r, "ui.optional"));
    show_text(r, text(r, "%s.url", at_), link_of(&r->c, m->def, k->link));
}

static void show_check(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Missing *m = arg;
    Req *r = m->r;
    const char *at_ = at(r, m->at, m->n++, NULL);
    show_text(r, text(r, "%s.text", at_), word(r, row->label));
    show_text(r, text(r, "%s.tone", at_), k->passed ? "ok" : "bad");
    show_text(r, text(r, "%s.word", at_), word(r, k->passed ? "setup.guide.passed" : "setup.guide.failed"));
    if (k->passed) return;
    m->red += !row->optional;
    show_text(r, text(r, "%s.sub", at_), k->text);
    show_text(r, text(r, "%s.url", at_), link_of(&r->c, m->def, k->link));
}

bool guide_live_checks_show(Req *r) {
    Missing m = { .r = r, .def = step_def("go_live"), .at = "guide.checks" };
    step_checks(&r->c, "go_live", show_check, &m);
    return !m.red;
}

const Form guide_signoff_form = { .name = "signoff", .fields = FIELDS {
    { "confirmed", NULL, CHOICES(NULL) },
    { "comment", NULL, LONG_TEXT(0, 1000) }, { 0 } } };
const Form guide_take_form = { .name = "setup_take", .fields = FIELDS { { 0 } } };
const Form guide_skip_form = { .name = "setup_skip", .fields = FIELDS {
    { "reason", NULL, LONG_TEXT(3, 500), .flags = REQUIRED }, { 0 } } };

bool guide_signable(Ctx *c, const StepNow *s) {
    if (!strcmp(s->def->key, "go_live"))
        return c->utility.id && strcmp(utility_here(c)->environment, "live") && !live_row(c)
            && strcmp(s->state, "locked") && step_missing(c, "go_live", NULL, NULL) == 100;
    return s->percent == 100 && (!strcmp(s->state, "complete") || !strcmp(s->state, "changed_after_signoff"));
}

bool guide_takeable(Ctx *c, const StepNow *s) {
    bool saved = s->row && time_is_set(s->row->saved_at);
    bool is_open = !strcmp(s->state, "open") && strcmp(s->def->key, "go_live") && strcmp(s->def->key, "utility");
    return is_open && !saved && step_missing(c, s->def->key, NULL, NULL) == 100
        && perm_may(c, s->def->whole_tenant ? "core.organization" : "core.settings", EDIT);
}

/* Its address is the set-up's, whatever page it stands on. */
static FormView *show_act(Req *r, size_t n, const Form *form, const StepNow *s, const char *what) {
    const char *section = at(r, "guide.acts", n, NULL), *path = text(r, "%s/%s", s->def->key, what);
    show_text(r, text(r, "%s.title", section), word(r, text(r, "setup.guide.%s", what)));
    FormView *v = form_show(r, text(r, "%s.form", section), form, guide_url(&r->c, path));
    show_text(r, text(r, "%s.form.action", section), guide_url(&r->c, path));
    return v;
}

void guide_sign_act_show(Req *r, const StepNow *s) {
    Signings all = guide_signable(&r->c, s) ? guide_signings(&r->c, s->def) : (Signings){ .n = 0 };
    if (!all.mine) return;
    FormView *v = show_act(r, 0, &guide_signoff_form, s, "signoff");
    show_text(r, "guide.acts.0.form.intro", guide_sign_words(&r->c, &all));
    guide_declare_show(r, v, "guide.acts.0.form", s->def);
}

static void show_acts(Req *r, const StepNow *s) {
    guide_sign_act_show(r, s);
    size_t n = 1;
    if (guide_takeable(&r->c, s)) {
        show_act(r, n, &guide_take_form, s, "take");
        show_text(r, text(r, "guide.acts.%zu.form.intro", n++), word(r, step_is_off(&r->c, s->def)
                  ? "setup.guide.off_how" : "setup.guide.take_how"));
    }
    bool is_open = !strcmp(s->state, "open") || !strcmp(s->state, "in_progress");
    if (s->def->is_optional && is_open && perm_may(&r->c, "core.settings", EDIT))
        show_act(r, n, &guide_skip_form, s, "skip");
}

void guide_show(Req *r, Guide *g, StepNow *s, const char *path) {
    Ctx *c = &r->c;
    Opened o = parts_of(c, s->def);
    const struct Part *here = path ? part_at(c, &o, path) : NULL;
    bool lives = g->utility && !strcmp(g->utility->environment, "live");
    show_flag(r, "guide.framed", true);
    guide_steps_show(r, g, s);
    show_present(r, g, s, &o, here);
    show_text(r, "guide.band", msg_format(r, c->language, "setup.guide.band",
              { "no", text(r, "%zu", (size_t)(s - g->v) + 1) }, { "all", text(r, "%zu", g->n) }));
    show_text(r, "guide.title", guide_title(c, s->def));
    if (here && o.n > 1)
        show_text(r, "guide.part", msg_format(r, c->language, "setup.guide.part",
                  { "no", text(r, "%zu", place_of(&o, here) + 1) }, { "all", text(r, "%zu", o.n) },
                  { "name", word(r, text(r, "setup.part.%s", here->name)) }));
    show_text(r, "guide.what", word(r, text(r, "setup.step.%s.what", s->def->key)));
    show_text(r, "guide.changed", changed(r, s));
    show_text(r, "guide.comment", s->row && !strcmp(s->state, "signed_off") ? s->row->signoff_comment : NULL);
    show_text(r, "guide.reason", s->row && !strcmp(s->state, "skipped") ? s->row->skipped_reason : NULL);
    show_state(r, "guide.state", s->state);
    show_textf(r, "guide.percent", "%d %%", s->percent);
    show_text(r, "guide.checklist_url", guide_url(c, "checklist"));
    if (s->def->weight && !s->def->whole_tenant && perm_may(c, "core.settings", EDIT) && !lives)
        show_text(r, "guide.start_url", text(r, "%s&step=%s", guide_url(c, "start"), s->def->key));
    if (strcmp(s->def->key, "go_live")) {
        Missing m = { .r = r, .def = s->def, .at = "guide.missing" };
        step_missing(c, s->def->key, show_missing, &m);
        show_flag(r, "guide.asks_missing", true);
        show_acts(r, s);
    }
    guide_signings_show(r, s);
    show_text(r, "guide.back_url", back_url(c, g, s, &o, here));
    show_text(r, "guide.next_url", next_url(c, g, s, &o, here));
    show_flag(r, "guide.continues", path != NULL);
}

/* --- around a page ------------------------------------------------------------------------------------------------ */

bool setup_has_step(const char *key) { return step_def(key) != NULL; }

static const char *inner_path(const Req *r) { return r->path.text + strlen(r->frame); }

/* Of a page of the organization the utility is the one it speaks of, else the one the person was last in. */
static Id utility_of(Req *r) {
    if (r->c.utility.id) return r->c.utility;
    const char *code = param_find(&r->in_path, "code");
    Id id = code ? utility_by_code(&r->c, code) : (Id){ 0 };
    return id.id ? id : guide_utility(&r->c);
}

/* Whoever signs the step sees what surrounds its pages, too. */
static bool may_see(Ctx *c, const StepDef *d) {
    return perm_may(c, c->utility.id ? "core.settings" : "core.organization", VIEW)
        || (d && c->utility.id && guide_is_signer(c, d));
}

typedef struct Around { Req *r; void (*work)(Req *r, Guide *g, StepNow *s); } Around;

/* Runs work as the utility the set-up is about; the page's own place stands again afterwards. */
static void in_utility(Req *r, void (*work)(Req *r, Guide *g, StepNow *s)) {
    Ctx *c = &r->c;
    Id here = c->utility;
    const char *code = c->utility_code, *language = c->language;
    const Locale *locale = c->locale;
    Id of = utility_of(r);
    if (of.id != here.id) utility_enter(c, of);
    c->language = language;
    if (may_see(c, step_def(r->path.segment[1]))) {
        Guide *g = guide_read(c);
        work(r, g, guide_step(g, r->path.segment[1]));
    }
    c->utility = here;
    c->utility_code = code;
    c->language = language;
    c->locale = locale;
}

static void frame_show(Req *r, Guide *g, StepNow *s) { guide_show(r, g, s, inner_path(r)); }

void setup_frame(Req *r) { in_utility(r, frame_show); }

static void frame_next(Req *r, Guide *g, StepNow *s) {
    Ctx *c = &r->c;
    Opened o = parts_of(c, s->def);
    const char *next = next_url(c, g, s, &o, part_at(c, &o, inner_path(r)));
    go_to(r, next ? next : guide_url(c, s->def->key));
}

void setup_frame_next(Req *r) {
    if (r->status == 303 && field_text(r, "guide_next")) in_utility(r, frame_next);
}

/* --- the way here from the utility's dashboard -------------------------------------------------------------------- */

void guide_banner(Req *r) {
    Ctx *c = &r->c;
    const Utility *u = utility_here(c);
    bool lives = !strcmp(u->environment, "live") || !strcmp(u->status, "closed");
    if (lives || !perm_may(c, "core.settings", VIEW)) return;
    show_text(r, "page.notices.5.tone", "info");
    show_text(r, "page.notices.5.text", msg_format(r, c->language, "setup.guide.not_live", { "name", u->name },
              { "percent", text(r, "%d", guide_read(c)->overall) }));
    show_text(r, "page.notices.5.action.text", word(r, "setup.guide.go_on"));
    show_text(r, "page.notices.5.action.url", guide_url(c, ""));
}
