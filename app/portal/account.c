/*
 * Linked accounts (/accounts): nickname, adding, taking away; the portal's foundation pages /home's "More"; devices,
 * sessions and sign-ins of a user (/profile/security). CSS01US01.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/sign_in.h"
#include "app/portal/pages.h"
#include "lib/card.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

void root_redirect(Req *r) { go(r, r->c.user.id ? "/home" : "/signin"); }

/* --- /accounts ---------------------------------------------------------------------------------------------------- */

static const Form name_form = { .name = "portal.nickname",
                                .fields = FIELDS { { "nickname", NULL, TEXT(0, 40), .width = "20" }, { 0 } } };

static const char *balance_words(Ctx *c, Money owed) {
    return owed.minor ? locale_balance(&c->mem, c->locale, owed) : locale_money(&c->mem, c->locale, owed);
}

void accounts_page(Req *r) {
    Ctx *c = &r->c;
    Mines all = mine_all(c);
    Money sum = { 0 };
    for (size_t i = 0; i < all.n; i++) {
        const Mine *m = &all.v[i];
        sum = money_add(sum, m->balance_minor);
        show_text(r, at(r, "accounts", i, "title"), mine_name(c, m));
        show_text(r, at(r, "accounts", i, "address"), m->address);
        show_text(r, at(r, "accounts", i, "balance"), balance_words(c, m->balance_minor));
        show_text(r, at(r, "accounts", i, "access"), msg(c->language, text(r, "portal.access.%s", m->access)));
        show_text(r, at(r, "accounts", i, "no"), m->account_no);
        show_text(r, at(r, "accounts", i, "nickname"), m->nickname);
        show_text(r, at(r, "accounts", i, "name_url"), link_path(r, "/accounts/%s/nickname", m->account_no));
        if (mine_may(m, ACCESS_OWNER))
            show_text(r, at(r, "accounts", i, "people_url"), link_path(r, "/accounts/%s/people", m->account_no));
        if (mine_may(m, ACCESS_MANAGER)) {
            bool paper = bill_delivery_get(c, m->id).paper;
            show_text(r, at(r, "accounts", i, "delivery_url"), link_path(r, "/accounts/%s/delivery", m->account_no));
            show_text(r, at(r, "accounts", i, "delivery"),
                      msg(c->language, paper ? "portal.accounts.paper_now" : "portal.accounts.mail_now"));
            show_text(r, at(r, "accounts", i, "delivery_to"), paper ? "email" : "paper");
            show_text(r, at(r, "accounts", i, "delivery_act"),
                      msg(c->language, paper ? "portal.paperless.on" : "portal.paperless.off"));
        }
        show_text(r, at(r, "accounts", i, "unlink_url"), link_path(r, "/accounts/%s/unlink", m->account_no));
    }
    if (all.n > 1) show_text(r, "sum", balance_words(c, sum));
    show_text(r, "add_url", link_path(r, "/register"));
    portal_page(r, "portal.accounts.title", "portal/accounts");
}

static const Mine *mine_of_path(Req *r) {
    const Mine *m = mine_by_no(&r->c, path_text(r, "no"));
    if (!m) fail(r, NOT_FOUND, "There is no such page.");
    return m;
}

void account_name_post(Req *r) {
    Ctx *c = &r->c;
    const Mine *m = mine_of_path(r);
    Input *in = form_read(r, &name_form);
    problems_end(r);
    const char *name = in_text(in, "nickname") ? card_numbers_masked(&c->mem, in_text(in, "nickname")) : NULL;
    db_run(c, "update portal_account_link set nickname = ?, row_version = row_version + 1 where id = ?", name,
           m->link_id);
    audit_write(c, &(Audit){ .action = "edit", .entity = "portal_account_link", .id = m->link_id,
                             .number = m->account_no, .version = m->row_version + 1,
                             .before = json_pairs(c, "nickname", m->nickname, NULL),
                             .after = json_pairs(c, "nickname", name, NULL) });
    note(r, "%s", msg(c->language, "portal.accounts.named"));
    go(r, "/accounts");
}

void account_unlink_page(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    const Mine *m = mine_of_path(r);
    show_text(r, "confirm.text.0", msg_format(c, c->language, "portal.accounts.unlink_what",
                                              { "account", mine_name(c, m) }));
    show_text(r, "confirm.action", link_path(r, "/accounts/%s/unlink", m->account_no));
    show_text(r, "confirm.submit", msg(c->language, "portal.accounts.unlink"));
    show_text(r, "confirm.back_url", link_path(r, "/accounts"));
    portal_page(r, "portal.accounts.unlink_title", "layout/confirm");
}

/* The last owner of an account that is paid by autopay must end that first. */
void account_unlink_post(Req *r) {
    Ctx *c = &r->c;
    if (!stepped_up(r)) return;
    const Mine *m = mine_of_path(r);
    int64_t owners = db_int(c, "select count(*) from portal_account_link where account_id = ? "
                               "and access = 'owner' and ended_at is null", m->id);
    int64_t autopay = db_int(c, "select count(*) from autopay_enrolment where account_id = ? "
                                "and status in ('active', 'paused', 'suspended')", m->id);
    if (autopay && owners == 1 && !strcmp(m->access, "owner"))
        fail(c, CONFLICT, "%s", msg(c->language, "portal.accounts.autopay_first"));
    db_must(c, 1, CONFLICT, "update portal_account_link set ended_at = ?, ended_by = ?, end_reason = 'own' "
                            "where id = ? and ended_at is null", c->now, c->user, m->link_id);
    autopay_end_of(c, c->user, m->id);
    audit_note(c, "unlink", "portal_account_link", m->link_id, m->account_no, NULL);
    event_emit(c, &(Event){ .name = "portal_account.unlinked", .entity = "portal_user", .id = c->user,
                            .account = m->id });
    note(r, "%s", msg_format(c, c->language, "portal.accounts.unlinked", { "account", m->account_no }));
    go(r, "/accounts");
}

/* --- /more -------------------------------------------------------------------------------------------------------- */

/* Pages behind "More"; those that are not built are not named. */
static const struct { const char *path, *key, *icon; } more[] = {
    { "/accounts", "portal.accounts.title", "building" }, { "/pay", "portal.pay.title", "cash" },
    { "/payments", "portal.payments.title", "history" }, { "/statement", "portal.statement.title", "file" },
    { "/pay/methods", "portal.methods.title", "card" }, { "/pay/autopay", "portal.autopay.title", "refresh" },
    { "/agreements", "portal.agreements.title", "calendar" }, { "/credits", "portal.credits.title", "receipt" },
    { "/requests", "portal.requests.title", "clipboard" }, { "/support", "portal.support.title", "messages" },
    { "/profile", "portal.profile.title", "user" }, { "/profile/security", "portal.security.title", "shield" },
    { "/preferences", "portal.preferences.title", "settings" },
    { "/help/faq", "portal.faq.title", "help" }, { "/centers", "portal.centers.title", "pin" },
    { "/language", "portal.language.title", "language" }, { 0 } };

void more_page(Req *r) {
    Ctx *c = &r->c;
    size_t n = 0;
    for (int i = 0; more[i].path; i++) {
        if (!web_has_page(SCOPE_PORTAL, more[i].path)) continue;
        show_text(r, at(r, "rows", n, "text"), msg(c->language, more[i].key));
        show_text(r, at(r, "rows", n, "icon"), more[i].icon);
        show_text(r, at(r, "rows", n++, "url"), link_path(r, "%s", more[i].path));
    }
    show_text(r, "signout.url", link_path(r, "/signout"));
    show_text(r, "signout.text", msg(c->language, "layout.sign_out"));
    show_text(r, "page.sub", c->user_name);
    portal_page(r, "portal.menu.more", "portal/more");
}

/* --- /profile/security -------------------------------------------------------------------------------------------- */

#define OPEN_SESSION(F, T) F(T, Id, id) F(T, Time, created_at) F(T, Time, last_seen_at) F(T, const char *, ip) \
    F(T, const char *, user_agent) F(T, bool, keep)
ROW(OpenSession, OPEN_SESSION)
#define TRY(F, T) F(T, Time, at) F(T, const char *, ip) F(T, const char *, user_agent) F(T, const char *, result)
ROW(Try, TRY)

/* A session is named to its owner by a keyed word, never by its row. */
static const char *session_word(Ctx *c, Id session) {
    Bytes h = lookup_hash(c, text(c, "session %lld", (long long)session.id));
    const uint8_t *b = h.p;
    return text(c, "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

static OpenSessions sessions_open(Ctx *c) {
    return db_all(c, OpenSession,
                  "select id, created_at, last_seen_at, inet6_ntoa(ip) as ip, user_agent, keep "
                  "from session where realm = 'portal' and subject_id = ? and utility_id = ? "
                  "and ended_at is null and expires_at > ? "
                  "and (keep = 1 or last_seen_at > ?) and view_as_user_id is null order by last_seen_at desc limit 50",
                  c->user, c->utility, c->now, time_add_seconds(c->now, -30 * 60));
}

void security_page(Req *r) {
    Ctx *c = &r->c;
    show_text(r, "password_url", link_path(r, "/profile/security/password"));
    show_text(r, "two_step_url", link_path(r, "/profile/security/two-step"));
    show_text(r, "two_step", msg(c->language, text(r, "portal.two_step.%s", portal_user_by_id(c, c->user)->mfa)));
    TrustedDevices trusted = devices_of(c, REALM_PORTAL, c->user);
    for (size_t i = 0; i < trusted.n; i++) {
        show_text(r, at(r, "devices", i, "device"), trusted.v[i].label);
        show_text(r, at(r, "devices", i, "until"),
                  msg_format(c, c->language, "portal.security.trusted_until",
                             { "date", locale_date_words(&c->mem, c->locale,
                                                         time_date(c->locale->zone, trusted.v[i].expires_at)) }));
    }
    if (trusted.n) show_text(r, "forget_url", link_path(r, "/profile/security/devices/forget"));
    OpenSessions all = sessions_open(c);
    for (size_t i = 0; i < all.n; i++) {
        const OpenSession *s = &all.v[i];
        bool here = s->id.id == c->session.id;
        show_text(r, at(r, "sessions", i, "device"), device_name(&c->mem, s->user_agent));
        show_text(r, at(r, "sessions", i, "where"),
                  s->ip ? text(r, "%s · %s", locale_time_words(&c->mem, c->locale, s->last_seen_at), s->ip)
                  : locale_time_words(&c->mem, c->locale, s->last_seen_at));
        show_flag(r, at(r, "sessions", i, "here"), here);
        if (!here)
            show_text(r, at(r, "sessions", i, "end_url"), link_path(r, "/profile/security/sessions/%s/end",
            session_word(c, s->id)));
    }
    TableView *t = table_start(r, "tries", msg(c->language, "portal.security.tries"));
    table_column(t, msg(c->language, "portal.security.when"), "date", "id");
    table_column(t, msg(c->language, "portal.security.device"), "text", NULL);
    table_column(t, msg(c->language, "portal.security.result"), "text", "status");
    Trys tries = db_all(c, Try, "select at, inet6_ntoa(ip) as ip, user_agent, result from login_attempt "
                                "where realm = 'portal' and user_id = ? and at > ? order by id desc limit 100", c->user,
                        time_add_seconds(c->now, -90 * 86400));
    for (size_t i = 0; i < tries.n; i++) {
        table_row(t, NULL);
        table_cell(t, locale_time_words(&c->mem, c->locale, tries.v[i].at));
        bool viewed = !strcmp(tries.v[i].result, "viewed");        /* the words say who of the staff, and why */
        const char *device = viewed ? tries.v[i].user_agent : device_name(&c->mem, tries.v[i].user_agent);
        table_cell(t, viewed || !tries.v[i].ip ? device : text(r, "%s · %s", device, tries.v[i].ip));
        table_cell(t, msg(c->language, text(r, "portal.try.%s", tries.v[i].result)));
    }
    portal_page(r, "portal.security.title", "portal/security");
}

void security_session_end(Req *r) {
    Ctx *c = &r->c;
    const char *word = path_text(r, "word");
    OpenSessions all = sessions_open(c);
    for (size_t i = 0; i < all.n; i++)
        if (!strcmp(session_word(c, all.v[i].id), word)) {
            session_end(c, all.v[i].id, "revoked");
            audit_note(c, "session_ended", "portal_user", c->user, c->user_name, NULL);
            note(r, "%s", msg(c->language, "portal.security.ended"));
            go(r, "/profile/security");
            return;
        }
    fail(c, NOT_FOUND, "There is no such page.");
}
