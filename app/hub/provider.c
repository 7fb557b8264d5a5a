/*
 * Sending: Twilio, SMTP and the fakes of the sandbox (ONB03US01 "SMS and e-mail providers"). Which provider sends:
 * provider_check.c.
 *
 * While the utility is a sandbox everything goes to the fake: what was "sent" stands in sandbox_outbox, read at
 * /integrations/sandbox. Its delivery report is a callback to our own endpoint, signed with the provider's secret.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/hub/hub.h"
#include "app/hub/pages.h"
#include "app/hub/provider.h"
#include "app/hub/signature_rules.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/fetch.h"
#include "lib/json.h"
#include "lib/mail.h"

#define PROVIDER_FULL(F, T) F(T, Id, id) F(T, const char *, adapter) F(T, const char *, from_id) \
    F(T, const char *, endpoint_key) F(T, const char *, config) F(T, Bytes, secret_enc) F(T, const char *, channel)
ROW(ProviderFull, PROVIDER_FULL)

/* --- the fake ----------------------------------------------------------------------------------------------------- */

#define NEXT_OUTCOME(F, T) F(T, Id, id) F(T, const char *, outcome) F(T, int, times)
ROW(NextOutcome, NEXT_OUTCOME)

typedef struct Fake { const ProviderFull *p; const OutMessage *m; const char *no, *outcome; } Fake;

static void fake_take(Ctx *c, void *arg) {
    Fake *f = arg;
    NextOutcome *next = db_find(c, NextOutcome, "select id, outcome, times from sandbox_outcome where provider_id=? "
                                                "and (recipient is null or recipient=?) and times>0 "
                                                "order by recipient is null, id limit 1 for update", f->p->id,
                                f->m->to);
    f->outcome = next ? next->outcome : "deliver";
    if (next) db_run(c, "update sandbox_outcome set times=times-1 where id=?", next->id);
    if (!strcmp(f->outcome, "temporary") || !strcmp(f->outcome, "permanent")) return;
    if (!db_add(c, "insert into sandbox_outbox (utility_id, provider_id, provider_message_id, channel, to_address, "
                   "from_id, subject, body_text, body_html, outcome) values (?,?,?,?,?,?,?,?,?,?)", c->utility,
                f->p->id, f->no,
                f->m->channel, f->m->to, f->p->from_id, f->m->subject, f->m->text, f->m->html, f->outcome)) return;
    if (strcmp(f->outcome, "silence"))
        job_enqueue(c, &(NewJob){ .kind = "sandbox.report", .run_at = time_add_seconds(c->now, 1),
                                  .payload = json_pairs(c, "provider", text(c, "%lld", (long long)f->p->id.id),
                                                        "message_id", f->no,
            "status", !strcmp(f->outcome, "undelivered") ? "undelivered" : "delivered", NULL) });
}

static SendResult send_fake(Ctx *c, const ProviderFull *p, const OutMessage *m) {
    Fake f = { p, m, text(c, "fake_%s", m->message_no), NULL };
    db_tx(c, DB_WRITE, fake_take, &f, NULL);
    if (!strcmp(f.outcome, "temporary")) return (SendResult){ .kind = SENT_TEMPORARY, .provider = p->id, .code = "451",
        .meaning = "Try again later" };
    if (!strcmp(f.outcome, "permanent")) return (SendResult){ .kind = SENT_PERMANENT, .provider = p->id, .code = "550",
        .meaning = "No such address", .is_bad_address = true };
    return (SendResult){ .kind = SENT_OK, .provider = p->id, .provider_message_id = f.no, .code = "250" };
}

JobStep sandbox_report(Ctx *c, const JobRow *job) {
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    const char *provider = json_text(p, "provider"), *no = json_text(p, "message_id"), *status = json_text(p, "status");
    if (!provider || !no || !status) job_give_up(c, "the payload is not whole");
    ProviderFull *f = db_one(c, ProviderFull,
                             "select id, adapter, from_id, endpoint_key, config, webhook_secret_current_enc "
                             "as secret_enc, channel from message_provider where id=?", provider);
    const char *secret = vault_open(c, "message_provider.webhook_secret", f->secret_enc),
        *driver = !strcmp(f->channel, "sms") ? "sandbox" : "email";
    const char *body = json_pairs(c, "message_id", no, "status", status, NULL);
    FetchRequest r = { .method = "POST",
                       .url = text(c, "%s/hooks/%s/%s", installation()->hook_url ? installation()->hook_url
                                   : installation()->public_url, driver, f->endpoint_key), .body = body,
                       .headers =
                       { { "Smart360-Signature", signature_timed(&c->mem, secret, time_unix(c->now),
                           bytes_of(body)) } } };
    FetchAnswer answer = fetch(&c->mem, &r);
    if (answer.class != OUT_ACCEPTED)
        fail(c, BROKEN, "our webhook answered %d %s", answer.status, answer.problem ? answer.problem : "");
    return STEP_DONE;
}

/* --- Twilio ------------------------------------------------------------------------------------------------------- */

/* Permanent codes: invalid, not mobile, unknown, landline; opted out. */
static SendResult send_twilio(Ctx *c, const Sender *p, const OutMessage *m) {
    Json config = p->config;
    const char *sid = json_text(config, "account_sid"), *base = json_text(config, "api_base"),
        *service = json_text(config, "messaging_service_sid");
    if (!sid)
        return (SendResult){ .kind = SENT_PERMANENT, .provider = p->id, .meaning = "The provider has no account SID" };
    FetchHeader form[] = { { "To", m->to },
                           { service ? "MessagingServiceSid" : "From", service ? service : p->from_id },
                           { "Body", m->text },
                           { "StatusCallback", text(c, "%s/hooks/twilio/%s", installation()->public_url,
                                                    p->endpoint_key) }, { 0 } };
    FetchRequest r = { .method = "POST", .url = text(c, "%s/2010-04-01/Accounts/%s/Messages.json",
        base ? base : "https://api.twilio.com", sid), .body = fetch_form(&c->mem, form),
                       .content_type = "application/x-www-form-urlencoded", .user = sid,
                       .password = p->secret };
    FetchAnswer a = fetch(&c->mem, &r);
    Json j = json_read(&c->mem, a.body, a.body_n, 65536, NULL);
    int64_t code = 0;
    json_int(j, "code", &code);
    SendResult to = { .provider = p->id, .http_status = a.status, .latency_ms = a.took_us / 1000,
                      .provider_message_id = json_text(j, "sid"), .code = code ? text(c, "%lld", (long long)code)
                      : NULL, .meaning = json_text(j, "message"),
                      .retry_after_s = a.retry_after_s };
    to.kind = a.class == OUT_ACCEPTED ? SENT_OK : a.class == OUT_REFUSED ? SENT_PERMANENT : a.class == OUT_NOT_ACCEPTED
        || a.status >= 500 ? SENT_TEMPORARY : SENT_UNKNOWN;
    to.is_bad_address = code == 21211 || code == 21614 || code == 30005 || code == 30006;
    to.is_opted_out = code == 21610 || code == 30004;
    return to;
}

/* Its callbacks may never come, and are not repeated; its list of messages has them. */
static ProviderTold ask_twilio(Ctx *c, const Sender *p, const char *no) {
    const char *sid = json_text(p->config, "account_sid"), *base = json_text(p->config, "api_base");
    FetchRequest r = { .method = "GET",
                       .url = text(c, "%s/2010-04-01/Accounts/%s/Messages/%s.json",
                                   base ? base : "https://api.twilio.com", fetch_escape(&c->mem, sid ? sid : ""),
                                   fetch_escape(&c->mem, no)),
                       .user = sid, .password = p->secret, .total_ms = 10000 };
    FetchAnswer a = fetch(&c->mem, &r);
    ProviderTold to = { .can_tell = true };
    if (a.class != OUT_ACCEPTED) return to;
    Json j = json_read(&c->mem, a.body, a.body_n, 65536, NULL);
    int64_t code = 0;
    to.status = json_text(j, "status");
    if (json_int(j, "error_code", &code) && code) to.code = text(c, "%lld", (long long)code);
    return to;
}

/* --- SMTP --------------------------------------------------------------------------------------------------------- */

static bool attach(Ctx *c, Mail *mail, const OutMessage *m) {
    FILE *f = fopen(m->attachment_path, "re");
    if (!f) return false;
    Text t = text_start(c);
    char room[16384];
    for (size_t n; (n = fread(room, 1, sizeof room, f)) && t.n < MAIL_BYTES_MAX;) text_add_n(&t, room, n);
    bool whole = !ferror(f) && t.n < MAIL_BYTES_MAX;
    fclose(f);
    mail->attachments[0] = (MailAttachment){ m->attachment_name, "application/pdf", t.s, t.n };
    return whole;
}

MailServer smtp_server(Ctx *c, const Sender *p) {
    (void)c;
    const char *security = json_text(p->config, "security");
    int64_t port = 587;
    json_int(p->config, "port", &port);
    return (MailServer){ .host = json_text(p->config, "host"), .port = (int)port, .user = json_text(p->config, "user"),
                         .password = p->secret,
                         .security = security && !strcmp(security, "tls") ? MAIL_TLS
                                     : security && !strcmp(security, "none") ? MAIL_OPEN : MAIL_STARTTLS };
}

/* "5.1.1 no such user", or a bare 550: the mailbox. 5.7.1 and the like are said of us. */
static bool says_no_mailbox(const MailResult *a) {
    bool has_more = a->reply[0] == '5' && a->reply[1] == '.';
    return a->code >= 550 && a->code <= 553 && !a->setup_is_wrong && (!has_more || !strncmp(a->reply, "5.1.", 4));
}

static SendResult send_smtp(Ctx *c, const Sender *p, const OutMessage *m) {
    MailServer server = smtp_server(c, p);
    if (!server.host)
        return (SendResult){ .kind = SENT_PERMANENT, .provider = p->id, .meaning = "The provider has no host" };
    Mail mail = { .from = { .address = p->from_id },
                  .reply_to = { .address = json_text(p->config, "reply_to") },
                  .to = { .address = m->to }, .subject = m->subject, .text = m->text,
                  .html = m->html, .message_id = m->message_no, .unsubscribe_url = m->list_unsubscribe,
                  .language = m->lang, .at = c->now };
    if (m->attachment_path && !attach(c, &mail, m))
        return (SendResult){ .kind = SENT_TEMPORARY, .provider = p->id, .meaning = "The attached file cannot be read" };
    size_t n;
    const char *problem = NULL, *domain = strchr(p->from_id, '@');
    char *whole = mail_build(&c->mem, &mail, &n, &problem);
    if (!whole) return (SendResult){ .kind = SENT_PERMANENT, .provider = p->id, .meaning = problem };
    MailResult a = mail_send(&c->mem, &server, text(c, "bounce+%s%s", m->message_no, domain ? domain : ""), m->to,
                             whole, n);
    SendResult to = { .provider = p->id, .http_status = a.code, .provider_message_id = text(c, "%s%s", m->message_no,
        domain ? domain : ""), .meaning = a.reply, .code = a.code ? text(c, "%d", a.code) : NULL };
    to.kind = a.class == OUT_ACCEPTED ? SENT_OK : a.class == OUT_REFUSED ? SENT_PERMANENT : a.class == OUT_NOT_ACCEPTED
        ? SENT_TEMPORARY : SENT_UNKNOWN;
    to.is_bad_address = says_no_mailbox(&a);
    return to;
}

static ProviderFull *full_of(Ctx *c, Id provider) {
    return db_one(c, ProviderFull, "select id, adapter, from_id, endpoint_key, config, secret_enc, channel "
                                   "from message_provider where id=?", provider);
}

static Sender sender(Ctx *c, const ProviderFull *p) {
    return (Sender){ p->id, p->adapter, p->from_id, p->endpoint_key,
                     vault_open(c, "message_provider.secret", p->secret_enc),
                     json_read(&c->mem, p->config ? p->config : "{}", p->config ? strlen(p->config) : 2, 8192, NULL) };
}

Sender sender_of(Ctx *c, Id provider) { return sender(c, full_of(c, provider)); }

SendResult provider_send(Ctx *c, const OutMessage *m, Id provider) {
    ProviderFull *p = full_of(c, provider);
    if (!strcmp(p->adapter, "fake")) return send_fake(c, p, m);
    if (!sandbox_may_reach(c, m->to))
        return (SendResult){ .kind = SENT_PERMANENT, .provider = p->id, .meaning = "Nothing leaves a sandbox" };
    Sender s = sender(c, p);
    if (!strcmp(p->adapter, "twilio")) return send_twilio(c, &s, m);
    if (!strcmp(p->adapter, "smtp")) return send_smtp(c, &s, m);
    if (!strcmp(p->adapter, "vonage")) return vonage_send(c, &s, m);
    if (!strcmp(p->adapter, "vonage_sms")) return vonage_sms_send(c, &s, m);
    return (SendResult){ .kind = SENT_PERMANENT, .provider = p->id, .meaning = "There is no driver for this provider" };
}

/* Vonage and mail servers tell by callback alone. */
ProviderTold provider_ask(Ctx *c, Id provider, const char *provider_message_id) {
    Sender s = sender_of(c, provider);
    return strcmp(s.adapter, "twilio") ? (ProviderTold){ 0 } : ask_twilio(c, &s, provider_message_id);
}
