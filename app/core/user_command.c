/*
 * `smart360 user`: people of a tenant and of the platform from the shell: the first administrator, a lost password, and
 * what sandbox installations and tests need (present code, session). ONB-LOGIN.
 */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "lib/date.h"
#include "lib/utf8.h"

typedef struct UserOrder {
    const char *what, *email, *name, *role, *utility, *tenant;
    bool        platform;
} UserOrder;

/* --- where and who ------------------------------------------------------------------------------------------------ */

static void enter_realm(Ctx *c, const UserOrder *o) {
    if (o->platform) return;
    const char *slug = o->tenant ? o->tenant : installation()->default_tenant;
    TenantRows all = tenants_all(c);
    if (!slug && all.n == 1) slug = all.v[0].slug;
    if (!slug) fail(c, INVALID, "Say which tenant: --tenant SLUG.");
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(all.v[i].slug, slug)) {
            tenant_enter(c, &all.v[i]);
            return;
        }
    fail(c, NOT_FOUND, "There is no tenant %s.", slug);
}

static Id utility_named(Ctx *c, const char *code) {
    Id id = code ? db_id(c, "select id from utility where code = ?", code) : db_id(c, "select id from utility "
        "where status <> 'closed' order by id limit 1");
    if (!id.id) fail(c, NOT_FOUND, code ? "There is no utility %s." : "The tenant has no utility yet%.0s.",
                     code ? code : "");
    return id;
}

static void sandbox_only(Ctx *c) {
    if (!installation()->sandbox)
        fail(c, DENIED, "This is for sandbox installations only (key `sandbox` of the configuration).");
}

static Person *person_named(Ctx *c, const UserOrder *o) {
    Person *p = person_by_email(c, email_lower(&c->mem, o->email));
    if (!p) fail(c, NOT_FOUND, "There is no user %s.", o->email);
    return p;
}

/* --- orders ------------------------------------------------------------------------------------------------------- */

#define SEALED(F, T) F(T, Bytes, secret_enc)
ROW(Sealed, SEALED)

static void print_code(Ctx *c, const UserOrder *o) {
    sandbox_only(c);
    Person *p = person_named(c, o);
    Sealed *s = db_find(c, Sealed, "select secret_enc from mfa_factor where realm = ? and user_id = ? "
                                   "and kind = 'totp' and confirmed_at is not null order by id desc limit 1",
                        realm_name(realm_here(c)), p->id);
    if (!s) fail(c, NOT_FOUND, "%s has no second factor.", p->email);
    char code[7];
    totp_code(bytes_of(vault_open(c, "mfa_factor.secret", s->secret_enc)), time_unix(c->now) / TOTP_STEP_S, code);
    puts(code);
}

static void make_session(Ctx *c, void *arg) {
    const UserOrder *o = arg;
    NewSession s = { .realm = realm_here(c), .mfa = true };
    const char *email = email_lower(&c->mem, o->email);
    Person *p = person_by_email(c, email);
    if (p) {
        s.subject = p->id;
        if (s.realm == REALM_STAFF && o->utility) s.utility = utility_named(c, o->utility);
    } else if (s.realm == REALM_STAFF) {
        s.realm = REALM_PORTAL;
        s.utility = utility_named(c, o->utility);
        s.subject = db_id(c, "select id from portal_user where utility_id = ? and email = ?", s.utility, email);
    }
    if (!s.subject.id) fail(c, NOT_FOUND, "There is no user %s.", o->email);
    const char *token = session_make(c, &s, NULL, "smart360 user session");
    printf("%s%s=%s\n", installation()->plain_http ? "" : "__Host-", session_cookie_name(s.realm), token);
}

static void print_link(Ctx *c, const Person *p) {
    const char *token = password_token_new(c, p->id, "reset", RESET_MINUTES, NULL);
    printf("%s\n", public_url(c, text(c, "%s?token=%s", realm_path(c, "/password/reset"), token), false));
}

static void lost_password(Ctx *c, void *arg) {
    const UserOrder *o = arg;
    Person *p = person_named(c, o);
    audit_note(c, "password_link", realm_here(c) == REALM_PLATFORM ? "platform_user" : "user", p->id, p->email,
               "by command");
    print_link(c, p);
}

static void give_role(Ctx *c, Id user, const UserOrder *o) {
    const char *code = o->role ? o->role : "tenant_admin";
    Id utility = strcmp(code, "tenant_admin") ? utility_named(c, o->utility) : (Id){ 0 };
    Id role = db_id(c, "select id from role where code = ? and (utility_id = ? or utility_id is null) "
                       "order by utility_id is null limit 1", code, utility);
    if (!role.id) fail(c, NOT_FOUND, "There is no role %s.", code);
    db_run(c, "insert into user_role (user_id, role_id, utility_id, valid_from) values (?,?,?,?)", user, role, utility,
           role_begin(c));
}

static void create_user(Ctx *c, void *arg) {
    const UserOrder *o = arg;
    const char *email = email_lower(&c->mem, o->email), *name = o->name ? utf8_line(&c->mem, o->name) : NULL;
    if (!email_is_valid(email)) fail(c, INVALID, "%s is no e-mail address.", o->email);
    if (!name || utf8_length(name) < 2 || utf8_length(name) > 120)
        fail(c, INVALID, "Say the name, 2 to 120 characters: --name \"Asha Nair\".");
    if (person_by_email(c, email)) fail(c, CONFLICT, "A user with this e-mail exists.");
    Id id;
    if (realm_here(c) == REALM_PLATFORM) {
        id = db_insert(c, "insert into smart360.platform_user (email, full_name, status) values (?,?,'active')", email,
                       name);
    } else {
        id = db_insert(c, "insert into user (email, full_name, status) values (?,?,'active')", email, name);
        give_role(c, id, o);
    }
    audit_note(c, "create", realm_here(c) == REALM_PLATFORM ? "platform_user" : "user", id, email, "by command");
    print_link(c, person_by_id(c, id));
}

/* By mail, as an administrator invites: the person chooses the password and accepts the terms. */
static void invite(Ctx *c, void *arg) {
    const UserOrder *o = arg;
    const char *email = email_lower(&c->mem, o->email), *name = o->name ? utf8_line(&c->mem, o->name) : NULL;
    if (!email_is_valid(email)) fail(c, INVALID, "%s is no e-mail address.", o->email);
    if (!name) fail(c, INVALID, "Say the name: --name \"Asha Nair\".");
    if (person_by_email(c, email)) fail(c, CONFLICT, "A user with this e-mail exists.");
    const char *code = o->role ? o->role : "tenant_admin";
    Id utility = strcmp(code, "tenant_admin") ? utility_named(c, o->utility) : (Id){ 0 };
    Id role = db_id(c, "select id from role where code = ? and (utility_id = ? or utility_id is null) "
                       "order by utility_id is null limit 1", code, utility);
    if (!role.id) fail(c, NOT_FOUND, "There is no role %s.", code);
    user_invite(c, &(NewUser){ .full_name = name, .email = email, .role = role, .role_utility = utility,
                              .from = DATE_NONE, .to = DATE_NONE });
    printf("%s is invited\n", email);
}

static void work(Ctx *c, void *arg) {
    UserOrder *o = arg;
    enter_realm(c, o);
    c->address = NULL;
    if (!strcmp(o->what, "code")) {
        print_code(c, o);
        return;
    }
    if (!strcmp(o->what, "session")) sandbox_only(c);
    db_tx(c, DB_WRITE, !strcmp(o->what, "session") ? make_session : !strcmp(o->what, "password")
          ? lost_password : !strcmp(o->what, "invite") ? invite : create_user, o, NULL);
}

int user_command(int argc, char **argv) {
    if (argc < 3) return command_misuse(argv[0], "wants code, session, password or create, and an e-mail address");
    UserOrder o = { .what = argv[1], .email = argv[2] };
    static const char *const orders[] = { "code", "session", "invite", "password", "create", NULL };
    bool is_order = false;
    for (const char *const *w = orders; *w; w++) is_order |= !strcmp(o.what, *w);
    if (!is_order)
        return command_misuse(argv[0], "has no order \"%s\"", o.what);
    const struct { const char *name; const char **to; } options[] = { { "--name", &o.name }, { "--role", &o.role },
        { "--utility", &o.utility }, { "--tenant", &o.tenant } };
    for (int i = 3; i < argc; i++) {
        bool known = !strcmp(argv[i], "--platform");
        if (known) o.platform = true;
        for (size_t k = 0; !known && k < 4; k++)
            if (!strcmp(argv[i], options[k].name) && i + 1 < argc) *options[k].to = argv[++i], known = true;
        if (!known) return command_misuse(argv[0], "does not know %s, or its value is missing", argv[i]);
    }
    /* people of the platform are told by their address where it is no tenant's */
    if (!o.platform && !o.tenant && !strncmp(o.email, "platform_admin", 14)) o.platform = true;
    if (!strcmp(o.what, "invite") && program_start()) return 1;
    return command_run(COMMAND_APP, work, &o);
}
