/*
 * Events: one row in the transaction of the change; handlers run after COMMIT, at least once each and never twice for
 * one event_id (spec/README section 5).
 *
 * The worker of events takes open rows in order, runs the handlers that want an event within one savepoint and marks
 * the event delivered, a set of events in one transaction. Where a handler fails, each of the event's runs within a
 * savepoint of its own, and the failing one is tried again by a job (event.handle): one bad handler holds up nobody.
 *
 * Handlers are those of a tenant's modules, on its tables. What happens at the platform itself (a person of its staff
 * changed, a job of its own dead) is written down and has no handlers.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/job.h"
#include "lib/clock.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/log.h"

enum { TABLES_MAX = 20, BATCH_US = 500000 };

static const EventHandler *tables[TABLES_MAX];
static int tables_n;

void event_handlers(const EventHandler *table) {
    if (tables_n < TABLES_MAX) tables[tables_n++] = table;
}

/* --- emitting ----------------------------------------------------------------------------------------------------- */

static const char *actor_kind(const Ctx *c) {
    return c->realm == REALM_STAFF ? "user" : c->realm == REALM_PORTAL ? "portal_user" : c->realm == REALM_PLATFORM
        ? "platform" : "system";
}

static void ring(Ctx *c, void *arg) {
    (void)arg;
    jobs_ring("events", c->tenant);
}

void event_emit(Ctx *c, const Event *e) {
    db_run(c, "insert into outbox_event (event_id, name, utility_id, occurred_at, actor_kind, actor_id, entity, "
              "entity_id, number, account_id, consumer_id, payload) "
              "values (?,?,?,?,?,?,?,?,?,?,?,?)", random_public_id(&c->mem), e->name, c->utility, c->now, actor_kind(c),
           c->user, e->entity, e->id, e->number, e->account, e->consumer, e->payload);
    db_after_commit(c, ring, NULL);
}

void events_emit(Ctx *c, const Event *v, size_t n) {
    if (!n) return;
    DbBulk *b = db_bulk(c, "insert into outbox_event (event_id, name, utility_id, occurred_at, actor_kind, actor_id, "
                           "entity, entity_id, number, account_id, consumer_id, payload) "
                           "values (?,?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < n; i++) {
        const Event *e = &v[i];
        db_bulk_add(b, random_public_id(&c->mem), e->name, c->utility, c->now, actor_kind(c), c->user, e->entity, e->id,
                    e->number, e->account, e->consumer, e->payload);
    }
    db_bulk_end(b);
    db_after_commit(c, ring, NULL);
}

/* --- delivering --------------------------------------------------------------------------------------------------- */

#define OUTBOX_ROW(F, T) F(T, Id, id) F(T, const char *, event_id) F(T, const char *, name) F(T, const char *, entity) \
    F(T, const char *, number) \
    F(T, const char *, payload) F(T, Id, entity_id) F(T, Id, account_id) F(T, Id, consumer_id) F(T, Id, utility_id) \
        F(T, Time, occurred_at)
ROW(OutboxRow, OUTBOX_ROW)

static EventRow event_of(const OutboxRow *o) {
    return (EventRow){ .event_id = o->event_id, .name = o->name, .entity = o->entity, .number = o->number,
                       .payload = o->payload, .id = o->entity_id,
                       .account = o->account_id, .consumer = o->consumer_id, .utility = o->utility_id,
                       .occurred_at = o->occurred_at };
}

static bool wants(const Ctx *c, const EventHandler *h, const char *name) {
    size_t n = strlen(h->name);
    if (!c->tenant.id) return false;
    return n && h->name[n - 1] == '*' ? !strncmp(h->name, name, n - 1) : !strcmp(h->name, name);
}

typedef struct Delivery { const EventHandler *handler; EventRow event; } Delivery;

static void deliver(Ctx *c, void *arg) {
    const Delivery *d = arg;
    utility_enter(c, d->event.utility);
    if (db_add(c, "insert into event_handled (event_id, handler) values (?,?)", d->event.event_id, d->handler->handler))
        d->handler->run(c, &d->event);
}

static void deliver_later(Ctx *c, const Delivery *d) {
    log_warn("event.failed", LOG_TEXT("event", d->event.name), LOG_TEXT("handler", d->handler->handler),
             LOG_TEXT("error", c->failure.text));
    const char *payload = json_pairs(c, "event_id", d->event.event_id, "handler", d->handler->handler, NULL);
    job_enqueue(c, &(NewJob){ .kind = "event.handle", .payload = payload,
                              .unique_key = text(c, "%s:%s", d->event.event_id, d->handler->handler) });
}

#define HANDLED_ROW(F, T) F(T, const char *, event_id) F(T, const char *, handler)
ROW(Handled, HANDLED_ROW)

typedef struct Batch { int done; bool more; Handleds before; Handled *now; size_t n, room; } Batch;
typedef struct Whole { const OutboxRow *event; const Batch *batch; } Whole;

static bool is_handled(const Batch *b, const char *event_id, const char *handler) {
    for (size_t i = 0; i < b->before.n; i++)
        if (!strcmp(b->before.v[i].event_id, event_id) && !strcmp(b->before.v[i].handler, handler)) return true;
    return false;
}

/* Every handler of one event; those of earlier tries are left out. */
static void deliver_whole(Ctx *c, void *arg) {
    const Whole *w = arg;
    EventRow e = event_of(w->event);
    for (int i = 0; i < tables_n; i++)
        for (const EventHandler *h = tables[i]; h->name; h++) {
            if (!wants(c, h, w->event->name) || is_handled(w->batch, w->event->event_id, h->handler)) continue;
            utility_enter(c, e.utility);
            h->run(c, &e);
        }
}

static void deliver_to_all(Ctx *c, const OutboxRow *o, Batch *b) {
    bool whole = false, passed = true;
    for (int i = 0; i < tables_n; i++)
        for (const EventHandler *h = tables[i]; h->name; h++) whole |= wants(c, h, o->name);
    if (whole) passed = db_savepoint(c, deliver_whole, &(Whole){ o, b });
    for (int i = 0; i < tables_n && whole; i++)
        for (const EventHandler *h = tables[i]; h->name; h++) {
            if (!wants(c, h, o->name) || is_handled(b, o->event_id, h->handler)) continue;
            if (passed) {
                b->now = take_room(c, Handled, b->now, b->n, &b->room);
                b->now[b->n++] = (Handled){ o->event_id, h->handler };
                continue;
            }
            Delivery d = { h, event_of(o) };
            if (!db_savepoint(c, deliver, &d)) deliver_later(c, &d);
        }
}

/* What was delivered, in one statement for all. */
static void keep_delivered(Ctx *c, const Batch *b, const Id *ids, size_t n) {
    DbBulk *to = db_bulk(c, "insert into event_handled (event_id, handler) values (?,?)");
    for (size_t i = 0; i < b->n; i++) db_bulk_add(to, b->now[i].event_id, b->now[i].handler);
    db_bulk_end(to);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join outbox_event o force index "
              "(primary) on o.id=j.id set o.dispatched_at=?", json_ids(c, ids, n), c->now);
}

static void dispatch_tx(Ctx *c, void *arg) {
    Batch *b = arg;
    *b = (Batch){ 0 };
    c->now = clock_now();
    OutboxRows l = db_all(c, OutboxRow, "select id, event_id, name, entity, number, payload, entity_id, account_id, "
                                        "consumer_id, utility_id, occurred_at "
                                        "from outbox_event where dispatched_at is null order by id "
                                        "limit 50 for update skip locked");
    if (!l.n) return;
    const char **keys = take_n(c, const char *, l.n);
    Id *ids = take_n(c, Id, l.n);
    for (size_t i = 0; i < l.n; i++) keys[i] = l.v[i].event_id, ids[i] = l.v[i].id;
    b->before = db_all(c, Handled, "select h.event_id, h.handler from json_table(?, '$[*]' columns (row_no int path "
                                   "'$[0]', value varchar(80) path '$[1]')) j straight_join event_handled h "
                                   "on h.event_id=j.value collate utf8mb4_bin", json_keys(c, keys, l.n));
    int64_t began = time_ticking_us();
    for (size_t i = 0; i < l.n && time_ticking_us() - began < BATCH_US; i++, b->done++)
        deliver_to_all(c, &l.v[i], b);
    keep_delivered(c, b, ids, (size_t)b->done);
    b->more = l.n == 50 || b->done < (int)l.n;
    if (c->tenant.id) utility_enter(c, (Id){ 0 });
}

int events_dispatch(Ctx *c, bool *more) {
    Batch b = { 0 };
    *more = false;
    if (!db_int(c, "select exists (select 1 from outbox_event where dispatched_at is null)")) return 0;
    db_tx(c, DB_QUEUE, dispatch_tx, &b, NULL);      /* READ COMMITTED: whoever emits meanwhile is not held up by gaps */
    *more = b.more;
    return b.done;
}

/* --- the job that tries a handler again --------------------------------------------------------------------------- */

static const EventHandler *handler_find(const char *name) {
    for (int i = 0; i < tables_n; i++)
        for (const EventHandler *h = tables[i]; h->name; h++)
            if (!strcmp(h->handler, name)) return h;
    return NULL;
}

JobStep event_handle(Ctx *c, const JobRow *job) {
    Json payload = json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL);
    const char *event_id = json_text(payload, "event_id"), *name = json_text(payload, "handler");
    if (!event_id || !name) job_give_up(c, "the job names no event");
    const EventHandler *h = handler_find(name);
    if (!h) fail(c, BROKEN, "no handler %s in this version", name);
    if (!c->tenant.id) return STEP_DONE;
    OutboxRow *o = db_find(c, OutboxRow, "select id, event_id, name, entity, number, payload, entity_id, account_id, "
                                         "consumer_id, utility_id, occurred_at from outbox_event where event_id=?",
                           event_id);
    if (!o) job_give_up(c, "there is no event %s any more", event_id);
    deliver(c, &(Delivery){ h, event_of(o) });
    return STEP_DONE;
}
