/*
 * Pages of money at the gateways: one online payment, refunds, disputes, settlements with their exceptions (ONB03US01).
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "app/hub/settlement_rules.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

static int64_t disputes_open(Ctx *c) {
    return db_int(c, "select count(*) from dispute where utility_id = ? and state = 'open'", c->utility);
}
static int64_t settlements_open(Ctx *c) {
    return db_int(c, "select count(*) from settlement where utility_id = ? and state = 'exceptions'", c->utility);
}

const PageTab hub_tabs[] = {
    { "hub", "hub.gateways",    "/integrations",             "hub.gateways",    NULL },
    { "hub", "hub.messaging",   "/integrations/messaging",   "hub.providers",   NULL },
    { "hub", "hub.events",      "/integrations/events",      "hub.events",      NULL },
    { "hub", "hub.payments",    "/integrations/payments",    "hub.intents",     NULL },
    { "hub", "hub.refunds",     "/integrations/refunds",     "hub.refunds",     NULL },
    { "hub", "hub.disputes",    "/integrations/disputes",    "hub.refunds",     disputes_open },
    { "hub", "hub.settlements", "/integrations/settlements", "hub.settlements", settlements_open },
    { "hub", "hub.health",      "/integrations/health",      "hub.gateways",    NULL },
    { 0 }
};

static void list_page(Req *r, const char *title, const ListSpec *spec) {
    show_text(r, "page.title", word(r, title));
    page_tabs(r, "hub", spec->path);
    list_show(r, spec, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static void crumbs(Req *r, const char *list, const char *path, const char *no) {
    show_text(r, "page.crumbs.0.text", word(r, list));
    show_text(r, "page.crumbs.0.url", link_path(r, "%s", path));
    show_text(r, "page.crumbs.1.text", no);
}

/* --- one online payment ------------------------------------------------------------------------------------------- */

#define INTENT_VIEW(F, T)                                                                                              \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, intent_no) F(T, const char *, state) F(T, const char *, account_no) F(T, const char *, label)   \
        F(T, const char *, driver) F(T, const char *, provider_payment_id) F(T, const char *, exception)               \
            F(T, const char *, method) F(T, const char *, failure_text) F(T, const char *, dispute_flag)               \
                F(T, Money, amount_minor) F(T, Money, fee_minor) F(T, Money, received_minor)                           \
                    F(T, Money, refunded_minor) F(T, Time, created_at)                                                 \
                    F(T, Time, succeeded_at)
ROW(IntentView, INTENT_VIEW)

static IntentView *intent_of_path(Req *r) {
    IntentView *i = db_find(r, IntentView,
        "select i.id, i.intent_no, i.state, a.account_no, g.label, g.driver, i.provider_payment_id, i.exception, "
        "i.method, i.failure_text, i.dispute_flag, i.amount_minor, i.fee_minor, coalesce(i.received_minor, "
        "0) as received_minor, i.refunded_minor, i.created_at, i.succeeded_at from payment_intent i "
        "left join account a on a.id = i.account_id left join gateway_account g on g.id = i.gateway_account_id "
        "where i.utility_id = ? and i.intent_no = ?",
        r->c.utility, path_text(r, "no"));
    if (!i) fail(r, NOT_FOUND, "There is no payment %s.", path_text(r, "no"));
    return i;
}

static const char *money_of(Req *r, Money m) { return locale_money(&r->c.mem, r->c.locale, m); }

static void show_intent_facts(Req *r, const IntentView *i) {
    show_fact(r, "show.facts", word(r, "hub.amount"), money_of(r, i->amount_minor), NULL);
    if (i->fee_minor.minor) show_fact(r, "show.facts", word(r, "hub.fee"), money_of(r, i->fee_minor), NULL);
    if (i->received_minor.minor)
        show_fact(r, "show.facts", word(r, "hub.received_amount"), money_of(r, i->received_minor), NULL);
    if (i->refunded_minor.minor)
        show_fact(r, "show.facts", word(r, "hub.refunded"), money_of(r, i->refunded_minor), NULL);
    show_fact(r, "show.facts", word(r, "hub.account"), i->account_no, NULL);
    show_fact(r, "show.facts", word(r, "hub.gateway"), i->label, NULL);
    if (i->method) show_fact(r, "show.facts", word(r, "hub.method"), state_label(r, i->method), NULL);
    show_fact(r, "show.facts", word(r, "hub.provider_id"), i->provider_payment_id, NULL);
    show_fact(r, "show.facts", word(r, "hub.begun"), locale_time(&r->c.mem, r->c.locale, i->created_at), NULL);
    if (time_is_set(i->succeeded_at))
        show_fact(r, "show.facts", word(r, "hub.succeeded"), locale_time(&r->c.mem, r->c.locale, i->succeeded_at),
                  NULL);
    if (i->exception) show_fact(r, "show.facts", word(r, "hub.exception"), state_label(r, i->exception), NULL);
    if (i->failure_text) show_fact(r, "show.facts", word(r, "hub.failure"), i->failure_text, NULL);
}

static TableView *section_table(Req *r, int n, const char *title) {
    show_text(r, text(r, "show.sections.%d.title", n), word(r, title));
    return table_start(r, text(r, "show.sections.%d.table", n), word(r, title));
}

static void show_intent_tables(Req *r, const IntentView *i) {
    TableView *t = section_table(r, 0, "hub.posted");
    table_column(t, word(r, "hub.payment"), "code", "id");
    table_column(t, word(r, "hub.account"), "code", "name");
    table_column(t, word(r, "hub.amount"), "money", "amount");
    table_column(t, word(r, "hub.state"), "status", "status");
    table_rows_of(
        t, "/cis/payments/",
        "select p.payment_no, a.account_no, p.amount_minor, p.status from payment p left join account a on a.id = "
        "p.account_id where p.payment_intent_id = ? order by p.id",
        i->id);
    table_empty(t, word(r, "hub.nothing_posted"), word(r, "hub.nothing_posted_how"));
    t = section_table(r, 1, "hub.attempts");
    table_column(t, word(r, "hub.no"), "num", "id");
    table_column(t, word(r, "hub.key"), "code", "name");
    table_column(t, word(r, "hub.begun"), "date", NULL);
    table_column(t, word(r, "hub.answer"), "num", NULL);
    table_column(t, word(r, "hub.error"), "text", NULL);
    table_column(t, word(r, "hub.state"), "status", "status");
    table_rows_of(
        t, NULL,
        "select no, idempotency_key, started_at, http_status, error, state from payment_attempt where intent_id = ? "
        "order by no",
        i->id);
    t = section_table(r, 2, "hub.refunds");
    table_column(t, word(r, "hub.refund"), "code", "id");
    table_column(t, word(r, "hub.amount"), "money", "amount");
    table_column(t, word(r, "hub.provider_id"), "code", "name");
    table_column(t, word(r, "hub.state"), "status", "status");
    table_rows_of(
        t, NULL,
        "select refund_no, amount_minor, provider_refund_id, state from refund where intent_id = ? order by id", i->id);
    Money unheld = db_money(r, "select cast(coalesce(sum(unheld_minor), 0) as signed) from refund where intent_id = ?",
                            i->id);
    if (unheld.minor)
        show_text(r, "show.sections.2.sub",
                  msg_format(r, r->c.language, "hub.unheld", { "amount", money_of(r, unheld) }));
    t = section_table(r, 3, "hub.ledger_entries");
    table_column(t, word(r, "hub.code"), "code", "id");
    table_column(t, word(r, "hub.name"), "text", "name");
    table_column(t, word(r, "hub.debit"), "money", NULL);
    table_column(t, word(r, "hub.credit"), "money", "amount");
    table_column(t, word(r, "hub.date"), "date", NULL);
    table_rows_of(
        t, NULL,
        "select g.code, g.name, nullif(e.debit_minor, 0) as debit_minor, nullif(e.credit_minor, 0) as credit_minor, "
        "e.effective_date from ("
        "select 'payment' as source_type, id as source_id from payment where payment_intent_id = ? union all select "
        "'dispute', id from dispute where intent_id = ? union all select 'refund', id from refund where intent_id = ? "
        "union all select 'refund_request', refund_request_id from refund where intent_id = ? and refund_request_id "
        "is not null) s "
        "join ledger_entry e on e.source_type = s.source_type and e.source_id = s.source_id join gl_code g on g.id = "
        "e.gl_code_id order by e.id",
        i->id, i->id, i->id, i->id);
}

enum { EVENTS_SHOWN = 50, PAYMENTS_OF_ONE = 5 };

#define EVENT_LINE(F, T) F(T, const char *, public_id) F(T, const char *, type) F(T, Time, received_at) \
    F(T, int, delivery_count) F(T, const char *, state) F(T, const char *, reason)
ROW(EventLine, EVENT_LINE)

/* What the gateway told of it, newest first. */
static void show_intent_events(Req *r, const IntentView *i) {
    TableView *t = section_table(r, 4, "hub.events");
    table_column(t, word(r, "hub.type"), "text", "id");
    table_column(t, word(r, "hub.received"), "date", "name");
    table_column(t, word(r, "hub.deliveries"), "num", NULL);
    table_column(t, word(r, "hub.reason"), "text", NULL);
    table_column(t, word(r, "hub.state"), "status", "status");
    EventLines all = db_all(r, EventLine, "select public_id, type, received_at, delivery_count, state, reason "
                                          "from webhook_event where intent_id = ? order by id desc limit ?", i->id,
                            (int)EVENTS_SHOWN);
    for (size_t k = 0; k < all.n; k++) {
        const EventLine *e = &all.v[k];
        table_row(t, link_open(r, "/integrations/events/%s", e->public_id));
        table_cell(t, e->type);
        table_cell(t, locale_time(&r->c.mem, r->c.locale, e->received_at));
        table_int(t, e->delivery_count);
        table_cell(t, e->reason ? state_label(r, e->reason) : "");
        table_state(t, e->state);
    }
    table_empty(t, word(r, "hub.no_events"), word(r, "hub.no_events_how"));
}

#define PAID_LINE(F, T) F(T, const char *, payment_no)
ROW(PaidLine, PAID_LINE)

/* A refund is asked for at the payment it takes back: one for each account that was paid. */
static void show_refund_ways(Req *r, const IntentView *i, size_t *n) {
    if (strcmp(i->state, "succeeded") && strcmp(i->state, "partially_refunded")) return;
    PaidLines all = db_all(r, PaidLine, "select payment_no from payment where payment_intent_id = ? and status in "
                                        "('posted', 'pending_clearance', 'partially_refunded') order by id limit ?",
                           i->id, (int)PAYMENTS_OF_ONE);
    for (size_t k = 0; k < all.n; k++) {
        char *to = link_open(r, "/cis/payments/%s/refund", all.v[k].payment_no);
        if (!to) return;
        show_text(r, at(r, "page.actions", *n, "text"), all.n == 1 ? word(r, "hub.refund_it")
                  : msg_format(r, r->c.language, "hub.refund_of", { "no", all.v[k].payment_no }));
        show_text(r, at(r, "page.actions", (*n)++, "url"), to);
    }
}

static void show_intent_actions(Req *r, const IntentView *i) {
    size_t n = 0;
    show_refund_ways(r, i, &n);
    if (!strcmp(i->state, "requires_action") || !strcmp(i->state, "processing")) {
        show_text(r, at(r, "page.actions", n, "text"), word(r, "hub.check_now"));
        show_text(r, at(r, "page.actions", n, "post"), "1");
        show_text(r, at(r, "page.actions", n++, "url"), link_path(r, "/integrations/payments/%s/check", i->intent_no));
    }
    if (i->driver && !strcmp(i->driver, "sandbox") && perm_may(&r->c, "hub.intents", EDIT)) {
        show_text(r, at(r, "page.actions", n, "text"), word(r, "hub.sandbox.open"));
        show_text(r, at(r, "page.actions", n++, "url"),
                  link_path(r, "/integrations/payments/%s/sandbox", i->intent_no));
    }
}

void intent_page(Req *r) {
    IntentView *i = intent_of_path(r);
    show_text(r, "page.title", msg_format(r, r->c.language, "hub.payment_title", { "no", i->intent_no }));
    crumbs(r, "hub.payments", "/integrations/payments", i->intent_no);
    show_text(r, "show.status.text", state_label(r, i->state));
    show_text(r, "show.status.tone", state_tone(r, i->state));
    if (strcmp(i->dispute_flag, "none")) {
        show_text(r, "show.badges.0.text",
                  msg_format(r, r->c.language, "hub.dispute_is", { "state", state_label(r, i->dispute_flag) }));
        show_text(r, "show.badges.0.tone", state_tone(r, i->dispute_flag));
    }
    show_intent_facts(r, i);
    show_intent_tables(r, i);
    show_intent_events(r, i);
    show_intent_actions(r, i);
    review_show(r, i->intent_no);
    page(r, "layout/show");
}

void intent_ask_post(Req *r) {
    IntentView *i = intent_of_path(r);
    if (strcmp(i->state, "requires_action") && strcmp(i->state, "processing"))
        fail(r, CONFLICT, "This payment is %s.", i->state);
    job_enqueue(&r->c, &(NewJob){ .kind = "payment.check",
                                  .payload = text(r, "{\"intent\":%lld}", (long long)i->id.id),
                                  .unique_key = i->intent_no });
    note(r, "%s", word(r, "hub.asked"));
    go(r, "/integrations/payments/%s", i->intent_no);
}

/* --- refunds and disputes ----------------------------------------------------------------------------------------- */

static const Choice leg_states[] = { { "submitted", NULL }, { "succeeded", NULL }, { "failed", NULL }, { 0 } };

static const ListSpec legs = {
    .name = "refund_legs",
    .path = "/integrations/refunds",
    .feature = "hub.refunds",
    .id = "f.id",
    .from =
        "refund f join gateway_account g on g.id = f.gateway_account_id left join payment_intent i on i.id = "
        "f.intent_id left join payment p on p.id = f.payment_id",
    .where = "f.utility_id = ?",
    .columns = COLUMNS{ { "refund_no", NULL, "f.refund_no", LIST | SORT | SEARCH_START, .kind = "code" },
                        { "intent_no", NULL, "i.intent_no", LIST,
                          .link = "/integrations/payments/{intent_no}", .place = "name" },
                        { "payment_no", NULL, "p.payment_no", LIST, .link = "/cis/payments/{payment_no}" },
                        { "label", NULL, "g.label", LIST },
                        { "provider_refund_id", NULL, "f.provider_refund_id", LIST | SEARCH_START },
                        { "submitted_at", NULL, "f.submitted_at", LIST | SORT | FILTER },
                        { "external", NULL, "f.external = 1", LIST },
                        { "failure_text", NULL, "f.failure_text", LIST },
                        { "currency", NULL, "if(f.currency = i.currency or i.id is null, null, f.currency)", LIST },
                        { "amount_minor", NULL, "if(f.currency = i.currency or i.id is null, f.amount_minor, null)",
                          LIST | SORT | SUM, .place = "amount" },
                        { "state", NULL, "f.state", LIST | FILTER, .choices = leg_states },
                        { 0 } },
    .order = "-submitted_at"
};

void refund_leg_list_page(Req *r) { list_page(r, "hub.refunds", &legs); }

static const Choice dispute_states[] = { { "open", NULL }, { "won", NULL }, { "lost", NULL }, { 0 } };

static const ListSpec disputes = {
    .name = "disputes",
    .path = "/integrations/disputes",
    .feature = "hub.refunds",
    .id = "d.id",
    .from =
        "dispute d join gateway_account g on g.id = d.gateway_account_id left join payment_intent i on i.id = "
        "d.intent_id",
    .where = "d.utility_id = ?",
    .columns = COLUMNS{ { "provider_dispute_id", NULL, "d.provider_dispute_id", LIST | SEARCH_START,
                          .kind = "code" },
                        { "intent_no", NULL, "i.intent_no", LIST,
                          .link = "/integrations/payments/{intent_no}", .place = "name" },
                        { "label", NULL, "g.label", LIST },
                        { "reason", NULL, "d.reason", LIST },
                        { "opened_at", NULL, "d.opened_at", LIST | SORT | FILTER },
                        { "evidence_due_at", NULL, "d.evidence_due_at", LIST | SORT },
                        { "amount_minor", NULL, "d.amount_minor", LIST | SORT | SUM, .place = "amount" },
                        { "fee_minor", NULL, "d.fee_minor", LIST | SUM },
                        { "state", NULL, "d.state", LIST | FILTER, .choices = dispute_states },
                        { 0 } },
    .order = "-opened_at"
};

void dispute_list_page(Req *r) { list_page(r, "hub.disputes", &disputes); }

/* --- settlements -------------------------------------------------------------------------------------------------- */

static const Choice settlement_states[] = { { "exceptions", NULL }, { "matched", NULL }, { "closed", NULL }, { 0 } };

static const ListAction settlement_actions[] = { { "hub.bank", "/integrations/bank", "cash", NULL, VIEW, false },
    { 0 } };

static const ListSpec settlements = {
    .name = "settlements",
    .path = "/integrations/settlements",
    .feature = "hub.settlements",
    .id = "s.id",
    .from = "settlement s join gateway_account g on g.id = s.gateway_account_id",
    .where = "s.utility_id = ?",
    .columns = COLUMNS{ { "provider_settlement_id", NULL, "s.provider_settlement_id", LIST | SEARCH_START,
                          .link = "/integrations/settlements/{public_id}", .kind = "code" },
                        { "public_id", NULL, "s.public_id" },
                        { "label", NULL, "g.label", LIST, .place = "name" },
                        { "deposited_on", NULL, "s.deposited_on", LIST | SORT | FILTER },
                        { "gross_minor", NULL, "s.gross_minor", LIST | SUM },
                        { "fee_minor", NULL, "s.fee_minor", LIST | SUM },
                        { "refund_minor", NULL, "s.refund_minor", LIST | SUM },
                        { "dispute_minor", NULL, "s.dispute_minor", LIST | SUM },
                        { "net_minor", NULL, "s.net_minor", LIST | SORT | SUM, .place = "amount" },
                        { "matched_pct", NULL,
                          "(select cast(round(avg(l.match_state in ('matched', 'resolved')) * 100) as "
                          "signed) from settlement_line l where l.settlement_id = s.id)", LIST },
                        { "bank_reference", NULL, "s.bank_reference", LIST },
                        { "state", NULL, "s.state", LIST | FILTER, .choices = settlement_states },
                        { 0 } },
    .order = "-deposited_on", .actions = settlement_actions
};

void settlement_list_page(Req *r) { list_page(r, "hub.settlements", &settlements); }

#define SETTLEMENT_VIEW(F, T)                                                                                          \
    F(T, Id, id)                                                                                                       \
    F(T, const char *, public_id) F(T, const char *, provider_settlement_id) F(T, const char *, state)                 \
        F(T, const char *, label) F(T, Money, gross_minor) F(T, Money, fee_minor) F(T, Money, refund_minor)            \
            F(T, Money, dispute_minor) F(T, Money, adjustment_minor) F(T, Money, net_minor) F(T, Date, deposited_on) \
                F(T, const char *, bank_reference) F(T, Time, failed_at) F(T, const char *, bank_line)
ROW(SettlementView, SETTLEMENT_VIEW)

static SettlementView *settlement_of_path(Req *r) {
    SettlementView *s = db_find(r, SettlementView,
        "select s.id, s.public_id, s.provider_settlement_id, s.state, g.label, s.gross_minor, s.fee_minor, "
        "s.refund_minor, s.dispute_minor, s.adjustment_minor, s.net_minor, s.deposited_on, s.bank_reference, "
        "s.failed_at, (select b.public_id from bank_statement_line b where b.settlement_id = s.id "
        "order by b.state = 'matched' desc limit 1) as bank_line from settlement s join gateway_account g "
        "on g.id = s.gateway_account_id where s.utility_id = ? and s.public_id = ?",
        r->c.utility, path_text(r, "id"));
    if (!s) fail(r, NOT_FOUND, "There is no such settlement.");
    return s;
}

static void show_settlement_facts(Req *r, const SettlementView *s) {
    const struct {
        const char *key;
        Money amount;
    } facts[] = { { "hub.gross", s->gross_minor },
                  { "hub.fees", s->fee_minor },
                  { "hub.refunds", s->refund_minor },
                  { "hub.disputes", s->dispute_minor },
                  { "hub.adjustments", s->adjustment_minor },
                  { "hub.net", s->net_minor } };
    show_fact(r, "show.facts", word(r, "hub.gateway"), s->label, NULL);
    show_fact(r, "show.facts", word(r, "hub.paid_out"), locale_date(&r->c.mem, r->c.locale, s->deposited_on), NULL);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        show_fact(r, "show.facts", word(r, facts[i].key), money_of(r, facts[i].amount), NULL);
    show_fact(r, "show.facts", word(r, "hub.at_bank"),
        s->bank_reference ? s->bank_reference : word(r, s->bank_line ? "hub.bank_suggested" : "hub.bank_not_yet"),
        NULL);
    if (time_is_set(s->failed_at))
        show_fact(r, "show.facts", word(r, "hub.sent_back"), locale_time(&r->c.mem, r->c.locale, s->failed_at), NULL);
}

#define LINE_COUNT(F, T) F(T, const char *, state) F(T, int64_t, n)
ROW(LineCount, LINE_COUNT)

/* "Matched 12, missing here 1": what is left to do, before the lines. */
static const char *lines_in_words(Req *r, const SettlementView *s) {
    LineCounts all = db_all(r, LineCount, "select match_state as state, count(*) as n from settlement_line "
                                          "where settlement_id = ? group by match_state order by "
                                          "match_state in ('matched', 'resolved'), n desc", s->id);
    Text t = text_start(r);
    for (size_t i = 0; i < all.n; i++)
        text_addf(&t, "%s%s: %s", i ? ", " : "", state_label(r, all.v[i].state),
                  locale_count(&r->c.mem, r->c.locale, all.v[i].n));
    return t.s;
}

static void show_settlement_lines(Req *r, const SettlementView *s) {
    TableView *t = section_table(r, 0, "hub.lines");
    show_text(r, "show.sections.0.sub", lines_in_words(r, s));
    table_column(t, word(r, "hub.no"), "num", "id");
    table_column(t, word(r, "hub.kind"), "text", "name");
    table_column(t, word(r, "hub.provider_id"), "code", NULL);
    table_column(t, word(r, "hub.gross"), "money", NULL);
    table_column(t, word(r, "hub.fee"), "money", NULL);
    table_column(t, word(r, "hub.net"), "money", "amount");
    table_column(t, word(r, "hub.comment"), "text", NULL);
    table_column(t, word(r, "hub.assigned_to"), "text", NULL);
    table_column(t, word(r, "hub.state"), "status", "status");
    const char *path = perm_may(&r->c, "hub.settlements", EDIT) && !strcmp(s->state, "exceptions")
                           ? text(r, "/integrations/settlements/%s/lines/", s->public_id)
                           : NULL;
    table_rows_of(t, path,
        "select line_no, type, coalesce(provider_payment_id, reference) as reference, gross_minor, fee_minor, "
        "net_minor, comment, (select u.full_name from user u where u.id = assigned_to) as who, "
        "match_state as state from settlement_line where settlement_id = ? "
        "order by match_state in ('matched', 'resolved'), line_no limit 1000",
        s->id);
    t = section_table(r, 1, "hub.ledger_entries");
    table_column(t, word(r, "hub.code"), "code", "id");
    table_column(t, word(r, "hub.name"), "text", "name");
    table_column(t, word(r, "hub.debit"), "money", NULL);
    table_column(t, word(r, "hub.credit"), "money", "amount");
    table_rows_of(
        t, NULL,
        "select g.code, g.name, nullif(e.debit_minor, 0) as debit_minor, nullif(e.credit_minor, 0) as credit_minor "
        "from ledger_entry e join gl_code g on g.id = e.gl_code_id "
        "where e.source_type = 'settlement' and e.source_id = ? order by e.id",
        s->id);
    table_empty(t, word(r, "hub.nothing_posted"), word(r, "hub.settlement_posts_later"));
}

void settlement_page(Req *r) {
    SettlementView *s = settlement_of_path(r);
    show_text(r, "page.title",
              msg_format(r, r->c.language, "hub.settlement_title", { "no", s->provider_settlement_id }));
    crumbs(r, "hub.settlements", "/integrations/settlements", s->provider_settlement_id);
    show_text(r, "show.status.text", state_label(r, s->state));
    show_text(r, "show.status.tone", state_tone(r, s->state));
    show_settlement_facts(r, s);
    show_settlement_lines(r, s);
    size_t n = 0;
    if (perm_may(&r->c, "hub.settlements", EXPORT)) {
        show_text(r, at(r, "page.actions", n, "text"), word(r, "hub.export"));
        show_text(r, at(r, "page.actions", n, "download"), "1");
        show_text(r, at(r, "page.actions", n++, "url"), link_path(r, "/integrations/settlements/%s/export",
            s->public_id));
    }
    if (s->bank_line) {
        show_text(r, at(r, "page.actions", n, "text"), word(r, "hub.at_bank"));
        show_text(r, at(r, "page.actions", n, "url"),
                  link_path(r, "/integrations/bank/%s", s->bank_line));
    }
    if (!strcmp(s->state, "matched") && perm_may(&r->c, "hub.settlements", APPROVE)) {
        show_text(r, "show.moves.0.text", word(r, "hub.close"));
        show_text(r, "show.moves.0.post", "1");
        show_text(r, "show.moves.0.kind", "primary");
        show_text(r, "show.moves.0.url", link_path(r, "/integrations/settlements/%s/close", s->public_id));
    }
    history_aside(r, "settlement", s->id, NULL);
    page(r, "layout/show");
}

void settlement_close_post(Req *r) {
    SettlementView *s = settlement_of_path(r);
    settlement_close(&r->c, s->id);
    note(r, "%s", msg_format(r, r->c.language, "hub.closed", { "no", s->provider_settlement_id }));
    go(r, "/integrations/settlements/%s", s->public_id);
}

static const Form resolve_form = { .name = "settlement_line",
                                   .fields = FIELDS{ { "comment", LONG_TEXT(3, 500), .flags = REQUIRED },
                                                     { 0 } } };

#define LINE_VIEW(F, T)                                                                                                \
    F(T, int64_t, line_no)                                                                                             \
    F(T, const char *, type) F(T, const char *, reference) F(T, const char *, match_state) F(T, Money, gross_minor)    \
        F(T, Money, net_minor) F(T, Id, assigned_to) F(T, const char *, payment_no) F(T, const char *, account_no)     \
            F(T, Time, received_at)
ROW(LineView, LINE_VIEW)

static LineView *line_of_path(Req *r, const SettlementView *s) {
    LineView *l = db_find(r, LineView,
        "select l.line_no, l.type, coalesce(l.provider_payment_id, l.reference) as reference, l.match_state, "
        "l.gross_minor, l.net_minor, l.assigned_to, p.payment_no, a.account_no, p.received_at "
        "from settlement_line l left join payment p on p.id = l.matched_payment_id left join account a "
        "on a.id = p.account_id where l.settlement_id = ? and cast(l.line_no as char) = ?",
        s->id, path_text(r, "line"));
    if (!l) fail(r, NOT_FOUND, "There is no such line.");
    return l;
}

static bool is_settled(const LineView *l) {
    return !strcmp(l->match_state, "matched") || !strcmp(l->match_state, "resolved");
}

static const char *path_of_line(Req *r, const SettlementView *s, const LineView *l) {
    return text(r, "/integrations/settlements/%s/lines/%lld", s->public_id, (long long)l->line_no);
}

/* --- who looks at it ---------------------------------------------------------------------------------------------- */

static const Form assign_form = { .name = "line_assign",
                                  .fields = FIELDS{ { "user", TEXT(1, 254), .flags = REQUIRED }, { 0 } } };

#define WORKER(F, T) F(T, Id, id) F(T, const char *, email) F(T, const char *, full_name)
ROW(Worker, WORKER)
/* Who may resolve: by a role here or everywhere that has the right. */
#define WORKERS                                                                                                        \
    "from user u join user_role x on x.user_id = u.id and (x.utility_id = ? or x.utility_id is null) join "            \
    "role_permission g on g.role_id = x.role_id join permission k on k.id = g.permission_id and k.`key` = "            \
    "'hub.settlements:edit' where u.status = 'active' "

static void show_assign(Req *r, const SettlementView *s, const LineView *l) {
    show_text(r, "show.sections.1.title", word(r, "hub.assign"));
    show_text(r, "show.sections.1.span", "half");
    FormView *v = form_show(r, "show.sections.1.form", &assign_form, text(r, "%s/assignment", path_of_line(r, s, l)));
    form_set(v, "user", "kind", "select");
    Workers all = db_all(r, Worker, "select distinct u.id, u.email, u.full_name " WORKERS
                         "order by u.full_name limit 200",
                         r->c.utility);
    Id now = l->assigned_to.id ? l->assigned_to : r->c.user;
    for (size_t i = 0; i < all.n; i++) {
        form_option(v, "user", all.v[i].email, all.v[i].full_name);
        if (all.v[i].id.id == now.id) form_text(v, "user", all.v[i].email);
    }
}

void settlement_assign_post(Req *r) {
    Input *in = form_read(r, &assign_form);
    Worker *to = in_text(in, "user")
        ? db_find(r, Worker, "select distinct u.id, u.email, u.full_name " WORKERS "and u.email = ?", r->c.utility,
            in_text(in, "user"))
        : NULL;
    if (in_text(in, "user") && !to) problem(r, "user", "Choose somebody who may resolve settlements.");
    problems_end(r);
    SettlementView *s = settlement_of_path(r);
    LineView *l = line_of_path(r, s);
    settlement_assign(&r->c, s->id, l->line_no, to->id);
    note(r, "%s", msg_format(r, r->c.language, "hub.assigned", { "who", to->full_name }));
    go(r, "%s", path_of_line(r, s, l));
}

static int64_t lines_of_user(Ctx *c, Id user) {
    return db_int(c, "select count(*) from settlement_line l join settlement s on s.id = l.settlement_id where "
                     "l.assigned_to = ? and l.match_state not in ('matched', 'resolved') and s.utility_id = ?", user,
                  c->utility);
}

static void lines_give(Ctx *c, Id from, Id to) {
    db_run(c, "update settlement_line l join settlement s on s.id = l.settlement_id set l.assigned_to = ? where "
              "l.assigned_to = ? and l.match_state not in ('matched', 'resolved') and s.utility_id = ?", to, from,
           c->utility);
}

const UserWork hub_works[] = { { "settlement_lines", lines_of_user, lines_give, NULL }, { 0 } };

/* --- one line ----------------------------------------------------------------------------------------------------- */

static void show_suggestion(Req *r, const SettlementView *s, const LineView *l) {
    show_text(r, "show.notices.0.tone", "info");
    show_text(r, "show.notices.0.text",
              msg_format(r, r->c.language, "hub.line_suggests", { "no", l->payment_no },
                         { "account", l->account_no ? l->account_no : "" },
                         { "at", locale_time(&r->c.mem, r->c.locale, l->received_at) }));
    show_text(r, "show.moves.0.text", word(r, "hub.confirm"));
    show_text(r, "show.moves.0.post", "1");
    show_text(r, "show.moves.0.kind", "primary");
    show_text(r, "show.moves.0.url", link_path(r, "%s/confirmation", path_of_line(r, s, l)));
}

#define CONTRACT_FEE(F, T) F(T, Money, fixed) F(T, int64_t, rate)
ROW(ContractFee, CONTRACT_FEE)

static void show_contract(Req *r, const SettlementView *s, const LineView *l) {
    ContractFee *k = db_one(r, ContractFee,
                            "select coalesce(g.cost_fixed_minor, 0) as fixed, coalesce(g.cost_rate_ppm, 0) "
                                            "as rate from settlement s join gateway_account g on g.id = "
                                            "s.gateway_account_id where s.id = ?", s->id);
    show_fact(r, "show.facts", word(r, "hub.fee"), money_of(r, money_sub(l->gross_minor, l->net_minor)), NULL);
    show_fact(r, "show.facts", word(r, "hub.contract_fee"),
              money_of(r, fee_by_contract(l->gross_minor, k->fixed, k->rate)),
              NULL);
}

void settlement_line_page(Req *r) {
    SettlementView *s = settlement_of_path(r);
    LineView *l = line_of_path(r, s);
    show_text(r, "page.title",
              msg_format(r, r->c.language, "hub.line_title", { "line", text(r, "%lld", (long long)l->line_no) },
                         { "no", s->provider_settlement_id }));
    crumbs(r, "hub.settlements", "/integrations/settlements", s->provider_settlement_id);
    show_text(r, "page.crumbs.1.url", link_path(r, "/integrations/settlements/%s", s->public_id));
    show_text(r, "page.crumbs.2.text", text(r, "%lld", (long long)l->line_no));
    show_text(r, "show.status.text", state_label(r, l->match_state));
    show_text(r, "show.status.tone", state_tone(r, l->match_state));
    show_fact(r, "show.facts", word(r, "hub.kind"), word(r, text(r, "hub.line.%s", l->type)), NULL);
    show_fact(r, "show.facts", word(r, "hub.provider_id"), l->reference, NULL);
    show_fact(r, "show.facts", word(r, "hub.gross"), money_of(r, l->gross_minor), NULL);
    show_fact(r, "show.facts", word(r, "hub.net"), money_of(r, l->net_minor), NULL);
    if (!strcmp(l->match_state, "fee_differs")) show_contract(r, s, l);
    if (l->payment_no) show_fact(r, "show.facts", word(r, "hub.payment"), l->payment_no, l->account_no);
    if (!is_settled(l) && !strcmp(s->state, "exceptions")) {
        if (!strcmp(l->match_state, "suggested")) show_suggestion(r, s, l);
        show_text(r, "show.sections.0.title", word(r, "hub.resolve"));
        show_text(r, "show.sections.0.sub", word(r, "hub.line_how"));
        show_text(r, "show.sections.0.span", "half");
        form_show(r, "show.sections.0.form", &resolve_form, path_of_line(r, s, l));
        show_assign(r, s, l);
    }
    page(r, "layout/show");
}

void settlement_line_post(Req *r) {
    Input *in = form_read(r, &resolve_form);
    problems_end(r);
    SettlementView *s = settlement_of_path(r);
    settlement_resolve(&r->c, s->id, line_of_path(r, s)->line_no, in_text(in, "comment"));
    note(r, "%s", word(r, "hub.line_resolved"));
    go(r, "/integrations/settlements/%s", s->public_id);
}

void settlement_confirm_post(Req *r) {
    SettlementView *s = settlement_of_path(r);
    LineView *l = line_of_path(r, s);
    settlement_confirm(&r->c, s->id, l->line_no);
    note(r, "%s", msg_format(r, r->c.language, "hub.confirmed", { "no", l->payment_no ? l->payment_no : "" }));
    go(r, "/integrations/settlements/%s", s->public_id);
}

/* --- as a file ---------------------------------------------------------------------------------------------------- */

#define EXPORT_ROW(F, T) F(T, int64_t, line_no) F(T, const char *, type) F(T, const char *, provider_payment_id)       \
    F(T, const char *, reference) F(T, Time, occurred_at) F(T, Money, gross_minor) F(T, Money, fee_minor)              \
        F(T, Money, net_minor) F(T, const char *, state) F(T, const char *, payment_no) F(T, const char *, comment)
ROW(ExportRow, EXPORT_ROW)
enum { EXPORT_MAX = 50000 };

void settlement_export(Req *r) {
    SettlementView *s = settlement_of_path(r);
    ExportRows all = db_all(r, ExportRow,
                            "select l.line_no, l.type, l.provider_payment_id, l.reference, l.occurred_at, "
                                          "l.gross_minor, l.fee_minor, l.net_minor, "
                                          "l.match_state as state, p.payment_no, "
                                          "l.comment from settlement_line l left join payment p on p.id = "
                                          "l.matched_payment_id where l.settlement_id = ? order by l.line_no limit ?",
                            s->id, (int)EXPORT_MAX);
    Arena *m = &r->c.mem;
    int exponent = utility_here(&r->c)->exponent;
    CsvText *f = csv_start(m);
    static const char *const head[] = { "line", "type", "provider_payment_id", "reference", "occurred_at", "gross",
                                        "fee",
                                        "net", "state", "payment_no", "comment" };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) csv_text(f, head[i]);
    csv_end(f);
    for (size_t i = 0; i < all.n; i++) {
        const ExportRow *e = &all.v[i];
        csv_number(f, text(r, "%lld", (long long)e->line_no));
        csv_text(f, e->type);
        csv_text(f, e->provider_payment_id);
        csv_text(f, e->reference);
        csv_text(f, time_is_set(e->occurred_at) ? time_iso(m, e->occurred_at) : NULL);
        csv_number(f, money_decimal(m, e->gross_minor, exponent));
        csv_number(f, money_decimal(m, e->fee_minor, exponent));
        csv_number(f, money_decimal(m, e->net_minor, exponent));
        csv_text(f, e->state);
        csv_text(f, e->payment_no);
        csv_text(f, e->comment);
        csv_end(f);
    }
    answer(r, 200, "text/csv; charset=utf-8", f->text.s, f->text.n);
    header_set(r, "Content-Disposition", text(r, "attachment; filename=\"settlement-%s.csv\"", s->public_id));
    audit_note(&r->c, "export", "settlement", s->id, s->provider_settlement_id, NULL);
}
