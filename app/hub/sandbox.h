/*
 * The sandbox gateway within app/hub: its hosted page and webhook (sandbox.c), its refunds, disputes and payouts
 * (sandbox_money.c).
 */
#ifndef APP_HUB_SANDBOX_H
#define APP_HUB_SANDBOX_H

#include "app/core/core.h"
#include "app/hub/gateway.h"

/* The provider took a payment: kept for refunds and payouts; a card that is disputed later is disputed after five
   seconds. */
void     sandbox_charged(Ctx *c, const Intent *i, bool is_disputed);
Refunded sandbox_refund    (Ctx *c, const GatewayAccount *a, const RefundCall *call);
bool     sandbox_refunds_of(Ctx *c, const GatewayAccount *a, const char *provider_payment_id, RefundNewsList *to);
bool     sandbox_settlement(Ctx *c, const GatewayAccount *a, const char *payout, SettlementNews *to);
bool     sandbox_parse_money(Ctx *c, Json body, GatewayEvent *to);
/* A body for our own webhook: at which try of its job, and what it is about ("PI-0000000012"; NULL: of no tenant). */
typedef struct { Bytes body; bool is_bad; int attempt; const char *about; } SandboxCall;
/* Sends it, signed; fails when it is not taken, so that the job comes again. After the last try it is given up, as a
   provider does: a line in the log and in the gateway's history, no failure. Outside of a transaction. */
void     sandbox_send(Ctx *c, const GatewayAccount *a, const SandboxCall *call);

#endif
