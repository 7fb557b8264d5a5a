/*
 * The own second factor (AU01US03, S12, S14): set up with a picture and a code, new recovery codes, switched off with
 * password and code unless a role demands it; and proving again who one is before a sensitive act.
 */
#include <string.h>

#include "app/core/pages.h"
#include "app/core/proof.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

static void plain_page(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.shell", "plain");
    page(r, "core/sign_in");
}

static void back_link(Req *r) {
    show_text(r, "links.0.text", msg(r->c.language, "account.back"));
    show_text(r, "links.0.url", "/account/security");
}

static void tell(Req *r, const Person *p) {
    const char *pairs[] = { "email", p->email, "at", locale_time_words(&r->c.mem, r->c.locale, r->c.now), NULL };
    person_mail(r, p, "mfa_changed", pairs);
}

/* --- setting up --------------------------------------------------------------------------------------------------- */

static const Form begin_form = { .name = "account_factor", .fields = FIELDS {
    { "code", CODE(6), .flags = REQUIRED | SECRET },
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "seed", HIDDEN(400) },
    { 0 } } };

static const char *seed_place(Ctx *c) { return text(c, "mfa set-up %lld", (long long)c->user.id); }

void factor_page(Req *r) {
    Ctx *c = &r->c;
    Person *p = person_by_id(c, c->user);
    if (p->has_factor) fail(r, CONFLICT, "%s", msg(c->language, "account.factor_there"));
    FormView *v = form_show(r, "form", &begin_form, "/account/factor");
    factor_seed_show(r, v, seed_place(c), facts_of(c)->tenant_name, p->email);
    show_text(r, "texts.0", msg(c->language, "mfa.enrol_how"));
    back_link(r);
    plain_page(r, msg(c->language, "mfa.enrol_title"));
}

typedef struct Begin { Req *r; Person *person; const char *secret; int64_t step; const char **codes; } Begin;

static void begin_work(Ctx *c, void *arg) {
    Begin *b = arg;
    db_run(c, "delete from mfa_factor where realm = 'staff' and user_id = ? and kind = 'totp'", c->user);
    db_run(c, "insert into mfa_factor (realm, user_id, kind, secret_enc, confirmed_at, used_at, last_step, created_at) "
              "values ('staff',?,'totp',?,?,?,?,?)", c->user, vault_seal(c, "mfa_factor.secret", b->secret), c->now,
           c->now, b->step, c->now);
    b->codes = recovery_make(c, REALM_STAFF, c->user, RECOVERY_CODES);
    session_end_all(c, REALM_STAFF, c->user, c->session, "revoked");
    session_step_up(b->r);
    audit_note(c, "mfa_set_up", "user", c->user, facts_of(c)->email, NULL);
    tell(b->r, b->person);
}

/* The answer to the POST itself: a page that could be fetched again would have to keep the codes. */
static void codes_page(Req *r, const char **codes) {
    for (int i = 0; i < RECOVERY_CODES; i++) show_text(r, text(r, "codes.%d", i), codes[i]);
    show_text(r, "texts.0", msg(r->c.language, "mfa.recovery_why"));
    show_text(r, "go_on.text", msg(r->c.language, "mfa.go_on"));
    show_text(r, "go_on.url", "/account/security");
    plain_page(r, msg(r->c.language, "mfa.recovery_title"));
}

void factor_begin(Req *r) {
    Ctx *c = &r->c;
    Person *p = person_by_id(c, c->user);
    Input *in = form_read(r, &begin_form);
    problems_end(r);
    if (p->has_factor) fail(c, CONFLICT, "%s", msg(c->language, "account.factor_there"));
    Begin b = { .r = r, .person = p, .secret = factor_seed_read(r, in, seed_place(c)) };
    b.step = totp_accept(bytes_of(b.secret), in_text(in, "code"), time_unix(c->now), 0);
    if (b.step < 0) fail_field(c, INVALID, "code", "%s", msg(c->language, "mfa.wrong"));
    password_prove(r, p, in_text(in, "password"), "password");
    db_tx(c, DB_WRITE, begin_work, &b, NULL);
    codes_page(r, b.codes);
}

/* --- new recovery codes, and away --------------------------------------------------------------------------------- */

static const Form proof_form = { .name = "account_proof", .fields = FIELDS {
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "next", HIDDEN(1000) },
    { 0 } } };

static const Form end_form = { .name = "account_factor_end", .fields = FIELDS {
    { "password", PASSWORD, .flags = REQUIRED | SECRET, .autocomplete = "current-password" },
    { "code", TEXT(6, 40), .flags = REQUIRED | SECRET,
      .autocomplete = "one-time-code", .width = "20" },
    { 0 } } };

static Person *with_factor(Req *r) {
    Person *p = person_by_id(&r->c, r->c.user);
    if (!p->has_factor) fail(r, CONFLICT, "%s", msg(r->c.language, "account.factor_none"));
    return p;
}

void factor_codes_page(Req *r) {
    with_factor(r);
    form_show(r, "form", &proof_form, "/account/factor/codes");
    show_text(r, "form.submit", msg(r->c.language, "account.factor_codes"));
    show_text(r, "texts.0", msg(r->c.language, "account.factor_codes_how"));
    back_link(r);
    plain_page(r, msg(r->c.language, "account.factor_codes"));
}

static void codes_work(Ctx *c, void *arg) {
    Begin *b = arg;
    b->codes = recovery_make(c, REALM_STAFF, c->user, RECOVERY_CODES);
    audit_note(c, "recovery_made", "user", c->user, facts_of(c)->email, NULL);
    tell(b->r, b->person);
}

void factor_codes(Req *r) {
    Person *p = with_factor(r);
    Input *in = form_read(r, &proof_form);
    problems_end(r);
    password_prove(r, p, in_text(in, "password"), "password");
    Begin b = { .r = r, .person = p };
    db_tx(&r->c, DB_WRITE, codes_work, &b, NULL);
    codes_page(r, b.codes);
}

static void demanded_check(Req *r, const Person *p) {
    if (p->factor_required) fail(r, CONFLICT, "%s", msg(r->c.language, "account.factor_demanded"));
}

void factor_end_page(Req *r) {
    demanded_check(r, with_factor(r));
    form_show(r, "form", &end_form, "/account/factor/removal");
    show_text(r, "form.submit", msg(r->c.language, "account.factor_end"));
    show_text(r, "texts.0", msg(r->c.language, "account.factor_end_how"));
    back_link(r);
    plain_page(r, msg(r->c.language, "account.factor_end"));
}

typedef struct End { Req *r; Person *person; const char *code; bool accepted; Turn turn; } End;

static void end_work(Ctx *c, void *arg) {
    End *e = arg;
    e->accepted = false;
    if (!attempt_turn(e->r, &e->turn)) return;
    e->accepted = code_accept(c, e->person, e->code);
    if (!e->accepted) attempt_wrong(e->r, e->turn.email, e->person, "mfa_failed");
    if (!e->accepted) return;
    db_run(c, "delete from mfa_factor where realm = 'staff' and user_id = ? and kind = 'totp'", c->user);
    recovery_forget(c, REALM_STAFF, c->user);
    device_forget(c, REALM_STAFF, c->user, (Id){ 0 });
    audit_note(c, "mfa_removed", "user", c->user, facts_of(c)->email, NULL);
    tell(e->r, e->person);
}

void factor_end(Req *r) {
    Ctx *c = &r->c;
    Person *p = with_factor(r);
    demanded_check(r, p);
    Input *in = form_read(r, &end_form);
    problems_end(r);
    password_prove(r, p, in_text(in, "password"), "password");
    End e = { .r = r, .person = p, .code = in_text(in, "code"),
              .turn = { .email = email_lower(&c->mem, p->email), .person = p } };
    db_tx(c, DB_WRITE, end_work, &e, NULL);
    attempt_turn_end(r, &e.turn);
    if (!e.accepted) fail_field(c, INVALID, "code", "%s", msg(c->language, "mfa.wrong"));
    note(r, "%s", msg(c->language, "account.factor_gone"));
    go_to(r, "/account/security");
}

/* --- proving again ------------------------------------------------------------------------------------------------ */

enum { PROOF_S = 10 * 60 };

void proof_check(Ctx *c) {
    if (c->realm == REALM_STAFF && !session_is_fresh(c, PROOF_S))
        fail(c, INVALID, "%s", msg(c->language, "proof.wanted"));
}

bool proof_first(Req *r, const char *back) {
    if (r->c.realm != REALM_STAFF || session_is_fresh(&r->c, PROOF_S)) return false;
    note(r, "%s", msg(r->c.language, "proof.file"));
    go_to(r, text(r, "/account/proof?next=%s", url_part(r, back)));
    return true;
}

void proof_notice(Req *r) {
    Ctx *c = &r->c;
    if (session_is_fresh(c, PROOF_S)) return;
    show_text(r, "page.notices.0.tone", "info");
    show_text(r, "page.notices.0.text", msg(c->language, "proof.first"));
    show_text(r, "page.notices.0.action.text", msg(c->language, "proof.title"));
    show_text(r, "page.notices.0.action.url", text(r, "/account/proof?next=%s", url_part(r, r->uri)));
}

void proof_page(Req *r) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "form", &proof_form, "/account/proof");
    form_text(v, "next", query_text(r, "next"));
    show_text(r, "texts.0", msg(c->language, "proof.how"));
    plain_page(r, msg(c->language, "proof.title"));
}

static void proof_work(Ctx *c, void *arg) {
    (void)c;
    session_step_up(arg);
}

void proof_give(Req *r) {
    Ctx *c = &r->c;
    Person *p = person_by_id(c, c->user);
    Input *in = form_read(r, &proof_form);
    problems_end(r);
    password_prove(r, p, in_text(in, "password"), "password");
    db_tx(c, DB_WRITE, proof_work, r, NULL);
    const char *next = in_text(in, "next");
    note(r, "%s", msg(c->language, "proof.given"));
    go_to(r, next && path_is_own(next) ? next : "/account/security");
}
