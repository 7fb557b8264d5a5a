/*
 * The search box of every page: an exact number jumps to its record, else results by kind (ux: search and keys).
 */
#include <string.h>

#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

#define SAY(r, key) msg((r)->c.language, "cis.search." key)

/* A number typed wholly leads to its page; NULL when it is none. Another area's record is not found. */
static const char *exact(Req *r, const char *q) {
    const char *no = db_text(r, "select account_no from account where utility_id=? and (account_no=? or legacy_no=?)",
                             r->c.utility, q, q);
    if (no) return text(r, "/cis/accounts/%s", url_part(r, no));
    no = db_text(r, "select consumer_no from consumer where utility_id=? and (consumer_no=? or legacy_no=?)",
                 r->c.utility, q, q);
    if (no) return text(r, "/cis/consumers/%s", url_part(r, no));
    no = db_text(r, "select bill_no from bill where utility_id=? and bill_no=?", r->c.utility, q);
    if (no && perm_may(&r->c, "bx.bill", VIEW)) return text(r, "/bx/bills/%s", url_part(r, no));
    no = db_text(r, "select payment_no from payment where utility_id=? and (payment_no=? or receipt_no=?)",
                 r->c.utility, q, q);
    if (no && perm_may(&r->c, "cis.payments", VIEW)) return text(r, "/cis/payments/%s", url_part(r, no));
    no = db_text(r, "select meter_no from meter where utility_id=? and (meter_no=? or serial_no=?)", r->c.utility, q,
                 q);
    if (no && perm_may(&r->c, "mx.device", VIEW)) return text(r, "/mx/meters/%s", url_part(r, no));
    return NULL;
}

void search_page(Req *r) {
    const char *q = query_text(r, "q");
    show_text(r, "page.title", SAY(r, "title"));
    show_text(r, "search.q", q);
    if (!perm_may(&r->c, "cis.consumers", VIEW) || !q || utf8_length(q) < 2) {
        show_text(r, "show.sections.0.text", q ? SAY(r, "short") : SAY(r, "how"));
        page(r, "layout/show");
        return;
    }
    const char *to = exact(r, q);
    if (to) {
        go(r, "%s", to);
        return;
    }
    AreaScope areas = scope_area(&r->c);
    const char *area = areas.n ? text(r, "%s/%%", areas.path[0]) : "%";
    const char *key = text(r, "%s%%", q), *digits = text(r, "%%%s", utf8_plain_signs(&r->c.mem, q));
    show_text(r, "show.sections.0.title", SAY(r, "consumers"));
    show_text(r, "show.sections.0.kind", "table");
    TableView *t = table_start(r, "show.sections.0.table", SAY(r, "found"));
    table_column(t, SAY(r, "account"), "code", "id");
    table_column(t, SAY(r, "consumer"), "text", "name");
    table_column(t, SAY(r, "address"), "text", NULL);
    table_column(t, SAY(r, "phone"), "text", NULL);
    table_column(t, SAY(r, "balance"), "money", "amount");
    table_column(t, SAY(r, "status"), "status", "status");
    table_rows_of(t, "/cis/accounts/", "select a.account_no, n.display_name, concat_ws(', ', p.line1, p.unit, p.city) "
                                       "as address, n.primary_phone, a.balance_minor, a.status from consumer n "
                                       "join account a on a.consumer_id=n.id "
                  "join premise p on p.id=a.premise_id join service_area s on s.id=p.sub_area_id where n.utility_id=? "
                  "and concat(s.path, '/') like ? and (n.display_name like ? or n.last_name like ? "
                  "or n.primary_phone like ? or n.email like ? or p.line1 like ? or a.account_no like ?) "
                  "order by n.display_name limit 25", r->c.utility, area, key, key, digits, key, key, key);
    table_empty(t, SAY(r, "nothing"), SAY(r, "nothing_text"));
    page(r, "layout/show");
}
