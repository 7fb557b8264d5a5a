/*
 * Gateway accounts: credentials sealed at rest and never shown again, the check at the provider, the mandatory test
 * payment, states (ONB03US01 "gateway configuration"; assurance S23). Pages: account_page.c.
 */
#include "app/hub/account.h"

#include <string.h>

#include "app/core/core.h"
#include "app/hub/fee_rules.h"
#include "app/hub/pages.h"
#include "lib/crypt.h"
#include "lib/date.h"

static const char credentials_place[] = "gateway_account.credentials",
    secret_place[] = "gateway_account.webhook_secret";
enum { CHECK_EVERY_S = 300, FAILED_CHECKS = 3, FAILED_WITHIN_S = 900 };

static bool is_live(Ctx *c) { return strcmp(utility_here(c)->environment, "sandbox") != 0; }

/* --- making ------------------------------------------------------------------------------------------------------- */

/* ["card","wallet"] of "card,wallet". */
static const char *json_words(Ctx *c, const char *list, size_t most) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (char *s = text_copy(c, list), *word; most-- && (word = strsep(&s, ","));) json_add_text(&o, NULL, word);
    json_close(&o);
    return t.s;
}

Id account_of_driver(Ctx *c, const GatewayDriver *d) {
    const char *mode = is_live(c) ? "live" : "test", *currency = utility_here(c)->currency;
    Id known = db_id(c, "select id from gateway_account where utility_id = ? and driver = ? and mode = ? for update",
                     c->utility, d->name, mode);
    if (known.id) return known;
    if (is_live(c) && d == &sandbox_driver)
        fail(c, CONFLICT, "The sandbox gateway is not there when the utility is live.");
    if (d->currencies && !words_have(d->currencies, currency))
        fail(c, CONFLICT, "%s does not take %s.", d->label, currency);
    const char *key = random_hex(&c->mem, 16);
    bool signs = !d->credentials->name;             /* a gateway of our own: we make its secret */
    Bytes secret = signs ? vault_seal(c, secret_place, random_token(&c->mem)) : (Bytes){ 0 };
    int64_t last = db_int(c, "select coalesce(max(priority), 0) from gateway_account where utility_id = ?", c->utility);
    Id id = db_insert(c,
                      "insert into gateway_account (utility_id, driver, label, mode, status, "
                      "webhook_secret_current_enc, endpoint_key, methods, currencies, "
                      "priority, created_at, created_by) "
                      "values (?,?,?,?,?,?,?,?,?,?,?,?)",
                      c->utility, d->name, d->label, mode, signs ? "verified" : "not_configured", secret, key,
                      json_words(c, d->methods, 1), json_words(c, currency, 1), last + 10 > 99 ? 99 : last + 10, c->now,
                      c->user);
    webhook_route_keep(c, &(WebhookRoute){ key, d->name, "gateway", id });
    audit_note(c, "create", "gateway_account", id, d->label, NULL);
    return id;
}

/* --- credentials -------------------------------------------------------------------------------------------------- */

static bool begins(const char *value, const char *with) { return with && !strncmp(value, with, strlen(with)); }

const char *credential_refusal(Ctx *c, const Credential *k, const char *value) {
    if (is_live(c) && begins(value, k->test)) return "This is a test key. The utility is live: enter a live key.";
    if (!is_live(c) && begins(value, k->live)) return "This is a live key. The utility is a sandbox: enter a test key.";
    if ((k->test || k->live) && !begins(value, k->test) && !begins(value, k->live))
        return text(c, "Enter the key as it is: it begins with %s.", is_live(c) ? k->live : k->test);
    return NULL;
}

static const char *value_of(const GatewayAccount *a, const Credential *k, const char *given) {
    if (given) return given;
    return k->signs && !gateway_credential(a, k->name) ? a->keys.current : gateway_credential(a, k->name);
}

static const char *credentials_json(Ctx *c, const GatewayAccount *a, const GatewayDriver *d, const Given *g) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (size_t i = 0; d->credentials[i].name; i++) {
        const char *value = value_of(a, &d->credentials[i], g->v[i]);
        if (value) json_add_text(&o, d->credentials[i].name, value);
    }
    json_close(&o);
    later(c, wipe_text, t.s);
    return t.s;
}

const GatewayAccount *account_with(Ctx *c, Id account, const Given *given) {
    const GatewayAccount *stored = gateway_account(c, account);
    const char *json = credentials_json(c, stored, gateway_driver(stored->driver), given);
    GatewayAccount *a = take(c, sizeof *a);
    *a = *stored;
    a->credentials = json_read(&c->mem, json, strlen(json), 8192, NULL);
    a->secret_key = gateway_credential(a, "secret_key");
    a->client_id = gateway_credential(a, "client_id");
    return a;
}

/* The last four characters of each, all that is ever shown of it. */
static const char *hints_json(Ctx *c, const GatewayAccount *a, const GatewayDriver *d) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (const Credential *k = d->credentials; k->name; k++) {
        const char *value = gateway_credential(a, k->name);
        size_t n = value ? strlen(value) : 0;
        if (n) json_add_text(&o, k->name, n >= 12 ? value + n - 4 : "");
    }
    json_close(&o);
    return t.s;
}

/* A new webhook secret: the old one stays good for a while, so that nothing on its way is refused. */
static void rotate(Ctx *c, const GatewayAccount *before, const char *secret, int64_t hours) {
    if (before->keys.current && !strcmp(before->keys.current, secret)) return;
    Bytes now = vault_seal(c, secret_place, secret), old = { 0 };
    if (before->keys.current) old = vault_seal(c, secret_place, before->keys.current);
    db_run(c, "update gateway_account set webhook_secret_previous_enc = ?, webhook_secret_current_enc = ?, "
              "previous_valid_until = ? where id = ?", old, now,
           old.p ? time_add_seconds(c->now, hours * 3600) : TIME_NONE, before->id);
}

void account_keep(Ctx *c, Id account, const Given *given, bool is_good) {
    const GatewayAccount *before = gateway_account(c, account), *a = account_with(c, account, given);
    const GatewayDriver *d = gateway_driver(a->driver);
    Text changed = text_start(c);
    JsonOut o = json_out(&changed);
    json_open_object(&o, NULL);
    for (size_t i = 0; d->credentials[i].name; i++) {
        const Credential *k = &d->credentials[i];
        if (given->v[i]) json_add_text(&o, k->name, "***");
        const char *value = gateway_credential(a, k->name);
        if (k->signs && value) rotate(c, before, value, given->keep_hours);
    }
    json_close(&o);
    const char *json = credentials_json(c, before, d, given);
    db_run(c, "update gateway_account set credentials_enc = ?, credentials_hint = ?, last_verified_at = if(?, ?, "
              "last_verified_at), failed_checks = 0, status = case when status in ('active', 'inactive') then status "
              "when ? then 'verified' else 'configured' end, updated_at = ?, updated_by = ?, "
              "row_version = row_version + 1 where id = ?",
           vault_seal(c, credentials_place, json), hints_json(c, a, d), is_good, c->now, is_good, c->now, c->user,
           account);
    audit_write(c, &(Audit){ .action = "edit", .entity = "gateway_account", .id = account, .number = a->label,
                             .version = db_int(c, "select row_version from gateway_account where id = ?", account),
                             .after = changed.s });
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

typedef struct Check { Id account; Checked said; } Check;

#define CHECK_ROW(F, T) F(T, const char *, status) F(T, const char *, label) F(T, int, failed_checks) \
    F(T, Time, failing_since)
ROW(CheckRow, CHECK_ROW)

/* Certainly bad: the provider refuses our credentials, or does not answer. Any other refusal shows that it is there. */
static bool is_failure(const Checked *said) {
    return said->class == OUT_NOT_ACCEPTED || said->class == OUT_UNKNOWN || said->http_status == 401 ||
           said->http_status == 403;
}

static void check_end(Ctx *c, void *arg) {
    Check *k = arg;
    CheckRow *r = db_one(c, CheckRow, "select status, label, failed_checks, failing_since from gateway_account "
                                      "where id = ? for update", k->account);
    const char *key = text(c, "gateway.error:%lld", (long long)k->account.id);
    if (!is_failure(&k->said)) {
        db_run(c, "update gateway_account set last_verified_at = ?, failed_checks = 0, failing_since = null, "
                  "status = case status when 'error' then 'active' when 'configured' then 'verified' else status end "
                  "where id = ?", c->now, k->account);
        if (!strcmp(r->status, "error")) audit_note(c, "recover", "gateway_account", k->account, r->label, NULL);
        alert_clear(c, key);
        return;
    }
    bool again = time_is_set(r->failing_since) && r->failing_since.us > time_add_seconds(c->now, -FAILED_WITHIN_S).us;
    int failed = again ? r->failed_checks + 1 : 1;
    bool down = failed >= FAILED_CHECKS && !strcmp(r->status, "active");
    db_run(c, "update gateway_account set failed_checks = ?, failing_since = if(?, failing_since, ?), "
              "status = if(?, 'error', status) where id = ?", failed, again, c->now, down, k->account);
    if (!down) return;
    audit_note(c, "error", "gateway_account", k->account, r->label, k->said.error);
    alert_raise(c, "gateway.error", "critical", key, text(c, "%s does not answer our checks.", r->label),
                "/integrations/health");
}

Checked account_check(Ctx *c, Id account) {
    const GatewayAccount *a = gateway_account(c, account);
    Check k = { .account = account, .said = gateway_driver(a->driver)->check(c, a) };
    db_tx(c, DB_WRITE, check_end, &k, NULL);
    return k.said;
}

#define TO_CHECK(F, T) F(T, Id, id) F(T, const char *, driver)
ROW(ToCheck, TO_CHECK)

/* Recurring: what is in use, and what was and does not answer. Accounts that nobody ever verified are left alone. */
JobStep gateways_check(Ctx *c, const JobRow *job) {
    (void)job;
    ToChecks all = db_all(c, ToCheck, "select id, driver from gateway_account where utility_id = ? and status in "
                                      "('active', 'error') and last_verified_at is not null and driver <> 'sandbox'",
                          c->utility);
    for (size_t i = 0; i < all.n; i++)
        if (gateway_driver(all.v[i].driver)) account_check(c, all.v[i].id);
    return STEP_DONE;
}

/* --- the test payment, states ------------------------------------------------------------------------------------- */

void gateway_tested(Ctx *c, Id gateway, Id intent) {
    if (!db_int(c, "select count(*) from payment_intent where id = ? and purpose = 'test' and state = 'succeeded'",
                intent))
        return;
    db_run(c, "update gateway_account set test_ok_at = coalesce(test_ok_at, ?) where id = ?", c->now, gateway);
}

/* Its own test, or with live keys that of the same gateway's test side. */
static Refusal untested(Ctx *c, Id id) {
    if (db_int(c, "select count(*) from gateway_account a join gateway_account t on t.utility_id = a.utility_id and "
                  "t.driver = a.driver and t.test_ok_at is not null where a.id = ?", id))
        return NO_REFUSAL;
    return REFUSE(c, CONFLICT, "Complete a successful test transaction first.");
}

int64_t account_open_payments(Ctx *c, Id account) {
    if (db_int(c, "select count(*) from gateway_account where utility_id = ? and status = 'active' and id <> ?",
               c->utility, account))
        return 0;
    return db_int(c, "select count(*) from payment_intent where utility_id = ? and state in ('created', "
                     "'requires_action', 'processing') and gateway_account_id = ?", c->utility, account);
}

static const Move gateway_moves[] = {
    { "verified", "activate",   "active",   EDIT, untested, NULL, .text = "Activate" },
    { "inactive", "activate",   "active",   EDIT, untested, NULL, .text = "Activate" },
    { "active",   "deactivate", "inactive", EDIT, NULL,     NULL },
    { "error",    "deactivate", "inactive", EDIT, NULL,     NULL },
    { "error",    "activate",   "active",   EDIT, untested, NULL, .text = "Activate" },
    { 0 }
};

const Machine gateway_machine = { .name = "gateway", .table = "gateway_account", .column = "status", .number = "label",
                                  .feature = "hub.gateways", .moves = gateway_moves };
