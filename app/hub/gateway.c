/*
 * Gateway accounts and their drivers: see gateway.h.
 */
#include "app/hub/gateway.h"

#include <string.h>

#include "app/core/core.h"
#include "app/hub/fee_rules.h"
#include "lib/date.h"
#include "lib/money.h"

/* To add one: its file, its row here, its signature in signature_rules.c. */
const GatewayDriver *const gateway_drivers[] = { &stripe_driver, &razorpay_driver, &paystack_driver, &doku_driver,
                                                 &sandbox_driver, NULL };

const GatewayDriver *gateway_driver(const char *name) {
    for (const GatewayDriver *const *d = gateway_drivers; *d; d++)
        if (!strcmp((*d)->name, name)) return *d;
    return NULL;
}

const char *const gateway_methods[METHODS_MOST + 1] = { "card", "bank_transfer", "wallet", "upi", "ussd",
                                                         "virtual_account", "convenience_store", NULL };

bool amount_told(Json j, const char *path, int64_t *minor) {
    int64_t n = 0;
    if (!json_int(j, path, &n) || n > AMOUNT_MOST || n < -AMOUNT_MOST) return false;
    *minor = n;
    return true;
}

const char *gateway_credential(const GatewayAccount *a, const char *name) {
    return json_text(json_member(a->credentials, name), "");
}

#define ACCOUNT(F, T) F(T, Id, id) F(T, const char *, driver) F(T, const char *, label) F(T, const char *, mode) \
    F(T, const char *, endpoint_key) F(T, const char *, api_base) F(T, Bytes, credentials_enc) \
    F(T, Bytes, webhook_secret_current_enc) F(T, Bytes, webhook_secret_previous_enc) F(T, Time, previous_valid_until)
ROW(GatewayRow, ACCOUNT)

const GatewayAccount *gateway_account(Ctx *c, Id id) {
    GatewayRow *r = db_find(c, GatewayRow,
        "select id, driver, label, mode, endpoint_key, api_base, credentials_enc, webhook_secret_current_enc, "
        "webhook_secret_previous_enc, previous_valid_until from gateway_account where id=? and utility_id=?",
        id, c->utility);
    if (!r) fail(c, NOT_FOUND, "There is no such gateway.");
    GatewayAccount *a = take(c, sizeof *a);
    *a = (GatewayAccount){ .id = r->id, .driver = r->driver, .label = r->label, .mode = r->mode,
                           .endpoint_key = r->endpoint_key, .api_base = r->api_base };
    const char *credentials = vault_open(c, "gateway_account.credentials", r->credentials_enc);
    if (credentials) {
        a->credentials = json_read(&c->mem, credentials, strlen(credentials), 8192, NULL);
        a->secret_key = gateway_credential(a, "secret_key");
        a->client_id = gateway_credential(a, "client_id");
    }
    a->keys.current = vault_open(c, "gateway_account.webhook_secret", r->webhook_secret_current_enc);
    a->keys.previous = vault_open(c, "gateway_account.webhook_secret", r->webhook_secret_previous_enc);
    a->keys.previous_until_s = time_is_set(r->previous_valid_until) ? time_unix(r->previous_valid_until) : 0;
    a->keys.client_id = a->client_id;
    return a;
}

#define GATEWAY_OPEN(F, T) F(T, Id, id) F(T, const char *, label) F(T, const char *, driver) \
    F(T, const char *, methods) F(T, const char *, fee_methods) F(T, Money, min_minor) F(T, Money, max_minor) \
    F(T, Money, fee_fixed_minor) F(T, int64_t, fee_rate_ppm)
ROW(GatewayOpen, GATEWAY_OPEN)

#define GATEWAY_OPEN_SELECT "select id, label, driver, methods, fee_methods, min_minor, max_minor, " \
                            "fee_fixed_minor, fee_rate_ppm from gateway_account where utility_id=? "

/* That take this amount, by priority; 0: any. */
static GatewayOpens open_rows(Ctx *c, Money amount) {
    return db_all(c, GatewayOpen, GATEWAY_OPEN_SELECT "and status='active' and json_contains(currencies, "
                                  "json_quote(?)) and (?=0 or ? between min_minor and max_minor) "
                                  "order by priority, id", c->utility, utility_here(c)->currency, amount, amount);
}

Gateways gateways_active(Ctx *c, Money amount) {
    GatewayOpens rows = open_rows(c, amount);
    Gateways all = { take_n(c, Gateway, rows.n + 1), 0 };
    for (size_t i = 0; i < rows.n; i++) {
        const GatewayOpen *r = &rows.v[i];
        if (!gateway_driver(r->driver)) continue;
        all.v[all.n++] = (Gateway){ r->id, r->label, r->driver, r->methods, r->min_minor, r->max_minor,
                                    r->fee_fixed_minor, r->fee_rate_ppm, !strcmp(r->driver, "sandbox") };
    }
    return all;
}

/* --- the convenience fee, and ways to pay ------------------------------------------------------------------------- */

static FeeTerms terms_of(const GatewayOpen *g) {
    return (FeeTerms){ g->fee_fixed_minor, g->fee_rate_ppm, g->methods, g->fee_methods };
}

static GatewayOpen *open_row(Ctx *c, Id gateway) {
    return db_find(c, GatewayOpen, GATEWAY_OPEN_SELECT "and id=?", c->utility, gateway);
}

Money gateway_fee(Ctx *c, Id gateway, const char *method, Money amount) {
    GatewayOpen *g = open_row(c, gateway);
    if (!g) return (Money){ 0 };
    FeeTerms terms = terms_of(g);
    return fee_for(&terms, method, amount);
}

bool gateway_takes(Ctx *c, Id gateway, const char *method) {
    GatewayOpen *g = open_row(c, gateway);
    if (!g) return false;
    FeeTerms terms = terms_of(g);
    return method ? words_have(g->methods, method) : !fee_differs(&terms);
}

static bool saves(const GatewayOpen *g, const char *method) {
    const GatewayDriver *d = gateway_driver(g->driver);
    return d->save && (!method || !strcmp(method, "card"));
}

PayWays payment_ways(Ctx *c, Money amount) {
    GatewayOpens rows = open_rows(c, amount);
    PayWays all = { take_n(c, PayWay, rows.n * METHODS_MOST + 1), 0 };
    for (size_t i = 0, no = 0; i < rows.n; i++) {
        const GatewayOpen *g = &rows.v[i];
        if (!gateway_driver(g->driver)) continue;
        FeeTerms terms = terms_of(g);
        const char *name = text(c, "%zu", ++no);
        if (!fee_differs(&terms)) {
            all.v[all.n++] = (PayWay){ g->id, name, g->label, NULL, fee_for(&terms, NULL, amount), saves(g, NULL) };
            continue;
        }
        for (const char *const *m = gateway_methods; *m; m++)
            if (words_have(g->methods, *m))
                all.v[all.n++] = (PayWay){ g->id, text(c, "%s-%s", name, *m), g->label, *m,
                                           fee_for(&terms, *m, amount), saves(g, *m) };
    }
    return all;
}

/* --- where calls go (the platform's page) ------------------------------------------------------------------------- */

#define BASE_ROW(F, T) F(T, const char *, public_id) F(T, const char *, label) F(T, const char *, mode) \
    F(T, const char *, status) F(T, const char *, utility) F(T, const char *, api_base)
ROW(BaseRow, BASE_ROW)

GatewayBases gateway_bases(Ctx *c) {
    BaseRows rows = db_all(c, BaseRow, "select a.public_id, a.label, a.mode, a.status, u.name as utility, a.api_base "
                                       "from gateway_account a join utility u on u.id = a.utility_id "
                                       "where a.driver <> 'sandbox' order by u.name, a.priority, a.id limit 500");
    GatewayBases all = { take_n(c, GatewayBase, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const BaseRow *b = &rows.v[i];
        all.v[i] = (GatewayBase){ b->public_id, b->label, b->mode, b->status, b->utility, b->api_base };
    }
    return all;
}

#define BASE_OF(F, T) F(T, Id, id) F(T, Id, utility) F(T, const char *, label) F(T, const char *, api_base) \
    F(T, int64_t, version)
ROW(BaseOf, BASE_OF)

void gateway_base_set(Ctx *c, const char *public_id, const char *api_base) {
    BaseOf *b = db_one(c, BaseOf, "select id, utility_id as utility, label, api_base, row_version as version from "
                                  "gateway_account where public_id = ? for update", public_id);
    utility_enter(c, b->utility);
    db_must(c, 1, CONFLICT, "update gateway_account set api_base = ?, updated_at = ?, row_version = row_version + 1 "
                            "where id = ? and row_version = ?", api_base, c->now, b->id, b->version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "gateway_account", .id = b->id, .number = b->label,
                             .version = b->version + 1, .before = json_pairs(c, "api_base", b->api_base, NULL),
                             .after = json_pairs(c, "api_base", api_base, NULL) });
}

const RefundNews *refund_among(const RefundNewsList *list, const char *refund_no) {
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].refund_no && !strcmp(list->v[i].refund_no, refund_no)) return &list->v[i];
    return NULL;
}
