/*
 * Module core: table of contents.
 */
#include <string.h>

#include "app/core/front.h"
#include "app/core/hashing.h"
#include "app/core/job.h"
#include "app/core/pages.h"
#include "app/modules.h"
#include "lib/page.h"
#include "lib/web.h"

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
    else answer_text(r, 200, "ok\ndatabase ok\njobs_dead %lld\njobs_stale %lld\njobs_ready %lld\njobs_running "
                             "%lld\njobs_waiting_s %lld\njob_workers %lld\n", (long long)j.dead,
                     (long long)j.stale, (long long)j.ready, (long long)j.running, (long long)j.oldest_wait_s,
                         (long long)j.workers);
}

/* To add a page: its handler in pages.h and a row here. */
static void metrics(Req *r) {
    if (!is_near(r)) fail(r, NOT_FOUND, "There is no such page.");
    JobFacts j = job_facts(&r->c);
    Text t = text_start(r);
    text_add(&t, web_metrics(&r->c.mem));
    /* To add one: a row. Gauges of the queue, from the database. */
    const struct { const char *name, *help; int64_t value; } jobs[] = {
        { "smart360_jobs_ready",        "Jobs that wait",                                  j.ready },
        { "smart360_jobs_running",      "Jobs under way",                                  j.running },
        { "smart360_jobs_stale",        "Jobs whose lease ran out more than 2 minutes ago", j.stale },
        { "smart360_jobs_dead",         "Jobs that were given up",                         j.dead },
        { "smart360_jobs_wait_seconds", "Age of the oldest job that is due",               j.oldest_wait_s },
        { "smart360_job_workers",       "Job workers alive",                               j.workers },
    };
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        text_addf(&t, "# HELP %s %s\n# TYPE %s gauge\n%s %lld\n", jobs[i].name, jobs[i].help, jobs[i].name,
                  jobs[i].name, (long long)jobs[i].value);
    answer(r, 200, "text/plain; version=0.0.4; charset=utf-8", t.s, t.n);
}

static const Route core_routes[] = {
    ANY_GET("/health", health),
    ANY_GET("/metrics", metrics),

    /* login.c, password_link.c: NO_TX where a hash is made, or where
     * a refused try is remembered in a transaction of its own */
    TENANT_GET   ("/",                         NULL, OPEN,      root_page),
    TENANT_GET   ("/login",                    NULL, OPEN,      login_page, .flags = NO_TX),     /* reads one thing */
    TENANT_POST  ("/login",                    NULL, OPEN,      login_post, .flags = NO_TX),
    TENANT_GET   ("/login/mfa",                NULL, OPEN,      mfa_page),
    TENANT_POST  ("/login/mfa",                NULL, OPEN,      mfa_post, .flags = NO_TX),
    TENANT_GET   ("/org/logo",                 NULL, OPEN,      logo_file),
    TENANT_GET   ("/org/colour/{colour}",      NULL, OPEN,      colour_file),
    TENANT_GET   ("/login/select",             NULL, SIGNED_IN, select_page),
    TENANT_GET   ("/password/forgot",          NULL, OPEN,      forgot_page),
    TENANT_POST  ("/password/forgot",          NULL, OPEN,      forgot_post),
    TENANT_GET   ("/password/reset",           NULL, OPEN,      reset_page),
    TENANT_POST  ("/password/reset",           NULL, OPEN,      reset_post, .flags = NO_TX),
    TENANT_GET   ("/invite/accept",            NULL, OPEN,      invite_page, .flags = WRITES),
    TENANT_POST  ("/invite/accept",            NULL, OPEN,      invite_post, .flags = NO_TX),
    TENANT_POST  ("/logout",                   NULL, SIGNED_IN, logout_post),
    PLATFORM_GET ("/platform/login",           NULL, OPEN,      login_page),
    PLATFORM_POST("/platform/login",           NULL, OPEN,      login_post, .flags = NO_TX),
    PLATFORM_GET ("/platform/login/mfa",       NULL, OPEN,      mfa_page),
    PLATFORM_POST("/platform/login/mfa",       NULL, OPEN,      mfa_post, .flags = NO_TX),
    PLATFORM_GET ("/platform/password/forgot", NULL, OPEN,      forgot_page),
    PLATFORM_POST("/platform/password/forgot", NULL, OPEN,      forgot_post),
    PLATFORM_GET ("/platform/password/reset",  NULL, OPEN,      reset_page),
    PLATFORM_POST("/platform/password/reset",  NULL, OPEN,      reset_post, .flags = NO_TX),
    PLATFORM_POST("/platform/logout",          NULL, SIGNED_IN, logout_post),

    /* bulk.c */
    GET ("/results/{key}",     NULL, SIGNED_IN, bulk_result_page),
    /* job_page.c */
    GET ("/jobs",              "core.jobs", VIEW, job_list_page),
    GET ("/jobs/{id}",         "core.jobs", VIEW, job_page),
    POST("/jobs/{id}/retry",   "core.jobs", EDIT, job_retry_post, .form = job_page),
    POST("/jobs/{id}/discard", "core.jobs", EDIT, job_discard_post, .form = job_page),

    /* menu_change.c */
    GET ("/menu/settings",             "core.settings", EDIT, menu_change_page),
    POST("/menu/settings",             "core.settings", EDIT, menu_change_save),
    POST("/menu/links",                "core.settings", EDIT, menu_link_add,    .form = menu_change_page),
    POST("/menu/links/{key}/deletion", "core.settings", EDIT, menu_link_remove, .form = menu_change_page),

    /* menu.c */
    TENANT_GET("/menu",        NULL, SIGNED_IN, menu_root),
    GET ("/menu",              NULL, SIGNED_IN, menu_page),
    POST("/menu/favourites",   NULL, SIGNED_IN, menu_favourite, .form = menu_page),
    POST("/menu/landing",      NULL, SIGNED_IN, menu_landing, .form = menu_page),
    POST("/menu/narrow",       NULL, SIGNED_IN, menu_narrow, .form = menu_page),
    GET ("/help",              NULL, SIGNED_IN, help_page),
    GET ("/reports",           NULL, SIGNED_IN, reports_page),

    /* saved_view.c */
    GET ("/views",               NULL, SIGNED_IN, view_list),
    GET ("/views/new",           NULL, SIGNED_IN, view_new),
    POST("/views",               NULL, SIGNED_IN, view_create, .form = view_new),
    GET ("/views/{id}",          NULL, SIGNED_IN, view_page),
    POST("/views/{id}",          NULL, SIGNED_IN, view_save),
    POST("/views/{id}/deletion", NULL, SIGNED_IN, view_delete, .form = view_page),

    /* export.c */
    GET ("/downloads",                   NULL, SIGNED_IN, export_list),
    GET ("/downloads/new",               NULL, SIGNED_IN, export_new),
    POST("/downloads",                   NULL, SIGNED_IN, export_create, .form = export_new),
    GET ("/downloads/{id}",              NULL, SIGNED_IN, export_page),
    GET ("/downloads/{id}/file",         NULL, SIGNED_IN, export_file, .flags = WRITES),
    POST("/downloads/{id}/cancellation", NULL, SIGNED_IN, export_cancel, .form = export_page),

    /* account.c: NO_TX where a password is hashed */
    TENANT_GET ("/account",                       NULL, SIGNED_IN, me_page),
    TENANT_POST("/account",                       NULL, SIGNED_IN, me_save, .flags = UPLOADS),
    TENANT_GET ("/account/photo",                 NULL, SIGNED_IN, me_photo),
    TENANT_GET ("/account/ping",                  NULL, SIGNED_IN, me_ping),
    TENANT_POST("/account/email",                 NULL, SIGNED_IN, me_email, .flags = NO_TX, .form = me_security),
    TENANT_GET ("/account/email/confirm",         NULL, OPEN,      me_email_confirm),
    TENANT_POST("/account/email/confirm",         NULL, OPEN,      me_email_change),
    TENANT_GET ("/account/factor",                NULL, SIGNED_IN, factor_page),
    TENANT_POST("/account/factor",                NULL, SIGNED_IN, factor_begin, .flags = NO_TX),
    TENANT_GET ("/account/factor/codes",          NULL, SIGNED_IN, factor_codes_page),
    TENANT_POST("/account/factor/codes",          NULL, SIGNED_IN, factor_codes, .flags = NO_TX),
    TENANT_GET ("/account/factor/removal",        NULL, SIGNED_IN, factor_end_page),
    TENANT_POST("/account/factor/removal",        NULL, SIGNED_IN, factor_end, .flags = NO_TX),
    TENANT_GET ("/account/proof",                 NULL, SIGNED_IN, proof_page),
    TENANT_POST("/account/proof",                 NULL, SIGNED_IN, proof_give, .flags = NO_TX),
    TENANT_GET ("/org/security",                  "core.organization", VIEW, policy_page),
    TENANT_POST("/org/security",                  "core.organization", EDIT, policy_save),
    TENANT_GET ("/account/security",              NULL, SIGNED_IN, me_security),
    TENANT_POST("/account/password",              NULL, SIGNED_IN, me_password, .flags = NO_TX,
                .form = me_security),
    TENANT_POST("/account/devices/{id}/removal",  NULL, SIGNED_IN, me_device_forget, .form = me_security),
    TENANT_GET ("/account/sessions",              NULL, SIGNED_IN, me_sessions),
    TENANT_POST("/account/sessions/{id}/removal", NULL, SIGNED_IN, me_session_end, .form = me_sessions),
    TENANT_POST("/account/sessions/others",       NULL, SIGNED_IN, me_others_end, .form = me_sessions),
    TENANT_GET ("/account/activity",              NULL, SIGNED_IN, me_activity),

    /* role.c */
    GET ("/roles",                 "core.roles", VIEW,   role_list),
    GET ("/roles/new",             "core.roles", CREATE, role_new),
    GET ("/roles/compare",         "core.roles", VIEW,   role_compare),
    POST("/roles",                 "core.roles", CREATE, role_create, .form = role_new),
    POST("/roles/clone",           "core.roles", CREATE, role_clone_post, .form = role_list),
    GET ("/roles/{code}",          "core.roles", VIEW,   role_page),
    POST("/roles/{code}",          "core.roles", EDIT,   role_save),
    POST("/roles/{code}/reset",    "core.roles", EDIT,   role_reset),
    GET ("/roles/{code}/deletion", "core.roles", DELETE, role_delete_page),
    POST("/roles/{code}/deletion", "core.roles", DELETE, role_delete),

    /* user.c */
    GET ("/users",                         "core.users", VIEW, user_list),
    GET ("/users/{id}",                    "core.users", VIEW, user_page),
    GET ("/users/{id}/permissions",        "core.users", VIEW, user_permissions),
    POST("/users/{id}/roles",              "core.users", EDIT, user_role_add,        .form = user_page),
    POST("/users/{id}/roles/removal",      "core.users", EDIT, user_role_remove,     .form = user_page),
    POST("/users/{id}/overrides",          "core.users", EDIT, user_override_add,    .form = user_page),
    POST("/users/{id}/overrides/removal",  "core.users", EDIT, user_override_remove, .form = user_page),
    POST("/users/{id}/unlock",             "core.users", EDIT, user_unlock),

    /* invite.c, user_import.c */
    WIZARD_ROUTES(invite, "/invitations", "core.users", CREATE),
    POST("/users/{id}/invitation",     "core.users", EDIT,   user_resend, .form = user_page),
    POST("/users/{id}/revocation",     "core.users", EDIT,   user_revoke, .form = user_page),
    GET ("/invitations/import",              "core.users", CREATE, user_import_new),
    POST("/invitations/import",              "core.users", CREATE, user_import_upload, .flags = UPLOADS),
    GET ("/invitations/import/{file}",       "core.users", CREATE, user_import_page),
    POST("/invitations/import/{file}",       "core.users", CREATE, user_import_do),

    /* user_life.c, user_session.c */
    GET ("/users/{id}/profile",        "core.users", VIEW, user_profile),
    POST("/users/{id}/profile",        "core.users", EDIT, user_profile_save),
    GET ("/users/{id}/deactivation",   "core.users", EDIT, user_leave_page),
    POST("/users/{id}/deactivation",   "core.users", EDIT, user_leave),
    POST("/users/{id}/reactivation",   "core.users", EDIT, user_return, .form = user_page),
    GET ("/users/{id}/anonymization",  "core.users", DELETE, user_forget_page),
    POST("/users/{id}/anonymization",  "core.users", DELETE, user_forget),
    POST("/users/{id}/password",       "core.users", EDIT, user_reset_password, .form = user_page),
    POST("/users/{id}/factor",         "core.users", EDIT, user_reset_factor, .form = user_page),
    GET ("/users/{id}/role",           "core.users", EDIT, user_role_change_page),
    POST("/users/{id}/role",           "core.users", EDIT, user_role_change),
    GET ("/users/{id}/transfer",       "core.users", EDIT, user_transfer_page),
    POST("/users/{id}/transfer",       "core.users", EDIT, user_transfer),
    GET ("/users/{id}/sessions",       "core.users", VIEW, user_sessions),
    POST("/users/{id}/sessions",       "core.users", EDIT, user_sessions_end),
    GET ("/users/{id}/activity",       "core.users", VIEW, user_activity),

    /* home.c: the rows of homes that are not built yet; whoever builds one takes its row away */
    GET("/",              NULL,               SIGNED_IN, utility_root),
    GET("/cc",            "cc.console",       VIEW,      call_center_root),
    GET("/cc/console",    "cc.console",       VIEW,      home_page),
    GET("/cc/dashboard",  "cc.dashboard",     VIEW,      home_page),
    GET("/comm",          "comm.dashboard",   VIEW,      home_page),
    GET("/mx",            "mx.device",        VIEW,      home_page),
    GET("/mx/validation", "mx.validation",    VIEW,      home_page),
    GET("/mx/inventory",  "mx.inventory",     VIEW,      home_page),
    GET("/wx/dispatcher", "wx.dispatch",      VIEW,      home_page),
    { 0 }
};

static void core_start(void) {
    hashing_start();
    core_imports();
}

extern const Module core_module;
const Module core_module = { .name = "core", .routes = core_routes, .jobs = core_jobs, .schedules = core_schedules,
                             .checks = setup_core_checks, .purges = core_purges, .start = core_start };
