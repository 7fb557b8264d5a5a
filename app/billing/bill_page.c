/*
 * The bill viewer (BX04US01), one bill: as it was delivered, its calculation with readings and photos, the document,
 * ledger entries, versions side by side, who looked and what was done; cancelling by the approver and making again.
 * Drafts are looked at as /bx/bills/draft-<account>-<reference> by those who work on runs, all on one page.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/billing/run_page.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

/* --- one bill ----------------------------------------------------------------------------------------------------- */

#define VIEW_PLAIN(F, T) F(T, Id, id) F(T, const char *, bill_no) F(T, const char *, status) \
    F(T, const char *, payment_status) F(T, const char *, account_no) F(T, const char *, consumer_name) \
    F(T, Id, sub_area_id) \
    F(T, Date, period_start) F(T, Date, period_end) F(T, Date, bill_date) F(T, Date, due_date) F(T, int, days) \
        F(T, Money, previous) F(T, Money, payments) F(T, Money, adjustments) F(T, Money, posted) F(T, Money, forward) \
    F(T, Money, current) F(T, Money, tax) F(T, Money, total) F(T, Money, due) F(T, Money, carried) F(T, Money, paid) \
        F(T, bool, is_estimated) F(T, bool, dispute_hold) F(T, const char *, hold_code) F(T, bool, stale) \
    F(T, Id, version_group) F(T, int, version_no) F(T, const char *, run_no) F(T, const char *, run_mode) \
        F(T, Id, superseded_by) F(T, const char *, cancel_reason) F(T, const char *, message)
#define VIEW_ROW(F, T) VIEW_PLAIN(F, T) F(T, const char *, trace)
ROW(ViewRow, VIEW_ROW)

#define VIEW_SELECT "select b.id, b.bill_no, b.status, b.payment_status, a.account_no, n.display_name " \
                    "as consumer_name, m.sub_area_id, b.period_start, b.period_end, b.bill_date, b.due_date, b.days, " \
    "b.previous_balance_minor as previous, b.payments_minor as payments, b.adjustments_minor as adjustments, " \
    "b.posted_charges_minor as posted, b.balance_forward_minor as forward, b.current_charges_minor as current, " \
    "b.tax_minor as tax, b.total_minor as total, b.amount_due_minor as due, b.credit_carried_minor as carried, " \
    "b.paid_minor as paid, b.is_estimated, b.dispute_hold, b.hold_code, b.stale, " \
    "coalesce(b.version_group_id, b.id) as version_group, b.version_no, r.run_no, r.mode as run_mode, " \
    "b.superseded_by_bill_id as superseded_by, b.cancel_reason, b.message, b.calc_trace as trace " \
    "from bill b join account a on a.id = b.account_id join consumer n on n.id = b.consumer_id " \
    "join premise m on m.id = a.premise_id left join bill_run r on r.id = b.bill_run_id "

/* By number, or a draft by its name for those who work on runs. */
static ViewRow *bill_of_path(Req *r) {
    const char *no = path_text(r, "no");
    ViewRow *b = NULL;
    if (!strncmp(no, "draft-", 6)) {
        if (!perm_may(&r->c, "bx.run", VIEW)) fail(r, NOT_FOUND, "There is no such bill.");
        b = db_find(r, ViewRow, VIEW_SELECT "where b.id = ? and b.utility_id = ? "
                                            "and b.status in ('draft', 'held', 'approved', 'discarded')",
                    bill_draft_find(&r->c, no), r->c.utility);
    } else {
        b = db_find(r, ViewRow, VIEW_SELECT "where b.bill_no = ? and b.utility_id = ?", no, r->c.utility);
    }
    if (!b) fail(r, NOT_FOUND, "There is no bill %s.", no);
    scope_check_area(&r->c, b->sub_area_id);
    return b;
}

static const char *money_of(Req *r, Money m) { return locale_money(&r->c.mem, r->c.locale, m); }

static const char *day_of(Req *r, Date d) { return locale_date(&r->c.mem, r->c.locale, d); }

static void show_figures(Req *r, const ViewRow *b) {
    show_fact(r, "show.facts", word(r, "billing.bill.amount_due"), money_of(r, b->due), NULL);
    show_fact(r, "show.facts", word(r, "billing.overview.account"), b->account_no, b->consumer_name);
    show_fact(r, "show.facts", word(r, "billing.overview.period"),
              msg_format(r, r->c.language, "billing.bill.days", { "from", day_of(r, b->period_start) },
                         { "to", day_of(r, b->period_end) }),
              text(r, "%d days", b->days));
    show_fact(r, "show.facts", word(r, "billing.run.due_date"), day_of(r, b->due_date), NULL);
    if (b->run_no) show_fact(r, "show.facts", word(r, "billing.overview.run"), b->run_no, NULL);
    const char *at_ = "show.sections.0.facts";
    show_text(r, "show.sections.0.title", word(r, "billing.bill.summary"));
    show_text(r, "show.sections.0.side", b->bill_no ? "1" : NULL);
    show_fact(r, at_, word(r, "billing.bill.previous_balance"), money_of(r, b->previous), NULL);
    show_fact(r, at_, word(r, "billing.bill.tab_payments"), money_of(r, b->payments), NULL);
    show_fact(r, at_, word(r, "billing.overview.adjustments"), money_of(r, b->adjustments), NULL);
    if (b->posted.minor) show_fact(r, at_, word(r, "billing.bill.posted_since"), money_of(r, b->posted), NULL);
    show_fact(r, at_, word(r, "billing.bill.balance_forward"), money_of(r, b->forward), NULL);
    show_fact(r, at_, word(r, "billing.run.current"), money_of(r, b->current),
              msg_format(r, r->c.language, "billing.bill.of_which_tax", { "amount", money_of(r, b->tax) }));
    show_fact(r, at_, word(r, "billing.bill.amount_due"), money_of(r, b->due), NULL);
    if (b->carried.minor) show_fact(r, at_, word(r, "billing.bill.carried"), money_of(r, b->carried), NULL);
    show_fact(r, at_, word(r, "billing.bill.paid_on_bill"), money_of(r, b->paid), NULL);
}

static const char *how_of(Req *r, Json trace, int64_t seq) {
    Json lines = json_member(trace, "lines");
    for (size_t i = 0; i < json_size(lines); i++) {
        int64_t n = 0;
        if (json_int(json_item(lines, i), "seq", &n) && n == seq)
            return text_copy(r, json_text(json_item(lines, i), "how"));
    }
    return NULL;
}

#define LINE_ROW(F, T) F(T, int64_t, seq) F(T, const char *, description) F(T, const char *, charge_type) \
    F(T, bool, has_qty) F(T, Quantity, line_qty_micro) F(T, const char *, unit) F(T, Money, amount_minor) \
    F(T, bool, posts) F(T, const char *, code)
ROW(LineRow, LINE_ROW)

static void show_lines(Req *r, const ViewRow *b, Json trace) {
    TableView *t = table_start(r, "show.sections.1.table", word(r, "billing.bill.lines_of"));
    show_text(r, "show.sections.1.title", word(r, "billing.gl.lines"));
    table_column(t, word(r, "billing.bill.charge"), "text", "id");
    table_column(t, word(r, "billing.bill.how"), "text", "name");
    table_column(t, word(r, "billing.bill.gl_code"), "code", NULL);
    table_column(t, word(r, "billing.overview.amount"), "money", "amount");
    LineRows lines = db_all(r, LineRow, "select l.seq, l.description, l.charge_type, l.qty_micro is not null "
                                        "as has_qty, coalesce(l.qty_micro, 0) as line_qty_micro, l.unit, "
                                        "l.amount_minor, l.posts, g.code from bill_line l "
                                        "left join gl_code g on g.id = l.gl_code_id "
                                        "where l.bill_id=? order by l.seq", b->id);
    for (size_t i = 0; i < lines.n; i++) {
        const LineRow *l = &lines.v[i];
        table_row(t, NULL);
        table_cell(t, l->description);
        table_sub(t, l->posts ? l->charge_type : "already in the balance");
        const char *how = how_of(r, trace, l->seq);
        table_cell(t, how ? how : l->has_qty ? locale_quantity(&r->c.mem, r->c.locale, l->line_qty_micro, l->unit)
                                             : NULL);
        table_cell(t, l->code);
        table_money(t, l->amount_minor);
    }
    table_foot(t, word(r, "billing.run.total"));
    table_foot(t, NULL);
    table_foot(t, NULL);
    table_foot(t, money_of(r, b->total));
}

#define READ_ROW(F, T) F(T, const char *, meter_no) F(T, Date, from_on) F(T, Date, to_on) \
    F(T, const char *, from_value) \
    F(T, const char *, to_value) F(T, const char *, multiplier) F(T, const char *, quantity) F(T, const char *, unit) \
    F(T, Id, reading) F(T, bool, is_estimated)
ROW(ReadRow, READ_ROW)

/* As they were billed: a cancelled bill has given its use back, and still says what it was. */
static ReadRows readings_of(Ctx *c, Id bill) {
    return db_all(c, ReadRow,
        "select j.meter_no, j.from_on, j.to_on, j.from_value, j.to_value, j.multiplier, j.quantity, "
        "g.usage_unit as unit, coalesce(j.reading, 0) as reading, j.estimated is not null as is_estimated "
        "from bill_segment g join json_table(g.readings, '$[*]' columns (meter_no varchar(60) path '$.meter_no', "
        "from_on date path '$.from_on', to_on date path '$.to_on', from_value varchar(30) path '$.from', to_value "
        "varchar(30) path '$.to', multiplier varchar(30) path '$.multiplier', quantity varchar(30) path '$.quantity', "
        "reading bigint path '$.to_reading', estimated varchar(60) path '$.estimated')) j where g.bill_id = ? "
        "order by g.seq, j.from_on limit 100", bill);
}

static const char *grouped(Req *r, const char *number) {
    Reading v;
    return reading_parse(number, NUMBER_PLAIN, &v) == NUMBER_OK ? locale_reading(&r->c.mem, r->c.locale, v) : number;
}

static void show_segments(Req *r, Json trace) {
    Json segments = json_member(trace, "segments");
    size_t n = 0;
    for (size_t i = 0; i < json_size(segments); i++) {
        Json s = json_item(segments, i);
        const char *use = json_text(s, "use");
        int64_t version = 0;
        json_int(s, "version", &version);
        show_text(r, text(r, "show.sections.2.text.%zu", n++),
            text(r, "%s, plan %s version %lld%s%s", json_text(s, "connection") ? json_text(s, "connection") : "",
                json_text(s, "plan") ? json_text(s, "plan") : "", (long long)version, use ? ": " : "", use ? use : ""));
    }
}

static void show_use(Req *r, const ViewRow *b, Json trace) {
    show_text(r, "show.sections.2.title", word(r, "billing.bill.use_and_readings"));
    show_segments(r, trace);
    TableView *t = table_start(r, "show.sections.2.table", word(r, "billing.bill.readings_of"));
    table_column(t, word(r, "billing.run.meter"), "code", "id");
    table_column(t, word(r, "billing.run.from"), "date", NULL);
    table_column(t, word(r, "billing.bill.reading"), "num", NULL);
    table_column(t, word(r, "billing.run.to"), "date", NULL);
    table_column(t, word(r, "billing.bill.reading"), "num", NULL);
    table_column(t, word(r, "billing.bill.times"), "num", NULL);
    table_column(t, word(r, "billing.overview.use"), "num", "amount");
    table_column(t, word(r, "billing.run.photo"), "text", NULL);
    table_column(t, word(r, "billing.run.kind"), "status", "status");
    ReadRows uses = readings_of(&r->c, b->id);
    for (size_t i = 0; i < uses.n; i++) {
        const ReadRow *u = &uses.v[i];
        bool photo = b->bill_no && db_int(r, "select document_id is not null from meter_reading where id = ?",
                                          u->reading);
        table_row(t, NULL);
        table_cell(t, u->meter_no);
        table_date(t, u->from_on);
        table_cell(t, grouped(r, u->from_value));
        table_date(t, u->to_on);
        table_cell(t, grouped(r, u->to_value));
        table_cell(t, u->multiplier);
        table_cell(t, text(r, "%s %s", grouped(r, u->quantity), u->unit ? u->unit : ""));
        table_cell(t, photo ? word(r, "billing.run.photo_look") : NULL);
        if (photo) table_link(t, link_path(r, "/bx/bills/%s/photos/%zu", url_part(r, b->bill_no), i + 1));
        table_state(t, u->is_estimated ? "estimated" : "actual");
    }
    table_empty(t, word(r, "billing.bill.no_readings"), word(r, "billing.bill.no_readings_how"));
}

/* The photo of the reading that ends the n-th row above. */
void bill_photo_page(Req *r) {
    ViewRow *b = bill_of_path(r);
    int64_t n = strtoll(path_text(r, "n"), NULL, 10);
    ReadRows uses = readings_of(&r->c, b->id);
    Id document = n < 1 || n > (int64_t)uses.n ? (Id){ 0 }
        : db_id(r, "select document_id from meter_reading where id = ? and utility_id = ?", uses.v[n - 1].reading,
                r->c.utility);
    if (!b->bill_no || !document.id) fail(r, NOT_FOUND, "There is no photo.");
    const Document *d = document_open(&r->c, document);
    audit_note(&r->c, "view", "document", d->id, d->file_name, NULL);
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}

static void show_ledger(Req *r, const ViewRow *b) {
    ledger_entries_show(r, "show.sections.3", &(LedgerSource){ "bill", b->id }, 1,
                        word(r, "billing.bill.no_entries_how"));
}

/* --- versions ----------------------------------------------------------------------------------------------------- */

static bool has_versions(const ViewRow *b) {
    return b->version_no > 1 || b->superseded_by.id || !strcmp(b->status, "cancelled");
}

static void show_versions(Req *r, const ViewRow *b) {
    show_text(r, "show.sections.4.title", word(r, "billing.bill.versions"));
    TableView *t = table_start(r, "show.sections.4.table", word(r, "billing.bill.versions_of"));
    table_column(t, word(r, "billing.run.bill"), "code", "id");
    table_column(t, word(r, "billing.bill.version"), "num", NULL);
    table_column(t, word(r, "billing.overview.amount"), "money", "amount");
    table_column(t, word(r, "billing.run.difference"), "money", NULL);
    table_column(t, word(r, "billing.bill.status"), "status", "status");
    table_rows_of(t, NULL, "select coalesce(b.bill_no, 'Draft') as bill_no, b.version_no, b.total_minor, "
                           "b.total_minor - lag(b.total_minor) over (order by b.version_no) as difference_minor, "
                           "b.status "
                           "from bill b where coalesce(b.version_group_id, b.id)=? "
                           "and b.status<>'discarded' order by b.version_no", b->version_group);
}

enum { BESIDE_MOST = 4, BESIDE_LINES = 200 };

#define PART_ROW(F, T) F(T, int64_t, version_no) F(T, const char *, charge_type) F(T, const char *, description) \
    F(T, Money, amount)
ROW(PartRow, PART_ROW)

typedef struct { const char *type, *description; Money of[BESIDE_MOST]; bool has[BESIDE_MOST]; } BesideLine;
typedef struct { int64_t from; int n; BesideLine *v; size_t lines; Money total[BESIDE_MOST]; } Beside;

static BesideLine *beside_line(Beside *x, const PartRow *p) {
    for (size_t i = 0; i < x->lines; i++)
        if (!strcmp(x->v[i].type, p->charge_type) && !strcmp(x->v[i].description, p->description)) return &x->v[i];
    if (x->lines == BESIDE_LINES) return NULL;
    x->v[x->lines] = (BesideLine){ .type = p->charge_type, .description = p->description };
    return &x->v[x->lines++];
}

/* The last versions' lines beside each other: what the ones with the same words were and are. */
static void show_beside(Req *r, const ViewRow *b) {
    int64_t last = db_int(r, "select max(version_no) from bill where coalesce(version_group_id, id) = ? "
                             "and status <> 'discarded'", b->version_group);
    Beside x = { .from = last > BESIDE_MOST ? last - BESIDE_MOST + 1 : 1, .v = take_n(r, BesideLine, BESIDE_LINES) };
    x.n = (int)(last - x.from + 1);
    if (x.n < 2) return;
    PartRows parts = db_all(r, PartRow,
        "select b.version_no, l.charge_type, l.description, sum(l.amount_minor) as amount from bill b "
        "join bill_line l on l.bill_id = b.id and l.posts = 1 where coalesce(b.version_group_id, b.id) = ? "
        "and b.status <> 'discarded' and b.version_no >= ? group by b.version_no, l.charge_type, l.description "
        "order by b.version_no, min(l.seq) limit 800", b->version_group, x.from);
    for (size_t i = 0; i < parts.n; i++) {
        BesideLine *l = beside_line(&x, &parts.v[i]);
        int64_t k = parts.v[i].version_no - x.from;
        if (!l || k < 0 || k >= x.n) continue;
        l->of[k] = parts.v[i].amount, l->has[k] = true;
        x.total[k] = money_add(x.total[k], parts.v[i].amount);
    }
    show_text(r, "show.sections.5.title", word(r, "billing.bill.beside"));
    TableView *t = table_start(r, "show.sections.5.table", word(r, "billing.bill.beside"));
    table_column(t, word(r, "billing.bill.charge"), "text", "id");
    for (int k = 0; k < x.n; k++)
        table_column(t, msg_format(r, r->c.language, "billing.bill.version_no",
                                   { "n", text(r, "%lld", (long long)(x.from + k)) }), "money", NULL);
    table_column(t, word(r, "billing.run.difference"), "money", "amount");
    for (size_t i = 0; i < x.lines; i++) {
        table_row(t, NULL);
        table_cell(t, x.v[i].description);
        for (int k = 0; k < x.n; k++) {
            if (x.v[i].has[k]) table_money(t, x.v[i].of[k]);
            else table_cell(t, NULL);
        }
        table_money(t, money_sub(x.v[i].of[x.n - 1], x.v[i].of[x.n - 2]));
    }
    table_foot(t, word(r, "billing.run.total"));
    for (int k = 0; k < x.n; k++) table_foot(t, money_of(r, x.total[k]));
    table_foot(t, money_of(r, money_sub(x.total[x.n - 1], x.total[x.n - 2])));
}

/* --- head --------------------------------------------------------------------------------------------------------- */

static void show_act(Req *r, size_t *n, const char *key, const char *path) {
    show_text(r, at(r, "show.moves", *n, "text"), word(r, key));
    show_text(r, at(r, "show.moves", (*n)++, "url"), link_path(r, "%s", path));
}

/* A draft in the place of a cancelled bill, of no run. */
static bool is_replacement(const ViewRow *b) {
    return b->version_no > 1 && (!strcmp(b->status, "draft") || !strcmp(b->status, "held"));
}

static void show_actions(Req *r, const ViewRow *b) {
    size_t n = 0;
    bool may = perm_may(&r->c, "bx.bill", APPROVE), published = !strcmp(b->status, "published");
    bool waits = !strcmp(b->status, "cancelled") && !b->superseded_by.id;
    const char *path = b->bill_no ? text(r, "/bx/bills/%s", url_part(r, b->bill_no))
                                  : text(r, "/bx/bills/%s", url_part(r, bill_draft_name(&r->c, b->id)));
    if (published && perm_may(&r->c, "bx.bill", EXPORT))
        show_act(r, &n, "billing.bill.send_again", text(r, "%s/sending", path));
    if (published && perm_may(&r->c, "bx.bill", EDIT))
        show_act(r, &n, b->dispute_hold ? "billing.bill.dispute_clear" : "billing.bill.dispute",
                 text(r, "%s/dispute", path));
    if (may && published) {
        show_text(r, at(r, "show.moves", n, "kind"), "danger");
        show_act(r, &n, "billing.bill.cancel_bill", text(r, "%s/cancellation", path));
    }
    if (may && waits) {
        show_act(r, &n, "billing.bill.correct_reading", text(r, "%s/correction", path));
        show_text(r, at(r, "show.moves", n, "post"), "1");
        show_act(r, &n, "billing.bill.bill_again", text(r, "%s/rebill", path));
    }
    if (may && is_replacement(b) && !b->stale) {
        show_text(r, at(r, "show.moves", n, "kind"), "primary");
        show_text(r, at(r, "show.moves", n, "post"), "1");
        show_act(r, &n, "billing.bill.publish", text(r, "%s/publication", path));
    }
    if (may && is_replacement(b)) {
        show_text(r, at(r, "show.moves", n, "post"), "1");
        show_act(r, &n, "billing.bill.discard", text(r, "%s/discard", path));
    }
}

/* Tabs of a bill that was published; drafts have the one page. */
static void show_tabs(Req *r, const ViewRow *b, const char *tab) {
    static const char *const keys[] = { "", "calculation", "document", "ledger", "payments", "delivery", "versions",
                                        "audit", "notes" };
    for (size_t i = 0; b->bill_no && i < sizeof keys / sizeof *keys; i++) {
        show_text(r, at(r, "show.tabs", i, "text"), word(r, text(r, "billing.bill.tab_%s",
                                                                 *keys[i] ? keys[i] : "bill")));
        show_text(r, at(r, "show.tabs", i, "url"),
                  link_path(r, *keys[i] ? "/bx/bills/%s/%s" : "/bx/bills/%s%s", url_part(r, b->bill_no), keys[i]));
        if (!strcmp(keys[i], tab)) show_text(r, at(r, "show.tabs", i, "current"), "1");
    }
}

static void show_head(Req *r, const ViewRow *b, const char *tab) {
    const char *name = b->bill_no ? msg_format(r, r->c.language, "billing.bill.title", { "no", b->bill_no })
        : msg_format(r, r->c.language, "billing.bill.draft_of", { "account", b->account_no });
    show_text(r, "page.title", name);
    show_text(r, "page.crumbs.0.text", b->bill_no || !b->run_no ? word(r, "billing.bill.bills") : b->run_no);
    show_text(r, "page.crumbs.0.url", b->bill_no || !b->run_no ? link_path(r, "/bx/bills") : link_path(r, "/bx/%s/%s",
        !strcmp(b->run_mode, "v1") ? "generate" : "runs", b->run_no));
    show_text(r, "page.crumbs.1.text", b->bill_no ? b->bill_no : b->account_no);
    show_text(r, "show.status.text", state_label(r, b->status));
    show_text(r, "show.status.tone", state_tone(r, b->status));
    size_t badge = 0;
    if (!strcmp(b->status, "published")) {
        show_text(r, at(r, "show.badges", badge, "text"), state_label(r, b->payment_status));
        show_text(r, at(r, "show.badges", badge++, "tone"), state_tone(r, b->payment_status));
    }
    if (b->is_estimated) {
        show_text(r, at(r, "show.badges", badge, "text"), word(r, "billing.bill.estimated"));
        show_text(r, at(r, "show.badges", badge++, "tone"), "warn");
    }
    if (b->dispute_hold) {
        show_text(r, at(r, "show.badges", badge, "text"), word(r, "billing.bill.disputed"));
        show_text(r, at(r, "show.badges", badge++, "tone"), "hold");
    }
    if (b->hold_code) {
        show_text(r, at(r, "show.badges", badge, "text"), b->hold_code);
        show_text(r, at(r, "show.badges", badge++, "tone"), "hold");
    }
    if (b->stale) {
        show_text(r, at(r, "show.badges", badge, "text"), word(r, "billing.bill.is_stale"));
        show_text(r, at(r, "show.badges", badge++, "tone"), "bad");
    }
    if (b->cancel_reason) {
        show_text(r, "show.notices.0.tone", "off");
        show_text(r, "show.notices.0.strong", word(r, "billing.bill.is_cancelled"));
        show_text(r, "show.notices.0.text", b->cancel_reason);
    }
    show_tabs(r, b, tab);
    show_actions(r, b);
}

static void show_short(Req *r, const ViewRow *b) {
    show_fact(r, "show.facts", word(r, "billing.bill.amount_due"), money_of(r, b->due), NULL);
    show_fact(r, "show.facts", word(r, "billing.run.account"), b->account_no, b->consumer_name);
    show_fact(r, "show.facts", word(r, "billing.run.due_date"), day_of(r, b->due_date), NULL);
}

static ViewRow *published_of_path(Req *r) {
    ViewRow *b = bill_of_path(r);
    if (!b->bill_no) fail(r, NOT_FOUND, "A draft has no such page.");
    return b;
}

Id bill_head(Req *r, const char *tab) {
    ViewRow *b = published_of_path(r);
    show_head(r, b, tab);
    show_short(r, b);
    return b->id;
}

static Json trace_of(Req *r, const ViewRow *b) {
    return b->trace ? json_read(&r->c.mem, b->trace, strlen(b->trace), 1 << 20, NULL) : (Json){ 0 };
}

/* What the consumer got, in the bill's language; a bill whose figures cannot be printed says why. */
static void show_delivered(Req *r, const PaperRow *row) {
    const Locale *l;
    const BillPaper *p = bill_paper_words(&r->c, row, &l);
    const char *refusal = paper_refusal(&r->c.mem, p);
    show_text(r, "bill.title", word(r, "billing.bill.delivered"));
    show_text(r, "bill.lang", l->language);
    show_text(r, "bill.html", refusal ? NULL : bill_paper_html(&r->c.mem, p, l));
    if (refusal) show_text(r, "bill.problem", msg_format(r, r->c.language, "billing.bill.not_printed",
                                                         { "why", refusal }));
}

#define COPY_TO_VIEW(T, type, name) view->name = row->name;

static const ViewRow *view_of(Req *r, const PaperRow *row) {
    ViewRow *view = take(r, sizeof *view);
    VIEW_PLAIN(COPY_TO_VIEW, )
    return view;
}

static void show_published(Req *r, const PaperRow *row) {
    scope_check_area(&r->c, row->sub_area_id);
    const ViewRow *b = view_of(r, row);
    show_head(r, b, "");
    show_figures(r, b);
    audit_view(&r->c, "bill", b->id, b->bill_no, NULL);
    show_delivered(r, row);
    page(r, "billing/bill");
}

void bill_show(Req *r) {
    const char *no = path_text(r, "no");
    const PaperRow *row = strncmp(no, "draft-", 6) ? bill_paper_row(&r->c, no) : NULL;
    if (row) {
        show_published(r, row);
        return;
    }
    ViewRow *b = bill_of_path(r);
    show_head(r, b, "");
    show_figures(r, b);
    audit_view(&r->c, "bill", b->id, b->bill_no, NULL);
    show_lines(r, b, trace_of(r, b));
    show_use(r, b, trace_of(r, b));
    show_ledger(r, b);
    if (has_versions(b)) show_versions(r, b), show_beside(r, b);
    history_aside(r, "bill", b->id, NULL);
    page(r, "layout/show");
}

static void show_document(Req *r, const ViewRow *b) {
    const char *path = link_path(r, "/bx/bills/%s/pdf", url_part(r, b->bill_no));
    show_text(r, "show.sections.0.title", word(r, "billing.bill.tab_document"));
    show_text(r, "show.sections.0.document.title", word(r, "billing.bill.tab_document"));
    show_text(r, "show.sections.0.document.url", path);
    show_text(r, "show.sections.0.document.print_url", path);
    show_text(r, "show.sections.0.document.download_url", text(r, "%s?download=1", path));
}

/* Bills are personal data: whoever looked, or wanted to. */
static void show_looks(Req *r, const ViewRow *b) {
    show_text(r, "show.sections.1.title", word(r, "billing.bill.looks"));
    TableView *t = table_start(r, "show.sections.1.table", word(r, "billing.bill.looks"));
    table_column(t, word(r, "billing.bill.looked"), "date", "id");
    table_column(t, word(r, "billing.bill.who"), "text", "name");
    table_column(t, word(r, "billing.bill.page"), "text", NULL);
    table_rows_of(t, NULL, "select at as looked_at, actor_name, coalesce(reason, 'bill') as page from audit_entry "
                           "where entity = 'bill' and entity_id = ? and utility_id = ? and action = 'view' "
                           "order by id desc limit 100", b->id, r->c.utility);
    table_empty(t, word(r, "billing.bill.looks_none"), NULL);
}

/* Every view of a bill is audited, whichever tab it is. */
void bill_tab_page(Req *r) {
    const char *tab = path_text(r, "tab");
    ViewRow *b = published_of_path(r);
    show_head(r, b, tab);
    show_short(r, b);
    if (!strcmp(tab, "calculation")) show_lines(r, b, trace_of(r, b)), show_use(r, b, trace_of(r, b));
    else if (!strcmp(tab, "document")) show_document(r, b);
    else if (!strcmp(tab, "ledger")) show_ledger(r, b);
    else if (!strcmp(tab, "versions")) show_versions(r, b), show_beside(r, b);
    else if (!strcmp(tab, "audit")) history_show(r, "show.sections.0", "bill", b->id, NULL), show_looks(r, b);
    else if (!bill_tab_show(r, tab, b->id)) fail(r, NOT_FOUND, "There is no such page.");
    audit_view(&r->c, "bill", b->id, b->bill_no, tab);
    page(r, "layout/show");
}

/* --- cancel and again --------------------------------------------------------------------------------------------- */

static const Choice cancel_reasons[] = { { "wrong_reading", "billing.cancel_reasons.wrong_reading" },
                                         { "wrong_plan", "billing.cancel_reasons.wrong_plan" },
                                         { "wrong_consumer", "billing.cancel_reasons.wrong_consumer" },
                                         { "duplicate", "billing.cancel_reasons.duplicate" },
                                         { "other", "billing.cancel_reasons.other" }, { 0 } };
static const Form cancel_form = { .name = "bill_cancel", .fields = FIELDS {
    { "reason", CHOICE(cancel_reasons), .flags = REQUIRED },
    { "note",   LONG_TEXT(10, 500), .flags = REQUIRED },
    { 0 } } };

#define CLOSED_ROW(F, T) F(T, Date, first_on)
ROW(ClosedRow, CLOSED_ROW)

/* Of a bill in a month that the ledger has closed; NULL: its month is open. */
static const char *closed_month(Req *r, Id bill) {
    ClosedRow *p = db_find(r, ClosedRow,
        "select p.from_date as first_on from bill b join gl_period p on p.utility_id = b.utility_id "
        "and coalesce(b.accounting_date, b.bill_date) between p.from_date and p.to_date and p.state = 'closed' "
        "where b.id = ?",
        bill);
    Date on = utility_today(&r->c);
    while (p && db_int(r, "select count(*) from gl_period where utility_id = ? and state = 'closed' and ? between "
                          "from_date and to_date", r->c.utility, on)) on = date_add_days(date_month_end(on), 1);
    return !p ? NULL : msg_format(r, r->c.language, "billing.bill.closed_month",
                                  { "month", text(r, "%s %d", month_name(r->c.locale, date_ymd(p->first_on).month),
                                                  date_ymd(p->first_on).year) }, { "date", day_of(r, on) });
}

void bill_cancel_page(Req *r) {
    ViewRow *b = bill_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.bill.cancel_ask",
                                          { "no", b->bill_no ? b->bill_no : "" }));
    form_show(r, "confirm", &cancel_form, text(r, "/bx/bills/%s/cancellation", url_part(r, path_text(r, "no"))));
    show_fact(r, "confirm.facts", word(r, "billing.overview.account"), b->account_no, b->consumer_name);
    show_fact(r, "confirm.facts", word(r, "billing.overview.amount"), money_of(r, b->total), NULL);
    show_text(r, "confirm.text.0", word(r, "billing.bill.cancel_how"));
    show_text(r, "confirm.text.1", closed_month(r, b->id));
    show_text(r, "confirm.undo", word(r, "billing.bill.stays_cancelled"));
    show_text(r, "confirm.back_url", link_path(r, "/bx/bills/%s", url_part(r, path_text(r, "no"))));
    page(r, "layout/confirm");
}

void bill_cancel_post(Req *r) {
    Input *in = form_read(r, &cancel_form);
    problems_end(r);
    ViewRow *b = bill_of_path(r);
    const char *closed = closed_month(r, b->id);
    bill_cancel(&r->c, b->id, in_text(in, "reason"), in_text(in, "note"));
    note(r, "%s%s%s", msg_format(r, r->c.language, "billing.bill.cancelled_now", { "no", b->bill_no }),
         closed ? " " : "", closed ? closed : "");
    go(r, "/bx/bills/%s", url_part(r, b->bill_no));
}

#define MADE_AGAIN(F, T) F(T, const char *, name) F(T, Money, total)
ROW(MadeAgain, MADE_AGAIN)

void bill_again_post(Req *r) {
    ViewRow *b = bill_of_path(r);
    Id draft = bill_again(&r->c, b->id);
    /* locked: somebody else may have made it a moment ago, after this transaction began to read */
    const MadeAgain *made = db_one(r, MadeAgain, "select " DRAFT_NAME " as name, b.total_minor as total from bill b "
                                                 "join account a on a.id=b.account_id where b.id=? for update", draft);
    Money before = b->total, now = made->total;
    audit_note(&r->c, "rebill", "bill", draft, b->bill_no, NULL);
    note(r, "%s", msg_format(r, r->c.language, "billing.bill.made_again", { "old", money_of(r, before) },
                             { "new", money_of(r, now) }, { "difference", money_of(r, money_sub(now, before)) }));
    go(r, "/bx/bills/%s", url_part(r, made->name));
}

/* What the draft was made of has changed, or it is not wanted: the cancelled bill can be made again. */
void bill_discard_post(Req *r) {
    ViewRow *b = bill_of_path(r);
    if (b->bill_no || !is_replacement(b)) fail(r, CONFLICT, "Only a draft that replaces a bill is discarded here.");
    const char *old = db_text(r, "select o.bill_no from bill b join bill o on o.id = b.supersedes_bill_id "
                                 "where b.id = ?", b->id);
    bill_discard(&r->c, &b->id, 1);
    audit_note(&r->c, "discard", "bill", b->id, b->account_no, NULL);
    note(r, "%s", word(r, "billing.bill.discarded"));
    go(r, "/bx/bills/%s", url_part(r, old ? old : ""));
}

void bill_publish_post(Req *r) {
    ViewRow *b = bill_of_path(r);
    if (!is_replacement(b)) fail(r, CONFLICT, "Only a draft that replaces a bill is published here.");
    if (!strcmp(b->status, "held")) {               /* by an approver, who saw what holds it */
        db_must(r, 1, CONFLICT, "update bill set status='draft', hold_code=null where id=? and status='held'", b->id);
        audit_note(&r->c, "release", "bill", b->id, b->account_no, b->hold_code);
    }
    bill_publish(&r->c, &b->id, 1, &(Publishing){ .by = r->c.user });
    const char *no = db_text(r, "select bill_no from bill where id=?", b->id);
    event_emit(&r->c, &(Event){ .name = "bill.rebilled", .entity = "bill", .id = b->id, .number = no });
    audit_note(&r->c, "publish", "bill", b->id, no, NULL);
    note(r, "%s", msg_format(r, r->c.language, "billing.bill.is_published", { "no", no }));
    go(r, "/bx/bills/%s", url_part(r, no));
}
