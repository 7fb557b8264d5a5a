/*
 * The front door: whose host it is, who is signed in, what he may do, and the shell around his page.
 * Fills lib/web.h's hooks. Sign-in itself: app/core/login.c.
 */
#ifndef APP_CORE_FRONT_H
#define APP_CORE_FRONT_H

#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/web.h"

/* What the door found out about the visitor, read once a request. Modules use core.h's functions instead. */
typedef struct Facts {
    const char  *tenant_name;
    const char  *tenant_status;     /* active, suspended ... */
    /* session */
    const char  *token;             /* of the cookie */
    Time         last_seen, auth_at, mfa_at, reauth_at;
    Id           session_utility;   /* the one the session was last used in */
    const char  *email;
    int          idle_minutes;
    bool         keys_off, is_slim; /* is_slim: the side menu shows icons only */
    int64_t      notes;             /* version of the person's notes; 0: none was ever posted */
    const char  *networks;          /* JSON list of those the staff may work from; NULL: all */
    bool         is_kept;           /* "keep me signed in" */
    Id           viewer;            /* the person of the staff who sees the portal as this consumer; 0: the consumer */
    const char  *viewer_name;
    Id           support;           /* support access a person of the platform looks by; 0: somebody of the tenant */
    Time         support_until;
    const char  *support_reason;
    const char  *visited;           /* entry of the menu that was opened now: remembered after the answer */
    const char  *refused;           /* of what a refusal is kept in the audit (audit_refused); NULL: of nothing */
    bool         came_asked;        /* whether a session of the staff was looked for with the place; NULL: none */
    const struct Session *came;
} Facts;
Facts *facts_of(Ctx *c);

void front_start(void);

/* view_note.c: before the workers of `smart360 web` are made, whose visitors' looks are kept until they are written. */
void view_notes_open (int workers);
/* Writes what is due; `now`: all there is. Never fails: what cannot be written now is tried again. */
void view_notes_write(Ctx *c, bool now);

extern const WebHooks front_hooks;

/* --- sessions ----------------------------------------------------------------------------------------------------- */
typedef struct { Realm realm; Id subject, utility; bool keep; bool mfa; } NewSession;
/* Starts a session, ends the one in use (a new token at each step up), and sets the cookie. Returns the token. */
const char *session_start(Req *r, const NewSession *s);
/* The same without a request: for `smart360 user session` in test instances. */
const char *session_make(Ctx *c, const NewSession *s, const char *address, const char *agent);
/* Ends it (reason: logout, revoked ...); `session` 0: the one in use. */
void session_end(Ctx *c, Id session, const char *reason);
/* Ends all of a user, but for `but` (0: none). Returns how many. */
int64_t session_end_all(Ctx *c, Realm realm, Id subject, Id but, const char *reason);
/* Of all people of the tenant's staff. */
void sessions_of_staff_end(Ctx *c, const char *reason);
void session_cookie_clear(Req *r);
/* The person has just proved again who it is: the session gets a new token, the old one is dead (S6). */
void session_step_up(Req *r);
/* Whether password or code were given within so many seconds. */
bool session_is_fresh(Ctx *c, int seconds);
/* A read-only session of a consumer for a person of the staff, half an hour long; sets the portal's cookie. */
void session_view_as(Req *r, Id portal_user, Id viewer);
/* A person of the platform looks at this tenant by a support access until then; sets the staff's cookie. Such a session
   reads only, and each of its requests is audited. */
void session_support(Req *r, Id platform_user, Id support_access, Time until);
/* All sessions by a support access end now. */
void session_support_end(Ctx *c, Id support_access);
/* Ids of people of the platform in a tenant's records: never those of one of its users. */
#define SUPPORT_USERS (INT64_C(1) << 62)
const char *session_cookie_name(Realm realm);

/* Tells lib/resource.h's hooks who audits, decides and emits. */
void core_resource_hooks(void);

/* Code of the first role the user holds in the context's utility; NULL: none. */
const char *role_here(Ctx *c);

/* Path of the first page after sign-in: the role's home in the utility (spec/README section 3). */
const char *role_home(Ctx *c, const char *role_code, const char *utility_code);

#endif
