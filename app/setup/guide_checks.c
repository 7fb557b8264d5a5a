/*
 * What must hold in the steps that core and setup own, and before going live (spec: configuration order). Checks of
 * other modules stand in their setup_check.c. To add one: its line, its row, its words "setup.check.<name>" (what is
 * missing) and "setup.holds.<name>" (what holds) in views/messages/en/guide.msg.
 */
#include "app/setup/area.h"
#include "app/setup/step.h"

#include <string.h>

#include "lib/date.h"
#include "lib/db.h"
#include "lib/messages.h"

/* --- what was bought ---------------------------------------------------------------------------------------------- */

SETUP_CHECK(sub_ready, "/org/subscription", "select exists (select 1 from smart360.tenant where id = ? "
      "and status not in ('provisioning', 'failed'))", c->tenant)
/* Nothing is over what was bought; a limit that is not named is none. */
SETUP_CHECK(sub_volume, "/org/subscription", "select not exists (select 1 from smart360.subscription s "
      "join smart360.subscription_plan p on p.id = s.plan_id where s.tenant_id = ? and s.live = 1 and ("
      "json_value(p.limits, '$.utilities') < (select count(*) from utility where status <> 'closed') "
      "or json_value(p.limits, '$.accounts') < (select count(*) from account where status not in "
      "('closed', 'cancelled')) "
      "or json_value(p.limits, '$.seats') < (select count(*) from user where status in ('active', 'invited', "
      "'pending'))))", c->tenant)
SETUP_CHECK(sub_accepted, "/org/setup", "select exists (select 1 from user u join user_role ur on ur.user_id = u.id "
      "join role r on r.id = ur.role_id and r.code = 'tenant_admin' where u.status = 'active')")

/* --- organization, utility, people -------------------------------------------------------------------------------- */

SETUP_CHECK(org_currency,    "/org/setup/regional#f-currency", "select exists (select 1 from organization_setting "
                                           "where currency is not null)")
SETUP_CHECK(org_date_format, "/org/setup/regional#f-date_format", "select exists (select 1 from organization_setting "
                                           "where date_format is not null)")
SETUP_CHECK(org_time_zone,   "/org/setup/regional#f-time_zone", "select exists (select 1 from organization_setting "
                                           "where time_zone is not null)")

SETUP_CHECK(org_whereabouts, "/org/setup/details#f-contact_phone", "select exists (select 1 from organization_setting "
      "where contact_phone is not null and country is not null and city is not null)")
SETUP_CHECK(org_mailbox, "/org/setup/mailbox", "select exists (select 1 from organization_setting "
      "where mailbox_confirmed = admin_email)")

SETUP_CHECK(admins_two, "/org/admins/invite", "select count(distinct u.id) >= 2 from user u "
                                      "join user_role ur on ur.user_id = u.id "
      "join role r on r.id = ur.role_id where u.status = 'active' and r.code in ('tenant_admin', 'utility_admin')")
SETUP_CHECK(admins_factor, "/org/setup", "select not exists (select 1 from user u "
                                         "join user_role ur on ur.user_id = u.id "
      "join role r on r.id = ur.role_id where u.status = 'active' and (r.code = 'tenant_admin' "
      "or (r.code = 'utility_admin' and r.mfa_required = 1)) and not exists (select 1 from mfa_factor f "
      "where f.realm = 'staff' and f.user_id = u.id and f.kind = 'totp' and f.confirmed_at is not null))")

SETUP_COUNT(admins_expired, "/org/setup", "select count(distinct u.id) from user u "
      "join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id and r.code in ('tenant_admin', "
      "'utility_admin') where u.status = 'invitation_expired' or (u.status in ('invited', 'pending') and (select "
      "max(i.expires_at) from invitation i where i.user_id = u.id) <= ?)", c->now)

static const char *own_page(Ctx *c, const char *what) {
    return c->utility_code ? text(c, "/utilities/%s/%s", c->utility_code, what) : "/utilities/new";
}

SETUP_CHECK(utility_fields, own_page(c, "edit"), "select exists (select 1 from utility where id = ? and email <> '' "
      "and contact_phone <> '' and city <> '' and address <> '')", c->utility)
SETUP_CHECK(utility_admin, own_page(c, "progress"), "select exists (select 1 from user_role ur "
    "join user u on u.id = ur.user_id "
      "and u.status = 'active' join role r on r.id = ur.role_id where r.code = 'utility_admin' "
      "and r.utility_id = ?)", c->utility)

SETUP_CHECK(utility_seeds, own_page(c, "edit"), "select exists (select 1 from role where utility_id = ?) "
      "and exists (select 1 from id_format where utility_id = ?) and exists (select 1 from gl_code "
      "where utility_id = ?) and exists (select 1 from calendar where utility_id = ? and is_default = 1)", c->utility,
      c->utility, c->utility, c->utility)

SETUP_CHECK(staff_roles, "/users", "select count(distinct r.code) = 6 from role r "
                                   "join user_role ur on ur.role_id = r.id "
      "join user u on u.id = ur.user_id and u.status = 'active' where r.utility_id = ? and r.code in ('utility_admin', "
      "'billing_manager', 'meter_manager', 'cso_supervisor', 'cso', 'cashier')", c->utility)
SETUP_CHECK(staff_two_approve, "/users", "select count(distinct ur.user_id) >= 2 from user_role ur "
      "join user u on u.id = ur.user_id and u.status = 'active' join role r on r.id = ur.role_id "
      "join role_permission rp on rp.role_id = r.id join permission p on p.id = rp.permission_id "
      "where (r.utility_id = ? or r.utility_id is null) and p.`key` = 'core.tariffs:approve'", c->utility)

/* Of refunds and of corrections of bills: somebody may approve what another one made. */
#define TWO_FOR(key) "(select count(distinct ur.user_id) from user_role ur join user u on u.id = ur.user_id " \
    "and u.status = 'active' join role r on r.id = ur.role_id and (r.utility_id = ? or r.utility_id is null) " \
    "join role_permission rp on rp.role_id = r.id join permission p on p.id = rp.permission_id " \
    "where p.`key` in ('" key ":create', '" key ":approve')) >= 2 and exists (select 1 from user_role ur " \
    "join user u on u.id = ur.user_id and u.status = 'active' join role r on r.id = ur.role_id " \
    "and (r.utility_id = ? or r.utility_id is null) join role_permission rp on rp.role_id = r.id " \
    "join permission p on p.id = rp.permission_id where p.`key` = '" key ":approve')"
SETUP_CHECK(staff_two_refunds, "/users", "select " TWO_FOR("cis.refunds") " and " TWO_FOR("cis.credits"),
      c->utility, c->utility, c->utility, c->utility)
/* Areas come after people: it is counted as soon as there are some. */
SETUP_COUNT(staff_areas, "/users", "select count(distinct u.id) from user u join user_role ur on ur.user_id = u.id "
      "join role r on r.id = ur.role_id and r.code = 'field_executive' and r.utility_id = ? where u.status = 'active' "
      "and not exists (select 1 from user_role x where x.user_id = u.id and x.role_id = r.id "
      "and x.service_area_id is not null) and exists (select 1 from service_area a where a.utility_id = r.utility_id "
      "and a.level = 'sub_area' and a.status = 'active')", c->utility)
SETUP_CHECK(staff_policy, "/org/security", "select exists (select 1 from security_policy where idle_minutes <= 30 "
      "and concurrent_sessions <= 3)")
SETUP_CHECK(staff_factor, "/org/security", "select not exists (select 1 from role where code in ('tenant_admin', "
      "'utility_admin') and mfa_required = 0 and active = 1 and (utility_id = ? or utility_id is null))", c->utility)

/* --- core settings ------------------------------------------------------------------------------------------------ */

SETUP_CHECK(service, "/settings/services", "select exists (select 1 from utility_service where utility_id = ? "
            "and active = 1 and (unit is not null or metered = 0))", c->utility)
SETUP_CHECK(modules, "/settings/access", "select count(*) = 2 from module_activation where utility_id = ? "
            "and active = 1 and module in ('cis', 'bx')", c->utility)
SETUP_CHECK(departments, "/settings/roles", "select exists (select 1 from department where utility_id = ?) "
            "and not exists (select 1 from department d where d.utility_id = ? and d.active = 1 and not exists "
            "(select 1 from role o where o.department_id = d.id and o.active = 1))", c->utility, c->utility)
SETUP_CHECK(category, "/settings/categories", "select exists (select 1 from consumer_category where utility_id = ? "
            "and active = 1)", c->utility)
SETUP_CHECK(identity, "/settings/documents", "select exists (select 1 from document_type where utility_id = ? "
            "and active = 1 and purpose = 'identity')", c->utility)
SETUP_CHECK(contract, "/settings/contracts", "select exists (select 1 from contract_type where utility_id = ? "
            "and active = 1) or exists (select 1 from setting where utility_id = ? and `key` = 'core.no_contracts' "
            "and value = '1')", c->utility, c->utility)

/* --- calendar and territory --------------------------------------------------------------------------------------- */

SETUP_CHECK(calendar_week, "/calendar/hours", "select exists (select 1 from calendar k left join working_hours h "
            "on h.calendar_id = k.id where k.utility_id = ? and k.is_default = 1 and (h.working = 1 "
            "or k.always_open = 1))", c->utility)
#define HOLIDAYS_OF_A_YEAR "(select coalesce(sum(h.recurring = 'yearly_fixed' or h.holiday_date between ? " \
    "and ?) >= 5 and max(h.recurring = 'yearly_fixed' or h.holiday_date > ?), 0) from holiday h " \
    "join calendar k on k.id = h.calendar_id where k.utility_id = ? and k.is_default = 1)"
SETUP_CHECK(calendar_year, "/calendar", "select " HOLIDAYS_OF_A_YEAR, utility_today(c),
            date_add_months(utility_today(c), 12), date_add_months(utility_today(c), 9), c->utility)
SETUP_CHECK(area_any, "/areas", "select exists (select 1 from service_area where utility_id = ? "
            "and level = 'sub_area' and status = 'active')", c->utility)
SETUP_COUNT(area_branches, "/areas", "select count(*) from service_area a where a.utility_id = ? "
            "and a.status = 'active' and a.level <> 'sub_area' and not exists (select 1 from service_area k "
            "where k.parent_id = a.id and k.status = 'active')", c->utility)
static SetupCheck area_overlaps(Ctx *c) {
    int64_t n = area_overlaps_count(c);
    return (SetupCheck){ !n, msg_plural(c, c->language, "setup.check.area_overlaps", n, NULL), "/areas" };
}
SETUP_COUNT(area_managers, "/areas", "select count(*) from service_area where utility_id = ? and level = 'division' "
            "and status = 'active' and manager_user_id is null", c->utility)

/* --- plans and numbers -------------------------------------------------------------------------------------------- */

SETUP_CHECK(plans_any, "/plans", "select exists (select 1 from consumer_category where utility_id = ? and active = 1 "
      "and parent_id is null) and not exists (select 1 from consumer_category k "
      "where k.utility_id = ? and k.active = 1 "
      "and k.parent_id is null and not exists (select 1 from tariff_plan p where p.utility_id = k.utility_id "
      "and p.status = 'active' and json_contains(p.category_ids, cast(k.id as char))))", c->utility, c->utility)
SETUP_CHECK(plans_gl, "/plans", "select exists (select 1 from tariff_plan where utility_id = ? and status in "
      "('active', 'draft')) and not exists (select 1 from tariff_rate r join tariff_plan_version v "
      "on v.id = r.version_id join tariff_plan p on p.id = v.plan_id and (v.state in ('approved', 'active') "
      "or (p.status = 'draft' and v.state in ('draft', 'pending_approval'))) "
      "where r.utility_id = ? and r.enabled = 1 and not exists (select 1 "
      "from gl_code g where g.utility_id = r.utility_id and g.code = r.gl_code and g.active = 1))", c->utility,
      c->utility)
SETUP_CHECK(plans_two_people, "/plans", "select exists (select 1 from tariff_plan "
                                        "where utility_id = ? and status = 'active') "
      "and not exists (select 1 from tariff_plan_version where utility_id = ? and state in ('approved', 'active') "
      "and approved_by = submitted_by)", c->utility, c->utility)

/* What a request costs: every fee that a type of request names, and one of each kind of charge that requests make. */
static SetupCheck plans_fees(Ctx *c) {
    const char *missing = db_text(c, "select group_concat(x.name order by x.name separator ', ') from ("
        "select t.name from service_type t where t.utility_id = ? and t.active = 1 and t.fee_code is not null "
        "and not exists (select 1 from fee f where f.utility_id = t.utility_id and f.code = t.fee_code "
        "and f.active = 1 and (f.effective_to is null or f.effective_to >= ?)) union "
        "select k.name from charge_type k where k.utility_id = ? and k.code in ('CONNECTION_FEE', "
        "'DISCONNECTION_FEE', 'RECONNECTION_FEE', 'RETURNED_PAYMENT_FEE', 'SERVICE_FEE') and not exists (select 1 "
        "from fee f where f.utility_id = k.utility_id and f.charge_type = k.code and f.active = 1 "
        "and (f.effective_to is null or f.effective_to >= ?))) x", c->utility, utility_today(c), c->utility,
                                  utility_today(c));
    return (SetupCheck){ !missing, msg_format(c, c->language, "setup.check.plans_fees", { "names", missing }),
                         "/plans/fees" };
}

SETUP_CHECK(formats_all, "/id-formats", "select count(*) >= 26 from id_format where utility_id = ?", c->utility)
SETUP_CHECK(formats_differ, "/id-formats", "select count(*) = count(distinct parts, separator_char) from id_format "
      "where utility_id = ?", c->utility)

/* --- the old system's data, and before going live ----------------------------------------------------------------- */

SETUP_CHECK(import_failed, "/migration", "select not exists (select 1 from import_batch "
                                         "where utility_id = ? and state in "
      "('failed', 'validation_failed', 'importing', 'rolling_back', 'partly_rolled_back'))", c->utility)
SETUP_CHECK(import_any, "/migration", "select exists (select 1 from import_batch "
                                      "where utility_id = ? and state = 'completed')",
      c->utility)

SETUP_CHECK(import_equal, "/migration/reconcile", "select not exists (select 1 from import_batch where utility_id = ? "
      "and state not in ('cancelled', 'rolled_back') and json_value(control_totals, '$.is_equal') = 0)", c->utility)
SETUP_COUNT(import_errors, "/migration", "select count(*) from import_batch where utility_id = ? "
      "and state = 'completed_with_errors'", c->utility)
SETUP_CHECK(import_rehearsed, "/migration", "select exists (select 1 from import_batch where utility_id = ? "
      "and rolled_back_at is not null and state = 'rolled_back')", c->utility)

/* Every step that is not optional, but the last itself. */
static SetupCheck live_steps(Ctx *c) {
    StepNows all = steps_now(c);
    bool passed = true;
    for (size_t i = 0; i < all.n; i++) {
        const StepDef *d = all.v[i].def;
        passed &= d->is_optional || !strcmp(d->key, "go_live") || !strcmp(all.v[i].state, "signed_off");
    }
    return (SetupCheck){ passed, msg(c->language, "setup.check.live_steps"), "/setup" };
}
SETUP_CHECK(live_calendar, "/calendar", "select exists (select 1 from calendar k "
                                        "left join working_hours w on w.calendar_id = k.id where k.utility_id = ? "
      "and k.is_default = 1 and (w.working = 1 or k.always_open = 1)) and " HOLIDAYS_OF_A_YEAR, c->utility,
      utility_today(c), date_add_months(utility_today(c), 12), date_add_months(utility_today(c), 9), c->utility)
/* What was called off or taken back again counts for nothing. */
SETUP_CHECK(live_totals, "/migration", "select not exists (select 1 from import_batch where utility_id = ? "
      "and state not in ('cancelled', 'rolled_back') and json_value(control_totals, '$.is_equal') = 0)", c->utility)
SETUP_CHECK(live_backup, NULL, "select exists (select 1 from smart360.platform_setting "
                               "where name = concat('backup.', ?) "
      "and value > ?)", c->tenant_slug,
            time_iso(&c->mem, time_add_seconds(c->now, -86400)))

const SetupCheckRow setup_core_checks[] = {
    SETUP_ROW("subscription",    sub_ready),
    SETUP_ROW("subscription",    sub_volume),
    SETUP_ROW("subscription",    sub_accepted),
    SETUP_ROW("organization",    org_currency,    .weight = 40),
    SETUP_ROW("organization",    org_date_format, .weight = 30),
    SETUP_ROW("organization",    org_time_zone,   .weight = 30),
    SETUP_ROW("organization",    org_whereabouts, .optional = true),
    SETUP_ROW("organization",    org_mailbox,     .optional = true),
    SETUP_ROW("admins",          admins_two),
    SETUP_ROW("admins",          admins_factor),
    SETUP_ROW("admins",          admins_expired),
    SETUP_ROW("utility",         utility_fields),
    SETUP_ROW("utility",         utility_admin),
    SETUP_ROW("utility",         utility_seeds),
    SETUP_ROW("core_settings",   service),
    SETUP_ROW("core_settings",   modules),
    SETUP_ROW("core_settings",   departments),
    SETUP_ROW("core_settings",   category),
    SETUP_ROW("core_settings",   identity),
    SETUP_ROW("core_settings",   contract, .optional = true),
    SETUP_ROW("staff_access",    staff_roles),
    SETUP_ROW("staff_access",    staff_two_approve),
    SETUP_ROW("staff_access",    staff_two_refunds),
    SETUP_ROW("staff_access",    staff_areas,     .optional = true),
    SETUP_ROW("staff_access",    staff_policy,    .optional = true),
    SETUP_ROW("staff_access",    staff_factor,    .optional = true),
    SETUP_ROW("calendar",        calendar_week),
    SETUP_ROW("calendar",        calendar_year),
    SETUP_ROW("service_areas",   area_any),
    SETUP_ROW("service_areas",   area_branches),
    SETUP_ROW("service_areas",   area_overlaps),
    SETUP_ROW("service_areas",   area_managers, .optional = true),
    SETUP_ROW("pricing_billing", plans_any),
    SETUP_ROW("pricing_billing", plans_gl),
    SETUP_ROW("pricing_billing", plans_two_people),
    SETUP_ROW("pricing_billing", plans_fees),
    SETUP_ROW("id_formats",      formats_all),
    SETUP_ROW("id_formats",      formats_differ),
    SETUP_ROW("data_migration",  import_any),
    SETUP_ROW("data_migration",  import_failed),
    SETUP_ROW("data_migration",  import_equal),
    SETUP_ROW("data_migration",  import_rehearsed),
    SETUP_ROW("data_migration",  import_errors,   .optional = true),
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
