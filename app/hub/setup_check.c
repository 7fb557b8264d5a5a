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
/* Where money of online payments is booked. */
SETUP_CHECK(hub_gl, "/bx/gl-codes/mapping", "select count(*) = 3 from gl_role k join gl_code g on g.id = k.gl_code_id "
            "and g.active = 1 where k.utility_id = ? and k.posting_key in ('GATEWAY_CLEARING', 'BANK', "
            "'GATEWAY_FEES')", c->utility)
/* Of providers that send to the world; the sandbox has no domain. */
SETUP_CHECK(hub_dns, "/integrations/messaging", "select not exists (select 1 from message_provider "
            "where channel = 'email' and adapter <> 'fake' and utility_key in (0, ?) and status = 'active' "
            "and enabled = 1 and not (coalesce(json_value(dns_result, '$.spf.verdict'), '') = 'good' "
            "and coalesce(json_value(dns_result, '$.dkim.verdict'), '') = 'good' "
            "and coalesce(json_value(dns_result, '$.dmarc.verdict'), '') = 'good'))", c->utility)
SETUP_CHECK(live_mail, "/integrations/messaging", "select exists (select 1 "
    "from message_provider where channel = 'email' "
            "and utility_key in (0, ?) and status = 'active' and last_verified_at is not null)", c->utility)

/* What stands with a signature: what is on, with what it was set up, and since when it answers; no secret, not even its
   last characters. */
const char *integrations_values(Ctx *c) {
    return db_text(c,
        "select json_object('gateways', (select json_arrayagg(json_object('driver', driver, 'label', label, 'mode', "
        "mode, 'status', status, 'methods', json_compact(methods), 'currencies', json_compact(currencies), "
        "'min_minor', min_minor, 'max_minor', max_minor, 'fee_fixed_minor', fee_fixed_minor, 'fee_rate_ppm', "
        "fee_rate_ppm, 'fee_methods', json_compact(fee_methods), 'priority', priority, 'verified_at', "
        "cast(last_verified_at as char(19))) order by id) "
        "from gateway_account where utility_id = ? and status <> 'not_configured'), 'providers', (select "
        "json_arrayagg(json_object('key', `key`, 'channel', channel, 'adapter', adapter, 'name', name, 'from', "
        "from_id, 'status', status, 'enabled', enabled, 'priority', priority, 'verified_at', cast(last_verified_at as "
        "char(19))) order by id) from message_provider where utility_key in (0, ?) and status <> 'not_configured'))",
        c->utility, c->utility);
}

const SetupCheckRow hub_setup_checks[] = {
    SETUP_ROW("integrations", hub_mail),
    SETUP_ROW("integrations", hub_gl),
    SETUP_ROW("integrations", hub_dns, .optional = true),
    SETUP_ROW("integrations", hub_gateway, .optional = true),
    SETUP_ROW("integrations", hub_sms, .optional = true),
    SETUP_ROW("go_live", live_mail),
    { 0 }
};
