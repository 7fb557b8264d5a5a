/*
 * Events: one row in the transaction of the change; handlers run after COMMIT, at least once each and never twice for
 * one event_id (spec/README section 5).
 *
 * The worker of events takes open rows in order, runs every handler that wants them within a savepoint and marks the
 * event delivered, all in one transaction. A handler that fails is tried again by a job of its own (event.handle), so
 * that one bad handler holds up nobody.
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

static bool wants(const EventHandler *h, const char *name) {
    size_t n = strlen(h->name);
    return n && h->name[n - 1] == '*' ? !strncmp(h->name, name, n - 1) : !strcmp(h->name, name);
}

typedef struct Delivery { const EventHandler *handler; EventRow event; } Delivery;

static void deliver(Ctx *c, void *arg) {
    const Delivery *d = arg;
    if (c->tenant.id) utility_enter(c, d->event.utility);
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

static void deliver_to_all(Ctx *c, const OutboxRow *o) {
    for (int i = 0; i < tables_n; i++)
        for (const EventHandler *h = tables[i]; h->name; h++) {
            if (!wants(h, o->name)) continue;
            Delivery d = { h, event_of(o) };
            if (!db_savepoint(c, deliver, &d)) deliver_later(c, &d);
        }
    db_run(c, "update outbox_event set dispatched_at=? where id=?", c->now, o->id);
}

typedef struct Batch { int done; bool more; } Batch;

static void dispatch_tx(Ctx *c, void *arg) {
    Batch *b = arg;
    *b = (Batch){ 0 };
    c->now = clock_now();
    OutboxRows l = db_all(c, OutboxRow, "select id, event_id, name, entity, number, payload, entity_id, account_id, "
                                        "consumer_id, utility_id, occurred_at "
                                        "from outbox_event where dispatched_at is null order by id "
                                        "limit 50 for update skip locked");
    int64_t began = time_ticking_us();
    for (size_t i = 0; i < l.n && time_ticking_us() - began < BATCH_US; i++, b->done++) deliver_to_all(c, &l.v[i]);
    b->more = l.n == 50 || b->done < (int)l.n;
    if (c->tenant.id && l.n) utility_enter(c, (Id){ 0 });
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
    OutboxRow *o = db_find(c, OutboxRow, "select id, event_id, name, entity, number, payload, entity_id, account_id, "
                                         "consumer_id, utility_id, occurred_at from outbox_event where event_id=?",
                           event_id);
    if (!o) job_give_up(c, "there is no event %s any more", event_id);
    deliver(c, &(Delivery){ h, event_of(o) });
    return STEP_DONE;
}
