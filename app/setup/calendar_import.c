/*
 * Standard holidays of a year, and those of the year before again (ONB02US04): both are shown with what they touch
 * before they are stored. An import that is made twice adds nothing the second time.
 */
#include <string.h>

#include "app/setup/calendar.h"
#include "app/setup/holiday_rules.h"
#include "app/setup/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { DAYS_MOST = 400 };

static const Choice countries[] = { { "US", "United States (federal)" }, { 0 } };
static const Form import_form = { .name = "holiday_import", .fields = FIELDS {
    { "calendar", "Calendar", HIDDEN(20) },
    { "country",  "Country",  CHOICE(countries), .flags = REQUIRED, .initial = "US" },
    { "state",    "State",    TEXT(2, 2), .hint = "For the days that a state keeps besides." },
    { "year",     "Year",     INT(1971, 2149),   .flags = REQUIRED, .width = "4" },
    { 0 } } };
static const Form import_sure = { .name = "holiday_import", .fields = FIELDS {
    { "calendar", "Calendar", HIDDEN(20) }, { "country", "Country", HIDDEN(2), .flags = REQUIRED },
    { "state",    "State",    HIDDEN(2) },  { "year",    "Year",    HIDDEN(4), .flags = REQUIRED }, { 0 } } };
static const Form copy_form = { .name = "holiday_copy", .fields = FIELDS {
    { "calendar", "Calendar", HIDDEN(20) },
    { "year",     "From the year", INT(1971, 2148), .flags = REQUIRED, .width = "4" },
    { 0 } } };
static const Form copy_sure = { .name = "holiday_copy", .fields = FIELDS {
    { "calendar", "Calendar", HIDDEN(20) }, { "year", "Year", HIDDEN(4), .flags = REQUIRED }, { 0 } } };

static FormView *year_form(Req *r, const Form *form, const char *path, const char *title, const char *how) {
    const Calendar *k = calendar_asked(r);
    FormView *v = form_show(r, "form", form, path);
    form_text(v, "calendar", k->code);
    form_int(v, "year", query_int(r, "year", date_ymd(utility_today(&r->c)).year));
    calendar_crumbs(r, title);
    show_text(r, "page.sub", k->name);
    show_text(r, "form.intro", how);
    show_text(r, "form.submit", SAY(r, "check"));
    show_text(r, "form.cancel_url", link_path(r, "/calendar?calendar=%s", k->code));
    return v;
}

void calendar_import_page(Req *r) {
    FormView *v = year_form(r, &import_form, "/calendar/import/check", SAY(r, "import"), SAY(r, "import_how"));
    form_set(v, "state", "kind", "select");
    form_set(v, "state", "blank", SAY(r, "no_state"));
    for (const HolidayState *s = us_holiday_states(); s->code; s++) form_option(v, "state", s->code, s->name);
    page(r, "layout/form");
}

void calendar_copy_page(Req *r) {
    year_form(r, &copy_form, "/calendar/copy/check", SAY(r, "copy"), SAY(r, "copy_how"));
    page(r, "layout/form");
}

/* --- the days ----------------------------------------------------------------------------------------------------- */

typedef struct Days { CalendarHoliday v[DAYS_MOST]; size_t n; } Days;

static void standard_days(const char *state, int year, Days *to) {
    Holiday all[HOLIDAYS_MAX];
    int found = us_state_holidays(year, state, all);
    for (int i = 0; i < found; i++) {
        bool observed = date_is_set(all[i].observes);
        to->v[to->n++] = (CalendarHoliday){ .holiday_date = all[i].date, .name = all[i].name, .source = "import",
            .type = observed ? "observed" : all[i].of_state ? "company" : "federal",
            .observes_date = all[i].observes, .recurring = "none", .state = all[i].of_state ? state : NULL };
    }
}

static bool state_is_known(const char *state) {
    for (const HolidayState *s = us_holiday_states(); s->code; s++)
        if (!strcmp(s->code, state)) return true;
    return false;
}

static int year_sent(Req *r, Input *in) {
    int64_t year;
    const char *sent = in_text(in, "year");
    if (sent && count_parse(sent, 2149, &year) == NUMBER_OK && year >= 1971) return (int)year;
    problem(r, "year", "%s", SAY(r, "no_year"));
    return 0;
}

static Days *import_days(Req *r, Input *in, int year) {
    const char *state = in_text(in, "state"), *country = in_text(in, "country");
    if (country && strcmp(country, "US")) problem(r, "country", "%s", SAY(r, "no_country"));
    if (state && !state_is_known(state)) problem(r, "state", "%s", SAY(r, "state_unknown"));
    problems_end(r);
    Days *d = take(r, sizeof *d);
    d->n = 0;
    standard_days(state, year, d);
    return d;
}

/* Company days move to the same date, standard ones are reckoned anew, with those of the state they came from. */
static Days *copy_days(Req *r, const Calendar *k, int year) {
    problems_end(r);
    CalendarHolidays l = calendar_holidays(r, k->id, year);
    Days *d = take(r, sizeof *d);
    d->n = 0;
    bool standard = false;
    const char *state = NULL;
    for (size_t i = 0; i < l.n && d->n < DAYS_MOST - HOLIDAYS_MAX; i++) {
        const CalendarHoliday *h = &l.v[i];
        standard = standard || !strcmp(h->source, "import");
        if (h->state) state = h->state;
        if (strcmp(h->source, "manual") || strcmp(h->recurring, "none")) continue;      /* yearly ones are there */
        d->v[d->n++] = (CalendarHoliday){ .holiday_date = date_add_months(h->holiday_date, 12), .name = h->name,
            .type = h->type, .observes_date = DATE_NONE, .recurring = "none", .source = "manual",
            .half_day_until = h->half_day_until };
    }
    if (standard) standard_days(state, year + 1, d);
    return d;
}

/* --- shown, then stored ------------------------------------------------------------------------------------------- */

static CalendarTouch *touched_by(Req *r, const Calendar *k, const Days *d, int64_t *added) {
    CalendarTouch *all = take(r, sizeof *all);
    *all = (CalendarTouch){ 0 };
    *added = 0;
    for (size_t i = 0; i < d->n; i++) {
        if (!calendar_holiday_is_new(r, k, &d->v[i])) continue;
        const CalendarTouch *one = calendar_touched(r, d->v[i].holiday_date);
        all->appointments += one->appointments, all->bills += one->bills, all->clocks = one->clocks;
        ++*added;
    }
    return all;
}

static void show_days(Req *r, const Calendar *k, const Days *d, const Form *sure, const char *path, const char *title,
                      const char *back) {
    int64_t added;
    const CalendarTouch *t = touched_by(r, k, d, &added);
    FormView *v = form_show(r, "confirm", sure, path);
    for (const Field *f = sure->fields; f->name; f++)
        form_text(v, f->name, strcmp(f->name, "calendar") ? field_text(r, f->name) : k->code);
    calendar_crumbs(r, title);
    Text names = text_start(r);
    text_add(&names, "");
    for (size_t i = 0; i < d->n; i++)
        if (calendar_holiday_is_new(r, k, &d->v[i]))
            text_addf(&names, "%s%s, %s", names.n ? "; " : "", locale_date_words(&r->c.mem, r->c.locale,
                      d->v[i].holiday_date), d->v[i].name);
    show_text(r, "confirm.text.0", msg_plural(r, r->c.language, "calendar.sure_many", added, COUNT(r, added),
                                              { "calendar", k->name }));
    if (added) show_text(r, "confirm.text.1", names.s);
    if (t->appointments)
        show_text(r, "confirm.text.2", msg_plural(r, r->c.language, "calendar.appointments_in", t->appointments,
                                                  COUNT(r, t->appointments)));
    if (added) calendar_touch_show(r, t);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.submit", title);
    show_text(r, "confirm.back_url", link_path(r, "%s?calendar=%s", back, k->code));
    page(r, "layout/confirm");
}

static void store_days(Req *r, const Calendar *k, const Days *d, int year) {
    int64_t added, n = 0;
    const CalendarTouch *t = touched_by(r, k, d, &added);
    for (size_t i = 0; i < d->n; i++)
        n += calendar_holiday_add(r, k, &d->v[i], strcmp(d->v[i].source, "import") ? NULL : "US");
    const char *of = text(r, "%d", year);
    if (n) calendar_changed(r, k, "edit", NULL, json_pairs(&r->c, "holidays", COUNT(r, n), "year", of, NULL));
    calendar_tell(r, t->appointments, msg_format(r, r->c.language, "calendar.tell_many", { "year", of }),
                  text(r, "holidays:%lld:%d", (long long)k->id.id, year));
    note(r, "%s", msg_plural(r, r->c.language, "calendar.imported", n, COUNT(r, n), { "year", of }));
    go(r, "/calendar?calendar=%s&year=%d", k->code, year);
}

void calendar_import_check(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &import_form);
    problems_end(r);
    show_days(r, k, import_days(r, in, (int)in_int(in, "year")), &import_sure, "/calendar/import", SAY(r, "import"),
              "/calendar/import");
}

void calendar_import_post(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &import_sure);
    int year = year_sent(r, in);
    store_days(r, k, import_days(r, in, year), year);
}

void calendar_copy_check(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &copy_form);
    problems_end(r);
    show_days(r, k, copy_days(r, k, (int)in_int(in, "year")), &copy_sure, "/calendar/copy", SAY(r, "copy"),
              "/calendar/copy");
}

void calendar_copy_post(Req *r) {
    const Calendar *k = calendar_asked(r);
    Input *in = form_read(r, &copy_sure);
    int year = year_sent(r, in);
    store_days(r, k, copy_days(r, k, year), year + 1);
}
