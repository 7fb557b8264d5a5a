/*
 * The sample's people: consumers, premises, accounts, connections with holder and plan, meters with registers and
 * installations, routes, and two portal users (sample.h).
 */
#include "app/billing/sample.h"

#include <string.h>

#include "app/core/core.h"
#include "lib/db.h"
#include "lib/utf8.h"

/* --- consumers and premises --------------------------------------------------------------------------------------- */

static Date joined_on(const Sample *s, const SampleHome *h) {
    if (h->joined_month >= 0) return date_add_days(month_first(sample_month(s, h->joined_month)), h->joined_day - 1);
    return date_add_days(month_first(s->first), -365 * h->years_here - h->joined_day * 11);
}

static const char *email_of(int64_t i, const SampleHome *h) {
    return i == 0 ? "consumer1@swa.test" : i == 1 ? "consumer2@swa.test" : h->email;
}

static void consumers_tx(Sample *s, int64_t from, int64_t to) {
    Ctx *c = s->c;
    const char *const *numbers = id_next_many(c, "consumer", s->today, (size_t)(to - from));
    DbBulk *b = db_bulk(c, "insert into consumer (id, utility_id, consumer_no, type, first_name, last_name, "
                           "organization_name, primary_phone, phone_verified_at, email, email_verified_at, "
                           "preferred_language, preferred_channel, created_at, updated_at) "
                           "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    DbBulk *contact = db_bulk(c, "insert into contact_point (utility_id, consumer_id, kind, value, verified_at, "
                                 "is_primary) values (?,?,?,?,?,1)");
    db_bulk_after(contact, b);
    for (int64_t i = from; i < to; i++) {
        SampleHome *h = &s->homes[i];
        Id id = { s->first_consumer.id + i };
        const char *email = email_of(i, h);
        Time at = time_of_local(s->zone, (Local){ .date = joined_on(s, h), .hour = 10 });
        db_bulk_add(b, id, c->utility, numbers[i - from], h->is_organization ? "organization" : "person", h->first_name,
                    h->last_name, h->organization, (const char *)h->phone, at,
                    email, email ? at : TIME_NONE, h->language, email ? h->channel : "letter", at, at);
        if (email) db_bulk_add(contact, c->utility, id, "email", email, at);
        db_bulk_add(contact, c->utility, id, "mobile", (const char *)h->phone, at);
    }
    db_bulk_end(b);
    db_bulk_end(contact);
}

static const char *address_key(Ctx *c, const SampleHome *h) {
    char *key = text(c, "%s|%s|%s", h->line1, h->unit ? h->unit : "", sample_areas[h->area].postal_code);
    for (char *p = key; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
    return key;
}

static const char *degrees(Ctx *c, int32_t e6) {
    return text(c, "%s%d.%06d", e6 < 0 ? "-" : "", (e6 < 0 ? -e6 : e6) / 1000000, (e6 < 0 ? -e6 : e6) % 1000000);
}

static void premises_tx(Sample *s, int64_t from, int64_t to) {
    Ctx *c = s->c;
    const char *const *numbers = id_next_many(c, "premise", s->today, (size_t)(to - from));
    DbBulk *b = db_bulk(c, "insert into premise (id, utility_id, premise_no, line1, unit, city, state, postal_code, "
                           "address_key, sub_area_id, latitude, longitude, premise_type) "
                           "values (?,?,?,?,?,?,'OR',?,?,?,?,?,?)");
    for (int64_t i = from; i < to; i++) {
        const SampleHome *h = &s->homes[i];
        const SampleArea *a = &sample_areas[h->area];
        db_bulk_add(b, (Id){ s->first_premise.id + i }, c->utility, numbers[i - from], h->line1, h->unit, a->city,
                    a->postal_code, address_key(c, h), s->areas[h->area], degrees(c, h->lat_e6), degrees(c, h->lng_e6),
                    h->premise_type);
    }
    db_bulk_end(b);
}

/* --- accounts and connections ------------------------------------------------------------------------------------- */

static Id named(Sample *s, const char *kind, const char *code) {
    Ctx *c = s->c;
    if (*kind == 'c') return db_id(c, "select id from consumer_category where utility_id=? and code=?", c->utility,
                                   code);
    if (*kind == 's') return db_id(c, "select id from consumer_sub_category where utility_id=? and code=?", c->utility,
                                   code);
    return tariff_plan_find(c, code);
}

typedef struct { const char *code; Id id; } Named;
/* A few codes, looked up once in a chunk. */
static Id named_once(Sample *s, Named v[8], const char *kind, const char *code) {
    for (int i = 0; i < 8; i++) {
        if (v[i].code && !strcmp(v[i].code, code)) return v[i].id;
        if (!v[i].code) return v[i] = (Named){ code, named(s, kind, code) }, v[i].id;
    }
    return named(s, kind, code);
}

static void accounts_tx(Sample *s, int64_t from, int64_t to) {
    Ctx *c = s->c;
    const char *const *numbers = id_next_many(c, "account", s->today, (size_t)(to - from));
    Named category[8] = { 0 }, sub[8] = { 0 };
    DbBulk *b = db_bulk(c, "insert into account (id, utility_id, account_no, portal_code, consumer_id, premise_id, "
                           "category_id, sub_category_id, status, single_flag, opened_on, currency, "
                           "credit_rating, billing_address_choice) "
                           "values (?,?,?,?,?,?,?,?,'active',1,?,'USD',?,'premise')");
    DbBulk *history = db_bulk(c, "insert into account_status_history (utility_id, account_id, to_status, at, reason) "
                                 "values (?,?,'active',?,'Taken over')");
    DbBulk *cycle = db_bulk(c, "insert into account_cycle (utility_id, account_id, cycle_id, from_period) "
                               "values (?,?,?,?)");
    DbBulk *delivery = db_bulk(c, "insert into bill_delivery_pref (utility_id, account_id, mode, since, changed_via) "
                                  "values (?,?,?,?,'import')");
    for (int64_t i = from; i < to; i++) {
        const SampleHome *h = &s->homes[i];
        Id id = { s->first_account.id + i };
        Date since = joined_on(s, h);
        int rating = h->payer <= PAYS_EARLY ? 780 : h->payer == PAYS_ON_TIME ? 720 : h->payer == PAYS_LATE
            ? 610 : h->payer == PAYS_NEVER ? 380 : 520;
        db_bulk_add(b, id, c->utility, numbers[i - from], (const char *)h->portal_code,
                    (Id){ s->first_consumer.id + i }, (Id){ s->first_premise.id + i },
                    named_once(s, category, "category", h->category),
                    named_once(s, sub, "sub", h->sub_category), since, rating);
        db_bulk_add(history, c->utility, id, time_of_local(s->zone, (Local){ .date = since, .hour = 10 }));
        db_bulk_add(cycle, c->utility, id, s->cycle,
                    month_first(sample_month(s, h->joined_month > 0 ? h->joined_month : 0)));
        db_bulk_add(delivery, c->utility, id, h->paper ? "paper" : "email", since);
    }
    db_bulk_end(b);
    db_bulk_end(history);
    db_bulk_end(cycle);
    db_bulk_end(delivery);
}

static void connections_tx(Sample *s, int64_t from, int64_t to) {
    Ctx *c = s->c;
    const char *const *numbers = id_next_many(c, "service_connection", s->today, (size_t)(to - from));
    Named plans[8] = { 0 };
    DbBulk *b = db_bulk(c, "insert into service_connection (id, utility_id, connection_no, account_id, premise_id, "
                           "service_code, tariff_plan_id, plan_valid_from, status, supply_state, metered, size, "
                           "dwelling_units, connected_on) "
                           "values (?,?,?,?,?,'WA',?,?,'active','connected',1,?,?,?)");
    DbBulk *holder = db_bulk(c, "insert into service_connection_holder (utility_id, service_connection_id, account_id, "
                                "from_on) values (?,?,?,?)");
    DbBulk *plan = db_bulk(c, "insert into service_connection_plan (utility_id, service_connection_id, tariff_plan_id, "
                              "valid_from) values (?,?,?,?)");
    for (int64_t i = from; i < to; i++) {
        const SampleHome *h = &s->homes[i];
        Id id = { s->first_connection.id + i }, account = { s->first_account.id + i },
            tariff = named_once(s, plans, "plan", h->plan);
        Date since = joined_on(s, h);
        db_bulk_add(b, id, c->utility, numbers[i - from], account, (Id){ s->first_premise.id + i }, tariff, since,
                    h->size, h->dwelling_units, since);
        db_bulk_add(holder, c->utility, id, account, since);
        db_bulk_add(plan, c->utility, id, tariff, since);
    }
    db_bulk_end(b);
    db_bulk_end(holder);
    db_bulk_end(plan);
}

/* --- meters ------------------------------------------------------------------------------------------------------- */

#define MODEL_ROW(F, T) F(T, Id, id) F(T, const char *, code) F(T, Id, manufacturer_id) F(T, Id, reading_format_id)
ROW(ModelRow, MODEL_ROW)

static const ModelRow *model_of(const ModelRows *all, const char *code) {
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].code, code)) return &all->v[i];
    return &all->v[0];
}

/* Those that stand there before the first month have an opening reading of the day before; the index of a new service
   is read when it begins. */
static void meters_tx(Sample *s, int64_t from, int64_t to) {
    Ctx *c = s->c;
    size_t n = (size_t)(to - from), exchanged = 0;
    for (int64_t i = from; i < to; i++) exchanged += s->homes[i].exchange_month >= 0;
    const char *const *numbers = id_next_many(c, "meter", s->today, n + exchanged);
    ModelRows models = db_all(c, ModelRow, "select m.id, m.code, m.manufacturer_id, r.reading_format_id "
                                           "from meter_model m join meter_model_register r on r.meter_model_id=m.id "
                                           "where m.utility_id=?", c->utility);
    DbBulk *meter = db_bulk(c, "insert into meter (id, utility_id, meter_no, serial_no, manufacturer_id, "
                               "meter_model_id, service_code, read_type, status, purchase_date) "
                               "values (?,?,?,?,?,?,'WA','manual',?,?)");
    DbBulk *reg = db_bulk(c, "insert into meter_register (id, utility_id, meter_id, register_code, unit, digits, "
                             "decimals, reading_format_id) values (?,?,?,'R1','CCF',6,0,?)");
    DbBulk *place = db_bulk(c, "insert into meter_installation (id, utility_id, meter_id, service_connection_id, "
                               "premise_id, installed_at, installed_on, removed_at, removed_on, removal_reason, "
                               "location_note) values (?,?,?,?,?,?,?,?,?,?,?)");
    DbBulk *connection = db_bulk(c, "update service_connection set meter_id=? where id=?");
    size_t number = 0;
    for (int64_t i = from; i < to; i++) {
        const SampleHome *h = &s->homes[i];
        const ModelRow *model = model_of(&models, h->meter_model);
        Date since = joined_on(s, h), swap = h->exchange_month >= 0
            ? date_add_days(month_first(sample_month(s, h->exchange_month)), 14) : DATE_NONE;
        int count = date_is_set(swap) ? 2 : 1;
        for (int k = 0; k < count; k++) {
            Id id = { s->next_meter++ }, register_id = { s->next_register++ },
                installation = { s->next_installation++ };
            Date on = k ? swap : date_add_days(since, -1), off = !k && count == 2 ? swap : DATE_NONE;
            const char *no = numbers[number++];
            db_bulk_add(meter, id, c->utility, no,
                text(c, "%d%07lld", k ? 26 : 10 + (int)(i % 14), (long long)(1000003 + i * 2 + k)),
                model->manufacturer_id, model->id, date_is_set(off) ? "removed" : "installed", date_add_days(on, -60));
            db_bulk_add(reg, register_id, c->utility, id, model->reading_format_id);
            Time removed = date_is_set(off) ? time_of_local(s->zone, (Local){ .date = off, .hour = 11, .minute = 10 })
                : TIME_NONE;
            db_bulk_add(place, installation, c->utility, id, (Id){ s->first_connection.id + i },
                        (Id){ s->first_premise.id + i },
                        time_of_local(s->zone, (Local){ .date = on, .hour = 11, .minute = k ? 10 : 0 }), on, removed,
                            off, date_is_set(off) ? "exchange" : NULL, i % 3 ? "Front, by the kerb"
                            : "Left side of the drive");
            if (!k) s->meters[i] = (SampleMeter){ .meter = id, .register_id = register_id, .installation = installation,
                                                  .value_e3 = h->opening_index * 1000, .true_e3 = h->opening_index
                                                  * 1000 + i * 37 % 1000 };
            if (k == count - 1) db_bulk_add(connection, id, (Id){ s->first_connection.id + i });
        }
    }
    db_bulk_end(meter);
    db_bulk_end(reg);
    db_bulk_end(place);
    db_bulk_end(connection);
}

/* --- routes ------------------------------------------------------------------------------------------------------- */

static void routes_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    Ctx *c = s->c;
    for (int a = 0; a < SAMPLE_AREAS && a < s->consumers; a++) {
        const char *code = id_next_with(c, "route", &(IdParts){ .area_code = strchr(sample_areas[a].code, '-') + 1,
            .date = s->today });
        db_insert(c, "insert into route (utility_id, code, name, service_codes, area_ids, travel_mode, "
                     "default_executive_id, start_lat, start_lng) values (?,?,?,'[\"WA\"]',json_array(?),'walk',"
                     "(select id from user where email=? limit 1), ? / 1000000, ? / 1000000)",
                  c->utility, code, sample_areas[a].name, s->areas[a], text(c, "field_executive%d@swa.test", 1 + a % 4),
                      sample_areas[a].lat_e6, sample_areas[a].lng_e6);
    }
    db_run(c, "insert into route_stop (route_id, meter_id, sequence) "
              "select r.id, v.meter_id, row_number() over (partition by r.id order by p.line1, p.unit, v.id) "
              "from route r join premise p on p.sub_area_id = json_value(r.area_ids, '$[0]') "
              "join service_connection v on v.premise_id = p.id where r.utility_id=? and v.meter_id is not null",
           c->utility);
}

/* --- who may look for themselves ---------------------------------------------------------------------------------- */

static void portal_tx(Sample *s, int64_t from, int64_t to) {
    (void)from, (void)to;
    Ctx *c = s->c;
    for (int64_t i = 0; i < 2 && i < s->consumers; i++) {
        const SampleHome *h = &s->homes[i];
        Id user = db_insert(c, "insert into portal_user (utility_id, email, email_verified_at, mobile, "
                               "mobile_verified_at, password_hash, password_changed_at, status, "
                               "terms_version, terms_at, consumer_id) "
                               "select ?, ?, ?, ?, ?, u.password_hash, ?, 'active', '1', ?, ? from user u where u.id=?",
                            c->utility, email_of(i, h), c->now, (const char *)h->phone, c->now, c->now, c->now,
                                (Id){ s->first_consumer.id + i }, s->manager);
        db_insert(c, "insert into portal_account_link (utility_id, portal_user_id, account_id, access, linked_at) "
                     "values (?,?,?,'owner',?)", c->utility, user, (Id){ s->first_account.id + i }, c->now);
        db_run(c, "update bill_delivery_pref set mode='email' where account_id=?", (Id){ s->first_account.id + i });
    }
}

void sample_people(Sample *s) {
    Ctx *c = s->c;
    s->homes = take_n(c, SampleHome, (size_t)s->consumers + 1);
    s->meters = take_n(c, SampleMeter, (size_t)s->consumers + 1);
    for (int64_t i = 0; i < s->consumers; i++) s->homes[i] = sample_home(&c->mem, s->seed, i, s->months + 1);
    s->first_consumer = db_id(c, "select coalesce(max(id), 0) + 1 from consumer");
    s->first_premise = db_id(c, "select coalesce(max(id), 0) + 1 from premise");
    s->first_account = db_id(c, "select coalesce(max(id), 0) + 1 from account");
    s->first_connection = db_id(c, "select coalesce(max(id), 0) + 1 from service_connection");
    s->next_meter = db_int(c, "select coalesce(max(id), 0) + 1 from meter");
    s->next_register = db_int(c, "select coalesce(max(id), 0) + 1 from meter_register");
    s->next_installation = db_int(c, "select coalesce(max(id), 0) + 1 from meter_installation");
    s->next_reading = db_int(c, "select coalesce(max(id), 0) + 1 from meter_reading");
    sample_chunks(s, consumers_tx);
    sample_said(s, "consumers", s->consumers);
    sample_chunks(s, premises_tx);
    sample_chunks(s, accounts_tx);
    sample_said(s, "premises, accounts", s->consumers);
    sample_chunks(s, connections_tx);
    sample_chunks(s, meters_tx);
    sample_tx(s, routes_tx, 0, 0);
    sample_tx(s, portal_tx, 0, 0);
    sample_said(s, "connections, meters, routes", s->consumers);
}
