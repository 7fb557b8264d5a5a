/*
 * Paying (CSS01US03): what, then how with a last look, then the gateway's own page, then what the database says.
 * Consumers pay for their accounts, guests after a look-up, anybody one bill by its link. Amounts are fixed in a
 * payment_intent; nothing that comes back with the browser moves money (hub.h). Saved cards stand in method.c,
 * autopay in autopay.c.
 */
#include <stdlib.h>
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/installation.h"
#include "app/hub/hub.h"
#include "app/portal/bills.h"
#include "app/portal/method.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/utf8.h"

enum { LINES_MAX = 50, GUEST_S = 30 * 60, LINK_DAYS = 60, AGAIN_MINUTES = 10, PAY_KEY_MAX = 64 };
static const char guest_cookie[] = "s360_guest";

/* One thing that can be paid: an open item, or an amount of one's own (key "free"). */
typedef struct { const char *key, *kind, *label, *account_no; Id account, id; Date due; Money open; } Payable;
typedef struct { Payable v[LINES_MAX]; size_t n; } Payables;
typedef enum { PAYER_NOBODY, PAYER_USER, PAYER_GUEST, PAYER_LINK } PayerKind;
typedef struct { PayerKind kind; const Account *account; const BillHead *bill; const char *token; } Payer;

static const char *money_words(Ctx *c, Money m) { return locale_money(&c->mem, c->locale, m); }

/* --- who pays ----------------------------------------------------------------------------------------------------- */

static const Key *guest_key(void) {
    static Key key;
    static bool made;
    if (!made) key = key_for(installation_keys(), "cookie portal guest"), made = true;
    return &key;
}

/* The cookie holds in the utility of its look-up alone: other utilities and tenants count their accounts alike. */
static const char *guest_name(Ctx *c) {
    return text(c, "%s %lld %lld", guest_cookie, (long long)c->tenant.id, (long long)c->utility.id);
}

static const char *guest_value(Ctx *c, Id account) {
    return signed_value(&c->mem, guest_key(), guest_name(c), text(c, "%lld", (long long)account.id), time_unix(c->now));
}

static Id guest_account(Req *r) {
    Ctx *c = &r->c;
    const char *cookie = cookie_text(r, guest_cookie);
    Signed s;
    bool holds = cookie && signed_open(&c->mem, guest_key(), guest_name(c), cookie, time_unix(c->now), GUEST_S, &s);
    return holds ? (Id){ strtoll(s.value, NULL, 10) } : (Id){ 0 };
}

static const char *sent(Req *r, const char *name) {
    return strcmp(r->method, "POST") ? query_text(r, name) : field_text(r, name);
}

/* A bill's link: that bill alone, until 60 days past due. */
static const BillHead *bill_of_link(Ctx *c, const char *token) {
    const BillHead *b = token && strlen(token) == 22 ? bill_by_token(c, token) : NULL;
    return b && date_days_between(b->due_date, utility_today(c)) <= LINK_DAYS && !strcmp(b->status, "published")
        ? b : NULL;
}

static Payer payer_of(Req *r) {
    Ctx *c = &r->c;
    const char *token = sent(r, "link");
    const BillHead *b = bill_of_link(c, token);
    if (b) return (Payer){ .kind = PAYER_LINK, .bill = b, .account = account_get(c, b->account), .token = token };
    if (c->user.id) return (Payer){ .kind = PAYER_USER };
    Id account = portal_setting_is(c, "guest_pay") ? guest_account(r) : (Id){ 0 };
    return account.id ? (Payer){ .kind = PAYER_GUEST, .account = account_get(c, account) } : (Payer){ 0 };
}

/* --- what can be paid --------------------------------------------------------------------------------------------- */

/* An item is named by the bill's number, else by a keyed word: never by its row. */
static const char *item_key(Ctx *c, const OpenItem *i) {
    if (!strcmp(i->type, "bill") && i->number) return i->number;
    const uint8_t *b = lookup_hash(c, text(c, "item %s %lld", i->type, (long long)i->id.id)).p;
    return text(c, "%s-%02x%02x%02x%02x%02x", i->type, b[0], b[1], b[2], b[3], b[4]);
}

static void add_account(Ctx *c, Payables *to, Id account, const char *account_no) {
    OpenItems items = open_items(c, account);
    for (size_t i = 0; i < items.n && to->n < LINES_MAX - 1; i++)
        to->v[to->n++] = (Payable){ item_key(c, &items.v[i]), items.v[i].type, items.v[i].label, account_no, account,
                                    items.v[i].id, items.v[i].due_on, items.v[i].unpaid };
    if (to->n < LINES_MAX) to->v[to->n++] = (Payable){ text(c, "free-%s", account_no), "advance", NULL, account_no,
        account, { 0 }, DATE_NONE, { 0 } };
}

static Payables payables_of(Req *r, const Payer *p) {
    Ctx *c = &r->c;
    Payables all = { .n = 0 };
    if (p->kind == PAYER_LINK) {
        if (p->bill->open.minor > 0) all.v[all.n++] = (Payable){ p->bill->bill_no, "bill", NULL, p->account->account_no,
            p->account->id, p->bill->id, p->bill->due_date, p->bill->open };
    } else if (p->kind == PAYER_GUEST) {
        OpenItems items = open_items(c, p->account->id);
        all.v[all.n++] = (Payable){ text(c, "free-%s", p->account->account_no), "advance", NULL, p->account->account_no,
                                    p->account->id, { 0 }, items.n ? items.v[0].due_on : DATE_NONE, items.total };
    } else if (p->kind == PAYER_USER) {
        Mines mines = mine_all(c);
        for (size_t i = 0; i < mines.n; i++)
            if (mine_may(&mines.v[i], ACCESS_PAYER)) add_account(c, &all, mines.v[i].id, mines.v[i].account_no);
    }
    return all;
}

static void refuse_viewer(Ctx *c) {
    Mines mines = mine_all(c);
    for (size_t i = 0; i < mines.n; i++)
        if (mine_may(&mines.v[i], ACCESS_PAYER)) return;
    if (mines.n) fail(c, DENIED, "%s", msg(c->language, "portal.denied.pay"));
}

/* --- /pay: what --------------------------------------------------------------------------------------------------- */

typedef enum { STEP_WHAT, STEP_HOW, STEP_REVIEW, STEP_RESULT } PayStep;

/* How is asked only where there is something to choose. */
static void show_pay_steps(Req *r, PayStep now, bool chooses) {
    static const char *const words[] = { "portal.pay.step.what", "portal.pay.step.how", "portal.pay.step.review",
                                         "portal.pay.step.result" };
    size_t n = 0;
    for (int i = STEP_WHAT; i <= STEP_RESULT; i++) {
        if (i == STEP_HOW && !chooses) continue;
        show_text(r, at(r, "steps", n, "text"), msg(r->c.language, words[i]));
        show_text(r, at(r, "steps", n++, "state"), i < (int)now ? "done" : i == (int)now ? "now" : "todo");
    }
}

static bool ways_differ(Ctx *c, Money amount) { return payment_ways(c, amount).n > 1; }

static const Form guest_form = { .name = "portal.guest", .fields = FIELDS {
    { "account_no",  NULL, TEXT(3, 30), .flags = REQUIRED, .width = "20", .autocomplete = "off" },
    { "postal_code", NULL, TEXT(2, 20), .flags = REQUIRED, .width = "10",
      .autocomplete = "postal-code" }, { 0 } } };

static void guest_page(Req *r) {
    Ctx *c = &r->c;
    if (!portal_setting_is(c, "guest_pay")) fail(c, NOT_FOUND, "There is no such page.");
    if (sent(r, "link")) {
        show_text(r, "page.notices.0.tone", "warn");
        show_text(r, "page.notices.0.text", msg(c->language, "portal.pay.link_ended"));
    }
    form_show(r, "form", &guest_form, "/pay/guest");
    show_text(r, "form.submit", msg(c->language, "portal.continue"));
    show_text(r, "texts.0", msg(c->language, "portal.pay.guest_how"));
    show_text(r, "links.0.text", msg(c->language, "portal.signin.submit"));
    show_text(r, "links.0.url", link_path(r, "/signin?next=%s", url_part(r, link_path(r, "/pay"))));
    portal_page(r, "portal.pay.title", "portal/sign_in");
}

static const char *due_line(Ctx *c, Date due) {
    return date_is_set(due) ? msg_format(c, c->language, "portal.bill.due_on",
                                         { "date", locale_date(&c->mem, c->locale, due) }) : NULL;
}

static void show_payable(Req *r, size_t i, const Payable *p, bool picked) {
    Ctx *c = &r->c;
    bool free_amount = !strcmp(p->kind, "advance");
    const char *typed = r->again ? field_text(r, text(r, "amount_%s", p->key)) : NULL;
    show_text(r, at(r, "items", i, "key"), p->key);
    show_text(r, at(r, "items", i, "account"), p->account_no);
    show_flag(r, at(r, "items", i, "free"), free_amount);
    show_text(r, at(r, "items", i, "label"), free_amount ? msg_format(c, c->language, "portal.pay.free",
        { "account", p->account_no }) : !strcmp(p->kind, "bill") ? msg_format(c, c->language, "portal.pay.bill",
        { "bill", p->key }) : p->label);
    show_text(r, at(r, "items", i, "sub"), free_amount ? msg(c->language, "portal.pay.free_how") : p->open.minor
              ? text(r, "%s · %s", money_words(c, p->open), date_is_set(p->due) ? due_line(c, p->due) : "") : NULL);
    show_text(r, at(r, "items", i, "amount"), typed ? typed : p->open.minor ? locale_money_plain(&c->mem, c->locale,
        p->open) : "");
    show_flag(r, at(r, "items", i, "picked"), r->again ? field_text(r, text(r, "pick_%s", p->key)) != NULL : picked);
    for (int k = 0; k < r->problems; k++)
        if (r->problem[k].field && !strcmp(r->problem[k].field, text(r, "amount_%s", p->key)))
            show_text(r, at(r, "items", i, "error"), r->problem[k].text);
}

void pay_page(Req *r) {
    Ctx *c = &r->c;
    Payer payer = payer_of(r);
    if (payer.kind == PAYER_NOBODY || (payer.kind == PAYER_LINK && payer.bill->open.minor <= 0 && !c->user.id)) {
        if (payer.kind == PAYER_LINK) {
            show_text(r, "texts.0", msg_format(c, c->language, "portal.pay.paid_already",
                                               { "bill", payer.bill->bill_no }));
            portal_page(r, "portal.pay.title", "portal/sign_in");
            return;
        }
        guest_page(r);
        return;
    }
    if (payer.kind == PAYER_USER) refuse_viewer(c);
    Payables all = payables_of(r, &payer);
    const char *wanted = query_text(r, "bill");
    bool free_wished = query_text(r, "other") != NULL;
    for (size_t i = 0; i < all.n; i++) {
        bool guest = payer.kind == PAYER_GUEST;
        bool picked = wanted ? !strcmp(all.v[i].key, wanted) : strcmp(all.v[i].kind, "advance") ? !free_wished : guest;
        show_payable(r, i, &all.v[i], picked);
    }
    for (int k = 0; k < r->problems; k++) {
        show_text(r, text(r, "page.errors.%d.field", k), r->problem[k].field);
        show_text(r, text(r, "page.errors.%d.text", k), r->problem[k].text);
    }
    bool again_asked = r->again && r->status == CONFLICT && field_text(r, "again") == NULL && r->problems
        && r->problem[0].field && !strcmp(r->problem[0].field, "again");
    show_flag(r, "ask_again", again_asked || (r->again && field_text(r, "again") != NULL));
    if (payer.kind == PAYER_GUEST || payer.kind == PAYER_LINK) {
        Money open = all.n ? all.v[0].open : (Money){ 0 };
        show_text(r, "owed", msg_format(c, c->language, "portal.pay.due", { "amount", money_words(c, open) },
                                        { "date", all.n && date_is_set(all.v[0].due) ? locale_date(&c->mem, c->locale,
            all.v[0].due) : "" }));
        show_flag(r, "guest", true);
        show_text(r, "email", r->again ? field_text(r, "email") : NULL);
    }
    show_text(r, "link", payer.token);
    show_pay_steps(r, STEP_WHAT, ways_differ(c, (Money){ 0 }));
    show_text(r, "action", link_path(r, "/pay"));
    portal_page(r, "portal.pay.title", "portal/pay");
}

/* --- the guest's look-up ------------------------------------------------------------------------------------------ */

typedef struct Lookup { Bytes subject; Id row; } Lookup;

/* Counted before anything is looked at, and then all others are: of many at once the last to be counted sees them all,
 * so never more than the limit get through. */
static void count_lookup(Ctx *c, void *arg) {
    Lookup *l = arg;
    l->row = db_insert(c, "insert into otp_challenge (utility_id, purpose, subject_hash, channel, code_hash, "
                          "expires_at, used_at, ip, created_at) values (?,'guest',?,'none',?,?,?,inet6_aton(?),?)",
                       c->utility, l->subject, l->subject, c->now, c->now, c->address, c->now);
}

static void forget_lookup(Ctx *c, void *arg) {
    db_run(c, "delete from otp_challenge where id = ?", ((Lookup *)arg)->row);
}

void guest_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &guest_form);
    problems_end(r);
    if (!portal_setting_is(c, "guest_pay")) fail(c, NOT_FOUND, "There is no such page.");
    const char *no = typed_code(&c->mem, in_text(in, "account_no"));
    Lookup look_up = { .subject = lookup_hash(c, no) };
    db_tx(c, DB_WRITE, count_lookup, &look_up, NULL);
    int64_t before = db_int(c, "select count(*) from otp_challenge where ip = inet6_aton(?) and purpose = 'guest' "
                               "and created_at > ? and id <> ?", c->address, time_add_seconds(c->now, -3600),
                            look_up.row);
    if (before >= portal_setting_int(c, "guest_lookups_hour")) {
        db_tx(c, DB_WRITE, forget_lookup, &look_up, NULL);
        fail_busy(c, 3600, "%s", msg(c->language, "portal.pay.lookups"));
    }
    const Account *a = account_find(c, no);
    bool right = a && a->postal_code && !strcmp(typed_code(&c->mem, a->postal_code),
                                                typed_code(&c->mem, in_text(in, "postal_code")));
    if (!right) fail(c, INVALID, "%s", msg(c->language, "portal.pay.not_found"));
    cookie_set(r, guest_cookie, guest_value(c, a->id), GUEST_S);
    go(r, "/pay");
}

/* /b/<token>: one bill, whoever holds its link; the host tells the tenant, the token the utility. */
void bill_link(Req *r) {
    Ctx *c = &r->c;
    const char *token = path_text(r, "token");
    Id utility = strlen(token) == 22 ? bill_token_utility(c, token) : (Id){ 0 };
    if (!utility.id) fail(c, NOT_FOUND, "There is no such page.");
    utility_enter(c, utility);
    go_to(r, text(r, "/p/%s/pay?link=%s", c->utility_code, url_part(r, token)));
}

/* --- POST /pay: the intent ---------------------------------------------------------------------------------------- */

typedef struct { IntentLine v[LINES_MAX]; int n; Money total; } Basket;

static const Payable *payable_named(const Payables *all, const char *key) {
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].key, key)) return &all->v[i];
    return NULL;
}

/* Whether the payer may be told of a bill: a guest of those of the account that was looked up, by a link of that
   one. */
static bool may_know(Ctx *c, const Payer *p, const BillHead *b) {
    if (p->kind == PAYER_LINK) return b->id.id == p->bill->id.id;
    return p->kind == PAYER_USER ? mine_by_id(c, b->account) != NULL : b->account.id == p->account->id.id;
}

/* A ticked item that is not open any more: paid or cancelled meanwhile. */
static void check_gone(Req *r, const Payer *payer, const Payables *all) {
    Ctx *c = &r->c;
    for (size_t i = 0; i < r->fields.n; i++) {
        const char *name = r->fields.v[i].name;
        if (strncmp(name, "pick_", 5) || payable_named(all, name + 5)) continue;
        const BillHead *b = bill_get(c, name + 5);
        if (!b || !may_know(c, payer, b)) fail(c, NOT_FOUND, "There is no such page.");
        PaidParts parts = item_payments(c, "bill", b->id);
        if (!parts.n) fail(c, CONFLICT, "%s", msg_format(c, c->language, "portal.pay.gone", { "bill", b->bill_no }));
        Time at_ = parts.v[parts.n - 1].received_at;
        bool today = date_compare(time_date(c->locale->zone, at_), utility_today(c)) == 0;
        fail(c, CONFLICT, "%s",
             msg_format(c, c->language, today ? "portal.pay.was_paid_at" : "portal.pay.was_paid",
                        { "bill", b->bill_no },
                        { "date", locale_date(&c->mem, c->locale, parts.v[parts.n - 1].value_date) },
                        { "time", locale_clock(&c->mem, c->locale, at_) }));
    }
}

static void add_line(Req *r, Basket *b, const Payable *p) {
    Ctx *c = &r->c;
    const char *field = text(r, "amount_%s", p->key), *typed = field_text(r, field);
    Money amount;
    if (!typed || !*typed || read_money(c->locale, typed, false, &amount) || amount.minor <= 0) {
        problem(r, field, "%s", msg(c->language, "portal.pay.enter"));
        return;
    }
    if (strcmp(p->kind, "advance") && amount.minor > p->open.minor) {
        problem(r, field, "%s", msg_format(c, c->language, "portal.pay.too_much",
                                           { "amount", money_words(c, p->open) }));
        return;
    }
    b->v[b->n++] = (IntentLine){ p->account, p->kind, p->id, amount };
    b->total = money_add(b->total, amount);
}

/* Per account: at least the minimum (or all that is open), at most what is open and the limit of paying ahead. */
static void check_amounts(Req *r, const Payables *all, const Basket *b) {
    Ctx *c = &r->c;
    for (size_t i = 0; i < all->n; i++) {
        const Payable *p = &all->v[i];
        if (i && all->v[i - 1].account.id == p->account.id) continue;
        Money pays = { 0 }, open = open_items(c, p->account).total;
        const char *first = NULL;
        for (int k = 0; k < b->n; k++)
            if (b->v[k].account.id == p->account.id) {
                pays = money_add(pays, b->v[k].amount);
                for (size_t m = 0; m < all->n && !first; m++)
                    if (all->v[m].account.id == p->account.id && all->v[m].id.id == b->v[k].target.id
                        && !strcmp(all->v[m].kind, b->v[k].target_kind)) first = all->v[m].key;
            }
        if (!pays.minor) continue;
        int64_t least = portal_setting_int(c, "pay_minimum_minor");
        if (!portal_setting_is(c, "partial_payment")) least = open.minor;
        if (open.minor > 0 && least > open.minor) least = open.minor;
        int64_t most = open.minor + portal_setting_int(c, "prepay_limit_minor");
        if (pays.minor >= least && pays.minor <= most) continue;
        problem(r, text(r, "amount_%s", first), "%s", msg_format(c, c->language, "portal.pay.limits",
            { "least", money_words(c, (Money){ least }) }, { "most", money_words(c, (Money){ most }) }));
    }
}

/* The gateways' own smallest and largest amounts, said at the first field. */
static void check_gateways(Req *r, const Payables *all, const Basket *b) {
    Ctx *c = &r->c;
    Gateways any = gateways_active(c, (Money){ 0 });
    if (!any.n) fail(c, CONFLICT, "%s", msg(c->language, "portal.pay.down"));
    if (gateways_active(c, b->total).n) return;
    Money least = any.v[0].min, most = any.v[0].max;
    for (size_t i = 1; i < any.n; i++) {
        if (any.v[i].min.minor < least.minor) least = any.v[i].min;
        if (any.v[i].max.minor > most.minor) most = any.v[i].max;
    }
    for (size_t i = 0; i < all->n; i++) {
        const char *field = text(r, "amount_%s", all->v[i].key);
        if (!field_text(r, text(r, "pick_%s", all->v[i].key))) continue;
        problem(r, field, "%s", msg_format(c, c->language, "portal.pay.limits", { "least", money_words(c, least) },
                                           { "most", money_words(c, most) }));
        return;
    }
}

/* The same amount for the same account under way, or paid within ten minutes: asked for once more. */
static void check_double(Req *r, const Basket *b) {
    Ctx *c = &r->c;
    if (field_text(r, "again")) return;
    for (int i = 0; i < b->n; i++) {
        Money pays = { 0 };
        for (int k = 0; k < b->n; k++)
            if (b->v[k].account.id == b->v[i].account.id) pays = money_add(pays, b->v[k].amount);
        Time paid = payment_like_at(c, b->v[i].account, pays, AGAIN_MINUTES),
            begun = payment_intent_like_at(c, b->v[i].account, pays);
        if (!time_is_set(paid) && !time_is_set(begun)) continue;
        fail_field(c, CONFLICT, "again", "%s",
                   msg_format(c, c->language, time_is_set(paid) ? "portal.pay.already" : "portal.pay.under_way",
                              { "amount", money_words(c, pays) },
                                                       { "time", locale_clock(&c->mem, c->locale, time_is_set(paid)
                                                           ? paid : begun) }));
    }
}

void pay_post(Req *r) {
    Ctx *c = &r->c;
    Payer payer = payer_of(r);
    if (payer.kind == PAYER_NOBODY) {
        go(r, "/pay");
        return;
    }
    if (payer.kind == PAYER_USER) refuse_viewer(c);
    Payables all = payables_of(r, &payer);
    check_gone(r, &payer, &all);
    Basket b = { .n = 0 };
    for (size_t i = 0; i < all.n; i++)
        if (field_text(r, text(r, "pick_%s", all.v[i].key))) add_line(r, &b, &all.v[i]);
    const char *email = field_text(r, "email");
    if (email && *email && !email_is_valid(email)) problem(r, "email", "%s", msg(c->language, "portal.pay.email_bad"));
    problems_end(r);
    if (!b.n) fail(c, INVALID, "%s", msg(c->language, "portal.pay.choose"));
    check_amounts(r, &all, &b);
    problems_end(r);
    check_gateways(r, &all, &b);
    problems_end(r);
    check_double(r, &b);
    const char *form_key = field_text(r, c->user.id ? "form_key" : "pay_key");
    if (form_key && strlen(form_key) > PAY_KEY_MAX) fail(c, INVALID, "%s", msg(c->language, "portal.pay.choose"));
    /* a key is good for one payer */
    int64_t whose = payer.kind == PAYER_USER ? c->user.id : payer.account->id.id;
    const char *kind = payer.kind == PAYER_USER ? "pay" : "guest";
    const Intent *i = payment_intent_create(c, &(NewIntent){ .lines = b.v, .n = b.n, .purpose = "bill",
        .channel = payer.kind == PAYER_USER ? "portal" : "link", .key = form_key && *form_key
        ? text(c, "%s:%lld:%s", kind, (long long)whose, form_key) : public_id_new(c),
                                            .portal_user = c->user, .guest_email = email && *email ? email : NULL,
                                            .expires_s = GUEST_S });
    go(r, "/pay/%s", i->public_id);
}

/* --- /pay/<intent>: how, and the last look ------------------------------------------------------------------------ */

/* Whoever knows the 22 random characters; of somebody's own payment: that person alone. */
static const Intent *intent_of_path(Req *r) {
    Ctx *c = &r->c;
    const Intent *i = payment_intent_status(c, path_text(r, "intent"));
    if (!i) fail(c, NOT_FOUND, "There is no such page.");
    Id payer = intent_payer(c, i->id);
    if (payer.id && payer.id != c->user.id) fail(c, NOT_FOUND, "There is no such page.");
    return i;
}

static void show_lines(Req *r, const Intent *i) {
    Ctx *c = &r->c;
    IntentLines lines = intent_lines(c, i->id);
    size_t n = 0;
    for (size_t k = 0; k < lines.n; k++) {
        const Account *a = account_get(c, lines.v[k].account);
        const BillHead *b = !strcmp(lines.v[k].target_kind, "bill") ? bill_by_id(c, lines.v[k].target) : NULL;
        show_text(r, at(r, "lines", n, "text"), b ? msg_format(c, c->language, "portal.pay.bill",
            { "bill", b->bill_no }) : msg_format(c, c->language, "portal.pay.for_account",
                                                 { "account", a->account_no }));
        show_text(r, at(r, "lines", n, "amount"), money_words(c, lines.v[k].amount));
        if (b && lines.v[k].amount.minor < b->open.minor)
            show_text(r, at(r, "lines", n, "sub"), msg_format(c, c->language, "portal.pay.leaves",
            { "amount", money_words(c, money_sub(b->open, lines.v[k].amount)) }));
        n++;
        if (strcmp(lines.v[k].target_kind, "advance") || strcmp(i->channel, "portal")) continue;
        Preview p = payment_allocate_preview(c, a->id, lines.v[k].amount, NULL, 0);
        for (size_t m = 0; m < p.n; m++) {
            show_text(r, at(r, "lines", n, "text"), p.v[m].label);
            show_text(r, at(r, "lines", n, "sub"), msg_format(c, c->language, "portal.pay.of_it",
                { "amount", money_words(c, p.v[m].amount) }));
            show_text(r, at(r, "lines", n++, "part"), "1");
        }
        if (p.credit.minor > 0) {
            show_text(r, at(r, "lines", n, "text"), msg(c->language, "portal.pay.as_credit"));
            show_text(r, at(r, "lines", n, "sub"), money_words(c, p.credit));
            show_text(r, at(r, "lines", n++, "part"), "1");
        }
    }
}

static bool can_start(const Intent *i) {
    return !strcmp(i->state, "created") || !strcmp(i->state, "failed_to_start") || !strcmp(i->state, "requires_action");
}

/* A way to pay as it is shown: a saved card ("m-...") or a way of the hub. saves: it can keep the card. */
typedef struct Way { const char *value, *text; Money fee; bool saves; } Way;
enum { WAYS_MOST = 30 };

static bool is_one_gateway(const PayWays *all) {
    for (size_t k = 1; k < all->n; k++)
        if (all->v[k].gateway.id != all->v[0].gateway.id) return false;
    return true;
}

/* "Card", with the gateway's name where there are several; beside saved cards "Another card". */
static const char *way_text(Ctx *c, const PayWays *all, const PayWay *w, bool has_cards) {
    bool is_one = is_one_gateway(all);
    bool is_card = !w->method || !strcmp(w->method, "card");
    if (has_cards && is_one && is_card) return msg(c->language, "portal.pay.other_card");
    if (!w->method) return w->label;
    const char *method = msg(c->language, text(c, "portal.pay.method.%s", w->method));
    return is_one ? method : text(c, "%s: %s", w->label, method);
}

static size_t ways_of(Ctx *c, const Intent *i, const PayWays *open, Way *v) {
    size_t n = 0;
    bool with_cards = c->user.id && !strcmp(i->channel, "portal");
    Methods cards = with_cards ? methods_mine(c) : (Methods){ 0 };
    for (size_t k = 0; k < cards.n && n < WAYS_MOST; k++) {
        bool is_open = false;
        for (size_t g = 0; g < open->n; g++) is_open |= open->v[g].gateway.id == cards.v[k].gateway_account_id.id;
        if (is_open && !strcmp(cards.v[k].status, "active"))
            v[n++] = (Way){ text(c, "m-%s", cards.v[k].public_id), method_words(c, &cards.v[k]),
                            gateway_fee(c, cards.v[k].gateway_account_id, cards.v[k].kind, i->amount), false };
    }
    bool has_cards = n > 0;
    for (size_t k = 0; k < open->n && n < WAYS_MOST; k++) {
        const PayWay *w = &open->v[k];
        v[n++] = (Way){ w->name, way_text(c, open, w, has_cards), w->fee, w->saves };
    }
    return n;
}

/* The ways, and the one that is looked at: chosen in the address, or the first where all are of one gateway, and cost
   the same; NULL: none yet. */
static const Way *show_ways(Req *r, const Intent *i, const PayWays *open, const char *wanted) {
    Ctx *c = &r->c;
    Way *v = take_n(c, Way, WAYS_MOST);
    size_t n = ways_of(c, i, open, v);
    const Way *chosen = NULL;
    for (size_t k = 0; k < n && !chosen; k++)
        if (wanted ? !strcmp(v[k].value, wanted) : open->n == 1) chosen = &v[k];
    if (!chosen && open->n == 1) chosen = v;                    /* what was asked for is not there any more */
    for (size_t k = 0; k < n; k++) {
        Money fee = v[k].fee;
        show_text(r, at(r, "ways", k, "value"), v[k].value);
        show_text(r, at(r, "ways", k, "text"), v[k].text);
        show_text(r, at(r, "ways", k, "sub"),
                  fee.minor ? msg_format(c, c->language, "portal.pay.with_fee", { "fee", money_words(c, fee) },
                                         { "total", money_words(c, money_add(i->amount, fee)) })
                            : msg(c->language, "portal.pay.no_fee"));
        show_flag(r, at(r, "ways", k, "first"), chosen ? chosen == &v[k] : !k);
    }
    if (chosen && open->n == 1) {
        Way *one = take(c, sizeof *one);
        *one = *chosen;
        for (size_t k = 0; k < n; k++) one->saves |= v[k].saves;
        return one;
    }
    return chosen;
}

void pay_intent_page(Req *r) {
    Ctx *c = &r->c;
    const Intent *i = intent_of_path(r);
    if (!can_start(i) || i->is_starting) {
        go(r, "/pay/%s/return", i->public_id);
        return;
    }
    if (!strcmp(i->state, "failed_to_start")) {
        show_text(r, "page.notices.0.tone", "bad");
        show_text(r, "page.notices.0.text", msg(c->language, "portal.pay.down"));
    }
    if (c->now.us > i->expires_at.us) {
        show_text(r, "texts.0", msg(c->language, "portal.pay.too_late"));
        show_text(r, "links.0.text", msg(c->language, "portal.pay.try_again"));
        show_text(r, "links.0.url", link_path(r, "/pay"));
        portal_page(r, "portal.pay.review", "portal/sign_in");
        return;
    }
    PayWays all = payment_ways(c, i->amount);
    bool chooses = all.n > 1;
    const Way *way = show_ways(r, i, &all, query_text(r, "way"));
    show_pay_steps(r, chooses && !way ? STEP_HOW : STEP_REVIEW, chooses);
    show_lines(r, i);
    if (!all.n) {
        show_text(r, "page.notices.0.tone", "bad");
        show_text(r, "page.notices.0.text", msg(c->language, "portal.pay.down"));
    }
    Money fee = way ? way->fee : (Money){ 0 };
    show_text(r, "total", money_words(c, money_add(i->amount, fee)));
    if (fee.minor) show_text(r, "fee", money_words(c, fee));
    show_text(r, "fee_seen", text(r, "%lld", (long long)fee.minor));
    if (way && chooses) show_text(r, "way", way->value), show_text(r, "way_text", way->text);
    if (way && way->saves && c->user.id && !portal_is_viewed(c))
        show_text(r, "keep", msg(c->language, "portal.pay.keep"));
    show_text(r, "pay",
              msg_format(c, c->language, "portal.home.pay", { "amount", money_words(c, money_add(i->amount, fee)) }));
    show_flag(r, "ready", way != NULL);
    show_flag(r, "choose", chooses && !way);
    show_text(r, "here_url", link_path(r, "/pay/%s", i->public_id));
    show_text(r, "start_url", link_path(r, "/pay/%s/start", i->public_id));
    show_text(r, "back_url", chooses && way ? link_path(r, "/pay/%s", i->public_id) : link_path(r, "/pay"));
    portal_page(r, chooses && !way ? "portal.pay.how" : "portal.pay.review", "portal/pay_review");
}

typedef struct Look { Req *r; const Intent *i; Id gateway; } Look;

static void keep(Ctx *c, void *arg) {
    Look *l = arg;
    method_keep_with(c, l->i, l->gateway);
}

static void look(Ctx *c, void *arg) {
    Look *l = arg;
    (void)c;
    l->i = intent_of_path(l->r);
}

/* What was shown is what is taken: the fee may have been changed meanwhile. */
static void check_fee(Req *r, const Intent *i, Money fee) {
    int64_t seen = 0;
    const char *said = field_text(r, "fee_seen");
    if (!said || strcmp(i->state, "requires_action") == 0) return;
    if (count_parse(said, INT64_MAX / 2, &seen) != NUMBER_OK || seen != fee.minor)
        fail(r, CONFLICT, "%s", msg_format(&r->c, r->c.language, "portal.pay.fee_changed",
                                           { "fee", money_words(&r->c, fee) },
                                           { "total", money_words(&r->c, money_add(i->amount, fee)) }));
}

/* To the gateway's own page: card numbers never come here. A second press finds it open and goes there too. */
void pay_start_post(Req *r) {
    Ctx *c = &r->c;
    Look l = { .r = r };
    db_tx(c, DB_WRITE, look, &l, NULL);
    const Intent *i = l.i;
    PayWays all = payment_ways(c, i->amount);
    const char *way = field_text(r, "way");
    if (way && !strncmp(way, "m-", 2)) {
        const Method *m = c->user.id ? method_mine(c, way + 2) : NULL;
        if (!m || strcmp(m->status, "active")) fail(c, CONFLICT, "%s", msg(c->language, "portal.methods.expired"));
        ChargeToken by = method_token(c, m);
        check_fee(r, i, gateway_fee(c, by.gateway, by.kind, i->amount));
        payment_intent_charge(c, i->id, &by);
        go(r, "/pay/%s/return", i->public_id);
        return;
    }
    const PayWay *by = NULL;
    for (size_t k = 0; k < all.n && !by; k++)
        if (way ? !strcmp(all.v[k].name, way) : all.n == 1 || !strcmp(i->state, "requires_action")) by = &all.v[k];
    if (!all.n) fail(c, CONFLICT, "%s", msg(c->language, "portal.pay.down"));
    if (!by) fail(c, CONFLICT, "%s", msg(c->language, "portal.pay.choose_way"));
    l.gateway = by->gateway;
    check_fee(r, i, by->fee);
    bool in_time = can_start(i) && c->now.us <= i->expires_at.us;
    bool keeps = field_text(r, "keep") && c->user.id && in_time && by->saves;
    if (keeps) db_tx(c, DB_WRITE, keep, &l, NULL);
    i = payment_intent_start(c, i->id, by->gateway, by->method);
    bool open = !strcmp(i->state, "requires_action") && i->redirect_url;
    if (open) go_to(r, i->redirect_url);
    else go(r, !strcmp(i->state, "failed_to_start") ? "/pay/%s" : "/pay/%s/return", i->public_id);
}

/* --- /pay/<intent>/return: what the database says ----------------------------------------------------------------- */

static const char *outcome_of(const Ctx *c, const Intent *i) {
    if (can_start(i) && !i->is_starting && c->now.us > i->expires_at.us) return "expired";
    static const char *const pending[] = { "created", "requires_action", "processing", "needs_review", NULL };
    for (int k = 0; pending[k]; k++)
        if (!strcmp(i->state, pending[k])) return "pending";
    if (!strcmp(i->state, "succeeded") || !strcmp(i->state, "partially_refunded") || !strcmp(i->state, "refunded"))
        return "success";
    return !strcmp(i->state, "cancelled") ? "cancelled" : !strcmp(i->state, "expired") ? "expired" : "failed";
}

/* Why the bank said no, in the consumer's language where the gateway's code is known. */
static const char *declined_words(Ctx *c, const Intent *i) {
    const char *key = i->failure_code ? text(c, "portal.decline.%s", i->failure_code) : NULL;
    if (key && msg_exists(key))
        return msg_format(c, c->language, "portal.pay.bank_declined", { "reason", msg(c->language, key) });
    return i->failure_text ? msg_format(c, c->language, "portal.pay.declined", { "reason", i->failure_text }) : NULL;
}

static void show_receipt_rows(Req *r, ReceiptPayments all) {
    Ctx *c = &r->c;
    for (size_t k = 0; k < all.n; k++) {
        show_text(r, at(r, "payments", k, "text"), all.v[k].payment_no);
        show_text(r, at(r, "payments", k, "sub"), all.v[k].account_no);
        show_text(r, at(r, "payments", k, "amount"), money_words(c, all.v[k].amount));
    }
}

void pay_return_page(Req *r) {
    Ctx *c = &r->c;
    const Intent *i = intent_of_path(r);
    const char *outcome = outcome_of(c, i);
    int64_t asked = query_int(r, "n", 0);
    bool pending = !strcmp(outcome, "pending"), success = !strcmp(outcome, "success");
    show_pay_steps(r, STEP_RESULT, ways_differ(c, i->amount));
    show_text(r, "outcome", outcome);
    show_text(r, "tone", success ? "ok" : pending ? "hold" : "bad");
    show_text(r, "word", msg(c->language, text(r, "portal.pay.%s", outcome)));
    show_text(r, "amount", money_words(c, success && i->received.minor ? i->received : money_add(i->amount, i->fee)));
    if (i->fee.minor)
        show_text(r, "fee", msg_format(c, c->language, "portal.pay.fee_in", { "fee", money_words(c, i->fee) }));
    if (pending && asked < 20)
        show_text(r, "poll_url", link_path(r, "/pay/%s/return?n=%lld", i->public_id, (long long)asked + 1));
    if (!strcmp(i->state, "requires_action")) show_text(r, "continue_url", link_path(r, "/pay/%s", i->public_id));
    const char *waits = i->is_starting ? "portal.pay.checking" : "portal.pay.pending_how";
    show_text(r, "says", msg(c->language, pending ? asked < 20 ? waits : "portal.pay.pending_long"
                             : success ? "portal.pay.success_how" : "portal.pay.nothing_taken"));
    if (!success && !pending) show_text(r, "reason", declined_words(c, i));
    show_text(r, "refresh_url", pending ? link_path(r, "/pay/%s/return", i->public_id) : NULL);
    if (!success && !pending) show_text(r, "try_url", link_path(r, "/pay"));
    if (success) {
        ReceiptPayments all = payments_of_intent(c, i->id);
        show_receipt_rows(r, all);
        if (all.n) {
            show_text(r, "receipt_no", all.v[0].receipt_no);
            if (c->user.id) show_text(r, "receipt_url", link_path(r, "/receipts/%s", all.v[0].receipt_no));
        }
    }
    if (c->user.id) show_text(r, "home_url", link_path(r, "/home"));
    portal_page(r, "portal.pay.result", "portal/pay_result");
}

void pay_return_post(Req *r) {
    const char *public_id = path_text(r, "intent");
    if (!payment_intent_returned(&r->c, public_id, &r->fields)) fail(r, NOT_FOUND, "There is no such page.");
    go(r, "/pay/%s/return", public_id);
}

/* --- receipts ----------------------------------------------------------------------------------------------------- */

bool payment_may_see(Ctx *c, Id account, Id intent) {
    Access have = portal_access(c, account);
    if (have != ACCESS_PAYER) return have != ACCESS_NONE;
    return intent.id && intent_payer(c, intent).id == c->user.id;
}

/* Of a receipt for several accounts each sees those of his own; the paper is for who sees them all. */
void receipt_page(Req *r) {
    Ctx *c = &r->c;
    const char *no = path_text(r, "no");
    ReceiptPayments whole = payments_of_receipt(c, no), all = { take_n(c, ReceiptPayment, whole.n + 1), 0 };
    Money sum = { 0 };
    for (size_t i = 0; i < whole.n; i++) {
        if (!payment_may_see(c, whole.v[i].account, whole.v[i].intent)) continue;
        all.v[all.n++] = whole.v[i];
        sum = money_add(sum, whole.v[i].amount);
    }
    if (!all.n) fail(c, NOT_FOUND, "There is no such page.");
    show_receipt_rows(r, all);
    show_text(r, "outcome", "success");
    show_text(r, "tone", strcmp(all.v[0].status, "reversed") ? "ok" : "bad");
    show_text(r, "word",
              msg(c->language, strcmp(all.v[0].status, "reversed") ? "portal.pay.success" : "portal.pay.reversed"));
    show_text(r, "amount", money_words(c, sum));
    show_text(r, "receipt_no", no);
    if (all.n == whole.n) show_text(r, "pdf_url", link_path(r, "/receipts/%s/pdf", no));
    const char *mode = payment_mode_words(c->language, all.v[0].mode_code, all.v[0].mode), *last4 = all.v[0].card_last4;
    show_text(r, "says", text(r, "%s · %s%s%s", locale_time_words(&c->mem, c->locale, all.v[0].received_at), mode,
                              last4 ? " ···· " : "", last4 ? last4 : ""));
    show_text(r, "home_url", link_path(r, "/home"));
    show_text(r, "page.title", msg_format(c, c->language, "portal.pay.receipt", { "no", no }));
    portal_page(r, NULL, "portal/pay_result");
}

/* Money for a bill that was paid meanwhile stays as credit: the holder is told, with the way to a refund. */
static void tell_credit(Ctx *c, Id intent, ReceiptPayments all) {
    IntentLines lines = intent_lines(c, intent);
    for (size_t i = 0; i < all.n; i++) {
        const ReceiptPayment *p = &all.v[i];
        bool for_bill = false;
        for (size_t k = 0; k < lines.n; k++)
            for_bill |= lines.v[k].account.id == p->account.id && !strcmp(lines.v[k].target_kind, "bill");
        if (!p->account.id || !for_bill || p->unallocated.minor <= 0) continue;
        NotifyField fields[] = { { "payment.amount", money_words(c, p->unallocated) },
                                 { "account_no", p->account_no },
                                 { "receipt.no", p->receipt_no },
                                 { "link", public_url(c, "/home", true) },
                                 { 0 } };
        notify(c, "payment_as_credit", &(Recipient){ .account = p->account }, fields,
               &(NotifyOptions){ .channels = "email,inapp", .dedup_key = text(c, "credit:%s", p->payment_no) });
    }
}

/* A guest's receipt, to the address given; holders are told of
 * every payment by the accounts themselves (cis.receipt). */
void payment_succeeded(Ctx *c, const EventRow *e) {
    ReceiptPayments all = payments_of_intent(c, e->id);
    const char *guest = intent_mail(c, e->id);
    method_of_payment(c, e->id);
    tell_credit(c, e->id, all);
    if (!guest) return;
    for (size_t i = 0; i < all.n; i++) {
        const ReceiptPayment *p = &all.v[i];
        if (!p->account.id) continue;
        const Account *a = account_get(c, p->account);
        if (a->email && !strcasecmp(guest, a->email)) continue;
        NotifyField bare[] = { { "consumer.name", guest }, { "payment.amount", money_words(c, p->amount) },
                               { "account_no", a->account_no },
                               { "payment.date", locale_date_words(&c->mem, c->locale, p->value_date) },
                               { "receipt.no", p->receipt_no }, { "payment.mode", p->mode }, { 0 } };
        notify(c, "portal_guest_receipt", &(Recipient){ .email = guest }, bare,
               &(NotifyOptions){ .channels = "email", .dedup_key = text(c, "guest receipt:%s", p->payment_no) });
    }
}
