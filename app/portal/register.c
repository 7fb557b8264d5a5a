/*
 * Registration in three steps (CSS01US01): account and proof, code, sign-in data and terms. The answer to a wrong proof
 * is that to a right one: the same page, and a code that never comes. Somebody signed in adds an account by the first
 * two steps.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/login_rules.h"
#include "app/portal/pages.h"
#include "lib/crypt.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/utf8.h"

static const Choice proof_kinds[] = {
    { "portal_code", NULL }, { "meter_no", NULL }, { "last_bill_amount", NULL }, { "last_payment_amount", NULL }, { 0 }
};
static const Choice channels[] = { { "email", NULL }, { "sms", NULL }, { 0 } };

static const Form register_form = { .name = "portal.register", .fields = FIELDS {
    { "account_no",  NULL, TEXT(3, 30), .flags = REQUIRED,
      .width = "20", .autocomplete = "off" },
    { "proof_kind",  NULL, CHOICE(proof_kinds) },
    { "proof",       NULL, TEXT(1, 30), .flags = REQUIRED, .width = "20", .autocomplete = "off" },
    { "postal_code", NULL, TEXT(0, 20), .width = "10", .autocomplete = "postal-code" },
    { "channel",     NULL, CHOICE(channels), .flags = REQUIRED, .initial = "email" },
    { 0 } } };

static const char *const steps[] = { "portal.register.step1", "portal.register.step2", "portal.register.step3" };

static void show_steps(Req *r, int now) {
    for (int i = 0; i < 3 && !(r->c.user.id && i == 2); i++) {
        show_text(r, text(r, "steps.%d.text", i), msg(r->c.language, steps[i]));
        show_text(r, text(r, "steps.%d.state", i), i < now ? "done" : i == now ? "now" : "todo");
    }
}

static bool several_proofs(Ctx *c) {
    int n = 0;
    for (int i = 0; proof_kinds[i].value; i++) n += portal_setting_has(c, "proofs", proof_kinds[i].value);
    return n > 1;
}

void register_page(Req *r) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "form", &register_form, "/register");
    form_set(v, "channel", "kind", "radio");
    if (!several_proofs(c)) form_set(v, "proof_kind", "kind", "hidden");
    else form_set(v, "proof", "label", msg(c->language, "portal.register.any_proof"));
    if (!portal_setting_has(c, "proofs", "postal_code")) form_set(v, "postal_code", "kind", "hidden");
    form_set(v, "submit", "", NULL);
    show_text(r, "form.submit", msg(c->language, "portal.continue"));
    show_text(r, "texts.0", msg(c->language, c->user.id ? "portal.register.add_how" : "portal.register.how"));
    show_steps(r, 0);
    if (!c->user.id) {
        show_text(r, "links.0.text", msg(c->language, "portal.register.have"));
        show_text(r, "links.0.url", link_path(r, "/signin"));
    }
    show_text(r, "links.1.text", msg(c->language, "portal.ask.link"));
    show_text(r, "links.1.url", link_path(r, "/access"));
    portal_page(r, c->user.id ? "portal.register.add_title" : "portal.register.title", "portal/sign_in");
}

/* --- the proof ---------------------------------------------------------------------------------------------------- */

typedef struct Given { const char *account_no, *kind, *proof, *postal_code, *channel; } Given;

static bool amount_fits(Ctx *c, const char *typed, Money is) {
    Money m;
    return is.minor > 0 && !read_money(c->locale, typed, false, &m) && m.minor == is.minor;
}

static bool meter_fits(Ctx *c, const char *typed, Id account) {
    size_t n = strlen(typed);
    if (n < 4) return false;
    return db_int(c, "select count(*) from service_connection s join meter m on m.id = s.meter_id "
                     "where s.account_id = ? and right(m.meter_no, ?) = ?", account, (int)n, typed) > 0;
}

static bool proof_fits(Ctx *c, const Given *g, const Account *a) {
    if (!a || !portal_setting_has(c, "proofs", g->kind)) return false;
    if (portal_setting_has(c, "proofs", "postal_code")
        && (!a->postal_code || !g->postal_code || strcmp(typed_code(&c->mem, a->postal_code),
        typed_code(&c->mem, g->postal_code)))) return false;
    const char *typed = typed_code(&c->mem, g->proof);
    if (!strcmp(g->kind, "portal_code")) return a->portal_code && !strcmp(a->portal_code, typed);
    if (!strcmp(g->kind, "meter_no")) return meter_fits(c, typed, a->id);
    if (!strcmp(g->kind, "last_payment_amount")) {
        PaymentHeads last = payment_list(c, a->id, DATE_NONE, DATE_NONE, 1);
        return last.n && amount_fits(c, g->proof, last.v[0].amount);
    }
    BillHeads bills = bill_list(c, a->id, &(BillFilter){ .from = DATE_NONE, .to = DATE_NONE, .limit = 1 });
    return bills.n && amount_fits(c, g->proof, bills.v[0].amount_due);
}

/* --- wrong proofs ------------------------------------------------------------------------------------------------- */

#define WRONG_AT(F, T) F(T, Time, created_at)
ROW(WrongAt, WRONG_AT)

static Time paused_until(const WrongAts *all, int most) {
    Time at_[200];
    size_t n = all->n < 200 ? all->n : 200;
    for (size_t i = 0; i < n; i++) at_[i] = all->v[i].created_at;
    return proof_pause(at_, n, most);
}

static WrongAts wrong_of_account(Ctx *c, const char *account_no) {
    return db_all(c, WrongAt, "select created_at from otp_challenge where subject_hash = ? and purpose = 'register' "
                              "and subject_id is null and data is null and created_at > ? order by id limit 200",
                  lookup_hash(c, account_no), time_add_seconds(c->now, -(PROOFS_WINDOW_S + PROOFS_PAUSE_S)));
}

/* Counted for numbers that do not exist too, so that a pause tells nothing. */
static void check_pause(Ctx *c, const char *account_no) {
    WrongAts of_account = wrong_of_account(c, account_no);
    WrongAts of_address = db_all(c, WrongAt, "select created_at from otp_challenge where ip = inet6_aton(?) "
                                             "and purpose = 'register' and subject_id is null and data is null "
                                             "and created_at > ? order by id limit 200",
                                 c->address, time_add_seconds(c->now, -(PROOFS_WINDOW_S + PROOFS_PAUSE_S)));
    Time a = paused_until(&of_account, PROOFS_ACCOUNT), b = paused_until(&of_address, PROOFS_ADDRESS),
        until = time_compare(a, b) > 0 ? a : b;
    if (!time_is_set(until) || until.us <= c->now.us) return;
    fail_busy(c, (int)((until.us - c->now.us) / SECOND_US) + 1, "%s",
              msg_format(c, c->language, "portal.register.paused",
                         { "time", locale_clock(&c->mem, c->locale, until) }));
}

static void tell_holder(Ctx *c, const Account *a, const char *account_no) {
    WrongAts all = wrong_of_account(c, account_no);
    Time until = paused_until(&all, PROOFS_ACCOUNT);
    if (!a || !time_is_set(until) || until.us <= c->now.us) return;
    NotifyField fields[] = { { "account_no", a->account_no }, { "tries", text(c, "%d", PROOFS_ACCOUNT) },
                             { "until", locale_clock(&c->mem, c->locale, until) }, { 0 } };
    notify(c, "portal_proof_failed", &(Recipient){ .account = a->id }, fields,
           &(NotifyOptions){ .channels = "email,sms,inapp" });
}

void register_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &register_form);
    problems_end(r);
    Given g = { typed_code(&c->mem, in_text(in, "account_no")), in_text(in, "proof_kind"), in_text(in, "proof"),
                in_text(in, "postal_code"), in_text(in, "channel") };
    if (!g.kind) g.kind = "portal_code";
    check_pause(c, g.account_no);
    const Account *a = account_find(c, g.account_no);
    bool right = proof_fits(c, &g, a);
    challenge_new(r, &(NewChallenge){ .purpose = "register", .subject = g.account_no, .subject_id = right
                                      ? a->id : (Id){ 0 }, .channel = g.channel, .email = right ? a->email : NULL,
                                      .phone = right ? a->phone : NULL,
                                      .lang = right ? a->consumer_language : NULL, .data = right
                                      ? json_pairs(c, "proof", g.kind, NULL) : NULL });
    if (!right) tell_holder(c, a, g.account_no);
    answer_not_before(r, ALIKE_MS);
    go(r, "/register/code");
}

/* --- the code ----------------------------------------------------------------------------------------------------- */

static const Form code_form = { .name = "portal.code",
                                .fields = FIELDS { { "code", NULL, CODE(6), .flags = REQUIRED | SECRET,
    .autocomplete = "one-time-code" }, { 0 } } };

void register_code_page(Req *r) {
    Ctx *c = &r->c;
    if (!challenge_here(r, "register")) {
        go(r, "/register");
        return;
    }
    form_show(r, "form", &code_form, "/register/code");
    show_text(r, "form.submit", msg(c->language, "portal.continue"));
    show_text(r, "texts.0", msg(c->language, "portal.code.sent"));
    show_text(r, "texts.1", msg_format(c, c->language, "portal.code.how", { "minutes", text(c, "%d", CODE_MINUTES) }));
    show_text(r, "again.url", link_path(r, "/register/code/again"));
    show_text(r, "again.text", msg(c->language, "portal.code.again"));
    show_text(r, "links.0.text", msg(c->language, "portal.register.start_again"));
    show_text(r, "links.0.url", link_path(r, "/register"));
    show_steps(r, 1);
    portal_page(r, "portal.code.title", "portal/sign_in");
}

void register_code_again(Req *r) {
    Challenge *ch = challenge_here(r, "register");
    if (ch) challenge_again(r, ch);
    note(r, "%s", msg(r->c.language, "portal.code.sent"));
    go(r, ch ? "/register/code" : "/register");
}

static void claim_in_tx(Ctx *c, void *arg) {
    Req *r = arg;
    const char *account_no = register_claim(r, c->user);
    if (account_no) note(r, "%s", msg_format(c, c->language, "portal.accounts.added", { "account", account_no }));
}

void register_code_post(Req *r) {
    Ctx *c = &r->c;
    Challenge *ch = challenge_here(r, "register");
    Input *in = form_read(r, &code_form);
    problems_end(r);
    if (!ch) fail_field(c, WRONG_PROOF, "code", "%s", msg(c->language, "portal.code.expired"));
    challenge_prove(r, ch, in_text(in, "code"));
    const Account *a = account_get(c, challenge_subject(ch));
    if (!strcmp(a->status, "closed") || !strcmp(a->status, "cancelled"))
        fail(c, CONFLICT, "%s", msg(c->language, "portal.register.closed"));
    if (!c->user.id) {
        go(r, "/register/finish");
        return;
    }
    db_tx(c, DB_WRITE, claim_in_tx, r, NULL);
    go(r, "/accounts");
}

/* The kind of proof that stands in the challenge's data. */
static const char *proof_of(Ctx *c, const Challenge *ch) {
    const char *data = challenge_data(ch);
    Json j = data ? json_read(&c->mem, data, strlen(data), 200, NULL) : (Json){ 0 };
    return data && json_text(j, "proof") ? json_text(j, "proof") : "portal_code";
}

/* --- linking ------------------------------------------------------------------------------------------------------ */

void account_link(Req *r, Id portal_user, const Account *a, const NewLink *n) {
    Ctx *c = &r->c;
    if (!db_add(c, "insert into portal_account_link (utility_id, portal_user_id, account_id, access, relation, proof, "
                   "linked_at, until) values (?,?,?,?,?,?,?,?)", c->utility, portal_user, a->id, n->access, n->relation,
                n->proof, c->now, n->until))
        fail(c, CONFLICT, "%s", msg(c->language, "portal.accounts.already"));
    audit_note(c, "link", "portal_account_link", portal_user, a->account_no, n->proof);
    event_emit(c, &(Event){ .name = "portal_account.linked", .entity = "portal_user", .id = portal_user,
                            .account = a->id, .consumer = a->consumer,
                            .payload = json_pairs(c, "access", n->access, "relation", n->relation, NULL) });
}

const char *register_claim(Req *r, Id portal_user) {
    Ctx *c = &r->c;
    Challenge *ch = challenge_here(r, "register");
    if (!ch || !challenge_is_proved(c, ch)) return NULL;
    const Account *a = account_get(c, challenge_subject(ch));
    bool there = db_int(c, "select count(*) from portal_account_link where portal_user_id = ? "
                           "and account_id = ? and ended_at is null", portal_user, a->id) > 0;
    if (there && c->user.id) fail(c, CONFLICT, "%s", msg(c->language, "portal.accounts.already"));
    challenge_use_up(r, ch);
    if (there) return NULL;
    account_link(r, portal_user, a, &(NewLink){ "owner", "owner", proof_of(c, ch), DATE_NONE });
    return a->account_no;
}

/* --- sign-in data and terms --------------------------------------------------------------------------------------- */

static const Form finish_form = { .name = "portal.finish", .fields = FIELDS {
    { "email",    NULL, EMAIL, .flags = REQUIRED, .autocomplete = "email" },
    { "password", NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
    { "terms",    NULL, BOOL },
    { 0 } } };

void register_finish_page(Req *r) {
    Ctx *c = &r->c;
    Challenge *ch = challenge_here(r, "register");
    if (!ch || !challenge_is_proved(c, ch)) {
        note(r, "%s", msg(c->language, "portal.register.again"));
        go(r, "/register");
        return;
    }
    FormView *v = form_show(r, "form", &finish_form, "/register/finish");
    form_text(v, "email", account_get(c, challenge_subject(ch))->email);
    show_text(r, "form.submit", msg(c->language, "portal.register.finish"));
    show_text(r, "links.0.text", msg(c->language, "portal.register.sign_in_instead"));
    show_text(r, "links.0.url", link_path(r, "/signin"));
    show_steps(r, 2);
    portal_page(r, "portal.register.finish_title", "portal/sign_in");
}

typedef struct Finish { Req *r; Challenge *ch; const char *email, *hash; int headers; } Finish;

static void welcome(Ctx *c, const PortalUser *u) {
    NotifyField fields[] = { { "email", u->email }, { "link", public_url(c, "/home", true) }, { 0 } };
    notify(c, "welcome", &(Recipient){ .portal_user = u->id }, fields, &(NotifyOptions){ .channels = "email" });
}

static void finish_work(Ctx *c, void *arg) {
    Finish *f = arg;
    f->r->headers = f->headers;
    const Account *a = account_lock(c, challenge_subject(f->ch));
    bool by_mail = !strcmp(challenge_channel(f->ch), "email");
    const char *address = challenge_address(f->ch), *mobile = by_mail ? NULL : address;
    bool mail_proved = by_mail && address && !strcasecmp(address, f->email);
    if (mobile && db_int(c, "select count(*) from portal_user where utility_id = ? and mobile = ?", c->utility, mobile))
        mobile = NULL;
    if (!db_add(c, "insert into portal_user (utility_id, email, email_verified_at, mobile, mobile_verified_at, "
                   "password_hash, password_changed_at, status, lang, terms_version, terms_at, consumer_id) "
                   "values (?,?,?,?,?,?,?,'active',?,?,?,?)",
                c->utility, f->email, mail_proved ? c->now : TIME_NONE, mobile, mobile ? c->now : TIME_NONE, f->hash,
                    c->now, c->language, portal_setting_get(c, "terms_version"), c->now, a->consumer))
        fail_field(c, INVALID, "email", "%s", msg(c->language, "portal.register.email_taken"));
    PortalUser *u = portal_user_by_login(c, f->email);
    audit_note(c, "register", "portal_user", u->id, u->email, NULL);
    event_emit(c, &(Event){ .name = "portal_user.registered", .entity = "portal_user", .id = u->id,
                            .number = u->public_id, .consumer = a->consumer, .account = a->id });
    account_link(f->r, u->id, a, &(NewLink){ "owner", "owner", proof_of(c, f->ch), DATE_NONE });
    challenge_use_up(f->r, f->ch);
    welcome(c, u);
    portal_enter(f->r, u, false, NULL, true);
}

void register_finish_post(Req *r) {
    Ctx *c = &r->c;
    Finish f = { .r = r, .ch = challenge_here(r, "register"), .headers = r->headers };
    Input *in = form_read(r, &finish_form);
    if (!f.ch || !challenge_is_proved(c, f.ch)) {
        note(r, "%s", msg(c->language, "portal.register.again"));
        go(r, "/register");
        return;
    }
    if (!in_bool(in, "terms")) problem(r, "terms", "%s", msg(c->language, "portal.register.terms"));
    problems_end(r);
    f.email = email_lower(&c->mem, in_text(in, "email"));
    if (portal_user_by_login(c, f.email))
        fail_field(c, INVALID, "email", "%s", msg(c->language, "portal.register.email_taken"));
    f.hash = portal_password_hash(r, "password", in_text(in, "password"), f.email,
                                  account_get(c, challenge_subject(f.ch))->account_no);
    db_tx(c, DB_WRITE, finish_work, &f, NULL);
}
