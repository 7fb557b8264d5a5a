/*
 * Consumers: the list of accounts and the 360-degree view (CIS01US02). Looking only: what changes a consumer comes with
 * the story itself.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/comms/comms.h"
#include "app/core/core.h"
#include "app/meters/meters.h"
#include "lib/chart.h"
#include "lib/date.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"
#include "lib/web.h"

#define SAY(r, key) msg((r)->c.language, "cis.consumer." key)
#define SAY_NO(r, key, number) msg_format(r, (r)->c.language, "cis.consumer." key, { "no", number })
#define SAY_DATE(r, key, day) \
    msg_format(r, (r)->c.language, "cis.consumer." key, { "date", locale_date_words(&(r)->c.mem, (r)->c.locale, day) })

static const Choice account_states[] = {
    { "pending", NULL }, { "active", NULL }, { "temporarily_disconnected", NULL }, { "disconnected", NULL },
    { "closed", NULL }, { "cancelled", NULL }, { 0 } };

#define OF_CONSUMER(where) \
    "select x.id from consumer y join account x on x.consumer_id = y.id where y.utility_id = ? and " where

static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };

static const ListSpec accounts = {
    .name = "accounts", .path = "/cis/consumers", .feature = "cis.consumers", .is_personal = true,
    .id = "a.id",
    .from = "account a",
    .joins = FRAGMENTS { "join consumer n on n.id = a.consumer_id", "join premise p on p.id = a.premise_id",
                         "join consumer_category g on g.id = a.category_id",
                         "join service_area z on z.id = p.sub_area_id", NULL },
    .where = "a.utility_id = ?", .area = "p.sub_area_id",
    .found = FRAGMENTS { "select x.id from account x where x.utility_id = ? and x.account_no like ?",
                         OF_CONSUMER("y.consumer_no like ?"), OF_CONSUMER("y.display_name like ?"),
                         OF_CONSUMER("y.last_name like ?"), OF_CONSUMER("y.email like ?"),
                         OF_CONSUMER("y.primary_phone like ?"), OF_CONSUMER("y.primary_phone like concat('+', ?)"),
                         "select x.id from premise y join account x on x.premise_id = y.id where y.utility_id = ? "
                         "and y.line1 like ?", NULL },
    .index = "account_list",
    .columns = COLUMNS {
        { "account_no",      NULL, "a.account_no",       LIST | SORT | SEARCH_START,
          .link = "/cis/accounts/{account_no}" },
        { "consumer_name",   NULL, "n.display_name",     LIST | SORT | SEARCH_START, .sub = "consumer_no",
          .place = "name" },
        { "consumer_no",     NULL, "n.consumer_no", SEARCH_START },
        { "category",        NULL, "g.name",             LIST },
        { "address",         NULL, "concat_ws(', ', p.line1, p.unit, p.city)", LIST },
        { "street",          NULL, "p.line1",            SEARCH_START },
        { "last_name",       NULL, "n.last_name",        SEARCH_START },
        { "email",           NULL, "n.email",            SEARCH_START },
        { "phone",           NULL, "n.primary_phone",    LIST | SEARCH_START },
        { "balance_minor",   NULL, "a.balance_minor",    LIST | SORT, .place = "amount" },
        { "owes",            NULL, "(a.balance_minor > 0)", FILTER, .choices = yes_no, .more = 1 },
        { "last_bill_on",    NULL, "a.last_bill_on",    LIST },
        { "last_payment_on", NULL, "a.last_payment_on", LIST },
        { "status",          NULL, "a.status",           LIST | FILTER, .choices = account_states },
        { "in_category",   NULL, "g.code",               FILTER, .options = "select code as value, name as label "
            "from consumer_category where utility_id = ? order by code" },
        { "sub_area",      NULL, "z.code",               FILTER, .options = "select code as value, name as label "
            "from service_area where utility_id = ? and level = 'sub_area' and status <> 'merged' order by name",
          .more = 1 },
        { 0 } },
    .order = "account_no" };

void consumer_list(Req *r) {
    const char *q = query_text(r, "q");
    if (q && utf8_length(q) < 3) show_text(r, "page.notices.0.text", SAY(r, "search_short"));
    show_text(r, "page.title", SAY(r, "title"));
    list_show(r, &accounts, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- one consumer ------------------------------------------------------------------------------------------------- */

#define PERSON(F, T) F(T, Id, id) F(T, const char *, consumer_no) F(T, const char *, display_name) \
    F(T, const char *, status) F(T, const char *, primary_phone) F(T, const char *, email) F(T, bool, vip)
ROW(Person, PERSON)
#define OF_ACCOUNT(F, T) F(T, const char *, account_no) F(T, Id, sub_area) F(T, const char *, address) \
    F(T, const char *, category) F(T, Money, balance) F(T, Money, deposit_balance) F(T, Date, opened_on)
#define FOUND_ROW(F, T) PERSON(F, T) F(T, Id, account) F(T, const char *, account_status) OF_ACCOUNT(F, T)
ROW(Found, FOUND_ROW)
typedef struct Held { Id id; const char *status; OF_ACCOUNT(ROW_MEMBER, Held) } Held;
typedef struct { Held *v; size_t n; } Helds;

enum { ACCOUNTS_READ = 2000, ACCOUNTS_SHOWN = 50, BILLS_READ = 26, PAYMENTS_READ = 8, BILLS_SHOWN = 6, USE_SHOWN = 13 };

typedef struct View { const Person *person; const Held *account; PaymentHeads payments; } View;

/* The one the URL asks for, else the first active one, else the first. */
static const Held *choose_account(Req *r, const Helds *all) {
    const char *wanted = query_text(r, "account");
    const Held *chosen = NULL;
    for (size_t i = 0; i < all->n && !chosen; i++)
        if (wanted ? !strcmp(all->v[i].account_no, wanted) : !strcmp(all->v[i].status, "active")) chosen = &all->v[i];
    if (!chosen && !wanted && all->n) chosen = &all->v[0];
    if (chosen ? !scope_has_area(&r->c, chosen->sub_area) : wanted != NULL)
        fail(r, NOT_FOUND, "There is no such account.");
    return chosen;
}

/* "Overdue since 20 March": the oldest unpaid due date that has passed. */
static void show_balance(Req *r, const Held *a) {
    Date due = open_items_due(&r->c, a->id);
    show_text(r, "show.amount.label", a->balance.minor < 0 ? SAY(r, "in_credit") : SAY(r, "to_pay"));
    show_text(r, "show.amount.text", locale_money(&r->c.mem, r->c.locale, money_abs(a->balance)));
    if (!date_is_set(due)) return;
    bool is_overdue = date_compare(due, utility_today(&r->c)) < 0;
    show_text(r, "show.amount.tone", is_overdue ? "bad" : "warn");
    show_text(r, "show.amount.word", is_overdue ? SAY_DATE(r, "overdue", due) : SAY_DATE(r, "due", due));
}

#define SUPPLY_ROW(F, T) F(T, const char *, service) F(T, const char *, meter_no) F(T, Id, plan)
ROW(Supply, SUPPLY_ROW)
#define SERVICE_ROW(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(NamedService, SERVICE_ROW)

static const void *read_services(Ctx *c, int64_t none) {
    (void)none;
    NamedServices *all = take(c, sizeof *all);
    *all = db_all(c, NamedService, "select code, name from utility_service where utility_id = ? "
                                   "and active = 1 limit 200",
                  c->utility);
    return all;
}

static const char *name_of_service(Ctx *c, const char *code) {
    const NamedServices *all = kept_fact(c, "active services", 0, read_services);
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].code, code)) return all->v[i].name;
    return code;
}

static const void *read_plan_code(Ctx *c, int64_t id) {
    return db_text(c, "select code from tariff_plan where id = ?", id);
}

static void show_facts_row(Req *r, const Held *a, PaymentHeads last) {
    Supplys all = db_all(r, Supply, "select s.service_code as service, m.meter_no, s.tariff_plan_id as plan "
                                    "from service_connection s left join meter m on m.id=s.meter_id "
                                    "where s.account_id=? order by s.status='closed', s.id", a->id);
    Text services = text_start(r), meters = text_start(r);
    const char *plan = NULL;
    text_add(&services, ""), text_add(&meters, "");
    for (size_t i = 0; i < all.n; i++) {
        text_addf(&services, "%s%s", services.n ? ", " : "",
                  name_of_service(&r->c, all.v[i].service));
        if (all.v[i].meter_no) text_addf(&meters, "%s%s", meters.n ? ", " : "", all.v[i].meter_no);
        if (!plan && all.v[i].plan.id) plan = kept_fact(&r->c, "plan code", all.v[i].plan.id, read_plan_code);
    }
    show_fact(r, "show.facts", SAY(r, "services"), services.s, date_is_set(a->opened_on)
              ? SAY_DATE(r, "since", a->opened_on) : NULL);
    show_fact(r, "show.facts", SAY(r, "rate"), plan ? plan : SAY(r, "none"), a->category);
    show_fact(r, "show.facts", SAY(r, "meters"), meters.n ? meters.s : SAY(r, "none"), NULL);
    show_fact(r, "show.facts", SAY(r, "last_payment"), last.n ? locale_money(&r->c.mem, r->c.locale, last.v[0].amount)
              : SAY(r, "none"),
              last.n ? text(r, "%s, %s", locale_date_words(&r->c.mem, r->c.locale, last.v[0].value_date),
                            last.v[0].mode) : NULL);
    show_fact(r, "show.facts", SAY(r, "deposit"), locale_money(&r->c.mem, r->c.locale, a->deposit_balance), NULL);
}

static const struct { const char *text, *path; } tabs[] = { { "overview", "" }, { "financial", "/financial" },
    { "connections", "/connections" }, { "history", "/history" } };

#define COPY_PERSON(T, type, name) person->name = f->name;
#define COPY_ACCOUNT(T, type, name) to->name = f->name;

/* The person and all accounts by one statement. */
static const Person *find(Req *r, const char *no, Helds *held) {
    Founds all = db_all(r, Found, "select n.id, n.consumer_no, n.display_name, n.status, n.primary_phone, n.email, "
                                  "n.vip, a.id as account, a.status as account_status, a.account_no, "
                                  "p.sub_area_id as sub_area, " PREMISE_ADDRESS " as address, g.name as category, "
                                  "a.balance_minor as balance, a.deposit_balance_minor as deposit_balance, "
                                  "a.opened_on from consumer n left join account a on a.consumer_id=n.id "
                                  "and a.utility_id=n.utility_id left join premise p on p.id=a.premise_id "
                                  "left join consumer_category g on g.id=a.category_id "
                                  "where n.utility_id=? and n.consumer_no=? order by a.id limit ?",
                        r->c.utility, no, (int)ACCOUNTS_READ);
    if (!all.n) fail(r, NOT_FOUND, "There is no consumer %s.", no);
    *held = (Helds){ take_n(r, Held, all.n), 0 };
    Person *person = take(r, sizeof *person);
    for (size_t i = 0; i < all.n; i++) {
        const Found *f = &all.v[i];
        if (!i) { PERSON(COPY_PERSON, ) }
        if (!f->account.id) continue;
        Held *to = &held->v[held->n++];
        to->id = f->account, to->status = f->account_status;
        OF_ACCOUNT(COPY_ACCOUNT, )
    }
    return person;
}

Id consumer_here(Req *r) {
    Helds all;
    const Person *p = find(r, path_text(r, "consumer_no"), &all);
    choose_account(r, &all);
    return p->id;
}

/* The head every tab has. */
static View show_head(Req *r, int tab) {
    Helds all;
    const Person *p = find(r, path_text(r, "consumer_no"), &all);
    const Held *a = choose_account(r, &all);
    PaymentHeads payments = a ? payment_list(&r->c, a->id, DATE_NONE, DATE_NONE, PAYMENTS_READ) : (PaymentHeads){ 0 };
    show_text(r, "page.title", p->display_name);
    show_text(r, "page.own_head", "1");
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/consumers"));
    show_text(r, "page.crumbs.1.text", p->display_name);
    show_text(r, "show.initials", utf8_initials(&r->c.mem, p->display_name));
    const char *state = a ? a->status : p->status;
    show_text(r, "show.status.text", state_label(r, state));
    show_text(r, "show.status.tone", state_tone(r, state));
    if (a) show_text(r, "show.badges.0.text", a->category),
        show_text(r, "show.badges.0.tone", "off plain");
    if (p->vip) show_text(r, "show.badges.1.text", SAY(r, "vip")), show_text(r, "show.badges.1.tone", "info");
    size_t n = 0;
    show_text(r, at(r, "show.lines", n, "icon"), "id");
    show_text(r, at(r, "show.lines", n++, "text"), a ? text(r, "%s, account %s", p->consumer_no, a->account_no)
              : p->consumer_no);
    if (p->primary_phone) {
        show_text(r, at(r, "show.lines", n, "icon"), "phone");
        show_text(r, at(r, "show.lines", n, "url"), text(r, "tel:%s", p->primary_phone));
        show_text(r, at(r, "show.lines", n++, "text"), phone_words(&r->c.mem, p->primary_phone));
    }
    if (p->email) {
        show_text(r, at(r, "show.lines", n, "icon"), "mail");
        show_text(r, at(r, "show.lines", n, "url"), text(r, "mailto:%s", p->email));
        show_text(r, at(r, "show.lines", n++, "text"), p->email);
    }
    if (a) {
        show_text(r, at(r, "show.lines", n, "icon"), "pin");
        show_text(r, at(r, "show.lines", n++, "text"), a->address);
        show_balance(r, a);
        show_facts_row(r, a, payments);
    }
    if (all.n > 1) {
        show_text(r, "show.moves.0.text", SAY(r, "accounts"));
        for (size_t i = 0, k = 0; i < all.n && i < ACCOUNTS_SHOWN; i++) {
            if (!scope_has_area(&r->c, all.v[i].sub_area)) continue;
            show_text(r, at(r, "show.moves.0.menu", k, "text"),
                      text(r, "%s, %s", all.v[i].account_no, state_label(r, all.v[i].status)));
            show_text(r, at(r, "show.moves.0.menu", k++, "url"),
                      link_path(r, "/cis/consumers/%s?account=%s", url_part(r, p->consumer_no),
                                url_part(r, all.v[i].account_no)));
        }
    }
    for (size_t i = 0; i < sizeof tabs / sizeof *tabs; i++) {
        show_text(r, at(r, "show.tabs", i, "text"), msg(r->c.language, text(r, "cis.consumer.%s", tabs[i].text)));
        show_text(r, at(r, "show.tabs", i, "url"), link_path(r, "/cis/consumers/%s%s%s%s", url_part(r, p->consumer_no),
            tabs[i].path, a ? "?account=" : "", a ? url_part(r, a->account_no) : ""));
        if ((int)i == tab) show_text(r, at(r, "show.tabs", i, "current"), "1");
    }
    return (View){ p, a, payments };
}

static void show_bills(Req *r, const char *at_, const Held *a, const BillHeads *bills, size_t limit) {
    show_text(r, text(r, "%s.title", at_), SAY(r, "bills"));
    show_text(r, text(r, "%s.kind", at_), "table");
    show_text(r, text(r, "%s.link.text", at_), SAY(r, "all_bills"));
    show_text(r, text(r, "%s.link.url", at_), link_path(r, "/bx/bills?q=%s", url_part(r, a->account_no)));
    TableView *t = table_start(r, text(r, "%s.table", at_), SAY(r, "bills_of"));
    table_column(t, SAY(r, "col_bill"), "code", "id");
    table_column(t, SAY(r, "col_issued"), "date", NULL);
    table_column(t, SAY(r, "col_due"), "date", NULL);
    table_column(t, SAY(r, "col_use"), "num", NULL);
    table_column(t, SAY(r, "col_amount"), "money", "amount");
    table_column(t, SAY(r, "col_unpaid"), "money", NULL);
    table_column(t, SAY(r, "col_status"), "status", "status");
    for (size_t i = 0; i < bills->n && i < limit; i++) {
        const BillHead *b = &bills->v[i];
        table_row(t, link_path(r, "/bx/bills/%s", url_part(r, b->bill_no)));
        table_cell(t, b->bill_no);
        table_date(t, b->bill_date);
        table_date(t, b->due_date);
        table_cell(t, b->usage_unit ? locale_quantity(&r->c.mem, r->c.locale, b->usage, NULL) : "");
        table_money(t, b->total);
        table_money(t, b->open);
        table_state(t, strcmp(b->status, "cancelled") ? b->payment_status : b->status);
    }
    table_empty(t, SAY(r, "no_bills"), SAY(r, "no_bills_text"));
}

/* Use of the first metered service as the published bills have it, the newest at the right. */
static void show_usage(Req *r, const char *at_, const BillHeads *bills) {
    const BillHead **use = take_n(r, const BillHead *, USE_SHOWN);
    size_t n = 0;
    for (size_t i = 0; i < bills->n && n < USE_SHOWN; i++)
        if (bills->v[i].usage_unit && !strcmp(bills->v[i].status, "published")) use[n++] = &bills->v[i];
    if (!n) return;
    int64_t *values = take_n(r, int64_t, n);
    const char **labels = take_n(r, const char *, n), **texts = take_n(r, const char *, n);
    uint8_t *marks = take_n(r, uint8_t, n);
    for (size_t i = 0; i < n; i++) {
        const BillHead *b = use[n - 1 - i];
        values[i] = b->usage.micro / 1000;
        labels[i] = text_copy_n(r, month_name(r->c.locale, date_ymd(b->period_end).month), 3);
        texts[i] = locale_quantity(&r->c.mem, r->c.locale, b->usage, b->usage_unit);
        marks[i] = b->is_estimated ? CHART_ESTIMATED : CHART_PLAIN;
    }
    const char *title = msg_format(r, r->c.language, "cis.consumer.use_in", { "unit", use[0]->usage_unit });
    Chart chart = { .id = "usage", .title = title, .desc = msg_plural(r, r->c.language, "cis.consumer.use_of",
        (int64_t)n, NULL), .n = n,
                    .labels = labels,
                    .series = { { .name = SAY(r, "col_use"), .values = values, .texts = texts, .marks = marks } },
                    .series_n = 1,
                    .scale = 3, .estimated = "estimated", .show_last = true };
    show_text(r, text(r, "%s.title", at_), title);
    show_text(r, text(r, "%s.kind", at_), "chart");
    show_text(r, text(r, "%s.chart.title", at_), title);
    show_text(r, text(r, "%s.chart.id", at_), "usage");
    show_text(r, text(r, "%s.chart.svg", at_), chart_bars(&r->c.mem, &chart));
    TableView *t = table_start(r, text(r, "%s.chart.table", at_), title);
    table_column(t, SAY(r, "col_period_to"), "date", "id");
    table_column(t, SAY(r, "col_use"), "num", "amount");
    for (size_t i = 0; i < n; i++) {
        table_row(t, NULL);
        table_date(t, use[i]->period_end);
        table_cell(t, texts[n - 1 - i]);
    }
}

typedef struct Happened { Time at; const char *bill, *receipt, *text, *who; } Happened;

static int newest_first(const void *a, const void *b) {
    return time_compare(((const Happened *)b)->at, ((const Happened *)a)->at);
}

/* "$153.77, bank transfer" */
static const char *paid_words(Req *r, const PaymentHead *p) {
    const char *amount = locale_money(&r->c.mem, r->c.locale, p->amount);
    return p->mode ? text(r, "%s, %s", amount, p->mode) : amount;
}

/* "$109.83, due 23 Oct 2026" */
static const char *billed_words(Req *r, const BillHead *b) {
    return msg_format(r, r->c.language, "cis.consumer.bill_for",
                      { "amount", locale_money(&r->c.mem, r->c.locale, b->total) },
                      { "due", locale_date_words(&r->c.mem, r->c.locale, b->due_date) });
}

/* Bills and payments, the eight newest of both. */
static void show_activity(Req *r, const PaymentHeads *payments, const BillHeads *bills) {
    Happened *all = take_n(r, Happened, payments->n + bills->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < payments->n; i++)
        if (payments->v[i].receipt_no)
            all[n++] = (Happened){ payments->v[i].received_at, NULL, payments->v[i].receipt_no,
                                   paid_words(r, &payments->v[i]), payments->v[i].payer_name };
    for (size_t i = 0; i < bills->n; i++)
        if (time_is_set(bills->v[i].published_at))
            all[n++] = (Happened){ .at = bills->v[i].published_at, .bill = bills->v[i].bill_no,
                                   .text = billed_words(r, &bills->v[i]) };
    qsort(all, n, sizeof *all, newest_first);
    const char *day = "";
    for (size_t i = 0; i < n && i < PAYMENTS_READ; i++) {
        const Happened *h = &all[i];
        const char *heading = locale_date_words(&r->c.mem, r->c.locale, time_date(r->c.locale->zone, h->at));
        if (strcmp(heading, day)) show_text(r, at(r, "show.history", i, "day"), heading);
        day = heading;
        show_text(r, at(r, "show.history", i, "icon"), h->bill ? "receipt" : "cash");
        show_text(r, at(r, "show.history", i, "tone"), h->bill ? NULL : "ok");
        show_text(r, at(r, "show.history", i, "title"),
                  h->bill ? SAY_NO(r, "bill_issued", h->bill) : SAY_NO(r, "payment_received", h->receipt));
        show_text(r, at(r, "show.history", i, "time"), locale_clock(&r->c.mem, r->c.locale, h->at));
        show_text(r, at(r, "show.history", i, "text"), h->text);
        show_text(r, at(r, "show.history", i, "who"), h->who);
    }
}

static BillHeads newest_bills(Req *r, const Held *a) {
    static const BillFilter newest = { .from = { INT32_MIN }, .to = { INT32_MIN }, .limit = BILLS_READ };
    return a ? bill_list(&r->c, a->id, &newest) : (BillHeads){ 0 };
}

void consumer_page(Req *r) {
    View v = show_head(r, 0);
    BillHeads bills = newest_bills(r, v.account);
    if (v.account) {
        show_bills(r, "show.sections.0", v.account, &bills, BILLS_SHOWN);
        show_usage(r, "show.sections.1", &bills);
    }
    show_activity(r, &v.payments, &bills);
    page(r, "layout/show");
}

void consumer_financial(Req *r) {
    View v = show_head(r, 1);
    if (v.account) {
        Ageing age = account_ageing(&r->c, v.account->id, utility_today(&r->c));
        show_text(r, "show.sections.0.title", SAY(r, "ageing"));
        show_text(r, "show.sections.0.kind", "facts");
        const struct { const char *label; Money m; } parts[] = { { SAY(r, "not_due"), age.not_due },
            { SAY(r, "days_30"), age.days_0_30 }, { SAY(r, "days_60"), age.days_31_60 },
                { SAY(r, "days_90"), age.days_61_90 },
            { SAY(r, "days_over"), age.days_over_90 }, { SAY(r, "in_dispute"), age.in_dispute },
            { SAY(r, "unallocated"), age.unallocated } };
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            show_fact(r, "show.sections.0.facts", parts[i].label, locale_money(&r->c.mem, r->c.locale, parts[i].m),
                      NULL);
        show_text(r, "show.sections.1.title", SAY(r, "transactions"));
        show_text(r, "show.sections.1.kind", "table");
        TableView *t = table_start(r, "show.sections.1.table", SAY(r, "transactions_of"));
        table_column(t, SAY(r, "col_date"), "date", "id");
        table_column(t, SAY(r, "col_what"), "text", "name");
        table_column(t, SAY(r, "col_debit"), "money", NULL);
        table_column(t, SAY(r, "col_credit"), "money", NULL);
        table_column(t, SAY(r, "col_balance"), "money", "amount");
        table_rows_of(t, NULL, "select e.effective_date, concat(upper(left(replace(e.txn_type, '_', ' '), 1)), "
                               "substring(replace(e.txn_type, '_', ' '), 2)) as what, sum(e.debit_minor) "
                               "as debit_minor, sum(e.credit_minor) as credit_minor, "
                      "sum(sum(e.debit_minor) - sum(e.credit_minor)) over (order by e.txn_id) as balance_minor "
                      "from ledger_entry e join gl_role g on g.gl_code_id = e.gl_code_id "
                      "and g.utility_id = e.utility_id and g.posting_key in ('AR', 'AR_AGREEMENT') "
                      "where e.account_id=? group by e.txn_id, e.effective_date, e.txn_type "
                      "order by e.txn_id desc limit 200", v.account->id);
        table_empty(t, SAY(r, "no_transactions"), NULL);
        BillHeads bills = newest_bills(r, v.account);
        show_bills(r, "show.sections.2", v.account, &bills, BILLS_READ);
        agreements_show(r, "show.sections.3", v.account->id);
    }
    page(r, "layout/show");
}

void consumer_connections(Req *r) {
    View v = show_head(r, 2);
    if (v.account) {
        Connections all = connections_of(&r->c, v.account->id);
        show_text(r, "show.sections.0.title", SAY(r, "connections"));
        show_text(r, "show.sections.0.kind", "table");
        TableView *t = table_start(r, "show.sections.0.table", SAY(r, "connections_of"));
        table_column(t, SAY(r, "col_connection"), "code", "id");
        table_column(t, SAY(r, "col_service"), "text", "name");
        table_column(t, SAY(r, "col_plan"), "code", NULL);
        table_column(t, SAY(r, "col_meter"), "code", NULL);
        table_column(t, SAY(r, "col_connected"), "date", NULL);
        table_column(t, SAY(r, "col_billed_to"), "date", NULL);
        table_column(t, SAY(r, "col_status"), "status", "status");
        for (size_t i = 0; i < all.n; i++) {
            const Connection *k = &all.v[i];
            const Service *s = service_find(&r->c, k->service_code);
            const Meter *m = k->meter.id ? meter_get(&r->c, k->meter) : NULL;
            table_row(t, NULL);
            table_cell(t, k->connection_no);
            table_cell(t, s ? s->name : k->service_code);
            table_cell(t, k->plan.id ? db_text(r, "select code from tariff_plan where id=?", k->plan) : "");
            table_cell(t, m ? m->meter_no : "");
            if (m) table_link(t, link_open(r, "/mx/meters/%s", url_part(r, m->meter_no)));
            table_date(t, k->connected_on);
            table_date(t, k->last_billed_on);
            table_state(t, k->status);
        }
        show_text(r, "show.sections.1.title", SAY(r, "readings"));
        show_text(r, "show.sections.1.kind", "table");
        TableView *readings = table_start(r, "show.sections.1.table", SAY(r, "readings_of"));
        table_column(readings, SAY(r, "col_date"), "date", "id");
        table_column(readings, SAY(r, "col_meter"), "code", "name");
        table_column(readings, SAY(r, "col_reading"), "num", "amount");
        table_column(readings, SAY(r, "col_use"), "num", NULL);
        table_column(readings, SAY(r, "col_type"), "text", NULL);
        table_column(readings, SAY(r, "col_status"), "status", "status");
        table_rows_of(readings, NULL, "select m.read_on, t.meter_no, m.value_e3, m.consumption_e3, m.type, m.status "
                                      "from meter_reading m join meter t on t.id = m.meter_id "
                                      "join service_connection s on s.id = m.service_connection_id "
                      "where s.account_id=? order by m.read_on desc, m.id desc limit 40", v.account->id);
        table_empty(readings, SAY(r, "no_readings"), NULL);
    }
    page(r, "layout/show");
}

/* What the consumer answered to text messages. */
static void show_answers(Req *r, Id consumer) {
    Answers all = answers_of(&r->c, consumer);
    if (!all.n) return;
    show_text(r, "show.sections.1.title", SAY(r, "answers"));
    TableView *t = table_start(r, "show.sections.1.table", SAY(r, "answers"));
    table_column(t, SAY(r, "col_when"), "date", "id");
    table_column(t, SAY(r, "col_from"), "text", NULL);
    table_column(t, SAY(r, "col_text"), "text", "name");
    table_column(t, SAY(r, "col_done"), "text", "status");
    for (size_t i = 0; i < all.n; i++) {
        table_row(t, NULL);
        table_cell(t, locale_time(&r->c.mem, r->c.locale, all.v[i].at));
        table_cell(t, all.v[i].from);
        table_cell(t, all.v[i].body);
        table_cell(t, msg(r->c.language, text(r, "cis.consumer.answer.%s", all.v[i].action)));
    }
}

void consumer_history(Req *r) {
    View v = show_head(r, 3);
    show_text(r, "show.sections.0.title", SAY(r, "history"));
    show_text(r, "show.sections.0.kind", "table");
    TableView *t = table_start(r, "show.sections.0.table", SAY(r, "changes_of"));
    table_column(t, SAY(r, "col_when"), "date", "id");
    table_column(t, SAY(r, "col_what"), "text", "name");
    table_column(t, SAY(r, "col_who"), "text", NULL);
    table_column(t, SAY(r, "col_reason"), "text", NULL);
    Id account = v.account ? v.account->id : (Id){ 0 };
    table_rows_of(t, NULL, "select at, concat(action, ' ', entity) as what, coalesce(actor_name, actor_kind) as who, "
                           "reason from audit_entry where (entity='consumer' and entity_id=?) or (entity='account' "
                           "and entity_id=?) order by id desc limit 100", v.person->id, account);
    table_empty(t, SAY(r, "no_changes"), NULL);
    show_answers(r, v.person->id);
    consumer_files_show(r, "show.sections.2", v.person->id, v.person->consumer_no);
    page(r, "layout/show");
}

void account_page(Req *r) {
    const char *no = path_text(r, "account_no");
    const Account *a = account_find(&r->c, no);
    if (!a) fail(r, NOT_FOUND, "There is no account %s.", no);
    go(r, "/cis/consumers/%s?account=%s", url_part(r, a->consumer_no), url_part(r, a->account_no));
}
