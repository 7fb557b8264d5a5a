/*
 * Payment intents: from a wish to pay to money posted once (ONB03US01 "paying"; assurance section 4; I7, I9).
 *
 * The state only moves forward, by rank; "succeeded" is never taken back by a late "failed". The browser's return moves
 * nothing: payment_intent_result does, from a verified webhook or the answer to a question at the provider.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/saved.h"
#include "app/hub/pages.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/log.h"
#include "lib/messages.h"
#include "lib/money.h"

/* Stripe takes 30 minutes at least, also from a call that is repeated. */
enum { EXPIRES_S = 35 * 60, LINK_EXPIRES_S = 7 * 24 * 3600, ASK_AFTER_S = 20, LINES_MAX = 50 };

#define INTENT_ROW(F, T) F(T, Id, id) F(T, Id, account) F(T, Id, gateway) F(T, Id, payment) \
    F(T, const char *, public_id) F(T, const char *, intent_no) F(T, const char *, state) F(T, const char *, purpose) \
    F(T, const char *, channel) F(T, const char *, method) F(T, const char *, currency) \
        F(T, const char *, redirect_url) F(T, const char *, failure_text) F(T, const char *, failure_code) \
        F(T, const char *, exception) \
        F(T, Money, amount) F(T, Money, fee) \
    F(T, Money, received) F(T, Time, expires_at) F(T, Time, succeeded_at) F(T, bool, is_starting)
ROW(IntentRow, INTENT_ROW)

#define INTENT_SELECT "select id, account_id as account, gateway_account_id as gateway, payment_id as payment, " \
                      "public_id, intent_no, state, purpose, channel, method, currency, redirect_url, " \
                      "failure_text, failure_code, exception, " \
    "amount_minor as amount, fee_minor as fee, received_minor as received, expires_at, succeeded_at, " \
    "state = 'created' and exists (select 1 from payment_attempt t where t.intent_id = payment_intent.id " \
    "and t.state in ('about_to_call', 'unknown')) as is_starting from payment_intent "

static const Intent *intent_of(Ctx *c, const IntentRow *r) {
    if (!r) return NULL;
    Intent *i = take(c, sizeof *i);
    *i = (Intent){ r->id, r->account, r->gateway, r->payment, r->public_id, r->intent_no, r->state, r->purpose,
                   r->channel, r->method, r->currency, r->redirect_url, r->failure_text, r->failure_code, r->exception,
                   r->amount, r->fee, r->received, r->expires_at, r->succeeded_at, r->is_starting };
    return i;
}

const Intent *intent_get(Ctx *c, Id id) {
    return intent_of(c, db_one(c, IntentRow, INTENT_SELECT "where id=? and utility_id=?", id, c->utility));
}
const Intent *intent_find(Ctx *c, const char *public_id) {
    return intent_of(c, db_find(c, IntentRow, INTENT_SELECT "where public_id=? and utility_id=?", public_id,
                                c->utility));
}

/* --- creating ----------------------------------------------------------------------------------------------------- */

static const char *target_word(const char *kind) { return kind ? kind : "bill"; }

const Intent *payment_intent_create(Ctx *c, const NewIntent *n) {
    Id before = db_id(c, "select id from payment_intent where utility_id=? and idempotency_key=?", c->utility, n->key);
    if (before.id) return intent_get(c, before);
    Money amount = { 0 };
    if (n->n < 1 || n->n > LINES_MAX) fail(c, INVALID, "Choose what to pay.");
    for (int i = 0; i < n->n; i++) {
        if (n->lines[i].amount.minor <= 0) fail_field(c, INVALID, "amount", "Enter an amount above 0.");
        amount = money_add(amount, n->lines[i].amount);
    }
    Gateways all = gateways_active(c, (Money){ 0 });
    if (!all.n) fail(c, CONFLICT, "Online payment is not available now.");
    Gateways open = gateways_active(c, amount);
    if (!open.n) {
        Money min = all.v[0].min, max = all.v[0].max;
        fail_field(c, INVALID, "amount", "Enter %s to %s.", locale_money_plain(&c->mem, c->locale, min),
                   locale_money_plain(&c->mem, c->locale, max));
    }
    bool link = n->channel && !strcmp(n->channel, "link");
    Time expires = time_add_seconds(c->now, n->expires_s ? n->expires_s : link ? LINK_EXPIRES_S : EXPIRES_S);
    const char *no = series_next(c, "PI-{##########}");
    Id id = db_insert(c, "insert into payment_intent (utility_id, intent_no, account_id, amount_minor, currency, "
                         "purpose, channel, method, state, `rank`, return_url, expires_at, portal_user_id, "
                         "guest_email, saved_method_id, "
        "autopay_id, idempotency_key, created_at, created_by) values (?,?,?,?,?,?,?,?,'created',0,?,?,?,?,?,?,?,?,?)",
            c->utility, no, n->lines[0].account, amount, utility_here(c)->currency, n->purpose ? n->purpose : "bill",
        n->channel ? n->channel : "portal", n->method, n->return_path, expires, n->portal_user, n->guest_email,
            n->saved_method, n->autopay, n->key, c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    for (int i = 0; i < n->n; i++)
        db_run(c, "insert into payment_intent_line (intent_id, seq, account_id, target_kind, target_id, amount_minor) "
                  "values (?,?,?,?,?,?)", id, i + 1, n->lines[i].account, target_word(n->lines[i].target_kind),
               n->lines[i].target, n->lines[i].amount);
    return intent_get(c, id);
}

/* --- starting: row, call, result ---------------------------------------------------------------------------------- */

/*
 * An attempt is a row with its key before it is a call, and one at a time. Without an answer it is asked for again by a
 * job, with the same key and the same words: the gateway has one payment whatever became of its answer (F7, F8).
 */
typedef struct Start {
    Id intent, gateway, attempt;
    const Intent *now;
    const char *method;                 /* NULL: the gateway's page asks */
    const char *key, *state;            /* state: of the attempt that a job shall find */
    Time started;                       /* its first call */
    int no, tries;                      /* of the attempt; calls of it, with the one under way */
    bool open;                          /* a call is to be made */
    bool is_over;                       /* its time has passed, which is stored although the start is refused */
    Opened opened;
} Start;

static const int again_s[] = { 1, 4, 15 };
enum { TRIES = sizeof again_s / sizeof *again_s + 1, LEFT_ALONE_S = 20 };

/* A job looks again at `at`, if the attempt is still in that state: about_to_call when whoever made it has died. */
static void look_again(Ctx *c, const Start *s, Time at, const char *state) {
    job_enqueue(c, &(NewJob){ .kind = "payment.start", .run_at = at,
                              .payload = text(c, "{\"attempt\":%lld,\"tries\":%d,\"state\":\"%s\"}",
                                              (long long)s->attempt.id, s->tries, state),
                              .unique_key = text(c, "%s:%lld", s->key, (long long)at.us) });
}

static bool may_start(const char *state) { return !strcmp(state, "created") || !strcmp(state, "failed_to_start"); }

/* The gateway that takes it: of a test payment the one under test, whatever its state. */
static Id gateway_for(Ctx *c, const Intent *i, Id wanted) {
    if (!strcmp(i->purpose, "test")) return i->gateway;
    Gateways open = gateways_active(c, i->amount);
    for (size_t k = 0; k < open.n; k++)
        if (!wanted.id || open.v[k].id.id == wanted.id) return open.v[k].id;
    return (Id){ 0 };
}

static void start_begin(Ctx *c, void *arg) {
    Start *s = arg;
    const Intent *i = intent_of(c, db_one(c, IntentRow, INTENT_SELECT "where id=? and utility_id=? for update",
                                          s->intent, c->utility));
    s->now = i;
    s->open = s->is_over = false;
    if (!may_start(i->state) || i->is_starting) return;
    s->is_over = intent_expire(c, i->id);
    if (s->is_over) return;
    Id gateway = gateway_for(c, i, s->gateway);
    if (!gateway.id || gateway_admits_at(c, gateway).us > c->now.us)
        fail(c, CONFLICT, "This way of paying is not available now. Choose another one.");
    int no = (int)db_int(c, "select coalesce(max(no), 0) + 1 from payment_attempt where intent_id=?", i->id);
    bool is_test = !strcmp(i->purpose, "test");
    const char *method = s->method || no > 1 ? s->method : i->method;
    if (!is_test && !gateway_takes(c, gateway, method))
        fail(c, CONFLICT, "This way of paying is not available now. Choose another one.");
    Money fee = is_test ? (Money){ 0 } : gateway_fee(c, gateway, method, i->amount);
    s->key = text(c, "%s-%d", i->public_id, no);
    s->attempt = db_insert(c, "insert into payment_attempt (intent_id, no, gateway_account_id, idempotency_key, "
                              "started_at) values (?,?,?,?,?)", i->id, no, gateway, s->key, c->now);
    s->no = no;
    s->started = c->now;
    db_must(c, 1, CONFLICT, "update payment_intent set gateway_account_id=?, method=?, fee_minor=?, "
                            "state='created', updated_at=? where id=?", gateway, method, fee, c->now, i->id);
    s->now = intent_get(c, i->id);
    s->open = true;
    s->tries = 1;
    look_again(c, s, time_add_seconds(c->now, LEFT_ALONE_S), "about_to_call");
}

static void start_end(Ctx *c, void *arg) {
    Start *s = arg;
    const Opened *o = &s->opened;
    bool answered = o->class == OUT_ACCEPTED || o->class == OUT_REFUSED;
    const char *state = o->class == OUT_ACCEPTED ? "accepted" : answered ? "refused" : "unknown";
    gateway_answered(c, s->now->gateway, answered);
    int64_t mine = db_run(c, "update payment_attempt set state=?, http_status=?, finished_at=?, error=? "
                             "where id=? and state in ('about_to_call', 'unknown')",
                          state, o->http_status, c->now, o->error, s->attempt);
    bool last = answered || s->tries >= TRIES || c->now.us > s->now->expires_at.us;
    if (mine && o->class == OUT_ACCEPTED)
        db_run(c, "update payment_intent set state='requires_action', `rank`=1, provider_ref=?, redirect_url=?, "
                  "next_check_at=?, failure_text=null, updated_at=? where id=? and `rank`<=1",
               o->ref, o->redirect_url, time_add_seconds(c->now, 600), c->now, s->intent);
    else if (mine && last)
        db_run(c, "update payment_intent set state='failed_to_start', failure_text=?, updated_at=? where id=? "
                  "and `rank`=0", o->error, c->now, s->intent);
    else if (mine) look_again(c, s, time_add_seconds(c->now, again_s[s->tries - 1]), "unknown");
    s->now = intent_get(c, s->intent);
}

/* Some gateways want an address: the guest's, that of who is signed in, else the utility's own. */
static const char *payer_mail(Ctx *c, Id intent) {
    const char *mail = db_text(c, "select coalesce(i.guest_email, u.email) from payment_intent i "
                                  "left join portal_user u on u.id = i.portal_user_id where i.id=?", intent);
    return mail ? mail : utility_here(c)->email;
}

const char *return_url_of_intent(Ctx *c, const Intent *i) {
    if (strcmp(i->purpose, "test")) return public_url(c, text(c, "/pay/%s/return", i->public_id), true);
    const char *account = db_text(c, "select public_id from gateway_account where id=?", i->gateway);
    return public_url(c, text(c, "/u/%s/integrations/gateways/%s", c->utility_code, account), false);
}

static void call_gateway(Ctx *c, Start *s) {
    const GatewayAccount *account = gateway_account(c, s->now->gateway);
    const GatewayDriver *driver = gateway_driver(account->driver);
    Opening o = { .intent = s->now, .idempotency_key = s->key, .total = money_add(s->now->amount, s->now->fee),
                  .description = text(c, "%s, payment %s", utility_here(c)->name, s->now->intent_no),
                  .keeps_method = db_int(c, "select keeps_method from payment_intent where id=?", s->now->id) != 0,
                  .attempt_no = s->no, .started_at = s->started, .again = s->tries > 1,
                  .email = payer_mail(c, s->now->id),
                  .return_url = return_url_of_intent(c, s->now) };
    s->opened = driver->open(c, account, &o);
}

const Intent *payment_intent_start(Ctx *c, Id intent, Id gateway, const char *method) {
    Start *s = take(c, sizeof *s);
    *s = (Start){ .intent = intent, .gateway = gateway, .method = method };
    db_tx(c, DB_WRITE, start_begin, s, NULL);
    if (s->is_over) fail(c, CONFLICT, "%s", msg(c->language, "portal.pay.too_late"));
    if (!s->open) return s->now;
    call_gateway(c, s);
    c->now = clock_now();
    db_tx(c, DB_WRITE, start_end, s, NULL);
    return s->now;
}

/* --- a test payment ----------------------------------------------------------------------------------------------- */

static void test_create(Ctx *c, void *arg) {
    Start *s = arg;
    const GatewayAccount *a = gateway_account(c, s->gateway);
    Money least = db_money(c, "select greatest(min_minor, ?) from gateway_account where id=?",
                           gateway_driver(a->driver)->least_minor, s->gateway);
    s->intent = db_insert(c, "insert into payment_intent (utility_id, intent_no, amount_minor, currency, purpose, "
                             "channel, gateway_account_id, expires_at, idempotency_key, created_at, created_by) "
                             "values (?,?,?,?,'test','link',?,?,?,?,?)",
                          c->utility, series_next(c, "PI-{##########}"), least, utility_here(c)->currency, s->gateway,
                          time_add_seconds(c->now, EXPIRES_S), public_id_new(c), c->now, c->user);
    audit_note(c, "test", "gateway_account", s->gateway, a->label, NULL);
}

const Intent *payment_intent_test(Ctx *c, Id gateway) {
    Start *s = take(c, sizeof *s);
    *s = (Start){ .gateway = gateway };
    db_tx(c, DB_WRITE, test_create, s, NULL);
    return payment_intent_start(c, s->intent, gateway, NULL);
}

#define ATTEMPT(F, T) F(T, Id, intent_id) F(T, const char *, idempotency_key) F(T, const char *, state) F(T, int, no) \
    F(T, Time, started_at)
ROW(Attempt, ATTEMPT)

static void again_begin(Ctx *c, void *arg) {
    Start *s = arg;
    Attempt *a = db_one(c, Attempt, "select intent_id, idempotency_key, state, no, started_at from payment_attempt "
                                    "where id=? for update", s->attempt);
    s->intent = a->intent_id;
    s->no = a->no;
    s->started = a->started_at;
    s->key = a->idempotency_key;
    s->now = intent_get(c, s->intent);
    s->open = s->now->is_starting && !strcmp(a->state, s->state);
    Time from = s->open ? gateway_admits_at(c, s->now->gateway) : c->now;
    if (from.us <= c->now.us || c->now.us > s->now->expires_at.us) return;
    s->open = false;
    look_again(c, s, time_add_seconds(from, 1), s->state);
}

JobStep intent_start_again(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0, tries = 0;
    if (!json_int(p, "attempt", &id) || !json_int(p, "tries", &tries)) job_give_up(c, "the payload names no attempt");
    Start *s = take(c, sizeof *s);
    *s = (Start){ .attempt = { id }, .tries = (int)tries, .state = json_text(p, "state") };
    db_tx(c, DB_WRITE, again_begin, s, NULL);
    if (!s->open) return STEP_DONE;
    s->tries++;
    call_gateway(c, s);
    c->now = clock_now();
    db_tx(c, DB_WRITE, start_end, s, NULL);
    return STEP_DONE;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static bool is_open(const char *state) { return !strcmp(state, "requires_action") || !strcmp(state, "processing"); }

/* Because somebody looks: 20 s after it was opened, and then every 20 s at most. */
static bool may_ask(Ctx *c, Id intent) {
    return db_int(c, "select count(*) from payment_intent i where i.id=? and coalesce(i.asked_at, "
                     "(select max(a.started_at) from payment_attempt a where a.intent_id=i.id)) < ?", intent,
                  time_add_seconds(c->now, -ASK_AFTER_S)) == 1;
}

const Intent *payment_intent_status(Ctx *c, const char *public_id) {
    const Intent *i = intent_find(c, public_id);
    if (i && is_open(i->state) && i->gateway.id && may_ask(c, i->id))
        job_enqueue(c, &(NewJob){ .kind = "payment.check", .payload = text(c, "{\"intent\":%lld}", (long long)i->id.id),
                                  .unique_key = i->intent_no });
    return i;
}

bool payment_intent_returned(Ctx *c, const char *public_id, const Params *fields) {
    const Intent *i = intent_find(c, public_id);
    if (!i) return false;
    if (!is_open(i->state) || !i->gateway.id) return true;
    const GatewayAccount *a = gateway_account(c, i->gateway);
    const GatewayDriver *d = gateway_driver(a->driver);
    const char *ref = db_text(c, "select provider_ref from payment_intent where id=?", i->id);
    if (d->returned && d->returned(c, a, ref, fields))
        job_enqueue(c, &(NewJob){ .kind = "payment.check", .payload = text(c, "{\"intent\":%lld}", (long long)i->id.id),
                                  .unique_key = i->intent_no });
    return true;
}

/* After 10 and 30 minutes, 2, 6 and 24 hours, then each hour until 72 (CSS01US05); then a person decides. */
static const int64_t waits_s[] = { 600, 1800, 7200, 21600, 86400 };
enum { WAITS = sizeof waits_s / sizeof *waits_s, LAST_WAIT_S = 259200 };

static int64_t wait_s(int check) {
    return check < WAITS ? waits_s[check] : waits_s[WAITS - 1] + (check - WAITS + 1) * 3600;
}

static const char *open_alert(Ctx *c, const Intent *i) { return text(c, "payment.open:%s", i->intent_no); }

typedef struct Answer { const Intent *intent; IntentResult result; bool known; } Answer;

/* What the schedule has asked counts; a customer who looks again and again does not use it up. */
static bool is_due(Ctx *c, Id intent) {
    return db_int(c, "select count(*) from payment_intent where id=? and next_check_at<=?", intent, c->now) == 1;
}

static void take_answer(Ctx *c, void *arg) {
    Answer *a = arg;
    db_run(c, "update payment_intent set asked_at=? where id=?", c->now, a->intent->id);
    bool due = is_due(c, a->intent->id);
    if (a->known && a->result.status) payment_intent_result(c, &a->result);
    intent_expire(c, a->intent->id);
    if (!due) return;
    int checks = (int)db_int(c, "select checks from payment_intent where id=?", a->intent->id);
    bool last = wait_s(checks) >= LAST_WAIT_S;
    Time next = last ? TIME_NONE : time_add_seconds(c->now, wait_s(checks + 1) - wait_s(checks));
    db_run(c, "update payment_intent set checks=checks+1, next_check_at=if(state in ('requires_action', "
              "'processing'), ?, null) where id=?", next, a->intent->id);
    if (last && is_open(intent_get(c, a->intent->id)->state))
        alert_raise(c, "payment.open", "warning", open_alert(c, a->intent),
                    text(c, "Payment %s is open at the gateway for 3 days.", a->intent->intent_no),
                    text(c, "/integrations/payments/%s", a->intent->intent_no));
}

JobStep intent_check(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "intent", &id)) job_give_up(c, "the payload names no intent");
    Answer *a = take(c, sizeof *a);
    a->intent = intent_get(c, (Id){ id });
    if (!is_open(a->intent->state) || !a->intent->gateway.id) return STEP_DONE;
    if (saved_charge_ask(c, a->intent)) {
        a->intent = intent_get(c, a->intent->id);
        db_tx(c, DB_WRITE, take_answer, a, NULL);
        return STEP_DONE;
    }
    const GatewayAccount *account = gateway_account(c, a->intent->gateway);
    const char *ref = db_text(c, "select provider_ref from payment_intent where id=?", a->intent->id);
    a->known = gateway_driver(account->driver)->ask(c, account, a->intent, ref, &a->result);
    db_tx(c, DB_WRITE, take_answer, a, NULL);
    return STEP_DONE;
}

#define DUE_INTENT(F, T) F(T, Id, id) F(T, const char *, intent_no)
ROW(DueIntent, DUE_INTENT)

/* Recurring: enqueues the questions that are due, and ends what was never paid. */
JobStep intent_poll(Ctx *c, const JobRow *job) {
    (void)job;
    intents_expire(c);
    DueIntents due = db_all(c, DueIntent, "select id, intent_no from payment_intent where utility_id=? "
                                          "and next_check_at<=? and state in ('requires_action', 'processing') "
                                          "order by next_check_at limit 500", c->utility, c->now);
    for (size_t i = 0; i < due.n; i++)
        job_enqueue(c,
                    &(NewJob){ .kind = "payment.check",
                               .payload = text(c, "{\"intent\":%lld}", (long long)due.v[i].id.id),
                               .unique_key = due.v[i].intent_no });
    return STEP_DONE;
}

/* --- the result --------------------------------------------------------------------------------------------------- */

static int rank_of(const char *status) {
    return !strcmp(status, "processing") ? 2 : !strcmp(status, "succeeded") ? 4 : 3;
}

#define RESULT_ROW(F, T) F(T, Id, id) F(T, int, rank) F(T, const char *, state)
ROW(ResultRow, RESULT_ROW)

static ResultRow *find_intent(Ctx *c, const IntentResult *r) {
    ResultRow *f = NULL;
    if (r->provider_ref)
        f = db_find(c, ResultRow, "select id, `rank` as `rank`, state from payment_intent where gateway_account_id=? "
                                  "and provider_ref=? for update", r->gateway, r->provider_ref);
    if (!f && r->intent_no)
        f = db_find(c, ResultRow, "select id, `rank` as `rank`, state from payment_intent where utility_id=? "
                                  "and intent_no=? for update", c->utility, r->intent_no);
    if (!f && r->provider_payment_id)
        f = db_find(c, ResultRow, "select id, `rank` as `rank`, state from payment_intent where gateway_account_id=? "
                                  "and provider_payment_id=? for update", r->gateway, r->provider_payment_id);
    return f;
}

#define PAY_LINE(F, T) F(T, Id, id) F(T, Id, account_id) F(T, const char *, target_kind) F(T, Id, target_id) \
    F(T, Money, amount_minor)
ROW(PayLine, PAY_LINE)

static const char *item_type(const char *kind) {
    if (!strcmp(kind, "bill") || !strcmp(kind, "charge") || !strcmp(kind, "deposit")) return kind;
    return !strcmp(kind, "advance") ? NULL : "instalment";
}

static const char *channel_code(const char *channel) { return !strcmp(channel, "counter") ? "walk_in" : "portal"; }

/* One payment an account: its lines are the chosen items. What arrived above the order is credit of the last one. */
static size_t payments_of(Ctx *c, const Intent *i, const IntentResult *r, const PayLines *lines, NewPayment *to) {
    size_t n = 0;
    Money left = money_sub(r->amount, i->fee);
    bool covers_fee = left.minor > 0;
    if (!covers_fee) left = r->amount;
    for (size_t k = 0; k < lines->n; k++) {
        const PayLine *l = &lines->v[k];
        size_t p = 0;
        while (p < n && to[p].account.id != l->account_id.id) p++;
        if (p == n) {
            to[n++] = (NewPayment){ .account = l->account_id, .channel = channel_code(i->channel), .mode = r->method
                                    && !strcmp(r->method, "wallet") ? "wallet" : "card_online", .type = "bill",
                .received_at = r->occurred_at, .value_date = DATE_NONE, .reference = r->provider_payment_id,
                .card_last4 = r->card_last4, .intent = i->id, .gateway = i->gateway,
                .provider_payment_id = r->provider_payment_id, .items = take_n(c, PayItem, lines->n) };
        }
        Money part = { l->amount_minor.minor < left.minor ? l->amount_minor.minor : left.minor };
        left = money_sub(left, part);
        to[p].amount = money_add(to[p].amount, part);
        const char *type = item_type(l->target_kind);
        if (type && l->target_id.id)
            ((PayItem *)(uintptr_t)to[p].items)[to[p].item_n++] = (PayItem){ type, l->target_id, part };
    }
    if (n && left.minor > 0) to[n - 1].amount = money_add(to[n - 1].amount, left);
    size_t kept = 0;
    for (size_t p = 0; p < n; p++)
        if (to[p].amount.minor > 0) to[kept++] = to[p];
    if (kept && covers_fee) to[0].fee = i->fee;
    if (kept > 1)
        for (size_t p = 0; p < kept; p++) to[p].group = i->public_id;
    return kept;
}

static void succeed(Ctx *c, const Intent *i, const IntentResult *r) {
    PayLines lines = db_all(c, PayLine, "select id, account_id, target_kind, target_id, amount_minor "
                                        "from payment_intent_line where intent_id=? order by seq", i->id);
    NewPayment *payments = take_n(c, NewPayment, lines.n + 1);
    size_t n = payments_of(c, i, r, &lines, payments);
    Posted *posted = take_n(c, Posted, n + 1);
    const char *exception = r->amount.minor != money_add(i->amount, i->fee).minor ? "amount_mismatch" : NULL;
    if (strcmp(i->purpose, "test")) payment_post_group(c, payments, n, posted);
    else n = 0;
    for (size_t k = 0; k < n; k++)
        db_run(c, "update payment_intent_line set payment_id=? where intent_id=? and account_id=?", posted[k].id, i->id,
               payments[k].account);
    if (!exception && n && db_int(c, "select count(*) from payment where account_id=? and amount_minor=? and id<>? "
                                     "and status='posted' and received_at > ? and received_at <= ?",
                                  payments[0].account, payments[0].amount, posted[0].id,
                                  time_add_seconds(r->occurred_at, -600), time_add_seconds(r->occurred_at, 600)))
        exception = "duplicate_suspect";
    if (exception) alert_raise(c, "payment.exception", "warning", text(c, "payment.%s:%s", exception, i->intent_no),
                               text(c, "Payment %s: %s.", i->intent_no, exception), "/integrations/payments");
    db_must(c, 1, CONFLICT, "update payment_intent set state='succeeded', `rank`=4, provider_payment_id=coalesce(?, "
                            "provider_payment_id), received_minor=?, payment_id=?, exception=?, "
                            "succeeded_at=?, next_check_at=null, "
                            "method=coalesce(?, method), failure_code=null, failure_text=null, updated_at=? where id=?",
            r->provider_payment_id, r->amount, n ? posted[0].id : (Id){ 0 }, exception, c->now, r->method, c->now,
                i->id);
    event_emit(c, &(Event){ .name = "payment_intent.succeeded", .entity = "payment_intent", .id = i->id,
                            .number = i->intent_no, .account = i->account,
                            .payload = text(c, "{\"intent_id\":%lld,\"amount_minor\":%lld}", (long long)i->id.id,
                                            (long long)r->amount.minor) });
}

/* Money under another number of the provider for an order that is paid: it arrived too, as credit of the account. */
static void paid_again(Ctx *c, const Intent *i, const IntentResult *r) {
    const char *first = db_text(c, "select provider_payment_id from payment_intent where id=? for update", i->id);
    if (!first || !r->provider_payment_id || !strcmp(first, r->provider_payment_id) || r->amount.minor <= 0) return;
    alert_raise(c, "payment.exception", "critical", text(c, "payment.again:%s", r->provider_payment_id),
                text(c, "Payment %s was paid a second time.", i->intent_no), "/integrations/payments");
    if (!strcmp(i->purpose, "test") || (r->currency && strcmp(r->currency, i->currency))) return;
    payment_post(c, &(NewPayment){ .account = i->account, .channel = channel_code(i->channel),
                                   .mode = r->method && !strcmp(r->method, "wallet") ? "wallet" : "card_online",
                                   .type = "advance", .amount = r->amount, .received_at = r->occurred_at,
                                   .value_date = DATE_NONE, .reference = r->provider_payment_id,
                                   .card_last4 = r->card_last4, .gateway = r->gateway,
                                   .provider_payment_id = r->provider_payment_id });
    db_run(c, "update payment_intent set exception='duplicate_suspect', updated_at=? where id=?", c->now, i->id);
}

/* Nothing is posted before two people have decided (review.c); what is told later changes nothing. */
static void to_review(Ctx *c, const Intent *i, const IntentResult *r) {
    db_run(c, "update payment_intent set state='needs_review', `rank`=4, exception='currency_mismatch', other_minor=?, "
              "other_currency=?, provider_payment_id=coalesce(?, provider_payment_id), method=coalesce(?, method), "
              "next_check_at=null, updated_at=? where id=?",
           r->amount, r->currency, r->provider_payment_id, r->method, c->now, i->id);
    alert_raise(c, "payment.exception", "critical", text(c, "payment.currency:%s", i->intent_no),
                text(c, "Payment %s arrived in %s.", i->intent_no, r->currency),
                text(c, "/integrations/payments/%s", i->intent_no));
}

void payment_intent_accept(Ctx *c, Id intent, Money amount) {
    const Intent *i = intent_get(c, intent);
    succeed(c, i, &(IntentResult){ .gateway = i->gateway, .amount = amount, .currency = i->currency,
                                   .provider_payment_id = db_text(c, "select provider_payment_id from payment_intent "
                                                                     "where id=?", intent),
                                   .status = "succeeded", .occurred_at = c->now, .method = i->method });
    db_run(c, "update payment_intent set exception=nullif(exception, 'amount_mismatch') where id=?", intent);
    alert_clear(c, text(c, "payment.amount_mismatch:%s", i->intent_no));
}

bool payment_intent_is_other(Ctx *c, Id intent) {
    return intent.id && db_int(c, "select count(*) from payment_intent where id=? and other_currency is not null",
                               intent) > 0;
}

Id payment_intent_result(Ctx *c, const IntentResult *r) {
    ResultRow *found = find_intent(c, r);
    if (!found) return (Id){ 0 };
    const Intent *i = intent_get(c, found->id);
    int rank = rank_of(r->status);
    if (rank == 4 && found->rank >= 4) paid_again(c, i, r);
    if (rank <= found->rank) return found->id;              /* stale: told before, or overtaken */
    if (rank == 4 && r->amount.minor <= 0) return found->id;        /* "paid" without an amount says nothing */
    if (rank >= 3 && db_int(c, "select checks from payment_intent where id=?", i->id) > WAITS)
        alert_clear(c, open_alert(c, i));
    if (rank == 4 && r->currency && strcmp(r->currency, i->currency)) {
        to_review(c, i, r);
        return found->id;
    }
    if (rank == 4) {
        succeed(c, i, r);
        return found->id;
    }
    db_must(c, 1, CONFLICT, "update payment_intent set state=?, `rank`=?, provider_payment_id=coalesce(?, "
                            "provider_payment_id), failure_code=?, failure_text=?, updated_at=? where id=?",
            r->status, rank, r->provider_payment_id, r->failure_code, r->failure_text, c->now, i->id);
    if (rank == 3)
        event_emit(c, &(Event){ .name = "payment_intent.failed", .entity = "payment_intent", .id = i->id,
                                .number = i->intent_no, .account = i->account });
    return found->id;
}

void payment_to_suspense(Ctx *c, const IntentResult *r) {
    (void)db_id(c, "select id from gateway_account where id=? for update", r->gateway);         /* two may tell */
    NewPayment p = { .channel = "portal", .mode = "card_online", .type = "other", .amount = r->amount,
                     .received_at = r->occurred_at, .value_date = DATE_NONE, .gateway = r->gateway,
                     .provider_payment_id = r->provider_payment_id, .external_id = r->provider_payment_id,
                     .reference = r->intent_no };
    Posted posted = payment_post(c, &p);
    alert_raise(c, "payment.unmatched", "critical",
                text(c, "payment.unmatched:%s", r->provider_payment_id ? r->provider_payment_id : posted.payment_no),
                text(c, "Payment %s fits no order and stands in suspense.", posted.payment_no),
                    text(c, "/cis/payments/%s", posted.payment_no));
}
