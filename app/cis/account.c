/*
 * Accounts and connections as other modules see them: look-ups, balances, what may be billed (CIS01US02; I2).
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/cis/entry.h"
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"

#define ACCOUNT_ROW(F, T) F(T, Id, id) F(T, Id, consumer) F(T, Id, premise) F(T, Id, category) F(T, Id, sub_category) \
    F(T, Id, sub_area) \
    F(T, const char *, account_no) F(T, const char *, portal_code) F(T, const char *, status) \
        F(T, const char *, currency) \
    F(T, const char *, consumer_no) F(T, const char *, consumer_name) F(T, const char *, consumer_language) \
        F(T, const char *, email) F(T, const char *, phone) \
    F(T, const char *, address) F(T, const char *, postal_code) F(T, const char *, area_path) F(T, Money, balance) \
        F(T, Money, deferred) F(T, Money, deposit_balance) \
    F(T, Date, opened_on) F(T, Date, closed_on) F(T, bool, is_tax_exempt) F(T, bool, is_cash_only) \
        F(T, Date, tax_exempt_until) F(T, int, due_days)
ROW(AccountRow, ACCOUNT_ROW)

#define ACCOUNT_SELECT "select a.id, a.consumer_id as consumer, a.premise_id as premise, a.category_id as category, " \
                       "a.sub_category_id as sub_category, p.sub_area_id as sub_area, " \
    "a.account_no, a.portal_code, a.status, a.currency, n.consumer_no, coalesce(a.billing_name, n.display_name) " \
    "as consumer_name, n.preferred_language as consumer_language, n.email, " \
    "n.primary_phone as phone, " PREMISE_ADDRESS " as address, p.postal_code, sa.path as area_path, " \
    "a.balance_minor as balance, a.deferred_minor as deferred, a.deposit_balance_minor as deposit_balance, " \
    "a.opened_on, a.closed_on, a.tax_exempt as is_tax_exempt, a.cash_only as is_cash_only, " \
    "a.tax_exempt_until, coalesce(a.due_days, 0) as due_days from account a join consumer n on n.id = a.consumer_id " \
    "join premise p on p.id = a.premise_id join service_area sa on sa.id = p.sub_area_id "

/* Field by field: AccountRow is read by position, Account is what others see; they agree in names. */
static const Account *account_of(Ctx *c, const AccountRow *r) {
    if (!r) return NULL;
    Account *a = take(c, sizeof *a);
    *a = (Account){
        .id = r->id, .consumer = r->consumer, .premise = r->premise, .category = r->category,
        .sub_category = r->sub_category, .sub_area = r->sub_area,
        .account_no = r->account_no, .portal_code = r->portal_code, .status = r->status, .currency = r->currency,
        .consumer_no = r->consumer_no, .consumer_name = r->consumer_name,
        .consumer_language = r->consumer_language, .email = r->email, .phone = r->phone, .address = r->address,
        .postal_code = r->postal_code, .area_path = r->area_path,
        .balance = r->balance, .deferred = r->deferred, .deposit_balance = r->deposit_balance,
        .opened_on = r->opened_on, .closed_on = r->closed_on,
        .is_tax_exempt = r->is_tax_exempt, .is_cash_only = r->is_cash_only, .tax_exempt_until = r->tax_exempt_until,
        .due_days = r->due_days };
    return a;
}

/* Staff limited to areas does not see others' accounts: like one that does not exist. */
static const Account *within_scope(Ctx *c, const Account *a) {
    return a && c->realm == REALM_STAFF && !scope_has_area(c, a->sub_area) ? NULL : a;
}

const Account *account_find(Ctx *c, const char *account_no) {
    return within_scope(c,
                        account_of(c, db_find(c, AccountRow, ACCOUNT_SELECT "where a.utility_id=? and a.account_no=?",
                                              c->utility, account_no)));
}

const Account *account_get(Ctx *c, Id account) {
    const Account *a = within_scope(c,
                                    account_of(c,
                                               db_find(c, AccountRow, ACCOUNT_SELECT "where a.id=? and a.utility_id=?",
        account, c->utility)));
    if (!a) fail(c, NOT_FOUND, "There is no such account.");
    return a;
}

const Account *account_lock(Ctx *c, Id account) {
    if (!db_id(c, "select id from account where id=? and utility_id=? for update", account, c->utility).id)
        fail(c, NOT_FOUND, "There is no such account.");
    return account_get(c, account);
}

#define LOCKED_ROW(F, T) F(T, Id, id)
ROW(LockedRow, LOCKED_ROW)

Accounts accounts_lock(Ctx *c, const Id *accounts, size_t n) {
    Text ids = text_start(c);
    text_add(&ids, "[");
    for (size_t i = 0; i < n; i++) text_addf(&ids, "%s%lld", i ? "," : "", (long long)accounts[i].id);
    text_add(&ids, "]");
    LockedRows locked = db_all(c, LockedRow, "select a.id from json_table(?, '$[*]' columns (id bigint path '$')) j "
                                             "straight_join account a on a.id=j.id where a.utility_id=? order by a.id "
                                             "for update", ids.s, c->utility);
    AccountRows rows = db_all(c, AccountRow, ACCOUNT_SELECT "join json_table(?, '$[*]' columns (id bigint path '$')) j "
        "on j.id=a.id where a.utility_id=? order by a.id", ids.s, c->utility);
    if (locked.n != n || rows.n != n) fail(c, NOT_FOUND, "There is no such account.");
    Account *v = take_n(c, Account, n + 1);
    for (size_t i = 0; i < n; i++) v[i] = *account_of(c, &rows.v[i]);
    return (Accounts){ v, n };
}

Money account_balance(Ctx *c, Id account) {
    return db_money(c, "select balance_minor from account where id=? and utility_id=?", account, c->utility);
}

static int by_account(const void *a, const void *b) {
    int64_t x = ((const BalanceMove *)a)->account.id, y = ((const BalanceMove *)b)->account.id;
    return x < y ? -1 : x > y;
}

/* One statement in order of id; an account that is named several times counts once, with the sum. */
void account_balances_move(Ctx *c, const BalanceMove *moves, size_t n) {
    if (!n) return;
    BalanceMove *v = take_n(c, BalanceMove, n);
    memcpy(v, moves, n * sizeof *v);
    qsort(v, n, sizeof *v, by_account);
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0, k; i < n; i = k) {
        Money owed = { 0 }, agreement = { 0 }, deposit = { 0 };
        for (k = i; k < n && v[k].account.id == v[i].account.id; k++) {
            owed = money_add(owed, money_add(v[k].ar, v[k].agreement));
            agreement = money_add(agreement, v[k].agreement);
            deposit = money_add(deposit, v[k].deposit);
        }
        text_addf(&t, "%s[%lld,%lld,%lld,%lld]", i ? "," : "", (long long)v[i].account.id, (long long)owed.minor,
                  (long long)agreement.minor, (long long)deposit.minor);
    }
    text_add(&t, "]");
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', owed bigint path '$[1]', agreement bigint "
              "path '$[2]', deposit bigint path '$[3]')) j straight_join account a force index "
              "(primary) on a.id = j.id "
              "set a.balance_minor = a.balance_minor + j.owed, a.deferred_minor = a.deferred_minor + j.agreement, "
              "a.deposit_balance_minor = a.deposit_balance_minor + j.deposit", t.s);
}

Ageing account_ageing(Ctx *c, Id account, Date as_of) {
    OpenItems open = open_items(c, account);
    Ageing a = { 0 };
    for (size_t i = 0; i < open.n; i++) {
        const OpenItem *item = &open.v[i];
        int days = date_days_between(item->due_on, as_of);
        Money *bucket = days <= 0 ? &a.not_due : days <= 30 ? &a.days_0_30 : days <= 60 ? &a.days_31_60 : days <= 90
            ? &a.days_61_90 : &a.days_over_90;
        *bucket = money_add(*bucket, item->unpaid);
        if (item->in_dispute) a.in_dispute = money_add(a.in_dispute, item->unpaid);
        else if (item->in_agreement) a.under_agreement = money_add(a.under_agreement, item->unpaid);
        else if (days > 0) a.collectable = money_add(a.collectable, item->unpaid);
    }
    a.unallocated = db_money(c, "select coalesce(sum(unallocated_minor), 0) from payment where account_id=? "
                                "and status in ('posted', 'partially_refunded')", account);
    return a;
}

#define AGREED(F, T) F(T, Id, bill)
ROW(Agreed, AGREED)

AgreedBills bills_in_agreement(Ctx *c, Id account) {
    Agreeds rows = db_all(c, Agreed, "select i.item_id as bill from payment_agreement g join payment_agreement_item i "
                                     "on i.agreement_id = g.id and i.item_type = 'bill' where g.account_id=? "
                                     "and g.state in ('active', 'at_risk')", account);
    AgreedBills all = { take_n(c, Id, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) all.v[i] = rows.v[i].bill;
    return all;
}

/* --- billing asks ------------------------------------------------------------------------------------------------- */

const char *account_can_bill(Ctx *c, Id account, Date date) {
    const Account *a = account_get(c, account);
    bool billed = !strcmp(a->status, "active") || !strcmp(a->status, "temporarily_disconnected")
        || !strcmp(a->status, "disconnected");
    if (!billed) return msg_format(c, c->language, "cis.account.not_billed", { "no", a->account_no },
                          { "state", msg(c->language, text(c, "state.%s", a->status)) });
    if (date_is_set(a->opened_on) && date_compare(date, a->opened_on) < 0)
        return msg_format(c, c->language, "cis.account.opened_later", { "no", a->account_no },
                          { "date", locale_date(&c->mem, c->locale, a->opened_on) });
    if (date_is_set(a->closed_on) && date_compare(date, a->closed_on) > 0)
        return msg_format(c, c->language, "cis.account.closed_before", { "no", a->account_no },
                          { "date", locale_date(&c->mem, c->locale, a->closed_on) });
    return NULL;
}

Id connection_holder_at(Ctx *c, Id connection, Date date) {
    return db_id(c, "select account_id from service_connection_holder where service_connection_id=? and from_on<=? "
                    "and (to_on is null or to_on>=?)", connection, date, date);
}

#define CONNECTION_ROW(F, T) F(T, Id, id) F(T, Id, account) F(T, Id, premise) F(T, Id, plan) F(T, Id, meter) \
    F(T, const char *, connection_no) F(T, const char *, service_code) \
    F(T, const char *, status) F(T, const char *, supply_state) F(T, const char *, size) F(T, bool, is_metered) \
        F(T, Date, plan_valid_from) F(T, Date, connected_on) \
    F(T, Date, disconnected_on) F(T, Date, last_billed_on) F(T, Id, derived_from) F(T, bool, has_winter_average) \
        F(T, Quantity, winter_average) F(T, int, eru_e3) F(T, int, dwelling_units)
ROW(ConnectionRow, CONNECTION_ROW)

#define CONNECTION_SELECT "select id, account_id as account, premise_id as premise, tariff_plan_id as plan, meter_id " \
                          "as meter, connection_no, service_code, status, supply_state, size, " \
    "metered as is_metered, plan_valid_from, connected_on, disconnected_on, last_billed_on, derived_from_id " \
    "as derived_from, winter_average_qty_micro is not null as has_winter_average, " \
    "winter_average_qty_micro as winter_average, coalesce(eru_e3, 0) as eru_e3, dwelling_units from service_connection "

static Connection connection_of(const ConnectionRow *r) {
    return (Connection){
        .id = r->id, .account = r->account, .premise = r->premise, .plan = r->plan, .meter = r->meter,
        .connection_no = r->connection_no, .service_code = r->service_code, .status = r->status,
        .supply_state = r->supply_state, .size = r->size, .is_metered = r->is_metered,
        .plan_valid_from = r->plan_valid_from, .connected_on = r->connected_on,
        .disconnected_on = r->disconnected_on, .last_billed_on = r->last_billed_on, .derived_from = r->derived_from,
        .has_winter_average = r->has_winter_average,
        .winter_average = r->winter_average, .eru_e3 = r->eru_e3, .dwelling_units = r->dwelling_units };
}

Connections connections_of(Ctx *c, Id account) {
    ConnectionRows rows = db_all(c, ConnectionRow, CONNECTION_SELECT "where account_id=? order by status='closed', id",
                                 account);
    Connections all = { take_n(c, Connection, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) all.v[i] = connection_of(&rows.v[i]);
    return all;
}

const Connection *connection_get(Ctx *c, Id connection) {
    ConnectionRow *r = db_find(c, ConnectionRow, CONNECTION_SELECT "where id=? and utility_id=?", connection,
                               c->utility);
    if (!r) fail(c, NOT_FOUND, "There is no such connection.");
    Connection *one = take(c, sizeof *one);
    *one = connection_of(r);
    return one;
}

void connection_billed(Ctx *c, Id connection, Date last_day) {
    db_run(c, "update service_connection set last_billed_on=? where id=?", last_day, connection);
}

void connections_billed(Ctx *c, const ConnectionBilled *v, size_t n) {
    if (!n) return;
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0; i < n; i++) text_addf(&t, "%s[%lld,\"%s\"]", i ? "," : "", (long long)v[i].connection.id,
                                             date_iso(&c->mem, v[i].last_day));
    text_add(&t, "]");
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', last_day date path '$[1]')) j straight_join "
              "service_connection s force index (primary) on s.id = j.id "
              "set s.last_billed_on = greatest(coalesce(s.last_billed_on, j.last_day), j.last_day)", t.s);
}

void accounts_billed(Ctx *c, const Id *accounts, size_t n, Date bill_date) {
    if (n) db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join account a force index "
                     "(primary) on a.id = j.id set a.last_bill_on = greatest(coalesce(a.last_bill_on, ?), ?), "
                     "a.last_published_at = ?", json_ids(c, accounts, n), bill_date, bill_date, c->now);
}

void account_unbilled(Ctx *c, Id account) {
    db_run(c, "update account set last_published_at=null where id=?", account);
}

#define MEASURED(F, T) F(T, Id, connection) F(T, Id, account) F(T, Id, consumer) F(T, const char *, was_no)
ROW(Measured, MEASURED)

static const ConnectionMeter *meter_now(const ConnectionMeter *v, size_t n, Id connection) {
    for (size_t i = 0; i < n; i++)
        if (v[i].connection.id == connection.id) return &v[i];
    return &v[0];
}

/* Found by the meter's number too, as long as it measures there. */
void connections_meter(Ctx *c, const ConnectionMeter *v, size_t n) {
    if (!n) return;
    Id *ids = take_n(c, Id, n + 1);
    for (size_t i = 0; i < n; i++) ids[i] = v[i].connection;
    Measureds l = db_all(c, Measured, "select s.id as connection, s.account_id as account, a.consumer_id "
                                      "as consumer, m.meter_no as was_no "
        "from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_connection s on s.id=j.id "
        "straight_join account a on a.id=s.account_id left join meter m on m.id=s.meter_id", json_ids(c, ids, n));
    Text t = text_start(c);
    SearchWords *w = search_words(c);
    for (size_t i = 0; i < l.n; i++) {
        const Measured *s = &l.v[i];
        const ConnectionMeter *now = meter_now(v, n, s->connection);
        text_addf(&t, "%s[%lld,%lld]", t.n ? "," : "", (long long)s->connection.id, (long long)now->meter.id);
        if (s->was_no)
            db_run(c, "delete from consumer_search where account_id=? and kind='meter' "
                      "and token in (lower(?), lower(replace(?, '-', '')))",
                   s->account, s->was_no, s->was_no);
        if (now->meter.id) search_number(w, "meter", s->consumer, s->account, now->meter_no);
    }
    if (l.n)
        db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', meter bigint path '$[1]')) j "
                  "straight_join service_connection s on s.id=j.id set s.meter_id=nullif(j.meter, 0)",
               text(c, "[%s]", t.s));
    search_end(w);
}

/* --- persons ------------------------------------------------------------------------------------------------------ */

Id consumer_find(Ctx *c, const char *consumer_no) {
    return db_id(c, "select id from consumer where utility_id=? and consumer_no=?", c->utility, consumer_no);
}

Id consumer_by_phone(Ctx *c, const char *e164) {
    return db_id(c, "select if(count(*) = 1, max(id), 0) from consumer where utility_id=? "
                    "and primary_phone=? and status='active'", c->utility, e164);
}
