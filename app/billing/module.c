/*
 * Module billing: table of contents.
 */
#include "app/billing/gl.h"
#include "app/billing/run_page.h"
#include "app/modules.h"

static const Route billing_routes[] = {
    RESOURCE(gl_code),
    GET ("/bx/generate",                                 "bx.run", CREATE,  generate_page),
    GET ("/bx/generate/confirmation",                    "bx.run", APPROVE, generate_confirm),
    POST("/bx/generate",                                 "bx.run", APPROVE, generate_post, .form = generate_confirm),
    GET ("/bx/generate/close",                           "bx.run", APPROVE, period_close_page),
    POST("/bx/generate/close",                           "bx.run", APPROVE, period_close_post),
    GET ("/bx/generate/{no}",                            "bx.run", VIEW,    generate_run),
    GET ("/bx/generate/{no}/{tab}",                      "bx.run", VIEW,    generate_tab),
    POST("/bx/generate/{no}/{event}",                    "bx.run", VIEW,    generate_move, .form = generate_run),     /* each move states its own right */
    GET ("/bx/generate/{no}/accounts/{account}/release",   "bx.run", APPROVE, run_release_page),
    POST("/bx/generate/{no}/accounts/{account}/release",   "bx.run", APPROVE, run_release_post),
    GET ("/bx/generate/{no}/accounts/{account}/leave-out", "bx.run", EDIT,    run_leave_page),
    POST("/bx/generate/{no}/accounts/{account}/leave-out", "bx.run", EDIT,    run_leave_post),
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
