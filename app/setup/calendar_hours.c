/*
 * The working week of a calendar, its special days, and a calculator of working time (ONB02US04). Changed hours are
 * shown with what they touch before they are stored.
 */
#include <string.h>

#include "app/core/calendar_rules.h"
#include "app/setup/calendar.h"
#include "app/setup/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

/* --- weekly hours ------------------------------------------------------------------------------------------------- */

#define HOURS(F, T) F(T, int, weekday) F(T, bool, working) F(T, const char *, from_time) F(T, const char *, to_time) \
    F(T, const char *, break_from) F(T, const char *, break_to)
ROW(Hours, HOURS)

static const struct { const char *key, *text_, *from, *to; } presets[] = {
    { "8-15", "8AM-3PM", "08:00", "15:00" }, { "8-16", "8AM-4PM", "08:00", "16:00" },
    { "8-17", "8AM-5PM", "08:00", "17:00" }, { "8-18", "8AM-6PM", "08:00", "18:00" },
    { "9-17", "9AM-5PM", "09:00", "17:00" }, { "24", "24 h", "00:00", "24:00" } };
enum { PRESETS = sizeof presets / sizeof *presets };

static const Field hours_fields[] = {
    { "calendar", "Calendar", HIDDEN(20) }, { "special_date", "Date", DATE_FIELD, .flags = REQUIRED },
    { "special_from", "From", TEXT(1, 8), .flags = REQUIRED, .width = "5" },
    { "special_to", "To", TEXT(1, 8), .flags = REQUIRED, .width = "5",
      .hint = "17:00, at the end of the day 24:00" },
    { "special_note", "Note", TEXT(0, 120) }, { 0 } };
static const Form special_form = { .name = "special_day", .fields = hours_fields };
static const Form special_sure = { .name = "special_day", .fields = FIELDS {
    { "calendar", "", HIDDEN(20) }, { "special_date", "", HIDDEN(10), .flags = REQUIRED },
    { "special_from", "", HIDDEN(8), .flags = REQUIRED }, { "special_to", "", HIDDEN(8), .flags = REQUIRED },
    { "special_note", "", HIDDEN(120) }, { 0 } } };

#define SPECIAL(F, T) F(T, const char *, public_id) F(T, Date, special_date) F(T, const char *, hours) \
    F(T, const char *, note)
ROW(Special, SPECIAL)

static const char *const parts[] = { "from", "to", "break_from", "break_to" };

void calendar_hours_page(Req *r) {
    Ctx *c = &r->c;
    const Calendar *k = calendar_asked(r);
    const char *preset = r->again ? NULL : query_text(r, "preset");
    Hourss l = db_all(r, Hours, "select weekday, working, time_format(from_time, '%H:%i') as from_time, "
        "time_format(to_time, '%H:%i') as to_time, time_format(break_from, '%H:%i') as break_from, "
        "time_format(break_to, '%H:%i') as break_to from working_hours where calendar_id=?", k->id);
    calendar_head(r, "/calendar/hours", k);
    show_text(r, "hours.action", link_path(r, "/calendar/hours"));
    show_text(r, "hours.check", link_path(r, "/calendar/hours/check"));
    show_text(r, "hours.calendar", k->code);
    show_int(r, "hours.row_version", k->row_version);
    show_flag(r, "hours.may", perm_may(c, "core.calendar", EDIT));
    if (k->always_open) show_text(r, "hours.always", SAY(r, "always"));
    for (int p = 0; p < PRESETS; p++) {
        show_text(r, at(r, "presets", (size_t)p, "text"), presets[p].text_);
        show_text(r, at(r, "presets", (size_t)p, "url"),
            link_path(r, "/calendar/hours?calendar=%s&preset=%s", k->code, presets[p].key));
    }
    for (int i = 0; i < 7; i++) {
        int day = (c->locale->first_weekday + i) % 7;
        char *to = at(r, "days", (size_t)i, NULL);
        const Hours *h = NULL;
        for (size_t n = 0; n < l.n; n++)
            if (l.v[n].weekday == day) h = &l.v[n];
        const char *values[4] = { h ? h->from_time : "", h ? h->to_time : "", h ? h->break_from : "",
                                  h ? h->break_to : "" };
        bool working = h && h->working;
        for (int p = 0; preset && p < PRESETS; p++)
            if (!strcmp(presets[p].key, preset) && working) values[0] = presets[p].from, values[1] = presets[p].to,
                values[2] = values[3] = "";
        if (r->again) working = field_text(r, text(r, "working%d", day)) != NULL;
        show_text(r, text(r, "%s.name", to), weekday_name(c->locale, day));
        show_int(r, text(r, "%s.no", to), day);
        show_flag(r, text(r, "%s.working", to), working);
        for (int p = 0; p < 4; p++)
            show_text(r, text(r, "%s.%s", to, parts[p]),
                      r->again ? field_text(r, text(r, "%s%d", parts[p], day)) : values[p]);
        for (int p = 0; p < r->problems && r->again; p++)
            if (r->problem[p].field && !strcmp(r->problem[p].field, text(r, "to%d", day)))
                show_text(r, text(r, "%s.error", to), r->problem[p].text);
    }
    TableView *t = table_start(r, "special", SAY(r, "special"));
    table_column(t, SAY(r, "date"), "date", "id");
    table_column(t, SAY(r, "open"), "text", "name");
    table_column(t, SAY(r, "note"), "text", NULL);
    bool may = perm_may(c, "core.calendar", EDIT);
    if (may) table_column(t, SAY(r, "change"), "act", NULL);
    Specials days = db_all(r, Special, "select public_id, special_date, concat(time_format(from_time, '%H:%i'), ' - ', "
                           "time_format(to_time, '%H:%i')) as hours, coalesce(note, '') as note from special_day "
                           "where calendar_id=? order by special_date desc limit 100", k->id);
    for (size_t i = 0; i < days.n; i++) {
        table_row(t, NULL);
        table_date(t, days.v[i].special_date);
        table_cell(t, days.v[i].hours);
        table_cell(t, days.v[i].note);
        if (!may) continue;
        table_cell(t, "");
        char *act = text(r, "special.rows.%zu.cells.3.act", i);
        show_text(r, text(r, "%s.text", act), SAY(r, "remove"));
        show_text(r, text(r, "%s.url", act),
                  link_path(r, "/calendar/special-days/%s/deletion", days.v[i].public_id));
        show_text(r, text(r, "%s.post", act), "1");
        show_text(r, text(r, "%s.kind", act), "quiet");
    }
    table_empty(t, SAY(r, "no_special"), NULL);
    if (may) {
        FormView *v = form_show(r, "special_form", &special_form, "/calendar/special-days/check");
        form_text(v, "calendar", k->code);
        show_text(r, "special_form.submit", SAY(r, "check"));
    }
    page(r, "setup/hours");
}

/* Minutes of "08:00", of "24:00" too; -1 for none, -2 for what is no time of day. */
static int clock_minutes(const char *s) {
    int minutes;
    if (!s || !*s) return -1;
    if (!strcmp(s, "24:00")) return 1440;
    return clock_parse(s, &minutes) ? minutes : -2;
}

static int minutes_sent(Req *r, const char *part, int day) {
    return clock_minutes(field_text(r, text(r, "%s%d", part, day)));
}

static const char *clock_text(Req *r, int minutes) { return text(r, "%02d:%02d", minutes / 60, minutes % 60); }

static const char *clock_sql(Req *r, int minutes) {
    return minutes < 0 ? NULL : text(r, "%02d:%02d:00", minutes / 60, minutes % 60);
}

/* A week as it was sent: minutes of `parts`, -1 for none. */
typedef struct Week { int v[7][4]; bool working[7]; } Week;

static Week *week_sent(Req *r, const Calendar *k) {
    Week *w = take(r, sizeof *w);
    int open = 0;
    for (int d = 0; d < 7; d++) {
        int *v = w->v[d];
        bool working = w->working[d] = field_text(r, text(r, "working%d", d)) != NULL;
        open += working;
        for (int p = 0; p < 4; p++) v[p] = minutes_sent(r, parts[p], d);
        DayHours week[7] = { [0] = { working, v[0], v[1], v[2] < 0 ? 0 : v[2], v[3] < 0 ? 0 : v[3] } };
        bool wrong = working && (v[0] < 0 || v[1] < 0 || v[2] == -2 || v[3] == -2);
        const char *no = !working ? NULL : wrong ? SAY(r, "no_time") : calendar_hours_refusal(week);
        if (no) problem(r, text(r, "to%d", d), "%s", no);
    }
    if (!open && !k->always_open) problem(r, NULL, "%s", SAY(r, "one_day"));
    problems_end(r);
    const char *sent = field_text(r, "row_version");
    if (sent && *sent && strcmp(sent, text(r, "%lld", (long long)k->row_version)))
        fail(r, CONFLICT, "%s", msg(r->c.language, "ui.conflict_short"));
    return w;
}

#define DUE(F, T) F(T, Time, due_at)
ROW(Due, DUE)
#define DUE_DAY(F, T) F(T, Date, due_date) F(T, int64_t, n)
ROW(DueDay, DUE_DAY)
enum { DUE_MOST = 20000 };

static bool is_within(const Week *w, Local l) {
    const int *v = w->v[date_weekday(l.date)];
    int minute = l.hour * 60 + l.minute;
    return w->working[date_weekday(l.date)] && minute >= v[0] && minute <= v[1];
}

/* Orders due outside the new hours, unposted bills due on days that are no working days any more. */
static CalendarTouch *week_touches(Req *r, const Week *w) {
    Ctx *c = &r->c;
    const Zone *zone = zone_find(utility_here(c)->time_zone);
    CalendarTouch *t = calendar_touched(r, utility_today(c));               /* the open cases */
    t->appointments = t->bills = 0;
    Dues orders = db_all(r, Due, "select due_at from service_order where utility_id=? and status in ('created', "
        "'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold') and due_at>=? limit ?", c->utility, c->now,
                         (int)DUE_MOST);
    for (size_t i = 0; i < orders.n; i++) t->appointments += !is_within(w, time_local(zone, orders.v[i].due_at));
    DueDays bills = db_all(r, DueDay, "select due_date, count(*) as n from bill where utility_id=? and status in "
                                      "('draft', 'held', 'approved') group by due_date", c->utility);
    for (size_t i = 0; i < bills.n; i++)
        if (!w->working[date_weekday(bills.v[i].due_date)]) t->bills += bills.v[i].n;
    return t;
}

/* For the audit: {"Monday":"08:00 - 17:00", ...}. */
static const char *week_text(Req *r, Id calendar) {
    return db_text(r, "select json_objectagg(elt(weekday + 1, 'Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', "
                      "'Friday', 'Saturday'), if(working = 0, '-', concat(time_format(from_time, '%H:%i'), ' - ', "
                      "time_format(to_time, '%H:%i'), ifnull(concat(', ', time_format(break_from, '%H:%i'), ' - ', "
                      "time_format(break_to, '%H:%i')), '')))) from working_hours where calendar_id=?", calendar);
}

/* Shows what the new hours touch; stores nothing. */
void calendar_hours_check(Req *r) {
    const Calendar *k = calendar_asked(r);
    const Week *w = week_sent(r, k);
    Field *fields = take_n(r, Field, 7 * 5 + 2);
    int n = 0;
    fields[n++] = (Field){ "calendar", "", HIDDEN(20) };
    for (int d = 0; d < 7; d++) {
        if (w->working[d]) fields[n++] = (Field){ text(r, "working%d", d), "", HIDDEN(1) };
        for (int p = 0; p < 4; p++) fields[n++] = (Field){ text(r, "%s%d", parts[p], d), "", HIDDEN(8) };
    }
    fields[n] = (Field){ 0 };
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "working_hours", .fields = fields };
    FormView *v = form_show(r, "confirm", form, "/calendar/hours");
    for (const Field *f = fields; f->name; f++) form_text(v, f->name, field_text(r, f->name));
    form_text(v, "calendar", k->code);
    form_version(v, k->row_version);
    calendar_crumbs(r, SAY(r, "hours"));
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "calendar.sure_hours", { "calendar", k->name }));
    CalendarTouch *t = week_touches(r, w);
    if (t->appointments)
        show_text(r, "confirm.text.1", msg_plural(r, r->c.language, "calendar.appointments_out", t->appointments,
                                                  COUNT(r, t->appointments)));
    calendar_touch_show(r, t);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", SAY(r, "hours_save"));
    show_text(r, "confirm.back_url", link_path(r, "/calendar/hours?calendar=%s", k->code));
    page(r, "layout/confirm");
}

void calendar_hours_post(Req *r) {
    Ctx *c = &r->c;
    const Calendar *k = calendar_asked(r);
    const Week *w = week_sent(r, k);
    const char *before = week_text(r, k->id);
    for (int d = 0; d < 7; d++)
        db_run(c, "replace into working_hours (utility_id, calendar_id, weekday, working, from_time, to_time, "
                  "break_from, break_to) values (?,?,?,?,?,?,?,?)", c->utility, k->id, d, w->working[d],
               clock_sql(r, w->v[d][0]), clock_sql(r, w->v[d][1]), clock_sql(r, w->v[d][2]), clock_sql(r, w->v[d][3]));
    calendar_changed(r, k, "edit", before, week_text(r, k->id));
    calendar_tell(r, week_touches(r, w)->appointments, SAY(r, "tell_hours"),
                  text(r, "hours:%lld:%lld", (long long)k->id.id, (long long)k->row_version));
    note(r, "%s", SAY(r, "hours_saved"));
    go(r, "/calendar/hours?calendar=%s", k->code);
}

/* A day with hours of its own as it was sent. */
typedef struct SpecialSent { Date date; int from, to; const char *note; } SpecialSent;

static SpecialSent special_sent(Req *r) {
    Input *in = form_read(r, &special_form);
    SpecialSent s = { .date = in_date(in, "special_date"), .note = in_text(in, "special_note") };
    const char *from = field_text(r, "special_from"), *to = field_text(r, "special_to");
    problems_end(r);
    s.from = clock_minutes(from), s.to = clock_minutes(to);
    if (s.from < 0 || s.to < 0) problem(r, "special_to", "%s", SAY(r, "no_time"));
    else if (s.to <= s.from) problem(r, "special_to", "%s", SAY(r, "end_first"));
    problems_end(r);
    return s;
}

/* Orders due on the day outside its hours; bills keep their due dates, for the day is open. */
static CalendarTouch *special_touches(Req *r, const SpecialSent *s) {
    const Zone *zone = zone_find(utility_here(&r->c)->time_zone);
    CalendarTouch *t = calendar_touched(r, s->date);
    t->appointments = t->bills = 0;
    Dues orders = db_all(r, Due, "select due_at from service_order where utility_id=? and status in ('created', "
        "'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold') and due_at>=? and due_at<? limit ?",
                         r->c.utility, date_start(zone, s->date), date_start(zone, date_add_days(s->date, 1)),
                         (int)DUE_MOST);
    for (size_t i = 0; i < orders.n; i++) {
        Local l = time_local(zone, orders.v[i].due_at);
        int minute = l.hour * 60 + l.minute;
        t->appointments += minute < s->from || minute > s->to;
    }
    return t;
}

/* Shows what hours of its own on a day touch; stores nothing. */
void special_day_check(Req *r) {
    const Calendar *k = calendar_asked(r);
    SpecialSent s = special_sent(r);
    FormView *v = form_show(r, "confirm", &special_sure, "/calendar/special-days");
    form_text(v, "calendar", k->code);
    form_text(v, "special_date", date_iso(&r->c.mem, s.date));
    const char *const same[] = { "special_from", "special_to", "special_note" };
    for (int i = 0; i < 3; i++) form_text(v, same[i], field_text(r, same[i]));
    calendar_crumbs(r, SAY(r, "special"));
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "calendar.sure_special",
              { "date", locale_date_full(&r->c.mem, r->c.locale, s.date) }, { "from", clock_text(r, s.from) },
              { "to", clock_text(r, s.to) }, { "calendar", k->name }));
    const CalendarTouch *t = special_touches(r, &s);
    if (t->appointments)
        show_text(r, "confirm.text.1", msg_plural(r, r->c.language, "calendar.appointments_out", t->appointments,
                                                  COUNT(r, t->appointments)));
    calendar_touch_show(r, t);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", SAY(r, "special_add"));
    show_text(r, "confirm.back_url", link_path(r, "/calendar/hours?calendar=%s", k->code));
    page(r, "layout/confirm");
}

void special_day_post(Req *r) {
    const Calendar *k = calendar_asked(r);
    SpecialSent s = special_sent(r);
    db_run(r, "insert into special_day (utility_id, calendar_id, special_date, from_time, to_time, note, created_at, "
              "created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?) on duplicate key update "
              "from_time=values(from_time), to_time=values(to_time), note=values(note)", r->c.utility, k->id,
           s.date, clock_sql(r, s.from), clock_sql(r, s.to), s.note, r->c.now, r->c.user, r->c.now, r->c.user);
    calendar_changed(r, k, "edit", NULL, json_pairs(&r->c, "special_day", date_iso(&r->c.mem, s.date),
                                                  "hours", text(r, "%s - %s", clock_text(r, s.from),
                                                                clock_text(r, s.to)), NULL));
    calendar_tell(r, special_touches(r, &s)->appointments, msg_format(r, r->c.language, "calendar.tell_special",
        { "date", locale_date(&r->c.mem, r->c.locale, s.date) }), text(r, "special:%s", date_iso(&r->c.mem, s.date)));
    note(r, "%s", SAY(r, "special_saved"));
    go(r, "/calendar/hours?calendar=%s", k->code);
}

#define SPECIAL_AT(F, T) F(T, Id, id) F(T, Date, special_date) F(T, const char *, calendar)
ROW(SpecialAt, SPECIAL_AT)

void special_day_delete(Req *r) {
    const SpecialAt *s = db_one(r, SpecialAt, "select s.id, s.special_date, k.code as calendar from special_day s "
        "join calendar k on k.id=s.calendar_id where s.utility_id=? and s.public_id=?", r->c.utility,
                                path_text(r, "id"));
    Calendars all = calendars_all(r);
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].code, s->calendar)) {
            db_run(r, "delete from special_day where id=?", s->id);
            calendar_changed(r, &all.v[i], "edit", json_pairs(&r->c, "special_day",
                             date_iso(&r->c.mem, s->special_date), NULL), NULL);
        }
    note(r, "%s", SAY(r, "special_removed"));
    go(r, "/calendar/hours?calendar=%s", s->calendar);
}

/* --- the calculator ----------------------------------------------------------------------------------------------- */

static const Form test_form = { .name = "calendar_test", .fields = FIELDS {
    { "calendar", "Calendar", TEXT(0, 20) },
    { "from",     "Begin",    TEXT(10, 20), .flags = REQUIRED, .hint = "2027-01-15T16:00" },
    { "hours",    "Working hours to add",   INT(0, 100000),   .width = "8" },
    { "minutes",  "Working minutes to add", INT(0, 10000000), .width = "8" },
    { 0 } } };

void calendar_test_page(Req *r) {
    Ctx *c = &r->c;
    const Calendar *k = calendar_asked(r);
    calendar_head(r, "/calendar/test", NULL);
    FormView *v = form_show(r, "show.sections.0.form", &test_form, "/calendar/test");
    form_set(v, "calendar", "kind", "select");
    Calendars all = calendars_all(r);
    for (size_t i = 0; i < all.n; i++) form_option(v, "calendar", all.v[i].code, all.v[i].name);
    form_set(v, "from", "kind", "datetime");
    form_text(v, "calendar", k->code);
    const char *from = query_text(r, "from");
    int64_t minutes = query_int(r, "minutes", -1), hours = query_int(r, "hours", -1);
    form_text(v, "from", from);
    if (minutes >= 0) form_int(v, "minutes", minutes);
    if (hours >= 0) form_int(v, "hours", hours);
    if (hours >= 0 && hours <= 100000) minutes = (minutes < 0 ? 0 : minutes) + hours * 60;
    show_text(r, "show.sections.0.title", SAY(r, "test_title"));
    show_text(r, "show.sections.0.form.get", "1");
    show_text(r, "show.sections.0.form.submit", SAY(r, "test_do"));
    Local l;
    const Zone *zone = zone_find(utility_here(c)->time_zone);
    if (from && minutes >= 0 && minutes <= 10000000 && local_parse(from, &l)) {
        Time begin = time_of_local(zone, l), end = cal_add_business_minutes(c, k->id, begin, minutes);
        const char *at_ = "show.sections.1.facts";
        show_text(r, "show.sections.1.title", SAY(r, "result"));
        show_fact(r, at_, SAY(r, "begin"), text(r, "%s %s", weekday_name(c->locale, date_weekday(time_date(zone,
            begin))), locale_time(&c->mem, c->locale, begin)), NULL);
        show_fact(r, at_, SAY(r, "end"), text(r, "%s %s", weekday_name(c->locale, date_weekday(time_date(zone, end))),
                                              locale_time(&c->mem, c->locale, end)), NULL);
    } else if (from) {
        show_text(r, "show.sections.1.note.tone", "bad");
        show_text(r, "show.sections.1.note.text", SAY(r, "test_wrong"));
    }
    page(r, "layout/show");
}
