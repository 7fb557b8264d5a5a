/*
 * Consumers, premises, accounts and connections are entered: what must be stored, told and audited, and what is
 * refused, with field and words (CIS01US02), on set BASE.
 */
#include "app/cis/cis.h"
#include "lib/date.h"
#include "lib/messages.h"
#include "tests/database.h"

static Arena texts;

/* --- rows that are good ------------------------------------------------------------------------------------------- */

static NewConsumer person(void) {
    return (NewConsumer){ .first_name = "Resident", .last_name = "One", .phone = "+15035550101",
                          .email = "resident1@swa.test",
                          .born_on = DATE_NONE, .billing = { .line1 = "1210 SW Alder St", .city = "Portland",
                                                             .state = "OR",
                                                             .postal_code = "97205" } };
}

static NewPremise house(Ctx *c) {
    return (NewPremise){ .line1 = "1210 SW Alder St.", .city = "Portland", .state = "OR", .postal_code = "97205",
                         .sub_area = area_find(c, "BEA-CEN") };
}

static Id category(Ctx *c, const char *code) {
    return db_id(c, "select id from consumer_category where utility_id=? and code=?", c->utility, code);
}

static NewAccount account_of(Ctx *c, Id consumer, Id premise) {
    return (NewAccount){ .consumer = consumer, .premise = premise, .category = category(c, "RES"), .status = "active",
                         .opened_on = date_of(2026, 4, 1), .closed_on = DATE_NONE };
}

static NewConnection water(Ctx *c, Id account) {
    return (NewConnection){ .account = account, .plan = tariff_plan_find(c, "RES-VAR"), .service_code = "WA",
                            .size = "5/8",
                            .is_metered = true, .connected_on = DATE_NONE };
}

static int64_t events(Ctx *c, const char *name, Id id) {
    return db_int(c, "select count(*) from outbox_event where name=? and entity_id=?", name, id);
}

static int64_t audits(Ctx *c, const char *entity, Id id) {
    return db_int(c, "select count(*) from audit_entry where entity=? and entity_id=?", entity, id);
}

/* Runs work; it must fail so, and nothing of it stays. */
static void refused(Ctx *c, void (*work)(Ctx *, void *), void *arg, Status status, const char *field,
                    const char *words) {
    CU_ASSERT_FALSE(in_tx(c, work, arg));
    SAME_INT(c->failure.status, status);
    SAME_TEXT(c->failure.field, field);
    SAME_TEXT(c->failure.text, words);
}

/* --- one of each -------------------------------------------------------------------------------------------------- */

static Id one_consumer, one_premise, one_account, one_connection;

static void all_made(Ctx *c, void *arg) {
    (void)arg;
    NewConsumer who = person();
    one_consumer = consumer_create(c, &who);
    SAME_TEXT(db_text(c, "select consumer_no from consumer where id=?", one_consumer), "WA-CUST-100001");
    SAME_TEXT(db_text(c, "select display_name from consumer where id=?", one_consumer), "Resident One");
    SAME_INT(db_int(c, "select count(*) from contact_point where consumer_id=? and is_primary=1", one_consumer), 2);
    SAME_INT(db_int(c, "select count(*) from consumer_search where token='5550101' and consumer_id=?", one_consumer),
             1);
    SAME_INT(events(c, "consumer.created", one_consumer), 1);
    SAME_INT(audits(c, "consumer", one_consumer), 1);

    NewPremise where = house(c);
    one_premise = premise_create(c, &where);
    SAME_TEXT(db_text(c, "select premise_no from premise where id=?", one_premise), "WA-PRM-100001");
    SAME_TEXT(db_text(c, "select address_key from premise where id=?", one_premise), "1210 sw alder st||97205");

    NewAccount a = account_of(c, one_consumer, one_premise);
    one_account = account_create(c, &a);
    SAME_TEXT(db_text(c, "select account_no from account where id=?", one_account), "WA-ACC-100001");
    SAME_INT(db_int(c, "select char_length(portal_code) from account where id=?", one_account), 8);
    SAME_INT(db_int(c, "select count(*) from account_status_history where account_id=? and to_status='active'",
                    one_account), 1);
    SAME_INT(events(c, "account.created", one_account) + events(c, "account.activated", one_account), 2);

    NewConnection n = water(c, one_account);
    one_connection = connection_create(c, &n);
    SAME_TEXT(db_text(c, "select connection_no from service_connection where id=?", one_connection), "WA-SC-100001");
    SAME_INT(db_int(c, "select count(*) from service_connection_holder where service_connection_id=?", one_connection),
             0);
    SAME_INT(connection_holder_at(c, one_connection, date_of(2026, 4, 2)).id, 0);
    connection_open(c, one_connection, date_of(2026, 4, 1));
    connection_open(c, one_connection, date_of(2026, 4, 1));         /* twice is once */
    SAME_INT(connection_holder_at(c, one_connection, date_of(2026, 4, 1)).id, one_account.id);
    SAME_INT(connection_holder_at(c, one_connection, date_of(2026, 3, 31)).id, 0);
    SAME_INT(db_int(c, "select count(*) from service_connection_plan where service_connection_id=? "
                       "and valid_from='2026-04-01'",
                    one_connection), 1);
    SAME_INT(events(c, "service_connection.activated", one_connection), 1);
    CU_ASSERT_PTR_NULL(account_can_bill(c, one_account, date_of(2026, 4, 30)));
}
static void makes_one_of_each(void) {
    Ctx *c = test_ctx();
    if (!in_tx(c, all_made, NULL))
        fprintf(stderr, "%s: %s (%s:%d)\n", c->failure.field, c->failure.text, c->failure.file, c->failure.line);
    CU_ASSERT_TRUE(one_connection.id > 0);
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

static void make_consumer(Ctx *c, void *n) { consumer_create(c, n); }
static void make_premise(Ctx *c, void *n) { premise_create(c, n); }
static void make_account(Ctx *c, void *n) { account_create(c, n); }
static void make_connection(Ctx *c, void *n) { connection_create(c, n); }

static NewConsumer another(void) {
    NewConsumer n = person();
    n.first_name = "Resident", n.last_name = "Two", n.phone = "+15035550102", n.email = "resident2@swa.test";
    return n;
}

static void consumers_refused(void) {
    Ctx *c = test_ctx();
    NewConsumer n = another();
    n.phone = "503 555 0102";
    refused(c, make_consumer, &n, INVALID, "phone", "Enter the number with country code, e.g. +1 503 555 0101");
    n = another(), n.phone = NULL;
    refused(c, make_consumer, &n, INVALID, "phone", "Enter the number with country code, e.g. +1 503 555 0101");
    n = another(), n.first_name = n.last_name = NULL;
    refused(c, make_consumer, &n, INVALID, "last_name", "Enter a first or a last name.");
    n = another(), n.type = "organization";
    refused(c, make_consumer, &n, INVALID, "organization_name", "Enter the organization's name.");
    n = another(), n.email = "nobody";
    refused(c, make_consumer, &n, INVALID, "email", "Enter an e-mail address, e.g. name@example.org");
    n = another(), n.billing.postal_code = "9720";
    refused(c, make_consumer, &n, INVALID, "postal_code", "Use 5 or 9 digits, e.g. 97205 or 97205-1234.");
    n = another(), n.consumer_no = "WA-CUST-100001";
    refused(c, make_consumer, &n, INVALID, "consumer_no", "WA-CUST-100001 is there already.");
    n = another(), n.phone = "+15035550101";
    refused(c, make_consumer, &n, INVALID, "duplicate_reason",
            "Resident One (WA-CUST-100001) has this phone. Say why this is another consumer.");
    n = another(), n.email = "RESIDENT1@swa.test";
    refused(c, make_consumer, &n, INVALID, "duplicate_reason",
            "Resident One (WA-CUST-100001) has this e-mail address. Say why this is another consumer.");
    n = another(), n.first_name = "résident", n.last_name = "ONE";
    refused(c, make_consumer, &n, INVALID, "duplicate_reason",
            "Resident One (WA-CUST-100001) has this name in the same postal code. Say why this is another consumer.");
}

static void known_document(Ctx *c, void *arg) {
    (void)arg;
    NewConsumer n = another();
    n.document_type = "passport", n.document_no = "A1234567";
    Id id = consumer_create(c, &n);
    SAME_TEXT(db_text(c, "select id_number_last4 from consumer where id=?", id), "4567");
    SAME_INT(db_int(c, "select count(*) from consumer where id=? and id_number_enc is not null "
                       "and locate('A1234567', id_number_enc)=0", id), 1);
}

static void two_of_one_family(Ctx *c, void *arg) {
    (void)arg;
    NewConsumer n = person();
    n.first_name = "Child", n.duplicate_reason = "Same household";
    Id id = consumer_create(c, &n);
    SAME_TEXT(db_text(c, "select reason from audit_entry where entity='consumer' and entity_id=?", id),
              "Same household");
}

static void documents_and_reasons(void) {
    Ctx *c = test_ctx();
    CU_ASSERT_TRUE(in_tx(c, known_document, NULL));
    NewConsumer n = another();
    n.phone = "+15035550199", n.email = NULL, n.document_type = "passport", n.document_no = "a1234567",
        n.duplicate_reason = "x";
    refused(c, make_consumer, &n, INVALID, "document_no", "This document belongs to WA-CUST-100002");
    CU_ASSERT_TRUE(in_tx(c, two_of_one_family, NULL));
}

static NewPremise place;
static void make_place(Ctx *c, void *arg) { (void)arg; place = house(c); }

static void premises_refused(void) {
    Ctx *c = test_ctx();
    PASSES(c, make_place, NULL);
    NewPremise n = place;
    n.line1 = "1210  SW ALDER ST";
    refused(c, make_premise, &n, CONFLICT, "line1", "This address is premise WA-PRM-100001.");
    n = place, n.line1 = "2 Other St", n.sub_area = (Id){ 1 };                  /* a region */
    refused(c, make_premise, &n, INVALID, "sub_area", "Choose an active sub-area.");
    n = place, n.line1 = NULL;
    refused(c, make_premise, &n, INVALID, "line1", "Enter street and number.");
    n = place, n.line1 = "2 Other St", n.type = "castle";
    refused(c, make_premise, &n, INVALID, "type", "Choose the kind of premise.");
}

static NewAccount opened;
static NewConnection connected;
static void ask_account(Ctx *c, void *arg) { (void)arg; opened = account_of(c, one_consumer, one_premise); }
static void ask_connection(Ctx *c, void *arg) { (void)arg; connected = water(c, one_account); }
static void ask_commercial(Ctx *c, void *arg) { (void)arg; connected.plan = tariff_plan_find(c, "COM-VAR"); }

static void accounts_refused(void) {
    Ctx *c = test_ctx();
    PASSES(c, ask_account, NULL);
    NewAccount n = opened;
    refused(c, make_account, &n, CONFLICT, "premise", "Account WA-ACC-100001 is open at this premise.");
    n = opened, n.consumer = (Id){ 999999 };
    refused(c, make_account, &n, INVALID, "consumer", "There is no such consumer.");
    n = opened, n.status = "closed";
    refused(c, make_account, &n, INVALID, "closed_on", "Enter the day on which the account was closed.");
    n = opened, n.opened_on = date_of(2099, 1, 1);
    refused(c, make_account, &n, INVALID, "opened_on", "The account is opened in the future.");
}

static void connections_refused(void) {
    Ctx *c = test_ctx();
    PASSES(c, ask_connection, NULL);
    NewConnection n = connected;
    n.service_code = "GA";
    refused(c, make_connection, &n, INVALID, "service", "There is no active service GA.");
    n = connected, n.plan = (Id){ 0 }, n.status = "active";
    refused(c, make_connection, &n, INVALID, "plan", "Choose the plan.");
    PASSES(c, ask_commercial, NULL);
    refused(c, make_connection, &connected, INVALID, "plan", "This plan is not for this category.");
    PASSES(c, ask_connection, NULL);
    n = connected, n.status = "active", n.connected_on = date_of(2025, 12, 31);
    refused(c, make_connection, &n, INVALID, "plan", "This plan has no prices on that day.");
    n = connected, n.account = (Id){ 999999 };
    refused(c, make_connection, &n, INVALID, "account", "There is no such account.");
}

/* --- states and plans --------------------------------------------------------------------------------------------- */

static void set_status(Ctx *c, void *status) { account_status_set(c, one_account, status, "test"); }
static void other_plan(Ctx *c, void *day) {
    connection_plan_set(c, one_connection, tariff_plan_find(c, "RES-FIX"), *(Date *)day, "test");
}
static void billed_to(Ctx *c, void *day) { connection_billed(c, one_connection, *(Date *)day); }

#define PLAN(F, T) F(T, Date, valid_from) F(T, Date, valid_to) F(T, const char *, code)
ROW(Plan, PLAN)
static void plans_kept(Ctx *c, void *arg) {
    (void)arg;
    Plans l = db_all(c, Plan, "select p.valid_from, p.valid_to, t.code "
                              "from service_connection_plan p join tariff_plan t "
                              "on t.id=p.tariff_plan_id where p.service_connection_id=? order by p.valid_from",
                     one_connection);
    SAME_INT(l.n, 2);
    SAME_TEXT(date_iso(&c->mem, l.v[0].valid_to), "2026-04-14");
    SAME_TEXT(l.v[1].code, "RES-FIX");
    SAME_INT(events(c, "service_connection.plan_changed", one_connection), 1);
    SAME_INT(db_int(c, "select count(distinct version) from audit_entry "
                       "where entity='service_connection' and entity_id=?", one_connection),
             db_int(c, "select row_version from service_connection where id=?", one_connection));
}

static void plans_change(void) {
    Ctx *c = test_ctx();
    Date day = date_of(2026, 4, 15), end = date_of(2026, 4, 30), none = DATE_NONE;
    CU_ASSERT_TRUE(in_tx(c, other_plan, &day));
    PASSES(c, plans_kept, NULL);
    CU_ASSERT_TRUE(in_tx(c, billed_to, &end));
    refused(c, other_plan, &day, INVALID, "from", "Billed to 04/30/2026; earliest 05/01/2026");
    CU_ASSERT_TRUE(in_tx(c, billed_to, &none));
    day = date_of(2026, 4, 10);
    refused(c, other_plan, &day, CONFLICT, "from", "Another plan is set from a later day.");
}

static void owe(Ctx *c, void *minor) {
    db_run(c, "update account set balance_minor=? where id=?", *(int64_t *)minor, one_account);
}

static void accounts_move(void) {
    Ctx *c = test_ctx();
    int64_t owed = 4730, none = 0;
    refused(c, set_status, "closed", CONFLICT, NULL, "Account WA-ACC-100001 is Active and cannot become Closed.");
    CU_ASSERT_TRUE(in_tx(c, set_status, "disconnected"));
    CU_ASSERT_TRUE(in_tx(c, set_status, "disconnected"));
    CU_ASSERT_TRUE(in_tx(c, owe, &owed));
    refused(c, set_status, "closed", CONFLICT, NULL, "Settle $47.30 or use write-off");
    CU_ASSERT_TRUE(in_tx(c, owe, &none));
    CU_ASSERT_TRUE(in_tx(c, set_status, "closed"));
    refused(c, set_status, "active", CONFLICT, NULL, "Account WA-ACC-100001 is Closed and cannot become Active.");
}

/* --- contacts ----------------------------------------------------------------------------------------------------- */

static void new_phone(Ctx *c, void *phone) { contact_set(c, one_consumer, "mobile", phone, false); }

static void contacts_kept(Ctx *c, void *arg) {
    (void)arg;
    SAME_TEXT(db_text(c, "select concat(primary_phone, ' ', phone_verified_at is null, ' ', row_version) from consumer "
                         "where id=?", one_consumer),
              "+15035550111 1 2");
    SAME_TEXT(db_text(c, "select group_concat(concat(value, ' ', is_primary) order by id) from contact_point "
                         "where consumer_id=? and kind='mobile'",
                      one_consumer), "+15035550101 0,+15035550111 1");
    SAME_TEXT(db_text(c, "select concat(v.before_value, v.after_value) from audit_entry e "
                         "join audit_value v on v.audit_id=e.id "
                         "where e.entity='consumer' and e.entity_id=? and e.version=2", one_consumer),
              "{\"phone\":\"+15035550101\"}{\"phone\":\"+15035550111\"}");
    SAME_INT(events(c, "contact.changed", one_consumer), 1);
    SAME_INT(db_int(c, "select count(*) from consumer_search where consumer_id=? and token='5550111'", one_consumer),
             1);
    SAME_INT(db_int(c, "select count(*) from consumer_search where consumer_id=? and token='5550101'", one_consumer),
             0);
}

static void contacts(void) {
    Ctx *c = test_ctx();
    refused(c, new_phone, "555 0111", INVALID, "phone", "Enter the number with country code, e.g. +1 503 555 0101");
    CU_ASSERT_TRUE(in_tx(c, new_phone, "+15035550111"));
    PASSES(c, contacts_kept, NULL);
    CU_ASSERT_TRUE(in_tx(c, new_phone, "+15035550101"));
}

/* --- rows of a file ----------------------------------------------------------------------------------------------- */

static void a_file(Ctx *c, void *arg) {
    (void)arg;
    enum { ROWS = 60 };
    NewConsumer v[ROWS];
    Id ids[ROWS];
    for (int i = 0; i < ROWS; i++)
        v[i] = (NewConsumer){ .last_name = text(c, "File %d", i), .phone = text(c, "+1971555%04d", i),
                              .legacy_no = text(c, "L%d", i),
                              .born_on = DATE_NONE };
    v[13].last_name = NULL;
    v[20].phone = "12";
    v[41].legacy_no = "L7";
    /* a possible duplicate is stored: its fault is a warning */
    v[50].phone = "+15035550101";
    Faults f = consumers_check(c, v, ROWS);
    int64_t before = db_int(c, "select count(*) from consumer");
    SAME_INT(f.n, 4);
    f = consumers_create(c, v, ROWS, ids);
    SAME_INT(db_int(c, "select count(*) from consumer") - before, ROWS - 3);
    SAME_TEXT(fault_code(fault_of_row(&f, 13)->kind), "E01");
    SAME_TEXT(fault_code(fault_of_row(&f, 20)->kind), "E02");
    SAME_TEXT(fault_code(fault_of_row(&f, 41)->kind), "E05");
    SAME_TEXT(fault_text(&c->mem, "en", fault_of_row(&f, 41)), "An earlier row has the same.");
    CU_ASSERT_PTR_NULL(fault_of_row(&f, 50));
    SAME_TEXT(fault_code(fault_suspect_of_row(&f, 50)->kind), "W01");
    CU_ASSERT_TRUE(!ids[13].id && !ids[20].id && !ids[41].id && ids[50].id);
    SAME_TEXT(db_text(c, "select last_name from consumer where id=?", ids[59]), "File 59");
    f = consumers_check(c, v, ROWS);                                /* the same file again: none is new */
    for (size_t i = 0; i < ROWS; i++) CU_ASSERT_PTR_NOT_NULL(fault_of_row(&f, i));
    fail(c, CONFLICT, "rolled back");
}
static void files(void) {
    Ctx *c = test_ctx();
    CU_ASSERT_FALSE(in_tx(c, a_file, NULL));
    SAME_TEXT(c->failure.text, "rolled back");
}

/* --- another utility ---------------------------------------------------------------------------------------------- */

static void elsewhere(Ctx *c, void *arg) {
    (void)arg;
    Id other = db_insert(c, "insert into utility (code, name, email, contact_phone, city, address, country, state, "
                            "currency, status) select 'swa-x', "
                            "'Other', email, contact_phone, city, address, country, state, currency, status "
                            "from utility where code='swa-w'");
    Id consumer = one_consumer, premise = one_premise;
    utility_enter(c, other);
    NewAccount a = { .consumer = consumer, .premise = premise, .category = { 1 }, .closed_on = DATE_NONE,
                     .opened_on = DATE_NONE };
    Faults f = accounts_check(c, &a, 1);
    SAME_INT(f.n, 3);
    SAME_TEXT(fault_text(&c->mem, "en", &f.v[0]), "There is no such consumer.");
    SAME_TEXT(fault_text(&c->mem, "en", &f.v[1]), "There is no such premise.");
    SAME_TEXT(fault_text(&c->mem, "en", &f.v[2]), "There is no such category.");
    fail(c, CONFLICT, "rolled back");
}
static void open_elsewhere(Ctx *c, void *arg) {
    (void)arg;
    c->utility.id += 1000;
    account_status_set(c, one_account, "active", NULL);
}
static void utilities_apart(void) {
    Ctx *c = test_ctx();
    CU_ASSERT_FALSE(in_tx(c, elsewhere, NULL));
    SAME_TEXT(c->failure.text, "rolled back");
    CU_ASSERT_FALSE(in_tx(test_ctx(), open_elsewhere, NULL));
}

int main(int argc, char **argv) {
    beside_database(argc, argv, "E2E");
    const char *wrong = messages_load(&texts, VIEWS_DIR "/messages");
    if (wrong) return fprintf(stderr, "%s\n", wrong), 2;
    return suite_run("entry", (SuiteTest[]){
        { "CIS01US02 one of each is made", makes_one_of_each },
        { "CIS01US02 consumers are refused", consumers_refused },
        { "CIS01US02.4 a document belongs to one consumer", documents_and_reasons },
        { "CIS01US02 premises are refused", premises_refused },
        { "CIS01US02 accounts are refused", accounts_refused },
        { "CIS01US02 connections are refused", connections_refused },
        { "CIS01US02 plans change without a gap", plans_change },
        { "CIS01US02 accounts move from state to state", accounts_move },
        { "CIS01US02.6 a phone is changed", contacts },
        { "CIS01US02 the rows of a file", files },
        { "CIS01US02 another utility's rows are not there", utilities_apart },
        { 0 } });
}
