/*
 * Delivery reports of mail servers (RFC 3464), as they come to the envelope's sender bounce+<id>@<domain>. Pure.
 */
#ifndef APP_HUB_REPORT_RULES_H
#define APP_HUB_REPORT_RULES_H

#include <stdbool.h>

#include "lib/arena.h"

enum { REPORT_ID = 22, REPORT_CODE_MAX = 20 };

/* message: "<id>@<domain>", as it was sent. status: bounced (there is no such mailbox), failed, undelivered (given up
   for now), delivered, delayed. code: "5.1.1", NULL: the report names none. */
typedef struct { const char *message, *status, *code; } MailReport;

/* A mail about one of ours, with what became of it; of several recipients the worst. False: it is none. */
bool mail_report_read(Arena *a, const char *bytes, size_t n, MailReport *to);

#endif
