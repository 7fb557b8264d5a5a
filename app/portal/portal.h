/*
 * portal: consumers' own access. Implemented in app/portal.
 *
 * Rights of a consumer are the access levels of portal_account_link: owner, manager (all but access of others), payer
 * (bills and paying), viewer. Portal code never writes balances or ledger entries. A foreign id is NOT_FOUND, always.
 */
#ifndef APP_PORTAL_PORTAL_H
#define APP_PORTAL_PORTAL_H

#include "lib/arena.h"
#include "lib/types.h"

struct Ctx;

typedef enum { ACCESS_NONE, ACCESS_VIEWER, ACCESS_PAYER, ACCESS_MANAGER, ACCESS_OWNER } Access;
/* The context's portal user at this account; NONE when there is no open link. */
Access portal_access(struct Ctx *c, Id account);
/* Fails NOT_FOUND without a link, DENIED below the level. */
void   portal_check (struct Ctx *c, Id account, Access least);

typedef struct { Id portal_user; const char *public_id, *email, *name, *access, *relation; Time linked_at,
                 last_signin_at; } PortalLink;
typedef struct { PortalLink *v; size_t n; } PortalLinks;
PortalLinks portal_links(struct Ctx *c, Id account);                    /* open ones */

/* What stands on every page of the portal, whoever makes it: staff who look as the consumer, the end of the session,
   the languages, announcements, how to reach people. */
struct Req;
void portal_shell(struct Req *r);

/* The live value of a key; the default when it was never set. */
const char *portal_setting_get (struct Ctx *c, const char *key);
bool        portal_setting_is  (struct Ctx *c, const char *key);
int64_t     portal_setting_int (struct Ctx *c, const char *key);
/* A draft becomes live: values is a JSON object. */
void        portal_publish(struct Ctx *c, const char *values);

/* lock, unlock, disable, enable, resend, close, unlink. */
void portal_user_admin(struct Ctx *c, Id portal_user, const char *action, const char *reason);
/* Sends portal_invitation for an account; a new link voids the old one. relation: owner, authorised, tenant; NULL:
   authorised. */
typedef struct { const char *email, *access, *relation; } PortalGuest;
Id   portal_invite(struct Ctx *c, Id account, const PortalGuest *whom);
/* paper, email, both; via: portal, agent, bounce, import. */
void bill_delivery_set(struct Ctx *c, Id account, const char *mode, const char *via);
typedef struct { bool paper, email, sms; const char *email_2; } BillDelivery;
/* Of accounts that an import is taking back; ids as JSON. */
void portal_account_forget(struct Ctx *c, const char *accounts);
/* How bills of the account are delivered (portal always is): read by billing when it publishes. */
BillDelivery bill_delivery_get(struct Ctx *c, Id account);
void portal_erase(struct Ctx *c, Id consumer);

#endif
