/*
 * Premises are entered, one or the rows of a file (CIS01US02): an address is there once.
 */
#include "app/cis/entry.h"

typedef struct RowKeys { const char **number, **legacy, **address; } RowKeys;

static RowKeys keys_of(Ctx *c, const NewPremise *v, size_t n) {
    RowKeys k = { take_n(c, const char *, n + 1), take_n(c, const char *, n + 1), take_n(c, const char *, n + 1) };
    for (size_t i = 0; i < n; i++) {
        k.number[i] = v[i].premise_no;
        k.legacy[i] = v[i].legacy_no;
        k.address[i] = v[i].line1 ? address_key(c, v[i].line1, v[i].unit, v[i].postal_code) : NULL;
    }
    return k;
}

#define AREA(F, T) F(T, Id, id)
ROW(Area, AREA)

static void areas(Ctx *c, const NewPremise *v, size_t n, PremiseKnown *f) {
    Areas l = db_all(c, Area, "select id from service_area where utility_id=? and level='sub_area' and status='active'",
                     c->utility);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < l.n && !f[i].is_sub_area; k++)
            f[i].is_sub_area = l.v[k].id.id == v[i].sub_area.id && scope_has_area(c, l.v[k].id);
}

static PremiseKnown *facts_of(Ctx *c, const NewPremise *v, size_t n, const RowKeys *k) {
    PremiseKnown *f = take_n(c, PremiseKnown, n + 1);
    Hits l = db_all(c, Hit, "select j.row_no, p.premise_no as value "
                            "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                            "varchar(30) path '$[1]')) j "
                            "straight_join premise p on p.utility_id=? and p.premise_no=j.value",
                    json_keys(c, k->number, n), c->utility);
    for (size_t i = 0; i < l.n; i++) f[l.v[i].row_no].number_taken = true;
    l = db_all(c, Hit, "select j.row_no, p.premise_no as value "
                       "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(40) path '$[1]')) j "
                       "straight_join premise p force index (premise_legacy) on p.utility_id=? "
                       "and p.legacy_no=j.value",
               json_keys(c, k->legacy, n), c->utility);
    for (size_t i = 0; i < l.n; i++) f[l.v[i].row_no].legacy_taken = true;
    l = db_all(c, Hit, "select j.row_no, p.premise_no as value "
                       "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(200) path '$[1]')) j "
                       "straight_join premise p on p.utility_id=? and p.address_key=j.value",
               json_keys(c, k->address, n), c->utility);
    for (size_t i = 0; i < l.n; i++) f[l.v[i].row_no].address_of = l.v[i].value;
    areas(c, v, n, f);
    return f;
}

static void twice(Faults *to, size_t n, const RowKeys *k) {
    static const char *const fields[] = { "premise_no", "legacy_no", "line1", NULL };
    entry_twice(to, n, (const char *const *const[]){ k->number, k->legacy, k->address }, fields);
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static const char *degrees(Ctx *c, int32_t e6) {
    int32_t whole = e6 < 0 ? -e6 : e6;
    return text(c, "%s%d.%06d", e6 < 0 ? "-" : "", whole / 1000000, whole % 1000000);
}

static void insert_premises(Ctx *c, const NewPremise *v, size_t n, const RowKeys *k, const char *const *numbers) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    DbBulk *b = db_bulk(c,
        "insert into premise (utility_id, premise_no, legacy_no, line1, line2, unit, city, state, postal_code, "
        "country, address_key, sub_area_id, latitude, longitude, parcel_no, premise_type, multi_unit, "
        "impervious_sqft, eru_e3, access_note, created_at, created_by, updated_at, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,nullif(?,0),nullif(?,0),?,?,?,?,?)");
    for (size_t i = 0; i < n; i++) {
        const NewPremise *p = &v[i];
        if (!numbers[i]) continue;
        db_bulk_add(b, c->utility, numbers[i], p->legacy_no, p->line1, p->line2, p->unit, p->city, p->state,
                    p->postal_code,
            p->country ? p->country : "US", k->address[i], p->sub_area, p->has_place ? degrees(c, p->lat_e6) : NULL,
            p->has_place ? degrees(c, p->lng_e6) : NULL, p->parcel_no, p->type ? p->type : "house", p->is_multi_unit,
            p->impervious_sqft, p->eru_e3, p->access_note, c->now, by, c->now, by);
    }
    db_bulk_end(b);
}

#define MADE(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Made, MADE)

static void store(Ctx *c, const NewPremise *v, size_t n, const RowKeys *k, const Faults *all, Id *ids) {
    bool *stored = entry_good(c, all, n, ids);
    const char **numbers = entry_numbers(c, "premise", k->number, stored, n);
    insert_premises(c, v, n, k, numbers);
    Mades l = db_all(c, Made, "select j.row_no, p.id "
                              "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                              "varchar(30) path '$[1]')) j "
                              "straight_join premise p on p.utility_id=? and p.premise_no=j.value",
                     json_keys(c, numbers, n), c->utility);
    Audit *audits = take_n(c, Audit, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        int row = l.v[i].row_no;
        ids[row] = l.v[i].id;
        audits[i] = (Audit){ .action = "create", .entity = "premise", .id = ids[row], .number = numbers[row],
                                 .version = 1,
                                 .after = json_pairs(c, "line1", v[row].line1, "unit", v[row].unit, "city", v[row].city,
                                                     "postal_code", v[row].postal_code, "legacy_no", v[row].legacy_no,
                                                     NULL) };
    }
    audits_write(c, audits, l.n);
}

/* --- for others --------------------------------------------------------------------------------------------------- */

static Faults check(Ctx *c, const NewPremise *v, size_t n, RowKeys *k) {
    Faults all = faults_start(c);
    *k = keys_of(c, v, n);
    PremiseKnown *f = facts_of(c, v, n, k);
    for (size_t i = 0; i < n; i++) premise_faults(&all, i, &v[i], &f[i]);
    twice(&all, n, k);
    return all;
}

ENTRY_FORMS(NewPremise, premise, premises)
