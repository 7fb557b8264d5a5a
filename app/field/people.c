/*
 * Orders of somebody who leaves (ONB02US03): they go to another dispatcher, or back to the queue.
 */
#include "app/field/pages.h"
#include "lib/db.h"

static int64_t orders_of(Ctx *c, Id user) {
    return db_int(c, "select count(*) from service_order where utility_id = ? and dispatcher_user_id = ? "
                     "and open_flag = 1", c->utility, user);
}

#define HELD(F, T) F(T, Id, id) F(T, const char *, order_no) F(T, int64_t, row_version)
ROW(Held, HELD)

static const char *name_of(Ctx *c, Id user) {
    return user.id ? db_text(c, "select full_name from user where id = ?", user) : NULL;
}

static void orders_give(Ctx *c, Id from, Id to) {
    Helds all = db_all(c, Held, "select id, order_no, row_version from service_order where utility_id = ? "
                                "and dispatcher_user_id = ? and open_flag = 1 for update", c->utility, from);
    for (size_t i = 0; i < all.n; i++) {
        db_run(c, "update service_order set dispatcher_user_id = ?, updated_at = ?, updated_by = ?, "
                  "row_version = row_version + 1 where id = ?", to, c->now, c->user, all.v[i].id);
        audit_write(c, &(Audit){ .action = "reassign", .entity = "service_order", .id = all.v[i].id,
                                 .number = all.v[i].order_no, .version = all.v[i].row_version + 1,
                                 .before = json_pairs(c, "dispatcher", name_of(c, from), NULL),
                                 .after = json_pairs(c, "dispatcher", name_of(c, to), NULL) });
    }
}

const UserWork field_works[] = { { "service_orders", orders_of, orders_give, NULL }, { 0 } };
