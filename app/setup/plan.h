/*
 * What the pages of Plans & Tariffs share (ONB02US05). A version that was submitted never changes again; drafts are
 * edited on plan_version.c and plan_rate.c. Money is computed by billing alone (tariff_desk of billing.h).
 */
#ifndef APP_SETUP_PLAN_H
#define APP_SETUP_PLAN_H

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "app/core/size_rules.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/machine.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define PLAN(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, description) \
    F(T, const char *, kind) F(T, const char *, payment_mode) F(T, const char *, service_codes) \
    F(T, const char *, category_ids) F(T, const char *, sub_category_ids) F(T, const char *, area_ids) \
    F(T, const char *, meter_size_min) \
    F(T, const char *, meter_size_max) F(T, int, standard_days) F(T, const char *, proration_method) \
    F(T, const char *, rate_change_method) F(T, int, tolerance_days) F(T, const char *, currency) \
    F(T, int, eru_sqft) F(T, const char *, fallback_tou) F(T, const char *, status) F(T, Date, retired_on) \
    F(T, Date, retire_on) F(T, const char *, retire_reason) \
    F(T, int64_t, row_version)
ROW(Plan, PLAN)
#define PLAN_SELECT "select id, code, name, description, kind, payment_mode, service_codes, category_ids, " \
    "sub_category_ids, area_ids, meter_size_min, meter_size_max, standard_days, proration_method, " \
    "rate_change_method, tolerance_days, currency, eru_sqft, fallback_tou, status, retired_on, retire_on, " \
    "retire_reason, row_version " \
    "from tariff_plan "

#define PLAN_VERSION(F, T) F(T, Id, id) F(T, Id, plan_id) F(T, int, version_no) F(T, Date, effective_from) \
    F(T, Date, effective_to) F(T, const char *, state) F(T, const char *, change_reason) F(T, Id, submitted_by) \
    F(T, const char *, submitter) F(T, Time, submitted_at) F(T, const char *, approver) F(T, Time, approved_at) \
    F(T, const char *, decision_note) F(T, Id, created_by) F(T, const char *, impact) F(T, int64_t, row_version)
ROW(PlanVersion, PLAN_VERSION)
#define PLAN_VERSION_SELECT "select v.id, v.plan_id, v.version_no, v.effective_from, v.effective_to, v.state, " \
    "v.change_reason, v.submitted_by, s.full_name as submitter, v.submitted_at, a.full_name as approver, " \
    "v.approved_at, v.decision_note, v.created_by, v.impact, v.row_version from tariff_plan_version v " \
    "left join user s on s.id=v.submitted_by left join user a on a.id=v.approved_by "

#define PLAN_RATE(F, T) F(T, Id, id) F(T, Id, version_id) F(T, int, sequence) F(T, const char *, code) \
    F(T, const char *, label) F(T, const char *, type) F(T, const char *, charge_type) F(T, const char *, calc) \
    F(T, const char *, basis) F(T, bool, prorate) F(T, const char *, service_code) F(T, const char *, unit) \
    F(T, Price, rate_micro) F(T, Money, amount_minor) F(T, int64_t, rate_ppm) F(T, const char *, quantity) \
    F(T, int64_t, qty_percent_ppm) F(T, const char *, tier_mode) F(T, const char *, tier_period) \
    F(T, Quantity, included_qty_micro) F(T, bool, has_above) F(T, Quantity, above_qty_micro) F(T, bool, has_upto) \
    F(T, Quantity, upto_qty_micro) F(T, bool, has_cap) F(T, Price, cap_micro) F(T, const char *, rebate_group) \
    F(T, bool, has_minimum) F(T, Money, minimum_minor) \
    F(T, const char *, round_qty) F(T, const char *, tax_codes) \
    F(T, const char *, refs) F(T, const char *, tax_code) F(T, const char *, tiers_per) \
        F(T, const char *, season_code) \
    F(T, Date, valid_from) F(T, Date, valid_to) F(T, const char *, gl_code) F(T, bool, show_zero) F(T, bool, enabled) \
    F(T, const char *, labels)
ROW(PlanRate, PLAN_RATE)
#define PLAN_RATE_SELECT "select r.id, r.version_id, r.sequence, r.code, r.label, r.type, r.charge_type, r.calc, " \
    "r.basis, r.prorate, r.service_code, r.unit, r.rate_micro, r.amount_minor, r.rate_ppm, r.quantity, " \
    "r.qty_percent_ppm, r.tier_mode, r.tier_period, r.included_qty_micro, " \
    "r.above_qty_micro is not null as has_above, coalesce(r.above_qty_micro, 0) as above_qty_micro, " \
    "r.upto_qty_micro is not null as has_upto, coalesce(r.upto_qty_micro, 0) as upto_qty_micro, " \
    "r.cap_micro is not null as has_cap, coalesce(r.cap_micro, 0) as cap_micro, r.rebate_group, " \
    "r.minimum_minor is not null as has_minimum, coalesce(r.minimum_minor, 0) as minimum_minor, r.round_qty, " \
    "r.tax_codes, r.refs, r.tax_code, r.tiers_per, r.season_code, r.valid_from, r.valid_to, r.gl_code, " \
    "r.show_zero, r.enabled, r.labels from tariff_rate r "

#define PLAN_TIER(F, T) F(T, const char *, season) F(T, bool, unlimited) F(T, Quantity, upto_qty_micro) \
    F(T, const char *, upto_attribute) F(T, Price, rate_micro) F(T, Money, amount_minor)
ROW(PlanTier, PLAN_TIER)
#define PLAN_TIER_SELECT "select s.code as season, t.upto_qty_micro is null " \
                         "and t.upto_attribute is null as unlimited, " \
    "t.upto_qty_micro, t.upto_attribute, t.rate_micro, t.amount_minor from tariff_tier t " \
    "left join tariff_season s on s.id=t.season_id where t.rate_id=? order by t.season_key, t.seq"
#define PLAN_TOU(F, T) F(T, const char *, code) F(T, const char *, day_type) F(T, int, from_minute) \
    F(T, int, to_minute) F(T, Price, rate_micro) F(T, const char *, season_code)
ROW(PlanTou, PLAN_TOU)
#define PLAN_TOU_SELECT "select code, day_type, time_to_sec(from_time) div 60 as from_minute, " \
    "time_to_sec(to_time) div 60 as to_minute, rate_micro, season_code from tariff_tou_period " \
    "where rate_id=? order by id"
#define PLAN_SIZE(F, T) F(T, const char *, size) F(T, Money, amount_minor)
ROW(PlanSize, PLAN_SIZE)
#define PLAN_SIZE_SELECT "select size, amount_minor from tariff_meter_size_price where rate_id=? order by id"

#define PLAN_NAMED(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name)
ROW(PlanNamed, PLAN_NAMED)

extern const Machine tariff_plan, tariff_plan_version;

#define PLAN_SAY(r, key) msg((r)->c.language, "plan." key)

/* The plan of {code}, the version of {no} below it; NOT_FOUND otherwise. */
Plan        *plan_of_path(Req *r);
Plan        *plan_by_id(Ctx *c, Id id);
PlanVersion *plan_version_of_path(Req *r, const Plan *p);
PlanVersion *plan_version_by_id(Ctx *c, Id id);
/* The version in force on a day, else the newest one of any state; NULL when there is none. */
PlanVersion *plan_version_now(Ctx *c, Id plan, Date day);
PlanRates    plan_rates(Ctx *c, Id version);
/* "USAGE SEWER_USAGE": charge types that a component of the type may have, the usual one first; NULL: no such type. */
const char  *plan_rate_charges(const char *type);
/* "RES-VAR 2" of both, and a title with crumbs down to `here` (NULL: the version itself is the page). */
void plan_head(Req *r, const Plan *p, const PlanVersion *v, const char *here);
/* "0 to 5 at $4.50; to 10 at $6.75; above at $9.10", "$38.50 a month", "5 %" ... */
const char *plan_price_text(Req *r, const PlanRate *v);
/* Of a demand ratchet the percentage, in millionths; 0: none. */
Price plan_ratchet(const PlanRate *v);
/* Which version is meant: query `version` of plan `plan`; all zero when it is not named or not there. */
typedef struct PlanChoice { Plan *plan; PlanVersion *version; } PlanChoice;
PlanChoice plan_choice(Req *r, const char *value);
/* Options "RES-VAR" (in force by day) and "RES-VAR/2, draft" of a select. */
void plan_options(Req *r, FormView *v, const char *field);
/* Connections on the plan that are not closed. */
int64_t plan_subscribers(Ctx *c, Id plan);
/* Their last billed day; DATE_NONE: none was billed. */
Date plan_billed_until(Ctx *c, Id plan);
/* Texts of a JSON list, at most `most`. */
size_t plan_texts(Ctx *c, const char *json, const char **to, size_t most);
const char *plan_list_json(Ctx *c, const char *const *v, size_t n);
/* The components of a version at a section; `edit`: the path that leads to each, or NULL. */
void plan_components(Req *r, const char *section, const PlanVersion *v, const char *edit);
/* Copies components with their tiers, periods and sizes; seasons of another plan are found by their codes. */
void plan_rates_copy(Ctx *c, const PlanVersion *from, Id to_version, Id to_plan);
void plan_rate_copy_one(Ctx *c, const PlanVersion *from, const char *code, const PlanVersion *to);
/* A draft version of the plan; its number. */
int  plan_version_add(Ctx *c, Id plan, Date from, const char *reason, Id *id);
/* Why the version cannot be submitted: the first thing that is missing or wrong; NULL when nothing is. */
const char *plan_version_problem(Ctx *c, const PlanVersion *v);
/* Fails CONFLICT unless the version is a draft; its row is locked and counts one change more. */
void plan_draft_lock(Ctx *c, const PlanVersion *v);
/* Why the plan is not retired now: connections that are on it. What goes with it; the retirement that waits, said on
   the plan's page; those that are due. */
Refusal plan_retire_refusal(Ctx *c, Id id);
void    plan_retired(Ctx *c, Id id, void *arg);
void    plan_show_retirement(Req *r, const Plan *p);
void    plan_retire_due(Ctx *c);
/* Every bill line of a result with the arithmetic that led to it. */
void plan_bill_table(Req *r, const char *section, const char *title, const TariffBill *bill);
/* Bars for a wide and a narrow page at <section>.chart. */
struct Chart;
void plan_chart(Req *r, const char *section, const struct Chart *chart);

/* The effect on at most so many connections of the plan by their last bill: {"accounts":..., ...}; NULL: nobody. */
typedef struct PlanImpact {
    int64_t accounts, losers, winners, same, without;
    Money   before, after, worst, best;
} PlanImpact;
PlanImpact plan_impact_sample(Ctx *c, const PlanVersion *v, int64_t most);
const char *plan_impact_json(Ctx *c, const PlanImpact *i);

/* Uses a month of 30 days that stand for the plan's consumers, rising, at most 5; how many. */
int  plan_typical_uses(Ctx *c, Id plan, Quantity *to);
typedef struct PlanUses { int n; const Quantity *quantity; const char *unit, *before_name, *after_name;
                          Money before[8], after[8]; } PlanUses;
/* A chart and a table of what both make of each use. */
void plan_show_uses(Req *r, const char *section, const PlanUses *u);
/* A household of one dwelling and one ERU that stands for many: its meter, 30 days, and of the week's hours the share
   of each time-of-use period, which it uses evenly. */
typedef struct PlanHome { const char *size; Date from, to; const TariffFact *shares; int share_n; bool is_enrolled; }
    PlanHome;
/* Sizes of meters that the version has prices for, the smallest first; how many. */
enum { PLAN_SIZES_MOST = 30 };
size_t plan_sizes(Ctx *c, const PlanVersion *v, const char **to);
/* 30 days from the version's first day, or of the season (NULL: none) that begins next; the size NULL: the smallest. */
PlanHome plan_home(Ctx *c, const Plan *p, const PlanVersion *v, const char *size, const char *season);
/* refusal: why there is no bill, when one is asked for and there is none. */
Money    plan_bill_of(TariffDesk *d, Quantity q, const PlanHome *home, const TariffTry *tries, int n,
                      const char **refusal);

#endif
