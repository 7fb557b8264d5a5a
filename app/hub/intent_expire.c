/*
 * Intents whose time is over (CSS01US03, ONB03US01): created, failed_to_start or requires_action -> expired, stored by
 * whoever meets it first: a start, an answer of the gateway, or the poll of every five minutes. One that stands at its
 * gateway is asked for once more before. Money that arrives later is still posted (its rank is higher).
 */
#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"

enum { AT_ONCE = 500 };

bool intent_expire(Ctx *c, Id intent) {
    int64_t done = db_run(c, "update payment_intent set state='expired', `rank`=3, next_check_at=null, updated_at=? "
                             "where id=? and expires_at < ? "
                             "and (state in ('failed_to_start', 'requires_action') or (state='created' "
                             "and not exists (select 1 from payment_attempt t where t.intent_id=payment_intent.id "
                             "and t.state in ('about_to_call', 'unknown'))))", c->now, intent, c->now);
    if (!done) return false;
    const Intent *i = intent_get(c, intent);
    audit_note(c, "expire", "payment_intent", intent, i->intent_no, NULL);
    event_emit(c, &(Event){ .name = "payment_intent.expired", .entity = "payment_intent", .id = intent,
                            .number = i->intent_no, .account = i->account });
    return true;
}

#define OVER(F, T) F(T, Id, id) F(T, const char *, intent_no) F(T, bool, is_at_gateway)
ROW(Over, OVER)

void intents_expire(Ctx *c) {
    Overs all = db_all(c, Over, "select id, intent_no, state='requires_action' as is_at_gateway from payment_intent "
                                "where utility_id=? and state in ('created', 'failed_to_start', 'requires_action') "
                                "and expires_at < ? order by id limit ?", c->utility, c->now, (int)AT_ONCE);
    for (size_t i = 0; i < all.n; i++) {
        if (!all.v[i].is_at_gateway) intent_expire(c, all.v[i].id);
        else job_enqueue(c, &(NewJob){ .kind = "payment.check", .unique_key = all.v[i].intent_no,
                                       .payload = text(c, "{\"intent\":%lld}", (long long)all.v[i].id.id) });
    }
}
