/*
 * What field work takes away when a utility goes live (ONB-GUIDED.6): the orders of the trial with their history.
 */
#include "app/core/core.h"
#include "app/field/pages.h"
#include "lib/db.h"

static int64_t orders(Ctx *c) {
    const char *ids = db_text(c, "select json_arrayagg(id) from (select id from service_order where utility_id = ? "
                                 "and import_batch_id is null order by id limit 500) o", c->utility);
    if (!ids) return 0;
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint unsigned path '$')) j straight_join "
              "service_order_event x on x.service_order_id = j.id", ids);
    return db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint unsigned path '$')) j straight_join "
                     "service_order x on x.id = j.id", ids);
}

const SandboxPurge field_purges[] = { { "orders", orders }, { 0 } };
