/*
 * The values of a step as they are signed off: JSON of the rows that were configured, for setup_step.snapshot
 * (ONB-GUIDED). Keys and secrets are not among them.
 */
#include <string.h>

#include "app/hub/hub.h"
#include "app/setup/guide.h"
#include "app/setup/promotion.h"
#include "app/setup/start.h"
#include "lib/db.h"

/* To add a step's: its statement, with a JSON value, and its row below. */
#define STEP_VALUES(name, ...) static const char *name(Ctx *c) { return db_text(c, __VA_ARGS__); }

STEP_VALUES(organization, "select json_object('name', name, 'admin_email', admin_email, 'currency', "
                          "currency, 'date_format', "
                          "date_format, 'time_format', time_format, 'time_zone', time_zone, "
                          "'number_format', number_format, "
                          "'language', default_language) from organization_setting")

STEP_VALUES(admins, "select json_arrayagg(json_object('email', u.email, 'role', r.code)) from user_role ur "
                    "join user u on u.id = ur.user_id and u.status = 'active' join role r on r.id = ur.role_id "
                    "where r.code in ('tenant_admin', 'utility_admin')")

STEP_VALUES(utility, "select json_object('code', code, 'name', name, 'email', email, 'phone', contact_phone, 'city', "
                     "city, 'address', address, 'currency', currency, 'time_zone', time_zone, 'rounding', "
                     "rounding_mode) from utility where id = ?", c->utility)

STEP_VALUES(core_settings, "select json_object("
             "'services', (select json_arrayagg(json_object('code', code, 'unit', unit, 'metered', metered)) "
             "from utility_service where utility_id = u.id and active = 1), "
             "'modules', (select json_arrayagg(module) from module_activation where utility_id = u.id and active = 1), "
             "'categories', (select json_arrayagg(json_object('code', code, 'name', name, 'credit_days', credit_days)) "
             "from consumer_category where utility_id = u.id and active = 1), "
             "'documents', (select json_arrayagg(code) from document_type where utility_id = u.id and active = 1), "
             "'contracts', (select json_arrayagg(json_object('code', code, 'version', version)) from contract_type "
             "where utility_id = u.id and active = 1)) from utility u where u.id = ?", c->utility)

STEP_VALUES(staff_access, "select json_arrayagg(json_object('role', r.code, 'people', (select count(*) "
                          "from user_role ur "
             "join user u on u.id = ur.user_id and u.status = 'active' where ur.role_id = r.id))) from role r "
             "where r.utility_id = ? and r.active = 1", c->utility)

STEP_VALUES(calendar, "select json_arrayagg(json_object('code', k.code, 'default', k.is_default, 'working_days', "
                      "(select count(*) from working_hours w where w.calendar_id = k.id "
                      "and w.working = 1), 'holidays', "
                      "(select json_arrayagg(h.holiday_date) from holiday h where h.calendar_id = k.id))) "
                      "from calendar k where k.utility_id = ?", c->utility)

STEP_VALUES(service_areas, "select json_arrayagg(json_object('path', path, 'name', name, 'level', "
                           "level)) from service_area "
                           "where utility_id = ? and status = 'active'", c->utility)

STEP_VALUES(pricing_billing, "select json_arrayagg(json_object('plan', p.code, 'version', v.version_no, 'from', "
                             "v.effective_from, 'state', v.state, 'rates', (select "
                             "json_arrayagg(json_object('code', r.code, 'rate_micro', "
                             "r.rate_micro, 'amount_minor', r.amount_minor, 'rate_ppm', r.rate_ppm, 'tiers', "
                             "(select json_arrayagg(json_array(t.upto_qty_micro, t.rate_micro)) from tariff_tier t "
             "where t.rate_id = r.id))) from tariff_rate r where r.version_id = v.id and r.enabled = 1))) "
             "from tariff_plan p join tariff_plan_version v on v.plan_id = p.id "
             "and v.state in ('approved', 'active') where p.utility_id = ?", c->utility)

STEP_VALUES(id_formats, "select json_arrayagg(json_object('entity', entity_type, 'parts', parts)) from id_format "
                        "where utility_id = ?", c->utility)

static const char *integrations_of(Ctx *c) { return c->utility.id ? integrations_values(c) : NULL; }

/* Of steps that other modules hold: their rows as a configuration file has them. */
static const char *configured(Ctx *c, const char *kinds) {
    Configuration here = configuration_of(c, kinds);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (size_t i = 0; i < here.n; i++) {
        const ConfigSet *s = &here.set[i];
        if (!s->rows || !config_kind_is_in(kinds, s->kind)) continue;
        json_open_list(&o, s->kind->kind);
        for (size_t k = 0; k < s->rows; k++) {
            json_open_object(&o, NULL);
            for (size_t v = 0; v < s->n; v++)
                if (s->row[k]->value[v] && *s->row[k]->value[v])
                    json_add_text(&o, s->name[v], s->row[k]->value[v]);
            json_close(&o);
        }
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

const char *setup_values(Ctx *c, const char *step_key) {
    static const struct { const char *key; const char *(*values)(Ctx *c); } steps[] = {
        { "organization",    organization },
        { "admins",          admins },
        { "utility",         utility },
        { "core_settings",   core_settings },
        { "staff_access",    staff_access },
        { "calendar",        calendar },
        { "service_areas",   service_areas },
        { "pricing_billing", pricing_billing },
        { "id_formats",      id_formats },
        { "integrations",    integrations_of },
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (!strcmp(steps[i].key, step_key)) return steps[i].values(c);
    const char *kinds = start_kinds(step_key);
    return kinds && c->utility.id ? configured(c, kinds) : NULL;
}
