/*
 * Questioning a bill (CSS01US02, "Dispute"): lines, a reason, words and files become a complaint about the bill,
 * which is held back meanwhile. One open at a time, within 60 days of issue (setting dispute_days). A bill that is paid
 * is questioned too: then nothing is held back.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/portal/bills.h"
#include "app/portal/files.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/utf8.h"

enum { LINES_MOST = 100 };

static const Choice reasons[] = { { "too_high", NULL }, { "wrong_reading", NULL }, { "wrong_charge", NULL },
                                  { "not_mine", NULL }, { "other_reason", NULL },  { 0 } };

static const Form dispute_form = { .name = "portal.dispute",
                                   .fields = FIELDS{
                                       { "reason", NULL, CHOICE(reasons), .flags = REQUIRED },
                                       { "words", NULL, LONG_TEXT(10, 4000), .flags = REQUIRED },
                                       { "files", NULL, FILE_FIELD },
                                       { 0 } } };

/* --- what is open already ----------------------------------------------------------------------------------------- */

const char *dispute_of(Ctx *c, const BillHead *b) {
    Disputes *kept = fact_get(c, "portal_disputes", b->account.id);
    if (!kept) {
        kept = take(c, sizeof *kept);
        *kept = bill_disputes_open(c, b->account);
        fact_keep(c, "portal_disputes", b->account.id, kept);
    }
    for (size_t i = 0; i < kept->n; i++)
        if (kept->v[i].bill.id == b->id.id) return kept->v[i].complaint_no;
    return NULL;
}

static Date last_day(Ctx *c, const BillHead *b) {
    return date_add_days(b->bill_date, (int)portal_setting_int(c, "dispute_days"));
}

bool dispute_may(Ctx *c, const BillHead *b) {
    const Mine *m = mine_by_id(c, b->account);
    return m && mine_may(m, ACCESS_MANAGER) && !strcmp(b->status, "published") && !dispute_of(c, b) &&
           date_compare(utility_today(c), last_day(c, b)) <= 0;
}

/* --- /bills/<no>/dispute ------------------------------------------------------------------------------------------ */

static void check_open(Ctx *c, const BillHead *b) {
    const char *no = dispute_of(c, b);
    if (no) fail(c, CONFLICT, "%s", msg_format(c, c->language, "portal.dispute.open", { "no", no }));
    if (strcmp(b->status, "published")) fail(c, CONFLICT, "%s", msg(c->language, "portal.dispute.replaced"));
    if (date_compare(utility_today(c), last_day(c, b)) > 0)
        fail(c, CONFLICT, "%s",
             msg_format(c, c->language, "portal.dispute.late",
                        { "days", text(c, "%lld", (long long)portal_setting_int(c, "dispute_days")) },
                        { "date", locale_date(&c->mem, c->locale, last_day(c, b)) }));
}

void dispute_page(Req *r) {
    Ctx *c = &r->c;
    const BillHead *b = portal_bill_to_manage(r);
    const char *no = dispute_of(c, b);
    if (!r->again) check_open(c, b);
    BillDetails lines = bill_details(c, b->id);
    for (size_t i = 0; i < lines.n && i < LINES_MOST; i++) {
        const BillDetail *l = &lines.v[i];
        if (strcmp(l->section, "current") || l->amount.minor <= 0) continue;
        show_text(r, at(r, "lines", i, "seq"), text(r, "%d", l->seq));
        show_text(r, at(r, "lines", i, "text"), l->description);
        show_text(r, at(r, "lines", i, "amount"), locale_money(&c->mem, c->locale, l->amount));
        show_flag(r, at(r, "lines", i, "picked"), field_text(r, text(r, "line_%d", l->seq)) != NULL);
    }
    FormView *v = form_show(r, "form", &dispute_form, text(r, "/bills/%s/dispute", b->bill_no));
    form_set(v, "files", "multiple", "1");
    form_set(v, "files", "accept", "image/*,application/pdf");
    show_text(r, "form.submit", msg(c->language, "portal.dispute.send"));
    show_text(r, "form.cancel_url", link_path(r, "/bills/%s", b->bill_no));
    if (no)
        show_text(r, "open_url", link_path(r, "/bills/%s", b->bill_no)),
            show_text(r, "open", msg_format(c, c->language, "portal.dispute.open", { "no", no }));
    for (int k = 0; k < r->problems; k++)
        if (r->problem[k].field && !strcmp(r->problem[k].field, "lines"))
            show_text(r, "lines_error", r->problem[k].text);
    show_text(r, "page.sub", b->bill_no);
    show_text(r, "page.crumbs.0.text", b->bill_no);
    show_text(r, "page.crumbs.0.url", link_path(r, "/bills/%s", b->bill_no));
    portal_page(r, "portal.dispute.title", "portal/dispute");
}

/* The chosen lines: their sum, at most what is open (nothing of a bill that is paid); their numbers, "" for none. */
static Money chosen(Req *r, const BillHead *b, const char **numbers) {
    BillDetails lines = bill_details(&r->c, b->id);
    Money sum = { 0 };
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < lines.n; i++) {
        const BillDetail *l = &lines.v[i];
        if (strcmp(l->section, "current") || l->amount.minor <= 0 || !field_text(r, text(r, "line_%d", l->seq)))
            continue;
        sum = money_add(sum, l->amount);
        text_addf(&t, "%s%d", t.n ? ", " : "", l->seq);
    }
    *numbers = t.s;
    return money_compare(sum, b->open) > 0 ? b->open : sum;
}

static const char *type_of(const char *reason) { return !strcmp(reason, "too_high") ? "BILL-HIGH" : "BILL-WRONG"; }

void dispute_post(Req *r) {
    Ctx *c = &r->c;
    const BillHead *b = portal_bill_to_manage(r);
    check_open(c, b);
    Input *in = form_read(r, &dispute_form);
    const char *numbers;
    Money amount = chosen(r, b, &numbers);
    if (!*numbers) problem(r, "lines", "%s", msg(c->language, "portal.dispute.choose"));
    files_check(r, "files");
    problems_end(r);
    const char *reason = in_text(in, "reason"), *says = msg(c->language, text(c, "portal.dispute.reason.%s", reason));
    Id id = complaint_create(c, &(NewComplaint){ .account = b->account,
                                                 .bill = b->id,
                                                 .type_code = type_of(reason),
                                                 .channel = "portal",
                                                 .disputed = amount,
                                                 .subject = text(c, "%s: %s", b->bill_no, says),
                                                 .description = in_text(in, "words"),
                                                 .extra = json_pairs(c, "lines", numbers, "reason", reason, NULL) });
    files_keep(r, "files", "complaint", id);
    note(r, "%s",
         msg_format(c, c->language, amount.minor ? "portal.dispute.done" : "portal.dispute.done_paid",
                    { "no", db_text(c, "select complaint_no from complaint where id = ?", id) }));
    go(r, "/bills/%s", b->bill_no);
}
