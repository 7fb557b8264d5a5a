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
/* Then the next provider, then failed. */
enum { TRIES = 5 };
static const int64_t sms_retry_s[TRIES] = { 60, 300, 900, 3600, 3600 },
                     mail_retry_s[TRIES] = { 300, 900, 3600, 14400, 43200 };

#define OUT_ROW(F, T)                                                                                                  \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, public_id) F(T, const char *, channel) F(T, const char *, to_address) F(T, const char *, lang)  \
        F(T, const char *, subject) F(T, const char *, body_text) F(T, Bytes, body_enc) F(T, const char *, body_html)  \
            F(T, const char *, status) F(T, Time, expires_at) F(T, Time, not_before) F(T, int, attempts) \
                F(T, bool, is_staff) F(T, Id, provider)
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
                       "status, expires_at, not_before, attempts, user_id is not null "
                       "or template_key <=> 'mailbox_test' as is_staff, "
                       "message_provider_id as provider from message where id=? for update",
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
    /* an unknown end is asked for at the provider that may have taken it */
    ProviderChoice chosen = repeat && m->provider.id
        ? (ProviderChoice){ .provider = m->provider }
        : provider_for(c, &(ProviderWish){ m->channel, m->to_address, m->id, TRIES });
    if (time_is_set(chosen.wait_until)) {
        db_run(c, "update message set status='retry', next_attempt_at=? where id=?", chosen.wait_until, m->id);
        message_enqueue(c, m->id, chosen.wait_until);
        return;
    }
    /* a tenant that has no provider yet reaches its staff by the platform's own server: the first invitation */
    s->by_platform = chosen.has_none && m->is_staff && !strcmp(m->channel, "email") && platform_mail_ready();
    if (!chosen.provider.id && !chosen.has_none) {
        db_run(c, "update message set status='failed', reason_code='too_many_tries', ended_at=?, next_attempt_at=null, "
                  "body_enc=null where id=?", c->now, m->id);
        return;
    }
    if (chosen.has_none && !s->by_platform) {
        db_run(c, "update message set status='failed', reason_code='no_provider', ended_at=? where id=?", c->now,
               m->id);
        return;
    }
    s->no = m->attempts + 1;
    s->result.provider = s->by_platform ? (Id){ 0 } : chosen.provider;
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
    if (!s->by_platform) provider_answered(c, r);
    if (r->kind == SENT_PERMANENT && !s->by_platform && (r->is_bad_address || r->is_opted_out)) {
        bool is_mail = !strcmp(s->row->channel, "email");
        suppress_add(c, s->row->channel, s->row->to_address,
                     r->is_opted_out ? "stop" : is_mail ? "hard_bounce" : "invalid", r->code);
    }
    if (r->kind == SENT_OK) {
        db_run(c, "update message set status=if(status='sent_to_provider', 'sent', status), provider_message_id=?, "
                  "sent_at=?, next_attempt_at=null, status_check_at=if(channel='sms', ?, null) where id=?",
               r->provider_message_id, c->now, time_add_seconds(c->now, MESSAGE_ASK_S), s->message);
    } else if (r->kind == SENT_PERMANENT) {
        db_run(c, "update message set status=?, reason_code=?, ended_at=?, next_attempt_at=null, status_check_at=null "
                  "where id=?", r->is_bad_address && !strcmp(s->row->channel, "email") ? "bounced" : "failed", r->code,
               c->now, s->message);
    } else if (r->kind == SENT_UNKNOWN) {
        db_run(c, "update message set status='unknown', status_check_at=? where id=?",
               time_add_seconds(c->now, UNKNOWN_WAIT_S), s->message);
        if (s->no < 2) message_enqueue(c, s->message, time_add_seconds(c->now, UNKNOWN_WAIT_S));
    } else {
        /* tries of this provider; after the last one the next provider takes it at once, if there is one */
        int tried = (int)db_int(c, "select count(*) from message_attempt where message_id=? and "
                                   "message_provider_id <=> ?", s->message, r->provider);
        const int64_t *waits = strcmp(s->row->channel, "email") ? sms_retry_s : mail_retry_s;
        int64_t wait = tried >= TRIES && !s->by_platform
            ? 0 : waits[tried < 1 ? 0 : tried > TRIES ? TRIES - 1 : tried - 1];
        if (r->retry_after_s > wait) wait = r->retry_after_s;
        if (tried >= TRIES && s->by_platform) {
            db_run(c, "update message set status='failed', reason_code='too_many_tries', ended_at=?, "
                      "next_attempt_at=null, body_enc=null where id=?", c->now, s->message);
            return;
        }
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
                                         "expired", "failed", "bounced", "delivered", "opened", "clicked" };
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
        if (!strcmp(order[i], status)) return i;
    return -1;
}

/* A provider's word for a state of ours; NULL: nothing that moves a message. */
static const char *status_of(const char *word) {
    static const struct { const char *theirs, *ours; } words[] = { { "delivered", "delivered" },
        { "undelivered", "undelivered" }, { "undeliverable", "undelivered" }, { "failed", "failed" },
        { "rejected", "failed" }, { "expired", "expired" },
        { "read", "opened" }, { "opened", "opened" }, { "bounced", "bounced" }, { "sent", "sent" },
        { "queued", "sent" }, { "accepted", "sent" }, { "scheduled", "sent" }, { "submitted", "sent" },
        { "buffered", "sent" }, { "sending", "sent" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].theirs, word)) return words[i].ours;
    return NULL;
}

/* Codes after which an address is written to no more; unreachable phones (30003) are not among them. */
static void keep_reason(Ctx *c, const char *channel, const char *address, const MessageStatus *s) {
    static const struct { const char *code, *reason; } codes[] = {
        { "21211", "invalid" }, { "21614", "invalid" }, { "30005", "invalid" }, { "30006", "invalid" },
        { "21610", "stop" },    { "30004", "stop" } };
    if (!strcmp(channel, "email")) {
        if (!strcmp(s->status, "bounced")) suppress_add(c, channel, address, "hard_bounce", s->code);
        if (!strcmp(s->status, "complaint")) suppress_add(c, channel, address, "complaint", s->code);
        return;
    }
    for (size_t i = 0; s->code && i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(codes[i].code, s->code)) suppress_add(c, channel, address, codes[i].reason, s->code);
}

#define REPORTED(F, T) F(T, Id, id) F(T, const char *, status) F(T, const char *, channel) \
    F(T, const char *, to_address)
ROW(Reported, REPORTED)

MessageReport message_reported(Ctx *c, const MessageStatus *s) {
    const char *to = status_of(s->status);
    Reported *m = db_find(c, Reported, "select id, status, channel, to_address from message "
                                       "where message_provider_id=? "
                                       "and provider_message_id=? for update", s->provider, s->provider_message_id);
    if (!m) return (MessageReport){ REPORT_UNKNOWN, { 0 } };
    keep_reason(c, m->channel, m->to_address, s);
    if (!strcmp(s->status, "complaint")) return (MessageReport){ REPORT_MOVED, m->id };
    if (!to || rank_of(to) <= rank_of(m->status)) return (MessageReport){ REPORT_STALE, m->id };
    bool bad = !strcmp(to, "undelivered") || !strcmp(to, "failed") || !strcmp(to, "bounced") || !strcmp(to, "expired");
    db_run(c, "update message set status=?, reason_code=if(?, coalesce(left(?, 60), reason_code), reason_code), "
              "delivered_at=if(?='delivered', ?, delivered_at), opened_at=if(?='opened', ?, opened_at), "
              "ended_at=coalesce(ended_at, ?) where id=?", to, bad, s->code, to, c->now, to, c->now, c->now, m->id);
    if (bad || !strcmp(to, "delivered"))
        event_emit(c, &(Event){ .name = bad ? "message.failed" : "message.delivered", .entity = "message", .id = m->id,
                                .payload = json_pairs(c, "status", to, NULL) });
    return (MessageReport){ REPORT_MOVED, m->id };
}
