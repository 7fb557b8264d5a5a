/*
 * Module core: table of contents.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/core/job.h"
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
    JobFacts j = job_facts(&r->c);
    if (!is_near(r)) answer_text(r, 200, "ok\n");
    else answer_text(r, 200, "ok\ndatabase ok\njobs_dead %lld\njobs_stale %lld\njobs_ready %lld\njobs_running %lld\njobs_waiting_s %lld\njob_workers %lld\n", (long long)j.dead,
                     (long long)j.stale, (long long)j.ready, (long long)j.running, (long long)j.oldest_wait_s, (long long)j.workers);
}

static const Route core_routes[] = {
    ANY_GET("/health", health),
    { 0 }
};

extern const Module core_module;
const Module core_module = { .name = "core", .routes = core_routes, .jobs = core_jobs, .schedules = core_schedules };
