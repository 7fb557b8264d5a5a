/*
 * The calendars of a utility, one of them the default, and its recurring jobs (ONB02US04).
 */
#include <string.h>

#include "app/core/job_rules.h"
#include "app/setup/calendar.h"
#include "app/setup/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

/* --- calendars ---------------------------------------------------------------------------------------------------- */

static const Form calendar_form = { .name = "calendar_new", .fields = FIELDS {
    { "code",        "Code", TEXT(2, 20), .flags = REQUIRED | UPPER, .chars = "A-Z0-9_-",
      .chars_text = "Use capital letters, digits and dashes." },
    { "name",        "Name", TEXT(2, 60), .flags = REQUIRED },
    { "always_open", "Open day and night", BOOL },
    { 0 } } };

void calendar_list_page(Req *r) {
    calendar_head(r, "/calendar/calendars", NULL);
    size_t n = 0;
    bool may = perm_may(&r->c, "core.calendar", EDIT);
    if (perm_may(&r->c, "core.calendar", CREATE))
        calendar_button(r, &n, SAY(r, "new"), link_path(r, "/calendar/calendars/new"), true);
    TableView *t = table_start(r, "show.sections.0.table", SAY(r, "calendars"));
    table_column(t, SAY(r, "name"), "text", "id");
    table_column(t, SAY(r, "code"), "code", NULL);
    table_column(t, SAY(r, "hours"), "text", NULL);
    table_column(t, SAY(r, "default"), "text", NULL);
    if (may) table_column(t, SAY(r, "change"), "act", NULL);
    if (may && perm_may(&r->c, "core.calendar", DELETE)) table_column(t, SAY(r, "delete"), "act", NULL);
    Calendars all = calendars_all(r);
    for (size_t i = 0; i < all.n; i++) {
        const Calendar *k = &all.v[i];
        table_row(t, link_path(r, "/calendar/hours?calendar=%s", k->code));
        table_cell(t, k->name);
        table_cell(t, k->code);
        table_cell(t, k->always_open ? SAY(r, "always_short") : SAY(r, "weekly"));
        table_cell(t, k->is_default ? msg(r->c.language, "ui.yes") : "");
        if (!may) continue;
        table_cell(t, "");
        if (k->is_default) continue;
        char *act = text(r, "show.sections.0.table.rows.%zu.cells.4.act", i);
        show_text(r, text(r, "%s.text", act), SAY(r, "make_default"));
        show_text(r, text(r, "%s.url", act), link_path(r, "/calendar/calendars/%s/default", k->code));
        show_text(r, text(r, "%s.kind", act), "quiet");
        if (!perm_may(&r->c, "core.calendar", DELETE)) continue;
        table_cell(t, "");
        act = text(r, "show.sections.0.table.rows.%zu.cells.5.act", i);
        show_text(r, text(r, "%s.text", act), SAY(r, "delete"));
        show_text(r, text(r, "%s.url", act), link_path(r, "/calendar/calendars/%s/deletion", k->code));
        show_text(r, text(r, "%s.kind", act), "quiet");
    }
    page(r, "layout/show");
}

void calendar_new_page(Req *r) {
    form_show(r, "form", &calendar_form, "/calendar/calendars");
    calendar_crumbs(r, SAY(r, "new"));
    show_text(r, "form.submit", SAY(r, "new"));
    show_text(r, "form.cancel_url", link_path(r, "/calendar/calendars"));
    page(r, "layout/form");
}

void calendar_create(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &calendar_form);
    const char *code = in_text(in, "code");
    if (code && db_int(r, "select count(*) from calendar where utility_id=? and code=?", c->utility, code))
        problem(r, "code", "%s", msg_format(r, c->language, "calendar.taken", { "code", code }));
    problems_end(r);
    Id id = db_insert(r, "insert into calendar (utility_id, code, name, always_open, created_at, created_by, "
                         "updated_at, updated_by) values (?,?,?,?,?,?,?,?)", c->utility, code, in_text(in, "name"),
                      in_bool(in, "always_open"), c->now, c->user, c->now, c->user);
    db_run(r,
        "insert into working_hours (utility_id, calendar_id, weekday, working, from_time, to_time, break_from, "
        "break_to) select h.utility_id, ?, h.weekday, h.working, h.from_time, h.to_time, h.break_from, h.break_to "
        "from working_hours h join calendar k on k.id=h.calendar_id where k.utility_id=? and k.is_default=1",
        id, c->utility);
    audit_write(c, &(Audit){ .action = "create", .entity = "calendar", .id = id, .number = code, .version = 1,
                             .after = json_pairs(c, "code", code, "name", in_text(in, "name"), NULL) });
    note(r, "%s", msg_format(r, c->language, "calendar.created", { "name", in_text(in, "name") }));
    go(r, "/calendar/hours?calendar=%s", code);
}

static const Calendar *calendar_here(Req *r) {
    Calendars all = calendars_all(r);
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].code, path_text(r, "code"))) return &all.v[i];
    fail(r, NOT_FOUND, "There is no such calendar.");
}

/* --- another default ---------------------------------------------------------------------------------------------- */

enum { DUE_MOST = 20000 };
#define DUE(F, T) F(T, Time, due_at)
ROW(Due, DUE)
#define DUE_DAY(F, T) F(T, Date, due_date) F(T, int64_t, n)
ROW(DueDay, DUE_DAY)

/* The end of the day's hours belongs to them. */
static bool is_open_at(Ctx *c, Id calendar, Time t) {
    return cal_is_working(c, calendar, t) || cal_is_working(c, calendar, time_add_us(t, -1));
}

/* What is open by the default calendar of now and would not be by this one: orders due, unposted bills due. Cases
   whose clocks run are reckoned anew, all of them. */
static CalendarTouch *default_touches(Req *r, const Calendar *now, const Calendar *k) {
    Ctx *c = &r->c;
    CalendarTouch *t = calendar_touched(r, utility_today(c));               /* the open cases */
    t->appointments = t->bills = 0;
    Dues orders = db_all(r, Due, "select due_at from service_order where utility_id=? and status in ('created', "
        "'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold') and due_at>=? limit ?", c->utility, c->now,
                         (int)DUE_MOST);
    for (size_t i = 0; i < orders.n; i++)
        t->appointments += is_open_at(c, now->id, orders.v[i].due_at) && !is_open_at(c, k->id, orders.v[i].due_at);
    DueDays bills = db_all(r, DueDay, "select due_date, count(*) as n from bill where utility_id=? and status in "
                                      "('draft', 'held', 'approved') group by due_date", c->utility);
    for (size_t i = 0; i < bills.n; i++)
        if (cal_is_working_day(c, now->id, bills.v[i].due_date) && !cal_is_working_day(c, k->id, bills.v[i].due_date))
            t->bills += bills.v[i].n;
    return t;
}

static int64_t holidays_ahead(Req *r, const Calendar *k) {
    Date today = utility_today(&r->c);
    return db_int(r, "select count(*) from holiday where calendar_id=? and (recurring='yearly_fixed' "
                     "or holiday_date between ? and ?)", k->id, today, date_add_months(today, 12));
}

static const Calendar *default_now(Req *r) {
    Calendars all = calendars_all(r);                                       /* it is the first */
    if (!all.n) fail(r, NOT_FOUND, "There is no such calendar.");
    return &all.v[0];
}

static const Form default_form = { .name = "calendar_default", .fields = FIELDS { { 0 } } };

/* Shows what another default calendar touches; stores nothing. */
void calendar_default_page(Req *r) {
    const Calendar *k = calendar_here(r), *now = default_now(r);
    if (k->is_default) fail(r, CONFLICT, "%s", msg_format(r, r->c.language, "calendar.default_set",
                                                          { "name", k->name }));
    form_show(r, "confirm", &default_form, text(r, "/calendar/calendars/%s/default", k->code));
    calendar_crumbs(r, msg_format(r, r->c.language, "calendar.default_do", { "name", k->name }));
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "calendar.default_how", { "name", k->name },
                                              { "now", now->name }));
    const CalendarTouch *t = default_touches(r, now, k);
    if (t->appointments)
        show_text(r, "confirm.text.1", msg_plural(r, r->c.language, "calendar.appointments_out", t->appointments,
                                                  COUNT(r, t->appointments)));
    calendar_touch_show(r, t);
    show_fact(r, "confirm.facts", SAY(r, "holidays_ahead"),
              msg_format(r, r->c.language, "calendar.holidays_instead", { "n", COUNT(r, holidays_ahead(r, k)) },
                         { "now", COUNT(r, holidays_ahead(r, now)) }), NULL);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", msg_format(r, r->c.language, "calendar.default_do", { "name", k->name }));
    show_text(r, "confirm.back_url", link_path(r, "/calendar/calendars"));
    page(r, "layout/confirm");
}

void calendar_default_post(Req *r) {
    const Calendar *k = calendar_here(r), *now = default_now(r);
    int64_t out = k->is_default ? 0 : default_touches(r, now, k)->appointments;
    db_run(r, "update calendar set is_default=(id=?) where utility_id=?", k->id, r->c.utility);
    calendar_changed(r, k, "edit", json_pairs(&r->c, "default", now->code, NULL),
                     json_pairs(&r->c, "default", k->code, NULL));
    calendar_tell(r, out, SAY(r, "tell_hours"), text(r, "default:%lld:%lld", (long long)k->id.id,
                                                     (long long)k->row_version));
    note(r, "%s", msg_format(r, r->c.language, "calendar.default_set", { "name", k->name }));
    go(r, "/calendar/calendars");
}

/* --- deleting one ------------------------------------------------------------------------------------------------- */

static const Form delete_form = { .name = "calendar_delete", .fields = FIELDS { { 0 } } };

void calendar_delete_page(Req *r) {
    const Calendar *k = calendar_here(r);
    if (k->is_default) fail(r, CONFLICT, "%s", SAY(r, "default_stays"));
    form_show(r, "confirm", &delete_form, text(r, "/calendar/calendars/%s/deletion", k->code));
    calendar_crumbs(r, k->name);
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "calendar.delete_calendar", { "name", k->name }));
    show_text(r, "confirm.submit", msg_format(r, r->c.language, "calendar.delete_it", { "name", k->name }));
    show_text(r, "confirm.back_url", link_path(r, "/calendar/calendars"));
    page(r, "layout/confirm");
}

void calendar_delete_post(Req *r) {
    const Calendar *k = calendar_here(r);
    if (k->is_default) fail(r, CONFLICT, "%s", SAY(r, "default_stays"));
    db_run(r, "delete from calendar where id=?", k->id);
    audit_note(&r->c, "delete", "calendar", k->id, k->code, NULL);
    note(r, "%s", msg_format(r, r->c.language, "calendar.deleted", { "name", k->name }));
    go(r, "/calendar/calendars");
}

/* --- recurring jobs ----------------------------------------------------------------------------------------------- */

void calendar_jobs_page(Req *r) {
    calendar_head(r, "/calendar/jobs", NULL);
    bool may = perm_may(&r->c, "core.jobs", EDIT);
    TableView *t = table_start(r, "show.sections.0.table", SAY(r, "jobs"));
    table_column(t, SAY(r, "name"), "text", "id");
    table_column(t, SAY(r, "rule"), "code", NULL);
    table_column(t, SAY(r, "next"), "date", NULL);
    table_column(t, SAY(r, "last"), "date", NULL);
    table_column(t, SAY(r, "result"), "text", NULL);
    if (may) table_column(t, SAY(r, "run"), "act", NULL), table_column(t, SAY(r, "pause"), "act", NULL);
#define JOB(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, rule) F(T, bool, enabled) \
    F(T, const char *, holiday_policy) F(T, const char *, catch_up) F(T, Time, next_run_at) F(T, Time, last_run_at) \
    F(T, const char *, last_status) F(T, const char *, last_error)
    ROW(Job, JOB)
    Jobs l = db_all(r, Job, "select s.code, s.name, s.rule, s.enabled, s.holiday_policy, s.catch_up, s.next_run_at, "
        "s.last_run_at, coalesce(j.state, s.last_status) as last_status, coalesce(j.error, s.last_error) as last_error "
        "from scheduled_job s left join smart360.job j on j.id=s.last_job_id where s.utility_id=? order by s.name",
        r->c.utility);
    const Locale *lo = r->c.locale;
    for (size_t i = 0; i < l.n; i++) {
        const Job *k = &l.v[i];
        table_row(t, may ? link_path(r, "/calendar/jobs/%s", k->code) : NULL);
        table_cell(t, k->name);
        table_sub(t, k->code);
        table_cell(t, k->rule);
        table_sub(t, text(r, "%s; %s", msg(r->c.language, text(r, "calendar.policy_%s", k->holiday_policy)),
                          msg(r->c.language, text(r, "calendar.catch_%s", k->catch_up))));
        table_cell(t, k->enabled ? locale_time(&r->c.mem, lo, k->next_run_at) : SAY(r, "paused"));
        table_cell(t, locale_time(&r->c.mem, lo, k->last_run_at));
        table_cell(t, k->last_status ? k->last_status : "-");
        table_sub(t, k->last_error);
        if (!may) continue;
        const char *const moves[] = { "run", k->enabled ? "pause" : "resume" };
        for (int m = 0; m < 2; m++) {
            table_cell(t, "");
            char *act = text(r, "show.sections.0.table.rows.%zu.cells.%d.act", i, 5 + m);
            show_text(r, text(r, "%s.text", act), msg(r->c.language, text(r, "calendar.%s", moves[m])));
            show_text(r, text(r, "%s.url", act), link_path(r, "/calendar/jobs/%s/%s", k->code, moves[m]));
            show_text(r, text(r, "%s.post", act), "1");
            show_text(r, text(r, "%s.kind", act), "quiet");
        }
    }
    table_empty(t, SAY(r, "no_jobs"), SAY(r, "no_jobs_text"));
    page(r, "layout/show");
}

#define JOB_AT(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, const char *, handler) \
    F(T, const char *, rule) F(T, const char *, holiday_policy) F(T, const char *, catch_up) F(T, int64_t, row_version)
ROW(JobAt, JOB_AT)

#define JOB_HERE "select id, code, name, handler, rule, holiday_policy, catch_up, row_version from scheduled_job " \
    "where utility_id=? and code=?"

static const JobAt *job_here(Req *r) {
    return db_one(r, JobAt, JOB_HERE " for update", r->c.utility, path_text(r, "code"));
}

static const Choice holiday_policies[] = { { "run", "calendar.policy_run" }, { "skip", "calendar.policy_skip" },
                                           { "shift", "calendar.policy_shift" }, { 0 } };
static const Choice catch_ups[] = { { "run_once", "calendar.catch_run_once" }, { "skip", "calendar.catch_skip" },
                                    { 0 } };
static const Form job_form = { .name = "scheduled_job", .fields = FIELDS {
    { "rule",           TEXT(5, 40),              .flags = REQUIRED },
    { "holiday_policy", CHOICE(holiday_policies), .flags = REQUIRED },
    { "catch_up",       CHOICE(catch_ups),        .flags = REQUIRED },
    { 0 } } };

void calendar_job_page(Req *r) {
    const JobAt *j = db_one(r, JobAt, JOB_HERE, r->c.utility, path_text(r, "code"));
    FormView *v = form_show(r, "form", &job_form, text(r, "/calendar/jobs/%s", j->code));
    form_text(v, "rule", j->rule);
    form_text(v, "holiday_policy", j->holiday_policy);
    form_text(v, "catch_up", j->catch_up);
    form_version(v, j->row_version);
    calendar_crumbs(r, j->name);
    show_text(r, "form.cancel_url", link_path(r, "/calendar/jobs"));
    page(r, "layout/form");
}

static const char *job_json(Req *r, const char *rule, const char *holidays, const char *catch_up) {
    return json_pairs(&r->c, "rule", rule, "holiday_policy", holidays, "catch_up", catch_up, NULL);
}

/* The scheduler reckons the next run anew. */
void calendar_job_save(Req *r) {
    const JobAt *j = job_here(r);
    Input *in = form_read(r, &job_form);
    const char *rule = in_text(in, "rule");
    ScheduleRule read;
    if (rule && !schedule_parse(rule, &read)) problem(r, "rule", "%s", SAY(r, "rule_wrong"));
    problems_end(r);
    db_must(r, 1, CONFLICT, "update scheduled_job set rule=?, holiday_policy=?, catch_up=?, next_run_at=null, "
                            "updated_at=?, updated_by=?, row_version=row_version+1 where id=? and row_version=?",
            rule, in_text(in, "holiday_policy"), in_text(in, "catch_up"), r->c.now, r->c.user, j->id,
            in->row_version);
    audit_write(&r->c, &(Audit){ .action = "edit", .entity = "scheduled_job", .id = j->id, .number = j->code,
        .version = j->row_version + 1, .before = job_json(r, j->rule, j->holiday_policy, j->catch_up),
        .after = job_json(r, rule, in_text(in, "holiday_policy"), in_text(in, "catch_up")) });
    note(r, "%s", msg_format(r, r->c.language, "calendar.job_saved", { "name", j->name }));
    go(r, "/calendar/jobs");
}

void calendar_job_run(Req *r) {
    const JobAt *j = job_here(r);
    Id job = job_enqueue(&r->c, &(NewJob){ .kind = j->handler, .unique_key = text(r, "schedule:%lld:%s",
        (long long)r->c.utility.id, j->code), .payload = json_pairs(&r->c, "due_at", time_iso(&r->c.mem, r->c.now),
        "code", j->code, NULL), .joins = true });
    db_run(r, "update scheduled_job set last_run_at=?, last_status='queued', last_error=null, last_job_id=? where id=?",
           r->c.now, job, j->id);
    audit_note(&r->c, "run", "scheduled_job", j->id, j->code, NULL);
    note(r, "%s", msg_format(r, r->c.language, "calendar.job_run", { "name", j->name }));
    go(r, "/calendar/jobs");
}

static void job_enable(Req *r, bool enabled, const char *key) {
    const JobAt *j = job_here(r);
    db_run(r, "update scheduled_job set enabled=?, next_run_at=null, updated_at=?, updated_by=?, "
              "row_version=row_version+1 where id=?", enabled, r->c.now, r->c.user, j->id);
    audit_write(&r->c, &(Audit){ .action = "edit", .entity = "scheduled_job", .id = j->id, .number = j->code,
        .version = j->row_version + 1, .after = json_pairs(&r->c, "enabled", enabled ? "1" : "0", NULL) });
    note(r, "%s", msg_format(r, r->c.language, key, { "name", j->name }));
    go(r, "/calendar/jobs");
}

void calendar_job_pause (Req *r) { job_enable(r, false, "calendar.job_paused"); }
void calendar_job_resume(Req *r) { job_enable(r, true, "calendar.job_resumed"); }
