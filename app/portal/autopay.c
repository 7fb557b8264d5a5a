/*
 * Autopay (CSS01US03): bills of an account are taken from a saved card on the due date or up to ten days before.
 * Every morning at nine a job tells what will be taken in three days, takes what is due today, and tries again after
 * refusals; every try has one key for ever (enrolment, bill, number), and the amount is what is open at that very
 * moment.
 */
#include "app/portal/autopay_rules.h"

#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/comms/comms.h"
#include "app/portal/history.h"
#include "app/portal/method.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"

enum { STEP_ROWS = 200, CHARGE_EXPIRES_S = 4 * 86400 };
static const char consent_version[] = "1";

#define ENROLMENT(F, T)                                                                                                \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, public_id) F(T, Id, account_id) F(T, const char *, account_no) F(T, Id, portal_user_id)         \
        F(T, Id, saved_method_id) F(T, int, offset_days) F(T, bool, has_cap) F(T, Money, cap_minor)                    \
            F(T, Id, skip_bill_id) F(T, const char *, status) F(T, int, fail_count) F(T, int, row_version)
ROW(Enrolment, ENROLMENT)
#define ENROLMENT_SELECT                                                                                               \
    "select e.id, e.public_id, e.account_id, a.account_no, e.portal_user_id, e.saved_method_id, e.offset_days, " \
    "e.cap_minor is not null as has_cap, coalesce(e.cap_minor, 0) as cap_minor, e.skip_bill_id, e.status, " \
    "e.fail_count, e.row_version from autopay_enrolment e join account a on a.id = e.account_id "

static Enrolment *enrolment_of(Ctx *c, Id account) {
    return db_find(c, Enrolment,
                   ENROLMENT_SELECT "where e.account_id = ? and e.utility_id = ? and e.status <> 'cancelled'", account,
                   c->utility);
}

static const char *money_words(Ctx *c, Money m) { return locale_money(&c->mem, c->locale, m); }

static const char *date_words(Ctx *c, Date d) { return locale_date(&c->mem, c->locale, d); }

/* --- one bill as it stands ---------------------------------------------------------------------------------------- */

#define TRIED(F, T) F(T, int, tries) F(T, Date, first_on) F(T, int, charging)
ROW(Tried, TRIED)

static AutopayStep step_of(Ctx *c, const Enrolment *e, const OpenItem *bill) {
    Tried *t = db_one(
        c, Tried,
        "select count(*) as tries, min(on_date) as first_on, coalesce(sum(state = 'charging'), 0) as charging from "
        "autopay_attempt where autopay_id = ? and bill_id = ?",
        e->id, bill->id);
    bool pending =
        db_int(
            c,
            "select count(*) from payment_intent i join payment_intent_line l on l.intent_id = i.id where "
            "l.target_kind = 'bill' and l.target_id = ? and i.state = 'processing'",
            bill->id) > 0;
    AutopayFacts f = { .today = utility_today(c),
                       .due_on = bill->due_on,
                       .offset_days = e->offset_days,
                       .open = bill->unpaid,
                       .has_cap = e->has_cap,
                       .cap = e->cap_minor,
                       .is_skipped = e->skip_bill_id.id == bill->id.id,
                       .in_dispute = bill->in_dispute,
                       .in_agreement = bill->in_agreement,
                       .is_cash_only = account_get(c, e->account_id)->is_cash_only,
                       .is_charging = t->charging > 0 || pending,
                       .tries = t->tries,
                       .first_try_on = t->first_on };
    return autopay_step(&f);
}

static bool is_bill(const OpenItem *i) { return !strcmp(i->type, "bill") && i->number && date_is_set(i->due_on); }

static Money with_fee(Ctx *c, const Method *m, Money amount) {
    return money_add(amount, gateway_fee(c, m->gateway_account_id, m->kind, amount));
}

/* --- /pay/autopay ------------------------------------------------------------------------------------------------- */

static const char *when_words(Ctx *c, int days) {
    return days ? msg_plural(c, c->language, "portal.autopay.before", days, NULL)
                : msg(c->language, "portal.autopay.on_due");
}

static const char *what_words(Ctx *c, const Enrolment *e, const Method *m) {
    const char *when = when_words(c, e->offset_days);
    if (!e->has_cap)
        return msg_format(c, c->language, "portal.autopay.what", { "card", method_words(c, m) }, { "when", when });
    return msg_format(c, c->language, "portal.autopay.what_cap", { "card", method_words(c, m) }, { "when", when },
                      { "cap", money_words(c, e->cap_minor) });
}

/* What comes next, in words; NULL: nothing is open. */
static const char *next_words(Ctx *c, const Enrolment *e, const Method *m) {
    OpenItems items = open_items(c, e->account_id);
    for (size_t i = 0; i < items.n; i++) {
        if (!is_bill(&items.v[i])) continue;
        AutopayStep s = step_of(c, e, &items.v[i]);
        if (s.act == AUTOPAY_OVER) continue;
        if (s.act == AUTOPAY_BY_HAND)
            return msg_format(c, c->language, "portal.autopay.by_hand", { "bill", items.v[i].number },
                              { "amount", money_words(c, items.v[i].unpaid) });
        Date on = date_compare(s.charge_on, utility_today(c)) < 0 ? utility_today(c) : s.charge_on;
        return msg_format(c, c->language, "portal.autopay.next",
                          { "amount", money_words(c, with_fee(c, m, items.v[i].unpaid)) },
                          { "date", date_words(c, on) });
    }
    return NULL;
}

static const char *tone_of(const char *status) {
    return !strcmp(status, "active") ? "ok" : !strcmp(status, "paused") ? "off" : "bad";
}

static void show_enrolment(Req *r, const char *base, const Enrolment *e) {
    Ctx *c = &r->c;
    const Method *m = method_get(c, e->saved_method_id);
    show_text(r, text(r, "%s.word", base), msg(c->language, text(r, "portal.autopay.%s", e->status)));
    show_text(r, text(r, "%s.tone", base), tone_of(e->status));
    show_text(r, text(r, "%s.what", base), what_words(c, e, m));
    if (!strcmp(e->status, "active")) show_text(r, text(r, "%s.next", base), next_words(c, e, m));
}

size_t autopay_plans(Ctx *c, const Mine *m, AutopayPlan *v, size_t most) {
    Enrolment *e = enrolment_of(c, m->id);
    if (!e || strcmp(e->status, "active")) return 0;
    const Method *card = method_get(c, e->saved_method_id);
    OpenItems items = open_items(c, m->id);
    size_t n = 0;
    for (size_t i = 0; i < items.n && n < most; i++) {
        if (!is_bill(&items.v[i]) || items.v[i].in_agreement) continue;         /* its instalments are due */
        AutopayStep s = step_of(c, e, &items.v[i]);
        if (s.act == AUTOPAY_OVER) continue;
        bool by_hand = s.act == AUTOPAY_BY_HAND || items.v[i].in_dispute || account_get(c, m->id)->is_cash_only
            || (e->has_cap && money_compare(items.v[i].unpaid, e->cap_minor) > 0);
        Date on = by_hand ? items.v[i].due_on : s.charge_on;
        if (date_compare(on, utility_today(c)) < 0) on = utility_today(c);
        Money amount = by_hand ? items.v[i].unpaid : with_fee(c, card, items.v[i].unpaid);
        v[n++] = (AutopayPlan){ items.v[i].number, method_words(c, card), on, amount, by_hand };
    }
    return n;
}

const char *autopay_note(Ctx *c, Mines mines) {
    for (size_t i = 0; i < mines.n; i++) {
        Enrolment *e = enrolment_of(c, mines.v[i].id);
        if (!e || strcmp(e->status, "active")) continue;
        const char *next = next_words(c, e, method_get(c, e->saved_method_id));
        if (next) return msg_format(c, c->language, "portal.autopay.note", { "next", next });
    }
    return NULL;
}

void autopay_page(Req *r) {
    Ctx *c = &r->c;
    Mines all = mine_all(c);
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++) {
        const Mine *m = &all.v[i];
        if (!mine_may(m, ACCESS_PAYER)) continue;
        Enrolment *e = enrolment_of(c, m->id);
        const char *base = at(r, "accounts", n++, NULL);
        show_text(r, text(r, "%s.title", base), mine_name(c, m));
        show_text(r, text(r, "%s.url", base), link_path(r, "/pay/autopay/%s", m->account_no));
        show_text(r, text(r, "%s.act", base), msg(c->language, e ? "portal.accounts.change" : "portal.autopay.set_up"));
        if (e) show_enrolment(r, base, e);
        else show_text(r, text(r, "%s.what", base), msg(c->language, "portal.autopay.off"));
    }
    if (!n) fail(c, DENIED, "%s", msg(c->language, "portal.denied.pay"));
    show_text(r, "methods_url", link_path(r, "/pay/methods"));
    portal_page(r, "portal.autopay.title", "portal/autopay");
}

/* --- one account -------------------------------------------------------------------------------------------------- */

static const Form autopay_form = {
    .name = "portal.autopay",
    .fields =
        FIELDS{ { "method", NULL, TEXT(1, 30), .flags = REQUIRED },
                { "offset", NULL, INT(0, AUTOPAY_OFFSET_MOST), .flags = REQUIRED },
                { "cap", NULL, MONEY(100, 100000000), .width = "10" },
                { "consent", NULL, BOOL },
                { 0 } }
};

static const Mine *account_of(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = mine_by_no(c, path_text(r, "no"));
    if (!m) fail(c, NOT_FOUND, "There is no such page.");
    if (!mine_may(m, ACCESS_PAYER)) fail(c, DENIED, "%s", msg(c->language, "portal.denied.pay"));
    return m;
}

/* Whose card pays may change it; owners and managers may change what others set up. */
static void may_change(Ctx *c, const Mine *m, const Enrolment *e) {
    if (e->portal_user_id.id != c->user.id && !mine_may(m, ACCESS_MANAGER))
        fail(c, DENIED, "%s", msg(c->language, "portal.denied.manage"));
}

static void show_form(Req *r, const Mine *m, const Enrolment *e) {
    Ctx *c = &r->c;
    Methods cards = methods_mine(c);
    FormView *v = form_show(r, "form", &autopay_form, text(r, "/pay/autopay/%s", m->account_no));
    const char *chosen = NULL;
    form_set(v, "method", "kind", "select");
    form_set(v, "offset", "kind", "select");
    for (size_t i = 0; i < cards.n; i++) {
        if (strcmp(cards.v[i].status, "active")) continue;
        form_option(v, "method", cards.v[i].public_id, method_words(c, &cards.v[i]));
        if (!chosen || (e && e->saved_method_id.id == cards.v[i].id.id)) chosen = cards.v[i].public_id;
    }
    for (int i = 0; i <= AUTOPAY_OFFSET_MOST; i++) form_option(v, "offset", text(r, "%d", i), when_words(c, i));
    form_text(v, "method", chosen);
    form_text(v, "offset", text(r, "%d", e ? e->offset_days : 0));
    if (e && e->has_cap) form_money(v, "cap", e->cap_minor);
    if (e) form_version(v, e->row_version);
    show_text(r, "form.submit", msg(c->language, e ? "ui.save" : "portal.autopay.turn_on"));
    if (!chosen) show_text(r, "no_card", msg(c->language, "portal.autopay.no_card"));
}

static void show_act(Req *r, size_t i, const char *account_no, const char *move) {
    show_text(r, at(r, "acts", i, "text"), msg(r->c.language, text(r, "portal.autopay.%s", move)));
    show_text(r, at(r, "acts", i, "url"), link_path(r, "/pay/autopay/%s/%s", account_no, move));
}

void autopay_account_page(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = account_of(r);
    Enrolment *e = enrolment_of(c, m->id);
    if (e) show_enrolment(r, "now", e);
    show_form(r, m, e);
    show_text(r, "add_url", link_path(r, "/pay/methods?account=%s", m->account_no));
    if (e) {
        size_t n = 0;
        if (!strcmp(e->status, "active"))
            show_act(r, n++, m->account_no, "pause"),
                show_act(r, n++, m->account_no, e->skip_bill_id.id ? "unskip" : "skip");
        if (!strcmp(e->status, "paused")) show_act(r, n++, m->account_no, "resume");
        show_text(r, "cancel_url", link_path(r, "/pay/autopay/%s/cancellation", m->account_no));
    }
    show_text(r, "page.crumbs.0.text", msg(c->language, "portal.autopay.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/pay/autopay"));
    show_text(r, "page.sub", m->address);
    show_text(r, "page.title", msg_format(c, c->language, "portal.autopay.of", { "account", mine_name(c, m) }));
    portal_page(r, NULL, "portal/autopay_account");
}

static Id bill_open_first(Ctx *c, Id account) {
    OpenItems items = open_items(c, account);
    for (size_t i = 0; i < items.n; i++)
        if (is_bill(&items.v[i])) return items.v[i].id;
    return (Id){ 0 };
}

static void enrol(Req *r, const Mine *m, const Method *card, const Input *in) {
    Ctx *c = &r->c;
    const char *cap = in_given(in, "cap") ? money_decimal(&c->mem, in_money(in, "cap"), c->locale->exponent) : NULL;
    if (!db_add(
            c,
            "insert into autopay_enrolment (utility_id, account_id, portal_user_id, saved_method_id, offset_days, "
            "cap_minor, consent_at, consent_text_version) values (?,?,?,?,?,nullif(?, 0),?,?)",
            c->utility, m->id, c->user, card->id, in_int(in, "offset"),
            in_given(in, "cap") ? in_money(in, "cap") : (Money){ 0 }, c->now, consent_version))
        fail(c, CONFLICT, "%s", msg(c->language, "portal.autopay.already"));
    Enrolment *e = enrolment_of(c, m->id);
    audit_write(c, &(Audit){ .action = "create",
                             .entity = "autopay_enrolment",
                             .id = e->id,
                             .number = m->account_no,
                             .version = 1,
                             .after = json_pairs(c, "offset", text(c, "%lld", (long long)in_int(in, "offset")), "cap",
                                                 cap, "card", card->last4, NULL) });
    event_emit(c, &(Event){ .name = "autopay.enrolled", .entity = "autopay_enrolment", .id = e->id, .account = m->id });
    note(r, "%s", msg(c->language, "portal.autopay.turned_on"));
}

void autopay_save(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = account_of(r);
    if (!stepped_up(r)) return;
    account_lock(c, m->id);
    Enrolment *e = enrolment_of(c, m->id);
    Input *in = form_read(r, &autopay_form);
    const Method *card = in_given(in, "method") ? method_mine(c, in_text(in, "method")) : NULL;
    if (in_given(in, "method") && (!card || strcmp(card->status, "active")))
        problem(r, "method", "%s", msg(c->language, "portal.autopay.no_card"));
    int64_t offset = in_int(in, "offset");
    if (!in_bool(in, "consent")) problem(r, "consent", "%s", msg(c->language, "portal.autopay.consent_needed"));
    if (account_get(c, m->id)->is_cash_only) problem(r, NULL, "%s", msg(c->language, "portal.autopay.cash_only"));
    problems_end(r);
    if (e && !in->row_version) fail(c, CONFLICT, "%s", msg(c->language, "portal.autopay.already"));
    if (e) {
        may_change(c, m, e);
        db_must(
            c, 1, CONFLICT,
            "update autopay_enrolment set saved_method_id = ?, portal_user_id = ?, offset_days = ?, cap_minor = "
            "nullif(?, 0), status = if(status = 'suspended', 'active', status), "
            "consent_at = ?, consent_text_version = ?, updated_at = ?, row_version = row_version + 1 where id = ? "
            "and row_version = ?",
            card->id, c->user, offset, in_given(in, "cap") ? in_money(in, "cap") : (Money){ 0 }, c->now,
            consent_version, c->now, e->id, in->row_version);
        audit_write(c, &(Audit){ .action = "edit",
                                 .entity = "autopay_enrolment",
                                 .id = e->id,
                                 .number = m->account_no,
                                 .version = e->row_version + 1,
                                 .before = json_pairs(c, "offset", text(c, "%d", e->offset_days), NULL),
                                 .after = json_pairs(c, "offset", text(c, "%lld", (long long)offset), "card",
                                                     card->last4, NULL) });
        note(r, "%s", msg(c->language, "ui.saved"));
    } else {
        enrol(r, m, card, in);
    }
    go(r, "/pay/autopay/%s", m->account_no);
}

static void changed(Ctx *c, const Enrolment *e, const char *action, const char *reason) {
    audit_write(c, &(Audit){ .action = action,
                             .entity = "autopay_enrolment",
                             .id = e->id,
                             .number = e->account_no,
                             .version = e->row_version + 1,
                             .reason = reason });
}

/* pause, resume, skip, unskip */
void autopay_move(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = account_of(r);
    if (!stepped_up(r)) return;
    Enrolment *e = enrolment_of(c, m->id);
    const char *move = path_text(r, "move");
    if (!e) fail(c, NOT_FOUND, "There is no such page.");
    may_change(c, m, e);
    int64_t done = 0;
    if (!strcmp(move, "pause"))
        done = db_run(
            c,
            "update autopay_enrolment set status = 'paused', updated_at = ?, row_version = row_version + 1 where id "
            "= ? and status = 'active'",
            c->now, e->id);
    else if (!strcmp(move, "resume"))
        done = db_run(
            c,
            "update autopay_enrolment set status = 'active', updated_at = ?, row_version = row_version + 1 where id "
            "= ? and status = 'paused'",
            c->now, e->id);
    else if (!strcmp(move, "unskip"))
        done = db_run(
            c,
            "update autopay_enrolment set skip_bill_id = null, updated_at = ?, row_version = row_version + 1 where "
            "id = ?",
            c->now, e->id);
    else if (strcmp(move, "skip")) fail(c, NOT_FOUND, "There is no such page.");
    else {
        Id bill = bill_open_first(c, m->id);
        if (!bill.id) fail(c, CONFLICT, "%s", msg(c->language, "portal.autopay.no_bill"));
        done = db_run(
            c,
            "update autopay_enrolment set skip_bill_id = ?, updated_at = ?, row_version = row_version + 1 where id = ?",
            bill, c->now, e->id);
    }
    if (done) changed(c, e, move, NULL);
    note(r, "%s", msg(c->language, text(r, "portal.autopay.%s_done", move)));
    go(r, "/pay/autopay/%s", m->account_no);
}

void autopay_cancel_page(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = account_of(r);
    if (!enrolment_of(c, m->id)) fail(c, NOT_FOUND, "There is no such page.");
    show_text(r, "confirm.text.0",
              msg_format(c, c->language, "portal.autopay.cancel_what", { "account", mine_name(c, m) }));
    show_text(r, "confirm.action", link_path(r, "/pay/autopay/%s/cancellation", m->account_no));
    show_text(r, "confirm.submit", msg(c->language, "portal.autopay.cancel"));
    show_text(r, "confirm.back_url", link_path(r, "/pay/autopay/%s", m->account_no));
    portal_page(r, "portal.autopay.cancel_title", "layout/confirm");
}

static bool end_enrolment(Ctx *c, const Enrolment *e, const char *reason) {
    if (!db_run(
            c,
            "update autopay_enrolment set status = 'cancelled', updated_at = ?, row_version = row_version + 1 where "
            "id = ? and status <> 'cancelled'",
            c->now, e->id))
        return false;
    changed(c, e, "cancel", reason);
    event_emit(c, &(Event){ .name = "autopay.cancelled",
                            .entity = "autopay_enrolment",
                            .id = e->id,
                            .account = e->account_id,
                            .payload = json_pairs(c, "reason", reason, NULL) });
    return true;
}

void autopay_cancel_post(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = account_of(r);
    if (!stepped_up(r)) return;
    Enrolment *e = enrolment_of(c, m->id);
    if (!e) fail(c, NOT_FOUND, "There is no such page.");
    may_change(c, m, e);
    end_enrolment(c, e, "own");
    note(r, "%s", msg(c->language, "portal.autopay.cancelled_done"));
    go(r, "/pay/autopay");
}

/* --- what the consumer is told ------------------------------------------------------------------------------------ */

static const char *language_of(Ctx *c, Id portal_user) {
    const char *lang = db_text(c, "select lang from portal_user where id = ?", portal_user);
    return lang ? lang : c->language;
}

static const char *autopay_link(Ctx *c, const Enrolment *e) {
    return public_url(c, text(c, "/pay/autopay/%s", e->account_no), true);
}

static void tell_stopped(Ctx *c, const Enrolment *e, const char *why) {
    const char *lang = language_of(c, e->portal_user_id);
    NotifyField fields[] = { { "account_no", e->account_no },
                             { "reason", msg(lang, text(c, "portal.autopay.why_%s", why)) },
                             { "link", autopay_link(c, e) },
                             { 0 } };
    notify(c, "autopay_stopped", &(Recipient){ .portal_user = e->portal_user_id }, fields,
           &(NotifyOptions){ .channels = "email,inapp",
                             .dedup_key = text(c, "autopay_stopped:%s:%s:%d", e->public_id, why, e->row_version) });
}

static void tell_ahead(Ctx *c, const Enrolment *e, const OpenItem *bill, const AutopayStep *s) {
    const Method *m = method_get(c, e->saved_method_id);
    NotifyField fields[] = { { "account_no", e->account_no },
                             { "payment.amount", money_words(c, with_fee(c, m, bill->unpaid)) },
                             { "payment.date", locale_date_words(&c->mem, c->locale, s->charge_on) },
                             { "payment.mode", method_words(c, m) },
                             { "bill.no", bill->number },
                             { "link", autopay_link(c, e) },
                             { 0 } };
    notify(c, "autopay_notice", &(Recipient){ .portal_user = e->portal_user_id }, fields,
           &(NotifyOptions){ .channels = "email,inapp",
                             .dedup_key = text(c, "autopay_notice:%s:%s", e->public_id, bill->number) });
}

static void tell_by_hand(Ctx *c, const Enrolment *e, const OpenItem *bill, ByHand why) {
    static const char *const words[] = { "", "cap", "dispute", "agreement", "cash" };
    const char *lang = language_of(c, e->portal_user_id);
    NotifyField fields[] = { { "account_no", e->account_no },
                             { "payment.amount", money_words(c, bill->unpaid) },
                             { "bill.no", bill->number },
                             { "bill.due_date", locale_date_words(&c->mem, c->locale, bill->due_on) },
                             { "reason", msg(lang, text(c, "portal.autopay.why_%s", words[why])) },
                             { "link", public_url(c, text(c, "/pay?bill=%s", bill->number), true) },
                             { 0 } };
    notify(c, "autopay_by_hand", &(Recipient){ .portal_user = e->portal_user_id }, fields,
           &(NotifyOptions){ .channels = "email,inapp",
                             .dedup_key = text(c, "autopay_by_hand:%s:%s", e->public_id, bill->number) });
}

static void tell_failed(Ctx *c, const Enrolment *e, const char *amount, const char *why, Date again_on) {
    const char *lang = language_of(c, e->portal_user_id);
    const char *reason = date_is_set(again_on)
                             ? msg_format(c, lang, "portal.autopay.again_on", { "reason", why ? why : "" },
                                          { "date", locale_date_words(&c->mem, c->locale, again_on) })
                         : why ? why
                               : "";
    NotifyField fields[] = { { "payment.amount", amount },
                             { "account_no", e->account_no },
                             { "reason", reason },
                             { "link", public_url(c, "/pay", true) },
                             { 0 } };
    notify(c, "payment_failed", &(Recipient){ .portal_user = e->portal_user_id }, fields,
           &(NotifyOptions){ .channels = "email,inapp" });
}

/* --- every morning ------------------------------------------------------------------------------------------------ */

static void plan_charge(Ctx *c, const Enrolment *e, const OpenItem *bill, int try_no) {
    if (!db_add(
            c,
            "insert into autopay_attempt (utility_id, autopay_id, bill_id, try_no, on_date, amount_minor) values "
            "(?,?,?,?,?,?)",
            c->utility, e->id, bill->id, try_no, utility_today(c), bill->unpaid))
        return;
    Id attempt_ = db_id(c, "select id from autopay_attempt where autopay_id = ? and bill_id = ? and try_no = ?", e->id,
                        bill->id, try_no);
    job_enqueue(c, &(NewJob){ .kind = "autopay.charge",
                              .payload = text(c, "{\"attempt\":%lld}", (long long)attempt_.id),
                              .unique_key = text(c, "autopay %lld", (long long)attempt_.id) });
}

static void look_at(Ctx *c, const Enrolment *e) {
    OpenItems items = open_items(c, e->account_id);
    for (size_t i = 0; i < items.n; i++) {
        const OpenItem *bill = &items.v[i];
        if (!is_bill(bill)) continue;
        AutopayStep s = step_of(c, e, bill);
        if (s.act == AUTOPAY_NOTICE) tell_ahead(c, e, bill, &s);
        else if (s.act == AUTOPAY_BY_HAND) tell_by_hand(c, e, bill, s.why);
        else if (s.act == AUTOPAY_CHARGE) plan_charge(c, e, bill, s.try_no);
    }
}

/* Enrolments by id, some a step, so that no transaction grows with their number. */
JobStep autopay_day(Ctx *c, const JobRow *job) {
    int64_t last = job->cursor ? strtoll(job->cursor, NULL, 10) : 0;
    if (!job->cursor) cards_look(c);
    Enrolments all = db_all(c, Enrolment,
                            ENROLMENT_SELECT
                            "where e.utility_id = ? and e.status = 'active' and e.id > ? order by e.id limit 200",
                            c->utility, last);
    for (size_t i = 0; i < all.n; i++) look_at(c, &all.v[i]);
    if (all.n < STEP_ROWS) return STEP_DONE;
    job_progress(c, text(c, "%lld", (long long)all.v[all.n - 1].id.id), 0, 0, 0);
    return STEP_AGAIN;
}

/* --- a charge ----------------------------------------------------------------------------------------------------- */

#define ATTEMPT(F, T)                                                                                                  \
    F(T, Id, id)                                                                                                       \
    F(T, Id, autopay_id) F(T, Id, bill_id) F(T, int, try_no) F(T, Id, intent_id) F(T, const char *, state)             \
        F(T, Date, first_on)
ROW(Attempt, ATTEMPT)
#define ATTEMPT_SELECT                                                                                                 \
    "select t.id, t.autopay_id, t.bill_id, t.try_no, t.intent_id, t.state, (select min(f.on_date) from " \
    "autopay_attempt f where f.autopay_id = t.autopay_id and f.bill_id = t.bill_id) as first_on from autopay_attempt t "

typedef struct Charging { Id attempt, intent; ChargeToken by; } Charging;

static const OpenItem *open_bill(Ctx *c, Id account, Id bill) {
    OpenItems items = open_items_lock(c, account);
    for (size_t i = 0; i < items.n; i++)
        if (is_bill(&items.v[i]) && items.v[i].id.id == bill.id) return &items.v[i];
    return NULL;
}

/* May it still be taken? Everything is asked anew, under the account's lock, at the moment of the charge. */
static bool still_wanted(Ctx *c, const Enrolment *e, const OpenItem *bill) {
    if (strcmp(e->status, "active") || !bill || bill->unpaid.minor <= 0 || bill->in_dispute || bill->in_agreement ||
        e->skip_bill_id.id == bill->id.id)
        return false;
    if (e->has_cap && bill->unpaid.minor > e->cap_minor.minor) return false;
    if (account_get(c, e->account_id)->is_cash_only) return false;
    return db_int(
               c,
               "select count(*) from portal_account_link where portal_user_id = ? and account_id = ? and ended_at "
               "is null and access <> 'viewer' and (until is null or until >= ?)",
               e->portal_user_id, e->account_id, utility_today(c)) > 0;
}

static void charge_prepare(Ctx *c, void *arg) {
    Charging *x = arg;
    x->intent = (Id){ 0 };
    Attempt *t = db_find(c, Attempt, ATTEMPT_SELECT "where t.id = ?", x->attempt);
    if (!t || strcmp(t->state, "charging")) return;
    Enrolment *e = db_one(c, Enrolment, ENROLMENT_SELECT "where e.id = ?", t->autopay_id);
    account_lock(c, e->account_id);
    e = db_one(c, Enrolment, ENROLMENT_SELECT "where e.id = ? for update", t->autopay_id);
    const Method *m = method_get(c, e->saved_method_id);
    x->by = method_token(c, m);
    if (t->intent_id.id) {
        x->intent = t->intent_id;
        return;
    }
    const OpenItem *bill = open_bill(c, e->account_id, t->bill_id);
    if (strcmp(m->status, "active") || !still_wanted(c, e, bill)) {
        db_run(c, "delete from autopay_attempt where id = ? and intent_id is null", t->id);      /* nothing was tried */
        return;
    }
    IntentLine line = { e->account_id, "bill", t->bill_id, bill->unpaid };
    const Intent *i = payment_intent_create(
        c, &(NewIntent){ .lines = &line,
                         .n = 1,
                         .purpose = "bill",
                         .channel = "autopay",
                         .portal_user = e->portal_user_id,
                         .saved_method = m->id,
                         .autopay = e->id,
                         .key = text(c, "autopay:%s:%s:%d", e->public_id, bill->number, t->try_no),
                         .expires_s = CHARGE_EXPIRES_S });
    db_must(c, 1, CONFLICT,
            "update autopay_attempt set intent_id = ?, amount_minor = ? where id = ? and intent_id is null", i->id,
            bill->unpaid, t->id);
    x->intent = i->id;
}

JobStep autopay_charge(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "attempt", &id)) job_give_up(c, "the payload names no try");
    Charging *x = take(c, sizeof *x);
    *x = (Charging){ .attempt = { id } };
    db_tx(c, DB_WRITE, charge_prepare, x, NULL);
    if (x->intent.id) payment_intent_charge(c, x->intent, &x->by);
    return STEP_DONE;
}

/* --- its result, as an event -------------------------------------------------------------------------------------- */

static Attempt *attempt_of(Ctx *c, Id intent) {
    return db_find(c, Attempt, ATTEMPT_SELECT "where t.intent_id = ? for update", intent);
}

void autopay_paid(Ctx *c, const EventRow *ev) {
    Attempt *t = attempt_of(c, ev->id);
    if (!t) return;
    db_run(c, "update autopay_attempt set state = 'paid', ended_at = ? where id = ?", c->now, t->id);
    db_run(c, "update autopay_enrolment set fail_count = 0, updated_at = ? where id = ?", c->now, t->autopay_id);
}

#define REFUSED(F, T) F(T, const char *, failure_code) F(T, const char *, failure_text) F(T, Money, total_minor)
ROW(Refused, REFUSED)

void autopay_failed(Ctx *c, const EventRow *ev) {
    Attempt *t = attempt_of(c, ev->id);
    if (!t || strcmp(t->state, "charging")) return;
    Refused *why = db_one(
        c, Refused,
        "select failure_code, failure_text, amount_minor + fee_minor as total_minor from payment_intent where id = ?",
        ev->id);
    bool hard = decline_is_hard(why->failure_code), last = t->try_no >= AUTOPAY_TRIES;
    db_run(
        c,
        "update autopay_attempt set state = 'failed', failure_code = ?, failure_text = ?, is_hard = ?, ended_at = ? "
        "where id = ?",
        why->failure_code, why->failure_text, hard, c->now, t->id);
    if (last)
        db_run(c, "update autopay_enrolment set fail_count = fail_count + 1, updated_at = ? where id = ?", c->now,
               t->autopay_id);
    Enrolment *e = db_one(c, Enrolment, ENROLMENT_SELECT "where e.id = ?", t->autopay_id);
    bool stops = hard || e->fail_count >= AUTOPAY_FAILED_MOST;
    event_emit(c, &(Event){ .name = "autopay.failed",
                            .entity = "autopay_enrolment",
                            .id = e->id,
                            .account = e->account_id,
                            .payload = json_pairs(c, "code", why->failure_code, NULL) });
    tell_failed(c, e, money_words(c, why->total_minor), why->failure_text,
                stops ? DATE_NONE : autopay_again_on(t->first_on, t->try_no));
    if (stops && end_enrolment(c, e, hard ? "refused" : "failed")) tell_stopped(c, e, hard ? "refused" : "failed");
}

/* --- what else ends it -------------------------------------------------------------------------------------------- */

void autopay_suspend(Ctx *c, Id method) {
    Enrolments all = db_all(
        c, Enrolment, ENROLMENT_SELECT "where e.saved_method_id = ? and e.status in ('active', 'paused') for update",
        method);
    for (size_t i = 0; i < all.n; i++) {
        db_run(
            c,
            "update autopay_enrolment set status = 'suspended', updated_at = ?, row_version = row_version + 1 where "
            "id = ?",
            c->now, all.v[i].id);
        changed(c, &all.v[i], "suspend", "expired");
        tell_stopped(c, &all.v[i], "expired");
    }
}

void autopay_end_of(Ctx *c, Id portal_user, Id account) {
    Enrolment *e = enrolment_of(c, account);
    if (e && e->portal_user_id.id == portal_user.id && end_enrolment(c, e, "unlinked")) tell_stopped(c, e, "unlinked");
}
