/*
 * The reading behind a cancelled bill is put right (BX04US01.4): the index that the bill ended or began with is
 * superseded by what it should have been, its use is written anew, and the bill can be made again. Only a cancelled
 * bill has given its use back; before that metering refuses.
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/billing/run_page.h"
#include "app/core/core.h"
#include "app/meters/meters.h"
#include "lib/locale.h"

static const Form fix_form = { .name = "bill_fix", .fields = FIELDS {
    { "reading", TEXT(1, 20),      .flags = REQUIRED },
    { "value",   READING(0, 0),    .flags = REQUIRED },
    { "cause",   TEXT(1, 20),      .flags = REQUIRED },
    { "note",    LONG_TEXT(5, 250), .flags = REQUIRED },
    { 0 } } };

#define FIX_ROW(F, T) F(T, Id, id) F(T, const char *, meter_no) F(T, Date, read_on) F(T, Reading, value)
ROW(FixRow, FIX_ROW)

/* Readings that stand now in the days of the bill, of the meters that it was made of; newest first. */
static FixRows readings_of(Ctx *c, Id bill) {
    return db_all(c, FixRow,
        "select distinct g.id, m.meter_no, g.read_on, g.value_e3 as value from bill_segment s join meter_reading g "
        "on g.service_connection_id = s.service_connection_id and g.status = 'passed' and g.value_e3 is not null "
        "and g.type <> 'initial' and g.read_on between s.segment_start and s.segment_end + interval 5 day "
        "join meter m on m.id = g.meter_id where s.bill_id = ? and s.readings is not null "
        "order by g.read_on desc, g.id desc limit 20", bill);
}

#define FIX_BILL(F, T) F(T, Id, id) F(T, const char *, bill_no) F(T, const char *, status) F(T, Id, again)
ROW(FixBill, FIX_BILL)

static FixBill *bill_to_fix(Req *r) {
    Id bill = bill_head(r, "");
    FixBill *b = db_one(r, FixBill, "select b.id, b.bill_no, b.status, coalesce((select max(x.id) from bill x where "
                                    "x.supersedes_bill_id = b.id and x.live_flag = 1), 0) as again from bill b "
                                    "where b.id = ?", bill);
    if (strcmp(b->status, "cancelled"))
        fail(r, CONFLICT, "Bill %s is %s. Cancel it first: its reading is billed.", b->bill_no, b->status);
    if (b->again.id) fail(r, CONFLICT, "Bill %s was made again. Its reading is billed.", b->bill_no);
    return b;
}

#define CAUSE_ROW(F, T) F(T, const char *, code) F(T, const char *, label)
ROW(Cause, CAUSE_ROW)

void bill_fix_page(Req *r) {
    FixBill *b = bill_to_fix(r);
    FixRows all = readings_of(&r->c, b->id);
    const char *path = text(r, "/bx/bills/%s", url_part(r, b->bill_no));
    if (!all.n) fail(r, CONFLICT, "Bill %s was made without a reading.", b->bill_no);
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.bill.correct_ask", { "no", b->bill_no }));
    FormView *v = form_show(r, "form", &fix_form, text(r, "%s/correction", path));
    form_set(v, "reading", "kind", "select");
    for (size_t i = 0; i < all.n; i++)
        form_option(v, "reading", text(r, "%lld", (long long)all.v[i].id.id),
                    text(r, "%s, %s: %s", all.v[i].meter_no, locale_date(&r->c.mem, r->c.locale, all.v[i].read_on),
                         locale_reading(&r->c.mem, r->c.locale, all.v[i].value)));
    form_set(v, "cause", "kind", "select");
    Causes causes = db_all(r, Cause, "select code, label from reading_reason_code where utility_id = ? and active = 1 "
                                     "and json_contains(contexts, '\"correction\"') order by sort, code",
                           r->c.utility);
    for (size_t i = 0; i < causes.n; i++) form_option(v, "cause", causes.v[i].code, causes.v[i].label);
    show_text(r, "page.width", "narrow");
    show_text(r, "form.intro", word(r, "billing.bill.correct_how"));
    show_text(r, "form.cancel_url", link_path(r, "%s", path));
    page(r, "layout/form");
}

void bill_fix_post(Req *r) {
    Input *in = form_read(r, &fix_form);
    problems_end(r);
    FixBill *b = bill_to_fix(r);
    FixRows all = readings_of(&r->c, b->id);
    int64_t id = strtoll(in_text(in, "reading"), NULL, 10);
    const FixRow *old = NULL;
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].id.id == id) old = &all.v[i];
    if (!old) fail_field(r, INVALID, "reading", "Choose a reading of this bill.");
    Id made = reading_correct(&r->c, old->id, in_reading(in, "value"), in_text(in, "cause"), in_text(in, "note"));
    audit_write(&r->c, &(Audit){ .action = "correct_reading", .entity = "bill", .id = b->id, .number = b->bill_no,
                                 .before = json_pairs(&r->c, "index", reading_decimal(&r->c.mem, old->value), NULL),
                                 .after = json_pairs(&r->c, "index", reading_decimal(&r->c.mem, in_reading(in,
                                                                                                "value")), NULL),
                                 .reason = in_text(in, "note") });
    const char *status = db_text(r, "select status from meter_reading where id = ?", made);
    note(r, "%s", word(r, strcmp(status, "passed") ? "billing.bill.corrected_waits" : "billing.bill.corrected"));
    go(r, "/bx/bills/%s", url_part(r, b->bill_no));
}
