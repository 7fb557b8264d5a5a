/*
 * The configuration of one installation: see config.h. One table declares the keys; reading, defaults, checks and the
 * description come from it.
 */
#include "lib/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/money.h"

#define DEFAULT_FILE "/etc/smart360/smart360.conf"

typedef enum { CONFIG_TEXT, CONFIG_BOOL, CONFIG_COUNT, CONFIG_PATH, CONFIG_URL, CONFIG_HOST, CONFIG_LIST,
               CONFIG_LEVEL } Kind;

typedef struct { const char *key; Kind kind; size_t place; const char *standard; int64_t min, max; const char *help;
                 } Key;

#define AT(field) offsetof(Config, field)

/* To add one: a field in Config and its row here. standard NULL: none (an empty text, false, an empty list); "!" : it
   must be given. */
static const Key keys[] = {
    { "public_url",        CONFIG_URL,   AT(public_url),        "!",  0, 0,
      "address of the installation in links, port included" },
    { "base_domain",       CONFIG_HOST,  AT(base_domain),       "!",  0, 0, "<tenant>.<base_domain> serves a tenant" },
    { "default_tenant",    CONFIG_TEXT,  AT(default_tenant),    NULL, 0, 0, "tenant that a bare host serves" },
    { "sandbox",           CONFIG_BOOL,  AT(sandbox),           "no", 0, 0,
      "yes: sandbox gateway and mailbox, `user code`" },
    { "plain_http",        CONFIG_BOOL,  AT(plain_http),        "no", 0, 0, "yes: no TLS in front; sandbox only" },
    { "development",       CONFIG_BOOL,  AT(development),       "no", 0, 0,
      "yes: templates are read again at each request" },
    { "clock_file",        CONFIG_PATH,  AT(clock_file),        NULL, 0, 0,
      "moves the clock of a test instance; sandbox only" },
    { "hook_url",          CONFIG_URL,   AT(hook_url),          NULL, 0, 0,
      "where sandbox gateways call our webhooks; empty: public_url" },
    { "dns_server",        CONFIG_TEXT,  AT(dns_server),        NULL, 0, 0,
      "address[:port] that is asked for SPF, DKIM and DMARC; empty: the system's" },
    { "db_socket",         CONFIG_PATH,  AT(db_socket),         "/run/mysqld/mysqld.sock", 0, 0, "socket of MariaDB" },
    { "db_user",           CONFIG_TEXT,  AT(db_user),           "smart360", 0, 0, "serves pages and jobs" },
    { "db_password",       CONFIG_TEXT,  AT(db_password),       NULL, 0, 0, "empty: by the user of the process" },
    { "db_admin_user",     CONFIG_TEXT,  AT(db_admin_user),     "smart360_admin", 0, 0, "migrates, restores, removes" },
    { "db_admin_password", CONFIG_TEXT,  AT(db_admin_password), NULL, 0, 0, "empty: by the user of the process" },
    { "db_platform",       CONFIG_TEXT,  AT(db_platform),       "smart360", 0, 0, "schema of the platform" },
    { "web_socket",        CONFIG_PATH,  AT(web_socket),        "/run/smart360/web.sock", 0, 0, "pages listen here" },
    { "hook_socket",       CONFIG_PATH,  AT(hook_socket),       "/run/smart360/hook.sock", 0, 0,
      "webhooks listen here" },
    { "sign_socket",       CONFIG_PATH,  AT(sign_socket),       NULL, 0, 0,
      "sign-in listens here; empty: it is served with the pages" },
    { "web_workers",       CONFIG_COUNT, AT(web_workers),       "4", 1, 200, "processes for pages" },
    { "hook_workers",      CONFIG_COUNT, AT(hook_workers),      "2", 1, 200, "processes for webhooks" },
    { "sign_workers",      CONFIG_COUNT, AT(sign_workers),      "2", 1, 200, "processes for sign-in" },
    { "requests_max",      CONFIG_COUNT, AT(requests_max),      "100000", 1, 1000000000,
      "a worker is replaced after so many" },
    { "memory_max_mib",    CONFIG_COUNT, AT(memory_max_mib),    "256", 16, 65536,
      "a worker is replaced above so many MiB" },
    { "request_seconds",   CONFIG_COUNT, AT(request_seconds),   "30", 1, 600, "a worker busy longer is ended" },
    { "form_action",       CONFIG_TEXT,  AT(form_action),       NULL, 0, 0,
      "origins of payment pages, space-separated" },
    { "proxies",           CONFIG_LIST,  AT(proxies),           NULL, 0, 0, "addresses of proxies in front of nginx" },
    { "tls_certificates",  CONFIG_LIST,  AT(tls_certificates),  NULL, 0, 0,
      "certificate files of the web server: before they end there are alerts" },
    { "metrics_allowed",   CONFIG_LIST,  AT(metrics_allowed),   NULL, 0, 0, "addresses that may read /metrics" },
    { "jobs_socket",       CONFIG_PATH,  AT(jobs_socket),       "/run/smart360/jobs.sock", 0, 0,
      "wakes the job workers" },
    { "jobs_workers",      CONFIG_COUNT, AT(jobs_workers),      "4", 1, 200, "processes for jobs" },
    { "mail_host",         CONFIG_HOST,  AT(mail_host),         NULL, 0, 0,
      "mail server of the platform: its own mails, and those to staff of tenants without a provider" },
    { "mail_port",         CONFIG_COUNT, AT(mail_port),         "587", 1, 65535, "its port" },
    { "mail_security",     CONFIG_TEXT,  AT(mail_security),     "starttls", 0, 0, "starttls, tls or none" },
    { "mail_user",         CONFIG_TEXT,  AT(mail_user),         NULL, 0, 0, "empty: without signing in" },
    { "mail_password",     CONFIG_TEXT,  AT(mail_password),     NULL, 0, 0, "of mail_user" },
    { "mail_from",         CONFIG_TEXT,  AT(mail_from),         NULL, 0, 0,
      "sender; needed with mail_host" },
    { "uploads_dir",       CONFIG_PATH,  AT(uploads_dir),       "/var/lib/smart360/uploads", 0, 0,
      "files on their way" },
    { "documents_dir",     CONFIG_PATH,  AT(documents_dir),     "/var/lib/smart360/documents", 0, 0,
      "files that are kept" },
    { "key_file",          CONFIG_PATH,  AT(key_file),          "/etc/smart360/master.key", 0, 0, "encrypts secrets" },
    { "views_dir",         CONFIG_PATH,  AT(views_dir),         VIEWS_DIR, 0, 0, "templates and texts" },
    { "sql_dir",           CONFIG_PATH,  AT(sql_dir),           SQL_DIR, 0, 0, "migrations" },
    { "assets",            CONFIG_PATH,  AT(assets),            NULL, 0, 0, "manifest of static files" },
    { "scan_command",      CONFIG_PATH,  AT(scan_command),      NULL, 0, 0,
      "virus scanner of uploads: called with a file, 0 good, 1 bad" },
    { "log_file",          CONFIG_PATH,  AT(log_file),          NULL, 0, 0, "empty: standard error" },
    { "log_level",         CONFIG_LEVEL, AT(log_level),         "info", 0, 0, "debug, info, warn or error" },
    { "counters_file",     CONFIG_PATH,  AT(counters_file),     NULL, 0, 0,
      "shared counters; empty: of one program only" },
    { "free_min_mib",      CONFIG_COUNT, AT(free_min_mib),      "1024", 0, 1048576,
      "read-only below so much free disk" },
    { "outgoing_allowed",  CONFIG_LIST,  AT(outgoing_allowed),  NULL, 0, 0,
      "addresses calls may reach although not public" },
};
enum { KEYS = sizeof keys / sizeof *keys };

typedef struct { Arena *a; Config *config; const char *file; int line; Text problems; int given_at[KEYS]; } Reader;

static void problem(Reader *r, const char *what, const char *detail) {
    text_addf(&r->problems, "%s:%d: %s%s%s\n", r->file, r->line, what, detail ? " " : "", detail ? detail : "");
}

/* ---- values ---- */

static char *path_of(Reader *r, const char *value) {
    const char *slash = strrchr(r->file, '/');
    if (*value == '/' || !slash) return arena_copy(r->a, value);
    return arena_text(r->a, "%.*s/%s", (int)(slash - r->file), r->file, value);
}

static bool host_is_sane(const char *s) {
    size_t n = strlen(s);
    return n && n <= 253 && *s != '.' && *s != '-' && !strstr(s, "..") && s[n - 1] != '.'
        && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

/* scheme://host[:port] and nothing else. */
static bool url_is_sane(Reader *r, const char *s) {
    const char *host = !strncmp(s, "https://", 8) ? s + 8 : !strncmp(s, "http://", 7) ? s + 7 : NULL;
    if (!host) return false;
    size_t n = strcspn(host, ":");
    int64_t port = 1;
    if (host[n] && (count_parse(host + n + 1, 65535, &port) || port < 1)) return false;
    return host_is_sane(arena_copy_n(r->a, host, n));
}

static const char *const *list_of(Reader *r, const char *value) {
    const char **list = take_n(r->a, const char *, CONFIG_LIST_MAX + 1);
    int n = 0;
    while (*value) {
        value += strspn(value, ", \t");
        size_t length = strcspn(value, ", \t");
        if (!length) break;
        if (n == CONFIG_LIST_MAX) return problem(r, "too many items", NULL), list;
        list[n++] = arena_copy_n(r->a, value, length);
        value += length;
    }
    return list;
}

static void set(Reader *r, const Key *k, const char *value) {
    char *field = (char *)r->config + k->place;
    int64_t n = 0;
    switch (k->kind) {
    case CONFIG_TEXT:
        *(const char **)(void *)field = arena_copy(r->a, value);
        return;
    case CONFIG_PATH:
        *(const char **)(void *)field = path_of(r, value);
        return;
    case CONFIG_BOOL:
        if (strcmp(value, "yes") && strcmp(value, "no")) return problem(r, k->key, "is yes or no");
        *(bool *)field = !strcmp(value, "yes");
        return;
    case CONFIG_COUNT:
        if (count_parse(value, k->max, &n) || n < k->min)
            return problem(r, k->key, arena_text(r->a, "is a number from %lld to %lld", (long long)k->min,
                                                 (long long)k->max));
        *(int64_t *)(void *)field = n;
        return;
    case CONFIG_URL:
        if (!url_is_sane(r, value))
            return problem(r, k->key, "is like https://smart360.example.com, without a slash at the end");
        *(const char **)(void *)field = arena_copy(r->a, value);
        return;
    case CONFIG_HOST:
        if (!host_is_sane(value)) return problem(r, k->key, "is a host name in lower case");
        *(const char **)(void *)field = arena_copy(r->a, value);
        return;
    case CONFIG_LEVEL:
        if (strcmp(value, "debug") && strcmp(value, "info") && strcmp(value, "warn") && strcmp(value, "error"))
            return problem(r, k->key, "is debug, info, warn or error");
        *(const char **)(void *)field = arena_copy(r->a, value);
        return;
    case CONFIG_LIST:
        *(const char *const **)(void *)field = list_of(r, value);
        return;
    }
}

/* ---- the file ---- */

static char *trim(char *s) {
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r')) s[--n] = 0;
    return s;
}

static int key_find(const char *name) {
    for (int i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].key, name)) return i;
    return -1;
}

static void read_line(Reader *r, char *line) {
    line = trim(line);
    if (!*line || *line == '#') return;
    char *equals = strchr(line, '=');
    if (!equals) return problem(r, "expected: key = value", NULL);
    *equals = 0;
    char *name = trim(line), *value = trim(equals + 1);
    int i = key_find(name);
    if (i < 0) return problem(r, "there is no key", name);
    if (r->given_at[i]) return problem(r, arena_text(r->a, "%s stands already in line %d", name, r->given_at[i]), NULL);
    r->given_at[i] = r->line;
    for (const char *v = value; *v; v++)
        if ((unsigned char)*v < ' ' || *v == 0x7f) return problem(r, name, "has a control character");
    if (*value) set(r, &keys[i], value);
}

static char *read_file(Reader *r) {
    FILE *f = fopen(r->file, "rb");
    if (!f) return problem(r, "cannot be read:", strerror(errno)), NULL;
    char *s = arena_take(r->a, CONFIG_FILE_MAX + 2);
    size_t n = fread(s, 1, CONFIG_FILE_MAX + 1, f);
    bool bad = ferror(f);
    fclose(f);
    if (bad) return problem(r, "cannot be read", NULL), NULL;
    if (n > CONFIG_FILE_MAX) return problem(r, "is too long", NULL), NULL;
    if (strlen(s) != n) return problem(r, "has a NUL byte", NULL), NULL;
    return s;
}

static bool is_empty(const Config *c, const Key *k) {
    const char *field = (const char *)c + k->place;
    return k->kind != CONFIG_BOOL && k->kind != CONFIG_COUNT && !*(const char *const *)(const void *)field;
}

/* What the single values cannot know. */
static void check_together(Reader *r) {
    Config *c = r->config;
    struct stat st;
    r->line = 0;
    for (int i = 0; i < KEYS; i++)
        if (keys[i].standard && !strcmp(keys[i].standard, "!") && is_empty(c, &keys[i]))
            problem(r, keys[i].key, "must be given");
    if (!c->sandbox && c->plain_http)
        problem(r, "plain_http needs sandbox = yes:", "a production installation has TLS");
    if (!c->sandbox && c->hook_url) problem(r, "hook_url needs sandbox = yes:", "providers call public_url");
    if (!c->sandbox && c->clock_file)
        problem(r, "clock_file needs sandbox = yes:", "a production clock is the real one");
    if (c->public_url && !c->plain_http && strncmp(c->public_url, "https://", 8))
        problem(r, "public_url begins with https://", "unless plain_http = yes");
    if (c->mail_host && !c->mail_from) problem(r, "mail_host needs mail_from:", "whose name stands on the mails");
    if (strcmp(c->mail_security, "starttls") && strcmp(c->mail_security, "tls") && strcmp(c->mail_security, "none"))
        problem(r, "mail_security is starttls, tls or none, not", c->mail_security);
    if (!c->sandbox && (c->db_password || c->db_admin_password || c->mail_password) && !stat(r->file, &st)
        && (st.st_mode & 0007))
        problem(r, "holds a password and may be read by everybody:", "chmod 0640");
}

const Config *config_read(Arena *a, const char *file, const char **problems) {
    static const char *const none[] = { NULL };
    Config *c = take(a, sizeof *c);
    Reader r = { .a = a, .config = c, .file = arena_copy(a, file), .problems = { .arena = a } };
    c->file = r.file;
    for (int i = 0; i < KEYS; i++) {
        const Key *k = &keys[i];
        if (k->kind == CONFIG_LIST) *(const char *const **)(void *)((char *)c + k->place) = none;
        if (k->standard && strcmp(k->standard, "!")) set(&r, k, k->standard);
    }
    char *s = read_file(&r);
    for (r.line = 1; s && *s; r.line++) {
        char *end = s + strcspn(s, "\n"), *next = *end ? end + 1 : end;
        *end = 0;
        read_line(&r, s);
        s = next;
    }
    if (s && !r.problems.s) check_together(&r);
    *problems = r.problems.s;
    return r.problems.s ? NULL : c;
}

/* ---- of this process ---- */

static const char *chosen;

void config_file(const char *file) { chosen = file; }

const Config *config_use(void) {
    static const Config *config;
    static Arena kept;
    if (config) return config;
    const char *file = chosen ? chosen : getenv("SMART360_CONFIG"), *problems = NULL;
    config = config_read(&kept, file && *file ? file : DEFAULT_FILE, &problems);
    if (!config) {
        fprintf(stderr, "%s", problems);
        exit(2);
    }
    return config;
}

char *config_describe(Arena *a) {
    static const char *const kinds[] = { "text", "yes or no", "number", "path", "address", "host", "list", "level" };
    Text t = { .arena = a };
    for (const Key *k = keys; k < keys + KEYS; k++) {
        bool required = k->standard && !strcmp(k->standard, "!");
        const char *standard = !k->standard ? "" : required ? ", required" : arena_text(a, ", default %s", k->standard);
        text_addf(&t, "%-18s %s (%s%s)\n", k->key, k->help, kinds[k->kind], standard);
    }
    return t.s;
}
