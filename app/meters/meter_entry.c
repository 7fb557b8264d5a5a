/*
 * Meters are registered, one or the rows of a file: registers come from the model (MX01US02).
 */
#include <string.h>

#include "app/core/core.h"
#include "app/meters/meters.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"

#define HIT(F, T) F(T, int, row_no) F(T, const char *, value)
ROW(Hit, HIT)

typedef struct RowKeys { const char **number, **serial, **external; } RowKeys;

/* The key of a serial number within a set: it is unique with the manufacturer, so with the model for what is new. */
static RowKeys keys_of(Ctx *c, const NewMeter *v, size_t n) {
    RowKeys k = { take_n(c, const char *, n + 1), take_n(c, const char *, n + 1), take_n(c, const char *, n + 1) };
    for (size_t i = 0; i < n; i++) {
        k.number[i] = v[i].meter_no;
        k.serial[i] = v[i].serial_no ? text(c, "%lld %s", (long long)v[i].model.id, v[i].serial_no) : NULL;
        k.external[i] = v[i].external_ref;
    }
    return k;
}

/* --- facts -------------------------------------------------------------------------------------------------------- */

#define FACT(F, T) F(T, int, row_no) F(T, bool, has_model) F(T, bool, is_model_active) F(T, bool, has_registers) \
    F(T, bool, has_store) \
    F(T, const char *, lot_status) F(T, const char *, serial_of)
ROW(Fact, FACT)

/* [[row,model,store,lot,serial number], ...] */
static const char *references(Ctx *c, const NewMeter *v, size_t n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)i);
        json_add_int(&o, NULL, v[i].model.id);
        json_add_int(&o, NULL, v[i].store.id);
        json_add_int(&o, NULL, v[i].lot.id);
        json_add_text(&o, NULL, v[i].serial_no ? v[i].serial_no : "");
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

static MeterKnown *facts_of(Ctx *c, const NewMeter *v, size_t n, const RowKeys *k) {
    MeterKnown *f = take_n(c, MeterKnown, n + 1);
    Facts l = db_all(c, Fact,
        "select j.row_no, o.id is not null as has_model, coalesce(o.active, 0) as is_model_active, exists "
        "(select 1 from meter_model_register r where r.meter_model_id=o.id) as has_registers, "
        "s.id is not null as has_store, t.status as lot_status, (select m.meter_no from meter m "
        "where m.manufacturer_id=o.manufacturer_id and m.serial_no=j.serial collate utf8mb4_unicode_520_ci "
        "limit 1) as serial_of from json_table(?, '$[*]' columns (row_no int path '$[0]', model bigint path '$[1]', "
        "store bigint path '$[2]', lot bigint path '$[3]', serial varchar(40) path '$[4]')) j "
        "left join meter_model o on o.id=j.model and o.utility_id=? left join store s on s.id=j.store "
        "and s.utility_id=? and s.kind<>'virtual' and s.active=1 left join meter_lot t on t.id=j.lot "
        "and t.utility_id=?",
        references(c, v, n), c->utility, c->utility, c->utility);
    for (size_t i = 0; i < l.n; i++) {
        const Fact *r = &l.v[i];
        f[r->row_no] = (MeterKnown){ .serial_of = r->serial_of, .has_model = r->has_model,
                                     .is_model_active = r->is_model_active,
                                     .has_registers = r->has_registers, .has_store = r->has_store,
                                     .lot_status = r->lot_status };
    }
    Hits h = db_all(c, Hit, "select j.row_no, m.meter_no as value "
                            "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                            "varchar(30) path '$[1]')) j "
                            "straight_join meter m on m.utility_id=? and m.meter_no=j.value",
                    json_keys(c, k->number, n), c->utility);
    for (size_t i = 0; i < h.n; i++) f[h.v[i].row_no].number_taken = true;
    h = db_all(c, Hit, "select j.row_no, m.meter_no as value "
                       "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(60) path '$[1]')) j "
                       "straight_join meter m force index (meter_external) on m.utility_id=? "
                       "and m.external_ref=j.value",
               json_keys(c, k->external, n), c->utility);
    for (size_t i = 0; i < h.n; i++) f[h.v[i].row_no].external_taken = true;
    return f;
}

static Faults check(Ctx *c, const NewMeter *v, size_t n) {
    static const char *const fields[] = { "meter_no", "serial_no", "external_ref" };
    Faults all = faults_start(c);
    RowKeys k = keys_of(c, v, n);
    MeterKnown *f = facts_of(c, v, n, &k);
    for (size_t i = 0; i < n; i++) meter_faults(&all, i, &v[i], &f[i]);
    const char *const *const sets[] = { k.number, k.serial, k.external };
    for (int s = 0; s < 3; s++) {
        size_t *first = first_with_key(&c->mem, sets[s], n);
        for (size_t i = 0; i < n; i++)
            if (first[i] != i) fault_add(&all, i, FAULT_TWICE, fields[s], "meters.entry.twice");
    }
    return all;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static const char **numbers_of(Ctx *c, const NewMeter *v, size_t n, const Faults *all) {
    const char **to = take_n(c, const char *, n + 1);
    size_t missing = 0, next = 0;
    for (size_t i = 0; i < n; i++) missing += !v[i].meter_no && !fault_of_row(all, i);
    const char *const *fresh = missing ? id_next_many(c, "meter", utility_today(c), missing) : NULL;
    for (size_t i = 0; i < n; i++)
        if (!fault_of_row(all, i)) to[i] = v[i].meter_no ? v[i].meter_no : fresh[next++];
    return to;
}

static const char *first_status(const NewMeter *n) {
    return n->is_for_installation && !n->store.id ? "issued" : "in_store";
}

/* Warranty runs from the purchase by the model's months. */
static void insert_meters(Ctx *c, const NewMeter *v, size_t n, const char *const *numbers) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    DbBulk *b = db_bulk(c,
        "insert into meter (utility_id, meter_no, serial_no, external_ref, meter_model_id, manufacturer_id, "
        "service_code, read_type, warranty_until, status, store_id, lot_id, purchase_date, purchase_cost_minor, "
        "firmware, test_due_on, ownership, note, created_at, created_by, updated_at, updated_by) "
        "values (?,?,?,?,?,(select o.manufacturer_id from meter_model o where o.id=?),(select o.service_code "
        "from meter_model o where o.id=?),coalesce(?, (select o.read_type from meter_model o "
        "where o.id=?)),? + interval (select coalesce(o.warranty_months, 0) from meter_model o "
        "where o.id=?) month,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < n; i++) {
        const NewMeter *m = &v[i];
        if (!numbers[i]) continue;
        db_bulk_add(b, c->utility, numbers[i], m->serial_no, m->external_ref, m->model, m->model, m->model,
                    m->read_type, m->model,
                    m->purchased_on, m->model, first_status(m), m->store, m->lot, m->purchased_on,
                    m->has_cost ? bind_money(m->cost) : (Bind){ 0 }, m->firmware, m->test_due_on,
                    m->ownership ? m->ownership : "utility", m->note, c->now, by, c->now, by);
    }
    db_bulk_end(b);
}

#define MADE(F, T) F(T, int, row_no) F(T, Id, id) F(T, const char *, status) F(T, const char *, model)
ROW(Made, MADE)

static void store(Ctx *c, const NewMeter *v, size_t n, const Faults *all, Id *ids) {
    for (size_t i = 0; i < n; i++) ids[i] = (Id){ 0 };
    const char **numbers = numbers_of(c, v, n, all);
    const char *keys = json_keys(c, numbers, n);
    insert_meters(c, v, n, numbers);
    db_run(c,
        "insert into meter_register (utility_id, meter_id, register_code, kind, unit, digits, decimals, "
        "multiplier_e6, is_billed, tou_code, reading_format_id) select m.utility_id, m.id, r.register_code, r.kind, "
        "r.unit, f.digits, f.decimals, r.multiplier_e6, r.is_billed, r.tou_code, f.id "
        "from json_table(?, '$[*]' columns (value varchar(30) path '$[1]')) j straight_join meter m "
        "on m.utility_id=? and m.meter_no=j.value straight_join meter_model_register r "
        "on r.meter_model_id=m.meter_model_id straight_join reading_format f on f.id=r.reading_format_id",
        keys, c->utility);
    Mades l = db_all(c, Made, "select j.row_no, m.id, m.status, o.code as model "
                              "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                              "varchar(30) path '$[1]')) j "
                              "straight_join meter m on m.utility_id=? and m.meter_no=j.value "
                              "straight_join meter_model o on o.id=m.meter_model_id order by j.row_no", keys,
                     c->utility);
    DbBulk *event = db_bulk(c, "insert into meter_event (utility_id, meter_id, to_status, at, "
                               "by_id) values (?,?,?,?,?)");
    Audit *audits = take_n(c, Audit, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        const Made *m = &l.v[i];
        ids[m->row_no] = m->id;
        db_bulk_add(event, c->utility, m->id, m->status, c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
        audits[i] = (Audit){ .action = "create", .entity = "meter", .id = m->id, .number = numbers[m->row_no],
                                 .version = 1,
                                 .after = json_pairs(c, "serial_no", v[m->row_no].serial_no, "model", m->model,
                                                     NULL) };
    }
    audits_write(c, audits, l.n);
    db_bulk_end(event);
}

Faults meters_check(Ctx *c, const NewMeter *v, size_t n) { return check(c, v, n); }

Faults meters_create(Ctx *c, const NewMeter *v, size_t n, Id *ids) {
    Faults all = check(c, v, n);
    store(c, v, n, &all, ids);
    return all;
}

Id meter_create(Ctx *c, const NewMeter *n) {
    Faults all = check(c, n, 1);
    faults_end(c, &all, true);
    Id id;
    store(c, n, 1, &all, &id);
    return id;
}
