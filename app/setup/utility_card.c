/*
 * A utility as a card: see utility_card.h.
 */
#include "app/setup/utility_card.h"

#include <string.h>

#include "app/core/rights.h"
#include "app/setup/step.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

UtilityCards utility_cards(Ctx *c, const CardQuery *asked) {
    const char *like = asked->q ? text(c, "%%%s%%", asked->q) : NULL;
    UtilityCards all = db_all(c, UtilityCard, "select u.id, u.code, u.name, u.city, u.status, u.environment, "
        "coalesce((select group_concat(s.name order by s.sort, s.name separator ', ') from utility_service s "
        "where s.utility_id = u.id and s.active = 1), '') as services, u.logo_document_id as logo from utility u "
        "where (? is null or u.name like ? or u.code like ? or u.city like ?) and (? is null or u.status = ?) "
        "and (? is null or exists (select 1 from utility_service s where s.utility_id = u.id and s.active = 1 "
        "and s.code = ?)) and u.deleted_at is null order by u.status = 'closed', u.name limit 50", like, like, like,
        like, asked->status, asked->status, asked->service, asked->service);
    UtilityCards held = { take_n(c, UtilityCard, all.n + 1), 0 };
    for (size_t i = 0; i < all.n; i++)
        if (rights_hold_role_in(rights_here(c), all.v[i].id)) held.v[held.n++] = all.v[i];
    return held;
}

CardSteps card_steps(Ctx *c) {
    return db_all(c, CardStep, "select utility_id, step_key, percent, state from setup_step "
                               "where utility_id is not null");
}

static const CardStep *step_of(const CardSteps *all, Id utility, const char *key) {
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].utility_id.id == utility.id && !strcmp(all->v[i].step_key, key)) return &all->v[i];
    return NULL;
}

static bool is_part(const StepDef *d) { return d->phase == PHASE_UTILITY && d->weight > 0; }

int card_percent(const CardSteps *all, Id utility) {
    int sum = 0;
    for (const StepDef *d = step_defs; d->key; d++) {
        const CardStep *s = is_part(d) ? step_of(all, utility, d->key) : NULL;
        if (s) sum += d->weight * s->percent;
    }
    return sum / 100;
}

static void show_parts(Req *r, const char *at_, const UtilityCard *u, const CardSteps *steps) {
    size_t n = 0;
    for (const StepDef *d = step_defs; d->key; d++) {
        if (!is_part(d)) continue;
        const CardStep *s = step_of(steps, u->id, d->key);
        const char *bar = text(r, "%s.parts.%zu", at_, n++);
        show_text(r, text(r, "%s.label", bar), msg(r->c.language, text(r, "setup.step.%s", d->key)));
        show_textf(r, text(r, "%s.value", bar), "%d\xC2\xA0%%", s ? s->percent : 0);
        show_int(r, text(r, "%s.pct", bar), s ? s->percent : 0);
        show_text(r, text(r, "%s.url", bar), text(r, "/u/%s%s", u->code, d->path));
    }
}

void utility_card_show(Req *r, const char *at_, const UtilityCard *u, const CardSteps *steps, const Totals *totals) {
    Ctx *c = &r->c;
    int percent = card_percent(steps, u->id);
    const Total *consumers = total_find(totals, u->id, "now.consumers");
    show_text(r, text(r, "%s.name", at_), u->name);
    show_text(r, text(r, "%s.code", at_), u->code);
    show_text(r, text(r, "%s.services", at_), *u->services ? u->services : msg(c->language, "utility.no_services"));
    show_text(r, text(r, "%s.city", at_), u->city);
    show_text(r, text(r, "%s.url", at_), text(r, "/utilities/%s/progress", u->code));
    if (u->logo.id) show_text(r, text(r, "%s.logo_url", at_), text(r, "/u/%s/logo", u->code));
    show_state(r, text(r, "%s.status", at_), u->status);
    show_state(r, text(r, "%s.environment", at_), u->environment);
    show_int(r, text(r, "%s.percent", at_), percent);
    show_text(r, text(r, "%s.percent_text", at_), msg_format(r, c->language, "utility.percent",
                                                             { "percent", text(r, "%d", percent) }));
    show_text(r, text(r, "%s.consumers", at_), consumers ? locale_count(&c->mem, c->locale, consumers->value) : "-");
    show_parts(r, at_, u, steps);
    if (!strcmp(u->status, "closed")) return;
    show_text(r, text(r, "%s.open_url", at_), text(r, "/u/%s/", u->code));
    bool live = !strcmp(u->status, "live") || !strcmp(u->status, "suspended");
    show_text(r, text(r, "%s.go.text", at_), msg(c->language, live ? "org.view_details" : percent
                                                 ? "org.continue_setup" : "org.complete_setup"));
    show_text(r, text(r, "%s.go.url", at_), live ? text(r, "/utilities/%s/progress", u->code)
              : text(r, "/setup?utility=%s", u->code));
}
