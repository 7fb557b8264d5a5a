/*
 * Owners' functions from the stories' tests, for what has no page yet: the rows a test begins with are made by the same
 * functions as the product's own, in a transaction of their own, never by inserts of the test's.
 *
 *   owner [--config FILE] --as EMAIL consumer last_name=One phone=+15035550101
 *   {"id":1,"no":"WA-CUST-100001"}
 *   {"refused":422,"field":"phone","text":"Enter the number ..."} nothing was stored
 *
 * Records are named by their numbers, areas, categories, plans and models by their codes. Days are ISO dates; values as
 * typed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/cis.h"
#include "app/command.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/meters/meters.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/money.h"

typedef struct { const char *as, *what; char **words; int n; const char *answer; } Order;

/* --- what was given ----------------------------------------------------------------------------------------------- */

static const char *given(const Order *o, const char *name) {
    size_t n = strlen(name);
    for (int i = 0; i < o->n; i++)
        if (!strncmp(o->words[i], name, n) && o->words[i][n] == '=') return o->words[i] + n + 1;
    return NULL;
}

static Date day(Ctx *c, const Order *o, const char *name) {
    const char *s = given(o, name);
    Date d = DATE_NONE;
    if (s && !date_parse_iso(s, &d)) fail(c, BROKEN, "%s=%s is no date", name, s);
    return d;
}

static Reading value(Ctx *c, const Order *o, const char *name) {
    Reading r = { 0 };
    const char *s = given(o, name);
    if (s && reading_parse(s, NUMBER_PLAIN, &r) != NUMBER_OK) fail(c, BROKEN, "%s=%s is no reading", name, s);
    return r;
}

/* A record by its number or code; 0 when it is not named, as the functions then refuse it in their words. */
static Id found(Ctx *c, const Order *o, const char *name) {
    const char *no = given(o, name);
    if (!no) return (Id){ 0 };
    if (!strcmp(name, "consumer")) return db_id(c, "select id from consumer where utility_id=? and consumer_no=?",
                                                c->utility, no);
    if (!strcmp(name, "premise")) return db_id(c, "select id from premise where utility_id=? and premise_no=?",
                                               c->utility, no);
    if (!strcmp(name, "account")) return db_id(c, "select id from account where utility_id=? and account_no=?",
                                               c->utility, no);
    if (!strcmp(name, "connection"))
        return db_id(c, "select id from service_connection where utility_id=? and connection_no=?", c->utility, no);
    if (!strcmp(name, "meter")) return db_id(c, "select id from meter where utility_id=? and meter_no=?", c->utility,
                                             no);
    if (!strcmp(name, "model")) return db_id(c, "select id from meter_model where utility_id=? and code=?", c->utility,
                                             no);
    if (!strcmp(name, "store")) return db_id(c, "select id from store where utility_id=? and code=?", c->utility, no);
    if (!strcmp(name, "category")) return db_id(c, "select id from consumer_category where utility_id=? and code=?",
                                                c->utility, no);
    if (!strcmp(name, "sub_category"))
        return db_id(c, "select id from consumer_sub_category where utility_id=? and code=?", c->utility, no);
    if (!strcmp(name, "document_type"))
        return db_id(c, "select id from document_type where utility_id=? and code=?", c->utility, no);
    if (!strcmp(name, "plan")) return tariff_plan_find(c, no);
    if (!strcmp(name, "area")) return area_find(c, no);
    if (!strcmp(name, "reading")) return (Id){ strtoll(no, NULL, 10) };
    fail(c, BROKEN, "nothing is called %s", name);
}

static const char *answer(Ctx *c, Id id, const char *no, const char *status) {
    Text t = text_start(c);
    JsonOut out = json_out(&t);
    json_open_object(&out, NULL);
    json_add_int(&out, "id", id.id);
    if (no) json_add_text(&out, "no", no);
    if (status) json_add_text(&out, "status", status);
    json_close(&out);
    return t.s;
}

/* --- orders ------------------------------------------------------------------------------------------------------- */

static const char *consumer(Ctx *c, const Order *o) {
    NewConsumer n = { .type = given(o, "type"), .first_name = given(o, "first_name"),
                      .last_name = given(o, "last_name"),
                      .organization_name = given(o, "organization_name"), .phone = given(o, "phone"),
                      .email = given(o, "email"),
                      .born_on = day(c, o, "born_on"), .duplicate_reason = given(o, "duplicate_reason") };
    Id id = consumer_create(c, &n);
    return answer(c, id, db_text(c, "select consumer_no from consumer where id=?", id), NULL);
}

static const char *premise(Ctx *c, const Order *o) {
    NewPremise n = { .line1 = given(o, "line1"), .unit = given(o, "unit"), .city = given(o, "city"),
                     .state = given(o, "state"),
                     .postal_code = given(o, "postal_code"), .type = given(o, "type"),
                     .sub_area = found(c, o, "area") };
    Id id = premise_create(c, &n);
    return answer(c, id, db_text(c, "select premise_no from premise where id=?", id), NULL);
}

static const char *account(Ctx *c, const Order *o) {
    NewAccount n = { .consumer = found(c, o, "consumer"), .premise = found(c, o, "premise"),
                     .category = found(c, o, "category"),
                     .sub_category = found(c, o, "sub_category"), .status = given(o, "status"),
                     .opened_on = day(c, o, "opened_on"),
                     .closed_on = DATE_NONE, .billing = given(o, "billing") };
    Id id = account_create(c, &n);
    return answer(c, id, db_text(c, "select account_no from account where id=?", id), NULL);
}

static const char *activate(Ctx *c, const Order *o) {
    Id id = found(c, o, "account");
    account_open(c, id, day(c, o, "on"), given(o, "reason"));
    return answer(c, id, given(o, "account"), "active");
}

static const char *connection(Ctx *c, const Order *o) {
    NewConnection n = { .account = found(c, o, "account"), .plan = found(c, o, "plan"),
                        .service_code = given(o, "service"),
                        .size = given(o, "size"), .is_metered = !given(o, "unmetered"), .connected_on = DATE_NONE };
    Id id = connection_create(c, &n);
    return answer(c, id, db_text(c, "select connection_no from service_connection where id=?", id), "pending");
}

static const char *open_connection(Ctx *c, const Order *o) {
    Id id = found(c, o, "connection");
    connection_open(c, id, day(c, o, "on"));
    return answer(c, id, given(o, "connection"), "active");
}

static const char *meter(Ctx *c, const Order *o) {
    NewMeter n = { .meter_no = given(o, "meter_no"), .serial_no = given(o, "serial_no"), .model = found(c, o, "model"),
                   .store = found(c, o, "store"), .purchased_on = day(c, o, "purchased_on"), .test_due_on = DATE_NONE };
    Id id = meter_create(c, &n);
    return answer(c, id, db_text(c, "select meter_no from meter where id=?", id), "in_store");
}

static const char *install(Ctx *c, const Order *o) {
    Install n = { .meter = found(c, o, "meter"), .connection = found(c, o, "connection"), .on = day(c, o, "on"),
                  .initial = value(c, o, "value") };
    return answer(c, meter_install(c, &n), NULL, "installed");
}

static const char *reading(Ctx *c, const Order *o) {
    ReadingValue v = { NULL, true, value(c, o, "value") };
    Submitted s = reading_submit(c, &(NewReading){ .meter = found(c, o, "meter"), .kind = given(o, "kind"),
                                                   .source = "manual", .values = &v,
                                                   .n = 1, .read_on = day(c, o, "on"), .status_code = "NORMAL" });
    return answer(c, s.reading, s.problems, s.status);
}

static const char *decision(Ctx *c, const Order *o) {
    ReadingDecision d = { .reading = found(c, o, "reading"), .decision = given(o, "decision"),
                          .has_value = given(o, "value") != NULL,
                          .value = value(c, o, "value"), .reason_code = given(o, "reason_code"),
                          .note = given(o, "note") };
    Id id = reading_decide(c, &d);
    return answer(c, id, NULL, db_text(c, "select status from meter_reading where id=?", id));
}

static const char *cycle(Ctx *c, const Order *o) {
    Id category = found(c, o, "category"), area = found(c, o, "area");
    NewCycle n = { .code = given(o, "code"), .name = given(o, "name"), .service_code = given(o, "service"),
                   .categories = &category,
                   .category_n = category.id > 0, .areas = &area, .area_n = area.id > 0, .anchor = day(c, o, "from"),
                   .periods = 3 };
    return answer(c, bill_cycle_create(c, &n), n.code, "active");
}

/* A deposit that was paid in the past: demanded, paid through the bank, held. */
static const char *deposit(Ctx *c, const Order *o) {
    Id account = found(c, o, "account");
    Money amount = { 0 };
    if (!given(o, "amount") || money_parse(given(o, "amount"), NUMBER_PLAIN, utility_here(c)->exponent, false, &amount)
        != NUMBER_OK) fail(c, BROKEN, "amount is no money");
    Id id = db_insert(c, "insert into deposit (utility_id, account_id, amount_minor, paid_minor, held_minor, currency, "
                         "interest_from, interest_rate_ppm, demanded_on, status) values (?,?,?,?,?,?,?,?,?,'held')",
                      c->utility, account, amount, amount, amount, utility_here(c)->currency, day(c, o, "since"),
                      strtoll(given(o, "ppm"), NULL, 10), day(c, o, "since"));
    LedgerLine lines[] = { { .posting_key = "BANK", .debit = amount },
                           { .posting_key = "DEPOSIT_LIABILITY", .account = account, .credit = amount } };
    ledger_post(c, &(LedgerSet){ .set_key = text(c, "deposit:%lld", (long long)id.id), .txn_type = "deposit",
                                 .source_type = "deposit", .source = id, .date = DATE_NONE, .lines = lines, .n = 2 });
    return answer(c, id, given(o, "account"), "held");
}

/* A file of the test as a document of a type, as an application stores it. */
static const char *document(Ctx *c, const Order *o) {
    Id account = found(c, o, "account");
    Id id = document_store(c, &(NewDocument){ .file_name = given(o, "file_name"), .path = given(o, "path"),
                           .type = found(c, o, "document_type"), .entity = "account", .entity_id = account });
    return answer(c, id, NULL, NULL);
}

/* What a quantity would cost on a connection, and what one more unit costs an account. */
static const char *estimate(Ctx *c, const Order *o) {
    Quantity quantity = { 0 };
    if (!given(o, "quantity") || quantity_parse(given(o, "quantity"), NUMBER_PLAIN, false, &quantity) != NUMBER_OK)
        fail(c, BROKEN, "quantity is no quantity");
    Money m = bill_estimate(c, &(EstimateFacts){ .from = day(c, o, "from"), .to = day(c, o, "to"),
                                                 .quantity = quantity, .connection = found(c, o, "connection") });
    return answer(c, (Id){ 0 }, money_decimal(&c->mem, m, utility_here(c)->exponent), "estimated");
}

static const char *marginal(Ctx *c, const Order *o) {
    return answer(c, (Id){ 0 }, price_decimal(&c->mem, marginal_rate(c, found(c, o, "account"))), "estimated");
}

static const char *charge(Ctx *c, const Order *o) {
    Money amount = { 0 };
    if (!given(o, "amount") || money_parse(given(o, "amount"), NUMBER_PLAIN, utility_here(c)->exponent, false, &amount)
        != NUMBER_OK) fail(c, BROKEN, "amount is no money");
    Id account = found(c, o, "account");
    Id id = charge_create(c, &(NewCharge){ .account = account, .charge_type = given(o, "type"), .amount = amount,
                                           .date = day(c, o, "on"), .post_mode = given(o, "mode"),
                                           .source_type = "test", .source = account });
    return answer(c, id, given(o, "account"), "pending");
}

static const char *uncharge(Ctx *c, const Order *o) {
    Id account = found(c, o, "account");
    charge_cancel(c, "test", account, given(o, "reason"));
    return answer(c, account, given(o, "account"), "voided");
}

/* The tenant gets a data key of its own, as if it had been made elsewhere: its signatures are another installation's.
   What was sealed with the old one does not open any more. */
static const char *data_key(Ctx *c, const Order *o) {
    (void)o;
    db_must(c, 1, CONFLICT, "update smart360.tenant set data_key=? where id=?",
            bytes_of(data_key_new(&c->mem, installation_keys(), c->tenant_slug)), c->tenant);
    return "{}";
}

/* To add one: its function above and its row here. */
static const struct { const char *what; const char *(*run)(Ctx *c, const Order *o); } orders[] = {
    { "consumer", consumer }, { "premise", premise }, { "account", account }, { "activate", activate },
    { "connection", connection }, { "deposit", deposit }, { "document", document },
    { "open", open_connection }, { "meter", meter }, { "install", install }, { "reading", reading },
    { "decide", decision },
    { "cycle", cycle }, { "estimate", estimate }, { "marginal", marginal }, { "charge", charge },
    { "uncharge", uncharge }, { "data_key", data_key } };

/* --- carrying out ------------------------------------------------------------------------------------------------- */

static void carry_out(Ctx *c, void *arg) {
    Order *o = arg;
    c->now = clock_now();
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (!strcmp(orders[i].what, o->what)) o->answer = orders[i].run(c, o);
    if (!o->answer) fail(c, BROKEN, "there is no order %s", o->what);
}

static void in_tx(Ctx *c, void *arg) { db_tx(c, DB_WRITE, carry_out, arg, NULL); }

static void as_somebody(Ctx *c, const Order *o) {
    TenantRow *t = tenant_by_slug(c, "swa");
    if (!t) fail(c, BROKEN, "there is no tenant swa");
    tenant_enter(c, t);
    utility_enter(c, db_id(c, "select id from utility where code='swa-w'"));
    c->realm = REALM_STAFF;
    c->user = db_id(c, "select id from user where email=?", o->as);
    c->user_name = db_text(c, "select full_name from user where id=?", c->user);
    if (!c->user.id) fail(c, BROKEN, "nobody is %s", o->as);
}

static void work(Ctx *c, void *arg) {
    Order *o = arg;
    as_somebody(c, o);
    if (attempt(c, in_tx, o)) {
        puts(o->answer);
        return;
    }
    if (c->failure.status > 499 || c->failure.status == 0) fail_again(c);
    Text t = text_start(c);
    JsonOut out = json_out(&t);
    json_open_object(&out, NULL);
    json_add_int(&out, "refused", c->failure.status);
    json_add_text(&out, "field", c->failure.field);
    json_add_text(&out, "text", c->failure.text);
    json_close(&out);
    puts(t.s);
}

/* Without an order it ends at once: `make check` runs it as it runs the tests. */
int main(int argc, char **argv) {
    Order o = { 0 };
    if (argc == 1) return 0;
    if (argc > 2 && !strcmp(argv[1], "--config")) {
        config_file(argv[2]);
        argc -= 2, argv += 2;
    }
    if (argc < 4 || strcmp(argv[1], "--as") != 0) return fprintf(stderr, "owner --as EMAIL ORDER NAME=VALUE...\n"), 2;
    o.as = argv[2], o.what = argv[3], o.words = argv + 4, o.n = argc - 4;
    if (program_start()) return 1;
    return command_run(COMMAND_APP, work, &o);
}
