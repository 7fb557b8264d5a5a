/*
 * Two versions side by side (ONB02US05): component by component what is the same, changed, added and taken away, and
 * what both make of typical uses.
 */
#include <string.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/chart.h"
#include "lib/money.h"

enum { USES_MOST = 8, SHARES_MOST = 24 };

static const Form compare_form = { .name = "plan_compare", .fields = FIELDS {
    { "a", "First",  TEXT(2, 40), .flags = REQUIRED },
    { "b", "Second", TEXT(2, 40), .flags = REQUIRED },
    { 0 } } };

typedef struct Side { PlanChoice is; PlanVersion *version; PlanRates rates; const char *name; } Side;

/* A plan without a version stands for the one in force. */
static bool side_of(Req *r, const char *value, Side *to) {
    if (!value) return false;
    to->is = plan_choice(r, value);
    if (!to->is.plan) return false;
    to->version = to->is.version ? to->is.version : plan_version_now(&r->c, to->is.plan->id, utility_today(&r->c));
    if (!to->version) return false;
    to->rates = plan_rates(&r->c, to->version->id);
    to->name = text(r, "%s %d", to->is.plan->code, to->version->version_no);
    return true;
}

static const PlanRate *rate_named(const Side *s, const char *code) {
    for (size_t i = 0; i < s->rates.n; i++)
        if (!strcmp(s->rates.v[i].code, code)) return &s->rates.v[i];
    return NULL;
}

enum { FACETS = 15 };
static const char *const facet_names[FACETS] = {
    "plan.on_the_bill", "plan.charge_type", "plan.service", "plan.order", "plan.quantity", "plan.basis", "plan.by_days",
    "plan.tier_mode", "plan.tier_period", "plan.tiers_per", "plan.taxes_of", "plan.lines", "plan.valid", "plan.gl_code",
    "plan.in_use" };

static const char *named(Req *r, const char *list) {
    const char *v[40];
    size_t n = plan_texts(&r->c, list, v, 40);
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < n; i++) text_addf(&t, "%s%s", i ? ", " : "", v[i]);
    return t.s;
}

/* What there is of a component beside its price, in the order of facet_names. */
static void facets_of(Req *r, const PlanRate *x, const char **to) {
    Arena *a = &r->c.mem;
    const char *yes = msg(r->c.language, "ui.yes"), *no = msg(r->c.language, "ui.no");
    bool dated = date_is_set(x->valid_from) || date_is_set(x->valid_to);
    const char *facets[FACETS] = {
        x->label, x->charge_type, x->service_code, text(r, "%d", x->sequence), x->quantity,
        msg(r->c.language, text(r, "plan.%s", x->basis)), x->prorate ? yes : no,
        msg(r->c.language, text(r, "plan.tier_mode_%s", x->tier_mode)),
        msg(r->c.language, text(r, "plan.tier_period_%s", x->tier_period)), x->tiers_per, named(r, x->tax_codes),
        named(r, x->refs), !dated ? NULL : text(r, "%s – %s", date_is_set(x->valid_from)
            ? locale_date(a, r->c.locale, x->valid_from) : "", date_is_set(x->valid_to)
            ? locale_date(a, r->c.locale, x->valid_to) : ""), x->gl_code, x->enabled ? yes : no };
    memcpy(to, facets, sizeof facets);
}

/* "Taxes: CUT; GL code: 4020" of one side: only what the other has otherwise. */
static const char *differences(Req *r, const char *const *mine, const char *const *other) {
    Text t = text_start(r);
    for (int i = 0; i < FACETS; i++) {
        const char *x = mine[i] ? mine[i] : "", *y = other[i] ? other[i] : "";
        if (strcmp(x, y))
            text_addf(&t, "%s%s: %s", t.n ? "; " : "", msg(r->c.language, facet_names[i]), *x ? x : "–");
    }
    return t.n ? t.s : NULL;
}

static void row(Req *r, TableView *t, const PlanRate *a, const PlanRate *b) {
    const char *of_a[FACETS] = { 0 }, *of_b[FACETS] = { 0 };
    if (a) facets_of(r, a, of_a);
    if (b) facets_of(r, b, of_b);
    const char *left_more = a && b ? differences(r, of_a, of_b) : NULL,
        *right_more = a && b ? differences(r, of_b, of_a) : NULL;
    const char *left = a ? plan_price_text(r, a) : "–", *right = b ? plan_price_text(r, b) : "–";
    table_row(t, NULL);
    table_cell(t, (a ? a : b)->label);
    table_sub(t, (a ? a : b)->code);
    table_cell(t, left);
    if (left_more) table_sub(t, left_more);
    table_cell(t, right);
    if (right_more) table_sub(t, right_more);
    table_state(t, !a ? "added" : !b ? "removed" : strcmp(left, right) || left_more ? "changed"
                : "unchanged");
}

static void show_components(Req *r, const Side *a, const Side *b) {
    show_text(r, "show.sections.1.title", PLAN_SAY(r, "components"));
    TableView *t = table_start(r, "show.sections.1.table", PLAN_SAY(r, "components"));
    table_column(t, PLAN_SAY(r, "charge"), "text", "id");
    table_column(t, a->name, "text", "name");
    table_column(t, b->name, "text", NULL);
    table_column(t, PLAN_SAY(r, "difference"), "status", "status");
    for (size_t i = 0; i < a->rates.n; i++) row(r, t, &a->rates.v[i], rate_named(b, a->rates.v[i].code));
    for (size_t i = 0; i < b->rates.n; i++)
        if (!rate_named(a, b->rates.v[i].code)) row(r, t, NULL, &b->rates.v[i]);
    table_empty(t, PLAN_SAY(r, "no_components"), NULL);
}

void plan_show_uses(Req *r, const char *section, const PlanUses *u) {
    Arena *a = &r->c.mem;
    const Locale *l = r->c.locale;
    int64_t first[USES_MOST], second[USES_MOST];
    const char *labels[USES_MOST], *first_text[USES_MOST], *second_text[USES_MOST];
    for (int i = 0; i < u->n && i < USES_MOST; i++) {
        first[i] = u->before[i].minor, second[i] = u->after[i].minor;
        labels[i] = locale_quantity(a, l, u->quantity[i], u->unit);
        first_text[i] = locale_money(a, l, u->before[i]), second_text[i] = locale_money(a, l, u->after[i]);
    }
    Chart chart = { .id = "uses", .title = PLAN_SAY(r, "typical"), .desc = PLAN_SAY(r, "typical_how"),
                    .n = (size_t)u->n,
                    .labels = labels, .scale = utility_here(&r->c)->exponent,
                    .series = { { .name = u->after_name, .values = second, .texts = second_text },
                                { .name = u->before_name, .values = first, .texts = first_text } }, .series_n = 2 };
    show_text(r, text(r, "%s.title", section), chart.title);
    plan_chart(r, section, &chart);
    TableView *t = table_start(r, text(r, "%s.table", section), chart.title);
    table_column(t, PLAN_SAY(r, "use_month"), "text", "id");
    table_column(t, u->before_name, "money", NULL);
    table_column(t, u->after_name, "money", "amount");
    table_column(t, PLAN_SAY(r, "difference"), "money", NULL);
    table_column(t, text(r, "%s, %%", PLAN_SAY(r, "difference")), "num", NULL);
    for (int i = 0; i < u->n; i++) {
        Money d = money_sub(u->after[i], u->before[i]);
        table_row(t, NULL);
        table_cell(t, labels[i]);
        table_money(t, u->before[i]);
        table_money(t, u->after[i]);
        table_money(t, d);
        int64_t ppm = u->before[i].minor ? (int64_t)((Wide)d.minor * 1000000 / u->before[i].minor) : 0;
        table_cell(t, u->before[i].minor ? locale_percent(a, l, (ppm + (ppm < 0 ? -500 : 500)) / 1000 * 1000) : "–");
    }
}

#define SIZE_ROW(F, T) F(T, const char *, size)
ROW(SizeRow, SIZE_ROW)

size_t plan_sizes(Ctx *c, const PlanVersion *v, const char **to) {
    SizeRows all = db_all(c, SizeRow, "select distinct z.size from tariff_meter_size_price z join tariff_rate r "
        "on r.id=z.rate_id where r.version_id=? and r.enabled=1 limit ?", v->id, PLAN_SIZES_MOST);
    for (size_t i = 0; i < all.n; i++) {
        size_t at = i;
        for (; at && meter_size_rank(to[at - 1]) > meter_size_rank(all.v[i].size); at--) to[at] = to[at - 1];
        to[at] = all.v[i].size;
    }
    return all.n;
}

#define SHARE_ROW(F, T) F(T, const char *, code) F(T, int64_t, minutes)
ROW(ShareRow, SHARE_ROW)

/* Of each period the part of the week's minutes, in millionths; the last has what rounding left. */
static void shares_of(Ctx *c, const PlanVersion *v, const char *season, PlanHome *to) {
    ShareRows all = db_all(c, ShareRow, "select t.code, cast(sum(time_to_sec(timediff(t.to_time, t.from_time)) div 60 "
        "* case t.day_type when 'weekday' then 5 when 'weekend' then 2 when 'any' then 7 else 0 end) as signed) "
        "as minutes from tariff_tou_period t join tariff_rate r on r.id=t.rate_id where r.version_id=? and r.enabled=1 "
        "and (t.season_code is null or t.season_code=?) group by t.code order by min(t.id)", v->id, season);
    TariffFact *shares = take_n(c, TariffFact, all.n + 1);
    int64_t sum = 0, rest = 1000000;
    for (size_t i = 0; i < all.n; i++) sum += all.v[i].minutes;
    for (size_t i = 0; i < all.n; i++) {
        int64_t part = i + 1 == all.n ? rest : sum ? all.v[i].minutes * 1000000 / sum : 0;
        shares[i] = (TariffFact){ all.v[i].code, { part } };
        rest -= part;
    }
    to->shares = shares, to->share_n = (int)all.n;
}

/* The smallest meter that the version has a price for; 5/8 where none has one of its own. */
static const char *smallest_of(Ctx *c, const PlanVersion *v) {
    const char *sizes[PLAN_SIZES_MOST];
    size_t n = plan_sizes(c, v, sizes);
    return n ? sizes[0] : "5/8";
}

/* The next first day of a season, from a day on. */
static Date season_start(const char *from_md, Date from) {
    int month = (from_md[0] - '0') * 10 + from_md[1] - '0', day = (from_md[3] - '0') * 10 + from_md[4] - '0';
    for (int year = date_ymd(from).year;; year++) {
        int last = month_days(year, month);
        Date d = date_of(year, month, day > last ? last : day);
        if (d.day >= from.day) return d;
    }
}

PlanHome plan_home(Ctx *c, const Plan *p, const PlanVersion *v, const char *size, const char *season) {
    PlanHome home = { .size = size ? size : smallest_of(c, v), .from = v->effective_from };
    const char *from_md = season ? db_text(c, "select from_md from tariff_season where plan_id=? and code=?", p->id,
                                           season) : NULL;
    if (from_md) home.from = season_start(from_md, v->effective_from);
    home.to = date_add_days(home.from, 29);
    const char *day = text(c, "%02d-%02d", date_ymd(home.from).month, date_ymd(home.from).day);
    if (!from_md)
        season = db_text(c, "select code from tariff_season where plan_id=? and if(from_md<=to_md, ? between from_md "
                            "and to_md, ?>=from_md or ?<=to_md) limit 1", p->id, day, day, day);
    shares_of(c, v, season, &home);
    return home;
}

Money plan_bill_of(TariffDesk *d, Quantity q, const PlanHome *home, const TariffTry *tries, int n,
                   const char **refusal) {
    static const TariffFact facts[] = { { "dwelling_units", { 1000000 } }, { "eru", { 1000000 } } };
    TariffFact used[SHARES_MOST];
    TariffUse u = { .from = home->from, .to = home->to, .quantity = q, .attributes = facts, .attribute_n = 2,
                    .size = home->size, .tries = tries, .try_n = n, .is_enrolled = home->is_enrolled };
    int64_t rest = q.micro;
    for (int i = 0; i < home->share_n && i < SHARES_MOST; i++) {
        bool is_last = i + 1 == home->share_n || i + 1 == SHARES_MOST;
        int64_t part = is_last ? rest : (int64_t)((Wide)q.micro * home->shares[i].value.micro / 1000000) / 1000 * 1000;
        used[u.tou_n++] = (TariffFact){ home->shares[i].name, { part } };
        rest -= part;
    }
    u.tou = used;
    TariffBill bill = tariff_bill(d, &u);
    if (refusal && bill.refusal) *refusal = bill.refusal;
    return bill.total;
}

static void show_bills(Req *r, const Side *a, const Side *b) {
    Ctx *c = &r->c;
    Quantity uses[USES_MOST];
    PlanUses u = { .n = plan_typical_uses(c, b->is.plan->id, uses), .quantity = uses, .before_name = a->name,
                   .after_name = b->name };
    const char *unit = db_text(c,
        "select s.unit from tariff_plan p join utility_service s on s.utility_id=p.utility_id "
        "and s.code=json_value(p.service_codes, '$[0]') where p.id=?",
        b->is.plan->id);
    u.unit = unit;
    PlanHome home = plan_home(c, b->is.plan, b->version, NULL, NULL),
        there = plan_home(c, a->is.plan, a->version, NULL, NULL);
    there.from = home.from, there.to = home.to;
    TariffDesk *left = tariff_desk(c, a->is.plan->id, a->version->id, home.from, home.to),
        *right = tariff_desk(c, b->is.plan->id, b->version->id, home.from, home.to);
    for (int i = 0; i < u.n; i++) {
        u.before[i] = plan_bill_of(left, uses[i], &there, NULL, 0, NULL);
        u.after[i] = plan_bill_of(right, uses[i], &home, NULL, 0, NULL);
    }
    plan_show_uses(r, "show.sections.2", &u);
}

void plan_compare_page(Req *r) {
    Side a = { 0 }, b = { 0 };
    bool left = side_of(r, query_text(r, "a"), &a), right = side_of(r, query_text(r, "b"), &b);
    show_text(r, "page.title", PLAN_SAY(r, "compare"));
    show_text(r, "page.crumbs.0.text", PLAN_SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/plans"));
    show_text(r, "page.crumbs.1.text", PLAN_SAY(r, "compare"));
    FormView *v = form_show(r, "show.sections.0.form", &compare_form, "/plans/comparison");
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "b" : "a";
        plan_options(r, v, name);
        form_set(v, name, "kind", "select");
        form_set(v, name, "blank", msg(r->c.language, "ui.choose"));
        form_text(v, name, query_text(r, name));
    }
    show_text(r, "show.sections.0.form.get", "1");
    show_text(r, "show.sections.0.form.submit", PLAN_SAY(r, "compare"));
    if (query_text(r, "a") && !left) form_set(v, "a", "error", PLAN_SAY(r, "choose_plan"));
    if (query_text(r, "b") && !right) form_set(v, "b", "error", PLAN_SAY(r, "choose_plan"));
    if (left && right) {
        show_components(r, &a, &b);
        show_bills(r, &a, &b);
    }
    page(r, "layout/show");
}
