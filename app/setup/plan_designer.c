/*
 * The designer (ONB02US05): every price of a version may be tried, and the bills of typical households follow at once.
 * Prices are bars of a drawing that are moved by pointer or keys (designer.js), or fields without script. Nothing is
 * stored until the prices of a draft are kept. A price is named CODE.place in the address: WATER-USE.1, SEWER.share.
 */
#include <string.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/chart.h"
#include "lib/json.h"
#include "lib/money.h"

enum { TRIES_MOST = 160, USES_MOST = 8, SEASONS_MOST = 12 };

typedef struct Knob {
    const PlanRate *rate;
    TariffTry       tried;              /* what it is of, and the price that is tried */
    Price           stored;
    const char     *place;              /* within the component */
    const char     *name, *label, *typed, *error;
    bool            is_amount;          /* kept in minor units */
    Id              row;                /* tariff_tier or tariff_meter_size_price */
} Knob;

typedef struct Designer { Plan *plan; PlanVersion *version; PlanRates rates; Knob knobs[TRIES_MOST]; int n;
                          bool has_more, has_rebates; } Designer;

#define TIER_KNOB(F, T) F(T, Id, id) F(T, const char *, season) F(T, int, place) F(T, bool, unlimited) \
    F(T, Quantity, upto) F(T, const char *, attribute) F(T, Price, rate) F(T, Money, amount)
ROW(TierKnob, TIER_KNOB)
#define TOU_KNOB(F, T) F(T, const char *, code) F(T, const char *, season) F(T, Price, rate)
ROW(TouKnob, TOU_KNOB)
#define SIZE_KNOB(F, T) F(T, Id, id) F(T, const char *, size) F(T, Money, amount)
ROW(SizeKnob, SIZE_KNOB)

static bool is_percent(const Knob *k) { return k->tried.kind == TRY_PERCENT || k->tried.kind == TRY_SHARE; }

static bool may_be_negative(const Knob *k) {
    return k->tried.kind != TRY_SHARE
        && (!strcmp(k->rate->type, "surcharge") || !strcmp(k->rate->type, "adjustment_factor"));
}

/* Why what was typed is no price of this kind; NULL when it is one. */
static const char *price_problem(Req *r, const Knob *k, Price *to) {
    if (price_parse(k->typed, NUMBER_PLAIN, true, to) != NUMBER_OK)
        return msg_format(r, r->c.language, is_percent(k) ? "plan.no_percent" : "plan.no_price",
                          { "typed", k->typed });
    if (to->micro < 0 && !may_be_negative(k))
        return is_percent(k) ? PLAN_SAY(r, "percent_negative") : PLAN_SAY(r, "price_negative");
    int64_t size = to->micro < 0 ? -to->micro : to->micro;
    if (is_percent(k))
        return size > 100 * 1000000LL ? PLAN_SAY(r, "percent_most") : to->micro % 100 ? PLAN_SAY(r, "percent_places")
            : NULL;
    if (size > 1000000LL * 1000000) return PLAN_SAY(r, "price_most");
    if (k->is_amount && to->micro % power_of_ten(6 - utility_here(&r->c)->exponent))
        return PLAN_SAY(r, "price_places");
    return NULL;
}

static void knob(Req *r, Designer *d, Knob k) {
    if (d->n == TRIES_MOST) {
        d->has_more = true;
        return;
    }
    k.name = text(r, "%s.%s", k.rate->code, k.place);
    k.tried.rate = k.rate->id;
    k.tried.price = k.stored;
    /* by GET, and by POST when the prices are kept */
    k.typed = query_text(r, k.name) ? query_text(r, k.name) : field_text(r, k.name);
    Price p;
    if (k.typed) k.error = price_problem(r, &k, &p);
    if (k.typed && !k.error) k.tried.price = p;
    if (k.error) problem(r, k.name, "%s", k.error);
    d->knobs[d->n++] = k;
}

static Price of_minor(Req *r, Money m) {
    return (Price){ m.minor * power_of_ten(6 - utility_here(&r->c)->exponent) };
}

static const char *limit_text(Req *r, const TierKnob *t) {
    const char *number = locale_quantity(&r->c.mem, r->c.locale, t->upto, NULL);
    return !t->attribute ? number : t->upto.micro ? text(r, "%s + %s", t->attribute, number) : t->attribute;
}

static void tier_knobs(Req *r, Designer *d, const PlanRate *x) {
    bool amounts = !strcmp(x->calc, "flat_by_tier");
    TierKnobs all = db_all(r, TierKnob, "select t.id, s.code as season, cast(row_number() over (partition by "
        "t.season_key order by t.seq) - 1 as signed) as place, t.upto_qty_micro is null and t.upto_attribute is null "
        "as unlimited, coalesce(t.upto_qty_micro, 0) as upto, t.upto_attribute as attribute, "
        "coalesce(t.rate_micro, 0) as rate, coalesce(t.amount_minor, 0) as amount from tariff_tier t "
        "left join tariff_season s on s.id=t.season_id where t.rate_id=? order by t.season_key, t.seq", x->id);
    const char *from = "0";
    for (size_t i = 0; i < all.n; i++) {
        const TierKnob *t = &all.v[i];
        if (!t->place) from = "0";
        /* what a rebate leaves above its units has no price */
        if (!strcmp(x->type, "rebate") && t->unlimited) continue;
        const char *upto = limit_text(r, t);
        knob(r, d, (Knob){ .rate = x, .place = text(r, "%zu", i), .row = t->id, .is_amount = amounts,
                           .tried = { .kind = TRY_TIER, .tier = t->place, .season = t->season },
                           .stored = amounts ? of_minor(r, t->amount) : t->rate,
                           .label = t->unlimited ? text(r, "%s %s", PLAN_SAY(r, "over"), from)
                           : text(r, "%s – %s", from, upto) });
        from = upto;
    }
}

static void tou_knobs(Req *r, Designer *d, const PlanRate *x) {
    TouKnobs all = db_all(r, TouKnob, "select code, season_code as season, min(rate_micro) as rate "
        "from tariff_tou_period where rate_id=? group by season_code, code order by season_code, min(id)", x->id);
    for (size_t i = 0; i < all.n; i++)
        knob(r, d, (Knob){ .rate = x, .place = text(r, "%zu", i), .stored = all.v[i].rate, .label = all.v[i].code,
                           .tried = { .kind = TRY_PERIOD, .period = all.v[i].code, .season = all.v[i].season } });
}

static void size_knobs(Req *r, Designer *d, const PlanRate *x) {
    SizeKnobs all = db_all(r, SizeKnob, "select id, size, amount_minor as amount from tariff_meter_size_price "
                                        "where rate_id=? order by id", x->id);
    for (size_t i = 0; i < all.n; i++)
        knob(r, d, (Knob){ .rate = x, .place = text(r, "%zu", i), .row = all.v[i].id, .is_amount = true,
                           .stored = of_minor(r, all.v[i].amount), .label = all.v[i].size,
                           .tried = { .kind = TRY_PRICE, .size = all.v[i].size } });
}

/* A component with one price, and the share of the volume that counts where that is not all. */
static void one_knob(Req *r, Designer *d, const PlanRate *x) {
    if (!strcmp(x->calc, "percent"))
        knob(r, d, (Knob){ .rate = x, .place = "0", .stored = { x->rate_ppm * 100 }, .label = PLAN_SAY(r, "percentage"),
                           .tried = { .kind = TRY_PERCENT } });
    else if (!strcmp(x->calc, "flat"))
        knob(r, d, (Knob){ .rate = x, .place = "0", .stored = of_minor(r, x->amount_minor), .is_amount = true,
                           .label = msg(r->c.language, text(r, "plan.%s", x->basis)) });
    else
        knob(r, d, (Knob){ .rate = x, .place = "0", .stored = x->rate_micro, .label = x->unit
                           ? text(r, "%s %s", PLAN_SAY(r, "per"), x->unit) : PLAN_SAY(r, "per_unit") });
}

static void knobs_of(Req *r, Designer *d) {
    d->rates = plan_rates(&r->c, d->version->id);
    for (size_t i = 0; i < d->rates.n; i++) {
        const PlanRate *x = &d->rates.v[i];
        if (!x->enabled || !strcmp(x->type, "tax")) continue;
        d->has_rebates = d->has_rebates || !strcmp(x->type, "rebate");
        bool tiered = !strcmp(x->calc, "tiered"), flat_by_tier = !strcmp(x->calc, "flat_by_tier");
        if (tiered || flat_by_tier) tier_knobs(r, d, x);
        else if (!strcmp(x->calc, "tou")) tou_knobs(r, d, x);
        else if (!strcmp(x->type, "meter_size")) size_knobs(r, d, x);
        else one_knob(r, d, x);
        if (x->qty_percent_ppm != 1000000 && (tiered || !strcmp(x->calc, "per_unit")))
            knob(r, d, (Knob){ .rate = x, .place = "share", .stored = { x->qty_percent_ppm * 100 },
                               .label = PLAN_SAY(r, "share_of_volume"), .tried = { .kind = TRY_SHARE } });
    }
}

static Designer *designer_of(Req *r) {
    Designer *d = take(r, sizeof *d);
    d->plan = plan_of_path(r);
    d->version = plan_version_of_path(r, d->plan);
    knobs_of(r, d);
    return d;
}

/* --- the drawing -------------------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, at most a hundredth of the axis. */
static int64_t drag_step(int64_t span, int64_t least) {
    int64_t step = least;
    for (int64_t power = 1; power <= span / 100; power *= 10)
        for (int k = 1; k <= 5; k += k == 1 ? 1 : 3)
            if (power * k <= span / 100 && power * k % least == 0 && power * k > step) step = power * k;
    return step;
}

/* Prices of a unit are moved by cents, or by what a hundredth of them is; amounts by the least coin. */
static int64_t key_step(Req *r, const Knob *k, int64_t high) {
    if (is_percent(k)) return 100000;
    int64_t coin = power_of_ten(6 - utility_here(&r->c)->exponent);
    if (k->is_amount) return coin;
    int64_t step = 10000;
    while (step > 100 && high < step * 100) step /= 10;
    return step;
}

static ChartAxis axis_of(const Knob *v, int n) {
    int64_t low = 0, high = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) {
            int64_t x = k ? v[i].tried.price.micro : v[i].stored.micro;
            if (x > high) high = x;
            if (x < low) low = x;
        }
    if (!high && !low) high = is_percent(v) ? 10000000 : 1000000;
    int64_t top = high + high / 2, bottom = low + low / 2;
    if (is_percent(v) && top > 100000000) top = 100000000;
    if (may_be_negative(v) && -top < bottom) bottom = -top;
    ChartAxis axis = chart_axis(bottom, top > 0 ? top : -bottom, 4);
    if (is_percent(v) && axis.high > 100000000) axis.high = 100000000;
    return axis;
}

static void show_drawings(Req *r, const char *block, const char *title, const Knob *v, int n) {
    ChartHandle *handles = take_n(r, ChartHandle, (size_t)n);
    for (int i = 0; i < n; i++)
        handles[i] = (ChartHandle){ .field = text(r, "f-%s", v[i].name), .label = n > 1 ? v[i].label : "",
                                    .name = text(r, "%s, %s", title, v[i].label), .value = v[i].tried.price.micro,
                                    .stored = v[i].stored.micro, .may_be_negative = may_be_negative(&v[i]) };
    ChartAxis axis = axis_of(v, n);
    size_t room = chart_handles_room(handles, (size_t)n);
    int64_t step = key_step(r, v, axis.high);
    for (size_t first = 0, m = 0; first < (size_t)n; first += room, m++) {
        size_t some = (size_t)n - first < room ? (size_t)n - first : room;
        ChartHandles c = { .id = text(r, "k-%s-%zu", v->name, first), .title = title,
                           .desc = PLAN_SAY(r, "blocks_how"), .after = is_percent(v) ? "%" : NULL, .n = some,
                           .v = handles + first, .axis = axis, .step = step,
                           .drag = drag_step(axis.high - axis.low, step),
                           .most = is_percent(v) ? 100000000 : 1000000000000 };
        show_text(r, text(r, "%s.drawings.%zu.svg", block, m), chart_handles(&r->c.mem, &c));
    }
}

static void show_line(Req *r, const char *at_, const Knob *k) {
    show_text(r, text(r, "%s.name", at_), k->name);
    show_text(r, text(r, "%s.id", at_), text(r, "f-%s", k->name));
    show_text(r, text(r, "%s.label", at_), k->label);
    show_text(r, text(r, "%s.value", at_), k->error ? k->typed : price_decimal(&r->c.mem, k->tried.price));
    show_text(r, text(r, "%s.stored", at_), price_decimal(&r->c.mem, k->stored));
    show_text(r, text(r, "%s.suffix", at_), is_percent(k) ? "%" : NULL);
    show_text(r, text(r, "%s.error", at_), k->error);
}

/* Prices that stand on one axis: of one component, of one season, of one kind. */
static bool goes_on(const Knob *a, const Knob *b) {
    const char *x = a->tried.season, *y = b->tried.season;
    return a->rate == b->rate && is_percent(a) == is_percent(b) && (x && y ? !strcmp(x, y) : x == y);
}

static void show_blocks(Req *r, const Designer *d) {
    for (int i = 0, block = 0; i < d->n; block++) {
        const Knob *k = &d->knobs[i];
        int n = 1;
        while (i + n < d->n && goes_on(k, &d->knobs[i + n])) n++;
        const char *at_ = text(r, "blocks.%d", block), *title = k->tried.season
            ? text(r, "%s, %s", k->rate->label, k->tried.season) : k->rate->label;
        show_text(r, text(r, "%s.label", at_), title);
        show_text(r, text(r, "%s.code", at_), k->rate->code);
        if (n == 1) show_text(r, text(r, "%s.kind", at_), "one");
        show_drawings(r, at_, title, k, n);
        for (int m = 0; m < n; m++) show_line(r, text(r, "%s.lines.%d", at_, m), &d->knobs[i + m]);
        i += n;
    }
}

/* --- the bills ---------------------------------------------------------------------------------------------------- */

static void option(Req *r, const char *list, size_t n, const char *value, const char *words, const char *chosen) {
    show_text(r, text(r, "%s.%zu.value", list, n), value);
    show_text(r, text(r, "%s.%zu.text", list, n), words);
    show_flag(r, text(r, "%s.%zu.selected", list, n), chosen && !strcmp(chosen, value));
}

/* Whose bills are shown: its meter, its season, whether it is enrolled; what the plan does not ask is no choice. */
static PlanHome home_of(Req *r, const Designer *d) {
    const char *sizes[PLAN_SIZES_MOST], *size = query_text(r, "size"), *season = query_text(r, "season");
    size_t n = plan_sizes(&r->c, d->version, sizes);
    bool known = false;
    for (size_t i = 0; i < n; i++) known = known || (size && !strcmp(size, sizes[i]));
    PlanHome home = plan_home(&r->c, d->plan, d->version, known ? size : NULL, season && *season ? season : NULL);
    for (size_t i = 0; n > 1 && i < n; i++) option(r, "designer.sizes", i, sizes[i], sizes[i], home.size);
    PlanNameds seasons = db_all(r, PlanNamed, "select id, code, concat(code, ', ', from_md, ' – ', to_md) as name "
        "from tariff_season where plan_id=? order by from_md limit ?", d->plan->id, SEASONS_MOST);
    for (size_t i = 0; i < seasons.n; i++)
        option(r, "designer.seasons", i, seasons.v[i].code, seasons.v[i].name, season);
    home.is_enrolled = d->has_rebates && query_text(r, "enrolled");
    show_flag(r, "designer.has_rebates", d->has_rebates);
    show_flag(r, "designer.enrolled", home.is_enrolled);
    return home;
}

static void show_bills(Req *r, const Designer *d, const char *section) {
    Ctx *c = &r->c;
    TariffTry tries[TRIES_MOST];
    for (int i = 0; i < d->n; i++) tries[i] = d->knobs[i].tried;
    Quantity uses[USES_MOST];
    PlanUses u = { .n = plan_typical_uses(c, d->plan->id, uses), .quantity = uses, .before_name = PLAN_SAY(r, "now"),
                   .after_name = PLAN_SAY(r, "tried") };
    u.unit = db_text(c, "select s.unit from utility_service s where s.utility_id=? and s.code=json_value(?, '$[0]')",
                     c->utility, d->plan->service_codes);
    PlanHome home = home_of(r, d);
    TariffDesk *desk = tariff_desk(c, d->plan->id, d->version->id, home.from, home.to);
    const char *refusal = NULL;
    for (int i = 0; i < u.n; i++) {
        u.before[i] = plan_bill_of(desk, uses[i], &home, NULL, 0, NULL);
        u.after[i] = plan_bill_of(desk, uses[i], &home, tries, d->n, &refusal);
    }
    plan_show_uses(r, section, &u);
    show_text(r, text(r, "%s.sub", section),
              text(r, "%s – %s", locale_date(&c->mem, c->locale, home.from), locale_date(&c->mem, c->locale, home.to)));
    if (!refusal) return;
    show_text(r, text(r, "%s.note.tone", section), "warn");
    show_text(r, text(r, "%s.note.text", section), refusal);
}

void plan_designer_page(Req *r) {
    Designer *d = designer_of(r);
    plan_head(r, d->plan, d->version, PLAN_SAY(r, "designer"));
    const char *here = text(r, "/plans/%s/versions/%d/designer", d->plan->code, d->version->version_no);
    show_text(r, "designer.url", link_path(r, "%s", here));
    show_int(r, "designer.row_version", d->version->row_version);
    show_flag(r, "designer.can_save", !strcmp(d->version->state, "draft") && perm_may(&r->c, "core.tariffs", EDIT));
    show_flag(r, "designer.has_more", d->has_more);
    show_blocks(r, d);
    show_bills(r, d, "sections.0");
    show_text(r, "page.scripts.0", asset_path("designer_js"));
    for (int i = 0; i < r->problems; i++) {
        show_text(r, at(r, "page.errors", (size_t)i, "field"), r->problem[i].field);
        show_text(r, at(r, "page.errors", (size_t)i, "text"), r->problem[i].text);
    }
    if (r->problems && !r->again) r->status = 422;
    page(r, "setup/designer");
}

static void price_keep(Ctx *c, const Knob *k) {
    Price p = k->tried.price;
    Money amount = { p.micro / power_of_ten(6 - utility_here(c)->exponent) };
    switch (k->tried.kind) {
    case TRY_TIER:
        db_run(c, "update tariff_tier set rate_micro=if(?,null,?), amount_minor=if(?,?,null) where id=?", k->is_amount,
               p, k->is_amount, amount, k->row);
        break;
    case TRY_PERIOD:
        db_run(c, "update tariff_tou_period set rate_micro=? where rate_id=? and code=? and season_code<=>?", p,
               k->rate->id, k->tried.period, k->tried.season);
        break;
    case TRY_PERCENT:
        db_run(c, "update tariff_rate set rate_ppm=? where id=?", p.micro / 100, k->rate->id);
        break;
    case TRY_SHARE:
        db_run(c, "update tariff_rate set qty_percent_ppm=? where id=?", p.micro / 100, k->rate->id);
        break;
    case TRY_PRICE:
        if (k->row.id) db_run(c, "update tariff_meter_size_price set amount_minor=? where id=?", amount, k->row);
        else if (!k->is_amount) db_run(c, "update tariff_rate set rate_micro=? where id=?", p, k->rate->id);
        else                                            /* what a minimum asks for is its amount, too */
            db_run(c, "update tariff_rate set amount_minor=?, minimum_minor=if(charge_type='MIN_BILL' "
                      "and minimum_minor is not null, ?, minimum_minor) where id=?", amount, amount, k->rate->id);
    }
}

void plan_designer_apply(Req *r) {
    Ctx *c = &r->c;
    Designer *d = designer_of(r);
    problems_end(r);
    plan_draft_lock(c, d->version);
    int changed = 0;
    Text was = text_start(c), is = text_start(c);
    JsonOut before = json_out(&was), after = json_out(&is);
    json_open_object(&before, NULL);
    json_open_object(&after, NULL);
    for (int i = 0; i < d->n; i++) {
        const Knob *k = &d->knobs[i];
        if (k->tried.price.micro == k->stored.micro) continue;
        changed++;
        price_keep(c, k);
        json_add_text(&before, k->name, price_decimal(&c->mem, k->stored));
        json_add_text(&after, k->name, price_decimal(&c->mem, k->tried.price));
    }
    json_close(&before);
    json_close(&after);
    audit_write(c, &(Audit){ .action = "edit", .entity = "tariff_plan_version", .id = d->version->id,
                             .number = text(c, "%s/%d", d->plan->code, d->version->version_no),
                             .version = d->version->row_version + 1, .before = was.s, .after = is.s });
    note(r, "%s", msg_plural(r, c->language, "plan.prices_kept", changed, NULL));
    go(r, "/plans/%s/versions/%d", d->plan->code, d->version->version_no);
}
