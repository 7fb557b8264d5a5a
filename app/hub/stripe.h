/*
 * Stripe within app/hub: Checkout (stripe.c), and money that goes back or to the bank (stripe_money.c).
 */
#ifndef APP_HUB_STRIPE_H
#define APP_HUB_STRIPE_H

#include "app/core/core.h"
#include "app/hub/gateway.h"

FetchRequest stripe_request(Ctx *c, const GatewayAccount *a, const char *method, const char *path);
/* A currency as Stripe writes it, and as we do; "" for NULL. */
const char  *stripe_currency(Ctx *c, const char *iso);
const char  *stripe_iso(Ctx *c, const char *currency);
/* What an answer that was not accepted says, for people. */
const char  *stripe_problem(Ctx *c, const FetchAnswer *answer);

Refunded stripe_refund    (Ctx *c, const GatewayAccount *a, const RefundCall *call);
bool     stripe_refunds_of(Ctx *c, const GatewayAccount *a, const char *provider_payment_id, RefundNewsList *to);
bool     stripe_settlement(Ctx *c, const GatewayAccount *a, const char *payout, SettlementNews *to);
bool     stripe_payouts   (Ctx *c, const GatewayAccount *a, Time from, PayoutIds *to);
/* Events about refunds, disputes and payouts; false when the event is about something else. */
bool     stripe_parse_money(Ctx *c, Json body, GatewayEvent *to);

#endif
