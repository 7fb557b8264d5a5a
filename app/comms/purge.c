/*
 * What communication takes away when a utility goes live (ONB-GUIDED.6): messages, campaigns and notices of the trial.
 * Templates, lists, consents and suppressed addresses stay.
 */
#include "app/comms/comms.h"
#include "app/comms/module.h"
#include "app/core/core.h"
#include "lib/db.h"

static int64_t messages(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from message where utility_id = ? "
                                 "order by id limit 500) m", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "message_attempt x on x.message_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "message x on x.id = j.id", ids);
}

static int64_t campaigns(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from campaign where utility_id = ? "
                                 "order by id limit 500) k", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "campaign_test x on x.campaign_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "campaign x on x.id = j.id", ids);
}

SANDBOX_PURGE(inbound, "delete from inbound_message where utility_id = ? limit 2000", c->utility)
/* Whose they were is not asked: everybody's are counted once more. */
static int64_t notes(Ctx *c) {
    int64_t gone = db_run(c, "delete from notification where utility_id = ? limit 2000", c->utility);
    if (gone) db_run(c, "update note_version set version = uuid_short()");
    return gone;
}

SANDBOX_PURGE(figures, "delete from comm_daily_stat where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(notices, "delete from outage_notice where utility_id = ? limit 2000", c->utility)

const SandboxPurge comms_purges[] = {
    { "messages", messages },
    { "messages", inbound },
    { "messages", notes },
    { "messages", campaigns },
    { "messages", notices },
    { "figures",  figures },
    { 0 }
};
