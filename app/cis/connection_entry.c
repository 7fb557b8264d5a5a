/*
 * Connections are entered, one or the rows of a file, opened, put on another plan, cut and connected again (CIS01US02).
 *
 * A pending connection has neither holder nor plan row: both begin on the day it is opened, so that no use before that
 * day is anybody's. Whoever held it and on which plan stays in service_connection_holder and service_connection_plan
 * without gap.
 */
#include <string.h>

#include "app/cis/entry.h"
#include "app/core/size_rules.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

typedef struct RowKeys { const char **number, **legacy; Id *premise; } RowKeys;

static RowKeys keys_of(Ctx *c, const NewConnection *v, size_t n) {
    RowKeys k = { take_n(c, const char *, n + 1), take_n(c, const char *, n + 1), take_n(c, Id, n + 1) };
    for (size_t i = 0; i < n; i++) {
        k.number[i] = v[i].connection_no;
        k.legacy[i] = v[i].legacy_no;
    }
    return k;
}

static bool is_used(const NewConnection *n) { return n->status && strcmp(n->status, "pending") != 0; }
static Date connected_on(Ctx *c, const NewConnection *n) {
    return date_is_set(n->connected_on) ? n->connected_on : is_used(n) ? utility_today(c) : DATE_NONE;
}

/* --- facts -------------------------------------------------------------------------------------------------------- */

#define FACT(F, T) F(T, int, row_no) F(T, const char *, account_no) F(T, const char *, account_status) \
    F(T, Id, premise) F(T, Id, sub_area) \
    F(T, bool, has_service) F(T, bool, has_plan) F(T, bool, plan_serves_service) F(T, bool, plan_serves_category) \
    F(T, bool, plan_serves_sub_category) F(T, bool, plan_serves_area) F(T, const char *, size_min) \
    F(T, const char *, size_max) F(T, bool, plan_has_prices) F(T, bool, derived_fits)
ROW(Fact, FACT)

/* [[row,account,plan,derived from,service,day], ...]; a pending connection's plan is asked for today. */
static const char *references(Ctx *c, const NewConnection *v, size_t n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        Date on = connected_on(c, &v[i]);
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)i);
        json_add_int(&o, NULL, v[i].account.id);
        json_add_int(&o, NULL, v[i].plan.id);
        json_add_int(&o, NULL, v[i].derived_from.id);
        json_add_text(&o, NULL, v[i].service_code ? v[i].service_code : "");
        json_add_text(&o, NULL, date_iso(&c->mem, date_is_set(on) ? on : utility_today(c)));
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

static void numbers_taken(Ctx *c, size_t n, const RowKeys *k, ConnectionKnown *f) {
    Hits h = db_all(c, Hit, "select j.row_no, s.connection_no as value "
                            "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                            "varchar(30) path '$[1]')) j "
                            "straight_join service_connection s on s.utility_id=? and s.connection_no=j.value",
                    json_keys(c, k->number, n), c->utility);
    for (size_t i = 0; i < h.n; i++) f[h.v[i].row_no].number_taken = true;
    h = db_all(c, Hit, "select j.row_no, s.connection_no as value "
                       "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(40) path '$[1]')) j "
                       "straight_join service_connection s force index (connection_legacy) on s.utility_id=? "
                       "and s.legacy_no=j.value",
               json_keys(c, k->legacy, n), c->utility);
    for (size_t i = 0; i < h.n; i++) f[h.v[i].row_no].legacy_taken = true;
}

static ConnectionKnown *facts_of(Ctx *c, const NewConnection *v, size_t n, RowKeys *k) {
    ConnectionKnown *f = take_n(c, ConnectionKnown, n + 1);
    Date today = utility_today(c);
    for (size_t i = 0; i < n; i++) f[i].today = today;
    Facts l = db_all(c, Fact, "select j.row_no, a.account_no, a.status as account_status, p.id as premise, "
                              "p.sub_area_id as sub_area, "
                              "v.id is not null as has_service, t.id is not null as has_plan, "
        PLAN_SERVES_SERVICE("t", "j.service") " as plan_serves_service, "
        PLAN_SERVES_CATEGORY("t", "a.category_id") " as plan_serves_category, "
        PLAN_SERVES_SUB_CATEGORY("t", "a.sub_category_id") " as plan_serves_sub_category, "
        PLAN_SERVES_AREA("t", "p.sub_area_id") " as plan_serves_area, "
        "t.meter_size_min as size_min, t.meter_size_max as size_max, "
        "exists (select 1 from tariff_plan_version w where w.plan_id=t.id "
        "and w.state in ('approved', 'active', 'superseded') "
        "and w.effective_from<=j.day and (w.effective_to is null or w.effective_to>=j.day)) as plan_has_prices, "
        "d.id is not null and d.metered=1 and d.account_id=j.account as derived_fits "
        "from json_table(?, '$[*]' columns (row_no int path '$[0]', account bigint path '$[1]', "
        "plan bigint path '$[2]', "
        "derived bigint path '$[3]', service varchar(4) path '$[4]', day date path '$[5]')) j "
        "left join account a on a.id=j.account and a.utility_id=? left join premise p on p.id=a.premise_id "
        "left join utility_service v on v.utility_id=? and v.code=j.service and v.active=1 "
        "left join tariff_plan t on t.id=j.plan and t.utility_id=? and t.status='active' "
        "left join service_connection d on d.id=j.derived", references(c, v, n), c->utility, c->utility, c->utility);
    for (size_t i = 0; i < l.n; i++) {
        const Fact *r = &l.v[i];
        ConnectionKnown *one = &f[r->row_no];
        bool seen = r->account_no && scope_has_area(c, r->sub_area);
        one->account_no = seen ? r->account_no : NULL, one->account_status = r->account_status;
        one->has_service = r->has_service, one->has_plan = r->has_plan,
            one->plan_serves_service = r->plan_serves_service;
        one->plan_serves_sub_category = r->plan_serves_sub_category, one->plan_serves_area = r->plan_serves_area;
        one->plan_serves_size = meter_size_within(v[r->row_no].size, r->size_min, r->size_max);
        one->plan_serves_category = r->plan_serves_category, one->plan_has_prices = r->plan_has_prices;
        one->derived_fits = r->derived_fits;
        k->premise[r->row_no] = r->premise;
    }
    numbers_taken(c, n, k, f);
    return f;
}

static void twice(Faults *to, size_t n, const RowKeys *k) {
    static const char *const fields[] = { "connection_no", "legacy_no", NULL };
    entry_twice(to, n, (const char *const *const[]){ k->number, k->legacy }, fields);
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static void insert_connections(Ctx *c, const NewConnection *v, size_t n, const Id *premises,
                               const char *const *numbers) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    DbBulk *b = db_bulk(c,
        "insert into service_connection (utility_id, connection_no, legacy_no, account_id, premise_id, service_code, "
        "tariff_plan_id, plan_valid_from, status, supply_state, metered, size, eru_e3, dwelling_units, "
        "winter_average_qty_micro, derived_from_id, connected_on, disconnected_on, closed_on, created_at, "
        "created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?,?,?,nullif(?,0),?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < n; i++) {
        const NewConnection *w = &v[i];
        if (!numbers[i]) continue;
        const char *status = w->status ? w->status : "pending";
        bool used = is_used(w), active = !strcmp(status, "active"), closed = !strcmp(status, "closed");
        Date on = connected_on(c, w);
        db_bulk_add(b, c->utility, numbers[i], w->legacy_no, w->account, premises[i], w->service_code, w->plan,
                    w->plan.id && used
                    ? on : DATE_NONE, status,
                    active ? "connected" : used ? "disconnected" : "vacant", w->is_metered, w->size, w->eru_e3,
                    w->dwelling_units ? w->dwelling_units : 1, w->has_winter_average ? bind_qty(w->winter_average)
                        : (Bind){ 0 },
                    w->derived_from, on, used && !active ? utility_today(c) : DATE_NONE, closed ? utility_today(c)
                        : DATE_NONE, c->now,
                    by, c->now, by);
    }
    db_bulk_end(b);
}

#define MADE(F, T) F(T, int, row_no) F(T, Id, id) F(T, Id, account) F(T, Id, consumer) F(T, Id, plan) \
    F(T, const char *, connection_no) \
    F(T, const char *, service_code) F(T, const char *, status) F(T, Date, connected_on) F(T, Date, opened_on)
ROW(Made, MADE)

static Mades made_of(Ctx *c, const char *const *numbers, size_t n) {
    return db_all(c, Made,
        "select j.row_no, s.id, s.account_id as account, a.consumer_id as consumer, s.tariff_plan_id as plan, "
        "s.connection_no, s.service_code, s.status, s.connected_on, a.opened_on "
        "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(30) path '$[1]')) j straight_join "
        "service_connection s on s.utility_id=? and s.connection_no=j.value straight_join account a "
        "on a.id=s.account_id order by j.row_no",
        json_keys(c, numbers, n), c->utility);
}

static Event activated(Ctx *c, const Made *s, Date on) {
    const char *payload = json_pairs(c, "service_connection_id", text(c, "%lld", (long long)s->id.id), "at",
                                     date_iso(&c->mem, on), NULL);
    return (Event){ .name = "service_connection.activated", .entity = "service_connection", .id = s->id,
                    .number = s->connection_no,
                    .account = s->account, .consumer = s->consumer, .payload = payload };
}

/* The holder begins with the account when the connection is older than it. */
static void hold(Ctx *c, const Mades *l) {
    DbBulk *holder = db_bulk(c,
                             "insert into service_connection_holder (utility_id, "
                             "service_connection_id, account_id, from_on) "
                             "values (?,?,?,?)");
    DbBulk *plan = db_bulk(c,
        "insert into service_connection_plan (utility_id, service_connection_id, tariff_plan_id, valid_from, "
        "created_by) values (?,?,?,?,?)");
    for (size_t i = 0; i < l->n; i++) {
        const Made *s = &l->v[i];
        if (!date_is_set(s->connected_on) || !strcmp(s->status, "pending")) continue;
        db_bulk_add(holder, c->utility, s->id, s->account, date_max(s->connected_on, s->opened_on));
        if (s->plan.id) db_bulk_add(plan, c->utility, s->id, s->plan, s->connected_on, c->realm == REALM_STAFF
                                    ? c->user : (Id){ 0 });
    }
    db_bulk_end(holder);
    db_bulk_end(plan);
}

static void store(Ctx *c, const NewConnection *v, size_t n, const RowKeys *k, const Faults *all, Id *ids) {
    bool *stored = entry_good(c, all, n, ids);
    const char **numbers = entry_numbers(c, "service_connection", k->number, stored, n);
    insert_connections(c, v, n, k->premise, numbers);
    Mades l = made_of(c, numbers, n);
    hold(c, &l);
    Event *events = take_n(c, Event, l.n + 1);
    Audit *audits = take_n(c, Audit, l.n + 1);
    size_t many = 0;
    for (size_t i = 0; i < l.n; i++) {
        const Made *s = &l.v[i];
        ids[s->row_no] = s->id;
        audits[i] = (Audit){ .action = "create", .entity = "service_connection", .id = s->id,
                             .number = s->connection_no,
                             .version = 1,
                             .after = json_pairs(c, "service_code", s->service_code, "status", s->status, NULL) };
        if (!strcmp(s->status, "active")) events[many++] = activated(c, s, s->connected_on);
    }
    audits_write(c, audits, l.n);
    events_emit(c, events, many);
}

static Faults check(Ctx *c, const NewConnection *v, size_t n, RowKeys *k) {
    Faults all = faults_start(c);
    *k = keys_of(c, v, n);
    ConnectionKnown *f = facts_of(c, v, n, k);
    for (size_t i = 0; i < n; i++) connection_faults(&all, i, &v[i], &f[i]);
    twice(&all, n, k);
    return all;
}

ENTRY_FORMS(NewConnection, connection, connections)

/* --- afterwards --------------------------------------------------------------------------------------------------- */

#define HELD(F, T) F(T, Id, id) F(T, Id, account) F(T, Id, consumer) F(T, Id, plan) F(T, Id, category) \
    F(T, Id, sub_category) F(T, Id, sub_area) F(T, const char *, size) F(T, const char *, connection_no) \
    F(T, const char *, service_code) F(T, const char *, status) F(T, const char *, supply_state) F(T, Date, opened_on) \
    F(T, Date, plan_valid_from) F(T, Date, last_billed_on) F(T, int, row_version)
ROW(Held, HELD)

static Held *connection_lock(Ctx *c, Id connection) {
    Held *s = db_find(c, Held,
        "select s.id, s.account_id as account, a.consumer_id as consumer, s.tariff_plan_id as plan, "
        "a.category_id as category, a.sub_category_id as sub_category, p.sub_area_id as sub_area, s.size, "
        "s.connection_no, s.service_code, s.status, s.supply_state, a.opened_on, "
        "s.plan_valid_from, s.last_billed_on, s.row_version from service_connection s join account a "
        "on a.id=s.account_id join premise p on p.id=s.premise_id where s.id=? and s.utility_id=? for update",
        connection, c->utility);
    if (!s) fail(c, NOT_FOUND, "There is no such connection.");
    return s;
}

static _Noreturn void refuse(Ctx *c, const char *field, const char *key) {
    fail_field(c, CONFLICT, field, "%s", msg(c->language, key));
}

/* The plan, with its service, its category and its prices, must fit the connection on that day. */
static void plan_must_fit(Ctx *c, const Held *s, Id plan, Date on) {
    if (!plan.id) refuse(c, "plan", "cis.entry.plan");
    PlanTaker t = { s->service_code, s->size, s->category, s->sub_category, s->sub_area };
    const char *no = tariff_plan_refusal(c, plan, &t, on);
    if (no) refuse(c, "plan", no);
}

void connection_open(Ctx *c, Id connection, Date on) {
    const Held *s = connection_lock(c, connection);
    if (!strcmp(s->status, "active")) return;
    if (strcmp(s->status, "pending") != 0) refuse(c, NULL, "cis.connection.not_pending");
    if (date_compare(on, utility_today(c)) > 0) refuse(c, "connected_on", "cis.entry.connected_future");
    plan_must_fit(c, s, s->plan, on);
    db_run(c, "update service_connection set status='active', supply_state='connected', connected_on=?, "
              "plan_valid_from=?, updated_at=?, "
              "updated_by=?, row_version=row_version+1 where id=?", on, on, c->now, c->realm == REALM_STAFF
                  ? c->user : (Id){ 0 }, connection);
    Made made = { .id = s->id, .account = s->account, .consumer = s->consumer, .plan = s->plan,
                  .connection_no = s->connection_no,
                  .status = "active", .connected_on = on, .opened_on = s->opened_on };
    hold(c, &(Mades){ &made, 1 });
    audit_write(c, &(Audit){ .action = "open", .entity = "service_connection", .id = s->id, .number = s->connection_no,
                             .version = s->row_version + 1, .before = json_pairs(c, "status", s->status, NULL),
                             .after = json_pairs(c, "status", "active", "connected_on", date_iso(&c->mem, on), NULL) });
    Event e = activated(c, &made, on);
    event_emit(c, &e);
}

/* Not into days that are billed, and not before a change that is planned. */
static void plan_day_must_fit(Ctx *c, const Held *s, Date from) {
    if (date_is_set(s->last_billed_on) && date_compare(from, s->last_billed_on) <= 0) {
        const char *to = locale_date(&c->mem, c->locale, s->last_billed_on);
        const char *earliest = locale_date(&c->mem, c->locale, date_add_days(s->last_billed_on, 1));
        fail_field(c, INVALID, "from", "%s", msg_format(c, c->language, "cis.connection.billed_to", { "date", to },
                                                        { "earliest", earliest }));
    }
    if (db_int(c, "select exists (select 1 from service_connection_plan "
                  "where service_connection_id=? and valid_from>?)", s->id, from))
        refuse(c, "from", "cis.connection.plan_later");
}

void connection_plan_set(Ctx *c, Id connection, Id plan, Date from, const char *reason) {
    const Held *s = connection_lock(c, connection);
    plan_must_fit(c, s, plan, from);
    plan_day_must_fit(c, s, from);
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    db_run(c, "update service_connection_plan set valid_to=? where service_connection_id=? and valid_from<? "
              "and (valid_to is null or valid_to>=?)", date_add_days(from, -1), connection, from, from);
    db_run(c, "insert into service_connection_plan (utility_id, service_connection_id, "
              "tariff_plan_id, valid_from, created_by) "
              "values (?,?,?,?,?) on duplicate key update tariff_plan_id=values(tariff_plan_id), valid_to=null",
           c->utility, connection, plan, from, by);
    db_run(c, "update service_connection set tariff_plan_id=?, plan_valid_from=?, updated_at=?, updated_by=?, "
              "row_version=row_version+1 "
              "where id=?", plan, from, c->now, by, connection);
    const char *was = s->plan.id ? db_text(c, "select code from tariff_plan where id=?", s->plan) : NULL;
    const char *is = db_text(c, "select code from tariff_plan where id=?", plan), *day = date_iso(&c->mem, from);
    audit_write(c, &(Audit){ .action = "plan", .entity = "service_connection", .id = s->id, .number = s->connection_no,
                             .version = s->row_version + 1, .before = json_pairs(c, "plan", was, NULL),
                             .after = json_pairs(c, "plan", is, "from", day, NULL), .reason = reason });
    event_emit(c, &(Event){ .name = "service_connection.plan_changed", .entity = "service_connection", .id = s->id,
                            .number = s->connection_no, .account = s->account, .consumer = s->consumer,
                            .payload = json_pairs(c, "service_connection_id", text(c, "%lld", (long long)s->id.id),
                                                  "at", day, NULL) });
}

void connections_winter_set(Ctx *c, const ConnectionWinter *v, size_t n) {
    if (!n) return;
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, v[i].connection.id), json_add_int(&o, NULL, v[i].average.micro);
        json_close(&o);
    }
    json_close(&o);
    db_run(c, "update service_connection s join json_table(?, '$[*]' columns (id bigint path '$[0]', average bigint "
              "path '$[1]')) j on j.id=s.id set s.winter_average_qty_micro=j.average where s.utility_id=?", t.s,
           c->utility);
    audit_write(c, &(Audit){ .action = "winter_average", .entity = "service_connection",
                             .after = json_pairs(c, "connections", text(c, "%zu", n), NULL) });
}

int64_t connections_facts_set(Ctx *c, const ConnectionKeeps *v, size_t n) {
    DbBulk *b = db_bulk(c, "update service_connection set dwelling_units=greatest(?,1), eru_e3=nullif(?,0), "
                           "winter_average_qty_micro=?, updated_at=?, updated_by=?, row_version=row_version+1 "
                           "where id=? and row_version=?");
    for (size_t i = 0; i < n; i++)
        db_bulk_add(b, v[i].dwelling_units, v[i].eru_e3, v[i].has_winter_average ? bind_qty(v[i].winter_average)
                    : (Bind){ 0 }, c->now, c->user, v[i].connection, v[i].row_version);
    return db_bulk_end(b);
}

void cis_set_supply_state(Ctx *c, Id connection, const char *state, Time at, Id service_order) {
    const Held *s = connection_lock(c, connection);
    if (!strcmp(s->supply_state, state)) return;
    bool cut = !strcmp(state, "disconnected") && !strcmp(s->status, "active");
    bool back = !strcmp(state, "connected") && !strcmp(s->status, "disconnected");
    const char *status = cut ? "disconnected" : back ? "active" : s->status;
    const Zone *zone = zone_find(utility_here(c)->time_zone);
    Date on = time_date(zone ? zone : zone_utc(), at);
    db_run(c, "update service_connection set supply_state=?, status=?, disconnected_on=if(?, ?, if(?, "
              "null, disconnected_on)), "
              "updated_at=?, updated_by=?, row_version=row_version+1 where id=?",
           state, status, cut, on, back, c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 }, connection);
    audit_write(c, &(Audit){ .action = "supply", .entity = "service_connection", .id = s->id,
                             .number = s->connection_no,
                             .version = s->row_version + 1, .before = json_pairs(c, "supply_state", s->supply_state,
                                 NULL),
                             .after = json_pairs(c, "supply_state", state, NULL) });
    if (!cut && !back) return;
    const char *order = service_order.id ? text(c, "%lld", (long long)service_order.id) : NULL;
    event_emit(c, &(Event){ .name = cut ? "service_connection.disconnected" : "service_connection.reconnected",
                            .entity = "service_connection", .id = s->id, .number = s->connection_no,
                            .account = s->account,
                            .consumer = s->consumer,
                            .payload = json_pairs(c, "service_connection_id", text(c, "%lld", (long long)s->id.id),
                                                  "at",
                                                  date_iso(&c->mem, on), "service_order_id", order, NULL) });
}
