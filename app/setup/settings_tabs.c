/*
 * What stands beside the six tabs of core settings (ONB02US02): how many are active, and the tick of a tab that is
 * complete. A tick asks for no more than the story does; the guided set-up has checks of its own.
 */
#include "app/setup/pages.h"
#include "lib/db.h"

int64_t settings_services_n(Ctx *c) {
    return db_int(c, "select count(*) from utility_service where utility_id=? and active=1", c->utility);
}

/* The seven of the tab; the hub is not one of them. */
int64_t settings_access_n(Ctx *c) {
    return db_int(c, "select count(*) from module_activation where utility_id=? and active=1 and module<>'hub'",
                  c->utility);
}

int64_t settings_roles_n(Ctx *c) {
    return db_int(c, "select count(*) from department where utility_id=?", c->utility);
}

int64_t settings_categories_n(Ctx *c) {
    return db_int(c, "select count(*) from consumer_category where utility_id=? and active=1", c->utility);
}

int64_t settings_documents_n(Ctx *c) {
    return db_int(c, "select count(*) from document_type where utility_id=? and active=1", c->utility);
}

int64_t settings_contracts_n(Ctx *c) {
    return db_int(c, "select count(*) from contract_type where utility_id=? and active=1", c->utility);
}

bool settings_services_done(Ctx *c) { return settings_services_n(c) > 0; }

/* Consumers and billing are on. */
bool settings_access_done(Ctx *c) {
    return db_int(c, "select count(*) from module_activation where utility_id=? and active=1 "
                     "and module in ('cis', 'bx')", c->utility) == 2;
}

/* Every department has a role. */
bool settings_roles_done(Ctx *c) {
    return settings_roles_n(c) > 0 && !db_int(c, "select count(*) from department d where d.utility_id=? "
        "and not exists (select 1 from role o where o.department_id=d.id and o.active=1)", c->utility);
}

bool settings_categories_done(Ctx *c) { return settings_categories_n(c) > 0; }

bool settings_documents_done(Ctx *c) {
    return db_int(c, "select count(*) from document_type where utility_id=? and active=1 and purpose='identity'",
                  c->utility) > 0;
}

bool settings_no_contracts(Ctx *c) { return setting_int(c, "core.no_contracts", 0) != 0; }

bool settings_contracts_done(Ctx *c) { return settings_contracts_n(c) > 0 || settings_no_contracts(c); }
