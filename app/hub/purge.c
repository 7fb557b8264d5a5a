/*
 * What the hub takes away when a utility goes live (ONB-GUIDED.6): payments, events, refunds, disputes and settlements
 * of the sandbox. Gateways with test keys are switched off; those with live keys, providers and their prices stay.
 */
#include "app/core/core.h"
#include "app/hub/pages.h"
#include "lib/db.h"

static int64_t intents(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from payment_intent where utility_id = ? "
                                 "order by id limit 500) i", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "payment_intent_line x on x.intent_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "payment_attempt x on x.intent_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "payment_intent x on x.id = j.id", ids);
}

static int64_t settlements(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from settlement where utility_id = ? "
                                 "order by id limit 50) s", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "settlement_line x on x.settlement_id = j.id", ids);
    return db_run(c, "delete x " OF_CHUNK "settlement x on x.id = j.id", ids);
}

static int64_t settlement_files(Ctx *c) {
    return documents_purge(c, "gateway_account") + documents_purge(c, "bank_statement");
}

SANDBOX_PURGE(bank_lines, "delete from bank_statement_line where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(bank_files, "delete from bank_statement where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(clearing, "delete k from gateway_clearing k join gateway_account g on g.id = k.gateway_account_id "
              "where g.utility_id = ?", c->utility)

SANDBOX_PURGE(events, "delete from webhook_event where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(refunds, "delete from refund where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(disputes, "delete from dispute where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(money, "delete from sandbox_money where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(outcomes, "delete from sandbox_outcome where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(outbox, "delete from sandbox_outbox where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(gateways, "update gateway_account set status = 'inactive' where utility_id = ? and mode = 'test' "
              "and status <> 'inactive'", c->utility)

const SandboxPurge hub_purges[] = {
    { "online",   intents },
    { "online",   events },
    { "online",   refunds },
    { "online",   disputes },
    { "online",   bank_lines },
    { "online",   bank_files },
    { "online",   clearing },
    { "online",   settlements },
    { "online",   settlement_files },
    { "online",   money },
    { "online",   outcomes },
    { "messages", outbox },
    { "gateways", gateways },
    { 0 }
};
