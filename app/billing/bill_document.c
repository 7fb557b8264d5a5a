/*
 * The stored documents of bills (BX04US01, CSS01US02; I4): made once by a job and never again, so that what was sent,
 * what is downloaded and what an auditor finds are the same bytes (bill.pdf_sha256). Publishing orders them for its
 * whole set; whoever wants one that is not there yet orders it before the others and waits some 50 ms.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "lib/db.h"
#include "lib/digest.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/pdf.h"
#include "lib/req.h"

enum { STEP_BILLS = 20, SOON = 20, LATER = 150, WAIT_MS = 1500, LOOK_MS = 20, PDF_MAX = 20 * 1024 * 1024 };

/* --- making one --------------------------------------------------------------------------------------------------- */

#define KEPT(F, T) F(T, Id, document) F(T, const char *, bill_no)
ROW(Kept, KEPT)

Id bill_pdf(Ctx *c, Id bill) {
    Kept *k = db_find(
        c, Kept,
        "select coalesce(pdf_document_id, 0) as document, bill_no from bill where id = ? and utility_id = ? "
        "and status in ('published', 'cancelled') for update",
        bill, c->utility);
    if (!k) fail(c, NOT_FOUND, "There is no such bill.");
    if (k->document.id) return k->document;
    const Locale *l;
    const BillPaper *p = bill_paper_of(c, bill, &l);
    const char *refusal = paper_refusal(&c->mem, p);
    if (refusal) fail(c, BROKEN, "bill %s cannot be printed: %s", k->bill_no, refusal);
    Bytes pdf = bill_paper_pdf(&c->mem, p, l);
    if (!pdf.p) fail(c, BROKEN, "bill %s: the PDF could not be written", k->bill_no);
    uint8_t hash[DIGEST_MAX];
    digest(SHA256, pdf, hash);
    Id document = document_paper(c, &(NewPaper){ "bill", bill, text(c, "%s.pdf", k->bill_no), pdf });
    db_must(c, 1, CONFLICT,
            "update bill set pdf_document_id = ?, pdf_sha256 = ? where id = ? and pdf_document_id is null", document,
            bytes_at(hash, 32), bill);
    return document;
}

/* --- by jobs ------------------------------------------------------------------------------------------------------ */

void bill_papers_wish(Ctx *c, const Id *bills, size_t n) {
    for (size_t i = 0; i < n; i += 500)
        job_enqueue(
            c, &(NewJob){ .kind = "bill.pdf",
                          .priority = LATER,
                          .payload = text(c, "{\"bills\":%s}", json_ids(c, bills + i, n - i < 500 ? n - i : 500)) });
}

typedef struct One { Id bill; } One;

static void make_one(Ctx *c, void *one) { bill_pdf(c, ((One *)one)->bill); }
static void mail_one(Ctx *c, void *one) { bill_mail(c, ((One *)one)->bill); }

/* A bill that cannot be printed holds up no other: it is told to whoever looks after jobs. */
static bool make(Ctx *c, Id bill) {
    One one = { bill };
    if (db_savepoint(c, make_one, &one)) {
        if (db_savepoint(c, mail_one, &one)) return true;
    }
    const char *no = db_text(c, "select bill_no from bill where id = ?", bill);
    alert_raise(c, "bill_pdf", "warning", text(c, "bill_pdf:%lld", (long long)bill.id),
                text(c, "Bill %s was not made or sent: %s", no ? no : "", c->failure.text),
                no ? text(c, "/u/%s/bx/bills/%s", c->utility_code, no) : NULL);
    return false;
}

JobStep bill_pdf_job(Ctx *c, const JobRow *job) {
    Json list = json_member(json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL), "bills");
    size_t n = json_size(list), at = job->cursor ? strtoul(job->cursor, NULL, 10) : 0,
           end = at + STEP_BILLS < n ? at + STEP_BILLS : n;
    int64_t errors = 0;
    for (; at < end; at++) {
        int64_t id = 0;
        if (json_int(json_item(list, at), "", &id) && !make(c, (Id){ id })) errors++;
    }
    job_progress(c, text(c, "%zu", at), (int64_t)at, (int64_t)n, errors);
    return at < n ? STEP_AGAIN : STEP_DONE;
}

/* --- for those who want one --------------------------------------------------------------------------------------- */

Id bill_pdf_wish(Ctx *c, Id bill) {
    Id document = db_id(c, "select coalesce(pdf_document_id, 0) from bill where id = ? and utility_id = ?", bill,
                        c->utility);
    if (!document.id)
        job_enqueue(c, &(NewJob){ .kind = "bill.pdf",
                                  .priority = SOON,
                                  .payload = text(c, "{\"bills\":[%lld]}", (long long)bill.id),
                                  .unique_key = text(c, "%lld:%lld", (long long)c->utility.id, (long long)bill.id) });
    return document;
}

typedef struct Looking { const Id *bills; size_t n; bool all; } Looking;

static void look(Ctx *c, void *arg) {
    Looking *k = arg;
    const char *ids = json_ids(c, k->bills, k->n);
    k->all = !db_int(
        c,
        "select count(*) from json_table(?, '$[*]' columns (id bigint path '$')) j join bill b on b.id = j.id "
        "and b.utility_id = ? "
        "and b.pdf_document_id is null",
        ids, c->utility);
}

bool bill_pdfs_wait(Ctx *c, const Id *bills, size_t n) {
    Looking k = { bills, n, false };
    for (int ms = 0;; ms += LOOK_MS) {
        ArenaMark m = mark(c);
        db_tx(c, DB_READ, look, &k, NULL);
        rewind_to(c, m);
        if (k.all || ms >= WAIT_MS) return k.all;
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000 }, NULL);
    }
}

Bytes bill_pdf_bytes(Ctx *c, const BillHead *b) {
    size_t n;
    const char *stored = document_read(c, b->document, PDF_MAX, &n);
    if (strcmp(b->status, "cancelled")) return (Bytes){ stored, n };
    const char *lang = db_text(c, "select language from bill where id = ?", b->id);
    Bytes stamped = pdf_stamp(&c->mem, (Bytes){ stored, n }, msg(lang, "paper.stamp_cancelled"));
    if (!stamped.p) fail(c, BROKEN, "the document of bill %s is not one of ours", b->bill_no);
    return stamped;
}

void bill_pdf_answer(Req *r, const BillHead *b, const char *by, bool attachment) {
    Ctx *c = &r->c;
    const char *name = text(r, "%s.pdf", b->bill_no);
    audit_note(c, "download", "bill", b->id, b->bill_no, by);
    if (attachment && strcmp(b->status, "cancelled")) {
        const Document *d = document_open(c, b->document);
        answer_file(r, d->internal_path, "application/pdf", name, true);
        return;
    }
    Bytes pdf = bill_pdf_bytes(c, b);
    header_set(r, "Content-Disposition", text(r, "%s; filename=\"%s\"", attachment ? "attachment" : "inline", name));
    if (!attachment) header_set(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'self'");
    answer(r, 200, "application/pdf", pdf.p, pdf.n);
}

void bill_pdf_later(Req *r, const char *again) {
    header_set(r, "Refresh", "2");
    r->status = 202;
    show_text(r, "done.text.0", msg(r->c.language, "paper.being_made"));
    show_text(r, "done.actions.0.text", msg(r->c.language, "paper.try_again"));
    show_text(r, "done.actions.0.url", again);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

typedef struct Asked { Req *r; const BillHead *b; bool attachment; } Asked;

static void ask_work(Ctx *c, void *arg) {
    Asked *a = arg;
    const char *no = path_text(a->r, "no");
    a->b = bill_get(c, no);
    if (!a->b && !strncmp(no, "draft-", 6)) fail(c, DENIED, "A draft has no PDF yet.");
    if (!a->b) fail(c, NOT_FOUND, "There is no bill %s.", no);
    scope_check_area(
        c, db_id(c, "select p.sub_area_id from account a join premise p on p.id = a.premise_id where a.id = ?",
                 a->b->account));
    if (bill_pdf_wish(c, a->b->id).id) bill_pdf_answer(a->r, a->b, NULL, a->attachment);
}

static void answer_work(Ctx *c, void *arg) {
    Asked *a = arg;
    bill_pdf_answer(a->r, bill_by_id(c, a->b->id), NULL, a->attachment);
}

void bill_pdf_page(Req *r) {
    Asked a = { .r = r, .attachment = query_text(r, "download") != NULL };
    db_tx(&r->c, DB_WRITE, ask_work, &a, NULL);
    if (a.b->document.id) return;
    if (bill_pdfs_wait(&r->c, &a.b->id, 1)) {
        db_tx(&r->c, DB_WRITE, answer_work, &a, NULL);
        return;
    }
    bill_pdf_later(r, link_path(r, "/bx/bills/%s/pdf", a.b->bill_no));
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.bill.title", { "no", a.b->bill_no }));
    page(r, "layout/done");
}
