/*
 * E-mail: building a message and giving it to an SMTP server.
 *
 * A message goes to one recipient. Header values refuse CR, LF and NUL (assurance S22), addresses are checked,
 * everything that is not ASCII is encoded, so that any server takes it. Nothing here fail()s; how an attempt ended is a
 * class of lib/outgoing.h, and its guard holds for mail servers too.
 */
#ifndef LIB_MAIL_H
#define LIB_MAIL_H

#include "lib/outgoing.h"
#include "lib/types.h"

enum { MAIL_ATTACHMENTS_MAX = 10, MAIL_BYTES_MAX = 30 * 1024 * 1024, MAIL_SUBJECT_MAX = 250 };

typedef struct { const char *name, *address; } MailAddress;         /* name may be NULL */
typedef struct { const char *file_name, *content_type; const void *bytes; size_t n; } MailAttachment;

typedef struct {
    MailAddress from, to, reply_to;         /* reply_to.address NULL: none */
    const char *subject;
    const char *text;                       /* required: the plain part */
    const char *html;                       /* NULL: plain only */
    /* local part: the message's own key, [A-Za-z0-9._-]; the domain is that of `from` */
    const char *message_id;
    const char *in_reply_to;                /* a whole Message-ID "<...>" of an earlier mail of a thread; NULL: none */
    const char *unsubscribe_url;            /* https; adds List-Unsubscribe with one click (RFC 8058); NULL: none */
    const char *language;                   /* Content-Language; NULL: none */
    Time        at;                         /* Date */
    bool        is_reply;                   /* written by a person: no Auto-Submitted */
    MailAttachment attachments[MAIL_ATTACHMENTS_MAX];   /* up to the first without file_name */
} Mail;

/* The whole message with CRLF. NULL and *problem when it may not be sent like that. */
char *mail_build(Arena *a, const Mail *mail, size_t *n, const char **problem);

/* OPEN: to allowed addresses, or outside production */
typedef enum { MAIL_TLS, MAIL_STARTTLS, MAIL_OPEN } MailSecurity;

typedef struct {
    const char  *host;
    int          port;                      /* 465, 587, 25 ... */
    MailSecurity security;
    const char  *user, *password;           /* NULL: without */
    const char  *ca_file;                   /* own certificate authority of the server; NULL: the system's */
} MailServer;

typedef struct {
    OutClass    class;
    int         code;                       /* last SMTP reply code, 0: none */
    const char *reply;                      /* its text: "5.1.1 no such user"; never NULL */
    const char *problem;                    /* for log and screen; NULL when accepted */
    bool        setup_is_wrong;             /* sign-in or TLS: not this message is bad, but the server's settings */
} MailResult;

/* Gives a built message to the server. The connection is kept for the next one to the same server. Result: accepted;
 * refused
   (5xx: hard); not accepted (4xx, no connection, cut before all was sent: soft); unknown (cut after the last byte). */
MailResult mail_send(Arena *a, const MailServer *server, const char *from, const char *to, const char *message,
                     size_t n);
/* Connects, secures the connection, signs in and says NOOP: whether the server takes us, without a message. */
MailResult mail_check(Arena *a, const MailServer *server);
/* Closes the kept connection. */
void mail_end(void);

/* Pure: what an SMTP reply code means for the message. 2xx accepted, 4xx not accepted, 5xx refused; but sign-in trouble
   (530, 534, 535, 538) is not accepted: the message is good. */
OutClass mail_class(int code);

/* One header value as RFC 2047 wants it: plain ASCII as it is, else encoded words, folded. NULL when it holds a control
   character or is no UTF-8. */
char *mail_encoded_header(Arena *a, const char *value, size_t name_length);

#endif
