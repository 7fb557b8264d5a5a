/*
 * What the portal takes away when a utility goes live (ONB-GUIDED.6): the people who tried it. Their addresses were
 * proved by messages anybody of the staff could read, so they may not keep access to the accounts of real consumers.
 * Settings, questions and answers, centres and announcements stay.
 */
#include "app/core/core.h"
#include "app/portal/pages.h"
#include "lib/db.h"

static int64_t users(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from portal_user where utility_id = ? "
                                 "order by id limit 500) u", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "autopay_enrolment e on e.portal_user_id = j.id straight_join autopay_attempt x "
              "on x.autopay_id = e.id", ids);
    db_run(c, "delete x " OF_CHUNK "autopay_enrolment x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "saved_payment_method x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "method_setup x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "portal_account_link x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "bill_view x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "display_pref x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "contact_change x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "ticket_draft x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "request_follow x on x.portal_user_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "dashboard_layout x on x.portal_user_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "portal_user x on x.id = j.id", ids);
}

SANDBOX_PURGE(invitations, "delete from portal_invitation where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(codes, "delete from otp_challenge where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(answers, "delete from csat_response where utility_id = ? limit 2000", c->utility)

const SandboxPurge portal_purges[] = {
    { "portal", users },
    { "portal", invitations },
    { "portal", codes },
    { "portal", answers },
    { 0 }
};
