/*
 * Module cis: table of contents.
 */
#include "app/cis/credit.h"
#include "app/cis/pages.h"
#include "app/cis/refund.h"
#include "app/modules.h"

static const Route cis_routes[] = {
    GET("/search",                                  NULL,            SIGNED_IN, search_page),
    GET("/cis/consumers",                           "cis.consumers", VIEW, consumer_list),
    GET("/cis/consumers/{consumer_no}",             "cis.consumers", VIEW, consumer_page),
    GET("/cis/consumers/{consumer_no}/financial",   "cis.consumers", VIEW, consumer_financial),
    GET("/cis/consumers/{consumer_no}/connections", "cis.consumers", VIEW, consumer_connections),
    GET("/cis/consumers/{consumer_no}/history",     "cis.consumers", VIEW, consumer_history),
    GET("/cis/consumers/{consumer_no}/documents/{file}", "cis.consumers", VIEW, consumer_file,
        .flags = WRITES),       /* who looked is audited */
    GET("/cis/accounts/{account_no}",               "cis.consumers", VIEW, account_page),
    GET("/cis/dashboard",                           "cis.dashboard", VIEW, desk_page),
    GET("/cis/complaints",                          "cis.complaints", VIEW, complaint_list_page),
    GET("/cis/complaints/{no}",                     "cis.complaints", VIEW, complaint_page),
    GET ("/cis/complaints/{no}/resolution",         "cis.complaints", EDIT, complaint_resolution_page),
    POST("/cis/complaints/{no}/resolution",         "cis.complaints", EDIT, complaint_resolution_post),
    GET ("/cis/complaints/{no}/rejection",          "cis.complaints", APPROVE, complaint_rejection_page),
    POST("/cis/complaints/{no}/rejection",          "cis.complaints", APPROVE, complaint_rejection_post),
    POST("/cis/complaints/{no}/{event}",            "cis.complaints", EDIT, complaint_move, .form = complaint_page),
    GET("/cis/service-requests",                    "cis.service_requests", VIEW, request_list_page),
    GET("/cis/service-requests/{no}",               "cis.service_requests", VIEW, request_page),
    GET ("/cis/payment-config",                     "cis.payment_config", VIEW, payment_config_page),
    POST("/cis/payment-config",                     "cis.payment_config", EDIT, payment_config_post,
         .form = payment_config_page),
    GET("/cis/payments",                            "cis.payments",  VIEW, payment_list_page),
    GET("/cis/payments/{payment_no}",               "cis.payments",  VIEW, payment_page),
    GET ("/cis/payments/{payment_no}/refund",       "cis.refunds",   CREATE,  refund_new_page),
    POST("/cis/payments/{payment_no}/refund",       "cis.refunds",   CREATE,  refund_new_post),
    GET ("/cis/refunds",                            "cis.refunds",   VIEW,    refund_list_page),
    GET ("/cis/refunds/threshold",                  "cis.settings",  EDIT,    refund_threshold_page),
    POST("/cis/refunds/threshold",                  "cis.settings",  EDIT,    refund_threshold_post),
    GET ("/cis/refunds/{no}",                       "cis.refunds",   VIEW,    refund_show),
    GET ("/cis/refunds/{no}/rejection",             "cis.refunds",   APPROVE, refund_reject_page),
    POST("/cis/refunds/{no}/rejection",             "cis.refunds",   APPROVE, refund_reject_post),
    /* each move states its own right */
    POST("/cis/refunds/{no}/{event}",               "cis.refunds",   VIEW,    refund_move, .form = refund_show),
    { 0 }
};

static const Machine *const cis_machines[] = { &refund_request, &complaint_case, NULL };

static const EventHandler cis_events[] = {
    { "service_area.merged", "cis.area_merged", team_area_merged },
    { "bill.cancelled", "cis.free_payments", free_cancelled_bill },
    { "payment.posted", "cis.receipt", tell_receipt },
    { "payment.reversed", "cis.reversed", tell_reversed },
    { 0 }
};

static const JobHandler cis_jobs[] = {
    { .kind = "receipt.pdf", .class = "documents", .run = receipt_pdf_job },
    { .kind = "complaint.close", .class = "general", .run = complaint_close },
    { 0 }
};

static const JobSchedule cis_schedules[] = {
    { .code = "complaint_close", .kind = "complaint.close", .name = "Complaints resolved a week ago are closed",
      .rule = "daily 03:50", .per_utility = true },
    { 0 }
};

extern const ConfigKind cis_configuration[];
extern const Module cis_module;
const Module cis_module = { .name = "cis", .routes = cis_routes, .events = cis_events, .jobs = cis_jobs,
                           .checks = cis_setup_checks, .machines = cis_machines, .schedules = cis_schedules,
                           .configuration = cis_configuration,
                           .works = cis_works, .purges = cis_purges, .tabs = payment_tabs, .start = cis_imports };
