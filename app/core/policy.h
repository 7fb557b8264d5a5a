/*
 * The organization's rules of sign-in (AU01US03): table security_policy.
 */
#ifndef APP_CORE_POLICY_H
#define APP_CORE_POLICY_H

#include "lib/ctx.h"

/* Whether an address lies in one of the networks of a JSON list ("10.0.0.0/8", "2001:db8::/32", single addresses); an
   empty or unreadable list holds everything, no address at all (a command) too. */
bool networks_hold(Ctx *c, const char *networks_json, const char *address);
/* The organization's list; NULL: no limit. */
const char *networks_here(Ctx *c);

#endif
