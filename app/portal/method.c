/*
 * Saved cards (CSS01US03): a card is given on the gateway's own page, or kept from a payment, and only with a ticked
 * consent; what is stored is the gateway's token, sealed, with brand, last digits and expiry. Removing one makes the
 * gateway forget it.
 */
#include "app/portal/method.h"

#include <string.h>

#include "app/comms/comms.h"
#include "app/portal/autopay_rules.h"
#include "lib/card.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { METHODS_MOST = 10 };
static const char token_place[] = "saved_payment_method.token", consent_version[] = "1";

#define METHOD_SELECT                                                                                                  \
    "select id, portal_user_id, gateway_account_id, public_id, token_enc, kind, brand, last4, " \
    "coalesce(exp_month, 0) as exp_month, coalesce(exp_year, 0) as exp_year, nickname, is_default, " \
    "status, row_version from saved_payment_method "

Methods methods_mine(Ctx *c) {
    return db_all(c, Method,
                  METHOD_SELECT
                  "where portal_user_id = ? and utility_id = ? and status <> 'removed' order by is_default desc, id",
                  c->user, c->utility);
}

Method *method_mine(Ctx *c, const char *public_id) {
    return db_find(c, Method,
                   METHOD_SELECT
                   "where public_id = ? and portal_user_id = ? and utility_id = ? and status <> 'removed'",
                   public_id, c->user, c->utility);
}

Method *method_get(Ctx *c, Id id) {
    return db_one(c, Method, METHOD_SELECT "where id = ? and utility_id = ?", id, c->utility);
}

static const char *brand_words(Ctx *c, const char *brand) {
    if (!brand || !*brand) return msg(c->language, "portal.methods.card");
    char *s = text_copy(c, brand);
    if (*s >= 'a' && *s <= 'z') *s = (char)(*s - 32);
    return s;
}

const char *method_words(Ctx *c, const Method *m) {
    const char *card = msg_format(c, c->language, "portal.methods.ending", { "brand", brand_words(c, m->brand) },
                                  { "last4", m->last4 ? m->last4 : "" });
    return m->nickname && *m->nickname ? text(c, "%s (%s)", m->nickname, card) : card;
}

ChargeToken method_token(Ctx *c, const Method *m) {
    return (ChargeToken){ .method = m->id,
                          .gateway = m->gateway_account_id,
                          .token = vault_open(c, token_place, m->token_enc),
                          .kind = m->kind };
}

Gateways gateways_saving(Ctx *c) {
    Gateways all = gateways_active(c, (Money){ 0 }), some = { take_n(c, Gateway, all.n + 1), 0 };
    for (size_t i = 0; i < all.n; i++)
        if (gateway_can_save(all.v[i].driver)) some.v[some.n++] = all.v[i];
    return some;
}

/* --- /pay/methods ------------------------------------------------------------------------------------------------- */

static const Form add_form = { .name = "portal.method", .fields = FIELDS {
    { "gateway", NULL, TEXT(0, 2) },
    { "consent", NULL, BOOL },
    { "account", NULL, HIDDEN(30) }, { 0 } } };

static const Form nickname_form = { .name = "portal.nickname",
                                    .fields = FIELDS{ { "nickname", NULL, TEXT(0, 30), .width = "20" }, { 0 } } };

static void show_method(Req *r, size_t i, const Method *m) {
    Ctx *c = &r->c;
    int left = m->exp_year ? card_days_left(m->exp_month, m->exp_year, utility_today(c)) : 365;
    bool is_over = !strcmp(m->status, "expired") || left < 0;
    show_text(r, at(r, "methods", i, "id"), m->public_id);
    show_text(r, at(r, "methods", i, "title"), method_words(c, m));
    if (m->exp_year)
        show_text(r, at(r, "methods", i, "sub"),
                  msg_format(c, c->language, is_over ? "portal.methods.expired_on" : "portal.methods.expires",
                             { "date", text(r, "%02d/%d", m->exp_month, m->exp_year) }));
    show_text(r, at(r, "methods", i, "tone"), is_over ? "bad" : m->is_default ? "ok" : NULL);
    show_text(r, at(r, "methods", i, "word"),
              is_over         ? msg(c->language, "portal.methods.expired")
              : m->is_default ? msg(c->language, "portal.methods.default")
                              : NULL);
    show_text(r, at(r, "methods", i, "nickname"), m->nickname);
    show_text(r, at(r, "methods", i, "name_url"), link_path(r, "/pay/methods/%s/nickname", m->public_id));
    if (!m->is_default && !is_over)
        show_text(r, at(r, "methods", i, "default_url"), link_path(r, "/pay/methods/%s/default", m->public_id));
    show_text(r, at(r, "methods", i, "remove_url"), link_path(r, "/pay/methods/%s/removal", m->public_id));
}

static void show_add(Req *r) {
    Ctx *c = &r->c;
    Gateways all = gateways_saving(c);
    if (!all.n) {
        show_text(r, "none_now", msg(c->language, "portal.methods.none_now"));
        return;
    }
    FormView *v = form_show(r, "form", &add_form, "/pay/methods");
    form_set(v, "gateway", "kind", "select");
    for (size_t i = 0; i < all.n; i++) form_option(v, "gateway", text(r, "%zu", i + 1), all.v[i].label);
    if (all.n == 1) form_set(v, "gateway", "kind", "hidden"), form_set(v, "gateway", "value", "1");
    form_text(v, "account", query_text(r, "account"));
    show_text(r, "form.title", msg(c->language, "portal.methods.add"));
    show_text(r, "form.intro", msg(c->language, "portal.methods.add_how"));
    show_text(r, "form.submit", msg(c->language, "portal.methods.go"));
}

void methods_page(Req *r) {
    Ctx *c = &r->c;
    Methods all = methods_mine(c);
    for (size_t i = 0; i < all.n; i++) show_method(r, i, &all.v[i]);
    if (!all.n) {
        show_text(r, "none.title", msg(c->language, "portal.methods.none"));
        show_text(r, "none.text", msg(c->language, "portal.methods.none_how"));
        show_text(r, "none.icon", "card");
    }
    if (all.n < METHODS_MOST) show_add(r);
    show_text(r, "autopay_url", link_path(r, "/pay/autopay"));
    portal_page(r, "portal.methods.title", "portal/methods");
}

typedef struct Begin { Id gateway, id; const char *account_no, *public_id, *email; } Begin;

#define BEGUN(F, T) F(T, const char *, public_id) F(T, const char *, email)
ROW(Begun, BEGUN)

static void begin(Ctx *c, void *arg) {
    Begin *b = arg;
    b->id = db_insert(
        c,
        "insert into method_setup (utility_id, portal_user_id, gateway_account_id, consent_at, "
        "consent_text_version, for_account_no) values (?,?,?,?,?,?)",
        c->utility, c->user, b->gateway, c->now, consent_version, b->account_no);
    Begun *row = db_one(
        c, Begun,
        "select s.public_id, u.email from method_setup s join portal_user u on u.id = s.portal_user_id where s.id = ?",
        b->id);
    b->public_id = row->public_id, b->email = row->email;
    audit_note(c, "consent", "saved_payment_method", c->user, c->user_name, consent_version);
}

typedef struct Ref { Id setup; const char *ref, *state; } Ref;

static void ref_keep(Ctx *c, void *arg) {
    const Ref *k = arg;
    db_run(c, "update method_setup set ref = coalesce(?, ref), state = ? where id = ?", k->ref, k->state, k->setup);
}

void methods_post(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    Input *in = form_read(r, &add_form);
    if (!in_bool(in, "consent")) problem(r, "consent", "%s", msg(c->language, "portal.methods.consent"));
    problems_end(r);
    Gateways all = gateways_saving(c);
    const char *wanted = in_text(in, "gateway");
    size_t k = wanted && *wanted >= '1' && *wanted <= '9' ? (size_t)(*wanted - '0') : 1;
    if (k > all.n) fail(c, CONFLICT, "%s", msg(c->language, "portal.methods.none_now"));
    if (methods_mine(c).n >= METHODS_MOST) fail(c, CONFLICT, "%s", msg(c->language, "portal.methods.many"));
    const char *account_no = in_text(in, "account");
    Begin b = { .gateway = all.v[k - 1].id, .account_no = account_no && mine_by_no(c, account_no) ? account_no : NULL };
    db_tx(c, DB_WRITE, begin, &b, NULL);
    const char *back = link_path(r, "/pay/methods/return/%s", b.public_id);
    MethodOpened o = payment_method_open(
        c, b.gateway,
        &(NewMethod){ .key = b.public_id,
                      .email = b.email,
                      .return_path = back,
                      .return_url = public_url(c, text(r, "/pay/methods/return/%s", b.public_id), true) });
    db_tx(c, DB_WRITE, ref_keep, &(Ref){ b.id, o.ref, o.is_open ? "open" : "failed" }, NULL);
    if (!o.is_open) fail(c, CONFLICT, "%s", msg(c->language, "portal.methods.none_now"));
    go_to(r, o.redirect_url);
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

#define SETUP(F, T)                                                                                                    \
    F(T, Id, id)                                                                                                       \
    F(T, Id, portal_user_id) F(T, Id, gateway_account_id) F(T, const char *, ref) F(T, const char *, state)            \
        F(T, const char *, for_account_no)
ROW(Setup, SETUP)
#define SETUP_SELECT "select id, portal_user_id, gateway_account_id, ref, state, for_account_no from method_setup "

typedef struct Found { Id setup; SavedToken t; const char *state; } Found;

static Id method_store(Ctx *c, const Setup *s, const SavedToken *t) {
    Bytes hash = lookup_hash(c, text(c, "%lld %s", (long long)s->gateway_account_id.id, t->token));
    Id old = db_id(c, "select id from saved_payment_method where portal_user_id = ? and token_hash = ?",
                   s->portal_user_id, hash);
    if (old.id) {
        db_run(
            c,
            "update saved_payment_method set status = 'active', exp_month = ?, exp_year = ?, row_version = "
            "row_version + 1 where id = ?",
            t->exp_month, t->exp_year, old);
        return old;
    }
    bool first = !db_int(
        c,
        "select count(*) from saved_payment_method where portal_user_id = ? and status = 'active' and is_default = 1",
        s->portal_user_id);
    Id id = db_insert(
        c,
        "insert into saved_payment_method (utility_id, portal_user_id, gateway_account_id, token_enc, token_hash, "
        "kind, brand, last4, exp_month, exp_year, is_default) values (?,?,?,?,?,?,?,?,?,?,?)",
        c->utility, s->portal_user_id, s->gateway_account_id, vault_seal(c, token_place, t->token), hash,
        t->kind ? t->kind : "card", t->brand, t->last4, t->exp_month, t->exp_year, first);
    audit_write(c, &(Audit){ .action = "create",
                             .entity = "saved_payment_method",
                             .id = id,
                             .number = t->last4,
                             .version = 1,
                             .after = json_pairs(c, "brand", t->brand, "last4", t->last4, NULL) });
    return id;
}

static void found_store(Ctx *c, void *arg) {
    Found *f = arg;
    Setup *s = db_one(c, Setup, SETUP_SELECT "where id = ? for update", f->setup);
    f->state = s->state;
    if (strcmp(s->state, "open") || f->t.state == METHOD_OPEN) return;
    Id method = f->t.state == METHOD_DONE ? method_store(c, s, &f->t) : (Id){ 0 };
    f->state = method.id ? "done" : "failed";
    db_run(c, "update method_setup set state = ?, saved_method_id = ? where id = ?", f->state, method, s->id);
}

/* Asks the gateway and keeps what it says; the state afterwards. Outside of transactions. */
static const char *setup_settle(Ctx *c, const Setup *s) {
    if (strcmp(s->state, "open") || !s->ref) return s->state;
    Found *f = take(c, sizeof *f);
    *f = (Found){ .setup = s->id, .t = payment_method_ask(c, s->gateway_account_id, s->ref) };
    db_tx(c, DB_WRITE, found_store, f, NULL);
    return f->state;
}

void method_return_page(Req *r) {
    Ctx *c = &r->c;
    const char *no = path_text(r, "setup");
    Setup *s = db_find(c, Setup, SETUP_SELECT "where public_id = ? and portal_user_id = ? and utility_id = ?", no,
                       c->user, c->utility);
    if (!s) fail(c, NOT_FOUND, "There is no such page.");
    const char *state = setup_settle(c, s);
    bool done = !strcmp(state, "done"), open = !strcmp(state, "open") && !query_text(r, "cancelled");
    if (!open) {
        note(r, "%s", msg(c->language, done ? "portal.methods.done" : "portal.methods.not_done"));
        if (done && s->for_account_no) go(r, "/pay/autopay/%s", s->for_account_no);
        else go(r, "/pay/methods");
        return;
    }
    show_text(r, "texts.0", msg(c->language, "portal.methods.waiting"));
    show_text(r, "links.0.text", msg(c->language, "portal.pay.refresh"));
    show_text(r, "links.0.url", link_path(r, "/pay/methods/return/%s", no));
    portal_page(r, "portal.methods.title", "portal/sign_in");
}

/* The gateway says that such a page has ended: it is asked by a job. */
void method_ready(Ctx *c, const EventRow *e) {
    Id setup = db_id(c, "select id from method_setup where gateway_account_id = ? and ref = ? and state = 'open'",
                     e->id, e->number);
    if (setup.id)
        job_enqueue(c, &(NewJob){ .kind = "portal.method",
                                  .payload = text(c, "{\"setup\":%lld}", (long long)setup.id),
                                  .unique_key = text(c, "method %lld", (long long)setup.id) });
}

void method_keep_with(Ctx *c, const Intent *i, Id gateway) {
    payment_intent_keep(c, i->id);
    db_add(
        c,
        "insert into method_setup (utility_id, portal_user_id, gateway_account_id, intent_id, consent_at, "
        "consent_text_version) values (?,?,?,?,?,?)",
        c->utility, c->user, gateway, i->id, c->now, consent_version);
}

/* A payment that keeps its card succeeded: its token is asked for. */
void method_of_payment(Ctx *c, Id intent) {
    Id setup = db_id(c, "select id from method_setup where intent_id = ? and state = 'open'", intent);
    if (!setup.id) return;
    db_run(
        c,
        "update method_setup s join payment_intent i on i.id = s.intent_id set s.ref = i.provider_ref, "
        "s.gateway_account_id = i.gateway_account_id where s.id = ?",
        setup);
    job_enqueue(c, &(NewJob){ .kind = "portal.method", .payload = text(c, "{\"setup\":%lld}", (long long)setup.id) });
}

JobStep method_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "setup", &id)) job_give_up(c, "the payload names no card");
    const char *state = setup_settle(c, db_one(c, Setup, SETUP_SELECT "where id = ?", (Id){ id }));
    if (!strcmp(state, "open") && job->attempt < 6) fail(c, CONFLICT, "the gateway has no card yet");
    return STEP_DONE;
}

/* --- one card ----------------------------------------------------------------------------------------------------- */

static Method *of_path(Req *r) {
    Method *m = method_mine(&r->c, path_text(r, "method"));
    if (!m) fail(r, NOT_FOUND, "There is no such page.");
    return m;
}

void method_name_post(Req *r) {
    Ctx *c = &r->c;
    Method *m = of_path(r);
    Input *in = form_read(r, &nickname_form);
    problems_end(r);
    const char *name = in_text(in, "nickname") ? card_numbers_masked(&c->mem, in_text(in, "nickname")) : NULL;
    db_run(c,
           "update saved_payment_method set nickname = ?, row_version = row_version + 1, updated_at = ? where id = ?",
           name, c->now, m->id);
    audit_write(c, &(Audit){ .action = "edit",
                             .entity = "saved_payment_method",
                             .id = m->id,
                             .number = m->last4,
                             .version = m->row_version + 1,
                             .before = json_pairs(c, "nickname", m->nickname, NULL),
                             .after = json_pairs(c, "nickname", name, NULL) });
    note(r, "%s", msg(c->language, "portal.accounts.named"));
    go(r, "/pay/methods");
}

void method_default_post(Req *r) {
    Ctx *c = &r->c;
    Method *m = of_path(r);
    if (strcmp(m->status, "active")) fail(c, CONFLICT, "%s", msg(c->language, "portal.methods.expired"));
    db_run(
        c,
        "update saved_payment_method set is_default = (id = ?), updated_at = ? where portal_user_id = ? and status "
        "<> 'removed'",
        m->id, c->now, c->user);
    audit_note(c, "default", "saved_payment_method", m->id, m->last4, NULL);
    note(r, "%s", msg(c->language, "portal.methods.default_done"));
    go(r, "/pay/methods");
}

/* The account whose autopay uses the card; NULL: none does. */
static const char *used_by(Ctx *c, Id method) {
    return db_text(
        c,
        "select a.account_no from autopay_enrolment e join account a on a.id = e.account_id where e.saved_method_id "
        "= ? and e.status <> 'cancelled' order by e.id limit 1",
        method);
}

void method_remove_page(Req *r) {
    Ctx *c = &r->c;
    Method *m = of_path(r);
    const char *account_no = used_by(c, m->id);
    show_text(r, "confirm.text.0",
              account_no ? msg_format(c, c->language, "portal.methods.in_use", { "account", account_no })
                         : msg_format(c, c->language, "portal.methods.remove_what", { "card", method_words(c, m) }));
    show_text(r, "confirm.action", link_path(r, "/pay/methods/%s/removal", m->public_id));
    show_text(r, "confirm.submit", msg(c->language, "portal.methods.remove"));
    show_text(r, "confirm.back_url", link_path(r, "/pay/methods"));
    portal_page(r, "portal.methods.remove_title", "layout/confirm");
}

void method_remove_post(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    Method *m = of_path(r);
    db_one(c, Method, METHOD_SELECT "where id = ? for update", m->id);
    const char *account_no = used_by(c, m->id);
    if (account_no)
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "portal.methods.in_use", { "account", account_no }));
    db_must(
        c, 1, CONFLICT,
        "update saved_payment_method set status = 'removed', is_default = 0, row_version = row_version + 1, "
        "updated_at = ? where id = ? and status <> 'removed'",
        c->now, m->id);
    audit_write(c, &(Audit){ .action = "remove",
                             .entity = "saved_payment_method",
                             .id = m->id,
                             .number = m->last4,
                             .version = m->row_version + 1,
                             .before = json_pairs(c, "status", m->status, NULL),
                             .after = json_pairs(c, "status", "removed", NULL) });
    job_enqueue(
        c, &(NewJob){ .kind = "portal.method_drop", .payload = text(c, "{\"method\":%lld}", (long long)m->id.id) });
    note(r, "%s", msg(c->language, "portal.methods.removed"));
    go(r, "/pay/methods");
}

JobStep method_drop_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "method", &id)) job_give_up(c, "the payload names no card");
    Method *m = method_get(c, (Id){ id });
    ChargeToken t = method_token(c, m);
    if (strcmp(m->status, "removed")) return STEP_DONE;      /* saved anew meanwhile */
    if (!payment_method_drop(c, t.gateway, t.token)) fail(c, CONFLICT, "the gateway did not forget the card");
    return STEP_DONE;
}

/* --- cards that end ----------------------------------------------------------------------------------------------- */

/* 30 and 7 days before a card ends its owner is told, once each; when it is over, autopay by it waits for another
   one. */
static void card_look(Ctx *c, const Method *m) {
    int left = card_days_left(m->exp_month, m->exp_year, utility_today(c));
    if (left < 0) {
        db_run(c,
               "update saved_payment_method set status = 'expired', updated_at = ? where id = ? and status = 'active'",
               c->now, m->id);
        autopay_suspend(c, m->id);
        return;
    }
    int days = left <= 7 ? 7 : 30;
    NotifyField fields[] = { { "card.last4", m->last4 ? m->last4 : "" },
                             { "card.expires", text(c, "%02d/%d", m->exp_month, m->exp_year) },
                             { "link", public_url(c, "/pay/methods", true) },
                             { 0 } };
    notify(c, "card_expiring", &(Recipient){ .portal_user = m->portal_user_id }, fields,
           &(NotifyOptions){
               .channels = "email,inapp",
               .dedup_key = text(c, "card_expiring:%s:%d:%d", m->public_id, m->exp_year * 100 + m->exp_month, days) });
}

void cards_look(Ctx *c) {
    Date until = date_add_days(utility_today(c), 30);
    Methods all = db_all(
        c, Method,
        METHOD_SELECT
        "where utility_id = ? and status = 'active' and exp_year is not null and last_day(makedate(exp_year, 1) + "
        "interval exp_month - 1 month) <= ? order by id limit 5000",
        c->utility, until);
    for (size_t i = 0; i < all.n; i++) card_look(c, &all.v[i]);
}
