/*
 * Opening balances of another system (ONB04US01): Dr AR / Cr OPENING_BALANCE, the reverse for credits, dated as of the
 * file's day. What is owed is an open item with its due date, so payments, ageing and dunning find it.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/cis/cis.h"
#include "app/core/import.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

static const ImportColumn columns[] = {
    { "account_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, .refers = "account",
      .refers_words = "accounts",
      .example = "A-1001", .also = "account_id account" },
    { "as_of",          IMPORT_DATE,  IMPORT_REQUIRED, .example = "2026-03-31", .also = "balance_date" },
    { "balance",        IMPORT_MONEY, IMPORT_REQUIRED | IMPORT_SUM, .example = "114.25",
      .also = "amount opening_balance",
      .guide = "Owed is positive, credit negative" },
    { "bill_reference", IMPORT_TEXT,  IMPORT_KEY, 38, .example = "B-2026-0311", .also = "bill_no",
      .guide = "Several rows of an account need one each" },
    { "due_date",       IMPORT_DATE,  .example = "2026-04-20" },
    { "ageing_bucket",  IMPORT_TEXT,  .values = "current 0-30 31-60 61-90 over-90", .example = "0-30",
      .also = "bucket" },
    { 0 } };

typedef struct Opening { Id account; Money balance; Date as_of, due; const char *words; int64_t line; } Opening;

/* The bucket stands for a due date when there is none. */
static Date due_of(const ImportSet *s, size_t i, Date as_of) {
    static const struct { const char *bucket; int days; } buckets[] = { { "current", 0 }, { "0-30", 15 },
        { "31-60", 45 },
        { "61-90", 75 }, { "over-90", 120 } };
    Date due = import_date(s, i, "due_date");
    const char *bucket = import_text(s, i, "ageing_bucket");
    if (date_is_set(due) || !bucket || !date_is_set(as_of)) return due;
    for (size_t k = 0; k < sizeof buckets / sizeof *buckets; k++)
        if (!strcmp(buckets[k].bucket, bucket)) return date_add_days(as_of, -buckets[k].days);
    return due;
}

static Opening *openings_of(Ctx *c, const ImportSet *s, Faults *to) {
    Opening *v = take_n(c, Opening, s->n + 1);
    Id *account = import_refs(c, s, "account_legacy_id");
    Date today = utility_today(c);
    import_unknown(to, s, "account_legacy_id", account);
    for (size_t i = 0; i < s->n; i++) {
        const char *no = import_text(s, i, "bill_reference");
        v[i] = (Opening){ account[i], import_money(c, s, i, "balance"), import_date(s, i, "as_of"), DATE_NONE,
                          no ? text(c, "Balance taken over, bill %s", no) : "Balance taken over", s->line[i] };
        v[i].due = due_of(s, i, v[i].as_of);
        if (!date_is_set(v[i].due)) v[i].due = v[i].as_of;
        if (date_is_set(v[i].as_of) && date_compare(v[i].as_of, today) > 0)
            fault_add(to, i, FAULT_RULE, "as_of", "import.future");
        if (import_has(s, i, "balance") && !v[i].balance.minor) fault_add(to, i, FAULT_RULE, "balance", "import.zero");
    }
    return v;
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    openings_of(c, s, &to);
    return to;
}

/* Items of what is owed; credits have none. Their ids in the order of the rows. */
static void insert_items(Ctx *c, const Opening *v, size_t n, Id batch, const char *gl_code) {
    const char *currency = utility_here(c)->currency;
    DbBulk *b = db_bulk(c,
        "insert into charge (utility_id, account_id, charge_type, description, amount_minor, gl_code, currency, "
        "charge_date, due_on, post_mode, source_type, source_id, source_no, created_by, updated_by) "
        "values (?,?,'OPENING_BALANCE',?,?,?,?,?,?,'immediate','import_batch',?,?,?,?)");
    for (size_t i = 0; i < n; i++)
        if (v[i].balance.minor > 0)
            db_bulk_add(b, c->utility, v[i].account, v[i].words, v[i].balance, gl_code, currency, v[i].as_of, v[i].due,
                        batch, v[i].line, c->user, c->user);
    db_bulk_end(b);
}

static LedgerSet set_of(Ctx *c, const Opening *o, Id batch) {
    LedgerLine *lines = take_n(c, LedgerLine, 2);
    Money amount = money_abs(o->balance), none = { 0 };
    bool owed = o->balance.minor > 0;
    lines[0] = (LedgerLine){ .posting_key = "AR", .account = o->account, .debit = owed ? amount : none,
                             .credit = owed ? none : amount, .charge_type = "OPENING_BALANCE" };
    lines[1] = (LedgerLine){ .posting_key = "OPENING_BALANCE", .debit = owed ? none : amount, .credit = owed
                             ? amount : none,
                             .charge_type = "OPENING_BALANCE" };
    return (LedgerSet){ .set_key = text(c, "opening:%lld:%lld", (long long)batch.id, (long long)o->line),
                        .txn_type = "opening", .source_type = "import_batch", .source = batch,
                        .source_no = (int)o->line,
                        .date = o->as_of, .memo = o->words, .lines = lines, .n = 2 };
}

static int by_id(const void *a, const void *b) {
    int64_t x = ((const Id *)a)->id, y = ((const Id *)b)->id;
    return x < y ? -1 : x > y;
}

static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    Opening *all = openings_of(c, s, &to), *v = take_n(c, Opening, s->n + 1);
    size_t *row = take_n(c, size_t, s->n + 1), n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (!fault_of_row(&to, i)) row[n] = i, v[n++] = all[i];
    }
    if (!n) return to;
    Id *accounts = take_n(c, Id, n + 1), *txns = take_n(c, Id, n + 1);
    LedgerSet *sets = take_n(c, LedgerSet, n + 1);
    size_t many = 0;
    for (size_t i = 0; i < n; i++) accounts[i] = v[i].account, sets[i] = set_of(c, &v[i], s->batch);
    qsort(accounts, n, sizeof *accounts, by_id);
    for (size_t i = 0; i < n; i++)
        if (!many || accounts[many - 1].id != accounts[i].id) accounts[many++] = accounts[i];
    accounts_lock(c, accounts, many);
    insert_items(c, v, n, s->batch, db_text(c, "select code from gl_code where id=?", gl_by_key(c, "OPENING_BALANCE")));
    ledger_post_many(c, sets, n, txns);
    for (size_t i = 0; i < n; i++) ids[row[i]] = txns[i];
    db_run(c, "update charge h join ledger_txn t on t.source_type='import_batch' and t.source_id=h.source_id "
              "and t.source_no=h.source_no and t.txn_type='opening' set h.posted_txn_id=t.id "
              "where h.source_type='import_batch' and h.source_id=? and h.charge_type='OPENING_BALANCE' "
              "and h.posted_txn_id is null", s->batch);
    return to;
}

#define HELD(F, T) F(T, Id, charge) F(T, Money, paid) F(T, bool, is_reversed) F(T, const char *, bill_no) \
    F(T, int, row_version)
ROW(Held, HELD)

/* By opposite entries; what was paid or stands on a bill stays. */
static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    for (size_t i = 0; i < n; i++) {
        Held *h = db_find(c, Held,
            "select h.id as charge, coalesce(h.paid_minor, 0) as paid, exists (select 1 from ledger_txn r "
            "where r.reversal_of_txn_id=t.id) as is_reversed, (select b.bill_no from bill b where b.id=h.bill_id "
            "and b.status='published') as bill_no, coalesce(h.row_version, 0) as row_version "
            "from ledger_txn t left join charge h on h.posted_txn_id=t.id where t.id=?",
            ids[i]);
        if (!h || h->is_reversed) continue;
        if (h->bill_no) why[i] = text(c, "Is on bill %s.", h->bill_no);
        else if (h->paid.minor) why[i] = "Was paid, wholly or in part.";
        if (why[i]) continue;
        ledger_reverse(c, ids[i], text(c, "opening:%lld:back", (long long)ids[i].id), "opening_back", utility_today(c),
                       "Import taken back");
        if (!h->charge.id) continue;
        db_run(c, "update charge set status='voided', voided_at=?, void_reason='Import taken back', updated_at=?, "
                  "row_version=row_version+1 where id=?", c->now, c->now, h->charge);
        audit_write(c, &(Audit){ .action = "void", .entity = "charge", .id = h->charge, .version = h->row_version + 1,
                                 .reason = "Import taken back" });
    }
}

static const ImportEntity opening_import = { .name = "opening_balance", .order = 8, .key = "bx.cycle",
                                             .columns = columns,
    .has_ledger = true, .check = check, .create = bring, .insert_only = "import.only.opening_balance",
    .revert = revert };

void billing_imports(void) { import_register(&opening_import); }
