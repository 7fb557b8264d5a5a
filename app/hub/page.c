/*
 * Online payments as a list, and what the sandbox "sent" (ONB03US01). Events: event_page.c; one payment: money_page.c.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/pages.h"
#include "lib/db.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

static const Choice intent_states[] = { { "created", NULL }, { "requires_action", NULL }, { "processing", NULL },
                                        { "succeeded", NULL }, { "partially_refunded", NULL }, { "refunded", NULL },
                                        { "failed", NULL }, { "cancelled", NULL },
    { "expired", NULL }, { "needs_review", NULL }, { "failed_to_start", NULL }, { 0 } };

static const Choice intent_exceptions[] = { { "amount_mismatch", NULL }, { "currency_mismatch", NULL },
                                            { "duplicate_suspect", NULL }, { "over_refunded", NULL },
                                            { "missing_at_provider", NULL }, { 0 } };

static const Choice intent_methods[] = { { "card", NULL }, { "bank_transfer", NULL }, { "wallet", NULL },
                                         { "upi", NULL }, { "ussd", NULL }, { "virtual_account", NULL },
                                         { "convenience_store", NULL }, { 0 } };

static const ListSpec intents = {
    .name = "intents", .path = "/integrations/payments",
    .feature = "hub.intents", .id = "i.id",
    .from = "payment_intent i", .index = "payment_intent_newest", .where = "i.utility_id = ?",
    .joins = FRAGMENTS { "left join account a on a.id = i.account_id",
                         "left join gateway_account g on g.id = i.gateway_account_id", NULL },
    .found = FRAGMENTS { "select x.id from payment_intent x where x.utility_id = ? and x.intent_no like ?",
                         "select x.id from account y join payment_intent x on x.account_id = y.id "
                         "where y.utility_id = ? and y.account_no like ?",
                         "select x.id from payment_intent x where x.utility_id = ? and x.provider_payment_id like ?",
                         NULL },
    .columns = COLUMNS {
        { "intent_no",    NULL,   "i.intent_no",    LIST | SORT | SEARCH_START,
          .link = "/integrations/payments/{intent_no}" },
        { "account_no",   NULL,  "a.account_no",   LIST | SEARCH_START, .link = "/cis/accounts/{account_no}",
          .place = "name" },
        { "created_at",   NULL,    "i.created_at",   LIST | SORT | FILTER },
        { "label",        NULL,  "g.label",        LIST },
        { "method",       NULL,  "i.method",       LIST, .choices = intent_methods },
        { "provider_payment_id", NULL, "i.provider_payment_id", LIST | SEARCH_START },
        { "settlement",   NULL,  "(select s.provider_settlement_id from settlement_line l join settlement s on s.id = "
          "l.settlement_id where l.provider_payment_id = i.provider_payment_id and l.type = 'charge' and "
          "s.gateway_account_id = i.gateway_account_id limit 1)", LIST },
        { "amount_minor", NULL,   "i.amount_minor", LIST | SORT, .place = "amount" },
        { "fee_minor",    NULL,      "i.fee_minor",    LIST },
        { "exception",    NULL, "i.exception",   LIST | FILTER, .choices = intent_exceptions,
          .index = "payment_intent_exception" },
        { "state",        NULL,    "i.state",        LIST | FILTER, .choices = intent_states,
          .index = "payment_intent_state" },
        { 0 } },
    .order = "-created_at" };

void intent_list_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "hub.payments"));
    page_tabs(r, "hub", "/integrations/payments");
    list_show(r, &intents, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- what the sandbox "sent" -------------------------------------------------------------------------------------- */

static const Choice sent_channels[] = { { "sms", "hub.channel.sms" }, { "email", "hub.channel.email" },
                                        { "whatsapp", "hub.channel.whatsapp" }, { 0 } };
static const Choice sent_outcomes[] = { { "deliver", "sandbox_outcome.outcome.deliver" },
                                        { "undelivered", "sandbox_outcome.outcome.undelivered" },
                                        { "temporary", "sandbox_outcome.outcome.temporary" },
                                        { "permanent", "sandbox_outcome.outcome.permanent" },
                                        { "silence", "sandbox_outcome.outcome.silence" }, { 0 } };

static const ListSpec mailbox = {
    .name = "sandbox_outbox", .path = "/integrations/sandbox",
    .feature = "hub.providers", .id = "o.id", .from = "sandbox_outbox o", .index = "sandbox_outbox_sent",
    .where = "(o.utility_id = ? or o.utility_id is null)",
    .columns = COLUMNS {
        { "provider_message_id", NULL, "o.provider_message_id", LIST,
          .link = "/integrations/sandbox/{provider_message_id}" },
        { "to_address",  NULL,      "o.to_address", LIST | SORT | SEARCH_START, .place = "name" },
        { "channel",     NULL, "o.channel",    LIST, .choices = sent_channels },
        { "subject",     NULL, "coalesce(o.subject, left(o.body_text, 80))", LIST },
        { "created_at",  NULL,    "o.created_at", LIST | SORT },
        { "outcome",     NULL, "o.outcome",    LIST, .choices = sent_outcomes },
        { 0 } },
    .order = "-created_at" };

void mailbox_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "hub.sandbox.messages"));
    list_show(r, &mailbox, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define SANDBOX_MAIL(F, T) F(T, const char *, to_address) F(T, const char *, from_id) F(T, const char *, channel) \
    F(T, const char *, subject) F(T, const char *, body_text) F(T, Time, created_at) F(T, const char *, outcome)
ROW(SandboxMail, SANDBOX_MAIL)

void mailbox_message(Req *r) {
    SandboxMail *m = db_find(r, SandboxMail, "select to_address, from_id, channel, subject, body_text, created_at, "
                                             "outcome from sandbox_outbox where provider_message_id=? "
                                             "and (utility_id=? or utility_id is null)", path_text(r, "no"),
                             r->c.utility);
    if (!m) fail(r, NOT_FOUND, "There is no such message.");
    show_text(r, "page.title",
              m->subject ? m->subject : msg_format(r, r->c.language, "hub.sandbox.sms", { "to", m->to_address }));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "hub.sandbox.messages"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/sandbox"));
    show_text(r, "page.crumbs.1.text", m->to_address);
    show_text(r, "show.sections.0.kind", "facts");
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.sandbox.to"), m->to_address, NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.sandbox.from"), m->from_id, NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.sandbox.sent"),
              locale_time(&r->c.mem, r->c.locale, m->created_at), NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.sandbox.outcome"),
              m->outcome ? msg(r->c.language, text(r, "sandbox_outcome.outcome.%s", m->outcome)) : NULL, NULL);
    show_text(r, "show.sections.1.title", msg(r->c.language, "hub.sandbox.text"));
    size_t n = 0;
    for (char *s = text_copy(r, m->body_text ? m->body_text : ""), *line; (line = strsep(&s, "\n"));)
        if (*line) show_text(r, text(r, "show.sections.1.text.%zu", n++), line);
    show_text(r, "show.sections.1.kind", "text");
    page(r, "layout/show");
}
