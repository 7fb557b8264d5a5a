/*
 * A payment beyond the list (CSS01US05): its receipt by mail, a question about it with a slip of the bank, and the
 * summary of a year as a PDF, made by a job and kept for a day like the account statement (its kind of document).
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/comms/comms.h"
#include "app/core/installation.h"
#include "app/portal/files.h"
#include "app/portal/history.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/sheet.h"

enum { WAIT_MS = 1500, LOOK_MS = 20, AGAIN_S = 600, YEAR_LEAST = 2000, YEAR_MOST = 2200, PAYMENTS_MOST = 100000 };

/* --- the receipt by mail ------------------------------------------------------------------------------------------ */

/* To the visitor's own proved address, as it was sent to the holder. */
void payment_mail_post(Req *r) {
    Ctx *c = &r->c;
    const PaymentSeen *p = payment_of_path(r);
    const PortalUser *u = portal_user_by_id(c, c->user);
    if (!p->receipt_no) fail(c, CONFLICT, "%s", msg(c->language, "portal.payments.no_receipt"));
    if (!db_int(c, "select count(*) from portal_user where id = ? and email_verified_at is not null", u->id))
        fail(c, CONFLICT, "%s", msg(c->language, "portal.paperless.prove"));
    const Account *a = account_get(c, p->account);
    NotifyField fields[] = {
        { "receipt.no", p->receipt_no },
        { "payment.amount", locale_money(&c->mem, c->locale, p->amount) },
        { "payment.date", locale_date_words(&c->mem, c->locale, time_date(c->locale->zone, p->received_at)) },
        { "payment.mode", payment_mode_words(c->language, p->mode_code, p->mode) },
        { "account_no", a->account_no },
        { "consumer.name", a->consumer_name },
        { "balance", locale_balance(&c->mem, c->locale, a->balance) },
        { "link", public_url(c, text(c, "/receipts/%s", p->receipt_no), true) },
        { 0 }
    };
    notify(c, "payment_receipt", &(Recipient){ .email = u->email, .lang = c->language }, fields,
           &(NotifyOptions){ .channels = "email",
                             .entity = "payment",
                             .entity_id = p->id,
                             .document = receipt_pdf_wish(c, p->receipt_no),
                             .dedup_key = text(c, "receipt copy:%s:%s:%lld", p->payment_no, u->email,
                                               (long long)(time_unix(c->now) / 3600)) });
    audit_note(c, "send", "receipt", p->id, p->receipt_no, "portal");
    note(r, "%s", msg_format(c, c->language, "portal.bill.mailed", { "email", u->email }));
    go(r, "/payments/%s", p->payment_no);
}

/* --- a question --------------------------------------------------------------------------------------------------- */

static const Form question_form = { .name = "portal.question",
                                    .fields = FIELDS{ { "words", NULL, LONG_TEXT(10, 4000), .flags = REQUIRED },
                                                      { "files", NULL, FILE_FIELD },
                                                      { 0 } } };

static void check_question(Ctx *c, const PaymentSeen *p) {
    portal_check(c, p->account, ACCESS_PAYER);
    const char *no = payment_complaint_open(c, p->account, p->payment_no);
    if (no) fail(c, CONFLICT, "%s", msg_format(c, c->language, "portal.question.open", { "no", no }));
}

void question_page(Req *r) {
    Ctx *c = &r->c;
    const PaymentSeen *p = payment_of_path(r);
    if (!r->again) check_question(c, p);
    FormView *v = form_show(r, "form", &question_form, text(r, "/payments/%s/question", p->payment_no));
    form_set(v, "files", "multiple", "1");
    form_set(v, "files", "accept", "image/*,application/pdf");
    show_text(r, "form.intro", msg(c->language, "portal.question.how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.submit", msg(c->language, "portal.dispute.send"));
    show_text(r, "form.cancel_url", link_path(r, "/payments/%s", p->payment_no));
    show_text(r, "page.sub", p->payment_no);
    show_text(r, "page.crumbs.0.text", p->payment_no);
    show_text(r, "page.crumbs.0.url", link_path(r, "/payments/%s", p->payment_no));
    portal_page(r, "portal.question.title", "portal/ask");
}

void question_post(Req *r) {
    Ctx *c = &r->c;
    const PaymentSeen *p = payment_of_path(r);
    Input *in = form_read(r, &question_form);
    files_check(r, "files");
    problems_end(r);
    account_lock(c, p->account);
    check_question(c, p);
    Id id = complaint_create(c, &(NewComplaint){ .account = p->account,
                                                 .type_code = "PAY-MISSING",
                                                 .channel = "portal",
                                                 .subject = msg_format(c, "en", "portal.question.subject",
                                                                       { "no", p->payment_no }),
                                                 .description = in_text(in, "words"),
                                                 .extra = json_pairs(c, "payment_no", p->payment_no, NULL) });
    files_keep(r, "files", "complaint", id);
    note(r, "%s", msg_format(c, c->language, "portal.question.done",
                             { "no", payment_complaint_open(c, p->account, p->payment_no) }));
    go(r, "/payments/%s", p->payment_no);
}

/* --- the paper of a year ------------------------------------------------------------------------------------------ */

static const char *name_of(Ctx *c, int year, const char *which) { return text(c, "Payments-%d-%s.pdf", year, which); }

/* What came in, less what was taken back; nothing that failed or waits. */
static Money kept_of(const PaidRow *x) {
    return x->seen && strcmp(x->state, "pending")
        ? money_sub(x->seen->amount, money_add(x->seen->refunded, x->seen->reversed)) : (Money){ 0 };
}

static Bytes year_pdf(Ctx *c, int year, Mines mines, const char *lang) {
    const Locale *l = locale_in(&c->mem, c->locale, lang);
    PaidRows all = paid_rows(c, mines, PAYMENTS_MOST);
    Text accounts = text_start(c);
    text_add(&accounts, "");
    for (size_t i = 0; i < mines.n; i++) text_addf(&accounts, "%s%s", i ? "\n" : "", mines.v[i].account_no);
    Sheet *s = paper_sheet(c, &(PaperTitle){ .title = msg(lang, "paper.year"), .no = text(c, "%d", year),
                                             .date = locale_date_words(&c->mem, l, utility_today(c)),
                                             .made_at = c->now }, lang);
    sheet_blocks(s, (SheetBlock[]){ { msg(lang, "paper.account"), accounts.s } }, 1);
    sheet_gap(s, 10);
    double w = s->right - s->left;
    SheetColumn columns[] = { { msg(lang, "paper.date"), w * 0.16, PDF_LEFT },
                              { msg(lang, "paper.receipt"), w * 0.26, PDF_LEFT },
                              { msg(lang, "paper.receipt_mode"), w * 0.38, PDF_LEFT },
                              { msg(lang, "paper.amount"), w * 0.2, PDF_RIGHT } };
    sheet_table(s, columns, 4);
    Money sum = { 0 };
    for (size_t i = all.n; i-- > 0;) {
        const PaidRow *x = &all.v[i];
        Money kept = kept_of(x);
        if (!kept.minor || paid_year(c, x->at) != year) continue;
        sum = money_add(sum, kept);
        const char *mode = payment_mode_words(lang, x->seen->mode_code, x->seen->mode);
        sheet_row(s, (SheetCell[]){ { locale_date(&c->mem, l, time_date(l->zone, x->at)), NULL },
                                    { x->seen->receipt_no ? x->seen->receipt_no : x->seen->payment_no, NULL },
                                    { mode, paid_account(c, x) },
                                    { locale_money(&c->mem, l, kept), NULL } }, SHEET_PLAIN);
    }
    sheet_row(s, (SheetCell[]){ { "", NULL }, { msg(lang, "paper.year_sum"), NULL }, { "", NULL },
                                { locale_money(&c->mem, l, sum), NULL } }, SHEET_TOTAL);
    sheet_table_end(s);
    return pdf_end(s->pdf);
}

/* As the one who asked sees them: his accounts of now, what he may see of each. */
JobStep year_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *user = json_text(p, "user"), *which = json_text(p, "which"), *lang = json_text(p, "language"),
               *year = json_text(p, "year");
    if (!user || !which || !lang || !year) job_give_up(c, "the payload names no year of anybody");
    c->realm = REALM_PORTAL;
    c->user = db_id(c, "select id from portal_user where public_id = ? and utility_id = ?", user, c->utility);
    const Mine *one = strcmp(which, "all") ? mine_by_no(c, which) : NULL;
    Mines mines = one ? (Mines){ (Mine *)one, 1 } : mine_all(c);
    if (!c->user.id || !mines.n || (!one && strcmp(which, "all"))) job_give_up(c, "nobody sees these accounts now");
    document_paper(c, &(NewPaper){ "statement", c->user, name_of(c, atoi(year), which),
                                   year_pdf(c, atoi(year), mines, lang) });
    return STEP_DONE;
}

typedef struct Wished { Req *r; int year; const char *which; Time since; Id document; bool order; } Wished;

static void order(Ctx *c, const Wished *w) {
    const char *user = portal_user_by_id(c, c->user)->public_id, *year = text(c, "%d", w->year);
    job_enqueue(c, &(NewJob){ .kind = "portal.year",
                              .priority = 20,
                              .payload = json_pairs(c, "user", user, "which", w->which, "year", year, "language",
                                                    c->language, NULL),
                              .unique_key = text(c, "%s:%s:%s:%s", user, w->which, year, c->language) });
}

/* Of an order of the last ten minutes whatever came of it serves; `since` in the address says when it was placed. */
static void year_work(Ctx *c, void *arg) {
    Wished *w = arg;
    if (!w->since.us) {
        int64_t since = query_int(w->r, "since", 0);
        w->order = since <= 0 || since > time_unix(c->now) || since < time_unix(c->now) - AGAIN_S;
        w->since = w->order ? c->now : time_of_unix(since);
    }
    const char *name = name_of(c, w->year, w->which);
    w->document = document_paper_find(c, &(PaperKey){ "statement", c->user, name, w->since });
    if (!w->document.id && w->order) order(c, w);
    w->order = false;
    if (!w->document.id) return;
    const Document *d = document_open(c, w->document);
    audit_note(c, "export", "payment", (Id){ 0 }, NULL, "portal");
    answer_file(w->r, d->internal_path, "application/pdf", d->file_name, true);
}

void year_pdf_get(Req *r) {
    Ctx *c = &r->c;
    Mines mines = mine_shown(r);
    Wished w = { .r = r, .year = (int)query_int(r, "year", 0), .which = mines.n == 1 ? mines.v[0].account_no : "all" };
    if (!mines.n || w.year < YEAR_LEAST || w.year > YEAR_MOST) fail(c, NOT_FOUND, "There is no such page.");
    for (int ms = 0; !w.document.id && ms <= WAIT_MS; ms += LOOK_MS) {
        if (ms) nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000 }, NULL);
        db_tx(c, DB_WRITE, year_work, &w, NULL);
    }
    if (w.document.id) return;
    bill_pdf_later(r, link_path(r, "/payments/summary.pdf?year=%d&since=%lld", w.year, (long long)time_unix(w.since)));
    show_text(r, "page.title", msg_format(c, c->language, "portal.payments.summary",
                                          { "year", text(r, "%d", w.year) }));
    portal_page(r, NULL, "layout/done");
}
