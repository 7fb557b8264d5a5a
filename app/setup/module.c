/*
 * Module setup: table of contents. Calendars, areas, tariffs and numbers of a utility, and its guided set-up; the keys
 * and paths are those of core (spec: module 1).
 */
#include "app/modules.h"
#include "app/setup/area.h"
#include "app/setup/guide.h"
#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "app/setup/live.h"
#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "app/setup/step.h"

/* To add a page: its handler in pages.h and a row here. */
static const Route setup_routes[] = {
    /* area_overview.c, area_page.c, area_change.c, area_import.c; codes of areas are in capitals */
    GET ("/areas",                      "core.areas", VIEW,   area_overview_page),
    GET ("/areas/map.json",             "core.areas", VIEW,   area_map_json),
    GET ("/areas/geojson",              "core.areas", EXPORT, area_geojson, .flags = WRITES),
    GET ("/areas/levels",               "core.areas", EDIT,   area_levels_page),
    POST("/areas/levels",               "core.areas", EDIT,   area_levels_post),
    GET ("/areas/levels/{level}",       "core.areas", VIEW,   area_level_page),
    GET ("/areas/premises",             "core.areas", VIEW,   area_premises_page),
    POST("/areas/status",               "core.areas", EDIT,   area_status_post, .form = area_overview_page),
    GET ("/areas/new",                  "core.areas", CREATE, area_new_page),
    POST("/areas",                      "core.areas", CREATE, area_create_post, .form = area_new_page),
    GET ("/areas/import",               "core.areas", CREATE, area_import_new),
    POST("/areas/import",               "core.areas", CREATE, area_import_upload, .flags = UPLOADS),
    GET ("/areas/import/{file}",        "core.areas", CREATE, area_import_page, .flags = WRITES),
    POST("/areas/import/{file}",        "core.areas", CREATE, area_import_apply),
    GET ("/areas/import/{file}/errors", "core.areas", CREATE, area_import_errors),
    GET ("/areas/import/{file}/file",   "core.areas", CREATE, area_import_file),
    GET ("/areas/{code}",               "core.areas", VIEW,   area_page),
    POST("/areas/{code}",               "core.areas", EDIT,   area_save_post, .form = area_edit_page),
    GET ("/areas/{code}/edit",          "core.areas", EDIT,   area_edit_page),
    GET ("/areas/{code}/move",          "core.areas", EDIT,   area_move_page),
    POST("/areas/{code}/move",          "core.areas", EDIT,   area_move_post),
    GET ("/areas/{code}/merge",         "core.areas", EDIT,   area_merge_page),
    POST("/areas/{code}/merge",         "core.areas", EDIT,   area_merge_post),
    GET ("/areas/{code}/split",         "core.areas", EDIT,   area_split_page),
    POST("/areas/{code}/split",         "core.areas", EDIT,   area_split_post),
    GET ("/areas/{code}/assignment",    "core.areas", EDIT,   area_assign_page),
    POST("/areas/{code}/assignment",    "core.areas", EDIT,   area_assign_post),
    GET ("/areas/{code}/deactivation",  "core.areas", EDIT,   area_deactivate_page),
    POST("/areas/{code}/deactivation",  "core.areas", EDIT,   area_deactivate_post),
    POST("/areas/{code}/activate",      "core.areas", EDIT,   area_activate_post, .form = area_page),
    GET ("/areas/{code}/deletion",      "core.areas", DELETE, area_delete_page),
    POST("/areas/{code}/deletion",      "core.areas", DELETE, area_delete_post),

    /* calendar.c: the check shows what a holiday would touch and stores nothing */
    GET ("/calendar",                            "core.calendar", VIEW,   calendar_page),
    GET ("/calendar/hours",                      "core.calendar", VIEW,   calendar_hours_page),
    POST("/calendar/hours",                      "core.calendar", EDIT,   calendar_hours_post),
    POST("/calendar/special-days",               "core.calendar", EDIT,   special_day_post,
         .form = calendar_hours_page),
    GET ("/calendar/holidays/new",               "core.calendar", CREATE, holiday_new),
    POST("/calendar/holidays/check",             "core.calendar", CREATE, holiday_check, .form = holiday_new),
    POST("/calendar/holidays",                   "core.calendar", CREATE, holiday_create, .form = holiday_new),
    GET ("/calendar/holidays/{id}",              "core.calendar", EDIT,   holiday_page),
    POST("/calendar/holidays/{id}/deletion",     "core.calendar", EDIT,   holiday_delete, .form = holiday_page),
    GET ("/calendar/import",                     "core.calendar", CREATE, calendar_import_page),
    POST("/calendar/import",                     "core.calendar", CREATE, calendar_import_post),
    GET ("/calendar/copy",                       "core.calendar", CREATE, calendar_copy_page),
    POST("/calendar/copy",                       "core.calendar", CREATE, calendar_copy_post),
    GET ("/calendar/calendars",                  "core.calendar", VIEW,   calendar_list_page),
    GET ("/calendar/calendars/new",              "core.calendar", CREATE, calendar_new_page),
    POST("/calendar/calendars",                  "core.calendar", CREATE, calendar_create, .form = calendar_new_page),
    POST("/calendar/calendars/{code}/default",   "core.calendar", EDIT,   calendar_default_post,
         .form = calendar_list_page),
    POST("/calendar/calendars/{code}/deletion",  "core.calendar", DELETE, calendar_delete_post,
         .form = calendar_list_page),
    GET ("/calendar/jobs",                       "core.calendar", VIEW,   calendar_jobs_page),
    POST("/calendar/jobs/{code}/run",            "core.jobs",     EDIT,   calendar_job_run, .form = calendar_jobs_page),
    POST("/calendar/jobs/{code}/pause",          "core.jobs",     EDIT,   calendar_job_pause,
         .form = calendar_jobs_page),
    POST("/calendar/jobs/{code}/resume",         "core.jobs",     EDIT,   calendar_job_resume,
         .form = calendar_jobs_page),
    GET ("/calendar/test",                       "core.calendar", VIEW,   calendar_test_page),

    /* utility.c */
    TENANT_GET ("/utilities",                     "core.utilities", VIEW,   utility_list_page),
    TENANT_GET ("/utilities/new",                 "core.utilities", CREATE, utility_new_page),
    TENANT_POST("/utilities",                     "core.utilities", CREATE, utility_create_post,
                .form = utility_new_page),
    TENANT_GET ("/utilities/{code}/edit",         "core.utilities", EDIT,   utility_edit_page),
    TENANT_POST("/utilities/{code}",              "core.utilities", EDIT,   utility_save_post,
                .form = utility_edit_page),
    TENANT_GET ("/utilities/{code}/progress",     "core.utilities", VIEW,   utility_progress_page),
    TENANT_GET ("/utilities/{code}/suspension",   "core.utilities", EDIT,   utility_suspend_page),
    TENANT_POST("/utilities/{code}/suspension",   "core.utilities", EDIT,   utility_suspend_post),
    TENANT_GET ("/utilities/{code}/reactivation", "core.utilities", EDIT,   utility_reactivate_page),
    TENANT_POST("/utilities/{code}/reactivation", "core.utilities", EDIT,   utility_reactivate_post),
    TENANT_GET ("/utilities/{code}/closing",      "core.utilities", DELETE, utility_close_page),
    TENANT_POST("/utilities/{code}/closing",      "core.utilities", DELETE, utility_close_post),

    GET ("/dashboard", "core.dashboard", VIEW, dashboard_page),

    /* core_settings.c */
    GET ("/settings",                     "core.settings", VIEW, settings_root),
    GET ("/settings/access",              "core.settings", VIEW, settings_access_page),
    POST("/settings/access/{module}/on",  "core.settings", EDIT, settings_module_on, .form = settings_access_page),
    GET ("/settings/access/{module}/off", "core.settings", EDIT, settings_module_off_page),
    POST("/settings/access/{module}/off", "core.settings", EDIT, settings_module_off),
    GET ("/settings/categories/{key}/merge",       "core.settings", EDIT, category_merge_page),
    POST("/settings/categories/{key}/merge",       "core.settings", EDIT, category_merge_post,
         .form = category_merge_page),
    GET ("/settings/documents/{key}/required",     "core.settings", EDIT, document_required_page),
    POST("/settings/documents/{key}/required",     "core.settings", EDIT, document_required_post,
         .form = document_required_page),
    GET ("/settings/contracts/{key}/preview",      "core.settings", VIEW, contract_preview_page),
    GET ("/settings/contracts/{key}/preview.pdf",  "core.settings", VIEW, contract_preview_pdf),
    RESOURCE(utility_service), RESOURCE(department), RESOURCE(consumer_category), RESOURCE(consumer_sub_category),
    RESOURCE(document_type_res), RESOURCE(contract_type),

    /* id_format.c: the draft goes back into the address and changes nothing, so it carries no token */
    GET ("/id-formats",                  "core.id_formats", VIEW, id_format_list),
    GET ("/id-formats/{entity}",         "core.id_formats", VIEW, id_format_page),
    GET ("/id-formats/{entity}/history", "core.id_formats", VIEW, id_format_history),
    POST("/id-formats/{entity}",         "core.id_formats", EDIT, id_format_save),
    POST("/id-formats/{entity}/draft",   "core.id_formats", EDIT, id_format_draft, .flags = OWN_PROOF),
    /* guide_page.c: each asks for the rights of the utility it is about, which is not in its path */
    TENANT_GET ("/setup",                NULL, SIGNED_IN, guide_root),
    TENANT_GET ("/setup/checklist",      NULL, SIGNED_IN, guide_checklist),
    TENANT_GET ("/setup/checklist.pdf",  NULL, SIGNED_IN, guide_checklist_pdf),
    TENANT_GET ("/setup/{step}",         NULL, SIGNED_IN, guide_page, .flags = WRITES),
    TENANT_POST("/setup/{step}/signoff", NULL, SIGNED_IN, guide_signoff, .form = guide_page),
    TENANT_POST("/setup/{step}/live",    NULL, SIGNED_IN, guide_live,    .form = guide_page),
    TENANT_POST("/setup/{step}/skip",    NULL, SIGNED_IN, guide_skip, .form = guide_page),
    /* ONB02US05: plan.c and plan_*.c */
    GET ("/plans", "core.tariffs", VIEW, plan_list_page),
    GET ("/plans/new", "core.tariffs", CREATE, plan_new_page),
    POST("/plans", "core.tariffs", CREATE, plan_create, .form = plan_new_page),
    GET ("/plans/import", "core.tariffs", CREATE, plan_import_page),
    POST("/plans/import", "core.tariffs", CREATE, plan_import, .form = plan_import_page, .flags = UPLOADS),
    GET ("/plans/calculator", "core.tariffs", VIEW, plan_calculator_page),
    GET ("/plans/calculator/document", "core.tariffs", VIEW, plan_calculator_document),
    POST("/plans/calculator/document", "core.tariffs", VIEW, plan_calculator_import, .form = plan_calculator_page,
         .flags = UPLOADS),
    GET ("/plans/comparison", "core.tariffs", VIEW, plan_compare_page),
    GET ("/plans/rates", "core.tariffs", VIEW, plan_library_page),
    GET ("/plans/seasons", "core.tariffs", VIEW, plan_seasons_page),
    RESOURCE(plan_fee), RESOURCE(plan_rebate),

    /* import_*.c: data migration; entities are the owners' */
    GET ("/migration",                           "core.migration", VIEW,   import_home),
    GET ("/migration/new",                       "core.migration", CREATE, import_new),
    POST("/migration",                           "core.migration", CREATE, import_create, .flags = UPLOADS,
         .form = import_new),
    GET ("/migration/reconcile",                 "core.migration", VIEW,   import_reconcile),
    GET ("/migration/twin",                      "core.migration", VIEW,   import_twin_page),
    POST("/migration/twin",                      "core.migration", EDIT,   import_twin_post),
    GET ("/migration/templates/{entity}",        "core.migration", VIEW,   import_template),
    GET ("/migration/templates/{entity}/guide",  "core.migration", VIEW,   import_guide),
    GET ("/migration/{no}",                      "core.migration", VIEW,   import_show),
    GET ("/migration/{no}/mapping",              "core.migration", CREATE, import_map_page),
    POST("/migration/{no}/mapping",              "core.migration", CREATE, import_map_post),
    GET ("/migration/{no}/rows",                 "core.migration", VIEW,   import_rows),
    /* notes who took it */
    GET ("/migration/{no}/errors.csv",           "core.migration", VIEW,   import_errors, .flags = WRITES),
    GET ("/migration/{no}/totals",               "core.migration", EDIT,   import_totals_page),
    POST("/migration/{no}/totals",               "core.migration", EDIT,   import_totals_post),
    GET ("/migration/{no}/rollback",             "core.migration", EDIT,   import_back_page),
    /* NO_TX: a password is hashed */
    POST("/migration/{no}/rollback",             "core.migration", EDIT,   import_back_post, .flags = NO_TX),
    /* each move states its own right */
    POST("/migration/{no}/{event}",              "core.migration", VIEW,   import_move, .form = import_show),
    GET ("/plans/{code}", "core.tariffs", VIEW, plan_page),
    GET ("/plans/{code}/edit", "core.tariffs", EDIT, plan_edit_page),
    POST("/plans/{code}/edit", "core.tariffs", EDIT, plan_update),
    GET ("/plans/{code}/copy", "core.tariffs", CREATE, plan_copy_page),
    POST("/plans/{code}/copy", "core.tariffs", CREATE, plan_copy),
    GET ("/plans/{code}/deletion", "core.tariffs", DELETE, plan_delete_page),
    POST("/plans/{code}/deletion", "core.tariffs", DELETE, plan_delete),
    GET ("/plans/{code}/seasons", "core.tariffs", VIEW, plan_seasons_edit),
    POST("/plans/{code}/seasons", "core.tariffs", EDIT, plan_seasons_save),
    GET ("/plans/{code}/move", "core.tariffs", EDIT, plan_move_page),
    POST("/plans/{code}/move", "core.tariffs", EDIT, plan_move_post),
    GET ("/plans/{code}/versions/new", "core.tariffs", EDIT, plan_version_new),
    POST("/plans/{code}/versions", "core.tariffs", EDIT, plan_version_create, .form = plan_version_new),
    GET ("/plans/{code}/versions/{no}", "core.tariffs", VIEW, plan_version_page),
    GET ("/plans/{code}/versions/{no}/edit", "core.tariffs", EDIT, plan_version_edit),
    POST("/plans/{code}/versions/{no}/edit", "core.tariffs", EDIT, plan_version_update),
    GET ("/plans/{code}/versions/{no}/rejection", "core.tariffs", APPROVE, plan_reject_page),
    POST("/plans/{code}/versions/{no}/reject", "core.tariffs", APPROVE, plan_version_reject, .form = plan_reject_page),
    GET ("/plans/{code}/versions/{no}/components/new", "core.tariffs", EDIT, plan_rate_new),
    POST("/plans/{code}/versions/{no}/components", "core.tariffs", EDIT, plan_rate_create, .form = plan_rate_new),
    POST("/plans/{code}/versions/{no}/components/copy", "core.tariffs", EDIT, plan_rate_take, .form = plan_rate_new),
    GET ("/plans/{code}/versions/{no}/components/{component}", "core.tariffs", EDIT, plan_rate_edit),
    POST("/plans/{code}/versions/{no}/components/{component}", "core.tariffs", EDIT, plan_rate_update),
    GET ("/plans/{code}/versions/{no}/components/{component}/deletion", "core.tariffs", EDIT, plan_rate_delete_page),
    POST("/plans/{code}/versions/{no}/components/{component}/deletion", "core.tariffs", EDIT, plan_rate_delete),
    GET ("/plans/{code}/versions/{no}/designer", "core.tariffs", VIEW, plan_designer_page),
    POST("/plans/{code}/versions/{no}/designer", "core.tariffs", EDIT, plan_designer_apply),
    GET ("/plans/{code}/versions/{no}/impact", "core.tariffs", VIEW, plan_impact_page),
    POST("/plans/{code}/versions/{no}/impact", "core.tariffs", EDIT, plan_impact_start),
    GET ("/plans/{code}/versions/{no}/impact/accounts", "core.tariffs", VIEW, plan_impact_accounts),
    /* each move states its own right */
    POST("/plans/{code}/versions/{no}/{event}", "core.tariffs", VIEW, plan_version_event, .form = plan_version_page),
    POST("/plans/{code}/{event}", "core.tariffs", VIEW, plan_event, .form = plan_page),
    { 0 }
};

static const PageTab setup_tabs[] = {
    { "calendar", "calendar.holidays",  "/calendar",           "core.calendar", NULL },
    { "calendar", "calendar.hours",     "/calendar/hours",     "core.calendar", NULL },
    { "calendar", "calendar.calendars", "/calendar/calendars", "core.calendar", NULL },
    { "calendar", "calendar.jobs",      "/calendar/jobs",      "core.calendar", NULL },
    { "calendar", "calendar.test",      "/calendar/test",      "core.calendar", NULL },
    { "settings", "settings.services",   "/settings/services",   "core.settings", NULL },
    { "settings", "settings.access",     "/settings/access",     "core.settings", NULL },
    { "settings", "settings.roles",      "/settings/roles",      "core.settings", NULL },
    { "settings", "settings.categories", "/settings/categories", "core.settings", NULL },
    { "settings", "settings.documents",  "/settings/documents",  "core.settings", NULL },
    { "settings", "settings.contracts",  "/settings/contracts",  "core.settings", NULL },
    { "plans", "plan.title",     "/plans",           "core.tariffs", NULL },
    { "plans", "plan.library",   "/plans/rates",     "core.tariffs", NULL },
    { "plans", "plan.fees",      "/plans/fees",      "core.tariffs", NULL },
    { "plans", "plan.taxes",     "/plans/taxes",     "core.tariffs", NULL },
    { "plans", "plan.rebates",   "/plans/rebates",   "core.tariffs", NULL },
    { "plans", "plan.late_fees", "/plans/late-fees", "core.tariffs", NULL },
    { "plans", "plan.seasons",   "/plans/seasons",   "core.tariffs", NULL },
    { 0 }
};

static const JobHandler setup_jobs[] = {
    { .kind = "category.merge",  .class = "general", .run = category_merge_job },
    { .kind = "tariff.activate", .class = "general", .run = plan_activate_job },
    { .kind = "tariff.notice",   .class = "general", .run = plan_notice_job },
    { .kind = "tariff.notify",   .class = "general", .run = plan_notify_job },
    { .kind = "tariff.impact",   .class = "general", .run = plan_impact_job },
    { .kind = "tariff.move",     .class = "general", .run = plan_move_job },
    { .kind = "import.validate", .class = "imports", .run = import_validate_job, .max_attempts = 4 },
    { .kind = "import.run",      .class = "imports", .run = import_run_job,      .max_attempts = 4 },
    { .kind = "import.rollback", .class = "imports", .run = import_rollback_job, .max_attempts = 4 },
    { .kind = "import.twin",     .class = "imports", .run = import_twin_job,     .max_attempts = 4 },
    { .kind = "utility.live",    .class = "general", .run = live_job,            .no_tx = true },
    { 0 }
};

static const JobSchedule setup_schedules[] = {
    { .code = "tariff_activate", .kind = "tariff.activate", .name = "Versions of plans come into force",
      .rule = "daily 00:00", .per_utility = true },
    { .code = "tariff_notice", .kind = "tariff.notice", .name = "Consumers are told of new prices",
      .rule = "daily 08:30", .per_utility = true },
    { 0 }
};

static const EventHandler setup_events[] = {
    { "job.failed",       "import.job_failed", import_job_failed },
    { "user.activated",   "setup.people",      guide_people_changed },
    { "user.deactivated", "setup.people",      guide_people_changed },
    { "role.changed",     "setup.people",      guide_people_changed },
    { 0 }
};

static const Machine *const setup_machines[] = { &area_machine, &tariff_plan, &tariff_plan_version, &import_batch,
    NULL };

extern const Module setup_module;
const Module setup_module = { .name = "setup", .routes = setup_routes, .jobs = setup_jobs, .schedules = setup_schedules,
                              .events = setup_events, .tabs = setup_tabs,
                              .machines = setup_machines, .start = setup_imports };
