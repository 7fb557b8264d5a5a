/*
 * Within app/hub: saved cards at the gateways (CSS01US03), implemented in saved.c, stripe_saved.c and sandbox_saved.c.
 */
#ifndef APP_HUB_SAVED_H
#define APP_HUB_SAVED_H

#include "app/hub/gateway.h"

/* An open charge of a saved card is asked for: by the provider's number, or, when its answer was lost, by the same call
   with the same key. False when the intent is no such charge. Calls outside. */
bool saved_charge_ask(Ctx *c, const Intent *i);

Opened     stripe_save   (Ctx *c, const GatewayAccount *a, const NewMethod *n);
SavedToken stripe_saved  (Ctx *c, const GatewayAccount *a, const char *ref);
bool       stripe_drop   (Ctx *c, const GatewayAccount *a, const char *token);
Charged    stripe_charge (Ctx *c, const GatewayAccount *a, const ChargeOrder *o);
Charged    stripe_charged(Ctx *c, const GatewayAccount *a, const Intent *i, const char *payment_id);

Opened     sandbox_save   (Ctx *c, const GatewayAccount *a, const NewMethod *n);
SavedToken sandbox_saved  (Ctx *c, const GatewayAccount *a, const char *ref);
bool       sandbox_drop   (Ctx *c, const GatewayAccount *a, const char *token);
Charged    sandbox_charge (Ctx *c, const GatewayAccount *a, const ChargeOrder *o);
Charged    sandbox_charge_look(Ctx *c, const GatewayAccount *a, const Intent *i, const char *payment_id);

/* sandbox.c: what a test card does; NULL: not one of the five. `typed` may have blanks. */
typedef struct { const char *number, *outcome, *code, *text; } TestCard;
const TestCard *sandbox_card(const char *typed);
/* The provider keeps a card that was given; `ref`: of the page or of the payment. */
void sandbox_card_kept(Ctx *c, const char *ref, const TestCard *card, const char *expiry);
/* Enqueues a delivery of our webhook for an intent, so many seconds from now. */
void sandbox_send_later(Ctx *c, const Intent *i, const char *type, const char *event, int64_t delay_s);

#endif
