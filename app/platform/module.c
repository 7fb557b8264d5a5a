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
    TENANT_GET   ("/org/subscription/cancellation",               "core.subscription", EDIT,  my_cancel_page),
    TENANT_POST  ("/org/subscription/cancellation",               "core.subscription", EDIT,  my_cancel_post),
    { 0 }
};

static const JobHandler platform_jobs[] = {
    /* the command has transactions of its own */
    { .kind = "tenant.provision",   .class = "general", .run = provision_job, .no_tx = true, .max_attempts = 3 },
    { .kind = "subscription.day",   .class = "general", .run = subscription_job },
    { .kind = "subscription.usage", .class = "general", .run = usage_job },
    { 0 }
};

static const JobSchedule platform_schedules[] = {
    { .code = "subscription_day",   .kind = "subscription.day",   .name = "Subscription: invoices and periods",
      .rule = "daily 01:00" },
    { .code = "subscription_usage", .kind = "subscription.usage", .name = "Subscription: use and limits",
      .rule = "every 15m" },
    { 0 }
};

extern const Module platform_module;
const Module platform_module = { .name = "platform", .routes = platform_routes, .jobs = platform_jobs,
                                 .schedules = platform_schedules };
