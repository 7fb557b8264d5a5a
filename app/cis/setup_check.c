/*
 * What the guided set-up checks of this module (ONB-GUIDED; spec: configuration order). Words:
 * views/messages/en/guide.msg.
 */
#include "app/core/core.h"
#include "app/cis/cis.h"
#include "lib/db.h"
#include "lib/messages.h"

SETUP_CHECK(cis_channel, "/cis/payment-config", "select exists (select 1 from payment_channel where utility_id = ? "
            "and active = 1)", c->utility)
SETUP_CHECK(cis_types, "/cis/payment-config", "select exists (select 1 from complaint_type where utility_id = ?) "
            "and exists (select 1 from service_type where utility_id = ?)", c->utility, c->utility)
/* A promise of every type of request, and a calendar to reckon it by. */
SETUP_COUNT(cis_promise, "/cis/payment-config", "select (select count(*) from service_type where utility_id = ? "
            "and active = 1 and (response_hours <= 0 or resolution_hours <= 0)) + (select not exists (select 1 "
            "from calendar where utility_id = ? and active = 1 and is_default = 1))", c->utility, c->utility)
SETUP_CHECK(live_channel, "/cis/payment-config", "select exists (select 1 from payment_channel where utility_id = ? "
            "and active = 1)", c->utility)

const SetupCheckRow cis_setup_checks[] = {
    SETUP_ROW("customer_settings", cis_channel),
    SETUP_ROW("customer_settings", cis_types),
    SETUP_ROW("customer_settings", cis_promise),
    SETUP_ROW("go_live", live_channel),
    { 0 }
};
