/*
 * Components of a draft version (ONB02US05): every type of rate with the fields it has, its tiers, periods or sizes as
 * lines. What people choose is the type; what the engine reads (charge_type, calc, basis, quantity) follows from it.
 * To add a type: a row in types, its word in views/messages (plan.type.<type>), and what it stores in rate_of.
 */
#include <string.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "app/setup/plan_rules.h"
#include "lib/json.h"

enum { FIELDS_MOST = 32, CHOICES_MOST = 120, LINES_MOST = 50, LINES_SHOWN = 4, NAMES_MOST = 40, LANGUAGES_MOST = 4 };
enum {
    CHARGE = 1, CALC = 2, AMOUNT = 4, RATE = 8, PERCENT_OF = 16, BASIS = 32, COUNT = 64, QUANTITY = 128, SHARE = 256,
    CAP = 512, MODE = 1024, PER = 2048, INCLUDED = 4096, REFS = 8192, TAXES = 16384, TAX = 32768, DATES = 65536,
    ROUND = 131072, LIMIT = 262144, MAY_BE_NEGATIVE = 524288, RATCHET = 1048576, LEAST = 2097152,
    ONE_SEASON = 4194304, GROUP = 8388608, RANGE = 16777216, CAPPED = 33554432,
    PRICED = TAXES | LEAST | ONE_SEASON | RANGE
};
typedef enum { NO_LINES, TIERS, AMOUNTS, SEASON_TIERS, TOU, SIZES } LineKind;

static const struct RateType { const char *type, *charges, *calc; unsigned has; LineKind lines; } types[] = {
    { "fixed",      "FIXED SEWER_FIXED METER_RENT SERVICE_FEE", "flat", CHARGE | AMOUNT | BASIS | COUNT | PRICED, 0 },
    { "meter_size", "FIXED SEWER_FIXED", "flat", CHARGE | BASIS | PRICED, SIZES },
    { "flat",       "USAGE SEWER_USAGE FUEL_ADJ", "per_unit", CHARGE | RATE | QUANTITY | SHARE | INCLUDED | ROUND
                    | PRICED, 0 },
    { "tiered",     "USAGE SEWER_USAGE", "tiered", CHARGE | MODE | PER | QUANTITY | SHARE | INCLUDED | ROUND | PRICED,
                    TIERS },
    { "flat_by_tier", "USAGE FIXED SEWER_USAGE", "flat_by_tier", CHARGE | BASIS | MODE | QUANTITY | PRICED, AMOUNTS },
    { "seasonal",   "USAGE SEWER_USAGE", "tiered", CHARGE | MODE | QUANTITY | SHARE | INCLUDED | TAXES | LEAST | RANGE,
                    SEASON_TIERS },
    { "tou",        "USAGE", "tou", CHARGE | TAXES | LEAST | RANGE, TOU },
    { "demand",     "DEMAND", "per_unit", RATE | RATCHET | PRICED, 0 },
    { "wastewater", "SEWER_USAGE", "per_unit", CALC | RATE | SHARE | CAP | PERCENT_OF | REFS | PRICED, 0 },
    { "stormwater", "STORMWATER", "per_unit", RATE | PRICED, 0 },
    { "minimum",    "MIN_BILL", "flat", AMOUNT | REFS | TAXES, 0 },
    { "maximum",    "MIN_BILL", "flat", AMOUNT | REFS | TAXES, 0 },
    { "surcharge",  "SURCHARGE SERVICE_FEE", "flat", CHARGE | CALC | AMOUNT | BASIS | RATE | PERCENT_OF | REFS | TAXES
                    | ONE_SEASON | DATES | MAY_BE_NEGATIVE | RANGE | CAPPED, 0 },
    { "adjustment_factor", "FUEL_ADJ SURCHARGE", "per_unit", CHARGE | CALC | AMOUNT | BASIS | RATE | PERCENT_OF | REFS
                    | TAXES | ONE_SEASON | DATES | MAY_BE_NEGATIVE | RANGE | CAPPED, 0 },
    { "rebate",     "DISCOUNT SUBSIDY", "percent", GROUP | CHARGE | CALC | AMOUNT | BASIS | RATE | LIMIT | PERCENT_OF
                    | REFS | DATES | ONE_SEASON | RANGE | CAPPED, 0 },
    { "tax",        "TAX", "percent", TAX | REFS, 0 },
    { 0 }
};
typedef struct RateType RateType;

static const Choice bases[] = { { "per_month", "A month" }, { "per_bill", "A bill" }, { "per_day", "A day" },
                                { "per_year", "A year" }, { 0 } };
static const Choice calcs[] = { { "flat", "An amount" }, { "per_unit", "A price per unit" },
                                { "percent", "A percentage of other lines" }, { 0 } };
static const Choice sewer_calcs[] = { { "per_unit", "A share of the water volume" },
                                      { "percent", "A percentage of the water charge" }, { 0 } };
static const Choice modes[] = { { "marginal", "Each unit at the price of its tier" },
                                { "whole", "All units at the price of the tier reached" }, { 0 } };
static const Choice periods[] = { { "month", "A month, by days" }, { "bill", "A bill, never by days" },
                                  { "day", "A day" }, { 0 } };
static const Choice rounds[] = { { "none", "Exact" }, { "up_to_unit", "Up to the next unit" }, { 0 } };
static const Choice caps[] = { { "usage", "No limit" }, { "min(usage,winter_average)", "Winter average" }, { 0 } };
static const Choice groups[] = { { "any", "All enrolled in a rebate" }, { "low_income", "Low income" },
                                 { "senior", "Senior" }, { "disability", "Disability" }, { "hardship", "Hardship" },
                                 { "conservation", "Conservation" }, { "other", "Other" }, { 0 } };
static const Choice counts[] = { { "one", "Once" }, { "dwelling_units", "For each dwelling" },
                                 { "eru", "For each ERU" },
                                 { "connected_load", "For each kW of connected load" }, { 0 } };

#define PRICE_MOST 1000000000000

/* In the order of the form; `when`: 0 always. */
static const struct RateField { Field f; unsigned when; } rate_fields[] = {
    { { "code",         "Code",          TEXT(1, 30), .chars = "A-Z0-9_-",
        .chars_text = "Use capital letters, digits and dashes.", .flags = REQUIRED | UPPER,
        .hint = "The same in all versions of the plan" }, 0 },
    { { "label",        "On the bill",   TEXT(1, 80), .flags = REQUIRED }, 0 },
    { { "sequence",     "Order",         INT(1, 999), .flags = REQUIRED }, 0 },
    { { "charge_type",  "Charge type",   CHOICE(NULL), .flags = REQUIRED }, CHARGE },
    { { "group",        "For",           CHOICE(groups), .flags = REQUIRED, .initial = "any",
        .hint = "Accounts with an approved enrolment" }, GROUP },
    { { "service",      "Service",       CHOICE(NULL), .flags = REQUIRED }, 0 },
    { { "gl_code",      "GL code",       CHOICE(NULL) }, 0 },
    { { "tax_code",     "Tax",           CHOICE(NULL), .flags = REQUIRED }, TAX },
    { { "calc",         "Computed as",   CHOICE(calcs), .flags = REQUIRED }, CALC },
    { { "amount",       "Amount",        MONEY(0, 0) }, AMOUNT },
    { { "basis",        "For",           CHOICE(bases), .flags = REQUIRED, .initial = "per_month" }, BASIS },
    { { "prorate",      "By days in partial periods", BOOL, .initial = "1" }, BASIS },
    { { "count",        "Counted",       CHOICE(counts), .flags = REQUIRED, .initial = "one" }, COUNT },
    { { "rate",         "Price of a unit", PRICE(0, PRICE_MOST) }, RATE },
    { { "ratchet",      "At least", PERCENT(0, 1000000),
        .hint = "Of the highest demand of the last twelve months; empty: none" }, RATCHET },
    { { "limit",        "Up to so many units", QTY(0, 0), .hint = "Empty: all units" }, LIMIT },
    { { "percent",      "Percentage",    PERCENT(0, 1000000) }, PERCENT_OF },
    { { "cap_price",    "At most a unit", PRICE(0, PRICE_MOST), .hint = "Of a percentage; empty: no limit" }, CAPPED },
    { { "share",        "Share of the volume", PERCENT(0, 1000000), .initial = "100" }, SHARE },
    { { "cap",          "At most",       CHOICE(caps), .flags = REQUIRED, .initial = "usage" }, CAP },
    { { "quantity",     "Quantity",      TEXT(1, 60), .initial = "usage",
        .hint = "usage, an attribute (eru, connected_load), or min(usage,winter_average)" }, QUANTITY },
    { { "included",     "Free quantity", QTY(0, 0) }, INCLUDED },
    { { "above",        "Only when the use is above", QTY(0, 0), .hint = "Of the whole bill; empty: always" }, RANGE },
    { { "upto",         "Only when the use is at most", QTY(0, 0), .hint = "Of the whole bill; empty: always" },
      RANGE },
    { { "minimum",      "Line at least", MONEY(0, 0), .hint = "Empty: no least amount of its own" }, LEAST },
    { { "season",       "Only in season", CHOICE(NULL), .hint = "Empty: all year" }, ONE_SEASON },
    { { "round_qty",    "Quantity is taken", CHOICE(rounds), .flags = REQUIRED, .initial = "none" }, ROUND },
    { { "tier_mode",    "Tiers",         CHOICE(modes), .flags = REQUIRED, .initial = "marginal" }, MODE },
    { { "tier_period",  "Limits are for", CHOICE(periods), .flags = REQUIRED, .initial = "month" }, MODE },
    { { "tiers_per",    "Limits times",  TEXT(1, 40), .hint = "An attribute, as dwelling_units; empty: 1" }, PER },
    { { "refs",         "Of these lines", CHOICES(NULL), .hint = "None ticked: all" }, REFS },
    { { "taxes",        "Taxes on it",   CHOICES(NULL) }, TAXES },
    { { "valid_from",   "From",          DATE_FIELD }, DATES },
    { { "valid_to",     "To",            DATE_FIELD }, DATES },
    { { "show_zero",    "Shown when it is zero", BOOL }, 0 },
    { { "enabled",      "In use",        BOOL, .initial = "1" }, 0 },
};
enum { RATE_FIELDS = sizeof rate_fields / sizeof *rate_fields };

typedef Choice Choices[CHOICES_MOST + 1];
typedef struct RateForm {
    const RateType *type;
    Form            form;
    Field           fields[FIELDS_MOST];
    Choices         charges, services, codes, taxes, refs, seasons;
    const char     *languages[LANGUAGES_MOST]; int language_n;     /* of bills, but the organization's own */
} RateForm;

static const RateType *type_of(const char *word) {
    for (const RateType *t = types; word && t->type; t++)
        if (!strcmp(t->type, word)) return t;
    return NULL;
}

/* --- the form of a type ------------------------------------------------------------------------------------------- */

static int named(Choice *to, int n, PlanNameds v, bool with_code) {
    for (size_t i = 0; i < v.n && n < CHOICES_MOST; i++)
        to[n++] = (Choice){ v.v[i].code, with_code ? v.v[i].name : v.v[i].code };
    return n;
}

const char *plan_rate_charges(const char *type) {
    const RateType *t = type_of(type);
    return t ? t->charges : NULL;
}

static void charges_of(Req *r, const char *charges, Choice *to) {
    char *words = text_copy(r, charges), *save;
    int n = 0;
    for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        const char *name = db_text(r, "select name from charge_type where utility_id=? and code=?", r->c.utility, w);
        to[n++] = (Choice){ w, name ? name : w };
    }
}

/* Languages bills may be in, but the organization's own: that is what the label is written in. */
static int languages_further(Req *r, const char **to) {
    const char *own = db_text(r, "select default_language from organization_setting limit 1");
    int n = 0;
    for (const char *const *l = messages_languages(); *l && n < LANGUAGES_MOST; l++)
        if (strcmp(*l, own ? own : "en")) to[n++] = *l;
    return n;
}

static RateForm *rate_form(Req *r, const PlanVersion *v, const RateType *t, const PlanRate *x) {
    RateForm *f = take(r, sizeof *f);
    Id u = r->c.utility;
    f->type = t;
    charges_of(r, x && !strstr(t->charges, x->charge_type) ? text(r, "%s %s", t->charges, x->charge_type) : t->charges,
               f->charges);
    named(f->services, 0, db_all(r, PlanNamed, "select s.id, s.code, s.name from utility_service s "
        "join tariff_plan p on p.id=? where s.utility_id=? and json_contains(p.service_codes, json_quote(s.code)) "
        "order by s.sort", v->plan_id, u), true);
    named(f->codes, 0, db_all(r, PlanNamed, "select id, code, concat(code, ' ', name) as name from gl_code "
        "where utility_id=? and active=1 and type in ('revenue', 'liability', 'expense') order by code limit 120", u),
          true);
    named(f->taxes, 0, db_all(r, PlanNamed, "select min(id) as id, code, max(name) as name from tax_code "
        "where utility_id=? and active=1 group by code order by code", u), true);
    named(f->seasons, 0, db_all(r, PlanNamed, "select id, code, code as name from tariff_season where plan_id=? "
                                              "order by from_md", v->plan_id), true);
    int n = named(f->refs, 0,
                  db_all(r, PlanNamed, "select id, code, concat(code, ', ', label) as name from tariff_rate "
        "where version_id=? and not id<=>? and type<>'tax' order by sequence", v->id, x ? x->id : (Id){ 0 }), true);
    named(f->refs, n, db_all(r, PlanNamed, "select id, code, concat(code, ': ', name) as name from charge_type "
        "where utility_id=? and code in ('FIXED', 'USAGE', 'SEWER_FIXED', 'SEWER_USAGE', 'STORMWATER', 'DEMAND', "
        "'FUEL_ADJ', 'SURCHARGE', 'SERVICE_FEE', 'MIN_BILL') order by sort", u), true);
    n = 0;
    f->language_n = languages_further(r, f->languages);
    for (int i = 0; i < RATE_FIELDS; i++) {
        if (rate_fields[i].when && !(t->has & rate_fields[i].when)) continue;
        if (x && !strcmp(rate_fields[i].f.name, "code")) continue;
        if (!strcmp(rate_fields[i].f.name, "season") && !f->seasons[0].value) continue;
        Field *y = &f->fields[n++];
        *y = rate_fields[i].f;
        for (int k = 0; !strcmp(y->name, "label") && k < f->language_n; k++)
            f->fields[n++] = (Field){ .name = text(r, "label_%s", f->languages[k]), TEXT(1, 80),
                                      .label = text(r, "%s, %s", PLAN_SAY(r, "on_the_bill"),
                                                    msg(f->languages[k], "lib.language_name")),
                                      .hint = PLAN_SAY(r, "label_how") };
        if (!strcmp(y->name, "charge_type")) y->choices = f->charges;
        if (!strcmp(y->name, "service")) y->choices = f->services;
        if (!strcmp(y->name, "gl_code")) y->choices = f->codes;
        if (!strcmp(y->name, "tax_code") || !strcmp(y->name, "taxes")) y->choices = f->taxes;
        if (!strcmp(y->name, "season")) y->choices = f->seasons;
        if (!strcmp(y->name, "refs")) y->choices = f->refs;
        if (!strcmp(y->name, "calc") && !strcmp(t->type, "wastewater")) y->choices = sewer_calcs;
        if (t->has & MAY_BE_NEGATIVE && !strcmp(y->name, "rate")) y->min = -PRICE_MOST;
        if (t->has & MAY_BE_NEGATIVE && !strcmp(y->name, "amount")) y->min = -PRICE_MOST / 10000;
        if (t->has & MAY_BE_NEGATIVE && !strcmp(y->name, "amount")) y->max = PRICE_MOST / 10000;
        if (t->has & MAY_BE_NEGATIVE && !strcmp(y->name, "percent")) y->min = -1000000;
    }
    f->form = (Form){ .name = "plan_rate", .fields = f->fields };
    return f;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static const char *const line_names[][6] = {
    [TIERS]        = { "tier_from", "tier_upto", "tier_price" },
    [AMOUNTS]      = { "tier_from", "tier_upto", "tier_price" },
    [SEASON_TIERS] = { "tier_season", "tier_from", "tier_upto", "tier_price" },
    [TOU]          = { "tou_code", "tou_days", "tou_from", "tou_to", "tou_price", "tou_season" },
    [SIZES]        = { "size", "size_amount" },
};
static const char *const day_words[] = { "weekday", "weekend", "holiday", "any" };

typedef struct Lines { const char *v[LINES_MOST + 1][6]; int n; } Lines;

static int columns_of(LineKind kind) {
    int n = 0;
    while (n < 6 && line_names[kind][n]) n++;
    return n;
}

static const char *quantity_text(Req *r, Quantity q) { return locale_quantity(&r->c.mem, r->c.locale, q, NULL); }
static const char *price_text(Req *r, Price p) {
    return number_text(&r->c.mem, p.micro, r->c.locale->number, (NumberStyle){ 6, 2, NULL });
}

/* What is stored, as it is typed. */
static void lines_stored(Req *r, const RateType *t, Id rate, Lines *to) {
    if (t->lines == SIZES) {
        PlanSizes all = db_all(r, PlanSize, PLAN_SIZE_SELECT, rate);
        for (size_t i = 0; i < all.n && to->n < LINES_MOST; i++) {
            to->v[to->n][0] = all.v[i].size;
            to->v[to->n++][1] = locale_money_plain(&r->c.mem, r->c.locale, all.v[i].amount_minor);
        }
    } else if (t->lines == TOU) {
        PlanTous all = db_all(r, PlanTou, PLAN_TOU_SELECT, rate);
        for (size_t i = 0; i < all.n && to->n < LINES_MOST; i++) {
            const PlanTou *x = &all.v[i];
            const char *line[] = { x->code, x->day_type, text(r, "%02d:%02d", x->from_minute / 60, x->from_minute % 60),
                                   text(r, "%02d:%02d", x->to_minute / 60, x->to_minute % 60),
                                   price_text(r, x->rate_micro), x->season_code };
            memcpy(to->v[to->n++], line, sizeof line);
        }
    } else if (t->lines) {
        PlanTiers all = db_all(r, PlanTier, PLAN_TIER_SELECT, rate);
        const char *from = "0";
        for (size_t i = 0; i < all.n && to->n < LINES_MOST; i++) {
            const PlanTier *x = &all.v[i];
            const char *upto = x->unlimited ? "" : !x->upto_attribute ? quantity_text(r, x->upto_qty_micro)
                : x->upto_qty_micro.micro ? text(r, "%s+%s", x->upto_attribute, quantity_text(r, x->upto_qty_micro))
                : x->upto_attribute;
            int k = 0;
            if (t->lines == SEASON_TIERS) to->v[to->n][k++] = x->season;
            to->v[to->n][k++] = from;
            to->v[to->n][k++] = upto;
            to->v[to->n++][k] = t->lines == AMOUNTS ? locale_money_plain(&r->c.mem, r->c.locale, x->amount_minor)
                : price_text(r, x->rate_micro);
            from = x->unlimited ? "0" : x->upto_attribute ? "" : upto;
        }
    }
}

static void lines_sent(Req *r, const RateType *t, Lines *to) {
    int columns = columns_of(t->lines);
    Texts sent[6];
    for (int k = 0; k < columns; k++) sent[k] = param_all(&r->c.mem, &r->fields, line_names[t->lines][k]);
    for (int k = 1; k < columns; k++)
        if (sent[k].n != sent[0].n) fail_field(r, INVALID, "lines", "%s", PLAN_SAY(r, "lines_wrong"));
    for (size_t i = 0; columns && i < sent[0].n; i++) {
        bool any = false;
        for (int k = 0; k < columns; k++)
            any = any || (*sent[k].v[i] && strcmp(line_names[t->lines][k], "tou_days")
                          && strcmp(line_names[t->lines][k], "tier_season"));
        if (!any) continue;
        if (to->n == LINES_MOST) fail_field(r, INVALID, "lines", "At most %d lines.", LINES_MOST);
        for (int k = 0; k < columns; k++) to->v[to->n][k] = sent[k].v[i];
        to->n++;
    }
}

static void line_options(Req *r, const char *column, const Choice *v, bool blank) {
    int n = 0;
    if (blank) show_text(r, text(r, "%s.options.%d.value", column, n++), "");
    for (; v->value; v++, n++) {
        show_text(r, text(r, "%s.options.%d.value", column, n), v->value);
        show_text(r, text(r, "%s.options.%d.text", column, n), v->label);
    }
}

static void show_lines(Req *r, const RateForm *f, const Lines *l) {
    const RateType *t = f->type;
    if (!t->lines) return;
    const char *field = "form.fields.lines";
    show_text(r, text(r, "%s.name", field), "lines");
    show_text(r, text(r, "%s.kind", field), "lines");
    show_text(r, text(r, "%s.label", field), msg(r->c.language, text(r, "plan.lines_%s", t->type)));
    show_text(r, text(r, "%s.hint", field), msg(r->c.language, text(r, "plan.lines_%s_how", t->type)));
    for (int i = 0; i < r->problems && r->again; i++)
        if (r->problem[i].field && !strcmp(r->problem[i].field, "lines"))
            show_text(r, text(r, "%s.error", field), r->problem[i].text);
    Choice days[5] = { { 0 } };
    for (int i = 0; i < 4; i++)
        days[i] = (Choice){ day_words[i], msg(r->c.language, text(r, "plan.day_%s", day_words[i])) };
    for (int k = 0; k < columns_of(t->lines); k++) {
        const char *name = line_names[t->lines][k], *column = text(r, "%s.cols.%s", field, name);
        show_text(r, text(r, "%s.label", column), msg(r->c.language, text(r, "plan.%s", name)));
        show_text(r, text(r, "%s.kind", column), strstr(name, "price") || strstr(name, "amount") ? "money" : "text");
        show_text(r, text(r, "%s.width", column), "8");
        if (!strcmp(name, "tou_days")) line_options(r, column, days, false);
        if (!strcmp(name, "tier_season") || !strcmp(name, "tou_season")) line_options(r, column, f->seasons, true);
        for (int i = 0; i < l->n + 1 || i < LINES_SHOWN; i++)
            show_text(r, text(r, "%s.lines.%d.%s.value", field, i, name),
                      i < l->n && l->v[i][k] ? l->v[i][k] : !strcmp(name, "tou_days") ? "any" : "");
    }
}

/* --- lines read --------------------------------------------------------------------------------------------------- */

typedef struct Tier { const char *season, *attribute; bool unlimited; Quantity upto; Price price; Money amount; } Tier;
typedef struct Priced {
    Tier     tiers[LINES_MOST]; int tier_n;
    TouHours tou[LINES_MOST]; Price tou_price[LINES_MOST]; const char *tou_season[LINES_MOST]; int tou_n;
    const char *sizes[LINES_MOST]; Money size_amounts[LINES_MOST]; int size_n;
} Priced;

static bool price_read(Req *r, const char *s, int line, bool may_be_negative, Price *to) {
    NumberProblem p = read_price(r->c.locale, s, true, to);
    if (p != NUMBER_OK) return problem(r, "lines", "Line %d: %s is not a price.", line, *s ? s : "nothing"), false;
    if (to->micro < 0 && !may_be_negative) return problem(r, "lines", "Line %d: a price is not negative.", line), false;
    if (to->micro > PRICE_MOST) return problem(r, "lines", "Line %d: a price is at most 1,000,000.000000.", line),
        false;
    return true;
}

/* "6", "winter_average", "winter_average+3", or nothing. */
static bool limit_read(Req *r, const char *s, int line, Tier *to) {
    to->unlimited = !*s;
    if (to->unlimited) return true;
    if (*s >= 'a' && *s <= 'z') {
        const char *plus = strchr(s, '+');
        to->attribute = plus ? text_copy_n(r, s, (size_t)(plus - s)) : s;
        for (const char *p = to->attribute; *p; p++)
            if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_'))
                return problem(r, "lines", "Line %d: %s is no limit.", line, s), false;
        if (!plus) return true;
        s = plus + 1;
    }
    if (read_quantity(r->c.locale, s, false, &to->upto) == NUMBER_OK) return true;
    return problem(r, "lines", "Line %d: %s is no limit.", line, s), false;
}

static void tiers_read(Req *r, const RateType *t, const Lines *l, Priced *to) {
    TierEnds ends[LINES_MOST];
    int at_ = t->lines == SEASON_TIERS, n = 0;
    for (int i = 0; i < l->n; i++) {
        Tier *x = &to->tiers[to->tier_n++];
        *x = (Tier){ .season = at_ ? l->v[i][0] : NULL };
        TierEnds *e = &ends[n++];
        *e = (TierEnds){ .has_from = *l->v[i][at_] != 0 };
        if (e->has_from && read_quantity(r->c.locale, l->v[i][at_], false, &e->from) != NUMBER_OK)
            problem(r, "lines", "Line %d: %s is not a quantity.", i + 1, l->v[i][at_]);
        if (!limit_read(r, l->v[i][at_ + 1], i + 1, x)) return;
        e->upto = x->upto, e->unlimited = x->unlimited, e->by_attribute = x->attribute != NULL;
        if (t->lines == AMOUNTS) {
            if (read_money(r->c.locale, l->v[i][at_ + 2], false, &x->amount) != NUMBER_OK)
                problem(r, "lines", "Line %d: %s is not an amount.", i + 1, l->v[i][at_ + 2]);
        } else if (!price_read(r, l->v[i][at_ + 2], i + 1, false, &x->price)) return;
        bool ends_here = i + 1 == l->n || (at_ && strcmp(l->v[i + 1][0], x->season));
        const char *wrong = ends_here ? tiers_problem(&r->c.mem, ends, n) : NULL;
        if (wrong) problem(r, "lines", "%s", wrong);
        if (ends_here) n = 0;
    }
    if (!l->n) problem(r, "lines", "Enter at least one tier.");
}

static int minute_read(const char *s) {
    if (strlen(s) != 5 || s[2] != ':') return -1;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (s[i] < '0' || s[i] > '9')) return -1;
    int minute = ((s[0] - '0') * 10 + s[1] - '0') * 60 + (s[3] - '0') * 10 + s[4] - '0';
    return minute <= 1440 && s[3] < '6' ? minute : -1;
}

static void tou_read(Req *r, const Lines *l, Priced *to) {
    for (int i = 0; i < l->n; i++) {
        const char *const *x = l->v[i];
        TouHours *h = &to->tou[to->tou_n];
        *h = (TouHours){ x[0], DAYS_ANY, minute_read(x[2]), minute_read(x[3]) };
        for (int k = 0; k < 4; k++)
            if (!strcmp(day_words[k], x[1])) h->days = (DayType)k;
        bool good = *x[0] >= 'a' && *x[0] <= 'z' && strlen(x[0]) <= 20;
        for (const char *p = x[0]; *p; p++)
            good = good && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_');
        if (!good) problem(r, "lines", "Line %d: a period's code is of small letters, as peak.", i + 1);
        if (h->from < 0 || h->to <= h->from) problem(r, "lines", "Line %d: give times as 07:00 and 22:00.", i + 1);
        if (!price_read(r, x[4], i + 1, false, &to->tou_price[to->tou_n])) return;
        to->tou_season[to->tou_n++] = x[5] && *x[5] ? x[5] : NULL;
    }
    if (!l->n) problem(r, "lines", "Enter at least one period.");
    if (r->problems) return;
    for (int first = 0; first < to->tou_n;) {               /* each season has a week of its own */
        TouHours week[LINES_MOST];
        int n = 0, next = to->tou_n;
        const char *season = to->tou_season[first];
        for (int i = first; i < to->tou_n; i++) {
            const char *s = to->tou_season[i];
            bool same = season && s ? !strcmp(season, s) : season == s;
            if (!same) { next = i; break; }
            week[n++] = to->tou[i];
        }
        const char *wrong = tou_problem(&r->c.mem, week, n);
        if (wrong) problem(r, "lines", "%s", wrong);
        first = next;
    }
}

static void sizes_read(Req *r, const Lines *l, Priced *to) {
    for (int i = 0; i < l->n; i++) {
        if (!*l->v[i][0]) problem(r, "lines", "Line %d: give a meter size.", i + 1);
        else if (strlen(l->v[i][0]) > 10 || meter_size_rank(l->v[i][0]) < 0)
            problem(r, "lines", "Line %d: %s", i + 1,
                    msg_format(r, r->c.language, "plan.no_size", { "size", l->v[i][0] }));
        for (int k = 0; k < i; k++)
            if (!strcmp(l->v[k][0], l->v[i][0])) problem(r, "lines", "%s is there twice.", l->v[i][0]);
        if (read_money(r->c.locale, l->v[i][1], false, &to->size_amounts[i]) != NUMBER_OK)
            problem(r, "lines", "Line %d: %s is not an amount.", i + 1, l->v[i][1]);
        to->sizes[i] = l->v[i][0];
    }
    to->size_n = l->n;
    if (!l->n) problem(r, "lines", "Enter at least one meter size.");
}

/* --- showing the form --------------------------------------------------------------------------------------------- */

static const Form take_form = { .name = "plan_take", .fields = FIELDS {
    { "rate", "Rate of a plan in force", TEXT(3, 70), .flags = REQUIRED }, { 0 } } };

static void show_types(Req *r, const Plan *p, const PlanVersion *v) {
    plan_head(r, p, v, PLAN_SAY(r, "add_component"));
    show_text(r, "show.sections.0.title", PLAN_SAY(r, "choose_type"));
    for (int i = 0; types[i].type; i++) {
        show_text(r, text(r, "show.sections.0.links.%d.text", i),
                  msg(r->c.language, text(r, "plan.type.%s", types[i].type)));
        show_text(r, text(r, "show.sections.0.links.%d.sub", i),
                  msg(r->c.language, text(r, "plan.type.%s_how", types[i].type)));
        show_text(r, text(r, "show.sections.0.links.%d.url", i),
                  link_path(r, "/plans/%s/versions/%d/components/new?type=%s", p->code, v->version_no, types[i].type));
    }
    FormView *f = form_show(r, "show.sections.1.form", &take_form,
                            text(r, "/plans/%s/versions/%d/components/copy", p->code, v->version_no));
    PlanNameds all = db_all(r, PlanNamed, "select x.id, concat(q.code, '/', w.version_no, '/', x.code) as code, "
        "concat(q.code, ' ', w.version_no, ': ', x.label, ' (', x.code, ')') as name from tariff_rate x "
        "join tariff_plan_version w on w.id=x.version_id join tariff_plan q on q.id=w.plan_id where x.utility_id=? "
        "and w.state in ('active', 'approved') and w.id<>? order by q.code, w.version_no, x.sequence limit 300",
                            r->c.utility, v->id);
    form_set(f, "rate", "kind", "select");
    form_set(f, "rate", "blank", msg(r->c.language, "ui.choose"));
    for (size_t i = 0; i < all.n; i++) form_option(f, "rate", all.v[i].code, all.v[i].name);
    show_text(r, "show.sections.1.title", PLAN_SAY(r, "from_library"));
    show_text(r, "show.sections.1.form.submit", PLAN_SAY(r, "copy_rate"));
    page(r, "layout/show");
}

/* A rate of another plan: the version gets its own copy. */
void plan_rate_take(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    Input *in = form_read(r, &take_form);
    problems_end(r);
    PlanRate *x = db_find(r, PlanRate,
        PLAN_RATE_SELECT "join tariff_plan_version w on w.id=r.version_id "
                         "join tariff_plan q on q.id=w.plan_id where r.utility_id=? "
                         "and concat(q.code, '/', w.version_no, '/', r.code)=?",
        c->utility, in_text(in, "rate"));
    if (!x) fail_field(r, INVALID, "rate", "Choose a rate.");
    if (db_int(c, "select count(*) from tariff_rate where version_id=? and code=?", v->id, x->code))
        fail_field(r, INVALID, "rate", "%s is taken.", x->code);
    plan_draft_lock(c, v);
    PlanVersion from = { .id = x->version_id };
    plan_rate_copy_one(c, &from, x->code, v);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan_version", .id = v->id,
                             .number = text(c, "%s/%d", p->code, v->version_no), .version = v->row_version + 1,
                             .after = json_pairs(c, x->code, plan_price_text(r, x), "copied from", in_text(in, "rate"),
                                                 NULL) });
    note(r, "%s", msg_format(r, c->language, "plan.component_saved", { "code", x->code }));
    go(r, "/plans/%s/versions/%d", p->code, v->version_no);
}

static void tick(Req *r, FormView *v, const char *field, const Choice *choices, const char *json) {
    const char *on[NAMES_MOST];
    size_t n = plan_texts(&r->c, json, on, NAMES_MOST);
    for (int i = 0; choices[i].value && !form_again(v); i++)
        for (size_t k = 0; k < n; k++)
            if (!strcmp(choices[i].value, on[k]))
                show_text(r, text(r, "form.fields.%s.options.%d.selected", field, i), "1");
}

static void show_stored(Req *r, FormView *v, const RateForm *f, const PlanRate *x) {
    unsigned has = f->type->has;
    form_text(v, "label", x->label);
    form_int(v, "sequence", x->sequence);
    form_text(v, "service", x->service_code);
    form_text(v, "gl_code", x->gl_code);
    form_bool(v, "show_zero", x->show_zero);
    form_bool(v, "enabled", x->enabled);
    if (has & CHARGE) form_text(v, "charge_type", x->charge_type);
    if (has & TAX) form_text(v, "tax_code", x->tax_code);
    bool limited = has & LIMIT && !strcmp(x->calc, "tiered"), counted = has & COUNT && !strcmp(x->calc, "per_unit");
    if (has & CALC) form_text(v, "calc", limited ? "per_unit" : x->calc);
    if (has & AMOUNT && counted) form_text(v, "amount", price_text(r, x->rate_micro));
    else if (has & AMOUNT && !strcmp(x->calc, "flat")) form_money(v, "amount", x->amount_minor);
    if (has & RATCHET && plan_ratchet(x).micro) form_ppm(v, "ratchet", plan_ratchet(x).micro / 100);
    if (x->labels) {
        Json labels = json_read(&r->c.mem, x->labels, strlen(x->labels), JSON_SIZE_MAX, NULL);
        for (int i = 0; i < f->language_n; i++)
            form_text(v, text(r, "label_%s", f->languages[i]), json_text(labels, f->languages[i]));
    }
    if (has & BASIS) form_text(v, "basis", x->basis), form_bool(v, "prorate", x->prorate);
    if (has & COUNT) form_text(v, "count", counted ? x->quantity : "one");
    if (has & RATE && !strcmp(x->calc, "per_unit")) form_price(v, "rate", x->rate_micro);
    if (limited) {
        PlanTiers t = db_all(r, PlanTier, PLAN_TIER_SELECT, x->id);
        if (t.n) form_price(v, "rate", t.v[0].rate_micro), form_qty(v, "limit", t.v[0].upto_qty_micro);
    }
    if (has & PERCENT_OF && !strcmp(x->calc, "percent")) form_ppm(v, "percent", x->rate_ppm);
    if (has & GROUP) form_text(v, "group", x->rebate_group ? x->rebate_group : "any");
    if (has & CAPPED && x->has_cap) form_price(v, "cap_price", x->cap_micro);
    if (has & RANGE && x->has_above) form_qty(v, "above", x->above_qty_micro);
    if (has & RANGE && x->has_upto) form_qty(v, "upto", x->upto_qty_micro);
    if (has & SHARE) form_ppm(v, "share", x->qty_percent_ppm);
    if (has & CAP) form_text(v, "cap", x->quantity);
    if (has & QUANTITY) form_text(v, "quantity", x->quantity);
    if (has & INCLUDED && x->included_qty_micro.micro) form_qty(v, "included", x->included_qty_micro);
    if (has & LEAST && x->has_minimum) form_money(v, "minimum", x->minimum_minor);
    if (has & ONE_SEASON && f->seasons[0].value) form_text(v, "season", x->season_code);
    if (has & ROUND) form_text(v, "round_qty", x->round_qty);
    if (has & MODE) form_text(v, "tier_mode", x->tier_mode), form_text(v, "tier_period", x->tier_period);
    if (has & PER) form_text(v, "tiers_per", x->tiers_per);
    if (has & DATES) form_date(v, "valid_from", x->valid_from), form_date(v, "valid_to", x->valid_to);
    if (has & REFS) tick(r, v, "refs", f->refs, x->refs);
    if (has & TAXES) tick(r, v, "taxes", f->taxes, x->tax_codes);
}

static void show_form(Req *r, const Plan *p, const PlanVersion *v, const RateType *t, const PlanRate *x) {
    const char *list = text(r, "/plans/%s/versions/%d/components", p->code, v->version_no);
    RateForm *f = rate_form(r, v, t, x);
    FormView *view = form_show(r, "form", &f->form, x ? text(r, "%s/%s", list, x->code) : list);
    Lines *l = take(r, sizeof *l);
    if (form_again(view)) lines_sent(r, t, l);
    else if (x) lines_stored(r, t, x->id, l);
    if (x) show_stored(r, view, f, x);
    else {
        form_int(view, "sequence", db_int(r, "select least(coalesce(max(sequence), 0) + 10, 999) from tariff_rate "
                                             "where version_id=?", v->id));
        if (t->has & CALC) form_text(view, "calc", t->calc);
    }
    show_lines(r, f, l);
    show_text(r, "form.hidden.type", t->type);
    plan_head(r, p, v, x ? x->label : msg(r->c.language, text(r, "plan.type.%s", t->type)));
    show_text(r, "form.intro", msg(r->c.language, text(r, "plan.type.%s_how", t->type)));
    show_text(r, "form.cancel_url", link_path(r, "/plans/%s/versions/%d", p->code, v->version_no));
    if (x) {
        show_text(r, "page.actions.0.text", PLAN_SAY(r, "delete"));
        show_text(r, "page.actions.0.icon", "trash");
        show_text(r, "page.actions.0.url", link_path(r, "%s/%s/deletion", list, x->code));
    }
    page(r, "layout/form");
}

void plan_rate_new(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    const RateType *t = type_of(r->again ? field_text(r, "type") : query_text(r, "type"));
    if (t) show_form(r, p, v, t, NULL);
    else show_types(r, p, v);
}

static PlanRate *rate_of_path(Req *r, const PlanVersion *v) {
    PlanRate *x = db_find(r, PlanRate, PLAN_RATE_SELECT "where r.version_id=? and r.code=?", v->id,
                          path_text(r, "component"));
    if (!x) fail(r, NOT_FOUND, "There is no component %s.", path_text(r, "component"));
    return x;
}

void plan_rate_edit(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    PlanRate *x = rate_of_path(r, v);
    show_form(r, p, v, type_of(x->type), x);
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static const char *labels_sent(Req *r, const RateForm *f, Input *in) {
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    int n = 0;
    json_open_object(&o, NULL);
    for (int i = 0; i < f->language_n; i++) {
        const char *label = in_text(in, text(r, "label_%s", f->languages[i]));
        if (label) json_add_text(&o, f->languages[i], label), n++;
    }
    json_close(&o);
    return n ? t.s : NULL;
}

/* What the engine reads, from what was chosen. */
static PlanRate rate_of(Req *r, const RateForm *f, Input *in) {
    const RateType *t = f->type;
    unsigned has = t->has;
    const char *calc = has & CALC ? in_text(in, "calc") : t->calc;
    PlanRate x = { .type = t->type, .calc = calc ? calc : t->calc, .basis = "per_month", .prorate = true,
                   .quantity = "usage", .qty_percent_ppm = 1000000, .tier_mode = "marginal", .tier_period = "month",
                   .round_qty = "none", .valid_from = DATE_NONE, .valid_to = DATE_NONE };
    x.label = in_text(in, "label"), x.sequence = (int)in_int(in, "sequence"), x.service_code = in_text(in, "service");
    x.gl_code = in_text(in, "gl_code");
    x.show_zero = in_bool(in, "show_zero"), x.enabled = in_bool(in, "enabled");
    char *charges = text_copy(r, t->charges);
    charges[strcspn(charges, " ")] = 0;
    x.charge_type = has & CHARGE ? in_text(in, "charge_type") : charges;
    if (has & TAX) x.tax_code = in_text(in, "tax_code");
    if (has & BASIS) x.basis = in_text(in, "basis"), x.prorate = in_bool(in, "prorate");
    if (has & QUANTITY && in_given(in, "quantity")) x.quantity = in_text(in, "quantity");
    if (has & CAP) x.quantity = in_text(in, "cap");
    if (has & SHARE && in_given(in, "share")) x.qty_percent_ppm = in_ppm(in, "share");
    if (has & INCLUDED) x.included_qty_micro = in_qty(in, "included");
    if (has & LEAST && in_given(in, "minimum")) x.has_minimum = true, x.minimum_minor = in_money(in, "minimum");
    if (has & ONE_SEASON && f->seasons[0].value) x.season_code = in_text(in, "season");
    if (has & RANGE && in_given(in, "above")) x.has_above = true, x.above_qty_micro = in_qty(in, "above");
    if (has & RANGE && in_given(in, "upto")) x.has_upto = true, x.upto_qty_micro = in_qty(in, "upto");
    if (has & CAPPED && in_given(in, "cap_price")) x.has_cap = true, x.cap_micro = in_price(in, "cap_price");
    if (has & GROUP && in_text(in, "group") && strcmp(in_text(in, "group"), "any"))
        x.rebate_group = in_text(in, "group");
    if (has & ROUND) x.round_qty = in_text(in, "round_qty");
    if (has & MODE) x.tier_mode = in_text(in, "tier_mode"), x.tier_period = in_text(in, "tier_period");
    if (has & PER) x.tiers_per = in_text(in, "tiers_per");
    if (has & DATES) x.valid_from = in_date(in, "valid_from"), x.valid_to = in_date(in, "valid_to");
    if (has & REFS) {
        Texts v = in_texts(in, "refs");
        x.refs = plan_list_json(&r->c, v.v, v.n);
    }
    if (has & TAXES) {
        Texts v = in_texts(in, "taxes");
        x.tax_codes = plan_list_json(&r->c, v.v, v.n);
    }
    if (!strcmp(t->type, "stormwater")) x.quantity = "eru";
    if (!strcmp(t->type, "demand")) x.quantity = "demand", x.prorate = false, x.basis = "per_bill";
    if (has & RATCHET && in_given(in, "ratchet") && in_ppm(in, "ratchet") > 0)
        x.quantity = text(r, "ratchet(demand,demand_peak,%s)",
                          price_decimal(&r->c.mem, (Price){ in_ppm(in, "ratchet") * 100 }));
    return x;
}

/* Which of amount, price and percentage counts, by calc. */
static void prices_read(Req *r, const RateType *t, Input *in, PlanRate *x, Priced *lines) {
    bool percent = !strcmp(x->calc, "percent"), flat = !strcmp(x->calc, "flat"), unit = !strcmp(x->calc, "per_unit");
    unsigned has = t->has;
    if (percent && has & PERCENT_OF) {
        if (!in_given(in, "percent")) problem(r, "percent", "Enter percentage.");
        x->rate_ppm = in_ppm(in, "percent");
    }
    if (flat && has & AMOUNT) {
        if (!in_given(in, "amount")) problem(r, "amount", "Enter amount.");
        x->amount_minor = in_money(in, "amount");
        const char *count = has & COUNT ? in_text(in, "count") : NULL;
        if (count && strcmp(count, "one")) {
            x->calc = "per_unit", x->quantity = count;
            x->rate_micro.micro = x->amount_minor.minor * power_of_ten(6 - utility_here(&r->c)->exponent);
            x->amount_minor.minor = 0;
        }
    } else if (unit && has & RATE) {
        if (!in_given(in, "rate")) problem(r, "rate", "Enter price of a unit.");
        x->rate_micro = in_price(in, "rate");
        if (has & LIMIT && in_given(in, "limit")) {
            x->calc = "tiered";
            lines->tiers[0] = (Tier){ .upto = in_qty(in, "limit"), .price = x->rate_micro };
            lines->tiers[1] = (Tier){ .unlimited = true };
            lines->tier_n = 2;
            x->rate_micro.micro = 0;
        }
    }
    bool per_unit = !strcmp(x->calc, "per_unit");
    if (per_unit && has & COUNT) return;                /* an amount for each dwelling: no unit of use */
    x->unit = per_unit || !strcmp(x->calc, "tiered") || !strcmp(x->calc, "tou")
        ? !strcmp(x->quantity, "eru") ? "ERU" : !strcmp(t->type, "demand") ? "kW"
        : db_text(r, "select unit from utility_service where utility_id=? and code=? ", r->c.utility, x->service_code)
        : NULL;
    if (x->unit || !per_unit || !x->service_code) return;
    x->unit = db_text(r, "select s.unit from utility_service s join tariff_plan p on p.utility_id=s.utility_id "
                         "where p.utility_id=? and s.unit is not null order by s.sort limit 1", r->c.utility);
}

static void lines_store(Ctx *c, const PlanVersion *v, Id rate, const RateType *t, const Priced *l) {
    db_run(c, "delete from tariff_tier where rate_id=?", rate);
    db_run(c, "delete from tariff_tou_period where rate_id=?", rate);
    db_run(c, "delete from tariff_meter_size_price where rate_id=?", rate);
    bool amounts = t->lines == AMOUNTS;
    for (int i = 0; i < l->tier_n; i++) {
        const Tier *x = &l->tiers[i];
        db_run(c, "insert into tariff_tier (rate_id, season_id, seq, upto_qty_micro, upto_attribute, rate_micro, "
                  "amount_minor) values (?,(select id from tariff_season where plan_id=? and code=?),?,if(?,null,?),?,"
                  "if(?,null,?),if(?,?,null))", rate, v->plan_id, x->season, i + 1, x->unlimited, x->upto, x->attribute,
               amounts, x->price, amounts, x->amount);
    }
    for (int i = 0; i < l->tou_n; i++)
        db_run(c,
            "insert into tariff_tou_period (rate_id, code, day_type, from_time, to_time, rate_micro, season_code) "
            "values (?,?,?,sec_to_time(?),sec_to_time(?),?,?)",
            rate, l->tou[i].code, day_words[l->tou[i].days], l->tou[i].from * 60, l->tou[i].to * 60, l->tou_price[i],
            l->tou_season[i]);
    for (int i = 0; i < l->size_n; i++)
        db_run(c, "insert into tariff_meter_size_price (rate_id, size, amount_minor) values (?,?,?)", rate, l->sizes[i],
               l->size_amounts[i]);
}

static void loop_check(Req *r, const PlanVersion *v) {
    PlanRates all = plan_rates(&r->c, v->id);
    PercentOf *of = take_n(r, PercentOf, all.n + 1);
    for (size_t i = 0; i < all.n; i++) {
        const char **names = take_n(r, const char *, NAMES_MOST);
        int n = (int)plan_texts(&r->c, all.v[i].refs, names, NAMES_MOST);
        of[i] = (PercentOf){ all.v[i].code, all.v[i].charge_type, !strcmp(all.v[i].calc, "percent"), names, n };
    }
    const char *loop = percent_loop(&r->c.mem, of, (int)all.n);
    if (loop) fail_field(r, INVALID, "refs", "%s", loop);
}

static void rate_check(Req *r, const PlanVersion *v, const PlanRate *x, Id but) {
    if (!x->gl_code && x->label) problem(r, "gl_code", "Choose a GL code for %s.", x->label);
    int64_t taken = db_int(r, "select count(*) from tariff_rate where version_id=? and sequence=? and not id<=>?",
                           v->id,
                           x->sequence, but);
    if (taken) problem(r, "sequence", "%d is taken.", x->sequence);
    if (date_is_set(x->valid_from) && date_is_set(x->valid_to) && x->valid_to.day < x->valid_from.day)
        problem(r, "valid_to", "%s", PLAN_SAY(r, "to_before"));
    if (x->has_above && x->has_upto && x->upto_qty_micro.micro <= x->above_qty_micro.micro)
        problem(r, "upto", "%s", PLAN_SAY(r, "range_wrong"));
    if (x->has_cap && strcmp(x->calc, "percent")) problem(r, "cap_price", "%s", PLAN_SAY(r, "cap_percent"));
    if (!tariff_quantity_known(&r->c, x->quantity)) problem(r, "quantity", "%s is no quantity.", x->quantity);
}

static void rate_save(Req *r, const PlanRate *old) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    const RateType *t = type_of(old ? old->type : field_text(r, "type"));
    if (!t) fail(r, INVALID, "%s", PLAN_SAY(r, "choose_type"));
    RateForm *f = rate_form(r, v, t, old);
    Input *in = form_read(r, &f->form);
    Lines *l = take(r, sizeof *l);
    Priced *lines = take(r, sizeof *lines);
    lines_sent(r, t, l);
    if (t->lines == SIZES) sizes_read(r, l, lines);
    else if (t->lines == TOU) tou_read(r, l, lines);
    else if (t->lines) tiers_read(r, t, l, lines);
    PlanRate x = rate_of(r, f, in);
    x.labels = labels_sent(r, f, in);
    x.code = old ? old->code : in_text(in, "code");
    prices_read(r, t, in, &x, lines);
    rate_check(r, v, &x, old ? old->id : (Id){ 0 });
    if (!old && x.code && db_int(r, "select count(*) from tariff_rate where version_id=? and code=?", v->id, x.code))
        problem(r, "code", "%s is taken.", x.code);
    problems_end(r);
    plan_draft_lock(c, v);
    bool flat = !strcmp(x.calc, "flat"), unit = !strcmp(x.calc, "per_unit"), least = !strcmp(x.charge_type, "MIN_BILL");
    if (!strcmp(t->type, "maximum")) least = false;
    if (least) x.has_minimum = true, x.minimum_minor = x.amount_minor;
    Id id = old
        ? old->id : db_insert(c, "insert into tariff_rate (utility_id, version_id, sequence, code, label, type, "
        "charge_type, calc, service_code, gl_code, created_at, created_by) values (?,?,?,?,?,?,?,?,?,?,?,?)",
            c->utility,
        v->id, x.sequence, x.code, x.label, t->type, x.charge_type, x.calc, x.service_code, x.gl_code, c->now, c->user);
    const char *before = old ? plan_price_text(r, old) : NULL;
    db_run(c, "update tariff_rate set sequence=?, label=?, labels=?, charge_type=?, calc=?, basis=?, "
              "prorate=?, service_code=?, "
        "unit=?, rate_micro=if(?,?,null), amount_minor=if(?,?,null), rate_ppm=if(?,?,null), quantity=?, "
        "qty_percent_ppm=?, tier_mode=?, tier_period=?, included_qty_micro=?, above_qty_micro=if(?,?,null), "
        "upto_qty_micro=if(?,?,null), cap_micro=if(?,?,null), rebate_group=?, minimum_minor=if(?,?,null), round_qty=?, "
        "tax_codes=?, refs=?, tax_code=?, tiers_per=?, season_code=?, valid_from=?, valid_to=?, "
        "gl_code=?, taxable=?, show_zero=?, enabled=? where id=?",
        x.sequence, x.label, x.labels, x.charge_type, x.calc, x.basis, x.prorate, x.service_code, x.unit, unit,
            x.rate_micro,
            flat,
        x.amount_minor, !strcmp(x.calc, "percent"), x.rate_ppm, x.quantity, x.qty_percent_ppm, x.tier_mode,
        x.tier_period, x.included_qty_micro, x.has_above, x.above_qty_micro, x.has_upto, x.upto_qty_micro, x.has_cap,
        x.cap_micro, x.rebate_group, x.has_minimum, x.minimum_minor, x.round_qty, x.tax_codes, x.refs,
        x.tax_code,
        x.tiers_per, x.season_code, x.valid_from, x.valid_to, x.gl_code, x.tax_codes != NULL, x.show_zero,
        x.enabled, id);
    lines_store(c, v, id, t, lines);
    loop_check(r, v);
    const PlanRate *now = db_one(c, PlanRate, PLAN_RATE_SELECT "where r.id=?", id);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan_version", .id = v->id,
                             .number = text(c, "%s/%d", p->code, v->version_no), .version = v->row_version + 1,
                             .before = json_pairs(c, x.code, before, NULL),
                             .after = json_pairs(c, x.code, plan_price_text(r, now), NULL) });
    note(r, "%s", msg_format(r, c->language, "plan.component_saved", { "code", x.code }));
    go(r, "/plans/%s/versions/%d", p->code, v->version_no);
}

void plan_rate_create(Req *r) { rate_save(r, NULL); }

void plan_rate_update(Req *r) {
    Plan *p = plan_of_path(r);
    rate_save(r, rate_of_path(r, plan_version_of_path(r, p)));
}

/* A component that others name stays. */
static const char *delete_refusal(Req *r, const PlanVersion *v, const PlanRate *x) {
    const char *by = db_text(r, "select code from tariff_rate where version_id=? "
                                "and json_contains(refs, json_quote(?)) "
                                "limit 1", v->id, x->code);
    return by ? text(r, "%s refers to %s.", by, x->code) : NULL;
}

void plan_rate_delete_page(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    PlanRate *x = rate_of_path(r, v);
    const char *no = delete_refusal(r, v, x),
               *here = text(r, "/plans/%s/versions/%d/components/%s", p->code, v->version_no, x->code);
    plan_head(r, p, v, PLAN_SAY(r, "delete"));
    show_text(r, "confirm.text.0", no ? no : text(r, "%s: %s", x->label, plan_price_text(r, x)));
    show_text(r, "confirm.action", link_path(r, "%s/deletion", here));
    show_text(r, "confirm.submit", text(r, "%s %s", PLAN_SAY(r, "delete"), x->code));
    show_text(r, "confirm.back_url", link_path(r, "%s", here));
    page(r, "layout/confirm");
}

void plan_rate_delete(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    PlanRate *x = rate_of_path(r, v);
    const char *no = delete_refusal(r, v, x);
    if (no) fail(r, CONFLICT, "%s", no);
    plan_draft_lock(c, v);
    setup_step_touch(c, "pricing_billing");
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan_version", .id = v->id,
                             .number = text(c, "%s/%d", p->code, v->version_no), .version = v->row_version + 1,
                             .before = json_pairs(c, x->code, plan_price_text(r, x), NULL),
                             .after = json_pairs(c, x->code, NULL, NULL) });
    db_run(c, "delete from tariff_rate where id=?", x->id);
    note(r, "%s", msg_format(r, c->language, "plan.component_deleted", { "code", x->code }));
    go(r, "/plans/%s/versions/%d", p->code, v->version_no);
}
