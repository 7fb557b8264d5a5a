/*
 * Add-ons of a subscription (ONB08US01): seats, SMS, storage, each so much more of a limit for so much a month. More
 * begin at once, charged by days; fewer begin with the next period, when what is used fits.
 */
#include <string.h>

#include "app/platform/subscription.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { ADD_ONS_MAX = 20, MOST_OF_ONE = 1000 };

#define ADD_ON(F, T) F(T, const char *, code) F(T, const char *, name) F(T, const char *, metric) \
    F(T, int64_t, amount) \
    F(T, Money, price_minor) F(T, const char *, currency) F(T, int64_t, held) F(T, int64_t, held_next)
ROW(AddOn, ADD_ON)

static AddOns add_ons_of(Ctx *c, Id subscription) {
    return db_all(c, AddOn, "select a.code, a.name, a.metric, a.amount, a.price_minor, a.currency, "
                            "cast(coalesce(json_value(s.add_ons, concat('$.', a.code)), 0) as signed) as held, "
                            "cast(coalesce(json_value(coalesce(s.add_ons_next, s.add_ons), concat('$.', a.code)), 0) "
                            "as signed) as held_next from smart360.subscription_add_on a join smart360.subscription s "
                            "on s.id = ? where (a.active = 1 and a.currency = s.currency) "
                            "or json_value(s.add_ons, concat('$.', a.code)) > 0 "
                            "order by a.sort limit 20", subscription);
}

int64_t add_on_extra(Ctx *c, Id subscription, const char *metric) {
    return db_int(c, "select coalesce(sum(a.amount * coalesce(json_value(s.add_ons, concat('$.', a.code)), 0)), 0) "
                     "from smart360.subscription_add_on a join smart360.subscription s on s.id = ? "
                     "where a.metric = ?", subscription, metric);
}

Money add_on_price(Ctx *c, Id subscription, bool is_year) {
    Money month = db_money(c, "select coalesce(sum(a.price_minor * coalesce(json_value(coalesce(s.add_ons_next, "
                              "s.add_ons), concat('$.', a.code)), 0)), 0) from smart360.subscription_add_on a "
                              "join smart360.subscription s on s.id = ?", subscription);
    return term_price(month, is_year);
}

Money add_on_price_now(Ctx *c, Id subscription) {
    return db_money(c, "select coalesce(sum(a.price_minor * coalesce(json_value(s.add_ons, concat('$.', a.code)), 0)), "
                       "0) from smart360.subscription_add_on a join smart360.subscription s on s.id = ?", subscription);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static const Field *fields_of(Ctx *c, const AddOns *l) {
    Field *f = take_n(c, Field, l->n + 1);
    for (size_t i = 0; i < l->n; i++)
        f[i] = (Field){ .name = l->v[i].code,
            .label = text(c, "%s, %s %s", l->v[i].name, sub_amount(c, l->v[i].price_minor, l->v[i].currency),
                          msg(c->language, "platform.term.month")),
            INT(0, MOST_OF_ONE),
            .flags = REQUIRED,
            .width = "4" };
    return f;
}

void show_add_ons(Req *r, const char *at_, const Subscription *s) {
    Ctx *c = &r->c;
    AddOns l = add_ons_of(c, s->id);
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = "add_ons", .fields = fields_of(c, &l) };
    show_text(r, text(r, "%s.title", at_), word(r, "platform.add_ons"));
    FormView *v = form_show(r, text(r, "%s.form", at_), form, "/org/subscription/add-ons");
    for (size_t i = 0; i < l.n; i++) {
        form_int(v, l.v[i].code, l.v[i].held_next);
        if (l.v[i].held_next != l.v[i].held)
            form_set(v, l.v[i].code, "hint", msg_format(r, c->language, "platform.add_on_until",
                     { "n", locale_count(&c->mem, c->locale, l.v[i].held) },
                     { "date", locale_date(&c->mem, c->locale, s->current_period_end) }));
    }
    show_text(r, text(r, "%s.form.intro", at_), word(r, "platform.add_on_how"));
}

/* Fewer must hold what is used. */
static void must_fit(Req *r, const Subscription *s, const AddOn *a, int64_t wanted) {
    Ctx *c = &r->c;
    int64_t base = limit_in(c, s->limits, a->metric);
    if (wanted >= a->held || base < 0) return;
    int64_t limit = base + add_on_extra(c, s->id, a->metric) - (a->held - wanted) * a->amount;
    Usages used = subscription_usage(c);
    for (size_t i = 0; i < used.n; i++)
        if (!strcmp(used.v[i].metric, a->metric) && used.v[i].used > limit)
            problem(r, a->code, "Your %s %s exceed %s.", locale_count(&c->mem, c->locale, used.v[i].used), a->metric,
                    locale_count(&c->mem, c->locale, limit));
}

static void json_of(JsonOut *o, const AddOns *l, const int64_t *n) {
    json_open_object(o, NULL);
    for (size_t i = 0; i < l->n; i++)
        if (n[i]) json_add_int(o, l->v[i].code, n[i]);
    json_close(o);
}

void my_add_ons_post(Req *r) {
    Ctx *c = &r->c;
    Subscription *s = subscription_of(c, c->tenant);
    if (!s) fail(r, CONFLICT, "%s", word(r, "platform.no_subscription"));
    AddOns l = add_ons_of(c, s->id);
    Form form = { .name = "add_ons", .fields = fields_of(c, &l) };
    Input *in = form_read(r, &form);
    for (size_t i = 0; i < l.n; i++) must_fit(r, s, &l.v[i], in_int(in, l.v[i].code));
    problems_end(r);
    int64_t now[ADD_ONS_MAX] = { 0 }, next[ADD_ONS_MAX] = { 0 };
    InvoiceLine lines[ADD_ONS_MAX];
    size_t n = 0;
    Date today = platform_today(c);
    bool year = !strcmp(s->term, "year"), fewer = false;
    int days = date_days_between(s->current_period_start, s->current_period_end) + 1,
        left = days_left(today, s->current_period_end);
    for (size_t i = 0; i < l.n && i < ADD_ONS_MAX; i++) {
        const AddOn *a = &l.v[i];
        int64_t wanted = in_int(in, a->code), more = wanted - a->held;
        next[i] = wanted;
        now[i] = more > 0 ? wanted : a->held;
        fewer |= more < 0;
        if (more <= 0) continue;
        Money price = term_price((Money){ a->price_minor.minor * more }, year);
        lines[n++] = (InvoiceLine){ text(c, "%lld x %s, %d of %d days", (long long)more, a->name, left, days),
                                    prorated(price, left, days, ROUND_HALF_UP), LINE_NOW };
    }
    Text t = text_start(c), u = text_start(c);
    JsonOut o = json_out(&t), p = json_out(&u);
    json_of(&o, &l, now);
    json_of(&p, &l, next);
    db_must(c, 1, CONFLICT, "update smart360.subscription set add_ons = ?, add_ons_next = ?, updated_at = ?, "
                            "row_version = row_version + 1 where id = ? and row_version = ?", t.s,
            fewer ? u.s : NULL, c->now, s->id, s->row_version);
    invoice_change(c, s->tenant_id, lines, n);
    audit_write(c, &(Audit){ .action = "edit", .entity = "subscription", .id = s->id, .version = s->row_version + 1,
                             .after = fewer ? u.s : t.s });
    event_emit(c, &(Event){ .name = "subscription.changed", .entity = "tenant", .id = s->tenant_id,
                            .payload = json_pairs(c, "metric", "add_ons", "value", u.s, NULL) });
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/org/subscription");
}
