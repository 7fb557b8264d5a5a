/*
 * The twin run (ONB04US01): bills of the old system, brought in beside the readings, are computed again by our engine
 * for everything the account was connected with in their days, metered or not, and what differs is sorted by its cause.
 * Nothing is stored but the comparison; it can be run again after prices or readings were mended.
 *
 * A bill is computed with the use that our readings give for its days. The first way that meets the old total names the
 * cause: none, rounding (up to 5 minor units), another use at one connection (what the old bill's use leaves for it),
 * another period (the whole calendar month, or connections as if they had been there on all days), one connection that
 * the old bill left out, else the price.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "lib/date.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { TWIN_CHUNK = 100, TWIN_CONNECTIONS = 30, ROUNDING_MINOR = 5 };

/* --- one bill ----------------------------------------------------------------------------------------------------- */

#define OLD(F, T) F(T, Id, id) F(T, Id, account_id) F(T, const char *, bill_no) F(T, Date, bill_date) \
    F(T, Date, from_on) F(T, Date, to_on) F(T, Date, before_on) \
    F(T, Money, total_minor) F(T, bool, has_use) F(T, Quantity, use_qty_micro)
ROW(Old, OLD)

/* A connection of the account in the days of a bill, with what was read there: use belongs to the bill in whose days
   its middle lies, as readings come a day or two beside bills. Those derived from another follow it. */
#define JOINED(F, T) F(T, Id, id) F(T, const char *, connection_no) F(T, const char *, unit) F(T, bool, metered) \
    F(T, bool, is_partial) F(T, int64_t, n) F(T, int64_t, e3)
ROW(Joined, JOINED)

typedef struct Days { Date from, to; } Days;

static Days days_of(const Old *o) {
    Days d = { o->from_on, o->to_on };
    if (!date_is_set(d.from)) d.from = date_is_set(o->before_on) ? date_add_days(o->before_on, 1)
        : month_first(month_of(d.to));
    return d;
}

/* use[i] belongs to the connection i of l. */
typedef struct Bill { const Old *old; Days days; Joineds l; EstimateUse *use; } Bill;
typedef struct Twin { const char *cause, *detail; bool has_ours, has_use; Money ours; Quantity use; } Twin;

static Joineds joined_of(Ctx *c, Id account, Days d) {
    return db_all(c, Joined,
        "select s.id, s.connection_no, u.unit, s.metered, greatest(k.from_on, coalesce(s.connected_on, k.from_on))>? "
        "or least(k.to_on, coalesce(s.disconnected_on, s.closed_on, k.to_on))<? as is_partial, "
        "count(g.id) as n, coalesce(sum(g.billing_quantity_e3), 0) "
        "as e3 from (select h.service_connection_id as id, min(h.from_on) as from_on, max(coalesce(h.to_on, "
        "date'9999-12-31')) as to_on from service_connection_holder h where h.account_id=? and h.from_on<=? "
        "and (h.to_on is null or h.to_on>=?) group by h.service_connection_id) k straight_join service_connection s "
        "on s.id=k.id left join utility_service u on u.utility_id=s.utility_id and u.code=s.service_code "
        "left join usage_segment g on g.service_connection_id=s.id and g.account_id=? and g.status='active' "
        "and date_add(g.from_on, interval (g.days + 1) div 2 day) between ? and ? "
        "where s.status<>'pending' and s.derived_from_id is null group by s.id order by s.id limit ?", d.from, d.to,
                  account, d.to, d.from, account, d.from, d.to, TWIN_CONNECTIONS);
}

static bool same_unit(const Joined *a, const Joined *b) {
    return a->metered && b->metered && !strcmp(a->unit ? a->unit : "", b->unit ? b->unit : "");
}

/* What the old bill's use leaves for this connection beside the others of its unit: below 0, when that is nothing. */
static int64_t left_for(const Bill *b, size_t at) {
    int64_t left = b->old->use_qty_micro.micro;
    for (size_t i = 0; i < b->l.n; i++)
        if (i != at && same_unit(&b->l.v[i], &b->l.v[at])) left -= b->use[i].quantity.micro;
    return left;
}

/* The use that was read; where one connection has no reading, what the old bill leaves for it. */
static bool uses_known(const Bill *b) {
    size_t unread = 0, at_ = 0;
    for (size_t i = 0; i < b->l.n; i++) {
        const Joined *k = &b->l.v[i];
        b->use[i] = (EstimateUse){ k->id, { k->e3 * 1000 } };
        if (k->metered && !k->n) unread++, at_ = i;
    }
    if (!unread) return true;
    b->use[at_].quantity.micro = left_for(b, at_);
    return unread == 1 && b->old->has_use && b->use[at_].quantity.micro >= 0;
}

/* The use of the whole bill, where it has but one unit and all of it was read. */
static void sum_uses(const Bill *b, Twin *w) {
    const Joined *first = NULL;
    for (size_t i = 0; i < b->l.n; i++) {
        if (!b->l.v[i].metered) continue;
        if (!first) first = &b->l.v[i];
        if (!b->l.v[i].n || !same_unit(first, &b->l.v[i])) {
            w->has_use = false;
            return;
        }
        w->has_use = true;
        w->use = quantity_add(w->use, b->use[i].quantity);
    }
}

typedef struct Try { AccountEstimate facts; Money total; } Try;

static void estimate(Ctx *c, void *arg) {
    Try *t = arg;
    t->total = bill_estimate_all(c, &t->facts);
}

static Try try_of(const Bill *b) {
    return (Try){ .facts = { .account = b->old->account_id, .from = b->days.from, .to = b->days.to, .uses = b->use,
                             .n = b->l.n } };
}

static bool meets(const Bill *b, Try *t, Ctx *c) {
    return db_savepoint(c, estimate, t) && llabs(b->old->total_minor.minor - t->total.minor) <= ROUNDING_MINOR;
}

static bool by_use(Ctx *c, const Bill *b, Twin *w) {
    for (size_t i = 0; i < b->l.n && b->old->has_use; i++) {
        Quantity was = b->use[i].quantity, billed = { left_for(b, i) };
        if (!b->l.v[i].metered || billed.micro < 0 || billed.micro == was.micro) continue;
        Try t = try_of(b);
        b->use[i].quantity = billed;
        bool met = meets(b, &t, c);
        b->use[i].quantity = was;
        if (!met) continue;
        w->cause = "use";
        w->detail = msg_format(c, "en", "import.twin_use", { "no", b->l.v[i].connection_no },
                               { "read", quantity_decimal(&c->mem, was) },
                               { "billed", quantity_decimal(&c->mem, billed) });
        return true;
    }
    return false;
}

/* Only what can make a difference is computed again. */
static bool by_period(Ctx *c, const Bill *b, Twin *w) {
    Date first = month_first(month_of(b->days.to)), last = month_last(month_of(b->days.to));
    Try month = try_of(b), whole = try_of(b);
    month.facts.from = first, month.facts.to = last;
    whole.facts.is_whole = true;
    bool is_month = first.day == b->days.from.day && last.day == b->days.to.day, is_partial = false;
    for (size_t i = 0; i < b->l.n; i++) is_partial |= b->l.v[i].is_partial;
    if (!is_month && meets(b, &month, c)) w->cause = "period";
    else if (is_partial && meets(b, &whole, c)) w->cause = "period", w->detail = msg("en", "import.twin_whole");
    return w->cause != NULL;
}

static bool by_connection(Ctx *c, const Bill *b, Twin *w) {
    EstimateUse *some = take_n(c, EstimateUse, b->l.n + 1);
    for (size_t out = 0; out < b->l.n && b->l.n > 1; out++) {
        size_t n = 0;
        for (size_t i = 0; i < b->l.n; i++)
            if (i != out) some[n++] = b->use[i];
        Try t = try_of(b);
        t.facts.uses = some, t.facts.n = n;
        if (!meets(b, &t, c)) continue;
        w->cause = "left_out";
        w->detail = msg_format(c, "en", "import.twin_left_out", { "no", b->l.v[out].connection_no });
        return true;
    }
    return false;
}

/* What was computed, where it was of several connections. */
static const char *parts_of(Ctx *c, const Bill *b) {
    Text t = text_start(c);
    for (size_t i = 0; i < b->l.n && b->l.n > 1; i++) {
        const Joined *k = &b->l.v[i];
        const char *unmetered = msg("en", "import.twin_unmetered");
        text_addf(&t, "%s%s: %s", i ? "; " : "", k->connection_no, k->metered
                  ? text(c, "%s %s", quantity_decimal(&c->mem, b->use[i].quantity), k->unit ? k->unit : "")
                  : unmetered);
    }
    return t.n ? text(c, "%.290s", t.s) : NULL;
}

static Twin compared(Ctx *c, const Old *o) {
    Bill b = { .old = o, .days = days_of(o) };
    b.l = joined_of(c, o->account_id, b.days);
    b.use = take_n(c, EstimateUse, b.l.n + 1);
    if (!b.l.n) return (Twin){ .cause = "no_connection" };
    if (!uses_known(&b)) return (Twin){ .cause = "no_use" };
    Twin w = { 0 };
    sum_uses(&b, &w);
    Try t = try_of(&b);
    if (!db_savepoint(c, estimate, &t) || !t.total.minor) {
        w.cause = "no_price";
        w.detail = c->failure.text ? text(c, "%.250s", c->failure.text) : NULL;
        return w;
    }
    w.has_ours = true, w.ours = t.total;
    int64_t off = llabs(o->total_minor.minor - t.total.minor);
    if (off <= ROUNDING_MINOR) w.cause = off ? "rounding" : "same";
    else if (!by_use(c, &b, &w) && !by_period(c, &b, &w) && !by_connection(c, &b, &w)) w.cause = "price";
    if (!w.detail) w.detail = parts_of(c, &b);
    return w;
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

JobStep import_twin_job(Ctx *c, const JobRow *job) {
    int64_t after = 0, done = 0;
    Json at_ = job->cursor ? json_read(&c->mem, job->cursor, strlen(job->cursor), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    json_int(at_, "after", &after);
    json_int(at_, "done", &done);
    Olds l = db_all(c, Old, "select h.id, h.account_id, h.bill_no, h.bill_date, h.from_on, coalesce(h.to_on, "
        "h.bill_date) as to_on, "
        "(select max(coalesce(b.to_on, b.bill_date)) from import_bill b where b.account_id=h.account_id "
        "and b.bill_date<h.bill_date) as before_on, h.total_minor, h.use_micro is not null as has_use, "
        "cast(coalesce(h.use_micro, 0) as signed) as use_qty_micro "
        "from import_bill h where h.utility_id=? and h.id>? order by h.id limit ?",
                    c->utility, after, TWIN_CHUNK);
    DbBulk *b = db_bulk(c,
        "insert into import_twin (import_bill_id, utility_id, bill_no, account_id, bill_date, theirs_minor, cause, "
        "ours_minor, use_micro, detail, compared_at) values (?,?,?,?,?,?,?,?,?,?,?) on duplicate key update "
        "cause=values(cause), ours_minor=values(ours_minor), use_micro=values(use_micro), detail=values(detail), "
        "compared_at=values(compared_at)");
    for (size_t i = 0; i < l.n; i++) {
        const Old *o = &l.v[i];
        Twin w = compared(c, o);
        db_bulk_add(b, o->id, c->utility, o->bill_no, o->account_id, o->bill_date, o->total_minor, w.cause,
                    w.has_ours ? bind_money(w.ours) : (Bind){ 0 }, w.has_use ? bind_qty(w.use) : (Bind){ 0 },
                    w.detail, c->now);
    }
    db_bulk_end(b);
    if (l.n < TWIN_CHUNK) return STEP_DONE;
    done += (int64_t)l.n;
    job_progress(c, text(c, "{\"after\":%lld,\"done\":%lld}", (long long)l.v[l.n - 1].id.id, (long long)done), done,
                 db_int(c, "select count(*) from import_bill where utility_id=?", c->utility), 0);
    return STEP_AGAIN;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static const Choice cause_choices[] = { { "same", NULL }, { "rounding", NULL }, { "use", NULL }, { "period", NULL },
    { "left_out", NULL }, { "price", NULL }, { "no_use", NULL }, { "no_connection", NULL }, { "no_price", NULL },
    { 0 } };

static const ListSpec twins = {
    .name = "import_twin", .one = "bill", .many = "bills", .path = "/migration/twin", .feature = "core.migration",
    .from = "import_twin w", .joins = FRAGMENTS { "join account a on a.id = w.account_id", NULL },
    .where = "w.utility_id = ?", .id = "w.import_bill_id", .index = "import_twin_no",
    .found = FRAGMENTS {
        "select x.import_bill_id from import_twin x where x.utility_id = ? and x.bill_no like ?",
        "select x.import_bill_id from account y join import_twin x on x.account_id = y.id where y.utility_id = ? "
        "and y.account_no like ?", NULL },
    .columns = COLUMNS {
        { "bill_no",     NULL, "w.bill_no", LIST | SEARCH_START | SORT, .kind = "code", .place = "id" },
        { "account_no",  NULL, "a.account_no", LIST | SEARCH_START, .link = "/cis/accounts/{account_no}",
          .kind = "code" },
        { "bill_on",     NULL, "w.bill_date", LIST | SORT },
        { "theirs_minor", NULL, "w.theirs_minor", LIST | SUM },
        { "ours_minor",  NULL, "w.ours_minor", LIST | SUM },
        { "off_minor",   NULL, "w.ours_minor - w.theirs_minor", LIST | SUM, .place = "amount" },
        { "cause_state", NULL, "w.cause", LIST | FILTER, .choices = cause_choices, .kind = "status", .sub = "detail",
          .index = "import_twin_cause" },
        { "detail",      NULL, "w.detail" },
        { 0 } },
    .order = "bill_no", .empty_title = "Nothing compared yet",
    .empty_text = "Bring in bills of the old system and readings, then start the twin run.",
};

#define BY_CAUSE(F, T) F(T, const char *, cause) F(T, int64_t, n) F(T, int64_t, off)
ROW(ByCause, BY_CAUSE)

static void show_causes(Req *r) {
    ByCauses l = db_all(r, ByCause, "select w.cause, count(*) as n, coalesce(sum(w.ours_minor - "
                                    "w.theirs_minor), 0) as off "
        "from import_twin w where w.utility_id=? group by w.cause order by n desc", r->c.utility);
    if (!l.n) return;
    int64_t all = 0;
    for (size_t i = 0; i < l.n; i++) all += l.v[i].n;
    show_text(r, "before.0.title", msg(r->c.language, "import.twin_causes"));
    TableView *t = table_start(r, "before.0.table", msg(r->c.language, "import.twin_causes"));
    table_column(t, msg(r->c.language, "import.cause"), "text", "id");
    table_column(t, msg(r->c.language, "import.bills"), "num", "amount");
    table_column(t, msg(r->c.language, "import.share"), "num", NULL);
    table_column(t, msg(r->c.language, "import.difference"), "money", NULL);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, link_path(r, "/migration/twin?cause_state=%s", l.v[i].cause));
        table_cell(t, msg(r->c.language, text(r, "import.cause.%s", l.v[i].cause)));
        table_int(t, l.v[i].n);
        table_cell(t, locale_percent(&r->c.mem, r->c.locale, l.v[i].n * 1000000 / all));
        table_money(t, (Money){ l.v[i].off });
    }
}

void import_twin_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "import.twin"));
    show_text(r, "page.sub", msg(r->c.language, "import.twin_how"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "import.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/migration"));
    show_text(r, "page.crumbs.1.text", msg(r->c.language, "import.twin"));
    if (perm_may(&r->c, "core.migration", EDIT)) {
        show_text(r, "page.actions.0.text", msg(r->c.language, "import.twin_start"));
        show_text(r, "page.actions.0.url", link_path(r, "/migration/twin"));
        show_text(r, "page.actions.0.post", "1");
        show_text(r, "page.actions.0.kind", "primary");
    }
    show_causes(r);
    list_show(r, &twins, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

void import_twin_post(Req *r) {
    Ctx *c = &r->c;
    if (!db_int(c, "select exists (select 1 from import_bill where utility_id=?)", c->utility))
        fail(r, CONFLICT, "%s", msg(c->language, "import.twin_nothing"));
    job_enqueue(c,
                &(NewJob){ .kind = "import.twin",
                           .unique_key = text(c, "import.twin:%lld", (long long)c->utility.id) });
    audit_note(c, "start", "import_twin", (Id){ 0 }, NULL, NULL);
    note(r, "%s", msg(c->language, "import.twin_begun"));
    go(r, "/migration/twin");
}
