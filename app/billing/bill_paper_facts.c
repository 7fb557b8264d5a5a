/*
 * What is printed of a bill, read in a dozen statements: see bill_paper.h. Everything the bill itself keeps comes from
 * its rows; name, addresses and the issuer are those of the moment at which its document is made, once.
 */
#include <string.h>

#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "lib/colour.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/utf8.h"

enum { LOGO_MAX = 1024 * 1024, PLAN_COLOUR = 0x0f5fa6 };

#define PAPER_SELECT \
    "select b.id, b.account_id, b.bill_no, a.account_no, n.consumer_no, a.portal_code, n.display_name as " \
    "consumer_name, b.status, b.kind, null as replaces_no, b.language, b.message, null as category, " \
    "b.template_version_id as template_version, a.billing_address_choice as choice, a.billing_name as a_name, " \
    "a.billing_line1 as a_line1, a.billing_line2 as a_line2, a.billing_city as a_city, a.billing_state as a_state, " \
    "a.billing_postal_code as a_code, a.billing_country as a_country, n.billing_line1 as c_line1, n.billing_line2 " \
    "as c_line2, n.billing_city as c_city, n.billing_state as c_state, n.billing_postal_code as c_code, " \
    "n.billing_country as c_country, p.line1 as p_line1, p.line2 as p_line2, p.unit as p_unit, p.city as p_city, " \
    "p.state as p_state, p.postal_code as p_code, p.country as p_country, b.period_start, b.period_end, " \
    "b.bill_date, b.due_date, b.days, b.published_at, b.is_estimated, b.previous_balance_minor as previous, " \
    "b.payments_minor as payments, b.adjustments_minor as adjustments, b.posted_charges_minor as posted, " \
    "b.balance_forward_minor as forward, b.current_charges_minor as current, b.tax_minor as tax, b.deferred_minor " \
    "as deferred, b.total_minor as total, b.amount_due_minor as due, b.credit_carried_minor as carried, " \
    "b.currency, b.usage_unit, b.pay_token, b.payment_status, p.sub_area_id, b.paid_minor as paid, b.dispute_hold, " \
    "b.hold_code, b.stale, coalesce(b.version_group_id, b.id) as version_group, b.version_no, null as " \
    "run_no, null as run_mode, b.superseded_by_bill_id as superseded_by, b.cancel_reason, b.category_id, " \
    "b.bill_run_id as run_id, b.supersedes_bill_id as supersedes, g.readings, g.usage_unit as readings_unit, " \
    "g2.id is not null as is_parted from bill b join account a on a.id = b.account_id join consumer n on " \
    "n.id = b.consumer_id join premise p on p.id = a.premise_id left join bill_segment g on g.bill_id = b.id " \
    "and g.seq = 1 left join bill_segment g2 on g2.bill_id = b.id and g2.seq = 2 "

/* Each table more in a join costs as much as a row by its key: categories are kept, as are number and kind of a run,
   which it has for ever; few bills replace another. */
static const void *read_category(Ctx *c, int64_t id) {
    return db_text(c, "select code from consumer_category where id = ?", id);
}

#define RUN_NAME(F, T) F(T, const char *, run_no) F(T, const char *, mode)
ROW(RunName, RUN_NAME)

static const void *read_run_name(Ctx *c, int64_t id) {
    return db_find(c, RunName, "select run_no, mode from bill_run where id = ?", id);
}

static PaperRow *named(Ctx *c, PaperRow *b) {
    if (!b) return NULL;
    if (b->category_id.id) b->category = kept_fact(c, "category code", b->category_id.id, read_category);
    const RunName *run = b->run_id.id ? kept_fact(c, "bill run name", b->run_id.id, read_run_name) : NULL;
    if (run) b->run_no = run->run_no, b->run_mode = run->mode;
    if (b->supersedes.id) b->replaces_no = db_text(c, "select bill_no from bill where id = ?", b->supersedes);
    return b;
}

PaperRow *bill_paper_row(Ctx *c, const char *bill_no) {
    return named(c, db_find(c, PaperRow, PAPER_SELECT "where b.bill_no = ? and b.utility_id = ? "
                            "and b.status in ('published', 'cancelled')", bill_no, c->utility));
}

static PaperRow *row_of(Ctx *c, Id bill) {
    PaperRow *b = db_find(c, PaperRow, PAPER_SELECT "where b.id = ? and b.utility_id = ? "
                          "and b.status in ('published', 'cancelled')", bill, c->utility);
    if (!b) fail(c, NOT_FOUND, "There is no such bill.");
    return named(c, b);
}

/* --- who sends it ------------------------------------------------------------------------------------------------ */

#define ISSUER_ROW(F, T) F(T, const char *, name) F(T, const char *, legal_name) F(T, const char *, address) \
    F(T, const char *, city) F(T, const char *, phone) F(T, const char *, emergency_phone) F(T, const char *, email) \
    F(T, const char *, website) F(T, const char *, tax_no) F(T, const char *, registration_no) F(T, Id, logo) \
    F(T, const char *, colour) F(T, const char *, country)
ROW(IssuerRow, ISSUER_ROW)
#define TEMPLATE_ROW(F, T)                                                                                             \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, sections) F(T, const char *, texts) F(T, const char *, paper) F(T, const char *, colour1)       \
        F(T, Id, logo)
ROW(TemplateRow, TEMPLATE_ROW)

typedef struct { TemplateRow row; PaperSections on; } Design;

/* The bill's own version of its template, for ever; bills from before templates have the standard one of today. */
static const void *read_design(Ctx *c, int64_t version) {
    TemplateRow *t = db_find(
        c, TemplateRow,
        "select v.id, v.sections, v.texts, v.paper, v.colour1, v.logo_document_id as logo "
        "from bill_template_version v join bill_template t on t.id = v.template_id where t.utility_id = ? and "
        "(v.id = ? or (v.version_no = t.current_version and t.is_default = 1 and t.state = 'active')) "
        "order by v.id = ? desc, t.utility_type = 'water' desc, v.id limit 1",
        c->utility, version, version);
    Design *d = take(c, sizeof *d);
    if (t) d->row = *t;
    d->on = paper_sections(&c->mem, d->row.sections);
    return d;
}

static const Design *design_of(Ctx *c, Id version) { return kept_fact(c, "bill design", version.id, read_design); }

static const void *read_issuer(Ctx *c, int64_t none) {
    (void)none;
    return db_one(c, IssuerRow, "select coalesce(u.bill_sender_name, u.name) as name, o.legal_name, u.address, u.city, "
        "u.contact_phone as phone, u.emergency_phone, u.email, u.website, o.tax_no, o.registration_no, "
        "coalesce(u.logo_document_id, o.logo_document_id) as logo, o.brand_colour as colour, coalesce(u.country, "
        "o.country) as country from utility u join organization_setting o on o.one = 1 where u.id = ?", c->utility);
}

static const IssuerRow *issuer_row(Ctx *c) { return kept_fact(c, "bill issuer", 0, read_issuer); }

static PaperIssuer issuer_of(Ctx *c, const IssuerRow *u, const TemplateRow *t) {
    PaperIssuer i = { .name = u->name,
                      .legal_name = u->legal_name,
                      .address = u->address,
                      .phone = paper_phone(&c->mem, u->phone),
                      .emergency_phone = paper_phone(&c->mem, u->emergency_phone),
                      .email = u->email,
                      .website = u->website,
                      .tax_no = u->tax_no,
                      .registration_no = u->registration_no,
                      .colour = PLAN_COLOUR,
                      .is_a4 = t->paper && !strcmp(t->paper, "A4") };
    if (u->city && !strstr(u->address, u->city)) i.address = text(c, "%s, %s", u->address, u->city);
    uint32_t colour;
    const char *wanted = t->colour1 ? t->colour1 : u->colour;
    if (wanted && colour_parse(wanted, &colour)) i.colour = colour_readable(colour);
    Id logo = t->logo.id ? t->logo : u->logo;
    if (logo.id) i.logo = document_read(c, logo, LOGO_MAX, &i.logo_n);
    return i;
}

PaperIssuer paper_issuer(Ctx *c, Id template_version) {
    return issuer_of(c, issuer_row(c), &design_of(c, template_version)->row);
}

/* --- to whom ------------------------------------------------------------------------------------------------------ */

/* ISO 3166-2 "US-OR" is written "OR". */
static const char *state_of(const char *s) {
    const char *dash = s ? strchr(s, '-') : NULL;
    return dash && dash - s == 2 ? dash + 1 : s;
}

static PaperAddress premise_of(const PaperRow *b, const char *home) {
    return (PaperAddress){ .line1 = b->p_line1,
                           .line2 = b->p_line2,
                           .unit = b->p_unit,
                           .city = b->p_city,
                           .state = state_of(b->p_state),
                           .postal_code = b->p_code,
                           .country = b->p_country,
                           .home_country = home };
}

static PaperAddress postal_of(const PaperRow *b, const char *home) {
    PaperAddress to = premise_of(b, home);
    if (!strcmp(b->choice, "own") && b->a_line1)
        to = (PaperAddress){ .line1 = b->a_line1, .line2 = b->a_line2, .city = b->a_city, .state = state_of(b->a_state),
                             .postal_code = b->a_code, .country = b->a_country, .home_country = home };
    if (!strcmp(b->choice, "consumer") && b->c_line1)
        to = (PaperAddress){ .line1 = b->c_line1, .line2 = b->c_line2, .city = b->c_city, .state = state_of(b->c_state),
                             .postal_code = b->c_code, .country = b->c_country, .home_country = home };
    to.name = !strcmp(b->choice, "own") && b->a_name ? b->a_name : b->consumer_name;
    return to;
}

/* --- lines, readings, use ----------------------------------------------------------------------------------------- */

#define SERVICE_NAME(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(ServiceName, SERVICE_NAME)

static const void *read_services(Ctx *c, int64_t none) {
    (void)none;
    ServiceNames *all = take(c, sizeof *all);
    *all = db_all(c, ServiceName, "select code, name from utility_service where utility_id = ? order by id limit 200",
                  c->utility);
    return all;
}

static const char *service_name(Ctx *c, const char *code) {
    const ServiceNames *all = code ? kept_fact(c, "service names", 0, read_services) : NULL;
    for (size_t i = 0; all && i < all->n; i++)
        if (!strcmp(all->v[i].code, code)) return all->v[i].name;
    return code;
}

#define PRINTED(F, T) F(T, const char *, section) F(T, const char *, charge_type) F(T, const char *, service) \
    F(T, const char *, description) F(T, const char *, how) F(T, const char *, unit) F(T, bool, posts) \
    F(T, bool, has_quantity) F(T, Quantity, quantity) F(T, Price, price) F(T, Date, from_date) F(T, Date, to_date) \
    F(T, Money, amount)
ROW(Printed, PRINTED)

static void read_lines(Ctx *c, BillPaper *p, Id bill) {
    Printeds all = db_all(c, Printed, "select l.section, l.charge_type, l.service_code as service, "
        "l.description, json_value(l.detail, '$.how') as how, l.unit, l.posts, l.qty_micro is not null as "
        "has_quantity, coalesce(l.qty_micro, 0) as quantity, coalesce(l.rate_micro, 0) as price, l.from_date, "
        "l.to_date, l.amount_minor as amount from bill_line l where l.bill_id = ? order by l.seq", bill);
    PaperLine *lines = take_n(c, PaperLine, all.n + 1);
    for (size_t i = 0; i < all.n; i++) {
        const Printed *l = &all.v[i];
        lines[i] = (PaperLine){ .section = l->section,
                                .charge_type = l->charge_type,
                                .service = service_name(c, l->service),
                                .description = l->description,
                                .how = l->how,
                                .unit = l->unit,
                                .posts = l->posts,
                                .has_quantity = l->has_quantity,
                                .quantity = l->quantity,
                                .price = l->price,
                                .from = l->from_date,
                                .to = l->to_date,
                                .amount = l->amount };
    }
    p->line = lines;
    p->line_n = all.n;
}

#define KEPT_USE(F, T) F(T, const char *, readings) F(T, const char *, unit)
ROW(KeptUse, KEPT_USE)

enum { READINGS_MAX = 100 };

/* As the bill keeps them; bills that came without (imports, fixtures) show what metering has for them. */
static void read_readings(Ctx *c, BillPaper *p, const PaperRow *b) {
    KeptUse one = { b->readings, b->readings_unit };
    KeptUses kept = { &one, 1 };
    if (b->is_parted)
        kept = db_all(c, KeptUse, "select readings, usage_unit as unit from bill_segment where bill_id = ? "
                                  "order by seq", b->id);
    PaperReading *to = take_n(c, PaperReading, READINGS_MAX);
    size_t n = 0;
    for (size_t i = 0; i < kept.n; i++)
        n += paper_readings(&c->mem, kept.v[i].readings, kept.v[i].unit, to + n, READINGS_MAX - n);
    UsedReadings used = n ? (UsedReadings){ 0 } : bill_readings(c, b->id);
    for (size_t i = 0; i < used.n; i++) {
        const UsedReading *u = &used.v[i];
        to[n++] = (PaperReading){ u->meter_no, u->unit,        date_add_days(u->from, 1),
                                  u->to,       u->from_value,  u->to_value,
                                  u->quantity, u->is_estimated };
    }
    p->reading = to;
    p->reading_n = n;
}

#define PAST(F, T) F(T, Date, period_end) F(T, int, days) F(T, Quantity, use_qty) F(T, bool, is_estimated)
ROW(Past, PAST)

static void read_months(Ctx *c, BillPaper *p, const PaperRow *b) {
    if (!b->usage_unit) return;
    Pasts all = db_all(
        c, Past,
        "select period_end, days, coalesce(usage_qty_micro, 0) as use_qty, is_estimated from bill where "
        "account_id = ? and (status = 'published' or id = ?) and usage_unit = ? and kind in ('cycle', 'single', "
        "'final', 'correction') and (period_end < ? or id = ?) order by period_end desc, id desc limit 13",
        b->account_id, b->id, b->usage_unit, b->period_end, b->id);
    for (size_t i = 0; i < all.n; i++) {
        const Past *m = &all.v[all.n - 1 - i];
        p->month[i] = (PaperMonth){ m->period_end, m->days, m->use_qty, m->is_estimated };
    }
    p->month_n = (int)all.n;
    p->unit = b->usage_unit;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

enum { POOL_MAX = 500, CONSIDERED = 50 };

#define POOLED(F, T) F(T, const char *, texts) F(T, const char *, wanted) F(T, Date, from_on) F(T, Date, to_on)
ROW(Pooled, POOLED)

static const void *read_pool(Ctx *c, int64_t none) {
    (void)none;
    Pooleds *pool = take(c, sizeof *pool);
    *pool = db_all(c, Pooled, "select texts, `condition` as wanted, valid_from as from_on, valid_to as to_on "
                              "from bill_message where utility_id = ? and active = 1 order by priority, id limit ?",
                   c->utility, (int)POOL_MAX);
    return pool;
}

static bool is_of_day(const Pooled *m, Date day) {
    return (!date_is_set(m->from_on) || date_compare(m->from_on, day) <= 0)
        && (!date_is_set(m->to_on) || date_compare(m->to_on, day) >= 0);
}

static void read_messages(Ctx *c, BillPaper *p, const PaperRow *b, const char *lang) {
    if (b->message && *b->message) p->message[p->message_n++] = b->message;
    const Pooleds *pool = kept_fact(c, "bill messages", 0, read_pool);
    PaperMessageFacts facts = { .category = b->category,
                                .is_estimated = b->is_estimated,
                                .is_overdue = b->forward.minor > 0 };
    bool is_counted = false;
    for (size_t i = 0, considered = 0; i < pool->n && p->message_n < PAPER_MESSAGES_MAX; i++) {
        const Pooled *m = &pool->v[i];
        if (!is_of_day(m, b->bill_date)) continue;
        if (++considered > CONSIDERED) break;
        if (!is_counted && m->wanted && strstr(m->wanted, "first_bill")) {
            if (!p->month_n) read_months(c, p, b);          /* not read for a page */
            facts.is_first = p->month_n < 2;
            is_counted = true;
        }
        if (!paper_message_fits(&c->mem, m->wanted, &facts)) continue;
        Json texts = json_read(&c->mem, m->texts, strlen(m->texts), 65536, NULL);
        const char *one = json_text(texts, lang);
        if (!one) one = json_text(texts, "en");
        if (one) p->message[p->message_n++] = text_copy(c, one);
    }
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static const char *plans_of(Ctx *c, Id bill) {
    return db_text(c,
        "select group_concat(distinct concat(p.name, if(v.version_no is null, '', concat(' (', v.version_no, "
        "')'))) order by p.name separator ', ') from bill_segment s join tariff_plan p "
        "on p.id = s.tariff_plan_id left join tariff_plan_version v on v.id = s.tariff_plan_version_id "
        "where s.bill_id = ?",
        bill);
}

/* What pages and mails show as paper does; nothing that only paper has. */
static BillPaper *words_of(Ctx *c, const PaperRow *b, const Design *d, const IssuerRow *u) {
    PaperAddress premise = premise_of(b, u->country), postal = postal_of(b, u->country);
    BillPaper *p = take(c, sizeof *p);
    *p = (BillPaper){ .bill_no = b->bill_no,
                      .account_no = b->account_no,
                      .consumer_no = b->consumer_no,
                      .portal_code = b->portal_code,
                      .consumer_name = b->consumer_name,
                      .status = b->status,
                      .kind = b->kind,
                      .replaces_no = b->replaces_no,
                      .premise = paper_address_line(&c->mem, &premise),
                      .issuer = { .name = u->name },
                      .on = d->on,
                      .pay_url = public_url(c, text(c, "/b/%s", b->pay_token), false),
                      .period_start = b->period_start,
                      .period_end = b->period_end,
                      .bill_date = b->bill_date,
                      .due_date = b->due_date,
                      .days = b->days,
                      .published_at = b->published_at,
                      .exponent = currency_exponent(b->currency),
                      .is_estimated = b->is_estimated,
                      .previous = b->previous,
                      .payments = b->payments,
                      .adjustments = b->adjustments,
                      .posted = b->posted,
                      .forward = b->forward,
                      .current = b->current,
                      .tax = b->tax,
                      .deferred = b->deferred,
                      .total = b->total,
                      .due = b->due,
                      .carried = b->carried };
    p->address_n = paper_address(&c->mem, &postal, p->address);
    return p;
}

static const char *language_of(Ctx *c, const PaperRow *b) {
    return messages_has_language(b->language) ? b->language : utility_here(c)->language;
}

BillPaper *bill_paper_of(Ctx *c, Id bill, const Locale **locale) {
    PaperRow *b = row_of(c, bill);
    const char *lang = language_of(c, b);
    const Design *d = design_of(c, b->template_version);
    const IssuerRow *u = issuer_row(c);
    BillPaper *p = words_of(c, b, d, u);
    p->plans = plans_of(c, bill);
    p->issuer = issuer_of(c, u, &d->row);
    p->how_to_pay = paper_text(&c->mem, d->row.texts, lang, "how_to_pay");
    p->contact = paper_text(&c->mem, d->row.texts, lang, "contact");
    p->terms = paper_text(&c->mem, d->row.texts, lang, "terms");
    p->portal_url = public_url(c, "", true);
    read_lines(c, p, bill);
    read_readings(c, p, b);
    read_months(c, p, b);
    read_messages(c, p, b, lang);
    *locale = locale_in(&c->mem, c->locale, lang);
    return p;
}

BillPaper *bill_paper_words(Ctx *c, const PaperRow *b, const Locale **locale) {
    const char *lang = language_of(c, b);
    BillPaper *p = words_of(c, b, design_of(c, b->template_version), issuer_row(c));
    read_lines(c, p, b->id);
    if (p->on.readings) read_readings(c, p, b);
    if (p->on.messages) read_messages(c, p, b, lang);
    *locale = locale_in(&c->mem, c->locale, lang);
    return p;
}

size_t bill_messages(Ctx *c, Id bill, const char *texts[BILL_MESSAGES_MAX]) {
    PaperRow *b = row_of(c, bill);
    BillPaper *p = take(c, sizeof *p);
    read_messages(c, p, b, language_of(c, b));
    size_t n = 0;
    for (; n < (size_t)p->message_n && n < BILL_MESSAGES_MAX; n++) texts[n] = p->message[n];
    return n;
}
