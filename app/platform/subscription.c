/*
 * Subscriptions: plans changed, invoices, and what follows when one stays unpaid (ONB08US01). A suspended tenant loses
 * nothing: its staff read only, its consumers go on paying.
 */
#include <string.h>

#include "app/platform/subscription.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"

Date platform_today(const Ctx *c) { return time_date(zone_utc(), c->now); }

Subscription *subscription_of(Ctx *c, Id tenant) {
    return db_find(c, Subscription,
        "select s.id, s.tenant_id, s.plan_id, p.code as plan_code, p.name as plan_name, p.price_minor as plan_minor, "
        "p.limits, p.modules, s.status, s.term, s.current_period_start, s.current_period_end, s.trial_end, "
        "s.pending_plan_id, (select q.name from smart360.subscription_plan q "
        "where q.id=s.pending_plan_id) as pending_name, s.price_minor, s.currency, s.row_version "
        "from smart360.subscription s join smart360.subscription_plan p on p.id=s.plan_id where s.tenant_id=? "
        "and s.live=1",
        tenant);
}

/* --- states ------------------------------------------------------------------------------------------------------- */

void tenant_status_set(Ctx *c, Id tenant, const char *status, const char *reason) {
    const char *was = db_text(c, "select status from smart360.tenant where id=? for update", tenant);
    if (!was || !strcmp(was, status)) return;
    db_run(c,
        "update smart360.tenant set status=?, suspended_at=if(?='suspended', ?, null), "
        "cancelled_at=if(?='cancelled', ?, cancelled_at), activated_at=if(?='active', coalesce(activated_at, ?), "
        "activated_at), updated_at=?, row_version=row_version+1 where id=?",
        status, status, c->now, status, c->now, status, c->now, c->now, tenant);
    if (c->tenant.id) {                     /* from the tenant's own job or page */
        const char *name = !strcmp(status, "suspended") ? "tenant.suspended" : "tenant.activated";
        if (!strcmp(status, "suspended") || !strcmp(status, "active"))
            event_emit(c, &(Event){ .name = name, .entity = "tenant", .id = tenant });
    }
    audit_write(c, &(Audit){ .action = status, .entity = "tenant", .id = tenant,
                             .before = json_pairs(c, "status", was, NULL), .after = json_pairs(c, "status", status,
                                 NULL),
                             .reason = reason });
}

static void subscription_status_set(Ctx *c, const Subscription *s, const char *status) {
    if (!strcmp(s->status, status)) return;
    db_run(c, "update smart360.subscription set status=?, updated_at=?, row_version=row_version+1 where id=?", status,
           c->now,
           s->id);
}

/* --- invoices ----------------------------------------------------------------------------------------------------- */

Id invoice_create(Ctx *c, const Subscription *s, const InvoiceLine *lines, size_t n, Date due) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    Money total = { 0 };
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        json_open_object(&o, NULL);
        json_add_text(&o, "text", lines[i].text);
        json_add_int(&o, "amount_minor", lines[i].amount.minor);
        json_close(&o);
        total = money_add(total, lines[i].amount);
    }
    json_close(&o);
    Date today = platform_today(c);
    bool paid = total.minor <= 0;
    Id id = db_insert(c,
        "insert into smart360.subscription_invoice (tenant_id, subscription_id, number, `lines`, total_minor, "
        "currency, issued_on, due_on, status, paid_at, created_at, updated_at) values (?,?,?,?,?,?,?,?,?,?,?,?)",
        s->tenant_id, s->id, public_id_new(c), t.s, total, s->currency, today, due, paid ? "paid" : "open",
        paid ? c->now : TIME_NONE, c->now, c->now);
    db_run(c, "update smart360.subscription_invoice set number=? where id=?", text(c, "SUB-%06lld", (long long)id.id),
           id);
    audit_write(c, &(Audit){ .action = "create", .entity = "subscription_invoice", .id = id,
                             .number = text(c, "SUB-%06lld", (long long)id.id), .version = 1,
                             .after = json_pairs(c, "total_minor", text(c, "%lld", (long long)total.minor), NULL) });
    return id;
}

#define DUE(F, T) F(T, Date, due_on)
ROW(Due, DUE)

static Date oldest_due(Ctx *c, Id tenant) {
    Due *d = db_find(c, Due, "select due_on from smart360.subscription_invoice where tenant_id=? and status='open' "
                             "order by due_on limit 1", tenant);
    return d ? d->due_on : DATE_NONE;
}

/* What unpaid invoices have led to by today. What the platform suspended by hand stays so until somebody undoes it. */
static void follow_debt(Ctx *c, const Subscription *s) {
    static const char *const words[] = { NULL, "past_due", "suspended", "cancelled" };
    DebtStep step = debt_step(oldest_due(c, s->tenant_id), platform_today(c));
    if (step == DEBT_NONE) return;
    subscription_status_set(c, s, words[step]);
    tenant_status_set(c, s->tenant_id, words[step], "An invoice is unpaid");
}

#define PAID(F, T) F(T, Id, tenant_id) F(T, const char *, number) F(T, const char *, status) F(T, int, row_version)
ROW(Paid, PAID)

void invoice_paid(Ctx *c, Id invoice, const char *reference) {
    Paid *p = db_one(c, Paid, "select tenant_id, number, status, row_version "
                              "from smart360.subscription_invoice where id=? "
                              "for update", invoice);
    if (strcmp(p->status, "open")) fail(c, CONFLICT, "Invoice %s is %s.", p->number, p->status);
    db_run(c, "update smart360.subscription_invoice set status='paid', paid_at=?, payment_ref=?, updated_at=?, "
              "row_version=row_version+1 where id=?", c->now, reference, c->now, invoice);
    audit_write(c, &(Audit){ .action = "paid", .entity = "subscription_invoice", .id = invoice, .number = p->number,
                             .version = p->row_version + 1, .reason = reference });
    Subscription *s = subscription_of(c, p->tenant_id);
    if (!s) return;
    bool held = !strcmp(s->status, "past_due") || !strcmp(s->status, "suspended");
    if (!held || debt_step(oldest_due(c, s->tenant_id), platform_today(c)) != DEBT_NONE) {
        follow_debt(c, s);
        return;
    }
    subscription_status_set(c, s, "active");
    tenant_status_set(c, s->tenant_id, "active", "All invoices are paid");
}

/* --- another plan ------------------------------------------------------------------------------------------------- */

#define PLAN(F, T) F(T, Id, id) F(T, const char *, name) F(T, Money, price_minor) F(T, const char *, limits) \
    F(T, bool, active)
ROW(Plan, PLAN)

/* "Your 50,112 accounts exceed Starter's 5,000." */
static void must_fit(Ctx *c, const Subscription *s, const Plan *p, const Usages *used) {
    for (size_t i = 0; i < used->n; i++) {
        int64_t limit = limit_in(c, p->limits, used->v[i].metric);
        if (limit >= 0) limit += add_on_extra(c, s->id, used->v[i].metric);
        if (limit >= 0 && used->v[i].used > limit)
            fail_field(c, INVALID, "plan", "Your %s %s exceed %s's %s.",
                       locale_count(&c->mem, c->locale, used->v[i].used),
                       used->v[i].metric, p->name, locale_count(&c->mem, c->locale, limit));
    }
}

void subscription_change(Ctx *c, Subscription *s, Id plan, const Usages *used) {
    Plan *p = db_find(c, Plan, "select id, name, price_minor, limits, active "
                               "from smart360.subscription_plan where id=?", plan);
    if (!p || !p->active) fail_field(c, INVALID, "plan", "Choose a plan from the list.");
    if (p->id.id == s->plan_id.id) fail_field(c, INVALID, "plan", "This is your plan already.");
    bool year = !strcmp(s->term, "year");
    Money price = term_price(p->price_minor, year);
    if (p->price_minor.minor < s->plan_minor.minor) {
        must_fit(c, s, p, used);
        db_run(c, "update smart360.subscription set pending_plan_id=?, status='pending_change', updated_at=?, "
                  "row_version=row_version+1 where id=?", p->id, c->now, s->id);
    } else {
        Date today = platform_today(c);
        int days = date_days_between(s->current_period_start, s->current_period_end) + 1, left = days_left(today,
            s->current_period_end);
        InvoiceLine lines[] = {
            { text(c, "%s, %d of %d days not used", s->plan_name, left, days),
              money_neg(prorated(s->price_minor, left, days, ROUND_HALF_UP)) },
            { text(c, "%s, %d of %d days", p->name, left, days), prorated(price, left, days, ROUND_HALF_UP) } };
        invoice_create(c, s, lines, 2, date_add_days(today, INVOICE_AHEAD_DAYS));
        db_run(c, "update smart360.subscription set plan_id=?, pending_plan_id=null, price_minor=?, updated_at=?, "
                  "row_version=row_version+1 where id=?", p->id, price, c->now, s->id);
    }
    audit_write(c, &(Audit){ .action = "edit", .entity = "subscription", .id = s->id, .version = s->row_version + 1,
                             .before = json_pairs(c, "plan", s->plan_name, NULL),
                             .after = json_pairs(c, "plan", p->name, NULL) });
    if (c->tenant.id)
        event_emit(c, &(Event){ .name = "subscription.changed", .entity = "tenant", .id = s->tenant_id,
                                .payload = json_pairs(c, "metric", "plan", "value", p->name, NULL) });
}

/* --- day by day --------------------------------------------------------------------------------------------------- */

static void invoice_ahead(Ctx *c, const Subscription *s) {
    Date next = date_add_days(s->current_period_end, 1);
    bool year = !strcmp(s->term, "year");
    Money price = s->pending_plan_id.id
        ? term_price(db_money(c, "select price_minor from smart360.subscription_plan where id=?",
        s->pending_plan_id), year) : s->price_minor;
    const char *words = text(c, "%s, %s to %s", s->pending_name ? s->pending_name : s->plan_name,
                             date_iso(&c->mem, next),
                             date_iso(&c->mem, period_last(next, year)));
    if (date_days_between(platform_today(c), next) > INVOICE_AHEAD_DAYS
        || db_int(c, "select exists (select 1 from smart360.subscription_invoice where subscription_id=? "
                     "and json_value(`lines`, '$[0].text')=?)", s->id, words)) return;
    InvoiceLine lines[] = { { words, price }, { "Add-ons", add_on_price(c, s->id, year) } };
    invoice_create(c, s, lines, lines[1].amount.minor ? 2 : 1, next);
}

static void next_period(Ctx *c, const Subscription *s) {
    bool year = !strcmp(s->term, "year");
    Date next = date_add_days(s->current_period_end, 1);
    Id plan = s->pending_plan_id.id ? s->pending_plan_id : s->plan_id;
    db_run(c, "update smart360.subscription s join smart360.subscription_plan p on p.id=? set s.plan_id=p.id, "
              "s.price_minor=if(s.pending_plan_id is null, s.price_minor, p.price_minor*if(s.term='year', ?, 1)), "
              "s.status=if(s.status in ('pending_change', 'trial'), 'active', s.status), s.pending_plan_id=null, "
              "s.add_ons=coalesce(s.add_ons_next, s.add_ons), s.add_ons_next=null, "
              "s.current_period_start=?, s.current_period_end=?, s.updated_at=?, s.row_version=s.row_version+1 "
              "where s.id=?",
           plan, YEAR_MONTHS, next, period_last(next, year), c->now, s->id);
    if (!strcmp(s->status, "trial")) tenant_status_set(c, s->tenant_id, "active", "The trial is over");
}

void subscription_day(Ctx *c, Id tenant) {
    Subscription *s = subscription_of(c, tenant);
    if (!s || !strcmp(s->status, "cancelled")) return;
    if (db_int(c, "select cancel_on<? from smart360.subscription where id=?", platform_today(c), s->id)) {
        subscription_status_set(c, s, "cancelled");
        tenant_status_set(c, tenant, "cancelled", "Cancelled by the organization");
        return;
    }
    invoice_ahead(c, s);
    while (date_compare(platform_today(c), s->current_period_end) > 0) {
        next_period(c, s);
        s = subscription_of(c, tenant);
        invoice_ahead(c, s);
    }
    follow_debt(c, s);
}

JobStep subscription_job(Ctx *c, const JobRow *job) {
    (void)job;
    subscription_day(c, c->tenant);
    return STEP_DONE;
}
