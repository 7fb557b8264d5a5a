/*
 * Working calendars of a utility (ONB02US04): the holidays of a year, and what the other pages of calendars share (see
 * calendar.h). A change is shown with what it touches before it is stored. Business time itself: app/core/calendar.c.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/comms/comms.h"
#include "app/core/calendar_rules.h"
#include "app/setup/calendar.h"
#include "app/setup/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

Calendars calendars_all(Req *r) {
    return db_all(r, Calendar, "select id, code, name, is_default, always_open, active, row_version from calendar "
                               "where utility_id=? order by is_default desc, name", r->c.utility);
}

const Calendar *calendar_asked(Req *r) {
    const char *code = field_text(r, "calendar");
    if (!code || !*code) code = query_text(r, "calendar");
    Calendars all = calendars_all(r);
    for (size_t i = 0; i < all.n; i++)
        if (code ? !strcmp(all.v[i].code, code) : all.v[i].is_default) return &all.v[i];
    if (code || !all.n) fail(r, NOT_FOUND, "There is no such calendar.");
    return &all.v[0];
}

void calendar_head(Req *r, const char *path, const Calendar *k) {
    show_text(r, "page.title", SAY(r, "title"));
    page_tabs(r, "calendar", path);
    if (!k) return;
    Calendars all = calendars_all(r);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, at(r, "show.tabs", i, "text"), all.v[i].name);
        show_text(r, at(r, "show.tabs", i, "url"), link_path(r, "%s?calendar=%s", path, all.v[i].code));
        if (all.v[i].id.id == k->id.id) show_text(r, at(r, "show.tabs", i, "current"), "1");
    }
}

void calendar_button(Req *r, size_t *n, const char *text_, const char *url, bool primary) {
    show_text(r, at(r, "page.actions", *n, "text"), text_);
    show_text(r, at(r, "page.actions", *n, "url"), url);
    show_text(r, at(r, "page.actions", (*n)++, "kind"), primary ? "primary" : NULL);
}

void calendar_crumbs(Req *r, const char *last) {
    show_text(r, "page.title", last);
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/calendar"));
    show_text(r, "page.crumbs.1.text", last);
}

void calendar_changed(Req *r, const Calendar *k, const char *action, const char *before, const char *after) {
    Ctx *c = &r->c;
    db_run(c, "update calendar set updated_at=?, updated_by=?, row_version=row_version+1 where id=?", c->now, c->user,
           k->id);
    audit_write(c, &(Audit){ .action = action, .entity = "calendar", .id = k->id, .number = k->code,
                             .version = k->row_version + 1, .before = before, .after = after });
    event_emit(c, &(Event){ .name = "calendar.changed", .entity = "calendar", .id = k->id, .number = k->code,
                            .payload = text(c, "{\"calendar_id\":%lld}", (long long)k->id.id) });
    setup_step_touch(c, "calendar");
}

/* --- holidays ----------------------------------------------------------------------------------------------------- */

static const Choice types[] = { { "federal", "Federal" }, { "company", "Company" }, { "observed", "Observed" }, { 0 } };
static const Choice recurrences[] = { { "none", "Once" }, { "yearly_fixed", "Every year on this date" }, { 0 } };
static const Form holiday_form = { .name = "holiday", .fields = FIELDS {
    { "calendar",  "Calendar",   HIDDEN(20) },
    { "date",      "Date",       DATE_FIELD, .flags = REQUIRED },
    { "name",      "Name",       TEXT(2, 80), .flags = REQUIRED },
    { "type",      "Type",       CHOICE(types), .flags = REQUIRED, .initial = "company" },
    { "recurring", "Recurrence", CHOICE(recurrences), .flags = REQUIRED, .initial = "none" },
    { "half_day",  "Open until", .type = FIELD_CLOCK, .hint = "Only for a half holiday: 12:00" },
    { 0 } } };
static const Form holiday_sure = { .name = "holiday", .fields = FIELDS {
    { "calendar",  "Calendar",   HIDDEN(20) },
    { "date",      "Date",       HIDDEN(10), .flags = REQUIRED },
    { "name",      "Name",       HIDDEN(80), .flags = REQUIRED },
    { "type",      "Type",       HIDDEN(10), .flags = REQUIRED },
    { "recurring", "Recurrence", HIDDEN(20), .flags = REQUIRED },
    { "half_day",  "Open until", HIDDEN(8) },
    { 0 } } };

CalendarHolidays calendar_holidays(Req *r, Id calendar, int year) {
    return db_all(r, CalendarHoliday, "select public_id, if(recurring='yearly_fixed', makedate(?, 1) + "
                                      "interval month(holiday_date)"
        " - 1 month + interval day(holiday_date) - 1 day, holiday_date) as holiday_date, name, type, observes_date, "
        "time_format(half_day_until, '%H:%i') as half_day_until, recurring, source, state "
        "from holiday where calendar_id=? "
        "and (year(holiday_date)=? or (recurring='yearly_fixed' and year(holiday_date)<=? "
        "and (date_format(holiday_date, '%m-%d')<>'02-29' or day(last_day(makedate(?, 32)))=29))) order by 2, name",
                  year, calendar, year, year, year);
}

static void show_month(Req *r, int year, int month, const CalendarHoliday *v, size_t n) {
    char *to = at(r, "months", (size_t)(month - 1), NULL);
    int first = r->c.locale->first_weekday;
    Date day = date_of(year, month, 1), last = date_month_end(day);
    show_text(r, text(r, "%s.name", to), month_name(r->c.locale, month));
    for (int i = 0; i < 7; i++) {
        show_text(r, text(r, "%s.heads.%d.text", to, i), text_copy_n(r, weekday_name(r->c.locale, (first + i) % 7), 2));
        show_text(r, text(r, "%s.heads.%d.word", to, i), weekday_name(r->c.locale, (first + i) % 7));
    }
    int column = (date_weekday(day) - first + 7) % 7, week = 0;
    for (int i = 0; i < column; i++) show_text(r, text(r, "%s.weeks.0.%d", to, i), "");
    for (; day.day <= last.day; day = date_add_days(day, 1)) {
        char *cell = text(r, "%s.weeks.%d.%d", to, week, column);
        show_int(r, cell, date_ymd(day).day);
        for (size_t k = 0; k < n; k++)
            if (v[k].holiday_date.day == day.day) {
                show_text(r, text(r, "%s.type", cell), v[k].type);
                show_text(r, text(r, "%s.name", cell), v[k].name);
            }
        if (++column == 7) column = 0, week++;
    }
}

void calendar_page(Req *r) {
    Ctx *c = &r->c;
    const Calendar *k = calendar_asked(r);
    int this_year = date_ymd(utility_today(c)).year, year = (int)query_int(r, "year", this_year);
    if (year < 1970 || year > 2150) fail(r, NOT_FOUND, "There is no such year.");
    CalendarHolidays l = calendar_holidays(r, k->id, year);
    calendar_head(r, "/calendar", k);
    size_t n = 0;
    bool may = perm_may(c, "core.calendar", EDIT);
    const char *of = text(r, "?calendar=%s&year=%d", k->code, year);
    if (perm_may(c, "core.calendar", CREATE)) {
        calendar_button(r, &n, SAY(r, "add"), link_path(r, "/calendar/holidays/new%s", of), true);
        calendar_button(r, &n, SAY(r, "import"), link_path(r, "/calendar/import%s", of), false);
        calendar_button(r, &n, SAY(r, "copy"), link_path(r, "/calendar/copy%s", of), false);
    }
    show_int(r, "year", year);
    show_text(r, "year_before.url", link_path(r, "/calendar?calendar=%s&year=%d", k->code, year - 1));
    show_int(r, "year_before.text", year - 1);
    show_text(r, "year_after.url", link_path(r, "/calendar?calendar=%s&year=%d", k->code, year + 1));
    show_int(r, "year_after.text", year + 1);
    for (int m = 1; m <= 12; m++) show_month(r, year, m, l.v, l.n);
    TableView *t = table_start(r, "holidays", SAY(r, "holidays"));
    table_column(t, SAY(r, "date"), "date", "id");
    table_column(t, SAY(r, "name"), "text", "name");
    table_column(t, SAY(r, "type"), "status", "status");
    table_column(t, SAY(r, "recurrence"), "text", NULL);
    table_column(t, SAY(r, "source"), "text", NULL);
    for (size_t i = 0; i < l.n; i++) {
        const CalendarHoliday *h = &l.v[i];
        table_row(t, may ? link_path(r, "/calendar/holidays/%s", h->public_id) : NULL);
        table_date(t, h->holiday_date);
        table_cell(t, h->name);
        if (date_is_set(h->observes_date)) table_sub(t, msg_format(r, c->language, "calendar.observes",
            { "date", locale_date_words(&c->mem, c->locale, h->observes_date) }));
        if (h->half_day_until)
            table_sub(t, msg_format(r, c->language, "calendar.until", { "time", h->half_day_until }));
        table_state(t, h->type);
        table_cell(t,
                   msg(c->language, !strcmp(h->recurring, "none") ? "calendar.recurring_none" : text(r, "calendar.%s",
            h->recurring)));
        table_cell(t, msg(c->language, text(r, "calendar.source_%s", h->source)));
    }
    table_empty(t, SAY(r, "none"), SAY(r, "none_text"));
    page(r, "setup/calendar");
}

CalendarTouch *calendar_touched(Req *r, Date day) {
    const Zone *zone = zone_find(utility_here(&r->c)->time_zone);
    Time from = date_start(zone, day), to = date_start(zone, date_add_days(day, 1));
    return db_one(r, CalendarTouch, "select (select count(*) from service_order where utility_id=? and open_flag=1 "
        "and status in ('created', 'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold', 'completed') "
        "and due_at>=? and due_at<?) as appointments, (select count(*) from complaint where utility_id=? "
        "and " COMPLAINT_WAITS ") + (select count(*) from service_request where utility_id=? and " REQUEST_PROMISED
        ") as clocks, (select count(*) from bill where utility_id=? "
        "and status in ('draft', 'held', 'approved') and due_date=?) as bills", r->c.utility, from, to, r->c.utility,
                  r->c.utility, r->c.utility, day);
}

void calendar_touch_show(Req *r, const CalendarTouch *t) {
    show_fact(r, "confirm.facts", SAY(r, "appointments"), COUNT(r, t->appointments), NULL);
    show_fact(r, "confirm.facts", SAY(r, "clocks"), COUNT(r, t->clocks), NULL);
    show_fact(r, "confirm.facts", SAY(r, "bills"), COUNT(r, t->bills), NULL);
}

static void show_touched(Req *r, Date day) {
    const CalendarTouch *t = calendar_touched(r, day);
    calendar_touch_show(r, t);
    if (t->appointments)
        show_text(r, "confirm.text.1", msg_plural(r, r->c.language, "calendar.appointments_on", t->appointments,
                                                  COUNT(r, t->appointments)));
}

void holiday_new(Req *r) {
    const Calendar *k = calendar_asked(r);
    FormView *v = form_show(r, "form", &holiday_form, "/calendar/holidays/check");
    form_text(v, "calendar", k->code);
    form_date(v, "date", DATE_NONE);
    calendar_crumbs(r, SAY(r, "add"));
    show_text(r, "page.sub", k->name);
    show_text(r, "form.submit", SAY(r, "check"));
    show_text(r, "form.cancel_url", link_path(r, "/calendar?calendar=%s", k->code));
    page(r, "layout/form");
}

static void check_holiday(Req *r, const Calendar *k, Date date, const char *name) {
    if (!calendar_holiday_is_new(r, k, &(CalendarHoliday){ .holiday_date = date, .name = name }))
        problem(r, "name", "%s", msg_format(r, r->c.language, "calendar.twice", { "name", name },
                                            { "date", locale_date(&r->c.mem, r->c.locale, date) }));
}

/* Checks what was typed and shows what the day would touch; stores nothing. */
void holiday_check(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &holiday_form);
    Date date = in_date(in, "date");
    if (!r->problems) check_holiday(r, k, date, in_text(in, "name"));
    problems_end(r);
    FormView *v = form_show(r, "confirm", &holiday_sure, "/calendar/holidays");
    form_text(v, "calendar", k->code);
    form_text(v, "date", date_iso(&r->c.mem, date));
    const char *const same[] = { "name", "type", "recurring", "half_day" };
    for (int i = 0; i < 4; i++) form_text(v, same[i], field_text(r, same[i]));
    calendar_crumbs(r, SAY(r, "add"));
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "calendar.sure", { "name", in_text(in, "name") },
              { "date", locale_date_full(&r->c.mem, r->c.locale, date) }, { "calendar", k->name }));
    show_touched(r, date);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", SAY(r, "add"));
    show_text(r, "confirm.back_url", link_path(r, "/calendar/holidays/new?calendar=%s", k->code));
    page(r, "layout/confirm");
}

void calendar_tell(Req *r, int64_t appointments, const char *title, const char *key) {
    if (!appointments) return;
    Id role = db_id(r, "select id from role where code='dispatcher' and utility_id=?", r->c.utility);
    inapp_post(&r->c, &(InApp){ .recipient_kind = "role", .recipient = role, .topic = "schedule", .severity = "warning",
        .title = title, .body = msg_plural(r, r->c.language, "calendar.appointments_on", appointments,
                                           COUNT(r, appointments)),
        .link = link_path(r, "/wx/orders"), .dedup_key = key });
}

bool calendar_holiday_add(Req *r, const Calendar *k, const CalendarHoliday *h, const char *country) {
    return db_add(&r->c, "insert into holiday (utility_id, calendar_id, holiday_date, name, type, observes_date, "
        "half_day_until, recurring, source, country, state, created_at, created_by, updated_at, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", r->c.utility, k->id, h->holiday_date, h->name, h->type,
        h->observes_date, h->half_day_until, h->recurring, h->source, country, h->state, r->c.now, r->c.user, r->c.now,
        r->c.user);
}

bool calendar_holiday_is_new(Req *r, const Calendar *k, const CalendarHoliday *h) {
    return !db_int(r, "select count(*) from holiday where calendar_id=? and name=? and (holiday_date=? "
                      "or (recurring='yearly_fixed' and holiday_date<? "
                      "and date_format(holiday_date, '%m-%d')=date_format(?, '%m-%d')))", k->id, h->name,
                   h->holiday_date, h->holiday_date, h->holiday_date);
}

void holiday_create(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &holiday_form);
    Date date = in_date(in, "date");
    if (!r->problems) check_holiday(r, k, date, in_text(in, "name"));
    problems_end(r);
    const char *half = field_text(r, "half_day");
    int minutes = 0;
    bool is_half = half && *half && clock_parse(half, &minutes);
    CalendarHoliday h = { .holiday_date = date, .name = in_text(in, "name"), .type = in_text(in, "type"),
                     .observes_date = DATE_NONE, .recurring = in_text(in, "recurring"), .source = "manual",
                     .half_day_until = is_half ? text(r, "%02d:%02d:00", minutes / 60, minutes % 60) : NULL };
    calendar_holiday_add(r, k, &h, NULL);
    calendar_changed(r, k, "edit", NULL, json_pairs(&r->c, "holiday", h.name, "date", date_iso(&r->c.mem, date), NULL));
    calendar_tell(r, calendar_touched(r, date)->appointments, msg_format(r, r->c.language, "calendar.tell",
        { "name", h.name }, { "date", locale_date(&r->c.mem, r->c.locale, date) }),
                  text(r, "holiday:%s", date_iso(&r->c.mem, date)));
    note(r, "%s", msg_format(r, r->c.language, "calendar.added", { "name", h.name }));
    go(r, "/calendar?calendar=%s&year=%d", k->code, date_ymd(date).year);
}

#define HOLIDAY_AT(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, Date, holiday_date) F(T, const char *, name) \
    F(T, const char *, calendar)
ROW(HolidayAt, HOLIDAY_AT)

static const HolidayAt *holiday_here(Req *r) {
    return db_one(r, HolidayAt, "select h.id, h.public_id, h.holiday_date, h.name, k.code as calendar from holiday h "
                                "join calendar k on k.id=h.calendar_id where h.utility_id=? and h.public_id=?",
                  r->c.utility,
                  path_text(r, "id"));
}

static const Form nothing_form = { .name = "holiday_delete", .fields = FIELDS { { "calendar", "", HIDDEN(20) },
                                                                                { 0 } } };

void holiday_page(Req *r) {
    const HolidayAt *h = holiday_here(r);
    FormView *v = form_show(r, "confirm", &nothing_form, text(r, "/calendar/holidays/%s/deletion", h->public_id));
    form_text(v, "calendar", h->calendar);
    calendar_crumbs(r, h->name);
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "calendar.delete_how", { "name", h->name },
              { "date", locale_date_full(&r->c.mem, r->c.locale, h->holiday_date) }));
    if (h->holiday_date.day < utility_today(&r->c).day) show_text(r, "confirm.text.1", SAY(r, "past"));
    show_touched(r, h->holiday_date);
    show_text(r, "confirm.submit", msg_format(r, r->c.language, "calendar.delete_it", { "name", h->name }));
    show_text(r, "confirm.back_url", link_path(r, "/calendar?calendar=%s&year=%d", h->calendar,
                                               date_ymd(h->holiday_date).year));
    page(r, "layout/confirm");
}

void holiday_delete(Req *r) {
    const HolidayAt *h = holiday_here(r);
    const Calendar *k = calendar_asked(r);
    db_run(r, "delete from holiday where id=?", h->id);
    calendar_changed(r, k, "edit", json_pairs(&r->c, "holiday", h->name, "date", date_iso(&r->c.mem, h->holiday_date),
                                              NULL),
            NULL);
    bool past = h->holiday_date.day < utility_today(&r->c).day;
    note(r, "%s%s%s", msg_format(r, r->c.language, "calendar.deleted", { "name", h->name }), past ? " " : "",
         past ? SAY(r, "past") : "");
    go(r, "/calendar?calendar=%s&year=%d", h->calendar, date_ymd(h->holiday_date).year);
}
