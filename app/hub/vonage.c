/*
 * SMS by Vonage: the Messages API and the older SMS API, both by Basic sign-in or its parameters (ONB03US01). Numbers
 * go without their "+".
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/hub/provider.h"
#include "lib/fetch.h"

#define VONAGE_BASE "https://api.nexmo.com"
#define VONAGE_SMS  "https://rest.nexmo.com"
enum { ANSWER_MAX = 65536 };

static const char *plain(const char *number) { return *number == '+' ? number + 1 : number; }

static SentKind kind_of(const FetchAnswer *a) {
    if (a->class == OUT_ACCEPTED) return SENT_OK;
    if (a->class == OUT_REFUSED) return SENT_PERMANENT;
    return a->class == OUT_NOT_ACCEPTED || a->status >= 500 ? SENT_TEMPORARY : SENT_UNKNOWN;
}

SendResult vonage_send(Ctx *c, const Sender *p, const OutMessage *m) {
    const char *base = json_text(p->config, "api_base");
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_text(&o, "message_type", "text");
    json_add_text(&o, "channel", "sms");
    json_add_text(&o, "to", plain(m->to));
    json_add_text(&o, "from", plain(p->from_id));
    json_add_text(&o, "text", m->text);
    json_add_text(&o, "client_ref", m->message_no);
    json_close(&o);
    FetchRequest r = { .method = "POST", .url = text(c, "%s/v1/messages", base ? base : VONAGE_BASE), .body = t.s,
                       .user = json_text(p->config, "api_key"), .password = p->secret };
    FetchAnswer a = fetch(&c->mem, &r);
    Json j = json_read(&c->mem, a.body, a.body_n, ANSWER_MAX, NULL);
    const char *title = json_text(j, "title"), *detail = json_text(j, "detail");
    SendResult to = { .kind = kind_of(&a), .provider = p->id, .http_status = a.status, .latency_ms = a.took_us / 1000,
                      .provider_message_id = json_text(j, "message_uuid"), .code = title,
                      .meaning = detail ? detail : a.problem, .retry_after_s = a.retry_after_s };
    if (to.kind == SENT_OK && !to.provider_message_id) to.kind = SENT_UNKNOWN;
    /* only when it is the number that is wrong: our sender may be as well */
    Json wrong = json_at(j, "invalid_parameters");
    for (size_t i = 0; a.status == 422 && i < json_size(wrong); i++) {
        const char *name = json_text(json_item(wrong, i), "name");
        to.is_bad_address |= name && !strcmp(name, "to");
    }
    return to;
}

/* Status 0 is good, 1 (throttled), 5 and 10 are for later, 6 and 29 say that the number is none. */
SendResult vonage_sms_send(Ctx *c, const Sender *p, const OutMessage *m) {
    const char *base = json_text(p->config, "api_base");
    FetchHeader form[] = { { "api_key", json_text(p->config, "api_key") },
                           { "api_secret", p->secret },
                           { "to", plain(m->to) },
                           { "from", plain(p->from_id) },
                           { "text", m->text },
                           { "client-ref", m->message_no },
                           { "callback", text(c, "%s/hooks/vonage_sms/%s", installation()->public_url,
                                              p->endpoint_key) },
                           { 0 } };
    FetchRequest r = { .method = "POST", .url = text(c, "%s/sms/json", base ? base : VONAGE_SMS),
                       .body = fetch_form(&c->mem, form), .content_type = "application/x-www-form-urlencoded" };
    FetchAnswer a = fetch(&c->mem, &r);
    Json j = json_read(&c->mem, a.body, a.body_n, ANSWER_MAX, NULL);
    const char *status = json_text(j, "messages[0].status");
    SendResult to = { .kind = kind_of(&a), .provider = p->id, .http_status = a.status, .latency_ms = a.took_us / 1000,
                      .provider_message_id = json_text(j, "messages[0].message-id"), .code = status,
                      .meaning = json_text(j, "messages[0].error-text"), .retry_after_s = a.retry_after_s };
    if (to.kind != SENT_OK) return to;
    if (!status) to.kind = SENT_UNKNOWN;
    else if (!strcmp(status, "1") || !strcmp(status, "5") || !strcmp(status, "10")) to.kind = SENT_TEMPORARY;
    else if (strcmp(status, "0")) to.kind = SENT_PERMANENT;
    to.is_bad_address = status && (!strcmp(status, "6") || !strcmp(status, "29"));
    return to;
}
