/*
 * Pages of refunds: asked for beside a payment, approved by another person, paid out (CIS01US09, ONB03US01 "refunds").
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/pages.h"
#include "app/cis/refund.h"
#include "app/core/proof.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const Choice refund_states[] = { { "requested", NULL },
                                        { "approved", NULL },
                                        { "paid", NULL },
                                        { "rejected", NULL },
                                        { "failed", NULL },
                                        { "cancelled", NULL },
                                        { 0 } };

static const ListAction refund_actions[] = { { "cis.refund.threshold", "/cis/refunds/threshold", "settings",
                                               "cis.settings",
                                               EDIT, false },
                                             { 0 } };

static const ListSpec refunds = {
    .name = "refund_requests",
    .path = "/cis/refunds",
    .feature = "cis.refunds",
    .id = "f.id",
    .from =
        "refund_request f left join account a on a.id = f.account_id left join consumer n on n.id = a.consumer_id "
        "left join premise m on m.id = a.premise_id left join payment p on p.id = f.payment_id",
    .where = "f.utility_id = ?",
    .area = "m.sub_area_id",
    .columns =
        COLUMNS{ { "refund_no", NULL, "f.refund_no", LIST | SORT | SEARCH_START, .link = "/cis/refunds/{refund_no}",
                   .kind = "code" },
                 { "created_at", NULL, "f.created_at", LIST | SORT | FILTER },
                 { "account_no", NULL, "a.account_no", LIST | SEARCH_START, .link = "/cis/accounts/{account_no}" },
                 { "consumer_name", NULL, "n.display_name", LIST, .place = "name" },
                 { "payment_no", NULL, "p.payment_no", LIST | SEARCH_START, .link = "/cis/payments/{payment_no}" },
                 { "reason", NULL, "f.reason", LIST },
                 { "amount_minor", NULL, "f.amount_minor", LIST | SORT | SUM, .place = "amount" },
                 { "status", NULL, "f.status", LIST | FILTER, .choices = refund_states },
                 { 0 } },
    .order = "-created_at", .actions = refund_actions
};

void refund_list_page(Req *r) {
    show_text(r, "page.title", word(r, "cis.refunds"));
    page_tabs(r, "payments", "/cis/refunds");
    list_show(r, &refunds, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

int64_t refunds_waiting(Ctx *c) {
    return db_int(c, "select count(*) from refund_request where utility_id = ? and status = 'requested'", c->utility);
}

/* --- from which amount approving wants a proof of who one is (AU01US03) ------------------------------------------- */

static const char threshold_key[] = "refund_proof_minor";
enum { THRESHOLD = 50000 };

static bool wants_proof(Ctx *c, const RefundRow *f) {
    return f->amount_minor.minor > setting_int(c, threshold_key, THRESHOLD);
}

static const Form threshold_form = { .name = "refund_threshold",
                                     .fields = FIELDS{ { "amount", NULL, MONEY(0, 99999999999), .flags = REQUIRED },
                                                       { 0 } } };

void refund_threshold_page(Req *r) {
    show_text(r, "page.title", word(r, "cis.refund.threshold"));
    show_text(r, "page.crumbs.0.text", word(r, "cis.refunds"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/refunds"));
    show_text(r, "page.crumbs.1.text", word(r, "cis.refund.threshold"));
    FormView *v = form_show(r, "form", &threshold_form, "/cis/refunds/threshold");
    form_money(v, "amount", (Money){ setting_int(&r->c, threshold_key, THRESHOLD) });
    show_text(r, "form.intro", word(r, "cis.refund.threshold_how"));
    show_text(r, "form.cancel_url", link_path(r, "/cis/refunds"));
    proof_notice(r);
    page(r, "layout/form");
}

/* Who lifts it could approve without proof: so it wants one itself. */
void refund_threshold_post(Req *r) {
    Input *in = form_read(r, &threshold_form);
    problems_end(r);
    proof_check(&r->c);
    setting_set(&r->c, threshold_key, text(r, "%lld", (long long)in_money(in, "amount").minor));
    note(r, "%s", word(r, "cis.refund.threshold_saved"));
    go(r, "/cis/refunds");
}

/* --- one ---------------------------------------------------------------------------------------------------------- */

static const RefundRow *refund_of_path(Req *r) {
    Id id = db_id(r, "select id from refund_request where utility_id = ? and refund_no = ?", r->c.utility,
                  path_text(r, "no"));
    if (!id.id) fail(r, NOT_FOUND, "There is no refund %s.", path_text(r, "no"));
    const RefundRow *f = refund_get(&r->c, id);
    if (f->account_id.id) account_get(&r->c, f->account_id);       /* of the user's areas */
    return f;
}

static void crumbs(Req *r, const char *list, const char *path, const char *no) {
    show_text(r, "page.crumbs.0.text", word(r, list));
    show_text(r, "page.crumbs.0.url", link_path(r, "%s", path));
    show_text(r, "page.crumbs.1.text", no);
}

static void show_entries(Req *r, const char *at_, Id refund) {
    ledger_entries_show(r, at_, &(LedgerSource){ "refund_request", refund }, 1, word(r, "cis.refund.posts_later"));
}

static const char *person(Req *r, Id user) {
    return user.id ? db_text(r, "select full_name from user where id = ?", user) : NULL;
}

static const char *when(Req *r, Time at) { return time_is_set(at) ? locale_time(&r->c.mem, r->c.locale, at) : NULL; }

static void show_facts(Req *r, const RefundRow *f) {
    const char *account = f->account_id.id ? account_get(&r->c, f->account_id)->account_no : word(r, "cis.in_suspense");
    const char *payment = f->payment_id.id ? db_text(r, "select payment_no from payment where id = ?", f->payment_id)
                                           : NULL;
    show_fact(r, "show.facts", word(r, "cis.amount"), locale_money(&r->c.mem, r->c.locale, f->amount_minor), NULL);
    show_fact(r, "show.facts", word(r, "cis.account"), account, NULL);
    if (payment) show_fact(r, "show.facts", word(r, "cis.payment"), payment, NULL);
    show_fact(r, "show.facts", word(r, "cis.refund.to"), word(r, text(r, "cis.refund.payout.%s", f->payout_kind)),
              NULL);
    show_fact(r, "show.facts", word(r, "cis.reason"), f->reason, NULL);
    const char *asked = person(r, f->requested_by), *by = person(r, f->approved_by);
    show_fact(r, "show.facts", word(r, "cis.refund.requested"),
              asked ? asked : word(r, text(r, "cis.refund.via.%s", f->requested_via)), when(r, f->created_at));
    if (time_is_set(f->approved_at))
        show_fact(r, "show.facts", word(r, "cis.refund.approved"), by ? by : word(r, "cis.refund.nobody"),
                  when(r, f->approved_at));
    if (time_is_set(f->paid_at)) show_fact(r, "show.facts", word(r, "cis.refund.paid"), when(r, f->paid_at), NULL);
}

void refund_show(Req *r) {
    const RefundRow *f = refund_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "cis.refund.title", { "no", f->refund_no }));
    crumbs(r, "cis.refunds", "/cis/refunds", f->refund_no);
    show_text(r, "show.status.text", state_label(r, f->status));
    show_text(r, "show.status.tone", state_tone(r, f->status));
    show_moves(r, "show.moves", &refund_request, f->id, text(r, "/cis/refunds/%s", f->refund_no));
    if (!strcmp(f->status, "requested") && perm_may(&r->c, "cis.refunds", APPROVE)) {
        show_text(r, "show.moves.8.text", word(r, "cis.refund.reject"));
        show_text(r, "show.moves.8.kind", "danger");
        show_text(r, "show.moves.8.url", link_path(r, "/cis/refunds/%s/rejection", f->refund_no));
    }
    show_facts(r, f);
    bool is_open = !strcmp(f->status, "requested") || !strcmp(f->status, "failed");
    if (is_open && wants_proof(&r->c, f) && perm_may(&r->c, "cis.refunds", APPROVE)) proof_notice(r);
    if (f->failure_text) {
        show_text(r, "show.notices.0.tone", "bad");
        show_text(r, "show.notices.0.strong", word(r, "cis.refund.failed"));
        show_text(r, "show.notices.0.text", f->failure_text);
    }
    show_entries(r, "show.sections.0", f->id);
    history_aside(r, "refund_request", f->id, NULL);
    page(r, "layout/show");
}

/* What a person may press; what the gateway says comes by the hub alone. */
static bool is_of_people(const char *event) {
    static const char *const events[] = { "approve", "cancel", "pay", "retry" };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (!strcmp(events[i], event)) return true;
    return false;
}

void refund_move(Req *r) {
    const char *event = path_text(r, "event");
    const RefundRow *f = refund_of_path(r);
    if (!is_of_people(event)) fail(r, NOT_FOUND, "There is no such move.");
    bool approves = !strcmp(event, "approve") || !strcmp(event, "retry");
    if (approves && wants_proof(&r->c, f)) proof_check(&r->c);
    const char *state = machine_press(r, &refund_request, f->id, event, NULL, NULL);
    note(r, "%s", msg_format(r, r->c.language, text(r, "cis.refund.now_%s", state), { "no", f->refund_no }));
    go(r, "/cis/refunds/%s", f->refund_no);
}

/* --- rejecting ---------------------------------------------------------------------------------------------------- */

static const Form reject_form = { .name = "refund_reject",
                                  .fields = FIELDS{ { "reason", NULL, LONG_TEXT(3, 300), .flags = REQUIRED },
                                                    { 0 } } };

void refund_reject_page(Req *r) {
    const RefundRow *f = refund_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "cis.refund.reject_title", { "no", f->refund_no }));
    crumbs(r, "cis.refunds", "/cis/refunds", f->refund_no);
    form_show(r, "confirm", &reject_form, text(r, "/cis/refunds/%s/rejection", f->refund_no));
    show_fact(r, "confirm.facts", word(r, "cis.amount"), locale_money(&r->c.mem, r->c.locale, f->amount_minor), NULL);
    show_text(r, "confirm.text.0", word(r, "cis.refund.reject_how"));
    show_text(r, "confirm.back_url", link_path(r, "/cis/refunds/%s", f->refund_no));
    page(r, "layout/confirm");
}

void refund_reject_post(Req *r) {
    Input *in = form_read(r, &reject_form);
    problems_end(r);
    const RefundRow *f = refund_of_path(r);
    machine_move(&r->c, &refund_request, f->id, "reject", in_text(in, "reason"), NULL);
    db_run(r, "update refund_request set decision_note = ? where id = ?", in_text(in, "reason"), f->id);
    note(r, "%s", msg_format(r, r->c.language, "cis.refund.now_rejected", { "no", f->refund_no }));
    go(r, "/cis/refunds/%s", f->refund_no);
}

/* --- asking for one ----------------------------------------------------------------------------------------------- */

static const Choice payouts[] = {
    { "original", NULL }, { "bank", NULL }, { "cheque", NULL }, { 0 }
};

static const Form refund_form = { .name = "refund", .fields = FIELDS {
    { "amount",      NULL, MONEY(1, 99999999999), .flags = REQUIRED },
    { "payout_kind", NULL, CHOICE(payouts), .flags = REQUIRED },
    { "reason",      NULL, LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

#define REFUNDABLE(F, T)                                                                                               \
    F(T, Id, id) F(T, Id, account_id) F(T, Id, intent) F(T, bool, by_gateway) F(T, Money, amount) F(T, Money, held)
ROW(Refundable, REFUNDABLE)

/* Money in suspense has no account yet: it is assigned first. */
static const Refundable *payment_of_path(Req *r) {
    Refundable *p = db_find(
        r, Refundable,
        "select p.id, p.account_id, p.payment_intent_id as intent, p.gateway_account_id is not null and "
        "p.provider_payment_id is not null as by_gateway, p.amount_minor as amount, "
        "if(p.status in ('posted', 'partially_refunded'), p.allocated_minor + p.unallocated_minor - coalesce((select "
        "sum(f.amount_minor) from refund_request f where f.payment_id = p.id and f.status = 'requested'), 0), 0) as "
        "held "
        "from payment p where p.utility_id = ? and p.payment_no = ?",
        r->c.utility, path_text(r, "payment_no"));
    if (!p || !p->account_id.id)
        fail(r, NOT_FOUND, "There is no payment %s of an account.", path_text(r, "payment_no"));
    account_get(&r->c, p->account_id);
    return p;
}

Money payment_refund_left(Req *r, Id payment) {
    return db_money(r,
        "select if(p.status in ('posted', 'partially_refunded') and p.account_id is not null, "
        "p.allocated_minor + p.unallocated_minor - coalesce((select sum(f.amount_minor) from refund_request f "
        "where f.payment_id = p.id and f.status = 'requested'), 0), 0) from payment p where p.id = ?",
        payment);
}

void refund_new_page(Req *r) {
    const Refundable *p = payment_of_path(r);
    const char *no = path_text(r, "payment_no");
    show_text(r, "page.title", msg_format(r, r->c.language, "cis.refund.new", { "no", no }));
    crumbs(r, "cis.payments", "/cis/payments", no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/cis/payments/%s", no));
    show_text(r, "page.crumbs.2.text", word(r, "cis.refund.do"));
    FormView *v = form_show(r, "form", &refund_form, text(r, "/cis/payments/%s/refund", no));
    Money left = { p->held.minor > 0 ? p->held.minor : 0 };
    form_money(v, "amount", left);
    form_text(v, "payout_kind", p->by_gateway ? "original" : "bank");
    form_set(
        v, "amount", "hint",
        msg_format(r, r->c.language, "cis.refund.at_most", { "amount", locale_money(&r->c.mem, r->c.locale, left) }));
    show_text(r, "form.intro", word(r, "cis.refund.how"));
    show_text(r, "form.submit", word(r, "cis.refund.ask"));
    show_text(r, "form.cancel_url", link_path(r, "/cis/payments/%s", no));
    page(r, "layout/form");
}

void refund_new_post(Req *r) {
    Input *in = form_read(r, &refund_form);
    problems_end(r);
    const Refundable *p = payment_of_path(r);
    Id id = refund_request_create(&r->c, &(NewRefund){ .account = p->account_id,
                                                       .payment = p->id,
                                                       .intent = p->intent,
                                                       .amount = in_money(in, "amount"),
                                                       .payout_kind = in_text(in, "payout_kind"),
                                                       .reason = in_text(in, "reason"),
                                                       .via = "staff" });
    const RefundRow *f = refund_get(&r->c, id);
    note(r, "%s", msg_format(r, r->c.language, "cis.refund.waits", { "no", f->refund_no }));
    go(r, "/cis/refunds/%s", f->refund_no);
}
