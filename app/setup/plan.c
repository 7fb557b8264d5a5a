/*
 * Plans with their rates, to look at (ONB02US05; what edits and approves them comes with the story).
 */
#include "app/setup/pages.h"

#include <string.h>

#include "app/core/core.h"
#include "lib/date.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"

static const Choice plan_states[] = { { "draft", NULL }, { "active", NULL }, { "inactive", NULL }, { "retired", NULL },
                                      { 0 } };

static const ListSpec plans = {
    .name = "plans", .one = "plan", .many = "plans", .path = "/plans", .feature = "core.tariffs", .id = "p.id",
    .from = "tariff_plan p", .where = "p.utility_id = ?",
    .columns = COLUMNS {
        { "code",        NULL,        "p.code", LIST | SORT | SEARCH, .link = "/plans/{code}" },
        { "name",        NULL,        "p.name", LIST | SEARCH, .place = "name" },
        { "kind",        NULL,        "p.kind", LIST },
        { "version",     NULL,     "(select max(v.version_no) from tariff_plan_version v where v.plan_id = p.id "
                                   "and v.state in ('approved', 'active'))", LIST },
        { "subscribers", NULL, "(select count(*) from service_connection s "
                               "where s.tariff_plan_id = p.id and s.status = 'active')", LIST },
        { "status",      NULL,      "p.status", LIST | FILTER, .choices = plan_states },
        { 0 } },
    .order = "code" };

void plan_list_page(Req *r) {
    show_text(r, "page.title", "Plans and rates");
    list_show(r, &plans, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define RATE_ROW(F, T) F(T, Id, id) F(T, const char *, label) F(T, const char *, charge_type) \
    F(T, const char *, service_code) F(T, const char *, calc) F(T, const char *, basis) F(T, Price, rate_micro) \
    F(T, Money, amount_minor) F(T, int64_t, rate_ppm) F(T, int64_t, qty_percent_ppm) F(T, const char *, unit) \
        F(T, const char *, gl_code)
ROW(RateRow, RATE_ROW)
#define TIER_ROW(F, T) F(T, bool, unlimited) F(T, Quantity, upto_qty_micro) F(T, Price, rate_micro) \
    F(T, Money, amount_minor)
ROW(TierRow, TIER_ROW)

/* "0 to 5 at $4.50; to 10 at $6.75; above at $9.10" */
static const char *tiers_text(Req *r, Id rate) {
    TierRows all = db_all(r, TierRow, "select upto_qty_micro is null as unlimited, upto_qty_micro, rate_micro, "
                                      "amount_minor from tariff_tier where rate_id=? order by seq", rate);
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < all.n; i++) {
        const TierRow *v = &all.v[i];
        const char *price = v->rate_micro.micro ? locale_price(&r->c.mem, r->c.locale, v->rate_micro)
            : locale_money(&r->c.mem, r->c.locale, v->amount_minor);
        if (v->unlimited) text_addf(&t, "%sabove at %s", i ? "; " : "", price);
        else text_addf(&t, "%s to %s at %s", i ? ";" : "", locale_quantity(&r->c.mem, r->c.locale, v->upto_qty_micro,
            NULL), price);
    }
    return t.s;
}

static const char *price_text(Req *r, const RateRow *v) {
    if (!strcmp(v->calc, "tiered") || !strcmp(v->calc, "flat_by_tier")) return tiers_text(r, v->id);
    if (!strcmp(v->calc, "percent")) return text(r, "%s %%", percent_decimal(&r->c.mem, v->rate_ppm));
    if (!strcmp(v->calc, "flat")) return text(r, "%s a %s", locale_money(&r->c.mem, r->c.locale, v->amount_minor),
                                              v->basis + (strncmp(v->basis, "per_", 4) ? 0 : 4));
    const char *share = v->qty_percent_ppm != 1000000 ? text(r, ", of %s %% of the volume",
        percent_decimal(&r->c.mem, v->qty_percent_ppm)) : "";
    return text(r, "%s a %s%s", locale_price(&r->c.mem, r->c.locale, v->rate_micro), v->unit ? v->unit : "unit", share);
}

#define VERSION_ROW(F, T) F(T, Id, id) F(T, int, version_no) F(T, Date, effective_from) F(T, Date, effective_to) \
    F(T, const char *, state)
ROW(VersionRow, VERSION_ROW)

void plan_page(Req *r) {
    const char *code = path_text(r, "code");
    Id plan = tariff_plan_find(&r->c, code);
    if (!plan.id) fail(r, NOT_FOUND, "There is no plan %s.", code);
    show_text(r, "page.title", text(r, "%s %s", code, db_text(r, "select name from tariff_plan where id=?", plan)));
    show_text(r, "page.crumbs.0.text", "Plans and rates");
    show_text(r, "page.crumbs.0.url", link_path(r, "/plans"));
    show_text(r, "page.crumbs.1.text", code);
    const char *status = db_text(r, "select status from tariff_plan where id=?", plan);
    show_text(r, "show.status.text", state_label(r, status));
    show_text(r, "show.status.tone", state_tone(r, status));
    VersionRows versions = db_all(r, VersionRow, "select id, version_no, effective_from, effective_to, state "
        "from tariff_plan_version where plan_id=? order by effective_from desc, version_no desc limit 10", plan);
    for (size_t i = 0; i < versions.n; i++) {
        const VersionRow *v = &versions.v[i];
        char *section = at(r, "show.sections", i, NULL);
        const char *to = date_is_set(v->effective_to)
            ? text(r, " to %s", locale_date_words(&r->c.mem, r->c.locale, v->effective_to)) : "";
        show_text(r, text(r, "%s.title", section), text(r, "Version %d, from %s%s, %s", v->version_no,
                                                        locale_date_words(&r->c.mem, r->c.locale, v->effective_from),
                                                        to, state_label(r, v->state)));
        show_text(r, text(r, "%s.kind", section), "table");
        TableView *t = table_start(r, text(r, "%s.table", section), text(r, "Rates of version %d", v->version_no));
        table_column(t, "Charge", "text", "id");
        table_column(t, "Service", "code", NULL);
        table_column(t, "Price", "text", "name");
        table_column(t, "GL code", "code", NULL);
        RateRows rates = db_all(r, RateRow, "select id, label, charge_type, service_code, calc, basis, rate_micro, "
                                            "amount_minor, rate_ppm, qty_percent_ppm, unit, gl_code from tariff_rate "
                                            "where version_id=? and enabled=1 order by sequence", v->id);
        for (size_t k = 0; k < rates.n; k++) {
            table_row(t, NULL);
            table_cell(t, rates.v[k].label);
            table_sub(t, rates.v[k].charge_type);
            table_cell(t, rates.v[k].service_code);
            table_cell(t, price_text(r, &rates.v[k]));
            table_cell(t, rates.v[k].gl_code);
        }
        table_empty(t, "No rates yet", NULL);
    }
    page(r, "layout/show");
}
