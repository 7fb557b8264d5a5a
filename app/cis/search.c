/*
 * The search box of every page (ux: search and keys): an exact number jumps to its record, else what begins so by kind,
 * five of each with the way to all of them. Only records within the person's areas and rights: those of others are not
 * found.
 */
#include <string.h>

#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"

enum { SHOWN = 5, PHONE_DIGITS = 7 };

typedef struct Search {
    Req        *r;
    const char *q, *start;          /* as typed; what a text has to be like to begin so */
    const char *phone;              /* its digits behind a country code, NULL when it cannot be a phone */
    const char *areas;              /* regular expression over service_area.path; NULL: all */
    size_t      groups;
} Search;

/* Codes of areas hold letters, digits and "-" only. */
static const char *areas_of(Req *r) {
    AreaScope s = scope_area(&r->c);
    if (!s.n) return NULL;
    Text t = text_start(r);
    for (size_t i = 0; i < s.n; i++) text_addf(&t, "%s%s", i ? "|" : "^(", s.path[i]);
    text_add(&t, ")(/|$)");
    return t.s;
}

/* % and _ mean themselves. */
static const char *begins(Req *r, const char *q) {
    Text t = text_start(r);
    for (; *q; q++) {
        if (strchr("%_\\", *q)) text_add(&t, "\\");
        text_add_n(&t, q, 1);
    }
    text_add(&t, "%");
    return t.s;
}

static const char *phone_of(Req *r, const char *q) {
    if (q[strspn(q, "+0123456789 ()-./")]) return NULL;
    Text t = text_start(r);
    text_add(&t, "%");
    for (const char *s = q; *s; s++)
        if (*s >= '0' && *s <= '9') text_add_n(&t, s, 1);
    return t.n > PHONE_DIGITS ? t.s : NULL;
}

/* --- a number typed wholly ---------------------------------------------------------------------------------------- */

static const char *to(Req *r, const char *path, const char *key, const char *no) {
    return no && perm_may(&r->c, key, VIEW) ? text(r, "%s/%s", path, url_part(r, no)) : NULL;
}

/* The page of the record with this number (spaces in it do not matter); NULL when there is none to be seen. */
static const char *exact(const Search *s) {
    Req *r = s->r;
    Text t = text_start(r);
    for (const char *p = s->q; *p; p++)
        if (*p != ' ') text_add_n(&t, p, 1);
    const char *q = t.s, *found;
    found = to(r, "/cis/accounts", "cis.consumers",
               db_text(r, "select a.account_no from account a left join premise p on p.id=a.premise_id "
                          "left join service_area s on s.id=p.sub_area_id where a.utility_id=? and (a.account_no=? "
                          "or a.legacy_no=?) and (? is null or s.path regexp ?)", r->c.utility, q, q, s->areas,
                       s->areas));
    if (!found) found = to(r, "/cis/consumers", "cis.consumers",
               db_text(r, "select n.consumer_no from consumer n where n.utility_id=? "
                          "and (n.consumer_no=? or n.legacy_no=?) "
                          "and (? is null or exists (select 1 from account a join premise p on p.id=a.premise_id "
                          "join service_area s on s.id=p.sub_area_id where a.consumer_id=n.id and s.path regexp ?))",
                       r->c.utility, q, q, s->areas, s->areas));
    if (!found) found = to(r, "/bx/bills", "bx.bill",
               db_text(r, "select b.bill_no from bill b join account a on a.id=b.account_id "
                          "left join premise p on p.id=a.premise_id left join service_area s on s.id=p.sub_area_id "
                          "where b.utility_id=? and b.bill_no=? and (? is null or s.path regexp ?)", r->c.utility, q,
                       s->areas, s->areas));
    if (!found) found = to(r, "/cis/payments", "cis.payments",
               db_text(r, "select y.payment_no from payment y left join account a on a.id=y.account_id "
                          "left join premise p on p.id=a.premise_id left join service_area s on s.id=p.sub_area_id "
                          "where y.utility_id=? and (y.payment_no=? or y.receipt_no=?) "
                          "and (? is null or s.path regexp ?)",
                       r->c.utility, q, q, s->areas, s->areas));
    if (!found) found = to(r, "/mx/meters", "mx.device",
               db_text(r, "select m.meter_no from meter m "
                          "left join meter_installation i on i.meter_id=m.id and i.open_flag=1 "
                          "left join premise p on p.id=i.premise_id left join service_area s on s.id=p.sub_area_id "
                          "where m.utility_id=? and (m.meter_no=? or m.serial_no=?) and (? is null or s.path regexp ?)",
                       r->c.utility, q, q, s->areas, s->areas));
    if (found || !s->phone) return found;
    /* a phone that only one account has */
    const char *no = db_text(r, "select if(count(*)=1, max(a.account_no), null) from consumer n "
                                "join account a on a.consumer_id=n.id left join premise p on p.id=a.premise_id "
                                "left join service_area s on s.id=p.sub_area_id where n.utility_id=? "
                                "and n.primary_phone like ? and (? is null or s.path regexp ?)", r->c.utility, s->phone,
                             s->areas, s->areas);
    return to(r, "/cis/accounts", "cis.consumers", no);
}

/* --- what begins so ----------------------------------------------------------------------------------------------- */

#define HIT(F, T) F(T, const char *, no) F(T, const char *, name) F(T, const char *, sub) F(T, const char *, state)
ROW(Hit, HIT)

/* The items of one kind; `all` of them are in the kind's list when it is filtered by the same words. */
static void show_group(Search *s, const char *word, const char *icon, const char *path, const char *list, Hits hits,
                       int64_t all) {
    Req *r = s->r;
    if (!hits.n) return;
    char *at_ = at(r, "results", s->groups++, NULL);
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, text(r, "search.%s", word)));
    for (size_t i = 0; i < hits.n; i++) {
        char *item = text(r, "%s.items.%zu", at_, i);
        const Hit *h = &hits.v[i];
        show_text(r, text(r, "%s.text", item), h->name ? h->name : h->no);
        show_text(r, text(r, "%s.sub", item), h->name ? text(r, "%s %s", h->no, h->sub ? h->sub : "") : h->sub);
        show_text(r, text(r, "%s.url", item), link_path(r, "%s/%s", path, url_part(r, h->no)));
        show_text(r, text(r, "%s.icon", item), icon);
        if (!h->state) continue;
        show_text(r, text(r, "%s.word", item), state_label(r, h->state));
        show_text(r, text(r, "%s.tone", item), state_tone(r, h->state));
    }
    if (all <= SHOWN) return;
    show_text(r, text(r, "%s.url", at_), link_path(r, "%s?q=%s", list, url_part(r, s->q)));
    show_text(r, text(r, "%s.all_text", at_),
              msg_format(r, r->c.language, "search.all", { "n", locale_count(&r->c.mem, r->c.locale, all) }));
}

/* The same columns as the list of consumers searches. */
#define ACCOUNT_FROM                                                                                                   \
    " from account a join consumer n on n.id=a.consumer_id left join premise p on p.id=a.premise_id "                  \
    "left join service_area s on s.id=p.sub_area_id where a.utility_id=? and (? is null or s.path regexp ?) "          \
    "and (a.account_no like ? or n.display_name like ? or n.last_name like ? " \
    "or n.consumer_no like ? or p.line1 like ? " \
    "or n.primary_phone like ? or n.email like ?) "

static void find_accounts(Search *s) {
    Req *r = s->r;
    const char *b = s->start, *phone = s->phone ? s->phone : b;
    if (!perm_may(&r->c, "cis.consumers", VIEW)) return;
    Hits top = db_all(r, Hit, "select a.account_no as no, n.display_name as name, p.line1 as sub, a.status as state"
                      ACCOUNT_FROM "order by n.display_name, a.account_no limit 5", r->c.utility, s->areas, s->areas, b,
                      b, b, b, b, phone, b);
    int64_t all = top.n < SHOWN || s->phone ? (int64_t)top.n
        : db_int(r, "select count(*)" ACCOUNT_FROM, r->c.utility, s->areas, s->areas, b, b, b, b, b, phone, b);
    show_group(s, "accounts", "users", "/cis/accounts", "/cis/consumers", top, all);
}

#define METER_FROM                                                                                                     \
    " from meter m left join meter_installation i on i.meter_id=m.id and i.open_flag=1 "                               \
    "left join service_connection c on c.id=i.service_connection_id left join account a on a.id=c.account_id "         \
    "left join premise p on p.id=i.premise_id left join service_area s on s.id=p.sub_area_id where m.utility_id=? "    \
    "and (? is null or s.path regexp ?) and (m.meter_no like ? or m.serial_no like ? or a.account_no like ?) "

static void find_meters(Search *s) {
    Req *r = s->r;
    const char *b = s->start;
    if (!perm_may(&r->c, "mx.device", VIEW)) return;
    Hits top = db_all(r, Hit, "select m.meter_no as no, null as name, concat_ws(', ', m.serial_no, p.line1) as sub, "
                              "m.status as state" METER_FROM "order by m.meter_no limit 5", r->c.utility, s->areas,
                      s->areas, b, b, b);
    int64_t all = top.n < SHOWN ? (int64_t)top.n
        : db_int(r, "select count(*)" METER_FROM, r->c.utility, s->areas, s->areas, b, b, b);
    show_group(s, "meters", "gauge", "/mx/meters", "/mx/meters", top, all);
}

#define BILL_FROM                                                                                                      \
    " from bill b join account a on a.id=b.account_id left join premise p on p.id=a.premise_id "                       \
    "left join service_area s on s.id=p.sub_area_id where b.utility_id=? and b.status in ('published', 'cancelled') "  \
    "and (? is null or s.path regexp ?) and (b.bill_no like ? or a.account_no like ?) "

static void find_bills(Search *s) {
    Req *r = s->r;
    const char *b = s->start;
    if (!perm_may(&r->c, "bx.bill", VIEW)) return;
    Hits top = db_all(r, Hit, "select b.bill_no as no, null as name, a.account_no as sub, b.payment_status as state"
                      BILL_FROM "order by b.bill_date desc, b.id desc limit 5", r->c.utility, s->areas, s->areas, b, b);
    int64_t all = top.n < SHOWN ? (int64_t)top.n
        : db_int(r, "select count(*)" BILL_FROM, r->c.utility, s->areas, s->areas, b, b);
    show_group(s, "bills", "receipt", "/bx/bills", "/bx/bills", top, all);
}

#define PAYMENT_FROM                                                                                                   \
    " from payment y left join account a on a.id=y.account_id left join premise p on p.id=a.premise_id "               \
    "left join service_area s on s.id=p.sub_area_id where y.utility_id=? and (? is null or s.path regexp ?) "          \
    "and (y.payment_no like ? or y.receipt_no like ? or a.account_no like ? or y.reference like ?) "

static void find_payments(Search *s) {
    Req *r = s->r;
    const char *b = s->start;
    if (!perm_may(&r->c, "cis.payments", VIEW)) return;
    Hits top = db_all(r, Hit,
        "select y.payment_no as no, null as name, concat_ws(', ', y.receipt_no, a.account_no) as sub, "
        "y.status as state" PAYMENT_FROM "order by y.received_at desc, y.id desc limit 5",
        r->c.utility, s->areas, s->areas, b, b, b, b);
    int64_t all = top.n < SHOWN ? (int64_t)top.n
        : db_int(r, "select count(*)" PAYMENT_FROM, r->c.utility, s->areas, s->areas, b, b, b, b);
    show_group(s, "payments", "cash", "/cis/payments", "/cis/payments", top, all);
}

void search_page(Req *r) {
    const char *q = query_text(r, "q"), *language = r->c.language;
    show_text(r, "page.title", msg(language, "search.title"));
    show_text(r, "search.q", q);
    show_text(r, "search.none", msg(language, q ? utf8_length(q) < 2 ? "search.short" : "search.none" : "search.what"));
    if (q && utf8_length(q) >= 2) {
        Search s = { .r = r, .q = q, .start = begins(r, q), .phone = phone_of(r, q), .areas = areas_of(r) };
        const char *found = r->is_part ? NULL : exact(&s);          /* while one types nothing jumps */
        if (found) {
            go(r, "%s", found);
            return;
        }
        find_accounts(&s);
        find_meters(&s);
        find_bills(&s);
        find_payments(&s);
    }
    page(r, "layout/search");
}
