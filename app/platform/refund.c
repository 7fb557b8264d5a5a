/*
 * Subscription payments that go back, wholly or in part, through the platform's own gateway account (ONB08US01 "uses
 * the same gateway code"; assurance section 3; I7, I8).
 *
 *   a person asks -> submitted (row, then the call with one number for ever) -> succeeded | failed
 *
 * The answer and the webhooks say the same and act once. What a gateway cannot be asked for is given back in its own
 * pages and recorded here; what was given back there unasked arrives by webhook. An invoice stays paid: the refund is a
 * paper of its own beside it. Never more than came is on its way back: the payment's row is locked.
 */
#include <string.h>

#include "app/core/platform_mail.h"
#include "app/platform/payment.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { REFUNDS_MAX = 100, LOOK_DAYS = 30 };

#define SUB_REFUND(F, T) F(T, Id, id) F(T, const char *, refund_no) F(T, Id, payment_id) F(T, Id, tenant_id) \
    F(T, Id, gateway_account_id) F(T, Money, amount_minor) F(T, const char *, currency) F(T, const char *, state) \
    F(T, const char *, provider_refund_id) F(T, const char *, failure_text) F(T, const char *, reason) \
    F(T, const char *, asked_by) F(T, const char *, made) F(T, Time, submitted_at) F(T, Time, finished_at) \
    F(T, const char *, payment_no)
ROW(SubRefund, SUB_REFUND)

#define REFUND_SELECT "select f.id, f.refund_no, f.payment_id, f.tenant_id, f.gateway_account_id, f.amount_minor, " \
    "f.currency, f.state, f.provider_refund_id, f.failure_text, f.reason, f.asked_by, f.made, f.submitted_at, " \
    "f.finished_at, p.payment_no from smart360.subscription_refund f " \
    "join smart360.subscription_payment p on p.id = f.payment_id "

Money sub_payment_left(Ctx *c, const SubPayment *p) {
    if (strcmp(p->state, "succeeded") || !p->provider_payment_id) return (Money){ 0 };
    return money_sub(p->received_minor,
                     db_money(c, "select cast(coalesce(sum(amount_minor), 0) as signed) "
                                 "from smart360.subscription_refund where payment_id = ? and state <> 'failed'",
                              p->id));
}

/* --- asking for one ----------------------------------------------------------------------------------------------- */

void money_fields_in(Req *r, const char *currency) {
    int exponent = currency_exponent(currency);
    if (exponent < 0 || !r->c.locale) return;
    Locale *l = take(r, sizeof *l);
    *l = *r->c.locale;
    l->currency = l->symbol = currency;
    l->exponent = exponent;
    r->c.locale = l;
}

static const Form refund_form = { .name = "sub_refund", .fields = FIELDS {
    { "amount", MONEY(1, 100000000000), .flags = REQUIRED },
    { "reason", LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

void sub_refund_form(Req *r, const char *at_, const SubPayment *p, Money left) {
    Ctx *c = &r->c;
    const HouseAccount *a = platform_account(c, p->gateway_account_id);
    money_fields_in(r, p->received_currency);
    show_text(r, text(r, "%s.title", at_), word(r, "platform.give_back"));
    FormView *v = form_show(r, text(r, "%s.form", at_), &refund_form,
                            text(r, "/platform/payments/%s/refunds", p->payment_no));
    form_money(v, "amount", left);
    show_text(r, text(r, "%s.form.intro", at_),
              msg_format(r, c->language, a && house_gives_back(a->driver) ? "platform.give_back_how"
                         : "platform.give_back_hand", { "name", a ? a->label : "" },
                         { "amount", sub_amount(c, left, p->received_currency) }));
    show_text(r, text(r, "%s.form.submit", at_), word(r, "platform.give_back"));
}

static const char *refund_no_next(Ctx *c) {
    int64_t n = db_int(c, "select next_no from smart360.subscription_series where name = 'refund' for update");
    db_must(c, 1, BROKEN, "update smart360.subscription_series set next_no = next_no + 1 where name = 'refund'");
    return text(c, "SUB-RF-%06lld", (long long)n);
}

typedef struct { const char *no, *state, *made, *provider_id, *reason; Money amount; } NewSubRefund;

static Id refund_add(Ctx *c, const SubPayment *p, const NewSubRefund *n) {
    bool is_done = !strcmp(n->state, "succeeded");
    return db_insert(c, "insert into smart360.subscription_refund (refund_no, payment_id, tenant_id, "
                        "gateway_account_id, amount_minor, currency, state, made, provider_refund_id, reason, "
                        "asked_by, submitted_at, finished_at, created_at, created_by, updated_at) "
                        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", n->no, p->id, p->tenant_id,
                     p->gateway_account_id, n->amount, p->received_currency, n->state, n->made, n->provider_id,
                     n->reason, c->user_name, c->now, is_done ? c->now : TIME_NONE, c->now, c->user, c->now);
}

static void enqueue(Ctx *c, const char *no, Id id) {
    job_enqueue(c, &(NewJob){ .kind = "subscription.refund", .unique_key = no,
                              .payload = text(c, "{\"refund\":%lld}", (long long)id.id) });
}

/* The job runs in the payer's tenant, as those of its payments. */
static void enqueue_in_tenant(Ctx *c, const SubPayment *p, const char *no, Id id) {
    const char *language = c->language;
    const Locale *locale = c->locale;
    tenant_enter(c, tenant_by_id(c, p->tenant_id));
    enqueue(c, no, id);
    tenant_leave(c);
    c->language = language;
    c->locale = (Locale *)(uintptr_t)locale;
}

/* The same in the platform's own audit: what became of a refund is heard in the payer's tenant. */
static void audit_at_platform(Ctx *c, const Audit *a) {
    const TenantRow *t = tenant_by_id(c, c->tenant);
    const char *language = c->language;
    const Locale *locale = c->locale;
    tenant_leave(c);
    audit_write(c, a);
    tenant_enter(c, t);
    c->language = language;
    c->locale = (Locale *)(uintptr_t)locale;
}

/* Every step of a refund is a change of its payment, for the platform and for who paid. */
static void payment_changed(Ctx *c, SubPayment *p, const char *action, const char *no, const char *reason) {
    db_must(c, 1, CONFLICT, "update smart360.subscription_payment set updated_at = ?, updated_by = ?, "
                            "row_version = row_version + 1 where id = ?", c->now, c->user, p->id);
    Audit a = { .action = action, .entity = "subscription_payment", .id = p->id, .number = p->payment_no,
                .version = ++p->row_version, .reason = reason, .after = json_pairs(c, "refund_no", no, NULL) };
    audit_write(c, &a);
    if (c->tenant.id) audit_at_platform(c, &a);
}

/* All that came is back: nobody has to settle it any more. One that failed after all opens it again. */
static void follow_surplus(Ctx *c, Id payment, const char *no) {
    db_run(c, "update smart360.subscription_payment p set p.surplus_note = ? where p.id = ? and p.surplus is not null "
              "and p.surplus_note is null and p.received_minor <= (select sum(f.amount_minor) "
              "from smart360.subscription_refund f where f.payment_id = p.id and f.state = 'succeeded')", no, payment);
}

/* Their mail may be read by somebody who does not sign in: it says what goes back, and for which invoice. */
static void mail_refund(Ctx *c, const SubPayment *p, const char *no, Money amount) {
    if (!p->payer_email || !platform_mail_ready()) return;
    const char *slug = db_text(c, "select slug from smart360.tenant where id = ?", p->tenant_id);
    platform_mail(c, p->payer_email, c->language ? c->language : "en", "subscription_refund", (const MsgPair[]){
        { "refund", no }, { "invoice", p->invoice_no }, { "amount", sub_amount(c, amount, p->received_currency) },
        { "card", p->card_last4 ? p->card_last4 : "-" }, { "date", date_iso(&c->mem, platform_today(c)) },
        { "link", public_url_of(c, slug, text(c, "/org/subscription/invoices/%s", p->invoice_no)) }, { 0 } }, NULL);
}

static SubPayment *payment_locked(Ctx *c, const char *no) {
    Id id = db_id(c, "select id from smart360.subscription_payment where payment_no = ? for update", no);
    if (!id.id) fail(c, NOT_FOUND, "There is no such payment.");
    return sub_payment_no(c, no);
}

void sub_refund_post(Req *r) {
    Ctx *c = &r->c;
    SubPayment *p = payment_locked(c, path_text(r, "no"));
    const Locale *own = c->locale;
    money_fields_in(r, p->received_currency);
    Input *in = form_read(r, &refund_form);
    if (strcmp(p->state, "succeeded") || !p->provider_payment_id)
        fail(r, CONFLICT, "%s", word(r, "platform.refund_first"));
    if (p->surplus_note) fail(r, CONFLICT, "%s", word(r, "platform.refund_settled"));
    Money left = sub_payment_left(c, p), amount = in_given(in, "amount") ? in_money(in, "amount") : (Money){ 0 };
    if (left.minor <= 0) fail(r, CONFLICT, "%s", word(r, "platform.refund_none_left"));
    if (amount.minor > left.minor)
        problem(r, "amount", "%s", msg_format(r, c->language, "platform.refund_most",
                                              { "amount", sub_amount(c, left, p->received_currency) }));
    problems_end(r);
    c->locale = (Locale *)(uintptr_t)own;
    const HouseAccount *a = platform_account(c, p->gateway_account_id);
    bool is_asked = a && house_gives_back(a->driver);
    const char *no = refund_no_next(c);
    Id id = refund_add(c, p, &(NewSubRefund){ .no = no, .state = is_asked ? "submitted" : "succeeded",
                                              .made = is_asked ? "asked" : "by_hand", .amount = amount,
                                              .reason = in_text(in, "reason") });
    payment_changed(c, p, "refund", no, in_text(in, "reason"));
    if (is_asked) enqueue_in_tenant(c, p, no, id);
    else {
        follow_surplus(c, p->id, no);
        mail_refund(c, p, no, amount);
    }
    note(r, "%s", msg_format(r, c->language, is_asked ? "platform.refund_asked" : "platform.refund_recorded",
                             { "no", no }));
    go(r, "/platform/payments/%s", p->payment_no);
}

/* --- what is heard ------------------------------------------------------------------------------------------------ */

static void refund_end(Ctx *c, SubPayment *p, const SubRefund *f, bool is_done, const char *why) {
    db_must(c, 1, CONFLICT, "update smart360.subscription_refund set state = ?, failure_text = left(?, 500), "
                            "finished_at = ?, updated_at = ? where id = ?", is_done ? "succeeded" : "failed",
            is_done ? NULL : why ? why : "The gateway says no.", c->now, c->now, f->id);
    payment_changed(c, p, is_done ? "refunded" : "refund_failed", f->refund_no, is_done ? NULL : why);
    if (is_done) {
        follow_surplus(c, p->id, f->refund_no);
        mail_refund(c, p, f->refund_no, f->amount_minor);
    } else {
        db_run(c, "update smart360.subscription_payment set surplus_note = null where id = ? and surplus_note = ?",
               p->id, f->refund_no);
    }
}

/* Made in the gateway's own pages, by nobody here. */
static bool refund_external(Ctx *c, SubPayment *p, const HouseRefund *n) {
    if (!n->is_done || !n->provider_id) return false;
    const char *no = refund_no_next(c);
    refund_add(c, p, &(NewSubRefund){ .no = no, .state = "succeeded", .made = "external", .amount = n->amount,
                                      .provider_id = n->provider_id, .reason = n->provider_id });
    payment_changed(c, p, "refunded", no, n->provider_id);
    follow_surplus(c, p->id, no);
    mail_refund(c, p, no, n->amount);
    return true;
}

/* One that succeeded may fail later (the card's bank sent it back): then it is not given back. */
static bool refund_heard(Ctx *c, SubPayment *p, const HouseRefund *n) {
    SubRefund *f = db_find(c, SubRefund, REFUND_SELECT "where f.gateway_account_id = ? and f.payment_id = ? "
                           "and (f.provider_refund_id = ? or (f.provider_refund_id is null and f.refund_no = ?)) "
                           "for update", p->gateway_account_id, p->id, n->provider_id, n->no);
    if (!f) return refund_external(c, p, n);
    if (n->provider_id && !f->provider_refund_id)
        db_run(c, "update smart360.subscription_refund set provider_refund_id = ? where id = ?", n->provider_id, f->id);
    bool is_news = strcmp(f->state, "failed") && (n->is_failed || (n->is_done && strcmp(f->state, "succeeded")));
    if (is_news) refund_end(c, p, f, n->is_done, n->failure_text);
    return is_news;
}

bool sub_refunds_heard(Ctx *c, Id payment, const HouseRefunds *all) {
    const char *no = db_text(c, "select payment_no from smart360.subscription_payment where id = ?", payment);
    SubPayment *p = payment_locked(c, no);
    if (strcmp(p->state, "succeeded")) fail(c, CONFLICT, "payment %s is not known to have succeeded", no);
    bool is_news = false;
    for (size_t i = 0; i < all->n && i < REFUNDS_MAX; i++) is_news |= refund_heard(c, p, &all->v[i]);
    return is_news;
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

typedef struct Sending { Id payment; HouseRefunds heard; } Sending;

static void hear(Ctx *c, void *arg) {
    Sending *s = arg;
    sub_refunds_heard(c, s->payment, &s->heard);
}

/* Sent with its number as the key, or asked for when the gateway has it already. */
JobStep sub_refund_job(Ctx *c, const JobRow *job) {
    int64_t id = 0;
    if (!json_int(json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL), "refund", &id))
        job_give_up(c, "the payload names no refund");
    SubRefund *f = db_one(c, SubRefund, REFUND_SELECT "where f.id = ?", (Id){ id });
    if (strcmp(f->state, "submitted")) return STEP_DONE;
    SubPayment *p = sub_payment_no(c, f->payment_no);
    const HouseAccount *a = platform_account(c, f->gateway_account_id);
    if (!a) job_give_up(c, "refund %s has no account", f->refund_no);
    Sending s = { .payment = f->payment_id };
    HouseRefunded said;
    if (f->provider_refund_id) {
        if (!house_refunds_of(c, a, p->provider_payment_id, &s.heard))
            fail(c, BROKEN, "the gateway could not be asked for refund %s", f->refund_no);
    } else {
        said = house_refund(c, a, &(HouseRefundCall){ .no = f->refund_no, .order_no = f->payment_no,
                            .payment_id = p->provider_payment_id, .currency = f->currency,
                            .amount = f->amount_minor });
        if (!said.is_taken && !said.is_refused)
            fail(c, BROKEN, "refund %s: %s", f->refund_no, said.error ? said.error : "no whole answer");
        if (said.is_refused) said.news.is_failed = true, said.news.failure_text = said.error;
        s.heard = (HouseRefunds){ &said.news, 1 };
    }
    c->now = clock_now();
    job_step(c, hear, &s);
    return STEP_DONE;
}

#define WAITING(F, T) F(T, Id, id) F(T, const char *, refund_no)
ROW(Waiting, WAITING)

void sub_refunds_look(Ctx *c, Id tenant, Time asked_before) {
    Waitings l = db_all(c, Waiting, "select id, refund_no from smart360.subscription_refund where tenant_id = ? "
                                    "and state = 'submitted' and submitted_at < ? and submitted_at > ? limit 100",
                        tenant, asked_before, time_add_seconds(c->now, -86400 * LOOK_DAYS));
    for (size_t i = 0; i < l.n; i++) enqueue(c, l.v[i].refund_no, l.v[i].id);
}

/* --- shown -------------------------------------------------------------------------------------------------------- */

static const char *time_words(Ctx *c, Time t) {
    return c->locale ? locale_time_words(&c->mem, c->locale, t) : time_iso(&c->mem, t);
}

bool sub_refunds_show(Req *r, const char *at_, Id payment, Id invoice) {
    Ctx *c = &r->c;
    SubRefunds l = db_all(r, SubRefund, REFUND_SELECT "where (p.id = ? or p.invoice_id = ?) "
                          "and (? is not null or f.state = 'succeeded') order by f.id desc limit 100", payment, invoice,
                          payment);
    if (!l.n) return false;
    show_text(r, text(r, "%s.title", at_), word(r, "platform.refunds"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.refunds"));
    table_column(t, word(r, "platform.refund"), "code", "id");
    table_column(t, word(r, "platform.why"), "text", NULL);
    table_column(t, word(r, "platform.begun"), "text", NULL);
    if (payment.id) table_column(t, word(r, "platform.ended"), "text", NULL);
    table_column(t, word(r, "platform.amount"), "money", "amount");
    table_column(t, word(r, "platform.status"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        const SubRefund *f = &l.v[i];
        table_row(t, NULL);
        table_cell(t, f->refund_no);
        if (payment.id) table_sub(t, f->provider_refund_id);
        table_cell(t, !strcmp(f->made, "external") ? word(r, "platform.refund_external") : f->reason);
        if (payment.id && f->failure_text) table_sub(t, f->failure_text);
        table_cell(t, time_words(c, f->submitted_at));
        if (payment.id) table_sub(t, f->asked_by);
        if (payment.id) table_cell(t, time_is_set(f->finished_at) ? time_words(c, f->finished_at) : "");
        table_cell(t, sub_amount(c, f->amount_minor, f->currency));
        table_state(t, f->state);
    }
    return true;
}

const char *sub_refunds_words(Ctx *c, Id invoice) {
    SubRefunds l = db_all(c, SubRefund, REFUND_SELECT "where p.invoice_id = ? and f.state = 'succeeded' order by f.id "
                                        "limit 20", invoice);
    const char *all = NULL;
    for (size_t i = 0; i < l.n; i++)
        all = text(c, "%s%s%s, %s", all ? all : "", all ? "; " : "", l.v[i].refund_no,
                   sub_amount(c, l.v[i].amount_minor, l.v[i].currency));
    return all;
}
