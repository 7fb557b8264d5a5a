/*
 * Pages of service areas (ONB02US08): the lists by level, one area with what lies below it, the form, deactivation and
 * deletion. The overview with figures and map: area_overview.c; changes of the tree: area_change.c.
 */
#include <string.h>

#include "app/core/bulk.h"
#include "app/setup/area.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/machine.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "area." key)
#define NBSP "\xC2\xA0"

/* --- tabs and heads ----------------------------------------------------------------------------------------------- */

static void tab(Req *r, size_t *n, const char *text_, const char *path, bool current) {
    show_text(r, at(r, "page.tabs", *n, "text"), text_);
    show_text(r, at(r, "page.tabs", *n, "url"), link_path(r, "%s", path));
    if (current) show_text(r, at(r, "page.tabs", *n, "current"), "1");
    ++*n;
}

void area_tabs(Req *r, const char *current) {
    size_t n = 0;
    unsigned used = area_used(&r->c);
    tab(r, &n, SAY(r, "overview"), "/areas", !strcmp(current, "overview"));
    for (AreaLevel l = AREA_REGION; l < AREA_LEVELS; l++)
        if (used & AREA_BIT(l))
            tab(r, &n, area_word(&r->c, l, "names"), text(r, "/areas/levels/%s", area_levels[l]),
                !strcmp(current, area_levels[l]));
    tab(r, &n, SAY(r, "premises"), "/areas/premises", !strcmp(current, "premises"));
}

void area_head(Req *r, const AreaRow *a, const char *last) {
    show_text(r, "page.title", last ? last : a->name);
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/areas"));
    show_text(r, "page.crumbs.1.text", a->name);
    if (!last) return;
    show_text(r, "page.crumbs.1.url", link_path(r, "/areas/%s", a->code));
    show_text(r, "page.crumbs.2.text", last);
}

static void action(Req *r, size_t *n, const char *text_, const char *url, bool primary) {
    show_text(r, at(r, "page.actions", *n, "text"), text_);
    show_text(r, at(r, "page.actions", *n, "url"), link_path(r, "%s", url));
    if (primary) show_text(r, at(r, "page.actions", *n, "kind"), "primary");
    ++*n;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static const Choice states[] = { { "active", NULL }, { "inactive", NULL }, { 0 } };
static const ListBulk bulk[] = { { "activate", "Activate", "core.areas", EDIT },
                                 { "deactivate", "Deactivate", "core.areas", EDIT }, { 0 } };

#define BELOW "join service_area s on s.id = p.sub_area_id where s.utility_id = x.utility_id " \
              "and (s.path = x.path or s.path like concat(x.path, '/%'))"

#define PREPARED(name) "(select coalesce(max(d.value), 0) from dashboard_counter d " \
                       "where d.utility_key = x.utility_id " \
                       "and d.`key` = 'below." name "' and d.period = '1970-01-01' and d.area_id = x.id)"
#define LEVEL_COLUMNS(premises, consumers) \
    { "code",      "Code",        "x.code", LIST | SEARCH | SORT, .link = "/areas/{code}", .place = "id", \
      .kind = "code" }, \
    { "name",      "Name",        "x.name", LIST | SEARCH | SORT, .place = "name" }, \
    { "parents",   "Parent path", "concat_ws(' > ', g.name, p.name)", LIST }, \
    { "children",  "Children",    "(select count(*) from service_area k where k.parent_id = x.id " \
                                  "and k.status <> 'merged')", LIST }, \
    { "premises",  "Premises",    premises, LIST }, \
    { "consumers", "Consumers",   consumers, LIST }, \
    { "former",    "Former codes", "(select group_concat(o.code order by o.code separator ', ') " \
                                   "from service_area o where o.merged_into_id = x.id)", LIST | SEARCH }, \
    { "status",    "Status",      "x.status", LIST | FILTER, .choices = states, .place = "status" }, \
    { 0 }

static const ListColumn level_columns[] = { LEVEL_COLUMNS("(select count(*) from premise p " BELOW ")",
    "(select count(distinct a.consumer_id) from account a join premise p on p.id = a.premise_id " BELOW
    " and a.status in ('active', 'temporarily_disconnected', 'disconnected'))") };
/* With many premises: as the job counted them. */
static const ListColumn level_prepared[] = { LEVEL_COLUMNS(PREPARED("premises"), PREPARED("consumers")) };

static ListSpec level_list(Req *r, AreaLevel level) {
    return (ListSpec){
        .name = "areas", .one = area_word(&r->c, level, "name"), .many = area_word(&r->c, level, "names"),
        .path = text(r, "/areas/levels/%s", area_levels[level]),
        .from = "service_area x left join service_area p on p.id = x.parent_id "
                "left join service_area g on g.id = p.parent_id",
        .where = "x.utility_id = ? and x.level = ? and x.status <> 'merged'", .id = "x.id", .area = "x.id",
        .columns = area_is_prepared(&r->c) ? level_prepared : level_columns,
        .order = "code", .feature = "core.areas", .search_label = SAY(r, "search"), .bulk = bulk,
        .bulk_path = "/areas/status", .key = "code", .import_path = "/areas/import",
        .empty_title = SAY(r, "none"), .empty_text = SAY(r, "none_text"),
    };
}

void area_level_page(Req *r) {
    AreaLevel level = area_level(path_text(r, "level"));
    if (level == AREA_LEVELS || !(area_used(&r->c) & AREA_BIT(level))) fail(r, NOT_FOUND, "There is no such level.");
    ListSpec spec = level_list(r, level);
    show_text(r, "page.title", SAY(r, "title"));
    area_tabs(r, area_levels[level]);
    size_t n = 0;
    if (perm_may(&r->c, "core.areas", CREATE))
        action(r, &n, msg_format(r, r->c.language, "area.add", { "level", area_word(&r->c, level, "name") }),
               text(r, "/areas/new?level=%s", area_levels[level]), true);
    list_show(r, &spec, r->c.utility, area_levels[level]);
    if (!r->status) page(r, "layout/list");
}

static const ListSpec premises = {
    .name = "area_premises", .one = "premise", .many = "premises", .path = "/areas/premises",
    .from = "premise p", .joins = FRAGMENTS { "join service_area x on x.id = p.sub_area_id", NULL },
    .where = "p.utility_id = ?", .id = "p.id", .area = "p.sub_area_id", .index = "premise_list",
    .found = FRAGMENTS { "select y.id from premise y where y.utility_id = ? and y.premise_no like ?",
                         "select y.id from premise y where y.utility_id = ? and y.line1 like ?", NULL },
    .columns = COLUMNS {
        { "premise_no", "Number",   "p.premise_no", LIST | SEARCH_START | SORT, .place = "id", .kind = "code",
          .link = "/areas/premises/{premise_no}" },
        { "address",    "Address",  "concat_ws(', ', p.line1, nullif(p.unit, ''))", LIST, .place = "name" },
        { "line1",      NULL,       "p.line1", SEARCH_START },
        { "postal_code", "Postcode", "p.postal_code", LIST | FILTER },
        { "sub_area",   "Sub-area", "x.name", LIST, .link = "/areas/{area_code}" },
        { "area_code",  NULL,       "x.code", FILTER, .options = "select code as value, name as label "
          "from service_area where utility_id = ? and level = 'sub_area' and status <> 'merged' order by name" },
        { "premise_type", "Type",   "p.premise_type", LIST },
        { "eru_e3",     "ERU",      "p.eru_e3", LIST },
        { "latitude",   "Latitude", "p.latitude", LIST },
        { "longitude",  "Longitude", "p.longitude", LIST },
        { "square",     NULL, "concat(round(p.latitude, 2), ',', round(p.longitude, 2))", FILTER, .more = 1 },
        { 0 } },
    .order = "premise_no", .feature = "core.areas", .empty_title = "No premise yet",
};

void area_premises_page(Req *r) {
    show_text(r, "page.title", SAY(r, "title"));
    area_tabs(r, "premises");
    size_t n = 0;
    if (perm_may(&r->c, "cis.consumers", CREATE))
        action(r, &n, msg(r->c.language, "premise.new"), "/areas/premises/new", true);
    list_show(r, &premises, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- several at once ---------------------------------------------------------------------------------------------- */

typedef struct Chosen { Bulk *bulk; const char *event; } Chosen;

static void move_one(Ctx *c, void *arg) {
    const char *const *one = arg;
    const AreaRow *a = area_row(c, one[0]);
    if (!a || !scope_has_area(c, a->id)) fail(c, NOT_FOUND, "There is no such area.");
    if (!strcmp(a->status, "merged")) fail(c, CONFLICT, "%s", msg_format(c, c->language, "area.is_merged",
        { "name", a->name }, { "into", a->merged_into }));
    if (!strcmp(a->status, !strcmp(one[1], "activate") ? "active" : "inactive"))
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "area.is_already", { "name", a->name },
                                           { "state", msg(c->language, text(c, "area.now.%s", a->status)) }));
    machine_move(c, &area_machine, a->id, one[1], NULL, NULL);
}

static void status_of(void *arg, const char *code) {
    const Chosen *all = arg;
    const char *one[] = { code, all->event };
    bulk_one(all->bulk, code, move_one, one);
}

/* Ticked areas; all lie on one level, which their list says by where they came from. */
void area_status_post(Req *r) {
    const char *event = field_text(r, "bulk");
    if (!event || (strcmp(event, "activate") && strcmp(event, "deactivate")))
        fail(r, INVALID, "%s", SAY(r, "choose_status"));
    const char *level = db_text(r, "select level from service_area where utility_id=? and code=?", r->c.utility,
                                field_text(r, "ids"));
    ListSpec spec = level_list(r, level ? area_level(level) : AREA_SUB_AREA);
    Chosen all = { bulk_start(r, msg(r->c.language, text(r, "area.bulk.%s", event)), spec.path), event };
    list_chosen(r, &spec, status_of, &all, BULK_MOST, r->c.utility,
                area_levels[level ? area_level(level) : AREA_SUB_AREA]);
    setup_step_touch(&r->c, "service_areas");
    bulk_end(all.bulk);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static const Field fields[] = {
    { "level",      "Level",      TEXT(1, 20),  .flags = REQUIRED },
    { "parent",     "Parent",     TEXT(0, 20) },
    { "code",       "Code",       TEXT(2, 20),  .flags = REQUIRED | UPPER, .width = "10",
      .hint = "Capital letters, digits and dashes. It stays as it is." },
    { "name",       "Name",       TEXT(2, 80),  .flags = REQUIRED },
    { "manager",    "Responsible manager", EMAIL, .hint = "E-mail address of an active user." },
    { "time_zone",  "Time zone",  TEXT(0, 64),  .hint = "When it differs from the utility's: America/Denver" },
    { "population", "Population", INT(0, 2000000000) },
    { "geometry",   "Boundary",   LONG_TEXT(0, 1000000), .flags = AS_IS,
      .hint = "GeoJSON (WGS 84): a Polygon or MultiPolygon." },
    { 0 } };
static const Form area_form = { .name = "area", .fields = fields };

static const Field edit_fields[] = {
    { "name",       "Name",       TEXT(2, 80),  .flags = REQUIRED },
    { "manager",    "Responsible manager", EMAIL, .hint = "E-mail address of an active user." },
    { "time_zone",  "Time zone",  TEXT(0, 64),  .hint = "When it differs from the utility's: America/Denver" },
    { "population", "Population", INT(0, 2000000000) },
    { "geometry",   "Boundary",   LONG_TEXT(0, 1000000), .flags = AS_IS,
      .hint = "GeoJSON (WGS 84): a Polygon or MultiPolygon." },
    { 0 } };
static const Form edit_form = { .name = "area", .fields = edit_fields };

#define OPTION(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Option, OPTION)

static void parent_options(FormView *v, Req *r, AreaLevel above) {
    form_set(v, "parent", "kind", "select");
    form_set(v, "parent", "blank", msg(r->c.language, "ui.choose"));
    Options all = db_all(r, Option, "select code as value, concat(repeat('" NBSP NBSP "', length(path) - "
                                    "length(replace(path, '/', ''))), name, ' (', code, ')') as label "
                                    "from service_area where utility_id=? and status<>'merged' and level<>'sub_area' "
                                    "and (? is null or level=?) order by path limit 2000",
                         r->c.utility, above < AREA_LEVELS ? area_levels[above] : NULL,
                         above < AREA_LEVELS ? area_levels[above] : NULL);
    for (size_t i = 0; i < all.n; i++) form_option(v, "parent", all.v[i].value, all.v[i].label);
}

void area_new_page(Req *r) {
    Ctx *c = &r->c;
    const char *under = query_text(r, "parent"), *level = query_text(r, "level");
    const AreaRow *p = under ? area_row(c, under) : NULL;
    AreaLevel wanted = area_level(level ? level : r->again ? field_text(r, "level") : NULL);
    unsigned used = area_used(c);
    if (p && wanted == AREA_LEVELS) wanted = area_child_level(used, area_level(p->level));
    FormView *v = form_show(r, "form", &area_form, "/areas");
    form_set(v, "level", "kind", "select");
    for (AreaLevel l = AREA_REGION; l < AREA_LEVELS; l++)
        if (used & AREA_BIT(l)) form_option(v, "level", area_levels[l], area_word(c, l, "name"));
    parent_options(v, r, wanted < AREA_LEVELS ? area_parent_level(used, wanted) : AREA_LEVELS);
    form_text(v, "level", wanted < AREA_LEVELS ? area_levels[wanted] : NULL);
    form_text(v, "parent", p ? p->code : NULL);
    show_text(r, "page.title", wanted < AREA_LEVELS
              ? msg_format(r, c->language, "area.add", { "level", area_word(c, wanted, "name") }) : SAY(r, "add_any"));
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/areas"));
    show_text(r, "page.crumbs.1.text", SAY(r, "add_any"));
    show_text(r, "form.submit", SAY(r, "save"));
    show_text(r, "form.cancel_url", link_path(r, "/areas"));
    page(r, "layout/form");
}

static const NewArea *area_sent(Input *in, const AreaRow *a) {
    NewArea *n = take(in->r, sizeof *n);
    *n = (NewArea){ .level = a ? a->level : in_text(in, "level"), .code = a ? a->code : in_text(in, "code"),
                    .name = in_text(in, "name"), .parent = a ? a->parent_code : in_text(in, "parent"),
                    .manager = in_text(in, "manager"), .time_zone = in_text(in, "time_zone"),
                    .geometry = in_text(in, "geometry"),
                    .population = in_given(in, "population") ? in_int(in, "population") : -1 };
    return n;
}

void area_create_post(Req *r) {
    Input *in = form_read(r, &area_form);
    const NewArea *n = area_sent(in, NULL);
    if (!r->problems || (n->level && n->code && n->name)) area_check(r, n, NULL);
    problems_end(r);
    const AreaRow *p = n->parent ? area_row(&r->c, n->parent) : NULL;
    if (p) scope_check_area(&r->c, p->id);
    else if (scope_area(&r->c).n) fail(r, DENIED, "%s", SAY(r, "top_level"));
    const char *warning = area_warning(&r->c, area_create(r, n));
    note(r, "%s%s%s", msg_format(r, r->c.language, "area.created", { "name", n->name }), warning ? " " : "",
         warning ? warning : "");
    go(r, "/areas/%s", n->code);
}

void area_edit_page(Req *r) {
    const AreaRow *a = area_here(r);
    FormView *v = form_show(r, "form", &edit_form, text(r, "/areas/%s", a->code));
    form_row(v, "select s.name, u.email as manager, s.time_zone, s.population, s.geometry, s.row_version, "
                "s.updated_at, w.full_name as updated_by_name from service_area s left join user u "
                "on u.id=s.manager_user_id left join user w on w.id=s.updated_by where s.id=?", a->id);
    area_head(r, a, SAY(r, "edit"));
    show_text(r, "form.submit", SAY(r, "save"));
    show_text(r, "form.cancel_url", link_path(r, "/areas/%s", a->code));
    page(r, "layout/form");
}

void area_save_post(Req *r) {
    const AreaRow *a = area_here(r);
    Input *in = form_read(r, &edit_form);
    const NewArea *n = area_sent(in, a);
    if (!strcmp(a->status, "merged")) fail(r, CONFLICT, "%s", msg_format(r, r->c.language, "area.is_merged",
        { "name", a->name }, { "into", a->merged_into }));
    area_check(r, n, a);
    problems_end(r);
    if (in->row_version != a->row_version) fail(r, CONFLICT, "%s", msg(r->c.language, "ui.conflict_short"));
    area_change(r, n, a, in->row_version);
    const char *warning = area_warning(&r->c, a->id);
    note(r, "%s%s%s", SAY(r, "saved"), warning ? " " : "", warning ? warning : "");
    go(r, "/areas/%s", a->code);
}

/* --- one area ----------------------------------------------------------------------------------------------------- */

#define BELOW_FACTS(F, T) F(T, int64_t, children) F(T, int64_t, areas) F(T, int64_t, premises) \
    F(T, int64_t, consumers) \
    F(T, int64_t, meters) F(T, Money, owed)
ROW(BelowFacts, BELOW_FACTS)

static const BelowFacts *below(Req *r, const AreaRow *a) {
    const char *like = text(r, "%s/%%", a->path);
    return db_one(r, BelowFacts,
        "select (select count(*) from service_area where parent_id=? and status<>'merged') as children, "
        "(select count(*) from service_area where utility_id=? and path like ? "
        "and status<>'merged') as areas, count(distinct p.id) as premises, count(distinct if(a.status in ('active', "
        "'temporarily_disconnected', 'disconnected'), a.consumer_id, null)) as consumers, (select count(*) "
        "from meter_installation m join premise q on q.id=m.premise_id join service_area z "
        "on z.id=q.sub_area_id where m.utility_id=? and m.removed_at is null and (z.path=? "
        "or z.path like ?)) as meters, coalesce(sum(greatest(a.balance_minor, 0)), 0) as owed from premise p "
        "join service_area s on s.id=p.sub_area_id left join account a on a.premise_id=p.id where p.utility_id=? "
        "and (s.path=? or s.path like ?)",
        a->id, r->c.utility, like, r->c.utility, a->path, like, r->c.utility, a->path, like);
}

#define OF_AREA(name) "coalesce((select d.value from dashboard_counter d where d.utility_key=x.utility_id " \
                      "and d.`key`='below." name "' and d.period='1970-01-01' and d.area_id=x.id), 0) as " name

/* To look at: what the job counted, when there is much of it. */
static const BelowFacts *below_shown(Req *r, const AreaRow *a) {
    if (!area_is_prepared(&r->c)) return below(r, a);
    return db_one(r, BelowFacts, "select (select count(*) from service_area where parent_id=x.id "
        "and status<>'merged') as children, (select count(*) from service_area z where z.utility_id=x.utility_id "
        "and z.path like concat(x.path, '/%') and z.status<>'merged') as areas, " OF_AREA("premises") ", "
        OF_AREA("consumers") ", " OF_AREA("meters") ", " OF_AREA("owed") " from service_area x where x.id=?", a->id);
}

static void show_children(Req *r, const AreaRow *a, const char *at_) {
    show_text(r, text(r, "%s.title", at_), SAY(r, "children"));
    TableView *t = table_start(r, text(r, "%s.table", at_), SAY(r, "children"));
    table_column(t, SAY(r, "code"), "code", "id");
    table_column(t, SAY(r, "name"), "text", "name");
    table_column(t, SAY(r, "premises"), "num", NULL);
    table_column(t, SAY(r, "status"), "status", "status");
    if (area_is_prepared(&r->c))
        table_rows_of(t, "/areas/", "select x.code, x.name, " OF_AREA("premises") ", x.status "
                      "from service_area x where x.parent_id=? and x.status<>'merged' order by x.code", a->id);
    else
        table_rows_of(t, "/areas/", "select x.code, x.name, (select count(*) from premise p " BELOW ") "
                  "as premises, x.status from service_area x where x.parent_id=? and x.status<>'merged' "
                  "order by x.code", a->id);
    table_empty(t, SAY(r, "no_children"), NULL);
}

void area_page(Req *r) {
    Ctx *c = &r->c;
    const AreaRow *a = area_here(r);
    const BelowFacts *f = below_shown(r, a);
    AreaLevel level = area_level(a->level), child = area_child_level(area_used(c), level);
    const char *at_ = "show.facts";
    area_head(r, a, NULL);
    show_text(r, "page.sub", area_label(c, a->id));
    show_text(r, "show.status.text", state_label(r, a->status));
    show_text(r, "show.status.tone", state_tone(r, a->status));
    show_fact(r, at_, SAY(r, "level"), area_word(c, level, "name"), NULL);
    show_fact(r, at_, SAY(r, "code"), a->code, a->path);
    if (child < AREA_LEVELS)
        show_fact(r, at_, SAY(r, "below"), locale_count(&c->mem, c->locale, f->areas), NULL);
    show_fact(r, at_, SAY(r, "premises"), locale_count(&c->mem, c->locale, f->premises), NULL);
    show_fact(r, at_, SAY(r, "consumers"), locale_count(&c->mem, c->locale, f->consumers), NULL);
    show_fact(r, at_, SAY(r, "meters"), locale_count(&c->mem, c->locale, f->meters), NULL);
    show_fact(r, at_, SAY(r, "owed"), locale_money(&c->mem, c->locale, f->owed), NULL);
    show_fact(r, at_, SAY(r, "manager"), a->manager_name ? a->manager_name : "-", a->manager_email);
    if (!strcmp(a->status, "merged")) {
        show_text(r, "show.notices.0.tone", "info");
        show_text(r, "show.notices.0.text", msg_format(r, c->language, "area.is_merged", { "name", a->name },
                                                       { "into", a->merged_into }));
        show_text(r, "show.notices.0.action.text", a->merged_into);
        show_text(r, "show.notices.0.action.url", link_path(r, "/areas/%s", a->merged_into));
    }
    bool may = perm_may(c, "core.areas", EDIT) && strcmp(a->status, "merged");
    size_t n = 0;
    if (may && child < AREA_LEVELS && perm_may(c, "core.areas", CREATE))
        action(r, &n, msg_format(r, c->language, "area.add", { "level", area_word(c, child, "name") }),
               text(r, "/areas/new?parent=%s", a->code), true);
    if (may) {
        action(r, &n, SAY(r, "edit"), text(r, "/areas/%s/edit", a->code), false);
        if (level != AREA_REGION) action(r, &n, SAY(r, "move"), text(r, "/areas/%s/move", a->code), false);
        action(r, &n, SAY(r, "merge"), text(r, "/areas/%s/merge", a->code), false);
        if (level == AREA_SUB_AREA) action(r, &n, SAY(r, "split"), text(r, "/areas/%s/split", a->code), false);
        if (level == AREA_SUB_AREA && a->geometry)
            action(r, &n, SAY(r, "assign"), text(r, "/areas/%s/assignment", a->code), false);
        if (!strcmp(a->status, "active"))
            action(r, &n, SAY(r, "deactivate"), text(r, "/areas/%s/deactivation", a->code), false);
        show_moves(r, "show.moves", &area_machine, a->id, text(r, "/areas/%s", a->code));
        if (perm_may(c, "core.areas", DELETE))
            action(r, &n, SAY(r, "delete"), text(r, "/areas/%s/deletion", a->code), false);
    }
    size_t s = 0;
    if (a->geometry) {
        show_text(r, "show.sections.0.title", SAY(r, "map"));
        show_text(r, "show.sections.0.kind", "map");
        show_text(r, "show.sections.0.map.url", link_path(r, "/areas/map.json?area=%s", a->code));
        show_text(r, "show.sections.0.map.label", msg_format(r, c->language, "area.map_of", { "name", a->name }));
        show_text(r, "show.sections.0.map.links.0.text", a->name);
        show_text(r, "show.sections.0.map.links.0.url", link_path(r, "/areas/%s", a->code));
        s++;
        show_text(r, "page.map", "1");
    }
    if (child < AREA_LEVELS) show_children(r, a, text(r, "show.sections.%zu", s));
    history_aside(r, "service_area", a->id, fields);
    page(r, "layout/show");
}

/* --- deactivation, activation, deletion --------------------------------------------------------------------------- */

static const Form reason_form = { .name = "area_reason", .fields = FIELDS {
    { "reason", "Reason", LONG_TEXT(0, 500) }, { 0 } } };

/* Plans that are offered in this area or below it and nowhere else. */
static const char *only_area_of(Ctx *c, const AreaRow *a) {
    return db_text(c, "select group_concat(t.code order by t.code separator ', ') from tariff_plan t "
                      "where t.utility_id=? and t.status='active' and json_length(t.area_ids) > 0 and not exists "
                      "(select 1 from service_area o where o.utility_id=t.utility_id and o.status='active' "
        "and json_contains(t.area_ids, cast(o.id as char)) and o.path<>? and o.path not like concat(?, '/%'))",
                   c->utility, a->path, a->path);
}

void area_deactivate_page(Req *r) {
    const AreaRow *a = area_here(r);
    const BelowFacts *f = below_shown(r, a);
    const Locale *l = r->c.locale;
    form_show(r, "confirm", &reason_form, text(r, "/areas/%s/deactivation", a->code));
    area_head(r, a, SAY(r, "deactivate"));
    show_text(r, "confirm.text.0", SAY(r, "deactivate_how"));
    const char *plans = only_area_of(&r->c, a);
    if (plans) show_text(r, "confirm.text.1", msg_format(r, r->c.language, "area.only_of", { "plans", plans }));
    show_fact(r, "confirm.facts", SAY(r, "premises"), locale_count(&r->c.mem, l, f->premises), NULL);
    show_fact(r, "confirm.facts", SAY(r, "consumers"), locale_count(&r->c.mem, l, f->consumers), NULL);
    show_text(r, "confirm.submit", msg_format(r, r->c.language, "area.deactivate_it", { "name", a->name }));
    show_text(r, "confirm.back_url", link_path(r, "/areas/%s", a->code));
    page(r, "layout/confirm");
}

void area_deactivate_post(Req *r) {
    const AreaRow *a = area_here(r);
    Input *in = form_read(r, &reason_form);
    problems_end(r);
    const char *plans = only_area_of(&r->c, a);
    machine_move(&r->c, &area_machine, a->id, "deactivate", in_text(in, "reason"), NULL);
    setup_step_touch(&r->c, "service_areas");
    note(r, "%s%s%s", msg_format(r, r->c.language, "area.deactivated", { "name", a->name }), plans ? " " : "",
         plans ? msg_format(r, r->c.language, "area.only_of", { "plans", plans }) : "");
    go(r, "/areas/%s", a->code);
}

void area_activate_post(Req *r) {
    const AreaRow *a = area_here(r);
    machine_move(&r->c, &area_machine, a->id, "activate", NULL, NULL);
    setup_step_touch(&r->c, "service_areas");
    note(r, "%s", msg_format(r, r->c.language, "area.activated", { "name", a->name }));
    go(r, "/areas/%s", a->code);
}

/* NULL when nothing stands on it. Published bills of the area are looked for in the totals of days: bills have no index
   of areas. */
static const char *delete_refusal(Req *r, const AreaRow *a) {
    int64_t held = db_int(r, "select count(*) from service_area s join premise p on p.sub_area_id=s.id "
                             "where s.utility_id=? and (s.path=? or s.path like concat(?, '/%'))",
                          r->c.utility, a->path, a->path);
    int64_t children = db_int(r, "select count(*) from service_area where parent_id=? and status<>'merged'", a->id);
    if (held) return msg_plural(r, r->c.language, "area.has_premises", held,
                                locale_count(&r->c.mem, r->c.locale, held), { "name", a->name });
    if (children) return msg_plural(r, r->c.language, "area.has_children", children,
                                    locale_count(&r->c.mem, r->c.locale, children), { "name", a->name });
    int64_t uses = db_int(r, "select (select count(*) from user_role where service_area_id=?) + "
                             "(select count(*) from service_area where merged_into_id=?) + "
        "(select count(*) from route where utility_id=? and json_contains(area_ids, cast(? as char))) + "
        "(select count(*) from bill_cycle where utility_id=? and json_contains(area_ids, cast(? as char))) + "
        "(select count(*) from tariff_plan where utility_id=? and json_contains(area_ids, cast(? as char))) + "
        "exists (select 1 from billing_daily_total where utility_id=? and sub_area_id=?) + "
        "exists (select 1 from bill where utility_id=? and status in ('draft', 'held', 'approved') "
        "and sub_area_id=?)",
        a->id, a->id, r->c.utility, a->id, r->c.utility, a->id, r->c.utility, a->id, r->c.utility, a->id,
        r->c.utility, a->id);
    return uses ? msg_format(r, r->c.language, "area.in_use", { "name", a->name }) : NULL;
}

void area_delete_page(Req *r) {
    const AreaRow *a = area_here(r);
    const char *no = delete_refusal(r, a);
    if (no) fail(r, CONFLICT, "%s", no);
    form_show(r, "confirm", &reason_form, text(r, "/areas/%s/deletion", a->code));
    area_head(r, a, SAY(r, "delete"));
    show_text(r, "confirm.text.0", SAY(r, "delete_how"));
    show_text(r, "confirm.undo", SAY(r, "no_undo"));
    show_text(r, "confirm.submit", msg_format(r, r->c.language, "area.delete_it", { "name", a->name }));
    show_text(r, "confirm.back_url", link_path(r, "/areas/%s", a->code));
    page(r, "layout/confirm");
}

void area_delete_post(Req *r) {
    const AreaRow *a = area_here(r);
    const char *no = delete_refusal(r, a);
    if (no) fail(r, CONFLICT, "%s", no);
    db_run(r, "delete from service_area where id=?", a->id);
    audit_note(&r->c, "delete", "service_area", a->id, a->code, field_text(r, "reason"));
    area_tell(&r->c, a->id, a->code, (Id){ 0 });
    setup_step_touch(&r->c, "service_areas");
    note(r, "%s", msg_format(r, r->c.language, "area.deleted", { "name", a->name }));
    go(r, "/areas");
}
