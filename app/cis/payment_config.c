/*
 * Channels and modes of payment (CIS01US13, what set-up step 12 needs of it): which ways to pay are open, as a table of
 * channels and modes. Limits, surcharges, hours and versions of a combination come with the story.
 */
#include <string.h>

#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

#define WAY(F, T) F(T, Id, channel) F(T, Id, mode) F(T, const char *, channel_code) F(T, const char *, mode_code) \
    F(T, const char *, channel_name) F(T, const char *, mode_name) F(T, bool, is_open)
ROW(Way, WAY)

/* Modes that make sense in a channel: cash and cards are taken where somebody stands, the rest where it is typed. */
static Ways ways(Ctx *c) {
    return db_all(c, Way, "select k.id as channel, m.id as mode, k.code as channel_code, m.code as mode_code, "
        "k.name as channel_name, m.name as mode_name, exists (select 1 from channel_mode x where x.channel_id = k.id "
        "and x.mode_id = m.id and x.state = 'active') and k.active = 1 and m.active = 1 as is_open "
        "from payment_channel k join payment_mode m on m.utility_id = k.utility_id and ((k.code in ('walk_in', "
        "'field', 'agent') and m.code in ('cash', 'cheque', 'money_order', 'card_desk')) or (k.code in ('portal', "
        "'call') and m.code in ('card_online', 'bank_transfer', 'wallet')) or (k.code in ('bank', 'lockbox') "
        "and m.code in ('bank_transfer', 'direct_debit', 'cheque'))) where k.utility_id = ? order by k.sort, m.sort",
        c->utility);
}

static const char *field_of(Req *r, const Way *w) { return text(r, "%s_%s", w->channel_code, w->mode_code); }

static const Form *ways_form(Req *r, const Ways *l) {
    Field *f = take_n(r, Field, l->n + 1);
    for (size_t i = 0; i < l->n; i++)
        f[i] = (Field){ field_of(r, &l->v[i]), text(r, "%s: %s", l->v[i].channel_name, l->v[i].mode_name), BOOL };
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "payment_config", .fields = f };
    return form;
}

void payment_config_page(Req *r) {
    Ways l = ways(&r->c);
    FormView *v = form_show(r, "form", ways_form(r, &l), "/cis/payment-config");
    for (size_t i = 0; i < l.n; i++) form_text(v, field_of(r, &l.v[i]), l.v[i].is_open ? "1" : NULL);
    show_text(r, "form.intro", word(r, "cis.ways_how"));
    show_text(r, "page.title", word(r, "cis.ways"));
    page(r, "layout/form");
}

/* A way that is opened begins today with the limits of its kind; one that is closed takes nothing from today on. */
static void way_set(Ctx *c, const Way *w, bool open) {
    if (open)
        db_run(c, "insert into channel_mode (utility_id, channel_id, mode_id, valid_from, state, min_minor, max_minor, "
                  "till_needed, created_by) values (?,?,?,?,'active',100,?,?,?) on duplicate key update state='active'",
               c->utility, w->channel, w->mode, utility_today(c), !strcmp(w->mode_code, "cash") ? 200000 : 10000000,
               !strcmp(w->channel_code, "walk_in"), c->user);
    else
        db_run(c, "update channel_mode set state = 'ended', valid_to = ? where channel_id = ? and mode_id = ? "
                  "and state = 'active'", utility_today(c), w->channel, w->mode);
    audit_write(c, &(Audit){ .action = "edit", .entity = "payment_channel", .id = w->channel,
                             .number = w->channel_code, .after = json_pairs(c, w->mode_code, open ? "1" : "0", NULL) });
}

void payment_config_post(Req *r) {
    Ctx *c = &r->c;
    Ways l = ways(c);
    Input *in = form_read(r, ways_form(r, &l));
    problems_end(r);
    for (size_t i = 0; i < l.n; i++) {
        bool open = in_bool(in, field_of(r, &l.v[i]));
        if (open != l.v[i].is_open) way_set(c, &l.v[i], open);
    }
    db_run(c, "update payment_channel k set active = exists (select 1 from channel_mode x where x.channel_id = k.id "
              "and x.state = 'active') where k.utility_id = ?", c->utility);
    db_run(c, "update payment_mode m set active = exists (select 1 from channel_mode x where x.mode_id = m.id "
              "and x.state = 'active') where m.utility_id = ?", c->utility);
    setup_step_touch(c, "customer_settings");
    note(r, "%s", word(r, "cis.ways_saved"));
    go(r, "/cis/payment-config");
}
