/*
 * Signatures of the guided set-up: see guide_sign.h.
 *
 * Who may sign: a person who has one of the step's roles and holds the approval in its module. Where nobody active
 * could sign for a role, an administrator (approval of the step, and of the settings) signs in its place, which stands
 * with the signature; where somebody could, nobody else does, whatever rights they hold: the signature is that role's
 * word. One person with several of the roles gives them all with one press.
 */
#include "app/setup/guide_sign.h"

#include <string.h>

#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/rights.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

/* --- who ---------------------------------------------------------------------------------------------------------- */

#define HOLDER(F, T) F(T, Id, id) F(T, const char *, name)
ROW(Holder, HOLDER)
enum { HOLDERS_SHOWN = 20 };

/* Active people with the role, held today, where its approval is in force; the person at work, when among them, first:
   many may have it. */
static Holders holders_of(Ctx *c, const StepSigner *s) {
    Date today = utility_today(c);
    if (!rights_key_on(c, s->right)) return (Holders){ 0 };
    return db_all(c, Holder, "select u.id, u.full_name as name from user_role ur join user u on u.id = ur.user_id "
        "and u.status = 'active' join role r on r.id = ur.role_id and r.active = 1 and r.code = ? "
        "join role_permission rp on rp.role_id = r.id join permission p on p.id = rp.permission_id and p.`key` = ? "
        "where (ur.utility_id is null or ur.utility_id = ?) and ur.valid_from <= ? "
        "and (ur.valid_to is null or ur.valid_to >= ?) group by u.id, u.full_name order by u.id = ? desc, u.full_name "
        "limit ?", s->role, text(c, "%s:approve", s->right), c->utility, today, today, c->user, HOLDERS_SHOWN);
}

/* Of a module that is switched off the settings' right stands for its own. */
static bool administers(Ctx *c, const StepDef *d) {
    const char *settings = d->whole_tenant ? "core.organization" : "core.settings";
    return perm_may(c, settings, APPROVE) && (!rights_key_on(c, d->right) || perm_may(c, d->right, APPROVE));
}

static const SignatureRow *given_of(const SignatureRows *all, const char *role) {
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].role_code, role)) return &all->v[i];
    return NULL;
}

static Signing signing(Ctx *c, const StepDef *d, const StepSigner *signer, const SignatureRow *given) {
    Signing s = { .signer = signer, .given = given, .is_given = given && given->is_live };
    Holders l = holders_of(c, signer);
    Text names = text_start(c);
    bool holds = false;
    for (size_t i = 0; i < l.n; i++) {
        if (i) text_add(&names, ", ");
        text_add(&names, l.v[i].name);
        holds |= l.v[i].id.id == c->user.id;
    }
    s.people = l.n ? names.s : NULL;
    s.in_place = !s.is_given && !l.n && administers(c, d);
    s.is_mine = s.in_place || (!s.is_given && holds && perm_may(c, signer->right, APPROVE));
    return s;
}

Signings guide_signings(Ctx *c, const StepDef *d) {
    Id of = d->whole_tenant ? (Id){ 0 } : c->utility;
    SignatureRows given = db_all(c, SignatureRow, "select g.id, g.role_code, g.basis, g.signed_by, "
        "u.full_name as name, g.signed_at, g.comment, g.ended_at is null as is_live from setup_signature g "
        "left join user u on u.id = g.signed_by where g.utility_key = ? and g.step_key = ? "
        "order by g.ended_at is null desc, g.id desc limit 60", of.id, d->key);
    Signings all = { .n = 0 };
    for (const StepSigner *k = d->signers; k->role; k++) {
        Signing *s = &all.v[all.n++];
        *s = signing(c, d, k, given_of(&given, k->role));
        all.open += !s->is_given, all.mine += s->is_mine;
    }
    return all;
}

#define ROLE_CODE(F, T) F(T, const char *, code)
ROW(RoleCode, ROLE_CODE)

bool guide_is_signer(Ctx *c, const StepDef *d) {
    Date today = utility_today(c);
    RoleCodes mine = db_all(c, RoleCode, "select distinct r.code from user_role ur join role r on r.id = ur.role_id "
        "and r.active = 1 where ur.user_id = ? and (ur.utility_id is null or ur.utility_id = ?) "
        "and ur.valid_from <= ? and (ur.valid_to is null or ur.valid_to >= ?)",
        c->user, c->utility, today, today);
    for (const StepDef *one = step_defs; one->key; one++) {
        if (d && d != one) continue;
        for (const StepSigner *k = one->signers; k->role; k++)
            for (size_t i = 0; i < mine.n; i++)
                if (!strcmp(mine.v[i].code, k->role) && perm_may(c, k->right, APPROVE)) return true;
    }
    return false;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static const char *role_words(Ctx *c, const Signing *s) {
    return msg(c->language, text(c, "setup.guide.owner.%s", s->signer->role));
}

static void add_role(Ctx *c, Text *t, const Signing *s) {
    if (t->n) text_add(t, ", ");
    text_add(t, role_words(c, s));
}

const char *guide_wanted_words(Ctx *c, const Signings *all) {
    Text t = text_start(c);
    for (size_t i = 0; i < all->n; i++)
        if (!all->v[i].is_given && !all->v[i].is_mine) add_role(c, &t, &all->v[i]);
    return t.n ? t.s : NULL;
}

const char *guide_sign_words(Ctx *c, const Signings *all) {
    Text own = text_start(c), others = text_start(c), t = text_start(c);
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].is_mine) add_role(c, all->v[i].in_place ? &others : &own, &all->v[i]);
    text_add(&t, "");
    if (own.n) text_add(&t, msg_format(c, c->language, "setup.sign.as", { "roles", own.s }));
    if (own.n && others.n) text_add(&t, " ");
    if (others.n) text_add(&t, msg_format(c, c->language, "setup.sign.in_place", { "roles", others.s }));
    return t.s;
}

static const char *signer_words(Ctx *c, const SignatureRow *g) {
    const char *when = locale_time_words(&c->mem, c->locale, g->signed_at);
    return g->name ? text(c, "%s, %s", g->name, when) : when;
}

static const char *given_words(Ctx *c, const SignatureRow *g) {
    const char *who = signer_words(c, g);
    if (!strcmp(g->basis, "role")) return who;
    return text(c, "%s. %s", who, msg(c->language, text(c, "setup.sign.basis.%s", g->basis)));
}

const char *guide_signature_words(Ctx *c, const Signing *s) {
    return text(c, "%s: %s", role_words(c, s),
                s->is_given ? given_words(c, s->given) : msg(c->language, "setup.sign.none"));
}

/* --- the card ----------------------------------------------------------------------------------------------------- */

static const char *wanted_of(Ctx *c, const Signing *s) {
    if (s->people) return msg_format(c, c->language, "setup.sign.people", { "names", s->people });
    return msg(c->language, rights_key_on(c, s->signer->right) ? "setup.sign.nobody" : "setup.sign.nobody_module");
}

static void show_line(Req *r, const char *to, const Signing *s, bool is_wanted) {
    Ctx *c = &r->c;
    show_text(r, text(r, "%s.text", to), role_words(c, s));
    show_text(r, text(r, "%s.no", to), s->is_given ? given_words(c, s->given) : wanted_of(c, s));
    show_text(r, text(r, "%s.sub", to), s->is_given ? s->given->comment : s->given
              ? msg_format(c, c->language, "setup.sign.ended", { "who", signer_words(c, s->given) }) : NULL);
    show_text(r, text(r, "%s.word", to), s->is_given ? word(r, "setup.sign.given") : is_wanted
              ? word(r, "setup.sign.wanted") : NULL);
    show_text(r, text(r, "%s.tone", to), s->is_given ? "ok" : "warn");
}

void guide_signings_show(Req *r, const StepNow *s) {
    Ctx *c = &r->c;
    Signings all = guide_signings(c, s->def);
    bool is_last = !strcmp(s->def->key, "go_live");
    bool is_wanted = guide_signable(c, s), is_signed = !is_last && !strcmp(s->state, "signed_off");
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].is_given || !is_signed) show_line(r, at(r, "guide.signatures", n++, NULL), &all.v[i], is_wanted);
    if (is_wanted && all.open && !all.mine && (guide_is_signer(c, s->def) || administers(c, s->def)))
        show_text(r, "guide.sign_note", msg_format(c, c->language, guide_is_signer(c, s->def) ? "setup.sign.yours_given"
                  : "setup.sign.not_yours", { "roles", guide_wanted_words(c, &all) }));
}

/* --- signing ------------------------------------------------------------------------------------------------------ */

bool guide_sign(Ctx *c, const StepDef *d, const Signings *all, const char *comment, const char *snapshot) {
    Id of = d->whole_tenant ? (Id){ 0 } : c->utility;
    /* two people who sign at the same time: one after the other, and the second sees what the first did */
    Id step = db_id(c, "select id from setup_step where utility_key = ? and step_key = ? for update", of.id, d->key);
    for (size_t i = 0; i < all->n; i++) {
        const Signing *s = &all->v[i];
        if (!s->is_mine) continue;
        const char *basis = s->in_place ? "in_place" : "role";
        if (!db_add(c, "insert into setup_signature (utility_id, step_key, role_code, basis, signed_by, signed_at, "
                       "comment, snapshot, created_at, created_by) values (?,?,?,?,?,?,?,?,?,?)", of, d->key,
                    s->signer->role, basis, c->user, c->now, comment, snapshot, c->now, c->user))
            fail(c, CONFLICT, "%s", msg(c->language, "setup.sign.meanwhile"));
        db_run(c, "update setup_step set row_version = row_version + 1 where id = ?", step);
        audit_write(c, &(Audit){ .action = "sign_off", .entity = "setup_step", .id = step, .number = d->key,
            .reason = comment, .version = db_int(c, "select row_version from setup_step where id = ?", step),
            .after = json_pairs(c, "role", s->signer->role, "basis", basis, NULL) });
    }
    return (size_t)db_int(c, "select count(*) from setup_signature where utility_key = ? and step_key = ? "
                             "and ended_at is null for update", of.id, d->key) >= all->n;
}

void guide_sign_ask(Ctx *c, const StepDef *d) {
    Signings all = guide_signings(c, d);
    for (size_t i = 0; i < all.n; i++) {
        if (all.v[i].is_given) continue;
        Holders l = holders_of(c, all.v[i].signer);
        for (size_t k = 0; k < l.n; k++) {
            if (l.v[k].id.id == c->user.id) continue;
            inapp_post(c, &(InApp){ .recipient_kind = "user", .recipient = l.v[k].id, .topic = "setup",
                .severity = "info",
                .title = msg_format(c, c->language, "setup.sign.asked", { "step", guide_title(c, d) }),
                .body = msg_format(c, c->language, "setup.sign.asked_body", { "role", role_words(c, &all.v[i]) }),
                .link = guide_url(c, d->key),
                .dedup_key = text(c, "setup.sign:%lld:%s", (long long)c->utility.id, d->key) });
        }
    }
}
