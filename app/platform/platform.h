/*
 * platform: tenants, what they bought, and its limits (ONB08US01). Implemented in app/platform. Tables of the
 * platform's schema; the functions here work for the tenant of the context.
 */
#ifndef APP_PLATFORM_PLATFORM_H
#define APP_PLATFORM_PLATFORM_H

#include "app/platform/subscription_rules.h"
#include "lib/arena.h"
#include "lib/types.h"

struct Ctx;

#define LIMITS_MAX 6
typedef struct { const char *metric; int64_t used, limit; LimitLevel level; } Usage;     /* limit < 0: none */
typedef struct { Usage v[LIMITS_MAX]; size_t n; } Usages;
/* accounts, seats, utilities, sms_month, email_month, storage_mb: counted now; a few indexed counts. */
Usages  subscription_usage(struct Ctx *c);
/* The same as the job counted it last, for dashboards; n is 0 when it did not run yet. */
Usages  subscription_usage_kept(struct Ctx *c);
/* How many more of a metric may be made, the grace of 10 % included: INT64_MAX without limit or subscription. Existing
   records, bills, payments and readings are never asked. */
int64_t subscription_room (struct Ctx *c, const char *metric);
/* "Seat limit reached (150). Add seats or deactivate users."; NULL while there is room. */
const char *subscription_refusal(struct Ctx *c, const char *metric);

#endif
