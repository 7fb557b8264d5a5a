/*
 * Addresses that get nothing any more (UX05US05, ONB03US01 "permanent codes"): somebody said STOP, the mailbox or the
 * number does not exist, a mail was called spam. One open row a channel, address and scope; lifting keeps it.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/comms/comms.h"
#include "app/core/core.h"
#include "lib/db.h"

void suppress_add(Ctx *c, const char *channel, const char *address, const char *reason, const char *source) {
    bool is_complaint = !strcmp(reason, "complaint");
    if (!c->utility.id) return;
    db_run(c, "insert into suppression (utility_id, channel, address_hash, reason, scope, since, source) "
              "values (?,?,?,?,?,?,left(?, 60)) on duplicate key update reason = "
              "values(reason), source = values(source)",
           c->utility, channel, lookup_hash(c, address), reason, is_complaint ? "service_promotional" : "all", c->now,
           source);
    if (!strcmp(reason, "invalid") || !strcmp(reason, "hard_bounce"))
        contact_invalid(c, !strcmp(channel, "email") ? "email" : "mobile", address, source);
}

void suppress_lift(Ctx *c, const char *channel, const char *address) {
    db_run(c, "update suppression set lifted_at = ?, lifted_by = ? where utility_id = ? "
              "and channel = ? and address_hash "
              "= ? and lifted_at is null", c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 }, c->utility, channel,
           lookup_hash(c, address));
}

bool suppress_is_stopped(Ctx *c, const char *channel, const char *address) {
    return db_int(c, "select count(*) from suppression where utility_id = ? and channel = ? and address_hash = ? and "
                     "reason = 'stop' and lifted_at is null", c->utility, channel, lookup_hash(c, address)) > 0;
}
