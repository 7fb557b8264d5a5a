/*
 * What metering takes away when a utility goes live (ONB-GUIDED.6): readings of the trial and what was reckoned from
 * them. Meters, where they stand, the readings they were put in and taken out with, and those of the old system stay;
 * their use is free to be billed.
 */
#include "app/core/core.h"
#include "app/meters/pages.h"
#include "lib/db.h"

/* Corrections of the old system's readings stay with them. */
static int64_t readings(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select r.id from meter_reading r where r.utility_id=? "
        "and r.source <> 'import' and r.import_batch_id is null and r.type not in ('initial', 'final') "
        "and not exists (select 1 from meter_reading x where x.id = r.supersedes_id and (x.source = 'import' "
        "or x.import_batch_id is not null)) order by r.id limit 500) k", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x " OF_CHUNK "usage_segment x on x.to_reading_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "usage_segment x on x.from_reading_id = j.id", ids);
    db_run(c, "delete x " OF_CHUNK "vee_exception x on x.reading_id = j.id", ids);
    db_run(c, "update meter_reading r join json_table(?, '$[*]' columns (id bigint unsigned path '$')) j "
              "on r.supersedes_id = j.id set r.supersedes_id = null", ids);
    return db_run(c, "delete x " OF_CHUNK "meter_reading x on x.id = j.id", ids);
}

static int64_t photos(Ctx *c) { return documents_purge(c, "meter_reading"); }

SANDBOX_PURGE(before, "update meter_reading r join (select r.id from meter_reading r left join meter_reading p "
              "on p.id = r.prev_reading_id where r.utility_id = ? and r.prev_reading_id is not null and p.id is null "
              "order by r.id limit 2000) x on x.id = r.id set r.prev_reading_id = null", c->utility)
SANDBOX_PURGE(use, "update usage_segment set billing_status = 'unbilled', bill_id = null, bill_line_id = null "
              "where utility_id = ? and bill_id is not null limit 2000", c->utility)
SANDBOX_PURGE(tasks, "delete from read_task where utility_id = ? limit 2000", c->utility)
SANDBOX_PURGE(cycles, "update read_cycle set status = 'scheduled' where utility_id = ? "
              "and status not in ('scheduled', 'cancelled')", c->utility)
SANDBOX_PURGE(alarms, "delete from meter_alarm where utility_id = ? limit 2000", c->utility)

const SandboxPurge meters_purges[] = {
    { "readings", readings },
    { "readings", before },
    { "readings", use },
    { "readings", photos },
    { "readings", tasks },
    { "readings", cycles },
    { "readings", alarms },
    { 0 }
};
