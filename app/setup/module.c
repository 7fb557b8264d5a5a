/*
 * Module setup: table of contents. Calendars, areas, tariffs and numbers of a utility, and its guided set-up; the keys
 * and paths are those of core (spec: module 1).
 */
#include "app/modules.h"
#include "app/setup/pages.h"

/* To add a page: its handler in pages.h and a row here. */
static const Route setup_routes[] = {
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

extern const Module setup_module;
const Module setup_module = { .name = "setup", .routes = setup_routes };
