/*
 * Pages of the hub: webhook events with replay, online payments (ONB03US01, what the thread needs).
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

static const Choice event_states[] = { { "received", NULL }, { "processing", NULL }, { "processed", NULL },
                                       { "ignored", NULL }, { "failed", NULL }, { "dead", NULL }, { 0 } };

static const Choice event_drivers[] = { { "stripe", "Stripe" }, { "razorpay", "Razorpay" }, { "paystack", "Paystack" },
                                        { "doku", "DOKU" }, { "sandbox", "Sandbox" }, { "twilio", "Twilio" },
                                        { "vonage", "Vonage" }, { "vonage_sms", "Vonage SMS" }, { "email", "E-mail" },
                                        { 0 } };

static const ListSpec events = {
    .name = "webhook_events", .one = "event", .many = "events", .path = "/integrations/events", .feature = "hub.events",
    .id = "e.id", .from = "webhook_event e", .where = "e.utility_id = ?", .search_label = "Event id",
    .columns = COLUMNS {
        { "id",                "No",       "e.id",                LIST | SORT, .link = "/integrations/events/{id}" },
        { "provider_event_id", "Event id", "e.provider_event_id", LIST | SEARCH_START, .place = "name" },
        { "type",              "Type",     "e.type",              LIST },
        { "driver",            "Provider", "e.driver",            LIST | FILTER, .choices = event_drivers },
        { "received_at",       "Received", "e.received_at",       LIST | SORT | FILTER },
        { "delivery_count",    "Deliveries", "e.delivery_count",  LIST },
        { "attempts",          "Attempts", "e.attempts",          LIST },
        { "error",             "Error",    "coalesce(e.error, e.reason)", LIST },
        { "state",             "State",    "e.state",             LIST | FILTER, .choices = event_states },
        { 0 } },
    .order = "-id" };

void event_list_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "hub.events"));
    page_tabs(r, "hub", "/integrations/events");
    list_show(r, &events, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static Id event_id(Req *r) {
    const char *no = path_text(r, "id");
    Id id = strspn(no, "0123456789") == strlen(no) && strlen(no) < 18
        ? db_id(r, "select id from webhook_event where id=? and utility_id=?", no, r->c.utility) : (Id){ 0 };
    if (!id.id) fail(r, NOT_FOUND, "There is no such event.");
    return id;
}

void event_page(Req *r) {
    Id id = event_id(r);
#define EVENT_VIEW(F, T) F(T, const char *, provider_event_id) F(T, const char *, type) F(T, const char *, driver) \
    F(T, const char *, state) F(T, const char *, reason) F(T, const char *, error) F(T, Time, received_at) \
    F(T, const char *, content)
    ROW(EventView, EVENT_VIEW)
    EventView *e = db_one(r, EventView, "select provider_event_id, type, driver, state, reason, error, received_at, "
                                        "left(convert(body using utf8mb4), 4000) as content "
                                        "from webhook_event where id=?", id);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.event_title", { "no", path_text(r, "id") }));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "hub.events"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/events"));
    show_text(r, "page.crumbs.1.text", path_text(r, "id"));
    show_text(r, "show.status.text", state_label(r, e->state));
    show_text(r, "show.status.tone", state_tone(r, e->state));
    show_text(r, "show.sections.0.kind", "facts");
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.event_id"), e->provider_event_id, NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.type"), e->type, NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.provider"), e->driver, NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.received"),
              locale_time(&r->c.mem, r->c.locale, e->received_at), NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.reason"), e->reason, NULL);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.error"), e->error, NULL);
    show_text(r, "show.sections.1.title", msg(r->c.language, "hub.body"));
    show_text(r, "show.sections.1.text", e->content);
    if (perm_may(&r->c, "hub.events", EDIT)) {
        show_text(r, "page.actions.0.text", msg(r->c.language, "hub.replay"));
        show_text(r, "page.actions.0.post", "1");
        show_text(r, "page.actions.0.url", link_path(r, "/integrations/events/%s/replay", path_text(r, "id")));
    }
    page(r, "layout/show");
}

void event_replay(Req *r) {
    Id id = event_id(r);
    const char *source = db_text(r, "select source from webhook_event where id=? for update", id);
    if (!strcmp(db_text(r, "select type from webhook_event where id=?", id), "malformed"))
        fail(r, CONFLICT, "This event cannot be read: a replay cannot help.");
    db_run(r, "update webhook_event set state='received', next_attempt_at=?, error=null where id=?", r->c.now, id);
    job_enqueue(&r->c, &(NewJob){ .kind = !strcmp(source, "gateway") ? "webhook.gateway" : "webhook.message",
                                  .payload = text(r, "{\"event\":%lld}", (long long)id.id),
                                  .unique_key = text(r, "%lld", (long long)id.id), .max_attempts = 25 });
    audit_note(&r->c, "replay", "webhook_event", id, NULL, NULL);
    note(r, "%s", msg(r->c.language, "hub.replayed"));
    go(r, "/integrations/events/%s", path_text(r, "id"));
}

static const Choice intent_states[] = { { "created", NULL }, { "requires_action", NULL }, { "processing", NULL },
                                        { "succeeded", NULL }, { "partially_refunded", NULL }, { "refunded", NULL },
                                        { "failed", NULL }, { "cancelled", NULL },
    { "expired", NULL }, { "needs_review", NULL }, { "failed_to_start", NULL }, { 0 } };

static const Choice intent_exceptions[] = { { "amount_mismatch", NULL }, { "currency_mismatch", NULL },
                                            { "duplicate_suspect", NULL }, { "missing_at_provider", NULL }, { 0 } };

static const ListSpec intents = {
    .name = "intents", .one = "online payment", .many = "online payments", .path = "/integrations/payments",
    .feature = "hub.intents", .id = "i.id", .search_label = "Number or account",
    .from = "payment_intent i left join account a on a.id = i.account_id "
            "left join gateway_account g on g.id = i.gateway_account_id", .where = "i.utility_id = ?",
    .columns = COLUMNS {
        { "intent_no",    "Number",   "i.intent_no",    LIST | SORT | SEARCH_START,
          .link = "/integrations/payments/{intent_no}" },
        { "account_no",   "Account",  "a.account_no",   LIST | SEARCH_START, .link = "/cis/accounts/{account_no}",
          .place = "name" },
        { "created_at",   "Begun",    "i.created_at",   LIST | SORT | FILTER },
        { "label",        "Gateway",  "g.label",        LIST },
        { "amount_minor", "Amount",   "i.amount_minor", LIST | SORT, .place = "amount" },
        { "fee_minor",    "Fee",      "i.fee_minor",    LIST },
        { "exception",    "Exception", "i.exception",   LIST | FILTER, .choices = intent_exceptions },
        { "state",        "State",    "i.state",        LIST | FILTER, .choices = intent_states },
        { 0 } },
    .order = "-created_at" };

void intent_list_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "hub.payments"));
    page_tabs(r, "hub", "/integrations/payments");
    list_show(r, &intents, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- what the sandbox "sent" -------------------------------------------------------------------------------------- */

static const ListSpec mailbox = {
    .name = "sandbox_outbox", .one = "message", .many = "messages", .path = "/integrations/sandbox",
    .feature = "hub.providers", .id = "o.id", .from = "sandbox_outbox o",
    .where = "(o.utility_id = ? or o.utility_id is null)",
    .search_label = "Recipient", .empty_text = "While this installation is a sandbox, every mail "
                                               "and SMS stands here instead of going out.",
    .columns = COLUMNS {
        { "provider_message_id", "Message", "o.provider_message_id", LIST,
          .link = "/integrations/sandbox/{provider_message_id}" },
        { "to_address",  "To",      "o.to_address", LIST | SORT | SEARCH_START, .place = "name" },
        { "channel",     "Channel", "o.channel",    LIST },
        { "subject",     "Subject", "coalesce(o.subject, left(o.body_text, 80))", LIST },
        { "created_at",  "Sent",    "o.created_at", LIST | SORT },
        { "outcome",     "Outcome", "o.outcome",    LIST },
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
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "hub.sandbox.outcome"), m->outcome, NULL);
    show_text(r, "show.sections.1.title", msg(r->c.language, "hub.sandbox.text"));
    size_t n = 0;
    for (char *s = text_copy(r, m->body_text ? m->body_text : ""), *line; (line = strsep(&s, "\n"));)
        if (*line) show_text(r, text(r, "show.sections.1.text.%zu", n++), line);
    show_text(r, "show.sections.1.kind", "text");
    page(r, "layout/show");
}
