/*
 * What a tenant uses of what it bought (ONB08US01): counted from the records themselves, warned of at 80 and 100 %, and
 * refused only where more than 10 % above the limit would be made.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/platform/subscription.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

int64_t limit_in(Ctx *c, const char *limits, const char *metric) {
    int64_t n = -1;
    Json j = limits ? json_read(&c->mem, limits, strlen(limits), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    json_int(j, metric, &n);
    return n;
}

int64_t limit_of(Ctx *c, const Subscription *s, const char *metric) {
    int64_t base = limit_in(c, s->limits, metric);
    return base < 0 ? base : base + add_on_extra(c, s->id, metric);
}

static int64_t sent_this_month(Ctx *c, const char *channel) {
    return db_int(c, "select count(*) from message where channel=? and created_at>=?", channel,
                  date_start(zone_utc(), month_first(month_of(platform_today(c)))));
}

static int64_t used(Ctx *c, const char *metric) {
    if (!strcmp(metric, "accounts"))
        return db_int(c, "select count(*) from account where status not in ('closed', 'cancelled')");
    if (!strcmp(metric, "seats"))
        return db_int(c, "select count(*) from user where status in ('active', 'invited', 'pending')");
    if (!strcmp(metric, "utilities")) return db_int(c, "select count(*) from utility where status<>'closed'");
    if (!strcmp(metric, "sms_month")) return sent_this_month(c, "sms");
    if (!strcmp(metric, "email_month")) return sent_this_month(c, "email");
    return db_int(c, "select coalesce(sum(size), 0) div 1048576 from document");
}

Usages subscription_usage(Ctx *c) {
    static const char *const metrics[] = { "accounts", "seats", "utilities", "sms_month", "email_month", "storage_mb" };
    Subscription *s = subscription_of(c, c->tenant);
    Usages all = { .n = 0 };
    for (size_t i = 0; i < LIMITS_MAX; i++) {
        int64_t limit = s ? limit_of(c, s, metrics[i]) : -1, n = used(c, metrics[i]);
        all.v[all.n++] = (Usage){ metrics[i], n, limit, limit_level(n, limit) };
    }
    return all;
}

#define KEPT(F, T) F(T, const char *, metric) F(T, int64_t, value)
ROW(Kept, KEPT)

Usages subscription_usage_kept(Ctx *c) {
    Subscription *s = subscription_of(c, c->tenant);
    Kepts l = db_all(c, Kept, "select metric, value from smart360.subscription_usage where tenant_id=? "
                              "and period=(select max(period) from smart360.subscription_usage where tenant_id=?) "
                              "and metric in ('accounts', 'seats', 'utilities', 'sms_month', 'email_month', "
                              "'storage_mb') order by field(metric, 'accounts', 'seats', 'utilities', 'sms_month', "
                              "'email_month', 'storage_mb') limit 6", c->tenant, c->tenant);
    Usages all = { .n = 0 };
    for (size_t i = 0; i < l.n && all.n < LIMITS_MAX; i++) {
        int64_t limit = s ? limit_of(c, s, l.v[i].metric) : -1;
        all.v[all.n++] = (Usage){ l.v[i].metric, l.v[i].value, limit, limit_level(l.v[i].value, limit) };
    }
    return all;
}

int64_t subscription_room(Ctx *c, const char *metric) {
    Subscription *s = subscription_of(c, c->tenant);
    int64_t limit = s ? limit_of(c, s, metric) : -1;
    return limit < 0 ? INT64_MAX : limit_room(used(c, metric), limit);
}

/* "accounts", "staff seats": as they stand in a sentence. */
static const char *metric_words(Ctx *c, const char *metric) {
    return msg(c->language, text(c, "platform.of_metric.%s", metric));
}

const char *subscription_refusal(Ctx *c, const char *metric) {
    if (subscription_room(c, metric)) return NULL;
    Subscription *s = subscription_of(c, c->tenant);
    const char *limit = locale_count(&c->mem, c->locale, limit_of(c, s, metric));
    if (!strcmp(metric, "accounts")) return "Account limit reached";
    if (!strcmp(metric, "seats")) return text(c, "Seat limit reached (%s). Add seats or deactivate users.", limit);
    return text(c, "Limit reached: %s %s.", limit, metric_words(c, metric));
}

static void tell_administrators(Ctx *c, const Usage *u, const char *most, const char *is, const char *key) {
    Id role = db_id(c, "select id from role where code='tenant_admin' and utility_id is null");
    if (!role.id) return;
    inapp_post(c, &(InApp){ .recipient_kind = "role", .recipient = role, .topic = "subscription", .severity = "warning",
                            .title = msg_format(c, c->language, "platform.limit_full", { "limit", most },
                                                { "what", metric_words(c, u->metric) }, { "used", is }),
                            .body = msg(c->language, "platform.limit_grace"), .link = "/org/subscription",
                            .dedup_key = key });
}

/* Kept for the platform's pages, and told to the administrators. */
static void note_usage(Ctx *c, const Usage *u) {
    Date month = month_first(month_of(platform_today(c)));
    db_run(c, "insert into smart360.subscription_usage (tenant_id, metric, period, value, updated_at) "
              "values (?,?,?,?,?) "
              "on duplicate key update value=values(value), updated_at=values(updated_at)", c->tenant, u->metric, month,
           u->used, c->now);
    const char *near = text(c, "limit:%s:80", u->metric), *full = text(c, "limit:%s:100", u->metric);
    const char *is = locale_count(&c->mem, c->locale, u->used), *most = locale_count(&c->mem, c->locale, u->limit);
    if (u->level >= LIMIT_NEAR)
        alert_raise(c, "subscription.limit", "warning", near, msg_format(c, c->language, "platform.limit_near",
            { "used", is }, { "limit", most }, { "what", metric_words(c, u->metric) }),
                    "/org/subscription");
    else alert_clear(c, near);
    if (u->level < LIMIT_FULL) { alert_clear(c, full); return; }
    bool is_new = !db_int(c, "select exists (select 1 from alert where dedup_key=? and resolved_at is null)", full);
    alert_raise(c, "subscription.limit", "critical", full,
                msg_format(c, c->language, "platform.limit_full", { "limit", most },
                           { "what", metric_words(c, u->metric) }, { "used", is }), "/org/subscription");
    if (!is_new) return;
    tell_administrators(c, u, most, is, full);
    event_emit(c, &(Event){ .name = "subscription.limit_reached", .entity = "tenant", .id = c->tenant,
                            .payload = json_pairs(c, "metric", u->metric, "value", is, NULL) });
}

JobStep usage_job(Ctx *c, const JobRow *job) {
    (void)job;
    Usages all = subscription_usage(c);
    for (size_t i = 0; i < all.n; i++) note_usage(c, &all.v[i]);
    db_run(c, "insert into smart360.subscription_usage (tenant_id, metric, period, value, updated_at) "
              "select ?, 'last_active', ?, unix_timestamp(max(last_seen_at)), ? from session having "
              "max(last_seen_at) is not null on duplicate key update value=values(value), "
              "updated_at=values(updated_at)", c->tenant, month_first(month_of(platform_today(c))), c->now);
    return STEP_DONE;
}
