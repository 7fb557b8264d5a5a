/*
 * The account statement as a file (CSS01US02.7): every posting of a time with its running balance. Made by a job, kept
 * for a day: whoever wants it again gets it anew, of the ledger as it is then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "lib/csv.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/sheet.h"

enum { KEEP_S = 86400 };

static const char *what_of(const char *lang, const StatementLine *l) {
    char key[100];
    snprintf(key, sizeof key, "portal.txn.%s", l->type);
    return msg(lang, msg_exists(key) ? key : "portal.txn.other");
}

Bytes statement_csv(Ctx *c, Id account, Date from, Date to, const char *language) {
    const Account *a = account_get(c, account);
    Statement s = account_statement(c, account, from, to);
    CsvText *w = csv_start(&c->mem);
    int exponent = utility_here(c)->exponent;
    static const char *const head[] = { "account_no", "date", "entry", "number", "amount", "balance", "currency" };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) csv_text(w, head[i]);
    csv_end(w);
    for (size_t i = 0; i < s.n + 2; i++) {
        bool opening = i == 0, closing = i == s.n + 1;
        const StatementLine *l = opening || closing ? NULL : &s.v[i - 1];
        csv_text(w, a->account_no);
        csv_text(w, date_iso(&c->mem, opening ? from : closing ? to : l->date));
        csv_text(w, l ? what_of(language, l) : msg(language, opening ? "paper.opening" : "paper.closing"));
        csv_text(w, l && l->number ? l->number : "");
        csv_number(w, l ? money_decimal(&c->mem, l->amount, exponent) : "");
        csv_number(w, money_decimal(&c->mem, opening ? s.opening : closing ? s.closing : l->balance, exponent));
        csv_text(w, a->currency);
        csv_end(w);
    }
    return (Bytes){ w->text.s, w->text.n };
}

/* --- PDF ---------------------------------------------------------------------------------------------------------- */

static void sum_row(Sheet *s, const char *label, const char *amount) {
    sheet_row(s, (SheetCell[]){ { "", NULL }, { label, NULL }, { "", NULL }, { amount, NULL } }, SHEET_TOTAL);
}

static Bytes statement_pdf(Ctx *c, const Account *a, Date from, Date to, const char *lang) {
    const Locale *l = locale_in(&c->mem, c->locale, lang);
    Statement all = account_statement(c, a->id, from, to);
    Sheet *s = paper_sheet(c, &(PaperTitle){ .title = msg(lang, "paper.statement"), .no = a->account_no,
                                             .date = locale_period(&c->mem, l, from, to), .made_at = c->now }, lang);
    sheet_blocks(s, (SheetBlock[]){ { msg(lang, "paper.account"), text(c, "%s\n%s", a->account_no, a->consumer_name) },
                                    { msg(lang, "paper.premise"), a->address } }, 2);
    sheet_gap(s, 10);
    double w = s->right - s->left;
    SheetColumn columns[] = { { msg(lang, "paper.date"), w * 0.16, PDF_LEFT },
                              { msg(lang, "paper.what"), w * 0.44, PDF_LEFT },
                              { msg(lang, "paper.amount"), w * 0.2, PDF_RIGHT },
                              { msg(lang, "paper.balance"), w * 0.2, PDF_RIGHT } };
    sheet_table(s, columns, 4);
    sum_row(s, msg(lang, "paper.opening"), locale_money(&c->mem, l, all.opening));
    for (size_t i = 0; i < all.n; i++) {
        const StatementLine *one = &all.v[i];
        SheetCell cells[] = { { locale_date(&c->mem, l, one->date), NULL },
                              { what_of(lang, one), one->number },
                              { locale_money(&c->mem, l, one->amount), NULL },
                              { locale_money(&c->mem, l, one->balance), NULL } };
        sheet_row(s, cells, SHEET_PLAIN);
    }
    sum_row(s, msg(lang, "paper.closing"), locale_money(&c->mem, l, all.closing));
    sheet_table_end(s);
    return pdf_end(s->pdf);
}

/* --- ordered, made, given up -------------------------------------------------------------------------------------- */

static const char *name_of(Ctx *c, const char *account_no, Date from, Date to) {
    return text(c, "Statement-%s-%s-%s.pdf", account_no, date_iso(&c->mem, from), date_iso(&c->mem, to));
}

void statement_order(Ctx *c, Id account, Date from, Date to, const char *language) {
    const char *first = date_iso(&c->mem, from), *last = date_iso(&c->mem, to);
    job_enqueue(c, &(NewJob){ .kind = "statement.pdf",
                              .priority = 20,
                              .payload = json_pairs(c, "account", text(c, "%lld", (long long)account.id), "from", first,
                                                    "to", last, "language", language, NULL),
                              .unique_key = text(c, "%lld:%s:%s:%s", (long long)account.id, first, last, language) });
}

Id statement_made(Ctx *c, Id account, Date from, Date to, Time since) {
    const char *name = name_of(c, account_get(c, account)->account_no, from, to);
    return document_paper_find(c, &(PaperKey){ "statement", account, name, since });
}

JobStep statement_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *id = json_text(p, "account"), *lang = json_text(p, "language");
    Date from, to;
    if (!id || !lang || !date_parse_iso(json_text(p, "from"), &from) || !date_parse_iso(json_text(p, "to"), &to))
        job_give_up(c, "the payload names no statement");
    const Account *a = account_get(c, (Id){ strtoll(id, NULL, 10) });
    document_paper(c, &(NewPaper){ "statement", a->id, name_of(c, a->account_no, from, to),
                                   statement_pdf(c, a, from, to, lang) });
    return STEP_DONE;
}

#define OLD_FILE(F, T) F(T, Id, id)
ROW(OldFile, OLD_FILE)

JobStep statement_cleanup(Ctx *c, const JobRow *job) {
    (void)job;
    OldFiles all = db_all(
        c, OldFile,
        "select id from document where entity = 'statement' and utility_id = ? and created_at < ? and erased_at is "
        "null order by id limit 500",
        c->utility, time_add_seconds(c->now, -KEEP_S));
    for (size_t i = 0; i < all.n; i++) document_erase(c, all.v[i].id);
    return all.n == 500 ? STEP_AGAIN : STEP_DONE;
}
