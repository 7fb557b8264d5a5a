/*
 * Where a callback belongs: endpoint key -> tenant, utility and account (platform schema). The hub keeps one row for
 * each gateway account and message provider.
 */
#include "app/core/core.h"
#include "lib/db.h"

void webhook_route_keep(Ctx *c, const WebhookRoute *w) {
    db_run(c, "insert into smart360.webhook_route (endpoint_key, tenant_id, utility_id, driver, source, account_ref) "
              "values (?,?,?,?,?,?) on duplicate key update driver=values(driver), active=1",
           w->endpoint_key, c->tenant, c->utility.id, w->driver, w->source, w->account);
}
