/*
 * Message providers within app/hub: pages in provider_page.c, sending in provider.c and vonage.c.
 */
#ifndef APP_HUB_PROVIDER_H
#define APP_HUB_PROVIDER_H

#include "app/hub/hub.h"
#include "lib/json.h"
#include "lib/mail.h"
#include "lib/machine.h"
#include "lib/ctx.h"

extern const Machine provider_machine;

/* What a driver needs of its provider. secret: of sending, opened. */
typedef struct { Id id; const char *adapter, *from_id, *endpoint_key, *secret; Json config; } Sender;
/* The Messages API, and the older SMS API (vonage_sms). Call outside. */
SendResult vonage_send    (Ctx *c, const Sender *p, const OutMessage *m);
SendResult vonage_sms_send(Ctx *c, const Sender *p, const OutMessage *m);
/* NOT_FOUND when there is none. Secrets are wiped when the memory is rewound. */
Sender     sender_of(Ctx *c, Id provider);
MailServer smtp_server(Ctx *c, const Sender *p);       /* host NULL: none is set */

/* --- provider_check.c --------------------------------------------------------------------------------------------- */

/* A question that sends nothing and shows whether the provider answers and knows us. Calls outside. */
typedef struct { bool is_good; const char *problem; } ProviderChecked;
ProviderChecked provider_check(Ctx *c, Id provider);
/* What follows from it: active -> error after three in 15 minutes, error -> active. Commits on its own. */
void provider_check_keep(Ctx *c, Id provider, ProviderChecked said);

/* Whether a message to this address may leave: always when the utility is live, else when it is on the list of
   addresses, at most ten, one a line of the setting. */
#define SANDBOX_REACH "hub.sandbox_reach"
enum { SANDBOX_REACH_MAX = 10 };
bool sandbox_may_reach(Ctx *c, const char *to);

#endif
