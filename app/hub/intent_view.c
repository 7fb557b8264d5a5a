/*
 * Payments by a gateway as the portal looks at them: what an intent pays, and whether one like it is under way (hub.h).
 */
#include "app/core/core.h"
#include "app/hub/hub.h"
#include "lib/date.h"
#include "lib/db.h"

#define LINE_ROW(F, T) F(T, Id, account) F(T, const char *, target_kind) F(T, Id, target) F(T, Money, amount)
ROW(LineRow, LINE_ROW)

IntentLines intent_lines(Ctx *c, Id intent) {
    LineRows rows = db_all(c, LineRow, "select account_id as account, target_kind, target_id as target, amount_minor "
                                       "as amount from payment_intent_line where intent_id = ? order by seq", intent);
    IntentLines all = { take_n(c, IntentLine, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++)
        all.v[i] = (IntentLine){ rows.v[i].account, rows.v[i].target_kind, rows.v[i].target, rows.v[i].amount };
    return all;
}

Id intent_payer(Ctx *c, Id intent) {
    return db_id(c, "select portal_user_id from payment_intent where id = ?", intent);
}

const char *intent_mail(Ctx *c, Id intent) {
    return db_text(c, "select guest_email from payment_intent where id = ?", intent);
}

Time payment_intent_like_at(Ctx *c, Id account, Money amount) {
    int64_t us = db_int(c, "select timestampdiff(microsecond, '1970-01-01', max(i.created_at)) from payment_intent i "
                           "join payment_intent_line l on l.intent_id = i.id where l.account_id = ? "
                           "and i.utility_id = ? and i.state in ('requires_action', 'processing') "
                           "and i.expires_at > ? and (select sum(x.amount_minor) from payment_intent_line x "
                           "where x.intent_id = i.id and x.account_id = l.account_id) = ?", account, c->utility, c->now,
                        amount);
    return us ? (Time){ us } : TIME_NONE;
}
