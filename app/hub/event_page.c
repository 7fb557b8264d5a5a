/*
 * Webhook events as people see them (ONB03US01 "events"): the log with search, one event with headers, body and what
 * became of it, replay; what nights take away. Taking and processing: hook.c.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/pages.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { BODY_SHOWN = 4000, BODY_DAYS = 90, LEFT_DAYS = 5, AT_ONCE = 2000, STEPS_SHOWN = 100, DAY_S = 86400,
       DIE_AT_ONCE = 200 };

static const Choice event_states[] = { { "received", NULL }, { "processing", NULL }, { "processed", NULL },
                                       { "ignored", NULL }, { "failed", NULL }, { "dead", NULL }, { 0 } };

static const Choice event_drivers[] = { { "stripe", "hub.driver.stripe" },
                                        { "razorpay", "hub.driver.razorpay" },
                                        { "paystack", "hub.driver.paystack" },     { "doku", "hub.driver.doku" },
                                        { "sandbox", "hub.driver.sandbox" },       { "twilio", "hub.driver.twilio" },
                                        { "vonage", "hub.driver.vonage" },
                                        { "vonage_sms", "hub.driver.vonage_sms" }, { "email", "hub.driver.email" },
                                        { 0 } };

static const Choice ages[] = { { "24h", "org.age.24h" }, { "older", "org.age.older" }, { 0 } };

static const ListColumn event_columns[] = {
    { "received_at",       NULL, "e.received_at",       LIST | SORT | FILTER,
      .link = "/integrations/events/{public_id}", .place = "id" },
    { "public_id",         NULL, "e.public_id" },
    { "driver",            NULL, "e.driver",            LIST | FILTER, .choices = event_drivers,
      .index = "webhook_event_driver" },
    { "provider_event_id", NULL, "e.provider_event_id", LIST | SEARCH_START, .place = "name",
      .sub = "type" },
    { "type",              NULL, "e.type",              SEARCH_START },
    { "attempts",          NULL, "e.attempts",          LIST },
    { "delivery_count",    NULL, "e.delivery_count",    LIST },
    { "latency_ms",        NULL, "timestampdiff(microsecond, e.received_at, e.processed_at) div 1000", LIST },
    { "intent_no",         NULL, "i.intent_no",         LIST | SEARCH_START,
      .link = "/integrations/payments/{intent_no}" },
    { "error",             NULL, "left(coalesce(e.error, e.reason), 80)", LIST },
    { "age",               NULL, "'all'",               FILTER, .choices = ages, .more = 1 },
    { "state",             NULL, "e.state",             LIST | FILTER, .choices = event_states,
      .index = "webhook_event_state" },
    { 0 } };

static const ListSpec events = {
    .name = "webhook_events", .path = "/integrations/events", .feature = "hub.events", .id = "e.id",
    .from = "webhook_event e", .index = "webhook_event_newest", .where = "e.utility_id = ?",
    .joins = FRAGMENTS { "left join payment_intent i on i.id = e.intent_id", NULL },
    .found = FRAGMENTS { "select x.id from webhook_event x where x.utility_id = ? and x.provider_event_id like ?",
                         "select x.id from webhook_event x where x.utility_id = ? and x.type like ?",
                         "select x.id from payment_intent y join webhook_event x on x.intent_id = y.id "
                         "where y.utility_id = ? and y.intent_no like ?",
                         NULL },
    .columns = event_columns, .order = "-received_at" };

static ListColumn *column(ListColumn *all, const char *name) {
    while (strcmp(all->name, name)) all++;
    return all;
}

/* An age is a part of the list's order: asked for in .where, so that no row is looked at that is not in it; the filter
   of that name is then true of all. A provider and a state together have an index of their own. */
void event_list_page(Req *r) {
    const char *age = query_text(r, "age");
    bool is_young = age && !strcmp(age, "24h"), is_old = age && !strcmp(age, "older");
    ListColumn *columns = take_n(r, ListColumn, sizeof event_columns / sizeof *event_columns);
    memcpy(columns, event_columns, sizeof event_columns);
    ListSpec list = events;
    list.columns = columns;
    if (is_young || is_old) {
        list.where = is_young ? "e.utility_id = ? and e.received_at >= ?" : "e.utility_id = ? and e.received_at < ?";
        column(columns, "age")->sql = is_young ? "'24h'" : "'older'";
    }
    if (query_text(r, "driver") && *query_text(r, "driver")) column(columns, "state")->index = "webhook_event_both";
    show_text(r, "page.title", word(r, "hub.events"));
    page_tabs(r, "hub", "/integrations/events");
    if (is_young || is_old) list_show(r, &list, r->c.utility, time_add_seconds(r->c.now, -DAY_S));
    else list_show(r, &list, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- one event ---------------------------------------------------------------------------------------------------- */

#define EVENT_VIEW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, provider_event_id) \
    F(T, const char *, type) \
    F(T, const char *, driver) F(T, const char *, source) F(T, const char *, state) F(T, const char *, reason) \
    F(T, const char *, error) F(T, Time, received_at) F(T, Time, last_delivery_at) F(T, Time, processed_at) \
    F(T, Time, next_attempt_at) F(T, int, attempts) F(T, int, delivery_count) F(T, const char *, headers) \
    F(T, const char *, content) F(T, const char *, intent_no) F(T, int64_t, latency_ms)
ROW(EventView, EVENT_VIEW)

static EventView *event_of_path(Req *r) {
    EventView *e = db_find(
        r, EventView,
        "select e.id, e.public_id, e.provider_event_id, e.type, e.driver, e.source, e.state, "
        "e.reason, e.error, e.received_at, "
        "e.last_delivery_at, e.processed_at, e.next_attempt_at, e.attempts, e.delivery_count, "
        "e.http_headers as headers, "
        "left(convert(e.body using utf8mb4), ?) as content, i.intent_no, "
        "coalesce(timestampdiff(microsecond, e.received_at, e.processed_at) div 1000, -1) as latency_ms "
        "from webhook_event e left join payment_intent i on i.id = e.intent_id "
        "where e.public_id = ? and e.utility_id = ?",
        (int)BODY_SHOWN, path_text(r, "id"), r->c.utility);
    if (!e) fail(r, NOT_FOUND, "There is no such event.");
    return e;
}

static const char *when(Req *r, Time t) {
    return time_is_set(t) ? locale_time(&r->c.mem, r->c.locale, t) : NULL;
}

static bool is_waiting(const EventView *e) {
    return !strcmp(e->state, "received") || !strcmp(e->state, "processing") || !strcmp(e->state, "failed");
}

static void show_event_facts(Req *r, const EventView *e) {
    static const char facts[] = "show.sections.0.facts";
    show_fact(r, facts, word(r, "hub.event_id"), e->provider_event_id, NULL);
    show_fact(r, facts, word(r, "hub.type"), e->type, NULL);
    show_fact(r, facts, word(r, "hub.provider"), word(r, text(r, "hub.driver.%s", e->driver)), NULL);
    show_fact(r, facts, word(r, "hub.received"), when(r, e->received_at), NULL);
    show_fact(r, facts, word(r, "hub.deliveries"), text(r, "%d", e->delivery_count),
              e->delivery_count > 1 ? when(r, e->last_delivery_at) : NULL);
    show_fact(r, facts, word(r, "hub.attempts"), text(r, "%d", e->attempts), NULL);
    if (e->latency_ms >= 0)
        show_fact(r, facts, word(r, "hub.latency"),
                  msg_format(r, r->c.language, "hub.ms", { "n", locale_count(&r->c.mem, r->c.locale, e->latency_ms) }),
                  NULL);
    if (is_waiting(e) && time_is_set(e->next_attempt_at))
        show_fact(r, facts, word(r, "hub.next_try"), when(r, e->next_attempt_at), NULL);
    if (e->reason) show_fact(r, facts, word(r, "hub.reason"), state_label(r, e->reason), NULL);
    if (e->error) show_fact(r, facts, word(r, "hub.error"), e->error, NULL);
    if (!e->intent_no) return;
    show_text(r, "show.sections.0.link.text",
              msg_format(r, r->c.language, "hub.payment_title", { "no", e->intent_no }));
    show_text(r, "show.sections.0.link.url", link_path(r, "/integrations/payments/%s", e->intent_no));
}

static void show_request(Req *r, const EventView *e) {
    show_text(r, "show.sections.1.title", word(r, "hub.headers"));
    show_text(r, "show.sections.1.kind", "facts");
    Json headers = json_read(&r->c.mem, e->headers ? e->headers : "{}", e->headers ? strlen(e->headers) : 2, 65536,
                             NULL);
    JsonMember *all = json_members(&r->c.mem, headers);
    for (size_t i = 0; i < json_size(headers); i++) {
        const char *value = json_text(all[i].value, "");
        show_fact(r, "show.sections.1.facts", all[i].name,
                  value && !strcmp(value, "***") ? word(r, "hub.not_kept") : value, NULL);
    }
    if (!json_size(headers)) show_text(r, "show.sections.1.text", word(r, "hub.no_headers"));
    show_text(r, "show.sections.2.title", word(r, "hub.body"));
    show_text(r, "show.sections.2.kind", "facts");
    show_text(r, "show.sections.2.facts.0.label", word(r, "hub.body"));
    show_text(r, "show.sections.2.facts.0.text", e->content ? e->content : word(r, "hub.body_gone"));
    show_text(r, "show.sections.2.facts.0.kind", "pre");
}

/* --- what became of it, newest first ------------------------------------------------------------------------------ */

typedef struct Steps { Req *r; size_t n; const char *day; } Steps;

static void step_show(Steps *s, Time at_, const char *what, const char *tone, const char *text_, const char *who) {
    Req *r = s->r;
    const char *day = locale_date_words(&r->c.mem, r->c.locale, time_date(r->c.locale->zone, at_));
    if (!s->day || strcmp(day, s->day)) show_text(r, at(r, "show.sections.3.timeline", s->n, "day"), day);
    s->day = day;
    show_text(r, at(r, "show.sections.3.timeline", s->n, "title"), word(r, text(r, "hub.step.%s", what)));
    show_text(r, at(r, "show.sections.3.timeline", s->n, "time"), locale_clock(&r->c.mem, r->c.locale, at_));
    show_text(r, at(r, "show.sections.3.timeline", s->n, "tone"), tone);
    show_text(r, at(r, "show.sections.3.timeline", s->n, "text"), text_);
    show_text(r, at(r, "show.sections.3.timeline", s->n++, "who"), who);
}

#define STEP_ROW(F, T) F(T, Time, at) F(T, const char *, what) F(T, const char *, text) F(T, const char *, who)
ROW(StepRow, STEP_ROW)

static void show_steps(Req *r, const EventView *e) {
    show_text(r, "show.sections.3.title", word(r, "hub.timeline"));
    show_text(r, "show.sections.3.kind", "timeline");
    Steps s = { .r = r };
    bool is_ended = !strcmp(e->state, "processed") || !strcmp(e->state, "ignored");
    if (is_ended && time_is_set(e->processed_at))
        step_show(&s, e->processed_at, e->state, !strcmp(e->state, "processed") ? "ok" : "off",
                  e->reason ? state_label(r, e->reason) : NULL, NULL);
    StepRows all = db_all(r, StepRow, "select s.at, s.what, s.text, u.full_name as who from webhook_event_step s "
                                      "left join user u on u.id = s.by_id where s.webhook_event_id = ? "
                                      "order by s.id desc limit ?", e->id, (int)STEPS_SHOWN);
    for (size_t i = 0; i < all.n; i++)
        step_show(&s, all.v[i].at, all.v[i].what, !strcmp(all.v[i].what, "replayed") ? "info" : "bad", all.v[i].text,
                  all.v[i].who);
    if (e->delivery_count > 1) step_show(&s, e->last_delivery_at, "again", "off", NULL, NULL);
    step_show(&s, e->received_at, "received", "info", NULL, NULL);
}

void event_page(Req *r) {
    EventView *e = event_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.event_title", { "no", e->provider_event_id }));
    show_text(r, "page.crumbs.0.text", word(r, "hub.events"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/events"));
    show_text(r, "page.crumbs.1.text", e->provider_event_id);
    show_text(r, "show.status.text", state_label(r, e->state));
    show_text(r, "show.status.tone", state_tone(r, e->state));
    show_event_facts(r, e);
    show_request(r, e);
    show_steps(r, e);
    if (strcmp(e->type, "malformed") && e->content && perm_may(&r->c, "hub.events", EDIT)) {
        show_text(r, "page.actions.0.text", word(r, "hub.replay"));
        show_text(r, "page.actions.0.post", "1");
        show_text(r, "page.actions.0.url", link_path(r, "/integrations/events/%s/replay", e->public_id));
    }
    page(r, "layout/show");
}

const char *event_path(Ctx *c, Id event) {
    return text(c, "/integrations/events/%s", db_text(c, "select public_id from webhook_event where id = ?", event));
}

void event_step_note(Ctx *c, Id event, const char *what, const char *text_) {
    db_run(c, "insert into webhook_event_step (webhook_event_id, at, what, text, by_id) values (?,?,?,left(?, 2000),?)",
           event, c->now, what, text_, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
}

/* Idempotent by construction: what was done is not done again. */
void event_replay(Req *r) {
    EventView *e = event_of_path(r);
    if (!strcmp(e->type, "malformed")) fail(r, CONFLICT, "This event cannot be read: a replay cannot help.");
    if (!e->content) fail(r, CONFLICT, "The body of this event is not kept any more.");
    db_run(r, "update webhook_event set state = 'received', next_attempt_at = ?, processed_at = null, error = null, "
              "reason = null where id = ?", r->c.now, e->id);
    event_step_note(&r->c, e->id, "replayed", NULL);
    alert_clear(&r->c, text(r, "webhook.dead:%lld", (long long)e->id.id));
    job_enqueue(&r->c, &(NewJob){ .kind = !strcmp(e->source, "gateway") ? "webhook.gateway" : "webhook.message",
                                  .payload = text(r, "{\"event\":%lld}", (long long)e->id.id),
                                  .unique_key = text(r, "%lld:replay", (long long)e->id.id),
                                  .max_attempts = HOOK_TRIES });
    audit_note(&r->c, "replay", "webhook_event", e->id, e->provider_event_id, NULL);
    note(r, "%s", word(r, "hub.replayed"));
    go(r, "/integrations/events/%s", e->public_id);
}

/* --- given up ----------------------------------------------------------------------------------------------------- */

void event_dead(Ctx *c, Id event, const char *error) {
    event_step_note(c, event, "dead", error);
    alert_raise(c, "webhook.dead", "critical", text(c, "webhook.dead:%lld", (long long)event.id),
                text(c, "Event %s could not be processed: %.200s",
                     db_text(c, "select provider_event_id from webhook_event where id = ?", event), error),
                event_path(c, event));
}

/* One that nobody works on any more. False: it has come to its end meanwhile. */
static bool event_dies(Ctx *c, Id event, int attempts, const char *error) {
    if (!db_run(c, "update webhook_event set state = 'dead', attempts = greatest(attempts, ?), error = left(?, 2000), "
                   "next_attempt_at = null where id = ? and state in ('received', 'processing', 'failed')", attempts,
                error, event))
        return false;
    event_dead(c, event, error);
    return true;
}

#define DEAD_HOOK(F, T) F(T, const char *, payload) F(T, const char *, error) F(T, int, attempts)
ROW(DeadHook, DEAD_HOOK)

/* Its worker ended again and again: no try came to its end to say so (hook.c does for all others). */
void hook_job_failed(Ctx *c, const EventRow *e) {
    DeadHook *j = db_find(c, DeadHook, "select coalesce(payload, '{}') as payload, coalesce(error, '') as error, "
                                       "attempts from smart360.job where id = ? and kind in ('webhook.gateway', "
                                       "'webhook.message') and state = 'dead'", e->id);
    int64_t id = 0;
    if (!j || !json_int(json_read(&c->mem, j->payload, strlen(j->payload), 4096, NULL), "event", &id)) return;
    utility_enter(c, db_id(c, "select utility_id from webhook_event where id = ?", (Id){ id }));
    event_dies(c, (Id){ id }, j->attempts, j->error);
}

/* --- nights ------------------------------------------------------------------------------------------------------- */

#define LEFT_EVENT(F, T) F(T, Id, id)
ROW(LeftEvent, LEFT_EVENT)

/* Bodies are kept for 90 days, then their digest alone. An event that nobody works on any more (its job was cancelled,
   say) is dead too. */
JobStep events_upkeep(Ctx *c, const JobRow *job) {
    (void)job;
    LeftEvents left = db_all(c, LeftEvent, "select id from webhook_event where utility_id = ? and state in "
                                           "('received', 'processing', 'failed') and received_at < ? limit ?",
                             c->utility, time_add_seconds(c->now, -LEFT_DAYS * DAY_S), (int)DIE_AT_ONCE);
    for (size_t i = 0; i < left.n; i++) event_dies(c, left.v[i].id, 0, "No try has come to an end.");
    int64_t done = db_run(c, "update webhook_event set body_sha256 = unhex(sha2(body, 256)), body = null, "
                             "http_headers = null where utility_id = ? and received_at < ? and body is not null "
                             "order by id limit ?", c->utility, time_add_seconds(c->now, -BODY_DAYS * DAY_S),
                          (int)AT_ONCE);
    return done == AT_ONCE || left.n == DIE_AT_ONCE ? STEP_AGAIN : STEP_DONE;
}
