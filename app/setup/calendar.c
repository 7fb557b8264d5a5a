/*
 * Working calendars of a utility (ONB02US04): holidays by year, weekly hours and special days, several calendars, and a
 * calculator. A change is shown with what it touches before it is stored. Business time itself: app/core/calendar.c.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/calendar_rules.h"
#include "app/setup/holiday_rules.h"
#include "app/setup/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "calendar." key)
#define COUNT(r, n) locale_count(&(r)->c.mem, (r)->c.locale, (n))

#define CALENDAR(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, bool, is_default) \
    F(T, bool, always_open) F(T, bool, active) F(T, int64_t, row_version)
ROW(Calendar, CALENDAR)

static Calendars calendars(Req *r) {
    return db_all(r, Calendar, "select id, code, name, is_default, always_open, active, row_version from calendar "
                               "where utility_id=? order by is_default desc, name", r->c.utility);
}

/* The one the address or the form names, else the default. */
static const Calendar *calendar_asked(Req *r) {
    const char *code = field_text(r, "calendar");
    if (!code || !*code) code = query_text(r, "calendar");
    Calendars all = calendars(r);
    for (size_t i = 0; i < all.n; i++)
        if (code ? !strcmp(all.v[i].code, code) : all.v[i].is_default) return &all.v[i];
    if (code || !all.n) fail(r, NOT_FOUND, "There is no such calendar.");
    return &all.v[0];
}

static void head(Req *r, const char *path, const Calendar *k) {
    show_text(r, "page.title", SAY(r, "title"));
    page_tabs(r, "calendar", path);
    if (!k) return;
    Calendars all = calendars(r);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, at(r, "show.tabs", i, "text"), all.v[i].name);
        show_text(r, at(r, "show.tabs", i, "url"), link_path(r, "%s?calendar=%s", path, all.v[i].code));
        if (all.v[i].id.id == k->id.id) show_text(r, at(r, "show.tabs", i, "current"), "1");
    }
}

static void button(Req *r, size_t *n, const char *text_, const char *url, bool primary) {
    show_text(r, at(r, "page.actions", *n, "text"), text_);
    show_text(r, at(r, "page.actions", *n, "url"), url);
    show_text(r, at(r, "page.actions", (*n)++, "kind"), primary ? "primary" : NULL);
}

static void crumbs(Req *r, const char *last) {
    show_text(r, "page.title", last);
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/calendar"));
    show_text(r, "page.crumbs.1.text", last);
}

/* After every change: who keeps clocks and due dates hears of it, the step is counted anew. */
static void changed(Req *r, const Calendar *k, const char *action, const char *before, const char *after) {
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

#define HOLIDAY_ROW(F, T) F(T, Id, id) F(T, Date, holiday_date) F(T, const char *, name) F(T, const char *, type) \
    F(T, Date, observes_date) F(T, const char *, half_day_until) F(T, const char *, recurring) \
    F(T, const char *, source)
ROW(HolidayRow, HOLIDAY_ROW)

static HolidayRows holidays_of(Req *r, Id calendar, int year) {
    return db_all(r, HolidayRow, "select id, if(recurring='yearly_fixed', makedate(?, 1) + interval month(holiday_date)"
        " - 1 month + interval day(holiday_date) - 1 day, holiday_date) as holiday_date, name, type, observes_date, "
        "time_format(half_day_until, '%H:%i') as half_day_until, recurring, source from holiday where calendar_id=? "
        "and (year(holiday_date)=? or (recurring='yearly_fixed' and year(holiday_date)<=?)) order by 2, name",
        year, calendar, year, year);
}

static void show_month(Req *r, int year, int month, const HolidayRow *v, size_t n) {
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
    HolidayRows l = holidays_of(r, k->id, year);
    head(r, "/calendar", k);
    size_t n = 0;
    bool may = perm_may(c, "core.calendar", EDIT);
    const char *of = text(r, "?calendar=%s&year=%d", k->code, year);
    if (perm_may(c, "core.calendar", CREATE)) {
        button(r, &n, SAY(r, "add"), link_path(r, "/calendar/holidays/new%s", of), true);
        button(r, &n, SAY(r, "import"), link_path(r, "/calendar/import%s", of), false);
        button(r, &n, SAY(r, "copy"), link_path(r, "/calendar/copy%s", of), false);
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
        const HolidayRow *h = &l.v[i];
        table_row(t, may ? link_path(r, "/calendar/holidays/%lld", (long long)h->id.id) : NULL);
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
        table_cell(t, msg(c->language, text(r, "calendar.%s", h->source)));
    }
    table_empty(t, SAY(r, "none"), SAY(r, "none_text"));
    page(r, "setup/calendar");
}

/* What stands on a day: said before the day is taken away. */
#define TOUCHED(F, T) F(T, int64_t, appointments) F(T, int64_t, clocks) F(T, int64_t, bills)
ROW(Touched, TOUCHED)

static const Touched *touched(Req *r, Date day) {
    const Zone *zone = zone_find(utility_here(&r->c)->time_zone);
    Time from = date_start(zone, day), to = date_start(zone, date_add_days(day, 1));
    return db_one(r, Touched, "select (select count(*) from service_order where utility_id=? and open_flag=1 "
        "and due_at>=? and due_at<?) as appointments, (select count(*) from complaint where utility_id=? "
        "and status not in ('resolved', 'closed', 'rejected', 'cancelled', 'merged')) as clocks, "
        "(select count(*) from bill where utility_id=? and status in ('draft', 'held', 'approved') and due_date=?) "
        "as bills", r->c.utility, from, to, r->c.utility, r->c.utility, day);
}

static void show_touched(Req *r, Date day) {
    const Touched *t = touched(r, day);
    show_fact(r, "confirm.facts", SAY(r, "appointments"), COUNT(r, t->appointments), NULL);
    show_fact(r, "confirm.facts", SAY(r, "clocks"), COUNT(r, t->clocks), NULL);
    show_fact(r, "confirm.facts", SAY(r, "bills"), COUNT(r, t->bills), NULL);
    if (t->appointments)
        show_text(r, "confirm.text.1", msg_plural(r, r->c.language, "calendar.appointments_on", t->appointments,
                                                  COUNT(r, t->appointments)));
}

void holiday_new(Req *r) {
    const Calendar *k = calendar_asked(r);
    FormView *v = form_show(r, "form", &holiday_form, "/calendar/holidays/check");
    form_text(v, "calendar", k->code);
    form_date(v, "date", DATE_NONE);
    crumbs(r, SAY(r, "add"));
    show_text(r, "page.sub", k->name);
    show_text(r, "form.submit", SAY(r, "check"));
    show_text(r, "form.cancel_url", link_path(r, "/calendar?calendar=%s", k->code));
    page(r, "layout/form");
}

static void check_holiday(Req *r, const Calendar *k, Date date, const char *name) {
    if (db_int(r, "select count(*) from holiday where calendar_id=? and holiday_date=? and name=?", k->id, date, name))
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
    crumbs(r, SAY(r, "add"));
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "calendar.sure", { "name", in_text(in, "name") },
              { "date", locale_date_full(&r->c.mem, r->c.locale, date) }, { "calendar", k->name }));
    show_touched(r, date);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", SAY(r, "add"));
    show_text(r, "confirm.back_url", link_path(r, "/calendar/holidays/new?calendar=%s", k->code));
    page(r, "layout/confirm");
}

/* Dispatchers hear of appointments on a day that has become a holiday. */
static void tell_dispatchers(Req *r, Date date, const char *name) {
    const Touched *t = touched(r, date);
    if (!t->appointments) return;
    Id role = db_id(r, "select id from role where code='dispatcher' and utility_id=?", r->c.utility);
    inapp_post(&r->c, &(InApp){ .recipient_kind = "role", .recipient = role, .topic = "schedule", .severity = "warning",
        .title = msg_format(r, r->c.language, "calendar.tell", { "name", name },
                            { "date", locale_date(&r->c.mem, r->c.locale, date) }),
        .body = msg_plural(r, r->c.language, "calendar.appointments_on", t->appointments, COUNT(r, t->appointments)),
        .link = link_path(r, "/wx/orders"), .dedup_key = text(r, "holiday:%s", date_iso(&r->c.mem, date)) });
}

static bool holiday_store(Req *r, const Calendar *k, const HolidayRow *h, const char *country) {
    return db_add(&r->c, "insert into holiday (utility_id, calendar_id, holiday_date, name, type, observes_date, "
        "half_day_until, recurring, source, country, created_at, created_by, updated_at, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", r->c.utility, k->id, h->holiday_date, h->name, h->type,
        h->observes_date, h->half_day_until, h->recurring, h->source, country, r->c.now, r->c.user, r->c.now,
        r->c.user);
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
    HolidayRow h = { .holiday_date = date, .name = in_text(in, "name"), .type = in_text(in, "type"),
                     .observes_date = DATE_NONE, .recurring = in_text(in, "recurring"), .source = "manual",
                     .half_day_until = is_half ? text(r, "%02d:%02d:00", minutes / 60, minutes % 60) : NULL };
    holiday_store(r, k, &h, NULL);
    changed(r, k, "edit", NULL, json_pairs(&r->c, "holiday", h.name, "date", date_iso(&r->c.mem, date), NULL));
    tell_dispatchers(r, date, h.name);
    note(r, "%s", msg_format(r, r->c.language, "calendar.added", { "name", h.name }));
    go(r, "/calendar?calendar=%s&year=%d", k->code, date_ymd(date).year);
}

#define HOLIDAY_AT(F, T) F(T, Id, id) F(T, Date, holiday_date) F(T, const char *, name) F(T, const char *, calendar)
ROW(HolidayAt, HOLIDAY_AT)

static const HolidayAt *holiday_here(Req *r) {
    return db_one(r, HolidayAt, "select h.id, h.holiday_date, h.name, k.code as calendar from holiday h "
                                "join calendar k on k.id=h.calendar_id where h.utility_id=? and h.id=?", r->c.utility,
                  path_text(r, "id"));
}

static const Form nothing_form = { .name = "holiday_delete", .fields = FIELDS { { "calendar", "", HIDDEN(20) },
                                                                                { 0 } } };

void holiday_page(Req *r) {
    const HolidayAt *h = holiday_here(r);
    FormView *v =
        form_show(r, "confirm", &nothing_form, text(r, "/calendar/holidays/%lld/deletion", (long long)h->id.id));
    form_text(v, "calendar", h->calendar);
    crumbs(r, h->name);
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
    changed(r, k, "edit", json_pairs(&r->c, "holiday", h->name, "date", date_iso(&r->c.mem, h->holiday_date), NULL),
            NULL);
    bool past = h->holiday_date.day < utility_today(&r->c).day;
    note(r, "%s%s%s", msg_format(r, r->c.language, "calendar.deleted", { "name", h->name }), past ? " " : "",
         past ? SAY(r, "past") : "");
    go(r, "/calendar?calendar=%s&year=%d", h->calendar, date_ymd(h->holiday_date).year);
}

/* --- standard holidays, and last year's --------------------------------------------------------------------------- */

static const Choice countries[] = { { "US", "United States (federal)" }, { 0 } };
static const Form import_form = { .name = "holiday_import", .fields = FIELDS {
    { "calendar", "Calendar", HIDDEN(20) },
    { "country",  "Country",  CHOICE(countries), .flags = REQUIRED, .initial = "US" },
    { "year",     "Year",     INT(1971, 2149),   .flags = REQUIRED, .width = "4" },
    { 0 } } };
static const Form copy_form = { .name = "holiday_copy", .fields = FIELDS {
    { "calendar", "Calendar", HIDDEN(20) },
    { "year",     "From the year", INT(1971, 2148), .flags = REQUIRED, .width = "4" },
    { 0 } } };

static void year_form(Req *r, const Form *form, const char *path, const char *title, const char *how) {
    const Calendar *k = calendar_asked(r);
    FormView *v = form_show(r, "form", form, path);
    form_text(v, "calendar", k->code);
    form_int(v, "year", query_int(r, "year", date_ymd(utility_today(&r->c)).year));
    crumbs(r, title);
    show_text(r, "page.sub", k->name);
    show_text(r, "form.intro", how);
    show_text(r, "form.submit", title);
    show_text(r, "form.cancel_url", link_path(r, "/calendar?calendar=%s", k->code));
    page(r, "layout/form");
}

void calendar_import_page(Req *r) { year_form(r, &import_form, "/calendar/import", SAY(r, "import"),
                                              SAY(r, "import_how")); }
void calendar_copy_page(Req *r) { year_form(r, &copy_form, "/calendar/copy", SAY(r, "copy"), SAY(r, "copy_how")); }

static void stored(Req *r, const Calendar *k, int64_t n, int year) {
    if (n) changed(r, k, "edit", NULL, json_pairs(&r->c, "holidays", COUNT(r, n), "year", text(r, "%d", year), NULL));
    note(r, "%s", msg_plural(r, r->c.language, "calendar.imported", n, COUNT(r, n), { "year", text(r, "%d", year) }));
    go(r, "/calendar?calendar=%s&year=%d", k->code, year);
}

void calendar_import_post(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &import_form);
    problems_end(r);
    Holiday all[HOLIDAYS_MAX];
    int year = (int)in_int(in, "year"), found = us_holidays(year, all);
    int64_t n = 0;
    for (int i = 0; i < found; i++) {
        bool observed = date_is_set(all[i].observes);
        n += holiday_store(r, k, &(HolidayRow){ .holiday_date = all[i].date, .name = all[i].name,
            .type = observed ? "observed" : "federal", .observes_date = all[i].observes, .recurring = "none",
            .source = "import" }, "US");
    }
    stored(r, k, n, year);
}

/* Company days move to the same date, standard ones are reckoned anew. */
void calendar_copy_post(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &copy_form);
    problems_end(r);
    int year = (int)in_int(in, "year");
    HolidayRows l = holidays_of(r, k->id, year);
    Holiday all[HOLIDAYS_MAX];
    int found = us_holidays(year + 1, all);
    int64_t n = 0;
    bool standard = false;
    for (size_t i = 0; i < l.n; i++) {
        const HolidayRow *h = &l.v[i];
        standard |= !strcmp(h->source, "import");
        if (strcmp(h->source, "manual") || !strcmp(h->recurring, "yearly_fixed")) continue;
        n += holiday_store(r, k, &(HolidayRow){ .holiday_date = date_add_months(h->holiday_date, 12), .name = h->name,
            .type = h->type, .observes_date = DATE_NONE, .recurring = "none", .source = "manual",
            .half_day_until = h->half_day_until }, NULL);
    }
    for (int i = 0; standard && i < found; i++)
        n += holiday_store(r, k, &(HolidayRow){ .holiday_date = all[i].date, .name = all[i].name,
            .type = date_is_set(all[i].observes) ? "observed" : "federal", .observes_date = all[i].observes,
            .recurring = "none", .source = "import" }, "US");
    stored(r, k, n, year + 1);
}

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
    { "calendar", "Calendar", HIDDEN(20) }, { "special_date", "Date", DATE_FIELD },
    { "special_from", "From", .type = FIELD_CLOCK }, { "special_to", "To", .type = FIELD_CLOCK },
    { "special_note", "Note", TEXT(0, 120) }, { 0 } };
static const Form special_form = { .name = "special_day", .fields = hours_fields };

static const char *const parts[] = { "from", "to", "break_from", "break_to" };

void calendar_hours_page(Req *r) {
    Ctx *c = &r->c;
    const Calendar *k = calendar_asked(r);
    const char *preset = r->again ? NULL : query_text(r, "preset");
    Hourss l = db_all(r, Hours, "select weekday, working, time_format(from_time, '%H:%i') as from_time, "
        "time_format(to_time, '%H:%i') as to_time, time_format(break_from, '%H:%i') as break_from, "
        "time_format(break_to, '%H:%i') as break_to from working_hours where calendar_id=?", k->id);
    head(r, "/calendar/hours", k);
    show_text(r, "hours.action", link_path(r, "/calendar/hours"));
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
    table_rows_of(t, NULL, "select special_date as special_on, concat(time_format(from_time, '%H:%i'), ' - ', "
                  "time_format(to_time, '%H:%i')) as hours, note from special_day where calendar_id=? "
                  "order by special_date desc limit 100", k->id);
    table_empty(t, SAY(r, "no_special"), NULL);
    if (perm_may(c, "core.calendar", EDIT)) {
        FormView *v = form_show(r, "special_form", &special_form, "/calendar/special-days");
        form_text(v, "calendar", k->code);
        show_text(r, "special_form.submit", SAY(r, "special_add"));
    }
    page(r, "setup/hours");
}

/* Minutes of "08:00"; -1 for none, -2 for what is no time of day. */
static int minutes_sent(Req *r, const char *part, int day) {
    const char *s = field_text(r, text(r, "%s%d", part, day));
    int minutes;
    if (!s || !*s) return -1;
    if (!strcmp(s, "24:00")) return 1440;
    return clock_parse(s, &minutes) ? minutes : -2;
}

static const char *clock_sql(Req *r, int minutes) {
    return minutes < 0 ? NULL : text(r, "%02d:%02d:00", minutes / 60, minutes % 60);
}

void calendar_hours_post(Req *r) {
    Ctx *c = &r->c;
    const Calendar *k = calendar_asked(r);
    int v[7][4], open = 0;
    bool working[7];
    for (int d = 0; d < 7; d++) {
        working[d] = field_text(r, text(r, "working%d", d)) != NULL;
        open += working[d];
        for (int p = 0; p < 4; p++) v[d][p] = minutes_sent(r, parts[p], d);
        DayHours week[7] = { [0] = { working[d], v[d][0], v[d][1], v[d][2] < 0 ? 0 : v[d][2],
                                     v[d][3] < 0 ? 0 : v[d][3] } };
        bool wrong = working[d] && (v[d][0] < 0 || v[d][1] < 0 || v[d][2] == -2 || v[d][3] == -2);
        const char *no = !working[d] ? NULL : wrong ? SAY(r, "no_time") : calendar_hours_refusal(week);
        if (no) problem(r, text(r, "to%d", d), "%s", no);
    }
    if (!open && !k->always_open) problem(r, NULL, "%s", SAY(r, "one_day"));
    problems_end(r);
    const char *sent = field_text(r, "row_version");
    if (sent && *sent && strcmp(sent, text(r, "%lld", (long long)k->row_version)))
        fail(r, CONFLICT, "%s", msg(c->language, "ui.conflict_short"));
    for (int d = 0; d < 7; d++)
        db_run(c, "replace into working_hours (utility_id, calendar_id, weekday, working, from_time, to_time, "
                  "break_from, break_to) values (?,?,?,?,?,?,?,?)", c->utility, k->id, d, working[d],
               clock_sql(r, v[d][0]), clock_sql(r, v[d][1]), clock_sql(r, v[d][2]), clock_sql(r, v[d][3]));
    changed(r, k, "edit", NULL, json_pairs(c, "hours", "changed", NULL));
    note(r, "%s", SAY(r, "hours_saved"));
    go(r, "/calendar/hours?calendar=%s", k->code);
}

void special_day_post(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &special_form);
    Date date = in_date(in, "special_date");
    int from = 0, to = 0;
    const char *a = field_text(r, "special_from"), *b = field_text(r, "special_to");
    if (!date_is_set(date)) problem(r, "special_date", "%s", SAY(r, "no_date"));
    if (!a || !clock_parse(a, &from) || !b || !clock_parse(b, &to)) problem(r, "special_to", "%s", SAY(r, "no_time"));
    else if (to <= from) problem(r, "special_to", "%s", SAY(r, "end_first"));
    problems_end(r);
    db_run(r, "insert into special_day (utility_id, calendar_id, special_date, from_time, to_time, note, created_at, "
              "created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,?,?,?) on duplicate key update "
              "from_time=values(from_time), to_time=values(to_time), note=values(note)", r->c.utility, k->id, date,
           clock_sql(r, from), clock_sql(r, to), in_text(in, "special_note"), r->c.now, r->c.user, r->c.now, r->c.user);
    changed(r, k, "edit", NULL, json_pairs(&r->c, "special_day", date_iso(&r->c.mem, date), NULL));
    note(r, "%s", SAY(r, "special_saved"));
    go(r, "/calendar/hours?calendar=%s", k->code);
}

/* --- calendars ---------------------------------------------------------------------------------------------------- */

static const Form calendar_form = { .name = "calendar_new", .fields = FIELDS {
    { "code",        "Code", TEXT(2, 20), .flags = REQUIRED | UPPER, .chars = "A-Z0-9_-",
      .chars_text = "Use capital letters, digits and dashes." },
    { "name",        "Name", TEXT(2, 60), .flags = REQUIRED },
    { "always_open", "Open day and night", BOOL },
    { 0 } } };

void calendar_list_page(Req *r) {
    head(r, "/calendar/calendars", NULL);
    size_t n = 0;
    bool may = perm_may(&r->c, "core.calendar", EDIT);
    if (perm_may(&r->c, "core.calendar", CREATE))
        button(r, &n, SAY(r, "new"), link_path(r, "/calendar/calendars/new"), true);
    TableView *t = table_start(r, "show.sections.0.table", SAY(r, "calendars"));
    table_column(t, SAY(r, "name"), "text", "id");
    table_column(t, SAY(r, "code"), "code", NULL);
    table_column(t, SAY(r, "hours"), "text", NULL);
    table_column(t, SAY(r, "default"), "text", NULL);
    if (may) table_column(t, SAY(r, "change"), "act", NULL);
    Calendars all = calendars(r);
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
        show_text(r, text(r, "%s.post", act), "1");
        show_text(r, text(r, "%s.kind", act), "quiet");
    }
    page(r, "layout/show");
}

void calendar_new_page(Req *r) {
    form_show(r, "form", &calendar_form, "/calendar/calendars");
    crumbs(r, SAY(r, "new"));
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
    Calendars all = calendars(r);
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].code, path_text(r, "code"))) return &all.v[i];
    fail(r, NOT_FOUND, "There is no such calendar.");
}

void calendar_default_post(Req *r) {
    const Calendar *k = calendar_here(r);
    db_run(r, "update calendar set is_default=(id=?) where utility_id=?", k->id, r->c.utility);
    changed(r, k, "edit", NULL, json_pairs(&r->c, "is_default", "1", NULL));
    note(r, "%s", msg_format(r, r->c.language, "calendar.default_set", { "name", k->name }));
    go(r, "/calendar/calendars");
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
    head(r, "/calendar/jobs", NULL);
    bool may = perm_may(&r->c, "core.jobs", EDIT);
    TableView *t = table_start(r, "show.sections.0.table", SAY(r, "jobs"));
    table_column(t, SAY(r, "name"), "text", "id");
    table_column(t, SAY(r, "rule"), "code", NULL);
    table_column(t, SAY(r, "next"), "date", NULL);
    table_column(t, SAY(r, "last"), "date", NULL);
    table_column(t, SAY(r, "result"), "text", NULL);
    if (may) table_column(t, SAY(r, "run"), "act", NULL), table_column(t, SAY(r, "pause"), "act", NULL);
#define JOB(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, rule) F(T, bool, enabled) \
    F(T, const char *, holiday_policy) F(T, Time, next_run_at) F(T, Time, last_run_at) F(T, const char *, last_status) \
    F(T, const char *, last_error)
    ROW(Job, JOB)
    Jobs l = db_all(r, Job, "select s.code, s.name, s.rule, s.enabled, s.holiday_policy, s.next_run_at, s.last_run_at, "
        "coalesce(j.state, s.last_status) as last_status, coalesce(j.error, s.last_error) as last_error "
        "from scheduled_job s left join smart360.job j on j.id=s.last_job_id where s.utility_id=? order by s.name",
        r->c.utility);
    const Locale *lo = r->c.locale;
    for (size_t i = 0; i < l.n; i++) {
        const Job *k = &l.v[i];
        table_row(t, NULL);
        table_cell(t, k->name);
        table_sub(t, k->code);
        table_cell(t, k->rule);
        table_sub(t, msg(r->c.language, text(r, "calendar.policy_%s", k->holiday_policy)));
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
    F(T, int64_t, row_version)
ROW(JobAt, JOB_AT)

static const JobAt *job_here(Req *r) {
    return db_one(r, JobAt, "select id, code, name, handler, row_version from scheduled_job where utility_id=? "
                            "and code=? for update", r->c.utility, path_text(r, "code"));
}

void calendar_job_run(Req *r) {
    const JobAt *j = job_here(r);
    Id job = job_enqueue(&r->c, &(NewJob){ .kind = j->handler, .unique_key = text(r, "schedule:%lld:%s",
        (long long)r->c.utility.id, j->code), .payload = json_pairs(&r->c, "due_at", time_iso(&r->c.mem, r->c.now),
        "code", j->code, NULL) });
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

/* --- the calculator ----------------------------------------------------------------------------------------------- */

static const Form test_form = { .name = "calendar_test", .fields = FIELDS {
    { "calendar", "Calendar", TEXT(0, 20) },
    { "from",     "Begin",    TEXT(10, 20), .flags = REQUIRED, .hint = "2027-01-15T16:00" },
    { "minutes",  "Working minutes to add", INT(0, 10000000), .flags = REQUIRED, .width = "8" },
    { 0 } } };

void calendar_test_page(Req *r) {
    Ctx *c = &r->c;
    const Calendar *k = calendar_asked(r);
    head(r, "/calendar/test", NULL);
    FormView *v = form_show(r, "show.sections.0.form", &test_form, "/calendar/test");
    form_set(v, "calendar", "kind", "select");
    Calendars all = calendars(r);
    for (size_t i = 0; i < all.n; i++) form_option(v, "calendar", all.v[i].code, all.v[i].name);
    form_set(v, "from", "kind", "datetime");
    form_text(v, "calendar", k->code);
    const char *from = query_text(r, "from");
    int64_t minutes = query_int(r, "minutes", -1);
    form_text(v, "from", from);
    if (minutes >= 0) form_int(v, "minutes", minutes);
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
