/*
 * What consumers are told of their money, in their language: the receipt of a payment, and that one was returned or
 * charged back (CIS01US09, CSS01US03; by preference, through notify).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/comms/comms.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

const char *payment_mode_words(const char *language, const char *code, const char *name) {
    char key[80];
    int n = code ? snprintf(key, sizeof key, "cis.mode.%s", code) : -1;
    bool has = n > 0 && n < (int)sizeof key && msg_exists(key);
    return !has || (name && !strncmp(language ? language : "en", "en", 2)) ? name : msg(language, key);
}

const char *payment_channel_words(const char *language, const char *code, const char *name) {
    char key[80];
    int n = code ? snprintf(key, sizeof key, "cis.channel.%s", code) : -1;
    return n > 0 && n < (int)sizeof key && msg_exists(key) ? msg(language, key) : name;
}

#define TOLD(F, T) F(T, Id, account_id) F(T, Money, amount_minor) F(T, Date, value_date) \
    F(T, const char *, receipt_no) F(T, const char *, mode_code) F(T, const char *, mode)
ROW(Told, TOLD)

static const char *language_of(Ctx *c, const Account *a) {
    return a->consumer_language && messages_has_language(a->consumer_language) ? a->consumer_language : c->language;
}

void tell_receipt(Ctx *c, const EventRow *e) {
    Told *p = db_find(c, Told, "select p.account_id, p.amount_minor, p.value_date, r.receipt_no, m.code "
                               "as mode_code, m.name as mode "
                               "from payment p join payment_mode m on m.id = p.mode_id "
                               "join receipt r on r.payment_id = p.id or (p.payment_group is not null "
                               "and r.payment_group = p.payment_group) where p.id = ? limit 1", e->id);
    if (!p || !p->account_id.id) return;                /* in suspense: nobody to tell */
    const Account *a = account_get(c, p->account_id);
    const char *lang = language_of(c, a);
    const Locale *l = locale_in(&c->mem, c->locale, lang);
    const NotifyField fields[] = {
        { "receipt.no", p->receipt_no }, { "payment.amount", locale_money(&c->mem, l, p->amount_minor) },
        { "payment.date", locale_date_words(&c->mem, l, p->value_date) },
        { "payment.mode", payment_mode_words(lang, p->mode_code, p->mode) }, { "account_no", a->account_no },
        { "consumer.name", a->consumer_name }, { "balance", locale_balance(&c->mem, l, a->balance) },
        { "link", public_url(c, text(c, "/receipts/%s", p->receipt_no), true) }, { 0 } };
    notify(c, "payment_receipt", &(Recipient){ .consumer = a->consumer, .account = a->id, .email = a->email,
                                               .phone = a->phone, .lang = a->consumer_language }, fields,
           &(NotifyOptions){ .dedup_key = text(c, "receipt:%lld", (long long)e->id.id), .entity = "payment",
                             .entity_id = e->id,
                             .link = text(c, "/p/%s/receipts/%s", c->utility_code, p->receipt_no) });
}

/* --- returned or charged back ------------------------------------------------------------------------------------- */

#define TAKEN_BACK(F, T) F(T, Id, account_id) F(T, const char *, number) F(T, Money, amount_minor)
ROW(TakenBack, TAKEN_BACK)

/* What it had paid is open again. */
void tell_reversed(Ctx *c, const EventRow *e) {
    TakenBack *p = db_find(c, TakenBack,
                           "select p.account_id, coalesce(p.receipt_no, (select r.receipt_no from receipt r where "
                           "r.payment_group = p.payment_group limit 1), p.payment_no) as number, p.amount_minor "
                           "from payment p where p.id = ?",
                           e->id);
    if (!p || !p->account_id.id || !e->payload) return;
    Json payload = json_read(&c->mem, e->payload, strlen(e->payload), 4096, NULL);
    const char *reason = json_text(payload, "reason"), *part = json_text(payload, "amount_minor");
    Money amount = part ? (Money){ strtoll(part, NULL, 10) } : p->amount_minor;
    const Account *a = account_get(c, p->account_id);
    const char *lang = language_of(c, a), *key = text(c, "cis.reversal.%s", reason ? reason : "other");
    const Locale *l = locale_in(&c->mem, c->locale, lang);
    const NotifyField fields[] = { { "payment.amount", locale_money(&c->mem, l, amount) },
                                   { "account_no", a->account_no },
                                   { "receipt.no", p->number },
                                   { "reason", msg(lang, msg_exists(key) ? key : "cis.reversal.other") },
                                   { "balance", locale_balance(&c->mem, l, a->balance) },
                                   { 0 } };
    notify(c, "payment_reversed",
           &(Recipient){ .consumer = a->consumer,
                         .account = a->id,
                         .email = a->email,
                         .phone = a->phone,
                         .lang = a->consumer_language },
           fields,
           &(NotifyOptions){ .channels = "email,sms,inapp",
                             .dedup_key = text(c, "reversed:%s", e->event_id),
                             .entity = "payment",
                             .entity_id = e->id,
                             .link = text(c, "/p/%s/bills", c->utility_code) });
}
