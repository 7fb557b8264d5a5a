/*
 * Who may do what with which account (CSS01US01 "Access levels"), and which of the linked accounts the visitor looks
 * at. A foreign account is NOT_FOUND, always.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/portal/pages.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { CLOSED_MONTHS = 24 };

static Access access_of(const char *word) {
    if (!word) return ACCESS_NONE;
    return !strcmp(word, "owner") ? ACCESS_OWNER : !strcmp(word, "manager") ? ACCESS_MANAGER : !strcmp(word, "payer")
        ? ACCESS_PAYER : ACCESS_VIEWER;
}

Access portal_access(Ctx *c, Id account) {
    if (c->realm != REALM_PORTAL || !c->user.id) return ACCESS_NONE;
    const Mine *m = mine_by_id(c, account);
    return m ? access_of(m->access) : ACCESS_NONE;
}

void portal_check(Ctx *c, Id account, Access least) {
    Access have = portal_access(c, account);
    if (have == ACCESS_NONE) fail(c, NOT_FOUND, "There is no such page.");
    if (have < least)
        fail(c, DENIED, "%s", msg(c->language, least == ACCESS_PAYER ? "portal.denied.pay" : "portal.denied.manage"));
}

#define PORTAL_LINK(F, T) F(T, Id, portal_user) F(T, const char *, public_id) F(T, const char *, email) \
    F(T, const char *, name) F(T, const char *, access) F(T, const char *, relation) \
    F(T, Time, linked_at) F(T, Time, last_signin_at)
ROW(PortalLinkRow, PORTAL_LINK)

PortalLinks portal_links(Ctx *c, Id account) {
    PortalLinkRows rows = db_all(c, PortalLinkRow, "select u.id as portal_user, u.public_id, u.email, n.display_name "
        "as name, l.access, l.relation, l.linked_at, u.last_signin_at from portal_account_link l "
        "join portal_user u on u.id = l.portal_user_id "
        "left join consumer n on n.id = u.consumer_id where l.account_id = ? "
        "and l.utility_id = ? and l.ended_at is null order by l.id", account, c->utility);
    PortalLinks all = { take_n(c, PortalLink, rows.n + 1), rows.n };
    for (size_t i = 0; i < rows.n; i++) {
        const PortalLinkRow *r = &rows.v[i];
        all.v[i] = (PortalLink){ r->portal_user, r->public_id, r->email, r->name, r->access, r->relation, r->linked_at,
                                 r->last_signin_at };
    }
    return all;
}

/* --- the accounts of the visitor ---------------------------------------------------------------------------------- */

/* Whoever looks at somebody else's portal looks only; an account that is closed can be looked at for two years more. */
Mines mine_all(Ctx *c) {
    Mines *kept = fact_get(c, "portal_mine", c->user.id);
    if (kept) return *kept;
    kept = take(c, sizeof *kept);
    *kept = db_all(c, Mine,
                   "select l.id as link_id, a.id, a.account_no, l.nickname, if(? or a.status in "
                   "('closed', 'cancelled'), 'viewer', l.access) as access, a.status, a.currency, "
                   "a.balance_minor, concat_ws(', ', p.line1, p.city) as address, l.row_version "
                   "from portal_account_link l join account a on a.id = l.account_id "
                   "join premise p on p.id = a.premise_id "
                   "where l.portal_user_id = ? and l.utility_id = ? and l.ended_at is null and (l.until is null "
                   "or l.until >= ?) and (a.closed_on is null or a.closed_on > ?) order by l.id",
                   portal_is_viewed(c), c->user, c->utility, utility_today(c),
                   date_add_months(utility_today(c), -CLOSED_MONTHS));
    fact_keep(c, "portal_mine", c->user.id, kept);
    return *kept;
}

bool mine_may(const Mine *m, Access least) { return access_of(m->access) >= least; }

const Mine *mine_by_no(Ctx *c, const char *account_no) {
    Mines all = mine_all(c);
    for (size_t i = 0; account_no && i < all.n; i++)
        if (!strcmp(all.v[i].account_no, account_no)) return &all.v[i];
    return NULL;
}

const Mine *mine_by_id(Ctx *c, Id account) {
    Mines all = mine_all(c);
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].id.id == account.id) return &all.v[i];
    return NULL;
}

/* The switcher remembers the last choice of this browser; a single account needs none. */
const Mine *mine_here(Req *r) {
    Ctx *c = &r->c;
    Mines all = mine_all(c);
    if (all.n == 1) return &all.v[0];
    const char *chosen = cookie_text(r, "account");
    if (chosen && !strcmp(chosen, "all")) return NULL;
    const Mine *m = mine_by_no(c, chosen);
    return m ? m : all.n ? &all.v[0] : NULL;
}

Mines mine_shown(Req *r) {
    Mines all = mine_all(&r->c);
    const Mine *one = mine_here(r);
    if (!one) return all;
    return (Mines){ (Mine *)one, 1 };
}

const char *mine_name(Ctx *c, const Mine *m) {
    return m->nickname && *m->nickname ? text(c, "%s (%s)", m->nickname, m->account_no) : m->account_no;
}

/* Data of macro portal/switcher: nothing when there is nothing to switch. */
void show_switcher(Req *r) {
    Ctx *c = &r->c;
    Mines all = mine_all(c);
    if (all.n < 2) return;
    const Mine *here = mine_here(r);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, at(r, "switcher.options", i, "value"), all.v[i].account_no);
        show_text(r, at(r, "switcher.options", i, "text"),
                  text(r, "%s · %s", mine_name(c, &all.v[i]), all.v[i].address));
        show_flag(r, at(r, "switcher.options", i, "selected"), here == &all.v[i]);
    }
    show_text(r, at(r, "switcher.options", all.n, "value"), "all");
    show_text(r, at(r, "switcher.options", all.n, "text"), msg(c->language, "portal.all_accounts"));
    show_flag(r, at(r, "switcher.options", all.n, "selected"), !here);
    show_text(r, "switcher.url", link_path(r, "/accounts/current"));
    show_text(r, "switcher.back", link_path(r, "%s", r->path.text + strlen(r->prefix)));
}

void switch_post(Req *r) {
    const char *to = field_text(r, "account"), *back = field_text(r, "back");
    if (!to || (strcmp(to, "all") && !mine_by_no(&r->c, to))) fail(r, NOT_FOUND, "There is no such page.");
    cookie_set(r, "account", to, 365 * 24 * 3600);
    go_to(r, back && path_is_own(back) ? back : link_path(r, "/home"));
}
