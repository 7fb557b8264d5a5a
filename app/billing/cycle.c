/*
 * What other modules' news does to billing's own rows: an account joins its cycle, a delivery by message ends
 * (BX03US02, BX06US01).
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"

/* The active cycle whose service, categories and areas fit; areas count with all below them. */
Id account_cycle_join(Ctx *c, Id account, Date from) {
    Id there = db_id(c, "select cycle_id from account_cycle where account_id=? and to_period is null", account);
    if (there.id) return there;
    Id cycle = db_id(c, "select y.id from bill_cycle y join account a on a.id=? join premise p on p.id=a.premise_id "
                        "join service_area sa on sa.id=p.sub_area_id "
        "where y.utility_id=? and y.state='active' and exists (select 1 from service_connection s "
        "where s.account_id=a.id and s.service_code=y.service_code and s.status<>'closed') "
        "and (y.category_ids is null or json_length(y.category_ids)=0 "
        "or json_contains(y.category_ids, cast(a.category_id as char))) "
        "and (y.sub_category_ids is null or json_length(y.sub_category_ids)=0 "
        "or json_contains(y.sub_category_ids, cast(a.sub_category_id as char))) "
        "and (y.area_ids is null or json_length(y.area_ids)=0 or exists (select 1 from service_area up "
        "where json_contains(y.area_ids, cast(up.id as char)) and sa.path like concat(up.path, '%'))) "
        "and (y.premise_ids is null or json_length(y.premise_ids)=0 or json_contains(y.premise_ids, cast(a.premise_id "
        "as char))) order by y.id limit 1", account, c->utility);
    if (!cycle.id) return cycle;
    Date first = { (int32_t)db_int(c, "select coalesce(to_days(min(from_date)) - to_days('1970-01-01'), ?) "
                                      "from bill_cycle_period where cycle_id=? and to_date>=? and state<>'closed'",
                                   from.day, cycle, from) };
    db_add(c, "insert into account_cycle (utility_id, account_id, cycle_id, from_period, created_by) "
              "values (?,?,?,?,?)", c->utility, account, cycle, first, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    return cycle;
}

void bill_delivery_result(Ctx *c, Id message, const char *state, const char *reason) {
    db_run(c, "update bill_delivery set state=?, reason=left(?, 300), sent_at=coalesce(sent_at, ?), ended_at=if(? in "
              "('delivered', 'opened', 'hard_bounced', 'failed'), ?, ended_at) where message_id=? and utility_id=?",
           state, reason, c->now, state, c->now, message, c->utility);
}
