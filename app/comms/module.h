/*
 * Jobs of app/comms, within the module.
 */
#ifndef APP_COMMS_MODULE_H
#define APP_COMMS_MODULE_H

#include "app/core/core.h"

/* The job that sends a message; at TIME_NONE or all zero now. In the transaction that stores it. */
void    message_enqueue(struct Ctx *c, Id message, Time at);
JobStep message_send(struct Ctx *c, const JobRow *job);
/* ask.c: recurring; a text message is asked for so long after it went out, if nothing was reported of it. */
enum { MESSAGE_ASK_S = 600 };
JobStep messages_ask(struct Ctx *c, const JobRow *job);
void    inbound_heard(struct Ctx *c, const EventRow *e);       /* of message.inbound */

/* purge.c: what goes when a utility goes live */
extern const SandboxPurge comms_purges[];

#endif
