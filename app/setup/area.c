/*
 * Service areas (ONB02US08): what is checked of one and how it is stored. A path holds the codes from the region down;
 * codes never change, so a path changes only when an area is moved (area_change.c).
 */
#include "app/setup/area.h"

#include <string.h>

#include "lib/date.h"
#include "lib/json.h"
#include "lib/machine.h"
#include "lib/messages.h"

const char *area_word(Ctx *c, AreaLevel level, const char *form) {
    return msg(c->language, text(c, "area.%s.%s", area_levels[level], form));
}

unsigned area_used(Ctx *c) { return area_levels_used(setting_text(c, "area.levels", "")); }

const AreaRow *area_row(Ctx *c, const char *code) {
    return db_find(c, AreaRow, AREA_SELECT "where a.utility_id=? and a.code=?", c->utility, code);
}

const AreaRow *area_here(Req *r) {
    const AreaRow *a = area_row(&r->c, path_text(r, "code"));
    if (!a) fail(r, NOT_FOUND, "There is no such area.");
    scope_check_area(&r->c, a->id);
    return a;
}

void area_tell(Ctx *c, Id area, const char *code, Id into) {
    event_emit(c, &(Event){ .name = into.id ? "service_area.merged" : "service_area.changed", .entity = "service_area",
                            .id = area, .number = code,
                            .payload = into.id ? text(c, "{\"into\":%lld}", (long long)into.id) : NULL });
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

#define OVERLAP(F, T) F(T, const char *, name) F(T, const char *, km2)
ROW(Overlap, OVERLAP)

/* Square degrees to m2 at the boundary's own latitude; good to a percent for areas of a city's size. */
#define M2 "12364000000 * cos(radians(st_y(st_centroid(st_geomfromgeojson(?)))))"

static void check_boundary(Req *r, const NewArea *n, const AreaRow *stored, Id parent) {
    Ctx *c = &r->c;
    const char *problem_;
    const char *g = area_geometry_read(c, n->geometry, &problem_);
    if (!g) {
        problem(r, "geometry", "%s", problem_);
        return;
    }
    if (!db_int(c, "select coalesce(st_issimple(st_geomfromgeojson(?)), 0)", g)) {
        problem(r, "geometry", "%s", msg(c->language, "area.geo.crosses"));
        return;
    }
    Overlap *o = db_find(c, Overlap,
        "select x.name, format(x.m2 / 1000000, 2) as km2 from (select a.name, " M2 " * "
        "st_area(st_intersection(st_geomfromgeojson(a.geometry), st_geomfromgeojson(?))) as m2 from service_area a "
        "where a.utility_id=? and a.parent_id <=> ? and a.id<>? and a.status<>'merged' and a.geometry is not null "
        "and st_intersects(st_geomfromgeojson(a.geometry), st_geomfromgeojson(?))) x where x.m2 > ? "
        "order by x.m2 desc limit 1", g, g, c->utility, parent, stored ? stored->id.id : 0, g, (int)OVERLAP_MIN_M2);
    if (o) problem(r, "geometry", "%s", msg_format(r, c->language, "area.overlaps", { "name", o->name },
                                                   { "km2", o->km2 }));
}

#define BOX(F, T) F(T, Id, id) F(T, int64_t, parent) F(T, int64_t, west) F(T, int64_t, east) \
    F(T, int64_t, south) F(T, int64_t, north)
ROW(Box, BOX)
#define MICRO(axis, corner) "cast(round(" axis "(st_pointn(b.ring, " #corner ")) * 1000000) as signed)"

/* Boxes first, of one parent and from west to east: with 500 areas the server took 50 ms to compare each with each. */
int64_t area_overlaps_count(Ctx *c) {
    Boxs all = db_all(c, Box, "select b.id, b.parent, " MICRO("st_x", 1) " as west, " MICRO("st_x", 3) " as east, "
        MICRO("st_y", 1) " as south, " MICRO("st_y", 3) " as north from (select id, parent_key as parent, "
        "st_exteriorring(st_envelope(st_geomfromgeojson(geometry))) as ring from service_area "
        "where utility_id=? and status<>'merged' and geometry is not null) b order by b.parent, west", c->utility);
    Text pairs = text_start(c);
    for (size_t i = 0; i < all.n; i++) {
        const Box *a = &all.v[i];
        for (size_t k = i + 1; k < all.n && all.v[k].parent == a->parent && all.v[k].west < a->east; k++)
            if (all.v[k].south < a->north && a->south < all.v[k].north)
                text_addf(&pairs, "%s[%lld,%lld]", pairs.n ? "," : "[", (long long)a->id.id, (long long)all.v[k].id.id);
    }
    if (!pairs.n) return 0;
    text_add(&pairs, "]");
    return db_int(c, "select count(*) from (select st_geomfromgeojson(a.geometry) as one, "
        "st_geomfromgeojson(b.geometry) as other from json_table(?, '$[*]' columns (one bigint path '$[0]', "
        "other bigint path '$[1]')) j straight_join service_area a on a.id=j.one straight_join service_area b "
        "on b.id=j.other) p where st_intersects(p.one, p.other) and 12364000000 * "
        "cos(radians(st_y(st_centroid(p.one)))) * st_area(st_intersection(p.one, p.other)) > ?", pairs.s,
                  (int)OVERLAP_MIN_M2);
}

static bool code_is_good(const char *code) {
    size_t n = code ? strlen(code) : 0;
    return n >= 2 && n <= AREA_CODE_MAX && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

static bool given(const char *s) { return s && *s; }

/* The parent's id when it may be one; says what is wrong otherwise. */
static const AreaRow *check_parent(Req *r, const NewArea *n, AreaLevel level) {
    Ctx *c = &r->c;
    AreaLevel above = area_parent_level(area_used(c), level);
    if (above == AREA_LEVELS) {
        if (given(n->parent)) problem(r, "parent", "%s", msg(c->language, "area.region_alone"));
        return NULL;
    }
    const AreaRow *p = given(n->parent) ? area_row(c, n->parent) : NULL;
    if (given(n->parent) && !p) problem(r, "parent", "%s", msg_format(r, c->language, "area.no_parent",
                                                                      { "code", n->parent }));
    else if (!p || area_level(p->level) != above)
        problem(r, "parent", "%s", msg_format(r, c->language, "area.needs", { "child", area_word(c, level, "an") },
                                              { "parent", area_word(c, above, "a") }));
    else if (!strcmp(p->status, "merged"))
        problem(r, "parent", "%s", msg_format(r, c->language, "area.parent_merged", { "name", p->name },
                                              { "into", p->merged_into }));
    return p;
}

void area_check(Req *r, const NewArea *n, const AreaRow *stored) {
    Ctx *c = &r->c;
    AreaLevel level = area_level(n->level);
    if (level == AREA_LEVELS || !(area_used(c) & AREA_BIT(level))) {
        problem(r, "level", "%s",
            msg_format(r, c->language, "area.no_level", { "level", given(n->level) ? n->level : "-" }));
        return;
    }
    if (!stored && !code_is_good(n->code)) problem(r, "code", "%s", msg(c->language, "area.code_chars"));
    if (!stored && given(n->code) && area_row(c, n->code))
        problem(r, "code", "%s", msg_format(r, c->language, "area.taken", { "code", n->code }));
    if (!given(n->name) || strlen(n->name) < 2) problem(r, "name", "%s", msg(c->language, "area.name_short"));
    const AreaRow *p = stored ? area_row(c, stored->parent_code) : check_parent(r, n, level);
    if (given(n->name)) {
        const char *twin = db_text(c, "select code from service_area where utility_id=? and parent_id <=> ? and name=? "
                                      "and id<>? and status<>'merged'", c->utility, p ? p->id : (Id){ 0 }, n->name,
                                   stored ? stored->id.id : 0);
        if (twin) problem(r, "name", "%s", msg_format(r, c->language, "area.twin", { "name", n->name },
                                                      { "code", twin }));
    }
    if (!stored && p && given(n->code) && strlen(p->path) + 1 + strlen(n->code) > AREA_PATH_MAX)
        problem(r, "code", "%s", msg(c->language, "area.too_deep"));
    if (given(n->manager) && !db_int(c, "select count(*) from user where email=? and status='active'", n->manager))
        problem(r, "manager", "%s", msg_format(r, c->language, "area.no_user", { "email", n->manager }));
    if (given(n->time_zone) && !zone_find(n->time_zone))
        problem(r, "time_zone", "%s", msg_format(r, c->language, "area.no_zone", { "zone", n->time_zone }));
    if (given(n->geometry)) check_boundary(r, n, stored, p ? p->id : (Id){ 0 });
}

const char *area_warning(Ctx *c, Id area) {
    const char *parent = db_text(c, "select p.name from service_area a join service_area p on p.id=a.parent_id "
                                    "where a.id=? and a.geometry is not null and p.geometry is not null "
        "and st_within(st_geomfromgeojson(a.geometry), st_geomfromgeojson(p.geometry))=0", area);
    return parent ? msg_format(c, c->language, "area.outside", { "name", parent }) : NULL;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static Id user_of(Ctx *c, const char *email) {
    return given(email) ? db_id(c, "select id from user where email=?", email) : (Id){ 0 };
}

void areas_centroid(Ctx *c, const Id *areas, size_t n) {
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_area a on a.id=j.id "
              "set a.centroid_lat=round(st_y(st_centroid(st_geomfromgeojson(a.geometry))), 6), "
              "a.centroid_lng=round(st_x(st_centroid(st_geomfromgeojson(a.geometry))), 6)", json_ids(c, areas, n));
}

static const char *boundary_of(Ctx *c, const NewArea *n) {
    const char *problem_;
    return given(n->geometry) ? area_geometry_read(c, n->geometry, &problem_) : NULL;
}

static const char *values(Ctx *c, const NewArea *n, bool is_new) {
    return json_pairs(c, "name", n->name, "manager", given(n->manager) ? n->manager : NULL,
                      "time_zone", given(n->time_zone) ? n->time_zone : NULL,
                      "population", n->population < 0 ? NULL : text(c, "%lld", (long long)n->population),
                      "geometry", given(n->geometry) ? msg(c->language, "area.has_boundary") : NULL,
                      is_new ? "level" : NULL, n->level, "code", n->code, "parent", n->parent, NULL);
}

static Bind population(const NewArea *n) { return n->population < 0 ? (Bind){ 0 } : bind_int(n->population); }

Id area_create(Req *r, const NewArea *n) {
    Ctx *c = &r->c;
    const AreaRow *p = given(n->parent) ? area_row(c, n->parent) : NULL;
    const char *path = p ? text(c, "%s/%s", p->path, n->code) : n->code;
    Id id = db_insert(c, "insert into service_area (utility_id, level, code, name, parent_id, path, geometry, "
                         "manager_user_id, time_zone, population, created_at, created_by, updated_at, updated_by) "
                         "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", c->utility, n->level, n->code, n->name,
                      p ? p->id : (Id){ 0 }, path, boundary_of(c, n), user_of(c, n->manager),
                      given(n->time_zone) ? n->time_zone : NULL, population(n), c->now, c->user, c->now, c->user);
    areas_centroid(c, &id, 1);
    audit_write(c, &(Audit){ .action = "create", .entity = "service_area", .id = id, .number = n->code, .version = 1,
                             .after = values(c, n, true) });
    area_tell(c, id, n->code, (Id){ 0 });
    setup_step_touch(c, "service_areas");
    return id;
}

static const char *values_of(Ctx *c, const AreaRow *a) {
    return values(c, &(NewArea){ .name = a->name, .manager = a->manager_email, .time_zone = a->time_zone,
                                 .geometry = a->geometry, .population = a->population }, false);
}

void area_change(Req *r, const NewArea *n, const AreaRow *a, int64_t row_version) {
    Ctx *c = &r->c;
    db_must(c, 1, CONFLICT, "update service_area set name=?, manager_user_id=?, time_zone=?, population=?, geometry=?, "
                            "updated_at=?, updated_by=?, row_version=row_version+1 where id=? and row_version=?",
            n->name, user_of(c, n->manager), given(n->time_zone) ? n->time_zone : NULL, population(n),
            boundary_of(c, n), c->now, c->user, a->id, row_version);
    areas_centroid(c, &a->id, 1);
    audit_write(c, &(Audit){ .action = "edit", .entity = "service_area", .id = a->id, .number = a->code,
                             .version = row_version + 1, .before = values_of(c, a), .after = values(c, n, false) });
    area_tell(c, a->id, a->code, (Id){ 0 });
    setup_step_touch(c, "service_areas");
}

const char *area_scope_pattern(Ctx *c) {
    AreaScope s = scope_area(c);
    if (!s.n) return NULL;
    Text t = text_start(c);
    text_add(&t, "^(");
    for (size_t i = 0; i < s.n; i++) text_addf(&t, "%s%s", i ? "|" : "", s.path[i]);
    text_add(&t, ")(/|$)");
    return t.s;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

static void moved(Ctx *c, Id id, const char *from, const char *to, const char *event) {
    (void)from, (void)to, (void)event;
    area_tell(c, id, db_text(c, "select code from service_area where id=?", id), (Id){ 0 });
}

static const Move area_moves[] = {
    { "active",   "deactivate", "inactive", EDIT, NULL, NULL, .text = NULL },      /* by its page, which asks again */
    { "inactive", "activate",   "active",   EDIT, NULL, NULL, .text = "Activate" },
    { "active",   "merge",      "merged",   EDIT, NULL, NULL, .text = NULL },      /* by its page */
    { 0 }
};
const Machine area_machine = { .name = "service_area", .table = "service_area", .column = "status", .number = "code",
                               .feature = "core.areas", .moves = area_moves, .moved = moved };
