/*
 * Documents that are valid for a time (ONB02US02): whose they are is told thirty and seven days before they expire. The
 * day is the document's own, else its type's days from the day when it came, as the utility's calendar has it. Each day
 * is told of once.
 */
#include "app/comms/comms.h"
#include "app/setup/pages.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/locale.h"

enum { FIRST_DAYS = 30, LAST_DAYS = 7, ASKED_MOST = 20000 };

#define EXPIRING(F, T) F(T, Id, id) F(T, Id, account) F(T, const char *, consumer) F(T, const char *, language) \
    F(T, const char *, type) F(T, const char *, file_name) F(T, Date, valid_to) F(T, Time, created_at) \
    F(T, int, validity_days)
ROW(Expiring, EXPIRING)

static Date until_of(Ctx *c, const Expiring *d) {
    if (date_is_set(d->valid_to)) return d->valid_to;
    return date_add_days(time_date(c->locale->zone, d->created_at), d->validity_days);
}

static void tell(Ctx *c, const Expiring *d) {
    const Locale *l = d->language ? locale_in(&c->mem, c->locale, d->language) : c->locale;
    const NotifyField fields[] = { { "consumer.name", d->consumer }, { "document.type", d->type },
                                   { "document.name", d->file_name },
                                   { "date", locale_date_words(&c->mem, l, until_of(c, d)) },
                                   { "link", public_url(c, "/home", true) }, { 0 } };
    notify(c, "document_expires", &(Recipient){ .account = d->account }, fields,
           &(NotifyOptions){ .dedup_key = text(c, "document:%lld:%s", (long long)d->id.id,
                                               date_iso(&c->mem, until_of(c, d))),
                             .entity = "document", .entity_id = d->id });
}

/* Read are those of a day more on both sides, for the database reckons in UTC; told are those of the day itself. */
static void tell_of(Ctx *c, Date day) {
    Expirings l = db_all(c, Expiring,
        "select d.id, a.id as account, n.display_name as consumer, n.preferred_language as language, t.name as type, "
        "d.file_name, d.valid_to, d.created_at, coalesce(t.validity_days, 0) as validity_days "
        "from document_type t join document d on d.type_id = t.id and d.utility_id = t.utility_id "
        "and d.status <> 'rejected' and d.erased_at is null and d.entity in ('consumer', 'account') "
        "join account a on a.id = if(d.entity = 'account', d.entity_id, (select min(x.id) from account x "
        "where x.consumer_id = d.entity_id and x.status in ('active', 'temporarily_disconnected', 'disconnected'))) "
        "and a.status in ('active', 'temporarily_disconnected', 'disconnected') "
        "join consumer n on n.id = a.consumer_id "
        "where t.utility_id = ? and coalesce(d.valid_to, date(d.created_at) + interval t.validity_days day) "
        "between ? and ? "
        "and not exists (select 1 from document o where o.type_id = d.type_id and o.entity = d.entity "
        "and o.entity_id = d.entity_id and o.id > d.id and o.status <> 'rejected' and o.erased_at is null) "
        "order by d.id limit ?", c->utility, date_add_days(day, -1), date_add_days(day, 1), (int)ASKED_MOST);
    for (size_t i = 0; i < l.n; i++)
        if (date_compare(until_of(c, &l.v[i]), day) == 0) tell(c, &l.v[i]);
}

JobStep document_expiry_job(Ctx *c, const JobRow *job) {
    (void)job;
    Date today = utility_today(c);
    tell_of(c, date_add_days(today, FIRST_DAYS));
    tell_of(c, date_add_days(today, LAST_DAYS));
    return STEP_DONE;
}
