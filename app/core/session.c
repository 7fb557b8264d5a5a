/*
 * Sessions: see session.h and front.h. ONB-LOGIN, AU01US03; assurance S5 to S8. A token stands in the cookie only; the
 * table knows its hash. Whoever comes without one has a signed cookie on which csrf and the age of a form hang.
 */
#include "app/core/session.h"

#include <stdlib.h>
#include <string.h>

#include "app/core/policy.h"
#include "app/core/rights.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/log.h"
#include "lib/messages.h"
#include "lib/utf8.h"

static Key pre_key, csrf_key;

enum { PRE_AGE_S = 2 * 3600, TOKEN_MAX = 100, VIEW_AS_S = 30 * 60 };

void session_keys(void) {
    const Keys *keys = installation_keys();
    pre_key = key_for(keys, "cookie pre");
    csrf_key = key_for(keys, "csrf");
}

/* --- who comes ---------------------------------------------------------------------------------------------------- */

#define SESSION(F, T) F(T, Id, id) F(T, Id, subject_id) F(T, Id, utility_id) F(T, Time, last_seen_at) \
    F(T, Time, expires_at) F(T, Time, ended_at) F(T, const char *, end_reason) \
    F(T, Time, auth_at) F(T, Time, mfa_at) F(T, Time, reauth_at) F(T, bool, keep) F(T, int, idle_minutes) \
        F(T, const char *, name) F(T, const char *, email) F(T, const char *, status) \
    F(T, const char *, theme) F(T, const char *, language) F(T, const char *, stamp) F(T, bool, keys_off) \
    F(T, bool, slim) F(T, Id, viewer_id) F(T, const char *, viewer_name) F(T, const char *, date_format) \
        F(T, const char *, time_zone) \
        F(T, const char *, networks) F(T, int64_t, notes)
ROW(Session, SESSION)

#define STAFF_COLUMNS "s.id, s.subject_id, s.utility_id, s.last_seen_at, s.expires_at, s.ended_at, s.end_reason, " \
                      "s.auth_at, s.mfa_at, s.reauth_at, s.keep, coalesce(p.idle_minutes, 30) as idle_minutes, " \
                      "u.full_name as name, u.email, u.status, u.theme, u.locale as language, " \
                      "cast(p.rights_version as char) as stamp, u.keys_off, coalesce(m.collapsed, 0) as slim, " \
                      "0 as viewer_id, null as viewer_name, u.date_format, u.time_zone, p.ip_allow_list as networks, " \
                      "coalesce(w.version, 0) as notes "
/* What is chosen of the menu, and the version of the person's notes: by keys, which costs less than asking for them. */
#define STAFF_JOINS   "left join menu_preference m on m.user_id = u.id " \
                      "left join note_version w on w.recipient_id = u.id and w.recipient_kind = 'user' "

#define CAME(F, T) F(T, Id, tenant) F(T, const char *, tenant_slug) F(T, const char *, tenant_name) \
    F(T, const char *, tenant_status) F(T, const char *, schema_name) F(T, const char *, admin_email) \
    F(T, const char *, provisioning_stage) F(T, int64_t, version) SESSION(F, T)
ROW(Came, CAME)

/* `schema`: where it was looked for; NULL: nowhere yet. */
typedef struct Visitor { uint8_t hash[TOKEN_HASH_SIZE]; const char *schema; Session *session; } Visitor;

#define COPY_SESSION(T, type, name) v->session->name = row->name;

/* Where it is and who comes, by one statement: each page of the staff asks both. */
static bool ask_visitor(Ctx *c, const char *slug, PlaceFound *to, void *arg) {
    Visitor *v = arg;
    Came *row = db_find(c, Came, "select t.id as tenant, t.slug as tenant_slug, t.name as tenant_name, "
                                 "t.status as tenant_status, t.schema_name, t.admin_email, t.provisioning_stage, "
                                 "coalesce(p.rights_version, 0) as version, " STAFF_COLUMNS
                                 "from smart360.tenant t left join security_policy p on p.one = 1 "
                                 "left join session s on s.token_hash = ? and s.realm = 'staff' "
                                 "and s.support_access_id is null left join user u on u.id = s.subject_id "
                                 STAFF_JOINS "where t.slug = ?", bytes_at(v->hash, sizeof v->hash), slug);
    if (!row) return false;
    to->tenant = (TenantRow){ row->tenant, row->tenant_slug, row->tenant_name, row->tenant_status, row->schema_name,
                              row->admin_email, row->provisioning_stage };
    to->version = row->version;
    v->schema = text_copy(c, c->schema);
    if (!row->id.id || !row->status) return true;
    v->session = take(c, sizeof *v->session);
    SESSION(COPY_SESSION, )
    return true;
}

const TenantRow *session_enter_tenant(Req *r, const char *slug, bool is_portal) {
    Ctx *c = &r->c;
    const char *token = is_portal ? NULL : cookie_text(r, session_cookie_name(REALM_STAFF));
    if (!token || !*token || strlen(token) >= TOKEN_MAX) return place_enter(c, slug);
    Visitor v = { 0 };
    token_hash(token, v.hash);
    const TenantRow *t = place_enter_by(c, slug, ask_visitor, &v);
    if (!t || !v.schema || strcmp(v.schema, c->schema)) return t;
    facts_of(c)->came_asked = true;
    facts_of(c)->came = v.session;
    return t;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

const char *session_cookie_name(Realm realm) {
    return realm == REALM_PORTAL ? "portal" : realm == REALM_PLATFORM ? "s360_platform" : "s360_sid";
}

static Realm realm_of(const Req *r) {
    return r->scope == SCOPE_PORTAL ? REALM_PORTAL : r->scope == SCOPE_PLATFORM ? REALM_PLATFORM : REALM_STAFF;
}

const char *realm_word(Realm realm) {
    return realm == REALM_PORTAL ? "portal" : realm == REALM_PLATFORM ? "platform" : "staff";
}

static Bytes address_bytes(Ctx *c, const char *address) {
    Address a;
    if (!address || !address_parse(address, &a)) return (Bytes){ 0 };
    return a.is_v4 ? (Bytes){ text_copy_n(c, (const char *)a.bytes + 12, 4), 4 }
        : (Bytes){ text_copy_n(c, (const char *)a.bytes, 16), 16 };
}

const char *session_make(Ctx *c, const NewSession *s, const char *address, const char *agent) {
    const char *token = random_token(&c->mem);
    uint8_t hash[TOKEN_HASH_SIZE];
    token_hash(token, hash);
    int64_t hours = s->realm == REALM_PORTAL ? (s->keep ? 24 * 30 : 12) : s->realm == REALM_STAFF
        ? db_int(c, "select absolute_hours from security_policy where one = 1") : 12;
    if (!hours) hours = 12;
    Time expires = time_add_seconds(c->now, hours * 3600);
    c->session = db_insert(c, "insert into session (realm, token_hash, subject_id, utility_id, created_at, "
                              "last_seen_at, expires_at, ip, user_agent, auth_at, mfa_at) "
                              "values (?,?,?,?,?,?,?,?,?,?,?)", realm_word(s->realm), ((Bytes){ hash, sizeof hash }),
                           s->subject, s->utility, c->now, c->now, expires,
                           address_bytes(c, address), agent ? utf8_cut(&c->mem, agent, 400) : NULL, c->now,
                               s->mfa ? c->now : TIME_NONE);
    if (s->keep) db_run(c, "update session set keep = 1 where id = ?", c->session);
    return token;
}

const char *session_start(Req *r, const NewSession *s) {
    if (r->c.session.id) session_end(&r->c, r->c.session, "replaced");
    const char *token = session_make(&r->c, s, r->c.address, header_text(r, "User-Agent"));
    cookie_set(r, session_cookie_name(s->realm), token, s->keep ? 30 * 24 * 3600 : 0);
    cookie_set(r, "s360_pre", "", -1);
    return token;
}

void session_end(Ctx *c, Id session, const char *reason) {
    db_run(c, "update session set ended_at = ?, end_reason = ? where id = ? and ended_at is null", c->now, reason,
           session.id ? session : c->session);
}

int64_t session_end_all(Ctx *c, Realm realm, Id subject, Id but, const char *reason) {
    return db_run(c, "update session set ended_at = ?, end_reason = ? where realm = ? and subject_id = ? "
                     "and id <> ? and ended_at is null",
                  c->now, reason, realm_word(realm), subject, but.id);
}

void sessions_of_staff_end(Ctx *c, const char *reason) {
    db_run(c, "update session set ended_at = ?, end_reason = ? where realm = 'staff' and ended_at is null", c->now,
           reason);
}

void session_cookie_clear(Req *r) { cookie_set(r, session_cookie_name(realm_of(r)), "", -1); }

/* The same session under a new token: what was stolen before is worth nothing now. */
void session_step_up(Req *r) {
    Ctx *c = &r->c;
    const char *token = random_token(&c->mem);
    uint8_t hash[TOKEN_HASH_SIZE];
    token_hash(token, hash);
    db_must(c, 1, CONFLICT,
            "update session set token_hash = ?, stepup_at = ?, reauth_at = ? where id = ? and ended_at is null",
            ((Bytes){ hash, sizeof hash }), c->now, c->now, c->session);
    int64_t left_s = db_int(c, "select timestampdiff(second, ?, expires_at) from session where id = ?", c->now,
                            c->session);
    cookie_set(r, session_cookie_name(c->realm), token, facts_of(c)->is_kept ? (int)left_s : 0);
}

bool session_is_fresh(Ctx *c, int seconds) {
    const Facts *f = facts_of(c);
    Time since = time_add_seconds(c->now, -seconds);
    return f->auth_at.us > since.us || (time_is_set(f->mfa_at) && f->mfa_at.us > since.us)
        || (time_is_set(f->reauth_at) && f->reauth_at.us > since.us);
}

void session_view_as(Req *r, Id portal_user, Id viewer) {
    Ctx *c = &r->c;
    Id own = c->session;
    const char *token = session_make(
        c, &(NewSession){ .realm = REALM_PORTAL, .subject = portal_user, .utility = c->utility }, c->address,
        header_text(r, "User-Agent"));
    db_run(c, "update session set view_as_user_id = ?, expires_at = ? where id = ?", viewer,
           time_add_seconds(c->now, VIEW_AS_S), c->session);
    c->session = own;
    cookie_set(r, session_cookie_name(REALM_PORTAL), token, 0);
}

void session_support(Req *r, Id platform_user, Id support_access, Time until) {
    Ctx *c = &r->c;
    if (c->session.id) session_end(c, c->session, "replaced");
    const char *token = session_make(c, &(NewSession){ .realm = REALM_STAFF, .subject = platform_user }, c->address,
                                     header_text(r, "User-Agent"));
    db_run(c, "update session set support_access_id = ?, expires_at = least(expires_at, ?) where id = ?",
           support_access, until, c->session);
    cookie_set(r, session_cookie_name(REALM_STAFF), token, 0);
    cookie_set(r, "s360_pre", "", -1);
}

void session_support_end(Ctx *c, Id support_access) {
    db_run(c, "update session set ended_at = ?, end_reason = 'revoked' where support_access_id = ? "
              "and ended_at is null", c->now, support_access);
}

static Session *read_session(Ctx *c, Realm realm, Bytes hash) {
    switch (realm) {
    case REALM_STAFF:
        return db_find(c, Session, "select " STAFF_COLUMNS "from session s join user u on u.id = s.subject_id "
                                   "left join security_policy p on p.one = 1 " STAFF_JOINS
                                   "where s.token_hash = ? and s.realm = 'staff' and s.support_access_id is null",
                       hash);
    case REALM_PORTAL:
        return db_find(c, Session, "select s.id, s.subject_id, s.utility_id, s.last_seen_at, s.expires_at, s.ended_at, "
                                   "s.end_reason, s.auth_at, s.mfa_at, s.reauth_at, s.keep, "
                       "30 as idle_minutes, coalesce(u.email, u.mobile) as name, u.email, u.status, 'system' as theme, "
                       "u.lang as language, null as stamp, false as keys_off, false as slim, "
                       "s.view_as_user_id as viewer_id, "
                       "(select v.full_name from user v where v.id = s.view_as_user_id) as viewer_name, "
                       "null as date_format, null as time_zone, null as networks, coalesce(w.version, 0) as notes "
                       "from session s join portal_user u on u.id = s.subject_id left join note_version w "
                       "on w.recipient_id = u.id and w.recipient_kind = 'portal_user' where s.token_hash = ? "
                       "and s.realm = 'portal' and s.utility_id = ?", hash, c->utility);
    default:
        return db_find(c, Session, "select s.id, s.subject_id, s.utility_id, s.last_seen_at, s.expires_at, s.ended_at, "
                                   "s.end_reason, s.auth_at, s.mfa_at, s.reauth_at, false as keep, "
                       "30 as idle_minutes, u.full_name as name, u.email, u.status, 'system' as theme, 'en' "
                       "as language, null as stamp, false as keys_off, false as slim, 0 as viewer_id, "
                                   "null as viewer_name, "
                       "null as date_format, null as time_zone, null as networks, 0 as notes "
                       "from smart360.session s join smart360.platform_user u on u.id = s.subject_id "
                       "where s.token_hash = ?", hash);
    }
}

#define SUPPORTED(F, T) F(T, Id, id) F(T, Time, ends_at) F(T, const char *, reason)
ROW(Supported, SUPPORTED)

/* A person of the platform with support access to this tenant: a session as long as the access is open. */
static Session *read_support(Ctx *c, Bytes hash, Facts *f) {
    Session *s = db_find(c, Session, "select s.id, s.subject_id, s.utility_id, s.last_seen_at, s.expires_at, "
                                     "s.ended_at, s.end_reason, s.auth_at, s.mfa_at, s.reauth_at, false as keep, "
                                     "30 as idle_minutes, concat(u.full_name, ' (support)') as name, u.email, "
                                     "u.status, 'system' as theme, 'en' as language, null as stamp, "
                                     "false as keys_off, false as slim, 0 as viewer_id, null as viewer_name, "
                                     "null as date_format, "
                                     "null as time_zone, null as networks, 0 as notes from session s "
                                     "join smart360.platform_user u on u.id = s.subject_id "
                                     "where s.token_hash = ? and s.realm = 'staff' "
                                     "and s.support_access_id is not null", hash);
    if (!s) return NULL;
    Supported *a = db_find(c, Supported, "select a.id, a.ends_at, a.reason from smart360.support_access a "
                                         "join session s on s.support_access_id = a.id where s.id = ? "
                                         "and a.tenant_id = ? and a.ended_at is null", s->id, c->tenant);
    if (a) f->support = a->id, f->support_until = a->ends_at, f->support_reason = a->reason;
    if ((!a || a->ends_at.us <= c->now.us) && !time_is_set(s->ended_at)) {
        s->ended_at = c->now;
        s->end_reason = "revoked";
    }
    s->subject_id.id += SUPPORT_USERS;
    return s;
}

/* Why a session that was found is none: NULL when it is one. */
static const char *why_over(const Ctx *c, const Session *s) {
    if (time_is_set(s->ended_at)) return s->end_reason;
    if (strcmp(s->status, "active")) return "deactivated";
    if (c->now.us >= s->expires_at.us) return "absolute";
    if (!s->keep && c->now.us - s->last_seen_at.us > (int64_t)s->idle_minutes * 60 * 1000000) return "idle";
    return NULL;
}

/* Before sign-in: csrf hangs on a signed cookie, without a row; it is also the age of the form. What shows a form makes
   it anew at half its time, so that nobody gets one that ends while it is filled in. */
static void identify_stranger(Req *r) {
    const char *cookie = cookie_text(r, "s360_pre");
    Signed pre;
    int64_t now_s = time_unix(r->c.now);
    const char *dest = header_text(r, "Sec-Fetch-Dest");             /* a picture or a style sheet shows no form */
    bool shows = strcmp(r->method, "POST") && (!dest || !strcmp(dest, "document"));
    int age_s = shows ? PRE_AGE_S / 2 : PRE_AGE_S;
    if (!cookie || !signed_open(&r->c.mem, &pre_key, "s360_pre", cookie, now_s, age_s, &pre)) {
        cookie = signed_value(&r->c.mem, &pre_key, "s360_pre", random_public_id(&r->c.mem), now_s);
        if (!signed_open(&r->c.mem, &pre_key, "s360_pre", cookie, now_s, PRE_AGE_S, &pre)) abort();
        cookie_set(r, "s360_pre", cookie, 0);
    }
    r->csrf = keyed_token(&r->c.mem, &csrf_key, "pre", pre.value);
}

/* Consumers read dates and amounts in their language too. */
static void speak(Ctx *c, const char *language) {
    if (!language || !messages_has_language(language) || !strcmp(language, c->language)) return;
    c->language = text_copy(c, language);
    if (c->locale) c->locale = locale_in(&c->mem, c->locale, c->language);
}

/* Dates as the person wants them; the zone too where no utility has one of its own (spec/README section 2, rule 8). */
static void show_as_wanted(Req *r, const Session *s) {
    Ctx *c = &r->c;
    if (!c->locale || (!s->date_format && !s->time_zone)) return;
    Locale *l = locale_in(&c->mem, c->locale, NULL);
    if (s->date_format) l->date = locale_new(&c->mem, (LocaleSettings){ .date_format = s->date_format })->date;
    const Zone *zone = s->time_zone && r->scope == SCOPE_TENANT ? zone_find(s->time_zone) : NULL;
    if (zone) l->zone = zone;
    c->locale = l;
}

void session_identify(Req *r) {
    Ctx *c = &r->c;
    const char *theme = cookie_text(r, "theme");
    if (theme && (!strcmp(theme, "light") || !strcmp(theme, "dark"))) r->theme = text_copy(r, theme);
    Realm realm = realm_of(r);
    if (realm == REALM_PORTAL) speak(c, cookie_text(r, "language"));
    const char *token = r->route->scope == SCOPE_ANY ? NULL : cookie_text(r, session_cookie_name(realm));
    const Session *s = NULL;
    if (token && *token && strlen(token) < TOKEN_MAX) {
        uint8_t hash[TOKEN_HASH_SIZE];
        token_hash(token, hash);
        bool is_known = realm == REALM_STAFF && facts_of(c)->came_asked;
        s = is_known ? facts_of(c)->came : read_session(c, realm, (Bytes){ hash, sizeof hash });
        if (!s && realm == REALM_STAFF) s = read_support(c, (Bytes){ hash, sizeof hash }, facts_of(c));
    }
    const char *over = s ? why_over(c, s) : NULL;
    rights_begin();
    if (!s || over) {
        if (over) cookie_set(r, session_cookie_name(realm), "", -1);
        if (over && !strcmp(over, "revoked")) note(r, "%s", msg(c->language, "login.revoked"));
        if (over && !strcmp(over, "replaced")) note(r, "%s", msg(c->language, "login.replaced"));
        if (over && realm == REALM_STAFF && !strcmp(over, "idle")) note(r, "%s", msg(c->language, "login.idle"));
        if (over && realm == REALM_STAFF && !strcmp(over, "password_changed"))
            note(r, "%s", msg(c->language, "login.changed"));
        if (r->route->scope != SCOPE_ANY) identify_stranger(r);
        return;
    }
    Facts *f = facts_of(c);
    c->realm = realm;
    c->user = s->subject_id;
    c->user_name = s->name;
    c->session = s->id;
    f->token = token;
    f->email = s->email;
    f->last_seen = s->last_seen_at, f->auth_at = s->auth_at, f->mfa_at = s->mfa_at, f->reauth_at = s->reauth_at;
    f->idle_minutes = s->idle_minutes;
    f->keys_off = s->keys_off, f->is_slim = s->slim;
    f->is_kept = s->keep;
    f->viewer = s->viewer_id, f->viewer_name = s->viewer_name;
    if (f->viewer.id) c->user_name = text(c, "%s, seen by %s", s->name, s->viewer_name ? s->viewer_name : "staff");
    if (!strcmp(s->theme, "light") || !strcmp(s->theme, "dark")) r->theme = s->theme;
    if (realm == REALM_PORTAL) speak(c, s->language);
    else if (s->language && messages_has_language(s->language)) c->language = s->language;
    show_as_wanted(r, s);
    f->networks = s->networks;
    f->notes = s->notes;
    rights_stamped(c, s->stamp);
    f->session_utility = s->utility_id;
    r->csrf = keyed_token(&c->mem, &csrf_key, "session", token);
    log_context(c->request_no, c->tenant_slug, c->user.id);
}
