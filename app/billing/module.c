/*
 * Module billing: table of contents.
 */
#include "app/billing/gl.h"
#include "app/billing/run.h"
#include "app/modules.h"

static const Route billing_routes[] = {
    RESOURCE(gl_code),
    { 0 }
};

static const JobHandler billing_jobs[] = {
    { .kind = "bill_run.work",    .class = "bills", .run = run_job, .no_tx = true },        /* a transaction for each chunk of accounts */
    { .kind = "bill_run.publish", .class = "bills", .run = run_publish_job },
    { 0 }
};

static const Machine *const billing_machines[] = { &run_v1, &run_v2, NULL };

extern const Module billing_module;
const Module billing_module = { .name = "billing", .routes = billing_routes, .jobs = billing_jobs, .machines = billing_machines };
