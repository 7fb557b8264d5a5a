/*
 * Decisions about readings that wait, and corrections of those that passed (MX03US03, MX02US04).
 *
 * Nobody decides about a reading he captured. A reading is never changed in its value: another supersedes it.
 */
#include <string.h>

#include "app/meters/reading.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"

#define HELD(F, T) F(T, Id, id) F(T, Id, meter) F(T, Id, register_id) F(T, Id, installation) F(T, Id, connection) \
    F(T, Id, read_task) \
    F(T, Id, created_by) F(T, const char *, meter_no) F(T, const char *, register_code) F(T, const char *, status) \
    F(T, const char *, type) F(T, const char *, decided_by) F(T, Time, decided_at) F(T, Time, read_at) \
        F(T, Date, read_on) \
    F(T, Reading, value) F(T, Reading, before) F(T, bool, has_before) F(T, int, digits) F(T, int, row_version) \
        F(T, Id, supersedes) \
    F(T, Id, service_order)
ROW(Held, HELD)

static Held *reading_lock(Ctx *c, Id reading) {
    Held *r = db_find(c, Held,
        "select r.id, r.meter_id as meter, r.register_id, r.installation_id as installation, "
        "r.service_connection_id as connection, r.read_task_id as read_task, r.created_by, m.meter_no, "
        "g.register_code, r.status, r.type, u.full_name as decided_by, r.validated_at as decided_at, r.read_at, "
        "r.read_on, coalesce(r.value_e3, 0) as value, coalesce(p.value_e3, 0) as `before`, "
        "p.id is not null as has_before, g.digits, r.row_version, r.supersedes_id as supersedes, "
        "r.service_order_id as service_order from meter_reading r join meter m on m.id=r.meter_id "
        "join meter_register g on g.id=r.register_id left join meter_reading p on p.id=r.prev_reading_id "
        "left join user u on u.id=r.validated_by where r.id=? and r.utility_id=? for update",
        reading, c->utility);
    if (!r) fail(c, NOT_FOUND, "There is no such reading.");
    return r;
}

static Id by(Ctx *c) { return c->realm == REALM_STAFF ? c->user : (Id){ 0 }; }

static _Noreturn void refuse(Ctx *c, Status status, const char *field, const char *key) {
    fail_field(c, status, field, "%s", msg(c->language, key));
}

static bool is_open(const Held *r, const char *decision) {
    if (!strcmp(r->status, "pending") || !strcmp(r->status, "exempted")) return true;
    return !strcmp(r->status, "revisit") && !strcmp(decision, "pass");
}

static void guard(Ctx *c, const Held *r, const ReadingDecision *d) {
    if (!is_open(r, d->decision)) {
        const char *who = r->decided_by ? r->decided_by : "SMART360";
        const char *at = time_is_set(r->decided_at) ? locale_clock(&c->mem, c->locale, r->decided_at) : "";
        const char *state = msg(c->language, text(c, "state.%s", r->status));
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "meters.decide.meanwhile", { "who", who }, { "time", at },
                                           { "state", state }));
    }
    if (by(c).id && r->created_by.id == by(c).id) refuse(c, DENIED, NULL, "meters.decide.own");
}

/* The reason's id; it is asked for by everything that does not simply pass the reading. */
static Id reason_of(Ctx *c, const char *code, const char *note, const char *context, bool required) {
    if (!code) {
        if (required) refuse(c, INVALID, "reason_code", "meters.decide.reason");
        return (Id){ 0 };
    }
    Id reason = db_id(c, "select id from reading_reason_code where utility_id=? and code=? and active=1 "
                         "and json_contains(contexts, json_quote(?))",
                      c->utility, code, context);
    if (!reason.id) refuse(c, INVALID, "reason_code", "meters.entry.reason_fits");
    if ((!note || !*note) && db_int(c, "select needs_note from reading_reason_code where id=?", reason))
        refuse(c, INVALID, "note", "meters.entry.note");
    return reason;
}

/* --- what every decision writes ----------------------------------------------------------------------------------- */

static void set_status(Ctx *c, const Held *r, const char *status, const ReadingDecision *d, Id reason) {
    db_run(c,
        "update meter_reading set status=?, validated_by=?, validated_at=?, decision=?, decision_reason_id=?, "
        "decision_note=left(?, 250), locked_by=null, locked_until=null, updated_at=?, updated_by=?, "
        "row_version=row_version+1 where id=?",
        status, by(c), c->now, d->decision, reason, d->note, c->now, by(c), r->id);
    db_run(c, "update vee_exception set state='resolved', resolution=?, resolved_by=?, resolved_at=? "
              "where reading_id=? and state='open'",
           d->decision, by(c), c->now, r->id);
    audit_write(c, &(Audit){ .action = d->decision, .entity = "meter_reading", .id = r->id, .number = r->meter_no,
                             .version = r->row_version + 1, .before = json_pairs(c, "status", r->status, NULL),
                             .after = json_pairs(c, "status", status, NULL), .reason = d->note
                             ? d->note : d->reason_code });
}

static const char *ids_json(Ctx *c, const Held *r) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "reading_id", r->id.id);
    json_add_int(&o, "service_connection_id", r->connection.id);
    json_add_text(&o, "kind", r->type);
    json_close(&o);
    return t.s;
}

static void emit(Ctx *c, const Held *r, const char *name) {
    event_emit(c, &(Event){ .name = name, .entity = "meter_reading", .id = r->id, .number = r->meter_no,
                            .payload = ids_json(c, r) });
}

static void task_state(Ctx *c, const Held *r, const char *state, Date due_on) {
    if (!r->read_task.id) return;
    db_run(c, "update read_task set state=?, due_on=coalesce(?, due_on), row_version=row_version+1 "
              "where id=? and utility_id=?", state,
           due_on.day ? due_on : DATE_NONE, r->read_task, c->utility);
    audit_write(c, &(Audit){ .action = state, .entity = "read_task", .id = r->read_task,
                             .version = db_int(c, "select row_version from read_task where id=?", r->read_task) });
}

/* --- passing ------------------------------------------------------------------------------------------------------ */

static bool has_open(Ctx *c, Id reading, const char *rule) {
    return db_int(c, "select exists (select 1 from vee_exception where reading_id=? and rule=? and state='open')",
                  reading, rule);
}

static void pass(Ctx *c, const Held *r, const ReadingDecision *d, Id reason) {
    bool rollover = !strcmp(d->decision, "rollover"), lower = r->has_before && r->value.e3 < r->before.e3;
    bool counts = strcmp(r->type, "initial") != 0 && strcmp(r->type, "check") != 0;
    if (has_open(c, r->id, "V05")) refuse(c, CONFLICT, NULL, "meters.decide.mismatch");
    bool round = db_int(c, "select rollover from meter_reading where id=?", r->id);
    if (counts && lower && !rollover && !round) refuse(c, CONFLICT, NULL, "meters.decide.lower");
    bool was_high = has_open(c, r->id, "V10");
    if (rollover && lower) db_run(c, "update meter_reading set rollover=1 where id=?", r->id);
    set_status(c, r, "passed", d, reason);
    if (counts) use_refresh(c, r->id);
    task_state(c, r, "passed", DATE_NONE);
    emit(c, r, "meter_reading.accepted");
    if (was_high) emit(c, r, "meter_reading.high_confirmed");
}

/* --- another value ------------------------------------------------------------------------------------------------ */

/* The old one steps aside first: a register has one live reading of a type at a time. The new one is judged as any
   other; who edits has decided, so that being the first reading or a rule that only waits holds it no longer. */
static Id replace_value(Ctx *c, const Held *r, const ReadingDecision *d, Id reason) {
    set_status(c, r, "superseded", d, reason);
    ReadingValue value = { r->register_code, true, d->value };
    NewReading n = { .meter = r->meter, .kind = r->type, .source = "edit", .values = &value, .n = 1,
                     .read_at = r->read_at,
                     .status_code = "NORMAL", .note = d->note, .read_task = { 0 }, .service_order = r->service_order };
    size_t row = 0;
    Entries e = entries_read(c, &n, &row, 1);
    Faults faults = faults_start(c);
    e.v[0].facts.is_before_billed = false;          /* use_refresh refuses what is on a bill */
    reading_faults(&faults, 0, &e.v[0].facts);
    faults_end(c, &faults, true);
    e.v[0].on = r->read_on, e.v[0].supersedes = r->id;
    ReadingVerdict *v = &e.v[0].verdict;
    bool held = false;
    for (int i = 0; i < v->n; i++) {
        /* it stands where the old one stood */
        if (v->found[i].rule == RULE_DATE) v->found[i].severity = SEVERITY_INFO;
        held |= v->found[i].severity == SEVERITY_HOLD;
    }
    v->status = held ? "exempted" : "captured";     /* passes below, with its neighbours' use */
    Submitted s = { 0 };
    entries_store(c, &n, e, &faults, &s);
    if (!held)
        db_run(c,
            "update meter_reading set status='passed', validated_by=?, validated_at=?, decision=?, "
            "decision_reason_id=?, decision_note=left(?, 250) where id=?",
            by(c), c->now, d->decision, reason, d->note, s.reading);
    use_refresh(c, s.reading);
    return s.reading;
}

static Id edit(Ctx *c, const Held *r, const ReadingDecision *d, Id reason) {
    if (!d->has_value) refuse(c, INVALID, "value", "meters.entry.value");
    Id made = replace_value(c, r, d, reason);
    const Held *now = reading_lock(c, made);
    if (strcmp(now->status, "passed") != 0) return made;
    task_state(c, r, "passed", DATE_NONE);
    emit(c, now, "meter_reading.accepted");
    return made;
}

/* --- estimates that were too high --------------------------------------------------------------------------------- */

#define GUESS(F, T) F(T, Id, id) F(T, Date, read_on) F(T, Time, read_at) F(T, Reading, value) F(T, int, row_version)
ROW(Guess, GUESS)
#define ACTUAL(F, T) F(T, Id, id) F(T, Date, read_on) F(T, Time, read_at) F(T, Reading, value) F(T, int, decimals)
ROW(Actual, ACTUAL)

/* Value of a day on the straight line between two actual readings, rounded down to the register's decimals. */
static Reading between(const Actual *a, const Held *r, Date on) {
    int days = date_days_between(a->read_on, r->read_on), since = date_days_between(a->read_on, on);
    int64_t step = power_of_ten(3 - a->decimals);
    int64_t at = a->value.e3 + (int64_t)((Wide)(r->value.e3 - a->value.e3) * since / (days > 0 ? days : 1));
    return (Reading){ at / step * step };
}

static void re_estimate(Ctx *c, const Held *r, const ReadingDecision *d, Id reason) {
    Actual *a = db_find(c, Actual, "select x.id, x.read_on, x.read_at, x.value_e3 as value, g.decimals "
                                   "from meter_reading x "
                                   "join meter_register g on g.id=x.register_id where x.register_id=? "
                                   "and x.installation_id=? and x.status='passed' "
        "and x.type not in ('estimated', 'check') and x.read_at<? order by x.read_at desc limit 1", r->register_id,
                        r->installation, r->read_at);
    Guesss l = { NULL, 0 };
    if (a) l = db_all(c, Guess, "select id, read_on, read_at, value_e3 as value, row_version "
                                "from meter_reading where register_id=? "
                                "and installation_id=? and status='passed' and type='estimated' and read_at>? "
                                "and read_at<? order by read_at",
                      r->register_id, r->installation, a->read_at, r->read_at);
    if (!l.n || r->value.e3 < a->value.e3) refuse(c, CONFLICT, NULL, "meters.decide.nothing_estimated");
    Id last = { 0 };
    for (size_t i = 0; i < l.n; i++) {
        const Guess *g = &l.v[i];
        db_run(c, "update meter_reading set status='superseded', updated_at=?, updated_by=?, row_version=row_version+1 "
                  "where id=?", c->now, by(c), g->id);
        audit_write(c, &(Audit){ .action = "reestimate", .entity = "meter_reading", .id = g->id, .number = r->meter_no,
                                 .version = g->row_version + 1,
                                 .before = json_pairs(c, "value", reading_decimal(&c->mem, g->value), NULL),
                                 .after = json_pairs(c, "status", "superseded", NULL) });
        last = db_insert(c,
            "insert into meter_reading (utility_id, meter_id, register_id, installation_id, service_connection_id, "
            "read_at, read_on, value_e3, type, source, status, supersedes_id, validated_by, validated_at, "
            "estimate_method, estimate_inputs, created_by, updated_by) values "
            "(?,?,?,?,?,?,?,?,'estimated','estimate','passed',?,?,?,'between',?,?,?)",
            c->utility, r->meter, r->register_id, r->installation, r->connection, g->read_at, g->read_on,
            between(a, r, g->read_on), g->id, by(c), c->now,
            json_pairs(c, "from", reading_decimal(&c->mem, a->value), "to", reading_decimal(&c->mem, r->value), NULL),
            by(c), by(c));
        use_refresh(c, last);
    }
    set_status(c, r, "passed", d, reason);
    use_refresh(c, r->id);
    emit(c, r, "meter_reading.accepted");
    emit(c, r, "meter_reading.corrected");
}

/* --- the others --------------------------------------------------------------------------------------------------- */

static void revisit(Ctx *c, const Held *r, const ReadingDecision *d, Id reason) {
    if (r->read_task.id && db_int(c, "select y.status='completed' from read_task t "
                                     "join read_cycle y on y.id=t.read_cycle_id where t.id=?",
                                  r->read_task))
        refuse(c, CONFLICT, NULL, "meters.decide.cycle_done");
    set_status(c, r, "revisit", d, reason);
    task_state(c, r, "revisit", d->due_on);
    emit(c, r, "meter_reading.revisit_ordered");
}

static void reject(Ctx *c, const Held *r, const ReadingDecision *d, Id reason) {
    set_status(c, r, "rejected", d, reason);
    task_state(c, r, "open", DATE_NONE);
    emit(c, r, "meter_reading.rejected");
}

Id reading_decide(Ctx *c, const ReadingDecision *d) {
    static const char *const known[] = { "pass", "rollover", "edit", "revisit", "reject", "exempt", "reestimate" };
    size_t k = 0;
    while (k < sizeof known / sizeof *known && strcmp(known[k], d->decision) != 0) k++;
    if (k == sizeof known / sizeof *known) refuse(c, INVALID, "decision", "meters.decide.unknown");
    const Held *r = reading_lock(c, d->reading);
    guard(c, r, d);
    bool passes = k < 2 || k == 6;
    Id reason = reason_of(c, d->reason_code, d->note, "decision", !passes);
    switch (k) {
    case 2:  return edit(c, r, d, reason);
    case 3:  revisit(c, r, d, reason); break;
    case 4:  reject(c, r, d, reason); break;
    case 5:  set_status(c, r, "exempted", d, reason); break;
    case 6:  re_estimate(c, r, d, reason); break;
    default: pass(c, r, d, reason); break;
    }
    return r->id;
}

Id reading_correct(Ctx *c, Id reading, Reading value, const char *reason_code, const char *note) {
    const Held *r = reading_lock(c, reading);
    if (strcmp(r->status, "passed") != 0) refuse(c, CONFLICT, NULL, "meters.decide.not_passed");
    Id reason = reason_of(c, reason_code, note, "correction", true);
    ReadingDecision d = { .reading = reading, .decision = "correct", .has_value = true, .value = value,
                   .reason_code = reason_code, .note = note };
    Id made = replace_value(c, r, &d, reason);
    emit(c, reading_lock(c, made), "meter_reading.corrected");
    return made;
}
