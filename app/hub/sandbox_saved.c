/*
 * The sandbox gateway: cards kept for later (CSS01US03). Its page takes the five test numbers and stores none of
 * them; the token stands for what the number does. What "the provider" knows stands in sandbox_outcome: a card under
 * its token (recipient), what the next charges of a token shall do, and the outcome of each intent, which a repeat
 * gives again.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/pages.h"
#include "app/hub/sandbox.h"
#include "app/hub/saved.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/money.h"
#include "lib/messages.h"
#include "lib/page.h"

/* --- saving ------------------------------------------------------------------------------------------------------- */

Opened sandbox_save(Ctx *c, const GatewayAccount *a, const NewMethod *n) {
    (void)a;
    if (strcmp(utility_here(c)->environment, "sandbox"))
        return (Opened){ .class = OUT_REFUSED, .error = "The sandbox gateway is not there when the utility is live." };
    return (
        Opened){ .class = OUT_ACCEPTED,
                 .http_status = 200,
                 .ref = text(c, "sbx_save_%s", n->key),
                 .redirect_url = text(c, "/sandbox/save/%s?back=%s", n->key, fetch_escape(&c->mem, n->return_path)) };
}

#define KNOWN_CARD(F, T) F(T, const char *, recipient) F(T, const char *, params)
ROW(KnownCard, KNOWN_CARD)

static Json params_of(Ctx *c, const char *params) {
    return json_read(&c->mem, params ? params : "{}", params ? strlen(params) : 2, 4096, NULL);
}

static int number_in(Json j, const char *name) {
    const char *s = json_text(j, name);
    int n = 0;
    for (; s && *s >= '0' && *s <= '9'; s++) n = n * 10 + (*s - '0');
    return n;
}

/* A card saved on its page (ref "sbx_save_<key>"), or one that paid an intent (ref "sbx_<intent>"). */
SavedToken sandbox_saved(Ctx *c, const GatewayAccount *a, const char *ref) {
    (void)a;
    KnownCard *k = db_find(c, KnownCard, "select recipient, params from sandbox_outcome where outcome = 'card' and "
                                         "json_value(params, '$.ref') = ? order by id desc limit 1", ref);
    if (!k) return (SavedToken){ .state = METHOD_OPEN };
    Json p = params_of(c, k->params);
    return (SavedToken){ .state = METHOD_DONE,
                         .token = k->recipient,
                         .kind = "card",
                         .brand = json_text(p, "brand"),
                         .last4 = json_text(p, "last4"),
                         .exp_month = number_in(p, "month"),
                         .exp_year = number_in(p, "year") };
}

bool sandbox_drop(Ctx *c, const GatewayAccount *a, const char *token) {
    (void)c, (void)a, (void)token;
    return true;
}

static int digits2(const char *s) { return (s[0] - '0') * 10 + (s[1] - '0'); }

/* "12/30", "1230": month and year; false when it is none or over. */
static bool expiry_read(Ctx *c, const char *typed, int *month, int *year) {
    char d[5] = "";
    size_t n = 0;
    for (const char *s = typed; *s; s++) {
        if (*s < '0' || *s > '9') continue;
        if (n == 4) return false;
        d[n++] = *s;
    }
    if (n != 4) return false;
    *month = digits2(d), *year = 2000 + digits2(d + 2);
    if (*month < 1 || *month > 12) return false;
    Ymd now = date_ymd(utility_today(c));
    return *year > now.year || (*year == now.year && *month >= now.month);
}

void sandbox_card_kept(Ctx *c, const char *ref, const TestCard *card, const char *expiry) {
    int month = 12, year = 2099;
    expiry_read(c, expiry, &month, &year);
    const char *number = card->number, *token = text(c, "sbx_tok_%s", random_public_id(&c->mem));
    db_run(c, "insert into sandbox_outcome (utility_id, recipient, outcome, times, params) values (?,?,'card',0,?)",
           c->utility, token,
           json_pairs(c, "ref", ref, "brand", "visa", "last4", number + strlen(number) - 4, "month",
                      text(c, "%02d", month), "year", text(c, "%d", year), "does",
                      !strcmp(number, "4000002760003184") ? "confirm" : card->outcome, "code", card->code, "text",
                      card->text, NULL));
}

static const Form save_form = { .name = "sandbox_save", .fields = FIELDS {
    { "card",   TEXT(12, 23), .flags = REQUIRED | SECRET, .chars = "0-9 ", .autocomplete = "off" },
    { "expiry", TEXT(4, 7),   .flags = REQUIRED | SECRET, .width = "5", .autocomplete = "off" },
    { "cvc",    TEXT(3, 4),   .flags = REQUIRED | SECRET, .chars = "0-9", .width = "4", .autocomplete = "off" },
    { "back",   HIDDEN(300) },
    { 0 } } };

static void only_in_sandbox(Ctx *c) {
    if (!db_int(c, "select count(*) from gateway_account where driver = 'sandbox' and status = 'active'"))
        fail(c, NOT_FOUND, "There is no such page.");
}

static const char *key_of(Req *r) {
    const char *key = path_text(r, "key");
    if (strlen(key) != 22) fail(r, NOT_FOUND, "There is no such page.");
    return key;
}

/* The utility is told by the way back, which is one of our own paths: /p/<utility>/... */
static const char *back_of(Req *r, const char *given) {
    if (!given || !path_is_own(given) || strncmp(given, "/p/", 3)) fail(r, NOT_FOUND, "There is no such page.");
    const char *code = given + 3;
    Id utility = db_id(&r->c, "select id from utility where code = ? and environment = 'sandbox'",
                       text_copy_n(r, code, strcspn(code, "/")));
    if (!utility.id) fail(r, NOT_FOUND, "There is no such page.");
    utility_enter(&r->c, utility);
    only_in_sandbox(&r->c);
    return given;
}

void sandbox_save_page(Req *r) {
    const char *key = key_of(r), *back = back_of(r, r->again ? field_text(r, "back") : query_text(r, "back"));
    show_text(r, "page.title", word(r, "hub.sandbox.keep"));
    show_text(r, "page.shell", "plain");
    show_text(r, "page.sub", msg_format(r, r->c.language, "hub.sandbox.keep_for",
                                        { "name", utility_here(&r->c)->name }));
    FormView *v = form_show(r, "form", &save_form, text(r, "/sandbox/save/%s", key));
    form_text(v, "back", back);
    show_text(r, "form.intro", word(r, "hub.sandbox.keep_cards"));
    show_text(r, "form.cancel_url", text(r, "%s?cancelled=1", back));
    page(r, "layout/form");
}

void sandbox_save_post(Req *r) {
    Ctx *c = &r->c;
    const char *key = key_of(r), *back = back_of(r, field_text(r, "back"));
    Input *in = form_read(r, &save_form);
    const TestCard *card = in_given(in, "card") ? sandbox_card(in_text(in, "card")) : NULL;
    int month, year;
    if (in_given(in, "card") && !card) problem(r, "card", "Use one of the test cards. Real cards are refused here.");
    if (in_given(in, "expiry") && !expiry_read(c, in_text(in, "expiry"), &month, &year))
        problem(r, "expiry", "Enter a month that is not over, like 12/30.");
    problems_end(r);
    const char *ref = text(c, "sbx_save_%s", key);
    if (!db_int(c, "select count(*) from sandbox_outcome where outcome = 'card' and json_value(params, '$.ref') = ?",
                ref))
        sandbox_card_kept(c, ref, card, in_text(in, "expiry"));
    go_to(r, back);
}

/* --- charging ----------------------------------------------------------------------------------------------------- */

typedef struct Taken { const ChargeOrder *o; const char *outcome, *params; bool is_lost; } Taken;

#define NEXT(F, T) F(T, Id, id) F(T, const char *, outcome) F(T, const char *, params)
ROW(Next, NEXT)

/* The outcome of an intent is decided once, whatever is asked how often: that is the idempotency of a provider. */
static void decide(Ctx *c, void *arg) {
    Taken *t = arg;
    Next *was = db_find(
        c, Next,
        "select id, outcome, params from sandbox_outcome where intent_id = ? and outcome <> 'refund_fails' "
        "order by id limit 1 for update",
        t->o->intent->id);
    if (was) {
        t->outcome = was->outcome, t->params = was->params, t->is_lost = false;
        return;
    }
    Next *next = db_find(
        c, Next,
        "select id, outcome, params from sandbox_outcome where recipient = ? and outcome <> 'card' and times > 0 "
        "order by id limit 1 for update",
        t->o->token);
    if (next) db_run(c, "update sandbox_outcome set times = times - 1 where id = ?", next->id);
    KnownCard *k = db_find(c, KnownCard,
                           "select recipient, params from sandbox_outcome where recipient = ? and outcome = 'card'",
                           t->o->token);
    Json card = params_of(c, k ? k->params : NULL);
    const char *does = !k ? "declined" : json_text(card, "does");
    bool lost = next && !strcmp(next->outcome, "lost");
    t->is_lost = lost;
    t->outcome = next && !lost ? next->outcome : does;
    Json said = next && !lost && next->params ? params_of(c, next->params) : card;
    const char *code = json_text(said, "code"), *words = json_text(said, "text");
    if (!strcmp(t->outcome, "confirm"))
        t->outcome = "declined", code = "authentication_required",
        words = "The bank wants a person to confirm this payment.";
    t->params = json_pairs(c, "last4", json_text(card, "last4"), "code", code, "text", words, NULL);
    db_run(c, "insert into sandbox_outcome (utility_id, intent_id, outcome, times, params) values (?,?,?,0,?)",
           c->utility, t->o->intent->id, t->outcome, t->params);
    const Intent *i = t->o->intent;
    if (!strcmp(t->outcome, "paid")) sandbox_charged(c, i, false);
    sandbox_send_later(c, i, !strcmp(t->outcome, "paid") ? "payment.succeeded" : "payment.failed",
                 text(c, "sbx_evt_%s", i->public_id), lost ? 5 : 1);
}

static Charged charged_of(Ctx *c, const GatewayAccount *a, const Intent *i, const char *outcome, const char *params) {
    Json p = params_of(c, params);
    return (Charged){ .class = OUT_ACCEPTED,
                      .http_status = 200,
                      .result = { .gateway = a->id,
                                  .provider_ref = NULL,
                                  .intent_no = i->intent_no,
                                  .provider_payment_id = text(c, "sbx_pay_%s", i->public_id),
                                  .amount = money_add(i->amount, i->fee),
                                  .currency = i->currency,
                                  .occurred_at = c->now,
                                  .method = "card",
                                  .card_last4 = json_text(p, "last4"),
                                  .failure_code = json_text(p, "code"),
                                  .failure_text = json_text(p, "text"),
                                  .status = !strcmp(outcome, "paid") ? "succeeded" : "failed" } };
}

Charged sandbox_charge(Ctx *c, const GatewayAccount *a, const ChargeOrder *o) {
    Taken t = { .o = o };
    db_tx(c, DB_WRITE, decide, &t, NULL);
    if (t.is_lost) return (Charged){ .class = OUT_UNKNOWN, .error = "No answer within the time." };
    return charged_of(c, a, o->intent, t.outcome, t.params);
}

Charged sandbox_charge_look(Ctx *c, const GatewayAccount *a, const Intent *i, const char *payment_id) {
    (void)payment_id;
    Next *n = db_find(c, Next,
                      "select id, outcome, params from sandbox_outcome where intent_id = ? "
                      "and outcome <> 'refund_fails' order by id limit 1", i->id);
    return n ? charged_of(c, a, i, n->outcome, n->params) : (Charged){ .class = OUT_UNKNOWN };
}
