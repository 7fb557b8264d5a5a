/*
 * Gateways from inside the hub (ONB03US01): accounts with their opened secrets, and the driver of each kind. To add
 * one: a file with a GatewayDriver, its row in gateway.c.
 */
#ifndef APP_HUB_GATEWAY_H
#define APP_HUB_GATEWAY_H

#include "app/hub/hub.h"
#include "app/hub/signature_rules.h"
#include "lib/db.h"
#include "lib/fetch.h"
#include "lib/json.h"

typedef struct {
    Id          id;
    const char *driver, *label, *mode, *endpoint_key, *api_base;
    const char *secret_key, *publishable_key, *client_id;       /* of the credentials; NULL when the driver has none */
    SignatureKeys keys;                                         /* of its webhooks */
} GatewayAccount;
/* NOT_FOUND when there is none. Secrets are wiped when the memory is rewound. */
const GatewayAccount *gateway_account(Ctx *c, Id id);

typedef struct { const Intent *intent; const char *idempotency_key, *return_url, *description; Money total; } Opening;
typedef struct { OutClass class; int http_status; const char *ref, *redirect_url, *error; } Opened;
enum { OPEN_MS = 4000 };        /* somebody waits for the page */

/* What a verified event or an answer says. intent_no or provider_ref names the payment. */
typedef enum { EVENT_IGNORED, EVENT_PAYMENT } EventKind;
typedef struct { EventKind kind; const char *type; IntentResult result; } GatewayEvent;

typedef struct GatewayDriver {
    const char *name;
    /* Opens the payment at the gateway; a repeat with the same key gives the same. Calls outside. */
    Opened (*open)(Ctx *c, const GatewayAccount *account, const Opening *o);
    /* Asks for a payment's state; false when the gateway could not be asked. Calls outside. */
    bool   (*ask)(Ctx *c, const GatewayAccount *account, const Intent *intent, const char *provider_ref,
                  IntentResult *to);
    /* An event's key for being taken once, and its type; NULL: not parseable. */
    const char *(*event_key)(Ctx *c, const Params *headers, Json body, const char **type);
    GatewayEvent (*parse)(Ctx *c, Json body);
} GatewayDriver;

extern const GatewayDriver stripe_driver, sandbox_driver;
const GatewayDriver *gateway_driver(const char *name);          /* NULL when there is none */

const Intent *intent_get(Ctx *c, Id id);
const Intent *intent_find(Ctx *c, const char *public_id);       /* NULL when none */

/* The breaker: when a call may be made (now: it may, and a probe is noted), and how one ended. In a transaction. */
Time gateway_admits_at(Ctx *c, Id gateway);
void gateway_answered (Ctx *c, Id gateway, bool answered);

/* A payment whose intent is unknown for good: Dr GATEWAY_CLEARING, Cr SUSPENSE, with an alert (I9). */
void payment_to_suspense(Ctx *c, const IntentResult *r);

#endif
