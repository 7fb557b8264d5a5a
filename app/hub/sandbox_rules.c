/*
 * The sandbox gateway's times: see sandbox_rules.h.
 */
#include "app/hub/sandbox_rules.h"

static const int64_t waits_s[] = { 5, 30, 120, 600, 3600 };
enum { WAITS = sizeof waits_s / sizeof *waits_s };
_Static_assert(WAITS + 1 == SANDBOX_TRIES, "one telling, and one more after each wait");

int64_t sandbox_wait_s(int tries) { return tries >= 1 && tries <= WAITS ? waits_s[tries - 1] : 0; }
