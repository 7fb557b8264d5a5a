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

/* `n`: how many were found, as far as was looked. */
#define HIT(F, T) F(T, const char *, no) F(T, const char *, name) F(T, const char *, sub) F(T, const char *, state) \
    F(T, int64_t, n)
ROW(Hit, HIT)

/* What begins so is looked for in each column by itself, by its index, and no further than so many: a text with which
   everything begins costs as little as a name. The area is asked there, so that nothing outside it takes a place. */
#define EACH_MOST "200"
enum { FOUND_MOST = 200 };
#define AREA_JOIN "left join premise p on p.id=a.premise_id left join service_area s on s.id=p.sub_area_id "
#define IN_AREA "and (? is null or s.path regexp ?) "
#define AREA_BINDS s->areas, s->areas

/* The items of one kind; all of them are in the kind's list when it is filtered by the same words. */
static void show_group(Search *s, const char *word, const char *icon, const char *path, const char *list, Hits hits) {
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
    int64_t all = hits.v[0].n;
    if (all <= SHOWN || s->phone) return;
    show_text(r, text(r, "%s.url", at_), link_path(r, "%s?q=%s", list, url_part(r, s->q)));
    show_text(r, text(r, "%s.all_text", at_),
              msg_format(r, r->c.language, all < FOUND_MOST ? "search.all" : "search.many",
                         { "n", locale_count(&r->c.mem, r->c.locale, all < FOUND_MOST ? all : FOUND_MOST) }));
}

/* The same columns as the list of consumers searches. */
#define BY_CONSUMER(COLUMN)                                                                                            \
    "union (select a.id from consumer n join account a on a.consumer_id=n.id " AREA_JOIN                               \
    "where n.utility_id=? and n." COLUMN " like ? " IN_AREA "limit " EACH_MOST ") "

static void find_accounts(Search *s) {
    Req *r = s->r;
    const char *b = s->start, *phone = s->phone ? s->phone : b;
    Id u = r->c.utility;
    if (!perm_may(&r->c, "cis.consumers", VIEW)) return;
    Hits top = db_all(r, Hit,
        "select a.account_no as no, n.display_name as name, p.line1 as sub, a.status as state, count(*) over () as n "
        "from ((select a.id from account a " AREA_JOIN "where a.utility_id=? and a.account_no like ? " IN_AREA
        "limit " EACH_MOST ") " BY_CONSUMER("display_name") BY_CONSUMER("last_name") BY_CONSUMER("consumer_no")
        BY_CONSUMER("primary_phone") BY_CONSUMER("email")
        "union (select a.id from premise p join account a on a.premise_id=p.id left join service_area s "
        "on s.id=p.sub_area_id where p.utility_id=? and p.line1 like ? " IN_AREA "limit " EACH_MOST ")) f "
        "straight_join account a on a.id=f.id join consumer n on n.id=a.consumer_id "
        "left join premise p on p.id=a.premise_id order by n.display_name, a.account_no limit 5",
        u, b, AREA_BINDS, u, b, AREA_BINDS, u, b, AREA_BINDS, u, b, AREA_BINDS, u, phone, AREA_BINDS, u, b, AREA_BINDS,
        u, b, AREA_BINDS);
    show_group(s, "accounts", "users", "/cis/accounts", "/cis/consumers", top);
}

#define OF_METER                                                                                                       \
    "left join meter_installation i on i.meter_id=m.id and i.open_flag=1 left join premise p on p.id=i.premise_id "    \
    "left join service_area s on s.id=p.sub_area_id "

static void find_meters(Search *s) {
    Req *r = s->r;
    const char *b = s->start;
    Id u = r->c.utility;
    if (!perm_may(&r->c, "mx.device", VIEW)) return;
    Hits top = db_all(r, Hit,
        "select m.meter_no as no, null as name, concat_ws(', ', m.serial_no, p.line1) as sub, m.status as state, "
        "count(*) over () as n from ((select m.id from meter m " OF_METER "where m.utility_id=? and m.meter_no like ? "
        IN_AREA "order by m.meter_no limit " EACH_MOST ") union (select m.id from meter m " OF_METER
        "where m.utility_id=? and m.serial_no like ? " IN_AREA "limit " EACH_MOST ") "
        "union (select i.meter_id from account a join service_connection c on c.account_id=a.id "
        "join meter_installation i on i.service_connection_id=c.id and i.open_flag=1 "
        "left join premise p on p.id=i.premise_id left join service_area s on s.id=p.sub_area_id "
        "where a.utility_id=? and a.account_no like ? " IN_AREA "limit " EACH_MOST ")) f "
        "straight_join meter m on m.id=f.id left join meter_installation i on i.meter_id=m.id and i.open_flag=1 "
        "left join premise p on p.id=i.premise_id order by m.meter_no limit 5",
        u, b, AREA_BINDS, u, b, AREA_BINDS, u, b, AREA_BINDS);
    show_group(s, "meters", "gauge", "/mx/meters", "/mx/meters", top);
}

static void find_bills(Search *s) {
    Req *r = s->r;
    const char *b = s->start;
    Id u = r->c.utility;
    if (!perm_may(&r->c, "bx.bill", VIEW)) return;
    Hits top = db_all(r, Hit,
        "select b.bill_no as no, null as name, a.account_no as sub, b.payment_status as state, count(*) over () as n "
        "from ((select b.id from bill b join account a on a.id=b.account_id " AREA_JOIN "where b.utility_id=? "
        "and b.bill_no like ? and b.status in ('published', 'cancelled') " IN_AREA "order by b.bill_no desc limit "
        EACH_MOST ") union (select b.id from account a join bill b on b.account_id=a.id " AREA_JOIN
        "where a.utility_id=? and a.account_no like ? and b.status in ('published', 'cancelled') " IN_AREA
        "limit " EACH_MOST ")) f straight_join bill b on b.id=f.id join account a on a.id=b.account_id "
        "order by b.bill_date desc, b.id desc limit 5", u, b, AREA_BINDS, u, b, AREA_BINDS);
    show_group(s, "bills", "receipt", "/bx/bills", "/bx/bills", top);
}

#define BY_PAYMENT(COLUMN)                                                                                             \
    "(select y.id from payment y left join account a on a.id=y.account_id " AREA_JOIN                                  \
    "where y.utility_id=? and y." COLUMN " like ? " IN_AREA "order by y." COLUMN " desc limit " EACH_MOST ") "

static void find_payments(Search *s) {
    Req *r = s->r;
    const char *b = s->start;
    Id u = r->c.utility;
    if (!perm_may(&r->c, "cis.payments", VIEW)) return;
    Hits top = db_all(r, Hit,
        "select y.payment_no as no, null as name, concat_ws(', ', y.receipt_no, a.account_no) as sub, "
        "y.status as state, count(*) over () as n from (" BY_PAYMENT("payment_no") "union " BY_PAYMENT("receipt_no")
        "union (select y.id from payment y left join account a on a.id=y.account_id " AREA_JOIN
        "where y.utility_id=? and y.reference like ? " IN_AREA "limit " EACH_MOST ") "
        "union (select y.id from account a join payment y on y.account_id=a.id " AREA_JOIN
        "where a.utility_id=? and a.account_no like ? " IN_AREA "limit " EACH_MOST ")) f "
        "straight_join payment y on y.id=f.id left join account a on a.id=y.account_id "
        "order by y.received_at desc, y.id desc limit 5", u, b, AREA_BINDS, u, b, AREA_BINDS, u, b, AREA_BINDS, u, b,
        AREA_BINDS);
    show_group(s, "payments", "cash", "/cis/payments", "/cis/payments", top);
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
