/*
 * Routes and read cycles keep their ground when an area is merged into another (ONB02US08).
 */
#include <string.h>

#include "app/core/core.h"
#include "app/meters/pages.h"
#include "lib/db.h"
#include "lib/json.h"

/* Lists that name an area which was merged into another name that one from now on. */
void route_area_merged(Ctx *c, const EventRow *e) {
    Json payload = json_read(&c->mem, e->payload, strlen(e->payload), 4096, NULL);
    int64_t into = 0;
    if (!json_int(payload, "into", &into)) return;
    db_run(c, "update route set area_ids=regexp_replace(area_ids, concat('(?<![0-9])', ?, '(?![0-9])'), ?) "
              "where utility_id=? and json_contains(area_ids, cast(? as char))", e->id, into, e->utility, e->id);
    db_run(c, "update read_cycle set area_ids=regexp_replace(area_ids, concat('(?<![0-9])', ?, '(?![0-9])'), ?) "
              "where utility_id=? and json_contains(area_ids, cast(? as char))", e->id, into, e->utility, e->id);
}
