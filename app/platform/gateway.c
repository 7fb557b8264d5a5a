/*
 * The platform's own gateway account and who sells (ONB08US01): credentials sealed with the installation's key and
 * never shown again, a check at the provider, one account that takes payments. A sandbox installation takes them by
 * test accounts only, production by live ones only.
 *
 *   not_configured -> configured -> verified -> active <-> inactive
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/core/platform_mail.h"
#include "app/platform/payment.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { CREDENTIALS_MAX = 8, KEEP_HOURS = 24 };
/* As vault_seal names places of the platform: the tenant's pages open them too, for a payment. */
static const char credentials_place[] = PLATFORM_CREDENTIALS_SEALED, secret_place[] = PLATFORM_HOOKS_SEALED;

const char *platform_mode(void) { return installation()->sandbox ? "test" : "live"; }

#define HOUSE_CURRENCY(F, T) F(T, const char *, currency)
ROW(HouseCurrency, HOUSE_CURRENCY)

/* --- opening ------------------------------------------------------------------------------------------------------ */

static const char *open_sealed(Ctx *c, const char *place, Bytes sealed) {
    Bytes plain;
    if (!sealed.p) return NULL;
    if (!secret_open(&c->mem, installation_keys(), place, text_copy_n(c, sealed.p, sealed.n), &plain))
        fail(c, BROKEN, "the platform's %s does not open", place);
    return plain.p;
}

static Bytes seal(Ctx *c, const char *place, const char *plain) {
    return plain ? bytes_of(secret_seal(&c->mem, installation_keys(), place, bytes_of(plain))) : (Bytes){ 0 };
}

#define HOUSE_ROW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, driver) \
    F(T, const char *, label) F(T, const char *, mode) F(T, const char *, status) F(T, const char *, endpoint_key) \
    F(T, const char *, api_base) F(T, Bytes, credentials_enc) F(T, const char *, credentials_hint) \
    F(T, Bytes, webhook_secret_current_enc) F(T, Bytes, webhook_secret_previous_enc) \
    F(T, Time, previous_valid_until) F(T, Time, last_verified_at) F(T, Time, last_event_at) F(T, int, row_version)
ROW(HouseRow, HOUSE_ROW)

#define HOUSE_SELECT "select id, public_id, driver, label, mode, status, endpoint_key, api_base, credentials_enc, " \
    "credentials_hint, webhook_secret_current_enc, webhook_secret_previous_enc, previous_valid_until, " \
    "last_verified_at, last_event_at, row_version from smart360.gateway_account "

static const HouseAccount *opened(Ctx *c, const HouseRow *r) {
    HouseAccount *a = take(c, sizeof *a);
    *a = (HouseAccount){ .id = r->id, .driver = r->driver, .label = r->label, .mode = r->mode,
        .endpoint_key = r->endpoint_key, .api_base = r->api_base,
        .credentials = open_sealed(c, credentials_place, r->credentials_enc),
        .secret = open_sealed(c, secret_place, r->webhook_secret_current_enc),
        .secret_before = open_sealed(c, secret_place, r->webhook_secret_previous_enc),
        .before_until = r->previous_valid_until };
    return a;
}

const HouseAccount *platform_account(Ctx *c, Id id) {
    HouseRow *r = db_find(c, HouseRow, HOUSE_SELECT "where id = ?", id);
    return r ? opened(c, r) : NULL;
}

const HouseAccount *platform_account_active(Ctx *c) {
    HouseRow *r = db_find(c, HouseRow, HOUSE_SELECT "where status = 'active' and mode = ? order by id limit 1",
                          platform_mode());
    return r ? opened(c, r) : NULL;
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static HouseDriver driver_named(const char *name) {
    for (size_t i = 0; house_driver(i).name; i++)
        if (!strcmp(house_driver(i).name, name)) return house_driver(i);
    return (HouseDriver){ 0 };
}

static const char *when(Req *r, Time t) {
    return time_is_set(t) ? time_iso(&r->c.mem, t) : word(r, "hub.never");
}

static void show_card(Req *r, size_t n, const HouseDriver *d, const HouseRow *a) {
    show_text(r, at(r, "show.sections", n, "title"), d->label);
    show_text(r, at(r, "show.sections", n, "span"), "third");
    if (!a) {
        show_text(r, at(r, "show.sections", n, "text"), word(r, "hub.not_connected"));
        if (!perm_may(&r->c, "platform.plans", EDIT)) return;
        show_text(r, at(r, "show.sections", n, "actions.0.text"), word(r, "hub.connect"));
        show_text(r, at(r, "show.sections", n, "actions.0.post"), "1");
        show_text(r, at(r, "show.sections", n, "actions.0.url"), text(r, "/platform/gateways/drivers/%s", d->name));
        return;
    }
    char *facts = at(r, "show.sections", n, "facts");
    show_text(r, at(r, "show.sections", n, "sub"), word(r, text(r, "hub.mode.%s", a->mode)));
    show_text(r, text(r, "%s.0.label", facts), word(r, "hub.state"));
    show_text(r, text(r, "%s.0.text", facts), state_label(r, a->status));
    show_text(r, text(r, "%s.0.tone", facts), state_tone(r, a->status));
    show_fact(r, facts, word(r, "hub.last_event"), when(r, a->last_event_at), NULL);
    show_text(r, at(r, "show.sections", n, "link.text"), word(r, "hub.configure"));
    show_text(r, at(r, "show.sections", n, "link.url"), text(r, "/platform/gateways/%s", a->public_id));
}

void house_list_page(Req *r) {
    HouseRows all = db_all(r, HouseRow, HOUSE_SELECT "where mode = ? order by id limit 20", platform_mode());
    platform_menu(r, "gateways");
    size_t n = 0;
    for (size_t i = 0; house_driver(i).name; i++) {
        HouseDriver d = house_driver(i);
        const HouseRow *a = NULL;
        for (size_t k = 0; k < all.n; k++)
            if (!strcmp(all.v[k].driver, d.name)) a = &all.v[k];
        if (!strcmp(d.name, "sandbox") && !installation()->sandbox) continue;
        show_card(r, n++, &d, a);
    }
    show_text(r, "page.title", word(r, "platform.gateways"));
    show_text(r, "page.sub", word(r, installation()->sandbox ? "platform.gateways_test" : "platform.gateways_live"));
    page(r, "layout/show");
}

void house_make_post(Req *r) {
    Ctx *c = &r->c;
    HouseDriver d = driver_named(path_text(r, "driver"));
    if (!d.name || (!strcmp(d.name, "sandbox") && !installation()->sandbox))
        fail(r, NOT_FOUND, "There is no such gateway.");
    HouseRow *a = db_find(c, HouseRow, HOUSE_SELECT "where driver = ? and mode = ? for update", d.name,
                          platform_mode());
    bool own = !d.credentials->name;                /* a gateway of our own: we make its secret */
    if (!a) {
        Id id = db_insert(c, "insert into smart360.gateway_account (driver, label, mode, status, endpoint_key, "
                             "webhook_secret_current_enc, created_at, created_by) values (?,?,?,?,?,?,?,?)", d.name,
                          d.label, platform_mode(), own ? "verified" : "not_configured", random_hex(&c->mem, 16),
                          seal(c, secret_place, own ? random_token(&c->mem) : NULL), c->now, c->user);
        a = db_one(c, HouseRow, HOUSE_SELECT "where id = ?", id);
        audit_note(c, "create", "gateway_account", id, d.label, NULL);
    }
    go(r, own ? "/platform/gateways/%s" : "/platform/gateways/%s/credentials", a->public_id);
}

/* --- one account -------------------------------------------------------------------------------------------------- */

static HouseRow *account_here(Req *r) {
    HouseRow *a = db_find(r, HouseRow, HOUSE_SELECT "where public_id = ?", path_text(r, "id"));
    if (!a || !driver_named(a->driver).name) fail(r, NOT_FOUND, "There is no such gateway.");
    return a;
}

static void crumbs(Req *r, const HouseRow *a, const char *last) {
    platform_menu(r, "gateways");
    show_text(r, "page.crumbs.0.text", word(r, "platform.gateways"));
    show_text(r, "page.crumbs.0.url", "/platform/gateways");
    show_text(r, "page.crumbs.1.text", a->label);
    if (!last) return;
    show_text(r, "page.crumbs.1.url", text(r, "/platform/gateways/%s", a->public_id));
    show_text(r, "page.crumbs.2.text", last);
}

static const char *endpoint_of(Req *r, const HouseRow *a) {
    return text(r, "%s/hooks/%s/%s", installation()->public_url, a->driver, a->endpoint_key);
}

static void show_webhook(Req *r, const HouseRow *a, const HouseDriver *d) {
    static const char facts[] = "show.sections.0.facts";
    show_text(r, "show.sections.0.title", word(r, "hub.webhook"));
    show_text(r, "show.sections.0.sub", word(r, "hub.webhook_how"));
    show_fact(r, facts, word(r, "hub.webhook_url"), endpoint_of(r, a), NULL);
    show_text(r, text(r, "%s.0.copy", facts), "1");
    Text t = text_start(r);
    for (const char *const *e = d->events; *e; e++)
        if (!strncmp(*e, "payment", 7) || !strncmp(*e, "checkout", 8) || !strncmp(*e, "charge.success", 14))
            text_addf(&t, "%s%s", t.n ? ", " : "", *e);
    show_fact(r, facts, word(r, "hub.webhook_events"), t.n ? t.s : "-", NULL);
    show_fact(r, facts, word(r, "hub.last_event"), when(r, a->last_event_at), NULL);
}

static void show_credentials(Req *r, const HouseRow *a, const HouseDriver *d) {
    static const char facts[] = "show.sections.1.facts";
    show_text(r, "show.sections.1.title", word(r, "hub.credentials"));
    Json hints = json_read(&r->c.mem, a->credentials_hint ? a->credentials_hint : "{}",
                           a->credentials_hint ? strlen(a->credentials_hint) : 2, 4096, NULL);
    for (const Credential *k = d->credentials; k->name; k++) {
        const char *last = json_text(json_member(hints, k->name), "");
        show_fact(r, facts, word(r, text(r, "hub.credential.%s", k->name)),
                  last ? text(r, "•••• %s", last) : word(r, "hub.missing"), NULL);
    }
    if (!d->credentials->name) show_text(r, "show.sections.1.text", word(r, "hub.credentials_own"));
    if (time_is_set(a->previous_valid_until) && a->previous_valid_until.us > r->c.now.us)
        show_text(r, "show.sections.1.after.text",
                  msg_format(r, r->c.language, "hub.previous_until", { "at", when(r, a->previous_valid_until) }));
    if (!d->credentials->name || !perm_may(&r->c, "platform.plans", EDIT)) return;
    show_text(r, "show.sections.1.link.text", word(r, a->credentials_hint ? "hub.rotate" : "hub.enter"));
    show_text(r, "show.sections.1.link.url", text(r, "/platform/gateways/%s/credentials", a->public_id));
}

static void show_events(Req *r, const HouseRow *a) {
    show_text(r, "show.sections.2.title", word(r, "platform.events"));
    TableView *t = table_start(r, "show.sections.2.table", word(r, "platform.events"));
    table_column(t, word(r, "platform.event"), "text", "id");
    table_column(t, word(r, "platform.payment"), "code", "name");
    table_column(t, word(r, "platform.received"), "date", NULL);
    table_column(t, word(r, "platform.status"), "status", "status");
    table_rows_of(t, NULL, "select e.type, p.payment_no, e.received_at, e.state from smart360.subscription_event e "
                           "left join smart360.subscription_payment p on p.id = e.payment_id "
                           "where e.gateway_account_id = ? order by e.id desc limit 20", a->id);
    table_empty(t, word(r, "platform.no_events"), NULL);
}

static void move(Req *r, size_t n, const HouseRow *a, const char *event) {
    show_text(r, at(r, "show.moves", n, "text"), word(r, text(r, "platform.gateway_%s", event)));
    show_text(r, at(r, "show.moves", n, "url"), text(r, "/platform/gateways/%s/moves/%s", a->public_id, event));
    show_text(r, at(r, "show.moves", n, "post"), "1");
}

void house_page(Req *r) {
    HouseRow *a = account_here(r);
    HouseDriver d = driver_named(a->driver);
    crumbs(r, a, NULL);
    show_text(r, "page.title", a->label);
    show_text(r, "show.status.text", state_label(r, a->status));
    show_text(r, "show.status.tone", state_tone(r, a->status));
    show_text(r, "show.badges.0.text", word(r, text(r, "hub.mode.%s", a->mode)));
    show_text(r, "show.badges.0.tone", "info");
    show_fact(r, "show.facts", word(r, "hub.verified_at"), when(r, a->last_verified_at), NULL);
    show_webhook(r, a, &d);
    show_credentials(r, a, &d);
    show_events(r, a);
    if (perm_may(&r->c, "platform.plans", EDIT)) {
        bool is_active = !strcmp(a->status, "active");
        if (a->credentials_hint) {
            show_text(r, "page.actions.0.text", word(r, "hub.check"));
            show_text(r, "page.actions.0.url", text(r, "/platform/gateways/%s/check", a->public_id));
            show_text(r, "page.actions.0.post", "1");
        }
        if (is_active) move(r, 0, a, "deactivate");
        else if (!strcmp(a->status, "verified") || !strcmp(a->status, "inactive")) move(r, 0, a, "activate");
    }
    history_aside(r, "gateway_account", a->id, NULL);
    page(r, "layout/show");
}

/* It could not be paid by anybody: no plan is sold in a currency it takes. */
static bool sells_nothing(Ctx *c, const HouseRow *a) {
    HouseCurrencys l = db_all(c, HouseCurrency, "select currency from smart360.subscription_plan where active = 1 "
                                                "union select currency from smart360.subscription where live = 1 "
                                                "limit 20");
    for (size_t i = 0; i < l.n; i++)
        if (house_takes(a->driver, l.v[i].currency)) return false;
    return l.n > 0;
}

/* One account takes payments: what was active before rests. */
void house_move_post(Req *r) {
    Ctx *c = &r->c;
    HouseRow *a = account_here(r);
    bool on = !strcmp(path_text(r, "move"), "activate");
    if (!on && strcmp(path_text(r, "move"), "deactivate")) fail(r, NOT_FOUND, "There is no such move.");
    if (on ? strcmp(a->status, "verified") && strcmp(a->status, "inactive") : strcmp(a->status, "active") != 0)
        fail(r, CONFLICT, "%s", word(r, "platform.gateway_first"));
    if (strcmp(a->mode, platform_mode())) fail(r, CONFLICT, "%s", word(r, "platform.gateway_side"));
    if (on && sells_nothing(c, a))
        fail(r, CONFLICT, "%s", msg_format(r, c->language, "platform.gateway_currency", { "name", a->label },
                                           { "currencies", driver_named(a->driver).currencies }));
    if (on)
        db_run(c, "update smart360.gateway_account set status = 'inactive', updated_at = ?, updated_by = ?, "
                  "row_version = row_version + 1 where status = 'active'", c->now, c->user);
    db_must(c, 1, CONFLICT, "update smart360.gateway_account set status = ?, updated_at = ?, updated_by = ?, "
                            "row_version = row_version + 1 where id = ?", on ? "active" : "inactive", c->now, c->user,
            a->id);
    audit_write(c, &(Audit){ .action = on ? "activate" : "deactivate", .entity = "gateway_account", .id = a->id,
                             .number = a->label, .version = a->row_version + 1 });
    note(r, "%s", msg_format(r, c->language, on ? "platform.gateway_on" : "platform.gateway_off",
                             { "name", a->label }));
    go(r, "/platform/gateways/%s", a->public_id);
}

/* --- credentials -------------------------------------------------------------------------------------------------- */

/* One field for each the driver wants, all secret; what is stored stays when nothing is typed. */
static const Form *credentials_form(Req *r, const HouseRow *a, const HouseDriver *d) {
    Field *f = take_n(r, Field, CREDENTIALS_MAX + 1);
    size_t n = 0;
    for (const Credential *k = d->credentials; k->name && n < CREDENTIALS_MAX; k++)
        f[n++] = (Field){ k->name, word(r, text(r, "hub.credential.%s", k->name)), TEXT(4, 400), .autocomplete = "off",
                          .flags = SECRET | (a->credentials_hint ? 0 : REQUIRED),
                          .hint = a->credentials_hint ? word(r, "hub.empty_keeps") : NULL };
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "gateway_credentials", .fields = f, .submit = word(r, "hub.check_and_save") };
    return form;
}

void house_credentials_page(Req *r) {
    HouseRow *a = account_here(r);
    HouseDriver d = driver_named(a->driver);
    if (!d.credentials->name) fail(r, NOT_FOUND, "This gateway has no credentials.");
    crumbs(r, a, word(r, "hub.credentials"));
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.credentials_of", { "name", a->label }));
    form_show(r, "form", credentials_form(r, a, &d), text(r, "/platform/gateways/%s/credentials", a->public_id));
    show_text(r, "form.intro", msg_format(r, r->c.language, "hub.credentials_how", { "name", d.label }));
    show_text(r, "form.cancel_url", text(r, "/platform/gateways/%s", a->public_id));
    page(r, "layout/form");
}

static bool begins(const char *value, const char *with) { return with && !strncmp(value, with, strlen(with)); }

/* A key of the other side: a sandbox must not charge anybody, production must not give things away. */
static void check_side(Req *r, const Credential *k, const char *value) {
    bool live = !strcmp(platform_mode(), "live");
    const char *good = live ? k->live : k->test, *other = live ? k->test : k->live;
    if (begins(value, other)) problem(r, k->name, "%s", word(r, live ? "platform.test_key" : "platform.live_key"));
    else if (good && !begins(value, good))
        problem(r, k->name, "%s", msg_format(r, r->c.language, "platform.key_begins", { "with", good }));
}

/* With what was typed in place of what is stored; the hints beside it. */
static const char *credentials_json(Ctx *c, const HouseAccount *a, const HouseDriver *d, Input *in,
                                    const char **hints) {
    Text t = text_start(c), h = text_start(c);
    JsonOut o = json_out(&t), p = json_out(&h);
    Json stored = json_read(&c->mem, a->credentials ? a->credentials : "{}",
                            a->credentials ? strlen(a->credentials) : 2, 8192, NULL);
    json_open_object(&o, NULL);
    json_open_object(&p, NULL);
    for (const Credential *k = d->credentials; k->name; k++) {
        const char *value = in_given(in, k->name) ? in_text(in, k->name) : json_text(json_member(stored, k->name), "");
        if (!value) continue;
        size_t n = strlen(value);
        json_add_text(&o, k->name, value);
        json_add_text(&p, k->name, n >= 12 ? value + n - 4 : "");
    }
    json_close(&o);
    json_close(&p);
    *hints = h.s;
    return t.s;
}

static const char *signing_secret(Ctx *c, const HouseDriver *d, const char *json) {
    Json all = json_read(&c->mem, json, strlen(json), 8192, NULL);
    for (const Credential *k = d->credentials; k->name; k++)
        if (k->signs) return json_text(json_member(all, k->name), "");
    return NULL;
}

typedef struct Keep { const HouseRow *row; const HouseAccount *before; const char *json, *hints, *secret; bool good;
                      } Keep;

static void keep(Ctx *c, void *arg) {
    Keep *k = arg;
    bool turned = k->secret && (!k->before->secret || strcmp(k->secret, k->before->secret));
    db_must(c, 1, CONFLICT,
            "update smart360.gateway_account set credentials_enc = ?, credentials_hint = ?, "
            "last_verified_at = if(?, ?, last_verified_at), status = case when status in ('active', 'inactive') "
            "then status when ? then 'verified' else 'configured' end, updated_at = ?, updated_by = ?, "
            "row_version = row_version + 1 where id = ? and row_version = ?", seal(c, credentials_place, k->json),
            k->hints, k->good, c->now, k->good, c->now, c->user, k->row->id, k->row->row_version);
    if (turned)
        db_run(c, "update smart360.gateway_account set webhook_secret_previous_enc = ?, "
                  "webhook_secret_current_enc = ?, previous_valid_until = ? where id = ?",
               seal(c, secret_place, k->before->secret), seal(c, secret_place, k->secret),
               k->before->secret ? time_add_seconds(c->now, KEEP_HOURS * 3600) : TIME_NONE, k->row->id);
    audit_write(c, &(Audit){ .action = "edit", .entity = "gateway_account", .id = k->row->id, .number = k->row->label,
                             .version = k->row->row_version + 1, .after = json_pairs(c, "credentials", "***", NULL) });
}

/* The provider is asked with what was typed before anything is kept. */
void house_credentials_post(Req *r) {
    Ctx *c = &r->c;
    HouseRow *row = account_here(r);
    HouseDriver d = driver_named(row->driver);
    if (!d.credentials->name) fail(r, NOT_FOUND, "This gateway has no credentials.");
    Input *in = form_read(r, credentials_form(r, row, &d));
    for (const Credential *k = d.credentials; k->name; k++)
        if (in_given(in, k->name)) check_side(r, k, in_text(in, k->name));
    problems_end(r);
    Keep k = { .row = row, .before = opened(c, row) };
    k.json = credentials_json(c, k.before, &d, in, &k.hints);
    k.secret = signing_secret(c, &d, k.json);
    HouseAccount with = *k.before;
    with.credentials = k.json;
    const char *said = house_check(c, &with);
    if (said && *said) fail_field(r, INVALID, d.credentials->name, "%s: %s", d.label, said);
    k.good = !said;
    db_tx(c, DB_WRITE, keep, &k, NULL);
    note(r, "%s", msg_format(r, c->language, k.good ? "hub.credentials_good" : "hub.credentials_unknown",
                             { "name", d.label }));
    go(r, "/platform/gateways/%s", row->public_id);
}

static void checked(Ctx *c, void *arg) {
    const HouseRow *a = arg;
    db_run(c, "update smart360.gateway_account set last_verified_at = ?, status = if(status = 'configured', "
              "'verified', status) where id = ?", c->now, a->id);
}

void house_check_post(Req *r) {
    Ctx *c = &r->c;
    HouseRow *a = account_here(r);
    if (!strcmp(a->status, "not_configured")) fail(r, CONFLICT, "%s", word(r, "hub.enter_first"));
    const char *said = house_check(c, opened(c, a));
    if (!said) db_tx(c, DB_WRITE, checked, a, NULL);
    note(r, "%s", msg_format(r, c->language, said ? "hub.check_bad" : "hub.check_good", { "name", a->label },
                             { "why", said ? said : "" }));
    go(r, "/platform/gateways/%s", a->public_id);
}

/* --- who sells ---------------------------------------------------------------------------------------------------- */

static const Form seller_form = { .name = "seller", .fields = FIELDS {
    { "name",    TEXT(2, 150), .flags = REQUIRED },
    { "address", LONG_TEXT(0, 400) },
    { "tax_no",  TEXT(0, 40) },
    { "email",   EMAIL },
    { 0 } } };

#define SELLER(F, T) F(T, const char *, name) F(T, const char *, address) F(T, const char *, tax_no) \
    F(T, const char *, email) F(T, int, row_version)
ROW(Seller, SELLER)

void seller_page(Req *r) {
    Seller *s = db_one(r, Seller, "select name, address, tax_no, email, row_version from smart360.platform_seller");
    platform_menu(r, "seller");
    FormView *v = form_show(r, "form", &seller_form, "/platform/seller");
    form_text(v, "name", s->name);
    form_text(v, "address", s->address);
    form_text(v, "tax_no", s->tax_no);
    form_text(v, "email", s->email);
    form_version(v, s->row_version);
    show_text(r, "form.intro", word(r, "platform.seller_how"));
    show_text(r, "form.cancel_url", "/platform/tenants");
    show_text(r, "page.title", word(r, "platform.seller"));
    page(r, "layout/form");
}

void seller_save(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &seller_form);
    problems_end(r);
    db_must(c, 1, CONFLICT, "update smart360.platform_seller set name = ?, address = ?, tax_no = ?, email = ?, "
                            "updated_at = ?, updated_by = ?, row_version = row_version + 1 where row_version = ?",
            in_text(in, "name"), in_text(in, "address"), in_text(in, "tax_no"), in_text(in, "email"), c->now, c->user,
            in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "platform_seller", .id = { 1 },
                             .version = in->row_version + 1,
                             .after = json_pairs(c, "name", in_text(in, "name"), "tax_no", in_text(in, "tax_no"),
                                                 NULL) });
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/platform/seller");
}
