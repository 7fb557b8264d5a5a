/*
 * Mapping of charge types to GL codes (BX05US01, tab Mapping): which code a charge of a type, for a service, of a
 * category posts to from a date on. Posted entries stay as they are. Resolution, most specific first: ledger.c.
 */
#include <string.h>

#include "app/billing/gl.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

static const Resource charge_type_choice = { .table = "charge_type", .path = "/bx/gl-codes/mapping", .feature = "bx.gl",
                                             .where = "x.active = 1",
                                             .fields = FIELDS { { "code", TEXT(1, 30) }, { 0 } } };
static const Resource service_choice     = { .table = "utility_service", .path = "/bx/gl-codes/mapping",
                                             .feature = "bx.gl",
                                             .fields = FIELDS { { "code", TEXT(2, 4) }, { 0 } } };
static const Resource category_choice    = { .table = "consumer_category", .path = "/bx/gl-codes/mapping",
                                             .feature = "bx.gl",
                                             .fields = FIELDS { { "code", TEXT(2, 10) }, { 0 } } };
static const Resource tax_choice         = { .table = "tax_code", .path = "/bx/gl-codes/mapping", .feature = "bx.gl",

                                             .fields = FIELDS { { "code", TEXT(1, 20) }, { 0 } } };

static const Form mapping_form = { .name = "gl_mapping", .fields = FIELDS {
    { "charge_type", REF(charge_type_choice), .flags = REQUIRED },
    { "service",     REF(service_choice) },
    { "category",    REF(category_choice) },
    { "tax_code",    REF(tax_choice) },
    { "gl_code",     REF(gl_code),            .flags = REQUIRED },
    { "valid_from",  DATE_FIELD,              .flags = REQUIRED },
    { 0 } } };

#define NAMED(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name)
ROW(Named, NAMED)

static Nameds charge_types(Ctx *c) {
    return db_all(c, Named, "select id, code, name from charge_type where utility_id=? and active=1 "
                            "and section<>'info' order by sort, code", c->utility);
}
static Nameds services(Ctx *c) {
    return db_all(c, Named, "select id, code, name from utility_service where utility_id=? "
                            "and active=1 order by sort, code", c->utility);
}
static Nameds categories(Ctx *c) {
    return db_all(c, Named, "select id, code, name from consumer_category where utility_id=? order by code",
                  c->utility);
}

/* --- the matrix --------------------------------------------------------------------------------------------------- */

static bool is_complete(Ctx *c, const Named *type, Nameds in_use, GlFacts f) {
    f.charge_type = type->code;
    for (size_t s = 0; s < in_use.n; s++) {
        f.service_code = in_use.v[s].code;
        if (!gl_mapping_find(c, &f, NULL).id) return false;
    }
    f.service_code = NULL;
    return in_use.n || gl_mapping_find(c, &f, NULL).id;
}

int64_t gl_unmapped(Ctx *c) {
    Nameds types = charge_types(c), in_use = services(c);
    int64_t n = 0;
    for (size_t i = 0; i < types.n; i++)
        n += !is_complete(c, &types.v[i], in_use, (GlFacts){ .date = utility_today(c) });
    return n;
}

typedef struct Matrix { Req *r; TableView *table; Nameds codes; const Named *category; size_t rows; } Matrix;

static const char *code_of(const Matrix *m, Id id) {
    for (size_t i = 0; i < m->codes.n; i++)
        if (m->codes.v[i].id.id == id.id) return m->codes.v[i].code;
    return NULL;
}

/* A cell: its own mapping, one that a more general mapping gives (muted), or none. */
static void show_cell(const Matrix *m, const char *cell, const GlFacts *f, bool complete) {
    Req *r = m->r;
    int fits;
    const char *code = code_of(m, gl_mapping_find(&r->c, f, &fits));
    bool own = fits == (f->service_code ? 4 : 0) + (m->category ? 2 : 0);
    table_cell(m->table, code ? code : msg(r->c.language, complete ? "billing.gl.none" : "billing.gl.unmapped"));
    if (code || !complete)
        table_link(m->table, link_open(r, "/bx/gl-codes/mapping/new?charge_type=%s&service=%s&category=%s",
                                       f->charge_type, f->service_code ? f->service_code : "", m->category
                                       ? m->category->code : ""));
    if (!code && !complete) show_text(r, text(r, "%s.tone", cell), "bad");
    if (code && !own) show_text(r, text(r, "%s.muted", cell), "1");
}

static void show_type(Matrix *m, const Named *type, Nameds in_use) {
    GlFacts f = { .charge_type = type->code, .date = utility_today(&m->r->c), .category = m->category ? m->category->id
                  : (Id){ 0 } };
    bool complete = is_complete(&m->r->c, type, in_use, f);
    table_row(m->table, NULL);
    table_cell(m->table, type->name);
    table_sub(m->table, type->code);
    for (size_t s = 0; s <= in_use.n; s++) {
        f.service_code = s ? in_use.v[s - 1].code : NULL;
        show_cell(m, text(m->r, "show.sections.1.table.rows.%zu.cells.%zu", m->rows, s + 1), &f, complete);
    }
    m->rows++;
}

/* Which category's matrix is shown. */
static const Named *show_category(Req *r) {
    Nameds all = categories(&r->c);
    const char *asked = query_text(r, "category");
    const Named *chosen = NULL;
    show_text(r, "show.sections.0.form.action", link_path(r, "/bx/gl-codes/mapping"));
    show_text(r, "show.sections.0.form.get", "1");
    show_text(r, "show.sections.0.form.submit", msg(r->c.language, "billing.gl.show"));
    const char *field = "show.sections.0.form.fields.category";
    show_text(r, text(r, "%s.name", field), "category");
    show_text(r, text(r, "%s.kind", field), "select");
    show_text(r, text(r, "%s.label", field), word(r, "billing.run.category"));
    show_text(r, text(r, "%s.blank", field), msg(r->c.language, "billing.gl.any_category"));
    show_text(r, text(r, "%s.value", field), asked);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, text(r, "%s.options.%zu.value", field, i), all.v[i].code);
        show_text(r, text(r, "%s.options.%zu.text", field, i), all.v[i].name);
        if (asked && !strcmp(asked, all.v[i].code)) chosen = &all.v[i];
    }
    return chosen;
}

void gl_mapping_page(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "page.title", msg(c->language, "billing.gl.mapping"));
    page_tabs(r, "gl", "/bx/gl-codes/mapping");
    if (lib_app.may(c, "bx.gl", EDIT)) {
        show_text(r, "page.actions.0.text", msg(c->language, "billing.gl.map"));
        show_text(r, "page.actions.0.url", link_path(r, "/bx/gl-codes/mapping/new"));
        show_text(r, "page.actions.0.kind", "primary");
    }
    int64_t unmapped = gl_unmapped(c);
    if (unmapped) {
        show_text(r, "show.notices.0.tone", "bad");
        show_text(r, "show.notices.0.strong", msg_plural(r, c->language, "billing.gl.unmapped_types", unmapped, NULL));
        show_text(r, "show.notices.0.text", msg(c->language, "billing.gl.unmapped_how"));
    }
    Nameds types = charge_types(c), in_use = services(c);
    Matrix m = { .r = r, .category = show_category(r) };
    m.codes = db_all(c, Named, "select id, code, name from gl_code where utility_id=?", c->utility);
    show_text(r, "show.sections.1.title",
              msg_format(r, c->language, "billing.gl.matrix",
                         { "date", locale_date(&c->mem, c->locale, utility_today(c)) }));
    m.table = table_start(r, "show.sections.1.table", msg(c->language, "billing.gl.mapping"));
    table_column(m.table, word(r, "billing.gl.charge_type"), "text", "id");
    table_column(m.table, msg(c->language, "billing.gl.any_service"), "code", NULL);
    for (size_t s = 0; s < in_use.n; s++) table_column(m.table, in_use.v[s].name, "code", NULL);
    for (size_t i = 0; i < types.n; i++) show_type(&m, &types.v[i], in_use);

    show_text(r, "show.sections.2.title", msg(c->language, "billing.gl.particular"));
    TableView *t = table_start(r, "show.sections.2.table", msg(c->language, "billing.gl.particular"));
    table_column(t, word(r, "billing.gl.charge_type"), "code", "id");
    table_column(t, word(r, "billing.gl.service"), "text", NULL);
    table_column(t, word(r, "billing.run.category"), "text", NULL);
    table_column(t, word(r, "billing.run.tax"), "text", NULL);
    table_column(t, word(r, "billing.bill.gl_code"), "code", "amount");
    table_column(t, word(r, "billing.gl.valid_from"), "date", NULL);
    table_rows_of(t, NULL, "select m.charge_type, if(m.service_code='', 'Any', m.service_code) as service, "
                           "coalesce(k.name, 'Any') as category, m.tax_code as tax, concat(g.code, ' ', g.name) as gl, "
                           "m.valid_from as valid_on "
        "from gl_mapping m join gl_code g on g.id=m.gl_code_id left join consumer_category k on k.id=m.category_id "
        "where m.utility_id=? and (m.category_id>0 or m.tax_code<>'' or m.valid_from>'2000-01-01') "
        "order by m.charge_type, m.service_code, m.category_id, m.tax_code, m.valid_from limit 500", c->utility);
    table_empty(t, msg(c->language, "billing.gl.particular_none"), NULL);
    page(r, "layout/show");
}

/* --- setting one -------------------------------------------------------------------------------------------------- */

static void options(FormView *v, const char *field, Nameds all) {
    for (size_t i = 0; i < all.n; i++) form_option(v, field, all.v[i].code, all.v[i].name);
}

void gl_mapping_new(Req *r) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "form", &mapping_form, "/bx/gl-codes/mapping");
    options(v, "charge_type", charge_types(c));
    options(v, "service", services(c));
    options(v, "category", categories(c));
    options(v, "tax_code", db_all(c, Named, "select min(id) as id, code, max(name) as name from tax_code "
                                            "where utility_id=? and active=1 group by code order by code", c->utility));
    options(v, "gl_code", db_all(c, Named, "select id, code, concat(code, ' ', name) as name from gl_code "
                                           "where utility_id=? and active=1 order by code", c->utility));
    static const char *const asked[] = { "charge_type", "service", "category" };
    for (size_t i = 0; i < 3; i++) form_text(v, asked[i], query_text(r, asked[i]));
    form_date(v, "valid_from", utility_today(c));
    show_text(r, "page.title", msg(c->language, "billing.gl.map"));
    show_text(r, "page.crumbs.0.text", msg(c->language, "billing.gl.mapping"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/gl-codes/mapping"));
    show_text(r, "page.crumbs.1.text", msg(c->language, "billing.gl.map"));
    show_text(r, "form.intro", msg(c->language, "billing.gl.map_how"));
    show_text(r, "form.cancel_url", link_path(r, "/bx/gl-codes/mapping"));
    page(r, "layout/form");
}

/* What waits under this mapping's alert is answered; a mapping for any service answers all. */
static void clear_alerts(Ctx *c, const char *type, const char *service) {
    Nameds all = services(c);
    alert_clear(c, text(c, "gl.unmapped:%s:%s", type, service));
    for (size_t i = 0; i < all.n && !*service; i++) alert_clear(c, text(c, "gl.unmapped:%s:%s", type, all.v[i].code));
}

void gl_mapping_save(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &mapping_form);
    Id code = in_ref(in, "gl_code");
    if (code.id && !db_int(c, "select active from gl_code where id=?", code))
        problem(r, "gl_code", "%s is not active.", in_text(in, "gl_code"));
    problems_end(r);
    const char *type = in_text(in, "charge_type"), *service = in_text(in, "service"), *tax = in_text(in, "tax_code");
    service = service ? service : "";
    tax = tax ? tax : "";
    Id category = in_ref(in, "category");
    Date from = in_date(in, "valid_from");
    const char *before = db_text(c, "select g.code from gl_mapping m join gl_code g on g.id=m.gl_code_id "
                                    "where m.utility_id=? and m.charge_type=? and m.service_code=? and m.category_id=? "
                                    "and m.tax_code=? and m.valid_from<=? "
        "order by m.valid_from desc limit 1", c->utility, type, service, category.id, tax, from);
    Id id = db_insert(c, "insert into gl_mapping (utility_id, charge_type, service_code, category_id, tax_code, "
                         "gl_code_id, valid_from, created_by, updated_by) values (?,?,?,?,?,?,?,?,?) "
        "on duplicate key update id=last_insert_id(id), gl_code_id=values(gl_code_id), updated_by=values(updated_by), "
        "updated_at=utc_timestamp(6), row_version=row_version+1",
                      c->utility, type, service, category.id, tax, code, from, c->user, c->user);
    audit_write(c, &(Audit){ .action = before ? "edit" : "create", .entity = "gl_mapping", .id = id,
                             .number = text(c, "%s %s", type, service),
                             .before = before ? json_pairs(c, "gl_code", before, NULL) : NULL,
                             .after = json_pairs(c, "gl_code", in_text(in, "gl_code"), "valid_from",
                                                 date_iso(&c->mem, from), "category", in_text(in, "category"),
                                                 "tax_code", in_text(in, "tax_code"), NULL) });
    clear_alerts(c, type, service);
    note(r, "%s", msg_format(r, c->language, "billing.gl.mapped", { "type", type },
                             { "code", in_text(in, "gl_code") }));
    go(r, "/bx/gl-codes/mapping");
}
