/*
 * From the first proof to the session, within app/portal (step.c).
 */
#ifndef APP_PORTAL_STEP_H
#define APP_PORTAL_STEP_H

#include "app/portal/pages.h"

/* by: "password" or "code", the first step; second: the second one too. */
typedef struct { const char *by; bool second, keep; const char *next; } Passed;
/* The second step, new terms, or the session: whatever comes next. Answers. In a transaction. */
void portal_go_on(Req *r, PortalUser *u, const Passed *p);

#endif
