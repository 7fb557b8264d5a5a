/*
 * The map of the utility's dashboard (ONB02US01): service areas by what accounts in them and below owe, drawn and in
 * words.
 */
#include <string.h>

#include "app/setup/dashboard.h"
#include "app/setup/pages.h"
#include "app/setup/totals.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

#define OWES(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, path) \
    F(T, const char *, geometry) F(T, Money, outstanding) F(T, int64_t, accounts)
ROW(Owes, OWES)

typedef struct { Owess l; int64_t usual; } Areas;

/* Areas with what the accounts in them and below owe, and what one account usually owes in all that is shown. */
static Areas areas_owing(Req *r, const DashboardAsked *a) {
    Owess l = db_all(r, Owes, "select s.code, s.name, s.path, s.geometry, coalesce(o.value, 0) as outstanding, "
        "coalesce(n.value, 0) as accounts from service_area s left join dashboard_counter o on o.utility_key = ? "
        "and o.`key` = 'area.outstanding' and o.period = ? and o.area_id = s.id left join dashboard_counter n "
        "on n.utility_key = ? and n.`key` = 'area.accounts' and n.period = ? and n.area_id = s.id "
        "where s.utility_id = ? and s.status <> 'merged' and (? is null or s.path regexp ?) "
        "order by length(s.path) desc, s.path limit 2000", r->c.utility.id, TOTAL_NOW, r->c.utility.id, TOTAL_NOW,
                     r->c.utility, a->areas, a->areas);
    int64_t sum = 0, accounts = 0;
    /* longest paths come first: each adds what it has to the one above, which has all of it when its turn comes */
    for (size_t i = 0; i < l.n; i++) {
        bool above = false;
        const char *cut = strrchr(l.v[i].path, '/');
        size_t size = cut ? (size_t)(cut - l.v[i].path) : 0;
        for (size_t k = i + 1; size && !above && k < l.n; k++)
            if (strlen(l.v[k].path) == size && !strncmp(l.v[k].path, l.v[i].path, size)) {
                l.v[k].outstanding = money_add(l.v[k].outstanding, l.v[i].outstanding);
                l.v[k].accounts += l.v[i].accounts;
                above = true;
            }
        if (!above) sum += l.v[i].outstanding.minor, accounts += l.v[i].accounts;
    }
    return (Areas){ l, accounts ? sum / accounts : 0 };
}

static Money per_account(const Owes *o) { return (Money){ o->accounts ? o->outstanding.minor / o->accounts : 0 }; }

/* The colour of an area is by how far it is above what is usual in all that is shown. */
typedef struct Drawing { Req *r; JsonOut out; const Owes *area; int64_t usual; } Drawing;

static void add_ring(void *arg, const char *path) {
    Drawing *d = arg;
    Req *r = d->r;
    int64_t own = per_account(d->area).minor;
    json_open_object(&d->out, NULL);
    json_add_json(&d->out, "path", path);
    json_add_text(&d->out, "title", d->area->name);
    json_add_text(&d->out, "text", msg_format(r, r->c.language, "dashboard.per_account",
        { "amount", locale_money(&r->c.mem, r->c.locale, per_account(d->area)) },
        { "n", locale_count(&r->c.mem, r->c.locale, d->area->accounts) }));
    json_add_text(&d->out, "url", link_path(r, "/dashboard?area=%s", d->area->code));
    json_add_text(&d->out, "tone", !d->area->accounts ? "off" : own > 2 * d->usual ? "bad" : own > d->usual ? "warn"
                  : "ok");
    json_close(&d->out);
}

void dashboard_map(Req *r) {
    perm_check(&r->c, "bx.bill", VIEW);
    DashboardAsked a = dashboard_asked(r);
    Areas areas = areas_owing(r, &a);
    Owess l = areas.l;
    Text t = text_start(r);
    Drawing d = { r, json_out(&t), NULL, areas.usual };
    json_open_object(&d.out, NULL);
    json_open_list(&d.out, "areas");
    for (size_t i = l.n; i-- > 0;) {                    /* the smaller ones on top */
        d.area = &l.v[i];
        if (l.v[i].geometry) area_rings(&r->c, l.v[i].geometry, add_ring, &d);
    }
    json_close(&d.out);
    json_close(&d.out);
    answer(r, 200, "application/json", t.s, t.n);
}

/* The same in words: the areas that owe most for each account. */
void dashboard_map_show(Req *r, size_t *n, DashboardFigures *f) {
    const DashboardAsked *a = &f->a;
    (void)n;
    Owess l = areas_owing(r, a).l;
    show_text(r, "map.title", SAY(r, "map"));
    show_text(r, "map.sub", SAY(r, "map_how"));
    show_text(r, "map.map.url", text(r, "%s?%s", link_path(r, "/dashboard/map.json"), a->query));
    show_text(r, "map.map.label", SAY(r, "map"));
    show_text(r, "page.map", "1");
    TableView *t = table_start(r, "map.table", SAY(r, "map_table"));
    table_column(t, SAY(r, "area"), "text", "id");
    table_column(t, SAY(r, "accounts"), "num", NULL);
    table_column(t, SAY(r, "outstanding"), "money", NULL);
    table_column(t, SAY(r, "each"), "money", "amount");
    bool *done = take_n(r, bool, l.n + 1);
    for (size_t i = 0; i < l.n; i++) done[i] = !l.v[i].accounts || !l.v[i].outstanding.minor;
    for (int shown = 0; shown < 8; shown++) {
        size_t best = l.n;
        for (size_t i = 0; i < l.n; i++)
            if (!done[i] && (best == l.n || per_account(&l.v[i]).minor > per_account(&l.v[best]).minor)) best = i;
        if (best == l.n) break;
        done[best] = true;
        table_row(t, link_path(r, "/dashboard?area=%s", l.v[best].code));
        table_cell(t, l.v[best].name);
        table_int(t, l.v[best].accounts);
        table_money(t, l.v[best].outstanding);
        table_money(t, per_account(&l.v[best]));
    }
    table_empty(t, SAY(r, "nobody_owes"), NULL);
}
