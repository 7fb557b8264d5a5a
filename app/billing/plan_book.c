/*
 * Tariffs as the engine wants them: plans, versions and components of the utility, read once for a piece of work and
 * shared by all its accounts (BX01US01, BX01US03, ONB02US05). Approved versions never change.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/billing.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"

enum { LABELS_MOST = 20 };

#define PLAN_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, proration_method) \
    F(T, const char *, rate_change_method) F(T, int, tolerance_days) F(T, int, eru_sqft) \
    F(T, bool, has_deemed) F(T, Quantity, deemed_qty_micro) F(T, const char *, fallback_tou) \
    F(T, bool, has_winter) F(T, Quantity, winter_qty_micro)
ROW(PlanRow, PLAN_ROW)
#define VERSION_ROW(F, T) F(T, Id, id) F(T, Id, plan_id) F(T, int, version_no) F(T, Date, effective_from) \
    F(T, Date, effective_to) F(T, bool, is_instead)
ROW(VersionRow, VERSION_ROW)
#define RATE_ROW(F, T) F(T, Id, id) F(T, Id, version_id) F(T, int, sequence) F(T, const char *, code) \
    F(T, const char *, label) F(T, const char *, type) F(T, const char *, charge_type) \
    F(T, const char *, calc) F(T, const char *, basis) F(T, bool, prorate) F(T, const char *, service_code) \
        F(T, const char *, unit) F(T, bool, has_rate) F(T, Price, rate_micro) F(T, Money, amount_minor) \
    F(T, int64_t, rate_ppm) F(T, const char *, quantity) F(T, int64_t, qty_percent_ppm) F(T, const char *, tier_mode) \
        F(T, const char *, tier_period) F(T, Quantity, included_qty_micro) \
    F(T, bool, has_above) F(T, Quantity, above_qty_micro) F(T, bool, has_upto) F(T, Quantity, upto_qty_micro) \
    F(T, bool, has_cap) F(T, Price, cap_micro) F(T, const char *, rebate_group) \
    F(T, bool, has_minimum) F(T, Money, minimum_minor) F(T, const char *, round_qty) F(T, const char *, tax_codes) \
        F(T, const char *, refs) F(T, const char *, tax_code) F(T, const char *, tiers_per) \
    F(T, const char *, season_code) F(T, Date, valid_from) F(T, Date, valid_to) F(T, const char *, gl_code) \
    F(T, const char *, labels)
ROW(RateRow, RATE_ROW)
#define TIER_ROW(F, T) F(T, Id, rate_id) F(T, const char *, season_code) F(T, bool, has_limit) \
    F(T, Quantity, upto_qty_micro) F(T, const char *, upto_attribute) F(T, Price, rate_micro) \
    F(T, Money, amount_minor) F(T, bool, has_rate)
ROW(TierRow, TIER_ROW)
#define TOU_ROW(F, T) F(T, Id, rate_id) F(T, const char *, code) F(T, Price, rate_micro) F(T, const char *, season_code)
ROW(TouRow, TOU_ROW)
#define SIZE_ROW(F, T) F(T, Id, rate_id) F(T, const char *, size) F(T, Money, amount_minor)
ROW(SizeRow, SIZE_ROW)
#define SEASON_ROW(F, T) F(T, Id, plan_id) F(T, const char *, code) F(T, const char *, from_md) \
    F(T, const char *, to_md)
ROW(SeasonRow, SEASON_ROW)

/* The components of a version; with sizes: of one meter size. */
typedef struct Components { const char *size; TariffRate *v; int n; struct Components *next; } Components;
typedef struct { VersionRow row; Date until; bool has_sizes; size_t first, rows; Components *made; } Version;

/* What a component is called on bills of a language that is not the utility's first. */
typedef struct { Id rate; const char *language, *label; } Labelled;

struct PlanBook {
    PlanRows    plans;
    Version    *versions; size_t version_n;     /* by plan, then by date */
    RateRows    rates;                          /* by version, then by sequence */
    TierRows    tiers;
    TouRows     tou;
    SizeRows    sizes;
    SeasonRows  seasons;
    Id         *codes;                          /* of rates.v */
    Labelled   *labels; size_t label_n;         /* by rate, then by language */
    bool        looks_back;                     /* a component asks for the demand of earlier months */
    Date        from, to;
    int64_t     normal_days_micro;
    int         exponent;
};

static void components_make(Ctx *c, PlanBook *b, Version *v, const char *size);

static int by_rate(const void *a, const void *b) {
    const Labelled *x = a, *y = b;
    if (x->rate.id != y->rate.id) return x->rate.id < y->rate.id ? -1 : 1;
    return strcmp(x->language, y->language);
}

static void labels_read(Ctx *c, PlanBook *b) {
    size_t most = 0;
    for (size_t i = 0; i < b->rates.n; i++) most += b->rates.v[i].labels ? LABELS_MOST : 0;
    b->labels = take_n(c, Labelled, most + 1);
    for (size_t i = 0; i < b->rates.n; i++) {
        const char *labels = b->rates.v[i].labels;
        if (!labels) continue;
        Json all = json_read(&c->mem, labels, strlen(labels), 65536, NULL);
        JsonMember *m = json_members(&c->mem, all);
        for (size_t k = 0; k < json_size(all) && k < LABELS_MOST; k++) {
            const char *label = json_text(m[k].value, "");
            if (label) b->labels[b->label_n++] = (Labelled){ b->rates.v[i].id, m[k].name, label };
        }
    }
    qsort(b->labels, b->label_n, sizeof *b->labels, by_rate);
}

const char *plan_book_label(const PlanBook *b, Id rate, const char *language) {
    if (!b->label_n || !language || !rate.id) return NULL;
    const Labelled *x = bsearch(&(Labelled){ .rate = rate, .language = language }, b->labels, b->label_n,
                                sizeof *b->labels, by_rate);
    return x ? x->label : NULL;
}

bool plan_book_looks_back(const PlanBook *b) { return b->looks_back; }

/* All is made here, so that nothing of the book stands in memory that a failed transaction takes along. */
static PlanBook *read_book(Ctx *c, Date from, Date to, int64_t normal_days_micro, const char *instead) {
    PlanBook *b = take(c, sizeof *b);
    b->from = from, b->to = to;
    if (!instead) instead = "[]";
    b->normal_days_micro = normal_days_micro;
    b->exponent = utility_here(c)->exponent;
    b->plans = db_all(c, PlanRow, "select id, code, proration_method, rate_change_method, tolerance_days, eru_sqft, "
                                  "deemed_daily_qty_micro is not null as has_deemed, "
                                  "coalesce(deemed_daily_qty_micro, 0) as deemed_qty_micro, "
                                  "fallback_tou, winter_default_qty_micro is not null as has_winter, "
                                  "coalesce(winter_default_qty_micro, 0) as winter_qty_micro from tariff_plan "
                                  "where utility_id=? order by id", c->utility);
    VersionRows versions = db_all(c, VersionRow,
        "select v.id, v.plan_id, v.version_no, v.effective_from, v.effective_to, json_contains(?, v.id) as is_instead "
        "from tariff_plan_version v where v.utility_id=? and (json_contains(?, v.id) "
        "or (v.state in ('approved', 'active', 'superseded') and v.effective_from<=? and not exists (select 1 "
        "from tariff_plan_version o where o.plan_id=v.plan_id and json_contains(?, o.id)))) "
        "order by v.plan_id, v.effective_from, v.version_no", instead, c->utility, instead, to, instead);
    b->rates = db_all(c, RateRow,
        "select r.id, r.version_id, r.sequence, r.code, r.label, r.type, r.charge_type, r.calc, r.basis, r.prorate, "
        "r.service_code, r.unit, r.rate_micro is not null as has_rate, coalesce(r.rate_micro, 0) as rate_micro, "
        "coalesce(r.amount_minor, 0) as amount_minor, coalesce(r.rate_ppm, 0) as rate_ppm, r.quantity, "
        "r.qty_percent_ppm, r.tier_mode, r.tier_period, r.included_qty_micro, "
        "r.above_qty_micro is not null as has_above, coalesce(r.above_qty_micro, 0) as above_qty_micro, "
        "r.upto_qty_micro is not null as has_upto, coalesce(r.upto_qty_micro, 0) as upto_qty_micro, "
        "r.cap_micro is not null as has_cap, coalesce(r.cap_micro, 0) as cap_micro, r.rebate_group, "
        "r.minimum_minor is not null as has_minimum, "
        "coalesce(r.minimum_minor, 0) as minimum_minor, r.round_qty, r.tax_codes, r.refs, r.tax_code, r.tiers_per, "
        "r.season_code, r.valid_from, r.valid_to, r.gl_code, r.labels from tariff_rate r "
        "join tariff_plan_version v on v.id = r.version_id where r.utility_id=? and r.enabled=1 "
        "and (v.state in ('approved', 'active', 'superseded') or json_contains(?, v.id)) "
        "order by v.plan_id, v.effective_from, v.version_no, r.sequence", c->utility, instead);
    b->tiers = db_all(c, TierRow, "select t.rate_id, s.code as season_code, t.upto_qty_micro is not null as has_limit, "
                                  "coalesce(t.upto_qty_micro, 0) as upto_qty_micro, t.upto_attribute, "
                                  "coalesce(t.rate_micro, 0) as rate_micro, "
        "coalesce(t.amount_minor, 0) as amount_minor, t.rate_micro is not null as has_rate from tariff_tier t "
        "join tariff_rate r on r.id = t.rate_id left join tariff_season s on s.id = t.season_id where r.utility_id=? "
        "order by t.rate_id, t.season_key, t.seq", c->utility);
    b->tou = db_all(c, TouRow, "select t.rate_id, t.code, t.rate_micro, t.season_code from tariff_tou_period t "
                               "join tariff_rate r on r.id = t.rate_id where r.utility_id=? order by t.rate_id, t.id",
                    c->utility);
    b->sizes = db_all(c, SizeRow, "select z.rate_id, z.size, z.amount_minor from tariff_meter_size_price z "
                                  "join tariff_rate r on r.id = z.rate_id where r.utility_id=?", c->utility);
    b->seasons = db_all(c, SeasonRow, "select s.plan_id, s.code, s.from_md, s.to_md from tariff_season s "
                                      "join tariff_plan p on p.id = s.plan_id where p.utility_id=?", c->utility);
    labels_read(c, b);
    for (size_t i = 0; i < b->rates.n; i++)
        b->looks_back = b->looks_back || !strncmp(b->rates.v[i].quantity, "ratchet(", 8);
    b->codes = take_n(c, Id, b->rates.n + 1);
    for (size_t i = 0; i < b->rates.n; i++)                 /* a draft may have none yet */
        if (*b->rates.v[i].gl_code) b->codes[i] = gl_by_code(c, b->rates.v[i].gl_code);
    b->versions = take_n(c, Version, versions.n + 1);
    b->version_n = versions.n;
    size_t at = 0;
    for (size_t i = 0; i < versions.n; i++) {
        Version *v = &b->versions[i];
        v->row = versions.v[i];
        v->until = v->row.effective_to;
        if (i + 1 < versions.n && versions.v[i + 1].plan_id.id == v->row.plan_id.id) {
            Date before = date_add_days(versions.v[i + 1].effective_from, -1);
            if (!date_is_set(v->until) || v->until.day > before.day) v->until = before;
        }
        if (v->row.is_instead) v->row.effective_from = from, v->until = DATE_NONE;
        while (at < b->rates.n && b->rates.v[at].version_id.id != v->row.id.id) at++;
        v->first = at;
        while (at < b->rates.n && b->rates.v[at].version_id.id == v->row.id.id) {
            v->has_sizes = v->has_sizes || !strcmp(b->rates.v[at].type, "meter_size");
            at++, v->rows++;
        }
        if (!v->rows) at = 0;
        components_make(c, b, v, NULL);
        for (size_t k = 0; v->has_sizes && k < b->sizes.n; k++) components_make(c, b, v, b->sizes.v[k].size);
    }
    return b;
}

/* instead: JSON list of versions that stand for all of their plans; NULL: those in force. */
static PlanBook *book_with(Ctx *c, Date from, Date to, int64_t normal_days_micro, const char *instead) {
    const char *name = instead ? text(c, "plan_book:%s", instead) : "plan_book";
    PlanBook *b = fact_get(c, name, c->utility.id);
    if (!b || b->from.day > from.day || b->to.day < to.day || b->normal_days_micro != normal_days_micro) {
        b = read_book(c, from, to, normal_days_micro, instead);
        fact_keep(c, name, c->utility.id, b);
    }
    return b;
}

PlanBook *plan_book(Ctx *c, Date from, Date to, int64_t normal_days_micro) {
    return book_with(c, from, to, normal_days_micro, NULL);
}

PlanBook *plan_book_of(Ctx *c, const BillScope *s) {
    return book_with(c, date_add_days(s->from, -BILL_HISTORY_DAYS), s->to, s->normal_days_micro, s->versions);
}

/* --- one component ------------------------------------------------------------------------------------------------ */

static const char *const *texts_of(Ctx *c, const char *json, int *n) {
    *n = 0;
    if (!json) return NULL;
    Json list = json_read(&c->mem, json, strlen(json), 65536, NULL);
    size_t size = json_size(list);
    const char **v = take_n(c, const char *, size + 1);
    for (size_t i = 0; i < size; i++) {
        const char *s = json_text(json_item(list, i), "");
        if (s) v[(*n)++] = s;
    }
    return v;
}

static Price price_of(const PlanBook *b, Money amount) {
    return (Price){ amount.minor * power_of_ten(6 - b->exponent) };
}
static bool text_same(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static void tiers_of(Ctx *c, const PlanBook *b, const RateRow *r, const char *season, TariffRate *to) {
    TariffTier *v = NULL;
    int n = 0;
    for (size_t i = 0; i < b->tiers.n; i++) {
        const TierRow *t = &b->tiers.v[i];
        if (t->rate_id.id != r->id.id || !text_same(t->season_code, season)) continue;
        if (!v) v = take_n(c, TariffTier, b->tiers.n - i);
        v[n++] = (TariffTier){ .unlimited = !t->has_limit && !t->upto_attribute, .attribute = t->upto_attribute,
                               .upto = t->upto_qty_micro, .price = t->has_rate ? t->rate_micro
                               : price_of(b, t->amount_minor) };
    }
    to->prices.tiers = v;
    to->prices.tier_n = n;
}

static void tou_of(Ctx *c, const PlanBook *b, const RateRow *r, const char *season, TariffRate *to) {
    TouPrice *v = NULL;
    int n = 0;
    for (size_t i = 0; i < b->tou.n; i++) {
        const TouRow *t = &b->tou.v[i];
        if (t->rate_id.id != r->id.id || (t->season_code && !text_same(t->season_code, season))) continue;
        if (!v) v = take_n(c, TouPrice, b->tou.n - i);
        bool known = false;
        for (int k = 0; k < n; k++) known = known || !strcmp(v[k].period, t->code);
        if (!known) v[n++] = (TouPrice){ t->code, t->rate_micro };
    }
    to->prices.tou = v;
    to->prices.tou_n = n;
}

/* The plain part, without season. False: a row that is no component of its own (tax). */
static bool rate_of(Ctx *c, const PlanBook *b, const RateRow *r, const char *season, const char *size, TariffRate *to) {
    if (!strcmp(r->type, "tax")) return false;
    *to = TARIFF_RATE_DEFAULT;
    to->id = r->id, to->code = r->code, to->charge_type = r->charge_type, to->service = r->service_code,
        to->label = r->label, to->unit = r->unit;
    to->calc = (TariffCalc)tariff_calc_find(r->calc);
    to->basis = (TariffBasis)tariff_basis_find(r->basis);
    to->prorate = r->prorate;
    to->prices.price = r->has_rate ? r->rate_micro : price_of(b, r->amount_minor);
    to->normal_days_micro = b->normal_days_micro;
    to->tier_mode = (TierMode)tier_mode_find(r->tier_mode);
    to->tier_period = (TierPeriod)tier_period_find(r->tier_period);
    to->tiers_per = r->tiers_per;
    if (!tariff_quantity_parse(&c->mem, r->quantity, &to->quantity))
        fail(c, BROKEN, "component %s has the quantity \"%s\"", r->code, r->quantity);
    to->round_qty = !strcmp(r->round_qty, "up_to_unit") ? QUANTITY_UP_TO_UNIT : QUANTITY_EXACT;
    to->qty_percent_e6 = r->qty_percent_ppm * 100;
    to->included_qty = r->included_qty_micro;
    to->has_minimum = r->has_minimum && strcmp(r->charge_type, "MIN_BILL");
    to->minimum = price_of(b, r->minimum_minor);
    to->is_maximum = !strcmp(r->type, "maximum");
    to->percent_e6 = r->rate_ppm * 100;
    to->of = texts_of(c, r->refs, &to->of_n);
    to->tax_codes = texts_of(c, r->tax_codes, &to->tax_n);
    to->has_above = r->has_above, to->above = r->above_qty_micro;
    to->has_upto = r->has_upto, to->upto = r->upto_qty_micro;
    to->has_cap = r->has_cap, to->cap_per_unit = r->cap_micro;
    if (!strcmp(r->type, "rebate")) to->group = r->rebate_group ? r->rebate_group : "any";
    to->valid_from = r->valid_from, to->valid_to = r->valid_to;
    to->sequence = r->sequence;
    if (to->calc == CALC_TIERED || to->calc == CALC_FLAT_BY_TIER) tiers_of(c, b, r, season, to);
    if (to->calc == CALC_TOU) tou_of(c, b, r, season, to);
    if (strcmp(r->type, "meter_size")) return true;
    for (size_t i = 0; i < b->sizes.n; i++)
        if (b->sizes.v[i].rate_id.id == r->id.id && size && !strcmp(b->sizes.v[i].size, size))
            return to->prices.price = price_of(b, b->sizes.v[i].amount_minor), true;
    /* no price of this size: the engine misses it (BX-E03) */
    to->valid_from = to->valid_to = date_of(9999, 12, 31);
    return true;
}

/* "06-01" to "09-30" as months; 0 when it does not follow them. */
static uint16_t months_of(const char *from_md, const char *to_md) {
    int fm = (from_md[0] - '0') * 10 + from_md[1] - '0', fd = (from_md[3] - '0') * 10 + from_md[4] - '0';
    int tm = (to_md[0] - '0') * 10 + to_md[1] - '0', td = (to_md[3] - '0') * 10 + to_md[4] - '0';
    if (fd != 1 || td < month_days(2025, tm)) return 0;
    unsigned mask = 0;
    for (int m = fm;; m = m % 12 + 1) {
        mask |= 1U << m;
        if (m == tm) break;
    }
    return (uint16_t)mask;
}

static Date md_date(int year, const char *md) {
    int month = (md[0] - '0') * 10 + md[1] - '0', day = (md[3] - '0') * 10 + md[4] - '0';
    if (day > month_days(year, month)) day = month_days(year, month);
    return date_of(year, month, day);
}

/* The component in its season: by months, or by the days of each year that the book covers. */
static void season_add(Ctx *c, const PlanBook *b, Id plan, const char *season, const TariffRate *r, Components *to,
                       int *room) {
    const SeasonRow *s = NULL;
    for (size_t i = 0; season && i < b->seasons.n; i++)
        if (b->seasons.v[i].plan_id.id == plan.id && !strcmp(b->seasons.v[i].code, season)) s = &b->seasons.v[i];
    int first = date_ymd(b->from).year - 1, last = date_ymd(b->to).year;
    uint16_t months = s ? months_of(s->from_md, s->to_md) : 0;
    for (int year = s && !months ? first : last; year <= last; year++) {
        if (to->n == *room) {
            TariffRate *more = take_n(c, TariffRate, (size_t)*room * 2);
            memcpy(more, to->v, (size_t)to->n * sizeof *more);
            to->v = more, *room *= 2;
        }
        TariffRate *x = &to->v[to->n++];
        *x = *r;
        x->season = months, x->season_code = s ? s->code : NULL;
        if (!s || months) continue;
        x->valid_from = md_date(year, s->from_md);
        x->valid_to = md_date(strcmp(s->to_md, s->from_md) < 0 ? year + 1 : year, s->to_md);
    }
}

/* A tax component: the lines that it names carry its code. */
static void tax_add(Ctx *c, const RateRow *r, Components *to) {
    int n;
    const char *const *of = texts_of(c, r->refs, &n);
    for (int i = 0; r->tax_code && i < to->n; i++) {
        bool named = !n;
        for (int k = 0; k < n; k++) named = named || !strcmp(of[k], to->v[i].code)
            || !strcmp(of[k], to->v[i].charge_type);
        for (int k = 0; k < to->v[i].tax_n; k++) named = named && strcmp(to->v[i].tax_codes[k], r->tax_code);
        if (!named) continue;
        const char **codes = take_n(c, const char *, (size_t)to->v[i].tax_n + 1);
        for (int k = 0; k < to->v[i].tax_n; k++) codes[k] = to->v[i].tax_codes[k];
        codes[to->v[i].tax_n++] = r->tax_code;
        to->v[i].tax_codes = codes;
    }
}

static void components_make(Ctx *c, PlanBook *b, Version *v, const char *size) {
    for (Components *x = v->made; x; x = x->next)
        if (text_same(x->size, size)) return;
    Components *x = take(c, sizeof *x);
    int room = (int)v->rows * 2 + 2;
    x->v = take_n(c, TariffRate, (size_t)room);
    x->size = size ? text_copy(c, size) : NULL;
    for (size_t i = v->first; i < v->first + v->rows; i++) {
        const RateRow *r = &b->rates.v[i];
        TariffRate one;
        bool seasonal = false;
        for (size_t t = 0; t < b->tiers.n; t++)
            seasonal = seasonal || (b->tiers.v[t].rate_id.id == r->id.id && b->tiers.v[t].season_code);
        for (size_t t = 0; t < b->tou.n; t++)
            seasonal = seasonal || (b->tou.v[t].rate_id.id == r->id.id && b->tou.v[t].season_code);
        if (!seasonal) {
            if (rate_of(c, b, r, NULL, size, &one)) season_add(c, b, v->row.plan_id, r->season_code, &one, x, &room);
            continue;
        }
        for (size_t s = 0; s < b->seasons.n; s++)
            if (b->seasons.v[s].plan_id.id == v->row.plan_id.id && rate_of(c, b, r, b->seasons.v[s].code, size, &one))
                season_add(c, b, v->row.plan_id, b->seasons.v[s].code, &one, x, &room);
    }
    for (size_t i = v->first; i < v->first + v->rows; i++)
        if (!strcmp(b->rates.v[i].type, "tax")) tax_add(c, &b->rates.v[i], x);
    for (int i = 0; i < x->n; i++) {
        TariffRate *r = &x->v[i];
        if (!r->group) continue;
        if (!r->tax_n) rebate_taxes(c, r, x->v, x->n);
        if (r->calc != CALC_PERCENT) r->once = text(c, "plan:%lld:%s", (long long)v->row.plan_id.id, r->code);
    }
    x->next = v->made;
    v->made = x;
}

/* A size without prices is like none: the engine misses its price. */
static const Components *components_of(const Version *v, const char *size) {
    const Components *plain = NULL;
    for (const Components *x = v->made; x; x = x->next) {
        if (!x->size) plain = x;
        else if (size && !strcmp(x->size, size)) return x;
    }
    return plain;
}

/* --- what others ask ---------------------------------------------------------------------------------------------- */

static const PlanRow *plan_of(const PlanBook *b, Id plan) {
    for (size_t i = 0; i < b->plans.n; i++)
        if (b->plans.v[i].id.id == plan.id) return &b->plans.v[i];
    return NULL;
}

const char *plan_code_of(const PlanBook *book, Id plan) {
    const PlanRow *p = plan_of(book, plan);
    return p ? p->code : NULL;
}

Id plan_rate_code(const PlanBook *b, Id rate) {
    for (size_t i = 0; rate.id && i < b->rates.n; i++)
        if (b->rates.v[i].id.id == rate.id) return b->codes[i];
    return (Id){ 0 };
}

int plan_spans(PlanBook *b, Id plan, Date valid_from, Date valid_to, const char *size, BillPlanSpan *to, int room) {
    const PlanRow *p = plan_of(b, plan);
    int n = 0;
    for (size_t i = 0; p && i < b->version_n && n < room; i++) {
        const Version *v = &b->versions[i];
        if (v->row.plan_id.id != plan.id) continue;
        Date from = date_max(v->row.effective_from, valid_from);
        Date until = !date_is_set(v->until) ? valid_to : !date_is_set(valid_to)
            ? v->until : date_min(v->until, valid_to);
        if ((date_is_set(until) && until.day < from.day) || (date_is_set(until) && until.day < b->from.day)) continue;
        const Components *x = components_of(v, size);
        to[n++] = (BillPlanSpan){
            .plan = plan, .version = v->row.id, .plan_code = p->code, .version_no = v->row.version_no,
            .valid_from = from, .valid_to = until, .rates = x->v, .rate_n = x->n, .eru_sqft = p->eru_sqft,
            .proration = !strcmp(p->proration_method, "daily") ? PRORATE_DAILY : !strcmp(p->proration_method, "none")
            ? PRORATE_NONE : PRORATE_PARTIAL_ONLY,
            .rate_change = !strcmp(p->rate_change_method, "version_at_end")
            ? RATES_AT_END : !strcmp(p->rate_change_method, "version_at_start") ? RATES_AT_START : RATES_BY_DAYS,
            .tolerance_days = p->tolerance_days, .has_deemed = p->has_deemed, .deemed_per_day = p->deemed_qty_micro,
            .tou_fallback = p->fallback_tou, .has_winter_default = p->has_winter,
            .winter_default = p->winter_qty_micro };
    }
    return n;
}

#define TAX_ROW(F, T) F(T, const char *, code) F(T, const char *, name) F(T, int64_t, rate_ppm) \
    F(T, const char *, method) F(T, bool, has_cap) F(T, Price, cap_per_unit_micro) F(T, bool, split_by_days) \
    F(T, bool, compound) F(T, Date, effective_from) F(T, Date, effective_to) F(T, int, sort)
ROW(TaxRow, TAX_ROW)
typedef struct { BillTax *v; int n; } Taxes;

const BillTax *plan_taxes(Ctx *c, int *n) {
    Taxes *all = fact_get(c, "bill_taxes", c->utility.id);
    if (!all) {
        TaxRows rows = db_all(c, TaxRow, "select code, name, rate_ppm, method, cap_per_unit_micro is not null "
                                         "as has_cap, coalesce(cap_per_unit_micro, 0) as cap_per_unit_micro, "
                                         "split_by_days, compound, effective_from, effective_to, sort "
                                         "from tax_code where utility_id=? and active=1 "
                                         "order by sort, code, effective_from", c->utility);
        all = take(c, sizeof *all);
        all->v = take_n(c, BillTax, rows.n + 1);
        TaxRate *rates = take_n(c, TaxRate, rows.n + 1);
        for (size_t i = 0; i < rows.n; i++) {
            const TaxRow *r = &rows.v[i];
            rates[i] = (TaxRate){ r->effective_from, r->effective_to, r->rate_ppm };
            BillTax *last = all->n ? &all->v[all->n - 1] : NULL;
            if (last && !strcmp(last->code, r->code)) {
                TaxRate *before = (TaxRate *)&last->rates[last->rate_n - 1];
                if (!date_is_set(before->valid_to) || before->valid_to.day >= r->effective_from.day)
                    before->valid_to = date_add_days(r->effective_from, -1);
                last->rate_n++;
                continue;
            }
            all->v[all->n++] = (BillTax){ .code = r->code, .name = r->name, .rates = &rates[i], .rate_n = 1,
                                          .is_inclusive = !strcmp(r->method, "inclusive"),
                                          .splits_by_days = r->split_by_days,
                                          .is_compound = r->compound, .has_cap = r->has_cap,
                                          .cap_per_unit = r->cap_per_unit_micro, .sequence = r->sort };
        }
        fact_keep(c, "bill_taxes", c->utility.id, all);
    }
    *n = all->n;
    return all->v;
}
