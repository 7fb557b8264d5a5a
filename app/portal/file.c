/*
 * Files for consumers (CSS01US02, CSS01US05): a bill's PDF as it is stored, several as a ZIP, the account statement as
 * PDF and CSV, a receipt. What is not made yet is ordered from the job workers and waited for, outside of transactions;
 * after 1.5 s the page says so and asks again by itself.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/portal/bills.h"
#include "lib/date.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/web.h"
#include "lib/zip.h"

enum { ZIP_BILLS = 24, WAIT_MS = 1500, LOOK_MS = 20, AGAIN_S = 600, STATEMENT_MONTHS = 24 };

static void later_page(Req *r, const char *title_key, const char *again) {
    bill_pdf_later(r, again);
    portal_page(r, title_key, "layout/done");
}

/* --- one bill ----------------------------------------------------------------------------------------------------- */

typedef struct Wish { Req *r; Id bill[ZIP_BILLS]; size_t n; bool ready; } Wish;

static void download_work(Ctx *c, void *arg) {
    Wish *w = arg;
    const BillHead *b = portal_bill_of_path(w->r);
    w->bill[0] = b->id;
    w->n = 1;
    w->ready = bill_pdf_wish(c, b->id).id != 0;
    if (!w->ready) return;
    bill_seen(c, b);
    bill_pdf_answer(w->r, bill_by_id(c, b->id), "portal", true);
}

void bill_download(Req *r) {
    Wish w = { .r = r };
    db_tx(&r->c, DB_WRITE, download_work, &w, NULL);
    if (!w.ready && bill_pdfs_wait(&r->c, w.bill, w.n)) db_tx(&r->c, DB_WRITE, download_work, &w, NULL);
    if (!w.ready) later_page(r, "portal.bill.pdf", link_path(r, "/bills/%s/pdf", path_text(r, "no")));
}

/* --- several bills ------------------------------------------------------------------------------------------------ */

/* Those ticked ("b_<number>"), else those of a year, else all. */
static BillHeads wished(Req *r, BillHeads all) {
    Ctx *c = &r->c;
    int year = (int)query_int(r, "year", 0);
    BillHeads some = { take_n(c, BillHead, all.n + 1), 0 };
    for (size_t i = 0; i < all.n; i++)
        if (query_text(r, text(c, "b_%s", all.v[i].bill_no))) some.v[some.n++] = all.v[i];
    if (some.n) return some;
    for (size_t i = 0; i < all.n; i++)
        if (!year || date_ymd(all.v[i].bill_date).year == year) some.v[some.n++] = all.v[i];
    return some;
}

static void zip_work(Ctx *c, void *arg) {
    Wish *w = arg;
    BillHeads bills = wished(w->r, bills_of(c, mine_shown(w->r), NULL));
    if (!bills.n) fail(c, NOT_FOUND, "There is no such page.");
    if (bills.n > ZIP_BILLS) fail(c, INVALID, "%s", msg(c->language, "portal.bills.zip_many"));
    w->ready = true;
    w->n = bills.n;
    for (size_t i = 0; i < bills.n; i++) {
        w->bill[i] = bills.v[i].id;
        if (!bill_pdf_wish(c, bills.v[i].id).id) w->ready = false;
    }
    if (!w->ready) return;
    ZipFile *files = take_n(c, ZipFile, bills.n);
    for (size_t i = 0; i < bills.n; i++) {
        const BillHead *b = bill_by_id(c, bills.v[i].id);
        files[i] = (ZipFile){ text(c, "%s.pdf", b->bill_no), bill_pdf_bytes(c, b), b->bill_date };
        bill_seen(c, b);
        audit_note(c, "download", "bill", b->id, b->bill_no, "portal");
    }
    Bytes zip = zip_of(&c->mem, files, bills.n);
    if (!zip.p) fail(c, INVALID, "%s", msg(c->language, "portal.bills.zip_many"));
    header_set(w->r, "Content-Disposition", "attachment; filename=\"bills.zip\"");
    answer(w->r, 200, "application/zip", zip.p, zip.n);
}

void bills_zip(Req *r) {
    Wish w = { .r = r };
    db_tx(&r->c, DB_WRITE, zip_work, &w, NULL);
    if (!w.ready && bill_pdfs_wait(&r->c, w.bill, w.n)) db_tx(&r->c, DB_WRITE, zip_work, &w, NULL);
    const char *asked = strchr(r->uri, '?');
    if (!w.ready) later_page(r, "portal.bills.zip", text(r, "%s%s", link_path(r, "/bills.zip"), asked ? asked : ""));
}

/* --- statement ---------------------------------------------------------------------------------------------------- */

typedef struct Asked { Req *r; const Mine *m; Date from, to; Time since; Id document; bool order; } Asked;

static Date day_asked(Req *r, const char *name) {
    const char *s = query_text(r, name);
    Date d;
    if (!s || !date_parse_iso(s, &d)) fail(r, NOT_FOUND, "There is no such page.");
    return d;
}

static void range_of(Ctx *c, Asked *a) {
    Req *r = a->r;
    a->from = day_asked(r, "from");
    a->to = day_asked(r, "to");
    a->m = mine_here(r);
    if (!a->m) a->m = mine_all(c).n ? &mine_all(c).v[0] : NULL;
    if (!a->m) fail(c, NOT_FOUND, "There is no such page.");
    if (date_compare(a->from, a->to) > 0) fail(c, INVALID, "%s", msg(c->language, "portal.statement.order"));
    if (date_compare(date_add_months(a->from, STATEMENT_MONTHS), a->to) <= 0)
        fail(c, INVALID, "%s", msg(c->language, "portal.statement.range"));
}

void statement_csv_get(Req *r) {
    Ctx *c = &r->c;
    Asked a = { .r = r };
    range_of(c, &a);
    Bytes csv = statement_csv(c, a.m->id, a.from, a.to, c->language);
    audit_note(c, "export", "account", a.m->id, a.m->account_no, "portal");
    header_set(r, "Content-Disposition", text(r, "attachment; filename=\"statement-%s.csv\"", a.m->account_no));
    answer(r, 200, "text/csv; charset=utf-8", csv.p, csv.n);
}

/* Of an order of the last ten minutes whatever came of it serves; `since` in the address says when it was placed. */
static void statement_work(Ctx *c, void *arg) {
    Asked *a = arg;
    range_of(c, a);
    if (!a->since.us) {
        int64_t since = query_int(a->r, "since", 0);
        a->order = since <= 0 || since > time_unix(c->now) || since < time_unix(c->now) - AGAIN_S;
        a->since = a->order ? c->now : time_of_unix(since);
    }
    a->document = statement_made(c, a->m->id, a->from, a->to, a->since);
    if (!a->document.id && a->order) statement_order(c, a->m->id, a->from, a->to, c->language);
    a->order = false;
    if (!a->document.id) return;
    const Document *d = document_open(c, a->document);
    audit_note(c, "export", "account", a->m->id, a->m->account_no, "portal");
    answer_file(a->r, d->internal_path, "application/pdf", d->file_name, true);
}

void statement_pdf_get(Req *r) {
    Asked a = { .r = r };
    for (int ms = 0; !a.document.id && ms <= WAIT_MS; ms += LOOK_MS) {
        if (ms) nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000 }, NULL);
        db_tx(&r->c, DB_WRITE, statement_work, &a, NULL);
    }
    if (a.document.id) return;
    later_page(r, "portal.statement.title",
               link_path(r, "/statement.pdf?from=%s&to=%s&since=%lld", date_iso(&r->c.mem, a.from),
                         date_iso(&r->c.mem, a.to), (long long)time_unix(a.since)));
}

/* --- a receipt ---------------------------------------------------------------------------------------------------- */

typedef struct Paid { Req *r; const char *no; Id document; } Paid;

static void receipt_work(Ctx *c, void *arg) {
    Paid *p = arg;
    ReceiptPayments all = payments_of_receipt(c, p->no);
    if (!all.n) fail(c, NOT_FOUND, "There is no such page.");
    for (size_t i = 0; i < all.n; i++)
        if (!payment_may_see(c, all.v[i].account, all.v[i].intent)) fail(c, NOT_FOUND, "There is no such page.");
    p->document = receipt_pdf_wish(c, p->no);
    if (!p->document.id) return;
    const Document *d = document_open(c, p->document);
    bool again = receipt_printed(c, p->no, "pdf") > 0;
    audit_note(c, "download", "receipt", p->document, p->no, "portal");
    if (!again || !portal_setting_is(c, "receipt_duplicate")) {
        answer_file(p->r, d->internal_path, "application/pdf", d->file_name, true);
        return;
    }
    Bytes pdf = receipt_duplicate(c, p->no);
    header_set(p->r, "Content-Disposition", text(c, "attachment; filename=\"%s\"", d->file_name));
    answer(p->r, 200, "application/pdf", pdf.p, pdf.n);
}

void receipt_download(Req *r) {
    Paid p = { .r = r, .no = path_text(r, "no") };
    for (int ms = 0; !p.document.id && ms <= WAIT_MS; ms += LOOK_MS) {
        if (ms) nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000 }, NULL);
        db_tx(&r->c, DB_WRITE, receipt_work, &p, NULL);
    }
    if (p.document.id) return;
    bill_pdf_later(r, link_path(r, "/receipts/%s/pdf", p.no));
    show_text(r, "page.title", msg_format(&r->c, r->c.language, "portal.pay.receipt", { "no", p.no }));
    portal_page(r, NULL, "layout/done");
}
