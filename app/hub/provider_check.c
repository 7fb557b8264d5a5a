/*
 * Message providers while they work (ONB03US01 "SMS and e-mail providers"): which one takes a message, the breaker of
 * each, checks by themselves (active -> error after three in 15 minutes, and back), the addresses a sandbox may reach.
 * Assurance F8, F15.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/pages.h"
#include "app/hub/provider.h"
#include "lib/breaker_rules.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/fetch.h"
#include "lib/locale.h"
#include "lib/mail.h"

/* --- the breaker: in the provider's row, so that all workers know ------------------------------------------------- */

#define BREAKER_ROW(F, T) F(T, int, breaker_failures) F(T, Time, breaker_open_until) F(T, Time, breaker_probe_until)
ROW(BreakerRow, BREAKER_ROW)

static Time or_zero(Time t) { return time_is_set(t) ? t : (Time){ 0 }; }
static Time or_none(Time t) { return t.us ? t : TIME_NONE; }

static Breaker breaker_lock(Ctx *c, Id provider) {
    BreakerRow *r = db_one(c, BreakerRow, "select breaker_failures, breaker_open_until, breaker_probe_until from "
                                          "message_provider where id = ? for update", provider);
    return (Breaker){ r->breaker_failures, or_zero(r->breaker_open_until), or_zero(r->breaker_probe_until) };
}

static void breaker_keep(Ctx *c, Id provider, const Breaker *b) {
    db_run(c, "update message_provider set breaker_failures = ?, breaker_open_until = ?, breaker_probe_until = ? "
              "where id = ?", b->failures, or_none(b->open_until), or_none(b->probe_until), provider);
}

/* Closed and without failures, as nearly always: the row is not locked. */
static bool all_is_well(Ctx *c, Id provider) {
    return db_int(c, "select count(*) from message_provider where id = ? and breaker_failures = 0", provider) == 1;
}

static Time admits_at(Ctx *c, Id provider) {
    if (all_is_well(c, provider)) return c->now;
    Breaker b = breaker_lock(c, provider);
    if (!breaker_admit(&b, c->now)) return breaker_next(&b, c->now);
    breaker_keep(c, provider, &b);
    return c->now;
}

/* A 4xx of mail is said of one recipient, but 421 of the whole server. */
static bool has_answered(const SendResult *r) {
    if (r->kind == SENT_OK || r->kind == SENT_PERMANENT) return true;
    return r->kind == SENT_TEMPORARY && r->http_status >= 400 && r->http_status < 500 && r->http_status != 421 &&
           r->http_status != 429 && r->http_status != 408;
}

void provider_answered(Ctx *c, const SendResult *r) {
    bool answered = has_answered(r);
    if (!r->provider.id || (answered && all_is_well(c, r->provider))) return;
    if (!strcmp(db_text(c, "select adapter from message_provider where id = ?", r->provider), "fake")) return;
    Breaker b = breaker_lock(c, r->provider);
    breaker_note(&b, answered, c->now);
    breaker_keep(c, r->provider, &b);
}

/* --- which one takes a message ------------------------------------------------------------------------------------ */

/* Of a sandbox utility; at tenant level of a sandbox installation. */
static bool is_sandbox(Ctx *c) {
    return c->utility.id ? !strcmp(utility_here(c)->environment, "sandbox") : installation()->sandbox;
}

bool sandbox_may_reach(Ctx *c, const char *to) {
    if (!is_sandbox(c)) return true;
    if (!c->utility.id) return false;
    const char *list = setting_text(c, SANDBOX_REACH, "");
    size_t n = strlen(to);
    for (const char *s = list; *s; s += strcspn(s, "\n"), s += *s == '\n')
        if (strcspn(s, "\n") == n && !strncasecmp(s, to, n)) return true;
    return false;
}

#define CANDIDATE(F, T) F(T, Id, id) F(T, const char *, adapter) F(T, int64_t, monthly_cap) F(T, int, rate_per_s) \
    F(T, int64_t, per_minute) F(T, int64_t, connections) F(T, int64_t, tried)
ROW(Candidate, CANDIDATE)

static bool month_is_full(Ctx *c, const Candidate *p) {
    if (!p->monthly_cap) return false;
    Ymd day = date_ymd(utility_today(c));
    Time from = date_start(c->locale->zone, date_of(day.year, day.month, 1));
    return db_int(c, "select count(*) from message_attempt a where a.message_provider_id = ? and a.request_at >= ? and "
                     "a.kind = 'ok'", p->id, from) >= p->monthly_cap;
}

enum { SENDING_MOST_S = 120 };      /* an attempt that did not end by then was cut off and holds no connection */

static int64_t left_since(Ctx *c, const Candidate *p, int seconds) {
    return db_int(c, "select count(*) from message_attempt where message_provider_id = ? and request_at > ?", p->id,
                  time_add_seconds(c->now, -seconds));
}

/* When the next message may leave by the provider: what left within a second and a minute counts, and how many
   connections are open (each message has its own). Workers that begin in the same moment do not see each other, so a
   few more may go. Nothing leaves by a fake. */
static Time rate_admits_at(Ctx *c, const Candidate *p) {
    if (!strcmp(p->adapter, "fake")) return c->now;
    if (p->per_minute && left_since(c, p, 60) >= p->per_minute)
        return time_add_seconds(c->now, 60 - (int)db_int(c,
            "select coalesce(timestampdiff(second, min(request_at), ?), 0) from message_attempt "
            "where message_provider_id = ? and request_at > ?", c->now, p->id, time_add_seconds(c->now, -60)));
    bool is_full = p->connections && db_int(c, "select count(*) from message_attempt where message_provider_id = ? "
                                               "and request_at > ? and finished_at is null", p->id,
                                            time_add_seconds(c->now, -SENDING_MOST_S)) >= p->connections;
    return !is_full && left_since(c, p, 1) < p->rate_per_s ? c->now : time_add_seconds(c->now, 1);
}

/* A utility's own come before the tenant's. In a sandbox the fakes, after the real ones where an address may be
   reached. */
ProviderChoice provider_for(Ctx *c, const ProviderWish *w) {
    bool fakes_only = is_sandbox(c) && !sandbox_may_reach(c, w->to);
    Candidates all = db_all(c, Candidate,
        "select p.id, p.adapter, coalesce(p.monthly_cap, 0) as monthly_cap, p.rate_per_s, "
        "coalesce(cast(json_value(p.config, '$.per_minute') as signed), 0) as per_minute, "
        "coalesce(cast(json_value(p.config, '$.connections') as signed), 0) as connections, (select count(*) "
        "from message_attempt a where a.message_id = ? and a.message_provider_id = p.id "
        "and a.kind <> 'ok') as tried from message_provider p where (p.utility_id = ? or p.utility_id is null) "
        "and p.channel = ? and p.status = 'active' and p.enabled = 1 and (? = 0 or p.adapter = 'fake') and (? = 1 "
        "or p.adapter <> 'fake') order by p.utility_id is null, p.adapter = 'fake', p.priority, p.id",
        w->message, c->utility, w->channel, fakes_only, is_sandbox(c));
    ProviderChoice to = { .has_none = !all.n, .wait_until = TIME_NONE };
    for (size_t i = 0; i < all.n; i++) {
        if (all.v[i].tried >= w->tries || month_is_full(c, &all.v[i])) continue;
        Time at = rate_admits_at(c, &all.v[i]);
        if (at.us > c->now.us)                              /* it waits for its turn; the next one is for failures */
            return (ProviderChoice){ .wait_until = at };
        at = admits_at(c, all.v[i].id);
        if (at.us <= c->now.us) return (ProviderChoice){ .provider = all.v[i].id, .wait_until = TIME_NONE };
        if (!time_is_set(to.wait_until) || at.us < to.wait_until.us) to.wait_until = at;
    }
    return to;
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

static ProviderChecked check_http(Ctx *c, const FetchRequest *r) {
    FetchAnswer a = fetch(&c->mem, r);
    bool is_good = a.class == OUT_ACCEPTED;
    return (ProviderChecked){ is_good, is_good ? NULL : a.problem ? a.problem : text(c, "It answered %d.", a.status) };
}

static ProviderChecked check_twilio(Ctx *c, const Sender *p) {
    const char *sid = json_text(p->config, "account_sid"), *base = json_text(p->config, "api_base");
    return check_http(c, &(FetchRequest){
        .method = "GET", .url = text(c, "%s/2010-04-01/Accounts/%s.json", base ? base : "https://api.twilio.com",
                                     fetch_escape(&c->mem, sid ? sid : "")),
        .user = sid, .password = p->secret, .total_ms = 10000 });
}

static ProviderChecked check_vonage(Ctx *c, const Sender *p) {
    const char *base = json_text(p->config, "api_base");
    FetchHeader query[] = { { "api_key", json_text(p->config, "api_key") }, { "api_secret", p->secret }, { 0 } };
    return check_http(c, &(FetchRequest){
        .method = "GET", .url = text(c, "%s/account/get-balance?%s", base ? base : "https://rest.nexmo.com",
                                     fetch_form(&c->mem, query)),
        .total_ms = 10000 });
}

static ProviderChecked check_smtp(Ctx *c, const Sender *p) {
    MailServer server = smtp_server(c, p);
    if (!server.host) return (ProviderChecked){ false, "The provider has no host" };
    MailResult a = mail_check(&c->mem, &server);
    bool is_good = a.class == OUT_ACCEPTED;
    return (ProviderChecked){ is_good, is_good ? NULL : a.problem ? a.problem : a.reply };
}

ProviderChecked provider_check(Ctx *c, Id provider) {
    Sender p = sender_of(c, provider);
    if (!strcmp(p.adapter, "twilio")) return check_twilio(c, &p);
    if (!strcmp(p.adapter, "smtp")) return check_smtp(c, &p);
    if (!strncmp(p.adapter, "vonage", 6)) return check_vonage(c, &p);
    return (ProviderChecked){ true, NULL };
}

typedef struct Check { Id provider; ProviderChecked said; } Check;

#define CHECK_ROW(F, T) F(T, const char *, status) F(T, const char *, name) F(T, int, failed_checks) \
    F(T, Time, failing_since)
ROW(CheckRow, CHECK_ROW)
enum { FAILED_CHECKS = 3, FAILED_WITHIN_S = 900 };

/* An account that answers may still refuse to send: the breaker of the sendings opens and closes by sendings alone. */
static void check_end(Ctx *c, void *arg) {
    Check *k = arg;
    CheckRow *r = db_one(c, CheckRow, "select status, name, failed_checks, failing_since from message_provider "
                                      "where id = ? for update", k->provider);
    const char *key = text(c, "provider.error:%lld", (long long)k->provider.id);
    if (k->said.is_good) {
        db_run(c, "update message_provider set last_verified_at = ?, failed_checks = 0, failing_since = null, "
                  "breaker_failures = if(status = 'error', 0, breaker_failures), "
                  "breaker_open_until = if(status = 'error', null, breaker_open_until), "
                  "status = if(status = 'error', 'active', status) where id = ?", c->now, k->provider);
        if (!strcmp(r->status, "error")) audit_note(c, "recover", "message_provider", k->provider, r->name, NULL);
        alert_clear(c, key);
        return;
    }
    bool again = time_is_set(r->failing_since) && r->failing_since.us > time_add_seconds(c->now, -FAILED_WITHIN_S).us;
    int failed = again ? r->failed_checks + 1 : 1;
    bool down = failed >= FAILED_CHECKS && !strcmp(r->status, "active");
    db_run(c, "update message_provider set failed_checks = ?, failing_since = if(?, failing_since, ?), "
              "status = if(?, 'error', status) where id = ?", failed, again, c->now, down, k->provider);
    if (!down) return;
    audit_note(c, "error", "message_provider", k->provider, r->name, k->said.problem);
    alert_raise(c, "provider.error", "critical", key,
                text(c, "%s does not answer our checks: %.150s", r->name, k->said.problem ? k->said.problem : ""),
                "/integrations/health");
}

void provider_check_keep(Ctx *c, Id provider, ProviderChecked said) {
    Check k = { provider, said };
    db_tx(c, DB_WRITE, check_end, &k, NULL);
}

#define TO_CHECK(F, T) F(T, Id, id)
ROW(ToCheck, TO_CHECK)

/* Recurring: what is in use, and what was and did not answer. */
JobStep providers_check(Ctx *c, const JobRow *job) {
    (void)job;
    ToChecks all = db_all(c, ToCheck, "select id from message_provider where utility_id = ? and adapter <> 'fake' and "
                                      "enabled = 1 and status in ('active', 'error') order by id", c->utility);
    for (size_t i = 0; i < all.n; i++) provider_check_keep(c, all.v[i].id, provider_check(c, all.v[i].id));
    return STEP_DONE;
}
