/*
 * The platform's own mail server (keys mail_* of the configuration): what it tells its own people (ONB-LOGIN), and
 * mails to staff of a tenant that has no provider yet, its first invitation above all. A sandbox without a server keeps
 * them in smart360.platform_outbox.
 */
#ifndef APP_CORE_PLATFORM_MAIL_H
#define APP_CORE_PLATFORM_MAIL_H

#include "app/core/core.h"
#include "lib/ctx.h"
#include "lib/mail.h"
#include "lib/messages.h"

/* The context its mails are sealed with until they are sent. */
#define PLATFORM_MAIL_SEALED "platform_mail.body_enc"
/* What the platform seals of its own gateway account (app/platform/gateway.c), for the rotation of keys too. */
#define PLATFORM_CREDENTIALS_SEALED "platform gateway_account.credentials"
#define PLATFORM_HOOKS_SEALED       "platform gateway_account.webhook_secret"

/* Whether mails go anywhere: a server is configured, or the installation is a sandbox. */
bool platform_mail_ready(void);

/* Queues a mail with the text mail.<key>.subject and .body of the messages, in the caller's transaction; `secret` names
   the field that history may not show (NULL: none). Pairs end with {0}. */
void platform_mail(Ctx *c, const char *to, const char *language, const char *key, const MsgPair *pairs,
                   const char *secret);

/* Gives one mail to the server, now (not in a transaction). `no` is its key for ever. */
typedef struct { const char *no, *to, *subject, *text, *html, *lang; } PlatformMail;
MailResult platform_mail_deliver(Ctx *c, const PlatformMail *m);

/* The job platform.mail. */
JobStep platform_mail_send(Ctx *c, const JobRow *job);

#endif
