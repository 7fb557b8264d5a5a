/*
 * Module core: table of contents.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/modules.h"
#include "lib/page.h"

/* Details are for this machine and for listed addresses (spec/README section 3). */
static bool is_near(const Req *r) {
    Address mine, listed;
    if (!r->c.address || !address_parse(r->c.address, &mine)) return true;      /* over the socket, without nginx */
    if (!strcmp(r->c.address, "127.0.0.1") || !strcmp(r->c.address, "::1")) return true;
    for (const char *const *a = installation()->metrics_allowed; a && *a; a++)
        if (address_parse(*a, &listed) && !memcmp(mine.bytes, listed.bytes, sizeof mine.bytes)) return true;
    return false;
}

static void health(Req *r) {
    int64_t dead = db_int(r, "select count(*) from smart360.job where state = 'dead'");
    int64_t stale = db_int(r, "select count(*) from smart360.job where state = 'running' and lease_until < utc_timestamp(6) - interval 2 minute");
    int64_t waiting_s = db_int(r, "select coalesce(timestampdiff(second, min(run_at), utc_timestamp(6)), 0) from smart360.job where state = 'ready' and run_at <= utc_timestamp(6)");
    if (!is_near(r)) answer_text(r, 200, "ok\n");
    else answer_text(r, 200, "ok\ndatabase ok\njobs_dead %lld\njobs_stale %lld\njobs_waiting_s %lld\n", (long long)dead, (long long)stale, (long long)waiting_s);
}

static const Route core_routes[] = {
    ANY_GET("/health", health),
    { 0 }
};

extern const Module core_module;
const Module core_module = { .name = "core", .routes = core_routes };
