/*
 * Ctx: one piece of work (a request, a job step, a command, a test): its memory, its database session, whose data
 * it may touch, who does it and when. And failing: one way out, one place that catches.
 *
 *   guards first, one per line:   if (!run) fail(c, NOT_FOUND, "There is no run %s.", no);
 *   then the deed. No status is passed up, no cleanup label is written; what is not memory hangs on later().
 *
 * Rules that keep the jump safe: style of the house, docs/architecture.md "Failing". In short: never fail() in a
 * function that foreign code calls, in a hook or in a signal handler; setjmp stands in attempt() alone.
 */
#ifndef LIB_CTX_H
#define LIB_CTX_H

#include "lib/arena.h"
#include "lib/types.h"

typedef enum Status {
    INVALID     = 422,      /* input: the form comes again with everything typed */
    WRONG_PROOF = 401,      /* credentials or a signature */
    DENIED      = 403,
    NOT_FOUND   = 404,      /* unknown, of another tenant, utility, account, area: always the same */
    CONFLICT    = 409,      /* state or version */
    TOO_LARGE   = 413,
    BUSY        = 429,
    DOWN        = 503,      /* database gone, stopping */
    BROKEN      = 500,      /* our fault; the user gets a number to quote */
    RETRY       = 1001,     /* deadlock and its kin: the transaction runs again */
    UNKNOWN     = 1002,     /* connection lost at COMMIT: read back, never guess */
} Status;

typedef enum Realm { REALM_NONE, REALM_STAFF, REALM_PORTAL, REALM_PLATFORM } Realm;

struct Db;
struct Locale;

typedef struct Failure {
    Status      status;
    const char *text;       /* for the user when status is one of the first seven, else for the log */
    const char *field;      /* the form's field it belongs to, or NULL */
    const char *file;
    int         line;
    int         retry_after_s;
    /* DOWN because others held the rows too long: nothing was stored, the database answers */
    bool        is_held_up;
} Failure;

typedef struct Ctx {
    Arena        mem;               /* first: take(c, ...) relies on it */
    struct Db   *db;
    const char  *schema;            /* of the tenant, or of the platform */
    Id           tenant;
    const char  *tenant_slug;
    Id           utility;           /* 0 = tenant level */
    const char  *utility_code;
    Realm        realm;
    Id           user;              /* staff: user; portal: portal_user; platform: platform_user; 0 = nobody or a job */
    const char  *user_name;
    Id           session;
    const char  *address;           /* of the client, text */
    int64_t      waited_us;         /* how long the request waited for a worker; 0 for anything else */
    /* by time_ticking_us(): no further try of a transaction that may end later; 0: any */
    int64_t      answer_by_us;
    Time         now;               /* the clock of this piece of work: read once (test instances: the set clock) */
    const struct Locale *locale;    /* of utility and user; never NULL once a tenant is known */
    const char  *language;          /* "en" */
    char         request_no[20];    /* to quote and to find in the log */
    Failure      failure;           /* of the last attempt() that did not pass */
    struct Attempt *attempt;        /* innermost; lib only */
    /* core's facts of this piece of work (rights, settings); lib does not look inside */
    void        *cache;
} Ctx;

#define ctx_of(owner) _Generic((owner), Ctx *: (Ctx *)(void *)(owner), struct Req *: (Ctx *)(void *)(owner))

/* Leaves the handler (or whatever attempt() runs). Never returns. */
#define fail(owner, status, ...) fail_at(ctx_of(owner), (status), NULL, __FILE__, __LINE__, __VA_ARGS__)
/* The same, said at one field of the form; a field that begins with '/' is a page where it can be put right. */
#define fail_field(owner, status, field, ...) fail_at(ctx_of(owner), (status), (field), __FILE__, __LINE__, __VA_ARGS__)
/* BUSY with the time after which to try again. */
#define fail_busy(owner, seconds, ...) (ctx_of(owner)->failure.retry_after_s = (seconds), \
                                        fail(owner, BUSY, __VA_ARGS__))

_Noreturn void fail_at(Ctx *c, Status status, const char *field, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Raises again what an inner attempt() caught. */
_Noreturn void fail_again(Ctx *c);

/*
 * Runs work(c, arg). True when it returned; false when it failed: c->failure says how. On failure hooks and memory
 * taken inside are rewound, but the failure's texts live on in the outer memory; schema, tenant, utility and user of c
 * are those of before. attempts nest (depth 16).
 */
bool attempt(Ctx *c, void (*work)(Ctx *, void *), void *arg);

/* The word for a log or a page: "invalid", "not_found" ... */
const char *status_word(Status s);

#endif
