/*
 * The log: see log.h. A line is put together in a buffer of fixed size on the stack; what does not fit is cut, and a
 * cut line says so at its end.
 */
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/date.h"

enum { LINE_MAX_BYTES = 8000, VALUE_MAX_BYTES = 1000 };

static int                   fd = STDERR_FILENO;
static char                  file_name[1024];
static LogLevel              least_level = LOG_INFO;
static volatile sig_atomic_t reopen_asked;
static struct { char request[REQUEST_NO_SIZE + 22], tenant[64]; int64_t user; } context;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

/* Parts of names whose values never stand in the log. To add one: lower case. */
static const char *const secret_names[] = { "password", "passphrase", "secret", "token", "authorization", "cookie",
                                            "csrf", "otp",
    "totp", "api_key", "apikey", "private_key", "card_no", "cvv", "iban", "bank_account", "signature", "session_id",
        NULL };

static bool is_secret(const char *name) {
    for (int i = 0; secret_names[i]; i++)
        if (strcasestr(name, secret_names[i])) return true;
    return !strcasecmp(name, "pin");
}

static int open_file(const char *file) {
    return open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
}

bool log_open(const char *file) {
    if (file && strlen(file) >= sizeof file_name) return false;
    int next = file ? open_file(file) : STDERR_FILENO;
    if (next < 0) return false;
    if (fd > STDERR_FILENO) close(fd);
    fd = next;
    snprintf(file_name, sizeof file_name, "%s", file ? file : "");
    return true;
}

void log_reopen(void) { reopen_asked = 1; }
void log_level(LogLevel least) { least_level = least; }

static void reopen_when_asked(void) {
    if (!reopen_asked) return;
    reopen_asked = 0;
    if (!file_name[0]) return;
    int next = open_file(file_name);
    if (next < 0) return;
    close(fd);
    fd = next;
}

void request_no_new(char room[REQUEST_NO_SIZE]) {
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned char bytes[8];
    randombytes_buf(bytes, sizeof bytes);
    for (int i = 0, j = 0; i < REQUEST_NO_SIZE - 1; i++) room[i] = i == 4 ? '-' : letters[bytes[j++] & 31];
    room[REQUEST_NO_SIZE - 1] = 0;
}

void log_context(const char *request, const char *tenant, int64_t user) {
    snprintf(context.request, sizeof context.request, "%s", request ? request : "");
    snprintf(context.tenant, sizeof context.tenant, "%s", tenant ? tenant : "");
    context.user = user;
}

void log_context_clear(void) { log_context(NULL, NULL, 0); }

bool log_sample(LogSample *s, int per_minute, int64_t *skipped) {
    int64_t minute = time_ticking_us() / MINUTE_US + 1;
    *skipped = 0;
    if (s->minute != minute) {
        *skipped = s->skipped;
        *s = (LogSample){ .minute = minute };
    }
    if (s->count++ < per_minute) return true;
    s->skipped++;
    return false;
}

/* Bytes of the well-formed UTF-8 character at s, 0 when there is none. C1 controls and the line separators U+2028 and
   U+2029 count as none: some readers break lines at them. */
static int good_character(const unsigned char *s) {
    if (s[0] < 0x80) return 1;
    if (s[0] == 0xc2) return s[1] >= 0xa0 && s[1] <= 0xbf ? 2 : 0;
    if (s[0] > 0xc2 && s[0] <= 0xdf) return (s[1] & 0xc0) == 0x80 ? 2 : 0;
    if (s[0] >= 0xe0 && s[0] <= 0xef) {
        if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80) return 0;
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0;
        return s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9) ? 0 : 3;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 || (s[3] & 0xc0) != 0x80) return 0;
        return (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ? 0 : 4;
    }
    return 0;
}

/* Writes one character, escaped where needed, to `to`; its length in *took, that of the output answered. */
static int encode_character(char to[8], const unsigned char *s, int *took) {
    int n = good_character(s);
    *took = n ? n : 1;
    if (n > 1) return memcpy(to, s, (size_t)n), n;
    if (n == 1 && *s == '\n') return memcpy(to, "\\n", 2), 2;
    if (n == 1 && *s == '\r') return memcpy(to, "\\r", 2), 2;
    if (n == 1 && *s == '\t') return memcpy(to, "\\t", 2), 2;
    if (n == 1 && (*s == '"' || *s == '\\')) return to[0] = '\\', to[1] = (char)*s, 2;
    if (n == 1 && *s >= 0x20 && *s != 0x7f) return to[0] = (char)*s, 1;
    return snprintf(to, 8, "\\x%02x", *s);
}

static bool needs_quotes(const char *s) {
    if (!*s) return true;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == '"' || *s == '\\' || *s == '=' || (unsigned char)*s >= 0x7f) return true;
    return false;
}

/* Bytes of the path's part at s when it looks like a token, else 0. */
static int token_length(const char *s) {
    int n = 0;
    bool small = false, other = false;
    for (; s[n] && s[n] != '/'; n++) {
        bool is_small = s[n] >= 'a' && s[n] <= 'z', is_other = (s[n] >= 'A' && s[n] <= 'Z')
            || (s[n] >= '0' && s[n] <= '9');
        if (!is_small && !is_other && s[n] != '-' && s[n] != '_') return 0;
        small |= is_small, other |= is_other;
    }
    return n >= 20 && small && other ? n : 0;
}

const char *log_path(char *to, int room, const char *path) {
    int n = 0;
    bool at_start = true;
    while (*path && n < room - 1) {
        int token = at_start ? token_length(path) : 0;
        if (token) {
            n += snprintf(to + n, (size_t)(room - n), "%.4s***", path);
            if (n > room - 1) n = room - 1;
            path += token;
            at_start = false;
            continue;
        }
        at_start = *path == '/';
        to[n++] = *path++;
    }
    to[n] = 0;
    return to;
}

void log_encode(char *to, int room, const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    bool quotes = needs_quotes(text);
    int n = 0, end = room - 1 - (quotes ? 1 : 0) - 3;              /* room for "..." and the quote */
    if (quotes && end > 0) to[n++] = '"';
    while (*s) {
        char one[8];
        int took, length = encode_character(one, s, &took);
        if (n + length > end) {
            if (end > 0) memcpy(to + n, "...", 3), n += 3;
            break;
        }
        memcpy(to + n, one, (size_t)length);
        n += length, s += took;
    }
    if (quotes && end > 0) to[n++] = '"';
    to[n] = 0;
}

typedef struct { char s[LINE_MAX_BYTES]; int n; bool cut; } Line;

static void put(Line *l, const char *s) {
    int n = (int)strlen(s);
    if (l->cut || l->n + n > LINE_MAX_BYTES - 8) {                  /* room for " cut\n" */
        l->cut = true;
        return;
    }
    memcpy(l->s + l->n, s, (size_t)n);
    l->n += n;
}

static void put_field(Line *l, const char *name, const char *value) {
    char encoded[VALUE_MAX_BYTES + 8], one[VALUE_MAX_BYTES + 80];
    log_encode(encoded, sizeof encoded, is_secret(name) ? "***" : value);
    snprintf(one, sizeof one, " %.60s=%s", name, encoded);
    put(l, one);
}

static void put_number(Line *l, const char *name, int64_t number) {
    char one[96];
    snprintf(one, sizeof one, " %.60s=%lld", name, (long long)number);
    put(l, one);
}

static void put_head(Line *l, LogLevel level, const char *event) {
    char time[27], head[160];
    time_mysql_into(time, time_now());
    time[10] = 'T';
    snprintf(head, sizeof head, "%sZ %s %.80s", time, level_names[level], event);
    put(l, head);
    put_number(l, "pid", getpid());
    if (context.request[0]) put_field(l, "request", context.request);
    if (context.tenant[0]) put_field(l, "tenant", context.tenant);
    if (context.user) put_number(l, "user", context.user);
}

static void send_line(Line *l) {
    if (l->cut) memcpy(l->s + l->n, " cut", 4), l->n += 4;
    l->s[l->n++] = '\n';
    ssize_t done;
    do done = write(fd, l->s, (size_t)l->n); while (done < 0 && errno == EINTR);
    (void)done;                                                     /* a full disk must not stop the work (F5) */
}

void log_write(LogLevel level, const char *event, const LogField *fields) {
    if (level < least_level) return;
    int saved = errno;
    Line l;
    l.n = 0, l.cut = false;
    reopen_when_asked();
    put_head(&l, level, event);
    for (const LogField *f = fields; f->name; f++) {
        if (f->is_number) put_number(&l, f->name, f->number);
        else if (f->text) put_field(&l, f->name, f->text);
    }
    send_line(&l);
    errno = saved;
}
