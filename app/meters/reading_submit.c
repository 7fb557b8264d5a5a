/*
 * The one way in for readings (MX02US04): checked, judged, stored, and made into use when they pass.
 *
 * A set is stored in rounds in which every meter comes once: a meter's second reading is judged by its first.
 */
#include <stdlib.h>
#include <string.h>

#include "app/meters/reading.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/utf8.h"

/* --- words -------------------------------------------------------------------------------------------------------- */

static const char *finding_words(Ctx *c, const ReadingVerdict *v, const ReadingFinding *f) {
    return msg_format(c, c->language, text(c, "meters.vee.%s", utf8_fold(&c->mem, f->code)),
                      { "use", reading_decimal(&c->mem, (Reading){ v->use_e3 }) },
                      { "days", text(c, "%d", v->days) },
                      { "expected", reading_decimal(&c->mem, (Reading){ v->expected_e3 }) });
}

const char *verdict_words(Ctx *c, const ReadingVerdict *v) {
    Text t = text_start(c);
    for (int i = 0; i < v->n; i++)
        if (v->found[i].severity == SEVERITY_HOLD)
            text_addf(&t, "%s%s", t.n ? " " : "", finding_words(c, v, &v->found[i]));
    return t.n ? t.s : NULL;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static const char *degrees(Ctx *c, bool has, int32_t e6) {
    int32_t whole = e6 < 0 ? -e6 : e6;
    return has ? text(c, "%s%d.%06d", e6 < 0 ? "-" : "", whole / 1000000, whole % 1000000) : NULL;
}

static Bind figure(const Entry *e, int64_t n) { return e->verdict.has_use ? bind_int(n) : (Bind){ 0 }; }

static void insert_readings(Ctx *c, const NewReading *v, const Entries *all, const bool *stored) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    DbBulk *b = db_bulk(c,
        "insert into meter_reading (utility_id, meter_id, register_id, installation_id, service_connection_id, "
        "read_at, read_on, value_e3, type, source, status_code, reason_code, reader_executive_id, read_task_id, "
        "service_order_id, lat, lng, document_id, prev_reading_id, raw_difference_e3, consumption_e3, days, adu_e6, "
        "base_adu_e6, expected_e3, rollover, is_first_read, status, supersedes_id, vee_group_id, vee_group_version, "
        "validated_at, note, submission_id, import_batch_id, created_at, created_by, updated_at, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < all->n; i++) {
        const Entry *e = &all->v[i];
        const NewReading *r = &v[e->row];
        const ReadingVerdict *w = &e->verdict;
        if (!stored[i]) continue;
        bool has_base = w->has_use && e->facts.base.days > 0, passed = !strcmp(w->status, "passed");
        db_bulk_add(b, c->utility, e->meter, e->register_id, e->installation, e->connection, e->at, e->on,
            e->facts.has_value ? bind_read(e->facts.value) : (Bind){ 0 }, e->type, e->facts.source, r->status_code,
                r->reason_code,
            r->executive, r->read_task, r->service_order, degrees(c, r->has_place, r->lat_e6),
                degrees(c, r->has_place, r->lng_e6),
            r->document, e->before_id, figure(e, w->raw_e3), figure(e, w->use_e3), figure(e, w->days),
                figure(e, w->adu_e6),
            has_base ? bind_int(w->base_adu_e6) : (Bind){ 0 }, has_base ? bind_int(w->expected_e3) : (Bind){ 0 },
                w->is_rollover,
            w->is_first, w->status, e->supersedes, e->group, e->group_version, passed ? c->now : TIME_NONE, r->note,
                r->submission_id,
            r->import_batch, c->now, by, c->now, by);
    }
    db_bulk_end(b);
}

#define MADE(F, T) F(T, int, entry) F(T, Id, id)
ROW(Made, MADE)

/* A register has one live reading of a type at a time: that is how the new ones are found again. */
static void find_made(Ctx *c, Entries *all, const bool *stored) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < all->n; i++) {
        if (!stored[i]) continue;
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)i);
        json_add_int(&o, NULL, all->v[i].register_id.id);
        json_add_text(&o, NULL, time_mysql(&c->mem, all->v[i].at));
        json_add_text(&o, NULL, all->v[i].type);
        json_close(&o);
    }
    json_close(&o);
    Mades l = db_all(c, Made,
        "select j.entry, r.id from json_table(?, '$[*]' columns (entry int path '$[0]', register bigint path '$[1]', "
        "at datetime(6) path '$[2]', type varchar(32) path '$[3]')) j straight_join meter_reading r "
        "on r.register_id=j.register and r.read_at=j.at and r.type=j.type collate utf8mb4_unicode_520_ci "
        "and r.live_flag=1",
        t.s);
    for (size_t i = 0; i < l.n; i++) all->v[l.v[i].entry].id = l.v[i].id;
}

static const char *finding_facts(Ctx *c, const Entry *e) {
    const ReadingVerdict *v = &e->verdict;
    return json_pairs(c, "value", reading_decimal(&c->mem, e->facts.value), "before",
                      e->facts.has_before ? reading_decimal(&c->mem, e->facts.before) : NULL, "use",
                      v->has_use ? reading_decimal(&c->mem, (Reading){ v->use_e3 }) : NULL, "days",
                          text(c, "%d", v->days), "expected",
                      e->facts.base.days ? reading_decimal(&c->mem, (Reading){ v->expected_e3 }) : NULL, "other",
                      e->facts.same_value, NULL);
}

static void insert_findings(Ctx *c, const Entries *all, const bool *stored) {
    size_t found = 0;
    for (size_t i = 0; i < all->n; i++) found += stored[i] ? (size_t)all->v[i].verdict.n : 0;
    if (!found) return;
    DbBulk *b = db_bulk(c,
        "insert into vee_exception (utility_id, reading_id, rule, severity, facts, state, resolution, resolved_at, "
        "created_at) values (?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < all->n; i++) {
        const Entry *e = &all->v[i];
        for (int k = 0; stored[i] && k < e->verdict.n; k++) {
            bool hold = e->verdict.found[k].severity == SEVERITY_HOLD;
            db_bulk_add(b, c->utility, e->id, e->verdict.found[k].code, hold ? "hold" : "info", finding_facts(c, e),
                        hold ? "open" : "resolved", hold ? NULL : "noted", hold ? TIME_NONE : c->now, c->now);
        }
    }
    db_bulk_end(b);
}

/* --- what follows ------------------------------------------------------------------------------------------------- */

#define SEGMENT_ID(F, T) F(T, Id, reading) F(T, Id, id)
ROW(SegmentId, SEGMENT_ID)

static const char *payload_of(Ctx *c, const Entry *e, const SegmentIds *segments) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "reading_id", e->id.id);
    json_add_int(&o, "service_connection_id", e->connection.id);
    json_add_text(&o, "kind", e->type);
    json_open_list(&o, "segment_ids");
    for (size_t i = 0; i < segments->n; i++)
        if (segments->v[i].reading.id == e->id.id) json_add_int(&o, NULL, segments->v[i].id.id);
    json_close(&o);
    json_close(&o);
    return t.s;
}

static void tell(Ctx *c, const Entries *all, const bool *stored, const Id *passed, size_t passed_n) {
    SegmentIds segments = { NULL, 0 };
    if (passed_n)
        segments = db_all(c, SegmentId, "select u.to_reading_id as reading, u.id "
                                        "from json_table(?, '$[*]' columns (id bigint path '$')) j "
                                        "straight_join usage_segment u on u.to_reading_id=j.id "
                                        "and u.status='active' order by u.id",
                          json_ids(c, passed, passed_n));
    Event *events = take_n(c, Event, all->n + 1);
    Audit *audits = take_n(c, Audit, all->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const Entry *e = &all->v[i];
        if (!stored[i]) continue;
        const char *name = !strcmp(e->verdict.status, "passed") ? "meter_reading.accepted" : "meter_reading.captured";
        audits[n] = (Audit){ .action = "create", .entity = "meter_reading", .id = e->id, .number = e->facts.meter_no };
        events[n++] = (Event){ .name = name, .entity = "meter_reading", .id = e->id, .number = e->facts.meter_no,
                               .payload = payload_of(c, e, &segments) };
    }
    audits_note(c, audits, n);
    events_emit(c, events, n);
}

/* What the reader reported, and a meter that stands still. */
static void act_on_codes(Ctx *c, const NewReading *r, const Entry *e) {
    if (e->alarm)
        meter_alarm(c, e->meter, e->connection, e->alarm, "critical", json_pairs(c, "reason", r->reason_code, NULL));
    for (int k = 0; k < e->verdict.n; k++)
        if (e->verdict.found[k].rule == RULE_STUCK)
            meter_alarm(c, e->meter, e->connection, "STUCK", "warning", finding_facts(c, e));
    if (e->wants_estimate) mx_estimate(c, e->connection, e->register_id, e->on, true);
    if (!r->read_task.id) return;
    const char *state = !e->facts.has_value ? "no_read" : !strcmp(e->verdict.status, "passed") ? "passed" : "read";
    db_run(c, "update read_task set state=?, reading_id=?, visits=visits+1, closing_reason_id=if(?, (select id "
              "from reading_reason_code "
              "where utility_id=? and code=?), null), row_version=row_version+1 where id=? and utility_id=?",
           state, e->id, !e->facts.has_value, c->utility, r->reason_code, r->read_task, c->utility);
    audit_write(c, &(Audit){ .action = state, .entity = "read_task", .id = r->read_task,
                             .version = db_int(c, "select row_version from read_task where id=?", r->read_task) });
}

void entries_store(Ctx *c, const NewReading *v, Entries all, const Faults *faults, Submitted *to) {
    bool *stored = take_n(c, bool, all.n + 1);
    Id *passed = take_n(c, Id, all.n + 1);
    size_t passed_n = 0;
    for (size_t i = 0; i < all.n; i++) stored[i] = !fault_of_row(faults, all.v[i].row) && !all.v[i].same.id;
    insert_readings(c, v, &all, stored);
    find_made(c, &all, stored);
    insert_findings(c, &all, stored);
    for (size_t i = 0; i < all.n; i++)
        if (stored[i] && !strcmp(all.v[i].verdict.status, "passed")) passed[passed_n++] = all.v[i].id;
    use_append(c, passed, passed_n);
    tell(c, &all, stored, passed, passed_n);
    for (size_t i = 0; i < all.n; i++) {
        Entry *e = &all.v[i];
        Submitted *s = &to[e->row];
        if (stored[i]) act_on_codes(c, &v[e->row], e);
        if (s->reading.id || fault_of_row(faults, e->row)) continue;
        *s = (Submitted){ e->same.id ? e->same : e->id, e->verdict.status, verdict_words(c, &e->verdict),
                          e->same.id > 0 };
        if (e->same.id) s->status = db_text(c, "select status from meter_reading where id=?", e->same);
    }
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

typedef struct { size_t row; int64_t meter; int64_t at; } Turn;

static int by_meter(const void *a, const void *b) {
    const Turn *x = a, *y = b;
    if (x->meter != y->meter) return x->meter < y->meter ? -1 : 1;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int64_t turn_time(const NewReading *r) {
    if (r->read_at.us && time_is_set(r->read_at)) return r->read_at.us;
    return r->read_on.day && date_is_set(r->read_on) ? (r->read_on.day + 1) * DAY_US : INT64_MAX;
}

/* Which round each row has its turn in: the k-th reading of a meter in the k-th. Returns how many there are. */
static int rounds_of(Ctx *c, const NewReading *v, size_t n, int *round) {
    Turn *t = take_n(c, Turn, n + 1);
    for (size_t i = 0; i < n; i++) t[i] = (Turn){ i, v[i].meter.id, turn_time(&v[i]) };
    qsort(t, n, sizeof *t, by_meter);
    int most = 0;
    for (size_t i = 0; i < n; i++) {
        round[t[i].row] = i && t[i].meter == t[i - 1].meter ? round[t[i - 1].row] + 1 : 0;
        if (round[t[i].row] > most) most = round[t[i].row];
    }
    return n ? most + 1 : 0;
}

#define THERE(F, T) F(T, int, row_no) F(T, Id, id) F(T, const char *, status)
ROW(There, THERE)

/* Submissions that came before: they are answered as the first time. */
static void find_there(Ctx *c, const NewReading *v, size_t n, Submitted *to) {
    const char **keys = take_n(c, const char *, n + 1);
    bool any = false;
    for (size_t i = 0; i < n; i++) any |= (keys[i] = v[i].submission_id) != NULL;
    if (!any) return;
    Theres l = db_all(c, There, "select j.row_no, min(r.id) as id, min(r.status) as status "
                                "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                                "varchar(36) path '$[1]')) j "
                                "straight_join meter_reading r on r.submission_id=j.value "
                                "and r.utility_id=? group by j.row_no",
                      json_keys(c, keys, n), c->utility);
    for (size_t i = 0; i < l.n; i++) to[l.v[i].row_no] = (Submitted){ .reading = l.v[i].id, .status = l.v[i].status,
        .was_there = true };
}

/* Where it was typed: a form names the fields of registers and time as it likes. A meter that was not there on that day
   is a matter of the day. */
static void at_form(Fault *f, const Entry *e) {
    bool is_value = !strcmp(f->field, "value") || !strcmp(f->field, "register");
    if (is_value && e->field) f->field = e->field;
    bool is_at = !strcmp(f->field, "read_at") || (!strcmp(f->field, "meter") && f->kind == FAULT_RULE);
    if (is_at && e->at_field) f->field = e->at_field;
}

static void entry_faults(Faults *to, const Entries *all) {
    for (size_t i = 0; i < all->n; i++) {
        const Entry *e = &all->v[i];
        size_t from = to->n;
        reading_faults(to, e->row, &e->facts);
        if (e->is_second_today && !e->same.id)
            fault_add(to, e->row, FAULT_THERE, "read_at", "meters.entry.second_today")->is_conflict = true;
        for (size_t k = from; k < to->n; k++) at_form(&to->v[k], e);
    }
}

static Faults run(Ctx *c, const NewReading *v, size_t n, bool stores, Submitted *to) {
    Faults all = faults_start(c);
    int *round = take_n(c, int, n + 1), rounds = rounds_of(c, v, n, round);
    size_t *rows = take_n(c, size_t, n + 1);
    for (size_t i = 0; i < n; i++) to[i] = (Submitted){ 0 };
    find_there(c, v, n, to);
    for (int k = 0; k < rounds; k++) {
        size_t many = 0;
        for (size_t i = 0; i < n; i++)
            if (round[i] == k && !to[i].was_there) rows[many++] = i;
        if (!many) continue;
        Entries entries = entries_read(c, v, rows, many);
        entry_faults(&all, &entries);
        if (stores) entries_store(c, v, entries, &all, to);
        for (size_t i = 0; !stores && i < entries.n; i++)
            to[entries.v[i].row] = (Submitted){ .status = entries.v[i].verdict.status,
                                                .problems = verdict_words(c, &entries.v[i].verdict) };
    }
    return all;
}

Faults readings_submit(Ctx *c, const NewReading *v, size_t n, Submitted *to) { return run(c, v, n, true, to); }

/* A meter's later readings are judged as if its earlier ones of the set were not there: they are not stored. */
Faults readings_check(Ctx *c, const NewReading *v, size_t n, Submitted *to) {
    return run(c, v, n, false, to ? to : take_n(c, Submitted, n + 1));
}

Submitted reading_submit(Ctx *c, const NewReading *r) {
    Submitted one;
    Faults all = run(c, r, 1, true, &one);
    faults_end(c, &all, true);
    return one;
}

/* --- alarms ------------------------------------------------------------------------------------------------------- */

void meter_alarm(Ctx *c, Id meter, Id connection, const char *kind, const char *severity, const char *facts) {
    if (!db_add(c, "insert into meter_alarm (utility_id, meter_id, service_connection_id, kind, "
                   "severity, raised_at, facts) "
                   "values (?,?,?,?,?,?,?)", c->utility, meter, connection, kind, severity, c->now, facts))
        return;
    const char *payload = json_pairs(c, "kind", kind, "meter_id", text(c, "%lld", (long long)meter.id), NULL);
    event_emit(c, &(Event){ .name = "meter.alarm", .entity = "meter", .id = meter, .payload = payload });
}
