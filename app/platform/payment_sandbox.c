/*
 * The sandbox gateway's page for a subscription's payment: marked TEST, takes its five test numbers only, stores none
 * of them, and calls our public webhook endpoint by HTTP. Not there in production.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/platform/payment.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

static const Choice deliveries[] = { { "once", NULL }, { "twice", NULL }, { "late", NULL }, { "never", NULL },
                                     { "badsig", NULL }, { 0 } };

static const Form card_form = { .name = "sandbox_card", .fields = FIELDS {
    { "card",     TEXT(12, 23), .flags = REQUIRED | SECRET, .chars = "0-9 ", .autocomplete = "off" },
    { "expiry",   TEXT(4, 7),   .flags = REQUIRED | SECRET, .width = "5", .autocomplete = "off" },
    { "cvc",      TEXT(3, 4),   .flags = REQUIRED | SECRET, .chars = "0-9", .width = "4", .autocomplete = "off" },
    { "delivery", CHOICE(deliveries), .flags = REQUIRED, .initial = "once" },
    { "seconds",  INT(0, 3600), .initial = "5" },
    { 0 } } };

static SubPayment *payment_here(Req *r) {
    SubPayment *p = sub_payment_find(&r->c, path_text(r, "id"));
    const HouseAccount *a = p ? platform_account(&r->c, p->gateway_account_id) : NULL;
    if (!a || p->tenant_id.id != r->c.tenant.id || strcmp(a->driver, "sandbox") || !installation()->sandbox)
        fail(r, NOT_FOUND, "There is no such payment.");
    return p;
}

static const char *back_to(Req *r, const SubPayment *p) {
    return text(r, "/org/subscription/payments/%s", p->public_id);
}

void sub_sandbox_page(Req *r) {
    Ctx *c = &r->c;
    SubPayment *p = payment_here(r);
    show_text(r, "page.title", word(r, "hub.sandbox.test"));
    show_text(r, "page.shell", "plain");
    show_text(r, "page.sub", msg_format(r, c->language, "hub.sandbox.amount",
        { "amount", sub_amount(c, p->amount_minor, p->currency) }, { "name", "SMART360" }));
    form_show(r, "form", &card_form, text(r, "/sandbox/subscription/%s", p->public_id));
    show_text(r, "form.intro", word(r, "hub.sandbox.cards"));
    show_text(r, "form.cancel_url", back_to(r, p));
    page(r, "layout/form");
}

static void deliver(Ctx *c, const SubPayment *p, bool is_bad, int64_t delay_s) {
    job_enqueue(c, &(NewJob){ .kind = "subscription.sandbox", .run_at = time_add_seconds(c->now, delay_s),
                              .payload = text(c, "{\"payment\":%lld,\"bad\":%d}", (long long)p->id.id, is_bad) });
}

void sub_sandbox_post(Req *r) {
    Ctx *c = &r->c;
    SubPayment *p = payment_here(r);
    Input *in = form_read(r, &card_form);
    HouseCard card = in_given(in, "card") ? house_card(in_text(in, "card")) : (HouseCard){ 0 };
    if (in_given(in, "card") && !card.status) problem(r, "card", "%s", word(r, "hub.sandbox.not_a_test_card"));
    problems_end(r);
    const char *how = in_text(in, "delivery");
    if (db_run(c, "update smart360.subscription_payment set sandbox_card = ? where id = ? and sandbox_card is null",
               json_pairs(c, "status", card.status, "last4", card.last4, "code", card.code, "text", card.text, NULL),
               p->id)) {
        if (strcmp(how, "never"))
            deliver(c, p, !strcmp(how, "badsig"), !strcmp(how, "late") ? in_int(in, "seconds") : 0);
        if (!strcmp(how, "twice")) deliver(c, p, false, 1);
    }
    go_to(r, back_to(r, p));
}

JobStep sub_sandbox_job(Ctx *c, const JobRow *job) {
    Json j = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0, bad = 0;
    json_int(j, "bad", &bad);
    if (!json_int(j, "payment", &id)) job_give_up(c, "the payload names no payment");
    const char *public_id = db_text(c, "select public_id from smart360.subscription_payment where id = ?", (Id){ id });
    SubPayment *p = public_id ? sub_payment_find(c, public_id) : NULL;
    const HouseAccount *a = p ? platform_account(c, p->gateway_account_id) : NULL;
    if (!a || !p->sandbox_card) return STEP_DONE;
    Json s = json_read(&c->mem, p->sandbox_card, strlen(p->sandbox_card), 4096, NULL);
    HouseCard card = { json_text(s, "status"), json_text(s, "code"), json_text(s, "text"), json_text(s, "last4") };
    HouseOrder o = sub_payment_order(c, p);
    house_sandbox_send(c, a, &o, &card, text(c, "sbx_evt_%s", p->public_id), bad != 0,
                       job->attempt);
    return STEP_DONE;
}
