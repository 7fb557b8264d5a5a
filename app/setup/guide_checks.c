/*
 * What must hold in the steps that core and setup own, and before going live (spec: configuration order). Checks of
 * other modules stand in their setup_check.c. To add one: its line, its row, its words "setup.check.<name>" (what is
 * missing) and "setup.holds.<name>" (what holds) in views/messages/en/guide.msg.
 */
#include "app/setup/step.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/messages.h"

SETUP_CHECK(org_currency,    "/org/setup", "select exists (select 1 from organization_setting "
                                           "where currency is not null)")
SETUP_CHECK(org_date_format, "/org/setup", "select exists (select 1 from organization_setting "
                                           "where date_format is not null)")
SETUP_CHECK(org_time_zone,   "/org/setup", "select exists (select 1 from organization_setting "
                                           "where time_zone is not null)")

SETUP_CHECK(admins_two, "/org/setup", "select count(distinct u.id) >= 2 from user u "
                                      "join user_role ur on ur.user_id = u.id "
      "join role r on r.id = ur.role_id where u.status = 'active' and r.code in ('tenant_admin', 'utility_admin')")
SETUP_CHECK(admins_factor, "/org/setup", "select not exists (select 1 from user u "
                                         "join user_role ur on ur.user_id = u.id "
      "join role r on r.id = ur.role_id where u.status = 'active' and r.code = 'tenant_admin' and not exists (select 1 "
      "from mfa_factor f where f.realm = 'staff' and f.user_id = u.id and f.kind = 'totp' "
      "and f.confirmed_at is not null))")

SETUP_CHECK(utility_fields, "/utilities", "select exists (select 1 from utility where id = ? and email <> '' "
      "and contact_phone <> '' and city <> '' and address <> '')", c->utility)
SETUP_CHECK(utility_admin, "/users", "select exists (select 1 from user_role ur join user u on u.id = ur.user_id "
      "and u.status = 'active' join role r on r.id = ur.role_id where r.code = 'utility_admin' "
      "and r.utility_id = ?)", c->utility)

SETUP_CHECK(staff_roles, "/users", "select count(distinct r.code) = 6 from role r "
                                   "join user_role ur on ur.role_id = r.id "
      "join user u on u.id = ur.user_id and u.status = 'active' where r.utility_id = ? and r.code in ('utility_admin', "
      "'billing_manager', 'meter_manager', 'cso_supervisor', 'cso', 'cashier')", c->utility)
SETUP_CHECK(staff_two_approve, "/users", "select count(distinct ur.user_id) >= 2 from user_role ur "
      "join user u on u.id = ur.user_id and u.status = 'active' join role r on r.id = ur.role_id "
      "join role_permission rp on rp.role_id = r.id join permission p on p.id = rp.permission_id "
      "where (r.utility_id = ? or r.utility_id is null) and p.`key` = 'core.tariffs:approve'", c->utility)

SETUP_CHECK(plans_any, "/plans", "select exists (select 1 from consumer_category where utility_id = ? and active = 1 "
      "and parent_id is null) and not exists (select 1 from consumer_category k "
      "where k.utility_id = ? and k.active = 1 "
      "and k.parent_id is null and not exists (select 1 from tariff_plan p where p.utility_id = k.utility_id "
      "and p.status = 'active' and json_contains(p.category_ids, cast(k.id as char))))", c->utility, c->utility)
SETUP_CHECK(plans_gl, "/plans", "select exists (select 1 from tariff_plan where utility_id = ? and status = 'active') "
      "and not exists (select 1 from tariff_rate r join tariff_plan_version v on v.id = r.version_id "
      "and v.state in ('approved', 'active') where r.utility_id = ? and r.enabled = 1 and not exists (select 1 "
      "from gl_code g where g.utility_id = r.utility_id and g.code = r.gl_code and g.active = 1))", c->utility,
      c->utility)
SETUP_CHECK(plans_two_people, "/plans", "select exists (select 1 from tariff_plan "
                                        "where utility_id = ? and status = 'active') "
      "and not exists (select 1 from tariff_plan_version where utility_id = ? and state in ('approved', 'active') "
      "and approved_by = submitted_by)", c->utility, c->utility)

SETUP_CHECK(formats_all, "/id-formats", "select count(*) >= 26 from id_format where utility_id = ?", c->utility)
SETUP_CHECK(formats_differ, "/id-formats", "select count(*) = count(distinct parts, separator_char) from id_format "
      "where utility_id = ?", c->utility)

SETUP_CHECK(import_failed, "/migration", "select not exists (select 1 from import_batch "
                                         "where utility_id = ? and state in "
      "('failed', 'validation_failed', 'importing', 'rolling_back', 'partly_rolled_back'))", c->utility)
SETUP_CHECK(import_any, "/migration", "select exists (select 1 from import_batch "
                                      "where utility_id = ? and state = 'completed')",
      c->utility)

SETUP_CHECK(live_steps, "/setup", "select count(*) = 0 from (select 'organization' k union select 'core_settings' "
      "union select 'staff_access' union select 'calendar' union select 'service_areas' union select 'pricing_billing' "
      "union select 'id_formats' union select 'customer_settings' union select 'meter_settings' "
      "union select 'billing_settings') n where not exists (select 1 from setup_step s where s.step_key = n.k "
      "and s.utility_key in (0, ?) and s.state = 'signed_off')", c->utility)
SETUP_CHECK(live_calendar, "/calendar", "select exists (select 1 from calendar k "
                                        "join working_hours w on w.calendar_id = k.id "
      "and w.working = 1 where k.utility_id = ? and k.is_default = 1) and exists (select 1 from calendar k "
      "join holiday h on h.calendar_id = k.id where k.utility_id = ? and k.is_default = 1 "
      "and h.holiday_date > ? + interval 6 month)", c->utility, c->utility, utility_today(c))
SETUP_CHECK(live_totals, "/migration", "select not exists (select 1 from import_batch where utility_id = ? "
      "and json_value(control_totals, '$.is_equal') = 0)", c->utility)
SETUP_CHECK(live_backup, NULL, "select exists (select 1 from smart360.platform_setting "
                               "where name = concat('backup.', ?) "
      "and value > ?)", c->tenant_slug,
            time_iso(&c->mem, time_add_seconds(c->now, -86400)))

const SetupCheckRow setup_core_checks[] = {
    SETUP_ROW("organization",    org_currency,    .weight = 40),
    SETUP_ROW("organization",    org_date_format, .weight = 30),
    SETUP_ROW("organization",    org_time_zone,   .weight = 30),
    SETUP_ROW("admins",          admins_two),
    SETUP_ROW("admins",          admins_factor),
    SETUP_ROW("utility",         utility_fields),
    SETUP_ROW("utility",         utility_admin),
    SETUP_ROW("staff_access",    staff_roles),
    SETUP_ROW("staff_access",    staff_two_approve),
    SETUP_ROW("pricing_billing", plans_any),
    SETUP_ROW("pricing_billing", plans_gl),
    SETUP_ROW("pricing_billing", plans_two_people),
    SETUP_ROW("id_formats",      formats_all),
    SETUP_ROW("id_formats",      formats_differ),
    SETUP_ROW("data_migration",  import_any),
    SETUP_ROW("data_migration",  import_failed),
    SETUP_ROW("go_live",         live_steps),
    SETUP_ROW("go_live",         plans_any),
    SETUP_ROW("go_live",         plans_gl),
    SETUP_ROW("go_live",         formats_all),
    SETUP_ROW("go_live",         live_calendar),
    SETUP_ROW("go_live",         staff_roles),
    SETUP_ROW("go_live",         live_totals),
    SETUP_ROW("go_live",         import_failed),
    SETUP_ROW("go_live",         live_backup),
    { 0 }
};
