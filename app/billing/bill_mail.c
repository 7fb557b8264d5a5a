/*
 * The bill by mail (BX06US01, CSS01US12.3): its HTML with the way to the portal, the PDF attached where the utility
 * says so (setting bx.attach_pdf); or a text message with the way to it. Sent once, after its
 * document is made: the delivery's state guards it. And a copy of it for who asks.
 */
#include <string.h>

#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "app/comms/comms.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/messages.h"

enum { WAITING_MOST = 10 };

#define WAITING(F, T) F(T, Id, id) F(T, const char *, channel) F(T, const char *, address) \
    F(T, Id, consumer) F(T, Id, account) F(T, Id, document)
ROW(Waiting, WAITING)

static NotifyField *fields_of(Ctx *c, const BillPaper *p, const Locale *l) {
    const NotifyField all[] = { { "bill.no", p->bill_no },
                                { "bill.amount_due", locale_money(&c->mem, l, p->due) },
                                { "bill.due_date", locale_date_words(&c->mem, l, p->due_date) },
                                { "bill.period", locale_period(&c->mem, l, p->period_start, p->period_end) },
                                { "account_no", p->account_no },
                                { "consumer.name", p->consumer_name },
                                { "link", public_url(c, text(c, "/bills/%s", p->bill_no), true) },
                                { 0 } };
    NotifyField *to = take(c, sizeof all);
    memcpy(to, all, sizeof all);
    return to;
}

static Notified send_one(Ctx *c, Id bill, const Waiting *d, const BillPaper *p, const Locale *l) {
    bool by_mail = !strcmp(d->channel, "email"), attach = by_mail && setting_int(c, "bx.attach_pdf", 0) != 0;
    const NotifyOptions options = { .channels = by_mail ? "email" : "sms",
                                    .dedup_key = text(c, "bill:%lld:%lld", (long long)bill.id, (long long)d->id.id),
                                    .entity = "bill",
                                    .entity_id = bill,
                                    .document = attach ? d->document : (Id){ 0 },
                                    .html = by_mail ? bill_paper_mail(&c->mem, p, l) : NULL };
    return notify(c, "bill_ready",
                  &(Recipient){ .consumer = d->consumer,
                                .account = d->account,
                                .email = by_mail ? d->address : NULL,
                                .phone = by_mail ? NULL : d->address,
                                .lang = l->language },
                  fields_of(c, p, l), &options);
}

void bill_mail(Ctx *c, Id bill) {
    Waitings all = db_all(
        c, Waiting,
        "select d.id, d.channel, d.address, b.consumer_id as consumer, b.account_id as account, "
        "coalesce(b.pdf_document_id, 0) as document from bill_delivery d join bill b on b.id = d.bill_id "
        "where d.bill_id = ? and d.channel in ('email', 'sms') and d.state = 'queued' "
        "and d.address is not null and b.status = 'published' and d.message_id is null order by d.id limit ? "
        "for update",
        bill, (int)WAITING_MOST);
    if (!all.n) return;
    const Locale *l;
    const BillPaper *p = bill_paper_of(c, bill, &l);
    for (size_t i = 0; i < all.n; i++) {
        Notified n = send_one(c, bill, &all.v[i], p, l);
        db_run(
            c,
            "update bill_delivery set state = ?, message_id = ?, attempts = attempts + 1, reason = ?, sent_at = ? "
            "where id = ?",
            n.suppressed ? "failed" : "sent", n.message, n.suppressed, c->now, all.v[i].id);
    }
}

/* What became of it: events of the message. */
void bill_message_moved(Ctx *c, const EventRow *e) {
    const char *status = e->payload
                             ? json_text(json_read(&c->mem, e->payload, strlen(e->payload), 4096, NULL), "status")
                             : NULL;
    if (!status) return;
    const char *state = !strcmp(status, "delivered") ? "delivered"
                        : !strcmp(status, "bounced") ? "hard_bounced"
                                                     : "failed";
    bill_delivery_result(c, e->id, state, strcmp(state, "delivered") ? status : NULL);
}

/* --- a copy ------------------------------------------------------------------------------------------------------- */

void bill_mail_copy(Ctx *c, Id bill, const char *email, const char *lang) {
    job_enqueue(c, &(NewJob){ .kind = "bill.copy",
                              .priority = 50,
                              .payload = json_pairs(c, "bill", text(c, "%lld", (long long)bill.id), "email", email,
                                                    "lang", lang, NULL),
                              .unique_key = text(c, "%lld:%lld:%s:%s", (long long)c->utility.id, (long long)bill.id,
                                                 lang ? lang : "", email) });
}

JobStep bill_copy_job(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *no = json_text(p, "bill"), *email = json_text(p, "email"), *lang = json_text(p, "lang");
    Id bill = no ? db_id(c, "select id from bill where id = ? and utility_id = ?", no, c->utility) : (Id){ 0 };
    if (!bill.id || !email) job_give_up(c, "the payload names no bill and address");
    const Locale *l;
    Id document = bill_pdf(c, bill);
    const BillPaper *paper = bill_paper_of(c, bill, &l);
    notify(c, "bill_ready", &(Recipient){ .email = email, .lang = lang }, fields_of(c, paper, l),
           &(NotifyOptions){ .channels = "email",
                             .document = document,
                             .html = bill_paper_mail(&c->mem, paper, l),
                             .entity = "bill",
                             .entity_id = bill,
                             .dedup_key = text(c, "bill_copy:%lld:%s:%lld", (long long)bill.id, email,
                                               (long long)(time_unix(c->now) / 3600)) });
    return STEP_DONE;
}
