/*
 * What the platform agrees with one tenant (ONB08US01): another plan, a price by contract, a discount; and corrections
 * of what an organization cannot change itself: its name, its name in addresses, its primary mail (ONB01US01).
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/core/login_rules.h"
#include "app/platform/payment.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

/* --- terms -------------------------------------------------------------------------------------------------------- */

static const Form terms_form = { .name = "terms", .fields = FIELDS {
    { "plan",            TEXT(1, 40), .flags = REQUIRED },
    { "price",           MONEY(0, 10000000000) },
    { "contract_no",     TEXT(0, 60) },
    { "discount",        PERCENT(0, 1000000) },
    { "discount_until",  DATE_FIELD },
    { "discount_reason", TEXT(0, 200) },
    { "reason",          LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

#define TERMS(F, T) F(T, const char *, contract_no) F(T, int64_t, discount_ppm) F(T, Date, discount_until) \
    F(T, const char *, discount_reason)
ROW(Terms, TERMS)

#define GIVEN_PLAN(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, Money, price_minor) \
    F(T, const char *, currency) F(T, const char *, interval) F(T, bool, by_contract)
ROW(GivenPlan, GIVEN_PLAN)

static void head(Req *r, const Tenant *t, const char *title) {
    platform_menu(r, "tenants");
    show_text(r, "page.title", title);
    show_text(r, "page.crumbs.0.text", word(r, "platform.tenants"));
    show_text(r, "page.crumbs.0.url", "/platform/tenants");
    show_text(r, "page.crumbs.1.text", t->name);
    show_text(r, "page.crumbs.1.url", text(r, "/platform/tenants/%s", t->slug));
    show_text(r, "page.crumbs.2.text", title);
}

static Subscription *subscription_here(Req *r, const Tenant *t) {
    Subscription *s = subscription_of(&r->c, t->id);
    if (!s) fail(r, CONFLICT, "%s", word(r, "platform.no_subscription"));
    return s;
}

static Terms *terms_of(Ctx *c, Id subscription) {
    return db_one(c, Terms, "select contract_no, discount_ppm, discount_until, discount_reason "
                            "from smart360.subscription where id = ?", subscription);
}

void agreement_page(Req *r) {
    Ctx *c = &r->c;
    Tenant *t = tenant_of(r);
    Subscription *s = subscription_here(r, t);
    Terms *k = terms_of(c, s->id);
    head(r, t, word(r, "platform.terms"));
    money_fields_in(r, s->currency);
    FormView *v = form_show(r, "form", &terms_form, text(r, "/platform/tenants/%s/terms", t->slug));
    GivenPlans l = db_all(c, GivenPlan, "select id, code, name, price_minor, currency, `interval`, by_contract "
                                        "from smart360.subscription_plan where (active = 1 and currency = ?) or id = ? "
                                        "order by sort limit 50", s->currency, s->plan_id);
    form_set(v, "plan", "kind", "select");
    for (size_t i = 0; i < l.n; i++)
        form_option(v, "plan", l.v[i].code, text(c, "%s, %s", l.v[i].name, l.v[i].by_contract
            ? word(r, "platform.by_contract") : text(c, "%s %s", sub_amount(c, l.v[i].price_minor, l.v[i].currency),
                                                      word(r, text(r, "platform.term.%s", l.v[i].interval)))));
    form_text(v, "plan", s->plan_code);
    form_money(v, "price", s->price_minor);
    form_set(v, "price", "hint", msg_format(r, c->language, "platform.price_how",
        { "term", word(r, text(r, "platform.term.%s", s->term)) },
        { "list", money_decimal(&c->mem, plan_price(s->plan_minor, s->by_year, !strcmp(s->term, "year")),
                                currency_exponent(s->currency)) }));
    form_text(v, "contract_no", k->contract_no);
    form_ppm(v, "discount", k->discount_ppm);
    if (date_is_set(k->discount_until)) form_date(v, "discount_until", k->discount_until);
    form_text(v, "discount_reason", k->discount_reason);
    form_version(v, s->row_version);
    show_text(r, "form.intro", word(r, "platform.terms_how"));
    show_text(r, "form.cancel_url", text(r, "/platform/tenants/%s/tab/subscription", t->slug));
    page(r, "layout/form");
}

static Usages used_by(Ctx *c, Id tenant) {
    const Locale *locale = c->locale;
    const char *language = c->language;
    tenant_enter(c, tenant_by_id(c, tenant));
    Usages u = subscription_usage(c);
    tenant_leave(c);
    c->locale = (Locale *)(uintptr_t)locale;
    c->language = language;
    return u;
}

static const char *terms_json(Ctx *c, const Terms *k, Money price) {
    return json_pairs(c, "price_minor", text(c, "%lld", (long long)price.minor), "contract_no", k->contract_no,
                      "discount_ppm", text(c, "%lld", (long long)k->discount_ppm), "discount_until",
                      date_is_set(k->discount_until) ? date_iso(&c->mem, k->discount_until) : NULL,
                      "discount_reason", k->discount_reason, NULL);
}

/* Another plan begins at once, charged by days; another price or discount with the next invoice. */
void agreement_save(Req *r) {
    Ctx *c = &r->c;
    Tenant *t = tenant_of(r);
    Subscription *s = subscription_here(r, t);
    money_fields_in(r, s->currency);
    Input *in = form_read(r, &terms_form);
    const char *code = in_text(in, "plan");
    GivenPlan *p = code ? db_find(c, GivenPlan, "select id, code, name, price_minor, currency, `interval`, by_contract "
                                                "from smart360.subscription_plan where code = ? and (active = 1 "
                                                "or id = ?)", code, s->plan_id) : NULL;
    if (code && !p) problem(r, "plan", "Choose a plan from the list.");
    bool other = p && p->id.id != s->plan_id.id, by_year = p && !strcmp(p->interval, "year"),
         year = !strcmp(s->term, "year") || (other && by_year);
    if (p && p->by_contract && !in_given(in, "price")) problem(r, "price", "%s", word(r, "platform.price_wanted"));
    Terms *was = terms_of(c, s->id), is = { in_text(in, "contract_no"), in_ppm(in, "discount"),
                                           in_given(in, "discount_until") ? in_date(in, "discount_until") : DATE_NONE,
                                           in_text(in, "discount_reason") };
    if (is.discount_ppm && !is.discount_reason)
        problem(r, "discount_reason", "%s", word(r, "platform.discount_why"));
    if (date_is_set(is.discount_until) && date_compare(is.discount_until, platform_today(c)) < 0)
        problem(r, "discount_until", "%s", word(r, "platform.discount_past"));
    problems_end(r);
    if (in->row_version != s->row_version) fail(c, CONFLICT, "%s", word(r, "platform.terms_changed"));
    Money price = in_given(in, "price") ? in_money(in, "price") : plan_price(p->price_minor, by_year, year);
    if (other && price.minor == s->price_minor.minor && !p->by_contract)
        price = plan_price(p->price_minor, by_year, year);      /* the old plan's price still stood in the field */
    db_must(c, 1, CONFLICT,
            "update smart360.subscription set contract_no = ?, discount_ppm = ?, discount_until = ?, "
            "discount_reason = ?, period_net_minor = ?, updated_at = ?, updated_by = ?, "
            "row_version = row_version + 1 where id = ? and row_version = ?",
            is.contract_no, is.discount_ppm, is.discount_until, is.discount_reason, period_net(s), c->now, c->user,
            s->id, s->row_version);                 /* the running period stays worth what it was invoiced at */
    if (other) {
        Usages used = used_by(c, t->id);
        subscription_give(c, subscription_of(c, t->id), p->id, price, &used);
    } else {
        db_run(c, "update smart360.subscription set price_minor = ? where id = ?", price, s->id);
    }
    audit_write(c, &(Audit){ .action = "edit", .entity = "tenant", .id = t->id, .number = t->slug,
                             .before = terms_json(c, was, s->price_minor), .after = terms_json(c, &is, price),
                             .reason = in_text(in, "reason") });
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/platform/tenants/%s/tab/subscription", t->slug);
}

/* --- corrections -------------------------------------------------------------------------------------------------- */

static const Form correction_form = { .name = "correction", .fields = FIELDS {
    { "name",        TEXT(2, 150), .flags = REQUIRED },
    { "slug",        TEXT(2, 31), .flags = REQUIRED, .chars = "a-z0-9-" },
    { "admin_email", EMAIL, .flags = REQUIRED },
    { "reason",      LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

void correction_page(Req *r) {
    Tenant *t = tenant_of(r);
    head(r, t, word(r, "platform.correction"));
    FormView *v = form_show(r, "form", &correction_form, text(r, "/platform/tenants/%s/correction", t->slug));
    form_text(v, "name", t->name);
    form_text(v, "slug", t->slug);
    form_text(v, "admin_email", t->admin_email);
    form_version(v, (int)db_int(r, "select row_version from smart360.tenant where id = ?", t->id));
    show_text(r, "form.intro", word(r, "platform.correction_how"));
    show_text(r, "form.cancel_url", text(r, "/platform/tenants/%s", t->slug));
    page(r, "layout/form");
}

/* The data key is sealed for the name in addresses: the same key, sealed for the new one. */
static Bytes key_for_slug(Ctx *c, Id tenant, const char *was, const char *is) {
    Keys *keys = take(c, sizeof *keys);
    later(c, keys_wipe, keys);
    const char *sealed = db_text(c, "select data_key from smart360.tenant where id = ? for update", tenant);
    if (!sealed || !data_key_open(&c->mem, installation_keys(), was, sealed, keys))
        fail(c, BROKEN, "the data key of tenant %s does not open", was);
    return bytes_of(data_key_seal(&c->mem, installation_keys(), is, keys));
}

static void check_correction(Req *r, const Tenant *t, const Input *in) {
    Ctx *c = &r->c;
    const char *slug = in_text(in, "slug"), *served = installation()->default_tenant;
    if (slug && strcmp(slug, t->slug)) {
        check_slug(r, slug, t->id);
        if (served && !strcmp(served, t->slug))
            problem(r, "slug", "%s", msg_format(r, c->language, "platform.slug_default", { "slug", t->slug }));
    }
    if (in_given(in, "name") && db_int(c, "select count(*) from smart360.tenant where name = ? and id <> ?",
                                       in_text(in, "name"), t->id))
        problem(r, "name", "%s is taken.", in_text(in, "name"));
}

/* Kept in both audits: the organization sees what was corrected, and why. */
void correction_save(Req *r) {
    Ctx *c = &r->c;
    Tenant *t = tenant_of(r);
    Input *in = form_read(r, &correction_form);
    check_correction(r, t, in);
    problems_end(r);
    if (!strcmp(t->status, "archived") || !strcmp(t->status, "provisioning") || !strcmp(t->status, "failed"))
        fail(c, CONFLICT, "This tenant is %s.", state_label(r, t->status));
    const char *name = in_text(in, "name"), *slug = in_text(in, "slug"), *mail = in_text(in, "admin_email");
    const char *was = json_pairs(c, "name", t->name, "slug", t->slug, "admin_email", t->admin_email, NULL);
    const char *is = json_pairs(c, "name", name, "slug", slug, "admin_email", mail, NULL);
    Bytes key = key_for_slug(c, t->id, t->slug, slug);
    db_must(c, 1, CONFLICT, "update smart360.tenant set name = ?, slug = ?, admin_email = ?, data_key = ?, "
                            "updated_at = ?, updated_by = ?, row_version = row_version + 1 where id = ? "
                            "and row_version = ?", name, slug, mail, key, c->now, c->user, t->id, in->row_version);
    if (strcmp(slug, t->slug))
        db_run(c, "update smart360.platform_setting set name = concat('backup.', ?) where name = concat('backup.', ?)",
               slug, t->slug);
    audit_write(c, &(Audit){ .action = "correct", .entity = "tenant", .id = t->id, .number = slug, .before = was,
                             .after = is, .version = in->row_version + 1, .reason = in_text(in, "reason") });
    const char *language = c->language;
    const Locale *locale = c->locale;
    tenant_enter(c, tenant_by_id(c, t->id));
    organization_correct(c, name, mail, in_text(in, "reason"));
    tenant_leave(c);
    c->language = language;
    c->locale = (Locale *)(uintptr_t)locale;
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/platform/tenants/%s", slug);
}
