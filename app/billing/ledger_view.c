/*
 * What the ledger has of a bill, a payment, a refund, a dispute: the one table of entries that pages of all modules
 * show
 * (BX04US01, BX05US01, CIS01US09).
 */
#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/page.h"
#include "lib/table.h"

void ledger_entries_show(Req *r, const char *section, const LedgerSource *sources, size_t n, const char *none) {
    show_text(r, text(r, "%s.title", section), word(r, "billing.bill.ledger_entries"));
    TableView *t = table_start(r, text(r, "%s.table", section), word(r, "billing.bill.ledger_entries"));
    table_column(t, word(r, "field.code"), "code", "id");
    table_column(t, word(r, "field.name"), "text", "name");
    table_column(t, word(r, "field.debit_minor"), "money", NULL);
    table_column(t, word(r, "field.credit_minor"), "money", "amount");
    table_column(t, word(r, "field.date"), "date", NULL);
    Text list = text_start(r);
    for (size_t i = 0; i < n; i++)
        text_addf(&list, "%s[\"%s\",%lld]", i ? "," : "", sources[i].type, (long long)sources[i].id.id);
    table_rows_of(t, NULL,
        "select g.code, g.name, nullif(e.debit_minor, 0) as debit_minor, nullif(e.credit_minor, 0) as credit_minor, "
        "e.effective_date from json_table(?, '$[*]' columns (type varchar(40) path '$[0]', id bigint path '$[1]')) j "
        "straight_join ledger_txn x on x.source_type = j.type and x.source_id = j.id and x.utility_id = ? "
        "straight_join ledger_entry e on e.txn_id = x.id join gl_code g on g.id = e.gl_code_id order by e.id",
                  text(r, "[%s]", n ? list.s : ""), r->c.utility);
    table_empty(t, word(r, "billing.bill.no_entries"), none);
}
