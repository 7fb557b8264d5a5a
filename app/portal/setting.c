/*
 * Settings of the portal as they are live: portal_setting, else what is delivered (file 3, "Settings of the portal").
 */
#include <stdlib.h>
#include <string.h>

#include "app/core/core.h"
#include "app/core/front.h"
#include "app/portal/pages.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"

/* What counts while the utility has set nothing. Amounts in minor units. */
static const struct { const char *key, *value; } delivered[] = {
    /* also meter_no, last_bill_amount, last_payment_amount, postal_code (as an addition) */
    { "proofs",             "[\"portal_code\"]" },
    { "languages",          "[\"en\",\"es\"]" },
    { "terms_version",      "1" },
    { "partial_payment",    "1" },
    { "pay_minimum_minor",  "500" },
    { "prepay_limit_minor", "100000" },
    { "guest_pay",          "1" },
    { "guest_lookups_hour", "10" },
    { "dispute_days",       "60" },
    { "send_reading",       "1" },
    { "receipt_duplicate",  "1" },                      /* "Duplicate" on a receipt that was downloaded before */
    { "two_step",           "optional" },               /* required: everybody gives a second step at sign-in */
    { "calling_code",       "1" },                      /* put before a mobile number typed without a country */
    { "usage_unit",         NULL },
    { NULL, NULL }
};

#define LIVE(F, T) F(T, const char *, key) F(T, const char *, value)
ROW(Live, LIVE)

static const char *live_find(Ctx *c, const char *key) {
    Lives *all = fact_get(c, "portal_setting", c->utility.id);
    if (!all) {
        all = take(c, sizeof *all);
        *all = db_all(c, Live, "select `key`, value from portal_setting where utility_id = ?", c->utility);
        fact_keep(c, "portal_setting", c->utility.id, all);
    }
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].key, key)) return all->v[i].value;
    return NULL;
}

const char *portal_setting_get(Ctx *c, const char *key) {
    const char *live = live_find(c, key);
    if (live) return live;
    for (int i = 0; delivered[i].key; i++)
        if (!strcmp(delivered[i].key, key)) return delivered[i].value;
    return NULL;
}

bool portal_setting_is(Ctx *c, const char *key) {
    const char *value = portal_setting_get(c, key);
    return value && (!strcmp(value, "1") || !strcmp(value, "true") || !strcmp(value, "on"));
}

int64_t portal_setting_int(Ctx *c, const char *key) {
    const char *value = portal_setting_get(c, key);
    return value ? strtoll(value, NULL, 10) : 0;
}

bool portal_setting_has(Ctx *c, const char *key, const char *word) {
    const char *value = portal_setting_get(c, key);
    Json list = value ? json_read(&c->mem, value, strlen(value), 2000, NULL) : (Json){ 0 };
    for (size_t i = 0; value && i < json_size(list); i++)
        if (json_text(json_item(list, i), "") && !strcmp(json_text(json_item(list, i), ""), word)) return true;
    return false;
}

/* --- languages ---------------------------------------------------------------------------------------------------- */

static const struct { const char *code, *name; } languages[] = { { "en", "English" }, { "es", "Español" } };

/* Before sign-in the choice stands in a cookie, afterwards with the user. */
void language_post(Req *r) {
    Ctx *c = &r->c;
    const char *code = path_text(r, "code");
    if (!messages_has_language(code) || !portal_setting_has(c, "languages", code))
        fail(c, NOT_FOUND, "There is no such page.");
    cookie_set(r, "language", code, 365 * 24 * 3600);
    if (c->user.id) db_run(c, "update portal_user set lang = ? where id = ?", code, c->user);
    const char *back = query_text(r, "back");
    go_to(r, back && path_is_own(back) ? back : link_path(r, c->user.id ? "/home" : "/signin"));
}

/* The languages page: names in their own script; works without script. */
void language_page(Req *r) {
    Ctx *c = &r->c;
    size_t n = 0;
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        if (!portal_setting_has(c, "languages", languages[i].code)) continue;
        show_text(r, at(r, "choices", n, "code"), languages[i].code);
        show_text(r, at(r, "choices", n, "text"), languages[i].name);
        show_flag(r, at(r, "choices", n, "current"), !strcmp(c->language, languages[i].code));
        show_text(r, at(r, "choices", n++, "url"), link_path(r, "/language/%s", languages[i].code));
    }
    show_text(r, "page.title", msg(c->language, "portal.language.title"));
    page(r, "portal/language");
}

void portal_page(Req *r, const char *title_key, const char *template_) {
    if (title_key) show_text(r, "page.title", msg(r->c.language, title_key));
    show_text(r, "page.shell", "portal");
    page(r, template_);
}

/* How to reach people, at the same place of every page. */
static void show_help(Req *r) {
    Ctx *c = &r->c;
    const Utility *u = utility_here(c);
    if (u->contact_phone) {
        const char *phone = phone_words(&c->mem, u->contact_phone);
        if (phone_is_valid(u->contact_phone)) show_text(r, "contact.call_url", text(r, "tel:%s", u->contact_phone));
        show_text(r, "contact.call", msg_format(c, c->language, "portal.help_call", { "phone", phone }));
    }
    if (!u->email) return;
    show_text(r, "contact.mail", u->email);
    show_text(r, "contact.mail_url", text(r, "mailto:%s", u->email));
}

void portal_shell(Req *r) {
    Ctx *c = &r->c;
    const Facts *f = facts_of(c);
    if (f->viewer.id) {
        show_text(r, "page.notices.view.tone", "warn");
        show_text(r, "page.notices.view.text",
                  msg_format(c, c->language, "portal.view.banner", { "name", f->viewer_name ? f->viewer_name : "" },
                             { "user", f->email ? f->email : "" }));
        show_text(r, "page.notices.view.action.text", msg(c->language, "portal.view.end"));
        show_text(r, "page.notices.view.action.url", link_path(r, "/signout"));
        show_text(r, "page.notices.view.action.post", "1");
    }
    if (c->user.id && !f->is_kept) {
        show_text(r, "stay.url", link_path(r, "/stay"));
        show_int(r, "stay.minutes", f->idle_minutes);
    }
    show_text(r, "languages_url", portal_setting_has(c, "languages", "es") ? link_path(r, "/language") : NULL);
    announcements_show(r);
    show_help(r);
}
