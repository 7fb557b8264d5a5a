/*
 * Message providers within app/hub: pages in provider_page.c, sending in provider.c and vonage.c.
 */
#ifndef APP_HUB_PROVIDER_H
#define APP_HUB_PROVIDER_H

#include "app/hub/hub.h"
#include "lib/json.h"
#include "lib/machine.h"
#include "lib/ctx.h"

extern const Machine provider_machine;

/* What a driver needs of its provider. secret: of sending, opened. */
typedef struct { Id id; const char *adapter, *from_id, *endpoint_key, *secret; Json config; } Sender;
/* The Messages API, and the older SMS API (vonage_sms). Call outside. */
SendResult vonage_send    (Ctx *c, const Sender *p, const OutMessage *m);
SendResult vonage_sms_send(Ctx *c, const Sender *p, const OutMessage *m);

#endif
