/*
 * The platform's own mail: see platform_mail.h. One row and one key a mail, for ever (I13): "about to call" is
 * committed first, an answer that was cut off leaves "unknown", which is repeated once after ten minutes (assurance
 * section 3).
 */
#include "app/core/platform_mail.h"

#include <string.h>

#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/utf8.h"

enum { KEEP_DAYS = 3, UNKNOWN_WAIT_S = 600, SUBJECT_MOST = 200 };
static const int64_t retry_s[] = { 60, 300, 900, 3600 };        /* then failed */
static const char sealed_as[] = PLATFORM_MAIL_SEALED;

bool platform_mail_ready(void) { return installation()->mail_host || installation()->sandbox; }

/* --- the queue ---------------------------------------------------------------------------------------------------- */

static void enqueue(Ctx *c, Id mail, Time at) {
    job_enqueue(c, &(NewJob){ .kind = "platform.mail", .payload = text(c, "{\"mail\":%lld}", (long long)mail.id),
                              .run_at = at });
}

static const MsgPair *masked(Ctx *c, const MsgPair *pairs, const char *secret) {
    size_t n = 0;
    while (pairs[n].name) n++;
    MsgPair *to = take_n(c, MsgPair, n + 1);
    for (size_t i = 0; i < n; i++)
        to[i] = (MsgPair){ pairs[i].name, secret && !strcmp(pairs[i].name, secret) ? "••••••" : pairs[i].value };
    return to;
}

void platform_mail(Ctx *c, const char *to, const char *language, const char *key, const MsgPair *pairs,
                   const char *secret) {
    const char *body_key = text(c, "mail.%s.body", key), *body = msg_fill(&c->mem, language, body_key, pairs);
    const char *subject = msg_fill(&c->mem, language, text(c, "mail.%s.subject", key), pairs);
    Id id = db_insert(c,
        "insert into smart360.platform_mail (mail_key, to_address, lang, subject, body_text, body_enc, expires_at, "
        "created_at) values (?,?,?,?,?,?,?,?)",
        key, to, language, utf8_cut(&c->mem, utf8_line(&c->mem, subject), SUBJECT_MOST),
        msg_fill(&c->mem, language, body_key, masked(c, pairs, secret)),
        bytes_of(secret_seal(&c->mem, installation_keys(), sealed_as, bytes_of(body))),
        time_add_seconds(c->now, KEEP_DAYS * 86400), c->now);
    enqueue(c, id, TIME_NONE);
}

/* --- one attempt -------------------------------------------------------------------------------------------------- */

static void keep_in_outbox(Ctx *c, void *arg) {
    const PlatformMail *m = arg;
    db_add(c, "insert into smart360.platform_outbox (mail_no, to_address, subject, body_text, body_html, created_at) "
              "values (?,?,?,?,?,?)", m->no, m->to, m->subject, m->text, m->html, c->now);
}

MailResult platform_mail_deliver(Ctx *c, const PlatformMail *m) {
    const Config *f = installation();
    if (!f->mail_host) {
        if (!f->sandbox) return (MailResult){ .class = OUT_REFUSED, .reply = "",
                                              .problem = "No mail server is configured (mail_host)" };
        db_tx(c, DB_WRITE, keep_in_outbox, (void *)(uintptr_t)m, NULL);
        return (MailResult){ .class = OUT_ACCEPTED, .code = 250, .reply = "kept in the sandbox" };
    }
    MailServer server = { .host = f->mail_host, .port = (int)f->mail_port, .user = f->mail_user,
                          .password = f->mail_password,
                          .security = !strcmp(f->mail_security, "tls") ? MAIL_TLS : !strcmp(f->mail_security, "none")
                              ? MAIL_OPEN : MAIL_STARTTLS };
    Mail mail = { .from = { "SMART360", f->mail_from }, .to = { .address = m->to }, .subject = m->subject,
                  .text = m->text, .html = m->html, .message_id = m->no, .language = m->lang, .at = c->now };
    size_t n;
    const char *problem = NULL;
    char *whole = mail_build(&c->mem, &mail, &n, &problem);
    if (!whole) return (MailResult){ .class = OUT_REFUSED, .reply = "", .problem = problem };
    return mail_send(&c->mem, &server, f->mail_from, m->to, whole, n);
}

#define QUEUED(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, to_address) \
    F(T, const char *, lang) \
    F(T, const char *, subject) F(T, Bytes, body_enc) F(T, const char *, status) F(T, int, attempts) \
        F(T, Time, expires_at)
ROW(Queued, QUEUED)

typedef struct Sending { Id id; Queued *mail; bool go; MailResult result; } Sending;

static void begin(Ctx *c, void *arg) {
    Sending *s = arg;
    Queued *m = s->mail = db_find(c, Queued, "select id, public_id, to_address, lang, subject, body_enc, status, "
                                             "attempts, expires_at from smart360.platform_mail where id = ? for update",
                                  s->id);
    s->go = m && m->body_enc.p && strcmp(m->status, "sent") && strcmp(m->status, "failed");
    if (!s->go) return;
    if (c->now.us > m->expires_at.us) {
        s->go = false;
        db_run(c, "update smart360.platform_mail set status = 'expired', body_enc = null, ended_at = ? where id = ?",
               c->now, m->id);
        return;
    }
    db_run(c, "update smart360.platform_mail set status = 'sending', attempts = attempts + 1 where id = ?", m->id);
}

/* What is to be done after an attempt: a state, and when to try again (0: never). */
typedef struct Outcome { const char *status; int64_t wait_s; } Outcome;

static Outcome outcome_of(const Sending *s) {
    int no = s->mail->attempts;                 /* before this one */
    switch (s->result.class) {
    case OUT_ACCEPTED: return (Outcome){ "sent", 0 };
    case OUT_UNKNOWN:  return (Outcome){ "unknown", no < 1 ? UNKNOWN_WAIT_S : 0 };
    case OUT_REFUSED:  return (Outcome){ "failed", 0 };
    default: break;
    }
    bool again = no < (int)(sizeof retry_s / sizeof *retry_s);
    return (Outcome){ again ? "retry" : "failed", again ? retry_s[no] : 0 };
}

static void end(Ctx *c, void *arg) {
    Sending *s = arg;
    Outcome o = outcome_of(s);
    db_run(c, "update smart360.platform_mail set status = ?, code = ?, meaning = left(?, 200), body_enc = if(?, "
              "body_enc, null), ended_at = if(?, null, ?) where id = ?", o.status,
           s->result.code ? text(c, "%d", s->result.code) : NULL,
           s->result.problem ? s->result.problem : s->result.reply, o.wait_s > 0, o.wait_s > 0, c->now, s->id);
    if (o.wait_s) enqueue(c, s->id, time_add_seconds(c->now, o.wait_s));
}

JobStep platform_mail_send(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    Sending *s = take(c, sizeof *s);
    int64_t id = 0;
    if (!json_int(p, "mail", &id)) job_give_up(c, "the payload names no mail");
    s->id.id = id;
    db_tx(c, DB_WRITE, begin, s, NULL);
    if (!s->go) return STEP_DONE;
    const Queued *m = s->mail;
    Bytes body;
    if (!secret_open(&c->mem, installation_keys(), sealed_as, text_copy_n(c, m->body_enc.p, m->body_enc.n), &body))
        job_give_up(c, "mail %lld does not open", (long long)m->id.id);
    s->result = platform_mail_deliver(c, &(PlatformMail){ .no = m->public_id, .to = m->to_address,
                                                          .subject = m->subject, .lang = m->lang,
                                                          .text = text_copy_n(c, body.p, body.n) });
    db_tx(c, DB_WRITE, end, s, NULL);
    return STEP_DONE;
}
