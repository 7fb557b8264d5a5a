/*
 * The organization's setup (ONB01US01): who it is, its regional settings, its look. Currency, date format and time zone
 * are wanted before anything else is used (front.c sends there); the currency stays once anything was priced in it.
 */
#include "app/setup/organization.h"

#include <string.h>

#include "app/core/front.h"
#include "app/platform/platform.h"
#include "app/setup/pages.h"
#include "lib/colour.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/places.h"
#include "lib/table.h"
#include "lib/utf8.h"
#include "lib/web.h"

#define SAY(r, key) msg((r)->c.language, "org." key)

/* --- what is stored ----------------------------------------------------------------------------------------------- */

#define COLUMNS_OF "select id, name, legal_name, admin_email, contact_phone, country, state, city, line1, line2, " \
                   "postcode, registration_no, tax_no, currency, date_format, time_zone, time_format, number_format, " \
    "first_day_of_week, fiscal_year_start, default_language, measurement_system, logo_document_id as logo, " \
    "brand_colour, email_footer, registered_at, row_version from organization_setting"

const OrganizationRow *organization_row(Ctx *c, bool lock) {
    const OrganizationRow *o = lock ? db_find(c, OrganizationRow, COLUMNS_OF " where one = 1 for update")
        : db_find(c, OrganizationRow, COLUMNS_OF " where one = 1");
    if (!o) fail(c, NOT_FOUND, "There is no such page.");
    return o;
}

const OrgPart org_parts[ORG_PARTS] = { { "currency", 40 }, { "date_format", 30 }, { "time_zone", 30 } };

const char *org_part(const OrganizationRow *o, int i) {
    return i == 0 ? o->currency : i == 1 ? o->date_format : o->time_zone;
}

int organization_percent(const OrganizationRow *o) {
    int sum = 0;
    for (int i = 0; i < ORG_PARTS; i++) sum += org_part(o, i) ? org_parts[i].weight : 0;
    return sum;
}

static void head(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.crumbs.0.text", SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/org/setup"));
    show_text(r, "page.crumbs.1.text", title);
    show_text(r, "form.cancel_url", link_path(r, "/org/setup"));
}

/* The change, its audit with old and new values, and the step's percentage. */
static void changed(Req *r, const OrganizationRow *o, const char *before, const char *after) {
    Ctx *c = &r->c;
    audit_write(c, &(Audit){ .action = "edit", .entity = "organization_setting", .id = o->id,
                             .number = utf8_cut(&c->mem, o->name, 60), .version = o->row_version + 1,
                             .before = before, .after = after });
    setup_step_touch(c, "organization");
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

typedef struct Fact { const char *key, *value; bool locked; } Fact;

static void show_facts(Req *r, const char *at_, const Fact *f, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const char *one = text(r, "%s.%zu", at_, i);
        show_text(r, text(r, "%s.label", one), msg(r->c.language, text(r, "org.%s", f[i].key)));
        show_text(r, text(r, "%s.text", one), f[i].value ? f[i].value : "");
        if (f[i].locked) show_text(r, text(r, "%s.icon", one), "lock");
        if (f[i].locked) show_text(r, text(r, "%s.word", one), SAY(r, "locked"));
    }
}

static const char *address_of(Req *r, const OrganizationRow *o) {
    const char *parts[] = { o->line1, o->line2, o->postcode };
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i]) text_addf(&t, "%s%s", t.n ? ", " : "", parts[i]);
    return t.s;
}

static void show_details(Req *r, const OrganizationRow *o) {
    const Fact facts[] = {
        { "name", o->name, true }, { "slug", r->c.tenant_slug, true }, { "admin_email", o->admin_email, true },
        { "legal_name", o->legal_name }, { "contact_phone", o->contact_phone },
        { "country", o->country ? country_name(&r->c.mem, r->c.language, o->country) : NULL },
        { "state", o->state ? state_name(o->state) : o->country ? SAY(r, "not_applicable") : NULL },
        { "city", o->city }, { "address", address_of(r, o) }, { "registration_no", o->registration_no },
        { "tax_no", o->tax_no } };
    show_facts(r, "org.details", facts, sizeof facts / sizeof *facts);
}

static const char *weekday(Req *r, int day) {
    return msg(r->c.language, text(r, "org.day.%d", day));
}

static void show_regional(Req *r, const OrganizationRow *o) {
    const Fact facts[] = {
        { "currency", o->currency }, { "date_format", o->date_format }, { "time_zone", o->time_zone },
        { "time_format", msg(r->c.language, text(r, "org.clock.%s", o->time_format)) },
        { "number_format", o->number_format }, { "first_day_of_week", weekday(r, o->first_day_of_week) },
        { "fiscal_year_start", o->fiscal_year_start },
        { "default_language", msg(o->default_language, "lib.language_name") },
        { "measurement_system", msg(r->c.language, text(r, "org.measure.%s", o->measurement_system)) } };
    show_facts(r, "org.regional", facts, sizeof facts / sizeof *facts);
}

/* How amounts, dates and times would look; what is not chosen shows nothing. */
static void show_preview(Req *r, const OrganizationRow *o) {
    Arena *a = &r->c.mem;
    Locale *l = locale_new(a, (LocaleSettings){ .language = o->default_language, .currency = o->currency,
        .number_format = o->number_format, .date_format = o->date_format, .time_format = o->time_format,
        .time_zone = o->time_zone, .first_weekday = o->first_day_of_week });
    int64_t minor = 28475, places = o->currency ? currency_exponent(o->currency) : 2;
    for (int64_t i = 1; i < places; i++) minor *= 10;
    if (!places) minor = 2848;
    const char *amount = o->currency ? locale_money(a, l, (Money){ minor }) : NULL,
        *date = o->date_format ? locale_date(a, l, date_of(2027, 1, 31)) : NULL,
        *now = o->time_zone ? locale_clock(a, l, r->c.now) : NULL;
    const Fact facts[] = { { "preview_amount", amount }, { "preview_date", date }, { "preview_time", now } };
    show_facts(r, "org.preview", facts, sizeof facts / sizeof *facts);
}

static void show_progress(Req *r, const OrganizationRow *o) {
    show_int(r, "org.percent", organization_percent(o));
    show_text(r, "org.percent_text", msg_format(r, r->c.language, "org.percent",
                                                { "percent", text(r, "%d", organization_percent(o)) }));
    for (int i = 0; i < ORG_PARTS; i++) {
        const char *one = text(r, "org.parts.%d", i);
        bool done = org_part(o, i) != NULL;
        show_text(r, text(r, "%s.text", one), msg(r->c.language, text(r, "org.%s", org_parts[i].name)));
        show_textf(r, text(r, "%s.right", one), "%d %%", done ? org_parts[i].weight : 0);
        show_textf(r, text(r, "%s.of", one), "%d %%", org_parts[i].weight);
        show_text(r, text(r, "%s.tone", one), done ? "ok" : "warn");
        show_text(r, text(r, "%s.word", one), msg(r->c.language, done ? "org.part_done" : "org.part_missing"));
        show_text(r, text(r, "%s.url", one), link_open(r, "/org/setup/regional#f-%s", org_parts[i].name));
    }
}

#define BOUGHT(F, T) F(T, const char *, plan) F(T, const char *, status) F(T, const char *, term) F(T, Date, until)
ROW(Bought, BOUGHT)

static void show_subscription(Req *r) {
    if (!perm_may(&r->c, "core.subscription", VIEW)) return;
    Bought *b = db_find(r, Bought, "select p.name as plan, s.status, s.term, s.current_period_end as until "
                                   "from smart360.subscription s join smart360.subscription_plan p on p.id = s.plan_id "
                                   "where s.tenant_id = ? and s.live = 1", r->c.tenant);
    if (!b) return;
    const Fact facts[] = { { "plan", b->plan }, { "status", state_label(r, b->status) },
                           { "renewal", locale_date(&r->c.mem, r->c.locale, b->until) } };
    show_facts(r, "org.subscription", facts, sizeof facts / sizeof *facts);
}

/* White words cannot be read on it: it is kept, and the pages take a darker shade of it. */
static void warn_of_colour(Req *r, const char *colour) {
    uint32_t rgb;
    if (!colour || !colour_parse(colour, &rgb) || colour_readable(rgb) == rgb) return;
    int contrast = colour_contrast(rgb, 0xFFFFFF);
    show_text(r, "page.notices.0.tone", "warn");
    show_text(r, "page.notices.0.text", msg_format(r, r->c.language, "org.colour_light", { "colour", colour },
              { "ratio", text(r, "%d.%02d", contrast / 100, contrast % 100) },
              { "shade", text(r, "#%06x", colour_readable(rgb)) }));
}

static void action(Req *r, const char *at_, const char *text_, const char *url, const char *kind) {
    show_text(r, text(r, "%s.text", at_), text_);
    show_text(r, text(r, "%s.url", at_), url);
    show_text(r, text(r, "%s.kind", at_), kind);
}

void org_setup_page(Req *r) {
    const OrganizationRow *o = organization_row(&r->c, false);
    bool may = perm_may(&r->c, "core.organization", EDIT);
    show_text(r, "page.title", SAY(r, "title"));
    show_text(r, "page.sub", o->name);
    warn_of_colour(r, o->brand_colour);
    show_progress(r, o);
    show_details(r, o);
    show_regional(r, o);
    show_preview(r, o);
    show_flag(r, "org.logo", o->logo.id != 0);
    const Fact look[] = { { "brand_colour", o->brand_colour }, { "email_footer", o->email_footer } };
    show_facts(r, "org.look", look, sizeof look / sizeof *look);
    show_subscription(r);
    org_admins_show(r, "org.admins");
    history_show(r, "org.history", "organization_setting", o->id, NULL);
    if (may) {
        bool full = organization_percent(o) == 100;
        action(r, "page.actions.0", SAY(r, "edit_settings"), link_path(r, "/org/setup/regional"),
               full ? NULL : "primary");
        if (full) action(r, "page.actions.1", SAY(r, "invite"), link_path(r, "/org/admins/invite"), "primary");
        show_text(r, "org.edit_details", link_path(r, "/org/setup/details"));
        show_text(r, "org.edit_regional", link_path(r, "/org/setup/regional"));
        show_text(r, "org.edit_look", link_path(r, "/org/setup/branding"));
        if (full) show_text(r, "org.invite_url", link_path(r, "/org/admins/invite"));
        else show_text(r, "org.invite_later", SAY(r, "invite_later"));
    }
    page(r, "setup/organization");
}

/* --- who it is ---------------------------------------------------------------------------------------------------- */

static const Form details_form = { .name = "org_details", .fields = FIELDS {
    { "legal_name",      TEXT(0, 200) },
    { "contact_phone",   TEXT(0, 30), .flags = REQUIRED, .autocomplete = "tel", .width = "20" },
    { "country",         TEXT(0, 2) },
    { "state",           TEXT(0, 80), .width = "20" },
    { "city",            TEXT(0, 80), .flags = REQUIRED, .width = "20" },
    { "line1",           TEXT(0, 120) },
    { "line2",           TEXT(0, 120) },
    { "postcode",        TEXT(0, 20), .width = "10" },
    { "registration_no", TEXT(0, 60), .width = "20" },
    { "tax_no",          TEXT(0, 60), .width = "20" },
    { 0 } } };

void country_options(Req *r, FormView *v) {
    form_set(v, "country", "kind", "select");
    form_set(v, "country", "blank", msg(r->c.language, "ui.choose"));
    PlaceList all = countries_list(&r->c.mem, r->c.language);
    for (size_t i = 0; i < all.n; i++) form_option(v, "country", all.v[i].code, all.v[i].name);
}

/* A text with the names of the country's states to choose from; what stands there when the country was changed is said
   by country_check. */
void state_options(Req *r, FormView *v, const char *country) {
    form_set(v, "state", "kind", "lookup");
    PlaceList all = states_list(&r->c.mem, country);
    for (size_t i = 0; i < all.n; i++) form_option(v, "state", all.v[i].name, all.v[i].code);
}

/* Country and state as they are stored; what is wrong with them as problems. */
Whereabouts country_check(Req *r, const Input *in, bool required) {
    const char *country = in_text(in, "country"), *typed = in_text(in, "state");
    Whereabouts w = { country, NULL };
    if (!country && !required) return w;
    if (!country || !country_exists(country)) {
        problem(r, "country", "%s", SAY(r, "need.country"));
        return w;
    }
    bool divided = states_list(&r->c.mem, country).n > 0;
    w.state = divided ? state_find(country, typed ? typed : "") : NULL;
    const char *name = country_name(&r->c.mem, r->c.language, country);
    if (divided && !typed && required) problem(r, "state", "%s", SAY(r, "need.state"));
    else if (divided && typed && !w.state)
        problem(r, "state", "%s", msg_format(r, r->c.language, "org.no_state", { "state", typed },
                                             { "country", name }));
    return w;
}

void org_details_page(Req *r) {
    const OrganizationRow *o = organization_row(&r->c, false);
    FormView *v = form_show(r, "form", &details_form, "/org/setup/details");
    country_options(r, v);
    const char *typed = form_again(v) ? field_text(r, "country") : NULL;
    state_options(r, v, typed ? typed : o->country);
    form_set(v, "state", "hint", SAY(r, "state_how"));
    form_set(v, "country", "optional", "");
    form_set(v, "state", "optional", "");
    form_set(v, "contact_phone", "kind", "tel");
    const char *texts[][2] = { { "legal_name", o->legal_name }, { "contact_phone", o->contact_phone },
        { "country", o->country }, { "state", state_name(o->state) }, { "city", o->city }, { "line1", o->line1 },
        { "line2", o->line2 }, { "postcode", o->postcode }, { "registration_no", o->registration_no },
        { "tax_no", o->tax_no } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) form_text(v, texts[i][0], texts[i][1]);
    form_version(v, o->row_version);
    head(r, SAY(r, "details"));
    show_text(r, "form.intro", msg_format(r, r->c.language, "org.locked_how", { "name", o->name },
                                          { "slug", r->c.tenant_slug }, { "email", o->admin_email }));
    page(r, "layout/form");
}

static const char *details_json(Ctx *c, const OrganizationRow *o) {
    return json_pairs(c, "legal_name", o->legal_name, "contact_phone", o->contact_phone, "country", o->country,
                      "state", o->state, "city", o->city, "line1", o->line1, "line2", o->line2, "postcode",
                      o->postcode, "registration_no", o->registration_no, "tax_no", o->tax_no, NULL);
}

void org_details_save(Req *r) {
    Ctx *c = &r->c;
    const OrganizationRow *o = organization_row(c, true);
    Input *in = form_read(r, &details_form);
    const char *phone = in_text(in, "contact_phone");
    OrganizationRow n = *o;
    n.contact_phone = phone ? phone_e164(&c->mem, phone, NULL) : NULL;
    if (phone && !n.contact_phone) problem(r, "contact_phone", "%s", SAY(r, "phone"));
    Whereabouts w = country_check(r, in, true);
    problems_end(r);
    n.country = w.country, n.state = w.state;
    n.legal_name = in_text(in, "legal_name"), n.city = in_text(in, "city"), n.line1 = in_text(in, "line1");
    n.line2 = in_text(in, "line2"), n.postcode = in_text(in, "postcode");
    n.registration_no = in_text(in, "registration_no"), n.tax_no = in_text(in, "tax_no");
    db_must(c, 1, CONFLICT, "update organization_setting set legal_name=?, contact_phone=?, country=?, state=?, "
            "city=?, line1=?, line2=?, postcode=?, registration_no=?, tax_no=?, updated_at=?, updated_by=?, "
            "row_version=row_version+1 where id=? and row_version=?", n.legal_name, n.contact_phone, n.country, n.state,
            n.city, n.line1, n.line2, n.postcode, n.registration_no, n.tax_no, c->now, c->user, o->id,
            in->row_version);
    changed(r, o, details_json(c, o), details_json(c, &n));
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/org/setup");
}

/* --- regional settings -------------------------------------------------------------------------------------------- */

static const Choice date_formats[] = { { "MM/DD/YYYY", "01/31/2027" }, { "DD/MM/YYYY", "31/01/2027" },
                                       { "YYYY-MM-DD", "2027-01-31" }, { "DD-MMM-YYYY", "31-Jan-2027" }, { 0 } };
static const Choice clocks[] = { { "12h", "org.clock.12h" }, { "24h", "org.clock.24h" }, { 0 } };
static const Choice numbers[] = { { "1,234.56", "1,234.56" }, { "1.234,56", "1.234,56" }, { "1 234,56", "1 234,56" },
                                  { "1,23,456.78", "1,23,456.78" }, { 0 } };
/* Not by number: a template takes "0" for nothing. */
static const Choice days[] = { { "sun", "org.day.0" }, { "mon", "org.day.1" }, { "tue", "org.day.2" },
                               { "wed", "org.day.3" }, { "thu", "org.day.4" }, { "fri", "org.day.5" },
                               { "sat", "org.day.6" }, { 0 } };
static const Choice measures[] = { { "metric", "org.measure.metric" }, { "imperial", "org.measure.imperial" }, { 0 } };

static const Form regional_form = { .name = "org_regional", .fields = FIELDS {
    { "currency",           TEXT(0, 3) },
    { "date_format",        CHOICE(date_formats) },
    { "time_zone",          TEXT(0, 64) },
    { "time_format",        CHOICE(clocks) },
    { "number_format",      CHOICE(numbers) },
    { "first_day_of_week",  CHOICE(days) },
    { "fiscal_year_start",  TEXT(0, 5), .chars = "0-9-", .width = "5" },
    { "default_language",   TEXT(0, 10) },
    { "measurement_system", CHOICE(measures) },
    { 0 } } };

static void zone_option(void *arg, const char *iana) { form_option(arg, "time_zone", iana, iana); }

static void regional_options(Req *r, FormView *v) {
    Ctx *c = &r->c;
    const char *blank = msg(c->language, "ui.choose");
    form_set(v, "currency", "kind", "select");
    form_set(v, "currency", "blank", blank);
    PlaceList all = currencies_list(&c->mem, c->language);
    for (size_t i = 0; i < all.n; i++)
        form_option(v, "currency", all.v[i].code, text(r, "%s, %s", all.v[i].code, all.v[i].name));
    form_set(v, "date_format", "blank", blank);
    form_set(v, "time_zone", "kind", "select");
    form_set(v, "time_zone", "blank", blank);
    zones_each(&c->mem, zone_option, v);
    form_set(v, "default_language", "kind", "select");
    for (const char *const *l = messages_languages(); *l; l++)
        form_option(v, "default_language", *l, msg(*l, "lib.language_name"));
}

/* What a person chose and did not save yet: the draft of the preview, else what is stored. */
static const char *drafted(Req *r, const char *name, const char *stored) {
    const char *sent = query_text(r, name);
    return sent ? sent : stored;
}

#define USES(F, T) F(T, int64_t, plans) F(T, int64_t, bills) F(T, int64_t, payments) F(T, int64_t, entries)
ROW(Uses, USES)

/* "1 tariff plan and 1 bill": what is priced in the currency; without either, what was paid and booked. NULL: none. */
static const char *used_by(Ctx *c, bool *one) {
    const Uses *u = db_one(c, Uses, "select (select count(*) from tariff_plan) as plans, (select count(*) from bill) "
                                    "as bills, (select count(*) from payment) as payments, "
                                    "(select count(*) from ledger_entry) as entries");
    bool priced = u->plans || u->bills;
    const struct { const char *key; int64_t n; } all[] = { { "org.n_plans", u->plans }, { "org.n_bills", u->bills },
        { "org.n_payments", priced ? 0 : u->payments }, { "org.n_entries", priced ? 0 : u->entries } };
    const char *parts[2];
    size_t n = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!all[i].n) continue;
        sum += all[i].n;
        parts[n++] = msg_plural(c, c->language, all[i].key, all[i].n, locale_count(&c->mem, c->locale, all[i].n));
    }
    *one = sum == 1;
    return n == 2 ? text(c, "%s%s%s", parts[0], msg(c->language, "org.and"), parts[1]) : n ? parts[0] : NULL;
}

static bool is_used(Ctx *c) {
    return db_int(c, "select exists (select 1 from tariff_plan) or exists (select 1 from bill) "
                     "or exists (select 1 from payment) or exists (select 1 from ledger_entry)") > 0;
}

void org_regional_page(Req *r) {
    Ctx *c = &r->c;
    const OrganizationRow *o = organization_row(c, false);
    OrganizationRow d = *o;
    d.currency = drafted(r, "currency", o->currency);
    if (d.currency && currency_exponent(d.currency) < 0) d.currency = o->currency;
    d.date_format = drafted(r, "date_format", o->date_format), d.time_zone = drafted(r, "time_zone", o->time_zone);
    if (d.time_zone && !zone_find(d.time_zone)) d.time_zone = o->time_zone;
    d.time_format = drafted(r, "time_format", o->time_format);
    d.number_format = drafted(r, "number_format", o->number_format);
    d.default_language = drafted(r, "default_language", o->default_language);
    FormView *v = form_show(r, "form", &regional_form, "/org/setup/regional");
    regional_options(r, v);
    const char *texts[][2] = { { "currency", d.currency }, { "date_format", d.date_format },
        { "time_zone", d.time_zone }, { "time_format", d.time_format }, { "number_format", d.number_format },
        { "first_day_of_week", drafted(r, "first_day_of_week", days[o->first_day_of_week].value) },
        { "fiscal_year_start", drafted(r, "fiscal_year_start", o->fiscal_year_start) },
        { "default_language", d.default_language },
        { "measurement_system", drafted(r, "measurement_system", o->measurement_system) } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) form_text(v, texts[i][0], texts[i][1]);
    if (o->currency && is_used(c)) form_set(v, "currency", "hint", SAY(r, "currency_stays"));
    for (const Field *f = regional_form.fields; f->name; f++) form_set(v, f->name, "optional", "");
    form_version(v, o->row_version);
    head(r, SAY(r, "regional"));
    show_text(r, "draft_url", link_path(r, "/org/setup/regional"));
    show_preview(r, &d);
    page(r, "setup/regional");
}

/* Month and day of any year but a leap day: "07-01". */
static bool is_month_day(const char *s) {
    Date d;
    return s && strlen(s) == 5 && date_parse_iso(strcmp(s, "02-29") ? (char[11]){ '2', '0', '2', '7', '-', s[0], s[1],
        s[2], s[3], s[4], 0 } : "", &d);
}

/* Those that count are saved in their order: what stands before one that is there may not be left out. */
static void parts_check(Req *r, const Input *in, const OrganizationRow *o) {
    int last = 0;
    for (int i = 0; i < ORG_PARTS; i++)
        if (in_text(in, org_parts[i].name) || org_part(o, i)) last = i;
    for (int i = 0; i <= last; i++)
        if (!in_text(in, org_parts[i].name))
            problem(r, org_parts[i].name, "%s", msg(r->c.language, text(r, "org.need.%s", org_parts[i].name)));
}

static void regional_check(Req *r, const Input *in, const OrganizationRow *o) {
    Ctx *c = &r->c;
    const char *currency = in_text(in, "currency"), *zone = in_text(in, "time_zone"),
        *year = in_text(in, "fiscal_year_start"), *language = in_text(in, "default_language");
    parts_check(r, in, o);
    if (currency && !currency_exists(&c->mem, currency)) problem(r, "currency", "%s", SAY(r, "need.currency"));
    if (zone && !zone_find(zone)) problem(r, "time_zone", "%s", SAY(r, "need.time_zone"));
    if (year && !is_month_day(year)) problem(r, "fiscal_year_start", "%s", SAY(r, "month_day"));
    if (language && !messages_has_language(language)) problem(r, "default_language", "%s", SAY(r, "need.language"));
    bool one = false;
    const char *used = currency && o->currency && strcmp(currency, o->currency) ? used_by(c, &one) : NULL;
    if (used)
        problem(r, "currency", "%s", msg_format(r, c->language, one ? "org.currency_used_one" : "org.currency_used",
                                                { "what", used }, { "currency", o->currency }));
}

static const char *regional_json(Ctx *c, const OrganizationRow *o) {
    return json_pairs(c, "currency", o->currency, "date_format", o->date_format, "time_zone", o->time_zone,
                      "time_format", o->time_format, "number_format", o->number_format, "first_day_of_week",
                      text(c, "%d", o->first_day_of_week), "fiscal_year_start", o->fiscal_year_start,
                      "default_language", o->default_language, "measurement_system", o->measurement_system, NULL);
}

#define PRICED(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, currency) F(T, int64_t, row_version)
ROW(Priced, PRICED)

/* Utilities have the organization's currency. */
static void currency_follow(Ctx *c, const char *currency) {
    Priceds all = db_all(c, Priced, "select id, code, currency, row_version from utility where currency <> ? "
                                    "for update", currency);
    for (size_t i = 0; i < all.n; i++) {
        db_run(c, "update utility set currency=?, updated_at=?, updated_by=?, row_version=row_version+1 where id=?",
               currency, c->now, c->user, all.v[i].id);
        audit_write(c, &(Audit){ .action = "edit", .entity = "utility", .id = all.v[i].id, .number = all.v[i].code,
            .version = all.v[i].row_version + 1, .before = json_pairs(c, "currency", all.v[i].currency, NULL),
            .after = json_pairs(c, "currency", currency, NULL) });
    }
}

/* What the change does to screens and to jobs, in the note: each setting that is another now. */
static void say_what_changes(Req *r, const OrganizationRow *o, const OrganizationRow *n) {
    Ctx *c = &r->c;
    const char *zone = msg_format(r, c->language, "org.zone_changed", { "zone", n->time_zone }),
        *date = msg_format(r, c->language, "org.dates_changed", { "format", n->date_format }),
        *clock = msg_format(r, c->language, "org.clock_changed",
                            { "clock", msg(c->language, text(r, "org.clock.%s", n->time_format)) }),
        *number = msg_format(r, c->language, "org.numbers_changed", { "format", n->number_format });
    const struct { const char *was, *is, *said; } all[] = { { o->time_zone, n->time_zone, zone },
        { o->date_format, n->date_format, date }, { o->time_format, n->time_format, clock },
        { o->number_format, n->number_format, number } };
    Text t = text_start(c);
    text_add(&t, msg(c->language, "ui.saved"));
    size_t before = t.n;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].was && strcmp(all[i].was, all[i].is)) text_addf(&t, " %s", all[i].said);
    if (t.n > before) text_addf(&t, " %s", SAY(r, "stored_stays"));
    note(r, "%s", t.s);
}

static const char *or_was(const Input *in, const char *name, const char *was) {
    const char *sent = in_text(in, name);
    return sent ? sent : was;
}

void org_regional_save(Req *r) {
    Ctx *c = &r->c;
    const OrganizationRow *o = organization_row(c, true);
    Input *in = form_read(r, &regional_form);
    regional_check(r, in, o);
    problems_end(r);
    OrganizationRow n = *o;
    n.currency = in_text(in, "currency"), n.date_format = in_text(in, "date_format");
    n.time_zone = in_text(in, "time_zone"), n.time_format = or_was(in, "time_format", o->time_format);
    n.number_format = or_was(in, "number_format", o->number_format);
    for (int i = 0; days[i].value && in_text(in, "first_day_of_week"); i++)
        if (!strcmp(days[i].value, in_text(in, "first_day_of_week"))) n.first_day_of_week = i;
    n.fiscal_year_start = or_was(in, "fiscal_year_start", o->fiscal_year_start);
    n.default_language = or_was(in, "default_language", o->default_language);
    n.measurement_system = or_was(in, "measurement_system", o->measurement_system);
    db_must(c, 1, CONFLICT, "update organization_setting set currency=?, date_format=?, time_zone=?, time_format=?, "
            "number_format=?, first_day_of_week=?, fiscal_year_start=?, default_language=?, measurement_system=?, "
            "updated_at=?, updated_by=?, row_version=row_version+1 where id=? and row_version=?", n.currency,
            n.date_format, n.time_zone, n.time_format, n.number_format, n.first_day_of_week, n.fiscal_year_start,
            n.default_language, n.measurement_system, c->now, c->user, o->id, in->row_version);
    if (!o->currency || strcmp(o->currency, n.currency)) currency_follow(c, n.currency);
    /* jobs keep their hour of the wall clock: when they are next is reckoned anew */
    if (o->time_zone && strcmp(o->time_zone, n.time_zone))
        db_run(c, "update scheduled_job s join utility u on u.id=s.utility_id set s.next_run_at=null "
                  "where s.time_zone is null and u.time_zone is null");
    changed(r, o, regional_json(c, o), regional_json(c, &n));
    if (n.time_zone) say_what_changes(r, o, &n);
    else note(r, "%s", SAY(r, "part_saved"));
    go(r, "/org/setup");
}

/* --- what only the platform corrects ------------------------------------------------------------------------------ */

void organization_correct(Ctx *c, const char *name, const char *admin_email, const char *reason) {
    const OrganizationRow *o = organization_row(c, true);
    if (!strcmp(o->name, name) && !strcmp(o->admin_email, admin_email)) return;
    db_must(c, 1, CONFLICT, "update organization_setting set name = ?, admin_email = ?, updated_at = ?, "
                            "row_version = row_version + 1 where id = ?", name, admin_email, c->now, o->id);
    /* the tenant is left before the commit, which would say by itself that what workers keep of it is old */
    db_run(c, "update security_policy set rights_version = uuid_short() where one = 1");
    audit_write(c, &(Audit){ .action = "correct", .entity = "organization_setting", .id = o->id,
                             .number = utf8_cut(&c->mem, name, 60), .version = o->row_version + 1, .reason = reason,
                             .before = json_pairs(c, "name", o->name, "admin_email", o->admin_email, NULL),
                             .after = json_pairs(c, "name", name, "admin_email", admin_email, NULL) });
}

/* --- its look ----------------------------------------------------------------------------------------------------- */

static const Form look_form = { .name = "org_look", .fields = FIELDS {
    { "logo",         FILE_FIELD },
    { "remove_logo",  BOOL },
    { "brand_colour", TEXT(0, 7), .width = "10" },
    { "email_footer", LONG_TEXT(0, 1000) },
    { 0 } } };

void org_look_page(Req *r) {
    const OrganizationRow *o = organization_row(&r->c, false);
    FormView *v = form_show(r, "form", &look_form, "/org/setup/branding");
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.logo.accept", "image/png,image/svg+xml");
    if (o->logo.id) {
        show_text(r, "form.fields.logo.current.text", SAY(r, "logo_now"));
        show_text(r, "form.fields.logo.current.url", "/org/logo");
    }
    form_text(v, "brand_colour", o->brand_colour);
    warn_of_colour(r, o->brand_colour);
    form_text(v, "email_footer", o->email_footer);
    form_version(v, o->row_version);
    head(r, SAY(r, "look"));
    page(r, "layout/form");
}

Id logo_taken(Req *r, const char *field, Id now, const char *entity, Id id) {
    for (size_t i = 0; i < r->uploads.n; i++) {
        const Upload *u = &r->uploads.v[i];
        if (strcmp(u->name, field) || !u->size) continue;
        return document_store(&r->c, &(NewDocument){ .file_name = u->filename, .fd = u->fd, .is_public = true,
                                                     .kind = "logo_organization", .entity = entity, .entity_id = id });
    }
    return now;
}

static const char *look_json(Ctx *c, const OrganizationRow *o) {
    return json_pairs(c, "logo", o->logo.id ? text(c, "%lld", (long long)o->logo.id) : NULL, "brand_colour",
                      o->brand_colour, "email_footer", o->email_footer, NULL);
}

void org_look_save(Req *r) {
    Ctx *c = &r->c;
    const OrganizationRow *o = organization_row(c, true);
    Input *in = form_read(r, &look_form);
    OrganizationRow n = *o;
    n.brand_colour = in_text(in, "brand_colour"), n.email_footer = in_text(in, "email_footer");
    uint32_t rgb;
    if (n.brand_colour && !colour_parse(n.brand_colour, &rgb)) problem(r, "brand_colour", "%s", SAY(r, "no_colour"));
    problems_end(r);
    n.logo = logo_taken(r, "logo", in_bool(in, "remove_logo") ? (Id){ 0 } : o->logo, "organization_setting", o->id);
    db_must(c, 1, CONFLICT, "update organization_setting set logo_document_id=?, brand_colour=?, email_footer=?, "
            "updated_at=?, updated_by=?, row_version=row_version+1 where id=? and row_version=?", n.logo,
            n.brand_colour, n.email_footer, c->now, c->user, o->id, in->row_version);
    changed(r, o, look_json(c, o), look_json(c, &n));
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/org/setup");
}
