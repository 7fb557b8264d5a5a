/*
 * Simulations (BX02US01): what a billed period would have been with other tariff versions, also drafts. The engine
 * computes every account of the sample twice over the use that its bills took, with the versions in force then and with
 * the others. Stored is what it adds up to by category and size of change; bills, ledger and balances are only read.
 */
#include "app/billing/simulation.h"

#include <stdlib.h>
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/run_page.h"
#include "app/comms/comms.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/money.h"

/* At most so many at once; accounts of a step; gaps named in a refusal. */
enum { SIMULATIONS_MOST = 3, SIMULATION_CHUNK = 100, GAPS_SHOWN = 8, PRIORITY_LOW = 900, BAND_FIRST = -4,
       BAND_LAST = 4, COMPARED_MOST = 60 };

#define SIMULATION_ROW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, name) F(T, Id, period) \
    F(T, const char *, label) F(T, const char *, cycle_name) F(T, const char *, versions) F(T, int, sample_n) \
    F(T, int64_t, seed) F(T, const char *, state) F(T, int64_t, accounts) F(T, int64_t, done_n) \
    F(T, int64_t, skipped_n) F(T, const char *, problem) F(T, Id, owner_id) F(T, const char *, owner) \
    F(T, Time, created_at)
ROW(Simulation, SIMULATION_ROW)

#define SIMULATION_SELECT "select x.id, x.public_id, x.name, x.bill_cycle_period_id as period, p.label, y.name as " \
    "cycle_name, x.versions, x.sample_n, x.seed, x.state, x.accounts, x.done_n, x.skipped_n, x.problem, x.owner_id, " \
    "u.full_name as owner, x.created_at from bill_simulation x join bill_cycle_period p on " \
    "p.id=x.bill_cycle_period_id join bill_cycle y on y.id=p.cycle_id left join user u on u.id=x.owner_id "

static Simulation *simulation_of_path(Req *r) {
    Simulation *s = db_find(r, Simulation, SIMULATION_SELECT "where x.utility_id=? and x.public_id=?", r->c.utility,
                            path_text(r, "key"));
    if (!s) fail(r, NOT_FOUND, "There is no such simulation.");
    return s;
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

#define SUM_OF(what) "(select sum(z." what ") from bill_simulation_result z where z.simulation_id = x.id)"
#define MORE_OF "(select round(sum(if(z.band > 0, z.bills, 0)) * 1000000 / nullif(sum(z.bills), 0)) " \
                "from bill_simulation_result z where z.simulation_id = x.id)"

static const Choice states[] = { { "queued", NULL }, { "running", NULL }, { "done", NULL }, { "failed", NULL },
                                 { 0 } };
static const ListAction list_actions[] = {
    { NULL, "/bx/dashboard/simulations/new", "plus", "bx.dashboard", CREATE, true }, { 0 } };

static const ListSpec simulations = {
    .name = "simulations", .path = "/bx/dashboard/simulations", .feature = "bx.dashboard", .id = "x.id",
    .from = "bill_simulation x join bill_cycle_period p on p.id = x.bill_cycle_period_id "
            "join bill_cycle y on y.id = p.cycle_id",
    .where = "x.utility_id = ?",
    .columns = COLUMNS {
        { "name",       NULL, "x.name",      LIST | SORT | SEARCH, .link = "/bx/dashboard/simulations/{public_id}",
          .place = "id" },
        { "public_id",  NULL, "x.public_id", 0 },
        { "cycle_name", NULL, "y.name",      LIST },
        { "period",     NULL, "p.label",     LIST, .kind = "code" },
        { "sample_n",   NULL, "nullif(x.sample_n, 0)", LIST },
        { "versions",   NULL, "(select group_concat(t.code, ' ', v.version_no order by t.code separator ', ') "
          "from tariff_plan_version v join tariff_plan t on t.id = v.plan_id where json_contains(x.versions, v.id))",
          LIST, .place = "name" },
        { "bills",      NULL, SUM_OF("bills"), LIST },
        { "now_minor",  NULL, SUM_OF("now_minor"), LIST },
        { "then_minor", NULL, SUM_OF("then_minor"), LIST },
        { "difference_minor", NULL, "(select sum(z.then_minor) - sum(z.now_minor) from bill_simulation_result z "
          "where z.simulation_id = x.id)", LIST, .place = "amount" },
        { "more_ppm",   NULL, MORE_OF, LIST },
        { "created_at", NULL, "x.created_at", LIST | SORT },
        { "state",      NULL, "x.state", LIST | FILTER, .choices = states, .place = "status" },
        { 0 } },
    .order = "-created_at", .actions = list_actions };

void simulation_list(Req *r) {
    overview_head(r, OVERVIEW_SIMULATIONS);
    list_show(r, &simulations, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- a new one ---------------------------------------------------------------------------------------------------- */

static const Form new_form = { .name = "bill_simulation", .fields = FIELDS {
    { "name",     TEXT(1, 80), .flags = REQUIRED },
    { "period",   TEXT(1, 60), .flags = REQUIRED },
    { "version",  TEXT(1, 22), .flags = REQUIRED },
    { "version2", TEXT(0, 22) },
    { "version3", TEXT(0, 22) },
    { "sample_n", INT(1, 1000000) },
    { "seed",     INT(1, 4000000000), .initial = "1" },
    { 0 } } };
static const char *const version_fields[] = { "version", "version2", "version3" };
enum { VERSIONS_MOST = sizeof version_fields / sizeof *version_fields };

#define TWO_ROW(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Two, TWO_ROW)

static void choices(FormView *v, const char *field, Twos rows) {
    form_set(v, field, "kind", "select");
    for (size_t i = 0; i < rows.n; i++) form_option(v, field, rows.v[i].value, rows.v[i].label);
}

void simulation_new(Req *r) {
    show_text(r, "page.title", word(r, "billing.simulation.new"));
    show_text(r, "page.crumbs.0.text", word(r, "billing.simulation.list"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/dashboard/simulations"));
    FormView *v = form_show(r, "form", &new_form, "/bx/dashboard/simulations");
    choices(v, "period", db_all(r, Two,
        "select concat(y.code, ' ', p.label) as value, concat(y.name, ', ', p.label) as label from bill_cycle_period p "
        "join bill_cycle y on y.id=p.cycle_id where y.utility_id=? and exists (select 1 from bill b where "
        "b.bill_cycle_period_id=p.id and b.status='published') order by p.from_date desc, y.name limit 200",
                                r->c.utility));
    Twos versions = db_all(r, Two,
                           "select v.public_id as value, concat(t.code, ' ', v.version_no, ', ', v.state, ', ', "
                                   "v.effective_from) as label from tariff_plan_version v join tariff_plan t on "
                                   "t.id=v.plan_id where v.utility_id=? order by t.code, v.version_no desc limit 500",
                           r->c.utility);
    for (size_t i = 0; i < VERSIONS_MOST; i++) {
        if (i) form_option(v, version_fields[i], "", word(r, "billing.simulation.no_more"));
        choices(v, version_fields[i], versions);
    }
    show_text(r, "form.cancel_url", link_path(r, "/bx/dashboard/simulations"));
    page(r, "layout/form");
}

#define PICKED_ROW(F, T) F(T, Id, id) F(T, Id, plan) F(T, const char *, name)
ROW(Picked, PICKED_ROW)
#define GAP_ROW(F, T) F(T, const char *, code) F(T, const char *, gap)
ROW(Gap, GAP_ROW)

/* Components without a price, and charge types that the version in force has and this one lacks; NULL: none. */
static const char *gaps_of(Req *r, const Picked *v) {
    Gaps all = db_all(r, Gap,
        "select q.code, if(q.calc in ('tiered', 'flat_by_tier') and not exists (select 1 from tariff_tier t where "
        "t.rate_id=q.id), 'tiers', if(q.calc='tou' and not exists (select 1 from tariff_tou_period o where "
        "o.rate_id=q.id), 'periods', if(q.type='meter_size' and not exists (select 1 from tariff_meter_size_price m "
        "where m.rate_id=q.id), 'sizes', 'price'))) as gap from tariff_rate q where q.version_id=? and q.enabled=1 "
        "and q.type not in ('tax', 'maximum') and (q.calc in ('tiered', 'flat_by_tier') and (not exists (select 1 "
        "from tariff_tier t where t.rate_id=q.id) or exists (select 1 from tariff_tier t where t.rate_id=q.id "
        "and t.rate_micro is null and t.amount_minor is null)) "
        "or q.calc='tou' and not exists (select 1 from tariff_tou_period o where o.rate_id=q.id) "
        "or q.type='meter_size' and not exists (select 1 from tariff_meter_size_price m where m.rate_id=q.id) "
        "or q.calc in ('flat', 'per_unit') and q.type<>'meter_size' and q.rate_micro is null and q.amount_minor is "
        "null and q.minimum_minor is null or q.calc='percent' and q.rate_ppm is null) "
        "union all select distinct concat(o.charge_type, ' ', o.service_code), 'component' from tariff_rate o "
        "where o.enabled=1 and o.type<>'tax' and o.version_id=(select f.id from tariff_plan_version f where "
        "f.plan_id=? and f.state in ('approved', 'active') order by f.effective_from desc, f.version_no desc limit 1) "
        "and not exists (select 1 from tariff_rate n where n.version_id=? and n.enabled=1 and "
        "n.charge_type=o.charge_type and n.service_code<=>o.service_code) limit ?",
                      v->id, v->plan, v->id, (int)GAPS_SHOWN);
    if (!all.n) return NULL;
    Text t = text_start(r);
    for (size_t i = 0; i < all.n; i++)
        text_addf(&t, "%s%s", i ? ", " : "",
                  msg_format(r, r->c.language, text(r, "billing.simulation.gap_%s", all.v[i].gap),
                             { "code", all.v[i].code }));
    return text(r, "%s: %s.", v->name, t.s);
}

/* The chosen versions as a JSON list; problems when one is unknown, has gaps, or two are of one plan. */
static const char *versions_of(Req *r, const Input *in) {
    Text t = text_start(r);
    text_add(&t, "[");
    Id plans[VERSIONS_MOST] = { { 0 } };
    int n = 0;
    for (size_t i = 0; i < VERSIONS_MOST; i++) {
        const char *key = in_text(in, version_fields[i]);
        if (!key || !*key) continue;
        Picked *v = db_find(r, Picked, "select v.id, v.plan_id as plan, concat(t.code, ' ', v.version_no) as name "
                                       "from tariff_plan_version v join tariff_plan t on t.id=v.plan_id "
                                       "where v.utility_id=? and v.public_id=?", r->c.utility, key);
        if (!v) { problem(r, version_fields[i], "There is no such version."); continue; }
        for (int k = 0; k < n; k++)
            if (plans[k].id == v->plan.id) problem(r, version_fields[i], "Choose one version of a plan.");
        const char *gaps = gaps_of(r, v);
        if (gaps) problem(r, version_fields[i], "%s", gaps);
        plans[n] = v->plan;
        text_addf(&t, "%s%lld", n++ ? "," : "", (long long)v->id.id);
    }
    text_add(&t, "]");
    return t.s;
}

void simulation_create(Req *r) {
    Input *in = form_read(r, &new_form);
    const char *name = in_text(in, "name"), *period = in_text(in, "period");
    Id base = period ? db_id(r, "select p.id from bill_cycle_period p join bill_cycle y on y.id=p.cycle_id "
                                "where y.utility_id=? and concat(y.code, ' ', p.label)=? and exists (select 1 from "
                                "bill b where b.bill_cycle_period_id=p.id and b.status='published')", r->c.utility,
                             period) : (Id){ 0 };
    if (period && !base.id) problem(r, "period", "Choose a period with published bills.");
    if (name && db_int(r, "select count(*) from bill_simulation where utility_id=? and name=?", r->c.utility, name))
        problem(r, "name", "%s is taken.", name);
    const char *versions = versions_of(r, in);
    problems_end(r);
    /* the utility's row stands for the count, so that two forms do not both find room */
    if (!db_id(r, "select id from utility where id=? for update", r->c.utility).id) fail(r, NOT_FOUND, "No utility.");
    if (db_int(r, "select count(*) from bill_simulation where utility_id=? and state in ('queued', 'running') "
                  "for update", r->c.utility) >= SIMULATIONS_MOST)
        fail(r, CONFLICT, "%d simulations are running. Try again later.", SIMULATIONS_MOST);
    int64_t sample = in_given(in, "sample_n") ? in_int(in, "sample_n") : 0;
    Id made = db_insert(r, "insert into bill_simulation (utility_id, name, bill_cycle_period_id, versions, sample_n, "
                           "seed, owner_id, created_by, updated_by) values (?,?,?,?,?,?,?,?,?)", r->c.utility, name,
                        base, versions, sample, in_given(in, "seed") ? in_int(in, "seed") : 1, r->c.user, r->c.user,
                        r->c.user);
    audit_write(&r->c, &(Audit){ .action = "create", .entity = "bill_simulation", .id = made, .number = name,
                                 .version = 1, .after = json_pairs(&r->c, "period", period, "versions", versions,
                                     NULL) });
    job_enqueue(&r->c, &(NewJob){ .kind = "bill_simulation.run", .priority = PRIORITY_LOW,
                                  .payload = json_pairs(&r->c, "simulation", text(r, "%lld", (long long)made.id), NULL),
                                  .unique_key = text(r, "bill_simulation:%lld", (long long)made.id) });
    note(r, "%s", msg_format(r, r->c.language, "billing.simulation.begun", { "name", name }));
    go(r, "/bx/dashboard/simulations/%s", db_text(r, "select public_id from bill_simulation where id=?", made));
}

/* --- the work ----------------------------------------------------------------------------------------------------- */

/* By how much the amount changes: see bill_simulation_result. */
static int band_of(Money now, Money then) {
    int64_t change = then.minor - now.minor, base = now.minor < 0 ? -now.minor : now.minor;
    int sign = change < 0 ? -1 : 1;
    if (!change) return 0;
    int64_t size = change * sign * 100;
    return sign * (size > base * 20 ? 4 : size > base * 10 ? 3 : size > base * 5 ? 2 : 1);
}

#define PLACE_ROW(F, T) F(T, Id, account) F(T, int64_t, place)
ROW(Place, PLACE_ROW)

/* Accounts in an order that the seed shuffles, each once: those with a published bill of the period. */
static Places accounts_after(Ctx *c, const Simulation *s, const Place *after, int most) {
    return db_all(c, Place, "select x.account, x.place from (select distinct b.account_id as account, "
                            "crc32(concat(b.account_id, '-', ?)) as place from bill b where b.bill_cycle_period_id=? "
                            "and b.status='published') x where x.place > ? or (x.place = ? and x.account > ?) "
                            "order by x.place, x.account limit ?", s->seed, s->period, after->place, after->place,
                  after->account, most);
}

static bool is_computed(const BillCase *v) {
    return v->draft.outcome == BILL_MADE || v->draft.outcome == BILL_HELD;
}

static void add_result(Ctx *c, Id simulation, const BillCase *now, const BillCase *then) {
    db_run(c, "insert into bill_simulation_result (simulation_id, category_id, band, bills, now_minor, then_minor) "
              "values (?,?,?,1,?,?) on duplicate key update bills=bills+1, now_minor=now_minor+values(now_minor), "
              "then_minor=then_minor+values(then_minor)", simulation, now->category,
           band_of(now->draft.current, then->draft.current), now->draft.current, then->draft.current);
}

static void simulation_begin(Ctx *c, const Simulation *s) {
    int64_t all = db_int(c, "select count(distinct account_id) from bill where bill_cycle_period_id=? "
                            "and status='published'", s->period);
    if (s->sample_n && all > s->sample_n) all = s->sample_n;
    db_run(c, "delete from bill_simulation_result where simulation_id=?", s->id);
    db_run(c, "update bill_simulation set state='running', started_at=?, accounts=?, done_n=0, skipped_n=0, "
              "problem=null where id=?", c->now, all, s->id);
}

static void simulation_end(Ctx *c, const Simulation *s, const char *state, const char *problem) {
    db_run(c, "update bill_simulation set state=?, finished_at=?, problem=? where id=?",
           state, c->now, problem, s->id);
    if (!s->owner_id.id) return;
    inapp_post(c, &(InApp){ .recipient_kind = "user", .recipient = s->owner_id, .topic = "billing",
                            .severity = problem ? "warning" : "info",
                            .title = msg_format(c, c->language, text(c, "billing.simulation.is_%s", state),
                                                { "name", s->name }),
                            .body = problem ? problem : text(c, "%s, %s", s->cycle_name, s->label),
                            .link = text(c, "/u/%s/bx/dashboard/simulations/%s", c->utility_code, s->public_id),
                            .dedup_key = text(c, "bill_simulation:%lld:%s", (long long)s->id.id, state) });
}

static Simulation *simulation_of_payload(Ctx *c, const char *payload) {
    Json p = json_read(&c->mem, payload, payload ? strlen(payload) : 0, 1000, NULL);
    const char *id = json_text(p, "simulation");
    return id ? db_find(c, Simulation, SIMULATION_SELECT "where x.id=? and x.utility_id=?",
                        (Id){ strtoll(id, NULL, 10) }, c->utility) : NULL;
}

JobStep simulation_job(Ctx *c, const JobRow *job) {
    Simulation *s = simulation_of_payload(c, job->payload);
    if (!s || !strcmp(s->state, "done")) return STEP_DONE;
    Place after = { { 0 }, -1 };
    int64_t done = 0, skipped = 0;
    if (job->cursor) {
        Json at = json_read(&c->mem, job->cursor, strlen(job->cursor), 1000, NULL);
        json_int(at, "account", &after.account.id);
        json_int(at, "place", &after.place);
        json_int(at, "done", &done);
        json_int(at, "skipped", &skipped);
    } else {
        simulation_begin(c, s);
    }
    int64_t left = s->sample_n ? s->sample_n - done - skipped : SIMULATION_CHUNK;
    Places rows = accounts_after(c, s, &after, (int)(left < SIMULATION_CHUNK ? left : SIMULATION_CHUNK));
    if (!rows.n) {
        simulation_end(c, s, "done", NULL);
        return STEP_DONE;
    }
    Id *accounts = take_n(c, Id, rows.n);
    for (size_t i = 0; i < rows.n; i++) accounts[i] = rows.v[i].account;
    BillScope then_scope = bill_scope_replay(c, s->period, s->versions), now_scope = then_scope;
    now_scope.versions = NULL;
    size_t n = 0, m = 0;
    BillCase *now = bill_cases(c, &now_scope, accounts, rows.n, &n);
    BillCase *then = bill_cases(c, &then_scope, accounts, rows.n, &m);
    for (size_t i = 0; i < n && i < m; i++) {
        if (is_computed(&now[i]) && is_computed(&then[i])) add_result(c, s->id, &now[i], &then[i]), done++;
        else skipped++;
    }
    db_run(c, "update bill_simulation set done_n=?, skipped_n=? where id=?", done, skipped, s->id);
    const Place *last = &rows.v[rows.n - 1];
    job_progress(c, text(c, "{\"account\":%lld,\"place\":%lld,\"done\":%lld,\"skipped\":%lld}",
                         (long long)last->account.id, (long long)last->place, (long long)done, (long long)skipped),
                 done, s->accounts, skipped);
    return STEP_AGAIN;
}

void simulation_died(Ctx *c, const char *payload, const char *error) {
    Simulation *s = simulation_of_payload(c, payload);
    if (s && strcmp(s->state, "done")) simulation_end(c, s, "failed", text(c, "%.290s", error ? error : ""));
}

/* --- one simulation ----------------------------------------------------------------------------------------------- */

#define TOTAL_ROW(F, T) F(T, const char *, name) F(T, int64_t, bills) F(T, Money, now) F(T, Money, then) \
    F(T, int64_t, more) F(T, int64_t, less)
ROW(Total, TOTAL_ROW)
#define TOTAL_OF "sum(z.bills) as bills, sum(z.now_minor) as `now`, sum(z.then_minor) as `then`, " \
                 "sum(if(z.band > 0, z.bills, 0)) as more, sum(if(z.band < 0, z.bills, 0)) as less"

static Total *total_of(Req *r, Id simulation) {
    Total *t = db_find(r, Total, "select '' as name, " TOTAL_OF " from bill_simulation_result z where "
                                 "z.simulation_id=? having count(*) > 0", simulation);
    return t ? t : take(r, sizeof *t);
}

static const char *part_text(Req *r, int64_t part, int64_t whole) {
    return whole ? locale_percent(&r->c.mem, r->c.locale, (part * 1000000 / whole + 500) / 1000 * 1000) : "-";
}

static void table_heads(Req *r, TableView *t, const char *first) {
    table_column(t, first, "text", "id");
    table_column(t, word(r, "billing.run.bills"), "num", NULL);
    table_column(t, word(r, "billing.simulation.now"), "money", NULL);
    table_column(t, word(r, "billing.simulation.then"), "money", "amount");
    table_column(t, word(r, "billing.run.difference"), "money", NULL);
    table_column(t, word(r, "billing.simulation.more"), "num", "status");
    table_column(t, word(r, "billing.simulation.less"), "num", NULL);
}

static void total_row(Req *r, TableView *t, const char *name, const char *url, const Total *x) {
    table_row(t, url);
    table_cell(t, name);
    table_cell(t, run_count(r, x->bills));
    table_money(t, x->now);
    table_money(t, x->then);
    table_money(t, money_sub(x->then, x->now));
    table_cell(t, part_text(r, x->more, x->bills));
    table_cell(t, part_text(r, x->less, x->bills));
}

static void show_categories(Req *r, const Simulation *s) {
    show_text(r, "show.sections.0.title", word(r, "billing.run.by_category"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "billing.run.by_category"));
    table_heads(r, t, word(r, "billing.run.category"));
    Totals all = db_all(r, Total, "select coalesce(k.name, '-') as name, " TOTAL_OF " from bill_simulation_result z "
                                  "left join consumer_category k on k.id=z.category_id where z.simulation_id=? "
                                  "group by z.category_id, k.name order by k.name", s->id);
    for (size_t i = 0; i < all.n; i++) total_row(r, t, all.v[i].name, NULL, &all.v[i]);
    table_empty(t, word(r, "billing.simulation.nothing"), NULL);
}

#define BAND_ROW(F, T) F(T, int, band) F(T, int64_t, bills)
ROW(Band, BAND_ROW)

/* Winners first: who would pay less. */
static void show_bands(Req *r, const Simulation *s) {
    Bands all = db_all(r, Band, "select band, sum(bills) as bills from bill_simulation_result where simulation_id=? "
                                "group by band order by band", s->id);
    int64_t most = 1, v[BAND_LAST - BAND_FIRST + 1] = { 0 };
    for (size_t i = 0; i < all.n; i++) {
        v[all.v[i].band - BAND_FIRST] = all.v[i].bills;
        if (all.v[i].bills > most) most = all.v[i].bills;
    }
    show_text(r, "show.sections.1.title", word(r, "billing.simulation.bands"));
    show_text(r, "show.sections.1.span", "half");
    for (int band = BAND_FIRST; band <= BAND_LAST; band++) {
        size_t i = (size_t)(band - BAND_FIRST);
        const char *key = band < 0 ? text(r, "billing.simulation.band_less_%d", -band)
            : text(r, "billing.simulation.band_more_%d", band);
        show_text(r, at(r, "show.sections.1.bars", i, "label"), word(r, key));
        show_text(r, at(r, "show.sections.1.bars", i, "value"), run_count(r, v[i]));
        show_int(r, at(r, "show.sections.1.bars", i, "pct"), v[i] * 100 / most);
    }
}

/* Beside another one: what both add up to. */
static void show_compared(Req *r, const Simulation *s, const Total *total) {
    const char *with = query_text(r, "with");
    Simulation *other = with && *with ? db_find(r, Simulation, SIMULATION_SELECT "where x.utility_id=? and "
                                                "x.public_id=?", r->c.utility, with) : NULL;
    if (with && *with && !other) fail(r, NOT_FOUND, "There is no such simulation.");
    show_text(r, "show.sections.2.title", word(r, "billing.simulation.compare"));
    show_text(r, "show.sections.2.span", "half");
    Simulations all = db_all(r, Simulation, SIMULATION_SELECT "where x.utility_id=? and x.state='done' and x.id<>? "
                                            "order by x.id desc limit ?", r->c.utility, s->id, (int)COMPARED_MOST);
    TableView *t = table_start(r, "show.sections.2.table", word(r, "billing.simulation.compare"));
    table_heads(r, t, word(r, "billing.simulation.single"));
    if (other) {
        total_row(r, t, s->name, NULL, total);
        total_row(r, t, other->name, link_path(r, "/bx/dashboard/simulations/%s", other->public_id),
                  total_of(r, other->id));
    } else {
        for (size_t i = 0; i < all.n; i++)
            total_row(r, t, all.v[i].name, link_path(r, "/bx/dashboard/simulations/%s?with=%s", s->public_id,
                                                     all.v[i].public_id), total_of(r, all.v[i].id));
    }
    table_empty(t, word(r, "billing.simulation.compare_none"), NULL);
}

static const Form account_form = { .name = "simulation_account", .fields = FIELDS {
    { "account", TEXT(0, 30) }, { 0 } } };

static const char *line_key(Req *r, const BillLine *l) {
    return text(r, "%s %s", l->description ? l->description : l->charge_type, l->service ? l->service : "");
}

/* The bill of one account, computed now: line by line with both versions. */
static void show_account(Req *r, const Simulation *s) {
    const char *no = query_text(r, "account");
    show_text(r, "show.sections.3.title", word(r, "billing.simulation.account"));
    show_text(r, "show.sections.3.text", word(r, "billing.simulation.account_how"));
    FormView *f = form_show(r, "show.sections.3.form", &account_form,
                            text(r, "/bx/dashboard/simulations/%s", s->public_id));
    show_text(r, "show.sections.3.form.get", "1");
    form_text(f, "account", no);
    if (!no || !*no) return;
    Id account = db_id(r, "select a.id from account a join bill b on b.account_id=a.id and b.bill_cycle_period_id=? "
                          "and b.status='published' where a.utility_id=? and a.account_no=? limit 1", s->period,
                       r->c.utility, no);
    show_text(r, "show.sections.4.title", no);
    TableView *t = table_start(r, "show.sections.4.table", no);
    table_column(t, word(r, "billing.bill.charge"), "text", "id");
    table_column(t, word(r, "billing.simulation.how_now"), "text", NULL);
    table_column(t, word(r, "billing.simulation.now"), "money", NULL);
    table_column(t, word(r, "billing.simulation.how_then"), "text", "name");
    table_column(t, word(r, "billing.simulation.then"), "money", "amount");
    BillScope then_scope = bill_scope_replay(&r->c, s->period, s->versions), now_scope = then_scope;
    now_scope.versions = NULL;
    size_t n = 0, m = 0;
    BillCase *now = account.id ? bill_cases(&r->c, &now_scope, &account, 1, &n) : NULL;
    BillCase *then = account.id ? bill_cases(&r->c, &then_scope, &account, 1, &m) : NULL;
    if (n && m && is_computed(now) && is_computed(then)) {
        const BillDraft *a = &now->draft, *b = &then->draft;
        bool *seen = take_n(r, bool, (size_t)b->line_n + 1);
        for (int i = 0; i < a->line_n; i++) {
            const BillLine *l = &a->lines[i], *other = NULL;
            if (!l->is_added || l->section != SECTION_CURRENT) continue;
            for (int k = 0; k < b->line_n && !other; k++)
                if (!seen[k] && !strcmp(line_key(r, l), line_key(r, &b->lines[k])))
                    other = &b->lines[k], seen[k] = true;
            table_row(t, NULL);
            table_cell(t, line_key(r, l));
            table_cell(t, l->explain);
            table_money(t, l->amount);
            table_cell(t, other ? other->explain : NULL);
            table_money(t, other ? other->amount : (Money){ 0 });
        }
        for (int k = 0; k < b->line_n; k++) {
            if (seen[k] || !b->lines[k].is_added || b->lines[k].section != SECTION_CURRENT) continue;
            table_row(t, NULL);
            table_cell(t, line_key(r, &b->lines[k]));
            table_cell(t, NULL);
            table_money(t, (Money){ 0 });
            table_cell(t, b->lines[k].explain);
            table_money(t, b->lines[k].amount);
        }
        table_foot(t, word(r, "billing.run.total"));
        table_foot(t, NULL);
        table_foot(t, locale_money(&r->c.mem, r->c.locale, a->current));
        table_foot(t, NULL);
        table_foot(t, locale_money(&r->c.mem, r->c.locale, b->current));
    }
    table_empty(t, word(r, "billing.simulation.account_none"), NULL);
}

static void show_work(Req *r, const Simulation *s) {
    bool active = !strcmp(s->state, "queued") || !strcmp(s->state, "running");
    int64_t done = s->done_n + s->skipped_n;
    if (!active && !s->problem) return;
    show_text(r, "job.state", s->state);
    show_text(r, "job.state_text", state_label(r, s->state));
    show_text(r, "job.tone", state_tone(r, s->state));
    show_int(r, "job.max", s->accounts);
    show_int(r, "job.value", done);
    show_text(r, "job.percent_text", msg_format(r, r->c.language, "billing.simulation.progress",
              { "done", run_count(r, done) }, { "of", run_count(r, s->accounts) }));
    if (s->problem) show_text(r, "job.note", s->problem);
    if (active) show_text(r, "job.poll_url", link_path(r, "/bx/dashboard/simulations/%s", s->public_id));
}

void simulation_page(Req *r) {
    Simulation *s = simulation_of_path(r);
    show_text(r, "page.title", s->name);
    show_text(r, "page.crumbs.0.text", word(r, "billing.simulation.list"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/dashboard/simulations"));
    show_text(r, "page.crumbs.1.text", s->name);
    show_text(r, "show.status.text", state_label(r, s->state));
    show_text(r, "show.status.tone", state_tone(r, s->state));
    show_fact(r, "show.facts", word(r, "billing.run.cycle"), s->cycle_name, s->label);
    show_fact(r, "show.facts", word(r, "billing.simulation.versions"),
              db_text(r, "select group_concat(t.code, ' ', v.version_no order by t.code separator ', ') from "
                         "tariff_plan_version v join tariff_plan t on t.id=v.plan_id where json_contains(?, v.id)",
                      s->versions), NULL);
    show_fact(r, "show.facts", word(r, "billing.simulation.sample"), s->sample_n ? run_count(r, s->sample_n)
              : word(r, "billing.simulation.all"),
              s->sample_n ? msg_format(r, r->c.language, "billing.simulation.seed",
                                       { "seed", text(r, "%lld", (long long)s->seed) }) : NULL);
    show_fact(r, "show.facts", word(r, "field.owner"), s->owner, NULL);
    show_work(r, s);
    Total *t = total_of(r, s->id);
    run_kpi(r, word(r, "billing.run.bills"), run_count(r, t->bills), NULL, s->skipped_n
            ? msg_plural(r, r->c.language, "billing.simulation.skipped", s->skipped_n, run_count(r, s->skipped_n))
            : NULL);
    run_kpi(r, word(r, "billing.simulation.now"), run_money(r, t->now), NULL, NULL);
    run_kpi(r, word(r, "billing.simulation.then"), run_money(r, t->then), NULL, NULL);
    run_kpi(r, word(r, "billing.run.difference"), run_money(r, money_sub(t->then, t->now)), NULL, NULL);
    run_kpi(r, word(r, "billing.simulation.more"), part_text(r, t->more, t->bills), NULL, NULL);
    if (!strcmp(s->state, "done")) {
        show_categories(r, s);
        show_bands(r, s);
        show_compared(r, s, t);
        show_account(r, s);
    }
    show_text(r, "page.actions.0.text", word(r, "billing.simulation.file"));
    show_text(r, "page.actions.0.url", link_path(r, "/bx/dashboard/simulations/%s/results", s->public_id));
    page(r, "billing/run");
}

/* --- results as a list, to be exported ---------------------------------------------------------------------------- */

static const ListSpec results = {
    .name = "simulation_results", .path = "/bx/dashboard/simulations", .feature = "bx.dashboard",
    .id = "z.category_id * 100 + z.band",
    .from = "bill_simulation_result z left join consumer_category k on k.id = z.category_id",
    .where = "z.simulation_id = ?",
    .columns = COLUMNS {
        { "category",   NULL, "coalesce(k.code, '-')", LIST, .place = "id" },
        { "band",       NULL, "z.band",       LIST | SORT, .kind = "num" },
        { "bills",      NULL, "z.bills",      LIST },
        { "now_minor",  NULL, "z.now_minor",  LIST | SUM },
        { "then_minor", NULL, "z.then_minor", LIST | SUM, .place = "amount" },
        { 0 } },
    .order = "band" };

void simulation_results(Req *r) {
    Simulation *s = simulation_of_path(r);
    ListSpec spec = results;
    spec.path = text(r, "/bx/dashboard/simulations/%s/results", s->public_id);
    list_show(r, &spec, s->id);
    if (r->status) return;                          /* answered with a file */
    show_text(r, "page.title", s->name);
    show_text(r, "page.crumbs.0.text", word(r, "billing.simulation.list"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/dashboard/simulations"));
    show_text(r, "page.crumbs.1.text", s->name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/bx/dashboard/simulations/%s", s->public_id));
    page(r, "layout/list");
}
