/*
 * What consumers are told of their money: the receipt of a payment (CIS01US09; by preference, through notify).
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/comms/comms.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"

#define TOLD(F, T) F(T, Id, account_id) F(T, Money, amount_minor) F(T, Date, value_date) \
    F(T, const char *, receipt_no) F(T, const char *, mode)
ROW(Told, TOLD)

void tell_receipt(Ctx *c, const EventRow *e) {
    Told *p = db_find(c, Told, "select p.account_id, p.amount_minor, p.value_date, r.receipt_no, m.name as mode "
                               "from payment p join payment_mode m on m.id = p.mode_id "
                               "join receipt r on r.payment_id = p.id or (p.payment_group is not null "
                               "and r.payment_group = p.payment_group) where p.id = ? limit 1", e->id);
    if (!p || !p->account_id.id) return;                /* in suspense: nobody to tell */
    const Account *a = account_get(c, p->account_id);
    if (!a->email && !a->phone) return;
    const NotifyField fields[] = {
        { "receipt.no", p->receipt_no }, { "payment.amount", locale_money(&c->mem, c->locale, p->amount_minor) },
        { "payment.date", locale_date_words(&c->mem, c->locale, p->value_date) },
        { "payment.mode", p->mode }, { "account_no", a->account_no }, { "consumer.name", a->consumer_name },
        { "balance", locale_balance(&c->mem, c->locale, a->balance) },
        { "link", public_url(c, text(c, "/receipts/%s", p->receipt_no), true) }, { 0 } };
    notify(c, "payment_receipt", &(Recipient){ .consumer = a->consumer, .account = a->id, .email = a->email,
                                               .phone = a->phone, .lang = a->consumer_language }, fields,
           &(NotifyOptions){ .dedup_key = text(c, "receipt:%lld", (long long)e->id.id), .entity = "payment",
                             .entity_id = e->id,
                             .link = text(c, "/p/%s/receipts/%s", c->utility_code, p->receipt_no) });
}
