/*
 * The impact of a version (ONB02US05): everybody on a plan is billed once more by what they used on their last bill,
 * by the version in force and by the one looked at; nothing of it is billed. On the approval form a sample, by the job
 * tariff.impact the whole base: rows are read in sets, the engine computes, rows are written in bulk.
 */
#include <string.h>
#include <time.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/chart.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/money.h"

enum { STEP_ROWS = 5000, BANDS_MOST = 8, CHANGES = 9, DAYS_BACK = 420, LOW_PRIORITY = 200, CATEGORIES_MOST = 20 };

#define BASE_ROW(F, T) F(T, Id, connection) F(T, Id, account) F(T, const char *, category) F(T, const char *, size) \
    F(T, int64_t, eru_e3) F(T, int64_t, load_e3) F(T, int, units) F(T, bool, has_winter) F(T, Quantity, winter) \
    F(T, int64_t, impervious_sqft) F(T, bool, single_family) \
    F(T, bool, unmetered) F(T, bool, exempt) F(T, bool, is_later) F(T, Date, from) F(T, Date, to) F(T, Quantity, used)
ROW(BaseRow, BASE_ROW)
#define ENROLMENT(F, T) F(T, Id, account) F(T, Id, rule)
ROW(Enrolment, ENROLMENT)

/* The last published bill of each connection; without one `from` is empty. */
#define BASE_SELECT "select v.id as connection, v.account_id as account, k.code as category, v.size, " \
    "coalesce(v.eru_e3, m.eru_e3, 0) as eru_e3, coalesce(v.connected_load_e3, 0) as load_e3, " \
    "v.dwelling_units as units, " \
    "v.winter_average_qty_micro is not null as has_winter, coalesce(v.winter_average_qty_micro, 0) as winter, " \
    "coalesce(m.impervious_sqft, 0) as impervious_sqft, " IS_SINGLE_FAMILY("a.id") " as single_family, " \
    "not v.metered and v.derived_from_id is null as unmetered, a.tax_exempt or k.tax_exempt as exempt, " \
    "exists (select 1 from service_connection y where y.account_id=v.account_id and y.id<v.id and " \
    "y.tariff_plan_id=v.tariff_plan_id and y.status='active') as is_later, " \
    "g.segment_start as `from`, g.segment_end as `to`, coalesce(g.usage_qty_micro, 0) as used " \
    "from service_connection v join account a on a.id=v.account_id join consumer_category k on k.id=a.category_id " \
    "join premise m on m.id=v.premise_id left join bill_segment g on g.id=(select x.id from bill_segment x " \
    "straight_join bill b on b.id=x.bill_id and b.status='published' where x.service_connection_id=v.id " \
    "order by x.segment_end desc, x.id desc limit 1) "

typedef struct Pair { TariffDesk *before, *after; Enrolments enrolled; } Pair;
typedef struct Outcome { Money before, after; bool is_billed; } Outcome;

static Pair pair_of(Ctx *c, Id base, Id before, Id plan, Id after) {
    Date today = utility_today(c), from = date_add_days(today, -DAYS_BACK), to = date_add_days(today, DAYS_BACK);
    return (Pair){ tariff_desk(c, base, before, from, to), tariff_desk(c, plan, after, from, to),
                   db_all(c, Enrolment, "select account_id as account, rebate_rule_id as rule from rebate_enrolment "
                       "where utility_id=? and status='approved' and from_on<=? and (to_on is null or to_on>=?) "
                       "order by account_id", c->utility, today, today) };
}

static int rebates_of(const Pair *p, Id account, Id *to, int most) {
    size_t low = 0, high = p->enrolled.n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (p->enrolled.v[mid].account.id < account.id) low = mid + 1;
        else high = mid;
    }
    int n = 0;
    for (; low < p->enrolled.n && p->enrolled.v[low].account.id == account.id && n < most; low++)
        to[n++] = p->enrolled.v[low].rule;
    return n;
}

/* One connection by both; what it takes of memory is given back. */
static Outcome bill_twice(Ctx *c, const Pair *p, const BaseRow *b) {
    if (!date_is_set(b->from)) return (Outcome){ .is_billed = false };
    ArenaMark m = mark(c);
    Id rules[10];
    TariffFact facts[3] = { { "dwelling_units", { (int64_t)b->units * 1000000 } } };
    TariffUse u = { .from = b->from, .to = b->to, .quantity = b->used, .attributes = facts, .attribute_n = 1,
                    .size = b->size, .has_winter_average = b->has_winter, .winter_average = b->winter,
                    .is_unmetered = b->unmetered, .is_tax_exempt = b->exempt, .rebates = rules,
                    .once_elsewhere = b->is_later,
                    .impervious_sqft = b->impervious_sqft, .is_single_family = b->single_family };
    if (b->eru_e3) facts[u.attribute_n++] = (TariffFact){ "eru", { b->eru_e3 * 1000 } };
    if (b->load_e3) facts[u.attribute_n++] = (TariffFact){ "connected_load", { b->load_e3 * 1000 } };
    u.rebate_n = rebates_of(p, b->account, rules, 10);
    TariffBill before = tariff_bill(p->before, &u), after = tariff_bill(p->after, &u);
    Outcome o = { before.total, after.total, !before.refusal && !after.refusal };
    rewind_to(c, m);
    return o;
}

/* What is in force just before the version begins. */
static Id version_before(Ctx *c, Id plan, const PlanVersion *v) {
    Id id = tariff_version_at(c, plan, date_add_days(v->effective_from, -1));
    return id.id ? id : tariff_version_at(c, plan, utility_today(c));
}

/* --- the sample of an approval ------------------------------------------------------------------------------------ */

PlanImpact plan_impact_sample(Ctx *c, const PlanVersion *v, int64_t most) {
    PlanImpact to = { 0 };
    Id before = version_before(c, v->plan_id, v);
    if (!before.id || before.id == v->id.id) return to;
    BaseRows all = db_all(c, BaseRow, BASE_SELECT "where v.tariff_plan_id=? and v.status='active' order by crc32(v.id) "
                                                  "limit ?", v->plan_id, most);
    Pair p = pair_of(c, v->plan_id, before, v->plan_id, v->id);
    for (size_t i = 0; i < all.n; i++) {
        Outcome o = bill_twice(c, &p, &all.v[i]);
        if (!o.is_billed) { to.without++; continue; }
        Money d = money_sub(o.after, o.before);
        to.accounts++;
        to.winners += d.minor < 0, to.losers += d.minor > 0, to.same += d.minor == 0;
        to.before = money_add(to.before, o.before), to.after = money_add(to.after, o.after);
        if (d.minor > to.worst.minor) to.worst = d;
        if (d.minor < to.best.minor) to.best = d;
    }
    return to;
}

const char *plan_impact_json(Ctx *c, const PlanImpact *i) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "accounts", i->accounts), json_add_int(&o, "without_bill", i->without);
    json_add_int(&o, "before_minor", i->before.minor), json_add_int(&o, "after_minor", i->after.minor);
    json_add_int(&o, "winners", i->winners), json_add_int(&o, "losers", i->losers), json_add_int(&o, "same", i->same);
    json_add_int(&o, "worst_minor", i->worst.minor), json_add_int(&o, "best_minor", i->best.minor);
    json_close(&o);
    return t.s;
}

/* --- uses that are typical ---------------------------------------------------------------------------------------- */

#define USED_ROW(F, T) F(T, Quantity, used)
ROW(UsedRow, USED_ROW)

int plan_typical_uses(Ctx *c, Id plan, Quantity *to) {
    static const int at_[] = { 10, 25, 50, 75, 90 };
    static const int64_t usual[] = { 0, 5, 10, 20, 40 };
    /* All bills of some connections: to draw from all bills of all would read them all. */
    UsedRows all = db_all(c, UsedRow, "select round(g.usage_qty_micro * 30 / g.days, -6) as used from (select id "
        "from service_connection where tariff_plan_id=? and status='active' order by crc32(id) limit 100) v "
        "join bill_segment g on g.service_connection_id=v.id join bill b on b.id=g.bill_id and b.status='published' "
        "order by used", plan);
    int n = 0;
    for (int i = 0; i < 5; i++) {
        Quantity q = all.n ? all.v[(size_t)at_[i] * (all.n - 1) / 100].used : quantity_of(usual[i]);
        if (!n || q.micro != to[n - 1].micro) to[n++] = q;
    }
    return n;
}

/* --- the whole base ----------------------------------------------------------------------------------------------- */

#define IMPACT(F, T) F(T, Id, id) F(T, Id, version_id) F(T, int64_t, version_row_version) F(T, Id, base_plan_id) \
    F(T, Id, before_version_id) F(T, const char *, state) F(T, int64_t, total) F(T, int64_t, accounts) \
    F(T, int64_t, without_bill) F(T, int64_t, refused) F(T, Money, before_minor) F(T, Money, after_minor) \
    F(T, int64_t, winners) F(T, int64_t, losers) F(T, int64_t, cpu_us) F(T, const char *, results) \
    F(T, Time, finished_at)
ROW(Impact, IMPACT)
#define IMPACT_SELECT "select id, version_id, version_row_version, base_plan_id, before_version_id, state, total, " \
    "accounts, without_bill, refused, before_minor, after_minor, winners, losers, cpu_us, results, finished_at " \
    "from tariff_impact "

static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#define GROUP_ROW(F, T) F(T, const char *, name) F(T, int64_t, place) F(T, int64_t, accounts) F(T, Money, before) \
    F(T, Money, after) F(T, int64_t, winners) F(T, int64_t, losers)
ROW(GroupRow, GROUP_ROW)
#define GROUP_SUMS "count(*) as accounts, sum(before_minor) as `before`, sum(after_minor) as after, " \
    "sum(after_minor < before_minor) as winners, sum(after_minor > before_minor) as losers "

static void groups_add(JsonOut *o, const char *name, GroupRows all) {
    json_open_list(o, name);
    for (size_t i = 0; i < all.n; i++) {
        json_open_object(o, NULL);
        json_add_text(o, "name", all.v[i].name), json_add_int(o, "place", all.v[i].place);
        json_add_int(o, "accounts", all.v[i].accounts), json_add_int(o, "before", all.v[i].before.minor);
        json_add_int(o, "after", all.v[i].after.minor), json_add_int(o, "winners", all.v[i].winners);
        json_add_int(o, "losers", all.v[i].losers);
        json_close(o);
    }
    json_close(o);
}

#define LIMIT_ROW(F, T) F(T, Quantity, upto)
ROW(LimitRow, LIMIT_ROW)

/* Bands of use end where the version's tiers end; without tiers they are even. [0, 5, 10]: the ends but the last. */
static const char *bands_of(Ctx *c, const Impact *m) {
    LimitRows tiers = db_all(c, LimitRow, "select distinct t.upto_qty_micro as upto from tariff_tier t "
        "join tariff_rate r on r.id=t.rate_id where r.version_id=? and t.upto_qty_micro>0 and t.upto_attribute is null "
        "and r.charge_type='USAGE' order by 1 limit 7", m->version_id);
    Text t = text_start(c);
    text_add(&t, "[0");
    for (size_t i = 0; i < tiers.n; i++) text_addf(&t, ",%lld", (long long)tiers.v[i].upto.micro);
    if (!tiers.n) {
        int64_t top = db_int(c, "select coalesce(max(qty_micro), 0) from tariff_impact_row where impact_id=?", m->id);
        ChartAxis a = chart_axis(0, top, 5);
        for (int i = 1; i < 7 && a.step > 0 && a.step * i < top; i++) text_addf(&t, ",%lld", (long long)(a.step * i));
    }
    text_add(&t, "]");
    return t.s;
}

static void finish(Ctx *c, const Impact *m) {
    const char *bands = bands_of(c, m);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    groups_add(&o, "categories", db_all(c, GroupRow, "select category_code as name, 0 as place, " GROUP_SUMS
        "from tariff_impact_row where impact_id=? group by category_code order by category_code", m->id));
    groups_add(&o, "bands", db_all(c, GroupRow, "select null as name, j.upto as place, " GROUP_SUMS
        "from tariff_impact_row x join json_table(?, '$[*]' columns (upto bigint path '$')) j on j.upto=(select "
        "max(k.upto) from json_table(?, '$[*]' columns (upto bigint path '$')) k where k.upto<x.qty_micro or k.upto=0) "
        "where x.impact_id=? group by j.upto order by j.upto", bands, bands, m->id));
    groups_add(&o, "changes", db_all(c, GroupRow, "select null as name, (case when after_minor=before_minor then 4 "
        "when before_minor<=0 then if(after_minor>before_minor, 8, 0) "
        "when after_minor<before_minor*0.8 then 0 when after_minor<before_minor*0.9 then 1 "
        "when after_minor<before_minor*0.95 then 2 when after_minor<before_minor then 3 "
        "when after_minor<=before_minor*1.05 then 5 when after_minor<=before_minor*1.1 then 6 "
        "when after_minor<=before_minor*1.2 then 7 else 8 end) as place, " GROUP_SUMS
        "from tariff_impact_row where impact_id=? group by 2 order by 2", m->id));
    json_close(&o);
    db_run(c, "update tariff_impact set state='done', results=?, finished_at=? where id=?", t.s, c->now, m->id);
}

JobStep plan_impact_job(Ctx *c, const JobRow *job) {
    int64_t id = 0, after = 0;
    Json j = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    json_int(j, "impact", &id);
    if (job->cursor) count_parse(job->cursor, INT64_MAX, &after);
    Impact *m = db_find(c, Impact, IMPACT_SELECT "where id=? and utility_id=?", id, c->utility);
    if (!m || !strcmp(m->state, "done")) return STEP_DONE;
    int64_t began = cpu_us();
    const PlanVersion *v = plan_version_by_id(c, m->version_id);
    BaseRows all = db_all(c, BaseRow, BASE_SELECT "where v.tariff_plan_id=? and v.status='active' and v.id>? "
                                                  "order by v.id limit ?", m->base_plan_id, after, STEP_ROWS);
    Pair p = pair_of(c, m->base_plan_id, m->before_version_id, v->plan_id, v->id);
    DbBulk *rows = db_bulk(c, "insert into tariff_impact_row (impact_id, connection_id, account_id, category_code, "
                              "qty_micro, before_minor, after_minor) values (?,?,?,?,?,?,?)");
    Outcome *out = take_n(c, Outcome, all.n + 1);
    for (size_t i = 0; i < all.n; i++) out[i] = bill_twice(c, &p, &all.v[i]);
    int64_t accounts = 0, without = 0, refused = 0, winners = 0, losers = 0;
    Money before = { 0 }, then = { 0 };
    for (size_t i = 0; i < all.n; i++) {
        const BaseRow *b = &all.v[i];
        if (!out[i].is_billed) {
            without += !date_is_set(b->from), refused += date_is_set(b->from);
            continue;
        }
        int days = b->to.day - b->from.day + 1;
        db_bulk_add(rows, m->id, b->connection, b->account, b->category,
                    (Quantity){ b->used.micro / days * 30 + b->used.micro % days * 30 / days }, out[i].before,
                    out[i].after);
        accounts++, winners += out[i].after.minor < out[i].before.minor, losers += out[i].after.minor
            > out[i].before.minor;
        before = money_add(before, out[i].before), then = money_add(then, out[i].after);
    }
    db_bulk_end(rows);
    db_run(c, "update tariff_impact set state='running', accounts=accounts+?, without_bill=without_bill+?, "
              "refused=refused+?, before_minor=before_minor+?, after_minor=after_minor+?, winners=winners+?, "
              "losers=losers+?, cpu_us=cpu_us+? where id=?", accounts, without, refused, before, then, winners, losers,
           cpu_us() - began, m->id);
    if (all.n < STEP_ROWS) return finish(c, m), STEP_DONE;
    job_progress(c, text(c, "%lld", (long long)all.v[all.n - 1].connection.id), m->accounts + accounts, m->total, 0);
    return STEP_AGAIN;
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static Impact *impact_of(Ctx *c, const PlanVersion *v) {
    return db_find(c, Impact, IMPACT_SELECT "where version_id=? order by id desc limit 1", v->id);
}

static const Form start_form = { .name = "plan_impact", .fields = FIELDS {
    { "base", "Consumers of", TEXT(2, 20), .flags = REQUIRED }, { 0 } } };

static void show_start(Req *r, const Plan *p, const PlanVersion *v, const char *section) {
    FormView *f = form_show(r, text(r, "%s.form", section), &start_form,
                            text(r, "/plans/%s/versions/%d/impact", p->code, v->version_no));
    PlanNameds all = db_all(r, PlanNamed, "select p.id, p.code, concat(p.code, ' ', p.name) as name from tariff_plan p "
        "where p.utility_id=? and exists (select 1 from service_connection s where s.tariff_plan_id=p.id) "
        "order by p.id<>?, p.code", r->c.utility, p->id);
    form_set(f, "base", "kind", "select");
    for (size_t i = 0; i < all.n; i++) form_option(f, "base", all.v[i].code, all.v[i].name);
    show_text(r, text(r, "%s.form.submit", section), PLAN_SAY(r, "simulate"));
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "simulate_all"));
    show_text(r, text(r, "%s.form.intro", section), PLAN_SAY(r, "simulate_how"));
}

static const char *percent(Req *r, Money of, Money whole) {
    if (!whole.minor) return "–";
    int64_t ppm = (int64_t)((Wide)of.minor * 1000000 / whole.minor);
    return locale_percent(&r->c.mem, r->c.locale, (ppm + (ppm < 0 ? -500 : 500)) / 1000 * 1000);
}

static GroupRow group_of(Json j) {
    GroupRow g = { .name = json_text(j, "name") };
    json_int(j, "place", &g.place), json_int(j, "accounts", &g.accounts), json_int(j, "before", &g.before.minor);
    json_int(j, "after", &g.after.minor), json_int(j, "winners", &g.winners), json_int(j, "losers", &g.losers);
    return g;
}

static void group_table(Req *r, const char *section, const char *title, Json list,
                        const char *(*name)(Req *r, Json list, size_t i)) {
    Arena *a = &r->c.mem;
    show_text(r, text(r, "%s.title", section), title);
    TableView *t = table_start(r, text(r, "%s.table", section), title);
    table_column(t, title, "text", "id");
    table_column(t, PLAN_SAY(r, "accounts"), "num", NULL);
    table_column(t, PLAN_SAY(r, "before"), "money", NULL);
    table_column(t, PLAN_SAY(r, "after"), "money", "amount");
    table_column(t, PLAN_SAY(r, "change"), "num", NULL);
    table_column(t, PLAN_SAY(r, "winners"), "num", NULL);
    table_column(t, PLAN_SAY(r, "losers"), "num", NULL);
    for (size_t i = 0; i < json_size(list); i++) {
        GroupRow g = group_of(json_item(list, i));
        table_row(t, NULL);
        table_cell(t, name(r, list, i));
        table_int(t, g.accounts);
        table_money(t, g.before);
        table_money(t, g.after);
        table_cell(t, percent(r, money_sub(g.after, g.before), g.before));
        table_int(t, g.winners);
        table_int(t, g.losers);
    }
    table_empty(t, PLAN_SAY(r, "nobody"), NULL);
    (void)a;
}

static const char *category_name(Req *r, Json list, size_t i) {
    const char *code = json_text(json_item(list, i), "name"),
        *name = db_text(r, "select name from consumer_category where utility_id=? and code=?", r->c.utility, code);
    return name ? name : code;
}

static const char *band_name(Req *r, Json list, size_t i) {
    Quantity from = { 0 }, to = { 0 };
    json_int(json_item(list, i), "place", &from.micro);
    const char *low = locale_quantity(&r->c.mem, r->c.locale, from, NULL);
    if (i + 1 == json_size(list)) return text(r, "%s %s", PLAN_SAY(r, "over"), low);
    json_int(json_item(list, i + 1), "place", &to.micro);
    return text(r, "%s – %s", low, locale_quantity(&r->c.mem, r->c.locale, to, NULL));
}

static void show_changes(Req *r, const char *section, Json list) {
    static const char *const labels[CHANGES] = { "< −20 %", "−20…−10", "−10…−5", "−5…0", "0", "0…+5", "+5…+10",
                                                 "+10…+20",
                                                 "> +20 %" };
    int64_t n[CHANGES] = { 0 };
    for (size_t i = 0; i < json_size(list); i++) {
        GroupRow g = group_of(json_item(list, i));
        if (g.place >= 0 && g.place < CHANGES) n[g.place] = g.accounts;
    }
    Chart chart = { .id = "changes", .title = PLAN_SAY(r, "changes"), .desc = PLAN_SAY(r, "changes_how"), .n = CHANGES,
                    .labels = labels, .series = { { .name = PLAN_SAY(r, "accounts"), .values = n } }, .series_n = 1 };
    show_text(r, text(r, "%s.title", section), chart.title);
    plan_chart(r, section, &chart);
    TableView *t = table_start(r, text(r, "%s.chart.table", section), chart.title);
    table_column(t, PLAN_SAY(r, "change"), "text", "id");
    table_column(t, PLAN_SAY(r, "accounts"), "num", "amount");
    for (int i = 0; i < CHANGES; i++) table_row(t, NULL), table_cell(t, labels[i]), table_int(t, n[i]);
}

static void kpi(Req *r, size_t n, const char *key, const char *value, const char *sub, const char *url) {
    show_text(r, at(r, "show.kpis", n, "label"), msg(r->c.language, text(r, "plan.%s", key)));
    show_text(r, at(r, "show.kpis", n, "value"), value);
    show_text(r, at(r, "show.kpis", n, "sub"), sub);
    show_text(r, at(r, "show.kpis", n, "url"), url);
}

static void show_result(Req *r, const Plan *p, const PlanVersion *v, const Impact *m) {
    Arena *a = &r->c.mem;
    const Locale *l = r->c.locale;
    const char *list = text(r, "/plans/%s/versions/%d/impact/accounts", p->code, v->version_no);
    Money d = money_sub(m->after_minor, m->before_minor);
    kpi(r, 0, "accounts", locale_count(a, l, m->accounts), m->without_bill || m->refused
        ? msg_format(r, r->c.language, "plan.left_out", { "n", locale_count(a, l, m->without_bill + m->refused) })
            : NULL,
        link_path(r, "%s", list));
    kpi(r, 1, "before", locale_money(a, l, m->before_minor), NULL, NULL);
    kpi(r, 2, "after", locale_money(a, l, m->after_minor), NULL, NULL);
    kpi(r, 3, "change", locale_money(a, l, d), percent(r, d, m->before_minor), NULL);
    kpi(r, 4, "winners", locale_count(a, l, m->winners), PLAN_SAY(r, "pay_less"), link_path(r, "%s?change=less", list));
    kpi(r, 5, "losers", locale_count(a, l, m->losers), PLAN_SAY(r, "pay_more"), link_path(r, "%s?change=more", list));
    Json j = json_read(a, m->results, strlen(m->results), 1 << 20, NULL);
    group_table(r, "show.sections.1", PLAN_SAY(r, "category"), json_member(j, "categories"), category_name);
    group_table(r, "show.sections.2", PLAN_SAY(r, "band"), json_member(j, "bands"), band_name);
    show_changes(r, "show.sections.3", json_member(j, "changes"));
    show_text(r, "page.sub", msg_format(r, r->c.language, "plan.simulated",
        { "time", locale_time(a, l, m->finished_at) },
        { "us", locale_count(a, l, m->accounts ? m->cpu_us / m->accounts : 0) }));
}

void plan_impact_page(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    Impact *m = impact_of(&r->c, v);
    plan_head(r, p, v, PLAN_SAY(r, "impact"));
    const char *here = link_path(r, "/plans/%s/versions/%d/impact", p->code, v->version_no);
    if (m && strcmp(m->state, "done")) {
        show_text(r, "job.state", m->state);
        show_text(r, "job.state_text", PLAN_SAY(r, "simulating"));
        show_text(r, "job.tone", "info");
        show_int(r, "job.value", m->accounts + m->without_bill + m->refused);
        show_int(r, "job.max", m->total ? m->total : 1);
        show_text(r, "job.percent_text", text(r, "%s / %s", locale_count(&r->c.mem, r->c.locale, m->accounts
            + m->without_bill + m->refused), locale_count(&r->c.mem, r->c.locale, m->total)));
        show_text(r, "job.poll_url", here);
        page(r, "layout/job");
        return;
    }
    if (m) show_result(r, p, v, m);
    if (m && m->version_row_version != v->row_version && !strcmp(v->state, "draft")) {
        show_text(r, "show.notices.0.tone", "warn");
        show_text(r, "show.notices.0.text", PLAN_SAY(r, "impact_old"));
    }
    show_start(r, p, v, "show.sections.4");
    page(r, "layout/show");
}

void plan_impact_start(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    Input *in = form_read(r, &start_form);
    problems_end(r);
    Id base = tariff_plan_find(c, in_text(in, "base"));
    if (!base.id) fail_field(r, INVALID, "base", "%s", PLAN_SAY(r, "choose_plan"));
    const char *gaps = plan_version_problem(c, v);
    if (gaps) fail(r, CONFLICT, "%s", gaps);
    Id before = version_before(c, base, v);
    if (base.id == p->id.id && before.id == v->id.id)
        before = db_id(c, "select id from tariff_plan_version where plan_id=? and effective_from<? and state in "
                          "('active', 'superseded') order by effective_from desc limit 1", p->id, v->effective_from);
    if (!before.id) fail(r, CONFLICT, "%s", PLAN_SAY(r, "nothing_before"));
    if (db_int(c, "select count(*) from tariff_impact where utility_id=? and state<>'done'", c->utility) >= 3)
        fail(r, BUSY, "3 simulations are running. Try again later.");
    db_run(c, "delete from tariff_impact where version_id=? and state='done'", v->id);
    Id id = db_insert(c, "insert into tariff_impact (utility_id, version_id, version_row_version, base_plan_id, "
        "before_version_id, total, created_at, created_by) values (?,?,?,?,?,(select count(*) from service_connection "
        "where tariff_plan_id=? and status='active'),?,?)", c->utility, v->id, v->row_version, base, before, base,
                      c->now, c->user);
    job_enqueue(c, &(NewJob){ .kind = "tariff.impact", .payload = text(c, "{\"impact\": %lld}", (long long)id.id),
                              .priority = LOW_PRIORITY });
    audit_note(c, "simulate", "tariff_plan_version", v->id, text(c, "%s/%d", p->code, v->version_no), NULL);
    go(r, "/plans/%s/versions/%d/impact", p->code, v->version_no);
}

static const Choice changes[] = { { "less", "Pay less" }, { "same", "The same" }, { "more", "Pay more" }, { 0 } };

void plan_impact_accounts(Req *r) {
    Plan *p = plan_of_path(r);
    PlanVersion *v = plan_version_of_path(r, p);
    Impact *m = impact_of(&r->c, v);
    if (!m) fail(r, NOT_FOUND, "There is no simulation of this version.");
    ListSpec spec = {
        .name = "plan_impact", .one = "account", .many = "accounts", .feature = "core.tariffs",
        .path = text(r, "/plans/%s/versions/%d/impact/accounts", p->code, v->version_no),
        .from = "tariff_impact_row x join account a on a.id = x.account_id", .where = "x.impact_id = ?",
        .id = "x.connection_id",
        .columns = COLUMNS {
            { "account_no",   NULL, "a.account_no", LIST | SEARCH, .link = "/cis/accounts/{account_no}",
              .kind = "code" },
            { "category",     NULL, "x.category_code", LIST | FILTER, .options = "select code as value, name as label "
              "from consumer_category where utility_id = ? and parent_id is null" },
            { "used_qty_micro", NULL, "x.qty_micro", LIST | SORT },
            { "before_minor", NULL, "x.before_minor", LIST | SUM },
            { "after_minor",  NULL, "x.after_minor", LIST | SUM },
            { "difference_minor", NULL, "x.after_minor - x.before_minor", LIST | SORT | SUM },
            { "change",       NULL, "if(x.after_minor < x.before_minor, 'less', if(x.after_minor "
                                    "> x.before_minor, 'more', "
              "'same'))", LIST | FILTER, .choices = changes, .kind = "text" },
            { 0 } },
        .order = "-difference_minor" };
    plan_head(r, p, v, PLAN_SAY(r, "accounts"));
    list_show(r, &spec, m->id);
    if (!r->status) page(r, "layout/list");
}
