/*
 * Fees and deposits, rebates, and the rates of all plans (ONB02US05): tabs of Plans & Tariffs. Other modules ask for a
 * fee by its code on a day (fee_amount): a new price is a new row from its day on.
 */
#include <string.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/resource.h"

static const Choice fee_kinds[] = { { "fee", "Fee" }, { "deposit", "Deposit" }, { 0 } };
static const Choice fee_modes[] = { { "immediate", "At once" }, { "on_bill", "On the next bill" }, { 0 } };
static const Choice rebate_groups[] = { { "low_income", "Low income" }, { "senior", "Senior" },
                                        { "disability", "Disability" }, { "hardship", "Hardship" },
                                        { "conservation", "Conservation" }, { "other", "Other" }, { 0 } };
static const Choice rebate_kinds[] = { { "fixed", "An amount a month" }, { "per_unit", "A price per unit" },
                                       { "percent", "A percentage" }, { 0 } };

#define GL_CODES "select code as value, concat(code, ' ', name) as label from gl_code where utility_id = ? " \
    "and active = 1 order by code"

static void days_check(Req *r, const Input *in) {
    if (in_given(in, "effective_to") && in_given(in, "effective_from")
        && in_date(in, "effective_to").day < in_date(in, "effective_from").day)
        problem(r, "effective_to", "%s", PLAN_SAY(r, "to_before"));
}

static void fee_check(Req *r, const Input *in, Id id) {
    days_check(r, in);
    if (!in_given(in, "amount_minor") && !db_int(r, "select count(*) from fee where id=? and formula is not null", id))
        problem(r, "amount_minor", "Enter amount.");
    if (in_given(in, "code") && in_given(in, "effective_from")
        && db_int(r, "select count(*) from fee where utility_id=? and code=? and effective_from=? and not id<=>?",
                  r->c.utility, in_text(in, "code"), in_date(in, "effective_from"), id))
        problem(r, "effective_from", "%s has a price from that day already.", in_text(in, "code"));
}

const Resource plan_fee = {
    .table = "fee", .path = "/plans/fees", .feature = "core.tariffs", .one = "fee or deposit",
    .many = "fees and deposits", .key = "public_id", .order = "code", .tabs = "plans",
    .fields = FIELDS {
        { "code",         "Code",        TEXT(2, 30), .chars = "A-Z0-9-", .flags = REQUIRED | UPPER | LIST | SEARCH
          | SORT },
        { "name",         "Name",        TEXT(3, 80), .flags = REQUIRED | LIST | SEARCH },
        { "kind",         "Kind",        CHOICE(fee_kinds), .flags = REQUIRED | LIST | FILTER },
        { "charge_type",  "Charge type", CHOICE(NULL), .flags = REQUIRED,
          .options = "select code as value, name as label from charge_type where utility_id = ? order by sort, code" },
        { "amount_minor", "Amount",      MONEY(0, 0), .flags = LIST,
          .hint = "Other amounts by meter size or category are entered on the page of the fee." },
        { "post_mode",    "Charged",     CHOICE(fee_modes), .flags = REQUIRED, .initial = "immediate" },
        { "taxable",      "Taxable",     BOOL },
        { "tax_codes",    "Taxes",       CHOICES(NULL), .options = "select code as value, max(name) as label "
          "from tax_code where utility_id = ? and active = 1 group by code order by code" },
        { "refundable",   "Refundable",  BOOL, .flags = LIST },
        { "gl_code",      "GL code",     CHOICE(NULL), .options = GL_CODES, .flags = REQUIRED | LIST },
        { "effective_from", "From",      DATE_FIELD,  .flags = REQUIRED | LIST },
        { "effective_to", "To",          DATE_FIELD,  .flags = LIST },
        { "active",       "Active",      BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check     = fee_check,
    .show      = plan_fee_amounts_show,
    .used_by   = "select count(*) from charge h join fee f on f.id = ? and h.fee_code = f.code "
                 "and h.utility_id = f.utility_id",
    .used_text = "charges",
};

static void rebate_check(Req *r, const Input *in, Id id) {
    days_check(r, in);
    const char *kind = in_text(in, "kind"), *needs = !kind ? NULL : !strcmp(kind, "fixed") ? "amount_minor"
        : !strcmp(kind, "percent") ? "rate_ppm" : "rate_micro";
    if (needs && !in_given(in, needs)) problem(r, needs, "%s", PLAN_SAY(r, "rebate_needs"));
    if (in_given(in, "code") && in_given(in, "effective_from")
        && db_int(r, "select count(*) from rebate_rule where utility_id=? and code=? and effective_from=? "
                     "and not id<=>?", r->c.utility, in_text(in, "code"), in_date(in, "effective_from"), id))
        problem(r, "effective_from", "%s has a rule from that day already.", in_text(in, "code"));
}

const Resource plan_rebate = {
    .table = "rebate_rule", .path = "/plans/rebates", .feature = "core.tariffs", .one = "rebate", .many = "rebates",
    .key = "public_id", .order = "code", .tabs = "plans",
    .intro = "Given to accounts with an approved enrolment; never more than the lines it is for.",
    .fields = FIELDS {
        { "code",           "Code",     TEXT(2, 20), .chars = "A-Z0-9-", .flags = REQUIRED | UPPER | LIST | SEARCH
          | SORT },
        { "name",           "Name",     TEXT(3, 80), .flags = REQUIRED | LIST | SEARCH },
        { "group",          "For",      CHOICE(rebate_groups), .flags = REQUIRED | LIST | FILTER },
        { "kind",           "Kind",     CHOICE(rebate_kinds), .flags = REQUIRED | LIST },
        { "amount_minor",   "Amount",   MONEY(0, 0), .flags = LIST },
        { "rate_micro",     "Price of a unit", PRICE(0, 1000000000000) },
        { "upto_qty_micro", "Up to so many units", QTY(0, 0) },
        { "rate_ppm",       "Percentage", PERCENT(0, 1000000), .flags = LIST },
        { "refs",           "Of these lines", CHOICES(NULL), .hint = "None ticked: all",
          .options = "select j.code as value, min(j.label) as label from utility u join (select utility_id, code, "
                     "concat(code, ', ', name) as label, 0 as place from charge_type where code in ('FIXED', 'USAGE', "
                     "'SEWER_FIXED', 'SEWER_USAGE', 'STORMWATER', 'DEMAND', 'FUEL_ADJ', 'SURCHARGE', 'SERVICE_FEE') "
                     "union all select x.utility_id, x.code, concat(x.code, ', ', x.label), 1 from tariff_rate x "
                     "join tariff_plan_version v on v.id = x.version_id and v.state in ('approved', 'active') "
                     "where x.type not in ('tax', 'rebate')) j on j.utility_id = u.id where u.id = ? group by j.code "
                     "order by min(j.place), j.code limit 100" },
        { "gl_code",        "GL code",  CHOICE(NULL), .options = GL_CODES },
        { "effective_from", "From",     DATE_FIELD,  .flags = REQUIRED | LIST },
        { "effective_to",   "To",       DATE_FIELD,  .flags = LIST },
        { "active",         "Active",   BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check     = rebate_check,
    .used_by   = "select count(*) from rebate_enrolment where rebate_rule_id = ?",
    .used_text = "enrolments",
};

static const Choice rate_types[] = {
    { "fixed", "Fixed" }, { "meter_size", "By meter size" }, { "flat", "Per unit" }, { "tiered", "Tiers" },
    { "flat_by_tier", "Amount by tier" }, { "seasonal", "Seasonal" }, { "tou", "Time of use" }, { "demand", "Demand" },
    { "wastewater", "Wastewater" }, { "stormwater", "Stormwater" }, { "minimum", "Minimum" }, { "maximum", "Maximum" },
    { "surcharge", "Surcharge" }, { "adjustment_factor", "Adjustment factor" }, { "rebate", "Rebate" },
    { "tax", "Tax" },
    { 0 } };

static const Choice rate_states[] = { { "draft", NULL }, { "pending_approval", NULL }, { "approved", NULL },
                                      { "active", NULL }, { "rejected", NULL }, { 0 } };

static const ListSpec library = {
    .name = "plan_rates", .one = "rate", .many = "rates", .path = "/plans/rates", .feature = "core.tariffs",
    .from = "tariff_rate x join tariff_plan_version v on v.id = x.version_id join tariff_plan p on p.id = v.plan_id",
    .where = "x.utility_id = ? and v.state not in ('superseded', 'withdrawn')", .id = "x.id",
    .columns = COLUMNS {
        { "code",    NULL, "x.code",  LIST | SORT | SEARCH, .link = "/plans/{plan}/versions/{version}",
          .kind = "code" },
        { "label",   NULL, "x.label", LIST | SORT | SEARCH, .place = "name" },
        { "type",    NULL, "x.type",  LIST | FILTER, .choices = rate_types },
        { "service", NULL, "x.service_code", LIST | FILTER,
          .options = "select code as value, name as label from utility_service where utility_id = ? order by sort" },
        { "plan",    NULL, "p.code",  LIST | SORT | SEARCH },
        { "version", NULL, "v.version_no", LIST },
        { "gl_code", NULL, "x.gl_code", LIST | SEARCH },
        { "state",   NULL, "v.state", LIST | FILTER, .choices = rate_states },
        { 0 } },
    .order = "code", .empty_title = "No rates yet" };

void plan_library_page(Req *r) {
    show_text(r, "page.title", PLAN_SAY(r, "library"));
    show_text(r, "page.sub", PLAN_SAY(r, "library_how"));
    page_tabs(r, "plans", "/plans/rates");
    list_show(r, &library, r->c.utility);
    if (!r->status) page(r, "layout/list");
}
