/*
 * The stages of a V2 run apart from its pages (BX01US03): eligibility, readings to be decided, sample, checklist, who
 * is told. Checks are statements over places of the run's order; those of a large run follow each other by a job
 * (run_mass.c).
 */
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/ledger_sum.h"
#include "app/billing/run_page.h"
#include "app/billing/simulation.h"
#include "app/billing/run_rules.h"
#include "app/comms/comms.h"
#include "app/field/field.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/messages.h"

enum { SAMPLE_RANDOM = 20, SAMPLE_LARGEST = 10, SAMPLE_CHANGED = 10 };

/* --- consumers ---------------------------------------------------------------------------------------------------- */

static const char *days_words(Ctx *c, Date from, Date to) {
    static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August",
                                          "September", "October", "November", "December" };
    Ymd a = date_ymd(from), b = date_ymd(to);
    if (a.month == b.month && a.year == b.year)
        return text(c, "%d to %d %s %d", a.day, b.day, months[b.month - 1], b.year);
    return text(c, "%d %s %d to %d %s %d", a.day, months[a.month - 1], a.year, b.day, months[b.month - 1], b.year);
}

/* Places of a run's order: above one, up to another. */
typedef struct { int64_t above, upto; } Stretch;
#define AT_PLACES "i.run_id=? and i.seq>? and i.seq<=?"

/* The checks write one table and look at the others in subqueries: at READ COMMITTED, where the job runs, those lock
   nothing (what an update joins it locks there too), and who pays or moves in meanwhile is not held up. */

/* Findings of one check become items in error and exceptions; an account has the first one found. */
static void blocked(Ctx *c, const RunRow *run, Stretch at_, const char *code, const char *message) {
    db_run(c, "insert into bill_exception (utility_id, run_id, account_id, code, message, severity, opened_at) "
              "select ?, i.run_id, i.account_id, ?, ?, 'error', ? from bill_run_item i "
              "force index (bill_run_item_order) where " AT_PLACES " and i.state='error' and i.error_code=? "
              "and not exists (select 1 from bill_exception e where e.run_id=i.run_id "
              "and e.account_id=i.account_id and e.code=? "
              "and e.state in ('open', 'assigned'))",
           c->utility, code, message, c->now, run->id, at_.above, at_.upto, code, code);
}

/* What the person who runs should know, though it blocks nothing: the account will be skipped, or its bill held. */
static void warn(Ctx *c, const RunRow *run, Stretch at_) {
    db_run(c, "update bill_run_item i force index (bill_run_item_order) straight_join bill_exception e "
              "on e.run_id=i.run_id and e.account_id=i.account_id set e.state='resolved', e.resolution='auto', "
              "e.resolved_at=? where " AT_PLACES " and e.severity='warning' and e.state in ('open', 'assigned')",
           c->now, run->id, at_.above, at_.upto);
    db_run(c, "insert into bill_exception (utility_id, run_id, account_id, code, message, severity, opened_at) "
              "select ?, i.run_id, i.account_id, 'BX-E04', concat('The period is already billed on ', max(b.bill_no)), "
              "'warning', ? from bill_run_item i force index (bill_run_item_order) straight_join bill b "
              "on b.account_id=i.account_id and b.status='published' and " BILLED_HERE " where " AT_PLACES
              " and i.state='pending' group by i.run_id, i.account_id",
           c->utility, c->now, run->period, run->to_date, run->to_date, run->id, at_.above, at_.upto);
    int days = (int)setting_int(c, "bx.days_max", 120);
    db_run(c, "insert into bill_exception (utility_id, run_id, account_id, code, message, severity, opened_at) "
              "select ?, i.run_id, i.account_id, 'BX-H04', concat('Period longer than ', ?, ' days: ', "
              "max(datediff(?, s.last_billed_on)), ' days since the last bill'), 'warning', ? from bill_run_item i "
              "force index (bill_run_item_order) straight_join service_connection_holder h "
              "on h.account_id=i.account_id and h.from_on<=? and (h.to_on is null or h.to_on>=?) "
              "straight_join service_connection s on s.id=h.service_connection_id "
              "and s.status in ('active', 'disconnected') and s.last_billed_on>=h.from_on "
              "and datediff(?, s.last_billed_on)>? where " AT_PLACES " and i.state='pending' group by i.run_id, "
              "i.account_id",
           c->utility, days, run->to_date, c->now, run->to_date, run->from_date, run->to_date, days, run->id,
           at_.above, at_.upto);
}

static void find_no_connection(Ctx *c, const RunRow *run, Stretch at_) {
    const char *message = "Account has no active service connection in the period";
    db_run(c, "update bill_run_item i force index (bill_run_item_order) set i.state='error', i.error_code='BX-E01', "
              "i.error_text=?, i.done_at=? where " AT_PLACES " and i.state='pending' and not exists (select 1 "
              "from account a where a.id=i.account_id "
              "and a.status in ('active', 'temporarily_disconnected', 'disconnected') and exists (select 1 "
              "from service_connection_holder h join service_connection s on s.id=h.service_connection_id "
              "and s.status<>'pending' "
              "where h.account_id=a.id and h.from_on<=? and (h.to_on is null or h.to_on>=?)))", message, c->now,
           run->id, at_.above, at_.upto, run->to_date, run->from_date);
    blocked(c, run, at_, "BX-E01", message);
}

static void find_no_plan(Ctx *c, const RunRow *run, Stretch at_) {
    const char *message = text(c, "Connection has no tariff plan for %s", days_words(c, run->from_date, run->to_date));
    db_run(c, "update bill_run_item i force index (bill_run_item_order) set i.state='error', i.error_code='BX-E02', "
              "i.error_text=?, i.done_at=? "
              "where " AT_PLACES " and i.state='pending' and exists (select 1 from service_connection_holder h "
              "join service_connection s on s.id=h.service_connection_id and s.status<>'pending' "
              "where h.account_id=i.account_id and h.from_on<=? and (h.to_on is null or h.to_on>=?) "
              "and not exists (select 1 from service_connection_plan q where q.service_connection_id=s.id "
              "and q.valid_from<=? and (q.valid_to is null or q.valid_to>=greatest(?, h.from_on))))",
           message, c->now, run->id, at_.above, at_.upto, run->to_date, run->from_date, run->to_date, run->from_date);
    blocked(c, run, at_, "BX-E02", message);
}

static void find_no_meter(Ctx *c, const RunRow *run, Stretch at_) {
    const char *message = "No meter installed but plan is metered";
    db_run(c, "update bill_run_item i force index (bill_run_item_order) set i.state='error', i.error_code='BX-E08', "
              "i.error_text=?, i.done_at=? "
              "where " AT_PLACES " and i.state='pending' and exists (select 1 from service_connection_holder h "
              "join service_connection s on s.id=h.service_connection_id and s.status='active' and s.metered=1 "
              "where h.account_id=i.account_id and h.from_on<=? and (h.to_on is null or h.to_on>=?) "
              "and not exists (select 1 from meter_installation m where m.service_connection_id=s.id "
              "and m.installed_on<=? and (m.removed_on is null or m.removed_on>=?)) "
              "and not exists (select 1 from tariff_plan p where p.id=s.tariff_plan_id "
              "and (p.deemed_daily_qty_micro is not null or p.kind='fixed')))", message, c->now, run->id, at_.above,
           at_.upto, run->to_date, run->from_date, run->to_date, run->from_date);
    blocked(c, run, at_, "BX-E08", message);
}

static void find_no_address(Ctx *c, const RunRow *run, Stretch at_) {
    const char *message = "Billing address or currency missing";
    db_run(c, "update bill_run_item i force index (bill_run_item_order) set i.state='error', i.error_code='BX-E09', "
              "i.error_text=?, i.done_at=? where " AT_PLACES " and i.state='pending' and exists (select 1 "
              "from account a straight_join consumer n on n.id=a.consumer_id straight_join premise p "
              "on p.id=a.premise_id where a.id=i.account_id and coalesce(if(a.billing_address_choice='own', "
              "a.billing_line1, null), n.billing_line1, p.line1, '')='')", message, c->now, run->id, at_.above,
           at_.upto);
    blocked(c, run, at_, "BX-E09", message);
}

void run_check_places(Ctx *c, const RunRow *run, int64_t above, int64_t upto) {
    Stretch at_ = { above, upto };
    db_run(c, "update bill_run_item i force index (bill_run_item_order) set i.state='pending', i.error_code=null, "
              "i.error_text=null where " AT_PLACES " and i.state='error'", run->id, above, upto);
    find_no_connection(c, run, at_);
    find_no_plan(c, run, at_);
    find_no_meter(c, run, at_);
    find_no_address(c, run, at_);
    db_run(c, "update bill_run_item i force index (bill_run_item_order) straight_join bill_exception e "
              "on e.run_id=i.run_id and e.account_id=i.account_id set e.state='resolved', e.resolution='corrected', "
              "e.resolved_at=?, e.resolved_by=? where " AT_PLACES " and e.severity='error' "
              "and e.state in ('open', 'assigned') and i.state='pending'",
           c->now, c->user, run->id, above, upto);
    warn(c, run, at_);
    db_run(c, "update bill_run r set error_count=(select count(*) from bill_run_item i where i.run_id=r.id "
              "and i.state='error') where r.id=?", run->id);
}

/* --- readings ----------------------------------------------------------------------------------------------------- */

int64_t run_undecided_readings(Ctx *c, const RunRow *run, int64_t above, int64_t upto) {
    int window = (int)setting_int(c, "bx.reading_window_days", 5);
    return db_int(c, "select count(*) from bill_run_item i "
                     "join service_connection_holder h on h.account_id=i.account_id and h.from_on<=? "
                     "and (h.to_on is null or h.to_on>=?) "
                     "join service_connection s on s.id=h.service_connection_id and s.metered=1 "
                     "and s.status in ('active', 'disconnected') where i.run_id=? and i.seq>? and i.seq<=? "
        "and i.state='pending' and (exists (select 1 from bill_run_reading d where d.run_id=i.run_id "
        "and d.service_connection_id=s.id "
        "and d.decision='check_reading') or not exists (select 1 from usage_segment u where "
        "u.service_connection_id=s.id and u.status='active' "
        "and u.to_on between date_sub(least(?, coalesce(h.to_on, s.disconnected_on, ?)), interval ? day) "
        "and date_add(least(?, coalesce(h.to_on, s.disconnected_on, ?)), interval ? day)))", run->to_date,
                  run->from_date, run->id, above, upto, run->to_date, run->to_date, window, run->to_date,
                  run->to_date, window);
}

#define PLACE_ROW(F, T) F(T, const char *, connection_no) F(T, Id, premise) F(T, Id, account) F(T, Id, meter)
ROW(Place, PLACE_ROW)

Id run_order_reading(Ctx *c, const RunRow *run, Id connection) {
    Place *p = db_one(c, Place, "select connection_no, premise_id as premise, account_id as account, meter_id as meter "
                                "from service_connection where id=?", connection);
    if (!p->meter.id) fail(c, CONFLICT, "%s has no meter.", p->connection_no);
    return service_order_create(c, &(NewOrder){
        .type = "RE_READ", .source_type = "manual", .source = connection, .premise = p->premise, .account = p->account,
        .connection = connection, .meter = p->meter, .priority = "high", .title = "Check reading for billing",
        .description = text(c, "%s asks for a check reading of %s before it bills the period %s.", run->run_no,
                            p->connection_no, run->label) });
}

/* --- sample and checklist ----------------------------------------------------------------------------------------- */

#define SAMPLE_ROW(F, T) F(T, Id, id)
ROW(SampleRow, SAMPLE_ROW)

static void sample_add(JsonOut *o, Ctx *c, SampleRows rows, const char *why, Id *taken, size_t *n, size_t most) {
    for (size_t i = 0, added = 0; i < rows.n && added < most; i++) {
        bool known = false;
        for (size_t k = 0; k < *n; k++) known = known || taken[k].id == rows.v[i].id.id;
        if (known) continue;
        added++;
        taken[(*n)++] = rows.v[i].id;
        json_add_text(o, text(c, "sample:%lld", (long long)rows.v[i].id.id), why);
    }
}

/* A bill that stands in the sample already is passed over for the next one. Kept in the run's checklist beside the
   ticks: "sample:<bill>": why, "tick:<key>": who, when and a note. */
void run_sample(Ctx *c, Id run) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    Id taken[SAMPLE_RANDOM + SAMPLE_LARGEST + SAMPLE_CHANGED];
    size_t n = 0;
    json_open_object(&o, NULL);
    sample_add(&o, c, db_all(c, SampleRow, "select id from bill where bill_run_id=? and status='draft' "
                                           "order by crc32(concat(id, draft_ref)) limit 20", run), "random", taken, &n,
               SAMPLE_RANDOM);
    sample_add(&o, c, db_all(c, SampleRow, "select id from bill where bill_run_id=? and status='draft' "
                                           "order by total_minor desc limit 30", run), "largest", taken, &n,
               SAMPLE_LARGEST);
    sample_add(&o, c, db_all(c, SampleRow, "select b.id from bill b join bill p on p.account_id=b.account_id "
                                           "and p.status='published' "
                                           "and p.period_end=date_sub(b.period_start, interval 1 day) "
        "where b.bill_run_id=? and b.status='draft' order by abs(b.total_minor-p.total_minor) desc limit 40", run),
            "change", taken, &n, SAMPLE_CHANGED);
    json_close(&o);
    db_run(c, "update bill_run set checklist=? where id=?", t.s, run);
}

bool run_check_done(Ctx *c, const RunRow *run, const char *key) {
    Json list = run->checklist ? json_read(&c->mem, run->checklist, strlen(run->checklist), 1 << 20, NULL)
        : (Json){ 0 };
    if (!strcmp(key, "ledger")) return !ledger_rest(c, (Id){ 0 }).minor;
    if (strcmp(key, "sample")) return json_kind(json_member(list, text(c, "tick:%s", key))) != JSON_KIND_NONE;
    JsonMember *m = json_members(&c->mem, list);
    for (size_t i = 0; i < json_size(list); i++)
        if (!strncmp(m[i].name, "sample:", 7)
            && json_kind(json_member(list, text(c, "seen:%s", m[i].name + 7))) == JSON_KIND_NONE) return false;
    return true;
}

const char *run_checklist_open(Ctx *c, const RunRow *run) {
    for (const CheckItem *k = run_checks; k->key; k++)
        if (!run_check_done(c, run, k->key))
            return msg(c->language, text(c, "billing.check.%s", k->key));
    return NULL;
}

/* --- who is told -------------------------------------------------------------------------------------------------- */

static void tell(Ctx *c, const RunRow *r, const char *kind, Id recipient, const char *title) {
    if (!recipient.id) return;
    inapp_post(c, &(InApp){ .recipient_kind = kind, .recipient = recipient, .topic = "billing", .severity = "info",
                            .title = title, .body = msg_format(c, c->language, "billing.run.told_of",
                                                               { "run", r->run_no },
                                               { "period", r->label }, { "cycle", r->cycle_name }),
                            .link = text(c, "/u/%s/bx/runs/%s", c->utility_code, r->run_no),
                            .dedup_key = text(c, "bill_run:%lld:%s:%lld", (long long)r->id.id, r->state,
                                              (long long)r->row_version) });
}

static const char *titled(Ctx *c, const RunRow *r, const char *key) {
    return msg_format(c, c->language, key, { "run", r->run_no });
}

void run_tell_owner(Ctx *c, Id run, const char *key) {
    const RunRow *r = run_get(c, run);
    tell(c, r, "user", r->owner_id, titled(c, r, key));
}

#define DEAD_ROW(F, T) F(T, const char *, kind) F(T, const char *, payload) F(T, const char *, error)
ROW(DeadJob, DEAD_ROW)

/* The run stays as it is: its job can be tried again from the list of jobs, or the run be paused and gone on with. */
static void run_died(Ctx *c, const DeadJob *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "run", &id) && json_text(p, "run")) id = strtoll(json_text(p, "run"), NULL, 10);
    if (!db_id(c, "select id from bill_run where id=? and utility_id=?", (Id){ id }, c->utility).id) return;
    db_run(c, "update bill_run set last_error=left(?, 500) where id=?", job->error, (Id){ id });
    const RunRow *r = run_get(c, (Id){ id });
    Id starter = db_id(c, "select coalesce(last_actor_id, started_by, owner_id) from bill_run where id=?", r->id);
    inapp_post(c, &(InApp){ .recipient_kind = "user", .recipient = starter, .topic = "billing", .severity = "warning",
                            .title = titled(c, r, "billing.run.told_died"), .body = job->error,
                            .link = text(c, "/u/%s%s", c->utility_code, run_path(c, r)),
                            .dedup_key = text(c, "bill_run:%lld:died:%lld", (long long)r->id.id,
                                              (long long)r->row_version) });
}

void billing_job_failed(Ctx *c, const EventRow *e) {
    DeadJob *job = db_find(c, DeadJob, "select kind, coalesce(payload, '{}') as payload, coalesce(error, '') as error "
                                       "from smart360.job where id=?", e->id);
    if (!job) return;
    if (!strcmp(job->kind, "bill_simulation.run")) simulation_died(c, job->payload, job->error);
    if (!strncmp(job->kind, "bill_run.", 9)) run_died(c, job);
}

void run_tell_approvers(Ctx *c, Id run) {
    run_tell_managers(c, run, "billing.run.told_approval");
}

void run_tell_managers(Ctx *c, Id run, const char *key) {
    const RunRow *r = run_get(c, run);
    Id role = db_id(c, "select id from role where utility_id=? and code='billing_manager'", c->utility);
    tell(c, r, "role", role, titled(c, r, key));
}
