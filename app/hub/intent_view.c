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

#define UNPAID_ROW(F, T)                                                                                               \
    F(T, Id, id)                                                                                                       \
    F(T, Id, account) F(T, Id, payer) F(T, const char *, public_id) F(T, const char *, state) F(T, Money, amount)      \
        F(T, Money, fee) F(T, Time, created_at)
ROW(UnpaidRow, UNPAID_ROW)

IntentsSeen intents_unpaid(Ctx *c, const Id *accounts, size_t n, Time since) {
    if (!n) return (IntentsSeen){ take_n(c, IntentSeen, 1), 0 };
    UnpaidRows rows = db_all(
        c, UnpaidRow,
        "select i.id, i.account_id as account, i.portal_user_id as payer, i.public_id, i.state, i.amount_minor as "
        "amount, i.fee_minor as fee, i.created_at from json_table(?, '$[*]' columns (id bigint path '$')) j "
        "join payment_intent i on i.account_id = j.id where i.utility_id = ? and i.created_at > ? and i.state in "
        "('requires_action', 'processing', 'needs_review', 'failed', 'failed_to_start', 'cancelled') "
        "order by i.id desc limit 200",
        json_ids(c, accounts, n), c->utility, since);
    IntentsSeen all = { take_n(c, IntentSeen, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const UnpaidRow *x = &rows.v[i];
        all.v[i] = (IntentSeen){ x->id, x->account, x->payer, x->public_id, x->state, x->amount, x->fee,
                                 x->created_at };
    }
    return all;
}
