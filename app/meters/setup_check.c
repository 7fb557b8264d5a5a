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

const SetupCheckRow meters_setup_checks[] = {
    SETUP_ROW("meter_settings", mx_model),
    SETUP_ROW("meter_settings", mx_format),
    SETUP_ROW("meter_settings", mx_codes),
    SETUP_ROW("meter_settings", mx_cycle),
    { 0 }
};
