/*
 * What is known of readings on their way in: the register and where it stands, readings and use before, rules, codes
 * (MX02US04, MX03US01). A handful of statements for a set, whatever its size.
 */
#include <stdlib.h>
#include <string.h>

#include "app/meters/reading.h"
#include "lib/json.h"

Date local_day(Ctx *c, Time at) {
    const Zone *zone = zone_find(utility_here(c)->time_zone);
    return time_date(zone ? zone : zone_utc(), at);
}

Time day_end(Ctx *c, Date day) {
    const Zone *zone = zone_find(utility_here(c)->time_zone);
    Time end = time_add_seconds(date_start(zone ? zone : zone_utc(), date_add_days(day, 1)), -1);
    bool today = day.day == local_day(c, c->now).day;
    return today && time_compare(end, c->now) > 0 ? c->now : end;
}

static bool has_time(Time t) { return t.us && time_is_set(t); }
static bool has_date(Date d) { return d.day && date_is_set(d); }

static const char *type_of(const NewReading *r) {
    return !r->kind ? "regular" : !strcmp(r->kind, "opening") ? "initial" : r->kind;
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

static void add_entry(Ctx *c, Entries *all, const NewReading *r, size_t row, const ReadingValue *value) {
    Entry *e = &all->v[all->n++];
    e->row = row, e->meter = r->meter, e->type = type_of(r);
    e->field = value ? value->field : NULL, e->at_field = r->at_field;
    e->at = has_time(r->read_at) ? r->read_at : has_date(r->read_on) ? day_end(c, r->read_on) : c->now;
    e->on = has_time(r->read_at) || !has_date(r->read_on) ? local_day(c, e->at) : r->read_on;
    e->facts = (ReadingFacts){ .kind = e->type, .source = r->source ? r->source : "manual", .has_value = value
                               && value->has_value,
                               .value = value ? value->value : (Reading){ 0 }, .at = e->at, .on = e->on, .now = c->now,
                               .installed_on = DATE_NONE, .nominal_on = DATE_NONE, .has_note = r->note && *r->note };
    e->facts.register_code = value ? value->register_code : NULL;
}

static Entries entries_of(Ctx *c, const NewReading *v, const size_t *rows, size_t n) {
    size_t most = 0;
    for (size_t i = 0; i < n; i++) most += v[rows[i]].n > 1 ? (size_t)v[rows[i]].n : 1;
    Entries all = { take_n(c, Entry, most + 1), 0 };
    for (size_t i = 0; i < n; i++) {
        const NewReading *r = &v[rows[i]];
        if (!r->n) add_entry(c, &all, r, rows[i], NULL);
        for (int k = 0; k < r->n; k++) add_entry(c, &all, r, rows[i], &r->values[k]);
    }
    return all;
}

/* [[entry,meter,register,at,day,type], ...] */
static const char *entries_json(Ctx *c, const Entries *all) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < all->n; i++) {
        const Entry *e = &all->v[i];
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)i);
        json_add_int(&o, NULL, e->meter.id);
        json_add_text(&o, NULL, e->facts.register_code ? e->facts.register_code : "");
        json_add_text(&o, NULL, time_mysql(&c->mem, e->at));
        json_add_text(&o, NULL, date_iso(&c->mem, e->on));
        json_add_text(&o, NULL, e->type);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

/* [[entry,register,installation,at,day,type,connection], ...] of those whose register is known. */
static const char *registers_json(Ctx *c, const Entries *all) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < all->n; i++) {
        const Entry *e = &all->v[i];
        if (!e->register_id.id) continue;
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)i);
        json_add_int(&o, NULL, e->register_id.id);
        json_add_int(&o, NULL, e->installation.id);
        json_add_text(&o, NULL, time_mysql(&c->mem, e->at));
        json_add_text(&o, NULL, date_iso(&c->mem, e->on));
        json_add_text(&o, NULL, e->type);
        json_add_int(&o, NULL, e->connection.id);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

/* --- where it stands ---------------------------------------------------------------------------------------------- */

#define STANDS(F, T) F(T, int, entry) F(T, const char *, meter_no) F(T, const char *, serial_no) \
    F(T, const char *, read_type) \
    F(T, const char *, register_code) F(T, Id, register_id) F(T, int, registers) F(T, int, digits) F(T, int, decimals) \
    F(T, int64_t, multiplier_e6) F(T, const char *, unit) F(T, const char *, register_kind) F(T, bool, is_billed) \
    F(T, Id, installation) F(T, Id, connection) F(T, Date, installed_on) F(T, int64_t, place_multiplier_e6) \
        F(T, int64_t, q_max_e3) \
    F(T, const char *, service_code) F(T, const char *, billing_unit) F(T, bool, is_active) \
        F(T, const char *, category_code) \
    F(T, Time, billed_at)
ROW(Stands, STANDS)

static void stands(Entry *e, const Stands *r, const NewReading *n) {
    ReadingFacts *f = &e->facts;
    if (f->meter_no && e->register_id.id && e->register_id.id != r->register_id.id) {
        e->register_id = (Id){ 0 };                 /* several registers and none named */
        f->register_code = NULL;
        return;
    }
    if (f->meter_no) return;                        /* out and in at one instant: the newer installation came first */
    f->meter_no = r->meter_no, f->register_code = r->register_code;
    f->digits = r->digits, f->decimals = r->decimals, f->multiplier_e6 = r->multiplier_e6;
    f->place_multiplier_e6 = r->place_multiplier_e6 ? r->place_multiplier_e6 : 1000000;
    f->is_demand = r->register_kind && !strcmp(r->register_kind, "demand");
    f->is_installed = r->installation.id > 0, f->installed_on = r->installed_on;
    f->serial_differs = n->serial_no && r->serial_no && strcmp(n->serial_no, r->serial_no) != 0;
    f->q_max_e3 = r->q_max_e3, f->is_account_active = r->is_active;
    f->is_before_billed = time_is_set(r->billed_at) && time_compare(e->at, r->billed_at) <= 0;
    e->register_id = r->register_id, e->installation = r->installation, e->connection = r->connection;
    e->registers = r->registers, e->read_type = r->read_type, e->service_code = r->service_code;
    e->category_code = r->category_code ? r->category_code : "", e->unit = r->unit;
    e->billing_unit = r->billing_unit, e->is_billed = r->is_billed;
    e->is_total = r->register_kind && !strcmp(r->register_kind, "total");
    e->is_tou = r->register_kind && !strcmp(r->register_kind, "tou");
}

static void read_places(Ctx *c, Entries *all, const NewReading *v) {
    Standss l = db_all(c, Stands,
                       "select j.entry, m.meter_no, m.serial_no, m.read_type, g.register_code, g.id as register_id, "
        "(select count(*) from meter_register x where x.meter_id=m.id) as registers, g.digits, g.decimals, "
        "g.multiplier_e6, g.unit, "
        "g.kind as register_kind, coalesce(g.is_billed, 0) as is_billed, i.id as installation, "
        "i.service_connection_id as connection, "
        "i.installed_on, i.multiplier_e6 as place_multiplier_e6, coalesce(o.q_max_e3, 0) as q_max_e3, s.service_code, "
        "u.unit as billing_unit, coalesce(s.status='active' "
        "and a.status='active', 0) as is_active, k.code as category_code, "
        "(select max(w.to_at) from usage_segment w where w.service_connection_id=i.service_connection_id "
        "and w.register_id=g.id "
        "and w.status='active' and w.billing_status='billed') as billed_at "
        "from json_table(?, '$[*]' columns (entry int path '$[0]', meter bigint path '$[1]', code "
        "varchar(10) path '$[2]', "
        "at datetime(6) path '$[3]', day date path '$[4]')) j "
        "straight_join meter m on m.id=j.meter and m.utility_id=? straight_join meter_model o on o.id=m.meter_model_id "
        "left join meter_register g on g.meter_id=m.id and (j.code='' or g.register_code=j.code) "
        "left join meter_installation i on i.meter_id=m.id and i.installed_at<=j.at "
        "and (i.removed_at is null or i.removed_at>=j.at) "
        "left join service_connection s on s.id=i.service_connection_id "
        "left join service_connection_holder h on h.service_connection_id=s.id and h.from_on<=j.day "
        "and (h.to_on is null or h.to_on>=j.day) left join account a on a.id=h.account_id "
        "left join consumer_category k on k.id=a.category_id "
        "left join utility_service u on u.utility_id=m.utility_id and u.code=m.service_code "
        "order by j.entry, i.installed_at desc",
                       entries_json(c, all), c->utility);
    for (size_t i = 0; i < l.n; i++) stands(&all->v[l.v[i].entry], &l.v[i], &v[all->v[l.v[i].entry].row]);
}

/* --- readings before, after and beside ---------------------------------------------------------------------------- */

#define BEFORE(F, T) F(T, int, entry) F(T, Id, id) F(T, Reading, value) F(T, Time, read_at) F(T, Date, read_on) \
    F(T, const char *, type) \
    F(T, bool, is_zero) F(T, int, n)
ROW(Before, BEFORE)

/* Newest first of each entry. */
static void read_before(Ctx *c, Entries *all, const char *registers) {
    Befores l = db_all(c, Before,
        "select x.entry, x.id, x.value, x.read_at, x.read_on, x.type, x.is_zero, x.n from "
        "(select j.entry, r.id, r.value_e3 as value, r.read_at, r.read_on, r.type, coalesce(r.consumption_e3, "
        "1)=0 as is_zero, row_number() over (partition by j.entry order by r.read_at desc, r.id desc) as n "
        "from json_table(?, '$[*]' columns (entry int path '$[0]', register bigint path '$[1]', "
        "installation bigint path '$[2]', at datetime(6) path '$[3]')) j straight_join meter_reading r "
        "on r.register_id=j.register and r.status='passed' and r.read_at<j.at and r.type<>'check' "
        "and r.value_e3 is not null and r.installation_id=j.installation) x where x.n<=12 order by x.entry, x.n",
        registers);
    bool zero[2] = { 0 };
    for (size_t i = 0; i < l.n; i++) {
        const Before *r = &l.v[i];
        Entry *e = &all->v[r->entry];
        ReadingFacts *f = &e->facts;
        bool estimated = !strcmp(r->type, "estimated"), first = r->n == 1;
        if (first) {
            f->has_before = true, f->before = r->value, f->before_on = r->read_on, f->before_is_estimated = estimated;
            e->before_id = r->id, e->before_at = r->read_at;
            zero[0] = zero[1] = true;
        }
        if (zero[0] && r->is_zero && !strcmp(r->type, "regular")) f->zeros_before++;
        else zero[0] = false;
        if (zero[1] && estimated) f->estimates_before++;
        else if (zero[1]) f->days_since_actual = date_days_between(r->read_on, e->on), zero[1] = false;
    }
}

#define BESIDE(F, T) F(T, int, entry) F(T, Id, id) F(T, Reading, value) F(T, Time, read_at) F(T, Date, read_on) \
    F(T, const char *, type) \
    F(T, const char *, source) F(T, bool, has_passed)
ROW(Beside, BESIDE)

/* For manual readings the same local day is the same time. */
static void beside(Ctx *c, Entry *e, const Beside *r) {
    bool later = r->has_passed && strcmp(r->type, "check") != 0 && time_compare(r->read_at, e->at) > 0;
    if (later) e->facts.has_after = true;
    bool by_day = !strcmp(e->facts.source, "manual") && r->read_on.day == e->on.day;
    if (!strcmp(e->facts.source, "consumer") && !strcmp(r->source, "consumer") && r->read_on.day == e->on.day)
        e->is_second_today = true;
    if (strcmp(r->type, e->type) != 0 || (!by_day && time_compare(r->read_at, e->at) != 0)) return;
    if (r->value.e3 == e->facts.value.e3 && e->facts.has_value) e->same = r->id;
    else e->facts.same_value = reading_decimal(&c->mem, r->value);
    /* both are kept: a register has one at a time */
    if (!time_compare(r->read_at, e->at)) e->at = time_add_us(e->at, 1);
}

/* From two days before: whatever the zone, the day is among them, and the register's history is not. */
static void read_beside(Ctx *c, Entries *all, const char *registers) {
    Besides l = db_all(c, Beside,
        "select j.entry, r.id, coalesce(r.value_e3, -1) as value, r.read_at, r.read_on, r.type, r.source, "
        "r.status='passed' as has_passed from json_table(?, '$[*]' columns (entry int path '$[0]', "
        "register bigint path '$[1]', at datetime(6) path '$[3]', day date path '$[4]')) j straight_join "
        "meter_reading r on r.register_id=j.register and r.live_flag=1 and r.read_at>=j.at - interval 2 day "
        "and (r.read_at>=j.at or r.read_on=j.day) order by j.entry, r.read_at",
        registers);
    for (size_t i = 0; i < l.n; i++) beside(c, &all->v[l.v[i].entry], &l.v[i]);
}

/* --- use before --------------------------------------------------------------------------------------------------- */

#define USED(F, T) F(T, Id, connection) F(T, Id, register_id) F(T, Date, from_on) F(T, Date, to_on) \
    F(T, int64_t, quantity_e3) \
    F(T, int, days) F(T, bool, is_estimated)
ROW(Used, USED)

/* A connection's history goes on over an exchange; a meter with several registers has one each. */
static UseBase base_of(Ctx *c, const Useds *l, const Entry *e) {
    PastUse *past = take_n(c, PastUse, l->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        const Used *u = &l->v[i];
        bool ours = u->connection.id == e->connection.id
            && (e->registers == 1 || u->register_id.id == e->register_id.id);
        if (ours && date_compare(u->to_on, e->facts.before_on) <= 0)
            past[n++] = (PastUse){ u->from_on, u->to_on, u->quantity_e3, u->days, u->is_estimated };
    }
    return use_base(past, n, e->facts.before_on, e->on);
}

static void read_use(Ctx *c, Entries *all, const char *registers) {
    Useds l = db_all(c, Used,
        "select distinct u.service_connection_id as connection, u.register_id, u.from_on, u.to_on, u.quantity_e3, "
        "u.days, u.is_estimated from json_table(?, '$[*]' columns (day date path '$[4]', "
        "connection bigint path '$[6]')) j straight_join usage_segment u on u.service_connection_id=j.connection "
        "and u.to_on<=j.day and u.to_on>=j.day - interval 460 day where u.status='active' "
        "order by u.service_connection_id, u.to_on desc",
        registers);
    for (size_t i = 0; i < all->n; i++) {
        Entry *e = &all->v[i];
        if (!e->facts.has_before) continue;
        Useds own = { NULL, 0 };                    /* rows stand by connection: find its stretch */
        size_t at = 0, end = l.n;
        while (at < end) {
            size_t middle = (at + end) / 2;
            if (l.v[middle].connection.id < e->connection.id) at = middle + 1;
            else end = middle;
        }
        own.v = l.v + at;
        while (at + own.n < l.n && l.v[at + own.n].connection.id == e->connection.id) own.n++;
        e->facts.base = base_of(c, &own, e);
    }
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

#define GROUP(F, T) F(T, Id, id) F(T, const char *, match_on) F(T, int, version) F(T, bool, auto_pass)
ROW(Group, GROUP)
#define RULE(F, T) F(T, Id, group_id) F(T, const char *, code) F(T, const char *, severity) F(T, const char *, params) \
    F(T, const char *, category_code)
ROW(Rule, RULE)

static bool fits(Json match, const char *name, const char *value) {
    const char *wanted = json_text(match, name);
    return !wanted || (value && !strcmp(wanted, value));
}

static const Group *group_of(Ctx *c, const Groups *l, const Entry *e) {
    for (size_t i = 0; i < l->n; i++) {
        const Group *g = &l->v[i];
        Json m = json_read(&c->mem, g->match_on, strlen(g->match_on), 4000, NULL);
        if (fits(m, "service", e->service_code) && fits(m, "category", e->category_code)
            && fits(m, "read_type", e->read_type)
            && fits(m, "source", e->facts.source))
            return g;
    }
    return NULL;
}

static int param(Json p, const char *name, int otherwise) {
    int64_t n = otherwise;
    json_int(p, name, &n);
    return (int)n;
}

static void apply_rule(Ctx *c, ReadingPolicy *to, const Rule *r) {
    int no = r->code[0] == 'V' ? (int)strtol(r->code + 1, NULL, 10) : 0;
    if (no < 1 || no >= READING_RULES) return;
    to->severity[no] = !strcmp(r->severity, "hold") ? SEVERITY_HOLD : !strcmp(r->severity, "info")
        ? SEVERITY_INFO : SEVERITY_OFF;
    Json p = json_read(&c->mem, r->params, strlen(r->params), 4000, NULL);
    if (no == RULE_OUT_OF_CYCLE) to->tolerance_days = param(p, "tolerance_days", to->tolerance_days);
    if (no == RULE_ROLLOVER) to->rollover_from_pct = param(p, "from_pct", 90),
        to->rollover_to_pct = param(p, "to_pct", 10);
    if (no == RULE_ZERO) {
        const char *first = json_text(p, "first");
        to->zero_minimum_e3 = param(p, "minimum_e3", 100), to->zero_first_is_info = first && !strcmp(first, "info");
    }
    if (no == RULE_STUCK) to->stuck_times = param(p, "times", 3);
    if (no == RULE_HIGH) to->high_pct = param(p, "high_pct", 100),
        to->high_absolute_e3 = param(p, "absolute_e3", 10000);
    if (no == RULE_LOW) to->low_pct = param(p, "low_pct", 50), to->low_absolute_e3 = param(p, "absolute_e3", 10000);
    if (no == RULE_NO_ACCOUNT) to->vacant_tolerance_e3 = param(p, "tolerance_e3", 1000);
    if (no == RULE_PROLONGED) to->estimates_max = param(p, "times", 2), to->estimate_days_max = param(p, "days", 120);
    if (no == RULE_SUM) to->sum_difference_ppm = param(p, "difference_ppm", 10000);
}

/* The group's rules, then those of the category: they stand after the general ones. V01 to V05 are never off. */
static ReadingPolicy policy_of(Ctx *c, const Group *g, const Rules *rules, const char *category) {
    ReadingPolicy p = reading_policy_seed();
    if (!g) return p;
    p.auto_pass = g->auto_pass;
    for (size_t i = 0; i < rules->n; i++) {
        const Rule *r = &rules->v[i];
        if (r->group_id.id == g->id.id && (!*r->category_code || !strcmp(r->category_code, category)))
            apply_rule(c, &p, r);
    }
    for (int no = RULE_FORMAT; no <= RULE_METER; no++)
        if (p.severity[no] == SEVERITY_OFF) p.severity[no] = SEVERITY_HOLD;
    return p;
}

static void read_rules(Ctx *c, Entries *all) {
    Groups groups = db_all(c, Group, "select id, match_on, version, auto_pass from vee_group "
                                     "where utility_id=? and active=1 "
                                     "order by is_default, sort, id", c->utility);
    Rules rules = db_all(c, Rule, "select r.group_id, r.code, r.severity, r.params, r.category_code from vee_rule r "
                                  "join vee_group g on g.id=r.group_id where g.utility_id=? "
                                  "order by r.group_id, r.category_code, r.sort",
                         c->utility);
    const Entry *last = NULL;
    for (size_t i = 0; i < all->n; i++) {
        Entry *e = &all->v[i];
        if (!e->register_id.id) continue;
        const Group *g = group_of(c, &groups, e);
        bool same = last && last->group.id == (g ? g->id.id : 0) && !strcmp(last->category_code, e->category_code);
        e->policy = same ? last->policy : policy_of(c, g, &rules, e->category_code);
        e->group = g ? g->id : (Id){ 0 }, e->group_version = g ? g->version : 0;
        last = e;
    }
}

/* --- codes and tasks ---------------------------------------------------------------------------------------------- */

#define CODE(F, T) F(T, const char *, kind) F(T, const char *, code) F(T, const char *, uses) F(T, bool, needs_value) \
    F(T, bool, needs_note) \
    F(T, const char *, effect) F(T, const char *, effect_params)
ROW(Code, CODE)

static const Code *code_of(const Codes *l, const char *kind, const char *code) {
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i].kind, kind) && !strcmp(l->v[i].code, code)) return &l->v[i];
    return NULL;
}

/* A list in JSON has this word, or there is no list. */
static bool lists(Ctx *c, const char *json, const char *word) {
    if (!json) return true;
    Json l = json_read(&c->mem, json, strlen(json), 4000, NULL);
    for (size_t i = 0; i < json_size(l); i++) {
        const char *one = json_text(json_item(l, i), "");
        if (one && !strcmp(one, word)) return true;
    }
    return false;
}

/* The reason's effect counts before the status's, unless it only accepts. */
static void use_codes(Ctx *c, Entry *e, const NewReading *r, const Codes *l) {
    ReadingFacts *f = &e->facts;
    const Code *status = r->status_code ? code_of(l, "status", r->status_code) : NULL;
    const Code *reason = r->reason_code ? code_of(l, "reason", r->reason_code) : NULL;
    f->has_status = r->status_code != NULL, f->knows_status = status != NULL, f->needs_value = status
        && status->needs_value;
    f->has_reason = r->reason_code != NULL, f->knows_reason = reason != NULL;
    f->needs_note = reason && reason->needs_note;
    f->reason_fits = reason && lists(c, reason->uses, f->has_value ? "reading" : "no_read")
                  && (!status || lists(c, status->uses, r->reason_code));
    f->effect = reason && strcmp(reason->effect, "accept") != 0 ? reason->effect : status ? status->effect : NULL;
    const char *params[] = { reason ? reason->effect_params : NULL, status ? status->effect_params : NULL };
    for (int i = 0; i < 2; i++) {
        Json p = params[i] ? json_read(&c->mem, params[i], strlen(params[i]), 4000, NULL) : (Json){ 0 };
        bool estimates = false;
        if (!e->alarm) e->alarm = json_text(p, "alarm");
        if (json_bool(p, "estimate", &estimates) && estimates) e->wants_estimate = true;
    }
    if (f->effect && !strcmp(f->effect, "estimate")) e->wants_estimate = true;
    e->wants_estimate = e->wants_estimate && !f->has_value;
}

#define TASK(F, T) F(T, Id, id) F(T, Date, nominal_on)
ROW(Task, TASK)

static void read_codes(Ctx *c, Entries *all, const NewReading *v) {
    bool wanted = false;
    for (size_t i = 0; i < all->n; i++) wanted |= v[all->v[i].row].status_code || v[all->v[i].row].reason_code;
    Codes l = { NULL, 0 };
    if (wanted)
        l = db_all(c, Code, "select 'status' as kind, code, allowed_reasons as uses, needs_value, 0 "
                            "as needs_note, effect, effect_params "
                            "from reading_status_code where utility_id=? and active=1 union all "
                            "select 'reason', code, contexts, 0, needs_note, effect, effect_params "
                            "from reading_reason_code where utility_id=? and active=1", c->utility, c->utility);
    for (size_t i = 0; i < all->n; i++) {
        Entry *e = &all->v[i];
        const NewReading *r = &v[e->row];
        use_codes(c, e, r, &l);
        Task *t = r->read_task.id ? db_find(c, Task, "select t.id, y.nominal_on from read_task t "
                                                     "join read_cycle y on y.id=t.read_cycle_id "
                                                     "where t.id=? and t.utility_id=?", r->read_task,
                                            c->utility) : NULL;
        if (t) e->facts.has_task = true, e->facts.nominal_on = t->nominal_on;
    }
}

/* Total against the sum of the times of use; a meter's registers are read together. Those of one row stand together. */
static void compare_siblings(Entries *all) {
    for (size_t first = 0, end; first < all->n; first = end) {
        int given = 0;
        int64_t sum = 0;
        Entry *total = NULL;
        bool has_parts = false;
        for (end = first; end < all->n && all->v[end].row == all->v[first].row; end++) {
            Entry *e = &all->v[end];
            int64_t use = 0;
            given += e->facts.has_value;
            if (e->is_total) total = e;
            if (!e->is_tou || !e->facts.has_before) continue;
            has_parts = reading_use(e->facts.value.e3 - e->facts.before.e3, e->facts.multiplier_e6,
                                    e->facts.place_multiplier_e6, &use);
            sum += use;
        }
        if (given && given < all->v[first].registers) all->v[first].facts.sibling_missing = true;
        if (total && has_parts) total->facts.has_siblings_sum = true, total->facts.siblings_use_e3 = sum;
    }
}

Entries entries_read(Ctx *c, const NewReading *v, const size_t *rows, size_t n) {
    Entries all = entries_of(c, v, rows, n);
    read_places(c, &all, v);
    const char *registers = registers_json(c, &all);
    read_before(c, &all, registers);
    read_beside(c, &all, registers);
    read_use(c, &all, registers);
    read_rules(c, &all);
    read_codes(c, &all, v);
    compare_siblings(&all);
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].register_id.id) all.v[i].verdict = reading_judge(&all.v[i].policy, &all.v[i].facts);
    return all;
}
