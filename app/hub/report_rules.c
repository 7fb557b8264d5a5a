/*
 * Delivery reports by mail: see report_rules.h. The fields stand in parts of a mail of their own; what is asked for
 * here (To, Message-ID, Action, Status) is found line by line, whatever the parts are.
 */
#include "app/hub/report_rules.h"

#include <string.h>
#include <strings.h>

enum { LINES_MAX = 5000, LINE_MAX_ = 998 };

typedef struct { const char *at, *end; } Source;

/* A field's lines as one, cut at what a mail may have. False: the end. */
static bool next_field(Arena *a, Source *s, const char **to) {
    if (s->at >= s->end) return false;
    Text t = text_start(a);
    text_add(&t, "");
    do {
        const char *stop = memchr(s->at, '\n', (size_t)(s->end - s->at));
        size_t n = (size_t)((stop ? stop : s->end) - s->at);
        if (n && s->at[n - 1] == '\r') n--;
        if (t.n + n <= LINE_MAX_) text_add_n(&t, s->at, n);
        s->at = stop ? stop + 1 : s->end;
    } while (t.n && s->at < s->end && (*s->at == ' ' || *s->at == '\t'));
    *to = t.s;
    return true;
}

static const char *value_of(const char *field, const char *name) {
    size_t n = strlen(name);
    if (strncasecmp(field, name, n) || field[n] != ':') return NULL;
    field += n + 1;
    return field + strspn(field, " \t");
}

static bool is_id_letter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

/* "<id>@<domain>" at s; NULL: something else. */
static const char *number_at(Arena *a, const char *s) {
    size_t n = 0;
    while (n <= REPORT_ID && is_id_letter(s[n])) n++;
    if (n != REPORT_ID || s[n] != '@') return NULL;
    size_t domain = strspn(s + n + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");
    return domain ? text_copy_n(a, s, n + 1 + domain) : NULL;
}

static const char *sent_from(Arena *a, const char *field) {
    static const char *const names[] = { "To", "Delivered-To", "X-Original-To", "Return-Path", NULL };
    for (const char *const *name = names; *name; name++) {
        const char *value = value_of(field, *name), *at = value ? strcasestr(value, "bounce+") : NULL;
        if (at) return number_at(a, at + strlen("bounce+"));
    }
    return NULL;
}

static const char *named_by(Arena *a, const char *field) {
    const char *value = value_of(field, "Message-ID");
    return value && *value == '<' ? number_at(a, value + 1) : NULL;
}

/* "5.1.1", of the fields' own number. */
static const char *code_in(Arena *a, const char *value) {
    size_t n = strspn(value, "0123456789.");
    bool is_code = n >= 5 && n <= REPORT_CODE_MAX && value[1] == '.' && strchr("245", value[0]);
    return is_code ? text_copy_n(a, value, n) : NULL;
}

static int badness(const char *action) {
    static const char *const order[] = { "delivered", "relayed", "expanded", "delayed", "failed" };
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
        if (!strncasecmp(action, order[i], strlen(order[i]))) return i;
    return -1;
}

/* 5.1 says that the mailbox is none; other fives are refusals of this mail, fours were tried until it was too late. */
static const char *status_of(int badness_, const char *code) {
    if (badness_ < 4) return badness_ ? "delayed" : "delivered";
    if (!code || code[0] == '4') return "undelivered";
    return !strncmp(code, "5.1.", 4) ? "bounced" : "failed";
}

bool mail_report_read(Arena *a, const char *bytes, size_t n, MailReport *to) {
    *to = (MailReport){ 0 };
    if (!n) return false;
    Source s = { bytes, bytes + n };
    const char *field, *from = NULL, *named = NULL, *code = NULL;
    int worst = -1, now = -1, lines = 0;
    while (lines++ < LINES_MAX && next_field(a, &s, &field)) {
        const char *action = value_of(field, "Action"), *status = value_of(field, "Status");
        if (!from) from = sent_from(a, field);
        const char *id = named_by(a, field);
        if (id) named = id;                                     /* that of the returned mail comes last */
        if (action) now = badness(action);
        if (action && now > worst) worst = now, code = NULL;
        if (status && now == worst && !code) code = code_in(a, status);
    }
    if (worst < 0 || (!from && !named)) return false;
    *to = (MailReport){ from ? from : named, status_of(worst, code), code };
    return true;
}
