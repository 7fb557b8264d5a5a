/*
 * Pages of gateway accounts: the hub's cards, one account with its webhook, credentials, limits and history, its forms,
 * the test payment (ONB03US01 "Shows", "gateway configuration"). Decisions: account.c.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/core/proof.h"
#include "app/hub/account.h"
#include "app/hub/fee_rules.h"
#include "app/hub/pages.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

/* --- the cards ---------------------------------------------------------------------------------------------------- */

#define CARD_ROW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, driver) F(T, const char *, label) \
    F(T, const char *, mode) F(T, const char *, status) F(T, const char *, methods) F(T, int, priority) \
    F(T, Time, last_event_at) F(T, int64_t, done) F(T, int64_t, ended)
ROW(CardRow, CARD_ROW)

static const char *no_brackets(Req *r, const char *json) {
    Text t = text_start(r);
    for (const char *s = json ? json : ""; *s; s++) {
        if (*s == ',') text_add(&t, ", ");
        else if (*s == '_') text_add(&t, " ");
        else if (!strchr("[]\" ", *s)) text_add_n(&t, s, 1);
    }
    return t.s ? t.s : "";
}

static const char *rate_of(Req *r, int64_t done, int64_t ended) {
    if (!ended) return word(r, "hub.no_payments_24h");
    return text(r, "%s (%lld of %lld)", locale_percent(&r->c.mem, r->c.locale, done * 1000 / ended * 1000),
                (long long)done, (long long)ended);
}

static const char *when(Req *r, Time t) {
    return time_is_set(t) ? locale_time(&r->c.mem, r->c.locale, t) : word(r, "hub.never");
}

/* Switched on and off, and tried, without opening the gateway's own page. */
static void show_switches(Req *r, size_t n, const CardRow *a) {
    if (!strcmp(a->status, "not_configured") || !perm_may(&r->c, "hub.gateways", EDIT)) return;
    bool is_on = !strcmp(a->status, "active") || !strcmp(a->status, "error");
    const char *path = text(r, "/integrations/gateways/%s", a->public_id), *b = at(r, "show.sections", n, "buttons");
    show_text(r, text(r, "%s.0.text", b), word(r, "hub.test"));
    show_text(r, text(r, "%s.0.post", b), "1");
    show_text(r, text(r, "%s.0.url", b), link_path(r, "%s/test", path));
    show_text(r, text(r, "%s.1.text", b), word(r, is_on ? "hub.deactivate" : "hub.activate"));
    if (!is_on) show_text(r, text(r, "%s.1.post", b), "1");
    show_text(r, text(r, "%s.1.url", b), link_path(r, is_on ? "%s/deactivation" : "%s/moves/activate", path));
}

void hub_card_mark(Req *r, size_t n, const char *label) {
    show_text(r, at(r, "show.sections", n, "mark"), text_copy_n(r, label, 2));
}

static void show_card(Req *r, size_t n, const CardRow *a) {
    char *facts = at(r, "show.sections", n, "facts");
    const GatewayDriver *d = gateway_driver(a->driver);
    hub_card_mark(r, n, d ? d->label : a->label);
    show_text(r, at(r, "show.sections", n, "title"), a->label);
    show_text(r, at(r, "show.sections", n, "sub"), word(r, text(r, "hub.mode.%s", a->mode)));
    show_text(r, at(r, "show.sections", n, "span"), "third");
    show_text(r, text(r, "%s.0.label", facts), word(r, "hub.state"));
    show_text(r, text(r, "%s.0.text", facts), state_label(r, a->status));
    show_text(r, text(r, "%s.0.tone", facts), state_tone(r, a->status));
    show_fact(r, facts, word(r, "hub.methods"), no_brackets(r, a->methods), NULL);
    show_fact(r, facts, word(r, "hub.priority"), text(r, "%d", a->priority), NULL);
    show_fact(r, facts, word(r, "hub.last_event"), when(r, a->last_event_at), NULL);
    show_fact(r, facts, word(r, "hub.success_24h"), rate_of(r, a->done, a->ended), NULL);
    show_text(r, at(r, "show.sections", n, "link.text"), word(r, "hub.configure"));
    show_text(r, at(r, "show.sections", n, "link.url"), link_path(r, "/integrations/gateways/%s", a->public_id));
    show_switches(r, n, a);
}

static void show_free_card(Req *r, size_t n, const GatewayDriver *d) {
    show_text(r, at(r, "show.sections", n, "title"), d->label);
    hub_card_mark(r, n, d->label);
    show_text(r, at(r, "show.sections", n, "span"), "third");
    char *facts = at(r, "show.sections", n, "facts");
    show_fact(r, facts, word(r, "hub.state"), word(r, "hub.not_connected"), NULL);
    show_fact(r, facts, word(r, "hub.methods"), no_brackets(r, d->methods), NULL);
    show_fact(r, facts, word(r, "hub.currencies"), d->currencies ? no_brackets(r, d->currencies)
                                                                 : word(r, "hub.all_currencies"), NULL);
    if (!perm_may(&r->c, "hub.gateways", EDIT)) return;
    show_text(r, at(r, "show.sections", n, "actions.0.text"), word(r, "hub.connect"));
    show_text(r, at(r, "show.sections", n, "actions.0.post"), "1");
    show_text(r, at(r, "show.sections", n, "actions.0.url"), link_path(r, "/integrations/drivers/%s", d->name));
}

/* Accounts of the utility's side, by priority, and the gateways that are not connected yet. */
void gateway_cards_page(Req *r) {
    bool live = strcmp(utility_here(&r->c)->environment, "sandbox") != 0;
    CardRows rows = db_all(
        r, CardRow,
        "select a.id, a.public_id, a.driver, a.label, a.mode, a.status, a.methods, a.priority, a.last_event_at, "
        "(select count(*) from payment_intent i where i.gateway_account_id = a.id and i.created_at > ? and i.state in "
        "('succeeded', 'partially_refunded', 'refunded')) as done, "
        "(select count(*) from payment_intent i where i.gateway_account_id = a.id and i.created_at > ? and i.state in "
        "('succeeded', 'partially_refunded', 'refunded', 'failed')) as ended "
        "from gateway_account a where a.utility_id = ? order by a.priority, a.id",
        time_add_seconds(r->c.now, -86400), time_add_seconds(r->c.now, -86400), r->c.utility);
    size_t n = 0;
    for (size_t i = 0; i < rows.n; i++) show_card(r, n++, &rows.v[i]);
    for (const GatewayDriver *const *d = gateway_drivers; *d; d++) {
        bool is_there = live && *d == &sandbox_driver;
        for (size_t i = 0; i < rows.n; i++)
            is_there |= !strcmp(rows.v[i].driver, (*d)->name) && !strcmp(rows.v[i].mode, live ? "live" : "test");
        if (!is_there) show_free_card(r, n++, *d);
    }
    show_text(r, "page.title", word(r, "hub.integrations"));
    show_text(r, "page.sub", word(r, live ? "hub.environment.live" : "hub.environment.sandbox"));
    page_tabs(r, "hub", "/integrations");
    page(r, "layout/show");
}

void gateway_connect_post(Req *r) {
    const GatewayDriver *d = gateway_driver(path_text(r, "driver"));
    if (!d) fail(r, NOT_FOUND, "There is no such gateway.");
    const char *id = db_text(r, "select public_id from gateway_account where id = ?", account_of_driver(&r->c, d));
    if (d->credentials->name) go(r, "/integrations/gateways/%s/credentials", id);
    else go(r, "/integrations/gateways/%s", id);
}

/* --- one account -------------------------------------------------------------------------------------------------- */

#define ACCOUNT_VIEW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, driver) \
    F(T, const char *, label) F(T, const char *, mode) F(T, const char *, status) F(T, const char *, hints) \
    F(T, const char *, endpoint_key) F(T, const char *, methods) F(T, const char *, fee_methods) \
    F(T, const char *, currencies) \
    F(T, Money, min_minor) F(T, Money, max_minor) F(T, Money, fee_fixed_minor) F(T, int64_t, fee_rate_ppm) \
    F(T, bool, has_cost) F(T, Money, cost_fixed_minor) F(T, int64_t, cost_rate_ppm) \
    F(T, int, priority) F(T, Time, previous_until) F(T, Time, test_ok_at) F(T, Time, last_verified_at) \
    F(T, Time, last_event_at) F(T, int64_t, row_version)
ROW(AccountView, ACCOUNT_VIEW)

static AccountView *account_of_path(Req *r) {
    AccountView *a = db_find(
        r, AccountView,
        "select id, public_id, driver, label, mode, status, credentials_hint as hints, endpoint_key, methods, "
        "fee_methods, currencies, min_minor, max_minor, fee_fixed_minor, fee_rate_ppm, "
        "coalesce(cost_fixed_minor, cost_rate_ppm) is not null as has_cost, coalesce(cost_fixed_minor, 0) as "
        "cost_fixed_minor, coalesce(cost_rate_ppm, 0) as cost_rate_ppm, priority, if(webhook_secret_previous_enc is "
        "null, null, previous_valid_until) as previous_until, test_ok_at, last_verified_at, last_event_at, row_version "
        "from gateway_account where utility_id = ? and public_id = ?",
        r->c.utility, path_text(r, "id"));
    if (!a || !gateway_driver(a->driver)) fail(r, NOT_FOUND, "There is no such gateway.");
    return a;
}

static void crumbs(Req *r, const AccountView *a, const char *last) {
    show_text(r, "page.crumbs.0.text", word(r, "hub.integrations"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations"));
    show_text(r, "page.crumbs.1.text", a->label);
    if (!last) return;
    show_text(r, "page.crumbs.1.url", link_path(r, "/integrations/gateways/%s", a->public_id));
    show_text(r, "page.crumbs.2.text", last);
}

#define DELIVERY(F, T) F(T, Id, id) F(T, const char *, type) F(T, const char *, state) F(T, Time, received_at)
ROW(Delivery, DELIVERY)

static const char *endpoint_of(Req *r, const AccountView *a) {
    return text(r, "%s/hooks/%s/%s", installation()->public_url, a->driver, a->endpoint_key);
}

enum { EVENTS_LOOKED_AT = 1000 };

#define LAST_OF_TYPE(F, T) F(T, const char *, type) F(T, Time, at)
ROW(LastOfType, LAST_OF_TYPE)

/* Each event that is to be ticked at the provider, and when the newest one of its kind came: what never came was
   perhaps not ticked. */
static void show_checklist(Req *r, const AccountView *a, const GatewayDriver *d) {
    LastOfTypes came = db_all(r, LastOfType,
        "select x.type, max(x.received_at) as at from (select type, received_at from webhook_event where "
        "source = 'gateway' and account_ref = ? order by id desc limit ?) x group by x.type", a->id,
        (int)EVENTS_LOOKED_AT);
    TableView *t = table_start(r, "show.sections.0.table", word(r, "hub.webhook_events"));
    table_column(t, word(r, "hub.webhook_events"), "code", "id");
    table_column(t, word(r, "hub.last_came"), "date", NULL);
    for (const char *const *e = d->events; *e; e++) {
        const LastOfType *last = NULL;
        for (size_t i = 0; i < came.n && !last; i++)
            if (!strcmp(came.v[i].type, *e)) last = &came.v[i];
        table_row(t, NULL);
        table_cell(t, *e);
        table_cell(t, last ? when(r, last->at) : word(r, "hub.never"));
    }
}

static void show_webhook(Req *r, const AccountView *a, const GatewayDriver *d) {
    static const char facts[] = "show.sections.0.facts";
    show_text(r, "show.sections.0.title", word(r, "hub.webhook"));
    show_text(r, "show.sections.0.sub", word(r, "hub.webhook_how"));
    show_fact(r, facts, word(r, "hub.webhook_url"), endpoint_of(r, a), NULL);
    show_text(r, text(r, "%s.0.copy", facts), "1");
    Delivery *e = db_find(r, Delivery, "select id, type, state, received_at from webhook_event where source = "
                                       "'gateway' and account_ref = ? and utility_id = ? order by id desc limit 1",
                          a->id, r->c.utility);
    if (e) show_fact(r, facts, word(r, "hub.last_delivery"),
                     text(r, "%s, %s", e->type, when(r, e->received_at)), state_label(r, e->state));
    else show_fact(r, facts, word(r, "hub.last_delivery"), word(r, "hub.never"), NULL);
    int64_t refused = db_int(r, "select coalesce(sum(count), 0) from webhook_refusal where source = 'gateway' and "
                                "account_ref = ? and day >= ?", a->id, date_add_days(utility_today(&r->c), -7));
    show_fact(r, facts, word(r, "hub.refused_7d"), locale_count(&r->c.mem, r->c.locale, refused), NULL);
    show_checklist(r, a, d);
}

static void show_credentials(Req *r, const AccountView *a, const GatewayDriver *d) {
    static const char facts[] = "show.sections.1.facts";
    show_text(r, "show.sections.1.title", word(r, "hub.credentials"));
    Json hints = json_read(&r->c.mem, a->hints ? a->hints : "{}", a->hints ? strlen(a->hints) : 2, 4096, NULL);
    for (const Credential *k = d->credentials; k->name; k++) {
        const char *last = json_text(json_member(hints, k->name), "");
        show_fact(r, facts, word(r, text(r, "hub.credential.%s", k->name)),
                  last ? text(r, "•••• %s", last) : word(r, "hub.missing"), NULL);
    }
    if (!d->credentials->name) show_text(r, "show.sections.1.text", word(r, "hub.credentials_own"));
    if (time_is_set(a->previous_until) && a->previous_until.us > r->c.now.us)
        show_text(r, "show.sections.1.after.text", msg_format(r, r->c.language, "hub.previous_until",
                                                              { "at", when(r, a->previous_until) }));
    if (!d->credentials->name || !perm_may(&r->c, "hub.gateways", EDIT)) return;
    show_text(r, "show.sections.1.link.text", word(r, a->hints ? "hub.rotate" : "hub.enter"));
    show_text(r, "show.sections.1.link.url", link_path(r, "/integrations/gateways/%s/credentials", a->public_id));
}

/* "Card, Wallet": of those that are taken, the ones with the fee; charged NULL: all of them. */
static const char *methods_words(Req *r, const char *taken, const char *charged) {
    Text t = text_start(r);
    for (const char *const *m = gateway_methods; *m; m++)
        if (words_have(taken, *m) && (!charged || words_have(charged, *m)))
            text_addf(&t, "%s%s", t.n ? ", " : "", state_label(r, *m));
    return t.n ? t.s : word(r, "hub.no_method");
}

static const char *fee_words(Req *r, const AccountView *a) {
    return msg_format(r, r->c.language, "hub.fee_for",
                      { "fixed", locale_money(&r->c.mem, r->c.locale, a->fee_fixed_minor) },
                      { "rate", locale_percent(&r->c.mem, r->c.locale, a->fee_rate_ppm) },
                      { "methods", methods_words(r, a->methods, a->fee_methods) });
}

/* Where ways cost differently: the taken ones that the gateway's page cannot be held to; NULL: none. */
static const char *unheld_words(Req *r, const AccountView *a) {
    const GatewayDriver *d = gateway_driver(a->driver);
    FeeTerms terms = { a->fee_fixed_minor, a->fee_rate_ppm, a->methods, a->fee_methods };
    Text t = text_start(r);
    for (const char *const *m = gateway_methods; d->held && fee_differs(&terms) && *m; m++)
        if (words_have(a->methods, *m) && !words_have(d->held, *m))
            text_addf(&t, "%s%s", t.n ? ", " : "", state_label(r, *m));
    return t.n ? msg_format(r, r->c.language, "hub.fee_unheld", { "methods", t.s }, { "name", d->label }) : NULL;
}

static void show_settings(Req *r, const AccountView *a) {
    static const char facts[] = "show.sections.2.facts";
    const Locale *l = r->c.locale;
    show_text(r, "show.sections.2.title", word(r, "hub.settings"));
    show_fact(r, facts, word(r, "hub.methods"), methods_words(r, a->methods, NULL), NULL);
    show_fact(r, facts, word(r, "hub.currencies"), no_brackets(r, a->currencies), NULL);
    show_fact(r, facts, word(r, "hub.amounts"), text(r, "%s – %s", locale_money(&r->c.mem, l, a->min_minor),
                                                     locale_money(&r->c.mem, l, a->max_minor)), NULL);
    show_fact(r, facts, word(r, "hub.convenience_fee"),
              a->fee_fixed_minor.minor || a->fee_rate_ppm ? fee_words(r, a) : word(r, "hub.no_fee"), NULL);
    const char *unheld = unheld_words(r, a);
    if (unheld) show_fact(r, facts, word(r, "hub.fee_of_page"), unheld, NULL);
    show_fact(r, facts, word(r, "hub.contract_fee"),
              a->has_cost ? text(r, "%s + %s", locale_money(&r->c.mem, l, a->cost_fixed_minor),
                                 locale_percent(&r->c.mem, l, a->cost_rate_ppm))
                          : word(r, "hub.no_contract"), NULL);
    show_fact(r, facts, word(r, "hub.priority"), text(r, "%d", a->priority), NULL);
    if (!perm_may(&r->c, "hub.gateways", EDIT)) return;
    show_text(r, "show.sections.2.link.text", word(r, "hub.change"));
    show_text(r, "show.sections.2.link.url", link_path(r, "/integrations/gateways/%s/settings", a->public_id));
}

static void show_tests(Req *r, const AccountView *a) {
    show_text(r, "show.sections.3.title", word(r, "hub.tests"));
    show_text(r, "show.sections.3.sub", word(r, "hub.tests_how"));
    TableView *t = table_start(r, "show.sections.3.table", word(r, "hub.tests"));
    table_column(t, word(r, "hub.payment"), "code", "id");
    table_column(t, word(r, "hub.begun"), "date", NULL);
    table_column(t, word(r, "hub.amount"), "money", "amount");
    table_column(t, word(r, "hub.state"), "status", "status");
    table_rows_of(t, "/integrations/payments/",
                  "select intent_no, created_at, amount_minor, state from payment_intent where gateway_account_id = ? "
                  "and purpose = 'test' order by id desc limit 5", a->id);
    table_empty(t, word(r, "hub.no_test"), word(r, "hub.no_test_how"));
}

static void action(Req *r, size_t n, const char *key, const char *url, bool posts) {
    show_text(r, at(r, "page.actions", n, "text"), word(r, key));
    show_text(r, at(r, "page.actions", n, "url"), url);
    if (posts) show_text(r, at(r, "page.actions", n, "post"), "1");
}

void gateway_page(Req *r) {
    AccountView *a = account_of_path(r);
    const GatewayDriver *d = gateway_driver(a->driver);
    bool may = perm_may(&r->c, "hub.gateways", EDIT), is_set = strcmp(a->status, "not_configured") != 0;
    show_text(r, "page.title", a->label);
    crumbs(r, a, NULL);
    show_text(r, "show.status.text", state_label(r, a->status));
    show_text(r, "show.status.tone", state_tone(r, a->status));
    show_text(r, "show.badges.0.text", word(r, text(r, "hub.mode.%s", a->mode)));
    show_text(r, "show.badges.0.tone", "info");
    show_fact(r, "show.facts", word(r, "hub.verified_at"), when(r, a->last_verified_at), NULL);
    show_fact(r, "show.facts", word(r, "hub.tested_at"), when(r, a->test_ok_at), NULL);
    show_fact(r, "show.facts", word(r, "hub.last_event"), when(r, a->last_event_at), NULL);
    show_webhook(r, a, d);
    show_credentials(r, a, d);
    show_settings(r, a);
    show_tests(r, a);
    const char *path = text(r, "/integrations/gateways/%s", a->public_id);
    size_t n = 0;
    if (may && is_set) action(r, n++, "hub.test", link_path(r, "%s/test", path), true);
    if (may && is_set) action(r, n++, "hub.check", link_path(r, "%s/check", path), true);
    if (may && (!strcmp(a->status, "active") || !strcmp(a->status, "error")))
        action(r, n++, "hub.deactivate", link_path(r, "%s/deactivation", path), false);
    if (!d->settlement && perm_may(&r->c, "hub.settlements", EDIT))
        action(r, n++, "hub.file_import", link_path(r, "%s/settlement-file", path), false);
    if (may) show_moves(r, "show.moves", &gateway_machine, a->id, text(r, "%s/moves", path));
    if (!may) show_flag(r, "show.has_side", false);
    history_aside(r, "gateway_account", a->id, NULL);
    page(r, "layout/show");
}

/* --- credentials -------------------------------------------------------------------------------------------------- */

/* One field for each the driver wants, all secret; what is stored stays when nothing is typed. */
static const Form *credentials_form(Req *r, const AccountView *a, const GatewayDriver *d) {
    Field *f = take_n(r, Field, CREDENTIALS_MAX + 2);
    size_t n = 0;
    bool signs = false;
    for (const Credential *k = d->credentials; k->name; k++) {
        f[n++] = (Field){ k->name, word(r, text(r, "hub.credential.%s", k->name)), TEXT(4, 400), .autocomplete = "off",
                          .flags = SECRET | (a->hints ? 0 : REQUIRED),
                          .hint = a->hints ? word(r, "hub.empty_keeps") : NULL };
        signs |= k->signs;
    }
    if (signs && a->hints)
        f[n++] = (Field){ "keep_hours", word(r, "hub.keep_hours"), INT(1, 72), .flags = REQUIRED, .initial = "24",
                          .suffix = word(r, "hub.hours"), .width = "3", .hint = word(r, "hub.keep_hours_how") };
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "gateway_credentials", .fields = f, .submit = word(r, "hub.check_and_save") };
    return form;
}

void gateway_credentials_page(Req *r) {
    AccountView *a = account_of_path(r);
    const GatewayDriver *d = gateway_driver(a->driver);
    if (!d->credentials->name) fail(r, NOT_FOUND, "This gateway has no credentials.");
    crumbs(r, a, word(r, "hub.credentials"));
    proof_notice(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.credentials_of", { "name", a->label }));
    form_show(r, "form", credentials_form(r, a, d), text(r, "/integrations/gateways/%s/credentials", a->public_id));
    show_text(r, "form.intro", msg_format(r, r->c.language, "hub.credentials_how", { "name", d->label }));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/gateways/%s", a->public_id));
    page(r, "layout/form");
}

static Given read_given(Req *r, const AccountView *a, const GatewayDriver *d, Input *in) {
    Given g = { .keep_hours = 24 };
    for (size_t i = 0; d->credentials[i].name && i < CREDENTIALS_MAX; i++) {
        const Credential *k = &d->credentials[i];
        g.v[i] = in_given(in, k->name) ? in_text(in, k->name) : NULL;
        const char *no = g.v[i] ? credential_refusal(&r->c, k, g.v[i]) : NULL;
        if (no) problem(r, k->name, "%s", no);
        if (k->signs && a->hints) g.keep_hours = in_int(in, "keep_hours");
    }
    problems_end(r);
    return g;
}

typedef struct Keep { Id account; const Given *given; bool good; } Keep;
static void keep(Ctx *c, void *arg) {
    Keep *k = arg;
    account_keep(c, k->account, k->given, k->good);
}

/* The provider is asked with what was typed before anything is kept. */
void gateway_credentials_post(Req *r) {
    AccountView *a = account_of_path(r);
    const GatewayDriver *d = gateway_driver(a->driver);
    if (!d->credentials->name) fail(r, NOT_FOUND, "This gateway has no credentials.");
    Given given = read_given(r, a, d, form_read(r, credentials_form(r, a, d)));
    proof_check(&r->c);
    Checked said = d->check(&r->c, account_with(&r->c, a->id, &given));
    if (said.class == OUT_REFUSED && (said.http_status == 401 || said.http_status == 403)) {
        /* said at the secret, whichever was typed */
        const Credential *secret = d->credentials;
        while (secret[1].name && secret->is_shown) secret++;
        fail_field(r, INVALID, secret->name, "%s rejected the %s (%d).", d->label,
                   word(r, text(r, "hub.credential_word.%s", secret->name)), said.http_status);
    }
    Keep k = { a->id, &given, said.class == OUT_ACCEPTED || said.class == OUT_REFUSED };
    db_tx(&r->c, DB_WRITE, keep, &k, NULL);
    if (k.good) note(r, "%s", msg_format(r, r->c.language, "hub.credentials_good", { "name", d->label }));
    else note(r, "%s", msg_format(r, r->c.language, "hub.credentials_unknown", { "name", d->label }));
    go(r, "/integrations/gateways/%s", a->public_id);
}

void gateway_check_post(Req *r) {
    AccountView *a = account_of_path(r);
    if (!strcmp(a->status, "not_configured")) fail(r, CONFLICT, "%s", word(r, "hub.enter_first"));
    Checked said = account_check(&r->c, a->id);
    const char *how = said.class == OUT_ACCEPTED ? "hub.check_good" : "hub.check_bad";
    note(r, "%s", msg_format(r, r->c.language, how, { "name", a->label }, { "why", said.error ? said.error : "" }));
    go(r, "/integrations/gateways/%s", a->public_id);
}

void gateway_test_post(Req *r) {
    AccountView *a = account_of_path(r);
    if (!strcmp(a->status, "not_configured")) fail(r, CONFLICT, "%s", word(r, "hub.enter_first"));
    const Intent *i = payment_intent_test(&r->c, a->id);
    if (i->redirect_url && !strcmp(i->state, "requires_action")) {
        go_to(r, i->redirect_url);
        return;
    }
    note(r, "%s", msg_format(r, r->c.language, "hub.test_not_started",
                             { "why", i->failure_text ? i->failure_text : word(r, "hub.no_answer") }));
    go(r, "/integrations/gateways/%s", a->public_id);
}

/* --- limits, fee, order ------------------------------------------------------------------------------------------- */

static const Choice methods[] = { { "card", NULL }, { "bank_transfer", NULL }, { "wallet", NULL }, { "upi", NULL },
                                  { "ussd", NULL }, { "virtual_account", NULL }, { "convenience_store", NULL }, { 0 } };

static const Form settings_form = { .name = "gateway_settings", .fields = FIELDS {
    { "label",           TEXT(2, 80),                 .flags = REQUIRED },
    { "methods",         CHOICES(methods),            .flags = REQUIRED },
    { "currencies",      TEXT(3, 60),                 .flags = REQUIRED | UPPER,
      .chars = "A-Za-z, " },
    { "min_minor",       MONEY(1, 99999999999),       .flags = REQUIRED },
    { "max_minor",       MONEY(1, 99999999999),      .flags = REQUIRED },
    { "fee_fixed_minor", MONEY(0, 100000),           .flags = REQUIRED },
    { "fee_rate_ppm",    PERCENT(0, 200000),          .flags = REQUIRED, .suffix = "%" },
    { "fee_methods",     CHOICES(methods) },
    { "cost_fixed_minor", MONEY(0, 100000) },
    { "cost_rate_ppm",   PERCENT(0, 200000),          .suffix = "%" },
    { "priority",        INT(1, 99),                  .flags = REQUIRED, .width = "3" },
    { 0 } } };

static const char *plain_list(Req *r, const char *json) {
    Text t = text_start(r);
    for (const char *s = json ? json : ""; *s; s++)
        if (!strchr("[]\" ", *s)) text_add_n(&t, s, 1);
    return t.s ? t.s : "";
}

void gateway_settings_page(Req *r) {
    AccountView *a = account_of_path(r);
    crumbs(r, a, word(r, "hub.settings"));
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.settings_of", { "name", a->label }));
    FormView *v = form_show(r, "form", &settings_form, text(r, "/integrations/gateways/%s/settings", a->public_id));
    form_text(v, "label", a->label);
    for (size_t i = 0; !form_again(v) && methods[i].value; i++) {
        bool is_taken = words_have(a->methods, methods[i].value);
        if (is_taken) show_text(r, text(r, "form.fields.methods.options.%zu.selected", i), "1");
        if (is_taken && (!a->fee_methods || words_have(a->fee_methods, methods[i].value)))
            show_text(r, text(r, "form.fields.fee_methods.options.%zu.selected", i), "1");
    }
    form_text(v, "currencies", plain_list(r, a->currencies));
    form_money(v, "min_minor", a->min_minor);
    form_money(v, "max_minor", a->max_minor);
    form_money(v, "fee_fixed_minor", a->fee_fixed_minor);
    form_ppm(v, "fee_rate_ppm", a->fee_rate_ppm);
    if (a->has_cost) {
        form_money(v, "cost_fixed_minor", a->cost_fixed_minor);
        form_ppm(v, "cost_rate_ppm", a->cost_rate_ppm);
    }
    form_int(v, "priority", a->priority);
    form_version(v, a->row_version);
    show_text(r, "form.cancel_url", link_path(r, "/integrations/gateways/%s", a->public_id));
    page(r, "layout/form");
}

/* "USD, EUR" as JSON; a currency the gateway does not take is a problem of the field. */
static const char *read_currencies(Req *r, const GatewayDriver *d, const char *typed) {
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (char *s = text_copy(r, typed), *one; (one = strsep(&s, ", "));) {
        if (!*one) continue;
        if (strlen(one) != 3 || currency_exponent(one) < 0) problem(r, "currencies", "%s is no currency.", one);
        else if (d->currencies && !words_have(d->currencies, one))
            problem(r, "currencies", "%s does not take %s.", d->label, one);
        json_add_text(&o, NULL, one);
    }
    json_close(&o);
    return t.s;
}

static const char *read_methods(Req *r, const GatewayDriver *d, Input *in) {
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    Texts chosen = in_texts(in, "methods");
    for (size_t i = 0; i < chosen.n; i++) {
        if (!words_have(d->methods, chosen.v[i]))
            problem(r, "methods", "%s has no %s.", d->label, state_label(r, chosen.v[i]));
        json_add_text(&o, NULL, chosen.v[i]);
    }
    json_close(&o);
    return t.s;
}

/* The methods that the fee is for: of those that are taken. A fee for none of them is a slip. */
static const char *read_fee_methods(Req *r, const char *taken, Input *in) {
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    Texts chosen = in_texts(in, "fee_methods");
    for (size_t i = 0; i < chosen.n; i++) {
        if (!words_have(taken, chosen.v[i]))
            problem(r, "fee_methods", "%s", msg_format(r, r->c.language, "hub.fee_not_taken",
                                                       { "method", state_label(r, chosen.v[i]) }));
        json_add_text(&o, NULL, chosen.v[i]);
    }
    json_close(&o);
    bool has_fee = (in_given(in, "fee_fixed_minor") && in_money(in, "fee_fixed_minor").minor) ||
                   (in_given(in, "fee_rate_ppm") && in_ppm(in, "fee_rate_ppm"));
    if (has_fee && !chosen.n) problem(r, "fee_methods", "%s", word(r, "hub.fee_for_none"));
    return t.s;
}

void gateway_settings_post(Req *r) {
    AccountView *a = account_of_path(r);
    const GatewayDriver *d = gateway_driver(a->driver);
    Input *in = form_read(r, &settings_form);
    const char *chosen = read_methods(r, d, in), *fee_methods = read_fee_methods(r, chosen, in),
               *currencies = in_given(in, "currencies") ? read_currencies(r, d, in_text(in, "currencies")) : "[]";
    if (!r->problems && in_money(in, "max_minor").minor < in_money(in, "min_minor").minor)
        problem(r, "max_minor", "%s", word(r, "hub.max_below_min"));
    problems_end(r);
    db_must(r, 1, CONFLICT, "update gateway_account set label = ?, methods = ?, currencies = ?, min_minor = ?, "
                            "max_minor = ?, fee_fixed_minor = ?, fee_rate_ppm = ?, fee_methods = ?, "
                            "cost_fixed_minor = ?, "
                            "cost_rate_ppm = ?, priority = ?, updated_at = ?, "
                            "updated_by = ?, row_version = row_version + 1 where id = ? and row_version = ?",
            in_text(in, "label"), chosen, currencies, in_money(in, "min_minor"), in_money(in, "max_minor"),
            in_money(in, "fee_fixed_minor"), in_ppm(in, "fee_rate_ppm"), fee_methods,
            in_bind(in, "cost_fixed_minor"),
            in_bind(in, "cost_rate_ppm"), in_int(in, "priority"), r->c.now, r->c.user,
            a->id, in->row_version);
    const char *fee_before = text(r, "%lld + %lld ppm", (long long)a->fee_fixed_minor.minor,
                                  (long long)a->fee_rate_ppm),
               *fee_after = text(r, "%lld + %lld ppm", (long long)in_money(in, "fee_fixed_minor").minor,
                                 (long long)in_ppm(in, "fee_rate_ppm"));
    audit_write(&r->c, &(Audit){ .action = "edit", .entity = "gateway_account", .id = a->id, .number = a->label,
                                 .version = in->row_version + 1,
                                 .before = json_pairs(&r->c, "label", a->label, "methods",
                                                      methods_words(r, a->methods, NULL), "currencies",
                                                      no_brackets(r, a->currencies), "fee", fee_before, "fee_methods",
                                                      methods_words(r, a->methods, a->fee_methods), NULL),
                                 .after = json_pairs(&r->c, "label", in_text(in, "label"), "methods",
                                                     methods_words(r, chosen, NULL), "currencies",
                                                     no_brackets(r, currencies), "fee", fee_after, "fee_methods",
                                                     methods_words(r, chosen, fee_methods), NULL) });
    note(r, "%s", word(r, "hub.saved"));
    go(r, "/integrations/gateways/%s", a->public_id);
}

/* --- states ------------------------------------------------------------------------------------------------------- */

void gateway_move_post(Req *r) {
    AccountView *a = account_of_path(r);
    if (strcmp(path_text(r, "move"), "activate")) fail(r, NOT_FOUND, "There is no such move.");
    machine_move(&r->c, &gateway_machine, a->id, "activate", NULL, NULL);
    setup_step_touch(&r->c, "integrations");
    note(r, "%s", msg_format(r, r->c.language, "hub.activated", { "name", a->label }));
    go(r, "/integrations/gateways/%s", a->public_id);
}

void gateway_deactivate_page(Req *r) {
    AccountView *a = account_of_path(r);
    int64_t open = account_open_payments(&r->c, a->id);
    crumbs(r, a, word(r, "hub.deactivate"));
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.deactivate_of", { "name", a->label }));
    show_text(r, "confirm.text.0", word(r, "hub.deactivate_how"));
    if (open)
        show_text(r, "confirm.text.1", msg_format(r, r->c.language, "hub.deactivate_open",
                                                  { "n", locale_count(&r->c.mem, r->c.locale, open) }));
    show_text(r, "confirm.action", link_path(r, "/integrations/gateways/%s/deactivation", a->public_id));
    show_text(r, "confirm.submit", word(r, "hub.deactivate"));
    show_text(r, "confirm.back_url", link_path(r, "/integrations/gateways/%s", a->public_id));
    page(r, "layout/confirm");
}

void gateway_deactivate_post(Req *r) {
    AccountView *a = account_of_path(r);
    machine_move(&r->c, &gateway_machine, a->id, "deactivate", NULL, NULL);
    setup_step_touch(&r->c, "integrations");
    note(r, "%s", msg_format(r, r->c.language, "hub.deactivated", { "name", a->label }));
    go(r, "/integrations/gateways/%s", a->public_id);
}
