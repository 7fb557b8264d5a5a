/*
 * What the guided set-up checks of this module (ONB-GUIDED; spec: configuration order). Words:
 * views/messages/en/guide.msg.
 */
#include "app/core/core.h"
#include "app/hub/hub.h"
#include "lib/db.h"
#include "lib/messages.h"

SETUP_CHECK(hub_mail, "/integrations/messaging", "select exists (select 1 "
    "from message_provider where channel = 'email' "
            "and utility_key in (0, ?) and status = 'active' and enabled = 1)", c->utility)
SETUP_CHECK(hub_sms, "/integrations/messaging", "select exists (select 1 from message_provider where channel = 'sms' "
            "and utility_key in (0, ?) and status = 'active' and enabled = 1)", c->utility)
SETUP_CHECK(hub_gateway, "/integrations", "select exists (select 1 from gateway_account where utility_id = ? "
            "and status = 'active')", c->utility)
SETUP_CHECK(live_mail, "/integrations/messaging", "select exists (select 1 "
    "from message_provider where channel = 'email' "
            "and utility_key in (0, ?) and status = 'active' and last_verified_at is not null)", c->utility)

const SetupCheckRow hub_setup_checks[] = {
    SETUP_ROW("integrations", hub_mail),
    SETUP_ROW("integrations", hub_gateway, .optional = true),
    SETUP_ROW("integrations", hub_sms, .optional = true),
    SETUP_ROW("go_live", live_mail),
    { 0 }
};
