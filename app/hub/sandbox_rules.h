/*
 * When the sandbox gateway tells again what our webhook did not take (ONB03US01 "webhooks", table of schemes). Pure.
 */
#ifndef APP_HUB_SANDBOX_RULES_H
#define APP_HUB_SANDBOX_RULES_H

#include "lib/types.h"

/* The first telling and five more. */
enum { SANDBOX_TRIES = 6 };

/* Seconds to wait after the `tries`-th telling was not taken: 5 s, 30 s, 2 min, 10 min, 1 h; 0: it is given up. */
int64_t sandbox_wait_s(int tries);

#endif
