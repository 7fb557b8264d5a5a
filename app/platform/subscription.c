/*
 * Subscriptions: plans changed, invoices, and what follows when one stays unpaid (ONB08US01). A suspended tenant loses
 * nothing: its staff read only, its consumers go on paying.
 */
#include <string.h>

#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/platform_mail.h"
#include "app/core/rights.h"
#include "app/platform/subscription.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

/* Jobs of the platform have none. */
static const Locale *locale_of(Ctx *c) {
    return c->locale ? c->locale : locale_new(&c->mem, (LocaleSettings){ 0 });
}

const char *sub_number(Ctx *c, Money amount, const char *currency) {
    return locale_money_in(&c->mem, locale_of(c), amount, currency, false);
}

const char *sub_amount(Ctx *c, Money amount, const char *currency) {
    return locale_money_in(&c->mem, locale_of(c), amount, currency, true);
}

Date platform_today(const Ctx *c) { return time_date(zone_utc(), c->now); }

Subscription *subscription_of(Ctx *c, Id tenant) {
    return db_find(c, Subscription,
        "select s.id, s.tenant_id, s.plan_id, p.code as plan_code, p.name as plan_name, p.price_minor as plan_minor, "
        "p.`interval` = 'year' as by_year, p.limits, p.modules, s.status, s.term, s.current_period_start, "
        "s.current_period_end, s.trial_end, "
        "s.pending_plan_id, (select q.name from smart360.subscription_plan q "
        "where q.id=s.pending_plan_id) as pending_name, s.price_minor, s.currency, "
        "s.discount_ppm, s.discount_until, s.credit_minor, coalesce(s.period_net_minor, -1) as period_net_minor, "
        "s.cancel_on, s.row_version "
        "from smart360.subscription s join smart360.subscription_plan p on p.id=s.plan_id where s.tenant_id=? "
        "and s.live=1",
        tenant);
}

/* --- states ------------------------------------------------------------------------------------------------------- */

/* Its people's sessions end with it (AU01US03); administrators who take their data away sign in anew. */
static void people_out(Ctx *c, Id tenant) {
    bool is_elsewhere = c->tenant.id != tenant.id;
    if (is_elsewhere) tenant_enter(c, tenant_by_id(c, tenant));
    sessions_of_staff_end(c, "revoked");
    if (is_elsewhere) tenant_leave(c);
}

void tenant_status_set(Ctx *c, Id tenant, const char *status, const char *reason) {
    const char *was = db_text(c, "select status from smart360.tenant where id=? for update", tenant);
    if (!was || !strcmp(was, status)) return;
    if (!strcmp(was, "cancelled") && !archive_withdraw(c, tenant)) return;
    db_run(c,
        "update smart360.tenant set status=?, suspended_at=if(?='suspended', ?, null), "
        "cancelled_at=if(?='cancelled', ?, cancelled_at), activated_at=if(?='active', coalesce(activated_at, ?), "
        "activated_at), updated_at=?, row_version=row_version+1 where id=?",
        status, status, c->now, status, c->now, status, c->now, c->now, tenant);
    if (!strcmp(status, "cancelled") && strcmp(was, "failed") != 0) people_out(c, tenant);
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

#define BILLED(F, T) F(T, const char *, mail) F(T, const char *, slug)
ROW(Billed, BILLED)

/* To who gets the bills; the page of the invoice is the organization's own. */
static void mail_invoice(Ctx *c, const Subscription *s, const char *no, Money total, Date due) {
    Billed *b = db_find(c, Billed, "select coalesce(s.billing_email, t.admin_email) as mail, t.slug "
                                   "from smart360.subscription s join smart360.tenant t on t.id = s.tenant_id "
                                   "where s.id = ?", s->id);
    if (!b || !platform_mail_ready()) return;
    platform_mail(c, b->mail, c->language ? c->language : "en", "subscription_invoice", (const MsgPair[]){
        { "no", no }, { "amount", sub_amount(c, total, s->currency) },
        { "due", date_iso(&c->mem, due) },
        { "link", public_url_of(c, b->slug, text(c, "/org/subscription/invoices/%s", no)) }, { 0 } }, NULL);
}

#define BILLED_AHEAD(F, T) F(T, int64_t, n) F(T, Money, plan_minor) F(T, Money, more_minor)
ROW(BilledAhead, BILLED_AHEAD)

static Date next_start(const Subscription *s) { return date_add_days(s->current_period_end, 1); }

/* What was invoiced of a period before it began; withdrawn ones are as if they were not. */
static BilledAhead *billed_ahead(Ctx *c, Id subscription, Date period) {
    return db_one(c, BilledAhead, "select count(*) as n, cast(coalesce(sum(period_plan_minor), 0) as signed) "
                                  "as plan_minor, cast(coalesce(sum(period_more_minor), 0) as signed) as more_minor "
                                  "from smart360.subscription_invoice where subscription_id = ? and period_on = ? "
                                  "and status <> 'void'", subscription, period);
}

static void add_line(JsonOut *o, Money *total, InvoiceLine line) {
    json_open_object(o, NULL);
    json_add_text(o, "text", line.text);
    json_add_int(o, "amount_minor", line.amount.minor);
    json_close(o);
    *total = money_add(*total, line.amount);
}

Id invoice_create(Ctx *c, const Subscription *s, const InvoiceLine *lines, size_t n, Date due) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    Money total = { 0 }, of[LINE_NEXT_MORE + 1] = { { 0 } };
    bool is_ahead = false;
    Money credit = db_money(c, "select credit_minor from smart360.subscription where id = ? for update", s->id);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        add_line(&o, &total, lines[i]);
        of[lines[i].of] = money_add(of[lines[i].of], lines[i].amount);
        is_ahead |= lines[i].of != LINE_NOW;
    }
    Money taken = { credit.minor < total.minor ? credit.minor : total.minor > 0 ? total.minor : 0 };
    if (taken.minor > 0) add_line(&o, &total, (InvoiceLine){ "Credit of earlier invoices", money_neg(taken) });
    json_close(&o);
    Money left = { credit.minor - taken.minor + (total.minor < 0 ? -total.minor : 0) };
    if (left.minor != credit.minor)
        db_run(c, "update smart360.subscription set credit_minor = ? where id = ?", left, s->id);
    bool paid = total.minor <= 0;
    Id id = db_insert(c,
        "insert into smart360.subscription_invoice (tenant_id, subscription_id, number, `lines`, total_minor, "
        "currency, issued_on, due_on, status, paid_at, period_on, period_plan_minor, period_more_minor, credit_minor, "
        "created_at, updated_at) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        s->tenant_id, s->id, public_id_new(c), t.s, total, s->currency, platform_today(c), due,
        paid ? "paid" : "open", paid ? c->now : TIME_NONE, is_ahead ? next_start(s) : DATE_NONE, of[LINE_NEXT_PLAN],
        of[LINE_NEXT_MORE], taken, c->now, c->now);
    const char *no = text(c, "SUB-%06lld", (long long)id.id);
    db_run(c, "update smart360.subscription_invoice set number=? where id=?", no, id);
    audit_write(c, &(Audit){ .action = "create", .entity = "subscription_invoice", .id = id, .number = no, .version = 1,
                             .after = json_pairs(c, "total_minor", text(c, "%lld", (long long)total.minor), NULL) });
    if (!paid) mail_invoice(c, s, no, total, due);
    return id;
}

#define DUE(F, T) F(T, Date, due_on)
ROW(Due, DUE)

static Date oldest_due(Ctx *c, Id tenant) {
    Due *d = db_find(c, Due, "select due_on from smart360.subscription_invoice where tenant_id=? and status='open' "
                             "order by due_on limit 1", tenant);
    return d ? d->due_on : DATE_NONE;
}

/* By a person, who alone undoes it. */
static bool is_held(Ctx *c, Id tenant) {
    return db_int(c, "select held_at is not null from smart360.tenant where id = ? for update", tenant) != 0;
}

/* What unpaid invoices have led to by today. What the platform suspended by hand stays so until somebody undoes it. */
static void follow_debt(Ctx *c, const Subscription *s) {
    static const char *const words[] = { NULL, "past_due", "suspended", "cancelled" };
    DebtStep step = debt_step(oldest_due(c, s->tenant_id), platform_today(c));
    if (step == DEBT_NONE || is_held(c, s->tenant_id)) return;
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
    if (is_held(c, s->tenant_id)) return;
    subscription_status_set(c, s, "active");
    tenant_status_set(c, s->tenant_id, "active", "All invoices are paid");
}

/* --- another plan ------------------------------------------------------------------------------------------------- */

#define PLAN(F, T) F(T, Id, id) F(T, const char *, name) F(T, Money, price_minor) F(T, const char *, limits) \
    F(T, bool, active) F(T, bool, by_contract) F(T, bool, by_year) F(T, const char *, currency)
ROW(Plan, PLAN)

static Plan *plan_get(Ctx *c, Id id) {
    return db_find(c, Plan, "select id, name, price_minor, limits, active, by_contract, "
                            "`interval` = 'year' as by_year, currency from smart360.subscription_plan where id=?", id);
}

/* "Your 50,112 accounts exceed Starter's 5,000."; NULL: all that is used fits. */
static const char *unfit(Ctx *c, const Subscription *s, const Plan *p, const Usages *used) {
    for (size_t i = 0; i < used->n; i++) {
        int64_t limit = limit_in(c, p->limits, used->v[i].metric);
        if (limit >= 0) limit += add_on_extra(c, s->id, used->v[i].metric);
        if (limit >= 0 && used->v[i].used > limit)
            return text(c, "Your %s %s exceed %s's %s.", locale_count(&c->mem, c->locale, used->v[i].used),
                        msg(c->language ? c->language : "en",
                            text(c, "platform.of_metric.%s", used->v[i].metric)), p->name,
                        locale_count(&c->mem, c->locale, limit));
    }
    return NULL;
}

static void must_fit(Ctx *c, const Subscription *s, const Plan *p, const Usages *used) {
    if (strcmp(p->currency, s->currency))
        fail_field(c, INVALID, "plan", "%s is sold in %s; this subscription is in %s.", p->name, p->currency,
                   s->currency);
    const char *why = unfit(c, s, p, used);
    if (why) fail_field(c, INVALID, "plan", "%s", why);
}

static Money less_discount(const Subscription *s, Money price, Date begins) {
    return money_add(price, money_neg(discount_of(price, s->discount_ppm, s->discount_until, begins)));
}

Money period_net(const Subscription *s) {
    if (!strcmp(s->status, "trial")) return (Money){ 0 };
    return s->period_net_minor.minor >= 0 ? s->period_net_minor
        : less_discount(s, s->price_minor, s->current_period_start);
}

/* The rest of the period at the new price, for the rest of it at what it was invoiced. A trial is free. */
static void begin_now(Ctx *c, const Subscription *s, const Plan *p, Money price) {
    Date today = platform_today(c), begins = s->current_period_start;
    int days = date_days_between(begins, s->current_period_end) + 1, left = days_left(today, s->current_period_end);
    bool is_trial = !strcmp(s->status, "trial");
    Money net = is_trial ? (Money){ 0 } : less_discount(s, price, begins);
    InvoiceLine lines[] = {
        { text(c, "%s, %d of %d days not used", s->plan_name, left, days),
          money_neg(prorated(period_net(s), left, days, ROUND_HALF_UP)), LINE_NOW },
        { text(c, "%s, %d of %d days", p->name, left, days), prorated(net, left, days, ROUND_HALF_UP), LINE_NOW } };
    db_must(c, 1, CONFLICT,
            "update smart360.subscription set plan_id=?, pending_plan_id=null, price_minor=?, period_net_minor=?, "
            "status=if(status='pending_change', 'active', status), updated_at=?, "
            "row_version=row_version+1 where id=? and row_version=?", p->id, price, net, c->now, s->id,
            s->row_version);
    invoice_change(c, s->tenant_id, lines, is_trial ? 0 : 2);
}

/* A plan that is sold by the year, after months: its year begins today; what is left of the month, and what was
   invoiced of the next one, comes off. Of a trial the year begins when it ends. */
static void begin_year(Ctx *c, const Subscription *s, const Plan *p, Money price) {
    Date today = platform_today(c), begins = today, ends = period_last(today, true);
    int days = date_days_between(s->current_period_start, s->current_period_end) + 1,
        left = days_left(today, s->current_period_end);
    bool is_trial = !strcmp(s->status, "trial");
    if (is_trial) begins = s->current_period_start, ends = s->current_period_end;
    Money net = is_trial ? (Money){ 0 } : less_discount(s, price, today), more = add_on_price(c, s->id, true),
          had = money_add(period_net(s), add_on_price_now(c, s->id)), sent = { 0 };
    if (!is_trial && !invoice_withdraw(c, s, "The plan is sold by the year")) {
        BilledAhead *ahead = billed_ahead(c, s->id, next_start(s));
        sent = money_add(ahead->plan_minor, ahead->more_minor);
    }
    InvoiceLine lines[4] = {
        { text(c, "%s, %d of %d days not used", s->plan_name, left, days),
          money_neg(prorated(had, left, days, ROUND_HALF_UP)), LINE_NOW },
        { text(c, "%s, %s to %s", p->name, date_iso(&c->mem, begins), date_iso(&c->mem, ends)), net, LINE_NOW } };
    size_t n = 2;
    if (more.minor) lines[n++] = (InvoiceLine){ "Add-ons", more, LINE_NOW };
    if (sent.minor) lines[n++] = (InvoiceLine){ "What was invoiced of the next month", money_neg(sent), LINE_NOW };
    db_must(c, 1, CONFLICT,
            "update smart360.subscription set plan_id=?, pending_plan_id=null, price_minor=?, period_net_minor=?, "
            "term='year', current_period_start=?, current_period_end=?, add_ons=coalesce(add_ons_next, add_ons), "
            "add_ons_next=null, status=if(status='pending_change', 'active', status), updated_at=?, "
            "row_version=row_version+1 where id=? and row_version=?", p->id, price, net, begins, ends, c->now, s->id,
            s->row_version);
    if (is_trial) invoice_change(c, s->tenant_id, NULL, 0);
    else invoice_create(c, subscription_of(c, s->tenant_id), lines, n, date_add_days(today, INVOICE_AHEAD_DAYS));
}

static void changed(Ctx *c, const Subscription *s, const Plan *p) {
    audit_write(c, &(Audit){ .action = "edit", .entity = "subscription", .id = s->id, .version = s->row_version + 1,
                             .before = json_pairs(c, "plan", s->plan_name, NULL),
                             .after = json_pairs(c, "plan", p->name, NULL) });
    if (c->tenant.id)
        event_emit(c, &(Event){ .name = "subscription.changed", .entity = "tenant", .id = s->tenant_id,
                                .payload = json_pairs(c, "metric", "plan", "value", p->name, NULL) });
}

void subscription_change(Ctx *c, Subscription *s, Id plan, const Usages *used) {
    Plan *p = plan_get(c, plan);
    if (!p || !p->active) fail_field(c, INVALID, "plan", "Choose a plan from the list.");
    if (p->id.id == s->plan_id.id) fail_field(c, INVALID, "plan", "This is your plan already.");
    if (p->by_contract) fail_field(c, INVALID, "plan", "%s is by contract: ask for an offer.", p->name);
    bool year = !strcmp(s->term, "year"), to_year = year || p->by_year;
    Money price = plan_price(p->price_minor, p->by_year, to_year);
    must_fit(c, s, p, used);
    if (is_cheaper(price, to_year, s->price_minor, year)) {
        db_must(c, 1, CONFLICT, "update smart360.subscription set pending_plan_id=?, status='pending_change', "
                                "updated_at=?, row_version=row_version+1 where id=? and row_version=?", p->id, c->now,
                s->id, s->row_version);
        invoice_change(c, s->tenant_id, NULL, 0);
    } else if (to_year == year) {
        begin_now(c, s, p, price);
    } else {
        begin_year(c, s, p, price);
    }
    changed(c, s, p);
}

/* No smaller plan, no end: what was invoiced of the next period follows. */
void subscription_keep(Ctx *c, Subscription *s) {
    db_must(c, 1, CONFLICT, "update smart360.subscription set pending_plan_id=null, cancel_on=null, "
                            "status=if(status='pending_change', 'active', status), updated_at=?, "
                            "row_version=row_version+1 where id=? and row_version=?", c->now, s->id, s->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "subscription", .id = s->id, .version = s->row_version + 1,
                             .before = json_pairs(c, "next_plan", s->pending_name, "cancel_on",
                                                  date_is_set(s->cancel_on) ? date_iso(&c->mem, s->cancel_on) : NULL,
                                                  NULL),
                             .after = json_pairs(c, "plan", s->plan_name, NULL) });
    invoice_change(c, s->tenant_id, NULL, 0);
}

void plan_rights_renew(Ctx *c, Id tenant) {
    const Locale *locale = c->locale;
    const char *language = c->language;
    tenant_enter(c, tenant_by_id(c, tenant));
    rights_renew(c);
    tenant_leave(c);
    c->locale = (Locale *)(uintptr_t)locale;
    c->language = language;
}

void subscription_give(Ctx *c, Subscription *s, Id plan, Money price, const Usages *used) {
    Plan *p = plan_get(c, plan);
    if (!p) fail_field(c, INVALID, "plan", "Choose a plan from the list.");
    must_fit(c, s, p, used);
    if (p->by_year && strcmp(s->term, "year")) begin_year(c, s, p, price);
    else begin_now(c, s, p, price);
    changed(c, s, p);
    plan_rights_renew(c, s->tenant_id);
}

/* --- day by day --------------------------------------------------------------------------------------------------- */

/* 12.5 of 125000. */
static const char *ppm_words(Ctx *c, int64_t ppm) {
    char *s = text(c, "%lld.%04lld", (long long)(ppm / 10000), (long long)(ppm % 10000));
    for (char *end = s + strlen(s) - 1; *end == '0' || *end == '.'; *end-- = 0)
        if (*end == '.') {
            *end = 0;
            break;
        }
    return s;
}

/* What the next period costs: the plan less its discount, and add-ons. */
typedef struct { Date begins; const char *words; Money price, off, more; } NextPeriod;

static NextPeriod next_costs(Ctx *c, const Subscription *s) {
    Plan *to = s->pending_plan_id.id ? plan_get(c, s->pending_plan_id) : NULL;
    bool year = !strcmp(s->term, "year") || (to && to->by_year);
    NextPeriod n = { .begins = next_start(s), .more = add_on_price(c, s->id, year), .price = s->price_minor };
    if (to) n.price = plan_price(to->price_minor, to->by_year, year);
    n.off = discount_of(n.price, s->discount_ppm, s->discount_until, n.begins);
    n.words = text(c, "%s, %s to %s", s->pending_name ? s->pending_name : s->plan_name, date_iso(&c->mem, n.begins),
                   date_iso(&c->mem, period_last(n.begins, year)));
    return n;
}

static bool ends_before_next(Ctx *c, const Subscription *s) {
    return db_int(c, "select cancel_on < ? from smart360.subscription where id = ? and cancel_on is not null",
                  next_start(s), s->id) != 0;
}

static void invoice_period(Ctx *c, const Subscription *s, const NextPeriod *p, bool is_ahead, Date due) {
    LineOf plan = is_ahead ? LINE_NEXT_PLAN : LINE_NOW, more = is_ahead ? LINE_NEXT_MORE : LINE_NOW;
    InvoiceLine lines[3] = { { p->words, p->price, plan } };
    size_t n = 1;
    if (p->off.minor)
        lines[n++] = (InvoiceLine){ text(c, "Discount %s %%", ppm_words(c, s->discount_ppm)), money_neg(p->off), plan };
    if (p->more.minor) lines[n++] = (InvoiceLine){ "Add-ons", p->more, more };
    invoice_create(c, s, lines, n, due);
}

static void invoice_ahead(Ctx *c, const Subscription *s) {
    Date next = next_start(s);
    if (date_days_between(platform_today(c), next) > INVOICE_AHEAD_DAYS || billed_ahead(c, s->id, next)->n
        || ends_before_next(c, s)) return;
    NextPeriod p = next_costs(c, s);
    invoice_period(c, s, &p, true, next);
}

void invoice_first(Ctx *c, Id tenant) {
    Subscription *s = subscription_of(c, tenant);
    if (!s || !strcmp(s->status, "trial")
        || db_int(c, "select count(*) from smart360.subscription_invoice where subscription_id = ?", s->id)) return;
    Date begins = s->current_period_start;
    NextPeriod p = { .begins = begins, .price = s->price_minor,
                     .words = text(c, "%s, %s to %s", s->plan_name, date_iso(&c->mem, begins),
                                   date_iso(&c->mem, s->current_period_end)),
                     .off = discount_of(s->price_minor, s->discount_ppm, s->discount_until, begins) };
    invoice_period(c, s, &p, false, date_add_days(platform_today(c), INVOICE_AHEAD_DAYS));
}

#define AHEAD_OPEN(F, T) F(T, Id, id) F(T, const char *, number) F(T, Money, credit_minor) F(T, int, row_version)
ROW(AheadOpen, AHEAD_OPEN)

bool invoice_withdraw(Ctx *c, const Subscription *s, const char *reason) {
    if (billed_ahead(c, s->id, next_start(s))->n != 1) return false;
    AheadOpen *i = db_find(c, AheadOpen,
        "select i.id, i.number, i.credit_minor, i.row_version from smart360.subscription_invoice i "
        "where i.subscription_id = ? and i.period_on = ? and i.status = 'open' "
        "and i.total_minor + i.credit_minor = i.period_plan_minor + i.period_more_minor "
        "and not exists (select 1 from smart360.subscription_payment p where p.invoice_id = i.id "
        "and p.state in ('created', 'requires_action', 'processing')) for update", s->id, next_start(s));
    if (!i) return false;
    db_run(c, "update smart360.subscription_invoice set status = 'void', updated_at = ?, row_version = row_version + 1 "
              "where id = ?", c->now, i->id);
    db_run(c, "update smart360.subscription set credit_minor = credit_minor + ? where id = ?", i->credit_minor, s->id);
    audit_write(c, &(Audit){ .action = "void", .entity = "subscription_invoice", .id = i->id, .number = i->number,
                             .version = i->row_version + 1, .reason = reason });
    return true;
}

void invoice_change(Ctx *c, Id tenant, const InvoiceLine *lines, size_t n) {
    Subscription *s = subscription_of(c, tenant);
    BilledAhead *was = billed_ahead(c, s->id, next_start(s));
    NextPeriod is = next_costs(c, s);
    Money plan = money_add(money_add(is.price, money_neg(is.off)), money_neg(was->plan_minor)),
          more = money_add(is.more, money_neg(was->more_minor));
    bool is_less = was->n && plan.minor + more.minor < 0,
         is_anew = is_less && invoice_withdraw(c, s, "What it bills has changed");
    InvoiceLine *all = take_n(c, InvoiceLine, n + 2);
    if (n) memcpy(all, lines, n * sizeof *all);
    if (was->n && !is_anew && plan.minor)
        all[n++] = (InvoiceLine){ text(c, "%s, less what was invoiced", is.words), plan, LINE_NEXT_PLAN };
    if (was->n && !is_anew && more.minor)
        all[n++] = (InvoiceLine){ "Add-ons of that period, less what was invoiced", more, LINE_NEXT_MORE };
    if (n) invoice_create(c, s, all, n, date_add_days(platform_today(c), INVOICE_AHEAD_DAYS));
    if (is_anew) invoice_ahead(c, s);
}

/* What it missed is not demanded: its period begins today. */
static void begin_again(Ctx *c, Subscription *s, Date today) {
    bool year = !strcmp(s->term, "year");
    db_run(c, "update smart360.subscription set current_period_start=?, current_period_end=?, pending_plan_id=null, "
              "period_net_minor=null where id=?", today, period_last(today, year), s->id);
    NextPeriod p = { .begins = today, .price = s->price_minor, .more = add_on_price(c, s->id, year),
                     .words = text(c, "%s, %s to %s", s->plan_name, date_iso(&c->mem, today),
                                   date_iso(&c->mem, period_last(today, year))),
                     .off = discount_of(s->price_minor, s->discount_ppm, s->discount_until, today) };
    invoice_period(c, s, &p, false, date_add_days(today, INVOICE_AHEAD_DAYS));
}

const char *subscription_revive(Ctx *c, Id tenant) {
    Date today = platform_today(c);
    bool is_trial = db_int(c, "select coalesce(max(trial_end) >= ?, 0) from smart360.subscription where tenant_id = ?",
                           today, tenant) != 0;
    bool had_ended = db_int(c, "select status = 'cancelled' from smart360.tenant where id = ?", tenant) != 0;
    const char *status = is_trial ? "trial" : "active";
    Id last = db_id(c, "select id from smart360.subscription where tenant_id = ? order by live is null, id desc "
                       "limit 1 for update", tenant);
    if (!last.id) return "active";
    db_run(c, "update smart360.subscription set status=?, cancel_on=null, updated_at=?, row_version=row_version+1 "
              "where id=?", status, c->now, last);
    Subscription *s = subscription_of(c, tenant);
    if (had_ended && date_compare(s->current_period_end, today) < 0) begin_again(c, s, today);
    return status;
}

static void next_period(Ctx *c, const Subscription *s) {
    Date next = date_add_days(s->current_period_end, 1);
    Plan *to = s->pending_plan_id.id ? plan_get(c, s->pending_plan_id) : NULL;
    bool year = !strcmp(s->term, "year") || (to && to->by_year);
    BilledAhead *billed = billed_ahead(c, s->id, next);
    db_run(c, "update smart360.subscription s set s.plan_id=?, s.price_minor=?, s.term=?, "
              "s.status=if(s.status in ('pending_change', 'trial'), 'active', s.status), s.pending_plan_id=null, "
              "s.add_ons=coalesce(s.add_ons_next, s.add_ons), s.add_ons_next=null, s.period_net_minor=nullif(?, -1), "
              "s.current_period_start=?, s.current_period_end=?, s.updated_at=?, s.row_version=s.row_version+1 "
              "where s.id=?",
           to ? to->id : s->plan_id, to ? plan_price(to->price_minor, to->by_year, year) : s->price_minor,
           year ? "year" : "month", billed->n ? billed->plan_minor : (Money){ -1 }, next, period_last(next, year),
           c->now, s->id);
    if (!strcmp(s->status, "trial")) tenant_status_set(c, s->tenant_id, "active", "The trial is over");
}

/* What was used meanwhile does not fit the smaller plan any more: the present one goes on, and its administrators hear
   of it. In the tenant. */
static Subscription *smaller_if_fits(Ctx *c, Subscription *s) {
    if (!s->pending_plan_id.id || !c->tenant.id) return s;
    Usages used = subscription_usage(c);
    const char *why = unfit(c, s, plan_get(c, s->pending_plan_id), &used);
    if (!why) return s;
    subscription_keep(c, s);
    Id role = db_id(c, "select id from role where code='tenant_admin' and utility_id is null");
    if (role.id)
        inapp_post(c, &(InApp){ .recipient_kind = "role", .recipient = role, .topic = "subscription",
                                .severity = "warning", .title = msg_format(c, "en", "platform.stays",
                                    { "plan", s->plan_name }), .body = why, .link = "/org/subscription",
                                .dedup_key = text(c, "plan_stays:%s", date_iso(&c->mem, s->current_period_end)) });
    return subscription_of(c, s->tenant_id);
}

void subscription_day(Ctx *c, Id tenant) {
    Subscription *s = subscription_of(c, tenant);
    if (!s || db_int(c, "select status in ('cancelled', 'archived') from smart360.tenant where id = ?", tenant)) return;
    if (db_int(c, "select cancel_on<? from smart360.subscription where id=?", platform_today(c), s->id)) {
        subscription_status_set(c, s, "cancelled");
        tenant_status_set(c, tenant, "cancelled", "Cancelled by the organization");
        return;
    }
    invoice_ahead(c, s);
    while (date_compare(platform_today(c), s->current_period_end) > 0) {
        s = smaller_if_fits(c, s);
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
