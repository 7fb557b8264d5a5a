/*
 * Premises move to another sub-area (ONB02US08: merging, splitting, assignment by boundary); teams keep their ground
 * when theirs is merged.
 */
#include <string.h>

#include "app/cis/entry.h"
#include "app/cis/pages.h"
#include "lib/json.h"

#define PLACED(F, T) F(T, Id, id) F(T, const char *, premise_no) F(T, int64_t, row_version)
ROW(Placed, PLACED)

int64_t premises_area_set(Ctx *c, const Id *premises, size_t n, Id sub_area, const char *reason) {
    if (!n) return 0;
    const char *ids = json_ids(c, premises, n);
    Placeds l = db_all(c, Placed, "select p.id, p.premise_no, p.row_version + 1 as row_version from premise p "
        "join json_table(?, '$[*]' columns (id bigint path '$')) j on j.id=p.id where p.utility_id=? "
        "and p.sub_area_id<>? order by p.id for update", ids, c->utility, sub_area);
    if (!l.n) return 0;
    Id *moved = take_n(c, Id, l.n);
    Audit *notes = take_n(c, Audit, l.n);
    for (size_t i = 0; i < l.n; i++) {
        moved[i] = l.v[i].id;
        notes[i] = (Audit){ .action = "edit", .entity = "premise", .id = l.v[i].id, .number = l.v[i].premise_no,
                            .version = l.v[i].row_version, .reason = reason };
    }
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join premise p on p.id=j.id "
              "set p.sub_area_id=?, p.updated_at=?, p.updated_by=?, p.row_version=p.row_version+1",
           json_ids(c, moved, l.n), sub_area, c->now, c->user);
    audits_note(c, notes, l.n);
    return (int64_t)l.n;
}

#define ONE_ID(F, T) F(T, Id, id)
ROW(OneId, ONE_ID)

int64_t premises_area_move(Ctx *c, Id from, Id to, const char *reason) {
    OneIds l = db_all(c, OneId, "select id from premise where utility_id=? and sub_area_id=? order by id", c->utility,
                      from);
    Id *ids = take_n(c, Id, l.n + 1);
    for (size_t i = 0; i < l.n; i++) ids[i] = l.v[i].id;
    return premises_area_set(c, ids, l.n, to, reason);
}

/* Lists that name an area which was merged into another name that one from now on. */
void team_area_merged(Ctx *c, const EventRow *e) {
    Json payload = json_read(&c->mem, e->payload, strlen(e->payload), 4096, NULL);
    int64_t into = 0;
    if (!json_int(payload, "into", &into)) return;
    db_run(c, "update team set area_ids=regexp_replace(area_ids, concat('(?<![0-9])', ?, '(?![0-9])'), ?) "
              "where utility_id=? and json_contains(area_ids, cast(? as char))", e->id, into, e->utility, e->id);
}
