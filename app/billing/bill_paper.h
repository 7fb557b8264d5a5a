/*
 * Bills on paper and in mails, within app/billing (BX03US01, BX04US01, BX06US01, CSS01US02).
 *
 *   BillPaper *p = bill_paper_of(c, bill, &locale);        what is printed, read once             bill_paper_facts.c
 *   Bytes pdf = bill_paper_pdf(&c->mem, p, c->locale);     the same bytes of the same facts       bill_paper.c
 *   Id document = bill_pdf(c, bill);                       stored once, never made again          bill_document.c
 *
 * A published bill's document is written once: bill.pdf_document_id and pdf_sha256 are set with it and never changed.
 * What is downloaded later is that file; a cancelled bill's carries a word across it, behind the stored bytes.
 */
#ifndef APP_BILLING_BILL_PAPER_H
#define APP_BILLING_BILL_PAPER_H

#include "app/billing/billing.h"
#include "app/billing/paper_rules.h"
#include "app/core/core.h"
#include "lib/ctx.h"
#include "lib/locale.h"
#include "lib/rows.h"

/* A bill with what stands around it, in one statement: for its paper and for its page. Names of what changes seldom
   (category, run) and of the bill it replaces come in a second step; readings and its unit are those of the first
   segment, is_parted says that there are more. */
#define PAPER_ROW(F, T) F(T, Id, id) F(T, Id, account_id) F(T, const char *, bill_no) F(T, const char *, account_no) \
    F(T, const char *, consumer_no) F(T, const char *, portal_code) F(T, const char *, consumer_name) \
    F(T, const char *, status) F(T, const char *, kind) F(T, const char *, replaces_no) F(T, const char *, language) \
    F(T, const char *, message) F(T, const char *, category) F(T, Id, template_version) F(T, const char *, choice) \
    F(T, const char *, a_name) F(T, const char *, a_line1) F(T, const char *, a_line2) F(T, const char *, a_city) \
    F(T, const char *, a_state) F(T, const char *, a_code) F(T, const char *, a_country) F(T, const char *, c_line1) \
    F(T, const char *, c_line2) F(T, const char *, c_city) F(T, const char *, c_state) F(T, const char *, c_code) \
    F(T, const char *, c_country) F(T, const char *, p_line1) F(T, const char *, p_line2) F(T, const char *, p_unit) \
    F(T, const char *, p_city) F(T, const char *, p_state) F(T, const char *, p_code) F(T, const char *, p_country) \
    F(T, Date, period_start) F(T, Date, period_end) F(T, Date, bill_date) F(T, Date, due_date) F(T, int, days) \
    F(T, Time, published_at) F(T, bool, is_estimated) F(T, Money, previous) F(T, Money, payments) \
    F(T, Money, adjustments) F(T, Money, posted) F(T, Money, forward) F(T, Money, current) F(T, Money, tax) \
    F(T, Money, deferred) F(T, Money, total) F(T, Money, due) F(T, Money, carried) F(T, const char *, currency) \
    F(T, const char *, usage_unit) F(T, const char *, pay_token) F(T, const char *, payment_status) \
    F(T, Id, sub_area_id) F(T, Money, paid) F(T, bool, dispute_hold) F(T, const char *, hold_code) F(T, bool, stale) \
    F(T, Id, version_group) F(T, int, version_no) F(T, const char *, run_no) F(T, const char *, run_mode) \
    F(T, Id, superseded_by) F(T, const char *, cancel_reason) F(T, Id, category_id) F(T, Id, run_id) \
    F(T, Id, supersedes) F(T, const char *, readings) F(T, const char *, readings_unit) F(T, bool, is_parted)
ROW(PaperRow, PAPER_ROW)

/* A published or cancelled bill of this utility; NULL when there is none of that number. */
PaperRow  *bill_paper_row(Ctx *c, const char *bill_no);
/* What a page or a mail shows of it: lines, readings and messages, of the issuer the name; the rest is left out. */
BillPaper *bill_paper_words(Ctx *c, const PaperRow *b, const Locale **locale);
/* Everything printed of a published or cancelled bill, in the bill's language; *locale gets the reader's. NOT_FOUND
   when there is none. */
BillPaper *bill_paper_of(Ctx *c, Id bill, const Locale **locale);
/* p NULL when the document could not be made. Needs no database. */
Bytes       bill_paper_pdf (Arena *a, const BillPaper *p, const Locale *l);
/* A fragment for mails: tables, no styles that a mail program does not know, everything escaped. */
const char *bill_paper_html(Arena *a, const BillPaper *p, const Locale *l);

/* That as a whole mail: a page of its own with the issuer's name above. */
const char *bill_paper_mail(Arena *a, const BillPaper *p, const Locale *l);

/* The issuer's part of any paper of this utility: name, address, logo, colours of its standard template. */
PaperIssuer paper_issuer(Ctx *c, Id template_version);

/* The mark, name and address of the issuer above a first page, with what it is at the right. */
struct Pdf;
void paper_draw_head(struct Pdf *p, Arena *a, const PaperIssuer *i, const PaperTitle *t);

/* The bill by mail, when it waits for that; in the transaction of whoever made its document. */
void bill_mail(Ctx *c, Id bill);
void bill_message_moved(Ctx *c, const EventRow *e);

/* Bills of a set whose documents are to be made: a job for each so many. In the transaction that publishes them. */
void    bill_papers_wish(Ctx *c, const Id *bills, size_t n);
JobStep bill_pdf_job     (Ctx *c, const JobRow *job);
JobStep bill_copy_job    (Ctx *c, const JobRow *job);
JobStep statement_job    (Ctx *c, const JobRow *job);      /* statement_paper.c */
JobStep statement_cleanup(Ctx *c, const JobRow *job);      /* files of more than a day */

/* For `smart360 bench`: processor time of reading and drawing bills, and of drawing alone (paper_bench.c). */
typedef struct { int64_t bills, us, drawn_us, bytes; } PaperBench;
PaperBench paper_bench(Ctx *c);

#endif
