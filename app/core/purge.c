/*
 * What core takes away when a utility goes live (ONB-GUIDED.6): sequences of what is numbered by business events, so
 * that the first bill is number one; seals of the ledger that went (its last hash stands in the audit); sessions of
 * consumers, events nobody has heard yet, counters and alerts. Audit entries stay.
 */
#include "app/core/core.h"
#include "lib/db.h"
#include "lib/rows.h"

#define GONE(F, T) F(T, Id, id)
ROW(Gone, GONE)

int64_t documents_purge(Ctx *c, const char *entity) {
    Gones all = db_all(c, Gone, "select d.id from document d where d.utility_id = ? and d.entity = ? and d.erased_at "
                                "is null and not exists (select 1 from import_link l where l.entity = 'document' "
                                "and l.entity_id = d.id) order by d.id limit 500", c->utility, entity);
    for (size_t i = 0; i < all.n; i++) document_erase(c, all.v[i].id);
    return (int64_t)all.n;
}

SANDBOX_PURGE(sequences, "delete s from id_sequence s join id_format f on f.id = s.id_format_id where f.utility_id = ? "
              "and f.class = 'transaction'", c->utility)
/* Runs, journals and exports of the ledger; batches of imports and payments at gateways go on. */
SANDBOX_PURGE(series, "delete from number_series where utility_id = ? and (series like 'RUN-%' or series like 'JNL-%' "
              "or series like 'GLX-%')", c->utility)
SANDBOX_PURGE(seals, "delete from seal_block where chain = 'ledger' and chain_utility_id = ?", c->utility)
SANDBOX_PURGE(sessions, "update session set ended_at = ?, end_reason = 'revoked' where utility_id = ? "
              "and realm = 'portal' and ended_at is null limit 2000", c->now, c->utility)
SANDBOX_PURGE(events, "delete from outbox_event where utility_id = ? and dispatched_at is null limit 2000", c->utility)
SANDBOX_PURGE(counters, "delete from dashboard_counter where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(alerts, "update alert set resolved_at = ? where utility_id = ? and resolved_at is null limit 2000",
              c->now, c->utility)
/* Orders of the trial that nobody has begun. */
SANDBOX_PURGE(jobs, "update smart360.job set state = 'cancelled', ended_at = utc_timestamp(6) where tenant_id = ? "
              "and utility_id = ? and state = 'ready' and kind <> 'utility.live' limit 2000", c->tenant, c->utility)

const SandboxPurge core_purges[] = {
    { "jobs",     jobs },
    { "events",   events },
    { "sessions", sessions },
    { "numbers",  sequences },
    { "numbers",  series },
    { "seals",    seals },
    { "figures",  counters },
    { "alerts",   alerts },
    { 0 }
};
