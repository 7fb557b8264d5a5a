/*
 * The web program: from FastCGI to a handler and back. One request is: parse, host, route, identify, right, csrf,
 * once, handler in its transaction, layout, COMMIT, render, send.
 */
#ifndef LIB_WEB_H
#define LIB_WEB_H

#include "lib/db.h"
#include "lib/req.h"

/*
 * What lib asks of the application; every hook may fail(). They stand in app/core/front.c.
 * Order in a request: host (before routes are searched), identify, may, once_begin ... once_end, layout.
 */
typedef struct WebHooks {
    /* schema, tenant, utility, locale from r->host and r->path; NOT_FOUND for strangers */
    void (*host)      (Req *r);
    void (*identify)  (Req *r);     /* session, user, csrf, theme; nobody is no failure */
    void (*allow)     (Req *r);     /* DENIED when this person may send no such request at all; may be NULL */
    bool (*may)       (Req *r, const char *key, Action action);
    void (*sign_in)   (Req *r);     /* the answer for a page that needs a session: 303 to the sign-in page */
    bool (*once_begin)(Req *r, const char *form_key);   /* false: answered with the first result */
    void (*once_end)  (Req *r, const char *form_key);
    void (*layout)    (Req *r);     /* menu, user, utility into the data set; inside the transaction */
    void (*redirect)  (Req *r);     /* the answer is a redirect: the note goes along; may be NULL */
    void (*refused)   (Req *r);     /* after the rollback, in a transaction of its own: what a refusal leaves behind */
    void (*after)     (Req *r);     /* when all is sent: last-seen times, counters */
    bool (*known)     (Req *r);     /* after an unknown COMMIT: is this request's form_key stored? */
    /* between two requests, and once a second while none comes; `is_last`: the worker ends; may be NULL, never fails */
    void (*idle)      (Ctx *c, bool is_last);
} WebHooks;

typedef struct WebConfig {
    DbConfig    db;
    const char *page_socket, *hook_socket, *sign_socket;
    /* unix sockets; "fd:3" = inherited; sign_socket may be NULL */
    /* sign: sign-in and passwords, which wait for a place to hash */
    int         page_workers, hook_workers, sign_workers;
    int         requests_max;                   /* a worker ends itself after so many */
    int64_t     memory_max;                     /* or when it holds more bytes */
    int         request_s;                      /* a worker busy longer is ended */
    bool        plain_http;                     /* cookies without prefix and Secure */
    const char *form_action;                    /* gateway origins for form-action, space-separated */
    const char *upload_folder;
    int64_t     free_min;                       /* bytes: below so much room there signed-in people only look */
    const char *views;
    const char *assets;                         /* manifest of static files: name and hashed path, a line each */
    bool        development;                    /* templates are read again when they change */
    const char *counters_file;                  /* counters that other programs may read; NULL: of this one only */
} WebConfig;

/* Routes of all modules; ends with NULL. Checked at start:
 * rights exist, paths do not collide. Aborts with file:line. */
void web_routes(const Route *const *tables);
void web_hooks (const WebHooks *hooks);
/* Runs the master until SIGTERM; returns the exit status. */
int  web_run   (const WebConfig *config);
extern const WebConfig *web_config;             /* of this process; tests set it too */
/* Counters of all workers in the text exposition format; "" before web_run. */
char *web_metrics(Arena *a);
/* Every route with method, scope, path and right, one a line (`make routes`). */
void web_list_routes(void (*line)(void *, const Route *), void *arg);
/* Whether a GET route with exactly this path is there: menus show no entry without a page behind it. */
bool web_has_page(Scope scope, const char *path);
/* That route; NULL when there is none. */
const Route *web_page(Scope scope, const char *path);
/* The GET route behind a path without the prefix of r's scope ("/bx/runs/RUN-1"); NULL when there is none. */
const Route *web_find_page(Req *r, const char *path);
/* Whether there is such a page and this person holds its right; `path` as above. */
bool web_may_open(Req *r, const char *path);
/* As link_path, for links to other pages than the present one's kind: NULL when this person may not open it. */
char *link_open(Req *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * Runs the page of an own address (with prefix) for what its handler reads: exports done by a job (r->exporting). r has
 * memory, database session, tenant, utility and person of its own kind; the route's right is asked; nothing is sent.
 */
void web_replay(Req *r, const char *uri);
/* The same without FastCGI, for tests and the bench: fills the answer of r. */
void web_serve (Req *r);

#endif
