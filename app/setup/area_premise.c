/*
 * Premises under the service areas (ONB02US08): entered and shown here, stored by the owner's function (cis), so that
 * an address is there once. Who enters one that is there already is led to it.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/area.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

#define SAY(r, key) msg((r)->c.language, "premise." key)
enum { AREAS_MOST = 2000 };
#define ERU_MOST 100000000000            /* 100,000 units, in millionths */

static const Choice types[] = { { "house", NULL }, { "apartment", NULL }, { "shop", NULL }, { "office", NULL },
                                { "industry", NULL }, { "public", NULL }, { "land", NULL }, { 0 } };
static const Form premise_form = { .name = "premise", .fields = FIELDS {
    { "sub_area",    NULL, TEXT(2, 20), .flags = REQUIRED },
    { "line1",       NULL, TEXT(1, 120), .flags = REQUIRED },
    { "line2",       NULL, TEXT(1, 120) },
    { "unit",        NULL, TEXT(1, 20) },
    { "city",        NULL, TEXT(1, 80), .flags = REQUIRED },
    { "state",       NULL, TEXT(1, 10), .width = "5" },
    { "postal_code", NULL, TEXT(1, 20), .flags = REQUIRED, .width = "8" },
    { "type",        NULL, CHOICE(types), .flags = REQUIRED, .initial = "house" },
    { "multi_unit",  NULL, BOOL },
    { "place",       NULL, TEXT(3, 40) },
    { "impervious",  NULL, INT(0, 100000000), .suffix = "sq ft", .width = "8" },
    { "eru",         NULL, QTY(0, ERU_MOST), .width = "5" },
    { "parcel_no",   NULL, TEXT(1, 40) },
    { "access_note", NULL, LONG_TEXT(0, 500) },
    { 0 } } };

#define OPTION(F, T) F(T, const char *, value) F(T, const char *, label)
ROW(Option, OPTION)

/* The address is there already: the way to it. */
static void offer_existing(Req *r) {
    Ctx *c = &r->c;
    NewPremise n = { .line1 = field_text(r, "line1"), .unit = field_text(r, "unit"),
                     .postal_code = field_text(r, "postal_code") };
    if (!n.line1 || !n.postal_code) return;
    if (n.unit && !*n.unit) n.unit = NULL;
    Faults all = premises_check(c, &n, 1);
    for (size_t i = 0; i < all.n; i++) {
        const Fault *f = &all.v[i];
        if (f->kind != FAULT_THERE || strcmp(f->field, "line1")) continue;
        show_text(r, "page.notices.0.tone", "warn");
        show_text(r, "page.notices.0.text", msg_format(r, c->language, "premise.there", { "no", f->with[0].value }));
        show_text(r, "page.notices.0.action.text", SAY(r, "open"));
        show_text(r, "page.notices.0.action.url", link_path(r, "/areas/premises/%s", f->with[0].value));
    }
}

void premise_new_page(Req *r) {
    Ctx *c = &r->c;
    if (r->again) offer_existing(r);
    FormView *v = form_show(r, "form", &premise_form, "/areas/premises");
    form_set(v, "sub_area", "kind", "select");
    form_set(v, "sub_area", "blank", msg(c->language, "ui.choose"));
    Options all = db_all(r, Option, "select x.code as value, concat(x.name, ' (', x.path, ')') as label "
                         "from service_area x where x.utility_id=? and x.level='sub_area' and x.status='active' "
                         "order by x.path limit ?", c->utility, (int)AREAS_MOST);
    for (size_t i = 0; i < all.n; i++) {
        const AreaRow *a = scope_area(c).n ? area_row(c, all.v[i].value) : NULL;
        if (!a || scope_has_area(c, a->id)) form_option(v, "sub_area", all.v[i].value, all.v[i].label);
    }
    form_text(v, "sub_area", query_text(r, "area"));
    form_text(v, "state", db_text(c, "select state from utility where id=?", c->utility));
    show_text(r, "page.title", SAY(r, "new"));
    show_text(r, "page.crumbs.0.text", msg(c->language, "area.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/areas"));
    show_text(r, "page.crumbs.1.text", msg(c->language, "area.premises"));
    show_text(r, "page.crumbs.1.url", link_path(r, "/areas/premises"));
    show_text(r, "page.crumbs.2.text", SAY(r, "new"));
    show_text(r, "form.submit", SAY(r, "save"));
    show_text(r, "form.cancel_url", link_path(r, "/areas/premises"));
    page(r, "layout/form");
}

/* "45.51234, -122.67890" into millionths of a degree. */
static bool degrees_read(const char **s, int32_t *to) {
    bool minus = **s == '-';
    int64_t value = 0, places = -1;
    for (*s += minus; (**s >= '0' && **s <= '9') || (**s == '.' && places < 0); ++*s) {
        if (**s == '.') places = 0;
        else if (places < 6) value = value * 10 + (**s - '0'), places += places >= 0;
        if (value > 180000000) return false;
    }
    for (places = places < 0 ? 0 : places; places < 6; places++) value *= 10;
    *to = (int32_t)(minus ? -value : value);
    return value <= 180000000;
}

static bool place_read(const char *s, NewPremise *to) {
    if (!strpbrk(s, "0123456789") || !degrees_read(&s, &to->lat_e6)) return false;
    size_t gap = strspn(s, ", ");
    s += gap;
    to->has_place = gap && strpbrk(s, "0123456789") && degrees_read(&s, &to->lng_e6) && !*s;
    return to->has_place;
}

/* What the fields of the owner are called here. */
static const char *field_of(const char *name) {
    if (!name) return NULL;
    return !strcmp(name, "eru_e3") ? "eru" : name;
}

void premise_create_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &premise_form);
    const char *code = in_text(in, "sub_area"), *place = in_text(in, "place");
    const AreaRow *a = code ? area_row(c, code) : NULL;
    NewPremise n = { .line1 = in_text(in, "line1"), .line2 = in_text(in, "line2"), .unit = in_text(in, "unit"),
                     .city = in_text(in, "city"), .state = in_text(in, "state"),
                     .postal_code = in_text(in, "postal_code"), .type = in_text(in, "type"),
                     .sub_area = a ? a->id : (Id){ 0 }, .is_multi_unit = in_bool(in, "multi_unit"),
                     .impervious_sqft = in_given(in, "impervious") ? (int)in_int(in, "impervious") : 0,
                     .parcel_no = in_text(in, "parcel_no"), .access_note = in_text(in, "access_note") };
    if (in_given(in, "eru")) n.eru_e3 = (int)(in_qty(in, "eru").micro / 1000);
    if (code && (!a || strcmp(a->level, "sub_area") || !scope_has_area(c, a->id)))
        problem(r, "sub_area", "%s", SAY(r, "sub_area_unknown"));
    if (place && !place_read(place, &n)) problem(r, "place", "%s", SAY(r, "place_wrong"));
    problems_end(r);
    Faults faults = premises_check(c, &n, 1);
    for (size_t i = 0; i < faults.n; i++) {
        const Fault *f = &faults.v[i];
        problem(r, field_of(f->field), "%s", fault_text(&c->mem, c->language, f));
    }
    problems_end(r);
    Id id = premise_create(c, &n);
    const char *no = db_text(c, "select premise_no from premise where id=?", id);
    note(r, "%s", msg_format(r, c->language, "premise.created", { "no", no }));
    go(r, "/areas/premises/%s", no);
}

/* --- one premise -------------------------------------------------------------------------------------------------- */

#define PREMISE_ROW(F, T) F(T, Id, id) F(T, const char *, premise_no) F(T, const char *, line1) \
    F(T, const char *, line2) F(T, const char *, unit) F(T, const char *, city) F(T, const char *, state) \
    F(T, const char *, postal_code) F(T, Id, sub_area_id) F(T, const char *, area) F(T, const char *, area_code) \
    F(T, const char *, premise_type) F(T, bool, multi_unit) F(T, const char *, place) F(T, int, impervious_sqft) \
    F(T, int, eru_e3) F(T, const char *, parcel_no) F(T, const char *, access_note) F(T, const char *, status)
ROW(PremiseRow, PREMISE_ROW)

void premise_page(Req *r) {
    Ctx *c = &r->c;
    const PremiseRow *p = db_one(r, PremiseRow, "select p.id, p.premise_no, p.line1, p.line2, p.unit, p.city, p.state, "
        "p.postal_code, p.sub_area_id, s.name as area, s.code as area_code, p.premise_type, p.multi_unit, "
        "concat(p.latitude, ', ', p.longitude) as place, coalesce(p.impervious_sqft, 0) as impervious_sqft, "
        "coalesce(p.eru_e3, 0) as eru_e3, p.parcel_no, p.access_note, p.status from premise p join service_area s "
        "on s.id=p.sub_area_id where p.utility_id=? and p.premise_no=?", c->utility, path_text(r, "no"));
    if (!scope_has_area(c, p->sub_area_id)) fail(r, NOT_FOUND, "There is no such premise.");
    show_text(r, "page.title", text(r, "%s%s%s", p->line1, p->unit ? ", " : "", p->unit ? p->unit : ""));
    show_text(r, "page.sub", p->premise_no);
    show_text(r, "page.crumbs.0.text", msg(c->language, "area.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/areas"));
    show_text(r, "page.crumbs.1.text", msg(c->language, "area.premises"));
    show_text(r, "page.crumbs.1.url", link_path(r, "/areas/premises"));
    show_text(r, "page.crumbs.2.text", p->premise_no);
    show_text(r, "show.status.text", state_label(r, p->status));
    show_text(r, "show.status.tone", state_tone(r, p->status));
    const char *at_ = "show.sections.0.facts";
    show_text(r, "show.sections.0.title", SAY(r, "address"));
    show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[1]), p->line1, NULL);
    if (p->line2) show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[2]), p->line2, NULL);
    if (p->unit) show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[3]), p->unit, NULL);
    show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[4]), text(r, "%s, %s %s", p->city,
              p->state ? p->state : "", p->postal_code), NULL);
    show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[0]), p->area,
              link_path(r, "/areas/%s", p->area_code));
    show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[7]),
              msg(c->language, text(r, "premise.type.%s", p->premise_type)), NULL);
    if (p->multi_unit) show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[8]),
                                 msg(c->language, "ui.yes"), NULL);
    if (p->place) show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[9]), p->place, NULL);
    if (p->impervious_sqft)
        show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[10]),
                  text(r, "%s sq ft", locale_count(&c->mem, c->locale, p->impervious_sqft)), NULL);
    if (!p->eru_e3 && p->impervious_sqft)
        show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[11]), SAY(r, "eru_of_area"), NULL);
    if (p->eru_e3) show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[11]),
                             locale_quantity(&c->mem, c->locale, (Quantity){ (int64_t)p->eru_e3 * 1000 }, NULL), NULL);
    if (p->parcel_no) show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[12]), p->parcel_no, NULL);
    if (p->access_note) show_fact(r, at_, field_label(r, &premise_form, &premise_form.fields[13]), p->access_note,
                                  NULL);
    history_aside(r, "premise", p->id, NULL);
    page(r, "layout/show");
}
