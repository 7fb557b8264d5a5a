/*
 * What the guided set-up checks of this module (ONB-GUIDED; spec: configuration order). Words:
 * views/messages/en/guide.msg.
 */
#include "app/core/core.h"
#include "app/billing/billing.h"
#include "lib/db.h"
#include "lib/messages.h"

SETUP_CHECK(bx_gl, "/bx/gl-codes/mapping", "select exists (select 1 from gl_mapping where utility_id = ?)", c->utility)
/* Components of plans that are in use, fees and deposits are booked to a code that is there and of the right kind. */
SETUP_COUNT(bx_fees, "/plans/fees", "select (select count(*) from tariff_rate r join tariff_plan_version v "
            "on v.id = r.version_id and v.state in ('approved', 'active') where r.utility_id = ? and r.enabled = 1 "
            "and not exists (select 1 from gl_code g where g.utility_id = r.utility_id and g.code = r.gl_code "
            "and g.active = 1 and g.type in ('revenue', 'liability', 'expense') and (r.type <> 'tax' "
            "or g.type = 'liability'))) + (select count(*) from fee f where f.utility_id = ? and f.active = 1 "
            "and not exists (select 1 from gl_code g where g.utility_id = f.utility_id and g.code = f.gl_code "
            "and g.active = 1 and g.type = if(f.kind = 'deposit', 'liability', g.type)))", c->utility, c->utility)
SETUP_CHECK(bx_template, "/bx/gl-codes", "select exists (select 1 from bill_template t join bill_template_version v "
            "on v.template_id = t.id where t.utility_id = ? and t.is_default = 1 and v.state = 'active')", c->utility)
SETUP_CHECK(bx_cycle, "/bx/cycles", "select exists (select 1 from bill_cycle where utility_id = ?)", c->utility)
SETUP_CHECK(bx_late_fee, "/plans/late-fees", "select exists (select 1 from late_fee_rule where utility_id = ?)",
            c->utility)
SETUP_CHECK(live_trial, "/bx/runs", "select exists (select 1 from bill_run where utility_id = ? "
                                    "and (approver_id is not null or (mode = 'v1' and simulate_only = 0)) "
            "and billed_count >= 5)", c->utility)

const SetupCheckRow billing_setup_checks[] = {
    SETUP_ROW("billing_settings", bx_gl),
    SETUP_ROW("billing_settings", bx_fees),
    SETUP_ROW("billing_settings", bx_template),
    SETUP_ROW("billing_settings", bx_cycle),
    SETUP_ROW("billing_settings", bx_late_fee),
    SETUP_ROW("go_live", live_trial),
    { 0 }
};
