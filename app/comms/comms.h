/*
 * comms (comm): every message to consumers and staff. Implemented in app/comms.
 *
 * No module sends mail or SMS by itself: notify renders a template, applies preferences, consent, suppression, caps and
 * quiet hours, and stores the message with its job in the caller's transaction. inapp_post makes a note in the
 * application only.
 */
#ifndef APP_COMMS_COMMS_H
#define APP_COMMS_COMMS_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/types.h"

struct Ctx;

/* Whom: the first that is set. An address alone is for people without a record (invitations, guests). */
typedef struct {
    Id          consumer, account;  /* account: contact of its holder, delivery preference of the account */
    Id          user;               /* staff */
    Id          portal_user;
    const char *email, *phone;      /* given: instead of the record's */
    const char *lang;               /* NULL: the recipient's */
} Recipient;

/* A field of the template: {{bill.amount_due}} has the name "bill.amount_due" and a text ready to be read. */
typedef struct { const char *name, *value; } NotifyField;
typedef struct {
    const char *channels;           /* "email,sms,inapp"; NULL: by preference and the template's */
    const char *topic;              /* NULL: the template's */
    const char *dedup_key;          /* unique in the utility: a second one returns the first message */
    Time        not_before, expires_at;     /* all zero: now; the class's */
    Id          document;           /* attached to mail */
    const char *html;               /* a whole page beside the text of a mail; NULL: text only */
    const char *link;               /* of the in-app note: own path */
    const char *severity;           /* of the in-app note; NULL: critical for that class of template, else info */
    const char *event_id;           /* of the in-app note: one note for each reader and event */
    const char *entity; Id entity_id;
} NotifyOptions;
/* of the first channel used; suppressed: the reason, when nothing goes out */
typedef struct { Id message; const char *public_id; const char *suppressed; } Notified;
/* `fields` ends with {0}; `options` may be NULL. An unknown template is BROKEN. */
Notified notify(struct Ctx *c, const char *template_key, const Recipient *to, const NotifyField *fields,
                const NotifyOptions *options);

typedef struct {
    const char *recipient_kind;     /* portal_user, user, role */
    Id          recipient;
    const char *topic, *severity;   /* info, success, warning, critical */
    const char *title, *body, *link;
    const char *dedup_key;          /* one open note with it: count grows while it is unread */
    const char *event_id;           /* a second one for the same reader and event is none */
    Time        expires_at;         /* all zero: 180 days, critical ones a year */
    Id          account;
} InApp;
/* The note's id. A role: one for each of its active people, and the last one's id (0: it has nobody). A link that leads
   elsewhere is left out and logged; without a title BROKEN. */
Id inapp_post(struct Ctx *c, const InApp *n);
struct Req;
/* The bell of the shell, with the number of notes its person (staff or portal) has not read; above the page those that
   are critical, until they are closed or end. */
void notes_bell(struct Req *r);
/* A note of this person was written: what is unread is counted again. In the transaction of each such change. */
void notes_changed(struct Ctx *c, const char *kind, Id person);

/* Whether a message of this class and topic may go to an address: NULL, or the reason it may not. */
typedef struct { Id consumer; const char *channel, *class, *topic, *address; } SendFacts;
const char *comm_can_send(struct Ctx *c, const SendFacts *facts);
/* Segments of a text message: GSM-7 160/153, else UCS-2 70/67. */
int  sms_segments(const char *text, bool *is_gsm7);
void suppress_add (struct Ctx *c, const char *channel, const char *address, const char *reason, const char *source);
void suppress_lift(struct Ctx *c, const char *channel, const char *address);
/* Whether its owner has said STOP. */
bool suppress_is_stopped(struct Ctx *c, const char *channel, const char *address);
typedef struct { Id consumer; const char *channel, *topic_or_class; bool is_in; const char *source, *evidence;
                 } Consent;
void consent_set(struct Ctx *c, const Consent *consent);
void comm_erase(struct Ctx *c, Id consumer);
/* Consents of consumers that an import is taking back; ids as JSON. */
void comm_forget(struct Ctx *c, const char *consumers);

typedef struct { Id provider; const char *channel, *from, *to, *body, *provider_message_id; Time at; } InboundMessage;
/* What a person answered: kept once, keywords obeyed, the rest for the team (UX05US05). */
void message_received(struct Ctx *c, const InboundMessage *m);
/* What a consumer answered, newest first. action: stopped, stopped_already, started, helped, noted, refusal. */
typedef struct { Time at; const char *from, *body, *action; } Answer;
typedef struct { Answer *v; size_t n; } Answers;
Answers answers_of(struct Ctx *c, Id consumer);

/* A verified status callback: the provider's word for the state ("delivered") and its code, NULL: none. Only forward;
   unknown words change nothing. What says that the address is none, that its owner stopped or complained, is kept. */
typedef struct { Id provider; const char *provider_message_id, *status, *code; } MessageStatus;
typedef enum { REPORT_UNKNOWN, REPORT_STALE, REPORT_MOVED } ReportKind;
typedef struct { ReportKind kind; Id message; } MessageReport;
MessageReport message_reported(struct Ctx *c, const MessageStatus *s);

#endif
