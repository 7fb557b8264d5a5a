/*
 * Module core: table of contents.
 */
#include "app/core/front.h"
#include "app/modules.h"
#include "lib/counter.h"
#include "lib/page.h"

#define HEALTH(F, T) F(T, int64_t, dead) F(T, int64_t, stale) F(T, int64_t, waiting_s)
typedef long long_;
ROW(Health, HEALTH)

static bool is_near(Req *r) {
    Address a, b;
    if (!r->c.address || !address_parse(r->c.address, &a)) return true;     /* nginx on this machine speaks over the socket */
    if (!strcmp(r->c.address, "127.0.0.1") || !strcmp(r->c.address, "::1")) return true;
    for (const char *const *allowed = front_config->metrics_allowed; allowed && *allowed; allowed++)
        if (address_parse(*allowed, &b) && !memcmp(a.bytes, b.bytes, sizeof a.bytes)) return true;
    return false;
}
