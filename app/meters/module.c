/*
 * Module meters: table of contents.
 */
#include "app/meters/pages.h"
#include "app/modules.h"

static const Route meters_routes[] = {
    GET("/mx/meters",            "mx.device", VIEW, meter_list_page),
    GET("/mx/meters/{meter_no}", "mx.device", VIEW, meter_page),
    { 0 }
};

static const EventHandler meters_events[] = {
    { "service_area.merged", "mx.area_merged", route_area_merged },
    { 0 }
};

extern const Module meters_module;
const Module meters_module = { .name = "meters", .routes = meters_routes, .events = meters_events,
                               .checks = meters_setup_checks, .start = meters_imports };
