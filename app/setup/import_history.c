/*
 * Bills and payments of the old system (ONB04US01): kept to look at, to reconcile and for the twin run; they post
 * nothing.
 */
#include <string.h>

#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "lib/date.h"
#include "lib/db.h"

static const ImportColumn bill_columns[] = {
    { "account_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, .refers = "account", .refers_words = "accounts",
      .example = "A-1001", .also = "account_id" },
    { "bill_no",     IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 60, .example = "B-2026-0311",
      .also = "invoice_no bill_number" },
    { "bill_date",   IMPORT_DATE, IMPORT_REQUIRED, .example = "2026-03-31", .also = "invoice_date" },
    { "due_date",    IMPORT_DATE, IMPORT_REQUIRED, .example = "2026-04-20" },
    { "total",       IMPORT_MONEY, IMPORT_REQUIRED | IMPORT_SUM, .example = "114.25", .also = "amount bill_amount" },
    { "consumption", IMPORT_DECIMAL, IMPORT_USE, .example = "12", .also = "usage use quantity" },
    { "period_from", IMPORT_DATE, .example = "2026-03-01", .guide = "First day billed; empty: after the bill before" },
    { "period_to",   IMPORT_DATE, .example = "2026-03-31", .guide = "Last day billed; empty: the day of the bill" },
    { "pdf_file",    IMPORT_TEXT, .max = 200 },
    { 0 } };

static const ImportColumn payment_columns[] = {
    { "account_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, .refers = "account", .refers_words = "accounts",
      .example = "A-1001", .also = "account_id" },
    { "payment_no", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 60, .example = "PY-88121", .also = "receipt_no" },
    { "paid_at",    IMPORT_TIME, IMPORT_REQUIRED, .example = "2026-04-02 10:15", .also = "payment_date paid_on" },
    { "amount",     IMPORT_MONEY, IMPORT_REQUIRED | IMPORT_SUM, .example = "114.25" },
    { "mode",       IMPORT_TEXT, IMPORT_REQUIRED, 40, .example = "cheque", .also = "payment_method method" },
    { "reference",  IMPORT_TEXT, .max = 80, .example = "001923" },
    { 0 } };

#define MADE(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Made, MADE)

/* Days in their order. */
static void bill_rules(Faults *to, const ImportSet *s, size_t i) {
    Date from = import_date(s, i, "period_from"), until = import_date(s, i, "period_to"),
        due = import_date(s, i, "due_date"),
        on = import_date(s, i, "bill_date");
    if (date_is_set(from) && date_is_set(until) && date_compare(from, until) > 0)
        fault_add(to, i, FAULT_RULE, "period_to", "import.period");
    if (date_is_set(due) && date_is_set(on) && date_compare(due, on) < 0)
        fault_add(to, i, FAULT_RULE, "due_date", "import.due_before");
}

static Faults bill_check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    import_unknown(&to, s, "account_legacy_id", import_refs(c, s, "account_legacy_id"));
    for (size_t i = 0; i < s->n; i++) bill_rules(&to, s, i);
    return to;
}

static void find_made(const Mades *l, Id *ids) {
    for (size_t i = 0; i < l->n; i++) ids[l->v[i].row_no] = l->v[i].id;
}

static const char *keys_of(Ctx *c, const ImportSet *s, const Faults *to, const char *column) {
    const char **keys = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) keys[i] = fault_of_row(to, i) ? NULL : import_text(s, i, column);
    return json_keys(c, keys, s->n);
}

static Faults bill_bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = bill_check(c, s);
    Id *account = import_refs(c, s, "account_legacy_id");
    DbBulk *b = db_bulk(c,
        "insert into import_bill (utility_id, account_id, bill_no, bill_date, due_date, from_on, to_on, total_minor, "
        "use_micro, pdf_file, batch_id) values (?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        db_bulk_add(b, c->utility, account[i], import_text(s, i, "bill_no"), import_date(s, i, "bill_date"),
                    import_date(s, i, "due_date"), import_date(s, i, "period_from"), import_date(s, i, "period_to"),
                    import_money(c, s, i, "total"), import_has(s, i, "consumption")
                    ? bind_qty(import_qty(s, i, "consumption")) : (Bind){ 0 }, import_text(s, i, "pdf_file"), s->batch);
    }
    db_bulk_end(b);
    Mades l = db_all(c, Made, "select j.row_no, h.id from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                              "varchar(60) path '$[1]')) j straight_join import_bill h on h.utility_id=? "
                              "and h.bill_no=j.value collate utf8mb4_bin",
                     keys_of(c, s, &to, "bill_no"), c->utility);
    find_made(&l, ids);
    return to;
}

static void bill_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    (void)why;
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join import_bill x on "
              "x.id=j.id",
           json_ids(c, ids, n));
}

static Faults payment_check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    import_unknown(&to, s, "account_legacy_id", import_refs(c, s, "account_legacy_id"));
    return to;
}

static Faults payment_bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = payment_check(c, s);
    Id *account = import_refs(c, s, "account_legacy_id");
    DbBulk *b = db_bulk(c,
        "insert into import_payment (utility_id, account_id, payment_no, paid_at, amount_minor, mode, reference, "
        "batch_id) values (?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (!fault_of_row(&to, i))
            db_bulk_add(b, c->utility, account[i], import_text(s, i, "payment_no"), import_time(c, s, i, "paid_at"),
                        import_money(c, s, i, "amount"), import_text(s, i, "mode"), import_text(s, i, "reference"),
                            s->batch);
    }
    db_bulk_end(b);
    Mades l = db_all(c, Made, "select j.row_no, h.id from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
        "varchar(60) path '$[1]')) j straight_join import_payment h on h.utility_id=? and h.payment_no=j.value "
        "collate utf8mb4_bin", keys_of(c, s, &to, "payment_no"), c->utility);
    find_made(&l, ids);
    return to;
}

static void payment_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    (void)why;
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join import_payment x on "
              "x.id=j.id", json_ids(c, ids, n));
}

const ImportEntity bill_import = { .name = "bill", .order = 9, .key = "bx.cycle", .columns = bill_columns,
    .check = bill_check, .create = bill_bring, .insert_only = "import.only.bill",
    .revert = bill_revert };
const ImportEntity payment_import = { .name = "payment", .order = 10, .key = "bx.cycle", .columns = payment_columns,
    .check = payment_check, .create = payment_bring, .insert_only = "import.only.payment",
    .revert = payment_revert };
