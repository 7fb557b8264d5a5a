/*
 * Module platform: table of contents. Pages of the platform's people and the tenant's own subscription (ONB08US01).
 */
#include "app/modules.h"
#include "app/platform/payment.h"

static const Route platform_routes[] = {
    PLATFORM_GET ("/platform",                                    "platform.tenants", VIEW,   platform_root),
    PLATFORM_GET ("/platform/tenants",                            "platform.tenants", VIEW,   tenant_list_page),
    PLATFORM_GET ("/platform/tenants/new",                        "platform.tenants", CREATE, tenant_new_page),
    PLATFORM_POST("/platform/tenants",                            "platform.tenants", CREATE, tenant_new_post,
                  .form = tenant_new_page),
    PLATFORM_GET ("/platform/tenants/{slug}",                     "platform.tenants", VIEW,   tenant_show),
    PLATFORM_GET ("/platform/tenants/{slug}/tab/{tab}",           "platform.tenants", VIEW,   tenant_tab_page),
    PLATFORM_GET ("/platform/tenants/{slug}/gateways/{id}",       "platform.tenants", EDIT,   gateway_base_page),
    PLATFORM_POST("/platform/tenants/{slug}/gateways/{id}",       "platform.tenants", EDIT,   gateway_base_post),
    PLATFORM_GET ("/platform/tenants/{slug}/archive",             "platform.tenants", APPROVE, archive_page),
    PLATFORM_POST("/platform/tenants/{slug}/archive",             "platform.tenants", APPROVE, archive_approve),
    PLATFORM_GET ("/platform/tenants/{slug}/archive/destruction", "platform.tenants", DELETE, archive_destroy_page),
    PLATFORM_POST("/platform/tenants/{slug}/archive/destruction", "platform.tenants", DELETE, archive_destroy),
    PLATFORM_POST("/platform/tenants/{slug}/support/{id}/entry",  "platform.support", CREATE, support_enter,
                  .form = tenant_show),
    PLATFORM_GET ("/platform/tenants/{slug}/terms",               "platform.tenants", EDIT,   agreement_page),
    PLATFORM_POST("/platform/tenants/{slug}/terms",               "platform.tenants", EDIT,   agreement_save),
    PLATFORM_GET ("/platform/tenants/{slug}/correction",          "platform.tenants", EDIT,   correction_page),
    PLATFORM_POST("/platform/tenants/{slug}/correction",          "platform.tenants", EDIT,   correction_save),
    PLATFORM_GET ("/platform/tenants/{slug}/invoices/{no}",       "platform.tenants", VIEW,   tenant_invoice_page),
    PLATFORM_GET ("/platform/tenants/{slug}/invoices/{no}/pdf",   "platform.tenants", VIEW,   tenant_invoice_pdf),
    PLATFORM_GET ("/platform/tenants/{slug}/suspension",          "platform.tenants", EDIT,   tenant_suspend_page),
    PLATFORM_POST("/platform/tenants/{slug}/suspension",          "platform.tenants", EDIT,   tenant_suspend),
    PLATFORM_GET ("/platform/tenants/{slug}/cancellation",        "platform.tenants", EDIT,   tenant_cancel_page),
    PLATFORM_POST("/platform/tenants/{slug}/cancellation",        "platform.tenants", EDIT,   tenant_cancel),
    PLATFORM_POST("/platform/tenants/{slug}/{event}",             "platform.tenants", EDIT,   tenant_move_post,
                  .form = tenant_show),
    PLATFORM_POST("/platform/tenants/{slug}/invoices/{no}/payment", "platform.tenants", EDIT, tenant_paid_post,
                  .form = tenant_show),
    PLATFORM_GET ("/platform/plans",                              "platform.plans",   VIEW,   plan_sold_list),
    PLATFORM_GET ("/platform/plans/new",                          "platform.plans",   CREATE, plan_sold_new),
    PLATFORM_POST("/platform/plans",                              "platform.plans",   CREATE, plan_sold_create,
                  .form = plan_sold_new),
    PLATFORM_GET ("/platform/plans/{code}",                       "platform.plans",   EDIT,   plan_sold_page),
    PLATFORM_POST("/platform/plans/{code}",                       "platform.plans",   EDIT,   plan_sold_save),
    PLATFORM_GET ("/platform/payments",                           "platform.tenants", VIEW,   sub_payments_page),
    PLATFORM_GET ("/platform/payments/{no}",                      "platform.tenants", VIEW,   sub_payment_show),
    PLATFORM_POST("/platform/payments/{no}/check",                "platform.tenants", EDIT,   sub_payment_check,
                  .form = sub_payment_show),
    PLATFORM_POST("/platform/payments/{no}/surplus",              "platform.tenants", EDIT,   sub_payment_settle,
                  .form = sub_payment_show),
    PLATFORM_POST("/platform/payments/{no}/refunds",              "platform.tenants", APPROVE, sub_refund_post,
                  .form = sub_payment_show),
    PLATFORM_GET ("/platform/gateways",                           "platform.plans",   VIEW,   house_list_page),
    PLATFORM_POST("/platform/gateways/drivers/{driver}",          "platform.plans",   EDIT,   house_make_post,
                  .form = house_list_page),
    PLATFORM_GET ("/platform/gateways/{id}",                      "platform.plans",   VIEW,   house_page),
    PLATFORM_GET ("/platform/gateways/{id}/credentials",          "platform.plans",   EDIT,   house_credentials_page),
    /* these two ask the provider before they write */
    PLATFORM_POST("/platform/gateways/{id}/credentials",          "platform.plans",   EDIT,   house_credentials_post,
                  .flags = NO_TX),
    PLATFORM_POST("/platform/gateways/{id}/check",                "platform.plans",   EDIT,   house_check_post,
                  .flags = NO_TX, .form = house_page),
    PLATFORM_POST("/platform/gateways/{id}/moves/{move}",         "platform.plans",   EDIT,   house_move_post,
                  .form = house_page),
    PLATFORM_GET ("/platform/seller",                             "platform.plans",   EDIT,   seller_page),
    PLATFORM_POST("/platform/seller",                             "platform.plans",   EDIT,   seller_save),
    TENANT_GET   ("/org/subscription/invoices/{no}",              "core.subscription", VIEW,  my_invoice_page),
    TENANT_GET   ("/org/subscription/invoices/{no}/print",        "core.subscription", VIEW,  my_invoice_print),
    TENANT_GET   ("/org/subscription/invoices/{no}/pdf",          "core.subscription", VIEW,  my_invoice_pdf),
    /* calls the gateway between its transactions */
    TENANT_POST  ("/org/subscription/invoices/{no}/payment",      "core.subscription", EDIT,  my_invoice_pay,
                  .flags = NO_TX, .form = my_invoice_page),
    /* who looks lets the gateway be asked, by a job */
    TENANT_GET   ("/org/subscription/payments/{id}",              "core.subscription", VIEW,  my_payment_page,
                  .flags = WRITES),
    TENANT_GET   ("/org/subscription/contact",                    "core.subscription", EDIT,  my_contact_page),
    TENANT_POST  ("/org/subscription/contact",                    "core.subscription", EDIT,  my_contact_save),
    TENANT_GET   ("/sandbox/subscription/{id}",                   "core.subscription", EDIT,  sub_sandbox_page),
    TENANT_POST  ("/sandbox/subscription/{id}",                   "core.subscription", EDIT,  sub_sandbox_post),
    TENANT_GET   ("/org/subscription",                            "core.subscription", VIEW,  my_subscription),
    TENANT_POST  ("/org/subscription/plan",                       "core.subscription", EDIT,  my_change_post,
                  .form = my_subscription),
    TENANT_POST  ("/org/subscription/keep",                       "core.subscription", EDIT,  my_keep_post,
                  .form = my_subscription),
    TENANT_POST  ("/org/subscription/add-ons",                    "core.subscription", EDIT,  my_add_ons_post,
                  .form = my_subscription),
    TENANT_GET   ("/org/subscription/export",                     "core.subscription", EXPORT, takeaway_page),
    TENANT_POST  ("/org/subscription/export",                     "core.subscription", EXPORT, takeaway_ask),
    TENANT_GET   ("/org/subscription/export/{id}",                "core.subscription", EXPORT, takeaway_file,
                  .flags = WRITES),
    TENANT_GET   ("/org/support",                                 "core.organization", VIEW,  support_page),
    TENANT_POST  ("/org/support",                                 "core.organization", EDIT,  support_grant),
    TENANT_POST  ("/org/support/{id}/withdrawal",                 "core.organization", EDIT,  support_withdraw,
                  .form = support_page),
    TENANT_GET   ("/login/support",                               NULL, OPEN, support_door),
    TENANT_POST  ("/login/support",                               NULL, OPEN, support_door_post),
    TENANT_GET   ("/org/subscription/cancellation",               "core.subscription", EDIT,  my_cancel_page),
    TENANT_POST  ("/org/subscription/cancellation",               "core.subscription", EDIT,  my_cancel_post),
    { 0 }
};

static const JobHandler platform_jobs[] = {
    /* the command has transactions of its own */
    { .kind = "tenant.provision",   .class = "general", .run = provision_job, .no_tx = true, .max_attempts = 3 },
    /* one snapshot for all tables; files of any size */
    { .kind = "tenant.export",      .class = "documents", .run = takeaway_job, .no_tx = true, .max_attempts = 3 },
    { .kind = "tenant.export_end",  .class = "general", .run = takeaway_expire_job },
    /* commands have transactions of their own */
    { .kind = "tenant.archive",     .class = "general", .run = archive_job, .no_tx = true, .max_attempts = 3 },
    /* these call outside between their transactions */
    { .kind = "subscription.payment", .class = "payments", .run = sub_payment_job, .no_tx = true },
    { .kind = "subscription.event", .class = "payments", .run = sub_event_job, .no_tx = true, .max_attempts = 25 },
    { .kind = "subscription.refund", .class = "payments", .run = sub_refund_job, .no_tx = true, .max_attempts = 12 },
    { .kind = "subscription.sandbox", .class = "payments", .run = sub_sandbox_job, .no_tx = true,
      .max_attempts = HOUSE_SANDBOX_TRIES, .wait_s = house_sandbox_wait_s },
    { .kind = "subscription.poll",  .class = "payments", .run = sub_poll_job },
    { .kind = "subscription.day",   .class = "general", .run = subscription_job },
    { .kind = "subscription.usage", .class = "general", .run = usage_job, .counts = true },
    { 0 }
};

static const JobSchedule platform_schedules[] = {
    { .code = "subscription_day",   .kind = "subscription.day",   .name = "Subscription: invoices and periods",
      .rule = "daily 01:00" },
    { .code = "subscription_poll", .kind = "subscription.poll", .name = "Subscription: open payments are asked for",
      .rule = "every 10m" },
    { .code = "subscription_usage", .kind = "subscription.usage", .name = "Subscription: use and limits",
      .rule = "every 15m" },
    { .code = "tenant_export_end",  .kind = "tenant.export_end", .name = "Files of exports of the organization",
      .rule = "daily 03:20" },
    { 0 }
};

extern const Module platform_module;
const Module platform_module = { .name = "platform", .routes = platform_routes, .jobs = platform_jobs,
                                 .schedules = platform_schedules, .start = platform_gateway_start };
