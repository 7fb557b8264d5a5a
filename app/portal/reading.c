/*
 * A reading that a consumer sends (CSS01US07 "Send a reading"; the way out of an estimated bill, CSS01US02): the index
 * of today, with a photo where it is lower than the last one or far from what is expected. It goes to metering as
 * pending; what came of it is said here.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/meters/meters.h"
#include "app/portal/bills.h"
#include "app/portal/files.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

enum { REGISTERS_MOST = 8 };

typedef struct {
    const Meter   *meter;
    AskedRegisters registers;
    Form           form;                /* a field for each register, and the photo */
    const char    *path;
} Asked;

/* --- the meter ---------------------------------------------------------------------------------------------------- */

const char *reading_path(Req *r, Id account, const char *meter_no) {
    Ctx *c = &r->c;
    const Meter *meter = portal_setting_is(c, "send_reading") ? meter_find(c, meter_no) : NULL;
    const Mine *m = mine_by_id(c, account);
    bool may = meter && meter->connection.id && m && mine_may(m, ACCESS_MANAGER) && strcmp(meter->read_type, "smart");
    return may ? text(c, "/usage/reading/%s", url_part(r, meter_no)) : NULL;
}

static const char *field_of(Ctx *c, const AskedRegister *g) { return text(c, "value_%s", g->code); }

/* With one register its index, else each by its code. */
static const char *label_of(Ctx *c, const Asked *a, const AskedRegister *g) {
    const char *index = msg(c->language, "portal.reading.index");
    return a->registers.n > 1 ? text(c, "%s %s", index, g->code) : index;
}

static Asked asked_of(Req *r) {
    Ctx *c = &r->c;
    const Meter *meter = meter_find(c, path_text(r, "meter"));
    if (!meter || !meter->connection.id) fail(c, NOT_FOUND, "There is no such page.");
    Id account = connection_holder_at(c, meter->connection, utility_today(c));
    portal_check(c, account, ACCESS_VIEWER);
    portal_check(c, account, ACCESS_MANAGER);
    Asked a = { .meter = meter, .registers = registers_asked(c, meter->id, utility_today(c)),
                .path = reading_path(r, account, meter->meter_no) };
    if (!a.path || !a.registers.n || a.registers.n > REGISTERS_MOST) fail(c, NOT_FOUND, "There is no such page.");
    Field *fields = take_n(r, Field, a.registers.n + 2);
    for (size_t i = 0; i < a.registers.n; i++)
        fields[i] = (Field){ field_of(c, &a.registers.v[i]), label_of(c, &a, &a.registers.v[i]), READING(0, 0),
                             .flags = REQUIRED, .width = "10" };
    fields[a.registers.n] = (Field){ "photo", NULL, FILE_FIELD };
    a.form = (Form){ .name = "portal.reading", .fields = fields };
    return a;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static const char *sent_words(Ctx *c, const AskedRegister *g) {
    return msg_format(c, c->language, "portal.reading.sent_today",
                      { "value", locale_reading_to(&c->mem, c->locale, g->sent, g->decimals) });
}

static void show_last(Req *r, FormView *v, const AskedRegister *g) {
    Ctx *c = &r->c;
    if (!g->has_last) return;
    form_set(v, field_of(c, g), "hint",
             msg_format(c, c->language, "portal.reading.last",
                        { "value", locale_reading_to(&c->mem, c->locale, g->last, g->decimals) },
                        { "date", locale_date(&c->mem, c->locale, g->last_on) }));
}

/* What was sent before, newest first, and what became of it. */
static void show_sent(Req *r, const Asked *a) {
    Ctx *c = &r->c;
    SentReadings sent = readings_sent(c, a->meter->id, a->meter->connection, utility_today(c));
    for (size_t i = 0; i < sent.n; i++) {
        const SentReading *s = &sent.v[i];
        bool refused = !strcmp(s->status, "rejected");
        bool used = !strcmp(s->status, "passed") || !strcmp(s->status, "superseded");
        show_text(r, at(r, "sent", i, "text"), locale_reading(&c->mem, c->locale, s->value));
        show_text(r, at(r, "sent", i, "sub"), locale_date(&c->mem, c->locale, s->on));
        show_text(r, at(r, "sent", i, "word"),
                  msg(c->language, used ? "portal.reading.used" : refused ? "portal.reading.refused"
                                                                           : "portal.reading.waits"));
        show_text(r, at(r, "sent", i, "tone"), used ? "ok" : refused ? "bad" : "hold");
    }
}

void reading_page(Req *r) {
    Ctx *c = &r->c;
    Asked a = asked_of(r);
    bool is_sent = false;
    for (size_t i = 0; i < a.registers.n; i++) is_sent |= a.registers.v[i].is_sent;
    if (is_sent && !r->again) {
        show_text(r, "notices.0.tone", "info");
        show_text(r, "notices.0.text", sent_words(c, &a.registers.v[0]));
    } else {
        FormView *v = form_show(r, "form", &a.form, a.path);
        for (size_t i = 0; i < a.registers.n; i++) show_last(r, v, &a.registers.v[i]);
        form_set(v, "photo", "accept", "image/*");
        form_set(v, "photo", "capture", "1");
        show_text(r, "form.multipart", "1");
        show_text(r, "form.submit", msg(c->language, "portal.reading.send"));
        show_text(r, "form.cancel_url", link_path(r, "/bills"));
    }
    show_sent(r, &a);
    show_text(r, "page.sub", msg_format(c, c->language, "portal.reading.of", { "meter", a.meter->meter_no },
                                        { "date", locale_date_words(&c->mem, c->locale, utility_today(c)) }));
    show_text(r, "page.crumbs.0.text", msg(c->language, "portal.menu.bills"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bills"));
    portal_page(r, "portal.reading.title", "portal/reading");
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

/* Use below half or above twice of what is expected until today. */
static bool is_unusual(Ctx *c, const Asked *a, const AskedRegister *g, Reading value) {
    if (!g->has_last || a->registers.n != 1) return false;
    Estimate e = mx_estimate(c, a->meter->connection, (Id){ 0 }, utility_today(c), false);
    int64_t used = value.e3 - g->last.e3, expected = e.is_known ? e.value.e3 - g->last.e3 : 0;
    return expected > 0 && (used * 2 < expected || used > expected * 2);
}

static void check_value(Req *r, const Asked *a, const AskedRegister *g, Reading value, bool has_photo) {
    Ctx *c = &r->c;
    const char *field = field_of(c, g);
    if (!g->has_last || has_photo) return;
    if (value.e3 < g->last.e3)
        problem(r, field, "%s",
                msg_format(c, c->language, "portal.reading.lower",
                           { "value", locale_reading_to(&c->mem, c->locale, g->last, g->decimals) },
                           { "date", locale_date(&c->mem, c->locale, g->last_on) }));
    else if (is_unusual(c, a, g, value)) problem(r, "photo", "%s", msg(c->language, "portal.reading.photo_wanted"));
}

/* What metering would refuse, of all registers at once, each beside its own field. */
static void check_registers(Req *r, const NewReading *sent) {
    Faults faults = readings_check(&r->c, sent, 1, NULL);
    for (size_t i = 0; i < faults.n; i++)
        if (faults.v[i].kind != FAULT_SUSPECT && !faults.v[i].is_conflict)
            problem(r, faults.v[i].field, "%s", fault_text(&r->c.mem, r->c.language, &faults.v[i]));
    problems_end(r);
}

void reading_post(Req *r) {
    Ctx *c = &r->c;
    Asked a = asked_of(r);
    for (size_t i = 0; i < a.registers.n; i++)
        if (a.registers.v[i].is_sent) fail(c, CONFLICT, "%s", sent_words(c, &a.registers.v[i]));
    Input *in = form_read(r, &a.form);
    const Upload *photo = NULL;
    for (size_t i = 0; i < r->uploads.n; i++)
        if (!strcmp(r->uploads.v[i].name, "photo") && r->uploads.v[i].size > 0) photo = &r->uploads.v[i];
    ReadingValue *values = take_n(r, ReadingValue, a.registers.n + 1);
    for (size_t i = 0; i < a.registers.n; i++) {
        const AskedRegister *g = &a.registers.v[i];
        values[i] = (ReadingValue){ g->code, true, in_reading(in, field_of(c, g)), field_of(c, g) };
    }
    problems_end(r);
    NewReading sent = { .meter = a.meter->id, .kind = "regular", .source = "consumer", .values = values,
                        .n = (int)a.registers.n, .read_on = utility_today(c) };
    check_registers(r, &sent);
    for (size_t i = 0; i < a.registers.n; i++)
        check_value(r, &a, &a.registers.v[i], values[i].value, photo != NULL);
    problems_end(r);
    if (photo)
        sent.document = document_store(c, &(NewDocument){ .file_name = photo->filename, .fd = photo->fd,
                                                     .kind = "meter_photo", .entity = "meter", .entity_id = a.meter->id,
                                                     .uploaded_by_kind = "portal_user" });
    reading_submit(c, &sent);
    note(r, "%s", msg(c->language, "portal.reading.done"));
    go(r, "%s", a.path);
}
