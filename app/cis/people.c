/*
 * Cases and tills of somebody who leaves (ONB02US03): open complaints and service requests go to another person or back
 * to the team; a till that is open keeps its cashier until it is closed.
 */
#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/db.h"
#include "lib/messages.h"

static int64_t complaints_of(Ctx *c, Id user) {
    return db_int(c, "select count(*) from complaint where utility_id = ? and assigned_to = ? "
                     "and " COMPLAINT_WAITS, c->utility, user);
}

static int64_t requests_of(Ctx *c, Id user) {
    return db_int(c, "select count(*) from service_request where utility_id = ? and assigned_to = ? "
                     "and status not in ('completed', 'rejected', 'cancelled')", c->utility, user);
}

#define HELD(F, T) F(T, Id, id) F(T, const char *, number) F(T, int64_t, row_version)
ROW(Held, HELD)

static void given(Ctx *c, const char *entity, const Held *h, Id to) {
    const char *name = to.id ? db_text(c, "select full_name from user where id = ?", to) : NULL;
    audit_write(c, &(Audit){ .action = "reassign", .entity = entity, .id = h->id, .number = h->number,
                             .version = h->row_version + 1, .after = json_pairs(c, "assigned_to", name, NULL) });
}

static void complaints_give(Ctx *c, Id from, Id to) {
    Helds all = db_all(c, Held, "select id, complaint_no as number, row_version from complaint where utility_id = ? "
                                "and assigned_to = ? and " COMPLAINT_WAITS " for update", c->utility, from);
    for (size_t i = 0; i < all.n; i++) {
        db_run(c, "update complaint set assigned_to = ?, assigned_at = ?, updated_at = ?, updated_by = ?, "
                  "row_version = row_version + 1 where id = ?", to, to.id ? c->now : TIME_NONE, c->now, c->user,
               all.v[i].id);
        given(c, "complaint", &all.v[i], to);
    }
}

static void requests_give(Ctx *c, Id from, Id to) {
    Helds all = db_all(c, Held, "select id, request_no as number, row_version from service_request "
                                "where utility_id = ? and assigned_to = ? and status not in ('completed', 'rejected', "
                                "'cancelled') for update", c->utility, from);
    for (size_t i = 0; i < all.n; i++) {
        db_run(c, "update service_request set assigned_to = ?, updated_at = ?, updated_by = ?, "
                  "row_version = row_version + 1 where id = ?", to, c->now, c->user, all.v[i].id);
        given(c, "service_request", &all.v[i], to);
    }
}

static const char *till_open(Ctx *c, Id user) {
    return db_int(c, "select count(*) from till_session where user_id = ? and closed_at is null", user)
        ? msg(c->language, "work.till_open") : NULL;
}

const UserWork cis_works[] = { { "complaints", complaints_of, complaints_give, NULL },
                               { "service_requests", requests_of, requests_give, NULL },
                               { "till", NULL, NULL, till_open }, { 0 } };
