/*
 * Files of other systems as rows of ours (ONB04US01): meters, connections with the meter that stands there, readings.
 * Stored by the same functions as at a desk; taken back while nothing came after them.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/core/import.h"
#include "app/meters/meters.h"
#include "app/meters/pages.h"
#include "lib/date.h"
#include "lib/db.h"

/* --- meters ------------------------------------------------------------------------------------------------------- */

static const ImportColumn meter_columns[] = {
    { "serial_no",     IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, .example = "W1000234",
      .also = "serial meter_serial" },
    { "manufacturer",  IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 20, "model", .example = "MFR-A", .also = "make" },
    { "model",         IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 40, .example = "WM15", .also = "meter_model",
      .instead = "A meter of another model is another meter." },
    { "size",          IMPORT_TEXT, IMPORT_REQUIRED, 10, .example = "5/8", .also = "meter_size" },
    { "service",       IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 4, .example = "WA" },
    { "digits",        IMPORT_INT,  IMPORT_REQUIRED, .example = "6", .also = "dials" },
    { "multiplier",    IMPORT_DECIMAL, .example = "1" },
    { "install_state", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_LIVES, .values = "in_stock installed",
      .example = "installed",
      .also = "status" },
    { "purchased_on",  IMPORT_DATE, .flags = IMPORT_CHANGES, .example = "2018-03-01", .also = "purchase_date" },
    { "radio_id",      IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 60, .field = "external_ref",
      .also = "endpoint_id" },
    { 0 } };

#define MODEL(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, manufacturer) F(T, const char *, size) \
    F(T, const char *, service) F(T, int, digits)
ROW(Model, MODEL)

typedef struct MeterSet { NewMeter *v; const Model **model; } MeterSet;

static MeterSet meters_of(Ctx *c, const ImportSet *s) {
    Models l = db_all(c, Model,
        "select o.id, o.code, m.code as manufacturer, coalesce(o.size, '') as size, o.service_code as service, "
        "(select f.digits from meter_model_register g join reading_format f on f.id=g.reading_format_id "
        "where g.meter_model_id=o.id order by g.id limit 1) as digits from meter_model o join manufacturer m "
        "on m.id=o.manufacturer_id where o.utility_id=?",
        c->utility);
    Id store = db_id(c, "select id from store where utility_id=? and active=1 and kind<>'virtual' order by id limit 1",
                     c->utility);
    MeterSet all = { take_n(c, NewMeter, s->n + 1), take_n(c, const Model *, s->n + 1) };
    for (size_t i = 0; i < s->n; i++) {
        const char *code = import_text(s, i, "model"), *maker = import_text(s, i, "manufacturer");
        for (size_t k = 0; k < l.n && code && maker; k++)
            if (!strcmp(l.v[k].code, code) && !strcmp(l.v[k].manufacturer, maker)) all.model[i] = &l.v[k];
        const char *state = import_text(s, i, "install_state");
        bool stands = state && !strcmp(state, "installed");
        all.v[i] = (NewMeter){ .serial_no = import_text(s, i, "serial_no"),
                               .external_ref = import_text(s, i, "radio_id"),
            .model = all.model[i] ? all.model[i]->id : (Id){ 0 }, .store = stands ? (Id){ 0 } : store,
            .is_for_installation = stands, .purchased_on = import_date(s, i, "purchased_on"),
            .test_due_on = DATE_NONE };
    }
    return all;
}

/* What the file says of a meter that its model says otherwise. */
static void compare_model(Faults *to, size_t i, const ImportSet *s, const Model *m) {
    const char *size = import_text(s, i, "size"), *service = import_text(s, i, "service");
    if (size && strcmp(size, m->size))
        fault_with(fault_add(to, i, FAULT_RULE, "size", "import.model_says"), "value", m->size);
    if (service && strcmp(service, m->service))
        fault_with(fault_add(to, i, FAULT_RULE, "service", "import.model_says"), "value", m->service);
    if (import_has(s, i, "digits") && import_int(s, i, "digits") != m->digits)
        fault_with(fault_add(to, i, FAULT_RULE, "digits", "import.model_says"), "value",
                   arena_text(to->mem, "%d", m->digits));
}

static Faults meter_faults_of(Ctx *c, const ImportSet *s, const MeterSet *m, const Faults *all) {
    Faults to = faults_start(c);
    Id *found = take_n(c, Id, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        found[i] = m->v[i].model;
        if (m->model[i]) compare_model(&to, i, s, m->model[i]);
    }
    import_unknown(&to, s, "model", found);
    for (size_t i = 0; i < all->n; i++)
        if (!all->v[i].field || strcmp(all->v[i].field, "model") || found[all->v[i].row].id)
            *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = all->v[i];
    return to;
}

static Faults meter_check(Ctx *c, const ImportSet *s) {
    MeterSet m = meters_of(c, s);
    Faults all = meters_check(c, m.v, s->n);
    return meter_faults_of(c, s, &m, &all);
}

/* Rows that differ from their model are kept out before the others are stored. */
static Faults meter_bring(Ctx *c, const ImportSet *s, Id *ids) {
    MeterSet m = meters_of(c, s);
    Faults none = faults_start(c), to = meter_faults_of(c, s, &m, &none);
    NewMeter *good = take_n(c, NewMeter, s->n + 1);
    size_t *row = take_n(c, size_t, s->n + 1), n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (!fault_of_row(&to, i)) row[n] = i, good[n++] = m.v[i];
    }
    Id *made = take_n(c, Id, n + 1);
    Faults all = meters_create(c, good, n, made);
    for (size_t i = 0; i < n; i++) ids[row[i]] = made[i];
    for (size_t i = 0; i < all.n; i++) {
        Fault f = all.v[i];
        f.row = row[f.row];
        *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = f;
    }
    return to;
}

/* --- meters that are there --- */

#define SERIAL(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Serial, SERIAL)

/* By serial number, where only one manufacturer has it. */
static Id *meter_by_serial(Ctx *c, const ImportSet *s) {
    const char **key = take_n(c, const char *, s->n + 1);
    Id *ids = take_n(c, Id, s->n + 1);
    for (size_t i = 0; i < s->n; i++) key[i] = import_text(s, i, "serial_no");
    Serials l = db_all(c, Serial, "select j.row_no, min(m.id) as id from json_table(?, '$[*]' columns (row_no int path "
                                  "'$[0]', value varchar(40) path '$[1]')) j straight_join meter m on m.utility_id=? "
                                  "and m.serial_no=j.value group by j.row_no having count(*)=1",
                       json_keys(c, key, s->n), c->utility);
    for (size_t i = 0; i < l.n; i++) ids[l.v[i].row_no] = l.v[i].id;
    return ids;
}

static ImportTheres meter_there(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, m.row_version as version, m.meter_no as number, if(m.status in "
        "('scrapped', 'lost'), 'import.meter_gone', null) as refusal, json_object('manufacturer', f.code, 'model', "
        "o.code, 'size', o.size, 'service', m.service_code, 'digits', (select g.digits from meter_register g "
        "where g.meter_id=m.id order by g.id limit 1), 'install_state', if(exists (select 1 from meter_installation x "
        "where x.meter_id=m.id and x.open_flag=1), 'installed', 'in_stock'), 'purchased_on', m.purchase_date, "
        "'radio_id', m.external_ref) as cells from " IMPORT_IDS "meter m on m.id=j.id join meter_model o "
        "on o.id=m.meter_model_id join manufacturer f on f.id=m.manufacturer_id", json_ids(c, ids, n));
}

#define TAKEN(F, T) F(T, int, row_no) F(T, const char *, meter_no)
ROW(Taken, TAKEN)

/* A radio is in one meter: neither in a stored one nor in an earlier row. */
static Faults meter_judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    Faults to = faults_start(c);
    Takens l = db_all(c, Taken, "select j.row_no-1 as row_no, m.meter_no from json_table(?, '$[*]' columns (row_no for "
                                "ordinality, id bigint path '$[0]', value varchar(60) path '$[1]')) j straight_join "
                                "meter m on m.utility_id=? and m.external_ref=j.value collate utf8mb4_bin "
                                "and m.id<>j.id", import_names(c, s, r, "radio_id"), c->utility);
    for (size_t i = 0; i < l.n; i++)
        fault_with(fault_add(&to, (size_t)l.v[i].row_no, FAULT_THERE, "radio_id", "import.area_there"), "no",
                   l.v[i].meter_no);
    const char **key = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) key[i] = import_text(s, i, "radio_id");
    size_t *first = first_with_key(&c->mem, key, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (first[i] != i) fault_add(&to, i, FAULT_TWICE, "radio_id", "meters.entry.twice");
    return to;
}

static int64_t meter_change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    DbBulk *b = db_bulk(c, "update meter set external_ref=?, purchase_date=?, updated_at=?, updated_by=?, "
                           "row_version=row_version+1 where id=? and row_version=?");
    for (size_t i = 0; i < s->n; i++)
        db_bulk_add(b, import_text(s, i, "radio_id"), import_date(s, i, "purchased_on"), c->now, c->user, r->id[i],
                    r->version[i]);
    return db_bulk_end(b);
}

static void meter_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, concat('Is installed at ', p.premise_no, '.') as why "
        "from json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j straight_join "
        "meter_installation x on x.meter_id=j.id join premise p on p.id=x.premise_id",
        all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays, "select j.row_no, 'Has readings.' as why "
                         "from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j where exists (select 1 from meter_reading r where r.meter_id=j.id)", all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays,
        "select v.row_no, v.why from (select j.row_no, coalesce((select concat('Is on route ', min(t.code), '.') "
        "from route_stop x join route t on t.id=x.route_id where x.meter_id=j.id), (select concat('Has order ', "
        "min(o.order_no), '.') from service_order o where o.meter_id=j.id)) as why from json_table(?, '$[*]' columns "
        "(row_no for ordinality, id bigint path '$')) j) v where v.why is not null", all);
    import_keep_why(&l, why);
    /* moves, as of an installation that is gone, are no edits */
    ImportEditeds edited = db_all(c, ImportEdited,
        "select v.row_no, v.id, v.version from (select j.row_no, j.id, cast(m.row_version-(select count(*) from "
        "meter_event e where e.meter_id=j.id and e.from_status is not null) as signed) as version from " IMPORT_IDS
        "meter m on m.id=j.id where m.row_version>1) v where v.version<>1", all);
    import_keep_edited(c, "meter", &edited, "Was edited since.", why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter_event x on "
              "x.meter_id=j.id", gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter_register x on "
              "x.meter_id=j.id", gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter x on "
              "x.id=j.id",
           gone);
    import_note_gone(c, "meter", ids, n, why);
}

static const ImportEntity meter_import = { .name = "meter", .order = 5, .key = "mx.device", .columns = meter_columns,
    .check = meter_check, .create = meter_bring, .there = meter_there, .judge = meter_judge,
    .change = meter_change, .find = meter_by_serial, .revert = meter_revert };

/* --- connections with their meters -------------------------------------------------------------------------------- */

static const ImportColumn connection_columns[] = {
    { "legacy_id",     IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, "legacy_no", .example = "S-1001",
      .also = "connection_id service_id id" },
    { "account_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, "account", .refers = "account", .refers_words = "accounts",
      .example = "A-1001", .also = "account_id" },
    { "service",       IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 4, .example = "WA", .also = "service_code" },
    { "tariff_plan_code", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 40, "plan", .example = "RES-VAR",
      .also = "plan rate_code tariff", .instead = "Plans are assigned under Plans, with the reasons why one fits." },
    { "status",        IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_LIVES, .values = "pending active disconnected closed",
      .example = "active" },
    { "connected_on",  IMPORT_DATE, IMPORT_REQUIRED, .example = "2019-07-01" },
    { "meter_serial",  IMPORT_TEXT, .flags = IMPORT_LIVES, .max = 80, .field = "meter", .refers = "meter",
      .refers_words = "meters",
      .example = "W1000234", .also = "serial_no" },
    { "installed_on",  IMPORT_DATE, .flags = IMPORT_NEW, .field = "on", .example = "2026-03-31",
      .guide = "Empty: the day of connection" },
    { "initial_reading", IMPORT_DECIMAL, .flags = IMPORT_NEW, .field = "value", .example = "1250",
      .also = "opening_reading",
      .guide = "What the meter showed on that day" },
    { "dwelling_units", IMPORT_INT, .flags = IMPORT_CHANGES, .example = "1" },
    { "eru",           IMPORT_DECIMAL, .flags = IMPORT_CHANGES, .field = "eru_e3" },
    { "winter_average", IMPORT_DECIMAL, .flags = IMPORT_CHANGES },
    { 0 } };

typedef struct ConnectionSet { NewConnection *v; Id *account, *plan, *meter; const char **size; } ConnectionSet;

#define SIZED(F, T) F(T, int, row_no) F(T, const char *, size)
ROW(Sized, SIZED)

static ConnectionSet connections_in(Ctx *c, const ImportSet *s) {
    ConnectionSet a = { take_n(c, NewConnection, s->n + 1), import_refs(c, s, "account_legacy_id"),
                        import_codes(c, s, "tariff_plan_code", tariff_plan_find), import_refs(c, s, "meter_serial"),
                        take_n(c, const char *, s->n + 1) };
    Sizeds l = db_all(c, Sized, "select j.row_no-1 as row_no, o.size from json_table(?, '$[*]' columns (row_no for "
                                "ordinality, id bigint path '$')) j straight_join meter m on m.id=j.id "
                                "join meter_model o on o.id=m.meter_model_id",
                      json_ids(c, a.meter, s->n));
    for (size_t i = 0; i < l.n; i++) a.size[l.v[i].row_no] = l.v[i].size;
    for (size_t i = 0; i < s->n; i++)
        a.v[i] = (NewConnection){ .legacy_no = import_text(s, i, "legacy_id"), .account = a.account[i],
                                  .plan = a.plan[i],
            .service_code = import_text(s, i, "service"), .size = a.size[i], .status = import_text(s, i, "status"),
            .connected_on = import_date(s, i, "connected_on"), .is_metered = import_has(s, i, "meter_serial"),
            .dwelling_units = import_int(s, i, "dwelling_units"), .eru_e3 = (int)import_e3(s, i, "eru"),
            .has_winter_average = import_has(s, i, "winter_average"),
            .winter_average = import_qty(s, i, "winter_average") };
    return a;
}

/* A meter in the file stands somewhere already, or another row has it too. */
static void meters_free(Ctx *c, Faults *to, const ImportSet *s, const Id *meter) {
    ImportStayss l = db_all(c, ImportStays, "select j.row_no-1 as row_no, p.premise_no as why "
                                "from json_table(?, '$[*]' columns (row_no "
        "for ordinality, id bigint path '$')) j straight_join meter_installation x on x.meter_id=j.id "
        "and x.open_flag=1 "
        "join premise p on p.id=x.premise_id", json_ids(c, meter, s->n));
    for (size_t i = 0; i < l.n; i++)
        fault_with(fault_add(to, (size_t)l.v[i].row_no, FAULT_THERE, "meter_serial", "import.meter_stands"), "no",
                   l.v[i].why);
    const char **keys = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) keys[i] = meter[i].id ? text(c, "%lld", (long long)meter[i].id) : NULL;
    size_t *first = first_with_key(&c->mem, keys, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (first[i] != i) fault_add(to, i, FAULT_TWICE, "meter_serial", "meters.entry.twice");
}

static Faults connection_faults_in(Ctx *c, const ImportSet *s, const ConnectionSet *a, const Faults *all) {
    Faults to = faults_start(c);
    import_unknown(&to, s, "account_legacy_id", a->account);
    import_unknown(&to, s, "tariff_plan_code", a->plan);
    import_unknown(&to, s, "meter_serial", a->meter);
    meters_free(c, &to, s, a->meter);
    for (size_t i = 0; i < s->n; i++)
        if (a->meter[i].id && !import_has(s, i, "initial_reading"))
            fault_with(fault_add(&to, i, FAULT_REQUIRED, "initial_reading", "import.required"), "column",
                       "initial_reading");
    for (size_t i = 0; i < all->n; i++) {
        const Fault *f = &all->v[i];
        bool said = f->kind == FAULT_REQUIRED && f->field
            && (!strcmp(f->field, "account") || !strcmp(f->field, "plan"));
        if (!said) *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = *f;
    }
    return to;
}

static Faults connection_check(Ctx *c, const ImportSet *s) {
    ConnectionSet a = connections_in(c, s);
    Faults all = connections_check(c, a.v, s->n);
    return connection_faults_in(c, s, &a, &all);
}

/* The meters of connections just made. A row whose meter cannot stand there fails as a whole. */
static void install_meters(Ctx *c, const ImportSet *s, const ConnectionSet *a, const Id *ids, Faults *to) {
    Install *v = take_n(c, Install, s->n + 1);
    size_t *row = take_n(c, size_t, s->n + 1), n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!ids[i].id || !a->meter[i].id) continue;
        Date on = import_date(s, i, "installed_on");
        row[n] = i;
        v[n++] = (Install){ .meter = a->meter[i], .connection = ids[i],
                            .on = date_is_set(on) ? on : import_date(s, i, "connected_on"),
                            .initial = (Reading){ import_e3(s, i, "initial_reading") }, .is_go_live = true };
    }
    Id *made = take_n(c, Id, n + 1);
    Faults f = meters_install(c, v, n, made);
    for (size_t i = 0; i < f.n; i++) {
        Fault one = f.v[i];
        one.row = row[one.row];
        *fault_add(to, 0, FAULT_RULE, NULL, NULL) = one;
    }
}

static Faults connection_bring(Ctx *c, const ImportSet *s, Id *ids) {
    ConnectionSet a = connections_in(c, s);
    Faults none = faults_start(c), to = connection_faults_in(c, s, &a, &none);
    NewConnection *good = take_n(c, NewConnection, s->n + 1);
    size_t *row = take_n(c, size_t, s->n + 1), n = 0;
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (!fault_of_row(&to, i)) row[n] = i, good[n++] = a.v[i];
    }
    Id *made = take_n(c, Id, n + 1);
    Faults all = connections_create(c, good, n, made);
    for (size_t i = 0; i < n; i++) ids[row[i]] = made[i];
    for (size_t i = 0; i < all.n; i++) {
        Fault f = all.v[i];
        f.row = row[f.row];
        *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = f;
    }
    install_meters(c, s, &a, ids, &to);
    Id *undo = take_n(c, Id, s->n + 1);
    size_t undo_n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (ids[i].id && fault_of_row(&to, i)) undo[undo_n++] = ids[i], ids[i] = (Id){ 0 };
    if (undo_n) connections_revert(c, undo, undo_n, take_n(c, const char *, undo_n + 1));
    return to;
}

/* --- connections that are there: stored by their owner --- */

static ImportTheres connection_there(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, s.row_version as version, s.connection_no as number, if(s.status="
        "'closed', 'import.connection_closed', null) as refusal, json_object('account_legacy_id', a.legacy_no, "
        "'service', s.service_code, 'tariff_plan_code', p.code, 'status', s.status, 'connected_on', s.connected_on, "
        "'meter_serial', m.serial_no, 'dwelling_units', s.dwelling_units, 'eru', cast(s.eru_e3/1000 as char), "
        "'winter_average', cast(s.winter_average_qty_micro/1000000 as char)) as cells from " IMPORT_IDS
        "service_connection s on s.id=j.id left join account a on a.id=s.account_id left join tariff_plan p "
        "on p.id=s.tariff_plan_id left join meter m on m.id=s.meter_id", json_ids(c, ids, n));
}

static Faults connection_judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    (void)r;
    Faults to = faults_start(c);
    for (size_t i = 0; i < s->n; i++) {
        static const char *const columns[] = { "eru", "winter_average" };
        if (import_int(s, i, "dwelling_units") < 0)
            fault_add(&to, i, FAULT_VALUE, "dwelling_units", "cis.entry.not_negative");
        for (int k = 0; k < 2; k++)
            if (import_qty(s, i, columns[k]).micro < 0)
                fault_add(&to, i, FAULT_VALUE, columns[k], "cis.entry.not_negative");
    }
    return to;
}

static int64_t connection_change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    ConnectionKeeps *v = take_n(c, ConnectionKeeps, s->n + 1);
    for (size_t i = 0; i < s->n; i++)
        v[i] = (ConnectionKeeps){ .connection = r->id[i], .row_version = r->version[i],
                                  .dwelling_units = import_int(s, i, "dwelling_units"),
                                  .eru_e3 = (int)import_e3(s, i, "eru"),
                                  .has_winter_average = import_has(s, i, "winter_average"),
                                  .winter_average = import_qty(s, i, "winter_average") };
    return connections_facts_set(c, v, s->n);
}

/* With the installation and its opening reading, while no other reading came. */
static void connection_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays, "select j.row_no, 'Has readings.' as why "
                                            "from json_table(?, '$[*]' columns (row_no for "
                                "ordinality, id bigint path '$')) j where exists (select 1 from meter_reading r "
                                "where r.service_connection_id=j.id "
                                "and r.type<>'initial')", all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays, "select j.row_no, 'Was billed.' as why "
                         "from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join service_connection s on s.id=j.id where s.last_billed_on is not null",
               all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, s.row_version as version from " IMPORT_IDS "service_connection s on s.id=j.id "
        "where s.row_version>1", all);
    import_keep_edited(c, "service_connection", &edited, "Was edited since.", why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c,
        "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter_installation x "
        "on x.service_connection_id=j.id and x.open_flag=1 straight_join meter m on m.id=x.meter_id "
        "set m.status=if(m.store_id is null, 'issued', 'in_store'), m.updated_at=?",
        gone, c->now);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter_installation x "
              "on x.service_connection_id=j.id set x.initial_reading_id=null", gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter_reading x on "
        "x.service_connection_id=j.id",
        gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter_installation x on "
        "x.service_connection_id=j.id",
        gone);
    Id *left = take_n(c, Id, n + 1);
    size_t *row = take_n(c, size_t, n + 1), many = 0;
    for (size_t i = 0; i < n; i++)
        if (!why[i]) row[many] = i, left[many++] = ids[i];
    const char **more = take_n(c, const char *, many + 1);
    connections_revert(c, left, many, more);
    for (size_t i = 0; i < many; i++) why[row[i]] = more[i];
}

static const ImportEntity connection_import = { .name = "service_connection", .order = 6, .key = "cis.consumers",
    .columns = connection_columns, .check = connection_check, .create = connection_bring, .there = connection_there,
    .judge = connection_judge, .change = connection_change, .revert = connection_revert };

/* --- readings ----------------------------------------------------------------------------------------------------- */

static const ImportColumn reading_columns[] = {
    { "meter_serial", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, "meter", .refers = "meter",
      .refers_words = "meters",
      .example = "W1000234", .also = "serial_no serial" },
    { "read_at",      IMPORT_TIME, IMPORT_REQUIRED | IMPORT_KEY, .example = "2026-04-30",
      .also = "read_date reading_date" },
    { "reading",      IMPORT_DECIMAL, IMPORT_REQUIRED, .field = "value", .example = "1262", .also = "value index" },
    { "type",         IMPORT_TEXT, IMPORT_REQUIRED, .values = "actual estimated customer", .example = "actual",
      .also = "read_type" },
    { "status_code",  IMPORT_TEXT, IMPORT_UPPER, 20, .example = "NORMAL" },
    { 0 } };

typedef struct ReadingSet { NewReading *v; Id *meter; } ReadingSet;

static ReadingSet readings_of(Ctx *c, const ImportSet *s) {
    ReadingSet a = { take_n(c, NewReading, s->n + 1), import_refs(c, s, "meter_serial") };
    for (size_t i = 0; i < s->n; i++) {
        const char *type = import_text(s, i, "type"), *at = import_text(s, i, "read_at");
        ReadingValue *one = take(c, sizeof *one);
        *one = (ReadingValue){ NULL, import_has(s, i, "reading"), (Reading){ import_e3(s, i, "reading") } };
        a.v[i] = (NewReading){ .meter = a.meter[i], .kind = "regular", .values = one, .n = 1,
            .source = type && !strcmp(type, "customer") ? "consumer" : "import",
            .status_code = import_text(s, i, "status_code"),
            .note = type && !strcmp(type, "estimated") ? "Estimated by the old system" : NULL,
            .submission_id = NULL, .import_batch = s->batch };
        if (at && strchr(at, 'T')) a.v[i].read_at = import_time(c, s, i, "read_at");
        else a.v[i].read_on = import_date(s, i, "read_at");
    }
    return a;
}

/* Rows whose meter is not there are said by that alone. */
static Faults reading_faults_of(Ctx *c, const ImportSet *s, const ReadingSet *a, const Faults *all, const size_t *row) {
    Faults to = faults_start(c);
    import_unknown(&to, s, "meter_serial", a->meter);
    for (size_t i = 0; i < all->n; i++) {
        Fault f = all->v[i];
        f.row = row[f.row];
        *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = f;
    }
    return to;
}

static Faults readings_in(Ctx *c, const ImportSet *s, Id *ids) {
    ReadingSet a = readings_of(c, s);
    NewReading *v = take_n(c, NewReading, s->n + 1);
    size_t *row = take_n(c, size_t, s->n + 1), n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (a.meter[i].id) row[n] = i, v[n++] = a.v[i];
    Submitted *to = take_n(c, Submitted, n + 1);
    Faults all = ids ? readings_submit(c, v, n, to) : readings_check(c, v, n, to);
    Faults more = reading_faults_of(c, s, &a, &all, row);
    for (size_t i = 0; i < n; i++) {
        if (to[i].was_there) fault_add(&more, row[i], FAULT_THERE, "read_at", "import.reading_there");
        else if (ids) ids[row[i]] = to[i].reading;
    }
    return more;
}

static Faults reading_check(Ctx *c, const ImportSet *s) { return readings_in(c, s, NULL); }

static Faults reading_bring(Ctx *c, const ImportSet *s, Id *ids) {
    for (size_t i = 0; i < s->n; i++) ids[i] = (Id){ 0 };
    return readings_in(c, s, ids);
}

/* The last ones of their registers, whose use is on no bill. */
static void reading_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays, "select j.row_no, concat('Later readings follow, the first on ', "
                                "min(x.read_on), '.') as why "
                                "from json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j "
                                "straight_join meter_reading r "
        "on r.id=j.id straight_join meter_reading x on x.register_id=r.register_id and x.read_at>r.read_at "
        "and x.live_flag=1 where x.id not in (select k.id from json_table(?, '$[*]' columns (id bigint path '$')) k) "
        "group by j.row_no", all, all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays,
        "select j.row_no, 'Its use is on a bill.' as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join usage_segment u on u.to_reading_id=j.id "
        "where u.billing_status<>'unbilled'",
        all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays, "select j.row_no, 'Was decided or corrected since.' as why "
                         "from json_table(?, '$[*]' columns (row_no "
                         "for ordinality, id bigint path '$')) j straight_join meter_reading r on r.id=j.id "
                         "where r.decision is not null "
                         "or r.supersedes_id is not null", all);
    import_keep_why(&l, why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join usage_segment x on "
        "x.to_reading_id=j.id",
        gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join vee_exception x on "
              "x.reading_id=j.id", gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join meter_reading x on "
              "x.id=j.id",
           gone);
    import_note_gone(c, "meter_reading", ids, n, why);
}

static const ImportEntity reading_import = { .name = "meter_reading", .order = 7, .key = "mx.device",
    .columns = reading_columns, .check = reading_check, .create = reading_bring,
    .insert_only = "import.only.meter_reading", .revert = reading_revert };

extern const ImportEntity route_import;         /* import_route.c */

void meters_imports(void) {
    import_register(&meter_import);
    import_register(&connection_import);
    import_register(&reading_import);
    import_register(&route_import);
}
