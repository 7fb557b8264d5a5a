/*
 * What the ledger has of a bill, a payment, a refund, a dispute: the one table of entries that pages of all modules
 * show (BX04US01, BX05US01, CIS01US09).
 */
#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/page.h"
#include "lib/table.h"

#define ENTRY_COLUMNS "select g.code, g.name, nullif(e.debit_minor, 0) as debit_minor, " \
    "nullif(e.credit_minor, 0) as credit_minor, e.effective_date "
#define ENTRY_JOINS "straight_join ledger_entry e on e.txn_id = x.id straight_join gl_code g on g.id = e.gl_code_id "

static void show_of(TableView *t, Req *r, const LedgerSource *s) {
    table_rows_of(t, NULL, ENTRY_COLUMNS "from ledger_txn x " ENTRY_JOINS "where x.source_type = ? "
                  "and x.source_id = ? and x.utility_id = ? order by e.id", s->type, s->id, r->c.utility);
}

/* A list as JSON costs three times as much as one source by its index. */
static void show_of_many(TableView *t, Req *r, const LedgerSource *sources, size_t n) {
    Text list = text_start(r);
    text_add(&list, "[");
    for (size_t i = 0; i < n; i++)
        text_addf(&list, "%s[\"%s\",%lld]", i ? "," : "", sources[i].type, (long long)sources[i].id.id);
    text_add(&list, "]");
    table_rows_of(t, NULL, ENTRY_COLUMNS "from json_table(?, '$[*]' columns (type varchar(40) path '$[0]', id bigint "
                  "path '$[1]')) j straight_join ledger_txn x on x.source_type = j.type and x.source_id = j.id "
                  "and x.utility_id = ? " ENTRY_JOINS "order by e.id", list.s, r->c.utility);
}

void ledger_entries_show(Req *r, const char *section, const LedgerSource *sources, size_t n, const char *none) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.bill.ledger_entries"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.bill.ledger_entries"));
    table_column(t, word(r, "field.code"), "code", "id");
    table_column(t, word(r, "field.name"), "text", "name");
    table_column(t, word(r, "field.debit_minor"), "money", NULL);
    table_column(t, word(r, "field.credit_minor"), "money", "amount");
    table_column(t, word(r, "field.date"), "date", NULL);
    if (n == 1) show_of(t, r, &sources[0]);
    else show_of_many(t, r, sources, n);
    table_empty(t, word(r, "billing.bill.no_entries"), none);
}
