/*
 * /setup: the steps of the guided set-up, what is missing in each, signing off and skipping, the checklist on paper
 * (ONB-GUIDED). A step is done on its own pages; this one leads there and shows what came of it.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/front.h"
#include "app/setup/guide.h"
#include "app/setup/live.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/sheet.h"
#include "lib/table.h"

static const char *when(Ctx *c, Time t) {
    return time_is_set(t) ? locale_time_words(&c->mem, c->locale, t) : NULL;
}

/* --- whose set-up ------------------------------------------------------------------------------------------------- */

void guide_enter(Req *r) {
    Ctx *c = &r->c;
    const char *asked = query_text(r, "utility");
    Id id = asked ? utility_by_code(c, asked) : (Id){ 0 };
    if (asked && !id.id) fail(r, NOT_FOUND, "There is no such utility.");
    const UtilityList *all = utilities_here(c);
    Id last = facts_of(c)->session_utility;
    for (size_t i = 0; !id.id && i < all->n; i++)
        if (strcmp(all->v[i]->status, "live") && strcmp(all->v[i]->status, "closed")
            && (!last.id || last.id == all->v[i]->id.id)) id = all->v[i]->id;
    if (!id.id && last.id) id = last;
    if (!id.id && all->n) id = all->v[0]->id;
    if (id.id) utility_enter(c, id);
    perm_check(c, id.id ? "core.settings" : "core.organization", VIEW);
}

static StepNow *step_of_path(Req *r, Guide *g) {
    StepNow *s = guide_step(g, path_text(r, "step"));
    if (!s) fail(r, NOT_FOUND, "There is no such page.");
    return s;
}

static void must_be_open(Req *r, Guide *g, StepNow *s) {
    const char *link, *why = strcmp(s->state, "locked") ? NULL : guide_locked(&r->c, g, s->def, &link);
    if (why) fail_field(r, CONFLICT, link, "%s", why);
}

/* --- the steps at the left ---------------------------------------------------------------------------------------- */

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

static void show_step(Req *r, const char *at_, size_t no, const StepNow *s, const StepDef *now) {
    Ctx *c = &r->c;
    show_text(r, text(r, "%s.text", at_), text(r, "%zu. %s", no, guide_title(c, s->def)));
    show_text(r, text(r, "%s.url", at_), guide_url(c, s->def->key));
    show_text(r, text(r, "%s.key", at_), s->state);
    show_text(r, text(r, "%s.state", at_), state_label(r, s->state));
    show_text(r, text(r, "%s.tone", at_), state_tone(r, s->state));
    show_textf(r, text(r, "%s.percent", at_), "%d %%", s->percent);
    show_text(r, text(r, "%s.owner", at_), word(r, text(r, "setup.guide.owner.%s", s->def->owner)));
    show_text(r, text(r, "%s.must", at_), word(r, s->def->is_optional ? "ui.optional" : "setup.guide.required"));
    show_text(r, text(r, "%s.changed", at_), changed(r, s));
    show_flag(r, text(r, "%s.current", at_), s->def == now);
}

static void show_steps(Req *r, const Guide *g, const StepDef *now) {
    for (size_t phase = 0, no = 1; phase < PHASES; phase++) {
        const char *at_ = at(r, "guide.phases", phase, NULL);
        show_text(r, text(r, "%s.title", at_), word(r, text(r, "setup.guide.phase.%s", phase_keys[phase])));
        show_textf(r, text(r, "%s.percent", at_), "%d %%", g->phase[phase]);
        size_t k = 0;
        for (size_t i = 0; i < g->n; i++)
            if (g->v[i].def->phase == (int)phase)
                show_step(r, text(r, "%s.steps.%zu", at_, k++), no++, &g->v[i], now);
    }
    show_int(r, "guide.overall", g->overall);
    show_text(r, "guide.overall_text", msg_format(r, r->c.language, "setup.guide.overall",
                                                  { "percent", text(r, "%d", g->overall) }));
}

/* --- one step ----------------------------------------------------------------------------------------------------- */

/* Links of checks are paths of the utility, or whole ones of the organization. */
static const char *link_of(Ctx *c, const char *link) {
    bool whole = link && (!strncmp(link, "/org", 4) || !strncmp(link, "/utilities", 10) || !strncmp(link, "/setup", 6));
    return !link || whole || !c->utility_code ? link : text(c, "/u/%s%s", c->utility_code, link);
}

typedef struct Missing { Req *r; const char *at; size_t n, red; } Missing;

static void show_missing(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Missing *m = arg;
    Req *r = m->r;
    const char *at_ = at(r, m->at, m->n++, NULL);
    show_text(r, text(r, "%s.text", at_), k->text);
    if (row->optional) show_text(r, text(r, "%s.sub", at_), word(r, "ui.optional"));
    show_text(r, text(r, "%s.url", at_), link_of(&r->c, k->link));
}

static const Form signoff_form = { .name = "signoff", .fields = FIELDS {
    { "comment", NULL, LONG_TEXT(0, 1000) }, { 0 } } };
static const Form skip_form = { .name = "setup_skip", .fields = FIELDS {
    { "reason", NULL, LONG_TEXT(3, 500), .flags = REQUIRED }, { 0 } } };

static bool is_signable(const StepNow *s) {
    return s->percent == 100 && (!strcmp(s->state, "complete") || !strcmp(s->state, "changed_after_signoff"));
}

static void show_acts(Req *r, const StepNow *s) {
    Ctx *c = &r->c;
    size_t n = 0;
    const char *section;
    if (is_signable(s) && perm_may(c, s->def->right, APPROVE)) {
        section = at(r, "show.sections", n++, NULL);
        show_text(r, text(r, "%s.title", section), word(r, "setup.guide.sign_off"));
        form_show(r, text(r, "%s.form", section), &signoff_form, guide_url(c, text(r, "%s/signoff", s->def->key)));
    }
    if (s->def->is_optional && (!strcmp(s->state, "open") || !strcmp(s->state, "in_progress"))) {
        section = at(r, "show.sections", n++, NULL);
        show_text(r, text(r, "%s.title", section), word(r, "setup.guide.skip"));
        form_show(r, text(r, "%s.form", section), &skip_form, guide_url(c, text(r, "%s/skip", s->def->key)));
    }
}

static void show_neighbours(Req *r, const Guide *g, const StepNow *s) {
    size_t i = (size_t)(s - g->v);
    if (i) show_text(r, "guide.back_url", guide_url(&r->c, g->v[i - 1].def->key));
    if (i + 1 < g->n) show_text(r, "guide.next_url", guide_url(&r->c, g->v[i + 1].def->key));
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
    show_text(r, text(r, "%s.url", at_), link_of(&r->c, k->link));
}

static void show_what(Req *r, const StepNow *s) {
    Ctx *c = &r->c;
    Missing m = { .r = r, .at = "guide.missing" };
    if (!strcmp(s->def->key, "go_live")) {
        m.at = "guide.checks";
        if (strcmp(utility_here(c)->environment, "live")) step_checks(c, s->def->key, show_check, &m);
        live_show(r, !m.red);
        return;
    }
    step_missing(c, s->def->key, show_missing, &m);
    show_text(r, "guide.open_url", guide_path(c, s->def));
    show_acts(r, s);
}

void guide_page(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    StepNow *s = step_of_path(r, g);
    guide_recount(c, g, s);
    if (!r->again) must_be_open(r, g, s);
    show_text(r, "page.title", word(r, "setup.guide.title"));
    show_text(r, "page.sub", g->utility ? g->utility->name : NULL);
    show_text(r, "page.actions.0.text", word(r, "setup.guide.checklist"));
    show_text(r, "page.actions.0.url", guide_url(c, "checklist"));
    if (s->def->weight && !s->def->whole_tenant && perm_may(c, "core.settings", EDIT)) {
        show_text(r, "page.actions.1.text", word(r, "setup.start.title"));
        show_text(r, "page.actions.1.url", guide_url(c, "start"));
    }
    show_steps(r, g, s->def);
    show_text(r, "guide.title", guide_title(c, s->def));
    show_text(r, "guide.what", word(r, text(r, "setup.step.%s.what", s->def->key)));
    show_text(r, "guide.changed", changed(r, s));
    show_text(r, "guide.comment", s->row && !strcmp(s->state, "signed_off") ? s->row->signoff_comment : NULL);
    show_text(r, "guide.reason", s->row && !strcmp(s->state, "skipped") ? s->row->skipped_reason : NULL);
    show_state(r, "guide.state", s->state);
    show_what(r, s);
    show_neighbours(r, g, s);
    page(r, "setup/guide");
}

/* Goes on where it was left: at the first step that wants something done. */
void guide_root(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    const StepNow *at_ = NULL;
    for (size_t i = 0; i < g->n && !at_; i++) {
        const char *state = g->v[i].state;
        bool waits = strcmp(state, "complete") && strcmp(state, "signed_off") && strcmp(state, "skipped");
        if (waits && !guide_locked(c, g, g->v[i].def, NULL)) at_ = &g->v[i];
    }
    if (!at_) at_ = guide_step(g, "go_live");
    go_to(r, guide_url(c, at_->def->key));
}

/* --- signing off and skipping ------------------------------------------------------------------------------------- */

static void add_problem(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    if (!row->optional) problem(arg, NULL, "%s", k->text);
}

typedef struct Snap { JsonOut *o; } Snap;

static void add_check(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Snap *s = arg;
    json_open_object(s->o, NULL);
    json_add_text(s->o, "check", row->code);
    json_add_text(s->o, "open", k->text);
    json_close(s->o);
}

/* What is signed: the values, what was left open, and the last entry of the audit before. */
static const char *snapshot(Ctx *c, const StepDef *d) {
    Text to = text_start(c);
    JsonOut o = json_out(&to);
    json_open_object(&o, NULL);
    json_add_text(&o, "step", d->key);
    json_add_int(&o, "audit_entry", db_int(c, "select coalesce(max(id), 0) from audit_entry"));
    json_open_list(&o, "missing");
    step_missing(c, d->key, add_check, &(Snap){ &o });
    json_close(&o);
    const char *values = setup_values(c, d->key);
    if (values) json_add_json(&o, "values", values);
    json_close(&o);
    return to.s;
}

void guide_signoff(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    StepNow *s = step_of_path(r, g);
    perm_check(c, s->def->right, APPROVE);
    must_be_open(r, g, s);
    guide_recount(c, g, s);
    Input *in = form_read(r, &signoff_form);
    step_missing(c, s->def->key, add_problem, r);
    if (!r->problems && !is_signable(s)) problem(r, NULL, "%s", word(r, "setup.guide.not_signable"));
    problems_end(r);
    db_must(c, 1, CONFLICT,
        "update setup_step set state='signed_off', signed_off_by=?, signed_off_at=?, signoff_comment=?, snapshot=?, "
        "updated_at=?, updated_by=?, row_version=row_version+1 where id=?",
        c->user, c->now, in_text(in, "comment"), snapshot(c, s->def), c->now, c->user, s->row->id);
    guide_audit(c, "sign_off", s->def, in_text(in, "comment"));
    note(r, "%s", msg_format(r, c->language, "setup.guide.signed_note", { "step", guide_title(c, s->def) }));
    go_to(r, guide_url(c, s->def->key));
}

void guide_skip(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    StepNow *s = step_of_path(r, g);
    perm_check(c, "core.settings", EDIT);
    must_be_open(r, g, s);
    if (!s->def->is_optional) fail(r, CONFLICT, "%s", word(r, "setup.guide.not_optional"));
    if (strcmp(s->state, "open") && strcmp(s->state, "in_progress") && strcmp(s->state, "locked"))
        fail(r, CONFLICT, "%s", word(r, "setup.guide.not_open"));
    Input *in = form_read(r, &skip_form);
    problems_end(r);
    db_run(c, "insert into setup_step (utility_id, step_key, state, skipped_reason, "
              "created_by, updated_at, updated_by) "
              "values (?,?,'skipped',?,?,?,?) on duplicate key update state='skipped', "
              "skipped_reason=values(skipped_reason), updated_at=values(updated_at), updated_by=values(updated_by), "
              "row_version=row_version+1", c->utility, s->def->key, in_text(in, "reason"), c->user, c->now, c->user);
    guide_audit(c, "skip", s->def, in_text(in, "reason"));
    go_to(r, guide_url(c, ""));
}

/* --- the checklist on paper --------------------------------------------------------------------------------------- */

static const char *signature(Ctx *c, const StepNow *s) {
    if (!s->row || !time_is_set(s->row->signed_off_at)) return "";
    return text(c, "%s, %s", s->row->signed_by ? s->row->signed_by : "", when(c, s->row->signed_off_at));
}

static void list_missing(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Text *t = arg;
    (void)row;
    if (t->n) text_add(t, " ");
    text_add(t, k->text);
}

static const char *missing_words(Ctx *c, const StepDef *d) {
    Text t = text_start(c);
    step_missing(c, d->key, list_missing, &t);
    return t.s;
}

void guide_checklist(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    show_text(r, "page.title", word(r, "setup.guide.checklist"));
    show_text(r, "page.sub", g->utility ? g->utility->name : NULL);
    show_text(r, "guide.pdf_url", guide_url(c, "checklist.pdf"));
    show_steps(r, g, NULL);
    for (size_t i = 0; i < g->n; i++) {
        const char *at_ = at(r, "rows", i, NULL);
        show_text(r, text(r, "%s.text", at_), text(r, "%zu. %s", i + 1, guide_title(c, g->v[i].def)));
        show_text(r, text(r, "%s.state", at_), state_label(r, g->v[i].state));
        show_textf(r, text(r, "%s.percent", at_), "%d %%", g->v[i].percent);
        show_text(r, text(r, "%s.missing", at_), missing_words(c, g->v[i].def));
        show_text(r, text(r, "%s.signed", at_), signature(c, &g->v[i]));
        show_text(r, text(r, "%s.comment", at_), g->v[i].row ? g->v[i].row->signoff_comment : NULL);
    }
    page(r, "setup/checklist");
}

void guide_checklist_pdf(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    if (!g->utility) fail(r, NOT_FOUND, "There is no such page.");
    Sheet *s = paper_sheet(c, &(PaperTitle){ .title = word(r, "setup.guide.checklist"), .no = g->utility->code,
                                             .date = locale_date(&c->mem, c->locale, utility_today(c)),
                                             .made_at = c->now }, c->language);
    double w = s->right - s->left;
    SheetColumn columns[] = { { word(r, "setup.guide.step"), w * 0.28, PDF_LEFT },
                              { word(r, "setup.guide.state"), w * 0.17, PDF_LEFT },
                              { word(r, "setup.guide.missing"), w * 0.3, PDF_LEFT },
                              { word(r, "setup.guide.signature"), w * 0.25, PDF_LEFT } };
    sheet_table(s, columns, 4);
    for (size_t i = 0; i < g->n; i++) {
        const StepNow *one = &g->v[i];
        sheet_row(s, (SheetCell[]){ { text(c, "%zu. %s", i + 1, guide_title(c, one->def)), NULL },
                                    { state_label(r, one->state), text(c, "%d %%", one->percent) },
                                    { missing_words(c, one->def), NULL },
                                    { signature(c, one), one->row ? one->row->signoff_comment : NULL } }, SHEET_PLAIN);
    }
    sheet_table_end(s);
    Bytes pdf = pdf_end(s->pdf);
    answer(r, 200, "application/pdf", pdf.p, pdf.n);
}
