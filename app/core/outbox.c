/*
 * Events: one row in the transaction of the change; handlers run after COMMIT by a job (spec/README section 5).
 */
#include <string.h>

#include "app/core/core.h"
#include "lib/crypt.h"
#include "lib/db.h"

enum { TABLES_MAX = 20 };

static const EventHandler *tables[TABLES_MAX];
static int tables_n;

void event_handlers(const EventHandler *table) {
    if (tables_n < TABLES_MAX) tables[tables_n++] = table;
}

static const char *actor_kind(const Ctx *c) {
    return c->realm == REALM_STAFF ? "user" : c->realm == REALM_PORTAL ? "portal_user" : c->realm == REALM_PLATFORM ? "platform" : "system";
}

void event_emit(Ctx *c, const Event *e) {
    db_run(c, "insert into outbox_event (event_id, name, utility_id, occurred_at, actor_kind, actor_id, entity, entity_id, number, account_id, consumer_id, payload) "
              "values (?,?,?,?,?,?,?,?,?,?,?,?)", random_public_id(&c->mem), e->name, c->utility, c->now, actor_kind(c), c->user, e->entity, e->id, e->number, e->account, e->consumer, e->payload);
}
