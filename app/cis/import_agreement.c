/*
 * Payment agreements of other systems (ONB04US01, CSS01US04): what was signed there goes on here, or stands as history.
 * Nobody is told and nothing is asked again. What is left of one that goes on is moved from what is owed to what is
 * deferred (Dr AR_AGREEMENT / Cr AR), once, so that it comes due by its instalments alone; the balances taken over that
 * it is about are closed by as much. So the opening balances come first. It stays when a utility goes live (purge.c).
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/agreement_rules.h"
#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "app/core/import.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/money.h"

static const ImportColumn columns[] = {
    { "legacy_id",         IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, .example = "AG-52",
      .also = "agreement_id agreement_no plan_no id" },
    { "account_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, .refers = "account", .refers_words = "accounts",
      .example = "A-1001", .also = "account_id" },
    { "status",            IMPORT_TEXT, IMPORT_REQUIRED, .values = "active at_risk completed defaulted cancelled "
      "expired", .example = "active", .also = "state", .guide = "active and at_risk go on, the others are history" },
    { "signed_on",         IMPORT_DATE,  IMPORT_REQUIRED, .example = "2026-02-10", .also = "agreed_on created_on" },
    { "ended_on",          IMPORT_DATE,  .example = "", .also = "closed_on", .guide = "Of those that ended" },
    { "total",             IMPORT_MONEY, IMPORT_REQUIRED | IMPORT_SUM, .example = "184.50", .also = "amount",
      .guide = "With the down payment" },
    { "down_payment",      IMPORT_MONEY, .example = "36.90", .guide = "Was paid when it was signed" },
    { "count",             IMPORT_INT,   .example = "3", .also = "instalments number_of_instalments",
      .guide = "Equal instalments; or give the schedule" },
    { "frequency",         IMPORT_TEXT,  .values = "monthly fortnightly weekly", .example = "monthly",
      .guide = "Empty: monthly" },
    { "first_due_on",      IMPORT_DATE,  .example = "2026-05-20", .also = "first_due start_on" },
    { "schedule",          IMPORT_TEXT,  .max = 4000, .example = "",
      .guide = "In place of count and first date: 2026-05-20=49.20; 2026-06-20=49.20" },
    { "paid",              IMPORT_MONEY, .example = "0.00", .also = "paid_amount",
      .guide = "Of the instalments so far, the oldest first" },
    { 0 } };

typedef struct Deal { Id account; bool is_open; Date signed_on; Money total, down, rest; Schedule plan; } Deal;

static void wrong(Faults *to, size_t i, const char *column, const char *key) {
    fault_add(to, i, FAULT_RULE, column, key);
}

static bool says(const ImportSet *s, size_t i, const char *column, const char *word) {
    const char *v = import_text(s, i, column);
    return v && !strcmp(v, word);
}

/* The instalments as the file names them, or equal ones; false: they cannot be known, which is said. */
static bool plan_of(Ctx *c, Faults *to, const ImportSet *s, size_t i, Deal *d) {
    Money financed = money_sub(d->total, d->down);
    const char *schedule = import_text(s, i, "schedule"), *frequency = import_text(s, i, "frequency");
    int n = import_int(s, i, "count");
    if (schedule) {
        if (!agreement_schedule_read(schedule, utility_here(c)->exponent, &d->plan))
            return wrong(to, i, "schedule", "import.agreement_schedule"), false;
        Money sum = agreement_sum(&d->plan);
        if (sum.minor == financed.minor) return true;
        fault_with(fault_with(fault_add(to, i, FAULT_RULE, "schedule", "import.agreement_sum"), "sum",
                              locale_money_plain(&c->mem, c->locale, sum)), "rest",
                   locale_money_plain(&c->mem, c->locale, financed));
        return false;
    }
    bool counted = import_has(s, i, "count"), dated = import_has(s, i, "first_due_on");
    if (!counted) fault_add(to, i, FAULT_REQUIRED, "count", "import.agreement_when");
    if (!dated) fault_add(to, i, FAULT_REQUIRED, "first_due_on", "import.agreement_when");
    if (counted && (n < 1 || n > INSTALMENTS_MAX || financed.minor < n))
        return wrong(to, i, "count", "import.agreement_count"), false;
    if (!counted || !dated) return false;
    agreement_amounts(&d->plan, financed, n);
    agreement_dates(&d->plan, import_date(s, i, "first_due_on"), frequency ? frequency : "monthly");
    return true;
}

static void day_rules(Ctx *c, Faults *to, const ImportSet *s, size_t i, const Deal *d) {
    Date ended = import_date(s, i, "ended_on"), today = utility_today(c);
    if (date_is_set(d->signed_on) && date_compare(d->signed_on, today) > 0) wrong(to, i, "signed_on", "import.future");
    if (date_is_set(ended) && date_compare(ended, today) > 0) wrong(to, i, "ended_on", "import.future");
    if (date_is_set(ended) && date_is_set(d->signed_on) && date_compare(ended, d->signed_on) < 0)
        wrong(to, i, "ended_on", "import.case_order");
    if (!d->is_open && import_has(s, i, "status") && !date_is_set(ended))
        fault_add(to, i, FAULT_REQUIRED, "ended_on", "import.case_ended");
    if (d->is_open && date_is_set(ended)) wrong(to, i, "ended_on", "import.agreement_goes_on");
}

static void money_rules(Ctx *c, Faults *to, const ImportSet *s, size_t i, Deal *d) {
    if (import_has(s, i, "total") && d->total.minor <= 0) return wrong(to, i, "total", "import.agreement_total");
    if (d->down.minor < 0 || d->down.minor >= d->total.minor)
        return wrong(to, i, "down_payment", "import.agreement_down");
    if (!plan_of(c, to, s, i, d)) return;
    Money paid = import_money(c, s, i, "paid"), financed = agreement_sum(&d->plan);
    if (paid.minor < 0 || paid.minor > financed.minor) return wrong(to, i, "paid", "import.agreement_paid");
    agreement_settle(&d->plan, paid);
    d->rest = d->is_open ? money_sub(financed, paid) : (Money){ 0 };
    if (d->is_open && !d->rest.minor) wrong(to, i, "status", "import.agreement_over");
    if (says(s, i, "status", "completed") && paid.minor != financed.minor)
        wrong(to, i, "status", "import.agreement_not_over");
}

#define OPEN_NO(F, T) F(T, int, row_no) F(T, const char *, number)
ROW(OpenNo, OPEN_NO)

/* One is open for an account: neither a stored one nor an earlier row. */
static void open_rules(Ctx *c, Faults *to, const ImportSet *s, const Deal *d) {
    Id *accounts = take_n(c, Id, s->n + 1);
    const char **key = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        if (!d[i].is_open || !d[i].account.id || fault_of_row(to, i)) continue;
        accounts[i] = d[i].account;
        key[i] = text(c, "%lld", (long long)d[i].account.id);
    }
    OpenNos l = db_all(c, OpenNo, "select j.row_no - 1 as row_no, min(g.number) as number from json_table(?, '$[*]' "
        "columns (row_no for ordinality, id bigint path '$')) j straight_join payment_agreement g on g.account_id = "
        "j.id and g.state in ('draft', 'pending_approval', 'pending_acceptance', 'active', 'at_risk') "
        "group by j.row_no", json_ids(c, accounts, s->n));
    for (size_t i = 0; i < l.n; i++)
        fault_with(fault_add(to, (size_t)l.v[i].row_no, FAULT_RULE, "account_legacy_id", "import.agreement_open"),
                   "no", l.v[i].number);
    size_t *first = first_with_key(&c->mem, key, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (key[i] && first[i] != i)
            fault_with(fault_add(to, i, FAULT_RULE, "account_legacy_id", "import.agreement_open"), "no",
                       import_text(s, first[i], "legacy_id"));
}

static bool is_taken_over(const OpenItem *item) {
    return !strcmp(item->type, "charge") && item->charge_type && !strcmp(item->charge_type, "OPENING_BALANCE");
}

static int by_id(const void *a, const void *b) {
    int64_t x = ((const Id *)a)->id, y = ((const Id *)b)->id;
    return x < y ? -1 : x > y;
}

/* Open items of the accounts whose agreements go on, in the rows' order; locked. */
static OpenItems *items_of(Ctx *c, Faults *to, const ImportSet *s, const Deal *d) {
    OpenItems *of = take_n(c, OpenItems, s->n + 1);
    Id *accounts = take_n(c, Id, s->n + 1);
    size_t *row = take_n(c, size_t, s->n + 1), n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (d[i].rest.minor && d[i].account.id && !fault_of_row(to, i)) row[n] = i, accounts[n++] = d[i].account;
    Id *in_order = take_n(c, Id, n + 1);
    memcpy(in_order, accounts, n * sizeof *accounts);
    qsort(in_order, n, sizeof *in_order, by_id);
    if (n) accounts_lock(c, in_order, n);
    OpenItems *all = n ? open_items_lock_many(c, accounts, n) : NULL;
    for (size_t k = 0; k < n; k++) {
        Money owed = { 0 };
        of[row[k]] = all[k];
        for (size_t i = 0; i < all[k].n; i++)
            if (is_taken_over(&all[k].v[i])) owed = money_add(owed, all[k].v[i].unpaid);
        if (owed.minor < d[row[k]].rest.minor)
            fault_with(fault_with(fault_add(to, row[k], FAULT_RULE, "total", "import.agreement_debt"), "owed",
                                  locale_money_plain(&c->mem, c->locale, owed)), "rest",
                       locale_money_plain(&c->mem, c->locale, d[row[k]].rest));
    }
    return of;
}

static Deal *deals_of(Ctx *c, const ImportSet *s, Faults *to, OpenItems **items) {
    Deal *d = take_n(c, Deal, s->n + 1);
    Id *account = import_refs(c, s, "account_legacy_id");
    import_unknown(to, s, "account_legacy_id", account);
    for (size_t i = 0; i < s->n; i++) {
        d[i].account = account[i];
        d[i].is_open = says(s, i, "status", "active") || says(s, i, "status", "at_risk");
        d[i].signed_on = import_date(s, i, "signed_on");
        d[i].total = import_money(c, s, i, "total"), d[i].down = import_money(c, s, i, "down_payment");
        day_rules(c, to, s, i, &d[i]);
        if (import_has(s, i, "total")) money_rules(c, to, s, i, &d[i]);
    }
    open_rules(c, to, s, d);
    *items = items_of(c, to, s, d);
    return d;
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    OpenItems *items;
    deals_of(c, s, &to, &items);
    return to;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static Time start_of(Ctx *c, Date day) {
    const Zone *z = zone_find(utility_here(c)->time_zone);
    return date_is_set(day) ? date_start(z ? z : zone_utc(), day) : TIME_NONE;
}

static Id store(Ctx *c, const ImportSet *s, size_t i, const Deal *d, const char *no) {
    const char *frequency = import_text(s, i, "frequency");
    Time signed_at = start_of(c, d->signed_on);
    return db_insert(c, "insert into payment_agreement (utility_id, number, legacy_no, import_batch_id, account_id, "
                        "total_minor, down_payment_minor, down_payment_due_on, down_payment_paid_minor, currency, "
                        "count, frequency, start_on, state, accepted_via, signed_at, activated_at, ended_at, "
                        "created_at, created_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,'import',?,?,?,?,?)",
                     c->utility, no, import_text(s, i, "legacy_id"), s->batch, d->account, d->total, d->down,
                     d->signed_on, d->down, utility_here(c)->currency, d->plan.n, frequency ? frequency : "monthly",
                     d->plan.v[0].due, import_text(s, i, "status"), signed_at, signed_at,
                     start_of(c, import_date(s, i, "ended_on")), signed_at, c->user);
}

/* The balances it is about, oldest first, closed by as much as is left of it. */
static void cover(Ctx *c, Id agreement, const OpenItems *items, Money rest, DbBulk *covered) {
    for (size_t i = 0; i < items->n && rest.minor; i++) {
        const OpenItem *item = &items->v[i];
        if (!is_taken_over(item)) continue;
        Money part = item->unpaid.minor < rest.minor ? item->unpaid : rest;
        charge_apply_payment(c, item->id, part);
        db_bulk_add(covered, agreement, "charge", item->id, part);
        rest = money_sub(rest, part);
    }
}

static const char *set_key(Ctx *c, Id agreement) { return text(c, "agreement:%lld:import", (long long)agreement.id); }

static void defer(Ctx *c, const ImportSet *s, size_t i, Id agreement, const Deal *d, const char *no) {
    LedgerLine lines[] = { { .posting_key = "AR_AGREEMENT", .account = d->account, .debit = d->rest },
                           { .posting_key = "AR", .account = d->account, .credit = d->rest } };
    ledger_post(c, &(LedgerSet){ .set_key = set_key(c, agreement), .txn_type = "agreement",
                                 .source_type = "import_batch", .source = s->batch, .source_no = (int)s->line[i],
                                 .date = utility_today(c), .memo = text(c, "Agreement %s taken over", no),
                                 .lines = lines, .n = 2 });
}

static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    OpenItems *items;
    Deal *d = deals_of(c, s, &to, &items);
    const char *const *no = import_numbers(c, "payment_agreement", &to, s->n);
    Audit *audits = take_n(c, Audit, s->n + 1);
    DbBulk *parts = db_bulk(c, "insert into instalment (utility_id, agreement_id, account_id, seq, due_on, "
                               "amount_minor, paid_minor, state) values (?,?,?,?,?,?,?,?)");
    DbBulk *covered = db_bulk(c, "insert into payment_agreement_item (agreement_id, item_type, item_id, amount_minor) "
                                 "values (?,?,?,?)");
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        ids[i] = store(c, s, i, &d[i], no[n]);
        for (int k = 0; k < d[i].plan.n; k++)
            db_bulk_add(parts, c->utility, ids[i], d[i].account, k + 1, d[i].plan.v[k].due, d[i].plan.v[k].amount,
                        d[i].plan.v[k].paid, instalment_state(&d[i].plan.v[k]));
        if (d[i].rest.minor) {
            cover(c, ids[i], &items[i], d[i].rest, covered);
            defer(c, s, i, ids[i], &d[i], no[n]);
        }
        audits[n] = import_made(c, s, i, "payment_agreement", ids[i], no[n]);
        n++;
    }
    db_bulk_end(parts);
    db_bulk_end(covered);
    audits_write(c, audits, n);
    return to;
}

/* --- taking back -------------------------------------------------------------------------------------------------- */

#define COVERED(F, T) F(T, Id, item_id) F(T, Money, amount_minor)
ROW(Covered, COVERED)

/* The entry by its opposite, the balances open again. */
static void give_back(Ctx *c, Id agreement) {
    Covereds l = db_all(c, Covered, "select item_id, amount_minor from payment_agreement_item where agreement_id = ? "
                                    "and item_type = 'charge'", agreement);
    for (size_t i = 0; i < l.n; i++) charge_unapply_payment(c, l.v[i].item_id, l.v[i].amount_minor);
    Id txn = ledger_find(c, set_key(c, agreement));
    if (txn.id)
        ledger_reverse(c, txn, text(c, "agreement:%lld:back", (long long)agreement.id), "agreement_back",
                       utility_today(c), "Import taken back");
}

static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, concat('Instalment ', min(x.seq), ' stands on a bill or came due.') as why from "
        "json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j straight_join instalment x "
        "on x.agreement_id = j.id where x.bill_id is not null or x.became_due_at is not null or x.row_version > 1 "
        "group by j.row_no", all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays,
        "select j.row_no, 'Was worked on since.' as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join payment_agreement g on g.id = j.id where g.row_version > 1", all);
    import_keep_why(&l, why);
    for (size_t i = 0; i < n; i++)
        if (!why[i]) give_back(c, ids[i]);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c, "delete x " OF_CHUNK "instalment x on x.agreement_id = j.id", gone);
    db_run(c, "delete x " OF_CHUNK "payment_agreement_item x on x.agreement_id = j.id", gone);
    db_run(c, "delete x " OF_CHUNK "payment_agreement x on x.id = j.id", gone);
    import_note_gone(c, "payment_agreement", ids, n, why);
}

const ImportEntity agreement_import = { .name = "payment_agreement", .order = 11, .key = "cis.outstanding",
    .columns = columns, .has_ledger = true, .check = check, .create = bring,
    .insert_only = "import.only.payment_agreement", .revert = revert };
