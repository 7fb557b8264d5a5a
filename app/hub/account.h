/*
 * Setting gateway accounts up (ONB03US01 "gateway configuration"): credentials, checks, states. Within app/hub.
 *
 *   not_configured -> configured -> verified -> active <-> inactive; active -> error -> active
 */
#ifndef APP_HUB_ACCOUNT_H
#define APP_HUB_ACCOUNT_H

#include "app/hub/gateway.h"
#include "lib/form.h"
#include "lib/machine.h"

enum { CREDENTIALS_MAX = 8 };

/* Values by the driver's list of credentials; NULL: the stored one stays. keep_hours: how long the old webhook secret
   is still good. */
typedef struct { const char *v[CREDENTIALS_MAX]; int64_t keep_hours; } Given;

/* The account of a driver for the utility's side (test while it is a sandbox, else live), made when it is not there. */
Id account_of_driver(Ctx *c, const GatewayDriver *d);
/* Why a value may not be a credential here: of the wrong side; NULL when it may. */
const char *credential_refusal(Ctx *c, const Credential *k, const char *value);
/* The account as it would be with these values: for a check before they are kept. */
const GatewayAccount *account_with(Ctx *c, Id account, const Given *given);
/* Keeps them, sealed. is_good: the provider took them. */
void account_keep(Ctx *c, Id account, const Given *given, bool is_good);
/* A check at the provider of what is stored, and what follows from it: active <-> error after three in 15 minutes.
   Calls outside, commits on its own. */
Checked account_check(Ctx *c, Id account);
/* Open payments of the utility's last active gateway; 0 when another one is active. */
int64_t account_open_payments(Ctx *c, Id account);
extern const Machine gateway_machine;

#endif
