/*
 * Who else sees an account (CSS01US01, "Invite"): an owner invites by mail, sees and ends access; the link is good for
 * 7 days and is accepted with a sign-in of one's own. And how bills of an account are delivered (paperless, CSS01US02).
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/login_rules.h"
#include "app/portal/pages.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { INVITE_DAYS = 7, STAFF_HOURS = 72, INVITES_OPEN = 20 };

/* --- the invitation ----------------------------------------------------------------------------------------------- */

typedef struct {
    Id account;
    const char *email, *access, *relation, *by;
    Date until;
    int hours;
} NewInvitation;

static Id invite(Ctx *c, const NewInvitation *n) {
    const Account *a = account_get(c, n->account);
    const char *token = random_token(&c->mem);
    int hours = n->hours ? n->hours : INVITE_DAYS * 24;
    if (db_int(c, "select count(*) from portal_invitation where account_id = ? and accepted_at is null "
                  "and revoked_at is null and expires_at > ?", n->account, c->now) >= INVITES_OPEN)
        fail(c, CONFLICT, "%s", msg(c->language, "portal.people.many"));
    db_run(c, "update portal_invitation set revoked_at = ? where account_id = ? and email = ? "
              "and accepted_at is null and revoked_at is null", c->now, n->account, n->email);
    Id id = db_insert(c, "insert into portal_invitation (utility_id, account_id, email, access, relation, "
                         "token_hash, invited_by, invited_by_kind, expires_at, until, created_at) "
                         "values (?,?,?,?,?,?,?,?,?,?,?)",
                      c->utility, n->account, n->email, n->access, n->relation ? n->relation : "authorised",
                          token_bytes(c, token), c->user,
                          c->realm == REALM_STAFF ? "user" : "portal_user",
                          time_add_seconds(c->now, hours * 3600), n->until, c->now);
    NotifyField fields[] = { { "inviter", n->by }, { "account_no", a->account_no },
                             { "access", msg(c->language, text(c, "portal.access.%s", n->access)) },
                             { "days", text(c, "%d", hours / 24) },
                             { "link", public_url(c, text(c, "/invite/%s", token), true) }, { 0 } };
    notify(c, "portal_invitation", &(Recipient){ .email = n->email }, fields, &(NotifyOptions){ .channels = "email" });
    audit_note(c, "invite", "portal_invitation", id, a->account_no, n->access);
    return id;
}

Id portal_invite(Ctx *c, Id account, const PortalGuest *whom) {
    return invite(c, &(NewInvitation){ .account = account, .email = email_lower(&c->mem, whom->email),
                                       .access = whom->access, .relation = whom->relation, .until = DATE_NONE,
                                       .by = utility_here(c)->name, .hours = STAFF_HOURS });
}

/* --- /accounts/<no>/people ---------------------------------------------------------------------------------------- */

static const Choice levels[] = { { "viewer", NULL }, { "payer", NULL }, { "manager", NULL }, { 0 } };

static const Form invite_form = { .name = "portal.invite", .fields = FIELDS {
    { "email",  NULL, EMAIL, .flags = REQUIRED },
    { "access", NULL, CHOICE(levels), .flags = REQUIRED, .initial = "viewer" },
    { "until",  NULL, DATE_FIELD }, { 0 } } };

static const Mine *owned(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = mine_by_no(c, path_text(r, "no"));
    if (!m) fail(c, NOT_FOUND, "There is no such page.");
    if (!mine_may(m, ACCESS_OWNER)) fail(c, DENIED, "%s", msg(c->language, "portal.people.owner_only"));
    return m;
}

#define OPEN_INVITE(F, T) F(T, const char *, public_id) F(T, const char *, email) F(T, const char *, access) \
    F(T, Time, expires_at)
ROW(OpenInvite, OPEN_INVITE)

void people_page(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = owned(r);
    PortalLinks links = portal_links(c, m->id);
    size_t n = 0;
    for (size_t i = 0; i < links.n; i++, n++) {
        bool self = links.v[i].portal_user.id == c->user.id;
        show_text(r, at(r, "people", n, "who"), links.v[i].email);
        show_text(r, at(r, "people", n, "what"), msg(c->language, text(r, "portal.access.%s", links.v[i].access)));
        if (!self)
            show_text(r, at(r, "people", n, "end_url"), link_path(r, "/accounts/%s/people/%s/end", m->account_no,
            links.v[i].public_id));
    }
    OpenInvites open = db_all(c, OpenInvite, "select public_id, email, access, expires_at from portal_invitation "
                                             "where account_id = ? and utility_id = ? and accepted_at is null "
                                             "and revoked_at is null and expires_at > ? order by id", m->id, c->utility,
                              c->now);
    for (size_t i = 0; i < open.n; i++, n++) {
        show_text(r, at(r, "people", n, "who"), open.v[i].email);
        show_text(r, at(r, "people", n, "what"), msg_format(c, c->language, "portal.people.invited",
            { "access", msg(c->language, text(r, "portal.access.%s", open.v[i].access)) },
            { "date", locale_date(&c->mem, c->locale, time_date(c->locale->zone, open.v[i].expires_at)) }));
        show_text(r, at(r, "people", n, "end_url"), link_path(r, "/accounts/%s/people/%s/end", m->account_no,
            open.v[i].public_id));
    }
    FormView *v = form_show(r, "form", &invite_form, text(r, "/accounts/%s/people", m->account_no));
    form_set(v, "access", "kind", "radio");
    show_text(r, "form.title", msg(c->language, "portal.people.invite"));
    show_text(r, "form.submit", msg(c->language, "portal.people.send"));
    show_text(r, "page.sub", mine_name(c, m));
    portal_page(r, "portal.people.title", "portal/people");
}

void people_post(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = owned(r);
    Input *in = form_read(r, &invite_form);
    if (in_given(in, "until") && date_compare(in_date(in, "until"), utility_today(c)) < 0)
        problem(r, "until", "%s", msg(c->language, "portal.people.past"));
    problems_end(r);
    invite(c, &(NewInvitation){ .account = m->id, .email = email_lower(&c->mem, in_text(in, "email")),
                                .access = in_text(in, "access"), .until = in_given(in, "until") ? in_date(in, "until")
                                : DATE_NONE, .by = c->user_name });
    note(r, "%s", msg(c->language, "portal.people.sent"));
    go(r, "/accounts/%s/people", m->account_no);
}

/* Ends somebody's access, or takes an invitation back. */
void people_end(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = owned(r);
    const char *who = path_text(r, "who");
    int64_t ended = db_run(c, "update portal_account_link set ended_at = ?, ended_by = ?, end_reason = 'owner' "
                              "where account_id = ? and ended_at is null and portal_user_id <> ? "
                              "and portal_user_id in (select id from portal_user where public_id = ?)",
                           c->now, c->user, m->id, c->user, who);
    int64_t revoked = ended ? 0 : db_run(c, "update portal_invitation set revoked_at = ? where account_id = ? "
                                            "and public_id = ? and accepted_at is null and revoked_at is null", c->now,
                                         m->id, who);
    if (!ended && !revoked) fail(c, NOT_FOUND, "There is no such page.");
    audit_note(c, ended ? "unlink" : "revoke", ended ? "portal_account_link" : "portal_invitation", m->id,
               m->account_no, NULL);
    if (ended) autopay_end_of(c, db_id(c, "select id from portal_user where public_id = ?", who), m->id);
    if (ended)
        event_emit(c, &(Event){ .name = "portal_account.unlinked", .entity = "account", .id = m->id,
                                .number = m->account_no, .account = m->id });
    note(r, "%s", msg(c->language, "portal.people.ended"));
    go(r, "/accounts/%s/people", m->account_no);
}

/* --- /invite/<token> ---------------------------------------------------------------------------------------------- */

#define INVITED(F, T) F(T, Id, id) F(T, Id, account_id) F(T, const char *, email) F(T, const char *, access) \
    F(T, const char *, relation) F(T, Date, until)
ROW(Invited, INVITED)

static Invited *invited(Ctx *c, const char *token) {
    if (strlen(token) > 100) return NULL;
    return db_find(c, Invited, "select id, account_id, email, access, relation, until from portal_invitation "
                               "where token_hash = ? and utility_id = ? and accepted_at is null "
                               "and revoked_at is null and expires_at > ?", token_bytes(c, token), c->utility, c->now);
}

static const Form accept_form = { .name = "portal.accept", .fields = FIELDS { { "go", NULL, HIDDEN(1) }, { 0 } } };
static const Form join_form = { .name = "portal.join", .fields = FIELDS {
    { "password", NULL, PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "new-password" },
    { "terms",    NULL, BOOL }, { 0 } } };

void invited_page(Req *r) {
    Ctx *c = &r->c;
    const char *token = path_text(r, "token");
    Invited *i = invited(c, token);
    if (!i) {
        r->status = CONFLICT;
        show_text(r, "texts.0", msg(c->language, "portal.link.ended"));
        portal_page(r, "portal.link.ended_title", "portal/sign_in");
        return;
    }
    show_text(r, "texts.0", msg_format(c, c->language, "portal.people.what",
                                       { "account", account_get(c, i->account_id)->account_no },
                                       { "access", msg(c->language, text(r, "portal.access.%s", i->access)) }));
    if (!c->user.id) {
        show_text(r, "links.0.text", msg(c->language, "portal.register.sign_in_instead"));
        show_text(r, "links.0.url", link_path(r, "/signin?next=%s", url_part(r, r->path.text)));
    }
    bool known = c->user.id || portal_user_by_login(c, i->email);
    if (c->user.id) {
        show_text(r, "act.url", link_path(r, "/invite/%s", token));
        show_text(r, "act.text", msg(c->language, "portal.people.accept"));
    } else if (!known) {
        form_show(r, "form", &join_form, text(r, "/invite/%s", token));
        show_text(r, "form.submit", msg(c->language, "portal.register.finish"));
    }
    portal_page(r, "portal.people.accept", "portal/sign_in");
}

typedef struct Join { Req *r; Invited *i; const char *hash; int headers; } Join;

static void accept(Ctx *c, void *arg) {
    Join *j = arg;
    Req *r = j->r;
    r->headers = j->headers;
    db_must(c, 1, CONFLICT, "update portal_invitation set accepted_at = ? where id = ? and accepted_at is null", c->now,
            j->i->id);
    const Account *a = account_get(c, j->i->account_id);
    if (c->user.id) {
        account_link(r, c->user, a, &(NewLink){ j->i->access, j->i->relation, "invitation", j->i->until });
        note(r, "%s", msg_format(c, c->language, "portal.accounts.added", { "account", a->account_no }));
        go(r, "/accounts");
        return;
    }
    if (!db_add(c, "insert into portal_user (utility_id, email, email_verified_at, password_hash, password_changed_at, "
                   "status, lang, terms_version, terms_at) values (?,?,?,?,?,'active',?,?,?)",
                c->utility, j->i->email, c->now, j->hash, c->now, c->language, portal_setting_get(c, "terms_version"),
                    c->now))
        fail(c, CONFLICT, "%s", msg(c->language, "portal.register.email_taken"));
    PortalUser *u = portal_user_by_login(c, j->i->email);
    event_emit(c, &(Event){ .name = "portal_user.registered", .entity = "portal_user", .id = u->id,
                            .number = u->public_id, .account = a->id });
    account_link(r, u->id, a, &(NewLink){ j->i->access, j->i->relation, "invitation", j->i->until });
    portal_enter(r, u, false, NULL, true);
}

void invited_post(Req *r) {
    Ctx *c = &r->c;
    Join j = { .r = r, .i = invited(c, path_text(r, "token")), .headers = r->headers };
    Input *in = form_read(r, c->user.id ? &accept_form : &join_form);
    if (!j.i) fail(c, CONFLICT, "%s", msg(c->language, "portal.link.ended"));
    if (!c->user.id) {
        if (!in_bool(in, "terms")) problem(r, "terms", "%s", msg(c->language, "portal.register.terms"));
        problems_end(r);
        j.hash = portal_password_hash(r, "password", in_text(in, "password"), j.i->email,
                                      account_get(c, j.i->account_id)->account_no);
    }
    db_tx(c, DB_WRITE, accept, &j, NULL);
}

/* --- how bills are delivered -------------------------------------------------------------------------------------- */

#define DELIVERY(F, T) F(T, const char *, mode) F(T, bool, sms_link) F(T, const char *, email_2)
ROW(Delivery, DELIVERY)

BillDelivery bill_delivery_get(Ctx *c, Id account) {
    Delivery *d = db_find(c, Delivery, "select mode, sms_link, email_2 from bill_delivery_pref "
                                       "where account_id = ? and utility_id = ?", account, c->utility);
    if (!d) return (BillDelivery){ .paper = true };
    return (BillDelivery){ .paper = strcmp(d->mode, "email") != 0, .email = strcmp(d->mode, "paper") != 0,
                           .sms = d->sms_link, .email_2 = d->email_2 };
}

#define OLD_MODE(F, T) F(T, Id, id) F(T, const char *, mode) F(T, int, row_version)
ROW(OldMode, OLD_MODE)

void portal_account_forget(Ctx *c, const char *accounts) {
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_delivery_pref x on "
        "x.account_id=j.id",
        accounts);
}

void bill_delivery_set(Ctx *c, Id account, const char *mode, const char *via) {
    OldMode *old = db_find(c, OldMode, "select id, mode, row_version from bill_delivery_pref where account_id = ? "
                                       "and utility_id = ? for update", account, c->utility);
    if (old && !strcmp(old->mode, mode)) return;
    Id id = old ? old->id : db_insert(c, "insert into bill_delivery_pref (utility_id, account_id, mode, since, "
                                         "changed_via, updated_at) values (?,?,?,?,?,?)", c->utility, account, mode,
                                      utility_today(c), via, c->now);
    if (old)
        db_run(c, "update bill_delivery_pref set mode = ?, since = ?, changed_via = ?, updated_at = ?, row_version = "
                  "row_version + 1 where id = ?", mode, utility_today(c), via, c->now, id);
    audit_write(c, &(Audit){ .action = old ? "edit" : "create", .entity = "bill_delivery_pref", .id = id, .version = old
                             ? old->row_version + 1 : 1, .before = json_pairs(c, "mode", old ? old->mode : NULL, NULL),
                             .after = json_pairs(c, "mode", mode, NULL), .reason = via });
    event_emit(c, &(Event){ .name = "preference.changed", .entity = "bill_delivery_pref", .id = id, .account = account,
                            .payload = json_pairs(c, "kind", "delivery", "mode", mode, NULL) });
}

/* The switch on a bill: paperless wants a proved address. */
void paperless_post(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = mine_by_no(c, path_text(r, "no"));
    if (!m) fail(c, NOT_FOUND, "There is no such page.");
    portal_check(c, m->id, ACCESS_MANAGER);
    bool paper = field_text(r, "mode") && !strcmp(field_text(r, "mode"), "paper");
    if (!paper && !db_int(c, "select count(*) from portal_user where id = ? and email_verified_at is not null",
                          c->user)) fail(c, CONFLICT, "%s", msg(c->language, "portal.paperless.prove"));
    bill_delivery_set(c, m->id, paper ? "paper" : "email", "portal");
    note(r, "%s", msg(c->language, paper ? "portal.paperless.off_done" : "portal.paperless.on_done"));
    go(r, "/accounts");
}
