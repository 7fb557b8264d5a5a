/*
 * Module platform: table of contents. Pages of the platform's people and the tenant's own subscription (ONB08US01).
 */
#include "app/modules.h"
#include "app/platform/subscription.h"

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
    PLATFORM_POST("/platform/tenants/{slug}/archive/destruction", "platform.tenants", DELETE, archive_destroy,
                  .form = tenant_show),
    PLATFORM_POST("/platform/tenants/{slug}/support/{id}/entry",  "platform.support", CREATE, support_enter,
                  .form = tenant_show),
    PLATFORM_POST("/platform/tenants/{slug}/{event}",             "platform.tenants", EDIT,   tenant_move_post,
                  .form = tenant_show),
    PLATFORM_POST("/platform/tenants/{slug}/invoices/{no}/payment", "platform.tenants", EDIT, tenant_paid_post,
                  .form = tenant_show),
    PLATFORM_GET ("/platform/plans",                              "platform.plans",   VIEW,   plan_sold_list),
    PLATFORM_GET ("/platform/plans/{code}",                       "platform.plans",   EDIT,   plan_sold_page),
    PLATFORM_POST("/platform/plans/{code}",                       "platform.plans",   EDIT,   plan_sold_save),
    TENANT_GET   ("/org/subscription",                            "core.subscription", VIEW,  my_subscription),
    TENANT_POST  ("/org/subscription/plan",                       "core.subscription", EDIT,  my_change_post,
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
    { .kind = "subscription.day",   .class = "general", .run = subscription_job },
    { .kind = "subscription.usage", .class = "general", .run = usage_job },
    { 0 }
};

static const JobSchedule platform_schedules[] = {
    { .code = "subscription_day",   .kind = "subscription.day",   .name = "Subscription: invoices and periods",
      .rule = "daily 01:00" },
    { .code = "subscription_usage", .kind = "subscription.usage", .name = "Subscription: use and limits",
      .rule = "every 15m" },
    { .code = "tenant_export_end",  .kind = "tenant.export_end", .name = "Files of exports of the organization",
      .rule = "daily 03:20" },
    { 0 }
};

extern const Module platform_module;
const Module platform_module = { .name = "platform", .routes = platform_routes, .jobs = platform_jobs,
                                 .schedules = platform_schedules };
