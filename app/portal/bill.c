/*
 * Bills for consumers (CSS01US02): the list with what is owed, one bill with every line explained, how it compares with
 * the one before, its document, and the account statement. Drafts and held bills do not exist here (billing.h gives
 * none).
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/portal/bills.h"
#include "lib/chart.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

enum { CHART_BILLS = 13, STATEMENT_MONTHS = 24, PAGE_BILLS = 24 };

static const char *money_words(Ctx *c, Money m) { return locale_money(&c->mem, c->locale, m); }

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const char *const states[] = { "open",      "overdue", "partly", "disputed",
                                      "agreement", "paid",    "cancelled", NULL };

static bool has_state(Ctx *c, const BillHead *b, const char *wanted) {
    const char *tone;
    bill_words(c, b, &tone);
    if (!wanted) return true;
    if (!strcmp(wanted, "cancelled")) return !strcmp(b->status, "cancelled");
    if (!strcmp(b->status, "cancelled")) return false;
    if (!strcmp(wanted, "paid")) return b->open.minor <= 0;
    if (!strcmp(wanted, "partly")) return b->paid.minor > 0 && b->open.minor > 0;
    if (!strcmp(wanted, "disputed")) return b->open.minor > 0 && (b->dispute_hold || dispute_of(c, b));
    if (!strcmp(wanted, "agreement")) return b->open.minor > 0 && agreement_covers(c, b);
    if (!strcmp(wanted, "overdue"))
        return b->open.minor > 0 && date_compare(b->due_date, utility_today(c)) < 0 && !agreement_covers(c, b);
    return b->open.minor > 0;
}

static void show_filters(Req *r, BillHeads bills, int64_t year, const char *state) {
    int *years = take_n(r, int, bills.n + 1);
    for (size_t i = 0; i < bills.n; i++) years[i] = date_ymd(bills.v[i].bill_date).year;
    filters_show(r, "bills", years, bills.n, (int)year, states, state);
}

/* Amounts of up to 13 bills, oldest first. */
static void show_amounts(Req *r, BillHeads bills) {
    Ctx *c = &r->c;
    int64_t values[CHART_BILLS];
    const char *labels[CHART_BILLS], *texts[CHART_BILLS];
    size_t n = 0, from = bills.n < CHART_BILLS ? bills.n : CHART_BILLS;
    TableView *t = table_start(r, "chart.table", msg(c->language, "portal.bills.chart"));
    table_column(t, msg(c->language, "portal.bill.period"), "text", NULL);
    table_column(t, msg(c->language, "portal.bill.amount"), "money", NULL);
    for (size_t i = from; i-- > 0;) {
        if (!strcmp(bills.v[i].status, "cancelled")) continue;
        values[n] = bills.v[i].total.minor;
        labels[n] = locale_month_short(&c->mem, c->locale, month_of(bills.v[i].period_end));
        texts[n] = money_words(c, bills.v[i].total);
        table_row(t, NULL);
        table_cell(t, labels[n]);
        table_cell(t, texts[n++]);
    }
    if (n < 2) return;
    const char *title = msg(c->language, "portal.bills.chart");
    Chart chart = { .id = "amounts", .title = title, .desc = texts[n - 1], .n = n, .labels = labels, .series_n = 1,
                    .scale = c->locale->exponent, .narrow = true, .show_last = true,
                    .series = { { .name = title, .values = values, .texts = texts, .style = 1 } } };
    show_text(r, "chart.title", title);
    show_text(r, "chart.id", "amounts");
    show_text(r, "chart.svg_narrow", chart_bars(&c->mem, &chart));
    chart.id = "amounts-wide", chart.narrow = false;
    show_text(r, "chart.svg", chart_bars(&c->mem, &chart));
}

/* The filters of the address as they go on to other pages. */
static const char *filters_query(Req *r, int64_t year, const char *state) {
    Text t = text_start(r);
    text_add(&t, "");
    if (year) text_addf(&t, "&year=%lld", (long long)year);
    if (state && *state) text_addf(&t, "&state=%s", url_part(r, state));
    return t.s;
}

/* "Paid $20.00, $64.60 open"; NULL: nothing of it or all of it is paid. */
static const char *part_words(Ctx *c, const BillHead *b) {
    if (b->paid.minor <= 0 || b->open.minor <= 0) return NULL;
    return msg_format(c, c->language, "portal.bills.part", { "paid", money_words(c, b->paid) },
                      { "open", money_words(c, b->open) });
}

static void show_listed(Req *r, size_t n, const BillHead *b) {
    Ctx *c = &r->c;
    const char *tone, *word = bill_words(c, b, &tone);
    const Mine *m = mine_by_id(c, b->account);
    bool cancelled = !strcmp(b->status, "cancelled");
    show_bill_row(r, "bills", n, b);
    show_text(r, at(r, "bills", n, "no"), b->bill_no);
    show_text(r, at(r, "bills", n, "sub"), msg_format(c, c->language, "portal.bills.dates",
        { "issued", locale_date(&c->mem, c->locale, b->bill_date) },
        { "due", locale_date(&c->mem, c->locale, b->due_date) }));
    show_text(r, at(r, "bills", n, "right_sub"), NULL);
    show_text(r, at(r, "bills", n, "part"), part_words(c, b));
    show_text(r, at(r, "bills", n, "tone"), tone);
    show_text(r, at(r, "bills", n, "word"), word);
    show_text(r, at(r, "bills", n, "pdf_url"), link_path(r, "/bills/%s/pdf", b->bill_no));
    if (cancelled || b->open.minor <= 0 || !m || !mine_may(m, ACCESS_PAYER)) return;
    show_text(r, at(r, "bills", n, "pay"),
              msg_format(c, c->language, "portal.home.pay", { "amount", money_words(c, b->open) }));
    show_text(r, at(r, "bills", n, "pay_url"), link_path(r, "/pay?bill=%s", b->bill_no));
}

static void show_pages(Req *r, int64_t page_no, size_t all, const char *filters) {
    if (page_no > 1) show_text(r, "newer_url", link_path(r, "/bills?page=%lld%s", (long long)page_no - 1, filters));
    if (all > (size_t)page_no * PAGE_BILLS)
        show_text(r, "older_url", link_path(r, "/bills?page=%lld%s", (long long)page_no + 1, filters));
}

void bills_page(Req *r) {
    Ctx *c = &r->c;
    Mines mines = mine_shown(r);
    int64_t year = query_int(r, "year", 0), page_no = query_int(r, "page", 1);
    if (page_no < 1 || page_no > 10000) page_no = 1;
    const char *state = query_text(r, "state");
    BillHeads bills = bills_of(c, mines, NULL);
    show_switcher(r);
    if (mines.n) show_owed(r, mines, true);
    show_filters(r, bills, year, state);
    show_amounts(r, bills);
    size_t n = 0, shown = 0, first = (size_t)(page_no - 1) * PAGE_BILLS;
    for (size_t i = 0; i < bills.n; i++) {
        const BillHead *b = &bills.v[i];
        if ((year && date_ymd(b->bill_date).year != (int)year) || !has_state(c, b, state)) continue;
        if (n >= first && shown < PAGE_BILLS) show_listed(r, shown++, b);
        n++;
    }
    if (!shown) {
        show_text(r, "none.title", msg(c->language, "portal.bills.none"));
        show_text(r, "none.text", msg(c->language, bills.n ? "portal.bills.none_fit" : "portal.bills.none_yet"));
        show_text(r, "none.icon", "receipt");
    }
    const char *filters = filters_query(r, year, state);
    show_pages(r, page_no, n, filters);
    show_text(r, "csv_url", n ? link_path(r, "/bills.csv%s%s", *filters ? "?" : "", *filters ? filters + 1 : "")
              : NULL);
    show_text(r, "zip_url", shown ? link_path(r, "/bills.zip") : NULL);
    show_text(r, "statement_url", link_path(r, "/statement"));
    portal_page(r, "portal.menu.bills", "portal/bills");
}

/* One row a line of a bill. */
void bills_csv(Req *r) {
    Ctx *c = &r->c;
    BillHeads bills = bills_of(c, mine_shown(r), NULL);
    int64_t year = query_int(r, "year", 0);
    const char *state = query_text(r, "state");
    CsvText *w = csv_start(&c->mem);
    static const char *const head[] = { "bill_no", "account_no", "status", "period_from", "period_to", "issued", "due",
                                        "line", "description", "quantity", "unit", "rate", "amount", "currency" };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) csv_text(w, head[i]);
    csv_end(w);
    for (size_t i = 0; i < bills.n; i++) {
        const BillHead *b = &bills.v[i];
        if ((year && date_ymd(b->bill_date).year != (int)year) || !has_state(c, b, state)) continue;
        const Mine *m = mine_by_id(c, b->account);
        BillDetails lines = bill_details(c, b->id);
        for (size_t k = 0; k < lines.n; k++) {
            const BillDetail *l = &lines.v[k];
            csv_text(w, b->bill_no), csv_text(w, m ? m->account_no : ""), csv_text(w, b->status),
                csv_text(w, date_iso(&c->mem, b->period_start)), csv_text(w, date_iso(&c->mem, b->period_end));
            csv_text(w, date_iso(&c->mem, b->bill_date)), csv_text(w, date_iso(&c->mem, b->due_date)),
                csv_text(w, text(r, "%d", l->seq)), csv_text(w, l->description);
            csv_number(w, l->has_quantity ? quantity_decimal(&c->mem, l->quantity) : ""), csv_text(w, l->unit),
                csv_number(w, l->price.micro ? price_decimal(&c->mem, l->price) : "");
            csv_number(w, money_decimal(&c->mem, l->amount, c->locale->exponent)), csv_text(w, b->currency);
            csv_end(w);
        }
    }
    audit_note(c, "export", "bill", (Id){ 0 }, NULL, "portal");
    header_set(r, "Content-Disposition", "attachment; filename=\"bills.csv\"");
    answer(r, 200, "text/csv; charset=utf-8", w->text.s, w->text.n);
}

/* --- one bill ----------------------------------------------------------------------------------------------------- */

/* The bill of the path, of an account that is linked; else there is no such page. */
const BillHead *portal_bill_of_path(Req *r) {
    Ctx *c = &r->c;
    const BillHead *b = bill_get(c, path_text(r, "no"));
    if (!b) fail(c, NOT_FOUND, "There is no such page.");
    portal_check(c, b->account, ACCESS_VIEWER);
    return b;
}

const BillHead *portal_bill_to_manage(Req *r) {
    const BillHead *b = portal_bill_of_path(r);
    portal_check(&r->c, b->account, ACCESS_MANAGER);
    return b;
}

/* Staff who look are not the consumer. */
void bill_seen(Ctx *c, const BillHead *b) {
    if (portal_is_viewed(c)) return;
    db_run(c, "insert into bill_view (utility_id, portal_user_id, bill_id, first_at, last_at) values (?,?,?,?,?) "
              "on duplicate key update last_at = values(last_at), count = count + 1", c->utility, c->user, b->id,
           c->now, c->now);
}

static void add_fact(Req *r, const char *list, const char *key, const char *value) {
    if (value) show_fact(r, list, msg(r->c.language, key), value, NULL);
}

/* Previous balance - payments + adjustments + current charges = amount due. */
static void show_sum(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    Money rest = money_sub(b->amount_due, money_add(b->previous_balance, b->current_charges));
    add_fact(r, "sum", "portal.bill.previous", money_words(c, b->previous_balance));
    if (b->payments.minor) add_fact(r, "sum", "portal.bill.payments", money_words(c, b->payments));
    if (b->adjustments.minor) add_fact(r, "sum", "portal.bill.adjustments", money_words(c, b->adjustments));
    if (rest.minor && !b->payments.minor && !b->adjustments.minor)
        add_fact(r, "sum", "portal.bill.other", money_words(c, rest));
    add_fact(r, "sum", "portal.bill.current", money_words(c, b->current_charges));
    add_fact(r, "sum", "portal.bill.amount_due", money_words(c, b->amount_due));
    if (b->paid.minor) add_fact(r, "sum", "portal.bill.paid_since", money_words(c, b->paid));
    if (b->paid.minor && b->open.minor > 0) add_fact(r, "sum", "portal.bill.open", money_words(c, b->open));
}

static const char *how_of(Ctx *c, const BillDetail *l) {
    if (!l->detail) return NULL;
    return json_text(json_read(&c->mem, l->detail, strlen(l->detail), 64 * 1024, NULL), "how");
}

/* What a line is made of: days, quantity x price, and the engine's own words. */
static void show_line(Req *r, size_t i, const BillDetail *l) {
    Ctx *c = &r->c;
    show_text(r, at(r, "lines", i, "text"), l->description);
    show_text(r, at(r, "lines", i, "amount"), money_words(c, l->amount));
    int n = 0;
    if (l->has_quantity && l->price.micro)
        show_text(r, at(r, "lines", i, text(r, "how.%d", n++)), msg_format(c, c->language, "portal.bill.times",
            { "quantity", locale_quantity(&c->mem, c->locale, l->quantity, l->unit) },
                  { "price", locale_price_per(&c->mem, c->locale, l->price, l->unit ? l->unit : "") },
                  { "amount", money_words(c, l->amount) }));
    else if (l->has_quantity)
        show_text(r, at(r, "lines", i, text(r, "how.%d", n++)), msg_format(c, c->language, "portal.bill.for_quantity",
            { "quantity", locale_quantity(&c->mem, c->locale, l->quantity, l->unit) }));
    else if (l->price.micro)
        show_text(r, at(r, "lines", i, text(r, "how.%d", n++)), msg_format(c, c->language, "portal.bill.fixed_price",
            { "price", locale_price(&c->mem, c->locale, l->price) }));
    if (date_is_set(l->from) && date_is_set(l->to))
        show_text(r, at(r, "lines", i, text(r, "how.%d", n++)), locale_period(&c->mem, c->locale, l->from, l->to));
    if (l->factor_den > 1)
        show_text(r, at(r, "lines", i, text(r, "how.%d", n++)),
                  msg_format(c, c->language, "portal.bill.part", { "num", text(r, "%lld", (long long)l->factor_num) },
                             { "den", text(r, "%lld", (long long)l->factor_den) }));
    const char *how = how_of(c, l);
    if (how) show_text(r, at(r, "lines", i, text(r, "how.%d", n++)), how);
    if (!n) show_text(r, at(r, "lines", i, "how.0"), msg(c->language, "portal.bill.fixed"));
}

static void show_readings(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    UsedReadings all = bill_readings(c, b->id);
    if (!all.n) return;
    TableView *t = table_start(r, "readings", msg(c->language, "portal.bill.readings"));
    static const struct { const char *key, *kind; } columns[] = { { "portal.bill.meter", "code" },
        { "portal.bill.period", "text" }, { "portal.bill.from", "num" }, { "portal.bill.to", "num" },
        { "portal.home.use", "num" }, { "portal.bill.kind", "text" } };
    for (int i = 0; i < 6; i++)
        table_column(t, msg(c->language, columns[i].key), columns[i].kind, i == 0 ? "id" : i == 4 ? "amount" : NULL);
    for (size_t i = 0; i < all.n; i++) {
        const UsedReading *u = &all.v[i];
        table_row(t, NULL);
        table_cell(t, u->meter_no);
        table_cell(t, locale_period(&c->mem, c->locale, date_add_days(u->from, 1), u->to));
        table_cell(t, locale_reading(&c->mem, c->locale, u->from_value));
        table_cell(t, locale_reading(&c->mem, c->locale, u->to_value));
        table_cell(t, text(r, "%s %s", locale_reading(&c->mem, c->locale, u->quantity), u->unit));
        table_cell(t, msg(c->language, u->is_estimated ? "portal.bill.estimated" : "portal.bill.actual"));
        const char *send = u->is_estimated ? reading_path(r, b->account, u->meter_no) : NULL;
        if (send) show_text(r, "reading_url", link_path(r, "%s", send));
    }
}

/* --- how it compares: parts that sum to the difference ------------------------------------------------------------ */

typedef struct { Money usage, fixed, other; } Kinds;

static Kinds kinds_of(Ctx *c, Id bill) {
    Kinds k = { 0 };
    BillDetails all = bill_details(c, bill);
    for (size_t i = 0; i < all.n; i++) {
        if (strcmp(all.v[i].section, "current")) continue;
        Money *to = strstr(all.v[i].charge_type, "USAGE") ? &k.usage : strstr(all.v[i].charge_type, "FIXED")
            ? &k.fixed : &k.other;
        *to = money_add(*to, all.v[i].amount);
    }
    return k;
}

/* Whether a line of use that both bills have costs another price for its unit now. */
static bool has_new_rate(Ctx *c, Id now, Id then) {
    BillDetails a = bill_details(c, now), b = bill_details(c, then);
    for (size_t i = 0; i < a.n; i++)
        for (size_t k = 0; k < b.n; k++)
            if (strstr(a.v[i].charge_type, "USAGE") && !strcmp(a.v[i].charge_type, b.v[k].charge_type)
                && !strcmp(a.v[i].description, b.v[k].description) && a.v[i].price.micro != b.v[k].price.micro)
                return true;
    return false;
}

static void add_part(Req *r, size_t *n, const char *key, Money difference, const char *value) {
    Ctx *c = &r->c;
    if (!difference.minor) return;
    bool less = difference.minor < 0;
    const char *sign = msg_format(c, c->language, less ? "portal.compare.less" : "portal.compare.more",
                                  { "amount", money_words(c, less ? money_neg(difference) : difference) });
    show_text(r, at(r, "compare.parts", (*n)++, "text"), value ? text(r, "%s: %s (%s)", msg(c->language, key), sign,
        value) : text(r, "%s: %s", msg(c->language, key), sign));
}

/* The bill before it in time, of the same account. */
static const BillHead *before(Ctx *c, const BillHead *b) {
    BillHeads all = bill_list(c, b->account, NULL);
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].status, "published") && date_compare(all.v[i].period_end, b->period_start) < 0)
            return &all.v[i];
    return NULL;
}

static void show_compare(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    const BillHead *p = before(c, b);
    if (!p) return;
    Money difference = money_sub(b->current_charges, p->current_charges);
    const char *month = locale_month(&c->mem, c->locale, month_of(p->period_end));
    bool less = difference.minor < 0;
    show_text(r, "compare.text", !difference.minor ? msg_format(c, c->language, "portal.compare.same",
        { "month", month })
              : msg_format(c, c->language, less ? "portal.compare.less_than" : "portal.compare.more_than",
                           { "month", month },
                           { "amount", money_words(c, less ? money_neg(difference) : difference) }));
    Kinds now = kinds_of(c, b->id), then = kinds_of(c, p->id);
    int days = date_days_inclusive(b->period_start, b->period_end), days_then = date_days_inclusive(p->period_start,
        p->period_end);
    Money use = money_sub(now.usage, then.usage), by_use = { 0 };
    const char *units = NULL;
    if (b->usage_unit && p->usage_unit && !strcmp(b->usage_unit, p->usage_unit) && b->usage.micro > 0) {
        Quantity q = { b->usage.micro - p->usage.micro };
        /* consumption x present price */
        by_use.minor = (int64_t)((__int128)now.usage.minor * q.micro / b->usage.micro);
        units = locale_quantity(&c->mem, c->locale, (Quantity){ q.micro < 0 ? -q.micro : q.micro }, b->usage_unit);
    }
    size_t n = 0;
    /* blocks of a tariff make the last units dearer or cheaper: that is no new rate */
    if (units && !has_new_rate(c, b->id, p->id)) by_use = use;
    add_part(r, &n, "portal.compare.use", by_use, units);
    add_part(r, &n, "portal.compare.price", money_sub(use, by_use), NULL);
    add_part(r, &n, "portal.compare.fixed", money_sub(now.fixed, then.fixed), days != days_then
             ? msg_format(c, c->language, "portal.compare.days", { "now", text(r, "%d", days) },
                          { "then", text(r, "%d", days_then) }) : NULL);
    Money known = money_add(use, money_sub(now.fixed, then.fixed));
    add_part(r, &n, "portal.compare.other", money_sub(difference, known), NULL);
}

static void show_paid(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    PaidParts all = item_payments(c, "bill", b->id);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, at(r, "paid", i, "text"), all.v[i].payment_no);
        show_text(r, at(r, "paid", i, "sub"), locale_date(&c->mem, c->locale, all.v[i].value_date));
        show_text(r, at(r, "paid", i, "right"), money_words(c, all.v[i].amount));
        show_text(r, at(r, "paid", i, "url"), all.v[i].receipt_no ? link_path(r, "/receipts/%s", all.v[i].receipt_no)
                  : link_path(r, "/bills/%s", b->bill_no));
    }
}

/* Credit notes that were used for it, and what was asked about it. */
static void show_related(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    CreditParts credits = item_credits(c, "bill", b->id);
    for (size_t i = 0; i < credits.n; i++) {
        show_text(r, at(r, "credits", i, "text"), credits.v[i].number);
        show_text(r, at(r, "credits", i, "sub"), locale_date(&c->mem, c->locale, credits.v[i].on));
        show_text(r, at(r, "credits", i, "right"), money_words(c, credits.v[i].amount));
    }
    CaseHeads cases = bill_complaints(c, b->id);
    for (size_t i = 0; i < cases.n; i++) {
        const char *key = text(r, "portal.case.%s", cases.v[i].status);
        bool over = !strcmp(key, "portal.case.closed") || !strcmp(key, "portal.case.rejected");
        show_text(r, at(r, "cases", i, "text"), cases.v[i].complaint_no);
        show_text(r, at(r, "cases", i, "sub"),
                  locale_date(&c->mem, c->locale, time_date(c->locale->zone, cases.v[i].created_at)));
        show_text(r, at(r, "cases", i, "word"), msg(c->language, msg_exists(key) ? key : "portal.case.pending"));
        show_text(r, at(r, "cases", i, "tone"), over ? "off" : "hold");
    }
    const char *texts[BILL_MESSAGES_MAX];
    size_t n = bill_messages(c, b->id, texts);
    for (size_t i = 0; i < n; i++) show_text(r, text(r, "messages.%zu", i), texts[i]);
}

/* What was used, beside the bill before and the same month a year ago. */
static void show_used(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    if (!b->usage_unit || b->usage.micro <= 0) return;
    BillHeads all = bill_list(c, b->account, NULL);
    const BillHead *last = before(c, b), *year = NULL;
    Month then = month_add(month_of(b->period_end), -12);
    for (size_t i = 0; i < all.n && !year; i++)
        if (!strcmp(all.v[i].status, "published") && month_of(all.v[i].period_end).no == then.no)
            year = &all.v[i];
    const BillHead *const shown[] = { b, last, year };
    for (int i = 0; i < 3; i++)
        if (shown[i] && shown[i]->usage_unit && !strcmp(shown[i]->usage_unit, b->usage_unit))
            show_fact(r, "used", bill_title(c, shown[i]),
                      locale_quantity(&c->mem, c->locale, shown[i]->usage, shown[i]->usage_unit),
                      i == 2 ? msg(c->language, "portal.bill.year_ago") : NULL);
}

static void show_document(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    show_text(r, "print_url", link_path(r, "/bills/%s/print", b->bill_no));
    show_text(r, "pdf_url", link_path(r, "/bills/%s/pdf", b->bill_no));
    if (!b->document.id) show_text(r, "pdf_none", msg(c->language, "portal.bill.no_pdf"));
}

static void show_bill(Req *r, const BillHead *b) {
    Ctx *c = &r->c;
    const char *tone, *word = bill_words(c, b, &tone);
    show_text(r, "bill.no", b->bill_no);
    show_text(r, "bill.word", word);
    show_text(r, "bill.tone", tone);
    show_text(r, "bill.amount", money_words(c, b->amount_due));
    show_text(r, "bill.period", locale_period(&c->mem, c->locale, b->period_start, b->period_end));
    show_text(r, "bill.dates",
              msg_format(c, c->language, "portal.bill.dates",
                         { "issued", locale_date_words(&c->mem, c->locale, b->bill_date) },
                         { "due", locale_date_words(&c->mem, c->locale, b->due_date) }));
    show_text(r, "page.title", msg_format(c, c->language, "portal.bill.title", { "month", bill_title(c, b) }));
    show_text(r, "page.sub", b->bill_no);
    show_sum(r, b);
    BillDetails lines = bill_details(c, b->id);
    Money sum = { 0 };
    for (size_t i = 0; i < lines.n; i++) {
        show_line(r, i, &lines.v[i]);
        if (!strcmp(lines.v[i].section, "current")) sum = money_add(sum, lines.v[i].amount);
    }
    show_text(r, "lines_sum", money_words(c, sum));
    show_readings(r, b);
}

void bill_page(Req *r) {
    Ctx *c = &r->c;
    const BillHead *b = portal_bill_of_path(r);
    const Mine *m = mine_by_id(c, b->account);
    if (!r->again) bill_seen(c, b);
    show_bill(r, b);
    show_text(r, "page.crumbs.0.text", msg(c->language, "portal.menu.bills"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bills"));
    bool cancelled = !strcmp(b->status, "cancelled");
    if (b->open.minor > 0 && !cancelled && m && mine_may(m, ACCESS_PAYER) && web_has_page(SCOPE_PORTAL, "/pay")) {
        const char *tone;
        show_text(r, "bill.due", agreement_covers(c, b) ? NULL : due_words(c, b->due_date, &tone));
        show_text(r, "bill.pay", msg_format(c, c->language, "portal.home.pay", { "amount", money_words(c, b->open) }));
        show_text(r, "bill.pay_url", link_path(r, "/pay?bill=%s", b->bill_no));
    }
    if (cancelled && b->superseded_by.id) {
        const BillHead *next = bill_by_id(c, b->superseded_by);
        if (next) {
            show_text(r, "page.notices.0.tone", "info");
            show_text(r, "page.notices.0.text", msg_format(c, c->language, "portal.bill.replaced",
                                                           { "bill", next->bill_no }));
            show_text(r, "page.notices.0.action.text", msg(c->language, "portal.bill.see_new"));
            show_text(r, "page.notices.0.action.url", link_path(r, "/bills/%s", next->bill_no));
        }
    }
    const char *complaint = dispute_of(c, b);
    if (complaint) {
        show_text(r, "page.notices.dispute.tone", "hold");
        show_text(r, "page.notices.dispute.text",
                  msg_format(c, c->language, "portal.dispute.open", { "no", complaint }));
    }
    if (dispute_may(c, b)) show_text(r, "dispute_url", link_path(r, "/bills/%s/dispute", b->bill_no));
    if (m && mine_may(m, ACCESS_MANAGER)) {
        bool paper = bill_delivery_get(c, m->id).paper;
        show_text(r, "paper_url", link_path(r, "/bills/%s/paper", b->bill_no));
        show_text(r, "delivery.url", link_path(r, "/accounts/%s/delivery", m->account_no));
        show_text(r, "delivery.text",
                  msg(c->language, paper ? "portal.accounts.paper_now" : "portal.accounts.mail_now"));
        show_text(r, "delivery.to", paper ? "email" : "paper");
        show_text(r, "delivery.act", msg(c->language, paper ? "portal.paperless.on" : "portal.paperless.off"));
    }
    show_compare(r, b);
    show_paid(r, b);
    show_used(r, b);
    show_related(r, b);
    show_document(r, b);
    if (!portal_is_viewed(c) && !cancelled) show_text(r, "mail_url", link_path(r, "/bills/%s/mail", b->bill_no));
    portal_page(r, NULL, "portal/bill");
}

/* Its document by mail, to the visitor's own proved address. */
void bill_mail_post(Req *r) {
    Ctx *c = &r->c;
    const BillHead *b = portal_bill_of_path(r);
    const PortalUser *u = portal_user_by_id(c, c->user);
    if (!strcmp(b->status, "cancelled")) fail(c, CONFLICT, "%s", msg(c->language, "portal.bill.cancelled"));
    if (!db_int(c, "select count(*) from portal_user where id = ? and email_verified_at is not null", u->id))
        fail(c, CONFLICT, "%s", msg(c->language, "portal.paperless.prove"));
    bill_mail_copy(c, b->id, u->email, c->language);
    audit_note(c, "send", "bill", b->id, b->bill_no, "portal");
    note(r, "%s", msg_format(c, c->language, "portal.bill.mailed", { "email", u->email }));
    go(r, "/bills/%s", b->bill_no);
}

/* For paper: the same figures in the print shell. */
void bill_print(Req *r) {
    const BillHead *b = portal_bill_of_path(r);
    r->theme = "light";
    show_bill(r, b);
    show_text(r, "utility_name", utility_here(&r->c)->name);
    page(r, "portal/bill_print");
}

/* --- the account statement ---------------------------------------------------------------------------------------- */

static const Form range_form = { .name = "portal.range",
                                 .fields = FIELDS { { "from", NULL, DATE_FIELD, .flags = REQUIRED },
    { "to", NULL, DATE_FIELD, .flags = REQUIRED }, { 0 } } };

static Date asked(Req *r, const char *name, Date otherwise) {
    const char *s = query_text(r, name);
    Date d;
    if (!s) return otherwise;
    if (read_date(r->c.locale, s, &d)) {
        problem(r, name, "%s", msg(r->c.language, "portal.statement.date"));
        return otherwise;
    }
    return d;
}

void statement_page(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = mine_here(r);
    if (!m) m = mine_all(c).n ? &mine_all(c).v[0] : NULL;
    if (!m) fail(c, NOT_FOUND, "There is no such page.");
    Date today = utility_today(c), to = asked(r, "to", today),
        from = asked(r, "from", date_add_months(date_month_start(today), -3));
    if (date_compare(from, to) > 0) problem(r, "from", "%s", msg(c->language, "portal.statement.order"));
    else if (date_compare(date_add_months(from, STATEMENT_MONTHS), to) <= 0)
        problem(r, "from", "%s", msg(c->language, "portal.statement.range"));
    show_switcher(r);
    FormView *v = form_show(r, "form", &range_form, "/statement");
    show_text(r, "form.get", "1");
    show_text(r, "form.submit", msg(c->language, "portal.show"));
    form_date(v, "from", from);
    form_date(v, "to", to);
    show_text(r, "page.sub", mine_name(c, m));
    for (int i = 0; i < r->problems; i++) {
        show_text(r, text(r, "page.errors.%d.field", i), r->problem[i].field);
        show_text(r, text(r, "page.errors.%d.text", i), r->problem[i].text);
        form_set(v, r->problem[i].field, "error", r->problem[i].text);
        r->status = INVALID;
    }
    if (!r->problems) {
        Statement s = account_statement(c, m->id, from, to);
        TableView *t = table_start(r, "lines", msg(c->language, "portal.statement.title"));
        static const char *const columns[][3] = { { "portal.statement.day", "date", "id" },
                                                  { "portal.statement.what", "text", "name" },
                                                  { "portal.bill.amount", "money", "amount" },
                                                  { "portal.accounts.balance", "money", NULL } };
        for (int i = 0; i < 4; i++) table_column(t, msg(c->language, columns[i][0]), columns[i][1], columns[i][2]);
        for (size_t i = 0; i < s.n; i++) {
            const char *key = text(r, "portal.txn.%s", s.v[i].type);
            table_row(t, NULL);
            table_date(t, s.v[i].date);
            table_cell(t, msg_exists(key) ? msg(c->language, key) : msg(c->language, "portal.txn.other"));
            if (s.v[i].number) table_sub(t, s.v[i].number);
            table_money(t, s.v[i].amount);
            table_money(t, s.v[i].balance);
        }
        show_text(r, "opening", money_words(c, s.opening));
        show_text(r, "closing", money_words(c, s.closing));
        show_text(r, "range", locale_period(&c->mem, c->locale, from, to));
        const char *days = text(r, "from=%s&to=%s", date_iso(&c->mem, from), date_iso(&c->mem, to));
        show_text(r, "pdf_url", link_path(r, "/statement.pdf?%s", days));
        show_text(r, "csv_url", link_path(r, "/statement.csv?%s", days));
    }
    portal_page(r, "portal.statement.title", "portal/statement");
}
