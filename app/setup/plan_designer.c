/*
 * The designer (ONB02US05): every price of a version may be tried, and the bills of typical households follow at once.
 * Nothing is stored until the prices of a draft are kept. A price is named CODE.place in the address: WATER-USE.1.
 */
#include <string.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/chart.h"
#include "lib/json.h"
#include "lib/money.h"

enum { TRIES_MOST = 80, USES_MOST = 8, PRICE_PLACES = 6 };

typedef struct Knob {
    const PlanRate *rate;
    int             place;              /* of the tier or period; -1: the component's own price */
    const char     *name, *label, *typed, *error;
    Price           stored, tried;
    bool            is_amount;          /* kept in minor units */
    Id              row;                /* tariff_tier; 0 otherwise */
    const char     *period;             /* of time of use */
} Knob;

typedef struct Designer { Plan *plan; PlanVersion *version; PlanRates rates; Knob knobs[TRIES_MOST]; int n; } Designer;

#define TIER_KNOB(F, T) F(T, Id, id) F(T, bool, unlimited) F(T, Quantity, upto) F(T, Price, rate) F(T, Money, amount)
ROW(TierKnob, TIER_KNOB)
#define TOU_KNOB(F, T) F(T, const char *, code) F(T, Price, rate)
ROW(TouKnob, TOU_KNOB)

static void knob(Req *r, Designer *d, Knob k) {
    if (d->n == TRIES_MOST) return;
    k.name = text(r, "%s.%d", k.rate->code, k.place < 0 ? 0 : k.place);
    k.tried = k.stored;
    /* by GET, and by POST when the prices are kept */
    k.typed = query_text(r, k.name) ? query_text(r, k.name) : field_text(r, k.name);
    Price p;
    if (k.typed && price_parse(k.typed, NUMBER_PLAIN, true, &p) != NUMBER_OK)
        k.error = msg_format(r, r->c.language, "plan.no_price", { "typed", k.typed });
    else if (k.typed && p.micro > 1000000LL * 1000000) k.error = PLAN_SAY(r, "price_most");
    else if (k.typed && p.micro < 0 && strcmp(k.rate->type, "surcharge") && strcmp(k.rate->type, "adjustment_factor"))
        k.error = PLAN_SAY(r, "price_negative");
    else if (k.typed && k.is_amount && p.micro % power_of_ten(6 - utility_here(&r->c)->exponent))
        k.error = PLAN_SAY(r, "price_places");
    else if (k.typed) k.tried = p;
    if (k.error) problem(r, k.name, "%s", k.error);
    d->knobs[d->n++] = k;
}

static Price of_minor(Req *r, Money m) {
    return (Price){ m.minor * power_of_ten(6 - utility_here(&r->c)->exponent) };
}

static void tier_knobs(Req *r, Designer *d, const PlanRate *x) {
    bool amounts = !strcmp(x->calc, "flat_by_tier");
    TierKnobs all = db_all(r, TierKnob, "select id, upto_qty_micro is null as unlimited, coalesce(upto_qty_micro, 0) "
        "as upto, coalesce(rate_micro, 0) as rate, coalesce(amount_minor, 0) as amount from tariff_tier "
        "where rate_id=? order by season_key, seq", x->id);
    const char *from = "0";
    for (size_t i = 0; i < all.n; i++) {
        const char *upto = locale_quantity(&r->c.mem, r->c.locale, all.v[i].upto, NULL);
        knob(r, d, (Knob){ .rate = x, .place = (int)i, .stored = amounts ? of_minor(r, all.v[i].amount) : all.v[i].rate,
                           .row = all.v[i].id, .is_amount = amounts, .label = all.v[i].unlimited
                           ? text(r, "%s %s", PLAN_SAY(r, "over"), from) : text(r, "%s – %s", from, upto) });
        from = upto;
    }
}

static void knobs_of(Req *r, Designer *d) {
    d->rates = plan_rates(&r->c, d->version->id);
    for (size_t i = 0; i < d->rates.n; i++) {
        const PlanRate *x = &d->rates.v[i];
        if (!x->enabled || !strcmp(x->type, "seasonal")) continue;
        if (!strcmp(x->calc, "tiered") || !strcmp(x->calc, "flat_by_tier")) tier_knobs(r, d, x);
        else if (!strcmp(x->calc, "tou")) {
            TouKnobs all = db_all(r, TouKnob, "select code, min(rate_micro) as rate from tariff_tou_period "
                "where rate_id=? and season_code is null group by code order by min(id)", x->id);
            for (size_t k = 0; k < all.n; k++)
                knob(r, d, (Knob){ .rate = x, .place = (int)k, .stored = all.v[k].rate, .label = all.v[k].code,
                                   .period = all.v[k].code });
        } else if (!strcmp(x->calc, "per_unit"))
            knob(r, d, (Knob){ .rate = x, .place = -1, .stored = x->rate_micro, .label = x->unit ? text(r, "%s %s",
                PLAN_SAY(r, "per"), x->unit) : PLAN_SAY(r, "per_unit") });
        else if (!strcmp(x->calc, "flat") && strcmp(x->type, "meter_size"))
            knob(r, d, (Knob){ .rate = x, .place = -1, .stored = of_minor(r, x->amount_minor), .is_amount = true,
                               .label = msg(r->c.language, text(r, "plan.%s", x->basis)) });
    }
}

static Designer *designer_of(Req *r) {
    Designer *d = take(r, sizeof *d);
    d->plan = plan_of_path(r);
    d->version = plan_version_of_path(r, d->plan);
    knobs_of(r, d);
    return d;
}

static void show_knobs(Req *r, const Designer *d) {
    int block = -1, line = 0;
    const PlanRate *last = NULL;
    for (int i = 0; i < d->n; i++) {
        const Knob *k = &d->knobs[i];
        if (k->rate != last) block++, line = 0, last = k->rate;
        const char *at_ = text(r, "blocks.%d.lines.%d", block, line++), *value = price_decimal(&r->c.mem, k->tried),
            *stored = price_decimal(&r->c.mem, k->stored);
        show_text(r, text(r, "blocks.%d.label", block), k->rate->label);
        show_text(r, text(r, "blocks.%d.code", block), k->rate->code);
        show_text(r, text(r, "%s.name", at_), k->name);
        show_text(r, text(r, "%s.id", at_), text(r, "f-%s", k->name));
        show_text(r, text(r, "%s.label", at_), k->label);
        show_text(r, text(r, "%s.value", at_), k->error ? k->typed : value);
        show_text(r, text(r, "%s.stored", at_), stored);
        show_text(r, text(r, "%s.error", at_), k->error);
        int64_t most = (k->stored.micro > k->tried.micro ? k->stored.micro : k->tried.micro) / 500000 + 1;
        show_text(r, text(r, "%s.max", at_), text(r, "%lld", (long long)most));
    }
}

/* The blocks of the first component with tiers, as they are and as tried. */
static void show_blocks(Req *r, const Designer *d, const char *section) {
    int64_t stored[TRIES_MOST], tried[TRIES_MOST];
    const char *labels[TRIES_MOST], *texts[TRIES_MOST], *old[TRIES_MOST];
    size_t n = 0;
    const PlanRate *rate = NULL;
    for (int i = 0; i < d->n; i++) {
        const Knob *k = &d->knobs[i];
        if (!k->row.id || (rate && rate != k->rate)) continue;
        rate = k->rate;
        labels[n] = k->label, stored[n] = k->stored.micro / 100, tried[n] = k->tried.micro / 100;
        texts[n] = locale_price(&r->c.mem, r->c.locale, k->tried);
        old[n++] = locale_price(&r->c.mem, r->c.locale, k->stored);
    }
    if (!n) return;
    Chart chart = { .id = "blocks", .title = text(r, "%s, %s", rate->label, PLAN_SAY(r, "blocks")),
                    .desc = PLAN_SAY(r, "blocks_how"), .n = n, .labels = labels, .scale = 4,
                    .series = { { .name = PLAN_SAY(r, "tried"), .values = tried, .texts = texts },
                                { .name = PLAN_SAY(r, "now"), .values = stored, .texts = old } }, .series_n = 2 };
    show_text(r, text(r, "%s.title", section), chart.title);
    plan_chart(r, section, &chart);
}

static void show_bills(Req *r, const Designer *d, const char *section) {
    Ctx *c = &r->c;
    TariffTry tries[TRIES_MOST];
    for (int i = 0; i < d->n; i++)
        tries[i] = (TariffTry){ d->knobs[i].rate->id, d->knobs[i].place, d->knobs[i].tried };
    Quantity uses[USES_MOST];
    PlanUses u = { .n = plan_typical_uses(c, d->plan->id, uses), .quantity = uses, .before_name = PLAN_SAY(r, "now"),
                   .after_name = PLAN_SAY(r, "tried") };
    u.unit = db_text(c, "select s.unit from utility_service s where s.utility_id=? and s.code=json_value(?, '$[0]')",
                     c->utility, d->plan->service_codes);
    Date from, to;
    plan_typical_days(d->version, &from, &to);
    TariffDesk *desk = tariff_desk(c, d->plan->id, d->version->id, from, to);
    for (int i = 0; i < u.n; i++) {
        u.before[i] = plan_bill_of(desk, uses[i], from, to, NULL, 0);
        u.after[i] = plan_bill_of(desk, uses[i], from, to, tries, d->n);
    }
    plan_show_uses(r, section, &u);
}

void plan_designer_page(Req *r) {
    Designer *d = designer_of(r);
    plan_head(r, d->plan, d->version, PLAN_SAY(r, "designer"));
    const char *here = text(r, "/plans/%s/versions/%d/designer", d->plan->code, d->version->version_no);
    show_text(r, "designer.url", link_path(r, "%s", here));
    show_int(r, "designer.row_version", d->version->row_version);
    show_flag(r, "designer.can_save", !strcmp(d->version->state, "draft") && perm_may(&r->c, "core.tariffs", EDIT));
    show_knobs(r, d);
    show_bills(r, d, "sections.0");
    show_blocks(r, d, "sections.1");
    show_text(r, "page.scripts.0", asset_path("designer_js"));
    for (int i = 0; i < r->problems; i++) {
        show_text(r, at(r, "page.errors", (size_t)i, "field"), r->problem[i].field);
        show_text(r, at(r, "page.errors", (size_t)i, "text"), r->problem[i].text);
    }
    if (r->problems && !r->again) r->status = 422;
    page(r, "setup/designer");
}

void plan_designer_apply(Req *r) {
    Ctx *c = &r->c;
    Designer *d = designer_of(r);
    problems_end(r);
    plan_draft_lock(c, d->version);
    int64_t unit = power_of_ten(6 - utility_here(c)->exponent);
    int changed = 0;
    Text was = text_start(c), is = text_start(c);
    JsonOut before = json_out(&was), after = json_out(&is);
    json_open_object(&before, NULL);
    json_open_object(&after, NULL);
    for (int i = 0; i < d->n; i++) {
        const Knob *k = &d->knobs[i];
        if (k->tried.micro == k->stored.micro) continue;
        Money amount = { k->tried.micro / unit };
        changed++;
        if (k->row.id)
            db_run(c, "update tariff_tier set rate_micro=if(?,null,?), amount_minor=if(?,?,null) where id=?",
                   k->is_amount, k->tried, k->is_amount, amount, k->row);
        else if (k->period)
            db_run(c, "update tariff_tou_period set rate_micro=? where rate_id=? and code=? and season_code is null",
                   k->tried, k->rate->id, k->period);
        else if (k->is_amount)
            db_run(c, "update tariff_rate set amount_minor=?, minimum_minor=if(minimum_minor is null, null, ?) "
                      "where id=?", amount, amount, k->rate->id);
        else db_run(c, "update tariff_rate set rate_micro=? where id=?", k->tried, k->rate->id);
        json_add_text(&before, k->name, price_decimal(&c->mem, k->stored));
        json_add_text(&after, k->name, price_decimal(&c->mem, k->tried));
    }
    json_close(&before);
    json_close(&after);
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan_version", .id = d->version->id,
                             .number = text(c, "%s/%d", d->plan->code, d->version->version_no),
                             .version = d->version->row_version + 1, .before = was.s, .after = is.s });
    note(r, "%s", msg_plural(r, c->language, "plan.prices_kept", changed, NULL));
    go(r, "/plans/%s/versions/%d", d->plan->code, d->version->version_no);
}
