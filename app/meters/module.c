/*
 * Module meters: table of contents.
 */
#include "app/meters/pages.h"
#include "app/modules.h"

static const Route meters_routes[] = {
    GET("/mx/meters",            "mx.device", VIEW, meter_list_page),
    GET("/mx/meters/{meter_no}", "mx.device", VIEW, meter_page),
    GET("/mx/reads",             "mx.reads",  VIEW, reading_list_page),
    GET("/mx/reads/due",         "mx.reads",  VIEW, reading_due_page),
    GET ("/mx/settings",        "mx.config", VIEW,   meter_settings_root),
    GET ("/mx/settings/routes", "mx.cycle",  VIEW,   meter_routes_page),
    POST("/mx/settings/routes", "mx.cycle",  CREATE, meter_routes_post),
    RESOURCE(meter_format), RESOURCE(manufacturer), RESOURCE(meter_model),
    { 0 }
};

static const EventHandler meters_events[] = {
    { "service_area.merged", "mx.area_merged", route_area_merged },
    { 0 }
};

extern const ConfigKind meters_configuration[];
extern const Module meters_module;
const Module meters_module = { .name = "meters", .routes = meters_routes, .events = meters_events,
                               .configuration = meters_configuration,
                               .checks = meters_setup_checks, .purges = meters_purges, .tabs = meters_tabs,
                               .start = meters_imports };
