/*
 * What people answer by text message (UX05US05 "inbound keywords", ONB03US01): kept once, STOP and START obeyed with
 * one confirmation, HELP answered, everything else for people, with the message it answers.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/comms/comms.h"
#include "app/comms/keyword_rules.h"
#include "app/comms/module.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/utf8.h"

enum { BODY_MAX = 1600, ANSWERS_S = 7 * 86400, SHOWN_MAX = 50 };

/* Providers leave the "+" out. */
static const char *e164(Ctx *c, const char *number) {
    return *number >= '0' && *number <= '9' ? text(c, "+%s", number) : number;
}

static void confirm(Ctx *c, const char *template_, Id consumer, const char *to, bool spanish) {
    const char *phone = utility_here(c)->contact_phone, *email = utility_here(c)->email;
    NotifyField fields[] = { { "utility.phone", phone ? phone : "" }, { "utility.email", email ? email : "" }, { 0 } };
    notify(c, template_, &(Recipient){ .consumer = consumer, .phone = to, .lang = spanish ? "es" : NULL }, fields,
           &(NotifyOptions){ .channels = "sms" });
}

/* The confirmation first: after it the number gets nothing. What waits for it goes nowhere. */
static const char *stop(Ctx *c, const InboundMessage *m, Id consumer, const char *word) {
    if (suppress_is_stopped(c, m->channel, m->from)) return "stopped_already";
    confirm(c, "stop_confirm", consumer, m->from, !strcmp(word, "ALTO") || !strcmp(word, "BAJA"));
    suppress_add(c, m->channel, m->from, "stop", text(c, "keyword %s", word));
    db_run(c,
        "update message set status = 'suppressed', reason_code = 'stop', body_enc = null, next_attempt_at = null, "
        "ended_at = ? where utility_id = ? and to_hash = ? and channel = ? "
        "and status in ('held', 'queued', 'retry') and coalesce(template_key, '') <> 'stop_confirm'",
        c->now, c->utility, lookup_hash(c, m->from), m->channel);
    if (consumer.id)
        consent_set(c, &(Consent){ .consumer = consumer, .channel = m->channel, .topic_or_class = "all",
                                   .source = "keyword", .evidence = m->body });
    return "stopped";
}

static const char *start(Ctx *c, const InboundMessage *m, Id consumer) {
    suppress_lift(c, m->channel, m->from);
    if (consumer.id)
        consent_set(c, &(Consent){ .consumer = consumer, .channel = m->channel, .topic_or_class = "all", .is_in = true,
                                   .source = "keyword", .evidence = m->body });
    confirm(c, "start_confirm", consumer, m->from, false);
    return "started";
}

#define ANSWERED(F, T) F(T, Id, id) F(T, const char *, topic) F(T, Id, consumer_id) F(T, Id, account_id)
ROW(Answered, ANSWERED)

static Answered *message_answered(Ctx *c, const InboundMessage *m) {
    return db_find(c, Answered, "select id, topic, consumer_id, account_id from message where to_hash = ? and "
                                "utility_id = ? and channel = ? and created_at > ? order by id desc limit 1",
                   lookup_hash(c, m->from), c->utility, m->channel, time_add_seconds(c->now, -ANSWERS_S));
}

/* The team of the topic: billing has its manager, the rest goes to the supervisors of the desk. */
static void tell_team(Ctx *c, const InboundMessage *m, const Answered *of, Id consumer, bool refuses) {
    bool is_money = of && (!strcmp(of->topic, "billing") || !strcmp(of->topic, "payments"));
    Id role = db_id(c, "select id from role where code = ? and utility_id = ?",
                    is_money ? "billing_manager" : "cso_supervisor", c->utility);
    if (!role.id) return;
    const char *no = consumer.id ? db_text(c, "select consumer_no from consumer where id = ?", consumer) : NULL;
    inapp_post(c, &(InApp){ .recipient_kind = "role", .recipient = role, .topic = of ? of->topic : "service_requests",
                            .severity = refuses ? "warning" : "info",
                            .title = msg_format(c, c->language, refuses ? "comms.inbound.refusal"
                                                : "comms.inbound.answer",
                                                { "from", m->from }),
                            .body = m->body,
                            .link = no ? text(c, "/u/%s/cis/consumers/%s/history", c->utility_code, no) : NULL,
                            .dedup_key = text(c, "inbound:%s", m->from) });
}

void message_received(Ctx *c, const InboundMessage *given) {
    InboundMessage m = *given;
    m.from = e164(c, given->from);
    m.body = utf8_cut(&c->mem, given->body ? given->body : "", BODY_MAX);
    if (m.provider_message_id &&
        db_id(c, "select id from inbound_message where message_provider_id = ? and provider_message_id = ?", m.provider,
              m.provider_message_id).id)
        return;
    const char *word;
    Keyword is = keyword_of(&c->mem, m.body, &word);
    Answered *of = message_answered(c, &m);
    Id consumer = of && of->consumer_id.id ? of->consumer_id : consumer_by_phone(c, m.from);
    if (is == KEYWORD_YES && !suppress_is_stopped(c, m.channel, m.from)) is = KEYWORD_NONE, word = NULL;
    const char *action = "noted";
    if (is == KEYWORD_STOP) action = stop(c, &m, consumer, word);
    else if (is == KEYWORD_START || is == KEYWORD_YES) action = start(c, &m, consumer);
    else if (is == KEYWORD_HELP) confirm(c, "help_reply", consumer, m.from, !strcmp(word, "AYUDA")), action = "helped";
    else if (is == KEYWORD_REFUSAL) action = "refusal";
    db_run(c, "insert into inbound_message (utility_id, channel, message_provider_id, provider_message_id, from_hash, "
              "from_address, to_id, body, received_at, keyword, action, message_id, consumer_id) values "
              "(?,?,?,?,?,?,?,?,?,?,?,?,?)", c->utility, m.channel, m.provider, m.provider_message_id,
           lookup_hash(c, m.from), m.from, m.to, m.body, m.at, word, action, of ? of->id : (Id){ 0 }, consumer);
    if (!word) tell_team(c, &m, of, consumer, is == KEYWORD_REFUSAL);
}

/* Of the hub's news message.inbound. */
void inbound_heard(Ctx *c, const EventRow *e) {
    Json j = json_read(&c->mem, e->payload, strlen(e->payload), 65536, NULL);
    const char *from = json_text(j, "from"), *to = json_text(j, "to");
    if (!from || !*from || strlen(from) > 20) return;
    message_received(c, &(InboundMessage){ .provider = e->id, .channel = "sms", .from = from,
                                           .to = to && strlen(to) <= 254 ? to : NULL, .body = json_text(j, "body"),
                                           .provider_message_id = json_text(j, "provider_message_id"),
                                           .at = e->occurred_at });
}

#define ANSWER_ROW(F, T) F(T, Time, at) F(T, const char *, from) F(T, const char *, body) F(T, const char *, action)
ROW(AnswerRow, ANSWER_ROW)

Answers answers_of(Ctx *c, Id consumer) {
    AnswerRows rows = db_all(c, AnswerRow, "select received_at as at, from_address as `from`, body, action from "
                                           "inbound_message where consumer_id = ? order by id desc limit ?", consumer,
                             (int)SHOWN_MAX);
    Answers all = { take_n(c, Answer, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++)
        all.v[i] = (Answer){ rows.v[i].at, rows.v[i].from, rows.v[i].body, rows.v[i].action };
    return all;
}
