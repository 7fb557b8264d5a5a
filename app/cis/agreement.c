/*
 * Instalments of payment agreements, as bills and the portal ask for them (CIS01US08, CSS01US04, CSS01US05), and the
 * agreements of an account to look at. Those of other systems come by import_agreement.c, ours with their own story; an
 * instalment stands on a bill once, or becomes due by itself, never both.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define TO_COME(F, T)                                                                                                  \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, number) F(T, int, seq) F(T, int, count) F(T, Date, due_on) F(T, Money, amount)                  \
        F(T, Money, unpaid)
ROW(ToCome, TO_COME)

Instalments instalments_due(Ctx *c, Id account, Date until) {
    ToComes l = db_all(c, ToCome,
                       "select n.id, g.number, n.seq, g.count, n.due_on, n.amount_minor as amount, "
                       "n.amount_minor - n.paid_minor as unpaid from instalment n join payment_agreement g "
                       "on g.id = n.agreement_id and g.state in ('active', 'at_risk') "
                       "where n.account_id = ? and n.utility_id = ? and n.state in ('due', 'part_paid', 'missed') "
                       "and n.due_on <= ? and n.bill_id is null and n.amount_minor > n.paid_minor "
                       "order by n.due_on, n.id",
                       account, c->utility, until);
    Instalments all = { take_n(c, Instalment, l.n + 1), l.n };
    for (size_t i = 0; i < l.n; i++)
        all.v[i] = (Instalment){ l.v[i].id,     l.v[i].number, l.v[i].seq,   l.v[i].count,
                                 l.v[i].due_on, l.v[i].amount, l.v[i].unpaid };
    return all;
}

/* Its states stay as they are: what pays the bill pays it. */
void instalment_billed(Ctx *c, Id instalment, Id bill) {
    if (bill.id)
        db_must(c, 1, CONFLICT,
                "update instalment set bill_id = ? where id = ? and utility_id = ? and bill_id is null "
                "and became_due_at is null and state in ('due', 'part_paid')",
                bill, instalment, c->utility);
    else
        db_run(c, "update instalment set bill_id = null where id = ? and utility_id = ?", instalment, c->utility);
}

#define AGREED(F, T) F(T, const char *, number) F(T, const char *, legacy_no) F(T, const char *, state) \
    F(T, Money, total) F(T, int, count) F(T, Money, unpaid) F(T, Date, next_on)
ROW(Agreed, AGREED)

void agreements_show(Req *r, const char *section, Id account) {
    Agreeds l = db_all(r, Agreed, "select g.number, g.legacy_no, g.state, g.total_minor as total, g.count, "
        "coalesce(sum(n.amount_minor - n.paid_minor), 0) as unpaid, min(if(n.amount_minor > n.paid_minor, n.due_on, "
        "null)) as next_on from payment_agreement g left join instalment n on n.agreement_id = g.id "
        "where g.account_id = ? and g.utility_id = ? group by g.id order by g.id desc limit 20", account, r->c.utility);
    if (!l.n) return;
    const char *language = r->c.language, *title = msg(language, "cis.agreement.title");
    show_text(r, text(r, "%s.title", section), title);
    show_text(r, text(r, "%s.kind", section), "table");
    TableView *t = table_start(r, text(r, "%s.table", section), title);
    table_column(t, msg(language, "cis.agreement.number"), "code", "id");
    table_column(t, msg(language, "cis.agreement.count"), "num", NULL);
    table_column(t, msg(language, "cis.agreement.total"), "money", NULL);
    table_column(t, msg(language, "cis.agreement.unpaid"), "money", "amount");
    table_column(t, msg(language, "cis.agreement.next"), "date", NULL);
    table_column(t, msg(language, "cis.agreement.state"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        const Agreed *g = &l.v[i];
        bool goes_on = !strcmp(g->state, "active") || !strcmp(g->state, "at_risk");
        table_row(t, NULL);
        table_cell(t, g->number);
        if (g->legacy_no) table_sub(t, msg_format(r, language, "cis.agreement.was", { "no", g->legacy_no }));
        table_int(t, g->count);
        table_money(t, g->total);
        table_money(t, g->unpaid);
        table_date(t, goes_on ? g->next_on : DATE_NONE);
        table_state(t, g->state);
    }
}
