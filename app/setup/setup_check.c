/*
 * What must hold before a step of the configuration is complete (spec: configuration order). To add one: a row, its
 * function above, its words in views/messages/en/setup.msg.
 */
#include "app/setup/step.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/messages.h"

static SetupCheck say(Ctx *c, bool passed, const char *key, const char *link) {
    return (SetupCheck){ passed, msg(c->language, key), link };
}

/* --- service areas ------------------------------------------------------------------------------------------------ */

static SetupCheck area_any(Ctx *c) {
    return say(c, db_int(c, "select exists (select 1 from service_area where utility_id=? and level='sub_area' "
                            "and status='active')", c->utility) > 0, "setup.check.area_any", "/areas");
}

static SetupCheck area_branches(Ctx *c) {
    int64_t ends = db_int(c, "select count(*) from service_area a where a.utility_id=? and a.status='active' "
                             "and a.level<>'sub_area' and not exists (select 1 from service_area k "
                             "where k.parent_id=a.id and k.status='active')", c->utility);
    return (SetupCheck){ !ends, msg_plural(c, c->language, "setup.check.area_branches", ends, NULL), "/areas" };
}

static SetupCheck area_managers(Ctx *c) {
    int64_t without = db_int(c, "select count(*) from service_area where utility_id=? and level='division' "
                                "and status='active' and manager_user_id is null", c->utility);
    return (SetupCheck){ !without, msg_plural(c, c->language, "setup.check.area_managers", without, NULL), "/areas" };
}

/* --- calendar ----------------------------------------------------------------------------------------------------- */

static SetupCheck calendar_week(Ctx *c) {
    return say(c, db_int(c, "select exists (select 1 from calendar k left join working_hours h on h.calendar_id=k.id "
                            "where k.utility_id=? and k.is_default=1 and (h.working=1 or k.always_open=1))",
                         c->utility) > 0, "setup.check.calendar_week", "/calendar/hours");
}

static SetupCheck calendar_year(Ctx *c) {
    Date today = utility_today(c);
    return say(c, db_int(c, "select count(*) from holiday h join calendar k on k.id=h.calendar_id where k.utility_id=? "
                            "and k.is_default=1 and (h.recurring='yearly_fixed' or h.holiday_date between ? and ?)",
                         c->utility, today, date_add_months(today, 12)) >= 5
               && db_int(c, "select exists (select 1 from holiday h join calendar k on k.id=h.calendar_id "
                            "where k.utility_id=? and k.is_default=1 and (h.recurring='yearly_fixed' "
                            "or h.holiday_date > ?))", c->utility, date_add_months(today, 9)) > 0,
               "setup.check.calendar_year", "/calendar");
}

/* --- core settings ------------------------------------------------------------------------------------------------ */

static SetupCheck settings_service(Ctx *c) {
    return say(c, db_int(c, "select exists (select 1 from utility_service where utility_id=? and active=1 "
                            "and (unit is not null or metered=0))", c->utility) > 0, "setup.check.service",
               "/settings/services");
}

static SetupCheck settings_modules(Ctx *c) {
    return say(c, db_int(c, "select count(*) from module_activation where utility_id=? and active=1 "
                            "and module in ('cis', 'bx')", c->utility) == 2, "setup.check.modules", "/settings/access");
}

static SetupCheck settings_departments(Ctx *c) {
    return say(c, db_int(c, "select exists (select 1 from department where utility_id=?) and not exists (select 1 "
                            "from department d where d.utility_id=? and d.active=1 "
                            "and not exists (select 1 from role o "
                            "where o.department_id=d.id and o.active=1))", c->utility, c->utility) > 0,
               "setup.check.departments", "/settings/roles");
}

static SetupCheck settings_category(Ctx *c) {
    return say(c, db_int(c, "select exists (select 1 from consumer_category where utility_id=? and active=1)",
                         c->utility) > 0, "setup.check.category", "/settings/categories");
}

static SetupCheck settings_identity(Ctx *c) {
    return say(c, db_int(c, "select exists (select 1 from document_type where utility_id=? and active=1 "
                            "and purpose='identity')", c->utility) > 0, "setup.check.identity", "/settings/documents");
}

static SetupCheck settings_contract(Ctx *c) {
    return say(c, db_int(c, "select exists (select 1 from contract_type where utility_id=? and active=1)",
                         c->utility) > 0, "setup.check.contract", "/settings/contracts");
}

const SetupCheckRow setup_checks[] = {
    { "core_settings", "service",     "setup.service",     false, settings_service },
    { "core_settings", "modules",     "setup.modules",     false, settings_modules },
    { "core_settings", "departments", "setup.departments", false, settings_departments },
    { "core_settings", "category",    "setup.category",    false, settings_category },
    { "core_settings", "identity",    "setup.identity",    false, settings_identity },
    { "core_settings", "contract",    "setup.contract",    true,  settings_contract },
    { "calendar", "week",    "setup.calendar_week",    false, calendar_week },
    { "calendar", "year",    "setup.calendar_year",    false, calendar_year },
    { "service_areas", "any",      "setup.area_any",      false, area_any },
    { "service_areas", "branches", "setup.area_branches", false, area_branches },
    { "service_areas", "managers", "setup.area_managers", true,  area_managers },
    { 0 }
};
