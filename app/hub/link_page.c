/*
 * "Pay by link": a person at the desk or on the telephone orders a payment for an account, and whoever gets the link
 * pays it for seven days, as a guest (ONB03US01 "paying"). What it pays follows the rule of all payments: oldest first.
 * It is read out, copied or sent to the holder of the account (message payment_link; the history shows no link).
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

static const Form link_form = { .name = "payment_link", .fields = FIELDS {
    { "account_no", TEXT(3, 30),            .flags = REQUIRED, .width = "20", .autocomplete = "off" },
    { "amount",     MONEY(1, 99999999999),  .flags = REQUIRED },
    { "email",      EMAIL,                  .autocomplete = "off" },
    { 0 } } };

static void crumbs(Req *r, const char *last) {
    show_text(r, "page.crumbs.0.text", word(r, "hub.payments"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/payments"));
    show_text(r, "page.crumbs.1.text", last);
}

void link_new_page(Req *r) {
    const char *no = query_text(r, "account");
    const Account *a = no && *no ? account_find(&r->c, no) : NULL;
    crumbs(r, word(r, "hub.link"));
    show_text(r, "page.title", word(r, "hub.link"));
    FormView *v = form_show(r, "form", &link_form, "/integrations/links/new");
    if (a) form_text(v, "account_no", a->account_no);
    if (a && a->balance.minor > 0) form_money(v, "amount", a->balance);
    show_text(r, "form.intro", word(r, "hub.link_how"));
    show_text(r, "form.submit", word(r, "hub.link_make"));
    show_text(r, "form.cancel_url", link_path(r, "/cis/payments"));
    page(r, "layout/form");
}

void link_new_post(Req *r) {
    Input *in = form_read(r, &link_form);
    const Account *a = in_given(in, "account_no") ? account_find(&r->c, in_text(in, "account_no")) : NULL;
    if (in_given(in, "account_no") && !a) problem(r, "account_no", "%s", word(r, "hub.link_no_account"));
    problems_end(r);
    IntentLine line = { .account = a->id, .target_kind = "advance", .amount = in_money(in, "amount") };
    const Intent *i = payment_intent_create(&r->c, &(NewIntent){ .lines = &line, .n = 1, .purpose = "bill",
                                                                 .channel = "link", .key = public_id_new(&r->c),
                                                                 .guest_email = in_text(in, "email") });
    audit_note(&r->c, "create", "payment_intent", i->id, i->intent_no, NULL);
    note(r, "%s", word(r, "hub.link_made"));
    go(r, "/integrations/links/%s", i->intent_no);
}

/* The link of the page and its account, which is of the person's areas. */
static const Intent *link_here(Req *r, const Account **account) {
    Id id = db_id(r, "select id from payment_intent where utility_id = ? and intent_no = ? and channel = 'link' and "
                     "created_by is not null and purpose <> 'test'", r->c.utility, path_text(r, "no"));
    if (!id.id) fail(r, NOT_FOUND, "There is no such link.");
    const Intent *i = intent_get(&r->c, id);
    *account = account_get(&r->c, i->account);
    return i;
}

static bool link_is_paid(const Intent *i) { return time_is_set(i->succeeded_at); }
static bool link_is_over(Req *r, const Intent *i) { return !link_is_paid(i) && r->c.now.us > i->expires_at.us; }

void link_page(Req *r) {
    const Account *a;
    const Intent *i = link_here(r, &a);
    static const char facts[] = "show.sections.0.facts";
    bool is_paid = link_is_paid(i), is_over = link_is_over(r, i);
    crumbs(r, i->intent_no);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.link_of", { "no", i->intent_no }));
    show_text(r, "show.status.text", state_label(r, i->state));
    show_text(r, "show.status.tone", state_tone(r, i->state));
    show_text(r, "show.sections.0.kind", "facts");
    show_text(r, "show.sections.0.title", word(r, "hub.link"));
    show_text(r, "show.sections.0.sub", word(r, text(r, "hub.link_%s", is_paid ? "paid" : is_over ? "over" : "give")));
    if (!is_over && !is_paid) {
        show_fact(r, facts, word(r, "hub.link_url"), public_url(&r->c, text(r, "/pay/%s", i->public_id), true), NULL);
        show_text(r, text(r, "%s.0.copy", facts), "1");
        show_text(r, "page.actions.0.text", word(r, "hub.link_send"));
        show_text(r, "page.actions.0.kind", "primary");
        show_text(r, "page.actions.0.url", link_path(r, "/integrations/links/%s/sending", i->intent_no));
        show_text(r, "page.actions.1.text", word(r, "hub.link_withdraw"));
        show_text(r, "page.actions.1.post", "1");
        show_text(r, "page.actions.1.url", link_path(r, "/integrations/links/%s/withdrawal", i->intent_no));
    }
    show_fact(r, facts, word(r, "hub.account"), a->account_no, NULL);
    show_fact(r, facts, word(r, "hub.amount"), locale_money(&r->c.mem, r->c.locale, i->amount), NULL);
    show_fact(r, facts, word(r, "hub.link_until"), locale_time(&r->c.mem, r->c.locale, i->expires_at), NULL);
    show_flag(r, "show.has_side", false);
    page(r, "layout/show");
}

/*
 * Over at once, as after its seven days. One that stands at the gateway is ended by the next look at it, which asks
 * there first; money that arrives all the same is posted.
 */
void link_withdraw_post(Req *r) {
    Ctx *c = &r->c;
    const Account *a;
    const Intent *i = link_here(r, &a);
    bool is_over = db_run(c, "update payment_intent set expires_at = ?, updated_at = ? where id = ? "
                             "and expires_at >= ? and state in "
                             "('created', 'failed_to_start', 'requires_action', 'failed', 'cancelled')",
                          time_add_seconds(c->now, -1), c->now, i->id, c->now) == 1;
    if (!is_over) fail(c, CONFLICT, "%s", word(r, "hub.link_not_withdrawn"));
    audit_note(c, "withdraw", "payment_intent", i->id, i->intent_no, NULL);
    note(r, "%s", word(r, "hub.link_withdrawn"));
    go(r, "/integrations/links/%s", i->intent_no);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static const Choice ways[] = { { "email", NULL }, { "sms", NULL }, { 0 } };
static const Form send_form = { .name = "payment_link_send", .fields = FIELDS {
    { "channel", CHOICE(ways), .flags = REQUIRED }, { 0 } } };

static const Intent *link_to_send(Req *r, const Account **account) {
    const Intent *i = link_here(r, account);
    if (link_is_paid(i) || link_is_over(r, i))
        fail(r, CONFLICT, "%s", word(r, link_is_paid(i) ? "hub.link_paid" : "hub.link_over"));
    return i;
}

void link_send_page(Req *r) {
    const Account *a;
    const Intent *i = link_to_send(r, &a);
    crumbs(r, i->intent_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/integrations/links/%s", i->intent_no));
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.link_send_of", { "no", i->intent_no }));
    FormView *v = form_show(r, "form", &send_form, text(r, "/integrations/links/%s/sending", i->intent_no));
    form_text(v, "channel", a->email || !a->phone ? "email" : "sms");
    show_text(r, "form.intro",
              msg_format(r, r->c.language, "hub.link_send_how", { "name", a->consumer_name },
                         { "amount", locale_money(&r->c.mem, r->c.locale, i->amount) },
                         { "email", a->email ? a->email : word(r, "hub.link_send_none") },
                         { "phone", a->phone ? a->phone : word(r, "hub.link_send_none") }));
    show_text(r, "form.submit", word(r, "hub.link_send"));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/links/%s", i->intent_no));
    page(r, "layout/form");
}

/* No message when it cannot go: nothing is left that says it was tried. */
void link_send_post(Req *r) {
    Ctx *c = &r->c;
    const Account *a;
    const Intent *i = link_to_send(r, &a);
    Input *in = form_read(r, &send_form);
    const char *channel = in_given(in, "channel") ? in_text(in, "channel") : "email",
               *address = !strcmp(channel, "sms") ? a->phone : a->email;
    const char *why = comm_can_send(c, &(SendFacts){ a->consumer, channel, "transactional", "payments", address });
    if (in_given(in, "channel") && why)
        problem(r, "channel", "%s", msg_format(r, c->language, address ? "hub.link_send_stopped"
                                                                      : text(r, "hub.link_send_no_%s", channel),
                                               { "name", a->consumer_name }, { "address", address }));
    problems_end(r);
    if (!db_int(c, "select count(*) from template where `key`='payment_link' and status='active' and utility_id=?",
                c->utility))
        fail_field(r, INVALID, "channel", "%s", word(r, "hub.link_not_sent"));
    Notified sent = notify(c, "payment_link", &(Recipient){ .account = a->id },
                           (NotifyField[]){
                               { "consumer.name", a->consumer_name },
                               { "payment.amount", locale_money(&c->mem, c->locale, i->amount) },
                               { "account_no", a->account_no },
                               { "until", locale_time(&c->mem, c->locale, i->expires_at) },
                               { "link", public_url(c, text(r, "/pay/%s", i->public_id), true) },
                               { 0 },
                           },
                           &(NotifyOptions){ .channels = channel, .expires_at = i->expires_at });
    if (!sent.message.id || sent.suppressed) fail_field(r, INVALID, "channel", "%s", word(r, "hub.link_not_sent"));
    audit_note(c, "send", "payment_intent", i->id, i->intent_no, channel);
    note(r, "%s", msg_format(r, c->language, "hub.link_sent", { "address", address }));
    go(r, "/integrations/links/%s", i->intent_no);
}
