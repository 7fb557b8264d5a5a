/*
 * Service areas within the module (ONB02US08): rows, checks and storing, shared by pages, imports and changes of the
 * tree.
 */
#ifndef APP_SETUP_AREA_H
#define APP_SETUP_AREA_H

#include "app/core/core.h"
#include "app/setup/area_rules.h"
#include "lib/db.h"
#include "lib/req.h"

enum { OVERLAP_MIN_M2 = 5000 };         /* boundaries drawn by hand touch; less than 0.005 km2 is no overlap */
/* Pairs of siblings, of any level, whose boundaries share more ground than that, which the form of an area refuses. */
int64_t area_overlaps_count(Ctx *c);

#define AREA_ROW(F, T) F(T, Id, id) F(T, const char *, level) F(T, const char *, code) F(T, const char *, name) \
    F(T, Id, parent_id) F(T, const char *, parent_code) F(T, const char *, path) F(T, const char *, status) \
    F(T, const char *, merged_into) F(T, const char *, geometry) F(T, Id, manager_user_id) \
    F(T, const char *, manager_email) F(T, const char *, manager_name) F(T, const char *, time_zone) \
    F(T, int64_t, population) F(T, int64_t, row_version) F(T, Time, updated_at) F(T, const char *, updated_by_name)
ROW(AreaRow, AREA_ROW)
#define AREA_SELECT "select a.id, a.level, a.code, a.name, a.parent_id, p.code as parent_code, a.path, a.status, " \
    "m.code as merged_into, a.geometry, a.manager_user_id, u.email as manager_email, u.full_name as manager_name, " \
    "a.time_zone, coalesce(a.population, -1) as population, a.row_version, a.updated_at, " \
    "w.full_name as updated_by_name from service_area a left join service_area p on p.id = a.parent_id " \
    "left join service_area m on m.id = a.merged_into_id left join user u on u.id = a.manager_user_id " \
    "left join user w on w.id = a.updated_by "

/* What is asked for: texts as typed, NULL or "" = none; population -1: none. */
typedef struct NewArea {
    const char *level, *code, *name, *parent, *manager, *time_zone, *geometry;      /* parent: code; manager: e-mail */
    int64_t     population;
} NewArea;

/* Levels in use in the context's utility. */
unsigned area_used(Ctx *c);
/* The area of the path's {code} within the user's areas; NOT_FOUND. */
const AreaRow *area_here(Req *r);
/* Its row; NULL when none. */
const AreaRow *area_row(Ctx *c, const char *code);
/* Says what is wrong with an area as problems of the request; stored NULL: a new one. */
void area_check(Req *r, const NewArea *n, const AreaRow *stored);
/* Stores one that area_check had nothing against, with audit and event; its id. */
Id   area_create(Req *r, const NewArea *n);
void area_change(Req *r, const NewArea *n, const AreaRow *stored, int64_t row_version);
/* Boundary not within the parent's, as words for a note; NULL: nothing to say. */
const char *area_warning(Ctx *c, Id area);
/* The middle of each, where it has a boundary. */
void areas_centroid(Ctx *c, const Id *areas, size_t n);
/* service_area.changed of this area; `into` for service_area.merged, else 0. */
void area_tell(Ctx *c, Id area, const char *code, Id into);
/* "Sub-area", "Sub-areas", "a sub-area", "A sub-area" by word of the messages: name, names, a, an. */
const char *area_word(Ctx *c, AreaLevel level, const char *form);

/* area_geometry.c: a boundary as people send it: Polygon or MultiPolygon, or a Feature with one. Returns it alone, as
 * one line of JSON; NULL and *problem says what is wrong and where. */
const char *area_geometry_read(Ctx *c, const char *sent, const char **problem);
/* Its rings as [[lat,lon],...] lists, for maps: calls each(arg, path) per polygon's outer ring. */
void area_rings(Ctx *c, const char *geometry, void (*each)(void *arg, const char *path), void *arg);

/* area_figures.c: whether figures of the utility's areas are prepared: keys below.premises, below.consumers,
   below.meters and below.owed of dashboard_counter, each of an area with all below it. */
bool area_is_prepared(Ctx *c);
/* Regular expression of the paths of the areas this user is limited to, with all below; NULL: not limited. */
const char *area_scope_pattern(Ctx *c);

/* area_page.c */
void area_head(Req *r, const AreaRow *a, const char *last);
/* Tabs above the lists: overview, levels in use, premises. */
void area_tabs(Req *r, const char *current);

extern const struct Machine area_machine;

#endif
