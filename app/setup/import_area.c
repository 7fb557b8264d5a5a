/*
 * Files of service areas (ONB04US01): the tree from above; a parent stands above its children in the file, or is there.
 */
#include <string.h>

#include "app/setup/area.h"
#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "lib/db.h"

static const ImportColumn columns[] = {
    { "code",  IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY | IMPORT_UPPER, 20, .example = "DTP", .also = "area_code" },
    { "name",  IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 80, .example = "Downtown Portland", .also = "area_name" },
    { "level", IMPORT_TEXT, IMPORT_REQUIRED, .values = "region country state city zone division area sub_area",
      .example = "sub_area" },
    { "parent_code", IMPORT_TEXT, IMPORT_UPPER, 20, .refers = "service_area", .refers_words = "areas",
      .example = "POR-WST", .instead = "Areas are moved on their page, which shows what moves with them." },
    { "geometry", IMPORT_BOUNDARY, IMPORT_CHANGES, 20000, .guide = "GeoJSON of a polygon" },
    { 0 } };

static int level_of(const char *level) {
    static const char *const levels[] = { "region", "country", "state", "city", "zone", "division", "area",
                                          "sub_area" };
    for (int i = 0; level && i < 8; i++)
        if (!strcmp(levels[i], level)) return i;
    return -1;
}

#define THERE(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, level) \
    F(T, const char *, path) F(T, Id, parent_id)
ROW(There, THERE)

typedef struct Tree { const There *v; size_t n; } Tree;

static Tree tree_of(Ctx *c) {
    Theres l = db_all(c, There, "select id, code, name, level, path, parent_id from service_area where utility_id=? "
                                "and status<>'merged'", c->utility);
    return (Tree){ l.v, l.n };
}

static const There *there(const Tree *t, const char *code) {
    for (size_t i = 0; code && i < t->n; i++)
        if (!strcmp(t->v[i].code, code)) return &t->v[i];
    return NULL;
}

/* A row of the file above, which has no fault. */
static long above(const ImportSet *s, size_t row, const char *code) {
    for (size_t i = 0; code && i < row; i++) {
        const char *its = import_text(s, i, "code");
        if (its && !strcmp(its, code)) return (long)i;
    }
    return -1;
}

static bool code_is_good(const char *code) {
    size_t n = strlen(code);
    return n >= 2 && n <= 20 && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

static void check_row(Faults *to, const ImportSet *s, const Tree *t, size_t i) {
    const char *code = import_text(s, i, "code"), *parent = import_text(s, i, "parent_code"),
        *level = import_text(s, i, "level"), *name = import_text(s, i, "name");
    if (code && !code_is_good(code)) fault_add(to, i, FAULT_TYPE, "code", "import.area_code");
    if (code && there(t, code)) fault_with(fault_add(to, i, FAULT_THERE, "code", "import.area_there"), "no", code);
    const There *p = there(t, parent);
    long up = p ? -1 : above(s, i, parent);
    if (parent && !p && up < 0)
        fault_with(fault_add(to, i, FAULT_UNKNOWN, "parent_code", "import.unknown"), "value", parent);
    if (!parent && level && level_of(level) > 0) fault_add(to, i, FAULT_REQUIRED, "parent_code", "import.area_parent");
    int high = p ? level_of(p->level) : up >= 0 ? level_of(import_text(s, (size_t)up, "level")) : -1;
    if (parent && high >= 0 && level && level_of(level) <= high)
        fault_add(to, i, FAULT_RULE, "level", "import.area_level");
    for (size_t k = 0; k < t->n && name && p; k++)
        if (t->v[k].parent_id.id == p->id.id && !strcasecmp(t->v[k].name, name))
            fault_with(fault_add(to, i, FAULT_THERE, "name", "import.area_there"), "no", name);
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    Tree t = tree_of(c);
    for (size_t i = 0; i < s->n; i++) check_row(&to, s, &t, i);
    return to;
}

/* One by one: a child's path is made of its parent's. */
static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = check(c, s);
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        const char *code = import_text(s, i, "code"), *parent = import_text(s, i, "parent_code");
        const char *path = parent ? db_text(c, "select path from service_area where utility_id=? and code=?",
                                            c->utility,
                                            parent) : "";
        Id up = parent ? area_find(c, parent) : (Id){ 0 };
        if (parent && !up.id) {
            fault_with(fault_add(&to, i, FAULT_UNKNOWN, "parent_code", "import.unknown"), "value", parent);
            continue;
        }
        ids[i] = db_insert(c,
            "insert into service_area (utility_id, level, code, name, parent_id, path, geometry, created_at, "
            "created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?,?)",
            c->utility, import_text(s, i, "level"), code, import_text(s, i, "name"), up,
            *path ? text(c, "%s/%s", path, code) : code, import_text(s, i, "geometry"), c->now, c->user, c->now,
            c->user);
        audit_note(c, "create", "service_area", ids[i], code, "Import");
    }
    areas_centroid(c, ids, s->n);
    return to;
}

/* --- areas that are there ----------------------------------------------------------------------------------------- */

static Id *find(Ctx *c, const ImportSet *s) { return import_codes(c, s, "code", area_find); }

static ImportTheres stand(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, a.row_version as version, a.code as number, if(a.status='merged', "
        "'import.area_merged', null) as refusal, json_object('code', a.code, 'name', a.name, 'level', a.level, "
        "'parent_code', p.code, 'geometry', cast(a.geometry as char)) as cells from " IMPORT_IDS "service_area a "
        "on a.id=j.id left join service_area p on p.id=a.parent_id", json_ids(c, ids, n));
}

#define NAMED(F, T) F(T, int, row_no) F(T, const char *, code)
ROW(Named, NAMED)

/* A name is one area's among those below the same one. */
static Faults judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    Faults to = faults_start(c);
    Nameds l = db_all(c, Named, "select j.row_no-1 as row_no, o.code from json_table(?, '$[*]' columns (row_no for "
        "ordinality, id bigint path '$[0]', name varchar(80) path '$[1]')) j straight_join service_area a on a.id=j.id "
        "straight_join service_area o on o.parent_id=a.parent_id and o.id<>a.id and o.name=j.name "
        "and o.status<>'merged'", import_names(c, s, r, "name"));
    for (size_t i = 0; i < l.n; i++)
        fault_with(fault_add(&to, (size_t)l.v[i].row_no, FAULT_THERE, "name", "import.area_there"), "no", l.v[i].code);
    return to;
}

static int64_t change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    DbBulk *b = db_bulk(c, "update service_area set name=?, geometry=?, updated_at=?, updated_by=?, "
                           "row_version=row_version+1 where id=? and row_version=?");
    for (size_t i = 0; i < s->n; i++)
        db_bulk_add(b, import_text(s, i, "name"), import_text(s, i, "geometry"), c->now, c->user, r->id[i],
                    r->version[i]);
    int64_t n = db_bulk_end(b);
    areas_centroid(c, r->id, s->n);
    for (size_t i = 0; i < s->n; i++) area_tell(c, r->id[i], r->number[i], (Id){ 0 });
    return n;
}

/* --- taking back -------------------------------------------------------------------------------------------------- */

static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    ImportEditeds l = db_all(c, ImportEdited,
        "select j.row_no, j.id, a.row_version as version from " IMPORT_IDS "service_area a on a.id=j.id "
        "where a.row_version>1", json_ids(c, ids, n));
    const char **edited = take_n(c, const char *, n + 1);
    import_keep_edited(c, "service_area", &l, "Was edited since.", edited);
    for (size_t i = 0; i < n; i++) {        /* one by one: who lies below goes first */
        int64_t homes = db_int(c, "select count(*) from premise where sub_area_id=?", ids[i]);
        int64_t below = db_int(c, "select count(*) from service_area where parent_id=?", ids[i]);
        why[i] = homes ? text(c, "Has %lld premises.", (long long)homes)
            : below ? text(c, "Has %lld areas below.", (long long)below) : edited[i];
        if (why[i]) continue;
        audit_note(c, "delete", "service_area", ids[i], NULL, "Import taken back");
        db_run(c, "delete from service_area where id=?", ids[i]);
    }
}

static const ImportEntity area_import = { .name = "service_area", .order = 1, .key = "core.areas", .columns = columns,
    .check = check, .create = bring, .there = stand, .judge = judge, .change = change, .find = find,
    .revert = revert };

void setup_imports(void) {
    import_register(&area_import);
    import_register(&bill_import);
    import_register(&payment_import);
    import_register(&tariff_import);
}
