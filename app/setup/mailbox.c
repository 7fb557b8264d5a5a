/*
 * The organization's mailbox is tried (ONB01US01, ONB-GUIDED): a message with a link goes there, and whoever reads it
 * confirms that it came. Like invitations it goes by the platform's server while there is no provider (comms/send.c).
 * The address confirmed is kept: when the platform corrects it the new one is tried anew.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/setup/organization.h"
#include "app/setup/pages.h"
#include "lib/crypt.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

#define SAY(r, key) msg((r)->c.language, "org.mailbox." key)
enum { HOURS = 72, SEND_AGAIN_S = 60, TOKEN_MOST = 100 };

#define MAILBOX(F, T) F(T, Id, id) F(T, const char *, name) F(T, const char *, admin_email) \
    F(T, const char *, confirmed) F(T, Time, confirmed_at) F(T, Time, sent_at)
ROW(Mailbox, MAILBOX)

static const Mailbox *mailbox(Ctx *c) {
    return db_one(c, Mailbox, "select id, name, admin_email, mailbox_confirmed as confirmed, mailbox_confirmed_at as "
                              "confirmed_at, mailbox_sent_at as sent_at from organization_setting where one = 1");
}

static bool is_confirmed(const Mailbox *m) { return m->confirmed && !strcmp(m->confirmed, m->admin_email); }

/* --- sending ------------------------------------------------------------------------------------------------------ */

static const Form send_form = { .name = "org_mailbox", .fields = FIELDS { { 0 } } };

static const char *state_words(Req *r, const Mailbox *m) {
    Ctx *c = &r->c;
    if (is_confirmed(m))
        return msg_format(r, c->language, "org.mailbox.since", { "when", locale_time_words(&c->mem, c->locale,
                                                                                           m->confirmed_at) });
    if (time_is_set(m->sent_at))
        return msg_format(r, c->language, "org.mailbox.waits", { "when", locale_time_words(&c->mem, c->locale,
                                                                                           m->sent_at) });
    return SAY(r, "never");
}

void org_mailbox_page(Req *r) {
    const Mailbox *m = mailbox(&r->c);
    show_text(r, "page.title", SAY(r, "title"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "org.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/org/setup"));
    show_text(r, "page.crumbs.1.text", SAY(r, "title"));
    show_text(r, "show.sections.0.title", m->admin_email);
    show_fact(r, "show.sections.0.facts", msg(r->c.language, "field.status"), state_words(r, m), NULL);
    form_show(r, "show.sections.0.form", &send_form, "/org/setup/mailbox");
    show_text(r, "show.sections.0.form.intro", SAY(r, "how"));
    show_text(r, "show.sections.0.form.submit", is_confirmed(m) ? SAY(r, "again") : SAY(r, "send"));
    page(r, "layout/show");
}

void org_mailbox_send(Req *r) {
    Ctx *c = &r->c;
    form_read(r, &send_form);
    const Mailbox *m = mailbox(c);
    if (time_is_set(m->sent_at) && c->now.us < time_add_seconds(m->sent_at, SEND_AGAIN_S).us)
        fail(r, CONFLICT, "%s", SAY(r, "just_sent"));
    uint8_t hash[TOKEN_HASH_SIZE];
    const char *token = random_token(&c->mem);
    token_hash(token, hash);
    db_must(c, 1, CONFLICT, "update organization_setting set mailbox_token_hash = ?, mailbox_sent_at = ? where id = ?",
            ((Bytes){ hash, sizeof hash }), c->now, m->id);
    const char *link = public_url(c, text(c, "/org/setup/mailbox/confirm?token=%s", token), false);
    NotifyField fields[] = { { "organization", m->name }, { "link", link }, { "hours", text(c, "%d", HOURS) }, { 0 } };
    notify(c, "mailbox_test", &(Recipient){ .email = m->admin_email }, fields,
           &(NotifyOptions){ .channels = "email", .entity = "organization_setting", .entity_id = m->id });
    audit_note(c, "mailbox_tried", "organization_setting", m->id, utf8_cut(&c->mem, m->admin_email, 60),
               NULL);
    note(r, "%s", msg_format(r, c->language, "org.mailbox.sent", { "email", m->admin_email }));
    go(r, "/org/setup/mailbox");
}

/* --- the link in the message -------------------------------------------------------------------------------------- */

static const Form confirm_form = { .name = "org_mailbox_confirm", .fields = FIELDS {
    { "token", HIDDEN(TOKEN_MOST) }, { 0 } } };

static const Mailbox *asked_by(Ctx *c, const char *token) {
    if (!token || strlen(token) > TOKEN_MOST) return NULL;
    uint8_t hash[TOKEN_HASH_SIZE];
    token_hash(token, hash);
    return db_find(c, Mailbox, "select id, name, admin_email, mailbox_confirmed as confirmed, mailbox_confirmed_at as "
                               "confirmed_at, mailbox_sent_at as sent_at from organization_setting "
                               "where mailbox_token_hash = ? and mailbox_sent_at > ?", ((Bytes){ hash, sizeof hash }),
                   time_add_seconds(c->now, -HOURS * 3600));
}

static void plain(Req *r, const char *title) {
    show_text(r, "page.title", title);
    show_text(r, "page.shell", "plain");
    page(r, "core/sign_in");
}

void org_mailbox_confirm_page(Req *r) {
    Ctx *c = &r->c;
    const char *token = r->again ? field_text(r, "token") : query_text(r, "token");
    const Mailbox *m = asked_by(c, token);
    if (!m) {
        r->status = CONFLICT;
        show_text(r, "texts.0", msg(c->language, "link.ended"));
        plain(r, msg(c->language, "link.ended_title"));
        return;
    }
    FormView *v = form_show(r, "form", &confirm_form, "/org/setup/mailbox/confirm");
    form_text(v, "token", token);
    show_text(r, "texts.0", msg_format(r, c->language, "org.mailbox.confirm", { "email", m->admin_email },
                                       { "name", m->name }));
    plain(r, SAY(r, "title"));
}

void org_mailbox_confirm(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &confirm_form);
    const Mailbox *m = asked_by(c, in_text(in, "token"));
    if (!m) fail(c, CONFLICT, "%s", msg(c->language, "link.ended"));
    db_must(c, 1, CONFLICT, "update organization_setting set mailbox_token_hash = null, mailbox_confirmed = ?, "
                            "mailbox_confirmed_at = ? where id = ?", m->admin_email, c->now, m->id);
    audit_note(c, "mailbox_confirmed", "organization_setting", m->id, utf8_cut(&c->mem, m->admin_email, 60),
               NULL);
    note(r, "%s", msg_format(r, c->language, "org.mailbox.done", { "email", m->admin_email }));
    go_to(r, c->user.id ? "/org/setup" : "/login");
}
