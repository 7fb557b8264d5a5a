/*
 * Pages of message providers (ONB03US01 "SMS and e-mail providers"): cards, one provider with its callback address, its
 * form, a test message, activation; what the sandbox does with the next messages. Sending: provider.c.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/dns.h"
#include "app/hub/dns_rules.h"
#include "app/hub/hub.h"
#include "app/hub/pages.h"
#include "app/hub/provider.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/machine.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

/* --- what each adapter wants to know ------------------------------------------------------------------------------ */

/* secret: sealed; signs: callbacks are signed with it, and signs_only: nothing is sent with it; most: a whole number
   from 1, and what it begins as. */
typedef struct { const char *name; bool is_secret, signs, is_optional, signs_only; int most; const char *initial; }
    Wanted;
typedef struct { const char *name, *label, *channel, *hook; Wanted wanted[12]; } Adapter;

static const Adapter adapters[] = {
    { "twilio", "Twilio", "sms", "twilio", { { "account_sid" }, { "auth_token", true, true },
                                             { "messaging_service_sid", .is_optional = true } } },
    { "vonage", "Vonage", "sms", "vonage", { { "api_key" }, { "api_secret", true },
                                             { "signature_secret", true, true, .signs_only = true } } },
    { "vonage_sms", "Vonage SMS", "sms", "vonage_sms", { { "api_key" }, { "api_secret", true },
                                                         { "signature_secret", true, true, .signs_only = true },
                                                         { "signature_method", .is_optional = true } } },
    { "smtp", "SMTP", "email", "email", { { "host" }, { "port", .most = 65535, .initial = "587" }, { "security" },
                                          { "user", .is_optional = true },
                                          { "password", true, .is_optional = true },
                                          { "reply_to", .is_optional = true },
                                          { "dkim_selector", .is_optional = true },
                                          { "connections", .most = 10, .initial = "4" },
                                          { "per_minute", .most = 60000, .is_optional = true },
                                          { "webhook_secret", true, true, true, .signs_only = true } } },
    { "fake", "Sandbox", NULL, NULL, { { 0 } } },
};

static const Adapter *adapter_of(const char *name) {
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        if (!strcmp(adapters[i].name, name)) return &adapters[i];
    return NULL;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

static const Move provider_moves[] = {
    { "verified", "activate",   "active",   EDIT, NULL, NULL, .text = "Activate" },
    { "inactive", "activate",   "active",   EDIT, NULL, NULL, .text = "Activate" },
    { "error",    "activate",   "active",   EDIT, NULL, NULL, .text = "Activate" },
    { "active",   "deactivate", "inactive", EDIT, NULL, NULL, .text = "Deactivate", .danger = true },
    { 0 }
};
const Machine provider_machine = { .name = "provider", .table = "message_provider", .column = "status",
                                   .number = "name", .feature = "hub.providers", .moves = provider_moves };

/* --- cards -------------------------------------------------------------------------------------------------------- */

#define PCARD(F, T) F(T, const char *, public_id) F(T, const char *, name) F(T, const char *, channel) \
    F(T, const char *, adapter) F(T, const char *, from_id) F(T, const char *, status) F(T, int, priority) \
    F(T, Time, last_event_at) F(T, int64_t, sent) F(T, int64_t, good)
ROW(ProviderCard, PCARD)

/* Switched on and off, and tried, without opening the provider's own page. */
static void show_switches(Req *r, size_t n, const ProviderCard *p, const Adapter *a) {
    if (!strcmp(p->status, "not_configured") || !perm_may(&r->c, "hub.providers", EDIT)) return;
    bool is_on = !strcmp(p->status, "active");
    const char *path = text(r, "/integrations/providers/%s", p->public_id), *b = at(r, "show.sections", n, "buttons");
    show_text(r, text(r, "%s.0.text", b), word(r, a->channel ? "hub.test_message" : "hub.next_outcome"));
    show_text(r, text(r, "%s.0.url", b), link_path(r, a->channel ? "%s/test" : "%s/outcome", path));
    if (!strcmp(p->status, "configured")) return;               /* not tried yet */
    show_text(r, text(r, "%s.1.text", b), word(r, is_on ? "hub.deactivate" : "hub.activate"));
    show_text(r, text(r, "%s.1.post", b), "1");
    show_text(r, text(r, "%s.1.url", b), link_path(r, "%s/moves/%s", path, is_on ? "deactivate" : "activate"));
}

static void show_card(Req *r, size_t n, const ProviderCard *p) {
    char *facts = at(r, "show.sections", n, "facts");
    const Adapter *a = adapter_of(p->adapter);
    hub_card_mark(r, n, a ? a->label : p->name);
    const Locale *l = r->c.locale;
    show_text(r, at(r, "show.sections", n, "title"), p->name);
    show_text(r, at(r, "show.sections", n, "sub"), word(r, text(r, "hub.channel.%s", p->channel)));
    show_text(r, at(r, "show.sections", n, "span"), "third");
    show_text(r, text(r, "%s.0.label", facts), word(r, "hub.state"));
    show_text(r, text(r, "%s.0.text", facts), state_label(r, p->status));
    show_text(r, text(r, "%s.0.tone", facts), state_tone(r, p->status));
    show_fact(r, facts, word(r, "hub.from"), p->from_id, NULL);
    show_fact(r, facts, word(r, "hub.priority"), text(r, "%d", p->priority), NULL);
    show_fact(r, facts, word(r, "hub.last_event"),
              time_is_set(p->last_event_at) ? locale_time(&r->c.mem, l, p->last_event_at) : word(r, "hub.never"), NULL);
    show_fact(r, facts, word(r, "hub.success_24h"),
              p->sent ? text(r, "%s (%lld of %lld)", locale_percent(&r->c.mem, l, p->good * 1000 / p->sent * 1000),
                             (long long)p->good, (long long)p->sent)
                      : word(r, "hub.no_messages_24h"), NULL);
    show_text(r, at(r, "show.sections", n, "link.text"), word(r, "hub.configure"));
    show_text(r, at(r, "show.sections", n, "link.url"), link_path(r, "/integrations/providers/%s", p->public_id));
    if (a) show_switches(r, n, p, a);
}

void provider_cards_page(Req *r) {
    Time day = time_add_seconds(r->c.now, -86400);
    ProviderCards rows = db_all(
        r, ProviderCard,
        "select p.public_id, p.name, p.channel, p.adapter, p.from_id, p.status, p.priority, p.last_event_at, "
        "(select count(*) from message m where m.message_provider_id = p.id and m.utility_id = p.utility_id and "
        "m.created_at > ? and m.status not in ('queued', 'retry', 'sent_to_provider')) as sent, "
        "(select count(*) from message m where m.message_provider_id = p.id and m.utility_id = p.utility_id and "
        "m.created_at > ? and m.status in ('sent', 'delivered', 'opened', 'clicked')) as good "
        "from message_provider p where p.utility_id = ? order by p.channel, p.priority, p.id", day, day, r->c.utility);
    size_t n = 0;
    for (size_t i = 0; i < rows.n; i++) show_card(r, n++, &rows.v[i]);
    bool may = perm_may(&r->c, "hub.providers", EDIT);
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++) {
        const Adapter *a = &adapters[i];
        bool is_there = !a->channel;
        for (size_t k = 0; k < rows.n; k++) is_there |= !strcmp(rows.v[k].adapter, a->name);
        if (is_there) continue;
        show_text(r, at(r, "show.sections", n, "title"), a->label);
        hub_card_mark(r, n, a->label);
        show_text(r, at(r, "show.sections", n, "span"), "third");
        show_text(r, at(r, "show.sections", n, "sub"), word(r, text(r, "hub.channel.%s", a->channel)));
        show_fact(r, at(r, "show.sections", n, "facts"), word(r, "hub.state"), word(r, "hub.not_connected"), NULL);
        if (may) {
            show_text(r, at(r, "show.sections", n, "actions.0.text"), word(r, "hub.connect"));
            show_text(r, at(r, "show.sections", n, "actions.0.url"),
                      link_path(r, "/integrations/adapters/%s", a->name));
        }
        n++;
    }
    show_text(r, "page.title", word(r, "hub.messaging"));
    page_tabs(r, "hub", "/integrations/messaging");
    show_text(r, "page.actions.0.text", word(r, "hub.sandbox.messages"));
    show_text(r, "page.actions.0.url", link_path(r, "/integrations/sandbox"));
    if (may && !strcmp(utility_here(&r->c)->environment, "sandbox")) {
        show_text(r, "page.actions.1.text", word(r, "hub.reach"));
        show_text(r, "page.actions.1.url", link_path(r, "/integrations/messaging/reach"));
    }
    page(r, "layout/show");
}

/* --- one provider ------------------------------------------------------------------------------------------------- */

#define PVIEW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, name) F(T, const char *, channel) \
    F(T, const char *, adapter) F(T, const char *, from_id) F(T, const char *, status) F(T, const char *, config) \
    F(T, const char *, endpoint_key) F(T, int, priority) F(T, int, rate_per_s) F(T, int64_t, monthly_cap) \
    F(T, bool, has_secret) F(T, const char *, dns_result) F(T, Time, dns_checked_at) F(T, Time, last_verified_at) \
        F(T, Time, last_event_at) F(T, Time, previous_until) \
    F(T, int64_t, row_version)
ROW(ProviderView, PVIEW)

static ProviderView *provider_of_path(Req *r) {
    ProviderView *p = db_find(r, ProviderView,
        "select id, public_id, name, channel, adapter, from_id, status, config, endpoint_key, priority, rate_per_s, "
        "coalesce(monthly_cap, 0) as monthly_cap, secret_enc is not null as has_secret, dns_result, dns_checked_at, "
        "last_verified_at, last_event_at, if(webhook_secret_previous_enc is null, null, "
        "previous_valid_until) as previous_until, row_version from message_provider where utility_id = ? "
        "and public_id = ?",
        r->c.utility, path_text(r, "id"));
    if (!p || !adapter_of(p->adapter)) fail(r, NOT_FOUND, "There is no such provider.");
    return p;
}

static Json config_of(Req *r, const ProviderView *p) {
    return json_read(&r->c.mem, p && p->config ? p->config : "{}", p && p->config ? strlen(p->config) : 2, 8192, NULL);
}

static const char *hook_driver(const Adapter *a, const char *channel) {
    return a->hook ? a->hook : !strcmp(channel, "sms") ? "sandbox" : "email";
}

static void crumbs(Req *r, const ProviderView *p, const char *last) {
    show_text(r, "page.crumbs.0.text", word(r, "hub.messaging"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/messaging"));
    show_text(r, "page.crumbs.1.text", p ? p->name : last);
    if (!p || !last) return;
    show_text(r, "page.crumbs.1.url", link_path(r, "/integrations/providers/%s", p->public_id));
    show_text(r, "page.crumbs.2.text", last);
}

/* What the domain of the sender says, as it was found last. */
static void show_dns(Req *r, const ProviderView *p, const char *path, bool may) {
    static const char *const kinds[] = { "spf", "dkim", "dmarc" }, facts[] = "show.sections.2.facts";
    show_text(r, "show.sections.2.title", word(r, "hub.dns"));
    if (time_is_set(p->dns_checked_at))
        show_text(r, "show.sections.2.sub", msg_format(r, r->c.language, "hub.dns_at",
                  { "at", locale_time(&r->c.mem, r->c.locale, p->dns_checked_at) }));
    Json all = json_read(&r->c.mem, p->dns_result ? p->dns_result : "{}", p->dns_result ? strlen(p->dns_result) : 2,
                         65536, NULL);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && json_size(all); i++) {
        const char *verdict = json_text(all, text(r, "%s.verdict", kinds[i])),
                   *why = json_text(all, text(r, "%s.why", kinds[i]));
        show_fact(r, facts, word(r, text(r, "hub.dns.%s", kinds[i])),
                  word(r, text(r, "hub.dns.verdict.%s", verdict ? verdict : "unknown")),
                  why ? word(r, text(r, "hub.dns.%s", why)) : json_text(all, text(r, "%s.found", kinds[i])));
        show_text(r, text(r, "%s.%zu.tone", facts, i), !verdict ? "off" : !strcmp(verdict, "good") ? "ok"
                  : !strcmp(verdict, "weak") ? "warn" : "bad");
    }
    if (!json_size(all)) show_text(r, "show.sections.2.text", word(r, "hub.dns_how"));
    if (!may) return;
    show_text(r, "show.sections.2.actions.0.text", word(r, "hub.dns_check"));
    show_text(r, "show.sections.2.actions.0.post", "1");
    show_text(r, "show.sections.2.actions.0.url", link_path(r, "%s/dns", path));
}

void provider_page(Req *r) {
    ProviderView *p = provider_of_path(r);
    const Adapter *a = adapter_of(p->adapter);
    const Locale *l = r->c.locale;
    bool may = perm_may(&r->c, "hub.providers", EDIT);
    static const char first[] = "show.sections.0.facts", second[] = "show.sections.1.facts";
    show_text(r, "page.title", p->name);
    crumbs(r, p, NULL);
    show_text(r, "show.status.text", state_label(r, p->status));
    show_text(r, "show.status.tone", state_tone(r, p->status));
    show_fact(r, "show.facts", word(r, "hub.from"), p->from_id, NULL);
    show_fact(r, "show.facts", word(r, "hub.verified_at"),
              time_is_set(p->last_verified_at) ? locale_time(&r->c.mem, l, p->last_verified_at)
                                               : word(r, "hub.never"), NULL);
    show_fact(r, "show.facts", word(r, "hub.last_event"),
              time_is_set(p->last_event_at) ? locale_time(&r->c.mem, l, p->last_event_at) : word(r, "hub.never"), NULL);
    show_text(r, "show.sections.0.title", word(r, "hub.callback"));
    show_fact(r, first, word(r, "hub.webhook_url"),
              text(r, "%s/hooks/%s/%s", installation()->public_url, hook_driver(a, p->channel), p->endpoint_key), NULL);
    show_text(r, text(r, "%s.0.copy", first), "1");
    show_text(r, "show.sections.1.title", word(r, "hub.credentials"));
    Json config = config_of(r, p);
    for (const Wanted *w = a->wanted; w->name; w++) {
        int64_t number = 0;
        const char *value = w->is_secret ? p->has_secret ? "••••" : NULL
            : w->most ? json_int(config, w->name, &number) ? text(r, "%lld", (long long)number) : NULL
            : json_text(json_member(config, w->name), "");
        show_fact(r, second, word(r, text(r, "hub.credential.%s", w->name)), value ? value : word(r, "hub.missing"),
                  NULL);
    }
    show_fact(r, second, word(r, "hub.rate"), text(r, "%d", p->rate_per_s), NULL);
    show_fact(r, second, word(r, "hub.priority"), text(r, "%d", p->priority), NULL);
    if (p->monthly_cap)
        show_fact(r, second, word(r, "hub.monthly_cap"), locale_count(&r->c.mem, l, p->monthly_cap), NULL);
    if (time_is_set(p->previous_until) && p->previous_until.us > r->c.now.us)
        show_text(r, "show.sections.1.after.text", msg_format(r, r->c.language, "hub.previous_until",
                                                              { "at", locale_time(&r->c.mem, l, p->previous_until) }));
    const char *path = text(r, "/integrations/providers/%s", p->public_id);
    if (!strcmp(p->adapter, "smtp")) show_dns(r, p, path, may);
    if (may && a->channel) {
        show_text(r, "show.sections.1.link.text", word(r, "hub.change"));
        show_text(r, "show.sections.1.link.url", link_path(r, "%s/settings", path));
    }
    if (may) {
        show_text(r, "page.actions.0.text", word(r, a->channel ? "hub.test_message" : "hub.next_outcome"));
        show_text(r, "page.actions.0.url", link_path(r, a->channel ? "%s/test" : "%s/outcome", path));
        if (a->channel) {
            show_text(r, "page.actions.1.text", word(r, "hub.check"));
            show_text(r, "page.actions.1.post", "1");
            show_text(r, "page.actions.1.url", link_path(r, "%s/check", path));
        }
        show_moves(r, "show.moves", &provider_machine, p->id, text(r, "%s/moves", path));
    }
    history_aside(r, "message_provider", p->id, NULL);
    page(r, "layout/show");
}

/* --- its form ----------------------------------------------------------------------------------------------------- */

static const Choice securities[] = { { "starttls", NULL }, { "tls", NULL }, { 0 } };
static const Choice methods[] = { { "sha256", NULL }, { "sha512", NULL }, { "sha1", NULL }, { 0 } };

static const Form *form_of(Req *r, const Adapter *a, bool is_new) {
    Field *f = take_n(r, Field, 20);
    size_t n = 0;
    f[n++] = (Field){ "name", word(r, "hub.name"), TEXT(2, 80), .flags = REQUIRED, .initial = a->label };
    if (!strcmp(a->channel, "email")) f[n++] = (Field){ "from_id", word(r, "hub.from"), EMAIL, .flags = REQUIRED };
    else f[n++] = (Field){ "from_id", word(r, "hub.from"), TEXT(3, 20), .flags = REQUIRED,
                           .hint = word(r, "hub.from_sms_how") };
    for (const Wanted *w = a->wanted; w->name; w++) {
        Field one = { w->name, word(r, text(r, "hub.credential.%s", w->name)), TEXT(1, 254), .autocomplete = "off" };
        if (w->most) one.type = FIELD_INT, one.min = 1, one.max = w->most, one.initial = w->initial, one.width = "5";
        if (!strcmp(w->name, "per_minute")) one.hint = word(r, "hub.per_minute_how");
        if (!strcmp(w->name, "security")) one.type = FIELD_CHOICE, one.choices = securities, one.initial = "starttls";
        if (!strcmp(w->name, "signature_method"))
            one.type = FIELD_CHOICE, one.choices = methods, one.initial = "sha256";
        if (!strcmp(w->name, "reply_to")) one.type = FIELD_EMAIL, one.max = 254;
        if (w->is_secret) one.flags |= SECRET;
        if (w->is_secret && !is_new) one.hint = word(r, "hub.empty_keeps");
        if (!w->is_optional && (is_new || !w->is_secret)) one.flags |= REQUIRED;
        f[n++] = one;
    }
    f[n++] = (Field){ "rate_per_s", word(r, "hub.rate"), INT(1, 1000), .flags = REQUIRED, .initial = "10",
                      .width = "4" };
    f[n++] = (Field){ "priority", word(r, "hub.priority"), INT(1, 99), .flags = REQUIRED, .initial = "50",
                      .width = "3" };
    f[n++] = (Field){ "monthly_cap", word(r, "hub.monthly_cap"), INT(1, 100000000), .width = "10" };
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "message_provider", .fields = f };
    return form;
}

static const Adapter *adapter_of_path(Req *r) {
    const Adapter *a = adapter_of(path_text(r, "adapter"));
    if (!a || !a->channel) fail(r, NOT_FOUND, "There is no such provider.");
    return a;
}

void provider_new_page(Req *r) {
    const Adapter *a = adapter_of_path(r);
    crumbs(r, NULL, a->label);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.connect_of", { "name", a->label }));
    form_show(r, "form", form_of(r, a, true), text(r, "/integrations/adapters/%s", a->name));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/messaging"));
    page(r, "layout/form");
}

/* The address of its interface stays as it is: this form does not know it. */
static const char *read_config(Req *r, const Adapter *a, Input *in, Json before) {
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (const Wanted *w = a->wanted; w->name; w++) {
        if (w->is_secret || !in_given(in, w->name)) continue;
        if (w->most) json_add_int(&o, w->name, in_int(in, w->name));
        else json_add_text(&o, w->name, in_text(in, w->name));
    }
    const char *base = json_text(before, "api_base");
    if (base) json_add_text(&o, "api_base", base);
    json_close(&o);
    return t.s;
}

/* The secret of sending, and that of callbacks; NULL: not typed. */
static const char *typed(Input *in, const Adapter *a, bool signs) {
    for (const Wanted *w = a->wanted; w->name; w++)
        if (w->is_secret && (signs ? w->signs : !w->signs_only) && in_given(in, w->name)) return in_text(in, w->name);
    return NULL;
}

static const char *numbers(Req *r, Input *in) {
    return text(r, "%lld/s, %lld", (long long)in_int(in, "rate_per_s"), (long long)in_int(in, "priority"));
}

void provider_new_post(Req *r) {
    const Adapter *a = adapter_of_path(r);
    Input *in = form_read(r, form_of(r, a, true));
    problems_end(r);
    const char *secret = typed(in, a, false), *hook = typed(in, a, true), *key = random_hex(&r->c.mem, 16);
    if (!hook) hook = random_token(&r->c.mem);      /* SMTP: reports come signed by our own scheme */
    Id id = db_insert(r,
                      "insert into message_provider (utility_id, `key`, channel, adapter, name, from_id, config, "
                      "secret_enc, webhook_secret_current_enc, endpoint_key, rate_per_s, priority, monthly_cap, "
                      "status, created_at, created_by) values (?,?,?,?,?,?,?,?,?,?,?,?,?,'configured',?,?)",
                      r->c.utility, text(r, "%s-%.8s", a->name, key), a->channel, a->name, in_text(in, "name"),
                      in_text(in, "from_id"), read_config(r, a, in, (Json){ 0 }),
                      secret ? vault_seal(&r->c, "message_provider.secret", secret) : (Bytes){ 0 },
                      vault_seal(&r->c, "message_provider.webhook_secret", hook), key, in_int(in, "rate_per_s"),
                      in_int(in, "priority"), in_bind(in, "monthly_cap"), r->c.now, r->c.user);
    webhook_route_keep(&r->c, &(WebhookRoute){ key, hook_driver(a, a->channel), "message", id });
    audit_write(&r->c, &(Audit){ .action = "create", .entity = "message_provider", .id = id,
                                 .number = in_text(in, "name"),
                                 .after = json_pairs(&r->c, "adapter", a->name, "from_id", in_text(in, "from_id"),
                                                     "secret", "***", "rate", numbers(r, in), NULL) });
    note(r, "%s", word(r, "hub.provider_saved"));
    go(r, "/integrations/providers/%s", db_text(r, "select public_id from message_provider where id = ?", id));
}

void provider_settings_page(Req *r) {
    ProviderView *p = provider_of_path(r);
    const Adapter *a = adapter_of(p->adapter);
    if (!a->channel) fail(r, NOT_FOUND, "There is no such page.");
    crumbs(r, p, word(r, "hub.change"));
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.settings_of", { "name", p->name }));
    FormView *v =
        form_show(r, "form", form_of(r, a, false), text(r, "/integrations/providers/%s/settings", p->public_id));
    Json config = config_of(r, p);
    form_text(v, "name", p->name);
    form_text(v, "from_id", p->from_id);
    for (const Wanted *w = a->wanted; w->name; w++) {
        int64_t number = 0;
        if (w->is_secret) continue;
        if (json_int(config, w->name, &number)) form_int(v, w->name, number);
        else form_text(v, w->name, json_text(json_member(config, w->name), ""));
    }
    form_int(v, "rate_per_s", p->rate_per_s);
    form_int(v, "priority", p->priority);
    if (p->monthly_cap) form_int(v, "monthly_cap", p->monthly_cap);
    form_version(v, p->row_version);
    show_text(r, "form.cancel_url", link_path(r, "/integrations/providers/%s", p->public_id));
    page(r, "layout/form");
}

enum { KEEP_S = 86400 };        /* how long the old callback secret is still good */

void provider_settings_post(Req *r) {
    ProviderView *p = provider_of_path(r);
    const Adapter *a = adapter_of(p->adapter);
    if (!a->channel) fail(r, NOT_FOUND, "There is no such page.");
    Input *in = form_read(r, form_of(r, a, false));
    problems_end(r);
    const char *secret = typed(in, a, false), *hook = typed(in, a, true);
    db_must(r, 1, CONFLICT, "update message_provider set name = ?, from_id = ?, config = ?, rate_per_s = ?, priority = "
                            "?, monthly_cap = ?, updated_at = ?, updated_by = ?, row_version = row_version + 1 "
                            "where id = ? and row_version = ?",
            in_text(in, "name"), in_text(in, "from_id"), read_config(r, a, in, config_of(r, p)),
                in_int(in, "rate_per_s"),
            in_int(in, "priority"), in_bind(in, "monthly_cap"), r->c.now, r->c.user, p->id, in->row_version);
    if (secret) db_run(r, "update message_provider set secret_enc = ? where id = ?",
                       vault_seal(&r->c, "message_provider.secret", secret), p->id);
    if (hook) db_run(r, "update message_provider set webhook_secret_previous_enc = webhook_secret_current_enc, "
                        "previous_valid_until = ?, webhook_secret_current_enc = ? where id = ?",
                     time_add_seconds(r->c.now, KEEP_S), vault_seal(&r->c, "message_provider.webhook_secret", hook),
                     p->id);
    audit_write(&r->c, &(Audit){ .action = "edit", .entity = "message_provider", .id = p->id, .number = p->name,
                                 .version = in->row_version + 1,
                                 .before = json_pairs(&r->c, "from_id", p->from_id, NULL),
                                 .after = json_pairs(&r->c, "from_id", in_text(in, "from_id"), "secret",
                                                     secret || hook ? "***" : NULL, "rate", numbers(r, in), NULL) });
    note(r, "%s", word(r, "hub.saved"));
    go(r, "/integrations/providers/%s", p->public_id);
}

void provider_move_post(Req *r) {
    ProviderView *p = provider_of_path(r);
    const char *event = path_text(r, "move");
    machine_move(&r->c, &provider_machine, p->id, event, NULL, NULL);
    setup_step_touch(&r->c, "integrations");
    note(r, "%s", msg_format(r, r->c.language, !strcmp(event, "activate") ? "hub.activated" : "hub.deactivated",
                             { "name", p->name }));
    go(r, "/integrations/providers/%s", p->public_id);
}

/* --- a test message ----------------------------------------------------------------------------------------------- */

static const Form *test_form(Req *r, const ProviderView *p) {
    bool is_mail = !strcmp(p->channel, "email");
    Field *f = take_n(r, Field, 3);
    f[0] = (Field){ "to", word(r, "hub.sandbox.to"), .type = is_mail ? FIELD_EMAIL : FIELD_PHONE,
                    .max = is_mail ? 254 : 20, .flags = REQUIRED };
    f[1] = (Field){ "text", word(r, "hub.sandbox.text"), TEXT(1, 160), .flags = REQUIRED,
                    .initial = word(r, "hub.test_text") };
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "provider_test", .fields = f, .submit = word(r, "hub.test_message") };
    return form;
}

void provider_test_page(Req *r) {
    ProviderView *p = provider_of_path(r);
    crumbs(r, p, word(r, "hub.test_message"));
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.test_message_of", { "name", p->name }));
    form_show(r, "form", test_form(r, p), text(r, "/integrations/providers/%s/test", p->public_id));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/providers/%s", p->public_id));
    page(r, "layout/form");
}

static void verified(Ctx *c, void *arg) {
    const ProviderView *p = arg;
    db_run(c, "update message_provider set last_verified_at = ?, failed_checks = 0, status = if(status = 'configured', "
              "'verified', status) where id = ?", c->now, p->id);
    audit_note(c, "test", "message_provider", p->id, p->name, NULL);
}

/* Sent at once, by this provider, and kept nowhere: whoever presses sees what came of it. */
void provider_test_post(Req *r) {
    ProviderView *p = provider_of_path(r);
    Input *in = form_read(r, test_form(r, p));
    problems_end(r);
    if (!sandbox_may_reach(&r->c, in_text(in, "to")) && strcmp(p->adapter, "fake"))
        fail_field(r, INVALID, "to", "This utility is a sandbox: a message leaves to its allowed addresses only.");
    const char *no = public_id_new(&r->c);
    SendResult s = provider_send(&r->c, &(OutMessage){ .channel = p->channel, .to = in_text(in, "to"),
                                                       .subject = word(r, "hub.test_subject"),
                                                       .text = in_text(in, "text"), .lang = r->c.language,
                                                       .idempotency_key = no, .message_no = no }, p->id);
    if (s.kind != SENT_OK)
        fail_field(r, INVALID, "to", "%s did not take it: %s", p->name, s.meaning ? s.meaning : "no answer");
    db_tx(&r->c, DB_WRITE, verified, p, NULL);
    note(r, "%s", msg_format(r, r->c.language, "hub.test_sent", { "name", p->name },
                             { "no", s.provider_message_id ? s.provider_message_id : "" }));
    go(r, "/integrations/providers/%s", p->public_id);
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

void provider_check_post(Req *r) {
    ProviderView *p = provider_of_path(r);
    ProviderChecked said = provider_check(&r->c, p->id);
    provider_check_keep(&r->c, p->id, said);
    note(r, "%s", msg_format(r, r->c.language, said.is_good ? "hub.check_good" : "hub.check_bad", { "name", p->name },
                             { "why", said.problem ? said.problem : "" }));
    go(r, "/integrations/providers/%s", p->public_id);
}

typedef struct DnsKept { Id provider; const char *name, *result; } DnsKept;

static void dns_keep(Ctx *c, void *arg) {
    const DnsKept *k = arg;
    db_run(c, "update message_provider set dns_checked_at = ?, dns_result = ? where id = ?", c->now, k->result,
           k->provider);
    audit_note(c, "check", "message_provider", k->provider, k->name, NULL);
}

static void add_finding(JsonOut *o, const char *name, const DnsTexts *texts, DnsFinding f) {
    json_open_object(o, name);
    json_add_text(o, "verdict", texts->is_known ? dns_verdict_name(f.verdict) : "unknown");
    json_add_text(o, "found", texts->is_known ? f.found : NULL);
    json_add_text(o, "why", texts->is_known ? f.why : "no_answer");
    json_close(o);
}

/* Asks between its transactions. Without a selector nobody knows where the key stands. */
void provider_dns_post(Req *r) {
    ProviderView *p = provider_of_path(r);
    const char *at_sign = strchr(p->from_id, '@');
    if (strcmp(p->adapter, "smtp") || !at_sign) fail(r, NOT_FOUND, "There is no such page.");
    const char *domain = at_sign + 1, *selector = json_text(config_of(r, p), "dkim_selector");
    DnsTexts spf = dns_texts(&r->c, domain), dmarc = dns_texts(&r->c, text(r, "_dmarc.%s", domain)),
             dkim = { .is_known = true };
    DnsFinding key = { DNS_MISSING, NULL, "dkim_no_selector" };
    if (selector) {
        dkim = dns_texts(&r->c, text(r, "%s._domainkey.%s", selector, domain));
        key = dkim_finding(dkim.v, dkim.n);
    }
    Text t = text_start(r);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    add_finding(&o, "spf", &spf, spf_finding(spf.v, spf.n));
    add_finding(&o, "dkim", &dkim, key);
    add_finding(&o, "dmarc", &dmarc, dmarc_finding(dmarc.v, dmarc.n));
    json_close(&o);
    DnsKept k = { p->id, p->name, t.s };
    db_tx(&r->c, DB_WRITE, dns_keep, &k, NULL);
    note(r, "%s", msg_format(r, r->c.language, "hub.dns_done", { "domain", domain }));
    go(r, "/integrations/providers/%s", p->public_id);
}

/* --- addresses that a sandbox may reach --------------------------------------------------------------------------- */

static const Form reach_form = { .name = "sandbox_reach", .fields = FIELDS {
    { "addresses", LONG_TEXT(0, 2600) },
    { 0 } } };

static void sandbox_only(Req *r) {
    if (strcmp(utility_here(&r->c)->environment, "sandbox"))
        fail(r, CONFLICT, "This utility is live: messages reach everybody.");
}

void reach_page(Req *r) {
    sandbox_only(r);
    crumbs(r, NULL, word(r, "hub.reach"));
    show_text(r, "page.title", word(r, "hub.reach"));
    FormView *v = form_show(r, "form", &reach_form, "/integrations/messaging/reach");
    form_text(v, "addresses", setting_text(&r->c, SANDBOX_REACH, ""));
    show_text(r, "form.intro", word(r, "hub.reach_how"));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/messaging"));
    page(r, "layout/form");
}

void reach_post(Req *r) {
    sandbox_only(r);
    Input *in = form_read(r, &reach_form);
    const char *typed_ = in_text(in, "addresses");
    static const Field mail = { "addresses", EMAIL }, phone = { "addresses", PHONE };
    Text t = text_start(r);
    text_add(&t, "");
    size_t n = 0;
    for (char *s = text_copy(r, typed_ ? typed_ : ""), *line; (line = strsep(&s, "\n"));) {
        line += strspn(line, " \t\r");
        size_t k = strlen(line);
        while (k && strchr(" \t\r", line[k - 1])) line[--k] = 0;
        if (!k) continue;
        Value v;
        const char *wrong = field_check(r, strchr(line, '@') ? &mail : &phone, line, &v);
        if (wrong) problem(r, "addresses", "%s: %s", line, wrong);
        else text_addf(&t, "%s%s", n++ ? "\n" : "", v.text ? v.text : line);
    }
    if (n > SANDBOX_REACH_MAX) problem(r, "addresses", "At most %d addresses.", SANDBOX_REACH_MAX);
    problems_end(r);
    setting_set(&r->c, SANDBOX_REACH, t.s);
    note(r, "%s", word(r, "hub.saved"));
    go(r, "/integrations/messaging");
}

/* --- what the sandbox does next ----------------------------------------------------------------------------------- */

static const Choice outcomes[] = { { "deliver", NULL }, { "undelivered", NULL }, { "temporary", NULL },
                                   { "permanent", NULL }, { "silence", NULL }, { 0 } };

static const Form outcome_form = { .name = "sandbox_outcome", .fields = FIELDS {
    { "outcome",   CHOICE(outcomes), .flags = REQUIRED },
    { "recipient", TEXT(3, 254) },
    { "times",     INT(1, 100), .flags = REQUIRED, .initial = "1", .width = "3" },
    { 0 } } };

static ProviderView *fake_of_path(Req *r) {
    ProviderView *p = provider_of_path(r);
    if (strcmp(p->adapter, "fake")) fail(r, NOT_FOUND, "There is no such page.");
    return p;
}

void provider_outcome_page(Req *r) {
    ProviderView *p = fake_of_path(r);
    crumbs(r, p, word(r, "hub.next_outcome"));
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.next_outcome_of", { "name", p->name }));
    form_show(r, "form", &outcome_form, text(r, "/integrations/providers/%s/outcome", p->public_id));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/providers/%s", p->public_id));
    page(r, "layout/form");
}

void provider_outcome_post(Req *r) {
    ProviderView *p = fake_of_path(r);
    Input *in = form_read(r, &outcome_form);
    problems_end(r);
    db_run(r, "insert into sandbox_outcome (utility_id, provider_id, recipient, outcome, times, created_by) values "
              "(?,?,?,?,?,?)", r->c.utility, p->id, in_text(in, "recipient"), in_text(in, "outcome"),
           in_int(in, "times"), r->c.user);
    audit_note(&r->c, "sandbox_switch", "message_provider", p->id, p->name, in_text(in, "outcome"));
    note(r, "%s", word(r, "hub.saved"));
    go(r, "/integrations/providers/%s", p->public_id);
}
