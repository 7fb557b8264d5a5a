/*
 * E-mail: see mail.h. Text is sent quoted-printable, attachments base64; the boundaries begin with "=_", which neither
 * can contain.
 */
#include "lib/mail.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/date.h"
#include "lib/utf8.h"

enum { LINE = 76, TOTAL_MS = 60000, REPLY_MAX = 2000 };

/* ---- headers ---- */

static bool is_ascii(const char *s) {
    for (; *s; s++)
        if ((unsigned char)*s >= 0x80) return false;
    return true;
}

static char *base64(Arena *a, const void *bytes, size_t n) {
    size_t room = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *to = arena_take(a, room);
    return sodium_bin2base64(to, room, bytes, n, sodium_base64_VARIANT_ORIGINAL);
}

/* How many bytes of s, in whole characters, fit into `room`. */
static size_t whole_characters(const char *s, size_t room) {
    size_t n = 0, all = strlen(s);
    for (int took; n < all && (took = utf8_next(s + n, all - n, NULL)) > 0 && n + (size_t)took <= room;)
        n += (size_t)took;
    return n;
}

char *mail_encoded_header(Arena *a, const char *value, size_t name_length) {
    if (!is_one_line(value) || !utf8_is_valid(value, strlen(value))) return NULL;
    bool looks_encoded = strstr(value, "=?") != NULL;
    if (is_ascii(value) && !looks_encoded && strlen(value) + name_length + 2 <= 900) return arena_copy(a, value);
    Text t = { .arena = a };
    text_add(&t, "");
    for (size_t used = name_length + 2; *value; used = 1) {
        size_t n = whole_characters(value, (LINE - used - 12) / 4 * 3);
        if (!n) return NULL;
        if (t.n) text_add(&t, "\r\n ");
        text_addf(&t, "=?UTF-8?B?%s?=", base64(a, value, n));
        value += n;
    }
    return t.s;
}

static bool add_header(Text *t, const char *name, const char *value) {
    char *encoded = value ? mail_encoded_header(t->arena, value, strlen(name)) : NULL;
    if (!encoded) return false;
    text_addf(t, "%s: %s\r\n", name, encoded);
    return true;
}

/* "Name" <address>; the name quoted or encoded, never both. */
static bool add_address(Text *t, const char *name, MailAddress m) {
    if (!email_is_valid(m.address)) return false;
    if (!m.name || !*m.name) return text_addf(t, "%s: %s\r\n", name, m.address), true;
    if (!is_one_line(m.name) || utf8_length(m.name) > 200) return false;
    char *shown = mail_encoded_header(t->arena, m.name, strlen(name));
    if (!shown) return false;
    if (strncmp(shown, "=?", 2)) {
        Text quoted = { .arena = t->arena };
        text_add(&quoted, "\"");
        for (const char *s = shown; *s; s++) {
            if (*s == '"' || *s == '\\') text_add_n(&quoted, "\\", 1);
            text_add_n(&quoted, s, 1);
        }
        text_add(&quoted, "\"");
        shown = quoted.s;
    }
    text_addf(t, "%s: %s\r\n <%s>\r\n", name, shown, m.address);
    return true;
}

static bool add_date(Text *t, Time at) {
    static const char days[] = "SunMonTueWedThuFriSat";
    Local l = time_local(zone_utc(), at);
    Ymd ymd = date_ymd(l.date);
    text_addf(t, "Date: %.3s, %d %s %04d %02d:%02d:%02d +0000\r\n", days + date_weekday(l.date) * 3, ymd.day,
              english_months[ymd.month - 1], ymd.year, l.hour, l.minute, l.second);
    return true;
}

static bool id_is_sane(const char *s) {
    size_t n = s ? strlen(s) : 0;
    return n && n <= 100 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static bool thread_is_sane(const char *s) {
    size_t n = strlen(s);
    return n > 4 && n <= 250 && s[0] == '<' && s[n - 1] == '>' && is_one_line(s) && is_ascii(s) && !strpbrk(s, " \t");
}

static bool url_is_sane(const char *s) {
    return !strncmp(s, "https://", 8) && strlen(s) <= 500 && is_one_line(s) && is_ascii(s) && !strpbrk(s, " <>\"\t");
}

static const char *add_headers(Text *t, const Mail *m) {
    if (!add_address(t, "From", m->from)) return "the sender's address or name";
    if (!add_address(t, "To", m->to)) return "the recipient's address or name";
    if (m->reply_to.address && !add_address(t, "Reply-To", m->reply_to)) return "the address or name for replies";
    if (!m->subject || !*m->subject || utf8_length(m->subject) > MAIL_SUBJECT_MAX) return "the subject";
    if (!add_header(t, "Subject", m->subject)) return "the subject";
    if (!id_is_sane(m->message_id)) return "the message id";
    add_date(t, m->at);
    text_addf(t, "Message-ID: <%s%s>\r\n", m->message_id, strrchr(m->from.address, '@'));
    if (m->in_reply_to) {
        if (!thread_is_sane(m->in_reply_to)) return "the id of the mail that is answered";
        text_addf(t, "In-Reply-To: %s\r\nReferences: %s\r\n", m->in_reply_to, m->in_reply_to);
    }
    if (m->unsubscribe_url) {
        if (!url_is_sane(m->unsubscribe_url)) return "the address for unsubscribing";
        text_addf(t, "List-Unsubscribe: <%s>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
                  m->unsubscribe_url);
    }
    if (m->language && !add_header(t, "Content-Language", m->language)) return "the language";
    if (!m->is_reply) text_add(t, "Auto-Submitted: auto-generated\r\n");
    text_add(t, "MIME-Version: 1.0\r\n");
    return NULL;
}

/* ---- bodies ---- */

/* Quoted-printable: line ends of any kind become CRLF, lines at most 76, a space before a line end is encoded. */
static void add_quoted(Text *t, const char *s) {
    static const char hex[] = "0123456789ABCDEF";
    size_t used = 0;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '\r' && s[1] == '\n') continue;
        if (c == '\n' || c == '\r') {
            text_add_n(t, "\r\n", 2);
            used = 0;
            continue;
        }
        bool at_end = !s[1] || s[1] == '\n' || s[1] == '\r';
        bool plain = (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !at_end);
        char code[3] = { '=', hex[c >> 4], hex[c & 15] };
        size_t n = plain ? 1 : 3;
        if (used + n > LINE - 1) {
            text_add_n(t, "=\r\n", 3);
            used = 0;
        }
        text_add_n(t, plain ? (const char *)s : code, n);
        used += n;
    }
    text_add_n(t, "\r\n", 2);
}

static void add_text_part(Text *t, const char *type, const char *s) {
    text_addf(t, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
    add_quoted(t, s);
}

static void add_base64(Text *t, const unsigned char *bytes, size_t n) {
    char line[80];
    for (size_t at = 0; at < n; at += 57) {
        size_t length = n - at < 57 ? n - at : 57;
        sodium_bin2base64(line, sizeof line, bytes + at, length, sodium_base64_VARIANT_ORIGINAL);
        text_add(t, line);
        text_add_n(t, "\r\n", 2);
    }
}

/* The file's name for programs that know RFC 2231 and, in ASCII, for others. */
static bool add_attachment(Text *t, const MailAttachment *f) {
    const char *type = f->content_type ? f->content_type : "application/octet-stream";
    size_t n = strlen(f->file_name);
    if (!n || n > 200 || !is_one_line(f->file_name) || !utf8_is_valid(f->file_name, n)) return false;
    if (!is_one_line(type) || !is_ascii(type) || strpbrk(type, " ;\"") || !strchr(type, '/')) return false;
    Text plain = { .arena = t->arena }, encoded = { .arena = t->arena };
    for (const char *s = f->file_name; *s; s++) {
        bool letter = (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z');
        bool safe = letter || (*s >= '0' && *s <= '9') || *s == '-' || *s == '.' || *s == '_';
        text_add_n(&plain, safe ? s : "_", 1);
        if (safe) text_add_n(&encoded, s, 1);
        else text_addf(&encoded, "%%%02X", (unsigned char)*s);
    }
    text_addf(t, "Content-Type: %s\r\nContent-Disposition: attachment; filename=\"%s\";\r\n filename*=UTF-8''%s\r\n"
                 "Content-Transfer-Encoding: base64\r\n\r\n", type, plain.s, encoded.s);
    add_base64(t, f->bytes, f->n);
    return true;
}

static void add_alternative(Text *t, const Mail *m) {
    if (!m->html) {
        add_text_part(t, "plain", m->text);
        return;
    }
    text_add(t, "Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n\r\n--=_alternative\r\n");
    add_text_part(t, "plain", m->text);
    text_add(t, "--=_alternative\r\n");
    add_text_part(t, "html", m->html);
    text_add(t, "--=_alternative--\r\n");
}

static const char *add_body(Text *t, const Mail *m) {
    const MailAttachment *f = m->attachments;
    if (!f->file_name) return add_alternative(t, m), NULL;
    text_add(t, "Content-Type: multipart/mixed; boundary=\"=_mixed\"\r\n\r\n--=_mixed\r\n");
    add_alternative(t, m);
    size_t sum = 0;
    for (; f < m->attachments + MAIL_ATTACHMENTS_MAX && f->file_name; f++) {
        if ((sum += f->n) > MAIL_BYTES_MAX / 2) return "the attachments are too large";
        text_add(t, "--=_mixed\r\n");
        if (!add_attachment(t, f)) return "an attachment's name or type";
    }
    text_add(t, "--=_mixed--\r\n");
    return NULL;
}

char *mail_build(Arena *a, const Mail *m, size_t *n, const char **problem) {
    Text t = { .arena = a };
    *problem = add_headers(&t, m);
    if (!*problem && (!m->text || !utf8_is_valid(m->text, strlen(m->text)))) *problem = "the text";
    if (!*problem && m->html && !utf8_is_valid(m->html, strlen(m->html))) *problem = "the HTML text";
    if (!*problem) *problem = add_body(&t, m);
    if (!*problem && t.n > MAIL_BYTES_MAX) *problem = "the message is too large";
    if (*problem) return NULL;
    *n = t.n;
    return t.s;
}

/* ---- sending ---- */

OutClass mail_class(int code) {
    if (code >= 200 && code < 300) return OUT_ACCEPTED;
    if (code == 530 || code == 534 || code == 535 || code == 538) return OUT_NOT_ACCEPTED;
    if (code >= 500 && code < 600) return OUT_REFUSED;
    return code >= 400 && code < 500 ? OUT_NOT_ACCEPTED : OUT_UNKNOWN;
}

static CURL *kept;

void mail_end(void) {
    if (kept) curl_easy_cleanup(kept);
    kept = NULL;
}

typedef struct {
    const char *message;
    size_t      n, at;
    bool        all_sent;               /* the last byte was handed over: from here on an end is unknown */
    char        reply[REPLY_MAX];
    int         code;
    OutgoingGuard guard;
} Sending;

static size_t on_read(char *to, size_t size, size_t n, void *arg) {
    Sending *s = arg;
    size_t bytes = size * n < s->n - s->at ? size * n : s->n - s->at;
    memcpy(to, s->message + s->at, bytes);
    s->at += bytes;
    if (!bytes) s->all_sent = true;
    return bytes;
}

/* Replies come line by line: "250-first", "250 last". */
static size_t on_reply(char *line, size_t size, size_t n, void *arg) {
    Sending *s = arg;
    size_t bytes = size * n;
    /* 221: the good-bye */
    if (bytes < 4 || line[0] < '2' || line[0] > '5' || !strncmp(line, "221", 3)) return bytes;
    s->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    size_t length = bytes - 4 < REPLY_MAX - 1 ? bytes - 4 : REPLY_MAX - 1;
    memcpy(s->reply, line + 4, length);
    while (length && (unsigned char)s->reply[length - 1] <= ' ') length--;
    s->reply[length] = 0;
    return bytes;
}

static size_t no_body(char *bytes, size_t size, size_t n, void *arg) {
    (void)bytes, (void)arg;
    return size * n;
}

static bool host_is_sane(const char *s) {
    size_t n = s ? strlen(s) : 0;
    return n && n <= 253 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

/* The way to the server: address, encryption, sign-in. */
static void approach(CURL *curl, Arena *a, const MailServer *server, const char *own_name, Sending *s) {
    s->guard.encrypted = server->security != MAIL_OPEN;
    outgoing_guard(curl, &s->guard);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    const char *scheme = server->security == MAIL_TLS ? "smtps" : "smtp";
    curl_easy_setopt(curl, CURLOPT_URL, arena_text(a, "%s://%s:%d/%s", scheme, server->host, server->port, own_name));
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(server->security == MAIL_OPEN ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (server->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca_file);
    if (server->user) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, server->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password ? server->password : "");
    }
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, s);
}

static void prepare(CURL *curl, Arena *a, const MailServer *server, const char *from, const struct curl_slist *to,
                    Sending *s) {
    approach(curl, a, server, strrchr(from, '@') + 1, s);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, arena_text(a, "<%s>", from));
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->n);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, s);
}

/* What the operator mends, not the sender of a message. */
static bool setup_is_wrong(const Sending *s, CURLcode code) {
    bool tls = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED
        || code == CURLE_SSL_CONNECT_ERROR;
    return tls || code == CURLE_LOGIN_DENIED || (s->code >= 500 && mail_class(s->code) == OUT_NOT_ACCEPTED);
}

static MailResult result_of(Arena *a, const Sending *s, CURLcode code) {
    MailResult r = { .code = s->code, .reply = arena_copy(a, utf8_is_valid(s->reply, strlen(s->reply))
        ? s->reply : "") };
    if (code == CURLE_OK) return r.class = OUT_ACCEPTED, r;
    r.problem = curl_easy_strerror(code);
    if (s->guard.refused) {
        r.class = OUT_REFUSED;
        r.problem = "the server's address is not reachable from the internet";
        r.setup_is_wrong = true;
        return r;
    }
    if (s->code >= 400) r.class = mail_class(s->code);
    else r.class = s->all_sent ? OUT_UNKNOWN : OUT_NOT_ACCEPTED;
    r.setup_is_wrong = setup_is_wrong(s, code);
    if (code == CURLE_LOGIN_DENIED) r.class = OUT_NOT_ACCEPTED;
    return r;
}

static bool server_is_sane(const MailServer *server) {
    return host_is_sane(server->host) && server->port >= 1 && server->port <= 65535;
}

static MailResult no_server(void) {
    return (MailResult){ .class = OUT_REFUSED, .reply = "", .problem = "the server's name or port",
                         .setup_is_wrong = true };
}

MailResult mail_check(Arena *a, const MailServer *server) {
    if (!server_is_sane(server)) return no_server();
    CURL *curl = curl_easy_init();              /* not the kept one: that would be a connection signed in already */
    if (!curl) abort();
    Sending s = { .message = "" };
    approach(curl, a, server, "localhost", &s);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, no_body);
    CURLcode code = curl_easy_perform(curl);
    MailResult r = result_of(a, &s, code);
    curl_easy_cleanup(curl);
    return r;
}

MailResult mail_send(Arena *a, const MailServer *server, const char *from, const char *to, const char *message,
                     size_t n) {
    if (!email_is_valid(from) || !email_is_valid(to))
        return (MailResult){ .class = OUT_REFUSED, .reply = "", .problem = "an address is not valid" };
    if (!server_is_sane(server)) return no_server();
    if (!kept && (curl_global_init(CURL_GLOBAL_DEFAULT) || !(kept = curl_easy_init()))) abort();
    struct curl_slist *list = curl_slist_append(NULL, arena_text(a, "<%s>", to));
    if (!list) abort();
    Sending s = { .message = message, .n = n };
    prepare(kept, a, server, from, list, &s);
    CURLcode code = curl_easy_perform(kept);
    MailResult r = result_of(a, &s, code);
    curl_easy_reset(kept);                                          /* forgets the password, keeps the connection */
    curl_slist_free_all(list);
    return r;
}
