/*
 * The web program: see web.h. One worker serves one request at a time; everything a request used dies with it.
 */
#include "lib/web.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <ClearSilver.h>

#include "lib/clock.h"
#include "lib/counter.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/gzip.h"
#include "lib/log.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/worker.h"

enum { ROUTES_MAX = 2000, BODY_MAX = 1024 * 1024, FIELDS_BYTES = 1024 * 1024 };
/* Of all files of a request: the largest that nginx passes on (nginx/locations.conf, data migration). What a route
   takes is its own matter, said at the field. */
enum { UPLOADS_BYTES = 252 * 1024 * 1024 };

const WebConfig *web_config;
static WebHooks hooks;

/* --- counters ----------------------------------------------------------------------------------------------------- */

enum { COUNT_PAGE, COUNT_HOOK = COUNT_PAGE + 4, TIME_PAGE = COUNT_HOOK + 4, TIME_HOOK, WORKERS_BUSY, WORKERS_MEMORY };

/* To add one: its name above and its row here; rows of one name stand side by side. Four rows a pool: 2xx to 5xx. */
static const CounterRow counter_rows[] = {
    { "smart360_requests_total", "pool=\"page\",status=\"2xx\"", COUNTER_SUM, "Requests answered" },
    { "smart360_requests_total", "pool=\"page\",status=\"3xx\"", COUNTER_SUM, "Requests answered" },
    { "smart360_requests_total", "pool=\"page\",status=\"4xx\"", COUNTER_SUM, "Requests answered" },
    { "smart360_requests_total", "pool=\"page\",status=\"5xx\"", COUNTER_SUM, "Requests answered" },
    { "smart360_requests_total", "pool=\"hook\",status=\"2xx\"", COUNTER_SUM, "Requests answered" },
    { "smart360_requests_total", "pool=\"hook\",status=\"3xx\"", COUNTER_SUM, "Requests answered" },
    { "smart360_requests_total", "pool=\"hook\",status=\"4xx\"", COUNTER_SUM, "Requests answered" },
    { "smart360_requests_total", "pool=\"hook\",status=\"5xx\"", COUNTER_SUM, "Requests answered" },
    [TIME_PAGE] = { "smart360_request_seconds", "pool=\"page\"", COUNTER_TIME,
                    "Time from FastCGI's accept to the last byte" },
    [TIME_HOOK] = { "smart360_request_seconds", "pool=\"hook\"", COUNTER_TIME,
                    "Time from FastCGI's accept to the last byte" },
    [WORKERS_BUSY]   = { "smart360_workers_busy", NULL, COUNTER_GAUGE, "Workers that answer a request now" },
    [WORKERS_MEMORY] = { "smart360_workers_memory_bytes", NULL, COUNTER_GAUGE, "Resident memory of all web workers" },
    { 0 } };

static Counters *counters;
static bool      is_hook_worker;

static void count_request(const Req *r) {
    int class = r->status >= 200 && r->status < 600 ? r->status / 100 - 2 : 3;
    counter_add(counters, (is_hook_worker ? COUNT_HOOK : COUNT_PAGE) + class, 1);
    counter_observe(counters, is_hook_worker ? TIME_HOOK : TIME_PAGE, time_ticking_us() - r->started_us);
}

char *web_metrics(Arena *a) { return counters_text(a, counters); }

/* --- routes ------------------------------------------------------------------------------------------------------- */

typedef struct Place { const Route *route; const char *part[REQUEST_SEGMENTS_MAX]; size_t parts; } Place;

static Place places[ROUTES_MAX];
static size_t places_n;
static Arena forever;                       /* what lives as long as the process */

static _Noreturn void bad_route(const Route *route, const char *why) {
    fprintf(stderr, "%s:%d: route %s %s: %s\n", route->file, route->line, route->method, route->path, why);
    exit(1);
}

static size_t split(const char *path, const char **part) {
    size_t n = 0;
    char *copy = text_copy(&forever, path);
    for (char *s = strtok(copy, "/"); s; s = strtok(NULL, "/")) part[n++] = s;
    return n;
}

static bool is_name(const char *part) { return part[0] == '{'; }

/* Two places collide when some path would fit both equally well. */
static bool collide(const Place *a, const Place *b) {
    if (a->parts != b->parts || a->route->scope != b->route->scope || strcmp(a->route->method, b->route->method))
        return false;
    for (size_t i = 0; i < a->parts; i++) {
        if (is_name(a->part[i]) != is_name(b->part[i])) return false;
        if (!is_name(a->part[i]) && strcmp(a->part[i], b->part[i])) return false;
    }
    return true;
}

static void add_route(const Route *route) {
    if (places_n == ROUTES_MAX) bad_route(route, "too many routes");
    Place p = { .route = route };
    p.parts = split(route->path, p.part);
    if (route->path[0] != '/') bad_route(route, "a path begins with /");
    if (!route->handler) bad_route(route, "no handler");
    if (!route->action) bad_route(route, "no right");
    if (!(route->action & (OPEN | SIGNED_IN)) && !route->key) bad_route(route, "no permission key");
    for (size_t i = 0; i < places_n; i++)
        if (collide(&p, &places[i]))
            bad_route(route, text(&forever, "collides with %s:%d", places[i].route->file, places[i].route->line));
    places[places_n++] = p;
}

void web_routes(const Route *const *tables) {
    for (; *tables; tables++)
        for (const Route *route = *tables; route->method; route++) {
            if (!route->resource) {
                add_route(route);
                continue;
            }
            Route *of = take_n(&forever, Route, RESOURCE_ROUTES_MAX);
            int n = resource_routes(route->resource, route, of);
            for (int i = 0; i < n; i++) add_route(&of[i]);
        }
}

void web_hooks(const WebHooks *h) { hooks = *h; }

void web_list_routes(void (*line)(void *, const Route *), void *arg) {
    for (size_t i = 0; i < places_n; i++) line(arg, places[i].route);
}

const Route *web_page(Scope scope, const char *path) {
    for (size_t i = 0; i < places_n; i++)
        if (places[i].route->scope == scope && !strcmp(places[i].route->method, "GET") && !strcmp(places[i].route->path,
            path)) return places[i].route;
    return NULL;
}

bool web_has_page(Scope scope, const char *path) { return web_page(scope, path) != NULL; }

static bool fits(const Place *p, const Path *path, size_t skip) {
    if (p->parts != path->n - skip) return false;
    for (size_t i = 0; i < p->parts; i++)
        if (!is_name(p->part[i]) && strcmp(p->part[i], path->segment[skip + i])) return false;
    return true;
}

/* How much of a place is written out: /bx/runs/new goes before /bx/runs/{no}. */
static unsigned exactness(const Place *p) {
    unsigned bits = 0;
    for (size_t i = 0; i < p->parts; i++) bits = bits * 2 + !is_name(p->part[i]);
    return bits;
}

static const Place *find(const Req *r, const char *method, size_t skip, bool *path_known) {
    const Place *best = NULL;
    for (const Place *p = places; p < places + places_n; p++) {
        if (p->route->scope != r->scope && p->route->scope != SCOPE_ANY) continue;
        size_t cut = p->route->scope == SCOPE_ANY ? 0 : skip;
        if (!fits(p, &r->path, cut)) continue;
        *path_known = true;
        if (!strcmp(p->route->method, method) && (!best || exactness(p) > exactness(best))) best = p;
    }
    return best;
}

static size_t prefix_parts(const Req *r) {
    return r->frame_parts + (r->scope == SCOPE_UTILITY || r->scope == SCOPE_PORTAL ? 2 : 0);
}

static void find_route(Req *r) {
    bool path_known = false;
    const char *method = strcmp(r->method, "HEAD") ? r->method : "GET";
    const Place *p = find(r, method, prefix_parts(r), &path_known);
    if (!p && path_known) {
        header_set(r, "Allow", strcmp(method, "GET") ? "GET, HEAD" : "POST");
        answer_text(r, 405, "This address does not take %s.\n", r->method);
        return;
    }
    if (!p) fail(r, NOT_FOUND, "There is no such page.");
    r->route = p->route;
    if (r->route->body_max && (int64_t)r->body.n > r->route->body_max) answer_text(r, 413, "This is too large.\n");
    size_t cut = p->route->scope == SCOPE_ANY ? 0 : prefix_parts(r);
    r->in_path = params_start(r);
    for (size_t i = 0; i < p->parts; i++)
        if (is_name(p->part[i])) {
            size_t n = strlen(p->part[i]);
            const char *value = r->path.segment[cut + i];
            param_add(&r->in_path, text_copy_n(r, p->part[i] + 1, n - 2), value, strlen(value));
        }
}

const Route *web_find_page(Req *r, const char *path) {
    Req other = { .scope = r->scope, .frame_parts = r->frame_parts };
    bool known = false;
    Params query = params_start(r);
    if (target_parse(&r->c.mem, text(r, "%s%s", r->prefix, path), &other.path, &query).status) return NULL;
    const Place *p = find(&other, "GET", prefix_parts(&other), &known);
    return p ? p->route : NULL;
}

bool web_may_open(Req *r, const char *path) {
    const Route *route = web_find_page(r, text(r, "%.*s", (int)strcspn(path, "#"), path));
    return route && (!route->key || lib_app.may(&r->c, route->key, route->action));
}

char *link_open(Req *r, const char *format, ...) {
    va_list a;
    va_start(a, format);
    const char *path = arena_vtext(&r->c.mem, format, a);
    va_end(a);
    return web_may_open(r, path) ? link_path(r, "%s", path) : NULL;
}

/* --- reading and answering, for handlers -------------------------------------------------------------------------- */

const char *path_text(Req *r, const char *name) {
    const char *value = param_find(&r->in_path, name);
    if (!value) fail(r, BROKEN, "the route has no {%s}", name);
    return value;
}

const char *query_text(Req *r, const char *name) {
    const char *value = param_find(&r->query, name);
    if (!value) return NULL;
    while (*value == ' ') value++;
    size_t n = strlen(value);
    while (n && value[n - 1] == ' ') n--;
    return n ? text_copy_n(r, value, n) : NULL;
}

int64_t query_int(Req *r, const char *name, int64_t otherwise) {
    const char *value = query_text(r, name);
    if (!value || strlen(value) > 12 || strspn(value, "0123456789") != strlen(value)) return otherwise;
    return strtoll(value, NULL, 10);
}

const char *field_text(Req *r, const char *name) { return param_find(&r->fields, name); }

const char *cookie_text(Req *r, const char *name) {
    return param_find(&r->cookies, web_config->plain_http ? name : text(r, "__Host-%s", name));
}

const char *header_text(Req *r, const char *name) {
    if (!r->fcgi) return NULL;
    char key[80] = "HTTP_";
    size_t n = 5;
    for (const char *s = name; *s && n < sizeof key - 1; s++)
        key[n++] = (char)(*s == '-' ? '_' : *s >= 'a' && *s <= 'z' ? *s - 32 : *s);
    key[n] = 0;
    return FCGX_GetParam(key, ((FCGX_Request *)r->fcgi)->envp);
}

void page(Req *r, const char *name) {
    r->template = name;
    if (!r->status) r->status = 200;
}

char *url_part(Req *r, const char *s) {
    Text t = text_start(r);
    text_add(&t, "");
    for (; *s; s++) {
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-_.~", *s))
            text_add_n(&t, s, 1);
        else text_addf(&t, "%%%02X", (unsigned char)*s);
    }
    return t.s;
}

char *link_path(Req *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *path = arena_vtext(&r->c.mem, format, args);
    va_end(args);
    const char *prefix = r->prefix && r->is_outside ? r->prefix + strlen(r->frame) : r->prefix;
    return prefix && prefix[0] ? text(r, "%s%s", prefix, path) : path;
}

static bool gateway_listed(const char *url) {
    if (!web_config->form_action) return false;
    const char *list = web_config->form_action;
    while (*list) {
        size_t n = strcspn(list, " ");
        if (n && !strncmp(url, list, n) && (url[n] == '/' || url[n] == 0)) return true;
        list += n;
        list += strspn(list, " ");
    }
    return false;
}

void go_to(Req *r, const char *url) {
    if (!path_is_own(url) && !gateway_listed(url)) fail(r, BROKEN, "redirect to a stranger: %s", url);
    r->location = text_copy(r, url);
    r->status = 303;
}

void go(Req *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *path = arena_vtext(&r->c.mem, format, args);
    va_end(args);
    go_to(r, link_path(r, "%s", path));
}

void note(Req *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    r->note = arena_vtext(&r->c.mem, format, args);
    va_end(args);
}

void answer(Req *r, int status, const char *type, const char *body, size_t n) {
    r->status = status;
    r->type = text_copy(r, type);
    r->out = text_start(r);
    text_add_n(&r->out, body, n);
}

void answer_spool(Req *r, const char *type, int fd) {
    r->status = 200;
    r->type = text_copy(r, type);
    r->spool = fd;
}

void answer_text(Req *r, int status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *body = arena_vtext(&r->c.mem, format, args);
    va_end(args);
    answer(r, status, "text/plain; charset=utf-8", body, strlen(body));
}

void answer_not_before(const Req *r, int ms) {
    int64_t left = r->started_us + (int64_t)ms * 1000 - time_ticking_us();
    if (r->started_us && left > 0) nanosleep(&(struct timespec){ left / SECOND_US, left % SECOND_US * 1000 }, NULL);
}

void answer_file(Req *r, const char *internal_path, const char *type, const char *file_name, bool attachment) {
    r->status = 200;
    r->type = text_copy(r, type);
    r->file = text_copy(r, internal_path);
    Text safe = text_start(r);
    text_add(&safe, "");
    for (const char *s = file_name; *s; s++)
        text_add_n(&safe, *s >= ' ' && *s < 127 && *s != '"' && *s != '\\' ? s : "_", 1);
    header_set(r, "Content-Disposition", text(r, "%s; filename=\"%s\"; filename*=UTF-8''%s",
                                              attachment ? "attachment" : "inline", safe.s, url_part(r, file_name)));
}

void header_set(Req *r, const char *name, const char *value) {
    assert(!strpbrk(value, "\r\n"));
    for (int i = 0; i < r->headers; i++)
        if (!strcmp(r->header[i].name, name) && strcmp(name, "Set-Cookie")) {
            r->header[i].value = text_copy(r, value);
            return;
        }
    assert(r->headers < (int)(sizeof r->header / sizeof *r->header));
    r->header[r->headers++] = (Header){ text_copy(r, name), text_copy(r, value) };
}

void cookie_set(Req *r, const char *name, const char *value, int max_age_s) {
    const char *age = max_age_s < 0 ? "; Max-Age=0" : max_age_s ? text(r, "; Max-Age=%d", max_age_s) : "";
    bool plain = web_config->plain_http;
    header_set(r, "Set-Cookie", text(r, "%s%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", plain ? "" : "__Host-", name,
                                     value, plain ? "" : "; Secure", age));
}

void problem(Req *r, const char *field, const char *format, ...) {
    if (r->problems == (int)(sizeof r->problem / sizeof *r->problem)) return;
    va_list args;
    va_start(args, format);
    r->problem[r->problems++] = (Problem){ arena_copy(&r->problem_mem, field),
                                           arena_vtext(&r->problem_mem, format, args) };
    va_end(args);
}

void problems_end(Req *r) {
    if (!r->problems) return;
    fail_field(r, INVALID, r->problem[0].field, "%s", r->problem[0].text);
}

/* --- one request -------------------------------------------------------------------------------------------------- */

static void destroy_data(void *hdf) {
    HDF *h = hdf;
    hdf_destroy(&h);
}

/* A fresh data set; what an earlier try of the handler put there is gone. */
static void fresh_answer(Req *r) {
    NEOERR *e = hdf_init(&r->data);
    if (e != STATUS_OK) {
        nerr_ignore(&e);
        abort();
    }
    later(r, destroy_data, r->data);
    r->status = 0;
    r->is_outside = false;
    if (!r->frame) r->frame = "";
    r->template = r->location = r->type = r->file = NULL;
    r->note = r->note_kept;
    r->out = (Text){ 0 };
    r->spool = 0;
    r->headers = r->headers_kept;
    r->problems = 0;
}

static bool is_post(const Req *r) { return !strcmp(r->method, "POST"); }

/* Assurance S8: a token bound to the session, and the browser's own word about where the form came from. */
static void check_csrf(Req *r) {
    if (!is_post(r) || r->route->flags & OWN_PROOF) return;
    const char *site = header_text(r, "Sec-Fetch-Site"), *origin = header_text(r, "Origin");
    bool foreign = site && strcmp(site, "same-origin") && strcmp(site, "none");
    if (origin && strcmp(origin, "null")) {
        const char *host = strstr(origin, "://");
        const char *plain = host ? host_parse(&r->c.mem, host + 3) : NULL;
        if (!plain || strcmp(plain, r->host)) foreign = true;
    }
    const char *masked = field_text(r, "csrf"), *sent = masked ? token_unmasked(&r->c.mem, masked) : NULL;
    bool same = !foreign && sent && r->csrf && strlen(sent) == strlen(r->csrf)
        && !sodium_memcmp(sent, r->csrf, strlen(sent));
    if (!same) fail(r, DENIED, "Your form expired; nothing was saved. Send it again.");
}

static void need_right(Req *r) {
    const Route *route = r->route;
    if (route->action & OPEN) return;
    if (!r->c.user.id) {
        hooks.sign_in(r);
        return;
    }
    if (route->action & SIGNED_IN) return;
    if (!hooks.may(r, route->key, route->action))
        fail(r, DENIED, "You do not have permission to use this page (%s).", route->key);
}

static void handle(Ctx *c, void *arg) {
    Req *r = arg;
    (void)c;
    fresh_answer(r);
    const char *form_key = is_post(r) && !(r->route->flags & OWN_PROOF) ? field_text(r, "form_key") : NULL;
    if (form_key && hooks.once_begin && !hooks.once_begin(r, form_key)) return;
    r->route->handler(r);
    if (!r->status) fail(r, BROKEN, "%s:%d: the handler gave no answer", r->route->file, r->route->line);
    if (form_key && hooks.once_end) hooks.once_end(r, form_key);
    if (r->template) hooks.layout(r);
}

static bool stored_already(Ctx *c, void *arg) {
    Req *r = arg;
    (void)c;
    return hooks.known && hooks.known(r);
}

/* Below the mark only looking is left, and going away: the database must not run out of room (F5). Whoever is not
   signed in may do so; what gateways send is small and kept. */
static void check_room(Req *r) {
    if (!is_post(r) || !r->c.user.id || r->route->flags & OWN_PROOF) return;
    size_t n = strlen(r->route->path);
    if (n >= 7 && !strcmp(r->route->path + n - 7, "/logout")) return;
    if (worker_has_room(web_config->upload_folder, web_config->free_min)) return;
    r->no_room = true;
    fail(r, DOWN, "less than %lld MiB are free", (long long)(web_config->free_min / (1024 * 1024)));
}

static void serve_route(Req *r) {
    check_room(r);
    bool exports = query_text(r, "export") != NULL;         /* audited */
    bool reads = !is_post(r) && !(r->route->flags & WRITES) && !exports;
    if (r->route->flags & NO_TX) {
        db_look_anew(&r->c);
        handle(&r->c, r);
    } else {
        DbTx kind = reads ? DB_READ : r->route->flags & COUNTS ? DB_QUEUE : DB_WRITE;
        db_tx(&r->c, kind, handle, r, reads ? NULL : stored_already);
    }
}

/*
 * A request goes in four steps, each an attempt of its own: what the earlier ones found (host, session) stands in
 * memory that a failing handler does not take along, so that its refusal can still wear the right shell.
 */
static void find_place(Ctx *c, void *arg) {
    Req *r = arg;
    (void)c;
    fresh_answer(r);
    r->scope = SCOPE_TENANT;
    hooks.host(r);
    if (!r->status) find_route(r);
}

static void find_person(Ctx *c, void *arg) {
    Req *r = arg;
    (void)c;
    hooks.identify(r);
    r->headers_kept = r->headers;
    r->note_kept = r->note;
}

static void check_person(Ctx *c, void *arg) {
    (void)c;
    Req *r = arg;
    if (hooks.allow) hooks.allow(r);
    if (!r->status) need_right(r);
    if (!r->status) check_csrf(r);
}

static void serve_person(Ctx *c, void *arg) {
    (void)c;
    serve_route(arg);
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

static void (*form_of(const Req *r))(Req *) {
    if (r->route->form) return r->route->form;
    for (const Place *p = places; p < places + places_n; p++)
        if (!strcmp(p->route->method, "GET") && p->route->scope == r->route->scope
            && !strcmp(p->route->path, r->route->path)) return p->route->handler;
    return NULL;
}

typedef struct Again { Req *r; void (*form)(Req *); Failure failure; Problem problem[64]; int problems; } Again;

static void show_problems(Req *r) {
    for (int i = 0; i < r->problems; i++) show_text(r, text(r, "page.errors.%d.text", i), r->problem[i].text);
}

static void show_again(Ctx *c, void *arg) {
    Again *a = arg;
    Req *r = a->r;
    (void)c;
    fresh_answer(r);
    memcpy(r->problem, a->problem, sizeof a->problem);
    r->problems = a->problems;
    r->again = true;
    r->refused = a->failure.status;
    a->form(r);
    /* it is not for this person (any more), who is told what was refused on a page of its own */
    if (r->location) fail(r, CONFLICT, "the form page of %s leads elsewhere", r->route->path);
    if (!r->template) fail(r, BROKEN, "the form page of %s gave no page", r->route->path);
    /* a button's POST: no form on the page took them */
    if (!hdf_get_obj(r->data, "page.errors.0")) show_problems(r);
    r->status = (int)a->failure.status;
    hooks.layout(r);
}

static void show_again_in_tx(Ctx *c, void *arg) { db_tx(c, DB_READ, show_again, arg, NULL); }

/* What failed comes in the Again: attempt() has cleared c->failure. */
static void error_page(Ctx *c, void *arg) {
    Again *a = arg;
    Req *r = a->r;
    Failure f = a->failure;
    (void)c;
    fresh_answer(r);
    r->status = (int)f.status;
    show_int(r, "error.status", r->status);
    bool speaks = f.status != BROKEN && f.status != DOWN && f.status != NOT_FOUND;
    show_text(r, "error.text", r->no_room ? msg(r->c.language, "layout.error_no_room") : speaks ? f.text : NULL);
    if (f.field && f.field[0] == '/') {                     /* where it can be put right */
        show_text(r, "page.title", msg(r->c.language, "layout.error_too_early"));
        show_text(r, "error.actions.0.text", msg(r->c.language, "layout.error_there"));
        show_text(r, "error.actions.0.url", f.field);
    }
    show_text(r, "error.number", r->c.request_no);
    if (f.status == DENIED && r->c.user.id) show_text(r, "error.detail.0", msg(r->c.language, "layout.error_403_how"));
    show_text(r, "error.home_url", r->scope == SCOPE_PLATFORM ? "/platform" : r->scope == SCOPE_PORTAL
              ? link_path(r, "/") : "/");
    show_text(r, "page.shell", "plain");
    r->template = "layout/error";
    if (f.status == DOWN) show_int(r, "error.retry_s", f.retry_after_s ? f.retry_after_s : 5);
}

static void error_layout(Ctx *c, void *arg) {
    (void)c;
    hooks.layout(arg);
}

/* Nothing was stored, and the database answers: what was typed can be shown and sent once more. */
static bool was_held_up(const Failure *f) { return f->status == DOWN && f->is_held_up; }

static bool shows_form_again(const Failure *f) {
    return was_held_up(f) || f->status == INVALID || f->status == CONFLICT || f->status == WRONG_PROOF
        || f->status == BUSY
        || (f->status == DENIED && f->text && strstr(f->text, "form expired"));
}

static void log_failure(const Req *r, const Failure *f) {
    bool ours = f->status == BROKEN || f->status == DOWN || f->status == UNKNOWN;
    char path[400];
    const LogField fields[] = {
        LOG_INT("status", f->status), LOG_TEXT("path", log_path(path, sizeof path, r->path.text ? r->path.text : "?")),
            LOG_TEXT("text", f->text ? f->text : ""),
        LOG_TEXT("file", f->file ? f->file : "?"), LOG_INT("line", f->line), { 0 } };
    log_write(ours ? LOG_ERROR : LOG_INFO, "refused", fields);
}

static void refuse(Req *r) {
    Ctx *c = &r->c;
    Failure f = c->failure;
    if (f.status == RETRY || f.status == UNKNOWN) f.status = DOWN;
    log_failure(r, &f);
    if (c->db) db_reset(c->db);
    Again a = { .r = r, .failure = f, .problems = r->problems };
    for (int i = 0; i < r->problems; i++) a.problem[i] = r->problem[i];
    if (was_held_up(&f)) a.problem[0] = (Problem){ NULL, msg(c->language, "layout.error_held_up") }, a.problems = 1;
    if (r->no_room) a.problem[0] = (Problem){ NULL, msg(c->language, "layout.error_no_room") }, a.problems = 1;
    if (!a.problems && f.text) a.problem[a.problems++] = (Problem){ f.field, f.text };
    if (r->route && is_post(r) && (r->no_room || shows_form_again(&f)) && (a.form = form_of(r))) {
        if (attempt(c, show_again_in_tx, &a)) goto shown;
        log_failure(r, &c->failure);
        if (c->db) db_reset(c->db);
    }
    c->failure = f;
    if (!attempt(c, error_page, &a)) r->status = 500;
    else if (f.status != DOWN && r->scope < SCOPES) {
        /* the error page wears the shell of its visitor when that can still be had */
        if (c->schema && !attempt(c, error_layout, r) && c->db) db_reset(c->db);
    }
    r->status = (int)f.status;
shown:
    if (f.retry_after_s || f.status == DOWN || f.status == BUSY)
        header_set(r, "Retry-After", text(r, "%d", f.retry_after_s ? f.retry_after_s : 5));
    c->failure = f;
    if (hooks.refused && f.status != DOWN) hooks.refused(r);
}

void web_serve(Req *r) {
    static void (*const steps[])(Ctx *, void *) = { find_place, find_person, check_person, serve_person };
    for (int i = 0; i < 4 && !r->status; i++)
        if (!attempt(&r->c, steps[i], r)) {
            if (!i) {                       /* the place was not found: what points into its memory is gone with it */
                r->prefix = r->frame = "";
                r->frame_parts = 0;
                r->in_path = params_start(r);
            }
            refuse(r);
            break;
        }
    if (r->location && hooks.redirect) hooks.redirect(r);
}

void web_replay(Req *r, const char *uri) {
    fresh_answer(r);
    r->method = "GET";
    r->uri = text_copy(r, uri);
    r->query = params_start(r), r->fields = params_start(r), r->cookies = params_start(r);
    if (target_parse(&r->c.mem, r->uri, &r->path, &r->query).status) fail(r, NOT_FOUND, "There is no such page.");
    find_route(r);
    if (r->status) fail(r, NOT_FOUND, "There is no such page.");
    if (!(r->route->action & (OPEN | SIGNED_IN)) && !hooks.may(r, r->route->key, r->route->action))
        fail(r, DENIED, "You do not have permission to use this page (%s).", r->route->key);
    r->route->handler(r);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void put(Req *r, FCGX_Stream *out, const char *name, const char *value) {
    (void)r;
    FCGX_PutS(name, out);
    FCGX_PutStr(": ", 2, out);
    FCGX_PutS(value, out);
    FCGX_PutStr("\r\n", 2, out);
}

static bool has_header(const Req *r, const char *name) {
    for (int i = 0; i < r->headers; i++)
        if (!strcasecmp(r->header[i].name, name)) return true;
    return false;
}

/* S3, S4: the same on every answer. */
static void put_security(Req *r, FCGX_Stream *out) {
    if (!has_header(r, "Content-Security-Policy"))
        put(r, out, "Content-Security-Policy",
            text(r,
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
                "connect-src 'self'; frame-src 'self'; form-action 'self'%s%s; frame-ancestors 'none'; base-uri "
                "'none'; object-src 'none'",
                web_config->form_action && *web_config->form_action ? " " : "",
                web_config->form_action ? web_config->form_action : ""));
    put(r, out, "X-Content-Type-Options", "nosniff");
    put(r, out, "Referrer-Policy", "same-origin");
    if (!web_config->plain_http) put(r, out, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    if (!has_header(r, "Cache-Control")) put(r, out, "Cache-Control", "no-store");
}

enum { GZIP_LEAST = 512 };

/* What a page leaves as; nginx leaves alone what is compressed already. */
static void compress(Req *r) {
    header_set(r, "Vary", "HX-Request");
    if (r->out.n < GZIP_LEAST || !gzip_accepted(header_text(r, "Accept-Encoding"))) return;
    size_t n;
    const char *small = gzip_bytes(&r->c.mem, r->out.s, r->out.n, &n);
    if (!small) return;
    header_set(r, "Content-Encoding", "gzip");
    header_set(r, "Vary", "Accept-Encoding, HX-Request");
    r->out.s = (char *)(uintptr_t)small, r->out.n = n;
}

/* The figures of a long piece of work asked again, and it is over: what stands around them has changed as well. */
static bool is_ended_job(Req *r) {
    const char *target = r->is_part ? header_text(r, "HX-Target") : NULL;
    return target && !strcmp(target, "job") && !hdf_get_value(r->data, "job.poll_url", NULL);
}

/* Where it cannot be read to its end, the answer is shorter than it said: the browser knows that it lacks some. */
static void send_spool(const Req *r, FCGX_Stream *out) {
    struct stat s;
    char piece[16384];
    if (fstat(r->spool, &s)) s.st_size = 0;
    FCGX_FPrintF(out, "Content-Length: %lld\r\n\r\n", (long long)s.st_size);
    for (off_t at = 0; strcmp(r->method, "HEAD") && at < s.st_size;) {
        ssize_t got = pread(r->spool, piece, sizeof piece, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || FCGX_PutStr(piece, (int)got, out) < 0) return;
        at += got;
    }
}

static void send_answer(Req *r, FCGX_Request *f) {
    if (r->template) {
        r->out = text_start(r);
        if (!page_render(r->template, r->data, &r->out)) {
            r->status = 500;
            r->out = text_start(r);
            text_addf(&r->out, "<!doctype html><html lang=\"en\"><title>Error</title><h1>Something went wrong on our "
                               "side</h1><p>Number to quote: %s</p></html>", r->c.request_no);
        }
        r->type = "text/html; charset=utf-8";
        compress(r);
        if (r->status < 400 && is_ended_job(r)) header_set(r, "HX-Refresh", "true");
    }
    FCGX_Stream *out = f->out;
    if (!r->status) r->status = 500;
    FCGX_FPrintF(out, "Status: %d\r\n", r->status);
    for (int i = 0; i < r->headers; i++) put(r, out, r->header[i].name, r->header[i].value);
    put_security(r, out);
    if (r->location) {
        if (r->is_part) put(r, out, "HX-Redirect", r->location);
        put(r, out, "Location", r->location);
    }
    if (r->file) put(r, out, "X-Accel-Redirect", r->file);
    put(r, out, "Content-Type", r->type ? r->type : "text/plain; charset=utf-8");
    if (r->spool) {
        send_spool(r, out);
        return;
    }
    FCGX_FPrintF(out, "Content-Length: %lu\r\n\r\n", (unsigned long)r->out.n);
    if (strcmp(r->method, "HEAD") && r->out.n) FCGX_PutStr(r->out.s, (int)r->out.n, out);
}

/* --- from FastCGI ------------------------------------------------------------------------------------------------- */

static Parsed read_body(Req *r, FCGX_Request *f, int64_t length) {
    char buffer[16384];
    ContentType type;
    Parsed p = content_type_parse(&r->c.mem, FCGX_GetParam("CONTENT_TYPE", f->envp), &type);
    if (p.status) return p;
    r->content_type = type.type;
    if (type.kind == BODY_MULTIPART) {
        UploadLimits limits = { .folder = web_config->upload_folder, .file_max = UPLOADS_BYTES,
                                .files_total_max = UPLOADS_BYTES, .fields_total_max = FIELDS_BYTES, .files_max = 10 };
        Multipart *m = multipart_start(&r->c.mem, type.boundary, &limits, &r->fields, &r->uploads);
        for (int64_t left = length; left > 0;) {
            int got = FCGX_GetStr(buffer, left < (int64_t)sizeof buffer ? (int)left : (int)sizeof buffer, f->in);
            if (got <= 0) return (Parsed){ 400, "The request ended early." };
            left -= got;
            p = multipart_feed(m, buffer, (size_t)got);
            if (p.status) return p;
        }
        return multipart_end(m);
    }
    if (length > BODY_MAX) return (Parsed){ 413, "This is too large." };
    char *body = take(r, (size_t)length + 1);
    for (int64_t have = 0; have < length;) {
        int got = FCGX_GetStr(body + have, (int)(length - have), f->in);
        if (got <= 0) return (Parsed){ 400, "The request ended early." };
        have += got;
    }
    r->body = (Bytes){ body, (size_t)length };
    if (type.kind == BODY_URLENCODED) {
        p = urlencoded_parse(&r->fields, body, (size_t)length);
        /* A webhook's bytes are judged by its signature first; its handler parses. */
        if (p.status && strncmp(r->path.text, "/hooks/", 7)) return p;
    }
    return (Parsed){ 0 };
}

/* "1776272411.123": the second at which nginx passed the request on. */
static int64_t waited_us(const char *passed) {
    char *end = NULL;
    int64_t seconds = passed ? strtoll(passed, &end, 10) : 0, millis = end && *end == '.' ? strtoll(end + 1, NULL, 10)
        : 0;
    int64_t waited = seconds > 0 ? time_now().us - (seconds * 1000 + millis) * 1000 : 0;
    return waited > 0 && waited < 600 * SECOND_US ? waited : 0;
}

static Parsed read_request(Req *r, FCGX_Request *f) {
    char **env = f->envp;
    const char *method = FCGX_GetParam("REQUEST_METHOD", env), *uri = FCGX_GetParam("REQUEST_URI", env);
    r->method = method ? method : "GET";
    r->uri = uri ? uri : "/";
    r->query = params_start(r), r->fields = params_start(r), r->cookies = params_start(r);
    r->c.address = text_copy(r, FCGX_GetParam("REMOTE_ADDR", env));
    r->c.waited_us = waited_us(FCGX_GetParam("REQUEST_PASSED", env));
    r->is_part = header_text(r, "HX-Request") && !header_text(r, "HX-History-Restore-Request");
    Parsed p = target_parse(&r->c.mem, r->uri, &r->path, &r->query);
    if (p.status) return p;
    r->host = host_parse(&r->c.mem, FCGX_GetParam("HTTP_HOST", env));
    if (!r->host) return (Parsed){ 400, "The request names no host." };
    const char *cookie = FCGX_GetParam("HTTP_COOKIE", env);
    if (cookie) {
        p = cookies_parse(&r->cookies, cookie, strlen(cookie));
        if (p.status) return p;
    }
    int64_t length = 0;
    p = content_length_parse(FCGX_GetParam("CONTENT_LENGTH", env), &length);
    if (p.status || !length) return p;
    return read_body(r, f, length);
}

static void serve_one(Req *r, FCGX_Request *f, Db *db) {
    r->fcgi = f;
    r->c.db = db;
    r->c.language = "en";
    r->theme = "auto";
    r->c.now = clock_now();
    request_no_new(r->c.request_no);
    log_context(r->c.request_no, NULL, 0);
    r->started_us = time_ticking_us();
    r->c.answer_by_us = r->started_us + web_config->request_s * SECOND_US * 2 / 3;      /* 20 of 30 s */
    Parsed p = read_request(r, f);
    if (p.status) {
        answer_text(r, p.status, "%s\n", p.text);
        if (!r->method) r->method = "GET";
    } else {
        web_serve(r);
    }
    send_answer(r, f);
    if (!p.status && hooks.after) hooks.after(r);
    count_request(r);
    char path[400];
    log_path(path, sizeof path, r->path.text ? r->path.text : "?");
    log_info("request", LOG_TEXT("method", r->method), LOG_TEXT("path", path), LOG_INT("status", r->status),
             LOG_INT("us", time_ticking_us() - r->started_us));
    log_context_clear();
}

/* Nothing of the last request is left; what waits for a quiet moment is done. */
static void between(Req *r, Db *db, bool is_last) {
    arena_reset(&r->c.mem);
    arena_reset(&r->problem_mem);
    db_reset(db);
    if (!hooks.idle) return;
    Arena kept = r->c.mem;
    r->c = (Ctx){ .mem = kept, .db = db, .language = "en", .now = clock_now() };
    hooks.idle(&r->c, is_last);
    arena_reset(&r->c.mem);
    db_reset(db);
}

static int run_worker(const Pool *pool, int index) {
    int fd = *(int *)pool->arg;
    is_hook_worker = !strcmp(pool->name, "hook");
    bool is_sign_worker = !strcmp(pool->name, "sign");
    counters_slot(counters, 1 + index + (is_hook_worker ? web_config->page_workers : is_sign_worker
                                         ? web_config->page_workers + web_config->hook_workers : 0));
    FCGX_Request f;
    if (FCGX_InitRequest(&f, fd, FCGI_FAIL_ACCEPT_ON_INTR)) return 1;
    worker_on_stop(FCGX_ShutdownPending);
    Db *db = db_open(&web_config->db);
    db_chain(db);
    static Req r;
    for (int served = 0; !worker_stopping;) {
        if (served % 64 == 0) {
            int64_t memory = worker_memory();
            counter_set(counters, WORKERS_MEMORY, memory);
            if (served && memory > web_config->memory_max) break;
        }
        if (served >= web_config->requests_max) break;
        if (FCGX_Accept_r(&f) < 0) {            /* a signal, or nobody came for a second */
            if (worker_stopping) break;
            between(&r, db, false);
            continue;
        }
        served++;
        worker_busy(true);
        counter_set(counters, WORKERS_BUSY, 1);
        Arena kept = r.c.mem, problems = r.problem_mem;
        r = (Req){ .c.mem = kept, .problem_mem = problems };
        serve_one(&r, &f, db);
        FCGX_Finish_r(&f);
        between(&r, db, false);
        worker_busy(false);
        counter_set(counters, WORKERS_BUSY, 0);
    }
    between(&r, db, true);
    db_close(db);
    counter_set(counters, WORKERS_MEMORY, 0);
    return 0;
}

/* A listening unix socket, open for nginx's group only; or one inherited ("fd:3"). */
static int listen_at(const char *path) {
    if (!strncmp(path, "fd:", 3)) return atoi(path + 3);
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof a.sun_path) {
        fprintf(stderr, "The socket path %s is too long (107 bytes at most).\n", path);
        exit(1);
    }
    memcpy(a.sun_path, path, strlen(path) + 1);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t old = umask(0117);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1024)) {
        perror(path);
        exit(1);
    }
    umask(old);
    return fd;
}

int web_run(const WebConfig *config) {
    web_config = config;
    FCGX_Init();
    counters = counters_open(counter_rows, config->page_workers + config->hook_workers + config->sign_workers,
                             config->counters_file);
    if (!counters) log_error("counters.none", LOG_TEXT("file", config->counters_file));
    static int page_fd, hook_fd, sign_fd;
    page_fd = listen_at(config->page_socket);
    hook_fd = listen_at(config->hook_socket);
    if (config->sign_socket) sign_fd = listen_at(config->sign_socket);
    const struct timeval second = { .tv_sec = 1 };                /* a worker that waits looks up so often */
    const int fds[] = { page_fd, hook_fd, config->sign_socket ? sign_fd : page_fd };
    for (int i = 0; i < 3; i++) setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    Pool pools[] = {
        { .name = "page", .workers = config->page_workers, .busy_max_s = config->request_s, .run = run_worker,
          .arg = &page_fd },
        { .name = "hook", .workers = config->hook_workers, .busy_max_s = config->request_s, .run = run_worker,
          .arg = &hook_fd },
        { .name = "sign", .workers = config->sign_workers, .busy_max_s = config->request_s, .run = run_worker,
          .arg = &sign_fd },
    };
    int status = workers_run(pools, config->sign_socket ? 3 : 2, NULL);
    return status;
}
