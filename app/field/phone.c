/*
 * The phone pages: where a field executive begins, one reading typed at the meter, and what waits on the phone because
 * there was no network (WX02US02 "Bad network"). Orders and routes come with their stories.
 *
 * A form carries its one-time key as submission id: the phone may send it again for days and it is done once. When it
 * was typed counts, if that is not longer ago than 72 h and not more than 5 minutes ahead; else when it arrived.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/field/pages.h"
#include "app/meters/meters.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { TYPED_HOURS = 72, AHEAD_MINUTES = 5 };

/* The shell of the phone; front.c fills in whose pages they are. */
static void phone_page(Req *r, const char *title, const char *template_) {
    show_text(r, "page.shell", "field");
    show_text(r, "page.title", title);
    page(r, template_);
}

void phone_home(Req *r) {
    const char *language = r->c.language;
    show_text(r, "show.sections.0.title", msg(language, "home.works"));
    show_text(r, "show.sections.0.kind", "links");
    size_t n = 0;
    if (perm_may(&r->c, "mx.reads", CREATE)) {
        show_text(r, at(r, "show.sections.0.links", n, "text"), msg(language, "field.enter_reading"));
        show_text(r, at(r, "show.sections.0.links", n, "icon"), "gauge");
        show_text(r, at(r, "show.sections.0.links", n++, "url"), link_path(r, "/field/reading"));
    }
    show_text(r, at(r, "show.sections.0.links", n, "text"), msg(language, "field.what_waits"));
    show_text(r, at(r, "show.sections.0.links", n, "icon"), "upload");
    show_text(r, at(r, "show.sections.0.links", n, "url"), link_path(r, "/field/pending"));
    phone_page(r, msg(language, "home.field.title"), "layout/show");
}

void phone_pending(Req *r) {
    show_text(r, "field.back_url", link_path(r, "/field"));
    phone_page(r, msg(r->c.language, "field.what_waits"), "field/pending");
}

/* The service worker has to come from a path above the pages it serves; its text is a static file. */
void phone_worker(Req *r) {
    const char *body = text(r, "importScripts(\"%s\");\n", asset_path("field_worker_js"));
    header_set(r, "Service-Worker-Allowed", link_path(r, "/field"));
    header_set(r, "Cache-Control", "no-cache");
    answer(r, 200, "text/javascript; charset=utf-8", body, strlen(body));
}

/* --- a reading ---------------------------------------------------------------------------------------------------- */

static const Form reading_form = { .name = "phone_reading", .fields = FIELDS {
    { "meter",     "Meter number", TEXT(1, 40), .flags = REQUIRED | UPPER },
    { "reading",   "Reading",      READING(0, 0), .flags = REQUIRED },
    { "note",      "Note",         TEXT(0, 250) },
    { "device_at", "Typed at",     HIDDEN(40) },
    { 0 } } };

void phone_reading(Req *r) {
    form_show(r, "form", &reading_form, "/field/reading");
    show_text(r, "field.back_url", link_path(r, "/field"));
    phone_page(r, msg(r->c.language, "field.enter_reading"), "field/reading");
}

/* When the phone says it was typed; a clock that is wrong does not count. */
static Time typed_at(Ctx *c, const char *device_at) {
    Time t;
    if (!device_at || !time_parse_iso(device_at, &t)) return c->now;
    bool good = t.us >= c->now.us - TYPED_HOURS * 3600 * SECOND_US && t.us <= c->now.us + AHEAD_MINUTES * MINUTE_US;
    return !good ? c->now : t.us > c->now.us ? c->now : t;
}

void phone_reading_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &reading_form);
    const char *no = in_text(in, "meter");
    const Meter *m = no ? meter_find(c, no) : NULL;
    bool seen = m && scope_has_area(c, db_id(c, "select sub_area_id from premise where id = ?", m->premise));
    if (no && !seen) problem(r, "meter", "%s", msg_format(r, c->language, "field.no_meter", { "no", no }));
    problems_end(r);
    ReadingValue value = { .has_value = true, .value = in_reading(in, "reading"), .field = "reading" };
    Submitted s = reading_submit(c, &(NewReading){
        .meter = m->id, .kind = "regular", .source = "manual", .values = &value, .n = 1, .note = in_text(in, "note"),
        .read_at = typed_at(c, in_text(in, "device_at")), .submission_id = field_text(r, "form_key") });
    note(r, "%s", msg_format(r, c->language, strcmp(s.status, "passed") ? "field.reading_waits" : "field.reading_saved",
                             { "no", m->meter_no }));
    go(r, "/field");
}
