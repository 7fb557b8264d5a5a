/*
 * Notes in the portal about what happened to an account (CSS01US09): a bill that was posted, however it is delivered
 * otherwise. Who sees which note stands in app/comms/notify.c.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/comms/comms.h"
#include "app/portal/pages.h"
#include "lib/date.h"
#include "lib/locale.h"

/* Most accounts have nobody in the portal: asked first. */
void bill_noted(Ctx *c, const EventRow *e) {
    if (!db_int(c, "select exists (select 1 from portal_account_link where account_id = ? and ended_at is null)",
                e->account)) return;
    const BillHead *b = bill_by_id(c, e->id);
    const Account *a = account_get(c, e->account);
    if (!b || !strcmp(b->status, "cancelled")) return;
    const Locale *l = a->consumer_language ? locale_in(&c->mem, c->locale, a->consumer_language) : c->locale;
    NotifyField fields[] = { { "bill.no", b->bill_no },
                             { "bill.amount_due", locale_money(&c->mem, l, b->amount_due) },
                             { "bill.due_date", locale_date_words(&c->mem, l, b->due_date) },
                             { "bill.period", locale_period(&c->mem, l, b->period_start, b->period_end) },
                             { "account_no", a->account_no },
                             { "consumer.name", a->consumer_name },
                             { "link", public_url(c, text(c, "/bills/%s", b->bill_no), true) },
                             { 0 } };
    notify(c, "bill_ready", &(Recipient){ .account = e->account, .lang = a->consumer_language }, fields,
           &(NotifyOptions){ .channels = "inapp",
                             .event_id = e->event_id,
                             .link = text(c, "/p/%s/bills/%s", c->utility_code, b->bill_no) });
}
