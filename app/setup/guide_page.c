/*
 * /setup: where the guided set-up goes on, signing off and leaving out, the checklist on paper (ONB-GUIDED). A step is
 * its own pages within the set-up (guide_frame.c); only the last one has a page here.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/setup/guide.h"
#include "app/setup/guide_sign.h"
#include "app/setup/live.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/page.h"

/* --- whose set-up ------------------------------------------------------------------------------------------------- */

/* The one the person was last in, when it is not live; else the first that is not. */
Id guide_utility(Ctx *c) {
    const UtilityList *all = utilities_here(c);
    Id last = facts_of(c)->session_utility, first = { 0 };
    for (size_t i = 0; i < all->n; i++) {
        if (!strcmp(all->v[i]->status, "live") || !strcmp(all->v[i]->status, "closed")) continue;
        if (last.id == all->v[i]->id.id) return last;
        if (!first.id) first = all->v[i]->id;
    }
    return last.id ? last : first.id ? first : all->n ? all->v[0]->id : (Id){ 0 };
}

void guide_enter(Req *r) {
    Ctx *c = &r->c;
    const char *asked = query_text(r, "utility"), *language = c->language;
    Id id = asked ? utility_by_code(c, asked) : (Id){ 0 };
    if (asked && !id.id) fail(r, NOT_FOUND, "There is no such utility.");
    if (!id.id) id = guide_utility(c);
    if (id.id) utility_enter(c, id);
    c->language = language;
    const char *key = id.id ? "core.settings" : "core.organization";
    if (!id.id || perm_may(c, key, VIEW) || !guide_is_signer(c, NULL)) perm_check(c, key, VIEW);
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

/* --- one step ----------------------------------------------------------------------------------------------------- */

void guide_page(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    StepNow *s = step_of_path(r, g);
    guide_recount(c, g, s);
    if (!r->again) must_be_open(r, g, s);
    const char *inside = r->again ? NULL : guide_entry(c, s);
    if (inside) {
        go_to(r, inside);
        return;
    }
    show_text(r, "page.title", guide_title(c, s->def));
    show_text(r, "page.sub", g->utility ? g->utility->name : NULL);
    show_text(r, "page.crumbs.0.text", word(r, "setup.guide.title"));
    show_text(r, "page.crumbs.0.url", guide_url(c, ""));
    show_text(r, "page.crumbs.1.text", guide_title(c, s->def));
    guide_show(r, g, s, NULL);
    if (!strcmp(s->def->key, "go_live")) {
        bool passed = !strcmp(g->utility->environment, "live") || guide_live_checks_show(r);
        /* whoever orders it signs by that, when nobody else's signature is wanted */
        if (!live_show(r, passed)) guide_sign_act_show(r, s);
    }
    page(r, "setup/guide");
}

/* Whoever comes to sign alone: the first step that waits for the signature, else the first that this person signs. */
static const StepNow *to_sign(Ctx *c, Guide *g) {
    const StepNow *first = NULL;
    for (size_t i = 0; i < g->n; i++) {
        if (!guide_is_signer(c, g->v[i].def)) continue;
        if (!first) first = &g->v[i];
        if (guide_signable(c, &g->v[i]) && guide_signings(c, g->v[i].def).mine) return &g->v[i];
    }
    return first;
}

/* Goes on where it was left: at the first step that wants something done. */
void guide_root(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    if (!state_is_done(guide_step(g, "subscription")->state)) {             /* the first who comes begins it */
        setup_step_touch(c, "subscription");
        g = guide_read(c);
    }
    bool sets_up = perm_may(c, c->utility.id ? "core.settings" : "core.organization", VIEW);
    const StepNow *at_ = sets_up ? NULL : to_sign(c, g);
    for (size_t i = 0; i < g->n && !at_; i++) {
        const char *state = g->v[i].state;
        bool waits = strcmp(state, "complete") && strcmp(state, "signed_off") && strcmp(state, "skipped");
        if (waits && !guide_locked(c, g, g->v[i].def, NULL)) at_ = &g->v[i];
    }
    if (!at_) at_ = guide_step(g, "go_live");
    go_to(r, guide_url(c, at_->def->key));
}

/* --- signing off and skipping ------------------------------------------------------------------------------------- */

/* What blocks a sign-off, and what is only left open: for that a reason stands in the comment. */
typedef struct Open { Req *r; Text left; } Open;

static void add_open(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Open *o = arg;
    if (!row->optional) {
        problem(o->r, NULL, "%s", k->text);
        return;
    }
    if (o->left.n) text_add(&o->left, " ");
    text_add(&o->left, k->text);
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
    guide_declare_keep(c, &o, d);
    json_open_list(&o, "missing");
    step_missing(c, d->key, add_check, &(Snap){ &o });
    json_close(&o);
    const char *values = setup_values(c, d->key);
    if (values) json_add_json(&o, "values", values);
    json_close(&o);
    return to.s;
}

/* The approval on the step's module, or as one of its signers; then whether anything is left for this person. */
static void must_sign(Req *r, const StepNow *s, const Signings *all) {
    Ctx *c = &r->c;
    bool is_signer = guide_is_signer(c, s->def);
    if (!guide_signable(c, s)) problem(r, NULL, "%s", word(r, "setup.guide.not_signable"));
    else if (!all->mine && !is_signer && all->open)
        fail(r, DENIED, "%s", msg_format(r, c->language, "setup.sign.not_yours",
                                         { "roles", guide_wanted_words(c, all) }));
    else if (!all->mine) problem(r, NULL, "%s", all->open ? msg_format(r, c->language, "setup.sign.yours_given",
                                 { "roles", guide_wanted_words(c, all) }) : word(r, "setup.guide.not_signable"));
}

/* The last signature signs the step off, in the version that guide_sign made; the last step by its order (live.c). */
static void sign_off(Ctx *c, const StepDef *d, const char *comment, const char *values) {
    db_must(c, 1, CONFLICT,
        "update setup_step set state='signed_off', signed_off_by=?, signed_off_at=?, signoff_comment=?, snapshot=?, "
        "updated_at=?, updated_by=? where utility_key=? and step_key=?", c->user, c->now, comment, values, c->now,
        c->user, d->whole_tenant ? 0 : c->utility.id, d->key);
}

void guide_signoff(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    StepNow *s = step_of_path(r, g);
    const char *right = step_is_off(c, s->def) ? "core.settings" : s->def->right;
    if (!guide_is_signer(c, s->def)) perm_check(c, right, APPROVE);
    must_be_open(r, g, s);
    guide_recount(c, g, s);
    Input *in = form_read(r, &guide_signoff_form);
    Open open = { r, text_start(r) };
    Signings all = guide_signings(c, s->def);
    step_missing(c, s->def->key, add_open, &open);
    if (!r->problems) must_sign(r, s, &all);
    if (!r->problems) guide_declare_check(r, in, s->def);
    if (open.left.n && !in_given(in, "comment") && guide_signable(c, s))
        problem(r, "comment", "%s", msg_format(r, c->language, "setup.guide.why_open", { "what", open.left.s }));
    problems_end(r);
    const char *comment = in_text(in, "comment"), *values = snapshot(c, s->def), *title = guide_title(c, s->def);
    bool all_given = guide_sign(c, s->def, &all, comment, values), is_last = !strcmp(s->def->key, "go_live");
    if (all_given && !is_last) sign_off(c, s->def, comment, values);
    if (!all_given) guide_sign_ask(c, s->def);
    const char *wanted = guide_wanted_words(c, &all);
    note(r, "%s", all_given || !wanted ? msg_format(r, c->language, is_last ? "setup.sign.last_note"
         : "setup.guide.signed_note", { "step", title }) : msg_format(r, c->language, "setup.sign.note",
         { "step", title }, { "roles", wanted }));
    go_to(r, guide_url(c, s->def->key));
}

/* What the seeds brought is taken as it is: that counts as the first save. */
void guide_take(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    StepNow *s = step_of_path(r, g);
    perm_check(c, s->def->whole_tenant ? "core.organization" : "core.settings", EDIT);
    must_be_open(r, g, s);
    form_read(r, &guide_take_form);
    if (!guide_takeable(c, s)) fail(r, CONFLICT, "%s", word(r, "setup.guide.not_takeable"));
    setup_step_touch(c, s->def->key);
    db_must(c, 1, CONFLICT, "update setup_step set row_version=row_version+1 where utility_key=? and step_key=?",
            s->def->whole_tenant ? 0 : c->utility.id, s->def->key);
    guide_audit(c, "take", s->def, NULL);
    note(r, "%s", msg_format(r, c->language, "setup.guide.taken", { "step", guide_title(c, s->def) }));
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
    Input *in = form_read(r, &guide_skip_form);
    problems_end(r);
    db_run(c, "insert into setup_step (utility_id, step_key, state, skipped_reason, "
              "created_by, updated_at, updated_by) "
              "values (?,?,'skipped',?,?,?,?) on duplicate key update state='skipped', "
              "skipped_reason=values(skipped_reason), updated_at=values(updated_at), updated_by=values(updated_by), "
              "row_version=row_version+1", c->utility, s->def->key, in_text(in, "reason"), c->user, c->now, c->user);
    guide_audit(c, "skip", s->def, in_text(in, "reason"));
    go_to(r, guide_url(c, ""));
}
