/*
 * Module hub: table of contents.
 */
#include "app/hub/account.h"
#include "app/hub/pages.h"
#include "app/hub/provider.h"
#include "app/hub/sandbox_rules.h"
#include "app/modules.h"

static const Route hub_routes[] = {
    /* stores in a transaction of its own, then answers */
    ANY_POST   ("/hooks/{driver}/{key}",      hook_post, .flags = NO_TX | OWN_PROOF | HOOK_POOL,
                .body_max = 512 * 1024),
    /* the old SMS interface of Vonage calls so too */
    ANY_GET    ("/hooks/{driver}/{key}",      hook_post, .flags = NO_TX | OWN_PROOF | HOOK_POOL),
    TENANT_GET ("/razorpay/pay/{intent}", NULL, OPEN, razorpay_page),
    TENANT_GET ("/sandbox/pay/{intent}", NULL, OPEN, sandbox_page),
    TENANT_POST("/sandbox/pay/{intent}", NULL, OPEN, sandbox_post),
    TENANT_GET ("/sandbox/save/{key}",   NULL, OPEN, sandbox_save_page),
    TENANT_POST("/sandbox/save/{key}",   NULL, OPEN, sandbox_save_post),
    GET ("/integrations",                     "hub.gateways", VIEW, gateway_cards_page),
    POST("/integrations/drivers/{driver}",    "hub.gateways", EDIT, gateway_connect_post, .form = gateway_cards_page),
    GET ("/integrations/gateways/{id}",       "hub.gateways", VIEW, gateway_page),
    GET ("/integrations/gateways/{id}/credentials", "hub.gateways", EDIT, gateway_credentials_page),
    /* these three ask the provider between their transactions */
    POST("/integrations/gateways/{id}/credentials", "hub.gateways", EDIT, gateway_credentials_post, .flags = NO_TX),
    POST("/integrations/gateways/{id}/check", "hub.gateways", EDIT, gateway_check_post, .flags = NO_TX,
         .form = gateway_page),
    POST("/integrations/gateways/{id}/test",  "hub.gateways", EDIT, gateway_test_post, .flags = NO_TX,
         .form = gateway_page),
    GET ("/integrations/gateways/{id}/settings", "hub.gateways", EDIT, gateway_settings_page),
    POST("/integrations/gateways/{id}/settings", "hub.gateways", EDIT, gateway_settings_post),
    POST("/integrations/gateways/{id}/moves/{move}", "hub.gateways", EDIT, gateway_move_post, .form = gateway_page),
    GET ("/integrations/gateways/{id}/deactivation", "hub.gateways", EDIT, gateway_deactivate_page),
    POST("/integrations/gateways/{id}/deactivation", "hub.gateways", EDIT, gateway_deactivate_post),
    GET ("/integrations/messaging",           "hub.providers", VIEW, provider_cards_page),
    GET ("/integrations/adapters/{adapter}",  "hub.providers", CREATE, provider_new_page),
    POST("/integrations/adapters/{adapter}",  "hub.providers", CREATE, provider_new_post),
    GET ("/integrations/providers/{id}",      "hub.providers", VIEW, provider_page),
    GET ("/integrations/providers/{id}/settings", "hub.providers", EDIT, provider_settings_page),
    POST("/integrations/providers/{id}/settings", "hub.providers", EDIT, provider_settings_post),
    POST("/integrations/providers/{id}/moves/{move}", "hub.providers", EDIT, provider_move_post,
         .form = provider_page),
    GET ("/integrations/providers/{id}/test", "hub.providers", EDIT, provider_test_page),
    /* calls the provider between its transactions */
    POST("/integrations/providers/{id}/test", "hub.providers", EDIT, provider_test_post, .flags = NO_TX),
    /* these two ask outside between their transactions */
    POST("/integrations/providers/{id}/check", "hub.providers", EDIT, provider_check_post, .flags = NO_TX,
         .form = provider_page),
    POST("/integrations/providers/{id}/dns",  "hub.providers", EDIT, provider_dns_post, .flags = NO_TX,
         .form = provider_page),
    GET ("/integrations/messaging/reach",     "hub.providers", EDIT, reach_page),
    POST("/integrations/messaging/reach",     "hub.providers", EDIT, reach_post),
    GET ("/integrations/providers/{id}/outcome", "hub.providers", EDIT, provider_outcome_page),
    POST("/integrations/providers/{id}/outcome", "hub.providers", EDIT, provider_outcome_post),
    GET ("/integrations/events",              "hub.events",  VIEW, event_list_page),
    GET ("/integrations/events/{id}",         "hub.events",  VIEW, event_page),
    POST("/integrations/events/{id}/replay",  "hub.events",  EDIT, event_replay, .form = event_page),
    GET ("/integrations/payments",            "hub.intents", VIEW, intent_list_page),
    GET ("/integrations/payments/{no}",         "hub.intents", VIEW, intent_page),
    POST("/integrations/payments/{no}/check",   "hub.intents", VIEW, intent_ask_post, .form = intent_page),
    POST("/integrations/payments/{no}/acceptance", "hub.settlements", EDIT, review_accept_post, .form = intent_page),
    POST("/integrations/payments/{no}/refund",  "hub.settlements", EDIT, review_refund_post, .form = intent_page),
    POST("/integrations/payments/{no}/review/approval",  "hub.settlements", APPROVE, review_approve_post,
         .form = intent_page),
    POST("/integrations/payments/{no}/review/rejection", "hub.settlements", EDIT, review_drop_post,
         .form = intent_page),
    GET ("/integrations/payments/{no}/sandbox", "hub.intents", EDIT, sandbox_switch_page),
    POST("/integrations/payments/{no}/sandbox", "hub.intents", EDIT, sandbox_switch_post),
    GET ("/integrations/links/new",           "cis.payments", CREATE, link_new_page),
    POST("/integrations/links/new",           "cis.payments", CREATE, link_new_post),
    GET ("/integrations/links/{no}",          "cis.payments", CREATE, link_page),
    GET ("/integrations/links/{no}/sending",  "cis.payments", CREATE, link_send_page),
    POST("/integrations/links/{no}/sending",  "cis.payments", CREATE, link_send_post, .form = link_send_page),
    POST("/integrations/links/{no}/withdrawal", "cis.payments", CREATE, link_withdraw_post, .form = link_page),
    GET ("/integrations/refunds",             "hub.refunds", VIEW, refund_leg_list_page),
    GET ("/integrations/refunds/{no}",        "hub.refunds", EDIT, refund_hand_page),
    POST("/integrations/refunds/{no}",        "hub.refunds", EDIT, refund_hand_post),
    GET ("/integrations/gateways/{id}/settlement-file", "hub.settlements", EDIT, settlement_file_page),
    POST("/integrations/gateways/{id}/settlement-file", "hub.settlements", EDIT, settlement_file_post,
         .flags = UPLOADS),
    GET ("/integrations/health",              "hub.gateways", VIEW, health_page),
    GET ("/integrations/disputes",            "hub.refunds", VIEW, dispute_list_page),
    GET ("/integrations/settlements",         "hub.settlements", VIEW, settlement_list_page),
    GET ("/integrations/settlements/{id}",    "hub.settlements", VIEW, settlement_page),
    POST("/integrations/settlements/{id}/close",       "hub.settlements", APPROVE, settlement_close_post,
         .form = settlement_page),
    GET ("/integrations/settlements/{id}/lines/{line}", "hub.settlements", EDIT, settlement_line_page),
    POST("/integrations/settlements/{id}/lines/{line}", "hub.settlements", EDIT, settlement_line_post),
    POST("/integrations/settlements/{id}/lines/{line}/confirmation", "hub.settlements", EDIT, settlement_confirm_post,
         .form = settlement_line_page),
    POST("/integrations/settlements/{id}/lines/{line}/assignment", "hub.settlements", EDIT, settlement_assign_post,
         .form = settlement_line_page),
    GET ("/integrations/settlements/{id}/export", "hub.settlements", EXPORT, settlement_export, .flags = WRITES),
    GET ("/integrations/bank",                "hub.settlements", VIEW, bank_list_page),
    GET ("/integrations/bank/import",         "hub.settlements", EDIT, bank_file_page),
    POST("/integrations/bank/import",         "hub.settlements", EDIT, bank_file_post, .flags = UPLOADS),
    GET ("/integrations/bank/{line}",         "hub.settlements", VIEW, bank_line_page),
    POST("/integrations/bank/{line}/match",   "hub.settlements", EDIT, bank_match_post, .form = bank_line_page),
    POST("/integrations/bank/{line}/aside",   "hub.settlements", EDIT, bank_aside_post, .form = bank_line_page),
    POST("/integrations/bank/{line}/reopening", "hub.settlements", EDIT, bank_reopen_post, .form = bank_line_page),
    POST("/integrations/health/clearing",     "hub.settlements", EDIT, clearing_post, .form = health_page),
    GET ("/integrations/sandbox",             "hub.providers", VIEW, mailbox_page),
    GET ("/integrations/sandbox/{no}",        "hub.providers", VIEW, mailbox_message),
    { 0 }
};

static const JobHandler hub_jobs[] = {
    { "webhook.gateway", "payments", hook_process,    HOOK_TRIES, true },   /* a try that fails is noted */
    { "webhook.message", "messages", hook_message,    HOOK_TRIES, true },   /* the same */
    { "webhook.upkeep",  "general",  events_upkeep,   0,  false },
    { "payment.start",   "payments", intent_start_again, 12, true },    /* asks the gateway again to open a payment */
    { "payment.check",   "payments", intent_check,    12, true  },      /* asks the gateway between its transactions */
    { "payment.poll",    "payments", intent_poll,     0,  false },
    { "refund.send",     "payments", refund_send,     12, true  },      /* the same */
    { "refund.ask",      "payments", refund_ask,      12, true  },
    { "settlement.fetch", "payments", settlement_fetch, 12, true },
    { "settlement.nightly", "payments", settlements_nightly, 3, true },  /* asks the gateways */
    /* these two call our own webhook */
    { "sandbox.deliver", "payments", sandbox_deliver, SANDBOX_TRIES, true, .wait_s = sandbox_wait_s },
    { "sandbox.money",   "payments", sandbox_money_send, SANDBOX_TRIES, true, .wait_s = sandbox_wait_s },
    { "sandbox.settle",  "payments", sandbox_settle,  0,  false },
    { "gateway.clearing", "general", clearing_job,    2,  true },       /* a transaction for each gateway */
    { "gateway.check",   "payments", gateways_check,  1,  true  },      /* asks the gateways */
    { "provider.check",  "messages", providers_check, 1,  true  },      /* asks the providers */
    { "sandbox.report",  "messages", sandbox_report,  5,  true  },      /* the same for messages */
    { 0 }
};

static const EventHandler hub_events[] = {
    { "refund_request.approved", "hub.refund", refund_approved },
    { "job.failed", "hub.job_failed", hook_job_failed },
    { 0 }
};

static const JobSchedule hub_schedules[] = {
    { "payment.poll", "payment.poll", "Open payments are asked for at their gateway", "every 5m", .per_utility = true,
      .skip_missed = true },
    { "settlement.nightly", "settlement.nightly", "Payouts are asked for, payments without one are found",
      "daily 04:00",
      .per_utility = true, .skip_missed = true },
    { "gateway.check", "gateway.check", "Gateways in use are checked", "every 5m", .per_utility = true,
      .skip_missed = true },
    { "provider.check", "provider.check", "Message providers in use are checked", "every 5m", .per_utility = true,
      .skip_missed = true },
    { "webhook.upkeep", "webhook.upkeep", "Old bodies of webhook events go", "daily 03:40", .per_utility = true,
      .skip_missed = true },
    { "sandbox.settle", "sandbox.settle", "The sandbox gateway pays out", "daily 23:55", .per_utility = true,
      .skip_missed = true },
    { 0 }
};

static const Machine *const hub_machines[] = { &gateway_machine, &provider_machine, NULL };

extern const Module hub_module;
const Module hub_module = { .name = "hub", .routes = hub_routes, .jobs = hub_jobs, .schedules = hub_schedules,
                           .events = hub_events, .checks = hub_setup_checks, .machines = hub_machines,
                           .tabs = hub_tabs, .works = hub_works, .purges = hub_purges };
