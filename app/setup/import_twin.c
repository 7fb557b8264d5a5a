/*
 * The twin run (ONB04US01): bills of the old system, brought in beside the readings, are computed again by our engine
 * with the plan of their connection, and what differs is sorted by its cause. Nothing is stored but the comparison; it
 * can be run again after prices or readings were mended.
 *
 * A bill is computed with the use that our readings give for its days, and with the old system's use. The first that
 * meets the old total names the cause: none, rounding (up to 5 minor units), another use, another period (the whole
 * calendar month), else the price.
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

enum { TWIN_CHUNK = 100, ROUNDING_MINOR = 5 };

/* --- one bill ----------------------------------------------------------------------------------------------------- */

#define OLD(F, T) F(T, Id, id) F(T, Id, account_id) F(T, const char *, bill_no) F(T, Date, bill_date) \
    F(T, Date, from_on) F(T, Date, to_on) F(T, Date, before_on) \
    F(T, Money, total_minor) F(T, bool, has_use) F(T, Quantity, use_qty_micro) F(T, Id, connection)
ROW(Old, OLD)

#define USED(F, T) F(T, int64_t, n) F(T, int64_t, e3)
ROW(Used, USED)

typedef struct Days { Date from, to; } Days;

static Days days_of(const Old *o) {
    Days d = { o->from_on, o->to_on };
    if (!date_is_set(d.from)) d.from = date_is_set(o->before_on) ? date_add_days(o->before_on, 1)
        : month_first(month_of(d.to));
    return d;
}

typedef struct Try { Id connection; Days days; Quantity use; Money total; } Try;

static void estimate(Ctx *c, void *arg) {
    Try *t = arg;
    t->total = bill_estimate(c, &(EstimateFacts){ .from = t->days.from, .to = t->days.to, .quantity = t->use,
                                                  .connection = t->connection });
}

typedef struct Twin { const char *cause, *detail; bool has_ours, has_use; Money ours; Quantity use; } Twin;

static bool meets(const Old *o, Money ours, int64_t within) {
    return llabs(o->total_minor.minor - ours.minor) <= within;
}

static Twin compared(Ctx *c, const Old *o) {
    Twin w = { .cause = "no_connection" };
    if (!o->connection.id) return w;
    Days d = days_of(o);
    Used *u = db_find(c, Used, "select count(*) as n, coalesce(sum(billing_quantity_e3), 0) as e3 from usage_segment "
        "where service_connection_id=? and status='active' and to_on>=? and to_on<=?", o->connection, d.from, d.to);
    w.has_use = u && u->n;
    w.use = w.has_use ? (Quantity){ u->e3 * 1000 } : o->use_qty_micro;
    w.cause = "no_use";
    if (!w.has_use && !o->has_use) return w;
    Try t = { .connection = o->connection, .days = d, .use = w.use };
    w.cause = "no_price";
    if (!db_savepoint(c, estimate, &t) || !t.total.minor) {
        w.detail = c->failure.text ? text(c, "%.250s", c->failure.text) : NULL;
        return w;
    }
    w.has_ours = true, w.ours = t.total;
    w.cause = meets(o, t.total, 0) ? "same" : meets(o, t.total, ROUNDING_MINOR) ? "rounding" : NULL;
    if (w.cause) return w;
    Try with_theirs = t, whole_month = t;
    with_theirs.use = o->use_qty_micro;
    whole_month.days = (Days){ month_first(month_of(d.to)), month_last(month_of(d.to)) };
    if (o->has_use && o->use_qty_micro.micro != w.use.micro && db_savepoint(c, estimate, &with_theirs)
        && meets(o, with_theirs.total, ROUNDING_MINOR)) {
        w.cause = "use";
        w.detail = text(c, "Read %s, billed %s", quantity_decimal(&c->mem, w.use),
                        quantity_decimal(&c->mem, o->use_qty_micro));
        return w;
    }
    if (db_savepoint(c, estimate, &whole_month) && meets(o, whole_month.total, ROUNDING_MINOR)) {
        w.cause = "period";
        return w;
    }
    w.cause = "price";
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
        "cast(coalesce(h.use_micro, 0) as signed) as use_qty_micro, (select s.id from service_connection_holder k "
        "join service_connection s "
        "on s.id=k.service_connection_id where k.account_id=h.account_id and s.metered=1 and s.derived_from_id is null "
        "and k.from_on<=coalesce(h.to_on, h.bill_date) and (k.to_on is null "
        "or k.to_on>=coalesce(h.to_on, h.bill_date)) "
        "order by s.id limit 1) as connection from import_bill h where h.utility_id=? and h.id>? order by h.id limit ?",
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
    { "price", NULL }, { "no_use", NULL }, { "no_connection", NULL }, { "no_price", NULL }, { 0 } };

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
