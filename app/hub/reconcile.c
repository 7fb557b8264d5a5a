/*
 * What is found by asking every night (ONB03US01 "settlement"): payouts whose event never came, and payments that no
 * payout of their gateway has after five days; settlement files of gateways that have no list; refunds that a person
 * makes in the gateway's own pages; the health of what is connected.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/clearing.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

enum { LOOK_BACK_S = 7 * 86400, MISSING_AFTER_S = 5 * 86400, FILE_BYTES_MAX = 20 << 20, FILE_ROWS_MAX = 200000,
       WRONG_MAX = 20 };

/* --- every night -------------------------------------------------------------------------------------------------- */

#define NIGHT_ACCOUNT(F, T) F(T, Id, id) F(T, const char *, driver) F(T, const char *, label)
ROW(NightAccount, NIGHT_ACCOUNT)

typedef struct Night { const NightAccount *a; PayoutIds ids; } Night;

/* What we have stands as it is; the rest is fetched by a job each. */
static void ask_for_new(Ctx *c, void *arg) {
    Night *n = arg;
    for (size_t i = 0; i < n->ids.n; i++)
        if (!db_id(c, "select id from settlement where gateway_account_id = ? and provider_settlement_id = ?", n->a->id,
                   n->ids.v[i]).id)
            settlement_ask(c, n->a->id, n->ids.v[i]);
}

/* Only where payouts are known at all: else every payment would be one. What a later payout has is no exception. */
static void mark_missing(Ctx *c, void *arg) {
    Night *n = arg;
    if (!db_int(c, "select count(*) from settlement where gateway_account_id = ? limit 1", n->a->id)) return;
    db_run(c, "update payment_intent i join settlement_line l on l.provider_payment_id = i.provider_payment_id and "
              "l.type = 'charge' set i.exception = null where i.gateway_account_id = ? and i.exception = "
              "'missing_at_provider'", n->a->id);
    int64_t found = db_run(c, "update payment_intent i set i.exception = 'missing_at_provider', i.updated_at = ? where "
                              "i.gateway_account_id = ? and i.purpose <> 'test' and i.exception is null and i.state in "
                              "('succeeded', 'partially_refunded', 'refunded') and i.succeeded_at < ? and not exists "
                              "(select 1 from settlement_line l join settlement s on s.id = l.settlement_id where "
                              "s.gateway_account_id = i.gateway_account_id and l.type = 'charge' and "
                              "l.provider_payment_id = i.provider_payment_id)",
                           c->now, n->a->id, time_add_seconds(c->now, -MISSING_AFTER_S));
    int64_t open = db_int(c, "select count(*) from payment_intent where gateway_account_id = ? and exception = "
                             "'missing_at_provider'", n->a->id);
    const char *key = text(c, "payment.missing:%lld", (long long)n->a->id.id);
    if (found)
        alert_raise(c, "payment.missing_at_provider", "critical", key,
                    text(c, "%lld payments are in no payout of %s after 5 days.", (long long)open, n->a->label),
                    "/integrations/payments?exception=missing_at_provider");
    else if (!open) alert_clear(c, key);
}

JobStep settlements_nightly(Ctx *c, const JobRow *job) {
    (void)job;
    NightAccounts all = db_all(c, NightAccount,
        "select id, driver, label from gateway_account where utility_id = ? "
        "and status in ('active', 'inactive', 'error') order by id",
        c->utility);
    for (size_t i = 0; i < all.n; i++) {
        Night n = { .a = &all.v[i] };
        const GatewayDriver *d = gateway_driver(n.a->driver);
        bool asks = d && d->payouts && db_int(c, "select count(*) from gateway_account where id = ? and "
                                                 "credentials_enc is not null", n.a->id);
        if (asks && d->payouts(c, gateway_account(c, n.a->id), time_add_seconds(c->now, -LOOK_BACK_S), &n.ids))
            db_tx(c, DB_WRITE, ask_for_new, &n, NULL);
        db_tx(c, DB_WRITE, mark_missing, &n, NULL);
    }
    clearing_reckon(c);
    return STEP_DONE;
}

/* --- a settlement file -------------------------------------------------------------------------------------------- */

static const Form file_form = { .name = "settlement_file", .fields = FIELDS {
    { "payout", TEXT(1, 100), .flags = REQUIRED },
    { "paid_on", DATE_FIELD,   .flags = REQUIRED },
    { "net_minor", MONEY(-99999999999, 99999999999), .flags = REQUIRED },
    { "file", FILE_FIELD,   .flags = REQUIRED },
    { 0 } } };

#define FILE_ACCOUNT(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, driver) \
    F(T, const char *, label)
ROW(FileAccount, FILE_ACCOUNT)

static FileAccount *account_of_path(Req *r) {
    FileAccount *a = db_find(r, FileAccount, "select id, public_id, driver, label "
                                             "from gateway_account where utility_id "
                                             "= ? and public_id = ?", r->c.utility, path_text(r, "id"));
    if (!a || !gateway_driver(a->driver)) fail(r, NOT_FOUND, "There is no such gateway.");
    return a;
}

void settlement_file_page(Req *r) {
    FileAccount *a = account_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.file_of", { "name", a->label }));
    show_text(r, "page.crumbs.0.text", word(r, "hub.settlements"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/settlements"));
    show_text(r, "page.crumbs.1.text", a->label);
    form_show(r, "form", &file_form, text(r, "/integrations/gateways/%s/settlement-file", a->public_id));
    show_text(r, "form.intro", word(r, "hub.file_how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.file.accept", ".csv,text/csv");
    show_text(r, "form.submit", word(r, "hub.file_import"));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/settlements"));
    page(r, "layout/form");
}

typedef struct Columns { int invoice, amount, fee, type, date; } Columns;

/* Amounts as people write them, in the utility's currency; a fee may stand with a sign. */
static bool amount_of(Req *r, const char *typed, Money *to) {
    bool minus = *typed == '-';
    Value v;
    static const Field money = { "amount", "Amount", MONEY(0, 99999999999999) };
    const char *digits = minus ? typed + 1 : typed;
    *to = (Money){ 0 };
    if (!*digits) return true;
    if (field_check(r, &money, digits, &v)) return false;
    *to = (Money){ minus ? -v.n : v.n };
    return true;
}

static bool read_row(Req *r, const CsvRow *row, const Columns *at, SettledLine *to) {
    const char *type = csv_field(row, at->type), *invoice = csv_field(row, at->invoice),
               *date = csv_field(row, at->date);
    Money gross, fee;
    Date day;
    if (!*invoice || !amount_of(r, csv_field(row, at->amount), &gross) || !amount_of(r, csv_field(row, at->fee), &fee))
        return false;
    bool is_refund = !strcmp(type, "refund");
    if (fee.minor < 0) fee = money_neg(fee);
    if (is_refund && gross.minor > 0) gross = money_neg(gross);
    *to = (SettledLine){ .type = is_refund ? "refund" : "charge",
                         .provider_payment_id = text_copy(r, invoice),
                         .reference = text_copy(r, invoice),
                         .gross = gross,
                         .fee = fee,
                         .net = money_sub(gross, fee),
                         .at = date_parse_iso(date, &day) ? date_start(r->c.locale->zone, day) : r->c.now };
    return true;
}

typedef struct FileLines { Columns columns; SettlementNews *to; size_t room; } FileLines;

static bool keep_row(Req *r, const CsvRow *row, void *arg) {
    FileLines *l = arg;
    l->to->v = take_room(r, SettledLine, l->to->v, l->to->n, &l->room);
    bool good = read_row(r, row, &l->columns, &l->to->v[l->to->n]);
    l->to->n += good;
    return good;
}

void csv_all_rows(Req *r, CsvReader *file, bool (*each)(Req *r, const CsvRow *row, void *arg), void *arg) {
    CsvRow row;
    bool any = false;
    for (CsvAnswer a; (a = csv_next(file, &row)) != CSV_END;) {
        if (a == CSV_ROW && each(r, &row, arg)) {
            any = true;
            continue;
        }
        problem(r, "file", "%s", row.problem ? row.problem : text(r, "Line %lld cannot be read.", (long long)row.line));
        if (a == CSV_BROKEN || r->problems >= WRONG_MAX) break;
    }
    if (!any && !r->problems) problem(r, "file", "%s", word(r, "hub.file_empty"));
    problems_end(r);
}

/* Half a payout would not add up. */
static void read_file(Req *r, const char *bytes, size_t size, SettlementNews *to) {
    CsvReader *file = csv_open_bytes(&r->c.mem, bytes, size, (CsvRules){ .rows_max = FILE_ROWS_MAX });
    Columns at = { csv_column(file, "invoice_number"), csv_column(file, "amount"), csv_column(file, "fee"),
                   csv_column(file, "type"), csv_column(file, "date") };
    if (at.invoice < 0 || at.amount < 0) fail_field(r, INVALID, "file", "%s", word(r, "hub.file_columns"));
    csv_all_rows(r, file, keep_row, &(FileLines){ at, to, 0 });
}

void settlement_file_post(Req *r) {
    FileAccount *a = account_of_path(r);
    Input *in = form_read(r, &file_form);
    if (!r->uploads.n) problem(r, "file", "%s", word(r, "hub.file_choose"));
    else if (r->uploads.v[0].size > FILE_BYTES_MAX) problem(r, "file", "%s", word(r, "hub.file_too_large"));
    problems_end(r);
    Id document = document_store(&r->c, &(NewDocument){ .file_name = r->uploads.v[0].filename,
                                                        .fd = r->uploads.v[0].fd, .kind = "csv",
                                                        .entity = "gateway_account", .entity_id = a->id });
    size_t size;
    const char *bytes = document_read(&r->c, document, FILE_BYTES_MAX, &size);
    SettlementNews n = { .provider_settlement_id = in_text(in, "payout"), .currency = utility_here(&r->c)->currency,
                         .net = in_money(in, "net_minor"),
                         .arrives_at = date_start(r->c.locale->zone, in_date(in, "paid_on")) };
    read_file(r, bytes, size, &n);
    const char *id = settlement_keep(&r->c, a->id, &n);
    if (!id) fail_field(r, INVALID, "payout", "%s", word(r, "hub.file_known"));
    note(r, "%s", msg_format(r, r->c.language, "hub.file_done",
                             { "n", locale_count(&r->c.mem, r->c.locale, (int64_t)n.n) }));
    go(r, "/integrations/settlements/%s", id);
}

/* --- refunds made by hand ----------------------------------------------------------------------------------------- */

static const Choice results[] = { { "succeeded", NULL }, { "failed", NULL }, { 0 } };
static const Form result_form = { .name = "refund_result", .fields = FIELDS {
    { "result", CHOICE(results), .flags = REQUIRED },
    { "provider_refund_id", TEXT(1, 100),    .flags = REQUIRED },
    { 0 } } };

#define HAND_REFUND(F, T) F(T, Id, gateway) F(T, const char *, refund_no) F(T, const char *, state) \
    F(T, const char *, driver) F(T, const char *, label) F(T, const char *, provider_payment_id) \
    F(T, const char *, intent_no) F(T, Money, amount_minor) F(T, const char *, currency) F(T, int, attempt_no)
ROW(HandRefund, HAND_REFUND)

static HandRefund *refund_of_path(Req *r) {
    HandRefund *f = db_find(r, HandRefund, "select f.gateway_account_id as gateway, f.refund_no, f.state, g.driver, "
                                           "g.label, coalesce(p.provider_payment_id, i.provider_payment_id) as "
                                           "provider_payment_id, i.intent_no, f.amount_minor, f.currency, f.attempt_no "
                                           "from refund f join gateway_account g on g.id = f.gateway_account_id "
                                           "left join payment p on p.id = f.payment_id left join payment_intent i on "
                                           "i.id = f.intent_id where f.utility_id = ? and f.refund_no = ?",
                            r->c.utility, path_text(r, "no"));
    if (!f || !gateway_driver(f->driver) || gateway_driver(f->driver)->refund)
        fail(r, NOT_FOUND, "There is no such refund.");
    return f;
}

void refund_hand_page(Req *r) {
    HandRefund *f = refund_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.refund_title", { "no", f->refund_no }));
    show_text(r, "page.crumbs.0.text", word(r, "hub.refunds"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/refunds"));
    show_text(r, "page.crumbs.1.text", f->refund_no);
    form_show(r, "confirm", &result_form, text(r, "/integrations/refunds/%s", f->refund_no));
    show_fact(r, "confirm.facts", word(r, "hub.gateway"), f->label, f->provider_payment_id);
    show_fact(r, "confirm.facts", word(r, "hub.amount"), money_other(&r->c, f->amount_minor, f->currency), NULL);
    show_fact(r, "confirm.facts", word(r, "hub.state"), state_label(r, f->state), NULL);
    show_text(r, "confirm.text.0", msg_format(r, r->c.language, "hub.refund_by_hand", { "name", f->label }));
    show_text(r, "confirm.tone", "plain");
    show_text(r, "confirm.back_url", link_path(r, "/integrations/refunds"));
    page(r, "layout/confirm");
}

void refund_hand_post(Req *r) {
    HandRefund *f = refund_of_path(r);
    Input *in = form_read(r, &result_form);
    problems_end(r);
    if (strcmp(f->state, "submitted")) fail(r, CONFLICT, "This refund is %s.", f->state);
    bool done = !strcmp(in_text(in, "result"), "succeeded"), changed;
    RefundNews n = { .provider_refund_id = in_text(in, "provider_refund_id"),
                     .provider_payment_id = f->provider_payment_id,
                     .intent_no = f->intent_no,
                     .refund_no = f->attempt_no > 1 ? text(r, "%s-%d", f->refund_no, f->attempt_no) : f->refund_no,
                     .amount = f->amount_minor,
                     .failure_text = done ? NULL : word(r, "hub.refund_hand_failed"),
                     .state = done ? MONEY_DONE : MONEY_FAILED };
    refund_heard(&r->c, f->gateway, &n, &changed);
    alert_clear(&r->c, text(r, "refund.by_hand:%s", f->refund_no));
    audit_note(&r->c, "record", "refund",
               db_id(r, "select id from refund where utility_id = ? and refund_no = ?", r->c.utility, f->refund_no),
               f->refund_no, in_text(in, "result"));
    note(r, "%s", word(r, "hub.saved"));
    go(r, "/integrations/refunds");
}

/* --- health ------------------------------------------------------------------------------------------------------- */

#define HEALTH_ROW(F, T) F(T, const char *, public_id) F(T, const char *, label) F(T, const char *, status) \
    F(T, int, breaker_failures) F(T, Time, breaker_open_until) F(T, Time, last_verified_at) F(T, Time, last_event_at) \
    F(T, int64_t, unanswered) F(T, int64_t, waiting) F(T, int64_t, missing)
ROW(HealthRow, HEALTH_ROW)

static const char *breaker_words(Req *r, int failures, Time open_until) {
    if (time_is_set(open_until) && open_until.us > r->c.now.us)
        return msg_format(r, r->c.language, "hub.breaker_open",
                          { "at", locale_clock(&r->c.mem, r->c.locale, open_until) });
    if (failures) return msg_format(r, r->c.language, "hub.breaker_failures", { "n", text(r, "%d", failures) });
    return word(r, "hub.breaker_closed");
}

static const char *when(Req *r, Time t) {
    return time_is_set(t) ? locale_time(&r->c.mem, r->c.locale, t) : word(r, "hub.never");
}

#define PROVIDER_HEALTH(F, T) F(T, const char *, public_id) F(T, const char *, name) F(T, const char *, status) \
    F(T, int, breaker_failures) F(T, Time, breaker_open_until) F(T, Time, last_verified_at) F(T, Time, last_event_at) \
    F(T, int64_t, waiting) F(T, int64_t, failed)
ROW(ProviderHealth, PROVIDER_HEALTH)

static void show_providers(Req *r) {
    ProviderHealths all = db_all(
        r, ProviderHealth,
        "select p.public_id, p.name, p.status, p.breaker_failures, p.breaker_open_until, p.last_verified_at, "
        "p.last_event_at, (select count(*) from message m where m.message_provider_id = p.id and m.status in ('retry', "
        "'unknown', 'sent_to_provider')) as waiting, (select count(*) from message m "
        "where m.message_provider_id = p.id "
        "and m.created_at > ? and m.status in ('failed', 'undelivered', 'bounced')) as failed from message_provider p "
        "where p.utility_id = ? order by p.channel, p.priority, p.id", time_add_seconds(r->c.now, -86400),
            r->c.utility);
    show_text(r, "show.sections.2.title", word(r, "hub.messaging"));
    TableView *t = table_start(r, "show.sections.2.table", word(r, "hub.messaging"));
    static const struct { const char *key, *kind, *place; } columns[] = {
        { "hub.name", "text", "id" },       { "hub.breaker", "text", NULL },     { "hub.verified_at", "date", NULL },
        { "hub.last_event", "date", NULL }, { "hub.messages_open", "num", NULL }, { "hub.failed_24h", "num", NULL },
        { "hub.state", "status", "status" },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_column(t, word(r, columns[i].key), columns[i].kind, columns[i].place);
    for (size_t i = 0; i < all.n; i++) {
        const ProviderHealth *h = &all.v[i];
        table_row(t, link_open(r, "/integrations/providers/%s", h->public_id));
        table_cell(t, h->name);
        table_cell(t, breaker_words(r, h->breaker_failures, h->breaker_open_until));
        table_cell(t, when(r, h->last_verified_at));
        table_cell(t, when(r, h->last_event_at));
        table_int(t, h->waiting);
        table_int(t, h->failed);
        table_state(t, h->status);
    }
}

void health_page(Req *r) {
    HealthRows all = db_all(
        r, HealthRow,
        "select a.public_id, a.label, a.status, a.breaker_failures, a.breaker_open_until, a.last_verified_at, "
        "a.last_event_at, (select count(*) from payment_intent i join payment_attempt t on t.intent_id = i.id where "
        "i.gateway_account_id = a.id and i.created_at > ? and t.state = 'unknown') as unanswered, "
        "(select count(*) from webhook_event w where w.source = 'gateway' and w.account_ref = a.id and w.utility_id = "
        "a.utility_id and w.state in ('received', 'failed')) as waiting, "
        "(select count(*) from payment_intent i where i.gateway_account_id = a.id and i.exception = "
        "'missing_at_provider') as missing from gateway_account a where a.utility_id = ? order by a.priority, a.id",
        time_add_seconds(r->c.now, -86400), r->c.utility);
    show_text(r, "page.title", word(r, "hub.health"));
    page_tabs(r, "hub", "/integrations/health");
    show_text(r, "show.sections.0.title", word(r, "hub.gateways"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "hub.gateways"));
    static const struct { const char *key, *kind, *place; } columns[] = {
        { "hub.gateway", "text", "id" },    { "hub.breaker", "text", NULL },      { "hub.verified_at", "date", NULL },
        { "hub.last_event", "date", NULL }, { "hub.unanswered", "num", NULL },    { "hub.waiting", "num", NULL },
        { "hub.missing_5d", "num", NULL },  { "hub.state", "status", "status" },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_column(t, word(r, columns[i].key), columns[i].kind, columns[i].place);
    for (size_t i = 0; i < all.n; i++) {
        const HealthRow *h = &all.v[i];
        table_row(t, link_path(r, "/integrations/gateways/%s", h->public_id));
        table_cell(t, h->label);
        table_cell(t, breaker_words(r, h->breaker_failures, h->breaker_open_until));
        table_cell(t, when(r, h->last_verified_at));
        table_cell(t, when(r, h->last_event_at));
        table_int(t, h->unanswered);
        table_int(t, h->waiting);
        table_int(t, h->missing);
        table_state(t, h->status);
    }
    table_empty(t, word(r, "hub.not_connected"), word(r, "hub.connect"));
    clearing_show(r, "show.sections.1");
    show_providers(r);
    page(r, "layout/show");
}
