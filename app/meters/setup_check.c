/*
 * What the guided set-up checks of this module (ONB-GUIDED; spec: configuration order). Words:
 * views/messages/en/guide.msg.
 */
#include "app/core/core.h"
#include "app/meters/meters.h"
#include "lib/db.h"
#include "lib/messages.h"

SETUP_CHECK(mx_model, "/mx/settings/models", "select exists (select 1 from meter_model where utility_id = ?)",
            c->utility)
SETUP_CHECK(mx_format, "/mx/settings/formats", "select exists (select 1 from reading_format where utility_id = ?)",
            c->utility)
SETUP_CHECK(mx_codes, "/mx/settings", "select exists (select 1 from reading_status_code where utility_id = ?)",
            c->utility)
SETUP_CHECK(mx_cycle, "/mx/settings/routes", "select exists (select 1 from read_cycle k join read_cycle_route r "
            "on r.read_cycle_id = k.id where k.utility_id = ?)", c->utility)

/* Sub-areas that no route has, by themselves or by an area above them. */
SETUP_COUNT(mx_areas, "/mx/settings/routes", "with recursive covered (id) as (select distinct j.id from route r "
            "join json_table(r.area_ids, '$[*]' columns (id bigint path '$')) j where r.utility_id = ? "
            "union select s.id from covered k join service_area s on s.parent_id = k.id) "
            "select count(*) from service_area a where a.utility_id = ? and a.level = 'sub_area' "
            "and a.status = 'active' and a.id not in (select id from covered)", c->utility, c->utility)
SETUP_COUNT(mx_cycled, "/mx/settings/routes", "select count(*) from route r where r.utility_id = ? and not exists "
            "(select 1 from read_cycle_route k where k.route_id = r.id)", c->utility)
/* Reported when a meter cannot be read, and what follows from it. */
SETUP_CHECK(mx_exceptions, "/mx/settings", "select exists (select 1 from reading_reason_code where utility_id = ? "
            "and active = 1 and json_contains(contexts, '\"no_read\"'))", c->utility)
SETUP_CHECK(mx_store, "/mx/settings", "select exists (select 1 from store where utility_id = ? and active = 1)",
            c->utility)

const SetupCheckRow meters_setup_checks[] = {
    SETUP_ROW("meter_settings", mx_model),
    SETUP_ROW("meter_settings", mx_format),
    SETUP_ROW("meter_settings", mx_codes),
    SETUP_ROW("meter_settings", mx_cycle),
    SETUP_ROW("meter_settings", mx_areas),
    SETUP_ROW("meter_settings", mx_exceptions),
    SETUP_ROW("meter_settings", mx_store),
    SETUP_ROW("meter_settings", mx_cycled),
    { 0 }
};
