/*
 * Looking up what set-up holds: categories, services, areas, plans in force, fees (ONB02US02, ONB02US05, ONB02US08).
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/core/size_rules.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/money.h"

#define CATEGORY_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, Id, parent_id) \
    F(T, int, credit_days) F(T, bool, tax_exempt) F(T, Id, default_tariff_plan_id)
ROW(CategoryRow, CATEGORY_ROW)

const Category *category_get(Ctx *c, Id id) {
    Category *kept = fact_get(c, "category", id.id);
    if (kept) return kept;
    CategoryRow *r = db_one(c, CategoryRow, "select id, code, name, parent_id, credit_days, tax_exempt, "
                                            "default_tariff_plan_id from consumer_category where id=? and utility_id=?",
                            id, c->utility);
    Category *one = take(c, sizeof *one);
    *one = (Category){ r->id, r->code, r->name, r->parent_id, r->credit_days, r->tax_exempt,
                       r->default_tariff_plan_id };
    return fact_keep(c, "category", id.id, one);
}

#define SERVICE_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, kind) \
    F(T, const char *, unit) F(T, bool, metered) F(T, int, decimals)
ROW(ServiceRow, SERVICE_ROW)

const Service *service_find(Ctx *c, const char *code) {
    ServiceRows *all = fact_get(c, "services", c->utility.id);
    if (!all) {
        all = take(c, sizeof *all);
        *all = db_all(c, ServiceRow, "select id, code, name, kind, unit, metered, decimals from utility_service "
                                     "where utility_id=? and active=1 order by sort", c->utility);
        fact_keep(c, "services", c->utility.id, all);
    }
    for (size_t i = 0; i < all->n; i++) {
        const ServiceRow *r = &all->v[i];
        if (strcmp(r->code, code)) continue;
        Service *one = take(c, sizeof *one);
        *one = (Service){ r->id, r->code, r->name, r->kind, r->unit, r->metered, r->decimals };
        return one;
    }
    return NULL;
}

Id area_find(Ctx *c, const char *code) {
    return db_id(c, "select coalesce(merged_into_id, id) from service_area where utility_id=? and code=?", c->utility,
                 code);
}

const char *area_label(Ctx *c, Id area) {
    const char *label = db_text(c, "select group_concat(up.name order by length(up.path) separator ' > ') "
                                   "from service_area a join service_area up on up.utility_id=a.utility_id "
                                   "and concat(a.path, '/') like concat(up.path, '/%') where a.id=?", area);
    return label ? label : "";
}

Id tariff_plan_find(Ctx *c, const char *code) {
    return db_id(c, "select id from tariff_plan where utility_id=? and code=?", c->utility, code);
}

#define FIT_ROW(F, T) F(T, bool, is_active) F(T, bool, service) F(T, bool, category) F(T, bool, sub_category) \
    F(T, bool, area) F(T, bool, ends) F(T, const char *, size_min) F(T, const char *, size_max)
ROW(FitRow, FIT_ROW)

const char *tariff_plan_refusal(Ctx *c, Id plan, const PlanTaker *t, Date on) {
    const FitRow *f = db_find(c, FitRow, "select p.status='active' as is_active, "
        PLAN_SERVES_SERVICE("p", "?") " as service, " PLAN_SERVES_CATEGORY("p", "?") " as category, "
        PLAN_SERVES_SUB_CATEGORY("p", "?") " as sub_category, " PLAN_SERVES_AREA("p", "?") " as area, "
        "coalesce(p.retire_on<=?, 0) as ends, p.meter_size_min as size_min, p.meter_size_max as size_max "
        "from tariff_plan p where p.id=? and p.utility_id=?",
        t->service_code, t->category, t->sub_category, t->sub_area, on, plan, c->utility);
    if (!f || !f->is_active) return "cis.entry.plan_unknown";
    if (f->ends) return "cis.entry.plan_retires";
    if (!f->service) return "cis.entry.plan_service";
    if (!f->category) return "cis.entry.plan_category";
    if (!f->sub_category) return "cis.entry.plan_sub_category";
    if (!f->area) return "cis.entry.plan_area";
    if (!meter_size_within(t->size, f->size_min, f->size_max)) return "cis.entry.plan_size";
    return tariff_version_at(c, plan, on).id ? NULL : "cis.entry.plan_prices";
}

Id tariff_version_at(Ctx *c, Id plan, Date date) {
    return db_id(c, "select id from tariff_plan_version where plan_id=? "
                    "and state in ('approved', 'active', 'superseded') and effective_from<=? and (effective_to is null "
                    "or effective_to>=?) order by effective_from desc, version_no desc limit 1", plan, date, date);
}

#define FEE_ROW(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, charge_type) \
    F(T, const char *, gl_code) F(T, const char *, post_mode) F(T, Money, amount_minor) F(T, const char *, kind) \
    F(T, bool, refundable) F(T, bool, taxable) F(T, const char *, tax_codes) F(T, const char *, formula)
ROW(FeeRow, FEE_ROW)

/* {"meter_size": {"5/8": 27500, ...}, "category": {"RES": 10000,
 * ...}}: minor units by the facts; else the flat amount. */
static Money fee_by_formula(Ctx *c, const FeeRow *r, const FeeFacts *facts) {
    if (!r->formula || !facts) return r->amount_minor;
    Json f = json_read(&c->mem, r->formula, strlen(r->formula), 65536, NULL);
    int64_t minor = r->amount_minor.minor;
    Json by = json_member(f, "meter_size");
    if (facts->meter_size) json_int(json_member(by, facts->meter_size), "", &minor);
    by = json_member(f, "category");
    if (facts->category_code) json_int(json_member(by, facts->category_code), "", &minor);
    return (Money){ minor };
}

const Fee *fee_amount(Ctx *c, const char *code, Date date, const FeeFacts *facts) {
    FeeRow *r = db_find(c, FeeRow, "select code, name, charge_type, gl_code, post_mode, amount_minor, kind, "
                                   "refundable, taxable, tax_codes, formula from fee where utility_id=? and code=? "
                                   "and active=1 and effective_from<=? "
                                   "and (effective_to is null or effective_to>=?) order by effective_from desc limit 1",
                        c->utility, code, date, date);
    if (!r) fail(c, INVALID, "There is no fee %s on %s.", code, date_iso(&c->mem, date));
    Fee *fee = take(c, sizeof *fee);
    *fee = (Fee){ r->code, r->name, r->charge_type, r->gl_code, r->post_mode, fee_by_formula(c, r, facts),
                  !strcmp(r->kind, "deposit"), r->refundable, r->taxable, r->tax_codes };
    return fee;
}
