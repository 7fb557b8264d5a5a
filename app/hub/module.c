/*
 * Module hub: table of contents.
 */
#include "app/hub/pages.h"
#include "app/modules.h"

static const Route hub_routes[] = {
    /* stores in a transaction of its own, then answers */
    ANY_POST   ("/hooks/{driver}/{key}",      hook_post, .flags = NO_TX | OWN_PROOF | HOOK_POOL,
                .body_max = 512 * 1024),
    TENANT_GET ("/sandbox/pay/{intent}", NULL, OPEN, sandbox_page),
    TENANT_POST("/sandbox/pay/{intent}", NULL, OPEN, sandbox_post),
    GET ("/integrations/events",              "hub.events",  VIEW, event_list_page),
    GET ("/integrations/events/{id}",         "hub.events",  VIEW, event_page),
    POST("/integrations/events/{id}/replay",  "hub.events",  EDIT, event_replay, .form = event_page),
    GET ("/integrations/payments",            "hub.intents", VIEW, intent_list_page),
    GET ("/integrations/sandbox",             "hub.providers", VIEW, mailbox_page),
    GET ("/integrations/sandbox/{no}",        "hub.providers", VIEW, mailbox_message),
    { 0 }
};

static const JobHandler hub_jobs[] = {
    { "webhook.gateway", "payments", hook_process,    25, false },
    { "webhook.message", "messages", hook_message,    25, false },
    { "payment.start",   "payments", intent_start_again, 12, true },    /* asks the gateway again to open a payment */
    { "payment.check",   "payments", intent_check,    12, true  },      /* asks the provider between its transactions */
    { "payment.poll",    "payments", intent_poll,     0,  false },
    { "sandbox.deliver", "payments", sandbox_deliver, 5,  true  },      /* calls our own webhook */
    { "sandbox.report",  "messages", sandbox_report,  5,  true  },      /* the same for messages */
    { 0 }
};

static const JobSchedule hub_schedules[] = {
    { "payment.poll", "payment.poll", "Open payments are asked for at their gateway", "every 5m", .per_utility = true,
      .skip_missed = true },
    { 0 }
};

extern const Module hub_module;
const Module hub_module = { .name = "hub", .routes = hub_routes, .jobs = hub_jobs, .schedules = hub_schedules };
