/*
 * Changes of the tree (ONB02US08): an area moves under another parent, is merged into one of its level, is split, or
 * takes the premises within its boundary. Each is shown with what it touches before it is done.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/area.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/machine.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { PREMISES_MOST = 20000, LIST_MOST = 2000 };

#define SAY(r, key) msg((r)->c.language, "area." key)
#define COUNT(r, n) locale_count(&(r)->c.mem, (r)->c.locale, (n))

/* --- what a subtree touches --------------------------------------------------------------------------------------- */

#define TOUCHED(F, T) F(T, int64_t, areas) F(T, int64_t, premises) F(T, int64_t, accounts) F(T, int64_t, routes) \
    F(T, int64_t, people) F(T, int64_t, cycles) F(T, int64_t, orders)
ROW(Touched, TOUCHED)

#define IN_TREE "(s.path=? or s.path like ?)"

static const Touched *touched(Req *r, const AreaRow *a) {
    const char *like = text(r, "%s/%%", a->path);
    return db_one(r, Touched,
        "select (select count(*) from service_area s where s.utility_id=? and s.path like ? and s.status<>'merged') "
        "as areas, (select count(*) from premise p join service_area s on s.id=p.sub_area_id where p.utility_id=? and "
        IN_TREE ") as premises, (select count(*) from account a join premise p on p.id=a.premise_id "
        "join service_area s on s.id=p.sub_area_id where a.utility_id=? and a.closed_on is null and " IN_TREE ") "
        "as accounts, (select count(*) from route t where t.utility_id=? and exists (select 1 from service_area s "
        "where s.utility_id=t.utility_id and json_contains(t.area_ids, cast(s.id as char)) and " IN_TREE
            ")) as routes, (select count(distinct w.user_id) from user_role w join service_area s "
            "on s.id=w.service_area_id where "
            "s.utility_id=? and " IN_TREE ") as people, (select count(*) from bill_cycle y where y.utility_id=? "
                                          "and exists (select 1 from service_area s where s.utility_id=y.utility_id "
                                          "and json_contains(y.area_ids, cast(s.id as char)) "
        "and " IN_TREE ")) as cycles, (select count(*) from service_order o join premise p on p.id=o.premise_id "
        "join service_area s on s.id=p.sub_area_id where o.utility_id=? and o.open_flag=1 and " IN_TREE ") as orders",
        r->c.utility, like, r->c.utility, a->path, like, r->c.utility, a->path, like, r->c.utility, a->path, like,
        r->c.utility, a->path, like, r->c.utility, a->path, like, r->c.utility, a->path, like);
}

static void show_touched(Req *r, const AreaRow *a) {
    const Touched *t = touched(r, a);
    const char *at_ = "confirm.facts";
    show_fact(r, at_, SAY(r, "below"), COUNT(r, t->areas), NULL);
    show_fact(r, at_, SAY(r, "premises"), COUNT(r, t->premises), NULL);
    show_fact(r, at_, SAY(r, "accounts"), COUNT(r, t->accounts), NULL);
    show_fact(r, at_, SAY(r, "routes"), COUNT(r, t->routes), NULL);
    show_fact(r, at_, SAY(r, "people"), COUNT(r, t->people), NULL);
    show_fact(r, at_, SAY(r, "cycles"), COUNT(r, t->cycles), NULL);
    show_fact(r, at_, SAY(r, "orders"), COUNT(r, t->orders), NULL);
}

/* Plans that are offered in the old surroundings and not in the new ones, and the other way round. */
static const char *plans_apart(Ctx *c, const char *here, const char *there) {
    return db_text(c,
        "select group_concat(t.code order by t.code separator ', ') from tariff_plan t where t.utility_id=? "
        "and t.status='active' and json_length(t.area_ids) > 0 and exists (select 1 from service_area s "
        "where s.utility_id=t.utility_id and json_contains(t.area_ids, cast(s.id as char)) and (s.path=? "
        "or ? like concat(s.path, '/%'))) and not exists (select 1 from service_area s "
        "where s.utility_id=t.utility_id and json_contains(t.area_ids, cast(s.id as char)) and (s.path=? "
        "or ? like concat(s.path, '/%')))",
        c->utility, here, here, there, there);
}

static void show_plans(Req *r, const char *from, const char *to) {
    const char *lost = plans_apart(&r->c, from, to), *won = plans_apart(&r->c, to, from);
    if (lost) show_text(r, "confirm.text.1", msg_format(r, r->c.language, "area.plans_lost", { "plans", lost }));
    if (won) show_text(r, "confirm.text.2", msg_format(r, r->c.language, "area.plans_won", { "plans", won }));
}

static const AreaRow *not_merged(Req *r) {
    const AreaRow *a = area_here(r);
    if (!strcmp(a->status, "merged")) fail(r, CONFLICT, "%s", msg_format(r, r->c.language, "area.is_merged",
        { "name", a->name }, { "into", a->merged_into }));
    return a;
}

/* --- choosing another area ---------------------------------------------------------------------------------------- */

static const Form to_form = { .name = "area_to", .fields = FIELDS {
    { "to", "To", TEXT(2, 20), .flags = REQUIRED }, { 0 } } };
static const Form sure_form = { .name = "area_sure", .fields = FIELDS {
    { "to", "To", HIDDEN(20), .flags = REQUIRED }, { "reason", "Reason", LONG_TEXT(0, 500) }, { 0 } } };

#define OPTION(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Option, OPTION)

/* A form by GET with the areas of one level: the next page shows what would happen. */
static void show_choice(Req *r, const AreaRow *a, AreaLevel level, const char *path, const char *title,
                        const char *how) {
    FormView *v = form_show(r, "form", &to_form, path);
    form_set(v, "to", "kind", "select");
    form_set(v, "to", "blank", msg(r->c.language, "ui.choose"));
    Options all = db_all(r, Option,
        "select code as value, concat(name, ' (', code, ')') as label from service_area where utility_id=? "
        "and level=? and status<>'merged' and id<>? and not (id <=> ?) and path<>? "
        "and path not like concat(?, '/%') order by name limit 2000",
        r->c.utility, area_levels[level], a->id, a->parent_id, a->path, a->path);
    for (size_t i = 0; i < all.n; i++) form_option(v, "to", all.v[i].value, all.v[i].label);
    area_head(r, a, title);
    show_text(r, "form.get", "1");
    show_text(r, "form.intro", how);
    show_text(r, "form.submit", msg(r->c.language, "area.preview"));
    show_text(r, "form.cancel_url", link_path(r, "/areas/%s", a->code));
    page(r, "layout/form");
}

static void show_sure(Req *r, const AreaRow *a, const char *path, const char *to, const char *title, const char *how,
                      const char *submit) {
    FormView *v = form_show(r, "confirm", &sure_form, path);
    form_text(v, "to", to);
    area_head(r, a, title);
    show_text(r, "confirm.text.0", how);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", submit);
    show_text(r, "confirm.back_url", link_path(r, "%s", path));
    show_touched(r, a);
    page(r, "layout/confirm");
}

/* --- moving ------------------------------------------------------------------------------------------------------- */

/* The new parent: of the right level, not below what is moved; problems otherwise. */
static const AreaRow *new_parent(Req *r, const AreaRow *a, const char *code) {
    Ctx *c = &r->c;
    AreaLevel level = area_level(a->level), above = area_parent_level(area_used(c), level);
    const AreaRow *p = code ? area_row(c, code) : NULL;
    if (!p) problem(r, "to", "%s", msg_format(r, c->language, "area.no_parent", { "code", code ? code : "-" }));
    else if (area_is_below(p->path, a->path)) problem(r, "to", "%s", msg_format(r, c->language, "area.cycle",
        { "name", p->name }, { "of", a->name }));
    else if (area_level(p->level) != above)
        problem(r, "to", "%s", msg_format(r, c->language, "area.needs", { "child", area_word(c, level, "an") },
                                          { "parent", above < AREA_LEVELS ? area_word(c, above, "a") : "-" }));
    else if (!strcmp(p->status, "merged"))
        problem(r, "to", "%s", msg_format(r, c->language, "area.parent_merged", { "name", p->name },
                                          { "into", p->merged_into }));
    else if (p->id.id == a->parent_id.id)
        problem(r, "to", "%s", msg_format(r, c->language, "area.there_already", { "name", p->name }));
    else if (db_int(c, "select count(*) from service_area where parent_id=? and name=? and status<>'merged'", p->id,
                    a->name))
        problem(r, "to", "%s", msg_format(r, c->language, "area.twin_there", { "name", a->name },
                                          { "parent", p->name }));
    else if (db_int(c, "select max(length(path)) from service_area where utility_id=? and (path=? or path like "
                       "concat(?, '/%'))", c->utility, a->path, a->path) + (int64_t)strlen(p->path)
             - (int64_t)strlen(a->path) + (int64_t)strlen(a->code) + 1 > AREA_PATH_MAX)
        problem(r, "to", "%s", SAY(r, "too_deep"));
    return r->problems ? NULL : p;
}

/* Of all that lies below: the beginning of the path is another one. Their own facts stay, and their versions. */
static void path_set(Ctx *c, const char *was, const char *now) {
    db_run(c, "update service_area set path=concat(?, substr(path, length(?) + 1)) where utility_id=? "
              "and (path=? or path like concat(?, '/%'))", now, was, c->utility, was, was);
}

void area_move_page(Req *r) {
    const AreaRow *a = not_merged(r);
    AreaLevel above = area_parent_level(area_used(&r->c), area_level(a->level));
    if (above == AREA_LEVELS) fail(r, CONFLICT, "%s", SAY(r, "region_alone"));
    const char *path = text(r, "/areas/%s/move", a->code), *to = r->again ? field_text(r, "to") : query_text(r, "to");
    const AreaRow *p = to ? area_row(&r->c, to) : NULL;
    if (!p) {
        show_choice(r, a, above, path, SAY(r, "move"), msg_format(r, r->c.language, "area.move_how",
                    { "name", a->name }, { "parent", area_word(&r->c, above, "a") }));
        return;
    }
    show_plans(r, a->path, text(r, "%s/%s", p->path, a->code));
    show_sure(r, a, path, p->code, SAY(r, "move"), msg_format(r, r->c.language, "area.move_sure", { "name", a->name },
              { "to", p->name }, { "path", text(r, "%s/%s", p->path, a->code) }),
              msg_format(r, r->c.language, "area.move_it", { "name", a->name }));
}

void area_move_post(Req *r) {
    Ctx *c = &r->c;
    const AreaRow *a = not_merged(r);
    Input *in = form_read(r, &sure_form);
    const AreaRow *p = new_parent(r, a, in_text(in, "to"));
    problems_end(r);
    scope_check_area(c, p->id);
    db_must(c, 1, CONFLICT,
        "update service_area set parent_id=?, updated_at=?, updated_by=?, row_version=row_version+1 where id=? "
        "and row_version=?",
        p->id, c->now, c->user, a->id, a->row_version);
    path_set(c, a->path, text(r, "%s/%s", p->path, a->code));
    audit_write(c, &(Audit){ .action = "edit", .entity = "service_area", .id = a->id, .number = a->code,
        .version = a->row_version + 1, .before = json_pairs(c, "parent", a->parent_code, "path", a->path, NULL),
        .after = json_pairs(c, "parent", p->code, "path", text(r, "%s/%s", p->path, a->code), NULL),
        .reason = in_text(in, "reason") });
    area_tell(c, a->id, a->code, (Id){ 0 });
    setup_step_touch(c, "service_areas");
    const char *warning = area_warning(c, a->id);
    note(r, "%s%s%s", msg_format(r, c->language, "area.moved", { "name", a->name }, { "to", p->name }),
         warning ? " " : "", warning ? warning : "");
    go(r, "/areas/%s", a->code);
}

/* --- merging ------------------------------------------------------------------------------------------------------ */

static const AreaRow *merge_target(Req *r, const AreaRow *a, const char *code) {
    Ctx *c = &r->c;
    const AreaRow *b = code ? area_row(c, code) : NULL;
    if (!b) problem(r, "to", "%s", msg_format(r, c->language, "area.no_parent", { "code", code ? code : "-" }));
    else if (b->id.id == a->id.id) problem(r, "to", "%s", SAY(r, "merge_itself"));
    else if (strcmp(b->level, a->level))
        problem(r, "to", "%s", msg_format(r, c->language, "area.merge_level", { "level",
                                          area_word(c, area_level(a->level), "a") }));
    else if (strcmp(b->status, "active"))
        problem(r, "to", "%s", msg_format(r, c->language, "area.merge_inactive", { "name", b->name }));
    else {
        const char *twin = db_text(c, "select x.name from service_area x join service_area y on y.parent_id=? "
            "and y.name=x.name and y.status<>'merged' where x.parent_id=? and x.status<>'merged' limit 1", b->id,
                                   a->id);
        if (twin) problem(r, "to", "%s", msg_format(r, c->language, "area.twin_there", { "name", twin },
                                                    { "parent", b->name }));
    }
    return r->problems ? NULL : b;
}

void area_merge_page(Req *r) {
    const AreaRow *a = not_merged(r);
    const char *path = text(r, "/areas/%s/merge", a->code), *to = r->again ? field_text(r, "to") : query_text(r, "to");
    const AreaRow *b = to ? area_row(&r->c, to) : NULL;
    if (!b) {
        FormView *v = form_show(r, "form", &to_form, path);
        form_set(v, "to", "kind", "select");
        form_set(v, "to", "blank", msg(r->c.language, "ui.choose"));
        Options all = db_all(r, Option, "select code as value, concat(name, ' (', code, ')') as label "
            "from service_area where utility_id=? and level=? and status='active' and id<>? order by name limit 2000",
                             r->c.utility, a->level, a->id);
        for (size_t i = 0; i < all.n; i++) form_option(v, "to", all.v[i].value, all.v[i].label);
        area_head(r, a, SAY(r, "merge"));
        show_text(r, "form.get", "1");
        show_text(r, "form.intro", msg_format(r, r->c.language, "area.merge_how", { "name", a->name }));
        show_text(r, "form.submit", SAY(r, "preview"));
        show_text(r, "form.cancel_url", link_path(r, "/areas/%s", a->code));
        page(r, "layout/form");
        return;
    }
    show_plans(r, a->path, b->path);
    show_text(r, "confirm.undo", SAY(r, "no_undo"));
    show_sure(r, a, path, b->code, SAY(r, "merge"), msg_format(r, r->c.language, "area.merge_sure",
              { "name", a->name }, { "to", b->name }), msg_format(r, r->c.language, "area.merge_it",
              { "name", a->name }, { "to", b->name }));
}

/* Lists of ids in JSON name the other area from now on; one that is named twice then does no harm. */
#define OTHER_ID "regexp_replace(area_ids, concat('(?<![0-9])', ?, '(?![0-9])'), ?)"

/* Who was limited to the area is limited to the other one. */
static void move_people(Ctx *c, Id from, Id to) {
    db_run(c, "update ignore user_role set service_area_id=? where service_area_id=?", to, from);
    db_run(c, "delete from user_role where service_area_id=?", from);
}

#define CHILD(F, T) F(T, Id, id) F(T, const char *, code) F(T, int64_t, row_version)
ROW(Child, CHILD)

static void move_children(Ctx *c, const AreaRow *a, const AreaRow *b) {
    Childs l = db_all(c, Child, "select id, code, row_version from service_area where parent_id=? "
                                "and status<>'merged' for update", a->id);
    for (size_t i = 0; i < l.n; i++) {
        const Child *k = &l.v[i];
        db_run(c, "update service_area set parent_id=?, updated_at=?, updated_by=?, row_version=row_version+1 "
                  "where id=?", b->id, c->now, c->user, k->id);
        audit_write(c, &(Audit){ .action = "edit", .entity = "service_area", .id = k->id, .number = k->code,
                                 .version = k->row_version + 1, .before = json_pairs(c, "parent", a->code, NULL),
                                 .after = json_pairs(c, "parent", b->code, NULL) });
    }
    db_run(c, "update service_area set path=concat(?, substr(path, length(?) + 1)) where utility_id=? "
              "and path like concat(?, '/%')", b->path, a->path, c->utility, a->path);
}

void area_merge_post(Req *r) {
    Ctx *c = &r->c;
    const AreaRow *a = not_merged(r);
    Input *in = form_read(r, &sure_form);
    const AreaRow *b = merge_target(r, a, in_text(in, "to"));
    problems_end(r);
    scope_check_area(c, b->id);
    const char *why = msg_format(r, c->language, "area.merged_why", { "from", a->code }, { "to", b->code });
    int64_t n = premises_area_move(c, a->id, b->id, why);
    move_children(c, a, b);
    move_people(c, a->id, b->id);
    db_run(c, "update tariff_plan set area_ids=" OTHER_ID
           " where utility_id=? and json_contains(area_ids, cast(? as char))",
           a->id, b->id, c->utility, a->id);
    machine_move(c, &area_machine, a->id, "merge", in_text(in, "reason"), NULL);
    db_run(c, "update service_area set merged_into_id=? where id=? or merged_into_id=?", b->id, a->id, a->id);
    area_tell(c, a->id, a->code, b->id);
    setup_step_touch(c, "service_areas");
    note(r, "%s", msg_plural(r, c->language, "area.merged", n, COUNT(r, n), { "name", a->name }, { "to", b->name }));
    go(r, "/areas/%s", b->code);
}

/* --- splitting ---------------------------------------------------------------------------------------------------- */

static const Form split_form = { .name = "area_split", .fields = FIELDS {
    { "code",     "Code",     TEXT(2, 20), .flags = REQUIRED | UPPER, .width = "10" },
    { "name",     "Name",     TEXT(2, 80), .flags = REQUIRED },
    { "geometry", "Boundary", LONG_TEXT(0, 1000000), .flags = AS_IS,
      .hint = "GeoJSON: premises within it move to the new sub-area." },
    { "premises", "Premises", LONG_TEXT(0, 60000), .flags = AS_IS,
      .hint = "Numbers of premises that move too, one a line." },
    { 0 } } };

void area_split_page(Req *r) {
    const AreaRow *a = not_merged(r);
    if (area_level(a->level) != AREA_SUB_AREA) fail(r, NOT_FOUND, "Only sub-areas are split.");
    form_show(r, "form", &split_form, text(r, "/areas/%s/split", a->code));
    area_head(r, a, SAY(r, "split"));
    show_text(r, "form.intro", msg_format(r, r->c.language, "area.split_how", { "name", a->name }));
    show_text(r, "form.submit", SAY(r, "split_it"));
    show_text(r, "form.cancel_url", link_path(r, "/areas/%s", a->code));
    page(r, "layout/form");
}

#define ONE_ID(F, T) F(T, Id, id)
ROW(OneId, ONE_ID)

typedef struct Ids { Id *v; size_t n; } Ids;

/* Geocoded premises within a boundary: of one area, or with 0 of all others than `but`. */
static Ids inside(Ctx *c, const char *geometry, Id of, Id but) {
    OneIds l = db_all(c, OneId, "select p.id from premise p where p.utility_id=? and p.latitude is not null "
        "and (? is null or p.sub_area_id=?) and p.sub_area_id<>? and st_contains(st_geomfromgeojson(?), "
        "point(p.longitude, p.latitude)) order by p.id limit ?", c->utility, of, of, but.id, geometry,
                      (int)PREMISES_MOST + 1);
    if (l.n > PREMISES_MOST) fail(c, INVALID, "%s", msg_format(c, c->language, "area.too_many",
        { "n", locale_count(&c->mem, c->locale, PREMISES_MOST) }));
    Ids all = { take_n(c, Id, l.n + LIST_MOST + 1), l.n };
    for (size_t i = 0; i < l.n; i++) all.v[i] = l.v[i].id;
    return all;
}

/* Numbers typed by hand: each must stand in the area that is split. */
static void listed(Req *r, const AreaRow *a, const char *typed, Ids *to) {
    size_t most = to->n + LIST_MOST;
    for (const char *s = typed; s && *s;) {
        s += strspn(s, " \t\r\n,;");
        size_t n = strcspn(s, " \t\r\n,;");
        if (!n) break;
        const char *no = text_copy_n(r, s, n);
        Id id = db_id(r, "select id from premise where utility_id=? and premise_no=? and sub_area_id=?", r->c.utility,
                      no, a->id);
        if (!id.id) problem(r, "premises", "%s", msg_format(r, r->c.language, "area.no_premise", { "no", no },
                                                            { "name", a->name }));
        else if (to->n < most) to->v[to->n++] = id;
        if (r->problems || to->n == most) return;
        s += n;
    }
}

void area_split_post(Req *r) {
    Ctx *c = &r->c;
    const AreaRow *a = not_merged(r);
    if (area_level(a->level) != AREA_SUB_AREA) fail(r, NOT_FOUND, "Only sub-areas are split.");
    Input *in = form_read(r, &split_form);
    const char *boundary = in_text(in, "geometry"), *wrong = NULL;
    const char *g = boundary ? area_geometry_read(c, boundary, &wrong) : NULL;
    NewArea n = { .level = a->level, .code = in_text(in, "code"), .name = in_text(in, "name"),
                  .parent = a->parent_code, .population = -1 };
    if (wrong) problem(r, "geometry", "%s", wrong);
    if (n.code && n.name) area_check(r, &n, NULL);
    Ids all = g ? inside(c, g, a->id, (Id){ 0 }) : (Ids){ take_n(r, Id, LIST_MOST + 1), 0 };
    listed(r, a, in_text(in, "premises"), &all);
    problems_end(r);
    Id id = area_create(r, &n);
    int64_t moved = premises_area_set(c, all.v, all.n, id, msg_format(r, c->language, "area.split_why",
                                                                      { "from", a->code }, { "to", n.code }));
    area_tell(c, a->id, a->code, (Id){ 0 });
    note(r, "%s", msg_plural(r, c->language, "area.split_done", moved, COUNT(r, moved), { "name", n.name }));
    go(r, "/areas/%s", n.code);
}

/* --- premises by boundary ----------------------------------------------------------------------------------------- */

static const Form assign_form = { .name = "area_assign", .fields = FIELDS { { 0 } } };

static const AreaRow *with_boundary(Req *r) {
    const AreaRow *a = not_merged(r);
    if (area_level(a->level) != AREA_SUB_AREA || !a->geometry)
        fail(r, CONFLICT, "%s", msg_format(r, r->c.language, "area.no_boundary", { "name", a->name }));
    return a;
}

void area_assign_page(Req *r) {
    const AreaRow *a = with_boundary(r);
    Ids all = inside(&r->c, a->geometry, (Id){ 0 }, a->id);
    form_show(r, "confirm", &assign_form, text(r, "/areas/%s/assignment", a->code));
    area_head(r, a, SAY(r, "assign"));
    show_text(r, "confirm.text.0", msg_plural(r, r->c.language, "area.assign_how", (int64_t)all.n,
                                              COUNT(r, (int64_t)all.n), { "name", a->name }));
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", SAY(r, "assign_it"));
    show_text(r, "confirm.back_url", link_path(r, "/areas/%s", a->code));
    page(r, "layout/confirm");
}

void area_assign_post(Req *r) {
    const AreaRow *a = with_boundary(r);
    Ids all = inside(&r->c, a->geometry, (Id){ 0 }, a->id);
    int64_t n = premises_area_set(&r->c, all.v, all.n, a->id, SAY(r, "assign_why"));
    area_tell(&r->c, a->id, a->code, (Id){ 0 });
    note(r, "%s", msg_plural(r, r->c.language, "area.assigned", n, COUNT(r, n), { "name", a->name }));
    go(r, "/areas/%s", a->code);
}
