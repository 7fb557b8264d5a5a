/*
 * Req: one HTTP request and its answer; routes; what handlers call.
 *
 * A handler reads (path_text, query_text, form_read), asks the domain, and ends with one of: page(), go(), answer_*().
 * The answer is kept until the transaction is committed; a failure throws it away (lib/ctx.h). A POST that is refused
 * with INVALID or CONFLICT shows its form page again with everything typed; no handler writes that.
 */
#ifndef LIB_REQ_H
#define LIB_REQ_H

#include "lib/ctx.h"
#include "lib/request.h"
#include "lib/rows.h"

/* Whose paths they are; lib adds the prefix (/u/<utility>, /p/<utility>) when it matches and when it links. */
typedef enum Scope { SCOPE_UTILITY, SCOPE_PORTAL, SCOPE_TENANT, SCOPE_PLATFORM, SCOPE_ANY, SCOPES } Scope;

/* Actions of a permission key; any of them implies VIEW. SIGNED_IN: any user of the realm. OPEN: everybody. */
typedef enum Action { VIEW = 1, CREATE = 2, EDIT = 4, DELETE = 8, APPROVE = 16, EXPORT = 32, SIGNED_IN = 64,
                      OPEN = 128 } Action;

enum RouteFlags {
    NO_TX       = 1,    /* the handler opens its own transactions; say why at the row */
    OWN_PROOF   = 2,    /* no csrf: webhooks, machine API, a gateway's return, one-click links (their handlers check) */
    RAW_BODY    = 4,    /* the body is not parsed: r->body has its bytes (at most body_max) */
    WRITES      = 8,    /* a GET in a writing transaction (audited views, sign-in times) */
    UPLOADS     = 16,   /* multipart with files is read */
    HOOK_POOL   = 32,   /* served by the webhook pool */
    BY_ITSELF   = 64,   /* asked for by an open page, not by its person: keeps no session alive */
    COUNTS      = 128,  /* writes at READ COMMITTED: `insert ... select` over many rows locks none that it reads */
};

typedef struct Req Req;
struct Resource;

typedef struct Route {
    const char *method;             /* GET also serves HEAD */
    const char *path;               /* without prefix: /bx/runs/{no} */
    Scope       scope;
    const char *key;                /* permission key; NULL with SIGNED_IN and OPEN */
    Action      action;
    void      (*handler)(Req *);
    unsigned    flags;
    void      (*form)(Req *);       /* POST: the page that shows the form; NULL: the GET of the same path */
    const struct Resource *resource;
    int64_t     body_max;           /* less than the 1 MiB of all; 0: no limit of its own */
    const char *file;
    int         line;
} Route;

#define ROUTE_(m, s, p, k, a, h, ...) { .method = m, .path = p, .scope = s, .key = k, .action = a, .handler = h, \
                                        .file = __FILE__, .line = __LINE__, __VA_ARGS__ }
#define GET(p, k, a, h, ...)           ROUTE_("GET",  SCOPE_UTILITY,  p, k, a, h, __VA_ARGS__)
#define POST(p, k, a, h, ...)          ROUTE_("POST", SCOPE_UTILITY,  p, k, a, h, __VA_ARGS__)
#define PORTAL_GET(p, a, h, ...)       ROUTE_("GET",  SCOPE_PORTAL,   p, NULL, a, h, __VA_ARGS__)
#define PORTAL_POST(p, a, h, ...)      ROUTE_("POST", SCOPE_PORTAL,   p, NULL, a, h, __VA_ARGS__)
#define TENANT_GET(p, k, a, h, ...)    ROUTE_("GET",  SCOPE_TENANT,   p, k, a, h, __VA_ARGS__)
#define TENANT_POST(p, k, a, h, ...)   ROUTE_("POST", SCOPE_TENANT,   p, k, a, h, __VA_ARGS__)
#define PLATFORM_GET(p, k, a, h, ...)  ROUTE_("GET",  SCOPE_PLATFORM, p, k, a, h, __VA_ARGS__)
#define PLATFORM_POST(p, k, a, h, ...) ROUTE_("POST", SCOPE_PLATFORM, p, k, a, h, __VA_ARGS__)
#define ANY_GET(p, h, ...)             ROUTE_("GET",  SCOPE_ANY,      p, NULL, OPEN, h, __VA_ARGS__)
#define ANY_POST(p, h, ...)            ROUTE_("POST", SCOPE_ANY,      p, NULL, OPEN, h, __VA_ARGS__)

typedef struct Problem { const char *field, *text; } Problem;       /* field NULL: of the whole form */
typedef struct Header  { const char *name, *value; } Header;
struct _hdf;

struct Req {
    Ctx           c;                /* first: a Req serves wherever a Ctx does, by ctx_of() */
    /* the request */
    const char   *method;
    Path          path;             /* whole, with prefix */
    const char   *uri;              /* as sent, path and query: for `next` */
    const char   *host;             /* lower case, without port */
    Params        query, fields, cookies;
    Uploads       uploads;
    Bytes         body;             /* RAW_BODY */
    const char   *content_type;
    Scope         scope;
    const char   *prefix;           /* "/u/swa-w", "" */
    /* A page inside of another one: what stands before its own address, in its links and forms too, so that it is not
       left by them ("/setup/calendar" of "/setup/calendar/u/swa-w/calendar"); the prefix begins with it. "": none. */
    const char   *frame;
    size_t        frame_parts;      /* segments of the path */
    bool          is_outside;       /* links lead out of the frame from now on: the shell's */
    const Route  *route;
    Params        in_path;          /* values of {name} */
    bool          is_part;          /* HX-Request: a part is enough */
    bool          again;            /* the form is shown again after a refusal: typed values win */
    Status        refused;          /* then: what it was refused as */
    /* the session, filled by the identify hook */
    const char   *csrf;             /* the token this client must send */
    const char   *theme;            /* light, dark, auto */
    /* what is wrong with the input so far */
    Problem       problem[64];
    int           problems;
    Arena         problem_mem;      /* their texts outlive the rewound transaction */
    const struct Form *reading;     /* the form whose fields are checked: its words are used in problems */
    /* the answer */
    int           status;
    const char   *template;         /* "billing/bill_run" */
    struct _hdf  *data;
    const char   *location;
    const char   *type;             /* of `out` */
    bool          no_room;          /* refused for a full disk: said as such */
    int           spool;            /* a file that is the body instead of out; 0: none */
    Text          out;
    const char   *file;             /* sent by nginx: "/_documents/<path below documents_dir>" */
    Header        header[24];
    int           headers, headers_kept;    /* those set before the handler stay when its answer is thrown away */
    const char   *note;             /* shown by the next page */
    const char   *note_kept;        /* of the identify hook: stands through every try of the handler */
    struct ListExport *exporting;   /* web_replay: the list writes a piece of a file in place of its page */
    void         *fcgi;             /* the FastCGI request; NULL in tests */
    int64_t       started_us;
};

/* --- reading ------------------------------------------------------------------------------------------------------ */
const char *path_text  (Req *r, const char *name);      /* never NULL: the route has it */
const char *query_text (Req *r, const char *name);      /* trimmed, NULL when absent or empty */
int64_t     query_int  (Req *r, const char *name, int64_t otherwise);
/* a body's field outside of a declared form; NULL when absent */
const char *field_text (Req *r, const char *name);
const char *cookie_text(Req *r, const char *name);
const char *header_text(Req *r, const char *name);      /* "User-Agent"; NULL when absent */

/* --- answering ---------------------------------------------------------------------------------------------------- */
/* The page `views/<name>.cs` over what show_*() put into the data set. */
void page(Req *r, const char *name);
/* 303 to a page of the same scope: go(r, "/bx/runs/%s", no). */
void go  (Req *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 303 to a whole own path, or to a gateway listed in form-action. Anything else fails BROKEN (S36). */
void go_to(Req *r, const char *url);
/* The green note on the page that follows. */
void note(Req *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer(Req *r, int status, const char *type, const char *body, size_t n);
/* A body too large for memory: what stands in the file from its beginning, sent once the transaction is done. The file
   stays the caller's, who leaves it open (`later`) and writes no more. */
void answer_spool(Req *r, const char *type, int fd);
void answer_text(Req *r, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Waits until the request is `ms` old: where the answer is the same for what is there and what is not, its time is the
   same too. */
void answer_not_before(const Req *r, int ms);
/* A stored file, sent by nginx from below /x/ (internal); file_name is what the browser saves it as. */
void answer_file(Req *r, const char *internal_path, const char *type, const char *file_name, bool attachment);
void header_set(Req *r, const char *name, const char *value);
/* A cookie with the installation's prefix (__Host-), Secure, HttpOnly, SameSite=Lax. max_age_s 0: session; -1: away. */
void cookie_set(Req *r, const char *name, const char *value, int max_age_s);
/* A path of this scope as a whole URL path: link(r, "/bx/runs/%s",
 * no) -> "/u/swa-w/bx/runs/RUN-1"; text is not encoded. */
char *link_path(Req *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Percent-encoded for one path or query part. */
char *url_part(Req *r, const char *s);

/* --- problems of input: collected, shown all at once -------------------------------------------------------------- */
void problem(Req *r, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Leaves with INVALID when there are any. */
void problems_end(Req *r);

#endif
