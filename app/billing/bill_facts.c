/*
 * From a set of accounts to their drafts: locks, some ten statements for all of them, the engine (5-billing
 * "Calculation order"; BX01US01 to BX01US04; I5, I6). Reads accounts, connections, readings and agreements of other
 * modules in sets; writes only what metering stores as an estimate.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"

enum { SPANS_MAX = 40, HISTORY_DAYS = BILL_HISTORY_DAYS };

/* --- scope -------------------------------------------------------------------------------------------------------- */

#define SCOPE_ROW(F, T) F(T, Id, run) F(T, Id, period) F(T, Id, cycle) F(T, Date, from_date) F(T, Date, to_date) \
    F(T, Date, bill_date) F(T, Date, due_date) F(T, Date, accounting_date) F(T, Date, estimate_after) \
    F(T, bool, estimate_allowed) F(T, int, max_estimates) F(T, const char *, true_up) F(T, const char *, normal_days) \
        F(T, int, factor_decimals) F(T, const char *, frequency) F(T, Id, template_version) \
    F(T, const char *, message) F(T, const char *, options)
ROW(ScopeRow, SCOPE_ROW)

static int months_of(const char *frequency) {
    return !strcmp(frequency, "monthly") ? 1 : !strcmp(frequency, "bi_monthly") ? 2 : !strcmp(frequency, "quarterly")
        ? 3 : 0;
}

static BillScope scope_of(Ctx *c, const ScopeRow *r) {
    bool estimate = true, simulates = false;
    int64_t version = 0;
    const char *true_up = r->true_up;
    if (r->options) {
        Json o = json_read(&c->mem, r->options, strlen(r->options), 65536, NULL);
        json_bool(o, "estimate", &estimate);
        json_bool(o, "simulates", &simulates);
        json_int(o, "tariff_version", &version);
        if (json_text(o, "true_up")) true_up = json_text(o, "true_up");
    }
    return (BillScope){
        .run = r->run, .period = r->period, .cycle = r->cycle, .kind = BILL_CYCLE, .from = r->from_date,
        .to = r->to_date, .months = months_of(r->frequency), .bill_date = r->bill_date,
        .due_date = r->due_date, .accounting_date = r->accounting_date, .estimate_after = r->estimate_after,
        .estimate_allowed = r->estimate_allowed && estimate,
        .keeps = !simulates, .simulates = simulates, .versions = version ? text(c, "[%lld]", (long long)version) : NULL,
        .max_estimates = r->max_estimates, .factor_decimals = r->factor_decimals, .true_up = !strcmp(true_up, "rerate")
        ? TRUE_UP_RERATE : TRUE_UP_INDEX,
        .normal_days_micro = !strcmp(r->normal_days, "30") ? 30000000 : 30416667,
        .template_version = r->template_version, .message = r->message, .version_no = 1 };
}

#define SCOPE_CYCLE "y.estimate_allowed, y.max_estimates, y.true_up, y.normal_days, coalesce(y.factor_decimals, -1) " \
                    "as factor_decimals, y.frequency"

BillScope bill_scope_of_run(Ctx *c, Id run) {
    return scope_of(c,
        db_one(c, ScopeRow,
            "select r.id as run, p.id as period, y.id as cycle, p.from_date, p.to_date, r.bill_date, r.due_date, "
            "r.bill_date as accounting_date, p.estimate_after, " SCOPE_CYCLE ", "
            "r.template_version_id as template_version, r.message, r.options from bill_run r "
            "join bill_cycle_period p on p.id = r.bill_cycle_period_id join bill_cycle y on y.id = p.cycle_id "
            "where r.id = ? and r.utility_id = ?",
            run, c->utility));
}

BillScope bill_scope_replay(Ctx *c, Id period, const char *versions) {
    BillScope s = scope_of(c, db_one(c, ScopeRow,
        "select 0 as run, p.id as period, y.id as cycle, p.from_date, p.to_date, p.bill_date, p.due_date, "
        "p.accounting_date, p.estimate_after, " SCOPE_CYCLE
        ", 0 as template_version, null as message, null as options "
        "from bill_cycle_period p join bill_cycle y on y.id = p.cycle_id where p.id = ? and p.utility_id = ?", period,
                                     c->utility));
    s.keeps = false;
    s.replays = true;
    s.versions = versions;
    return s;
}

#define AGAIN_ROW(F, T) F(T, Id, id) F(T, Id, bill_cycle_period_id) F(T, const char *, kind) F(T, Date, period_start) \
    F(T, Date, period_end) F(T, Date, due_date) F(T, Id, template_version_id) F(T, Id, version_group) \
    F(T, int, version_no)
ROW(AgainRow, AGAIN_ROW)

BillScope bill_scope_again(Ctx *c, Id bill) {
    AgainRow *b = db_one(c, AgainRow, "select id, bill_cycle_period_id, kind, period_start, period_end, due_date, "
                                      "template_version_id, coalesce(version_group_id, id) as version_group, "
                                      "version_no from bill where id=? and utility_id=?", bill, c->utility);
    BillScope s = { .kind = BILL_CORRECTION, .months = 1, .max_estimates = 6, .factor_decimals = -1,
                    .normal_days_micro = 30000000, .estimate_after = DATE_NONE };
    if (b->bill_cycle_period_id.id)
        s = scope_of(c, db_one(c, ScopeRow,
            "select 0 as run, p.id as period, y.id as cycle, p.from_date, p.to_date, p.bill_date, p.due_date, "
            "p.accounting_date, p.estimate_after, " SCOPE_CYCLE
                ", 0 as template_version, null as message, null as options "
            "from bill_cycle_period p join bill_cycle y on y.id = p.cycle_id where p.id = ?", b->bill_cycle_period_id));
    s.kind = !strcmp(b->kind, "final") ? BILL_FINAL : !strcmp(b->kind, "one_off")
        ? BILL_ONE_OFF : !strcmp(b->kind, "cycle") ? BILL_CYCLE : BILL_SINGLE;
    if (!b->bill_cycle_period_id.id) s.from = b->period_start, s.to = b->period_end, s.period_is_asked = true;
    s.bill_date = utility_today(c);
    s.accounting_date = s.bill_date;
    Date due = date_add_days(s.bill_date, (int)setting_int(c, "bx.rebill_due_days", 14));
    s.due_date = cal_adjust_date(c, (Id){ 0 }, date_max(b->due_date, due), DATE_NEXT_WORKING);
    s.template_version = b->template_version_id;
    s.supersedes = b->id;
    s.version_group = b->version_group;
    s.version_no = b->version_no + 1;
    s.estimate_allowed = true;
    s.keeps = true;
    return s;
}

/* --- rows of a set ------------------------------------------------------------------------------------------------ */

#define ACCOUNT_FACT(F, T) F(T, Id, id) F(T, const char *, account_no) F(T, Id, consumer_id) F(T, Id, category_id) \
    F(T, Id, sub_area_id) F(T, const char *, currency) F(T, const char *, language) \
    F(T, const char *, status) F(T, bool, has_address) F(T, Date, opened_on) F(T, Date, closed_on) \
        F(T, Money, balance_minor) F(T, Money, deferred_minor) F(T, bool, tax_exempt) F(T, const char *, certificate) \
    F(T, Date, tax_exempt_until) F(T, bool, category_exempt) F(T, Money, limit_minor) F(T, Time, last_published_at) \
        F(T, Date, cycle_from)
ROW(AccountFact, ACCOUNT_FACT)

#define CONNECTION_FACT(F, T) F(T, Id, account) F(T, Id, id) F(T, const char *, connection_no) \
    F(T, const char *, service_code) F(T, const char *, unit) F(T, Date, holder_from) F(T, Date, holder_to) \
    F(T, Date, connected_on) F(T, Date, closed_on) F(T, Date, disconnected_on) F(T, Date, last_billed_on) \
        F(T, bool, metered) F(T, bool, has_meter) F(T, const char *, size) F(T, Id, derived_from) \
        F(T, int64_t, eru_e3) \
    F(T, int64_t, connected_load_e3) F(T, int, dwelling_units) F(T, bool, has_winter) F(T, Quantity, winter_qty_micro) \
        F(T, int64_t, impervious_sqft) F(T, bool, single_family) F(T, const char *, attributes)
ROW(ConnectionFact, CONNECTION_FACT)

#define PLAN_FACT(F, T) F(T, Id, connection) F(T, Id, plan) F(T, Date, valid_from) F(T, Date, valid_to)
ROW(PlanFact, PLAN_FACT)

#define BILLED_FACT(F, T) F(T, Id, connection) F(T, Id, bill) F(T, const char *, bill_no) F(T, Date, from_date) \
    F(T, Date, to_date) F(T, const char *, usage_source) F(T, Quantity, usage_qty_micro) F(T, Id, plan) \
    F(T, Quantity, carried_qty_micro) F(T, Id, segment) F(T, Id, period)
ROW(BilledFact, BILLED_FACT)

#define PERIOD_FACT(F, T) F(T, Id, id) F(T, Date, from_date) F(T, Date, to_date)
ROW(PeriodFact, PERIOD_FACT)

#define CHARGE_FACT(F, T) F(T, Id, account) F(T, Id, id) F(T, const char *, charge_type) \
    F(T, const char *, description) F(T, Money, amount_minor) F(T, const char *, tax_codes) F(T, Date, charge_date) \
    F(T, bool, is_posted)
ROW(ChargeFact, CHARGE_FACT)

#define INSTALMENT_FACT(F, T) F(T, Id, account) F(T, Id, id) F(T, int, seq) F(T, Date, due_on) F(T, Money, amount)
ROW(InstalmentFact, INSTALMENT_FACT)

#define REBATE_FACT(F, T) F(T, Id, account) F(T, const char *, code) F(T, const char *, name) \
    F(T, const char *, group_word) F(T, const char *, kind) F(T, Money, amount_minor) F(T, Price, rate_micro) \
    F(T, int64_t, rate_ppm) \
    F(T, bool, has_limit) F(T, Quantity, upto_qty_micro) F(T, const char *, refs) F(T, Date, from_on) F(T, Date, to_on)
ROW(RebateFact, REBATE_FACT)

#define BILLED_LINE_FACT(F, T) F(T, Id, bill) F(T, Id, connection) F(T, const char *, charge_type) \
    F(T, const char *, service) F(T, const char *, tax_code) F(T, Money, amount) F(T, const char *, name)
ROW(BilledLineFact, BILLED_LINE_FACT)

#define PEAK_FACT(F, T) F(T, Id, connection) F(T, Quantity, peak_qty_micro)
ROW(PeakFact, PEAK_FACT)
#define REPLAYED_FACT(F, T) F(T, Id, connection) F(T, Date, first_day)
ROW(ReplayedFact, REPLAYED_FACT)

#define LOCKED_FACT(F, T) F(T, Id, id)
ROW(LockedFact, LOCKED_FACT)

typedef struct Set {
    Ctx             *c;
    const BillScope *s;
    PlanBook        *book;
    AccountFacts     accounts;
    ConnectionFacts  connections;
    PlanFacts        plans;
    Segments         uses;
    UseHistories     history;
    BilledFacts      billed;            /* by connection, newest first */
    PeriodFacts      periods;           /* of those bills, by id */
    BilledLineFacts  lines;
    ChargeFacts      charges;
    SinceFacts       since;
    InstalmentFacts  instalments;
    RebateFacts      rebates;
    PeakFacts        peaks;             /* by connection; only with a component that looks back */
    ReplayedFacts    replayed;          /* connections on the bills of the period, when it is replayed */
    Id              *connection_ids; size_t connection_id_n;    /* in order, each once */
    Id              *use_ids; size_t use_id_n;                  /* likewise */
    bool             has_final;
} Set;

#define IDS "json_table(?, '$[*]' columns (id bigint path '$')) j straight_join "

static AccountFacts read_accounts(Ctx *c, const char *ids) {
    return db_all(c, AccountFact,
        "select a.id, a.account_no, a.consumer_id, a.category_id, p.sub_area_id, a.currency, "
        "n.preferred_language as language, a.status, "
        "coalesce(if(a.billing_address_choice = 'own', a.billing_line1, null), if(a.billing_address_choice = "
        "'consumer', n.billing_line1, null), p.line1, '') <> '' as has_address, "
        "a.opened_on, a.closed_on, a.balance_minor, a.deferred_minor, a.tax_exempt, a.tax_certificate_no "
        "as certificate, a.tax_exempt_until, coalesce(sk.tax_exempt, k.tax_exempt) as category_exempt, "
        "coalesce(k.bill_limit_minor, 0) as limit_minor, " LAST_PUBLISHED "as last_published_at, "
        "(select min(y.from_period) from account_cycle y where y.account_id = a.id) as cycle_from "
        "from " IDS "account a on a.id = j.id and a.utility_id = ? join consumer n on n.id = a.consumer_id "
                    "join premise p on p.id = a.premise_id join consumer_category k on k.id = a.category_id "
                    "left join consumer_sub_category sk on sk.id = a.sub_category_id order by a.id", ids, c->utility);
}

static ConnectionFacts read_connections(Ctx *c, const BillScope *s, const char *ids) {
    return db_all(c, ConnectionFact,
        "select h.account_id as account, v.id, v.connection_no, v.service_code, u.unit, h.from_on as holder_from, "
        "h.to_on as holder_to, v.connected_on, v.closed_on, v.disconnected_on, v.last_billed_on, v.metered, "
        "exists (select 1 from meter_installation i where i.service_connection_id = v.id and i.role = 'main' "
        "and i.installed_on <= ? and (i.removed_on is null or i.removed_on >= ?)) as has_meter, "
        "v.size, v.derived_from_id as derived_from, coalesce(v.eru_e3, p.eru_e3, 0) as eru_e3, "
        "coalesce(v.connected_load_e3, 0) as connected_load_e3, v.dwelling_units, "
        "v.winter_average_qty_micro is not null as has_winter, coalesce(v.winter_average_qty_micro, 0) "
        "as winter_qty_micro, coalesce(p.impervious_sqft, 0) as impervious_sqft, "
        IS_SINGLE_FAMILY("h.account_id") " as single_family, v.attributes "
        "from " IDS "service_connection_holder h on h.account_id = j.id and h.from_on <= ? "
                    "join service_connection v on v.id = h.service_connection_id and v.status <> 'pending' "
                    "join premise p on p.id = v.premise_id left join utility_service u on u.utility_id = v.utility_id "
                    "and u.code = v.service_code "
        "where h.to_on is null or h.to_on >= ? order by h.account_id, v.id, h.from_on", s->to, s->from, ids, s->to,
                  s->from);
}

static int newest_first(const void *a, const void *b) {
    const BilledFact *x = a, *y = b;
    if (x->connection.id != y->connection.id) return x->connection.id < y->connection.id ? -1 : 1;
    if (x->to_date.day != y->to_date.day) return x->to_date.day > y->to_date.day ? -1 : 1;
    return x->segment.id > y->segment.id ? -1 : x->segment.id < y->segment.id;
}

static void read_billed(Set *x, const char *ids) {
    const BillScope *s = x->s;
    Date since = date_add_days(s->from, -HISTORY_DAYS);
    x->billed = db_all(x->c, BilledFact,
        "select g.service_connection_id as connection, g.bill_id as bill, b.bill_no, g.segment_start as from_date, "
        "g.segment_end as to_date, g.usage_source, g.usage_qty_micro, g.tariff_plan_id as plan, g.carried_qty_micro, "
        "g.id as segment, b.bill_cycle_period_id as period "
        "from " IDS "bill_segment g force index (bill_segment_days) on g.service_connection_id = j.id "
                    "and g.segment_end >= ? straight_join bill b force index (primary) on b.id = g.bill_id "
                    "and b.status = 'published' "
        "where not (? = 1 and (g.segment_start > ? or b.bill_cycle_period_id <=> ?))", ids, since, s->replays, s->to,
                       s->period);
    qsort(x->billed.v, x->billed.n, sizeof *x->billed.v, newest_first);
    x->periods = db_all(x->c, PeriodFact, "select id, from_date, to_date from bill_cycle_period where utility_id = ? "
                                          "and to_date >= ? order by id", x->c->utility, since);
}

/* The highest demand measured on bills of the twelve months before. */
static void read_peaks(Set *x, const char *ids) {
    if (!plan_book_looks_back(x->book)) return;
    x->peaks = db_all(x->c, PeakFact,
        "select g.service_connection_id as connection, cast(max(coalesce(cast(json_value(l.detail, '$.measured') "
        "as decimal(24, 6)) * 1000000, l.qty_micro)) as signed) as peak_qty_micro from " IDS "bill_segment g "
        "force index (bill_segment_days) on g.service_connection_id = j.id and g.segment_end >= ? "
        "and g.segment_end < ? straight_join bill b on b.id = g.bill_id and b.status = 'published' "
        "straight_join bill_line l on l.bill_id = g.bill_id and l.segment_id = g.id and l.charge_type = 'DEMAND' "
        "group by g.service_connection_id order by g.service_connection_id", ids, date_add_months(x->s->from, -12),
                      x->s->from);
}

static int by_id(const void *a, const void *b) {
    const PeriodFact *x = a, *y = b;
    return x->id.id < y->id.id ? -1 : x->id.id > y->id.id;
}

/* The bill was one of a whole period. */
static bool was_full(const Set *x, const BilledFact *b) {
    const PeriodFact *p = x->periods.n && b->period.id
        ? bsearch(&(PeriodFact){ .id = b->period }, x->periods.v, x->periods.n, sizeof *x->periods.v, by_id) : NULL;
    return p && p->from_date.day == b->from_date.day && p->to_date.day == b->to_date.day;
}

/* What the published bills of the period took, and from which day on. */
static void read_replayed(Set *x, const char *ids) {
    LockedFacts bills = db_all(x->c, LockedFact, "select b.id from " IDS "bill b on b.account_id = j.id and "
                               "b.bill_cycle_period_id = ? and b.status = 'published' order by b.id", ids,
                               x->s->period);
    Id *v = take_n(x->c, Id, bills.n + 1);
    for (size_t i = 0; i < bills.n; i++) v[i] = bills.v[i].id;
    x->uses = mx_bills_segments_of(x->c, v, bills.n);
    x->replayed = db_all(x->c, ReplayedFact,
        "select g.service_connection_id as connection, min(g.segment_start) as first_day from " IDS
        "bill_segment g on g.bill_id = j.id group by g.service_connection_id order by g.service_connection_id",
                         json_ids(x->c, v, bills.n));
}

void since_add(Ctx *c, Text *to, Id account, Time last_published_at) {
    text_addf(to, "%s[%lld,\"%s\"]", to->n ? "," : "[", (long long)account.id, time_is_set(last_published_at)
              ? time_mysql(&c->mem, last_published_at) : "1970-01-01 00:00:00");
}

SinceFacts since_read(Ctx *c, Text *accounts) {
    text_add(accounts, accounts->n ? "]" : "[]");
    return db_all(c, SinceFact,
        "select e.account_id as account, coalesce(sum(if(e.txn_type like 'payment%', e.debit_minor - "
        "e.credit_minor, 0)), 0) as payments, "
        "coalesce(sum(if(e.txn_type in ('charge', 'late_fee'), e.debit_minor - e.credit_minor, 0)), 0) as charges, "
        "coalesce(sum(if(e.txn_type like 'payment%' or e.txn_type in ('charge', 'late_fee', 'bill'), 0, e.debit_minor "
        "- e.credit_minor)), 0) as others "
        "from json_table(?, '$[*]' columns (id bigint path '$[0]', since datetime(6) path '$[1]')) j straight_join "
        "ledger_entry e on e.account_id = j.id "
        "where e.gl_code_id = ? and e.posted_at > j.since group by e.account_id order by e.account_id",
                  accounts->s, gl_by_key(c, "AR"));
}

static SinceFacts read_since(Ctx *c, const AccountFacts *a) {
    Text accounts = text_start(c);
    for (size_t i = 0; i < a->n; i++) since_add(c, &accounts, a->v[i].id, a->v[i].last_published_at);
    return since_read(c, &accounts);
}

static ChargeFacts read_charges(Ctx *c, const BillScope *s, const char *ids) {
    return db_all(c, ChargeFact,
        "select h.account_id as account, h.id, h.charge_type, h.description, if(h.post_mode = 'immediate', "
        "h.amount_minor + h.tax_minor, h.amount_minor) as amount_minor, h.tax_codes, h.charge_date, "
        "h.post_mode = 'immediate' as is_posted from " IDS "charge h on h.account_id = j.id and h.status = 'pending' "
            "and h.bill_id is null where h.charge_date <= ? order by h.account_id, h.charge_date, h.id", ids,
                  s->bill_date);
}

static InstalmentFacts read_instalments(Ctx *c, const BillScope *s, const char *ids) {
    return db_all(c, InstalmentFact,
        "select i.account_id as account, i.id, i.seq, i.due_on, i.amount_minor - i.paid_minor as amount from " IDS
            "instalment i on i.account_id = j.id and i.state in ('due', 'part_paid') "
            "join payment_agreement g on g.id = i.agreement_id and g.state in ('active', 'at_risk') "
        "where i.bill_id is null and i.became_due_at is null and i.due_on <= ? order by i.account_id, i.due_on", ids,
                  s->due_date);
}

static RebateFacts read_rebates(Ctx *c, const BillScope *s, const char *ids) {
    return db_all(c, RebateFact,
        "select e.account_id as account, r.code, r.name, r.`group` as group_word, r.kind, coalesce(r.amount_minor, 0) "
        "as amount_minor, coalesce(r.rate_micro, 0) as rate_micro, coalesce(r.rate_ppm, 0) as rate_ppm, "
        "r.upto_qty_micro is not null as has_limit, coalesce(r.upto_qty_micro, 0) as upto_qty_micro, r.refs, "
        "greatest(e.from_on, r.effective_from) as from_on, coalesce(least(e.to_on, r.effective_to), e.to_on, "
        "r.effective_to) as to_on "
        "from " IDS "rebate_enrolment e on e.account_id = j.id and e.status = 'approved' and e.from_on <= ? "
                    "join rebate_rule r on r.id = e.rebate_rule_id and r.active = 1 "
                    "where (e.to_on is null or e.to_on >= ?) order by e.account_id, r.code", ids, s->to, s->from);
}

static void read_lines(Set *x) {
    Id *bills = take_n(x->c, Id, x->billed.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < x->billed.n; i++)
        if (!strcmp(x->billed.v[i].usage_source, "estimated") || !strcmp(x->billed.v[i].usage_source, "mixed"))
            bills[n++] = x->billed.v[i].bill;
    if (!n) return;
    x->lines = db_all(x->c, BilledLineFact,
        "select l.bill_id as bill, g.service_connection_id as connection, l.charge_type, l.service_code as service, "
        "l.tax_code, l.amount_minor as amount, coalesce(r.code, l.description) as name from " IDS "bill_line l "
        "on l.bill_id = j.id and l.posts = 1 and l.section = 'current' "
        "left join tariff_rate r on r.id = l.tariff_rate_id "
        "left join bill_segment g on g.id = l.segment_id where l.true_up_of_bill_id is null and l.charge_id is null "
        "and l.adjustment_id is null and l.charge_type <> 'ROUNDING' order by l.bill_id, l.seq",
        json_ids(x->c, bills, n));
}

static int id_order(const void *a, const void *b) {
    int64_t x = ((const Id *)a)->id, y = ((const Id *)b)->id;
    return x < y ? -1 : x > y;
}

/* Two accounts of a set may have held one connection in turn. */
static void each_once(Id *v, size_t *n) {
    size_t kept = 0;
    qsort(v, *n, sizeof *v, id_order);
    for (size_t i = 0; i < *n; i++)
        if (!kept || v[kept - 1].id != v[i].id) v[kept++] = v[i];
    *n = kept;
}

static void read_set(Set *x, const Id *accounts, size_t n) {
    Ctx *c = x->c;
    const char *ids = json_ids(c, accounts, n);
    if (x->s->keeps
        || x->s->simulates)             /* a preview stores nothing: it may stand in a reading transaction */
        db_all(c, LockedFact, "select a.id from " IDS "account a force index (primary) on a.id = j.id "
                                                      "and a.utility_id = ? order by a.id for update", ids, c->utility);
    x->book = plan_book_of(c, x->s);
    x->accounts = read_accounts(c, ids);
    x->connections = read_connections(c, x->s, ids);
    x->connection_ids = take_n(c, Id, x->connections.n + 1);
    x->use_ids = take_n(c, Id, x->connections.n + 1);
    bool any_deferred = false;
    for (size_t i = 0; i < x->accounts.n; i++) any_deferred = any_deferred || x->accounts.v[i].deferred_minor.minor;
    for (size_t i = 0; i < x->connections.n; i++) {
        const ConnectionFact *k = &x->connections.v[i];
        x->connection_ids[x->connection_id_n++] = k->id;
        if (k->metered || k->derived_from.id) x->use_ids[x->use_id_n++] = k->derived_from.id ? k->derived_from : k->id;
    }
    each_once(x->connection_ids, &x->connection_id_n);
    each_once(x->use_ids, &x->use_id_n);
    const char *connections = json_ids(c, x->connection_ids, x->connection_id_n);
    x->plans = db_all(c, PlanFact, "select q.service_connection_id as connection, q.tariff_plan_id as plan, "
                                   "q.valid_from, q.valid_to from " IDS
                      "service_connection_plan q on q.service_connection_id = j.id "
                      "where q.valid_to is null or q.valid_to >= ? "
                      "order by q.service_connection_id, q.valid_from", connections,
                      date_add_days(x->s->from, -HISTORY_DAYS));
    if (x->s->replays) read_replayed(x, ids);
    else if (x->use_id_n)
        x->uses = mx_open_segments_of(c, x->use_ids, x->use_id_n,
                                      date_add_days(x->s->to, (int)setting_int(c, "bx.reading_window_days", 5)));
    if (x->use_id_n) x->history = mx_use_history_of(c, x->use_ids, x->use_id_n, x->s->from);
    read_billed(x, connections);
    read_peaks(x, connections);
    read_lines(x);
    if (!x->s->replays) x->charges = read_charges(c, x->s, ids);
    x->since = read_since(c, &x->accounts);
    if (any_deferred && !x->s->replays) x->instalments = read_instalments(c, x->s, ids);
    x->rebates = read_rebates(c, x->s, ids);
}

/* --- one account's share ------------------------------------------------------------------------------------------ */

/* The rows from v[0] on that belong together. */
#define SHARE(list, member, key, first, count) do { \
    (first) = 0; \
    while ((first) < (list).n && (list).v[first].member.id != (key).id) (first)++; \
    for ((count) = 0; (first) + (count) < (list).n && (list).v[(first) + (count)].member.id == (key).id; (count)++) ; \
} while (0)

static Date later_of(Date a, Date b) { return date_is_set(a) && (!date_is_set(b) || a.day > b.day) ? a : b; }
static Date earlier_of(Date a, Date b) { return date_is_set(a) && (!date_is_set(b) || a.day < b.day) ? a : b; }

static void spans_fill(Set *x, const ConnectionFact *k, BillConnection *to) {
    BillPlanSpan *spans = take_n(x->c, BillPlanSpan, SPANS_MAX);
    size_t first, n;
    SHARE(x->plans, connection, k->id, first, n);
    for (size_t i = 0; i < n && to->span_n < SPANS_MAX; i++) {
        const PlanFact *p = &x->plans.v[first + i];
        to->span_n += plan_spans(x->book, p->plan, p->valid_from, p->valid_to, k->size, spans + to->span_n,
                                 SPANS_MAX - to->span_n);
    }
    to->spans = spans;
}

static void uses_fill(Set *x, const ConnectionFact *k, BillConnection *to) {
    Id key = k->derived_from.id ? k->derived_from : k->id;
    size_t first, n;
    SHARE(x->uses, connection, key, first, n);
    BillUse *v = take_n(x->c, BillUse, n + 1);
    for (size_t i = 0; i < n; i++) {
        const Segment *u = &x->uses.v[first + i];
        /* of the holder before */
        if (date_is_set(to->active_from) && u->to.day < to->active_from.day) continue;
        v[to->use_n++] = (BillUse){
            .id = k->derived_from.id ? (Id){ 0 } : u->id, .meter = u->meter, .register_id = u->register_id,
            .from_reading = u->from_reading, .to_reading = u->to_reading, .meter_no = u->meter_no,
            .register_kind = u->tou_code, .from = u->from, .to = u->to, .from_value = u->from_value,
            .to_value = u->to_value, .multiplier_e6 = u->multiplier_e6, .dials = u->dials,
            .billing_quantity = u->billing_quantity, .is_converted = strcmp(u->unit, u->billing_unit) != 0,
            .is_estimated = u->is_estimated, .estimate_method = u->estimate_method };
    }
    to->uses = v;
    SHARE(x->history, connection, key, first, n);
    if (!n) return;
    const UseHistory *h = &x->history.v[first];
    to->usual = h->usual, to->usual_days = h->usual_days, to->zero_periods = h->zero_periods,
        to->last_year_per_day = h->last_year_per_day;
}

static void billed_fill(Set *x, const ConnectionFact *k, BillConnection *to) {
    size_t first, n;
    SHARE(x->billed, connection, k->id, first, n);
    BilledDays *days = take_n(x->c, BilledDays, n + 1);
    BillEstimated *estimated = take_n(x->c, BillEstimated, n + 1);
    bool in_row = true;
    int rows = 0;
    for (size_t i = 0; i < n; i++) {
        const BilledFact *b = &x->billed.v[first + i];
        if (b->bill.id == x->s->supersedes.id) continue;
        if (!to->billed_n) to->carried = b->carried_qty_micro;
        days[to->billed_n++] = (BilledDays){ b->plan, b->bill_no, b->from_date, b->to_date };
        in_row = in_row && (!strcmp(b->usage_source, "estimated") || !strcmp(b->usage_source, "mixed"));
        if (!in_row) continue;
        BilledLine *lines = take_n(x->c, BilledLine, x->lines.n + 1);
        int line_n = 0;
        for (size_t l = 0; l < x->lines.n; l++) {
            const BilledLineFact *f = &x->lines.v[l];
            if (f->bill.id == b->bill.id && (f->connection.id == k->id.id || !f->connection.id))
                lines[line_n++] = (BilledLine){ f->charge_type, f->service, f->tax_code, f->amount, f->name };
        }
        estimated[rows++] = (BillEstimated){ .bill = b->bill, .bill_no = b->bill_no, .from = b->from_date,
                                             .to = b->to_date, .was_full = was_full(x, b), .months = x->s->months,
                                             .quantity = b->usage_qty_micro, .lines = lines, .line_n = line_n };
    }
    for (int i = 0; i < rows / 2; i++) {                    /* oldest first */
        BillEstimated swap = estimated[i];
        estimated[i] = estimated[rows - 1 - i];
        estimated[rows - 1 - i] = swap;
    }
    to->billed = days;
    to->estimated = estimated;
    to->estimated_n = to->estimates_in_row = rows;
}

static void attributes_fill(Set *x, const ConnectionFact *k, BillConnection *to) {
    TariffAttribute *v = take_n(x->c, TariffAttribute, 17);
    int n = 0;
    bool has_peak = false;
    if (k->eru_e3) v[n++] = (TariffAttribute){ "eru", exact_ratio(k->eru_e3, 1000) };
    if (k->connected_load_e3) v[n++] = (TariffAttribute){ "connected_load", exact_ratio(k->connected_load_e3, 1000) };
    if (k->impervious_sqft) v[n++] = (TariffAttribute){ "impervious_area", exact_whole(k->impervious_sqft) };
    v[n++] = (TariffAttribute){ "dwelling_units", exact_whole(k->dwelling_units) };
    if (k->attributes) {
        Json o = json_read(&x->c->mem, k->attributes, strlen(k->attributes), 65536, NULL);
        JsonMember *m = json_members(&x->c->mem, o);
        for (size_t i = 0; i < json_size(o) && n < 16; i++) {
            const char *number = json_number(&x->c->mem, m[i].value, "");
            int64_t micro;
            if (!number || !tariff_name_is_valid(m[i].name) || !tariff_decimal_parse(number, &micro)) continue;
            v[n++] = (TariffAttribute){ m[i].name, exact_micro(micro) };
            has_peak = has_peak || !strcmp(m[i].name, "demand_peak");
        }
    }
    size_t first, peaks;
    SHARE(x->peaks, connection, k->id, first, peaks);
    if (peaks && !has_peak)
        v[n++] = (TariffAttribute){ "demand_peak", exact_micro(x->peaks.v[first].peak_qty_micro.micro) };
    to->attributes = v;
    to->attribute_n = n;
}

TariffRate rebate_rate(Ctx *c, const RebateTerms *r) {
    TariffRate t = TARIFF_RATE_DEFAULT;
    bool is_social = !strcmp(r->group, "low_income") || !strcmp(r->group, "senior") || !strcmp(r->group, "disability")
        || !strcmp(r->group, "hardship");
    t.code = text(c, "rebate:%s", r->code), t.label = r->name;
    t.charge_type = is_social ? "SUBSIDY" : "DISCOUNT", t.service = r->service;
    t.prorate = true, t.basis = BASIS_PER_MONTH, t.normal_days_micro = r->normal_days_micro;
    t.sequence = r->sequence;
    t.valid_from = r->from, t.valid_to = r->to;
    Json refs = r->refs ? json_read(&c->mem, r->refs, strlen(r->refs), 65536, NULL) : (Json){ 0 };
    const char **of = take_n(c, const char *, json_size(refs) + 1);
    for (size_t k = 0; k < json_size(refs); k++)
        if (json_text(json_item(refs, k), "")) of[t.of_n++] = json_text(json_item(refs, k), "");
    t.of = of;
    if (strcmp(r->kind, "percent")) t.once = t.code;
    if (!strcmp(r->kind, "percent")) t.calc = CALC_PERCENT, t.percent_e6 = r->rate_ppm * 100;
    else if (!strcmp(r->kind, "fixed"))
        t.calc = CALC_FLAT, t.prices.price.micro = r->amount.minor * power_of_ten(6 - utility_here(c)->exponent);
    else if (!r->has_limit) t.calc = CALC_PER_UNIT, t.prices.price = r->rate;
    else {
        TariffTier *tiers = take_n(c, TariffTier, 2);
        tiers[0] = (TariffTier){ .upto = r->upto, .price = r->rate };
        tiers[1] = (TariffTier){ .unlimited = true };
        t.calc = CALC_TIERED, t.tier_period = TIERS_BY_MONTH, t.prices.tiers = tiers, t.prices.tier_n = 2;
    }
    return t;
}

void rebate_taxes(Ctx *c, TariffRate *rebate, const TariffRate *rates, int n) {
    const char **codes = NULL;
    int room = 0;
    for (int i = 0; i < n; i++) room += rates[i].tax_n;
    for (int i = 0; i < n; i++) {
        const TariffRate *r = &rates[i];
        if (r == rebate) continue;                          /* of the plan itself */
        bool named = !rebate->of_n;
        for (int k = 0; k < rebate->of_n; k++)
            named = named || !strcmp(rebate->of[k], r->charge_type) || (r->code && !strcmp(rebate->of[k], r->code));
        for (int t = 0; named && t < r->tax_n; t++) {
            bool known = false;
            for (int k = 0; k < rebate->tax_n; k++) known = known || !strcmp(codes[k], r->tax_codes[t]);
            if (!codes) codes = take_n(c, const char *, (size_t)room);
            if (!known) codes[rebate->tax_n++] = r->tax_codes[t];
        }
    }
    rebate->tax_codes = codes;
}

static void rebates_fill(Set *x, Id account, BillConnection *to) {
    size_t first, n;
    SHARE(x->rebates, account, account, first, n);
    if (!n) return;
    TariffRate *v = take_n(x->c, TariffRate, n);
    BillEnrolment *enrolments = take_n(x->c, BillEnrolment, n);
    for (size_t i = 0; i < n; i++) {
        const RebateFact *r = &x->rebates.v[first + i];
        enrolments[i] = (BillEnrolment){ r->group_word, r->from_on, r->to_on };
        v[i] = rebate_rate(x->c, &(RebateTerms){
            .code = r->code, .name = r->name, .group = r->group_word, .kind = r->kind, .service = to->service,
            .refs = r->refs, .amount = r->amount_minor, .rate = r->rate_micro, .rate_ppm = r->rate_ppm,
            .has_limit = r->has_limit, .upto = r->upto_qty_micro, .from = r->from_on, .to = r->to_on,
            .normal_days_micro = x->s->normal_days_micro, .sequence = 900 + (int)i });
        const BillPlanSpan *last = to->span_n ? &to->spans[to->span_n - 1] : NULL;
        if (last) rebate_taxes(x->c, &v[i], last->rates, last->rate_n);
    }
    to->rebates = v;
    to->rebate_n = (int)n;
    to->enrolments = enrolments;
    to->enrolment_n = (int)n;
}

/* A reading near the end of the days to bill: the same window as the engine's. */
static bool has_end_reading(const BillConnection *k, Date end, int window) {
    for (int i = 0; i < k->use_n; i++) {
        int away = k->uses[i].to.day - end.day;
        if (away <= window && -away <= window) return true;
    }
    return false;
}

/* Only for those without a reading: why, and what metering would take. */
static void gap_fill(Set *x, BillConnection *to, int window) {
    Ctx *c = x->c;
    Date end = date_is_set(to->active_to) ? date_min(x->s->to, to->active_to) : x->s->to;
    if (to->is_unmetered || !to->has_meter || has_end_reading(to, end, window)) return;
    const char *gap = mx_reading_gap(c, to->id, end, window);
    to->reading_waits = gap && !strcmp(gap, "waiting");
    if (to->reading_waits) return;
    Estimate e = mx_estimate(c, to->id, (Id){ 0 }, end, false);
    if (e.is_known) to->estimate = (BillEstimate){ true, quantity_of_reading(e.quantity), e.method };
}

static BillConnection connection_fill(Set *x, const AccountFact *a, const ConnectionFact *k, int window) {
    BillConnection to = BILL_CONNECTION_DEFAULT;
    to.id = k->id, to.connection_no = k->connection_no, to.service = k->service_code, to.unit = k->unit;
    to.active_from = later_of(k->holder_from, k->connected_on);
    to.active_to = earlier_of(k->holder_to, later_of(k->closed_on, k->disconnected_on));
    to.is_unmetered = !k->metered && !k->derived_from.id;
    to.is_derived = k->derived_from.id != 0;
    to.impervious_sqft = k->impervious_sqft, to.is_single_family = k->single_family;
    to.has_meter = k->has_meter || k->derived_from.id;
    Date billed = k->last_billed_on;
    /* by the holder before */
    if (date_is_set(billed) && date_is_set(to.active_from) && billed.day < to.active_from.day) billed = DATE_NONE;
    Date ours = later_of(to.active_from, a->cycle_from);
    if (!date_is_set(billed) && date_is_set(ours) && ours.day < x->s->from.day && date_is_set(a->cycle_from))
        billed = date_add_days(ours, -1);
    if (x->s->supersedes.id && !x->s->period_is_asked && date_is_set(billed) && billed.day >= x->s->from.day)
        billed = date_add_days(x->s->from, -1);
    if (x->s->replays) {                    /* what was not on its bills is left out */
        size_t first, n;
        SHARE(x->replayed, connection, k->id, first, n);
        billed = n ? date_add_days(x->replayed.v[first].first_day, -1) : x->s->to;
    }
    to.billed_until = billed;
    to.has_winter_average = k->has_winter, to.winter_average = k->winter_qty_micro;
    spans_fill(x, k, &to);
    uses_fill(x, k, &to);
    billed_fill(x, k, &to);
    attributes_fill(x, k, &to);
    rebates_fill(x, a->id, &to);
    gap_fill(x, &to, window);
    return to;
}

static void charges_fill(Set *x, Id account, BillFacts *f) {
    size_t first, n;
    SHARE(x->charges, account, account, first, n);
    if (!n) return;
    BillCharge *v = take_n(x->c, BillCharge, n);
    for (size_t i = 0; i < n; i++) {
        const ChargeFact *r = &x->charges.v[first + i];
        v[i] = (BillCharge){ .id = r->id, .charge_type = r->charge_type, .description = r->description,
                             .amount = r->amount_minor, .charge_date = r->charge_date, .is_posted = r->is_posted };
        if (!r->tax_codes || r->is_posted) continue;
        Json list = json_read(&x->c->mem, r->tax_codes, strlen(r->tax_codes), 4096, NULL);
        const char **codes = take_n(x->c, const char *, json_size(list) + 1);
        for (size_t k = 0; k < json_size(list); k++)
            if (json_text(json_item(list, k), "")) codes[v[i].tax_n++] = json_text(json_item(list, k), "");
        v[i].tax_codes = codes;
    }
    f->charges = v;
    f->charge_n = (int)n;
}

static void instalments_fill(Set *x, Id account, BillFacts *f) {
    size_t first, n;
    SHARE(x->instalments, account, account, first, n);
    if (!n) return;
    BillInstalment *v = take_n(x->c, BillInstalment, n);
    for (size_t i = 0; i < n; i++) {
        const InstalmentFact *r = &x->instalments.v[first + i];
        v[i] = (BillInstalment){ r->id, text(x->c, "Instalment %d", r->seq), r->due_on, r->amount };
    }
    f->instalments = v;
    f->instalment_n = (int)n;
}

/* A final bill takes what is held, with its interest to the end of service (engine 13). */
static void deposits_fill(Set *x, Id account, BillFacts *f) {
    if (x->s->kind != BILL_FINAL || x->s->replays) return;
    DepositsHeld held = deposits_held(x->c, account, x->s->to);
    BillDeposit *v = take_n(x->c, BillDeposit, held.n + 1);
    for (size_t i = 0; i < held.n; i++) {
        const DepositHeld *d = &held.v[i];
        v[i] = (BillDeposit){ .id = d->deposit, .is_held = true, .amount = d->held, .interest_ppm = d->rate_ppm,
                              .since = date_is_set(d->since) ? d->since : x->s->to };
    }
    f->deposits = v;
    f->deposit_n = (int)held.n;
}

static void balance_fill(Set *x, const AccountFact *a, BillCase *one) {
    BillFacts *f = &one->facts;
    f->balance = money_sub(a->balance_minor, a->deferred_minor);
    f->deferred = a->deferred_minor;
    size_t first, n;
    SHARE(x->since, account, a->id, first, n);
    if (n) f->payments = x->since.v[first].payments, f->adjusted = x->since.v[first].others,
        one->posted_before = x->since.v[first].charges;
    f->previous_balance = money_sub(f->balance, money_add(f->payments, money_add(f->adjusted, one->posted_before)));
}

static BillCase case_fill(Set *x, const AccountFact *a) {
    Ctx *c = x->c;
    const BillScope *s = x->s;
    const Utility *u = utility_here(c);
    BillCase one = { .account = a->id, .consumer = a->consumer_id, .category = a->category_id,
                     .sub_area = a->sub_area_id, .account_no = a->account_no, .status = a->status,
                     .language = a->language ? a->language : u->language, .last_published_at = a->last_published_at,
                     .facts = BILL_FACTS_DEFAULT };
    BillFacts *f = &one.facts;
    f->account = a->id, f->account_no = a->account_no, f->currency = a->currency, f->has_address = a->has_address;
    f->account_from = a->opened_on, f->account_to = a->closed_on, f->hold_above = a->limit_minor;
    f->kind = s->kind, f->period_start = s->from, f->period_end = s->to, f->period_is_asked = s->period_is_asked,
        f->months = s->months;
    f->bill_date = s->bill_date, f->due_date = s->due_date, f->today = utility_today(c);
    f->rounding = u->half_even ? ROUND_HALF_EVEN : ROUND_HALF_UP;
    f->factor_decimals = s->factor_decimals;
    f->leap_years = setting_int(c, "bx.leap_years", 0) != 0;
    f->window_days = (int)setting_int(c, "bx.reading_window_days", 5);
    f->interpolate = setting_int(c, "bx.interpolate_to_period_end", 0) != 0;
    f->estimate_allowed = s->estimate_allowed, f->estimate_after = s->estimate_after,
        f->max_estimates = s->max_estimates;
    f->true_up = s->true_up;
    f->days_max = (int)setting_int(c, "bx.days_max", 120);
    f->high_use_times = (int)setting_int(c, "bx.high_use_times", 3);
    f->high_use_above.micro = setting_int(c, "bx.high_use_above_units", 10) * 1000000;
    f->differs_pct = (int)setting_int(c, "bx.differs_pct", 0);
    f->cash_step = u->cash_step;
    f->trace = true;
    f->taxes = plan_taxes(c, &f->tax_n);
    if (a->tax_exempt || a->category_exempt) {
        TaxExemption *e = take(c, sizeof *e);
        *e = (TaxExemption){ NULL, a->certificate ? a->certificate : a->category_exempt ? "of the category" : "on file",
                             DATE_NONE, a->tax_exempt_until };
        f->exemptions = e;
        f->exemption_n = 1;
    }
    size_t first, n;
    SHARE(x->connections, account, a->id, first, n);
    BillConnection *v = take_n(c, BillConnection, n + 1);
    bool is_billed = !strcmp(a->status, "active") || !strcmp(a->status, "temporarily_disconnected")
        || !strcmp(a->status, "disconnected") || s->kind == BILL_FINAL || s->replays;
    for (size_t i = 0; is_billed && i < n; i++)
        v[i] = connection_fill(x, a, &x->connections.v[first + i], f->window_days);
    f->connections = v;
    f->connection_n = is_billed ? (int)n : 0;
    charges_fill(x, a->id, f);
    instalments_fill(x, a->id, f);
    deposits_fill(x, a->id, f);
    balance_fill(x, a, &one);
    return one;
}

/* --- estimates become readings when a draft is kept --------------------------------------------------------------- */

static bool takes_estimate(const BillCase *one, const BillConnection *k) {
    if (one->draft.outcome != BILL_MADE && one->draft.outcome != BILL_HELD) return false;
    for (int i = 0; k->estimate.is_known && i < one->draft.segment_n; i++) {
        const BillSegment *g = &one->draft.segments[i];
        if (g->connection->id.id == k->id.id && (g->source == USAGE_ESTIMATED || g->source == USAGE_MIXED)) return true;
    }
    return false;
}

/* The reading is stored first, then the bill is computed again
 * with it: the next one begins where this one ends (I5). */
static void keep_estimates(Set *x, BillCase *one) {
    bool any = false;
    for (int i = 0; i < one->facts.connection_n; i++) {
        BillConnection *k = (BillConnection *)&one->facts.connections[i];
        if (!takes_estimate(one, k)) continue;
        Date end = date_is_set(k->active_to) ? date_min(x->s->to, k->active_to) : x->s->to;
        mx_estimate(x->c, k->id, (Id){ 0 }, end, true);
        Segments fresh = mx_open_segments(x->c, k->id, end);
        x->uses = fresh;
        ConnectionFact row = { .id = k->id };
        k->use_n = 0;
        k->estimate = (BillEstimate){ 0 };
        uses_fill(x, &row, k);
        any = true;
    }
    if (any) one->draft = bill_compute(&x->c->mem, &one->facts);
}

BillCase *bill_cases(Ctx *c, const BillScope *s, const Id *accounts, size_t n, size_t *made) {
    Set x = { .c = c, .s = s };
    read_set(&x, accounts, n);
    BillCase *v = take_n(c, BillCase, x.accounts.n + 1);
    for (size_t i = 0; i < x.accounts.n; i++) {
        v[i] = case_fill(&x, &x.accounts.v[i]);
        v[i].draft = bill_compute(&c->mem, &v[i].facts);
    }
    for (size_t i = 0; s->keeps && i < x.accounts.n; i++) keep_estimates(&x, &v[i]);
    *made = x.accounts.n;
    return v;
}
