/*
 * Sending what is queued, and what providers report (UX02US02, UX05US05, what the thread needs; I13).
 *
 * One row and one idempotency key a message, for ever. The attempt is written before the call and its result after it;
 * a worker that dies in between leaves "unknown", which is never repeated blindly: a provider that knows the key is
 * asked by sending again with it, SMTP is repeated at most once after 10 minutes and marked as a possible duplicate.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/comms/module.h"
#include "app/core/core.h"
#include "app/core/platform_mail.h"
#include "app/hub/hub.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"

enum { UNKNOWN_WAIT_S = 600 };
static const int64_t retry_s[] = { 60, 300, 900, 3600 };        /* then failed */

#define OUT_ROW(F, T)                                                                                                  \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, public_id) F(T, const char *, channel) F(T, const char *, to_address) F(T, const char *, lang)  \
        F(T, const char *, subject) F(T, const char *, body_text) F(T, Bytes, body_enc) F(T, const char *, body_html)  \
            F(T, const char *, status) F(T, Time, expires_at) F(T, Time, not_before) F(T, int, attempts) \
                F(T, bool, is_staff)
ROW(OutRow, OUT_ROW)

typedef struct Sending {
    Id message;
    OutRow *row;
    bool go, by_platform;
    int no;
    SendResult result;
    const Document *attached;
} Sending;

void message_enqueue(Ctx *c, Id message, Time at) {
    job_enqueue(c, &(NewJob){ .kind = "message.send", .payload = text(c, "{\"message\":%lld}", (long long)message.id),
                              .run_at = at });
}

/* "About to call" is committed first. */
static void send_begin(Ctx *c, void *arg) {
    Sending *s = arg;
    OutRow *m = db_one(c, OutRow,
                       "select id, public_id, channel, to_address, lang, subject, body_text, body_enc, body_html, "
                       "status, expires_at, not_before, attempts, user_id is not null as is_staff "
                       "from message where id=? for update",
                       s->message);
    s->row = m;
    s->go = false;
    bool repeat = !strcmp(m->status, "sent_to_provider") || !strcmp(m->status, "unknown");
    if (strcmp(m->status, "queued") && strcmp(m->status, "retry") && !repeat) return;
    if (c->now.us > m->expires_at.us) {
        db_run(c, "update message set status='expired', reason_code='expired', body_enc=null, ended_at=? where id=?",
               c->now, m->id);
        return;
    }
    Providers all = providers_active(c, m->channel);
    /* a tenant that has no provider yet reaches its staff by the platform's own server: the first invitation */
    s->by_platform = !all.n && m->is_staff && !strcmp(m->channel, "email") && platform_mail_ready();
    if (!all.n && !s->by_platform) {
        db_run(c, "update message set status='failed', reason_code='no_provider', ended_at=? where id=?", c->now,
               m->id);
        return;
    }
    s->no = m->attempts + 1;
    s->result.provider = s->by_platform ? (Id){ 0 } : all.v[0].id;
    db_run(c, "insert into message_attempt (message_id, no, message_provider_id, idempotency_key, request_at) "
              "values (?,?,?,?,?)", m->id, s->no, s->result.provider, m->public_id, c->now);
    db_run(c, "update message set status='sent_to_provider', idempotency_key=?, message_provider_id=?, attempts=?, "
              "possible_duplicate=possible_duplicate or ?, status_check_at=? where id=?",
           m->public_id, s->result.provider, s->no, repeat, time_add_seconds(c->now, UNKNOWN_WAIT_S), m->id);
    Id document = db_id(c, "select coalesce(json_value(attachments, '$[0]'), 0) from message where id=?", m->id);
    s->attached = document.id ? document_open(c, document) : NULL;
    s->go = true;
}

static void send_end(Ctx *c, void *arg) {
    Sending *s = arg;
    const SendResult *r = &s->result;
    static const char *const kinds[] = { "ok", "temporary", "permanent", "unknown" };
    db_run(c, "update message_attempt set finished_at=?, http_status=?, provider_code=?, meaning=left(?, 200), kind=?, "
              "latency_ms=? where message_id=? and no=?", c->now, r->http_status, r->code, r->meaning, kinds[r->kind],
           r->latency_ms, s->message, s->no);
    if (r->kind == SENT_OK) {
        db_run(c, "update message set status=if(status='sent_to_provider', 'sent', status), provider_message_id=?, "
                  "sent_at=?, next_attempt_at=null, status_check_at=null where id=?", r->provider_message_id, c->now,
               s->message);
    } else if (r->kind == SENT_PERMANENT) {
        db_run(c, "update message set status=?, reason_code=?, ended_at=?, next_attempt_at=null, status_check_at=null "
                  "where id=?", r->is_bad_address && !strcmp(s->row->channel, "email") ? "bounced" : "failed", r->code,
               c->now, s->message);
    } else if (r->kind == SENT_UNKNOWN) {
        db_run(c, "update message set status='unknown', status_check_at=? where id=?",
               time_add_seconds(c->now, UNKNOWN_WAIT_S), s->message);
        if (s->no < 2) message_enqueue(c, s->message, time_add_seconds(c->now, UNKNOWN_WAIT_S));
    } else if (s->no > (int)(sizeof retry_s / sizeof *retry_s)) {
        db_run(c, "update message set status='failed', reason_code='too_many_tries', ended_at=?, next_attempt_at=null "
                  "where id=?", c->now, s->message);
    } else {
        int64_t wait = r->retry_after_s > retry_s[s->no - 1] ? r->retry_after_s : retry_s[s->no - 1];
        db_run(c, "update message set status='retry', next_attempt_at=? where id=?", time_add_seconds(c->now, wait),
               s->message);
        message_enqueue(c, s->message, time_add_seconds(c->now, wait));
    }
    db_run(c, "update message set body_enc=null where id=? and status not in ('queued', 'retry', 'unknown', "
              "'sent_to_provider')", s->message);
}

static SendResult send_by_platform(Ctx *c, const OutRow *m) {
    MailResult a = platform_mail_deliver(c, &(PlatformMail){
        .no = m->public_id, .to = m->to_address, .subject = m->subject, .html = m->body_html, .lang = m->lang,
        .text = m->body_enc.p ? vault_open(c, "message.body", m->body_enc) : m->body_text });
    return (SendResult){ .kind = a.class == OUT_ACCEPTED ? SENT_OK : a.class == OUT_REFUSED ? SENT_PERMANENT
                             : a.class == OUT_NOT_ACCEPTED ? SENT_TEMPORARY : SENT_UNKNOWN,
                         .http_status = a.code, .code = a.code ? text(c, "%d", a.code) : NULL,
                         .meaning = a.problem ? a.problem : a.reply, .provider_message_id = m->public_id,
                         .is_bad_address = a.code >= 550 && a.code <= 553 && !a.setup_is_wrong };
}

JobStep message_send(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    int64_t id = 0;
    if (!json_int(p, "message", &id)) job_give_up(c, "the payload names no message");
    Sending *s = take(c, sizeof *s);
    s->message.id = id;
    db_tx(c, DB_WRITE, send_begin, s, NULL);
    if (!s->go) return STEP_DONE;
    const OutRow *m = s->row;
    if (s->by_platform) {
        s->result = send_by_platform(c, m);
        db_tx(c, DB_WRITE, send_end, s, NULL);
        return STEP_DONE;
    }
    s->result = provider_send(c, &(OutMessage){ .message = m->id, .channel = m->channel, .to = m->to_address,
                                                .subject = m->subject, .text = m->body_enc.p
                                                    ? vault_open(c, "message.body", m->body_enc) : m->body_text,
                                                .html = m->body_html,
                                                .lang = m->lang,
                                                .idempotency_key = m->public_id, .message_no = m->public_id,
                                                .attachment_path = s->attached ? s->attached->path : NULL,
                                                .attachment_name = s->attached ? s->attached->file_name : NULL },
                                                s->result.provider);
    db_tx(c, DB_WRITE, send_end, s, NULL);
    return STEP_DONE;
}

/* --- reports: only forward ---------------------------------------------------------------------------------------- */

static int rank_of(const char *status) {
    static const char *const order[] = { "queued", "retry", "unknown", "sent_to_provider", "sent", "undelivered",
                                         "failed", "bounced", "delivered", "opened", "clicked" };
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
        if (!strcmp(order[i], status)) return i;
    return -1;
}

/* A provider's word for a state of ours; NULL: nothing that moves a message. */
static const char *status_of(const char *word) {
    static const struct { const char *theirs, *ours; } words[] = { { "delivered", "delivered" },
        { "undelivered", "undelivered" }, { "undeliverable", "undelivered" }, { "failed", "failed" },
        { "rejected", "failed" },
        { "read", "opened" }, { "opened", "opened" }, { "bounced", "bounced" }, { "sent", "sent" },
        { "queued", "sent" }, { "accepted", "sent" }, { "submitted", "sent" }, { "sending", "sent" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].theirs, word)) return words[i].ours;
    return NULL;
}

#define REPORTED(F, T) F(T, Id, id) F(T, const char *, status)
ROW(Reported, REPORTED)

MessageReport message_reported(Ctx *c, Id provider, const char *provider_message_id, const char *word) {
    const char *to = status_of(word);
    Reported *m = db_find(c, Reported, "select id, status from message where message_provider_id=? "
                                       "and provider_message_id=? for update", provider, provider_message_id);
    if (!m) return (MessageReport){ REPORT_UNKNOWN, { 0 } };
    if (!to || rank_of(to) <= rank_of(m->status)) return (MessageReport){ REPORT_STALE, m->id };
    db_run(c, "update message set status=?, delivered_at=if(?='delivered', ?, delivered_at), "
              "opened_at=if(?='opened', ?, opened_at), "
              "ended_at=coalesce(ended_at, ?) where id=?", to, to, c->now, to, c->now, c->now, m->id);
    bool bad = !strcmp(to, "undelivered") || !strcmp(to, "failed") || !strcmp(to, "bounced");
    if (bad || !strcmp(to, "delivered"))
        event_emit(c, &(Event){ .name = bad ? "message.failed" : "message.delivered", .entity = "message", .id = m->id,
                                .payload = json_pairs(c, "status", to, NULL) });
    return (MessageReport){ REPORT_MOVED, m->id };
}
