/*
 * What each gateway owes us, counted twice. Within app/hub: see clearing.c.
 */
#ifndef APP_HUB_CLEARING_H
#define APP_HUB_CLEARING_H

#include "lib/req.h"

/* For every gateway of the utility; an alert where the two differ. Commits on its own. */
void clearing_reckon(Ctx *c);
/* A section of the page of health. */
void clearing_show(Req *r, const char *at_);

#endif
