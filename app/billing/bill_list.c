/*
 * The bill viewer (BX04US01), all bills: cards of the last month that was billed against the month before, one
 * search box, filters, a row for each bill in as many lines as it needs, acts on many (bill_set.c). The search and the
 * usual filters go by an index.
 */
#include <stdio.h>
#include <string.h>

#include "app/billing/bill_set.h"
#include "app/billing/pages.h"
#include "app/billing/run_page.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/kept.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/money.h"
#include "lib/utf8.h"

enum { SEARCH_LEAST = 2 };

static const Choice bill_states[] = { { "published", NULL }, { "cancelled", NULL }, { 0 } };
static const Choice payment_states[] = { { "unpaid", NULL }, { "partial", NULL }, { "paid", NULL }, { "overdue", NULL },
                                         { "credit", NULL }, { 0 } };
static const Choice kinds[] = { { "cycle", NULL }, { "single", NULL }, { "final", NULL }, { "one_off", NULL },
                                { "correction", NULL }, { "migration", NULL }, { 0 } };
static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };
static const Choice channels[] = { { "email", "billing.channels.email" }, { "sms", "billing.channels.sms" },
                                   { "whatsapp", "billing.channels.whatsapp" },
                                   { "portal", "billing.channels.portal" }, { "paper", "billing.channels.paper" },
                                   { 0 } };

static const Choice delivery_states[] = { { "queued", NULL }, { "sent", NULL }, { "delivered", NULL },
                                          { "opened", NULL }, { "soft_bounced", NULL }, { "hard_bounced", NULL },
                                          { "failed", NULL }, { "fallback", NULL }, { "in_batch", NULL },
                                          { "printed", NULL }, { "handed_over", NULL }, { "returned", NULL },
                                          { "cancelled", NULL }, { 0 } };

#define DELIVERED "(select d.state from bill_delivery d where d.bill_id = b.id order by d.id desc limit 1)"
#define DELIVERY "(select d.channel from bill_delivery d where d.bill_id = b.id order by d.id desc limit 1)"
#define OF_ACCOUNT(where)                                                                              \
    "select x.id from account y join bill x on x.account_id = y.id where y.utility_id = ? and " where
#define OF_CONSUMER(where)                                                                             \
    "select x.id from consumer y join bill x on x.consumer_id = y.id where y.utility_id = ? and " where
#define OF_PREMISE(where)                                                                              \
    "select x.id from premise y join account z on z.premise_id = y.id join bill x on x.account_id = z.id " \
    "where y.utility_id = ? and " where

static const ListBulk bulk[] = { { "send", NULL, "bx.bill", EXPORT }, { "zip", NULL, "bx.bill", EXPORT },
                                 { "print", NULL, "bx.bill", EXPORT }, { 0 } };

static const ListSpec bills = {
    .name = "bills", .path = "/bx/bills", .feature = "bx.bill", .id = "b.id",
    .bulk = bulk, .bulk_path = "/bx/bill-sets", .key = "bill_no",
    .from = "bill b",
    .joins = FRAGMENTS { "join account a on a.id = b.account_id", "join consumer n on n.id = b.consumer_id",
                         "left join bill_cycle_period p on p.id = b.bill_cycle_period_id",
                         "left join bill_cycle y on y.id = p.cycle_id",
                         "left join premise m on m.id = a.premise_id",
                         "left join service_area z on z.id = b.sub_area_id",
                         "left join consumer_category k on k.id = b.category_id",
                         "left join tariff_plan t on t.id = b.tariff_plan_id", NULL },
    .where = "b.utility_id = ? and b.listed = 1",
    .found = FRAGMENTS { "select x.id from bill x where x.utility_id = ? and x.bill_no like ?",
                         OF_ACCOUNT("y.account_no like ?"),
                         OF_CONSUMER("y.consumer_no like ?"), OF_CONSUMER("y.display_name like ?"),
                         OF_CONSUMER("y.primary_phone like ?"), OF_CONSUMER("y.primary_phone like concat('+', ?)"),
                         OF_CONSUMER("y.email like ?"), OF_PREMISE("y.line1 like ?"), OF_PREMISE("y.premise_no like ?"),
                         "select x.id from meter y join service_connection z on z.meter_id = y.id "
                         "join bill x on x.account_id = z.account_id where y.utility_id = ? and y.meter_no like ?",
                         "select x.id from bill_run y join bill x on x.bill_run_id = y.id "
                         "where y.utility_id = ? and y.run_no like ?", NULL },
    .index = "bill_list",
    .columns = COLUMNS {
        { "bill_no",         NULL, "b.bill_no",       LIST | SEARCH_START, .link = "/bx/bills/{bill_no}",
          .place = "id", .kind = "code", .sub = "version" },
        { "version",         NULL, "concat_ws(', ', coalesce(p.label, date_format(b.period_end, '%Y-%m')), "
          "if(b.version_no > 1, concat('version ', b.version_no), null))", 0 },
        { "account_no",      NULL, "a.account_no",    LIST | SEARCH_START, .link = "/cis/accounts/{account_no}",
          .kind = "code", .sub = "consumer_name", .place = "name" },
        { "consumer_name",   NULL, "n.display_name",  SEARCH_START },
        { "bill_date",       NULL, "b.bill_date",     LIST | SORT | FILTER },
        { "due_date",        NULL, "b.due_date",      LIST | FILTER, .more = 1 },
        { "published_at",    NULL, "b.published_at",  FILTER, .more = 1 },
        { "usage_qty_micro", NULL, "b.usage_qty_micro", LIST },
        { "total_minor",     NULL, "b.total_minor",   LIST, .place = "amount" },
        { "open_minor",      NULL, "b.open_minor",    LIST },
        { "is_open",         NULL, "(b.open_minor > 0)", FILTER, .choices = yes_no, .more = 1 },
        { "kind",            NULL, "b.kind",          LIST | FILTER, .choices = kinds, .kind = "status",
          .place = "", .more = 1 },
        { "is_estimated",    NULL, "b.is_estimated",  FILTER, .choices = yes_no },
        { "payment_status",  NULL, "b.payment_status", LIST | FILTER, .choices = payment_states,
          .place = "",
          .index = "bill_list_payment" },
        { "channel",         NULL, DELIVERY,          LIST | FILTER, .choices = channels, .more = 1 },
        { "delivery_state",  NULL, DELIVERED,         FILTER, .choices = delivery_states, .more = 1 },
        { "dispute_hold",    NULL, "b.dispute_hold",  FILTER, .choices = yes_no, .more = 1 },
        { "true_up",         NULL, "exists (select 1 from bill_line l where l.bill_id = b.id "
          "and l.true_up_of_bill_id is not null)", FILTER, .choices = yes_no, .more = 1 },
        { "label",           NULL, "p.label",         FILTER, .more = 1,
          .options = "select distinct p.label as value, p.label from bill_cycle_period p join bill_cycle y "
                     "on y.id = p.cycle_id where y.utility_id = ? and p.state <> 'planned' "
                     "order by p.label desc limit 60" },
        { "cycle",           NULL, "y.code",          FILTER, .more = 1,
          .options = "select code as value, name as label from bill_cycle where utility_id = ? order by name" },
        { "service",         NULL, "y.service_code",  FILTER, .more = 1, .many = 1,
          .among = "exists (select 1 from bill_line l where l.bill_id = b.id and l.posts = 1 "
                   "and l.service_code in (?))",
          .options = "select code as value, name as label from utility_service "
                     "where utility_id = ? order by name" },
        { "sub_area",        NULL, "z.code",          FILTER, .more = 1,
          .options = "select code as value, name as label from service_area "
                     "where utility_id = ? and level = 'sub_area' "
                     "order by name limit 300" },
        { "category",        NULL, "k.code",          FILTER, .more = 1,
          .options = "select code as value, name as label from consumer_category where utility_id = ? order by name" },
        { "plan",            NULL, "t.code",          FILTER, .more = 1,
          .options = "select code as value, code as label from tariff_plan where utility_id = ? order by code" },
        { "status",          NULL, "b.status",        LIST | FILTER, .choices = bill_states,
          .index = "bill_list_state", .place = "status" },
        { 0 } },
    .order = "-bill_date", .area = "m.sub_area_id" };

/* --- cards -------------------------------------------------------------------------------------------------------- */

#define MONTH_ROW(F, T) F(T, int64_t, bills) F(T, int64_t, estimated) F(T, Money, billed) F(T, Money, unpaid) \
    F(T, Quantity, used) F(T, int64_t, days) F(T, Money, use_charges) F(T, Money, service_charges) \
    F(T, Money, late_fees)
ROW(MonthBills, MONTH_ROW)
#define LAST_ROW(F, T) F(T, Date, last)
ROW(LastDay, LAST_ROW)

/* Published bills of the days; all of it stands in the index. */
static MonthBills *month_read(Req *r, Date from, Date to) {
    return db_one(r, MonthBills,
        "select count(*) as bills, coalesce(sum(b.is_estimated), 0) as estimated, coalesce(sum(b.total_minor), 0) "
        "as billed, coalesce(sum(b.total_minor - b.paid_minor), 0) as unpaid, coalesce(sum(b.usage_qty_micro), 0) "
        "as used, coalesce(sum(if(b.usage_qty_micro is null, 0, b.days)), 0) as days, "
        "coalesce(sum(b.use_charges_minor), 0) as use_charges, coalesce(sum(b.service_charges_minor), 0) "
        "as service_charges, (select coalesce(sum(h.amount_minor), 0) from charge h where h.utility_id = ? "
        "and h.status in ('pending', 'billed') and h.charge_date between ? and ? and h.charge_type = 'LATE_FEE') "
        "as late_fees from bill b "
        "force index (bill_month) where b.utility_id = ? and b.status = 'published' and b.bill_date between ? and ? "
        "and b.kind <> 'migration'", r->c.utility, from, to, r->c.utility, from, to);
}

/* A month of so many bills is summed once a minute in a worker, as the list itself is counted: 50,000
   bills take 40 ms of the database each time. */
enum { MONTH_LONG = 20000 };

static const MonthBills *month_bills(Req *r, Date from, Date to) {
    const char *key = text(r, "%s %lld bills of %d", r->c.schema, (long long)r->c.utility.id, from.day);
    MonthBills *kept = take(r, sizeof(MonthBills));
    if (kept_find(key, kept, sizeof *kept)) return kept;
    const MonthBills *m = month_read(r, from, to);
    if (m->bills >= MONTH_LONG) kept_put(key, m, sizeof *m);
    return m;
}

typedef struct { const char *key, *value, *url; int64_t now, before; int good; } Card;

/* `good` +1: more is better, -1: less is, 0: neither. Within 1 % it is flat. */
static void show_card(Req *r, const char *set, size_t n, const Card *k, const char *month) {
    const char *label = word(r, text(r, "billing.bill.card_%s", k->key));
    show_text(r, at(r, set, n, "label"), label);
    show_text(r, at(r, set, n, "value"), k->value);
    show_text(r, at(r, set, n, "url"), k->url);
    if (k->before <= 0) return;
    int64_t tenths = (int64_t)((Wide)(k->now - k->before) * 1000 / k->before), size = tenths < 0 ? -tenths : tenths;
    bool flat = size <= 10, better = (tenths > 0) == (k->good > 0);
    show_text(r, at(r, set, n, "trend.dir"), flat ? "flat" : tenths > 0 ? "up" : "down");
    show_text(r, at(r, set, n, "trend.figure"), locale_percent(&r->c.mem, r->c.locale, size * 1000));
    show_text(r, at(r, set, n, "trend.text"), msg_format(r, r->c.language, "billing.bill.vs", { "month", month }));
    if (flat || !k->good) return;
    show_text(r, at(r, set, n, "trend.good"), better ? "1" : "0");
    show_text(r, at(r, set, n, "trend.word"), word(r, better ? "billing.bill.better" : "billing.bill.worse"));
}

static int64_t a_day(const MonthBills *m) { return m->days ? m->used.micro * 30 / m->days : 0; }

static void show_cards(Req *r) {
    /* not max(): over an index that goes down the server reads all of it for that */
    LastDay *d = db_find(r, LastDay, "select bill_date as last from bill force index (bill_list) where utility_id = ? "
                                     "and listed = 1 order by bill_date desc, id desc limit 1", r->c.utility);
    if (!d) return;
    Date from = date_month_start(d->last), to = date_month_end(d->last), then = date_add_months(from, -1);
    const MonthBills *now = month_bills(r, from, to), *before = month_bills(r, then, date_month_end(then));
    Arena *a = &r->c.mem;
    const char *list = link_path(r, "/bx/bills?status=published&bill_date_from=%s&bill_date_to=%s", date_iso(a, from),
                                 date_iso(a, to));
    const char *month = month_name(r->c.locale, date_ymd(then).month);
    const char *use = locale_quantity_to(a, r->c.locale, now->used, 0, NULL);
    Quantity each = { (a_day(now) / 30 + 5000) / 10000 * 10000 };
    const char *daily = locale_quantity_to(a, r->c.locale, each, 2, NULL);
    const Card cards[] = {
        { "bills", run_count(r, now->bills), list, now->bills, before->bills, 1 },
        { "use", use, list, now->used.micro, before->used.micro, 0 },
        { "daily", daily, list, a_day(now), a_day(before), 0 },
        { "actual", run_count(r, now->bills - now->estimated), text(r, "%s&is_estimated=0", list),
          now->bills - now->estimated,
          before->bills - before->estimated, 1 },
        { "estimated", run_count(r, now->estimated), text(r, "%s&is_estimated=1", list), now->estimated,
          before->estimated, -1 } };
    const Card money[] = {
        { "billed", run_money(r, now->billed), list, now->billed.minor, before->billed.minor, 1 },
        { "unpaid", run_money(r, now->unpaid), list, 0, 0, 0 },
        { "use_charges", run_money(r, now->use_charges), list, now->use_charges.minor, before->use_charges.minor, 0 },
        { "service_charges", run_money(r, now->service_charges), list, now->service_charges.minor,
          before->service_charges.minor, 0 },
        { "late_fees", run_money(r, now->late_fees), NULL, now->late_fees.minor, before->late_fees.minor, -1 } };
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) show_card(r, "show.kpis", i, &cards[i], month);
    for (size_t i = 0; i < sizeof money / sizeof *money; i++) show_card(r, "show.money", i, &money[i], month);
    show_text(r, "page.sub", msg_format(r, r->c.language, "billing.bill.month",
              { "month", month_name(r->c.locale, date_ymd(from).month) }, { "year", text(r, "%d",
                                                                                         date_ymd(from).year) }));
}

void bills_chosen(Req *r, RunKeys *keys, int64_t most) {
    list_chosen(r, &bills, run_key_add, keys, most, r->c.utility);
}

void bill_list_page(Req *r) {
    const char *q = query_text(r, "q");
    show_text(r, "page.title", word(r, "billing.bill.bills"));
    if (q && utf8_length(q) < SEARCH_LEAST) fail(r, INVALID, "Type at least 2 characters.");
    list_show(r, &bills, r->c.utility);
    if (r->status) return;                          /* answered with a file */
    if (!r->is_part) show_cards(r);
    page(r, "billing/bills");
}
