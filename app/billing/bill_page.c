/*
 * The bill viewer as far as the thread needs it (BX04US01): the list of all bills, a bill with its calculation,
 * readings, ledger entries and versions; cancelling by the approver and making again. Drafts are looked at as
 * /bx/bills/draft-<id> by those who work on runs.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/bill.h"
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

#define VIEW_ROW(F, T) F(T, Id, id) F(T, const char *, bill_no) F(T, const char *, status) \
    F(T, const char *, payment_status) F(T, const char *, account_no) F(T, const char *, consumer_name) \
    F(T, Id, sub_area_id) \
    F(T, Date, period_start) F(T, Date, period_end) F(T, Date, bill_date) F(T, Date, due_date) F(T, int, days) \
        F(T, Money, previous) F(T, Money, payments) F(T, Money, adjustments) F(T, Money, posted) F(T, Money, forward) \
    F(T, Money, current) F(T, Money, tax) F(T, Money, total) F(T, Money, due) F(T, Money, carried) F(T, Money, paid) \
        F(T, bool, is_estimated) F(T, bool, dispute_hold) F(T, const char *, hold_code) F(T, bool, stale) \
    F(T, const char *, trace) \
    F(T, Id, version_group) F(T, int, version_no) F(T, const char *, run_no) F(T, const char *, run_mode) \
        F(T, Id, superseded_by) F(T, const char *, cancel_reason) F(T, const char *, message)
ROW(ViewRow, VIEW_ROW)

#define VIEW_SELECT "select b.id, b.bill_no, b.status, b.payment_status, a.account_no, n.display_name " \
                    "as consumer_name, m.sub_area_id, b.period_start, b.period_end, b.bill_date, b.due_date, b.days, " \
    "b.previous_balance_minor as previous, b.payments_minor as payments, b.adjustments_minor as adjustments, " \
    "b.posted_charges_minor as posted, b.balance_forward_minor as forward, b.current_charges_minor as current, " \
    "b.tax_minor as tax, b.total_minor as total, b.amount_due_minor as due, b.credit_carried_minor as carried, " \
    "b.paid_minor as paid, b.is_estimated, b.dispute_hold, b.hold_code, b.stale, b.calc_trace as trace, " \
    "coalesce(b.version_group_id, b.id) as version_group, b.version_no, r.run_no, r.mode as run_mode, " \
    "b.superseded_by_bill_id as superseded_by, b.cancel_reason, b.message " \
    "from bill b join account a on a.id = b.account_id join consumer n on n.id = b.consumer_id " \
    "join premise m on m.id = a.premise_id left join bill_run r on r.id = b.bill_run_id "

/* By number, or a draft by its id for those who work on runs. */
static ViewRow *bill_of_path(Req *r) {
    const char *no = path_text(r, "no");
    ViewRow *b = NULL;
    if (!strncmp(no, "draft-", 6)) {
        if (!perm_may(&r->c, "bx.run", VIEW)) fail(r, NOT_FOUND, "There is no such bill.");
        b = db_find(r, ViewRow, VIEW_SELECT "where b.id = ? and b.utility_id = ? "
                                            "and b.status in ('draft', 'held', 'approved', 'discarded')",
                    (Id){ strtoll(no + 6, NULL, 10) }, r->c.utility);
    } else {
        b = db_find(r, ViewRow, VIEW_SELECT "where b.bill_no = ? and b.utility_id = ?", no, r->c.utility);
    }
    if (!b) fail(r, NOT_FOUND, "There is no bill %s.", no);
    scope_check_area(&r->c, b->sub_area_id);
    return b;
}

static const char *money_of(Req *r, Money m) { return locale_money_plain(&r->c.mem, r->c.locale, m); }

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
        table_cell(t, how ? how : l->has_qty ? text(r, "%s %s", quantity_decimal(&r->c.mem, l->line_qty_micro),
                                                    l->unit ? l->unit : "") : NULL);
        table_cell(t, l->code);
        table_money(t, l->amount_minor);
    }
    table_foot(t, word(r, "billing.run.total"));
    table_foot(t, NULL);
    table_foot(t, NULL);
    table_foot(t, money_of(r, b->total));
}

static void show_use(Req *r, const ViewRow *b, Json trace) {
    show_text(r, "show.sections.2.title", word(r, "billing.bill.use_and_readings"));
    Json segments = json_member(trace, "segments");
    size_t n = 0;
    for (size_t i = 0; i < json_size(segments); i++) {
        Json s = json_item(segments, i);
        const char *use = json_text(s, "use");
        int64_t version = 0;
        json_int(s, "version", &version);
        show_text(r, text(r, "show.sections.2.text.%zu", n++),
                  text(r, "%s, plan %s version %lld%s%s", json_text(s, "connection") ? json_text(s, "connection") : "",
                       json_text(s, "plan") ? json_text(s, "plan") : "", (long long)version,
                                                                use ? ": " : "", use ? use : ""));
    }
    TableView *t = table_start(r, "show.sections.2.table", word(r, "billing.bill.readings_of"));
    table_column(t, word(r, "billing.run.meter"), "code", "id");
    table_column(t, word(r, "billing.run.from"), "date", NULL);
    table_column(t, word(r, "billing.bill.reading"), "num", NULL);
    table_column(t, word(r, "billing.run.to"), "date", NULL);
    table_column(t, word(r, "billing.bill.reading"), "num", NULL);
    table_column(t, word(r, "billing.overview.use"), "num", "amount");
    table_column(t, word(r, "billing.run.kind"), "status", "status");
    Segments uses = mx_bill_segments_of(&r->c, b->id);
    for (size_t i = 0; i < uses.n; i++) {
        const Segment *u = &uses.v[i];
        table_row(t, NULL);
        table_cell(t, u->meter_no);
        table_date(t, u->from);
        table_cell(t, reading_decimal(&r->c.mem, u->from_value));
        table_date(t, u->to);
        table_cell(t, reading_decimal(&r->c.mem, u->to_value));
        table_cell(t, text(r, "%s %s", reading_decimal(&r->c.mem, u->billing_quantity), u->billing_unit));
        table_state(t, u->is_estimated ? "estimated" : "actual");
    }
    table_empty(t, word(r, "billing.bill.no_readings"), word(r, "billing.bill.no_readings_how"));
}

static void show_ledger(Req *r, const ViewRow *b) {
    ledger_entries_show(r, "show.sections.3", &(LedgerSource){ "bill", b->id }, 1,
                        word(r, "billing.bill.no_entries_how"));
}

static void show_versions(Req *r, const ViewRow *b) {
    if (b->version_no < 2 && !b->superseded_by.id && strcmp(b->status, "cancelled")) return;
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

static void show_actions(Req *r, const ViewRow *b) {
    size_t n = 0;
    bool may = perm_may(&r->c, "bx.bill", APPROVE);
    if (b->bill_no) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.bill.pdf"));
        show_text(r, at(r, "show.moves", n++, "url"), link_path(r, "/bx/bills/%s/pdf", url_part(r, b->bill_no)));
    }
    if (may && !strcmp(b->status, "published")) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.bill.cancel_bill"));
        show_text(r, at(r, "show.moves", n, "kind"), "danger");
        show_text(r, at(r, "show.moves", n++, "url"),
                  link_path(r, "/bx/bills/%s/cancellation", url_part(r, b->bill_no)));
    }
    if (perm_may(&r->c, "bx.bill", EDIT) && !strcmp(b->status, "published")) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, b->dispute_hold ? "billing.bill.dispute_clear"
                                                          : "billing.bill.dispute"));
        show_text(r, at(r, "show.moves", n++, "url"), link_path(r, "/bx/bills/%s/dispute", url_part(r, b->bill_no)));
    }
    if (may && !strcmp(b->status, "cancelled") && !b->superseded_by.id) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.bill.bill_again"));
        show_text(r, at(r, "show.moves", n, "post"), "1");
        show_text(r, at(r, "show.moves", n++, "url"), link_path(r, "/bx/bills/%s/rebill", url_part(r, b->bill_no)));
    }
    if (may && !strcmp(b->status, "draft") && b->version_no > 1) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.bill.publish"));
        show_text(r, at(r, "show.moves", n, "kind"), "primary");
        show_text(r, at(r, "show.moves", n, "post"), "1");
        show_text(r, at(r, "show.moves", n++, "url"), link_path(r, "/bx/bills/draft-%lld/publication",
            (long long)b->id.id));
    }
}

/* Tabs of a bill that was published; drafts have the one page. */
static void show_tabs(Req *r, const ViewRow *b, const char *tab) {
    static const char *const keys[] = { "", "payments", "delivery", "notes" };
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

Id bill_head(Req *r, const char *tab) {
    ViewRow *b = bill_of_path(r);
    if (!b->bill_no) fail(r, NOT_FOUND, "A draft has no such page.");
    show_head(r, b, tab);
    show_fact(r, "show.facts", word(r, "billing.bill.amount_due"), money_of(r, b->due), NULL);
    show_fact(r, "show.facts", word(r, "billing.run.account"), b->account_no, b->consumer_name);
    show_fact(r, "show.facts", word(r, "billing.run.due_date"), day_of(r, b->due_date), NULL);
    return b->id;
}

void bill_show(Req *r) {
    ViewRow *b = bill_of_path(r);
    show_head(r, b, "");
    Json trace = b->trace ? json_read(&r->c.mem, b->trace, strlen(b->trace), 1 << 20, NULL) : (Json){ 0 };
    show_figures(r, b);
    show_lines(r, b, trace);
    show_use(r, b, trace);
    show_ledger(r, b);
    show_versions(r, b);
    history_aside(r, "bill", b->id, NULL);
    audit_note(&r->c, "view", "bill", b->id, b->bill_no, NULL);
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

void bill_cancel_page(Req *r) {
    ViewRow *b = bill_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.bill.cancel_ask",
                                          { "no", b->bill_no ? b->bill_no : "" }));
    form_show(r, "confirm", &cancel_form, text(r, "/bx/bills/%s/cancellation", url_part(r, path_text(r, "no"))));
    show_fact(r, "confirm.facts", word(r, "billing.overview.account"), b->account_no, b->consumer_name);
    show_fact(r, "confirm.facts", word(r, "billing.overview.amount"), money_of(r, b->total), NULL);
    show_text(r, "confirm.text.0", word(r, "billing.bill.cancel_how"));
    show_text(r, "confirm.undo", word(r, "billing.bill.stays_cancelled"));
    show_text(r, "confirm.back_url", link_path(r, "/bx/bills/%s", url_part(r, path_text(r, "no"))));
    page(r, "layout/confirm");
}

void bill_cancel_post(Req *r) {
    Input *in = form_read(r, &cancel_form);
    problems_end(r);
    ViewRow *b = bill_of_path(r);
    bill_cancel(&r->c, b->id, in_text(in, "reason"), in_text(in, "note"));
    note(r, "%s", msg_format(r, r->c.language, "billing.bill.cancelled_now", { "no", b->bill_no }));
    go(r, "/bx/bills/%s", url_part(r, b->bill_no));
}

void bill_again_post(Req *r) {
    ViewRow *b = bill_of_path(r);
    Id draft = bill_again(&r->c, b->id);
    Money before = b->total, now = db_money(r, "select total_minor from bill where id=?", draft);
    audit_note(&r->c, "rebill", "bill", draft, b->bill_no, NULL);
    note(r, "%s", msg_format(r, r->c.language, "billing.bill.made_again", { "old", money_of(r, before) },
                             { "new", money_of(r, now) }, { "difference", money_of(r, money_sub(now, before)) }));
    go(r, "/bx/bills/draft-%lld", (long long)draft.id);
}

void bill_publish_post(Req *r) {
    ViewRow *b = bill_of_path(r);
    bill_publish(&r->c, &b->id, 1, &(Publishing){ .by = r->c.user });
    const char *no = db_text(r, "select bill_no from bill where id=?", b->id);
    event_emit(&r->c, &(Event){ .name = "bill.rebilled", .entity = "bill", .id = b->id, .number = no });
    audit_note(&r->c, "publish", "bill", b->id, no, NULL);
    note(r, "%s", msg_format(r, r->c.language, "billing.bill.is_published", { "no", no }));
    go(r, "/bx/bills/%s", url_part(r, no));
}
