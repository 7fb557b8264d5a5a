/*
 * Module setup: table of contents. Calendars, areas, tariffs and numbers of a utility, and its guided set-up; the keys
 * and paths are those of core (spec: module 1).
 */
#include "app/modules.h"
#include "app/setup/area.h"
#include "app/setup/pages.h"
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

    /* id_format.c: the draft goes back into the address and changes nothing, so it carries no token */
    GET ("/id-formats",                  "core.id_formats", VIEW, id_format_list),
    GET ("/id-formats/{entity}",         "core.id_formats", VIEW, id_format_page),
    GET ("/id-formats/{entity}/history", "core.id_formats", VIEW, id_format_history),
    POST("/id-formats/{entity}",         "core.id_formats", EDIT, id_format_save),
    POST("/id-formats/{entity}/draft",   "core.id_formats", EDIT, id_format_draft, .flags = OWN_PROOF),
    GET ("/plans",        "core.tariffs", VIEW, plan_list_page),
    GET ("/plans/{code}", "core.tariffs", VIEW, plan_page),
    { 0 }
};

static const Machine *const setup_machines[] = { &area_machine, NULL };

extern const Module setup_module;
const Module setup_module = { .name = "setup", .routes = setup_routes, .checks = setup_checks,
                              .machines = setup_machines };
