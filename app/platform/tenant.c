/*
 * Tenants on the platform's pages (ONB08US01): the list, a new one made by a job, one with what it bought and uses, its
 * invoices and moves. Never a consumer's data.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/core/login_rules.h"
#include "app/core/user.h"
#include "app/platform/payment.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/places.h"
#include "lib/table.h"
#include "lib/utf8.h"

/* --- what stands on every page of the platform -------------------------------------------------------------------- */

void platform_menu(Req *r, const char *here) {
    static const char *const paths[] = { "/platform/tenants", "/platform/plans", "/platform/payments",
                                         "/platform/gateways", "/platform/seller" },
        *const keys[] = { "tenants", "plans", "payments", "gateways", "seller" },
        *const icons[] = { "building", "receipt", "cash", "plug", "id" };
    size_t n = sizeof keys / sizeof *keys - !perm_may(&r->c, "platform.plans", EDIT);     /* the last is edited */
    for (size_t i = 0; i < n; i++) {
        show_text(r, at(r, "menu", i, "text"), msg(r->c.language, text(r, "platform.%s", keys[i])));
        show_text(r, at(r, "menu", i, "url"), paths[i]);
        show_text(r, at(r, "menu", i, "icon"), icons[i]);
        if (!strcmp(here, keys[i])) show_text(r, at(r, "menu", i, "current"), "page");
    }
}

void platform_root(Req *r) { go(r, "/platform/tenants"); }

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const Choice tenant_states[] = { { "provisioning", NULL }, { "failed", NULL }, { "trial", NULL },
                                        { "active", NULL },
    { "past_due", NULL }, { "suspended", NULL }, { "cancelled", NULL }, { "archived", NULL }, { 0 } };

static const ListAction tenant_actions[] = { { "New tenant", "/platform/tenants/new", "plus", "platform.tenants",
                                               CREATE,
                                               true }, { 0 } };

static const ListSpec tenants = {
    .name = "tenants", .one = "tenant", .many = "tenants", .path = "/platform/tenants", .feature = "platform.tenants",
    .from = "smart360.tenant t left join smart360.subscription s on s.tenant_id = t.id and s.live = 1 "
            "left join smart360.subscription_plan p on p.id = s.plan_id", .id = "t.id",
    .columns = COLUMNS {
        { "name",        NULL, "t.name", LIST | SEARCH | SORT, .link = "/platform/tenants/{slug}", .place = "id" },
        { "slug",        NULL, "t.slug", LIST | SEARCH, .kind = "code" },
        { "plan",        NULL, "p.name", LIST | FILTER, .options = "select name as value, name as label from "
                               "smart360.subscription_plan order by sort" },
        { "country",     NULL, "t.country", LIST | FILTER, .options = "select distinct country as value, country as "
                               "label from smart360.tenant where country is not null order by 1" },
        { "accounts",    NULL, "(select u.value from smart360.subscription_usage u where u.tenant_id = t.id "
                               "and u.metric = 'accounts' order by u.period desc limit 1)", LIST },
        { "seats",       NULL, "(select u.value from smart360.subscription_usage u where u.tenant_id = t.id "
                               "and u.metric = 'seats' order by u.period desc limit 1)", LIST },
        { "utilities",   NULL, "(select u.value from smart360.subscription_usage u where u.tenant_id = t.id "
                               "and u.metric = 'utilities' order by u.period desc limit 1)", LIST },
        { "mrr_minor",   NULL, "if(s.term = 'year', s.price_minor div 12, s.price_minor)", LIST,
          .place = "amount", .currency = "currency" },
        { "currency",    NULL, "s.currency", 0 },
        { "renewal_on",  NULL, "s.current_period_end", LIST | SORT },
        { "active_at",   NULL, "(select from_unixtime(max(u.value)) from smart360.subscription_usage u "
                               "where u.tenant_id = t.id and u.metric = 'last_active')", LIST },
        { "status",      NULL, "t.status", LIST | FILTER, .choices = tenant_states },
        { 0 } },
    .order = "name", .actions = tenant_actions, .empty_title = "No tenants yet", .empty_text = "Make the first one.",
};

#define RECURRING(F, T) F(T, const char *, currency) F(T, Money, minor)
ROW(Recurring, RECURRING)

/* "4200.00 USD, 300.00 EUR a month": of those who pay. */
static const char *recurring(Req *r) {
    Recurrings l = db_all(r, Recurring, "select s.currency, cast(sum(if(s.term = 'year', s.price_minor div 12, "
                                        "s.price_minor)) as signed) as minor from smart360.subscription s "
                                        "join smart360.tenant t on t.id = s.tenant_id where s.live = 1 "
                                        "and t.status in ('active', 'past_due') group by s.currency order by 2 desc "
                                        "limit 20");
    const char *all = NULL;
    for (size_t i = 0; i < l.n; i++)
        all = text(r, "%s%s%s", all ? all : "", all ? ", " : "", sub_amount(&r->c, l.v[i].minor, l.v[i].currency));
    return all ? msg_format(r, r->c.language, "platform.recurring", { "amount", all }) : NULL;
}

void tenant_list_page(Req *r) {
    platform_menu(r, "tenants");
    show_text(r, "page.title", msg(r->c.language, "platform.tenants"));
    show_text(r, "page.sub", recurring(r));
    list_show_(r, &tenants, NULL, 0);
    if (!r->status) page(r, "layout/list");
}

/* --- a new one ---------------------------------------------------------------------------------------------------- */

static const Choice terms[] = { { "month", "Monthly" }, { "year", "Yearly, ten months' price" }, { 0 } };

static const Form tenant_form = { .name = "tenant", .fields = FIELDS {
    { "name",        "Name of the organization", TEXT(2, 150), .flags = REQUIRED },
    { "slug",        "Name in addresses", TEXT(2, 31), .flags = REQUIRED, .chars = "a-z0-9-",
      .hint = "Small letters, digits and dashes; a letter first." },
    { "admin_email", "E-mail of its administrator", EMAIL, .flags = REQUIRED },
    { "admin_name",  "Name of its administrator", TEXT(2, 120), .flags = REQUIRED },
    { "country",     "Country", TEXT(2, 2), .flags = UPPER, .hint = "Two letters, as US" },
    { "plan",        "Plan", TEXT(1, 40), .flags = REQUIRED },
    { "term",        "Term", CHOICE(terms), .flags = REQUIRED, .initial = "month" },
    { "trial_days",  "Days of trial", INT(0, 90), .initial = "0" },
    { 0 } } };

#define SOLD(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, Money, price_minor) \
    F(T, const char *, currency) F(T, const char *, interval)
ROW(Sold, SOLD)

/* A plan by contract is given by the platform alone, with its price (terms.c). */
static void plan_options(Req *r, FormView *v, const char *field, const char *currency) {
    Solds l = db_all(r, Sold, "select id, code, name, price_minor, currency, `interval` "
                              "from smart360.subscription_plan where active=1 and by_contract=0 "
                              "and (? is null or currency = ?) order by sort", currency, currency);
    form_set(v, field, "kind", "select");
    form_set(v, field, "blank", msg(r->c.language, "ui.choose"));
    for (size_t i = 0; i < l.n; i++)
        form_option(v, field, l.v[i].code, text(r, "%s, %s %s", l.v[i].name,
                    sub_amount(&r->c, l.v[i].price_minor, l.v[i].currency),
                    word(r, text(r, "platform.term.%s", l.v[i].interval))));
}

void tenant_new_page(Req *r) {
    platform_menu(r, "tenants");
    FormView *v = form_show(r, "form", &tenant_form, "/platform/tenants");
    plan_options(r, v, "plan", NULL);
    show_text(r, "form.submit", msg(r->c.language, "platform.make_tenant"));
    show_text(r, "form.cancel_url", "/platform/tenants");
    show_text(r, "page.title", msg(r->c.language, "platform.new_tenant"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "platform.tenants"));
    show_text(r, "page.crumbs.0.url", "/platform/tenants");
    show_text(r, "page.crumbs.1.text", msg(r->c.language, "platform.new_tenant"));
    page(r, "layout/form");
}

/* The name a tenant was made by stays taken: its schema and its files are called so, whatever was corrected since. */
void check_slug(Req *r, const char *slug, Id own) {
    static const char *const reserved[] = { "www", "api", "admin", "platform", NULL };
    if (!slug) return;
    for (const char *const *w = reserved; *w; w++)
        if (!strcmp(*w, slug)) problem(r, "slug", "%s is reserved.", slug);
    if (*slug < 'a' || *slug > 'z') problem(r, "slug", "%s", "Begin with a letter.");
    if (db_int(r, "select count(*) from smart360.tenant where (slug = ? or schema_name = concat('smart360_t_', ?)) "
                  "and id <> ?", slug, slug, own.id))
        problem(r, "slug", "%s is taken.", slug);
}

static void order_provision(Ctx *c, Id tenant, const char *slug) {
    job_enqueue(c, &(NewJob){ .kind = "tenant.provision", .payload = text(c, "{\"tenant\":%lld}", (long long)tenant.id),
                              .unique_key = text(c, "tenant.provision:%s", slug) });
}

void tenant_new_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &tenant_form);
    const char *slug = in_text(in, "slug"), *code = in_text(in, "plan");
    check_slug(r, slug, (Id){ 0 });
    if (in_given(in, "name") && db_int(c, "select count(*) from smart360.tenant where name=?", in_text(in, "name")))
        problem(r, "name", "%s is taken.", in_text(in, "name"));
    Sold *p = code ? db_find(c, Sold, "select id, code, name, price_minor, currency, `interval` "
                                      "from smart360.subscription_plan where code=? and active=1 "
                                      "and by_contract=0", code) : NULL;
    if (code && !p) problem(r, "plan", "Choose a plan from the list.");
    bool year = in_given(in, "term") && !strcmp(in_text(in, "term"), "year"), by_year = p && !strcmp(p->interval,
                                                                                                     "year");
    if (by_year && !year) problem(r, "term", "%s", msg_format(r, c->language, "platform.by_year", { "plan", p->name }));
    problems_end(r);
    Date today = platform_today(c);
    int trial = (int)in_int(in, "trial_days");
    Id id = db_insert(c,
        "insert into smart360.tenant (slug, name, schema_name, data_key, admin_email, admin_name, country, "
        "provisioning_stage, created_at, created_by, updated_at, updated_by) values (?,?,?,?,?,?,?,'row',?,?,?,?)",
        slug, in_text(in, "name"), text(c, "smart360_t_%s", slug),
        bytes_of(data_key_new(&c->mem, installation_keys(), slug)), in_text(in, "admin_email"),
        in_text(in, "admin_name"), in_text(in, "country"), c->now, c->user, c->now, c->user);
    db_insert(c, "insert into smart360.subscription (tenant_id, plan_id, status, term, current_period_start, "
                 "current_period_end, trial_end, price_minor, currency, created_by) values (?,?,?,?,?,?,?,?,?,?)", id,
              p->id,
              trial ? "trial" : "active", in_text(in, "term"), today,
              trial ? date_add_days(today, trial - 1) : period_last(today, year),
                  trial ? date_add_days(today, trial - 1)
              : DATE_NONE, plan_price(p->price_minor, by_year, year), p->currency, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "tenant", .id = id, .number = slug, .version = 1,
                             .after = json_pairs(c, "name", in_text(in, "name"), "plan", p->code, NULL) });
    order_provision(c, id, slug);
    note(r, "%s", msg(c->language, "platform.being_made"));
    go(r, "/platform/tenants/%s", slug);
}

/* --- making it ---------------------------------------------------------------------------------------------------- */

#define FRESH(F, T) F(T, Id, id) F(T, const char *, slug) F(T, const char *, name) F(T, const char *, admin_email) \
    F(T, const char *, admin_name) F(T, const char *, country) F(T, const char *, status) F(T, bool, is_trial)
ROW(Fresh, FRESH)

static void made(Ctx *c, void *arg) {
    const Fresh *t = arg;
    db_run(c, "update smart360.tenant set status=?, provisioning_stage=null where id=?",
           t->is_trial ? "trial" : "active",
           t->id);
    invoice_first(c, t->id);
    audit_note(c, "provisioned", "tenant", t->id, t->slug, NULL);
}

static void not_made(Ctx *c, void *arg) {
    const Fresh *t = arg;
    db_run(c, "update smart360.tenant set status='failed' where id=? and status='provisioning'", t->id);
    audit_note(c, "provisioning_failed", "tenant", t->id, t->slug, NULL);
}

static void invite_admin(Ctx *c, void *arg) {
    const Fresh *t = arg;
    const char *email = email_lower(&c->mem, t->admin_email);
    db_run(c, "update smart360.tenant set provisioning_stage='administrator' where id=?", t->id);
    if (db_int(c, "select exists (select 1 from user where email=?)", email)) return;      /* by an earlier try */
    user_invite(c, &(NewUser){ .full_name = t->admin_name, .email = email,
                               .role = db_id(c, "select id from role where code='tenant_admin' "
                                                "and utility_id is null") });
}

/*
 * Each stage can run twice, so a try that was killed anywhere is simply made again: schema, migrations and seeds by
 * `tenant create`, the administrator with an invitation by mail, then the state.
 */
JobStep provision_job(Ctx *c, const JobRow *job) {
    int64_t id = 0;
    json_int(json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL), "tenant", &id);
    Fresh *t = db_one(c, Fresh,
                      "select t.id, t.slug, t.name, t.admin_email, coalesce(t.admin_name, t.name) as admin_name, "
                      "t.country, t.status, coalesce(s.status='trial', 0) as is_trial from smart360.tenant t left join "
                      "smart360.subscription s on s.tenant_id=t.id and s.live=1 where t.id=?", (Id){ id });
    bool half = !strcmp(t->status, "active")
        && db_int(c,
            "select provisioning_stage is not null "
            "from smart360.tenant where id=?",
            t->id);
    if (strcmp(t->status, "provisioning") && strcmp(t->status, "failed") && !half) return STEP_DONE;
    const char *const make[] = { "tenant", "create", t->slug, "--name", t->name, "--admin-email", t->admin_email,
                                 "--stage", "seeded", t->country ? "--country" : NULL, t->country, NULL };
    if (!half && !command_child(c, make)) {
        job_step(c, not_made, t);
        job_give_up(c, "tenant %s could not be made: see the log", t->slug);
    }
    TenantRow *row = tenant_by_id(c, t->id);
    tenant_enter(c, row);
    job_step(c, invite_admin, t);
    tenant_leave(c);
    job_step(c, made, t);
    return STEP_DONE;
}

/* --- one tenant --------------------------------------------------------------------------------------------------- */

Tenant *tenant_of(Req *r) {
    Tenant *t = db_find(r, Tenant,
                        "select id, slug, name, status, admin_email, country, provisioning_stage, created_at, "
                        "suspended_at, cancelled_at, archive_file from smart360.tenant where slug=?",
                        path_text(r, "slug"));
    if (!t) fail(r, NOT_FOUND, "There is no such tenant.");
    return t;
}

/* asks: what it stops is said, and a reason given, on a page of its own. */
static void move_button(Req *r, size_t *n, const Tenant *t, const char *event, const char *path, bool asks) {
    show_text(r, at(r, "show.moves", *n, "text"), msg(r->c.language, text(r, "platform.%s", event)));
    show_text(r, at(r, "show.moves", *n, "url"), text(r, "/platform/tenants/%s/%s", t->slug, path));
    if (asks) show_text(r, at(r, "show.moves", *n, "kind"), "danger");
    else show_text(r, at(r, "show.moves", *n, "post"), "1");
    (*n)++;
}

static bool is_state(const Tenant *t, const char *state) { return !strcmp(t->status, state); }

static bool may_suspend(const Tenant *t) {
    return is_state(t, "active") || is_state(t, "trial") || is_state(t, "past_due");
}

static bool may_cancel(const Tenant *t) {
    return !is_state(t, "cancelled") && !is_state(t, "archived") && !is_state(t, "provisioning");
}

static void show_kept_usage(Req *r, const Tenant *t, const Subscription *s, const char *at_) {
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, "platform.usage"));
    TableView *v = table_start(r, text(r, "%s.table", at_), msg(r->c.language, "platform.usage"));
    table_column(v, msg(r->c.language, "platform.metric"), "text", "id");
    table_column(v, msg(r->c.language, "platform.used"), "num", "amount");
    table_column(v, msg(r->c.language, "platform.limit"), "num", NULL);
    static const char *const metrics[] = { "accounts", "seats", "utilities", "sms_month", "email_month", "storage_mb" };
    for (size_t i = 0; i < 6; i++) {
        int64_t limit = s ? limit_of(&r->c, s, metrics[i]) : -1;
        table_row(v, NULL);
        table_cell(v, msg(r->c.language, text(r, "platform.metric.%s", metrics[i])));
        table_int(v, db_int(r, "select value from smart360.subscription_usage where tenant_id=? and metric=? "
                               "order by period desc limit 1", t->id, metrics[i]));
        if (limit >= 0) table_int(v, limit);
        else table_cell(v, msg(r->c.language, "platform.no_limit"));
    }
}

#define INVOICE(F, T) F(T, const char *, number) F(T, Date, issued_on) F(T, Date, due_on) F(T, Money, total_minor) \
    F(T, const char *, currency) F(T, const char *, status)
ROW(Invoice, INVOICE)

static void show_invoices(Req *r, const char *at_, Id tenant, const char *path, bool is_platform) {
    Invoices l = db_all(r, Invoice, "select number, issued_on, due_on, total_minor, currency, status "
                                    "from smart360.subscription_invoice "
                                    "where tenant_id=? order by id desc limit 50", tenant);
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, "platform.invoices"));
    TableView *v = table_start(r, text(r, "%s.table", at_), msg(r->c.language, "platform.invoices"));
    table_column(v, msg(r->c.language, "platform.invoice"), "code", "id");
    table_column(v, msg(r->c.language, "platform.issued"), "date", NULL);
    table_column(v, msg(r->c.language, "platform.due"), "date", NULL);
    table_column(v, msg(r->c.language, "platform.total"), "money", "amount");
    table_column(v, msg(r->c.language, "platform.status"), "status", "status");
    if (is_platform) table_column(v, msg(r->c.language, "platform.change"), "act", NULL);
    for (size_t i = 0; i < l.n; i++) {
        const Invoice *n = &l.v[i];
        table_row(v, text(r, "%s/%s", path, n->number));
        table_cell(v, n->number);
        table_cell(v, locale_date(&r->c.mem, r->c.locale, n->issued_on));
        table_cell(v, locale_date(&r->c.mem, r->c.locale, n->due_on));
        table_cell(v, sub_amount(&r->c, n->total_minor, n->currency));
        table_state(v, n->status);
        if (!is_platform) continue;
        table_cell(v, "");
        if (strcmp(n->status, "open")) continue;
        const char *cell = text(r, "%s.table.rows.%zu.cells.5.act", at_, i);
        show_text(r, text(r, "%s.text", cell), msg(r->c.language, "platform.paid"));
        show_text(r, text(r, "%s.url", cell), text(r, "%s/%s/payment", path, n->number));
        show_text(r, text(r, "%s.post", cell), "1");
        show_text(r, text(r, "%s.kind", cell), "quiet");
    }
    table_empty(v, msg(r->c.language, "platform.no_invoices"), NULL);
}

void tenant_head(Req *r, const Tenant *t, const char *tab) {
    size_t n = 0;
    platform_menu(r, "tenants");
    show_text(r, "page.title", t->name);
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "platform.tenants"));
    show_text(r, "page.crumbs.0.url", "/platform/tenants");
    show_text(r, "page.crumbs.1.text", t->name);
    show_text(r, "show.status.text", state_label(r, t->status));
    show_text(r, "show.status.tone", state_tone(r, t->status));
    if (is_state(t, "failed") || is_state(t, "provisioning")) move_button(r, &n, t, "retry", "retry", false);
    if (may_suspend(t)) move_button(r, &n, t, "suspend", "suspension", true);
    if (is_state(t, "suspended") || is_state(t, "cancelled")) move_button(r, &n, t, "resume", "resume", false);
    if (may_cancel(t)) move_button(r, &n, t, "cancel", "cancellation", true);
    if (is_state(t, "cancelled")) {
        show_text(r, "page.actions.0.text", word(r, "platform.archive"));
        show_text(r, "page.actions.0.url", text(r, "/platform/tenants/%s/archive", t->slug));
        show_text(r, "page.actions.0.kind", "danger");
    }
    if (is_state(t, "archived") && t->archive_file && perm_may(&r->c, "platform.tenants", DELETE)) {
        show_text(r, "page.actions.0.text", word(r, "platform.archive_destroy"));
        show_text(r, "page.actions.0.url", text(r, "/platform/tenants/%s/archive/destruction", t->slug));
        show_text(r, "page.actions.0.kind", "danger");
    }
    tenant_tabs(r, t->slug, tab);
    if (is_state(t, "cancelled"))
        show_text(r, "show.notices.0.text",
                  msg_format(r, r->c.language, "platform.kept", { "days", text(r, "%d", KEEP_DAYS) }));
    if (is_state(t, "archived"))
        show_text(r, "show.notices.0.text", word(r, t->archive_file ? "platform.is_archived"
                                                 : "platform.is_destroyed"));
}

#define AGREED(F, T) F(T, const char *, contract_no) F(T, const char *, discount_reason) \
    F(T, const char *, billing_name) F(T, const char *, billing_email)
ROW(Agreed, AGREED)

static void show_agreed(Req *r, const char *facts, const Subscription *s) {
    Agreed *a = db_one(r, Agreed, "select contract_no, discount_reason, billing_name, billing_email "
                                  "from smart360.subscription where id = ?", s->id);
    if (a->contract_no) show_fact(r, facts, word(r, "platform.contract_no"), a->contract_no, a->discount_reason);
    if (a->billing_email || a->billing_name)
        show_fact(r, facts, word(r, "platform.contact"), a->billing_name ? a->billing_name : a->billing_email,
                  a->billing_name ? a->billing_email : NULL);
}

static void show_subscription(Req *r, const Tenant *t, const Subscription *s, const char *at_) {
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, "platform.subscription"));
    const char *facts = text(r, "%s.facts", at_);
    if (!s) {
        show_fact(r, facts, msg(r->c.language, "platform.plan"), word(r, "platform.no_subscription"), NULL);
        return;
    }
    show_fact(r, facts, msg(r->c.language, "platform.plan"), s->plan_name, NULL);
    show_fact(r, facts, msg(r->c.language, "platform.price"),
              sub_amount(&r->c, s->price_minor, s->currency),
              msg(r->c.language, text(r, "platform.term.%s", s->term)));
    show_fact(r, facts, msg(r->c.language, "platform.renewal"),
              locale_date(&r->c.mem, r->c.locale, s->current_period_end), NULL);
    show_fact(r, facts, msg(r->c.language, "platform.status"), state_label(r, s->status), NULL);
    if (date_is_set(s->trial_end))
        show_fact(r, facts, word(r, "platform.trial_end"), locale_date(&r->c.mem, r->c.locale, s->trial_end), NULL);
    if (s->pending_name) show_fact(r, facts, word(r, "platform.pending_plan"), s->pending_name, NULL);
    if (s->discount_ppm)
        show_fact(r, facts, word(r, "platform.discount"), text(r, "%s %%", money_decimal(&r->c.mem,
                  (Money){ s->discount_ppm / 100 }, 2)), date_is_set(s->discount_until)
                  ? msg_format(r, r->c.language, "platform.until",
                               { "date", locale_date(&r->c.mem, r->c.locale, s->discount_until) })
                  : NULL);
    if (s->credit_minor.minor)
        show_fact(r, facts, word(r, "platform.credit"),
                  sub_amount(&r->c, s->credit_minor, s->currency), NULL);
    show_agreed(r, facts, s);
    if (!perm_may(&r->c, "platform.tenants", EDIT)) return;
    show_text(r, text(r, "%s.link.text", at_), word(r, "platform.terms"));
    show_text(r, text(r, "%s.link.url", at_), text(r, "/platform/tenants/%s/terms", t->slug));
}

void tenant_section(Req *r, const Tenant *t, const char *tab, const char *at_) {
    Subscription *s = subscription_of(&r->c, t->id);
    if (!strcmp(tab, "subscription")) show_subscription(r, t, s, at_);
    else if (!strcmp(tab, "usage")) show_kept_usage(r, t, s, at_);
    else show_invoices(r, at_, t->id, text(r, "/platform/tenants/%s/invoices", t->slug), true);
}

void tenant_show(Req *r) {
    Tenant *t = tenant_of(r);
    Subscription *s = subscription_of(&r->c, t->id);
    tenant_head(r, t, "overview");
    show_fact(r, "show.facts", msg(r->c.language, "platform.slug"), t->slug, NULL);
    show_fact(r, "show.facts", msg(r->c.language, "platform.administrator"), t->admin_email, NULL);
    if (t->provisioning_stage)
        show_fact(r, "show.facts", msg(r->c.language, "platform.stage"), t->provisioning_stage, NULL);
    show_subscription(r, t, s, "show.sections.0");
    show_kept_usage(r, t, s, "show.sections.1");
    show_invoices(r, "show.sections.2", t->id, text(r, "/platform/tenants/%s/invoices", t->slug), true);
    if (perm_may(&r->c, "platform.tenants", EDIT) && !is_state(t, "archived") && !is_state(t, "provisioning")
        && !is_state(t, "failed")) {
        show_text(r, "page.actions.1.text", word(r, "platform.correction"));
        show_text(r, "page.actions.1.url", text(r, "/platform/tenants/%s/correction", t->slug));
    }
    history_aside(r, "tenant", t->id, NULL);
    page(r, "layout/show");
}

/* What a person did only a person undoes: neither a payment nor a debt. */
static void hold(Ctx *c, Id tenant, bool is_held) {
    db_run(c, "update smart360.tenant set held_at = ? where id = ?", is_held ? c->now : TIME_NONE, tenant);
}

void tenant_move_post(Req *r) {
    Ctx *c = &r->c;
    Tenant *t = tenant_of(r);
    const char *event = path_text(r, "event");
    if (!strcmp(event, "retry") && (is_state(t, "failed") || is_state(t, "provisioning"))) {
        db_run(c, "update smart360.tenant set status='provisioning' where id=?", t->id);
        order_provision(c, t->id, t->slug);
    } else if (!strcmp(event, "resume") && (is_state(t, "suspended") || is_state(t, "cancelled"))) {
        if (is_state(t, "cancelled") && !archive_withdraw(c, t->id))
            fail(r, CONFLICT, "%s", word(r, "platform.archive_removing"));
        tenant_status_set(c, t->id, subscription_revive(c, t->id), "By the platform");
        hold(c, t->id, false);
    } else fail(r, CONFLICT, "This tenant is %s.", state_label(r, t->status));
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/platform/tenants/%s", t->slug);
}

static const Form stop_form = { .name = "tenant_stop", .fields = FIELDS {
    { "reason", LONG_TEXT(3, 300), .flags = REQUIRED }, { 0 } } };

static Tenant *tenant_to_stop(Req *r, bool (*may)(const Tenant *)) {
    Tenant *t = tenant_of(r);
    if (!may(t)) fail(r, CONFLICT, "This tenant is %s.", state_label(r, t->status));
    return t;
}

static void ask_to_stop(Req *r, const Tenant *t, const char *event, const char *path) {
    platform_menu(r, "tenants");
    show_text(r, "page.title", msg(r->c.language, text(r, "platform.%s", event)));
    show_text(r, "page.crumbs.0.text", word(r, "platform.tenants"));
    show_text(r, "page.crumbs.0.url", "/platform/tenants");
    show_text(r, "page.crumbs.1.text", t->name);
    show_text(r, "page.crumbs.1.url", text(r, "/platform/tenants/%s", t->slug));
    form_show(r, "confirm", &stop_form, text(r, "/platform/tenants/%s/%s", t->slug, path));
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, text(r, "platform.%s_stops", event),
                                              { "days", text(r, "%d", KEEP_DAYS) }));
    show_fact(r, "confirm.facts", word(r, "platform.tenant"), t->name, t->slug);
    show_text(r, "confirm.submit", msg(r->c.language, text(r, "platform.%s", event)));
    show_text(r, "confirm.back_url", text(r, "/platform/tenants/%s", t->slug));
    page(r, "layout/confirm");
}

static void stop(Req *r, const Tenant *t, const char *status) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &stop_form);
    problems_end(r);
    Subscription *s = subscription_of(c, t->id);
    tenant_status_set(c, t->id, status, in_text(in, "reason"));
    hold(c, t->id, true);
    if (s) db_run(c, "update smart360.subscription set status=?, row_version=row_version+1 where id=?", status, s->id);
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/platform/tenants/%s", t->slug);
}

void tenant_suspend_page(Req *r) { ask_to_stop(r, tenant_to_stop(r, may_suspend), "suspend", "suspension"); }
void tenant_suspend(Req *r) { stop(r, tenant_to_stop(r, may_suspend), "suspended"); }
void tenant_cancel_page(Req *r) { ask_to_stop(r, tenant_to_stop(r, may_cancel), "cancel", "cancellation"); }
void tenant_cancel(Req *r) { stop(r, tenant_to_stop(r, may_cancel), "cancelled"); }

void tenant_paid_post(Req *r) {
    Tenant *t = tenant_of(r);
    Id id = db_id(r, "select id from smart360.subscription_invoice where tenant_id=? and number=?", t->id,
                  path_text(r, "no"));
    if (!id.id) fail(r, NOT_FOUND, "There is no such invoice.");
    invoice_paid(&r->c, id, "Recorded by hand");
    note(r, "%s", msg(r->c.language, "platform.paid_done"));
    go(r, "/platform/tenants/%s", t->slug);
}

/* --- plans -------------------------------------------------------------------------------------------------------- */

static const Choice intervals[] = { { "month", "platform.interval.month" }, { "year", "platform.interval.year" },
                                    { 0 } };

static const ListSpec sold = {
    .name = "plans_sold", .one = "plan", .many = "plans", .path = "/platform/plans", .feature = "platform.plans",
    .from = "smart360.subscription_plan p", .id = "p.id",
    .columns = COLUMNS {
        { "name",        NULL, "p.name", LIST | SEARCH, .link = "/platform/plans/{code}", .place = "id" },
        { "code",        NULL, "p.code", LIST, .kind = "code" },
        { "price_minor", NULL, "p.price_minor", LIST, .place = "amount", .currency = "currency" },
        { "currency",    NULL, "p.currency", 0 },
        { "interval",    NULL, "p.`interval`", LIST | FILTER, .choices = intervals },
        { "accounts",    NULL, "json_value(p.limits, '$.accounts')", LIST },
        { "seats",       NULL, "json_value(p.limits, '$.seats')", LIST },
        { "utilities",   NULL, "json_value(p.limits, '$.utilities')", LIST },
        { "tenants",     NULL, "(select count(*) from smart360.subscription s where s.plan_id = p.id and s.live = 1)",
          LIST },
        { "active",      NULL, "p.active", LIST, .kind = "yesno" },
        { "rank",        NULL, "p.sort", SORT },
        { 0 } },
    .order = "rank",
};

void plan_sold_list(Req *r) {
    platform_menu(r, "plans");
    if (perm_may(&r->c, "platform.plans", CREATE)) {
        show_text(r, "page.actions.0.text", word(r, "platform.new_plan"));
        show_text(r, "page.actions.0.url", "/platform/plans/new");
        show_text(r, "page.actions.0.icon", "plus");
    }
    show_text(r, "page.title", msg(r->c.language, "platform.plans"));
    list_show_(r, &sold, NULL, 0);
    if (!r->status) page(r, "layout/list");
}

#define PLAN_FIELDS \
    { "name",        TEXT(2, 80), .flags = REQUIRED }, \
    { "interval",    CHOICE(intervals), .flags = REQUIRED, .initial = "month" }, \
    { "price",       MONEY(0, 100000000000), .flags = REQUIRED }, \
    { "accounts",    INT(0, 100000000) }, \
    { "seats",       INT(0, 1000000) }, \
    { "utilities",   INT(0, 1000) }, \
    { "sms_month",   INT(0, 100000000) }, \
    { "email_month", INT(0, 100000000) }, \
    { "storage_mb",  INT(0, 1000000000) }, \
    { "modules",     CHOICES(NULL) }, \
    { "by_contract", BOOL }, \
    { "active",      BOOL }, \
    { 0 }

static const Form plan_form = { .name = "plan_sold", .fields = FIELDS { PLAN_FIELDS } };
static const Form plan_new_form = { .name = "plan_sold", .fields = FIELDS {
    { "code",     TEXT(2, 40), .flags = REQUIRED, .chars = "a-z0-9-", .width = "20" },
    { "currency", TEXT(3, 3), .flags = REQUIRED | UPPER, .initial = "USD", .width = "5" },
    PLAN_FIELDS } };

#define KEPT_PLAN(F, T) F(T, Id, id) F(T, const char *, name) F(T, Money, price_minor) F(T, const char *, limits) \
    F(T, const char *, modules) F(T, bool, active) F(T, bool, by_contract) F(T, const char *, currency) \
    F(T, const char *, interval) F(T, int64_t, sold) F(T, int, row_version)
ROW(KeptPlan, KEPT_PLAN)

static KeptPlan *kept_plan(Req *r) {
    KeptPlan *p = db_find(r, KeptPlan, "select id, name, price_minor, limits, modules, active, by_contract, "
                                       "currency, `interval`, (select count(*) from smart360.subscription s "
                                       "where s.live = 1 and (s.plan_id = p.id or s.pending_plan_id = p.id)) as sold, "
                                       "row_version from smart360.subscription_plan p where code=?",
                          path_text(r, "code"));
    if (!p) fail(r, NOT_FOUND, "There is no such plan.");
    return p;
}

static const char *const plan_metrics[] = { "accounts", "seats", "utilities", "sms_month", "email_month",
                                            "storage_mb" };

/* Those that can be left out; core is in every plan. */
static const char *const plan_modules[] = { "hub", "cis", "cc", "comm", "portal", "mx", "bx", "wx" };
enum { PLAN_MODULES = sizeof plan_modules / sizeof *plan_modules };

static bool is_among(const Texts *l, const char *one) {
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i], one)) return true;
    return false;
}

/* The modules as boxes; ticked: what was sent, else what the plan holds (NULL: all). */
static void module_boxes(Req *r, FormView *v, const char *held) {
    Texts sent = param_all(&r->c.mem, &r->fields, "modules");
    form_set(v, "modules", "kind", "checks");
    for (size_t i = 0; i < PLAN_MODULES; i++) {
        form_option(v, "modules", plan_modules[i], word(r, text(r, "platform.module_of.%s", plan_modules[i])));
        bool is_on = form_again(v) ? is_among(&sent, plan_modules[i])
            : !held || strstr(held, text(r, "\"%s\"", plan_modules[i]));
        if (is_on) show_text(r, text(r, "form.fields.modules.options.%zu.selected", i), "1");
    }
}

static const char *modules_sent(Req *r) {
    Texts sent = param_all(&r->c.mem, &r->fields, "modules");
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    json_add_text(&o, NULL, "core");
    for (size_t i = 0; i < PLAN_MODULES; i++)
        if (is_among(&sent, plan_modules[i])) json_add_text(&o, NULL, plan_modules[i]);
    json_close(&o);
    return t.s;
}

static const char *limits_sent(Req *r, const Input *in) {
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (size_t i = 0; i < 6; i++)
        if (in_given(in, plan_metrics[i])) json_add_int(&o, plan_metrics[i], in_int(in, plan_metrics[i]));
    json_close(&o);
    return t.s;
}

static void plan_head(Req *r, const char *title) {
    platform_menu(r, "plans");
    show_text(r, "form.cancel_url", "/platform/plans");
    show_text(r, "page.title", title);
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "platform.plans"));
    show_text(r, "page.crumbs.0.url", "/platform/plans");
    show_text(r, "page.crumbs.1.text", title);
}

/* Its price is typed with the decimals of its currency. */
static void price_in(Req *r, const char *currency) {
    if (currency && currency_exists(&r->c.mem, currency)) money_fields_in(r, currency);
}

static const char *currency_typed(Req *r) {
    const char *typed = field_text(r, "currency");
    if (!typed || strlen(typed) != 3) return NULL;
    char *code = text(r, "%s", typed);
    for (char *s = code; *s; s++) *s = (char)toupper((unsigned char)*s);
    return code;
}

void plan_sold_new(Req *r) {
    price_in(r, r->again ? currency_typed(r) : "USD");
    FormView *v = form_show(r, "form", &plan_new_form, "/platform/plans");
    module_boxes(r, v, NULL);
    plan_head(r, word(r, "platform.new_plan"));
    page(r, "layout/form");
}

void plan_sold_create(Req *r) {
    Ctx *c = &r->c;
    price_in(r, currency_typed(r));
    Input *in = form_read(r, &plan_new_form);
    const char *code = in_text(in, "code"), *currency = in_text(in, "currency");
    if (code && db_int(c, "select exists (select 1 from smart360.subscription_plan where code=?)", code))
        problem(r, "code", "%s", msg_format(r, c->language, "platform.code_taken", { "code", code }));
    if (currency && !currency_exists(&c->mem, currency)) problem(r, "currency", "%s", word(r, "platform.no_currency"));
    problems_end(r);
    const char *limits = limits_sent(r, in), *modules = modules_sent(r);
    Id id = db_insert(c, "insert into smart360.subscription_plan (code, name, price_minor, currency, `interval`, "
                         "limits, modules, by_contract, active, sort, created_by, updated_by) select ?,?,?,?,?,"
                         "?,?,?,?, coalesce(max(sort), 0) + 1, ?, ? from smart360.subscription_plan", code,
                      in_text(in, "name"), in_money(in, "price"), currency, in_text(in, "interval"), limits, modules,
                      in_bool(in, "by_contract"), in_bool(in, "active"), c->user, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "subscription_plan", .id = id, .number = code, .version = 1,
                             .after = json_pairs(c, "name", in_text(in, "name"), "limits", limits, "modules", modules,
                                                 NULL) });
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/platform/plans");
}

void plan_sold_page(Req *r) {
    KeptPlan *p = kept_plan(r);
    price_in(r, p->currency);
    FormView *v = form_show(r, "form", &plan_form, text(r, "/platform/plans/%s", path_text(r, "code")));
    form_text(v, "name", p->name);
    form_text(v, "interval", p->interval);
    form_money(v, "price", p->price_minor);
    for (size_t i = 0; i < 6; i++) {
        int64_t n = limit_in(&r->c, p->limits, plan_metrics[i]);
        if (n >= 0) form_int(v, plan_metrics[i], n);
    }
    module_boxes(r, v, p->modules);
    form_bool(v, "active", p->active);
    form_bool(v, "by_contract", p->by_contract);
    form_version(v, p->row_version);
    plan_head(r, p->name);
    page(r, "layout/form");
}

static const char *plan_json(Ctx *c, const char *name, Money price, const char *limits, const char *modules,
                             bool is_active, bool is_by_contract) {
    return json_pairs(c, "name", name, "price_minor", text(c, "%lld", (long long)price.minor), "limits", limits,
                      "modules", modules, "active", is_active ? "1" : "0", "by_contract", is_by_contract ? "1" : "0",
                      NULL);
}

#define PLAN_TENANT(F, T) F(T, Id, id)
ROW(PlanTenant, PLAN_TENANT)

/* Other modules count from the next request of whoever has the plan. */
static void modules_changed(Ctx *c, Id plan) {
    PlanTenants all = db_all(c, PlanTenant, "select t.id from smart360.tenant t join smart360.subscription s "
                                            "on s.tenant_id = t.id and s.live = 1 where s.plan_id = ? "
                                            "and t.status in ('trial', 'active', 'past_due', 'suspended')", plan);
    for (size_t i = 0; i < all.n; i++) plan_rights_renew(c, all.v[i].id);
}

void plan_sold_save(Req *r) {
    Ctx *c = &r->c;
    KeptPlan *p = kept_plan(r);
    price_in(r, p->currency);
    Input *in = form_read(r, &plan_form);
    if (p->sold && in_given(in, "interval") && strcmp(in_text(in, "interval"), p->interval))
        problem(r, "interval", "%s", msg_plural(r, c->language, "platform.plan_sold", p->sold, NULL));
    problems_end(r);
    const char *limits = limits_sent(r, in), *modules = modules_sent(r);
    db_must(c, 1, CONFLICT, "update smart360.subscription_plan "
                            "set name=?, `interval`=?, price_minor=?, limits=?, modules=?, active=?, "
                            "by_contract=?, updated_at=?, updated_by=?, row_version=row_version+1 where id=? "
                            "and row_version=?", in_text(in, "name"),
            in_text(in, "interval"), in_money(in, "price"), limits, modules, in_bool(in, "active"),
            in_bool(in, "by_contract"), c->now, c->user,
            p->id, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "subscription_plan", .id = p->id,
                             .number = path_text(r, "code"), .version = p->row_version + 1,
        .before = plan_json(c, p->name, p->price_minor, p->limits, p->modules, p->active, p->by_contract),
        .after = plan_json(c, in_text(in, "name"), in_money(in, "price"), limits, modules, in_bool(in, "active"),
                           in_bool(in, "by_contract")) });
    if (!p->modules || strcmp(p->modules, modules)) modules_changed(c, p->id);
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/platform/plans");
}

/* --- the tenant's own page ---------------------------------------------------------------------------------------- */

void show_usage(Req *r, const char *at_, const Usages *u) {
    static const char *const tones[] = { "off", "ok", "warn", "bad", "bad" };
    size_t n = 0;
    for (size_t i = 0; i < u->n; i++) {
        const Usage *one = &u->v[i];
        const char *bar = text(r, "%s.bars.%zu", at_, n);
        const char *used = locale_count(&r->c.mem, r->c.locale, one->used);
        if (one->limit < 0 && one->used == 0) continue;
        show_text(r, text(r, "%s.label", bar), msg(r->c.language, text(r, "platform.metric.%s", one->metric)));
        if (one->limit < 0) show_text(r, text(r, "%s.value", bar), used);
        else {
            int64_t pct = one->limit ? one->used * 100 / one->limit : 100;
            show_text(r, text(r, "%s.value", bar), msg_format(r, r->c.language, "platform.used_of", { "n", used },
                      { "limit", locale_count(&r->c.mem, r->c.locale, one->limit) },
                      { "pct", text(r, "%lld", (long long)pct) }));
            show_int(r, text(r, "%s.pct", bar), pct > 100 ? 100 : pct);
        }
        show_text(r, text(r, "%s.tone", bar), tones[one->level]);
        n++;
    }
}

static const Form change_form = { .name = "plan_change", .fields = FIELDS {
    { "plan", "Plan", TEXT(1, 40), .flags = REQUIRED }, { 0 } } };

#define MODULE_ON(F, T) F(T, const char *, module) F(T, bool, in_plan) F(T, const char *, utilities)
ROW(ModuleOn, MODULE_ON)

/* On, off, or not in the plan. */
static void show_modules(Req *r, const char *at_, const Subscription *s) {
    ModuleOns l = db_all(r, ModuleOn,
                         "select k.module, coalesce(json_contains(?, json_quote(k.module)), 1) as in_plan, "
                                      "(select group_concat(u.name order by u.name separator ', ') "
                                      "from module_activation m join utility u on u.id = m.utility_id "
                                      "where m.module = k.module and m.active = 1 "
                                      "and u.status <> 'closed') as utilities "
                                      "from json_table('[\"cis\",\"cc\",\"comm\",\"portal\",\"mx\",\"bx\","
                                      "\"wx\"]', '$[*]' columns (n for ordinality, module varchar(10) path '$')) k "
                                      "order by k.n", s->modules);
    show_text(r, text(r, "%s.title", at_), word(r, "platform.modules"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.modules"));
    table_column(t, word(r, "platform.module"), "text", "id");
    table_column(t, word(r, "platform.module_in"), "text", NULL);
    table_column(t, word(r, "platform.status"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        const ModuleOn *m = &l.v[i];
        table_row(t, NULL);
        table_cell(t, word(r, text(r, "settings.module.%s", m->module)));
        table_cell(t, m->utilities);
        table_state(t, !m->in_plan ? "locked" : m->utilities ? "active" : "inactive");
    }
}

#define OFFER(F, T) F(T, const char *, name) F(T, const char *, code) F(T, Money, price_minor) \
    F(T, const char *, currency) F(T, const char *, interval) F(T, const char *, limits) \
    F(T, const char *, modules) F(T, bool, by_contract)
ROW(Offer, OFFER)

/* "CIS, Billing & Payments": those of a plan that are switched on and off in a utility. */
static const char *modules_words(Req *r, const char *held) {
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < PLAN_MODULES; i++)
        if (strcmp(plan_modules[i], "hub") && strstr(held, text(r, "\"%s\"", plan_modules[i])))
            text_addf(&t, "%s%s", t.n ? ", " : "", word(r, text(r, "settings.module.%s", plan_modules[i])));
    return t.s;
}

/* What the other plans would give. */
static void show_plans(Req *r, const char *at_, const Subscription *s) {
    Ctx *c = &r->c;
    Offers l = db_all(r, Offer, "select name, code, price_minor, currency, `interval`, limits, modules, "
                                "by_contract from smart360.subscription_plan where active = 1 order by sort limit 20");
    show_text(r, text(r, "%s.title", at_), word(r, "platform.compare"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "platform.compare"));
    table_column(t, word(r, "platform.plan"), "text", "id");
    table_column(t, word(r, "platform.price"), "num", "amount");
    static const char *const metrics[] = { "utilities", "accounts", "seats" };
    for (size_t k = 0; k < 3; k++) table_column(t, word(r, text(r, "platform.metric.%s", metrics[k])), "num", NULL);
    table_column(t, word(r, "platform.modules"), "text", NULL);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, l.v[i].name);
        if (!strcmp(l.v[i].code, s->plan_code)) table_sub(t, word(r, "platform.is_yours"));
        table_cell(t, l.v[i].by_contract ? word(r, "platform.by_contract")
                   : sub_amount(c, l.v[i].price_minor, l.v[i].currency));
        if (!l.v[i].by_contract) table_sub(t, word(r, text(r, "platform.term.%s", l.v[i].interval)));
        for (size_t k = 0; k < 3; k++) {
            int64_t limit = limit_in(c, l.v[i].limits, metrics[k]);
            table_cell(t, limit < 0 ? word(r, "platform.no_limit") : locale_count(&c->mem, c->locale, limit));
        }
        table_cell(t, modules_words(r, l.v[i].modules));
    }
}

#define OPEN_INVOICE(F, T) F(T, const char *, number) F(T, Money, total_minor) F(T, const char *, currency) \
    F(T, Date, due_on)
ROW(OpenInvoice, OPEN_INVOICE)

/* What is to be paid next, with the way to it. */
static void show_open_invoice(Req *r) {
    Ctx *c = &r->c;
    OpenInvoice *i = db_find(c, OpenInvoice, "select number, total_minor, currency, due_on "
                                             "from smart360.subscription_invoice where tenant_id = ? "
                                             "and status = 'open' order by due_on, id limit 1", c->tenant);
    if (!i) return;
    bool late = date_compare(i->due_on, platform_today(c)) < 0;
    show_text(r, "show.notices.1.tone", late ? "bad" : "info");
    show_text(r, "show.notices.1.text", msg_format(r, c->language, late ? "platform.invoice_late"
                                                   : "platform.invoice_due", { "no", i->number },
        { "amount", sub_amount(c, i->total_minor, i->currency) },
        { "date", locale_date(&c->mem, c->locale, i->due_on) }));
    show_text(r, "show.notices.1.action.text", word(r, "platform.see_invoice"));
    show_text(r, "show.notices.1.action.url", text(r, "/org/subscription/invoices/%s", i->number));
}

void my_subscription(Req *r) {
    Ctx *c = &r->c;
    Subscription *s = subscription_of(c, c->tenant);
    show_text(r, "page.title", msg(c->language, "platform.subscription"));
    if (!s) {                               /* or it has ended: what is owed, and the data, are there still */
        show_text(r, "show.notices.0.text", msg(c->language, "platform.no_subscription"));
        show_invoices(r, "show.sections.0", c->tenant, "/org/subscription/invoices", false);
        if (perm_may(c, "core.subscription", EXPORT)) {
            show_text(r, "page.actions.0.text", word(r, "platform.export"));
            show_text(r, "page.actions.0.url", "/org/subscription/export");
        }
        page(r, "layout/show");
        return;
    }
    show_text(r, "show.status.text", state_label(r, s->status));
    show_text(r, "show.status.tone", state_tone(r, s->status));
    show_fact(r, "show.facts", msg(c->language, "platform.plan"), s->plan_name, NULL);
    show_fact(r, "show.facts", msg(c->language, "platform.price"),
              sub_amount(c, s->price_minor, s->currency), msg(c->language, text(r, "platform.term.%s", s->term)));
    show_fact(r, "show.facts", msg(c->language, "platform.renewal"),
              locale_date(&c->mem, c->locale, s->current_period_end),
              NULL);
    if (s->pending_name)
        show_text(r, "show.notices.0.text", msg_format(r, c->language, "platform.pending", { "plan", s->pending_name },
                  { "date", locale_date(&c->mem, c->locale, s->current_period_end) }));
    if (date_is_set(s->cancel_on))
        show_text(r, "show.notices.0.text", msg_format(r, c->language, "platform.cancel_on",
                                                       { "date", locale_date(&c->mem, c->locale, s->cancel_on) }));
    if ((s->pending_name || date_is_set(s->cancel_on)) && perm_may(c, "core.subscription", EDIT)) {
        show_text(r, "show.moves.0.text", msg_format(r, c->language, "platform.keep", { "plan", s->plan_name }));
        show_text(r, "show.moves.0.url", "/org/subscription/keep");
        show_text(r, "show.moves.0.post", "1");
    }
    Usages u = subscription_usage(c);
    show_text(r, "show.sections.0.title", msg(c->language, "platform.usage"));
    show_usage(r, "show.sections.0", &u);
    show_invoices(r, "show.sections.1", c->tenant, "/org/subscription/invoices", false);
    show_open_invoice(r);
    show_modules(r, "show.sections.4", s);
    show_plans(r, "show.sections.5", s);
    if (perm_may(c, "core.subscription", EDIT)) {
        show_text(r, "show.sections.2.title", msg(c->language, "platform.change_plan"));
        FormView *v = form_show(r, "show.sections.2.form", &change_form, "/org/subscription/plan");
        plan_options(r, v, "plan", s->currency);
        show_text(r, "show.sections.2.form.intro", msg(c->language, "platform.change_how"));
        show_text(r, "show.sections.2.form.submit", msg(c->language, "platform.change_plan"));
        show_add_ons(r, "show.sections.3", s);
        show_text(r, "page.actions.0.text", word(r, "platform.export"));
        show_text(r, "page.actions.0.url", "/org/subscription/export");
        show_text(r, "page.actions.1.text", word(r, "support.title"));
        show_text(r, "page.actions.1.url", "/org/support");
        show_text(r, "page.actions.2.text", word(r, "platform.contact"));
        show_text(r, "page.actions.2.url", "/org/subscription/contact");
        show_text(r, "page.actions.3.text", msg(c->language, "platform.cancel"));
        show_text(r, "page.actions.3.url", "/org/subscription/cancellation");
    }
    page(r, "layout/show");
}

void my_change_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &change_form);
    problems_end(r);
    Subscription *s = subscription_of(c, c->tenant);
    if (!s) fail(r, CONFLICT, "%s", msg(c->language, "platform.no_subscription"));
    Usages used = subscription_usage(c);
    subscription_change(c, s, db_id(c, "select id from smart360.subscription_plan where code=?", in_text(in, "plan")),
                        &used);
    note(r, "%s", msg(c->language, "ui.saved"));
    go(r, "/org/subscription");
}

/* The smaller plan, or the end, does not come. */
void my_keep_post(Req *r) {
    Ctx *c = &r->c;
    Subscription *s = subscription_of(c, c->tenant);
    if (!s || (!s->pending_plan_id.id && !date_is_set(s->cancel_on)))
        fail(r, CONFLICT, "%s", word(r, "platform.keeps"));
    subscription_keep(c, s);
    note(r, "%s", msg_format(r, c->language, "platform.kept_plan", { "plan", s->plan_name }));
    go(r, "/org/subscription");
}

static const Form cancel_form = { .name = "subscription_cancel", .fields = FIELDS {
    { "confirm", "Name in addresses", TEXT(1, 31), .flags = REQUIRED },
    { "reason",  "Reason", LONG_TEXT(3, 300), .flags = REQUIRED }, { 0 } } };

void my_cancel_page(Req *r) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "form", &cancel_form, "/org/subscription/cancellation");
    form_set(v, "confirm", "hint", msg_format(r, c->language, "import.type_no", { "no", c->tenant_slug }));
    int64_t open = db_int(c, "select count(*) from settlement where state<>'closed'");
    const char *days = text(r, "%d", KEEP_DAYS);
    show_text(r, "form.intro", !open ? msg_format(r, c->language, "platform.cancel_how", { "days", days })
              : msg_plural(r, c->language, "platform.cancel_open", open, locale_count(&c->mem, c->locale, open),
                           { "days", days }));
    show_text(r, "form.tone", "danger");
    show_text(r, "form.submit", msg(c->language, "platform.cancel"));
    show_text(r, "form.cancel_url", link_path(r, "/org/subscription"));
    show_text(r, "page.title", msg(c->language, "platform.cancel"));
    page(r, "layout/form");
}

/* At the end of the period that is paid. */
void my_cancel_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &cancel_form);
    if (in_given(in, "confirm") && strcmp(in_text(in, "confirm"), c->tenant_slug))
        problem(r, "confirm", "%s", msg_format(r, c->language, "import.type_no", { "no", c->tenant_slug }));
    problems_end(r);
    Subscription *s = subscription_of(c, c->tenant);
    if (!s) fail(r, CONFLICT, "%s", msg(c->language, "platform.no_subscription"));
    db_run(c, "update smart360.subscription set cancel_on=?, updated_at=?, row_version=row_version+1 where id=?",
           s->current_period_end, c->now, s->id);
    audit_write(c, &(Audit){ .action = "cancel", .entity = "subscription", .id = s->id, .version = s->row_version + 1,
                             .reason = in_text(in, "reason") });
    invoice_withdraw(c, s, "The subscription is cancelled");
    note(r, "%s", msg_format(r, c->language, "platform.cancel_on",
                             { "date", locale_date(&c->mem, c->locale, s->current_period_end) }));
    go(r, "/org/subscription");
}
