/*
 * Payments that are not what was ordered (ONB03US01 "paying": Accept or Refund on the exception). Another amount, or a
 * second payment, is posted already: somebody looks at it and closes the exception, or refunds it as any payment.
 * Another currency is posted by nobody: one person proposes what becomes of it, another one approves.
 *
 *   needs_review -> succeeded (taken as an amount of our currency) | refunded (as it came; nothing is posted)
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/proof.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/machine.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

#define REVIEW_ROW(F, T) F(T, Id, id) F(T, const char *, intent_no) F(T, const char *, state) \
    F(T, const char *, exception) F(T, Money, other_minor) F(T, const char *, other_currency) \
    F(T, const char *, review_kind) F(T, Money, review_minor) F(T, const char *, review_note) F(T, Id, review_by) \
    F(T, Time, review_at) F(T, int64_t, row_version) F(T, Time, updated_at)
ROW(ReviewRow, REVIEW_ROW)

#define REVIEW_SELECT "select id, intent_no, state, exception, coalesce(other_minor, 0) as other_minor, " \
                      "other_currency, review_kind, coalesce(review_minor, 0) as review_minor, review_note, " \
                      "review_by, review_at, row_version, updated_at from payment_intent where utility_id = ? " \
                      "and intent_no = ?"

static ReviewRow *review_lock(Req *r) {
    ReviewRow *v = db_find(r, ReviewRow, REVIEW_SELECT " for update", r->c.utility, path_text(r, "no"));
    if (!v) fail(r, NOT_FOUND, "There is no payment %s.", path_text(r, "no"));
    return v;
}

static bool is_waiting(const ReviewRow *v) { return !strcmp(v->state, "needs_review"); }

const char *money_other(Ctx *c, Money m, const char *currency) {
    int exponent = currency_exponent(currency);
    return text(c, "%s %s", money_decimal(&c->mem, m, exponent < 0 ? 2 : exponent), currency);
}

/* --- on the payment's page ---------------------------------------------------------------------------------------- */

static const Form accept_form = { .name = "review_accept", .fields = FIELDS {
    { "amount", MONEY(1, 99999999999), .flags = REQUIRED },
    { "note",   LONG_TEXT(3, 300),     .flags = REQUIRED },
    { 0 } } };
static const Form refund_form = { .name = "review_refund", .fields = FIELDS {
    { "note",   LONG_TEXT(3, 300),     .flags = REQUIRED },
    { 0 } } };
static const Form look_form = { .name = "review_look", .fields = FIELDS {
    { "note",   LONG_TEXT(3, 300),     .flags = REQUIRED },
    { 0 } } };

enum { SECTION_FIRST = 5 };

static void show_form(Req *r, const ReviewRow *v, size_t n, const char *title, const Form *form, const char *what) {
    show_text(r, at(r, "show.sections", n, "title"), word(r, title));
    show_text(r, at(r, "show.sections", n, "span"), "half");
    form_show(r, at(r, "show.sections", n, "form"), form, text(r, "/integrations/payments/%s/%s", v->intent_no, what));
}

static void show_move(Req *r, const ReviewRow *v, size_t n, const char *key, const char *what, const char *kind) {
    show_text(r, at(r, "show.moves", n, "text"), word(r, key));
    show_text(r, at(r, "show.moves", n, "post"), "1");
    show_text(r, at(r, "show.moves", n, "kind"), kind);
    show_int(r, at(r, "show.moves", n, "row_version"), v->row_version);
    show_text(r, at(r, "show.moves", n, "url"),
              link_path(r, "/integrations/payments/%s/review/%s", v->intent_no, what));
}

static void show_proposal(Req *r, const ReviewRow *v) {
    bool accepts = !strcmp(v->review_kind, "accept");
    const char *who = db_text(r, "select full_name from user where id = ?", v->review_by);
    show_text(r, "show.notices.0.tone", "info");
    show_text(r, "show.notices.0.text",
              msg_format(r, r->c.language, text(r, "hub.review.%s_proposed", v->review_kind),
                         { "who", who ? who : "" },
                         { "amount", accepts ? locale_money(&r->c.mem, r->c.locale, v->review_minor)
                                             : money_other(&r->c, v->other_minor, v->other_currency) },
                         { "at", locale_time(&r->c.mem, r->c.locale, v->review_at) },
                         { "note", v->review_note ? v->review_note : "" }));
    if (!strcmp(v->review_kind, "refunding")) return;
    size_t n = 0;
    if (perm_may(&r->c, "hub.settlements", APPROVE) && v->review_by.id != r->c.user.id) {
        show_move(r, v, n++, "hub.review.approve", "approval", "primary");
        proof_notice(r);
    }
    if (perm_may(&r->c, "hub.settlements", EDIT)) show_move(r, v, n, "hub.review.drop", "rejection", "danger");
}

static void show_looked_at(Req *r, const ReviewRow *v) {
    show_text(r, "show.notices.0.tone", "warn");
    show_text(r, "show.notices.0.text", word(r, text(r, "hub.review.%s", v->exception)));
    show_form(r, v, SECTION_FIRST, "hub.review.accept", &look_form, "acceptance");
    if (!strcmp(v->exception, "over_refunded")) return;         /* there is nothing left to give back */
    const char *no = db_text(r, "select payment_no from payment where payment_intent_id = ? order by id limit 1",
                             v->id);
    if (!no || !perm_may(&r->c, "cis.refunds", CREATE)) return;
    show_text(r, at(r, "show.sections", SECTION_FIRST, "link.text"), word(r, "hub.review.refund"));
    show_text(r, at(r, "show.sections", SECTION_FIRST, "link.url"), link_path(r, "/cis/payments/%s/refund", no));
}

void review_show(Req *r, const char *intent_no) {
    ReviewRow *v = db_find(r, ReviewRow, REVIEW_SELECT, r->c.utility, intent_no);
    if (!v || !v->exception || !strcmp(v->exception, "missing_at_provider")) return;
    if (v->other_currency)
        show_fact(r, "show.facts", word(r, "hub.review.arrived"),
                  money_other(&r->c, v->other_minor, v->other_currency), NULL);
    bool may = perm_may(&r->c, "hub.settlements", EDIT);
    if (is_waiting(v) && v->review_kind) {
        show_proposal(r, v);
        return;
    }
    if (is_waiting(v) && may) {
        show_text(r, "show.notices.0.tone", "warn");
        show_text(r, "show.notices.0.text", word(r, "hub.review.currency_mismatch"));
        show_form(r, v, SECTION_FIRST, "hub.review.accept", &accept_form, "acceptance");
        show_form(r, v, SECTION_FIRST + 1, "hub.review.refund", &refund_form, "refund");
    } else if (may && !is_waiting(v)) {
        show_looked_at(r, v);
    }
}

/* --- one person proposes ------------------------------------------------------------------------------------------ */

static void back(Req *r, const ReviewRow *v, const char *key) {
    note(r, "%s", word(r, key));
    go(r, "/integrations/payments/%s", v->intent_no);
}

static void check_undecided(Req *r, const ReviewRow *v) {
    if (!is_waiting(v)) fail(r, CONFLICT, "This payment is %s.", v->state);
    if (v->review_kind) fail(r, CONFLICT, "Something is proposed for this payment already.");
}

/* A proposal made or dropped is another version: who decides, decides about the one he saw. */
static void changed(Req *r, const ReviewRow *v, const char *what, const char *why) {
    audit_write(&r->c, &(Audit){ .action = what, .entity = "payment_intent", .id = v->id, .number = v->intent_no,
                                 .version = v->row_version + 1, .reason = why });
}

static void propose(Req *r, const ReviewRow *v, const char *kind, Money amount, const char *why) {
    db_must(r, 1, CONFLICT, "update payment_intent set review_kind = ?, review_minor = ?, review_note = ?, "
                            "review_by = ?, review_at = ?, updated_at = ?, row_version = row_version + 1 where id = ? "
                            "and state = 'needs_review' and review_kind is null", kind, amount, why, r->c.user,
            r->c.now, r->c.now, v->id);
    changed(r, v, "propose",
            text(r, "%s %s: %s", kind, strcmp(kind, "accept") ? "" : locale_money(&r->c.mem, r->c.locale, amount),
                 why));
    back(r, v, "hub.review.proposed");
}

/* What is posted already only wants somebody to have looked at it. */
static void look(Req *r, const ReviewRow *v, const char *why) {
    if (!v->exception || !strcmp(v->exception, "missing_at_provider"))
        fail(r, CONFLICT, "This payment has no exception to accept.");
    db_must(r, 1, CONFLICT, "update payment_intent set exception = null, review_note = ?, review_by = ?, "
                            "review_at = ?, updated_at = ? where id = ? and exception = ?", why, r->c.user, r->c.now,
            r->c.now, v->id, v->exception);
    alert_clear(&r->c, text(r, "payment.%s:%s", v->exception, v->intent_no));
    audit_note(&r->c, "accept", "payment_intent", v->id, v->intent_no, why);
    back(r, v, "hub.review.accepted");
}

void review_accept_post(Req *r) {
    ReviewRow *v = review_lock(r);
    if (!is_waiting(v)) {
        Input *in = form_read(r, &look_form);
        problems_end(r);
        look(r, v, in_text(in, "note"));
        return;
    }
    Input *in = form_read(r, &accept_form);
    problems_end(r);
    check_undecided(r, v);
    propose(r, v, "accept", in_money(in, "amount"), in_text(in, "note"));
}

void review_refund_post(Req *r) {
    Input *in = form_read(r, &refund_form);
    problems_end(r);
    ReviewRow *v = review_lock(r);
    check_undecided(r, v);
    propose(r, v, "refund", (Money){ 0 }, in_text(in, "note"));
}

/* --- another one decides ------------------------------------------------------------------------------------------ */

static ReviewRow *proposed(Req *r) {
    ReviewRow *v = review_lock(r);
    if (!is_waiting(v) || !v->review_kind || !strcmp(v->review_kind, "refunding"))
        fail(r, CONFLICT, "There is nothing to decide about this payment.");
    return v;
}

void review_approve_post(Req *r) {
    ReviewRow *v = proposed(r);
    if (v->review_by.id == r->c.user.id) fail(r, CONFLICT, "A second person must approve.");
    proof_check(&r->c);
    press_check(r, v->row_version, v->updated_at);
    bool accepts = !strcmp(v->review_kind, "accept");
    audit_note(&r->c, "approve", "payment_intent", v->id, v->intent_no, v->review_note);
    if (accepts) payment_intent_accept(&r->c, v->id, v->review_minor);
    else refund_other(&r->c, v->id);
    alert_clear(&r->c, text(r, "payment.currency:%s", v->intent_no));
    back(r, v, accepts ? "hub.review.accepted" : "hub.review.refunding");
}

void review_drop_post(Req *r) {
    ReviewRow *v = proposed(r);
    press_check(r, v->row_version, v->updated_at);
    db_run(r, "update payment_intent set review_kind = null, review_minor = null, updated_at = ?, "
              "row_version = row_version + 1 where id = ?", r->c.now, v->id);
    changed(r, v, "reject", v->review_note);
    back(r, v, "hub.review.dropped");
}
